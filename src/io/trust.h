/* trust.h: the certificate authorities the program carries, parsed once: io's door to mbedTLS.
 *
 * libcurl would parse the bundle for every new connection, 5 ms each; it lets its user set the
 * parsed chain on a connection's TLS settings instead.
 */
#ifndef IO_TRUST_H
#define IO_TRUST_H

#include "base/base.h"

struct authorities;

/* `pem` is followed by a 0. NULL: not one certificate in it could be read. */
struct authorities *authorities_new(struct str pem);
void authorities_free(struct authorities *authorities); /* NULL is fine */
/* Trust these and nobody else. `ssl_config` is a struct mbedtls_ssl_config; what is applied must
 * outlive it. */
void authorities_apply(struct authorities *authorities, void *ssl_config);

#endif

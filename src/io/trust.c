/* trust.c: mbedTLS's certificate chain in a box. */
#define GB_DOOR "the parsed chain lives as long as the program"
#include "io/trust.h"

#include "base/base.h"

#include <mbedtls/ssl.h>

struct authorities {
    mbedtls_x509_crt chain;
};

struct authorities *authorities_new(struct str pem) {
    if (pem.n == 0) {
        return NULL;
    }
    gb_assert(pem.p[pem.n] == '\0');
    struct authorities *authorities = calloc(1, sizeof *authorities);
    gb_assert(authorities != NULL);
    mbedtls_x509_crt_init(&authorities->chain);
    /* A positive result counts certificates that mbedTLS does not understand: one exotic root must
     * not take the others away. */
    int result =
        mbedtls_x509_crt_parse(&authorities->chain, (const unsigned char *)pem.p, pem.n + 1);
    if (result < 0 || authorities->chain.raw.p == NULL) {
        authorities_free(authorities);
        return NULL;
    }
    return authorities;
}

void authorities_free(struct authorities *authorities) {
    if (authorities != NULL) {
        mbedtls_x509_crt_free(&authorities->chain);
        free(authorities);
    }
}

void authorities_apply(struct authorities *authorities, void *ssl_config) {
    mbedtls_ssl_conf_ca_chain(ssl_config, &authorities->chain, NULL);
}

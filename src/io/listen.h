/* listen.h: a listening socket of one address and port, or of a path, and in words why there is
 * none.
 */
#ifndef IO_LISTEN_H
#define IO_LISTEN_H

#include "base/base.h"

/* `host` is an address (IPv4, IPv6) or "localhost"; port 0: any free one. The socket does not
 * block and is the caller's. -1: none; *reterr_why, static text. */
int listen_open(const char *host, int port, int *ret_port, bool *ret_is_v6,
                const char **reterr_why);
/* A Unix socket at `path` for its owner alone. What is there already is replaced if it is a socket:
 * the caller knows that nobody answers at it. As above. */
int listen_open_local(const char *path, const char **reterr_why);

#endif

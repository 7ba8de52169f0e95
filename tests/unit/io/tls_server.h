/* tls_server.h: `openssl s_server` with certificates of tests/data/certificates.sh. */
#ifndef TESTS_IO_TLS_SERVER_H
#define TESTS_IO_TLS_SERVER_H

#include "base/base.h"

#include <sys/types.h>

struct scene;

/* cmocka's set-up and tear-down of a group. */
int tls_make_certificates(void **state);
int tls_remove_certificates(void **state);

struct tls_server {
    pid_t pid;
    int port;
};

/* On 127.0.0.1, any port; `protocol` is s_server's option: "-tls1_3". */
struct tls_server tls_serve(const char *certificate, const char *protocol);
void tls_stop(const struct tls_server *server);

/* A file beside the certificates: its path, what is in it. */
struct str tls_path(struct scene *scene, const char *name);
struct str tls_content(struct scene *scene, const char *name);

#endif

/* redis_server.h: a real redis-server of a test's own, on a free port of loopback and on a Unix
 * socket, in its own directory. It dies with the test, however that ends.
 */
#ifndef TESTS_COMMON_REDIS_SERVER_H
#define TESTS_COMMON_REDIS_SERVER_H

#include "base/base.h"

#include <sys/types.h>

struct arena;

#define REDIS_SERVER_WORDS 16

struct redis_server {
    pid_t pid; /* 0: not running */
    int port;
    bool tls; /* the port speaks TLS; the socket never does */
    char directory[64];
    char socket_path[96];
    const char *more[REDIS_SERVER_WORDS]; /* further options, ended by NULL; before start */
};

/* The test fails where there is none: the package is redis-server. Durable: appendonly, always. */
void redis_server_start(struct redis_server *server);
/* kill -9, or politely; data, port and directory stay for redis_server_again. */
void redis_server_kill(struct redis_server *server);
void redis_server_again(struct redis_server *server);
/* Kill, and remove all of it. Does nothing for one that never ran. */
void redis_server_end(struct redis_server *server);

/* What redis-cli prints for `words` (ended by NULL) on database `db`, over the Unix socket; less
 * the line's end. */
struct str redis_server_cli(const struct redis_server *server, struct arena *arena, int db,
                            const char *const *words);
#define REDIS_CLI(server, arena, db, ...)                                                          \
    redis_server_cli((server), (arena), (db), (const char *const[]){__VA_ARGS__, NULL})

#endif

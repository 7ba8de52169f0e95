/* redis_proxy.h: a thread between a store and its redis-server, for what no server does on demand:
 * cut a connection at the worst moment, fall silent, be old.
 */
#ifndef TESTS_STORE_REDIS_PROXY_H
#define TESTS_STORE_REDIS_PROXY_H

#include "base/base.h"

struct redis_proxy;

enum redis_proxy_deed {
    REDIS_PROXY_PASS,
    REDIS_PROXY_SWALLOW,    /* the request never reaches the server; cut */
    REDIS_PROXY_LOSE_REPLY, /* the server does it, the reply is lost; cut */
    REDIS_PROXY_CUT_REPLY,  /* half of the reply, then cut */
    REDIS_PROXY_HOLD_REPLY, /* silence, the connection stays */
    REDIS_PROXY_INTERFERE,  /* somebody else's command is done first */
    REDIS_PROXY_GARBLE      /* the request never reaches the server; the first line is the answer */
};

struct redis_proxy *redis_proxy_new(int server_port);
void redis_proxy_free(struct redis_proxy *proxy); /* NULL is fine */
int redis_proxy_port(const struct redis_proxy *proxy);

/* To the next request with `text` in it, once. */
void redis_proxy_expect(struct redis_proxy *proxy, const char *text, enum redis_proxy_deed deed);
/* For REDIS_PROXY_INTERFERE: lines as redis-cli takes them; for GARBLE: bytes. */
void redis_proxy_interferes_with(struct redis_proxy *proxy, const char *const *lines, size_t count);
/* Has that happened? */
bool redis_proxy_did(const struct redis_proxy *proxy);
/* Let the version in HELLO be 6.0, and refuse what that does not know. */
void redis_proxy_pose_as_old(struct redis_proxy *proxy);
/* So many connections were made through it. */
int redis_proxy_connections(const struct redis_proxy *proxy);

#endif

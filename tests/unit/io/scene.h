/* scene.h: a real world on loopback for the tests of io: its own client speaks to its own server,
 * or to a peer of raw bytes that answers by a script.
 */
#ifndef TESTS_IO_SCENE_H
#define TESTS_IO_SCENE_H

#include "base/arena.h"
#include "base/base.h"
#include "io/world.h"

#include <stdatomic.h>

/* Nothing here takes longer; what does is a test that hangs. */
#define SCENE_PATIENCE_MS 8000

struct scene {
    struct world *world;
    struct arena *turn, *kept; /* kept: the whole test */
    int port;                  /* of its own door, number 1 */
    char url[64];              /* "http://127.0.0.1:PORT" */
    /* Called for each request that comes in; NULL: answers 200 {"ok":true}. */
    void (*serve)(struct scene *scene, const struct sign *sign);
    void *ctx;
    uint64_t last_ticket; /* of the client */
    /* What came, the newest of each. */
    size_t replies, requests;
    struct http_reply reply; /* copied */
    uint64_t reply_ticket, request_ticket;
    struct http_incoming request; /* copied */
};

void scene_start(struct scene *scene, const struct world_options *options); /* NULL: none */
void scene_end(struct scene *scene);

/* "http://127.0.0.1:PORT" + path, kept. */
struct str scene_url(struct scene *scene, const char *path);
/* Send in pool "test"; the ticket is last_ticket. */
enum gb_err scene_send(struct scene *scene, const struct http_request *request);
/* One wait(), and what came is counted and served. */
void scene_turn(struct scene *scene);
void scene_run_until_replies(struct scene *scene, size_t replies);
void scene_run_until_requests(struct scene *scene, size_t requests);
/* Send and wait for the reply. */
const struct http_reply *scene_fetch(struct scene *scene, const struct http_request *request);
const struct http_reply *scene_get(struct scene *scene, struct str url);

void scene_answer(struct scene *scene, uint64_t ticket, int status, struct str body);

/* ---- a peer of raw bytes, in a thread of its own ---- */

enum raw_end {
    RAW_KEEP,          /* read the next request from this connection */
    RAW_CLOSE,         /* close it after the bytes */
    RAW_CLOSE_ALL,     /* close it and stop listening */
    RAW_STOP_LISTENING /* stop listening, keep the connection */
};

struct raw_answer {
    const char *bytes;
    enum raw_end end;
};

struct raw_peer {
    int port;
    atomic_int connections, requests;
    /* private */
    const struct raw_answer *answers;
    size_t count;
    int listen_fd, stop_fd;
    unsigned long thread;
};

/* Answers the requests in the order they come, whatever they ask for; after the last answer it
 * reads on and says nothing. */
void raw_peer_start(struct raw_peer *peer, const struct raw_answer *answers, size_t count);
void raw_peer_stop(struct raw_peer *peer);
struct str raw_peer_url(struct scene *scene, const struct raw_peer *peer);

/* ---- sockets for tests ---- */

/* A port of 127.0.0.1 that nobody listens on just now. */
int free_port(void);
int listen_somewhere(int *ret_port);
int connect_to(int port);
bool write_all(int fd, const void *data, size_t bytes);

#endif

/* fake_world.h: a world that sends nothing: a test reads what would have left and answers it. */
#ifndef TESTS_FAKE_WORLD_H
#define TESTS_FAKE_WORLD_H

#include "base/arena.h"
#include "base/base.h"
#include "io/world.h"

#define FAKE_SENT_MAX 4096

struct fake_sent {
    uint64_t ticket;
    char pool[64];
    char body[512];
    char url[256];
    char file[256]; /* of its first part */
    bool fresh_connection, answered, canceled;
};

struct fake_world {
    struct world world;
    int64_t now_ms;
    struct fake_sent sent[FAKE_SENT_MAX];
    size_t count;
    bool refuses_spawn;
    size_t room; /* how many more requests it takes */
};

void fake_world_init(struct fake_world *fake);
/* Requests not yet answered; a process is one with pool "spawn", its words in the body. */
size_t fake_waiting(const struct fake_world *fake);
/* The oldest request not yet answered, marked answered; NULL: none. */
struct fake_sent *fake_take(struct fake_world *fake);

#endif

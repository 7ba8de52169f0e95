/* environment.h: variables for the settings: the process's own, and for Redis also the names that
 * other programs use, from the process or from a file .env beside the settings.
 */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include "base/base.h"

struct arena;

struct environment {
    struct arena *arena;
    struct str dotenv; /* the text of .env; empty: none */
};

/* A variable's value or NULL; GIGABRIDGE_REDIS_HOST, _PORT, _DB and _PASSWORD stand for REDIS_HOST
 * and so on too: the long name goes first, the process before the file. `ctx`: the environment. */
const char *environment_get(void *ctx, const char *name);

#endif

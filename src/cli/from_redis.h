/* from_redis.h: the dialogs of an aiogram bot become the shop's. */
#ifndef CLI_FROM_REDIS_H
#define CLI_FROM_REDIS_H

#include "base/base.h"

struct arena;
struct config;

/* Exit status: 0 done, 1 failed; said on stderr. */
int import_from_redis(const struct config *config, bool with_bot_id, struct arena *arena);

#endif

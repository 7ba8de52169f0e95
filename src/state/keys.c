#include "state/keys.h"

#include "base/arena.h"
#include "state/work.h"

static bool keep_key(void *ctx, struct str key, struct str value) {
    struct keys *keys = ctx;
    (void)value;
    keys->items[keys->count++] = arena_copy(keys->arena, key);
    return true;
}

enum gb_err keys_scan(struct work *work, int table, struct str from, struct str until, size_t limit,
                      struct keys *ret_keys) {
    *ret_keys =
        (struct keys){.arena = work->arena, .items = ARENA_ARRAY(work->arena, struct str, limit)};
    return tx_scan(work->tx, table, from, until, limit, keep_key, ret_keys);
}

/* keys.h: the keys of an index, copied, so that its rows may be written while one goes through it.
 */
#ifndef STATE_KEYS_H
#define STATE_KEYS_H

#include "base/base.h"

struct work;

struct keys {
    struct arena *arena;
    struct str *items;
    size_t count;
};

/* Those with from <= key < until, at most `limit`. The store's error. */
enum gb_err keys_scan(struct work *work, int table, struct str from, struct str until, size_t limit,
                      struct keys *ret_keys) GB_MUST_USE;

#endif

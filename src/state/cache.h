/* cache.h: lists that were put together once, kept for a while: "what is sold", "what is yours".
 *
 * One row instead of a scan and a row for each of its finds. It is filled on a miss, and dropped in
 * the transaction that changes what it was made from; its expiry is only the second net. Nothing is
 * decided by it. On a store of our own in the same process a scan costs less than this would, so it
 * is used where the shop's records are in Redis only (docs/architecture.md has the figures).
 */
#ifndef STATE_CACHE_H
#define STATE_CACHE_H

#include "base/base.h"
#include "state/record.h"

struct work;

/*  list           its setting in [cache], and the key's first part */
#define GB_CACHED(X)                                                                               \
    X(LOCATIONS, locations)         /* where something is sold; "" */                              \
    X(TARIFFS, tariffs)             /* all of them; "" */                                          \
    X(SUBSCRIPTIONS, subscriptions) /* a person's; its id */

enum cached {
#define X(name, text) CACHED_##name,
    GB_CACHED(X)
#undef X
        CACHED_COUNT
};

/* Up to `max` structs of the record into `rows`. GB_NOT_FOUND: not kept (any more), or not to be
 * read. Else the store's error. */
enum gb_err cache_read(struct work *work, enum cached list, struct str id,
                       const struct record *record, void *rows, size_t max,
                       size_t *ret_count) GB_MUST_USE;
/* After a miss. */
void cache_fill(struct work *work, enum cached list, struct str id, const struct record *record,
                const void *rows, size_t count);
void cache_drop(struct work *work, enum cached list, struct str id);

#endif

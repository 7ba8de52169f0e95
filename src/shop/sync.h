/* sync.h: what a panel says of all its users, held against what was sold.
 *
 *   panel_sync: "list" to each panel -> its answer, cut into pieces, as rows
 *   panel_synced: piece by piece, beside our own users of that panel in the same order
 *
 * Traffic and last connection are taken over. What another hand has changed is mended or told to
 * the admins, as [drift] says; told once, until it is as it should be again.
 */
#ifndef SHOP_SYNC_H
#define SHOP_SYNC_H

#include "base/base.h"

struct event;
struct work;

struct drift {
    int64_t missing, expiry, disabled; /* newly found */
};
/* GB_INVALID: not as sync wrote it. */
enum gb_err drift_read(struct str text, struct drift *ret_drift) GB_MUST_USE;

/* Ask every panel for its users. The store's error. */
enum gb_err sync_ask(struct work *work, int64_t *ret_asked) GB_MUST_USE;
/* The answer of "panel.list": handler_fn. */
enum gb_err sync_answered_list(struct work *work, const struct event *event) GB_MUST_USE;

/* The next step through what `server` said: `cursor` is empty at first, then what the last step
 * left in *ret_cursor; empty again: done. The store's error. */
enum gb_err sync_step(struct work *work, struct str server, struct str cursor,
                      struct str *ret_cursor, int64_t *ret_items) GB_MUST_USE;

#endif

/* due.h: when a subscription must be looked at, and what happens then.
 *
 *   check    its end -> warnings before it is removed -> removed
 *   remind   days before the end, traffic nearly used up, never connected, gone for a while
 *
 * A subscription has at most one place of each kind in the index, so that the cost of a look grows
 * with what is due. What is due is computed from the subscription's own row; the place in the index
 * says only when to look. What was too late to be told is passed over by what is newer: after a
 * week of downtime a person hears once how many days are left, not three times.
 */
#ifndef SHOP_DUE_H
#define SHOP_DUE_H

#include "base/base.h"

struct subscription;
struct work;

enum due_kind { DUE_CHECK, DUE_REMIND };

/* A period begins: nothing was told in it, and what would be told within half a day never is. The
 * caller writes the subscription. The store's error. */
enum gb_err due_begin(struct work *work, struct subscription *subscription) GB_MUST_USE;
/* Put it where it must be looked at next. The caller writes it. The store's error. */
enum gb_err due_plan(struct work *work, struct subscription *subscription) GB_MUST_USE;

/* The same, when only the traffic it has used is new: most often nothing is to be done. */
enum gb_err due_used(struct work *work, struct subscription *subscription) GB_MUST_USE;
/* All of one person's, written: their time zone is another now. The store's error. */
enum gb_err due_plan_user(struct work *work, int64_t user) GB_MUST_USE;

/* The first instant in the index. GB_NOT_FOUND: it is empty. Else the store's error. */
enum gb_err due_next(struct work *work, enum due_kind kind, int64_t *ret_ms) GB_MUST_USE;

struct due_batch {
    size_t seen, damaged; /* places in the index; rows that could not be read */
    int64_t done;         /* subscriptions something happened to */
};
/* All that is due, at most `limit`. The store's error. */
enum gb_err due_run(struct work *work, enum due_kind kind, size_t limit,
                    struct due_batch *ret_batch) GB_MUST_USE;

/* When one that has ended is removed from the panel. */
int64_t due_removed_ms(const struct work *work, const struct subscription *subscription);
/* Is it night where the person is? */
struct user;
bool due_is_quiet(const struct work *work, const struct user *user);
/* When it is night there next; INT64_MAX: never. */
int64_t due_evening_ms(const struct work *work, const struct user *user);

/* The person's civil time: their own, or the shop's. */
struct zone;
struct zone due_zone(const struct work *work, const struct user *user);

#endif

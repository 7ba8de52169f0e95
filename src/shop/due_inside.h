/* due_inside.h: what due.c, expiry.c and reminders.c share. */
#ifndef SHOP_DUE_INSIDE_H
#define SHOP_DUE_INSIDE_H

#include "shop/due.h"

struct user;
struct zone;

/* Its key in the index. */
struct str due_place(struct work *work, enum due_kind kind, int64_t ms, struct str id);

/* The first instant of the day that is so many days before the one of `instant_ms`, at the hour at
 * which people are reminded. */
int64_t remind_hour_ms(const struct work *work, const struct zone *zone, int64_t instant_ms,
                       int64_t days_before);

/* expiry.c. When to look next; 0: never again. */
int64_t expiry_at(const struct work *work, const struct zone *zone,
                  const struct subscription *subscription);
/* Decide what is due by now, at most one thing. *ret_done: something was. The store's error. */
enum gb_err expiry_now(struct work *work, const struct zone *zone,
                       struct subscription *subscription, bool *ret_done) GB_MUST_USE;

/* reminders.c. The same; `user` is NULL if there is no such person. */
int64_t reminder_at(const struct work *work, const struct zone *zone,
                    const struct subscription *subscription);
enum gb_err reminder_now(struct work *work, const struct zone *zone, const struct user *user,
                         struct subscription *subscription, bool *ret_done) GB_MUST_USE;
/* Is a mark passed that was not told? */
bool reminder_of_traffic(const struct work *work, const struct subscription *subscription);
/* What would be told before `until_ms` counts as told. */
void reminders_begin(struct work *work, const struct zone *zone, struct subscription *subscription,
                     int64_t until_ms);
/* The end of the quiet hours, if `instant_ms` is in them; else `instant_ms`. */
int64_t quiet_until_ms(const struct work *work, const struct zone *zone, int64_t instant_ms);

#endif

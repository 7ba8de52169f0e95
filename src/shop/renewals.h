/* renewals.h: more time for a subscription that is there: same link, same uuid.
 *
 * What is bought is for a place: a location, where it becomes a new subscription, or "=id", the
 * subscription it is added to. The new end is absolute and decided when the money is in:
 *
 *   still runs    its end and the days         what is left of its traffic and the new
 *   has ended     now and the days             the new traffic, from what was used
 *
 * A subscription that cannot be renewed any more by then becomes a new one in its location.
 */
#ifndef SHOP_RENEWALS_H
#define SHOP_RENEWALS_H

#include "base/base.h"

struct arena;
struct event;
struct order;
struct work;

/* "=id" */
struct str renewal_place(struct arena *arena, struct str subscription);
/* Where an order was made for: "=id" or the location. */
struct str order_place(struct arena *arena, const struct order *order);
/* A place apart; *ret_renews is empty for a location, which is not looked at. GB_NOT_FOUND: no such
 * subscription of this person, or it cannot be renewed. Else the store's error. */
enum gb_err place_read(struct work *work, int64_t user, struct str place, struct str *ret_location,
                       struct str *ret_renews) GB_MUST_USE;

/* A paid order's subscription gets its time; the row for the panel is added. GB_NOT_FOUND: it
 * cannot be renewed any more. Else the store's error. The caller writes the order. */
enum gb_err subscription_renew(struct work *work, struct order *order) GB_MUST_USE;
/* The answer of "panel.renew": handler_fn. */
enum gb_err subscription_answered_renew(struct work *work, const struct event *event) GB_MUST_USE;

#endif

/* records.h: the shapes of the shop's rows, for whoever reads many of them: lists and the checker.
 * Inside this room only.
 */
#ifndef SHOP_RECORDS_H
#define SHOP_RECORDS_H

#include "base/base.h"

struct arena;
struct record;
struct subscription;

extern const struct record ledger_record;
extern const struct record location_record;
extern const struct record order_record;
extern const struct record payment_record;
extern const struct record server_record;
extern const struct record subscription_record;
extern const struct record tariff_record;
extern const struct record user_record;

/* user/newest first/subscription: a user's list needs no more rows than it shows. */
struct str subscription_user_key(struct arena *arena, const struct subscription *subscription);

#endif

/* orders.h: a choice with its price, days and traffic frozen.
 *
 *   created -> paid -> active | credited | refunded        created -> canceled -> paid (late money)
 */
#ifndef SHOP_ORDERS_H
#define SHOP_ORDERS_H

#include "base/base.h"
#include "base/moves.h"

struct work;

enum order_state {
    ORDER_CREATED,
    ORDER_PAID,
    ORDER_ACTIVE,
    ORDER_CREDITED,
    ORDER_REFUNDED,
    ORDER_CANCELED,
};
extern const struct moves order_moves;

struct order {
    struct str id;
    int64_t user;
    struct str tariff, location;
    int64_t days, traffic_gb;
    int64_t price_minor;
    struct str currency;
    unsigned state;
    int64_t created_ms, paid_ms;
    struct str subscription; /* once paid */
    struct str renews;       /* the subscription it is more time for; empty: it makes a new one */
    int64_t extended_ms;     /* what it added to that one's end, once paid */
    int64_t from_gb;         /* that one's traffic before */
};

enum gb_err order_get(struct work *work, struct str id, struct order *ret) GB_MUST_USE;
void order_put(struct work *work, const struct order *order);

/* Take the price from the user's account into revenue; the order is paid. The caller writes it.
 * GB_DAMAGED: the ledger says it was sold before. Else the store's error. */
enum gb_err order_sell(struct work *work, struct order *order) GB_MUST_USE;
/* What cannot be delivered is given back to the user's account; the order is credited. The caller
 * writes it. GB_DAMAGED, else the store's error. */
enum gb_err order_credit(struct work *work, struct order *order) GB_MUST_USE;

#endif

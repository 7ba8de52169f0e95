#include "bot/lookup.h"

#include "shop/catalog.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/subscriptions.h"
#include "state/work.h"

enum gb_err lookup_location(struct work *work, struct str id,
                            const struct location **ret_location) {
    struct location *location = ARENA_NEW(work->arena, struct location);
    enum gb_err err = location_get(work, id, location);
    if (err == GB_NOT_FOUND) {
        *location = (struct location){.id = id, .name = id};
    } else if (err != GB_OK) {
        return err;
    }
    *ret_location = location;
    return GB_OK;
}

enum gb_err lookup_sale(struct work *work, const struct payment *payment, struct sale *ret_sale) {
    struct order *order = ARENA_NEW(work->arena, struct order);
    struct sale sale = {.payment = payment, .order = order};
    enum gb_err err = order_get(work, payment->order, order);
    if (err == GB_NOT_FOUND) {
        return GB_DAMAGED; /* both are written in one transaction */
    }
    if (err == GB_OK) {
        err = lookup_location(work, order->location, &sale.location);
    }
    if (err == GB_OK) {
        *ret_sale = sale;
    }
    return err;
}

enum gb_err lookup_access(struct work *work, const struct subscription *subscription,
                          struct access *ret_access) {
    struct access access = {.subscription = subscription};
    enum gb_err err = lookup_location(work, subscription->location, &access.location);
    if (err == GB_OK) {
        err = subscription_link(work, subscription, &access.link);
    }
    if (err == GB_OK) {
        *ret_access = access;
    }
    return err;
}

#include "shop/renewals.h"

#include "base/arena.h"
#include "base/num.h"
#include "shop/catalog.h"
#include "shop/due.h"
#include "shop/figures.h"
#include "shop/orders.h"
#include "shop/subscriptions.h"
#include "state/event.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/work.h"

#define GIGABYTE      (INT64_C(1) << 30)
#define WHY_BYTES_MAX 200

struct str renewal_place(struct arena *arena, struct str subscription) {
    return arena_printf(arena, "=" STR_FMT, STR_ARG(subscription));
}

struct str order_place(struct arena *arena, const struct order *order) {
    return order->renews.n > 0 ? renewal_place(arena, order->renews) : order->location;
}

static bool may_be_renewed(const struct subscription *subscription) {
    return subscription->state == SUBSCRIPTION_ACTIVE || subscription->state == SUBSCRIPTION_ENDED;
}

enum gb_err place_read(struct work *work, int64_t user, struct str place, struct str *ret_location,
                       struct str *ret_renews) {
    struct subscription subscription;
    *ret_location = place;
    *ret_renews = STR_NONE;
    if (!str_starts(place, STR("="))) {
        return GB_OK;
    }
    enum gb_err err = subscription_get(work, str_sub(place, 1, place.n), &subscription);
    if (err != GB_OK) {
        return err;
    }
    *ret_location = subscription.location;
    *ret_renews = subscription.id;
    return subscription.user == user && may_be_renewed(&subscription) ? GB_OK : GB_NOT_FOUND;
}

/* ---- more time ---------------------------------------------------------------------------------
 */

static int64_t gb_used(const struct subscription *subscription) {
    return (subscription->used_bytes + GIGABYTE - 1) / GIGABYTE;
}

static int64_t more_traffic(const struct subscription *subscription, const struct order *order) {
    if (order->traffic_gb == 0) {
        return 0;
    }
    bool carries_over = subscription->state != SUBSCRIPTION_ENDED && subscription->traffic_gb > 0;
    return order->traffic_gb + (carries_over ? subscription->traffic_gb : gb_used(subscription));
}

/* One that has ended is on its server's list, but its place was given up. */
static enum gb_err come_back(struct work *work, struct subscription *subscription) {
    struct server server;
    enum gb_err err = server_get(work, subscription->server, &server);
    if (err == GB_OK) {
        server.users++;
        server_put(work, &server);
        moves_make(&subscription_moves, &subscription->state, SUBSCRIPTION_ACTIVE);
    }
    return err;
}

enum gb_err subscription_renew(struct work *work, struct order *order) {
    struct subscription subscription;
    gb_assert(order->state == ORDER_PAID && order->renews.n > 0);
    enum gb_err err = subscription_get(work, order->renews, &subscription);
    if (err == GB_OK && (subscription.user != order->user || !may_be_renewed(&subscription))) {
        err = GB_NOT_FOUND;
    }
    if (err != GB_OK) {
        return err;
    }
    int64_t from_ms = GB_MAX(subscription.target_expires_ms, work->now_ms);
    int64_t target_ms = from_ms + order->days * GB_DAY_MS;
    order->subscription = subscription.id;
    order->extended_ms = target_ms - subscription.target_expires_ms;
    order->from_gb = subscription.traffic_gb;
    subscription.traffic_gb = more_traffic(&subscription, order);
    subscription.target_expires_ms = target_ms;
    subscription.extended_ms += order->extended_ms;
    if (subscription.state == SUBSCRIPTION_ENDED) {
        err = come_back(work, &subscription);
    }
    if (err == GB_OK) {
        err = due_begin(work, &subscription);
    }
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_DAMAGED : err; /* its server is gone from the catalog */
    }
    subscription_ask_for(work, &subscription, STR("panel.renew"), order->id);
    subscription_put(work, &subscription);
    return GB_OK;
}

/* ---- what the panel said -----------------------------------------------------------------------
 */

static void tell(struct work *work, const struct order *order, enum notice_kind kind,
                 struct str about, struct str extra) {
    notice_add(work,
               &(struct notice){.kind = kind, .user = order->user, .about = about, .extra = extra});
}

/* The panel says no for good: the money goes back, and what it would have brought. */
static enum gb_err take_back(struct work *work, struct order *order,
                             struct subscription *subscription, const struct answer *answer) {
    enum gb_err err = order_credit(work, order);
    if (err != GB_OK) {
        return err;
    }
    subscription->target_expires_ms -= order->extended_ms;
    subscription->extended_ms -= order->extended_ms;
    subscription->traffic_gb = order->from_gb;
    struct str why = answer->why.n > 0 ? answer->why : str_of(answer->reason);
    tell(work, order, NOTICE_DELIVERY_REFUSED, order->id, str_sub(why, 0, WHY_BYTES_MAX));
    return due_plan(work, subscription);
}

enum gb_err subscription_answered_renew(struct work *work, const struct event *event) {
    struct order order;
    struct subscription subscription;
    enum gb_err err = order_get(work, event->row->about, &order);
    if (err != GB_OK || order.state != ORDER_PAID) {
        return err == GB_NOT_FOUND ? GB_OK : err; /* answered before */
    }
    err = subscription_get(work, order.subscription, &subscription);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_DAMAGED : err;
    }
    if (event->answer->kind == ANSWER_DONE) {
        moves_make(&order_moves, &order.state, ORDER_ACTIVE);
        figure_add(work, FIGURE_RENEWED, order.user, 1);
        tell(work, &order, NOTICE_RENEWED, subscription.id, STR_NONE);
    } else {
        err = take_back(work, &order, &subscription, event->answer);
        subscription_put(work, &subscription);
    }
    if (err == GB_OK) {
        order_put(work, &order);
    }
    return err;
}

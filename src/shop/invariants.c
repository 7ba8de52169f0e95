#include "shop/invariants.h"

#include "base/arena.h"
#include "shop/catalog.h"
#include "shop/invariant_rows.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/records.h"
#include "shop/subscriptions.h"
#include "state/outbox.h"
#include "state/work.h"

/* ---- 2: every paid order is exactly one of active, waiting in a lane, credited ------------------
 */

static const struct subscription *find_subscription(const struct checker *c, struct str id) {
    return rows_find(&c->subscriptions, id);
}

/* More time for a subscription that another order made. */
static void check_renewal(struct checker *c, const struct order *order,
                          const struct subscription *renewed) {
    size_t live;
    (void)live_rows(c, "panel.renew", order->id, &live);
    if (renewed == NULL || renewed->user != order->user ||
        !str_equal(order->subscription, order->renews)) {
        broken(c, 2, "order " STR_FMT " renews subscription " STR_FMT ", which is not its",
               STR_ARG(order->id), STR_ARG(order->renews));
    }
    if (live != (order->state == ORDER_PAID ? 1U : 0U)) {
        broken(c, 2, "order " STR_FMT " is %s and has %zu rows in its lane", STR_ARG(order->id),
               moves_name(&order_moves, order->state), live);
    }
}

static void check_order(struct checker *c, const struct order *order) {
    const struct subscription *granted = find_subscription(c, order->subscription);
    bool sold = order->state != ORDER_CREATED && order->state != ORDER_CANCELED;
    if (sold != (order->subscription.n > 0)) {
        broken(c, 2, "order " STR_FMT " is %s %s a subscription", STR_ARG(order->id),
               moves_name(&order_moves, order->state), sold ? "without" : "with");
        return;
    }
    if (!sold) {
        return;
    }
    if (order->renews.n > 0) {
        check_renewal(c, order, granted);
        return;
    }
    if (granted == NULL || !str_equal(granted->order, order->id)) {
        broken(c, 2, "order " STR_FMT " names subscription " STR_FMT ", which is not its",
               STR_ARG(order->id), STR_ARG(order->subscription));
        return;
    }
    bool active = granted->state == SUBSCRIPTION_ACTIVE || granted->state == SUBSCRIPTION_ENDED ||
                  granted->state == SUBSCRIPTION_REMOVED;
    bool fits = (order->state == ORDER_PAID && granted->state == SUBSCRIPTION_WAITING) ||
                (order->state == ORDER_ACTIVE && active) ||
                (order->state == ORDER_CREDITED && granted->state == SUBSCRIPTION_REFUSED) ||
                order->state == ORDER_REFUNDED;
    if (!fits) {
        broken(c, 2, "order " STR_FMT " is %s, its subscription %s", STR_ARG(order->id),
               moves_name(&order_moves, order->state),
               moves_name(&subscription_moves, granted->state));
    }
}

static void check_waiting(struct checker *c, const struct subscription *subscription) {
    size_t live;
    (void)live_rows(c, "panel.ensure", subscription->id, &live); /* how many is enough */
    bool waiting = subscription->state == SUBSCRIPTION_WAITING;
    if (live != (waiting ? 1U : 0U)) {
        broken(c, 2, "subscription " STR_FMT " is %s and has %zu rows in its lane",
               STR_ARG(subscription->id), moves_name(&subscription_moves, subscription->state),
               live);
    }
}

/* By all renewals that count. */
static int64_t extended_ms(const struct checker *c, const struct subscription *subscription) {
    int64_t sum_ms = 0;
    if (subscription->extended_ms == 0) {
        return 0;
    }
    for (size_t i = 0; i < c->orders.count; i++) {
        const struct order *order = ROWS_AT(&c->orders, order, i);
        bool counts = order->state == ORDER_PAID || order->state == ORDER_ACTIVE;
        if (counts && str_equal(order->renews, subscription->id)) {
            sum_ms += order->extended_ms;
        }
    }
    return sum_ms;
}

static void check_subscription(struct checker *c, const struct subscription *subscription) {
    const struct order *order = rows_find(&c->orders, subscription->order);
    if (order == NULL || !str_equal(order->subscription, subscription->id) ||
        order->user != subscription->user) {
        broken(c, 2, "subscription " STR_FMT " belongs to no order", STR_ARG(subscription->id));
    } else if (subscription->target_expires_ms !=
               subscription->starts_ms + order->days * GB_DAY_MS + extended_ms(c, subscription)) {
        broken(c, 3, "subscription " STR_FMT " ends at another instant than was granted",
               STR_ARG(subscription->id));
    }
    check_waiting(c, subscription);
    bool placed = rows_find(&c->servers, subscription->server) != NULL;
    if (!placed && subscription->state != SUBSCRIPTION_REFUSED) {
        broken(c, 3, "subscription " STR_FMT " is on no server", STR_ARG(subscription->id));
    }
    struct str key = subscription_user_key(c->work->arena, subscription);
    const struct pair *listed = rows_find(&c->user_subs, key);
    if (listed == NULL || !str_equal(listed->value, subscription->id)) {
        broken(c, 7, "subscription " STR_FMT " is not in its user's list",
               STR_ARG(subscription->id));
    }
}

/* ---- 3: no two panel users of one, and servers as full as they say ------------------------------
 */

static int by_text(const void *a, const void *b) {
    const struct str *left = a, *right = b;
    return str_compare(*left, *right);
}

static void check_uuids(struct checker *c) {
    size_t count = c->subscriptions.count;
    struct str *uuids = ARENA_ARRAY(c->work->arena, struct str, count + 1);
    for (size_t i = 0; i < count; i++) {
        uuids[i] = ROWS_AT(&c->subscriptions, subscription, i)->uuid;
    }
    qsort(uuids, count, sizeof *uuids, by_text);
    for (size_t i = 1; i < count; i++) {
        if (str_equal(uuids[i - 1], uuids[i])) {
            broken(c, 3, "two subscriptions share the uuid " STR_FMT, STR_ARG(uuids[i]));
        }
    }
}

static void check_servers(struct checker *c) {
    for (size_t i = 0; i < c->servers.count; i++) {
        const struct server *server = ROWS_AT(&c->servers, server, i);
        int64_t users = 0;
        for (size_t j = 0; j < c->subscriptions.count; j++) { /* at most CATALOG_MAX servers */
            const struct subscription *sub = ROWS_AT(&c->subscriptions, subscription, j);
            bool counts = sub->state == SUBSCRIPTION_WAITING || sub->state == SUBSCRIPTION_ACTIVE;
            users += counts && str_equal(sub->server, server->id) ? 1 : 0;
        }
        if (users != server->users) {
            broken(c, 3, "server " STR_FMT " counts %" PRId64 " users, it has %" PRId64,
                   STR_ARG(server->id), server->users, users);
        }
    }
}

void check_grants(struct checker *checker) {
    for (size_t i = 0; i < checker->orders.count; i++) {
        check_order(checker, ROWS_AT(&checker->orders, order, i));
    }
    for (size_t i = 0; i < checker->subscriptions.count; i++) {
        check_subscription(checker, ROWS_AT(&checker->subscriptions, subscription, i));
    }
    if (checker->user_subs.count != checker->subscriptions.count) {
        broken(checker, 7, "%zu rows list %zu subscriptions", checker->user_subs.count,
               checker->subscriptions.count);
    }
    check_uuids(checker);
    check_servers(checker);
}

/* ---- 6: none disappears -------------------------------------------------------------------------
 */

static void check_lanes(struct checker *c) {
    const struct {
        const char *then;
        const struct rows *rows;
    } wanted[] = {
        {"pay.create", &c->payments},
        {"pay.status", &c->payments},
        {"panel.ensure", &c->subscriptions},
        {"panel.renew", &c->orders},
    };
    for (size_t i = 0; i < c->outbox_count; i++) {
        const struct outbox_row *row = &c->outbox[i];
        for (size_t j = 0; j < GB_COUNT(wanted); j++) {
            if (str_is(row->then, wanted[j].then) &&
                rows_find(wanted[j].rows, row->about) == NULL) {
                broken(c, 6, "a row in lane " STR_FMT " is about " STR_FMT ", which is not there",
                       STR_ARG(row->lane), STR_ARG(row->about));
            }
        }
    }
}

enum gb_err invariants_check(struct work *work, size_t rows_max,
                             struct invariant_report *ret_report) {
    struct invariant_report report = {0};
    struct checker checker = {.work = work, .rows_max = rows_max, .report = &report};
    enum gb_err err = checker_read(&checker);
    if (err != GB_OK) {
        return err;
    }
    report.orders = (int64_t)checker.orders.count;
    report.payments = (int64_t)checker.payments.count;
    report.subscriptions = (int64_t)checker.subscriptions.count;
    report.ledger_entries = (int64_t)checker.ledger.count;
    check_money(&checker);
    check_payments(&checker);
    check_grants(&checker);
    check_due(&checker);
    check_lanes(&checker);
    *ret_report = report;
    return GB_OK;
}

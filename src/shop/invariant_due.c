/* invariant_due.c: 5: nothing that is due is forgotten: every subscription that lives has its place
 * in the index of what is due and in its server's list, and nothing else is in either.
 */
#include "base/arena.h"
#include "shop/due_inside.h"
#include "shop/invariant_rows.h"
#include "shop/payment_steps.h"
#include "shop/payments.h"
#include "shop/subscriptions.h"
#include "state/work.h"

static bool has_place(struct checker *c, enum due_kind kind, int64_t ms, struct str id) {
    return rows_find(&c->subs_due, due_place(c->work, kind, ms, id)) != NULL;
}

static size_t check_places(struct checker *c, const struct subscription *subscription) {
    bool lives =
        subscription->state == SUBSCRIPTION_ACTIVE || subscription->state == SUBSCRIPTION_ENDED;
    if (lives != (subscription->check_ms != 0)) {
        broken(c, 5, "subscription " STR_FMT " is %s and will %sbe looked at",
               STR_ARG(subscription->id), moves_name(&subscription_moves, subscription->state),
               lives ? "never " : "");
    }
    const int64_t places[] = {
        [DUE_CHECK] = subscription->check_ms, [DUE_REMIND] = subscription->remind_ms};
    size_t count = 0;
    for (size_t kind = 0; kind < GB_COUNT(places); kind++) {
        if (places[kind] == 0) {
            continue;
        }
        count++;
        if (!has_place(c, (enum due_kind)kind, places[kind], subscription->id)) {
            broken(c, 5, "subscription " STR_FMT " has lost its place in the index",
                   STR_ARG(subscription->id));
        }
    }
    return count;
}

static size_t check_listed(struct checker *c, const struct subscription *subscription) {
    bool on_panel = subscription->state == SUBSCRIPTION_WAITING ||
                    subscription->state == SUBSCRIPTION_ACTIVE ||
                    subscription->state == SUBSCRIPTION_ENDED;
    const struct pair *listed =
        rows_find(&c->server_subs, subscription_server_key(c->work->arena, subscription->server,
                                                           subscription->uuid));
    if (on_panel && (listed == NULL || !str_equal(listed->value, subscription->id))) {
        broken(c, 3, "subscription " STR_FMT " is not in its server's list",
               STR_ARG(subscription->id));
    }
    return on_panel;
}

static size_t check_tidied(struct checker *c, const struct payment *payment) {
    if (payment->tidy_ms <= 1) { /* is open, or tidied */
        return 0;
    }
    struct str place = payment_tidy_place(c->work, payment->tidy_ms, payment->id);
    if (rows_find(&c->payments_done, place) == NULL) {
        broken(c, 6, "payment " STR_FMT " will never be tidied", STR_ARG(payment->id));
    }
    return 1;
}

void check_due(struct checker *c) {
    size_t places = 0, listed = 0, tidied = 0;
    for (size_t i = 0; i < c->subscriptions.count; i++) {
        const struct subscription *subscription = ROWS_AT(&c->subscriptions, subscription, i);
        places += check_places(c, subscription);
        listed += check_listed(c, subscription);
    }
    for (size_t i = 0; i < c->payments.count; i++) {
        tidied += check_tidied(c, ROWS_AT(&c->payments, payment, i));
    }
    if (c->subs_due.count != places) {
        broken(c, 5, "%zu rows say when %zu subscriptions are due", c->subs_due.count, places);
    }
    if (c->server_subs.count != listed) {
        broken(c, 3, "%zu rows list %zu subscriptions of servers", c->server_subs.count, listed);
    }
    if (c->payments_done.count != tidied) {
        broken(c, 6, "%zu rows say when %zu payments are tidied", c->payments_done.count, tidied);
    }
}

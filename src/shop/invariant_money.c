/* invariant_money.c: invariants 1 and what holds of payments: money is counted once, and whatever
 * was asked for is still being asked about.
 */
#include "base/arena.h"
#include "base/num.h"
#include "shop/invariant_rows.h"
#include "shop/ledger.h"
#include "shop/orders.h"
#include "shop/payment_steps.h"
#include "shop/payments.h"
#include "shop/polls.h"
#include "shop/renewals.h"
#include "state/outbox.h"
#include "state/work.h"

/* ---- the ledger ---------------------------------------------------------------------------------
 */

static bool is_sold(const struct order *order) {
    return order->state != ORDER_CREATED && order->state != ORDER_CANCELED;
}

static void check_payment_entry(struct checker *c, const struct ledger_entry *entry) {
    bool held = str_is(entry->to, "suspense");
    if (!held && rows_find(&c->payments, entry->about) == NULL) {
        broken(c, 1, "ledger entry " STR_FMT " is for no payment", STR_ARG(entry->fact));
    }
    if (!str_starts(entry->from, STR("provider:"))) {
        broken(c, 1, "ledger entry " STR_FMT " comes from no provider", STR_ARG(entry->fact));
    }
    c->report->credited_minor += held ? 0 : entry->amount_minor;
}

/* The sale of an order, or its return. */
static void check_order_entry(struct checker *c, const struct ledger_entry *entry, bool back) {
    const struct order *order = rows_find(&c->orders, entry->about);
    if (order == NULL) {
        broken(c, 1, "ledger entry " STR_FMT " is for no order", STR_ARG(entry->fact));
        return;
    }
    struct str user = ledger_user_account(c->work->arena, order->user);
    bool state =
        back ? order->state == ORDER_CREDITED || order->state == ORDER_REFUNDED : is_sold(order);
    bool sides = str_equal(back ? entry->to : entry->from, user) &&
                 str_is(back ? entry->from : entry->to, "revenue");
    if (!state || !sides || entry->amount_minor != order->price_minor ||
        !str_equal(entry->currency, order->currency)) {
        broken(c, 1, "ledger entry " STR_FMT " does not fit order " STR_FMT " (%s)",
               STR_ARG(entry->fact), STR_ARG(order->id), moves_name(&order_moves, order->state));
    }
}

static void check_entry(struct checker *c, const struct ledger_entry *entry) {
    if (entry->amount_minor <= 0 || str_equal(entry->from, entry->to)) {
        broken(c, 1, "ledger entry " STR_FMT " moves nothing", STR_ARG(entry->fact));
    }
    if (str_ends(entry->fact, STR(":payment"))) {
        check_payment_entry(c, entry);
    } else if (str_ends(entry->fact, STR(":sale"))) {
        check_order_entry(c, entry, false);
    } else if (str_ends(entry->fact, STR(":return"))) {
        check_order_entry(c, entry, true);
    } else {
        broken(c, 1, "ledger entry " STR_FMT " is of no known kind", STR_ARG(entry->fact));
    }
}

/* One side of an entry, on its account. */
struct side {
    struct str account; /* with its currency */
    int64_t amount_minor;
};

static int by_account(const void *a, const void *b) {
    const struct side *left = a, *right = b;
    return str_compare(left->account, right->account);
}

static struct side *all_sides(struct checker *c, size_t count) {
    struct side *sides = ARENA_ARRAY(c->work->arena, struct side, count + 1);
    for (size_t i = 0; i < c->ledger.count; i++) {
        const struct ledger_entry *entry = ROWS_AT(&c->ledger, ledger_entry, i);
        sides[2 * i] = (struct side){arena_printf(c->work->arena, STR_FMT ":" STR_FMT,
                                                  STR_ARG(entry->from), STR_ARG(entry->currency)),
                                     -entry->amount_minor};
        sides[2 * i + 1] = (struct side){arena_printf(c->work->arena, STR_FMT ":" STR_FMT,
                                                      STR_ARG(entry->to), STR_ARG(entry->currency)),
                                         entry->amount_minor};
    }
    qsort(sides, count, sizeof *sides, by_account);
    return sides;
}

/* Each account holds what its entries say; so, with two sides an entry, all sums are 0. */
static void check_accounts(struct checker *c) {
    size_t count = 2 * c->ledger.count, accounts = 0;
    const struct side *sides = all_sides(c, count);
    for (size_t i = 0; i < count;) {
        size_t first = i;
        int64_t sum = 0, stored = 0;
        for (; i < count && str_equal(sides[i].account, sides[first].account); i++) {
            sum += sides[i].amount_minor;
        }
        accounts++;
        const struct pair *row = rows_find(&c->accounts, sides[first].account);
        if (row == NULL || num_i64(row->value, INT64_MIN, INT64_MAX, &stored) != GB_OK ||
            stored != sum) {
            broken(c, 1, "account " STR_FMT " says %" PRId64 ", its entries %" PRId64,
                   STR_ARG(sides[first].account), stored, sum);
        }
    }
    if (accounts != c->accounts.count) {
        broken(c, 1, "%zu accounts, entries for %zu", c->accounts.count, accounts);
    }
}

static void check_sale_entries(struct checker *c, const struct order *order) {
    struct str sale = arena_printf(c->work->arena, "order:" STR_FMT ":sale", STR_ARG(order->id));
    struct str back = arena_printf(c->work->arena, "order:" STR_FMT ":return", STR_ARG(order->id));
    if (is_sold(order) != (rows_find(&c->ledger, sale) != NULL)) {
        broken(c, 1, "order " STR_FMT " is %s; sold in the ledger: %d", STR_ARG(order->id),
               moves_name(&order_moves, order->state), !is_sold(order));
    }
    if (order->state == ORDER_CREDITED && rows_find(&c->ledger, back) == NULL) {
        broken(c, 1, "order " STR_FMT " is credited, but not in the ledger", STR_ARG(order->id));
    }
}

void check_money(struct checker *checker) {
    for (size_t i = 0; i < checker->ledger.count; i++) {
        check_entry(checker, ROWS_AT(&checker->ledger, ledger_entry, i));
    }
    for (size_t i = 0; i < checker->orders.count; i++) {
        check_sale_entries(checker, ROWS_AT(&checker->orders, order, i));
    }
    check_accounts(checker);
}

/* ---- payments -----------------------------------------------------------------------------------
 */

/* The fact that paid it: entered once, by its key. */
static void check_paid(struct checker *c, const struct payment *payment,
                       const struct order *order) {
    c->report->paid_payments++;
    struct str fact = arena_printf(c->work->arena, STR_FMT ":" STR_FMT ":payment",
                                   STR_ARG(payment->provider), STR_ARG(payment->external));
    const struct ledger_entry *entry = rows_find(&c->ledger, fact);
    struct str user = ledger_user_account(c->work->arena, payment->user);
    if (entry == NULL) {
        broken(c, 1, "payment " STR_FMT " is paid without a ledger entry", STR_ARG(payment->id));
    } else if (!str_equal(entry->about, payment->id) || !str_equal(entry->to, user) ||
               entry->amount_minor < payment->amount_minor ||
               !str_equal(entry->currency, payment->currency)) {
        broken(c, 1, "payment " STR_FMT " and its ledger entry differ", STR_ARG(payment->id));
    }
    if (!is_sold(order)) {
        broken(c, 2, "payment " STR_FMT " is paid, its order %s", STR_ARG(payment->id),
               moves_name(&order_moves, order->state));
    }
}

static void check_unpaid(struct checker *c, const struct payment *payment,
                         const struct order *order) {
    bool live = payment->state == PAYMENT_CREATED || payment->state == PAYMENT_PENDING;
    bool review = payment->state == PAYMENT_REVIEW && !is_sold(order);
    if (!review && order->state != (live ? ORDER_CREATED : ORDER_CANCELED)) {
        broken(c, 2, "payment " STR_FMT " is %s, its order %s", STR_ARG(payment->id),
               moves_name(&payment_moves, payment->state), moves_name(&order_moves, order->state));
    }
}

/* Looks by plan that are still to come. */
static size_t planned_looks(struct checker *c, const struct payment *payment) {
    size_t count, planned = 0;
    const struct outbox_row *row = live_rows(c, "pay.status", payment->id, &count);
    for (size_t i = 0; i < count; i++) {
        planned += poll_kind(c->work, payment, &row[i]) == POLL_PLANNED ? 1 : 0;
    }
    return planned;
}

static void check_asked(struct checker *c, const struct payment *payment) {
    const struct provider *provider = provider_named(payment->provider);
    if (provider == NULL) {
        broken(c, 6, "payment " STR_FMT " has no known provider", STR_ARG(payment->id));
        return;
    }
    if (provider->lane == NULL) {
        return;
    }
    size_t creates;
    (void)live_rows(c, "pay.create", payment->id, &creates); /* how many is enough */
    size_t looks = planned_looks(c, payment);
    bool lost = (payment->state == PAYMENT_CREATED && creates != 1) ||
                (payment->state == PAYMENT_PENDING && looks != 1);
    if (lost || creates > 1 || looks > 1) {
        broken(c, 6, "payment " STR_FMT " is %s with %zu calls to make it and %zu looks",
               STR_ARG(payment->id), moves_name(&payment_moves, payment->state), creates, looks);
    }
}

static void check_external(struct checker *c, const struct payment *payment) {
    if (payment->external.n == 0) {
        return;
    }
    struct str key = arena_printf(c->work->arena, STR_FMT ":" STR_FMT, STR_ARG(payment->provider),
                                  STR_ARG(payment->external));
    const struct pair *row = rows_find(&c->externals, key);
    if (row == NULL || !str_equal(row->value, payment->id)) {
        broken(c, 1, "external id " STR_FMT " does not lead to payment " STR_FMT, STR_ARG(key),
               STR_ARG(payment->id));
    }
}

static void check_payment(struct checker *c, const struct payment *payment) {
    const struct order *order = rows_find(&c->orders, payment->order);
    if (order == NULL || order->user != payment->user ||
        order->price_minor != payment->amount_minor ||
        !str_equal(order->currency, payment->currency)) {
        broken(c, 2, "payment " STR_FMT " and its order differ", STR_ARG(payment->id));
        return;
    }
    bool settled = payment->paid_ms != 0;
    bool paid = payment->state == PAYMENT_PAID || payment->state == PAYMENT_REFUNDED;
    if (settled != paid && payment->state != PAYMENT_REVIEW) {
        broken(c, 1, "payment " STR_FMT " is %s, paid at %" PRId64, STR_ARG(payment->id),
               moves_name(&payment_moves, payment->state), payment->paid_ms);
    }
    if (settled) {
        check_paid(c, payment, order);
    } else {
        check_unpaid(c, payment, order);
    }
    check_asked(c, payment);
    check_external(c, payment);
}

static void check_indexes(struct checker *c) {
    for (size_t i = 0; i < c->externals.count; i++) {
        const struct pair *row = ROWS_AT(&c->externals, pair, i);
        const struct payment *payment = rows_find(&c->payments, row->value);
        if (payment == NULL || !str_starts(row->key, payment->provider)) {
            broken(c, 1, "external id " STR_FMT " leads to no payment", STR_ARG(row->key));
        }
    }
    for (size_t i = 0; i < c->open_payments.count; i++) {
        const struct pair *row = ROWS_AT(&c->open_payments, pair, i);
        const struct payment *payment = rows_find(&c->payments, row->value);
        const struct order *order = payment != NULL ? rows_find(&c->orders, payment->order) : NULL;
        bool live = order != NULL &&
                    (payment->state == PAYMENT_CREATED || payment->state == PAYMENT_PENDING);
        if (!live || !str_equal(row->key, payment_open_key(c->work, payment->user, order->tariff,
                                                           order_place(c->work->arena, order),
                                                           payment->provider))) {
            broken(c, 6, "open payment " STR_FMT " is none", STR_ARG(row->key));
        }
    }
}

void check_payments(struct checker *checker) {
    for (size_t i = 0; i < checker->payments.count; i++) {
        check_payment(checker, ROWS_AT(&checker->payments, payment, i));
    }
    check_indexes(checker);
}

/* settle.c: money that a provider confirmed becomes an order, a balance, or a question to a person.
 *
 *   right amount              provider -> user, user -> revenue; the order is paid and granted
 *   more                      the same; the rest stays on the user's balance
 *   less, or other currency   provider -> suspense; the payment goes to review
 *   a second fact             provider -> user: all of it stays on the balance
 *   somebody else's Stars     provider -> payer: all of it stays on the payer's balance, a person
 *                             is told. Forwarded invoices sell to whom they were not made for; who
 *                             paid keeps the money, and nobody gets what another has paid
 *   no payment of ours        provider -> suspense
 *
 * What is no money (a test shop's, no amount, no id) is never entered.
 */
#include "shop/settle.h"

#include "base/arena.h"
#include "shop/ledger.h"
#include "shop/orders.h"
#include "shop/payment_steps.h"
#include "shop/payments.h"
#include "shop/subscriptions.h"
#include "state/notices.h"
#include "state/work.h"

#define PAYLOAD_SHOWN_MAX 64

/* Why this is no money that could be entered at all; NULL: it is. */
static const char *fact_fault(const struct money_fact *fact) {
    if (fact->test != str_is(fact->provider, "test")) {
        return "test";
    }
    if (!external_is_fit(fact->external)) {
        return "external";
    }
    return fact->amount_minor > 0 ? NULL : "amount";
}

/* Why it is not what was asked for; NULL: it is that or more. */
static const char *amount_fault(const struct payment *payment, const struct money_fact *fact) {
    if (!str_equal(fact->currency, payment->currency)) {
        return "currency";
    }
    return fact->amount_minor < payment->amount_minor ? "amount" : NULL;
}

/* Enter the fact: from the provider to `account`. GB_EXISTS: it was there. GB_INVALID: *reterr_why.
 */
static enum gb_err enter_fact(struct work *work, const struct money_fact *fact, struct str account,
                              struct str about, const char **reterr_why) {
    struct ledger_entry entry = {
        .fact = arena_printf(work->arena, STR_FMT ":" STR_FMT ":payment", STR_ARG(fact->provider),
                             STR_ARG(fact->external)),
        .from = arena_printf(work->arena, "provider:" STR_FMT, STR_ARG(fact->provider)),
        .to = account,
        .amount_minor = fact->amount_minor,
        .currency = fact->currency,
        .about = about,
        .at_ms = work->now_ms,
    };
    return ledger_enter(work, &entry, reterr_why);
}

static enum gb_err to_review(struct work *work, struct payment *payment, const char *why) {
    enum gb_err err = payment_review(work, payment, why);
    if (err != GB_OK) {
        return err;
    }
    payment_put(work, payment);
    return GB_REFUSED;
}

/* ---- the four ways ------------------------------------------------------------------------------
 */

static void mark_paid(struct work *work, struct payment *payment, const struct money_fact *fact) {
    if (payment->state == PAYMENT_CREATED) { /* paid before we heard that it can be */
        moves_make(&payment_moves, &payment->state, PAYMENT_PENDING);
    }
    moves_make(&payment_moves, &payment->state, PAYMENT_PAID);
    payment->external = fact->external;
    payment->paid_ms = work->now_ms;
    payment->why = STR_NONE;
    payment_put(work, payment);
}

static void tell_order_paid(struct work *work, const struct payment *payment,
                            const struct order *order) {
    struct notice notice = {
        .kind = NOTICE_ORDER_PAID,
        .user = order->user,
        .about = order->id,
        .extra = payment->id,
    };
    notice_add(work, &notice);
}

/* The money is in the user's account: sell and grant what was frozen in the order. */
static enum gb_err sell(struct work *work, struct payment *payment, const struct money_fact *fact) {
    struct order order;
    enum gb_err err = payment_order(work, payment, &order);
    if (err == GB_OK) {
        err = payment_unlist(work, payment, &order);
    }
    if (err == GB_OK) {
        err = order_sell(work, &order);
    }
    if (err != GB_OK) {
        return err;
    }
    mark_paid(work, payment, fact);
    tell_order_paid(work, payment, &order);
    if (fact->amount_minor > payment->amount_minor) {
        payment_tell(work, payment, NOTICE_MONEY_CREDITED, STR_NONE);
    }
    err = subscription_grant(work, &order);
    order_put(work, &order);
    return err == GB_REFUSED ? GB_OK : err; /* credited at once, and said so */
}

/* Paid already: all of it is the user's. */
static enum gb_err keep_as_balance(struct work *work, const struct payment *payment) {
    payment_tell(work, payment, NOTICE_MONEY_CREDITED, STR_NONE);
    return GB_OK;
}

/* Each such sum is news, also for a payment that is in review already. */
static enum gb_err keep_in_suspense(struct work *work, struct payment *payment, const char *why) {
    if (payment->state == PAYMENT_REVIEW) {
        payment_tell(work, payment, NOTICE_MONEY_IN_REVIEW, str_of(why));
    }
    return to_review(work, payment, why);
}

enum gb_err settle(struct work *work, struct payment *payment, const struct money_fact *fact) {
    gb_assert(str_equal(payment->provider, fact->provider));
    const char *why = fact_fault(fact);
    if (why != NULL) {
        return to_review(work, payment, why);
    }
    enum gb_err err = payment_index(work, payment, fact->external);
    if (err != GB_OK) {
        return err == GB_CONFLICT ? to_review(work, payment, "external") : err;
    }
    bool settled = payment->state == PAYMENT_PAID || payment->state == PAYMENT_REFUNDED;
    const char *fault = settled ? NULL : amount_fault(payment, fact);
    struct str account =
        fault != NULL ? STR("suspense") : ledger_user_account(work->arena, payment->user);
    err = enter_fact(work, fact, account, payment->id, &why);
    if (err != GB_OK) {
        return err == GB_INVALID ? to_review(work, payment, why) : err;
    }
    if (settled) {
        return keep_as_balance(work, payment);
    }
    return fault != NULL ? keep_in_suspense(work, payment, fault) : sell(work, payment, fact);
}

/* ---- Stars --------------------------------------------------------------------------------------
 */

/* Money that belongs to no payment of the payer's: kept where it can be found, a person is told. */
static enum gb_err keep_stray(struct work *work, int64_t user, struct str account, struct str about,
                              const char *extra, const struct money_fact *fact) {
    const char *why = fact_fault(fact);
    enum gb_err err = why != NULL ? GB_INVALID : enter_fact(work, fact, account, about, &why);
    if (err != GB_OK && err != GB_INVALID) {
        return err;
    }
    struct notice notice = {
        .kind = NOTICE_MONEY_IN_REVIEW,
        .user = user,
        .about = about,
        .extra = str_of(err == GB_OK ? extra : why),
    };
    notice_add(work, &notice);
    return err == GB_OK ? GB_OK : GB_REFUSED;
}

enum gb_err settle_stars(struct work *work, int64_t user, struct str payload,
                         const struct money_fact *fact) {
    struct payment payment;
    enum gb_err err = payment_get(work, payload, &payment);
    if (err == GB_NOT_FOUND || (err == GB_OK && !str_equal(payment.provider, fact->provider))) {
        struct str shown = utf8_is_valid(payload) ? utf8_cut(payload, PAYLOAD_SHOWN_MAX) : STR_NONE;
        err = keep_stray(work, user, STR("suspense"), shown, "payload", fact);
        return err == GB_OK ? GB_NOT_FOUND : err;
    }
    if (err != GB_OK) {
        return err;
    }
    if (payment.user != user) {
        return keep_stray(work, user, ledger_user_account(work->arena, user), payment.id, "payer",
                          fact);
    }
    return settle(work, &payment, fact);
}

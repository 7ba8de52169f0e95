/* payment_answers.c: what a payment provider said about a call becomes rows.
 *
 * Nothing is believed but a definite answer about this very payment. Whether money counts is
 * decided in settle.c alone; here only the offer's own end is decided, and when to ask again.
 */
#include "base/arena.h"
#include "pay/pay.h"
#include "shop/orders.h"
#include "shop/payment_steps.h"
#include "shop/payments.h"
#include "shop/polls.h"
#include "shop/settle.h"
#include "state/event.h"
#include "state/notices.h"
#include "state/work.h"

/* Looks that promise little are repeated no faster than this: one that was refused (the provider
 * does not know the payment, or no longer us; it leaves a dead letter each time), and one at a
 * payment that the provider has closed: nobody can be kept from paying too late. */
#define SLOW_LOOK_MS (10 * GB_MINUTE_MS)

/* Is the provider done with the payment, or must it be asked again? */
enum verdict { VERDICT_OPEN, VERDICT_CLOSED, VERDICT_FINAL };

static bool is_live(const struct payment *payment) {
    return payment->state == PAYMENT_CREATED || payment->state == PAYMENT_PENDING;
}

static enum gb_err withdraw_and_tell(struct work *work, struct payment *payment, unsigned to) {
    enum gb_err err = payment_withdraw(work, payment, to);
    if (err == GB_OK) {
        payment_tell(work, payment, NOTICE_INVOICE_EXPIRED, STR_NONE);
    }
    return err;
}

static enum gb_err settle_said(struct work *work, struct payment *payment,
                               const struct pay_fact *said) {
    struct money_fact fact = {
        .provider = payment->provider,
        .external = said->external,
        .amount_minor = said->paid_minor,
        .currency = said->currency,
        .test = said->test,
    };
    enum gb_err err = settle(work, payment, &fact);
    bool decided = err == GB_EXISTS || err == GB_REFUSED;
    return decided ? GB_OK : err;
}

/* The answer must be about this payment, by both ids; a missing one is no match. */
static bool is_about(const struct payment *payment, const struct pay_fact *said) {
    return str_equal(said->external, payment->external) && str_equal(said->payment, payment->id) &&
           said->external.n > 0;
}

static enum gb_err apply_said(struct work *work, struct payment *payment,
                              const struct pay_fact *said, enum verdict *ret_verdict) {
    if (!is_about(payment, said)) {
        bool money = said->status == PAY_PAID;
        *ret_verdict = money ? VERDICT_FINAL : VERDICT_OPEN;
        return money ? payment_review(work, payment, "ids") : GB_OK;
    }
    switch (said->status) {
    case PAY_PAID:
        *ret_verdict = VERDICT_FINAL;
        return settle_said(work, payment, said);
    case PAY_CANCELED:
    case PAY_EXPIRED:
        *ret_verdict = VERDICT_CLOSED;
        return !is_live(payment)
                   ? GB_OK
                   : withdraw_and_tell(work, payment,
                                       said->status == PAY_EXPIRED ? PAYMENT_EXPIRED
                                                                   : PAYMENT_CANCELED);
    case PAY_PENDING:
    case PAY_UNKNOWN:
        break;
    }
    *ret_verdict = VERDICT_OPEN;
    return GB_OK;
}

/* Our offer ends by our clock, whatever the provider allows. */
static enum gb_err end_offer_in_time(struct work *work, struct payment *payment) {
    if (payment->state != PAYMENT_PENDING || work->now_ms < payment->shown_until_ms) {
        return GB_OK;
    }
    return withdraw_and_tell(work, payment, PAYMENT_EXPIRED);
}

/* ---- status -------------------------------------------------------------------------------------
 */

static bool is_unpaid(const struct payment *payment) {
    return payment->state == PAYMENT_PENDING || payment->state == PAYMENT_EXPIRED ||
           payment->state == PAYMENT_CANCELED;
}

/* `heard`: the provider did say something about the payment. */
static enum gb_err look_done(struct work *work, struct payment *payment,
                             const struct outbox_row *row, enum verdict verdict, bool heard) {
    unsigned before = payment->state;
    enum poll_kind kind = poll_kind(work, payment, row);
    enum gb_err err = verdict == VERDICT_OPEN ? end_offer_in_time(work, payment) : GB_OK;
    if (err != GB_OK) {
        return err;
    }
    if (kind == POLL_PRESSED) {
        payment->asked_ms = 0;
        if (heard && is_unpaid(payment) && payment->state == before) {
            payment_tell(work, payment, NOTICE_NOT_PAID_YET, STR_NONE);
        }
    }
    if (kind == POLL_PLANNED && verdict != VERDICT_FINAL && is_unpaid(payment)) {
        poll_next(work, payment, heard && verdict == VERDICT_OPEN ? 0 : SLOW_LOOK_MS);
    }
    payment_put(work, payment);
    return GB_OK;
}

enum gb_err payment_answered_status(struct work *work, const struct event *event) {
    struct payment payment;
    struct pay_fact said;
    enum verdict verdict = VERDICT_OPEN;
    enum gb_err err = payment_get(work, event->row->about, &payment);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_OK : err; /* a row of another life */
    }
    bool heard = event->answer->kind == ANSWER_DONE &&
                 pay_read_said(work->arena, event->answer->said, &said) == GB_OK;
    if (heard) {
        err = apply_said(work, &payment, &said, &verdict);
    }
    return err == GB_OK ? look_done(work, &payment, event->row, verdict, heard) : err;
}

/* ---- create -------------------------------------------------------------------------------------
 */

/* There may be an invoice at the provider, but no link to show: nobody can pay it. */
static enum gb_err create_refused(struct work *work, struct payment *payment,
                                  const struct answer *answer) {
    if (payment->state != PAYMENT_CREATED) {
        return GB_OK; /* the buyer dropped it meanwhile */
    }
    enum gb_err err = payment_withdraw(work, payment, PAYMENT_CANCELED);
    if (err == GB_OK) {
        payment_tell(work, payment, NOTICE_INVOICE_FAILED, str_of(answer->reason));
        payment_put(work, payment);
    }
    return err;
}

static enum gb_err create_unusable(struct work *work, struct payment *payment, const char *why) {
    bool waited = payment->state == PAYMENT_CREATED;
    enum gb_err err = payment_review(work, payment, why);
    if (err == GB_OK) {
        if (waited) {
            payment_tell(work, payment, NOTICE_INVOICE_FAILED, str_of(why));
        }
        payment_put(work, payment);
    }
    return err;
}

/* Take over what the provider made. *ret_why: it cannot be used, static text. */
static enum gb_err take_invoice(struct work *work, struct payment *payment,
                                const struct pay_fact *said, const char **ret_why) {
    if (said->payment.n > 0 && !str_equal(said->payment, payment->id)) {
        *ret_why = "ids";
        return GB_OK;
    }
    if (said->url.n == 0) {
        *ret_why = "no_link";
        return GB_OK;
    }
    enum gb_err err = payment_index(work, payment, said->external);
    if (err == GB_CONFLICT || err == GB_INVALID) {
        *ret_why = "external";
        return GB_OK;
    }
    if (err == GB_OK) {
        payment->external = said->external;
        payment->url = said->url;
    }
    return err;
}

static enum gb_err offer_invoice(struct work *work, struct payment *payment) {
    if (payment->state != PAYMENT_CREATED) {
        payment->offered_ms = work->now_ms; /* dropped before the link came: looked after all */
        return GB_OK;
    }
    struct order order;
    enum gb_err err = payment_order(work, payment, &order);
    if (err == GB_OK) {
        payment_offer(work, payment, &order);
        payment_tell(work, payment, NOTICE_INVOICE_READY, STR_NONE);
    }
    return err;
}

static enum gb_err create_done(struct work *work, struct payment *payment,
                               const struct pay_fact *said) {
    const char *why = NULL;
    enum gb_err err = take_invoice(work, payment, said, &why);
    if (err == GB_OK && why != NULL) {
        return create_unusable(work, payment, why);
    }
    if (err == GB_OK) {
        err = offer_invoice(work, payment);
    }
    enum verdict verdict = VERDICT_OPEN;
    if (err == GB_OK && said->status != PAY_PENDING) {
        err = apply_said(work, payment, said, &verdict);
    }
    if (err != GB_OK) {
        return err;
    }
    if (verdict != VERDICT_FINAL && is_unpaid(payment)) {
        poll_next(work, payment, verdict == VERDICT_OPEN ? 0 : SLOW_LOOK_MS);
    }
    payment_put(work, payment);
    return GB_OK;
}

enum gb_err payment_answered_create(struct work *work, const struct event *event) {
    struct payment payment;
    struct pay_fact said;
    enum gb_err err = payment_get(work, event->row->about, &payment);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_OK : err;
    }
    if (payment.external.n > 0) {
        return GB_OK; /* answered before */
    }
    if (event->answer->kind != ANSWER_DONE) {
        return create_refused(work, &payment, event->answer);
    }
    if (pay_read_said(work->arena, event->answer->said, &said) != GB_OK) {
        return create_unusable(work, &payment, "no_link");
    }
    return create_done(work, &payment, &said);
}

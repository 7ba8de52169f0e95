/* payments.h: a payment's life, from the wish to the money.
 *
 *   created -> pending -> paid -> refunded         expired, canceled -> paid: late money counts
 *      |          |-> canceled | expired           any -> review: a person must look
 *
 * The intent and the exact request body are stored before the first call. Only settle.c moves a
 * payment to paid. `expired` means that our offer is over or the provider closed it: in the first
 * case the provider is still asked, by the plan in polls.h.
 */
#ifndef SHOP_PAYMENTS_H
#define SHOP_PAYMENTS_H

#include "base/base.h"
#include "base/moves.h"

struct answer;
struct event;
struct order;
struct work;

enum payment_state {
    PAYMENT_CREATED,
    PAYMENT_PENDING,
    PAYMENT_PAID,
    PAYMENT_CANCELED,
    PAYMENT_EXPIRED,
    PAYMENT_REFUNDED,
    PAYMENT_REVIEW,
};
extern const struct moves payment_moves;

struct payment {
    struct str id; /* ours; payload of a Stars invoice */
    struct str order;
    int64_t user;
    struct str provider; /* "stars", "test" */
    unsigned state;      /* enum payment_state */
    int64_t amount_minor;
    struct str currency;
    struct str external; /* the provider's id, once known */
    struct str url;      /* where to pay, once known */
    struct str body;     /* request of create, as stored before the call */
    int64_t created_ms;
    int64_t offered_ms;     /* since when it can be paid; 0: not yet */
    int64_t shown_until_ms; /* offered until then; money is honoured later too */
    int64_t polls;          /* looks asked for by plan so far: the number of the newest */
    int64_t asked_ms;       /* "I have paid" waits for its look since then; 0: no */
    int64_t paid_ms;
    int64_t message_id; /* the living message that shows the invoice; 0: none */
    struct str why;     /* of review */
    int64_t tidy_ms;    /* closed: when what it no longer needs may go; 1: it is gone */
};

/* One row of the table of ways to pay. */
struct provider {
    const char *name;     /* "stars" */
    const char *text_key; /* button */
    bool stars;           /* currency XTR, paid inside Telegram: no create call, no lane */
    const char *lane;     /* "pay:test" */
};
/* Ways switched on in the config and able to sell this order's tariff; count by *ret_count. */
struct tariff;
void provider_list(const struct work *work, const struct tariff *tariff,
                   const struct provider *ret_providers[4], size_t *ret_count);
const struct provider *provider_find(const struct work *work, struct str name); /* NULL: off */

/* A payment for this user, tariff, place (a location, or a subscription to renew: renewals.h), way.
 * A live one (same choice, still shown, not older prices) is returned again with GB_EXISTS: double
 * presses are free of effect. Otherwise order and payment are made, price, days and traffic frozen,
 * the intent stored (created, with its row in the lane; Stars: pending at once) and GB_OK.
 * GB_NOT_FOUND: no longer for sale that way. GB_LATER: location full. GB_REFUSED: too many in a
 * row. */
enum gb_err payment_start(struct work *work, int64_t user, struct str tariff, struct str place,
                          struct str provider, struct payment *ret_payment) GB_MUST_USE;
enum gb_err payment_get(struct work *work, struct str id, struct payment *ret) GB_MUST_USE;
void payment_put(struct work *work, const struct payment *payment);

/* Drop what closed payments no longer need, of at most `limit` that are due; the payments stay.
 * *ret_seen: how many were looked at. The store's error. */
enum gb_err payments_tidy(struct work *work, size_t limit, size_t *ret_seen,
                          int64_t *ret_tidied) GB_MUST_USE;

/* "I have paid" was pressed: ask the provider now. `user` must own it, else GB_NOT_FOUND. */
enum gb_err payment_check_now(struct work *work, int64_t user, struct str id,
                              struct payment *ret_payment) GB_MUST_USE;
/* "Cancel": no longer shown; money that comes all the same is honoured. */
enum gb_err payment_cancel(struct work *work, int64_t user, struct str id,
                           struct payment *ret_payment) GB_MUST_USE;

/* May this Stars invoice be paid? GB_OK, or GB_REFUSED with a text key for the buyer. */
enum gb_err payment_pre_checkout(struct work *work, int64_t user, struct str payload,
                                 struct str currency, int64_t amount_minor,
                                 const char **reterr_text_key) GB_MUST_USE;

/* Answers of the pay lanes ("pay.create", "pay.status"): handler_fn. */
enum gb_err payment_answered_create(struct work *work, const struct event *event) GB_MUST_USE;
enum gb_err payment_answered_status(struct work *work, const struct event *event) GB_MUST_USE;

#endif

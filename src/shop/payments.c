#include "shop/payments.h"

#include "base/arena.h"
#include "shop/catalog.h"
#include "shop/fields.h"
#include "shop/orders.h"
#include "shop/payment_steps.h"
#include "shop/records.h"
#include "shop/renewals.h"
#include "state/notices.h"
#include "state/work.h"

#define EXTERNAL_BYTES_MAX 256

static const struct move states[] = {
    [PAYMENT_CREATED] = {"created", MOVE_TO(PAYMENT_PENDING) | MOVE_TO(PAYMENT_CANCELED) |
                                        MOVE_TO(PAYMENT_REVIEW)},
    [PAYMENT_PENDING] = {"pending", MOVE_TO(PAYMENT_PAID) | MOVE_TO(PAYMENT_CANCELED) |
                                        MOVE_TO(PAYMENT_EXPIRED) | MOVE_TO(PAYMENT_REVIEW)},
    [PAYMENT_PAID] = {"paid", MOVE_TO(PAYMENT_REFUNDED) | MOVE_TO(PAYMENT_REVIEW)},
    [PAYMENT_CANCELED] = {"canceled", MOVE_TO(PAYMENT_PAID) | MOVE_TO(PAYMENT_REVIEW)},
    [PAYMENT_EXPIRED] = {"expired", MOVE_TO(PAYMENT_PAID) | MOVE_TO(PAYMENT_REVIEW)},
    [PAYMENT_REFUNDED] = {"refunded", MOVE_TO(PAYMENT_REVIEW)},
    [PAYMENT_REVIEW] = {"review", MOVE_TO(PAYMENT_PAID) | MOVE_TO(PAYMENT_CANCELED) |
                                      MOVE_TO(PAYMENT_REFUNDED)},
};
const struct moves payment_moves = {"payment", states, GB_COUNT(states)};

static const struct field fields[] = {
    FIELD_TEXT(payment, id),
    FIELD_TEXT(payment, order),
    FIELD_INT(payment, user),
    FIELD_TEXT(payment, provider),
    FIELD_MOVE(payment, state, payment_moves),
    FIELD_INT(payment, amount_minor),
    FIELD_TEXT(payment, currency),
    FIELD_TEXT(payment, external),
    FIELD_TEXT(payment, url),
    FIELD_TEXT(payment, body),
    FIELD_INT(payment, created_ms),
    FIELD_INT(payment, offered_ms),
    FIELD_INT(payment, shown_until_ms),
    FIELD_INT(payment, polls),
    FIELD_INT(payment, asked_ms),
    FIELD_INT(payment, paid_ms),
    FIELD_INT(payment, message_id),
    FIELD_TEXT(payment, why),
    FIELD_INT(payment, tidy_ms),
};
const struct record payment_record = RECORD(TABLE_PAYMENTS, payment, fields);

enum gb_err payment_get(struct work *work, struct str id, struct payment *ret) {
    return record_get(work, &payment_record, id, ret);
}

void payment_put(struct work *work, const struct payment *payment) {
    struct payment row = *payment;
    payment_tidy_later(work, &row);
    record_put(work, &payment_record, payment->id, &row);
}

/* ---- ways to pay --------------------------------------------------------------------------------
 */

static const struct provider providers[] = {
    {.name = "stars", .text_key = "way.stars", .stars = true},
    {.name = "test", .text_key = "way.test", .lane = "pay:test"},
};

static bool provider_is_on(const struct work *work, const struct provider *provider) {
    return provider->stars ? work->config->stars.enabled : work->config->pay_test.enabled;
}

int64_t provider_price_minor(const struct provider *provider, const struct tariff *tariff) {
    return provider->stars ? tariff->stars : tariff->price_minor;
}

const struct provider *provider_named(struct str name) {
    for (size_t i = 0; i < GB_COUNT(providers); i++) {
        if (str_is(name, providers[i].name)) {
            return &providers[i];
        }
    }
    return NULL;
}

const struct provider *provider_find(const struct work *work, struct str name) {
    const struct provider *provider = provider_named(name);
    return provider != NULL && provider_is_on(work, provider) ? provider : NULL;
}

void provider_list(const struct work *work, const struct tariff *tariff,
                   const struct provider *ret_providers[4], size_t *ret_count) {
    *ret_count = 0;
    for (size_t i = 0; i < GB_COUNT(providers); i++) {
        if (provider_is_on(work, &providers[i]) &&
            provider_price_minor(&providers[i], tariff) > 0) {
            ret_providers[(*ret_count)++] = &providers[i];
        }
    }
}

/* ---- what all files about payments share --------------------------------------------------------
 */

struct str payment_open_key(struct work *work, int64_t user, struct str tariff, struct str place,
                            struct str provider) {
    return arena_printf(work->arena, "%" PRId64 "/" STR_FMT "/" STR_FMT "/" STR_FMT, user,
                        STR_ARG(tariff), STR_ARG(place), STR_ARG(provider));
}

enum gb_err payment_unlist(struct work *work, const struct payment *payment,
                           const struct order *order) {
    struct str key = payment_open_key(work, payment->user, order->tariff,
                                      order_place(work->arena, order), payment->provider);
    struct str live;
    enum gb_err err = tx_get(work->tx, TABLE_OPEN_PAYMENTS, key, &live);
    if (err == GB_OK && str_equal(live, payment->id)) {
        tx_del(work->tx, TABLE_OPEN_PAYMENTS, key);
    }
    return err == GB_NOT_FOUND ? GB_OK : err;
}

/* The row goes by itself when the offer is over; which payment is live, its own row decides. */
void payment_list(struct work *work, const struct payment *payment, const struct order *order) {
    tx_put(work->tx, TABLE_OPEN_PAYMENTS,
           payment_open_key(work, payment->user, order->tariff, order_place(work->arena, order),
                            payment->provider),
           payment->id, payment->shown_until_ms);
}

enum gb_err payment_order(struct work *work, const struct payment *payment, struct order *ret) {
    enum gb_err err = order_get(work, payment->order, ret);
    return err == GB_NOT_FOUND ? GB_DAMAGED : err;
}

enum gb_err payment_withdraw(struct work *work, struct payment *payment, unsigned to) {
    struct order order;
    enum gb_err err = payment_order(work, payment, &order);
    if (err == GB_OK) {
        err = payment_unlist(work, payment, &order);
    }
    if (err != GB_OK) {
        return err;
    }
    moves_make(&payment_moves, &payment->state, to);
    moves_make(&order_moves, &order.state, ORDER_CANCELED);
    order_put(work, &order);
    return GB_OK;
}

void payment_offer(struct work *work, struct payment *payment, const struct order *order) {
    moves_make(&payment_moves, &payment->state, PAYMENT_PENDING);
    payment->offered_ms = work->now_ms;
    payment->shown_until_ms = work->now_ms + work->config->shop.invoice_ms;
    payment_list(work, payment, order);
}

enum gb_err payment_review(struct work *work, struct payment *payment, const char *why) {
    bool settled = payment->state == PAYMENT_PAID || payment->state == PAYMENT_REFUNDED;
    if (settled || payment->state == PAYMENT_REVIEW) {
        return GB_OK;
    }
    struct order order;
    enum gb_err err = payment_order(work, payment, &order);
    if (err == GB_OK) {
        err = payment_unlist(work, payment, &order);
    }
    if (err != GB_OK) {
        return err;
    }
    moves_make(&payment_moves, &payment->state, PAYMENT_REVIEW);
    payment->why = str_of(why);
    payment_tell(work, payment, NOTICE_MONEY_IN_REVIEW, payment->why);
    return GB_OK;
}

void payment_tell(struct work *work, const struct payment *payment, enum notice_kind kind,
                  struct str extra) {
    struct notice notice = {
        .kind = kind,
        .user = payment->user,
        .about = payment->id,
        .extra = extra,
    };
    notice_add(work, &notice);
}

bool external_is_fit(struct str external) {
    for (size_t i = 0; i < external.n; i++) {
        if (external.p[i] <= ' ' || external.p[i] > '~') {
            return false;
        }
    }
    return external.n > 0 && external.n <= EXTERNAL_BYTES_MAX;
}

enum gb_err payment_index(struct work *work, const struct payment *payment, struct str external) {
    if (!external_is_fit(external)) {
        return GB_INVALID;
    }
    struct str key = arena_printf(work->arena, STR_FMT ":" STR_FMT, STR_ARG(payment->provider),
                                  STR_ARG(external));
    struct str whose;
    enum gb_err err = tx_get(work->tx, TABLE_EXTERNALS, key, &whose);
    if (err == GB_NOT_FOUND) {
        tx_put(work->tx, TABLE_EXTERNALS, key, payment->id, STORE_NEVER);
        return GB_OK;
    }
    if (err != GB_OK) {
        return err;
    }
    return str_equal(whose, payment->id) ? GB_OK : GB_CONFLICT;
}

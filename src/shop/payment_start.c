/* payment_start.c: what people do with payments: start one, ask about it, drop it, check out.
 *
 * The price, days and traffic are frozen here. A press never moves money: it only asks.
 */
#include "base/arena.h"
#include "pay/pay.h"
#include "shop/catalog.h"
#include "shop/orders.h"
#include "shop/payment_steps.h"
#include "shop/payments.h"
#include "shop/polls.h"
#include "shop/renewals.h"
#include "shop/users.h"
#include "state/limits.h"
#include "state/outbox.h"
#include "state/work.h"

#define ID_LENGTH 12
/* A Stars invoice stays in the chat with its button: who pressed it in time may pay a little late.
 */
#define CHECKOUT_GRACE_MS (5 * GB_MINUTE_MS)

struct choice {
    int64_t user;
    struct tariff tariff;
    struct location location;
    struct str place, renews; /* renewals.h */
    const struct provider *provider;
};

/* GB_NOT_FOUND: not for sale that way. */
static enum gb_err choice_read(struct work *work, struct str tariff, struct str provider,
                               struct choice *choice) {
    struct str location;
    enum gb_err err = tariff_get(work, tariff, &choice->tariff);
    if (err == GB_OK) {
        err = place_read(work, choice->user, choice->place, &location, &choice->renews);
    }
    if (err == GB_OK) {
        err = location_get(work, location, &choice->location);
    }
    if (err != GB_OK) {
        return err;
    }
    choice->provider = provider_find(work, provider);
    bool sold = choice->provider != NULL &&
                provider_price_minor(choice->provider, &choice->tariff) > 0 &&
                (!choice->location.hidden || choice->renews.n > 0) &&
                tariff_is_sold_in(&choice->tariff, choice->location.id);
    return sold ? GB_OK : GB_NOT_FOUND;
}

/* Is this what the choice would make today, and can it still be paid? */
static bool still_offers(const struct work *work, const struct choice *choice,
                         const struct payment *payment, const struct order *order) {
    bool open = payment->state == PAYMENT_CREATED || payment->state == PAYMENT_PENDING;
    return open && work->now_ms < payment->shown_until_ms && payment->user == choice->user &&
           payment->amount_minor == provider_price_minor(choice->provider, &choice->tariff) &&
           order->days == choice->tariff.days && order->traffic_gb == choice->tariff.traffic_gb;
}

/* GB_NOT_FOUND: none. */
static enum gb_err live_payment(struct work *work, const struct choice *choice,
                                struct payment *ret_payment) {
    struct str id;
    struct payment payment;
    struct order order;
    enum gb_err err = tx_get(work->tx, TABLE_OPEN_PAYMENTS,
                             payment_open_key(work, choice->user, choice->tariff.id, choice->place,
                                              str_of(choice->provider->name)),
                             &id);
    if (err == GB_OK) {
        err = payment_get(work, id, &payment);
    }
    if (err == GB_OK) {
        err = payment_order(work, &payment, &order);
    }
    if (err != GB_OK) {
        return err;
    }
    if (!still_offers(work, choice, &payment, &order)) {
        return GB_NOT_FOUND;
    }
    *ret_payment = payment;
    return GB_OK;
}

static struct order make_order(struct work *work, const struct choice *choice) {
    return (struct order){
        .id = rng_id(work->rng, work->arena, ID_LENGTH),
        .user = choice->user,
        .tariff = choice->tariff.id,
        .location = choice->location.id,
        .renews = choice->renews,
        .days = choice->tariff.days,
        .traffic_gb = choice->tariff.traffic_gb,
        .price_minor = provider_price_minor(choice->provider, &choice->tariff),
        .currency = choice->provider->stars ? STR("XTR") : work->config->shop.currency,
        .state = ORDER_CREATED,
        .created_ms = work->now_ms,
    };
}

static struct payment make_payment(struct work *work, const struct choice *choice,
                                   const struct order *order) {
    return (struct payment){
        .id = rng_id(work->rng, work->arena, ID_LENGTH),
        .order = order->id,
        .user = order->user,
        .provider = str_of(choice->provider->name),
        .state = PAYMENT_CREATED,
        .amount_minor = order->price_minor,
        .currency = order->currency,
        .created_ms = work->now_ms,
        .shown_until_ms = work->now_ms + work->config->shop.invoice_ms,
    };
}

/* What the provider's page shows. */
static struct str description(struct work *work, const struct choice *choice) {
    bool english = work->config->shop.language == LANGUAGE_EN;
    struct str tariff =
        english && choice->tariff.name_en.n > 0 ? choice->tariff.name_en : choice->tariff.name;
    struct buf buf;
    buf_init(&buf, work->arena, 4096);
    buf_add(&buf, work->config->shop.name);
    buf_add_text(&buf, ": ");
    buf_add(&buf, location_name(&choice->location, english));
    if (tariff.n > 0) {
        buf_add_text(&buf, ", ");
        buf_add(&buf, tariff);
    }
    return buf_str(&buf);
}

/* The intent: the exact body is stored with the payment before the first call, and the row that
 * makes it. Without a link nobody can have paid, so it need not be tried for longer than shown. */
static void ask_create(struct work *work, const struct choice *choice, struct payment *payment) {
    struct pay_create create = {
        .payment = payment->id,
        .amount_minor = payment->amount_minor,
        .currency = payment->currency,
        .description = description(work, choice),
        .return_url = STR("https://t.me/"),
    };
    payment->body = pay_create_body(work->arena, &create);
    struct outbox_row row = {
        .lane = str_of(choice->provider->lane),
        .kind = STR("create"),
        .key = arena_printf(work->arena, "pay-" STR_FMT "-1", STR_ARG(payment->id)),
        .body = payment->body,
        .queue = payment->id,
        .then = STR("pay.create"),
        .about = payment->id,
        .again = OUTBOX_SAFE,
        .give_up_ms = payment->shown_until_ms,
    };
    outbox_add(work, &row);
}

/* Who renews has a place. GB_LATER: the location is full. */
static enum gb_err find_room(struct work *work, struct str location, struct str renews) {
    struct server server;
    if (renews.n > 0) {
        return GB_OK;
    }
    enum gb_err err = catalog_pick_server(work, location, &server);
    return err == GB_NOT_FOUND ? GB_LATER : err;
}

enum gb_err payment_start(struct work *work, int64_t user, struct str tariff, struct str place,
                          struct str provider, struct payment *ret_payment) {
    struct choice choice = {.user = user, .place = place};
    enum gb_err err = choice_read(work, tariff, provider, &choice);
    if (err != GB_OK) {
        return err;
    }
    err = live_payment(work, &choice, ret_payment);
    if (err != GB_NOT_FOUND) {
        return err == GB_OK ? GB_EXISTS : err;
    }
    err = find_room(work, choice.location.id, choice.renews);
    if (err != GB_OK) {
        return err;
    }
    err = limit_take(work, LIMIT_PAYMENTS, user, user_is_admin(work, user), NULL);
    if (err != GB_OK) {
        return err == GB_LATER ? GB_REFUSED : err;
    }
    struct order order = make_order(work, &choice);
    struct payment payment = make_payment(work, &choice, &order);
    if (choice.provider->stars) {
        payment_offer(work, &payment, &order);
    } else {
        payment_list(work, &payment, &order);
        ask_create(work, &choice, &payment);
    }
    order_put(work, &order);
    payment_put(work, &payment);
    *ret_payment = payment;
    return GB_OK;
}

/* ---- presses ------------------------------------------------------------------------------------
 */

static enum gb_err own_payment(struct work *work, int64_t user, struct str id,
                               struct payment *ret) {
    enum gb_err err = payment_get(work, id, ret);
    return err == GB_OK && ret->user != user ? GB_NOT_FOUND : err;
}

enum gb_err payment_check_now(struct work *work, int64_t user, struct str id,
                              struct payment *ret_payment) {
    struct payment payment;
    enum gb_err err = own_payment(work, user, id, &payment);
    if (err != GB_OK) {
        return err;
    }
    bool open = payment.state == PAYMENT_PENDING || payment.state == PAYMENT_EXPIRED ||
                payment.state == PAYMENT_CANCELED;
    const struct provider *provider = provider_named(payment.provider);
    bool can_ask = provider != NULL && provider->lane != NULL && payment.external.n > 0;
    if (open && can_ask && poll_now(work, &payment)) {
        payment_put(work, &payment);
    }
    *ret_payment = payment;
    return GB_OK;
}

enum gb_err payment_cancel(struct work *work, int64_t user, struct str id,
                           struct payment *ret_payment) {
    struct payment payment;
    enum gb_err err = own_payment(work, user, id, &payment);
    if (err != GB_OK) {
        return err;
    }
    if (payment.state == PAYMENT_CREATED || payment.state == PAYMENT_PENDING) {
        err = payment_withdraw(work, &payment, PAYMENT_CANCELED);
        if (err != GB_OK) {
            return err;
        }
        payment_put(work, &payment);
    }
    *ret_payment = payment;
    return GB_OK;
}

/* ---- Stars: the last moment to say no -----------------------------------------------------------
 */

static const char *checkout_fault(const struct work *work, int64_t user,
                                  const struct payment *payment, struct str currency,
                                  int64_t amount_minor) {
    if (payment->user != user || !str_is(payment->provider, "stars")) {
        return "pay_refused_old";
    }
    if (payment->state == PAYMENT_PAID || payment->state == PAYMENT_REFUNDED) {
        return "pay_refused_paid";
    }
    if (payment->state != PAYMENT_PENDING ||
        work->now_ms >= payment->shown_until_ms + CHECKOUT_GRACE_MS) {
        return "pay_refused_old";
    }
    if (!str_equal(currency, payment->currency) || amount_minor != payment->amount_minor) {
        return "pay_refused_price";
    }
    return NULL;
}

static enum gb_err refuse(const char *text_key, const char **reterr_text_key) {
    *reterr_text_key = text_key;
    return GB_REFUSED;
}

enum gb_err payment_pre_checkout(struct work *work, int64_t user, struct str payload,
                                 struct str currency, int64_t amount_minor,
                                 const char **reterr_text_key) {
    struct payment payment;
    struct order order;
    enum gb_err err = payment_get(work, payload, &payment);
    if (err == GB_NOT_FOUND) {
        return refuse("pay_refused_old", reterr_text_key);
    }
    if (err != GB_OK) {
        return err;
    }
    const char *fault = checkout_fault(work, user, &payment, currency, amount_minor);
    if (fault != NULL) {
        return refuse(fault, reterr_text_key);
    }
    err = payment_order(work, &payment, &order);
    if (err != GB_OK) {
        return err;
    }
    err = find_room(work, order.location, order.renews);
    return err == GB_LATER ? refuse("pay_refused_full", reterr_text_key) : err;
}

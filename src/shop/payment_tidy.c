/* payment_tidy.c: what a closed payment no longer needs goes after a while, by an index in due
 * order: the request it was made with, the link to pay. What was paid, when and for what stays.
 */
#include "shop/payment_steps.h"

#include "base/arena.h"
#include "base/num.h"
#include "shop/payments.h"
#include "state/keys.h"
#include "state/work.h"

#define KEPT_MS   (14 * GB_DAY_MS) /* late money may still come, and questions */
#define TIDIED    1
#define HEX_BYTES 16

static bool is_closed(const struct payment *payment) {
    switch ((enum payment_state)payment->state) {
    case PAYMENT_PAID:
    case PAYMENT_CANCELED:
    case PAYMENT_EXPIRED:
    case PAYMENT_REFUNDED:
        return true;
    case PAYMENT_CREATED:
    case PAYMENT_PENDING:
    case PAYMENT_REVIEW:
        break;
    }
    return false;
}

struct str payment_tidy_place(struct work *work, int64_t ms, struct str id) {
    struct buf key;
    buf_init(&key, work->arena, STORE_KEY_MAX);
    buf_add_hex64(&key, (uint64_t)ms);
    buf_add_char(&key, '/');
    buf_add(&key, id);
    gb_assert(!key.failed);
    return buf_str(&key);
}

void payment_tidy_later(struct work *work, struct payment *payment) {
    if (payment->tidy_ms == 0 && is_closed(payment)) {
        payment->tidy_ms = work->now_ms + KEPT_MS;
        tx_put(work->tx, TABLE_PAYMENTS_DONE,
               payment_tidy_place(work, payment->tidy_ms, payment->id), STR("1"), STORE_NEVER);
    }
}

/* One that is open again goes without, and gets another place when it closes. */
static enum gb_err tidy(struct work *work, struct str id, int64_t *tidied) {
    struct payment payment;
    enum gb_err err = payment_get(work, id, &payment);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND || err == GB_DAMAGED ? GB_OK : err;
    }
    payment.tidy_ms = 0;
    if (is_closed(&payment)) {
        payment.tidy_ms = TIDIED;
        payment.body = payment.url = STR_NONE;
        payment.message_id = 0;
        (*tidied)++;
    }
    payment_put(work, &payment);
    return GB_OK;
}

enum gb_err payments_tidy(struct work *work, size_t limit, size_t *ret_seen, int64_t *ret_tidied) {
    struct keys places;
    struct str until = payment_tidy_place(work, work->now_ms + 1, STR_NONE);
    enum gb_err err = keys_scan(work, TABLE_PAYMENTS_DONE, STR("0"), until, limit, &places);
    *ret_tidied = 0;
    for (size_t i = 0; err == GB_OK && i < places.count; i++) {
        struct str id = str_sub(places.items[i], HEX_BYTES + 1, places.items[i].n);
        err = id.n > 0 ? tidy(work, id, ret_tidied) : GB_OK;
        tx_del(work->tx, TABLE_PAYMENTS_DONE, places.items[i]);
    }
    *ret_seen = places.count;
    return err;
}

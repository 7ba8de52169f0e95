#include "shop/polls.h"

#include "base/arena.h"
#include "pay/pay.h"
#include "shop/payment_steps.h"
#include "shop/payments.h"
#include "state/outbox.h"
#include "state/work.h"

/* A press whose look was lost (its answer went to the quarantine) can be repeated after this. */
#define PRESS_LOST_MS GB_HOUR_MS

static const struct {
    int64_t age_ms, every_ms;
} plan[] = {
    {2 * GB_MINUTE_MS, 10 * GB_SECOND_MS}, {15 * GB_MINUTE_MS, 30 * GB_SECOND_MS},
    {65 * GB_MINUTE_MS, GB_MINUTE_MS},     {GB_DAY_MS, 10 * GB_MINUTE_MS},
    {POLL_AGE_MS_MAX, GB_DAY_MS},
};

/* 0: no more. */
static int64_t interval_ms(const struct payment *payment, int64_t now_ms) {
    int64_t age_ms = now_ms - payment->offered_ms;
    for (size_t i = 0; i < GB_COUNT(plan); i++) {
        if (age_ms < plan[i].age_ms) {
            return plan[i].every_ms;
        }
    }
    return payment->shown_until_ms > now_ms ? GB_DAY_MS : 0;
}

static struct str planned_key(struct work *work, const struct payment *payment) {
    return arena_printf(work->arena, "pay-" STR_FMT "-poll-%" PRId64, STR_ARG(payment->id),
                        payment->polls);
}

static struct str pressed_key(struct work *work, const struct payment *payment) {
    return arena_printf(work->arena, "pay-" STR_FMT "-check", STR_ARG(payment->id));
}

static void add_row(struct work *work, const struct payment *payment, struct str key,
                    int64_t due_ms) {
    const struct provider *provider = provider_named(payment->provider);
    gb_assert(provider != NULL && provider->lane != NULL);
    struct outbox_row row = {
        .lane = str_of(provider->lane),
        .kind = STR("status"),
        .key = key,
        .body = pay_status_body(work->arena, payment->external, payment->id),
        .queue = payment->id,
        .then = STR("pay.status"),
        .about = payment->id,
        .again = OUTBOX_SAFE,
        .due_ms = due_ms,
    };
    outbox_add(work, &row);
}

void poll_next(struct work *work, struct payment *payment, int64_t least_ms) {
    int64_t every_ms = interval_ms(payment, work->now_ms);
    if (every_ms == 0) {
        return;
    }
    int64_t wait_ms = GB_MAX(every_ms, least_ms);
    wait_ms = wait_ms / 100 * (90 + (int64_t)rng_below(work->rng, 21));
    int64_t due_ms = work->now_ms + wait_ms;
    if (payment->state == PAYMENT_PENDING && payment->shown_until_ms > work->now_ms) {
        due_ms = GB_MIN(due_ms, payment->shown_until_ms);
    }
    payment->polls++;
    add_row(work, payment, planned_key(work, payment), due_ms);
}

bool poll_now(struct work *work, struct payment *payment) {
    if (payment->asked_ms != 0 && work->now_ms < payment->asked_ms + PRESS_LOST_MS) {
        return false;
    }
    payment->asked_ms = work->now_ms;
    add_row(work, payment, pressed_key(work, payment), work->now_ms);
    return true;
}

enum poll_kind poll_kind(struct work *work, const struct payment *payment,
                         const struct outbox_row *row) {
    if (str_equal(row->key, planned_key(work, payment))) {
        return POLL_PLANNED;
    }
    bool pressed = payment->asked_ms != 0 && str_equal(row->key, pressed_key(work, payment));
    return pressed ? POLL_PRESSED : POLL_STRAY;
}

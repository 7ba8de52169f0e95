/* expiry.c: the end: switched off at once, warned, then removed from the panel. Nobody is removed
 * who was not warned a day before, however long the shop was away.
 */
#include "shop/due_inside.h"
#include "shop/subscriptions.h"
#include "state/notices.h"
#include "state/work.h"

#define WARNED_MS_MIN GB_DAY_MS

int64_t due_removed_ms(const struct work *work, const struct subscription *subscription) {
    int64_t at_ms = subscription->target_expires_ms + work->config->expiry.grace_ms;
    int64_t told_ms = GB_MAX(subscription->warned_ms, subscription->ended_ms);
    return GB_MAX(at_ms, told_ms + WARNED_MS_MIN);
}

/* The warning that is due, or comes next: *ret_days before it is removed. 0: none is left. */
static int64_t warning_at(const struct work *work, const struct zone *zone,
                          const struct subscription *subscription, int64_t *ret_days) {
    const struct int64_list *warnings = &work->config->expiry.warnings;
    int64_t end_ms = due_removed_ms(work, subscription), next_ms = 0, due_ms = 0;
    for (size_t i = 0; i < warnings->count; i++) {
        int64_t days = warnings->items[i];
        int64_t at_ms = remind_hour_ms(work, zone, end_ms, days);
        bool told = subscription->grace_told != 0 && days + 1 >= subscription->grace_told;
        if (told || at_ms >= end_ms || at_ms <= subscription->ended_ms) {
            continue;
        }
        if (at_ms <= work->now_ms && (due_ms == 0 || days < *ret_days)) {
            due_ms = at_ms;
            *ret_days = days;
        } else if (at_ms > work->now_ms && (next_ms == 0 || at_ms < next_ms)) {
            next_ms = at_ms;
        }
    }
    return due_ms != 0 ? due_ms : next_ms;
}

int64_t expiry_at(const struct work *work, const struct zone *zone,
                  const struct subscription *subscription) {
    int64_t days = 0;
    switch ((enum subscription_state)subscription->state) {
    case SUBSCRIPTION_ACTIVE:
        return subscription->target_expires_ms;
    case SUBSCRIPTION_ENDED: {
        int64_t warning_ms = warning_at(work, zone, subscription, &days);
        return warning_ms != 0 ? warning_ms : due_removed_ms(work, subscription);
    }
    case SUBSCRIPTION_WAITING:
    case SUBSCRIPTION_REFUSED:
    case SUBSCRIPTION_REMOVED:
        break;
    }
    return 0;
}

static void warn(struct work *work, struct subscription *subscription, int64_t days) {
    subscription->grace_told = days + 1;
    subscription->warned_ms = work->now_ms;
    notice_add(work, &(struct notice){
                         .kind = NOTICE_REMOVED_SOON,
                         .user = subscription->user,
                         .about = subscription->id,
                     });
}

enum gb_err expiry_now(struct work *work, const struct zone *zone,
                       struct subscription *subscription, bool *ret_done) {
    int64_t days = 0;
    *ret_done = true;
    if (subscription->state == SUBSCRIPTION_ACTIVE &&
        subscription->target_expires_ms <= work->now_ms) {
        return subscription_end(work, subscription);
    }
    if (subscription->state == SUBSCRIPTION_ENDED) {
        int64_t warning_ms = warning_at(work, zone, subscription, &days);
        if (warning_ms != 0 && warning_ms <= work->now_ms) {
            warn(work, subscription, days);
            return GB_OK;
        }
        if (warning_ms == 0 && due_removed_ms(work, subscription) <= work->now_ms) {
            subscription_remove(work, subscription);
            return GB_OK;
        }
    }
    *ret_done = false;
    return GB_OK;
}

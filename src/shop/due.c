/* due.c: the index of what is due, and the walk along it. */
#include "shop/due.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/cron.h"
#include "base/num.h"
#include "base/zone.h"
#include "shop/due_inside.h"
#include "shop/subscriptions.h"
#include "shop/users.h"
#include "state/keys.h"
#include "state/work.h"

#define HEX_BYTES   16
#define BEGINS_MS   (12 * GB_HOUR_MS)
#define AGAIN_MS    (6 * GB_HOUR_MS) /* what could not be decided */
#define REMIND_HOUR 9                /* where the schedule names none */

static const char *const prefixes[] = {[DUE_CHECK] = "check/", [DUE_REMIND] = "remind/"};

/* ---- when ---------------------------------------------------------------------------------------
 */

struct zone due_zone(const struct work *work, const struct user *user) {
    if (user != NULL && user->has_zone) {
        return zone_fixed((int32_t)user->zone_min * 60);
    }
    return work->zone != NULL ? *work->zone : zone_fixed(0);
}

int64_t remind_hour_ms(const struct work *work, const struct zone *zone, int64_t instant_ms,
                       int64_t days_before) {
    const struct schedule *schedule = &work->config->schedule.subscription_reminders;
    int64_t day = clock_day(instant_ms + zone_offset_s(zone, instant_ms) * GB_SECOND_MS, 0);
    int64_t local_ms = (day - days_before) * GB_DAY_MS, midnight_ms, hour_ms;
    (void)zone_from_local(zone, local_ms, &midnight_ms, NULL);
    if (schedule->kind == SCHEDULE_CRON) {
        return cron_next(&schedule->cron, zone, midnight_ms - 1);
    }
    (void)zone_from_local(zone, local_ms + REMIND_HOUR * GB_HOUR_MS, &hour_ms, NULL);
    return hour_ms;
}

/* ---- the index ----------------------------------------------------------------------------------
 */

struct str due_place(struct work *work, enum due_kind kind, int64_t ms, struct str id) {
    struct buf key;
    buf_init(&key, work->arena, STORE_KEY_MAX);
    buf_add_text(&key, prefixes[kind]);
    buf_add_hex64(&key, (uint64_t)ms);
    buf_add_char(&key, '/');
    buf_add(&key, id);
    gb_assert(!key.failed);
    return buf_str(&key);
}

static bool place_read(enum due_kind kind, struct str key, int64_t *ret_ms, struct str *ret_id) {
    size_t at = strlen(prefixes[kind]) + HEX_BYTES;
    uint64_t ms;
    if (key.n < at + 2 || key.p[at] != '/' ||
        num_hex64(str_sub(key, at - HEX_BYTES, HEX_BYTES), &ms) != GB_OK) {
        return false;
    }
    *ret_ms = (int64_t)ms;
    *ret_id = str_sub(key, at + 1, key.n);
    return true;
}

static void move(struct work *work, enum due_kind kind, const struct subscription *subscription,
                 int64_t *at_ms, int64_t to_ms) {
    if (*at_ms == to_ms) {
        return;
    }
    if (*at_ms != 0) {
        tx_del(work->tx, TABLE_SUBS_DUE, due_place(work, kind, *at_ms, subscription->id));
    }
    if (to_ms != 0) {
        tx_put(work->tx, TABLE_SUBS_DUE, due_place(work, kind, to_ms, subscription->id), STR("1"),
               STORE_NEVER);
    }
    *at_ms = to_ms;
    work->due_changed = true;
}

static enum gb_err person(struct work *work, int64_t id, struct user *user, bool *ret_known) {
    enum gb_err err = user_get(work, id, user);
    *ret_known = err == GB_OK;
    return err == GB_NOT_FOUND || err == GB_DAMAGED ? GB_OK : err;
}

static void plan(struct work *work, const struct zone *zone, struct subscription *subscription) {
    move(work, DUE_CHECK, subscription, &subscription->check_ms,
         expiry_at(work, zone, subscription));
    move(work, DUE_REMIND, subscription, &subscription->remind_ms,
         reminder_at(work, zone, subscription));
}

enum gb_err due_plan(struct work *work, struct subscription *subscription) {
    struct user user;
    bool known;
    enum gb_err err = person(work, subscription->user, &user, &known);
    if (err == GB_OK) {
        struct zone zone = due_zone(work, known ? &user : NULL);
        plan(work, &zone, subscription);
    }
    return err;
}

enum gb_err due_used(struct work *work, struct subscription *subscription) {
    bool is_news =
        subscription->state == SUBSCRIPTION_ACTIVE && reminder_of_traffic(work, subscription);
    return is_news ? due_plan(work, subscription) : GB_OK;
}

enum gb_err due_begin(struct work *work, struct subscription *subscription) {
    struct user user;
    bool known;
    enum gb_err err = person(work, subscription->user, &user, &known);
    if (err == GB_OK) {
        struct zone zone = due_zone(work, known ? &user : NULL);
        subscription->days_told = subscription->traffic_told = subscription->grace_told = 0;
        subscription->warned_ms = subscription->ended_ms = 0;
        subscription->unused_told = subscription->win_back_told = false;
        reminders_begin(work, &zone, subscription, work->now_ms + BEGINS_MS);
        plan(work, &zone, subscription);
    }
    return err;
}

enum gb_err due_plan_user(struct work *work, int64_t user) {
    const struct subscription *list;
    size_t count;
    enum gb_err err = subscription_list(work, user, &list, &count);
    for (size_t i = 0; err == GB_OK && i < count; i++) {
        struct subscription subscription; /* the list may be kept: what is written is read by key */
        err = subscription_get(work, list[i].id, &subscription);
        if (err == GB_OK) {
            err = due_plan(work, &subscription);
        }
        if (err == GB_OK) {
            subscription_put(work, &subscription);
        }
    }
    return err;
}

/* ---- what is due --------------------------------------------------------------------------------
 */

/* The first of a kind, up to that instant. */
static enum gb_err first_places(struct work *work, enum due_kind kind, int64_t until_ms,
                                size_t limit, struct keys *ret_places) {
    return keys_scan(work, TABLE_SUBS_DUE, str_of(prefixes[kind]),
                     due_place(work, kind, until_ms + 1, STR_NONE), limit, ret_places);
}

enum gb_err due_next(struct work *work, enum due_kind kind, int64_t *ret_ms) {
    struct keys places;
    struct str id;
    enum gb_err err = first_places(work, kind, INT64_MAX - 1, 1, &places);
    if (err != GB_OK) {
        return err;
    }
    if (places.count == 0) {
        return GB_NOT_FOUND;
    }
    if (!place_read(kind, places.items[0], ret_ms, &id)) {
        *ret_ms = work->now_ms; /* not one of ours: due_run takes it away */
    }
    return GB_OK;
}

static enum gb_err run_one(struct work *work, enum due_kind kind, struct subscription *subscription,
                           bool *ret_done) {
    struct user user;
    bool known;
    enum gb_err err = person(work, subscription->user, &user, &known);
    if (err != GB_OK) {
        return err;
    }
    struct zone zone = due_zone(work, known ? &user : NULL);
    err = kind == DUE_CHECK
              ? expiry_now(work, &zone, subscription, ret_done)
              : reminder_now(work, &zone, known ? &user : NULL, subscription, ret_done);
    if (err != GB_OK) {
        return err;
    }
    plan(work, &zone, subscription);
    bool still_due = subscription->remind_ms != 0 && subscription->remind_ms <= work->now_ms;
    if (kind == DUE_REMIND && !*ret_done && still_due) {
        int64_t morning_ms = quiet_until_ms(work, &zone, work->now_ms);
        int64_t least_ms = morning_ms > work->now_ms ? morning_ms : work->now_ms + AGAIN_MS;
        move(work, kind, subscription, &subscription->remind_ms,
             GB_MAX(subscription->remind_ms, least_ms));
    }
    subscription_put(work, subscription);
    return GB_OK;
}

enum gb_err due_run(struct work *work, enum due_kind kind, size_t limit,
                    struct due_batch *ret_batch) {
    struct due_batch batch = {0};
    struct keys places;
    enum gb_err err = first_places(work, kind, work->now_ms, limit, &places);
    for (size_t i = 0; err == GB_OK && i < places.count; i++) {
        struct subscription subscription;
        struct str id;
        int64_t ms = 0;
        bool done = false;
        batch.seen++;
        err = place_read(kind, places.items[i], &ms, &id)
                  ? subscription_get(work, id, &subscription)
                  : GB_NOT_FOUND;
        if (err == GB_OK &&
            (kind == DUE_CHECK ? subscription.check_ms : subscription.remind_ms) == ms) {
            err = run_one(work, kind, &subscription, &done);
        } else if (err == GB_OK || err == GB_NOT_FOUND || err == GB_DAMAGED) {
            batch.damaged += err == GB_DAMAGED;
            tx_del(work->tx, TABLE_SUBS_DUE, places.items[i]); /* the subscription's row decides */
            err = GB_OK;
        }
        batch.done += done;
    }
    *ret_batch = batch;
    return err;
}

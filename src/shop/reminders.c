/* reminders.c: what a person is reminded of, and when: each at most once in a period. */
#include "shop/due_inside.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/zone.h"
#include "shop/figures.h"
#include "shop/subscriptions.h"
#include "shop/users.h"
#include "state/notices.h"
#include "state/work.h"

#define GB_BYTES       (INT64_C(1) << 30)
#define TRAFFIC_GB_MAX INT64_C(1000000)
#define FIGURES_MS_MAX GB_DAY_MS /* older, they do not say that somebody never connected */
#define ASK_AGAIN_MS   (6 * GB_HOUR_MS)
#define UNUSED_MS_MAX  (7 * GB_DAY_MS) /* later, nobody is asked any more */

enum kind { DAYS, TRAFFIC, UNUSED, WIN_BACK };

struct reminder {
    enum kind kind;
    int64_t at_ms; /* 0: there is none */
    int64_t value; /* days, percent */
};

int64_t quiet_until_ms(const struct work *work, const struct zone *zone, int64_t instant_ms) {
    int from_min, until_min;
    if (config_quiet(work->config->reminders.quiet, &from_min, &until_min) != GB_OK ||
        from_min == until_min) {
        return instant_ms;
    }
    int64_t local_ms = instant_ms + zone_offset_s(zone, instant_ms) * GB_SECOND_MS;
    int64_t day = clock_day(local_ms, 0);
    int64_t minute = (local_ms - day * GB_DAY_MS) / GB_MINUTE_MS;
    bool over_night = from_min > until_min;
    bool is_quiet = over_night ? minute >= from_min || minute < until_min
                               : minute >= from_min && minute < until_min;
    if (!is_quiet) {
        return instant_ms;
    }
    int64_t end_day = over_night && minute >= from_min ? day + 1 : day, end_ms;
    (void)zone_from_local(zone, end_day * GB_DAY_MS + until_min * GB_MINUTE_MS, &end_ms, NULL);
    return GB_MAX(end_ms, instant_ms);
}

bool due_is_quiet(const struct work *work, const struct user *user) {
    struct zone zone = due_zone(work, user);
    return quiet_until_ms(work, &zone, work->now_ms) > work->now_ms;
}

int64_t due_evening_ms(const struct work *work, const struct user *user) {
    struct zone zone = due_zone(work, user);
    int from_min, until_min;
    if (config_quiet(work->config->reminders.quiet, &from_min, &until_min) != GB_OK ||
        from_min == until_min) {
        return INT64_MAX;
    }
    int64_t now_ms = work->now_ms, evening_ms;
    int64_t day = clock_day(now_ms + zone_offset_s(&zone, now_ms) * GB_SECOND_MS, 0);
    int64_t local_ms = day * GB_DAY_MS + from_min * GB_MINUTE_MS;
    (void)zone_from_local(&zone, local_ms, &evening_ms, NULL);
    if (evening_ms <= now_ms) {
        (void)zone_from_local(&zone, local_ms + GB_DAY_MS, &evening_ms, NULL);
    }
    return evening_ms;
}

/* ---- when --------------------------------------------------------------------------------------
 */

/* Of the days that are due the least, which is the newest; else the one that comes next. */
static struct reminder of_days(const struct work *work, const struct zone *zone,
                               const struct subscription *subscription) {
    const struct int64_list *list = &work->config->reminders.days;
    struct reminder due = {.kind = DAYS}, next = {.kind = DAYS};
    for (size_t i = 0; i < list->count; i++) {
        int64_t days = list->items[i];
        int64_t at_ms = remind_hour_ms(work, zone, subscription->target_expires_ms, days);
        bool told = subscription->days_told != 0 && days + 1 >= subscription->days_told;
        if (told || at_ms >= subscription->target_expires_ms) {
            continue;
        }
        struct reminder this = {DAYS, at_ms, days};
        if (at_ms <= work->now_ms && (due.at_ms == 0 || days < due.value)) {
            due = this;
        } else if (at_ms > work->now_ms && (next.at_ms == 0 || at_ms < next.at_ms)) {
            next = this;
        }
    }
    return due.at_ms != 0 ? due : next;
}

static int64_t percent_used(const struct subscription *subscription) {
    int64_t hundredth = GB_MIN(subscription->traffic_gb, TRAFFIC_GB_MAX) * (GB_BYTES / 100);
    return hundredth > 0 ? subscription->used_bytes / hundredth : 0;
}

/* The highest mark that is passed. */
static struct reminder of_traffic(const struct work *work,
                                  const struct subscription *subscription) {
    const struct int64_list *list = &work->config->reminders.traffic;
    struct reminder due = {.kind = TRAFFIC};
    int64_t used = percent_used(subscription);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] <= used &&
            list->items[i] > GB_MAX(subscription->traffic_told, due.value)) {
            due.at_ms = GB_MAX(subscription->used_at_ms, INT64_C(1));
            due.value = list->items[i];
        }
    }
    return due;
}

bool reminder_of_traffic(const struct work *work, const struct subscription *subscription) {
    return of_traffic(work, subscription).at_ms != 0;
}

/* Only fresh figures say that somebody never came: with older ones it is asked again later. */
static bool figures_are_old(const struct work *work, const struct subscription *subscription) {
    bool late =
        work->now_ms > subscription->starts_ms + work->config->reminders.unused_ms + UNUSED_MS_MAX;
    return !late && (subscription->used_at_ms < work->now_ms - FIGURES_MS_MAX ||
                     subscription->used_at_ms <= subscription->starts_ms);
}

static struct reminder of_unused(const struct work *work, const struct subscription *subscription) {
    int64_t wait_ms = work->config->reminders.unused_ms;
    bool is_used = subscription->used_bytes > 0 || subscription->last_seen_ms > 0;
    struct reminder due = {.kind = UNUSED};
    int64_t at_ms = subscription->starts_ms + wait_ms;
    if (wait_ms > 0 && !subscription->unused_told && !is_used &&
        at_ms < subscription->target_expires_ms) {
        bool must_wait = at_ms <= work->now_ms && figures_are_old(work, subscription);
        due.at_ms = must_wait ? work->now_ms + ASK_AGAIN_MS : at_ms; /* and holds up no other */
    }
    return due;
}

static struct reminder of_win_back(const struct work *work,
                                   const struct subscription *subscription) {
    int64_t wait_ms = work->config->reminders.win_back_ms;
    struct reminder due = {.kind = WIN_BACK};
    if (wait_ms > 0 && !subscription->win_back_told) {
        due.at_ms = subscription->ended_ms + wait_ms;
    }
    return due;
}

static void earlier(struct reminder *first, struct reminder other) {
    if (other.at_ms != 0 && (first->at_ms == 0 || other.at_ms < first->at_ms)) {
        *first = other;
    }
}

static struct reminder next_reminder(const struct work *work, const struct zone *zone,
                                     const struct subscription *subscription) {
    struct reminder first = {.at_ms = 0};
    switch ((enum subscription_state)subscription->state) {
    case SUBSCRIPTION_ACTIVE:
        if (subscription->target_expires_ms > work->now_ms) { /* else the end itself is news */
            first = of_days(work, zone, subscription);
            earlier(&first, of_traffic(work, subscription));
            earlier(&first, of_unused(work, subscription));
        }
        break;
    case SUBSCRIPTION_ENDED:
    case SUBSCRIPTION_REMOVED:
        first = of_win_back(work, subscription);
        break;
    case SUBSCRIPTION_WAITING:
    case SUBSCRIPTION_REFUSED:
        break;
    }
    return first;
}

int64_t reminder_at(const struct work *work, const struct zone *zone,
                    const struct subscription *subscription) {
    return next_reminder(work, zone, subscription).at_ms;
}

void reminders_begin(struct work *work, const struct zone *zone, struct subscription *subscription,
                     int64_t until_ms) {
    const struct int64_list *list = &work->config->reminders.days;
    for (size_t i = 0; i < list->count; i++) {
        int64_t days = list->items[i];
        bool is_less = subscription->days_told == 0 || days + 1 < subscription->days_told;
        if (is_less &&
            remind_hour_ms(work, zone, subscription->target_expires_ms, days) <= until_ms) {
            subscription->days_told = days + 1;
        }
    }
}

/* ---- telling ------------------------------------------------------------------------------------
 */

static void tell(struct work *work, struct subscription *subscription, enum notice_kind kind,
                 int64_t value) {
    figure_add(work, FIGURE_REMINDED, subscription->user, 1);
    notice_add(work, &(struct notice){
                         .kind = kind,
                         .user = subscription->user,
                         .about = subscription->id,
                         .extra = arena_printf(work->arena, "%" PRId64, value),
                     });
}

/* Does somebody who is gone have something else that runs? */
static enum gb_err has_another(struct work *work, const struct subscription *subscription,
                               bool *ret_has) {
    const struct subscription *list;
    size_t count;
    enum gb_err err = subscription_list(work, subscription->user, &list, &count);
    *ret_has = false;
    for (size_t i = 0; err == GB_OK && i < count; i++) {
        *ret_has |= list[i].state == SUBSCRIPTION_ACTIVE || list[i].state == SUBSCRIPTION_WAITING;
    }
    return err;
}

static enum gb_err tell_win_back(struct work *work, bool may, struct subscription *subscription) {
    bool has;
    enum gb_err err = has_another(work, subscription, &has);
    subscription->win_back_told = true;
    if (err == GB_OK && may && !has) {
        tell(work, subscription, NOTICE_WIN_BACK, 0);
    }
    return err;
}

enum gb_err reminder_now(struct work *work, const struct zone *zone, const struct user *user,
                         struct subscription *subscription, bool *ret_done) {
    *ret_done = false;
    struct reminder reminder = next_reminder(work, zone, subscription);
    if (reminder.at_ms == 0 || reminder.at_ms > work->now_ms ||
        quiet_until_ms(work, zone, work->now_ms) > work->now_ms) {
        return GB_OK;
    }
    bool may = user != NULL && !user->unreachable && !user->muted;
    *ret_done = true;
    switch (reminder.kind) {
    case DAYS:
        subscription->days_told = reminder.value + 1;
        if (may) {
            tell(work, subscription, NOTICE_ENDS_SOON, reminder.value);
        }
        break;
    case TRAFFIC:
        subscription->traffic_told = reminder.value;
        if (may) {
            tell(work, subscription, NOTICE_TRAFFIC_LOW, reminder.value);
        }
        break;
    case UNUSED:
        subscription->unused_told = true;
        if (may && subscription->used_at_ms > subscription->starts_ms) {
            tell(work, subscription, NOTICE_UNUSED, 0);
        }
        break;
    case WIN_BACK:
        return tell_win_back(work, may, subscription);
    }
    return GB_OK;
}

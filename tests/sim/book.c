/* book.c: what was seen of each sale, on the panels and in the chats, held against what had to be
 * seen, and when: by the person's own midnight, their mornings, and the hours the shop was away.
 */
#define GB_DOOR "prints what it found"
#include "year.h"

#include "base/json.h"
#include "shop/invariants.h"
#include "shop/subscriptions.h"
#include "state/work.h"
#include "store/backend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Figures of traffic reach the shop by panel_sync alone, here once a day; 0: do not expect what
 * rests on them. */
#ifndef SYNC_WORKS
#define SYNC_WORKS 1
#endif

#define FAULTS_SHOWN   40
#define ROWS_MAX       1000000
#define ARENA_BYTES    ((size_t)1024 * 1024)
#define ARENA_MAX      ((size_t)4 * 1024 * 1024 * 1024)
#define MORNING        9
#define EVENING        22
#define STEADY_MS      (10 * GB_MINUTE_MS) /* a shop that stays this long has done what was due */
#define SOON_MS        GB_MINUTE_MS
#define BACK_OFF_MS    (2 * GB_MINUTE_MS) /* a lane that was in trouble tries again within */
#define SYNC_MS        (49 * GB_HOUR_MS)  /* once a day, and one may get lost on its way */
#define SYNC_AGAIN     (31 * GB_HOUR_MS)
#define LONG_DOWN_MS   (20 * GB_MINUTE_MS)
#define WARNED_ANEW_MS (3 * GB_DAY_MS)

static const int64_t days_of[] = {3, 1, 0};

static const char *const kind_names[HEARD_KINDS] = {
    "3 days", "1 day", "the day", "80 %", "95 %", "unused", "ended", "removed in 3", "removed in 1",
};

struct ledger { /* one sale being looked at */
    struct year *year;
    struct person *person;
    struct sale *sale;
    int place;
};

__attribute__((format(printf, 2, 3))) static void blame(const struct ledger *at, const char *format,
                                                        ...) {
    if (at->year->faults++ >= FAULTS_SHOWN) {
        return;
    }
    va_list args;
    va_start(args, format);
    printf("fault: person %td, %s, %" PRId64 " days, zone %d, ends %" PRId64 ": ",
           at->person - at->year->people, place_names[at->place], at->sale->offer->days,
           at->person->zone_min, at->sale->ends_ms);
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

/* ---- time ---- */

/* The first instant from t on at which it is there, and stays for a while. */
static int64_t when_up(const struct downs *downs, int64_t t) {
    for (size_t i = 0; i < downs->count; i++) {
        if (downs->list[i].from_ms < t + STEADY_MS && downs->list[i].to_ms > t) {
            t = downs->list[i].to_ms;
        }
    }
    return t;
}

/* Was it away in between, for longer than so much? */
static bool was_down(const struct downs *downs, int64_t from_ms, int64_t to_ms, int64_t longer_ms) {
    for (size_t i = 0; i < downs->count; i++) {
        const struct down *down = &downs->list[i];
        if (down->from_ms <= to_ms && down->to_ms >= from_ms &&
            down->to_ms - down->from_ms > longer_ms) {
            return true;
        }
    }
    return false;
}

static int64_t both_up(const struct ledger *at, int64_t t) {
    for (int i = 0; i < 8; i++) {
        t = when_up(&at->year->panel[at->place], when_up(&at->year->shop, t));
    }
    return t;
}

static int64_t local_day(const struct person *person, int64_t t) {
    return (t + person->zone_min * GB_MINUTE_MS) / GB_DAY_MS;
}

static int64_t morning_ms(const struct person *person, int64_t day) {
    return day * GB_DAY_MS + MORNING * GB_HOUR_MS - person->zone_min * GB_MINUTE_MS;
}

/* So many days before that instant, in the morning. */
static int64_t morning_before(const struct person *person, int64_t t, int64_t days) {
    return morning_ms(person, local_day(person, t) - days);
}

/* From t on, when the shop is there and the person is not asleep. */
static int64_t when_told(const struct ledger *at, int64_t t) {
    for (int i = 0; i < 8; i++) {
        t = when_up(&at->year->shop, t);
        int64_t day = local_day(at->person, t), morning = morning_ms(at->person, day);
        if (t < morning) {
            t = morning;
        } else if (t >= morning + (EVENING - MORNING) * GB_HOUR_MS) {
            t = morning + GB_DAY_MS;
        }
    }
    return t;
}

/* ---- what the panel shows ---- */

void book_panel(struct year *year, int place, struct str uuid, int64_t whose, int64_t now_ms) {
    struct shown user;
    bool is_there = watch_user(year, place, uuid, &user);
    size_t number = (size_t)((is_there ? user.whose : whose) - FIRST_ID);
    gb_assert(number < year->count);
    struct sale *sale = &year->people[number].sales[place];
    if (!is_there) {
        sale->gone_ms = sale->gone_ms != 0 ? sale->gone_ms : now_ms;
        return;
    }
    if (sale->created_ms == 0) {
        gb_assert(uuid.n == sizeof sale->uuid - 1);
        memcpy(sale->uuid, uuid.p, uuid.n);
        sale->created_ms = now_ms;
    }
    if (!str_is(uuid, sale->uuid)) {
        blame(&(struct ledger){year, &year->people[number], sale, place}, "two users on the panel");
    }
    if (!user.is_on && sale->off_ms == 0) {
        sale->off_ms = now_ms;
    }
}

/* Where both are there, within a minute; else soon after they are. Later, but soon, is only what
 * had a call that was lost on its way: no more of them than such calls. */
static bool is_in_time(const struct ledger *at, int64_t due_ms, int64_t done_ms) {
    int64_t up_ms = both_up(at, due_ms);
    at->year->slow += up_ms == due_ms && done_ms > up_ms + SOON_MS;
    return done_ms <= up_ms + SOON_MS + BACK_OFF_MS;
}

static void check_panel(const struct ledger *at) {
    const struct sale *sale = at->sale;
    int64_t end_ms = at->year->end_ms, told_ms = 0, removed_ms = sale->ends_ms + GRACE_MS;
    if (both_up(at, sale->starts_ms) + BACK_OFF_MS + SOON_MS < end_ms &&
        (sale->created_ms == 0 || !is_in_time(at, sale->starts_ms, sale->created_ms))) {
        blame(at, "on the panel at %" PRId64 ", started %" PRId64, sale->created_ms,
              sale->starts_ms);
    }
    if (sale->off_ms != 0 && sale->off_ms < sale->ends_ms) {
        blame(at, "switched off at %" PRId64 ", before its end", sale->off_ms);
    }
    if (both_up(at, sale->ends_ms) + BACK_OFF_MS + SOON_MS < end_ms &&
        (sale->off_ms == 0 || !is_in_time(at, sale->ends_ms, sale->off_ms))) {
        blame(at, "switched off at %" PRId64 ", late", sale->off_ms);
    }
    for (int kind = HEARD_ENDED; kind <= HEARD_WARNED_1; kind++) {
        told_ms = GB_MAX(told_ms, sale->heard[kind].first_ms);
    }
    /* From its decision on it counts as told; the message then waits for its turn. */
    bool too_soon = sale->gone_ms < told_ms + GB_DAY_MS - 2 * GB_MINUTE_MS &&
                    !was_down(&at->year->shop, told_ms - GB_DAY_MS, told_ms, 0);
    if (sale->gone_ms != 0 && (sale->gone_ms < removed_ms || too_soon)) {
        blame(at, "removed at %" PRId64 ", told at %" PRId64, sale->gone_ms, told_ms);
    }
    /* A day after the last warning, which comes in the morning; who was ended or warned late is
     * warned and removed later. */
    told_ms = GB_MAX(told_ms, morning_before(at->person, removed_ms, 1));
    bool was_late = was_down(&at->year->shop, sale->ends_ms, removed_ms, LONG_DOWN_MS);
    int64_t due_ms = GB_MAX(removed_ms, told_ms + GB_DAY_MS);
    due_ms = was_late ? both_up(at, due_ms) + WARNED_ANEW_MS : due_ms;
    if (both_up(at, due_ms) + BACK_OFF_MS + SOON_MS < end_ms &&
        (sale->gone_ms == 0 || !is_in_time(at, due_ms, sale->gone_ms))) {
        blame(at, "removed at %" PRId64 ", late: due %" PRId64, sale->gone_ms, due_ms);
    }
}

/* What is on the panel in the end is what was sold. */
static void check_limits(const struct ledger *at) {
    const struct sale *sale = at->sale;
    struct shown user;
    if (!watch_user(at->year, at->place, str_of(sale->uuid), &user)) {
        return;
    }
    int64_t day = (sale->ends_ms + PANEL_ZONE_MIN * GB_MINUTE_MS) / GB_DAY_MS;
    int64_t limit = sale->offer->traffic_gb << 30;
    if (user.last_day != day) {
        blame(at, "the panel has last day %" PRId64 ", not %" PRId64, user.last_day, day);
    }
    if (limit > 0 ? user.limit_bytes != limit : user.limit_bytes < INT64_C(1) << 46) {
        blame(at, "the panel has a limit of %" PRId64, user.limit_bytes);
    }
}

/* ---- what people heard ---- */

/* Which of three, one, no days before that instant it must be, said at t; -1: none yet. */
static int slot_at(const struct person *person, int64_t end_ms, int64_t t, int slots) {
    for (int i = slots - 1; i >= 0; i--) {
        if (morning_before(person, end_ms, days_of[i]) <= t) {
            return i;
        }
    }
    return -1;
}

static int kind_of(const struct ledger *at, struct str text, int64_t t) {
    const struct sale *sale = at->sale;
    int slot;
    if (str_find_str(text, STR("The subscription works until")) < text.n) {
        slot = slot_at(at->person, sale->ends_ms, t, 3);
        if (slot < 0 || t >= sale->ends_ms) {
            blame(at, "told of its end at %" PRId64, t);
        }
        return slot < 0 ? -1 : HEARD_DAYS_3 + slot;
    }
    if (str_find_str(text, STR("80% of the traffic is used")) < text.n) {
        return HEARD_TRAFFIC_80;
    }
    if (str_find_str(text, STR("95% of the traffic is used")) < text.n) {
        return HEARD_TRAFFIC_95;
    }
    if (str_find_str(text, STR("you have not connected yet")) < text.n) {
        return HEARD_UNUSED;
    }
    if (str_find_str(text, STR("the subscription has ended")) < text.n) {
        return HEARD_ENDED;
    }
    if (str_find_str(text, STR("the subscription is about to be removed")) < text.n) {
        slot = slot_at(at->person, sale->ends_ms + GRACE_MS, t, 2);
        if (slot < 0) {
            blame(at, "warned of its removal at %" PRId64, t);
        }
        return slot < 0 ? -1 : HEARD_WARNED_3 + slot;
    }
    return -1;
}

static void hear(struct year *year, struct person *person, struct str text, int64_t t, bool lost) {
    for (int place = 0; place < PLACES; place++) {
        if (str_find_str(text, str_of(place_names[place])) == text.n) {
            continue;
        }
        struct ledger at = {year, person, &person->sales[place], place};
        int kind = at.sale->paid ? kind_of(&at, text, t) : -1;
        if (kind < 0) {
            continue;
        }
        struct heard *heard = &at.sale->heard[kind];
        if (lost) {
            heard->lost = true;
            continue;
        }
        heard->first_ms = heard->count++ == 0 ? t : heard->first_ms;
        heard->last_ms = t;
    }
}

static void hear_all(struct year *year) {
    for (size_t i = 0; i < year->count; i++) {
        struct person *person = &year->people[i];
        for (size_t m = 0; m < person->user->count; m++) {
            const struct tg_message *message = person->user->messages[m];
            if (message->from_bot && message->kind == TG_TEXT) {
                hear(year, person, message->text, message->date_s * GB_SECOND_MS, false);
            }
        }
    }
}

/* ---- what they had to hear ---- */

/* At `due_ms` or when the shop is there again: was it, within the hour, unless something newer
 * came first? */
static void expect(const struct ledger *at, enum heard_kind kind, int64_t due_ms,
                   int64_t until_ms) {
    const struct heard *heard = &at->sale->heard[kind];
    int64_t told_ms = when_told(at, due_ms);
    bool reaches = at->person->blocked_ms == 0 || at->person->blocked_ms > told_ms + GB_HOUR_MS;
    if (told_ms + STEADY_MS >= until_ms || told_ms + GB_HOUR_MS >= at->year->end_ms || !reaches ||
        heard->lost) {
        return;
    }
    if (heard->count == 0) {
        blame(at, "never heard \"%s\", due at %" PRId64 ", possible at %" PRId64, kind_names[kind],
              due_ms, told_ms);
    } else if (heard->first_ms > told_ms + GB_HOUR_MS) {
        blame(at, "heard \"%s\" at %" PRId64 ", due at %" PRId64 ", possible at %" PRId64,
              kind_names[kind], heard->first_ms, due_ms, told_ms);
    }
}

static void check_days(const struct ledger *at) {
    const struct sale *sale = at->sale;
    int64_t quiet_until_ms = sale->created_ms + 12 * GB_HOUR_MS;
    for (int i = 0; i < 3; i++) {
        int64_t due_ms = morning_before(at->person, sale->ends_ms, days_of[i]);
        int64_t newer_ms =
            i < 2 ? morning_before(at->person, sale->ends_ms, days_of[i + 1]) : sale->ends_ms;
        if (due_ms < quiet_until_ms - GB_MINUTE_MS) {
            if (sale->heard[i].count > 0 && sale->heard[i].first_ms < quiet_until_ms) {
                blame(at, "heard \"%s\" right after the sale", kind_names[i]);
            }
        } else if (due_ms > quiet_until_ms + GB_HOUR_MS && !at->person->mutes) {
            expect(at, (enum heard_kind)i, due_ms, GB_MIN(newer_ms, sale->ends_ms));
        }
    }
}

static bool figures_flow(const struct ledger *at, int64_t from_ms, int64_t to_ms) {
    return !was_down(&at->year->shop, from_ms, to_ms, LONG_DOWN_MS) &&
           !was_down(&at->year->panel[at->place], from_ms, to_ms, 0);
}

static void check_traffic(const struct ledger *at) {
    const struct sale *sale = at->sale;
    for (int i = 0; i < 2; i++) {
        const struct heard *heard = &sale->heard[HEARD_TRAFFIC_80 + i];
        int64_t over_ms = sale->over_ms[i], due_ms = over_ms + SYNC_MS;
        if (heard->count > 0 && (over_ms == 0 || heard->first_ms < over_ms - GB_SECOND_MS)) {
            blame(at, "heard \"%s\" before it was so", kind_names[HEARD_TRAFFIC_80 + i]);
        }
        int64_t newer_ms = i == 0 && sale->over_ms[1] != 0 ? sale->over_ms[1] : sale->ends_ms;
        if (SYNC_WORKS && over_ms != 0 && !at->person->mutes &&
            figures_flow(at, over_ms, when_told(at, due_ms))) {
            expect(at, (enum heard_kind)(HEARD_TRAFFIC_80 + i), due_ms, newer_ms);
        }
    }
}

static void check_unused(const struct ledger *at) {
    const struct sale *sale = at->sale;
    const struct heard *heard = &sale->heard[HEARD_UNUSED];
    int64_t due_ms = sale->starts_ms + 2 * GB_DAY_MS;
    if (heard->count > 0 &&
        (heard->first_ms < due_ms - GB_SECOND_MS ||
         (sale->first_use_ms != 0 && sale->first_use_ms < heard->first_ms - SYNC_MS &&
          figures_flow(at, sale->first_use_ms, heard->first_ms)))) {
        blame(at, "heard \"unused\" at %" PRId64 ", first use %" PRId64, heard->first_ms,
              sale->first_use_ms);
    }
    int64_t told_ms = when_told(at, due_ms + SYNC_AGAIN);
    bool is_used = sale->first_use_ms != 0 && sale->first_use_ms < told_ms + GB_DAY_MS;
    if (SYNC_WORKS && !is_used && !at->person->mutes &&
        figures_flow(at, sale->starts_ms, told_ms + GB_DAY_MS)) {
        expect(at, HEARD_UNUSED, due_ms + SYNC_AGAIN, sale->ends_ms);
    }
}

/* News, told to everybody, at night without a sound. */
static void check_end(const struct ledger *at) {
    const struct sale *sale = at->sale;
    const struct heard *heard = &sale->heard[HEARD_ENDED];
    int64_t told_ms = when_up(&at->year->shop, sale->ends_ms);
    bool reaches = at->person->blocked_ms == 0 || at->person->blocked_ms > told_ms + GB_HOUR_MS;
    if (heard->count > 0 && heard->first_ms < sale->ends_ms - GB_SECOND_MS) {
        blame(at, "heard of its end at %" PRId64 ", before it", heard->first_ms);
    }
    if (reaches && !heard->lost && told_ms + GB_HOUR_MS < at->year->end_ms &&
        (heard->count == 0 || heard->first_ms > told_ms + GB_HOUR_MS)) {
        blame(at, "heard of its end at %" PRId64, heard->first_ms);
    }
    int64_t removed_ms = sale->ends_ms + GRACE_MS;
    if (was_down(&at->year->shop, sale->ends_ms, removed_ms, LONG_DOWN_MS)) {
        return; /* then its removal moves, and the warnings with it */
    }
    for (int i = 0; i < 2; i++) {
        int64_t due_ms = morning_before(at->person, removed_ms, days_of[i]);
        int64_t newer_ms = i == 0 ? morning_before(at->person, removed_ms, days_of[1]) : removed_ms;
        expect(at, (enum heard_kind)(HEARD_WARNED_3 + i), due_ms, newer_ms);
    }
}

static bool is_night(const struct ledger *at, int64_t t) {
    int64_t morning = morning_ms(at->person, local_day(at->person, t));
    return t < morning || t >= morning + (EVENING - MORNING) * GB_HOUR_MS;
}

/* A reminder is rather lost than told twice. News are rather told twice: when the shop died in
 * between. */
static void check_once(const struct ledger *at) {
    for (int kind = 0; kind < HEARD_KINDS; kind++) {
        const struct heard *heard = &at->sale->heard[kind];
        bool is_news = kind >= HEARD_ENDED;
        if (heard->count > 1 &&
            !(is_news &&
              was_down(&at->year->shop, heard->first_ms - GB_MINUTE_MS, heard->last_ms, -1))) {
            blame(at, "heard \"%s\" %u times, at %" PRId64 " and %" PRId64, kind_names[kind],
                  heard->count, heard->first_ms, heard->last_ms);
        }
        if (heard->count > 0 && !is_news && is_night(at, heard->first_ms)) {
            blame(at, "heard \"%s\" at night, at %" PRId64, kind_names[kind], heard->first_ms);
        }
        if (heard->count > 0 && !is_news && at->person->mutes) {
            blame(at, "heard \"%s\", though it was not to be told", kind_names[kind]);
        }
    }
}

/* ---- the shop's records ---- */

struct reader {
    struct year *year;
    struct work *work;
};

static bool read_subscription(void *ctx, struct str key, struct str value) {
    struct reader *reader = ctx;
    struct subscription row;
    (void)value;
    enum gb_err err = subscription_get(reader->work, key, &row);
    gb_assert(err == GB_OK);
    size_t number = (size_t)(row.user - FIRST_ID);
    gb_assert(number < reader->year->count);
    for (int place = 0; place < PLACES; place++) {
        if (str_is(row.location, place_ids[place])) {
            struct sale *sale = &reader->year->people[number].sales[place];
            sale->rows++;
            sale->starts_ms = row.starts_ms;
            sale->ends_ms = row.target_expires_ms;
        }
    }
    return true;
}

/* What may have been sent, and is never sent again. */
static bool read_dead(void *ctx, struct str key, struct str value) {
    struct reader *reader = ctx;
    struct arena *arena = reader->work->arena;
    const struct json *root, *body;
    size_t line = str_find(value, '\n'); /* its bookkeeping, then its body */
    (void)key;
    if (json_parse(arena, str_sub(value, 0, line), &root, NULL) != GB_OK ||
        json_parse(arena, str_sub(value, line + 1, value.n), &body, NULL) != GB_OK) {
        return true;
    }
    int64_t number = json_i64_or(body, "chat_id", 0) - FIRST_ID;
    if (number >= 0 && number < (int64_t)reader->year->count) {
        hear(reader->year, &reader->year->people[number], json_str_or(body, "text", STR_NONE),
             json_i64_or(root, "at", 0), true);
    }
    return true;
}

static void check_sale(const struct ledger *at) {
    const struct sale *sale = at->sale;
    if (!sale->paid) {
        if (sale->rows > 0) {
            blame(at, "was given, not sold");
        }
        return;
    }
    if (sale->rows != 1) {
        blame(at, "has %" PRId64 " records, was asked for at %" PRId64, sale->rows, sale->asked_ms);
        return;
    }
    int64_t up_ms = when_up(&at->year->shop, sale->paid_ms);
    at->year->slow += up_ms == sale->paid_ms && sale->starts_ms > up_ms + SOON_MS;
    if (sale->starts_ms < sale->asked_ms || sale->starts_ms > up_ms + SOON_MS + BACK_OFF_MS) {
        blame(at, "starts at %" PRId64 ", was paid at %" PRId64, sale->starts_ms, sale->paid_ms);
    }
    if (sale->ends_ms != sale->starts_ms + sale->offer->days * GB_DAY_MS) {
        blame(at, "is of another length than was sold");
    }
    check_panel(at);
    check_limits(at);
    check_days(at);
    check_traffic(at);
    check_unused(at);
    check_end(at);
    check_once(at);
}

static void check_invariants(struct year *year, struct work *work,
                             struct invariant_report *report) {
    enum gb_err err = invariants_check(work, ROWS_MAX, report);
    gb_assert(err == GB_OK);
    for (size_t i = 0; i < GB_MIN(report->broken, GB_COUNT(report->first_broken)); i++) {
        printf("fault: invariant " STR_FMT "\n", STR_ARG(report->first_broken[i]));
    }
    year->faults += report->broken;
}

static void print_counts(const struct year *year, const struct invariant_report *report) {
    int64_t heard[HEARD_KINDS] = {0}, sold = 0, created = 0, off = 0, gone = 0;
    for (size_t i = 0; i < year->count; i++) {
        for (int place = 0; place < PLACES; place++) {
            const struct sale *sale = &year->people[i].sales[place];
            sold += sale->paid;
            created += sale->created_ms != 0;
            off += sale->off_ms != 0;
            gone += sale->gone_ms != 0;
            for (int kind = 0; kind < HEARD_KINDS; kind++) {
                heard[kind] += sale->heard[kind].count;
            }
        }
    }
    printf("%zu people, %" PRId64 " sold, %" PRId64 " on a panel, %" PRId64
           " switched off, %" PRId64 " removed; %" PRId64 " dead rows\nheard:",
           year->count, sold, created, off, gone, report->dead);
    for (int kind = 0; kind < HEARD_KINDS; kind++) {
        printf(" %s %" PRId64 "%s", kind_names[kind], heard[kind],
               kind + 1 < HEARD_KINDS ? "," : "\n");
    }
}

void book_check(struct year *year, struct backend *backend, const struct config *config) {
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    struct work work = {
        .tx = tx_begin(backend, arena, year->end_ms),
        .arena = arena,
        .now_ms = year->end_ms,
        .config = config,
    };
    struct reader reader = {year, &work};
    struct invariant_report report = {0};
    enum gb_err err = tx_scan(work.tx, TABLE_SUBSCRIPTIONS, STR_NONE, STR_NONE, ROWS_MAX,
                              read_subscription, &reader);
    gb_assert(err == GB_OK);
    err = tx_scan(work.tx, TABLE_DEAD, STR_NONE, STR_NONE, ROWS_MAX, read_dead, &reader);
    gb_assert(err == GB_OK);
    hear_all(year);
    for (size_t i = 0; i < year->count; i++) {
        for (int place = 0; place < PLACES; place++) {
            struct sale *sale = &year->people[i].sales[place];
            check_sale(&(struct ledger){year, &year->people[i], sale, place});
        }
    }
    if (year->refused_403 > year->blocks + year->deaths) {
        printf("fault: %" PRId64 " calls about %" PRId64 " people who have blocked the bot\n",
               year->refused_403, year->blocks);
        year->faults++;
    }
    if (year->slow > (int64_t)world_sim_stats(year->sim).unknown) {
        printf("fault: %" PRId64 " things took more than a minute\n", year->slow);
        year->faults++;
    }
    check_invariants(year, &work, &report);
    print_counts(year, &report);
    arena_free(arena);
}

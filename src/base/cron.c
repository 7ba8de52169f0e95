/* cron.c: from one instant to the next that an expression names.
 *
 * The search is in civil time and knows no zone: a mask of days for each month, in it the next
 * hour, in that the next minute. The two ways to meet a change of the clock are around it.
 */
#include "base/cron.h"

#include "base/base.h"
#include "base/clock.h"
#include "base/zone.h"

#define MONTHS_MAX (400 * 12)
#define YEAR_MAX   9990

/* More than one change of the clock lies before the next run only if it is months away. */
#define SPANS_MAX 4096
/* Civil minutes that one gap or overlap may hold: a day, and then some. */
#define MINUTES_MAX 4096

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Bit n of the result: does the day-of-week field name day n of a month that begins with that
 * weekday? */
static uint32_t weekday_days(const struct cron *cron, int first_weekday, int length) {
    uint32_t days = 0;
    for (int day = 1; day <= length; day++) {
        int weekday = (first_weekday + day - 1) % 7;
        int nth = (day - 1) / 7 + 1;
        bool last = day + 7 > length;
        unsigned wanted = cron->nth[weekday];
        if ((cron->weekdays >> weekday & 1) != 0 || (wanted >> nth & 1) != 0 ||
            (last && (wanted & 1) != 0)) {
            days |= UINT32_C(1) << day;
        }
    }
    return days;
}

/* Bit n: day n of that month is named. */
static uint32_t days_of_month(const struct cron *cron, int year, int month) {
    int length = month_days(year, month);
    uint32_t all = (uint32_t)((UINT64_C(1) << (length + 1)) - 2);
    if (cron->any_day && cron->any_weekday) {
        return all;
    }
    uint32_t days = 0;
    if (!cron->any_day) {
        days = cron->days & all;
        for (int before = 0; before < length; before++) {
            if ((cron->last_days >> before & 1) != 0) {
                days |= UINT32_C(1) << (length - before);
            }
        }
    }
    if (!cron->any_weekday) {
        struct civil first = {.year = year, .month = month, .day = 1};
        int weekday = clock_civil(clock_instant_ms(&first, 0), 0).weekday;
        days |= weekday_days(cron, weekday, length);
    }
    return days;
}

/* The lowest bit at `from` or above, or -1. */
static int bit_from(uint64_t bits, int from) {
    uint64_t rest = from < 64 ? bits >> from : 0;
    return rest != 0 ? from + __builtin_ctzll(rest) : -1;
}

/* The first civil minute of that day which is not before (hour, minute). */
static bool find_time(const struct cron *cron, struct civil *c) {
    int hour = bit_from(cron->hours, c->hour);
    int minute = hour == c->hour ? bit_from(cron->minutes, c->minute) : -1;
    if (minute < 0) {
        hour = hour == c->hour ? bit_from(cron->hours, hour + 1) : hour;
        minute = bit_from(cron->minutes, 0);
    }
    if (hour < 0) {
        return false;
    }
    c->hour = hour;
    c->minute = minute;
    return true;
}

static void start_of_month(struct civil *c, int year, int month) {
    *c = (struct civil){.year = year, .month = month, .day = 1};
}

/* The first named civil minute at `local_ms` or after it. */
static int64_t next_local(const struct cron *cron, int64_t local_ms) {
    struct civil c = clock_civil(local_ms, 0);
    if (c.second > 0 || c.ms > 0) {
        c = clock_civil(local_ms + GB_MINUTE_MS, 0);
    }
    c.second = c.ms = 0;
    for (int months = 0; months <= MONTHS_MAX && c.year <= YEAR_MAX; months++) {
        uint32_t days =
            (cron->months >> c.month & 1) != 0 ? days_of_month(cron, c.year, c.month) : 0;
        int day = bit_from(days, c.day);
        if (day == c.day && find_time(cron, &c)) {
            return clock_instant_ms(&c, 0);
        }
        day = day == c.day ? bit_from(days, day + 1) : day;
        if (day > 0) {
            c.day = day;
            c.hour = c.minute = 0;
            bool found = find_time(cron, &c);
            gb_assert(found);
            return clock_instant_ms(&c, 0);
        }
        start_of_month(&c, c.month == 12 ? c.year + 1 : c.year, c.month == 12 ? 1 : c.month + 1);
    }
    return CRON_NEVER;
}

/* Hours of its own: each named civil time once, in its order. */
static int64_t next_by_civil_time(const struct cron *cron, const struct zone *zone,
                                  int64_t after_ms) {
    int64_t local_ms = after_ms + zone_offset_s(zone, after_ms) * GB_SECOND_MS;
    for (int i = 0; i < MINUTES_MAX; i++) {
        local_ms = next_local(cron, local_ms);
        if (local_ms == CRON_NEVER) {
            return CRON_NEVER;
        }
        int64_t at_ms, gap_end_ms;
        if (zone_from_local(zone, local_ms, &at_ms, &gap_end_ms) == ZONE_GAP) {
            at_ms = gap_end_ms;
        }
        if (at_ms > after_ms) {
            return at_ms;
        }
        local_ms += GB_MINUTE_MS; /* in an overlap's second half, or just behind a gap */
    }
    return CRON_NEVER;
}

/* Every hour: whatever the clock shows while time passes. */
static int64_t next_by_passing_time(const struct cron *cron, const struct zone *zone,
                                    int64_t after_ms) {
    int64_t from_ms = after_ms + 1;
    for (int i = 0; i < SPANS_MAX; i++) {
        int64_t offset_ms = zone_offset_s(zone, from_ms) * GB_SECOND_MS;
        int64_t until_ms = zone_change_after(zone, from_ms);
        int64_t local_ms = next_local(cron, from_ms + offset_ms);
        if (local_ms == CRON_NEVER) {
            return CRON_NEVER;
        }
        if (local_ms - offset_ms < until_ms) {
            return local_ms - offset_ms;
        }
        from_ms = until_ms;
    }
    return CRON_NEVER;
}

int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after_ms) {
    static const struct civil first = {.year = 2, .month = 1, .day = 2};
    static const struct civil last = {.year = YEAR_MAX, .month = 12, .day = 31};
    after_ms = GB_MAX(after_ms, clock_instant_ms(&first, 0));
    if (after_ms >= clock_instant_ms(&last, 0)) {
        return CRON_NEVER;
    }
    return cron->is_every_hour ? next_by_passing_time(cron, zone, after_ms)
                               : next_by_civil_time(cron, zone, after_ms);
}

/* clock.c: days <-> civil dates by arithmetic, in the proleptic Gregorian calendar.
 *
 * A year here begins in March, so that the leap day is its last; 400 years are 146097 days. The
 * months' lengths from March on follow (153 * month + 2) / 5.
 */
#include "base/clock.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/num.h"

#define ERA_DAYS 146097
#define EPOCH    719468 /* days from 0000-03-01 to 1970-01-01 */

/* 0001-01-01 and 9999-12-31. */
#define DAY_MIN INT64_C(-719162)
#define DAY_MAX INT64_C(2932896)

#define OFFSET_MAX_MIN (18 * 60)

/* Floor division: the day before 1970-01-01 is -1, not 0. */
static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static int64_t day_of_date(int year, int month, int day) {
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH;
}

static void date_of_day(int64_t day, struct civil *civil) {
    int64_t z = day + EPOCH;
    int64_t era = floor_div(z, ERA_DAYS);
    int64_t day_of_era = z - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    civil->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int)(month < 10 ? month + 3 : month - 9);
    civil->year = (int)(year_of_era + era * 400 + (civil->month <= 2));
}

static int64_t clamp(int64_t value, int64_t min, int64_t max) {
    return value < min ? min : value > max ? max : value;
}

/* The instant on the local clock, within years 1..9999 there. */
static int64_t local_ms(int64_t instant_ms, int offset_min) {
    gb_assert(offset_min >= -OFFSET_MAX_MIN && offset_min <= OFFSET_MAX_MIN);
    int64_t offset_ms = offset_min * GB_MINUTE_MS;
    int64_t min = DAY_MIN * GB_DAY_MS, max = (DAY_MAX + 1) * GB_DAY_MS - 1;
    return clamp(instant_ms, min - offset_ms, max - offset_ms) + offset_ms;
}

struct civil clock_civil(int64_t instant_ms, int offset_min) {
    int64_t local = local_ms(instant_ms, offset_min);
    int64_t day = floor_div(local, GB_DAY_MS);
    int64_t rest = local - day * GB_DAY_MS;
    struct civil civil = {
        .hour = (int)(rest / GB_HOUR_MS),
        .minute = (int)(rest / GB_MINUTE_MS % 60),
        .second = (int)(rest / GB_SECOND_MS % 60),
        .ms = (int)(rest % GB_SECOND_MS),
        .weekday = (int)((day - DAY_MIN + 1) % 7), /* 0001-01-01 is a Monday */
    };
    date_of_day(day, &civil);
    return civil;
}

int64_t clock_instant_ms(const struct civil *civil, int offset_min) {
    gb_assert(civil->year >= 1 && civil->year <= 9999);
    gb_assert(civil->month >= 1 && civil->month <= 12);
    gb_assert(civil->day >= 1 && civil->day <= 31);
    return day_of_date(civil->year, civil->month, civil->day) * GB_DAY_MS +
           civil->hour * GB_HOUR_MS + civil->minute * GB_MINUTE_MS + civil->second * GB_SECOND_MS +
           civil->ms - offset_min * GB_MINUTE_MS;
}

int64_t clock_day(int64_t instant_ms, int offset_min) {
    return floor_div(local_ms(instant_ms, offset_min), GB_DAY_MS);
}

/* `n` digits of s from `at`. */
static bool read_number(struct str s, size_t at, size_t n, int min, int max, int *ret_value) {
    int64_t value;
    struct str digits = str_sub(s, at, n);
    if (digits.n != n || digits.p[0] == '-' || num_i64(digits, min, max, &value) != GB_OK) {
        return false;
    }
    *ret_value = (int)value;
    return true;
}

enum gb_err clock_parse_date(struct str s, int64_t *ret_day) {
    int year, month, day;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !read_number(s, 0, 4, 1, 9999, &year) ||
        !read_number(s, 5, 2, 1, 12, &month) || !read_number(s, 8, 2, 1, 31, &day)) {
        return GB_INVALID;
    }
    int64_t found = day_of_date(year, month, day);
    struct civil back;
    date_of_day(found, &back);
    if (back.month != month) { /* 31 February is a day in March */
        return GB_INVALID;
    }
    *ret_day = found;
    return GB_OK;
}

struct str clock_show_date(struct arena *arena, int64_t day) {
    struct civil civil;
    date_of_day(clamp(day, DAY_MIN, DAY_MAX), &civil);
    return arena_printf(arena, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

struct str clock_show_utc(struct arena *arena, int64_t instant_ms) {
    struct civil c = clock_civil(instant_ms, 0);
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day,
                        c.hour, c.minute, c.second, c.ms);
}

enum gb_err clock_parse_offset(struct str s, int *ret_offset_min) {
    if (str_is(s, "UTC") || str_is(s, "Z")) {
        *ret_offset_min = 0;
        return GB_OK;
    }
    int hours, minutes;
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
        !read_number(s, 1, 2, 0, 18, &hours) || !read_number(s, 4, 2, 0, 59, &minutes) ||
        hours * 60 + minutes > OFFSET_MAX_MIN) {
        return GB_INVALID;
    }
    int offset = hours * 60 + minutes;
    *ret_offset_min = s.p[0] == '-' ? -offset : offset;
    return GB_OK;
}

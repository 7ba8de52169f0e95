/* clock.h: instants and civil dates, without asking any clock.
 *
 * An instant is int64_t milliseconds since 1970-01-01 UTC. A zone here is a fixed offset in
 * minutes east; who needs daylight saving gets it from base/zone (POSIX TZ) in a floor above.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

struct arena;

struct civil {
    int year, month, day; /* 1..12, 1..31 */
    int hour, minute, second, ms;
    int weekday; /* 0 is Sunday */
};

/* Years 1..9999; outside of it the result is clamped. */
struct civil clock_civil(int64_t instant_ms, int offset_min);
int64_t clock_instant_ms(const struct civil *civil, int offset_min);
/* Days since 1970-01-01 of the date at that offset. */
int64_t clock_day(int64_t instant_ms, int offset_min);
/* "2026-11-23" ; GB_INVALID for anything else, 31 February included. */
enum gb_err clock_parse_date(struct str s, int64_t *ret_day) GB_MUST_USE;
struct str clock_show_date(struct arena *arena, int64_t day);
/* "2026-11-23T14:05:09.123Z" */
struct str clock_show_utc(struct arena *arena, int64_t instant_ms);
/* "+03:00", "-05:30", "UTC", "MSK" is not known: GB_INVALID. */
enum gb_err clock_parse_offset(struct str s, int *ret_offset_min) GB_MUST_USE;

#endif

/* zone.h: civil time <-> instants in a zone with daylight saving.
 *
 * A zone is a table of the changes that were (a TZif file has them) and a rule for all that come
 * after (a POSIX string has one, so has a file's last line). Opens no file: the caller hands in the
 * bytes of /usr/share/zoneinfo/<name>, and nothing in them is trusted.
 *
 *      civil    01:59 | 03:00          a gap: 02:30 never is; it counts as 03:30, as if the clock
 *                     ^ change         had not been changed yet
 *      civil    02:59 | 02:00          an overlap: 02:30 is twice; the first one counts
 *
 * "Local" milliseconds are an instant plus the zone's offset: clock_civil(local, 0) reads them.
 * Outside of the years 2..9996 the zone has the offset it has at their ends.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/base.h"
#include "base/clock.h"

struct arena;

#define ZONE_OFFSET_MAX_S   (26 * 3600)
#define ZONE_NEVER          INT64_MAX
#define ZONE_NAME_BYTES_MAX 64

enum zone_day_kind {
    ZONE_DAY_OF_MONTH, /* M3.5.0: the last Sunday (0) in March; week 1..5 */
    ZONE_DAY_JULIAN,   /* J60: always 1 March, 29 February is not counted; 1..365 */
    ZONE_DAY_OF_YEAR,  /* 59: counted from 0, 29 February included; 0..365 */
};

/* When the clock is changed, each year. */
struct zone_rule {
    enum zone_day_kind kind;
    int month, week, day;
    int32_t time_s; /* on the clock that is in force until then; may be negative or past 24 h */
};

struct zone {
    /* Changes in rising order: from at_s[i] on the offset is offset_s[i]. */
    const int64_t *at_s;
    const int32_t *offset_s;
    size_t count;
    int32_t first_s; /* the offset before the first of them */
    /* What counts after the last of them. */
    int32_t standard_s, summer_s;
    bool has_rule;   /* else the last offset stays */
    bool has_summer; /* else standard_s all year */
    struct zone_rule summer_begins, summer_ends;
};

/* The same offset for ever, in seconds east. */
struct zone zone_fixed(int32_t offset_s);

/* "MSK-3", "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30". Without a rule, summer time is refused.
 * GB_INVALID: *reterr_why is static text, *reterr_at the byte it is about; either may be NULL. */
enum gb_err zone_parse_posix(struct str text, struct zone *ret_zone, size_t *reterr_at,
                             const char **reterr_why) GB_MUST_USE;

/* What a TZif file has (RFC 9636, versions 1 to 4); the table is copied into `arena`.
 * GB_INVALID: not such a file, damaged, or one that counts leap seconds; *reterr_why as above. */
enum gb_err zone_parse_tzif(struct str bytes, struct arena *arena, struct zone *ret_zone,
                            const char **reterr_why) GB_MUST_USE;

/* May this name be put behind a directory's name? "Europe/Moscow", nothing that climbs out. */
bool zone_name_is_safe(struct str name);

/* The offset of a few names that stay at one ("Europe/Moscow"), for machines without the zone
 * database. GB_NOT_FOUND. */
enum gb_err zone_known(struct str name, struct zone *ret_zone) GB_MUST_USE;
/* That of these names which was perhaps meant by "moscow" or "europe/moscow"; NULL: none. */
const char *zone_guess(struct str typed);

/* The same offset at every instant, by the same table and rule? */
bool zone_equal(const struct zone *a, const struct zone *b);
/* With its table copied into `arena`. */
struct zone zone_copy(const struct zone *zone, struct arena *arena);

/* Seconds east of UTC at the instant. */
int32_t zone_offset_s(const struct zone *zone, int64_t instant_ms);
/* The instant the offset counts until, or ZONE_NEVER. (The next one may be the same.) */
int64_t zone_change_after(const struct zone *zone, int64_t instant_ms);

struct civil zone_to_civil(const struct zone *zone, int64_t instant_ms);

enum zone_fit {
    ZONE_ONCE,  /* the usual case */
    ZONE_GAP,   /* there is no such time that day: moved forward by what was left out */
    ZONE_TWICE, /* there are two: the first */
};

/* The instant of a civil time. In a gap *ret_gap_end_ms (may be NULL) is the instant the gap is
 * over: the clock jumped there. */
enum zone_fit zone_from_local(const struct zone *zone, int64_t local_ms, int64_t *ret_instant_ms,
                              int64_t *ret_gap_end_ms);
enum zone_fit zone_from_civil(const struct zone *zone, const struct civil *civil,
                              int64_t *ret_instant_ms);

#endif

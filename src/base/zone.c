/* zone.c: which offset counts at an instant, until when, and the way back from civil time. */
#include "base/zone.h"

#include "base/arena.h"
#include "base/base.h"

#define DAY_S  INT64_C(86400)
#define WEEK_S (7 * DAY_S)

/* 0002-01-01 and 9997-01-01: the years around these are still years of clock.h. */
#define INSTANT_MIN_MS INT64_C(-62104060800000)
#define INSTANT_MAX_MS INT64_C(253307692800000)

/* Two changes within the reach of one offset are rare; files are not trusted to keep it so. */
#define STEPS_MAX 64

/* Of one year, and of those around it: a rule's time may reach into the next week. */
#define RULE_CHANGES 6

static int64_t floor_s(int64_t ms) {
    return ms / GB_SECOND_MS - (ms % GB_SECOND_MS < 0);
}

static int64_t clamp_ms(int64_t ms) {
    return ms < INSTANT_MIN_MS ? INSTANT_MIN_MS : ms > INSTANT_MAX_MS ? INSTANT_MAX_MS : ms;
}

static int64_t date_s(int year, int month, int day) {
    struct civil civil = {.year = year, .month = month, .day = day};
    return clock_instant_ms(&civil, 0) / GB_SECOND_MS;
}

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Local seconds of the change in that year. */
static int64_t rule_local_s(const struct zone_rule *rule, int year) {
    int64_t new_year_s = date_s(year, 1, 1);
    switch (rule->kind) {
    case ZONE_DAY_JULIAN:
        return new_year_s + (rule->day - 1 + (is_leap(year) && rule->day >= 60)) * DAY_S +
               rule->time_s;
    case ZONE_DAY_OF_YEAR:
        return new_year_s + rule->day * DAY_S + rule->time_s;
    case ZONE_DAY_OF_MONTH:
        break;
    }
    int64_t first_s = date_s(year, rule->month, 1);
    int64_t next_s = rule->month < 12 ? date_s(year, rule->month + 1, 1) : date_s(year + 1, 1, 1);
    int first_weekday = clock_civil(first_s * GB_SECOND_MS, 0).weekday;
    int64_t at_s =
        first_s + (rule->day - first_weekday + 7) % 7 * DAY_S + (rule->week - 1) * WEEK_S;
    while (at_s >= next_s) { /* week 5 is the last one, which is the fourth in most months */
        at_s -= WEEK_S;
    }
    return at_s + rule->time_s;
}

struct change {
    int64_t at_s;
    int32_t offset_s; /* from then on */
};

/* Of two changes at one instant the one that begins summer time is the later: where it ends when it
 * begins anew, it is always summer. */
static bool is_later(const struct zone *zone, const struct change *a, const struct change *b) {
    return a->at_s != b->at_s ? a->at_s > b->at_s : b->offset_s == zone->standard_s;
}

/* In rising order. */
static void rule_changes(const struct zone *zone, int year, struct change *changes) {
    for (int i = 0; i < RULE_CHANGES; i++) {
        const struct zone_rule *rule = i % 2 == 0 ? &zone->summer_ends : &zone->summer_begins;
        int32_t before_s = i % 2 == 0 ? zone->summer_s : zone->standard_s;
        int32_t after_s = i % 2 == 0 ? zone->standard_s : zone->summer_s;
        struct change change = {rule_local_s(rule, year - 1 + i / 2) - before_s, after_s};
        int at = i;
        for (; at > 0 && is_later(zone, &changes[at - 1], &change); at--) {
            changes[at] = changes[at - 1];
        }
        changes[at] = change;
    }
}

/* How long one offset counts. */
struct span {
    int32_t offset_s;
    int64_t until_s; /* ZONE_NEVER */
};

static struct span span_of_rule(const struct zone *zone, int64_t s) {
    if (!zone->has_summer) {
        return (struct span){zone->standard_s, ZONE_NEVER};
    }
    struct change changes[RULE_CHANGES] = {{0, 0}};
    int year = clock_civil(s * GB_SECOND_MS, 0).year;
    rule_changes(zone, year, changes);
    struct span span = {zone->standard_s, ZONE_NEVER};
    for (size_t i = 0; i < RULE_CHANGES; i++) {
        if (changes[i].at_s > s) {
            span.until_s = changes[i].at_s;
            break;
        }
        span.offset_s = changes[i].offset_s;
    }
    return span;
}

static struct span span_at(const struct zone *zone, int64_t instant_ms) {
    int64_t s = floor_s(clamp_ms(instant_ms));
    size_t from = 0, until = zone->count; /* the first change behind s */
    while (from < until) {
        size_t middle = from + (until - from) / 2;
        if (zone->at_s[middle] <= s) {
            from = middle + 1;
        } else {
            until = middle;
        }
    }
    if (from == zone->count && zone->has_rule) {
        return span_of_rule(zone, s);
    }
    return (struct span){
        .offset_s = from > 0 ? zone->offset_s[from - 1] : zone->first_s,
        .until_s = from < zone->count ? zone->at_s[from] : ZONE_NEVER,
    };
}

struct zone zone_fixed(int32_t offset_s) {
    gb_assert(offset_s >= -ZONE_OFFSET_MAX_S && offset_s <= ZONE_OFFSET_MAX_S);
    return (struct zone){.standard_s = offset_s, .has_rule = true};
}

bool zone_name_is_safe(struct str name) {
    if (name.n == 0 || name.n > ZONE_NAME_BYTES_MAX || name.p[0] == '/' ||
        name.p[name.n - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool slash = c == '/' && name.p[i + 1] != '/';
        if (!letter && !slash && c != '_' && c != '+' && c != '-') {
            return false;
        }
    }
    return true;
}

static bool rule_equal(const struct zone_rule *a, const struct zone_rule *b) {
    return a->kind == b->kind && a->month == b->month && a->week == b->week && a->day == b->day &&
           a->time_s == b->time_s;
}

bool zone_equal(const struct zone *a, const struct zone *b) {
    if (a->count != b->count || a->first_s != b->first_s || a->standard_s != b->standard_s ||
        a->summer_s != b->summer_s || a->has_rule != b->has_rule ||
        a->has_summer != b->has_summer || !rule_equal(&a->summer_begins, &b->summer_begins) ||
        !rule_equal(&a->summer_ends, &b->summer_ends)) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->at_s[i] != b->at_s[i] || a->offset_s[i] != b->offset_s[i]) {
            return false;
        }
    }
    return true;
}

struct zone zone_copy(const struct zone *zone, struct arena *arena) {
    struct zone copy = *zone;
    if (zone->count > 0) {
        int64_t *at_s = ARENA_ARRAY(arena, int64_t, zone->count);
        int32_t *offset_s = ARENA_ARRAY(arena, int32_t, zone->count);
        memcpy(at_s, zone->at_s, zone->count * sizeof *at_s);
        memcpy(offset_s, zone->offset_s, zone->count * sizeof *offset_s);
        copy.at_s = at_s;
        copy.offset_s = offset_s;
    } else {
        copy.at_s = NULL;
        copy.offset_s = NULL;
    }
    return copy;
}

int32_t zone_offset_s(const struct zone *zone, int64_t instant_ms) {
    return span_at(zone, instant_ms).offset_s;
}

static int64_t span_until_ms(const struct span *span) {
    return span->until_s >= INSTANT_MAX_MS / GB_SECOND_MS ? ZONE_NEVER
                                                          : span->until_s * GB_SECOND_MS;
}

int64_t zone_change_after(const struct zone *zone, int64_t instant_ms) {
    struct span span = span_at(zone, instant_ms);
    return span_until_ms(&span);
}

struct civil zone_to_civil(const struct zone *zone, int64_t instant_ms) {
    int64_t instant = clamp_ms(instant_ms);
    return clock_civil(instant + zone_offset_s(zone, instant) * GB_SECOND_MS, 0);
}

enum zone_fit zone_from_local(const struct zone *zone, int64_t local_ms, int64_t *ret_instant_ms,
                              int64_t *ret_gap_end_ms) {
    local_ms = clamp_ms(local_ms);
    int64_t from_ms = local_ms - ZONE_OFFSET_MAX_S * GB_SECOND_MS;
    int64_t last_ms = local_ms + ZONE_OFFSET_MAX_S * GB_SECOND_MS;
    int64_t found_ms = ZONE_NEVER, moved_ms = ZONE_NEVER, gap_end_ms = ZONE_NEVER;
    bool twice = false;
    for (int step = 0; step < STEPS_MAX && from_ms <= last_ms && !twice; step++) {
        struct span span = span_at(zone, from_ms);
        int64_t until_ms = span_until_ms(&span), at_ms = local_ms - span.offset_s * GB_SECOND_MS;
        if (at_ms >= from_ms && at_ms < until_ms) {
            twice = found_ms != ZONE_NEVER;
            found_ms = twice ? found_ms : at_ms;
        }
        if (at_ms >= until_ms) { /* the last change the clock had not seen yet */
            moved_ms = at_ms;
            gap_end_ms = until_ms;
        }
        if (until_ms == ZONE_NEVER) {
            break;
        }
        from_ms = until_ms;
    }
    if (found_ms == ZONE_NEVER && moved_ms != ZONE_NEVER) {
        *ret_instant_ms = moved_ms;
        if (ret_gap_end_ms != NULL) {
            *ret_gap_end_ms = gap_end_ms;
        }
        return ZONE_GAP;
    }
    *ret_instant_ms =
        found_ms != ZONE_NEVER ? found_ms : local_ms - zone_offset_s(zone, local_ms) * GB_SECOND_MS;
    return twice ? ZONE_TWICE : ZONE_ONCE;
}

enum zone_fit zone_from_civil(const struct zone *zone, const struct civil *civil,
                              int64_t *ret_instant_ms) {
    return zone_from_local(zone, clock_instant_ms(civil, 0), ret_instant_ms, NULL);
}

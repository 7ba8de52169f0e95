/* zone_posix.c: a zone from the text of the TZ variable (POSIX.1-2017, 8.3), and what RFC 9636
 * adds to it: hours from -167 to 167 in a rule. */
#include "base/zone.h"

#include "base/base.h"

#define TEXT_BYTES_MAX 128

struct reader {
    struct str text;
    size_t at;
    const char *why; /* NULL: all well so far */
};

static bool refuse(struct reader *r, const char *why) {
    if (r->why == NULL) {
        r->why = why;
    }
    return false;
}

static char peek(const struct reader *r) {
    return r->at < r->text.n ? r->text.p[r->at] : '\0';
}

static bool take(struct reader *r, char c) {
    if (peek(r) != c || r->at == r->text.n) {
        return false;
    }
    r->at++;
    return true;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool read_number(struct reader *r, int min, int max, const char *why, int *ret_number) {
    size_t start = r->at;
    int number = 0;
    while (is_digit(peek(r)) && number <= max) {
        number = number * 10 + (r->text.p[r->at++] - '0');
    }
    if (r->at == start || number < min || number > max) {
        r->at = start;
        return refuse(r, why);
    }
    *ret_number = number;
    return true;
}

/* "MSK" or "<+03>": its letters are not kept. */
static bool read_name(struct reader *r) {
    size_t start = r->at;
    bool quoted = take(r, '<');
    while (is_letter(peek(r)) ||
           (quoted && (is_digit(peek(r)) || peek(r) == '+' || peek(r) == '-'))) {
        r->at++;
    }
    size_t letters = r->at - start - quoted;
    if (letters < 3 || (quoted && !take(r, '>'))) {
        r->at = start;
        return refuse(r, "a zone's name has three letters or more, or stands in <>");
    }
    return true;
}

/* [+-]hh[:mm[:ss]], seconds. */
static bool read_time(struct reader *r, int hours_max, int32_t *ret_s) {
    bool negative = take(r, '-');
    if (!negative) {
        (void)take(r, '+');
    }
    int hours = 0, minutes = 0, seconds = 0;
    if (!read_number(r, 0, hours_max, "hours are missing or too many", &hours) ||
        (take(r, ':') &&
         (!read_number(r, 0, 59, "minutes go from 0 to 59", &minutes) ||
          (take(r, ':') && !read_number(r, 0, 59, "seconds go from 0 to 59", &seconds))))) {
        return false;
    }
    int32_t all = hours * 3600 + minutes * 60 + seconds;
    *ret_s = negative ? -all : all;
    return true;
}

/* The text counts hours west of Greenwich. */
static bool read_offset(struct reader *r, int32_t *ret_s) {
    int32_t west_s;
    if (!read_time(r, 24, &west_s)) {
        return false;
    }
    *ret_s = -west_s;
    return true;
}

static bool read_rule(struct reader *r, struct zone_rule *rule) {
    if (!take(r, ',')) {
        return refuse(r, "summer time needs a rule: when it begins and when it ends");
    }
    bool fine;
    if (take(r, 'M')) {
        rule->kind = ZONE_DAY_OF_MONTH;
        fine = read_number(r, 1, 12, "months go from 1 to 12", &rule->month) &&
               (take(r, '.') || refuse(r, "a point is missing: Mmonth.week.day")) &&
               read_number(r, 1, 5, "weeks go from 1 to 5", &rule->week) &&
               (take(r, '.') || refuse(r, "a point is missing: Mmonth.week.day")) &&
               read_number(r, 0, 6, "days of the week go from 0 to 6", &rule->day);
    } else if (take(r, 'J')) {
        rule->kind = ZONE_DAY_JULIAN;
        fine = read_number(r, 1, 365, "days after J go from 1 to 365", &rule->day);
    } else {
        rule->kind = ZONE_DAY_OF_YEAR;
        fine = read_number(r, 0, 365, "days of the year go from 0 to 365", &rule->day);
    }
    rule->time_s = 2 * 3600;
    return fine && (!take(r, '/') || read_time(r, 167, &rule->time_s));
}

static bool read_zone(struct reader *r, struct zone *zone) {
    if (!read_name(r) || !read_offset(r, &zone->standard_s)) {
        return false;
    }
    zone->summer_s = zone->standard_s + 3600;
    if (r->at == r->text.n) {
        return true;
    }
    zone->has_summer = true;
    if (!read_name(r)) {
        return false;
    }
    bool has_offset = peek(r) != ',' && r->at < r->text.n;
    return (!has_offset || read_offset(r, &zone->summer_s)) && read_rule(r, &zone->summer_begins) &&
           read_rule(r, &zone->summer_ends) &&
           (r->at == r->text.n || refuse(r, "something follows the rules"));
}

enum gb_err zone_parse_posix(struct str text, struct zone *ret_zone, size_t *reterr_at,
                             const char **reterr_why) {
    struct reader r = {.text = text};
    struct zone zone = {.has_rule = true};
    if (text.n <= TEXT_BYTES_MAX ? read_zone(&r, &zone) : refuse(&r, "too long")) {
        *ret_zone = zone;
        return GB_OK;
    }
    if (reterr_at != NULL) {
        *reterr_at = r.at;
    }
    if (reterr_why != NULL) {
        *reterr_why = r.why;
    }
    return GB_INVALID;
}

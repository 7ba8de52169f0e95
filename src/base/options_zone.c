/* options_zone.c: OPTION_ZONE: the three ways to write a time zone, and what is wrong with others.
 *
 *      +03:00, UTC                             an offset
 *      MSK-3, CET-1CEST,M3.5.0,M10.5.0/3       a rule, as the variable TZ has it (POSIX)
 *      Europe/Berlin                           a name: a file of the zone database
 *
 * The database is in the directory TZDIR names, else where every Unix has it. Its file is read by
 * the source, is bounded and nothing in it is trusted. What reads as a rule is never looked up.
 */
#include "base/arena.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/options_found.h"
#include "base/zone.h"

#include <stdarg.h>
#include <stdlib.h>

#define DATABASE_DIRECTORY "/usr/share/zoneinfo"
#define DATABASE_PROBE     STR("Etc/UTC") /* is in every one */
#define FILE_BYTES_MAX     ((size_t)256 * 1024)
#define WHY_BYTES_MAX      400

struct looking {
    const struct options_source *source; /* NULL: no files */
    struct str text;
    struct arena *arena;
    struct str why; /* once something is wrong */
};

/* The byte at `at` is at fault. */
GB_PRINTF(3, 4)
static enum gb_err refuse(struct looking *l, size_t at, const char *format, ...) {
    char why[WHY_BYTES_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(why, sizeof why, format, args);
    va_end(args);
    gb_assert(n >= 0);
    l->why = arena_printf(l->arena, "is not " OPTION_ZONE_WORDS "; character %zu: %s", at + 1, why);
    return GB_INVALID;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* ---- offsets ---- */

static enum gb_err refuse_offset(struct looking *l) {
    static const char form[] = "+00:00";
    for (size_t i = 0; i < sizeof form - 1; i++) {
        char c = i < l->text.n ? l->text.p[i] : '\0';
        bool fits = form[i] == '0'   ? is_digit(c)
                    : form[i] == '+' ? c == '+' || c == '-'
                                     : c == form[i];
        if (!fits) {
            return refuse(l, i, "an offset is a sign, two digits, a colon and two digits");
        }
    }
    if (l->text.n > sizeof form - 1) {
        return refuse(l, sizeof form - 1, "something follows the offset");
    }
    return l->text.p[4] > '5' ? refuse(l, 4, "minutes go from 00 to 59")
                              : refuse(l, 1, "an offset is at most 18 hours");
}

/* ---- rules ---- */

/* "UTC+3" and "MSK+2": who writes that means hours east of the name, and POSIX hours west of
 * Greenwich. */
static bool is_misleading(struct str text, const struct zone *zone) {
    static const struct {
        const char *name;
        int32_t offset_s;
    } meanings[] = {{"UTC", 0}, {"GMT", 0}, {"MSK", 3 * 3600}};
    size_t letters = 3;
    bool ends = text.n > letters &&
                (text.p[letters] == '+' || text.p[letters] == '-' || is_digit(text.p[letters]));
    for (size_t i = 0; ends && i < GB_COUNT(meanings); i++) {
        if (str_equal_nocase(str_sub(text, 0, letters), str_of(meanings[i].name))) {
            return zone->standard_s != meanings[i].offset_s;
        }
    }
    return false;
}

static enum gb_err refuse_misleading(struct looking *l, const struct zone *zone) {
    int32_t minutes = zone->standard_s / 60;
    return refuse(l, 3, "POSIX counts hours west, so this would be %c%02d:%02d: write an offset",
                  minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
}

/* Not a name that could not be found, but a rule that could not be read? */
static bool looks_like_rule(struct str text) {
    size_t comma = str_find(text, ','), digit = 0;
    while (digit < text.n && !is_digit(text.p[digit])) {
        digit++;
    }
    return comma < text.n || str_find(text, '<') < text.n ||
           (digit < text.n && str_find(text, '/') == text.n);
}

/* ---- names ---- */

static struct str database(const struct looking *l) {
    const struct options_source *source = l->source;
    struct str named = source != NULL && source->environment != NULL
                           ? str_of(source->environment(source->ctx, "TZDIR"))
                           : STR_NONE;
    return named.n > 0 ? named : STR(DATABASE_DIRECTORY);
}

static enum gb_err file_get(const struct looking *l, struct str name, struct str *ret_bytes) {
    const struct options_source *source = l->source;
    if (source == NULL || source->read_file == NULL) {
        return GB_NOT_FOUND;
    }
    struct str directory = database(l);
    struct str path =
        arena_printf(l->arena, STR_FMT "/" STR_FMT, STR_ARG(directory), STR_ARG(name));
    return source->read_file(source->ctx, l->arena, path, ret_bytes);
}

/* GB_NOT_FOUND: no such file. GB_INVALID: there is one, and l->why. */
static enum gb_err file_read(struct looking *l, struct zone *ret_zone) {
    struct str bytes;
    const char *why = "cannot be read";
    enum gb_err err = file_get(l, l->text, &bytes);
    if (err == GB_NOT_FOUND) {
        return GB_NOT_FOUND;
    }
    if (err == GB_OK) {
        why = "too large for a time zone file";
        if (bytes.n <= FILE_BYTES_MAX &&
            zone_parse_tzif(bytes, l->arena, ret_zone, &why) == GB_OK) {
            return GB_OK;
        }
    }
    struct str directory = option_show(l->arena, database(l));
    return refuse(l, 0, STR_FMT "/" STR_FMT ": %s", STR_ARG(directory), STR_ARG(l->text), why);
}

static enum gb_err refuse_bytes_of_name(struct looking *l) {
    struct str name = l->text;
    for (size_t i = 0; i < name.n; i++) {
        bool slash = name.p[i] == '/';
        if (slash && (i == 0 || i + 1 == name.n || name.p[i + 1] == '/')) {
            return refuse(l, i, "a slash stands between the two parts of a name");
        }
        if (!slash && !zone_name_is_safe(str_sub(name, i, 1))) {
            return refuse(l, i, "a name has letters, digits and _ + - /");
        }
    }
    return refuse(l, ZONE_NAME_BYTES_MAX, "too long for a name");
}

static enum gb_err refuse_name(struct looking *l) {
    struct str bytes;
    const char *guess = zone_guess(l->text);
    struct str directory = option_show(l->arena, database(l));
    if (guess != NULL) {
        return refuse(l, 0, "did you mean %s?", guess);
    }
    if (file_get(l, DATABASE_PROBE, &bytes) == GB_OK) {
        return refuse(l, 0, "there is no such name in " STR_FMT, STR_ARG(directory));
    }
    l->why = arena_printf(l->arena,
                          "is a name, and this machine has no zone database to look it up in "
                          "(" STR_FMT "): install tzdata, or write an offset (+01:00) or a rule "
                          "(CET-1CEST,M3.5.0,M10.5.0/3)",
                          STR_ARG(directory));
    return GB_INVALID;
}

static enum gb_err look_up(struct looking *l, struct zone *ret_zone) {
    enum gb_err err = file_read(l, ret_zone);
    return err == GB_NOT_FOUND ? zone_known(l->text, ret_zone) : err;
}

static enum gb_err read_zone(struct looking *l, struct zone *ret_zone) {
    int minutes;
    size_t at;
    const char *why;
    struct str text = l->text;
    if (clock_parse_offset(text, &minutes) == GB_OK) {
        *ret_zone = zone_fixed(minutes * 60);
        return GB_OK;
    }
    if (text.n > 0 && (text.p[0] == '+' || text.p[0] == '-' || is_digit(text.p[0]))) {
        return refuse_offset(l);
    }
    struct zone zone;
    if (zone_parse_posix(text, &zone, &at, &why) == GB_OK) {
        if (is_misleading(text, &zone)) {
            return refuse_misleading(l, &zone);
        }
        *ret_zone = zone;
        return GB_OK;
    }
    bool is_name = zone_name_is_safe(text);
    enum gb_err err = is_name ? look_up(l, ret_zone) : GB_NOT_FOUND;
    if (err != GB_NOT_FOUND) {
        return err;
    }
    if (looks_like_rule(text)) {
        return refuse(l, at, "%s", why);
    }
    return is_name ? refuse_name(l) : refuse_bytes_of_name(l);
}

enum gb_err option_zone_read(const struct options_source *source, struct str text,
                             struct arena *arena, struct zone *ret_zone, struct str *reterr_why) {
    struct looking looking = {.source = source, .text = text, .arena = arena};
    enum gb_err err = read_zone(&looking, ret_zone);
    if (err != GB_OK) {
        *reterr_why = looking.why;
    }
    return err;
}

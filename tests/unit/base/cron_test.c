/* Cron beside a model that looks at every minute, in zones that change their clocks. */
#define GB_DOOR "reads /usr/share/zoneinfo"
#include "base/cron.h"

#include "base/arena.h"
#include "base/zone.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 64 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static struct zone posix(const char *text) {
    struct zone zone;
    assert_int_equal(zone_parse_posix(str_of(text), &zone, NULL, NULL), GB_OK);
    return zone;
}

static struct cron parsed(const char *text) {
    struct cron cron;
    struct cron_fault fault = {"", 0, ""};
    if (cron_parse(str_of(text), &cron, &fault) != GB_OK) {
        fail_msg("%s: %s at %zu: %s", text, fault.field, fault.at, fault.why);
    }
    return cron;
}

static int64_t at(int year, int month, int day, int hour, int minute) {
    struct civil c = {.year = year, .month = month, .day = day, .hour = hour, .minute = minute};
    return clock_instant_ms(&c, 0);
}

static void assert_next(const char *text, const struct zone *zone, int64_t after,
                        int64_t expected) {
    struct cron cron = parsed(text);
    int64_t next = cron_next(&cron, zone, after);
    if (next != expected) {
        struct arena *arena = arena_new(4096, 65536);
        struct str is = clock_show_utc(arena, next), shall = clock_show_utc(arena, expected);
        fail_msg("%s: " STR_FMT ", not " STR_FMT, text, STR_ARG(is), STR_ARG(shall));
    }
}

/* ---- the model ---- */

/* One field as it was drawn: what it names, and in which words. */
struct drawn {
    bool named[64];
    bool any;
    bool last[31];  /* days of the month: L-n */
    bool nth[7][6]; /* days of the week: [weekday][n], 0 the last */
    char text[512];
    size_t n;
};

struct model {
    struct drawn fields[5];
    char text[2600];
};

static const int mins[] = {0, 0, 1, 1, 0}, maxs[] = {59, 23, 31, 12, 6};
static const char *const months[] = {"jan", "Feb", "MAR", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekdays[] = {"sun", "Mon", "TUE", "wed", "thu", "fri", "sat"};

static void say(struct drawn *d, const char *format, ...) GB_PRINTF(2, 3);
static void say(struct drawn *d, const char *format, ...) {
    va_list args;
    va_start(args, format);
    d->n += (size_t)vsnprintf(d->text + d->n, sizeof d->text - d->n, format, args);
    va_end(args);
}

static void say_value(struct drawn *d, int field, int value, struct chance *chance) {
    bool name = chance_below(chance, 3) == 0;
    if (field == 3 && name) {
        say(d, "%s", months[value - 1]);
    } else if (field == 4 && name) {
        say(d, "%s", weekdays[value]);
    } else if (field == 4 && value == 0 && chance_below(chance, 2) == 0 &&
               d->text[d->n > 0 ? d->n - 1 : 0] != '-') {
        say(d, "7");
    } else {
        say(d, "%d", value);
    }
}

static void draw_special(struct drawn *d, int field, struct chance *chance) {
    if (field == 2) {
        int before = (int)chance_below(chance, 4);
        d->last[before] = true;
        say(d, before > 0 ? "L-%d" : "l", before);
        return;
    }
    int weekday = (int)chance_below(chance, 7), nth = (int)chance_below(chance, 6);
    d->nth[weekday][nth] = true;
    say_value(d, field, weekday, chance);
    say(d, nth > 0 ? "#%d" : "L", nth);
}

static void draw_plain(struct drawn *d, int field, struct chance *chance) {
    int min = mins[field], span = maxs[field] - min + 1;
    int from = min + (int)chance_below(chance, (size_t)span), until = from, step = 1;
    size_t form = chance_below(chance, 5);
    if (form == 0) {
        from = min;
        until = maxs[field];
        step = 1 + (int)chance_below(chance, (size_t)span - 1);
        say(d, "*/%d", step);
    } else if (form == 1) {
        until = maxs[field];
        step = 1 + (int)chance_below(chance, (size_t)span - 1);
        say(d, "%d/%d", from, step);
    } else if (form == 2 && from < maxs[field]) {
        until = from + 1 + (int)chance_below(chance, (size_t)(maxs[field] - from));
        step = 1 + (int)chance_below(chance, 3);
        say(d, "%d-", from);
        say_value(d, field, until, chance);
        if (step > 1) {
            say(d, "/%d", step);
        }
    } else {
        say_value(d, field, from, chance);
    }
    for (int value = from; value <= until; value += step) {
        d->named[value] = true;
    }
}

static void draw_field(struct drawn *d, int field, struct chance *chance) {
    memset(d, 0, sizeof *d);
    bool is_day = field == 2 || field == 4;
    if (chance_below(chance, 5) < 2) {
        d->any = true;
        memset(d->named, 1, sizeof d->named);
        say(d, is_day && chance_below(chance, 3) == 0 ? "?" : "*");
        return;
    }
    size_t items = 1 + chance_below(chance, 3);
    for (size_t i = 0; i < items; i++) {
        say(d, "%s", i > 0 ? "," : "");
        if (is_day && chance_below(chance, 3) == 0) {
            draw_special(d, field, chance);
        } else {
            draw_plain(d, field, chance);
        }
    }
}

static void draw(struct model *m, struct chance *chance) {
    size_t n = 0;
    for (int field = 0; field < 5; field++) {
        draw_field(&m->fields[field], field, chance);
        n += (size_t)snprintf(m->text + n, sizeof m->text - n, "%s%s",
                              field > 0 ? (chance_below(chance, 5) == 0 ? " \t " : " ") : "",
                              m->fields[field].text);
    }
}

static bool names_day(const struct model *m, const struct civil *c) {
    int64_t midnight = at(c->year, c->month, c->day, 0, 0);
    int length = 28;
    while (clock_civil(at(c->year, c->month, 1, 0, 0) + length * GB_DAY_MS, 0).month == c->month) {
        length++;
    }
    const struct drawn *day = &m->fields[2], *week = &m->fields[4];
    int weekday = clock_civil(midnight, 0).weekday;
    bool by_day = day->named[c->day] || day->last[length - c->day];
    bool by_week = week->named[weekday] || week->nth[weekday][(c->day - 1) / 7 + 1] ||
                   (week->nth[weekday][0] && c->day + 7 > length);
    if (day->any) {
        return week->any || by_week;
    }
    return by_day || (!week->any && by_week);
}

static bool names(const struct model *m, int64_t local_ms) {
    struct civil c = clock_civil(local_ms, 0);
    return m->fields[0].named[c.minute] && m->fields[1].named[c.hour] &&
           m->fields[3].named[c.month] && names_day(m, &c);
}

static bool is_every_hour(const struct model *m) {
    bool all = true;
    for (int hour = 0; hour < 24; hour++) {
        all &= m->fields[1].named[hour];
    }
    return all;
}

static int64_t local_of(const struct zone *zone, int64_t ms) {
    return ms + zone_offset_s(zone, ms) * GB_SECOND_MS;
}

/* Was this local time shown before? Looks back over the two days in which it may have been. */
static bool was_before(const struct zone *zone, int64_t ms) {
    int64_t local = local_of(zone, ms);
    int32_t last_s = zone_offset_s(zone, ms);
    for (int64_t t = ms - 15 * GB_MINUTE_MS; t > ms - 27 * GB_HOUR_MS; t -= 15 * GB_MINUTE_MS) {
        int32_t offset_s = zone_offset_s(zone, t);
        if (offset_s == last_s) {
            continue;
        }
        last_s = offset_s;
        int64_t then = local - offset_s * GB_SECOND_MS;
        if (then < ms && local_of(zone, then) == local) {
            return true;
        }
    }
    return false;
}

static bool model_runs_at(const struct model *m, const struct zone *zone, int64_t ms) {
    int64_t local = local_of(zone, ms);
    if (is_every_hour(m)) {
        return names(m, local);
    }
    if (names(m, local) && !was_before(zone, ms)) {
        return true;
    }
    for (int64_t skipped = local_of(zone, ms - GB_MINUTE_MS) + GB_MINUTE_MS; skipped < local;
         skipped += GB_MINUTE_MS) {
        if (names(m, skipped)) {
            return true;
        }
    }
    return false;
}

/* Every run in the window, one after the other, and from a random instant before each. */
static size_t compare(const struct model *m, const struct cron *cron, const struct zone *zone,
                      int64_t from_ms, int64_t until_ms, struct chance *chance) {
    size_t runs = 0;
    int64_t last = from_ms - 1, after = from_ms - 1;
    for (int64_t ms = from_ms; ms < until_ms; ms += GB_MINUTE_MS) {
        if (!model_runs_at(m, zone, ms)) {
            continue;
        }
        int64_t next = cron_next(cron, zone, after);
        if (next != ms) {
            fail_msg("%s: after %" PRId64 " comes %" PRId64 ", not %" PRId64, m->text, after, next,
                     ms);
        }
        after = last + (int64_t)(chance_u64(chance) % (uint64_t)(ms - last));
        assert_int_equal(cron_next(cron, zone, after), ms);
        assert_int_equal(cron_next(cron, zone, ms - 1), ms);
        last = after = ms;
        runs++;
    }
    assert_true(cron_next(cron, zone, after) >= until_ms);
    return runs;
}

static const char *const texts[] = {
    "MSK-3",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "EET-2EEST,M3.5.5/0,M10.5.5/0",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
};

static struct zone apia(struct arena *arena) {
    FILE *file = fopen("/usr/share/zoneinfo/Pacific/Apia", "rb");
    struct zone zone = posix("<+13>-13");
    if (file != NULL) {
        char *bytes = arena_take(arena, 65536);
        size_t n = fread(bytes, 1, 65536, file);
        fclose(file);
        assert_int_equal(zone_parse_tzif((struct str){bytes, n}, arena, &zone, NULL), GB_OK);
    }
    return zone;
}

static void random_expressions_run_at_the_minutes_a_naive_clock_finds(void **state) {
    struct chance chance = {7};
    size_t runs = 0;
    for (int round = 0; round < 400; round++) {
        struct model m;
        struct cron cron;
        draw(&m, &chance);
        if (strlen(m.text) > CRON_TEXT_MAX) {
            continue;
        }
        cron = parsed(m.text);
        size_t pick = chance_below(&chance, GB_COUNT(texts) + 1);
        struct zone zone = pick < GB_COUNT(texts) ? posix(texts[pick]) : apia(*state);
        int64_t start = at(2000, 1, 1, 0, 0) + (int64_t)chance_below(&chance, 14610) * GB_DAY_MS;
        if (pick == GB_COUNT(texts) && round % 2 == 0) {
            start = at(2011, 12, 20, 0, 0); /* no 30 December there that year */
        }
        int64_t change = zone_change_after(&zone, start);
        if (change != ZONE_NEVER && round % 4 != 0) {
            start = change - (int64_t)chance_below(&chance, 2000) * GB_MINUTE_MS;
        }
        start -= start % GB_MINUTE_MS;
        runs += compare(&m, &cron, &zone, start, start + 4 * GB_DAY_MS, &chance);
        arena_clear(*state);
    }
    assert_true(runs > 7000);
}

static void random_expressions_are_found_months_ahead(void **state) {
    (void)state;
    struct chance chance = {8};
    struct zone zone = posix(texts[1]);
    for (int round = 0; round < 3; round++) {
        struct model m;
        draw(&m, &chance);
        struct cron cron = parsed(m.text);
        int64_t start = at(2024, 1, 1, 0, 0);
        (void)compare(&m, &cron, &zone, start, start + 150 * GB_DAY_MS, &chance);
    }
}

static void what_is_printed_is_read_as_the_same(void **state) {
    struct chance chance = {9};
    for (int round = 0; round < 20000; round++) {
        struct model m;
        struct cron first, second;
        struct buf once, twice;
        draw(&m, &chance);
        if (strlen(m.text) > CRON_TEXT_MAX) {
            continue;
        }
        first = parsed(m.text);
        buf_init(&once, *state, CRON_PRINT_MAX);
        buf_init(&twice, *state, CRON_PRINT_MAX);
        cron_print(&first, &once);
        assert_int_equal(cron_parse(buf_str(&once), &second, NULL), GB_OK);
        assert_memory_equal(&first, &second, sizeof first);
        cron_print(&second, &twice);
        assert_true(str_equal(buf_str(&once), buf_str(&twice)));
        arena_clear(*state);
    }
}

/* ---- by hand ---- */

static void known_expressions_come_when_they_should(void **state) {
    (void)state;
    struct zone utc = zone_fixed(0);
    int64_t monday = at(2026, 11, 23, 14, 5);
    assert_next("* * * * *", &utc, monday, at(2026, 11, 23, 14, 6));
    assert_next("* * * * *", &utc, monday - 1, monday);
    assert_next("*/10 * * * *", &utc, monday, at(2026, 11, 23, 14, 10));
    assert_next("0 9 * * *", &utc, monday, at(2026, 11, 24, 9, 0));
    assert_next("0 0 L * *", &utc, monday, at(2026, 11, 30, 0, 0));
    assert_next("0 0 L-2 2 ?", &utc, monday, at(2027, 2, 26, 0, 0));
    assert_next("30 8 ? * FRI#2", &utc, monday, at(2026, 12, 11, 8, 30));
    assert_next("30 8 ? * 5L", &utc, monday, at(2026, 11, 27, 8, 30));
    assert_next("0 12 * * fri-sun", &utc, monday, at(2026, 11, 27, 12, 0));
    assert_next("0 12 1 * MON", &utc, monday, at(2026, 11, 30, 12, 0)); /* either */
    assert_next("0 12 1 * MON", &utc, at(2026, 11, 30, 12, 0), at(2026, 12, 1, 12, 0));
    assert_next("@yearly", &utc, monday, at(2027, 1, 1, 0, 0));
    assert_next("@monthly", &utc, monday, at(2026, 12, 1, 0, 0));
    assert_next("@WEEKLY", &utc, monday, at(2026, 11, 29, 0, 0));
    assert_next(" @hourly ", &utc, monday, at(2026, 11, 23, 15, 0));
    assert_next("0 0 29 2 *", &utc, monday, at(2028, 2, 29, 0, 0));
    assert_next("0 0 29 2 *", &utc, at(2096, 3, 1, 0, 0), at(2104, 2, 29, 0, 0));
    assert_next("0 0 ? 2 MON#5", &utc, monday, at(2044, 2, 29, 0, 0));
    struct zone moscow = zone_fixed(3 * 3600);
    assert_next("0 9 * * *", &moscow, monday, at(2026, 11, 24, 6, 0));
}

static void days_that_never_come_are_never(void **state) {
    (void)state;
    struct zone zone = posix(texts[1]);
    const char *const never[] = {"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 30,31 FEB ?"};
    for (size_t i = 0; i < GB_COUNT(never); i++) {
        assert_next(never[i], &zone, at(2026, 1, 1, 0, 0), CRON_NEVER);
    }
    assert_next("* * * * *", &zone, INT64_MAX, CRON_NEVER);
    assert_next("* * * * *", &zone, at(9990, 12, 31, 0, 0), CRON_NEVER);
    struct cron cron = parsed("* * * * *");
    assert_true(cron_next(&cron, &zone, INT64_MIN) < at(3, 1, 1, 0, 0));
}

static void a_run_in_a_gap_comes_once_after_it(void **state) {
    (void)state;
    struct zone berlin = posix(texts[1]);
    int64_t gap = at(2026, 3, 29, 1, 0); /* 02:00 -> 03:00 */
    assert_next("30 2 * * *", &berlin, gap - GB_HOUR_MS, gap);
    assert_next("30 2 * * *", &berlin, gap, at(2026, 3, 30, 0, 30));
    assert_next("*/10 2 * * *", &berlin, gap - GB_HOUR_MS, gap);
    assert_next("*/10 2 * * *", &berlin, gap, at(2026, 3, 30, 0, 0));
    assert_next("0,30 2,3 * * *", &berlin, gap - 1, gap); /* 03:00 is the same instant: once */
    assert_next("0,30 2,3 * * *", &berlin, gap, gap + 30 * GB_MINUTE_MS);
    assert_next("5 * * * *", &berlin, gap - GB_HOUR_MS + 5 * GB_MINUTE_MS, gap + 5 * GB_MINUTE_MS);
}

static void a_run_in_an_overlap_comes_once_and_every_hour_goes_on(void **state) {
    (void)state;
    struct zone berlin = posix(texts[1]);
    int64_t first = at(2026, 10, 25, 0, 30), second = first + GB_HOUR_MS; /* both 02:30 */
    assert_next("30 2 * * *", &berlin, first - 1, first);
    assert_next("30 2 * * *", &berlin, first, at(2026, 10, 26, 1, 30));
    assert_next("30 2 * * *", &berlin, second - 1, at(2026, 10, 26, 1, 30));
    assert_next("30 * * * *", &berlin, first, second);
    assert_next("*/30 * * * *", &berlin, first, first + 30 * GB_MINUTE_MS);
}

static void normal_forms(void **state) {
    const struct {
        const char *text, *printed;
    } cases[] = {
        {"0-59 0-23 * 1-12 *", "* * * * *"},
        {"*/10 */6 1-31 * ?", "*/10 */6 1-31 * *"},
        {"0,10,20,30,40,50 3,2,1 ? jan,feb SUN", "*/10 1-3 * 1,2 0"},
        {"5 4 l,L-3,1 * *", "5 4 L-3,L,1 * *"},
        {"5 4 * * fri#2,5L,7", "5 4 * * 5L,5#2,0"},
        {"@daily", "0 0 * * *"},
        {"1/2 8-20/4 * * 0-7", "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,"
                               "47,49,51,53,55,57,59 8,12,16,20 * * 0-6"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct cron cron = parsed(cases[i].text);
        struct buf buf;
        buf_init(&buf, *state, CRON_PRINT_MAX);
        cron_print(&cron, &buf);
        assert_str(buf_str(&buf), cases[i].printed);
    }
}

static void a_wrong_expression_is_refused_with_field_place_and_reason(void **state) {
    (void)state;
    const struct {
        const char *text, *field;
        size_t at;
        const char *why;
    } cases[] = {
        {"", "expression", 0, "five fields"},
        {"* * * *", "expression", 7, "five fields"},
        {"* * * * * *", "expression", 10, "more than five"},
        {"60 * * * *", "minute", 0, "minutes go from 0 to 59"},
        {"* 24 * * *", "hour", 2, "hours go"},
        {"* * 0 * *", "day of month", 4, "days of the month"},
        {"* * 32 * *", "day of month", 4, "days of the month"},
        {"* * * 13 *", "month", 6, "months go"},
        {"* * * foo *", "month", 6, "months go"},
        {"* * * * 8", "day of week", 8, "days of the week"},
        {"* * * * L", "day of week", 8, "days of the week"},
        {"* * * * fri#6", "day of week", 12, "behind #"},
        {"* * L-31 * *", "day of month", 6, "behind L-"},
        {"5-1 * * * *", "minute", 0, "backwards"},
        {"0 22-4 * * *", "hour", 2, "backwards"},
        {"*/0 * * * *", "minute", 2, "step"},
        {"*/60 * * * *", "minute", 2, "step"},
        {"1, * * * *", "minute", 2, "minutes go"},
        {"1x * * * *", "minute", 1, "does not belong"},
        {"1-2-3 * * * *", "minute", 3, "does not belong"},
        {"? * * * *", "minute", 0, "minutes go"},
        {"99999999999999999999 * * * *", "minute", 0, "minutes go"},
        {"@reboot", "expression", 0, "of names there are"},
        {"  @never", "expression", 2, "of names there are"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct cron cron;
        struct cron_fault fault = {"", 999, ""};
        assert_int_equal(cron_parse(str_of(cases[i].text), &cron, &fault), GB_INVALID);
        if (strcmp(fault.field, cases[i].field) != 0 || fault.at != cases[i].at ||
            strstr(fault.why, cases[i].why) == NULL) {
            fail_msg("%s: %s at %zu: %s", cases[i].text, fault.field, fault.at, fault.why);
        }
    }
    char longest[CRON_TEXT_MAX + 2];
    memset(longest, '1', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    struct cron cron;
    struct cron_fault fault;
    assert_int_equal(cron_parse(str_of(longest), &cron, &fault), GB_INVALID);
    assert_string_equal(fault.why, "too long");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_expressions_run_at_the_minutes_a_naive_clock_finds),
        cmocka_unit_test(random_expressions_are_found_months_ahead),
        cmocka_unit_test(what_is_printed_is_read_as_the_same),
        cmocka_unit_test(known_expressions_come_when_they_should),
        cmocka_unit_test(days_that_never_come_are_never),
        cmocka_unit_test(a_run_in_a_gap_comes_once_after_it),
        cmocka_unit_test(a_run_in_an_overlap_comes_once_and_every_hour_goes_on),
        cmocka_unit_test(normal_forms),
        cmocka_unit_test(a_wrong_expression_is_refused_with_field_place_and_reason),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}

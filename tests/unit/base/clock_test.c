/* Dates against a calendar that is walked day by day, 400 years each way, and their texts. */
#include "base/clock.h"

#include "base/arena.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(4096, 16 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

struct date {
    int year, month, day, weekday;
};

static void step_forward(struct date *d) {
    d->weekday = (d->weekday + 1) % 7;
    if (++d->day > month_days(d->year, d->month)) {
        d->day = 1;
        if (++d->month > 12) {
            d->month = 1;
            d->year++;
        }
    }
}

static void step_back(struct date *d) {
    d->weekday = (d->weekday + 6) % 7;
    if (--d->day < 1) {
        if (--d->month < 1) {
            d->month = 12;
            d->year--;
        }
        d->day = month_days(d->year, d->month);
    }
}

static void assert_date(int64_t day, const struct date *d, int64_t ms_of_day) {
    int64_t instant = day * GB_DAY_MS + ms_of_day;
    struct civil c = clock_civil(instant, 0);
    if (c.year != d->year || c.month != d->month || c.day != d->day || c.weekday != d->weekday ||
        clock_day(instant, 0) != day || clock_instant_ms(&c, 0) != instant) {
        fail_msg("day %" PRId64 " is %d-%d-%d, not %d-%d-%d", day, c.year, c.month, c.day, d->year,
                 d->month, d->day);
    }
}

enum { CENTURIES_4 = 146097 };

static void dates_follow_a_calendar_walked_400_years_each_way(void **state) {
    (void)state;
    struct chance chance = {1};
    struct date forward = {1970, 1, 1, 4}, back = forward;
    for (int64_t day = 0; day < CENTURIES_4; day++) {
        int64_t ms = (int64_t)chance_below(&chance, GB_DAY_MS);
        assert_date(day, &forward, ms);
        assert_date(-day, &back, ms);
        step_forward(&forward);
        step_back(&back);
    }
    assert_int_equal(forward.year, 2370);
}

static void the_parts_of_a_day_add_up_at_any_offset(void **state) {
    (void)state;
    struct chance chance = {2};
    for (int round = 0; round < 50000; round++) {
        int64_t instant = (int64_t)(chance_u64(&chance) % (800 * 366 * (uint64_t)GB_DAY_MS)) -
                          400 * 366 * GB_DAY_MS;
        int offset = (int)chance_below(&chance, 2 * 18 * 60 + 1) - 18 * 60;
        struct civil c = clock_civil(instant, offset);
        assert_int_equal(clock_instant_ms(&c, offset), instant);
        assert_true(c.hour >= 0 && c.hour < 24 && c.minute >= 0 && c.minute < 60);
        assert_true(c.second >= 0 && c.second < 60 && c.ms >= 0 && c.ms < 1000);
        struct civil utc = clock_civil(instant + offset * GB_MINUTE_MS, 0);
        assert_memory_equal(&utc, &c, sizeof c);
        assert_int_equal(clock_day(instant, offset), clock_day(instant + offset * GB_MINUTE_MS, 0));
    }
}

static void outside_years_1_to_9999_the_ends_stand(void **state) {
    (void)state;
    for (int offset = -720; offset <= 720; offset += 720) {
        struct civil first = clock_civil(INT64_MIN, offset), last = clock_civil(INT64_MAX, offset);
        assert_int_equal(first.year, 1);
        assert_int_equal(first.month, 1);
        assert_int_equal(first.day, 1);
        assert_int_equal(first.hour, 0);
        assert_int_equal(last.year, 9999);
        assert_int_equal(last.month, 12);
        assert_int_equal(last.day, 31);
        assert_int_equal(last.ms, 999);
    }
    assert_str(clock_show_date(*state, INT64_MAX), "9999-12-31");
    assert_str(clock_show_date(*state, INT64_MIN), "0001-01-01");
    assert_int_equal(clock_civil(INT64_MIN, 0).weekday, 1);
    assert_int_equal(clock_civil(INT64_MAX, 0).weekday, 5);
}

static void a_date_reads_back_as_the_day_it_shows(void **state) {
    for (int64_t day = -200000; day < 200000; day += 7) {
        int64_t back;
        assert_int_equal(clock_parse_date(clock_show_date(*state, day), &back), GB_OK);
        assert_int_equal(back, day);
        arena_clear(*state);
    }
    int64_t day;
    assert_int_equal(clock_parse_date(STR("2026-11-23"), &day), GB_OK);
    assert_int_equal(day, 20780);
    assert_int_equal(clock_parse_date(STR("2024-02-29"), &day), GB_OK);
}

static void days_that_are_not_in_the_calendar_are_refused(void **state) {
    (void)state;
    const char *const wrong[] = {
        "2026-02-29",  "2026-02-31",  "2026-04-31", "2100-02-29", "2026-13-01", "2026-00-01",
        "2026-01-00",  "2026-01-32",  "0000-01-01", "2026-1-01",  "26-01-01",   "2026/01/01",
        "2026-01-01 ", " 2026-01-01", "2026-01--1", "-026-01-01", "2026-01-0a", "",
        "2026-01"};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        int64_t day = 77;
        assert_int_equal(clock_parse_date(str_of(wrong[i]), &day), GB_INVALID);
        assert_int_equal(day, 77);
    }
}

static void an_instant_is_shown_in_utc_to_the_millisecond(void **state) {
    assert_str(clock_show_utc(*state, 0), "1970-01-01T00:00:00.000Z");
    assert_str(clock_show_utc(*state, -1), "1969-12-31T23:59:59.999Z");
    assert_str(clock_show_utc(*state, INT64_C(1795442709123)), "2026-11-23T14:05:09.123Z");
}

static void offsets_are_signed_hours_and_minutes(void **state) {
    (void)state;
    const struct {
        const char *text;
        int minutes;
    } cases[] = {{"+03:00", 180}, {"-05:30", -330}, {"+00:00", 0},   {"-00:00", 0},
                 {"UTC", 0},      {"Z", 0},         {"+14:00", 840}, {"-18:00", -1080}};
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        int minutes = 77;
        assert_int_equal(clock_parse_offset(str_of(cases[i].text), &minutes), GB_OK);
        assert_int_equal(minutes, cases[i].minutes);
    }
    const char *const wrong[] = {"MSK",    "utc",    "03:00",  "+3:00",  "+0300",  "+03",    "",
                                 "+03:60", "+18:01", "+19:00", "+-3:00", "+03:-1", "+03:000"};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        int minutes = 77;
        assert_int_equal(clock_parse_offset(str_of(wrong[i]), &minutes), GB_INVALID);
        assert_int_equal(minutes, 77);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_follow_a_calendar_walked_400_years_each_way),
        cmocka_unit_test(the_parts_of_a_day_add_up_at_any_offset),
        cmocka_unit_test(outside_years_1_to_9999_the_ends_stand),
        cmocka_unit_test(a_date_reads_back_as_the_day_it_shows),
        cmocka_unit_test(days_that_are_not_in_the_calendar_are_refused),
        cmocka_unit_test(an_instant_is_shown_in_utc_to_the_millisecond),
        cmocka_unit_test(offsets_are_signed_hours_and_minutes),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}

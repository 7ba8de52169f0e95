/* When something runs, in an owner's words: read, or refused with what is wrong about it. */
#include "base/schedule.h"

#include "base/arena.h"
#include "base/options.h"
#include "helpers.h"

static void the_three_forms_are_read(void **state) {
    (void)state;
    struct schedule s;
    assert_int_equal(schedule_parse(STR("off"), &s, NULL), GB_OK);
    assert_int_equal(s.kind, SCHEDULE_OFF);
    assert_int_equal(schedule_parse(STR("every 10 s"), &s, NULL), GB_OK);
    assert_int_equal(s.kind, SCHEDULE_EVERY);
    assert_int_equal(s.every_ms, 10000);
    assert_int_equal(schedule_parse(STR("every  6h"), &s, NULL), GB_OK);
    assert_int_equal(s.every_ms, 6 * GB_HOUR_MS);
    assert_int_equal(schedule_parse(STR("0 9 * * MON-FRI"), &s, NULL), GB_OK);
    assert_int_equal(s.kind, SCHEDULE_CRON);
    assert_int_equal(s.cron.hours, 1 << 9);
    assert_int_equal(schedule_parse(STR("@daily"), &s, NULL), GB_OK);
    assert_int_equal(s.kind, SCHEDULE_CRON);
}

static void what_cannot_be_is_refused_with_the_reason(void **state) {
    (void)state;
    const struct {
        const char *text, *field;
        size_t at;
        const char *why;
    } cases[] = {
        {"", "expression", 0, "five fields"},
        {"never", "minute", 0, "minutes go"},
        {"every", "every", 5, "a duration"},
        {"every day", "every", 6, "a duration"},
        {"every 10 parsecs", "every", 6, "a duration"},
        {"every 0s", "every", 6, "from 1 s"},
        {"every 999ms", "every", 6, "from 1 s"},
        {"every 367d", "every", 6, "from 1 s"},
        {"0 25 * * *", "hour", 2, "hours go"},
        {"0 0 30 2 *", "expression", 0, "no such day"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct schedule s = {.kind = SCHEDULE_OFF, .every_ms = 77};
        struct cron_fault fault = {"", 999, ""};
        assert_int_equal(schedule_parse(str_of(cases[i].text), &s, &fault), GB_INVALID);
        assert_int_equal(s.every_ms, 77);
        if (strcmp(fault.field, cases[i].field) != 0 || fault.at != cases[i].at ||
            strstr(fault.why, cases[i].why) == NULL) {
            fail_msg("%s: %s at %zu: %s", cases[i].text, fault.field, fault.at, fault.why);
        }
    }
}

/* ---- as an option ---- */

struct settings {
    struct schedule digest;
};

static const struct option options[] = {
    {.section = "schedule",
     .key = "digest",
     .kind = OPTION_SCHEDULE,
     .offset = offsetof(struct settings, digest),
     .fallback = "0 9 * * *",
     .help = "Numbers for the admins."},
};
static const struct options_spec spec = {.intro = "",
                                         .environment = "X",
                                         .options = options,
                                         .count = GB_COUNT(options),
                                         .struct_bytes = sizeof(struct settings)};

static enum gb_err read_file(struct arena *arena, const char *text, struct settings *settings,
                             struct faults *faults) {
    struct options_source source = {.file = "c.ini", .text = str_of(text)};
    faults_init(faults, arena);
    return options_read(&spec, &source, arena, settings, faults);
}

static void an_option_takes_a_schedule_and_has_its_fallback(void **state) {
    (void)state;
    struct arena *arena = arena_new(65536, 1024 * 1024);
    struct settings settings;
    struct faults faults;
    assert_int_equal(read_file(arena, "[schedule]\ndigest = every 5 min\n", &settings, &faults),
                     GB_OK);
    assert_int_equal(settings.digest.every_ms, 5 * GB_MINUTE_MS);
    assert_int_equal(read_file(arena, "[schedule]\ndigest =\n", &settings, &faults), GB_OK);
    assert_int_equal(settings.digest.kind, SCHEDULE_CRON);
    assert_int_equal(settings.digest.cron.hours, 1 << 9);
    assert_int_equal(
        read_file(arena, "[schedule]\ndigest = 30 8 ? * FRI#2 ; the second\n", &settings, &faults),
        GB_OK);
    assert_int_equal(settings.digest.cron.nth[5], 1 << 2);
    arena_free(arena);
}

static void a_fault_says_field_and_character(void **state) {
    (void)state;
    struct arena *arena = arena_new(65536, 1024 * 1024);
    struct settings settings;
    struct faults faults;
    assert_int_equal(read_file(arena, "[schedule]\ndigest = 0 25 * * *\n", &settings, &faults),
                     GB_INVALID);
    assert_str(faults.first->text,
               "c.ini:2: [schedule] digest: \"0 25 * * *\" is not a schedule (0 9 * * *, @daily, "
               "every 10 s), or off; hour, character 3: hours go from 0 to 23");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_forms_are_read),
        cmocka_unit_test(what_cannot_be_is_refused_with_the_reason),
        cmocka_unit_test(an_option_takes_a_schedule_and_has_its_fallback),
        cmocka_unit_test(a_fault_says_field_and_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

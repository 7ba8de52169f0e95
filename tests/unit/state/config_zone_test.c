/* [shop] time_zone: what the dates of a shop go by, read once and again. */
#include "base/arena.h"
#include "base/base.h"
#include "base/zone.h"
#include "state/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* In the winter and in the summer of 2026. */
#define WINTER_MS INT64_C(1768435200000)
#define SUMMER_MS INT64_C(1784073600000)

static int set_up(void **state) {
    *state = arena_new(64 * 1024, 16 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state) {
    arena_free(*state);
    return 0;
}

/* A machine without files. */
static enum gb_err read_with(struct arena *arena, const char *shop, struct config *config,
                             struct faults *faults) {
    struct options_source source = {
        .file = "c.ini",
        .text =
            arena_printf(arena, "[telegram]\ntoken = 123456:abcdefghijklmnop\n[shop]\n%s\n", shop),
    };
    faults_init(faults, arena);
    enum gb_err err = options_read(&config_spec, &source, arena, config, faults);
    config_check(config, arena, faults);
    return err;
}

static void a_shop_that_says_nothing_is_in_moscow(void **state) {
    struct config config;
    struct faults faults;
    assert_int_equal(read_with(*state, "", &config, &faults), GB_OK);
    assert_int_equal(zone_offset_s(&config.shop.zone, WINTER_MS), 3 * 3600);
    assert_int_equal(zone_offset_s(&config.shop.zone, SUMMER_MS), 3 * 3600);
}

static void a_zone_with_summer_time_has_two_offsets(void **state) {
    struct config config;
    struct faults faults;
    assert_int_equal(read_with(*state, "time_zone = CET-1CEST,M3.5.0,M10.5.0/3", &config, &faults),
                     GB_OK);
    assert_int_equal(zone_offset_s(&config.shop.zone, WINTER_MS), 3600);
    assert_int_equal(zone_offset_s(&config.shop.zone, SUMMER_MS), 7200);
}

static void a_bad_zone_is_a_fault_with_line_and_column(void **state) {
    struct config config;
    struct faults faults;
    assert_int_equal(read_with(*state, "time_zone = CET-1CEST,M3.6.0,M10.5.0/3", &config, &faults),
                     GB_INVALID);
    assert_int_equal(faults.count, 1);
    const char *fault = arena_cstr(*state, faults.first->text);
    assert_non_null(strstr(fault, "c.ini:4: [shop] time_zone: \"CET-1CEST,M3.6.0,M10.5.0/3\""));
    assert_non_null(strstr(fault, "; character 14: weeks go from 1 to 5"));
}

static void the_same_place_is_named_without_a_database(void **state) {
    struct config config;
    struct faults faults;
    assert_int_equal(read_with(*state, "time_zone = Asia/Vladivostok", &config, &faults), GB_OK);
    assert_int_equal(zone_offset_s(&config.shop.zone, SUMMER_MS), 10 * 3600);
    assert_int_equal(read_with(*state, "time_zone = Europe/Berlin", &config, &faults), GB_INVALID);
    assert_non_null(strstr(arena_cstr(*state, faults.first->text), "install tzdata"));
}

static void name_held(void *ctx, const struct option *option) {
    buf_printf(ctx, "[%s] %s\n", option->section, option->key);
}

static void a_new_zone_counts_without_a_restart(void **state) {
    struct config before, after;
    struct faults faults;
    struct buf held;
    buf_init(&held, *state, 1000);
    assert_int_equal(read_with(*state, "", &before, &faults), GB_OK);
    assert_int_equal(read_with(*state, "time_zone = <+04>-4\ncurrency = USD", &after, &faults),
                     GB_OK);
    options_hold(&config_spec, &before, *state, &after, name_held, &held);
    assert_true(str_is(buf_str(&held), "[shop] currency\n"));
    assert_int_equal(zone_offset_s(&after.shop.zone, SUMMER_MS), 4 * 3600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_shop_that_says_nothing_is_in_moscow),
        TEST(a_zone_with_summer_time_has_two_offsets),
        TEST(a_bad_zone_is_a_fault_with_line_and_column),
        TEST(the_same_place_is_named_without_a_database),
        TEST(a_new_zone_counts_without_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "bot/callbacks.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state) {
    (void)state;
    arena = arena_new(4096, 1 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct callback read_ok(const char *data) {
    struct callback callback;
    assert_int_equal(callback_read(str_of(data), &callback), GB_OK);
    return callback;
}

static void data_is_built_and_read_back(void **state) {
    (void)state;
    struct callback to = {.press = PRESS_WAY, .args = {STR("de"), STR("m1"), STR("stars")}};
    struct str data;
    assert_int_equal(callback_build(arena, &to, &data), GB_OK);
    assert_true(str_is(data, "b.w:de:m1:stars"));
    struct callback back = read_ok("b.w:de:m1:stars");
    assert_int_equal(back.press, PRESS_WAY);
    assert_false(back.fresh);
    assert_true(str_is(back.args[0], "de"));
    assert_true(str_is(back.args[2], "stars"));
}

static void plus_asks_for_a_fresh_message(void **state) {
    (void)state;
    struct str data;
    struct callback to = {.press = PRESS_SUBS, .fresh = true};
    assert_int_equal(callback_build(arena, &to, &data), GB_OK);
    assert_true(str_is(data, "s+"));
    assert_true(read_ok("s+").fresh);
}

static void every_press_survives_the_round_trip(void **state) {
    (void)state;
    for (unsigned press = 0; press < PRESS_COUNT; press++) {
        for (int fresh = 0; fresh < 2; fresh++) {
            struct callback to = {(enum press)press, fresh != 0, {STR("aa"), STR("bb"), STR("cc")}};
            struct str data;
            assert_int_equal(callback_build(arena, &to, &data), GB_OK);
            struct callback back;
            assert_int_equal(callback_read(data, &back), GB_OK);
            assert_int_equal(back.press, press);
            assert_int_equal(back.fresh, fresh);
        }
    }
}

static void what_does_not_fit_is_no_button(void **state) {
    (void)state;
    char longest[CALLBACK_BYTES_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    struct callback to = {.press = PRESS_SUB};
    struct str data;
    to.args[0] = (struct str){longest, CALLBACK_BYTES_MAX - sizeof("s.o:") + 1};
    assert_int_equal(callback_build(arena, &to, &data), GB_OK);
    assert_int_equal(data.n, CALLBACK_BYTES_MAX);
    to.args[0].n++;
    assert_int_equal(callback_build(arena, &to, &data), GB_NO_SPACE);
}

static void an_argument_cannot_smuggle_another(void **state) {
    (void)state;
    struct str data;
    struct callback to = {.press = PRESS_TARIFF, .args = {STR("de:m1"), STR("m2")}};
    assert_int_equal(callback_build(arena, &to, &data), GB_NO_SPACE);
    to.args[0] = STR("");
    assert_int_equal(callback_build(arena, &to, &data), GB_NO_SPACE);
}

static void foreign_data_is_refused(void **state) {
    (void)state;
    const char *const foreign[] = {
        "",
        ":",
        "+",
        "b.l",
        "b.l:",
        "b.l:a:b",
        "m:x",
        "m++",
        "x",
        "b.w",
        "b.t:",
        "b.t::",
        "b.w:a:b:",
        "b.w:a:b:c:d",
        "M",
        "m ",
        " m",
        "b.l+:",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    for (size_t i = 0; i < GB_COUNT(foreign); i++) {
        struct callback callback;
        assert_int_equal(callback_read(str_of(foreign[i]), &callback), GB_INVALID);
    }
}

static void any_bytes_are_survived_and_what_is_read_builds_the_same(void **state) {
    (void)state;
    const char letters[] = "mbslpwtxcoqah.+:de1\0\xff";
    uint32_t chance = 12345;
    for (int round = 0; round < 20000; round++) {
        char bytes[72];
        size_t n = 0;
        chance = chance * 1103515245u + 12345u;
        size_t length = (chance >> 16) % sizeof(bytes);
        while (n < length) {
            chance = chance * 1103515245u + 12345u;
            bytes[n++] = letters[(chance >> 16) % (sizeof(letters) - 1)];
        }
        struct callback callback;
        struct str data = {bytes, n};
        if (callback_read(data, &callback) == GB_OK) {
            struct str again;
            assert_int_equal(callback_build(arena, &callback, &again), GB_OK);
            assert_true(str_equal(data, again));
        }
        arena_clear(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_built_and_read_back),
        cmocka_unit_test(plus_asks_for_a_fresh_message),
        cmocka_unit_test(every_press_survives_the_round_trip),
        cmocka_unit_test(what_does_not_fit_is_no_button),
        cmocka_unit_test(an_argument_cannot_smuggle_another),
        cmocka_unit_test(foreign_data_is_refused),
        cmocka_unit_test(any_bytes_are_survived_and_what_is_read_builds_the_same),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Numbers and amounts: what is accepted comes back exactly, everything else is refused. */
#include "base/num.h"

#include "base/arena.h"
#include "base/json.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(4096, 16 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static void a_number_comes_back_as_written(void **state) {
    (void)state;
    struct chance chance = {1};
    for (int round = 0; round < 20000; round++) {
        int64_t number = (int64_t)chance_u64(&chance) >> chance_below(&chance, 64), back;
        char text[32];
        struct str s = {text, (size_t)snprintf(text, sizeof text, "%" PRId64, number)};
        assert_int_equal(num_i64(s, INT64_MIN, INT64_MAX, &back), GB_OK);
        assert_int_equal(back, number);
        /* Bounds are inclusive and exact. */
        assert_int_equal(num_i64(s, number, number, &back), GB_OK);
        if (number > INT64_MIN) {
            assert_int_equal(num_i64(s, INT64_MIN, number - 1, &back), GB_INVALID);
        }
        if (number < INT64_MAX) {
            assert_int_equal(num_i64(s, number + 1, INT64_MAX, &back), GB_INVALID);
        }
    }
}

static void numbers_end_at_their_limits(void **state) {
    (void)state;
    int64_t n = 77;
    assert_int_equal(num_i64(STR("9223372036854775807"), INT64_MIN, INT64_MAX, &n), GB_OK);
    assert_true(n == INT64_MAX);
    assert_int_equal(num_i64(STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &n), GB_OK);
    assert_true(n == INT64_MIN);
    assert_int_equal(num_i64(STR("000000000000000000000000012"), 0, 99, &n), GB_OK);
    assert_int_equal(n, 12);
    const char *const beyond[] = {"9223372036854775808", "-9223372036854775809",
                                  "18446744073709551616", "99999999999999999999999999"};
    for (size_t i = 0; i < GB_COUNT(beyond); i++) {
        n = 77;
        assert_int_equal(num_i64(str_of(beyond[i]), INT64_MIN, INT64_MAX, &n), GB_INVALID);
        assert_int_equal(n, 77);
    }
}

static void what_is_not_only_digits_is_no_number(void **state) {
    (void)state;
    const struct str wrong[] = {STR(""),    STR("-"),  STR("+1"),  STR(" 1"),  STR("1 "),
                                STR("--1"), STR("1-"), STR("0x1"), STR("1e3"), STR("1.0"),
                                STR("1,0"), STR("١"),  STR("abc"), {"1\0", 2}, {"12\n", 3}};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        int64_t n = 77;
        assert_int_equal(num_i64(wrong[i], INT64_MIN, INT64_MAX, &n), GB_INVALID);
        assert_int_equal(n, 77);
    }
}

static void hexadecimal_is_1_to_16_digits(void **state) {
    (void)state;
    uint64_t n;
    assert_int_equal(num_hex64(STR("0"), &n), GB_OK);
    assert_true(n == 0);
    assert_int_equal(num_hex64(STR("DeadBeef"), &n), GB_OK);
    assert_true(n == 0xDEADBEEF);
    assert_int_equal(num_hex64(STR("ffffffffffffffff"), &n), GB_OK);
    assert_true(n == UINT64_MAX);
    const char *const wrong[] = {"", "00000000000000000", "0x1", "g", "-1", " 1", "1 ", "/", ":"};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        assert_int_equal(num_hex64(str_of(wrong[i]), &n), GB_INVALID);
    }
}

static void durations_have_a_unit_or_are_seconds(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"500ms", 500},  {"10s", 10000},      {"10 s", 10000},    {"7", 7000},
                 {"0", 0},        {"30 min", 1800000}, {"30min", 1800000}, {"30m", 1800000},
                 {"1h", 3600000}, {"2d", 172800000},   {"2 d", 172800000}};
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        int64_t ms = -1;
        assert_int_equal(num_duration_ms(str_of(cases[i].text), &ms), GB_OK);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void durations_of_another_form_are_refused(void **state) {
    (void)state;
    const char *const wrong[] = {"",
                                 "s",
                                 "-1s",
                                 "+1s",
                                 "1 ",
                                 " 1s",
                                 "1  s",
                                 "1S",
                                 "1.5h",
                                 "1h30m",
                                 "1 w",
                                 "1ss",
                                 "1 h ",
                                 "ms",
                                 "10000000000000d",
                                 "9223372036854775808ms",
                                 "9223372036854775807s"};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        int64_t ms = 77;
        assert_int_equal(num_duration_ms(str_of(wrong[i]), &ms), GB_INVALID);
        assert_int_equal(ms, 77);
    }
}

static void rates_are_a_count_in_a_time(void **state) {
    (void)state;
    const struct {
        const char *text;
        struct rate rate;
    } cases[] = {
        {"10/min", {10, 60000}},
        {"3/5min", {3, 300000}},
        {"100 / 1 h", {100, 3600000}},
        {"1/500ms", {1, 500}},
        {"7/30", {7, 30000}},
        {"off", {0, 0}},
        {"1000000/d", {1000000, 86400000}},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct rate rate = {-1, -1};
        assert_int_equal(num_rate(str_of(cases[i].text), &rate), GB_OK);
        assert_int_equal(rate.count, cases[i].rate.count);
        assert_int_equal(rate.window_ms, cases[i].rate.window_ms);
    }
}

static void rates_of_another_form_are_refused(void **state) {
    (void)state;
    const char *const wrong[] = {"",      "10",      "10/",   "/min",  "0/min",       "-1/min",
                                 "10/0",  "10/0min", "x/min", "10//m", "1000001/min", "10/min/2",
                                 "10/-1", "10/week", "Off"};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        struct rate rate = {77, 77};
        assert_int_equal(num_rate(str_of(wrong[i]), &rate), GB_INVALID);
        assert_int_equal(rate.count, 77);
    }
}

/* ---- money ---- */

static struct str read_file(struct arena *arena, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: not found; tests run from the top of the tree", path);
    }
    char *text = arena_take(arena, 65536);
    size_t n = fread(text, 1, 65536, file);
    assert_true(fclose(file) == 0 && n > 0 && n < 65536);
    return (struct str){text, n};
}

/* The cases were collected from what providers really send; they name a unit of 10^-6 USDT6. */
static void every_collected_amount_is_read_as_it_should_be(void **state) {
    const struct json *cases;
    struct str text = read_file(*state, "tests/data/amount_parse_cases.json");
    assert_int_equal(json_parse(*state, text, &cases, NULL), GB_OK);
    size_t count = 0;
    for (const struct json *c = json_first(cases); c != NULL; c = json_next(c), count++) {
        struct str amount = json_str_or(c, "text", STR("?"));
        struct str currency = json_str_or(c, "currency", STR("?"));
        currency = str_is(currency, "USDT6") ? STR("USDT") : currency;
        int64_t minor = -77;
        bool ok = money_parse(amount, currency, &minor) == GB_OK;
        if (ok != json_bool_or(c, "ok", !ok) || minor != json_i64_or(c, "minor", -77)) {
            fail_msg("\"" STR_FMT "\" " STR_FMT ": %d, %" PRId64, STR_ARG(amount),
                     STR_ARG(currency), ok, minor);
        }
    }
    assert_int_equal(count, 22);
}

static void amounts_end_at_10_to_the_15(void **state) {
    (void)state;
    int64_t minor;
    assert_int_equal(money_parse(STR("10000000000000.00"), STR("RUB"), &minor), GB_OK);
    assert_int_equal(minor, INT64_C(1000000000000000));
    assert_int_equal(money_parse(STR("10000000000000.01"), STR("RUB"), &minor), GB_INVALID);
    assert_int_equal(money_parse(STR("1000000000000000"), STR("XTR"), &minor), GB_OK);
    assert_int_equal(money_parse(STR("1000000000000001"), STR("XTR"), &minor), GB_INVALID);
    assert_int_equal(money_parse(STR("1000000000000000"), STR("RUB"), &minor), GB_INVALID);
}

static void an_unknown_currency_has_no_amounts(void **state) {
    (void)state;
    int64_t minor;
    assert_int_equal(money_digits(STR("RUB")), 2);
    assert_int_equal(money_digits(STR("XTR")), 0);
    assert_int_equal(money_digits(STR("rub")), -1);
    assert_int_equal(money_digits(STR("RU")), -1);
    assert_int_equal(money_digits(STR_NONE), -1);
    assert_int_equal(money_parse(STR("1"), STR("XXX"), &minor), GB_INVALID);
}

static void what_providers_are_told_reads_back_as_the_same_amount(void **state) {
    const struct str currencies[] = {STR("RUB"), STR("XTR"), STR("USDT"), STR("TON"), STR("JPY")};
    struct chance chance = {2};
    for (int round = 0; round < 20000; round++) {
        struct str currency = currencies[chance_below(&chance, GB_COUNT(currencies))];
        int64_t minor = (int64_t)(chance_u64(&chance) % 1000000000000001u), back;
        minor >>= chance_below(&chance, 50);
        struct str text = money_format(*state, minor, currency);
        assert_int_equal(money_parse(text, currency, &back), GB_OK);
        assert_int_equal(back, minor);
        arena_clear(*state);
    }
}

static void amounts_are_written_with_all_their_digits(void **state) {
    assert_str(money_format(*state, 14900, STR("RUB")), "149.00");
    assert_str(money_format(*state, 5, STR("RUB")), "0.05");
    assert_str(money_format(*state, -5, STR("RUB")), "-0.05");
    assert_str(money_format(*state, -14950, STR("RUB")), "-149.50");
    assert_str(money_format(*state, 250, STR("XTR")), "250");
    assert_str(money_format(*state, 3214021, STR("USDT")), "3.214021");
    assert_str(money_format(*state, INT64_MIN, STR("RUB")), "-92233720368547758.08");
}

static void people_see_whole_amounts_without_fraction(void **state) {
    assert_str(money_show(*state, 14900, STR("RUB")), "149 ₽");
    assert_str(money_show(*state, 14950, STR("RUB")), "149,50 ₽");
    assert_str(money_show(*state, 14905, STR("RUB")), "149,05 ₽");
    assert_str(money_show(*state, 0, STR("RUB")), "0 ₽");
    assert_str(money_show(*state, -14950, STR("RUB")), "-149,50 ₽");
    assert_str(money_show(*state, 150, STR("XTR")), "150 ⭐");
    assert_str(money_show(*state, 1999, STR("UZS")), "19,99 UZS");
}

static void show_unknown_currency(void *ctx) {
    (void)money_show(ctx, 1, STR("XXX"));
}

static void an_amount_in_no_currency_is_our_bug(void **state) {
    assert_panics(show_unknown_currency, *state, "num.c");
}

/* ---- arithmetic ---- */

static void sums_and_products_are_exact_or_refused(void **state) {
    (void)state;
    struct chance chance = {3};
    for (int round = 0; round < 20000; round++) {
        int64_t a = (int64_t)chance_u64(&chance) >> chance_below(&chance, 64);
        int64_t b = (int64_t)chance_u64(&chance) >> chance_below(&chance, 64);
        __extension__ typedef __int128 wide;
        wide sum = (wide)a + b, product = (wide)a * b;
        int64_t got = 77;
        bool fits = sum >= INT64_MIN && sum <= INT64_MAX;
        assert_int_equal(num_add(a, b, &got), fits);
        assert_true(got == (fits ? (int64_t)sum : 77));
        got = 77;
        fits = product >= INT64_MIN && product <= INT64_MAX;
        assert_int_equal(num_multiply(a, b, &got), fits);
        assert_true(got == (fits ? (int64_t)product : 77));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_comes_back_as_written),
        cmocka_unit_test(numbers_end_at_their_limits),
        cmocka_unit_test(what_is_not_only_digits_is_no_number),
        cmocka_unit_test(hexadecimal_is_1_to_16_digits),
        cmocka_unit_test(durations_have_a_unit_or_are_seconds),
        cmocka_unit_test(durations_of_another_form_are_refused),
        cmocka_unit_test(rates_are_a_count_in_a_time),
        cmocka_unit_test(rates_of_another_form_are_refused),
        cmocka_unit_test(every_collected_amount_is_read_as_it_should_be),
        cmocka_unit_test(amounts_end_at_10_to_the_15),
        cmocka_unit_test(an_unknown_currency_has_no_amounts),
        cmocka_unit_test(what_providers_are_told_reads_back_as_the_same_amount),
        cmocka_unit_test(amounts_are_written_with_all_their_digits),
        cmocka_unit_test(people_see_whole_amounts_without_fraction),
        cmocka_unit_test(an_amount_in_no_currency_is_our_bug),
        cmocka_unit_test(sums_and_products_are_exact_or_refused),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}

/* Bodies of pay rows, and facts that survive being written and read, or are not believed. */
#include "pay/pay.h"

#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static void bodies_are_these(void **state) {
    struct pay_create create = {
        .payment = STR("p1"),
        .amount_minor = 14900,
        .currency = STR("RUB"),
        .description = STR("30 \"days\""),
        .return_url = STR("https://t.me/x_bot"),
    };
    assert_str(pay_create_body(*state, &create),
               "{\"payment\":\"p1\",\"amount_minor\":14900,\"currency\":\"RUB\","
               "\"description\":\"30 \\\"days\\\"\",\"return_url\":\"https://t.me/x_bot\"}");
    assert_str(pay_status_body(*state, STR("ext/1"), STR("p1")),
               "{\"external\":\"ext/1\",\"payment\":\"p1\"}");
}

static void description_is_cut_by_code_points(void **state) {
    struct buf long_text;
    buf_init(&long_text, *state, 4096);
    for (int i = 0; i < 200; i++) {
        buf_add_text(&long_text, "ё");
    }
    struct pay_create create = {.payment = STR("p1"),
                                .amount_minor = 1,
                                .currency = STR("RUB"),
                                .description = buf_str(&long_text)};
    const struct json *tree;
    assert_int_equal(json_parse(*state, pay_create_body(*state, &create), &tree, NULL), GB_OK);
    assert_int_equal(utf8_length(json_str_or(tree, "description", STR_NONE)), 128);
}

static void create_nothing(void *ctx) {
    struct pay_create create = {.payment = STR("p1"), .currency = STR("RUB")};
    (void)pay_create_body(ctx, &create);
}

static void asking_for_nothing_is_our_bug(void **state) {
    assert_panics(create_nothing, *state, "amount_minor");
}

static void what_is_written_is_read(void **state) {
    static const enum pay_status all[] = {PAY_PENDING, PAY_PAID, PAY_CANCELED, PAY_EXPIRED,
                                          PAY_UNKNOWN};
    for (size_t i = 0; i < GB_COUNT(all); i++) {
        struct pay_fact fact = {
            .external = STR("e\"1"),
            .payment = STR("p1"),
            .status = all[i],
            .paid_minor = 14900,
            .currency = STR("RUB"),
            .test = i % 2 == 0,
            .url = i % 2 == 0 ? STR("https://pay.example/1") : STR_NONE,
        };
        struct pay_fact got;
        assert_int_equal(pay_read_said(*state, pay_write_said(*state, &fact), &got), GB_OK);
        assert_true(str_equal(got.external, fact.external));
        assert_true(str_equal(got.payment, fact.payment));
        assert_int_equal(got.status, fact.status);
        assert_int_equal(got.paid_minor, fact.paid_minor);
        assert_true(str_equal(got.currency, fact.currency));
        assert_int_equal(got.test, fact.test);
        assert_true(str_equal(got.url, fact.url));
    }
}

#define SAID(external, status, minor, currency, test)                                              \
    "{\"external\":" external ",\"payment\":\"p1\",\"status\":" status ",\"paid_minor\":" minor    \
    ",\"currency\":" currency ",\"test\":" test "}"

static void incomplete_facts_are_damaged(void **state) {
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "null",
        SAID("\"\"", "\"paid\"", "5", "\"RUB\"", "true"),
        SAID("7", "\"paid\"", "5", "\"RUB\"", "true"),
        SAID("\"e\"", "\"PAID\"", "5", "\"RUB\"", "true"),
        SAID("\"e\"", "\"\"", "5", "\"RUB\"", "true"),
        SAID("\"e\"", "1", "5", "\"RUB\"", "true"),
        SAID("\"e\"", "\"paid\"", "0", "\"RUB\"", "true"),
        SAID("\"e\"", "\"paid\"", "-5", "\"RUB\"", "true"),
        SAID("\"e\"", "\"paid\"", "5.5", "\"RUB\"", "true"),
        SAID("\"e\"", "\"paid\"", "\"5\"", "\"RUB\"", "true"),
        SAID("\"e\"", "\"paid\"", "5000000000000000", "\"RUB\"", "true"),
        SAID("\"e\"", "\"paid\"", "5", "\"\"", "true"),
        SAID("\"e\"", "\"paid\"", "5", "null", "true"),
        SAID("\"e\"", "\"paid\"", "5", "\"RUB\"", "\"true\""),
        SAID("\"e\"", "\"paid\"", "5", "\"RUB\"", "null"),
        SAID("\"e\"", "\"pending\"", "-1", "\"RUB\"", "true"),
    };
    struct pay_fact got;
    assert_int_equal(
        pay_read_said(*state, STR(SAID("\"e\"", "\"paid\"", "5", "\"RUB\"", "true")), &got), GB_OK);
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        assert_int_equal(pay_read_said(*state, str_of(texts[i]), &got), GB_DAMAGED);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(bodies_are_these),
        TEST(description_is_cut_by_code_points),
        TEST(asking_for_nothing_is_our_bug),
        TEST(what_is_written_is_read),
        TEST(incomplete_facts_are_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

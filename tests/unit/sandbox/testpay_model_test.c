/* testpay_model_test.c: idempotency, states, late money, the page of a buyer. */
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BODY                                                                                       \
    "{\"amount\":\"149.00\",\"currency\":\"RUB\",\"description\":\"30 <days>\",\"order\":\"o-1\"," \
    "\"return_url\":\"https://t.me/x\"}"

static struct str created(struct play *play, const char *key) {
    struct str body = play_pay(play, "POST", "/payments", key, BODY);
    const struct json *payment;
    assert_int_equal(play->response.status, 200);
    assert_int_equal(json_parse(play->arena, body, &payment, NULL), GB_OK);
    return json_str_or(payment, "id", STR_NONE);
}

static struct str look(struct play *play, struct str id) {
    return play_pay(play, "GET", arena_printf(play->arena, "/payments/" STR_FMT, STR_ARG(id)).p,
                    NULL, NULL);
}

static bool has(struct str text, const char *part) {
    return str_find_str(text, str_of(part)) < text.n;
}

static void a_payment_is_shown_as_it_was_made(void **state) {
    struct play *play = *state;
    struct str id = created(play, "k1");
    assert_true(str_starts(id, STR("tp_")));
    assert_str(look(play, id),
               arena_printf(play->arena,
                            "{\"id\":\"" STR_FMT
                            "\",\"status\":\"pending\",\"amount\":\"149.00\",\"currency\":\"RUB\","
                            "\"test\":true,\"order\":\"o-1\",\"pay_url\":"
                            "\"http://127.0.0.1:9/pay/" STR_FMT "\"}",
                            STR_ARG(id), STR_ARG(id))
                   .p);
    assert_str(play_pay(play, "GET", "/payments/tp_none", NULL, NULL), "{\"error\":\"not_found\"}");
    assert_int_equal(play->response.status, 404);
}

static void one_key_makes_one_payment(void **state) {
    struct play *play = *state;
    struct str id = created(play, "k1");
    assert_true(str_equal(created(play, "k1"), id));
    assert_false(str_equal(created(play, "k2"), id));
    assert_str(play_pay(play, "POST", "/payments", "k1", "{}"),
               "{\"error\":\"idempotence_key_reused\"}");
    assert_int_equal(play->response.status, 409);
}

static void bad_requests_are_named(void **state) {
    struct play *play = *state;
    static const struct {
        const char *key, *body, *error;
    } rows[] = {
        {NULL, BODY, "{\"error\":\"invalid_idempotence_key\"}"},
        {"k", "[]", "{\"error\":\"invalid_json\"}"},
        {"k", "{\"amount\":\"1\",\"currency\":\"QQQ\",\"order\":\"o\"}",
         "{\"error\":\"invalid_currency\"}"},
        {"k", "{\"amount\":149,\"currency\":\"RUB\",\"order\":\"o\"}",
         "{\"error\":\"invalid_amount\"}"},
        {"k", "{\"amount\":\"0.00\",\"currency\":\"RUB\",\"order\":\"o\"}",
         "{\"error\":\"invalid_amount\"}"},
        {"k", "{\"amount\":\"1.00\",\"currency\":\"RUB\"}", "{\"error\":\"invalid_order\"}"},
    };
    for (size_t i = 0; i < GB_COUNT(rows); i++) {
        assert_str(play_pay(play, "POST", "/payments", rows[i].key, rows[i].body), rows[i].error);
        assert_int_equal(play->response.status, 400);
    }
}

static void a_wrong_key_is_401(void **state) {
    struct play *play = *state;
    struct http_header header = {STR("Authorization"), STR("Bearer other")};
    struct http_incoming request = {.method = HTTP_POST,
                                    .method_name = "POST",
                                    .path = STR("/payments"),
                                    .headers = &header,
                                    .header_count = 1};
    struct visit visit = {1, &request, play->now, play->arena};
    (void)testpay_handle(play->pay, &visit, &play->response);
    assert_int_equal(play->response.status, 401);
    assert_str(play->response.body, "{\"error\":\"unauthorized\"}");
}

static void the_page_pays_and_an_expired_one_does_not(void **state) {
    struct play *play = *state;
    struct str id = created(play, "k1");
    const char *page = arena_printf(play->arena, "/pay/" STR_FMT, STR_ARG(id)).p;
    struct str html = play_pay(play, "GET", page, NULL, NULL);
    assert_true(has(html, "<button>Pay") && has(html, "30 &lt;days&gt;"));
    html = play_pay(play, "POST", page, NULL, NULL);
    assert_true(has(html, "paid"));
    assert_true(has(look(play, id), "\"status\":\"paid\""));
    assert_true(has(look(play, id), "\"paid_amount\":\"149.00\""));
    struct str late = created(play, "k2");
    play_pass(play, GB_HOUR_MS + 1);
    (void)play_pay(play, "POST", arena_printf(play->arena, "/pay/" STR_FMT, STR_ARG(late)).p, NULL,
                   NULL);
    assert_true(has(look(play, late), "\"status\":\"expired\""));
    assert_true(has(look(play, id), "\"status\":\"paid\""));
}

static void late_money_comes_by_control_and_only_once(void **state) {
    struct play *play = *state;
    struct str id = created(play, "k1");
    play_pass(play, 2 * GB_HOUR_MS);
    assert_int_equal(testpay_move(play->pay, id, TESTPAY_PAID, 100), GB_OK);
    assert_true(has(look(play, id), "\"paid_amount\":\"1.00\""));
    assert_int_equal(testpay_move(play->pay, id, TESTPAY_PAID, -1), GB_REFUSED);
    assert_int_equal(testpay_move(play->pay, id, TESTPAY_CANCELED, -1), GB_REFUSED);
    assert_int_equal(testpay_move(play->pay, STR("x"), TESTPAY_PAID, -1), GB_NOT_FOUND);
}

static void a_link_leads_to_its_payment(void **state) {
    struct play *play = *state;
    assert_str(testpay_of_url(play->pay, STR("http://127.0.0.1:9/pay/tp_x")), "tp_x");
    assert_str(testpay_of_url(play->pay, STR("http://127.0.0.1:9/payments/tp_x")), "");
    assert_str(testpay_of_url(play->pay, STR("https://t.me/x")), "");
}

static void a_lost_answer_is_found_again_by_its_key(void **state) {
    struct play *play = *state;
    assert_int_equal(fault_plan_add(&play->faults, &(struct fault){.where = FAULT_PAY,
                                                                   .method = STR("POST"),
                                                                   .what = FAULT_LOSE_ANSWER,
                                                                   .count = 1}),
                     GB_OK);
    (void)play_pay(play, "POST", "/payments", "k1", BODY);
    assert_true(play->response.drop);
    (void)created(play, "k1");
    const struct json *list;
    assert_int_equal(
        json_parse(play->arena, testpay_list(play->pay, play->now, play->arena), &list, NULL),
        GB_OK);
    assert_int_equal(json_size(list), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_payment_is_shown_as_it_was_made),
        TEST(one_key_makes_one_payment),
        TEST(bad_requests_are_named),
        TEST(a_wrong_key_is_401),
        TEST(the_page_pays_and_an_expired_one_does_not),
        TEST(late_money_comes_by_control_and_only_once),
        TEST(a_link_leads_to_its_payment),
        TEST(a_lost_answer_is_found_again_by_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

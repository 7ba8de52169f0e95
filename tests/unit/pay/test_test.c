/* The test provider: requests byte for byte, and money believed of a complete answer only. */
#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"
#include "pay/pay.h"

static const struct endpoint provider = {
    .base_url = STR_INIT("http://127.0.0.1:8099"),
    .secret = STR_INIT("sk_test_4711"),
    .proxy = STR_INIT("http://127.0.0.1:3128"),
};

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static struct call create_call(struct arena *arena) {
    struct pay_create create = {
        .payment = STR("p1"),
        .amount_minor = 14900,
        .currency = STR("RUB"),
        .description = STR("30 дней"),
        .return_url = STR("https://t.me/x_bot"),
    };
    return (struct call){
        .kind = STR("create"), .key = STR("pay-p1"), .body = pay_create_body(arena, &create)};
}

static struct call status_call(struct arena *arena) {
    return (struct call){.kind = STR("status"),
                         .key = STR("pay-p1-poll-1"),
                         .body = pay_status_body(arena, STR("ext 1/2"), STR("p1"))};
}

/* ---- requests ---- */

static void create_carries_its_key_and_body(void **state) {
    struct call call = create_call(*state);
    struct http_request request;
    assert_int_equal(pay_test_codec.build_request(&call, &provider, *state, &request), GB_OK);
    assert_int_equal(request.method, HTTP_POST);
    assert_str(request.url, "http://127.0.0.1:8099/payments");
    assert_str(request.content_type, "application/json");
    assert_str(request.body, "{\"amount\":\"149.00\",\"currency\":\"RUB\",\"description\":\"30 "
                             "дней\",\"order\":\"p1\",\"return_url\":\"https://t.me/x_bot\"}");
    assert_int_equal(request.header_count, 3);
    assert_str(request.headers[0].name, "Authorization");
    assert_str(request.headers[0].value, "Bearer sk_test_4711");
    assert_str(request.headers[1].name, "Accept");
    assert_str(request.headers[2].name, "Idempotence-Key");
    assert_str(request.headers[2].value, "pay-p1");
    assert_str(request.proxy, "http://127.0.0.1:3128");
}

static void status_names_the_payment_in_its_path(void **state) {
    struct call call = status_call(*state);
    struct http_request request;
    assert_int_equal(pay_test_codec.build_request(&call, &provider, *state, &request), GB_OK);
    assert_int_equal(request.method, HTTP_GET);
    assert_str(request.url, "http://127.0.0.1:8099/payments/ext%201%2F2");
    assert_int_equal(request.body.n, 0);
    assert_int_equal(request.header_count, 2);
}

static void whole_currencies_have_no_fraction(void **state) {
    struct call call = create_call(*state);
    call.body = STR("{\"payment\":\"p\",\"amount_minor\":150,\"currency\":\"XTR\"}");
    struct http_request request;
    assert_int_equal(pay_test_codec.build_request(&call, &provider, *state, &request), GB_OK);
    assert_true(str_starts(request.body, STR("{\"amount\":\"150\",\"currency\":\"XTR\"")));
}

static void what_cannot_be_asked_is_invalid(void **state) {
    static const struct {
        const char *kind, *key, *body;
    } cases[] = {
        {"create", "", "{\"payment\":\"p\",\"amount_minor\":1,\"currency\":\"RUB\"}"},
        {"create", "a b", "{\"payment\":\"p\",\"amount_minor\":1,\"currency\":\"RUB\"}"},
        {"create", "a\r\nX: y", "{\"payment\":\"p\",\"amount_minor\":1,\"currency\":\"RUB\"}"},
        {"create", "k", "{\"payment\":\"p\",\"amount_minor\":0,\"currency\":\"RUB\"}"},
        {"create", "k", "{\"payment\":\"p\",\"amount_minor\":-1,\"currency\":\"RUB\"}"},
        {"create", "k", "{\"payment\":\"p\",\"amount_minor\":1.5,\"currency\":\"RUB\"}"},
        {"create", "k", "{\"payment\":\"p\",\"amount_minor\":1,\"currency\":\"DOGE\"}"},
        {"create", "k", "{\"payment\":\"\",\"amount_minor\":1,\"currency\":\"RUB\"}"},
        {"create", "k", "{"},
        {"create", "k", ""},
        {"status", "k", "{\"payment\":\"p\"}"},
        {"status", "k", "{\"external\":\"\"}"},
        {"refund", "k", "{\"external\":\"e\"}"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct call call = {str_of(cases[i].kind), str_of(cases[i].key), str_of(cases[i].body)};
        struct http_request request;
        assert_int_equal(pay_test_codec.build_request(&call, &provider, *state, &request),
                         GB_INVALID);
    }
    struct endpoint keyless = provider;
    keyless.secret = STR_NONE;
    struct call call = status_call(*state);
    struct http_request request;
    assert_int_equal(pay_test_codec.build_request(&call, &keyless, *state, &request), GB_INVALID);
}

/* ---- replies ---- */

static struct answer read_as(struct arena *arena, const struct call *call, int status,
                             struct str body) {
    struct http_reply reply = {.outcome = HTTP_REPLIED, .status = status, .body = body};
    struct answer answer;
    memset(&answer, 0xEE, sizeof answer); /* all of it must be written */
    pay_test_codec.read_reply(call, &provider, &reply, arena, &answer);
    assert_non_null(answer.reason);
    return answer;
}

static struct answer created(struct arena *arena, int status, const char *body) {
    struct call call = create_call(arena);
    return read_as(arena, &call, status, str_of(body));
}

static struct answer looked(struct arena *arena, int status, const char *body) {
    struct call call = status_call(arena);
    return read_as(arena, &call, status, str_of(body));
}

#define PAYMENT(id, status, amount, currency, test, order, url)                                    \
    "{\"id\":" id ",\"status\":" status ",\"amount\":" amount ",\"currency\":" currency            \
    ",\"test\":" test ",\"order\":" order ",\"pay_url\":" url "}"
#define PENDING                                                                                    \
    PAYMENT("\"ext1\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"p1\"",                  \
            "\"https://pay.example/ext1\"")
#define PAID(amount)                                                                               \
    "{\"id\":\"ext1\",\"status\":\"paid\",\"amount\":\"149.00\",\"currency\":\"RUB\","             \
    "\"test\":true,\"order\":\"p1\",\"pay_url\":\"https://pay.example/ext1\"" amount "}"

static struct pay_fact fact_of(struct arena *arena, struct answer answer) {
    struct pay_fact fact;
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_string_equal(answer.reason, "");
    assert_int_equal(pay_read_said(arena, answer.said, &fact), GB_OK);
    return fact;
}

static void created_payment_has_id_and_link(void **state) {
    struct pay_fact fact = fact_of(*state, created(*state, 200, PENDING));
    assert_str(fact.external, "ext1");
    assert_str(fact.payment, "p1");
    assert_str(fact.url, "https://pay.example/ext1");
    assert_int_equal(fact.status, PAY_PENDING);
    assert_int_equal(fact.paid_minor, 0);
    assert_str(fact.currency, "RUB");
    assert_true(fact.test);
    (void)fact_of(*state, created(*state, 201, PENDING));
}

static void create_alone_never_says_paid(void **state) {
    assert_int_equal(fact_of(*state, created(*state, 200, PAID(""))).status, PAY_PENDING);
    assert_int_equal(
        fact_of(*state, created(*state, 200, PAID(",\"paid_amount\":\"149.00\""))).status,
        PAY_PENDING);
}

static void created_for_another_amount_is_refused(void **state) {
    static const char *const bodies[] = {
        PAYMENT("\"e\"", "\"pending\"", "\"149.01\"", "\"RUB\"", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"USD\"", "true", "\"p1\"", "\"https://x\""),
    };
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        struct answer answer = created(*state, 200, bodies[i]);
        assert_int_equal(answer.kind, ANSWER_REFUSED);
        assert_string_equal(answer.reason, "mismatch");
    }
}

static void link_that_is_none_is_left_out(void **state) {
    static const char *const bodies[] = {
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"p1\"", "\"\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"p1\"",
                "\"javascript:alert(1)\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"p1\"",
                "\"https://a b\""),
    };
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        assert_int_equal(fact_of(*state, created(*state, 200, bodies[i])).url.n, 0);
    }
}

static void status_words_are_known_or_unknown(void **state) {
    static const struct {
        const char *word;
        enum pay_status status;
    } cases[] = {
        {"pending", PAY_PENDING}, {"canceled", PAY_CANCELED}, {"expired", PAY_EXPIRED},
        {"PAID", PAY_UNKNOWN},    {"succeeded", PAY_UNKNOWN}, {"", PAY_UNKNOWN},
        {"unknown", PAY_UNKNOWN},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct str body = arena_printf(*state,
                                       PAYMENT("\"ext1\"", "\"%s\"", "\"149.00\"", "\"RUB\"",
                                               "true", "\"p1\"", "\"https://x\""),
                                       cases[i].word);
        struct pay_fact fact = fact_of(*state, looked(*state, 200, body.p));
        assert_int_equal(fact.status, cases[i].status);
        assert_int_equal(fact.paid_minor, 0);
    }
}

static void paid_is_believed_with_its_amount(void **state) {
    struct pay_fact fact =
        fact_of(*state, looked(*state, 200, PAID(",\"paid_amount\":\"149.00\"")));
    assert_int_equal(fact.status, PAY_PAID);
    assert_int_equal(fact.paid_minor, 14900);
    /* Whether it is enough is not asked here: less is handed on as less. */
    fact = fact_of(*state, looked(*state, 200, PAID(",\"paid_amount\":\"0.01\"")));
    assert_int_equal(fact.paid_minor, 1);
    static const char *const doubtful[] = {
        PAID(""),
        PAID(",\"paid_amount\":null"),
        PAID(",\"paid_amount\":149"),
        PAID(",\"paid_amount\":\"\""),
        PAID(",\"paid_amount\":\"0.00\""),
        PAID(",\"paid_amount\":\"-149.00\""),
        PAID(",\"paid_amount\":\"149,00\""),
        PAID(",\"paid_amount\":\"149.001\""),
        PAID(",\"paid_amount\":\"1e2\""),
        PAID(",\"paid_amount\":\" 149.00\""),
        PAID(",\"paid_amount\":\"99999999999999999999\""),
        PAID(",\"paid_amount\":{}"),
    };
    for (size_t i = 0; i < GB_COUNT(doubtful); i++) {
        struct answer answer = looked(*state, 200, doubtful[i]);
        assert_int_equal(answer.kind, ANSWER_UNKNOWN);
        assert_int_equal(answer.said.n, 0);
    }
}

/* The shop compares: money that is somebody else's is put before a person there. */
static void answer_about_another_payment_is_handed_on_as_such(void **state) {
    struct pay_fact fact =
        fact_of(*state, looked(*state, 200,
                               PAYMENT("\"other\"", "\"pending\"", "\"1.00\"", "\"RUB\"", "false",
                                       "\"p9\"", "\"https://x\"")));
    assert_str(fact.external, "other");
    assert_str(fact.payment, "p9");
    assert_false(fact.test);
}

static void missing_or_odd_members_make_it_unknown(void **state) {
    static const char *const bodies[] = {
        PAYMENT("\"\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("17", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "null", "\"149.00\"", "\"RUB\"", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "149.00", "\"RUB\"", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"abc\"", "\"RUB\"", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"rub\"", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "null", "true", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "\"true\"", "\"p1\"",
                "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "null", "\"p1\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"\"", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "null", "\"https://x\""),
        PAYMENT("\"e\"", "\"pending\"", "\"149.00\"", "\"RUB\"", "true", "\"p1\"", "null"),
        "{}",
        "[]",
        "null",
        "",
        "<html>pay</html>",
    };
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        assert_int_equal(created(*state, 200, bodies[i]).kind, ANSWER_UNKNOWN);
        assert_int_equal(looked(*state, 200, bodies[i]).kind, ANSWER_UNKNOWN);
    }
}

static void cut_answers_are_unknown(void **state) {
    struct call call = status_call(*state);
    struct str whole = STR(PAID(",\"paid_amount\":\"149.00\""));
    for (size_t n = 0; n < whole.n; n++) {
        assert_int_equal(read_as(*state, &call, 200, str_sub(whole, 0, n)).kind, ANSWER_UNKNOWN);
    }
    assert_int_equal(read_as(*state, &call, 200, whole).kind, ANSWER_DONE);
}

static void refusals_are_believed_as_json_only(void **state) {
    static const struct {
        int status;
        const char *body;
        enum answer_kind kind;
        const char *reason;
    } cases[] = {
        {400, "{\"error\":\"bad\"}", ANSWER_REFUSED, "other"},
        {401, "{\"error\":\"key\"}", ANSWER_REFUSED, "forbidden"},
        {403, "{}", ANSWER_REFUSED, "forbidden"},
        {404, "{\"error\":\"none\"}", ANSWER_REFUSED, "gone"},
        {409, "{\"error\":\"same key, other body\"}", ANSWER_REFUSED, "exists"},
        {422, "{}", ANSWER_REFUSED, "other"},
        {404, "<html>404</html>", ANSWER_UNKNOWN, ""},
        {401, "", ANSWER_UNKNOWN, ""},
        {403, "[]", ANSWER_UNKNOWN, ""},
        {408, "{}", ANSWER_UNKNOWN, ""},
        {500, "{\"error\":\"oops\"}", ANSWER_UNKNOWN, ""},
        {502, "<html>502</html>", ANSWER_UNKNOWN, ""},
        {503, "", ANSWER_UNKNOWN, ""},
        {504, "{}", ANSWER_UNKNOWN, ""},
        {302, "", ANSWER_UNKNOWN, ""},
        {204, "", ANSWER_UNKNOWN, ""},
        {0, "{}", ANSWER_UNKNOWN, ""},
        {500, PENDING, ANSWER_UNKNOWN, ""},
        {404, PAID(",\"paid_amount\":\"149.00\""), ANSWER_REFUSED, "gone"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct answer answer = looked(*state, cases[i].status, cases[i].body);
        assert_int_equal(answer.kind, cases[i].kind);
        assert_string_equal(answer.reason, cases[i].reason);
        assert_true(answer.why.n > 0);
    }
}

static void flood_waits_for_the_whole_lane(void **state) {
    struct call call = status_call(*state);
    struct answer answer;
    struct http_reply reply = {
        .outcome = HTTP_REPLIED, .status = 429, .retry_after_s = 7, .body = STR("{}")};
    pay_test_codec.read_reply(&call, &provider, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_int_equal(answer.retry_after_ms, 7000);
    assert_true(answer.lane_wide);
}

static void no_reply_is_later_when_nothing_left_and_else_unknown(void **state) {
    struct call call = create_call(*state);
    struct answer answer;
    struct http_reply reply = {.outcome = HTTP_NOT_SENT, .fault = "connect failed"};
    pay_test_codec.read_reply(&call, &provider, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_true(answer.lane_wide);
    reply = (struct http_reply){.outcome = HTTP_UNKNOWN, .fault = "time-out"};
    pay_test_codec.read_reply(&call, &provider, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_UNKNOWN);
}

static void why_holds_neither_key_nor_address(void **state) {
    struct answer answer = looked(*state, 401,
                                  "{\"error\":\"key sk_test_4711 at http://127.0.0.1:8099 is "
                                  "wrong\"}");
    assert_str(answer.why, "HTTP 401: key *** at *** is wrong");
}

static void mutated_answers_are_never_money_by_accident(void **state) {
    static const char pieces[] = "{}[]\",:0123456789-e.\\untrfals \xff\x01";
    struct chance chance = {29};
    struct arena *arena = *state;
    struct call call = status_call(arena);
    struct str seed = STR(PAID(",\"paid_amount\":\"149.00\""));
    size_t done = 0;
    for (int round = 0; round < 30000; round++) {
        struct arena_mark mark = arena_mark(arena);
        char *bytes = arena_take(arena, seed.n);
        memcpy(bytes, seed.p, seed.n);
        for (size_t i = 1 + chance_below(&chance, 3); i > 0; i--) {
            bytes[chance_below(&chance, seed.n)] = pieces[chance_below(&chance, sizeof pieces - 1)];
        }
        struct answer answer = read_as(arena, &call, 200, (struct str){bytes, seed.n});
        if (answer.kind == ANSWER_DONE) {
            struct pay_fact fact = fact_of(arena, answer);
            assert_true(fact.external.n > 0 && fact.payment.n > 0 && fact.currency.n == 3);
            assert_true(fact.status != PAY_PAID || fact.paid_minor > 0);
            done++;
        }
        arena_reset(arena, mark);
    }
    assert_true(done > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(create_carries_its_key_and_body),
        TEST(status_names_the_payment_in_its_path),
        TEST(whole_currencies_have_no_fraction),
        TEST(what_cannot_be_asked_is_invalid),
        TEST(created_payment_has_id_and_link),
        TEST(create_alone_never_says_paid),
        TEST(created_for_another_amount_is_refused),
        TEST(link_that_is_none_is_left_out),
        TEST(status_words_are_known_or_unknown),
        TEST(paid_is_believed_with_its_amount),
        TEST(answer_about_another_payment_is_handed_on_as_such),
        TEST(missing_or_odd_members_make_it_unknown),
        TEST(cut_answers_are_unknown),
        TEST(refusals_are_believed_as_json_only),
        TEST(flood_waits_for_the_whole_lane),
        TEST(no_reply_is_later_when_nothing_left_and_else_unknown),
        TEST(why_holds_neither_key_nor_address),
        TEST(mutated_answers_are_never_money_by_accident),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

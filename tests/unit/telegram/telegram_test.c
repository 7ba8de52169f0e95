/* Requests to the Bot API, byte for byte; getUpdates and its answers. */
#include "telegram/telegram.h"

#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"
#include "telegram/calls.h"

#define TOKEN "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

static const struct endpoint bot_api = {
    .base_url = STR_INIT("https://api.telegram.org"),
    .secret = STR_INIT(TOKEN),
    .proxy = STR_INIT("socks5h://127.0.0.1:9050"),
    .trust = {.ca_file = STR_INIT("/ca.pem"), .pin_sha256 = STR_INIT("pin=")},
};

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static enum gb_err build(struct arena *arena, const char *kind, struct str body,
                         struct http_request *ret_request) {
    struct call call = {.kind = str_of(kind), .body = body};
    return telegram_codec.build_request(&call, &bot_api, arena, ret_request);
}

/* ---- calls ---- */

static void body_goes_out_as_it_stands(void **state) {
    struct http_request request;
    struct str body = STR("{\"chat_id\":7,\"text\":\"costs $5, not \\\"$photo\\\": $\"}");
    assert_int_equal(build(*state, "sendMessage", body, &request), GB_OK);
    assert_int_equal(request.method, HTTP_POST);
    assert_str(request.url, "https://api.telegram.org/bot" TOKEN "/sendMessage");
    assert_str(request.content_type, "application/json");
    assert_ptr_equal(request.body.p, body.p);
    assert_int_equal(request.body.n, body.n);
    assert_int_equal(request.part_count, 0);
    assert_int_equal(request.header_count, 0);
}

static void proxy_and_trust_come_from_the_endpoint_and_time_is_long(void **state) {
    struct http_request request;
    assert_int_equal(build(*state, "sendMessage", STR("{}"), &request), GB_OK);
    assert_str(request.proxy, "socks5h://127.0.0.1:9050");
    assert_str(request.trust.ca_file, "/ca.pem");
    assert_str(request.trust.pin_sha256, "pin=");
    assert_int_equal(request.total_ms_max, 40000);
}

static void assert_part(const struct http_part *part, const char *name, const char *body) {
    assert_str(part->name, name);
    assert_str(part->body, body);
}

static void photo_becomes_a_multipart_request(void **state) {
    struct http_request request;
    static const struct tg_button button = {.text = STR_INIT("t"), .data = STR_INIT("d")};
    static const unsigned row_end = 1;
    struct tg_message message = {.chat_id = -5,
                                 .html = STR("<b>x</b> \"y\""),
                                 .silent = true,
                                 .keyboard = {&button, &row_end, 1}};
    struct str body = call_send_photo(*state, &message, STR("\x89PNG\0\r\n"));
    assert_int_equal(build(*state, "sendPhoto", body, &request), GB_OK);
    assert_int_equal(request.body.n, 0);
    assert_int_equal(request.content_type.n, 0);
    assert_int_equal(request.part_count, 6);
    assert_str(request.parts[0].name, "photo");
    assert_str(request.parts[0].filename, "picture.png");
    assert_str(request.parts[0].content_type, "image/png");
    assert_true(str_equal(request.parts[0].body, STR("\x89PNG\0\r\n")));
    assert_part(&request.parts[1], "chat_id", "-5");
    assert_part(&request.parts[2], "caption", "<b>x</b> \"y\"");
    assert_part(&request.parts[3], "parse_mode", "HTML");
    assert_part(&request.parts[4], "disable_notification", "true");
    assert_part(&request.parts[5], "reply_markup",
                "{\"inline_keyboard\":[[{\"text\":\"t\",\"callback_data\":\"d\"}]]}");
    for (size_t i = 1; i < request.part_count; i++) {
        assert_int_equal(request.parts[i].filename.n, 0);
    }
}

static void document_becomes_a_multipart_request_that_names_a_file(void **state) {
    struct http_request request;
    struct tg_message message = {.chat_id = 7, .html = STR("<b>x</b>")};
    struct str body = call_send_document(*state, &message, STR("a.gbk"));
    assert_int_equal(build(*state, "sendDocument", body, &request), GB_OK);
    assert_int_equal(request.part_count, 4);
    assert_str(request.parts[0].name, "document");
    assert_str(request.parts[0].filename, "a.gbk");
    assert_str(request.parts[0].file, "a.gbk");
    assert_int_equal(request.parts[0].body.n, 0);
    assert_part(&request.parts[1], "chat_id", "7");
    assert_part(&request.parts[2], "caption", "<b>x</b>");
    assert_true(request.total_ms_max > 10 * GB_MINUTE_MS);
    body = call_send_message(*state, &(struct tg_message){.chat_id = 7, .html = STR("$document")});
    assert_int_equal(build(*state, "sendMessage", body, &request), GB_OK);
    assert_int_equal(request.part_count, 0);
}

static void photo_is_found_wherever_it_stands(void **state) {
    struct http_request request;
    struct str body = STR("{\"chat_id\":1,\"caption\":\"$ $\",\"$photo\":\"iVBORw==\"}");
    assert_int_equal(build(*state, "sendPhoto", body, &request), GB_OK);
    assert_int_equal(request.part_count, 3);
    assert_str(request.parts[2].body, "\x89PNG");
}

static void what_cannot_be_sent_is_invalid(void **state) {
    struct http_request request;
    static const char *const bodies[] = {
        "{\"$photo\":\"not base64\"}", "{\"$photo\":7}",
        "{\"$photo\":\"iVBORw==\"",    "[\"$photo\":1]",
        "{\"$document\":7}",           "{\"$document\":\"\"}",
        "{\"$document\":\"../a\"}",
    };
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        assert_int_equal(build(*state, "sendPhoto", str_of(bodies[i]), &request), GB_INVALID);
    }
    static const char *const methods[] = {"",     "a/b",          "send Message", "sendMessage?x=1",
                                          "../x", "send\nMessage"};
    for (size_t i = 0; i < GB_COUNT(methods); i++) {
        assert_int_equal(build(*state, methods[i], STR("{}"), &request), GB_INVALID);
    }
}

static void odd_token_never_gets_into_an_address(void **state) {
    static const char *const tokens[] = {"",      "1:a/../2:b",  "1:a b",    "1:a?x",
                                         "1:a#x", "1:a\r\nX: y", "1:a@host", "1:%2e"};
    struct call call = {.kind = STR("getMe"), .body = STR("{}")};
    struct http_request request;
    for (size_t i = 0; i < GB_COUNT(tokens); i++) {
        struct endpoint to = bot_api;
        to.secret = str_of(tokens[i]);
        assert_int_equal(telegram_codec.build_request(&call, &to, *state, &request), GB_INVALID);
        assert_int_equal(poll_build(&to, 0, 100, 0, *state, &request), GB_INVALID);
    }
}

/* ---- getUpdates ---- */

#define ALLOWED                                                                                    \
    ",\"allowed_updates\":[\"message\",\"callback_query\",\"pre_checkout_query\","                 \
    "\"my_chat_member\"]}"

static void poll_asks_for_four_kinds_and_outlasts_the_server(void **state) {
    struct http_request request;
    assert_int_equal(poll_build(&bot_api, 43, 100, 50000, *state, &request), GB_OK);
    assert_int_equal(request.method, HTTP_POST);
    assert_str(request.url, "https://api.telegram.org/bot" TOKEN "/getUpdates");
    assert_str(request.body, "{\"offset\":43,\"limit\":100,\"timeout\":50" ALLOWED);
    assert_int_equal(request.total_ms_max, 65000);
    assert_str(request.proxy, "socks5h://127.0.0.1:9050");
}

static void poll_without_waiting_confirms(void **state) {
    struct http_request request;
    assert_int_equal(poll_build(&bot_api, 9007199254740991, 1, 0, *state, &request), GB_OK);
    assert_str(request.body, "{\"offset\":9007199254740991,\"limit\":1,\"timeout\":0" ALLOWED);
    assert_int_equal(request.total_ms_max, 15000);
    assert_int_equal(poll_build(&bot_api, 0, 1, 3600 * 1000, *state, &request), GB_OK);
    assert_str(request.body, "{\"offset\":0,\"limit\":1,\"timeout\":50" ALLOWED);
}

static struct poll_answer poll_of(struct arena *arena, int status, const char *body) {
    struct http_reply reply = {.outcome = HTTP_REPLIED, .status = status, .body = str_of(body)};
    struct poll_answer answer;
    poll_read(&reply, arena, &answer);
    return answer;
}

static void poll_gives_the_array_of_updates(void **state) {
    struct poll_answer answer =
        poll_of(*state, 200, "{\"ok\":true,\"result\":[{\"update_id\":1},{\"update_id\":2}]}");
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_int_equal(json_size(answer.updates), 2);
    answer = poll_of(*state, 200, "{\"ok\":true,\"result\":[]}\n");
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_null(json_first(answer.updates));
}

static void poll_refusals_have_their_reasons(void **state) {
    static const struct {
        int status;
        const char *body;
        enum answer_kind kind;
        const char *reason;
    } cases[] = {
        {401, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", ANSWER_REFUSED,
         "fatal"},
        {404, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}", ANSWER_REFUSED,
         "fatal"},
        {409,
         "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: terminated by other "
         "getUpdates request; make sure that only one bot instance is running\"}",
         ANSWER_REFUSED, "conflict"},
        {500, "{\"ok\":false,\"error_code\":500,\"description\":\"Internal Server Error\"}",
         ANSWER_LATER, "fault"},
        {404, "<html>404</html>", ANSWER_UNKNOWN, ""},
        {502, "<html>502 Bad Gateway</html>", ANSWER_UNKNOWN, ""},
        {200, "<html>Welcome</html>", ANSWER_UNKNOWN, ""},
        {200, "{\"ok\":true,\"result\":{}}", ANSWER_UNKNOWN, ""},
        {200, "{\"ok\":true}", ANSWER_UNKNOWN, ""},
        {200, "{\"ok\":true,\"result\":[{\"update_id\":1}", ANSWER_UNKNOWN, "unreadable"},
        {200, "", ANSWER_UNKNOWN, ""},
        {500, "{\"ok\":true,\"result\":[]}", ANSWER_UNKNOWN, ""},
        {400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: query is too old\"}",
         ANSWER_REFUSED, "old_query"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct poll_answer answer = poll_of(*state, cases[i].status, cases[i].body);
        assert_int_equal(answer.kind, cases[i].kind);
        assert_string_equal(answer.reason, cases[i].reason);
        assert_null(answer.updates);
        assert_true(answer.why.n > 0);
    }
}

static void unreadable_poll_names_the_first_update_it_can(void **state) {
    struct poll_answer answer = poll_of(
        *state, 200, "{\"ok\":true,\"result\":[{\"update_id\":77,\"message\":\"\\ud83d\"}]}");
    assert_string_equal(answer.reason, "unreadable");
    assert_int_equal(answer.first_id, 77);
    answer = poll_of(*state, 200, "{\"ok\":true,\"result\":[{\"update_id\":99999999999,");
    assert_int_equal(answer.first_id, -1);
    answer = poll_of(*state, 200, "{\"ok\":true,\"result\":[{");
    assert_int_equal(answer.first_id, -1);
}

static void poll_that_is_too_large_names_its_first_update(void **state) {
    struct http_reply reply = {.outcome = HTTP_UNKNOWN,
                               .fault = "reply too large",
                               .too_large = true,
                               .body = STR("{\"ok\":true,\"result\":[{\"update_id\":77,\"mes")};
    struct poll_answer answer;
    poll_read(&reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_UNKNOWN);
    assert_string_equal(answer.reason, "unreadable");
    assert_int_equal(answer.first_id, 77);
    reply.too_large = false;
    poll_read(&reply, *state, &answer);
    assert_string_equal(answer.reason, "");
}

/* The caller tells a webhook in the way from a second instance by this word. */
static void webhook_in_the_way_is_named(void **state) {
    struct poll_answer answer = poll_of(
        *state, 409,
        "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: can't use getUpdates method "
        "while webhook is active; use deleteWebhook to delete the webhook first\"}");
    assert_string_equal(answer.reason, "conflict");
    assert_true(str_find_str(answer.why, STR("webhook")) < answer.why.n);
}

static void poll_waits_as_told(void **state) {
    struct poll_answer answer =
        poll_of(*state, 429,
                "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after "
                "12\",\"parameters\":{\"retry_after\":12}}");
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_int_equal(answer.retry_after_ms, 12000);
}

static void poll_without_a_reply_is_later_or_unknown(void **state) {
    struct poll_answer answer;
    struct http_reply reply = {.outcome = HTTP_NOT_SENT, .fault = "connect failed"};
    poll_read(&reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_str(answer.why, "connect failed");
    reply = (struct http_reply){.outcome = HTTP_UNKNOWN, .fault = "time-out"};
    poll_read(&reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(body_goes_out_as_it_stands),
        TEST(proxy_and_trust_come_from_the_endpoint_and_time_is_long),
        TEST(photo_becomes_a_multipart_request),
        TEST(document_becomes_a_multipart_request_that_names_a_file),
        TEST(photo_is_found_wherever_it_stands),
        TEST(what_cannot_be_sent_is_invalid),
        TEST(odd_token_never_gets_into_an_address),
        TEST(poll_asks_for_four_kinds_and_outlasts_the_server),
        TEST(poll_without_waiting_confirms),
        TEST(poll_gives_the_array_of_updates),
        TEST(poll_refusals_have_their_reasons),
        TEST(unreadable_poll_names_the_first_update_it_can),
        TEST(poll_that_is_too_large_names_its_first_update),
        TEST(webhook_in_the_way_is_named),
        TEST(poll_waits_as_told),
        TEST(poll_without_a_reply_is_later_or_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

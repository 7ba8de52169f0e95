/* bot_check_test.c: good and bad calls of the Bot API, and the words they are refused with.
 *
 * "@33@" in a row stands for 33 times x, "#33#" for 33 times a letter of two bytes.
 */
#include "sandbox/bot_check.h"
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;

static int begin(void **state) {
    (void)state;
    arena = arena_new(1 << 20, 1 << 28);
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct str expand(const char *row) {
    struct buf buf;
    buf_init(&buf, arena, 1 << 20);
    for (const char *p = row; *p != '\0'; p++) {
        if (*p != '@' && *p != '#') {
            buf_add_char(&buf, *p);
            continue;
        }
        char *after;
        long times = strtol(p + 1, &after, 10);
        if (*after != *p || after == p + 1) {
            buf_add_char(&buf, *p);
            continue;
        }
        for (long i = 0; i < times; i++) {
            buf_add_text(&buf, *p == '@' ? "x" : "\xd1\x8f");
        }
        p = after;
    }
    return buf_str(&buf);
}

static struct bot_check check(struct http_incoming request, const char *method) {
    struct api_line line;
    struct form form;
    struct bot_check found = {0};
    assert_true(api_find_method(str_of(method), &line));
    assert_int_equal(form_read(arena, &request, &form), GB_OK);
    bot_check(arena, &line, &form, &found);
    return found;
}

static struct bot_check check_json(const char *method, const char *json) {
    return check(
        (struct http_incoming){.content_type = STR("application/json"), .body = expand(json)},
        method);
}

struct row {
    const char *method, *json, *refusal;
};

static const struct row good[] = {
    {"getMe", "{}", NULL},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"hi\"}", NULL},
    {"sendmessage",
     "{\"chat_id\":\"-1001\",\"text\":\"x\",\"reply_markup\":\"{\\\"inline_keyboard\\\":[[{"
     "\\\"text\\\":\\\"a\\\",\\\"callback_data\\\":\\\"b\\\"}]]}\"}",
     NULL},
    {"sendMessage", "{\"chat_id\":\"@ch\",\"text\":\"<b>@4096@</b>\",\"parse_mode\":\"HTML\"}",
     NULL},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"a &lt;b&gt; &amp;\",\"parse_mode\":\"HTML\","
     "\"link_preview_options\":{\"is_disabled\":true}}",
     NULL},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"W\","
     "\"web_app\":{\"url\":\"https://x.y\"}},{\"text\":\"U\",\"url\":\"https://x.y\"},{\"text\":"
     "\"C\",\"callback_data\":\"#32#\"}]]}}",
     NULL},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"remove_keyboard\":true}}",
     NULL},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"keyboard\":[[\"plain\",{\"text\":\"b\","
     "\"request_contact\":true}]],\"resize_keyboard\":true}}",
     NULL},
    {"sendPhoto", "{\"chat_id\":1,\"photo\":\"AgACAg\",\"caption\":\"\"}", NULL},
    {"createInvoiceLink",
     "{\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XTR\","
     "\"provider_token\":\"\",\"prices\":[{\"label\":\"x\",\"amount\":100}],"
     "\"subscription_period\":2592000}",
     NULL},
    {"setMyCommands",
     "{\"commands\":[{\"command\":\"start\",\"description\":\"go\"}],\"scope\":{\"type\":\"chat\","
     "\"chat_id\":5},\"language_code\":\"ru\"}",
     NULL},
    {"setChatMenuButton",
     "{\"menu_button\":{\"type\":\"web_app\",\"text\":\"Open\",\"web_app\":{\"url\":\"https://x\"}}"
     "}",
     NULL},
    {"editMessageMedia",
     "{\"chat_id\":1,\"message_id\":2,\"media\":{\"type\":\"photo\",\"media\":\"file_id\","
     "\"caption\":\"c\"}}",
     NULL},
    {"answerPreCheckoutQuery", "{\"pre_checkout_query_id\":\"1\",\"ok\":\"true\"}", NULL},
    {"getUpdates",
     "{\"offset\":\"5\",\"timeout\":\"50\",\"allowed_updates\":\"[\\\"message\\\","
     "\\\"callback_query\\\"]\"}",
     NULL},
    {"getUpdates", "{\"limit\":500}", NULL},
    {"editUserStarSubscription",
     "{\"user_id\":1,\"telegram_payment_charge_id\":\"x\",\"is_canceled\":true}", NULL},
    {"sendDice", "{\"chat_id\":1,\"emoji\":\"\xf0\x9f\x8e\xb2\"}", NULL},
    {"createForumTopic", "{\"chat_id\":-100,\"name\":\"log\",\"icon_color\":7322096}", NULL},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"hi\",\"message_thread_id\":7,\"reply_parameters\":{\"message_id\":"
     "3,\"allow_sending_without_reply\":true}}",
     NULL},
    {"setWebhook",
     "{\"url\":\"https://a.b:8443/h\",\"secret_token\":\"A-_9\",\"max_connections\":40}", NULL},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":null}", NULL},
};

static const struct row bad[] = {
    {"sendMessage", "{\"chat_id\":1}", "message text is empty"},
    {"sendMessage", "{\"text\":\"x\"}", "chat_id is empty"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"\"}", "message text is empty"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"   \"}", "text must be non-empty"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"<b> </b>\",\"parse_mode\":\"html\"}",
     "text must be non-empty"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"@4097@\"}", "message is too long"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"#4097#\"}", "message is too long"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"@32769@\"}", "text is too long"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"x\",\"foo\":1}", "foo: unknown field"},
    {"sendMessage", "{\"chat_id\":1,\"text\":5}", "String is expected"},
    {"sendMessage", "{\"chat_id\":1.5,\"text\":\"x\"}", "chat_id: Integer or String"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"<x>\",\"parse_mode\":\"HTML\"}",
     "can't parse entities: Unsupported start tag \"x\" at byte offset 0"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"<b>x\",\"parse_mode\":\"HTML\"}",
     "can't parse entities: Can't find end tag"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"x\",\"parse_mode\":\"BB\"}",
     "unsupported parse_mode"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
     "\"callback_data\":\"@65@\"}]]}}",
     "BUTTON_DATA_INVALID"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
     "\"callback_data\":\"#33#\"}]]}}",
     "BUTTON_DATA_INVALID"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
     "\"callback_data\":\"\"}]]}}",
     "BUTTON_DATA_INVALID"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\"}]]}}",
     "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"callback_data\":"
     "\"a\"}]]}}",
     "can't parse inline keyboard button: Can't find field \"text\""},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
     "\"callback_data\":\"1\",\"url\":\"https://a.b\"}]]}}",
     "exactly one action field"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
     "\"url\":\"http://localhost:80/x\"}]]}}",
     "Wrong HTTP URL"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[{\"text\":\"a\","
     "\"callback_data\":\"1\"}]}}",
     "reply_markup"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
     "\"web_app\":{\"ur\":\"u\"}}]]}}",
     "unknown field of WebAppInfo"},
    {"sendMessage", "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":[]}",
     "object expected as reply markup"},
    {"sendMessage",
     "{\"chat_id\":1,\"text\":\"x\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
     "\"pay\":true}]]}}",
     "BUTTON_TYPE_INVALID"},
    {"sendPhoto", "{\"chat_id\":1}", "there is no photo in the request"},
    {"sendPhoto", "{\"chat_id\":1,\"photo\":\"x\",\"caption\":\"@1025@\"}",
     "message caption is too long"},
    {"sendPhoto", "{\"chat_id\":1,\"photo\":\"attach://z\"}", "attach://z names no"},
    {"createInvoiceLink",
     "{\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XTR\",\"prices\":[{"
     "\"label\":\"x\",\"amount\":1}],\"subscription_period\":86400}",
     "2592000"},
    {"createInvoiceLink",
     "{\"title\":\"@33@\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XTR\",\"prices\":"
     "[{\"label\":\"x\",\"amount\":1}]}",
     "33 chars"},
    {"createInvoiceLink",
     "{\"title\":\"t\",\"description\":\"d\",\"payload\":\"#65#\",\"currency\":\"XTR\",\"prices\":"
     "[{\"label\":\"x\",\"amount\":1}]}",
     "130 bytes"},
    {"sendInvoice",
     "{\"chat_id\":1,\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XTR\","
     "\"prices\":[{\"label\":\"x\",\"amount\":1},{\"label\":\"y\",\"amount\":1}]}",
     "exactly one item"},
    {"sendInvoice",
     "{\"chat_id\":1,\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XTR\","
     "\"prices\":[{\"label\":\"x\",\"amount\":0}]}",
     "must be positive"},
    {"sendInvoice",
     "{\"chat_id\":1,\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XTR\","
     "\"provider_token\":\"a\",\"prices\":[{\"label\":\"x\",\"amount\":1}]}",
     "provider_token: must be empty"},
    {"sendInvoice",
     "{\"chat_id\":1,\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XTR\","
     "\"prices\":[{\"label\":\"x\",\"amount\":1}],\"reply_markup\":{\"inline_keyboard\":[[{\"text\""
     ":\"a\",\"callback_data\":\"b\"}]]}}",
     "REPLY_MARKUP_BUY_EMPTY"},
    {"sendInvoice",
     "{\"chat_id\":1,\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"XYZ\","
     "\"prices\":[{\"label\":\"x\",\"amount\":1}]}",
     "is not one of"},
    {"sendInvoice",
     "{\"chat_id\":1,\"title\":\"t\",\"description\":\"d\",\"payload\":\"p\",\"currency\":\"RUB\","
     "\"prices\":[{\"label\":\"x\",\"amount\":1}]}",
     "provider_token: required"},
    {"answerPreCheckoutQuery", "{\"pre_checkout_query_id\":\"1\",\"ok\":false}", "error_message"},
    {"answerCallbackQuery", "{\"callback_query_id\":\"1\",\"text\":\"@201@\"}", "201 chars"},
    {"answerCallbackQuery", "{\"callback_query_id\":1}", "String is expected"},
    {"setMyCommands", "{\"commands\":[{\"command\":\"/Start\",\"description\":\"d\"}]}", "a-z"},
    {"setMyCommands",
     "{\"commands\":[{\"command\":\"s\",\"description\":\"d\"}],\"scope\":{\"type\":\"nope\"}}",
     "scope: matches no BotCommandScope"},
    {"sendMediaGroup", "{\"chat_id\":1,\"media\":[{\"type\":\"photo\",\"media\":\"a\"}]}",
     "1 items"},
    {"sendMediaGroup",
     "{\"chat_id\":1,\"media\":[{\"type\":\"photo\",\"media\":\"a\"},{\"type\":\"document\","
     "\"media\":\"b\"}]}",
     "cannot be mixed"},
    {"editMessageText", "{\"text\":\"x\"}", "chat_id is empty"},
    {"editMessageText", "{\"chat_id\":1,\"text\":\"x\"}", "message identifier is not specified"},
    {"setWebhook", "{\"url\":\"http://a/b\"}", "HTTPS URL must be provided"},
    {"setWebhook", "{\"url\":\"https://a:9000/\"}", "only on ports"},
    {"setWebhook", "{\"url\":\"https://a\",\"secret_token\":\"a b\"}", "only A-Z"},
    {"getUpdates", "{\"allowed_updates\":[\"mesage\"]}", "no update type"},
    {"getUpdates", "{\"allowed_updates\":\"message\"}", "not a JSON-serialized"},
    {"sendChatAction", "{\"chat_id\":1,\"action\":\"dancing\"}", "wrong parameter action"},
    {"refundStarPayment", "{\"telegram_payment_charge_id\":\"x\"}", "invalid user_id specified"},
    {"sendMessage", "{bad", "chat_id is empty"},
};

static void good_calls_pass(void **state) {
    (void)state;
    for (size_t i = 0; i < GB_COUNT(good); i++) {
        struct bot_check found = check_json(good[i].method, good[i].json);
        if (found.refusal.n > 0) {
            fail_msg("%s %s: " STR_FMT, good[i].method, good[i].json, STR_ARG(found.refusal));
        }
    }
}

static void bad_calls_are_refused_with_the_servers_words(void **state) {
    (void)state;
    for (size_t i = 0; i < GB_COUNT(bad); i++) {
        struct bot_check found = check_json(bad[i].method, bad[i].json);
        if (str_find_str(found.refusal, str_of(bad[i].refusal)) == found.refusal.n) {
            fail_msg("%s %s: \"" STR_FMT "\", not \"%s\"", bad[i].method, bad[i].json,
                     STR_ARG(found.refusal), bad[i].refusal);
        }
    }
}

static void what_the_server_only_shrugs_at_is_a_warning(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"getUpdates", "{\"limit\":500}", "clamps"},
        {"sendMessage", "{\"chat_id\":1,\"text\":\"x\",\"reply_to_message_id\":5}", "deprecated"},
        {"answerCallbackQuery", "{\"callback_query_id\":\"1\",\"show_alert\":true}", "show_alert"},
    };
    for (size_t i = 0; i < GB_COUNT(rows); i++) {
        struct bot_check found = check_json(rows[i].method, rows[i].json);
        assert_int_equal(found.refusal.n, 0);
        assert_true(str_find_str(found.warning, str_of(rows[i].refusal)) < found.warning.n);
    }
}

static void parameters_come_in_four_ways_and_the_first_wins(void **state) {
    (void)state;
    struct http_incoming request = {.query = STR("chat_id=1&text=a+b%21"),
                                    .content_type =
                                        STR("application/x-www-form-urlencoded; charset=utf-8"),
                                    .body = STR("text=second&disable_notification=true")};
    struct form form;
    assert_int_equal(form_read(arena, &request, &form), GB_OK);
    assert_string_equal(arena_cstr(arena, form_text(&form, "text")), "a b!");
    assert_true(form_bool(&form, "disable_notification"));
    assert_int_equal(form_i64(&form, "chat_id"), 1);
    assert_int_equal(check(request, "sendMessage").refusal.n, 0);
}

#define PART(disposition, body)                                                                    \
    "--B\r\nContent-Disposition: form-data; " disposition "\r\n\r\n" body "\r\n"

static struct bot_check check_parts(const char *method, const char *body) {
    return check((struct http_incoming){.content_type = STR("multipart/form-data; boundary=B"),
                                        .body = str_of(body)},
                 method);
}

static void a_file_part_is_a_photo_only_under_its_name(void **state) {
    (void)state;
    static const char chat[] = PART("name=\"chat_id\"", "5");
    static const char tail[] = "--B--\r\n";
    const char *fine = arena_printf(arena, "%s%s%s", chat,
                                    PART("name=\"photo\"; filename=\"a.jpg\"", "JPEG"), tail)
                           .p;
    const char *wrong =
        arena_printf(arena, "%s%s%s", chat, PART("name=\"foto\"; filename=\"a.jpg\"", "JPEG"), tail)
            .p;
    const char *attached =
        arena_printf(arena, "%s%s%s%s", chat, PART("name=\"foto\"; filename=\"a.jpg\"", "JPEG"),
                     PART("name=\"photo\"", "attach://foto"), tail)
            .p;
    assert_int_equal(check_parts("sendPhoto", fine).refusal.n, 0);
    assert_string_equal(arena_cstr(arena, check_parts("sendPhoto", wrong).refusal),
                        "there is no photo in the request");
    assert_int_equal(check_parts("sendPhoto", attached).refusal.n, 0);
    assert_int_equal(check_parts("sendPhoto", attached).warning.n, 0);
}

static void a_broken_multipart_body_is_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "", "--B", "--B\r\n\r\n", "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx"};
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        struct http_incoming request = {.content_type = STR("multipart/form-data; boundary=B"),
                                        .body = str_of(bodies[i])};
        struct form form;
        assert_int_equal(form_read(arena, &request, &form), GB_INVALID);
    }
}

static void every_line_of_the_table_can_be_read(void **state) {
    (void)state;
    static const char *const methods[] = {"sendInvoice", "postStory", "sendRichMessage",
                                          "answerInlineQuery", "setPassportDataErrors"};
    for (size_t i = 0; i < GB_COUNT(methods); i++) {
        struct api_line line;
        struct api_field field;
        size_t count = 0;
        assert_true(api_find_method(str_of(methods[i]), &line));
        while (api_next(&line, &field)) {
            struct api_line inner;
            assert_true(field.name.n > 0);
            assert_true(field.type != API_NAMED || api_find_type(field.type_name, &inner));
            count++;
        }
        assert_true(count > 1);
    }
    struct api_line none;
    assert_false(api_find_method(STR("Update"), &none));
    assert_false(api_find_method(STR("sendMesage"), &none));
    assert_int_equal(api_update_kind(STR("message")), 0);
    assert_true(api_update_kind(STR("subscription")) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_calls_pass, begin, end),
        cmocka_unit_test_setup_teardown(bad_calls_are_refused_with_the_servers_words, begin, end),
        cmocka_unit_test_setup_teardown(what_the_server_only_shrugs_at_is_a_warning, begin, end),
        cmocka_unit_test_setup_teardown(parameters_come_in_four_ways_and_the_first_wins, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_file_part_is_a_photo_only_under_its_name, begin, end),
        cmocka_unit_test_setup_teardown(a_broken_multipart_body_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(every_line_of_the_table_can_be_read, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

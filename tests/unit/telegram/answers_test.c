/* Replies of the Bot API: each row of the catalogue of errors, and nothing done by accident. */
#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"
#include "base/num.h"
#include "common/data.h"
#include "telegram/telegram.h"

#define TOKEN "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

static const struct endpoint bot_api = {
    .base_url = STR_INIT("https://api.telegram.org"),
    .secret = STR_INIT(TOKEN),
};

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static struct answer read_call(struct arena *arena, const struct call *call, int status,
                               struct str body) {
    struct http_reply reply = {.outcome = HTTP_REPLIED, .status = status, .body = body};
    struct answer answer;
    memset(&answer, 0xEE, sizeof answer); /* all of it must be written */
    telegram_codec.read_reply(call, &bot_api, &reply, arena, &answer);
    assert_non_null(answer.reason);
    return answer;
}

static struct answer read_text(struct arena *arena, int status, const char *body) {
    struct call call = {.kind = STR("sendMessage"), .body = STR("{\"chat_id\":-5,\"text\":\"x\"}")};
    return read_call(arena, &call, status, str_of(body));
}

static struct answer read_error(struct arena *arena, int code, struct str description,
                                const char *more) {
    struct buf buf;
    buf_init(&buf, arena, 65536);
    buf_printf(&buf, "{\"ok\":false,\"error_code\":%d,\"description\":", code);
    json_quote(&buf, description);
    buf_printf(&buf, "%s}", more);
    return read_text(arena, code, arena_cstr(arena, buf_str(&buf)));
}

/* ---- the catalogue ---- */

/* Its class -> our kind and reason. */
static const struct {
    const char *class;
    enum answer_kind kind;
    const char *reason; /* NULL: by the row */
} classes[] = {
    {"chat_gone", ANSWER_REFUSED, "chat_gone"},
    {"migrate", ANSWER_REFUSED, "chat_gone"}, /* without the new id */
    {"ignore_ok", ANSWER_DONE, NULL},
    {"resend_new", ANSWER_REFUSED, "send_anew"},
    {"drop_reply", ANSWER_REFUSED, "other"},
    {"fix_topic", ANSWER_REFUSED, "other"},
    {"bug", ANSWER_REFUSED, "bug"},
    {"bug_plain", ANSWER_REFUSED, "no_parse"},
    {"file", ANSWER_REFUSED, "file"},
    {"rights", ANSWER_REFUSED, "rights"},
    {"config", ANSWER_REFUSED, "other"},
    {"fatal", ANSWER_REFUSED, "fatal"},
    {"conflict", ANSWER_REFUSED, "conflict"},
    {"flood", ANSWER_LATER, "flood"},
    {"transient", ANSWER_LATER, NULL},
};

static const char *prefix_of(int code) {
    switch (code) {
    case 400:
        return "Bad Request: ";
    case 403:
        return "Forbidden: ";
    case 409:
        return "Conflict: ";
    default:
        return "";
    }
}

static void check_row(struct arena *arena, struct str line) {
    struct str code_text, match, class;
    int64_t code;
    assert_true(str_split(&line, '\t', &code_text) && str_split(&line, '\t', &match) &&
                str_split(&line, '\t', &class));
    assert_int_equal(num_i64(code_text, 400, 599, &code), GB_OK);
    struct buf description;
    buf_init(&description, arena, 1024);
    buf_add_text(&description, prefix_of((int)code));
    buf_add(&description, match);
    buf_add_text(&description, " and what may follow");
    struct answer answer = read_error(arena, (int)code, buf_str(&description), "");
    for (size_t i = 0; i < GB_COUNT(classes); i++) {
        if (!str_is(class, classes[i].class)) {
            continue;
        }
        if (answer.kind != classes[i].kind ||
            (classes[i].reason != NULL && strcmp(answer.reason, classes[i].reason) != 0)) {
            fail_msg(STR_FMT " " STR_FMT ": %d %s", STR_ARG(code_text), STR_ARG(match),
                     (int)answer.kind, answer.reason);
        }
        return;
    }
    fail_msg("no class " STR_FMT, STR_ARG(class));
}

static void every_row_of_the_catalogue_has_its_class(void **state) {
    struct str rest = data_file(*state, "telegram/error-catalog.tsv"), line;
    size_t rows = 0;
    assert_true(str_split(&rest, '\n', &line)); /* names of the columns */
    while (str_split(&rest, '\n', &line)) {
        if (line.n > 0) {
            check_row(*state, line);
            rows++;
        }
    }
    assert_int_equal(rows, 73);
}

static void success_in_disguise_is_done_and_says_which(void **state) {
    static const struct {
        const char *description, *reason;
    } cases[] = {
        {"Bad Request: message is not modified: specified new message content and reply markup are "
         "exactly the same as a current content and reply markup of the message",
         "not_modified"},
        {"Bad Request: message to delete not found", "gone_message"},
        {"Bad Request: message can't be deleted", "gone_message"},
        {"Bad Request: query is too old and response timeout expired or query ID is invalid",
         "old_query"},
        {"Bad Request: CHARGE_ALREADY_REFUNDED", "already_refunded"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct answer answer = read_error(*state, 400, str_of(cases[i].description), "");
        assert_int_equal(answer.kind, ANSWER_DONE);
        assert_string_equal(answer.reason, cases[i].reason);
        assert_int_equal(answer.said.n, 0);
    }
}

static void older_words_mean_the_same(void **state) {
    assert_string_equal(
        read_error(*state, 403, STR("Forbidden: bot can't send messages to bots"), "").reason,
        "chat_gone");
    assert_string_equal(read_error(*state, 400,
                                   STR("Bad Request: group chat was migrated to a supergroup chat"),
                                   "")
                            .reason,
                        "chat_gone");
    assert_string_equal(
        read_error(*state, 400, STR("Bad Request: Message to edit not found"), "").reason,
        "send_anew");
    assert_string_equal(
        read_error(*state, 403, STR("FORBIDDEN: BOT WAS BLOCKED BY THE USER"), "").reason,
        "chat_gone");
}

static void what_no_row_knows_is_other(void **state) {
    assert_string_equal(read_error(*state, 400, STR("Bad Request: something new"), "").reason,
                        "other");
    assert_string_equal(read_error(*state, 403, STR("Forbidden: something new"), "").reason,
                        "other");
    assert_string_equal(read_error(*state, 418, STR("I'm a teapot"), "").reason, "other");
    assert_int_equal(read_error(*state, 400, STR_NONE, "").kind, ANSWER_REFUSED);
}

static void unknown_method_does_not_condemn_the_token(void **state) {
    assert_string_equal(read_error(*state, 404, STR("Not Found: method not found"), "").reason,
                        "bug");
    assert_string_equal(read_error(*state, 404, STR("Not Found"), "").reason, "fatal");
}

/* ---- waiting ---- */

static void flood_waits_as_told_and_long_ones_hold_the_lane(void **state) {
    static const struct {
        const char *parameters;
        int64_t wait_ms;
        bool lane;
    } cases[] = {
        {",\"parameters\":{\"retry_after\":1}", 1000, false},
        {",\"parameters\":{\"retry_after\":3}", 3000, false},
        {",\"parameters\":{\"retry_after\":4}", 4000, true},
        {",\"parameters\":{\"retry_after\":35}", 35000, true},
        {",\"parameters\":{\"retry_after\":1e12}", 86400000, true},
        {",\"parameters\":{\"retry_after\":-5}", 0, true},
        {",\"parameters\":{\"retry_after\":\"7\"}", 0, true},
        {",\"parameters\":[]", 0, true},
        {"", 0, true},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct answer answer =
            read_error(*state, 429, STR("Too Many Requests: retry after N"), cases[i].parameters);
        assert_int_equal(answer.kind, ANSWER_LATER);
        assert_int_equal(answer.retry_after_ms, cases[i].wait_ms);
        assert_int_equal(answer.lane_wide, cases[i].lane);
    }
}

static void header_tells_how_long_when_the_body_does_not(void **state) {
    struct call call = {.kind = STR("sendMessage"), .body = STR("{}")};
    struct answer answer;
    struct http_reply reply = {.outcome = HTTP_REPLIED,
                               .status = 429,
                               .retry_after_s = 9,
                               .body = STR("{\"ok\":false,\"error_code\":429}")};
    telegram_codec.read_reply(&call, &bot_api, &reply, *state, &answer);
    assert_int_equal(answer.retry_after_ms, 9000);
    reply.body = STR("<html>429 Too Many Requests</html>");
    telegram_codec.read_reply(&call, &bot_api, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_int_equal(answer.retry_after_ms, 9000);
    assert_true(answer.lane_wide);
}

static void server_fault_as_json_did_not_happen(void **state) {
    struct answer answer = read_error(*state, 500, STR("Internal Server Error"), "");
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_false(answer.lane_wide);
    answer = read_error(*state, 500, STR("Internal Server Error: restart"), "");
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_true(answer.lane_wide);
    answer = read_error(*state, 502, STR("Bad Gateway"), "");
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_true(answer.lane_wide);
    assert_int_equal(read_error(*state, 599, STR("?"), "").kind, ANSWER_LATER);
}

static void no_reply_is_later_when_nothing_left_and_else_unknown(void **state) {
    struct call call = {.kind = STR("sendMessage"), .body = STR("{}")};
    struct http_reply reply = {.outcome = HTTP_NOT_SENT, .fault = "name not resolved"};
    struct answer answer;
    telegram_codec.read_reply(&call, &bot_api, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_true(answer.lane_wide);
    assert_str(answer.why, "name not resolved");
    reply = (struct http_reply){.outcome = HTTP_UNKNOWN, .fault = "time-out"};
    telegram_codec.read_reply(&call, &bot_api, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_UNKNOWN);
    assert_str(answer.why, "time-out");
    reply.fault = NULL;
    telegram_codec.read_reply(&call, &bot_api, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_UNKNOWN);
}

/* ---- success ---- */

static void message_is_cut_down_to_its_id(void **state) {
    static const struct {
        const char *body, *said;
    } cases[] = {
        {"{\"ok\":true,\"result\":{\"message_id\":12,\"from\":{\"id\":1},\"text\":\"a\"}}",
         "{\"message_id\":12}"},
        {"{\"ok\":true,\"result\":{\"message_id\":12}}", "{\"message_id\":12}"},
        {"{\"ok\":true,\"result\":{\"message_id\":12}}\n", "{\"message_id\":12}"},
        {" { \"ok\" : true , \"result\" : { \"message_id\" : 12 } } ", "{\"message_id\":12}"},
        {"{\"result\":{\"message_id\":12,\"a\":[]},\"ok\":true}", "{\"message_id\":12}"},
        {"{\"ok\":true,\"result\":{\"message_id\":12},\"description\":\"x\"}",
         "{\"message_id\":12}"},
        {"{\"ok\":true,\"result\":{\"date\":5,\"message_id\":12}}",
         "{\"date\":5,\"message_id\":12}"},
        {"{\"ok\":true,\"result\":{\"message_id\":1.5}}", "{\"message_id\":1.5}"},
        {"{\"ok\":true,\"result\":{\"id\":5,\"username\":\"x_bot\"}}",
         "{\"id\":5,\"username\":\"x_bot\"}"},
        {"{\"ok\":true,\"result\":true}", ""},
        {"{\"ok\":true,\"result\":\"https://t.me/$x\"}", ""},
        {"{\"ok\":true,\"result\":[]}", ""},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct answer answer = read_text(*state, 200, cases[i].body);
        assert_int_equal(answer.kind, ANSWER_DONE);
        assert_string_equal(answer.reason, "");
        assert_str(answer.said, cases[i].said);
    }
}

static void what_is_no_success_is_unknown(void **state) {
    static const struct {
        int status;
        const char *body;
    } cases[] = {
        {200, ""},
        {200, "<html><body>Welcome</body></html>"},
        {200, "{\"ok\":true,\"result\":{\"message_id\":12}"},
        {200, "{\"ok\":true,\"result\":{\"message_id\":12}}}"},
        {200, "{\"ok\":true,\"result\":{\"message_id\":12}} x"},
        {200, "{\"ok\":true,\"result\":{\"message_id\":}}"},
        {200, "{\"ok\":true,\"result\":}"},
        {200, "{\"ok\":true,\"result\":null}"},
        {200, "{\"ok\":true}"},
        {200, "{\"ok\":\"true\",\"result\":true}"},
        {200, "{\"ok\":1,\"result\":true}"},
        {200, "{\"result\":true}"},
        {200, "{}"},
        {200, "[]"},
        {200, "true"},
        {200, "{\"ok\":false}"},
        {201, "{\"ok\":true,\"result\":true}"},
        {204, ""},
        {302, "<html>moved</html>"},
        {400, "{\"ok\":true,\"result\":true}"},
        {502, "<html>502 Bad Gateway</html>"},
        {502, ""},
        {504, "{\"message\":\"gateway\"}"},
        {403, "{\"message\":\"Forbidden\"}"},
        {404, "<html>Not Found</html>"},
        {200, "{\"ok\":false,\"error_code\":200}"},
        {200, "{\"ok\":false,\"error_code\":1e9}"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct answer answer = read_text(*state, cases[i].status, cases[i].body);
        if (answer.kind != ANSWER_UNKNOWN) {
            fail_msg("%d %s: %d", cases[i].status, cases[i].body, (int)answer.kind);
        }
        assert_true(answer.why.n > 0);
        assert_int_equal(answer.said.n, 0);
    }
}

/* ---- groups that become supergroups ---- */

static void chat_that_moved_is_followed(void **state) {
    struct call call = {.kind = STR("sendMessage"),
                        .key = STR("k"),
                        .body = STR("{\"text\":\"a \\\"b\\\"\",\"chat_id\":-5,\"reply_markup\":"
                                    "{\"inline_keyboard\":[]},\"silent\":true}")};
    struct str moved = STR("{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: group "
                           "chat was upgraded to a supergroup chat\",\"parameters\":"
                           "{\"migrate_to_chat_id\":-1001234567890}}");
    struct answer answer = read_call(*state, &call, 400, moved);
    assert_int_equal(answer.kind, ANSWER_MORE);
    assert_str(answer.next.kind, "sendMessage");
    assert_str(answer.next.key, "k");
    assert_str(answer.next.body, "{\"text\":\"a \\\"b\\\"\",\"chat_id\":-1001234567890,"
                                 "\"reply_markup\":{\"inline_keyboard\":[]},\"silent\":true}");
    /* A server that sends it on to where it already is would never end. */
    answer = read_call(*state, &answer.next, 400, moved);
    assert_int_equal(answer.kind, ANSWER_REFUSED);
    assert_string_equal(answer.reason, "chat_gone");
    call.body = STR("{\"callback_query_id\":\"1\"}");
    assert_int_equal(read_call(*state, &call, 400, moved).kind, ANSWER_REFUSED);
}

/* ---- what is written about it ---- */

static void why_holds_neither_token_nor_address(void **state) {
    static const char *const descriptions[] = {
        "Bad Request: wrong HTTP URL specified: https://api.telegram.org/bot" TOKEN "/x",
        "Bad Request: " TOKEN " is wrong",
        "/bot" TOKEN "/getMe",
        "a http://10.0.0.1/secret b",
    };
    for (size_t i = 0; i < GB_COUNT(descriptions); i++) {
        struct answer answer = read_error(*state, 400, str_of(descriptions[i]), "");
        assert_true(str_find_str(answer.why, STR(TOKEN)) == answer.why.n);
        assert_true(str_find_str(answer.why, STR("://")) == answer.why.n);
        assert_true(str_find_str(answer.why, STR("***")) < answer.why.n);
    }
}

static void why_is_one_short_line(void **state) {
    struct buf buf;
    buf_init(&buf, *state, 65536);
    for (int i = 0; i < 3000; i++) {
        buf_add_text(&buf, i % 7 == 0 ? "\n\t" : "ёx");
    }
    struct answer answer = read_error(*state, 400, buf_str(&buf), "");
    assert_true(answer.why.n < 400);
    for (size_t i = 0; i < answer.why.n; i++) {
        assert_true((unsigned char)answer.why.p[i] >= ' ');
    }
    assert_str(read_error(*state, 400, STR("Bad Request: chat not found"), "").why,
               "HTTP 400: Bad Request: chat not found");
}

/* ---- anything ---- */

/* A success stays one only if its two members that say so are untouched. */
static void mutated_replies_are_never_done_by_accident(void **state) {
    static const char *const seeds[] = {
        "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was blocked\"}",
        "{\"ok\":false,\"error_code\":429,\"description\":\"x\",\"parameters\":{\"retry_after\":5}"
        "}",
        "{\"ok\":true,\"result\":{\"message_id\":12,\"date\":1,\"text\":\"\\u00e4\"}}",
        "<html>502</html>",
    };
    static const char pieces[] = "{}[]\",:0123456789-e.\\untrfals \xff\x01";
    struct chance chance = {17};
    struct arena *arena = *state;
    size_t done = 0;
    for (int round = 0; round < 30000; round++) {
        struct arena_mark mark = arena_mark(arena);
        size_t seed = chance_below(&chance, GB_COUNT(seeds));
        size_t n = strlen(seeds[seed]);
        char *bytes = arena_take(arena, n);
        memcpy(bytes, seeds[seed], n);
        for (size_t i = 1 + chance_below(&chance, 3); i > 0; i--) {
            bytes[chance_below(&chance, n)] = pieces[chance_below(&chance, sizeof pieces - 1)];
        }
        n = chance_below(&chance, 4) == 0 ? chance_below(&chance, n) : n;
        struct call call = {.kind = STR("sendMessage"), .body = STR("{\"chat_id\":1}")};
        struct answer answer = read_call(arena, &call, 200, (struct str){bytes, n});
        if (answer.kind == ANSWER_DONE) {
            const struct json *tree;
            bool ok = false;
            assert_int_equal(json_parse(arena, (struct str){bytes, n}, &tree, NULL), GB_OK);
            assert_true(json_bool(tree, "ok", &ok) && ok);
            assert_non_null(json_at(tree, "result"));
            done++;
        }
        assert_true(answer.retry_after_ms >= 0);
        arena_reset(arena, mark);
    }
    assert_true(done > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_row_of_the_catalogue_has_its_class),
        TEST(success_in_disguise_is_done_and_says_which),
        TEST(older_words_mean_the_same),
        TEST(what_no_row_knows_is_other),
        TEST(unknown_method_does_not_condemn_the_token),
        TEST(flood_waits_as_told_and_long_ones_hold_the_lane),
        TEST(header_tells_how_long_when_the_body_does_not),
        TEST(server_fault_as_json_did_not_happen),
        TEST(no_reply_is_later_when_nothing_left_and_else_unknown),
        TEST(message_is_cut_down_to_its_id),
        TEST(what_is_no_success_is_unknown),
        TEST(chat_that_moved_is_followed),
        TEST(why_holds_neither_token_nor_address),
        TEST(why_is_one_short_line),
        TEST(mutated_replies_are_never_done_by_accident),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

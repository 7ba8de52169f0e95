/* The list of all users and the status, as panels answer them, with what is odd about them. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/helpers.h"
#include "base/json.h"
#include "common/data.h"
#include "panel/panel.h"

#define A   "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"
#define B   "5c1e8f70-93ab-4e2d-8b64-1f20c9d7aa02"
#define KEY "11111111-1111-4111-8111-111111111111"

static const struct endpoint moscow = {
    .base_url = STR_INIT("https://panel.example.org/Qm3xTz9AdmPath7"),
    .secret = STR_INIT(KEY),
    .zone_offset_min = 180,
};

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static struct answer read_as(struct arena *arena, const char *kind, int status, struct str body) {
    struct call call = {.kind = str_of(kind), .body = STR("{}")};
    struct http_reply reply = {.outcome = HTTP_REPLIED, .status = status, .body = body};
    struct answer answer;
    memset(&answer, 0xEE, sizeof answer); /* all of it must be written */
    hiddify_codec.read_reply(&call, &moscow, &reply, arena, &answer);
    return answer;
}

static void assert_answer(struct answer answer, enum answer_kind kind, const char *reason) {
    if (answer.kind != kind || strcmp(answer.reason, reason) != 0) {
        fail_msg("%d \"%s\" is not %d \"%s\": " STR_FMT, (int)answer.kind, answer.reason, (int)kind,
                 reason, STR_ARG(answer.why));
    }
}

static void assert_list(struct arena *arena, const char *body, const char *expected) {
    struct answer answer = read_as(arena, "list", 200, str_of(body));
    assert_answer(answer, ANSWER_DONE, "");
    assert_str(answer.said, expected);
}

static void assert_no_list(struct arena *arena, const char *body) {
    struct answer answer = read_as(arena, "list", 200, str_of(body));
    if (answer.kind != ANSWER_UNKNOWN) {
        fail_msg("taken for a list: %s", body);
    }
    assert_true(str_find_str(answer.why, STR("SECRET")) == answer.why.n);
}

/* ---- the list ---- */

static void list_and_status_are_one_call_each(void **state) {
    struct http_request request;
    struct call call = {.kind = STR("list"), .body = STR("{}")};
    assert_int_equal(hiddify_codec.build_request(&call, &moscow, *state, &request), GB_OK);
    assert_int_equal(request.method, HTTP_GET);
    assert_str(request.url, "https://panel.example.org/Qm3xTz9AdmPath7/api/v2/admin/user/");
    assert_true(request.reply_bytes_max >= (size_t)100000 * 900);
    assert_true(request.total_ms_max >= GB_MINUTE_MS);
    call.kind = STR("status");
    assert_int_equal(hiddify_codec.build_request(&call, &moscow, *state, &request), GB_OK);
    assert_str(request.url,
               "https://panel.example.org/Qm3xTz9AdmPath7/api/v2/admin/server_status/");
    assert_true(request.reply_bytes_max <= 1024 * 1024);
}

static void recorded_users_are_listed_with_their_figures(void **state) {
    assert_list(*state, arena_cstr(*state, data_file(*state, "hiddify/users-list.json")),
                "[\"" A "\",0,32212254720,0,0,true]\n" /* not begun */
                /* 10 November and 90 days: good through 8 February, Moscow's time. */
                "[\"" B "\",12220104704,53687091200,1795402692000,1802120400000,true]\n"
                "[\"7d0f3b11-2c5e-4a90-b1de-6e88f0a4cc03\",3489660928,32212254720,1793479267000,"
                "1793480400000,true]\n"
                "[\"e3a2d0c9-7b16-4f8a-a5c4-90bb1d6ef204\",0,32212254720,0,0,false]\n");
}

static void only_the_panels_own_404_is_an_empty_list(void **state) {
    static const char *const own[] = {"hiddify/error-404-empty-list.json",
                                      "hiddify/error-404-empty-list-accept-any.json"};
    for (size_t i = 0; i < GB_COUNT(own); i++) {
        struct answer answer = read_as(*state, "list", 404, data_file(*state, own[i]));
        assert_answer(answer, ANSWER_DONE, "");
        assert_true(str_equal(answer.said, PANEL_LIST_EMPTY));
        /* The same words with another status are no list. */
        assert_int_equal(read_as(*state, "list", 200, data_file(*state, own[i])).kind,
                         ANSWER_UNKNOWN);
        assert_int_equal(read_as(*state, "list", 503, data_file(*state, own[i])).kind,
                         ANSWER_UNKNOWN);
    }
    assert_list(*state, " [ ]\n", "[]\n");
    assert_answer(read_as(*state, "list", 404, data_file(*state, "hiddify/error-decoy.html")),
                  ANSWER_UNKNOWN, "");
    assert_answer(read_as(*state, "list", 404, STR("<html>You have no user</html>")),
                  ANSWER_UNKNOWN, "");
    assert_answer(read_as(*state, "list", 404, STR("{\"message\":\"You have no user interface\"}")),
                  ANSWER_LATER, "setup");
    assert_answer(
        read_as(*state, "list", 404, data_file(*state, "hiddify/error-404-route-v13.json")),
        ANSWER_LATER, "setup");
    assert_answer(read_as(*state, "list", 404, data_file(*state, "hiddify/error-404.json")),
                  ANSWER_LATER, "setup");
}

static void failures_mean_what_they_mean_elsewhere(void **state) {
    static const struct {
        const char *file;
        int status;
        enum answer_kind answer;
        const char *reason;
    } cases[] = {
        {"error-400-wrong-path.json", 400, ANSWER_LATER, "setup"},
        {"error-400-bot-user-agent.json", 400, ANSWER_LATER, "setup"},
        {"error-403.json", 403, ANSWER_LATER, "forbidden"},
        {"error-500-v10.30-list.json", 500, ANSWER_UNKNOWN, ""},
        {"error-500-route.json", 500, ANSWER_LATER, "setup"},
        {"error-503-haproxy.html", 503, ANSWER_UNKNOWN, ""},
        {"error-504-haproxy.html", 504, ANSWER_UNKNOWN, ""},
        {"error-decoy.html", 200, ANSWER_UNKNOWN, ""},
        {"user-object.json", 200, ANSWER_UNKNOWN, ""},
        {"panel-info.json", 200, ANSWER_UNKNOWN, ""},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct str name = arena_printf(*state, "hiddify/%s", cases[i].file);
        struct str body = data_file(*state, name.p);
        assert_answer(read_as(*state, "list", cases[i].status, body), cases[i].answer,
                      cases[i].reason);
        assert_answer(read_as(*state, "status", cases[i].status, body), cases[i].answer,
                      cases[i].reason);
    }
    assert_answer(read_as(*state, "status", 200, data_file(*state, "hiddify/users-list.json")),
                  ANSWER_UNKNOWN, "");
}

static void what_is_missing_or_null_is_nothing(void **state) {
    assert_list(*state, "[{\"uuid\":\"" A "\"}]", "[\"" A "\",0,0,0,0,true]\n");
    assert_list(*state,
                "[{\"uuid\":\"" A "\",\"current_usage_GB\":null,\"usage_limit_GB\":null,"
                "\"last_online\":null,\"start_date\":null,\"package_days\":null,\"enable\":null,"
                "\"deleted\":null,\"telegram_id\":null}]",
                "[\"" A "\",0,0,0,0,true]\n");
    assert_list(*state,
                "[{\"uuid\":\"" A "\",\"last_online\":\"1-01-01 00:00:00\",\"start_date\":\"soon\","
                "\"package_days\":30,\"usage_limit_GB\":1000000,\"enable\":false}]",
                "[\"" A "\",0,0,0,0,false]\n");
}

static void days_of_any_number_end_somewhere(void **state) {
    assert_list(*state,
                "[{\"uuid\":\"" A "\",\"start_date\":\"2026-11-24\",\"package_days\":-5},"
                "{\"uuid\":\"" B "\",\"start_date\":\"0001-01-01\",\"package_days\":-999999999}]",
                "[\"" A "\",0,0,0,1795122000000,true]\n[\"" B "\",0,0,0,1,true]\n");
}

static void uuids_are_lower_case_and_in_order_and_each_once(void **state) {
    assert_list(*state,
                "[{\"uuid\":\"5C1E8F70-93AB-4E2D-8B64-1F20C9D7AA02\",\"enable\":false},"
                "{\"uuid\":\"ffffffff-ffff-ffff-ffff-ffffffffffff\"},"
                "{\"uuid\":\"" B "\",\"enable\":true},{\"uuid\":\"" A "\"}]",
                "[\"" A "\",0,0,0,0,true]\n[\"" B "\",0,0,0,0,false]\n"
                "[\"ffffffff-ffff-ffff-ffff-ffffffffffff\",0,0,0,0,true]\n");
}

/* Neither can be one of ours. */
static void removed_users_and_odd_uuids_are_left_out(void **state) {
    assert_list(*state,
                "[{\"uuid\":\"" A "\",\"deleted\":true},{\"uuid\":\"bob\"},{\"uuid\":\"" B
                "\",\"deleted\":false}]",
                "[\"" B "\",0,0,0,0,true]\n");
    assert_list(*state, "[{\"uuid\":\"\"}]", "[]\n");
}

static void texts_that_look_like_structure_are_passed_over(void **state) {
    assert_list(*state,
                "[{\"name\":\"}],[{\\\"uuid\\\":\\\"\",\"comment\":\"\\\\\",\"uuid\":\"" A
                "\",\"x\":{\"uuid\":\"" B "\",\"y\":[1,{\"z\":\"]\"},[]]},\"enable\":false}]",
                "[\"" A "\",0,0,0,0,false]\n");
}

static void what_is_no_list_of_users_is_unknown(void **state) {
    static const char *const bodies[] = {
        "",
        "[",
        "]",
        "{}",
        "null",
        "[]x",
        "[1]",
        "[[]]",
        "[null]",
        "[{}]",
        "[{\"uuid\":7}]",
        "[{\"uuid\":null}]",
        "[{\"name\":\"n\"}]",
        "[{\"uuid\":\"" A "\"},]",
        "[,{\"uuid\":\"" A "\"}]",
        "[{\"uuid\":\"" A "\"}",
        "[{\"uuid\":\"" A "\"} {\"uuid\":\"" B "\"}]",
        "[{\"uuid\":\"" A "\",}]",
        "[{\"uuid\":\"" A "\"]]",
        "[{\"uuid\" \"" A "\"}]",
        "[{uuid:\"" A "\"}]",
        "[{\"uuid\":\"" A "\",\"a\":1{}},{\"uuid\":\"" B "\"}]",
        "[{\"uuid\":\"" A "\",\"a\":1{},{\"b\":2}}]",
        "[{\"uuid\":\"" A "\",\"enable\":\"yes\"}]",
        "[{\"uuid\":\"" A "\",\"enable\":1}]",
        "[{\"uuid\":\"" A "\",\"package_days\":\"30\"}]",
        "[{\"uuid\":\"" A "\",\"current_usage_GB\":\"1\"}]",
        "[{\"uuid\":\"" A "\",\"usage_limit_GB\":[]}]",
        "[{\"uuid\":\"" A "\",\"usage_limit_GB\":1-}]",
        "[{\"uuid\":\"" A "\",\"name\":\"SECRET}]",
        "[{\"uuid\":\"" A
        "\",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
        "]]]}]",
    };
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        assert_no_list(*state, bodies[i]);
    }
}

static void every_cut_of_a_list_is_unknown(void **state) {
    struct str whole = str_trim(data_file(*state, "hiddify/users-list.json"));
    for (size_t n = 0; n < whole.n; n++) {
        struct arena_mark mark = arena_mark(*state);
        /* A copy of exactly this length: a byte read behind it would be seen. */
        char *bytes = arena_take(*state, n);
        memcpy(bytes, whole.p, n);
        assert_int_equal(read_as(*state, "list", 200, (struct str){bytes, n}).kind, ANSWER_UNKNOWN);
        arena_reset(*state, mark);
    }
}

static void a_list_that_does_not_fit_is_later(void **state) {
    struct arena *small = arena_new(4096, 256 * 1024);
    struct buf buf;
    buf_init(&buf, *state, 1024 * 1024);
    for (int i = 0; i < 1000; i++) {
        buf_printf(&buf, "%s{\"uuid\":\"%08x-4d1a-4c57-9f0e-7a1d52c3e801\"}", i > 0 ? "," : "[", i);
    }
    buf_add_text(&buf, "]");
    struct answer answer = read_as(small, "list", 200, buf_str(&buf));
    assert_answer(answer, ANSWER_LATER, "");
    assert_true(answer.retry_after_ms > 0);
    assert_false(answer.lane_wide);
    arena_free(small);
    assert_answer(read_as(*state, "list", 200, buf_str(&buf)), ANSWER_DONE, "");
}

/* ---- random users beside a naive model ---- */

struct model {
    char uuid[37];
    bool enabled, listed;
    int64_t used_gb, days, start_day; /* start_day 0: not begun */
};

static int by_uuid(const void *a, const void *b) {
    return strcmp(((const struct model *)a)->uuid, ((const struct model *)b)->uuid);
}

static void random_user(struct chance *chance, struct model *user) {
    static const char letters[] = "0123456789abcdef";
    bool alike = chance_below(chance, 3) == 0; /* in the first half */
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        user->uuid[i] = dash ? '-' : letters[chance_below(chance, alike && i < 19 ? 1 : 16)];
    }
    user->uuid[36] = '\0';
    user->enabled = chance_below(chance, 2) == 0;
    user->used_gb = (int64_t)chance_below(chance, 300);
    user->days = (int64_t)chance_below(chance, 400);
    user->start_day =
        chance_below(chance, 4) == 0 ? 0 : 20000 + (int64_t)chance_below(chance, 2000);
    user->listed = chance_below(chance, 8) > 0;
}

static void write_user(struct arena *arena, struct chance *chance, struct buf *buf,
                       const struct model *user) {
    static const char *const gaps[] = {"", " ", "\n  ", "\t"};
    const char *gap = gaps[chance_below(chance, GB_COUNT(gaps))];
    char uuid[37];
    bool upper = chance_below(chance, 3) == 0;
    for (size_t i = 0; i < sizeof uuid; i++) {
        char c = user->uuid[i];
        uuid[i] = upper && c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c;
    }
    buf_printf(buf, "{%s\"comment\":\"\\\"}],\\\\\",%s\"current_usage_GB\":%s%" PRId64 ".0,", gap,
               gap, gap, user->used_gb);
    buf_printf(buf, "\"deleted\":%s,\"enable\":%s%s,\"top\":[[\"]\"],{}],\"package_days\":%" PRId64,
               user->listed ? "false" : "true", gap, user->enabled ? "true" : "false", user->days);
    struct str day = user->start_day == 0
                         ? STR("null")
                         : arena_printf(arena, "\"" STR_FMT "\"",
                                        STR_ARG(clock_show_date(arena, user->start_day)));
    buf_printf(buf, ",%s\"start_date\":" STR_FMT ",\"usage_limit_GB\":50,\"uuid\":\"%s\"%s}", gap,
               STR_ARG(day), uuid, gap);
}

static void lists_agree_with_a_naive_model(void **state) {
    struct chance chance = {41};
    struct arena *arena = *state;
    struct model users[60];
    for (int round = 0; round < 600; round++) {
        struct arena_mark mark = arena_mark(arena);
        struct buf buf;
        struct panel_listed user;
        size_t count = chance_below(&chance, GB_COUNT(users) + 1);
        buf_init(&buf, arena, 1024 * 1024);
        buf_add_text(&buf, "[");
        for (size_t i = 0; i < count; i++) {
            random_user(&chance, &users[i]);
            buf_add_text(&buf, i > 0 ? "," : "");
            write_user(arena, &chance, &buf, &users[i]);
        }
        buf_add_text(&buf, "]\n");
        struct answer answer = read_as(arena, "list", 200, buf_str(&buf));
        assert_answer(answer, ANSWER_DONE, "");
        qsort(users, count, sizeof users[0], by_uuid);
        struct panel_list list = panel_list_begin(answer.said);
        for (size_t i = 0; i < count; i++) {
            const struct model *model = &users[i];
            if (!model->listed) {
                continue;
            }
            int64_t midnight = (model->start_day + model->days + 1) * GB_DAY_MS;
            assert_int_equal(panel_list_next(&list, &user), GB_OK);
            assert_str(user.uuid, model->uuid);
            assert_int_equal(user.enabled, model->enabled);
            assert_int_equal(user.used_bytes, model->used_gb << 30);
            assert_int_equal(user.limit_bytes, INT64_C(50) << 30);
            assert_int_equal(user.expires_ms,
                             model->start_day == 0 ? 0 : midnight - 180 * GB_MINUTE_MS);
        }
        assert_int_equal(panel_list_next(&list, &user), GB_NOT_FOUND);
        arena_reset(arena, mark);
    }
}

static void mutated_lists_are_lists_or_unknown(void **state) {
    static const char pieces[] = "{}[]\",:0123456789-e.\\untrfals \xff\x01";
    struct chance chance = {42};
    struct arena *arena = *state;
    struct str whole = data_file(arena, "hiddify/users-list.json");
    size_t done = 0;
    for (int round = 0; round < 5000; round++) {
        struct arena_mark mark = arena_mark(arena);
        char *bytes = arena_take(arena, whole.n);
        memcpy(bytes, whole.p, whole.n);
        for (size_t i = 1 + chance_below(&chance, 3); i > 0; i--) {
            bytes[chance_below(&chance, whole.n)] =
                pieces[chance_below(&chance, sizeof pieces - 1)];
        }
        struct answer answer = read_as(arena, "list", 200, (struct str){bytes, whole.n});
        assert_true(answer.kind == ANSWER_DONE || answer.kind == ANSWER_UNKNOWN);
        if (answer.kind == ANSWER_DONE) {
            struct panel_list list = panel_list_begin(answer.said);
            struct panel_listed user;
            enum gb_err err;
            while ((err = panel_list_next(&list, &user)) == GB_OK) {
            }
            assert_int_equal(err, GB_NOT_FOUND);
            done++;
        }
        arena_reset(arena, mark);
    }
    assert_true(done > 500);
}

/* ---- the end of a package, there and back ---- */

static void what_ensure_writes_is_listed_as_agreeing(void **state) {
    struct chance chance = {43};
    static const int zones[] = {0, 180, 210, -720, 840, 345};
    for (int round = 0; round < 3000; round++) {
        struct arena_mark mark = arena_mark(*state);
        struct endpoint to = moscow;
        to.zone_offset_min = zones[chance_below(&chance, GB_COUNT(zones))];
        int64_t starts_ms = INT64_C(1795469400000) + (int64_t)chance_below(&chance, 1 << 30);
        struct panel_user user = {
            .uuid = STR(A),
            .name = STR("tg7"),
            .comment = STR("order 1"),
            .starts_ms = starts_ms,
            .expires_ms = starts_ms + 1 + (int64_t)(chance_u64(&chance) % (400 * GB_DAY_MS)),
            .enabled = true,
        };
        struct call call = {.kind = STR("ensure"), .body = panel_ensure_body(*state, &user)};
        struct http_request request;
        struct answer answer;
        struct panel_listed listed;
        assert_int_equal(hiddify_codec.build_request(&call, &to, *state, &request), GB_OK);
        /* The panel keeps what it was told. */
        struct str body = arena_printf(*state, "[" STR_FMT "]", STR_ARG(request.body));
        struct http_reply reply = {.outcome = HTTP_REPLIED, .status = 200, .body = body};
        call = (struct call){.kind = STR("list"), .body = STR("{}")};
        hiddify_codec.read_reply(&call, &to, &reply, *state, &answer);
        assert_answer(answer, ANSWER_DONE, "");
        struct panel_list list = panel_list_begin(answer.said);
        assert_int_equal(panel_list_next(&list, &listed), GB_OK);
        assert_true(panel_expiry_agrees(user.expires_ms, listed.expires_ms));
        assert_false(panel_expiry_agrees(user.expires_ms + GB_DAY_MS, listed.expires_ms));
        assert_false(panel_expiry_agrees(user.expires_ms - GB_DAY_MS, listed.expires_ms));
        assert_int_equal(listed.limit_bytes, 0);
        arena_reset(*state, mark);
    }
}

/* ---- status ---- */

static void status_says_what_the_panel_tells(void **state) {
    struct answer answer =
        read_as(*state, "status", 200, data_file(*state, "hiddify/server-status.json"));
    struct panel_status got;
    assert_answer(answer, ANSWER_DONE, "");
    assert_str(answer.said, "{\"users\":140,\"online\":9,\"cpu_percent\":3,\"memory_percent\":37,"
                            "\"disk_percent\":30,\"load\":\"0.21 0.18 0.15\"}");
    assert_int_equal(panel_status_said(*state, answer.said, &got), GB_OK);
    assert_int_equal(got.users, 140);
}

static void what_a_panel_does_not_tell_is_left_out(void **state) {
    static const struct {
        const char *body, *said;
    } cases[] = {
        {"{\"stats\":{},\"usage_history\":{}}", "{}"},
        {"{\"stats\":{\"system\":{\"cpu_percent\":1.0}},\"usage_history\":{\"total\":{\"online\":0,"
         "\"usage\":0,\"users\":6}}}",
         "{\"users\":6,\"cpu_percent\":1}"},
        {"{\"stats\":{\"system\":{\"cpu_percent\":\"x\",\"ram_used\":1,\"ram_total\":0,"
         "\"disk_used\":-1,\"disk_total\":1,\"load_avg_1min\":0.5}},\"usage_history\":{\"m5\":"
         "{\"online\":-3}}}",
         "{}"},
        {"{\"stats\":{\"system\":{\"cpu_percent\":400,\"ram_used\":1e999,\"ram_total\":1e999,"
         "\"load_avg_1min\":1e300,\"load_avg_5min\":1,\"load_avg_15min\":1}},\"usage_history\":{"
         "\"total\":{\"users\":1e300}}}",
         "{\"cpu_percent\":100,\"memory_percent\":100}"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct answer answer = read_as(*state, "status", 200, str_of(cases[i].body));
        struct panel_status got;
        assert_answer(answer, ANSWER_DONE, "");
        assert_str(answer.said, cases[i].said);
        assert_int_equal(panel_status_said(*state, answer.said, &got), GB_OK);
    }
    assert_answer(read_as(*state, "status", 200, STR("{\"stats\":{}}")), ANSWER_UNKNOWN, "");
    assert_answer(read_as(*state, "status", 200, STR("{\"usage_history\":{}}")), ANSWER_UNKNOWN,
                  "");
}

/* ---- as a panel 12.3.0 was seen to answer, and nothing else by accident ---- */

static void recorded_replies_are_read(void **state) {
    const struct json *tree;
    size_t lists = 0, states = 0;
    assert_int_equal(
        json_parse(*state, data_file(*state, "hiddify/verified-responses.json"), &tree, NULL),
        GB_OK);
    for (const struct json *c = json_first(json_at(tree, "cases")); c != NULL; c = json_next(c)) {
        struct str name = json_str_or(c, "case", STR_NONE);
        struct str body = json_str_or(c, "response.raw_body", STR_NONE);
        int status = (int)json_i64_or(c, "response.status", 0);
        bool is_list = str_is(name, "list") || str_is(name, "list-empty") ||
                       str_is(name, "list-empty-accept-any") || str_is(name, "agent-list-empty");
        /* Arrays of users, and of nothing: other routes answer with them, too. */
        bool is_alike = str_is(name, "v1-list") || str_is(name, "user-mtproxies-none");
        enum answer_kind listed = read_as(*state, "list", status, body).kind;
        enum answer_kind stated = read_as(*state, "status", status, body).kind;
        assert_int_equal(listed == ANSWER_DONE, is_list || is_alike);
        assert_int_equal(stated == ANSWER_DONE, str_is(name, "server-status"));
        lists += listed == ANSWER_DONE;
        states += stated == ANSWER_DONE;
    }
    assert_true(lists >= 2);
    assert_int_equal(states, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(list_and_status_are_one_call_each),
        TEST(recorded_users_are_listed_with_their_figures),
        TEST(only_the_panels_own_404_is_an_empty_list),
        TEST(failures_mean_what_they_mean_elsewhere),
        TEST(what_is_missing_or_null_is_nothing),
        TEST(days_of_any_number_end_somewhere),
        TEST(uuids_are_lower_case_and_in_order_and_each_once),
        TEST(removed_users_and_odd_uuids_are_left_out),
        TEST(texts_that_look_like_structure_are_passed_over),
        TEST(what_is_no_list_of_users_is_unknown),
        TEST(every_cut_of_a_list_is_unknown),
        TEST(a_list_that_does_not_fit_is_later),
        TEST(lists_agree_with_a_naive_model),
        TEST(mutated_lists_are_lists_or_unknown),
        TEST(what_ensure_writes_is_listed_as_agreeing),
        TEST(status_says_what_the_panel_tells),
        TEST(what_a_panel_does_not_tell_is_left_out),
        TEST(recorded_replies_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

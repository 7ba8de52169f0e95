/* Requests to a Hiddify panel byte for byte; each reply that was seen from one has its meaning. */
#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"
#include "common/data.h"
#include "panel/panel.h"

#define UUID  "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"
#define OTHER "5c1e8f70-93ab-4e2d-8b64-1f20c9d7aa02"
#define KEY   "11111111-1111-4111-8111-111111111111"

#define NIGHT_MS INT64_C(1795469400000) /* 2026-11-23T21:30Z: in Moscow the next day */

static const struct endpoint moscow = {
    .base_url = STR_INIT("https://panel.example.org/Qm3xTz9AdmPath7"),
    .secret = STR_INIT(KEY),
    .proxy = STR_INIT("http://127.0.0.1:3128"),
    .trust = {.pin_sha256 = STR_INIT("pin=")},
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

static struct panel_user anna(void) {
    return (struct panel_user){
        .uuid = STR(UUID),
        .name = STR("tg7-abc"),
        .starts_ms = NIGHT_MS,
        .expires_ms = NIGHT_MS + 30 * GB_DAY_MS,
        .traffic_gb = 50,
        .enabled = true,
        .comment = STR("order 1042"),
        .telegram_id = 700123456789,
    };
}

static struct call call_of(struct arena *arena, const char *kind) {
    struct call call = {.kind = str_of(kind), .key = STR("k1")};
    if (strncmp(kind, "ensure", 6) == 0) {
        struct panel_user user = anna();
        call.body = panel_ensure_body(arena, &user);
    } else if (strncmp(kind, "health", 6) == 0) {
        call.body = STR("{\"role\":\"super_admin\"}");
    } else {
        call.body = panel_uuid_body(arena, STR(UUID));
    }
    return call;
}

static struct answer read_as(struct arena *arena, const char *kind, int status, struct str body) {
    struct call call = call_of(arena, kind);
    struct http_reply reply = {.outcome = HTTP_REPLIED, .status = status, .body = body};
    struct answer answer;
    memset(&answer, 0xEE, sizeof answer); /* all of it must be written */
    hiddify_codec.read_reply(&call, &moscow, &reply, arena, &answer);
    assert_non_null(answer.reason);
    assert_true(answer.retry_after_ms >= 0);
    return answer;
}

static struct answer read_text(struct arena *arena, const char *kind, int status,
                               const char *body) {
    return read_as(arena, kind, status, str_of(body));
}

/* ---- requests ---- */

static struct http_request request_of(struct arena *arena, const char *kind) {
    struct call call = call_of(arena, kind);
    struct http_request request;
    assert_int_equal(hiddify_codec.build_request(&call, &moscow, arena, &request), GB_OK);
    return request;
}

static void every_step_asks_one_route_that_ends_in_a_slash(void **state) {
    static const struct {
        const char *kind;
        enum http_method method;
        const char *path;
        bool body;
    } cases[] = {
        {"ensure", HTTP_POST, "/api/v2/admin/user/", true},
        {"ensure/read", HTTP_GET, "/api/v2/admin/user/" UUID "/", false},
        {"ensure/update", HTTP_PATCH, "/api/v2/admin/user/" UUID "/", true},
        {"ensure/mend", HTTP_PATCH, "/api/v2/admin/user/" UUID "/", true},
        {"read", HTTP_GET, "/api/v2/admin/user/" UUID "/", false},
        {"remove", HTTP_DELETE, "/api/v2/admin/user/" UUID "/", false},
        {"health", HTTP_GET, "/api/v2/admin/me/", false},
        {"health/version", HTTP_GET, "/api/v2/panel/info/", false},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct http_request request = request_of(*state, cases[i].kind);
        assert_int_equal(request.method, cases[i].method);
        assert_true(str_starts(request.url, moscow.base_url));
        assert_str(str_sub(request.url, moscow.base_url.n, request.url.n), cases[i].path);
        assert_int_equal(request.body.n > 0, cases[i].body);
        assert_str(request.content_type, cases[i].body ? "application/json" : "");
        assert_int_equal(request.header_count, 3);
        assert_str(request.headers[0].name, "Hiddify-API-Key");
        assert_str(request.headers[0].value, KEY);
        assert_str(request.headers[1].name, "Accept");
        assert_str(request.headers[1].value, "application/json");
        assert_str(request.headers[2].name, "User-Agent");
        assert_str(request.headers[2].value, "hidclient/1.0");
        assert_str(request.proxy, "http://127.0.0.1:3128");
        assert_str(request.trust.pin_sha256, "pin=");
        assert_true(request.total_ms_max >= 60000);
    }
}

static void user_agent_is_no_robots(void **state) {
    struct str agent = request_of(*state, "read").headers[2].value;
    static const char *const words[] = {"bot",  "spider",   "crawl",  "yahoo",   "silk",
                                        "borg", "archiver", "python", "winhttp", "whatsapp"};
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        assert_int_equal(str_find_str(agent, str_of(words[i])), agent.n);
    }
}

#define TERMS                                                                                      \
    "\"name\":\"tg7-abc\",\"usage_limit_GB\":50,\"package_days\":30,"                              \
    "\"start_date\":\"2026-11-24\",\"enable\":true,\"comment\":\"order 1042\","                    \
    "\"telegram_id\":700123456789}"

static void create_and_update_send_absolute_values(void **state) {
    assert_str(request_of(*state, "ensure").body,
               "{\"uuid\":\"" UUID "\",\"mode\":\"no_reset\"," TERMS);
    assert_str(request_of(*state, "ensure/update").body, "{" TERMS);
    assert_str(request_of(*state, "ensure/mend").body, "{" TERMS);
}

static struct str body_for(struct arena *arena, const struct panel_user *user, int zone_min) {
    struct endpoint to = moscow;
    to.zone_offset_min = zone_min;
    struct call call = {.kind = STR("ensure/update"), .body = panel_ensure_body(arena, user)};
    struct http_request request;
    assert_int_equal(hiddify_codec.build_request(&call, &to, arena, &request), GB_OK);
    return request.body;
}

static void package_ends_on_the_day_that_holds_the_end(void **state) {
    static const struct {
        int64_t starts_ms, expires_ms;
        int zone_min;
        const char *start;
        int64_t days;
    } cases[] = {
        {NIGHT_MS, NIGHT_MS + 30 * GB_DAY_MS, 180, "2026-11-24", 30},
        {NIGHT_MS, NIGHT_MS + 30 * GB_DAY_MS, 0, "2026-11-23", 30},
        {NIGHT_MS, NIGHT_MS + 30 * GB_DAY_MS, -720, "2026-11-23", 30},
        {NIGHT_MS, NIGHT_MS + GB_HOUR_MS, 0, "2026-11-23", 0},
        {NIGHT_MS, NIGHT_MS + 3 * GB_HOUR_MS, 0, "2026-11-23", 1},
        {NIGHT_MS, NIGHT_MS + 365 * GB_DAY_MS, 210, "2026-11-24", 365},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct panel_user user = anna();
        user.starts_ms = cases[i].starts_ms;
        user.expires_ms = cases[i].expires_ms;
        struct str body = body_for(*state, &user, cases[i].zone_min);
        const struct json *tree;
        assert_int_equal(json_parse(*state, body, &tree, NULL), GB_OK);
        assert_str(json_str_or(tree, "start_date", STR_NONE), cases[i].start);
        assert_int_equal(json_i64_or(tree, "package_days", -1), cases[i].days);
    }
}

static void no_limit_is_a_million_and_never_zero(void **state) {
    struct panel_user user = anna();
    user.traffic_gb = 0;
    user.telegram_id = 0;
    user.enabled = false;
    assert_str(body_for(*state, &user, 180),
               "{\"name\":\"tg7-abc\",\"usage_limit_GB\":1000000,\"package_days\":30,"
               "\"start_date\":\"2026-11-24\",\"enable\":false,\"comment\":\"order 1042\"}");
}

static void repeat_builds_the_same_bytes(void **state) {
    assert_true(str_equal(request_of(*state, "ensure").body, request_of(*state, "ensure").body));
}

static enum gb_err build_raw(struct arena *arena, const char *kind, const char *body,
                             const struct endpoint *to) {
    struct call call = {.kind = str_of(kind), .body = str_of(body)};
    struct http_request request;
    return hiddify_codec.build_request(&call, to, arena, &request);
}

#define WISH(uuid, rest) "{\"uuid\":" uuid ",\"name\":\"n\",\"comment\":\"c\"," rest "}"
#define GOOD                                                                                       \
    "\"starts_ms\":1795469400000,\"expires_ms\":1798061400000,\"traffic_gb\":5,\"enabled\":true"

static void what_cannot_be_wished_is_invalid(void **state) {
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        WISH("\"0B6F9C2E-4D1A-4C57-9F0E-7A1D52C3E801\"", GOOD), /* would be replaced in silence */
        WISH("\"0b6f9c2e-4d1a-1c57-9f0e-7a1d52c3e801\"", GOOD),
        WISH("\"0b6f9c2e-4d1a-4c57-cf0e-7a1d52c3e801\"", GOOD),
        WISH("\"0b6f9c2e4d1a4c579f0e7a1d52c3e801\"", GOOD),
        WISH("\"0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e8/1\"", GOOD),
        WISH("7", GOOD),
        WISH("\"" UUID "\"", "\"expires_ms\":1798061400000,\"traffic_gb\":5,\"enabled\":true"),
        WISH("\"" UUID "\"", "\"starts_ms\":1798061400000,\"expires_ms\":1795469400000,"
                             "\"traffic_gb\":5,\"enabled\":true"),
        WISH("\"" UUID "\"", "\"starts_ms\":1,\"expires_ms\":9000000000000000,"
                             "\"traffic_gb\":5,\"enabled\":true"),
        WISH("\"" UUID "\"", "\"starts_ms\":1795469400000,\"expires_ms\":1798061400000,"
                             "\"traffic_gb\":-5,\"enabled\":true"),
        WISH("\"" UUID "\"", "\"starts_ms\":1795469400000,\"expires_ms\":1798061400000,"
                             "\"traffic_gb\":5,\"enabled\":\"yes\""),
    };
    assert_int_equal(build_raw(*state, "ensure", WISH("\"" UUID "\"", GOOD), &moscow), GB_OK);
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        assert_int_equal(build_raw(*state, "ensure", bodies[i], &moscow), GB_INVALID);
    }
    assert_int_equal(build_raw(*state, "read", "{\"uuid\":\"../../x\"}", &moscow), GB_INVALID);
    assert_int_equal(build_raw(*state, "lists", "{}", &moscow), GB_INVALID);
    struct endpoint to = moscow;
    to.secret = STR(KEY "\r\nX: y");
    assert_int_equal(build_raw(*state, "health", "{}", &to), GB_INVALID);
    to.secret = STR_NONE;
    assert_int_equal(build_raw(*state, "health", "{}", &to), GB_INVALID);
}

/* ---- replies ---- */

#define USER_WITH(uuid, limit, days, start, enable)                                                \
    "{\"uuid\":\"" uuid                                                                            \
    "\",\"name\":\"tg7-abc\",\"comment\":\"order 1042\",\"usage_limit_GB\":" limit                 \
    ",\"package_days\":" days ",\"start_date\":" start ",\"enable\":" enable                       \
    ",\"telegram_id\":700123456789,\"current_usage_GB\":0.0,\"ed25519_private_key\":\"SECRET\"}"
#define KEPT USER_WITH(UUID, "50.0", "30", "\"2026-11-24\"", "true")

static void assert_answer(struct answer answer, enum answer_kind kind, const char *reason) {
    if (answer.kind != kind || strcmp(answer.reason, reason) != 0) {
        fail_msg("%d \"%s\" is not %d \"%s\": " STR_FMT, (int)answer.kind, answer.reason, (int)kind,
                 reason, STR_ARG(answer.why));
    }
}

static void assert_more(struct arena *arena, struct answer answer, const char *kind) {
    assert_answer(answer, ANSWER_MORE, "");
    assert_str(answer.next.kind, kind);
    assert_str(answer.next.key, "k1");
    assert_true(str_equal(answer.next.body, call_of(arena, "ensure").body));
}

static void created_user_that_has_all_is_done(void **state) {
    struct answer answer = read_text(*state, "ensure", 200, KEPT);
    assert_answer(answer, ANSWER_DONE, "");
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":true}");
    answer = read_text(*state, "ensure/mend", 200, KEPT);
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":true}");
    answer = read_text(*state, "ensure/read", 200, KEPT);
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":false}");
    answer = read_text(*state, "ensure/update", 200, KEPT);
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":false}");
}

static void user_that_lacks_something_is_never_done(void **state) {
    static const struct {
        const char *user, *missing;
    } cases[] = {
        {USER_WITH(UUID, "49.99", "30", "\"2026-11-24\"", "true"), "usage_limit_GB"},
        {USER_WITH(UUID, "51", "30", "\"2026-11-24\"", "true"), "usage_limit_GB"},
        {USER_WITH(UUID, "0", "30", "\"2026-11-24\"", "true"), "usage_limit_GB"},
        {USER_WITH(UUID, "null", "30", "\"2026-11-24\"", "true"), "usage_limit_GB"},
        {USER_WITH(UUID, "50", "29", "\"2026-11-24\"", "true"), "package_days"},
        {USER_WITH(UUID, "50", "\"30\"", "\"2026-11-24\"", "true"), "package_days"},
        {USER_WITH(UUID, "50", "30", "null", "true"), "start_date"},
        {USER_WITH(UUID, "50", "30", "\"2026-11-23\"", "true"), "start_date"},
        {USER_WITH(UUID, "50", "30", "\"2026-11-24\"", "false"), "enable"},
        {USER_WITH(UUID, "50", "30", "\"2026-11-24\"", "null"), "enable"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        assert_more(*state, read_text(*state, "ensure", 200, cases[i].user), "ensure/mend");
        assert_more(*state, read_text(*state, "ensure/read", 200, cases[i].user), "ensure/update");
        struct answer answer = read_text(*state, "ensure/update", 200, cases[i].user);
        assert_answer(answer, ANSWER_REFUSED, "not_kept");
        assert_true(str_find_str(answer.why, str_of(cases[i].missing)) < answer.why.n);
        assert_answer(read_text(*state, "ensure/mend", 200, cases[i].user), ANSWER_REFUSED,
                      "not_kept");
    }
}

static void bytes_lost_in_rounding_do_not_matter(void **state) {
    assert_answer(read_text(*state, "ensure", 200,
                            USER_WITH(UUID, "50.0000000009", "30", "\"2026-11-24\"", "true")),
                  ANSWER_DONE, "");
}

static void replaced_uuid_is_no_success(void **state) {
    struct answer answer =
        read_text(*state, "ensure", 200, USER_WITH(OTHER, "50", "30", "\"2026-11-24\"", "true"));
    assert_answer(answer, ANSWER_REFUSED, "not_kept");
    static const char *const later[] = {"ensure/read", "ensure/update", "ensure/mend", "read"};
    for (size_t i = 0; i < GB_COUNT(later); i++) {
        assert_answer(read_text(*state, later[i], 200,
                                USER_WITH(OTHER, "50", "30", "\"2026-11-24\"", "true")),
                      ANSWER_UNKNOWN, "");
    }
}

static void foreign_user_of_our_uuid_is_refused(void **state) {
    assert_answer(read_text(*state, "ensure/read", 200,
                            "{\"uuid\":\"" UUID "\",\"name\":\"Bob\",\"comment\":\"order 7\","
                            "\"usage_limit_GB\":50,\"package_days\":30,\"start_date\":"
                            "\"2026-11-24\",\"enable\":true}"),
                  ANSWER_REFUSED, "foreign_user");
    /* Renamed, or with another comment, it is still ours and is put right. */
    assert_more(*state,
                read_text(*state, "ensure/read", 200,
                          "{\"uuid\":\"" UUID "\",\"name\":\"Bob\",\"comment\":\"order 1042\","
                          "\"usage_limit_GB\":50,\"package_days\":30,\"start_date\":"
                          "\"2026-11-24\",\"enable\":true,\"telegram_id\":700123456789}"),
                "ensure/update");
    assert_more(*state,
                read_text(*state, "ensure/read", 200,
                          "{\"uuid\":\"" UUID "\",\"name\":\"tg7-abc\",\"comment\":\"\","
                          "\"usage_limit_GB\":50,\"package_days\":30,\"start_date\":"
                          "\"2026-11-24\",\"enable\":true,\"telegram_id\":null}"),
                "ensure/update");
}

static void user_that_vanishes_on_the_way_starts_again(void **state) {
    static const char *const steps[] = {"ensure/read", "ensure/update", "ensure/mend"};
    for (size_t i = 0; i < GB_COUNT(steps); i++) {
        struct answer answer =
            read_text(*state, steps[i], 404, "{\"detail\":{},\"message\":\"User not found\"}");
        assert_answer(answer, ANSWER_LATER, "");
        assert_false(answer.lane_wide);
    }
}

static void removing_what_is_not_there_is_done(void **state) {
    assert_answer(read_text(*state, "remove", 200, "{\"msg\":\"ok\",\"status\":200}\n"),
                  ANSWER_DONE, "");
    assert_answer(
        read_text(*state, "remove", 404, "{\"detail\":{},\"message\":\"user not found\"}\n"),
        ANSWER_DONE, "");
    /* Some other 404 says nothing about the user. */
    assert_answer(
        read_as(*state, "remove", 404, data_file(*state, "hiddify/error-404-route-v13.json")),
        ANSWER_LATER, "setup");
    assert_answer(read_text(*state, "remove", 404, "<html>404</html>"), ANSWER_UNKNOWN, "");
    assert_answer(read_text(*state, "remove", 200, "{}"), ANSWER_UNKNOWN, "");
}

#define STATE_WITH(used, limit, online)                                                            \
    "{\"uuid\":\"" UUID "\",\"current_usage_GB\":" used ",\"usage_limit_GB\":" limit               \
    ",\"last_online\":" online ",\"enable\":true}"

static void read_gives_bytes_and_instants(void **state) {
    static const struct {
        const char *user, *said;
    } cases[] = {
        {STATE_WITH("11.380859375", "50.0", "\"2026-11-23 05:58:12\""),
         "{\"used_bytes\":12220104704,\"limit_bytes\":53687091200,\"last_seen_ms\":1795402692000,"
         "\"enabled\":true}"},
        {STATE_WITH("0", "1000000", "\"0001-01-01 00:00:00\""),
         "{\"used_bytes\":0,\"limit_bytes\":0,\"last_seen_ms\":0,\"enabled\":true}"},
        {STATE_WITH("0", "0", "\"1-01-01 00:00:00\""),
         "{\"used_bytes\":0,\"limit_bytes\":1,\"last_seen_ms\":0,\"enabled\":true}"},
        {STATE_WITH("-1", "-5", "null"),
         "{\"used_bytes\":0,\"limit_bytes\":1,\"last_seen_ms\":0,\"enabled\":true}"},
        {STATE_WITH("1e300", "1", "\"2026-11-23 25:00:00\""),
         "{\"used_bytes\":0,\"limit_bytes\":1073741824,\"last_seen_ms\":0,\"enabled\":true}"},
        {STATE_WITH("0", "1", "\"2026-02-30 00:00:00\""),
         "{\"used_bytes\":0,\"limit_bytes\":1073741824,\"last_seen_ms\":0,\"enabled\":true}"},
        {STATE_WITH("0", "1", "\"2026-11-23T00:00:00\""),
         "{\"used_bytes\":0,\"limit_bytes\":1073741824,\"last_seen_ms\":0,\"enabled\":true}"},
        {STATE_WITH("0", "1", "\"2026-11-23 00:0x:00\""),
         "{\"used_bytes\":0,\"limit_bytes\":1073741824,\"last_seen_ms\":0,\"enabled\":true}"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct answer answer = read_text(*state, "read", 200, cases[i].user);
        struct panel_state got;
        assert_answer(answer, ANSWER_DONE, "");
        assert_str(answer.said, cases[i].said);
        assert_int_equal(panel_read_said(*state, answer.said, &got), GB_OK);
    }
}

static void health_is_asked_of_the_key_first(void **state) {
    struct call call = {.kind = STR("health"), .body = STR("{}")};
    struct endpoint owner = moscow;
    struct answer answer;
    struct http_reply reply = {
        .outcome = HTTP_REPLIED, .status = 200, .body = data_file(*state, "hiddify/admin-me.json")};
    owner.secret = STR("4b1f0d7c-9e35-4a86-b2c1-6f0d8e73a519");
    hiddify_codec.read_reply(&call, &owner, &reply, *state, &answer);
    assert_int_equal(answer.kind, ANSWER_MORE);
    assert_str(answer.next.kind, "health/version");
    reply.body = data_file(*state, "hiddify/panel-info.json");
    hiddify_codec.read_reply(&answer.next, &owner, &reply, *state, &answer);
    assert_answer(answer, ANSWER_DONE, "");
    assert_str(answer.said, "{\"version\":\"12.3.0\",\"role\":\"super_admin\"}");
    /* An answer about another account, or of the ping route, is no proof. */
    assert_answer(read_as(*state, "health", 200, data_file(*state, "hiddify/admin-me.json")),
                  ANSWER_UNKNOWN, "");
    assert_answer(
        read_as(*state, "health/version", 200, data_file(*state, "hiddify/panel-ping.json")),
        ANSWER_UNKNOWN, "");
}

/* ---- failures, as they were seen ---- */

static void every_known_failure_has_its_meaning(void **state) {
    static const struct {
        const char *file;
        int status;
        const char *kind;
        enum answer_kind answer;
        const char *reason;
    } cases[] = {
        {"error-400-bot-user-agent-accept-any.json", 400, "ensure", ANSWER_LATER, "setup"},
        {"error-400-bot-user-agent.json", 400, "ensure", ANSWER_LATER, "setup"},
        {"error-400-exists-accept-any.json", 400, "ensure", ANSWER_MORE, ""},
        {"error-400-exists.json", 400, "ensure", ANSWER_MORE, ""},
        {"error-400-exists.json", 400, "ensure/update", ANSWER_REFUSED, "invalid"},
        {"error-400-user-limit-accept-any.json", 400, "ensure", ANSWER_REFUSED, "full"},
        {"error-400-user-limit.json", 400, "ensure", ANSWER_REFUSED, "full"},
        {"error-400-wrong-path-accept-any.json", 400, "ensure", ANSWER_LATER, "setup"},
        {"error-400-wrong-path.json", 400, "read", ANSWER_LATER, "setup"},
        {"error-401.json", 401, "read", ANSWER_LATER, "forbidden"},
        {"error-403-accept-any.json", 403, "ensure", ANSWER_LATER, "forbidden"},
        {"error-403.json", 403, "health", ANSWER_LATER, "forbidden"},
        {"error-403-foreign-user-accept-any.json", 403, "ensure/read", ANSWER_REFUSED,
         "foreign_user"},
        {"error-403-foreign-user.json", 403, "ensure/update", ANSWER_REFUSED, "foreign_user"},
        {"error-404-accept-any.json", 404, "read", ANSWER_REFUSED, "gone"},
        {"error-404.json", 404, "read", ANSWER_REFUSED, "gone"},
        {"error-404-empty-list.json", 404, "read", ANSWER_LATER, "setup"},
        {"error-404-empty-list-accept-any.json", 404, "ensure/read", ANSWER_LATER, "setup"},
        {"error-404-mtproxy-off.json", 404, "read", ANSWER_LATER, "setup"},
        {"error-404-mtproxy-off-accept-any.json", 404, "read", ANSWER_LATER, "setup"},
        {"error-404-route-v13.json", 404, "ensure/read", ANSWER_LATER, "setup"},
        {"error-422-accept-any.json", 422, "ensure", ANSWER_REFUSED, "invalid"},
        {"error-422-unknown-field.json", 422, "ensure/update", ANSWER_REFUSED, "invalid"},
        {"error-422-v13.json", 422, "ensure", ANSWER_REFUSED, "invalid"},
        {"error-422.json", 422, "ensure", ANSWER_REFUSED, "invalid"},
        {"error-500-bad-json.json", 500, "ensure", ANSWER_REFUSED, "invalid"},
        {"error-500-integrity.json", 500, "ensure", ANSWER_UNKNOWN, ""},
        {"error-500-method.json", 500, "ensure/update", ANSWER_LATER, "setup"},
        {"error-500-route.json", 500, "read", ANSWER_LATER, "setup"},
        {"error-500-v10.30-list.json", 500, "read", ANSWER_UNKNOWN, ""},
        {"error-503-haproxy.html", 503, "ensure", ANSWER_UNKNOWN, ""},
        {"error-504-haproxy.html", 504, "ensure/update", ANSWER_UNKNOWN, ""},
        {"error-decoy.html", 200, "ensure", ANSWER_UNKNOWN, ""},
        {"error-decoy.html", 200, "ensure/read", ANSWER_UNKNOWN, ""},
        {"error-decoy.html", 200, "remove", ANSWER_UNKNOWN, ""},
        {"error-decoy.html", 200, "health", ANSWER_UNKNOWN, ""},
        {"error-decoy.html", 404, "remove", ANSWER_UNKNOWN, ""},
        {"error-decoy.html", 403, "read", ANSWER_UNKNOWN, ""},
        {"users-list.json", 200, "read", ANSWER_UNKNOWN, ""},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct str name = arena_printf(*state, "hiddify/%s", cases[i].file);
        struct answer answer =
            read_as(*state, cases[i].kind, cases[i].status, data_file(*state, name.p));
        assert_answer(answer, cases[i].answer, cases[i].reason);
        bool waits = answer.kind == ANSWER_LATER;
        assert_int_equal(answer.lane_wide, waits);
        assert_true(waits ? answer.retry_after_ms > 0 : answer.retry_after_ms == 0);
    }
}

static void server_away_is_unknown_and_flood_is_later(void **state) {
    static const int away[] = {500, 502, 503, 504, 520, 522, 524, 308, 302, 204, 100, 0};
    for (size_t i = 0; i < GB_COUNT(away); i++) {
        assert_answer(read_text(*state, "ensure", away[i], ""), ANSWER_UNKNOWN, "");
        assert_answer(read_text(*state, "ensure", away[i], "{\"message\":\"?\"}"), ANSWER_UNKNOWN,
                      "");
    }
    struct call call = call_of(*state, "ensure");
    struct answer answer;
    struct http_reply reply = {
        .outcome = HTTP_REPLIED, .status = 429, .retry_after_s = 20, .body = STR("slow down")};
    hiddify_codec.read_reply(&call, &moscow, &reply, *state, &answer);
    assert_answer(answer, ANSWER_LATER, "");
    assert_int_equal(answer.retry_after_ms, 20000);
}

static void no_reply_is_later_when_nothing_left_and_else_unknown(void **state) {
    struct call call = call_of(*state, "ensure");
    struct answer answer;
    struct http_reply reply = {.outcome = HTTP_NOT_SENT, .fault = "connect failed"};
    hiddify_codec.read_reply(&call, &moscow, &reply, *state, &answer);
    assert_answer(answer, ANSWER_LATER, "");
    assert_true(answer.lane_wide);
    reply = (struct http_reply){.outcome = HTTP_UNKNOWN, .fault = "time-out"};
    hiddify_codec.read_reply(&call, &moscow, &reply, *state, &answer);
    assert_answer(answer, ANSWER_UNKNOWN, "");
}

/* ---- replies recorded from a panel ---- */

struct recorded {
    const char *name, *kind;
    enum answer_kind answer;
    const char *reason;
};

static const struct recorded recorded_cases[] = {
    {"list-empty", "read", ANSWER_LATER, "setup"},
    {"no-key", "ensure", ANSWER_LATER, "forbidden"},
    {"no-key-accept-any", "ensure", ANSWER_LATER, "forbidden"},
    {"bad-key", "read", ANSWER_LATER, "forbidden"},
    {"wrong-proxy-path", "ensure", ANSWER_LATER, "setup"},
    {"client-path-for-admin-api", "ensure", ANSWER_LATER, "setup"},
    {"user-agent-with-bot", "health", ANSWER_LATER, "setup"},
    {"no-trailing-slash", "ensure", ANSWER_UNKNOWN, ""},
    {"unknown-route", "read", ANSWER_LATER, "setup"},
    {"put-not-allowed", "ensure", ANSWER_LATER, "setup"},
    {"path-not-uuid", "read", ANSWER_LATER, "setup"},
    {"create-missing-name", "ensure", ANSWER_REFUSED, "invalid"},
    {"create-missing-name-accept-any", "ensure", ANSWER_REFUSED, "invalid"},
    {"create-bad-types", "ensure", ANSWER_REFUSED, "invalid"},
    {"create-malformed-json", "ensure", ANSWER_REFUSED, "invalid"},
    {"create-form-encoded", "ensure", ANSWER_REFUSED, "invalid"},
    {"create-array", "ensure", ANSWER_REFUSED, "invalid"},
    {"create", "ensure", ANSWER_MORE, ""}, /* made without a start_date */
    {"create-duplicate", "ensure", ANSWER_MORE, ""},
    {"create-duplicate-accept-any", "ensure", ANSWER_MORE, ""},
    {"create-uppercase-uuid", "ensure", ANSWER_REFUSED, "not_kept"},
    {"create-uuid-v1", "ensure", ANSWER_REFUSED, "not_kept"},
    {"get", "ensure/read", ANSWER_MORE, ""},
    {"get", "read", ANSWER_DONE, ""},
    {"get-missing", "ensure/read", ANSWER_LATER, ""},
    {"get-missing-accept-any", "read", ANSWER_REFUSED, "gone"},
    {"list", "read", ANSWER_UNKNOWN, ""},
    {"patch-start-date-only", "ensure/update", ANSWER_REFUSED, "not_kept"},
    {"patch-unknown-field", "ensure/update", ANSWER_REFUSED, "invalid"},
    {"patch-missing", "ensure/update", ANSWER_LATER, ""},
    {"agent-get-foreign", "ensure/read", ANSWER_REFUSED, "foreign_user"},
    {"delete", "remove", ANSWER_DONE, ""},
    {"delete-again", "remove", ANSWER_DONE, ""},
    {"get-deleted", "read", ANSWER_REFUSED, "gone"},
    {"admin-me", "health", ANSWER_MORE, ""},
    {"panel-info", "health/version", ANSWER_DONE, ""},
    {"panel-info-no-key", "health", ANSWER_UNKNOWN, ""},
    {"panel-info-bad-key", "health/version", ANSWER_LATER, "forbidden"},
    {"v1-get-missing", "read", ANSWER_UNKNOWN, ""},
    {"update-user-usage", "read", ANSWER_UNKNOWN, ""},
};

static const struct json *recorded_file(struct arena *arena) {
    const struct json *tree;
    assert_int_equal(
        json_parse(arena, data_file(arena, "hiddify/verified-responses.json"), &tree, NULL), GB_OK);
    return json_at(tree, "cases");
}

static struct answer read_recorded(struct arena *arena, const struct json *recorded,
                                   const char *kind) {
    return read_as(arena, kind, (int)json_i64_or(recorded, "response.status", 0),
                   json_str_or(recorded, "response.raw_body", STR_NONE));
}

static void recorded_replies_have_their_meaning(void **state) {
    size_t found = 0;
    for (const struct json *c = json_first(recorded_file(*state)); c != NULL; c = json_next(c)) {
        struct str name = json_str_or(c, "case", STR_NONE);
        for (size_t i = 0; i < GB_COUNT(recorded_cases); i++) {
            const struct recorded *expected = &recorded_cases[i];
            if (str_is(name, expected->name)) {
                struct answer answer = read_recorded(*state, c, expected->kind);
                if (answer.kind != expected->answer) {
                    print_error("%s as %s\n", expected->name, expected->kind);
                }
                assert_answer(answer, expected->answer, expected->reason);
                found++;
            }
        }
    }
    assert_int_equal(found, GB_COUNT(recorded_cases));
}

/* None of them holds what was wished for: only reading, removing and asking can be done. */
static void recorded_replies_are_never_done_by_accident(void **state) {
    static const char *const kinds[] = {"ensure", "ensure/read", "ensure/update", "ensure/mend",
                                        "read",   "remove",      "health",        "health/version"};
    size_t count = 0;
    for (const struct json *c = json_first(recorded_file(*state)); c != NULL; c = json_next(c)) {
        for (size_t i = 0; i < GB_COUNT(kinds); i++) {
            struct answer answer = read_recorded(*state, c, kinds[i]);
            assert_true(i >= 4 || answer.kind != ANSWER_DONE);
            assert_true(i != 6 || answer.kind != ANSWER_DONE);
        }
        count++;
    }
    assert_int_equal(count, 83);
}

/* The reply of a PATCH that was seen to take both dates. */
static void recorded_update_that_was_kept_is_done(void **state) {
    struct panel_user user = anna();
    struct endpoint utc = moscow;
    utc.zone_offset_min = 0;
    user.starts_ms = INT64_C(1795132800000); /* 2026-11-20T00:00Z */
    user.expires_ms = user.starts_ms + 40 * GB_DAY_MS;
    user.traffic_gb = 30;
    struct call call = {.kind = STR("ensure/update"), .body = panel_ensure_body(*state, &user)};
    for (const struct json *c = json_first(recorded_file(*state)); c != NULL; c = json_next(c)) {
        if (str_is(json_str_or(c, "case", STR_NONE), "patch-days-and-start")) {
            struct answer answer;
            struct http_reply reply = {.outcome = HTTP_REPLIED,
                                       .status = 200,
                                       .body = json_str_or(c, "response.raw_body", STR_NONE)};
            hiddify_codec.read_reply(&call, &utc, &reply, *state, &answer);
            assert_answer(answer, ANSWER_DONE, "");
            return;
        }
    }
    fail_msg("it is not there");
}

static void versions_before_and_after_read_alike(void **state) {
    static const char *const files[] = {"hiddify/user-object.json", "hiddify/user-object-v13.json",
                                        "hiddify/user-object.wire.json"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        struct answer answer = read_as(*state, "read", 200, data_file(*state, files[i]));
        assert_answer(answer, ANSWER_DONE, "");
        assert_str(answer.said, "{\"used_bytes\":0,\"limit_bytes\":32212254720,\"last_seen_ms\":0,"
                                "\"enabled\":true}");
    }
}

/* ---- what is written, and anything at all ---- */

static void why_holds_neither_keys_nor_sql(void **state) {
    static const char *const kinds[] = {"ensure", "ensure/read", "ensure/update",
                                        "read",   "remove",      "health"};
    static const char *const bodies[] = {
        USER_WITH(OTHER, "50", "30", "\"2026-11-24\"", "true"),
        USER_WITH(UUID, "51", "30", "\"2026-11-24\"", "true"),
        "{\"message\":\"" KEY " SECRET is wrong\"}",
    };
    struct str sql = data_file(*state, "hiddify/error-500-integrity.json");
    for (size_t i = 0; i < GB_COUNT(kinds); i++) {
        struct str why = read_as(*state, kinds[i], 500, sql).why;
        assert_str(why, "HTTP 500");
        for (size_t j = 0; j < GB_COUNT(bodies); j++) {
            static const int statuses[] = {200, 400, 403, 404, 500};
            for (size_t k = 0; k < GB_COUNT(statuses); k++) {
                why = read_text(*state, kinds[i], statuses[k], bodies[j]).why;
                assert_true(str_find_str(why, STR(KEY)) == why.n);
                assert_true(j == 2 || str_find_str(why, STR("SECRET")) == why.n);
            }
        }
    }
}

static void mutated_replies_are_never_done_by_accident(void **state) {
    static const char *const kinds[] = {"ensure", "ensure/read", "ensure/update", "ensure/mend"};
    static const char pieces[] = "{}[]\",:0123456789-e.\\untrfals \xff\x01";
    struct chance chance = {23};
    struct arena *arena = *state;
    size_t done = 0;
    for (int round = 0; round < 30000; round++) {
        struct arena_mark mark = arena_mark(arena);
        size_t n = sizeof KEPT - 1;
        char *bytes = arena_take(arena, n);
        memcpy(bytes, KEPT, n);
        for (size_t i = 1 + chance_below(&chance, 3); i > 0; i--) {
            bytes[chance_below(&chance, n)] = pieces[chance_below(&chance, sizeof pieces - 1)];
        }
        n = chance_below(&chance, 4) == 0 ? chance_below(&chance, n) : n;
        struct str body = {bytes, n};
        if (read_as(arena, kinds[chance_below(&chance, GB_COUNT(kinds))], 200, body).kind ==
            ANSWER_DONE) {
            static const char *const must[] = {"\"" UUID "\"", "\"package_days\":30",
                                               "\"start_date\":\"2026-11-24\"", "\"enable\":true"};
            for (size_t i = 0; i < GB_COUNT(must); i++) {
                assert_true(str_find_str(body, str_of(must[i])) < body.n);
            }
            done++;
        }
        arena_reset(arena, mark);
    }
    assert_true(done > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_step_asks_one_route_that_ends_in_a_slash),
        TEST(user_agent_is_no_robots),
        TEST(create_and_update_send_absolute_values),
        TEST(package_ends_on_the_day_that_holds_the_end),
        TEST(no_limit_is_a_million_and_never_zero),
        TEST(repeat_builds_the_same_bytes),
        TEST(what_cannot_be_wished_is_invalid),
        TEST(created_user_that_has_all_is_done),
        TEST(user_that_lacks_something_is_never_done),
        TEST(bytes_lost_in_rounding_do_not_matter),
        TEST(replaced_uuid_is_no_success),
        TEST(foreign_user_of_our_uuid_is_refused),
        TEST(user_that_vanishes_on_the_way_starts_again),
        TEST(removing_what_is_not_there_is_done),
        TEST(read_gives_bytes_and_instants),
        TEST(health_is_asked_of_the_key_first),
        TEST(every_known_failure_has_its_meaning),
        TEST(server_away_is_unknown_and_flood_is_later),
        TEST(no_reply_is_later_when_nothing_left_and_else_unknown),
        TEST(recorded_replies_have_their_meaning),
        TEST(recorded_replies_are_never_done_by_accident),
        TEST(recorded_update_that_was_kept_is_done),
        TEST(versions_before_and_after_read_alike),
        TEST(why_holds_neither_keys_nor_sql),
        TEST(mutated_replies_are_never_done_by_accident),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

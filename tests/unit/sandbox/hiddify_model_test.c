/* hiddify_model_test.c: the panel's answers, byte for byte as the real one (12.3.0) gave them. */
#include "common/data.h"
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ADMIN  "/Qm3xTz9AdmPath7"
#define CLIENT "/u8KdLw2CliPath5"
#define OWNER  "11111111-1111-4111-8111-111111111111"
#define UUID   "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"
#define OTHER  "99999999-9999-4999-8999-999999999999"
#define ONE    "api/v2/admin/user/" UUID "/"
/* Keys are random on a panel; given ones make the answers comparable. */
#define KEYS                                                                                       \
    "\"ed25519_private_key\":\"priv\",\"ed25519_public_key\":\"pub\",\"wg_pk\":\"pk\",\"wg_psk\":" \
    "\"psk\",\"wg_pub\":\"pub\""
#define CREATE                                                                                     \
    "{\"uuid\":\"" UUID "\",\"name\":\"\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85 \xf0\x9f\x9a\x80\","       \
    "\"usage_limit_GB\":30,\"package_days\":30,\"mode\":\"no_reset\",\"start_date\":null,"         \
    "\"comment\":\"order "                                                                         \
    "1042\",\"telegram_id\":700123456789,\"lang\":\"ru\",\"enable\":true," KEYS "}"
#define CREATED(active, days, enable, start, telegram, limit)                                      \
    "{\"added_by_uuid\":\"" OWNER "\",\"comment\":\"order 1042\",\"current_usage_GB\":0.0,"        \
    "\"ed25519_private_key\":\"priv\",\"ed25519_public_key\":\"pub\",\"enable\":" enable           \
    ",\"id\":1,\"is_active\":" active ",\"lang\":\"ru\",\"last_online\":\"0001-01-01 00:00:00\","  \
    "\"last_reset_time\":\"2026-11-23 00:00:00\",\"mode\":\"no_reset\",\"name\":"                  \
    "\"\\u0633\\u0644\\u0627\\u0645 \\ud83d\\ude80\",\"package_days\":" days                       \
    ",\"start_date\":" start ",\"telegram_id\":" telegram ",\"usage_limit_GB\":" limit             \
    ",\"uuid\":\"" UUID "\",\"wg_pk\":\"pk\",\"wg_psk\":\"psk\",\"wg_pub\":\"pub\"}\n"
#define FRESH CREATED("true", "30", "true", "null", "700123456789", "30.0")

static const struct play_headers any = {OWNER, "*/*", "hidclient/1.0"};
static const struct play_headers no_key = {NULL, "application/json", "hidclient/1.0"};
static const struct play_headers bad_key = {OTHER, "application/json", "hidclient/1.0"};
static const struct play_headers robot = {OWNER, "application/json", "my-vpn-Bot/1.0"};
static const struct play_headers owner = {OWNER, "application/json", "hidclient/1.0"};

static void expect(struct play *play, int status, struct str body, const char *expected) {
    assert_str(body, expected);
    assert_int_equal(play->response.status, status);
}

static void create_one(struct play *play) {
    expect(play, 200, play_panel(play, "POST", "api/v2/admin/user/", CREATE), FRESH);
}

static void an_empty_list_is_404(void **state) {
    struct play *play = *state;
    expect(play, 404, play_panel(play, "GET", "api/v2/admin/user/", NULL),
           "{\"detail\":{},\"message\":\"You have no user\"}\n");
    expect(play, 404, play_panel_as(play, &any, "GET", ADMIN "/api/v2/admin/user/", NULL),
           "{\"msg\":\"You have no user\"}\n");
}

static void keys_paths_and_agents_are_checked(void **state) {
    struct play *play = *state;
    static const char list[] = ADMIN "/api/v2/admin/user/";
    static const char unathorized[] = "{\"detail\":{},\"message\":\"Unathorized\"}\n";
    static const char invalid[] = "{\"detail\":{},\"message\":\"invalid request\"}\n";
    expect(play, 403, play_panel_as(play, &no_key, "GET", list, NULL), unathorized);
    expect(play, 403, play_panel_as(play, &bad_key, "GET", list, NULL), unathorized);
    expect(play, 400, play_panel_as(play, &owner, "GET", CLIENT "/api/v2/admin/user/", NULL),
           invalid);
    expect(play, 400, play_panel_as(play, &owner, "GET", ADMIN "/api/v2/user/me/", NULL), invalid);
    expect(play, 400, play_panel_as(play, &robot, "GET", ADMIN "/api/v2/admin/me/", NULL),
           "{\"detail\":{},\"message\":\"invalid\"}\n");
    (void)play_panel_as(play, &owner, "GET", "/nope/api/v2/admin/user/", NULL);
    assert_int_equal(play->response.status, 200);
    assert_str(play->response.content_type, "text/html");
}

static void info_is_open_without_a_key_but_not_with_a_bad_one(void **state) {
    struct play *play = *state;
    expect(play, 200, play_panel_as(play, &no_key, "GET", ADMIN "/api/v2/panel/info/", NULL),
           "{\"version\":\"12.3.0\"}\n");
    expect(play, 403, play_panel_as(play, &bad_key, "GET", ADMIN "/api/v2/panel/info/", NULL),
           "{\"detail\":{},\"message\":\"Unathorized\"}\n");
    expect(play, 200, play_panel(play, "GET", "api/v2/panel/ping/", NULL),
           "{\"msg\":\"GET: PONG\"}\n");
    expect(play, 200, play_panel(play, "GET", "api/v2/admin/me/", NULL),
           "{\"can_add_admin\":false,\"comment\":\"\",\"lang\":\"en\",\"mode\":\"super_admin\","
           "\"name\":\"Owner\",\"parent_admin_uuid\":\"" OWNER
           "\",\"telegram_id\":0,\"uuid\":\"" OWNER "\"}\n");
}

static void routes_fail_as_the_panel_fails(void **state) {
    struct play *play = *state;
    static const char not_found[] =
        "{\"msg\":\"404 Not Found: The requested URL was not found on the server. If you entered "
        "the URL manually please check your spelling and try again.\"}\n";
    (void)play_panel(play, "POST", "api/v2/admin/user", "{\"name\":\"x\"}");
    assert_int_equal(play->response.status, 308);
    assert_str(play_header(play, "Location"),
               "http://panel.example.org" ADMIN "/api/v2/admin/user/");
    expect(play, 500, play_panel(play, "GET", "api/v2/admin/nope/", NULL), not_found);
    expect(play, 500, play_panel(play, "GET", "api/v2/admin/user/not-a-uuid/", NULL), not_found);
    expect(play, 500, play_panel(play, "PUT", "api/v2/admin/user/", "{\"name\":\"x\"}"),
           "{\"msg\":\"405 Method Not Allowed: The method is not allowed for the requested "
           "URL.\"}\n");
}

static void bodies_are_checked_field_by_field(void **state) {
    struct play *play = *state;
    static const char list[] = "api/v2/admin/user/";
    expect(play, 422, play_panel(play, "POST", list, "{}"),
           "{\"detail\":{\"json\":{\"name\":[\"Missing data for required field.\"]}},"
           "\"message\":\"Validation error\"}\n");
    expect(play, 422, play_panel_as(play, &any, "POST", ADMIN "/api/v2/admin/user/", "{}"),
           "{\"msg\":\"Validation error\"}\n");
    expect(play, 422, play_panel(play, "POST", list, NULL),
           "{\"detail\":{\"json\":{\"name\":[\"Missing data for required field.\"]}},"
           "\"message\":\"Validation error\"}\n");
    expect(play, 422, play_panel(play, "POST", list, "[1]"),
           "{\"detail\":{\"json\":{\"_schema\":[\"Invalid input type.\"]}},"
           "\"message\":\"Validation error\"}\n");
    expect(play, 500, play_panel(play, "POST", list, "{bad"),
           "{\"msg\":\"400 Bad Request: The browser (or proxy) sent a request that this server "
           "could not understand.\"}\n");
    expect(play, 422,
           play_panel(play, "POST", list,
                      "{\"name\":\"x\",\"foo\":1,\"mode\":\"disable\",\"package_days\":\"abc\","
                      "\"usage_limit_GB\":\"x\",\"telegram_id\":\"t\",\"start_date\":\"2026/01/01\""
                      ",\"lang\":\"de\",\"enable\":\"maybe\"}"),
           "{\"detail\":{\"json\":{\"enable\":[\"Not a valid boolean.\"],\"foo\":[\"Unknown field."
           "\"],\"lang\":[\"Must be one of: en, fa, ru, pt, zh, my.\"],\"mode\":[\"Must be one of: "
           "no_reset, monthly, weekly, daily.\"],\"package_days\":[\"Not a valid integer.\"],"
           "\"start_date\":[\"Not a valid date.\"],\"telegram_id\":[\"Not a valid integer.\"],"
           "\"usage_limit_GB\":[\"Not a valid number.\"]}},\"message\":\"Validation error\"}\n");
}

static void create_get_and_list_are_byte_exact(void **state) {
    struct play *play = *state;
    create_one(play);
    expect(
        play, 400,
        play_panel(play, "POST", "api/v2/admin/user/", "{\"uuid\":\"" UUID "\",\"name\":\"dup\"}"),
        "{\"detail\":{},\"message\":\"The user exists\"}\n");
    expect(play, 200, play_panel(play, "GET", ONE, NULL), FRESH);
    expect(play, 200,
           play_panel(play, "GET", "api/v2/admin/user/0B6F9C2E-4D1A-4C57-9F0E-7A1D52C3E801/", NULL),
           FRESH);
    struct str one = str_sub(STR(FRESH), 0, sizeof FRESH - 2);
    expect(play, 200, play_panel(play, "GET", "api/v2/admin/user/", NULL),
           arena_printf(play->arena, "[" STR_FMT "]\n", STR_ARG(one)).p);
    expect(play, 404, play_panel(play, "GET", "api/v2/admin/user/" OTHER "/", NULL),
           "{\"detail\":{},\"message\":\"User not found\"}\n");
}

static void what_is_not_given_gets_the_panels_defaults(void **state) {
    struct play *play = *state;
    struct str body = play_panel(play, "POST", "api/v2/admin/user/",
                                 "{\"name\":\"min\",\"uuid\":\"" UUID "\"," KEYS "}");
    expect(play, 200, body,
           "{\"added_by_uuid\":\"" OWNER "\",\"comment\":\"\",\"current_usage_GB\":0.0,"
           "\"ed25519_private_key\":\"priv\",\"ed25519_public_key\":\"pub\",\"enable\":true,"
           "\"id\":1,\"is_active\":true,\"lang\":\"en\",\"last_online\":\"0001-01-01 00:00:00\","
           "\"last_reset_time\":\"2026-11-23 00:00:00\",\"mode\":\"no_reset\",\"name\":\"min\","
           "\"package_days\":90,\"start_date\":null,\"telegram_id\":null,\"usage_limit_GB\":1000.0,"
           "\"uuid\":\"" UUID "\",\"wg_pk\":\"pk\",\"wg_psk\":\"psk\",\"wg_pub\":\"pub\"}\n");
}

static void a_uuid_that_is_no_lower_case_v4_is_replaced_in_silence(void **state) {
    struct play *play = *state;
    static const char *const uuids[] = {"5C1E8F70-93AB-4E2D-8B64-1F20C9D7AA02",
                                        "aaaaaaaa-0000-1000-8000-000000000001", "x"};
    for (size_t i = 0; i < GB_COUNT(uuids); i++) {
        const struct json *user;
        struct str body =
            play_panel(play, "POST", "api/v2/admin/user/",
                       play_format(play, "{\"name\":\"n\",\"uuid\":\"%s\"}", uuids[i]).p);
        assert_int_equal(play->response.status, 200);
        assert_int_equal(json_parse(play->arena, body, &user, NULL), GB_OK);
        struct str given = json_str_or(user, "uuid", STR_NONE);
        assert_int_equal(given.n, 36);
        assert_false(str_equal_nocase(given, str_of(uuids[i])));
    }
}

static void start_date_counts_only_beside_package_days(void **state) {
    struct play *play = *state;
    create_one(play);
    expect(play, 200, play_panel(play, "PATCH", ONE, "{\"start_date\":\"2026-11-20\"}"), FRESH);
    expect(play, 200,
           play_panel(play, "PATCH", ONE, "{\"start_date\":\"2026-11-20\",\"package_days\":40}"),
           CREATED("true", "40", "true", "\"2026-11-20\"", "700123456789", "30.0"));
    expect(play, 200, play_panel(play, "PATCH", ONE, "{\"package_days\":60}"),
           CREATED("true", "60", "true", "\"2026-11-20\"", "700123456789", "30.0"));
    expect(play, 200, play_panel(play, "PATCH", ONE, "{\"start_date\":null,\"package_days\":30}"),
           FRESH);
    expect(play, 422,
           play_panel(play, "PATCH", ONE,
                      "{\"package_days\":30,\"start_date\":\"2026-11-01T00:00:00\"}"),
           "{\"detail\":{\"json\":{\"start_date\":[\"Not a valid date.\"]}},"
           "\"message\":\"Validation error\"}\n");
}

static void patch_keeps_what_is_absent_or_null(void **state) {
    struct play *play = *state;
    create_one(play);
    expect(play, 200, play_panel(play, "PATCH", ONE, "{}"), FRESH);
    expect(play, 200,
           play_panel(play, "PATCH", ONE, "{\"telegram_id\":null,\"name\":null,\"comment\":null}"),
           FRESH);
    expect(play, 200,
           play_panel(play, "PATCH", ONE, "{\"last_reset_time\":\"2026-01-01 00:00:00\"}"), FRESH);
    expect(play, 422, play_panel(play, "PATCH", ONE, "{\"enable\":null}"),
           "{\"detail\":{\"json\":{\"enable\":[\"Field may not be null.\"]}},"
           "\"message\":\"Validation error\"}\n");
    expect(play, 200, play_panel(play, "PATCH", ONE, "{\"enable\":false}"),
           CREATED("false", "30", "false", "null", "700123456789", "30.0"));
    expect(play, 200,
           play_panel(play, "PATCH", ONE,
                      "{\"enable\":true,\"current_usage_GB\":0,\"usage_limit_GB\":50.5}"),
           CREATED("true", "30", "true", "null", "700123456789", "50.5"));
    expect(play, 200, play_panel(play, "PATCH", ONE, "{\"telegram_id\":0}"),
           CREATED("true", "30", "true", "null", "null", "50.5"));
    expect(play, 200,
           play_panel(play, "PATCH", ONE, "{\"package_days\":\"45\",\"usage_limit_GB\":\"12.5\"}"),
           CREATED("true", "45", "true", "null", "null", "12.5"));
}

static void the_second_delete_finds_nothing(void **state) {
    struct play *play = *state;
    create_one(play);
    expect(play, 200, play_panel(play, "DELETE", ONE, NULL), "{\"msg\":\"ok\",\"status\":200}\n");
    expect(play, 404, play_panel(play, "DELETE", ONE, NULL),
           "{\"detail\":{},\"message\":\"user not found\"}\n");
    expect(play, 404, play_panel(play, "PATCH", ONE, "{}"),
           "{\"detail\":{},\"message\":\"user not found\"}\n");
}

static bool is_active(struct play *play) {
    const struct json *user;
    assert_int_equal(json_parse(play->arena, play_panel(play, "GET", ONE, NULL), &user, NULL),
                     GB_OK);
    return json_bool_or(user, "is_active", false);
}

static void a_package_of_30_days_lasts_31_dates_from_the_first_traffic(void **state) {
    struct play *play = *state;
    create_one(play);
    play_pass(play, 100 * GB_DAY_MS);
    assert_true(is_active(play)); /* not begun */
    assert_int_equal(hiddify_use(play->panel, &play->now, STR(UUID), 1 << 20), GB_OK);
    play_pass(play, 30 * GB_DAY_MS);
    assert_true(is_active(play));
    play_pass(play, GB_DAY_MS);
    assert_false(is_active(play));
    assert_int_equal(hiddify_use(play->panel, &play->now, STR(OTHER), 1), GB_NOT_FOUND);
}

static void a_user_over_the_limit_is_not_active(void **state) {
    struct play *play = *state;
    create_one(play);
    int64_t limit = INT64_C(30) << 30;
    assert_int_equal(hiddify_use(play->panel, &play->now, STR(UUID), limit), GB_OK);
    assert_true(is_active(play));
    assert_int_equal(hiddify_use(play->panel, &play->now, STR(UUID), 1), GB_OK);
    assert_false(is_active(play));
}

static void the_page_of_a_buyer_says_what_is_left(void **state) {
    struct play *play = *state;
    create_one(play);
    (void)play_panel_as(play, &no_key, "GET", CLIENT "/" UUID "/", NULL);
    assert_int_equal(play->response.status, 200);
    assert_str(play_header(play, "subscription-userinfo"),
               "upload=0;download=0;total=32212254720;expire=1797984000");
    struct play_headers browser = {NULL, "text/html", "Mozilla/5.0"};
    struct str html = play_panel_as(play, &browser, "GET", CLIENT "/" UUID "/", NULL);
    assert_true(str_find_str(html, STR("vless://")) < html.n);
    (void)play_panel_as(play, &no_key, "GET", CLIENT "/" OTHER "/", NULL);
    assert_int_equal(play->response.status, 302);
}

/* Members as the real panel sends them: those of the fixture, no more and no less. */
static void assert_same_shape(const struct json *ours, const struct json *real) {
    assert_int_equal(json_size(ours), json_size(real));
    const struct json *a = json_first(ours), *b = json_first(real);
    for (; a != NULL; a = json_next(a), b = json_next(b)) {
        assert_true(str_equal(json_name(a), json_name(b)));
        assert_int_equal(json_is_object(a), json_is_object(b));
        assert_int_equal(json_is_array(a), json_is_array(b));
        if (json_is_object(a)) {
            assert_same_shape(a, b);
        }
    }
}

static void status_has_the_members_of_a_real_one(void **state) {
    struct play *play = *state;
    const struct json *ours, *real;
    create_one(play);
    struct str body = play_panel(play, "GET", "api/v2/admin/server_status/", NULL);
    assert_int_equal(play->response.status, 200);
    assert_int_equal(json_parse(play->arena, body, &ours, NULL), GB_OK);
    assert_int_equal(
        json_parse(play->arena, data_file(play->arena, "hiddify/server-status.json"), &real, NULL),
        GB_OK);
    assert_same_shape(ours, real);
    assert_int_equal(json_i64_or(ours, "usage_history.total.users", -1), 1);
}

static int64_t online_in(struct play *play, const char *span) {
    const struct json *status;
    struct str body = play_panel(play, "GET", "api/v2/admin/server_status/", NULL);
    assert_int_equal(json_parse(play->arena, body, &status, NULL), GB_OK);
    return json_i64_or(status, play_format(play, "usage_history.%s.online", span).p, -1);
}

static void who_is_online_follows_from_when_they_were_seen(void **state) {
    struct play *play = *state;
    static const struct {
        int64_t later_ms;
        int64_t m5, today, yesterday, h24, last_30_days;
    } cases[] = {
        {0, 1, 1, 0, 1, 1},
        {5 * GB_MINUTE_MS, 1, 1, 0, 1, 1},
        {GB_SECOND_MS, 0, 1, 0, 1, 1},
        {20 * GB_HOUR_MS, 0, 0, 1, 1, 1},
        {20 * GB_HOUR_MS, 0, 0, 1, 0, 1},
        {30 * GB_DAY_MS, 0, 0, 0, 0, 0},
    };
    create_one(play);
    assert_int_equal(online_in(play, "total"), 0);
    assert_int_equal(hiddify_use(play->panel, &play->now, STR(UUID), 7), GB_OK);
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        play_pass(play, cases[i].later_ms);
        assert_int_equal(online_in(play, "m5"), cases[i].m5);
        assert_int_equal(online_in(play, "today"), cases[i].today);
        assert_int_equal(online_in(play, "yesterday"), cases[i].yesterday);
        assert_int_equal(online_in(play, "h24"), cases[i].h24);
        assert_int_equal(online_in(play, "last_30_days"), cases[i].last_30_days);
        assert_int_equal(online_in(play, "total"), 1);
    }
}

static void calls_are_answered_one_after_another(void **state) {
    struct play *play = *state;
    static const uint8_t seed[SHA256_BYTES] = {0};
    hiddify_free(play->panel);
    play->panel = hiddify_new(&(struct hiddify_options){.admin_path = STR("Qm3xTz9AdmPath7"),
                                                        .client_path = STR("c"),
                                                        .owner = STR(OWNER),
                                                        .busy_ms = 10,
                                                        .seed = seed,
                                                        .faults = &play->faults});
    struct http_response response;
    uint64_t ticket, tickets[3];
    for (int i = 0; i < 3; i++) {
        (void)play_panel(play, "GET", "api/v2/panel/ping/", NULL);
        assert_int_equal(play->verdict, MODEL_HOLDS);
        tickets[i] = play->ticket;
    }
    for (int i = 0; i < 3; i++) {
        assert_false(hiddify_next_answer(play->panel, play->now, play->arena, &ticket, &response));
        assert_int_equal(hiddify_next_ms(play->panel), play->now.mono_ms + 10);
        play_pass(play, 10);
        assert_true(hiddify_next_answer(play->panel, play->now, play->arena, &ticket, &response));
        assert_int_equal(ticket, tickets[i]);
        assert_int_equal(response.status, 200);
    }
}

static void a_panel_that_is_away_shows_it_in_its_own_way(void **state) {
    struct play *play = *state;
    static const char *const words[] = {"refuse", "503", "decoy", "hang"};
    enum hiddify_mode mode;
    assert_int_equal(hiddify_find_mode(STR("nope"), &mode), GB_NOT_FOUND);
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        assert_int_equal(hiddify_find_mode(str_of(words[i]), &mode), GB_OK);
        hiddify_set_mode(play->panel, mode);
        (void)play_panel(play, "POST", "api/v2/admin/user/", CREATE);
        assert_int_equal(play->verdict, mode == HIDDIFY_HANG ? MODEL_HOLDS : MODEL_ANSWERS);
        assert_true(mode != HIDDIFY_REFUSE || play->response.drop);
        assert_true(mode != HIDDIFY_503 || play->response.status == 503);
        assert_true(mode != HIDDIFY_DECOY || play->response.status == 200);
    }
    uint64_t ticket;
    struct http_response response;
    assert_false(hiddify_next_answer(play->panel, play->now, play->arena, &ticket, &response));
    hiddify_set_mode(play->panel, HIDDIFY_UP);
    assert_true(hiddify_next_answer(play->panel, play->now, play->arena, &ticket, &response));
    assert_true(response.drop);
    create_one(play); /* nothing of the above was done */
}

static void a_lost_answer_is_a_deed_done(void **state) {
    struct play *play = *state;
    assert_int_equal(fault_plan_add(&play->faults, &(struct fault){.where = FAULT_PANEL,
                                                                   .method = STR("post"),
                                                                   .what = FAULT_LOSE_ANSWER,
                                                                   .count = 1,
                                                                   .skip = 1}),
                     GB_OK);
    (void)play_panel(play, "POST", "api/v2/admin/user/", "{}");
    assert_int_equal(play->response.status, 422);
    (void)play_panel(play, "GET", "api/v2/admin/user/", NULL);
    assert_int_equal(play->response.status, 404);
    (void)play_panel(play, "POST", "api/v2/admin/user/", CREATE);
    assert_true(play->response.drop);
    expect(play, 200, play_panel(play, "GET", ONE, NULL), FRESH);
    (void)play_panel(play, "POST", "api/v2/admin/user/", CREATE);
    assert_int_equal(play->response.status, 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_list_is_404),
        TEST(keys_paths_and_agents_are_checked),
        TEST(info_is_open_without_a_key_but_not_with_a_bad_one),
        TEST(routes_fail_as_the_panel_fails),
        TEST(bodies_are_checked_field_by_field),
        TEST(create_get_and_list_are_byte_exact),
        TEST(what_is_not_given_gets_the_panels_defaults),
        TEST(a_uuid_that_is_no_lower_case_v4_is_replaced_in_silence),
        TEST(start_date_counts_only_beside_package_days),
        TEST(patch_keeps_what_is_absent_or_null),
        TEST(the_second_delete_finds_nothing),
        TEST(a_package_of_30_days_lasts_31_dates_from_the_first_traffic),
        TEST(a_user_over_the_limit_is_not_active),
        TEST(the_page_of_a_buyer_says_what_is_left),
        TEST(status_has_the_members_of_a_real_one),
        TEST(who_is_online_follows_from_when_they_were_seen),
        TEST(calls_are_answered_one_after_another),
        TEST(a_panel_that_is_away_shows_it_in_its_own_way),
        TEST(a_lost_answer_is_a_deed_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

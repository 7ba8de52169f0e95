/* The codec of Hiddify panels against the sandbox's panel: what the one writes, the other keeps and
 * lists. Here because this room alone may know both.
 */
#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"
#include "panel/panel.h"
#include "sandbox/faults.h"
#include "sandbox/hiddify_model.h"

#define KEY      "11111111-1111-4111-8111-111111111111"
#define UUID     "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"
#define OTHER    "5c1e8f70-93ab-4e2d-8b64-1f20c9d7aa02"
#define START_MS INT64_C(1795469400000) /* 2026-11-23T21:30Z */
#define ZONE_MIN 210

static const struct endpoint tehran = {
    .base_url = STR_INIT("http://panel.example.org/Qm3xTz9AdmPath7"),
    .secret = STR_INIT(KEY),
    .zone_offset_min = ZONE_MIN,
};

struct town {
    struct arena *arena;
    struct fault_plan faults;
    struct hiddify_model *panel;
    struct moment now;
};

static int make_town(void **state) {
    static const uint8_t seed[SHA256_BYTES] = {7};
    struct arena *arena = arena_new(1 << 20, 256 * 1024 * 1024);
    struct town *town = ARENA_NEW(arena, struct town);
    town->arena = arena;
    town->now = (struct moment){START_MS, 1000};
    town->panel = hiddify_new(&(struct hiddify_options){.admin_path = STR("Qm3xTz9AdmPath7"),
                                                        .client_path = STR("u8KdLw2CliPath5"),
                                                        .owner = STR(KEY),
                                                        .zone_offset_min = ZONE_MIN,
                                                        .seed = seed,
                                                        .faults = &town->faults,
                                                        .born_ms = START_MS});
    *state = town;
    return 0;
}

static int drop_town(void **state) {
    struct town *town = *state;
    hiddify_free(town->panel);
    fault_plan_clear(&town->faults);
    arena_free(town->arena);
    return 0;
}

static struct http_reply serve(struct town *town, const struct http_request *request) {
    struct str host = STR("http://panel.example.org");
    struct http_response response = {0};
    struct http_incoming incoming = {
        .method = request->method,
        .method_name = http_method_name(request->method),
        .path = str_sub(request->url, host.n, request->url.n),
        .content_type = request->content_type,
        .body = request->body,
        .headers = request->headers,
        .header_count = request->header_count,
    };
    struct visit visit = {1, &incoming, town->now, town->arena};
    assert_int_equal(hiddify_handle(town->panel, &visit, &response), MODEL_ANSWERS);
    assert_true(response.body.n <= request->reply_bytes_max);
    return (struct http_reply){
        .outcome = HTTP_REPLIED, .status = response.status, .body = response.body};
}

static struct answer ask(struct town *town, const char *kind, struct str body) {
    struct call call = {.kind = str_of(kind), .body = body};
    struct answer answer = {.kind = ANSWER_MORE};
    for (int step = 0; step < 5 && answer.kind == ANSWER_MORE; step++) {
        struct http_request request;
        assert_int_equal(hiddify_codec.build_request(&call, &tehran, town->arena, &request), GB_OK);
        struct http_reply reply = serve(town, &request);
        hiddify_codec.read_reply(&call, &tehran, &reply, town->arena, &answer);
        call = answer.next;
    }
    return answer;
}

static void ensure(struct town *town, const struct panel_user *user) {
    struct answer answer = ask(town, "ensure", panel_ensure_body(town->arena, user));
    assert_int_equal(answer.kind, ANSWER_DONE);
}

static struct panel_user anna(void) {
    return (struct panel_user){
        .uuid = STR(UUID),
        .name = STR("tg7-abc"),
        .comment = STR("order 1042"),
        .starts_ms = START_MS,
        .expires_ms = START_MS + 30 * GB_DAY_MS,
        .traffic_gb = 50,
        .enabled = true,
    };
}

/* The listed user of that uuid. */
static struct panel_listed listed(struct town *town, const char *uuid) {
    struct answer answer = ask(town, "list", STR("{}"));
    assert_int_equal(answer.kind, ANSWER_DONE);
    struct panel_list list = panel_list_begin(answer.said);
    struct panel_listed user = {.uuid = STR_NONE};
    while (panel_list_next(&list, &user) == GB_OK) {
        if (str_is(user.uuid, uuid)) {
            return user;
        }
    }
    return (struct panel_listed){.uuid = STR_NONE};
}

static void by_hand(struct town *town, const char *uuid, const char *fields) {
    struct str user, faults;
    const struct json *body;
    assert_int_equal(json_parse(town->arena, str_of(fields), &body, NULL), GB_OK);
    assert_int_equal(
        hiddify_edit(town->panel, &town->now, town->arena, str_of(uuid), body, &user, &faults),
        GB_OK);
}

static void a_panel_without_users_lists_nobody(void **state) {
    struct answer answer = ask(*state, "list", STR("{}"));
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_true(str_equal(answer.said, PANEL_LIST_EMPTY));
}

static void what_was_ensured_is_listed(void **state) {
    struct panel_user user = anna();
    ensure(*state, &user);
    struct panel_listed got = listed(*state, UUID);
    assert_str(got.uuid, UUID);
    assert_int_equal(got.used_bytes, 0);
    assert_int_equal(got.limit_bytes, INT64_C(50) << 30);
    assert_int_equal(got.last_seen_ms, 0);
    assert_true(got.enabled);
    assert_true(panel_expiry_agrees(user.expires_ms, got.expires_ms));
}

static void disabled_enabled_and_extended_users_are_listed_so(void **state) {
    struct panel_user user = anna();
    ensure(*state, &user);
    user.enabled = false;
    ensure(*state, &user);
    assert_false(listed(*state, UUID).enabled);
    user.enabled = true;
    ensure(*state, &user);
    assert_true(listed(*state, UUID).enabled);
    int64_t before_ms = user.expires_ms;
    user.expires_ms += 30 * GB_DAY_MS;
    ensure(*state, &user);
    assert_true(panel_expiry_agrees(user.expires_ms, listed(*state, UUID).expires_ms));
    assert_false(panel_expiry_agrees(before_ms, listed(*state, UUID).expires_ms));
}

static void a_missing_user_is_made_disabled(void **state) {
    struct panel_user user = anna();
    user.enabled = false;
    struct town *town = *state;
    struct answer answer = ask(town, "ensure", panel_ensure_body(town->arena, &user));
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":true}");
    assert_str(listed(town, UUID).uuid, UUID);
    assert_false(listed(town, UUID).enabled);
}

static void removing_works_once_and_again(void **state) {
    struct town *town = *state;
    struct panel_user user = anna();
    ensure(town, &user);
    struct str body = panel_uuid_body(town->arena, STR(UUID));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(town, "remove", body).kind, ANSWER_DONE);
        assert_int_equal(listed(town, UUID).uuid.n, 0);
    }
}

static void the_owners_hand_shows_in_the_list_and_is_healed(void **state) {
    struct town *town = *state;
    struct panel_user user = anna();
    ensure(town, &user);
    by_hand(town, UUID, "{\"enable\":false}");
    assert_false(listed(town, UUID).enabled);
    by_hand(town, UUID, "{\"package_days\":5,\"start_date\":\"2026-11-20\"}");
    /* Good through the 25th: until 26 November in Tehran. */
    assert_int_equal(listed(town, UUID).expires_ms, INT64_C(1795638600000));
    by_hand(town, UUID, "{\"package_days\":30,\"start_date\":null}");
    assert_int_equal(listed(town, UUID).expires_ms, 0);
    by_hand(town, UUID, "{\"current_usage_GB\":1.5,\"last_online\":\"2026-11-24 00:58:12\"}");
    assert_int_equal(listed(town, UUID).used_bytes, INT64_C(1610612736));
    assert_int_equal(listed(town, UUID).last_seen_ms, INT64_C(1795469292000));
    ensure(town, &user);
    struct panel_listed got = listed(town, UUID);
    assert_true(got.enabled && panel_expiry_agrees(user.expires_ms, got.expires_ms));
    assert_int_equal(got.used_bytes, INT64_C(1610612736));
    by_hand(town, "", "{\"uuid\":\"" OTHER "\",\"name\":\"friend\"}");
    assert_str(listed(town, OTHER).uuid, OTHER);
    assert_int_equal(hiddify_remove(town->panel, STR(UUID)), GB_OK);
    assert_int_equal(hiddify_remove(town->panel, STR(UUID)), GB_NOT_FOUND);
    assert_int_equal(listed(town, UUID).uuid.n, 0);
}

static void a_panel_that_is_away_has_no_empty_list(void **state) {
    struct town *town = *state;
    hiddify_set_mode(town->panel, HIDDIFY_DECOY);
    assert_int_equal(ask(town, "list", STR("{}")).kind, ANSWER_UNKNOWN);
    assert_int_equal(ask(town, "status", STR("{}")).kind, ANSWER_UNKNOWN);
    hiddify_set_mode(town->panel, HIDDIFY_503);
    assert_int_equal(ask(town, "list", STR("{}")).kind, ANSWER_UNKNOWN);
}

static void status_counts_users_and_who_is_online(void **state) {
    struct town *town = *state;
    struct panel_status status;
    struct panel_user user = anna();
    ensure(town, &user);
    by_hand(town, "", "{\"uuid\":\"" OTHER "\",\"name\":\"friend\"}");
    assert_int_equal(hiddify_use(town->panel, &town->now, STR(UUID), 1 << 20), GB_OK);
    *hiddify_machine(town->panel) = (struct hiddify_machine){
        .cpu_percent = 93, .memory_percent = 71, .disk_percent = 100, .load_hundredths = 405};
    assert_int_equal(panel_status_said(town->arena, ask(town, "status", STR("{}")).said, &status),
                     GB_OK);
    assert_int_equal(status.users, 2);
    assert_int_equal(status.online, 1);
    assert_int_equal(status.cpu_percent, 93);
    assert_int_equal(status.memory_percent, 71);
    assert_int_equal(status.disk_percent, 100);
    assert_str(status.load, "4.05 4.05 4.05");
    town->now.wall_ms += 5 * GB_MINUTE_MS + GB_SECOND_MS;
    assert_int_equal(panel_status_said(town->arena, ask(town, "status", STR("{}")).said, &status),
                     GB_OK);
    assert_int_equal(status.online, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_town, drop_town)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_panel_without_users_lists_nobody),
        TEST(what_was_ensured_is_listed),
        TEST(disabled_enabled_and_extended_users_are_listed_so),
        TEST(a_missing_user_is_made_disabled),
        TEST(removing_works_once_and_again),
        TEST(the_owners_hand_shows_in_the_list_and_is_healed),
        TEST(a_panel_that_is_away_has_no_empty_list),
        TEST(status_counts_users_and_who_is_online),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

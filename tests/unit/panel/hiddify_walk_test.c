/* `ensure` against a small panel that loses answers, repeats requests and breaks in every way
 * known: whatever happens, a walk that ends well leaves exactly what was wished, and a further walk
 * changes nothing.
 */
#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"
#include "panel/panel.h"

#define UUID      "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"
#define STEPS_MAX 8

static const struct endpoint tehran = {
    .base_url = STR_INIT("https://panel.example.org/Qm3xTz9AdmPath7"),
    .secret = STR_INIT("11111111-1111-4111-8111-111111111111"),
    .zone_offset_min = 210,
};

/* ---- a panel with room for one user ---- */

enum fault {
    FAULT_NONE,
    FAULT_NOT_SENT,
    FAULT_LOSE_REQUEST, /* time-out, nothing happened */
    FAULT_LOSE_ANSWER,  /* time-out, it happened */
    FAULT_TWICE,        /* the proxy before it repeats the request */
    FAULT_503_AFTER,    /* "503 though written" */
    FAULT_503_BEFORE,
    FAULT_500_AFTER,
    FAULT_DECOY,
    FAULT_CUT,
    FAULT_COUNT
};

struct panel {
    struct arena *arena;
    bool there;
    char name[256], comment[256], start_date[16];
    double limit_gb;
    int64_t days, telegram_id;
    bool enabled;
    bool ignores_start_date; /* when a user is made */
    size_t writes, creates;
};

static void take_text(const struct json *body, const char *member, char *place, size_t bytes) {
    struct str text;
    if (json_str(body, member, &text)) {
        assert_true(text.n < bytes);
        memcpy(place, text.p, text.n);
        place[text.n] = '\0';
    }
}

static void panel_take(struct panel *panel, const struct json *body, bool create) {
    take_text(body, "name", panel->name, sizeof panel->name);
    take_text(body, "comment", panel->comment, sizeof panel->comment);
    if (json_at(body, "package_days") != NULL && !(create && panel->ignores_start_date)) {
        take_text(body, "start_date", panel->start_date, sizeof panel->start_date);
    }
    (void)json_number(body, "usage_limit_GB", &panel->limit_gb);
    panel->days = json_i64_or(body, "package_days", panel->days);
    panel->telegram_id = json_i64_or(body, "telegram_id", panel->telegram_id);
    panel->enabled = json_bool_or(body, "enable", panel->enabled);
    panel->writes++;
}

static struct str panel_user_text(const struct panel *panel) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, panel->arena, 4096);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_text(&out, "comment", panel->comment);
    json_put_i64(&out, "current_usage_GB", 0);
    json_put_bool(&out, "enable", panel->enabled);
    json_put_text(&out, "name", panel->name);
    json_put_i64(&out, "package_days", panel->days);
    if (panel->start_date[0] != '\0') {
        json_put_text(&out, "start_date", panel->start_date);
    } else {
        json_put_null(&out, "start_date");
    }
    json_put_i64(&out, "telegram_id", panel->telegram_id);
    json_put_raw(&out, "usage_limit_GB", arena_printf(panel->arena, "%.1f", panel->limit_gb));
    json_put_text(&out, "uuid", UUID);
    json_close(&out);
    return buf_str(&buf);
}

static struct http_reply reply_with(int status, struct str body) {
    return (struct http_reply){.outcome = HTTP_REPLIED, .status = status, .body = body};
}

static struct http_reply panel_serve(struct panel *panel, const struct http_request *request) {
    const struct json *body = NULL;
    if (request->body.n > 0) {
        assert_int_equal(json_parse(panel->arena, request->body, &body, NULL), GB_OK);
    }
    assert_int_equal(str_ends(request->url, STR("/" UUID "/")), request->method != HTTP_POST);
    if (request->method == HTTP_POST) {
        if (panel->there) {
            return reply_with(400, STR("{\"detail\":{},\"message\":\"The user exists\"}\n"));
        }
        panel->there = true;
        panel->start_date[0] = '\0';
        panel->creates++;
        panel_take(panel, body, true);
        return reply_with(200, panel_user_text(panel));
    }
    if (!panel->there) {
        return reply_with(404, STR("{\"msg\":\"User not found\"}"));
    }
    if (request->method == HTTP_PATCH) {
        panel_take(panel, body, false);
    }
    return reply_with(200, panel_user_text(panel));
}

static struct http_reply serve_faulty(struct panel *panel, const struct http_request *request,
                                      enum fault fault) {
    struct http_reply reply;
    switch (fault) {
    case FAULT_NOT_SENT:
        return (struct http_reply){.outcome = HTTP_NOT_SENT, .fault = "connect failed"};
    case FAULT_LOSE_REQUEST:
        return (struct http_reply){.outcome = HTTP_UNKNOWN, .fault = "time-out"};
    case FAULT_503_BEFORE:
        return reply_with(503, STR("<html><body><h1>503</h1></body></html>"));
    case FAULT_DECOY:
        return reply_with(200, STR("<!doctype html><title>Welcome</title>"));
    case FAULT_LOSE_ANSWER:
        (void)panel_serve(panel, request);
        return (struct http_reply){.outcome = HTTP_UNKNOWN, .fault = "reset"};
    case FAULT_503_AFTER:
        (void)panel_serve(panel, request);
        return reply_with(503, STR("<html><body><h1>503</h1></body></html>"));
    case FAULT_500_AFTER:
        (void)panel_serve(panel, request);
        return reply_with(500, STR("{\"msg\":\"(MySQLdb.OperationalError) gone away\"}"));
    case FAULT_TWICE:
        (void)panel_serve(panel, request);
        return panel_serve(panel, request);
    case FAULT_CUT:
        reply = panel_serve(panel, request);
        reply.body.n /= 2;
        return reply;
    case FAULT_NONE:
    case FAULT_COUNT:
        break;
    }
    return panel_serve(panel, request);
}

/* ---- a lane of one row ---- */

struct walk {
    struct chance chance;
    size_t fault_in; /* one call in so many fails; 0: none */
    size_t calls;
};

/* The row's steps, as a lane takes them; what it ends with. */
static struct answer walk_once(struct walk *walk, struct panel *panel, struct str body) {
    struct call call = {.kind = STR("ensure"), .key = STR(UUID), .body = body};
    struct answer answer = {.kind = ANSWER_MORE};
    for (int step = 0; step < STEPS_MAX && answer.kind == ANSWER_MORE; step++) {
        struct http_request request;
        assert_int_equal(hiddify_codec.build_request(&call, &tehran, panel->arena, &request),
                         GB_OK);
        enum fault fault = FAULT_NONE;
        if (walk->fault_in > 0 && chance_below(&walk->chance, walk->fault_in) == 0) {
            fault = (enum fault)chance_below(&walk->chance, FAULT_COUNT);
        }
        struct http_reply reply = serve_faulty(panel, &request, fault);
        hiddify_codec.read_reply(&call, &tehran, &reply, panel->arena, &answer);
        walk->calls++;
        call = answer.next;
    }
    assert_int_not_equal(answer.kind, ANSWER_MORE);
    return answer;
}

static struct answer walk_until_settled(struct walk *walk, struct panel *panel, struct str body) {
    struct answer answer = {.kind = ANSWER_UNKNOWN};
    for (int attempt = 0; attempt < 200; attempt++) {
        answer = walk_once(walk, panel, body);
        if (answer.kind == ANSWER_DONE || answer.kind == ANSWER_REFUSED) {
            return answer;
        }
    }
    fail_msg("it never ends");
    return answer;
}

static struct panel_user random_user(struct chance *chance) {
    int64_t starts_ms = INT64_C(1795469400000) + (int64_t)chance_below(chance, 1000000000);
    return (struct panel_user){
        .uuid = STR(UUID),
        .name = chance_below(chance, 2) == 0 ? STR("tg7-abc") : STR("Аня 🚀"),
        .starts_ms = starts_ms,
        .expires_ms = starts_ms + (int64_t)(1 + chance_below(chance, 365)) * GB_DAY_MS,
        .traffic_gb = (int64_t)chance_below(chance, 200),
        .enabled = chance_below(chance, 5) > 0,
        .comment = STR("order 1042"),
        .telegram_id = 700123456789,
    };
}

static void assert_kept(const struct panel *panel, const struct panel_user *user) {
    assert_true(panel->there);
    assert_int_equal(panel->enabled, user->enabled);
    assert_true(panel->limit_gb == (user->traffic_gb == 0 ? 1000000.0 : (double)user->traffic_gb));
    assert_true(str_is(user->name, panel->name));
    assert_true(str_is(user->comment, panel->comment));
    assert_int_equal(panel->telegram_id, user->telegram_id);
    assert_int_equal(panel->days, (user->expires_ms - user->starts_ms) / GB_DAY_MS);
}

/* ---- */

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static void new_user_takes_one_call(void **state) {
    struct panel panel = {.arena = *state};
    struct walk walk = {.chance = {1}};
    struct panel_user user = random_user(&walk.chance);
    user.enabled = true;
    struct answer answer = walk_once(&walk, &panel, panel_ensure_body(*state, &user));
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_int_equal(walk.calls, 1);
    assert_kept(&panel, &user);
}

/* A panel lets a user in when it is made, enabled or not; a PATCH puts it out. */
static void missing_user_that_is_to_be_disabled_is_made_and_put_out(void **state) {
    struct panel panel = {.arena = *state};
    struct walk walk = {.chance = {1}};
    struct panel_user user = random_user(&walk.chance);
    user.enabled = false;
    struct answer answer = walk_once(&walk, &panel, panel_ensure_body(*state, &user));
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":true}");
    assert_int_equal(panel.creates, 1);
    assert_int_equal(panel.writes, 2);
    assert_kept(&panel, &user);
}

static void disabled_enabled_again_and_extended_each_holds(void **state) {
    struct panel panel = {.arena = *state};
    struct walk walk = {.chance = {7}};
    struct panel_user user = random_user(&walk.chance);
    for (int round = 0; round < 4; round++) {
        user.enabled = round % 2 == 0;
        user.expires_ms += round == 3 ? 30 * GB_DAY_MS : 0;
        struct str body = panel_ensure_body(*state, &user);
        assert_int_equal(walk_once(&walk, &panel, body).kind, ANSWER_DONE);
        assert_kept(&panel, &user);
        assert_int_equal(panel.writes, round + 1);
        assert_int_equal(walk_once(&walk, &panel, body).kind, ANSWER_DONE);
        assert_int_equal(panel.writes, round + 1); /* said again, it changes nothing */
    }
}

static void repeat_looks_and_changes_nothing(void **state) {
    struct panel panel = {.arena = *state};
    struct walk walk = {.chance = {2}};
    struct panel_user user = random_user(&walk.chance);
    struct str body = panel_ensure_body(*state, &user);
    (void)walk_once(&walk, &panel, body);
    struct answer answer = walk_once(&walk, &panel, body);
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":false}");
    assert_int_equal(panel.writes, 1);
    assert_int_equal(walk.calls, 3);
}

static void other_wish_for_the_same_user_is_an_update(void **state) {
    struct panel panel = {.arena = *state};
    struct walk walk = {.chance = {3}};
    struct panel_user user = random_user(&walk.chance);
    (void)walk_once(&walk, &panel, panel_ensure_body(*state, &user));
    user.expires_ms += 30 * GB_DAY_MS;
    struct answer answer = walk_once(&walk, &panel, panel_ensure_body(*state, &user));
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_int_equal(panel.creates, 1);
    assert_int_equal(panel.writes, 2);
    assert_kept(&panel, &user);
}

static void panel_that_drops_the_date_is_mended(void **state) {
    struct panel panel = {.arena = *state, .ignores_start_date = true};
    struct walk walk = {.chance = {4}};
    struct panel_user user = random_user(&walk.chance);
    struct answer answer = walk_once(&walk, &panel, panel_ensure_body(*state, &user));
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_str(answer.said, "{\"uuid\":\"" UUID "\",\"created\":true}");
    assert_int_equal(walk.calls, 2);
    assert_kept(&panel, &user);
}

static void somebody_elses_user_is_left_alone(void **state) {
    struct panel panel = {.arena = *state, .there = true, .name = "Bob", .comment = "friend"};
    struct walk walk = {.chance = {5}};
    struct panel_user user = random_user(&walk.chance);
    struct answer answer = walk_once(&walk, &panel, panel_ensure_body(*state, &user));
    assert_int_equal(answer.kind, ANSWER_REFUSED);
    assert_string_equal(answer.reason, "foreign_user");
    assert_int_equal(panel.writes, 0);
}

static void whatever_breaks_the_wish_comes_true_once(void **state) {
    struct walk walk = {.chance = {6}, .fault_in = 2};
    for (int round = 0; round < 3000; round++) {
        struct arena_mark mark = arena_mark(*state);
        struct panel panel = {.arena = *state, .ignores_start_date = round % 5 == 0};
        for (int wish = 0; wish < 3; wish++) {
            struct panel_user user = random_user(&walk.chance);
            struct str body = panel_ensure_body(*state, &user);
            struct answer answer = walk_until_settled(&walk, &panel, body);
            assert_int_equal(answer.kind, ANSWER_DONE);
            assert_kept(&panel, &user);
            assert_int_equal(panel.creates, 1);
        }
        arena_reset(*state, mark);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(new_user_takes_one_call),
        TEST(missing_user_that_is_to_be_disabled_is_made_and_put_out),
        TEST(disabled_enabled_again_and_extended_each_holds),
        TEST(repeat_looks_and_changes_nothing),
        TEST(other_wish_for_the_same_user_is_an_update),
        TEST(panel_that_drops_the_date_is_mended),
        TEST(somebody_elses_user_is_left_alone),
        TEST(whatever_breaks_the_wish_comes_true_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Updates by webhook: who is let in, when the 200 is said, what Telegram is told. The engine, the
 * store and the bot are real; the wire is played here. */
#define GB_DOOR "a store in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "bot/bot.h"
#include "engine/engine.h"
#include "engine/fake_world.h"
#include "engine/hook.h"
#include "state/config.h"
#include "state/tables.h"
#include "store/backend.h"
#include "telegram/telegram.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define SIGNS_MAX 64
#define TOKEN     "123456:abcdefghijklmnop"
#define SECRET    "shown-by-telegram"

static const char config_text[] = "[telegram]\n"
                                  "token = " TOKEN "\n"
                                  "api_base = http://127.0.0.1:1\n"
                                  "[webhook]\n"
                                  "url = https://shop.example/hook/k7?x=1\n"
                                  "secret = " SECRET "\n"
                                  "[limits]\n"
                                  "messages = off\n";

/* ---- the scene ---- */

struct scene {
    uint64_t born_events;
    struct fake_world fake; /* first: the world */
    struct world_ops ops;
    struct backend_ops store_ops;
    const struct backend_ops *real_store;
    struct arena *arena;
    struct backend *backend;
    struct config config;
    struct engine *engine;
    char directory[64];
    struct sign signs[SIGNS_MAX]; /* of the next wait */
    size_t sign_count;
    uint64_t next_ticket;
    int status[SIGNS_MAX]; /* answered, by ticket; 0: not yet */
    size_t bodies;         /* answers that had one */
    size_t answered_in_sync;
    int syncs, sync_failures;
    const char *listen_why;
};

static struct scene *scene;

static enum gb_err scene_listen(struct world *w, const char *host, int port, int door,
                                size_t body_bytes_max, int *ret_port, const char **reterr_why) {
    (void)w;
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 8443);
    assert_int_equal(door, HOOK_DOOR);
    assert_int_equal(body_bytes_max, HOOK_BODY_MAX);
    if (scene->listen_why != NULL) {
        *reterr_why = scene->listen_why;
        return GB_UNAVAILABLE;
    }
    *ret_port = port;
    return GB_OK;
}

static enum gb_err scene_respond(struct world *w, uint64_t ticket,
                                 const struct http_response *response) {
    (void)w;
    assert_true(ticket < SIGNS_MAX && scene->status[ticket] == 0);
    scene->status[ticket] = response->status;
    scene->bodies += response->body.n > 0;
    return ticket % 2 == 0 ? GB_OK : GB_NOT_FOUND; /* who has gone makes no difference */
}

static void scene_wake_at(struct world *w, int64_t mono_ms) {
    (void)w, (void)mono_ms;
}

static void scene_cancel(struct world *w, uint64_t ticket) {
    (void)w, (void)ticket;
}

static enum gb_err scene_wait(struct world *w, struct arena *arena, const struct sign **ret_signs,
                              size_t *ret_count) {
    (void)w, (void)arena;
    *ret_signs = scene->signs;
    *ret_count = scene->sign_count;
    scene->sign_count = 0;
    return GB_OK;
}

static size_t answers(void) {
    size_t count = 0;
    for (size_t i = 0; i < SIGNS_MAX; i++) {
        count += scene->status[i] != 0;
    }
    return count;
}

static enum gb_err scene_sync(struct backend *b) {
    scene->syncs++;
    scene->answered_in_sync = answers();
    if (scene->sync_failures > 0) {
        scene->sync_failures--;
        b->ops->drop(b);
        return GB_UNAVAILABLE;
    }
    return scene->real_store->sync(b);
}

static enum gb_err open_engine(struct scene *s, struct str *reterr_why) {
    struct options_source source = {.file = "test.ini", .text = str_of(config_text)};
    struct faults faults;
    faults_init(&faults, s->arena);
    assert_int_equal(options_read(&config_spec, &source, s->arena, &s->config, &faults), GB_OK);
    struct engine_options options = {
        .world = &s->fake.world,
        .backend = s->backend,
        .config = &s->config,
        .texts = texts_new(s->arena),
    };
    return engine_new(&options, s->arena, &s->engine, reterr_why);
}

static int set_up_closed(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    scene = s;
    *state = s;
    fake_world_init(&s->fake);
    s->ops = *s->fake.world.ops;
    s->ops.listen = scene_listen;
    s->ops.respond = scene_respond;
    s->ops.wake_at = scene_wake_at;
    s->ops.wait = scene_wait;
    s->ops.cancel = scene_cancel;
    s->fake.world.ops = &s->ops;
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    memcpy(s->directory, "/tmp/gb-hook-XXXXXX", 20);
    assert_non_null(mkdtemp(s->directory));
    struct lmdb_options lmdb = {.directory = s->directory};
    struct str why;
    assert_int_equal(lmdb_open(&lmdb, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    s->real_store = s->backend->ops;
    s->store_ops = *s->real_store;
    s->store_ops.sync = scene_sync;
    s->backend->ops = &s->store_ops;
    return 0;
}

static int set_up(void **state) {
    struct str why;
    struct engine_stats stats;
    struct scene *s;
    assert_int_equal(set_up_closed(state), 0);
    assert_int_equal(open_engine(*state, &why), GB_OK);
    s = *state;
    (void)engine_turn(s->engine); /* the first look at what jobs are due */
    engine_stats(s->engine, &stats);
    s->born_events = stats.events;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    engine_free(s->engine);
    s->backend->ops->close(s->backend);
    arena_free(s->arena);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", s->directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
    free(s);
    return 0;
}

/* ---- who comes ---- */

static uint64_t call(struct scene *s, const char *method, const char *path, const char *secret,
                     struct str body) {
    struct http_incoming *request = ARENA_NEW(s->arena, struct http_incoming);
    struct http_header *headers = ARENA_ARRAY(s->arena, struct http_header, 2);
    headers[0] = (struct http_header){STR("Content-Type"), STR("application/json")};
    headers[1] = (struct http_header){STR("x-telegram-bot-api-secret-token"), str_of(secret)};
    *request = (struct http_incoming){
        .method = strcmp(method, "POST") == 0 ? HTTP_POST : HTTP_GET,
        .method_name = method,
        .path = str_of(path),
        .body = body,
        .headers = headers,
        .header_count = secret != NULL ? 2 : 1,
    };
    assert_true(s->sign_count < SIGNS_MAX);
    uint64_t ticket = s->next_ticket++;
    s->signs[s->sign_count++] = (struct sign){
        .kind = SIGN_REQUEST, .ticket = ticket, .door = HOOK_DOOR, .request = request};
    return ticket;
}

static uint64_t bring(struct scene *s, struct str body) {
    return call(s, "POST", "/hook/k7", SECRET, body);
}

/* "/start" from a person. */
static uint64_t bring_start(struct scene *s, int64_t update_id, int64_t person) {
    struct str who = arena_printf(s->arena, "%" PRId64, person);
    return bring(s, arena_printf(s->arena,
                                 "{\"update_id\":%" PRId64 ",\"message\":{\"message_id\":1,"
                                 "\"date\":1,\"chat\":{\"id\":" STR_FMT ",\"type\":\"private\"},"
                                 "\"from\":{\"id\":" STR_FMT ",\"is_bot\":false,"
                                 "\"first_name\":\"Anna\"},\"text\":\"/start\"}}",
                                 update_id, STR_ARG(who), STR_ARG(who)));
}

static void signal_comes(struct scene *s, int number) {
    s->signs[s->sign_count++] = (struct sign){.kind = SIGN_SIGNAL, .signal = number};
}

static size_t sent(const struct scene *s, const char *method) {
    size_t count = 0;
    for (size_t i = 0; i < s->fake.count; i++) {
        count += str_ends(str_of(s->fake.sent[i].url), str_of(method));
    }
    return count;
}

/* Telegram's answer to the last call of this method. */
static void reply(struct scene *s, const char *method, int status, const char *body) {
    for (size_t i = s->fake.count; i > 0; i--) {
        struct fake_sent *call = &s->fake.sent[i - 1];
        if (!call->answered && str_ends(str_of(call->url), str_of(method))) {
            call->answered = true;
            struct http_reply *answer = ARENA_NEW(s->arena, struct http_reply);
            *answer = (struct http_reply){
                .outcome = status != 0 ? HTTP_REPLIED : HTTP_NOT_SENT,
                .status = status,
                .body = str_of(body),
                .fault = "no connection",
            };
            s->signs[s->sign_count++] =
                (struct sign){.kind = SIGN_REPLY, .ticket = call->ticket, .reply = answer};
            return;
        }
    }
    fail_msg("%s was not called", method);
}

static void pass(struct scene *s, int64_t ms) {
    s->fake.now_ms += ms;
    (void)engine_turn(s->engine);
}

static uint64_t events(const struct scene *s) {
    struct engine_stats stats;
    engine_stats(s->engine, &stats);
    return stats.events - s->born_events;
}

#define SET_OK "{\"ok\":true,\"result\":true,\"description\":\"Webhook was set\"}"
#define INFO_OK                                                                                    \
    "{\"ok\":true,\"result\":{\"url\":\"https://shop.example/hook/k7?x=1\","                       \
    "\"has_custom_certificate\":false,\"pending_update_count\":0}}"

/* ---- when the 200 is said ---- */

static void update_is_answered_200_without_a_body_only_after_the_commit(void **state) {
    struct scene *s = *state;
    s->syncs = 0;
    uint64_t ticket = bring_start(s, 11, 101);
    pass(s, 1);
    assert_int_equal(s->syncs, 1);
    assert_int_equal(s->answered_in_sync, 0);
    assert_int_equal(s->status[ticket], 200);
    assert_int_equal(s->bodies, 0);
    assert_int_equal(sent(s, "/sendMessage"), 1);
}

static void
update_is_answered_503_when_the_store_refuses_and_counts_when_it_comes_again(void **state) {
    struct scene *s = *state;
    s->sync_failures = 1;
    uint64_t first = bring_start(s, 11, 101);
    pass(s, 1);
    assert_int_equal(s->status[first], 503);
    assert_int_equal(sent(s, "/sendMessage"), 0);
    uint64_t soon = bring_start(s, 11, 101); /* while the store is given its rest */
    pass(s, 1);
    assert_int_equal(s->status[soon], 503);
    uint64_t later = bring_start(s, 11, 101);
    pass(s, 2000);
    assert_int_equal(s->status[later], 200);
    assert_int_equal(sent(s, "/sendMessage"), 1);
}

static void update_that_comes_again_is_answered_200_and_changes_nothing(void **state) {
    struct scene *s = *state;
    uint64_t first = bring_start(s, 11, 101), beside = bring_start(s, 11, 101);
    pass(s, 1);
    uint64_t later = bring_start(s, 11, 101);
    pass(s, 1);
    assert_int_equal(s->status[first], 200);
    assert_int_equal(s->status[beside], 200);
    assert_int_equal(s->status[later], 200);
    assert_int_equal(sent(s, "/sendMessage"), 1);
}

static void updates_of_one_turn_share_its_commit(void **state) {
    struct scene *s = *state;
    s->syncs = 0;
    for (int i = 0; i < 40; i++) {
        (void)bring_start(s, 100 + i, 1000 + i);
    }
    pass(s, 1);
    assert_int_equal(s->syncs, 1);
    assert_int_equal(answers(), 40);
}

static void what_cannot_be_read_is_answered_200_so_that_it_does_not_come_again(void **state) {
    static const char *const bodies[] = {"",
                                         "{",
                                         "null",
                                         "[]",
                                         "{}",
                                         "\xff",
                                         "{\"update_id\":\"a\"}",
                                         "{\"update_id\":1,\"never_heard_of\":{}}",
                                         "{\"update_id\":2,\"message\":[]}"};
    struct scene *s = *state;
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        (void)bring(s, str_of(bodies[i]));
    }
    uint64_t good = bring_start(s, 11, 101);
    pass(s, 1);
    for (uint64_t ticket = 0; ticket <= good; ticket++) {
        assert_int_equal(s->status[ticket], 200);
    }
    assert_int_equal(events(s), 1);
}

/* ---- who is let in ---- */

static void who_does_not_know_path_and_secret_is_refused_and_nothing_is_touched(void **state) {
    static const struct {
        const char *method, *path, *secret;
        int status;
    } strangers[] = {
        {"POST", "/hook/k7", NULL, 401},
        {"POST", "/hook/k7", "", 401},
        {"POST", "/hook/k7", SECRET "x", 401},
        {"POST", "/hook/k7", "shown-by-telegraM", 401},
        {"POST", "/", SECRET, 404},
        {"POST", "/hook/k7/", SECRET, 404},
        {"POST", "/hook/K7", SECRET, 404},
        {"POST", "//hook/k7", SECRET, 404},
        {"GET", "/hook/k7", SECRET, 405},
    };
    struct scene *s = *state;
    s->syncs = 0;
    struct str body = STR("{\"update_id\":5,\"message\":{\"message_id\":1,\"date\":1,"
                          "\"chat\":{\"id\":7,\"type\":\"private\"},\"from\":{\"id\":7,"
                          "\"is_bot\":false,\"first_name\":\"M\"},\"text\":\"/start\"}}");
    for (size_t i = 0; i < GB_COUNT(strangers); i++) {
        uint64_t ticket =
            call(s, strangers[i].method, strangers[i].path, strangers[i].secret, body);
        pass(s, 1);
        assert_int_equal(s->status[ticket], strangers[i].status);
    }
    assert_int_equal(s->syncs, 0);
    assert_int_equal(events(s), 0);
    assert_int_equal(sent(s, "/sendMessage"), 0);
}

/* ---- what Telegram is told ---- */

static void telegram_is_told_where_to_and_no_poll_is_made(void **state) {
    struct scene *s = *state;
    pass(s, 0);
    assert_int_equal(sent(s, "/setWebhook"), 1);
    for (size_t i = 0; i < s->fake.count; i++) {
        if (str_ends(str_of(s->fake.sent[i].url), STR("/setWebhook"))) {
            assert_string_equal(
                s->fake.sent[i].body,
                "{\"url\":\"https://shop.example/hook/k7?x=1\",\"secret_token\":\"" SECRET "\","
                "\"max_connections\":40,\"allowed_updates\":" TELEGRAM_ALLOWED_UPDATES "}");
        }
    }
    reply(s, "/setWebhook", 200, SET_OK);
    for (int i = 0; i < 10; i++) {
        pass(s, 100000);
    }
    assert_int_equal(sent(s, "/getUpdates"), 0);
    assert_int_equal(sent(s, "/setWebhook"), 1);
}

static void setting_is_tried_again_later_and_later(void **state) {
    struct scene *s = *state;
    pass(s, 0);
    reply(s, "/setWebhook", 0, "");
    pass(s, 1);
    assert_int_equal(sent(s, "/setWebhook"), 1);
    pass(s, 1000);
    assert_int_equal(sent(s, "/setWebhook"), 2);
    reply(s, "/setWebhook", 502, "<html>");
    pass(s, 1);
    pass(s, 1000);
    assert_int_equal(sent(s, "/setWebhook"), 2);
    pass(s, 1000);
    assert_int_equal(sent(s, "/setWebhook"), 3);
    reply(s, "/setWebhook", 429,
          "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 60\","
          "\"parameters\":{\"retry_after\":60}}");
    pass(s, 1);
    pass(s, 59000);
    assert_int_equal(sent(s, "/setWebhook"), 3);
    pass(s, 1000);
    assert_int_equal(sent(s, "/setWebhook"), 4);
    /* The owner may mend it. */
    reply(s, "/setWebhook", 400,
          "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: bad webhook: x\"}");
    pass(s, 1);
    pass(s, 30000);
    assert_int_equal(sent(s, "/setWebhook"), 5);
    assert_int_equal(engine_exit_status(s->engine), 0);
}

static void token_that_is_no_good_ends_the_program(void **state) {
    struct scene *s = *state;
    pass(s, 0);
    reply(s, "/setWebhook", 401,
          "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}");
    assert_false(engine_turn(s->engine));
    assert_int_equal(engine_exit_status(s->engine), 1);
}

static void webhook_that_somebody_took_away_is_set_again(void **state) {
    struct scene *s = *state;
    pass(s, 0);
    reply(s, "/setWebhook", 200, SET_OK);
    pass(s, 1);
    pass(s, 30000);
    assert_int_equal(sent(s, "/getWebhookInfo"), 1);
    reply(s, "/getWebhookInfo", 200, INFO_OK);
    pass(s, 1);
    pass(s, 299000);
    assert_int_equal(sent(s, "/getWebhookInfo"), 1);
    pass(s, 1000);
    assert_int_equal(sent(s, "/getWebhookInfo"), 2);
    assert_int_equal(sent(s, "/setWebhook"), 1);
    reply(s, "/getWebhookInfo", 200,
          "{\"ok\":true,\"result\":{\"url\":\"\",\"pending_update_count\":3}}");
    pass(s, 1);
    assert_int_equal(sent(s, "/setWebhook"), 2);
}

/* ---- the end, and the beginning ---- */

static void on_the_way_out_new_callers_are_sent_away_and_the_webhook_stays(void **state) {
    struct scene *s = *state;
    uint64_t in_hand = bring_start(s, 11, 101);
    pass(s, 1);
    assert_int_equal(s->status[in_hand], 200);
    signal_comes(s, SIGTERM);
    uint64_t late = bring_start(s, 12, 102);
    assert_true(engine_turn(s->engine)); /* calls are under way */
    assert_int_equal(s->status[late], 503);
    size_t calls = s->fake.count;
    s->fake.now_ms += 1000;
    (void)engine_turn(s->engine);
    s->fake.now_ms += 500;
    assert_false(engine_turn(s->engine));
    assert_int_equal(s->fake.count, calls);
    assert_int_equal(engine_exit_status(s->engine), 0);
}

static void door_that_cannot_be_opened_is_named(void **state) {
    struct scene *s = *state;
    struct str why;
    s->listen_why = "the port is in use";
    assert_int_equal(open_engine(s, &why), GB_UNAVAILABLE);
    assert_string_equal(arena_cstr(s->arena, why), "webhook: 127.0.0.1:8443: the port is in use");
}

static void secret_that_is_not_given_follows_from_store_and_token(void **state) {
    struct scene *s = *state;
    static const uint8_t key[SHA256_BYTES] = {1}, other_key[SHA256_BYTES] = {2};
    struct config config = {
        .webhook = {.url = STR("https://shop.example"), .listen = STR("127.0.0.1:8443")}};
    struct endpoint endpoint = {.secret = STR(TOKEN)}, other = {.secret = STR("1:another")};
    struct hook first = {0}, again = {0}, other_store = {0}, other_token = {0};
    struct str why;
    struct world *world = &s->fake.world;
    assert_int_equal(hook_open(&first, world, &config, &endpoint, key, s->arena, &why), GB_OK);
    assert_int_equal(hook_open(&again, world, &config, &endpoint, key, s->arena, &why), GB_OK);
    assert_int_equal(hook_open(&other_store, world, &config, &endpoint, other_key, s->arena, &why),
                     GB_OK);
    assert_int_equal(hook_open(&other_token, world, &config, &other, key, s->arena, &why), GB_OK);
    assert_int_equal(strlen(first.secret), 64);
    assert_int_equal(strspn(first.secret, "0123456789abcdef"), 64);
    assert_string_equal(first.secret, again.secret);
    assert_string_not_equal(first.secret, other_store.secret);
    assert_string_not_equal(first.secret, other_token.secret);
    assert_true(str_is(first.path, "/"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(update_is_answered_200_without_a_body_only_after_the_commit),
        TEST(update_is_answered_503_when_the_store_refuses_and_counts_when_it_comes_again),
        TEST(update_that_comes_again_is_answered_200_and_changes_nothing),
        TEST(updates_of_one_turn_share_its_commit),
        TEST(what_cannot_be_read_is_answered_200_so_that_it_does_not_come_again),
        TEST(who_does_not_know_path_and_secret_is_refused_and_nothing_is_touched),
        TEST(telegram_is_told_where_to_and_no_poll_is_made),
        TEST(setting_is_tried_again_later_and_later),
        TEST(token_that_is_no_good_ends_the_program),
        TEST(webhook_that_somebody_took_away_is_set_again),
        TEST(on_the_way_out_new_callers_are_sent_away_and_the_webhook_stays),
        cmocka_unit_test_setup_teardown(door_that_cannot_be_opened_is_named, set_up_closed,
                                        tear_down),
        cmocka_unit_test_setup_teardown(secret_that_is_not_given_follows_from_store_and_token,
                                        set_up_closed, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* play.c: see play.h. */
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ADMIN_PATH  "Qm3xTz9AdmPath7"
#define CLIENT_PATH "u8KdLw2CliPath5"
#define OWNER       "11111111-1111-4111-8111-111111111111"

static const uint8_t seed[SHA256_BYTES] = {1, 2, 3};

int play_begin(void **state) {
    struct arena *arena = arena_new(1 << 20, 1 << 30);
    struct play *play = ARENA_NEW(arena, struct play);
    play->arena = arena;
    play->now = (struct moment){PLAY_START, 1000000};
    play->telegram = telegram_new(
        &(struct telegram_options){STR(PLAY_TOKEN), STR("sandbox_shop_bot"), seed, &play->faults});
    play->panel = hiddify_new(&(struct hiddify_options){.admin_path = STR(ADMIN_PATH),
                                                        .client_path = STR(CLIENT_PATH),
                                                        .owner = STR(OWNER),
                                                        .seed = seed,
                                                        .faults = &play->faults,
                                                        .born_ms = PLAY_START});
    play->pay = testpay_new(
        &(struct testpay_options){STR("pay-key"), STR("http://127.0.0.1:9"), seed, &play->faults});
    *state = play;
    return 0;
}

int play_end(void **state) {
    struct play *play = *state;
    telegram_free(play->telegram);
    hiddify_free(play->panel);
    testpay_free(play->pay);
    fault_plan_clear(&play->faults);
    arena_free(play->arena);
    return 0;
}

void play_pass(struct play *play, int64_t ms) {
    play->now.wall_ms += ms;
    play->now.mono_ms += ms;
}

struct str play_format(struct play *play, const char *format, ...) {
    char text[8192];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    assert_true(n >= 0 && n < (int)sizeof text);
    return arena_copy(play->arena, str_of(text));
}

static struct visit visit_of(struct play *play, const struct http_incoming *request) {
    play->ticket = ++play->next_ticket;
    play->response = (struct http_response){0};
    return (struct visit){play->ticket, request, play->now, play->arena};
}

const struct json *play_bot(struct play *play, const char *method, const char *json) {
    struct http_incoming request = {
        .method = HTTP_POST,
        .method_name = "POST",
        .path = arena_printf(play->arena, "/bot%s/%s", PLAY_TOKEN, method),
        .content_type = STR("application/json"),
        .body = str_of(json),
    };
    struct visit visit = visit_of(play, &request);
    play->verdict = telegram_handle(play->telegram, &visit, &play->response);
    const struct json *root = NULL;
    if (play->verdict == MODEL_ANSWERS && !play->response.drop) {
        assert_int_equal(json_parse(play->arena, play->response.body, &root, NULL), GB_OK);
    }
    return root;
}

struct str play_bot_refusal(struct play *play, const char *method, const char *json) {
    const struct json *answer = play_bot(play, method, json);
    return json_str_or(answer, "description", STR_NONE);
}

struct tg_user *play_user(struct play *play, const char *name) {
    struct tg_user *user = tg_user_by_name(play->telegram, str_of(name));
    return user != NULL ? user : tg_user_new(play->telegram, 0, str_of(name));
}

struct tg_user *play_started(struct play *play, const char *name) {
    struct tg_user *user = play_user(play, name);
    int64_t id;
    assert_int_equal(
        telegram_say(play->telegram, &play->now, play->arena, user, STR("/start"), &id), GB_OK);
    (void)play_updates(play);
    return user;
}

const struct json *play_updates(struct play *play) {
    play_pass(play, 10000); /* not in a hurry */
    const struct json *answer = play_bot(play, "getUpdates", "{\"offset\":0}");
    if (play->verdict == MODEL_HOLDS) {
        play_pass(play, 10000);
        uint64_t ticket;
        assert_true(
            telegram_next_answer(play->telegram, play->now, play->arena, &ticket, &play->response));
        assert_int_equal(json_parse(play->arena, play->response.body, &answer, NULL), GB_OK);
    }
    const struct json *updates = json_at(answer, "result");
    for (const struct json *u = json_first(updates); u != NULL; u = json_next(u)) {
        struct str next = play_format(play, "{\"offset\":%" PRId64 ",\"timeout\":1}",
                                      json_i64_or(u, "update_id", 0) + 1);
        (void)play_bot(play, "getUpdates", next.p);
    }
    return updates;
}

struct str play_panel_as(struct play *play, const struct play_headers *h, const char *method,
                         const char *path, const char *body) {
    struct http_header headers[3];
    size_t count = 0;
    headers[count++] = (struct http_header){STR("user-agent"), str_of(h->agent)};
    headers[count++] = (struct http_header){STR("accept"), str_of(h->accept)};
    if (h->key != NULL) {
        headers[count++] = (struct http_header){STR("hiddify-api-key"), str_of(h->key)};
    }
    enum http_method number = HTTP_OTHER;
    for (int m = HTTP_GET; m <= HTTP_DELETE; m++) {
        number = strcmp(http_method_name((enum http_method)m), method) == 0 ? (enum http_method)m
                                                                            : number;
    }
    struct http_incoming request = {
        .method = number,
        .method_name = method,
        .path = str_of(path),
        .content_type = body != NULL ? STR("application/json") : STR_NONE,
        .body = str_of(body),
        .headers = headers,
        .header_count = count,
    };
    struct visit visit = visit_of(play, &request);
    play->verdict = hiddify_handle(play->panel, &visit, &play->response);
    return play->response.body;
}

struct str play_panel(struct play *play, const char *method, const char *path, const char *body) {
    return play_panel_as(play, &(struct play_headers){OWNER, "application/json", "hidclient/1.0"},
                         method, arena_printf(play->arena, "/%s/%s", ADMIN_PATH, path).p, body);
}

struct str play_pay(struct play *play, const char *method, const char *path, const char *key,
                    const char *body) {
    struct http_header headers[2] = {{STR("Authorization"), STR("Bearer pay-key")},
                                     {STR("Idempotence-Key"), str_of(key)}};
    struct http_incoming request = {
        .method = strcmp(method, "POST") == 0 ? HTTP_POST : HTTP_GET,
        .method_name = method,
        .path = str_of(path),
        .content_type = STR("application/json"),
        .body = str_of(body),
        .headers = headers,
        .header_count = key != NULL ? 2 : 1,
    };
    struct visit visit = visit_of(play, &request);
    play->verdict = testpay_handle(play->pay, &visit, &play->response);
    return play->response.body;
}

struct str play_header(const struct play *play, const char *name) {
    for (size_t i = 0; i < play->response.header_count; i++) {
        if (str_equal_nocase(play->response.headers[i].name, str_of(name))) {
            return play->response.headers[i].value;
        }
    }
    return STR_NONE;
}

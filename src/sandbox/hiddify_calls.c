/* hiddify_calls.c: what the panel does and shows: users, its owner, figures, the buyers' page.
 *
 * Each function is one route of hiddify_model.c and writes one response. Users are few and found by
 * looking at all of them, as the order of the list is that of their ids.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "sandbox/hiddify_inside.h"
#include "sandbox/keep.h"

#define VERSION "12.3.0"

/* ---- answers */

void panel_answer(struct panel_call *call, int status, struct str body) {
    response_json(call->response, status, arena_printf(call->arena, STR_FMT "\n", STR_ARG(body)));
}

/* The shape depends on what the caller accepts: who takes anything gets the short one. */
static void refuse_with(struct panel_call *call, int status, const char *text, struct str detail) {
    struct str accept = visit_header(call->visit, "Accept");
    bool plain = accept.n == 0 || (str_find_str(accept, STR("html")) == accept.n &&
                                   str_find_str(accept, STR("*/*")) == accept.n);
    tally_add(&call->model->refused, str_of(call->visit->request->method_name), str_of(text));
    if (plain) {
        panel_answer(call, status,
                     arena_printf(call->arena, "{\"detail\":" STR_FMT ",\"message\":\"%s\"}",
                                  STR_ARG(detail), text));
    } else {
        panel_answer(call, status, arena_printf(call->arena, "{\"msg\":\"%s\"}", text));
    }
}

void panel_refuse(struct panel_call *call, int status, const char *text) {
    refuse_with(call, status, text, STR("{}"));
}

/* What escapes as an exception is a 500 around its text, whatever the caller accepts. */
void panel_blow_up(struct panel_call *call, const char *text) {
    tally_add(&call->model->refused, str_of(call->visit->request->method_name), str_of(text));
    panel_answer(call, 500, arena_printf(call->arena, "{\"msg\":\"%s\"}", text));
}

/* ---- users */

struct hiddify_user *panel_find(const struct hiddify_model *model, struct str uuid) {
    for (size_t i = 0; i < model->count; i++) {
        if (str_equal_nocase(model->users[i]->uuid, uuid)) {
            return model->users[i];
        }
    }
    return NULL;
}

int64_t panel_today(const struct hiddify_model *model, int64_t wall_ms) {
    return clock_day(wall_ms, model->zone_offset_min);
}

static void answer_user(struct panel_call *call, const struct hiddify_user *user) {
    struct buf buf;
    buf_init(&buf, call->arena, 1 << 20);
    hiddify_write_user(&buf, call->arena, user, call->today);
    panel_answer(call, 200, buf_str(&buf));
}

struct str hiddify_list(const struct hiddify_model *model, const struct moment *now,
                        struct arena *arena) {
    struct buf buf;
    buf_init(&buf, arena, 64 << 20);
    buf_add_text(&buf, "[");
    for (size_t i = 0; i < model->count; i++) {
        buf_add_text(&buf, i > 0 ? "," : "");
        hiddify_write_user(&buf, arena, model->users[i], panel_today(model, now->wall_ms));
    }
    buf_add_text(&buf, "]");
    return buf_str(&buf);
}

void panel_list_users(struct panel_call *call) {
    if (call->model->count == 0) {
        panel_refuse(call, 404, "You have no user");
        return;
    }
    panel_answer(call, 200, hiddify_list(call->model, &call->visit->now, call->arena));
}

/* The JSON body; *ret_body NULL when it was sent as anything else. False: refused already. */
static bool read_body(struct panel_call *call, bool create, const struct json **ret_body) {
    const struct http_incoming *request = call->visit->request;
    struct str type = str_sub(request->content_type, 0, str_find(request->content_type, ';'));
    struct str errors;
    *ret_body = NULL;
    if (str_equal_nocase(str_trim(type), STR("application/json")) &&
        json_parse(call->arena, request->body, ret_body, NULL) != GB_OK) {
        panel_blow_up(call,
                      "400 Bad Request: The browser (or proxy) sent a request that this server "
                      "could not understand.");
        return false;
    }
    if (!hiddify_validate(call->arena, *ret_body, create, &errors)) {
        refuse_with(call, 422, "Validation error",
                    arena_printf(call->arena, "{\"json\":" STR_FMT "}", STR_ARG(errors)));
        return false;
    }
    return true;
}

void panel_change(struct hiddify_user *user, const struct json *body) {
    struct str uuid = json_str_or(body, "uuid", STR_NONE);
    if (hiddify_uuid_is_fine(uuid)) {
        keep_replace(&user->uuid, uuid); /* any other one is dropped without a word */
    }
    hiddify_apply(user, body);
}

struct hiddify_user *panel_add(struct hiddify_model *model, struct arena *arena,
                               const struct json *body) {
    if (model->count >= HIDDIFY_USERS_MAX) {
        return NULL;
    }
    struct hiddify_user *user =
        hiddify_user_new(arena, &model->rng, model->next_id++, model->owner, model->reset_day);
    panel_change(user, body);
    model->users =
        keep_grow(model->users, model->count, &model->capacity, sizeof(struct hiddify_user *));
    model->users[model->count++] = user;
    return user;
}

void panel_create_user(struct panel_call *call) {
    struct hiddify_model *model = call->model;
    const struct json *body;
    if (!read_body(call, true, &body)) {
        return;
    }
    struct str uuid = json_str_or(body, "uuid", STR_NONE);
    if (panel_find(model, uuid) != NULL) {
        panel_refuse(call, 400, "The user exists");
        return;
    }
    struct hiddify_user *user = panel_add(model, call->arena, body);
    if (user == NULL) {
        panel_blow_up(call, "the sandbox's panel is full");
        return;
    }
    answer_user(call, user);
}

void panel_get_user(struct panel_call *call) {
    const struct hiddify_user *user = panel_find(call->model, call->uuid);
    if (user == NULL) {
        panel_refuse(call, 404, "User not found");
        return;
    }
    answer_user(call, user);
}

void panel_patch_user(struct panel_call *call) {
    const struct json *body;
    if (!read_body(call, false, &body)) {
        return;
    }
    struct hiddify_user *user = panel_find(call->model, call->uuid);
    if (user == NULL) {
        panel_refuse(call, 404, "user not found");
        return;
    }
    struct str uuid = json_str_or(body, "uuid", STR_NONE);
    struct hiddify_user *holder = panel_find(call->model, uuid);
    if (holder != NULL && holder != user) {
        panel_blow_up(call, "(sqlite3.IntegrityError) UNIQUE constraint failed: user.uuid");
        return;
    }
    panel_change(user, body);
    answer_user(call, user);
}

void panel_drop(struct hiddify_model *model, struct hiddify_user *user) {
    size_t left = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (model->users[i] != user) {
            model->users[left++] = model->users[i];
        }
    }
    model->count = left;
    hiddify_user_free(user);
}

void panel_delete_user(struct panel_call *call) {
    struct hiddify_model *model = call->model;
    struct hiddify_user *user = panel_find(model, call->uuid);
    if (user == NULL) {
        panel_refuse(call, 404, "user not found");
        return;
    }
    panel_drop(model, user);
    panel_answer(call, 200, STR("{\"msg\":\"ok\",\"status\":200}"));
}

/* ---- other calls */

void panel_admin_me(struct panel_call *call) {
    panel_answer(call, 200,
                 arena_printf(call->arena,
                              "{\"can_add_admin\":false,\"comment\":\"\",\"lang\":\"en\",\"mode\":"
                              "\"super_admin\",\"name\":\"Owner\",\"parent_admin_uuid\":\"" STR_FMT
                              "\",\"telegram_id\":0,\"uuid\":\"" STR_FMT "\"}",
                              STR_ARG(call->model->owner), STR_ARG(call->model->owner)));
}

/* JSON served as HTML, as the panel does. */
void panel_update_usage(struct panel_call *call) {
    response_typed(call->response, 200, STR("text/html; charset=utf-8"),
                   arena_printf(call->arena,
                                "{\n  \"status\": \"success\",\n  \"comments\": [],\n  \"date\": "
                                "\"" STR_FMT " 06:00:00\"\n}",
                                STR_ARG(clock_show_date(call->arena, call->today))));
}

void panel_info(struct panel_call *call) {
    panel_answer(call, 200, STR("{\"version\":\"" VERSION "\"}"));
}

void panel_ping(struct panel_call *call) {
    panel_answer(
        call, 200,
        arena_printf(call->arena, "{\"msg\":\"%s: PONG\"}", call->visit->request->method_name));
}

struct str panel_host(const struct panel_call *call) {
    struct str host = visit_header(call->visit, "Host");
    return host.n > 0 ? host : STR("panel.example.org");
}

static struct str page_url(struct panel_call *call, const struct hiddify_user *user) {
    return arena_printf(call->arena, "http://" STR_FMT "/" STR_FMT "/" STR_FMT "/",
                        STR_ARG(panel_host(call)), STR_ARG(call->model->client_path),
                        STR_ARG(user->uuid));
}

void panel_user_me(struct panel_call *call) {
    const struct hiddify_user *user = call->self;
    struct str client = call->model->client_path;
    struct buf b;
    buf_init(&b, call->arena, 1 << 20);
    buf_add_text(&b, "{\"admin_message_html\":\"\",\"admin_message_url\":\"\",");
    buf_printf(&b, "\"brand_icon_url\":\"/" STR_FMT "/static/images/favicon.ico\",",
               STR_ARG(client));
    buf_printf(&b,
               "\"brand_title\":\"Hiddify\",\"doh\":\"http://" STR_FMT "/" STR_FMT
               "/dns/dns-query\",\"lang\":",
               STR_ARG(panel_host(call)), STR_ARG(client));
    hiddify_quote(&b, user->lang);
    buf_printf(&b, ",\"profile_remaining_days\":%" PRId64 ",\"profile_reset_days\":10000,",
               hiddify_days_left(user, call->today));
    buf_add_text(&b, "\"profile_title\":");
    hiddify_quote(&b, user->name);
    buf_add_text(&b, ",\"profile_url\":");
    hiddify_quote(&b, page_url(call, user));
    buf_add_text(&b, ",\"profile_usage_current\":");
    hiddify_float(&b, (double)user->used_bytes / HIDDIFY_GIGABYTE);
    buf_add_text(&b, ",\"profile_usage_total\":");
    hiddify_float(&b, (double)user->limit_bytes / HIDDIFY_GIGABYTE);
    buf_add_text(&b, ",\"speedtest_enable\":true,\"telegram_bot_url\":\"\",\"telegram_id\":");
    if (user->telegram_id == 0) {
        buf_add_text(&b, "null");
    } else {
        buf_add_i64(&b, user->telegram_id);
    }
    buf_add_text(&b, ",\"telegram_proxy_enable\":true}");
    panel_answer(call, 200, buf_str(&b));
}

/* ---- the buyers' page: links for an application, a page for a browser */

struct http_header panel_header(const char *name, struct str value) {
    return (struct http_header){str_of(name), value};
}

static void page_headers(struct panel_call *call, const struct hiddify_user *user) {
    struct arena *arena = call->arena;
    int64_t end_s = (call->today + hiddify_days_left(user, call->today)) * 86400;
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, 5);
    headers[0] = panel_header(
        "Subscription-Userinfo",
        arena_printf(arena, "upload=0;download=%" PRId64 ";total=%" PRId64 ";expire=%" PRId64,
                     user->used_bytes, user->limit_bytes, end_s));
    headers[1] = panel_header("profile-web-page-url", page_url(call, user));
    headers[2] = panel_header("support-url", STR("https://t.me/hiddify"));
    headers[3] = panel_header("profile-update-interval", STR("1"));
    headers[4] =
        panel_header("profile-title", arena_printf(arena, "base64:" STR_FMT,
                                                   STR_ARG(base64_encode(arena, user->name))));
    call->response->headers = headers;
    call->response->header_count = 5;
}

void panel_user_page(struct panel_call *call) {
    struct hiddify_user *user = panel_find(call->model, call->key_uuid);
    struct arena *arena = call->arena;
    if (user == NULL) {
        struct http_header *headers = ARENA_ARRAY(arena, struct http_header, 1);
        headers[0] =
            panel_header("Location", arena_printf(arena, "/" STR_FMT "/?force=1&redirect=/",
                                                  STR_ARG(call->model->client_path)));
        response_typed(call->response, 302, STR("text/html; charset=utf-8"), STR_NONE);
        call->response->headers = headers;
        call->response->header_count = 1;
        return;
    }
    struct str links =
        hiddify_user_is_active(user, call->today)
            ? arena_printf(arena, "vless://" STR_FMT "@" STR_FMT "?security=tls&type=ws#sandbox\n",
                           STR_ARG(user->uuid), STR_ARG(panel_host(call)))
            : STR("trojan://1@1.1.1.1#\xe2\x9c\x96 Package Ended\n");
    struct str agent = visit_header(call->visit, "User-Agent");
    if (str_is(call->rest, "") && str_starts(agent, STR("Mozilla"))) {
        response_typed(call->response, 200, STR("text/html; charset=utf-8"),
                       arena_printf(arena,
                                    "<!DOCTYPE html><html><head><title>Hiddify</title></head>"
                                    "<body><pre>" STR_FMT "</pre></body></html>\n",
                                    STR_ARG(links)));
    } else {
        bool bare = str_starts(call->rest, STR("sub/")) || str_starts(call->rest, STR("all.txt"));
        response_typed(call->response, 200, STR("text/plain; charset=utf-8"),
                       bare ? links : base64_encode(arena, links));
    }
    page_headers(call, user);
}

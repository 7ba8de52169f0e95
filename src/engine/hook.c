#include "engine/hook.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "io/world.h"
#include "state/config.h"
#include "telegram/calls.h"
#include "telegram/telegram.h"
#include "telegram/update.h"

#define TICKET_HOOK   (UINT64_C(1) << 62) /* neither lanes' tickets nor the poll's have this bit */
#define SECRET_HEADER STR("X-Telegram-Bot-Api-Secret-Token")
#define WAIT_MS_MIN   GB_SECOND_MS
#define WAIT_MS_MAX   (30 * GB_SECOND_MS)
#define FIRST_LOOK_MS (30 * GB_SECOND_MS)
#define LOOK_MS       (5 * GB_MINUTE_MS)
#define STRANGERS_MS  GB_MINUTE_MS
/* Bodies grow when they are parsed: with so much in hand the next caller is asked to come again. */
#define TURN_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct hook_caller {
    struct hook_caller *next;
    uint64_t ticket;
};

/* ---- the door ---- */

/* From the first slash behind the host to the query; "/" when there is none, as in a request. */
static struct str path_of(struct str url) {
    struct str rest = str_sub(url, str_find_str(url, STR("://")) + 3, url.n);
    rest = str_sub(rest, 0, str_find(rest, '?'));
    struct str path = str_sub(rest, str_find(rest, '/'), rest.n);
    return path.n > 0 ? path : STR("/");
}

static struct str keep(char *to, size_t room, struct str text) {
    gb_assert(text.n < room);
    memcpy(to, text.p, text.n);
    to[text.n] = '\0';
    return (struct str){to, text.n};
}

/* 64 hex digits that follow from the store and the token, and lead back to neither. */
static struct str make_secret(const struct endpoint *endpoint, const uint8_t key[SHA256_BYTES],
                              struct arena *arena) {
    uint8_t digest[SHA256_BYTES];
    hmac_sha256((struct str){(const char *)key, SHA256_BYTES},
                arena_printf(arena, "webhook " STR_FMT, STR_ARG(endpoint->secret)), digest);
    struct str text = hex_encode(arena, digest, sizeof digest);
    crypto_wipe(digest, sizeof digest);
    return text;
}

enum gb_err hook_open(struct hook *hook, struct world *world, const struct config *config,
                      const struct endpoint *endpoint, const uint8_t key[SHA256_BYTES],
                      struct arena *arena, struct str *reterr_why) {
    if (config->webhook.url.n == 0) {
        return GB_OK;
    }
    struct str host, secret = secret_reveal(config->webhook.secret);
    int port, bound_port;
    const char *why = "not an address and a port";
    enum gb_err err = config_address(config->webhook.listen, &host, &port);
    if (err == GB_OK) {
        err = world->ops->listen(world, arena_cstr(arena, host), port, HOOK_DOOR, HOOK_BODY_MAX,
                                 &bound_port, &why);
    }
    if (err != GB_OK) {
        *reterr_why =
            arena_printf(arena, "webhook: " STR_FMT ": %s", STR_ARG(config->webhook.listen), why);
        return GB_UNAVAILABLE;
    }
    *hook = (struct hook){
        .world = world,
        .endpoint = endpoint,
        .open = true,
        .connections = config->webhook.connections,
    };
    hook->path = path_of(keep(hook->url, sizeof hook->url, config->webhook.url));
    secret = secret.n > 0 ? secret : make_secret(endpoint, key, arena);
    log_hide(keep(hook->secret, sizeof hook->secret, secret));
    return GB_OK;
}

/* ---- telling Telegram ---- */

static struct call call_of(const struct hook *hook, struct arena *arena) {
    struct call call = {.kind = STR("getWebhookInfo"), .body = STR("{}")};
    if (!hook->is_set) {
        call.kind = STR("setWebhook");
        call.body =
            call_set_webhook(arena, str_of(hook->url), str_of(hook->secret), hook->connections);
    }
    return call;
}

void hook_pump(struct hook *hook, struct arena *arena, int64_t now_ms) {
    if (!hook->open || hook->closing || hook->asking || now_ms < hook->again_ms) {
        return;
    }
    struct arena_mark mark = arena_mark(arena);
    struct call call = call_of(hook, arena);
    struct http_request request = {0};
    enum gb_err err = telegram_codec.build_request(&call, hook->endpoint, arena, &request);
    gb_assert(err == GB_OK);
    hook->ticket = (hook->ticket + 1) | TICKET_HOOK;
    err = hook->world->ops->send(hook->world, &request, STR("telegram"), hook->ticket);
    hook->asking = err == GB_OK;
    hook->again_ms = now_ms + WAIT_MS_MIN;
    arena_reset(arena, mark);
}

int64_t hook_next_ms(const struct hook *hook) {
    return !hook->open || hook->closing || hook->asking ? INT64_MAX : hook->again_ms;
}

/* Its words are told once; what it counts then is how far behind we are. */
static void tell_trouble(struct hook *hook, const struct json *info) {
    int64_t error_s = json_i64_or(info, "last_error_date", 0);
    if (error_s > hook->last_error_s) {
        hook->last_error_s = error_s;
        LOG_WARN("telegram_cannot_reach_us",
                 LOG_STR("why", json_str_or(info, "last_error_message", STR_NONE)),
                 LOG_INT("waiting", json_i64_or(info, "pending_update_count", 0)));
    }
}

static void read_info(struct hook *hook, struct str said, struct arena *arena, int64_t now_ms) {
    const struct json *info;
    if (json_parse(arena, said, &info, NULL) != GB_OK) {
        return;
    }
    if (!str_is(json_str_or(info, "url", STR_NONE), hook->url)) {
        LOG_WARN("webhook_was_changed", LOG_TEXT("now", "it is set again"));
        hook->is_set = false;
        hook->again_ms = now_ms;
        return;
    }
    tell_trouble(hook, info);
}

static void call_done(struct hook *hook, struct str said, struct arena *arena, int64_t now_ms) {
    hook->failures = 0;
    if (hook->is_set) {
        hook->again_ms = now_ms + LOOK_MS;
        read_info(hook, said, arena, now_ms);
        return;
    }
    hook->is_set = true;
    hook->again_ms = now_ms + FIRST_LOOK_MS;
    LOG_INFO("webhook_is_set", LOG_INT("connections", hook->connections));
}

enum hook_news hook_reply(struct hook *hook, uint64_t ticket, const struct http_reply *reply,
                          struct arena *arena, int64_t now_ms) {
    if ((ticket & TICKET_HOOK) == 0) {
        return HOOK_NOT_OURS;
    }
    if (!hook->asking || ticket != hook->ticket) {
        return HOOK_NOTHING;
    }
    struct call call = {.kind = hook->is_set ? STR("getWebhookInfo") : STR("setWebhook")};
    struct answer answer = {.reason = ""};
    hook->asking = false;
    telegram_codec.read_reply(&call, hook->endpoint, reply, arena, &answer);
    if (answer.kind == ANSWER_DONE) {
        call_done(hook, answer.said, arena, now_ms);
        return HOOK_NOTHING;
    }
    if (answer.kind == ANSWER_REFUSED && strcmp(answer.reason, "fatal") == 0) {
        LOG_ERROR("telegram_refuses_token", LOG_STR("why", answer.why));
        return HOOK_FATAL;
    }
    int64_t wait_ms = GB_MIN(WAIT_MS_MIN << GB_MIN(hook->failures, 5U), WAIT_MS_MAX);
    wait_ms = GB_MAX(wait_ms, answer.retry_after_ms);
    hook->failures++;
    hook->again_ms = now_ms + wait_ms;
    /* Refused outright it will be refused again, but the owner may mend what is in front of us. */
    LOG_AT(answer.kind == ANSWER_REFUSED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "webhook_call_failed",
           LOG_STR("kind", call.kind), LOG_STR("why", answer.why), LOG_INT("again_in_ms", wait_ms));
    return HOOK_NOTHING;
}

/* ---- who comes ---- */

static void respond(struct hook *hook, uint64_t ticket, int status, struct str name,
                    struct str value) {
    struct http_header header = {name, value};
    struct http_response response = {
        .status = status, .headers = &header, .header_count = name.n > 0};
    /* Who has gone brings it again, and `seen` knows. */
    (void)(hook->world->ops->respond(hook->world, ticket, &response) == GB_OK);
}

static void come_again(struct hook *hook, uint64_t ticket) {
    respond(hook, ticket, 503, STR("Retry-After"), STR("1"));
}

static void log_stranger(struct hook *hook, int64_t now_ms, const char *why) {
    hook->strangers++;
    int64_t since_ms = now_ms - hook->strangers_told_ms;
    if (since_ms >= 0 && since_ms < STRANGERS_MS) {
        return; /* counted, and told with the next line */
    }
    LOG_WARN("webhook_stranger", LOG_TEXT("why", why), LOG_INT("count", hook->strangers));
    hook->strangers = 0;
    hook->strangers_told_ms = now_ms;
}

static struct str header_of(const struct http_incoming *request, struct str name) {
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_equal_nocase(request->headers[i].name, name)) {
            return request->headers[i].value;
        }
    }
    return STR_NONE;
}

/* A GET is a balancer's or a monitor's look whether somebody is there: nothing to write home about.
 */
static bool is_telegram(struct hook *hook, const struct sign *sign, int64_t now_ms) {
    const struct http_incoming *request = sign->request;
    if (!str_equal(request->path, hook->path)) {
        log_stranger(hook, now_ms, "another path");
        respond(hook, sign->ticket, 404, STR_NONE, STR_NONE);
        return false;
    }
    if (request->method != HTTP_POST) {
        respond(hook, sign->ticket, 405, STR("Allow"), STR("POST"));
        return false;
    }
    if (!crypto_equal(header_of(request, SECRET_HEADER), str_of(hook->secret))) {
        log_stranger(hook, now_ms, "a wrong secret, or none");
        respond(hook, sign->ticket, 401, STR_NONE, STR_NONE);
        return false;
    }
    return true;
}

/* What cannot be read now cannot be read next time: it is passed over, as the poll does. */
static bool read_body(struct str body, struct arena *arena, struct update *ret_update,
                      const struct json **ret_json) {
    const char *why = "no JSON";
    if (json_parse(arena, body, ret_json, NULL) != GB_OK ||
        update_read(arena, *ret_json, ret_update, &why) != GB_OK) {
        LOG_WARN("update_unreadable", LOG_INT("bytes", body.n), LOG_TEXT("why", why));
        return false;
    }
    if (ret_update->kind == UPDATE_UNKNOWN) {
        LOG_WARN("update_passed_over", LOG_INT("update", ret_update->update_id));
        return false;
    }
    return true;
}

bool hook_take(struct hook *hook, const struct sign *sign, struct arena *arena, int64_t now_ms,
               struct update *ret_update, const struct json **ret_json) {
    gb_assert(hook->open && sign->door == HOOK_DOOR);
    if (!is_telegram(hook, sign, now_ms)) {
        return false;
    }
    if (hook->closing || arena_used_bytes(arena) > TURN_BYTES_MAX) {
        come_again(hook, sign->ticket);
        return false;
    }
    if (!read_body(sign->request->body, arena, ret_update, ret_json)) {
        respond(hook, sign->ticket, 200, STR_NONE, STR_NONE);
        return false;
    }
    struct hook_caller *caller = ARENA_NEW(arena, struct hook_caller);
    *caller = (struct hook_caller){hook->callers, sign->ticket};
    hook->callers = caller;
    return true;
}

void hook_settle(struct hook *hook, bool committed) {
    for (const struct hook_caller *caller = hook->callers; caller != NULL; caller = caller->next) {
        if (committed) {
            respond(hook, caller->ticket, 200, STR_NONE, STR_NONE);
        } else {
            come_again(hook, caller->ticket);
        }
    }
    hook->callers = NULL;
}

void hook_stop(struct hook *hook) {
    hook->closing = true;
    if (hook->asking) {
        hook->world->ops->cancel(hook->world, hook->ticket);
    }
}

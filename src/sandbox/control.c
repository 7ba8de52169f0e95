/* control.c: the door of the control interface: paths, who a path segment means, and waiting.
 *
 * Who waits is asked in every turn whether it is over. A shop is taken to be done when it has
 * confirmed the update and changed nothing in the chat for a moment.
 */
#include "sandbox/control.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/control_inside.h"
#include "sandbox/keep.h"

#define QUIET_MS       150  /* after its last change the shop is taken to be done */
#define SILENCE_MS     1000 /* ... and when it heard the update and changed nothing */
#define ID_MAX         (INT64_C(1) << 52)
#define NAME_BYTES_MAX 32

/* ---- answers */

void control_say(struct control_call *call, int status, struct str json) {
    response_json(call->response, status, arena_printf(call->arena, STR_FMT "\n", STR_ARG(json)));
}

static void refuse_into(struct arena *arena, struct http_response *response, int status,
                        struct str why) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_bool(&out, "ok", false);
    json_put_str(&out, "error", why);
    json_close(&out);
    buf_add_text(&buf, "\n");
    response_json(response, status, buf_str(&buf));
}

void control_refuse(struct control_call *call, int status, const char *why) {
    refuse_into(call->arena, call->response, status, str_of(why));
}

void control_text(struct control_call *call, int status, struct str text) {
    response_typed(call->response, status, STR("text/plain; charset=utf-8"), text);
}

/* ---- users */

static bool is_name(struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '_';
        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return text.n > 0 && text.n <= NAME_BYTES_MAX;
}

struct tg_user *control_user(struct control_call *call, struct str name) {
    struct telegram_model *telegram = call->control->is.telegram;
    int64_t id = 0;
    bool by_id = num_i64(name, 1, ID_MAX, &id) == GB_OK;
    if (!by_id && !is_name(name)) {
        control_refuse(call, 400, "a user is a number or a name of letters, digits and _");
        return NULL;
    }
    struct tg_user *user = by_id ? tg_user_by_id(telegram, id) : tg_user_by_name(telegram, name);
    if (user == NULL) {
        user = tg_user_new(telegram, id, by_id ? STR_NONE : name);
    }
    if (user == NULL) {
        control_refuse(call, 409, "too many users");
    }
    return user;
}

/* ---- waiting */

struct waiter *control_wait(struct control_call *call, enum wait_kind kind, struct tg_user *user,
                            int64_t ms_max) {
    struct control *control = call->control;
    if (control->count >= CONTROL_WAITERS_MAX) {
        control_refuse(call, 503, "too many are waiting");
        return NULL;
    }
    struct waiter *waiter = keep_new(sizeof *waiter);
    waiter->kind = kind;
    waiter->ticket = call->visit->ticket;
    waiter->user = user;
    waiter->heard_ms = -1;
    waiter->deadline_ms = call->visit->now.mono_ms + ms_max;
    struct waiter **end = &control->waiters;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = waiter;
    control->count++;
    return waiter;
}

/* When the shop may be taken to be done, if nothing more happens; INT64_MAX: it has not heard. */
static int64_t shop_done_ms(const struct waiter *waiter) {
    if (waiter->heard_ms < 0) {
        return INT64_MAX;
    }
    if (waiter->user->bot_changes == waiter->changes) {
        /* A payment is only noticed when the shop asks: silence says nothing then. */
        return waiter->update_id != 0 ? waiter->heard_ms + SILENCE_MS : INT64_MAX;
    }
    return GB_MAX(waiter->user->bot_changed_ms, waiter->heard_ms) + QUIET_MS;
}

static void listen_for(struct control *control, struct waiter *waiter, struct moment now) {
    if (waiter->kind == WAIT_SHOP && waiter->heard_ms < 0 &&
        (waiter->update_id == 0 ||
         !telegram_update_waits(control->is.telegram, waiter->update_id))) {
        waiter->heard_ms = now.mono_ms;
    }
}

static bool is_ready(struct control *control, struct waiter *waiter, struct moment now) {
    struct str text;
    struct control_bot bot;
    listen_for(control, waiter, now);
    if (now.mono_ms >= waiter->deadline_ms) {
        return true;
    }
    switch (waiter->kind) {
    case WAIT_CHAT:
        return waiter->user->revision > waiter->since;
    case WAIT_SHOP:
        return now.mono_ms >= shop_done_ms(waiter);
    case WAIT_PURCHASE:
        return telegram_purchase(control->is.telegram, now, waiter->query_id, &text) !=
               PURCHASE_ASKED;
    case WAIT_BOT_END:
        control->is.ops->look_at_bot(control->is.ctx, &bot);
        return !bot.alive;
    }
    return true;
}

static void answer_purchase(struct control *control, const struct waiter *waiter, struct moment now,
                            struct arena *arena, struct http_response *response) {
    struct str text;
    enum purchase_state state =
        telegram_purchase(control->is.telegram, now, waiter->query_id, &text);
    if (state == PURCHASE_REFUSED) {
        refuse_into(arena, response, 409, text.n > 0 ? text : STR("the shop refused"));
    } else if (state == PURCHASE_PAID) {
        response_json(response, 200,
                      arena_printf(arena,
                                   "{\"ok\":true,\"kind\":\"stars\",\"query_id\":\"%" PRId64
                                   "\",\"charge_id\":\"" STR_FMT "\"}\n",
                                   waiter->query_id, STR_ARG(text)));
    } else {
        refuse_into(arena, response, 504, STR("the shop has not answered in time"));
    }
}

/* False: it goes on waiting, for something else. */
static bool answer(struct control *control, struct waiter *waiter, struct moment now,
                   struct arena *arena, struct http_response *response) {
    struct str text;
    switch (waiter->kind) {
    case WAIT_CHAT:
        response_json(response, 200, control_chat_json(arena, waiter->user));
        return true;
    case WAIT_SHOP:
        text = control_chat_text(control, arena, waiter->user, waiter->since);
        response_typed(response, 200, STR("text/plain; charset=utf-8"), text);
        return true;
    case WAIT_PURCHASE:
        if (!waiter->as_text) {
            answer_purchase(control, waiter, now, arena, response);
            return true;
        }
        /* What the shop makes of it comes next. */
        waiter->kind = WAIT_SHOP;
        waiter->heard_ms = now.mono_ms;
        waiter->deadline_ms = now.mono_ms + SILENCE_MS * 5;
        return false;
    case WAIT_BOT_END:
        response_json(response, 200, control_bot_json(control, arena));
        return true;
    }
    return true;
}

bool control_next_answer(struct control *control, struct moment now, struct arena *arena,
                         uint64_t *ret_ticket, struct http_response *response) {
    for (struct waiter **place = &control->waiters; *place != NULL; place = &(*place)->next) {
        struct waiter *waiter = *place;
        if (is_ready(control, waiter, now) && answer(control, waiter, now, arena, response)) {
            *ret_ticket = waiter->ticket;
            *place = waiter->next;
            control->count--;
            keep_free(waiter);
            return true;
        }
    }
    return false;
}

int64_t control_next_ms(const struct control *control, struct moment now) {
    int64_t next = INT64_MAX;
    for (const struct waiter *w = control->waiters; w != NULL; w = w->next) {
        next = GB_MIN(next, w->deadline_ms);
        if (w->kind == WAIT_SHOP) {
            next = GB_MIN(next, shop_done_ms(w));
        }
        if (w->kind == WAIT_PURCHASE) {
            next = GB_MIN(next, now.mono_ms + GB_SECOND_MS); /* its end goes by the wall clock */
        }
    }
    return next;
}

/* ---- the door */

static bool split_path(struct control_call *call) {
    struct str path = call->visit->request->path;
    struct str piece;
    while (str_split(&path, '/', &piece)) {
        if (piece.n == 0) {
            continue;
        }
        if (call->part_count == GB_COUNT(call->parts) ||
            http_decode(call->arena, piece, &call->parts[call->part_count]) != GB_OK) {
            return false;
        }
        call->part_count++;
    }
    return true;
}

enum model_verdict control_handle(struct control *control, const struct visit *visit,
                                  struct http_response *response) {
    struct control_call call = {
        .control = control, .visit = visit, .arena = visit->arena, .response = response};
    if (!split_path(&call)) {
        control_refuse(&call, 404, "no such path");
        return MODEL_ANSWERS;
    }
    bool api = call.part_count > 0 && str_is(call.parts[0], "api");
    return api ? control_api(&call) : control_people(&call);
}

struct control *control_new(const struct control_options *options) {
    struct control *control = keep_new(sizeof *control);
    control->is = *options;
    control->is.base_url = keep_text(options->base_url);
    return control;
}

void control_free(struct control *control) {
    if (control == NULL) {
        return;
    }
    while (control->waiters != NULL) {
        struct waiter *waiter = control->waiters;
        control->waiters = waiter->next;
        keep_free(waiter);
    }
    keep_drop(&control->is.base_url);
    keep_free(control);
}

/* control_person.c: /api/user/U/...: what a script does as one of the people.
 *
 * Each function is one route. What has to wait for the shop leaves a waiter behind.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/control_inside.h"
#include "sandbox/keep.h"

#define WAIT_MS_MAX     (10 * GB_MINUTE_MS)
#define PURCHASE_MS_MAX (30 * GB_SECOND_MS)

static enum model_verdict user_send(struct control_call *call, struct tg_user *user) {
    int64_t update_id = 0;
    struct str language = control_body_text(call, "language");
    struct str first_name = control_body_text(call, "first_name");
    if (language.n > 0) {
        keep_replace(&user->language, language);
    }
    if (first_name.n > 0) {
        keep_replace(&user->first_name, first_name);
    }
    if (control_body_text(call, "text").n == 0) {
        control_refuse(call, 400, "\"text\" is missing");
    } else if (telegram_say(call->control->is.telegram, &call->visit->now, call->arena, user,
                            control_body_text(call, "text"), &update_id) != GB_OK) {
        control_refuse(call, 409, "the user has blocked the shop");
    } else {
        control_say(call, 200,
                    arena_printf(call->arena,
                                 "{\"ok\":true,\"update_id\":%" PRId64 ",\"user\":%" PRId64
                                 ",\"message_id\":%" PRId64 "}",
                                 update_id, user->id, user->messages[user->count - 1]->id));
    }
    return MODEL_ANSWERS;
}

static enum model_verdict pay_page(struct control_call *call, struct str payment) {
    if (testpay_move(call->control->is.pay, payment, TESTPAY_PAID, -1) != GB_OK) {
        control_refuse(call, 409, "this is paid already");
    } else {
        control_say(call, 200,
                    arena_printf(call->arena,
                                 "{\"ok\":true,\"kind\":\"page\",\"payment\":\"" STR_FMT
                                 "\",\"status\":\"paid\"}",
                                 STR_ARG(payment)));
    }
    return MODEL_ANSWERS;
}

static enum model_verdict pay_invoice(struct control_call *call, struct tg_user *user,
                                      struct tg_message *invoice) {
    int64_t query_id = 0;
    int64_t wait_ms = GB_MIN(control_body_number(call, "wait_ms", PURCHASE_MS_MAX), WAIT_MS_MAX);
    if (telegram_buy(call->control->is.telegram, &call->visit->now, call->arena, user, invoice,
                     &query_id) != GB_OK) {
        control_refuse(call, 409, "this is paid already");
        return MODEL_ANSWERS;
    }
    if (wait_ms <= 0) {
        control_say(call, 200,
                    arena_printf(call->arena,
                                 "{\"ok\":true,\"kind\":\"stars\",\"query_id\":\"%" PRId64 "\"}",
                                 query_id));
        return MODEL_ANSWERS;
    }
    struct waiter *waiter = control_wait(call, WAIT_PURCHASE, user, wait_ms);
    if (waiter == NULL) {
        return MODEL_ANSWERS;
    }
    waiter->query_id = query_id;
    return MODEL_HOLDS;
}

static enum model_verdict user_pay(struct control_call *call, struct tg_user *user) {
    struct payable what;
    if (!control_find_payable(call, user, control_body_number(call, "message_id", 0), &what)) {
        control_refuse(call, 404, "there is nothing to pay");
        return MODEL_ANSWERS;
    }
    return what.invoice != NULL ? pay_invoice(call, user, what.invoice)
                                : pay_page(call, what.payment);
}

static void answer_button(struct control_call *call, const char *kind, struct str what) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_bool(&out, "ok", true);
    json_put_text(&out, "kind", kind);
    json_put_str(&out, kind, what);
    json_close(&out);
    control_say(call, 200, buf_str(&buf));
}

static enum model_verdict user_press(struct control_call *call, struct tg_user *user) {
    struct found_button button;
    struct button_wish wish = {.index = control_body_number(call, "index", 0),
                               .text = control_body_text(call, "text"),
                               .data = control_body_text(call, "data"),
                               .message_id = control_body_number(call, "message_id", 0)};
    if (!control_find_button(call->arena, user, &wish, &button)) {
        control_refuse(call, 404, "there is no such button");
        return MODEL_ANSWERS;
    }
    if (button.pay && button.message->kind == TG_INVOICE) {
        return pay_invoice(call, user, button.message);
    }
    if (button.url.n > 0 || button.copy.n > 0) {
        answer_button(call, button.url.n > 0 ? "url" : "copy",
                      button.url.n > 0 ? button.url : button.copy);
        return MODEL_ANSWERS;
    }
    int64_t update_id = 0;
    struct moment now = call->visit->now;
    struct telegram_model *telegram = call->control->is.telegram;
    if (button.is_reply) {
        if (telegram_say(telegram, &now, call->arena, user, button.text, &update_id) != GB_OK) {
            control_refuse(call, 409, "the user has blocked the shop");
            return MODEL_ANSWERS;
        }
    } else {
        update_id = telegram_press(telegram, &now, call->arena, user, button.message, button.data);
    }
    control_say(call, 200,
                arena_printf(call->arena,
                             "{\"ok\":true,\"kind\":\"%s\",\"update_id\":%" PRId64
                             ",\"user\":%" PRId64 ",\"message_id\":%" PRId64 "}",
                             button.is_reply ? "text" : "callback", update_id, user->id,
                             button.message->id));
    return MODEL_ANSWERS;
}

static enum model_verdict user_chat(struct control_call *call, struct tg_user *user) {
    struct str query = call->visit->request->query;
    struct str after_text = STR_NONE, wait_text = STR_NONE;
    int64_t after = -1, wait_ms = 0;
    bool bad = (http_param(call->arena, query, STR("after"), &after_text) &&
                num_i64(after_text, 0, INT64_MAX, &after) != GB_OK) ||
               (http_param(call->arena, query, STR("wait_ms"), &wait_text) &&
                num_i64(wait_text, 0, WAIT_MS_MAX, &wait_ms) != GB_OK);
    if (bad) {
        control_refuse(call, 400, "after and wait_ms are numbers");
        return MODEL_ANSWERS;
    }
    if (user->revision > after || wait_ms == 0) {
        response_json(call->response, 200, control_chat_json(call->arena, user));
        return MODEL_ANSWERS;
    }
    struct waiter *waiter = control_wait(call, WAIT_CHAT, user, wait_ms);
    if (waiter == NULL) {
        return MODEL_ANSWERS;
    }
    waiter->since = after;
    return MODEL_HOLDS;
}

static enum model_verdict user_photo(struct control_call *call, struct tg_user *user) {
    int64_t id = 0;
    const struct tg_message *message =
        num_i64(call->parts[4], 1, INT64_MAX, &id) == GB_OK ? tg_message_find(user, id) : NULL;
    if (message == NULL || message->picture == NULL || message->picture->bytes.n == 0) {
        control_refuse(call, 404, "there is no such picture");
        return MODEL_ANSWERS;
    }
    struct str bytes = message->picture->bytes;
    bool png = str_starts(bytes, STR("\x89PNG"));
    response_typed(call->response, 200, png ? STR("image/png") : STR("image/jpeg"), bytes);
    return MODEL_ANSWERS;
}

static enum model_verdict block(struct control_call *call, struct tg_user *user, bool blocked) {
    int64_t update_id =
        telegram_block(call->control->is.telegram, &call->visit->now, call->arena, user, blocked);
    control_say(call, 200,
                arena_printf(call->arena, "{\"ok\":true,\"update_id\":%" PRId64 "}", update_id));
    return MODEL_ANSWERS;
}

static enum model_verdict user_block(struct control_call *call, struct tg_user *user) {
    return block(call, user, true);
}

static enum model_verdict user_unblock(struct control_call *call, struct tg_user *user) {
    return block(call, user, false);
}

static const struct {
    enum http_method method;
    const char *verb;
    size_t parts;
    enum model_verdict (*run)(struct control_call *call, struct tg_user *user);
} user_routes[] = {
    {HTTP_POST, "send", 4, user_send},       {HTTP_POST, "press", 4, user_press},
    {HTTP_POST, "pay", 4, user_pay},         {HTTP_GET, "chat", 4, user_chat},
    {HTTP_GET, "photo", 5, user_photo},      {HTTP_POST, "block", 4, user_block},
    {HTTP_POST, "unblock", 4, user_unblock},
};

enum model_verdict control_person(struct control_call *call) {
    for (size_t i = 0; i < GB_COUNT(user_routes); i++) {
        if (user_routes[i].method == call->visit->request->method &&
            user_routes[i].parts == call->part_count &&
            str_is(call->parts[3], user_routes[i].verb)) {
            struct tg_user *who = control_user(call, call->parts[2]);
            return who != NULL ? user_routes[i].run(call, who) : MODEL_ANSWERS;
        }
    }
    control_refuse(call, 404, "no such path");
    return MODEL_ANSWERS;
}

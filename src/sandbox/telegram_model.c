/* telegram_model.c: the door of the Bot API: token, method, parameters, check, and then the deed.
 *
 * Behind it: the table of methods that do something, the model's birth and end, and what people do,
 * each of which becomes an update.
 */
#include "sandbox/telegram_model.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/bot_check.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

#define QUERY_LIVES_MS (150 * GB_SECOND_MS)

/* ---- answers */

struct str tg_ok_body(struct arena *arena, struct str result) {
    struct buf buf;
    buf_init(&buf, arena, result.n + 64);
    buf_add_text(&buf, "{\"ok\":true,\"result\":");
    buf_add(&buf, result);
    buf_add_text(&buf, "}");
    return buf_str(&buf);
}

struct str tg_refusal_body(struct arena *arena, int code, struct str why) {
    static const struct {
        int code;
        const char *prefix;
    } prefixes[] = {
        {400, "Bad Request"},     {401, "Unauthorized"}, {403, "Forbidden"},
        {404, "Not Found"},       {409, "Conflict"},     {413, "Request Entity Too Large"},
        {501, "Not Implemented"},
    };
    const char *prefix = "Internal Server Error";
    for (size_t i = 0; i < GB_COUNT(prefixes); i++) {
        prefix = prefixes[i].code == code ? prefixes[i].prefix : prefix;
    }
    struct str text =
        why.n > 0 ? arena_printf(arena, "%s: " STR_FMT, prefix, STR_ARG(why)) : str_of(prefix);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_bool(&out, "ok", false);
    json_put_i64(&out, "error_code", code);
    json_put_str(&out, "description", text);
    json_close(&out);
    return buf_str(&buf);
}

void tg_result(struct tg_call *call, struct str result) {
    response_json(call->response, 200, tg_ok_body(call->arena, result));
}

void tg_true(struct tg_call *call) {
    tg_result(call, STR("true"));
}

void tg_refuse_str(struct tg_call *call, int code, struct str why) {
    tally_add(&call->model->refused, call->method.name, why);
    response_json(call->response, code, tg_refusal_body(call->arena, code, why));
}

void tg_refuse(struct tg_call *call, int code, const char *why) {
    tg_refuse_str(call, code, str_of(why));
}

void tg_answer_message(struct tg_call *call, const struct tg_user *user,
                       const struct tg_message *message) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 4 << 20);
    json_begin(&out, &buf);
    tg_write_message(&out, NULL, call->model, user, message);
    tg_result(call, buf_str(&buf));
}

/* ---- the methods that do something here */

static const struct {
    const char *name;
    void (*run)(struct tg_call *call);
} methods[] = {
    {"sendMessage", tg_send_message},
    {"sendPhoto", tg_send_photo},
    {"sendDocument", tg_send_document},
    {"sendInvoice", tg_send_invoice},
    {"sendChatAction", tg_send_chat_action},
    {"editMessageText", tg_edit_text},
    {"editMessageCaption", tg_edit_caption},
    {"editMessageMedia", tg_edit_media},
    {"editMessageReplyMarkup", tg_edit_markup},
    {"deleteMessage", tg_delete_message},
    {"deleteMessages", tg_delete_messages},
    {"answerCallbackQuery", tg_answer_callback},
    {"answerPreCheckoutQuery", tg_answer_pre_checkout},
    {"refundStarPayment", tg_refund_stars},
    {"getStarTransactions", tg_star_transactions},
    {"getMyStarBalance", tg_star_balance},
    {"getMe", tg_get_me},
    {"getChat", tg_get_chat},
    {"getChatMember", tg_get_chat_member},
    {"setWebhook", tg_set_webhook},
    {"getWebhookInfo", tg_webhook_info},
    {"deleteWebhook", tg_delete_webhook},
    {"setMyCommands", tg_set_commands},
    {"getMyCommands", tg_get_commands},
    {"deleteMyCommands", tg_delete_commands},
};

/* Of the others those that only say True may say it; not where that would be a lie about
 * something a bot builds on. */
static void run_method(struct tg_call *call) {
    for (size_t i = 0; i < GB_COUNT(methods); i++) {
        if (str_is(call->method.name, methods[i].name)) {
            methods[i].run(call);
            return;
        }
    }
    bool lie = api_word(STR("logOut|close"), call->method.name);
    if (str_is(call->method.kind, "true") && !lie) {
        tg_true(call);
        return;
    }
    tg_refuse_str(call, 501,
                  arena_printf(call->arena, STR_FMT " is not played by the sandbox",
                               STR_ARG(call->method.name)));
}

/* Check, then do, once the fault of this call has let it through. */
static enum model_verdict carry_out(struct tg_call *call) {
    struct bot_check check;
    bot_check(call->arena, &call->method, &call->form, &check);
    if (check.warning.n > 0) {
        tally_add(&call->model->warnings, call->method.name, check.warning);
    }
    if (check.refusal.n > 0) {
        tg_refuse_str(call, 400, check.refusal);
        return MODEL_ANSWERS;
    }
    if (str_is(call->method.name, "getUpdates")) {
        return tg_get_updates(call);
    }
    run_method(call);
    return MODEL_ANSWERS;
}

static enum model_verdict serve(struct tg_call *call) {
    enum model_verdict verdict;
    struct telegram_model *model = call->model;
    call->fault = fault_plan_take(model->faults, FAULT_TELEGRAM, call->method.name);
    tally_add(&model->calls, call->method.name, STR_NONE);
    if (fault_before(&call->fault, FAULT_TELEGRAM, call->visit, &model->holds, call->response,
                     &verdict)) {
        return verdict;
    }
    verdict = carry_out(call);
    if (verdict == MODEL_ANSWERS) {
        verdict = fault_after(&call->fault, call->visit, &model->holds, call->response);
    }
    return verdict;
}

/* ---- the door */

/* "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw": digits, a colon, some 35 letters. */
static bool is_token(struct str token) {
    size_t colon = str_find(token, ':');
    int64_t id;
    return colon < token.n && num_i64(str_sub(token, 0, colon), 1, INT64_MAX, &id) == GB_OK &&
           token.n - colon - 1 >= 20 && token.n - colon - 1 <= 80;
}

/* The error is written when false. */
static bool enter(struct tg_call *call, struct str *ret_method) {
    struct str path = call->visit->request->path;
    if (!str_starts(path, STR("/bot"))) {
        response_json(call->response, 404, tg_refusal_body(call->arena, 404, STR_NONE));
        return false;
    }
    struct str rest = str_sub(path, 4, path.n);
    size_t slash = str_find(rest, '/');
    struct str token;
    if (http_decode(call->arena, str_sub(rest, 0, slash), &token) != GB_OK || !is_token(token)) {
        response_json(call->response, 401,
                      tg_refusal_body(call->arena, 401, STR("invalid token specified")));
        return false;
    }
    if (!crypto_equal(token, call->model->token)) {
        response_json(call->response, 401, tg_refusal_body(call->arena, 401, STR_NONE));
        return false;
    }
    *ret_method = str_sub(rest, slash + 1, rest.n);
    return true;
}

static bool read_parameters(struct tg_call *call) {
    enum gb_err err = form_read(call->arena, call->visit->request, &call->form);
    if (err == GB_OK) {
        return true;
    }
    call->method.name = STR("?");
    if (err == GB_NO_SPACE) {
        tg_refuse(call, 413, "");
    } else {
        tg_refuse(call, 400, "can't parse the request");
    }
    return false;
}

enum model_verdict telegram_handle(struct telegram_model *model, const struct visit *visit,
                                   struct http_response *response) {
    struct tg_call call = {.model = model,
                           .visit = visit,
                           .arena = visit->arena,
                           .now = visit->now,
                           .response = response};
    struct str name;
    if (!enter(&call, &name) || !read_parameters(&call)) {
        return MODEL_ANSWERS;
    }
    name = name.n > 0 ? name : form_text(&call.form, "method");
    if (!api_find_method(name, &call.method)) {
        call.method.name = str_sub(name, 0, 64);
        tg_refuse(&call, 404, "method not found");
        return MODEL_ANSWERS;
    }
    return serve(&call);
}

void telegram_release(struct telegram_model *model) {
    holds_release(&model->holds);
}

/* ---- birth and end */

struct telegram_model *telegram_new(const struct telegram_options *options) {
    struct telegram_model *model = keep_new(sizeof *model);
    model->token = keep_text(options->token);
    model->username = keep_text(options->username);
    model->faults = options->faults;
    rng_init(&model->rng, options->seed, STR("telegram"));
    struct str id = str_sub(options->token, 0, str_find(options->token, ':'));
    if (num_i64(id, 1, INT64_MAX, &model->bot_id) != GB_OK) {
        model->bot_id = 1;
    }
    model->next_message_id = 1;
    model->next_update_id = 100000000 + (int64_t)rng_below(&model->rng, 800000000);
    model->allowed = api_update_default();
    model->last_offset = INT64_MIN;
    model->last_poll_ms = model->last_conflict_ms = INT64_MIN / 2;
    model->webhook.set_ms = INT64_MIN / 2;
    return model;
}

void telegram_free(struct telegram_model *model) {
    if (model == NULL) {
        return;
    }
    tg_chats_free(model);
    tg_updates_free(model);
    tg_webhook_free(model);
    tg_queries_free(model);
    for (size_t i = 0; i < model->charge_count; i++) {
        keep_drop(&model->charges[i].id);
        keep_drop(&model->charges[i].payload);
    }
    keep_free(model->charges);
    for (size_t i = 0; i < model->command_count; i++) {
        keep_drop(&model->commands[i].key);
        keep_drop(&model->commands[i].list);
    }
    tally_free(&model->calls);
    tally_free(&model->refused);
    tally_free(&model->warnings);
    holds_free(&model->holds);
    keep_drop(&model->token);
    keep_drop(&model->username);
    keep_free(model);
}

/* ---- what people do */

static int64_t command_length(struct str text) {
    size_t end = GB_MIN(str_find(text, ' '), str_find(text, '\n'));
    return str_starts(text, STR("/")) && end > 1 ? (int64_t)end : 0;
}

enum gb_err telegram_say(struct telegram_model *model, const struct moment *now,
                         struct arena *arena, struct tg_user *user, struct str text,
                         int64_t *ret_update_id) {
    if (user->blocked) {
        return GB_REFUSED;
    }
    struct tg_message *message = tg_message_new(model, user, TG_TEXT, false, now->wall_ms);
    user->started = true;
    message->text = keep_text(text);
    message->html = keep_text(text);
    if (command_length(text) > 0) {
        message->entities = keep_text(
            arena_printf(arena, "[{\"offset\":0,\"length\":%" PRId64 ",\"type\":\"bot_command\"}]",
                         command_length(text)));
    }
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 4 << 20);
    json_begin(&out, &buf);
    tg_write_message(&out, NULL, model, user, message);
    *ret_update_id = tg_push(model, now, arena, user, "message", buf_str(&buf), GB_DAY_MS);
    return GB_OK;
}

int64_t telegram_press(struct telegram_model *model, const struct moment *now, struct arena *arena,
                       struct tg_user *user, const struct tg_message *message, struct str data) {
    struct tg_query *query = tg_query_new(model, now, user, message->id, false);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 4 << 20);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "id", arena_printf(arena, "%" PRId64, query->id));
    tg_write_user(&out, "from", user);
    tg_write_message(&out, "message", model, user, message);
    json_put_str(&out, "chat_instance", arena_printf(arena, "%" PRId64, -user->id * 7919));
    json_put_str(&out, "data", data);
    json_close(&out);
    return tg_push(model, now, arena, user, "callback_query", buf_str(&buf), QUERY_LIVES_MS);
}

static void write_status(struct json_out *out, const char *key, const struct telegram_model *model,
                         bool kicked) {
    json_open_object(out, key);
    json_open_object(out, "user");
    json_put_i64(out, "id", model->bot_id);
    json_put_bool(out, "is_bot", true);
    json_put_text(out, "first_name", "Sandbox shop");
    json_put_str(out, "username", model->username);
    json_close(out);
    json_put_text(out, "status", kicked ? "kicked" : "member");
    if (kicked) {
        json_put_i64(out, "until_date", 0);
    }
    json_close(out);
}

int64_t telegram_block(struct telegram_model *model, const struct moment *now, struct arena *arena,
                       struct tg_user *user, bool blocked) {
    if (user->blocked == blocked) {
        return 0;
    }
    user->blocked = blocked;
    user->revision++;
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    tg_write_chat(&out, "chat", user);
    tg_write_user(&out, "from", user);
    json_put_i64(&out, "date", now->wall_ms / GB_SECOND_MS);
    write_status(&out, "old_chat_member", model, !blocked);
    write_status(&out, "new_chat_member", model, blocked);
    json_close(&out);
    return tg_push(model, now, arena, user, "my_chat_member", buf_str(&buf), GB_DAY_MS);
}

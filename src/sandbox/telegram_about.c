/* telegram_about.c: methods that ask about things: the bot, a chat, the commands.
 *
 * A chat has one member beside the bot.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

static void begin(struct tg_call *call, struct buf *buf, struct json_out *out) {
    buf_init(buf, call->arena, 256 * 1024);
    json_begin(out, buf);
}

void tg_get_me(struct tg_call *call) {
    struct buf buf;
    struct json_out out;
    begin(call, &buf, &out);
    json_open_object(&out, NULL);
    json_put_i64(&out, "id", call->model->bot_id);
    json_put_bool(&out, "is_bot", true);
    json_put_text(&out, "first_name", "Sandbox shop");
    json_put_str(&out, "username", call->model->username);
    json_put_bool(&out, "can_join_groups", true);
    json_put_bool(&out, "can_read_all_group_messages", false);
    json_put_bool(&out, "supports_inline_queries", false);
    json_put_bool(&out, "can_connect_to_business", false);
    json_put_bool(&out, "has_main_web_app", false);
    json_close(&out);
    tg_result(call, buf_str(&buf));
}

void tg_get_chat(struct tg_call *call) {
    struct tg_user *user = tg_target(call);
    if (user == NULL) {
        return;
    }
    struct buf buf;
    struct json_out out;
    begin(call, &buf, &out);
    json_open_object(&out, NULL);
    json_put_i64(&out, "id", user->id);
    json_put_text(&out, "type", "private");
    json_put_str(&out, "first_name", user->first_name);
    if (user->username.n > 0) {
        json_put_str(&out, "username", user->username);
    }
    json_put_i64(&out, "accent_color_id", user->id % 7);
    json_put_i64(&out, "max_reaction_count", 11);
    json_close(&out);
    tg_result(call, buf_str(&buf));
}

void tg_get_chat_member(struct tg_call *call) {
    struct tg_user *chat = tg_target(call);
    if (chat == NULL) {
        return;
    }
    struct tg_user *user = tg_user_by_id(call->model, form_i64(&call->form, "user_id"));
    if (user != chat) {
        tg_refuse(call, 400, user == NULL ? "user not found" : "member list is inaccessible");
        return;
    }
    struct buf buf;
    struct json_out out;
    begin(call, &buf, &out);
    json_open_object(&out, NULL);
    tg_write_user(&out, "user", user);
    json_put_text(&out, "status", "member");
    json_close(&out);
    tg_result(call, buf_str(&buf));
}

/* ---- commands: kept by scope and language as they were sent */

static struct str commands_key(struct tg_call *call) {
    struct str scope = form_text(&call->form, "scope");
    const struct json *json;
    if (scope.n > 0 && json_parse(call->arena, scope, &json, NULL) == GB_OK) {
        scope = json_text(call->arena, json);
    } else {
        scope = STR("{\"type\":\"default\"}");
    }
    return arena_printf(call->arena, STR_FMT " " STR_FMT, STR_ARG(scope),
                        STR_ARG(form_text(&call->form, "language_code")));
}

static struct tg_commands *find_commands(struct telegram_model *model, struct str key) {
    for (size_t i = 0; i < model->command_count; i++) {
        if (str_equal(model->commands[i].key, key)) {
            return &model->commands[i];
        }
    }
    return NULL;
}

void tg_set_commands(struct tg_call *call) {
    struct telegram_model *model = call->model;
    struct str key = commands_key(call);
    struct tg_commands *found = find_commands(model, key);
    if (found == NULL && model->command_count < TG_COMMANDS_MAX) {
        found = &model->commands[model->command_count++];
        found->key = keep_text(key);
    }
    if (found != NULL) {
        keep_replace(&found->list, form_text(&call->form, "commands"));
    }
    tg_true(call);
}

void tg_get_commands(struct tg_call *call) {
    const struct tg_commands *found = find_commands(call->model, commands_key(call));
    tg_result(call, found != NULL && found->list.n > 0 ? found->list : STR("[]"));
}

void tg_delete_commands(struct tg_call *call) {
    struct tg_commands *found = find_commands(call->model, commands_key(call));
    if (found != NULL) {
        keep_drop(&found->list);
    }
    tg_true(call);
}

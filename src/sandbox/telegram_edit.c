/* telegram_edit.c: editing and deleting messages, answering callback queries.
 *
 * An edit leaves out the keyboard it does not name. An edit that changes nothing is refused, as the
 * real server does, by comparing text, entities and keyboard.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

#define DELETE_WITHIN_S   (48 * 60 * 60)
#define CALLBACK_LIVES_MS (15 * GB_SECOND_MS)

static const char NOT_MODIFIED[] =
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message";
static const char TOO_OLD[] =
    "query is too old and response timeout expired or query ID is invalid";

/* A message of the bot that can be edited; refuses and gives NULL otherwise. */
static struct tg_message *to_edit(struct tg_call *call, struct tg_user **ret_user) {
    if (form_text(&call->form, "inline_message_id").n > 0) {
        tg_refuse(call, 400, "MESSAGE_ID_INVALID"); /* inline mode is not played */
        return NULL;
    }
    struct tg_user *user = tg_target(call);
    if (user == NULL) {
        return NULL;
    }
    struct tg_message *message = tg_message_find(user, form_i64(&call->form, "message_id"));
    if (message == NULL || message->deleted) {
        tg_refuse(call, 400, "message to edit not found");
        return NULL;
    }
    if (!message->from_bot || message->kind == TG_SERVICE) {
        tg_refuse(call, 400, "message can't be edited");
        return NULL;
    }
    *ret_user = user;
    return message;
}

/* What a new text would make of a message; compared with what is there. */
static bool same_text(struct arena *arena, const struct tg_message *message,
                      const struct parsed_text *parsed) {
    struct tg_message fresh = {0};
    tg_set_text(arena, &fresh, parsed, STR_NONE);
    bool same =
        str_equal(fresh.text, message->text) && str_equal(fresh.entities, message->entities);
    keep_drop(&fresh.text);
    keep_drop(&fresh.entities);
    return same;
}

static void edited(struct tg_call *call, struct tg_user *user, struct tg_message *message) {
    tg_set_markup(call->arena, user, message, tg_markup(call));
    message->edit_date_s = call->now.wall_ms / GB_SECOND_MS;
    message->edits++;
    tg_bot_changed(user, message, call->now.mono_ms);
    tg_answer_message(call, user, message);
}

static void edit_words(struct tg_call *call, const char *parameter, enum tg_kind kind,
                       const char *refusal) {
    struct tg_user *user = NULL;
    struct tg_message *message = to_edit(call, &user);
    struct parsed_text parsed;
    struct str text = form_text(&call->form, parameter);
    if (message == NULL || !tg_parse(call, text, form_text(&call->form, "parse_mode"), &parsed)) {
        return;
    }
    if (message->kind != kind) {
        tg_refuse(call, 400, refusal);
        return;
    }
    if (same_text(call->arena, message, &parsed) && str_equal(tg_markup(call), message->markup)) {
        tg_refuse(call, 400, NOT_MODIFIED);
        return;
    }
    tg_set_text(call->arena, message, &parsed, text);
    edited(call, user, message);
}

void tg_edit_text(struct tg_call *call) {
    edit_words(call, "text", TG_TEXT, "there is no text in the message to edit");
}

void tg_edit_caption(struct tg_call *call) {
    edit_words(call, "caption", TG_PHOTO, "there is no caption in the message to edit");
}

void tg_edit_markup(struct tg_call *call) {
    struct tg_user *user = NULL;
    struct tg_message *message = to_edit(call, &user);
    if (message == NULL) {
        return;
    }
    struct str markup = tg_markup(call);
    if (message->kind != TG_INVOICE && str_find_str(markup, STR("\"pay\":true")) < markup.n) {
        tg_refuse(call, 400, "BUTTON_TYPE_INVALID");
        return;
    }
    if (str_equal(markup, message->markup)) {
        tg_refuse(call, 400, NOT_MODIFIED);
        return;
    }
    edited(call, user, message);
}

void tg_edit_media(struct tg_call *call) {
    struct tg_user *user = NULL;
    struct tg_message *message = to_edit(call, &user);
    const struct json *media;
    if (message == NULL ||
        json_parse(call->arena, form_text(&call->form, "media"), &media, NULL) != GB_OK) {
        return;
    }
    if (message->kind == TG_INVOICE || !str_is(json_str_or(media, "type", STR_NONE), "photo")) {
        tg_refuse(call, 400, "message can't be edited");
        return;
    }
    const struct tg_picture *picture =
        tg_take_picture(call, NULL, json_str_or(media, "media", STR_NONE));
    struct str caption = json_str_or(media, "caption", STR_NONE);
    struct parsed_text parsed;
    if (picture == NULL ||
        !tg_parse(call, caption, json_str_or(media, "parse_mode", STR_NONE), &parsed)) {
        return;
    }
    if (picture == message->picture && same_text(call->arena, message, &parsed) &&
        str_equal(tg_markup(call), message->markup)) {
        tg_refuse(call, 400, NOT_MODIFIED);
        return;
    }
    message->kind = TG_PHOTO;
    message->picture = picture;
    tg_set_text(call->arena, message, &parsed, caption);
    edited(call, user, message);
}

static const char *delete_one(struct tg_call *call, struct tg_user *user, int64_t message_id) {
    struct tg_message *message = tg_message_find(user, message_id);
    if (message == NULL || message->deleted) {
        return "message to delete not found";
    }
    if (call->now.wall_ms / GB_SECOND_MS - message->date_s > DELETE_WITHIN_S) {
        return "message can't be deleted for everyone";
    }
    message->deleted = true;
    tg_bot_changed(user, message, call->now.mono_ms);
    return NULL;
}

void tg_delete_message(struct tg_call *call) {
    struct tg_user *user = tg_target(call);
    if (user == NULL) {
        return;
    }
    const char *why = delete_one(call, user, form_i64(&call->form, "message_id"));
    if (why != NULL) {
        tg_refuse(call, 400, why);
    } else {
        tg_true(call);
    }
}

/* Those that cannot be found are passed over. */
void tg_delete_messages(struct tg_call *call) {
    struct tg_user *user = tg_target(call);
    const struct json *ids;
    if (user == NULL ||
        json_parse(call->arena, form_text(&call->form, "message_ids"), &ids, NULL) != GB_OK) {
        return;
    }
    for (const struct json *id = json_first(ids); id != NULL; id = json_next(id)) {
        (void)delete_one(call, user, json_i64_or(id, "", 0)); /* passed over */
    }
    tg_true(call);
}

/* ---- queries */

struct tg_query *tg_query_new(struct telegram_model *model, const struct moment *now,
                              const struct tg_user *user, int64_t message_id, bool is_purchase) {
    if (model->query_count >= TG_QUERIES_MAX) {
        keep_drop(&model->queries[0].text);
        model->query_count--;
        memmove(&model->queries[0], &model->queries[1],
                model->query_count * sizeof model->queries[0]);
    }
    model->queries = keep_grow(model->queries, model->query_count, &model->query_capacity,
                               sizeof *model->queries);
    struct tg_query *query = &model->queries[model->query_count++];
    *query = (struct tg_query){.id = (int64_t)(rng_u64(&model->rng) >> 1),
                               .user_id = user->id,
                               .message_id = message_id,
                               .is_purchase = is_purchase,
                               .asked_ms = now->wall_ms,
                               .state = PURCHASE_ASKED};
    return query;
}

struct tg_query *tg_query_find(const struct telegram_model *model, int64_t id) {
    for (size_t i = model->query_count; i > 0; i--) {
        if (model->queries[i - 1].id == id) {
            return &model->queries[i - 1];
        }
    }
    return NULL;
}

void tg_queries_free(struct telegram_model *model) {
    for (size_t i = 0; i < model->query_count; i++) {
        keep_drop(&model->queries[i].text);
    }
    keep_free(model->queries);
}

void tg_answer_callback(struct tg_call *call) {
    struct tg_query *query = tg_query_find(call->model, form_i64(&call->form, "callback_query_id"));
    if (query == NULL || query->is_purchase || query->answered ||
        call->now.wall_ms - query->asked_ms > CALLBACK_LIVES_MS) {
        tg_refuse(call, 400, TOO_OLD);
        return;
    }
    query->answered = true;
    struct tg_user *user = tg_user_by_id(call->model, query->user_id);
    struct str text = form_text(&call->form, "text");
    if (user != NULL && text.n > 0) {
        tg_alert(user, text, form_bool(&call->form, "show_alert"), query->message_id);
        tg_bot_changed(user, NULL, call->now.mono_ms);
    }
    tg_true(call);
}

/* telegram_chats.c: people and messages of the Telegram model, and how the Bot API shows them.
 *
 * People are sorted by id; a chat's messages by time, which is by id too.
 */
#include "sandbox/telegram_chats.h"

#include "base/arena.h"
#include "base/json.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

#define FIRST_USER_ID 700000001

/* Position of the first user whose id is not below `id`. */
static size_t user_place(const struct telegram_model *model, int64_t id) {
    size_t low = 0, high = model->user_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (model->users[middle]->id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct tg_user *tg_user_by_id(struct telegram_model *model, int64_t id) {
    size_t at = user_place(model, id);
    return at < model->user_count && model->users[at]->id == id ? model->users[at] : NULL;
}

struct tg_user *tg_user_by_name(struct telegram_model *model, struct str name) {
    for (size_t i = 0; i < model->user_count; i++) {
        if (name.n > 0 && str_equal(model->users[i]->name, name)) {
            return model->users[i];
        }
    }
    return NULL;
}

/* "anna" is called Anna. */
static struct str first_name_of(struct str name) {
    char first[65];
    size_t n = GB_MIN(name.n, sizeof first - 1);
    memcpy(first, name.p, n);
    if (first[0] >= 'a' && first[0] <= 'z') {
        first[0] = (char)(first[0] & ~0x20);
    }
    return keep_text((struct str){first, n});
}

struct tg_user *tg_user_new(struct telegram_model *model, int64_t id, struct str name) {
    if (model->user_count >= TG_USERS_MAX) {
        return NULL;
    }
    if (name.n > 0) {
        while (tg_user_by_id(model, FIRST_USER_ID + model->next_user_id) != NULL) {
            model->next_user_id++;
        }
        id = FIRST_USER_ID + model->next_user_id++;
    }
    struct tg_user *user = keep_new(sizeof *user);
    user->id = id;
    user->name = keep_text(name);
    user->first_name = name.n > 0 ? first_name_of(name) : keep_text(STR("User"));
    user->username = keep_text(name);
    user->language = keep_text(STR("en"));
    model->users =
        keep_grow(model->users, model->user_count, &model->user_capacity, sizeof(struct tg_user *));
    size_t at = user_place(model, id);
    memmove(&model->users[at + 1], &model->users[at],
            (model->user_count - at) * sizeof(struct tg_user *));
    model->users[at] = user;
    model->user_count++;
    return user;
}

size_t tg_user_count(const struct telegram_model *model) {
    return model->user_count;
}

struct tg_message *tg_message_find(const struct tg_user *user, int64_t message_id) {
    for (size_t i = user->count; i > 0; i--) {
        if (user->messages[i - 1]->id == message_id) {
            return user->messages[i - 1];
        }
    }
    return NULL;
}

static void message_free(struct tg_message *message) {
    struct str *texts[] = {&message->text,
                           &message->html,
                           &message->entities,
                           &message->markup,
                           &message->markup_before,
                           &message->service,
                           &message->document.file_id,
                           &message->document.name,
                           &message->document.sha256,
                           &message->invoice.title,
                           &message->invoice.description,
                           &message->invoice.payload,
                           &message->invoice.currency};
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        keep_drop(texts[i]);
    }
    keep_free(message);
}

struct tg_message *tg_message_new(struct telegram_model *model, struct tg_user *user,
                                  enum tg_kind kind, bool from_bot, int64_t wall_ms) {
    if (user->count >= TG_MESSAGES_MAX) {
        message_free(user->messages[0]);
        user->count--;
        memmove(&user->messages[0], &user->messages[1], user->count * sizeof(struct tg_message *));
    }
    user->messages =
        keep_grow(user->messages, user->count, &user->capacity, sizeof(struct tg_message *));
    struct tg_message *message = keep_new(sizeof *message);
    message->id = model->next_message_id++;
    message->kind = kind;
    message->from_bot = from_bot;
    message->date_s = wall_ms / GB_SECOND_MS;
    message->revision = ++user->revision;
    user->messages[user->count++] = message;
    return message;
}

void tg_bot_changed(struct tg_user *user, struct tg_message *message, int64_t mono_ms) {
    user->revision++;
    user->bot_changes++;
    user->bot_changed_ms = mono_ms;
    if (message != NULL) {
        message->revision = user->revision;
    }
}

void tg_set_text(struct arena *arena, struct tg_message *message, const struct parsed_text *parsed,
                 struct str html) {
    keep_replace(&message->text, parsed->text);
    keep_replace(&message->html, html);
    keep_drop(&message->entities);
    if (parsed->count > 0) {
        struct buf buf;
        struct json_out out;
        buf_init(&buf, arena, 1 << 20);
        json_begin(&out, &buf);
        json_open_object(&out, NULL);
        entities_write(&out, "e", parsed);
        json_close(&out);
        struct str whole = buf_str(&buf); /* {"e":[...]} */
        message->entities = keep_text(str_sub(whole, 5, whole.n - 6));
    }
}

static void see_link(struct tg_user *user, struct str url) {
    for (size_t i = 0; i < user->link_count; i++) {
        if (str_equal(user->links[i], url)) {
            return;
        }
    }
    if (user->link_count == TG_LINKS_MAX) {
        keep_drop(&user->links[0]);
        user->link_count--;
        memmove(&user->links[0], &user->links[1], user->link_count * sizeof user->links[0]);
    }
    user->links[user->link_count++] = keep_text(url);
}

void tg_set_markup(struct arena *arena, struct tg_user *user, struct tg_message *message,
                   struct str markup) {
    const struct json *root;
    if (str_equal(markup, message->markup)) {
        return;
    }
    keep_replace(&message->markup_before, message->markup);
    keep_replace(&message->markup, markup);
    if (markup.n == 0 || json_parse(arena, markup, &root, NULL) != GB_OK) {
        return;
    }
    const struct json *rows = json_at(root, "inline_keyboard");
    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row)) {
        for (const struct json *b = json_first(row); b != NULL; b = json_next(b)) {
            struct str url = json_str_or(b, "url", STR_NONE);
            if (url.n > 0) {
                see_link(user, url);
            }
        }
    }
}

void tg_alert(struct tg_user *user, struct str text, bool alert, int64_t message_id) {
    if (user->alert_count == TG_ALERTS_MAX) {
        keep_drop(&user->alerts[0].text);
        user->alert_count--;
        memmove(&user->alerts[0], &user->alerts[1], user->alert_count * sizeof user->alerts[0]);
    }
    user->alerts[user->alert_count++] =
        (struct tg_alert){keep_text(text), alert, message_id, ++user->revision};
}

void tg_chats_free(struct telegram_model *model) {
    for (size_t u = 0; u < model->user_count; u++) {
        struct tg_user *user = model->users[u];
        for (size_t m = 0; m < user->count; m++) {
            message_free(user->messages[m]);
        }
        for (size_t a = 0; a < user->alert_count; a++) {
            keep_drop(&user->alerts[a].text);
        }
        for (size_t l = 0; l < user->link_count; l++) {
            keep_drop(&user->links[l]);
        }
        keep_free(user->messages);
        keep_drop(&user->name);
        keep_drop(&user->first_name);
        keep_drop(&user->username);
        keep_drop(&user->language);
        keep_free(user);
    }
    keep_free(model->users);
    for (size_t i = 0; i < model->picture_count; i++) {
        keep_drop(&model->pictures[i]->file_id);
        keep_drop(&model->pictures[i]->bytes);
        keep_free(model->pictures[i]);
    }
    keep_free(model->pictures);
}

/* ---- as the Bot API shows them */

void tg_write_user(struct json_out *out, const char *key, const struct tg_user *user) {
    json_open_object(out, key);
    json_put_i64(out, "id", user->id);
    json_put_bool(out, "is_bot", false);
    json_put_str(out, "first_name", user->first_name);
    if (user->username.n > 0) {
        json_put_str(out, "username", user->username);
    }
    if (user->language.n > 0) {
        json_put_str(out, "language_code", user->language);
    }
    json_close(out);
}

void tg_write_chat(struct json_out *out, const char *key, const struct tg_user *user) {
    json_open_object(out, key);
    json_put_i64(out, "id", user->id);
    json_put_str(out, "first_name", user->first_name);
    if (user->username.n > 0) {
        json_put_str(out, "username", user->username);
    }
    json_put_text(out, "type", "private");
    json_close(out);
}

static void write_bot(struct json_out *out, const struct telegram_model *model) {
    json_open_object(out, "from");
    json_put_i64(out, "id", model->bot_id);
    json_put_bool(out, "is_bot", true);
    json_put_text(out, "first_name", "Sandbox shop");
    json_put_str(out, "username", model->username);
    json_close(out);
}

static void write_picture(struct json_out *out, const struct tg_picture *picture) {
    json_open_array(out, "photo");
    json_open_object(out, NULL);
    json_put_str(out, "file_id", picture->file_id);
    json_put_str(out, "file_unique_id", str_sub(picture->file_id, picture->file_id.n - 12, 12));
    json_put_i64(out, "file_size", picture->size);
    json_put_i64(out, "width", picture->width);
    json_put_i64(out, "height", picture->height);
    json_close(out);
    json_close(out);
}

static void write_document(struct json_out *out, const struct tg_document *document) {
    json_open_object(out, "document");
    json_put_str(out, "file_id", document->file_id);
    json_put_str(out, "file_unique_id", str_sub(document->file_id, document->file_id.n - 12, 12));
    json_put_str(out, "file_name", document->name);
    json_put_i64(out, "file_size", document->size);
    json_close(out);
}

static void write_invoice(struct json_out *out, const struct tg_invoice *invoice) {
    json_open_object(out, "invoice");
    json_put_str(out, "title", invoice->title);
    json_put_str(out, "description", invoice->description);
    json_put_text(out, "start_parameter", "");
    json_put_str(out, "currency", invoice->currency);
    json_put_i64(out, "total_amount", invoice->amount);
    json_close(out);
}

bool tg_is_captioned(const struct tg_message *message) {
    return message->kind == TG_PHOTO || message->kind == TG_DOCUMENT;
}

static void write_content(struct json_out *out, const struct tg_message *message) {
    bool caption = tg_is_captioned(message);
    switch (message->kind) {
    case TG_TEXT:
        break;
    case TG_PHOTO:
        write_picture(out, message->picture);
        break;
    case TG_DOCUMENT:
        write_document(out, &message->document);
        break;
    case TG_INVOICE:
        write_invoice(out, &message->invoice);
        break;
    case TG_SERVICE:
        json_put_raw(out, message->service_key, message->service);
        return;
    }
    if (message->text.n > 0) {
        json_put_str(out, caption ? "caption" : "text", message->text);
    }
    if (message->entities.n > 0) {
        json_put_raw(out, caption ? "caption_entities" : "entities", message->entities);
    }
}

void tg_write_message(struct json_out *out, const char *key, const struct telegram_model *model,
                      const struct tg_user *user, const struct tg_message *message) {
    json_open_object(out, key);
    json_put_i64(out, "message_id", message->id);
    if (message->from_bot) {
        write_bot(out, model);
    } else {
        tg_write_user(out, "from", user);
    }
    tg_write_chat(out, "chat", user);
    json_put_i64(out, "date", message->date_s);
    if (message->edit_date_s > 0) {
        json_put_i64(out, "edit_date", message->edit_date_s);
    }
    write_content(out, message);
    if (str_find_str(message->markup, STR("\"inline_keyboard\"")) < message->markup.n) {
        json_put_raw(out, "reply_markup", message->markup);
    }
    json_close(out);
}

#include "telegram/calls.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/json.h"
#include "telegram/html.h"
#include "telegram/telegram.h"

#define BODY_BYTES_MAX  (128 * 1024)
#define TEXT_CHARS      4096
#define CAPTION_CHARS   1024
#define TOAST_CHARS     200
#define TITLE_CHARS     32
#define ABOUT_CHARS     255
#define PAYLOAD_BYTES   128
#define DATA_BYTES      64
#define COPY_CHARS      256
#define ROW_BUTTONS     8
#define BUTTONS_MAX     100
#define COMMANDS_MAX    100
#define COMMAND_CHARS   32
#define SECRET_BYTES    256
#define PHOTO_BYTES_MAX (64 * 1024)

struct body {
    struct buf buf;
    struct json_out out;
};

static void body_begin(struct body *body, struct arena *arena) {
    buf_init(&body->buf, arena, BODY_BYTES_MAX);
    json_begin(&body->out, &body->buf);
    json_open_object(&body->out, NULL);
}

static struct str body_end(struct body *body) {
    json_close(&body->out);
    gb_assert(!body->buf.failed);
    return buf_str(&body->buf);
}

/* Parsing only ever makes a text shorter, so most need no look. */
static struct str fit(struct arena *arena, struct str html, size_t chars) {
    bool fits = html.n <= chars || (html.n <= TEXT_CHARS * 4 && html_length(html) <= chars);
    return fits ? html : html_cut(arena, html, chars);
}

/* ---- keyboards ---- */

/* A button does exactly one thing. */
static void check_button(const struct tg_button *button, bool first) {
    int does = (button->data.n > 0) + (button->url.n > 0) + (button->copy.n > 0) + button->pay;
    gb_assert(does == 1);
    gb_assert(button->text.n > 0);
    gb_assert(button->data.n <= DATA_BYTES);
    gb_assert(!button->pay || first);
}

static void put_button(struct json_out *out, const struct tg_button *button) {
    json_open_object(out, NULL);
    json_put_str(out, "text", button->text);
    if (button->pay) {
        json_put_bool(out, "pay", true);
    } else if (button->data.n > 0) {
        json_put_str(out, "callback_data", button->data);
    } else if (button->url.n > 0) {
        json_put_str(out, "url", button->url);
    } else {
        gb_assert(utf8_length(button->copy) <= COPY_CHARS);
        json_open_object(out, "copy_text");
        json_put_str(out, "text", button->copy);
        json_close(out);
    }
    json_close(out);
}

static void put_keyboard(struct json_out *out, const struct tg_keyboard *keyboard) {
    if (keyboard->row_count == 0) {
        return; /* on an edit this takes the old one away */
    }
    json_open_object(out, "reply_markup");
    json_open_array(out, "inline_keyboard");
    size_t at = 0;
    for (size_t row = 0; row < keyboard->row_count; row++) {
        size_t end = keyboard->row_ends[row];
        gb_assert(end > at && end - at <= ROW_BUTTONS && end <= BUTTONS_MAX);
        json_open_array(out, NULL);
        for (; at < end; at++) {
            check_button(&keyboard->buttons[at], at == 0);
            put_button(out, &keyboard->buttons[at]);
        }
        json_close(out);
    }
    json_close(out);
    json_close(out);
}

/* ---- messages ---- */

static void put_text(struct json_out *out, struct arena *arena, const struct tg_message *message) {
    gb_assert(message->html.n > 0);
    json_put_str(out, "text", fit(arena, message->html, TEXT_CHARS));
    json_put_text(out, "parse_mode", "HTML");
    if (!message->preview) {
        json_put_raw(out, "link_preview_options", STR("{\"is_disabled\":true}"));
    }
}

static void put_silence(struct json_out *out, bool silent) {
    if (silent) {
        json_put_bool(out, "disable_notification", true);
    }
}

struct str call_send_message(struct arena *arena, const struct tg_message *message) {
    struct body body;
    body_begin(&body, arena);
    json_put_i64(&body.out, "chat_id", message->chat_id);
    put_text(&body.out, arena, message);
    put_silence(&body.out, message->silent);
    put_keyboard(&body.out, &message->keyboard);
    return body_end(&body);
}

struct str call_edit_text(struct arena *arena, const struct tg_message *message) {
    struct body body;
    gb_assert(message->message_id > 0);
    body_begin(&body, arena);
    json_put_i64(&body.out, "chat_id", message->chat_id);
    json_put_i64(&body.out, "message_id", message->message_id);
    put_text(&body.out, arena, message);
    put_keyboard(&body.out, &message->keyboard);
    return body_end(&body);
}

struct str call_send_photo(struct arena *arena, const struct tg_message *message, struct str png) {
    struct body body;
    gb_assert(png.n > 0 && png.n <= PHOTO_BYTES_MAX);
    body_begin(&body, arena);
    json_put_str(&body.out, "$photo", base64_encode(arena, png));
    json_put_i64(&body.out, "chat_id", message->chat_id);
    if (message->html.n > 0) {
        json_put_str(&body.out, "caption", fit(arena, message->html, CAPTION_CHARS));
        json_put_text(&body.out, "parse_mode", "HTML");
    }
    put_silence(&body.out, message->silent);
    put_keyboard(&body.out, &message->keyboard);
    return body_end(&body);
}

struct str call_send_document(struct arena *arena, const struct tg_message *message,
                              struct str file_name) {
    struct body body;
    gb_assert(file_name.n > 0 && str_find(file_name, '/') == file_name.n);
    body_begin(&body, arena);
    json_put_str(&body.out, "$document", file_name);
    json_put_i64(&body.out, "chat_id", message->chat_id);
    if (message->html.n > 0) {
        json_put_str(&body.out, "caption", fit(arena, message->html, CAPTION_CHARS));
        json_put_text(&body.out, "parse_mode", "HTML");
    }
    put_silence(&body.out, message->silent);
    return body_end(&body);
}

struct str call_delete_message(struct arena *arena, int64_t chat_id, int64_t message_id) {
    struct body body;
    gb_assert(message_id > 0);
    body_begin(&body, arena);
    json_put_i64(&body.out, "chat_id", chat_id);
    json_put_i64(&body.out, "message_id", message_id);
    return body_end(&body);
}

/* ---- answers to questions ---- */

struct str call_answer_callback(struct arena *arena, struct str query_id, struct str text,
                                bool alert) {
    struct body body;
    body_begin(&body, arena);
    json_put_str(&body.out, "callback_query_id", query_id);
    if (text.n > 0) {
        json_put_str(&body.out, "text", utf8_cut(text, TOAST_CHARS));
    }
    if (alert) {
        json_put_bool(&body.out, "show_alert", true);
    }
    return body_end(&body);
}

struct str call_answer_pre_checkout(struct arena *arena, struct str query_id,
                                    struct str error_message) {
    struct body body;
    body_begin(&body, arena);
    json_put_str(&body.out, "pre_checkout_query_id", query_id);
    json_put_bool(&body.out, "ok", error_message.n == 0);
    if (error_message.n > 0) {
        json_put_str(&body.out, "error_message", utf8_cut(error_message, TOAST_CHARS));
    }
    return body_end(&body);
}

/* ---- Stars, commands ---- */

struct str call_send_invoice(struct arena *arena, const struct tg_invoice *invoice) {
    struct body body;
    struct json_out *out = &body.out;
    gb_assert(invoice->title.n > 0 && invoice->description.n > 0 && invoice->label.n > 0);
    gb_assert(invoice->payload.n > 0 && invoice->payload.n <= PAYLOAD_BYTES);
    gb_assert(invoice->stars > 0);
    /* An invoice's keyboard begins with its own button, or there is none. */
    gb_assert(invoice->keyboard.row_count == 0 || invoice->keyboard.buttons[0].pay);
    body_begin(&body, arena);
    json_put_i64(out, "chat_id", invoice->chat_id);
    json_put_str(out, "title", utf8_cut(invoice->title, TITLE_CHARS));
    json_put_str(out, "description", utf8_cut(invoice->description, ABOUT_CHARS));
    json_put_str(out, "payload", invoice->payload);
    json_put_text(out, "provider_token", ""); /* Stars need no provider */
    json_put_text(out, "currency", "XTR");
    json_open_array(out, "prices");
    json_open_object(out, NULL);
    json_put_str(out, "label", utf8_cut(invoice->label, TITLE_CHARS));
    json_put_i64(out, "amount", invoice->stars);
    json_close(out);
    json_close(out);
    put_keyboard(out, &invoice->keyboard);
    return body_end(&body);
}

struct str call_set_commands(struct arena *arena, struct str language,
                             const struct str (*commands)[2], size_t count) {
    struct body body;
    struct json_out *out = &body.out;
    gb_assert(count <= COMMANDS_MAX);
    body_begin(&body, arena);
    json_open_array(out, "commands");
    for (size_t i = 0; i < count; i++) {
        struct str command = commands[i][0], description = commands[i][1];
        gb_assert(command.n > 0 && command.n <= COMMAND_CHARS && description.n > 0);
        json_open_object(out, NULL);
        json_put_str(out, "command", command);
        json_put_str(out, "description", utf8_cut(description, 256));
        json_close(out);
    }
    json_close(out);
    if (language.n > 0) {
        json_put_str(out, "language_code", language);
    }
    return body_end(&body);
}

struct str call_set_webhook(struct arena *arena, struct str url, struct str secret,
                            int64_t connections) {
    struct body body;
    struct json_out *out = &body.out;
    gb_assert(url.n > 0 && secret.n > 0 && secret.n <= SECRET_BYTES);
    body_begin(&body, arena);
    json_put_str(out, "url", url);
    json_put_str(out, "secret_token", secret);
    json_put_i64(out, "max_connections", connections);
    json_put_raw(out, "allowed_updates", STR(TELEGRAM_ALLOWED_UPDATES));
    return body_end(&body);
}

/* control_chat.c: a chat as a script sees it, the buttons in it, and what can be paid there.
 *
 * Buttons are found as a person finds them: in the newest message that shows one.
 */
#include "base/arena.h"
#include "base/json.h"
#include "sandbox/control_inside.h"

static const struct str PAY_ROW =
    STR_INIT("{\"inline_keyboard\":[[{\"text\":\"Pay\",\"pay\":true}]]}");

/* ---- buttons */

static const struct json *rows_of(struct arena *arena, struct str text) {
    const struct json *markup;
    if (text.n == 0 || json_parse(arena, text, &markup, NULL) != GB_OK) {
        return NULL;
    }
    const struct json *rows = json_at(markup, "inline_keyboard");
    return rows != NULL ? rows : json_at(markup, "keyboard");
}

const struct json *control_keyboard(struct arena *arena, const struct tg_message *message) {
    bool invoice = message->kind == TG_INVOICE;
    if (message->deleted || (invoice && message->invoice.paid)) {
        return NULL;
    }
    return rows_of(arena, invoice && message->markup.n == 0 ? PAY_ROW : message->markup);
}

struct tg_message *control_newest_keyboard(const struct tg_user *user) {
    for (size_t i = user->count; i > 0; i--) {
        struct tg_message *m = user->messages[i - 1];
        bool shows = m->kind == TG_INVOICE ? !m->invoice.paid : m->markup.n > 0;
        if (!m->deleted && shows) {
            return m;
        }
    }
    return NULL;
}

void control_read_button(const struct json *button, struct found_button *ret_found) {
    struct str label;
    if (json_str(button, "", &label)) {
        ret_found->text = label; /* a reply keyboard's short form */
    } else {
        ret_found->text = json_str_or(button, "text", STR_NONE);
        ret_found->data = json_str_or(button, "callback_data", STR_NONE);
        ret_found->url = json_str_or(button, "url", STR_NONE);
        ret_found->copy = json_str_or(button, "copy_text.text", STR_NONE);
        ret_found->pay = json_bool_or(button, "pay", false);
    }
}

static bool fits(const struct button_wish *wish, const struct found_button *button,
                 int64_t number) {
    if (wish->index > 0) {
        return number == wish->index;
    }
    if (wish->data.n > 0) {
        return str_equal(button->data, wish->data);
    }
    return wish->text.n > 0 && str_find_str(button->text, wish->text) < button->text.n;
}

static bool find_in(const struct json *rows, struct tg_message *message,
                    const struct button_wish *wish, struct found_button *ret_found) {
    int64_t number = 0;
    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row)) {
        for (const struct json *b = json_first(row); b != NULL; b = json_next(b)) {
            struct found_button one = {.message = message};
            control_read_button(b, &one);
            one.is_reply = str_find_str(message->markup, STR("\"keyboard\"")) < message->markup.n;
            if (fits(wish, &one, ++number)) {
                *ret_found = one;
                return true;
            }
        }
    }
    return false;
}

bool control_find_button(struct arena *arena, const struct tg_user *user,
                         const struct button_wish *wish, struct found_button *ret_found) {
    const struct tg_message *newest = control_newest_keyboard(user);
    int64_t newest_id = newest != NULL ? newest->id : 0;
    for (size_t i = user->count; i > 0; i--) {
        struct tg_message *m = user->messages[i - 1];
        bool looked_at = wish->message_id != 0 ? m->id == wish->message_id
                                               : wish->index == 0 || m->id == newest_id;
        if (!looked_at) {
            continue;
        }
        bool crosses = wish->message_id != 0 && wish->data.n > 0 && !m->deleted;
        if (find_in(control_keyboard(arena, m), m, wish, ret_found) ||
            (crosses && find_in(rows_of(arena, m->markup_before), m, wish, ret_found))) {
            return true;
        }
    }
    return false;
}

/* The payment behind a link, if it can still be paid; late money counts. */
static struct str unpaid_behind(struct control_call *call, struct str url) {
    enum testpay_status status = TESTPAY_PAID;
    struct testpay_model *pay = call->control->is.pay;
    struct str id = testpay_of_url(pay, url);
    bool found = id.n > 0 && testpay_look(pay, call->visit->now, id, &status) == GB_OK;
    return found && status != TESTPAY_PAID ? id : STR_NONE;
}

static struct str page_of(struct control_call *call, const struct tg_message *message) {
    const struct json *rows = control_keyboard(call->arena, message);
    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row)) {
        for (const struct json *b = json_first(row); b != NULL; b = json_next(b)) {
            struct str id = unpaid_behind(call, json_str_or(b, "url", STR_NONE));
            if (id.n > 0) {
                return id;
            }
        }
    }
    return STR_NONE;
}

/* A page that was opened and is not shown any more. */
static struct str open_page(struct control_call *call, const struct tg_user *user) {
    for (size_t i = user->link_count; i > 0; i--) {
        struct str id = unpaid_behind(call, user->links[i - 1]);
        if (id.n > 0) {
            return id;
        }
    }
    return STR_NONE;
}

bool control_find_payable(struct control_call *call, const struct tg_user *user, int64_t message_id,
                          struct payable *ret_payable) {
    *ret_payable = (struct payable){0};
    for (size_t i = user->count; i > 0; i--) {
        struct tg_message *m = user->messages[i - 1];
        if (m->deleted || (message_id != 0 && m->id != message_id)) {
            continue;
        }
        if (m->kind == TG_INVOICE && !m->invoice.paid) {
            ret_payable->invoice = m;
            return true;
        }
        ret_payable->payment = page_of(call, m);
        if (ret_payable->payment.n > 0) {
            return true;
        }
    }
    ret_payable->payment = message_id == 0 ? open_page(call, user) : STR_NONE;
    return ret_payable->payment.n > 0;
}

/* ---- the chat */

static void write_button(struct json_out *out, const struct json *button) {
    struct found_button b = {0};
    control_read_button(button, &b);
    json_open_object(out, NULL);
    json_put_str(out, "text", b.text);
    if (b.data.n > 0) {
        json_put_str(out, "data", b.data);
    }
    if (b.url.n > 0) {
        json_put_str(out, "url", b.url);
    }
    if (b.copy.n > 0) {
        json_put_str(out, "copy", b.copy);
    }
    if (b.pay) {
        json_put_bool(out, "pay", true);
    }
    json_close(out);
}

static void write_keyboard(struct json_out *out, struct arena *arena,
                           const struct tg_message *message) {
    const struct json *rows = control_keyboard(arena, message);
    json_open_array(out, "keyboard");
    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row)) {
        json_open_array(out, NULL);
        for (const struct json *b = json_first(row); b != NULL; b = json_next(b)) {
            write_button(out, b);
        }
        json_close(out);
    }
    json_close(out);
}

static void write_invoice(struct json_out *out, const struct tg_invoice *invoice) {
    json_open_object(out, "invoice");
    json_put_str(out, "title", invoice->title);
    json_put_str(out, "description", invoice->description);
    json_put_str(out, "currency", invoice->currency);
    json_put_i64(out, "amount", invoice->amount);
    json_put_bool(out, "paid", invoice->paid);
    json_close(out);
}

static void write_message(struct json_out *out, struct arena *arena,
                          const struct tg_message *message) {
    json_open_object(out, NULL);
    json_put_i64(out, "message_id", message->id);
    json_put_text(out, "from", message->from_bot ? "bot" : "user");
    bool caption = tg_is_captioned(message);
    json_put_str(out, caption ? "caption" : "text", message->text);
    json_put_str(out, "html", message->html);
    write_keyboard(out, arena, message);
    json_put_bool(out, "photo", message->kind == TG_PHOTO);
    if (message->kind == TG_DOCUMENT) {
        json_open_object(out, "document");
        json_put_str(out, "name", message->document.name);
        json_put_i64(out, "size", message->document.size);
        json_put_str(out, "sha256", message->document.sha256);
        json_close(out);
    }
    if (message->kind == TG_INVOICE) {
        write_invoice(out, &message->invoice);
    }
    if (message->kind == TG_SERVICE) {
        json_put_raw(out, message->service_key, message->service);
    }
    json_put_i64(out, "date", message->date_s);
    json_put_i64(out, "edits", message->edits);
    json_put_bool(out, "deleted", message->deleted);
    json_close(out);
}

struct str control_chat_json(struct arena *arena, const struct tg_user *user) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 64 << 20);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_i64(&out, "user", user->id);
    json_put_i64(&out, "revision", user->revision);
    json_put_bool(&out, "blocked", user->blocked);
    json_open_array(&out, "messages");
    for (size_t i = 0; i < user->count; i++) {
        write_message(&out, arena, user->messages[i]);
    }
    json_close(&out);
    json_open_array(&out, "alerts");
    for (size_t i = 0; i < user->alert_count; i++) {
        json_open_object(&out, NULL);
        json_put_str(&out, "text", user->alerts[i].text);
        json_put_bool(&out, "alert", user->alerts[i].alert);
        json_put_i64(&out, "message_id", user->alerts[i].message_id);
        json_close(&out);
    }
    json_close(&out);
    json_close(&out);
    return buf_str(&buf);
}

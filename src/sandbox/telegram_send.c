/* telegram_send.c: sendMessage, sendPhoto, sendDocument, sendInvoice, and what every send looks at
 * first.
 *
 * What the table of bot_api.def can refuse has been refused before: here only the world's own
 * reasons are left, such as a chat nobody opened.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

#define SIDES_SUM_MAX   10000
#define SIDES_RATIO_MAX 20
#define PHOTO_BYTES_MAX ((size_t)10 * 1024 * 1024)
#define FILE_BYTES_MAX  ((size_t)50 * 1024 * 1024)

struct tg_user *tg_target(struct tg_call *call) {
    int64_t id = 0;
    struct str text = str_trim(form_text(&call->form, "chat_id"));
    struct tg_user *user =
        num_i64(text, INT64_MIN, INT64_MAX, &id) == GB_OK ? tg_user_by_id(call->model, id) : NULL;
    if (text.n == 0) {
        tg_refuse(call, 400, "chat_id is empty");
        return NULL;
    }
    if (user == NULL) {
        tg_refuse(call, 400, "chat not found");
        return NULL;
    }
    return user;
}

/* Where a message may be sent to. */
static struct tg_user *recipient(struct tg_call *call) {
    struct tg_user *user = tg_target(call);
    if (user == NULL) {
        return NULL;
    }
    if (user->blocked) {
        tg_refuse(call, 403, "bot was blocked by the user");
        return NULL;
    }
    if (!user->started) {
        tg_refuse(call, 403, "bot can't initiate conversation with a user");
        return NULL;
    }
    const struct json *reply;
    struct str parameters = form_text(&call->form, "reply_parameters");
    if (parameters.n > 0 && json_parse(call->arena, parameters, &reply, NULL) == GB_OK) {
        struct tg_message *to = tg_message_find(user, json_i64_or(reply, "message_id", 0));
        if ((to == NULL || to->deleted) &&
            !json_bool_or(reply, "allow_sending_without_reply", false)) {
            tg_refuse(call, 400, "message to be replied not found");
            return NULL;
        }
    }
    return user;
}

bool tg_parse(struct tg_call *call, struct str text, struct str mode, struct parsed_text *ret) {
    if (!str_equal_nocase(mode, STR("HTML"))) {
        entities_plain(text, ret);
        return true;
    }
    entities_parse(call->arena, text, ret);
    return ret->error.n == 0;
}

struct str tg_markup(struct tg_call *call) {
    const struct json *markup;
    struct str text = form_text(&call->form, "reply_markup");
    if (text.n == 0 || json_parse(call->arena, text, &markup, NULL) != GB_OK) {
        return STR_NONE;
    }
    const struct json *rows = json_at(markup, "inline_keyboard");
    rows = rows != NULL ? rows : json_at(markup, "keyboard");
    return json_size(rows) > 0 ? json_text(call->arena, markup) : STR_NONE;
}

void tg_send_message(struct tg_call *call) {
    struct tg_user *user = recipient(call);
    struct parsed_text parsed;
    struct str text = form_text(&call->form, "text");
    if (user == NULL || !tg_parse(call, text, form_text(&call->form, "parse_mode"), &parsed)) {
        return; /* the check before this call has refused what cannot be parsed */
    }
    struct tg_message *message =
        tg_message_new(call->model, user, TG_TEXT, true, call->now.wall_ms);
    tg_set_text(call->arena, message, &parsed, text);
    tg_set_markup(call->arena, user, message, tg_markup(call));
    tg_bot_changed(user, message, call->now.mono_ms);
    tg_answer_message(call, user, message);
}

/* ---- pictures */

static int64_t big_endian(const unsigned char *p) {
    return (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | (int64_t)p[3];
}

/* A PNG says its size; of the others only the kind is looked at. */
static bool picture_size(struct str bytes, int64_t *ret_width, int64_t *ret_height) {
    *ret_width = *ret_height = 512;
    if (str_starts(bytes, STR("\x89PNG\r\n\x1a\n")) && bytes.n >= 24) {
        const unsigned char *header = (const unsigned char *)bytes.p + 16;
        *ret_width = big_endian(header);
        *ret_height = big_endian(header + 4);
        return true;
    }
    return str_starts(bytes, STR("\xff\xd8\xff")) || str_starts(bytes, STR("GIF8")) ||
           (str_starts(bytes, STR("RIFF")) && str_is(str_sub(bytes, 8, 4), "WEBP"));
}

static const struct tg_picture *keep_picture(struct tg_call *call, struct str bytes) {
    struct telegram_model *model = call->model;
    int64_t width, height;
    if (bytes.n > PHOTO_BYTES_MAX) {
        tg_refuse(call, 400, "file is too big");
        return NULL;
    }
    if (!picture_size(bytes, &width, &height)) {
        tg_refuse(call, 400, "IMAGE_PROCESS_FAILED");
        return NULL;
    }
    if (width < 1 || height < 1 || width + height > SIDES_SUM_MAX ||
        width > height * SIDES_RATIO_MAX || height > width * SIDES_RATIO_MAX) {
        tg_refuse(call, 400, "PHOTO_INVALID_DIMENSIONS");
        return NULL;
    }
    struct tg_picture *picture = keep_new(sizeof *picture);
    *picture = (struct tg_picture){.size = (int64_t)bytes.n, .width = width, .height = height};
    picture->file_id =
        keep_text(arena_printf(call->arena, "AgACAgIAAxkDAAI%016" PRIx64 "%06zu",
                               rng_u64(&model->rng), model->picture_count % 1000000));
    if (model->picture_bytes + bytes.n <= TG_PICTURE_BYTES_MAX) {
        picture->bytes = keep_text(bytes);
        model->picture_bytes += bytes.n;
    }
    model->pictures = keep_grow(model->pictures, model->picture_count, &model->picture_capacity,
                                sizeof(struct tg_picture *));
    model->pictures[model->picture_count++] = picture;
    return picture;
}

const struct tg_picture *tg_take_picture(struct tg_call *call, const struct form_field *field,
                                         struct str value) {
    if (field != NULL && field->is_file) {
        return keep_picture(call, field->value);
    }
    if (str_starts(value, STR("attach://"))) {
        const struct form_field *part = form_file(&call->form, str_sub(value, 9, value.n));
        if (part != NULL) {
            return keep_picture(call, part->value);
        }
    }
    for (size_t i = 0; i < call->model->picture_count; i++) {
        if (str_equal(call->model->pictures[i]->file_id, value)) {
            return call->model->pictures[i];
        }
    }
    if (str_starts(value, STR("http://")) || str_starts(value, STR("https://"))) {
        tg_refuse(call, 400, "failed to get HTTP URL content");
    } else {
        tg_refuse(call, 400, "wrong file identifier/HTTP URL specified");
    }
    return NULL;
}

void tg_send_photo(struct tg_call *call) {
    struct tg_user *user = recipient(call);
    if (user == NULL) {
        return;
    }
    const struct tg_picture *picture =
        tg_take_picture(call, form_find(&call->form, "photo"), form_text(&call->form, "photo"));
    struct parsed_text parsed;
    struct str caption = form_text(&call->form, "caption");
    if (picture == NULL ||
        !tg_parse(call, caption, form_text(&call->form, "parse_mode"), &parsed)) {
        return;
    }
    struct tg_message *message =
        tg_message_new(call->model, user, TG_PHOTO, true, call->now.wall_ms);
    message->picture = picture;
    tg_set_text(call->arena, message, &parsed, caption);
    tg_set_markup(call->arena, user, message, tg_markup(call));
    tg_bot_changed(user, message, call->now.mono_ms);
    tg_answer_message(call, user, message);
}

/* A file that comes with the call; what is known by an id or an address is none of this shop's. */
static const struct form_field *file_part(struct tg_call *call) {
    const struct form_field *field = form_find(&call->form, "document");
    if (field != NULL && !field->is_file && str_starts(field->value, STR("attach://"))) {
        field = form_file(&call->form, str_sub(field->value, 9, field->value.n));
    }
    if (field == NULL || !field->is_file) {
        tg_refuse(call, 400, "wrong file identifier/HTTP URL specified");
        return NULL;
    }
    if (field->value.n == 0 || field->value.n > FILE_BYTES_MAX) {
        tg_refuse(call, 400, field->value.n == 0 ? "file must be non-empty" : "file is too big");
        return NULL;
    }
    return field;
}

void tg_send_document(struct tg_call *call) {
    struct tg_user *user = recipient(call);
    const struct form_field *file = user != NULL ? file_part(call) : NULL;
    struct parsed_text parsed;
    struct str caption = form_text(&call->form, "caption");
    if (file == NULL || !tg_parse(call, caption, form_text(&call->form, "parse_mode"), &parsed)) {
        return;
    }
    uint8_t digest[SHA256_BYTES];
    sha256(file->value, digest);
    struct tg_message *message =
        tg_message_new(call->model, user, TG_DOCUMENT, true, call->now.wall_ms);
    message->document = (struct tg_document){
        .file_id = keep_text(arena_printf(call->arena, "BQACAgIAAxkDAAI%016" PRIx64 "%06" PRId64,
                                          rng_u64(&call->model->rng), message->id % 1000000)),
        .name = keep_text(file->filename),
        .sha256 = keep_text(hex_encode(call->arena, digest, sizeof digest)),
        .size = (int64_t)file->value.n,
    };
    tg_set_text(call->arena, message, &parsed, caption);
    tg_set_markup(call->arena, user, message, tg_markup(call));
    tg_bot_changed(user, message, call->now.mono_ms);
    tg_answer_message(call, user, message);
}

void tg_send_invoice(struct tg_call *call) {
    struct tg_user *user = recipient(call);
    const struct json *prices;
    if (user == NULL ||
        json_parse(call->arena, form_text(&call->form, "prices"), &prices, NULL) != GB_OK) {
        return;
    }
    struct tg_message *message =
        tg_message_new(call->model, user, TG_INVOICE, true, call->now.wall_ms);
    struct tg_invoice *invoice = &message->invoice;
    invoice->title = keep_text(form_text(&call->form, "title"));
    invoice->description = keep_text(form_text(&call->form, "description"));
    invoice->payload = keep_text(form_text(&call->form, "payload"));
    invoice->currency = keep_text(form_text(&call->form, "currency"));
    for (const struct json *p = json_first(prices); p != NULL; p = json_next(p)) {
        invoice->amount += json_i64_or(p, "amount", 0);
    }
    tg_set_markup(call->arena, user, message, tg_markup(call));
    tg_bot_changed(user, message, call->now.mono_ms);
    tg_answer_message(call, user, message);
}

void tg_send_chat_action(struct tg_call *call) {
    if (recipient(call) != NULL) {
        tg_true(call);
    }
}

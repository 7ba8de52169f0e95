/* calls.h: Bot API calls as structs -> the JSON body of an outbox row.
 *
 * Texts are HTML made by telegram/html.h, already escaped. What Telegram would refuse for its
 * length is cut or asserted here, so that it never gets that far. Bot API 10.3.
 */
#ifndef TELEGRAM_CALLS_H
#define TELEGRAM_CALLS_H

#include "base/base.h"

struct arena;

struct tg_button {
    struct str text;
    struct str data; /* callback data, 1 to 64 bytes; or */
    struct str url;  /* a link; or */
    struct str copy; /* text to copy, at most 256; or */
    bool pay;        /* the invoice's own button, first of all */
};

struct tg_keyboard {
    const struct tg_button *buttons;
    const unsigned *row_ends; /* index after each row's last button */
    size_t row_count;
};

struct tg_message {
    int64_t chat_id;
    int64_t message_id; /* editMessageText, editMessageCaption, deleteMessage */
    struct str html;    /* text, or caption of a photo */
    struct tg_keyboard keyboard;
    bool silent;
    bool preview; /* links show a preview */
};

struct tg_invoice { /* sendInvoice in Stars */
    int64_t chat_id;
    struct str title;       /* cut to 32 */
    struct str description; /* cut to 255 */
    struct str payload;     /* 1..128 bytes */
    struct str label;
    int64_t stars;
    struct tg_keyboard keyboard; /* first button pay, or none */
};

struct str call_send_message(struct arena *arena, const struct tg_message *message);
struct str call_edit_text(struct arena *arena, const struct tg_message *message);
/* sendPhoto: the picture travels inside the row as member "$photo" (base64); the codec makes the
 * multipart request of it. `png` at most 64 KiB. */
struct str call_send_photo(struct arena *arena, const struct tg_message *message, struct str png);
/* sendDocument: the row names a file as member "$document", without a path; who sends it finds it.
 */
struct str call_send_document(struct arena *arena, const struct tg_message *message,
                              struct str file_name);
struct str call_delete_message(struct arena *arena, int64_t chat_id, int64_t message_id);
struct str call_answer_callback(struct arena *arena, struct str query_id, struct str text,
                                bool alert);
struct str call_answer_pre_checkout(struct arena *arena, struct str query_id,
                                    struct str error_message); /* empty: ok */
struct str call_send_invoice(struct arena *arena, const struct tg_invoice *invoice);
struct str call_set_commands(struct arena *arena, struct str language,
                             const struct str (*commands)[2], size_t count);
/* setWebhook; `secret`: 1 to 256 of A-Z a-z 0-9 _ -. What waits is never dropped. */
struct str call_set_webhook(struct arena *arena, struct str url, struct str secret,
                            int64_t connections);

#endif

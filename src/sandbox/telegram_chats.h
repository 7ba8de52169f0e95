/* telegram_chats.h: the people and messages of the Telegram model.
 *
 * Every chat is private: one user, one bot. Read by the control interface; changed only by the
 * telegram_*.c files, which raise the chat's revision with every change a person could see.
 */
#ifndef SANDBOX_TELEGRAM_CHATS_H
#define SANDBOX_TELEGRAM_CHATS_H

#include "base/base.h"
#include "sandbox/entities.h"

struct json_out;

#define TG_USERS_MAX    20000
#define TG_MESSAGES_MAX 500 /* per chat; the oldest are forgotten */
#define TG_ALERTS_MAX   50  /* per chat */
#define TG_LINKS_MAX    8   /* per chat */

enum tg_kind { TG_TEXT, TG_PHOTO, TG_DOCUMENT, TG_INVOICE, TG_SERVICE };

struct tg_picture { /* kept by the model for as long as it lives */
    struct str file_id;
    struct str bytes; /* empty: too many bytes were kept already */
    int64_t size, width, height;
};

struct tg_document { /* its bytes are not kept */
    struct str file_id, name, sha256;
    int64_t size;
};

struct tg_invoice {
    struct str title, description, payload, currency;
    int64_t amount;
    bool paid;
};

struct tg_message {
    int64_t id;
    bool from_bot, deleted;
    enum tg_kind kind;
    struct str text;     /* plain: of a text, or the caption */
    struct str html;     /* as it was sent */
    struct str entities; /* JSON array, or empty */
    struct str markup;   /* JSON of an inline or reply keyboard, or empty */
    /* The markup an edit replaced last: a press may cross the edit. */
    struct str markup_before;
    const char *service_key; /* TG_SERVICE: "successful_payment", and what it holds */
    struct str service;
    const struct tg_picture *picture;
    struct tg_document document;
    struct tg_invoice invoice;
    int64_t date_s, edit_date_s, edits;
    int64_t revision; /* the chat's, when this was last changed */
};

struct tg_alert { /* what answerCallbackQuery or a refused payment showed */
    struct str text;
    bool alert;
    int64_t message_id, revision;
};

struct tg_user {
    int64_t id;
    struct str name; /* in the control interface; empty for numbers */
    struct str first_name, username, language;
    bool started, blocked;
    struct tg_message **messages; /* oldest first */
    size_t count, capacity;
    struct tg_alert alerts[TG_ALERTS_MAX];
    size_t alert_count;
    struct str links[TG_LINKS_MAX]; /* of buttons seen, oldest first: a page may still be open */
    size_t link_count;
    int64_t revision;
    int64_t bot_changed_ms; /* mono clock: when the bot last changed something here */
    int64_t bot_changes;
};

struct telegram_model;

/* NULL: there is none. */
struct tg_user *tg_user_by_id(struct telegram_model *model, int64_t id);
struct tg_user *tg_user_by_name(struct telegram_model *model, struct str name);
/* A new user; `name` may be empty, then id counts. NULL: TG_USERS_MAX are known. */
struct tg_user *tg_user_new(struct telegram_model *model, int64_t id, struct str name);
size_t tg_user_count(const struct telegram_model *model);
/* Deleted messages are found too: the caller looks. */
struct tg_message *tg_message_find(const struct tg_user *user, int64_t message_id);

/* Are its words a caption? */
bool tg_is_captioned(const struct tg_message *message);

/* As the Bot API shows them. */
void tg_write_user(struct json_out *out, const char *key, const struct tg_user *user);
void tg_write_chat(struct json_out *out, const char *key, const struct tg_user *user);
void tg_write_message(struct json_out *out, const char *key, const struct telegram_model *model,
                      const struct tg_user *user, const struct tg_message *message);

#endif

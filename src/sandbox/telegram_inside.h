/* telegram_inside.h: the Telegram model's own structs, for the telegram_*.c files only.
 *
 * telegram_model.c is the door; _chats, _updates hold the state; _send, _edit, _stars, _about,
 * _webhook are the methods. A method writes one response into its call.
 */
#ifndef SANDBOX_TELEGRAM_INSIDE_H
#define SANDBOX_TELEGRAM_INSIDE_H

#include "sandbox/bot_api.h"
#include "sandbox/faults.h"
#include "sandbox/form.h"
#include "sandbox/holds.h"
#include "sandbox/tally.h"
#include "sandbox/telegram_model.h"

#define TG_PICTURE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define TG_QUERIES_MAX       10000
#define TG_COMMANDS_MAX      64

struct tg_update {
    struct tg_update *next;
    int64_t id;
    struct str text; /* the whole Update */
    int64_t expires_ms;
    /* Of its way to a webhook. */
    uint64_t source; /* kind and person: what is brought in order */
    bool in_flight, answer_is_lost;
    int64_t failures, again_ms;
};

struct tg_webhook {
    struct str url, secret; /* url empty: none is set */
    int64_t connections;
    size_t in_flight;
    int64_t set_ms; /* of the last setWebhook */
    struct str last_error;
    int64_t last_error_s;
    bool knock; /* call without an update, so that the shop looks at its clock */
};

struct tg_poll { /* the one getUpdates that waits */
    bool waits;
    bool drop; /* lose_answer: cut the connection instead */
    uint64_t ticket;
    int64_t offset, limit, deadline_ms;
};

struct tg_query { /* callback or pre-checkout */
    int64_t id, user_id, message_id;
    bool is_purchase;
    int64_t asked_ms; /* wall clock */
    bool answered;
    enum purchase_state state;
    struct str text; /* charge id, or the shop's words */
};

struct tg_charge { /* one payment or refund in Stars */
    struct str id, payload;
    int64_t user_id, amount, date_s;
    bool refund, refunded;
};

struct tg_commands {
    struct str key; /* scope and language */
    struct str list;
};

struct telegram_model {
    struct str token, username;
    int64_t bot_id;
    struct rng rng;
    struct fault_plan *faults;
    struct holds holds;

    struct tg_user **users; /* by id */
    size_t user_count, user_capacity;
    int64_t next_user_id, next_message_id;
    struct tg_picture **pictures;
    size_t picture_count, picture_capacity, picture_bytes;

    struct tg_update *head, *tail;
    size_t update_count;
    int64_t next_update_id;
    uint64_t allowed; /* bits of kinds */
    struct tg_poll poll;
    int64_t last_offset, last_poll_ms, last_conflict_ms;
    struct tg_webhook webhook;
    int64_t confirmed, expired, dropped;

    struct tg_query *queries; /* oldest first */
    size_t query_count, query_capacity;
    struct tg_charge *charges; /* oldest first, refunds among them */
    size_t charge_count, charge_capacity;
    struct tg_commands commands[TG_COMMANDS_MAX];
    size_t command_count;

    struct tally calls, refused, warnings;
};

/* One call under way. */
struct tg_call {
    struct telegram_model *model;
    const struct visit *visit;
    struct arena *arena;
    struct moment now;
    struct form form;
    struct api_line method;
    struct http_response *response;
    struct fault_hit fault;
};

/* Answers. `result` is JSON; `why` comes behind the prefix of the code. */
void tg_result(struct tg_call *call, struct str result);
void tg_true(struct tg_call *call);
void tg_refuse(struct tg_call *call, int code, const char *why);
void tg_refuse_str(struct tg_call *call, int code, struct str why);
void tg_answer_message(struct tg_call *call, const struct tg_user *user,
                       const struct tg_message *message);
struct str tg_ok_body(struct arena *arena, struct str result);
struct str tg_refusal_body(struct arena *arena, int code, struct str why);

/* telegram_chats.c */
struct tg_message *tg_message_new(struct telegram_model *model, struct tg_user *user,
                                  enum tg_kind kind, bool from_bot, int64_t wall_ms);
/* The bot has changed something in the chat: `message` may be NULL. */
void tg_bot_changed(struct tg_user *user, struct tg_message *message, int64_t mono_ms);
void tg_set_text(struct arena *arena, struct tg_message *message, const struct parsed_text *parsed,
                 struct str html);
/* Show another keyboard; its links are remembered as seen. */
void tg_set_markup(struct arena *arena, struct tg_user *user, struct tg_message *message,
                   struct str markup);
void tg_alert(struct tg_user *user, struct str text, bool alert, int64_t message_id);
void tg_chats_free(struct telegram_model *model);

/* telegram_updates.c: `body` is a JSON value, `user` whose doing it is. */
int64_t tg_push(struct telegram_model *model, const struct moment *now, struct arena *arena,
                const struct tg_user *user, const char *kind, struct str body, int64_t lives_ms);
struct tg_update *tg_update_find(const struct telegram_model *model, int64_t id); /* or NULL */
void tg_update_confirm(struct telegram_model *model, const struct tg_update *update);
/* Parameter allowed_updates, where it is given. */
void tg_remember_allowed(struct tg_call *call);
/* End the poll that waits, if one does, with 409. */
void tg_end_poll(struct tg_call *call, const char *why);
enum model_verdict tg_get_updates(struct tg_call *call);
void tg_updates_free(struct telegram_model *model);

/* telegram_webhook.c */
int64_t tg_webhook_next_ms(const struct telegram_model *model);
void tg_webhook_free(struct telegram_model *model);

/* telegram_send.c, telegram_edit.c, telegram_stars.c, telegram_about.c: the methods */
void tg_send_message(struct tg_call *call);
void tg_send_photo(struct tg_call *call);
void tg_send_document(struct tg_call *call);
void tg_send_invoice(struct tg_call *call);
void tg_send_chat_action(struct tg_call *call);
void tg_edit_text(struct tg_call *call);
void tg_edit_caption(struct tg_call *call);
void tg_edit_media(struct tg_call *call);
void tg_edit_markup(struct tg_call *call);
void tg_delete_message(struct tg_call *call);
void tg_delete_messages(struct tg_call *call);
void tg_answer_callback(struct tg_call *call);
void tg_answer_pre_checkout(struct tg_call *call);
void tg_refund_stars(struct tg_call *call);
void tg_star_transactions(struct tg_call *call);
void tg_star_balance(struct tg_call *call);
void tg_get_me(struct tg_call *call);
void tg_get_chat(struct tg_call *call);
void tg_get_chat_member(struct tg_call *call);
void tg_webhook_info(struct tg_call *call);
void tg_set_webhook(struct tg_call *call);
void tg_delete_webhook(struct tg_call *call);
void tg_set_commands(struct tg_call *call);
void tg_get_commands(struct tg_call *call);
void tg_delete_commands(struct tg_call *call);

/* Shared by them. NULL after a refusal was written. */
struct tg_user *tg_target(struct tg_call *call);
bool tg_parse(struct tg_call *call, struct str text, struct str mode, struct parsed_text *ret);
/* The picture in parameter or member `value`: a file part, attach://, or a known file_id. */
const struct tg_picture *tg_take_picture(struct tg_call *call, const struct form_field *field,
                                         struct str value);
/* JSON of a keyboard that is shown with a message; empty for none, or for other markup. */
struct str tg_markup(struct tg_call *call);
struct tg_query *tg_query_new(struct telegram_model *model, const struct moment *now,
                              const struct tg_user *user, int64_t message_id, bool is_purchase);
struct tg_query *tg_query_find(const struct telegram_model *model, int64_t id);
void tg_queries_free(struct telegram_model *model);

#endif

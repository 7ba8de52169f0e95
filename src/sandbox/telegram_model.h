/* telegram_model.h: a Bot API server with one bot and many people, in memory.
 *
 * What the shop does comes in by telegram_handle, one HTTP call at a time. What people do comes in
 * by the functions below it and becomes updates. Errors have the real server's codes and words. A
 * long poll is held and given back by telegram_next_answer; where a webhook is set, updates are
 * fetched by telegram_next_delivery and brought to it by whoever drives the model.
 *
 *   people ──► updates ──► getUpdates ──► shop ──► sendX, editX, answerX ──► chats ──► people
 *                     └──► webhook ─────►
 *
 * Bounds: TG_USERS_MAX people, TG_MESSAGES_MAX messages each, TG_UPDATES_MAX updates waiting (a
 * new one is dropped in silence, as the real server does), 64 MiB of pictures.
 */
#ifndef SANDBOX_TELEGRAM_MODEL_H
#define SANDBOX_TELEGRAM_MODEL_H

#include "base/crypto.h"
#include "sandbox/model.h"
#include "sandbox/telegram_chats.h"

#define TG_UPDATES_MAX      100000
#define TG_UPDATE_BYTES_MAX (512 * 1024)

struct telegram_model;
struct json_out;

struct telegram_options {
    struct str token;          /* "123456:ABC..." */
    struct str username;       /* of the bot */
    const uint8_t *seed;       /* SHA256_BYTES: the same seed gives the same ids */
    struct fault_plan *faults; /* outlives the model */
};

struct telegram_model *telegram_new(const struct telegram_options *options);
void telegram_free(struct telegram_model *model); /* NULL is fine */

enum model_verdict telegram_handle(struct telegram_model *model, const struct visit *visit,
                                   struct http_response *response);
/* The next held call that can be answered by now; false when there is none. */
bool telegram_next_answer(struct telegram_model *model, struct moment now, struct arena *arena,
                          uint64_t *ret_ticket, struct http_response *response);
/* On the mono clock: when next_answer may have something; INT64_MAX: not by itself. */
int64_t telegram_next_ms(const struct telegram_model *model);
/* The next update to be brought to the shop's webhook; false when there is none, or none may go
 * now. To be sent as it stands, and its reply given to telegram_delivered. */
bool telegram_next_delivery(struct telegram_model *model, struct moment now, struct arena *arena,
                            struct http_request *ret_request, uint64_t *ret_ticket);
void telegram_delivered(struct telegram_model *model, struct moment now, struct arena *arena,
                        uint64_t ticket, const struct http_reply *reply);
/* Answer the waiting poll with what there is, or call the webhook with nothing, so that the shop
 * looks at its clock. */
void telegram_wake_poll(struct telegram_model *model);
/* End the calls that a fault has hung up. */
void telegram_release(struct telegram_model *model);

/* ---- what people do; each returns the update's id, 0 when the bot has not asked for that kind */

/* GB_REFUSED: the user has blocked the bot. */
enum gb_err telegram_say(struct telegram_model *model, const struct moment *now,
                         struct arena *arena, struct tg_user *user, struct str text,
                         int64_t *ret_update_id) GB_MUST_USE;
/* The button of `message` with this callback data. */
int64_t telegram_press(struct telegram_model *model, const struct moment *now, struct arena *arena,
                       struct tg_user *user, const struct tg_message *message, struct str data);
int64_t telegram_block(struct telegram_model *model, const struct moment *now, struct arena *arena,
                       struct tg_user *user, bool blocked);
/* Hand out an update as it stands; an "update_id" member is put in front of the others.
 * GB_INVALID: not even the braces of an object. */
enum gb_err telegram_raw_update(struct telegram_model *model, const struct moment *now,
                                struct arena *arena, struct str json,
                                int64_t *ret_update_id) GB_MUST_USE;
/* Still to be confirmed by the shop? */
bool telegram_update_waits(const struct telegram_model *model, int64_t update_id);

/* ---- paying with Stars: a question to the shop, and what became of it */

enum purchase_state { PURCHASE_ASKED, PURCHASE_PAID, PURCHASE_REFUSED, PURCHASE_TOO_LATE };

/* Ask the shop by pre_checkout_query. GB_EXISTS: paid before. */
enum gb_err telegram_buy(struct telegram_model *model, const struct moment *now,
                         struct arena *arena, struct tg_user *user, struct tg_message *message,
                         int64_t *ret_query_id) GB_MUST_USE;
/* *ret_text: the charge id when paid, the shop's words when refused. */
enum purchase_state telegram_purchase(const struct telegram_model *model, struct moment now,
                                      int64_t query_id, struct str *ret_text);

/* Members of GET /api/stats. */
void telegram_write_stats(const struct telegram_model *model, struct json_out *out);

#endif

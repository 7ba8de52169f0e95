/* post.h: screens -> rows of the lane "telegram".
 *
 * All rows for one chat share a queue, so that they arrive in the order they were decided. Each
 * asks bot_sent what became of it. Nothing here decides what is said, or reads a row.
 */
#ifndef BOT_POST_H
#define BOT_POST_H

#include "base/base.h"

struct screen;
struct str;
struct tg_invoice;
struct work;

enum post_worth {
    POST_SCREEN,   /* the answer to a press: of no use after a few minutes */
    POST_NEWS,     /* money or keys: kept until it is delivered */
    POST_REMINDER, /* rather lost than said twice; of no use after half a day */
};

/* Change message `message_id` into the screen, or send it as a new one when that is 0. A screen
 * with a picture is always new. */
void post_screen(struct work *work, int64_t chat, int64_t message_id, const struct screen *screen,
                 enum post_worth worth);
/* A file of ours, by its bare name, with a caption. */
void post_document(struct work *work, int64_t chat, struct str html, struct str file_name);
void post_invoice(struct work *work, const struct tg_invoice *invoice);

/* End a button's waiting sign, with a few words or none. Not stored: nobody misses it. */
void post_answer(struct work *work, struct str query_id, struct str text);
/* Telegram waits 10 s for this one: it queues behind nothing. Empty `refusal`: may be paid. */
void post_pre_checkout(struct work *work, struct str query_id, struct str refusal);
/* The commands behind the "/" button; `language` empty: for all others. Not stored. */
void post_commands(struct work *work, struct str language, const struct str (*commands)[2],
                   size_t count);

#endif

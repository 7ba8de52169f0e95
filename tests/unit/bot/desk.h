/* desk.h: a whole shop on a desk: store, rules and bot are real; engine and Telegram are played
 * here.
 *
 * Each event is run twice from one snapshot and must change the same rows; each call must be one
 * that Telegram takes. Rows of other lanes wait until a test answers them.
 */
#ifndef TESTS_BOT_DESK_H
#define TESTS_BOT_DESK_H

#include "base/base.h"
#include "state/config.h"
#include "state/event.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "telegram/update.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DESK_BUTTONS_MAX  100
#define DESK_MESSAGES_MAX 4096
#define DESK_ROWS_MAX     4096

#define ANNA  INT64_C(101)
#define BORIS INT64_C(202)
#define OWNER INT64_C(900)

struct desk_button {
    struct str text, data, url;
    bool pay;
};

struct desk_message {
    int64_t id, chat;
    struct str html, png, document;
    bool invoice;
    struct str payload;
    int64_t stars;
    struct desk_button buttons[DESK_BUTTONS_MAX];
    size_t button_count;
    unsigned edits;
};

struct desk_row {
    struct outbox_row row;
    bool answered;
};

struct desk {
    struct arena *memory; /* all that is kept */
    struct arena *event;
    struct backend *backend;
    char directory[32];
    struct config config;
    const struct texts *texts;
    int64_t now_ms;
    uint64_t order;
    const char *language; /* of who writes next: "en" */

    struct desk_message *messages;
    size_t message_count;
    struct desk_row *rows; /* of the lanes that are not Telegram's */
    size_t row_count;
    size_t calls;               /* to Telegram, since the last event from outside */
    struct str toast;           /* the last answerCallbackQuery */
    size_t toasts;              /* since the last event from outside */
    struct outbox_row checkout; /* the last answerPreCheckoutQuery */
    const char *refuse_next;    /* Telegram refuses the next message for this reason */
};

struct desk *desk_open(void);
void desk_close(struct desk *desk);

/* Events from outside, with all that follows from them. */
void desk_say(struct desk *desk, int64_t user, const char *text);
void desk_press_data(struct desk *desk, int64_t user, int64_t message, struct str data);
/* The newest message of the chat with a button that has this text in it. */
void desk_press(struct desk *desk, int64_t user, const char *text);
void desk_update(struct desk *desk, const struct update *update);
void desk_tell(struct desk *desk, const struct notice *notice);
/* Change a row by hand, in a transaction of its own. */
void desk_do(struct desk *desk, void (*change)(struct work *work, void *ctx), void *ctx);

/* The open row of a lane that is due first, or NULL; and its answer. */
struct desk_row *desk_row(struct desk *desk, const char *lane, const char *kind);
void desk_answer(struct desk *desk, struct desk_row *row, enum answer_kind kind, const char *reason,
                 struct str said);

struct desk_message *desk_last(struct desk *desk, int64_t chat); /* NULL: none */
struct desk_message *desk_message(struct desk *desk, int64_t id);
struct desk_button *desk_button(struct desk_message *message, const char *text);
size_t desk_messages(const struct desk *desk, int64_t chat);
bool desk_has(struct str text, const char *part);
void desk_sees(struct desk *desk, int64_t chat, const char *part); /* in the newest message */
/* Nothing in any message of the chat holds this. */
void desk_never_saw(struct desk *desk, int64_t chat, struct str part);

#endif

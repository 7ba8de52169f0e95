/* update.h: one Telegram update as a struct: what the shop looks at, nothing else.
 *
 * All that a user sends is untrusted: texts are cut to bounds, ids range-checked; what cannot be
 * read is UPDATE_UNKNOWN with its update_id, so that the offset moves on. Bot API 10.3 Update.
 */
#ifndef TELEGRAM_UPDATE_H
#define TELEGRAM_UPDATE_H

#include "base/base.h"

struct arena;
struct json;

enum update_kind {
    UPDATE_UNKNOWN,
    UPDATE_MESSAGE,      /* text, command, or successful_payment */
    UPDATE_CALLBACK,     /* a pressed button */
    UPDATE_PRE_CHECKOUT, /* may this invoice be paid? answer within 10 s */
    UPDATE_MEMBERSHIP,   /* my_chat_member: blocked or unblocked */
};

struct update_person {
    int64_t id;
    bool is_bot;
    struct str first_name; /* at most 64 code points */
    struct str username;   /* without @; may be empty */
    struct str language;   /* IETF tag as sent; may be empty */
};

struct update_payment { /* successful_payment, and the question before it */
    struct str currency;
    int64_t amount_minor;
    struct str payload;   /* ours: the payment's id */
    struct str charge_id; /* telegram_payment_charge_id */
};

struct update {
    int64_t update_id;
    enum update_kind kind;
    struct update_person from;
    int64_t chat_id;      /* PRE_CHECKOUT: the person's own; 0: a button of no chat */
    struct str chat_type; /* "private", "group", ... */
    int64_t message_id;   /* the message; for a callback the one with the button; 0: none */
    int64_t date_s;
    struct str text;     /* message text, at most 4096 code points */
    struct str command;  /* "start" of "/start@our_bot x"; empty: none */
    struct str argument; /* "x" */
    struct str query_id; /* callback or pre-checkout */
    struct str data;     /* callback data, at most 64 bytes */
    bool has_payment;    /* MESSAGE: successful_payment; PRE_CHECKOUT: always */
    struct update_payment payment;
    bool reachable;    /* MEMBERSHIP: member again, or kicked */
    bool message_gone; /* CALLBACK: the message is inaccessible */
};

/* Read one Update; its texts are views into the tree. GB_INVALID: not even an update_id;
 * *reterr_why static text. */
enum gb_err update_read(struct arena *arena, const struct json *json, struct update *ret_update,
                        const char **reterr_why) GB_MUST_USE;

#endif

/* control_inside.h: the control interface's own structs, for the control*.c files only.
 *
 * control.c waits, control_api.c and control_person.c serve scripts, control_text.c people,
 * control_chat.c finds and shows what both ask for.
 */
#ifndef SANDBOX_CONTROL_INSIDE_H
#define SANDBOX_CONTROL_INSIDE_H

#include "sandbox/control.h"

struct json;

enum wait_kind {
    WAIT_CHAT,     /* until the chat's revision is above `since` */
    WAIT_SHOP,     /* until the shop has had its say about an update */
    WAIT_PURCHASE, /* until the shop has answered a pre-checkout query */
    WAIT_BOT_END,  /* until the shop's process has ended */
};

struct waiter {
    struct waiter *next;
    enum wait_kind kind;
    bool as_text; /* for people */
    uint64_t ticket;
    struct tg_user *user;
    int64_t since;     /* revision of the chat when it began */
    int64_t changes;   /* the bot's changes then */
    int64_t update_id; /* 0: none */
    int64_t query_id;  /* WAIT_PURCHASE */
    int64_t heard_ms;  /* WAIT_SHOP: when the update was confirmed; -1: not yet */
    int64_t deadline_ms;
};

struct control {
    struct control_options is;
    struct waiter *waiters; /* in order of arrival */
    size_t count;
};

struct control_call {
    struct control *control;
    const struct visit *visit;
    struct arena *arena;
    struct http_response *response;
    const struct json *body; /* of /api; NULL: none */
    struct str parts[6];     /* of the path, decoded */
    size_t part_count;
};

/* Answers. */
void control_say(struct control_call *call, int status, struct str json);
void control_refuse(struct control_call *call, int status, const char *why);
void control_text(struct control_call *call, int status, struct str text);

/* A fresh waiter for this call's ticket: the caller fills in the rest. NULL: too many, refused. */
struct waiter *control_wait(struct control_call *call, enum wait_kind kind, struct tg_user *user,
                            int64_t ms_max);
/* The user of a path segment, made at first use. NULL: refused. */
struct tg_user *control_user(struct control_call *call, struct str name);

/* control_chat.c: buttons, as a person finds them. */
struct found_button {
    struct tg_message *message;
    struct str text, data, url, copy;
    bool pay, is_reply; /* is_reply: of a reply keyboard, pressing it says its text */
};
struct button_wish {
    int64_t index;      /* from 1, row by row, in the newest keyboard; 0: not by index */
    struct str text;    /* part of the label; empty: not by text */
    struct str data;    /* callback data; empty: not by data */
    int64_t message_id; /* 0: any, the newest first */
};
bool control_find_button(struct arena *arena, const struct tg_user *user,
                         const struct button_wish *wish, struct found_button *ret_found);
/* The rows of a message's keyboard; an invoice without one has its pay button. NULL: none. */
const struct json *control_keyboard(struct arena *arena, const struct tg_message *message);
/* The newest message that shows one. NULL: none. */
struct tg_message *control_newest_keyboard(const struct tg_user *user);
void control_read_button(const struct json *button, struct found_button *ret_found);
/* What can be paid: a Stars invoice, or a page. False: nothing. */
struct payable {
    struct tg_message *invoice; /* NULL: a page */
    struct str payment;
};
bool control_find_payable(struct control_call *call, const struct tg_user *user, int64_t message_id,
                          struct payable *ret_payable);
struct str control_chat_json(struct arena *arena, const struct tg_user *user);

/* control_api.c: everything below /api; control_person.c: below /api/user. */
enum model_verdict control_api(struct control_call *call);
enum model_verdict control_person(struct control_call *call);
/* Members of the body; empty, or the fallback, when they are not there. */
struct str control_body_text(const struct control_call *call, const char *name);
int64_t control_body_number(const struct control_call *call, const char *name, int64_t fallback);
struct str control_bot_json(struct control *control, struct arena *arena);

/* control_text.c: the same for people. */
enum model_verdict control_people(struct control_call *call);
/* What has changed in the chat above revision `since`. */
struct str control_chat_text(struct control *control, struct arena *arena,
                             const struct tg_user *user, int64_t since);

#endif

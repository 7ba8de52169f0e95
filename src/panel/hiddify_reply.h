/* hiddify_reply.h: a reply of a Hiddify panel, and what its failures mean. For hiddify.c only. */
#ifndef PANEL_HIDDIFY_REPLY_H
#define PANEL_HIDDIFY_REPLY_H

#include "base/base.h"
#include "base/http.h"

struct arena;
struct json;

struct reply {
    const struct call *call;
    const struct endpoint *to;
    const struct http_reply *http;
    const struct json *tree; /* an object, or NULL */
    struct arena *arena;
};

/* `said` goes to the log; of a user object, which holds private keys, nothing may be in it. */
struct answer reply_answer(const struct reply *reply, enum answer_kind kind, const char *reason,
                           struct str said);
/* Does the panel's message hold `text`, whatever its case? */
bool reply_says(const struct reply *reply, const char *text);
/* The true "there is no such user", not just some 404. */
bool reply_is_no_user(const struct reply *reply);
/* The panel's own "you have no user", which is how it says that its list is empty. */
bool reply_is_empty_list(const struct reply *reply);
/* DELETE was done. */
bool reply_is_ok(const struct reply *reply);
/* Whatever is no 200 and means the same in every step. */
struct answer reply_failure(const struct reply *reply);

#endif

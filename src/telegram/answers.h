/* answers.h: what the Bot API said: done, later, refused or unknown. For telegram.c only. */
#ifndef TELEGRAM_ANSWERS_H
#define TELEGRAM_ANSWERS_H

#include "base/base.h"
#include "base/http.h"

struct arena;
struct json;

/* What a failure means. `tree` is the reply, parsed; NULL: it is no JSON. MORE: the chat has the
 * new id *ret_chat_id. */
struct answer answers_failure(const struct http_reply *reply, const struct json *tree,
                              struct str secret, struct arena *arena, int64_t *ret_chat_id);

/* The reply of any method. `call` is needed to send it again to a chat that moved. */
void answers_read(const struct call *call, const struct endpoint *to,
                  const struct http_reply *reply, struct arena *arena, struct answer *ret_answer);

#endif

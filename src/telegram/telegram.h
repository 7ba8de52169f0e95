/* telegram.h: the codec of the lane "telegram", and getUpdates, which is no row.
 *
 * Error classes follow the catalogue of facts (docs/architecture.md names its source): what is
 * success in disguise, what waits, what sends anew, what makes a chat unreachable.
 */
#ifndef TELEGRAM_TELEGRAM_H
#define TELEGRAM_TELEGRAM_H

#include "base/base.h"
#include "base/http.h"

struct arena;
struct json;

/* Rows of this lane: kind = method name, body = its JSON parameters. A member "$photo" (base64) is
 * taken out and sent as the multipart file `photo`.
 * DONE: `said` is Telegram's result where that is an object; a Message is cut down to
 * {"message_id":N}. reason: "" or the class: "not_modified", "gone_message", "old_query",
 * "already_refunded".
 * REFUSED reason: "chat_gone", "fatal" (token), "conflict", "bug", "rights", "file", "send_anew"
 * (message to edit is not there), "no_parse" (entities), "other".
 * LATER: 429 (lane_wide unless the wait is short) and 5xx answered as JSON.
 * MORE: the group became a supergroup, the same again goes to its new id.
 * UNKNOWN: time-outs, resets, HTML, bodies that are no JSON. */
extern const struct codec telegram_codec;

/* What the shop wants to hear of, as the Bot API's allowed_updates. Said each time: left out,
 * whatever was set last, perhaps by another program, stays. */
#define TELEGRAM_ALLOWED_UPDATES                                                                   \
    "[\"message\",\"callback_query\",\"pre_checkout_query\",\"my_chat_member\"]"

struct poll_answer {
    enum answer_kind kind; /* DONE, LATER, REFUSED (reason "fatal" or "conflict"), UNKNOWN */
    const char *reason;    /* UNKNOWN: "unreadable": updates that are no JSON to us, or too large */
    int64_t retry_after_ms;
    const struct json *updates; /* DONE: an array */
    int64_t first_id; /* "unreadable": the first update's id as found in the text; or -1 */
    struct str why;
};

/* getUpdates with the next offset; `poll_ms` 0 asks without waiting (to confirm on the way out). */
enum gb_err poll_build(const struct endpoint *to, int64_t offset, int limit, int64_t poll_ms,
                       struct arena *arena, struct http_request *ret_request) GB_MUST_USE;
void poll_read(const struct http_reply *reply, struct arena *arena, struct poll_answer *ret_answer);

#endif

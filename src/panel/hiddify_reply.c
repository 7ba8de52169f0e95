#include "panel/hiddify_reply.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/json.h"

#define SETUP_WAIT_MS GB_MINUTE_MS
#define RETRY_S_MAX   INT64_C(3600)
#define DETAIL_BYTES  150

struct answer reply_answer(const struct reply *reply, enum answer_kind kind, const char *reason,
                           struct str said) {
    return (struct answer){
        .kind = kind,
        .reason = reason,
        .why = codec_why(reply->arena, reply->http->status, said, reply->to->secret),
    };
}

/* The owner must mend something; until then no row of this lane can succeed. */
static struct answer setup(const struct reply *reply, const char *reason, struct str said) {
    struct answer answer = reply_answer(reply, ANSWER_LATER, reason, said);
    answer.retry_after_ms = SETUP_WAIT_MS;
    answer.lane_wide = true;
    return answer;
}

/* Errors say `message`, or `msg` when something on the way changed our Accept. */
static struct str message_of(const struct json *tree) {
    return json_str_or(tree, "message", json_str_or(tree, "msg", STR_NONE));
}

bool reply_says(const struct reply *reply, const char *text) {
    struct str message = message_of(reply->tree), wanted = str_of(text);
    for (size_t at = 0; at + wanted.n <= message.n; at++) {
        if (str_equal_nocase(str_sub(message, at, wanted.n), wanted)) {
            return true;
        }
    }
    return false;
}

bool reply_is_no_user(const struct reply *reply) {
    return reply->http->status == 404 && reply_says(reply, "user not found");
}

bool reply_is_empty_list(const struct reply *reply) {
    return reply->http->status == 404 &&
           str_equal_nocase(message_of(reply->tree), STR("You have no user"));
}

bool reply_is_ok(const struct reply *reply) {
    return str_is(message_of(reply->tree), "ok");
}

static struct answer read_later(const struct reply *reply) {
    struct answer answer = reply_answer(reply, ANSWER_LATER, "", STR_NONE);
    int64_t wait_s = GB_MIN(GB_MAX(reply->http->retry_after_s, INT64_C(0)), RETRY_S_MAX);
    answer.retry_after_ms = wait_s * GB_SECOND_MS;
    answer.lane_wide = true;
    return answer;
}

/* Up to 12.x a route that is not there, a wrong method and broken JSON are 500 with a text that
 * begins with the true status. Any other 500 may come after the deed, and its text may hold SQL. */
static struct answer read_500(const struct reply *reply) {
    struct str message = message_of(reply->tree);
    if (str_starts(message, STR("404 ")) || str_starts(message, STR("405 "))) {
        return setup(reply, "setup", message);
    }
    if (str_starts(message, STR("400 "))) {
        return reply_answer(reply, ANSWER_REFUSED, "invalid", message);
    }
    return reply_answer(reply, ANSWER_UNKNOWN, "", STR_NONE);
}

static struct answer read_400(const struct reply *reply) {
    struct str message = message_of(reply->tree);
    if (reply_says(reply, "user limit reached")) {
        return reply_answer(reply, ANSWER_REFUSED, "full", message);
    }
    /* "invalid request": a wrong path; "invalid": the user agent. */
    if (reply_says(reply, "invalid")) {
        return setup(reply, "setup", message);
    }
    return reply_answer(reply, ANSWER_REFUSED, "invalid", message);
}

static struct answer read_422(const struct reply *reply) {
    const struct json *detail = json_at(reply->tree, "detail.json");
    struct str said = message_of(reply->tree);
    if (detail != NULL) {
        said = str_sub(json_text(reply->arena, detail), 0, DETAIL_BYTES);
    }
    return reply_answer(reply, ANSWER_REFUSED, "invalid", said);
}

struct answer reply_failure(const struct reply *reply) {
    struct str message = message_of(reply->tree);
    int status = reply->http->status;
    if (status == 429) {
        return read_later(reply);
    }
    if (reply->tree == NULL || message.n == 0) {
        return reply_answer(reply, ANSWER_UNKNOWN, "", STR("no answer of the panel"));
    }
    switch (status) {
    case 400:
        return read_400(reply);
    case 401:
        return setup(reply, "forbidden", message);
    case 403:
        return reply_says(reply, "permission")
                   ? reply_answer(reply, ANSWER_REFUSED, "foreign_user", message)
                   : setup(reply, "forbidden", message);
    case 404:
    case 405:
        return setup(reply, "setup", message);
    case 422:
        return read_422(reply);
    case 500:
        return read_500(reply);
    default:
        return reply_answer(reply, ANSWER_UNKNOWN, "", STR_NONE);
    }
}

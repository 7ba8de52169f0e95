/* answers.c: one table of what the Bot API says when it does not say ok.
 *
 * Found by error code, then by the first text that the lower-cased description holds; the texts
 * changed over the years, so only their lasting parts are matched. What no row knows is "other".
 *
 * A 5xx counts as "did not happen" when it is JSON: then the Bot API server itself gave up on the
 * call. The HTML of a 502 or 504 comes from the proxy before it, which does not know what became of
 * the call: UNKNOWN, like a time-out.
 */
#include "telegram/answers.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/num.h"
#include "telegram/skim.h"

#define DESCRIPTION_BYTES 512
#define BODY_BYTES_MAX    (128 * 1024)
#define RETRY_AFTER_S_MAX INT64_C(86400)
/* Global and per-chat floods look alike. A short wait is most often the chat's own. */
#define SHORT_WAIT_S 3

enum scope { ROW, LANE };

static const struct failure {
    int code;
    const char *text; /* lower case; "": any */
    enum answer_kind kind;
    const char *reason;
    enum scope scope; /* of LATER */
} failures[] = {
    {403, "bot was blocked by the user", ANSWER_REFUSED, "chat_gone", ROW},
    {403, "user is deactivated", ANSWER_REFUSED, "chat_gone", ROW},
    {403, "bot can't initiate conversation with a user", ANSWER_REFUSED, "chat_gone", ROW},
    {403, "bot was kicked from the", ANSWER_REFUSED, "chat_gone", ROW},
    {403, "bot is not a member of the", ANSWER_REFUSED, "chat_gone", ROW},
    {403, "the group chat was deleted", ANSWER_REFUSED, "chat_gone", ROW},
    {403, "bot can't send messages to", ANSWER_REFUSED, "chat_gone", ROW},
    {400, "chat not found", ANSWER_REFUSED, "chat_gone", ROW},
    {400, "have no access to the user", ANSWER_REFUSED, "chat_gone", ROW},
    {400, "user not found", ANSWER_REFUSED, "chat_gone", ROW},
    {400, "peer_id_invalid", ANSWER_REFUSED, "chat_gone", ROW},
    {400, "group is deactivated", ANSWER_REFUSED, "chat_gone", ROW},
    {400, "group chat was upgraded to a supergroup", ANSWER_REFUSED, "chat_gone", ROW},
    {400, "group chat was migrated to a supergroup", ANSWER_REFUSED, "chat_gone", ROW},

    {400, "message is not modified", ANSWER_DONE, "not_modified", ROW},
    {400, "message to delete not found", ANSWER_DONE, "gone_message", ROW},
    {400, "message can't be deleted", ANSWER_DONE, "gone_message", ROW},
    {400, "query is too old", ANSWER_DONE, "old_query", ROW},
    {400, "query id is invalid", ANSWER_DONE, "old_query", ROW},
    {400, "charge_already_refunded", ANSWER_DONE, "already_refunded", ROW},

    {400, "message to edit not found", ANSWER_REFUSED, "send_anew", ROW},
    {400, "message can't be edited", ANSWER_REFUSED, "send_anew", ROW},
    {400, "message_id_invalid", ANSWER_REFUSED, "send_anew", ROW},
    {400, "message to be replied not found", ANSWER_REFUSED, "other", ROW},
    {400, "reply message not found", ANSWER_REFUSED, "other", ROW},
    {400, "message thread not found", ANSWER_REFUSED, "other", ROW},

    {400, "can't parse entities", ANSWER_REFUSED, "no_parse", ROW},
    {400, "message to copy not found", ANSWER_REFUSED, "bug", ROW},
    {400, "message to forward not found", ANSWER_REFUSED, "bug", ROW},
    {400, "message text is empty", ANSWER_REFUSED, "bug", ROW},
    {400, "text must be non-empty", ANSWER_REFUSED, "bug", ROW},
    {400, "text is too long", ANSWER_REFUSED, "bug", ROW},
    {400, "message is too long", ANSWER_REFUSED, "bug", ROW},
    {400, "message caption is too long", ANSWER_REFUSED, "bug", ROW},
    {400, "button_data_invalid", ANSWER_REFUSED, "bug", ROW},
    {400, "button_url_invalid", ANSWER_REFUSED, "bug", ROW},
    {400, "can't parse inline keyboard button", ANSWER_REFUSED, "bug", ROW},
    {400, "can't parse reply keyboard markup", ANSWER_REFUSED, "bug", ROW},
    {400, "object expected as reply markup", ANSWER_REFUSED, "bug", ROW},
    {400, "reply markup is too long", ANSWER_REFUSED, "bug", ROW},
    {400, "unsupported parse_mode", ANSWER_REFUSED, "bug", ROW},
    {400, "chat_id is empty", ANSWER_REFUSED, "bug", ROW},
    {400, "parameter \"", ANSWER_REFUSED, "bug", ROW},
    {400, "message identifier is not specified", ANSWER_REFUSED, "bug", ROW},
    {400, "wrong parameter action in request", ANSWER_REFUSED, "bug", ROW},
    {400, "there is no ", ANSWER_REFUSED, "bug", ROW},

    {400, "wrong file identifier/http url specified", ANSWER_REFUSED, "file", ROW},
    {400, "wrong remote file identifier specified", ANSWER_REFUSED, "file", ROW},
    {400, "wrong file_id", ANSWER_REFUSED, "file", ROW},
    {400, "wrong type of the web page content", ANSWER_REFUSED, "file", ROW},
    {400, "failed to get http url content", ANSWER_REFUSED, "file", ROW},
    {400, "wrong http url specified", ANSWER_REFUSED, "file", ROW},
    {400, "file is too big", ANSWER_REFUSED, "file", ROW},

    {400, "not enough rights", ANSWER_REFUSED, "rights", ROW},
    {400, "have no rights to send a message", ANSWER_REFUSED, "rights", ROW},
    {400, "have no write access to the chat", ANSWER_REFUSED, "rights", ROW},
    {400, "chat_write_forbidden", ANSWER_REFUSED, "rights", ROW},
    {400, "member list is inaccessible", ANSWER_REFUSED, "rights", ROW},
    {400, "the chat is not a forum", ANSWER_REFUSED, "rights", ROW},

    {400, "bad webhook", ANSWER_REFUSED, "other", ROW},
    {400, "invalid webhook url specified", ANSWER_REFUSED, "other", ROW},
    {400, "secret token", ANSWER_REFUSED, "other", ROW},

    {401, "", ANSWER_REFUSED, "fatal", ROW},
    /* A Bot API server of one's own may be too old for a method; the token is fine then. */
    {404, "method not found", ANSWER_REFUSED, "bug", ROW},
    {404, "", ANSWER_REFUSED, "fatal", ROW},
    {409, "", ANSWER_REFUSED, "conflict", ROW},
    {413, "", ANSWER_REFUSED, "bug", ROW},
    {429, "", ANSWER_LATER, "flood", LANE},
    /* A plain 500 may be about this one call: the others need not wait for it. */
    {500, "restart", ANSWER_LATER, "away", LANE},
    {500, "", ANSWER_LATER, "fault", ROW},
    {502, "", ANSWER_LATER, "away", LANE},
    {503, "", ANSWER_LATER, "away", LANE},
    {504, "", ANSWER_LATER, "away", LANE},
};

static const struct failure *failure_find(int code, struct str description) {
    static const struct failure other = {0, "", ANSWER_REFUSED, "other", ROW};
    static const struct failure other_fault = {500, "", ANSWER_LATER, "fault", ROW};
    for (size_t i = 0; i < GB_COUNT(failures); i++) {
        struct str text = str_of(failures[i].text);
        if (failures[i].code == code &&
            (text.n == 0 || str_find_str(description, text) < description.n)) {
            return &failures[i];
        }
    }
    return code >= 500 ? &other_fault : &other;
}

static struct str lower(struct arena *arena, struct str text) {
    char *low = arena_take(arena, text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        low[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return (struct str){low, text.n};
}

/* In the body, else in the header; 0: neither says. */
static int64_t retry_after_s(const struct http_reply *reply, const struct json *tree) {
    int64_t wait_s = json_i64_or(tree, "parameters.retry_after", reply->retry_after_s);
    return GB_MIN(GB_MAX(wait_s, INT64_C(0)), RETRY_AFTER_S_MAX);
}

/* Not the Bot API's words: a proxy's, or those of something else at this address. */
static struct answer unreadable(const struct http_reply *reply, struct arena *arena) {
    bool turned_away = reply->status == 429;
    return (struct answer){
        .kind = turned_away ? ANSWER_LATER : ANSWER_UNKNOWN,
        .retry_after_ms = turned_away ? retry_after_s(reply, NULL) * GB_SECOND_MS : 0,
        .lane_wide = turned_away,
        .reason = "",
        .why = codec_why(arena, reply->status, STR("no answer of a Bot API"), STR_NONE),
    };
}

struct answer answers_failure(const struct http_reply *reply, const struct json *tree,
                              struct str secret, struct arena *arena, int64_t *ret_chat_id) {
    bool ok = true;
    int64_t code = json_i64_or(tree, "error_code", reply->status);
    if (!json_bool(tree, "ok", &ok) || ok || code < 400 || code > 599) {
        return unreadable(reply, arena);
    }
    struct str description = json_str_or(tree, "description", STR_NONE);
    const struct failure *failure =
        failure_find((int)code, lower(arena, str_sub(description, 0, DESCRIPTION_BYTES)));
    struct answer answer = {
        .kind = failure->kind,
        .reason = failure->reason,
        .lane_wide = failure->scope == LANE,
        .why = codec_why(arena, (int)code, description, secret),
    };
    if (answer.kind == ANSWER_LATER) {
        int64_t wait_s = retry_after_s(reply, tree);
        answer.retry_after_ms = wait_s * GB_SECOND_MS;
        answer.lane_wide = answer.lane_wide && (wait_s == 0 || wait_s > SHORT_WAIT_S);
    }
    if (json_i64(tree, "parameters.migrate_to_chat_id", ret_chat_id)) {
        answer.kind = ANSWER_MORE;
    }
    return answer;
}

/* ---- success ---- */

/* {"message_id":12,...}: all that is wanted of a message, or else the result as it stands. */
static struct str shorten(struct str result, struct arena *arena) {
    struct str head = STR("{\"message_id\":");
    if (!str_starts(result, head)) {
        return result.p[0] == '{' ? result : STR_NONE;
    }
    struct str digits = str_sub(result, head.n, result.n);
    digits = str_sub(digits, 0, GB_MIN(str_find(digits, ','), str_find(digits, '}')));
    int64_t id;
    if (num_i64(digits, 1, INT64_MAX, &id) != GB_OK) {
        return result;
    }
    struct buf buf;
    buf_init(&buf, arena, 64);
    buf_add(&buf, head);
    buf_add_i64(&buf, id);
    buf_add_char(&buf, '}');
    return buf_str(&buf);
}

/* The form nearly every success has. False: it is something else, or no JSON. */
static bool skim_success(struct str body, struct str *ret_result) {
    struct str head = STR("{\"ok\":true,\"result\":");
    if (!str_starts(body, head)) {
        return false;
    }
    body = str_sub(body, head.n, body.n);
    size_t n = skim_value(body);
    if (n == 0 || body.p[0] == 'n' || !str_is(str_trim(str_sub(body, n, body.n)), "}")) {
        return false; /* null is no result */
    }
    *ret_result = str_sub(body, 0, n);
    return true;
}

static bool parse_success(const struct json *tree, struct arena *arena, struct str *ret_result) {
    bool ok = false;
    const struct json *result = json_at(tree, "result");
    if (!json_bool(tree, "ok", &ok) || !ok || result == NULL) {
        return false;
    }
    *ret_result = json_text(arena, result);
    return true;
}

/* ---- a group that became a supergroup ---- */

/* The same body for another chat. GB_INVALID: it names no chat, or that one already. */
static enum gb_err move_body(struct str body, int64_t chat_id, struct arena *arena,
                             struct str *ret_body) {
    const struct json *tree;
    struct buf buf;
    struct json_out out;
    if (json_parse(arena, body, &tree, NULL) != GB_OK || json_at(tree, "chat_id") == NULL ||
        json_i64_or(tree, "chat_id", 0) == chat_id) {
        return GB_INVALID;
    }
    buf_init(&buf, arena, BODY_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    for (const struct json *member = json_first(tree); member != NULL; member = json_next(member)) {
        const char *name = json_name(member).p;
        if (strcmp(name, "chat_id") == 0) {
            json_put_i64(&out, name, chat_id);
        } else {
            json_put_raw(&out, name, json_text(arena, member));
        }
    }
    json_close(&out);
    return buf_end(&buf, ret_body) == GB_OK ? GB_OK : GB_INVALID;
}

static void follow_chat(const struct call *call, int64_t chat_id, struct arena *arena,
                        struct answer *answer) {
    answer->next = (struct call){.kind = call->kind, .key = call->key};
    if (move_body(call->body, chat_id, arena, &answer->next.body) != GB_OK) {
        answer->kind = ANSWER_REFUSED;
        answer->reason = "chat_gone";
    }
}

void answers_read(const struct call *call, const struct endpoint *to,
                  const struct http_reply *reply, struct arena *arena, struct answer *ret_answer) {
    struct str result;
    const struct json *tree = NULL;
    if (codec_no_reply(reply, ret_answer)) {
        return;
    }
    bool good = reply->status == 200;
    if (good && skim_success(reply->body, &result)) {
        *ret_answer =
            (struct answer){.kind = ANSWER_DONE, .reason = "", .said = shorten(result, arena)};
        return;
    }
    if (json_parse(arena, reply->body, &tree, NULL) == GB_OK && good &&
        parse_success(tree, arena, &result)) {
        *ret_answer =
            (struct answer){.kind = ANSWER_DONE, .reason = "", .said = shorten(result, arena)};
        return;
    }
    int64_t chat_id = 0;
    *ret_answer = answers_failure(reply, tree, to->secret, arena, &chat_id);
    if (ret_answer->kind == ANSWER_MORE) {
        follow_chat(call, chat_id, arena, ret_answer);
    }
}

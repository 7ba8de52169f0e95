#include "telegram/telegram.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/num.h"
#include "telegram/answers.h"

/* The Bot API server waits out short floods itself; a caller that hangs up sooner sends twice. */
#define CALL_MS_MAX    (40 * GB_SECOND_MS)
#define FILE_MS_MAX    (15 * GB_MINUTE_MS) /* 50 MB over half a megabit */
#define POLL_MS_MARGIN (15 * GB_SECOND_MS)
#define POLL_S_MAX     INT64_C(50)
#define URL_BYTES_MAX  1024
#define METHOD_BYTES   64
#define REPLY_BYTES    (1024 * 1024)
#define PARTS_MAX      32

#define PHOTO     "$photo"
#define DOCUMENT  "$document"
#define JSON_TYPE STR("application/json")

/* ---- requests ---- */

static bool is_method_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits, a colon, letters: else it could say more in an address than it should. */
static bool is_token_byte(char c) {
    return is_method_byte(c) || (c >= '0' && c <= '9') || c == ':' || c == '_' || c == '-';
}

static bool is_all(struct str text, size_t bytes_max, bool (*is_fine)(char)) {
    if (text.n == 0 || text.n > bytes_max) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_fine(text.p[i])) {
            return false;
        }
    }
    return true;
}

/* Address, proxy, trust: what all requests have in common. */
static enum gb_err request_begin(const struct endpoint *to, struct str method, struct arena *arena,
                                 struct http_request *request) {
    struct buf url;
    if (!is_all(method, METHOD_BYTES, is_method_byte) ||
        !is_all(to->secret, URL_BYTES_MAX / 2, is_token_byte)) {
        return GB_INVALID;
    }
    buf_init(&url, arena, URL_BYTES_MAX);
    buf_add(&url, to->base_url);
    buf_add_text(&url, "/bot");
    buf_add(&url, to->secret);
    buf_add_char(&url, '/');
    buf_add(&url, method);
    *request = (struct http_request){
        .method = HTTP_POST,
        .content_type = JSON_TYPE,
        .proxy = to->proxy,
        .trust = to->trust,
        .total_ms_max = CALL_MS_MAX,
        .reply_bytes_max = REPLY_BYTES,
    };
    return buf_end(&url, &request->url) == GB_OK ? GB_OK : GB_INVALID;
}

/* A quote inside a JSON text is escaped, so this can only be the member's name (or, below the top,
 * something that looks like it; build_upload finds out). */
static bool holds_file(struct str body) {
    struct str photo = STR("\"" PHOTO "\":"), document = STR("\"" DOCUMENT "\":");
    for (size_t at = str_find(body, '$'); at < body.n;
         at += 1 + str_find(str_sub(body, at + 1, body.n), '$')) {
        struct str rest = str_sub(body, at > 0 ? at - 1 : 0, body.n);
        if (str_starts(rest, photo) || str_starts(rest, document)) {
            return true;
        }
    }
    return false;
}

/* Each member becomes a part; what is no text goes as JSON, as the Bot API reads forms. */
static enum gb_err build_upload(struct str body, struct arena *arena,
                                struct http_request *request) {
    const struct json *tree;
    if (json_parse(arena, body, &tree, NULL) != GB_OK || !json_is_object(tree) ||
        json_size(tree) > PARTS_MAX) {
        return GB_INVALID;
    }
    struct http_part *parts = ARENA_ARRAY(arena, struct http_part, PARTS_MAX);
    size_t count = 0;
    for (const struct json *member = json_first(tree); member != NULL; member = json_next(member)) {
        struct http_part *part = &parts[count++];
        struct str text;
        bool is_text = json_str(member, "", &text);
        part->name = json_name(member);
        part->body = is_text ? text : json_text(arena, member);
        bool is_document = str_is(part->name, DOCUMENT);
        if (is_document && (!is_text || text.n == 0 || str_find(text, '/') < text.n)) {
            return GB_INVALID;
        }
        if (is_document) {
            *part = (struct http_part){.name = STR("document"),
                                       .filename = text,
                                       .content_type = STR("application/octet-stream"),
                                       .file = text};
            request->total_ms_max = FILE_MS_MAX;
            continue;
        }
        if (!str_is(part->name, PHOTO)) {
            continue;
        }
        if (!is_text || base64_decode(arena, text, &part->body) != GB_OK) {
            return GB_INVALID;
        }
        part->name = STR("photo");
        part->filename = STR("picture.png");
        part->content_type = STR("image/png");
    }
    request->content_type = STR_NONE;
    request->parts = parts;
    request->part_count = count;
    return GB_OK;
}

static enum gb_err build_request(const struct call *call, const struct endpoint *to,
                                 struct arena *arena, struct http_request *ret_request) {
    struct http_request request;
    enum gb_err err = request_begin(to, call->kind, arena, &request);
    if (err == GB_OK && holds_file(call->body)) {
        err = build_upload(call->body, arena, &request);
    } else {
        request.body = call->body;
    }
    if (err == GB_OK) {
        *ret_request = request;
    }
    return err;
}

const struct codec telegram_codec = {
    .name = "telegram",
    .build_request = build_request,
    .read_reply = answers_read,
};

/* ---- getUpdates ---- */

enum gb_err poll_build(const struct endpoint *to, int64_t offset, int limit, int64_t poll_ms,
                       struct arena *arena, struct http_request *ret_request) {
    struct http_request request;
    struct buf body;
    int64_t poll_s = GB_MIN(GB_MAX(poll_ms, INT64_C(0)) / GB_SECOND_MS, POLL_S_MAX);
    enum gb_err err = request_begin(to, STR("getUpdates"), arena, &request);
    if (err != GB_OK) {
        return err;
    }
    buf_init(&body, arena, 256);
    buf_add_text(&body, "{\"offset\":");
    buf_add_i64(&body, offset);
    buf_add_text(&body, ",\"limit\":");
    buf_add_i64(&body, limit);
    buf_add_text(&body, ",\"timeout\":");
    buf_add_i64(&body, poll_s);
    buf_add_text(&body, ",\"allowed_updates\":" TELEGRAM_ALLOWED_UPDATES "}");
    gb_assert(!body.failed);
    request.body = buf_str(&body);
    request.total_ms_max = poll_s * GB_SECOND_MS + POLL_MS_MARGIN;
    request.reply_bytes_max = 0; /* up to 100 updates: the client's own maximum */
    *ret_request = request;
    return GB_OK;
}

/* Is it an answer of a Bot API, with updates that cannot be read? */
static bool is_unreadable(const struct http_reply *reply, const struct json *tree) {
    bool is_torn = reply->too_large || (reply->status == 200 && tree == NULL);
    return is_torn && str_starts(reply->body, STR("{\"ok\":true"));
}

/* Digits behind the first "update_id" of a text that is no JSON; -1: there are none. */
static int64_t first_update_id(struct str body) {
    struct str name = STR("\"update_id\":");
    struct str rest = str_sub(body, str_find_str(body, name) + name.n, body.n);
    size_t digits = 0;
    while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9') {
        digits++;
    }
    int64_t id;
    return num_i64(str_sub(rest, 0, digits), 0, INT32_MAX, &id) == GB_OK ? id : -1;
}

void poll_read(const struct http_reply *reply, struct arena *arena,
               struct poll_answer *ret_answer) {
    const struct json *tree = NULL;
    struct answer failure;
    int64_t chat_id;
    bool ok = false;
    if (!codec_no_reply(reply, &failure)) {
        if (json_parse(arena, reply->body, &tree, NULL) == GB_OK && reply->status == 200 &&
            json_bool(tree, "ok", &ok) && ok && json_is_array(json_at(tree, "result"))) {
            *ret_answer = (struct poll_answer){
                .kind = ANSWER_DONE, .reason = "", .updates = json_at(tree, "result")};
            return;
        }
        failure = answers_failure(reply, tree, STR_NONE, arena, &chat_id);
    }
    if (is_unreadable(reply, tree)) {
        *ret_answer = (struct poll_answer){
            .kind = ANSWER_UNKNOWN,
            .reason = "unreadable",
            .first_id = first_update_id(reply->body),
            .why = failure.why,
        };
        return;
    }
    bool waits = failure.kind == ANSWER_LATER || failure.kind == ANSWER_UNKNOWN;
    *ret_answer = (struct poll_answer){
        .kind = waits ? failure.kind : ANSWER_REFUSED,
        .reason = failure.reason,
        .retry_after_ms = failure.retry_after_ms,
        .why = failure.why,
    };
}

/* hiddify.c: the codec of a Hiddify panel, API v2 as it is from 10.50 to 14.
 *
 * Creating a user is no upsert there, so `ensure` is a walk; every step is safe to repeat, and
 * whatever becomes unclear on the way starts it again from the top:
 *
 *   ensure         POST   made -------------------------> holds all? done
 *      | exists                                              | no
 *   ensure/read    GET    ours? holds all? done              |
 *      | ours, other values                                  |
 *   ensure/update  PATCH  <----------------------------- ensure/mend
 *                         holds all? done : refused
 *
 * A 200 proves nothing: a decoy web site answers to wrong addresses, and uuids that the panel
 * dislikes are silently replaced. So each reply must be the user that was asked for, value by
 * value. A user object holds private keys: no body of it ever gets into `why`.
 */
#include "base/arena.h"
#include "base/codec.h"
#include "base/json.h"
#include "panel/hiddify_list.h"
#include "panel/hiddify_reply.h"
#include "panel/hiddify_wish.h"
#include "panel/panel.h"

/* Anything that looks like a robot (the word bot is enough) gets 400 from the panel. */
#define USER_AGENT STR("hidclient/1.0")

#define READ_MS_MAX     (60 * GB_SECOND_MS)
#define WRITE_MS_MAX    (90 * GB_SECOND_MS)
#define REPLY_BYTES_MAX (256 * 1024)
#define BODY_BYTES_MAX  1024

/* Some 900 bytes a user: room for 140,000 of them, and for the minutes that a panel takes to write
 * them down. */
#define LIST_MS_MAX    (2 * GB_MINUTE_MS)
#define LIST_BYTES_MAX (128 * 1024 * 1024)
#define URL_BYTES_MAX  1024
#define WORD_CHARS     32
#define LOAD_MAX       1e6

/* ---- ensure ---- */

static struct answer more(const struct reply *reply, const char *kind, struct str body) {
    return (struct answer){
        .kind = ANSWER_MORE,
        .reason = "",
        .next = {.kind = str_of(kind), .key = reply->call->key, .body = body},
    };
}

static struct answer done(struct str said) {
    return (struct answer){.kind = ANSWER_DONE, .reason = "", .said = said};
}

static struct answer ensured(const struct reply *reply, const struct wish *wish, bool created) {
    return done(arena_printf(reply->arena, "{\"uuid\":\"" STR_FMT "\",\"created\":%s}",
                             STR_ARG(wish->user.uuid), created ? "true" : "false"));
}

/* The row was turned into a request before, so it can be read. */
static struct wish wish_of(const struct reply *reply) {
    struct wish wish;
    enum gb_err err = wish_read(reply->arena, reply->call->body, reply->to->zone_offset_min, &wish);
    gb_assert(err == GB_OK);
    return wish;
}

/* A 200 of something that is no panel, or cut short and by chance still JSON. */
static struct answer no_user_in(const struct reply *reply) {
    return reply_answer(reply, ANSWER_UNKNOWN, "", STR("no user in the answer"));
}

static struct answer not_kept(const struct reply *reply, const char *what) {
    return reply_answer(reply, ANSWER_REFUSED, "not_kept",
                        arena_printf(reply->arena, "the panel does not keep %s", what));
}

static struct answer read_created(const struct reply *reply) {
    struct wish wish = wish_of(reply);
    if (reply->http->status == 400 && reply_says(reply, "user exists")) {
        return more(reply, "ensure/read", reply->call->body);
    }
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    struct str uuid;
    if (!json_str(reply->tree, "uuid", &uuid)) {
        return no_user_in(reply);
    }
    if (!str_equal(uuid, wish.user.uuid)) {
        return not_kept(reply, "uuid");
    }
    /* A user that is made disabled gets into the cores all the same; PATCH takes it out of them. */
    if (wish_missing(reply->arena, &wish, reply->tree) != NULL || !wish.user.enabled) {
        return more(reply, "ensure/mend", reply->call->body);
    }
    return ensured(reply, &wish, true);
}

static struct answer read_found(const struct reply *reply) {
    struct wish wish = wish_of(reply);
    if (reply_is_no_user(reply)) {
        return reply_answer(reply, ANSWER_LATER, "", STR("exists, and is not there"));
    }
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    if (!user_is(reply->tree, wish.user.uuid)) {
        return no_user_in(reply);
    }
    if (!wish_is_ours(&wish, reply->tree)) {
        return reply_answer(reply, ANSWER_REFUSED, "foreign_user", STR("not made by this order"));
    }
    if (wish_missing(reply->arena, &wish, reply->tree) != NULL ||
        wish_labels_differ(&wish, reply->tree)) {
        return more(reply, "ensure/update", reply->call->body);
    }
    return ensured(reply, &wish, false);
}

static struct answer read_changed(const struct reply *reply, bool created) {
    struct wish wish = wish_of(reply);
    if (reply_is_no_user(reply)) {
        return reply_answer(reply, ANSWER_LATER, "", STR("was there, and is gone"));
    }
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    if (!user_is(reply->tree, wish.user.uuid)) {
        return no_user_in(reply);
    }
    const char *missing = wish_missing(reply->arena, &wish, reply->tree);
    return missing != NULL ? not_kept(reply, missing) : ensured(reply, &wish, created);
}

static struct answer read_updated(const struct reply *reply) {
    return read_changed(reply, false);
}

static struct answer read_mended(const struct reply *reply) {
    return read_changed(reply, true);
}

/* ---- read, remove, health ---- */

static struct answer read_state(const struct reply *reply) {
    const struct json *body = NULL;
    struct panel_state state;
    if (reply_is_no_user(reply)) {
        return reply_answer(reply, ANSWER_REFUSED, "gone", STR("no such user"));
    }
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    if (json_parse(reply->arena, reply->call->body, &body, NULL) != GB_OK ||
        !user_is(reply->tree, json_str_or(body, "uuid", STR_NONE)) ||
        !user_state(reply->tree, reply->to->zone_offset_min, &state)) {
        return no_user_in(reply);
    }
    return done(arena_printf(reply->arena,
                             "{\"used_bytes\":%" PRId64 ",\"limit_bytes\":%" PRId64
                             ",\"last_seen_ms\":%" PRId64 ",\"enabled\":%s}",
                             state.used_bytes, state.limit_bytes, state.last_seen_ms,
                             state.enabled ? "true" : "false"));
}

static struct answer read_removed(const struct reply *reply) {
    if (reply_is_no_user(reply)) {
        return done(STR("{}"));
    }
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    return reply_is_ok(reply)
               ? done(STR("{}"))
               : reply_answer(reply, ANSWER_UNKNOWN, "", STR("no word of the removal"));
}

static struct str two_texts(struct arena *arena, const char *key1, struct str text1,
                            const char *key2, struct str text2) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, BODY_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, key1, utf8_cut(text1, WORD_CHARS));
    if (key2 != NULL) {
        json_put_str(&out, key2, utf8_cut(text2, WORD_CHARS));
    }
    json_close(&out);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

/* A key is good only if admin/me says so: other calls answer without any. */
static struct answer read_admin(const struct reply *reply) {
    struct str role;
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    if (!user_is(reply->tree, reply->to->secret) || !json_str(reply->tree, "mode", &role)) {
        return reply_answer(reply, ANSWER_UNKNOWN, "", STR("no admin in the answer"));
    }
    struct str body = two_texts(reply->arena, "role", role, NULL, STR_NONE);
    return more(reply, "health/version", body);
}

static struct answer read_version(const struct reply *reply) {
    const struct json *body = NULL;
    struct str version;
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    if (json_parse(reply->arena, reply->call->body, &body, NULL) != GB_OK ||
        !json_str(reply->tree, "version", &version)) {
        return reply_answer(reply, ANSWER_UNKNOWN, "", STR("no version in the answer"));
    }
    struct str role = json_str_or(body, "role", STR_NONE);
    return done(two_texts(reply->arena, "version", version, "role", role));
}

/* ---- list, status ---- */

static struct answer read_list(const struct reply *reply) {
    struct str said;
    struct answer answer;
    if (reply_is_empty_list(reply)) {
        return done(PANEL_LIST_EMPTY);
    }
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    enum gb_err err = user_list(reply->arena, reply->http->body, reply->to->zone_offset_min, &said);
    if (err == GB_NO_SPACE) {
        answer = reply_answer(reply, ANSWER_LATER, "", STR("no memory for this list now"));
        answer.retry_after_ms = GB_MINUTE_MS;
        return answer;
    }
    return err == GB_OK
               ? done(said)
               : reply_answer(reply, ANSWER_UNKNOWN, "", STR("no list of users in the answer"));
}

static void put_count(struct json_out *out, const char *key, const struct json *tree,
                      const char *path) {
    int64_t count = json_i64_or(tree, path, -1);
    if (count >= 0) {
        json_put_i64(out, key, count);
    }
}

/* `part` of `whole`, both of the tree; a whole of NULL is a hundred. */
static void put_percent(struct json_out *out, const char *key, const struct json *system,
                        const char *part, const char *whole) {
    double some, all = 100;
    if (json_number(system, part, &some) &&
        (whole == NULL || (json_number(system, whole, &all) && all > 0)) && some >= 0) {
        json_put_i64(out, key, (int64_t)(GB_MIN(some / all, 1.0) * 100 + 0.5));
    }
}

static void put_load(struct json_out *out, struct arena *arena, const struct json *system) {
    double one, five, fifteen;
    if (json_number(system, "load_avg_1min", &one) && json_number(system, "load_avg_5min", &five) &&
        json_number(system, "load_avg_15min", &fifteen) && one >= 0 && one < LOAD_MAX &&
        five >= 0 && five < LOAD_MAX && fifteen >= 0 && fifteen < LOAD_MAX) {
        json_put_str(out, "load", arena_printf(arena, "%.2f %.2f %.2f", one, five, fifteen));
    }
}

/* Online is who had traffic in the last five minutes. */
static struct answer read_status(const struct reply *reply) {
    const struct json *system = json_at(reply->tree, "stats.system");
    const struct json *usage = json_at(reply->tree, "usage_history");
    struct buf buf;
    struct json_out out;
    if (reply->http->status != 200) {
        return reply_failure(reply);
    }
    if (!json_is_object(json_at(reply->tree, "stats")) || !json_is_object(usage)) {
        return reply_answer(reply, ANSWER_UNKNOWN, "", STR("no status in the answer"));
    }
    buf_init(&buf, reply->arena, BODY_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    put_count(&out, "users", usage, "total.users");
    put_count(&out, "online", usage, "m5.online");
    put_percent(&out, "cpu_percent", system, "cpu_percent", NULL);
    put_percent(&out, "memory_percent", system, "ram_used", "ram_total");
    put_percent(&out, "disk_percent", system, "disk_used", "disk_total");
    put_load(&out, reply->arena, system);
    json_close(&out);
    gb_assert(!buf.failed);
    return done(buf_str(&buf));
}

/* ---- the table ---- */

enum about { ABOUT_WISH, ABOUT_UUID, ABOUT_NOTHING };

static const struct step {
    const char *kind;
    enum http_method method;
    const char *path; /* every route ends in a slash; without it the panel redirects */
    bool one_user;    /* the uuid is the last part of the path */
    enum about about; /* what the row's body is */
    struct answer (*read)(const struct reply *reply);
} steps[] = {
    {"ensure", HTTP_POST, "/api/v2/admin/user/", false, ABOUT_WISH, read_created},
    {"ensure/read", HTTP_GET, "/api/v2/admin/user/", true, ABOUT_WISH, read_found},
    {"ensure/update", HTTP_PATCH, "/api/v2/admin/user/", true, ABOUT_WISH, read_updated},
    {"ensure/mend", HTTP_PATCH, "/api/v2/admin/user/", true, ABOUT_WISH, read_mended},
    {"read", HTTP_GET, "/api/v2/admin/user/", true, ABOUT_UUID, read_state},
    {"remove", HTTP_DELETE, "/api/v2/admin/user/", true, ABOUT_UUID, read_removed},
    {"health", HTTP_GET, "/api/v2/admin/me/", false, ABOUT_NOTHING, read_admin},
    {"health/version", HTTP_GET, "/api/v2/panel/info/", false, ABOUT_NOTHING, read_version},
    {"status", HTTP_GET, "/api/v2/admin/server_status/", false, ABOUT_NOTHING, read_status},
    {"list", HTTP_GET, "/api/v2/admin/user/", false, ABOUT_NOTHING, read_list},
};

static const struct step *step_find(struct str kind) {
    for (size_t i = 0; i < GB_COUNT(steps); i++) {
        if (str_is(kind, steps[i].kind)) {
            return &steps[i];
        }
    }
    return NULL;
}

/* Whom the row is about; and with a wish, what goes out as the body. */
static enum gb_err read_row(const struct step *step, const struct call *call, int zone_min,
                            struct arena *arena, struct str *ret_uuid, struct str *ret_body) {
    const struct json *tree;
    struct wish wish;
    switch (step->about) {
    case ABOUT_WISH:
        if (wish_read(arena, call->body, zone_min, &wish) != GB_OK) {
            return GB_INVALID;
        }
        *ret_uuid = wish.user.uuid;
        if (step->method != HTTP_GET) {
            *ret_body = wish_body(arena, &wish, step->method == HTTP_POST);
        }
        return GB_OK;
    case ABOUT_UUID:
        return json_parse(arena, call->body, &tree, NULL) == GB_OK &&
                       json_str(tree, "uuid", ret_uuid) && is_uuid4(*ret_uuid)
                   ? GB_OK
                   : GB_INVALID;
    case ABOUT_NOTHING:
        break;
    }
    return GB_OK;
}

static const struct http_header *headers_for(const struct endpoint *to, struct arena *arena,
                                             size_t *ret_count) {
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, 3);
    headers[0] = (struct http_header){STR("Hiddify-API-Key"), to->secret};
    headers[1] = (struct http_header){STR("Accept"), STR("application/json")};
    headers[2] = (struct http_header){STR("User-Agent"), USER_AGENT};
    *ret_count = 3;
    return headers;
}

static enum gb_err build_request(const struct call *call, const struct endpoint *to,
                                 struct arena *arena, struct http_request *ret_request) {
    const struct step *step = step_find(call->kind);
    struct str uuid = STR_NONE, body = STR_NONE;
    struct buf url;
    if (step == NULL || !codec_header_fits(to->secret) ||
        read_row(step, call, to->zone_offset_min, arena, &uuid, &body) != GB_OK) {
        return GB_INVALID;
    }
    buf_init(&url, arena, URL_BYTES_MAX);
    buf_add(&url, to->base_url);
    buf_add_text(&url, step->path);
    if (step->one_user) {
        buf_add(&url, uuid);
        buf_add_char(&url, '/');
    }
    struct http_request request = {
        .method = step->method,
        .content_type = body.n > 0 ? STR("application/json") : STR_NONE,
        .body = body,
        .proxy = to->proxy,
        .trust = to->trust,
        .total_ms_max = step->method == HTTP_GET ? READ_MS_MAX : WRITE_MS_MAX,
        .reply_bytes_max = REPLY_BYTES_MAX,
    };
    if (step->read == read_list) {
        request.total_ms_max = LIST_MS_MAX;
        request.reply_bytes_max = LIST_BYTES_MAX;
    }
    request.headers = headers_for(to, arena, &request.header_count);
    if (buf_end(&url, &request.url) != GB_OK) {
        return GB_INVALID;
    }
    *ret_request = request;
    return GB_OK;
}

static void read_reply(const struct call *call, const struct endpoint *to,
                       const struct http_reply *http, struct arena *arena,
                       struct answer *ret_answer) {
    const struct step *step = step_find(call->kind);
    struct reply reply = {.call = call, .to = to, .http = http, .arena = arena};
    if (codec_no_reply(http, ret_answer)) {
        return;
    }
    gb_assert(step != NULL);
    /* The content type is not looked at: the panel sends JSON as text/html, too. A list is no
     * object, and too much for a tree. */
    bool is_list = step->read == read_list && http->status == 200;
    if (is_list || http->body.n > REPLY_BYTES_MAX ||
        json_parse(arena, http->body, &reply.tree, NULL) != GB_OK || !json_is_object(reply.tree)) {
        reply.tree = NULL;
    }
    *ret_answer = step->read(&reply);
}

const struct codec hiddify_codec = {
    .name = "hiddify",
    .build_request = build_request,
    .read_reply = read_reply,
};

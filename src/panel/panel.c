/* panel.c: the rows' bodies and what panels said, as JSON and back. No kind of panel is known here.
 */
#include "panel/panel.h"

#include "base/arena.h"
#include "base/json.h"

#define BODY_BYTES_MAX (8 * 1024)
#define TEXT_CHARS     200 /* of name and comment: short enough for any panel */
#define UUID_BYTES     36
#define LINK_BYTES_MAX 2048

struct str panel_ensure_body(struct arena *arena, const struct panel_user *user) {
    struct buf buf;
    struct json_out out;
    gb_assert(user->uuid.n == UUID_BYTES);
    gb_assert(user->name.n > 0 && user->comment.n > 0);
    gb_assert(user->starts_ms > 0 && user->expires_ms > user->starts_ms);
    gb_assert(user->traffic_gb >= 0);
    buf_init(&buf, arena, BODY_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "uuid", user->uuid);
    json_put_str(&out, "name", utf8_cut(user->name, TEXT_CHARS));
    json_put_i64(&out, "starts_ms", user->starts_ms);
    json_put_i64(&out, "expires_ms", user->expires_ms);
    json_put_i64(&out, "traffic_gb", user->traffic_gb);
    json_put_bool(&out, "enabled", user->enabled);
    json_put_str(&out, "comment", utf8_cut(user->comment, TEXT_CHARS));
    json_put_i64(&out, "telegram_id", user->telegram_id);
    json_close(&out);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

struct str panel_uuid_body(struct arena *arena, struct str uuid) {
    struct buf buf;
    struct json_out out;
    gb_assert(uuid.n == UUID_BYTES);
    buf_init(&buf, arena, 128);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "uuid", uuid);
    json_close(&out);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

enum gb_err panel_read_said(struct arena *arena, struct str said, struct panel_state *ret_state) {
    const struct json *tree;
    struct panel_state state;
    if (json_parse(arena, said, &tree, NULL) != GB_OK ||
        !json_i64(tree, "used_bytes", &state.used_bytes) || state.used_bytes < 0 ||
        !json_i64(tree, "limit_bytes", &state.limit_bytes) || state.limit_bytes < 0 ||
        !json_i64(tree, "last_seen_ms", &state.last_seen_ms) || state.last_seen_ms < 0 ||
        !json_bool(tree, "enabled", &state.enabled)) {
        return GB_DAMAGED;
    }
    *ret_state = state;
    return GB_OK;
}

/* Absent is -1; what is there must be a figure. */
static bool read_figure(const struct json *tree, const char *name, int64_t *ret_figure) {
    *ret_figure = -1;
    return json_at(tree, name) == NULL || (json_i64(tree, name, ret_figure) && *ret_figure >= 0);
}

enum gb_err panel_status_said(struct arena *arena, struct str said,
                              struct panel_status *ret_status) {
    const struct json *tree;
    struct panel_status status;
    if (json_parse(arena, said, &tree, NULL) != GB_OK || !json_is_object(tree) ||
        !read_figure(tree, "users", &status.users) ||
        !read_figure(tree, "online", &status.online) ||
        !read_figure(tree, "cpu_percent", &status.cpu_percent) ||
        !read_figure(tree, "memory_percent", &status.memory_percent) ||
        !read_figure(tree, "disk_percent", &status.disk_percent)) {
        return GB_DAMAGED;
    }
    status.load = json_str_or(tree, "load", STR_NONE);
    *ret_status = status;
    return GB_OK;
}

struct str panel_link(struct arena *arena, struct str user_link, struct str uuid, struct str name) {
    struct buf link;
    while (str_ends(user_link, STR("/"))) {
        user_link = str_sub(user_link, 0, user_link.n - 1);
    }
    buf_init(&link, arena, LINK_BYTES_MAX);
    buf_add(&link, user_link);
    buf_add_char(&link, '/');
    buf_add(&link, uuid);
    buf_add_char(&link, '/'); /* without it the panel only redirects */
    if (name.n > 0) {
        buf_add_char(&link, '#');
        http_encode(&link, utf8_cut(name, TEXT_CHARS / 4));
    }
    gb_assert(!link.failed);
    return buf_str(&link);
}

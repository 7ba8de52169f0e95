#include "panel/hiddify_wish.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

#define BODY_BYTES_MAX (16 * 1024)
#define TEXT_BYTES_MAX 1024 /* of name and comment */
#define DAYS_MAX       INT64_C(36500)

/* Zero is no "unlimited" there but "until the first byte"; the panel's own texts call 100000 and
 * more unlimited. */
#define NO_LIMIT_GB     1000000
#define NO_LIMIT_GB_MIN 100000.0
#define GB_BYTES        1073741824.0
#define BYTES_MAX       9e15
#define LIMIT_SLACK_GB  0.000001 /* the panel rounds to bytes */

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_uuid4(struct str s) {
    if (s.n != 36 || s.p[14] != '4' || str_find(STR("89ab"), s.p[19]) == 4) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !is_hex(s.p[i])) {
            return false;
        }
    }
    return true;
}

static bool is_label(struct str text) {
    return text.n > 0 && text.n <= TEXT_BYTES_MAX;
}

/* A package of N days begun on day D is good on D, ..., D + N: the last of them is to be the day
 * that holds expires_ms. */
enum gb_err wish_read(struct arena *arena, struct str body, int zone_min, struct wish *ret_wish) {
    const struct json *tree;
    struct wish wish = {.limit_gb = 0};
    struct panel_user *user = &wish.user;
    if (json_parse(arena, body, &tree, NULL) != GB_OK || !json_str(tree, "uuid", &user->uuid) ||
        !json_str(tree, "name", &user->name) || !json_str(tree, "comment", &user->comment) ||
        !json_i64(tree, "starts_ms", &user->starts_ms) ||
        !json_i64(tree, "expires_ms", &user->expires_ms) ||
        !json_i64(tree, "traffic_gb", &user->traffic_gb) ||
        !json_bool(tree, "enabled", &user->enabled)) {
        return GB_INVALID;
    }
    user->telegram_id = json_i64_or(tree, "telegram_id", 0);
    wish.start_day = clock_day(user->starts_ms, zone_min);
    wish.days = clock_day(user->expires_ms, zone_min) - wish.start_day;
    wish.limit_gb = user->traffic_gb == 0 ? NO_LIMIT_GB : user->traffic_gb;
    if (!is_uuid4(user->uuid) || !is_label(user->name) || !is_label(user->comment) ||
        wish.days < 0 || wish.days > DAYS_MAX || wish.limit_gb < 0 || wish.limit_gb > NO_LIMIT_GB) {
        return GB_INVALID;
    }
    *ret_wish = wish;
    return GB_OK;
}

/* package_days and start_date go together: alone, a start_date is ignored. */
struct str wish_body(struct arena *arena, const struct wish *wish, bool create) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, BODY_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    if (create) {
        json_put_str(&out, "uuid", wish->user.uuid);
        json_put_text(&out, "mode", "no_reset");
    }
    json_put_str(&out, "name", wish->user.name);
    json_put_i64(&out, "usage_limit_GB", wish->limit_gb);
    json_put_i64(&out, "package_days", wish->days);
    json_put_str(&out, "start_date", clock_show_date(arena, wish->start_day));
    json_put_bool(&out, "enable", wish->user.enabled);
    json_put_str(&out, "comment", wish->user.comment);
    if (wish->user.telegram_id > 0) {
        json_put_i64(&out, "telegram_id", wish->user.telegram_id);
    }
    json_close(&out);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

bool user_is(const struct json *user, struct str uuid) {
    struct str got;
    return json_str(user, "uuid", &got) && str_equal_nocase(got, uuid);
}

const char *wish_missing(struct arena *arena, const struct wish *wish, const struct json *user) {
    double limit_gb;
    bool enabled;
    if (!json_number(user, "usage_limit_GB", &limit_gb) ||
        limit_gb < (double)wish->limit_gb - LIMIT_SLACK_GB ||
        limit_gb > (double)wish->limit_gb + LIMIT_SLACK_GB) {
        return "usage_limit_GB";
    }
    if (json_i64_or(user, "package_days", -1) != wish->days) {
        return "package_days";
    }
    if (!str_equal(json_str_or(user, "start_date", STR_NONE),
                   clock_show_date(arena, wish->start_day))) {
        return "start_date";
    }
    if (!json_bool(user, "enable", &enabled) || enabled != wish->user.enabled) {
        return "enable";
    }
    return NULL;
}

bool wish_labels_differ(const struct wish *wish, const struct json *user) {
    return !str_equal(json_str_or(user, "name", STR_NONE), wish->user.name) ||
           !str_equal(json_str_or(user, "comment", STR_NONE), wish->user.comment) ||
           (wish->user.telegram_id > 0 &&
            json_i64_or(user, "telegram_id", 0) != wish->user.telegram_id);
}

bool wish_is_ours(const struct wish *wish, const struct json *user) {
    return str_equal(json_str_or(user, "comment", STR_NONE), wish->user.comment) ||
           str_equal(json_str_or(user, "name", STR_NONE), wish->user.name);
}

/* ---- the user object ---- */

static int64_t bytes_of(double gb) {
    double bytes = gb * GB_BYTES;
    return bytes > 0 && bytes < BYTES_MAX ? (int64_t)(bytes + 0.5) : 0;
}

/* A limit of nothing is no absence of a limit. */
static int64_t limit_of(double gb) {
    return gb >= NO_LIMIT_GB_MIN ? 0 : GB_MAX(bytes_of(gb), INT64_C(1));
}

/* "2026-11-23 05:58:12" by the panel's clock; the year 1 and what cannot be read are never. */
static int64_t instant_of(struct str text, int zone_min) {
    struct str clock = str_sub(text, 11, 8);
    int64_t day, of_day = 0;
    if (text.n < 19 || text.p[10] != ' ' || clock_parse_date(str_sub(text, 0, 10), &day) != GB_OK ||
        day <= 0) {
        return 0;
    }
    for (size_t i = 0; i < clock.n; i += 3) {
        char ten = clock.p[i], one = clock.p[i + 1];
        if (ten < '0' || ten > '5' || one < '0' || one > '9' || (i > 0 && clock.p[i - 1] != ':')) {
            return 0;
        }
        of_day = of_day * 60 + (ten - '0') * 10 + (one - '0');
    }
    int64_t instant_ms = day * GB_DAY_MS + of_day * GB_SECOND_MS - zone_min * GB_MINUTE_MS;
    return of_day < 86400 ? GB_MAX(instant_ms, INT64_C(0)) : 0;
}

bool user_state(const struct json *user, int zone_min, struct panel_state *ret_state) {
    double used_gb, limit_gb;
    struct panel_state state;
    if (!json_number(user, "current_usage_GB", &used_gb) ||
        !json_number(user, "usage_limit_GB", &limit_gb) ||
        !json_bool(user, "enable", &state.enabled)) {
        return false;
    }
    state.used_bytes = bytes_of(used_gb);
    state.limit_bytes = limit_of(limit_gb);
    state.last_seen_ms = instant_of(json_str_or(user, "last_online", STR_NONE), zone_min);
    *ret_state = state;
    return true;
}

/* Of what wish_read makes of an end, the way back: the midnight behind the last good day. */
static int64_t expiry_of(int64_t start_day, int64_t days, int zone_min) {
    int64_t end_day = start_day + GB_MIN(GB_MAX(days, -DAYS_MAX), DAYS_MAX) + 1;
    return GB_MAX(end_day * GB_DAY_MS - zone_min * GB_MINUTE_MS, INT64_C(1));
}

bool user_figures(const struct json *user, int zone_min, struct user_figures *ret_figures) {
    static const char *const limit = "usage_limit_GB", *const used = "current_usage_GB";
    static const char *const days = "package_days", *const enabled = "enable";
    struct user_figures figures = {.state = {.enabled = true}};
    double used_gb = 0, limit_gb = NO_LIMIT_GB;
    int64_t start_day, package_days = -1;
    if ((json_at(user, used) != NULL && !json_number(user, used, &used_gb)) ||
        (json_at(user, limit) != NULL && !json_number(user, limit, &limit_gb)) ||
        (json_at(user, days) != NULL && !json_i64(user, days, &package_days)) ||
        (json_at(user, enabled) != NULL && !json_bool(user, enabled, &figures.state.enabled))) {
        return false;
    }
    figures.state.used_bytes = bytes_of(used_gb);
    figures.state.limit_bytes = limit_of(limit_gb);
    figures.state.last_seen_ms = instant_of(json_str_or(user, "last_online", STR_NONE), zone_min);
    struct str start = str_sub(json_str_or(user, "start_date", STR_NONE), 0, 10);
    if (json_at(user, days) != NULL && clock_parse_date(start, &start_day) == GB_OK) {
        figures.expires_ms = expiry_of(start_day, package_days, zone_min);
    }
    *ret_figures = figures;
    return true;
}

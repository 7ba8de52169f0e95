/* hiddify_list.c: from the panel's list of all users to the list text of panel.h.
 *
 * The list is the whole table, some 900 bytes a user, most of it private keys: 100,000 users are
 * 90 MB, and a tree of them would be several times that. So it is walked byte by byte: the members
 * that matter are picked out of each user, and only these are parsed. What is passed over must be
 * whole (texts closed, brackets matched), not well-formed to the last letter: it is not used.
 *
 * A uuid is kept as a number of 128 bits, whose order is that of its lower-case letters.
 */
#include "panel/hiddify_list.h"

#include "base/arena.h"
#include "base/json.h"
#include "panel/hiddify_wish.h"

#define DEPTH_MAX      32
#define PICKED_MAX     256 /* bytes of one value: dates, numbers, a uuid */
#define USERS_MAX      250000
#define LINE_BYTES_MAX 128
#define USER_BYTES_MAX (2 * sizeof(struct row) + 3 * LINE_BYTES_MAX) /* the text may be moved */
#define SCRATCH_BYTES  (64 * 1024)

/* ---- walking: each step is false at what is no JSON, and *at stays where it was or stops there */

static void skip_blanks(struct str text, size_t *at) {
    while (*at < text.n && (text.p[*at] == ' ' || text.p[*at] == '\n' || text.p[*at] == '\r' ||
                            text.p[*at] == '\t')) {
        *at += 1;
    }
}

static bool skip_char(struct str text, size_t *at, char c) {
    skip_blanks(text, at);
    if (*at == text.n || text.p[*at] != c) {
        return false;
    }
    *at += 1;
    return true;
}

/* *at is at its first quote. */
static bool skip_text(struct str text, size_t *at) {
    size_t i = *at + 1;
    while (i < text.n) {
        i += str_find(str_sub(text, i, text.n), '"');
        size_t slashes = 0;
        while (i < text.n && text.p[i - slashes - 1] == '\\') {
            slashes++;
        }
        i++;
        if (i <= text.n && slashes % 2 == 0) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* Brackets are counted, not told apart: what is in them is passed over. */
static bool skip_container(struct str text, size_t *at) {
    size_t depth = 0;
    while (*at < text.n) {
        char c = text.p[*at];
        if (c == '"') {
            if (!skip_text(text, at)) {
                return false;
            }
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        *at += 1;
        if (depth == 0 || depth > DEPTH_MAX) {
            return depth == 0;
        }
    }
    return false;
}

static bool is_of_scalar(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' ||
           c == 'E';
}

static bool skip_value(struct str text, size_t *at) {
    skip_blanks(text, at);
    size_t from = *at;
    char c = from < text.n ? text.p[from] : '\0';
    if (c == '"') {
        return skip_text(text, at);
    }
    if (c == '{' || c == '[') {
        return skip_container(text, at);
    }
    while (*at < text.n && is_of_scalar(text.p[*at])) {
        *at += 1;
    }
    return *at > from;
}

/* ---- one user */

struct row {
    uint64_t high, low; /* the uuid */
    int64_t used_bytes, limit_bytes, last_seen_ms, expires_ms;
    bool enabled;
};

static bool is_wanted(struct str name) {
    static const struct str names[] = {STR_INIT("uuid"),           STR_INIT("current_usage_GB"),
                                       STR_INIT("usage_limit_GB"), STR_INIT("last_online"),
                                       STR_INIT("start_date"),     STR_INIT("package_days"),
                                       STR_INIT("enable"),         STR_INIT("deleted")};
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        if (str_equal(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* The member at *at; into `picked` if it is wanted. */
static bool pick_member(struct str text, size_t *at, struct buf *picked) {
    skip_blanks(text, at);
    size_t name = *at;
    if (name == text.n || text.p[name] != '"' || !skip_text(text, at)) {
        return false;
    }
    struct str quoted = str_sub(text, name, *at - name);
    if (!skip_char(text, at, ':')) {
        return false;
    }
    skip_blanks(text, at);
    size_t value = *at;
    if (!skip_value(text, at)) {
        return false;
    }
    if (is_wanted(str_sub(quoted, 1, quoted.n - 2)) && *at - value <= PICKED_MAX) {
        buf_add_text(picked, picked->n > 1 ? "," : "");
        buf_add(picked, quoted);
        buf_add_char(picked, ':');
        buf_add(picked, str_sub(text, value, *at - value));
    }
    return true;
}

/* The object at *at, less what is not wanted. */
static bool pick(struct str text, size_t *at, struct buf *picked) {
    if (!skip_char(text, at, '{')) {
        return false;
    }
    buf_add_char(picked, '{');
    bool more = !skip_char(text, at, '}');
    while (more) {
        if (!pick_member(text, at, picked)) {
            return false;
        }
        more = skip_char(text, at, ',');
        if (!more && !skip_char(text, at, '}')) {
            return false;
        }
    }
    buf_add_char(picked, '}');
    return true;
}

/* In any case: panels keep what they were given years ago. */
static bool read_uuid(struct str uuid, struct row *row) {
    uint64_t halves[2] = {0, 0};
    size_t digits = 0;
    for (size_t i = 0; i < uuid.n && uuid.n == 36; i++) {
        char c = uuid.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        uint64_t digit = c >= '0' && c <= '9'   ? (uint64_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint64_t)(c - 'A' + 10)
                                                : 16;
        if (dash ? c != '-' : digit == 16) {
            return false;
        }
        if (!dash) {
            halves[digits / 16] = halves[digits / 16] << 4 | digit;
            digits++;
        }
    }
    row->high = halves[0];
    row->low = halves[1];
    return digits == 32;
}

enum fate { FATE_LISTED, FATE_LEFT_OUT, FATE_NO_USER };

/* What was removed but is still in the table, and a uuid that can be nobody's of ours, are left
 * out; a user without any uuid is none. */
static enum fate read_row(struct arena *arena, struct str picked, int zone_min, struct row *row) {
    const struct json *user;
    struct user_figures figures;
    struct str uuid;
    if (json_parse(arena, picked, &user, NULL) != GB_OK || !json_str(user, "uuid", &uuid) ||
        !user_figures(user, zone_min, &figures)) {
        return FATE_NO_USER;
    }
    if (json_bool_or(user, "deleted", false) || !read_uuid(uuid, row)) {
        return FATE_LEFT_OUT;
    }
    row->used_bytes = figures.state.used_bytes;
    row->limit_bytes = figures.state.limit_bytes;
    row->last_seen_ms = figures.state.last_seen_ms;
    row->expires_ms = figures.expires_ms;
    row->enabled = figures.state.enabled;
    return FATE_LISTED;
}

/* ---- all of them */

/* How many there are; false unless the text is one whole array. */
static bool count_users(struct str text, size_t *ret_count) {
    size_t at = 0, count = 0;
    if (!skip_char(text, &at, '[')) {
        return false;
    }
    bool more = !skip_char(text, &at, ']');
    while (more) {
        count++;
        if (!skip_value(text, &at)) {
            return false;
        }
        more = skip_char(text, &at, ',');
        if (!more && !skip_char(text, &at, ']')) {
            return false;
        }
    }
    skip_blanks(text, &at);
    *ret_count = count;
    return at == text.n;
}

/* Next user of the list into *row. */
static enum fate next_row(struct arena *arena, struct str text, size_t *at, int zone_min,
                          struct row *row) {
    struct arena_mark mark = arena_mark(arena);
    struct buf picked;
    buf_init(&picked, arena, SCRATCH_BYTES);
    enum fate fate = FATE_NO_USER;
    if (pick(text, at, &picked) && !picked.failed) {
        fate = read_row(arena, buf_str(&picked), zone_min, row);
    }
    arena_reset(arena, mark);
    return fate;
}

/* `count` users were counted; *ret_listed of them are to be listed. */
static bool read_rows(struct arena *arena, struct str text, int zone_min, struct row *rows,
                      size_t count, size_t *ret_listed) {
    size_t at = 0, listed = 0;
    (void)skip_char(text, &at, '[');
    for (size_t i = 0; i < count; i++) {
        enum fate fate = FATE_NO_USER;
        if (i == 0 || skip_char(text, &at, ',')) {
            fate = next_row(arena, text, &at, zone_min, &rows[listed]);
        }
        if (fate == FATE_NO_USER) {
            return false;
        }
        listed += fate == FATE_LISTED;
    }
    *ret_listed = listed;
    return skip_char(text, &at, ']');
}

static bool is_before(const struct row *a, const struct row *b) {
    return a->high != b->high ? a->high < b->high : a->low < b->low;
}

/* Merges neighbours of `width` rows each; equal ones keep their order. */
static void merge(const struct row *from, struct row *to, size_t count, size_t width) {
    for (size_t start = 0; start < count; start += 2 * width) {
        size_t middle = GB_MIN(start + width, count), end = GB_MIN(start + 2 * width, count);
        size_t left = start, right = middle;
        for (size_t i = start; i < end; i++) {
            bool take_right =
                left == middle || (right < end && is_before(&from[right], &from[left]));
            to[i] = take_right ? from[right++] : from[left++];
        }
    }
}

/* The sorted rows: in one of the two places. */
static const struct row *sort(struct row *rows, struct row *scratch, size_t count) {
    for (size_t width = 1; width < count; width *= 2) {
        merge(rows, scratch, count, width);
        struct row *done = scratch;
        scratch = rows;
        rows = done;
    }
    return rows;
}

static void write_row(struct buf *buf, const struct row *row) {
    buf_add_text(buf, "[\"");
    for (unsigned digit = 0; digit < 32; digit++) {
        uint64_t half = digit < 16 ? row->high : row->low;
        bool dash = digit == 8 || digit == 12 || digit == 16 || digit == 20;
        buf_add_text(buf, dash ? "-" : "");
        buf_add_char(buf, "0123456789abcdef"[half >> (60 - 4 * (digit % 16)) & 15]);
    }
    buf_add_text(buf, "\",");
    const int64_t figures[] = {row->used_bytes, row->limit_bytes, row->last_seen_ms,
                               row->expires_ms};
    for (size_t i = 0; i < GB_COUNT(figures); i++) {
        buf_add_i64(buf, figures[i]);
        buf_add_char(buf, ',');
    }
    buf_add_text(buf, row->enabled ? "true]\n" : "false]\n");
}

static bool is_same(const struct row *a, const struct row *b) {
    return a->high == b->high && a->low == b->low;
}

enum gb_err user_list(struct arena *arena, struct str body, int zone_min, struct str *ret_said) {
    size_t count, listed;
    if (!count_users(body, &count) || count > USERS_MAX) {
        return GB_INVALID;
    }
    if (count * USER_BYTES_MAX + SCRATCH_BYTES > arena_left_bytes(arena) / 2) {
        return GB_NO_SPACE;
    }
    struct row *rows = ARENA_ARRAY(arena, struct row, count);
    if (!read_rows(arena, body, zone_min, rows, count, &listed)) {
        return GB_INVALID;
    }
    const struct row *sorted = sort(rows, ARENA_ARRAY(arena, struct row, count), listed);
    struct buf buf;
    buf_init(&buf, arena, (count + 1) * LINE_BYTES_MAX);
    for (size_t i = 0; i < listed; i++) {
        /* One uuid in both cases: the older user is the one that the panel finds. */
        if (i == 0 || !is_same(&sorted[i - 1], &sorted[i])) {
            write_row(&buf, &sorted[i]);
        }
    }
    buf_add(&buf, buf.n == 0 ? PANEL_LIST_EMPTY : STR_NONE);
    gb_assert(!buf.failed);
    *ret_said = buf_str(&buf);
    return GB_OK;
}

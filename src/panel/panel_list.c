/* panel_list.c: list texts (panel.h), read line by line where they lie.
 *
 * Who writes them is a codec of this room; between then and now they were stored, so that each line
 * is checked to the last byte.
 */
#include "base/base.h"
#include "base/num.h"
#include "panel/panel.h"

#define UUID_BYTES 36

struct panel_list panel_list_begin(struct str said) {
    return (struct panel_list){.rest = said};
}

static bool is_uuid(struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !digit) {
            return false;
        }
    }
    return text.n == UUID_BYTES;
}

/* *rest is at the number's first digit, and afterwards behind the comma that ends it. */
static bool take_number(struct str *rest, int64_t *ret_number) {
    struct str digits;
    return str_split(rest, ',', &digits) && rest->p != NULL &&
           (digits.n == 1 || !str_starts(digits, STR("0"))) &&
           num_i64(digits, 0, INT64_MAX, ret_number) == GB_OK;
}

/* ["uuid",1,2,3,4,true] */
static bool read_line(struct str line, struct panel_listed *user) {
    user->uuid = str_sub(line, 2, UUID_BYTES);
    struct str rest = str_sub(line, 2 + UUID_BYTES, line.n);
    if (!str_starts(line, STR("[\"")) || !is_uuid(user->uuid) || !str_starts(rest, STR("\","))) {
        return false;
    }
    rest = str_sub(rest, 2, rest.n);
    if (!take_number(&rest, &user->used_bytes) || !take_number(&rest, &user->limit_bytes) ||
        !take_number(&rest, &user->last_seen_ms) || !take_number(&rest, &user->expires_ms)) {
        return false;
    }
    user->enabled = str_is(rest, "true]");
    return user->enabled || str_is(rest, "false]");
}

enum gb_err panel_list_next(struct panel_list *list, struct panel_listed *ret_user) {
    struct panel_listed user;
    struct str rest = list->rest;
    bool begins = list->last.n == 0;
    if (str_equal(rest, PANEL_LIST_EMPTY) && begins) {
        return GB_NOT_FOUND;
    }
    if (rest.n == 0) {
        return begins ? GB_DAMAGED : GB_NOT_FOUND;
    }
    size_t end = str_find(rest, '\n');
    if (end == rest.n || !read_line(str_sub(rest, 0, end), &user) ||
        (!begins && str_compare(list->last, user.uuid) >= 0)) {
        return GB_DAMAGED;
    }
    list->rest = str_sub(rest, end + 1, rest.n);
    list->last = user.uuid;
    *ret_user = user;
    return GB_OK;
}

bool panel_list_cut(struct str *rest, size_t users, struct str *ret_piece) {
    size_t end = 0;
    gb_assert(users > 0);
    if (rest->n == 0) {
        return false;
    }
    for (size_t i = 0; i < users && end < rest->n; i++) {
        end = GB_MIN(end + str_find(str_sub(*rest, end, rest->n), '\n') + 1, rest->n);
    }
    *ret_piece = str_sub(*rest, 0, end);
    *rest = str_sub(*rest, end, rest->n);
    return true;
}

bool panel_expiry_agrees(int64_t ours_ms, int64_t panels_ms) {
    return ours_ms < panels_ms && ours_ms >= panels_ms - GB_DAY_MS;
}

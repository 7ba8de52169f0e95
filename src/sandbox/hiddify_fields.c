/* hiddify_fields.c: what the panel takes for the fields of a user: one table of names and kinds.
 *
 * The panel checks with marshmallow; its texts and its tolerance (numbers in strings, 45.7 days)
 * are repeated here. Floating point is the panel's own: gigabytes of 1024^3 bytes.
 */
#include "sandbox/hiddify_users.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/bot_api.h"
#include "sandbox/keep.h"

#define GIGABYTES_MAX 1000000.0

enum kind { TEXT, NUMBER, BOOL, INTEGER, LANG, MODE, DATE, STAMP, UUID };

/* Sorted by name: errors come out in this order. */
static const struct {
    const char *name;
    enum kind kind;
    bool not_null;
} fields[] = {
    {"added_by_uuid", UUID, false},
    {"comment", TEXT, false},
    {"current_usage_GB", NUMBER, false},
    {"ed25519_private_key", TEXT, false},
    {"ed25519_public_key", TEXT, false},
    {"enable", BOOL, true},
    {"id", INTEGER, false},
    {"is_active", BOOL, true},
    {"lang", LANG, false},
    {"last_online", STAMP, false},
    {"last_reset_time", STAMP, false},
    {"mode", MODE, false},
    {"name", TEXT, false},
    {"package_days", INTEGER, false},
    {"start_date", DATE, false},
    {"telegram_id", INTEGER, false},
    {"usage_limit_GB", NUMBER, false},
    {"uuid", UUID, false},
    {"wg_pk", TEXT, false},
    {"wg_psk", TEXT, false},
    {"wg_pub", TEXT, false},
};

/* ---- reading values as the panel does */

static bool is_null(struct arena *arena, const struct json *value) {
    return str_is(json_text(arena, value), "null");
}

/* A number, or a text that is one. */
static bool number_of(const struct json *value, double *ret_number) {
    struct str text;
    if (json_number(value, "", ret_number)) {
        return true;
    }
    if (!json_str(value, "", &text) || text.n == 0 || text.n > 40) {
        return false;
    }
    char copy[41];
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    char *end;
    *ret_number = strtod(copy, &end);
    return *end == '\0';
}

/* int(value): a text must be a whole number, a float loses its fraction. */
static bool integer_of(const struct json *value, int64_t *ret_number) {
    struct str text;
    double real;
    if (json_str(value, "", &text)) {
        return num_i64(str_trim(text), -INT64_MAX, INT64_MAX, ret_number) == GB_OK;
    }
    if (!json_number(value, "", &real) || real > 9e15 || real < -9e15) {
        return false;
    }
    *ret_number = (int64_t)real;
    return true;
}

static bool bool_of(const struct json *value, bool *ret_flag) {
    struct str text;
    int64_t number;
    if (json_bool(value, "", ret_flag)) {
        return true;
    }
    if (json_i64(value, "", &number) && (number == 0 || number == 1)) {
        *ret_flag = number == 1;
        return true;
    }
    if (!json_str(value, "", &text)) {
        return false;
    }
    *ret_flag = api_word(STR("t|T|true|True|TRUE|on|On|ON|y|Y|yes|Yes|YES|1"), text);
    return *ret_flag || api_word(STR("f|F|false|False|FALSE|off|Off|OFF|n|N|no|No|NO|0"), text);
}

static const char *check_word(struct str text, const char *words, const char *refusal) {
    return api_word(str_of(words), text) ? NULL : refusal;
}

/* NULL: fine. */
static const char *fault_of(enum kind kind, const struct json *value) {
    struct str text = STR_NONE;
    bool is_text = json_str(value, "", &text);
    bool flag;
    double number;
    int64_t integer;
    switch (kind) {
    case UUID:
    case TEXT:
    case STAMP:
        return is_text ? NULL : "Not a valid string.";
    case NUMBER:
        return number_of(value, &number) ? NULL : "Not a valid number.";
    case BOOL:
        return bool_of(value, &flag) ? NULL : "Not a valid boolean.";
    case INTEGER:
        return integer_of(value, &integer) ? NULL : "Not a valid integer.";
    case LANG:
        return check_word(text, "en|fa|ru|pt|zh|my", "Must be one of: en, fa, ru, pt, zh, my.");
    case MODE:
        return check_word(text, "no_reset|monthly|weekly|daily",
                          "Must be one of: no_reset, monthly, weekly, daily.");
    case DATE:
        return is_text && clock_parse_date(text, &integer) == GB_OK ? NULL : "Not a valid date.";
    }
    return NULL;
}

/* ---- the check of a body */

struct fault_list {
    struct buf buf;
    bool any;
};

static void add_fault(struct fault_list *list, struct str field, const char *text) {
    buf_add_text(&list->buf, list->any ? "," : "{");
    list->any = true;
    hiddify_quote(&list->buf, field);
    buf_printf(&list->buf, ":[\"%s\"]", text);
}

static bool is_known(struct str name) {
    for (size_t i = 0; i < GB_COUNT(fields); i++) {
        if (str_is(name, fields[i].name)) {
            return true;
        }
    }
    return false;
}

/* The member of that name, null included. */
static const struct json *member(const struct json *body, const char *name) {
    for (const struct json *m = json_first(body); m != NULL; m = json_next(m)) {
        if (str_is(json_name(m), name)) {
            return m;
        }
    }
    return NULL;
}

static const char *fault_in(struct arena *arena, const struct json *body, size_t field,
                            bool create) {
    const struct json *value = member(body, fields[field].name);
    bool is_name = strcmp(fields[field].name, "name") == 0;
    if (value == NULL) {
        return create && is_name ? "Missing data for required field." : NULL;
    }
    if (is_null(arena, value)) {
        bool refused = fields[field].not_null || (create && is_name);
        return refused ? "Field may not be null." : NULL;
    }
    return fault_of(fields[field].kind, value);
}

/* The unknown name that comes next in order behind `after`, or before `before`. */
static struct str next_unknown(const struct json *body, struct str after, struct str before) {
    struct str best = STR_NONE;
    for (const struct json *m = json_first(body); m != NULL; m = json_next(m)) {
        struct str name = json_name(m);
        if (!is_known(name) && str_compare(name, after) > 0 &&
            (before.n == 0 || str_compare(name, before) < 0) &&
            (best.n == 0 || str_compare(name, best) < 0)) {
            best = name;
        }
    }
    return best;
}

static void add_unknown(struct fault_list *list, const struct json *body, struct str after,
                        struct str before) {
    for (struct str name = next_unknown(body, after, before); name.n > 0;
         name = next_unknown(body, name, before)) {
        add_fault(list, name, "Unknown field.");
    }
}

bool hiddify_validate(struct arena *arena, const struct json *body, bool create,
                      struct str *ret_errors) {
    struct fault_list list = {.any = false};
    buf_init(&list.buf, arena, 256 * 1024);
    if (body != NULL && !json_is_object(body)) {
        add_fault(&list, STR("_schema"), "Invalid input type.");
    } else {
        struct str last = STR_NONE;
        for (size_t i = 0; i < GB_COUNT(fields); i++) {
            struct str name = str_of(fields[i].name);
            add_unknown(&list, body, last, name);
            const char *fault = fault_in(arena, body, i, create);
            if (fault != NULL) {
                add_fault(&list, name, fault);
            }
            last = name;
        }
        add_unknown(&list, body, last, STR_NONE);
    }
    buf_add_text(&list.buf, list.any ? "}" : "{}");
    *ret_errors = buf_str(&list.buf);
    return !list.any;
}

/* ---- setting */

static void set_text(struct str *slot, const struct json *body, const char *name) {
    struct str text;
    if (json_str(body, name, &text)) {
        keep_replace(slot, text);
    }
}

int64_t hiddify_bytes(double gigabytes) {
    return (int64_t)(GB_MIN(gigabytes, GIGABYTES_MAX) * HIDDIFY_GIGABYTE);
}

static void set_bytes(int64_t *slot, const struct json *body, const char *name) {
    double gigabytes;
    if (number_of(json_at(body, name), &gigabytes)) {
        *slot = hiddify_bytes(gigabytes);
    }
}

static void set_package(struct hiddify_user *user, const struct json *body) {
    int64_t days;
    if (!integer_of(json_at(body, "package_days"), &days)) {
        return; /* start_date alone is ignored */
    }
    user->package_days = days;
    if (member(body, "start_date") == NULL) {
        return;
    }
    int64_t day;
    struct str date = json_str_or(body, "start_date", STR_NONE);
    user->start_day = clock_parse_date(date, &day) == GB_OK ? day : HIDDIFY_NO_DAY;
}

void hiddify_apply(struct hiddify_user *user, const struct json *body) {
    int64_t number;
    bool flag;
    set_text(&user->name, body, "name");
    set_text(&user->comment, body, "comment");
    set_text(&user->lang, body, "lang");
    set_text(&user->mode, body, "mode");
    set_text(&user->added_by, body, "added_by_uuid");
    set_text(&user->last_online, body, "last_online");
    set_text(&user->wg_private, body, "wg_pk");
    set_text(&user->wg_public, body, "wg_pub");
    set_text(&user->wg_shared, body, "wg_psk");
    if (json_at(body, "ed25519_private_key") != NULL &&
        json_at(body, "ed25519_public_key") != NULL) {
        set_text(&user->ed25519_private, body, "ed25519_private_key");
        set_text(&user->ed25519_public, body, "ed25519_public_key");
    }
    set_bytes(&user->limit_bytes, body, "usage_limit_GB");
    set_bytes(&user->used_bytes, body, "current_usage_GB");
    set_package(user, body);
    if (integer_of(json_at(body, "telegram_id"), &number)) {
        user->telegram_id = number;
    }
    if (bool_of(json_at(body, "enable"), &flag)) {
        user->enable = flag;
    }
}

/* hiddify_users.c: birth and end of a panel's user, and how the panel shows it.
 *
 * JSON is written as Python's json module and repr write it, since answers are compared byte for
 * byte with recorded ones.
 */
#include "sandbox/hiddify_users.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "sandbox/keep.h"

static struct str fresh_key(struct arena *arena, struct rng *rng) {
    char bytes[32];
    rng_bytes(rng, bytes, sizeof bytes);
    return base64_encode(arena, (struct str){bytes, sizeof bytes});
}

struct hiddify_user *hiddify_user_new(struct arena *arena, struct rng *rng, int64_t id,
                                      struct str owner, int64_t today) {
    struct hiddify_user *user = keep_new(sizeof *user);
    user->id = id;
    user->enable = true;
    user->package_days = 90;
    user->start_day = HIDDIFY_NO_DAY;
    user->reset_day = today;
    user->limit_bytes = hiddify_bytes(1000.0);
    user->uuid = keep_text(rng_uuid4(rng, arena));
    user->lang = keep_text(STR("en"));
    user->mode = keep_text(STR("no_reset"));
    user->added_by = keep_text(owner);
    user->last_online = keep_text(STR("0001-01-01 00:00:00"));
    user->ed25519_private = keep_text(arena_printf(arena,
                                                   "-----BEGIN OPENSSH PRIVATE KEY-----\n" STR_FMT
                                                   "\n-----END OPENSSH PRIVATE KEY-----\n",
                                                   STR_ARG(fresh_key(arena, rng))));
    user->ed25519_public =
        keep_text(arena_printf(arena, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" STR_FMT,
                               STR_ARG(str_sub(fresh_key(arena, rng), 0, 43))));
    user->wg_private = keep_text(fresh_key(arena, rng));
    user->wg_public = keep_text(fresh_key(arena, rng));
    user->wg_shared = keep_text(fresh_key(arena, rng));
    return user;
}

void hiddify_user_free(struct hiddify_user *user) {
    struct str *texts[] = {
        &user->uuid,      &user->name,      &user->comment,         &user->lang,
        &user->mode,      &user->added_by,  &user->last_online,     &user->wg_private,
        &user->wg_public, &user->wg_shared, &user->ed25519_private, &user->ed25519_public};
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        keep_drop(texts[i]);
    }
    keep_free(user);
}

bool hiddify_uuid_has_form(struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex) {
            return false;
        }
    }
    return text.n == 36;
}

bool hiddify_uuid_is_fine(struct str uuid) {
    if (!hiddify_uuid_has_form(uuid) || uuid.p[14] != '4' || strchr("89ab", uuid.p[19]) == NULL) {
        return false;
    }
    for (size_t i = 0; i < uuid.n; i++) {
        if (uuid.p[i] >= 'A' && uuid.p[i] <= 'F') {
            return false;
        }
    }
    return true;
}

int64_t hiddify_days_left(const struct hiddify_user *user, int64_t today) {
    int64_t left = user->package_days;
    if (user->start_day != HIDDIFY_NO_DAY) {
        left -= today - user->start_day;
    }
    return GB_MIN(left, 10000);
}

bool hiddify_user_is_active(const struct hiddify_user *user, int64_t today) {
    return user->enable && user->used_bytes <= user->limit_bytes &&
           hiddify_days_left(user, today) >= 0;
}

/* ---- as the panel writes it */

/* One code point of text that should be UTF-8; *at moves on. */
static uint32_t next_code(struct str text, size_t *at) {
    unsigned char c = (unsigned char)text.p[*at];
    size_t bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t code = bytes == 1 ? c : c & (0xffU >> (bytes + 1));
    for (size_t k = 1; k < bytes && *at + k < text.n; k++) {
        code = code << 6 | ((unsigned char)text.p[*at + k] & 0x3fU);
    }
    *at += bytes;
    return code;
}

void hiddify_quote(struct buf *buf, struct str text) {
    static const char plain[] = "\"\\\n\r\t\b\f";
    static const char escaped[] = "\"\\nrtbf";
    buf_add_char(buf, '"');
    for (size_t i = 0; i < text.n;) {
        uint32_t code = next_code(text, &i);
        const char *known = code > 0 && code < 0x80 ? strchr(plain, (int)code) : NULL;
        if (known != NULL) {
            buf_printf(buf, "\\%c", escaped[known - plain]);
        } else if (code >= 0x10000) {
            buf_printf(buf, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                       0xdc00 + ((code - 0x10000) & 0x3ff));
        } else if (code < 0x20 || code >= 0x7f) {
            buf_printf(buf, "\\u%04x", code);
        } else {
            buf_add_char(buf, (char)code);
        }
    }
    buf_add_char(buf, '"');
}

void hiddify_float(struct buf *buf, double value) {
    char text[40];
    int digits = 0;
    if (value > 0 && value < 1e15 && value == (double)(int64_t)value) { /* most of them, at once */
        buf_printf(buf, "%" PRId64 ".0", (int64_t)value);
        return;
    }
    do {
        int n = snprintf(text, sizeof text, "%.*e", digits, value);
        gb_assert(n > 0 && n < (int)sizeof text);
    } while (strtod(text, NULL) != value && ++digits <= 17);
    const char *e = strchr(text, 'e');
    long exponent = e != NULL ? strtol(e + 1, NULL, 10) : 0;
    if (exponent >= -4 && exponent < 16) {
        int decimals = GB_MAX(digits - (int)exponent, 1);
        int n = snprintf(text, sizeof text, "%.*f", decimals, value);
        gb_assert(n > 0 && n < (int)sizeof text);
    }
    buf_add_text(buf, text);
}

static void put_key(struct buf *buf, const char *key) {
    buf_printf(buf, "%s\"%s\":", buf->n > 0 && buf->p[buf->n - 1] == '{' ? "" : ",", key);
}

static void put_text(struct buf *buf, const char *key, struct str text) {
    put_key(buf, key);
    hiddify_quote(buf, text);
}

static void put_gigabytes(struct buf *buf, const char *key, int64_t bytes) {
    put_key(buf, key);
    hiddify_float(buf, (double)bytes / HIDDIFY_GIGABYTE);
}

static void put_i64(struct buf *buf, const char *key, int64_t number) {
    put_key(buf, key);
    buf_add_i64(buf, number);
}

static void put_bool(struct buf *buf, const char *key, bool flag) {
    put_key(buf, key);
    buf_add_text(buf, flag ? "true" : "false");
}

static void put_null(struct buf *buf, const char *key) {
    put_key(buf, key);
    buf_add_text(buf, "null");
}

void hiddify_write_user(struct buf *buf, struct arena *arena, const struct hiddify_user *user,
                        int64_t today) {
    buf_add_text(buf, "{");
    put_text(buf, "added_by_uuid", user->added_by);
    put_text(buf, "comment", user->comment);
    put_gigabytes(buf, "current_usage_GB", user->used_bytes);
    put_text(buf, "ed25519_private_key", user->ed25519_private);
    put_text(buf, "ed25519_public_key", user->ed25519_public);
    put_bool(buf, "enable", user->enable);
    put_i64(buf, "id", user->id);
    put_bool(buf, "is_active", hiddify_user_is_active(user, today));
    put_text(buf, "lang", user->lang);
    put_text(buf, "last_online", user->last_online);
    put_text(
        buf, "last_reset_time",
        arena_printf(arena, STR_FMT " 00:00:00", STR_ARG(clock_show_date(arena, user->reset_day))));
    put_text(buf, "mode", user->mode);
    put_text(buf, "name", user->name);
    put_i64(buf, "package_days", user->package_days);
    if (user->start_day == HIDDIFY_NO_DAY) {
        put_null(buf, "start_date");
    } else {
        put_text(buf, "start_date", clock_show_date(arena, user->start_day));
    }
    if (user->telegram_id == 0) {
        put_null(buf, "telegram_id");
    } else {
        put_i64(buf, "telegram_id", user->telegram_id);
    }
    put_gigabytes(buf, "usage_limit_GB", user->limit_bytes);
    put_text(buf, "uuid", user->uuid);
    put_text(buf, "wg_pk", user->wg_private);
    put_text(buf, "wg_psk", user->wg_shared);
    put_text(buf, "wg_pub", user->wg_public);
    buf_add_text(buf, "}");
}

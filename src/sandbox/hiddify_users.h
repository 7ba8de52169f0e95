/* hiddify_users.h: the users of the panel model: the row, its checks, its JSON.
 *
 * hiddify_fields.c knows what the panel takes for each field, hiddify_users.c the rest. Rows are on
 * the heap (keep.h); the model owns them.
 */
#ifndef SANDBOX_HIDDIFY_USERS_H
#define SANDBOX_HIDDIFY_USERS_H

#include "base/base.h"

struct arena;
struct json;
struct rng;

#define HIDDIFY_NO_DAY   INT64_MIN
#define HIDDIFY_GIGABYTE 1073741824.0

struct hiddify_user {
    int64_t id;
    struct str uuid, name, comment, lang, mode, added_by;
    struct str last_online; /* as set; "0001-01-01 00:00:00": never */
    struct str ed25519_private, ed25519_public, wg_private, wg_public, wg_shared;
    int64_t limit_bytes, used_bytes;
    int64_t package_days;
    int64_t start_day; /* days since 1970, panel time; HIDDIFY_NO_DAY: not started */
    int64_t reset_day;
    int64_t telegram_id; /* 0: null */
    bool enable;
};

/* The panel's checks of a POST (`create`) or PATCH body. True: fine. Else *ret_errors is the object
 * {"field":["text"]} with sorted keys. `body` NULL: there was none. */
bool hiddify_validate(struct arena *arena, const struct json *body, bool create,
                      struct str *ret_errors);
/* Set what a validated body holds; absent and null keep. */
void hiddify_apply(struct hiddify_user *user, const struct json *body);
/* Bytes as the panel stores them, clamped to a million gigabytes. */
int64_t hiddify_bytes(double gigabytes);
/* A user with the panel's defaults and fresh keys. */
struct hiddify_user *hiddify_user_new(struct arena *arena, struct rng *rng, int64_t id,
                                      struct str owner, int64_t today);
void hiddify_user_free(struct hiddify_user *user);
bool hiddify_uuid_is_fine(struct str uuid);  /* lower case, canonical, version 4 */
bool hiddify_uuid_has_form(struct str text); /* any case, any version: what a path may hold */
/* Days left, capped at 10000 as the panel does. */
int64_t hiddify_days_left(const struct hiddify_user *user, int64_t today);
bool hiddify_user_is_active(const struct hiddify_user *user, int64_t today);
void hiddify_write_user(struct buf *buf, struct arena *arena, const struct hiddify_user *user,
                        int64_t today);
/* A JSON string as Python writes it: everything beyond ASCII as \u escapes. */
void hiddify_quote(struct buf *buf, struct str text);
/* A float as Python's repr writes it: "30.0", "0.1", "1e-05". */
void hiddify_float(struct buf *buf, double value);

#endif

/* hiddify_hand.c: what is done to the panel's users not through its API: by their traffic, and by
 * the owner's hand in the panel's own pages.
 */
#include "base/arena.h"
#include "base/json.h"
#include "sandbox/hiddify_inside.h"
#include "sandbox/keep.h"

enum gb_err hiddify_use(struct hiddify_model *model, const struct moment *now, struct str uuid,
                        int64_t bytes) {
    struct hiddify_user *user = panel_find(model, uuid);
    if (user == NULL) {
        return GB_NOT_FOUND;
    }
    char stamp[PANEL_STAMP_BYTES];
    keep_replace(&user->last_online, panel_stamp(model, now->wall_ms, stamp));
    user->used_bytes = GB_MAX(user->used_bytes + bytes, 0);
    if (user->start_day == HIDDIFY_NO_DAY) {
        user->start_day = panel_today(model, now->wall_ms);
    }
    return GB_OK;
}

enum gb_err hiddify_edit(struct hiddify_model *model, const struct moment *now, struct arena *arena,
                         struct str uuid, const struct json *fields, struct str *ret_json,
                         struct str *reterr_faults) {
    struct hiddify_user *user = panel_find(model, uuid);
    struct hiddify_user *holder = panel_find(model, json_str_or(fields, "uuid", STR_NONE));
    bool create = uuid.n == 0;
    if (user == NULL && !create) {
        return GB_NOT_FOUND;
    }
    if (!hiddify_validate(arena, fields, create, reterr_faults)) {
        return GB_INVALID;
    }
    if (holder != NULL && holder != user) {
        return GB_EXISTS;
    }
    if (create) {
        user = panel_add(model, arena, fields);
    } else {
        panel_change(user, fields);
    }
    if (user == NULL) {
        return GB_NO_SPACE;
    }
    struct buf buf;
    buf_init(&buf, arena, 1 << 20);
    hiddify_write_user(&buf, arena, user, panel_today(model, now->wall_ms));
    *ret_json = buf_str(&buf);
    return GB_OK;
}

enum gb_err hiddify_remove(struct hiddify_model *model, struct str uuid) {
    struct hiddify_user *user = panel_find(model, uuid);
    if (user == NULL) {
        return GB_NOT_FOUND;
    }
    panel_drop(model, user);
    return GB_OK;
}

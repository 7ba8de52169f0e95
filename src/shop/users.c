#include "shop/users.h"

#include "base/arena.h"
#include "shop/fields.h"
#include "shop/figures.h"
#include "shop/records.h"
#include "state/work.h"

#define NAME_LENGTH_MAX 128 /* Bot API: first and last name of 64 each */

static const struct field fields[] = {
    FIELD_INT(user, id),           FIELD_TEXT(user, name),
    FIELD_TEXT(user, username),    FIELD_TEXT(user, language_tag),
    FIELD_FLAG(user, english),     FIELD_FLAG(user, language_chosen),
    FIELD_FLAG(user, unreachable), FIELD_FLAG(user, muted),
    FIELD_FLAG(user, has_zone),    FIELD_INT(user, zone_min),
    FIELD_INT(user, created_ms),
};
const struct record user_record = RECORD(TABLE_USERS, user, fields);

static struct str user_key(struct work *work, int64_t id) {
    return arena_printf(work->arena, "%" PRId64, id);
}

static void user_put(struct work *work, const struct user *user) {
    record_put(work, &user_record, user_key(work, user->id), user);
}

/* "ru-RU" speaks Russian; a tag that is neither gets the shop's language. */
static bool tag_is_english(const struct work *work, struct str tag) {
    struct str primary = str_sub(tag, 0, str_find(tag, '-'));
    if (str_equal_nocase(primary, STR("ru"))) {
        return false;
    }
    if (str_equal_nocase(primary, STR("en"))) {
        return true;
    }
    return work->config->shop.language == LANGUAGE_EN;
}

/* Foreign text is stored bounded, and empty rather than broken. */
static struct str tidy(struct str text) {
    return utf8_is_valid(text) ? utf8_cut(text, NAME_LENGTH_MAX) : STR_NONE;
}

static bool update_text(struct str *text, struct str fresh) {
    if (str_equal(*text, fresh)) {
        return false;
    }
    *text = fresh;
    return true;
}

/* True: something is new and must be written. */
static bool update_user(const struct work *work, const struct user_hello *hello,
                        struct user *user) {
    bool changed = update_text(&user->name, tidy(hello->name));
    changed |= update_text(&user->username, tidy(hello->username));
    if (update_text(&user->language_tag, tidy(hello->language_tag))) {
        changed = true;
        if (!user->language_chosen) {
            user->english = tag_is_english(work, user->language_tag);
        }
    }
    if (user->unreachable) { /* who writes can be written to */
        user->unreachable = false;
        changed = true;
    }
    return changed;
}

enum gb_err user_meet(struct work *work, const struct user_hello *hello, struct user *ret_user) {
    struct user user;
    enum gb_err err = user_get(work, hello->id, &user);
    bool fresh = err == GB_NOT_FOUND;
    if (fresh) {
        user = (struct user){.id = hello->id, .created_ms = work->now_ms};
        user.english = tag_is_english(work, STR_NONE);
        figure_add(work, FIGURE_USERS, hello->id, 1);
    } else if (err != GB_OK) {
        return err;
    }
    if (update_user(work, hello, &user) || fresh) {
        user_put(work, &user);
    }
    *ret_user = user;
    return GB_OK;
}

enum gb_err user_get(struct work *work, int64_t id, struct user *ret_user) {
    return record_get(work, &user_record, user_key(work, id), ret_user);
}

enum gb_err user_set_language(struct work *work, int64_t id, enum language language) {
    struct user user;
    enum gb_err err = user_get(work, id, &user);
    bool english = language == LANGUAGE_EN;
    if (err != GB_OK || (user.language_chosen && user.english == english)) {
        return err;
    }
    user.language_chosen = true;
    user.english = english;
    user_put(work, &user);
    return GB_OK;
}

enum gb_err user_set_reachable(struct work *work, int64_t id, bool reachable) {
    struct user user;
    enum gb_err err = user_get(work, id, &user);
    if (err != GB_OK || user.unreachable == !reachable) {
        return err;
    }
    user.unreachable = !reachable;
    user_put(work, &user);
    return GB_OK;
}

enum gb_err user_set_muted(struct work *work, int64_t id, bool muted) {
    struct user user;
    enum gb_err err = user_get(work, id, &user);
    if (err == GB_OK && user.muted != muted) {
        user.muted = muted;
        user_put(work, &user);
    }
    return err;
}

enum gb_err user_set_zone(struct work *work, int64_t id, bool has_zone, int64_t zone_min) {
    struct user user;
    enum gb_err err = user_get(work, id, &user);
    if (err == GB_OK && (user.has_zone != has_zone || user.zone_min != zone_min)) {
        user.has_zone = has_zone;
        user.zone_min = zone_min;
        user_put(work, &user);
    }
    return err;
}

bool user_is_admin(const struct work *work, int64_t id) {
    const struct int64_list *admins = &work->config->shop.admins;
    for (size_t i = 0; i < admins->count; i++) {
        if (admins->items[i] == id) {
            return true;
        }
    }
    return false;
}

/* users.h: the people who write to the bot. */
#ifndef SHOP_USERS_H
#define SHOP_USERS_H

#include "base/base.h"

struct work;

enum language { LANGUAGE_RU, LANGUAGE_EN, LANGUAGE_COUNT };

struct user {
    int64_t id;
    struct str name, username, language_tag;
    bool english;         /* chosen, or from language_tag; else the shop's */
    bool language_chosen; /* by a press: the tag no longer matters */
    bool unreachable;     /* blocked the bot */
    bool muted;           /* wants no reminders */
    bool has_zone;        /* told their own time zone; else the shop's */
    int64_t zone_min;
    int64_t created_ms;
};

/* What a message or press tells about its sender. */
struct user_hello {
    int64_t id;
    struct str name, username, language_tag;
};

/* Read, made at first sight, updated when the name changed (written only then). */
enum gb_err user_meet(struct work *work, const struct user_hello *hello,
                      struct user *ret_user) GB_MUST_USE;
enum gb_err user_get(struct work *work, int64_t id, struct user *ret_user) GB_MUST_USE;
/* "Language" was chosen: this one from now on, whatever the tag says. GB_NOT_FOUND: no user. */
enum gb_err user_set_language(struct work *work, int64_t id, enum language language) GB_MUST_USE;
/* GB_NOT_FOUND: no user. Who writes to the bot is reachable again by itself (user_meet). */
enum gb_err user_set_reachable(struct work *work, int64_t id, bool reachable) GB_MUST_USE;
/* GB_NOT_FOUND: no user. */
enum gb_err user_set_muted(struct work *work, int64_t id, bool muted) GB_MUST_USE;
/* Minutes east of UTC; `has_zone` false: the shop's. GB_NOT_FOUND: no user. */
enum gb_err user_set_zone(struct work *work, int64_t id, bool has_zone,
                          int64_t zone_min) GB_MUST_USE;
bool user_is_admin(const struct work *work, int64_t id);

#endif

/* hiddify_wish.h: a user of a Hiddify panel: what is wished for, in its own terms, and what it has.
 *
 * For hiddify.c only. Days are civil days in the panel's zone, limits are GiB.
 */
#ifndef PANEL_HIDDIFY_WISH_H
#define PANEL_HIDDIFY_WISH_H

#include "base/base.h"
#include "panel/panel.h"

struct arena;
struct json;

struct wish {
    struct panel_user user;
    int64_t start_day;
    int64_t days;
    int64_t limit_gb;
};

/* Lower case, version 4: the panel takes no other, and does not say so. */
bool is_uuid4(struct str s);

/* From the body of an `ensure` row. GB_INVALID: it cannot be wished for. */
enum gb_err wish_read(struct arena *arena, struct str body, int zone_min,
                      struct wish *ret_wish) GB_MUST_USE;
/* The body of POST (create) or PATCH. */
struct str wish_body(struct arena *arena, const struct wish *wish, bool create);

/* The first of what was sold that the panel's user does not have; NULL: all of it holds. */
const char *wish_missing(struct arena *arena, const struct wish *wish, const struct json *user);
/* Name, comment, Telegram id: put right where they differ, never insisted on. */
bool wish_labels_differ(const struct wish *wish, const struct json *user);
/* Did we make this user of our uuid? The owner may have renamed it or rewritten its comment, hardly
 * both. */
bool wish_is_ours(const struct wish *wish, const struct json *user);

/* Figures of a user object. False: it is none. */
bool user_state(const struct json *user, int zone_min, struct panel_state *ret_state);
bool user_is(const struct json *user, struct str uuid);

/* A user of the list: the same, and when its package ends (panel_listed.expires_ms). What is
 * missing or null counts as nothing, enabled as true. False: something is of another kind. */
struct user_figures {
    struct panel_state state;
    int64_t expires_ms;
};
bool user_figures(const struct json *user, int zone_min, struct user_figures *ret_figures);

#endif

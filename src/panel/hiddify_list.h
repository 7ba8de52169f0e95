/* hiddify_list.h: the panel's list of all users, read from its bytes. For hiddify.c only. */
#ifndef PANEL_HIDDIFY_LIST_H
#define PANEL_HIDDIFY_LIST_H

#include "base/base.h"

struct arena;

/* Turn the body of GET admin/user/ into a list text (panel.h), in `arena`.
 * GB_INVALID: it is no such list, or not all of it. GB_NO_SPACE: `arena` has no room for it now. */
enum gb_err user_list(struct arena *arena, struct str body, int zone_min,
                      struct str *ret_said) GB_MUST_USE;

#endif

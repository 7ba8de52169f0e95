/* limits.h: how often one person may do something, and what happens to who does not stop.
 *
 * A bucket (GCRA) is one instant: when it will be empty again. A bucket's burst is its whole count,
 * refilled evenly over its window. Rows expire by themselves.
 *
 *   too fast -> warned once -> a few seconds later still too fast -> not heard for 1 min, 5 min,
 * ...
 */
#ifndef STATE_LIMITS_H
#define STATE_LIMITS_H

#include "base/base.h"

struct work;

enum limit_kind { LIMIT_MESSAGES, LIMIT_PRESSES, LIMIT_PAYMENTS };

/* Take one from `user`'s bucket. GB_LATER: empty; *ret_wait_ms (if not NULL) until there is one. */
enum gb_err limit_take(struct work *work, enum limit_kind kind, int64_t user, bool admin,
                       int64_t *ret_wait_ms) GB_MUST_USE;

enum patience {
    PATIENCE_HEARD,   /* go on */
    PATIENCE_WARNED,  /* over the limit for the first time: say so once */
    PATIENCE_MUTED,   /* not heard from now on for *ret_pause_ms: say so, tell the admins */
    PATIENCE_IGNORED, /* still not heard: say nothing */
};

/* May this message or press of `user` be handled? */
enum gb_err limit_hear(struct work *work, enum limit_kind kind, int64_t user, bool admin,
                       enum patience *ret_patience, int64_t *ret_pause_ms) GB_MUST_USE;

#endif

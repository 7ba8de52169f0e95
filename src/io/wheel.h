/* wheel.h: a hierarchical timing wheel: O(1) start, stop, restart; hands out, never calls.
 *
 * Resolution 1 ms, range all of int64_t (8 levels of 64 slots reach 8,900 years, then a far list).
 * Timers are intrusive: no allocation. A bitmap per level gives the next occupied slot; at most
 * eight timers in it are looked at.
 *
 *   level 0   64 x 1 ms       level 1   64 x 64 ms      level 2   64 x 4 s ...
 *
 * A timer started for a past instant is due at once. Time may jump forward by any amount.
 */
#ifndef IO_WHEEL_H
#define IO_WHEEL_H

#include "base/base.h"

struct wheel;

struct wheel_timer {
    struct wheel_timer *next, **prev_next; /* prev_next NULL: not started */
    int64_t expires_ms;
    uint32_t slot; /* level * 64 + index, or the due or far list */
};

#define WHEEL_LEVELS 8
#define WHEEL_SLOTS  64

struct wheel {
    int64_t now_ms;
    uint64_t occupied[WHEEL_LEVELS];
    struct wheel_timer *slots[WHEEL_LEVELS][WHEEL_SLOTS];
    struct wheel_timer *due, *far;
    struct wheel_timer **due_end; /* so that what is due first is taken first */
    size_t count;
};

void wheel_init(struct wheel *wheel, int64_t now_ms);
/* Start, or restart when it runs. */
void wheel_start(struct wheel *wheel, struct wheel_timer *timer, int64_t expires_ms);
void wheel_stop(struct wheel *wheel, struct wheel_timer *timer); /* fine when not running */
bool wheel_is_running(const struct wheel_timer *timer);
/* Move time on; what is due waits in the wheel until taken. Going back is ignored. */
void wheel_advance(struct wheel *wheel, int64_t now_ms);
/* Next due timer, stopped and handed out; NULL when none is left. Within one advance: in order of
 * expiry only by slot, so callers that care compare expires_ms. */
struct wheel_timer *wheel_take(struct wheel *wheel);
/* An instant not later than the next expiry (exact when it is near); INT64_MAX: none. */
int64_t wheel_next_ms(const struct wheel *wheel);
/* NULL, or the first broken invariant: for tests. */
const char *wheel_check(const struct wheel *wheel);

#endif

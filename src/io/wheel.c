/* wheel.c: a timer's place is found from the highest bit in which its expiry and now differ.
 *
 * Six bits of the instant are one level's digit. A timer lives at the level of the highest digit
 * that differs from now's, in the slot of its own digit there. So within a level every occupied
 * slot lies ahead of now's digit, every timer of a lower level expires before every timer of a
 * higher one, and a jump over any distance empties whole levels without counting ticks. A timer
 * moves down at most once per level.
 *
 * Invariants, see wheel_check:
 *   1. a started timer is in exactly the list its `slot` names
 *   2. a bit in `occupied` is set exactly when its slot has a timer
 *   3. what waits in a slot or in the far list expires after now, what is due does not
 */
#include "io/wheel.h"

#define DIGIT_BITS 6u
#define SLOT_DUE   (WHEEL_LEVELS * WHEEL_SLOTS)
#define SLOT_FAR   (SLOT_DUE + 1u)

/* A slot with few timers is asked for its earliest, a full one only for its start. */
#define LOOK_AT_MOST 8

/* The order of int64_t as an order of bits. */
static uint64_t bits_of(int64_t instant_ms) {
    return (uint64_t)instant_ms ^ (UINT64_C(1) << 63);
}

static int64_t instant_of(uint64_t bits) {
    return (int64_t)(bits ^ (UINT64_C(1) << 63));
}

static unsigned digit(uint64_t bits, unsigned level) {
    return (unsigned)(bits >> (level * DIGIT_BITS)) & (WHEEL_SLOTS - 1);
}

/* The level at which two different instants part; WHEEL_LEVELS or more means beyond the wheel. */
static unsigned level_between(uint64_t a, uint64_t b) {
    return (63u - (unsigned)__builtin_clzll(a ^ b)) / DIGIT_BITS;
}

static void push(struct wheel *wheel, struct wheel_timer *timer, struct wheel_timer **at) {
    timer->next = *at;
    timer->prev_next = at;
    if (timer->next != NULL) {
        timer->next->prev_next = &timer->next;
    }
    *at = timer;
    wheel->count++;
}

static void place(struct wheel *wheel, struct wheel_timer *timer) {
    if (timer->expires_ms <= wheel->now_ms) {
        timer->slot = SLOT_DUE;
        push(wheel, timer, wheel->due_end);
        wheel->due_end = &timer->next;
        return;
    }
    uint64_t expires = bits_of(timer->expires_ms);
    unsigned level = level_between(bits_of(wheel->now_ms), expires);
    if (level >= WHEEL_LEVELS) {
        timer->slot = SLOT_FAR;
        push(wheel, timer, &wheel->far);
        return;
    }
    unsigned index = digit(expires, level);
    timer->slot = level * WHEEL_SLOTS + index;
    wheel->occupied[level] |= UINT64_C(1) << index;
    push(wheel, timer, &wheel->slots[level][index]);
}

void wheel_init(struct wheel *wheel, int64_t now_ms) {
    memset(wheel, 0, sizeof *wheel);
    wheel->now_ms = now_ms;
    wheel->due_end = &wheel->due;
}

bool wheel_is_running(const struct wheel_timer *timer) {
    return timer->prev_next != NULL;
}

void wheel_stop(struct wheel *wheel, struct wheel_timer *timer) {
    if (timer->prev_next == NULL) {
        return;
    }
    *timer->prev_next = timer->next;
    if (timer->next != NULL) {
        timer->next->prev_next = timer->prev_next;
    } else if (timer->slot == SLOT_DUE) {
        wheel->due_end = timer->prev_next;
    }
    timer->next = NULL;
    timer->prev_next = NULL;
    wheel->count--;
    if (timer->slot < SLOT_DUE) {
        unsigned level = timer->slot / WHEEL_SLOTS, index = timer->slot % WHEEL_SLOTS;
        if (wheel->slots[level][index] == NULL) {
            wheel->occupied[level] &= ~(UINT64_C(1) << index);
        }
    }
}

void wheel_start(struct wheel *wheel, struct wheel_timer *timer, int64_t expires_ms) {
    wheel_stop(wheel, timer);
    timer->expires_ms = expires_ms;
    place(wheel, timer);
}

/* Place all timers of a list anew: now has passed the border they waited behind. */
static void spill(struct wheel *wheel, struct wheel_timer **list) {
    struct wheel_timer *timer = *list;
    *list = NULL;
    while (timer != NULL) {
        struct wheel_timer *next = timer->next;
        wheel->count--;
        place(wheel, timer);
        timer = next;
    }
}

static void spill_slots(struct wheel *wheel, unsigned level, uint64_t mask) {
    uint64_t bits = wheel->occupied[level] & mask;
    wheel->occupied[level] &= ~mask;
    while (bits != 0) {
        unsigned index = (unsigned)__builtin_ctzll(bits);
        bits &= bits - 1;
        spill(wheel, &wheel->slots[level][index]);
    }
}

void wheel_advance(struct wheel *wheel, int64_t now_ms) {
    if (now_ms <= wheel->now_ms) {
        return;
    }
    uint64_t to = bits_of(now_ms);
    unsigned top = level_between(bits_of(wheel->now_ms), to);
    wheel->now_ms = now_ms;
    /* Below the highest digit that changes everything is due; in it, all up to now's slot, whose
     * own timers are due or move down. */
    for (unsigned level = 0; level < top && level < WHEEL_LEVELS; level++) {
        spill_slots(wheel, level, UINT64_MAX);
    }
    if (top >= WHEEL_LEVELS) {
        spill(wheel, &wheel->far);
    } else {
        spill_slots(wheel, top, UINT64_MAX >> (WHEEL_SLOTS - 1 - digit(to, top)));
    }
}

struct wheel_timer *wheel_take(struct wheel *wheel) {
    struct wheel_timer *timer = wheel->due;
    if (timer != NULL) {
        wheel_stop(wheel, timer);
    }
    return timer;
}

/* The earliest of a short list; `otherwise` when it is longer than worth looking at. */
static int64_t earliest(const struct wheel_timer *timer, int64_t otherwise) {
    int64_t least = INT64_MAX;
    for (int i = 0; timer != NULL; timer = timer->next) {
        if (++i > LOOK_AT_MOST) {
            return otherwise;
        }
        least = GB_MIN(least, timer->expires_ms);
    }
    return least;
}

int64_t wheel_next_ms(const struct wheel *wheel) {
    if (wheel->due != NULL) {
        return wheel->now_ms;
    }
    uint64_t now = bits_of(wheel->now_ms);
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        if (wheel->occupied[level] == 0) {
            continue;
        }
        unsigned index = (unsigned)__builtin_ctzll(wheel->occupied[level]);
        unsigned shift = level * DIGIT_BITS;
        uint64_t above = (now >> (shift + DIGIT_BITS)) << (shift + DIGIT_BITS);
        return earliest(wheel->slots[level][index], instant_of(above | ((uint64_t)index << shift)));
    }
    uint64_t border = ((now >> (WHEEL_LEVELS * DIGIT_BITS)) + 1) << (WHEEL_LEVELS * DIGIT_BITS);
    return earliest(wheel->far, instant_of(border));
}

static const char *check_timer(const struct wheel *wheel, const struct wheel_timer *timer,
                               unsigned slot) {
    if (timer->slot != slot) {
        return "a timer is in a list its slot does not name";
    }
    if ((timer->expires_ms <= wheel->now_ms) != (slot == SLOT_DUE)) {
        return "a timer waits that is due, or is due before its time";
    }
    if (slot == SLOT_DUE) {
        return NULL;
    }
    uint64_t expires = bits_of(timer->expires_ms);
    unsigned level = level_between(bits_of(wheel->now_ms), expires);
    if (level >= WHEEL_LEVELS) {
        return slot == SLOT_FAR ? NULL : "a far timer is in the wheel";
    }
    return slot == level * WHEEL_SLOTS + digit(expires, level) ? NULL : "a timer is out of place";
}

static const char *check_list(const struct wheel *wheel, struct wheel_timer *const *list,
                              unsigned slot, size_t *count) {
    for (struct wheel_timer *const *at = list; *at != NULL; at = &(*at)->next) {
        if ((*at)->prev_next != at) {
            return "a timer's way back is broken";
        }
        const char *why = check_timer(wheel, *at, slot);
        if (why != NULL) {
            return why;
        }
        if (slot == SLOT_DUE && (*at)->next == NULL && wheel->due_end != &(*at)->next) {
            return "the end of the due list is lost";
        }
        ++*count;
    }
    return NULL;
}

const char *wheel_check(const struct wheel *wheel) {
    size_t count = 0;
    const char *why = check_list(wheel, &wheel->due, SLOT_DUE, &count);
    if (why == NULL) {
        why = check_list(wheel, &wheel->far, SLOT_FAR, &count);
    }
    for (unsigned slot = 0; why == NULL && slot < SLOT_DUE; slot++) {
        unsigned level = slot / WHEEL_SLOTS, index = slot % WHEEL_SLOTS;
        bool bit = (wheel->occupied[level] >> index & 1) != 0;
        if (bit != (wheel->slots[level][index] != NULL)) {
            return "a bit of the occupied slots is wrong";
        }
        why = check_list(wheel, &wheel->slots[level][index], slot, &count);
    }
    if (why == NULL && wheel->due == NULL && wheel->due_end != &wheel->due) {
        why = "the end of the empty due list is lost";
    }
    return why == NULL && count != wheel->count ? "the count is wrong" : why;
}

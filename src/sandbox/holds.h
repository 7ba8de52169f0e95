/* holds.h: answers that leave later: a slow call, a hung one, a poll that was told off.
 *
 * Ordered by the instant they may leave. At most HOLDS_MAX; when one more comes, the first is let
 * go at once.
 */
#ifndef SANDBOX_HOLDS_H
#define SANDBOX_HOLDS_H

#include "sandbox/model.h"

#define HOLDS_MAX   512
#define HOLDS_NEVER INT64_MAX

struct hold;

struct holds {
    struct hold *first; /* by due_ms, then by arrival */
    size_t count;
};

/* Copies the response. HOLDS_NEVER: until holds_release or holds_free. */
void holds_add(struct holds *holds, uint64_t ticket, int64_t due_ms,
               const struct http_response *response);
/* The next one due, its texts copied into the arena. False: none. */
bool holds_take(struct holds *holds, int64_t mono_ms, struct arena *arena, uint64_t *ret_ticket,
                struct http_response *ret_response);
int64_t holds_next_ms(const struct holds *holds); /* INT64_MAX: none, or never */
/* What was held for ever is due now. */
void holds_release(struct holds *holds);
void holds_free(struct holds *holds); /* forgets all of them */

#endif

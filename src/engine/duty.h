/* duty.h: which of several instances is on duty: it alone polls, sends rows and runs jobs.
 *
 * The duty is a row with an expiry, renewed long before it ends, so that a dead instance is
 * replaced within six seconds. What an instance on duty writes about rows it has sent looks at
 * that row in the same transaction: who was asleep while another took over can change nothing any
 * more. Alone on its store, an instance is always on duty and none of this costs anything.
 */
#ifndef ENGINE_DUTY_H
#define ENGINE_DUTY_H

#include "base/base.h"

struct arena;
struct backend;
struct tx;

#define DUTY_ID_CHARS 32

struct duty {
    bool is_shared, held;
    char id[DUTY_ID_CHARS + 1]; /* of this instance, the same in its next life */
    int64_t until_ms;           /* of the lease, when held */
    int64_t look_ms;            /* when to renew it, or to look whether it is free */
};

enum duty_news { DUTY_SAME, DUTY_TAKEN, DUTY_LOST };

/* `instance`: DUTY_ID_CHARS that no other instance has; a new start with the same ones goes on
 * where its last life ended. NULL: alone on its store. */
void duty_begin(struct duty *duty, const char *instance);

/* When it is time: renew it, or take it if nobody has it. A store that does not answer leaves it
 * as it was until the lease is over. */
enum duty_news duty_look(struct duty *duty, struct backend *backend, struct arena *arena,
                         int64_t now_ms);
/* On the way out: let the others have it at once. */
void duty_end(struct duty *duty, struct backend *backend, struct arena *arena, int64_t now_ms);

/* Is it ours, as this view sees it? GB_REFUSED: it is another's, or nobody's. Else the store's
 * error. */
enum gb_err duty_check(const struct duty *duty, struct tx *tx) GB_MUST_USE;

#endif

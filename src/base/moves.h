/* moves.h: which state may follow which: one table that asserts, checks and draws.
 *
 * A bit mask per state. The same table is the assertion where a state changes, the checker's rule
 * for stored rows, and the picture in the documents.
 */
#ifndef BASE_MOVES_H
#define BASE_MOVES_H

#include "base/base.h"

struct arena;

struct move {
    const char *name; /* the state's name as stored */
    uint32_t next;    /* bit per allowed next state */
};

struct moves {
    const char *what; /* "payment" */
    const struct move *states;
    unsigned count; /* at most 32 */
};

#define MOVE_TO(state) (UINT32_C(1) << (state))

bool moves_allowed(const struct moves *moves, unsigned from, unsigned to);
/* Panics when the move is not in the table: our bug. Sets *state. */
void moves_make(const struct moves *moves, unsigned *state, unsigned to);
const char *moves_name(const struct moves *moves, unsigned state);
/* GB_NOT_FOUND: no state of this name. */
enum gb_err moves_find(const struct moves *moves, struct str name, unsigned *ret_state) GB_MUST_USE;
/* One line a state, "pending -> paid canceled expired": for the documents. */
struct str moves_draw(const struct moves *moves, struct arena *arena);

#endif

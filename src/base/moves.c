/* moves.c: looking things up in a table of states. */
#include "base/moves.h"

#include "base/arena.h"
#include "base/base.h"

#define DRAWING_BYTES_MAX 8192

bool moves_allowed(const struct moves *moves, unsigned from, unsigned to) {
    gb_assert(moves->count <= 32);
    return from < moves->count && to < moves->count &&
           (moves->states[from].next & MOVE_TO(to)) != 0;
}

void moves_make(const struct moves *moves, unsigned *state, unsigned to) {
    gb_assert(moves_allowed(moves, *state, to));
    *state = to;
}

const char *moves_name(const struct moves *moves, unsigned state) {
    gb_assert(state < moves->count);
    return moves->states[state].name;
}

enum gb_err moves_find(const struct moves *moves, struct str name, unsigned *ret_state) {
    for (unsigned i = 0; i < moves->count; i++) {
        if (str_is(name, moves->states[i].name)) {
            *ret_state = i;
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

struct str moves_draw(const struct moves *moves, struct arena *arena) {
    struct buf b;
    buf_init(&b, arena, DRAWING_BYTES_MAX);
    for (unsigned from = 0; from < moves->count; from++) {
        buf_add_text(&b, moves->states[from].name);
        buf_add_text(&b, " ->");
        for (unsigned to = 0; to < moves->count; to++) {
            if (moves_allowed(moves, from, to)) {
                buf_add_char(&b, ' ');
                buf_add_text(&b, moves->states[to].name);
            }
        }
        buf_add_char(&b, '\n');
    }
    gb_assert(!b.failed);
    return buf_str(&b);
}

/* arena.h: memory that dies with its event.
 *
 * One arena per lifetime (event, turn, program). Allocation cannot fail: past its maximum, or out
 * of memory, the program panics (the store survives it). Under ASan every piece is its own malloc,
 * so that a stray byte is seen.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena;

struct arena_mark {
    void *chunk;
    size_t used;
    size_t total;
};

/* `first_bytes` are kept for good, more is taken in chunks and given back on reset. */
struct arena *arena_new(size_t first_bytes, size_t max_bytes);
void arena_free(struct arena *arena); /* NULL is fine */

/* Zeroed, aligned for anything. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* The same without the zeroes: for text about to be written. */
void *arena_take(struct arena *arena, size_t bytes);

#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), sizeof(type), (count)))
void *arena_array(struct arena *arena, size_t size_bytes, size_t count); /* overflow panics */

/* Make the piece that was taken last larger where it is. False: it is not the last one, or there
 * is no room behind it; nothing changed. */
bool arena_grow(struct arena *arena, void *piece, size_t bytes, size_t new_bytes) GB_MUST_USE;

/* Copy with a 0 behind it that the view does not count. */
struct str arena_copy(struct arena *arena, struct str s);
const char *arena_cstr(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...) GB_PRINTF(2, 3);

/* Everything taken after the mark is given back by the reset. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_reset(struct arena *arena, struct arena_mark mark);
void arena_clear(struct arena *arena);
size_t arena_used_bytes(const struct arena *arena);
size_t arena_left_bytes(const struct arena *arena); /* up to its maximum */

#endif

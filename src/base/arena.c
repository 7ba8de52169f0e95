/* arena.c: a stack of chunks; taking is a bump of a pointer.
 *
 * The first chunk is kept for good. A reset keeps one more, the largest: an event that outgrows
 * the first chunk would otherwise cost the system a map and an unmap each time. A spare of up to
 * SPARE_BYTES_KEPT stays; a larger one is given back when it was not needed for a while.
 *
 *      top -> [ newest ] -> [ ... ] -> [ first ]        spare -> [ the largest given back ]
 *
 * Under ASan there are no chunks: each piece is its own malloc, found again through one list.
 * Both count alike: a piece counts as its bytes rounded up to ALIGN, and never as nothing.
 */
#define GB_DOOR "memory comes from malloc"
#include "base/arena.h"

#include "base/base.h"

#include <stdarg.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* The test of the chunks themselves defines ARENA_CHUNKS. */
#if !defined(ARENA_CHUNKS) && (defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer))
#define PIECEWISE 1
#else
#define PIECEWISE 0
#endif

#define ALIGN ((size_t)16)

/* Never NULL. */
static void *system_take(size_t bytes) {
    void *memory = malloc(bytes);
    if (memory == NULL) {
        gb_panic(__FILE__, __LINE__, "out of memory");
    }
    return memory;
}

static size_t counted(size_t bytes) {
    gb_assert(bytes < SIZE_MAX / 2);
    return bytes == 0 ? ALIGN : (bytes + ALIGN - 1) & ~(ALIGN - 1);
}

#if PIECEWISE

struct arena {
    size_t total, max;
    void **pieces;
    size_t count, capacity;
};

struct arena *arena_new(size_t first_bytes, size_t max_bytes) {
    (void)first_bytes;
    struct arena *arena = system_take(sizeof *arena);
    *arena = (struct arena){.max = max_bytes};
    return arena;
}

void arena_free(struct arena *arena) {
    if (arena == NULL) {
        return;
    }
    arena_clear(arena);
    free(arena->pieces);
    free(arena);
}

static void *piece_take(struct arena *arena, size_t bytes) {
    if (arena->count == arena->capacity) {
        arena->capacity = GB_MAX(2 * arena->capacity, 64);
        arena->pieces = realloc(arena->pieces, arena->capacity * sizeof arena->pieces[0]);
        gb_assert(arena->pieces != NULL);
    }
    void *piece = system_take(bytes);
    arena->pieces[arena->count++] = piece;
    return piece;
}

bool arena_grow(struct arena *arena, void *piece, size_t bytes, size_t new_bytes) {
    (void)arena, (void)piece, (void)bytes, (void)new_bytes;
    return false;
}

struct arena_mark arena_mark(const struct arena *arena) {
    return (struct arena_mark){NULL, arena->count, arena->total};
}

void arena_reset(struct arena *arena, struct arena_mark mark) {
    gb_assert(mark.chunk == NULL && mark.used <= arena->count && mark.total <= arena->total);
    while (arena->count > mark.used) {
        free(arena->pieces[--arena->count]);
    }
    arena->total = mark.total;
}

void arena_clear(struct arena *arena) {
    arena_reset(arena, (struct arena_mark){NULL, 0, 0});
}

#else

#define SPARE_BYTES_KEPT ((size_t)256 * 1024)
#define SPARE_IDLE_MAX   256

struct chunk {
    struct chunk *below;
    size_t capacity, used;
    _Alignas(16) unsigned char bytes[];
};

struct arena {
    size_t total, max;
    struct chunk *top;
    struct chunk *first;
    struct chunk *spare;
    unsigned spare_idle; /* resets to the first chunk since the spare was last needed */
};

static struct chunk *chunk_new(size_t capacity) {
    struct chunk *chunk = system_take(sizeof *chunk + capacity);
    chunk->below = NULL;
    chunk->capacity = capacity;
    chunk->used = 0;
    return chunk;
}

struct arena *arena_new(size_t first_bytes, size_t max_bytes) {
    struct arena *arena = system_take(sizeof *arena);
    struct chunk *first = chunk_new(counted(first_bytes));
    *arena = (struct arena){.max = max_bytes, .top = first, .first = first};
    return arena;
}

void arena_free(struct arena *arena) {
    if (arena == NULL) {
        return;
    }
    arena_clear(arena);
    free(arena->spare);
    free(arena->first);
    free(arena);
}

/* Put a chunk with room for `need` bytes on top: the spare, or one twice as large as the last. */
static void chunk_push(struct arena *arena, size_t need) {
    struct chunk *chunk = arena->spare;
    if (chunk != NULL && chunk->capacity >= need) {
        arena->spare = NULL;
    } else {
        chunk = chunk_new(GB_MAX(need, 2 * arena->top->capacity));
    }
    chunk->below = arena->top;
    arena->top = chunk;
}

/* The larger of two stays as the spare. */
static void chunk_pop(struct arena *arena) {
    struct chunk *chunk = arena->top;
    arena->top = chunk->below;
    chunk->used = 0;
    if (arena->spare != NULL && arena->spare->capacity >= chunk->capacity) {
        free(chunk);
        return;
    }
    free(arena->spare);
    arena->spare = chunk;
    arena->spare_idle = 0;
}

static void *piece_take(struct arena *arena, size_t bytes) {
    size_t need = counted(bytes);
    if (need > arena->top->capacity - arena->top->used) {
        chunk_push(arena, need);
    }
    struct chunk *top = arena->top;
    void *piece = top->bytes + top->used;
    top->used += need;
    return piece;
}

bool arena_grow(struct arena *arena, void *piece, size_t bytes, size_t new_bytes) {
    struct chunk *top = arena->top;
    size_t had = counted(bytes), need = counted(new_bytes);
    if ((unsigned char *)piece + had != top->bytes + top->used || need < had ||
        need - had > top->capacity - top->used || need - had > arena->max - arena->total) {
        return false;
    }
    top->used += need - had;
    arena->total += need - had;
    return true;
}

struct arena_mark arena_mark(const struct arena *arena) {
    return (struct arena_mark){arena->top, arena->top->used, arena->total};
}

static void spare_age(struct arena *arena) {
    if (arena->spare == NULL || arena->spare->capacity <= SPARE_BYTES_KEPT) {
        return;
    }
    if (++arena->spare_idle > SPARE_IDLE_MAX) {
        free(arena->spare);
        arena->spare = NULL;
    }
}

void arena_reset(struct arena *arena, struct arena_mark mark) {
    gb_assert(mark.total <= arena->total);
    if (arena->top == arena->first) {
        spare_age(arena);
    }
    while (arena->top != mark.chunk) {
        gb_assert(arena->top != arena->first);
        chunk_pop(arena);
    }
    gb_assert(mark.used <= arena->top->used);
    arena->top->used = mark.used;
    arena->total = mark.total;
}

void arena_clear(struct arena *arena) {
    arena_reset(arena, (struct arena_mark){arena->first, 0, 0});
}

#endif

void *arena_take(struct arena *arena, size_t bytes) {
    size_t count = counted(bytes);
    if (count > arena->max - arena->total) {
        gb_panic(__FILE__, __LINE__, "an arena passed its maximum");
    }
    arena->total += count;
    return piece_take(arena, bytes);
}

void *arena_alloc(struct arena *arena, size_t bytes) {
    return memset(arena_take(arena, bytes), 0, bytes);
}

void *arena_array(struct arena *arena, size_t size_bytes, size_t count) {
    gb_assert(size_bytes == 0 || count <= SIZE_MAX / size_bytes);
    return arena_alloc(arena, size_bytes * count);
}

struct str arena_copy(struct arena *arena, struct str s) {
    gb_assert(s.n < SIZE_MAX / 2);
    char *copy = arena_take(arena, s.n + 1);
    if (s.n > 0) {
        memcpy(copy, s.p, s.n);
    }
    copy[s.n] = '\0';
    return (struct str){copy, s.n};
}

const char *arena_cstr(struct arena *arena, struct str s) {
    return arena_copy(arena, s).p;
}

/* Printed on the stack first: most texts are short, and so are printed once. */
struct str arena_printf(struct arena *arena, const char *format, ...) {
    char brief[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(brief, sizeof brief, format, args);
    va_end(args);
    gb_assert(n >= 0);
    struct str text = {brief, (size_t)n};
    if (text.n < sizeof brief) {
        text = arena_copy(arena, text);
    } else {
        char *whole = arena_take(arena, text.n + 1);
        n = vsnprintf(whole, text.n + 1, format, again);
        gb_assert(n >= 0 && (size_t)n == text.n);
        text.p = whole;
    }
    va_end(again);
    return text;
}

size_t arena_used_bytes(const struct arena *arena) {
    return arena->total;
}

size_t arena_left_bytes(const struct arena *arena) {
    return arena->max - arena->total;
}

/* keep.c: calloc and free, with the answer "no memory" taken out.
 *
 * The one file of the sandbox that asks for memory outside an arena.
 */
#define GB_DOOR "heap: the state of the simulated world outlives every arena"
#include "sandbox/keep.h"

void *keep_new(size_t bytes) {
    void *pointer = calloc(1, bytes);
    gb_assert(pointer != NULL);
    return pointer;
}

void keep_free(void *pointer) {
    free(pointer);
}

struct str keep_text(struct str text) {
    if (text.n == 0) {
        return STR_NONE;
    }
    char *copy = keep_new(text.n + 1);
    memcpy(copy, text.p, text.n);
    return (struct str){copy, text.n};
}

void keep_drop(struct str *text) {
    free((void *)(uintptr_t)text->p); /* a view is const; what keep_text gave is ours */
    *text = STR_NONE;
}

void keep_replace(struct str *slot, struct str text) {
    struct str fresh = keep_text(text); /* first: `text` may be part of what is dropped */
    keep_drop(slot);
    *slot = fresh;
}

void *keep_grow(void *items, size_t count, size_t *capacity, size_t item_bytes) {
    if (count < *capacity) {
        return items;
    }
    size_t wanted = GB_MAX(*capacity * 2, (size_t)8);
    gb_assert(wanted <= SIZE_MAX / item_bytes);
    void *moved = realloc(items, wanted * item_bytes);
    gb_assert(moved != NULL);
    *capacity = wanted;
    return moved;
}

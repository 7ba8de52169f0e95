/* kept.c: one piece of the heap that grows by doubling. */
#define GB_DOOR "texts that outlive the turn"
#include "io/kept.h"

#include "base/base.h"

/* What is worth keeping. */
#define KEEP_BYTES ((size_t)32 << 10)

static void kept_reserve(struct kept *kept, size_t bytes) {
    if (bytes > kept->capacity) {
        size_t capacity = GB_MAX(bytes, GB_MAX(kept->capacity * 2, (size_t)64));
        char *p = realloc(kept->p, capacity);
        gb_assert(p != NULL);
        kept->p = p;
        kept->capacity = capacity;
    }
}

void kept_add(struct kept *kept, struct str text) {
    kept_reserve(kept, kept->n + text.n + 1);
    gb_assert(kept->p != NULL);
    if (text.n > 0) {
        memcpy(kept->p + kept->n, text.p, text.n);
    }
    kept->n += text.n;
    kept->p[kept->n] = '\0';
}

void kept_clear(struct kept *kept) {
    kept_reserve(kept, 1);
    gb_assert(kept->p != NULL);
    kept->n = 0;
    kept->p[0] = '\0';
}

bool kept_change(struct kept *kept, struct str text) {
    if (kept->set && kept->n == text.n && (text.n == 0 || memcmp(kept->p, text.p, text.n) == 0)) {
        return false;
    }
    kept->n = 0;
    kept_add(kept, text);
    kept->set = true;
    return true;
}

void kept_free(struct kept *kept) {
    free(kept->p);
    *kept = (struct kept){0};
}

void kept_shrink(struct kept *kept) {
    if (kept->capacity > KEEP_BYTES) {
        kept_free(kept);
    }
}

struct str kept_str(const struct kept *kept) {
    return (struct str){kept->p, kept->n};
}

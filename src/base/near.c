#include "base/near.h"

#define NAME_BYTES_MAX 64
#define UNLIKE         3 /* names that differ by so many edits are no misspelling */

static unsigned char fold(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Edits (insert, delete, replace) from one name to the other; NAME_BYTES_MAX for long ones. */
static size_t distance(struct str a, struct str b) {
    size_t row[NAME_BYTES_MAX + 1];
    if (a.n > NAME_BYTES_MAX || b.n > NAME_BYTES_MAX) {
        return NAME_BYTES_MAX;
    }
    for (size_t j = 0; j <= b.n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replaced = diagonal + (fold(a.p[i - 1]) != fold(b.p[j - 1]));
            diagonal = row[j];
            row[j] = GB_MIN(replaced, GB_MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.n];
}

/* Of a short name, more than half must be right. */
bool near_is_like(struct str typed, struct str name, size_t *ret_edits) {
    size_t edits = distance(typed, name);
    *ret_edits = edits;
    return edits < GB_MIN((size_t)UNLIKE, GB_MAX(typed.n, name.n) / 2 + 1);
}

/* options_guess.c: what a name that is not in the table was perhaps meant to be. */
#include "base/arena.h"
#include "base/base.h"
#include "base/options_found.h"

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

struct guess {
    const char *name;
    size_t distance;
};

/* Of a short name, more than half must be right. */
static void guess_try(struct guess *guess, struct str typed, const char *name) {
    size_t d = distance(typed, str_of(name));
    size_t bound = GB_MIN((size_t)UNLIKE, GB_MAX(typed.n, strlen(name)) / 2 + 1);
    if (d < bound && (guess->name == NULL || d < guess->distance)) {
        *guess = (struct guess){name, d};
    }
}

struct str guess_section(const struct options_spec *spec, struct str typed, struct arena *arena) {
    struct guess guess = {NULL, 0};
    for (size_t i = 0; i < spec->count; i++) {
        guess_try(&guess, typed, spec->options[i].section);
    }
    for (size_t i = 0; i < spec->group_count; i++) {
        guess_try(&guess, typed, spec->groups[i].section);
    }
    return guess.name != NULL ? arena_printf(arena, "; did you mean [%s]?", guess.name) : STR_NONE;
}

/* A key of another section is a likelier slip than a misspelling. */
struct str guess_key(const struct options_spec *spec, const struct options_found *found,
                     struct str typed, struct arena *arena) {
    for (size_t i = 0; i < spec->count; i++) {
        if (str_is(typed, spec->options[i].key)) {
            return arena_printf(arena, "; there is one in [%s]", spec->options[i].section);
        }
    }
    struct guess guess = {NULL, 0};
    for (size_t i = 0; i < found->count; i++) {
        guess_try(&guess, typed, found->options[i].key);
    }
    return guess.name != NULL ? arena_printf(arena, "; did you mean %s?", guess.name) : STR_NONE;
}

/* options_guess.c: what a name that is not in the table was perhaps meant to be. */
#include "base/arena.h"
#include "base/base.h"
#include "base/near.h"
#include "base/options_found.h"

struct guess {
    const char *name;
    size_t distance;
};

static void guess_try(struct guess *guess, struct str typed, const char *name) {
    size_t d;
    if (near_is_like(typed, str_of(name), &d) && (guess->name == NULL || d < guess->distance)) {
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

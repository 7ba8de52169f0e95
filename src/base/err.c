/* err.c: the list of err.h as two tables. */
#include "base/err.h"

#include "base/base.h"

/* The list has the names in upper case; logs have them in lower case. */
static const char *const names[] = {
    [GB_OK] = "ok",
    [GB_NOT_FOUND] = "not_found",
    [GB_EXISTS] = "exists",
    [GB_INVALID] = "invalid",
    [GB_REFUSED] = "refused",
    [GB_LATER] = "later",
    [GB_CONFLICT] = "conflict",
    [GB_UNCERTAIN] = "uncertain",
    [GB_NO_SPACE] = "no_space",
    [GB_UNAVAILABLE] = "unavailable",
    [GB_DAMAGED] = "damaged",
};

static const char *const meanings[] = {
#define X(name, meaning) meaning,
    GB_ERRORS(X)
#undef X
};

_Static_assert(GB_COUNT(names) == GB_COUNT(meanings), "each error has its lower-case name");

const char *gb_err_name(enum gb_err err) {
    gb_assert((size_t)err < GB_COUNT(names));
    return names[err];
}

const char *gb_err_meaning(enum gb_err err) {
    gb_assert((size_t)err < GB_COUNT(meanings));
    return meanings[err];
}

/* err.h: the errors of the whole house: one list, a name and a meaning each.
 *
 * A function returns only those its comment lists. The sentence a person reads is made where the
 * fact is known and handed up beside the error (reterr_why), never built from the code.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*  name            what it means to the caller */
#define GB_ERRORS(X)                                                                               \
    X(OK, "done")                                                                                  \
    X(NOT_FOUND, "there is no such thing")                                                         \
    X(EXISTS, "it was there before; nothing changed")                                              \
    X(INVALID, "what was given cannot be right; the same again fails again")                       \
    X(REFUSED, "understood, and not allowed")                                                      \
    X(LATER, "not now; the same again may work")                                                   \
    X(CONFLICT, "somebody changed what was read; run again")                                       \
    X(UNCERTAIN, "it may have happened; look before deciding")                                     \
    X(NO_SPACE, "a bound was reached: buffer, map or disk")                                        \
    X(UNAVAILABLE, "the other side cannot be reached")                                             \
    X(DAMAGED, "stored data contradicts itself")

enum gb_err {
#define X(name, meaning) GB_##name,
    GB_ERRORS(X)
#undef X
};

/* Name without GB_, lower case, static: "not_found". */
const char *gb_err_name(enum gb_err err);

/* One line for people, static. */
const char *gb_err_meaning(enum gb_err err);

#endif

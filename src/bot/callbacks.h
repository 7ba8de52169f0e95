/* callbacks.h: what a button says when it is pressed: at most 64 bytes, built and read here only.
 *
 *   code[+][:argument]...      "b.t:de:m1"   "s+"
 *
 * The data says all that is needed, so that a button still works, or explains itself, after a
 * restart, an expiry or a year. `+`: the message with the button cannot become the next screen (a
 * picture, an invoice), which therefore comes as a new one. All of it is untrusted when it comes
 * back: anybody can send any data; ids in it prove nothing.
 */
#ifndef BOT_CALLBACKS_H
#define BOT_CALLBACKS_H

#include "base/base.h"

struct arena;

/*  name            code   arguments */
#define GB_PRESSES(X)                                                                              \
    X(MENU, "m", 0)                                                                                \
    X(HELP, "m.h", 0)                                                                              \
    X(LANGUAGE, "m.l", 0)                                                                          \
    X(SET_LANGUAGE, "m.s", 1) /* "ru", "en" */                                                     \
    X(REMINDERS, "m.r", 0)                                                                         \
    X(MUTE, "m.q", 1)     /* "1": no reminders; "0" */                                             \
    X(ZONE, "m.z", 1)     /* minutes east of UTC; "shop" */                                        \
    X(BUY, "b", 0)        /* locations, or the only one's tariffs */                               \
    X(LOCATION, "b.l", 1) /* location: its tariffs */                                              \
    X(TARIFF, "b.t", 2)   /* location, tariff: ways to pay */                                      \
    X(WAY, "b.w", 3)      /* location, tariff, provider: an invoice */                             \
    X(CHECK, "p.c", 1)    /* payment: "I have paid" */                                             \
    X(CANCEL, "p.x", 1)   /* payment */                                                            \
    X(LEAVE, "p.l", 1)    /* payment: to the menu; it stays payable */                             \
    X(SUBS, "s", 0)                                                                                \
    X(SUB, "s.o", 1)    /* subscription */                                                         \
    X(SUB_QR, "s.q", 1) /* subscription: its picture */                                            \
    X(ADMIN, "a", 0)                                                                               \
    X(JOBS, "a.j", 0)                                                                              \
    X(JOB, "a.o", 1)       /* job */                                                               \
    X(JOB_RUN, "a.r", 1)   /* job: once more, now */                                               \
    X(JOB_PAUSE, "a.p", 2) /* job; "1": pause; "0": go on */

enum press {
#define X(name, code, args) PRESS_##name,
    GB_PRESSES(X)
#undef X
        PRESS_COUNT
};

#define CALLBACK_ARGS_MAX  3
#define CALLBACK_BYTES_MAX 64

struct callback {
    enum press press;
    bool fresh; /* the `+` */
    struct str args[CALLBACK_ARGS_MAX];
};

/* GB_NO_SPACE: over 64 bytes, or an argument with a colon: there can be no such button. */
enum gb_err callback_build(struct arena *arena, const struct callback *callback,
                           struct str *ret_data) GB_MUST_USE;

/* GB_INVALID: not ours, or of another version. Arguments are views into `data`. */
enum gb_err callback_read(struct str data, struct callback *ret_callback) GB_MUST_USE;

#endif

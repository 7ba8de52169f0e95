/* routes.h: which step answers what: one table, read from the top, the first match counts. */
#ifndef BOT_ROUTES_H
#define BOT_ROUTES_H

#include "base/base.h"
#include "bot/talk.h"

enum role { ROLE_ANYONE, ROLE_ADMIN };

struct route {
    const char *command; /* "start"; NULL: */
    int press;           /* an enum press; -1: any words */
    enum role role;
    step_fn *step;
};

extern const struct route routes[];
extern const size_t route_count;

/* NULL: a press that leads nowhere for this person. Words always lead somewhere. */
const struct route *route_of_words(struct str command, bool admin);
const struct route *route_of_press(enum press press, bool admin);

#endif

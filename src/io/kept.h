/* kept.h: a text that stays where it is until another one takes its place.
 *
 * libcurl reads some of what it is told in place, and comparing with what a handle was told before
 * is cheaper than telling it again. The memory is kept too, unless it grew large.
 */
#ifndef IO_KEPT_H
#define IO_KEPT_H

#include "base/base.h"

/* All zero: nothing was told yet. */
struct kept {
    char *p; /* followed by a 0; NULL while nothing was ever written */
    size_t n, capacity;
    bool set; /* by kept_change; cleared by whoever finds that it was not accepted */
};

/* False: this is what it was. Then and else it is what it is now. */
bool kept_change(struct kept *kept, struct str text);
/* Write piece by piece. */
void kept_clear(struct kept *kept);
void kept_add(struct kept *kept, struct str text);
struct str kept_str(const struct kept *kept);
/* Forget a text whose memory has grown large. */
void kept_shrink(struct kept *kept);
void kept_free(struct kept *kept);

#endif

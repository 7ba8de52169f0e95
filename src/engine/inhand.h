/* inhand.h: which event is being handled, kept where a crash leaves it readable.
 *
 * A small mapped file: naming an event costs a copy, no system call, and outlives the process (not
 * a power cut, which is no event's fault). The next start finds the name of what killed it, and
 * whether it was a crash (a signal that only our own code brings about) or somebody's kill. An
 * event found there again and again is quarantined, and the rest goes on.
 */
#ifndef ENGINE_INHAND_H
#define ENGINE_INHAND_H

#include "base/base.h"

struct inhand;

/* `path` NULL: nothing is kept. GB_UNAVAILABLE: the file cannot be made or mapped. */
enum gb_err inhand_open(const char *path, struct inhand **ret_inhand) GB_MUST_USE;
void inhand_close(struct inhand *inhand);
/* What the last run left behind; empty: it ended between events. Valid until the first set. */
struct str inhand_left(const struct inhand *inhand);
/* Did it end by a crash? False: it was killed, as far as anybody knows. */
bool inhand_crashed(const struct inhand *inhand);
/* From now on a crash is noted in the file, for this process's one `inhand`. */
void inhand_watch(struct inhand *inhand);
void inhand_set(struct inhand *inhand, struct str event_id); /* empty: none */

#endif

/* local.h: the lane "local": work that another process of this program does beside the shop.
 *
 * A row of it becomes a child process with the same settings; how that ended becomes the row's
 * answer, like a reply. Rows are `safe`: a child that died with the shop is started again. Nothing
 * secret is in its words.
 */
#ifndef ENGINE_LOCAL_H
#define ENGINE_LOCAL_H

#include "base/base.h"
#include "base/http.h"

struct arena;
struct child_end;
struct world;

#define LOCAL_LANE STR("local")

/* How to make another process read the same settings. */
struct local {
    const char *const *words; /* "--config", "config.ini", "--set", ... */
    size_t word_count;
};

/* GB_INVALID: no such kind of work. GB_LATER: no process is to be had. */
enum gb_err local_start(struct world *world, const struct local *local, const struct call *call,
                        struct arena *arena, uint64_t ticket) GB_MUST_USE;
/* DONE with what it said; LATER: it was killed; REFUSED, "not_made": it failed, `why` is its last
 * word. What else it said goes to the log. */
void local_read(const struct call *call, const struct child_end *end, struct arena *arena,
                struct answer *ret_answer);

#endif

/* engine.h: event -> one transaction -> effects: the only room that joins the wings.
 *
 * The turn: wait, gather all that is due; for each event: view, handler, apply; one sync for all of
 * them; then release what was decided. So nothing leaves before it is on disk, and a crash at any
 * point means: the event comes again, or it had happened whole.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/base.h"

struct arena;
struct backend;
struct config;
struct engine;
struct redis_news;
struct local;
struct texts;
struct world;

struct engine_options {
    struct world *world;
    struct backend *backend;
    const struct config *config;
    const struct texts *texts;
    const char *instance;      /* see duty.h; where the store is shared */
    struct redis_news *news;   /* what other instances add; NULL: nobody does */
    const struct local *local; /* how to start processes of its own; NULL: it starts none */
    const char *inhand_path;   /* file that names the event in hand; NULL: none is kept */
    const char *control_path;  /* see control.h; NULL: none */
    /* SIGHUP: read the config anew; NULL from it: faults were told, the old one stays. */
    const struct config *(*reload)(void *ctx);
    void *reload_ctx;
};

/* Prepare the store, seed the catalog, open the lanes. GB_INVALID, GB_DAMAGED, GB_UNAVAILABLE,
 * GB_NO_SPACE: *reterr_why, in `arena`. */
enum gb_err engine_new(const struct engine_options *options, struct arena *arena,
                       struct engine **ret_engine, struct str *reterr_why) GB_MUST_USE;
void engine_free(struct engine *engine);

/* One turn. False: it is over (signal, or Telegram refused the token). */
bool engine_turn(struct engine *engine);
/* 0, or 1 after a fatal fault. */
int engine_exit_status(const struct engine *engine);

struct engine_stats {
    uint64_t turns, events, updates, answers, notices, conflicts, failed_turns;
    uint64_t cache_hits, cache_misses;
};
void engine_stats(const struct engine *engine, struct engine_stats *ret_stats);

#endif

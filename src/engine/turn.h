/* turn.h: one turn of the engine in three steps: gather events, run them, release what they
 * decided. Shared by engine.c, gather.c and run.c only.
 */
#ifndef ENGINE_TURN_H
#define ENGINE_TURN_H

#include "base/crypto.h"
#include "engine/duty.h"
#include "engine/engine.h"
#include "engine/hook.h"
#include "engine/intake.h"
#include "engine/timers.h"
#include "state/event.h"
#include "state/jobs_say.h"
#include "state/notices.h"
#include "state/outbox.h"

struct inhand;
struct lanes;
struct peek;
struct rng;
struct sign;
struct work;

enum stop_phase { RUNNING, DRAINING, CONFIRMING, STOPPED };

struct engine {
    struct engine_options options;
    struct world *world;
    struct backend *backend;
    const struct config *config;
    struct arena *turn, *event; /* memory of a turn; of one event in it */
    /* Answers of turns that the store refused: they were given once and must not be asked for
     * again, so nothing is sent before they are in. */
    struct arena *kept_memory;
    struct pending *kept;
    struct lanes *lanes;
    struct intake intake;
    struct hook hook;
    struct inhand *inhand;
    struct duty duty;
    struct timers timers;
    struct peek *peek; /* NULL: nobody may look inside */
    bool control_open; /* options.control_path is there, and ours */
    uint8_t secret[SHA256_BYTES];
    uint64_t order, order_salt; /* the salt keeps two lives apart under a clock that went back */
    int64_t clock_gap_ms;       /* wall clock less monotonic clock */
    char suspect[128];          /* the event a crash left in hand; watched until it succeeds */
    bool suspect_kills;
    bool has_news;        /* another instance has added rows */
    uint64_t news_tables; /* of which it is heard */
    bool leftovers;       /* notices of an earlier run may be waiting */
    int64_t purge_ms;
    int64_t store_wait_ms; /* the store refused: nothing is taken on before this instant */
    int64_t store_bad_ms;  /* since when it refuses; 0: it does not */
    int64_t store_told_ms; /* when that was logged last */
    enum stop_phase phase;
    int64_t phase_ends_ms;
    int exit_status;
    struct engine_stats stats;
};

/* One event of this turn and what is to be done after the commit. */
struct pending {
    struct pending *next;
    struct event event;
    struct lane_row *handle;   /* ANSWER, LEAVING */
    struct job_news *jobs;     /* JOBS, RUN, once done */
    const struct json *bytes;  /* UPDATE: as it came, for the quarantine */
    bool kept;                 /* ANSWER: in the memory of the kept */
    bool done;                 /* what it decided is in the store */
    bool stale;                /* about a row that another instance answers for by now */
    uint64_t ticket;           /* COMMAND: who waits for the answer */
    struct jobs_answer answer; /* COMMAND: once it is done */
};

struct gathered {
    struct pending *first, **end;
};

/* Everything that waits to become an event: what came in, leftovers, rows that want to leave. */
void turn_gather(struct engine *engine, const struct sign *signs, size_t count, int64_t now_ms,
                 struct gathered *list);
struct pending *pending_notice(struct arena *arena, const struct notice *from);

/* What a handler is given: a view of the store, the event's arena and chance. */
struct work work_begin(struct engine *engine, const struct event *event, int64_t now_ms,
                       struct rng *rng);

/* What the events of this turn decided, in the turn's arena. */
struct decided {
    struct outbox_node *rows, **rows_end;
    struct outbox_node *noise, **noise_end;
    struct pending *told, **told_end; /* notices: events of the same turn */
};

/* All events, then the notices they made, then one sync. Else the store's error: then on a store of
 * our own nothing of it happened; on a shared one, where each event is stored by itself, what is
 * marked as done did, and *ret_decided holds what those decided. */
enum gb_err turn_run(struct engine *engine, struct pending *first, int64_t now_ms,
                     struct decided *ret_decided) GB_MUST_USE;

#endif

/* lanes.h: rows -> requests -> answers: order, pace, back-off, circuit breaking, for every lane.
 *
 * A lane keeps a bounded window of due rows in memory; the rest stays in the store, in sending
 * order. One mechanism serves Telegram, panels and payment providers:
 *
 *   in flight      at most in_flight_max a lane; one row of a queue (a chat) at a time, in order
 *   pace           per lane and per queue, as one timestamp each (GCRA)
 *   trouble        a lane that fails waits 1, 2, 4 ... 60 s, then lets one row try
 *   noise          small calls that are not stored: first in line, dropped when there is trouble
 *
 * Nothing here writes rows: what an answer means for its row is decided in the engine's
 * transaction, and told back by lanes_settle.
 */
#ifndef ENGINE_LANES_H
#define ENGINE_LANES_H

#include "base/base.h"
#include "base/http.h"
#include "base/num.h"
#include "state/outbox.h"

struct arena;
struct backend;
struct child_end;
struct lane_row;
struct lanes;
struct local;
struct world;

struct lane_options {
    struct str name;
    const struct codec *codec;
    const struct local *local; /* instead: rows become processes; outlives the lanes */
    struct str files;          /* directory of the files that requests name; copied */
    struct endpoint endpoint;  /* copied */
    size_t in_flight_max;
    struct str behind;        /* an open lane that shares its pace and goes first; empty: none */
    int64_t per_second;       /* rows; 0: no limit */
    struct rate calls;        /* all that is sent: rows, their further steps, noise; 0: no limit */
    int64_t queue_per_minute; /* per chat, in bursts of 20; 0: no limit */
};

/* `is_shared`: other instances add rows to the store, and one of them all sends. */
struct lanes *lanes_new(struct world *world, bool is_shared);
void lanes_free(struct lanes *lanes);

/* Open a lane, or give an open one new options (config re-read). */
void lanes_open(struct lanes *lanes, const struct lane_options *options);

/* After the commit: a row that was added, or noise. Copied. */
void lanes_add(struct lanes *lanes, const struct outbox_row *row, bool noise, int64_t now_ms);

/* A reply for a ticket of ours, read by the lane's codec. */
struct lane_answer {
    struct lane_row *handle;
    const struct outbox_row *row;
    bool noise;
    struct answer answer;
};
/* False: the ticket is not ours, or the row went on with its next step. */
bool lanes_reply(struct lanes *lanes, uint64_t ticket, const struct http_reply *reply,
                 struct arena *arena, int64_t now_ms, struct lane_answer *ret_answer);

/* The same of a process that a row had become. */
bool lanes_child(struct lanes *lanes, uint64_t ticket, const struct child_end *end,
                 struct arena *arena, int64_t now_ms, struct lane_answer *ret_answer);

/* A row that is not sent: no request can be made of it (reason "bug"), its file is gone
 * ("file_gone"), or its give_up has passed ("gave_up"). A refusal without a call. False: none. */
bool lanes_unfit(struct lanes *lanes, struct lane_answer *ret_answer);

enum lane_verdict {
    LANE_ENDED,  /* the row is gone from the store */
    LANE_AGAIN,  /* it stays; try after the wait */
    LANE_MARKED, /* `sending` is committed: it may leave */
};
/* After the commit (or its failure: LANE_AGAIN): what became of a row that lanes_reply or
 * lanes_unmarked handed out. */
void lanes_settle(struct lanes *lanes, struct lane_row *handle, enum lane_verdict verdict,
                  int64_t wait_ms);

/* A rather_never row that could leave now and must be marked first; NULL: none. No more are handed
 * out than can be under way at once: a crash leaves few in doubt. A row found marked at start is
 * handed out with *ret_was_sending: it may have left. */
struct lane_row *lanes_unmarked(struct lanes *lanes, const struct outbox_row **ret_row,
                                bool *ret_was_sending);

/* Another instance sends from now on: rows are forgotten here (the store has them), replies under
 * way are not waited for; only noise still leaves. */
void lanes_rest(struct lanes *lanes);
/* It is this instance again, or for the first time. */
void lanes_take_over(struct lanes *lanes);
/* Another instance has added rows. */
void lanes_look_again(struct lanes *lanes);

/* Send what may go now; load what has become due. `arena` is scratch. The store's error if rows
 * could not be loaded: their lane looks again in a second. */
enum gb_err lanes_pump(struct lanes *lanes, struct backend *backend, struct arena *arena,
                       int64_t now_ms) GB_MUST_USE;

/* Wall-clock instant of the next thing to do here; INT64_MAX: only replies matter. */
int64_t lanes_next_ms(const struct lanes *lanes);
size_t lanes_in_flight(const struct lanes *lanes);
/* The same, and rows that were marked as leaving and have not left. */
size_t lanes_leaving(const struct lanes *lanes);
/* The wall clock was set, forward or back: rests and paces last as long as they would have. */
void lanes_clock_was_set(struct lanes *lanes, int64_t by_ms);
/* Hold everything back but what is in flight or marked as leaving: on the way out; processes are
 * ended. */
void lanes_stop(struct lanes *lanes);

/* Of the lane number `index`, for metrics. False: there is none. */
struct lane_figures {
    const char *name;
    size_t waiting, in_flight; /* in memory */
    unsigned failures;         /* in a row; 0: all is well */
    int64_t rests_ms;          /* until it tries again */
};
bool lanes_figures(const struct lanes *lanes, size_t index, int64_t now_ms,
                   struct lane_figures *ret_figures);

#endif

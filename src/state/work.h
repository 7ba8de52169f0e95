/* work.h: a unit of work: all that a handler is given, it has no other senses.
 *
 * A handler decides: it reads and writes rows, adds outbox rows and notices, and returns. It can be
 * run again from the same snapshot and must then write the same bytes.
 */
#ifndef STATE_WORK_H
#define STATE_WORK_H

#include "base/arena.h"
#include "base/base.h"
#include "base/crypto.h"
#include "state/config.h"
#include "state/tables.h"
#include "store/store.h"

struct job_news;
struct jobs_answer;
struct outbox_node;
struct notice_node;
struct texts;
struct zone;

struct work {
    struct tx *tx;       /* rows: reads are remembered, writes held back */
    struct arena *arena; /* memory that dies with the event */
    int64_t now_ms;      /* one instant for the whole event */
    struct rng *rng;     /* stream keyed by (store secret, event id) */
    const struct config *config;
    const struct texts *texts;
    bool is_shared; /* other instances write the same rows */
    unsigned cache_hits, cache_misses;
    const struct zone *zone; /* the shop's civil time; NULL: UTC */
    uint64_t order; /* next number for rows that keep their order; rises from event to event */
    /* What was decided, in memory as well as in rows: the engine need not read it back. */
    struct outbox_node *added;        /* outbox_add */
    struct outbox_node *noise;        /* outbox_noise: sent once after the commit, never stored */
    struct notice_node *told;         /* notice_add */
    struct job_news *jobs;            /* what became of jobs and runs */
    bool due_changed;                 /* something is due at another instant than before */
    const struct jobs_answer *answer; /* COMMAND: for who asked, after the commit */
};

#endif

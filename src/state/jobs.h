/* jobs.h: durable jobs: what runs, when, and what became of it.
 *
 * A job is a row; when it is due is a row of an index in due order, so waiting costs nothing and a
 * look at what is due reads what is due. A run is a row too, and begins in a transaction:
 *
 *      waiting ──claim──► running (lease) ──finish──► done | failed        history, bounded
 *         ▲                 │  progress: cursor kept, lease extended
 *         │                 └──the lease ran out: taken over, by reap, with its cursor
 *         └── next instant of the trigger; in the same transaction as the claim
 *
 * 1. For each instant of the trigger there is one run or one "missed", never two, none lost: the
 *    claim moves the job on and makes the run in one transaction.
 * 2. A run belongs to who holds its lease. Progress and finish of anyone else are refused, and
 *    nothing of that transaction may be committed.
 * 3. No more than max_instances runs at once. A job at its limit is held back, without a place in
 *    the index, until one of them ends; misfire grace and coalesce then decide as after downtime.
 * 4. Time that is lost costs no work: instants that are too late are passed over in one step, and a
 *    claim makes one run a job.
 *
 * A handler that is done within its transaction calls job_finished in the one that claimed the run;
 * one in many batches calls job_progress in each. Scan finds, get decides: every index row is held
 * against the job's or run's own row, and a stale one is removed.
 */
#ifndef STATE_JOBS_H
#define STATE_JOBS_H

#include "base/base.h"

struct arena;
struct schedule;
struct work;

#define JOB_ID_MAX      150
#define JOB_TRIES_MAX   5 /* of a run that gets no further */
#define JOB_HISTORY_MAX 100
#define JOB_HISTORY_MS  (30 * GB_DAY_MS) /* an ended run's row goes by itself after that */

enum job_trigger { JOB_DATE, JOB_INTERVAL, JOB_CRON };

struct job {
    struct str id;   /* 1 to JOB_ID_MAX of A-Z a-z 0-9 . _ : - */
    struct str kind; /* whose it is */
    struct str args; /* for them, at most 4096 bytes */
    unsigned trigger;
    int64_t at_ms;            /* DATE: when. INTERVAL: one of its instants; 0: an interval from now.
                                 CRON: none before it */
    int64_t every_ms;         /* INTERVAL */
    struct str cron;          /* CRON, in the civil time of work->zone */
    int64_t until_ms;         /* no instant after it; 0: no end */
    bool coalesce;            /* instants that passed without a run become one run */
    int64_t misfire_grace_ms; /* an instant later than that is missed; 0: however late */
    int64_t max_instances;    /* 0: 1 */
    int64_t jitter_ms;        /* due up to so much later, by chance */
    int64_t history;          /* ended runs that are kept; 0: none */
    bool paused;              /* by job_pause */
    /* Kept by this module. */
    int64_t first_ms;  /* INTERVAL: the instant the others are counted from */
    int64_t next_ms;   /* the trigger's next instant; 0: none is left */
    int64_t due_ms;    /* the same with jitter */
    int64_t wanted_ms; /* job_run_now was called; 0: it was not */
    bool held;         /* at max_instances when it was due */
    int64_t running;
    int64_t last_run; /* number of the newest */
};

enum job_run_state { JOB_RUN_RUNNING, JOB_RUN_DONE, JOB_RUN_FAILED, JOB_RUN_MISSED };

struct job_run {
    struct str job;
    int64_t number;        /* rises from run to run, also over a job that is made anew */
    struct str kind, args; /* the job's, as they are now */
    unsigned state;
    int64_t scheduled_ms; /* the oldest instant it stands for */
    bool by_hand;         /* job_run_now */
    int64_t started_ms, ended_ms;
    struct str owner;
    int64_t lease_until_ms;
    int64_t takes;     /* how often it was taken: with the owner, who holds it */
    int64_t tries;     /* takes since it last got further */
    struct str cursor; /* how far it has got; empty: nothing is done yet */
    int64_t items;     /* done so far */
    int64_t missed;    /* MISSED: how many instants; at most 1000 are counted of a cron's */
    struct str why;    /* FAILED */
};

enum job_event_kind {
    JOB_SUBMITTED,     /* a run was claimed */
    JOB_TAKEN_OVER,    /* a run whose owner is gone goes on */
    JOB_EXECUTED,      /* ended well */
    JOB_ERROR,         /* ended badly, or given up after JOB_TRIES_MAX */
    JOB_MISSED,        /* instants that were too late; the run's `missed` says how many */
    JOB_MAX_INSTANCES, /* due, and held back */
};
#define JOB_EVENT_KINDS (JOB_MAX_INSTANCES + 1)
const char *job_event_name(enum job_event_kind kind);

struct job_event {
    enum job_event_kind kind;
    struct job_run run; /* MAX_INSTANCES: job and kind only */
    struct job_event *next;
};

/* ---- what there is ---- */

/* Add a job, or change one that is there (`replace_existing`): what the caller sets is taken over.
 * While its trigger stays the same, so does its next instant: a shop that starts more often than a
 * job runs does not keep it from running. A pause stays. A damaged row is written anew.
 * GB_EXISTS: not to be replaced. GB_INVALID: *reterr_why (static, may be NULL) says what. */
enum gb_err job_put(struct work *work, const struct job *job, bool replace_existing,
                    const char **reterr_why) GB_MUST_USE;
/* Fill in the trigger as an owner wrote it. False: it is off. */
bool job_set_schedule(struct arena *arena, struct job *job, const struct schedule *schedule);
/* The same as job_put for a job that must be there: GB_NOT_FOUND. */
enum gb_err job_modify(struct work *work, const struct job *job,
                       const char **reterr_why) GB_MUST_USE;
/* GB_NOT_FOUND, GB_DAMAGED; so do all that follow, but a damaged job can be removed. */
enum gb_err job_get(struct work *work, struct str id, struct job *ret_job) GB_MUST_USE;
/* No instant counts while a job is paused, none is missed. What runs goes on. */
enum gb_err job_pause(struct work *work, struct str id) GB_MUST_USE;
enum gb_err job_resume(struct work *work, struct str id) GB_MUST_USE;
/* One run more, now, also of a paused job. Asked twice before it began, it is one run. */
enum gb_err job_run_now(struct work *work, struct str id) GB_MUST_USE;
/* The job and its history. What still runs is refused at its next step. */
enum gb_err job_remove(struct work *work, struct str id) GB_MUST_USE;

/* Jobs with an id behind `after` (empty: from the first), in the order of ids, at most `limit`. The
 * kind of one whose row is damaged is empty. */
enum gb_err jobs_list(struct work *work, struct str after, size_t limit, struct job **ret_jobs,
                      size_t *ret_count) GB_MUST_USE;
/* A job's runs, the newest first, at most `limit`; also those of a job that is over. */
enum gb_err job_history(struct work *work, struct str id, size_t limit, struct job_run **ret_runs,
                        size_t *ret_count) GB_MUST_USE;
/* One run, with its job's kind and args. GB_NOT_FOUND: it is over and forgotten, or the job is. */
enum gb_err job_run_get(struct work *work, struct str id, int64_t number,
                        struct job_run *ret_run) GB_MUST_USE;

/* ---- what runs ---- */

struct job_claim {
    struct str owner; /* this process and no other, also no earlier one */
    int64_t lease_ms;
    size_t limit; /* index rows to look at */
    bool alone;   /* nobody else can be running: leases of all other owners are over */
};

struct jobs_taken {
    struct job_run *runs; /* room for claim.limit of them */
    size_t count;
    struct job_event *events; /* in their order */
    bool more;                /* the limit was reached: look again */
};

/* When there is something for jobs_claim or jobs_reap. GB_NOT_FOUND: nothing is waiting. */
enum gb_err jobs_next_due(struct work *work, int64_t *ret_ms) GB_MUST_USE;
/* Make the runs that are due and move their jobs on. The store's errors. */
enum gb_err jobs_claim(struct work *work, const struct job_claim *claim,
                       struct jobs_taken *ret_taken) GB_MUST_USE;
/* Take over runs whose lease ran out. One that had not got anywhere is missed instead if it is past
 * its misfire grace, and failed after JOB_TRIES_MAX takes. The store's errors. */
enum gb_err jobs_reap(struct work *work, const struct job_claim *claim,
                      struct jobs_taken *ret_taken) GB_MUST_USE;

/* A batch is done: keep the cursor (at most 1024 bytes), count its items, extend the lease; `run`
 * is brought up to date. GB_REFUSED: the run is not ours any more (taken over, removed, ended);
 * the caller drops its view. */
enum gb_err job_progress(struct work *work, struct job_run *run, struct str cursor, int64_t items,
                         int64_t lease_ms) GB_MUST_USE;

struct job_result {
    bool failed;
    int64_t items;  /* of the last batch */
    struct str why; /* if it failed; cut at 300 bytes */
};

/* The run is over. Adds to *events. GB_REFUSED: as above. */
enum gb_err job_finished(struct work *work, const struct job_run *run,
                         const struct job_result *result, struct job_event **events) GB_MUST_USE;

/* What an event did to jobs, for who runs them: in work->jobs. */
struct job_news {
    struct job_run *begun; /* runs that are now the claim's */
    size_t begun_count;
    bool is_over;    /* the event's run has ended */
    int64_t next_ms; /* when to look again; INT64_MAX: nothing waits */
    struct job_event *events;
};

#endif

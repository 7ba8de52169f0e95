/* timers.h: when jobs are due, and the runs that are under way here: at most one step of one run a
 * turn, so that a long run keeps nobody waiting.
 *
 * Jobs wait in the store, however many; here is only the instant of the next one. Who is on duty
 * runs them: a step of who is not any more changes nothing (duty.h, and the run's own lease).
 */
#ifndef ENGINE_TIMERS_H
#define ENGINE_TIMERS_H

#include "base/base.h"
#include "state/jobs.h"

struct arena;
struct pending;
struct work;
struct world;

#define TIMERS_RUNS_MAX 8 /* under way at once */

struct timers {
    char owner[33];  /* this start and no other */
    int64_t look_ms; /* when something is due; INT64_MAX: nothing is */
    struct {
        char job[JOB_ID_MAX + 1]; /* empty: free */
        int64_t number;
    } runs[TIMERS_RUNS_MAX];
    size_t next_run; /* whose turn it is */
    struct job_claim claim;
    uint64_t counted[JOB_EVENT_KINDS];
};

void timers_begin(struct timers *timers, struct world *world);
/* Not on duty any more: whoever is goes on with the runs. */
void timers_rest(struct timers *timers);
/* Something is due at another instant than was known. */
void timers_look_again(struct timers *timers);
/* Wall-clock instant of the next thing to do here; 0: at once. */
int64_t timers_next_ms(const struct timers *timers);

/* What there is to do as events, in `arena`; NULL: nothing. The look first, then a step. */
struct pending *timers_look(struct timers *timers, struct arena *arena, int64_t now_ms);
struct pending *timers_step(struct timers *timers, struct arena *arena);

/* After an event was applied: what became of jobs, copied into `arena`. NULL: nothing. */
struct job_news *timers_keep(struct arena *arena, const struct work *work);
/* After the commit. A stale one is no longer ours. */
void timers_settle(struct timers *timers, const struct pending *pending);

#endif

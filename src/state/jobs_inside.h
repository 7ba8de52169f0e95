/* jobs_inside.h: what jobs*.c share. */
#ifndef STATE_JOBS_INSIDE_H
#define STATE_JOBS_INSIDE_H

#include "state/jobs.h"

/* Rows and events: jobs.c, jobs_run.c, jobs_take.c */
bool job_id_is_fine(struct str id);
enum gb_err job_load(struct work *work, struct str id, struct job *ret_job) GB_MUST_USE;
/* Write `job`, which was `before` (NULL: is new): its row, its place in the index. One that is over
 * goes away. */
void job_store(struct work *work, const struct job *before, struct job *job);
/* When the job must be looked at; 0: not by itself. */
int64_t job_due_ms(const struct job *job);
const char *run_state_name(unsigned state);
/* GB_NOT_FOUND; kind and args are not filled in. */
enum gb_err run_load(struct work *work, struct str job, int64_t number,
                     struct job_run *ret_run) GB_MUST_USE;
/* Write a run, which was `before` (NULL: is new): its row, its lease. */
void run_store(struct work *work, const struct job_run *before, const struct job_run *run);
/* Its row and its lease. */
void run_forget(struct work *work, const struct job_run *run);
/* A run, which was `before`, ends in `state`: its row, its job, an event. */
enum gb_err run_end(struct work *work, const struct job_run *before, struct job_run *run,
                    unsigned state, struct job_event **events) GB_MUST_USE;
void event_add(struct work *work, struct job_event **events, enum job_event_kind kind,
               const struct job_run *run);
/* Remove ended runs past the job's history. */
enum gb_err runs_trim(struct work *work, const struct job *job) GB_MUST_USE;

/* An index key apart. False: not one of ours. */
bool due_key_read(struct str key, int64_t *ret_ms, struct str *ret_job);
bool lease_key_read(struct str key, int64_t *ret_ms, struct str *ret_job, int64_t *ret_number);
#define DUE_PREFIX   STR("due/")
#define LEASE_PREFIX STR("lease/")
/* The first key behind the prefix that is later than `until_ms`. */
struct str index_until(struct work *work, struct str prefix, int64_t until_ms);

/* Triggers: jobs_trigger.c. Instants; 0: none. */
const char *trigger_fault(const struct job *job); /* NULL: none */
bool trigger_is_same(const struct job *a, const struct job *b);
/* Set first_ms and the next instant of a job that begins now. */
void trigger_start(struct work *work, struct job *job);
/* Set the next instant, which is `next_ms`, with its jitter. */
void trigger_set(struct work *work, struct job *job, int64_t next_ms);
int64_t trigger_after(const struct work *work, const struct job *job, int64_t after_ms);
/* Its instants in [from_ms, until_ms), from_ms being one; at most 1000 of a cron are counted. */
int64_t trigger_count(const struct work *work, const struct job *job, int64_t from_ms,
                      int64_t until_ms);

#endif

/* jobs_take.c: what is due becomes runs; runs without an owner get one. */
#include "state/jobs.h"

#include "base/arena.h"
#include "state/jobs_inside.h"
#include "state/keys.h"
#include "state/work.h"

static const char *const event_names[] = {
    [JOB_SUBMITTED] = "submitted", [JOB_TAKEN_OVER] = "taken over",
    [JOB_EXECUTED] = "executed",   [JOB_ERROR] = "error",
    [JOB_MISSED] = "missed",       [JOB_MAX_INSTANCES] = "max instances",
};

const char *job_event_name(enum job_event_kind kind) {
    gb_assert((size_t)kind < GB_COUNT(event_names));
    return event_names[kind];
}

/* The lists are a claim long. */
void event_add(struct work *work, struct job_event **events, enum job_event_kind kind,
               const struct job_run *run) {
    while (*events != NULL) {
        events = &(*events)->next;
    }
    *events = ARENA_NEW(work->arena, struct job_event);
    (*events)->kind = kind;
    (*events)->run = *run;
}

/* ---- the index ---- */

/* The first keys of the index behind `prefix`, up to that instant. */
static enum gb_err index_scan(struct work *work, struct str prefix, int64_t until_ms, size_t limit,
                              struct keys *ret_keys) {
    return keys_scan(work, TABLE_JOBS_DUE, prefix, index_until(work, prefix, until_ms), limit,
                     ret_keys);
}

enum gb_err jobs_next_due(struct work *work, int64_t *ret_ms) {
    const struct str prefixes[] = {DUE_PREFIX, LEASE_PREFIX};
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < GB_COUNT(prefixes); i++) {
        struct keys keys;
        enum gb_err err = index_scan(work, prefixes[i], INT64_MAX - 1, 1, &keys);
        if (err != GB_OK) {
            return err;
        }
        struct str job;
        int64_t ms, number;
        if (keys.count > 0 && (due_key_read(keys.items[0], &ms, &job) ||
                               lease_key_read(keys.items[0], &ms, &job, &number))) {
            first_ms = GB_MIN(first_ms, ms);
        }
    }
    if (first_ms == INT64_MAX) {
        return GB_NOT_FOUND;
    }
    *ret_ms = first_ms;
    return GB_OK;
}

/* ---- claim ---- */

/* What comes of a job that is due. */
struct fire {
    bool runs, by_hand;
    int64_t scheduled_ms;
    int64_t missed, missed_from_ms; /* instants passed over */
};

/* The trigger's part: pass over what is too late, take the next, move the job on. */
static void fire_trigger(struct work *work, struct job *job, struct fire *fire) {
    int64_t now_ms = work->now_ms, instant_ms = job->next_ms;
    if (job->misfire_grace_ms > 0 && now_ms - job->due_ms > job->misfire_grace_ms) {
        instant_ms = trigger_after(work, job, now_ms - job->misfire_grace_ms - 1);
        int64_t until_ms = instant_ms != 0 ? GB_MIN(instant_ms, now_ms + 1) : now_ms + 1;
        fire->missed_from_ms = job->next_ms;
        fire->missed = trigger_count(work, job, job->next_ms, until_ms);
    }
    if (instant_ms == 0 || instant_ms > now_ms) {
        trigger_set(work, job, instant_ms);
        return;
    }
    fire->runs = true;
    if (!fire->by_hand) {
        fire->scheduled_ms = instant_ms;
    }
    trigger_set(work, job, trigger_after(work, job, job->coalesce ? now_ms : instant_ms));
}

static struct fire fire_job(struct work *work, struct job *job) {
    struct fire fire = {.runs = false};
    if (job->wanted_ms != 0 && job->wanted_ms <= work->now_ms) {
        fire.runs = fire.by_hand = true;
        fire.scheduled_ms = job->wanted_ms;
        job->wanted_ms = 0;
    }
    bool is_due = !job->paused && job->due_ms != 0 && job->due_ms <= work->now_ms;
    if (is_due && (!fire.runs || job->coalesce)) {
        fire_trigger(work, job, &fire);
    }
    return fire;
}

/* Numbers rise with the clock too, so that a job made anew does not repeat those of its namesake.
 */
static struct job_run run_new(struct work *work, struct job *job) {
    job->last_run = GB_MAX(job->last_run + 1, work->now_ms);
    return (struct job_run){
        .job = job->id, .number = job->last_run, .kind = job->kind, .args = job->args};
}

static enum gb_err keep_missed(struct work *work, struct job *job, const struct fire *fire,
                               struct job_event **events) {
    struct job_run run = run_new(work, job);
    run.state = JOB_RUN_MISSED;
    run.scheduled_ms = fire->missed_from_ms;
    run.missed = fire->missed;
    run.started_ms = run.ended_ms = work->now_ms;
    event_add(work, events, JOB_MISSED, &run);
    if (job->history == 0) {
        return GB_OK;
    }
    run_store(work, NULL, &run);
    return runs_trim(work, job);
}

static void keep_run(struct work *work, struct job *job, const struct fire *fire,
                     const struct job_claim *claim, struct jobs_taken *taken) {
    struct job_run run = run_new(work, job);
    run.state = JOB_RUN_RUNNING;
    run.scheduled_ms = fire->scheduled_ms;
    run.by_hand = fire->by_hand;
    run.started_ms = work->now_ms;
    run.owner = claim->owner;
    run.lease_until_ms = work->now_ms + claim->lease_ms;
    run.takes = run.tries = 1;
    run_store(work, NULL, &run);
    job->running++;
    taken->runs[taken->count++] = run;
    event_add(work, &taken->events, JOB_SUBMITTED, &run);
}

/* A row that cannot be read must not keep the others waiting: it loses its place in the index and
 * stays for the owner to look at. */
static void set_aside(struct work *work, struct str key, struct str job, struct jobs_taken *taken) {
    struct job_run run = {.job = job, .state = JOB_RUN_FAILED, .why = STR("its row is damaged")};
    tx_del(work->tx, TABLE_JOBS_DUE, key);
    event_add(work, &taken->events, JOB_ERROR, &run);
}

static enum gb_err claim_job(struct work *work, struct str key, const struct job_claim *claim,
                             struct jobs_taken *taken) {
    struct job before;
    struct str id;
    int64_t due_ms;
    enum gb_err err = due_key_read(key, &due_ms, &id) ? job_load(work, id, &before) : GB_NOT_FOUND;
    if (err == GB_DAMAGED) {
        set_aside(work, key, id, taken);
        return GB_OK;
    }
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    if (err == GB_NOT_FOUND || job_due_ms(&before) != due_ms) {
        tx_del(work->tx, TABLE_JOBS_DUE, key); /* the job's row decides */
        return GB_OK;
    }
    struct job job = before;
    if (job.running >= job.max_instances) {
        job.held = true;
        struct job_run run = {.job = job.id, .kind = job.kind, .args = job.args};
        event_add(work, &taken->events, JOB_MAX_INSTANCES, &run);
        job_store(work, &before, &job);
        return GB_OK;
    }
    struct fire fire = fire_job(work, &job);
    err = fire.missed > 0 ? keep_missed(work, &job, &fire, &taken->events) : GB_OK;
    if (fire.runs) {
        keep_run(work, &job, &fire, claim, taken);
    }
    job_store(work, &before, &job);
    return err;
}

static struct jobs_taken taken_begin(struct work *work, const struct job_claim *claim) {
    gb_assert(claim->owner.n > 0 && claim->lease_ms > 0 && claim->limit > 0);
    return (struct jobs_taken){.runs = ARENA_ARRAY(work->arena, struct job_run, claim->limit)};
}

enum gb_err jobs_claim(struct work *work, const struct job_claim *claim,
                       struct jobs_taken *ret_taken) {
    struct jobs_taken taken = taken_begin(work, claim);
    struct keys keys;
    enum gb_err err = index_scan(work, DUE_PREFIX, work->now_ms, claim->limit, &keys);
    for (size_t i = 0; err == GB_OK && i < keys.count; i++) {
        err = claim_job(work, keys.items[i], claim, &taken);
    }
    if (err == GB_OK) {
        taken.more = keys.count == claim->limit;
        *ret_taken = taken;
    }
    return err;
}

/* ---- reap ---- */

static enum gb_err take_over(struct work *work, const struct job_run *before, const struct job *job,
                             const struct job_claim *claim, struct jobs_taken *taken) {
    struct job_run run = *before;
    int64_t late_ms = work->now_ms - run.scheduled_ms;
    if (run.tries >= JOB_TRIES_MAX) {
        run.why = STR("given up: it was begun again and again and got no further");
        return run_end(work, before, &run, JOB_RUN_FAILED, &taken->events);
    }
    if (run.cursor.n == 0 && !run.by_hand && job->misfire_grace_ms > 0 &&
        late_ms > job->misfire_grace_ms) {
        run.missed = 1;
        return run_end(work, before, &run, JOB_RUN_MISSED, &taken->events);
    }
    run.owner = claim->owner;
    run.takes++;
    run.tries++;
    run.lease_until_ms = work->now_ms + claim->lease_ms;
    run_store(work, before, &run);
    run.kind = job->kind;
    run.args = job->args;
    taken->runs[taken->count++] = run;
    event_add(work, &taken->events, JOB_TAKEN_OVER, &run);
    return GB_OK;
}

static enum gb_err reap_run(struct work *work, struct str key, const struct job_claim *claim,
                            struct jobs_taken *taken, size_t *skipped) {
    struct job_run run;
    struct job job;
    struct str id;
    int64_t until_ms, number;
    enum gb_err err = lease_key_read(key, &until_ms, &id, &number)
                          ? run_load(work, id, number, &run)
                          : GB_NOT_FOUND;
    if (err == GB_DAMAGED) {
        set_aside(work, key, id, taken);
        return GB_OK;
    }
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    if (err == GB_NOT_FOUND || run.state != JOB_RUN_RUNNING || run.lease_until_ms != until_ms) {
        tx_del(work->tx, TABLE_JOBS_DUE, key);
        return GB_OK;
    }
    if (until_ms > work->now_ms && str_equal(run.owner, claim->owner)) {
        (*skipped)++; /* alone: of leases that are not over, only the others' */
        return GB_OK;
    }
    err = job_load(work, id, &job);
    if (err == GB_NOT_FOUND) {
        run_forget(work, &run);
        return GB_OK;
    }
    if (err == GB_DAMAGED) {
        set_aside(work, key, id, taken);
        return GB_OK;
    }
    return err == GB_OK ? take_over(work, &run, &job, claim, taken) : err;
}

enum gb_err jobs_reap(struct work *work, const struct job_claim *claim,
                      struct jobs_taken *ret_taken) {
    struct jobs_taken taken = taken_begin(work, claim);
    struct keys keys;
    size_t skipped = 0;
    int64_t until_ms = claim->alone ? INT64_MAX - 1 : work->now_ms;
    enum gb_err err = index_scan(work, LEASE_PREFIX, until_ms, claim->limit, &keys);
    for (size_t i = 0; err == GB_OK && i < keys.count; i++) {
        err = reap_run(work, keys.items[i], claim, &taken, &skipped);
    }
    if (err == GB_OK) {
        taken.more = keys.count == claim->limit && skipped < keys.count;
        *ret_taken = taken;
    }
    return err;
}

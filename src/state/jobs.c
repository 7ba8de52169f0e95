/* jobs.c: rows of jobs and runs, and what an owner does to a job. */
#include "state/jobs.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/moves.h"
#include "base/num.h"
#include "state/jobs_inside.h"
#include "state/record.h"
#include "state/work.h"

#define KIND_BYTES_MAX 64
#define ARGS_BYTES_MAX 4096
#define INSTANCES_MAX  100
#define HEX_BYTES      16

static const struct move triggers[] = {
    [JOB_DATE] = {"date", 0}, [JOB_INTERVAL] = {"interval", 0}, [JOB_CRON] = {"cron", 0}};
static const struct moves trigger_names = {"trigger", triggers, GB_COUNT(triggers)};

static const struct field job_fields[] = {
    {"kind", FIELD_STR, offsetof(struct job, kind), NULL},
    {"args", FIELD_STR, offsetof(struct job, args), NULL},
    {"trigger", FIELD_STATE, offsetof(struct job, trigger), &trigger_names},
    {"at", FIELD_I64, offsetof(struct job, at_ms), NULL},
    {"every", FIELD_I64, offsetof(struct job, every_ms), NULL},
    {"cron", FIELD_STR, offsetof(struct job, cron), NULL},
    {"until", FIELD_I64, offsetof(struct job, until_ms), NULL},
    {"coalesce", FIELD_BOOL, offsetof(struct job, coalesce), NULL},
    {"misfire_grace", FIELD_I64, offsetof(struct job, misfire_grace_ms), NULL},
    {"max_instances", FIELD_I64, offsetof(struct job, max_instances), NULL},
    {"jitter", FIELD_I64, offsetof(struct job, jitter_ms), NULL},
    {"history", FIELD_I64, offsetof(struct job, history), NULL},
    {"paused", FIELD_BOOL, offsetof(struct job, paused), NULL},
    {"first", FIELD_I64, offsetof(struct job, first_ms), NULL},
    {"next", FIELD_I64, offsetof(struct job, next_ms), NULL},
    {"due", FIELD_I64, offsetof(struct job, due_ms), NULL},
    {"wanted", FIELD_I64, offsetof(struct job, wanted_ms), NULL},
    {"held", FIELD_BOOL, offsetof(struct job, held), NULL},
    {"running", FIELD_I64, offsetof(struct job, running), NULL},
    {"last_run", FIELD_I64, offsetof(struct job, last_run), NULL},
};
static const struct record job_record = {TABLE_JOBS, job_fields, GB_COUNT(job_fields),
                                         sizeof(struct job)};

/* ---- the index ---- */

static struct str index_key(struct work *work, struct str prefix, int64_t ms, struct str rest) {
    struct buf key;
    buf_init(&key, work->arena, STORE_KEY_MAX);
    buf_add(&key, prefix);
    buf_add_hex64(&key, (uint64_t)ms);
    buf_add_char(&key, '/');
    buf_add(&key, rest);
    gb_assert(!key.failed);
    return buf_str(&key);
}

struct str index_until(struct work *work, struct str prefix, int64_t until_ms) {
    return index_key(work, prefix, GB_MAX(until_ms, INT64_C(0)) + 1, STR_NONE);
}

bool due_key_read(struct str key, int64_t *ret_ms, struct str *ret_job) {
    size_t at = DUE_PREFIX.n + HEX_BYTES;
    uint64_t ms;
    if (!str_starts(key, DUE_PREFIX) || key.n < at + 2 || key.p[at] != '/' ||
        num_hex64(str_sub(key, DUE_PREFIX.n, HEX_BYTES), &ms) != GB_OK) {
        return false;
    }
    *ret_ms = (int64_t)ms;
    *ret_job = str_sub(key, at + 1, key.n);
    return true;
}

int64_t job_due_ms(const struct job *job) {
    if (job->held) {
        return 0;
    }
    int64_t due_ms = job->paused ? 0 : job->due_ms;
    return job->wanted_ms != 0 && (due_ms == 0 || job->wanted_ms < due_ms) ? job->wanted_ms
                                                                           : due_ms;
}

static void index_move(struct work *work, struct str id, int64_t from_ms, int64_t to_ms) {
    if (from_ms == to_ms) {
        return;
    }
    work->due_changed = true;
    if (from_ms != 0) {
        tx_del(work->tx, TABLE_JOBS_DUE, index_key(work, DUE_PREFIX, from_ms, id));
    }
    if (to_ms != 0) {
        tx_put(work->tx, TABLE_JOBS_DUE, index_key(work, DUE_PREFIX, to_ms, id), STR("1"),
               STORE_NEVER);
    }
}

/* ---- rows ---- */

/* What the arithmetic of triggers rests on. */
static bool is_sound(const struct job *job) {
    return job->running >= 0 && job->max_instances >= 1 && job->jitter_ms >= 0 &&
           job->misfire_grace_ms >= 0 && job->history >= 0 && job->history <= JOB_HISTORY_MAX &&
           job->next_ms >= 0 && job->due_ms >= 0 && job->wanted_ms >= 0 &&
           (job->trigger != JOB_INTERVAL || (job->every_ms >= 1 && job->first_ms >= 0));
}

enum gb_err job_load(struct work *work, struct str id, struct job *ret_job) {
    struct job job;
    enum gb_err err = record_get(work, &job_record, id, &job);
    if (err != GB_OK) {
        return err;
    }
    if (!is_sound(&job)) {
        return GB_DAMAGED;
    }
    job.id = arena_copy(work->arena, id);
    *ret_job = job;
    return GB_OK;
}

void job_store(struct work *work, const struct job *before, struct job *job) {
    gb_assert(is_sound(job));
    job->held = job->held && job->running >= job->max_instances;
    bool is_over = job->next_ms == 0 && job->wanted_ms == 0 && job->running == 0;
    index_move(work, job->id, before != NULL ? job_due_ms(before) : 0,
               is_over ? 0 : job_due_ms(job));
    if (is_over) {
        tx_del(work->tx, TABLE_JOBS, job->id);
    } else {
        record_put(work, &job_record, job->id, job);
    }
}

enum gb_err job_get(struct work *work, struct str id, struct job *ret_job) {
    return job_load(work, id, ret_job);
}

/* ---- what an owner does ---- */

bool job_id_is_fine(struct str id) {
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != ':' && c != '-') {
            return false;
        }
    }
    return id.n > 0 && id.n <= JOB_ID_MAX;
}

static const char *job_fault(const struct job *job) {
    if (!job_id_is_fine(job->id)) {
        return "an id is 1 to 150 letters, digits and . _ : -";
    }
    if (job->kind.n == 0 || job->kind.n > KIND_BYTES_MAX || job->args.n > ARGS_BYTES_MAX) {
        return "the kind is missing or too long, or its arguments are";
    }
    if (job->misfire_grace_ms < 0 || job->misfire_grace_ms > 366 * GB_DAY_MS) {
        return "misfire grace is at most 366 days";
    }
    if (job->max_instances < 0 || job->max_instances > INSTANCES_MAX || job->history < 0 ||
        job->history > JOB_HISTORY_MAX) {
        return "no more than 100 instances, and 100 runs kept";
    }
    return trigger_fault(job);
}

/* Its clock was ahead, or its zone is another now: what lies before us can be asked anew. */
static bool next_may_be_wrong(const struct work *work, const struct job *job) {
    return job->next_ms > work->now_ms &&
           (job->trigger == JOB_CRON || (job->trigger == JOB_INTERVAL && job->at_ms == 0 &&
                                         job->next_ms > work->now_ms + job->every_ms));
}

static const char never_comes[] = "its trigger never comes";

/* False: the trigger that is new now never comes. */
static bool job_replace(struct work *work, const struct job *before, struct job *job) {
    job->paused = before->paused;
    job->first_ms = before->first_ms;
    job->wanted_ms = before->wanted_ms;
    job->held = before->held;
    job->running = before->running;
    job->last_run = before->last_run;
    job->next_ms = before->next_ms;
    job->due_ms = before->due_ms;
    if (!trigger_is_same(before, job)) {
        trigger_start(work, job);
        if (job->next_ms == 0) {
            return false;
        }
    } else if (next_may_be_wrong(work, job)) {
        int64_t next_ms = trigger_after(work, job, work->now_ms);
        if (job->trigger == JOB_INTERVAL) {
            trigger_start(work, job);
        } else if (next_ms != job->next_ms) {
            trigger_set(work, job, next_ms);
        }
    }
    job_store(work, before, job);
    return true;
}

static bool job_begin(struct work *work, struct job *job) {
    job->first_ms = job->wanted_ms = job->running = job->last_run = 0;
    job->held = false;
    trigger_start(work, job);
    if (job->next_ms == 0) {
        return false;
    }
    job_store(work, NULL, job);
    return true;
}

static enum gb_err refuse(const char **reterr_why, const char *why) {
    if (reterr_why != NULL) {
        *reterr_why = why;
    }
    return GB_INVALID;
}

static enum gb_err job_write(struct work *work, const struct job *given, bool may_be_new,
                             bool may_be_old, const char **reterr_why) {
    struct job job = *given, before;
    const char *why = job_fault(given);
    if (why != NULL) {
        return refuse(reterr_why, why);
    }
    job.max_instances = GB_MAX(job.max_instances, INT64_C(1));
    enum gb_err err = job_load(work, given->id, &before);
    if (err == GB_OK) {
        if (!may_be_old) {
            return GB_EXISTS;
        }
        return job_replace(work, &before, &job) ? GB_OK : refuse(reterr_why, never_comes);
    }
    if ((err != GB_NOT_FOUND && err != GB_DAMAGED) || !may_be_new) {
        return err;
    }
    return job_begin(work, &job) ? GB_OK : refuse(reterr_why, never_comes);
}

enum gb_err job_put(struct work *work, const struct job *job, bool replace_existing,
                    const char **reterr_why) {
    return job_write(work, job, true, replace_existing, reterr_why);
}

enum gb_err job_modify(struct work *work, const struct job *job, const char **reterr_why) {
    return job_write(work, job, false, true, reterr_why);
}

enum gb_err job_pause(struct work *work, struct str id) {
    struct job before;
    enum gb_err err = job_load(work, id, &before);
    if (err == GB_OK && !before.paused) {
        struct job job = before;
        job.paused = true;
        job_store(work, &before, &job);
    }
    return err;
}

enum gb_err job_resume(struct work *work, struct str id) {
    struct job before;
    enum gb_err err = job_load(work, id, &before);
    if (err == GB_OK && before.paused) {
        struct job job = before;
        job.paused = false;
        if (job.trigger != JOB_DATE) { /* a date keeps its one instant, late or not */
            trigger_set(work, &job, trigger_after(work, &job, work->now_ms - 1));
        }
        job_store(work, &before, &job);
    }
    return err;
}

enum gb_err job_run_now(struct work *work, struct str id) {
    struct job before;
    enum gb_err err = job_load(work, id, &before);
    if (err == GB_OK && before.wanted_ms == 0) {
        struct job job = before;
        job.wanted_ms = work->now_ms;
        job_store(work, &before, &job);
    }
    return err;
}

enum gb_err job_remove(struct work *work, struct str id) {
    struct job job = {.due_ms = 0};
    struct job_run *runs;
    size_t count;
    enum gb_err err = job_load(work, id, &job);
    if (err == GB_OK || err == GB_DAMAGED) {
        err = job_history(work, id, 4 * JOB_HISTORY_MAX, &runs, &count);
    }
    if (err != GB_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        /* Read by key: who takes this run a step further meanwhile must make us run again. */
        err = run_load(work, id, runs[i].number, &runs[i]);
        if (err != GB_OK && err != GB_NOT_FOUND && err != GB_DAMAGED) {
            return err;
        }
        run_forget(work, &runs[i]);
    }
    index_move(work, id, job_due_ms(&job), 0);
    tx_del(work->tx, TABLE_JOBS, id);
    return GB_OK;
}

struct listing {
    struct work *work;
    struct job *jobs;
    size_t count;
};

static bool list_row(void *ctx, struct str key, struct str value) {
    struct listing *l = ctx;
    struct job *job = &l->jobs[l->count];
    if (record_read(l->work->arena, &job_record, value, job) != GB_OK || !is_sound(job)) {
        *job = (struct job){.kind = STR_NONE};
    }
    job->id = arena_copy(l->work->arena, key);
    l->count++;
    return true;
}

enum gb_err jobs_list(struct work *work, struct str after, size_t limit, struct job **ret_jobs,
                      size_t *ret_count) {
    struct listing l = {.work = work, .jobs = ARENA_ARRAY(work->arena, struct job, limit + 1)};
    /* The first key behind `after` is itself and a byte 0. */
    struct str from =
        after.n > 0 ? (struct str){arena_copy(work->arena, after).p, after.n + 1} : STR(" ");
    enum gb_err err = tx_scan(work->tx, TABLE_JOBS, from, STR_NONE, limit, list_row, &l);
    if (err == GB_OK) {
        *ret_jobs = l.jobs;
        *ret_count = l.count;
    }
    return err;
}

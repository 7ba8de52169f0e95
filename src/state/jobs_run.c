/* jobs_run.c: a run's row and its lease; progress, the end, history. */
#include "state/jobs.h"

#include "base/arena.h"
#include "base/moves.h"
#include "base/num.h"
#include "state/jobs_inside.h"
#include "state/record.h"
#include "state/work.h"

#define CURSOR_BYTES_MAX 1024
#define WHY_BYTES_MAX    300
#define HEX_BYTES        16

static const struct move run_states[] = {
    [JOB_RUN_RUNNING] = {"running", MOVE_TO(JOB_RUN_RUNNING) | MOVE_TO(JOB_RUN_DONE) |
                                        MOVE_TO(JOB_RUN_FAILED) | MOVE_TO(JOB_RUN_MISSED)},
    [JOB_RUN_DONE] = {"done", 0},
    [JOB_RUN_FAILED] = {"failed", 0},
    [JOB_RUN_MISSED] = {"missed", 0},
};
static const struct moves run_moves = {"job run", run_states, GB_COUNT(run_states)};

static const struct field run_fields[] = {
    {"state", FIELD_STATE, offsetof(struct job_run, state), &run_moves},
    {"scheduled", FIELD_I64, offsetof(struct job_run, scheduled_ms), NULL},
    {"by_hand", FIELD_BOOL, offsetof(struct job_run, by_hand), NULL},
    {"started", FIELD_I64, offsetof(struct job_run, started_ms), NULL},
    {"ended", FIELD_I64, offsetof(struct job_run, ended_ms), NULL},
    {"owner", FIELD_STR, offsetof(struct job_run, owner), NULL},
    {"lease_until", FIELD_I64, offsetof(struct job_run, lease_until_ms), NULL},
    {"takes", FIELD_I64, offsetof(struct job_run, takes), NULL},
    {"tries", FIELD_I64, offsetof(struct job_run, tries), NULL},
    {"cursor", FIELD_STR, offsetof(struct job_run, cursor), NULL},
    {"items", FIELD_I64, offsetof(struct job_run, items), NULL},
    {"missed", FIELD_I64, offsetof(struct job_run, missed), NULL},
    {"why", FIELD_STR, offsetof(struct job_run, why), NULL},
};
static const struct record run_record = {TABLE_JOB_RUNS, run_fields, GB_COUNT(run_fields),
                                         sizeof(struct job_run)};

const char *run_state_name(unsigned state) {
    return moves_name(&run_moves, state);
}

/* ---- keys ---- */

/* id/number, the newest first. */
static struct str run_key(struct work *work, struct str job, int64_t number) {
    struct buf key;
    buf_init(&key, work->arena, STORE_KEY_MAX);
    buf_add(&key, job);
    buf_add_char(&key, '/');
    buf_add_hex64(&key, ~(uint64_t)number);
    gb_assert(!key.failed);
    return buf_str(&key);
}

static bool run_key_read(struct str key, struct str *ret_job, int64_t *ret_number) {
    size_t slash = str_find(key, '/');
    uint64_t bits;
    if (key.n != slash + 1 + HEX_BYTES || slash == 0 ||
        num_hex64(str_sub(key, slash + 1, HEX_BYTES), &bits) != GB_OK) {
        return false;
    }
    *ret_job = str_sub(key, 0, slash);
    *ret_number = (int64_t)~bits;
    return true;
}

static struct str lease_key(struct work *work, const struct job_run *run) {
    struct buf key;
    buf_init(&key, work->arena, STORE_KEY_MAX);
    buf_add(&key, LEASE_PREFIX);
    buf_add_hex64(&key, (uint64_t)run->lease_until_ms);
    buf_add_char(&key, '/');
    buf_add(&key, run_key(work, run->job, run->number));
    gb_assert(!key.failed);
    return buf_str(&key);
}

bool lease_key_read(struct str key, int64_t *ret_ms, struct str *ret_job, int64_t *ret_number) {
    size_t at = LEASE_PREFIX.n + HEX_BYTES;
    uint64_t ms;
    if (!str_starts(key, LEASE_PREFIX) || key.n < at + 2 || key.p[at] != '/' ||
        num_hex64(str_sub(key, LEASE_PREFIX.n, HEX_BYTES), &ms) != GB_OK ||
        !run_key_read(str_sub(key, at + 1, key.n), ret_job, ret_number)) {
        return false;
    }
    *ret_ms = (int64_t)ms;
    return true;
}

/* ---- rows ---- */

enum gb_err run_load(struct work *work, struct str job, int64_t number, struct job_run *ret_run) {
    enum gb_err err = record_get(work, &run_record, run_key(work, job, number), ret_run);
    if (err == GB_OK) {
        ret_run->job = arena_copy(work->arena, job);
        ret_run->number = number;
    }
    return err;
}

enum gb_err job_run_get(struct work *work, struct str id, int64_t number, struct job_run *ret_run) {
    struct job job;
    enum gb_err err = run_load(work, id, number, ret_run);
    if (err == GB_OK) {
        err = job_load(work, id, &job);
    }
    if (err == GB_OK) {
        ret_run->kind = job.kind;
        ret_run->args = job.args;
    }
    return err;
}

void run_store(struct work *work, const struct job_run *before, const struct job_run *run) {
    bool had = before != NULL && before->state == JOB_RUN_RUNNING;
    bool has = run->state == JOB_RUN_RUNNING;
    if (had && (!has || before->lease_until_ms != run->lease_until_ms)) {
        tx_del(work->tx, TABLE_JOBS_DUE, lease_key(work, before));
    }
    work->due_changed = true;
    if (has && (!had || before->lease_until_ms != run->lease_until_ms)) {
        tx_put(work->tx, TABLE_JOBS_DUE, lease_key(work, run), STR("1"), STORE_NEVER);
    }
    tx_put(work->tx, TABLE_JOB_RUNS, run_key(work, run->job, run->number),
           record_write(work->arena, &run_record, run),
           has ? STORE_NEVER : work->now_ms + JOB_HISTORY_MS);
}

void run_forget(struct work *work, const struct job_run *run) {
    if (run->state == JOB_RUN_RUNNING) {
        tx_del(work->tx, TABLE_JOBS_DUE, lease_key(work, run));
    }
    tx_del(work->tx, TABLE_JOB_RUNS, run_key(work, run->job, run->number));
}

/* ---- history ---- */

struct listing {
    struct work *work;
    struct job_run *runs;
    size_t count;
};

static bool list_row(void *ctx, struct str key, struct str value) {
    struct listing *l = ctx;
    struct job_run *run = &l->runs[l->count];
    struct str job = STR_NONE;
    int64_t number = 0;
    if (!run_key_read(key, &job, &number)) {
        return true; /* not one of ours */
    }
    if (record_read(l->work->arena, &run_record, value, run) != GB_OK) {
        *run = (struct job_run){.state = JOB_RUN_FAILED, .why = STR("its row is damaged")};
    }
    run->job = arena_copy(l->work->arena, job);
    run->number = number;
    l->count++;
    return true;
}

enum gb_err job_history(struct work *work, struct str id, size_t limit, struct job_run **ret_runs,
                        size_t *ret_count) {
    if (id.n == 0 || id.n > JOB_ID_MAX) {
        return GB_NOT_FOUND;
    }
    struct listing l = {.work = work, .runs = ARENA_ARRAY(work->arena, struct job_run, limit + 1)};
    struct str prefix = arena_printf(work->arena, STR_FMT "/", STR_ARG(id));
    enum gb_err err = tx_scan_prefix(work->tx, TABLE_JOB_RUNS, prefix, limit, list_row, &l);
    if (err == GB_OK) {
        *ret_runs = l.runs;
        *ret_count = l.count;
    }
    return err;
}

/* One run ended, so one too many can be there; the second is for a history that was made shorter.
 */
enum gb_err runs_trim(struct work *work, const struct job *job) {
    struct job_run *runs;
    size_t count, limit = (size_t)(job->history + job->running + 2);
    enum gb_err err = job_history(work, job->id, limit, &runs, &count);
    int64_t ended = 0;
    for (size_t i = 0; err == GB_OK && i < count; i++) {
        ended += runs[i].state != JOB_RUN_RUNNING;
        if (ended > job->history && runs[i].state != JOB_RUN_RUNNING) {
            run_forget(work, &runs[i]);
        }
    }
    return err;
}

/* ---- steps of a run ---- */

/* GB_REFUSED: the lease is somebody else's, or there is no such run any more. */
static enum gb_err run_held(struct work *work, const struct job_run *run, struct job_run *ret_now) {
    enum gb_err err = run_load(work, run->job, run->number, ret_now);
    if (err == GB_NOT_FOUND) {
        return GB_REFUSED;
    }
    if (err != GB_OK) {
        return err;
    }
    bool ours = ret_now->state == JOB_RUN_RUNNING && ret_now->takes == run->takes &&
                str_equal(ret_now->owner, run->owner);
    return ours ? GB_OK : GB_REFUSED;
}

enum gb_err job_progress(struct work *work, struct job_run *run, struct str cursor, int64_t items,
                         int64_t lease_ms) {
    gb_assert(cursor.n <= CURSOR_BYTES_MAX && items >= 0);
    struct job_run before;
    enum gb_err err = run_held(work, run, &before);
    if (err != GB_OK) {
        return err;
    }
    struct job_run now = before;
    now.kind = run->kind;
    now.args = run->args;
    now.cursor = arena_copy(work->arena, cursor);
    now.items += items;
    now.tries = 0;
    now.lease_until_ms = work->now_ms + lease_ms;
    run_store(work, &before, &now);
    *run = now;
    return GB_OK;
}

enum gb_err run_end(struct work *work, const struct job_run *before, struct job_run *run,
                    unsigned state, struct job_event **events) {
    struct job job_before;
    enum gb_err err = job_load(work, run->job, &job_before);
    if (err == GB_NOT_FOUND) { /* a stale scan let its run outlive a job that was removed */
        run_forget(work, before);
        return GB_OK;
    }
    if (err != GB_OK) {
        return err;
    }
    struct job job = job_before;
    job.running = GB_MAX(job.running - 1, INT64_C(0));
    moves_make(&run_moves, &run->state, state);
    run->ended_ms = work->now_ms;
    run->cursor = STR_NONE;
    run->kind = job.kind;
    run->args = job.args;
    if (job.history > 0) {
        run_store(work, before, run);
        err = runs_trim(work, &job);
    } else {
        run_forget(work, before);
    }
    job_store(work, &job_before, &job);
    event_add(work, events,
              state == JOB_RUN_DONE     ? JOB_EXECUTED
              : state == JOB_RUN_FAILED ? JOB_ERROR
                                        : JOB_MISSED,
              run);
    return err;
}

enum gb_err job_finished(struct work *work, const struct job_run *run,
                         const struct job_result *result, struct job_event **events) {
    struct job_run before;
    enum gb_err err = run_held(work, run, &before);
    if (err != GB_OK) {
        return err;
    }
    struct job_run now = before;
    now.items += result->items;
    now.why = result->failed ? utf8_cut(result->why, WHY_BYTES_MAX / 4) : STR_NONE;
    return run_end(work, &before, &now, result->failed ? JOB_RUN_FAILED : JOB_RUN_DONE, events);
}

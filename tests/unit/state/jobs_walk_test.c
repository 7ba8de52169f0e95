/* Jobs beside a naive model: random steps of two owners who claim, go on, end, crash and lose their
 * leases, at the same time as well, while an owner pauses, changes and removes jobs.
 *
 * The model knows no index and no arithmetic: it looks at every job and every run, and counts from
 * instant to instant. A step that meets a conflict is done again, as the engine does it. */
#include "state/jobs.h"

#include "base/arena.h"
#include "base/base.h"
#include "shared_rows.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { JOBS = 7, RUNS = 4096, HANDLES = 64, OWNERS = 2, EVENTS = 64 };

static const char *const ids[JOBS] = {"a", "b", "c", "d", "e:1", "f.x", "g"};

struct model_job {
    bool exists;
    struct job job; /* as it was put; its own fields are the model's */
    int64_t step_ms, next_ms, wanted_ms, running;
    bool held, paused;
};

struct model_run {
    bool live;
    int job;
    int64_t number, scheduled_ms, lease_until_ms, takes, tries, items;
    bool by_hand;
    char owner[16], cursor[24];
};

struct handle {
    int job;
    int64_t number, takes;
    char owner[16];
};

struct owner {
    char name[16];
    int life;
    struct handle handles[HANDLES];
    int count;
};

struct expected {
    enum job_event_kind kind;
    int job;
    int64_t scheduled_ms, missed;
};

struct walk {
    struct arena *arena;
    struct backend *backend;
    struct rng rng;
    int64_t now_ms;
    int owners;
    struct model_job jobs[JOBS];
    struct model_run runs[RUNS];
    int run_count;
    struct owner owner[OWNERS];
    struct expected expected[EVENTS];
    int expected_count;
    uint64_t seen[JOB_MAX_INSTANCES + 1];
    uint64_t conflicts, refused;
};

static uint64_t below(struct walk *w, uint64_t bound) {
    return rng_below(&w->rng, bound);
}

/* ---- the model ---- */

static int64_t model_step(const struct model_job *m, int64_t ms) {
    if (m->job.trigger == JOB_DATE) {
        return 0;
    }
    return m->job.until_ms != 0 && ms + m->step_ms > m->job.until_ms ? 0 : ms + m->step_ms;
}

static int64_t model_due(const struct model_job *m) {
    int64_t due = m->paused ? 0 : m->next_ms;
    if (!m->exists || m->held) {
        return 0;
    }
    return m->wanted_ms != 0 && (due == 0 || m->wanted_ms < due) ? m->wanted_ms : due;
}

static void expect(struct walk *w, enum job_event_kind kind, int job, int64_t scheduled_ms,
                   int64_t missed) {
    assert_true(w->expected_count < EVENTS);
    w->expected[w->expected_count++] = (struct expected){kind, job, scheduled_ms, missed};
    w->seen[kind]++;
}

static void model_settle(struct model_job *m) {
    m->held = m->held && m->running >= m->job.max_instances;
    m->exists = m->exists && (m->next_ms != 0 || m->wanted_ms != 0 || m->running != 0);
}

static void model_start(struct walk *w, struct model_job *m) {
    switch (m->job.trigger) {
    case JOB_DATE:
        m->next_ms = m->job.at_ms;
        break;
    case JOB_INTERVAL:
        m->step_ms = m->job.every_ms;
        m->next_ms = m->job.at_ms != 0 ? m->job.at_ms : w->now_ms + m->step_ms;
        break;
    default: /* every five minutes */
        m->step_ms = 5 * GB_MINUTE_MS;
        m->next_ms = 0;
        while (m->next_ms < w->now_ms - GB_DAY_MS) {
            m->next_ms += GB_DAY_MS;
        }
    }
    while (m->job.trigger != JOB_DATE && m->next_ms != 0 && m->next_ms < w->now_ms) {
        m->next_ms = model_step(m, m->next_ms);
    }
    if (m->job.trigger != JOB_DATE && m->job.until_ms != 0 && m->next_ms > m->job.until_ms) {
        m->next_ms = 0;
    }
}

static struct model_run *model_run_new(struct walk *w, int job, int64_t scheduled_ms,
                                       bool by_hand) {
    struct model_run *run = NULL;
    for (int i = 0; i < w->run_count && run == NULL; i++) {
        run = w->runs[i].live ? NULL : &w->runs[i];
    }
    if (run == NULL) {
        assert_true(w->run_count < RUNS);
        run = &w->runs[w->run_count++];
    }
    *run = (struct model_run){.live = true,
                              .job = job,
                              .scheduled_ms = scheduled_ms,
                              .by_hand = by_hand,
                              .takes = 1,
                              .tries = 1};
    w->jobs[job].running++;
    return run;
}

/* What a claim makes of one job; the run, or NULL. */
static struct model_run *model_claim(struct walk *w, int job) {
    struct model_job *m = &w->jobs[job];
    if (m->running >= m->job.max_instances) {
        m->held = true;
        expect(w, JOB_MAX_INSTANCES, job, 0, 0);
        return NULL;
    }
    bool by_hand = m->wanted_ms != 0 && m->wanted_ms <= w->now_ms, runs = by_hand;
    int64_t scheduled_ms = m->wanted_ms, missed = 0, missed_from = m->next_ms;
    if (by_hand) {
        m->wanted_ms = 0;
    }
    if (!m->paused && m->next_ms != 0 && m->next_ms <= w->now_ms && (!by_hand || m->job.coalesce)) {
        while (m->next_ms != 0 && m->next_ms <= w->now_ms && m->job.misfire_grace_ms > 0 &&
               w->now_ms - m->next_ms > m->job.misfire_grace_ms) {
            missed++;
            m->next_ms = model_step(m, m->next_ms);
        }
        if (m->next_ms != 0 && m->next_ms <= w->now_ms) {
            runs = true;
            scheduled_ms = by_hand ? scheduled_ms : m->next_ms;
            do {
                m->next_ms = model_step(m, m->next_ms);
            } while (m->job.coalesce && m->next_ms != 0 && m->next_ms <= w->now_ms);
        }
    }
    if (missed > 0) {
        expect(w, JOB_MISSED, job, missed_from, missed);
    }
    struct model_run *run = NULL;
    if (runs) {
        expect(w, JOB_SUBMITTED, job, scheduled_ms, 0);
        run = model_run_new(w, job, scheduled_ms, by_hand);
    }
    model_settle(m);
    return run;
}

static void model_end(struct walk *w, struct model_run *run, enum job_event_kind kind) {
    struct model_job *m = &w->jobs[run->job];
    expect(w, kind, run->job, run->scheduled_ms, kind == JOB_MISSED);
    run->live = false;
    m->running--;
    model_settle(m);
}

/* True: it goes on with a new owner. */
static bool model_reap(struct walk *w, struct model_run *run) {
    const struct job *job = &w->jobs[run->job].job;
    if (run->tries >= JOB_TRIES_MAX) {
        model_end(w, run, JOB_ERROR);
        return false;
    }
    if (run->cursor[0] == '\0' && !run->by_hand && job->misfire_grace_ms > 0 &&
        w->now_ms - run->scheduled_ms > job->misfire_grace_ms) {
        model_end(w, run, JOB_MISSED);
        return false;
    }
    run->takes++;
    run->tries++;
    expect(w, JOB_TAKEN_OVER, run->job, run->scheduled_ms, 0);
    return true;
}

static struct model_run *model_run_of(struct walk *w, int job, int64_t number) {
    for (int i = 0; i < w->run_count; i++) {
        if (w->runs[i].live && w->runs[i].job == job && w->runs[i].number == number) {
            return &w->runs[i];
        }
    }
    return NULL;
}

/* ---- one step: planned on the model, done on a view, checked when it was applied ---- */

enum op_kind {
    OP_CLAIM,
    OP_SHORT, /* claim and finish in one transaction */
    OP_REAP,
    OP_PROGRESS,
    OP_FINISH,
    OP_PUT,
    OP_PAUSE,
    OP_RESUME,
    OP_RUN_NOW,
    OP_REMOVE,
};

struct op {
    int kind; /* enum op_kind */
    int owner, job;
    size_t limit;
    struct handle handle; /* PROGRESS, FINISH */
    struct job put;
    bool failed;
    int64_t lease_ms, items;
    char cursor[24];
    /* From the model, before anything was done. */
    int candidates[RUNS];
    int candidate_count;
    /* What came back. */
    struct work work;
    struct jobs_taken taken;
    struct job_event *events;
    enum gb_err err;
};

static int compare_keys(struct walk *w, int64_t ms_a, int job_a, int64_t ms_b, int job_b) {
    (void)w;
    return ms_a != ms_b ? (ms_a < ms_b ? -1 : 1) : strcmp(ids[job_a], ids[job_b]);
}

static void plan_claim(struct walk *w, struct op *op) {
    op->candidate_count = 0;
    for (int i = 0; i < JOBS; i++) {
        int64_t due = model_due(&w->jobs[i]);
        if (due == 0 || due > w->now_ms) {
            continue;
        }
        int at = op->candidate_count++;
        while (at > 0 && compare_keys(w, model_due(&w->jobs[op->candidates[at - 1]]),
                                      op->candidates[at - 1], due, i) > 0) {
            op->candidates[at] = op->candidates[at - 1];
            at--;
        }
        op->candidates[at] = i;
    }
    op->candidate_count = GB_MIN(op->candidate_count, (int)op->limit);
}

static bool lease_is_before(struct walk *w, const struct model_run *a, const struct model_run *b) {
    int order = compare_keys(w, a->lease_until_ms, a->job, b->lease_until_ms, b->job);
    return order != 0 ? order < 0 : a->number > b->number;
}

static void plan_reap(struct walk *w, struct op *op) {
    op->candidate_count = 0;
    for (int i = 0; i < w->run_count; i++) {
        if (!w->runs[i].live || (w->owners > 1 && w->runs[i].lease_until_ms > w->now_ms)) {
            continue;
        }
        int at = op->candidate_count++;
        while (at > 0 && lease_is_before(w, &w->runs[i], &w->runs[op->candidates[at - 1]])) {
            op->candidates[at] = op->candidates[at - 1];
            at--;
        }
        op->candidates[at] = i;
    }
    op->candidate_count = GB_MIN(op->candidate_count, (int)op->limit);
}

static void plan(struct walk *w, struct op *op) {
    if (op->kind == OP_CLAIM || op->kind == OP_SHORT) {
        plan_claim(w, op);
    } else if (op->kind == OP_REAP) {
        plan_reap(w, op);
    }
}

static struct job_run run_of_handle(const struct handle *h) {
    return (struct job_run){.job = str_of(ids[h->job]),
                            .number = h->number,
                            .takes = h->takes,
                            .owner = str_of(h->owner)};
}

static void execute_run(struct walk *w, struct op *op) {
    struct job_claim claim = {.owner = str_of(w->owner[op->owner].name),
                              .lease_ms = op->lease_ms,
                              .limit = op->limit,
                              .alone = w->owners == 1};
    struct job_run run = run_of_handle(&op->handle);
    struct job_result result = {op->failed, op->items, STR("it rained")};
    switch (op->kind) {
    case OP_REAP:
        op->err = jobs_reap(&op->work, &claim, &op->taken);
        break;
    case OP_PROGRESS:
        op->err = job_progress(&op->work, &run, str_of(op->cursor), op->items, op->lease_ms);
        break;
    case OP_FINISH:
        op->err = job_finished(&op->work, &run, &result, &op->events);
        break;
    default:
        op->err = jobs_claim(&op->work, &claim, &op->taken);
        for (size_t i = 0; op->kind == OP_SHORT && i < op->taken.count; i++) {
            assert_int_equal(
                job_finished(&op->work, &op->taken.runs[i], &result, &op->taken.events), GB_OK);
        }
    }
}

static void execute(struct walk *w, struct op *op) {
    op->work = (struct work){
        .tx = tx_begin(w->backend, w->arena, w->now_ms), .arena = w->arena, .now_ms = w->now_ms};
    op->taken = (struct jobs_taken){.count = 0};
    op->events = NULL;
    struct str id = str_of(ids[op->job]);
    const char *why = NULL;
    switch (op->kind) {
    case OP_PUT:
        op->err = job_put(&op->work, &op->put, true, &why);
        break;
    case OP_PAUSE:
        op->err = job_pause(&op->work, id);
        break;
    case OP_RESUME:
        op->err = job_resume(&op->work, id);
        break;
    case OP_RUN_NOW:
        op->err = job_run_now(&op->work, id);
        break;
    case OP_REMOVE:
        op->err = job_remove(&op->work, id);
        break;
    default:
        execute_run(w, op);
    }
}

/* ---- what came of it, against the model ---- */

static void hold(struct walk *w, int owner, const struct job_run *run) {
    struct owner *o = &w->owner[owner];
    int at = o->count < HANDLES ? o->count++ : (int)below(w, HANDLES);
    struct handle *h = &o->handles[at];
    *h = (struct handle){.number = run->number, .takes = run->takes};
    while (!str_is(run->job, ids[h->job])) {
        h->job++;
        assert_true(h->job < JOBS);
    }
    memcpy(h->owner, o->name, sizeof h->owner);
}

static void assert_events(struct walk *w, const struct job_event *event) {
    for (int i = 0; i < w->expected_count; i++, event = event->next) {
        const struct expected *e = &w->expected[i];
        assert_non_null(event);
        if (event->kind != e->kind || !str_is(event->run.job, ids[e->job]) ||
            event->run.scheduled_ms != e->scheduled_ms || event->run.missed != e->missed) {
            fail_msg("%s of " STR_FMT " at %" PRId64 " (%" PRId64 "), not %s of %s at %" PRId64
                     " (%" PRId64 ")",
                     job_event_name(event->kind), STR_ARG(event->run.job), event->run.scheduled_ms,
                     event->run.missed, job_event_name(e->kind), ids[e->job], e->scheduled_ms,
                     e->missed);
        }
    }
    assert_null(event);
}

static void own(struct walk *w, const struct op *op, struct model_run *run,
                const struct job_run *taken) {
    run->number = taken->number;
    run->lease_until_ms = w->now_ms + op->lease_ms;
    memcpy(run->owner, w->owner[op->owner].name, sizeof run->owner);
    assert_true(str_is(taken->job, ids[run->job]));
    assert_true(str_is(taken->kind, "kind"));
    assert_int_equal(taken->scheduled_ms, run->scheduled_ms);
    assert_int_equal(taken->takes, run->takes);
    assert_int_equal(taken->by_hand, run->by_hand);
    assert_true(str_is(taken->cursor, run->cursor));
    assert_int_equal(taken->items, run->items);
    hold(w, op->owner, taken);
}

static void check_claim(struct walk *w, struct op *op) {
    size_t taken = 0;
    struct model_run *made[JOBS];
    for (int i = 0; i < op->candidate_count; i++) {
        struct model_run *run = model_claim(w, op->candidates[i]);
        if (run != NULL) {
            assert_true(taken < op->taken.count);
            made[taken] = run;
            own(w, op, run, &op->taken.runs[taken++]);
        }
    }
    assert_int_equal(taken, op->taken.count);
    for (size_t i = 0; op->kind == OP_SHORT && i < taken; i++) {
        model_end(w, made[i], op->failed ? JOB_ERROR : JOB_EXECUTED);
    }
    assert_events(w, op->taken.events);
}

static void check_reap(struct walk *w, struct op *op) {
    size_t taken = 0;
    for (int i = 0; i < op->candidate_count; i++) {
        struct model_run *run = &w->runs[op->candidates[i]];
        bool ours = strcmp(run->owner, w->owner[op->owner].name) == 0;
        if (run->lease_until_ms > w->now_ms && ours) {
            continue;
        }
        if (model_reap(w, run)) {
            assert_true(taken < op->taken.count);
            own(w, op, run, &op->taken.runs[taken++]);
        }
    }
    assert_int_equal(taken, op->taken.count);
    assert_events(w, op->taken.events);
}

static void check_step(struct walk *w, struct op *op) {
    struct model_run *run = model_run_of(w, op->handle.job, op->handle.number);
    bool ours =
        run != NULL && run->takes == op->handle.takes && strcmp(run->owner, op->handle.owner) == 0;
    assert_int_equal(op->err, ours ? GB_OK : GB_REFUSED);
    if (!ours) {
        w->refused++;
        return;
    }
    run->items += op->items;
    if (op->kind == OP_PROGRESS) {
        memcpy(run->cursor, op->cursor, sizeof run->cursor);
        run->lease_until_ms = w->now_ms + op->lease_ms;
        run->tries = 0;
    } else {
        model_end(w, run, op->failed ? JOB_ERROR : JOB_EXECUTED);
        assert_events(w, op->events);
        assert_int_equal(op->events->run.items, run->items);
    }
}

static bool same_trigger(const struct job *a, const struct job *b) {
    return a->trigger == b->trigger && a->at_ms == b->at_ms && a->every_ms == b->every_ms &&
           a->until_ms == b->until_ms;
}

static void check_put(struct walk *w, struct op *op) {
    struct model_job *m = &w->jobs[op->job], fresh = *m;
    bool same = m->exists && same_trigger(&m->job, &op->put);
    if (!m->exists) {
        fresh = (struct model_job){.exists = true, .paused = op->put.paused};
    }
    fresh.job = op->put;
    if (!same) {
        model_start(w, &fresh);
    }
    assert_int_equal(op->err, same || fresh.next_ms != 0 ? GB_OK : GB_INVALID);
    if (op->err == GB_OK) {
        *m = fresh;
        model_settle(m);
    }
}

static void check_owner(struct walk *w, struct op *op) {
    struct model_job *m = &w->jobs[op->job];
    assert_int_equal(op->err, m->exists ? GB_OK : GB_NOT_FOUND);
    if (!m->exists) {
        return;
    }
    if (op->kind == OP_PAUSE) {
        m->paused = true;
    } else if (op->kind == OP_RUN_NOW) {
        m->wanted_ms = m->wanted_ms != 0 ? m->wanted_ms : w->now_ms;
    } else if (op->kind == OP_REMOVE) {
        *m = (struct model_job){.exists = false};
        for (int i = 0; i < w->run_count; i++) {
            w->runs[i].live = w->runs[i].live && w->runs[i].job != op->job;
        }
    } else if (m->paused) {
        m->paused = false;
        while (m->job.trigger != JOB_DATE && m->next_ms != 0 && m->next_ms < w->now_ms) {
            m->next_ms = model_step(m, m->next_ms);
        }
        model_settle(m);
    }
}

static void check(struct walk *w, struct op *op) {
    w->expected_count = 0;
    switch (op->kind) {
    case OP_CLAIM:
    case OP_SHORT:
        assert_int_equal(op->err, GB_OK);
        check_claim(w, op);
        break;
    case OP_REAP:
        assert_int_equal(op->err, GB_OK);
        check_reap(w, op);
        break;
    case OP_PROGRESS:
    case OP_FINISH:
        check_step(w, op);
        break;
    case OP_PUT:
        check_put(w, op);
        break;
    default:
        check_owner(w, op);
    }
}

/* ---- everything at rest ---- */

struct index_rows {
    size_t due, leases;
};

static bool count_index(void *ctx, struct str key, struct str value) {
    struct index_rows *rows = ctx;
    (void)value;
    rows->due += str_starts(key, STR("due/"));
    rows->leases += str_starts(key, STR("lease/"));
    return true;
}

static void check_runs(struct walk *w, struct work *work, int job) {
    struct job_run *runs;
    size_t count;
    assert_int_equal(job_history(work, str_of(ids[job]), 1000, &runs, &count), GB_OK);
    int64_t running = 0, ended = 0;
    for (size_t i = 0; i < count; i++) {
        if (runs[i].state != JOB_RUN_RUNNING) {
            ended++;
            continue;
        }
        const struct model_run *run = model_run_of(w, job, runs[i].number);
        assert_non_null(run);
        assert_true(str_is(runs[i].owner, run->owner) && str_is(runs[i].cursor, run->cursor));
        assert_int_equal(runs[i].takes, run->takes);
        assert_int_equal(runs[i].tries, run->tries);
        assert_int_equal(runs[i].items, run->items);
        assert_int_equal(runs[i].lease_until_ms, run->lease_until_ms);
        running++;
    }
    assert_int_equal(running, w->jobs[job].running);
    assert_true(!w->jobs[job].exists || ended <= w->jobs[job].job.history + 100);
}

static void check_all(struct walk *w) {
    struct work work = {
        .tx = tx_begin(w->backend, w->arena, w->now_ms), .arena = w->arena, .now_ms = w->now_ms};
    struct index_rows expected = {0, 0}, rows = {0, 0};
    int64_t first = INT64_MAX, next_ms = INT64_MAX;
    for (int i = 0; i < w->run_count; i++) {
        expected.leases += w->runs[i].live;
        first = w->runs[i].live ? GB_MIN(first, w->runs[i].lease_until_ms) : first;
    }
    for (int i = 0; i < JOBS; i++) {
        const struct model_job *m = &w->jobs[i];
        struct job job;
        enum gb_err err = job_get(&work, str_of(ids[i]), &job);
        assert_int_equal(err, m->exists ? GB_OK : GB_NOT_FOUND);
        if (m->exists) {
            assert_int_equal(job.next_ms, m->next_ms);
            assert_int_equal(job.wanted_ms, m->wanted_ms);
            assert_int_equal(job.running, m->running);
            assert_int_equal(job.held, m->held);
            assert_int_equal(job.paused, m->paused);
            assert_true(m->running <= 3);
            int64_t due = model_due(m);
            expected.due += due != 0;
            first = due != 0 ? GB_MIN(first, due) : first;
        }
        check_runs(w, &work, i);
    }
    assert_int_equal(
        tx_scan(work.tx, TABLE_JOBS_DUE, STR("a"), STR_NONE, 100000, count_index, &rows), GB_OK);
    assert_int_equal(rows.due, expected.due);
    assert_int_equal(rows.leases, expected.leases);
    enum gb_err err = jobs_next_due(&work, &next_ms);
    assert_int_equal(err, first == INT64_MAX ? GB_NOT_FOUND : GB_OK);
    assert_int_equal(next_ms, first);
}

/* ---- chance ---- */

static void draw_put(struct walk *w, struct op *op) {
    static const int64_t graces[] = {0, 0, 30 * GB_SECOND_MS, 10 * GB_MINUTE_MS};
    static const int64_t steps[] = {10 * GB_SECOND_MS, 45 * GB_SECOND_MS, 7 * GB_MINUTE_MS};
    struct model_job *m = &w->jobs[op->job];
    op->put = (struct job){
        .id = str_of(ids[op->job]),
        .kind = STR("kind"),
        .args = STR("{}"),
        .trigger = (unsigned)below(w, 3),
        .coalesce = below(w, 2) == 0,
        .misfire_grace_ms = graces[below(w, GB_COUNT(graces))],
        .max_instances = 1 + (int64_t)below(w, 3),
        .history = (int64_t)below(w, 4),
        .paused = below(w, 10) == 0,
    };
    if (op->put.trigger == JOB_DATE) {
        op->put.at_ms = w->now_ms + (int64_t)below(w, 20 * GB_MINUTE_MS) - GB_MINUTE_MS;
    } else if (op->put.trigger == JOB_INTERVAL) {
        op->put.every_ms = steps[below(w, GB_COUNT(steps))];
        op->put.at_ms = below(w, 2) == 0 ? 0 : w->now_ms - (int64_t)below(w, GB_HOUR_MS);
    } else {
        op->put.cron = STR("*/5 * * * *");
    }
    if (op->put.trigger != JOB_DATE && below(w, 3) == 0) {
        op->put.until_ms = w->now_ms + (int64_t)below(w, GB_HOUR_MS);
    }
    if (m->exists && below(w, 2) == 0) { /* the same trigger once more */
        op->put.trigger = m->job.trigger;
        op->put.at_ms = m->job.at_ms;
        op->put.every_ms = m->job.every_ms;
        op->put.cron = m->job.cron;
        op->put.until_ms = m->job.until_ms;
    }
}

static struct op *draw(struct walk *w, int owner) {
    static const enum op_kind kinds[] = {
        OP_CLAIM, OP_CLAIM,    OP_CLAIM,    OP_CLAIM,    OP_SHORT,  OP_SHORT,  OP_REAP,   OP_REAP,
        OP_REAP,  OP_PROGRESS, OP_PROGRESS, OP_PROGRESS, OP_FINISH, OP_FINISH, OP_FINISH, OP_FINISH,
        OP_PUT,   OP_PAUSE,    OP_RESUME,   OP_RUN_NOW,  OP_REMOVE, OP_RESUME, OP_PUT};
    struct op *op = ARENA_NEW(w->arena, struct op);
    op->kind = kinds[below(w, GB_COUNT(kinds))];
    op->owner = owner;
    op->job = (int)below(w, JOBS);
    op->limit = 1 + below(w, 5);
    op->lease_ms = GB_SECOND_MS + (int64_t)below(w, 3 * GB_MINUTE_MS);
    op->items = (int64_t)below(w, 100);
    op->failed = below(w, 4) == 0;
    (void)snprintf(op->cursor, sizeof op->cursor, "at %u", (unsigned)below(w, 1000000));
    if (op->kind == OP_REMOVE && below(w, 3) != 0) {
        op->kind = OP_CLAIM;
    }
    if (op->kind == OP_PUT) {
        draw_put(w, op);
    }
    struct owner *o = &w->owner[owner];
    if (op->kind == OP_PROGRESS || op->kind == OP_FINISH) {
        if (o->count == 0) {
            op->kind = OP_CLAIM;
        } else {
            int at = (int)below(w, (uint64_t)o->count);
            op->handle = o->handles[at];
            if (op->kind == OP_FINISH) {
                o->handles[at] = o->handles[--o->count];
            }
        }
    }
    return op;
}

static void be_born(struct walk *w, int owner) {
    struct owner *o = &w->owner[owner];
    o->count = 0;
    (void)snprintf(o->name, sizeof o->name, "%c%d", 'A' + owner, ++o->life);
}

/* Done, and done again if somebody else was there first; then held against the model. */
static void commit(struct walk *w, struct op *op) {
    if (op->err == GB_REFUSED) {
        check(w, op); /* the view is dropped */
        return;
    }
    const struct change *changes;
    size_t count;
    tx_changes(op->work.tx, &changes, &count);
    enum gb_err err = tx_apply(op->work.tx);
    w->conflicts += err == GB_CONFLICT;
    if (err == GB_CONFLICT || count == 0) { /* what changes nothing conflicts with nothing */
        plan(w, op);
        execute(w, op);
        if (op->err == GB_REFUSED) {
            check(w, op);
            return;
        }
        err = tx_apply(op->work.tx);
    }
    assert_int_equal(err, GB_OK);
    check(w, op);
}

static void step(struct walk *w) {
    uint64_t dice = below(w, 100);
    if (dice < 35) {
        w->now_ms += (int64_t)below(w, 20 * GB_SECOND_MS);
    } else if (dice < 37) {
        w->now_ms += (int64_t)below(w, 2 * GB_HOUR_MS); /* nobody was there */
    }
    int owner = (int)below(w, (uint64_t)w->owners);
    struct op *one = draw(w, owner);
    plan(w, one);
    execute(w, one);
    if (dice >= 95) { /* killed before it was committed */
        be_born(w, owner);
        return;
    }
    if (w->owners > 1 && dice >= 60) { /* both at the same time */
        struct op *two = draw(w, 1 - owner);
        plan(w, two);
        execute(w, two);
        commit(w, one);
        commit(w, two);
    } else {
        commit(w, one);
    }
    if (dice == 94) { /* killed behind it */
        be_born(w, owner);
    }
}

static void walk(int owners, const char *label, int steps, struct walk *w) {
    const uint8_t key[SHA256_BYTES] = {7};
    *w = (struct walk){.arena = arena_new(1024 * 1024, 256 * 1024 * 1024),
                       .backend = shared_rows_new(store_tables, TABLE_COUNT),
                       .now_ms = INT64_C(1800000000000),
                       .owners = owners};
    rng_init(&w->rng, key, str_of(label));
    be_born(w, 0);
    be_born(w, 1);
    for (int i = 0; i < steps; i++) {
        step(w);
        if (i % 20 == 0) {
            check_all(w);
        }
        arena_clear(w->arena);
    }
    shared_rows_free(w->backend);
    arena_free(w->arena);
}

static void assert_all_events_seen(const struct walk *w, uint64_t at_least) {
    for (int kind = 0; kind <= JOB_MAX_INSTANCES; kind++) {
        if (w->seen[kind] < at_least) {
            fail_msg("%s: only %" PRIu64 " times", job_event_name((enum job_event_kind)kind),
                     w->seen[kind]);
        }
    }
}

static void two_owners_lose_no_run_and_make_none_twice(void **state) {
    (void)state;
    static struct walk w;
    walk(2, "two", 40000, &w);
    assert_all_events_seen(&w, 100);
    assert_true(w.conflicts > 500 && w.refused > 500);
}

static void one_owner_alone_takes_up_all_that_its_earlier_life_left(void **state) {
    (void)state;
    static struct walk w;
    walk(1, "one", 20000, &w);
    assert_all_events_seen(&w, 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_owners_lose_no_run_and_make_none_twice),
        cmocka_unit_test(one_owner_alone_takes_up_all_that_its_earlier_life_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

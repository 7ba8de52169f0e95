/* Durable jobs, one promise at a time; all of them together: jobs_walk_test.c. */
#define GB_DOOR "a store in a temporary directory"
#include "state/jobs.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/schedule.h"
#include "base/zone.h"
#include "shared_rows.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEASE GB_MINUTE_MS

struct scene {
    struct arena *arena;
    struct backend *backend;
    struct zone zone;
    struct rng rng;
    int64_t now_ms;
    const char *owner;
    bool alone;
    struct jobs_taken taken; /* of the last claim or reap */
};

static int64_t at(int year, int month, int day, int hour, int minute) {
    struct civil c = {.year = year, .month = month, .day = day, .hour = hour, .minute = minute};
    return clock_instant_ms(&c, 0);
}

static int set_up(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    const uint8_t key[SHA256_BYTES] = {3};
    s->arena = arena_new(64 * 1024, 512 * 1024 * 1024);
    s->backend = shared_rows_new(store_tables, TABLE_COUNT);
    s->now_ms = at(2027, 1, 4, 12, 0); /* a Monday */
    s->zone = zone_fixed(0);
    s->owner = "one";
    rng_init(&s->rng, key, STR("jobs"));
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    shared_rows_free(s->backend);
    arena_free(s->arena);
    free(s);
    return 0;
}

static struct work begin(struct scene *s) {
    return (struct work){.tx = tx_begin(s->backend, s->arena, s->now_ms),
                         .arena = s->arena,
                         .now_ms = s->now_ms,
                         .rng = &s->rng,
                         .zone = &s->zone};
}

static void commit(struct work *work) {
    assert_int_equal(tx_apply(work->tx), GB_OK);
}

static void put(struct scene *s, const struct job *job) {
    struct work work = begin(s);
    const char *why = "";
    if (job_put(&work, job, true, &why) != GB_OK) {
        fail_msg("%s", why);
    }
    commit(&work);
}

static struct job every(const char *id, int64_t ms) {
    return (struct job){
        .id = str_of(id), .kind = STR("k"), .trigger = JOB_INTERVAL, .every_ms = ms, .history = 5};
}

static struct job get(struct scene *s, const char *id) {
    struct work work = begin(s);
    struct job job;
    assert_int_equal(job_get(&work, str_of(id), &job), GB_OK);
    return job;
}

static bool exists(struct scene *s, const char *id) {
    struct work work = begin(s);
    struct job job;
    return job_get(&work, str_of(id), &job) == GB_OK;
}

static struct job_claim claim_of(const struct scene *s) {
    return (struct job_claim){
        .owner = str_of(s->owner), .lease_ms = LEASE, .limit = 10, .alone = s->alone};
}

/* How many runs were claimed; they are in s->taken. */
static size_t claim(struct scene *s) {
    struct work work = begin(s);
    struct job_claim how = claim_of(s);
    assert_int_equal(jobs_claim(&work, &how, &s->taken), GB_OK);
    commit(&work);
    return s->taken.count;
}

static size_t reap(struct scene *s) {
    struct work work = begin(s);
    struct job_claim how = claim_of(s);
    assert_int_equal(jobs_reap(&work, &how, &s->taken), GB_OK);
    commit(&work);
    return s->taken.count;
}

/* The names of the events of the last step, with commas. */
static void assert_events(const struct scene *s, const char *expected) {
    struct buf text;
    buf_init(&text, s->arena, 4096);
    for (const struct job_event *e = s->taken.events; e != NULL; e = e->next) {
        buf_printf(&text, "%s%s", text.n > 0 ? "," : "", job_event_name(e->kind));
    }
    if (!str_is(buf_str(&text), expected)) {
        fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(buf_str(&text)), expected);
    }
}

static enum gb_err finish(struct scene *s, const struct job_run *run, const char *why) {
    struct work work = begin(s);
    struct job_result result = {.failed = why != NULL, .items = 3, .why = str_of(why)};
    s->taken.events = NULL;
    enum gb_err err = job_finished(&work, run, &result, &s->taken.events);
    if (err == GB_OK) {
        commit(&work);
    }
    return err;
}

static enum gb_err progress(struct scene *s, struct job_run *run, const char *cursor) {
    struct work work = begin(s);
    enum gb_err err = job_progress(&work, run, str_of(cursor), 10, LEASE);
    if (err == GB_OK) {
        commit(&work);
    }
    return err;
}

static size_t runs_of(struct scene *s, const char *id, struct job_run **ret_runs) {
    struct work work = begin(s);
    size_t count;
    assert_int_equal(job_history(&work, str_of(id), 100, ret_runs, &count), GB_OK);
    return count;
}

static size_t index_rows(struct scene *s) {
    return shared_rows_size(s->backend, TABLE_JOBS_DUE);
}

static int64_t next_due(struct scene *s) {
    struct work work = begin(s);
    int64_t ms = 0;
    enum gb_err err = jobs_next_due(&work, &ms);
    return err == GB_OK ? ms : 0;
}

/* ---- what is put ---- */

static void what_cannot_be_a_job_is_refused_with_the_reason(void **state) {
    struct scene *s = *state;
    struct job fine = every("x", 1000);
    const struct {
        struct job job;
        const char *why;
    } cases[] = {
        {every("", 1000), "an id"},
        {every("a/b", 1000), "an id"},
        {every("a b", 1000), "an id"},
        {every("x", 0), "an interval"},
        {{.id = STR("x"), .trigger = JOB_INTERVAL, .every_ms = 1}, "kind"},
        {{.id = STR("x"), .kind = STR("k"), .trigger = JOB_DATE}, "a date"},
        {{.id = STR("x"), .kind = STR("k"), .trigger = JOB_CRON, .cron = STR("61 * * * *")},
         "cron expression"},
        {{.id = STR("x"), .kind = STR("k"), .trigger = JOB_CRON, .cron = STR("0 0 30 2 *")},
         "never comes"},
        {{.id = STR("x"), .kind = STR("k"), .trigger = 9}, "no such trigger"},
        {{.id = STR("x"),
          .kind = STR("k"),
          .trigger = JOB_INTERVAL,
          .every_ms = 10,
          .jitter_ms = 11},
         "jitter"},
        {{.id = STR("x"),
          .kind = STR("k"),
          .trigger = JOB_INTERVAL,
          .every_ms = 10,
          .history = 101},
         "100 runs"},
    };
    struct work work = begin(s);
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        const char *why = "";
        assert_int_equal(job_put(&work, &cases[i].job, true, &why), GB_INVALID);
        if (strstr(why, cases[i].why) == NULL) {
            fail_msg("case %zu: %s", i, why);
        }
    }
    assert_int_equal(job_modify(&work, &fine, NULL), GB_NOT_FOUND);
    assert_int_equal(job_put(&work, &fine, false, NULL), GB_OK);
    assert_int_equal(job_put(&work, &fine, false, NULL), GB_EXISTS);
    assert_int_equal(job_modify(&work, &fine, NULL), GB_OK);
    assert_int_equal(job_pause(&work, STR("y")), GB_NOT_FOUND);
    assert_int_equal(job_resume(&work, STR("")), GB_NOT_FOUND);
    assert_int_equal(job_run_now(&work, STR("y")), GB_NOT_FOUND);
    assert_int_equal(job_remove(&work, STR("y")), GB_NOT_FOUND);
}

static void a_shop_that_restarts_often_does_not_put_a_job_off(void **state) {
    struct scene *s = *state;
    struct job job = every("check", 6 * GB_HOUR_MS);
    put(s, &job);
    int64_t due = s->now_ms + 6 * GB_HOUR_MS;
    for (int i = 0; i < 5; i++) {
        s->now_ms += GB_HOUR_MS;
        put(s, &job);
        assert_int_equal(next_due(s), due);
    }
    s->now_ms += GB_HOUR_MS;
    assert_int_equal(claim(s), 1);
    job.every_ms = GB_HOUR_MS; /* another trigger begins anew */
    put(s, &job);
    assert_int_equal(get(s, "check").next_ms, s->now_ms + GB_HOUR_MS);
}

static void a_clock_that_was_ahead_does_not_put_a_job_off(void **state) {
    struct scene *s = *state;
    struct job job = every("check", GB_HOUR_MS);
    s->now_ms += 3000 * GB_DAY_MS;
    put(s, &job);
    s->now_ms -= 3000 * GB_DAY_MS;
    put(s, &job);
    assert_int_equal(get(s, "check").next_ms, s->now_ms + GB_HOUR_MS);
    assert_int_equal(index_rows(s), 1);
}

static void cron_is_in_the_shops_time_and_follows_a_new_zone(void **state) {
    struct scene *s = *state;
    struct job job = {
        .id = STR("digest"), .kind = STR("k"), .trigger = JOB_CRON, .cron = STR("0 9 * * *")};
    s->zone = zone_fixed(3 * 3600);
    put(s, &job);
    assert_int_equal(next_due(s), at(2027, 1, 5, 6, 0));
    s->zone = zone_fixed(5 * 3600);
    put(s, &job);
    assert_int_equal(next_due(s), at(2027, 1, 5, 4, 0));
    s->now_ms = at(2027, 1, 5, 4, 0);
    assert_int_equal(claim(s), 1);
    assert_int_equal(s->taken.runs[0].scheduled_ms, s->now_ms);
    assert_int_equal(get(s, "digest").next_ms, at(2027, 1, 6, 4, 0));
}

static void jobs_are_listed_by_id_page_by_page(void **state) {
    struct scene *s = *state;
    const char *const ids[] = {"a", "ab", "b", "b.1", "c"};
    for (size_t i = 0; i < GB_COUNT(ids); i++) {
        struct job job = every(ids[i], 1000);
        put(s, &job);
    }
    struct work work = begin(s);
    struct str after = STR_NONE;
    size_t seen = 0, count = 2;
    while (count == 2) {
        struct job *jobs;
        assert_int_equal(jobs_list(&work, after, 2, &jobs, &count), GB_OK);
        for (size_t i = 0; i < count; i++) {
            assert_true(str_is(jobs[i].id, ids[seen++]));
            after = jobs[i].id;
        }
    }
    assert_int_equal(seen, GB_COUNT(ids));
}

/* ---- time that was lost ---- */

static void a_week_of_downtime_is_one_run_when_coalesced(void **state) {
    struct scene *s = *state;
    struct job job = every("poll", 10 * GB_SECOND_MS);
    job.coalesce = true;
    put(s, &job);
    int64_t oldest = s->now_ms + 10 * GB_SECOND_MS;
    s->now_ms += 7 * GB_DAY_MS + 3;
    assert_int_equal(claim(s), 1);
    assert_events(s, "submitted");
    assert_int_equal(s->taken.runs[0].scheduled_ms, oldest);
    assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
    assert_int_equal(claim(s), 0);
    assert_int_equal(next_due(s), s->now_ms - 3 + 10 * GB_SECOND_MS);
}

static void what_is_past_its_grace_is_missed_and_counted_in_one_step(void **state) {
    struct scene *s = *state;
    struct job job = every("poll", 10 * GB_SECOND_MS);
    job.misfire_grace_ms = 25 * GB_SECOND_MS;
    job.max_instances = 5;
    put(s, &job);
    s->now_ms += 365 * GB_DAY_MS;
    (void)shared_rows_counts(s->backend);
    assert_int_equal(claim(s), 1);
    assert_true(shared_rows_counts(s->backend).gets < 10);
    assert_events(s, "missed,submitted");
    assert_int_equal(s->taken.events->run.missed, 365 * 8640 - 3);
    assert_int_equal(s->taken.runs[0].scheduled_ms, s->now_ms - 20 * GB_SECOND_MS);
    assert_int_equal(claim(s), 1); /* not coalesced: one by one, what is in time */
    assert_int_equal(claim(s), 1);
    assert_int_equal(s->taken.runs[0].scheduled_ms, s->now_ms);
    assert_int_equal(claim(s), 0);
}

static void a_date_that_is_too_late_is_missed_and_over(void **state) {
    struct scene *s = *state;
    struct job job = {.id = STR("once"),
                      .kind = STR("k"),
                      .trigger = JOB_DATE,
                      .at_ms = s->now_ms + 1000,
                      .misfire_grace_ms = 5000,
                      .history = 1};
    put(s, &job);
    s->now_ms += 7000;
    assert_int_equal(claim(s), 0);
    assert_events(s, "missed");
    assert_false(exists(s, "once"));
    struct job_run *runs;
    assert_int_equal(runs_of(s, "once", &runs), 1);
    assert_int_equal(runs[0].state, JOB_RUN_MISSED);
    assert_int_equal(next_due(s), 0);
    s->now_ms += JOB_HISTORY_MS + 1;
    assert_int_equal(runs_of(s, "once", &runs), 0);
}

static void a_date_runs_once_and_leaves_nothing_but_its_history(void **state) {
    struct scene *s = *state;
    for (int64_t history = 0; history < 2; history++) {
        struct job job = {.id = STR("once"),
                          .kind = STR("k"),
                          .args = STR("{\"s\":1}"),
                          .trigger = JOB_DATE,
                          .at_ms = s->now_ms + 1000,
                          .history = history};
        put(s, &job);
        assert_int_equal(claim(s), 0);
        s->now_ms += 100000;
        assert_int_equal(claim(s), 1);
        assert_true(str_is(s->taken.runs[0].args, "{\"s\":1}"));
        assert_true(exists(s, "once"));
        assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
        assert_events(s, "executed");
        assert_false(exists(s, "once"));
        assert_int_equal(index_rows(s), 0);
        struct job_run *runs;
        assert_int_equal(runs_of(s, "once", &runs), history);
    }
}

static void jitter_moves_the_instant_later_and_never_the_next_ones(void **state) {
    struct scene *s = *state;
    struct job job = every("spread", GB_HOUR_MS);
    job.jitter_ms = 10 * GB_MINUTE_MS;
    int64_t first = s->now_ms + GB_HOUR_MS, most = 0;
    put(s, &job);
    for (int i = 0; i < 200; i++) {
        int64_t due = next_due(s), planned = first + i * GB_HOUR_MS;
        assert_true(due >= planned && due <= planned + job.jitter_ms);
        most = GB_MAX(most, due - planned);
        s->now_ms = due - 1;
        assert_int_equal(claim(s), 0);
        s->now_ms = due;
        assert_int_equal(claim(s), 1);
        assert_int_equal(s->taken.runs[0].scheduled_ms, planned);
        assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
    }
    assert_true(most > 9 * GB_MINUTE_MS);
}

/* ---- what the owner does ---- */

static void a_paused_job_waits_and_misses_nothing(void **state) {
    struct scene *s = *state;
    struct job job = every("poll", GB_MINUTE_MS);
    job.misfire_grace_ms = 1000;
    put(s, &job);
    struct work work = begin(s);
    assert_int_equal(job_pause(&work, STR("poll")), GB_OK);
    commit(&work);
    assert_int_equal(index_rows(s), 0);
    s->now_ms += 10 * GB_MINUTE_MS + 7;
    assert_int_equal(claim(s), 0);
    put(s, &job); /* a restart does not end a pause */
    assert_int_equal(index_rows(s), 0);
    work = begin(s);
    assert_int_equal(job_run_now(&work, STR("poll")), GB_OK);
    assert_int_equal(job_run_now(&work, STR("poll")), GB_OK);
    commit(&work);
    assert_int_equal(claim(s), 1);
    assert_true(s->taken.runs[0].by_hand);
    assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
    assert_int_equal(claim(s), 0);
    work = begin(s);
    assert_int_equal(job_resume(&work, STR("poll")), GB_OK);
    commit(&work);
    assert_int_equal(claim(s), 0);
    assert_events(s, "");
    assert_int_equal(next_due(s), s->now_ms - 7 + GB_MINUTE_MS);
}

static void a_job_that_is_removed_takes_its_runs_along(void **state) {
    struct scene *s = *state;
    struct job job = every("poll", GB_MINUTE_MS);
    put(s, &job);
    s->now_ms += GB_MINUTE_MS;
    assert_int_equal(claim(s), 1);
    struct job_run run = s->taken.runs[0];
    struct work work = begin(s);
    assert_int_equal(job_remove(&work, STR("poll")), GB_OK);
    commit(&work);
    assert_int_equal(index_rows(s), 0);
    assert_int_equal(shared_rows_size(s->backend, TABLE_JOB_RUNS), 0);
    assert_int_equal(progress(s, &run, "more"), GB_REFUSED);
    put(s, &job); /* its namesake's first run is another one */
    s->now_ms += GB_MINUTE_MS;
    assert_int_equal(claim(s), 1);
    assert_int_equal(finish(s, &run, NULL), GB_REFUSED);
    assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
}

static void a_job_at_its_limit_is_held_back_and_comes_when_there_is_room(void **state) {
    struct scene *s = *state;
    struct job job = every("slow", GB_MINUTE_MS);
    job.coalesce = true;
    put(s, &job);
    s->now_ms += GB_MINUTE_MS;
    assert_int_equal(claim(s), 1);
    struct job_run run = s->taken.runs[0];
    s->now_ms += GB_MINUTE_MS;
    assert_int_equal(claim(s), 0);
    assert_events(s, "max instances");
    assert_int_equal(progress(s, &run, "x"), GB_OK);
    assert_int_equal(claim(s), 0);
    assert_events(s, ""); /* said once, and nothing to look at until there is room */
    assert_int_equal(next_due(s), run.lease_until_ms);
    s->now_ms += 3 * GB_MINUTE_MS;
    assert_int_equal(finish(s, &run, NULL), GB_OK);
    assert_int_equal(claim(s), 1);
    assert_int_equal(claim(s), 0);
    assert_events(s, "");
}

/* ---- runs ---- */

static void a_short_job_is_one_transaction_and_leaves_no_lease(void **state) {
    struct scene *s = *state;
    struct job job = every("short", GB_MINUTE_MS);
    put(s, &job);
    s->now_ms += GB_MINUTE_MS;
    struct work work = begin(s);
    struct job_claim how = claim_of(s);
    struct jobs_taken taken;
    struct job_result result = {.items = 7};
    assert_int_equal(jobs_claim(&work, &how, &taken), GB_OK);
    assert_int_equal(job_finished(&work, &taken.runs[0], &result, &taken.events), GB_OK);
    commit(&work);
    assert_int_equal(index_rows(s), 1);
    struct job_run *runs;
    assert_int_equal(runs_of(s, "short", &runs), 1);
    assert_int_equal(runs[0].state, JOB_RUN_DONE);
    assert_int_equal(runs[0].items, 7);
    assert_int_equal(get(s, "short").running, 0);
}

static void a_long_run_goes_on_where_the_dead_owner_left_it(void **state) {
    struct scene *s = *state;
    struct job job = every("long", GB_HOUR_MS);
    job.misfire_grace_ms = 1000; /* a run that got somewhere is not missed */
    put(s, &job);
    s->now_ms += GB_HOUR_MS;
    assert_int_equal(claim(s), 1);
    struct job_run old = s->taken.runs[0];
    assert_int_equal(progress(s, &old, "user 100"), GB_OK);
    s->now_ms += LEASE - 1;
    s->owner = "two";
    assert_int_equal(reap(s), 0);
    s->now_ms += 1;
    assert_int_equal(next_due(s), s->now_ms);
    assert_int_equal(reap(s), 1);
    assert_events(s, "taken over");
    struct job_run run = s->taken.runs[0];
    assert_true(str_is(run.cursor, "user 100"));
    assert_true(str_is(run.kind, "k"));
    assert_int_equal(run.items, 10);
    assert_int_equal(progress(s, &old, "user 200"), GB_REFUSED);
    assert_int_equal(finish(s, &old, NULL), GB_REFUSED);
    assert_int_equal(progress(s, &run, "user 300"), GB_OK);
    assert_int_equal(finish(s, &run, NULL), GB_OK);
    assert_int_equal(s->taken.events->run.items, 23);
    assert_int_equal(finish(s, &run, NULL), GB_REFUSED);
}

static void a_restart_that_is_alone_does_not_wait_for_leases(void **state) {
    struct scene *s = *state;
    struct job job = every("long", GB_HOUR_MS);
    put(s, &job);
    s->now_ms += GB_HOUR_MS;
    assert_int_equal(claim(s), 1);
    s->owner = "one, born again";
    s->now_ms += 5;
    assert_int_equal(reap(s), 0);
    s->alone = true;
    assert_int_equal(reap(s), 1);
    struct work work = begin(s);
    struct job_claim how = claim_of(s);
    how.limit = 1; /* its own leases are no reason to look again */
    assert_int_equal(jobs_reap(&work, &how, &s->taken), GB_OK);
    assert_int_equal(s->taken.count, 0);
    assert_false(s->taken.more);
}

static void a_run_that_gets_nowhere_is_given_up_after_some_tries(void **state) {
    struct scene *s = *state;
    struct job job = every("poison", GB_DAY_MS);
    put(s, &job);
    s->now_ms += GB_DAY_MS;
    assert_int_equal(claim(s), 1);
    for (int i = 1; i < JOB_TRIES_MAX; i++) {
        s->now_ms += LEASE;
        assert_int_equal(reap(s), 1);
    }
    s->now_ms += LEASE;
    assert_int_equal(reap(s), 0);
    assert_events(s, "error");
    struct job_run *runs;
    assert_int_equal(runs_of(s, "poison", &runs), 1);
    assert_int_equal(runs[0].state, JOB_RUN_FAILED);
    assert_true(str_starts(runs[0].why, STR("given up")));
}

static void history_keeps_the_last_runs_the_newest_first(void **state) {
    struct scene *s = *state;
    struct job job = every("poll", GB_MINUTE_MS);
    job.history = 3;
    put(s, &job);
    struct job_run *runs;
    for (int i = 0; i < 20; i++) {
        s->now_ms = next_due(s);
        assert_int_equal(claim(s), 1);
        s->now_ms += i;
        assert_int_equal(finish(s, &s->taken.runs[0], i % 2 == 0 ? NULL : "it rained"), GB_OK);
        assert_int_equal(runs_of(s, "poll", &runs), GB_MIN(i + 1, 3));
        assert_int_equal(runs[0].ended_ms - runs[0].started_ms, i);
        assert_int_equal(runs[0].state, i % 2 == 0 ? JOB_RUN_DONE : JOB_RUN_FAILED);
        assert_true(str_is(runs[0].why, i % 2 == 0 ? "" : "it rained"));
    }
    job.history = 1;
    put(s, &job);
    for (int i = 0; i < 3; i++) {
        s->now_ms = next_due(s);
        assert_int_equal(claim(s), 1);
        assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
    }
    assert_int_equal(runs_of(s, "poll", &runs), 1);
}

/* ---- rows that should not be ---- */

static void index_rows_that_say_nothing_true_are_removed(void **state) {
    struct scene *s = *state;
    struct job job = every("poll", GB_HOUR_MS);
    put(s, &job);
    s->now_ms += GB_HOUR_MS;
    assert_int_equal(claim(s), 1);
    struct job_run run = s->taken.runs[0];
    struct work work = begin(s);
    const char *const stale[] = {
        "due/0000000000000001/poll",   "due/0000000000000002/nobody",
        "due/0000000000000003/",       "lease/0000000000000001/nobody/ffffffffffffffff",
        "lease/0000000000000002/poll",
    };
    for (size_t i = 0; i < GB_COUNT(stale); i++) {
        tx_put(work.tx, TABLE_JOBS_DUE, str_of(stale[i]), STR("1"), STORE_NEVER);
    }
    struct str old_lease =
        arena_printf(s->arena, "lease/%016x/poll/%016" PRIx64, 9, ~(uint64_t)run.number);
    tx_put(work.tx, TABLE_JOBS_DUE, old_lease, STR("1"), STORE_NEVER);
    commit(&work);
    assert_int_equal(claim(s), 0);
    assert_int_equal(reap(s), 0);
    assert_events(s, "");
    assert_int_equal(index_rows(s), 2); /* the job's next instant, the run's lease */
    assert_int_equal(finish(s, &run, NULL), GB_OK);
}

static void a_damaged_job_is_set_aside_and_keeps_nobody_waiting(void **state) {
    struct scene *s = *state;
    const char *const damage[] = {"oops", "{\"trigger\":\"interval\",\"every\":0}",
                                  "{\"trigger\":\"interval\",\"every\":5,\"max_instances\":-4}"};
    for (size_t i = 0; i < GB_COUNT(damage); i++) {
        struct job bad = every("a-bad", GB_MINUTE_MS), good = every("b-good", GB_MINUTE_MS);
        put(s, &bad);
        put(s, &good);
        s->now_ms += GB_MINUTE_MS;
        struct work work = begin(s);
        tx_put(work.tx, TABLE_JOBS, STR("a-bad"), str_of(damage[i]), STORE_NEVER);
        commit(&work);
        assert_int_equal(claim(s), 1);
        assert_events(s, "error,submitted");
        assert_true(str_is(s->taken.runs[0].job, "b-good"));
        assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
        assert_int_equal(index_rows(s), 1);
        struct job *jobs;
        struct job job;
        size_t count;
        work = begin(s);
        assert_int_equal(job_get(&work, STR("a-bad"), &job), GB_DAMAGED);
        assert_int_equal(jobs_list(&work, STR_NONE, 10, &jobs, &count), GB_OK);
        assert_int_equal(count, 2);
        assert_int_equal(jobs[0].kind.n, 0);
        if (i > 0) {
            assert_int_equal(job_remove(&work, STR("a-bad")), GB_OK);
        }
        commit(&work);
    }
}

static void a_damaged_run_keeps_no_job_from_ending(void **state) {
    struct scene *s = *state;
    struct job job = every("poll", GB_MINUTE_MS);
    job.history = 2;
    put(s, &job);
    struct work work = begin(s);
    tx_put(work.tx, TABLE_JOB_RUNS, STR("poll/fffffffffffffff0"), STR("oops"), STORE_NEVER);
    tx_put(work.tx, TABLE_JOB_RUNS, STR("poll/not-a-number"), STR("oops"), STORE_NEVER);
    commit(&work);
    struct job_run *runs;
    assert_int_equal(runs_of(s, "poll", &runs), 1);
    assert_int_equal(runs[0].state, JOB_RUN_FAILED);
    for (int i = 0; i < 3; i++) {
        s->now_ms += GB_MINUTE_MS;
        assert_int_equal(claim(s), 1);
        assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
    }
    assert_int_equal(runs_of(s, "poll", &runs), 2);
    assert_int_equal(runs[1].state, JOB_RUN_DONE);
}

static void an_owners_schedule_becomes_a_trigger(void **state) {
    struct scene *s = *state;
    struct schedule schedule;
    struct job job = {.id = STR("x"), .kind = STR("k")};
    assert_int_equal(schedule_parse(STR("off"), &schedule, NULL), GB_OK);
    assert_false(job_set_schedule(s->arena, &job, &schedule));
    assert_int_equal(schedule_parse(STR("every 10 s"), &schedule, NULL), GB_OK);
    assert_true(job_set_schedule(s->arena, &job, &schedule));
    put(s, &job);
    assert_int_equal(next_due(s), s->now_ms + 10 * GB_SECOND_MS);
    assert_int_equal(schedule_parse(STR("@daily"), &schedule, NULL), GB_OK);
    assert_true(job_set_schedule(s->arena, &job, &schedule));
    put(s, &job);
    assert_true(str_is(get(s, "x").cron, "0 0 * * *"));
    assert_int_equal(next_due(s), at(2027, 1, 5, 0, 0));
}

/* ---- many jobs ---- */

static void fill(struct scene *s, int from, int until) {
    struct work work = begin(s);
    for (int i = from; i < until; i++) {
        struct job job = {.id = arena_printf(s->arena, "wait:%07d", i),
                          .kind = STR("k"),
                          .trigger = JOB_DATE,
                          .at_ms = s->now_ms + GB_DAY_MS + i};
        assert_int_equal(job_put(&work, &job, false, NULL), GB_OK);
        if (i % 500 == 499 || i == until - 1) {
            commit(&work);
            arena_clear(s->arena);
            work = begin(s);
        }
    }
}

static void what_a_claim_reads_does_not_grow_with_the_jobs_that_wait(void **state) {
    struct scene *s = *state;
    const int sizes[] = {10, 1000, 100000};
    struct shared_counts first = {0, 0, 0, 0};
    int filled = 0;
    for (size_t i = 0; i < GB_COUNT(sizes); i++) {
        fill(s, filled, sizes[i]);
        filled = sizes[i];
        struct job due = {.id = arena_printf(s->arena, "now:%zu", i),
                          .kind = STR("k"),
                          .trigger = JOB_DATE,
                          .at_ms = s->now_ms};
        put(s, &due);
        (void)shared_rows_counts(s->backend);
        assert_int_equal(next_due(s), s->now_ms);
        assert_int_equal(claim(s), 1);
        assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
        assert_int_equal(claim(s), 0);
        assert_int_equal(reap(s), 0);
        struct shared_counts counts = shared_rows_counts(s->backend);
        first = i == 0 ? counts : first;
        assert_int_equal(counts.gets, first.gets);
        assert_int_equal(counts.scanned, first.scanned);
        assert_true(counts.gets + counts.scanned < 12);
    }
}

static void a_claim_that_was_never_synced_is_made_again(void **state) {
    struct scene *s = *state;
    char directory[] = "/tmp/gb-jobs-XXXXXX";
    assert_non_null(mkdtemp(directory));
    struct lmdb_options options = {.directory = directory};
    struct str why;
    struct backend *shared = s->backend;
    assert_int_equal(lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    struct job job = every("poll", GB_MINUTE_MS);
    put(s, &job);
    assert_int_equal(s->backend->ops->sync(s->backend), GB_OK);
    s->now_ms += GB_MINUTE_MS;
    assert_int_equal(claim(s), 1);
    s->backend->ops->drop(s->backend); /* killed before the turn's sync */
    assert_int_equal(claim(s), 1);
    assert_int_equal(s->backend->ops->sync(s->backend), GB_OK);
    assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
    s->backend->ops->drop(s->backend);
    assert_int_equal(claim(s), 0); /* still running: its lease decides */
    s->now_ms += LEASE - 1;
    assert_int_equal(reap(s), 0);
    s->now_ms += 1;
    assert_int_equal(reap(s), 1);
    assert_int_equal(finish(s, &s->taken.runs[0], NULL), GB_OK);
    s->backend->ops->close(s->backend);
    s->backend = shared;
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_a_job_is_refused_with_the_reason),
        TEST(a_shop_that_restarts_often_does_not_put_a_job_off),
        TEST(a_clock_that_was_ahead_does_not_put_a_job_off),
        TEST(cron_is_in_the_shops_time_and_follows_a_new_zone),
        TEST(jobs_are_listed_by_id_page_by_page),
        TEST(a_week_of_downtime_is_one_run_when_coalesced),
        TEST(what_is_past_its_grace_is_missed_and_counted_in_one_step),
        TEST(a_date_that_is_too_late_is_missed_and_over),
        TEST(a_date_runs_once_and_leaves_nothing_but_its_history),
        TEST(jitter_moves_the_instant_later_and_never_the_next_ones),
        TEST(a_paused_job_waits_and_misses_nothing),
        TEST(a_job_that_is_removed_takes_its_runs_along),
        TEST(a_job_at_its_limit_is_held_back_and_comes_when_there_is_room),
        TEST(a_short_job_is_one_transaction_and_leaves_no_lease),
        TEST(a_long_run_goes_on_where_the_dead_owner_left_it),
        TEST(a_restart_that_is_alone_does_not_wait_for_leases),
        TEST(a_run_that_gets_nowhere_is_given_up_after_some_tries),
        TEST(history_keeps_the_last_runs_the_newest_first),
        TEST(index_rows_that_say_nothing_true_are_removed),
        TEST(a_damaged_job_is_set_aside_and_keeps_nobody_waiting),
        TEST(a_damaged_run_keeps_no_job_from_ending),
        TEST(an_owners_schedule_becomes_a_trigger),
        TEST(what_a_claim_reads_does_not_grow_with_the_jobs_that_wait),
        TEST(a_claim_that_was_never_synced_is_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

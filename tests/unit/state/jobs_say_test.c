/* What is said of jobs: commands there and back, answers in JSON, and nothing half done. */
#define GB_DOOR "a store in a temporary directory"
#include "state/jobs_say.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/zone.h"
#include "shared_rows.h"
#include "state/jobs.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct scene {
    struct arena *arena;
    struct backend *backend;
    struct zone zone;
    struct rng rng;
    int64_t now_ms;
    int status;
    struct str body;
    const struct json *root;
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
    s->now_ms = at(2027, 1, 4, 12, 0);
    s->zone = zone_fixed(3 * 3600);
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

static void put(struct scene *s, const struct job *job) {
    struct work work = begin(s);
    assert_int_equal(job_put(&work, job, true, NULL), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
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

static void take(struct scene *s, const struct jobs_answer *answer) {
    s->status = answer->status;
    s->body = answer->body;
    if (json_parse(s->arena, answer->body, &s->root, NULL) != GB_OK) {
        fail_msg("no JSON: " STR_FMT, STR_ARG(answer->body));
    }
}

/* The request, all the way; twice from one snapshot, as the engine's tests do. */
static void ask(struct scene *s, enum http_method method, const char *path, const char *query) {
    struct jobs_command command;
    struct jobs_answer answer, second;
    if (jobs_command_read(s->arena, method, str_of(path), str_of(query), &command, &answer) !=
        GB_OK) {
        take(s, &answer);
        return;
    }
    struct work work = begin(s), again = begin(s);
    assert_int_equal(jobs_carry_out(&work, &command, &answer), GB_OK);
    assert_int_equal(jobs_carry_out(&again, &command, &second), GB_OK);
    struct str why = STR_NONE;
    assert_true(tx_same_changes(work.tx, again.tx, s->arena, &why));
    assert_true(str_equal(answer.body, second.body));
    assert_int_equal(tx_apply(work.tx), GB_OK);
    take(s, &answer);
}

static void assert_text(const struct scene *s, const char *path, const char *expected) {
    struct str text = json_str_or(s->root, path, STR("(none)"));
    if (!str_is(text, expected)) {
        fail_msg("%s is \"" STR_FMT "\", not \"%s\": " STR_FMT, path, STR_ARG(text), expected,
                 STR_ARG(s->body));
    }
}

static void assert_refused(struct scene *s, enum http_method method, const char *path,
                           const char *query, int status) {
    ask(s, method, path, query);
    if (s->status != status || json_str_or(s->root, "error", STR_NONE).n == 0) {
        fail_msg("%s?%s: %d " STR_FMT, path, query, s->status, STR_ARG(s->body));
    }
}

/* Claim what is due and end it. */
static void run_due(struct scene *s, bool failed, int64_t took_ms) {
    struct work work = begin(s);
    struct jobs_taken taken;
    struct job_claim claim = {.owner = STR("one"), .lease_ms = GB_HOUR_MS, .limit = 10};
    assert_int_equal(jobs_claim(&work, &claim, &taken), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    s->now_ms += took_ms;
    for (size_t i = 0; i < taken.count; i++) {
        struct job_event *events = NULL;
        struct job_result result = {.failed = failed, .items = 7, .why = STR("no \"panel\"")};
        work = begin(s);
        assert_int_equal(job_finished(&work, &taken.runs[i], &result, &events), GB_OK);
        assert_int_equal(tx_apply(work.tx), GB_OK);
    }
}

/* ---- questions ---- */

static void a_shop_without_jobs_says_so(void **state) {
    struct scene *s = *state;
    ask(s, HTTP_GET, "/jobs", "");
    assert_int_equal(s->status, 200);
    assert_true(json_is_array(json_at(s->root, "jobs")));
    assert_int_equal(json_size(json_at(s->root, "jobs")), 0);
    assert_false(json_bool_or(s->root, "more", true));
}

static void a_job_is_told_in_the_shops_civil_time(void **state) {
    struct scene *s = *state;
    struct job job = every("sync", 30 * GB_MINUTE_MS);
    put(s, &job);
    ask(s, HTTP_GET, "/jobs", "");
    assert_text(s, "now", "2027-01-04T15:00:00+03:00");
    assert_text(s, "jobs.0.id", "sync");
    assert_text(s, "jobs.0.state", "waiting");
    assert_text(s, "jobs.0.trigger.text", "every 30 min");
    assert_text(s, "jobs.0.next", "2027-01-04T15:30:00+03:00");
    assert_int_equal(json_i64_or(s->root, "jobs.0.next_ms", 0), s->now_ms + 30 * GB_MINUTE_MS);
    assert_null(json_at(s->root, "jobs.0.last"));
}

static void every_kind_of_trigger_has_its_words(void **state) {
    struct scene *s = *state;
    put(s, &(struct job){
               .id = STR("c"), .kind = STR("k"), .trigger = JOB_CRON, .cron = STR("0 9 * * *")});
    put(s,
        &(struct job){
            .id = STR("d"), .kind = STR("k"), .trigger = JOB_DATE, .at_ms = at(2027, 2, 1, 6, 0)});
    s->zone = zone_fixed(-(3 * 3600 + 1800));
    ask(s, HTTP_GET, "/jobs/c", "");
    assert_text(s, "job.trigger.text", "0 9 * * *");
    ask(s, HTTP_GET, "/jobs/d", "");
    assert_text(s, "job.trigger.text", "at 2027-02-01 02:30");
    assert_text(s, "job.next", "2027-02-01T02:30:00-03:30");
}

static void a_list_goes_on_behind_an_id(void **state) {
    struct scene *s = *state;
    char id[16];
    for (int i = 0; i < 7; i++) {
        (void)snprintf(id, sizeof id, "j%d", i);
        struct job job = every(id, GB_HOUR_MS);
        put(s, &job);
    }
    ask(s, HTTP_GET, "/jobs", "limit=3");
    assert_int_equal(json_size(json_at(s->root, "jobs")), 3);
    assert_true(json_bool_or(s->root, "more", false));
    ask(s, HTTP_GET, "/jobs", "limit=4&after=j2");
    assert_text(s, "jobs.0.id", "j3");
    assert_int_equal(json_size(json_at(s->root, "jobs")), 4);
    assert_false(json_bool_or(s->root, "more", true));
}

static void the_last_result_is_that_of_a_run_that_ended(void **state) {
    struct scene *s = *state;
    struct job job = every("sync", GB_MINUTE_MS);
    put(s, &job);
    s->now_ms += GB_MINUTE_MS;
    run_due(s, true, 1500);
    ask(s, HTTP_GET, "/jobs/sync", "");
    assert_text(s, "job.last.state", "failed");
    assert_text(s, "job.last.why", "no \"panel\"");
    assert_int_equal(json_i64_or(s->root, "job.last.items", 0), 7);
    assert_int_equal(json_i64_or(s->root, "job.last.duration_ms", 0), 1500);
    assert_int_equal(json_size(json_at(s->root, "runs")), 1);

    s->now_ms += GB_MINUTE_MS; /* the next one begins and does not end */
    struct work work = begin(s);
    struct jobs_taken taken;
    struct job_claim claim = {.owner = STR("one"), .lease_ms = GB_HOUR_MS, .limit = 10};
    assert_int_equal(jobs_claim(&work, &claim, &taken), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    ask(s, HTTP_GET, "/jobs", "");
    assert_text(s, "jobs.0.state", "running");
    assert_text(s, "jobs.0.last.state", "failed");
    ask(s, HTTP_GET, "/jobs/sync/history", "limit=1");
    assert_text(s, "runs.0.state", "running");
    assert_true(json_bool_or(s->root, "more", false));
}

static void a_job_that_is_over_keeps_its_history(void **state) {
    struct scene *s = *state;
    put(s, &(struct job){.id = STR("once"),
                         .kind = STR("k"),
                         .trigger = JOB_DATE,
                         .history = 5,
                         .at_ms = s->now_ms + GB_MINUTE_MS});
    s->now_ms += GB_MINUTE_MS;
    run_due(s, false, 10);
    assert_refused(s, HTTP_GET, "/jobs/once", "", 404);
    ask(s, HTTP_GET, "/jobs/once/history", "");
    assert_int_equal(s->status, 200);
    assert_text(s, "runs.0.state", "done");
}

static void a_damaged_row_is_listed_and_does_not_hide_the_others(void **state) {
    struct scene *s = *state;
    struct job job = every("b", GB_HOUR_MS);
    put(s, &job);
    struct work work = begin(s);
    tx_put(work.tx, TABLE_JOBS, STR("a"), STR("{\"every\":"), STORE_NEVER);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    ask(s, HTTP_GET, "/jobs", "");
    assert_text(s, "jobs.0.state", "damaged");
    assert_text(s, "jobs.1.state", "waiting");
    assert_refused(s, HTTP_GET, "/jobs/a", "", 500);
    assert_refused(s, HTTP_POST, "/jobs/a/run", "", 500);
}

/* ---- changes ---- */

static void pause_resume_and_run_do_what_they_say(void **state) {
    struct scene *s = *state;
    struct job job = every("sync", GB_HOUR_MS);
    put(s, &job);
    ask(s, HTTP_POST, "/jobs/sync/pause", "");
    assert_int_equal(s->status, 200);
    assert_text(s, "job.state", "paused");
    assert_null(json_at(s->root, "job.next"));
    assert_true(get(s, "sync").paused);

    ask(s, HTTP_POST, "/jobs/sync/run", "");
    assert_true(json_bool_or(s->root, "job.wanted", false));
    assert_int_equal(json_i64_or(s->root, "job.next_ms", 0), s->now_ms);
    run_due(s, false, 10);
    assert_int_equal(get(s, "sync").wanted_ms, 0);

    ask(s, HTTP_POST, "/jobs/sync/resume", "");
    assert_text(s, "job.state", "waiting");
    assert_false(get(s, "sync").paused);
}

static void asked_twice_it_is_one_run(void **state) {
    struct scene *s = *state;
    struct job job = every("sync", GB_HOUR_MS);
    put(s, &job);
    ask(s, HTTP_POST, "/jobs/sync/run", "");
    ask(s, HTTP_POST, "/jobs/sync/run", "");
    run_due(s, false, 1);
    run_due(s, false, 1);
    ask(s, HTTP_GET, "/jobs/sync/history", "");
    assert_int_equal(json_size(json_at(s->root, "runs")), 1);
    assert_true(json_bool_or(s->root, "runs.0.by_hand", false));
}

/* ---- names and nonsense ---- */

static void a_misspelled_name_is_answered_with_its_neighbours(void **state) {
    struct scene *s = *state;
    assert_refused(s, HTTP_GET, "/jobs/x", "", 404);
    assert_text(s, "error", "there is no job \"x\"; there are none");
    const char *ids[] = {"payment_check", "panel_sync", "cleanup:daily", "cleanup:hourly"};
    for (size_t i = 0; i < GB_COUNT(ids); i++) {
        struct job job = every(ids[i], GB_HOUR_MS);
        put(s, &job);
    }
    assert_refused(s, HTTP_POST, "/jobs/paymnt_check/run", "", 404);
    assert_text(s, "error", "there is no job \"paymnt_check\"; did you mean payment_check?");
    assert_refused(s, HTTP_GET, "/jobs/cleanup/history", "", 404);
    assert_text(s, "error",
                "there is no job \"cleanup\"; did you mean cleanup:daily, cleanup:hourly?");
    assert_refused(s, HTTP_GET, "/jobs/zzzzzz", "", 404);
    assert_text(s, "error",
                "there is no job \"zzzzzz\"; there is cleanup:daily, cleanup:hourly, panel_sync, "
                "payment_check");
}

static void what_is_no_command_is_refused(void **state) {
    struct scene *s = *state;
    struct job job = every("a", GB_HOUR_MS);
    put(s, &job);
    char long_id[200];
    memset(long_id, 'a', sizeof long_id);
    memcpy(long_id, "/jobs/", 6);
    long_id[6 + JOB_ID_MAX + 1] = '\0';
    assert_refused(s, HTTP_GET, long_id, "", 400);
    assert_refused(s, HTTP_GET, "/", "", 404);
    assert_refused(s, HTTP_GET, "/jobsa", "", 404);
    assert_refused(s, HTTP_GET, "", "", 404);
    assert_refused(s, HTTP_GET, "/jobs/a/list", "", 404);
    assert_refused(s, HTTP_GET, "/jobs/a/show", "", 404);
    assert_refused(s, HTTP_POST, "/jobs/a/stop", "", 404);
    assert_refused(s, HTTP_POST, "/jobs/a/run/now", "", 404);
    assert_refused(s, HTTP_GET, "/jobs/a/run", "", 400);
    assert_refused(s, HTTP_POST, "/jobs", "", 400);
    assert_refused(s, HTTP_DELETE, "/jobs/a", "", 400);
    assert_refused(s, HTTP_GET, "/jobs/%2e", "", 400);
    assert_refused(s, HTTP_GET, "/jobs//history", "", 400);
    assert_refused(s, HTTP_GET, "/jobs", "limit=0", 400);
    assert_refused(s, HTTP_GET, "/jobs", "limit=1001", 400);
    assert_refused(s, HTTP_GET, "/jobs", "limit", 400);
    assert_refused(s, HTTP_GET, "/jobs", "after=a/b", 400);
    assert_refused(s, HTTP_GET, "/jobs", "before=a", 400);
    assert_refused(s, HTTP_GET, "/jobs/a/history", "after=a", 400);
    assert_refused(s, HTTP_POST, "/jobs/a/run", "limit=1", 400);
    assert_int_equal(get(s, "a").wanted_ms, 0);
}

static void a_command_as_a_request_is_the_same_command(void **state) {
    struct scene *s = *state;
    const struct jobs_command commands[] = {
        {.verb = JOBS_LIST},
        {.verb = JOBS_LIST, .limit = 7},
        {.verb = JOBS_LIST, .after = STR("a:b")},
        {.verb = JOBS_LIST, .after = STR("a.b"), .limit = 1000},
        {.verb = JOBS_SHOW, .id = STR("run")},
        {.verb = JOBS_HISTORY, .id = STR(".."), .limit = 1},
        {.verb = JOBS_RUN, .id = STR("a-b_C9")},
        {.verb = JOBS_PAUSE, .id = STR("x")},
        {.verb = JOBS_RESUME, .id = STR("x")},
    };
    for (size_t i = 0; i < GB_COUNT(commands); i++) {
        struct jobs_command back;
        struct jobs_answer answer;
        struct str target = jobs_command_target(s->arena, &commands[i]);
        size_t mark = str_find(target, '?');
        enum http_method method = jobs_verb_changes(commands[i].verb) ? HTTP_POST : HTTP_GET;
        assert_int_equal(jobs_command_read(s->arena, method, str_sub(target, 0, mark),
                                           str_sub(target, mark + 1, target.n), &back, &answer),
                         GB_OK);
        assert_int_equal(back.verb, commands[i].verb);
        assert_true(str_equal(back.id, commands[i].id));
        assert_true(str_equal(back.after, commands[i].after));
        assert_int_equal(back.limit, commands[i].limit);
    }
}

static void a_list_of_large_jobs_stays_within_its_bound(void **state) {
    struct scene *s = *state;
    char args[4096], id[16];
    memset(args, '\1', sizeof args); /* six characters each in JSON */
    for (int i = 0; i < 100; i++) {
        (void)snprintf(id, sizeof id, "j%03d", i);
        struct job job = every(id, GB_HOUR_MS);
        job.args = (struct str){args, sizeof args};
        put(s, &job);
    }
    ask(s, HTTP_GET, "/jobs", "limit=1000");
    size_t shown = json_size(json_at(s->root, "jobs"));
    assert_true(shown > 10 && shown < 100);
    assert_true(json_bool_or(s->root, "more", false));
    assert_true(s->body.n < (size_t)2 << 20);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_shop_without_jobs_says_so),
        T(a_job_is_told_in_the_shops_civil_time),
        T(every_kind_of_trigger_has_its_words),
        T(a_list_goes_on_behind_an_id),
        T(the_last_result_is_that_of_a_run_that_ended),
        T(a_job_that_is_over_keeps_its_history),
        T(a_damaged_row_is_listed_and_does_not_hide_the_others),
        T(pause_resume_and_run_do_what_they_say),
        T(asked_twice_it_is_one_run),
        T(a_misspelled_name_is_answered_with_its_neighbours),
        T(what_is_no_command_is_refused),
        T(a_command_as_a_request_is_the_same_command),
        T(a_list_of_large_jobs_stays_within_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

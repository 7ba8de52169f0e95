/* The table of the shop's jobs: made from the settings, woken by their index, run step by step. */
#define GB_DOOR "a store in a temporary directory"
#include "jobs/shop_jobs.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "state/jobs.h"
#include "state/notices.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct scene {
    struct arena *arena;
    struct backend *backend;
    struct config config;
    struct rng rng;
    char directory[64];
    int64_t now_ms;
};

static int set_up(void **state) {
    static const uint8_t secret[SHA256_BYTES] = {1};
    struct scene *s = calloc(1, sizeof *s);
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    s->now_ms = INT64_C(1800000000000);
    rng_init(&s->rng, secret, STR("test"));
    struct schedule *const schedules[] = {
        &s->config.schedule.subscription_check,
        &s->config.schedule.subscription_reminders,
        &s->config.schedule.panel_sync,
        &s->config.schedule.server_checks,
        &s->config.schedule.payments_cleanup,
        &s->config.schedule.backup,
        &s->config.schedule.digest,
    };
    for (size_t i = 0; i < GB_COUNT(schedules); i++) {
        assert_int_equal(schedule_parse(STR("every 1h"), schedules[i], NULL), GB_OK);
    }
    memcpy(s->directory, "/tmp/gb-table-XXXXXX", 21);
    assert_non_null(mkdtemp(s->directory));
    struct lmdb_options options = {.directory = s->directory};
    struct str why;
    assert_int_equal(lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    s->backend->ops->close(s->backend);
    arena_free(s->arena);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", s->directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
    free(s);
    return 0;
}

static struct work begin(struct scene *s) {
    return (struct work){
        .tx = tx_begin(s->backend, s->arena, s->now_ms),
        .arena = s->arena,
        .now_ms = s->now_ms,
        .rng = &s->rng,
        .config = &s->config,
    };
}

static size_t jobs_there(struct scene *s) {
    struct work work = begin(s);
    struct job *jobs;
    size_t count;
    assert_int_equal(jobs_list(&work, STR_NONE, 100, &jobs, &count), GB_OK);
    return count;
}

static void put_all(struct scene *s) {
    struct work work = begin(s);
    assert_int_equal(shop_jobs_put(&work), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
}

static struct job job_of(struct scene *s, const char *id) {
    struct work work = begin(s);
    struct job job;
    assert_int_equal(job_get(&work, str_of(id), &job), GB_OK);
    return job;
}

static void the_stores_jobs_are_those_of_the_settings(void **state) {
    struct scene *s = *state;
    put_all(s);
    assert_int_equal(jobs_there(s), 7);
    int64_t next_ms = job_of(s, "digest").next_ms;
    s->now_ms += GB_MINUTE_MS;
    put_all(s); /* a start more often than they run does not put them off */
    assert_int_equal(job_of(s, "digest").next_ms, next_ms);
    s->config.schedule.digest = (struct schedule){.kind = SCHEDULE_OFF};
    assert_int_equal(schedule_parse(STR("every 2h"), &s->config.schedule.backup, NULL), GB_OK);
    put_all(s);
    assert_int_equal(jobs_there(s), 6);
    assert_int_equal(job_of(s, "backup").next_ms, s->now_ms + 2 * GB_HOUR_MS);
}

static int64_t wake(struct scene *s) {
    struct work work = begin(s);
    int64_t next_ms = 0;
    assert_int_equal(shop_jobs_wake(&work, &next_ms), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    return next_ms;
}

static void an_index_that_is_due_asks_for_its_job_unless_it_is_paused(void **state) {
    struct scene *s = *state;
    put_all(s);
    assert_int_equal(wake(s), INT64_MAX);
    struct work work = begin(s);
    int64_t due_ms = s->now_ms + 1000;
    tx_put(work.tx, TABLE_SUBS_DUE,
           arena_printf(s->arena, "check/%016" PRIx64 "/nobody", (uint64_t)due_ms), STR("1"),
           STORE_NEVER);
    assert_int_equal(job_pause(&work, STR("subscription_check")), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    s->now_ms = due_ms;
    assert_int_equal(wake(s), INT64_MAX); /* not even looked at: else nobody would ever sleep */
    assert_int_equal(job_of(s, "subscription_check").wanted_ms, 0);
    work = begin(s);
    assert_int_equal(job_resume(&work, STR("subscription_check")), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    s->now_ms = due_ms - 1;
    assert_int_equal(wake(s), due_ms);
    s->now_ms = due_ms;
    assert_int_equal(wake(s), INT64_MAX);
    assert_int_equal(job_of(s, "subscription_check").wanted_ms, due_ms);
    assert_int_equal(job_of(s, "subscription_reminders").wanted_ms, 0);
}

static struct job_step step(struct scene *s, const char *kind, struct str cursor) {
    struct work work = begin(s);
    struct job_run run = {.kind = str_of(kind), .cursor = cursor};
    struct job_step step;
    assert_int_equal(shop_job_step(&work, &run, &step), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    return step;
}

static void a_job_of_no_such_name_fails_and_says_so(void **state) {
    struct job_step said = step(*state, "make_coffee", STR_NONE);
    assert_true(said.failed && !said.more && said.why.n > 0);
}

static void every_job_of_the_table_can_take_a_step_in_an_empty_shop(void **state) {
    struct scene *s = *state;
    size_t count = 0;
    for (const char *name; (name = shop_job_name(count)) != NULL; count++) {
        struct job_step said = step(s, name, STR_NONE);
        assert_false(said.failed || said.more);
    }
    assert_int_equal(count, 8);
}

/* What cannot be read is taken out of the way, counted over all steps, and told at the end. */
static void damaged_subscriptions_fail_the_run_whichever_step_met_them(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    for (int i = 0; i < 150; i++) {
        struct str id = arena_printf(s->arena, "s%03d", i);
        tx_put(work.tx, TABLE_SUBS_DUE,
               arena_printf(s->arena, "check/%016x/" STR_FMT, 1, STR_ARG(id)), STR("1"),
               STORE_NEVER);
        if (i < 2) {
            tx_put(work.tx, TABLE_SUBSCRIPTIONS, id, STR("{"), STORE_NEVER);
        }
    }
    assert_int_equal(tx_apply(work.tx), GB_OK);
    struct job_step first = step(s, "subscription_check", STR_NONE);
    assert_true(first.more && !first.failed);
    struct job_step last = step(s, "subscription_check", first.cursor);
    assert_true(!last.more && last.failed);
    assert_true(str_starts(last.why, STR("2 damaged")));
    assert_false(step(s, "subscription_check", STR_NONE).failed);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_stores_jobs_are_those_of_the_settings),
        T(an_index_that_is_due_asks_for_its_job_unless_it_is_paused),
        T(a_job_of_no_such_name_fails_and_says_so),
        T(every_job_of_the_table_can_take_a_step_in_an_empty_shop),
        T(damaged_subscriptions_fail_the_run_whichever_step_met_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* kill -9 for real: a process that works on jobs over LMDB is killed again and again, at any point;
 * each instant's two steps are done once nevertheless. */
#define GB_DOOR "forks, and a store in a temporary directory"
#include "state/jobs.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/num.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>

#define START INT64_C(1800000000000)
#define EVERY 1000
#define KILLS 25

struct shop {
    struct arena *arena;
    struct backend *backend;
    int64_t now_ms;
    char owner[16];
};

static void open_shop(struct shop *s, const char *directory, int life) {
    struct lmdb_options options = {.directory = directory};
    struct str why = STR_NONE;
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    s->now_ms = START;
    (void)snprintf(s->owner, sizeof s->owner, "life%d", life);
    if (lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why) != GB_OK) {
        fail_msg(STR_FMT, STR_ARG(why));
    }
}

static void close_shop(struct shop *s) {
    s->backend->ops->close(s->backend);
    arena_free(s->arena);
}

static struct work begin(struct shop *s) {
    return (struct work){
        .tx = tx_begin(s->backend, s->arena, s->now_ms), .arena = s->arena, .now_ms = s->now_ms};
}

static void commit(struct shop *s, struct work *work) {
    enum gb_err err = tx_apply(work->tx);
    gb_assert(err == GB_OK);
    err = s->backend->ops->sync(s->backend);
    gb_assert(err == GB_OK);
}

static int64_t count_of(struct work *work, const char *step, int64_t scheduled_ms) {
    struct str value, key = arena_printf(work->arena, "%s:%" PRId64, step, scheduled_ms);
    int64_t count = 0;
    if (tx_get(work->tx, TABLE_META, key, &value) == GB_OK) {
        gb_assert(num_i64(value, 0, 1000, &count) == GB_OK);
    }
    return count;
}

/* What the job does: it counts, in the rows of the transaction it runs in. */
static void do_step(struct work *work, const char *step, int64_t scheduled_ms) {
    int64_t count = count_of(work, step, scheduled_ms) + 1;
    tx_put(work->tx, TABLE_META, arena_printf(work->arena, "%s:%" PRId64, step, scheduled_ms),
           arena_printf(work->arena, "%" PRId64, count), STORE_NEVER);
}

static void go_on(struct shop *s, struct job_run *run) {
    struct job_event *events = NULL;
    struct job_result result = {.items = 1};
    if (run->cursor.n == 0) {
        struct work work = begin(s);
        do_step(&work, "first", run->scheduled_ms);
        gb_assert(job_progress(&work, run, STR("half"), 1, GB_HOUR_MS) == GB_OK);
        commit(s, &work);
    }
    struct work work = begin(s);
    do_step(&work, "second", run->scheduled_ms);
    gb_assert(job_finished(&work, run, &result, &events) == GB_OK);
    commit(s, &work);
}

/* One turn; the clock goes on a little, as far as the rows say it has come. */
static void turn(struct shop *s) {
    struct job_claim claim = {
        .owner = str_of(s->owner), .lease_ms = GB_HOUR_MS, .limit = 4, .alone = true};
    struct jobs_taken taken;
    struct job job;
    struct work work = begin(s);
    gb_assert(jobs_reap(&work, &claim, &taken) == GB_OK);
    commit(s, &work);
    for (size_t i = 0; i < taken.count; i++) {
        go_on(s, &taken.runs[i]);
    }
    work = begin(s);
    gb_assert(job_get(&work, STR("job"), &job) == GB_OK);
    s->now_ms = GB_MAX(s->now_ms, job.next_ms + EVERY); /* two instants a turn */
    work = begin(s);
    gb_assert(jobs_claim(&work, &claim, &taken) == GB_OK);
    commit(s, &work);
    for (size_t i = 0; i < taken.count; i++) {
        go_on(s, &taken.runs[i]);
    }
    arena_clear(s->arena);
}

static void live(const char *directory, int life, int out) {
    struct shop s;
    open_shop(&s, directory, life);
    ssize_t written = 1;
    while (written == 1) {
        turn(&s);
        written = write(out, ".", 1);
    }
    _exit(0);
}

/* Let it work for so many turns and kill it wherever it is then. */
static void live_and_die(const char *directory, int life) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        live(directory, life, ends[1]);
    }
    close(ends[1]);
    char dot;
    for (int turns = 0; turns < 3 + life % 7; turns++) {
        assert_int_equal(read(ends[0], &dot, 1), 1);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(ends[0]);
}

static void each_step_is_done_once_however_often_it_is_killed(void **state) {
    (void)state;
    char directory[] = "/tmp/gb-kill-XXXXXX";
    assert_non_null(mkdtemp(directory));
    struct shop s;
    open_shop(&s, directory, 0);
    struct work work = begin(&s);
    struct job job = {.id = STR("job"),
                      .kind = STR("k"),
                      .trigger = JOB_INTERVAL,
                      .every_ms = EVERY,
                      .history = 3};
    assert_int_equal(job_put(&work, &job, false, NULL), GB_OK);
    commit(&s, &work);
    close_shop(&s);
    for (int life = 1; life <= KILLS; life++) {
        live_and_die(directory, life);
    }
    open_shop(&s, directory, KILLS + 1);
    turn(&s); /* what the last one left is taken up */
    work = begin(&s);
    assert_int_equal(job_get(&work, STR("job"), &job), GB_OK);
    assert_int_equal(job.running, 0);
    int64_t instants = 0;
    for (int64_t ms = START + EVERY; ms < job.next_ms; ms += EVERY, instants++) {
        assert_int_equal(count_of(&work, "first", ms), 1);
        assert_int_equal(count_of(&work, "second", ms), 1);
    }
    assert_true(instants > 3 * KILLS);
    close_shop(&s);
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_done_once_however_often_it_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

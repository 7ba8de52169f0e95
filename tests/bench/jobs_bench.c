/* jobs_bench.c: what it costs to know when, and to have jobs waiting and running.
 *
 *     jobs_bench [WAITING]
 *
 * The second table: jobs added to, claimed from and finished in a durable store beside more and
 * more that wait, up to WAITING (100,000). Nothing is asserted but that the store says OK.
 */
#define GB_DOOR "a clock to read, a directory to make"
#include "base/arena.h"
#include "base/base.h"
#include "base/cron.h"
#include "base/num.h"
#include "base/zone.h"
#include "state/jobs.h"
#include "state/work.h"
#include "store/backend.h"

#define NOW   INT64_C(1800000000000)
#define BATCH 100
#define DUE   2000

struct bench {
    struct arena *arena;
    struct backend *backend;
    int64_t now_ms;
};

static void must(enum gb_err err, const char *what) {
    if (err != GB_OK) {
        fprintf(stderr, "jobs_bench: %s: %s\n", what, gb_err_name(err));
        exit(1);
    }
}

static int64_t mono_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* ---- when ---- */

static void time_cron(const char *text, const char *tz) {
    enum { ROUNDS = 200000 };
    struct cron cron;
    struct zone zone;
    must(cron_parse(str_of(text), &cron, NULL), text);
    must(zone_parse_posix(str_of(tz), &zone, NULL, NULL), tz);
    int64_t start = mono_ns(), at_ms = NOW;
    for (int i = 0; i < ROUNDS; i++) {
        at_ms = cron_next(&cron, &zone, at_ms);
        at_ms = at_ms > 4 * NOW ? NOW : at_ms;
    }
    printf("cron_next %-20s %-28s %8.0f ns\n", text, tz, (double)(mono_ns() - start) / ROUNDS);
}

static void time_parse(const char *text) {
    enum { ROUNDS = 200000 };
    struct cron cron;
    int64_t start = mono_ns();
    for (int i = 0; i < ROUNDS; i++) {
        must(cron_parse(str_of(text), &cron, NULL), text);
    }
    printf("cron_parse %-48s %8.0f ns\n", text, (double)(mono_ns() - start) / ROUNDS);
}

/* ---- jobs ---- */

static struct work begin(struct bench *b) {
    return (struct work){
        .tx = tx_begin(b->backend, b->arena, b->now_ms), .arena = b->arena, .now_ms = b->now_ms};
}

/* One turn: applied and synced. False: the map has grown, all of it must be done again. */
static bool end(struct bench *b, struct work *work) {
    enum gb_err err = tx_apply(work->tx);
    if (err == GB_OK) {
        err = b->backend->ops->sync(b->backend);
    }
    arena_clear(b->arena);
    if (err != GB_NO_SPACE) {
        must(err, "apply");
    }
    return err == GB_OK;
}

/* Jobs number `from` to `until`, one run each, `step_ms` apart. */
static void add(struct bench *b, const char *name, int64_t from, int64_t until, int64_t first_ms,
                int64_t step_ms) {
    while (from < until) {
        struct work work = begin(b);
        int64_t end_of_batch = GB_MIN(from + BATCH, until);
        for (int64_t i = from; i < end_of_batch; i++) {
            struct job job = {.id = arena_printf(b->arena, "%s:%" PRId64, name, i),
                              .kind = STR("remind"),
                              .args = STR("{\"subscription\":\"s000000000000\"}"),
                              .trigger = JOB_DATE,
                              .at_ms = first_ms + i * step_ms};
            must(job_put(&work, &job, false, NULL), "put");
        }
        if (end(b, &work)) {
            from = end_of_batch;
        }
    }
}

/* Claim what is due and end it, in the same transaction or in one more. */
static void run_due(struct bench *b, bool in_one) {
    struct job_claim claim = {.owner = STR("bench"), .lease_ms = GB_MINUTE_MS, .limit = BATCH};
    struct job_result result = {.items = 1};
    bool more = true;
    while (more) {
        struct work work = begin(b);
        struct work *last = &work;
        struct jobs_taken taken;
        must(jobs_claim(&work, &claim, &taken), "claim");
        struct work second;
        if (!in_one) {
            must(tx_apply(work.tx), "apply");
            must(b->backend->ops->sync(b->backend), "sync");
            second = begin(b);
            last = &second;
        }
        for (size_t i = 0; i < taken.count; i++) {
            must(job_finished(last, &taken.runs[i], &result, &taken.events), "finish");
        }
        more = taken.more;
        (void)end(b, last);
    }
}

static long anonymous_kb(void) {
    char line[128];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kb = strtol(line + 8, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kb;
}

static double next_due_us(struct bench *b) {
    enum { ROUNDS = 1000 };
    int64_t start = mono_ns(), at_ms;
    for (int i = 0; i < ROUNDS; i++) {
        struct work work = begin(b);
        must(jobs_next_due(&work, &at_ms), "next due");
        arena_clear(b->arena);
    }
    return (double)(mono_ns() - start) / ROUNDS / 1e3;
}

static void row(struct bench *b, int64_t waiting) {
    int64_t start = mono_ns();
    add(b, "now", 0, DUE, NOW - DUE, 1);
    int64_t added = mono_ns();
    run_due(b, true);
    int64_t ran = mono_ns();
    add(b, "now", 0, DUE, NOW - DUE, 1);
    int64_t again = mono_ns();
    run_due(b, false);
    int64_t over = mono_ns();
    printf("%-10" PRId64 " %12.0f %16.0f %20.0f %14.1f %10ld\n", waiting,
           DUE * 1e9 / (double)(added - start), DUE * 1e9 / (double)(ran - added),
           DUE * 1e9 / (double)(over - again), next_due_us(b), anonymous_kb());
}

int main(int argc, char **argv) {
    struct bench b = {.arena = arena_new(64 * 1024, (size_t)64 * 1024 * 1024), .now_ms = NOW};
    int64_t most = 100000;
    if (argc > 1) {
        must(num_i64(str_of(argv[1]), 1, 100000000, &most), "WAITING");
    }
    time_parse("*/10 9-18 L-2,15 JAN-MAR FRI#2");
    time_cron("*/10 * * * *", "MSK-3");
    time_cron("*/10 * * * *", "CET-1CEST,M3.5.0,M10.5.0/3");
    time_cron("0 9 * * *", "MSK-3");
    time_cron("0 9 * * *", "CET-1CEST,M3.5.0,M10.5.0/3");
    time_cron("0 9 L * FRI#2", "CET-1CEST,M3.5.0,M10.5.0/3");
    time_cron("0 0 29 2 *", "CET-1CEST,M3.5.0,M10.5.0/3");

    char fresh[] = "/tmp/jobs-bench-XXXXXX";
    struct lmdb_options options = {
        .directory = mkdtemp(fresh), .map_bytes_first = (size_t)1 << 30, .durable = true};
    struct str why = STR_NONE;
    must(lmdb_open(&options, store_tables, TABLE_COUNT, b.arena, &b.backend, &why), "open");
    arena_clear(b.arena);
    printf("\n%d jobs a turn, durable\n%-10s %12s %16s %20s %14s %10s\n", BATCH, "waiting",
           "added/s", "run at once/s", "claimed, ended/s", "next due us", "anon KB");
    int64_t added = 0;
    for (int64_t waiting = 1000; waiting <= most; waiting *= 10) {
        add(&b, "wait", added, waiting, NOW + GB_DAY_MS, 1000);
        added = waiting;
        row(&b, waiting);
    }
    b.backend->ops->close(b.backend);
    arena_free(b.arena);
    static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", fresh, files[i]);
        unlink(path);
    }
    rmdir(fresh);
    return 0;
}

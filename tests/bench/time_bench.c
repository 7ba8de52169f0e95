/* time_bench.c: timers in the wheel beside a binary heap; reminders beside more and more
 * subscriptions that are not due.
 *
 *     time_bench [TIMERS] [SUBSCRIPTIONS]
 *
 * The first table up to TIMERS (1,000,000), the second up to SUBSCRIPTIONS (100,000). Both hold
 * what they hand out against what went in; nothing else is asserted.
 */
#define GB_DOOR "a clock to read, a directory to make"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/num.h"
#include "base/schedule.h"
#include "io/wheel.h"
#include "shop/due.h"
#include "shop/subscriptions.h"
#include "shop/users.h"
#include "state/notices.h"
#include "state/work.h"
#include "store/backend.h"

#define NOW      INT64_C(1800000000000)
#define SPAN_MS  (GB_HOUR_MS)
#define DUE_SUBS 1000
#define BATCH    100

static int64_t mono_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void must(bool fine, const char *what) {
    if (!fine) {
        fprintf(stderr, "time_bench: %s\n", what);
        exit(1);
    }
}

static uint64_t chance(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return *state >> 20;
}

/* ---- a binary heap, as one would write it ---- */

struct heap_timer {
    int64_t expires_ms;
    size_t at; /* in the heap; SIZE_MAX: stopped */
};

struct heap {
    struct heap_timer **timers;
    size_t count;
};

static void heap_set(struct heap *heap, size_t at, struct heap_timer *timer) {
    heap->timers[at] = timer;
    timer->at = at;
}

static void heap_up(struct heap *heap, size_t at) {
    struct heap_timer *timer = heap->timers[at];
    while (at > 0 && heap->timers[(at - 1) / 2]->expires_ms > timer->expires_ms) {
        heap_set(heap, at, heap->timers[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(heap, at, timer);
}

static void heap_down(struct heap *heap, size_t at) {
    struct heap_timer *timer = heap->timers[at];
    for (size_t child = 2 * at + 1; child < heap->count; child = 2 * at + 1) {
        child += child + 1 < heap->count &&
                 heap->timers[child + 1]->expires_ms < heap->timers[child]->expires_ms;
        if (heap->timers[child]->expires_ms >= timer->expires_ms) {
            break;
        }
        heap_set(heap, at, heap->timers[child]);
        at = child;
    }
    heap_set(heap, at, timer);
}

static void heap_start(struct heap *heap, struct heap_timer *timer, int64_t expires_ms) {
    timer->expires_ms = expires_ms;
    heap->timers[heap->count] = timer;
    heap_up(heap, heap->count++);
}

static void heap_stop(struct heap *heap, struct heap_timer *timer) {
    struct heap_timer *last = heap->timers[--heap->count];
    if (last != timer) {
        size_t at = timer->at;
        heap_set(heap, at, last);
        heap_up(heap, at);
        heap_down(heap, last->at);
    }
    timer->at = SIZE_MAX;
}

/* ---- timers: all started, half of them stopped; the rest expires, from one instant to the next
 * ----
 */

static double time_wheel(size_t count) {
    struct wheel wheel;
    struct wheel_timer *timers = calloc(count, sizeof *timers);
    uint64_t state = count;
    size_t taken = 0;
    must(timers != NULL, "no memory");
    int64_t start = mono_ns();
    wheel_init(&wheel, NOW);
    for (size_t i = 0; i < count; i++) {
        wheel_start(&wheel, &timers[i], NOW + 1 + (int64_t)(chance(&state) % SPAN_MS));
    }
    for (size_t i = 0; i < count; i += 2) {
        wheel_stop(&wheel, &timers[i]);
    }
    for (int64_t now_ms = NOW; wheel.count > 0; now_ms = wheel_next_ms(&wheel)) {
        wheel_advance(&wheel, now_ms);
        while (wheel_take(&wheel) != NULL) {
            taken++;
        }
    }
    double ns = (double)(mono_ns() - start) / (double)count;
    must(taken == count / 2, "the wheel lost timers");
    free(timers);
    return ns;
}

static double time_heap(size_t count) {
    struct heap_timer *timers = calloc(count, sizeof *timers);
    struct heap heap = {.timers = calloc(count, sizeof *heap.timers)};
    uint64_t state = count;
    size_t taken = 0;
    must(timers != NULL && heap.timers != NULL, "no memory");
    int64_t start = mono_ns();
    for (size_t i = 0; i < count; i++) {
        heap_start(&heap, &timers[i], NOW + 1 + (int64_t)(chance(&state) % SPAN_MS));
    }
    for (size_t i = 0; i < count; i += 2) {
        heap_stop(&heap, &timers[i]);
    }
    while (heap.count > 0) {
        int64_t now_ms = heap.timers[0]->expires_ms;
        while (heap.count > 0 && heap.timers[0]->expires_ms <= now_ms) {
            heap_stop(&heap, heap.timers[0]);
            taken++;
        }
    }
    double ns = (double)(mono_ns() - start) / (double)count;
    must(taken == count / 2, "the heap lost timers");
    free(heap.timers);
    free(timers);
    return ns;
}

/* ---- reminders ---- */

struct bench {
    struct arena *arena;
    struct backend *backend;
    struct config config;
    uint64_t order;
};

static struct work begin(struct bench *b, int64_t now_ms, struct rng *rng) {
    static const uint8_t secret[SHA256_BYTES] = {1};
    rng_init(rng, secret, STR("bench"));
    return (struct work){.tx = tx_begin(b->backend, b->arena, now_ms),
                         .arena = b->arena,
                         .now_ms = now_ms,
                         .rng = rng,
                         .config = &b->config,
                         .order = b->order};
}

/* False: the map has grown, all of it must be done again. */
static bool end(struct bench *b, struct work *work) {
    enum gb_err err = tx_apply(work->tx);
    if (err == GB_OK) {
        err = b->backend->ops->sync(b->backend);
    }
    b->order = work->order;
    arena_clear(b->arena);
    must(err == GB_OK || err == GB_NO_SPACE, "apply");
    return err == GB_OK;
}

static void put(struct work *work, int64_t number, int64_t starts_ms, int64_t days) {
    struct user user;
    struct subscription subscription = {
        .id = arena_printf(work->arena, "s%011" PRId64, number),
        .user = number + 1,
        .order = STR("o00000000000"),
        .server = STR("de1"),
        .location = STR("de"),
        .uuid = STR("00000000-0000-4000-8000-000000000000"),
        .state = SUBSCRIPTION_ACTIVE,
        .starts_ms = starts_ms,
        .target_expires_ms = starts_ms + days * GB_DAY_MS,
        .traffic_gb = 50,
    };
    must(user_meet(work, &(struct user_hello){.id = number + 1, .name = STR("A")}, &user) == GB_OK,
         "meet");
    must(due_begin(work, &subscription) == GB_OK, "plan");
    subscription_put(work, &subscription);
}

/* From `from` to `until`, which begin one after the other. */
static void add(struct bench *b, int64_t from, int64_t until, int64_t starts_ms, int64_t days) {
    while (from < until) {
        struct rng rng;
        struct work work = begin(b, starts_ms, &rng);
        int64_t last = GB_MIN(from + BATCH, until);
        for (int64_t i = from; i < last; i++) {
            put(&work, i, starts_ms, days);
        }
        if (end(b, &work)) {
            from = last;
        }
    }
}

static void run_due(struct bench *b, int64_t now_ms, size_t *ret_told) {
    struct due_batch batch = {.seen = BATCH};
    while (batch.seen == BATCH) {
        struct rng rng;
        struct work work = begin(b, now_ms, &rng);
        must(due_run(&work, DUE_REMIND, BATCH, &batch) == GB_OK, "run");
        for (const struct notice_node *node = work.told; node != NULL; node = node->next) {
            notice_end(&work, &node->notice);
            (*ret_told)++;
        }
        must(end(b, &work), "the map grew in a measured run: use a larger one");
    }
}

static void reminders(struct bench *b, int64_t most) {
    printf("\nreminders: %d due, %d a turn, durable\n%-14s %12s %14s %12s\n", DUE_SUBS, BATCH,
           "subscriptions", "run ms", "us a reminder", "next due us");
    int64_t there = 0, number = most;
    for (int64_t count = 10000; count <= most; count *= 10) {
        /* The many end in three years; the due ones three days from a morning of their own. */
        add(b, there, count, NOW, 1000);
        there = count;
        int64_t starts_ms = NOW + number * GB_SECOND_MS;
        add(b, number, number + DUE_SUBS, starts_ms, 30);
        number += DUE_SUBS;
        size_t told = 0;
        int64_t start = mono_ns();
        run_due(b, starts_ms + 28 * GB_DAY_MS, &told);
        int64_t over = mono_ns();
        must(told == DUE_SUBS, "not all were reminded once");
        int64_t next_ms;
        struct rng rng;
        struct work work = begin(b, NOW, &rng);
        int64_t asked = mono_ns();
        must(due_next(&work, DUE_REMIND, &next_ms) == GB_OK, "next");
        double next_us = (double)(mono_ns() - asked) / 1e3;
        arena_clear(b->arena);
        printf("%-14" PRId64 " %12.1f %14.1f %12.1f\n", count, (double)(over - start) / 1e6,
               (double)(over - start) / 1e3 / DUE_SUBS, next_us);
    }
}

int main(int argc, char **argv) {
    struct bench b = {.arena = arena_new(64 * 1024, (size_t)64 * 1024 * 1024), .order = 1};
    static const int64_t days[] = {3, 1, 0};
    int64_t timers = 1000000, subscriptions = 100000;
    must(argc <= 1 || num_i64(str_of(argv[1]), 1, 100000000, &timers) == GB_OK, "TIMERS");
    must(argc <= 2 || num_i64(str_of(argv[2]), 1, 100000000, &subscriptions) == GB_OK,
         "SUBSCRIPTIONS");
    printf("%-10s %14s %14s %8s    start, half stopped, half expired: ns a timer\n", "timers",
           "wheel", "binary heap", "ratio");
    for (int64_t count = 1000; count <= timers; count *= count < 100000 ? 100 : 10) {
        double wheel = time_wheel((size_t)count), heap = time_heap((size_t)count);
        printf("%-10" PRId64 " %14.1f %14.1f %8.2f\n", count, wheel, heap, heap / wheel);
    }
    char fresh[] = "/tmp/time-bench-XXXXXX";
    struct lmdb_options options = {
        .directory = mkdtemp(fresh), .map_bytes_first = (size_t)4 << 30, .durable = true};
    struct str why = STR_NONE;
    must(lmdb_open(&options, store_tables, TABLE_COUNT, b.arena, &b.backend, &why) == GB_OK,
         "open");
    arena_clear(b.arena);
    must(schedule_parse(STR("0 9 * * *"), &b.config.schedule.subscription_reminders, NULL) == GB_OK,
         "schedule");
    b.config.reminders.days = (struct int64_list){days, GB_COUNT(days)};
    b.config.expiry.grace_ms = 7 * GB_DAY_MS;
    reminders(&b, subscriptions);
    b.backend->ops->close(b.backend);
    arena_free(b.arena);
    static const char *const files[] = {"store.mdb", "lock"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", fresh, files[i]);
        unlink(path);
    }
    rmdir(fresh);
    return 0;
}

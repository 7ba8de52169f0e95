/* store_bench.c: what a view, an apply and a commit of the store cost, on LMDB and on Redis.
 *
 *     store_bench [DIRECTORY [USERS [REDIS_PORT REDIS_SOCKET REDIS_SOCKET_THAT_SYNCS]]]
 *
 * A view here is what a press of a button is to the store: five reads (seen, two FSM rows, a
 * person, an order) and five writes (the first three again, a row into the outbox, one out of it).
 * Commits are durable, so the last table is about the disk under DIRECTORY (default: a fresh one in
 * /tmp, also ""). tests/bench/run starts two fresh redis-servers: one with appendfsync everysec, by
 * TCP and by its socket, one with appendfsync always. Nothing is asserted but that the store says
 * OK.
 */
#define GB_DOOR "a clock to read, a directory to make"
#include "base/arena.h"
#include "base/base.h"
#include "base/num.h"
#include "store/backend.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define NOW         INT64_C(1800000000000)
#define USERS       20000
#define PERSON_SIZE 300
#define DATA_SIZE   120
#define CALL_SIZE   250
#define FILL        500

enum { SEEN, FSM, PEOPLE, ORDERS, OUTBOX, TABLES };

static const struct store_table tables[TABLES] = {
    {"seen", 3}, {"fsm", 0}, {"people", 3}, {"orders", 3}, {"outbox", 3},
};

struct bench {
    struct backend *backend;
    struct arena *arena;
    char text[512];
    uint64_t users, update, state;
    bool durable;
};

static void must(enum gb_err err, const char *what) {
    if (err != GB_OK) {
        fprintf(stderr, "store_bench: %s: %s\n", what, gb_err_name(err));
        exit(1);
    }
}

static int64_t mono_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* xorshift64: the same people in the same order each time. */
static uint64_t draw(struct bench *b, uint64_t bound) {
    b->state ^= b->state << 13;
    b->state ^= b->state >> 7;
    b->state ^= b->state << 17;
    return b->state % bound;
}

static struct str text(struct bench *b, size_t bytes) {
    return (struct str){b->text, bytes};
}

static struct str key(struct bench *b, const char *prefix, uint64_t number, const char *suffix) {
    struct buf buf;
    buf_init(&buf, b->arena, 80);
    buf_add_text(&buf, prefix);
    buf_add_i64(&buf, (int64_t)number);
    buf_add_text(&buf, suffix);
    return buf_str(&buf);
}

static struct str queue_key(struct bench *b, uint64_t number) {
    struct buf buf;
    buf_init(&buf, b->arena, 80);
    buf_add(&buf, STR("telegram/"));
    buf_add_hex64(&buf, number);
    return buf_str(&buf);
}

static void look(struct tx *tx, int table, struct str wanted) {
    struct str value;
    enum gb_err err = tx_get(tx, table, wanted, &value);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        must(err, "get");
    }
}

/* One press of a button. */
static void press(struct bench *b) {
    uint64_t user = UINT64_C(100000000) + draw(b, b->users);
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    struct str seen = key(b, "", b->update / 64, "");
    struct str fsm_state = key(b, "fsm:", user, ":state"), fsm_data = key(b, "fsm:", user, ":data");
    look(tx, SEEN, seen);
    look(tx, FSM, fsm_state);
    look(tx, FSM, fsm_data);
    look(tx, PEOPLE, key(b, "", user, ""));
    look(tx, ORDERS, key(b, "o", user, ""));
    tx_put(tx, SEEN, seen, text(b, 16), NOW + GB_DAY_MS);
    /* Whole minutes, as the dialogs do it: a minute is about 10,000 presses here. */
    int64_t until = NOW + GB_HOUR_MS + (int64_t)(b->update / 10000) * GB_MINUTE_MS;
    tx_put(tx, FSM, fsm_state, text(b, 20), until);
    tx_put(tx, FSM, fsm_data, text(b, DATA_SIZE), until);
    tx_put(tx, OUTBOX, queue_key(b, b->update), text(b, CALL_SIZE), STORE_NEVER);
    if (b->update >= 100) {
        tx_del(tx, OUTBOX, queue_key(b, b->update - 100));
    }
    b->update++;
    must(tx_apply(tx), "apply");
}

static void turn_end(struct bench *b) {
    must(b->backend->ops->sync(b->backend), "sync");
}

/* FILL people a transaction: on a server that syncs each, one for each person would take minutes.
 */
static void fill(struct bench *b) {
    for (uint64_t from = 0; from < b->users;) {
        struct tx *tx = tx_begin(b->backend, b->arena, NOW);
        uint64_t until = GB_MIN(from + FILL, b->users);
        for (uint64_t i = from; i < until; i++) {
            uint64_t user = UINT64_C(100000000) + i;
            tx_put(tx, PEOPLE, key(b, "", user, ""), text(b, PERSON_SIZE), STORE_NEVER);
            tx_put(tx, ORDERS, key(b, "o", user, ""), text(b, PERSON_SIZE), STORE_NEVER);
        }
        enum gb_err err = tx_apply(tx);
        if (err == GB_OK) {
            err = b->backend->ops->sync(b->backend);
        }
        if (err != GB_NO_SPACE) { /* LMDB's map has grown: again */
            must(err, "fill");
            from = until;
        }
        arena_clear(b->arena);
    }
}

static void open_store(struct bench *b, const char *directory, bool durable) {
    struct lmdb_options options = {
        .directory = directory, .map_bytes_first = (size_t)1 << 30, .durable = durable};
    struct str why = STR_NONE;
    if (lmdb_open(&options, tables, TABLES, b->arena, &b->backend, &why) != GB_OK) {
        fprintf(stderr, "store_bench: " STR_FMT "\n", STR_ARG(why));
        exit(1);
    }
    arena_clear(b->arena);
}

/* ---- single steps, without the disk ---- */

static bool take_row(void *ctx, struct str row_key, struct str value) {
    *(size_t *)ctx += row_key.n + value.n;
    return true;
}

enum step { STEP_VIEW, STEP_HIT, STEP_AGAIN, STEP_MISS, STEP_SCAN, STEP_EMPTY_TURN };

static void do_step(struct bench *b, enum step step, struct tx *tx) {
    uint64_t user = UINT64_C(100000000) + draw(b, b->users);
    size_t bytes = 0;
    switch (step) {
    case STEP_VIEW:
        press(b);
        break;
    case STEP_HIT:
        look(tx, PEOPLE, key(b, "", user, ""));
        break;
    case STEP_AGAIN:
        look(tx, PEOPLE, STR("100000000"));
        break;
    case STEP_MISS:
        look(tx, PEOPLE, key(b, "none", user, ""));
        break;
    case STEP_SCAN:
        must(tx_scan(tx, PEOPLE, key(b, "", user, ""), STR_NONE, 10, take_row, &bytes), "scan");
        break;
    case STEP_EMPTY_TURN:
        look(tx, PEOPLE, STR("100000000"));
        turn_end(b);
        break;
    }
}

static double time_step(struct bench *b, enum step step, int rounds) {
    int64_t spent = 0;
    int total = 0;
    for (int i = 0; i < rounds; i++) {
        struct tx *tx = tx_begin(b->backend, b->arena, NOW);
        int64_t start = mono_ns();
        for (int k = 0; k < 100; k++) {
            do_step(b, step, step == STEP_EMPTY_TURN ? tx_begin(b->backend, b->arena, NOW) : tx);
        }
        spent += mono_ns() - start;
        total += 100;
        turn_end(b);
        arena_clear(b->arena);
    }
    return (double)spent / total;
}

static const struct {
    const char *name;
    enum step step;
    int rounds; /* of 100, on LMDB; a round trip wants fewer */
} all_steps[] = {
    {"get of one of many rows, keys made", STEP_HIT, 2000},
    {"get of the same row again", STEP_AGAIN, 2000},
    {"get of a row that is not there", STEP_MISS, 2000},
    {"scan of 10 rows", STEP_SCAN, 1000},
    {"turn of one read (open, get, sync)", STEP_EMPTY_TURN, 1000},
    {"view of 5 reads and 5 writes, applied", STEP_VIEW, 500},
};

/* ---- on Redis ---- */

#define REDIS_SHARE 20 /* so many times fewer rounds */

struct redis_way {
    const char *name;
    struct redis_options options;
    struct backend *backend; /* NULL: not asked for */
};

static void open_redis(struct bench *b, struct redis_way *way) {
    struct str why = STR_NONE;
    way->options.command_ms = 10000;
    if (redis_open(&way->options, tables, TABLES, b->arena, &way->backend, &why) != GB_OK) {
        fprintf(stderr, "store_bench: " STR_FMT "\n", STR_ARG(why));
        exit(1);
    }
    arena_clear(b->arena);
}

/* The same steps on each, one beside the other. */
static void steps(struct bench *b, struct redis_way *ways, size_t way_count) {
    struct backend *lmdb = b->backend;
    printf("%-40s %12s", "ns", "LMDB");
    for (size_t w = 0; w < way_count; w++) {
        printf(" %12s", ways[w].name);
    }
    printf("\n");
    for (size_t i = 0; i < GB_COUNT(all_steps); i++) {
        printf("%-40s %12.0f", all_steps[i].name,
               time_step(b, all_steps[i].step, all_steps[i].rounds));
        for (size_t w = 0; w < way_count; w++) {
            b->backend = ways[w].backend;
            printf(" %12.0f", time_step(b, all_steps[i].step, all_steps[i].rounds / REDIS_SHARE));
        }
        b->backend = lmdb;
        printf("\n");
    }
}

/* ---- whole turns, with the disk ---- */

static void turns(struct bench *b, int batch, int64_t budget_ns) {
    int64_t start = mono_ns(), in_sync = 0;
    int count = 0;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    while (mono_ns() - start < budget_ns) {
        for (int i = 0; i < batch; i++) {
            press(b);
            arena_clear(b->arena);
        }
        int64_t at = mono_ns();
        turn_end(b);
        in_sync += mono_ns() - at;
        count++;
    }
    getrusage(RUSAGE_SELF, &after);
    double seconds = (double)(mono_ns() - start) / 1e9, views = (double)count * batch;
    double cpu_us = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec +
                             after.ru_stime.tv_sec - before.ru_stime.tv_sec) *
                        1e6 +
                    (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec +
                             after.ru_stime.tv_usec - before.ru_stime.tv_usec);
    printf("%-10d %12.0f %12.0f %14.1f %14.2f\n", batch, count / seconds, views / seconds,
           (double)in_sync / count / 1e3, cpu_us / views);
}

static void turn_table(struct bench *b, const char *title, int64_t budget_ns) {
    static const int batches[] = {1, 10, 100};
    printf("\n%s\n%-10s %12s %12s %14s %14s\n", title, "views/turn", "turns/s", "views/s",
           "us/sync", "CPU us/view");
    for (size_t i = 0; i < GB_COUNT(batches); i++) {
        turns(b, batches[i], budget_ns);
    }
}

/* Megabytes of this process in memory that belong to files: the map above all. */
static double mapped_mb(void) {
    char line[128];
    long total = 0, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fgets(line, sizeof line, file) != NULL) {
            char *end;
            total = strtol(line, &end, 10);
            resident = strtol(end, &end, 10);
            shared = strtol(end, &end, 10);
        }
        fclose(file);
    }
    (void)total, (void)resident;
    return (double)shared * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void memory(struct bench *b) {
    struct lmdb_stats stats;
    lmdb_stats(b->backend, &stats);
    printf("\nmapped file pages after %s reads, of a store of %.0f MB\n", "random",
           (double)stats.used_bytes / 1048576);
    for (int reads = 0; reads <= 100000; reads = reads == 0 ? 100 : reads * 10) {
        double most = 0;
        int64_t start = mono_ns();
        for (int i = 0; i < reads; i++) {
            do_step(b, STEP_HIT, tx_begin(b->backend, b->arena, NOW));
            arena_clear(b->arena);
            if (i % 10 == 9) {
                turn_end(b);
            }
            if (i % 100 == 99) {
                most = GB_MAX(most, mapped_mb());
            }
        }
        printf("%8d reads: %6.1f MB now, %6.1f MB at most, %6.0f ns each\n", reads, mapped_mb(),
               most, reads > 0 ? (double)(mono_ns() - start) / reads : 0.0);
    }
}

/* The same on each server: a turn is as many transactions as it has views, none of them grouped. */
static void redis_turns(struct bench *b, const struct redis_way *ways, size_t way_count) {
    struct backend *lmdb = b->backend;
    for (size_t w = 0; w < way_count; w++) {
        char title[80];
        (void)snprintf(title, sizeof title, "turns, %s", ways[w].name);
        b->backend = ways[w].backend;
        turn_table(b, title, INT64_C(1000000000));
    }
    b->backend = lmdb;
}

/* The words behind USERS; how many servers there are. */
static size_t redis_ways(struct bench *b, int argc, char **argv, struct redis_way ways[3]) {
    if (argc < 6) {
        return 0;
    }
    int64_t port;
    must(num_i64(str_of(argv[3]), 1, 65535, &port), "REDIS_PORT");
    ways[0] = (struct redis_way){.name = "Redis TCP", .options.port = (int)port};
    ways[1] = (struct redis_way){.name = "Redis socket", .options.socket_path = argv[4]};
    ways[2] = (struct redis_way){.name = "Redis fsync", .options.socket_path = argv[5]};
    for (size_t w = 0; w < 3; w++) {
        open_redis(b, &ways[w]);
        if (w != 1) { /* the same server as before */
            struct backend *lmdb = b->backend;
            b->backend = ways[w].backend;
            fill(b);
            b->backend = lmdb;
        }
    }
    return 3;
}

int main(int argc, char **argv) {
    struct bench b = {.users = USERS, .update = 1000000, .state = 88172645463325252};
    char fresh[] = "/tmp/store-bench-XXXXXX";
    bool named = argc > 1 && argv[1][0] != '\0';
    const char *directory = named ? argv[1] : mkdtemp(fresh);
    if (argc > 2) {
        int64_t users;
        must(num_i64(str_of(argv[2]), 1, 100000000, &users), "USERS");
        b.users = (uint64_t)users;
    }
    memset(b.text, 'x', sizeof b.text);
    b.arena = arena_new(64 * 1024, (size_t)64 * 1024 * 1024);
    struct redis_way ways[3];
    size_t way_count = redis_ways(&b, argc, argv, ways);
    open_store(&b, directory, false);
    fill(&b);
    steps(&b, ways, way_count);
    turn_table(&b, "turns, LMDB, not durable", INT64_C(1000000000));
    b.backend->ops->close(b.backend);
    open_store(&b, directory, true);
    turn_table(&b, "turns, LMDB, durable", INT64_C(2000000000));
    redis_turns(&b, ways, way_count);
    for (size_t w = 0; w < way_count; w++) {
        ways[w].backend->ops->close(ways[w].backend);
    }
    b.backend->ops->close(b.backend);
    open_store(&b, directory, true);
    memory(&b);
    b.backend->ops->close(b.backend);
    arena_free(b.arena);
    if (!named) {
        char path[64];
        static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock"};
        for (size_t i = 0; i < GB_COUNT(files); i++) {
            (void)snprintf(path, sizeof path, "%s/%s", directory, files[i]);
            unlink(path);
        }
        rmdir(directory);
    }
    return 0;
}

/* state_bench.c: dialogs, limits, kept lists and pictures, on LMDB and on Redis; and stores that
 * grow.
 *
 *     state_bench DIRECTORY [REDIS_PORT REDIS_SOCKET]
 *
 * Views are applied, not synced: what a sync costs is store_bench's matter. Nothing is asserted but
 * that the store says OK.
 */
#define GB_DOOR "a clock to read"
#include "base/arena.h"
#include "base/base.h"
#include "base/num.h"
#include "bot/picture.h"
#include "shop/catalog.h"
#include "shop/records.h"
#include "shop/subscriptions.h"
#include "state/cache.h"
#include "state/dialogs.h"
#include "state/limits.h"
#include "state/work.h"
#include "store/backend.h"

#define NOW    INT64_C(1800000000000)
#define PEOPLE 1000
#define PLACES 8
#define ROUNDS 2000

struct bench {
    struct backend *backend;
    struct arena *arena;
    struct config config;
    struct rng rng;
    int64_t now_ms;
    bool kept; /* lists */
};

static void must(enum gb_err err, const char *what) {
    if (err != GB_OK) {
        fprintf(stderr, "state_bench: %s: %s\n", what, gb_err_name(err));
        exit(1);
    }
}

static int64_t mono_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static double resident_mb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1) {
        exit(1);
    }
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static struct work begin(struct bench *b) {
    return (struct work){
        .tx = tx_begin(b->backend, b->arena, b->now_ms),
        .arena = b->arena,
        .now_ms = b->now_ms,
        .config = &b->config,
        .rng = &b->rng,
        .is_shared = b->kept,
    };
}

/* ---- one view of each kind ---- */

static void one_dialog(struct bench *b, int64_t round) {
    struct work work = begin(b);
    struct dialog_where where = {.chat = round % PEOPLE, .user = round % PEOPLE};
    struct dialog dialog;
    must(dialog_read(&work, &where, &dialog), "dialog");
    dialog_write(&work, &where, STR("Buy:tariff"), STR("{\"message\":12345,\"about\":\"de\"}"));
    must(tx_apply(work.tx), "dialog");
}

static void one_limit(struct bench *b, int64_t round) {
    struct work work = begin(b);
    int64_t wait_ms;
    must(limit_take(&work, LIMIT_PRESSES, round % PEOPLE, false, &wait_ms), "limit");
    must(tx_apply(work.tx), "limit");
}

static void one_catalog(struct bench *b, int64_t round) {
    struct work work = begin(b);
    const struct location *locations;
    const struct tariff *tariffs;
    size_t count;
    must(catalog_locations(&work, &locations, &count), "locations");
    must(catalog_tariffs(&work, locations[(size_t)round % count].id, &tariffs, &count), "tariffs");
    must(tx_apply(work.tx), "catalog");
}

static void one_list(struct bench *b, int64_t round) {
    struct work work = begin(b);
    const struct subscription *subscriptions;
    size_t count;
    must(subscription_list(&work, round % PEOPLE, &subscriptions, &count), "subscriptions");
    must(tx_apply(work.tx), "subscriptions");
}

static double us_each(struct bench *b, void (*one)(struct bench *, int64_t)) {
    one(b, 0); /* fills what is kept */
    int64_t start_ns = mono_ns();
    for (int64_t round = 0; round < ROUNDS; round++) {
        one(b, round);
        arena_clear(b->arena);
        b->now_ms += 10;
    }
    must(b->backend->ops->sync(b->backend), "sync");
    return (double)(mono_ns() - start_ns) / ROUNDS / 1000;
}

/* ---- a small shop ---- */

static struct config_location places[PLACES];
static struct config_server servers[PLACES];
static struct config_tariff tariffs[4];
static char ids[PLACES][4];

static void make_config(struct bench *b) {
    struct config *config = &b->config;
    for (size_t i = 0; i < PLACES; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "p%zu", i);
        places[i] = (struct config_location){.id = str_of(ids[i]), .name = STR("A place to be")};
        servers[i] = (struct config_server){.id = str_of(ids[i]),
                                            .location = str_of(ids[i]),
                                            .panel = STR("https://panel.example.com/AdminPath"),
                                            .user_link = STR("https://panel.example.com/Path")};
    }
    for (size_t i = 0; i < GB_COUNT(tariffs); i++) {
        tariffs[i] = (struct config_tariff){
            .id = str_of(ids[i]), .days = 30, .traffic_gb = 50, .price = STR("149"), .stars = 99};
    }
    *config = (struct config){.locations = places,
                              .location_count = PLACES,
                              .servers = servers,
                              .server_count = PLACES,
                              .tariffs = tariffs,
                              .tariff_count = GB_COUNT(tariffs)};
    config->shop.currency = STR("RUB");
    config->shop.dialog_ms = GB_HOUR_MS;
    config->limits.presses = (struct rate){1000000, GB_MINUTE_MS};
    config->cache.locations = config->cache.tariffs = 5 * GB_MINUTE_MS;
    config->cache.subscriptions = 2 * GB_MINUTE_MS;
}

static void fill_shop(struct bench *b) {
    struct work work = begin(b);
    struct str why;
    must(catalog_seed(&work, &why), "catalog");
    for (int64_t user = 0; user < PEOPLE; user++) {
        for (int n = 0; n < 3; n++) {
            struct subscription subscription = {
                .id = arena_printf(b->arena, "s%" PRId64 "x%d", user, n),
                .user = user,
                .location = STR("p0"),
                .server = STR("p0"),
                .uuid = STR("53eb5e6f-cf8d-4a82-a9ef-a998321f5b35"),
                .starts_ms = NOW + n,
            };
            subscription_put(&work, &subscription);
            tx_put(work.tx, TABLE_USER_SUBS, subscription_user_key(b->arena, &subscription),
                   subscription.id, STORE_NEVER);
        }
    }
    must(tx_apply(work.tx), "shop");
    must(b->backend->ops->sync(b->backend), "shop");
    arena_clear(b->arena);
}

static void kinds(struct bench *b, const char *name) {
    b->now_ms = NOW;
    b->kept = false;
    fill_shop(b);
    double dialog = us_each(b, one_dialog), limit = us_each(b, one_limit);
    double catalog = us_each(b, one_catalog), list = us_each(b, one_list);
    b->kept = true;
    double catalog_kept = us_each(b, one_catalog), list_kept = us_each(b, one_list);
    printf("%-14s%12.1f%12.1f%12.1f%12.1f%8.2f%12.1f%12.1f%8.2f\n", name, dialog, limit, catalog,
           catalog_kept, catalog / catalog_kept, list, list_kept, list / list_kept);
}

/* ---- pictures ---- */

static void pictures(struct bench *b) {
    struct str link = STR("https://panel.example.com/Path/53eb5e6f-cf8d-4a82-a9ef-a998321f5b35/");
    struct str png = STR_NONE;
    int64_t start_ns = mono_ns();
    for (int i = 0; i < 200; i++) {
        arena_clear(b->arena);
        must(picture_qr(b->arena, link, &png), "picture");
    }
    printf("\na QR picture of %zu bytes: %.0f us to make\n", png.n,
           (double)(mono_ns() - start_ns) / 200 / 1000);
}

/* ---- a store that grows ---- */

#define BATCH   1000
#define EXPIRED 10000

static enum gb_err fill_batch(struct bench *b, int64_t from, int64_t expires_ms) {
    char text[200];
    memset(text, 'v', sizeof text);
    arena_clear(b->arena);
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    for (int64_t n = from; n < from + BATCH; n++) {
        /* Spread, as ids are. */
        uint64_t id = (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15);
        tx_put(tx, TABLE_ORDERS, arena_printf(b->arena, "%016" PRIx64, id),
               (struct str){text, sizeof text}, expires_ms);
    }
    enum gb_err err = tx_apply(tx);
    return err == GB_OK ? b->backend->ops->sync(b->backend) : err;
}

/* While the store says NO_SPACE its map grows. */
static void fill_rows(struct bench *b, int64_t from, int64_t until, int64_t expires_ms) {
    for (int64_t i = from; i < until; i += BATCH) {
        enum gb_err err = GB_NO_SPACE;
        for (int tries = 0; err == GB_NO_SPACE && tries < 4; tries++) {
            err = fill_batch(b, i, expires_ms);
        }
        must(err, "fill");
    }
}

static bool next_row(void *ctx, struct str key, struct str value) {
    (void)ctx, (void)key, (void)value;
    return true;
}

static void measure_rows(struct bench *b, int64_t rows) {
    int64_t start_ns = mono_ns();
    struct str value;
    for (int64_t i = 0; i < ROUNDS; i++) {
        uint64_t id = (uint64_t)(i * 7919 % rows) * UINT64_C(0x9e3779b97f4a7c15);
        struct tx *tx = tx_begin(b->backend, b->arena, NOW);
        must(tx_get(tx, TABLE_ORDERS, arena_printf(b->arena, "%016" PRIx64, id), &value), "get");
        arena_clear(b->arena);
    }
    double get_us = (double)(mono_ns() - start_ns) / ROUNDS / 1000;
    start_ns = mono_ns();
    for (int i = 0; i < 200; i++) {
        struct tx *tx = tx_begin(b->backend, b->arena, NOW);
        must(tx_scan(tx, TABLE_ORDERS, STR("8"), STR_NONE, 100, next_row, NULL), "scan");
        arena_clear(b->arena);
    }
    double scan_us = (double)(mono_ns() - start_ns) / 200 / 1000;
    fill_rows(b, rows, rows + EXPIRED, NOW + 1);
    start_ns = mono_ns();
    size_t removed = 1, purged = 0;
    while (removed > 0) {
        must(b->backend->ops->purge(b->backend, NOW + 2, 200, &removed), "purge");
        purged += removed;
    }
    double purge_us = (double)(mono_ns() - start_ns) / (double)GB_MAX(purged, (size_t)1) / 1000;
    printf("%-14" PRId64 "%12.1f%12.1f%14.2f", rows, get_us, scan_us, purge_us);
}

static void grow(struct bench *b, bool lmdb) {
    printf("%-14s%12s%12s%14s%s\n", "rows", "get us", "scan of 100", "purge us/row",
           lmdb ? "     on disk MB      RSS MB" : "");
    int64_t before = 0;
    for (int64_t rows = 10000; rows <= 1000000; rows *= 10) {
        fill_rows(b, before, rows, STORE_NEVER);
        measure_rows(b, rows);
        before = rows;
        if (lmdb) {
            struct lmdb_stats stats;
            lmdb_stats(b->backend, &stats);
            printf("%15.1f%12.1f", (double)stats.used_bytes / 1048576, resident_mb());
        }
        printf("\n");
        (void)fflush(stdout);
    }
}

static struct backend *open_redis(struct bench *b, int port, const char *path) {
    struct redis_options options = {.port = port, .socket_path = path};
    struct backend *backend;
    struct str why = STR_NONE;
    must(redis_open(&options, store_tables, TABLE_COUNT, b->arena, &backend, &why), "redis");
    return backend;
}

int main(int argc, char **argv) {
    struct bench b = {.arena = arena_new(64 * 1024, (size_t)512 * 1024 * 1024)};
    struct lmdb_options options = {.directory = argc > 1 ? argv[1] : "."};
    struct str why = STR_NONE;
    make_config(&b);
    printf("us a view, applied: read and write, or the list from its rows, kept in one, and the "
           "ratio\n");
    printf("%-14s%12s%12s%12s%12s%8s%12s%12s%8s\n", "", "dialog", "limit", "catalog", "kept", "x",
           "own list", "kept", "x");
    struct backend *lmdb;
    must(lmdb_open(&options, store_tables, TABLE_COUNT, b.arena, &lmdb, &why), "lmdb");
    b.backend = lmdb;
    kinds(&b, "LMDB");
    if (argc > 3) {
        int64_t port;
        must(num_i64(str_of(argv[2]), 1, 65535, &port), "port");
        b.backend = open_redis(&b, (int)port, NULL);
        kinds(&b, "Redis TCP");
        b.backend->ops->close(b.backend);
        b.backend = open_redis(&b, 0, argv[3]);
        kinds(&b, "Redis socket");
        printf("\nRedis, by its socket:\n");
        grow(&b, false);
        b.backend->ops->close(b.backend);
    }
    pictures(&b);
    printf("\nLMDB:\n");
    b.backend = lmdb;
    grow(&b, true);
    lmdb->ops->close(lmdb);
    arena_free(b.arena);
    return 0;
}

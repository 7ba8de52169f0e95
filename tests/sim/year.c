/* year.c: a simulated year of the real engine on a real store, in a world in which nothing sleeps.
 *
 *     year DIRECTORY [SEED [PEOPLE [DAYS]]]
 *
 * People buy through the bot, in Telegram Stars; panels are away for hours; the shop's process dies
 * in the middle of what it does and begins again after seconds, hours, days. The store does not
 * sync: what a power cut leaves is the store's own test. In the end the book (book.c) is checked.
 * One seed is one course; its digest is printed.
 */
#define GB_DOOR "a program of its own: a clock to measure with, standard output"
#include "year.h"

#include "base/log.h"
#include "base/num.h"
#include "bot/bot.h"
#include "cli/config_file.h"
#include "engine/engine.h"
#include "state/config.h"
#include "state/tables.h"
#include "store/backend.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define START_MS    INT64_C(1795413600000) /* 2026-11-23T06:00:00Z */
#define PEOPLE      10000
#define DAYS        365
#define MAP_BYTES   ((size_t)1024 * 1024 * 1024)
#define ARENA_BYTES ((size_t)256 * 1024)
#define ARENA_MAX   ((size_t)1024 * 1024 * 1024)

const struct offer offers[TARIFFS] = {{"w1", 7, 20}, {"m1", 30, 50}, {"q1", 90, 0}};
const char *const place_ids[PLACES] = {"de", "nl", "fi"};
const char *const place_names[PLACES] = {"Germany", "Netherlands", "Finland"};

static const char SETTINGS[] =
    "[telegram]\ntoken = " YEAR_TOKEN "\napi_base = http://telegram.sim\n"
    "[store]\ndirectory = %s/data\n"
    "[shop]\nname = Year\nlanguage = en\ntime_zone = +03:00\n"
    "[limits]\npanel_calls = off\n"
    /* Once a day, and seldom: what they cost would else be most of the year. */
    "[schedule]\npanel_sync = 30 3 * * *\nserver_checks = every 12h\nbackup = off\n";

static const char PLACE[] = "[location %s]\nname = %s\n"
                            "[server %s1]\nlocation = %s\npanel = http://%s.sim/AdminPath\n"
                            "key = " YEAR_OWNER "\nuser_link = http://%s.sim/ClientPath\n"
                            "time_zone = +03:30\n";

/* ---- a store that dies with its process: what was not synced is gone ---- */

#define SYNCS_TOGETHER 256

struct mortal {
    struct backend backend;
    struct backend *inner;
    struct sim_life *life;
    struct year *year;
    /* While no death is near, many syncs are made in one: nobody can tell, and it is quicker. */
    int waiting;
    int64_t purge_ms;
};

static struct mortal *mortal_of(struct backend *b) {
    return (struct mortal *)(void *)b; /* its first member */
}

static enum gb_err mortal_read(struct backend *b, int table, struct str key, int64_t now_ms,
                               struct arena *arena, struct str *ret_value) {
    struct backend *inner = mortal_of(b)->inner;
    return inner->ops->read(inner, table, key, now_ms, arena, ret_value);
}

static enum gb_err mortal_scan(struct backend *b, int table, struct str from, struct str until,
                               size_t limit, int64_t now_ms, struct arena *arena,
                               backend_row_fn *each, void *ctx) {
    struct backend *inner = mortal_of(b)->inner;
    return inner->ops->scan(inner, table, from, until, limit, now_ms, arena, each, ctx);
}

static enum gb_err mortal_apply(struct backend *b, const struct seen_row *reads, size_t read_count,
                                const struct change *changes, size_t change_count, int64_t now_ms) {
    struct mortal *mortal = mortal_of(b);
    if (!sim_life_goes_on(mortal->life)) {
        return GB_UNAVAILABLE;
    }
    return mortal->inner->ops->apply(mortal->inner, reads, read_count, changes, change_count,
                                     now_ms);
}

static enum gb_err sync_now(struct mortal *mortal) {
    mortal->waiting = 0;
    return mortal->inner->ops->sync(mortal->inner);
}

/* Death comes before the sync, or between the sync and what was to follow it. */
static enum gb_err mortal_sync(struct backend *b) {
    struct mortal *mortal = mortal_of(b);
    if (mortal->life->calls_left < 0 && !mortal->life->over) {
        return ++mortal->waiting < SYNCS_TOGETHER ? GB_OK : sync_now(mortal);
    }
    gb_assert(mortal->waiting == 0);
    bool was_over = mortal->life->over;
    bool goes_on = sim_life_goes_on(mortal->life);
    if (!goes_on && (was_over || year_hits(mortal->year, 50))) {
        return GB_UNAVAILABLE;
    }
    enum gb_err err = sync_now(mortal);
    return goes_on ? err : GB_UNAVAILABLE;
}

/* A refused turn is dropped, and with it whatever waits: here only the dying refuse. */
static void mortal_drop(struct backend *b) {
    struct mortal *mortal = mortal_of(b);
    gb_assert(mortal->waiting == 0);
    mortal->inner->ops->drop(mortal->inner);
}

/* Once an hour: it has a transaction of its own. */
static enum gb_err mortal_purge(struct backend *b, int64_t now_ms, size_t limit,
                                size_t *ret_removed) {
    struct mortal *mortal = mortal_of(b);
    *ret_removed = 0;
    if (now_ms < mortal->purge_ms || mortal->life->calls_left >= 0) {
        return sim_life_goes_on(mortal->life) ? GB_OK : GB_UNAVAILABLE;
    }
    enum gb_err err = sync_now(mortal);
    if (err == GB_OK) {
        err = mortal->inner->ops->purge(mortal->inner, now_ms, limit, ret_removed);
    }
    mortal->purge_ms = *ret_removed < limit ? now_ms + GB_HOUR_MS : 0;
    return err;
}

static void mortal_close(struct backend *b) {
    struct backend *inner = mortal_of(b)->inner;
    inner->ops->close(inner);
}

static const struct backend_ops mortal_ops = {
    .name = "mortal",
    .read = mortal_read,
    .scan = mortal_scan,
    .apply = mortal_apply,
    .sync = mortal_sync,
    .drop = mortal_drop,
    .purge = mortal_purge,
    .close = mortal_close,
};

/* ---- the shop ---- */

struct shop {
    struct year *year;
    const char *directory;
    struct arena *arena; /* of one life */
    struct config_source source;
    const struct config *config;
    struct mortal store;
    struct sim_life life;
    struct engine *engine;
    /* What is to come: wall clock. */
    int64_t death_ms;
    struct {
        int64_t change_ms;
        bool is_away;
    } panels[PLACES];
};

static void must(enum gb_err err, const char *what, struct str why) {
    if (err != GB_OK) {
        fprintf(stderr, "year: %s: %s " STR_FMT "\n", what, gb_err_name(err), STR_ARG(why));
        exit(1);
    }
}

static void shop_open(struct shop *shop) {
    struct str why = STR_NONE;
    shop->arena = arena_new(ARENA_BYTES, ARENA_MAX);
    shop->life = (struct sim_life){.calls_left = -1};
    must(config_load(&shop->source, shop->arena, &shop->config), "settings", why);
    const struct lmdb_options options = {
        .directory = arena_cstr(shop->arena, shop->config->store.directory),
        .map_bytes_first = MAP_BYTES, /* it must not have to grow, which drops what waits */
    };
    struct backend *inner;
    must(lmdb_open(&options, store_tables, TABLE_COUNT, shop->arena, &inner, &why), "store", why);
    shop->store = (struct mortal){*inner, inner, &shop->life, shop->year, 0, 0};
    shop->store.backend.ops = &mortal_ops;
    const struct engine_options engine = {
        .world = world_sim_world(shop->year->sim),
        .backend = &shop->store.backend,
        .config = shop->config,
        .texts = texts_new(shop->arena),
    };
    must(engine_new(&engine, shop->arena, &shop->engine, &why), "engine", why);
}

/* Nothing is said, nothing is saved. */
static void shop_drop(struct shop *shop) {
    shop->life.over = true;
    if (shop->store.waiting == 0) {
        shop->store.inner->ops->drop(shop->store.inner);
    } else { /* it was stopped in peace */
        must(sync_now(&shop->store), "sync", STR_NONE);
    }
    engine_free(shop->engine);
    shop->engine = NULL;
    shop->store.inner->ops->close(shop->store.inner);
    world_sim_hang_up(shop->year->sim);
    log_forget_secrets();
    arena_free(shop->arena);
}

/* ---- what happens by itself ---- */

static int64_t gap_ms(struct year *year) {
    int64_t kind = year_below(year, 100);
    if (kind < 70) {
        return GB_SECOND_MS + year_below(year, GB_MINUTE_MS);
    }
    if (kind < 90) {
        return GB_HOUR_MS + year_below(year, 12 * GB_HOUR_MS);
    }
    return GB_DAY_MS + year_below(year, 6 * GB_DAY_MS);
}

/* Every few days, often just when the day's reminders leave. */
static int64_t next_death(struct year *year, int64_t now_ms) {
    int64_t at_ms = now_ms + GB_HOUR_MS + year_below(year, 6 * GB_DAY_MS);
    if (year_hits(year, 50)) {
        int64_t day = (at_ms + SHOP_ZONE_MIN * GB_MINUTE_MS) / GB_DAY_MS + 1;
        at_ms = day * GB_DAY_MS + 9 * GB_HOUR_MS - SHOP_ZONE_MIN * GB_MINUTE_MS +
                year_below(year, 2 * GB_SECOND_MS);
    }
    return at_ms;
}

static void die(struct shop *shop, int64_t now_ms) {
    struct year *year = shop->year;
    shop->death_ms = next_death(year, now_ms);
    if (shop->engine == NULL) {
        return; /* who is not there cannot die */
    }
    if (year_hits(year, 20)) {
        year->stops++;
        world_sim_signal(year->sim, SIGTERM);
    } else {
        year->deaths++;
        must(sync_now(&shop->store), "sync", STR_NONE);
        shop->life.calls_left = year_below(year, 30);
    }
}

static void add_down(struct downs *downs, int64_t from_ms, int64_t to_ms) {
    gb_assert(downs->count < DOWNS_MAX);
    downs->list[downs->count++] = (struct down){from_ms, to_ms};
}

static void panel_turns(struct shop *shop, int place, int64_t now_ms) {
    struct year *year = shop->year;
    struct sim_weather *weather = world_sim_weather(year->sim, year->panel_hosts[place]);
    shop->panels[place].is_away = !shop->panels[place].is_away;
    if (!shop->panels[place].is_away) {
        weather->road = SIM_ROAD_OPEN;
        shop->panels[place].change_ms = now_ms + GB_DAY_MS + year_below(year, 60 * GB_DAY_MS);
        return;
    }
    int64_t away_ms = GB_HOUR_MS + year_below(year, 20 * GB_HOUR_MS);
    weather->road = year_hits(year, 50) ? SIM_ROAD_REFUSED : SIM_ROAD_SILENT;
    add_down(&year->panel[place], now_ms, now_ms + away_ms);
    shop->panels[place].change_ms = now_ms + away_ms;
}

static int64_t play_next_wall_ms(const struct shop *shop) {
    int64_t next = GB_MIN(people_next_ms(shop->year), shop->death_ms);
    for (int place = 0; place < PLACES; place++) {
        next = GB_MIN(next, shop->panels[place].change_ms);
    }
    return next;
}

/* The clock on the wall is never set here: it is the other one, shifted. */
static int64_t play_next_ms(void *ctx) {
    return play_next_wall_ms(ctx) - START_MS;
}

static void play_run(void *ctx, struct moment now) {
    struct shop *shop = ctx;
    people_act(shop->year, now);
    for (int place = 0; place < PLACES; place++) {
        if (shop->panels[place].change_ms <= now.wall_ms) {
            panel_turns(shop, place, now.wall_ms);
        }
    }
    if (shop->death_ms <= now.wall_ms) {
        die(shop, now.wall_ms);
    }
}

/* ---- the year ---- */

static void make_world(struct shop *shop, const uint8_t *seed) {
    struct year *year = shop->year;
    year->sim = world_sim_new(&(struct world_sim_options){
        .seed = seed,
        .start = {START_MS, 0},
        .life = &shop->life,
        .play = {play_next_ms, play_run, shop},
    });
    watch_begin(year, seed);
    for (int place = 0; place < PLACES; place++) {
        shop->panels[place].change_ms = START_MS + year_below(year, 60 * GB_DAY_MS);
    }
    shop->death_ms = next_death(year, START_MS);
}

static void write_settings(struct shop *shop, struct arena *arena) {
    shop->source.path = arena_printf(arena, "%s/config.ini", shop->directory).p;
    FILE *file = fopen(shop->source.path, "we");
    gb_assert(file != NULL);
    fprintf(file, SETTINGS, shop->directory);
    for (int place = 0; place < PLACES; place++) {
        const char *id = place_ids[place];
        fprintf(file, PLACE, id, place_names[place], id, id, id, id);
    }
    for (int i = 0; i < TARIFFS; i++) {
        fprintf(file, "[tariff %s]\ndays = %" PRId64 "\ntraffic_gb = %" PRId64 "\nstars = %d\n",
                offers[i].id, offers[i].days, offers[i].traffic_gb, 50 + i);
    }
    fclose(file);
}

static int64_t sim_wall_ms(void *ctx) {
    const struct year *year = ctx;
    return world_sim_now(year->sim).wall_ms;
}

/* The shop lives until it dies, again and again. */
static void live(struct shop *shop) {
    struct year *year = shop->year;
    shop_open(shop);
    while (world_sim_now(year->sim).wall_ms < year->end_ms) {
        if (engine_turn(shop->engine) && !shop->life.over) {
            continue;
        }
        shop_drop(shop);
        int64_t from_ms = world_sim_now(year->sim).wall_ms;
        world_sim_pass(year->sim, GB_MIN(gap_ms(year), GB_MAX(year->end_ms - from_ms, 1)));
        add_down(&year->shop, from_ms, world_sim_now(year->sim).wall_ms);
        shop_open(shop);
    }
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run(struct shop *shop, struct arena *arena) {
    struct year *year = shop->year;
    uint8_t seed[SHA256_BYTES];
    sha256((struct str){(const char *)&year->seed, sizeof year->seed}, seed);
    rng_init(&year->rng, seed, STR("year"));
    make_world(shop, seed);
    write_settings(shop, arena);
    people_begin(year);
    int log = open(arena_printf(arena, "%s/log", shop->directory).p,
                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    gb_assert(log >= 0);
    log_start(log, LOG_LEVEL_WARN, sim_wall_ms, year);
    double began = seconds_now();
    live(shop);
    double lived = seconds_now();
    book_check(year, &shop->store.backend, shop->config);
    struct world_sim_stats stats = world_sim_stats(year->sim);
    printf("%" PRId64 " deaths, %" PRId64 " stops, %" PRIu64 " turns, %" PRIu64 " calls (%" PRIu64
           " not sent, %" PRIu64 " unknown), %.1f s and %.1f s to check\n",
           year->deaths, year->stops, stats.waits, stats.sent, stats.not_sent, stats.unknown,
           lived - began, seconds_now() - lived);
    printf("seed %" PRIu64 ": digest %016" PRIx64 ", %zu faults\n", year->seed,
           world_sim_digest(year->sim), year->faults);
    shop_drop(shop);
    log_start(STDERR_FILENO, LOG_LEVEL_WARN, NULL, NULL);
    world_sim_free(year->sim);
    watch_end(year);
    close(log);
    return year->faults == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    int64_t seed = 1, people = PEOPLE, days = DAYS;
    if (argc < 2 || (argc > 2 && num_i64(str_of(argv[2]), 0, INT64_MAX, &seed) != GB_OK) ||
        (argc > 3 && num_i64(str_of(argv[3]), 1, TG_USERS_MAX, &people) != GB_OK) ||
        (argc > 4 && num_i64(str_of(argv[4]), 2, DAYS, &days) != GB_OK)) {
        fprintf(stderr, "usage: year DIRECTORY [SEED [PEOPLE [DAYS]]]\n");
        return 2;
    }
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    struct year *year = ARENA_NEW(arena, struct year);
    year->seed = (uint64_t)seed;
    year->start_ms = START_MS;
    year->end_ms = START_MS + days * GB_DAY_MS;
    year->count = (size_t)people;
    year->people = ARENA_ARRAY(arena, struct person, year->count);
    year->heap = ARENA_ARRAY(arena, size_t, year->count);
    year->turn = arena_new(ARENA_BYTES, ARENA_MAX);
    struct shop shop = {.year = year, .directory = argv[1]};
    int status = run(&shop, arena);
    arena_free(year->turn);
    arena_free(arena);
    return status;
}

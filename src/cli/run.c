/* run.c: `gigabridge run`: births in order (config, log, store, world, engine), turns, deaths in
 * the opposite order.
 */
#include "base/arena.h"
#include "base/base.h"
#include "base/log.h"
#include "bot/bot.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data.h"
#include "cli/words.h"
#include "engine/engine.h"
#include "engine/local.h"
#include "io/world.h"
#include "state/config.h"
#include "store/backend.h"

#include <signal.h>
#include <stdio.h>

#define PROGRAM_BYTES (64 * 1024)
#define PROGRAM_MAX   (64 * 1024 * 1024)
#define OVERRIDES_MAX 64

struct shop {
    struct arena *arena, *config_arena;
    struct config_source source;
    const char *clock_file;
    const char *words[2 + 2 * OVERRIDES_MAX]; /* for processes with the same settings */
    struct local local;
    const struct config *config;
    struct backend *backend;
    struct redis_news *news;
    struct world *world;
    struct engine *engine;
};

static int64_t world_wall_ms(void *ctx) {
    struct world *world = ctx;
    return world->ops->wall_ms(world);
}

/* SIGHUP: the old config stays when the new one has faults. The engine takes the new one at once,
 * so nothing points into the old one's memory after this turn of the loop. */
static const struct config *reload(void *ctx) {
    struct shop *shop = ctx;
    struct arena *fresh_arena = arena_new(PROGRAM_BYTES, PROGRAM_MAX);
    const struct config *fresh;
    shop->source.in_force = shop->config;
    if (config_load(&shop->source, fresh_arena, &fresh) != GB_OK) {
        LOG_WARN("config_has_faults", LOG_TEXT("now", "the settings in force stay"));
        arena_free(fresh_arena);
        return NULL;
    }
    log_set_level((enum log_level)fresh->log.level);
    arena_free(shop->config_arena);
    shop->config_arena = fresh_arena;
    shop->config = fresh;
    return fresh;
}

static int fail(const char *what, struct str why) {
    fprintf(stderr, "gigabridge: %s: " STR_FMT "\n", what, STR_ARG(why));
    return 1;
}

static void same_settings(struct shop *shop) {
    size_t n = 0;
    shop->words[n++] = "--config";
    shop->words[n++] = shop->source.path;
    for (size_t i = 0; i < shop->source.override_count; i++) {
        shop->words[n++] = "--set";
        shop->words[n++] = shop->source.overrides[i];
    }
    shop->local = (struct local){shop->words, n};
}

static int open_all(struct shop *shop) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    struct world_options world_options = {
        .signals = signals,
        .signal_count = GB_COUNT(signals),
        .connections_max = (size_t)shop->config->telegram.connections,
        .spawns = true,
        .clock_file = shop->clock_file,
    };
    const char *why = "";
    if (world_open(&world_options, &shop->world, &why) != GB_OK) {
        return fail("cannot start", str_of(why));
    }
    log_start(STDERR_FILENO, (enum log_level)shop->config->log.level, world_wall_ms, shop->world);

    struct str store_why = STR_NONE;
    const char *inhand = data_path(shop->config, shop->arena, "inhand", &store_why);
    const char *control = data_path(shop->config, shop->arena, "control", &store_why);
    const char *instance = inhand != NULL && shop->config->store.backend == STORE_REDIS
                               ? data_instance(shop->config, shop->arena, &store_why)
                               : "";
    if (inhand == NULL || instance == NULL ||
        data_open(shop->config, instance, shop->arena, &shop->backend, &store_why) != GB_OK ||
        data_news(shop->config, instance, shop->arena, &shop->news, &store_why) != GB_OK) {
        return fail("data", store_why);
    }
    same_settings(shop);
    struct engine_options options = {
        .world = shop->world,
        .backend = shop->backend,
        .config = shop->config,
        .texts = texts_new(shop->arena),
        .instance = instance,
        .news = shop->news,
        .local = &shop->local,
        .control_path = control,
        .inhand_path = inhand,
        .reload = reload,
        .reload_ctx = shop,
    };
    struct str engine_why = STR_NONE;
    if (engine_new(&options, shop->arena, &shop->engine, &engine_why) != GB_OK) {
        return fail("cannot start", engine_why);
    }
    return 0;
}

static void close_all(struct shop *shop) {
    engine_free(shop->engine);
    if (shop->news != NULL && shop->world != NULL) {
        shop->world->ops->hear(shop->world, -1);
    }
    redis_news_close(shop->news);
    if (shop->backend != NULL) {
        shop->backend->ops->close(shop->backend);
    }
    if (shop->world != NULL) {
        log_start(STDERR_FILENO, LOG_LEVEL_INFO, NULL, NULL); /* the clock goes with the world */
        shop->world->ops->close(shop->world);
    }
    log_forget_secrets();
    arena_free(shop->config_arena);
    arena_free(shop->arena);
}

static void log_end(const struct engine *engine) {
    struct engine_stats stats;
    engine_stats(engine, &stats);
    LOG_INFO("end", LOG_INT("turns", stats.turns), LOG_INT("events", stats.events),
             LOG_INT("conflicts", stats.conflicts), LOG_INT("failed_turns", stats.failed_turns),
             LOG_INT("cache_hits", stats.cache_hits), LOG_INT("cache_misses", stats.cache_misses));
}

int command_run(int argc, char **argv) {
    struct shop shop = {.source = {.path = "config.ini"}};
    const char *overrides[OVERRIDES_MAX];
    size_t override_count = 0;
    const struct word words[] = {
        {.name = "--config", .value = &shop.source.path},
        {.name = "--clock-file", .value = &shop.clock_file}, /* the sandbox's */
        {.name = "--set",
         .list = overrides,
         .list_max = OVERRIDES_MAX,
         .list_count = &override_count},
    };
    if (words_read(argc, argv, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    shop.source.overrides = overrides;
    shop.source.override_count = override_count;
    shop.arena = arena_new(PROGRAM_BYTES, PROGRAM_MAX);
    shop.config_arena = arena_new(PROGRAM_BYTES, PROGRAM_MAX);
    int status = 2;
    if (config_load(&shop.source, shop.config_arena, &shop.config) == GB_OK) {
        status = open_all(&shop);
    }
    if (status == 0) {
        LOG_INFO("shop_is_open", LOG_STR("name", shop.config->shop.name),
                 LOG_STR("api", shop.config->telegram.api_base));
        while (engine_turn(shop.engine)) {
        }
        log_end(shop.engine);
        status = engine_exit_status(shop.engine);
    }
    close_all(&shop);
    return status;
}

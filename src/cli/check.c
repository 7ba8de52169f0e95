/* check.c: `gigabridge check`: the settings, every fault at once; with --store also the data: what
 * always holds, over every row. The shop must not be running: its store has one user at a time.
 */
#include "base/arena.h"
#include "base/base.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data.h"
#include "cli/words.h"
#include "io/world.h"
#include "shop/invariants.h"
#include "state/config.h"
#include "state/work.h"
#include "store/backend.h"

#include <stdio.h>

#define ARENA_BYTES ((size_t)1024 * 1024)
#define ARENA_MAX   ((size_t)2 * 1024 * 1024 * 1024)
#define ROWS_MAX    1000000

static void print_report(const struct invariant_report *report) {
    printf("users: %" PRId64 "\norders: %" PRId64 "\npayments: %" PRId64 "\npaid payments: %" PRId64
           "\nsubscriptions: %" PRId64 "\nledger entries: %" PRId64 "\noutbox: %" PRId64
           "\ndead: %" PRId64 "\n",
           report->users, report->orders, report->payments, report->paid_payments,
           report->subscriptions, report->ledger_entries, report->outbox, report->dead);
    for (size_t i = 0; i < GB_MIN(report->broken, GB_COUNT(report->first_broken)); i++) {
        printf("broken: " STR_FMT "\n", STR_ARG(report->first_broken[i]));
    }
    printf("invariants broken: %zu\n", report->broken);
}

static int check_rows(struct backend *backend, const struct config *config, int64_t now_ms,
                      struct arena *arena) {
    struct work work = {
        .tx = tx_begin(backend, arena, now_ms),
        .arena = arena,
        .now_ms = now_ms,
        .config = config,
        .zone = &config->shop.zone,
    };
    struct invariant_report report = {0};
    enum gb_err err = invariants_check(&work, ROWS_MAX, &report);
    if (err != GB_OK) {
        fprintf(stderr, "gigabridge: the data cannot be read: %s\n", gb_err_meaning(err));
        return 1;
    }
    print_report(&report);
    return report.broken == 0 ? 0 : 1;
}

static int check_store(const struct config *config, struct arena *arena) {
    struct world *world;
    const char *world_why = "";
    if (world_open(&(struct world_options){0}, &world, &world_why) != GB_OK) {
        fprintf(stderr, "gigabridge: %s\n", world_why);
        return 1;
    }
    int64_t now_ms = world->ops->wall_ms(world);
    world->ops->close(world);

    struct backend *backend;
    struct str why = STR_NONE;
    if (data_open(config, NULL, arena, &backend, &why) != GB_OK) {
        fprintf(stderr, "gigabridge: data: " STR_FMT "\n", STR_ARG(why));
        return 1;
    }
    int status = check_rows(backend, config, now_ms, arena);
    backend->ops->close(backend);
    return status;
}

int command_check(int argc, char **argv) {
    struct config_source source = {.path = "config.ini"};
    bool store = false;
    const struct word words[] = {
        {.name = "--config", .value = &source.path},
        {.name = "--store", .flag = &store},
    };
    if (words_read(argc, argv, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    const struct config *config;
    int status = 2;
    if (config_load(&source, arena, &config) == GB_OK) {
        puts("settings: fine");
        status = store ? check_store(config, arena) : 0;
    }
    arena_free(arena);
    return status;
}

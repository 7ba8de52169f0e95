/* state.c: `gigabridge state`: the rows of a store from the command line, secrets masked as over
 * RESP. A store in a directory has one user at a time: the shop must not be running.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data.h"
#include "cli/rows.h"
#include "cli/words.h"
#include "engine/peek_inside.h"
#include "store/backend.h"

#include <stdio.h>

#define ARENA_BYTES   ((size_t)64 * 1024)
#define ARENA_MAX     ((size_t)1024 * 1024 * 1024)
#define LINE_MAX_HERE ((size_t)32 * 1024 * 1024)
#define LIMIT_DEFAULT "100"

struct state {
    struct config_source source;
    const char *prefix, *limit_text;
    bool is_json, with_secrets;
    int64_t limit, now_ms;
    int64_t seen;
    struct backend *backend;
    struct arena *arena;
};

static int failed(const char *what, struct str why) {
    fprintf(stderr, "gigabridge: %s: " STR_FMT "\n", what, STR_ARG(why));
    return 1;
}

static int store_failed(const struct state *state, enum gb_err err) {
    const char *trouble = state->backend->trouble;
    return failed("the store", str_of(trouble != NULL ? trouble : gb_err_meaning(err)));
}

static struct str shown(const struct state *state, struct arena *arena, const struct row *row) {
    return state->with_secrets ? row->value : peek_show(arena, row->table, row->key, row->value);
}

static void print_row(const struct state *state, struct arena *arena, const struct row *row) {
    struct row as_shown = *row;
    as_shown.value = shown(state, arena, row);
    if (state->is_json) {
        printf(STR_FMT "\n", STR_ARG(row_write(arena, &as_shown)));
        return;
    }
    /* Quoted: what people wrote must not steer a terminal. */
    struct buf text;
    buf_init(&text, arena, LINE_MAX_HERE);
    json_quote(&text, as_shown.key);
    buf_add_char(&text, ' ');
    json_quote(&text, as_shown.value);
    if (row->expires_ms != STORE_NEVER) {
        buf_printf(&text, " %" PRId64 " s left", (row->expires_ms - state->now_ms) / GB_SECOND_MS);
    }
    printf(STR_FMT "\n", STR_ARG(buf_str(&text)));
}

static enum gb_err list_row(void *ctx, struct arena *arena, const struct row *row) {
    struct state *state = ctx;
    print_row(state, arena, row);
    return ++state->seen < state->limit ? GB_OK : GB_EXISTS;
}

static enum gb_err count_row(void *ctx, struct arena *arena, const struct row *row) {
    struct state *state = ctx;
    (void)arena, (void)row;
    state->seen++;
    return GB_OK;
}

static int list_tables(struct state *state) {
    for (int table = 0; table < TABLE_COUNT; table++) {
        state->seen = 0;
        enum gb_err err =
            rows_walk(state->backend, table, STR_NONE, state->now_ms, count_row, state);
        if (err != GB_OK) {
            return store_failed(state, err);
        }
        printf(state->is_json ? "{\"table\":\"%s\",\"rows\":%" PRId64 "}\n" : "%-14s %" PRId64 "\n",
               store_tables[table].name, state->seen);
    }
    return 0;
}

static int list(struct state *state, int table) {
    enum gb_err err =
        rows_walk(state->backend, table, str_of(state->prefix), state->now_ms, list_row, state);
    return err == GB_OK ? 0 : store_failed(state, err);
}

static int show(struct state *state, int table, struct str key) {
    struct row row = {.table = table, .key = key};
    struct tx *tx = tx_begin(state->backend, state->arena, state->now_ms);
    enum gb_err err = tx_get(tx, table, key, &row.value);
    if (err == GB_OK) {
        err =
            state->backend->ops->expiry(state->backend, table, key, state->now_ms, &row.expires_ms);
    }
    if (err == GB_NOT_FOUND) {
        return failed("state show", STR("there is no such row"));
    }
    if (err != GB_OK) {
        return store_failed(state, err);
    }
    print_row(state, state->arena, &row);
    return 0;
}

static int delete_row(struct state *state, int table, struct str key) {
    struct str value;
    struct tx *tx = tx_begin(state->backend, state->arena, state->now_ms);
    if (!peek_is_writable(table)) {
        return failed("state delete", STR("the shop's records are changed by the shop alone"));
    }
    enum gb_err err = tx_get(tx, table, key, &value);
    if (err == GB_NOT_FOUND) {
        return failed("state delete", STR("there is no such row"));
    }
    if (err == GB_OK) {
        tx_del(tx, table, key);
        err = tx_apply(tx);
    }
    if (err == GB_OK) {
        err = state->backend->ops->sync(state->backend);
    }
    return err == GB_OK ? 0 : store_failed(state, err);
}

static int usage(void) {
    fputs("gigabridge: state list [TABLE [--prefix P] [--limit N]] | show TABLE KEY | delete TABLE "
          "KEY\n"
          "            [--json] [--secrets] [--config FILE]\n",
          stderr);
    return 2;
}

static int carry_out(struct state *state, int argc, char **argv) {
    struct str verb = str_of(argv[0]);
    int table = argc > 1 ? rows_table(str_of(argv[1])) : -1;
    if (str_is(verb, "list") && argc == 1) {
        return list_tables(state);
    }
    if (table < 0) {
        fprintf(stderr, "gigabridge: there is no table \"%.40s\"\n", argc > 1 ? argv[1] : "");
        return 2;
    }
    struct str key = argc > 2 ? str_of(argv[2]) : STR_NONE;
    if (str_is(verb, "list")) {
        return list(state, table);
    }
    if (key.n == 0 || key.n > STORE_KEY_MAX) {
        return failed("state", STR("no key of a row"));
    }
    return str_is(verb, "show") ? show(state, table, key) : delete_row(state, table, key);
}

/* How many words are no options. */
static int plain_words(int argc, char **argv) {
    int n = 0;
    while (n < argc && strncmp(argv[n], "--", 2) != 0) {
        n++;
    }
    return n;
}

static bool words_fit(int plain, char **argv) {
    if (plain == 0) {
        return false;
    }
    bool lists = strcmp(argv[0], "list") == 0;
    bool one = strcmp(argv[0], "show") == 0 || strcmp(argv[0], "delete") == 0;
    return (lists && plain <= 2) || (one && plain == 3);
}

int command_state(int argc, char **argv) {
    struct state state = {
        .source = {.path = "config.ini"}, .prefix = "", .limit_text = LIMIT_DEFAULT};
    const struct word words[] = {
        {.name = "--config", .value = &state.source.path},
        {.name = "--prefix", .value = &state.prefix},
        {.name = "--limit", .value = &state.limit_text},
        {.name = "--json", .flag = &state.is_json},
        {.name = "--secrets", .flag = &state.with_secrets},
    };
    int plain = plain_words(argc, argv);
    if (!words_fit(plain, argv)) {
        return usage();
    }
    if (words_read(argc - plain, argv + plain, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    if (num_i64(str_of(state.limit_text), 1, INT64_MAX, &state.limit) != GB_OK) {
        return usage();
    }
    state.arena = arena_new(ARENA_BYTES, ARENA_MAX);
    const struct config *config;
    struct str why = STR_NONE;
    int status = 2;
    if (config_load(&state.source, state.arena, &config) == GB_OK) {
        status = 1;
        state.now_ms = data_now_ms();
        if (data_open(config, NULL, state.arena, &state.backend, &why) == GB_OK) {
            status = carry_out(&state, plain, argv);
            state.backend->ops->close(state.backend);
        } else {
            (void)failed("data", why);
        }
    }
    arena_free(state.arena);
    return status;
}

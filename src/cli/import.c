/* import.c: `gigabridge import`: an export into an empty store, of whichever kind.
 *
 * A file is read to its end before a row is written: every line, the number of rows, the digest.
 * The first row written says that an import is under way (META "import"), and goes last: a store in
 * which it stands is refused by the shop. Then the store is gone through and compared.
 */
#define GB_DOOR "reads the exported file"
#include "base/arena.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data.h"
#include "cli/from_redis.h"
#include "cli/moving.h"
#include "cli/rows.h"
#include "cli/words.h"
#include "store/backend.h"

#include <errno.h>
#include <stdio.h>

#define ARENA_BYTES ((size_t)1024 * 1024)
#define ARENA_MAX   ((size_t)1024 * 1024 * 1024)
#define BATCH_ROWS  1000
#define FULL_TRIES  8
#define BATCH_BYTES ((size_t)16 * 1024 * 1024)
#define MARK        STR("import")

struct in {
    FILE *file;
    const struct import_source *source;
    struct backend *backend; /* NULL: only looked at */
    struct arena *arena;     /* of a batch */
    struct tx *tx;
    size_t in_batch;
    int64_t line, now_ms;
    struct chain chain; /* as it was written */
    struct chain kept;  /* of rows that stay: what must be found in the store afterwards */
};

static enum gb_err wrong(const struct in *in, const char *why) {
    fprintf(stderr, "gigabridge: %s:%" PRId64 ": %s\n", in->source->name, in->line, why);
    return GB_INVALID;
}

static enum gb_err store_refused(const struct in *in, enum gb_err err) {
    const char *trouble = in->backend->trouble;
    fprintf(stderr, "gigabridge: the store: %s\n", trouble != NULL ? trouble : gb_err_meaning(err));
    return err;
}

/* ---- writing ---- */

/* While the store says NO_SPACE its map grows. */
static enum gb_err batch_end(struct in *in) {
    const struct change *changes;
    size_t count;
    tx_changes(in->tx, &changes, &count);
    enum gb_err err = GB_NO_SPACE;
    for (int tries = 0; count > 0 && err == GB_NO_SPACE && tries < FULL_TRIES; tries++) {
        err = in->backend->ops->apply(in->backend, NULL, 0, changes, count, in->now_ms);
        if (err == GB_OK) {
            err = in->backend->ops->sync(in->backend);
        }
    }
    return count > 0 ? err : GB_OK;
}

static void batch_begin(struct in *in) {
    arena_clear(in->arena);
    in->tx = tx_begin(in->backend, in->arena, in->now_ms);
    in->in_batch = 0;
}

static enum gb_err mark(struct in *in, bool is_set) {
    batch_begin(in);
    if (is_set) {
        tx_put(in->tx, TABLE_META, MARK, STR("under way"), STORE_NEVER);
    } else {
        tx_del(in->tx, TABLE_META, MARK);
    }
    enum gb_err err = batch_end(in);
    batch_begin(in);
    return err == GB_OK ? GB_OK : store_refused(in, err);
}

static enum gb_err take_row(struct in *in, const struct row *row) {
    bool is_gone = row->expires_ms != STORE_NEVER && row->expires_ms <= in->now_ms;
    if (in->backend == NULL || is_gone) {
        return GB_OK;
    }
    tx_put(in->tx, row->table, row->key, row->value, row->expires_ms);
    in->in_batch++;
    if (in->in_batch < BATCH_ROWS && arena_used_bytes(in->arena) < BATCH_BYTES) {
        return GB_OK;
    }
    enum gb_err err = batch_end(in);
    batch_begin(in);
    return err == GB_OK ? GB_OK : store_refused(in, err);
}

/* ---- reading ---- */

static enum gb_err read_end(struct in *in, const struct json *root) {
    struct str digest;
    int64_t rows;
    if (!json_i64(root, "rows", &rows) || !json_str(root, "sha256", &digest)) {
        return wrong(in, "no row");
    }
    struct str ours = hex_encode(in->arena, in->chain.digest, sizeof in->chain.digest);
    if (rows != in->chain.rows || !str_equal(digest, ours)) {
        return wrong(in, "the rows before are not those that were exported");
    }
    return GB_EXISTS; /* the end */
}

static enum gb_err read_line(struct in *in, struct str line) {
    const struct json *root;
    struct row row;
    const char *why;
    if (in->line == 1) {
        bool ours = json_parse(in->arena, line, &root, NULL) == GB_OK &&
                    str_is(json_str_or(root, "format", STR_NONE), EXPORT_FORMAT);
        return ours ? GB_OK : wrong(in, "not a file of `gigabridge export`, or of a newer version");
    }
    if (row_read(in->arena, line, &row, &why) != GB_OK) {
        bool is_end =
            json_parse(in->arena, line, &root, NULL) == GB_OK && json_at(root, "sha256") != NULL;
        return is_end ? read_end(in, root) : wrong(in, why);
    }
    chain_add(&in->chain, in->arena, row.table, line);
    if (row.expires_ms == STORE_NEVER) {
        chain_add(&in->kept, in->arena, row.table, row_write(in->arena, &row));
    }
    if (in->backend == NULL) {
        arena_clear(in->arena);
    }
    return in->backend == NULL ? GB_OK : take_row(in, &row);
}

/* Whole to its last byte, where the source can tell. */
static enum gb_err read_behind(struct in *in) {
    const struct import_source *source = in->source;
    if (source->trouble == NULL ||
        (fgetc(in->file) == EOF && source->trouble(source->ctx) == NULL)) {
        return GB_OK;
    }
    const char *trouble = source->trouble(source->ctx);
    return wrong(in, trouble != NULL ? trouble : "there is more behind its end");
}

static enum gb_err read_all(struct in *in) {
    char *text = NULL;
    size_t room = 0;
    ssize_t n;
    enum gb_err err = GB_OK;
    while (err == GB_OK && (n = getline(&text, &room, in->file)) >= 0) {
        in->line++;
        bool has_end = n > 0 && text[n - 1] == '\n';
        err = read_line(in, (struct str){text, (size_t)n - has_end});
    }
    free(text);
    if (err == GB_OK) {
        const struct import_source *source = in->source;
        const char *trouble = source->trouble != NULL ? source->trouble(source->ctx) : NULL;
        in->line++;
        return wrong(in, trouble != NULL ? trouble : "its last line is missing: it was cut off");
    }
    return err == GB_EXISTS ? read_behind(in) : err;
}

/* ---- before and after ---- */

static enum gb_err any_row(void *ctx, struct arena *arena, const struct row *row) {
    bool *found = ctx;
    (void)arena, (void)row;
    *found = true;
    return GB_EXISTS;
}

static enum gb_err check_empty(struct in *in) {
    for (int table = 0; table < TABLE_COUNT; table++) {
        bool found = false;
        enum gb_err err = rows_walk(in->backend, table, STR_NONE, in->now_ms, any_row, &found);
        if (err != GB_OK) {
            return store_refused(in, err);
        }
        if (found) {
            fputs("gigabridge: the store is not empty: import needs one that is\n", stderr);
            return GB_EXISTS;
        }
    }
    return GB_OK;
}

static enum gb_err recount(void *ctx, struct arena *arena, const struct row *row) {
    struct chain *chain = ctx;
    bool is_mark = row->table == TABLE_META && str_equal(row->key, MARK);
    if (row->expires_ms == STORE_NEVER && !is_mark) {
        chain_add(chain, arena, row->table, row_write(arena, row));
    }
    return GB_OK;
}

static enum gb_err compare(struct in *in) {
    struct chain found = {.rows = 0};
    enum gb_err err = rows_walk_all(in->backend, in->now_ms, recount, &found);
    if (err != GB_OK) {
        return store_refused(in, err);
    }
    if (memcmp(found.digest, in->kept.digest, sizeof found.digest) != 0) {
        fprintf(stderr,
                "gigabridge: the store does not hold what was written: %" PRId64 " rows of %" PRId64
                "\n",
                found.rows, in->kept.rows);
        return GB_DAMAGED;
    }
    return GB_OK;
}

static enum gb_err write_all(struct in *in) {
    enum gb_err err = check_empty(in);
    if (err == GB_OK) {
        err = mark(in, true);
    }
    if (err == GB_OK) {
        err = read_all(in);
    }
    if (err == GB_OK) {
        err = batch_end(in);
        batch_begin(in);
        err = err == GB_OK ? compare(in) : store_refused(in, err);
    }
    return err == GB_OK ? mark(in, false) : err;
}

static enum gb_err read_from_the_beginning(struct in *in) {
    in->line = 0;
    in->chain = (struct chain){.rows = 0};
    in->kept = in->chain;
    in->file = in->source->open(in->source->ctx);
    return in->file != NULL ? GB_OK : GB_INVALID;
}

/* GB_OK: what can be checked without writing is right. A stream is checked while it is written. */
static enum gb_err check_source(struct in *in) {
    if (in->source->is_stream) {
        return GB_OK;
    }
    enum gb_err err = read_from_the_beginning(in);
    if (err == GB_OK) {
        err = read_all(in);
        in->source->close(in->source->ctx, in->file);
    }
    return err;
}

static int import_into(const struct config *config, struct in *in, struct arena *arena) {
    struct str why = STR_NONE;
    if (check_source(in) != GB_OK || read_from_the_beginning(in) != GB_OK) {
        return 1;
    }
    enum gb_err err = data_open(config, NULL, arena, &in->backend, &why);
    if (err != GB_OK) {
        fprintf(stderr, "gigabridge: data: " STR_FMT "\n", STR_ARG(why));
    } else {
        in->now_ms = data_now_ms();
        batch_begin(in);
        err = write_all(in);
        in->backend->ops->close(in->backend);
    }
    in->source->close(in->source->ctx, in->file);
    if (err == GB_OK) {
        fprintf(stderr, "%" PRId64 " rows, counted and compared\n", in->chain.rows);
    }
    return err == GB_OK ? 0 : 1;
}

int import_lines(const struct config *config, const struct import_source *source,
                 struct arena *arena) {
    struct in in = {.source = source, .arena = arena_new(ARENA_BYTES, ARENA_MAX)};
    int status = import_into(config, &in, arena);
    arena_free(in.arena);
    return status;
}

static int import_dialogs(int argc, char **argv) {
    struct config_source source = {.path = "config.ini"};
    bool with_bot_id = false;
    const struct word words[] = {
        {.name = "--config", .value = &source.path},
        {.name = "--with-bot-id", .flag = &with_bot_id},
    };
    if (words_read(argc, argv, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    const struct config *config;
    int status = 2;
    if (config_load(&source, arena, &config) == GB_OK) {
        status = import_from_redis(config, with_bot_id, arena);
    }
    arena_free(arena);
    return status;
}

static FILE *open_path(void *ctx) {
    const char *path = ctx;
    FILE *file = fopen(strcmp(path, "-") == 0 ? "/dev/stdin" : path, "re");
    if (file == NULL) {
        fprintf(stderr, "gigabridge: %s: %s\n", path, strerror(errno));
    }
    return file;
}

static void close_path(void *ctx, FILE *file) {
    (void)ctx;
    (void)fclose(file);
}

int command_import(int argc, char **argv) {
    struct config_source source = {.path = "config.ini"};
    const struct word words[] = {{.name = "--config", .value = &source.path}};
    if (argc > 0 && strcmp(argv[0], "--from-redis") == 0) {
        return import_dialogs(argc - 1, argv + 1);
    }
    if (argc < 1 || (argv[0][0] == '-' && argv[0][1] != '\0')) {
        fputs("gigabridge: import FILE [--config FILE]; - is the standard input\n"
              "            import --from-redis [--with-bot-id] [--config FILE]\n",
              stderr);
        return 2;
    }
    if (words_read(argc - 1, argv + 1, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    const struct config *config;
    int status = 2;
    if (config_load(&source, arena, &config) == GB_OK) {
        struct import_source lines = {
            .name = argv[0],
            .is_stream = strcmp(argv[0], "-") == 0,
            .open = open_path,
            .close = close_path,
            .ctx = argv[0],
        };
        status = import_lines(config, &lines, arena);
    }
    arena_free(arena);
    return status;
}

/* export.c: `gigabridge export`: all that a store holds as lines of JSON.
 *
 *      {"format":"gigabridge export 1","at":1800000000000}
 *      a line a row (rows.h)
 *      {"rows":123,"sha256":"..."}
 *
 * Secrets are in it: tokens of links, panels' keys. A file is written under another name and gets
 * its own when it is whole; one that is there is never overwritten.
 */
#define GB_DOOR "writes the exported file"
#include "base/arena.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data.h"
#include "cli/moving.h"
#include "cli/rows.h"
#include "cli/words.h"
#include "store/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 * 1024)
#define ARENA_MAX   ((size_t)64 * 1024 * 1024)

struct out {
    FILE *file;
    struct chain chain;
};

static enum gb_err write_row(void *ctx, struct arena *arena, const struct row *row) {
    struct out *out = ctx;
    struct str line = row_write(arena, row);
    chain_add(&out->chain, arena, row->table, line);
    bool written = fwrite(line.p, 1, line.n, out->file) == line.n && fputc('\n', out->file) != EOF;
    return written ? GB_OK : GB_NO_SPACE;
}

enum gb_err export_lines(struct backend *backend, struct arena *arena, FILE *file,
                         int64_t *ret_rows) {
    struct out out = {.file = file};
    int64_t now_ms = data_now_ms();
    fprintf(file, "{\"format\":\"" EXPORT_FORMAT "\",\"at\":%" PRId64 "}\n", now_ms);
    enum gb_err err = rows_walk_all(backend, now_ms, write_row, &out);
    struct str digest = hex_encode(arena, out.chain.digest, sizeof out.chain.digest);
    fprintf(file, "{\"rows\":%" PRId64 ",\"sha256\":\"" STR_FMT "\"}\n", out.chain.rows,
            STR_ARG(digest));
    bool is_written = fflush(file) == 0 && !ferror(file);
    *ret_rows = out.chain.rows;
    return err == GB_OK && !is_written ? GB_NO_SPACE : err;
}

static int told(int64_t rows, enum gb_err err) {
    if (err != GB_OK) {
        fprintf(stderr, "gigabridge: export: %s\n", gb_err_meaning(err));
        return 1;
    }
    fprintf(stderr, "%" PRId64 " rows. They hold secrets: keep them as you keep the store.\n",
            rows);
    return 0;
}

static int export_to_file(struct backend *backend, struct arena *arena, const char *path) {
    FILE *file = NULL;
    int64_t rows = 0;
    const char *draft = arena_cstr(arena, arena_printf(arena, "%s.part", path));
    if (access(path, F_OK) == 0) {
        fprintf(stderr, "gigabridge: %s: there is such a file\n", path);
        return 1;
    }
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || (file = fdopen(fd, "w")) == NULL) {
        fprintf(stderr, "gigabridge: %s: %s\n", draft, strerror(errno));
        return 1;
    }
    enum gb_err err = export_lines(backend, arena, file, &rows);
    if (err == GB_OK && fsync(fileno(file)) != 0) {
        err = GB_NO_SPACE;
    }
    /* A link, not a rename: it fails if the name was taken meanwhile. */
    bool closed = fclose(file) == 0;
    if (err == GB_OK && (!closed || link(draft, path) != 0)) {
        err = GB_NO_SPACE;
    }
    unlink(draft);
    return told(rows, err);
}

int command_export(int argc, char **argv) {
    struct config_source source = {.path = "config.ini"};
    const struct word words[] = {{.name = "--config", .value = &source.path}};
    if (argc < 1 || (argv[0][0] == '-' && argv[0][1] != '\0')) {
        fputs("gigabridge: export FILE [--config FILE]; - is the standard output\n", stderr);
        return 2;
    }
    if (words_read(argc - 1, argv + 1, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    const struct config *config;
    struct backend *backend;
    struct str why = STR_NONE;
    int status = 2;
    if (config_load(&source, arena, &config) == GB_OK) {
        if (data_open(config, NULL, arena, &backend, &why) != GB_OK) {
            fprintf(stderr, "gigabridge: data: " STR_FMT "\n", STR_ARG(why));
            status = 1;
        } else if (strcmp(argv[0], "-") == 0) {
            int64_t rows = 0;
            enum gb_err err = export_lines(backend, arena, stdout, &rows);
            status = told(rows, err);
            backend->ops->close(backend);
        } else {
            status = export_to_file(backend, arena, argv[0]);
            backend->ops->close(backend);
        }
    }
    arena_free(arena);
    return status;
}

/* backup.c: `gigabridge backup`: all rows of one instant in one file, packed and, with a password,
 * encrypted; beside a running shop or without one.
 *
 * The shop itself starts this as a child process (engine/local.h) and reads the line that --json
 * prints. The shop's own process never waits for it.
 */
#define GB_DOOR "chance for the salt"
#include "base/arena.h"
#include "cli/backup_files.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data.h"
#include "cli/moving.h"
#include "cli/packed.h"
#include "cli/sealed.h"
#include "cli/words.h"
#include "shop/backups.h"
#include "state/config.h"
#include "store/backend.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/stat.h>

#define ARENA_BYTES   ((size_t)64 * 1024)
#define ARENA_MAX     ((size_t)64 * 1024 * 1024)
#define OVERRIDES_MAX 64
#define NAME_TRIES    60 /* one name a second */

struct order {
    struct config_source source;
    const char *to;
    bool is_json;
};

static enum gb_err rows_into(const struct config *config, struct packed *packed,
                             struct arena *arena, int64_t *ret_rows) {
    struct backend *backend;
    struct str why = STR_NONE;
    enum gb_err err = data_open_snapshot(config, arena, &backend, &why);
    if (err != GB_OK) {
        fprintf(stderr, "gigabridge: data: " STR_FMT "\n", STR_ARG(why));
        return err;
    }
    err = export_lines(backend, arena, packed_file(packed), ret_rows);
    if (err != GB_OK && packed_trouble(packed) == NULL) {
        const char *trouble = backend->trouble;
        fprintf(stderr, "gigabridge: data: %s\n", trouble != NULL ? trouble : gb_err_meaning(err));
    }
    backend->ops->close(backend);
    return err;
}

/* Fills in what was made. False: it was said why, no file is left. */
static bool write_file(const struct config *config, struct backup_file *file, struct arena *arena,
                       struct backup *ret_made) {
    uint8_t salt[16], digest[SHA256_BYTES];
    struct str password = secret_reveal(config->backup.password);
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt || !backup_file_open(file, arena)) {
        return false;
    }
    struct packed *packed = packed_create(file->fd, password, salt, SEALED_ROUNDS);
    enum gb_err err = rows_into(config, packed, arena, &ret_made->rows);
    bool is_whole = err == GB_OK && packed_end(packed, &ret_made->bytes, digest);
    if (!is_whole) {
        if (packed_trouble(packed) != NULL) {
            fprintf(stderr, "gigabridge: %s: %s\n", file->draft, packed_trouble(packed));
        }
        backup_file_drop(file);
    } else {
        is_whole = backup_file_keep(file);
        ret_made->sha256 = hex_encode(arena, digest, sizeof digest);
        ret_made->is_encrypted = password.n > 0;
        ret_made->name = file->name;
    }
    packed_free(packed);
    return is_whole;
}

static bool is_directory(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* A name that is not taken: the next second's, if another backup was quicker. */
static struct str free_name(const struct config *config, const char *directory,
                            struct arena *arena) {
    int64_t now_ms = data_now_ms();
    struct str name = STR_NONE;
    for (int i = 0; i < NAME_TRIES; i++) {
        name = backup_name(arena, config->shop.name, now_ms + i * GB_SECOND_MS);
        struct str path = arena_printf(arena, "%s/" STR_FMT, directory, STR_ARG(name));
        struct str draft = arena_printf(arena, STR_FMT ".part", STR_ARG(path));
        if (access(arena_cstr(arena, path), F_OK) != 0 &&
            access(arena_cstr(arena, draft), F_OK) != 0) {
            break;
        }
    }
    return name;
}

/* Where it goes, in words of backup_file. --to FILE is split at its last slash. */
static struct backup_file place(const struct config *config, const char *to, struct arena *arena,
                                int64_t *ret_keep) {
    struct backup_file file = {.fd = -1};
    *ret_keep = INT64_MAX; /* what the owner puts elsewhere is the owner's */
    if (to == NULL) {
        file.directory = arena_cstr(arena, backup_directory(config, arena, ret_keep));
    } else if (is_directory(to)) {
        file.directory = to;
    } else {
        const char *slash = strrchr(to, '/');
        file.name = str_of(slash != NULL ? slash + 1 : to);
        file.directory = slash == NULL ? "."
                         : slash == to ? "/"
                                       : arena_cstr(arena, (struct str){to, (size_t)(slash - to)});
    }
    if (file.name.n == 0) {
        file.name = free_name(config, file.directory, arena);
    }
    return file;
}

static void tell(const struct order *order, const struct backup_file *file,
                 const struct backup *made, struct arena *arena) {
    if (order->is_json) {
        struct str line = backup_write(arena, made);
        printf(STR_FMT "\n", STR_ARG(line));
        return;
    }
    printf("%s\n", file->path);
    fprintf(stderr, "%" PRId64 " rows, %" PRId64 " bytes, SHA-256 " STR_FMT "\n%s", made->rows,
            made->bytes, STR_ARG(made->sha256),
            made->is_encrypted ? ""
                               : "It is not encrypted ([backup] password): whoever reads it can "
                                 "act on the panels.\n");
}

static int make(const struct order *order, const struct config *config, struct arena *arena) {
    int64_t keep;
    struct backup made = {.rows = 0};
    struct backup_file file = place(config, order->to, arena, &keep);
    if (order->to == NULL) { /* leftovers may be what fills the disk */
        backup_files_rotate(file.directory, file.name, INT32_MAX, arena);
    }
    if (!write_file(config, &file, arena, &made)) {
        return 1;
    }
    if (order->to == NULL) {
        backup_files_rotate(file.directory, file.name, keep, arena);
    }
    tell(order, &file, &made, arena);
    return fflush(stdout) == 0 ? 0 : 1;
}

int command_backup(int argc, char **argv) {
    struct order order = {.source = {.path = "config.ini"}};
    const char *overrides[OVERRIDES_MAX];
    size_t override_count = 0;
    const struct word words[] = {
        {.name = "--config", .value = &order.source.path},
        {.name = "--to", .value = &order.to},
        {.name = "--json", .flag = &order.is_json},
        {.name = "--set",
         .list = overrides,
         .list_max = OVERRIDES_MAX,
         .list_count = &override_count},
    };
    if (words_read(argc, argv, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    order.source.overrides = overrides;
    order.source.override_count = override_count;
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    const struct config *config;
    int status = 2;
    if (config_load(&order.source, arena, &config) == GB_OK) {
        status = make(&order, config, arena);
    }
    arena_free(arena);
    return status;
}

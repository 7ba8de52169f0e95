/* restore.c: `gigabridge restore`: a backup into an empty store, of whichever kind.
 *
 * The file is read to its end, every seal and the digest over all rows, before a row is written;
 * the rest is import's.
 */
#define GB_DOOR "reads the backup and a password's file"
#include "base/arena.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/moving.h"
#include "cli/packed.h"
#include "cli/words.h"
#include "state/config.h"

#include <errno.h>

#define ARENA_BYTES    ((size_t)64 * 1024)
#define ARENA_MAX      ((size_t)64 * 1024 * 1024)
#define PASSWORD_BYTES 500

struct sealed_lines {
    const char *path;
    struct str password;
    int fd;
    struct packed *packed;
};

static FILE *open_lines(void *ctx) {
    struct sealed_lines *lines = ctx;
    const char *why = NULL;
    lines->fd = open(lines->path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0) {
        fprintf(stderr, "gigabridge: %s: %s\n", lines->path, strerror(errno));
        return NULL;
    }
    lines->packed = packed_open(lines->fd, lines->password, &why);
    if (lines->packed == NULL) {
        fprintf(stderr, "gigabridge: %s: %s\n", lines->path, why);
        close(lines->fd);
        return NULL;
    }
    return packed_file(lines->packed);
}

static void close_lines(void *ctx, FILE *file) {
    struct sealed_lines *lines = ctx;
    (void)file;
    packed_free(lines->packed);
    close(lines->fd);
}

static const char *lines_trouble(void *ctx) {
    const struct sealed_lines *lines = ctx;
    return packed_trouble(lines->packed);
}

/* The file's first line. False: it was said why. */
static bool read_password(const char *path, struct arena *arena, struct str *ret_password) {
    char text[PASSWORD_BYTES + 2] = "";
    FILE *file = fopen(path, "re");
    size_t n = file != NULL ? fread(text, 1, sizeof text, file) : 0;
    int why = errno;
    if (file != NULL) {
        fclose(file);
    }
    struct str line = {text, n};
    line = str_sub(line, 0, str_find(line, '\n'));
    line = str_ends(line, STR("\r")) ? str_sub(line, 0, line.n - 1) : line;
    bool fits = line.n > 0 && line.n <= PASSWORD_BYTES;
    if (!fits) {
        fprintf(stderr, "gigabridge: %s: %s\n", path,
                file == NULL ? strerror(why) : "no password in its first line");
    }
    *ret_password = fits ? arena_copy(arena, line) : STR_NONE;
    crypto_wipe(text, sizeof text);
    return fits;
}

int command_restore(int argc, char **argv) {
    struct config_source source = {.path = "config.ini"};
    const char *password_file = NULL;
    const struct word words[] = {
        {.name = "--config", .value = &source.path},
        {.name = "--password-file", .value = &password_file},
    };
    if (argc < 1 || argv[0][0] == '-') {
        fputs("gigabridge: restore FILE [--config FILE] [--password-file FILE]\n", stderr);
        return 2;
    }
    if (words_read(argc - 1, argv + 1, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    const struct config *config;
    int status = 2;
    if (config_load(&source, arena, &config) == GB_OK) {
        struct sealed_lines lines = {.path = argv[0],
                                     .password = secret_reveal(config->backup.password)};
        struct import_source from = {
            .name = argv[0],
            .open = open_lines,
            .close = close_lines,
            .trouble = lines_trouble,
            .ctx = &lines,
        };
        status = password_file == NULL || read_password(password_file, arena, &lines.password)
                     ? import_lines(config, &from, arena)
                     : 2;
    }
    arena_free(arena);
    return status;
}

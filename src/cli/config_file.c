#define GB_DOOR "reads the settings file, files it names and the environment"
#include "cli/config_file.h"

#include "base/arena.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "state/config.h"

#include <errno.h>
#include <stdio.h>

#define FILE_BYTES_MAX    ((size_t)1024 * 1024)
#define EXAMPLE_BYTES_MAX ((size_t)256 * 1024)

/* The whole file. GB_NOT_FOUND, GB_NO_SPACE (too large), GB_UNAVAILABLE. */
static enum gb_err file_read(struct arena *arena, const char *path, struct str *ret_text) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return errno == ENOENT ? GB_NOT_FOUND : GB_UNAVAILABLE;
    }
    struct buf text;
    char piece[4096];
    buf_init(&text, arena, FILE_BYTES_MAX);
    for (size_t n = fread(piece, 1, sizeof piece, file); n > 0 && !text.failed;
         n = fread(piece, 1, sizeof piece, file)) {
        buf_add(&text, (struct str){piece, n});
    }
    bool failed = ferror(file) != 0;
    fclose(file);
    return failed ? GB_UNAVAILABLE : buf_end(&text, ret_text);
}

/* A secret's or a time zone's. */
static enum gb_err named_file(void *ctx, struct arena *arena, struct str path,
                              struct str *ret_text) {
    (void)ctx;
    return file_read(arena, arena_cstr(arena, path), ret_text);
}

/* .env in the settings' directory; none, or one that cannot be read, is none. */
static struct str dotenv_read(struct arena *arena, const char *config_path) {
    const char *slash = strrchr(config_path, '/');
    int directory_n = slash != NULL ? (int)(slash - config_path + 1) : 0;
    struct str path = arena_printf(arena, "%.*s.env", directory_n, config_path), text = STR_NONE;
    return file_read(arena, arena_cstr(arena, path), &text) == GB_OK ? text : STR_NONE;
}

static void tell_held(void *ctx, const struct option *option) {
    (void)ctx;
    LOG_WARN("setting_waits_for_restart", LOG_TEXT("section", option->section),
             LOG_TEXT("key", option->key));
}

enum gb_err config_load(const struct config_source *source, struct arena *arena,
                        const struct config **ret_config) {
    struct environment environment = {arena, dotenv_read(arena, source->path)};
    struct options_source from = {
        .file = source->path,
        .environment = environment_get,
        .read_file = named_file,
        .ctx = &environment,
        .overrides = source->overrides,
        .override_count = source->override_count,
    };
    enum gb_err err = file_read(arena, source->path, &from.text);
    if (err != GB_OK) {
        fprintf(stderr, "gigabridge: %s: %s\n", source->path,
                err == GB_NOT_FOUND ? "no such file; `gigabridge config` prints an example"
                                    : "cannot be read");
        return GB_INVALID;
    }
    struct config *config = ARENA_NEW(arena, struct config);
    struct faults faults;
    faults_init(&faults, arena);
    err = options_read(&config_spec, &from, arena, config, &faults);
    config_check(config, arena, &faults);
    for (const struct fault *fault = faults.first; fault != NULL; fault = fault->next) {
        fprintf(stderr, STR_FMT "\n", STR_ARG(fault->text));
    }
    if (err != GB_OK || faults.count > 0) {
        return GB_INVALID;
    }
    if (source->in_force != NULL) {
        options_hold(&config_spec, source->in_force, arena, config, tell_held, NULL);
    }
    *ret_config = config;
    return GB_OK;
}

int command_config(int argc, char **argv) {
    bool manual = argc == 1 && strcmp(argv[0], "--manual") == 0;
    if (argc > (manual ? 1 : 0)) {
        fputs("gigabridge: config takes --manual or nothing\n", stderr);
        return 2;
    }
    struct arena *arena = arena_new(64 * 1024, 4 * EXAMPLE_BYTES_MAX);
    struct buf buf;
    buf_init(&buf, arena, EXAMPLE_BYTES_MAX);
    if (manual) {
        options_document(&config_spec, &buf);
    } else {
        options_print_example(&config_spec, &buf);
    }
    gb_assert(!buf.failed);
    fwrite(buf.p, 1, buf.n, stdout);
    arena_free(arena);
    return 0;
}

/* moving.h: what export and import, backup and restore agree on: the lines, not where they lie. */
#ifndef CLI_MOVING_H
#define CLI_MOVING_H

#include "base/base.h"

#include <stdio.h>

struct arena;
struct backend;
struct config;

#define EXPORT_FORMAT "gigabridge export 1"

/* All rows of the store. GB_NO_SPACE: the file refuses. Else the store's error. */
enum gb_err export_lines(struct backend *backend, struct arena *arena, FILE *file,
                         int64_t *ret_rows) GB_MUST_USE;

/* Where lines come from. */
struct import_source {
    const char *name;         /* for messages */
    bool is_stream;           /* cannot be read twice */
    FILE *(*open)(void *ctx); /* from the beginning; NULL: it was said why */
    void (*close)(void *ctx, FILE *file);
    /* Why reading ended early; NULL: it did not. If there is this function, nothing may follow the
     * last line. */
    const char *(*trouble)(void *ctx);
    void *ctx;
};

/* Read and check all, then write it into the config's store, which must be empty; then compare.
 * The exit status; all is told. */
int import_lines(const struct config *config, const struct import_source *source,
                 struct arena *arena);

#endif

/* config_file.h: the settings from file, environment and command line, or every fault in them. */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "base/base.h"

struct arena;
struct config;

/* What the command line said about the settings. */
struct config_source {
    const char *path;             /* the file */
    const char *const *overrides; /* "section.key=value" */
    size_t override_count;
    /* Reading again: what cannot change in a running shop keeps its value and is logged. */
    const struct config *in_force; /* NULL: the first reading */
};

/* Read and check; the config lives in `arena`. GB_INVALID: every fault was printed to stderr, one
 * a line, "file:line: what". */
enum gb_err config_load(const struct config_source *source, struct arena *arena,
                        const struct config **ret_config) GB_MUST_USE;

#endif

/* shop_files.h: the directory of the sandbox's shop: its config, its log, its data, and the clock.
 *
 * The clock is a file of two numbers of 8 bytes: an offset in ms that the shop and the sandbox add
 * to their clocks, so that writing it moves both through time, and one that only the wall clocks
 * get, for tests. A directory made here is removed at the end, unless
 * it is to be kept; one that was named stays.
 */
#ifndef SANDBOX_SHOP_FILES_H
#define SANDBOX_SHOP_FILES_H

#include "base/base.h"

struct arena;

struct shop_files {
    const char *directory, *config, *log, *data, *clock; /* absolute paths */
    bool is_ours;                                        /* the directory was made here */
    int64_t *offset_ms;                                  /* the mapped clock file */
};

/* `directory` NULL: a fresh one below $TMPDIR or /tmp. The clock starts at 0.
 * GB_UNAVAILABLE: *reterr_why, in the arena. */
enum gb_err shop_files_open(const char *directory, struct arena *arena,
                            struct shop_files *ret_files, const char **reterr_why) GB_MUST_USE;
/* Write the config, readable by its owner only. GB_UNAVAILABLE: not written. */
enum gb_err shop_files_write_config(const struct shop_files *files, struct str text) GB_MUST_USE;
void shop_files_advance(struct shop_files *files, int64_t ms);
void shop_files_close(struct shop_files *files, bool keep);

#endif

/* shop_jobs.h: what time does in the shop: one table of jobs, each in batches.
 *
 * A step is one transaction over at most a hundred rows that are due, found by an index. Between
 * steps the run's cursor is in the store, so that whoever goes on after a crash goes on there.
 */
#ifndef JOBS_SHOP_JOBS_H
#define JOBS_SHOP_JOBS_H

#include "base/base.h"

struct job_run;
struct work;

struct job_step {
    bool more;         /* not done yet; the next step begins at `cursor` */
    struct str cursor; /* at most 1024 bytes */
    int64_t items;     /* done in this step */
    bool failed;
    struct str why;
};

/* The run's next step. Of no job of ours: failed, and says so. The store's error. */
enum gb_err shop_job_step(struct work *work, const struct job_run *run,
                          struct job_step *ret_step) GB_MUST_USE;

/* Make the store's jobs those of the table and the settings. The store's error. */
enum gb_err shop_jobs_put(struct work *work) GB_MUST_USE;

/* Some jobs are also due whenever their index says so: ask for a run of those, and say when the
 * next one is; INT64_MAX: none. The store's error. */
enum gb_err shop_jobs_wake(struct work *work, int64_t *ret_next_ms) GB_MUST_USE;

/* Name number `i`, in the order of the table; NULL: no more. */
const char *shop_job_name(size_t i);

#endif

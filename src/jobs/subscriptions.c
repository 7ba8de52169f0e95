/* subscriptions.c: subscription_check and subscription_reminders: what is due, by its index. */
#include "base/arena.h"
#include "base/num.h"
#include "jobs/steps.h"
#include "shop/due.h"
#include "state/jobs.h"
#include "state/work.h"

/* What was seen is not due any more, so the cursor need not say where the next step begins: it
 * counts the subscriptions that could not be read. */
static enum gb_err step(struct work *work, const struct job_run *run, enum due_kind kind,
                        struct job_step *ret_step) {
    struct due_batch batch;
    int64_t damaged = 0;
    if (num_i64(run->cursor, 0, INT32_MAX, &damaged) != GB_OK) {
        damaged = 0; /* the first step */
    }
    enum gb_err err = due_run(work, kind, STEP_ROWS, &batch);
    if (err != GB_OK) {
        return err;
    }
    ret_step->items = batch.done;
    ret_step->more = batch.seen == STEP_ROWS;
    damaged += (int64_t)batch.damaged;
    ret_step->cursor = arena_printf(work->arena, "%" PRId64, damaged);
    if (damaged > 0 && !ret_step->more) {
        ret_step->failed = true;
        ret_step->why = arena_printf(
            work->arena, "%" PRId64 " damaged subscriptions: see check --store", damaged);
    }
    return GB_OK;
}

enum gb_err step_check(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    return step(work, run, DUE_CHECK, ret_step);
}

enum gb_err step_remind(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    return step(work, run, DUE_REMIND, ret_step);
}

/* subscriptions.c: subscription_check and subscription_reminders: what is due, by its index. */
#include "base/arena.h"
#include "jobs/steps.h"
#include "shop/due.h"
#include "state/jobs.h"
#include "state/work.h"

/* What was seen is not due any more, so that the next step needs no cursor; "." says that there was
 * a step before. */
static enum gb_err step(struct work *work, enum due_kind kind, struct job_step *ret_step) {
    struct due_batch batch;
    enum gb_err err = due_run(work, kind, STEP_ROWS, &batch);
    if (err != GB_OK) {
        return err;
    }
    ret_step->items = batch.done;
    ret_step->more = batch.seen == STEP_ROWS;
    ret_step->cursor = STR(".");
    if (batch.damaged > 0 && !ret_step->more) {
        ret_step->failed = true;
        ret_step->why = arena_printf(work->arena, "%zu damaged subscriptions: see check --store",
                                     batch.damaged);
    }
    return GB_OK;
}

enum gb_err step_check(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    (void)run;
    return step(work, DUE_CHECK, ret_step);
}

enum gb_err step_remind(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    (void)run;
    return step(work, DUE_REMIND, ret_step);
}

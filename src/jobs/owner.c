/* owner.c: payments_cleanup, backup, digest. */
#include "base/arena.h"
#include "base/clock.h"
#include "jobs/steps.h"
#include "shop/backups.h"
#include "shop/figures.h"
#include "shop/payments.h"
#include "state/jobs.h"
#include "state/notices.h"
#include "state/work.h"

enum gb_err step_payments(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    size_t seen;
    (void)run;
    enum gb_err err = payments_tidy(work, STEP_ROWS, &seen, &ret_step->items);
    ret_step->more = err == GB_OK && seen == STEP_ROWS;
    ret_step->cursor = STR(".");
    return err;
}

/* Asked for here; made by a process of its own (engine/local.h). */
enum gb_err step_backup(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    (void)run;
    ret_step->items = 1;
    return backup_ask(work);
}

/* The day before the one it was due on: a digest that is late is still that day's. */
enum gb_err step_digest(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    (void)run;
    notice_add(work, &(struct notice){
                         .kind = NOTICE_DIGEST,
                         .about = clock_show_date(work->arena, figures_today(work) - 1),
                     });
    ret_step->items = 1;
    return GB_OK;
}

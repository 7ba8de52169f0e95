/* servers.c: panel_sync, panel_synced, server_checks. */
#include "shop/servers.h"
#include "jobs/steps.h"
#include "shop/sync.h"
#include "state/jobs.h"

enum gb_err step_sync(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    (void)run;
    return sync_ask(work, &ret_step->items);
}

enum gb_err step_synced(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    enum gb_err err = sync_step(work, run->args, run->cursor, &ret_step->cursor, &ret_step->items);
    ret_step->more = err == GB_OK && ret_step->cursor.n > 0;
    return err;
}

enum gb_err step_servers(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    int64_t checked;
    (void)run, (void)ret_step; /* checks that found nothing are not worth a line of log */
    return servers_check(work, &checked);
}

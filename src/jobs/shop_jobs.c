#include "jobs/shop_jobs.h"

#include "base/arena.h"
#include "jobs/steps.h"
#include "shop/due.h"
#include "state/config.h"
#include "state/jobs.h"
#include "state/work.h"

#define HISTORY 20

static const struct shop_job {
    const char *name;
    job_step_fn *step;
    size_t schedule;      /* in struct config; of those the owner has no say in: 0 */
    bool is_due_by_index; /* also whenever `due` says so */
    enum due_kind due;
    int64_t grace_ms; /* an instant later than that is passed over; 0: however late */
} table[] = {
#define AT(job) offsetof(struct config, schedule.job)
    {"subscription_check", step_check, AT(subscription_check), true, DUE_CHECK, 0},
    {"subscription_reminders", step_remind, AT(subscription_reminders), true, DUE_REMIND, 0},
    {"panel_sync", step_sync, AT(panel_sync), false, 0, 0},
    {"panel_synced", step_synced, 0, false, 0, 0},
    {"server_checks", step_servers, AT(server_checks), false, 0, 0},
    {"payments_cleanup", step_payments, AT(payments_cleanup), false, 0, 0},
    {"backup", step_backup, AT(backup), false, 0, 0},
    {"digest", step_digest, AT(digest), false, 0, 12 * GB_HOUR_MS},
#undef AT
};

const char *shop_job_name(size_t i) {
    return i < GB_COUNT(table) ? table[i].name : NULL;
}

enum gb_err shop_job_step(struct work *work, const struct job_run *run, struct job_step *ret_step) {
    *ret_step = (struct job_step){.more = false};
    for (size_t i = 0; i < GB_COUNT(table); i++) {
        if (str_is(run->kind, table[i].name)) {
            return table[i].step(work, run, ret_step);
        }
    }
    ret_step->failed = true;
    ret_step->why = STR("no such job in this version");
    return GB_OK;
}

static const struct schedule *schedule_of(const struct work *work, const struct shop_job *job) {
    return (const struct schedule *)(const void *)((const char *)work->config + job->schedule);
}

static enum gb_err put(struct work *work, const struct shop_job *from) {
    struct job job = {
        .id = str_of(from->name),
        .kind = str_of(from->name),
        .coalesce = true,
        .misfire_grace_ms = from->grace_ms,
        .history = HISTORY,
    };
    if (job_set_schedule(work->arena, &job, schedule_of(work, from))) {
        enum gb_err err = job_put(work, &job, true, NULL);
        gb_assert(err != GB_INVALID); /* the settings were checked */
        return err;
    }
    enum gb_err err = job_remove(work, job.id);
    return err == GB_NOT_FOUND ? GB_OK : err;
}

enum gb_err shop_jobs_put(struct work *work) {
    enum gb_err err = GB_OK;
    for (size_t i = 0; err == GB_OK && i < GB_COUNT(table); i++) {
        if (table[i].schedule != 0) {
            err = put(work, &table[i]);
        }
    }
    return err;
}

/* A run that is under way takes what has become due with it; one that is asked for begins. */
static enum gb_err wake(struct work *work, const struct shop_job *from, int64_t *next_ms) {
    struct job job;
    int64_t due_ms = 0;
    enum gb_err err = job_get(work, str_of(from->name), &job);
    if (err != GB_OK || job.paused || job.wanted_ms != 0 || job.running > 0) {
        return err == GB_NOT_FOUND || err == GB_DAMAGED ? GB_OK : err;
    }
    err = due_next(work, from->due, &due_ms);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_OK : err;
    }
    if (due_ms > work->now_ms) {
        *next_ms = GB_MIN(*next_ms, due_ms);
        return GB_OK;
    }
    return job_run_now(work, job.id);
}

enum gb_err shop_jobs_wake(struct work *work, int64_t *ret_next_ms) {
    enum gb_err err = GB_OK;
    *ret_next_ms = INT64_MAX;
    for (size_t i = 0; err == GB_OK && i < GB_COUNT(table); i++) {
        if (table[i].is_due_by_index) {
            err = wake(work, &table[i], ret_next_ms);
        }
    }
    return err;
}

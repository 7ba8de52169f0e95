/* jobs_trigger.c: when a job's instants are. */
#include "state/jobs_inside.h"

#include "base/arena.h"
#include "base/cron.h"
#include "base/schedule.h"
#include "base/zone.h"
#include "state/work.h"

#define INSTANT_MAX_MS INT64_C(253370764800000) /* 9999: what a row's number holds exactly */
#define COUNTED_MAX    1000

static bool is_instant(int64_t ms) {
    return ms >= 0 && ms <= INSTANT_MAX_MS;
}

const char *trigger_fault(const struct job *job) {
    struct cron cron;
    if (!is_instant(job->at_ms) || !is_instant(job->until_ms)) {
        return "an instant is out of range";
    }
    if (job->jitter_ms < 0 || job->jitter_ms > GB_DAY_MS) {
        return "jitter is at most a day";
    }
    switch ((enum job_trigger)job->trigger) {
    case JOB_DATE:
        return job->at_ms > 0 ? NULL : "a date needs its instant";
    case JOB_INTERVAL:
        return job->every_ms < 1 || job->every_ms > 366 * GB_DAY_MS
                   ? "an interval is at most 366 days"
               : job->jitter_ms > job->every_ms ? "jitter is at most the interval"
                                                : NULL;
    case JOB_CRON:
        return cron_parse(job->cron, &cron, NULL) == GB_OK ? NULL
                                                           : "the cron expression cannot be read";
    }
    return "no such trigger";
}

bool trigger_is_same(const struct job *a, const struct job *b) {
    return a->trigger == b->trigger && a->at_ms == b->at_ms && a->every_ms == b->every_ms &&
           str_equal(a->cron, b->cron) && a->until_ms == b->until_ms;
}

static int64_t cron_after(const struct work *work, const struct job *job, int64_t after_ms) {
    struct cron cron;
    if (cron_parse(job->cron, &cron, NULL) != GB_OK) {
        return 0; /* a row of an older or newer program: never rather than often */
    }
    struct zone utc = zone_fixed(0);
    int64_t next_ms =
        cron_next(&cron, work->zone != NULL ? work->zone : &utc, GB_MAX(after_ms, job->at_ms - 1));
    return next_ms == CRON_NEVER ? 0 : next_ms;
}

int64_t trigger_after(const struct work *work, const struct job *job, int64_t after_ms) {
    int64_t next_ms = 0;
    switch ((enum job_trigger)job->trigger) {
    case JOB_DATE:
        next_ms = job->at_ms > after_ms ? job->at_ms : 0;
        break;
    case JOB_INTERVAL:
        next_ms = after_ms < job->first_ms
                      ? job->first_ms
                      : after_ms + job->every_ms - (after_ms - job->first_ms) % job->every_ms;
        break;
    case JOB_CRON:
        next_ms = cron_after(work, job, after_ms);
        break;
    }
    return job->until_ms != 0 && next_ms > job->until_ms ? 0 : next_ms;
}

int64_t trigger_count(const struct work *work, const struct job *job, int64_t from_ms,
                      int64_t until_ms) {
    if (job->trigger == JOB_INTERVAL) {
        int64_t last_ms = job->until_ms != 0 ? GB_MIN(until_ms - 1, job->until_ms) : until_ms - 1;
        return last_ms < from_ms ? 0 : (last_ms - from_ms) / job->every_ms + 1;
    }
    int64_t count = 0;
    while (from_ms != 0 && from_ms < until_ms && count < COUNTED_MAX) {
        count++;
        from_ms = trigger_after(work, job, from_ms);
    }
    return count;
}

void trigger_set(struct work *work, struct job *job, int64_t next_ms) {
    job->next_ms = next_ms;
    job->due_ms = next_ms;
    if (next_ms != 0 && job->jitter_ms > 0) {
        job->due_ms += (int64_t)rng_below(work->rng, (uint64_t)job->jitter_ms + 1);
    }
}

void trigger_start(struct work *work, struct job *job) {
    if (job->trigger == JOB_INTERVAL) {
        job->first_ms = job->at_ms != 0 ? job->at_ms : work->now_ms + job->every_ms;
    }
    trigger_set(work, job,
                job->trigger == JOB_DATE ? job->at_ms : trigger_after(work, job, work->now_ms - 1));
}

bool job_set_schedule(struct arena *arena, struct job *job, const struct schedule *schedule) {
    struct buf text;
    switch (schedule->kind) {
    case SCHEDULE_OFF:
        return false;
    case SCHEDULE_EVERY:
        job->trigger = JOB_INTERVAL;
        job->every_ms = schedule->every_ms;
        return true;
    case SCHEDULE_CRON:
        buf_init(&text, arena, CRON_PRINT_MAX);
        cron_print(&schedule->cron, &text);
        job->trigger = JOB_CRON;
        job->cron = buf_str(&text);
        return true;
    }
    return false;
}

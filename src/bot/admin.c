/* admin.c: the owner's screens. routes.c lets nobody else in. */
#include "bot/lookup.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/steps.h"
#include "shop/catalog.h"
#include "state/jobs.h"
#include "state/work.h"

enum gb_err admin_open(struct talk *talk) {
    const struct server *servers;
    size_t count;
    enum gb_err err = catalog_servers(talk->work, &servers, &count);
    if (err != GB_OK) {
        return err;
    }
    struct location *locations = ARENA_ARRAY(talk->work->arena, struct location, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct location *location;
        err = lookup_location(talk->work, servers[i].location, &location);
        if (err != GB_OK) {
            return err;
        }
        locations[i] = *location;
    }
    talk_show(talk, PLACE_ADMIN, STR_NONE, screen_admin(&talk->voice, servers, locations, count));
    return GB_OK;
}

/* ---- jobs */

#define JOBS_SHOWN 40
#define RUNS_SHOWN 10

enum gb_err jobs_open(struct talk *talk) {
    struct job *jobs;
    size_t count;
    enum gb_err err = jobs_list(talk->work, STR_NONE, JOBS_SHOWN, &jobs, &count);
    if (err == GB_OK) {
        talk_show(talk, PLACE_JOBS, STR_NONE, screen_jobs(&talk->voice, jobs, count));
    }
    return err;
}

static enum gb_err job_gone(struct talk *talk) {
    talk_toast(talk, TEXT_TOAST_NOT_FOUND);
    return jobs_open(talk);
}

enum gb_err job_open(struct talk *talk) {
    struct job job;
    struct job_run *runs;
    size_t count;
    struct str id = talk->press.args[0];
    enum gb_err err = job_get(talk->work, id, &job);
    if (err == GB_NOT_FOUND || err == GB_DAMAGED) {
        return job_gone(talk);
    }
    if (err == GB_OK) {
        err = job_history(talk->work, id, RUNS_SHOWN, &runs, &count);
    }
    if (err == GB_OK) {
        talk_show(talk, PLACE_JOB, job.id, screen_job(&talk->voice, &job, runs, count));
    }
    return err;
}

enum gb_err job_run_press(struct talk *talk) {
    enum gb_err err = job_run_now(talk->work, talk->press.args[0]);
    if (err == GB_NOT_FOUND || err == GB_DAMAGED) {
        return job_gone(talk);
    }
    talk_toast(talk, TEXT_TOAST_JOB_BEGINS);
    return err == GB_OK ? job_open(talk) : err;
}

enum gb_err job_pause_press(struct talk *talk) {
    struct str id = talk->press.args[0];
    bool pause = str_is(talk->press.args[1], "1");
    enum gb_err err = pause ? job_pause(talk->work, id) : job_resume(talk->work, id);
    if (err == GB_NOT_FOUND || err == GB_DAMAGED) {
        return job_gone(talk);
    }
    return err == GB_OK ? job_open(talk) : err;
}

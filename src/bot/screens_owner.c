/* screens_owner.c: the owner's screens: servers, jobs. */
#include "base/arena.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/voice.h"
#include "shop/catalog.h"
#include "state/jobs.h"

#define HTML_BYTES_MAX (16 * 1024)
#define LIST_BYTES_MAX 3500 /* Telegram takes 4096 characters */

/* ---- servers */

static void server_line(struct buf *html, const struct voice *voice, const struct server *server,
                        const struct location *location) {
    struct str users = arena_printf(voice->arena, "%" PRId64, server->users);
    struct str most = server->users_max > 0
                          ? arena_printf(voice->arena, "%" PRId64, server->users_max)
                          : STR("∞");
    buf_add_char(html, '\n');
    buf_add(html, SAY(voice, TEXT_ADMIN_SERVER, {PARAM_SERVER, server->id},
                      {PARAM_LOCATION, say_location(voice, location)}, {PARAM_N, users},
                      {PARAM_MAX, most}));
    if (server->draining) {
        buf_add_text(html, ", ");
        buf_add(html, say(voice, TEXT_ADMIN_DRAINING));
    }
}

struct screen *screen_admin(const struct voice *voice, const struct server *servers,
                            const struct location *locations, size_t count) {
    struct screen *screen = screen_new(voice, 3);
    struct buf html;
    buf_init(&html, voice->arena, HTML_BYTES_MAX);
    buf_add(&html, say(voice, TEXT_ADMIN));
    buf_add_char(&html, '\n');
    size_t shown = 0;
    while (shown < count && html.n < LIST_BYTES_MAX) {
        server_line(&html, voice, &servers[shown], &locations[shown]);
        shown++;
    }
    buf_add_text(&html, shown < count ? "\n…" : "");
    screen->html = buf_str(&html);
    screen_line(screen, say(voice, TEXT_BUTTON_JOBS), TO(PRESS_JOBS));
    screen_line(screen, say(voice, TEXT_BUTTON_REFRESH), TO(PRESS_ADMIN));
    screen_back(screen, PLACE_ADMIN, STR_NONE);
    return screen;
}

/* ---- jobs */

static struct str job_state(const struct voice *voice, const struct job *job) {
    if (job->kind.n == 0) {
        return say(voice, TEXT_JOB_DAMAGED);
    }
    return say(voice, job->running > 0 ? TEXT_JOB_RUNNING
                      : job->paused    ? TEXT_JOB_PAUSED
                                       : TEXT_JOB_WAITING);
}

static struct str job_next(const struct voice *voice, const struct job *job) {
    bool waits = job->next_ms != 0 && !job->paused;
    return waits ? say_moment(voice, job->next_ms) : STR("–");
}

struct screen *screen_jobs(const struct voice *voice, const struct job *jobs, size_t count) {
    struct screen *screen = screen_new(voice, count + 3);
    screen->html = say(voice, TEXT_JOBS);
    for (size_t i = 0; i < count; i++) {
        screen_line(screen,
                    SAY(voice, TEXT_JOBS_LINE, {PARAM_STATUS, job_state(voice, &jobs[i])},
                        {PARAM_ID, jobs[i].id}, {PARAM_TIME, job_next(voice, &jobs[i])}),
                    TO(PRESS_JOB, .args = {jobs[i].id}));
    }
    screen_back(screen, PLACE_JOBS, STR_NONE);
    return screen;
}

static struct str run_words(const struct voice *voice, const struct job_run *run) {
    static const enum text words[] = {
        [JOB_RUN_RUNNING] = TEXT_RUN_RUNNING,
        [JOB_RUN_DONE] = TEXT_RUN_DONE,
        [JOB_RUN_FAILED] = TEXT_RUN_FAILED,
        [JOB_RUN_MISSED] = TEXT_RUN_MISSED,
    };
    int64_t count = run->state == JOB_RUN_MISSED ? run->missed : run->items;
    return SAY(voice, words[run->state], {PARAM_TIME, say_moment(voice, run->started_ms)},
               {PARAM_N, arena_printf(voice->arena, "%" PRId64, count)}, {PARAM_WHY, run->why});
}

struct screen *screen_job(const struct voice *voice, const struct job *job,
                          const struct job_run *runs, size_t count) {
    struct screen *screen = screen_new(voice, 4);
    struct buf html;
    buf_init(&html, voice->arena, HTML_BYTES_MAX);
    buf_add(&html, SAY(voice, TEXT_JOB, {PARAM_ID, job->id}, {PARAM_STATUS, job_state(voice, job)},
                       {PARAM_TIME, job_next(voice, job)}));
    for (size_t i = 0; i < count && html.n < LIST_BYTES_MAX; i++) {
        buf_add_char(&html, '\n');
        buf_add(&html, run_words(voice, &runs[i]));
    }
    screen->html = buf_str(&html);
    screen_button(screen, say(voice, TEXT_BUTTON_RUN), TO(PRESS_JOB_RUN, .args = {job->id}));
    screen_button(screen, say(voice, job->paused ? TEXT_BUTTON_RESUME : TEXT_BUTTON_PAUSE),
                  TO(PRESS_JOB_PAUSE, .args = {job->id, job->paused ? STR("0") : STR("1")}));
    screen_row(screen);
    screen_back(screen, PLACE_JOB, STR_NONE);
    return screen;
}

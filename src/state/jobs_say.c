#include "state/jobs_say.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/near.h"
#include "base/num.h"
#include "base/zone.h"
#include "state/jobs_inside.h"
#include "state/lane_rows.h"
#include "state/work.h"

#define PATH              "/jobs"
#define LIST_DEFAULT      100
#define HISTORY_DEFAULT   20
#define SHOW_RUNS         5
#define BODY_BYTES_MAX    ((size_t)4 << 20)
#define BODY_BYTES_ENOUGH ((size_t)1 << 20) /* a list that is longer goes on in the next one */
#define NEAR_MAX          5
#define NEAR_LOOK_AT      1000 /* jobs, for a name that was misspelled */

static const struct {
    const char *name;
    bool changes;
} verbs[] = {
    [JOBS_LIST] = {"list", false},       [JOBS_SHOW] = {"show", false},
    [JOBS_HISTORY] = {"history", false}, [JOBS_RUN] = {"run", true},
    [JOBS_PAUSE] = {"pause", true},      [JOBS_RESUME] = {"resume", true},
};

enum gb_err jobs_verb_find(struct str name, enum jobs_verb *ret_verb) {
    for (size_t i = 0; i < GB_COUNT(verbs); i++) {
        if (str_is(name, verbs[i].name)) {
            *ret_verb = (enum jobs_verb)i;
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

bool jobs_verb_changes(enum jobs_verb verb) {
    return verbs[verb].changes;
}

struct jobs_answer jobs_refusal(struct arena *arena, int status, struct str why) {
    struct buf text;
    struct json_out out;
    buf_init(&text, arena, BODY_BYTES_MAX);
    json_begin(&out, &text);
    json_open_object(&out, NULL);
    json_put_str(&out, "error", why);
    json_close(&out);
    return (struct jobs_answer){.status = status, .body = buf_str(&text)};
}

/* ---- a request as a command ---- */

static const char *query_read(struct str query, struct jobs_command *command) {
    struct str pair;
    while (str_split(&query, '&', &pair)) {
        size_t equals = str_find(pair, '=');
        struct str name = str_sub(pair, 0, equals), value = str_sub(pair, equals + 1, pair.n);
        if (str_is(name, "after") && command->verb == JOBS_LIST) {
            command->after = value;
        } else if (str_is(name, "limit") && !jobs_verb_changes(command->verb)) {
            if (num_i64(value, 1, JOBS_LIMIT_MAX, &command->limit) != GB_OK) {
                return "limit: a number from 1 to 1000";
            }
        } else if (pair.n > 0) {
            return "there is after= and limit=, and not for everything";
        }
    }
    return NULL;
}

static enum gb_err refuse(struct arena *arena, struct jobs_answer *reterr_answer, int status,
                          const char *why) {
    *reterr_answer = jobs_refusal(arena, status, str_of(why));
    return GB_INVALID;
}

enum gb_err jobs_command_check(struct arena *arena, const struct jobs_command *command,
                               struct jobs_answer *reterr_answer) {
    bool is_fine = command->verb == JOBS_LIST
                       ? command->after.n == 0 || job_id_is_fine(command->after)
                       : job_id_is_fine(command->id);
    return is_fine ? GB_OK
                   : refuse(arena, reterr_answer, 400,
                            "a job's id is 1 to 150 letters, digits and . _ : -");
}

enum gb_err jobs_command_read(struct arena *arena, enum http_method method, struct str path,
                              struct str query, struct jobs_command *ret_command,
                              struct jobs_answer *reterr_answer) {
    struct jobs_command command = {.verb = JOBS_LIST};
    struct str rest = str_sub(path, STR(PATH).n, path.n), id, verb, more;
    if (!str_starts(path, STR(PATH)) || (rest.n > 0 && rest.p[0] != '/')) {
        return refuse(arena, reterr_answer, 404, "there is /jobs, /jobs/ID, /jobs/ID/history");
    }
    rest = str_sub(rest, 1, rest.n);
    if (rest.n > 0 && str_split(&rest, '/', &id)) {
        command.verb = JOBS_SHOW;
        command.id = id;
        if (str_split(&rest, '/', &verb) &&
            (jobs_verb_find(verb, &command.verb) != GB_OK || command.verb < JOBS_HISTORY ||
             str_split(&rest, '/', &more))) {
            return refuse(arena, reterr_answer, 404,
                          "a job has history, and takes run, pause and resume");
        }
    }
    if (method != (jobs_verb_changes(command.verb) ? HTTP_POST : HTTP_GET)) {
        return refuse(arena, reterr_answer, 400, "GET asks, POST runs, pauses and resumes");
    }
    const char *fault = query_read(query, &command);
    if (fault != NULL) {
        return refuse(arena, reterr_answer, 400, fault);
    }
    if (jobs_command_check(arena, &command, reterr_answer) != GB_OK) {
        return GB_INVALID;
    }
    *ret_command = command;
    return GB_OK;
}

struct str jobs_command_target(struct arena *arena, const struct jobs_command *command) {
    struct buf target;
    char mark = '?';
    buf_init(&target, arena, 1024);
    buf_add_text(&target, PATH);
    if (command->verb != JOBS_LIST) {
        buf_printf(&target, "/" STR_FMT, STR_ARG(command->id));
    }
    if (command->verb >= JOBS_HISTORY) {
        buf_printf(&target, "/%s", verbs[command->verb].name);
    }
    if (command->limit > 0) {
        buf_printf(&target, "?limit=%" PRId64, command->limit);
        mark = '&';
    }
    if (command->after.n > 0) {
        buf_printf(&target, "%cafter=" STR_FMT, mark, STR_ARG(command->after));
    }
    gb_assert(!target.failed);
    return buf_str(&target);
}

/* ---- what is said of a job ---- */

struct saying {
    struct work *work;
    struct buf text;
    struct json_out out;
};

/* "2026-12-01T09:00:00+03:00" in the shop's civil time, and as a number. */
static void put_instant(struct saying *say, const char *key, int64_t ms) {
    const struct work *work = say->work;
    struct zone utc = zone_fixed(0);
    const struct zone *zone = work->zone != NULL ? work->zone : &utc;
    const char *key_ms = arena_cstr(work->arena, arena_printf(work->arena, "%s_ms", key));
    if (ms == 0) {
        json_put_null(&say->out, key);
        json_put_null(&say->out, key_ms);
        return;
    }
    struct civil c = zone_to_civil(zone, ms);
    int minutes = zone_offset_s(zone, ms) / 60;
    int size = minutes < 0 ? -minutes : minutes;
    json_put_str(&say->out, key,
                 arena_printf(work->arena, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year,
                              c.month, c.day, c.hour, c.minute, c.second, minutes < 0 ? '-' : '+',
                              size / 60, size % 60));
    json_put_i64(&say->out, key_ms, ms);
}

static void begin(struct saying *say, struct work *work) {
    say->work = work;
    buf_init(&say->text, work->arena, BODY_BYTES_MAX);
    json_begin(&say->out, &say->text);
    json_open_object(&say->out, NULL);
    put_instant(say, "now", work->now_ms);
}

static struct jobs_answer end(struct saying *say) {
    json_close(&say->out);
    gb_assert(!say->text.failed);
    return (struct jobs_answer){.status = 200, .body = buf_str(&say->text)};
}

static void put_run(struct saying *say, const char *key, const struct job_run *run) {
    json_open_object(&say->out, key);
    json_put_i64(&say->out, "number", run->number);
    json_put_text(&say->out, "state", run_state_name(run->state));
    json_put_bool(&say->out, "by_hand", run->by_hand);
    put_instant(say, "scheduled", run->scheduled_ms);
    put_instant(say, "started", run->started_ms);
    put_instant(say, "ended", run->ended_ms);
    if (run->started_ms != 0) {
        int64_t end_ms = run->ended_ms != 0 ? run->ended_ms : say->work->now_ms;
        json_put_i64(&say->out, "duration_ms", GB_MAX(end_ms - run->started_ms, INT64_C(0)));
    }
    json_put_i64(&say->out, "items", run->items);
    if (run->state == JOB_RUN_RUNNING) {
        json_put_i64(&say->out, "tries", run->tries);
        put_instant(say, "lease_until", run->lease_until_ms);
    }
    if (run->state == JOB_RUN_MISSED) {
        json_put_i64(&say->out, "missed", run->missed);
    }
    if (run->state == JOB_RUN_FAILED) {
        json_put_str(&say->out, "why", run->why);
    }
    json_close(&say->out);
}

static void put_runs(struct saying *say, const struct job_run *runs, size_t count) {
    json_open_array(&say->out, "runs");
    for (size_t i = 0; i < count; i++) {
        put_run(say, NULL, &runs[i]);
    }
    json_close(&say->out);
}

static void put_date_text(struct saying *say, int64_t at_ms) {
    struct zone utc = zone_fixed(0);
    struct civil c = zone_to_civil(say->work->zone != NULL ? say->work->zone : &utc, at_ms);
    json_put_str(&say->out, "text",
                 arena_printf(say->work->arena, "at %04d-%02d-%02d %02d:%02d", c.year, c.month,
                              c.day, c.hour, c.minute));
}

static void put_trigger(struct saying *say, const struct job *job) {
    struct json_out *out = &say->out;
    json_open_object(out, "trigger");
    switch ((enum job_trigger)job->trigger) {
    case JOB_DATE:
        json_put_text(out, "kind", "date");
        put_date_text(say, job->at_ms);
        put_instant(say, "at", job->at_ms);
        break;
    case JOB_INTERVAL: {
        struct buf words;
        buf_init(&words, say->work->arena, 64);
        buf_add_text(&words, "every ");
        num_put_duration(&words, job->every_ms);
        json_put_text(out, "kind", "interval");
        json_put_str(out, "text", buf_str(&words));
        json_put_i64(out, "every_ms", job->every_ms);
        break;
    }
    case JOB_CRON:
        json_put_text(out, "kind", "cron");
        json_put_str(out, "text", job->cron);
        break;
    }
    put_instant(say, "until", job->until_ms);
    json_close(out);
}

static const char *state_of(const struct job *job) {
    return job->paused ? "paused" : job->held ? "held" : job->running > 0 ? "running" : "waiting";
}

/* The newest run that is over: of so many, one at least is not running. */
static enum gb_err put_last(struct saying *say, const struct job *job) {
    struct job_run *runs;
    size_t count;
    enum gb_err err = job_history(say->work, job->id,
                                  (size_t)GB_MIN(job->running, INT64_C(100)) + 1, &runs, &count);
    for (size_t i = 0; err == GB_OK && i < count; i++) {
        if (runs[i].state != JOB_RUN_RUNNING) {
            put_run(say, "last", &runs[i]);
            return GB_OK;
        }
    }
    json_put_null(&say->out, "last");
    return err;
}

static enum gb_err put_job(struct saying *say, const char *key, const struct job *job) {
    struct json_out *out = &say->out;
    enum gb_err err = GB_OK;
    json_open_object(out, key);
    json_put_str(out, "id", job->id);
    if (job->kind.n == 0) { /* jobs_list: its row cannot be read */
        json_put_text(out, "state", "damaged");
    } else {
        json_put_str(out, "kind", job->kind);
        json_put_str(out, "args", job->args);
        json_put_text(out, "state", state_of(job));
        json_put_i64(out, "running", job->running);
        json_put_bool(out, "paused", job->paused);
        json_put_bool(out, "wanted", job->wanted_ms != 0);
        put_instant(say, "next", job_due_ms(job));
        put_trigger(say, job);
        json_put_i64(out, "max_instances", job->max_instances);
        json_put_bool(out, "coalesce", job->coalesce);
        json_put_i64(out, "misfire_grace_ms", job->misfire_grace_ms);
        json_put_i64(out, "jitter_ms", job->jitter_ms);
        json_put_i64(out, "history", job->history);
        json_put_i64(out, "last_run", job->last_run);
        err = put_last(say, job);
    }
    json_close(out);
    return err;
}

/* ---- a name that is not there ---- */

static bool is_within(struct str part, struct str whole) {
    return str_find_str(whole, part) < whole.n;
}

/* The nearest names, or some: what the owner can have meant. */
static enum gb_err no_such_job(struct work *work, struct str id, struct jobs_answer *ret_answer) {
    struct job *jobs;
    size_t count, named = 0;
    struct buf why;
    enum gb_err err = jobs_list(work, STR_NONE, NEAR_LOOK_AT, &jobs, &count);
    if (err != GB_OK) {
        return err;
    }
    buf_init(&why, work->arena, 2048);
    buf_printf(&why, "there is no job \"" STR_FMT "\"", STR_ARG(id));
    for (size_t i = 0; i < count && named < NEAR_MAX; i++) {
        size_t edits;
        if (near_is_like(id, jobs[i].id, &edits) || is_within(id, jobs[i].id)) {
            buf_printf(&why, "%s" STR_FMT, named++ == 0 ? "; did you mean " : ", ",
                       STR_ARG(jobs[i].id));
        }
    }
    if (named > 0) {
        buf_add_char(&why, '?');
    } else {
        for (size_t i = 0; i < GB_MIN(count, (size_t)NEAR_MAX); i++) {
            buf_printf(&why, "%s" STR_FMT, i == 0 ? "; there is " : ", ", STR_ARG(jobs[i].id));
        }
        buf_add_text(&why, count == 0 ? "; there are none" : count > NEAR_MAX ? " and more" : "");
    }
    *ret_answer = jobs_refusal(work->arena, 404, buf_str(&why));
    return GB_OK;
}

/* ---- commands ---- */

/* What runs by rows of its own, each due at its instant, instead of by a schedule. */
static enum gb_err put_lanes(struct saying *say) {
    static const struct {
        const char *id, *lanes;
    } kept[] = {{"payment_check", "pay:"}, {"provision_retry", "panel:"}};
    enum gb_err err = GB_OK;
    json_open_array(&say->out, "lanes");
    for (size_t i = 0; err == GB_OK && i < GB_COUNT(kept); i++) {
        struct lane_rows rows;
        err = lane_rows(say->work, str_of(kept[i].lanes), &rows);
        json_open_object(&say->out, NULL);
        json_put_text(&say->out, "id", kept[i].id);
        json_put_text(&say->out, "lanes", kept[i].lanes);
        json_put_i64(&say->out, "waiting", err == GB_OK ? (int64_t)rows.count : 0);
        put_instant(say, "next", err == GB_OK ? rows.next_ms : 0);
        json_close(&say->out);
    }
    json_close(&say->out);
    return err;
}

static enum gb_err say_list(struct work *work, const struct jobs_command *command,
                            struct jobs_answer *ret_answer) {
    struct saying say;
    struct job *jobs;
    size_t count, i = 0;
    size_t limit = command->limit > 0 ? (size_t)command->limit : LIST_DEFAULT;
    enum gb_err err = jobs_list(work, command->after, limit + 1, &jobs, &count);
    begin(&say, work);
    json_open_array(&say.out, "jobs");
    while (err == GB_OK && i < GB_MIN(count, limit) && say.text.n < BODY_BYTES_ENOUGH) {
        err = put_job(&say, NULL, &jobs[i++]);
    }
    json_close(&say.out);
    if (err == GB_OK && command->after.n == 0) {
        err = put_lanes(&say);
    }
    json_put_bool(&say.out, "more", i < count);
    *ret_answer = end(&say);
    return err;
}

static enum gb_err say_history(struct work *work, const struct jobs_command *command,
                               struct jobs_answer *ret_answer) {
    struct saying say;
    struct job_run *runs;
    size_t count, limit = command->limit > 0 ? (size_t)command->limit : HISTORY_DEFAULT;
    enum gb_err err = job_history(work, command->id, limit + 1, &runs, &count);
    if (err == GB_OK && count == 0) { /* none yet, or none such? One that is over has a history. */
        struct job job;
        err = job_get(work, command->id, &job);
    }
    if (err == GB_OK) {
        begin(&say, work);
        put_runs(&say, runs, GB_MIN(count, limit));
        json_put_bool(&say.out, "more", count > limit);
        *ret_answer = end(&say);
    }
    return err;
}

static enum gb_err say_job(struct work *work, struct str id, size_t limit,
                           struct jobs_answer *ret_answer) {
    struct saying say;
    struct job job;
    struct job_run *runs;
    size_t count = 0;
    enum gb_err err = job_get(work, id, &job);
    if (err != GB_OK) {
        return err;
    }
    begin(&say, work);
    err = put_job(&say, "job", &job);
    if (err == GB_OK && limit > 0) {
        err = job_history(work, id, limit, &runs, &count);
        if (err == GB_OK) {
            put_runs(&say, runs, count);
        }
    }
    *ret_answer = end(&say);
    return err;
}

static enum gb_err carry_out(struct work *work, const struct jobs_command *command,
                             struct jobs_answer *ret_answer) {
    enum gb_err err = GB_OK;
    switch (command->verb) {
    case JOBS_LIST:
        return say_list(work, command, ret_answer);
    case JOBS_SHOW:
        return say_job(work, command->id, SHOW_RUNS, ret_answer);
    case JOBS_HISTORY:
        return say_history(work, command, ret_answer);
    case JOBS_RUN:
        err = job_run_now(work, command->id);
        break;
    case JOBS_PAUSE:
        err = job_pause(work, command->id);
        break;
    case JOBS_RESUME:
        err = job_resume(work, command->id);
        break;
    }
    return err == GB_OK ? say_job(work, command->id, 0, ret_answer) : err;
}

enum gb_err jobs_carry_out(struct work *work, const struct jobs_command *command,
                           struct jobs_answer *ret_answer) {
    enum gb_err err = carry_out(work, command, ret_answer);
    if (err == GB_NOT_FOUND) {
        return no_such_job(work, command->id, ret_answer);
    }
    if (err == GB_DAMAGED) {
        *ret_answer = jobs_refusal(work->arena, 500, STR("the row of this job is damaged"));
        return GB_OK;
    }
    return err;
}

#include "engine/timers.h"

#include "base/arena.h"
#include "base/log.h"
#include "engine/turn.h"
#include "io/world.h"
#include "state/work.h"

#define LEASE_MS GB_MINUTE_MS /* of a step; each step has its own */

void timers_begin(struct timers *timers, struct world *world) {
    static const char digits[] = "0123456789abcdef";
    uint8_t chance[(sizeof timers->owner - 1) / 2];
    *timers = (struct timers){.look_ms = 0};
    world->ops->chance(world, chance, sizeof chance);
    for (size_t i = 0; i < sizeof chance; i++) {
        timers->owner[2 * i] = digits[chance[i] >> 4];
        timers->owner[2 * i + 1] = digits[chance[i] & 15];
    }
    timers->claim = (struct job_claim){
        .owner = str_of(timers->owner),
        .lease_ms = LEASE_MS,
        .alone = true, /* who is not on duty runs nothing */
    };
}

void timers_rest(struct timers *timers) {
    for (size_t i = 0; i < TIMERS_RUNS_MAX; i++) {
        timers->runs[i].job[0] = '\0';
    }
}

void timers_look_again(struct timers *timers) {
    timers->look_ms = 0;
}

static size_t runs_free(const struct timers *timers) {
    size_t count = 0;
    for (size_t i = 0; i < TIMERS_RUNS_MAX; i++) {
        count += timers->runs[i].job[0] == '\0';
    }
    return count;
}

int64_t timers_next_ms(const struct timers *timers) {
    return runs_free(timers) < TIMERS_RUNS_MAX ? 0 : timers->look_ms;
}

/* ---- events -------------------------------------------------------------------------------------
 */

struct pending *timers_look(struct timers *timers, struct arena *arena, int64_t now_ms) {
    timers->claim.limit = runs_free(timers);
    if (now_ms < timers->look_ms || timers->claim.limit == 0) {
        return NULL;
    }
    struct pending *pending = ARENA_NEW(arena, struct pending);
    pending->event = (struct event){
        .kind = EVENT_JOBS,
        .id = arena_printf(arena, "j:%" PRId64, now_ms),
        .claim = &timers->claim,
    };
    return pending;
}

struct pending *timers_step(struct timers *timers, struct arena *arena) {
    for (size_t i = 0; i < TIMERS_RUNS_MAX; i++) {
        size_t slot = (timers->next_run + i) % TIMERS_RUNS_MAX;
        if (timers->runs[slot].job[0] == '\0') {
            continue;
        }
        timers->next_run = slot + 1;
        struct pending *pending = ARENA_NEW(arena, struct pending);
        pending->event = (struct event){
            .kind = EVENT_RUN,
            .id = arena_printf(arena, "r:%s/%" PRId64, timers->runs[slot].job,
                               timers->runs[slot].number),
            .claim = &timers->claim,
            .job = arena_copy(arena, str_of(timers->runs[slot].job)),
            .run = timers->runs[slot].number,
        };
        return pending;
    }
    return NULL;
}

/* ---- after the event ----------------------------------------------------------------------------
 */

static struct job_run run_copy(struct arena *arena, const struct job_run *from) {
    struct job_run run = *from;
    run.job = arena_copy(arena, from->job);
    run.why = arena_copy(arena, from->why);
    run.kind = run.args = run.owner = run.cursor = STR_NONE; /* who needs them reads the row */
    return run;
}

struct job_news *timers_keep(struct arena *arena, const struct work *work) {
    if (work->jobs == NULL) {
        return NULL;
    }
    struct job_news *news = ARENA_NEW(arena, struct job_news);
    *news = *work->jobs;
    news->begun = ARENA_ARRAY(arena, struct job_run, news->begun_count + 1);
    for (size_t i = 0; i < news->begun_count; i++) {
        news->begun[i] = run_copy(arena, &work->jobs->begun[i]);
    }
    struct job_event **end = &news->events;
    for (const struct job_event *event = work->jobs->events; event != NULL; event = event->next) {
        *end = ARENA_NEW(arena, struct job_event);
        (*end)->kind = event->kind;
        (*end)->run = run_copy(arena, &event->run);
        end = &(*end)->next;
    }
    *end = NULL;
    return news;
}

static void run_drop(struct timers *timers, struct str job, int64_t number) {
    for (size_t i = 0; i < TIMERS_RUNS_MAX; i++) {
        if (timers->runs[i].number == number && str_is(job, timers->runs[i].job)) {
            timers->runs[i].job[0] = '\0';
        }
    }
}

static void run_begin(struct timers *timers, const struct job_run *run) {
    run_drop(timers, run->job, run->number);
    for (size_t i = 0; i < TIMERS_RUNS_MAX; i++) {
        if (timers->runs[i].job[0] == '\0') {
            gb_assert(run->job.n <= JOB_ID_MAX);
            memcpy(timers->runs[i].job, run->job.p, run->job.n);
            timers->runs[i].job[run->job.n] = '\0';
            timers->runs[i].number = run->number;
            return;
        }
    }
    gb_assert(false); /* the claim asked for no more than there is room for */
}

/* What is as it should be and did nothing is not worth a line a minute. */
static enum log_level level_of(const struct job_event *event) {
    switch (event->kind) {
    case JOB_SUBMITTED:
        return LOG_LEVEL_DEBUG;
    case JOB_EXECUTED:
        return event->run.items > 0 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
    case JOB_TAKEN_OVER:
        return LOG_LEVEL_INFO;
    case JOB_MISSED:
    case JOB_MAX_INSTANCES:
        return LOG_LEVEL_WARN;
    case JOB_ERROR:
        break;
    }
    return LOG_LEVEL_ERROR;
}

static void say(const struct job_event *event) {
    const struct job_run *run = &event->run;
    int64_t ran_ms = run->ended_ms != 0 ? run->ended_ms - run->started_ms : 0;
    LOG_AT(level_of(event), "job", LOG_TEXT("is", job_event_name(event->kind)),
           LOG_STR("job", run->job), LOG_INT("run", run->number), LOG_INT("items", run->items),
           LOG_INT("ran_ms", ran_ms), LOG_INT("missed", run->missed), LOG_STR("why", run->why));
}

void timers_settle(struct timers *timers, const struct pending *pending) {
    const struct event *event = &pending->event;
    const struct job_news *news = pending->jobs;
    if (event->kind == EVENT_RUN && (news == NULL || news->is_over)) {
        run_drop(timers, event->job, event->run); /* over, or somebody else's by now */
    }
    if (event->kind == EVENT_RUN && news == NULL) {
        timers->look_ms = 0;
    }
    if (news == NULL) {
        return;
    }
    for (const struct job_event *said = news->events; said != NULL; said = said->next) {
        timers->counted[said->kind]++;
        say(said);
    }
    for (size_t i = 0; i < news->begun_count; i++) {
        run_begin(timers, &news->begun[i]);
    }
    if (event->kind == EVENT_JOBS) {
        timers->look_ms = news->next_ms;
    }
}

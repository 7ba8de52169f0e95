#include "engine/turn.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/handlers.h"
#include "engine/inhand.h"
#include "engine/lanes.h"
#include "state/config.h"
#include "state/seen.h"
#include "state/work.h"
#include "store/backend.h"
#include "telegram/update.h"

/* 1 in the sanitizer flavour: every handler runs twice from one snapshot. */
#ifndef GB_HANDLERS_TWICE
#define GB_HANDLERS_TWICE 0
#endif

#define CONFLICTS_MAX 10
#define FULL_TRIES    4 /* the map doubles each time */

/* ---- one event ---- */

struct work work_begin(struct engine *engine, const struct event *event, int64_t now_ms,
                       struct rng *rng) {
    rng_init(rng, engine->secret, event->id);
    return (struct work){
        .tx = tx_begin(engine->backend, engine->event, now_ms),
        .arena = engine->event,
        .now_ms = now_ms,
        .rng = rng,
        .config = engine->config,
        .texts = engine->options.texts,
        .zone = &engine->config->shop.zone,
        .is_shared = engine->backend->is_shared,
        .order = engine->order,
    };
}

/* What an event tells is told in views of its own, so that a damaged row stops no more than its
 * notice; on a shared store, where each view is stored by itself, within the event's. */
static enum gb_err tell_within(struct work *work) {
    enum gb_err err = GB_OK;
    for (struct notice_node *node = work->told; err == GB_OK && node != NULL; node = node->next) {
        struct pending *told = pending_notice(work->arena, &node->notice);
        err = handle_event(work, &told->event);
    }
    return err;
}

/* The event's handler, and that it got through: what was suspected of it is forgotten with it. */
static enum gb_err decide(struct engine *engine, struct work *work, const struct event *event,
                          bool within) {
    enum gb_err err = handle_event(work, event);
    if (err == GB_OK && within) {
        err = tell_within(work);
    }
    if (err == GB_OK && str_is(event->id, engine->suspect)) {
        tx_del(work->tx, TABLE_INHAND, event->id);
    }
    return err;
}

/* Tests run every handler twice from one snapshot: what differs is hidden state. */
static void run_again_and_compare(struct engine *engine, const struct event *event, int64_t now_ms,
                                  const struct work *first) {
    struct rng rng;
    struct work second = work_begin(engine, event, now_ms, &rng);
    enum gb_err err = decide(engine, &second, event, false);
    struct str why = STR_NONE;
    if (err != GB_OK || !tx_same_changes(first->tx, second.tx, engine->event, &why)) {
        LOG_ERROR("handler_differs", LOG_STR("event", event->id), LOG_STR("why", why));
        gb_panic(__FILE__, __LINE__, "a handler's second run wrote something else");
    }
}

static struct outbox_row row_copy(struct arena *arena, const struct outbox_row *from) {
    struct outbox_row row = *from;
    row.lane = arena_copy(arena, from->lane);
    row.kind = arena_copy(arena, from->kind);
    row.key = arena_copy(arena, from->key);
    row.body = arena_copy(arena, from->body);
    row.queue = arena_copy(arena, from->queue);
    row.then = arena_copy(arena, from->then);
    row.about = arena_copy(arena, from->about);
    return row;
}

static struct outbox_node **keep_rows(struct arena *arena, const struct outbox_node *from,
                                      struct outbox_node **end) {
    for (; from != NULL; from = from->next) {
        struct outbox_node *node = ARENA_NEW(arena, struct outbox_node);
        node->row = row_copy(arena, &from->row);
        *end = node;
        end = &node->next;
    }
    return end;
}

/* What an applied event decided is kept for after the commit; its own memory goes. */
static void keep_decisions(struct engine *engine, const struct work *work, struct pending *pending,
                           struct decided *decided) {
    pending->jobs = timers_keep(engine->turn, work);
    if (work->due_changed && pending->event.kind != EVENT_JOBS) {
        timers_look_again(&engine->timers);
    }
    if (work->answer != NULL) {
        pending->answer = *work->answer;
        pending->answer.body = arena_copy(engine->turn, work->answer->body);
    }
    decided->rows_end = keep_rows(engine->turn, work->added, decided->rows_end);
    decided->noise_end = keep_rows(engine->turn, work->noise, decided->noise_end);
    for (const struct notice_node *node = work->told; node != NULL; node = node->next) {
        *decided->told_end = pending_notice(engine->turn, &node->notice);
        decided->told_end = &(*decided->told_end)->next;
    }
    engine->order = work->order;
    engine->stats.cache_hits += work->cache_hits;
    engine->stats.cache_misses += work->cache_misses;
}

/* About a row this instance has sent, or a job it runs: only while it is on duty. */
static bool needs_duty(const struct event *event) {
    return event->kind == EVENT_LEAVING || event->kind == EVENT_JOBS || event->kind == EVENT_RUN ||
           (event->kind == EVENT_ANSWER && !event->noise);
}

static enum gb_err run_once(struct engine *engine, struct pending *pending, int64_t now_ms,
                            bool within, struct decided *decided) {
    const struct event *event = &pending->event;
    struct rng rng;
    struct work work = work_begin(engine, event, now_ms, &rng);
    enum gb_err err = needs_duty(event) ? duty_check(&engine->duty, work.tx) : GB_OK;
    if (err == GB_REFUSED) {
        pending->stale = true;
        engine->duty.look_ms = 0;
        return GB_OK;
    }
    if (err == GB_OK) {
        err = decide(engine, &work, event, within);
    }
    if (err == GB_REFUSED && event->kind == EVENT_RUN) {
        pending->stale = true;
        return GB_OK;
    }
    if (err != GB_OK) {
        return err;
    }
    if (GB_HANDLERS_TWICE && !work.is_shared) { /* others may write in between */
        run_again_and_compare(engine, event, now_ms, &work);
    }
    err = tx_apply(work.tx);
    if (err == GB_OK) {
        work.told = within ? NULL : work.told;
        keep_decisions(engine, &work, pending, decided);
    }
    return err;
}

/* What an event finds (a damaged row) must not stop the shop; what the store says must. */
static bool is_own_fault(enum gb_err err) {
    return err != GB_OK && err != GB_NO_SPACE && err != GB_UNAVAILABLE && err != GB_CONFLICT &&
           err != GB_UNCERTAIN;
}

/* Of those in conflict one got through, so all will; the store keeps them from meeting forever. */
static enum gb_err run_to_the_end(struct engine *engine, struct pending *pending, int64_t now_ms,
                                  bool within, struct decided *decided) {
    enum gb_err err = GB_CONFLICT;
    for (int tries = 0; err == GB_CONFLICT && tries < CONFLICTS_MAX; tries++) {
        err = run_once(engine, pending, now_ms, within, decided);
        engine->stats.conflicts += err == GB_CONFLICT;
        arena_clear(engine->event);
    }
    return err;
}

/* GB_OK: applied (not yet on disk). GB_NO_SPACE and others: the turn's events run again or wait. */
static enum gb_err run_event(struct engine *engine, struct pending *pending, int64_t now_ms,
                             struct decided *decided) {
    bool within = engine->backend->is_shared;
    inhand_set(engine->inhand, pending->event.id);
    gb_panic_context(arena_cstr(engine->turn, pending->event.id));
    enum gb_err err = run_to_the_end(engine, pending, now_ms, within, decided);
    if (within && is_own_fault(err)) { /* of the event, or of what it tells? */
        err = run_to_the_end(engine, pending, now_ms, false, decided);
    }
    gb_panic_context("");
    inhand_set(engine->inhand, STR_NONE);
    return err;
}

/* ---- an event that cannot be handled ---- */

/* One that cannot even be ended is taken over when its lease is over, and given up in the end. */
static void end_run(struct work *work, const struct event *event) {
    struct job_run run;
    struct job_news *news = ARENA_NEW(work->arena, struct job_news);
    struct job_result failed = {.failed = true, .why = STR("it could not be handled")};
    if (job_run_get(work, event->job, event->run, &run) == GB_OK &&
        job_finished(work, &run, &failed, &news->events) == GB_OK) {
        news->is_over = true;
        work->jobs = news;
    }
}

/* It goes to the quarantine with its bytes, for the owner to look at; the rest goes on. */
static enum gb_err set_aside(struct engine *engine, struct pending *pending, int64_t now_ms,
                             struct decided *decided) {
    const struct event *event = &pending->event;
    struct rng rng;
    struct work work = work_begin(engine, event, now_ms, &rng);
    struct str bytes = STR("{}");
    if (event->kind == EVENT_NOTICE) {
        notice_end(&work, event->notice);
        bytes = event->notice->about;
    } else if (event->kind == EVENT_UPDATE) {
        enum gb_err seen = seen_mark(&work, event->update->update_id);
        bytes = seen == GB_OK ? json_text(engine->event, pending->bytes) : STR("{}");
    } else if (event->kind == EVENT_RUN) {
        end_run(&work, event);
    } else if (event->kind != EVENT_JOBS && event->kind != EVENT_COMMAND && !event->noise) {
        outbox_bury(&work, event->row, STR("its answer could not be handled"));
        bytes = event->row->body;
    }
    tx_put(work.tx, TABLE_QUARANTINE, event->id, bytes, STORE_NEVER);
    tx_del(work.tx, TABLE_INHAND, event->id);
    enum gb_err err = tx_apply(work.tx);
    if (err == GB_OK) {
        keep_decisions(engine, &work, pending, decided);
    }
    if (str_is(event->id, engine->suspect)) {
        engine->suspect_kills = false;
        engine->suspect[0] = '\0';
    }
    arena_clear(engine->event);
    return err;
}

/* ---- all of them ---- */

/* The list may grow behind the event being handled: notices do. */
static enum gb_err run_list(struct engine *engine, struct pending *const *head, int64_t now_ms,
                            struct decided *decided) {
    for (struct pending *p = *head; p != NULL; p = p->next) {
        if (p->done) {
            continue;
        }
        bool kills = engine->suspect_kills && str_is(p->event.id, engine->suspect);
        enum gb_err err = kills ? GB_DAMAGED : run_event(engine, p, now_ms, decided);
        if (is_own_fault(err)) {
            LOG_ERROR("event_set_aside", LOG_STR("event", p->event.id),
                      LOG_TEXT("why", kills ? "it stopped the program again and again"
                                            : gb_err_meaning(err)));
            err = set_aside(engine, p, now_ms, decided);
        }
        if (err != GB_OK) {
            return err;
        }
        p->done = true;
        engine->stats.events++;
    }
    return GB_OK;
}

static void undo_list(struct pending *first) {
    for (struct pending *p = first; p != NULL; p = p->next) {
        p->done = false;
    }
}

static enum gb_err run_all(struct engine *engine, struct pending *first, int64_t now_ms,
                           struct decided *decided) {
    *decided = (struct decided){0};
    decided->rows_end = &decided->rows;
    decided->noise_end = &decided->noise;
    decided->told_end = &decided->told;
    enum gb_err err = run_list(engine, &first, now_ms, decided);
    return err == GB_OK ? run_list(engine, &decided->told, now_ms, decided) : err;
}

enum gb_err turn_run(struct engine *engine, struct pending *first, int64_t now_ms,
                     struct decided *ret_decided) {
    if (engine->backend->is_shared) {
        return run_all(engine, first, now_ms, ret_decided);
    }
    uint64_t order = engine->order;
    enum gb_err err = GB_NO_SPACE;
    /* While the store says NO_SPACE its map grows: the turn's events, still in hand, run again. */
    for (int tries = 0; err == GB_NO_SPACE && tries < FULL_TRIES; tries++) {
        engine->order = order;
        undo_list(first);
        err = run_all(engine, first, now_ms, ret_decided);
        if (err == GB_OK) {
            err = engine->backend->ops->sync(engine->backend);
        } else {
            engine->backend->ops->drop(engine->backend);
        }
    }
    if (err != GB_OK) {
        undo_list(first);
    }
    return err;
}

#define GB_DOOR "the engine outlives events"
#include "engine/engine.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/num.h"
#include "bot/bot.h"
#include "engine/control.h"
#include "engine/handlers.h"
#include "engine/inhand.h"
#include "engine/intake.h"
#include "engine/lanes.h"
#include "engine/local.h"
#include "engine/metrics.h"
#include "engine/peek.h"
#include "engine/prepare.h"
#include "engine/turn.h"
#include "io/world.h"
#include "state/config.h"
#include "state/work.h"
#include "store/backend.h"

#include <signal.h>

#define EVENT_ARENA_BYTES (64 * 1024)
#define EVENT_ARENA_MAX   (64 * 1024 * 1024)
#define TURN_ARENA_BYTES  (256 * 1024)
#define TURN_ARENA_MAX    (256 * 1024 * 1024)
#define PURGE_ROWS        200
#define PURGE_EVERY_MS    GB_MINUTE_MS
#define STORE_WAIT_MS     GB_SECOND_MS
#define STORE_TELL_MS     GB_MINUTE_MS
#define STOP_WAIT_MS      1000 /* for replies under way; then one more for the confirmation */
#define STOP_CONFIRM_MS   500
#define CLOCK_SET_MS      GB_SECOND_MS
#define ORDER_SALT_MASK   UINT64_C(0x7ffff) /* of the 20 bits below the milliseconds */
/* A crash is the event's own doing; who is killed from outside may have had any event in hand, and
 * a short life always the same one. */
#define CRASHES_BEFORE_QUARANTINE 3
#define KILLS_BEFORE_QUARANTINE   20

static int64_t wall_ms(struct engine *engine) {
    return engine->world->ops->wall_ms(engine->world);
}

/* ---- the turn ---- */

static enum lane_verdict verdict_on(const struct pending *pending, int64_t now_ms,
                                    int64_t *ret_wait_ms) {
    const struct event *event = &pending->event;
    if (event->kind == EVENT_LEAVING) {
        bool marked = !pending->stale && event->row->state != OUTBOX_SENDING;
        return marked ? LANE_MARKED : LANE_ENDED;
    }
    bool again = !pending->stale && answer_fate(event->row, event->answer, event->noise, now_ms,
                                                ret_wait_ms) == FATE_AGAIN;
    return again ? LANE_AGAIN : LANE_ENDED;
}

static void settle_handle(struct engine *engine, const struct pending *pending, bool committed,
                          int64_t now_ms) {
    if (pending->handle == NULL) {
        return;
    }
    int64_t wait_ms = committed ? 0 : STORE_WAIT_MS;
    enum lane_verdict verdict = LANE_AGAIN;
    if (committed) {
        verdict = verdict_on(pending, now_ms, &wait_ms);
    }
    lanes_settle(engine->lanes, pending->handle, verdict, wait_ms);
}

static struct pending *answer_copy(struct arena *arena, const struct pending *from) {
    struct answer *answer = ARENA_NEW(arena, struct answer);
    struct pending *copy = ARENA_NEW(arena, struct pending);
    *answer = *from->event.answer;
    answer->said = arena_copy(arena, answer->said);
    answer->why = arena_copy(arena, answer->why);
    *copy = *from;
    copy->event.id = arena_copy(arena, from->event.id);
    copy->event.answer = answer;
    copy->kept = true;
    return copy;
}

/* The answers among them stay in hand, in their order; the rest comes again by itself. */
static void keep_answers(struct engine *engine, struct pending *first, int64_t now_ms) {
    struct pending **end = &engine->kept;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    for (struct pending *p = first, *next; p != NULL; p = next) {
        next = p->next;
        if (p->done) {
            continue;
        }
        if (p->event.kind != EVENT_ANSWER || p->event.noise) {
            settle_handle(engine, p, false, now_ms);
            continue;
        }
        *end = p->kept ? p : answer_copy(engine->kept_memory, p);
        (*end)->next = NULL;
        end = &(*end)->next;
    }
}

static void release(struct engine *engine, const struct pending *first,
                    const struct decided *decided, int64_t now_ms) {
    for (const struct pending *p = first; p != NULL; p = p->next) {
        if (p->done) {
            settle_handle(engine, p, true, now_ms);
            timers_settle(&engine->timers, p);
        }
    }
    for (const struct outbox_node *node = decided->noise; node != NULL; node = node->next) {
        lanes_add(engine->lanes, &node->row, true, now_ms);
    }
    for (const struct outbox_node *node = decided->rows; node != NULL; node = node->next) {
        lanes_add(engine->lanes, &node->row, false, now_ms);
    }
    if (engine->kept == NULL) {
        arena_clear(engine->kept_memory);
    }
}

static void log_answers(const struct pending *first) {
    for (const struct pending *p = first; p != NULL; p = p->next) {
        if (p->event.kind == EVENT_ANSWER && p->event.answer->kind == ANSWER_REFUSED) {
            LOG_WARN(
                "call_refused", LOG_STR("event", p->event.id), LOG_STR("kind", p->event.row->kind),
                LOG_TEXT("reason", p->event.answer->reason), LOG_STR("why", p->event.answer->why));
        }
    }
}

static void store_refused(struct engine *engine, enum gb_err err, int64_t now_ms) {
    engine->stats.failed_turns++;
    engine->store_wait_ms = now_ms + STORE_WAIT_MS;
    engine->leftovers = true;
    if (engine->backend->is_shared) { /* what is not known to have been stored may have been */
        lanes_look_again(engine->lanes);
    }
    if (engine->store_bad_ms == 0) {
        engine->store_bad_ms = now_ms;
    } else if (now_ms < engine->store_told_ms + STORE_TELL_MS) {
        return;
    }
    engine->store_told_ms = now_ms;
    const char *why = engine->backend->trouble;
    LOG_ERROR("store_refuses", LOG_TEXT("why", why != NULL ? why : gb_err_meaning(err)),
              LOG_INT("for_s", (now_ms - engine->store_bad_ms) / GB_SECOND_MS),
              LOG_INT("again_in_ms", STORE_WAIT_MS));
}

static void store_took(struct engine *engine, int64_t now_ms) {
    if (engine->store_bad_ms != 0) {
        LOG_INFO("store_takes_again",
                 LOG_INT("after_s", (now_ms - engine->store_bad_ms) / GB_SECOND_MS));
        engine->store_bad_ms = 0;
    }
}

static void handle_gathered(struct engine *engine, struct pending *first, int64_t now_ms) {
    struct decided decided;
    bool rests = now_ms < engine->store_wait_ms && engine->phase == RUNNING;
    enum gb_err err = rests ? GB_LATER : turn_run(engine, first, now_ms, &decided);
    if (err == GB_OK) {
        store_took(engine, now_ms);
        log_answers(first);
    } else if (!rests) {
        store_refused(engine, err, now_ms);
    }
    control_settle(engine, first,
                   err); /* before what is kept leaves the list, or its memory goes */
    if (err != GB_OK) {
        keep_answers(engine, first, now_ms);
    }
    if (err == GB_OK || (engine->backend->is_shared && !rests)) {
        release(engine, first, &decided, now_ms);
    }
    intake_settle(&engine->intake, err == GB_OK, now_ms);
    hook_settle(&engine->hook, err == GB_OK);
}

static void on_signal(struct engine *engine, int number, int64_t now_ms) {
    if (number == SIGHUP) {
        const struct config *fresh = engine->options.reload != NULL
                                         ? engine->options.reload(engine->options.reload_ctx)
                                         : NULL;
        if (fresh != NULL) {
            engine->config = fresh;
            struct str why = STR_NONE;
            enum gb_err err = engine_prepare(engine->backend, fresh, engine->lanes, &engine->intake,
                                             now_ms, engine->turn, &why);
            timers_look_again(&engine->timers);
            LOG_INFO("config_read_again", LOG_TEXT("result", gb_err_name(err)),
                     LOG_STR("why", why));
        }
        return;
    }
    if ((number == SIGTERM || number == SIGINT) && engine->phase == RUNNING) {
        LOG_INFO("stopping", LOG_INT("signal", number),
                 LOG_INT("in_flight", lanes_in_flight(engine->lanes)));
        engine->phase = DRAINING;
        engine->phase_ends_ms = now_ms + STOP_WAIT_MS;
        lanes_stop(engine->lanes);
        intake_stop(&engine->intake);
        hook_stop(&engine->hook);
    }
}

/* Replies under way may still come in; then the offset is confirmed; then it is over. */
static void advance_stop(struct engine *engine, int64_t now_ms) {
    if (engine->phase == DRAINING &&
        (lanes_leaving(engine->lanes) == 0 || now_ms >= engine->phase_ends_ms)) {
        engine->phase = CONFIRMING;
        engine->phase_ends_ms = now_ms + STOP_CONFIRM_MS;
        engine->intake.polling = false;
        intake_confirm(&engine->intake, engine->turn);
    }
    if (engine->phase == CONFIRMING &&
        (!engine->intake.polling || now_ms >= engine->phase_ends_ms)) {
        engine->phase = STOPPED;
        duty_end(&engine->duty, engine->backend, engine->event, now_ms);
        LOG_INFO("stopped", LOG_INT("offset", engine->intake.offset));
    }
}

static void purge(struct engine *engine, int64_t now_ms) {
    if (now_ms < engine->purge_ms) {
        return;
    }
    size_t removed = 0;
    enum gb_err err = engine->backend->ops->purge(engine->backend, now_ms, PURGE_ROWS, &removed);
    bool more = err == GB_OK && removed == PURGE_ROWS;
    engine->purge_ms = now_ms + (more ? GB_SECOND_MS : PURGE_EVERY_MS);
}

/* The next instant at which there is something to do without anybody calling. Expired rows are
 * invisible already, so they wait for a turn that happens anyway. */
static int64_t next_ms(const struct engine *engine) {
    if (engine->phase == DRAINING) {
        return GB_MIN(engine->phase_ends_ms, lanes_next_ms(engine->lanes));
    }
    if (engine->phase != RUNNING) {
        return engine->phase_ends_ms;
    }
    int64_t next = GB_MIN(lanes_next_ms(engine->lanes), engine->duty.look_ms);
    if (engine->duty.held) {
        next = GB_MIN(next, intake_next_ms(&engine->intake));
        next = GB_MIN(next, hook_next_ms(&engine->hook));
        next = GB_MIN(next, timers_next_ms(&engine->timers));
    }
    return engine->leftovers || engine->kept != NULL ? 0 : next;
}

static void sleep_until_due(struct engine *engine) {
    int64_t next = next_ms(engine);
    if (next == INT64_MAX) {
        return;
    }
    int64_t now = wall_ms(engine);
    int64_t least = GB_MAX(now, engine->store_wait_ms);
    engine->world->ops->wake_at(engine->world, engine->world->ops->mono_ms(engine->world) +
                                                   GB_MAX(next, least) - now);
}

static int64_t clock_gap_ms(struct engine *engine) {
    return wall_ms(engine) - engine->world->ops->mono_ms(engine->world);
}

static int64_t moved(int64_t instant_ms, int64_t by_ms) {
    return instant_ms != 0 ? instant_ms + by_ms : 0;
}

/* Somebody has set the wall clock: what waits for an instant waits as long as it would have. */
static void follow_clock(struct engine *engine) {
    int64_t by_ms = clock_gap_ms(engine) - engine->clock_gap_ms;
    if (by_ms > -CLOCK_SET_MS && by_ms < CLOCK_SET_MS) {
        return;
    }
    LOG_WARN("clock_was_set", LOG_INT("by_ms", by_ms));
    engine->clock_gap_ms += by_ms;
    engine->purge_ms = moved(engine->purge_ms, by_ms);
    engine->store_wait_ms = moved(engine->store_wait_ms, by_ms);
    engine->store_bad_ms = moved(engine->store_bad_ms, by_ms);
    engine->store_told_ms = moved(engine->store_told_ms, by_ms);
    engine->phase_ends_ms = moved(engine->phase_ends_ms, by_ms);
    engine->intake.again_ms = moved(engine->intake.again_ms, by_ms);
    engine->hook.again_ms = moved(engine->hook.again_ms, by_ms);
    lanes_clock_was_set(engine->lanes, by_ms);
    timers_look_again(&engine->timers);
}

/* The connection may be closed by what follows, so it is not waited for until follow_news. */
static void take_news(struct engine *engine, const struct sign *signs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (signs[i].kind == SIGN_NEWS) {
            engine->world->ops->hear(engine->world, -1);
            engine->has_news = redis_news_take(engine->options.news) || engine->has_news;
        }
    }
}

/* On duty rows that others add are of interest, off duty that the duty is free. A connection made
 * anew may have missed some. */
static void follow_news(struct engine *engine) {
    struct redis_news *news = engine->options.news;
    if (news == NULL) {
        return;
    }
    uint64_t tables = engine->duty.held
                          ? REDIS_NEWS_OF(TABLE_OUTBOX) | REDIS_NEWS_OF(TABLE_JOBS_DUE)
                          : REDIS_NEWS_OF(TABLE_LEASES);
    if (tables != engine->news_tables) {
        engine->world->ops->hear(engine->world, -1);
        engine->news_tables = tables;
    }
    if (redis_news_listen(news, tables) || engine->has_news) {
        lanes_look_again(engine->lanes);
        timers_look_again(&engine->timers);
        engine->duty.look_ms = engine->duty.held ? engine->duty.look_ms : 0;
    }
    engine->has_news = false;
    engine->world->ops->hear(engine->world, redis_news_fd(news));
}

/* Of several instances one sends, polls and takes up what a dead one has left. */
static void look_at_duty(struct engine *engine, int64_t now_ms) {
    switch (duty_look(&engine->duty, engine->backend, engine->event, now_ms)) {
    case DUTY_TAKEN:
        lanes_take_over(engine->lanes);
        timers_look_again(&engine->timers);
        engine->leftovers = true;
        return;
    case DUTY_LOST:
        lanes_rest(engine->lanes);
        timers_rest(&engine->timers);
        intake_rest(&engine->intake);
        return;
    case DUTY_SAME:
        return;
    }
}

/* What was marked as leaving leaves, so that nobody has to ask whether it did. */
static void finish_leaving(struct engine *engine, int64_t now_ms) {
    enum gb_err err = lanes_pump(engine->lanes, engine->backend, engine->event, now_ms);
    gb_assert(err == GB_OK); /* nothing is loaded any more */
}

/* What is due without anybody calling. */
static void go_on(struct engine *engine, int64_t now_ms) {
    look_at_duty(engine, now_ms);
    follow_news(engine);
    enum gb_err err = lanes_pump(engine->lanes, engine->backend, engine->event, now_ms);
    if (err != GB_OK) {
        store_refused(engine, err, now_ms);
        return;
    }
    if (engine->duty.held) {
        intake_poll(&engine->intake, engine->event, now_ms);
        hook_pump(&engine->hook, engine->event, now_ms);
    }
    purge(engine, now_ms);
}

bool engine_turn(struct engine *engine) {
    const struct sign *signs;
    size_t count;
    arena_clear(engine->turn);
    sleep_until_due(engine);
    enum gb_err err = engine->world->ops->wait(engine->world, engine->turn, &signs, &count);
    gb_assert(err == GB_OK);

    follow_clock(engine);
    int64_t now_ms = wall_ms(engine);
    engine->stats.turns++;
    engine->order = GB_MAX(engine->order, (uint64_t)now_ms << 20 | engine->order_salt);
    for (size_t i = 0; i < count; i++) {
        if (signs[i].kind == SIGN_SIGNAL) {
            on_signal(engine, signs[i].signal, now_ms);
        }
    }
    take_news(engine, signs, count);
    struct gathered list = {NULL, &list.first};
    turn_gather(engine, signs, count, now_ms, &list);
    if (list.first != NULL) {
        handle_gathered(engine, list.first, now_ms);
    } else {
        intake_settle(&engine->intake, true, now_ms); /* what was passed over is done with */
    }
    peek_turn(engine->peek, signs, count,
              &(struct peek_now){.arena = engine->turn,
                                 .now_ms = now_ms,
                                 .allow_writes = engine->config->resp.allow_writes,
                                 .store_rests = now_ms < engine->store_wait_ms});
    if (engine->phase == RUNNING && now_ms >= engine->store_wait_ms && engine->kept == NULL) {
        go_on(engine, now_ms);
    } else if (engine->phase == DRAINING) {
        finish_leaving(engine, now_ms);
    }
    advance_stop(engine, now_ms);
    return engine->phase != STOPPED;
}

/* ---- birth and death ---- */

/* An event that was in hand when the last run ended by force is counted; the third time it goes
 * aside. */
static enum gb_err look_at_inhand(struct engine *engine, int64_t now_ms) {
    struct str left = inhand_left(engine->inhand);
    if (left.n == 0) {
        return GB_OK;
    }
    memcpy(engine->suspect, left.p, GB_MIN(left.n, sizeof engine->suspect - 1));
    struct str suspect = str_of(engine->suspect);
    struct tx *tx = tx_begin(engine->backend, engine->event, now_ms);
    struct str value;
    int64_t tries = 0;
    enum gb_err err = tx_get(tx, TABLE_INHAND, suspect, &value);
    if (err == GB_OK && num_i64(value, 0, 1000, &tries) != GB_OK) {
        tries = 0;
    }
    tries++;
    bool crashed = inhand_crashed(engine->inhand);
    engine->suspect_kills =
        tries >= (crashed ? CRASHES_BEFORE_QUARANTINE : KILLS_BEFORE_QUARANTINE);
    tx_put(tx, TABLE_INHAND, suspect, arena_printf(engine->event, "%" PRId64, tries),
           now_ms + 30 * GB_DAY_MS);
    err = tx_apply(tx);
    if (err == GB_OK) {
        err = engine->backend->ops->sync(engine->backend);
    }
    LOG_WARN("was_stopped_inside_event", LOG_STR("event", suspect),
             LOG_TEXT("by", crashed ? "a crash" : "a kill"), LOG_INT("times", tries));
    arena_clear(engine->event);
    inhand_set(engine->inhand, STR_NONE);
    return err;
}

/* The bot's commands behind the "/" button: told anew at each start, and harmless when lost. */
static void tell_commands(struct engine *engine, int64_t now_ms) {
    struct work work = {
        .tx = tx_begin(engine->backend, engine->event, now_ms),
        .arena = engine->event,
        .now_ms = now_ms,
        .config = engine->config,
        .texts = engine->options.texts,
        .zone = &engine->config->shop.zone,
    };
    bot_commands(&work);
    for (const struct outbox_node *node = work.noise; node != NULL; node = node->next) {
        lanes_add(engine->lanes, &node->row, true, now_ms);
    }
    arena_clear(engine->event);
}

static enum gb_err open_store(struct engine *engine, struct str *reterr_why) {
    int64_t now_ms = wall_ms(engine);
    uint8_t fresh[SHA256_BYTES];
    engine->world->ops->chance(engine->world, fresh, sizeof fresh);
    enum gb_err err =
        store_prepare(engine->backend, fresh, now_ms, engine->event, engine->secret, reterr_why);
    crypto_wipe(fresh, sizeof fresh);
    if (err == GB_OK) {
        err = look_at_inhand(engine, now_ms);
        inhand_watch(engine->inhand);
    }
    if (err == GB_OK) {
        err = engine_prepare(engine->backend, engine->config, engine->lanes, &engine->intake,
                             now_ms, engine->event, reterr_why);
    }
    if (err == GB_OK) {
        err = hook_open(&engine->hook, engine->world, engine->config, &engine->intake.endpoint,
                        engine->secret, engine->event, reterr_why);
        engine->intake.pushed = engine->hook.open;
    }
    if (err == GB_OK && engine->options.local != NULL) {
        lanes_open(engine->lanes, &(struct lane_options){.name = LOCAL_LANE,
                                                         .local = engine->options.local,
                                                         .in_flight_max = 1});
    }
    if (err == GB_OK) {
        tell_commands(engine, now_ms);
    }
    return err;
}

/* A look inside, if the owner wants one. A store that others share has Redis's own tools. */
static enum gb_err open_peek(struct engine *engine, struct str *reterr_why) {
    const struct config *config = engine->config;
    if (config->resp.listen.n == 0) {
        return GB_OK;
    }
    if (engine->backend->is_shared || engine->backend->ops->rows == NULL) {
        LOG_WARN("resp_not_opened", LOG_TEXT("why", "the store is a Redis: use redis-cli there"));
        return GB_OK;
    }
    struct peek_options options = {
        .world = engine->world,
        .backend = engine->backend,
        .listen = config->resp.listen,
        .password = secret_reveal(config->resp.password),
        .now_ms = wall_ms(engine),
    };
    const char *why = "";
    enum gb_err err = peek_open(&options, &engine->peek, &why);
    if (err != GB_OK) {
        *reterr_why = arena_printf(engine->turn, "[resp] listen: %s", why);
        return err;
    }
    LOG_INFO("resp_open", LOG_STR("listen", config->resp.listen),
             LOG_TEXT("writes", config->resp.allow_writes ? "dialogs and limits" : "refused"));
    return GB_OK;
}

enum gb_err engine_new(const struct engine_options *options, struct arena *arena,
                       struct engine **ret_engine, struct str *reterr_why) {
    struct engine *engine = calloc(1, sizeof *engine);
    gb_assert(engine != NULL);
    engine->options = *options;
    engine->world = options->world;
    engine->backend = options->backend;
    engine->config = options->config;
    engine->turn = arena_new(TURN_ARENA_BYTES, TURN_ARENA_MAX);
    engine->event = arena_new(EVENT_ARENA_BYTES, EVENT_ARENA_MAX);
    engine->kept_memory = arena_new(EVENT_ARENA_BYTES, TURN_ARENA_MAX);
    engine->lanes = lanes_new(options->world, engine->backend->is_shared);
    engine->intake.world = options->world;
    engine->leftovers = true;
    timers_begin(&engine->timers, options->world);
    duty_begin(&engine->duty, engine->backend->is_shared ? options->instance : NULL);
    if (!engine->duty.held) {
        lanes_rest(engine->lanes);
    }
    engine->clock_gap_ms = clock_gap_ms(engine);
    engine->world->ops->chance(engine->world, &engine->order_salt, sizeof engine->order_salt);
    engine->order_salt &= ORDER_SALT_MASK;
    struct str why = STR_NONE;
    enum gb_err err = inhand_open(options->inhand_path, &engine->inhand);
    if (err != GB_OK) {
        why = STR("the data directory cannot be written");
    } else {
        err = open_store(engine, &why);
    }
    if (err == GB_OK) {
        err = open_peek(engine, &why);
    }
    if (err == GB_OK) {
        err = metrics_open(engine, &why);
    }
    if (err == GB_OK) {
        control_open(engine);
    }
    if (err != GB_OK) {
        *reterr_why = arena_copy(arena, why.n > 0 ? why : str_of(gb_err_meaning(err)));
        engine_free(engine);
        return err;
    }
    *ret_engine = engine;
    return GB_OK;
}

void engine_free(struct engine *engine) {
    if (engine == NULL) {
        return;
    }
    for (struct pending *p = engine->kept; p != NULL; p = p->next) {
        lanes_settle(engine->lanes, p->handle, LANE_AGAIN, 0);
    }
    lanes_free(engine->lanes);
    control_close(engine);
    peek_free(engine->peek);
    inhand_close(engine->inhand);
    crypto_wipe(engine->secret, sizeof engine->secret);
    arena_free(engine->turn);
    arena_free(engine->event);
    arena_free(engine->kept_memory);
    free(engine);
}

int engine_exit_status(const struct engine *engine) {
    return engine->exit_status;
}

void engine_stats(const struct engine *engine, struct engine_stats *ret_stats) {
    *ret_stats = engine->stats;
}

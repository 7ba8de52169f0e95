#include "engine/metrics.h"

#include "base/arena.h"
#include "engine/lanes.h"
#include "engine/turn.h"
#include "io/world.h"
#include "state/config.h"
#include "store/backend.h"

#define BODY_MAX     1024 /* of a request */
#define TEXT_MAX     ((size_t)256 * 1024)
#define CONTENT_TYPE STR("text/plain; version=0.0.4; charset=utf-8")

enum gb_err metrics_open(struct engine *engine, struct str *reterr_why) {
    struct str listen = engine->config->metrics.listen, host;
    int port, bound_port;
    const char *why = "not an address and a port";
    if (listen.n == 0) {
        return GB_OK;
    }
    enum gb_err err = config_address(listen, &host, &port);
    if (err == GB_OK) {
        err = engine->world->ops->listen(engine->world, arena_cstr(engine->turn, host), port,
                                         METRICS_DOOR, BODY_MAX, &bound_port, &why);
    }
    if (err != GB_OK) {
        *reterr_why = arena_printf(engine->turn, "metrics: " STR_FMT ": %s", STR_ARG(listen), why);
        return GB_UNAVAILABLE;
    }
    return GB_OK;
}

static void put(void *ctx, const char *name, bool is_counter, int64_t value) {
    struct buf *text = ctx;
    buf_printf(text, "# TYPE gigabridge_%s %s\ngigabridge_%s %" PRId64 "\n", name,
               is_counter ? "counter" : "gauge", name, value);
}

static void put_engine(struct buf *text, const struct engine *engine, int64_t now_ms) {
    const struct engine_stats *stats = &engine->stats;
    const struct {
        const char *name;
        bool is_counter;
        uint64_t value;
    } figures[] = {
        {"turns_total", true, stats->turns},
        {"events_total", true, stats->events},
        {"conflicts_total", true, stats->conflicts},
        {"failed_turns_total", true, stats->failed_turns},
        {"cache_hits_total", true, stats->cache_hits},
        {"cache_misses_total", true, stats->cache_misses},
        {"on_duty", false, engine->duty.held},
        {"polling", false, engine->intake.polling},
        {"poll_failures", false, engine->intake.failures},
        {"store_refuses", false, engine->store_bad_ms != 0},
        {"answers_kept", false, engine->kept != NULL},
    };
    for (size_t i = 0; i < GB_COUNT(figures); i++) {
        put(text, figures[i].name, figures[i].is_counter, (int64_t)figures[i].value);
    }
    int64_t refuses_ms = engine->store_bad_ms != 0 ? now_ms - engine->store_bad_ms : 0;
    put(text, "store_refuses_seconds", false, refuses_ms / GB_SECOND_MS);
}

static void put_jobs(struct buf *text, const struct engine *engine) {
    buf_add_text(text, "# TYPE gigabridge_job_events_total counter\n");
    for (int kind = 0; kind < JOB_EVENT_KINDS; kind++) {
        buf_printf(text, "gigabridge_job_events_total{event=\"%s\"} %" PRIu64 "\n",
                   job_event_name((enum job_event_kind)kind), engine->timers.counted[kind]);
    }
}

static void put_world(struct buf *text, const struct engine *engine) {
    struct world_stats stats;
    world_stats(engine->world, &stats);
    put(text, "calls_sent_total", true, (int64_t)stats.sent);
    put(text, "calls_answered_total", true, (int64_t)stats.replies);
    put(text, "calls_under_way", false, (int64_t)stats.in_flight);
    put(text, "connects_total", true, (int64_t)stats.connects);
    put(text, "requests_served_total", true, (int64_t)stats.served);
    put(text, "waits_total", true, (int64_t)stats.waits);
    put(text, "resident_bytes", false, stats.resident_bytes);
}

/* A lane's name is ours: letters, digits, colon, dash. */
static void put_lanes(struct buf *text, const struct engine *engine, int64_t now_ms) {
    static const char *const names[] = {"waiting", "in_flight", "failures", "rests_milliseconds"};
    for (size_t n = 0; n < GB_COUNT(names); n++) {
        buf_printf(text, "# TYPE gigabridge_lane_%s gauge\n", names[n]);
        struct lane_figures lane;
        for (size_t i = 0; lanes_figures(engine->lanes, i, now_ms, &lane); i++) {
            const int64_t values[] = {(int64_t)lane.waiting, (int64_t)lane.in_flight,
                                      (int64_t)lane.failures, lane.rests_ms};
            buf_printf(text, "gigabridge_lane_%s{lane=\"%s\"} %" PRId64 "\n", names[n], lane.name,
                       values[n]);
        }
    }
}

static struct str metrics_text(const struct engine *engine, int64_t now_ms) {
    struct buf text;
    buf_init(&text, engine->turn, TEXT_MAX);
    put_engine(&text, engine, now_ms);
    put_world(&text, engine);
    put_lanes(&text, engine, now_ms);
    put_jobs(&text, engine);
    if (engine->backend->ops->figures != NULL) {
        engine->backend->ops->figures(engine->backend, put, &text);
    }
    gb_assert(!text.failed);
    return buf_str(&text);
}

void metrics_answer(struct engine *engine, const struct sign *sign, int64_t now_ms) {
    struct http_response response = {
        .status = 404, .content_type = CONTENT_TYPE, .body = STR("/metrics or /health\n")};
    if (str_is(sign->request->path, "/metrics")) {
        response.status = 200;
        response.body = metrics_text(engine, now_ms);
    } else if (str_is(sign->request->path, "/health")) {
        bool is_well = engine->store_bad_ms == 0 && engine->phase == RUNNING;
        response.status = is_well ? 200 : 503;
        response.body =
            is_well ? STR("well\n") : STR("the store refuses, or the shop is closing\n");
    }
    if (engine->world->ops->respond(engine->world, sign->ticket, &response) != GB_OK) {
        return; /* who asked has gone */
    }
}

/* world_sim.c: the clock that jumps, and the requests under way between the shop and the models.
 *
 * A request has a way there, perhaps a time held by its model, and a way back; its caller is
 * answered once, at the latest when its patience ends. What is still on the way there then arrives
 * all the same, and nobody hears of it.
 */
#include "sandbox/world_sim.h"

#include "base/arena.h"
#include "base/num.h"
#include "sandbox/faults.h"
#include "sandbox/hiddify_model.h"
#include "sandbox/holds.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_model.h"
#include "sandbox/testpay_model.h"

#define LATENCY_MS      40
#define TOTAL_MS        (60 * GB_SECOND_MS) /* as world.h promises */
#define CONNECT_MS      (10 * GB_SECOND_MS)
#define RATES           10000
#define STILL_WAITS_MAX 1000000 /* without the clock moving: somebody spins */
#define FLIGHT_BYTES    ((size_t)8 * 1024)
#define FLIGHT_MAX      ((size_t)64 * 1024 * 1024)
#define TURN_BYTES      ((size_t)64 * 1024)
#define TURN_MAX        ((size_t)256 * 1024 * 1024)
#define NEVER           INT64_MAX
#define BOUNDARY        "sim-boundary-7f3b1c"

enum stage { THERE, HELD, BACK };

/* What is to become of it: drawn when it is sent. */
enum fate { WELL, CUT_BACK, LATE, TWICE, REFUSED, LOST };

struct flight {
    struct arena *arena; /* its texts; kept for the next one in this slot */
    uint64_t ticket;     /* the shop's */
    uint64_t visit;      /* the model's */
    uint64_t number;     /* of the request, in the order they were sent */
    struct sim_host *host;
    enum stage stage;
    enum fate fate;
    int64_t at_ms;       /* when it arrives, here or there; NEVER while it is held */
    int64_t deadline_ms; /* when its caller gives up; NEVER: has been answered, or is gone */
    struct http_incoming request;
    struct http_reply reply;
};

struct world_sim {
    struct world world;
    struct sim_life *life;
    struct sim_play play;
    struct moment now;
    struct rng rng;
    struct arena *scratch; /* of one visit */
    struct sim_host hosts[SIM_HOSTS_MAX];
    size_t host_count;
    struct flight flights[SIM_FLIGHT_MAX]; /* in no order; the first `count` are under way */
    size_t count;
    uint64_t next_number, next_visit, digest;
    int64_t wake_ms;
    int signal; /* 0: none */
    uint64_t still_waits;
    struct world_sim_stats stats;
};

static const struct world_ops sim_ops;

static struct world_sim *sim_of(struct world *w) {
    gb_assert(w->ops == &sim_ops);
    return (struct world_sim *)(void *)w; /* its first member */
}

/* ---- the models as hosts ----------------------------------------------------------------------
 */

static enum model_verdict handle_telegram(void *model, const struct visit *visit,
                                          struct http_response *response) {
    return telegram_handle(model, visit, response);
}

static bool answer_telegram(void *model, struct moment now, struct arena *arena,
                            uint64_t *ret_ticket, struct http_response *response) {
    return telegram_next_answer(model, now, arena, ret_ticket, response);
}

static int64_t next_telegram(const void *model) {
    return telegram_next_ms(model);
}

static enum model_verdict handle_panel(void *model, const struct visit *visit,
                                       struct http_response *response) {
    return hiddify_handle(model, visit, response);
}

static bool answer_panel(void *model, struct moment now, struct arena *arena, uint64_t *ret_ticket,
                         struct http_response *response) {
    return hiddify_next_answer(model, now, arena, ret_ticket, response);
}

static int64_t next_panel(const void *model) {
    return hiddify_next_ms(model);
}

static enum model_verdict handle_pay(void *model, const struct visit *visit,
                                     struct http_response *response) {
    return testpay_handle(model, visit, response);
}

static bool answer_pay(void *model, struct moment now, struct arena *arena, uint64_t *ret_ticket,
                       struct http_response *response) {
    return testpay_next_answer(model, now, arena, ret_ticket, response);
}

static int64_t next_pay(const void *model) {
    return testpay_next_ms(model);
}

const struct sim_host_ops sim_telegram = {handle_telegram, answer_telegram, next_telegram};
const struct sim_host_ops sim_panel = {handle_panel, answer_panel, next_panel};
const struct sim_host_ops sim_pay = {handle_pay, answer_pay, next_pay};

/* ---- the shop's process ------------------------------------------------------------------------
 */

bool sim_life_goes_on(struct sim_life *life) {
    if (life == NULL) {
        return true;
    }
    if (life->calls_left == 0) {
        life->over = true;
    } else if (life->calls_left > 0) {
        life->calls_left--;
    }
    return !life->over;
}

/* ---- what happened, as one number --------------------------------------------------------------
 */

static void note(struct world_sim *sim, uint64_t what, uint64_t ticket, struct str text) {
    uint64_t fact[] = {what, ticket, (uint64_t)sim->now.wall_ms, hash64(text, 0)};
    sim->digest = hash64((struct str){(const char *)fact, sizeof fact}, sim->digest);
}

/* ---- sending -----------------------------------------------------------------------------------
 */

static struct sim_host *host_of(struct world_sim *sim, struct str url) {
    for (size_t i = 0; i < sim->host_count; i++) {
        struct str base = sim->hosts[i].url;
        if (str_starts(url, base) && url.n > base.n && url.p[base.n] == '/') {
            return &sim->hosts[i];
        }
    }
    return NULL;
}

static int64_t latency_ms(struct world_sim *sim, const struct sim_host *host) {
    int64_t most = host->weather.latency_ms_max > 0 ? host->weather.latency_ms_max : LATENCY_MS;
    return 1 + (int64_t)rng_below(&sim->rng, (uint64_t)most);
}

/* One draw decides; what is left of it beyond all rates is fair weather. */
static bool hits(uint64_t *drawn, unsigned rate) {
    bool hit = *drawn < rate;
    *drawn = hit ? RATES : *drawn - rate;
    return hit;
}

static struct str whole_multipart(struct arena *arena, const struct http_request *request) {
    struct buf buf;
    buf_init(&buf, arena, FLIGHT_MAX / 4);
    for (size_t i = 0; i < request->part_count; i++) {
        const struct http_part *part = &request->parts[i];
        buf_printf(&buf, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"" STR_FMT "\"",
                   STR_ARG(part->name));
        if (part->filename.n > 0) {
            buf_printf(&buf, "; filename=\"" STR_FMT "\"", STR_ARG(part->filename));
        }
        if (part->content_type.n > 0) {
            buf_printf(&buf, "\r\nContent-Type: " STR_FMT, STR_ARG(part->content_type));
        }
        buf_add_text(&buf, "\r\n\r\n");
        buf_add(&buf, part->body);
        buf_add_text(&buf, "\r\n");
    }
    buf_add_text(&buf, "--" BOUNDARY "--\r\n");
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

/* The request as it comes in at the other side. */
static void copy_request(struct flight *flight, const struct http_request *from) {
    struct arena *arena = flight->arena;
    struct str rest = arena_copy(arena, str_sub(from->url, flight->host->url.n, from->url.n));
    size_t question = str_find(rest, '?');
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, from->header_count + 1);
    for (size_t i = 0; i < from->header_count; i++) {
        headers[i].name = arena_copy(arena, from->headers[i].name);
        headers[i].value = arena_copy(arena, from->headers[i].value);
    }
    size_t scheme = str_find_str(flight->host->url, STR("://"));
    headers[from->header_count] = (struct http_header){
        STR("Host"), str_sub(flight->host->url, scheme + 3, flight->host->url.n)};
    bool in_parts = from->part_count > 0;
    flight->request = (struct http_incoming){
        .method = from->method,
        .method_name = http_method_name(from->method),
        .path = str_sub(rest, 0, question),
        .query = str_sub(rest, question + 1, rest.n),
        .content_type = in_parts ? STR("multipart/form-data; boundary=" BOUNDARY)
                                 : arena_copy(arena, from->content_type),
        .body = in_parts ? whole_multipart(arena, from) : arena_copy(arena, from->body),
        .headers = headers,
        .header_count = from->header_count + 1,
    };
}

/* It comes back after `wait_ms` with nothing but how it went. */
static void comes_to_nothing(struct world_sim *sim, struct flight *flight,
                             enum http_outcome outcome, const char *fault, int64_t wait_ms) {
    flight->stage = BACK;
    flight->fate = LOST;
    flight->at_ms = sim->now.mono_ms + wait_ms;
    flight->reply = (struct http_reply){.outcome = outcome, .fault = fault};
}

static void draw_fate(struct world_sim *sim, struct flight *flight,
                      const struct http_request *request) {
    const struct sim_weather *weather = &flight->host->weather;
    uint64_t drawn = rng_below(&sim->rng, RATES);
    int64_t way_ms = latency_ms(sim, flight->host);
    int64_t connect_ms = request->connect_ms_max > 0 ? request->connect_ms_max : CONNECT_MS;
    if (weather->road == SIM_ROAD_SILENT) {
        comes_to_nothing(sim, flight, HTTP_NOT_SENT, "connect timed out", connect_ms);
    } else if (weather->road == SIM_ROAD_REFUSED || hits(&drawn, weather->not_sent)) {
        comes_to_nothing(sim, flight, HTTP_NOT_SENT, "connection refused", way_ms);
    } else if (hits(&drawn, weather->cut_there)) {
        comes_to_nothing(sim, flight, HTTP_UNKNOWN, "connection reset", way_ms);
    } else if (hits(&drawn, weather->silent)) {
        comes_to_nothing(sim, flight, HTTP_UNKNOWN, "timed out", TOTAL_MS * 2); /* the deadline */
    } else {
        flight->stage = THERE;
        flight->at_ms = sim->now.mono_ms + way_ms;
        flight->fate = hits(&drawn, weather->cut_back)  ? CUT_BACK
                       : hits(&drawn, weather->late)    ? LATE
                       : hits(&drawn, weather->twice)   ? TWICE
                       : hits(&drawn, weather->refused) ? REFUSED
                                                        : WELL;
        if (flight->fate == LATE) {
            flight->at_ms = flight->deadline_ms + way_ms;
        }
    }
}

static enum gb_err sim_send(struct world *w, const struct http_request *request, struct str pool,
                            uint64_t ticket) {
    struct world_sim *sim = sim_of(w);
    (void)pool;
    if (!sim_life_goes_on(sim->life)) {
        return GB_OK;
    }
    if (sim->count == SIM_FLIGHT_MAX) {
        return GB_LATER;
    }
    struct flight *flight = &sim->flights[sim->count++];
    struct arena *arena = flight->arena;
    int64_t patience_ms = request->total_ms_max > 0 ? request->total_ms_max : TOTAL_MS;
    *flight = (struct flight){
        .arena = arena != NULL ? arena : arena_new(FLIGHT_BYTES, FLIGHT_MAX),
        .ticket = ticket,
        .number = sim->next_number++,
        .host = host_of(sim, request->url),
        .deadline_ms = sim->now.mono_ms + patience_ms,
    };
    arena_clear(flight->arena);
    sim->stats.sent++;
    if (flight->host == NULL) {
        comes_to_nothing(sim, flight, HTTP_NOT_SENT, "no such host", 1);
        return GB_OK;
    }
    copy_request(flight, request);
    note(sim, 1, ticket, flight->request.path);
    draw_fate(sim, flight, request);
    return GB_OK;
}

static void sim_cancel(struct world *w, uint64_t ticket) {
    struct world_sim *sim = sim_of(w);
    for (size_t i = 0; i < sim->count; i++) {
        struct flight *flight = &sim->flights[i];
        if (flight->ticket == ticket && flight->deadline_ms != NEVER) {
            flight->deadline_ms = sim->now.mono_ms;
        }
    }
}

/* ---- arriving ----------------------------------------------------------------------------------
 */

static void flight_end(struct world_sim *sim, struct flight *flight) {
    struct flight *last = &sim->flights[--sim->count];
    struct flight ended = *flight;
    *flight = *last;
    *last = ended; /* its arena stays with the slot */
}

static int64_t retry_after_s(const struct http_response *response) {
    int64_t seconds;
    for (size_t i = 0; i < response->header_count; i++) {
        if (str_equal_nocase(response->headers[i].name, STR("Retry-After")) &&
            num_i64(response->headers[i].value, 0, 1000000, &seconds) == GB_OK) {
            return seconds;
        }
    }
    return 0;
}

static void go_back(struct world_sim *sim, struct flight *flight,
                    const struct http_response *response) {
    flight->stage = BACK;
    flight->at_ms = sim->now.mono_ms + latency_ms(sim, flight->host);
    if (response->drop || flight->fate == CUT_BACK) {
        flight->reply = (struct http_reply){.outcome = HTTP_UNKNOWN, .fault = "connection reset"};
        return;
    }
    struct str type = response->content_type;
    flight->reply = (struct http_reply){
        .outcome = HTTP_REPLIED,
        .status = response->status,
        .body = arena_copy(flight->arena, response->body),
        .content_type = type.n > 0 ? arena_copy(flight->arena, type) : STR("application/json"),
        .retry_after_s = retry_after_s(response),
    };
}

static struct flight *flight_of_visit(struct world_sim *sim, uint64_t visit) {
    for (size_t i = 0; i < sim->count; i++) {
        if (sim->flights[i].visit == visit && sim->flights[i].stage == HELD) {
            return &sim->flights[i];
        }
    }
    return NULL;
}

/* What the models have held and give back now; of calls nobody waits for it goes nowhere. */
static void take_held_answers(struct world_sim *sim) {
    for (size_t i = 0; i < sim->host_count; i++) {
        struct sim_host *host = &sim->hosts[i];
        struct http_response response = {0};
        uint64_t visit;
        while (host->ops->next_answer(host->model, sim->now, sim->scratch, &visit, &response)) {
            struct flight *flight = flight_of_visit(sim, visit);
            if (flight != NULL) {
                go_back(sim, flight, &response);
            }
            response = (struct http_response){0};
        }
    }
    arena_clear(sim->scratch);
}

/* A refusal by who stands in front of the model, which does not hear of the call. */
static void refuse(struct world_sim *sim, struct flight *flight, const struct visit *visit,
                   struct http_response *response) {
    static const enum fault_what refusals[] = {FAULT_500, FAULT_502_HTML, FAULT_429, FAULT_GARBAGE};
    struct fault_hit hit = {.what = refusals[rng_below(&sim->rng, GB_COUNT(refusals))]};
    struct holds none = {0};
    enum model_verdict verdict;
    bool ended =
        fault_before(&hit, (enum fault_where)flight->host->where, visit, &none, response, &verdict);
    gb_assert(ended && verdict == MODEL_ANSWERS);
}

static void arrive_there(struct world_sim *sim, struct flight *flight) {
    struct http_response response = {0};
    struct visit visit = {++sim->next_visit, &flight->request, sim->now, sim->scratch};
    struct sim_host *host = flight->host;
    enum model_verdict verdict = MODEL_ANSWERS;
    if (flight->fate == REFUSED) {
        refuse(sim, flight, &visit, &response);
    } else {
        sim->stats.done++;
        verdict = host->ops->handle(host->model, &visit, &response);
    }
    flight->visit = visit.ticket;
    if (flight->fate == TWICE) { /* the answer to the first is lost */
        flight->fate = WELL;
        flight->at_ms = sim->now.mono_ms + latency_ms(sim, host);
    } else if (flight->deadline_ms == NEVER) {
        flight_end(sim, flight);
    } else if (verdict == MODEL_ANSWERS) {
        go_back(sim, flight, &response);
    } else {
        flight->stage = HELD;
        flight->at_ms = NEVER;
    }
    arena_clear(sim->scratch);
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

struct told {
    struct arena *arena; /* NULL: nobody listens */
    struct sign *signs;
    size_t count;
};

static void tell(struct world_sim *sim, const struct flight *flight, const struct http_reply *reply,
                 struct told *told) {
    sim->stats.replies++;
    sim->stats.not_sent += reply->outcome == HTTP_NOT_SENT;
    sim->stats.unknown += reply->outcome == HTTP_UNKNOWN;
    note(sim, 2 + (uint64_t)reply->outcome, flight->ticket, reply->body);
    if (told->arena == NULL) {
        return;
    }
    struct http_reply *copy = ARENA_NEW(told->arena, struct http_reply);
    *copy = *reply;
    copy->body = arena_copy(told->arena, reply->body);
    copy->content_type = arena_copy(told->arena, reply->content_type);
    told->signs[told->count++] =
        (struct sign){.kind = SIGN_REPLY, .ticket = flight->ticket, .reply = copy};
}

static int64_t flight_ms(const struct flight *flight) {
    return GB_MIN(flight->at_ms, flight->deadline_ms);
}

static void step(struct world_sim *sim, struct flight *flight, struct told *told) {
    if (flight->at_ms > sim->now.mono_ms) { /* its caller gives up */
        const struct http_reply given_up = {.outcome = HTTP_UNKNOWN, .fault = "timed out"};
        tell(sim, flight, &given_up, told);
        flight->deadline_ms = NEVER;
        if (flight->stage != THERE) {
            flight_end(sim, flight);
        }
    } else if (flight->stage == THERE) {
        arrive_there(sim, flight);
    } else {
        if (flight->deadline_ms != NEVER) {
            tell(sim, flight, &flight->reply, told);
        }
        flight_end(sim, flight);
    }
}

/* The one that has something to do first, of those the one that was sent first. */
static struct flight *first_flight(struct world_sim *sim) {
    struct flight *first = NULL;
    for (size_t i = 0; i < sim->count; i++) {
        struct flight *flight = &sim->flights[i];
        if (first == NULL || flight_ms(flight) < flight_ms(first) ||
            (flight_ms(flight) == flight_ms(first) && flight->number < first->number)) {
            first = flight;
        }
    }
    return first;
}

static int64_t play_ms(const struct world_sim *sim) {
    return sim->play.next_ms != NULL ? sim->play.next_ms(sim->play.ctx) : NEVER;
}

static int64_t next_ms(struct world_sim *sim) {
    const struct flight *first = first_flight(sim);
    int64_t next = GB_MIN(play_ms(sim), first != NULL ? flight_ms(first) : NEVER);
    for (size_t i = 0; i < sim->host_count; i++) {
        next = GB_MIN(next, sim->hosts[i].ops->next_ms(sim->hosts[i].model));
    }
    return next;
}

/* All that is due at this instant. */
static void run_instant(struct world_sim *sim, struct told *told) {
    if (play_ms(sim) <= sim->now.mono_ms) {
        sim->play.run(sim->play.ctx, sim->now);
    }
    take_held_answers(sim);
    for (struct flight *flight = first_flight(sim);
         flight != NULL && flight_ms(flight) <= sim->now.mono_ms; flight = first_flight(sim)) {
        step(sim, flight, told);
    }
}

static void jump(struct world_sim *sim, int64_t mono_ms) {
    int64_t by_ms = GB_MAX(mono_ms - sim->now.mono_ms, INT64_C(0));
    sim->now.mono_ms += by_ms;
    sim->now.wall_ms += by_ms;
    sim->still_waits = by_ms > 0 ? 0 : sim->still_waits + 1;
    gb_assert(sim->still_waits < STILL_WAITS_MAX);
}

static enum gb_err sim_wait(struct world *w, struct arena *arena, const struct sign **ret_signs,
                            size_t *ret_count) {
    struct world_sim *sim = sim_of(w);
    struct told told = {.arena = arena, .signs = ARENA_ARRAY(arena, struct sign, sim->count + 1)};
    do {
        if (sim->signal != 0) {
            told.signs[told.count++] = (struct sign){.kind = SIGN_SIGNAL, .signal = sim->signal};
            sim->signal = 0;
            break;
        }
        int64_t next = GB_MIN(next_ms(sim), sim->wake_ms);
        gb_assert(next != NEVER); /* else this shop sleeps for ever */
        jump(sim, next);
        run_instant(sim, &told);
    } while (told.count == 0 && sim->wake_ms > sim->now.mono_ms);
    sim->wake_ms = NEVER;
    sim->stats.waits++;
    *ret_signs = told.signs;
    *ret_count = told.count;
    return GB_OK;
}

void world_sim_pass(struct world_sim *sim, int64_t ms) {
    struct told nobody = {.arena = NULL};
    int64_t until_ms = sim->now.mono_ms + ms;
    while (next_ms(sim) <= until_ms) {
        jump(sim, next_ms(sim));
        run_instant(sim, &nobody);
    }
    jump(sim, until_ms);
}

static void sim_wake_at(struct world *w, int64_t mono_ms) {
    struct world_sim *sim = sim_of(w);
    sim->wake_ms = GB_MIN(sim->wake_ms, mono_ms);
}

/* ---- the rest of a world -----------------------------------------------------------------------
 */

static int64_t sim_wall_ms(struct world *w) {
    return sim_of(w)->now.wall_ms;
}

static int64_t sim_mono_ms(struct world *w) {
    return sim_of(w)->now.mono_ms;
}

static void sim_chance(struct world *w, void *buf, size_t bytes) {
    rng_bytes(&sim_of(w)->rng, buf, bytes);
}

static enum gb_err sim_respond(struct world *w, uint64_t ticket,
                               const struct http_response *response) {
    (void)w, (void)ticket, (void)response;
    return GB_NOT_FOUND;
}

static enum gb_err sim_listen(struct world *w, const char *host, int port, int door,
                              size_t body_bytes_max, int *ret_port, const char **reterr_why) {
    (void)w, (void)host, (void)port, (void)door, (void)body_bytes_max, (void)ret_port;
    *reterr_why = "a simulated world has no doors";
    return GB_UNAVAILABLE;
}

static void sim_hear(struct world *w, int fd) {
    (void)w;
    gb_assert(fd < 0);
}

static enum gb_err sim_listen_commands(struct world *w, const char *host, int port, int door,
                                       bool is_open, int *ret_port, const char **reterr_why) {
    (void)is_open;
    return sim_listen(w, host, port, door, 0, ret_port, reterr_why);
}

static void sim_answer(struct world *w, uint64_t ticket, const struct command_answer *answer) {
    (void)w, (void)ticket, (void)answer;
}

static void sim_close(struct world *w) {
    world_sim_free(sim_of(w));
}

static const struct world_ops sim_ops = {
    .wall_ms = sim_wall_ms,
    .mono_ms = sim_mono_ms,
    .chance = sim_chance,
    .send = sim_send,
    .cancel = sim_cancel,
    .respond = sim_respond,
    .listen = sim_listen,
    .hear = sim_hear,
    .listen_commands = sim_listen_commands,
    .answer = sim_answer,
    .wake_at = sim_wake_at,
    .wait = sim_wait,
    .close = sim_close,
};

struct world_sim *world_sim_new(const struct world_sim_options *options) {
    struct world_sim *sim = keep_new(sizeof *sim);
    sim->world.ops = &sim_ops;
    sim->life = options->life;
    sim->play = options->play;
    sim->now = options->start;
    sim->wake_ms = NEVER;
    sim->scratch = arena_new(TURN_BYTES, TURN_MAX);
    rng_init(&sim->rng, options->seed, STR("world"));
    return sim;
}

void world_sim_free(struct world_sim *sim) {
    if (sim == NULL) {
        return;
    }
    for (size_t i = 0; i < SIM_FLIGHT_MAX; i++) {
        arena_free(sim->flights[i].arena);
    }
    arena_free(sim->scratch);
    keep_free(sim);
}

struct world *world_sim_world(struct world_sim *sim) {
    return &sim->world;
}

size_t world_sim_add_host(struct world_sim *sim, const struct sim_host *host) {
    gb_assert(sim->host_count < SIM_HOSTS_MAX);
    sim->hosts[sim->host_count] = *host;
    return sim->host_count++;
}

struct sim_weather *world_sim_weather(struct world_sim *sim, size_t host) {
    gb_assert(host < sim->host_count);
    return &sim->hosts[host].weather;
}

struct moment world_sim_now(const struct world_sim *sim) {
    return sim->now;
}

void world_sim_step_clock(struct world_sim *sim, int64_t ms) {
    sim->now.wall_ms += ms;
}

void world_sim_signal(struct world_sim *sim, int number) {
    sim->signal = number;
}

void world_sim_hang_up(struct world_sim *sim) {
    for (size_t i = sim->count; i > 0; i--) {
        struct flight *flight = &sim->flights[i - 1];
        flight->deadline_ms = NEVER;
        if (flight->stage != THERE) {
            flight_end(sim, flight);
        }
    }
    sim->wake_ms = NEVER;
    sim->signal = 0;
}

uint64_t world_sim_digest(const struct world_sim *sim) {
    return sim->digest;
}

struct world_sim_stats world_sim_stats(const struct world_sim *sim) {
    return sim->stats;
}

/* world_sim.h: a world in which nothing sleeps: its clocks jump to the next thing that can happen,
 * and what is sent goes to models instead of sockets.
 *
 *   send() ── a while ──► model ── at once, or held ──► a while ──► wait()
 *        └─ never leaves, is cut off on the way there or back, comes twice, too late, by chance
 *
 * All chance comes from one seed: one seed is one course of events, world_sim_digest() tells two
 * courses apart. Each request has a latency of its own, so that they overtake each other. The
 * shop's process ends with its life (sim_life): from then on nothing it does gets out.
 *
 * Not played: doors (listen is refused), TLS, proxies, names.
 */
#ifndef SANDBOX_WORLD_SIM_H
#define SANDBOX_WORLD_SIM_H

#include "base/crypto.h"
#include "io/world.h"
#include "sandbox/model.h"

struct world_sim;

#define SIM_HOSTS_MAX  8
#define SIM_FLIGHT_MAX 256 /* requests under way in all, as in the real world */

/* ---- who can be reached ---- */

/* A model behind an address. */
struct sim_host_ops {
    enum model_verdict (*handle)(void *model, const struct visit *visit,
                                 struct http_response *response);
    bool (*next_answer)(void *model, struct moment now, struct arena *arena, uint64_t *ret_ticket,
                        struct http_response *response);
    int64_t (*next_ms)(const void *model);
};
/* `model` is a struct telegram_model, hiddify_model, testpay_model. */
extern const struct sim_host_ops sim_telegram, sim_panel, sim_pay;

enum sim_road {
    SIM_ROAD_OPEN,
    SIM_ROAD_REFUSED, /* no connection can be made */
    SIM_ROAD_SILENT,  /* nothing arrives, nobody says so: time-outs */
};

/* What becomes of requests on their way. The rates are out of 10000. */
struct sim_weather {
    enum sim_road road;
    int64_t latency_ms_max; /* of each way; 0: 40 */
    unsigned not_sent;      /* no connection */
    unsigned cut_there;     /* not done, the connection breaks */
    unsigned cut_back;      /* done, the connection breaks before the answer */
    unsigned silent;        /* not done, time-out */
    unsigned late;          /* done after the caller gave up waiting */
    unsigned twice;         /* done twice: a client's own repeat on a kept connection */
    unsigned refused;       /* not done: 500, 502, 429, or bytes that mean nothing */
};

struct sim_host {
    struct str url; /* how its addresses begin, no slash at the end: "http://127.0.0.1:1"; static */
    const struct sim_host_ops *ops;
    void *model; /* outlives the world */
    int where;   /* enum fault_where: in whose words it refuses */
    struct sim_weather weather;
};

/* ---- the shop's process ---- */

/* How long it lives, counted in what it does to the outside: a request, a write. Whoever takes
 * part in counting asks before each. */
struct sim_life {
    int64_t calls_left; /* negative: for ever */
    bool over;
};
/* False: it is over, the call must have no effect. NULL lives for ever. */
bool sim_life_goes_on(struct sim_life *life);

/* ---- the world ---- */

/* What else happens by itself: people, outages. */
struct sim_play {
    int64_t (*next_ms)(void *ctx); /* mono clock; INT64_MAX: nothing more */
    void (*run)(void *ctx, struct moment now);
    void *ctx;
};

struct world_sim_options {
    const uint8_t *seed; /* SHA256_BYTES */
    struct moment start;
    struct sim_life *life; /* outlives the world; NULL: for ever */
    struct sim_play play;  /* next_ms NULL: nothing */
};

struct world_sim *world_sim_new(const struct world_sim_options *options);
void world_sim_free(struct world_sim *sim); /* NULL is fine; the same as ops->close */
/* As the engine knows it. wait() panics when nothing can ever happen again, or when time has stood
 * still for very long: a shop that hangs, or spins. */
struct world *world_sim_world(struct world_sim *sim);

/* Copied. The number of the host, for world_sim_weather. */
size_t world_sim_add_host(struct world_sim *sim, const struct sim_host *host);
/* To be changed at any time; counts for what is sent from now on. */
struct sim_weather *world_sim_weather(struct world_sim *sim, size_t host);

struct moment world_sim_now(const struct world_sim *sim);
/* Time passes while the shop is not there, or suspended: all else goes on. */
void world_sim_pass(struct world_sim *sim, int64_t ms);
/* Somebody sets the clock on the wall. */
void world_sim_step_clock(struct world_sim *sim, int64_t ms);
/* The next wait() hands over this signal. */
void world_sim_signal(struct world_sim *sim, int number);
/* The shop's process is gone: its connections break, what was under way may still arrive. */
void world_sim_hang_up(struct world_sim *sim);

/* Of all that was sent and answered so far, and when. */
uint64_t world_sim_digest(const struct world_sim *sim);

struct world_sim_stats {
    uint64_t waits, sent, done, replies, not_sent, unknown;
};
struct world_sim_stats world_sim_stats(const struct world_sim *sim);

#endif

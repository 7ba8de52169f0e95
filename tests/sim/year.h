/* year.h: what the files of the simulated year share: who is who, what was bought, what happened.
 *
 *   year.c    the shop's lives, outages, the course of time
 *   watch.c   Telegram and the panels, and a look at each call to them
 *   people.c  what people do: buy, connect, switch reminders off, block the bot
 *   book.c    what was seen outside, held against what had to be seen
 *
 * The book knows nothing of how the shop decides: it is computed from what was bought and when.
 */
#ifndef TESTS_SIM_YEAR_H
#define TESTS_SIM_YEAR_H

#include "base/arena.h"
#include "base/base.h"
#include "base/crypto.h"
#include "sandbox/hiddify_model.h"
#include "sandbox/telegram_model.h"
#include "sandbox/world_sim.h"

#define YEAR_TOKEN "1234567890:SANDBOXsandboxSANDBOXsandboxSANDBOX"
#define YEAR_OWNER "5a4db0e5-0c1d-4e5f-8a6b-7c8d9e0f1a2b"

#define PLACES         3 /* a person's purchases are each in another place */
#define TARIFFS        3
#define FIRST_ID       100000
#define SHOP_ZONE_MIN  180
#define PANEL_ZONE_MIN 210
#define GRACE_MS       (7 * GB_DAY_MS)
#define DOWNS_MAX      4096
#define NEVER          INT64_MAX

struct offer {
    const char *id;
    int64_t days, traffic_gb;
};
extern const struct offer offers[TARIFFS];
extern const char *const place_ids[PLACES], *const place_names[PLACES];

/* ---- what was bought, and what was seen of it outside ---- */

enum heard_kind {
    HEARD_DAYS_3,
    HEARD_DAYS_1,
    HEARD_DAYS_0,
    HEARD_TRAFFIC_80,
    HEARD_TRAFFIC_95,
    HEARD_UNUSED,
    HEARD_ENDED,
    HEARD_WARNED_3,
    HEARD_WARNED_1,
    HEARD_KINDS
};

struct heard {
    unsigned count;
    int64_t first_ms, last_ms;
    bool lost; /* it is among the dead: it may have been sent, and is never sent again */
};

struct sale {
    bool paid;
    const struct offer *offer;
    int64_t asked_ms, paid_ms; /* the buyer's question, and when its answer was seen */
    /* On the panel; 0: never. */
    char uuid[37];
    int64_t created_ms, off_ms, gone_ms;
    int64_t first_use_ms, over_ms[2]; /* 80 and 95 percent */
    int64_t used_bytes;
    /* As the shop's record has it. */
    int64_t rows, starts_ms, ends_ms;
    struct heard heard[HEARD_KINDS];
};

struct person {
    struct tg_user *user;
    bool has_zone, mutes, again, is_settled, is_thorough;
    int zone_min;
    unsigned habit; /* enum habit in people.c */
    int64_t buy_ms, use_ms, block_ms, blocked_ms;
    unsigned step;
    int64_t since_ms, mark, query;
    int place, bought;
    struct sale sales[PLACES];
};

/* ---- when something was away ---- */

struct down {
    int64_t from_ms, to_ms;
};
struct downs {
    struct down list[DOWNS_MAX];
    size_t count;
};

struct year {
    uint64_t seed;
    int64_t start_ms, end_ms;
    struct rng rng;
    struct arena *turn; /* for what people do */
    struct world_sim *sim;
    struct telegram_model *telegram;
    struct hiddify_model *panels[PLACES];
    size_t panel_hosts[PLACES]; /* in the world */
    struct person *people;
    size_t count;
    size_t *heap; /* people by when they do something */
    struct downs shop, panel[PLACES];
    int64_t refused_403, blocks, deaths, stops, slow;
    size_t faults;
};

static inline int64_t year_below(struct year *year, int64_t bound) {
    return (int64_t)rng_below(&year->rng, (uint64_t)bound);
}
static inline bool year_hits(struct year *year, int64_t percent) {
    return year_below(year, 100) < percent;
}

/* watch.c */
void watch_begin(struct year *year, const uint8_t *seed);
void watch_end(struct year *year);
/* As a panel has somebody. False: it has not. */
struct shown {
    int64_t whose, last_day, limit_bytes;
    bool is_on;
};
bool watch_user(const struct year *year, int place, struct str uuid, struct shown *ret_shown);

/* people.c */
void people_begin(struct year *year);
int64_t people_next_ms(const struct year *year); /* wall clock */
void people_act(struct year *year, struct moment now);

/* book.c */
struct backend;
struct config;
/* After a call that may have changed one of the panel's users; `whose` it was before. */
void book_panel(struct year *year, int place, struct str uuid, int64_t whose, int64_t now_ms);
/* Read what people were told and what the shop has in its records, and compare all of it. */
void book_check(struct year *year, struct backend *backend, const struct config *config);

#endif

/* watch.c: the outside of the simulated year: models whose calls are looked at as they come in. */
#include "year.h"

#include "sandbox/faults.h"
#include "sandbox/hiddify_inside.h"

struct watched_panel {
    struct year *year;
    int place;
};

static struct fault_plan no_faults;
static struct watched_panel watched[PLACES];

/* ---- panels ---- */

static struct hiddify_model *panel_of(const void *model) {
    const struct watched_panel *at = model;
    return at->year->panels[at->place];
}

/* The uuid at the end of ".../user/UUID/", if there is one. */
static struct str uuid_of(struct str path) {
    struct str bare = str_ends(path, STR("/")) ? str_sub(path, 0, path.n - 1) : path;
    struct str last = bare.n > 36 ? str_sub(bare, bare.n - 36, bare.n) : STR_NONE;
    return hiddify_uuid_has_form(last) ? last : STR_NONE;
}

static enum model_verdict watch_panel(void *model, const struct visit *visit,
                                      struct http_response *response) {
    struct watched_panel *at = model;
    struct hiddify_model *panel = panel_of(model);
    struct str uuid = uuid_of(visit->request->path);
    const struct hiddify_user *before = uuid.n > 0 ? panel_find(panel, uuid) : NULL;
    int64_t whose = before != NULL ? before->telegram_id : 0;
    size_t count = panel->count;
    enum model_verdict verdict = hiddify_handle(panel, visit, response);
    if (panel->count > count) {
        const struct hiddify_user *made = panel->users[panel->count - 1];
        book_panel(at->year, at->place, made->uuid, made->telegram_id, visit->now.wall_ms);
    } else if (before != NULL && visit->request->method != HTTP_GET) {
        book_panel(at->year, at->place, uuid, whose, visit->now.wall_ms);
    }
    return verdict;
}

static bool watched_answer(void *model, struct moment now, struct arena *arena,
                           uint64_t *ret_ticket, struct http_response *response) {
    return hiddify_next_answer(panel_of(model), now, arena, ret_ticket, response);
}

static int64_t watched_next_ms(const void *model) {
    return hiddify_next_ms(panel_of(model));
}

static const struct sim_host_ops watched_ops = {watch_panel, watched_answer, watched_next_ms};

/* ---- Telegram ---- */

static enum model_verdict watch_telegram(void *model, const struct visit *visit,
                                         struct http_response *response) {
    struct year *year = model;
    enum model_verdict verdict = telegram_handle(year->telegram, visit, response);
    year->refused_403 += verdict == MODEL_ANSWERS && response->status == 403;
    return verdict;
}

static bool telegram_answer(void *model, struct moment now, struct arena *arena,
                            uint64_t *ret_ticket, struct http_response *response) {
    struct year *year = model;
    return telegram_next_answer(year->telegram, now, arena, ret_ticket, response);
}

static int64_t telegram_next(const void *model) {
    const struct year *year = model;
    return telegram_next_ms(year->telegram);
}

static const struct sim_host_ops telegram_ops = {watch_telegram, telegram_answer, telegram_next};

/* ---- all of them ---- */

bool watch_user(const struct year *year, int place, struct str uuid, struct shown *ret_shown) {
    const struct hiddify_user *user = panel_find(year->panels[place], uuid);
    if (user == NULL) {
        return false;
    }
    *ret_shown = (struct shown){
        .whose = user->telegram_id,
        .is_on = user->enable,
        .last_day = user->start_day + user->package_days,
        .limit_bytes = user->limit_bytes,
    };
    return true;
}

void watch_begin(struct year *year, const uint8_t *seed) {
    static const char *const urls[PLACES] = {"http://de.sim", "http://nl.sim", "http://fi.sim"};
    year->telegram = telegram_new(
        &(struct telegram_options){STR(YEAR_TOKEN), STR("year_bot"), seed, &no_faults});
    /* Rare, but thousands of times a year. Answers of Telegram are not lost, so that only a death
     * excuses news that come twice. */
    const struct sim_weather to_telegram = {
        .not_sent = 10, .cut_there = 3, .silent = 1, .refused = 10};
    const struct sim_weather to_panel = {.not_sent = 10,
                                         .cut_there = 5,
                                         .cut_back = 5,
                                         .late = 1,
                                         .twice = 5,
                                         .refused = 10,
                                         .latency_ms_max = 200};
    (void)world_sim_add_host(year->sim,
                             &(struct sim_host){STR("http://telegram.sim"), &telegram_ops, year,
                                                FAULT_TELEGRAM, to_telegram});
    for (int place = 0; place < PLACES; place++) {
        year->panels[place] = hiddify_new(&(struct hiddify_options){
            .admin_path = STR("AdminPath"),
            .client_path = STR("ClientPath"),
            .owner = STR(YEAR_OWNER),
            .zone_offset_min = PANEL_ZONE_MIN,
            .busy_ms = 2,
            .seed = seed,
            .faults = &no_faults,
            .born_ms = year->start_ms,
        });
        watched[place] = (struct watched_panel){year, place};
        year->panel_hosts[place] = world_sim_add_host(
            year->sim, &(struct sim_host){str_of(urls[place]), &watched_ops, &watched[place],
                                          FAULT_PANEL, to_panel});
    }
}

void watch_end(struct year *year) {
    telegram_free(year->telegram);
    for (int place = 0; place < PLACES; place++) {
        hiddify_free(year->panels[place]);
    }
}

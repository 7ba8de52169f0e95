#include "shop/servers.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/num.h"
#include "panel/panel.h"
#include "shop/catalog.h"
#include "shop/fields.h"
#include "shop/figures.h"
#include "state/event.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/work.h"

#define SILENT_MS    (10 * GB_MINUTE_MS)
#define LOADED       90 /* percent */
#define WELL_AGAIN   80
#define LOADED_TIMES 2 /* answers in a row */

/* What is known of a server beside its catalog row. */
struct server_state {
    struct str id;
    int64_t asked_ms;    /* first asked since it last answered; 0: it has answered */
    int64_t answered_ms; /* 0: never */
    bool down_told, full_told, load_told;
    int64_t loaded;    /* answers in a row that said so */
    int64_t paid_told; /* days that were left when it was said, and one; 0: not yet */
};

static const struct field fields[] = {
    FIELD_TEXT(server_state, id),         FIELD_INT(server_state, asked_ms),
    FIELD_INT(server_state, answered_ms), FIELD_FLAG(server_state, down_told),
    FIELD_FLAG(server_state, full_told),  FIELD_FLAG(server_state, load_told),
    FIELD_INT(server_state, loaded),      FIELD_INT(server_state, paid_told),
};
static const struct record state_record = RECORD(TABLE_SERVER_STATES, server_state, fields);

static enum gb_err state_get(struct work *work, struct str id, struct server_state *ret) {
    enum gb_err err = record_get(work, &state_record, id, ret);
    if (err == GB_NOT_FOUND || err == GB_DAMAGED) {
        *ret = (struct server_state){.id = id};
        return GB_OK;
    }
    return err;
}

static void tell(struct work *work, enum notice_kind kind, struct str server, struct str extra) {
    notice_add(work, &(struct notice){.kind = kind, .about = server, .extra = extra});
}

static struct str number(struct work *work, int64_t n) {
    return arena_printf(work->arena, "%" PRId64, n);
}

/* ---- what is known ------------------------------------------------------------------------------
 */

static void check_silence(struct work *work, struct server_state *state) {
    if (state->asked_ms == 0 || state->down_told || work->now_ms - state->asked_ms < SILENT_MS) {
        return;
    }
    int64_t since_ms = state->answered_ms != 0 ? state->answered_ms : state->asked_ms;
    state->down_told = true;
    tell(work, NOTICE_SERVER_DOWN, state->id, number(work, work->now_ms - since_ms));
}

static void check_room(struct work *work, const struct server *server, struct server_state *state) {
    int64_t percent = server->users_max > 0 ? server->users * 100 / server->users_max : 0;
    if (percent >= LOADED && !state->full_told) {
        state->full_told = true;
        tell(work, NOTICE_SERVER_FULL, state->id, STR_NONE);
    } else if (percent < WELL_AGAIN) {
        state->full_told = false;
    }
}

static struct str paid_until(const struct work *work, struct str server) {
    for (size_t i = 0; i < work->config->server_count; i++) {
        if (str_equal(work->config->servers[i].id, server)) {
            return work->config->servers[i].paid_until;
        }
    }
    return STR_NONE;
}

/* Of 7, 3 and 1 the least that is reached, once: who was away hears the newest. */
static void check_rent(struct work *work, struct server_state *state) {
    static const int64_t marks[] = {1, 3, 7};
    int64_t last_day;
    if (clock_parse_date(paid_until(work, state->id), &last_day) != GB_OK) {
        return;
    }
    int64_t left = last_day - figures_today(work);
    if (left > marks[GB_COUNT(marks) - 1]) {
        state->paid_told = 0;
        return;
    }
    for (size_t i = 0; i < GB_COUNT(marks); i++) {
        if (left > marks[i]) {
            continue;
        }
        if (state->paid_told == 0 || marks[i] + 1 < state->paid_told) {
            state->paid_told = marks[i] + 1;
            tell(work, NOTICE_SERVER_UNPAID, state->id, number(work, GB_MAX(left, INT64_C(0))));
        }
        return;
    }
}

static void ask(struct work *work, struct server_state *state) {
    if (state->asked_ms == 0) {
        state->asked_ms = work->now_ms;
    }
    outbox_noise(work, &(struct outbox_row){
                           .lane = arena_printf(work->arena, "panel:" STR_FMT, STR_ARG(state->id)),
                           .kind = STR("status"),
                           .body = STR("{}"),
                           .then = STR("panel.status"),
                           .about = state->id,
                           .again = OUTBOX_SAFE,
                       });
}

enum gb_err servers_check(struct work *work, int64_t *ret_checked) {
    const struct server *servers;
    size_t count;
    *ret_checked = 0;
    enum gb_err err = catalog_servers(work, &servers, &count);
    for (size_t i = 0; err == GB_OK && i < count; i++) {
        struct server_state state;
        struct server server; /* by key: its number of users counts */
        err = server_get(work, servers[i].id, &server);
        if (err == GB_OK) {
            err = state_get(work, server.id, &state);
        }
        if (err == GB_OK) {
            check_silence(work, &state);
            check_room(work, &server, &state);
            check_rent(work, &state);
            ask(work, &state);
            record_put(work, &state_record, state.id, &state);
            (*ret_checked)++;
        }
    }
    return err;
}

/* ---- what it said -------------------------------------------------------------------------------
 */

static void check_load(struct work *work, const struct panel_status *said,
                       struct server_state *state) {
    const struct {
        const char *name;
        int64_t percent;
    } loads[] = {
        {"CPU", said->cpu_percent}, {"RAM", said->memory_percent}, {"disk", said->disk_percent}};
    size_t worst = 0;
    for (size_t i = 1; i < GB_COUNT(loads); i++) {
        worst = loads[i].percent > loads[worst].percent ? i : worst;
    }
    state->loaded = loads[worst].percent >= LOADED ? state->loaded + 1 : 0;
    if (state->loaded >= LOADED_TIMES && !state->load_told) {
        state->load_told = true;
        tell(
            work, NOTICE_SERVER_LOAD, state->id,
            arena_printf(work->arena, "%s %" PRId64 "%%", loads[worst].name, loads[worst].percent));
    } else if (loads[worst].percent < WELL_AGAIN) {
        state->load_told = false;
    }
}

enum gb_err server_answered_status(struct work *work, const struct event *event) {
    struct server_state state;
    struct panel_status said;
    if (event->answer->kind != ANSWER_DONE ||
        panel_status_said(work->arena, event->answer->said, &said) != GB_OK) {
        return GB_OK;
    }
    enum gb_err err = state_get(work, event->row->about, &state);
    if (err != GB_OK) {
        return err;
    }
    if (state.down_told) {
        int64_t since_ms = state.answered_ms != 0 ? state.answered_ms : state.asked_ms;
        state.down_told = false;
        tell(work, NOTICE_SERVER_UP, state.id, number(work, work->now_ms - since_ms));
    }
    state.asked_ms = 0;
    state.answered_ms = work->now_ms;
    check_load(work, &said, &state);
    record_put(work, &state_record, state.id, &state);
    return GB_OK;
}

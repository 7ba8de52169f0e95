#include "engine/turn.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/control.h"
#include "engine/lanes.h"
#include "engine/metrics.h"
#include "io/world.h"
#include "state/tables.h"
#include "store/backend.h"
#include "telegram/update.h"

#define NOTICES_PER_TURN 256
#define NO_ID_WAIT_MS    GB_SECOND_MS

struct pending *pending_notice(struct arena *arena, const struct notice *from) {
    struct notice *notice = ARENA_NEW(arena, struct notice);
    *notice = *from;
    notice->about = arena_copy(arena, from->about);
    notice->extra = arena_copy(arena, from->extra);
    struct pending *pending = ARENA_NEW(arena, struct pending);
    pending->event = (struct event){
        .kind = EVENT_NOTICE,
        .id = arena_printf(arena, "n:%016" PRIx64, notice->order),
        .notice = notice,
    };
    return pending;
}

static void gather(struct gathered *list, struct pending *pending) {
    *list->end = pending;
    list->end = &pending->next;
}

static void gather_some(struct gathered *list, struct pending *pending) {
    if (pending != NULL) {
        gather(list, pending);
    }
}

static void gather_update(struct engine *engine, struct gathered *list, struct update *update,
                          const struct json *json) {
    struct pending *pending = ARENA_NEW(engine->turn, struct pending);
    pending->event = (struct event){
        .kind = EVENT_UPDATE,
        .id = arena_printf(engine->turn, "u:%" PRId64, update->update_id),
        .update = update,
    };
    pending->bytes = json;
    gather(list, pending);
}

static void gather_request(struct engine *engine, struct gathered *list, const struct sign *sign,
                           int64_t now_ms) {
    struct update *update = ARENA_NEW(engine->turn, struct update);
    const struct json *json;
    if (hook_take(&engine->hook, sign, engine->turn, now_ms, update, &json)) {
        gather_update(engine, list, update, json);
    }
}

static void gather_updates(struct engine *engine, struct gathered *list, const struct json *updates,
                           int64_t now_ms) {
    int64_t next = engine->intake.offset_seen, unreadable = 0;
    const char *unreadable_why = "";
    size_t left = INTAKE_UPDATES_MAX; /* what nobody asked for comes again, or was nothing */
    for (const struct json *json = json_first(updates); json != NULL && left > 0;
         json = json_next(json), left--) {
        struct update *update = ARENA_NEW(engine->turn, struct update);
        const char *why = "";
        if (update_read(engine->turn, json, update, &why) != GB_OK) {
            unreadable++;
            unreadable_why = why;
            continue;
        }
        next = update->update_id + 1; /* in the server's order; after an idle week maybe lower */
        if (update->kind == UPDATE_UNKNOWN) {
            LOG_WARN("update_passed_over", LOG_INT("update", update->update_id));
            continue;
        }
        gather_update(engine, list, update, json);
    }
    if (unreadable > 0) { /* as many as it likes, in one line */
        LOG_WARN("update_unreadable", LOG_INT("count", unreadable),
                 LOG_TEXT("why", unreadable_why));
    }
    if (next == engine->intake.offset_seen) {
        /* Not one update_id in a full answer: nothing can be confirmed, so do not hurry back. */
        engine->intake.again_ms = now_ms + NO_ID_WAIT_MS;
    }
    engine->intake.offset_seen = next;
}

static void delete_webhook(struct engine *engine, int64_t now_ms) {
    struct outbox_row row = {
        .lane = STR("telegram"),
        .kind = STR("deleteWebhook"),
        .body = STR("{}"),
        .created_ms = now_ms,
    };
    lanes_add(engine->lanes, &row, true, now_ms);
}

static void gather_answer(struct engine *engine, struct gathered *list,
                          const struct lane_answer *from) {
    struct answer *answer = ARENA_NEW(engine->turn, struct answer);
    *answer = from->answer;
    struct pending *pending = ARENA_NEW(engine->turn, struct pending);
    pending->event = (struct event){
        .kind = EVENT_ANSWER,
        .id = arena_printf(engine->turn, "a:" STR_FMT "/%016" PRIx64, STR_ARG(from->row->lane),
                           from->row->order),
        .row = from->row,
        .noise = from->noise,
        .answer = answer,
    };
    pending->handle = from->handle;
    gather(list, pending);
}

/* The token is no good: nothing that is done here would reach anybody. */
static void stop_at_once(struct engine *engine) {
    engine->exit_status = 1;
    engine->phase = STOPPED;
}

static void gather_reply(struct engine *engine, struct gathered *list, const struct sign *sign,
                         int64_t now_ms) {
    const struct json *updates = NULL;
    bool webhook = false;
    switch (intake_reply(&engine->intake, sign->ticket, sign->reply, engine->turn, now_ms, &updates,
                         &webhook)) {
    case INTAKE_UPDATES:
        gather_updates(engine, list, updates, now_ms);
        return;
    case INTAKE_FATAL:
        stop_at_once(engine);
        return;
    case INTAKE_NOTHING:
        if (webhook) {
            delete_webhook(engine, now_ms);
        }
        return;
    case INTAKE_NOT_OURS:
        break;
    }
    switch (hook_reply(&engine->hook, sign->ticket, sign->reply, engine->turn, now_ms)) {
    case HOOK_FATAL:
        stop_at_once(engine);
        return;
    case HOOK_NOTHING:
        return;
    case HOOK_NOT_OURS:
        break;
    }
    struct lane_answer answer;
    if (lanes_reply(engine->lanes, sign->ticket, sign->reply, engine->turn, now_ms, &answer)) {
        gather_answer(engine, list, &answer);
    }
}

static void gather_child(struct engine *engine, struct gathered *list, const struct sign *sign,
                         int64_t now_ms) {
    struct lane_answer answer;
    if (lanes_child(engine->lanes, sign->ticket, sign->child, engine->turn, now_ms, &answer)) {
        gather_answer(engine, list, &answer);
    }
}

/* What an earlier turn could not store goes before what is new. */
static void gather_kept(struct engine *engine, struct gathered *list) {
    while (engine->kept != NULL) {
        struct pending *pending = engine->kept;
        engine->kept = pending->next;
        pending->next = NULL;
        gather(list, pending);
    }
}

static void gather_leaving(struct engine *engine, struct gathered *list) {
    const struct outbox_row *row;
    bool was_sending;
    for (struct lane_row *handle = lanes_unmarked(engine->lanes, &row, &was_sending);
         handle != NULL; handle = lanes_unmarked(engine->lanes, &row, &was_sending)) {
        struct pending *pending = ARENA_NEW(engine->turn, struct pending);
        pending->event = (struct event){
            .kind = EVENT_LEAVING,
            .id = arena_printf(engine->turn, "l:" STR_FMT "/%016" PRIx64, STR_ARG(row->lane),
                               row->order),
            .row = row,
        };
        pending->handle = handle;
        gather(list, pending);
    }
}

struct leftovers {
    struct engine *engine;
    struct gathered *list;
    size_t count;
};

static bool leftover_notice(void *ctx, struct str key, struct str value) {
    struct leftovers *leftovers = ctx;
    struct notice notice;
    if (notice_read(leftovers->engine->turn, key, value, &notice) != GB_OK) {
        LOG_ERROR("notice_damaged", LOG_STR("key", key));
        return true;
    }
    gather(leftovers->list, pending_notice(leftovers->engine->turn, &notice));
    leftovers->count++;
    return true;
}

/* Notices are told in the turn that made them; a crash in between leaves them for the next start.
 */
static void gather_leftovers(struct engine *engine, struct gathered *list, int64_t now_ms) {
    struct leftovers leftovers = {engine, list, 0};
    struct tx *tx = tx_begin(engine->backend, engine->turn, now_ms);
    enum gb_err err = tx_scan(tx, TABLE_NOTICES, STR("0"), STR_NONE, NOTICES_PER_TURN,
                              leftover_notice, &leftovers);
    engine->leftovers = err != GB_OK || leftovers.count == NOTICES_PER_TURN;
}

void turn_gather(struct engine *engine, const struct sign *signs, size_t count, int64_t now_ms,
                 struct gathered *list) {
    if (now_ms >= engine->store_wait_ms || engine->phase != RUNNING) {
        gather_kept(engine, list);
    }
    for (size_t i = 0; i < count; i++) {
        if (signs[i].kind == SIGN_REPLY) {
            gather_reply(engine, list, &signs[i], now_ms);
        } else if (signs[i].kind == SIGN_CHILD) {
            gather_child(engine, list, &signs[i], now_ms);
        } else if (signs[i].kind == SIGN_REQUEST && signs[i].door == HOOK_DOOR) {
            gather_request(engine, list, &signs[i], now_ms);
        } else if (signs[i].kind == SIGN_REQUEST && signs[i].door == CONTROL_DOOR) {
            gather_some(list, control_take(engine, &signs[i], now_ms));
        } else if (signs[i].kind == SIGN_REQUEST) {
            metrics_answer(engine, &signs[i], now_ms);
        }
    }
    if (engine->leftovers && now_ms >= engine->store_wait_ms) {
        gather_leftovers(engine, list, now_ms);
    }
    struct lane_answer unfit;
    while (lanes_unfit(engine->lanes, &unfit)) {
        gather_answer(engine, list, &unfit);
    }
    if (engine->phase == RUNNING) {
        gather_leaving(engine, list);
    }
    if (engine->phase == RUNNING && engine->duty.held && now_ms >= engine->store_wait_ms) {
        gather_some(list, timers_look(&engine->timers, engine->turn, now_ms));
        gather_some(list, timers_step(&engine->timers, engine->turn));
    }
}

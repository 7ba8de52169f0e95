#include "engine/handlers.h"

#include "base/arena.h"
#include "base/http.h"
#include "bot/bot.h"
#include "jobs/shop_jobs.h"
#include "shop/backups.h"
#include "shop/payments.h"
#include "shop/renewals.h"
#include "shop/servers.h"
#include "shop/subscriptions.h"
#include "shop/sync.h"
#include "state/jobs.h"
#include "state/jobs_say.h"
#include "state/notices.h"
#include "state/seen.h"
#include "state/work.h"
#include "telegram/update.h"

#define ROW_WAIT_MS_MIN GB_SECOND_MS
#define ROW_WAIT_MS_MAX (10 * GB_MINUTE_MS)

/* Who gets the answer of a row, by the row's `then`. */
static const struct {
    const char *then;
    handler_fn *handle;
} answer_table[] = {
    {"bot.sent", bot_sent},
    {"local.backup", backup_answered},
    {"pay.create", payment_answered_create},
    {"pay.status", payment_answered_status},
    {"panel.ensure", subscription_answered_ensure},
    {"panel.renew", subscription_answered_renew},
    {"panel.read", subscription_answered_read},
    {"panel.list", sync_answered_list},
    {"panel.status", server_answered_status},
};

/* Refusals that are news, not faults: their handler knows what to do. */
static const char *const expected_refusals[] = {"chat_gone", "send_anew", "old_query", "not_made"};

static bool is_expected(const char *reason) {
    for (size_t i = 0; i < GB_COUNT(expected_refusals); i++) {
        if (strcmp(reason, expected_refusals[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A screen that nobody waits for any more is no loss; anything else the owner should see. */
static enum fate too_late(const struct outbox_row *row) {
    return row->again == OUTBOX_RATHER_TWICE ? FATE_END : FATE_BURY;
}

enum fate answer_fate(const struct outbox_row *row, const struct answer *answer, bool noise,
                      int64_t now_ms, int64_t *ret_wait_ms) {
    if (answer->kind == ANSWER_DONE || noise) {
        return FATE_END;
    }
    if (answer->kind == ANSWER_REFUSED) {
        bool gave_up = strcmp(answer->reason, "gave_up") == 0;
        return gave_up ? too_late(row) : is_expected(answer->reason) ? FATE_END : FATE_BURY;
    }
    if (row->again == OUTBOX_RATHER_NEVER && answer->kind == ANSWER_UNKNOWN) {
        return FATE_BURY;
    }
    if (row->give_up_ms != 0 && now_ms >= row->give_up_ms) {
        return too_late(row);
    }
    /* Trouble of the whole lane is waited out by the lane, and then this row goes first. */
    bool lane_waits = answer->kind == ANSWER_UNKNOWN || answer->lane_wide;
    int64_t doublings = GB_MIN(row->attempts, INT64_C(10));
    int64_t own_ms = GB_MIN(ROW_WAIT_MS_MIN << doublings, ROW_WAIT_MS_MAX);
    *ret_wait_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : lane_waits ? 0 : own_ms;
    return FATE_AGAIN;
}

static enum gb_err call_handler(struct work *work, const struct event *event) {
    for (size_t i = 0; i < GB_COUNT(answer_table); i++) {
        if (str_is(event->row->then, answer_table[i].then)) {
            return answer_table[i].handle(work, event);
        }
    }
    return GB_OK; /* nobody asked, or a row of another version */
}

static enum gb_err handle_answer(struct work *work, const struct event *event) {
    const struct outbox_row *row = event->row;
    enum gb_err there = event->noise ? GB_OK : outbox_look(work, row);
    if (there != GB_OK) {
        return there == GB_NOT_FOUND ? GB_OK : there; /* answered before */
    }
    int64_t wait_ms = 0;
    enum fate fate = answer_fate(row, event->answer, event->noise, work->now_ms, &wait_ms);
    if (fate == FATE_AGAIN) {
        outbox_again(work, row);
        return GB_OK;
    }
    if (!event->noise) {
        if (fate == FATE_BURY) {
            struct str why =
                event->answer->why.n > 0 ? event->answer->why : str_of(event->answer->reason);
            outbox_bury(work, row, why);
        } else {
            outbox_end(work, row);
        }
    }
    bool settled = event->answer->kind == ANSWER_DONE || event->answer->kind == ANSWER_REFUSED;
    if (settled) {
        return event->noise && event->answer->kind == ANSWER_REFUSED ? GB_OK
                                                                     : call_handler(work, event);
    }
    if (event->noise) {
        return GB_OK;
    }
    struct answer given_up = *event->answer;
    given_up.kind = ANSWER_REFUSED;
    given_up.reason = "gave_up";
    struct event last = *event;
    last.answer = &given_up;
    return call_handler(work, &last);
}

static enum gb_err handle_update(struct work *work, const struct event *event) {
    enum gb_err err = seen_mark(work, event->update->update_id);
    if (err == GB_EXISTS) {
        return GB_OK;
    }
    return err != GB_OK ? err : bot_update(work, event);
}

static enum gb_err handle_notice(struct work *work, const struct event *event) {
    enum gb_err err = notice_look(work, event->notice);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_OK : err; /* told before */
    }
    notice_end(work, event->notice);
    return bot_notice(work, event);
}

/* A rather_never row on its way out, or found half-way by a new start. */
static enum gb_err handle_leaving(struct work *work, const struct event *event) {
    enum gb_err there = outbox_look(work, event->row);
    if (there != GB_OK) {
        return there == GB_NOT_FOUND ? GB_OK : there;
    }
    if (event->row->state == OUTBOX_SENDING) {
        outbox_bury(work, event->row, STR("it may have been sent before a crash"));
    } else {
        outbox_sending(work, event->row);
    }
    return GB_OK;
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

/* Runs whose owner is gone go before new ones; what an index says is due is asked for first. */
static enum gb_err handle_jobs(struct work *work, const struct event *event) {
    struct job_claim claim = *event->claim;
    struct job_news *news = ARENA_NEW(work->arena, struct job_news);
    struct jobs_taken reaped, claimed = {.count = 0};
    int64_t index_ms, due_ms = INT64_MAX;
    enum gb_err err = jobs_reap(work, &claim, &reaped);
    if (err == GB_OK) {
        err = shop_jobs_wake(work, &index_ms);
    }
    claim.limit -= err == GB_OK ? reaped.count : 0;
    if (err == GB_OK && claim.limit > 0) {
        err = jobs_claim(work, &claim, &claimed);
    }
    if (err == GB_OK) {
        err = jobs_next_due(work, &due_ms);
        err = err == GB_NOT_FOUND ? GB_OK : err;
    }
    if (err != GB_OK) {
        return err;
    }
    news->begun_count = reaped.count + claimed.count;
    news->begun = ARENA_ARRAY(work->arena, struct job_run, news->begun_count + 1);
    for (size_t i = 0; i < news->begun_count; i++) {
        news->begun[i] = i < reaped.count ? reaped.runs[i] : claimed.runs[i - reaped.count];
    }
    struct job_event **end = &news->events;
    *end = reaped.events;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = claimed.events;
    news->next_ms = GB_MIN(due_ms, index_ms);
    work->jobs = news;
    return GB_OK;
}

/* GB_REFUSED: the run is not ours any more, and nothing of this counts. */
static enum gb_err handle_run(struct work *work, const struct event *event) {
    struct job_run run;
    struct job_step step;
    enum gb_err err = job_run_get(work, event->job, event->run, &run);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_REFUSED : err;
    }
    if (run.state != JOB_RUN_RUNNING || !str_equal(run.owner, event->claim->owner)) {
        return GB_REFUSED;
    }
    struct job_news *news = ARENA_NEW(work->arena, struct job_news);
    err = shop_job_step(work, &run, &step);
    if (err == GB_OK && step.more) {
        err = job_progress(work, &run, step.cursor, step.items, event->claim->lease_ms);
    } else if (err == GB_OK) {
        struct job_result result = {.failed = step.failed, .items = step.items, .why = step.why};
        news->is_over = true;
        err = job_finished(work, &run, &result, &news->events);
    }
    work->jobs = news;
    return err;
}

static enum gb_err handle_command(struct work *work, const struct event *event) {
    struct jobs_answer *answer = ARENA_NEW(work->arena, struct jobs_answer);
    work->answer = answer;
    return jobs_carry_out(work, event->command, answer);
}

enum gb_err handle_event(struct work *work, const struct event *event) {
    switch (event->kind) {
    case EVENT_UPDATE:
        return handle_update(work, event);
    case EVENT_ANSWER:
        return handle_answer(work, event);
    case EVENT_NOTICE:
        return handle_notice(work, event);
    case EVENT_LEAVING:
        return handle_leaving(work, event);
    case EVENT_JOBS:
        return handle_jobs(work, event);
    case EVENT_RUN:
        return handle_run(work, event);
    case EVENT_COMMAND:
        return handle_command(work, event);
    }
    return GB_OK;
}

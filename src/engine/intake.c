#include "engine/intake.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "io/world.h"

#define TICKET_POLL    (UINT64_C(1) << 63) /* lanes' tickets never have this bit */
#define CAREFUL_POLLS  INTAKE_UPDATES_MAX
#define UNREADABLE_MAX 3
#define WAIT_MS_MIN    GB_SECOND_MS
#define WAIT_MS_MAX    (30 * GB_SECOND_MS)
#define CONFLICT_MS    (5 * GB_SECOND_MS)
#define STORE_WAIT_MS  GB_SECOND_MS

static void send_poll(struct intake *intake, int limit, int64_t poll_ms, struct arena *arena) {
    struct http_request request = {0};
    struct arena_mark mark = arena_mark(arena);
    enum gb_err err =
        poll_build(&intake->endpoint, intake->offset, limit, poll_ms, arena, &request);
    gb_assert(err == GB_OK);
    intake->ticket = (intake->ticket + 1) | TICKET_POLL;
    err = intake->world->ops->send(intake->world, &request, STR("poll"), intake->ticket);
    intake->polling = err == GB_OK;
    intake->asked_offset = intake->offset;
    arena_reset(arena, mark);
}

void intake_poll(struct intake *intake, struct arena *arena, int64_t now_ms) {
    if (intake->polling || intake->closing || intake->pushed || now_ms < intake->again_ms) {
        return;
    }
    /* While Telegram is away a short poll finds out sooner that it is back. */
    send_poll(intake, intake->careful > 0 ? 1 : INTAKE_UPDATES_MAX,
              intake->failures > 0 ? 0 : intake->poll_ms, arena);
    intake->asked_ms = now_ms;
    if (!intake->polling) {
        intake->again_ms = now_ms + WAIT_MS_MIN;
    }
}

int64_t intake_next_ms(const struct intake *intake) {
    return intake->polling || intake->closing || intake->pushed ? INT64_MAX : intake->again_ms;
}

static void back_off(struct intake *intake, int64_t now_ms, int64_t least_ms) {
    unsigned doublings = GB_MIN(intake->failures, 5U);
    int64_t wait_ms = GB_MAX(least_ms, GB_MIN(WAIT_MS_MIN << doublings, WAIT_MS_MAX));
    intake->failures++;
    intake->again_ms = now_ms + wait_ms;
}

/* A server that never waits (or was told not to) must not be asked as fast as it answers. Once is
 * no habit: the first poll after trouble asks for a quick answer. */
static void nothing_new(struct intake *intake, int64_t now_ms) {
    bool quick = now_ms - intake->asked_ms < WAIT_MS_MIN;
    intake->hasty = quick ? intake->hasty + 1 : 0;
    if (intake->hasty > 1) {
        intake->again_ms = now_ms + WAIT_MS_MIN;
    }
}

static enum intake_news refused(struct intake *intake, const struct poll_answer *answer,
                                int64_t now_ms, bool *ret_webhook) {
    if (strcmp(answer->reason, "fatal") == 0) {
        LOG_ERROR("telegram_refuses_token", LOG_STR("why", answer->why));
        return INTAKE_FATAL;
    }
    if (strcmp(answer->reason, "conflict") == 0) {
        *ret_webhook = str_find_str(answer->why, STR("webhook")) < answer->why.n;
        LOG_ERROR(*ret_webhook ? "webhook_is_in_the_way" : "another_instance_polls",
                  LOG_STR("why", answer->why), LOG_INT("wait_ms", CONFLICT_MS));
        back_off(intake, now_ms, CONFLICT_MS);
        return INTAKE_NOTHING;
    }
    LOG_WARN("poll_refused", LOG_STR("why", answer->why));
    back_off(intake, now_ms, CONFLICT_MS);
    return INTAKE_NOTHING;
}

/* One update that is no JSON must not hold back the others: first they are asked for one by one;
 * then the one that it is, when it was unreadable several times over, is passed over. */
static bool pass_over(struct intake *intake, const struct poll_answer *answer) {
    if (intake->careful == 0) {
        intake->careful = CAREFUL_POLLS;
        intake->unreadable = 0;
        return true;
    }
    if (++intake->unreadable < UNREADABLE_MAX || answer->first_id < 0) {
        return false; /* what garbled the answer may be over soon */
    }
    LOG_ERROR("update_unreadable", LOG_INT("update", answer->first_id),
              LOG_STR("why", answer->why));
    intake->unreadable = 0;
    intake->offset = answer->first_id + 1;
    intake->offset_seen = intake->offset;
    return true;
}

enum intake_news intake_reply(struct intake *intake, uint64_t ticket,
                              const struct http_reply *reply, struct arena *arena, int64_t now_ms,
                              const struct json **ret_updates, bool *ret_webhook) {
    if ((ticket & TICKET_POLL) == 0) {
        return INTAKE_NOT_OURS;
    }
    if (ticket != intake->ticket) {
        return INTAKE_NOTHING;
    }
    intake->polling = false;
    if (intake->closing) {
        return INTAKE_NOTHING; /* what it holds was not confirmed and comes again */
    }
    struct poll_answer answer = {.reason = ""};
    poll_read(reply, arena, &answer);
    switch (answer.kind) {
    case ANSWER_DONE:
        if (intake->failures > 0) {
            LOG_INFO("telegram_is_back", LOG_INT("failures", intake->failures));
        }
        intake->failures = 0;
        intake->again_ms = 0;
        intake->careful -= intake->careful > 0;
        intake->unreadable = 0;
        *ret_updates = answer.updates;
        if (json_first(answer.updates) != NULL) {
            intake->hasty = 0;
            return INTAKE_UPDATES;
        }
        nothing_new(intake, now_ms);
        return INTAKE_NOTHING;
    case ANSWER_REFUSED:
        return refused(intake, &answer, now_ms, ret_webhook);
    case ANSWER_LATER:
    case ANSWER_UNKNOWN:
    case ANSWER_MORE:
        break;
    }
    if (strcmp(answer.reason, "unreadable") == 0 && pass_over(intake, &answer)) {
        intake->again_ms = 0;
        return INTAKE_NOTHING;
    }
    back_off(intake, now_ms, answer.retry_after_ms);
    LOG_WARN("telegram_away", LOG_STR("why", answer.why),
             LOG_INT("wait_ms", intake->again_ms - now_ms));
    return INTAKE_NOTHING;
}

void intake_settle(struct intake *intake, bool committed, int64_t now_ms) {
    if (!committed) {
        intake->offset_seen = intake->offset;
        intake->again_ms = GB_MAX(intake->again_ms, now_ms + STORE_WAIT_MS);
        return;
    }
    intake->offset = intake->offset_seen;
}

void intake_rest(struct intake *intake) {
    if (intake->polling) {
        intake->world->ops->cancel(intake->world, intake->ticket);
        intake->polling = false;
        intake->ticket++;
    }
    intake->offset = 0; /* Telegram knows what was confirmed, by whoever it was */
    intake->offset_seen = 0;
}

void intake_stop(struct intake *intake) {
    intake->closing = true;
    if (intake->polling) {
        intake->world->ops->cancel(intake->world, intake->ticket);
    }
}

/* The poll that was ended has confirmed what was done with before it. */
void intake_confirm(struct intake *intake, struct arena *arena) {
    if (intake->offset > 0 && intake->offset != intake->asked_offset) {
        send_poll(intake, 1, 0, arena);
    }
}

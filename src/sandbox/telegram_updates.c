/* telegram_updates.c: the queue of updates, and getUpdates over it.
 *
 * Confirming is asking for a higher offset; what is not confirmed is handed out again. One poll may
 * wait; another getUpdates ends it with 409, as a second bot on the same token would see it.
 */
#include "base/arena.h"
#include "base/json.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

#define ANSWER_BYTES_MAX  ((size_t)4 * 1024 * 1024)
#define POLL_SECONDS_MAX  50
#define HAMMER_MS         3000 /* same offset again within: the poll waits for three seconds */
#define HURRY_MS          500  /* ... and within this: one update at a time */
#define CONFLICT_PAUSE_MS 3000
#define OFFSET_AHEAD_MAX  10
#define OFFSET_BEHIND_MAX 100000

static const char OTHER_POLL[] =
    "terminated by other getUpdates request; make sure that only one bot "
    "instance is running";
static const char WEBHOOK_IS_SET[] =
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook "
    "first";

static void remove_head(struct telegram_model *model) {
    struct tg_update *update = model->head;
    model->head = update->next;
    if (model->head == NULL) {
        model->tail = NULL;
    }
    model->update_count--;
    keep_drop(&update->text);
    keep_free(update);
}

void tg_updates_free(struct telegram_model *model) {
    while (model->head != NULL) {
        remove_head(model);
    }
}

static void append(struct telegram_model *model, struct str text, uint64_t source,
                   int64_t expires_ms) {
    struct tg_update *update = keep_new(sizeof *update);
    update->source = source;
    update->id = model->next_update_id++;
    update->text = keep_text(text);
    update->expires_ms = expires_ms;
    if (model->tail != NULL) {
        model->tail->next = update;
    } else {
        model->head = update;
    }
    model->tail = update;
    model->update_count++;
}

static bool is_full(struct telegram_model *model, size_t bytes) {
    if (model->update_count < TG_UPDATES_MAX && bytes <= TG_UPDATE_BYTES_MAX) {
        return false;
    }
    model->dropped++;
    return true;
}

int64_t tg_push(struct telegram_model *model, const struct moment *now, struct arena *arena,
                const struct tg_user *user, const char *kind, struct str body, int64_t lives_ms) {
    int number = api_update_kind(str_of(kind));
    gb_assert(number >= 0);
    if ((model->allowed >> number & 1) == 0 || is_full(model, body.n)) {
        return 0;
    }
    struct str text = arena_printf(arena, "{\"update_id\":%" PRId64 ",\n\"%s\":" STR_FMT "}",
                                   model->next_update_id, kind, STR_ARG(body));
    append(model, text, (uint64_t)number << 53 ^ (uint64_t)user->id, now->wall_ms + lives_ms);
    return model->tail->id;
}

enum gb_err telegram_raw_update(struct telegram_model *model, const struct moment *now,
                                struct arena *arena, struct str json, int64_t *ret_update_id) {
    struct str bare = str_trim(json);
    if (!str_starts(bare, STR("{")) || !str_ends(bare, STR("}"))) {
        return GB_INVALID;
    }
    struct str members = str_trim(str_sub(bare, 1, bare.n - 1));
    if (is_full(model, bare.n)) {
        *ret_update_id = 0;
        return GB_OK;
    }
    bool empty = str_is(members, "}");
    struct buf buf;
    buf_init(&buf, arena, bare.n + 64);
    buf_printf(&buf, "{\"update_id\":%" PRId64 "%s", model->next_update_id, empty ? "" : ",\n");
    buf_add(&buf, members);
    append(model, buf_str(&buf), 0, now->wall_ms + GB_DAY_MS);
    *ret_update_id = model->tail->id;
    return GB_OK;
}

bool telegram_update_waits(const struct telegram_model *model, int64_t update_id) {
    return tg_update_find(model, update_id) != NULL;
}

/* In order of their ids. */
struct tg_update *tg_update_find(const struct telegram_model *model, int64_t id) {
    struct tg_update *update = model->head;
    while (update != NULL && update->id < id) {
        update = update->next;
    }
    return update != NULL && update->id == id ? update : NULL;
}

void tg_update_confirm(struct telegram_model *model, const struct tg_update *update) {
    struct tg_update **place = &model->head, *before = NULL;
    while (*place != update) {
        before = *place;
        place = &before->next;
    }
    struct tg_update *done = *place;
    *place = done->next;
    if (model->tail == done) {
        model->tail = before;
    }
    model->update_count--;
    model->confirmed++;
    keep_drop(&done->text);
    keep_free(done);
}

/* Expired ones are not always the oldest, but those in front of them soon are. */
static void expire(struct telegram_model *model, int64_t wall_ms) {
    struct tg_update **place = &model->head;
    struct tg_update *last = NULL;
    while (*place != NULL) {
        struct tg_update *update = *place;
        if (update->expires_ms > wall_ms) {
            last = update;
            place = &update->next;
            continue;
        }
        *place = update->next;
        model->update_count--;
        model->expired++;
        keep_drop(&update->text);
        keep_free(update);
    }
    model->tail = last;
}

static void confirm(struct telegram_model *model, int64_t offset) {
    while (model->head != NULL && model->head->id < offset) {
        remove_head(model);
        model->confirmed++;
    }
}

static void use_offset(struct telegram_model *model, int64_t offset) {
    if (model->head == NULL || offset == 0) {
        return;
    }
    if (offset < 0) {
        size_t keep = (size_t)GB_MIN(-offset, (int64_t)TG_UPDATES_MAX);
        while (model->update_count > keep) {
            remove_head(model);
        }
        return;
    }
    bool ahead = offset > model->next_update_id - 1 + OFFSET_AHEAD_MAX;
    bool behind = offset < model->head->id - OFFSET_BEHIND_MAX;
    if (!ahead && !behind) {
        confirm(model, offset);
    }
}

/* The array of what there is from the head on. */
static struct str collect(const struct telegram_model *model, struct arena *arena, int64_t limit) {
    struct buf buf;
    buf_init(&buf, arena, ANSWER_BYTES_MAX + TG_UPDATE_BYTES_MAX + 4096);
    buf_add_text(&buf, "[");
    const struct tg_update *update = model->head;
    for (int64_t i = 0; i < limit && update != NULL && buf.n < ANSWER_BYTES_MAX; i++) {
        buf_add_text(&buf, i > 0 ? "," : "");
        buf_add(&buf, update->text);
        update = update->next;
    }
    buf_add_text(&buf, "]");
    return buf_str(&buf);
}

void tg_remember_allowed(struct tg_call *call) {
    struct telegram_model *model = call->model;
    const struct json *names;
    struct str text = form_text(&call->form, "allowed_updates");
    if (text.n == 0 || json_parse(call->arena, text, &names, NULL) != GB_OK ||
        !json_is_array(names)) {
        return;
    }
    uint64_t allowed = 0;
    for (const struct json *n = json_first(names); n != NULL; n = json_next(n)) {
        int kind = api_update_kind(json_str_or(n, "", STR_NONE));
        allowed |= kind >= 0 ? UINT64_C(1) << kind : 0;
    }
    model->allowed = allowed != 0 ? allowed : api_update_default();
}

/* The waiting poll is told off: at once, or after a pause when that happens often. */
void tg_end_poll(struct tg_call *call, const char *why) {
    struct telegram_model *model = call->model;
    if (!model->poll.waits) {
        return;
    }
    struct http_response conflict;
    response_json(&conflict, 409, tg_refusal_body(call->arena, 409, str_of(why)));
    bool again = call->now.mono_ms - model->last_conflict_ms < CONFLICT_PAUSE_MS;
    holds_add(&model->holds, model->poll.ticket,
              call->now.mono_ms + (again ? CONFLICT_PAUSE_MS : 0), &conflict);
    model->last_conflict_ms = call->now.mono_ms;
    model->poll.waits = false;
}

enum model_verdict tg_get_updates(struct tg_call *call) {
    struct telegram_model *model = call->model;
    int64_t now_ms = call->now.mono_ms;
    bool limited = form_find(&call->form, "limit") != NULL;
    int64_t offset = form_i64(&call->form, "offset");
    int64_t limit = limited ? form_i64(&call->form, "limit") : 100;
    int64_t seconds = form_i64(&call->form, "timeout");
    limit = GB_MAX(GB_MIN(limit, 100), 1);
    seconds = GB_MAX(GB_MIN(seconds, POLL_SECONDS_MAX), 0);
    if (model->webhook.url.n > 0) {
        tg_refuse(call, 409, WEBHOOK_IS_SET);
        return MODEL_ANSWERS;
    }
    tg_remember_allowed(call);
    tg_end_poll(call, OTHER_POLL);
    if (offset == model->last_offset && now_ms - model->last_poll_ms < HAMMER_MS && seconds < 3) {
        seconds = 3;
    }
    if (offset == model->last_offset && now_ms - model->last_poll_ms < HURRY_MS) {
        limit = 1;
    }
    model->last_offset = offset;
    model->last_poll_ms = now_ms;
    expire(model, call->now.wall_ms);
    use_offset(model, offset);
    if (model->head != NULL || seconds == 0) {
        tg_result(call, collect(model, call->arena, limit));
        return MODEL_ANSWERS;
    }
    model->poll =
        (struct tg_poll){true,  call->fault.what == FAULT_LOSE_ANSWER, call->visit->ticket, offset,
                         limit, now_ms + seconds * GB_SECOND_MS};
    return MODEL_HOLDS;
}

bool telegram_next_answer(struct telegram_model *model, struct moment now, struct arena *arena,
                          uint64_t *ret_ticket, struct http_response *response) {
    if (holds_take(&model->holds, now.mono_ms, arena, ret_ticket, response)) {
        return true;
    }
    struct tg_poll *poll = &model->poll;
    if (!poll->waits && model->webhook.url.n == 0) {
        return false; /* nobody asks: what has expired is found out by who does */
    }
    expire(model, now.wall_ms);
    if (!poll->waits || (model->head == NULL && now.mono_ms < poll->deadline_ms)) {
        return false;
    }
    poll->waits = false;
    *ret_ticket = poll->ticket;
    response_json(response, 200, tg_ok_body(arena, collect(model, arena, poll->limit)));
    if (poll->drop) {
        *response = (struct http_response){.drop = true};
    }
    return true;
}

int64_t telegram_next_ms(const struct telegram_model *model) {
    int64_t next = GB_MIN(holds_next_ms(&model->holds), tg_webhook_next_ms(model));
    return model->poll.waits ? GB_MIN(next, model->poll.deadline_ms) : next;
}

void telegram_wake_poll(struct telegram_model *model) {
    model->poll.deadline_ms = INT64_MIN;
    model->webhook.knock = model->webhook.url.n > 0;
}

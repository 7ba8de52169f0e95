/* sent.c: what became of a message: mostly nothing is left to do.
 *
 * A chat that is gone makes its person unreachable; a message that could not be changed because it
 * is not there any more is sent as a new one. All else is the engine's: it logs and retries.
 */
#include "base/arena.h"
#include "base/json.h"
#include "bot/bot.h"
#include "shop/users.h"
#include "state/event.h"
#include "state/outbox.h"
#include "state/work.h"

#define BODY_BYTES_MAX (128 * 1024)

static enum gb_err send_anew(struct work *work, const struct outbox_row *row,
                             const struct json *body) {
    if (!str_is(row->kind, "editMessageText")) {
        return GB_OK;
    }
    struct buf fresh;
    struct json_out out;
    buf_init(&fresh, work->arena, BODY_BYTES_MAX);
    json_begin(&out, &fresh);
    json_open_object(&out, NULL);
    for (const struct json *member = json_first(body); member != NULL; member = json_next(member)) {
        if (!str_is(json_name(member), "message_id")) {
            json_put_raw(&out, arena_cstr(work->arena, json_name(member)),
                         json_text(work->arena, member));
        }
    }
    json_close(&out);
    gb_assert(!fresh.failed);
    struct outbox_row again = *row;
    again.kind = STR("sendMessage");
    again.body = buf_str(&fresh);
    again.due_ms = 0;
    outbox_add(work, &again);
    return GB_OK;
}

enum gb_err bot_sent(struct work *work, const struct event *event) {
    const struct answer *answer = event->answer;
    if (answer->kind != ANSWER_REFUSED) {
        return GB_OK;
    }
    const struct json *body;
    int64_t chat;
    if (json_parse(work->arena, event->row->body, &body, NULL) != GB_OK ||
        !json_i64(body, "chat_id", &chat)) {
        return GB_OK; /* not a message to a person */
    }
    if (strcmp(answer->reason, "chat_gone") == 0) {
        enum gb_err err = user_set_reachable(work, chat, false);
        return err == GB_NOT_FOUND ? GB_OK : err;
    }
    return strcmp(answer->reason, "send_anew") == 0 ? send_anew(work, event->row, body) : GB_OK;
}

#include "bot/post.h"

#include "base/arena.h"
#include "bot/screen.h"
#include "state/outbox.h"
#include "state/work.h"
#include "telegram/calls.h"

#define LANE            STR("telegram")
#define THEN            STR("bot.sent")
#define PRE_CHECKOUT_MS (9 * GB_SECOND_MS)

static struct str chat_queue(struct work *work, int64_t chat) {
    struct buf queue;
    buf_init(&queue, work->arena, 24);
    buf_add_i64(&queue, chat);
    return buf_str(&queue);
}

/* When it is of no use any more; 0: never. */
static int64_t give_up_ms(const struct work *work, enum post_worth worth) {
    static const int64_t after[] = {
        [POST_SCREEN] = 10 * GB_MINUTE_MS, [POST_NEWS] = 0, [POST_REMINDER] = 12 * GB_HOUR_MS};
    return after[worth] == 0 ? 0 : work->now_ms + after[worth];
}

static void add(struct work *work, int64_t chat, struct str method, struct str body,
                enum post_worth worth, int64_t until_ms) {
    outbox_add(work,
               &(struct outbox_row){
                   .lane = worth == POST_REMINDER ? STR("telegram.later") : LANE,
                   .kind = method,
                   .body = body,
                   .queue = chat_queue(work, chat),
                   .then = THEN,
                   .again = worth == POST_REMINDER ? OUTBOX_RATHER_NEVER : OUTBOX_RATHER_TWICE,
                   .give_up_ms = until_ms,
               });
}

void post_screen(struct work *work, int64_t chat, int64_t message_id, const struct screen *screen,
                 enum post_worth worth) {
    struct tg_message message = {
        .chat_id = chat,
        .message_id = message_id,
        .html = screen->html,
        .keyboard = screen_keyboard(screen),
        .silent = screen->silent,
    };
    int64_t until_ms = give_up_ms(work, worth);
    if (screen->until_ms != 0 && (until_ms == 0 || screen->until_ms < until_ms)) {
        until_ms = screen->until_ms;
    }
    if (screen->png.n > 0) {
        add(work, chat, STR("sendPhoto"), call_send_photo(work->arena, &message, screen->png),
            worth, until_ms);
    } else if (message_id != 0) {
        add(work, chat, STR("editMessageText"), call_edit_text(work->arena, &message), worth,
            until_ms);
    } else {
        add(work, chat, STR("sendMessage"), call_send_message(work->arena, &message), worth,
            until_ms);
    }
}

void post_document(struct work *work, int64_t chat, struct str html, struct str file_name) {
    struct tg_message message = {.chat_id = chat, .html = html};
    add(work, chat, STR("sendDocument"), call_send_document(work->arena, &message, file_name),
        POST_NEWS, give_up_ms(work, POST_NEWS));
}

void post_invoice(struct work *work, const struct tg_invoice *invoice) {
    add(work, invoice->chat_id, STR("sendInvoice"), call_send_invoice(work->arena, invoice),
        POST_SCREEN, give_up_ms(work, POST_SCREEN));
}

void post_answer(struct work *work, struct str query_id, struct str text) {
    outbox_noise(work, &(struct outbox_row){
                           .lane = LANE,
                           .kind = STR("answerCallbackQuery"),
                           .body = call_answer_callback(work->arena, query_id, text, false),
                       });
}

void post_pre_checkout(struct work *work, struct str query_id, struct str refusal) {
    outbox_add(work, &(struct outbox_row){
                         .lane = LANE,
                         .kind = STR("answerPreCheckoutQuery"),
                         .body = call_answer_pre_checkout(work->arena, query_id, refusal),
                         .again = OUTBOX_RATHER_TWICE,
                         .give_up_ms = work->now_ms + PRE_CHECKOUT_MS,
                     });
}

void post_commands(struct work *work, struct str language, const struct str (*commands)[2],
                   size_t count) {
    outbox_noise(work, &(struct outbox_row){
                           .lane = LANE,
                           .kind = STR("setMyCommands"),
                           .body = call_set_commands(work->arena, language, commands, count),
                       });
}

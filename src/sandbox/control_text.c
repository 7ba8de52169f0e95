/* control_text.c: the control interface for people with curl: text in, the chat as text out.
 *
 *   curl -d /start 127.0.0.1:8090/anna        curl -d 1 127.0.0.1:8090/anna/press
 *
 * A request waits until the shop has had its say: the update was confirmed and the chat was quiet
 * for a moment. Nobody waits longer than SHOP_MS_MAX, or PAGE_MS_MAX for a payment page, which the
 * shop only notices when it asks the provider.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/control_inside.h"

#define SHOP_MS_MAX 5000
#define PAGE_MS_MAX 15000
#define SHOWN_MAX   20 /* messages of a whole chat */
#define SHOP        "shop  "
#define INDENT      "      "

static const char HELP[] =
    "A shop and the world around it. Talk to it as Anna, or under any other name:\n"
    "\n"
    "  curl -d /start  %s/anna         say something; prints the answer\n"
    "  curl -d 1       %s/anna/press   press button 1 of the newest keyboard\n"
    "  curl -d Buy     %s/anna/press   press the button with this text\n"
    "  curl -X POST    %s/anna/pay     pay what was shown last\n"
    "  curl            %s/anna         the whole chat\n"
    "\n"
    "Scripts find the same and more below %s/api (docs/sandbox.md).\n";

/* ---- showing */

/* Every line but the first is moved in. */
static void put_lines(struct buf *buf, const char *who, struct str text) {
    struct str line;
    buf_add_text(buf, who);
    bool first = true;
    while (str_split(&text, '\n', &line)) {
        buf_add_text(buf, first ? "" : INDENT);
        buf_add(buf, line);
        buf_add_text(buf, "\n");
        first = false;
    }
}

static void put_keyboard(struct buf *buf, struct arena *arena, const struct tg_message *message,
                         bool numbered) {
    int64_t number = 0;
    const struct json *rows = control_keyboard(arena, message);
    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row)) {
        buf_add_text(buf, INDENT);
        for (const struct json *b = json_first(row); b != NULL; b = json_next(b)) {
            struct found_button button = {0};
            control_read_button(b, &button);
            if (numbered) {
                buf_printf(buf, "[%" PRId64 "] ", ++number);
            }
            buf_printf(buf, numbered ? STR_FMT : "[" STR_FMT "]", STR_ARG(button.text));
            if (button.url.n > 0) {
                buf_printf(buf, " (" STR_FMT ")", STR_ARG(button.url));
            }
            buf_add_text(buf, json_next(b) != NULL ? "   " : "\n");
        }
    }
}

static void put_service(struct buf *buf, struct arena *arena, const struct tg_message *message) {
    const struct json *said;
    if (json_parse(arena, message->service, &said, NULL) != GB_OK) {
        return;
    }
    bool refund = strcmp(message->service_key, "refunded_payment") == 0;
    buf_printf(buf, "  --  %s %" PRId64 " Stars\n", refund ? "got back" : "paid",
               json_i64_or(said, "total_amount", 0));
}

static void put_message(struct buf *buf, struct control *control, struct arena *arena,
                        const struct tg_user *user, const struct tg_message *message) {
    const char *who = message->from_bot ? SHOP : "you   ";
    if (message->kind == TG_SERVICE) {
        put_service(buf, arena, message);
        return;
    }
    if (message->kind == TG_INVOICE) {
        buf_printf(buf, SHOP "Invoice: " STR_FMT ", %" PRId64 " %s%s\n",
                   STR_ARG(message->invoice.title), message->invoice.amount,
                   str_is(message->invoice.currency, "XTR") ? "Stars" : "minor units",
                   message->invoice.paid ? " (paid)" : "");
        put_lines(buf, INDENT, message->invoice.description);
    } else if (message->kind == TG_PHOTO) {
        struct str name = user->name.n > 0 ? user->name : arena_printf(arena, "%" PRId64, user->id);
        buf_printf(buf,
                   SHOP "(picture: curl -o picture.png " STR_FMT "/api/user/" STR_FMT
                        "/photo/%" PRId64 ")\n",
                   STR_ARG(control->is.base_url), STR_ARG(name), message->id);
        if (message->text.n > 0) {
            put_lines(buf, INDENT, message->text);
        }
    } else if (message->kind == TG_DOCUMENT) {
        buf_printf(buf, SHOP "(file: " STR_FMT ", %" PRId64 " bytes)\n",
                   STR_ARG(message->document.name), message->document.size);
        put_lines(buf, INDENT, message->text);
    } else {
        put_lines(buf, who, message->text);
    }
    put_keyboard(buf, arena, message, message == control_newest_keyboard(user));
}

struct str control_chat_text(struct control *control, struct arena *arena,
                             const struct tg_user *user, int64_t since) {
    struct buf buf;
    buf_init(&buf, arena, 16 << 20);
    size_t from = since == 0 && user->count > SHOWN_MAX ? user->count - SHOWN_MAX : 0;
    for (size_t i = from; i < user->count; i++) {
        const struct tg_message *message = user->messages[i];
        bool own_news = since > 0 && !message->from_bot && message->kind != TG_SERVICE;
        if (!message->deleted && message->revision > since && !own_news) {
            put_message(&buf, control, arena, user, message);
        }
    }
    for (size_t i = 0; since > 0 && i < user->alert_count; i++) {
        if (user->alerts[i].revision > since) {
            put_lines(&buf, "  !!  ", user->alerts[i].text);
        }
    }
    if (buf.n == 0) {
        buf_add_text(&buf, since > 0 ? "(the shop has not answered)\n" : "(an empty chat)\n");
    }
    return buf_str(&buf);
}

/* ---- doing */

static enum model_verdict wait_for_shop(struct control_call *call, struct tg_user *user,
                                        int64_t since, int64_t changes, int64_t update_id,
                                        int64_t ms_max) {
    struct waiter *waiter = control_wait(call, WAIT_SHOP, user, ms_max);
    if (waiter == NULL) {
        return MODEL_ANSWERS;
    }
    waiter->as_text = true;
    waiter->since = since;
    waiter->changes = changes;
    waiter->update_id = update_id;
    return MODEL_HOLDS;
}

static enum model_verdict say(struct control_call *call, struct tg_user *user, struct str text) {
    int64_t update_id = 0;
    int64_t changes = user->bot_changes;
    if (text.n == 0) {
        control_text(call, 400, STR("say what? curl -d /start ...\n"));
        return MODEL_ANSWERS;
    }
    if (telegram_say(call->control->is.telegram, &call->visit->now, call->arena, user, text,
                     &update_id) != GB_OK) {
        control_text(call, 409, STR("this user has blocked the shop\n"));
        return MODEL_ANSWERS;
    }
    return wait_for_shop(call, user, user->revision, changes, update_id, SHOP_MS_MAX);
}

static enum model_verdict pay(struct control_call *call, struct tg_user *user) {
    struct payable what;
    int64_t query_id = 0;
    struct control_options *is = &call->control->is;
    if (!control_find_payable(call, user, 0, &what)) {
        control_text(call, 404, STR("there is nothing to pay\n"));
        return MODEL_ANSWERS;
    }
    if (what.invoice == NULL) {
        if (testpay_move(is->pay, what.payment, TESTPAY_PAID, -1) != GB_OK) {
            control_text(call, 409, STR("this is paid already\n"));
            return MODEL_ANSWERS;
        }
        return wait_for_shop(call, user, GB_MAX(user->revision, 1), user->bot_changes, 0,
                             PAGE_MS_MAX);
    }
    if (telegram_buy(is->telegram, &call->visit->now, call->arena, user, what.invoice, &query_id) !=
        GB_OK) {
        control_text(call, 409, STR("this is paid already\n"));
        return MODEL_ANSWERS;
    }
    struct waiter *waiter = control_wait(call, WAIT_PURCHASE, user, SHOP_MS_MAX * 2);
    if (waiter == NULL) {
        return MODEL_ANSWERS;
    }
    waiter->as_text = true;
    waiter->query_id = query_id;
    waiter->since = user->revision;
    waiter->changes = user->bot_changes;
    return MODEL_HOLDS;
}

static enum model_verdict press(struct control_call *call, struct tg_user *user,
                                struct str wanted) {
    struct found_button button;
    struct button_wish wish = {0};
    bool found = num_i64(wanted, 1, 100, &wish.index) == GB_OK &&
                 control_find_button(call->arena, user, &wish, &button);
    if (!found && wanted.n > 0) {
        wish = (struct button_wish){.text = wanted};
        found = control_find_button(call->arena, user, &wish, &button);
    }
    if (!found) {
        control_text(call, 404, STR("there is no such button\n"));
        return MODEL_ANSWERS;
    }
    if (button.is_reply) {
        return say(call, user, button.text);
    }
    if (button.pay) {
        return pay(call, user);
    }
    if (button.url.n > 0 || button.copy.n > 0) {
        control_text(call, 200,
                     arena_printf(call->arena, "%s " STR_FMT "\n",
                                  button.url.n > 0 ? "opens" : "copies",
                                  STR_ARG(button.url.n > 0 ? button.url : button.copy)));
        return MODEL_ANSWERS;
    }
    int64_t changes = user->bot_changes;
    int64_t update_id = telegram_press(call->control->is.telegram, &call->visit->now, call->arena,
                                       user, button.message, button.data);
    return wait_for_shop(call, user, user->revision, changes, update_id, SHOP_MS_MAX);
}

static void help(struct control_call *call) {
    struct str url = call->control->is.base_url;
    const char *base = arena_cstr(call->arena, url);
    control_text(call, 200, arena_printf(call->arena, HELP, base, base, base, base, base, base));
}

enum model_verdict control_people(struct control_call *call) {
    const struct http_incoming *request = call->visit->request;
    bool post = request->method == HTTP_POST;
    if (call->part_count == 0) {
        help(call);
        return MODEL_ANSWERS;
    }
    if (call->part_count > 2 || (call->part_count == 2 && !post)) {
        control_text(call, 404, STR("there is no such page; see /\n"));
        return MODEL_ANSWERS;
    }
    struct tg_user *user = control_user(call, call->parts[0]);
    if (user == NULL) {
        return MODEL_ANSWERS;
    }
    if (call->part_count == 1 && post) {
        return say(call, user, str_trim(request->body));
    }
    if (call->part_count == 1) {
        control_text(call, 200, control_chat_text(call->control, call->arena, user, 0));
        return MODEL_ANSWERS;
    }
    if (str_is(call->parts[1], "press")) {
        return press(call, user, str_trim(request->body));
    }
    if (str_is(call->parts[1], "pay")) {
        return pay(call, user);
    }
    control_text(call, 404, STR("there is no such page; see /\n"));
    return MODEL_ANSWERS;
}

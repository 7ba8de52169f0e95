/* control_test.c: what scripts and people with curl can do, and when a request that waits ends. */
#include "sandbox/control.h"
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct control *control;

/* A machine that only remembers what it was asked. */
static struct {
    struct play *play;
    int64_t offset_ms;
    struct control_bot bot;
    bool was_shut_down;
} machine;

static enum gb_err op_advance(void *ctx, int64_t ms) {
    (void)ctx;
    machine.offset_ms += ms;
    play_pass(machine.play, ms);
    return GB_OK;
}

static int64_t op_offset(void *ctx) {
    (void)ctx;
    return machine.offset_ms;
}

static void op_look(void *ctx, struct control_bot *ret_bot) {
    (void)ctx;
    *ret_bot = machine.bot;
}

static enum gb_err op_start(void *ctx) {
    (void)ctx;
    if (machine.bot.alive) {
        return GB_EXISTS;
    }
    machine.bot = (struct control_bot){7, true, machine.bot.starts + 1, STR_NONE};
    return GB_OK;
}

static void op_signal(void *ctx, bool kill) {
    (void)ctx;
    machine.bot.ended = kill ? STR("signal 9") : STR("exit 0");
}

static void op_shut_down(void *ctx) {
    (void)ctx;
    machine.was_shut_down = true;
}

static const struct control_ops ops = {.advance = op_advance,
                                       .offset_ms = op_offset,
                                       .look_at_bot = op_look,
                                       .start_bot = op_start,
                                       .signal_bot = op_signal,
                                       .shut_down = op_shut_down};

static int begin(void **state) {
    (void)play_begin(state);
    struct play *play = *state;
    memset(&machine, 0, sizeof machine);
    machine.play = play;
    control = control_new(&(struct control_options){.telegram = play->telegram,
                                                    .panel = play->panel,
                                                    .pay = play->pay,
                                                    .faults = &play->faults,
                                                    .ops = &ops,
                                                    .base_url = STR("http://h:1")});
    return 0;
}

static int end(void **state) {
    control_free(control);
    return play_end(state);
}

/* ---- asking */

static void ask(struct play *play, const char *method, const char *path, const char *body) {
    struct str whole = str_of(path);
    size_t mark = str_find(whole, '?');
    struct http_incoming request = {
        .method = strcmp(method, "GET") == 0      ? HTTP_GET
                  : strcmp(method, "DELETE") == 0 ? HTTP_DELETE
                                                  : HTTP_POST,
        .method_name = method,
        .path = str_sub(whole, 0, mark),
        .query = str_sub(whole, mark + 1, whole.n),
        .body = str_of(body),
    };
    play->ticket = ++play->next_ticket;
    struct visit visit = {play->ticket, &request, play->now, play->arena};
    play->response = (struct http_response){0};
    play->verdict = control_handle(control, &visit, &play->response);
}

static const struct json *parsed(struct play *play) {
    const struct json *root;
    assert_int_equal(json_parse(play->arena, play->response.body, &root, NULL), GB_OK);
    return root;
}

static const struct json *get(struct play *play, const char *path) {
    ask(play, "GET", path, NULL);
    assert_int_equal(play->verdict, MODEL_ANSWERS);
    assert_int_equal(play->response.status, 200);
    return parsed(play);
}

static const struct json *post(struct play *play, const char *path, const char *body) {
    ask(play, "POST", path, body);
    assert_int_equal(play->verdict, MODEL_ANSWERS);
    assert_int_equal(play->response.status, 200);
    return parsed(play);
}

static void refused(struct play *play, const char *path, const char *body, int status) {
    ask(play, "POST", path, body);
    assert_int_equal(play->verdict, MODEL_ANSWERS);
    assert_int_equal(play->response.status, status);
}

/* Is the last request answered by now? */
static bool answered(struct play *play) {
    uint64_t ticket;
    if (!control_next_answer(control, play->now, play->arena, &ticket, &play->response)) {
        return false;
    }
    assert_int_equal(ticket, play->ticket);
    return true;
}

static bool says(const struct play *play, const char *text) {
    struct str body = play->response.body;
    return str_find_str(body, str_of(text)) < body.n;
}

/* ---- the shop, played by hand */

static void shop_sends(struct play *play, const char *user, const char *rest) {
    (void)play_bot(
        play, "sendMessage",
        play_format(play, "{\"chat_id\":%" PRId64 ",%s}", play_user(play, user)->id, rest).p);
    assert_int_equal(play->response.status, 200);
}

static void shop_shows_menu(struct play *play, const char *user) {
    shop_sends(play, user,
               "\"text\":\"Menu\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Buy now\","
               "\"callback_data\":\"b\"},{\"text\":\"Site\",\"url\":\"https://a.b/c\"}],[{\"text\":"
               "\"Copy\",\"copy_text\":{\"text\":\"key\"}}]]}");
}

static void shop_sends_invoice(struct play *play, const char *user) {
    (void)play_bot(play, "sendInvoice",
                   play_format(play,
                               "{\"chat_id\":%" PRId64
                               ",\"title\":\"T\",\"description\":\"d\",\"payload\":\"p\","
                               "\"currency\":\"XTR\",\"prices\":[{\"label\":\"x\",\"amount\":9}]}",
                               play_user(play, user)->id)
                       .p);
    assert_int_equal(play->response.status, 200);
}

static struct str shop_creates_payment(struct play *play, const char *user) {
    struct str body = play_pay(play, "POST", "/payments", user,
                               "{\"amount\":\"9.00\",\"currency\":\"RUB\",\"order\":\"o\"}");
    const struct json *payment;
    assert_int_equal(json_parse(play->arena, body, &payment, NULL), GB_OK);
    struct str url = json_str_or(payment, "pay_url", STR_NONE);
    shop_sends(play, user,
               play_format(play,
                           "\"text\":\"Pay\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":"
                           "\"Pay\",\"url\":\"" STR_FMT "\"}]]}",
                           STR_ARG(url))
                   .p);
    return json_str_or(payment, "id", STR_NONE);
}

/* What waits for the shop, confirmed; no time passes. */
static const struct json *shop_hears(struct play *play) {
    const struct json *updates = json_at(play_bot(play, "getUpdates", "{}"), "result");
    for (const struct json *u = json_first(updates); u != NULL; u = json_next(u)) {
        (void)play_bot(
            play, "getUpdates",
            play_format(play, "{\"offset\":%" PRId64 "}", json_i64_or(u, "update_id", 0) + 1).p);
    }
    return updates;
}

static void shop_answers_checkout(struct play *play, bool ok) {
    const struct json *updates = shop_hears(play);
    struct str id = STR_NONE;
    for (const struct json *u = json_first(updates); u != NULL; u = json_next(u)) {
        id = json_str_or(u, "pre_checkout_query.id", id);
    }
    assert_true(id.n > 0);
    (void)play_bot(play, "answerPreCheckoutQuery",
                   play_format(play,
                               "{\"pre_checkout_query_id\":\"" STR_FMT
                               "\",\"ok\":%s,\"error_message\":\"sold out\"}",
                               STR_ARG(id), ok ? "true" : "false")
                       .p);
}

/* ---- scripts */

static void a_message_makes_the_user_and_an_update(void **state) {
    struct play *play = *state;
    const struct json *answer =
        post(play, "/api/user/anna/send",
             "{\"text\":\"/start\",\"language\":\"ru\",\"first_name\":\"A\"}");
    assert_true(json_bool_or(answer, "ok", false));
    assert_true(json_i64_or(answer, "update_id", 0) > 0);
    const struct json *updates = play_updates(play);
    assert_str(json_str_or(updates, "0.message.from.language_code", STR_NONE), "ru");
    assert_str(json_str_or(updates, "0.message.from.first_name", STR_NONE), "A");
    assert_str(json_str_or(updates, "0.message.entities.0.type", STR_NONE), "bot_command");
    (void)post(play, "/api/user/77/send", "{\"text\":\"x\"}");
    assert_non_null(tg_user_by_id(play->telegram, 77));
    refused(play, "/api/user/anna/send", "{}", 400);
    refused(play, "/api/user/an na/send", "{\"text\":\"x\"}", 400);
    refused(play, "/api/user/-5/send", "{\"text\":\"x\"}", 400);
    refused(play, "/api/user/anna/send", "[", 400);
    refused(play, "/api/user/anna/sing", "{}", 404);
}

static void the_chat_shows_messages_keyboards_and_alerts(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    shop_shows_menu(play, "anna");
    const struct json *chat = get(play, "/api/user/anna/chat");
    assert_str(json_str_or(chat, "messages.0.from", STR_NONE), "user");
    assert_str(json_str_or(chat, "messages.1.text", STR_NONE), "Menu");
    assert_str(json_str_or(chat, "messages.1.keyboard.0.0.data", STR_NONE), "b");
    assert_str(json_str_or(chat, "messages.1.keyboard.0.1.url", STR_NONE), "https://a.b/c");
    assert_str(json_str_or(chat, "messages.1.keyboard.1.0.copy", STR_NONE), "key");
    assert_false(json_bool_or(chat, "messages.1.photo", true));
    assert_true(json_i64_or(chat, "revision", 0) > 1);
}

static void a_chat_is_waited_for_until_it_changes_or_the_time_is_over(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    const char *path =
        play_format(play, "/api/user/anna/chat?after=%" PRId64 "&wait_ms=500", anna->revision).p;
    ask(play, "GET", path, NULL);
    assert_int_equal(play->verdict, MODEL_HOLDS);
    assert_int_equal(control_next_ms(control, play->now), play->now.mono_ms + 500);
    uint64_t waiting = play->ticket;
    assert_false(answered(play));
    shop_shows_menu(play, "anna");
    play->ticket = waiting;
    assert_true(answered(play));
    assert_str(json_str_or(parsed(play), "messages.1.text", STR_NONE), "Menu");
    ask(play, "GET",
        play_format(play, "/api/user/anna/chat?after=%" PRId64 "&wait_ms=500", anna->revision).p,
        NULL);
    play_pass(play, 500);
    assert_true(answered(play));
    ask(play, "GET", "/api/user/anna/chat?after=x", NULL);
    assert_int_equal(play->response.status, 400);
}

static void buttons_are_found_by_number_text_or_data(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    shop_shows_menu(play, "anna");
    static const char *const wishes[] = {"{\"index\":1}", "{\"text\":\"Buy\"}", "{\"data\":\"b\"}"};
    for (size_t i = 0; i < GB_COUNT(wishes); i++) {
        const struct json *answer = post(play, "/api/user/anna/press", wishes[i]);
        assert_str(json_str_or(answer, "kind", STR_NONE), "callback");
        const struct json *updates = play_updates(play);
        assert_str(json_str_or(updates, "0.callback_query.data", STR_NONE), "b");
    }
    assert_str(json_str_or(post(play, "/api/user/anna/press", "{\"index\":2}"), "url", STR_NONE),
               "https://a.b/c");
    assert_str(
        json_str_or(post(play, "/api/user/anna/press", "{\"text\":\"Cop\"}"), "copy", STR_NONE),
        "key");
    refused(play, "/api/user/anna/press", "{\"index\":4}", 404);
    refused(play, "/api/user/anna/press", "{\"text\":\"Sell\"}", 404);
    refused(play, "/api/user/anna/press", "{\"data\":\"c\"}", 404);
    refused(play, "/api/user/anna/press", "{}", 404);
}

static void a_press_may_cross_the_edit_that_took_the_button_away(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    shop_shows_menu(play, "anna");
    int64_t id = anna->messages[anna->count - 1]->id;
    (void)play_bot(
        play, "editMessageText",
        play_format(play, "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64 ",\"text\":\"x\"}",
                    anna->id, id)
            .p);
    refused(play, "/api/user/anna/press", "{\"data\":\"b\"}", 404);
    (void)post(play, "/api/user/anna/press",
               play_format(play, "{\"data\":\"b\",\"message_id\":%" PRId64 "}", id).p);
}

static void stars_are_paid_when_the_shop_agrees(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    refused(play, "/api/user/anna/pay", "{}", 404);
    shop_sends_invoice(play, "anna");
    ask(play, "POST", "/api/user/anna/pay", "{}");
    assert_int_equal(play->verdict, MODEL_HOLDS);
    uint64_t waiting = play->ticket;
    shop_answers_checkout(play, true);
    play->ticket = waiting;
    assert_true(answered(play));
    assert_int_equal(play->response.status, 200);
    assert_true(json_str_or(parsed(play), "charge_id", STR_NONE).n > 0);
    refused(play, "/api/user/anna/pay", "{}", 404);
}

static void a_refused_or_unanswered_checkout_is_an_error(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    shop_sends_invoice(play, "anna");
    ask(play, "POST", "/api/user/anna/pay", "{}");
    uint64_t waiting = play->ticket;
    shop_answers_checkout(play, false);
    play->ticket = waiting;
    assert_true(answered(play));
    assert_int_equal(play->response.status, 409);
    assert_true(says(play, "sold out"));
    ask(play, "POST", "/api/user/anna/pay", "{}");
    assert_false(answered(play));
    play_pass(play, 10001);
    assert_true(answered(play));
    assert_int_equal(play->response.status, 504);
    assert_true(json_bool_or(post(play, "/api/user/anna/pay", "{\"wait_ms\":0}"), "ok", false));
}

static void a_payment_page_is_paid_at_once(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    struct str id = shop_creates_payment(play, "anna");
    const struct json *answer = post(play, "/api/user/anna/pay", NULL);
    assert_true(str_equal(json_str_or(answer, "payment", STR_NONE), id));
    refused(play, "/api/user/anna/pay", NULL, 404);
    const struct json *list = get(play, "/api/payments");
    assert_str(json_str_or(list, "payments.0.status", STR_NONE), "paid");
    refused(play, play_format(play, "/api/payments/" STR_FMT, STR_ARG(id)).p,
            "{\"status\":\"canceled\"}", 409);
    refused(play, "/api/payments/x", "{\"status\":\"paid\"}", 404);
    refused(play, "/api/payments/x", "{\"status\":\"lost\"}", 400);
}

static void a_page_that_was_seen_can_still_be_paid(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct str id = shop_creates_payment(play, "anna");
    (void)play_bot(play, "deleteMessage",
                   play_format(play, "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64 "}",
                               anna->id, anna->messages[anna->count - 1]->id)
                       .p);
    play_pass(play, 2 * GB_HOUR_MS);
    const struct json *answer = post(play, "/api/user/anna/pay", NULL);
    assert_true(str_equal(json_str_or(answer, "payment", STR_NONE), id));
}

static void the_clock_moves_the_world_and_wakes_the_shop(void **state) {
    struct play *play = *state;
    (void)play_bot(play, "getUpdates", "{\"timeout\":50}");
    uint64_t poll = play->ticket, ticket;
    int64_t before = play->now.wall_ms;
    const struct json *answer = post(play, "/api/clock", "{\"advance_ms\":5000}");
    assert_int_equal(json_i64_or(answer, "offset_ms", 0), 5000);
    assert_int_equal(json_i64_or(answer, "now_ms", 0), before + 5000);
    assert_int_equal(json_i64_or(get(play, "/api/clock"), "now_ms", 0), before + 5000);
    assert_true(
        telegram_next_answer(play->telegram, play->now, play->arena, &ticket, &play->response));
    assert_int_equal(ticket, poll);
    refused(play, "/api/clock", "{\"advance_ms\":-1}", 400);
    refused(play, "/api/clock", "{}", 400);
}

#define PANEL_USER "/api/panel/users/0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"

static void users_of_the_panel_are_changed_by_hand(void **state) {
    struct play *play = *state;
    refused(play, PANEL_USER, "{\"enable\":false}", 404);
    const struct json *answer =
        post(play, "/api/panel/users",
             "{\"uuid\":\"0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801\",\"name\":\"friend\"}");
    assert_true(json_bool_or(answer, "user.enable", false));
    refused(play, "/api/panel/users",
            "{\"uuid\":\"0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801\",\"name\":\"again\"}", 409);
    refused(play, "/api/panel/users", "{}", 400);
    refused(play, PANEL_USER, "{\"expires\":1}", 400);
    answer = post(play, PANEL_USER,
                  "{\"enable\":false,\"package_days\":40,\"start_date\":\"2026-11-20\","
                  "\"current_usage_GB\":1.5,\"last_online\":\"2026-11-23 05:58:12\"}");
    assert_false(json_bool_or(answer, "user.enable", true));
    const struct json *user = json_at(get(play, "/api/panel/users"), "users.0");
    assert_false(json_bool_or(user, "enable", true));
    assert_int_equal(json_i64_or(user, "package_days", 0), 40);
    assert_str(json_str_or(user, "start_date", STR_NONE), "2026-11-20");
    assert_str(json_str_or(user, "last_online", STR_NONE), "2026-11-23 05:58:12");
    ask(play, "DELETE", PANEL_USER, NULL);
    assert_int_equal(play->response.status, 200);
    ask(play, "DELETE", PANEL_USER, NULL);
    assert_int_equal(play->response.status, 404);
    (void)post(play, "/api/panel/machine", "{\"cpu_percent\":93,\"load_hundredths\":405}");
    assert_int_equal(hiddify_machine(play->panel)->cpu_percent, 93);
    assert_int_equal(hiddify_machine(play->panel)->disk_percent, 30);
    refused(play, "/api/panel/machine", "{\"disk_percent\":101}", 400);
    refused(play, "/api/panel/machine", "{\"load_hundredths\":-1}", 400);
}

static void panel_faults_and_figures_are_at_hand(void **state) {
    struct play *play = *state;
    (void)post(play, "/api/panel", "{\"mode\":\"503\"}");
    assert_str(json_str_or(get(play, "/api/panel"), "mode", STR_NONE), "503");
    refused(play, "/api/panel", "{\"mode\":\"gone\"}", 400);
    refused(play, "/api/panel/use", "{\"uuid\":\"x\",\"bytes\":1}", 404);
    assert_int_equal(json_size(json_at(get(play, "/api/panel/users"), "users")), 0);
    (void)post(play, "/api/faults",
               "{\"where\":\"telegram\",\"method\":\"getMe\",\"what\":\"500\",\"count\":2}");
    refused(play, "/api/faults", "{\"where\":\"moon\",\"what\":\"500\"}", 400);
    refused(play, "/api/faults", "{\"where\":\"pay\",\"what\":\"fire\"}", 400);
    refused(play, "/api/faults", "{\"where\":\"pay\",\"what\":\"500\",\"count\":0}", 400);
    (void)play_bot(play, "getMe", "{}");
    assert_int_equal(play->response.status, 500);
    ask(play, "DELETE", "/api/faults", NULL);
    (void)play_bot(play, "getMe", "{}");
    assert_int_equal(play->response.status, 200);
    const struct json *stats = get(play, "/api/stats");
    assert_int_equal(json_i64_or(stats, "telegram.calls.getMe", 0), 2);
    assert_int_equal(json_i64_or(stats, "pay.created", -1), 0);
}

static void the_shop_is_started_and_its_end_waited_for(void **state) {
    struct play *play = *state;
    assert_true(json_bool_or(post(play, "/api/bot/start", NULL), "alive", false));
    refused(play, "/api/bot/start", NULL, 409);
    ask(play, "POST", "/api/bot/kill", NULL);
    assert_int_equal(play->verdict, MODEL_HOLDS);
    assert_false(answered(play));
    machine.bot.alive = false;
    assert_true(answered(play));
    assert_true(says(play, "\"ended\":\"signal 9\""));
    (void)post(play, "/api/shutdown", NULL);
    assert_true(machine.was_shut_down);
}

static void raw_updates_and_blocking_reach_the_shop(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    (void)post(play, "/api/update", "{\"message\":[1]}");
    refused(play, "/api/update", "nonsense", 400);
    (void)post(play, "/api/user/anna/block", NULL);
    refused(play, "/api/user/anna/send", "{\"text\":\"x\"}", 409);
    (void)post(play, "/api/user/anna/unblock", NULL);
    const struct json *updates = play_updates(play);
    assert_int_equal(json_i64_or(updates, "0.message.0", 0), 1);
    assert_str(json_str_or(updates, "1.my_chat_member.new_chat_member.status", STR_NONE), "kicked");
    assert_str(json_str_or(updates, "2.my_chat_member.new_chat_member.status", STR_NONE), "member");
}

/* ---- people */

static void an_answer_is_printed_once_the_shop_is_quiet(void **state) {
    struct play *play = *state;
    ask(play, "POST", "/anna", "/start\n");
    assert_int_equal(play->verdict, MODEL_HOLDS);
    uint64_t waiting = play->ticket;
    assert_false(answered(play));
    (void)shop_hears(play);
    shop_shows_menu(play, "anna");
    play->ticket = waiting;
    assert_false(answered(play));
    play_pass(play, 100);
    shop_sends(play, "anna", "\"text\":\"two\\nlines\"");
    play->ticket = waiting;
    play_pass(play, 149);
    assert_false(answered(play));
    assert_int_equal(control_next_ms(control, play->now), play->now.mono_ms + 1);
    play_pass(play, 1);
    assert_true(answered(play));
    assert_str(play->response.body, "shop  Menu\n"
                                    "      [1] Buy now   [2] Site (https://a.b/c)\n"
                                    "      [3] Copy\n"
                                    "shop  two\n"
                                    "      lines\n");
}

static void a_silent_shop_is_not_waited_for_long(void **state) {
    struct play *play = *state;
    ask(play, "POST", "/anna", "hello");
    play_pass(play, 4999);
    assert_false(answered(play));
    play_pass(play, 1);
    assert_true(answered(play));
    assert_str(play->response.body, "(the shop has not answered)\n");
}

static void people_press_and_pay(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    shop_shows_menu(play, "anna");
    ask(play, "POST", "/anna/press", "2");
    assert_str(play->response.body, "opens https://a.b/c\n");
    ask(play, "POST", "/anna/press", "nothing");
    assert_int_equal(play->response.status, 404);
    ask(play, "POST", "/anna/pay", NULL);
    assert_int_equal(play->response.status, 404);
    shop_sends_invoice(play, "anna");
    ask(play, "POST", "/anna/press", "1"); /* the invoice's own button */
    assert_int_equal(play->verdict, MODEL_HOLDS);
    uint64_t waiting = play->ticket;
    shop_answers_checkout(play, true);
    play->ticket = waiting;
    assert_false(answered(play)); /* what the shop makes of the money is waited for */
    shop_sends(play, "anna", "\"text\":\"thanks\"");
    play->ticket = waiting;
    play_pass(play, 1000);
    assert_true(answered(play));
    assert_str(play->response.body, "  --  paid 9 Stars\nshop  thanks\n");
}

static void a_whole_chat_is_printed_without_waiting(void **state) {
    struct play *play = *state;
    (void)play_started(play, "anna");
    shop_shows_menu(play, "anna");
    shop_sends_invoice(play, "anna");
    ask(play, "GET", "/anna", NULL);
    assert_str(play->response.body, "you   /start\n"
                                    "shop  Menu\n"
                                    "      [Buy now]   [Site] (https://a.b/c)\n"
                                    "      [Copy]\n"
                                    "shop  Invoice: T, 9 Stars\n"
                                    "      d\n"
                                    "      [1] Pay\n");
    ask(play, "GET", "/", NULL);
    assert_true(says(play, "curl -d /start  http://h:1/anna"));
    ask(play, "GET", "/anna/press", NULL);
    assert_int_equal(play->response.status, 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_message_makes_the_user_and_an_update),
        TEST(the_chat_shows_messages_keyboards_and_alerts),
        TEST(a_chat_is_waited_for_until_it_changes_or_the_time_is_over),
        TEST(buttons_are_found_by_number_text_or_data),
        TEST(a_press_may_cross_the_edit_that_took_the_button_away),
        TEST(stars_are_paid_when_the_shop_agrees),
        TEST(a_refused_or_unanswered_checkout_is_an_error),
        TEST(a_payment_page_is_paid_at_once),
        TEST(a_page_that_was_seen_can_still_be_paid),
        TEST(the_clock_moves_the_world_and_wakes_the_shop),
        TEST(users_of_the_panel_are_changed_by_hand),
        TEST(panel_faults_and_figures_are_at_hand),
        TEST(the_shop_is_started_and_its_end_waited_for),
        TEST(raw_updates_and_blocking_reach_the_shop),
        TEST(an_answer_is_printed_once_the_shop_is_quiet),
        TEST(a_silent_shop_is_not_waited_for_long),
        TEST(people_press_and_pay),
        TEST(a_whole_chat_is_printed_without_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

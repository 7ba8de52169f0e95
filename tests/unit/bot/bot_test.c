/* Conversations: what a person sees and what the rows say after it, over the real store and rules.
 */
#include "bot/bot.h"

#include "base/arena.h"
#include "base/json.h"
#include "bot/desk.h"
#include "bot/dialogs.h"
#include "pay/pay.h"
#include "shop/backups.h"
#include "shop/catalog.h"
#include "shop/payments.h"
#include "shop/users.h"
#include "state/work.h"

static struct desk *desk;

static int setup(void **state) {
    (void)state;
    desk = desk_open();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    desk_close(desk);
    return 0;
}

/* ---- the ways of a purchase ---- */

static void choose(int64_t user) {
    desk_say(desk, user, "/start");
    desk_press(desk, user, "Buy");
    desk_press(desk, user, "Germany");
    desk_press(desk, user, "30 days");
}

static void pay_stars(int64_t user, const struct desk_message *invoice, const char *charge) {
    desk_update(desk, &(struct update){
                          .kind = UPDATE_MESSAGE,
                          .from = {.id = user, .first_name = STR("Anna"), .language = STR("en")},
                          .chat_id = user,
                          .chat_type = STR("private"),
                          .has_payment = true,
                          .payment = {STR("XTR"), invoice->stars, invoice->payload, str_of(charge)},
                      });
}

static void ask_checkout(int64_t user, struct str payload, int64_t stars) {
    desk->checkout = (struct outbox_row){0};
    desk_update(desk,
                &(struct update){
                    .kind = UPDATE_PRE_CHECKOUT,
                    .from = {.id = user, .first_name = STR("Anna"), .language = STR("en")},
                    .query_id = STR("9"),
                    .has_payment = true,
                    .payment = {.currency = STR("XTR"), .amount_minor = stars, .payload = payload},
                });
}

static void panel_makes(const char *lane) {
    struct desk_row *row = desk_row(desk, lane, "ensure");
    desk_answer(desk, row, ANSWER_DONE, "", STR("{\"created\":true}"));
}

static void buy_with_stars(int64_t user, const char *charge) {
    choose(user);
    desk_press(desk, user, "Stars");
    pay_stars(user, desk_last(desk, user), charge);
    panel_makes("panel:de1");
}

static struct str provider_says(struct str payment, enum pay_status status) {
    return pay_write_said(desk->memory, &(struct pay_fact){
                                            .external = STR("tp_1"),
                                            .payment = payment,
                                            .status = status,
                                            .paid_minor = status == PAY_PAID ? 14900 : 0,
                                            .currency = STR("RUB"),
                                            .test = true,
                                            .url = STR("http://127.0.0.1:1/pay/tp_1"),
                                        });
}

/* The test invoice of this user with its link, in the message that was pressed. */
static struct desk_message *invoice_by_test(int64_t user) {
    choose(user);
    desk_press(desk, user, "Test payment");
    desk_sees(desk, user, "Preparing the invoice");
    struct desk_row *row = desk_row(desk, "pay:test", "create");
    desk_answer(desk, row, ANSWER_DONE, "", provider_says(row->row.about, PAY_PENDING));
    desk_sees(desk, user, "Invoice for 149 ₽");
    return desk_last(desk, user);
}

static void provider_answers_status(enum pay_status status) {
    struct desk_row *row = desk_row(desk, "pay:test", "status");
    assert_non_null(row);
    desk_answer(desk, row, ANSWER_DONE, "", provider_says(row->row.about, status));
}

/* ---- the menu ---- */

static void start_shows_the_menu_in_the_persons_language(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    desk_sees(desk, ANNA, "Pick a plan");
    assert_int_equal(desk->calls, 1);
    desk->language = "ru";
    desk_say(desk, BORIS, "/start");
    desk_sees(desk, BORIS, "Выберите тариф");
    desk->language = "de";
    desk_say(desk, 303, "/start");
    desk_sees(desk, 303, "Выберите тариф");
}

static void a_press_changes_its_own_message_and_is_answered(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    desk_press(desk, ANNA, "Help");
    assert_int_equal(desk->calls, 2);
    assert_int_equal(desk->toasts, 1);
    assert_int_equal(desk_messages(desk, ANNA), 1);
    assert_int_equal(desk_last(desk, ANNA)->edits, 1);
    desk_sees(desk, ANNA, "Any questions? Write to us: @help");
    assert_true(
        str_is(desk_button(desk_last(desk, ANNA), "Write to support")->url, "https://t.me/help"));
    desk_press(desk, ANNA, "Back to menu");
    desk_sees(desk, ANNA, "Pick a plan");
}

/* ---- patience ---- */

static void who_writes_too_fast_is_warned_once_then_not_heard_and_the_owner_is_told(void **state) {
    (void)state;
    desk->config.limits.messages = (struct rate){3, GB_MINUTE_MS};
    for (int i = 0; i < 3; i++) {
        desk_say(desk, ANNA, "/start");
        desk_sees(desk, ANNA, "Pick a plan");
    }
    desk_say(desk, ANNA, "/start");
    desk_sees(desk, ANNA, "That was too fast");
    desk_say(desk, ANNA, "/start");
    assert_int_equal(desk->calls, 0);
    desk->now_ms += 6 * GB_SECOND_MS;
    assert_int_equal(desk_messages(desk, OWNER), 0);
    desk_say(desk, ANNA, "/start");
    desk_sees(desk, ANNA, "I do not answer for 1 minute");
    desk_sees(desk, OWNER, "101");
    desk_sees(desk, OWNER, "1 минуту");
    desk_say(desk, BORIS, "/start");
    desk_sees(desk, BORIS, "Pick a plan");
}

static void presses_have_their_own_limit_and_money_has_none(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    struct desk_message *invoice = desk_last(desk, ANNA);
    desk->config.limits.presses = (struct rate){1, GB_HOUR_MS};
    desk->config.limits.messages = (struct rate){1, GB_HOUR_MS};
    desk_press(desk, ANNA, "Menu");
    desk_press(desk, ANNA, "Help");
    assert_true(desk_has(desk->toast, "That was too fast"));
    desk_say(desk, ANNA, "hello");
    assert_int_equal(desk->calls, 0);
    ask_checkout(ANNA, invoice->payload, invoice->stars);
    assert_true(desk_has(desk->checkout.body, "\"ok\":true"));
    pay_stars(ANNA, invoice, "charge-1");
    panel_makes("panel:de1");
    desk_sees(desk, ANNA, "http");
}

static void too_many_new_invoices_are_refused_and_an_open_one_is_shown(void **state) {
    (void)state;
    desk->config.limits.payments = (struct rate){1, GB_HOUR_MS};
    choose(ANNA);
    desk_press(desk, ANNA, "Test payment");
    desk_sees(desk, ANNA, "Preparing the invoice");
    choose(ANNA);
    desk_press(desk, ANNA, "Test payment");
    desk_sees(desk, ANNA, "Preparing the invoice");
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    assert_true(desk_has(desk->toast, "Too many invoices"));
    assert_false(desk_last(desk, ANNA)->invoice);
}

static void the_language_is_chosen_and_kept(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    desk_press(desk, ANNA, "Language");
    desk_press(desk, ANNA, "Русский");
    desk_sees(desk, ANNA, "Выберите тариф");
    assert_true(str_is(desk->toast, "Готово, говорим по-русски."));
    desk_say(desk, ANNA, "/help");
    desk_sees(desk, ANNA, "Как подключиться");
}

static void any_words_are_shown_the_buttons(void **state) {
    (void)state;
    desk_say(desk, ANNA, "how much?");
    desk_sees(desk, ANNA, "works with buttons");
    assert_non_null(desk_button(desk_last(desk, ANNA), "Buy"));
    desk_say(desk, ANNA, "/nosuch");
    desk_sees(desk, ANNA, "works with buttons");
    desk_say(desk, ANNA, "");
    desk_sees(desk, ANNA, "works with buttons");
}

static void groups_bots_and_unknown_updates_are_passed_over(void **state) {
    (void)state;
    desk_update(desk, &(struct update){.kind = UPDATE_MESSAGE,
                                       .from = {.id = ANNA},
                                       .chat_id = -5,
                                       .chat_type = STR("group"),
                                       .command = STR("start")});
    assert_int_equal(desk->calls, 0);
    desk_update(desk, &(struct update){.kind = UPDATE_MESSAGE,
                                       .from = {.id = ANNA, .is_bot = true},
                                       .chat_id = ANNA,
                                       .chat_type = STR("private"),
                                       .command = STR("start")});
    assert_int_equal(desk->calls, 0);
    desk_update(desk, &(struct update){.kind = UPDATE_UNKNOWN, .chat_type = STR("private")});
    assert_int_equal(desk->calls, 0);
}

/* ---- buying ---- */

static void the_first_button_leads_to_the_invoice(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    for (int i = 0; i < 4; i++) {
        struct desk_message *message = desk_last(desk, ANNA);
        desk_press_data(desk, ANNA, message->id, message->buttons[0].data);
        assert_int_equal(desk->calls, 2);
    }
    assert_true(desk_last(desk, ANNA)->invoice);
    assert_int_equal(desk_last(desk, ANNA)->stars, 99);
    assert_int_equal(desk_messages(desk, ANNA), 2);
    desk_press(desk, ANNA, "Back to menu");
    assert_int_equal(desk->calls, 2);
    assert_false(desk_last(desk, ANNA)->invoice);
    desk_sees(desk, ANNA, "Pick a plan");
}

static void stars_are_paid_and_the_key_comes_with_its_picture(void **state) {
    (void)state;
    buy_with_stars(ANNA, "charge-1");
    struct desk_message *key = desk_last(desk, ANNA);
    assert_true(key->png.n > 0);
    assert_true(desk_has(key->html, "<code>https://de1.example/C/"));
    assert_true(desk_has(key->html, "23 December 2026"));
    assert_true(desk_has(key->html, "50 GB"));
    struct desk_message *paid = desk_message(desk, key->id - 1);
    assert_true(desk_has(paid->html, "Paid"));
    assert_true(desk_has(paid->html, "access will come by itself"));
}

static void the_picture_stays_when_its_buttons_are_pressed(void **state) {
    (void)state;
    buy_with_stars(ANNA, "charge-1");
    int64_t key = desk_last(desk, ANNA)->id;
    desk_press(desk, ANNA, "My subscriptions");
    assert_true(desk_last(desk, ANNA)->id > key);
    desk_sees(desk, ANNA, "My subscriptions");
    assert_true(desk_message(desk, key)->png.n > 0);
}

static void a_test_invoice_lives_in_one_message(void **state) {
    (void)state;
    struct desk_message *invoice = invoice_by_test(ANNA);
    assert_int_equal(desk_messages(desk, ANNA), 1);
    assert_true(str_is(desk_button(invoice, "Pay 149 ₽")->url, "http://127.0.0.1:1/pay/tp_1"));
    desk_press(desk, ANNA, "I have paid");
    assert_true(str_is(desk->toast, "Checking…"));
    provider_answers_status(PAY_PENDING);
    desk_sees(desk, ANNA, "had not arrived yet");
    desk_press(desk, ANNA, "I have paid");
    provider_answers_status(PAY_PAID);
    assert_true(desk_has(invoice->html, "Paid"));
    assert_null(desk_button(invoice, "Pay"));
    assert_int_equal(desk_messages(desk, ANNA), 1);
    panel_makes("panel:de1");
    assert_true(desk_last(desk, ANNA)->png.n > 0);
}

static void payment_news_come_as_a_message_when_the_invoice_is_left(void **state) {
    (void)state;
    struct desk_message *invoice = invoice_by_test(ANNA);
    desk_press(desk, ANNA, "Back to menu");
    assert_true(desk_has(invoice->html, "Pick a plan"));
    provider_answers_status(PAY_PAID);
    assert_true(desk_has(invoice->html, "Pick a plan")); /* the menu is not overwritten */
    desk_sees(desk, ANNA, "Paid");
    assert_int_equal(desk_messages(desk, ANNA), 2);
}

static void an_invoice_further_up_loses_its_buttons_and_the_news_are_seen(void **state) {
    (void)state;
    struct desk_message *invoice = invoice_by_test(ANNA);
    desk_say(desk, ANNA, "/start");
    provider_answers_status(PAY_PAID);
    assert_true(desk_has(invoice->html, "Paid"));
    desk_sees(desk, ANNA, "Paid");
    assert_int_equal(desk_messages(desk, ANNA), 3);
}

static void a_canceled_invoice_says_so_and_offers_a_new_one(void **state) {
    (void)state;
    struct desk_message *invoice = invoice_by_test(ANNA);
    struct str check = desk_button(invoice, "I have paid")->data;
    desk_press(desk, ANNA, "Cancel");
    desk_sees(desk, ANNA, "is canceled");
    desk_press_data(desk, ANNA, invoice->id, check); /* the old button still asks */
    provider_answers_status(PAY_PAID);
    desk_sees(desk, ANNA, "Paid");
}

static void an_expired_invoice_says_so_where_it_is_shown(void **state) {
    (void)state;
    struct desk_message *invoice = invoice_by_test(ANNA);
    desk->now_ms += 31 * GB_MINUTE_MS;
    provider_answers_status(PAY_PENDING);
    assert_true(desk_has(invoice->html, "no longer open"));
    assert_int_equal(desk_messages(desk, ANNA), 1);
    desk_press(desk, ANNA, "New invoice");
    desk_sees(desk, ANNA, "How would you like to pay?");
}

static void an_invoice_that_nobody_looks_at_expires_without_a_word(void **state) {
    (void)state;
    invoice_by_test(ANNA);
    desk_press(desk, ANNA, "Back to menu");
    desk->now_ms += 31 * GB_MINUTE_MS;
    provider_answers_status(PAY_PENDING);
    desk_sees(desk, ANNA, "Pick a plan");
    assert_int_equal(desk_messages(desk, ANNA), 1);
}

static void an_invoice_that_cannot_be_made_is_told(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Test payment");
    desk_answer(desk, desk_row(desk, "pay:test", "create"), ANSWER_REFUSED, "other", STR_NONE);
    desk_sees(desk, ANNA, "could not be made");
    assert_int_equal(desk_messages(desk, ANNA), 1);
}

static void a_double_press_makes_one_invoice(void **state) {
    (void)state;
    choose(ANNA);
    struct desk_message *ways = desk_last(desk, ANNA);
    struct str stars = desk_button(ways, "Stars")->data;
    struct str test = desk_button(ways, "Test")->data;
    desk_press_data(desk, ANNA, ways->id, stars);
    desk_press_data(desk, ANNA, ways->id, stars);
    assert_int_equal(desk->calls, 1);
    assert_true(desk_has(desk->toast, "in the chat already"));
    assert_int_equal(desk_messages(desk, ANNA), 2);
    desk_press_data(desk, ANNA, ways->id, test);
    desk_press_data(desk, ANNA, ways->id, test);
    assert_non_null(desk_row(desk, "pay:test", "create"));
    desk_row(desk, "pay:test", "create")->answered = true;
    assert_null(desk_row(desk, "pay:test", "create"));
}

static void later_the_same_invoice_in_stars_is_shown_again(void **state) {
    (void)state;
    choose(ANNA);
    struct desk_message *ways = desk_last(desk, ANNA);
    struct str stars = desk_button(ways, "Stars")->data;
    desk_press_data(desk, ANNA, ways->id, stars);
    struct str payload = desk_last(desk, ANNA)->payload;
    desk->now_ms += GB_MINUTE_MS;
    desk_press_data(desk, ANNA, ways->id, stars);
    assert_int_equal(desk_messages(desk, ANNA), 3);
    assert_true(str_equal(desk_last(desk, ANNA)->payload, payload));
}

static void hide_germany(struct work *work, void *ctx) {
    (void)ctx;
    tx_put(work->tx, TABLE_LOCATIONS, STR("de"),
           STR("{\"id\":\"de\",\"name\":\"Германия\",\"hidden\":true}"), STORE_NEVER);
}

static void fill_germany(struct work *work, void *ctx) {
    (void)ctx;
    struct server server;
    assert_int_equal(server_get(work, STR("de1"), &server), GB_OK);
    server.users = server.users_max;
    server_put(work, &server);
}

static void unfill_germany(struct work *work, void *ctx) {
    (void)ctx;
    struct server server;
    assert_int_equal(server_get(work, STR("de1"), &server), GB_OK);
    server.users = 0;
    server_put(work, &server);
}

static void buttons_of_what_is_no_longer_for_sale_explain_themselves(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    const char *const stale[] = {"b.l:de", "b.t:de:m1", "b.w:de:m1:stars", "b.w:de:m1:test"};
    desk_do(desk, hide_germany, NULL);
    for (size_t i = 0; i < GB_COUNT(stale); i++) {
        desk_press_data(desk, ANNA, 1, str_of(stale[i]));
        assert_true(str_is(desk->toast, "This is no longer for sale."));
        desk_sees(desk, ANNA, "For how long?"); /* Holland is the only one left */
    }
    const char *const never[] = {"b.l:xx", "b.t:nl:xx", "b.w:nl:m1:gold", "b.w:xx:m1:test"};
    for (size_t i = 0; i < GB_COUNT(never); i++) {
        desk_press_data(desk, ANNA, 1, str_of(never[i]));
        assert_true(str_is(desk->toast, "This is no longer for sale."));
    }
}

static void a_full_location_says_so(void **state) {
    (void)state;
    choose(ANNA);
    struct desk_message *ways = desk_last(desk, ANNA);
    desk_do(desk, fill_germany, NULL);
    desk_press_data(desk, ANNA, ways->id, desk_button(ways, "Stars")->data);
    assert_true(desk_has(desk->toast, "No places left"));
    desk_press_data(desk, ANNA, ways->id, STR("b.l:de"));
    assert_true(desk_has(desk->toast, "No places left"));
    desk_do(desk, unfill_germany, NULL);
}

static void the_only_location_is_skipped_and_the_way_back_leads_to_the_menu(void **state) {
    (void)state;
    desk_do(desk, hide_germany, NULL);
    desk_say(desk, ANNA, "/buy");
    desk_sees(desk, ANNA, "Holland &lt;&amp;&gt;");
    desk_press(desk, ANNA, "‹ Back to menu");
    desk_sees(desk, ANNA, "Pick a plan");
    desk_press_data(desk, ANNA, desk_last(desk, ANNA)->id, STR("b.l:nl"));
    assert_non_null(desk_button(desk_last(desk, ANNA), "‹ Back to menu"));
}

/* ---- Stars: Telegram's questions ---- */

static void the_question_before_a_payment_waits_behind_nothing(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    struct desk_message *invoice = desk_last(desk, ANNA);
    ask_checkout(ANNA, invoice->payload, 99);
    assert_true(desk_has(desk->checkout.body, "\"ok\":true"));
    assert_int_equal(desk->checkout.queue.n, 0);
    assert_int_equal(desk->checkout.give_up_ms, desk->now_ms + 9 * GB_SECOND_MS);
    assert_int_equal(desk->checkout.again, OUTBOX_RATHER_TWICE);
}

static void what_may_not_be_paid_is_refused_with_a_reason(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    struct str payload = desk_last(desk, ANNA)->payload;
    ask_checkout(ANNA, payload, 98);
    assert_true(desk_has(desk->checkout.body, "The price has changed"));
    ask_checkout(BORIS, payload, 99);
    assert_true(desk_has(desk->checkout.body, "no longer open"));
    ask_checkout(ANNA, STR("nonsense"), 99);
    assert_true(desk_has(desk->checkout.body, "no longer open"));
    pay_stars(ANNA, desk_last(desk, ANNA), "charge-1");
    ask_checkout(ANNA, payload, 99);
    assert_true(desk_has(desk->checkout.body, "paid already"));
}

static void a_payment_told_twice_counts_once(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    struct desk_message *invoice = desk_last(desk, ANNA);
    pay_stars(ANNA, invoice, "charge-1");
    size_t messages = desk_messages(desk, ANNA);
    pay_stars(ANNA, invoice, "charge-1");
    assert_int_equal(desk_messages(desk, ANNA), messages);
}

static void money_for_nothing_we_know_is_told_to_payer_and_owner(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    pay_stars(ANNA, &(struct desk_message){.stars = 5, .payload = STR("zzz")}, "charge-9");
    desk_sees(desk, ANNA, "a person has to look at it");
    desk_sees(desk, OWNER, "Платёж ждёт проверки");
    desk_sees(desk, OWNER, "звёзды за неизвестный счёт");
}

/* ---- my subscriptions ---- */

static void the_list_and_one_subscription_show_what_is_left(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/my");
    desk_sees(desk, ANNA, "Nothing here yet");
    buy_with_stars(ANNA, "charge-1");
    desk_say(desk, ANNA, "/my");
    desk_press(desk, ANNA, "Germany · until 23 December 2026");
    desk_sees(desk, ANNA, "30 days left");
    desk_sees(desk, ANNA, "asking what is left");
    desk_sees(desk, ANNA, "<code>https://de1.example/C/");
    desk->now_ms += GB_MINUTE_MS;
    desk_answer(desk, desk_row(desk, "panel:de1", "read"), ANSWER_DONE, "",
                STR("{\"used_bytes\":1932735283,\"limit_bytes\":53687091200,\"last_seen_ms\":0,"
                    "\"enabled\":true}"));
    desk_sees(desk, ANNA, "48.2 GB of 50 GB left (at 14:01)");
    size_t messages = desk_messages(desk, ANNA);
    desk_press(desk, ANNA, "QR code");
    assert_int_equal(desk_messages(desk, ANNA), messages + 1);
    assert_true(desk_last(desk, ANNA)->png.n > 0);
}

static void fresh_figures_do_not_disturb_another_screen(void **state) {
    (void)state;
    buy_with_stars(ANNA, "charge-1");
    desk_say(desk, ANNA, "/my");
    desk_press(desk, ANNA, "Germany · until");
    desk_press(desk, ANNA, "Menu");
    struct desk_message *menu = desk_last(desk, ANNA);
    unsigned edits = menu->edits;
    desk_answer(desk, desk_row(desk, "panel:de1", "read"), ANSWER_DONE, "",
                STR("{\"used_bytes\":1,\"limit_bytes\":2,\"last_seen_ms\":0,\"enabled\":true}"));
    assert_int_equal(menu->edits, edits);
}

static void a_subscription_not_yet_made_says_so(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    pay_stars(ANNA, desk_last(desk, ANNA), "charge-1");
    desk_say(desk, ANNA, "/my");
    desk_press(desk, ANNA, "Germany · until");
    desk_sees(desk, ANNA, "as soon as your access is ready");
    assert_null(desk_button(desk_last(desk, ANNA), "QR"));
}

static void a_refused_delivery_is_told_to_buyer_and_owner(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    pay_stars(ANNA, desk_last(desk, ANNA), "charge-1");
    desk_answer(desk, desk_row(desk, "panel:de1", "ensure"), ANSWER_REFUSED, "<bad>", STR_NONE);
    desk_sees(desk, ANNA, "could not be made");
    desk_sees(desk, OWNER, "Оплачено, но не выдано");
    desk_sees(desk, OWNER, "&lt;bad&gt;");
}

/* ---- strangers ---- */

static void a_strangers_ids_show_and_change_nothing(void **state) {
    (void)state;
    struct desk_message *invoice = invoice_by_test(ANNA);
    struct str payment = str_sub(desk_button(invoice, "I have paid")->data, 4, 64);
    buy_with_stars(ANNA, "charge-1");
    desk_say(desk, ANNA, "/my");
    struct str sub = str_sub(desk_last(desk, ANNA)->buttons[0].data, 4, 64);
    unsigned edits = invoice->edits;
    desk_say(desk, BORIS, "/start");
    const struct {
        const char *code;
        struct str id;
    } forged[] = {
        {"p.c:", payment}, {"p.x:", payment}, {"p.l:", payment}, {"s.o:", sub}, {"s.q:", sub}};
    size_t rows = desk->row_count;
    for (size_t i = 0; i < GB_COUNT(forged); i++) {
        struct str data =
            arena_printf(desk->memory, "%s" STR_FMT, forged[i].code, STR_ARG(forged[i].id));
        desk_press_data(desk, BORIS, desk_last(desk, BORIS)->id, data);
    }
    assert_int_equal(desk->row_count, rows);
    assert_int_equal(invoice->edits, edits);
    desk_never_saw(desk, BORIS, payment);
    desk_never_saw(desk, BORIS, sub);
    desk_never_saw(desk, BORIS, STR("de1.example"));
}

static void a_stranger_cannot_take_the_invoice_off_its_message(void **state) {
    (void)state;
    struct desk_message *invoice = invoice_by_test(ANNA);
    struct str leave = desk_button(invoice, "Back to menu")->data;
    desk->refuse_next = "other"; /* the message is not in this chat */
    desk_press_data(desk, BORIS, invoice->id, leave);
    desk->now_ms += 31 * GB_MINUTE_MS;
    provider_answers_status(PAY_PENDING);
    assert_true(desk_has(invoice->html, "no longer open"));
}

static void only_admins_see_the_owners_screen(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/admin");
    desk_sees(desk, ANNA, "works with buttons");
    desk_press_data(desk, ANNA, desk_last(desk, ANNA)->id, STR("a"));
    assert_true(desk_has(desk->toast, "out of date"));
    desk_never_saw(desk, ANNA, STR("de1"));
    desk_say(desk, OWNER, "/admin");
    desk_sees(desk, OWNER, "de1 · 🇩🇪 Germany: 0 of 3");
    desk_sees(desk, OWNER, "nl1 · Holland &lt;&amp;&gt;: 0 of ∞");
}

/* ---- old buttons, expired dialogs ---- */

static void old_buttons_work_after_the_dialog_expired(void **state) {
    (void)state;
    choose(ANNA);
    struct desk_message *ways = desk_last(desk, ANNA);
    desk->now_ms += 5 * GB_DAY_MS;
    desk_press_data(desk, ANNA, ways->id, desk_button(ways, "Test")->data);
    desk_sees(desk, ANNA, "Preparing the invoice");
    desk->now_ms += 2 * GB_HOUR_MS; /* the dialog is gone, the invoice arrives in its message */
    struct desk_row *row = desk_row(desk, "pay:test", "create");
    desk_answer(desk, row, ANSWER_DONE, "", provider_says(row->row.about, PAY_PENDING));
    desk_sees(desk, ANNA, "Invoice for");
    assert_int_equal(desk_messages(desk, ANNA), 1);
}

static void unknown_data_is_answered_and_shown_the_menu(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/help");
    const char *const odd[] = {"", "x", "m:1", "b.w:de", "buy_location_7", "s.o:", "++"};
    for (size_t i = 0; i < GB_COUNT(odd); i++) {
        desk_press_data(desk, ANNA, 1, str_of(odd[i]));
        assert_true(str_is(desk->toast, "This button is out of date. Here is the menu."));
        desk_sees(desk, ANNA, "Pick a plan");
    }
    desk_press_data(desk, ANNA, 1, STR("s.o:nosuch"));
    assert_true(desk_has(desk->toast, "Not found"));
}

static void an_inaccessible_message_is_not_edited(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    desk_update(desk, &(struct update){
                          .kind = UPDATE_CALLBACK,
                          .from = {.id = ANNA, .language = STR("en")},
                          .chat_id = ANNA,
                          .chat_type = STR("private"),
                          .message_id = 1,
                          .message_gone = true,
                          .query_id = STR("7"),
                          .data = STR("m.h"),
                      });
    assert_int_equal(desk_messages(desk, ANNA), 2);
    desk_sees(desk, ANNA, "How to connect");
}

/* ---- what becomes of messages ---- */

static void who_blocked_us_hears_nothing_until_they_write(void **state) {
    (void)state;
    choose(ANNA);
    desk_press(desk, ANNA, "Stars");
    struct desk_message *invoice = desk_last(desk, ANNA);
    desk_update(desk, &(struct update){.kind = UPDATE_MEMBERSHIP,
                                       .from = {.id = ANNA},
                                       .chat_id = ANNA,
                                       .chat_type = STR("private"),
                                       .reachable = false});
    size_t messages = desk_messages(desk, ANNA);
    desk_tell(desk, &(struct notice){
                        .kind = NOTICE_MONEY_CREDITED, .user = ANNA, .about = invoice->payload});
    assert_int_equal(desk_messages(desk, ANNA), messages);
    desk_say(desk, ANNA, "/start");
    desk_tell(desk, &(struct notice){
                        .kind = NOTICE_MONEY_CREDITED, .user = ANNA, .about = invoice->payload});
    desk_sees(desk, ANNA, "another payment");
}

static void a_chat_that_is_gone_makes_its_person_unreachable(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    desk->refuse_next = "chat_gone";
    desk_say(desk, ANNA, "/help");
    size_t messages = desk_messages(desk, ANNA);
    desk_tell(desk, &(struct notice){.kind = NOTICE_MONEY_CREDITED, .user = ANNA});
    assert_int_equal(desk_messages(desk, ANNA), messages);
}

static void a_message_that_is_gone_is_sent_anew(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    desk->refuse_next = "send_anew";
    desk_press(desk, ANNA, "Help");
    assert_int_equal(desk_messages(desk, ANNA), 2);
    desk_sees(desk, ANNA, "How to connect");
    assert_non_null(desk_button(desk_last(desk, ANNA), "Back to menu"));
}

static void notices_about_nothing_are_let_go(void **state) {
    (void)state;
    desk_say(desk, ANNA, "/start");
    size_t messages = desk_messages(desk, ANNA);
    for (unsigned kind = 0; kind < NOTICE_COUNT; kind++) {
        bool money = kind == NOTICE_MONEY_IN_REVIEW || kind == NOTICE_MONEY_CREDITED ||
                     kind == NOTICE_ORDER_PAID;
        if (!money) {
            desk_tell(desk, &(struct notice){.kind = (enum notice_kind)kind,
                                             .user = ANNA,
                                             .about = STR("nothing")});
            desk_tell(desk, &(struct notice){.kind = (enum notice_kind)kind, .about = STR("x")});
        }
    }
    assert_int_equal(desk_messages(desk, ANNA), messages);
}

static void tell_backup(int64_t bytes, bool encrypted) {
    struct backup made = {STR("gigabridge-a-20270115-080000.gbk"), 123, bytes, encrypted,
                          STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")};
    desk_tell(desk, &(struct notice){.kind = NOTICE_BACKUP_MADE,
                                     .about = made.name,
                                     .extra = backup_write(desk->memory, &made)});
}

static void a_backup_goes_to_the_admins_only_if_nobody_else_can_read_it(void **state) {
    (void)state;
    desk_say(desk, OWNER, "/start");
    desk->config.backup.send = true;
    tell_backup(5 * 1024 * 1024, false);
    assert_int_equal(desk_last(desk, OWNER)->document.n, 0);
    desk_sees(desk, OWNER, "gigabridge-a-20270115-080000.gbk");
    desk_sees(desk, OWNER, "[backup] password");

    desk->config.backup.password = (struct secret){STR("secret words")};
    tell_backup(5 * 1024 * 1024, false); /* made before there was one */
    assert_int_equal(desk_last(desk, OWNER)->document.n, 0);
    tell_backup(5 * 1024 * 1024, true);
    assert_true(str_is(desk_last(desk, OWNER)->document, "gigabridge-a-20270115-080000.gbk"));
    desk_sees(desk, OWNER, "0123456789abcdef</code>");
    desk_sees(desk, OWNER, "123");
    desk_never_saw(desk, OWNER, STR("0123456789abcdef0"));

    tell_backup(INT64_C(49) * 1024 * 1024 + 1, true);
    assert_int_equal(desk_last(desk, OWNER)->document.n, 0);
    desk_sees(desk, OWNER, "49");

    size_t messages = desk_messages(desk, OWNER);
    desk->config.backup.send = false;
    tell_backup(5 * 1024 * 1024, true);
    assert_int_equal(desk_messages(desk, OWNER), messages);
    desk_tell(desk, &(struct notice){.kind = NOTICE_BACKUP_FAILED, .extra = STR("no <space>")});
    desk_sees(desk, OWNER, "no &lt;space&gt;");
}

static void send_commands(struct work *work, void *ctx) {
    size_t *count = ctx;
    bot_commands(work);
    for (const struct outbox_node *n = work->noise; n != NULL; n = n->next) {
        assert_true(str_is(n->row.kind, "setMyCommands"));
        (*count)++;
    }
}

static void commands_are_listed_for_each_language(void **state) {
    (void)state;
    size_t count = 0;
    desk_do(desk, send_commands, &count);
    assert_int_equal(count, 3);
}

/* ---- anything at all ---- */

static uint32_t chance(uint32_t *seed, uint32_t bound) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % bound;
}

/* A button somebody has seen, a forged one with somebody's id, or noise. */
static struct str any_data(uint32_t *seed) {
    static const char *const codes[] = {"m",   "m.h", "m.l", "m.s", "b",   "b.l", "b.t", "b.w",
                                        "p.c", "p.x", "p.l", "s",   "s.o", "s.q", "a",   "zz"};
    struct desk_message *message = &desk->messages[chance(seed, (uint32_t)desk->message_count)];
    if (message->button_count > 0 && chance(seed, 3) > 0) {
        return message->buttons[chance(seed, (uint32_t)message->button_count)].data;
    }
    struct buf data;
    buf_init(&data, desk->memory, 64);
    buf_add_text(&data, codes[chance(seed, GB_COUNT(codes))]);
    for (uint32_t i = chance(seed, 4); i > 0; i--) {
        static const char *const parts[] = {"de", "nl", "m1", "m3", "test", "stars", "en", "\xff"};
        buf_add_char(&data, ':');
        buf_add_text(&data, parts[chance(seed, GB_COUNT(parts))]);
    }
    return buf_str(&data);
}

static void answer_a_lane(uint32_t *seed) {
    for (size_t i = 0; i < desk->row_count; i++) {
        struct desk_row *row = &desk->rows[i];
        if (row->answered || chance(seed, 3) == 0) {
            continue;
        }
        if (str_starts(row->row.lane, STR("pay:"))) {
            enum pay_status status = chance(seed, 3) == 0 ? PAY_PAID : PAY_PENDING;
            struct str external =
                arena_printf(desk->memory, "tp_" STR_FMT, STR_ARG(row->row.about));
            struct str said = pay_write_said(
                desk->memory,
                &(struct pay_fact){.external = external,
                                   .payment = row->row.about,
                                   .status = str_is(row->row.kind, "create") ? PAY_PENDING : status,
                                   .paid_minor = chance(seed, 8) == 0 ? 1 : 39950,
                                   .currency = STR("RUB"),
                                   .test = true,
                                   .url = STR("http://127.0.0.1:1/p")});
            desk_answer(desk, row, ANSWER_DONE, "", said);
        } else {
            bool refused = chance(seed, 10) == 0;
            desk_answer(desk, row, refused ? ANSWER_REFUSED : ANSWER_DONE, refused ? "no" : "",
                        STR("{\"used_bytes\":1,\"limit_bytes\":2,\"last_seen_ms\":3,"
                            "\"enabled\":true}"));
        }
        return;
    }
}

static void random_presses_break_nothing_and_leak_nothing(void **state) {
    (void)state;
    static const int64_t people[] = {ANNA, BORIS, 303};
    uint32_t seed = 20261123;
    desk_say(desk, ANNA, "/start");
    for (int i = 0; i < 1500 && desk->message_count < DESK_MESSAGES_MAX - 32; i++) {
        int64_t user = people[chance(&seed, GB_COUNT(people))];
        uint32_t what = chance(&seed, 10);
        if (what == 0) {
            desk_say(desk, user, chance(&seed, 2) == 0 ? "/start" : "hello");
        } else if (what == 1) {
            struct desk_message *message = desk_last(desk, user);
            if (message != NULL && message->invoice) {
                struct str charge = arena_printf(desk->memory, "c%d", i);
                pay_stars(user, message, arena_cstr(desk->memory, charge));
            }
        } else if (what <= 4) {
            answer_a_lane(&seed);
        } else {
            struct desk_message *own = desk_last(desk, user);
            bool plain = own != NULL && !own->invoice && own->png.n == 0;
            struct str data = any_data(&seed);
            if (plain && data.n > 0) {
                desk_press_data(desk, user, own->id, data);
            }
        }
        desk->now_ms += chance(&seed, 120) * GB_SECOND_MS;
    }
    for (size_t i = 0; i < desk->message_count; i++) { /* links were shown to their owners only */
        struct str html = desk->messages[i].html;
        size_t at = str_find_str(html, STR("/C/"));
        if (at < html.n) {
            struct str uuid = str_sub(html, at + 3, 36);
            for (size_t p = 0; p < GB_COUNT(people); p++) {
                if (people[p] != desk->messages[i].chat) {
                    desk_never_saw(desk, people[p], uuid);
                }
            }
        }
    }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(start_shows_the_menu_in_the_persons_language),
        T(a_press_changes_its_own_message_and_is_answered),
        T(who_writes_too_fast_is_warned_once_then_not_heard_and_the_owner_is_told),
        T(presses_have_their_own_limit_and_money_has_none),
        T(too_many_new_invoices_are_refused_and_an_open_one_is_shown),
        T(the_language_is_chosen_and_kept),
        T(any_words_are_shown_the_buttons),
        T(groups_bots_and_unknown_updates_are_passed_over),
        T(the_first_button_leads_to_the_invoice),
        T(stars_are_paid_and_the_key_comes_with_its_picture),
        T(the_picture_stays_when_its_buttons_are_pressed),
        T(a_test_invoice_lives_in_one_message),
        T(payment_news_come_as_a_message_when_the_invoice_is_left),
        T(an_invoice_further_up_loses_its_buttons_and_the_news_are_seen),
        T(a_canceled_invoice_says_so_and_offers_a_new_one),
        T(an_expired_invoice_says_so_where_it_is_shown),
        T(an_invoice_that_nobody_looks_at_expires_without_a_word),
        T(an_invoice_that_cannot_be_made_is_told),
        T(a_double_press_makes_one_invoice),
        T(later_the_same_invoice_in_stars_is_shown_again),
        T(buttons_of_what_is_no_longer_for_sale_explain_themselves),
        T(a_full_location_says_so),
        T(the_only_location_is_skipped_and_the_way_back_leads_to_the_menu),
        T(the_question_before_a_payment_waits_behind_nothing),
        T(what_may_not_be_paid_is_refused_with_a_reason),
        T(a_payment_told_twice_counts_once),
        T(money_for_nothing_we_know_is_told_to_payer_and_owner),
        T(the_list_and_one_subscription_show_what_is_left),
        T(fresh_figures_do_not_disturb_another_screen),
        T(a_subscription_not_yet_made_says_so),
        T(a_refused_delivery_is_told_to_buyer_and_owner),
        T(a_strangers_ids_show_and_change_nothing),
        T(a_stranger_cannot_take_the_invoice_off_its_message),
        T(only_admins_see_the_owners_screen),
        T(old_buttons_work_after_the_dialog_expired),
        T(unknown_data_is_answered_and_shown_the_menu),
        T(an_inaccessible_message_is_not_edited),
        T(who_blocked_us_hears_nothing_until_they_write),
        T(a_chat_that_is_gone_makes_its_person_unreachable),
        T(a_message_that_is_gone_is_sent_anew),
        T(notices_about_nothing_are_let_go),
        T(a_backup_goes_to_the_admins_only_if_nobody_else_can_read_it),
        T(commands_are_listed_for_each_language),
        T(random_presses_break_nothing_and_leak_nothing),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}

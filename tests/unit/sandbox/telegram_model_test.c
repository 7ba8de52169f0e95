/* telegram_model_test.c: the Bot API's doors, messages, edits, queries, payments in Stars. */
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KEYBOARD                                                                                   \
    "\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Buy\",\"callback_data\":\"buy\"}]]}"
#define TOO_OLD "Bad Request: query is too old and response timeout expired or query ID is invalid"
#define INVOICE                                                                                    \
    "{\"chat_id\":%" PRId64 ",\"title\":\"30 days\",\"description\":\"d\",\"payload\":\"p-1\","    \
    "\"currency\":\"XTR\",\"prices\":[{\"label\":\"x\",\"amount\":150}]}"

/* ---- doors */

static struct str door(struct play *play, const char *path, int *ret_status) {
    struct http_incoming request = {.method = HTTP_GET, .method_name = "GET", .path = str_of(path)};
    struct visit visit = {1, &request, play->now, play->arena};
    struct http_response response;
    assert_int_equal(telegram_handle(play->telegram, &visit, &response), MODEL_ANSWERS);
    *ret_status = response.status;
    return response.body;
}

static void tokens_and_methods_are_told_apart(void **state) {
    struct play *play = *state;
    static const struct {
        const char *path;
        int status;
        const char *body;
    } rows[] = {
        {"/", 404, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}"},
        {"/botx/getMe", 401,
         "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized: invalid token "
         "specified\"}"},
        {"/bot123:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/getMe", 401,
         "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}"},
        {"/bot" PLAY_TOKEN "/getYou", 404,
         "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found: method not found\"}"},
    };
    for (size_t i = 0; i < GB_COUNT(rows); i++) {
        int status;
        assert_str(door(play, rows[i].path, &status), rows[i].body);
        assert_int_equal(status, rows[i].status);
    }
    int status;
    (void)door(play, "/bot" PLAY_TOKEN "/GETME", &status);
    assert_int_equal(status, 200);
    struct str answer =
        door(play, "/bot1234567890%3ASANDBOXsandboxSANDBOXsandboxSANDBOX/getMe", &status);
    assert_int_equal(status, 200);
    assert_true(str_find_str(answer, STR("\"id\":1234567890,")) < answer.n);
}

static void methods_without_effect_say_true_and_others_say_they_are_not_played(void **state) {
    struct play *play = *state;
    assert_true(json_bool_or(play_bot(play, "setMyName", "{\"name\":\"x\"}"), "result", false));
    assert_str(play_bot_refusal(play, "createForumTopic", "{\"chat_id\":1,\"name\":\"x\"}"),
               "Not Implemented: createForumTopic is not played by the sandbox");
    assert_int_equal(play->response.status, 501);
}

/* ---- sending */

static void a_message_arrives_as_text_with_entities(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    const struct json *answer =
        play_bot(play, "sendMessage",
                 play_format(play,
                             "{\"chat_id\":%" PRId64 ",\"text\":\"a <b>c</b>\",\"parse_mode\":"
                             "\"HTML\"," KEYBOARD "}",
                             anna->id)
                     .p);
    assert_str(json_str_or(answer, "result.text", STR_NONE), "a c");
    assert_str(json_str_or(answer, "result.entities.0.type", STR_NONE), "bold");
    assert_str(
        json_str_or(answer, "result.reply_markup.inline_keyboard.0.0.callback_data", STR_NONE),
        "buy");
    assert_str(json_str_or(answer, "result.chat.first_name", STR_NONE), "Anna");
    assert_true(json_bool_or(answer, "result.from.is_bot", false));
    const struct tg_message *message =
        tg_message_find(anna, json_i64_or(answer, "result.message_id", 0));
    assert_str(message->text, "a c");
    assert_str(message->html, "a <b>c</b>");
    assert_int_equal(message->revision, anna->revision);
}

static void who_cannot_be_written_to_is_named(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_user(play, "anna");
    struct str send = play_format(play, "{\"chat_id\":%" PRId64 ",\"text\":\"x\"}", anna->id);
    assert_str(play_bot_refusal(play, "sendMessage", "{\"chat_id\":5,\"text\":\"x\"}"),
               "Bad Request: chat not found");
    assert_str(play_bot_refusal(play, "sendMessage", send.p),
               "Forbidden: bot can't initiate conversation with a user");
    (void)play_started(play, "anna");
    assert_true(telegram_block(play->telegram, &play->now, play->arena, anna, true) > 0);
    assert_str(play_bot_refusal(play, "sendMessage", send.p),
               "Forbidden: bot was blocked by the user");
    int64_t id;
    assert_int_equal(telegram_say(play->telegram, &play->now, play->arena, anna, STR("x"), &id),
                     GB_REFUSED);
    const struct json *updates = play_updates(play);
    assert_str(json_str_or(updates, "0.my_chat_member.new_chat_member.status", STR_NONE), "kicked");
}

static void a_picture_is_kept_and_can_be_sent_again_by_its_id(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\x9a\0\0\1\x9b rest";
    struct buf body;
    buf_init(&body, play->arena, 4096);
    buf_printf(&body,
               "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n%" PRId64
               "\r\n--B\r\nContent-Disposition: form-data; name=\"photo\"; "
               "filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n",
               anna->id);
    buf_add(&body, STR(png));
    buf_add_text(&body, "\r\n--B--\r\n");
    struct http_incoming request = {.method = HTTP_POST,
                                    .method_name = "POST",
                                    .path = STR("/bot" PLAY_TOKEN "/sendPhoto"),
                                    .content_type = STR("multipart/form-data; boundary=B"),
                                    .body = buf_str(&body)};
    struct visit visit = {1, &request, play->now, play->arena};
    assert_int_equal(telegram_handle(play->telegram, &visit, &play->response), MODEL_ANSWERS);
    const struct json *answer;
    assert_int_equal(json_parse(play->arena, play->response.body, &answer, NULL), GB_OK);
    assert_int_equal(json_i64_or(answer, "result.photo.0.width", 0), 410);
    assert_int_equal(json_i64_or(answer, "result.photo.0.height", 0), 411);
    const struct tg_message *message =
        tg_message_find(anna, json_i64_or(answer, "result.message_id", 0));
    assert_int_equal(message->picture->bytes.n, sizeof png - 1);
    assert_memory_equal(message->picture->bytes.p, png, sizeof png - 1);
    struct str file_id = json_str_or(answer, "result.photo.0.file_id", STR_NONE);
    (void)play_bot(play, "sendPhoto",
                   play_format(play, "{\"chat_id\":%" PRId64 ",\"photo\":\"" STR_FMT "\"}",
                               anna->id, STR_ARG(file_id))
                       .p);
    assert_int_equal(play->response.status, 200);
    assert_str(play_bot_refusal(
                   play, "sendPhoto",
                   play_format(play, "{\"chat_id\":%" PRId64 ",\"photo\":\"abc\"}", anna->id).p),
               "Bad Request: wrong file identifier/HTTP URL specified");
}

/* ---- editing */

static int64_t sent(struct play *play, const struct tg_user *user) {
    const struct json *answer =
        play_bot(play, "sendMessage",
                 play_format(play,
                             "{\"chat_id\":%" PRId64 ",\"text\":\"a <b>c</b>\",\"parse_mode\":"
                             "\"HTML\"," KEYBOARD "}",
                             user->id)
                     .p);
    return json_i64_or(answer, "result.message_id", 0);
}

static struct str edit(struct play *play, const struct tg_user *user, int64_t message_id,
                       const char *rest) {
    return play_bot_refusal(play, "editMessageText",
                            play_format(play,
                                        "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64
                                        ",\"parse_mode\":\"HTML\",%s}",
                                        user->id, message_id, rest)
                                .p);
}

static void an_edit_changes_text_and_drops_a_keyboard_left_out(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    int64_t id = sent(play, anna);
    assert_str(edit(play, anna, id, "\"text\":\"new\""), "");
    const struct tg_message *message = tg_message_find(anna, id);
    assert_str(message->text, "new");
    assert_int_equal(message->markup.n, 0);
    assert_int_equal(message->edits, 1);
}

static void the_same_again_is_not_modified(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    int64_t id = sent(play, anna);
    assert_true(str_starts(edit(play, anna, id, "\"text\":\" a <strong>c</strong>\"," KEYBOARD),
                           STR("Bad Request: message is not modified: specified new")));
    assert_str(edit(play, anna, id, "\"text\":\"a c\"," KEYBOARD), ""); /* not bold any more */
}

static void only_messages_of_the_bot_that_are_there_can_be_edited(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    int64_t id = sent(play, anna);
    int64_t hers = anna->messages[0]->id;
    assert_str(edit(play, anna, hers, "\"text\":\"x\""), "Bad Request: message can't be edited");
    assert_str(edit(play, anna, 999, "\"text\":\"x\""), "Bad Request: message to edit not found");
    struct str one =
        play_format(play, "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64 "}", anna->id, id);
    assert_str(play_bot_refusal(play, "deleteMessage", one.p), "");
    assert_str(play_bot_refusal(play, "deleteMessage", one.p),
               "Bad Request: message to delete not found");
    assert_str(edit(play, anna, id, "\"text\":\"x\""), "Bad Request: message to edit not found");
    assert_true(tg_message_find(anna, id)->deleted);
}

static void old_messages_cannot_be_deleted(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    int64_t id = sent(play, anna);
    play_pass(play, 49 * GB_HOUR_MS);
    struct str one =
        play_format(play, "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64 "}", anna->id, id);
    assert_str(play_bot_refusal(play, "deleteMessage", one.p),
               "Bad Request: message can't be deleted for everyone");
}

static void an_invoice_has_no_text_to_edit(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    const struct json *answer =
        play_bot(play, "sendInvoice", play_format(play, INVOICE, anna->id).p);
    assert_str(edit(play, anna, json_i64_or(answer, "result.message_id", 0), "\"text\":\"x\""),
               "Bad Request: there is no text in the message to edit");
}

static void a_pay_button_belongs_to_an_invoice(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    int64_t id = sent(play, anna);
    assert_str(
        play_bot_refusal(play, "editMessageReplyMarkup",
                         play_format(play,
                                     "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64
                                     ",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"a\","
                                     "\"pay\":true}]]}}",
                                     anna->id, id)
                             .p),
        "Bad Request: BUTTON_TYPE_INVALID");
}

/* ---- queries */

static void a_press_is_answered_once_and_not_late(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    const struct tg_message *message = tg_message_find(anna, sent(play, anna));
    assert_true(telegram_press(play->telegram, &play->now, play->arena, anna, message, STR("buy")) >
                0);
    const struct json *answer = play_bot(play, "getUpdates", "{}");
    const struct json *query = json_at(answer, "result.0.callback_query");
    assert_str(json_str_or(query, "data", STR_NONE), "buy");
    assert_int_equal(json_i64_or(query, "message.message_id", 0), message->id);
    struct str reply = play_format(play, "{\"callback_query_id\":\"" STR_FMT "\",\"text\":\"ok\"}",
                                   STR_ARG(json_str_or(query, "id", STR_NONE)));
    assert_str(play_bot_refusal(play, "answerCallbackQuery", reply.p), "");
    assert_int_equal(anna->alert_count, 1);
    assert_str(anna->alerts[0].text, "ok");
    assert_str(play_bot_refusal(play, "answerCallbackQuery", reply.p), TOO_OLD);
    (void)telegram_press(play->telegram, &play->now, play->arena, anna, message, STR("buy"));
    answer = play_bot(play, "getUpdates", "{}");
    reply = play_format(
        play, "{\"callback_query_id\":\"" STR_FMT "\"}",
        STR_ARG(json_str_or(answer, "result.1.callback_query.id",
                            json_str_or(answer, "result.0.callback_query.id", STR_NONE))));
    play_pass(play, 16 * GB_SECOND_MS);
    assert_str(play_bot_refusal(play, "answerCallbackQuery", reply.p), TOO_OLD);
    assert_str(play_bot_refusal(play, "answerCallbackQuery", "{\"callback_query_id\":\"7\"}"),
               TOO_OLD);
}

/* ---- Stars */

static struct tg_message *invoice_of(struct play *play, struct tg_user *user) {
    const struct json *answer =
        play_bot(play, "sendInvoice", play_format(play, INVOICE, user->id).p);
    assert_int_equal(play->response.status, 200);
    return tg_message_find(user, json_i64_or(answer, "result.message_id", 0));
}

static int64_t buy(struct play *play, struct tg_user *user, struct tg_message *message) {
    int64_t query = 0;
    assert_int_equal(telegram_buy(play->telegram, &play->now, play->arena, user, message, &query),
                     GB_OK);
    return query;
}

static struct str checkout(struct play *play, int64_t query, const char *rest) {
    return play_bot_refusal(
        play, "answerPreCheckoutQuery",
        play_format(play, "{\"pre_checkout_query_id\":\"%" PRId64 "\",%s}", query, rest).p);
}

static void a_purchase_is_asked_then_charged_once(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct tg_message *invoice = invoice_of(play, anna);
    struct str text;
    int64_t query = buy(play, anna, invoice);
    assert_int_equal(telegram_purchase(play->telegram, play->now, query, &text), PURCHASE_ASKED);
    assert_str(checkout(play, query, "\"ok\":true"), "");
    assert_int_equal(telegram_purchase(play->telegram, play->now, query, &text), PURCHASE_PAID);
    assert_true(str_starts(text, STR("stx")));
    assert_str(checkout(play, query, "\"ok\":true"), TOO_OLD);
    int64_t ignored;
    assert_int_equal(telegram_buy(play->telegram, &play->now, play->arena, anna, invoice, &ignored),
                     GB_EXISTS);
    const struct json *updates = play_updates(play);
    assert_str(json_str_or(updates, "0.pre_checkout_query.invoice_payload", STR_NONE), "p-1");
    assert_int_equal(json_i64_or(updates, "1.message.successful_payment.total_amount", 0), 150);
    assert_true(str_equal(
        json_str_or(updates, "1.message.successful_payment.telegram_payment_charge_id", STR_NONE),
        text));
}

static void two_questions_about_one_invoice_charge_once(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct tg_message *invoice = invoice_of(play, anna);
    int64_t first = buy(play, anna, invoice), second = buy(play, anna, invoice);
    assert_str(checkout(play, first, "\"ok\":true"), "");
    assert_str(checkout(play, second, "\"ok\":true"), "");
    struct str text;
    assert_int_equal(telegram_purchase(play->telegram, play->now, second, &text), PURCHASE_REFUSED);
    assert_int_equal(json_i64_or(play_bot(play, "getMyStarBalance", "{}"), "result.amount", 0),
                     150);
}

static void a_purchase_ends_after_ten_seconds_or_with_a_refusal(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct tg_message *invoice = invoice_of(play, anna);
    struct str text;
    int64_t query = buy(play, anna, invoice);
    play_pass(play, 10 * GB_SECOND_MS + 1);
    assert_int_equal(telegram_purchase(play->telegram, play->now, query, &text), PURCHASE_TOO_LATE);
    assert_str(checkout(play, query, "\"ok\":true"), TOO_OLD);
    query = buy(play, anna, invoice);
    assert_str(checkout(play, query, "\"ok\":false,\"error_message\":\"sold out\""), "");
    assert_int_equal(telegram_purchase(play->telegram, play->now, query, &text), PURCHASE_REFUSED);
    assert_str(text, "sold out");
    assert_false(invoice->invoice.paid);
}

static void a_refund_is_made_once_and_listed_beside_the_payment(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct str charge;
    int64_t query = buy(play, anna, invoice_of(play, anna));
    (void)checkout(play, query, "\"ok\":true");
    (void)telegram_purchase(play->telegram, play->now, query, &charge);
    struct str refund = play_format(
        play, "{\"user_id\":%" PRId64 ",\"telegram_payment_charge_id\":\"" STR_FMT "\"}", anna->id,
        STR_ARG(charge));
    assert_str(play_bot_refusal(play, "refundStarPayment", refund.p), "");
    assert_str(play_bot_refusal(play, "refundStarPayment", refund.p),
               "Bad Request: CHARGE_ALREADY_REFUNDED");
    const struct json *list = play_bot(play, "getStarTransactions", "{}");
    assert_int_equal(json_size(json_at(list, "result.transactions")), 2);
    assert_true(str_equal(json_str_or(list, "result.transactions.0.id", STR_NONE), charge));
    assert_true(str_equal(json_str_or(list, "result.transactions.1.id", STR_NONE), charge));
    assert_str(json_str_or(list, "result.transactions.0.source.invoice_payload", STR_NONE), "p-1");
    assert_str(json_str_or(list, "result.transactions.1.receiver.type", STR_NONE), "user");
    list = play_bot(play, "getStarTransactions", "{\"offset\":1,\"limit\":1}");
    assert_int_equal(json_size(json_at(list, "result.transactions")), 1);
}

/* ---- faults */

static void plan(struct play *play, const char *method, enum fault_what what) {
    assert_int_equal(fault_plan_add(&play->faults, &(struct fault){.where = FAULT_TELEGRAM,
                                                                   .method = str_of(method),
                                                                   .what = what,
                                                                   .count = 1,
                                                                   .retry_after_s = 7,
                                                                   .delay_ms = 50}),
                     GB_OK);
}

static void planned_faults_hit_the_next_call_only(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct str send = play_format(play, "{\"chat_id\":%" PRId64 ",\"text\":\"x\"}", anna->id);
    plan(play, "SENDMESSAGE", FAULT_429);
    const struct json *answer = play_bot(play, "sendMessage", send.p);
    assert_int_equal(play->response.status, 429);
    assert_int_equal(json_i64_or(answer, "parameters.retry_after", 0), 7);
    assert_str(play_header(play, "retry-after"), "7");
    plan(play, "", FAULT_403_BLOCKED);
    assert_str(play_bot_refusal(play, "sendMessage", send.p),
               "Forbidden: bot was blocked by the user");
    assert_str(play_bot_refusal(play, "sendMessage", send.p), "");
}

static void a_lost_answer_leaves_the_message_and_a_drop_does_not(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct str send = play_format(play, "{\"chat_id\":%" PRId64 ",\"text\":\"x\"}", anna->id);
    plan(play, "sendMessage", FAULT_LOSE_ANSWER);
    (void)play_bot(play, "sendMessage", send.p);
    assert_true(play->response.drop);
    assert_int_equal(anna->count, 2);
    plan(play, "sendMessage", FAULT_DROP);
    (void)play_bot(play, "sendMessage", send.p);
    assert_true(play->response.drop);
    assert_int_equal(anna->count, 2);
}

static void slow_and_hung_calls_are_held(void **state) {
    struct play *play = *state;
    uint64_t ticket;
    struct http_response response;
    plan(play, "getMe", FAULT_SLOW);
    plan(play, "getMe", FAULT_HANG);
    (void)play_bot(play, "getMe", "{}");
    assert_int_equal(play->verdict, MODEL_HOLDS);
    uint64_t slow = play->ticket;
    (void)play_bot(play, "getMe", "{}");
    uint64_t hung = play->ticket;
    assert_int_equal(telegram_next_ms(play->telegram), play->now.mono_ms + 50);
    play_pass(play, 50);
    assert_true(telegram_next_answer(play->telegram, play->now, play->arena, &ticket, &response));
    assert_int_equal(ticket, slow);
    assert_int_equal(response.status, 200);
    play_pass(play, GB_HOUR_MS);
    assert_false(telegram_next_answer(play->telegram, play->now, play->arena, &ticket, &response));
    telegram_release(play->telegram);
    assert_true(telegram_next_answer(play->telegram, play->now, play->arena, &ticket, &response));
    assert_int_equal(ticket, hung);
    assert_true(response.drop);
}

static void the_oldest_messages_are_forgotten(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    struct str send = play_format(play, "{\"chat_id\":%" PRId64 ",\"text\":\"x\"}", anna->id);
    int64_t first = anna->messages[0]->id;
    for (int i = 0; i < TG_MESSAGES_MAX + 20; i++) {
        (void)play_bot(play, "sendMessage", send.p);
    }
    assert_int_equal(anna->count, TG_MESSAGES_MAX);
    assert_null(tg_message_find(anna, first));
}

static void users_are_found_by_id_and_name(void **state) {
    struct play *play = *state;
    for (int64_t id = 50; id > 0; id--) {
        assert_non_null(tg_user_new(play->telegram, id * 7, STR_NONE));
    }
    for (int64_t id = 1; id <= 400; id++) {
        struct tg_user *user = tg_user_by_id(play->telegram, id);
        assert_true((user != NULL) == (id % 7 == 0 && id <= 350));
        assert_true(user == NULL || user->id == id);
    }
    struct tg_user *bob = play_user(play, "bob");
    assert_ptr_equal(tg_user_by_name(play->telegram, STR("bob")), bob);
    assert_ptr_equal(tg_user_by_id(play->telegram, bob->id), bob);
    assert_str(bob->first_name, "Bob");
    assert_null(tg_user_by_name(play->telegram, STR_NONE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(tokens_and_methods_are_told_apart),
        TEST(methods_without_effect_say_true_and_others_say_they_are_not_played),
        TEST(a_message_arrives_as_text_with_entities),
        TEST(who_cannot_be_written_to_is_named),
        TEST(a_picture_is_kept_and_can_be_sent_again_by_its_id),
        TEST(an_edit_changes_text_and_drops_a_keyboard_left_out),
        TEST(the_same_again_is_not_modified),
        TEST(only_messages_of_the_bot_that_are_there_can_be_edited),
        TEST(old_messages_cannot_be_deleted),
        TEST(an_invoice_has_no_text_to_edit),
        TEST(a_pay_button_belongs_to_an_invoice),
        TEST(a_press_is_answered_once_and_not_late),
        TEST(a_purchase_is_asked_then_charged_once),
        TEST(two_questions_about_one_invoice_charge_once),
        TEST(a_purchase_ends_after_ten_seconds_or_with_a_refusal),
        TEST(a_refund_is_made_once_and_listed_beside_the_payment),
        TEST(planned_faults_hit_the_next_call_only),
        TEST(a_lost_answer_leaves_the_message_and_a_drop_does_not),
        TEST(slow_and_hung_calls_are_held),
        TEST(the_oldest_messages_are_forgotten),
        TEST(users_are_found_by_id_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Webhooks as the real server has them: setting, bringing, trying again. */
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define URL "http://127.0.0.1:18443/hook"

static void set_webhook(struct play *play, int connections) {
    play_pass(play, 1000);
    struct str body = play_format(
        play, "{\"url\":\"" URL "\",\"secret_token\":\"s3cret\",\"max_connections\":%d}",
        connections);
    const struct json *answer = play_bot(play, "setWebhook", body.p);
    assert_true(json_bool_or(answer, "ok", false));
}

static int64_t say(struct play *play, const char *name) {
    int64_t id = 0;
    assert_int_equal(telegram_say(play->telegram, &play->now, play->arena, play_user(play, name),
                                  STR("hello"), &id),
                     GB_OK);
    return id;
}

/* The id of the update that is brought next; 0: none. */
static int64_t brought(struct play *play) {
    struct http_request request;
    uint64_t ticket;
    if (!telegram_next_delivery(play->telegram, play->now, play->arena, &request, &ticket)) {
        return 0;
    }
    assert_int_equal(request.method, HTTP_POST);
    assert_str(request.url, URL);
    assert_str(request.content_type, "application/json");
    assert_str(request.headers[0].name, "X-Telegram-Bot-Api-Secret-Token");
    assert_str(request.headers[0].value, "s3cret");
    const struct json *update;
    assert_int_equal(json_parse(play->arena, request.body, &update, NULL), GB_OK);
    assert_int_equal(json_i64_or(update, "update_id", 0), ticket);
    return (int64_t)ticket;
}

static void answered(struct play *play, int64_t id, int status) {
    struct http_reply reply = {.outcome = status > 0 ? HTTP_REPLIED : HTTP_UNKNOWN,
                               .status = status};
    telegram_delivered(play->telegram, play->now, play->arena, (uint64_t)id, &reply);
}

static struct str info(struct play *play, const char *member) {
    const struct json *answer = play_bot(play, "getWebhookInfo", "{}");
    const struct json *value = json_at(json_at(answer, "result"), member);
    return value != NULL ? json_text(play->arena, value) : STR_NONE;
}

/* ---- setting */

static void webhook_is_set_and_deleted_in_the_servers_words(void **state) {
    struct play *play = *state;
    const char *set = "{\"url\":\"" URL "\"}";
    assert_str(info(play, "url"), "\"\"");
    assert_str(play_bot_refusal(play, "setWebhook", set), "Webhook was set");
    assert_str(play_bot_refusal(play, "setWebhook", set), "Too Many Requests: retry after 1");
    play_pass(play, 1000);
    assert_str(play_bot_refusal(play, "setWebhook", set), "Webhook is already set");
    assert_str(info(play, "url"), "\"" URL "\"");
    assert_str(info(play, "max_connections"), "40");
    assert_str(play_bot_refusal(play, "deleteWebhook", "{}"), "Webhook was deleted");
    assert_str(play_bot_refusal(play, "deleteWebhook", "{}"), "Webhook is already deleted");
    play_pass(play, 1000);
    assert_str(play_bot_refusal(play, "setWebhook", set), "Webhook was set");
    assert_str(play_bot_refusal(play, "setWebhook", "{\"url\":\"\"}"), "Webhook was deleted");
    assert_str(info(play, "url"), "\"\"");
}

static void url_that_telegram_could_not_call_is_refused(void **state) {
    static const struct {
        const char *url, *why;
    } urls[] = {
        {"http://shop.example/", "Bad Request: bad webhook: An HTTPS URL must be provided for "
                                 "webhook"},
        {"http://127.0.0.1.shop.example/", "Bad Request: bad webhook: An HTTPS URL must be "
                                           "provided for webhook"},
        {"https://shop.example:8080/", "Bad Request: bad webhook: Webhook can be set up only on "
                                       "ports 80, 88, 443 or 8443"},
    };
    struct play *play = *state;
    for (size_t i = 0; i < GB_COUNT(urls); i++) {
        struct str body = play_format(play, "{\"url\":\"%s\"}", urls[i].url);
        assert_str(play_bot_refusal(play, "setWebhook", body.p), urls[i].why);
    }
    assert_str(info(play, "url"), "\"\"");
}

static void poll_and_webhook_exclude_each_other(void **state) {
    struct play *play = *state;
    (void)play_bot(play, "getUpdates", "{\"timeout\":50}");
    assert_int_equal(play->verdict, MODEL_HOLDS);
    uint64_t polling = play->ticket, ticket;
    set_webhook(play, 40);
    struct http_response response;
    assert_true(telegram_next_answer(play->telegram, play->now, play->arena, &ticket, &response));
    assert_int_equal(ticket, polling);
    assert_int_equal(response.status, 409);
    assert_true(str_find_str(response.body, STR("terminated by setWebhook request")) <
                response.body.n);
    assert_str(play_bot_refusal(play, "getUpdates", "{}"),
               "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook "
               "to delete the webhook first");
    (void)play_bot(play, "deleteWebhook", "{}");
    int64_t id = say(play, "anna");
    assert_int_equal(brought(play), 0);
    const struct json *updates = play_updates(play);
    assert_int_equal(json_i64_or(updates, "0.update_id", 0), id);
}

static void dropping_what_waits_is_done_when_asked_for(void **state) {
    struct play *play = *state;
    (void)say(play, "anna");
    assert_str(info(play, "pending_update_count"), "1");
    (void)play_bot(play, "setWebhook", "{\"url\":\"" URL "\",\"drop_pending_updates\":true}");
    assert_str(info(play, "pending_update_count"), "0");
}

/* ---- bringing */

static void updates_of_one_person_come_in_order_one_at_a_time(void **state) {
    struct play *play = *state;
    set_webhook(play, 40);
    int64_t first = say(play, "anna"), second = say(play, "anna"), other = say(play, "boris");
    assert_int_equal(brought(play), first);
    assert_int_equal(brought(play), other);
    assert_int_equal(brought(play), 0);
    answered(play, first, 200);
    assert_int_equal(brought(play), second);
    assert_int_equal(brought(play), 0);
    answered(play, second, 204);
    answered(play, other, 200);
    assert_str(info(play, "pending_update_count"), "0");
    assert_str(info(play, "last_error_message"), "");
}

static void press_and_message_of_one_person_go_beside_each_other(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    const struct json *sent =
        play_bot(play, "sendMessage",
                 play_format(play,
                             "{\"chat_id\":%" PRId64 ",\"text\":\"x\",\"reply_markup\":"
                             "{\"inline_keyboard\":[[{\"text\":\"a\",\"callback_data\":\"b\"}]]}}",
                             anna->id)
                     .p);
    const struct tg_message *message =
        tg_message_find(anna, json_i64_or(sent, "result.message_id", 0));
    assert_non_null(message);
    set_webhook(play, 40);
    int64_t said = say(play, "anna");
    int64_t pressed =
        telegram_press(play->telegram, &play->now, play->arena, anna, message, STR("b"));
    assert_int_equal(brought(play), said);
    assert_int_equal(brought(play), pressed);
}

static void no_more_than_max_connections_are_under_way(void **state) {
    struct play *play = *state;
    set_webhook(play, 2);
    int64_t a = say(play, "anna"), b = say(play, "boris"), c = say(play, "carl");
    assert_int_equal(brought(play), a);
    assert_int_equal(brought(play), b);
    assert_int_equal(brought(play), 0);
    answered(play, b, 200);
    assert_int_equal(brought(play), c);
}

static void what_is_not_accepted_is_brought_again_at_once_and_then_later(void **state) {
    struct play *play = *state;
    set_webhook(play, 40);
    int64_t id = say(play, "anna");
    static const int64_t waits_ms[] = {0, 50, 100, 200, 400, 800, 1000, 1000};
    for (size_t i = 0; i < GB_COUNT(waits_ms); i++) {
        assert_int_equal(brought(play), id);
        answered(play, id, i % 2 == 0 ? 500 : 0);
        if (waits_ms[i] > 0) {
            assert_int_equal(telegram_next_ms(play->telegram), play->now.mono_ms + waits_ms[i]);
            play_pass(play, waits_ms[i] - 1);
            assert_int_equal(brought(play), 0);
            play_pass(play, 1);
        }
    }
    assert_str(info(play, "pending_update_count"), "1");
    assert_int_equal(brought(play), id);
    answered(play, id, 200);
    assert_str(info(play, "pending_update_count"), "0");
}

static void trouble_is_told_by_get_webhook_info(void **state) {
    struct play *play = *state;
    set_webhook(play, 40);
    int64_t id = say(play, "anna");
    assert_int_equal(brought(play), id);
    answered(play, id, 500);
    assert_str(info(play, "last_error_message"),
               "\"Wrong response from the webhook: 500 Internal Server Error\"");
    assert_str(info(play, "last_error_date"),
               play_format(play, "%" PRId64, play->now.wall_ms / 1000).p);
    assert_int_equal(brought(play), id);
    answered(play, id, 0);
    assert_str(info(play, "last_error_message"), "\"Webhook connection closed\"");
    play_pass(play, 50);
    assert_int_equal(brought(play), id);
    struct http_reply busy = {.outcome = HTTP_REPLIED, .status = 503, .retry_after_s = 7};
    telegram_delivered(play->telegram, play->now, play->arena, (uint64_t)id, &busy);
    play_pass(play, 6999);
    assert_int_equal(brought(play), 0);
    play_pass(play, 1);
    assert_int_equal(brought(play), id);
}

static void answer_that_a_fault_has_lost_counts_as_none(void **state) {
    struct play *play = *state;
    set_webhook(play, 40);
    struct fault lost = {
        .where = FAULT_TELEGRAM, .method = STR("webhook"), .what = FAULT_LOSE_ANSWER, .count = 1};
    assert_int_equal(fault_plan_add(&play->faults, &lost), GB_OK);
    int64_t id = say(play, "anna");
    assert_int_equal(brought(play), id);
    answered(play, id, 200);
    assert_int_equal(brought(play), id);
    answered(play, id, 200);
    assert_int_equal(brought(play), 0);
}

static void update_that_expired_on_its_way_is_forgotten(void **state) {
    struct play *play = *state;
    set_webhook(play, 1);
    int64_t old = say(play, "anna");
    assert_int_equal(brought(play), old);
    play_pass(play, GB_DAY_MS);
    uint64_t ticket;
    struct http_response response;
    assert_false(telegram_next_answer(play->telegram, play->now, play->arena, &ticket, &response));
    int64_t fresh = say(play, "boris");
    assert_int_equal(brought(play), 0); /* the only connection is still taken */
    answered(play, old, 500);
    assert_int_equal(brought(play), fresh);
}

static void no_other_machine_is_called(void **state) {
    struct play *play = *state;
    (void)play_bot(play, "setWebhook", "{\"url\":\"https://shop.example/hook\"}");
    (void)say(play, "anna");
    assert_int_equal(brought(play), 0);
    assert_str(info(play, "last_error_message"),
               "\"the sandbox calls only http:// on this machine\"");
}

static void moved_clock_is_made_known_by_an_empty_call(void **state) {
    struct play *play = *state;
    struct http_request request;
    uint64_t ticket;
    telegram_wake_poll(play->telegram);
    set_webhook(play, 40);
    assert_int_equal(brought(play), 0);
    telegram_wake_poll(play->telegram);
    assert_true(telegram_next_delivery(play->telegram, play->now, play->arena, &request, &ticket));
    assert_int_equal(request.method, HTTP_GET);
    answered(play, (int64_t)ticket, 405);
    assert_int_equal(brought(play), 0);
}

/* ---- at random: whatever is answered, each person's updates are accepted once, in order */

#define PEOPLE  5
#define UPDATES 400

static void each_update_is_accepted_once_and_in_its_persons_order(void **state) {
    struct play *play = *state;
    static const char *const names[PEOPLE] = {"a", "b", "c", "d", "e"};
    static const int statuses[] = {200, 200, 200, 500, 0, 503, 404};
    int64_t queue[PEOPLE][UPDATES] = {{0}}, under_way[PEOPLE] = {0};
    size_t said[PEOPLE] = {0}, accepted[PEOPLE] = {0}, total = 0, done = 0, busy = 0;
    struct rng rng;
    uint8_t key[SHA256_BYTES] = {4};
    rng_init(&rng, key, STR("webhook"));
    set_webhook(play, 3);
    for (int step = 0; done < UPDATES; step++) {
        assert_true(step < 100000);
        size_t who = rng_below(&rng, PEOPLE);
        uint64_t what = rng_below(&rng, 3);
        if (what == 0 && total < UPDATES) {
            queue[who][said[who]++] = say(play, names[who]);
            total++;
        } else if (what == 1 && under_way[who] != 0) {
            int status = statuses[rng_below(&rng, GB_COUNT(statuses))];
            answered(play, under_way[who], status);
            under_way[who] = 0;
            busy--;
            accepted[who] += status == 200;
            done += status == 200;
        } else {
            play_pass(play, (int64_t)rng_below(&rng, 100));
        }
        for (int64_t id = brought(play); id != 0; id = brought(play)) {
            size_t owner = 0;
            while (owner < PEOPLE && queue[owner][accepted[owner]] != id) {
                owner++;
            }
            assert_true(owner < PEOPLE); /* the oldest of somebody that is not accepted */
            assert_int_equal(under_way[owner], 0);
            under_way[owner] = id;
            busy++;
            assert_true(busy <= 3);
        }
    }
    assert_str(info(play, "pending_update_count"), "0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(webhook_is_set_and_deleted_in_the_servers_words),
        TEST(url_that_telegram_could_not_call_is_refused),
        TEST(poll_and_webhook_exclude_each_other),
        TEST(dropping_what_waits_is_done_when_asked_for),
        TEST(updates_of_one_person_come_in_order_one_at_a_time),
        TEST(press_and_message_of_one_person_go_beside_each_other),
        TEST(no_more_than_max_connections_are_under_way),
        TEST(what_is_not_accepted_is_brought_again_at_once_and_then_later),
        TEST(trouble_is_told_by_get_webhook_info),
        TEST(answer_that_a_fault_has_lost_counts_as_none),
        TEST(update_that_expired_on_its_way_is_forgotten),
        TEST(no_other_machine_is_called),
        TEST(moved_clock_is_made_known_by_an_empty_call),
        TEST(each_update_is_accepted_once_and_in_its_persons_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

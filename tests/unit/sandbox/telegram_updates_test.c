/* telegram_updates_test.c: getUpdates: confirming, waiting, two pollers, what expires. */
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int64_t say(struct play *play, const char *text) {
    int64_t id = 0;
    assert_int_equal(telegram_say(play->telegram, &play->now, play->arena, play_user(play, "anna"),
                                  str_of(text), &id),
                     GB_OK);
    return id;
}

/* A short poll, far from the last one. */
static const struct json *poll(struct play *play, int64_t offset, const char *rest) {
    play_pass(play, 4000);
    const struct json *answer = play_bot(
        play, "getUpdates", play_format(play, "{\"offset\":%" PRId64 "%s}", offset, rest).p);
    return json_at(answer, "result");
}

static int64_t id_at(const struct json *updates, const char *path) {
    return json_i64_or(updates, path, 0);
}

static bool next(struct play *play, uint64_t *ret_ticket) {
    return telegram_next_answer(play->telegram, play->now, play->arena, ret_ticket,
                                &play->response);
}

static void updates_come_again_until_a_higher_offset_confirms_them(void **state) {
    struct play *play = *state;
    int64_t first = say(play, "one");
    int64_t second = say(play, "two");
    assert_int_equal(second, first + 1);
    assert_int_equal(json_size(poll(play, 0, "")), 2);
    assert_int_equal(json_size(poll(play, first, "")), 2);
    assert_true(telegram_update_waits(play->telegram, first));
    const struct json *rest = poll(play, first + 1, "");
    assert_int_equal(json_size(rest), 1);
    assert_int_equal(id_at(rest, "0.update_id"), second);
    assert_false(telegram_update_waits(play->telegram, first));
    assert_int_equal(json_size(poll(play, 0, "")), 1);
    assert_int_equal(json_size(poll(play, second + 1, "")), 0);
}

static void a_negative_offset_keeps_the_last_ones(void **state) {
    struct play *play = *state;
    (void)say(play, "one");
    (void)say(play, "two");
    int64_t last = say(play, "three");
    const struct json *updates = poll(play, -1, "");
    assert_int_equal(json_size(updates), 1);
    assert_int_equal(id_at(updates, "0.update_id"), last);
}

static void an_offset_far_ahead_or_behind_confirms_nothing(void **state) {
    struct play *play = *state;
    int64_t id = say(play, "one");
    assert_int_equal(json_size(poll(play, id + 11, "")), 1);
    assert_int_equal(json_size(poll(play, id - 100001, "")), 1);
    assert_int_equal(json_size(poll(play, id + 10, "")), 0);
}

static void limits_are_clamped(void **state) {
    struct play *play = *state;
    for (int i = 0; i < 105; i++) {
        (void)say(play, "x");
    }
    assert_int_equal(json_size(poll(play, 0, ",\"limit\":500")), 100);
    assert_int_equal(json_size(poll(play, 1, ",\"limit\":0")), 1);
    assert_int_equal(json_size(poll(play, 2, ",\"limit\":7")), 7);
    (void)poll(play, 999999999, ",\"timeout\":500");
}

static void a_long_poll_waits_for_the_next_update(void **state) {
    struct play *play = *state;
    uint64_t ticket = 0;
    (void)poll(play, 0, ",\"timeout\":100");
    assert_int_equal(play->verdict, MODEL_HOLDS);
    assert_int_equal(telegram_next_ms(play->telegram), play->now.mono_ms + 50000);
    assert_false(next(play, &ticket));
    (void)say(play, "one");
    assert_true(next(play, &ticket));
    assert_int_equal(ticket, play->ticket);
    assert_true(str_find_str(play->response.body, STR("\"text\":\"one\"")) < play->response.body.n);
    assert_false(next(play, &ticket));
}

static void a_long_poll_ends_empty_at_its_time_or_when_woken(void **state) {
    struct play *play = *state;
    uint64_t ticket;
    (void)poll(play, 0, ",\"timeout\":20");
    play_pass(play, 20000);
    assert_true(next(play, &ticket));
    assert_str(play->response.body, "{\"ok\":true,\"result\":[]}");
    (void)poll(play, 0, ",\"timeout\":20");
    assert_false(next(play, &ticket));
    telegram_wake_poll(play->telegram);
    assert_true(next(play, &ticket));
    assert_str(play->response.body, "{\"ok\":true,\"result\":[]}");
}

static void the_older_of_two_pollers_is_told_off(void **state) {
    struct play *play = *state;
    uint64_t ticket;
    (void)poll(play, 0, ",\"timeout\":50");
    uint64_t older = play->ticket;
    (void)poll(play, 0, ",\"timeout\":50");
    uint64_t newer = play->ticket;
    assert_true(next(play, &ticket));
    assert_int_equal(ticket, older);
    assert_str(play->response.body,
               "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: terminated by other "
               "getUpdates request; make sure that only one bot instance is running\"}");
    play_pass(play, 1000);
    (void)play_bot(play, "getUpdates", "{\"timeout\":50}");
    assert_false(next(play, &ticket)); /* the second conflict in a row is held for 3 s */
    play_pass(play, 3000);
    assert_true(next(play, &ticket));
    assert_int_equal(ticket, newer);
    assert_int_equal(play->response.status, 409);
}

static void asking_again_at_once_is_slowed_down(void **state) {
    struct play *play = *state;
    (void)say(play, "one");
    (void)say(play, "two");
    assert_int_equal(json_size(poll(play, 0, "")), 2);
    const struct json *answer = play_bot(play, "getUpdates", "{\"offset\":0}");
    assert_int_equal(json_size(json_at(answer, "result")), 1);
    (void)poll(play, -1, "");
    int64_t id = id_at(poll(play, 0, ""), "0.update_id");
    (void)poll(play, id + 1, "");
    play_pass(play, 1000);
    (void)play_bot(play, "getUpdates", play_format(play, "{\"offset\":%" PRId64 "}", id + 1).p);
    assert_int_equal(play->verdict, MODEL_HOLDS);
    assert_int_equal(telegram_next_ms(play->telegram), play->now.mono_ms + 3000);
}

static void queries_expire_long_before_messages(void **state) {
    struct play *play = *state;
    struct tg_user *anna = play_started(play, "anna");
    (void)play_bot(play, "sendMessage",
                   play_format(play,
                               "{\"chat_id\":%" PRId64 ",\"text\":\"x\",\"reply_markup\":{"
                               "\"inline_keyboard\":[[{\"text\":\"a\",\"callback_data\":\"b\"}]]}}",
                               anna->id)
                       .p);
    (void)say(play, "one");
    (void)telegram_press(play->telegram, &play->now, play->arena, anna,
                         anna->messages[anna->count - 2], STR("b"));
    (void)say(play, "two");
    assert_int_equal(json_size(poll(play, 0, "")), 3);
    play_pass(play, 150 * GB_SECOND_MS);
    assert_int_equal(json_size(poll(play, 0, "")), 2);
    play_pass(play, GB_DAY_MS);
    assert_int_equal(json_size(poll(play, 0, "")), 0);
}

static void the_wanted_kinds_are_remembered_and_empty_means_default(void **state) {
    struct play *play = *state;
    (void)poll(play, 0, ",\"allowed_updates\":[\"callback_query\"]");
    assert_int_equal(say(play, "unheard"), 0);
    (void)poll(play, 0, "");
    assert_int_equal(say(play, "unheard"), 0);
    (void)poll(play, 0, ",\"allowed_updates\":[]");
    assert_true(say(play, "heard") > 0);
    (void)poll(play, 0, ",\"allowed_updates\":\"callback_query\"");
    assert_int_equal(play->response.status, 400);
    assert_true(say(play, "heard") > 0);
}

static void raw_updates_are_handed_out_as_they_are(void **state) {
    struct play *play = *state;
    int64_t id;
    assert_int_equal(telegram_raw_update(play->telegram, &play->now, play->arena,
                                         STR(" {\"message\":{\"text\":7}, \"new\":[]} "), &id),
                     GB_OK);
    assert_int_equal(telegram_raw_update(play->telegram, &play->now, play->arena, STR("{}"), &id),
                     GB_OK);
    assert_int_equal(telegram_raw_update(play->telegram, &play->now, play->arena, STR("[]"), &id),
                     GB_INVALID);
    const struct json *updates = poll(play, 0, "");
    assert_int_equal(json_size(updates), 2);
    assert_int_equal(id_at(updates, "0.message.text"), 7);
    assert_int_equal(id_at(updates, "1.update_id"), id);
}

static void a_lost_answer_of_a_poll_loses_no_update(void **state) {
    struct play *play = *state;
    uint64_t ticket;
    assert_int_equal(fault_plan_add(&play->faults, &(struct fault){.where = FAULT_TELEGRAM,
                                                                   .method = STR("getUpdates"),
                                                                   .what = FAULT_LOSE_ANSWER,
                                                                   .count = 1}),
                     GB_OK);
    (void)poll(play, 0, ",\"timeout\":50");
    int64_t id = say(play, "one");
    assert_true(next(play, &ticket));
    assert_true(play->response.drop);
    assert_int_equal(id_at(poll(play, 0, ""), "0.update_id"), id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(updates_come_again_until_a_higher_offset_confirms_them),
        TEST(a_negative_offset_keeps_the_last_ones),
        TEST(an_offset_far_ahead_or_behind_confirms_nothing),
        TEST(limits_are_clamped),
        TEST(a_long_poll_waits_for_the_next_update),
        TEST(a_long_poll_ends_empty_at_its_time_or_when_woken),
        TEST(the_older_of_two_pollers_is_told_off),
        TEST(asking_again_at_once_is_slowed_down),
        TEST(queries_expire_long_before_messages),
        TEST(the_wanted_kinds_are_remembered_and_empty_means_default),
        TEST(raw_updates_are_handed_out_as_they_are),
        TEST(a_lost_answer_of_a_poll_loses_no_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What must hold of every lane: order, pace, back-off, and nothing left behind in the store. */
#define GB_DOOR "a store in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "engine/fake_world.h"
#include "engine/lanes.h"
#include "state/tables.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- a codec whose answers the test chooses ---- */

static struct answer next_answer;

static enum gb_err build(const struct call *call, const struct endpoint *to, struct arena *arena,
                         struct http_request *ret_request) {
    (void)to;
    if (str_is(call->body, "unfit")) {
        return GB_INVALID;
    }
    *ret_request = (struct http_request){
        .method = HTTP_POST,
        .url = arena_copy(arena, call->kind),
        .body = call->body,
    };
    return GB_OK;
}

static void read_answer(const struct call *call, const struct endpoint *to,
                        const struct http_reply *reply, struct arena *arena,
                        struct answer *ret_answer) {
    (void)call, (void)to, (void)reply, (void)arena;
    *ret_answer = next_answer;
}

static const struct codec codec = {"test", build, read_answer};

/* ---- the scene ---- */

struct scene {
    struct fake_world fake;
    struct arena *arena;
    struct backend *backend;
    struct lanes *lanes;
    char directory[64];
    uint64_t order;
};

static int set_up(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    fake_world_init(&s->fake);
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    memcpy(s->directory, "/tmp/gb-lanes-XXXXXX", 21);
    assert_non_null(mkdtemp(s->directory));
    struct lmdb_options options = {.directory = s->directory};
    struct str why;
    assert_int_equal(lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    s->lanes = lanes_new(&s->fake.world, false);
    s->order = 1000;
    *state = s;
    next_answer = (struct answer){.kind = ANSWER_DONE, .reason = ""};
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    lanes_free(s->lanes);
    s->backend->ops->close(s->backend);
    arena_free(s->arena);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", s->directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
    free(s);
    return 0;
}

static void open_lane(struct scene *s, size_t in_flight, int64_t per_second, int64_t per_minute) {
    struct lane_options options = {
        .name = STR("telegram"),
        .codec = &codec,
        .in_flight_max = in_flight,
        .per_second = per_second,
        .queue_per_minute = per_minute,
    };
    lanes_open(s->lanes, &options);
}

/* A row in the store and, as the engine does after the commit, in the lane. */
static void add_row_to(struct scene *s, struct str lane, const char *queue, const char *body,
                       enum outbox_again again) {
    struct work work = {
        .tx = tx_begin(s->backend, s->arena, s->fake.now_ms),
        .arena = s->arena,
        .now_ms = s->fake.now_ms,
        .order = s->order,
    };
    struct outbox_row row = {
        .lane = lane,
        .kind = STR("sendMessage"),
        .body = str_of(body),
        .queue = str_of(queue),
        .again = again,
    };
    outbox_add(&work, &row);
    s->order = work.order;
    assert_int_equal(tx_apply(work.tx), GB_OK);
    assert_int_equal(s->backend->ops->sync(s->backend), GB_OK);
    lanes_add(s->lanes, &work.added->row, false, s->fake.now_ms);
}

static void add_row(struct scene *s, const char *queue, const char *body, enum outbox_again again) {
    add_row_to(s, STR("telegram"), queue, body, again);
}

static void pump(struct scene *s) {
    assert_int_equal(lanes_pump(s->lanes, s->backend, s->arena, s->fake.now_ms), GB_OK);
}

/* Answer the oldest request; as the engine would, end or keep its row. */
static bool answer_oldest(struct scene *s, enum lane_verdict verdict, int64_t wait_ms) {
    struct fake_sent *sent = fake_take(&s->fake);
    assert_non_null(sent);
    struct http_reply reply = {.outcome = HTTP_REPLIED, .status = 200};
    struct lane_answer answer;
    if (!lanes_reply(s->lanes, sent->ticket, &reply, s->arena, s->fake.now_ms, &answer)) {
        return false;
    }
    if (verdict == LANE_ENDED && !answer.noise) {
        struct work work = {.tx = tx_begin(s->backend, s->arena, s->fake.now_ms),
                            .arena = s->arena};
        outbox_end(&work, answer.row);
        assert_int_equal(tx_apply(work.tx), GB_OK);
    }
    lanes_settle(s->lanes, answer.handle, verdict, wait_ms);
    return true;
}

static const char *sent_body(const struct scene *s, size_t i) {
    assert_true(i < s->fake.count);
    return s->fake.sent[i].body;
}

/* ---- what holds ---- */

static void rows_of_one_chat_never_overtake(void **state) {
    struct scene *s = *state;
    open_lane(s, 8, 0, 0);
    add_row(s, "chat1", "a", OUTBOX_SAFE);
    add_row(s, "chat1", "b", OUTBOX_SAFE);
    add_row(s, "chat2", "c", OUTBOX_SAFE);
    pump(s);
    assert_int_equal(s->fake.count, 2);
    assert_string_equal(sent_body(s, 0), "a");
    assert_string_equal(sent_body(s, 1), "c");
    assert_true(answer_oldest(s, LANE_ENDED, 0));
    pump(s);
    assert_int_equal(s->fake.count, 3);
    assert_string_equal(sent_body(s, 2), "b");
}

static void row_that_waits_holds_back_its_chat_and_no_other(void **state) {
    struct scene *s = *state;
    open_lane(s, 8, 0, 0);
    add_row(s, "chat1", "a", OUTBOX_SAFE);
    add_row(s, "chat1", "b", OUTBOX_SAFE);
    pump(s);
    next_answer = (struct answer){.kind = ANSWER_LATER, .retry_after_ms = 3000, .reason = ""};
    assert_true(answer_oldest(s, LANE_AGAIN, 3000));
    add_row(s, "chat2", "c", OUTBOX_SAFE);
    pump(s);
    assert_int_equal(s->fake.count, 2);
    assert_string_equal(sent_body(s, 1), "c");
    assert_int_equal(lanes_next_ms(s->lanes), s->fake.now_ms + 3000);
    s->fake.now_ms += 3000;
    pump(s);
    assert_string_equal(sent_body(s, 2), "a");
}

static void no_more_than_in_flight_max_leave(void **state) {
    struct scene *s = *state;
    open_lane(s, 3, 0, 0);
    for (int i = 0; i < 10; i++) {
        add_row(s, "", "x", OUTBOX_SAFE);
    }
    pump(s);
    assert_int_equal(fake_waiting(&s->fake), 3);
    assert_true(answer_oldest(s, LANE_ENDED, 0));
    pump(s);
    assert_int_equal(fake_waiting(&s->fake), 3);
    assert_int_equal(s->fake.count, 4);
}

static void pace_of_the_lane_lets_a_burst_go_and_then_one_per_interval(void **state) {
    struct scene *s = *state;
    open_lane(s, 100, 10, 0);
    for (int i = 0; i < 30; i++) {
        add_row(s, "", "x", OUTBOX_SAFE);
    }
    pump(s);
    assert_int_equal(s->fake.count, 10);
    int64_t next = lanes_next_ms(s->lanes);
    assert_true(next > s->fake.now_ms && next <= s->fake.now_ms + 101);
    s->fake.now_ms += 1000;
    pump(s);
    assert_in_range(s->fake.count, 19, 21);
}

static void all_that_is_sent_counts_for_the_rate_of_calls(void **state) {
    struct scene *s = *state;
    struct lane_options options = {
        .name = STR("telegram"),
        .codec = &codec,
        .in_flight_max = 100,
        .calls = {6, GB_MINUTE_MS},
    };
    lanes_open(s->lanes, &options);
    struct outbox_row noise = {.lane = STR("telegram"),
                               .kind = STR("read"),
                               .body = STR("noise"),
                               .created_ms = s->fake.now_ms};
    lanes_add(s->lanes, &noise, true, s->fake.now_ms);
    lanes_add(s->lanes, &noise, true, s->fake.now_ms);
    add_row(s, "", "row", OUTBOX_SAFE);
    pump(s);
    assert_int_equal(s->fake.count, 3);
    for (int i = 0; i < 2; i++) {
        assert_true(answer_oldest(s, LANE_ENDED, 0));
    }
    next_answer = (struct answer){
        .kind = ANSWER_MORE, .reason = "", .next = {STR("step"), STR_NONE, STR("second")}};
    assert_false(answer_oldest(s, LANE_ENDED, 0));
    for (int i = 0; i < 4; i++) {
        add_row(s, "", "row", OUTBOX_SAFE);
    }
    pump(s);
    assert_int_equal(s->fake.count, 6); /* two of noise, three of a row and its step, two rows */
    lanes_add(s->lanes, &noise, true, s->fake.now_ms);
    pump(s);
    assert_int_equal(s->fake.count, 6);
    assert_in_range(lanes_next_ms(s->lanes), s->fake.now_ms + 9000, s->fake.now_ms + 10001);
    s->fake.now_ms += 10001;
    pump(s);
    assert_int_equal(s->fake.count, 7);
}

static void a_lane_at_rest_forgets_its_rows_and_sends_noise_only(void **state) {
    struct scene *s = *state;
    lanes_free(s->lanes);
    s->lanes = lanes_new(&s->fake.world, true);
    open_lane(s, 1, 0, 0);
    add_row(s, "", "first", OUTBOX_SAFE);
    add_row(s, "", "second", OUTBOX_SAFE);
    pump(s);
    assert_string_equal(sent_body(s, 0), "first");

    lanes_rest(s->lanes);
    assert_true(s->fake.sent[0].canceled);
    assert_int_equal(lanes_in_flight(s->lanes), 0);
    struct http_reply late = {.outcome = HTTP_REPLIED, .status = 200};
    struct lane_answer answer;
    assert_false(
        lanes_reply(s->lanes, s->fake.sent[0].ticket, &late, s->arena, s->fake.now_ms, &answer));
    add_row(s, "", "third", OUTBOX_SAFE);
    struct outbox_row noise = {.lane = STR("telegram"),
                               .kind = STR("answerCallbackQuery"),
                               .body = STR("noise"),
                               .created_ms = s->fake.now_ms};
    lanes_add(s->lanes, &noise, true, s->fake.now_ms);
    pump(s);
    assert_int_equal(s->fake.count, 2);
    assert_string_equal(sent_body(s, 1), "noise");
    assert_int_equal(lanes_next_ms(s->lanes), INT64_MAX);
    (void)fake_take(&s->fake);
    assert_true(answer_oldest(s, LANE_ENDED, 0));

    lanes_take_over(s->lanes);
    pump(s);
    assert_string_equal(sent_body(s, 2), "first");
}

/* Each instance numbers its rows by its own clock; the store's order is what counts. */
static void rows_that_others_added_leave_in_the_order_of_the_store(void **state) {
    struct scene *s = *state;
    lanes_free(s->lanes);
    s->lanes = lanes_new(&s->fake.world, true);
    open_lane(s, 1, 0, 0);
    lanes_take_over(s->lanes);
    s->order = 2000;
    add_row(s, "", "ours, later", OUTBOX_SAFE);
    s->order = 1000;
    add_row(s, "", "another's, earlier", OUTBOX_SAFE);
    lanes_look_again(s->lanes);
    pump(s);
    assert_string_equal(sent_body(s, 0), "another's, earlier");
}

static void pace_of_a_group_is_twenty_a_minute(void **state) {
    struct scene *s = *state;
    open_lane(s, 100, 0, 60);
    for (int i = 0; i < 30; i++) {
        add_row(s, "-100", "x", OUTBOX_SAFE);
        add_row(s, "100", "y", OUTBOX_SAFE);
    }
    for (int i = 0; i < 60; i++) {
        pump(s);
        while (fake_waiting(&s->fake) > 0) {
            assert_true(answer_oldest(s, LANE_ENDED, 0));
        }
    }
    assert_int_equal(s->fake.count, 40);
    s->fake.now_ms += 10 * GB_SECOND_MS;
    for (int i = 0; i < 60; i++) {
        pump(s);
        while (fake_waiting(&s->fake) > 0) {
            assert_true(answer_oldest(s, LANE_ENDED, 0));
        }
    }
    assert_int_equal(s->fake.count, 40 + 10 + 3);
}

static void trouble_rests_the_lane_longer_each_time_and_then_lets_one_try(void **state) {
    struct scene *s = *state;
    open_lane(s, 4, 0, 0);
    for (int i = 0; i < 4; i++) {
        add_row(s, "", "x", OUTBOX_SAFE);
    }
    pump(s);
    next_answer = (struct answer){.kind = ANSWER_UNKNOWN, .reason = ""};
    for (int i = 0; i < 4; i++) {
        assert_true(answer_oldest(s, LANE_AGAIN, 0));
    }
    int64_t rest_before = 0;
    for (int i = 0; i < 5; i++) {
        pump(s);
        assert_int_equal(fake_waiting(&s->fake), 0);
        int64_t rest = lanes_next_ms(s->lanes) - s->fake.now_ms;
        assert_true(rest > rest_before && rest <= 72 * GB_SECOND_MS);
        rest_before = rest;
        s->fake.now_ms += rest;
        pump(s);
        assert_int_equal(fake_waiting(&s->fake), 1);
        assert_true(answer_oldest(s, LANE_AGAIN, 0));
    }
    s->fake.now_ms += 80 * GB_SECOND_MS;
    pump(s);
    next_answer.kind = ANSWER_DONE;
    assert_true(answer_oldest(s, LANE_ENDED, 0));
    pump(s);
    assert_int_equal(fake_waiting(&s->fake), 3);
}

static void noise_goes_first_and_is_dropped_in_trouble(void **state) {
    struct scene *s = *state;
    open_lane(s, 1, 0, 0);
    add_row(s, "", "row", OUTBOX_SAFE);
    struct outbox_row noise = {.lane = STR("telegram"),
                               .kind = STR("answerCallbackQuery"),
                               .body = STR("noise"),
                               .created_ms = s->fake.now_ms};
    lanes_add(s->lanes, &noise, true, s->fake.now_ms);
    pump(s);
    assert_string_equal(sent_body(s, 0), "noise");
    next_answer = (struct answer){.kind = ANSWER_UNKNOWN, .reason = ""};
    assert_true(answer_oldest(s, LANE_AGAIN, 0));
    lanes_add(s->lanes, &noise, true, s->fake.now_ms);
    s->fake.now_ms += 5 * GB_SECOND_MS;
    pump(s);
    assert_string_equal(sent_body(s, 1), "row");
    assert_int_equal(s->fake.count, 2);
}

static void row_of_several_steps_stays_in_flight_until_the_last(void **state) {
    struct scene *s = *state;
    open_lane(s, 1, 0, 0);
    add_row(s, "q", "first", OUTBOX_SAFE);
    pump(s);
    char *foreign = strdup("second");
    next_answer = (struct answer){
        .kind = ANSWER_MORE, .reason = "", .next = {STR("step"), STR_NONE, str_of(foreign)}};
    assert_false(answer_oldest(s, LANE_ENDED, 0));
    memset(foreign, 'z', 6);
    free(foreign);
    assert_string_equal(sent_body(s, 1), "second");
    assert_string_equal(s->fake.sent[1].url, "step");
    next_answer = (struct answer){.kind = ANSWER_DONE, .reason = ""};
    assert_true(answer_oldest(s, LANE_ENDED, 0));
    assert_int_equal(lanes_in_flight(s->lanes), 0);
}

static void row_that_is_sent_again_starts_with_its_first_step(void **state) {
    struct scene *s = *state;
    open_lane(s, 1, 0, 0);
    add_row(s, "q", "first", OUTBOX_SAFE);
    pump(s);
    next_answer = (struct answer){
        .kind = ANSWER_MORE, .reason = "", .next = {STR("step"), STR_NONE, STR("second")}};
    assert_false(answer_oldest(s, LANE_ENDED, 0));
    next_answer = (struct answer){.kind = ANSWER_UNKNOWN, .reason = ""};
    assert_true(answer_oldest(s, LANE_AGAIN, 0));
    s->fake.now_ms += 5 * GB_SECOND_MS;
    pump(s);
    assert_string_equal(sent_body(s, 2), "first");
}

static void rather_never_rows_are_marked_before_they_leave(void **state) {
    struct scene *s = *state;
    open_lane(s, 2, 0, 0);
    add_row(s, "", "once", OUTBOX_RATHER_NEVER);
    pump(s);
    assert_int_equal(s->fake.count, 0);
    const struct outbox_row *row;
    bool was_sending;
    struct lane_row *handle = lanes_unmarked(s->lanes, &row, &was_sending);
    assert_non_null(handle);
    assert_false(was_sending);
    lanes_settle(s->lanes, handle, LANE_MARKED, 0);
    assert_null(lanes_unmarked(s->lanes, &row, &was_sending));
    add_row(s, "", "twice", OUTBOX_RATHER_TWICE);
    pump(s);
    assert_int_equal(s->fake.count, 2);
    assert_true(s->fake.sent[0].fresh_connection); /* libcurl must not repeat it by itself */
    assert_false(s->fake.sent[1].fresh_connection);
}

static struct lane_row *mark_one(struct scene *s) {
    const struct outbox_row *row;
    bool was_sending;
    struct lane_row *handle = lanes_unmarked(s->lanes, &row, &was_sending);
    assert_false(handle != NULL && was_sending);
    if (handle != NULL) {
        lanes_settle(s->lanes, handle, LANE_MARKED, 0);
    }
    return handle;
}

static void no_more_are_marked_than_can_leave(void **state) {
    struct scene *s = *state;
    open_lane(s, 2, 0, 0);
    for (int i = 0; i < 5; i++) {
        add_row(s, "", "once", OUTBOX_RATHER_NEVER);
    }
    pump(s);
    assert_int_equal(lanes_next_ms(s->lanes), 0); /* it is the engine's turn */
    size_t marked = 0;
    while (mark_one(s) != NULL) {
        marked++;
    }
    assert_int_equal(marked, 2);
    pump(s);
    assert_int_equal(s->fake.count, 2);
    assert_null(mark_one(s));
    assert_true(answer_oldest(s, LANE_ENDED, 0));
    pump(s);
    assert_non_null(mark_one(s));
    assert_null(mark_one(s));
}

/* The store has a refused row as waiting again: a crash under the next try would send it twice. */
static void a_row_that_goes_again_is_marked_again(void **state) {
    struct scene *s = *state;
    open_lane(s, 2, 0, 0);
    add_row(s, "", "once", OUTBOX_RATHER_NEVER);
    pump(s);
    assert_non_null(mark_one(s));
    pump(s);
    assert_int_equal(s->fake.count, 1);
    assert_true(answer_oldest(s, LANE_AGAIN, 0));
    pump(s);
    assert_int_equal(s->fake.count, 1);
    assert_non_null(mark_one(s));
    pump(s);
    assert_int_equal(s->fake.count, 2);
}

static void what_is_marked_still_leaves_when_all_else_is_held_back(void **state) {
    struct scene *s = *state;
    open_lane(s, 2, 0, 0);
    add_row(s, "", "marked", OUTBOX_RATHER_NEVER);
    pump(s);
    assert_non_null(mark_one(s));
    add_row(s, "", "not marked", OUTBOX_RATHER_NEVER);
    add_row(s, "", "safe", OUTBOX_SAFE);
    lanes_stop(s->lanes);
    assert_int_equal(lanes_leaving(s->lanes), 1);
    pump(s);
    assert_null(mark_one(s));
    assert_int_equal(s->fake.count, 1);
    assert_string_equal(sent_body(s, 0), "marked");
    assert_int_equal(lanes_leaving(s->lanes), 1);
    assert_true(answer_oldest(s, LANE_ENDED, 0));
    assert_int_equal(lanes_leaving(s->lanes), 0);
}

static void who_goes_behind_leaves_a_third_of_the_pace(void **state) {
    struct scene *s = *state;
    open_lane(s, 100, 30, 0);
    lanes_open(s->lanes, &(struct lane_options){.name = STR("telegram.later"),
                                                .codec = &codec,
                                                .in_flight_max = 100,
                                                .per_second = 30,
                                                .behind = STR("telegram")});
    for (int i = 0; i < 60; i++) {
        add_row_to(s, STR("telegram.later"), "", "later", OUTBOX_SAFE);
    }
    pump(s);
    assert_int_equal(s->fake.count, 20);
    for (int i = 0; i < 12; i++) {
        add_row(s, "", "now", OUTBOX_SAFE);
    }
    pump(s); /* at once, though the others wait since before */
    assert_int_equal(s->fake.count, 30);
    assert_string_equal(sent_body(s, 20), "now");
    assert_string_equal(sent_body(s, 29), "now");
    s->fake.now_ms += 100;
    pump(s);
    assert_int_equal(s->fake.count, 32); /* the two that were left; none of the others */
    assert_string_equal(sent_body(s, 31), "now");
    s->fake.now_ms += GB_SECOND_MS;
    pump(s);
    assert_int_equal(s->fake.count, 52);
    assert_string_equal(sent_body(s, 51), "later");
}

static void all_rows_of_the_store_leave_in_order_through_a_small_window(void **state) {
    struct scene *s = *state;
    enum { ROWS = 1200 };
    for (int i = 0; i < ROWS; i++) { /* before the lane opens: as after a restart */
        char body[16];
        (void)snprintf(body, sizeof body, "%d", i);
        struct work work = {
            .tx = tx_begin(s->backend, s->arena, s->fake.now_ms),
            .arena = s->arena,
            .now_ms = s->fake.now_ms + i / 100,
            .order = s->order,
        };
        struct outbox_row row = {.lane = STR("telegram"), .kind = STR("k"), .body = str_of(body)};
        outbox_add(&work, &row);
        s->order = work.order;
        assert_int_equal(tx_apply(work.tx), GB_OK);
    }
    s->fake.now_ms += 1000;
    open_lane(s, 1, 0, 0);
    for (int i = 0; i < ROWS; i++) {
        pump(s);
        char body[16];
        (void)snprintf(body, sizeof body, "%d", i);
        assert_string_equal(sent_body(s, (size_t)i), body);
        assert_true(answer_oldest(s, LANE_ENDED, 0));
    }
    pump(s);
    assert_int_equal(s->fake.count, ROWS);
    assert_int_equal(lanes_next_ms(s->lanes), INT64_MAX);
}

static void row_due_later_leaves_at_its_instant(void **state) {
    struct scene *s = *state;
    open_lane(s, 1, 0, 0);
    pump(s);
    struct work work = {
        .tx = tx_begin(s->backend, s->arena, s->fake.now_ms),
        .arena = s->arena,
        .now_ms = s->fake.now_ms,
        .order = s->order,
    };
    struct outbox_row row = {.lane = STR("telegram"),
                             .kind = STR("k"),
                             .body = STR("later"),
                             .due_ms = s->fake.now_ms + 7000};
    outbox_add(&work, &row);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    lanes_add(s->lanes, &work.added->row, false, s->fake.now_ms);
    pump(s);
    assert_int_equal(s->fake.count, 0);
    assert_int_equal(lanes_next_ms(s->lanes), s->fake.now_ms + 7000);
    s->fake.now_ms += 7000;
    pump(s);
    assert_int_equal(s->fake.count, 1);
}

static void world_without_room_is_asked_again(void **state) {
    struct scene *s = *state;
    open_lane(s, 4, 0, 0);
    s->fake.room = 0;
    add_row(s, "", "x", OUTBOX_SAFE);
    pump(s);
    assert_int_equal(s->fake.count, 0);
    assert_true(lanes_next_ms(s->lanes) <= s->fake.now_ms + 100);
    s->fake.room = 1;
    s->fake.now_ms += 100;
    pump(s);
    assert_int_equal(s->fake.count, 1);
}

static void row_of_which_no_request_can_be_made_is_refused_and_blocks_nobody(void **state) {
    struct scene *s = *state;
    open_lane(s, 4, 0, 0);
    add_row(s, "chat", "unfit", OUTBOX_SAFE);
    add_row(s, "chat", "fine", OUTBOX_SAFE);
    pump(s);
    assert_int_equal(s->fake.count, 1);
    assert_true(lanes_next_ms(s->lanes) <= s->fake.now_ms);
    struct lane_answer answer;
    assert_true(lanes_unfit(s->lanes, &answer));
    assert_int_equal(answer.answer.kind, ANSWER_REFUSED);
    assert_true(str_is(answer.row->body, "unfit"));
    lanes_settle(s->lanes, answer.handle, LANE_ENDED, 0);
    assert_false(lanes_unfit(s->lanes, &answer));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_of_one_chat_never_overtake, set_up, tear_down),
        cmocka_unit_test_setup_teardown(row_that_waits_holds_back_its_chat_and_no_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_more_than_in_flight_max_leave, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pace_of_the_lane_lets_a_burst_go_and_then_one_per_interval,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_that_is_sent_counts_for_the_rate_of_calls, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lane_at_rest_forgets_its_rows_and_sends_noise_only,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_that_others_added_leave_in_the_order_of_the_store,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(pace_of_a_group_is_twenty_a_minute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            trouble_rests_the_lane_longer_each_time_and_then_lets_one_try, set_up, tear_down),
        cmocka_unit_test_setup_teardown(noise_goes_first_and_is_dropped_in_trouble, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(row_of_several_steps_stays_in_flight_until_the_last, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(row_that_is_sent_again_starts_with_its_first_step, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_more_are_marked_than_can_leave, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_that_goes_again_is_marked_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_marked_still_leaves_when_all_else_is_held_back,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_goes_behind_leaves_a_third_of_the_pace, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(rather_never_rows_are_marked_before_they_leave, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(all_rows_of_the_store_leave_in_order_through_a_small_window,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(row_due_later_leaves_at_its_instant, set_up, tear_down),
        cmocka_unit_test_setup_teardown(world_without_room_is_asked_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            row_of_which_no_request_can_be_made_is_refused_and_blocks_nobody, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

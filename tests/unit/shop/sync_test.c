/* What a panel says of its users, held against what was sold; and what is known of servers. */
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "base/json.h"
#include "panel/panel.h"
#include "shop/catalog.h"
#include "shop/due.h"
#include "shop/servers.h"
#include "shop/sync.h"
#include "state/jobs.h"

#define GIGABYTE (INT64_C(1) << 30)

static struct subscription active(struct kit *kit, int64_t user) {
    struct payment payment;
    assert_int_equal(kit_try_start(kit, user, "m1", "nl", "stars", &payment), GB_OK);
    char charge[32];
    (void)snprintf(charge, sizeof charge, "c%" PRId64, user);
    assert_int_equal(kit_settle_stars(kit, user, payment.id, charge, 99), GB_OK);
    struct outbox_row row = kit_row(kit, "panel.ensure");
    kit_done(kit, &row, STR("{\"created\":true}"));
    struct order order = kit_order(kit, payment.order);
    return kit_subscription(kit, order.subscription);
}

/* ---- a panel's list, in its order ---- */

struct list {
    struct panel_listed users[400];
    size_t count;
};

static struct panel_listed listed(const struct subscription *subscription) {
    return (struct panel_listed){
        .uuid = subscription->uuid,
        .limit_bytes = subscription->traffic_gb * GIGABYTE,
        /* the midnight behind its last day there */
        .expires_ms = (subscription->target_expires_ms / GB_DAY_MS + 1) * GB_DAY_MS,
        .enabled = true,
    };
}

static int by_uuid(const void *a, const void *b) {
    const struct panel_listed *left = a, *right = b;
    return str_compare(left->uuid, right->uuid);
}

static struct str list_text(struct kit *kit, struct list *list) {
    struct buf text;
    buf_init(&text, kit->memory, 1 << 20);
    qsort(list->users, list->count, sizeof *list->users, by_uuid);
    for (size_t i = 0; i < list->count; i++) {
        const struct panel_listed *u = &list->users[i];
        buf_printf(&text, "[\"" STR_FMT "\",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%s]\n",
                   STR_ARG(u->uuid), u->used_bytes, u->limit_bytes, u->last_seen_ms, u->expires_ms,
                   u->enabled ? "true" : "false");
    }
    return list->count > 0 ? buf_str(&text) : PANEL_LIST_EMPTY;
}

struct stepping {
    struct str cursor, next;
    int64_t items;
    struct kit *kit;
};

static enum gb_err sync_one(struct work *work, void *ctx) {
    struct stepping *stepping = ctx;
    struct str next;
    enum gb_err err = sync_step(work, STR("nl1"), stepping->cursor, &next, &stepping->items);
    stepping->next = arena_copy(stepping->kit->memory, next);
    return err;
}

/* The panel is asked, says this, and it is gone through. Steps taken. */
static size_t sync_all(struct kit *kit, struct list *list, int64_t *ret_items) {
    struct outbox_row row = {.lane = STR("panel:nl1"),
                             .kind = STR("list"),
                             .then = STR("panel.list"),
                             .about = STR("nl1"),
                             .created_ms = kit->now_ms};
    struct answer answer = {.kind = ANSWER_DONE, .said = list_text(kit, list), .reason = ""};
    assert_int_equal(kit_answer(kit, &row, &answer), GB_OK);
    struct stepping stepping = {.kit = kit};
    size_t steps = 0;
    *ret_items = 0;
    do {
        assert_int_equal(kit_run(kit, sync_one, &stepping), GB_OK);
        stepping.cursor = stepping.next;
        *ret_items += stepping.items;
        assert_true(++steps < 100);
    } while (stepping.cursor.n > 0);
    return steps;
}

static size_t asked(struct kit *kit, const struct subscription *subscription) {
    static struct outbox_row rows[KIT_ROWS_MAX];
    size_t count = kit_rows(kit, rows), found = 0;
    for (size_t i = 0; i < count; i++) {
        found += str_is(rows[i].kind, "ensure") && str_equal(rows[i].key, subscription->uuid);
    }
    return found;
}

static int set_up(void **state) {
    assert_int_equal(kit_set_up(state), 0);
    struct kit *kit = *state;
    kit->config.drift.disabled = DRIFT_REPORT;
    kit->config.expiry.grace_ms = 7 * GB_DAY_MS;
    return 0;
}

/* ---- what holds ---- */

static void figures_are_taken_over_and_nothing_else_is_touched(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA);
    struct list list = {.count = 2};
    kit->now_ms += GB_HOUR_MS;
    list.users[0] = listed(&anna);
    list.users[0].used_bytes = 7 * GIGABYTE;
    list.users[0].last_seen_ms = kit->now_ms - 5;
    list.users[1] = (struct panel_listed){.uuid = STR("00000000-0000-4000-8000-00000000beef")};
    int64_t items;
    kit_forget(kit);
    (void)sync_all(kit, &list, &items);
    assert_int_equal(items, 1);
    anna = kit_subscription(kit, anna.id);
    assert_int_equal(anna.used_bytes, 7 * GIGABYTE);
    assert_int_equal(anna.used_at_ms, kit->now_ms);
    assert_int_equal(asked(kit, &anna), 0);
    assert_int_equal(kit->told[NOTICE_DRIFT], 0);
    kit->now_ms += GB_HOUR_MS;
    (void)sync_all(kit, &list, &items);
    assert_int_equal(items, 0); /* the same again is not written again */
}

static void who_is_missing_is_made_again_and_told_once(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA), boris = active(kit, BORIS);
    struct list list = {.count = 1};
    int64_t items;
    kit->now_ms += GB_HOUR_MS;
    list.users[0] = listed(&anna);
    (void)sync_all(kit, &list, &items);
    assert_int_equal(asked(kit, &boris), 1);
    assert_int_equal(kit->told[NOTICE_DRIFT], 1);
    assert_true(str_is(kit->last[NOTICE_DRIFT].extra, "1 0 0"));
    assert_true(str_is(kit->last[NOTICE_DRIFT].about, "nl1"));
    kit->now_ms += GB_HOUR_MS; /* the wish was not heard: asked again, not told again */
    (void)sync_all(kit, &list, &items);
    assert_int_equal(asked(kit, &boris), 2);
    assert_int_equal(kit->told[NOTICE_DRIFT], 1);
    list.users[list.count++] = listed(&boris);
    kit->now_ms += GB_HOUR_MS;
    (void)sync_all(kit, &list, &items);
    list.count = 0; /* all well in between: news again, of both */
    kit->now_ms += GB_HOUR_MS;
    (void)sync_all(kit, &list, &items);
    assert_int_equal(kit->told[NOTICE_DRIFT], 2);
    assert_true(str_is(kit->last[NOTICE_DRIFT].extra, "2 0 0"));
}

static void a_wish_younger_than_the_list_is_not_drift(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA);
    struct list list = {.count = 0};
    int64_t items;
    kit->now_ms += GB_MINUTE_MS;
    (void)sync_all(kit, &list, &items);
    assert_int_equal(asked(kit, &anna), 0);
    assert_int_equal(kit->told[NOTICE_DRIFT], 0);
}

static void other_terms_are_mended_and_a_switch_is_only_told_by_policy(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA), boris = active(kit, BORIS);
    struct subscription carl = active(kit, 303);
    struct list list = {.count = 3};
    int64_t items;
    kit->now_ms += GB_HOUR_MS;
    list.users[0] = listed(&anna);
    list.users[0].expires_ms += 5 * GB_DAY_MS;
    list.users[1] = listed(&boris);
    list.users[1].enabled = false;
    list.users[2] = listed(&carl);
    list.users[2].limit_bytes += GIGABYTE / 2;
    (void)sync_all(kit, &list, &items);
    assert_int_equal(asked(kit, &anna), 1);
    assert_int_equal(asked(kit, &boris), 0);
    assert_int_equal(asked(kit, &carl), 1);
    assert_true(str_is(kit->last[NOTICE_DRIFT].extra, "0 2 1"));
}

static enum gb_err end_step(struct work *work, void *ctx) {
    struct subscription subscription;
    enum gb_err err = subscription_get(work, *(struct str *)ctx, &subscription);
    assert_int_equal(err, GB_OK);
    err = subscription_end(work, &subscription);
    if (err == GB_OK) {
        err = due_plan(work, &subscription);
    }
    subscription_put(work, &subscription);
    return err;
}

static void what_has_ended_is_switched_off_again_and_not_made_again(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA), boris = active(kit, BORIS);
    struct list list = {.count = 1};
    int64_t items;
    kit->now_ms = anna.target_expires_ms + GB_HOUR_MS;
    assert_int_equal(kit_run(kit, end_step, &anna.id), GB_OK);
    assert_int_equal(kit_run(kit, end_step, &boris.id), GB_OK);
    kit->now_ms += GB_HOUR_MS;
    list.users[0] = listed(&anna); /* still on; Boris is gone */
    (void)sync_all(kit, &list, &items);
    assert_int_equal(asked(kit, &anna), 2);
    assert_int_equal(asked(kit, &boris), 1);
    assert_int_equal(kit->told[NOTICE_DRIFT], 0);
}

/* Random panels against a naive count. */
static void every_one_of_ours_meets_its_own_whatever_the_pieces(void **state) {
    enum { OURS = 230 };
    struct kit *kit = *state;
    static struct subscription subs[OURS];
    uint64_t chance = 99;
    kit->unchecked = true;
    for (size_t i = 0; i < OURS; i++) {
        subs[i] = active(kit, 1000 + (int64_t)i);
    }
    kit->unchecked = false;
    for (int round = 0; round < 6; round++) {
        static struct list list;
        int64_t missing = 0, items;
        kit->now_ms += GB_HOUR_MS;
        list.count = 0;
        for (size_t i = 0; i < OURS; i++) {
            chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407U;
            bool gone = (chance >> 33) % 6 < (uint64_t)round;
            missing += gone && subs[i].drift.n == 0;
            subs[i].drift = gone ? STR("missing") : STR_NONE;
            if (!gone) {
                list.users[list.count++] = listed(&subs[i]);
            }
            if ((chance >> 40) % 3 == 0) { /* somebody of theirs */
                list.users[list.count++] = (struct panel_listed){
                    .uuid = arena_printf(kit->memory, "%08x-0000-4000-8000-%012zx",
                                         (unsigned)(chance >> 32), i)};
            }
        }
        kit_forget(kit);
        (void)sync_all(kit, &list, &items);
        if (missing > 0) {
            struct drift drift;
            assert_int_equal(kit->told[NOTICE_DRIFT], 1);
            assert_int_equal(drift_read(kit->last[NOTICE_DRIFT].extra, &drift), GB_OK);
            assert_int_equal(drift.missing, missing);
        } else {
            assert_int_equal(kit->told[NOTICE_DRIFT], 0);
        }
    }
}

static void what_is_no_list_changes_nothing(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA);
    kit->now_ms += GB_HOUR_MS;
    const char *const texts[] = {"", "no list\n", "[\"x\"]\n", "[]", "{\n"};
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        struct outbox_row row = {.then = STR("panel.list"), .about = STR("nl1")};
        struct answer answer = {.kind = ANSWER_DONE, .said = str_of(texts[i]), .reason = ""};
        assert_int_equal(kit_answer(kit, &row, &answer), GB_OK);
        struct stepping stepping = {.kit = kit};
        assert_int_equal(kit_run(kit, sync_one, &stepping), GB_OK);
        assert_int_equal(stepping.next.n, 0);
    }
    const char *const cursors[] = {"x", "1", "1 2", "9 0 0 0 zz", "-1 0 0 0 ", "1 0 0 0 \xff"};
    for (size_t i = 0; i < GB_COUNT(cursors); i++) {
        struct stepping stepping = {.kit = kit, .cursor = str_of(cursors[i])};
        assert_int_equal(kit_run(kit, sync_one, &stepping), GB_OK);
    }
    assert_int_equal(asked(kit, &anna), 0);
}

/* ---- servers ---- */

static enum gb_err check_step(struct work *work, void *ctx) {
    return servers_check(work, ctx);
}

static void check(struct kit *kit) {
    int64_t checked;
    assert_int_equal(kit_run(kit, check_step, &checked), GB_OK);
    assert_int_equal(checked, 3);
    assert_int_equal(kit->noise, 3);
}

static void status(struct kit *kit, const char *said) {
    const char *const ids[] = {"de1", "de2", "nl1"};
    for (size_t i = 0; i < GB_COUNT(ids); i++) {
        struct outbox_row row = {.then = STR("panel.status"), .about = str_of(ids[i])};
        struct answer answer = {.kind = ANSWER_DONE, .said = str_of(said), .reason = ""};
        assert_int_equal(kit_answer(kit, &row, &answer), GB_OK);
    }
}

static void silence_is_told_once_and_so_is_its_end(void **state) {
    struct kit *kit = *state;
    for (int i = 0; i < 10; i++) {
        check(kit);
        kit->now_ms += 5 * GB_MINUTE_MS;
    }
    assert_int_equal(kit->told[NOTICE_SERVER_DOWN], 3);
    status(kit, "{\"cpu_percent\":5}");
    status(kit, "{\"cpu_percent\":5}");
    assert_int_equal(kit->told[NOTICE_SERVER_UP], 3);
    check(kit);
    kit->now_ms += 9 * GB_MINUTE_MS;
    check(kit);
    assert_int_equal(kit->told[NOTICE_SERVER_DOWN], 3);
}

static void load_is_told_when_it_stays(void **state) {
    struct kit *kit = *state;
    status(kit, "{\"cpu_percent\":99,\"disk_percent\":20}");
    assert_int_equal(kit->told[NOTICE_SERVER_LOAD], 0);
    status(kit, "{\"cpu_percent\":10}");
    status(kit, "{\"cpu_percent\":91}");
    status(kit, "{\"cpu_percent\":95,\"memory_percent\":97}");
    assert_int_equal(kit->told[NOTICE_SERVER_LOAD], 3);
    assert_true(str_is(kit->last[NOTICE_SERVER_LOAD].extra, "RAM 97%"));
    status(kit, "{\"cpu_percent\":95}");
    assert_int_equal(kit->told[NOTICE_SERVER_LOAD], 3);
    status(kit, "what is this");
    status(kit, "{\"cpu_percent\":1}");
    status(kit, "{\"disk_percent\":95}");
    status(kit, "{\"disk_percent\":95}");
    assert_int_equal(kit->told[NOTICE_SERVER_LOAD], 6);
}

static void a_server_is_told_to_be_nearly_full_once(void **state) {
    struct kit *kit = *state;
    for (int64_t user = 301; user < 306; user++) { /* three on de1, two on de2 */
        (void)kit_paid(kit, user);
    }
    check(kit);
    check(kit);
    assert_int_equal(kit->told[NOTICE_SERVER_FULL], 2);
}

static void rent_is_told_at_seven_three_and_one_day(void **state) {
    struct kit *kit = *state;
    kit->config.servers[0].paid_until = STR("2027-02-01"); /* it is 2027-01-15 */
    size_t told[20] = {0};
    for (size_t day = 0; day < GB_COUNT(told); day++) {
        check(kit);
        check(kit);
        told[day] = kit->told[NOTICE_SERVER_UNPAID];
        kit->now_ms += GB_DAY_MS;
    }
    kit->config.servers[0].paid_until = STR_NONE;
    assert_int_equal(told[9], 0);
    assert_int_equal(told[10], 1);
    assert_int_equal(told[13], 1);
    assert_int_equal(told[14], 2);
    assert_int_equal(told[16], 3);
    assert_int_equal(told[19], 3);
}

/* ---- what old payments no longer need ---- */

static enum gb_err tidy_step(struct work *work, void *ctx) {
    size_t seen;
    return payments_tidy(work, 100, &seen, ctx);
}

static void a_closed_payment_keeps_what_counts(void **state) {
    struct kit *kit = *state;
    struct payment paid = kit_paid(kit, ANNA), open = kit_pending(kit, BORIS);
    int64_t tidied;
    assert_true(paid.body.n > 0 && paid.url.n > 0);
    assert_int_equal(kit_run(kit, tidy_step, &tidied), GB_OK);
    assert_int_equal(tidied, 0);
    kit->now_ms += 15 * GB_DAY_MS;
    assert_int_equal(kit_run(kit, tidy_step, &tidied), GB_OK);
    assert_int_equal(tidied, 1);
    struct payment after = kit_payment(kit, paid.id);
    assert_int_equal(after.body.n + after.url.n, 0);
    assert_true(str_equal(after.external, paid.external));
    assert_int_equal(after.amount_minor, paid.amount_minor);
    assert_true(kit_payment(kit, open.id).body.n > 0);
    assert_int_equal(kit_run(kit, tidy_step, &tidied), GB_OK);
    assert_int_equal(tidied, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(figures_are_taken_over_and_nothing_else_is_touched),
        T(who_is_missing_is_made_again_and_told_once),
        T(a_wish_younger_than_the_list_is_not_drift),
        T(other_terms_are_mended_and_a_switch_is_only_told_by_policy),
        T(what_has_ended_is_switched_off_again_and_not_made_again),
        T(every_one_of_ours_meets_its_own_whatever_the_pieces),
        T(what_is_no_list_changes_nothing),
        T(silence_is_told_once_and_so_is_its_end),
        T(load_is_told_when_it_stays),
        T(a_server_is_told_to_be_nearly_full_once),
        T(rent_is_told_at_seven_three_and_one_day),
        T(a_closed_payment_keeps_what_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

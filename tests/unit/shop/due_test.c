/* What time brings: the end, warnings, reminders; each at its instant, each once, none forgotten.
 */
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "base/cron.h"
#include "base/json.h"
#include "base/zone.h"
#include "shop/due.h"
#include "shop/users.h"

#define NOON INT64_C(1800014400000) /* 2027-01-15T12:00:00Z, a Friday */

static const int64_t days[] = {3, 1, 0}, traffic[] = {80, 95}, warnings[] = {3, 1};
static const struct zone *moscow;

static int set_up(void **state) {
    static struct zone zone;
    struct cron_fault fault;
    assert_int_equal(kit_set_up(state), 0);
    struct kit *kit = *state;
    zone = zone_fixed(3 * 3600);
    moscow = &zone;
    kit->zone = &zone;
    kit->now_ms = NOON;
    assert_int_equal(
        schedule_parse(STR("0 9 * * *"), &kit->config.schedule.subscription_reminders, &fault),
        GB_OK);
    kit->config.reminders.days = (struct int64_list){days, GB_COUNT(days)};
    kit->config.reminders.traffic = (struct int64_list){traffic, GB_COUNT(traffic)};
    kit->config.reminders.unused_ms = 0;
    kit->config.reminders.quiet = STR("22:00-09:00");
    kit->config.expiry.grace_ms = 7 * GB_DAY_MS;
    kit->config.expiry.warnings = (struct int64_list){warnings, GB_COUNT(warnings)};
    return 0;
}

/* ---- doing ---- */

static enum gb_err meet_step(struct work *work, void *ctx) {
    const int64_t *id = ctx;
    struct user user;
    return user_meet(work, &(struct user_hello){.id = *id, .name = STR("A")}, &user);
}

/* Bought and on the panel: 30 days, 50 GB. */
static struct subscription active(struct kit *kit, int64_t user) {
    assert_int_equal(kit_run(kit, meet_step, &user), GB_OK);
    struct payment payment = kit_paid(kit, user);
    struct order order = kit_order(kit, payment.order);
    struct outbox_row row = kit_row(kit, "panel.ensure");
    kit_done(kit, &row, STR("{\"created\":true}"));
    struct subscription subscription = kit_subscription(kit, order.subscription);
    assert_int_equal(subscription.state, SUBSCRIPTION_ACTIVE);
    kit_forget(kit);
    return subscription;
}

struct running {
    enum due_kind kind;
    struct due_batch batch;
};

static enum gb_err run_step(struct work *work, void *ctx) {
    struct running *running = ctx;
    return due_run(work, running->kind, 100, &running->batch);
}

static struct due_batch run(struct kit *kit, enum due_kind kind) {
    struct running running = {.kind = kind};
    assert_int_equal(kit_run(kit, run_step, &running), GB_OK);
    return running.batch;
}

static enum gb_err next_step(struct work *work, void *ctx) {
    int64_t *next_ms = ctx;
    enum gb_err check = due_next(work, DUE_CHECK, &next_ms[DUE_CHECK]);
    enum gb_err remind = due_next(work, DUE_REMIND, &next_ms[DUE_REMIND]);
    assert_true(check == GB_OK || check == GB_NOT_FOUND);
    assert_true(remind == GB_OK || remind == GB_NOT_FOUND);
    return GB_OK;
}

static int64_t next_of(struct kit *kit, enum due_kind kind) {
    int64_t next_ms[] = {INT64_MAX, INT64_MAX};
    assert_int_equal(kit_run(kit, next_step, next_ms), GB_OK);
    return next_ms[kind];
}

/* As the engine does: from one thing that is due to the next, up to an instant. */
static void live_until(struct kit *kit, int64_t until_ms) {
    for (int steps = 0; steps < 1000; steps++) {
        int64_t check_ms = next_of(kit, DUE_CHECK), remind_ms = next_of(kit, DUE_REMIND);
        int64_t next_ms = GB_MIN(check_ms, remind_ms);
        if (next_ms > until_ms) {
            kit->now_ms = until_ms;
            return;
        }
        kit->now_ms = GB_MAX(kit->now_ms, next_ms);
        (void)run(kit, check_ms <= remind_ms ? DUE_CHECK : DUE_REMIND);
    }
    fail_msg("it never rests");
}

struct figures {
    struct str id;
    int64_t used_bytes, last_seen_ms;
};

static enum gb_err use_step(struct work *work, void *ctx) {
    const struct figures *figures = ctx;
    struct subscription subscription;
    enum gb_err err = subscription_get(work, figures->id, &subscription);
    assert_int_equal(err, GB_OK);
    subscription_used(work, &subscription, figures->used_bytes, figures->last_seen_ms);
    err = due_used(work, &subscription);
    subscription_put(work, &subscription);
    return err;
}

static void use_gb(struct kit *kit, struct str id, int64_t gb) {
    struct figures figures = {id, gb * (INT64_C(1) << 30), kit->now_ms};
    assert_int_equal(kit_run(kit, use_step, &figures), GB_OK);
}

static size_t told(const struct kit *kit, enum notice_kind kind) {
    return kit->told[kind];
}

/* 09:00 in Moscow, so many days after the noon of the purchase. */
static int64_t morning(int64_t day) {
    return NOON + day * GB_DAY_MS - 6 * GB_HOUR_MS;
}

/* ---- the end ---- */

static void a_subscription_ends_at_its_instant_and_not_before(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    assert_int_equal(next_of(kit, DUE_CHECK), subscription.target_expires_ms);
    kit->now_ms = subscription.target_expires_ms - 1;
    assert_int_equal(run(kit, DUE_CHECK).seen, 0);
    kit->now_ms++;
    assert_int_equal(run(kit, DUE_CHECK).done, 1);
    subscription = kit_subscription(kit, subscription.id);
    assert_int_equal(subscription.state, SUBSCRIPTION_ENDED);
    assert_int_equal(told(kit, NOTICE_SUBSCRIPTION_ENDED), 1);
    assert_int_equal(kit_server_users(kit, "de1"), 0);
    static struct outbox_row all[KIT_ROWS_MAX];
    size_t count = kit_rows(kit, all);
    const struct json *body = NULL;
    for (size_t i = 0; i < count; i++) {
        if (str_is(all[i].kind, "ensure")) {
            assert_int_equal(json_parse(kit->memory, all[i].body, &body, NULL), GB_OK);
        }
    }
    assert_non_null(body);
    assert_false(json_bool_or(body, "enabled", true));
    assert_int_equal(run(kit, DUE_CHECK).seen, 0);
}

static void it_is_warned_of_twice_and_then_removed(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    live_until(kit, subscription.target_expires_ms + 4 * GB_DAY_MS - 8 * GB_HOUR_MS);
    assert_int_equal(told(kit, NOTICE_REMOVED_SOON), 0);
    live_until(kit, morning(34));
    assert_int_equal(told(kit, NOTICE_REMOVED_SOON), 1);
    live_until(kit, morning(36));
    assert_int_equal(told(kit, NOTICE_REMOVED_SOON), 2);
    live_until(kit, subscription.target_expires_ms + 7 * GB_DAY_MS - 1);
    assert_int_equal(kit_subscription(kit, subscription.id).state, SUBSCRIPTION_ENDED);
    live_until(kit, subscription.target_expires_ms + 7 * GB_DAY_MS);
    subscription = kit_subscription(kit, subscription.id);
    assert_int_equal(subscription.state, SUBSCRIPTION_REMOVED);
    assert_int_equal(told(kit, NOTICE_REMOVED_SOON), 2);
    assert_int_equal(next_of(kit, DUE_CHECK), INT64_MAX);
    assert_int_equal(kit_order(kit, subscription.order).state, ORDER_ACTIVE); /* the record stays */
}

static void who_was_away_for_all_of_it_is_still_told_a_day_before(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    kit->now_ms = subscription.target_expires_ms + 60 * GB_DAY_MS;
    live_until(kit, kit->now_ms);
    subscription = kit_subscription(kit, subscription.id);
    assert_int_equal(subscription.state, SUBSCRIPTION_ENDED);
    assert_int_equal(told(kit, NOTICE_SUBSCRIPTION_ENDED), 1);
    assert_true(next_of(kit, DUE_CHECK) >= kit->now_ms + GB_HOUR_MS);
    live_until(kit, subscription.ended_ms + GB_DAY_MS - 1);
    assert_int_equal(kit_subscription(kit, subscription.id).state, SUBSCRIPTION_ENDED);
    live_until(kit, subscription.ended_ms + 3 * GB_DAY_MS);
    assert_int_equal(kit_subscription(kit, subscription.id).state, SUBSCRIPTION_REMOVED);
}

/* ---- days ---- */

static void each_day_is_told_once_at_nine(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    assert_int_equal(next_of(kit, DUE_REMIND), morning(27));
    live_until(kit, morning(27) - 1);
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 0);
    live_until(kit, morning(27));
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 1);
    assert_true(str_is(kit->last[NOTICE_ENDS_SOON].extra, "3"));
    live_until(kit, morning(29));
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 2);
    assert_true(str_is(kit->last[NOTICE_ENDS_SOON].extra, "1"));
    live_until(kit, subscription.target_expires_ms - 1);
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 3);
    assert_true(str_is(kit->last[NOTICE_ENDS_SOON].extra, "0"));
    live_until(kit, subscription.target_expires_ms + 30 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 3);
    assert_int_equal(next_of(kit, DUE_REMIND), INT64_MAX);
}

static void after_downtime_the_newest_stands_for_all_before(void **state) {
    struct kit *kit = *state;
    (void)active(kit, ANNA);
    kit->now_ms = morning(29) + 2 * GB_HOUR_MS; /* three days and one were to be told */
    live_until(kit, kit->now_ms);
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 1);
    assert_true(str_is(kit->last[NOTICE_ENDS_SOON].extra, "1"));
}

static void nobody_is_woken(void **state) {
    struct kit *kit = *state;
    (void)active(kit, ANNA);
    kit->now_ms = morning(28) + 15 * GB_HOUR_MS; /* midnight, after a day of downtime */
    live_until(kit, kit->now_ms);
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 0);
    assert_int_equal(next_of(kit, DUE_REMIND), morning(29));
    live_until(kit, morning(29));
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 1); /* one day; three are over */
}

static void a_purchase_is_not_answered_with_a_reminder(void **state) {
    struct kit *kit = *state;
    kit->now_ms = NOON + 8 * GB_HOUR_MS; /* 23:00: of seven days, three and one would be far */
    static const int64_t many[] = {30, 29, 3};
    kit->config.reminders.days = (struct int64_list){many, GB_COUNT(many)};
    (void)active(kit, ANNA);
    assert_int_equal(next_of(kit, DUE_REMIND), morning(27)); /* not 30, and 29 in ten hours not */
}

static void own_time_zone_counts(void **state) {
    struct kit *kit = *state;
    (void)active(kit, ANNA);
    assert_int_equal(next_of(kit, DUE_REMIND), morning(27));
    kit->zone = NULL; /* the shop moves to UTC: seen with the next plan */
    live_until(kit, morning(27));
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 0);
    live_until(kit, morning(27) + 3 * GB_HOUR_MS);
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 1);
}

struct zone_setting {
    int64_t user, min;
};

static enum gb_err zone_step(struct work *work, void *ctx) {
    const struct zone_setting *setting = ctx;
    enum gb_err err = user_set_zone(work, setting->user, true, setting->min);
    return err == GB_OK ? due_plan_user(work, setting->user) : err;
}

static void a_persons_own_zone_goes_before_the_shops(void **state) {
    struct kit *kit = *state;
    (void)active(kit, ANNA);
    struct zone_setting kamchatka = {ANNA, 12 * 60};
    assert_int_equal(kit_run(kit, zone_step, &kamchatka), GB_OK);
    /* There it ends on the next day, at three in the night. */
    assert_int_equal(next_of(kit, DUE_REMIND), morning(28) - 9 * GB_HOUR_MS);
}

static void summer_time_keeps_nine_at_nine(void **state) {
    struct kit *kit = *state;
    static struct zone berlin;
    assert_int_equal(zone_parse_posix(STR("CET-1CEST,M3.5.0,M10.5.0/3"), &berlin, NULL, NULL),
                     GB_OK);
    kit->zone = &berlin;
    kit->now_ms = NOON + 44 * GB_DAY_MS; /* 28 February; ends on 30 March, summer time since 28 */
    struct subscription subscription = active(kit, ANNA);
    live_until(kit, subscription.target_expires_ms - 3 * GB_DAY_MS);
    assert_int_equal(next_of(kit, DUE_REMIND), NOON + 73 * GB_DAY_MS - 5 * GB_HOUR_MS);
}

/* ---- traffic, never connected, gone ---- */

static void traffic_is_told_at_its_marks_once(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    live_until(kit, NOON + 2 * GB_DAY_MS);
    use_gb(kit, subscription.id, 39);
    live_until(kit, NOON + 3 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_TRAFFIC_LOW), 0);
    use_gb(kit, subscription.id, 40);
    live_until(kit, kit->now_ms);
    assert_int_equal(told(kit, NOTICE_TRAFFIC_LOW), 1);
    assert_true(str_is(kit->last[NOTICE_TRAFFIC_LOW].extra, "80"));
    use_gb(kit, subscription.id, 45);
    live_until(kit, kit->now_ms);
    assert_int_equal(told(kit, NOTICE_TRAFFIC_LOW), 1);
    use_gb(kit, subscription.id, 50);
    live_until(kit, kit->now_ms);
    assert_int_equal(told(kit, NOTICE_TRAFFIC_LOW), 2);
    assert_true(str_is(kit->last[NOTICE_TRAFFIC_LOW].extra, "95"));
}

static void a_jump_over_both_marks_is_told_once(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    kit->now_ms = NOON + 9 * GB_HOUR_MS; /* midnight there */
    use_gb(kit, subscription.id, 49);
    live_until(kit, kit->now_ms);
    assert_int_equal(told(kit, NOTICE_TRAFFIC_LOW), 0);
    live_until(kit, morning(1));
    assert_int_equal(told(kit, NOTICE_TRAFFIC_LOW), 1);
    assert_true(str_is(kit->last[NOTICE_TRAFFIC_LOW].extra, "95"));
}

static void who_never_connected_is_asked_on_fresh_figures_only(void **state) {
    struct kit *kit = *state;
    kit->config.reminders.unused_ms = 2 * GB_DAY_MS;
    struct subscription subscription = active(kit, ANNA);
    live_until(kit, NOON + 3 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_UNUSED), 0); /* the panel has said nothing yet */
    struct figures figures = {subscription.id, 0, 0};
    assert_int_equal(kit_run(kit, use_step, &figures), GB_OK);
    live_until(kit, NOON + 4 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_UNUSED), 1);
    live_until(kit, NOON + 20 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_UNUSED), 1);
}

static void a_question_that_waits_for_figures_holds_up_no_other_reminder(void **state) {
    struct kit *kit = *state;
    kit->config.reminders.unused_ms = 25 * GB_DAY_MS;
    (void)active(kit, ANNA);
    live_until(kit, morning(27));
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 1);
    live_until(kit, morning(30));
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 3);
    assert_int_equal(told(kit, NOTICE_UNUSED), 0);
}

static void who_connected_is_not_asked(void **state) {
    struct kit *kit = *state;
    kit->config.reminders.unused_ms = 2 * GB_DAY_MS;
    struct subscription subscription = active(kit, ANNA);
    kit->now_ms += GB_HOUR_MS;
    use_gb(kit, subscription.id, 1);
    live_until(kit, NOON + 20 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_UNUSED), 0);
}

static void who_is_gone_is_asked_back_once_unless_they_are_back(void **state) {
    struct kit *kit = *state;
    kit->config.reminders.win_back_ms = 10 * GB_DAY_MS;
    (void)active(kit, ANNA);
    (void)active(kit, BORIS);
    live_until(kit, NOON + 31 * GB_DAY_MS);
    (void)active(kit, BORIS);
    live_until(kit, NOON + 60 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_WIN_BACK), 1);
    assert_int_equal(kit->last[NOTICE_WIN_BACK].user, ANNA);
}

/* ---- who does not want to hear ---- */

static enum gb_err mute_step(struct work *work, void *ctx) {
    return user_set_muted(work, ANNA, *(bool *)ctx);
}

static void who_has_muted_hears_of_the_end_alone(void **state) {
    struct kit *kit = *state;
    bool on = true, off = false;
    struct subscription subscription = active(kit, ANNA);
    assert_int_equal(kit_run(kit, mute_step, &on), GB_OK);
    live_until(kit, morning(29));
    assert_int_equal(kit_run(kit, mute_step, &off), GB_OK);
    live_until(kit, morning(29) + GB_HOUR_MS); /* what was not told then is not told now */
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 0);
    assert_int_equal(kit_run(kit, mute_step, &on), GB_OK);
    live_until(kit, subscription.target_expires_ms);
    assert_int_equal(told(kit, NOTICE_ENDS_SOON), 0);
    assert_int_equal(told(kit, NOTICE_SUBSCRIPTION_ENDED), 1);
}

/* ---- all together ---- */

static void places_that_say_nothing_true_are_taken_away(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    kit->unchecked = true;
    struct work work = {.arena = kit->event, .now_ms = kit->now_ms};
    work.tx = tx_begin(kit->backend, kit->event, kit->now_ms);
    const char *const keys[] = {"check/0", "check/0000000000000001/nobody",
                                "remind/0000000000000001/"};
    for (size_t i = 0; i < GB_COUNT(keys); i++) {
        tx_put(work.tx, TABLE_SUBS_DUE, str_of(keys[i]), STR("1"), STORE_NEVER);
    }
    tx_put(work.tx, TABLE_SUBS_DUE,
           arena_printf(kit->event, "check/0000000000000001/" STR_FMT, STR_ARG(subscription.id)),
           STR("1"), STORE_NEVER);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    assert_int_equal(run(kit, DUE_CHECK).seen, 3);
    assert_int_equal(run(kit, DUE_REMIND).seen, 1);
    kit->unchecked = false;
    assert_int_equal(kit_check(kit).broken, 0);
    assert_int_equal(kit_subscription(kit, subscription.id).state, SUBSCRIPTION_ACTIVE);
}

/* Many lives with time jumping about: whatever happens, each is told at most once, ends, goes. */
static void lives_under_random_downtime_end_once(void **state) {
    struct kit *kit = *state;
    uint64_t chance = 12345;
    kit->crash_one_in = 7;
    struct subscription subs[5]; /* there is no room for more */
    for (size_t i = 0; i < GB_COUNT(subs); i++) {
        subs[i] = active(kit, ANNA + (int64_t)i);
        kit->now_ms += 11 * GB_HOUR_MS;
    }
    kit_forget(kit);
    for (int i = 0; i < 80; i++) {
        chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407U;
        int64_t away_ms = (int64_t)(chance >> 40) % (36 * GB_HOUR_MS);
        kit->now_ms += away_ms;
        live_until(kit, kit->now_ms);
        for (int batches = 0; batches < 5; batches++) {
            (void)run(kit, DUE_CHECK);
            (void)run(kit, DUE_REMIND);
        }
    }
    live_until(kit, kit->now_ms + 60 * GB_DAY_MS);
    assert_int_equal(told(kit, NOTICE_SUBSCRIPTION_ENDED), GB_COUNT(subs));
    assert_in_range(told(kit, NOTICE_ENDS_SOON), GB_COUNT(subs), 3 * GB_COUNT(subs));
    assert_in_range(told(kit, NOTICE_REMOVED_SOON), GB_COUNT(subs), 2 * GB_COUNT(subs));
    for (size_t i = 0; i < GB_COUNT(subs); i++) {
        assert_int_equal(kit_subscription(kit, subs[i].id).state, SUBSCRIPTION_REMOVED);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_subscription_ends_at_its_instant_and_not_before),
        TEST(it_is_warned_of_twice_and_then_removed),
        TEST(who_was_away_for_all_of_it_is_still_told_a_day_before),
        TEST(each_day_is_told_once_at_nine),
        TEST(after_downtime_the_newest_stands_for_all_before),
        TEST(nobody_is_woken),
        TEST(a_purchase_is_not_answered_with_a_reminder),
        TEST(own_time_zone_counts),
        TEST(a_persons_own_zone_goes_before_the_shops),
        TEST(summer_time_keeps_nine_at_nine),
        TEST(traffic_is_told_at_its_marks_once),
        TEST(a_jump_over_both_marks_is_told_once),
        TEST(who_never_connected_is_asked_on_fresh_figures_only),
        TEST(a_question_that_waits_for_figures_holds_up_no_other_reminder),
        TEST(who_connected_is_not_asked),
        TEST(who_is_gone_is_asked_back_once_unless_they_are_back),
        TEST(who_has_muted_hears_of_the_end_alone),
        TEST(places_that_say_nothing_true_are_taken_away),
        TEST(lives_under_random_downtime_end_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What people and owners read when time has brought something, and what they can press then. */
#include "bot/bot.h"

#include "base/arena.h"
#include "base/clock.h"
#include "bot/desk.h"
#include "shop/figures.h"
#include "shop/subscriptions.h"
#include "shop/users.h"
#include "state/jobs.h"
#include "state/work.h"

static struct desk *desk;
static struct str sub; /* Anna's */

/* The invoice Anna sees last. */
static void pay_stars(const char *charge) {
    const struct desk_message *invoice = desk_last(desk, ANNA);
    desk_update(desk, &(struct update){
                          .kind = UPDATE_MESSAGE,
                          .from = {.id = ANNA, .first_name = STR("Anna"), .language = STR("en")},
                          .chat_id = ANNA,
                          .chat_type = STR("private"),
                          .has_payment = true,
                          .payment = {STR("XTR"), invoice->stars, invoice->payload, str_of(charge)},
                      });
}

static int setup(void **state) {
    (void)state;
    desk = desk_open();
    desk_say(desk, ANNA, "/start");
    desk_press(desk, ANNA, "Buy");
    desk_press(desk, ANNA, "Germany");
    desk_press(desk, ANNA, "30 days");
    desk_press(desk, ANNA, "Stars");
    pay_stars("ch1");
    struct desk_row *row = desk_row(desk, "panel:de1", "ensure");
    sub = arena_copy(desk->memory, row->row.about);
    desk_answer(desk, row, ANSWER_DONE, "", STR("{\"created\":true}"));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    desk_close(desk);
    return 0;
}

static void tell(enum notice_kind kind, const char *extra) {
    desk_tell(desk,
              &(struct notice){.kind = kind, .user = ANNA, .about = sub, .extra = str_of(extra)});
}

/* ---- the buyer ---- */

static void each_reminder_says_what_it_is_about_and_offers_the_next_step(void **state) {
    static const struct {
        enum notice_kind kind;
        const char *extra, *says;
        bool may_mute;
    } kinds[] = {
        {NOTICE_ENDS_SOON, "3", "Renew it to stay connected", true},
        {NOTICE_TRAFFIC_LOW, "80", "80% of the traffic is used", true},
        {NOTICE_WIN_BACK, "0", "We miss you", true},
        {NOTICE_SUBSCRIPTION_ENDED, "", "has ended", false},
        {NOTICE_REMOVED_SOON, "", "about to be removed", false},
    };
    (void)state;
    for (size_t i = 0; i < GB_COUNT(kinds); i++) {
        size_t before = desk_messages(desk, ANNA);
        tell(kinds[i].kind, kinds[i].extra);
        assert_int_equal(desk_messages(desk, ANNA), before + 1); /* news, not an edit */
        desk_sees(desk, ANNA, kinds[i].says);
        desk_sees(desk, ANNA, "Germany");
        struct desk_message *message = desk_last(desk, ANNA);
        assert_non_null(desk_button(message, "Renew"));
        assert_int_equal(desk_button(message, "Do not remind") != NULL, kinds[i].may_mute);
    }
    tell(NOTICE_UNUSED, "0");
    desk_sees(desk, ANNA, "have not connected yet");
}

static void renew_makes_the_same_subscription_longer(void **state) {
    (void)state;
    tell(NOTICE_ENDS_SOON, "1");
    desk_press(desk, ANNA, "Renew");
    desk_press(desk, ANNA, "30 days");
    desk_press(desk, ANNA, "Back");
    desk_press(desk, ANNA, "30 days");
    desk_press(desk, ANNA, "Stars");
    pay_stars("ch2");
    struct desk_row *row = desk_row(desk, "panel:de1", "ensure");
    assert_true(str_is(row->row.then, "panel.renew"));
    desk_answer(desk, row, ANSWER_DONE, "", STR("{\"created\":false}"));
    desk_sees(desk, ANNA, "The link is the same");
}

static void nobody_renews_anothers_by_a_forged_button(void **state) {
    (void)state;
    desk_say(desk, BORIS, "/start");
    int64_t message = desk_last(desk, BORIS)->id;
    const char *const codes[] = {"b.l:=", "b.t:=", "b.w:="};
    const char *const rests[] = {"", ":m1", ":m1:stars"};
    for (size_t i = 0; i < GB_COUNT(codes); i++) {
        desk_press_data(
            desk, BORIS, message,
            arena_printf(desk->memory, "%s" STR_FMT "%s", codes[i], STR_ARG(sub), rests[i]));
        assert_true(desk_has(desk->toast, "no longer for sale"));
    }
    desk_never_saw(desk, BORIS, sub);
}

static void who_mutes_and_chooses_a_zone_sees_it(void **state) {
    (void)state;
    tell(NOTICE_ENDS_SOON, "3");
    desk_press(desk, ANNA, "Do not remind");
    desk_sees(desk, ANNA, "Reminders are off");
    desk_press(desk, ANNA, "UTC+7");
    desk_sees(desk, ANNA, "Your time: UTC+7");
    desk_press(desk, ANNA, "Remind me");
    desk_sees(desk, ANNA, "Reminders are on");
    desk_press(desk, ANNA, "The shop's");
    desk_sees(desk, ANNA, "your time: The shop's");
    desk_press(desk, ANNA, "Back");
    desk_press(desk, ANNA, "Reminders");
    desk_sees(desk, ANNA, "Reminders are on");
    struct desk_message *message = desk_last(desk, ANNA);
    desk_press_data(desk, ANNA, message->id, STR("m.z:99999999999999999999"));
    desk_press_data(desk, ANNA, message->id, STR("m.z:-841"));
    desk_sees(desk, ANNA, "The shop's"); /* no zone: as if it were the shop's */
}

static void a_subscription_that_is_gone_is_not_told_of(void **state) {
    (void)state;
    size_t before = desk_messages(desk, ANNA);
    sub = STR("nosuchthing1");
    tell(NOTICE_ENDS_SOON, "3");
    tell(NOTICE_SUBSCRIPTION_ENDED, "");
    assert_int_equal(desk_messages(desk, ANNA), before);
}

/* ---- the owner ---- */

static void the_owner_hears_of_servers(void **state) {
    static const struct {
        enum notice_kind kind;
        const char *extra, *says;
    } kinds[] = {
        {NOTICE_SERVER_DOWN, "660000", "de1</b> не отвечает уже 11 минут"},
        {NOTICE_SERVER_UP, "660000", "Молчал 11 минут"},
        {NOTICE_SERVER_FULL, "", "почти заполнен: 1 из 3"},
        {NOTICE_SERVER_LOAD, "CPU 97%", "CPU 97%"},
        {NOTICE_SERVER_UNPAID, "3", "осталось 3 дня"},
        {NOTICE_DRIFT, "2 0 1", "Нет на панели: 2"},
        {NOTICE_DRIFT, "damaged", "не такие, как продано"},
    };
    (void)state;
    desk->language = "ru";
    desk_say(desk, OWNER, "/start");
    sub = STR("de1");
    for (size_t i = 0; i < GB_COUNT(kinds); i++) {
        size_t before = desk_messages(desk, OWNER);
        tell(kinds[i].kind, kinds[i].extra);
        assert_int_equal(desk_messages(desk, OWNER), before + 1);
        desk_sees(desk, OWNER, kinds[i].says);
    }
}

static void count_up(struct work *work, void *ctx) {
    (void)ctx;
    figure_add(work, FIGURE_PAID, ANNA, 3);
    figure_add_income(work, STR("RUB"), BORIS, 14900);
}

static void the_digest_has_the_days_numbers(void **state) {
    (void)state;
    desk->language = "en";
    desk_say(desk, OWNER, "/start");
    desk_do(desk, count_up, NULL);
    struct work work = {.now_ms = desk->now_ms};
    sub = clock_show_date(desk->memory, figures_today(&work));
    tell(NOTICE_DIGEST, "");
    desk_sees(desk, OWNER, "Orders paid: 4"); /* and Anna's own */
    desk_sees(desk, OWNER, "Income: 149 ₽");
    desk_sees(desk, OWNER, "Subscriptions begun: 1");
    size_t before = desk_messages(desk, OWNER);
    sub = STR("yesterday");
    tell(NOTICE_DIGEST, "");
    assert_int_equal(desk_messages(desk, OWNER), before);
}

static void put_job(struct work *work, void *ctx) {
    (void)ctx;
    struct job job = {.id = STR("panel_sync"),
                      .kind = STR("panel_sync"),
                      .trigger = JOB_INTERVAL,
                      .every_ms = GB_HOUR_MS,
                      .history = 5};
    assert_int_equal(job_put(work, &job, true, NULL), GB_OK);
}

static void the_owner_runs_and_pauses_jobs(void **state) {
    (void)state;
    desk->language = "en";
    desk_do(desk, put_job, NULL);
    desk_say(desk, OWNER, "/admin");
    desk_press(desk, OWNER, "Jobs");
    desk_press(desk, OWNER, "panel_sync");
    desk_sees(desk, OWNER, "Next:");
    desk_press(desk, OWNER, "Run now");
    assert_true(desk_has(desk->toast, "It begins"));
    desk_press(desk, OWNER, "Pause");
    assert_non_null(desk_button(desk_last(desk, OWNER), "Go on"));
    desk_press(desk, OWNER, "Go on");
    assert_non_null(desk_button(desk_last(desk, OWNER), "Pause"));
    desk_press_data(desk, OWNER, desk_last(desk, OWNER)->id, STR("a.o:none"));
    assert_true(desk_has(desk->toast, "Not found"));
    desk_say(desk, ANNA, "/start");
    desk_press_data(desk, ANNA, desk_last(desk, ANNA)->id, STR("a.r:panel_sync"));
    assert_true(desk_has(desk->toast, "out of date"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(each_reminder_says_what_it_is_about_and_offers_the_next_step),
        T(renew_makes_the_same_subscription_longer),
        T(nobody_renews_anothers_by_a_forged_button),
        T(who_mutes_and_chooses_a_zone_sees_it),
        T(a_subscription_that_is_gone_is_not_told_of),
        T(the_owner_hears_of_servers),
        T(the_digest_has_the_days_numbers),
        T(the_owner_runs_and_pauses_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

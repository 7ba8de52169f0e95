/* A payment's life up to the money: started once, offered for a while, asked about by plan. */
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "shop/catalog.h"
#include "shop/polls.h"

/* ---- start --------------------------------------------------------------------------------------
 */

static void the_intent_is_stored_with_its_call(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test");
    assert_int_equal(payment.state, PAYMENT_CREATED);
    assert_int_equal(payment.amount_minor, 14900);
    assert_true(str_is(payment.currency, "RUB"));
    struct order order = kit_order(kit, payment.order);
    assert_int_equal(order.days, 30);
    assert_int_equal(order.traffic_gb, 50);
    struct outbox_row row = kit_row(kit, "pay.create");
    assert_true(str_is(row.lane, "pay:test"));
    assert_true(str_is(row.kind, "create"));
    assert_true(str_equal(row.body, payment.body));
    assert_true(str_equal(row.about, payment.id));
    assert_true(str_equal(row.queue, payment.id));
    assert_true(
        str_equal(row.key, arena_printf(kit->memory, "pay-" STR_FMT "-1", STR_ARG(payment.id))));
    assert_int_equal(row.again, OUTBOX_SAFE);
    assert_int_equal(row.give_up_ms, payment.shown_until_ms);
}

static void stars_are_pending_at_once_and_need_no_call(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    assert_int_equal(payment.state, PAYMENT_PENDING);
    assert_int_equal(payment.amount_minor, 99);
    assert_true(str_is(payment.currency, "XTR"));
    assert_int_equal(payment.shown_until_ms, kit->now_ms + 30 * GB_MINUTE_MS);
    static struct outbox_row rows[KIT_ROWS_MAX];
    assert_int_equal(kit_rows(kit, rows), 0);
    assert_int_equal(kit->told[NOTICE_INVOICE_READY], 0);
}

static void a_second_press_finds_the_live_payment(void **state) {
    struct kit *kit = *state;
    struct payment first = kit_start(kit, ANNA, "test"), again, other;
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", &again), GB_EXISTS);
    assert_true(str_equal(first.id, again.id));
    assert_int_equal(kit_count(kit, "pay.create"), 1);
    assert_int_equal(kit_try_start(kit, BORIS, "m1", "de", "test", &other), GB_OK);
    assert_false(str_equal(first.id, other.id));
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "nl", "test", &other), GB_OK);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "stars", &other), GB_OK);
}

static enum gb_err put_tariff(struct work *work, void *ctx) {
    (void)ctx;
    tx_put(work->tx, TABLE_TARIFFS, STR("m1"),
           STR("{\"id\":\"m1\",\"days\":30,\"traffic_gb\":50,\"price_minor\":9900,\"stars\":99}"),
           STORE_NEVER);
    return GB_OK;
}

static void a_new_price_makes_a_new_payment_and_leaves_the_old_one_payable(void **state) {
    struct kit *kit = *state;
    struct payment old = kit_pending(kit, ANNA), fresh;
    assert_int_equal(kit_run(kit, put_tariff, NULL), GB_OK);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", &fresh), GB_OK);
    assert_int_equal(fresh.amount_minor, 9900);
    kit_look(kit, &old, "paid", 14900);
    assert_int_equal(kit_payment(kit, old.id).state, PAYMENT_PAID);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", &fresh), GB_EXISTS);
}

static void an_offer_that_is_over_is_not_found_again(void **state) {
    struct kit *kit = *state;
    struct payment first = kit_start(kit, ANNA, "stars"), second;
    kit->now_ms += 30 * GB_MINUTE_MS - 1;
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "stars", &second), GB_EXISTS);
    kit->now_ms += 1;
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "stars", &second), GB_OK);
    assert_false(str_equal(first.id, second.id));
}

static void what_is_not_for_sale_cannot_be_started(void **state) {
    struct kit *kit = *state;
    assert_int_equal(kit_try_start(kit, ANNA, "zz", "de", "test", NULL), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "zz", "test", NULL), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "zz", NULL), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "m3", "de", "stars", NULL), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "s1", "de", "stars", NULL), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "s1", "nl", "stars", NULL), GB_OK);
    assert_int_equal(kit_try_start(kit, ANNA, "", "", "", NULL), GB_NOT_FOUND);
    kit->config.pay_test.enabled = false;
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", NULL), GB_NOT_FOUND);
}

static enum gb_err drain(struct work *work, void *ctx) {
    struct server server;
    enum gb_err err = server_get(work, str_of(ctx), &server);
    server.draining = true;
    server_put(work, &server);
    return err;
}

static void fill_location(struct kit *kit) {
    char de1[] = "de1", de2[] = "de2";
    assert_int_equal(kit_run(kit, drain, de1), GB_OK);
    assert_int_equal(kit_run(kit, drain, de2), GB_OK);
}

static void a_full_location_sells_nothing_new(void **state) {
    struct kit *kit = *state;
    fill_location(kit);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", NULL), GB_LATER);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "nl", "test", NULL), GB_OK);
}

/* ---- create -------------------------------------------------------------------------------------
 */

static void the_answer_to_create_makes_the_invoice_ready(void **state) {
    struct kit *kit = *state;
    kit->now_ms += 1;
    struct payment payment = kit_pending(kit, ANNA);
    assert_int_equal(payment.state, PAYMENT_PENDING);
    assert_true(payment.url.n > 0 && payment.external.n > 0);
    assert_int_equal(kit->told[NOTICE_INVOICE_READY], 1);
    assert_true(str_equal(kit->last[NOTICE_INVOICE_READY].about, payment.id));
    struct outbox_row look = kit_row(kit, "pay.status");
    assert_in_range(look.due_ms - kit->now_ms, 9000, 11000);
    assert_int_equal(kit_count(kit, "pay.create"), 0);
}

static void the_same_answer_to_create_again_changes_nothing(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test");
    struct outbox_row row = kit_row(kit, "pay.create");
    struct payment told = payment;
    told.external = STR("tp_1");
    told.url = STR("http://127.0.0.1/p");
    struct str said = kit_said(kit, &told, "pending", 0);
    for (int i = 0; i < 50; i++) {
        kit_done(kit, &row, said);
    }
    assert_int_equal(kit->told[NOTICE_INVOICE_READY], 1);
    assert_int_equal(kit_count(kit, "pay.status"), 1);
}

static void a_refused_create_ends_payment_and_order(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test"), next;
    struct outbox_row row = kit_row(kit, "pay.create");
    kit_refused(kit, &row, "gave_up");
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_CANCELED);
    assert_int_equal(kit_order(kit, payment.order).state, ORDER_CANCELED);
    assert_int_equal(kit->told[NOTICE_INVOICE_FAILED], 1);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", &next), GB_OK);
}

static void an_external_id_of_another_payment_is_not_believed(void **state) {
    struct kit *kit = *state;
    struct payment first = kit_pending(kit, ANNA);
    struct payment second = kit_start(kit, BORIS, "test"), told = second;
    told.external = first.external;
    told.url = STR("http://127.0.0.1/p");
    struct outbox_row row = kit_row(kit, "pay.create");
    kit_done(kit, &row, kit_said(kit, &told, "pending", 0));
    second = kit_payment(kit, second.id);
    assert_int_equal(second.state, PAYMENT_REVIEW);
    assert_true(str_is(second.why, "external"));
    assert_int_equal(kit->told[NOTICE_INVOICE_FAILED], 1);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 1);
}

static void an_invoice_without_a_link_is_reviewed(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test"), told = payment;
    told.external = STR("tp_9");
    struct outbox_row row = kit_row(kit, "pay.create");
    kit_done(kit, &row, kit_said(kit, &told, "pending", 0));
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_REVIEW);
    payment = kit_start(kit, BORIS, "test");
    row = kit_row(kit, "pay.create");
    kit_done(kit, &row, STR("not JSON"));
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_REVIEW);
}

static void money_in_the_answer_to_create_counts(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test"), told = payment;
    told.external = STR("tp_9");
    told.url = STR("http://127.0.0.1/p");
    struct outbox_row row = kit_row(kit, "pay.create");
    kit_done(kit, &row, kit_said(kit, &told, "paid", 14900));
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
    assert_int_equal(kit_count(kit, "pay.status"), 0);
}

/* ---- cancel and check ---------------------------------------------------------------------------
 */

struct press {
    int64_t user;
    struct str id;
    struct payment payment;
    enum gb_err (*rule)(struct work *, int64_t, struct str, struct payment *);
};

static enum gb_err press_step(struct work *work, void *ctx) {
    struct press *press = ctx;
    return press->rule(work, press->user, press->id, &press->payment);
}

static enum gb_err cancel(struct kit *kit, int64_t user, struct str id) {
    struct press press = {.user = user, .id = id, .rule = payment_cancel};
    return kit_run(kit, press_step, &press);
}

static enum gb_err check_now(struct kit *kit, int64_t user, struct str id) {
    struct press press = {.user = user, .id = id, .rule = payment_check_now};
    return kit_run(kit, press_step, &press);
}

static void only_the_owner_may_press(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    assert_int_equal(cancel(kit, BORIS, payment.id), GB_NOT_FOUND);
    assert_int_equal(check_now(kit, BORIS, payment.id), GB_NOT_FOUND);
    assert_int_equal(check_now(kit, ANNA, STR("nothing")), GB_NOT_FOUND);
    assert_int_equal(check_now(kit, ANNA, STR_NONE), GB_NOT_FOUND);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PENDING);
    assert_int_equal(kit_count(kit, "pay.status"), 1);
}

static void a_canceled_payment_is_still_asked_about_and_honoured(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    assert_int_equal(cancel(kit, ANNA, payment.id), GB_OK);
    assert_int_equal(kit_order(kit, payment.order).state, ORDER_CANCELED);
    kit_look(kit, &payment, "pending", 0);
    assert_int_equal(kit->told[NOTICE_INVOICE_EXPIRED], 0);
    kit_look(kit, &payment, "paid", 14900);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
    assert_int_equal(kit_order(kit, payment.order).state, ORDER_PAID);
}

static void a_payment_dropped_before_its_link_came_is_looked_after(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test"), told = payment;
    assert_int_equal(cancel(kit, ANNA, payment.id), GB_OK);
    told.external = STR("tp_9");
    told.url = STR("http://127.0.0.1/p");
    struct outbox_row row = kit_row(kit, "pay.create");
    kit_done(kit, &row, kit_said(kit, &told, "pending", 0));
    assert_int_equal(kit->told[NOTICE_INVOICE_READY], 0);
    payment = kit_payment(kit, payment.id);
    assert_int_equal(payment.state, PAYMENT_CANCELED);
    assert_in_range(kit_row(kit, "pay.status").due_ms - kit->now_ms, 9000, 11000);
    kit_look(kit, &payment, "paid", 14900);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
}

static void a_refused_create_of_a_dropped_payment_is_no_news(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test");
    assert_int_equal(cancel(kit, ANNA, payment.id), GB_OK);
    struct outbox_row row = kit_row(kit, "pay.create");
    kit_refused(kit, &row, "other");
    assert_int_equal(kit->told[NOTICE_INVOICE_FAILED], 0);
}

/* The look of a press, among the rows. */
static struct outbox_row pressed_row(struct kit *kit) {
    static struct outbox_row rows[KIT_ROWS_MAX];
    size_t count = kit_rows(kit, rows);
    for (size_t i = 0; i < count; i++) {
        if (str_ends(rows[i].key, STR("-check"))) {
            return rows[i];
        }
    }
    fail_msg("no look of a press");
    return rows[0];
}

static void a_press_asks_once_and_leaves_the_plan_alone(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(check_now(kit, ANNA, payment.id), GB_OK);
    }
    assert_int_equal(kit_count(kit, "pay.status"), 2);
    struct outbox_row row = pressed_row(kit);
    assert_int_equal(row.due_ms, kit->now_ms);
    kit_done(kit, &row, kit_said(kit, &payment, "pending", 0));
    assert_int_equal(kit->told[NOTICE_NOT_PAID_YET], 1);
    assert_int_equal(kit_count(kit, "pay.status"), 1);
    kit_done(kit, &row, kit_said(kit, &payment, "pending", 0)); /* the answer comes again */
    assert_int_equal(kit->told[NOTICE_NOT_PAID_YET], 1);
    assert_int_equal(check_now(kit, ANNA, payment.id), GB_OK);
    assert_int_equal(kit_count(kit, "pay.status"), 2);
}

static void a_press_finds_the_money(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    assert_int_equal(check_now(kit, ANNA, payment.id), GB_OK);
    struct outbox_row row = pressed_row(kit);
    kit_done(kit, &row, kit_said(kit, &payment, "paid", 14900));
    assert_int_equal(kit->told[NOTICE_NOT_PAID_YET], 0);
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    kit_look(kit, &payment, "paid", 14900); /* the planned look says the same */
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    assert_int_equal(kit_count(kit, "pay.status"), 0);
    assert_int_equal(check_now(kit, ANNA, payment.id), GB_OK);
    assert_int_equal(kit_count(kit, "pay.status"), 0);
}

static void a_press_that_is_refused_can_be_repeated(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    assert_int_equal(check_now(kit, ANNA, payment.id), GB_OK);
    struct outbox_row row = pressed_row(kit);
    kit_refused(kit, &row, "other");
    assert_int_equal(kit->told[NOTICE_NOT_PAID_YET], 0);
    assert_int_equal(check_now(kit, ANNA, payment.id), GB_OK);
    assert_int_equal(kit_count(kit, "pay.status"), 2);
}

/* ---- the plan -----------------------------------------------------------------------------------
 */

static void looks_thin_out_by_the_plan_and_end(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    int64_t start_ms = kit->now_ms, before_ms = start_ms;
    static const struct {
        int64_t until_ms, least_ms, most_ms;
    } plan[] = {
        {2 * GB_MINUTE_MS, 9000, 11000},
        {15 * GB_MINUTE_MS, 27000, 33000},
        {30 * GB_MINUTE_MS, 0, 66000}, /* the end of the offer cuts one short */
        {65 * GB_MINUTE_MS, 54000, 66000},
        {GB_DAY_MS, 9 * GB_MINUTE_MS, 11 * GB_MINUTE_MS},
        {3 * GB_DAY_MS, GB_DAY_MS * 9 / 10, GB_DAY_MS * 11 / 10},
    };
    size_t at = 0, looks = 0;
    while (kit_count(kit, "pay.status") > 0) {
        struct outbox_row row = kit_row(kit, "pay.status");
        while (before_ms - start_ms >= plan[at].until_ms) {
            assert_true(++at < GB_COUNT(plan));
        }
        assert_in_range(row.due_ms - before_ms, plan[at].least_ms, plan[at].most_ms);
        before_ms = row.due_ms;
        kit_look(kit, &payment, "pending", 0);
        assert_true(++looks < 400);
    }
    assert_in_range(before_ms - start_ms, 3 * GB_DAY_MS, 4 * GB_DAY_MS + GB_HOUR_MS * 3);
    assert_in_range(looks, 220, 280);
    assert_int_equal(kit->told[NOTICE_INVOICE_EXPIRED], 1);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_EXPIRED);
    assert_int_equal(check_now(kit, ANNA, payment.id), GB_OK); /* a press asks all the same */
    struct outbox_row row = pressed_row(kit);
    kit_done(kit, &row, kit_said(kit, &payment, "paid", 14900));
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
}

static void our_offer_ends_by_our_clock_and_is_told_once(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    while (kit->told[NOTICE_INVOICE_EXPIRED] == 0) {
        assert_true(kit->now_ms <= payment.shown_until_ms);
        kit_look(kit, &payment, "pending", 0);
    }
    assert_int_equal(kit->now_ms, payment.shown_until_ms);
    assert_int_equal(kit_order(kit, payment.order).state, ORDER_CANCELED);
    for (int i = 0; i < 20; i++) {
        kit_look(kit, &payment, "pending", 0);
    }
    kit_look(kit, &payment, "expired", 0); /* the provider ends it too */
    assert_int_equal(kit->told[NOTICE_INVOICE_EXPIRED], 1);
}

/* Nobody can be kept from paying an invoice that is over. */
static void what_the_provider_closed_is_looked_at_slowly_and_late_money_buys(void **state) {
    struct kit *kit = *state;
    static const struct {
        const char *word;
        unsigned state;
    } words[] = {{"expired", PAYMENT_EXPIRED}, {"canceled", PAYMENT_CANCELED}};
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        struct payment payment = kit_pending(kit, ANNA);
        kit_forget(kit);
        size_t looks = 0;
        int64_t before_ms = kit->now_ms, start_ms = before_ms;
        for (; kit_count(kit, "pay.status") > 0 && looks < 100; looks++) {
            kit_look(kit, &payment, words[i].word, 0);
            assert_true(looks == 0 || kit->now_ms - before_ms >= 9 * GB_MINUTE_MS);
            before_ms = kit->now_ms;
        }
        assert_int_equal(kit_payment(kit, payment.id).state, words[i].state);
        assert_int_equal(kit->told[NOTICE_INVOICE_EXPIRED], 1);
        assert_int_equal(looks, 100);
        assert_true(kit->now_ms - start_ms < GB_DAY_MS);
        kit_look(kit, &payment, "paid", 14900);
        assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
        assert_int_equal(kit_count(kit, "pay.status"), 0);
    }
}

static void an_unknown_word_changes_nothing(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    kit_look(kit, &payment, "unknown", 14900);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PENDING);
    assert_int_equal(kit_count(kit, "pay.status"), 1);
}

static void an_answer_to_an_older_look_adds_none(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct outbox_row first = kit_row(kit, "pay.status");
    kit_look(kit, &payment, "pending", 0);
    for (int i = 0; i < 50; i++) {
        kit_done(kit, &first, kit_said(kit, &payment, "pending", 0));
    }
    assert_int_equal(kit_count(kit, "pay.status"), 1);
}

static void a_refused_look_is_repeated_slowly(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct outbox_row row = kit_row(kit, "pay.status");
    kit_refused(kit, &row, "not_found");
    row = kit_row(kit, "pay.status");
    assert_in_range(row.due_ms - kit->now_ms, 9 * GB_MINUTE_MS, 11 * GB_MINUTE_MS);
    kit_look(kit, &payment, "paid", 14900);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
}

static void an_answer_about_no_payment_of_ours_is_passed_over(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct outbox_row row = kit_row(kit, "pay.status");
    struct str said = kit_said(kit, &payment, "paid", 14900);
    struct outbox_row foreign = row;
    foreign.about = STR("nobody");
    foreign.order += 1000; /* not the row that is there */
    kit_done(kit, &foreign, said);
    foreign.then = STR("pay.create");
    kit_done(kit, &foreign, said);
    foreign.then = STR("panel.ensure");
    kit_done(kit, &foreign, said);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PENDING);
}

/* ---- Stars: the question before -----------------------------------------------------------------
 */

struct asking {
    int64_t user;
    struct str payload, currency;
    int64_t amount;
    const char *key;
};

static enum gb_err ask_step(struct work *work, void *ctx) {
    struct asking *asking = ctx;
    return payment_pre_checkout(work, asking->user, asking->payload, asking->currency,
                                asking->amount, &asking->key);
}

static const char *ask(struct kit *kit, int64_t user, struct str payload, const char *currency,
                       int64_t amount) {
    struct asking asking = {user, payload, str_of(currency), amount, ""};
    enum gb_err err = kit_run(kit, ask_step, &asking);
    assert_true(err == GB_OK || err == GB_REFUSED);
    return err == GB_OK ? "yes" : asking.key;
}

static void a_stars_invoice_is_paid_only_as_it_was_made(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    assert_string_equal(ask(kit, ANNA, payment.id, "XTR", 99), "yes");
    assert_string_equal(ask(kit, BORIS, payment.id, "XTR", 99), "pay_refused_old");
    assert_string_equal(ask(kit, ANNA, STR("nothing"), "XTR", 99), "pay_refused_old");
    assert_string_equal(ask(kit, ANNA, payment.id, "XTR", 98), "pay_refused_price");
    assert_string_equal(ask(kit, ANNA, payment.id, "RUB", 99), "pay_refused_price");
    struct payment other = kit_pending(kit, ANNA);
    assert_string_equal(ask(kit, ANNA, other.id, "RUB", 14900), "pay_refused_old");
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch1", 99), GB_OK);
    assert_string_equal(ask(kit, ANNA, payment.id, "XTR", 99), "pay_refused_paid");
}

static void a_stars_invoice_is_paid_only_in_time(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    kit->now_ms = payment.shown_until_ms + GB_MINUTE_MS;
    assert_string_equal(ask(kit, ANNA, payment.id, "XTR", 99), "yes");
    kit->now_ms = payment.shown_until_ms + GB_HOUR_MS;
    assert_string_equal(ask(kit, ANNA, payment.id, "XTR", 99), "pay_refused_old");
    payment = kit_start(kit, ANNA, "stars");
    assert_int_equal(cancel(kit, ANNA, payment.id), GB_OK);
    assert_string_equal(ask(kit, ANNA, payment.id, "XTR", 99), "pay_refused_old");
}

static void a_stars_invoice_is_not_paid_when_the_location_is_full(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    fill_location(kit);
    assert_string_equal(ask(kit, ANNA, payment.id, "XTR", 99), "pay_refused_full");
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_intent_is_stored_with_its_call),
        T(stars_are_pending_at_once_and_need_no_call),
        T(a_second_press_finds_the_live_payment),
        T(a_new_price_makes_a_new_payment_and_leaves_the_old_one_payable),
        T(an_offer_that_is_over_is_not_found_again),
        T(what_is_not_for_sale_cannot_be_started),
        T(a_full_location_sells_nothing_new),
        T(the_answer_to_create_makes_the_invoice_ready),
        T(the_same_answer_to_create_again_changes_nothing),
        T(a_refused_create_ends_payment_and_order),
        T(an_external_id_of_another_payment_is_not_believed),
        T(an_invoice_without_a_link_is_reviewed),
        T(money_in_the_answer_to_create_counts),
        T(only_the_owner_may_press),
        T(a_canceled_payment_is_still_asked_about_and_honoured),
        T(a_payment_dropped_before_its_link_came_is_looked_after),
        T(a_refused_create_of_a_dropped_payment_is_no_news),
        T(a_press_asks_once_and_leaves_the_plan_alone),
        T(a_press_finds_the_money),
        T(a_press_that_is_refused_can_be_repeated),
        T(looks_thin_out_by_the_plan_and_end),
        T(our_offer_ends_by_our_clock_and_is_told_once),
        T(what_the_provider_closed_is_looked_at_slowly_and_late_money_buys),
        T(an_unknown_word_changes_nothing),
        T(an_answer_to_an_older_look_adds_none),
        T(a_refused_look_is_repeated_slowly),
        T(an_answer_about_no_payment_of_ours_is_passed_over),
        T(a_stars_invoice_is_paid_only_as_it_was_made),
        T(a_stars_invoice_is_paid_only_in_time),
        T(a_stars_invoice_is_not_paid_when_the_location_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

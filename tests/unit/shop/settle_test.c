/* Money: counted once, compared with what was asked for, and never lost. */
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "shop/catalog.h"

static struct money_fact fact_of(const struct payment *payment, int64_t minor) {
    return (struct money_fact){
        .provider = payment->provider,
        .external = payment->external,
        .amount_minor = minor,
        .currency = payment->currency,
        .test = str_is(payment->provider, "test"),
    };
}

static void the_right_amount_pays_sells_and_grants_in_one_step(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_paid(kit, ANNA);
    assert_int_equal(payment.state, PAYMENT_PAID);
    assert_int_equal(payment.paid_ms, kit->now_ms);
    struct order order = kit_order(kit, payment.order);
    assert_int_equal(order.state, ORDER_PAID);
    struct subscription subscription = kit_subscription(kit, order.subscription);
    assert_int_equal(subscription.state, SUBSCRIPTION_WAITING);
    assert_int_equal(subscription.target_expires_ms, kit->now_ms + 30 * GB_DAY_MS);
    assert_int_equal(kit_balance(kit, "provider:test", "RUB"), -14900);
    assert_int_equal(kit_balance(kit, "revenue", "RUB"), 14900);
    assert_int_equal(kit_balance(kit, "user:101", "RUB"), 0);
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    assert_true(str_equal(kit->last[NOTICE_ORDER_PAID].about, order.id));
    assert_true(str_equal(kit->last[NOTICE_ORDER_PAID].extra, payment.id));
    assert_int_equal(kit_count(kit, "panel.ensure"), 1);
}

static void fifty_times_the_same_fact_counts_once(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct money_fact fact = fact_of(&payment, 14900);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(kit_settle(kit, payment.id, &fact), i == 0 ? GB_OK : GB_EXISTS);
    }
    assert_int_equal(kit_balance(kit, "provider:test", "RUB"), -14900);
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    assert_int_equal(kit->told[NOTICE_MONEY_CREDITED], 0);
    assert_int_equal(kit_count(kit, "panel.ensure"), 1);
    struct invariant_report report = kit_check(kit);
    assert_int_equal(report.credited_minor, 14900);
    assert_int_equal(report.paid_payments, 1);
}

static void a_fact_before_the_answer_to_create_counts(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "test");
    struct payment told = payment;
    told.external = STR("tp_9");
    told.url = STR("http://127.0.0.1/p");
    struct money_fact fact = fact_of(&told, 14900);
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_OK);
    struct outbox_row row = kit_row(kit, "pay.create");
    kit_done(kit, &row, kit_said(kit, &told, "paid", 14900));
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    assert_int_equal(kit->told[NOTICE_INVOICE_READY], 0);
    assert_int_equal(kit_count(kit, "pay.status"), 0);
}

static void late_money_is_honoured_as_frozen(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    kit_look(kit, &payment, "expired", 0);
    kit->now_ms += 100 * GB_DAY_MS;
    struct money_fact fact = fact_of(&payment, 14900);
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_OK);
    struct order order = kit_order(kit, payment.order);
    assert_int_equal(order.state, ORDER_PAID);
    assert_int_equal(kit_subscription(kit, order.subscription).target_expires_ms,
                     kit->now_ms + 30 * GB_DAY_MS);
}

static void less_goes_to_suspense_and_a_person_looks(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    kit_look(kit, &payment, "paid", 14899);
    payment = kit_payment(kit, payment.id);
    assert_int_equal(payment.state, PAYMENT_REVIEW);
    assert_true(str_is(payment.why, "amount"));
    assert_int_equal(kit_order(kit, payment.order).state, ORDER_CREATED);
    assert_int_equal(kit_balance(kit, "suspense", "RUB"), 14899);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 1);
    assert_true(str_is(kit->last[NOTICE_MONEY_IN_REVIEW].extra, "amount"));
    struct money_fact fact = fact_of(&payment, 14899);
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_EXISTS);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 1);
    assert_int_equal(kit_count(kit, "pay.status"), 0);
    assert_int_equal(kit_count(kit, "panel.ensure"), 0);
}

static void another_currency_goes_to_suspense(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct money_fact fact = fact_of(&payment, 14900);
    fact.currency = STR("USD");
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_REFUSED);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_REVIEW);
    assert_int_equal(kit_balance(kit, "suspense", "USD"), 14900);
}

static void right_money_after_wrong_money_is_honoured(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch1", 1), GB_REFUSED);
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch2", 2), GB_REFUSED);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 2);
    assert_int_equal(kit_balance(kit, "suspense", "XTR"), 3);
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch3", 99), GB_OK);
    payment = kit_payment(kit, payment.id);
    assert_int_equal(payment.state, PAYMENT_PAID);
    assert_int_equal(payment.why.n, 0);
}

static void more_is_granted_and_the_rest_kept_on_the_balance(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    kit_look(kit, &payment, "paid", 20000);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
    assert_int_equal(kit_balance(kit, "user:101", "RUB"), 5100);
    assert_int_equal(kit_balance(kit, "revenue", "RUB"), 14900);
    assert_int_equal(kit->told[NOTICE_MONEY_CREDITED], 1);
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
}

static void a_second_payment_of_a_paid_one_is_kept_on_the_balance(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch1", 99), GB_OK);
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch2", 99), GB_OK);
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch2", 99), GB_EXISTS);
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch1", 99), GB_EXISTS);
    assert_int_equal(kit_balance(kit, "user:101", "XTR"), 99);
    assert_int_equal(kit_balance(kit, "revenue", "XTR"), 99);
    assert_int_equal(kit->told[NOTICE_MONEY_CREDITED], 1);
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    assert_int_equal(kit_count(kit, "panel.ensure"), 1);
    assert_true(str_is(kit_payment(kit, payment.id).external, "ch1"));
}

static void test_money_is_no_money_in_a_real_shop(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    struct money_fact fact = fact_of(&payment, 99);
    fact.external = STR("ch1");
    fact.test = true;
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_REFUSED);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_REVIEW);
    assert_int_equal(kit_balance(kit, "provider:stars", "XTR"), 0);
    struct payment other = kit_pending(kit, BORIS);
    fact = fact_of(&other, 14900);
    fact.test = false; /* and the sandbox's provider has no other */
    assert_int_equal(kit_settle(kit, other.id, &fact), GB_REFUSED);
    assert_int_equal(kit_balance(kit, "provider:test", "RUB"), 0);
}

static void money_without_an_id_or_an_amount_is_not_entered(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct money_fact fact = fact_of(&payment, 0);
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_REFUSED);
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_REFUSED);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 1);
    payment = kit_pending(kit, BORIS);
    fact = fact_of(&payment, 14900);
    fact.external = STR_NONE;
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_REFUSED);
    payment = kit_pending(kit, OWNER);
    fact = fact_of(&payment, 14900);
    fact.external = arena_printf(kit->memory, "%0300d", 1);
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_REFUSED);
    assert_int_equal(kit_balance(kit, "provider:test", "RUB"), 0);
}

static void no_money_changes_nothing_of_a_paid_payment(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_paid(kit, ANNA);
    struct money_fact fact = fact_of(&payment, 14900);
    fact.test = false;
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_REFUSED);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 0);
}

static void a_status_of_other_ids_is_not_believed(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA), told = payment;
    told.id = STR_NONE; /* not echoed */
    kit_look(kit, &payment, "pending", 0);
    struct outbox_row row = kit_row(kit, "pay.status");
    kit_done(kit, &row, kit_said(kit, &told, "expired", 0));
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PENDING);
    row = kit_row(kit, "pay.status");
    kit_done(kit, &row, kit_said(kit, &told, "paid", 14900));
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_REVIEW);
    assert_true(str_is(kit_payment(kit, payment.id).why, "ids"));
    assert_int_equal(kit_balance(kit, "provider:test", "RUB"), 0);
}

static void a_charge_of_another_payment_is_not_taken_twice(void **state) {
    struct kit *kit = *state;
    struct payment first = kit_start(kit, ANNA, "stars"), second = kit_start(kit, BORIS, "stars");
    assert_int_equal(kit_settle_stars(kit, ANNA, first.id, "ch1", 99), GB_OK);
    assert_int_equal(kit_settle_stars(kit, BORIS, second.id, "ch1", 99), GB_REFUSED);
    assert_int_equal(kit_payment(kit, second.id).state, PAYMENT_REVIEW);
    assert_int_equal(kit_balance(kit, "provider:stars", "XTR"), -99);
}

static void paid_does_not_go_back(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct outbox_row row = kit_row(kit, "pay.status");
    kit_done(kit, &row, kit_said(kit, &payment, "paid", 14900));
    static const char *const words[] = {"pending", "expired", "canceled", "unknown"};
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        kit_done(kit, &row, kit_said(kit, &payment, words[i], 0));
        assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
    }
    assert_int_equal(kit->told[NOTICE_INVOICE_EXPIRED], 0);
    assert_int_equal(kit_count(kit, "pay.status"), 0);
}

static void poll_and_press_and_fact_race_to_one_credit(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    struct outbox_row planned = kit_row(kit, "pay.status");
    struct money_fact fact = fact_of(&payment, 14900);
    assert_int_equal(kit_settle(kit, payment.id, &fact), GB_OK);
    for (int i = 0; i < 3; i++) {
        kit_done(kit, &planned, kit_said(kit, &payment, "paid", 14900));
        assert_int_equal(kit_settle(kit, payment.id, &fact), GB_EXISTS);
    }
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    assert_int_equal(kit_balance(kit, "revenue", "RUB"), 14900);
}

/* ---- Stars --------------------------------------------------------------------------------------
 */

static void stars_that_were_paid_are_always_honoured(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    kit->now_ms += 400 * GB_DAY_MS;
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch1", 99), GB_OK);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
    assert_int_equal(kit_balance(kit, "revenue", "XTR"), 99);
}

static void stars_for_nothing_we_know_are_kept_in_suspense(void **state) {
    struct kit *kit = *state;
    assert_int_equal(kit_settle_stars(kit, ANNA, STR("zzz"), "ch1", 99), GB_NOT_FOUND);
    assert_int_equal(kit_settle_stars(kit, ANNA, STR("zzz"), "ch1", 99), GB_EXISTS);
    struct payment other = kit_pending(kit, ANNA); /* not an invoice in Stars */
    assert_int_equal(kit_settle_stars(kit, ANNA, other.id, "ch2", 1), GB_NOT_FOUND);
    assert_int_equal(kit_payment(kit, other.id).state, PAYMENT_PENDING);
    assert_int_equal(kit_balance(kit, "suspense", "XTR"), 100);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 2);
}

static void who_pays_anothers_stars_keeps_the_money_on_their_balance(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_start(kit, ANNA, "stars");
    assert_int_equal(kit_settle_stars(kit, BORIS, payment.id, "ch1", 99), GB_OK);
    assert_int_equal(kit_settle_stars(kit, BORIS, payment.id, "ch1", 99), GB_EXISTS);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PENDING);
    assert_int_equal(kit_balance(kit, "user:202", "XTR"), 99);
    assert_int_equal(kit_balance(kit, "user:101", "XTR"), 0);
    assert_int_equal(kit->told[NOTICE_MONEY_IN_REVIEW], 1);
    assert_int_equal(kit->last[NOTICE_MONEY_IN_REVIEW].user, BORIS);
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "ch2", 99), GB_OK);
    assert_int_equal(kit_payment(kit, payment.id).state, PAYMENT_PAID);
}

/* ---- crash --------------------------------------------------------------------------------------
 */

static enum gb_err settle_anna(struct work *work, void *ctx) {
    struct payment payment = *(const struct payment *)ctx;
    struct money_fact fact = fact_of(&payment, payment.amount_minor);
    return settle(work, &payment, &fact);
}

static void a_crash_before_the_commit_leaves_nothing_and_the_next_run_all(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    kit->crash_one_in = 1;
    assert_int_equal(kit_run(kit, settle_anna, &payment), GB_OK);
    assert_int_equal(kit->told[NOTICE_ORDER_PAID], 1);
    assert_int_equal(kit_balance(kit, "revenue", "RUB"), 14900);
    assert_int_equal(kit_count(kit, "panel.ensure"), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_right_amount_pays_sells_and_grants_in_one_step),
        T(fifty_times_the_same_fact_counts_once),
        T(a_fact_before_the_answer_to_create_counts),
        T(late_money_is_honoured_as_frozen),
        T(less_goes_to_suspense_and_a_person_looks),
        T(another_currency_goes_to_suspense),
        T(right_money_after_wrong_money_is_honoured),
        T(more_is_granted_and_the_rest_kept_on_the_balance),
        T(a_second_payment_of_a_paid_one_is_kept_on_the_balance),
        T(test_money_is_no_money_in_a_real_shop),
        T(money_without_an_id_or_an_amount_is_not_entered),
        T(no_money_changes_nothing_of_a_paid_payment),
        T(a_status_of_other_ids_is_not_believed),
        T(a_charge_of_another_payment_is_not_taken_twice),
        T(paid_does_not_go_back),
        T(poll_and_press_and_fact_race_to_one_credit),
        T(stars_that_were_paid_are_always_honoured),
        T(stars_for_nothing_we_know_are_kept_in_suspense),
        T(who_pays_anothers_stars_keeps_the_money_on_their_balance),
        T(a_crash_before_the_commit_leaves_nothing_and_the_next_run_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

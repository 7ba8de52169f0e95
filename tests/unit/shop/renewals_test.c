/* More time for a subscription: the same uuid, an absolute end, each paid day once. */
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "base/json.h"
#include "shop/due.h"
#include "shop/renewals.h"

static struct subscription active(struct kit *kit, int64_t user) {
    struct payment payment = kit_paid(kit, user);
    struct outbox_row row = kit_row(kit, "panel.ensure");
    kit_done(kit, &row, STR("{\"created\":true}"));
    struct order order = kit_order(kit, payment.order);
    kit_forget(kit);
    return kit_subscription(kit, order.subscription);
}

static struct payment wish(struct kit *kit, int64_t user, const struct subscription *renews) {
    struct payment payment;
    struct str place = renewal_place(kit->memory, renews->id);
    assert_int_equal(
        kit_try_start(kit, user, "m1", arena_cstr(kit->memory, place), "stars", &payment), GB_OK);
    return payment;
}

/* Paid; its row waits for the panel. */
static struct order renewed(struct kit *kit, const struct subscription *subscription,
                            const char *charge) {
    struct payment payment = wish(kit, subscription->user, subscription);
    assert_int_equal(kit_settle_stars(kit, subscription->user, payment.id, charge, 99), GB_OK);
    return kit_order(kit, payment.order);
}

static enum gb_err check_step(struct work *work, void *ctx) {
    struct due_batch batch;
    (void)ctx;
    return due_run(work, DUE_CHECK, 10, &batch);
}

static void it_is_longer_by_what_was_bought_and_stays_the_same_one(void **state) {
    struct kit *kit = *state;
    struct subscription before = active(kit, ANNA);
    kit->now_ms += 10 * GB_DAY_MS;
    struct order order = renewed(kit, &before, "c1");
    struct subscription after = kit_subscription(kit, before.id);
    assert_int_equal(after.target_expires_ms, before.target_expires_ms + 30 * GB_DAY_MS);
    assert_int_equal(after.traffic_gb, 100); /* what is left of the old and the new */
    assert_true(str_equal(after.uuid, before.uuid));
    assert_int_equal(order.state, ORDER_PAID);
    assert_true(str_equal(order.subscription, before.id));
    struct outbox_row row = kit_row(kit, "panel.renew");
    const struct json *body;
    assert_int_equal(json_parse(kit->memory, row.body, &body, NULL), GB_OK);
    assert_int_equal(json_i64_or(body, "expires_ms", 0), after.target_expires_ms);
    assert_true(str_equal(json_str_or(body, "uuid", STR_NONE), before.uuid));
    assert_int_equal(kit_server_users(kit, "de1"), 1);
    for (int i = 0; i < 3; i++) { /* an answer that comes again changes nothing */
        kit_done(kit, &row, STR("{\"created\":false}"));
    }
    assert_int_equal(kit_order(kit, order.id).state, ORDER_ACTIVE);
    assert_int_equal(kit->told[NOTICE_RENEWED], 1);
}

static void one_that_has_ended_begins_now_and_has_its_place_again(void **state) {
    struct kit *kit = *state;
    kit->config.expiry.grace_ms = 7 * GB_DAY_MS;
    struct subscription before = active(kit, ANNA);
    kit->now_ms = before.target_expires_ms + 2 * GB_DAY_MS;
    assert_int_equal(kit_run(kit, check_step, NULL), GB_OK);
    assert_int_equal(kit_server_users(kit, "de1"), 0);
    (void)renewed(kit, &before, "c1");
    struct subscription after = kit_subscription(kit, before.id);
    assert_int_equal(after.state, SUBSCRIPTION_ACTIVE);
    assert_int_equal(after.target_expires_ms, kit->now_ms + 30 * GB_DAY_MS);
    assert_int_equal(after.traffic_gb, 50); /* nothing was used, and nothing carries over */
    assert_int_equal(kit_server_users(kit, "de1"), 1);
    assert_int_equal(after.check_ms, after.target_expires_ms);
    assert_int_equal(after.days_told, 0);
}

static void two_payments_are_two_terms(void **state) {
    struct kit *kit = *state;
    struct subscription before = active(kit, ANNA);
    (void)renewed(kit, &before, "c1");
    (void)renewed(kit, &before, "c2");
    assert_int_equal(kit_subscription(kit, before.id).target_expires_ms,
                     before.target_expires_ms + 60 * GB_DAY_MS);
    assert_int_equal(kit_count(kit, "panel.renew"), 2);
}

static void the_panels_no_gives_money_and_time_back(void **state) {
    struct kit *kit = *state;
    struct subscription before = active(kit, ANNA);
    struct order order = renewed(kit, &before, "c1");
    struct outbox_row row = kit_row(kit, "panel.renew");
    kit_refused(kit, &row, "not_kept");
    struct subscription after = kit_subscription(kit, before.id);
    assert_int_equal(after.target_expires_ms, before.target_expires_ms);
    assert_int_equal(after.traffic_gb, before.traffic_gb);
    assert_int_equal(kit_order(kit, order.id).state, ORDER_CREDITED);
    assert_int_equal(kit_balance(kit, "user:101", "XTR"), 99);
    assert_int_equal(kit->told[NOTICE_DELIVERY_REFUSED], 1);
}

static void what_is_gone_when_the_money_comes_is_made_anew(void **state) {
    struct kit *kit = *state;
    kit->config.expiry.grace_ms = GB_DAY_MS;
    kit->config.shop.invoice_ms = 60 * GB_DAY_MS;
    struct subscription before = active(kit, ANNA);
    struct payment payment = wish(kit, ANNA, &before);
    for (int day = 0; day < 40; day++) {
        kit->now_ms += GB_DAY_MS;
        assert_int_equal(kit_run(kit, check_step, NULL), GB_OK);
    }
    assert_int_equal(kit_subscription(kit, before.id).state, SUBSCRIPTION_REMOVED);
    assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, "c1", 99), GB_OK);
    struct order order = kit_order(kit, payment.order);
    assert_false(str_equal(order.subscription, before.id));
    assert_int_equal(order.renews.n, 0);
    assert_int_equal(kit_subscription(kit, order.subscription).state, SUBSCRIPTION_WAITING);
}

static void nobody_renews_what_is_anothers_or_not_there(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA);
    struct payment payment;
    const char *place = arena_cstr(kit->memory, renewal_place(kit->memory, anna.id));
    assert_int_equal(kit_try_start(kit, BORIS, "m1", place, "stars", &payment), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "=", "stars", &payment), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "=nothing", "stars", &payment), GB_NOT_FOUND);
    assert_int_equal(kit_try_start(kit, ANNA, "s1", place, "stars", &payment), GB_NOT_FOUND);
}

static void a_full_place_is_no_hindrance(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA);
    struct payment payment;
    for (int64_t user = 301; user < 305; user++) {
        (void)active(kit, user);
    }
    assert_int_equal(kit_try_start(kit, BORIS, "m1", "de", "stars", &payment), GB_LATER);
    (void)renewed(kit, &anna, "c1");
}

static void a_second_press_finds_the_same_invoice(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA);
    struct payment first, second;
    const char *place = arena_cstr(kit->memory, renewal_place(kit->memory, anna.id));
    assert_int_equal(kit_try_start(kit, ANNA, "m1", place, "test", &first), GB_OK);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", place, "test", &second), GB_EXISTS);
    assert_true(str_equal(first.id, second.id));
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", &second), GB_OK);
}

static void unlimited_stays_and_becomes_what_was_bought(void **state) {
    struct kit *kit = *state;
    struct subscription anna = active(kit, ANNA);
    struct payment payment;
    const char *place = arena_cstr(kit->memory, renewal_place(kit->memory, anna.id));
    assert_int_equal(kit_try_start(kit, ANNA, "m3", place, "test", &payment), GB_OK);
    struct outbox_row row = kit_row(kit, "pay.create");
    payment.external = STR("tp_9");
    payment.url = STR("http://127.0.0.1:1/p");
    kit_done(kit, &row, kit_said(kit, &payment, "pending", 0));
    payment = kit_payment(kit, payment.id);
    kit_look(kit, &payment, "paid", payment.amount_minor);
    assert_int_equal(kit_subscription(kit, anna.id).traffic_gb, 0);
    (void)renewed(kit, &anna, "c1");
    assert_int_equal(kit_subscription(kit, anna.id).traffic_gb, 50);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(it_is_longer_by_what_was_bought_and_stays_the_same_one),
        T(one_that_has_ended_begins_now_and_has_its_place_again),
        T(two_payments_are_two_terms),
        T(the_panels_no_gives_money_and_time_back),
        T(what_is_gone_when_the_money_comes_is_made_anew),
        T(nobody_renews_what_is_anothers_or_not_there),
        T(a_full_place_is_no_hindrance),
        T(a_second_press_finds_the_same_invoice),
        T(unlimited_stays_and_becomes_what_was_bought),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

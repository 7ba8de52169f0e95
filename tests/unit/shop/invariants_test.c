/* The checker sees each kind of damage: rows are broken by hand, one at a time, and must be named.
 */
#define GB_DOOR "damages rows"
#include "shop/shop_kit.h"

#include "base/arena.h"

/* Replace the first `from` by `to` in a row's value; without `from` the row becomes `to`; without
 * both it is removed. */
struct damage {
    int table;
    struct str key; /* empty: the table's only row */
    const char *from, *to;
};

static bool first_key(void *ctx, struct str key, struct str value) {
    (void)value;
    *(struct str *)ctx = key;
    return false;
}

static enum gb_err damage_step(struct work *work, void *ctx) {
    const struct damage *damage = ctx;
    struct str key = damage->key, value = STR_NONE;
    if (key.n == 0) {
        enum gb_err err = tx_scan(work->tx, damage->table, STR(" "), STR_NONE, 1, first_key, &key);
        assert_int_equal(err, GB_OK);
        assert_true(key.n > 0);
    }
    enum gb_err err = tx_get(work->tx, damage->table, key, &value);
    if (damage->from == NULL && damage->to == NULL) {
        assert_int_equal(err, GB_OK);
        tx_del(work->tx, damage->table, key);
        return GB_OK;
    }
    if (damage->from == NULL) {
        tx_put(work->tx, damage->table, key, str_of(damage->to), STORE_NEVER);
        return GB_OK;
    }
    assert_int_equal(err, GB_OK);
    struct str from = str_of(damage->from);
    size_t at = str_find_str(value, from);
    assert_true(at < value.n);
    struct str tail = str_sub(value, at + from.n, value.n);
    tx_put(work->tx, damage->table, key,
           arena_printf(work->arena, STR_FMT "%s" STR_FMT, STR_ARG(str_sub(value, 0, at)),
                        damage->to, STR_ARG(tail)),
           STORE_NEVER);
    return GB_OK;
}

static void expect_named(struct kit *kit, struct damage damage, const char *part) {
    kit->unchecked = true;
    assert_int_equal(kit_check(kit).broken, 0);
    assert_int_equal(kit_run(kit, damage_step, &damage), GB_OK);
    struct invariant_report report = kit_check(kit);
    assert_true(report.broken > 0);
    for (size_t i = 0; i < GB_MIN(report.broken, GB_COUNT(report.first_broken)); i++) {
        if (str_find_str(report.first_broken[i], str_of(part)) < report.first_broken[i].n) {
            return;
        }
    }
    fail_msg("\"%s\" is not named, but: " STR_FMT, part, STR_ARG(report.first_broken[0]));
}

static void make_active(struct kit *kit) {
    (void)kit_paid(kit, ANNA);
    struct outbox_row row = kit_row(kit, "panel.ensure");
    kit_done(kit, &row, STR("{\"created\":true}"));
}

static void a_sound_shop_is_counted(void **state) {
    struct kit *kit = *state;
    make_active(kit);
    (void)kit_pending(kit, BORIS);
    struct invariant_report report = kit_check(kit);
    assert_int_equal(report.broken, 0);
    assert_int_equal(report.orders, 2);
    assert_int_equal(report.payments, 2);
    assert_int_equal(report.paid_payments, 1);
    assert_int_equal(report.subscriptions, 1);
    assert_int_equal(report.ledger_entries, 2);
    assert_int_equal(report.credited_minor, 14900);
    assert_int_equal(report.outbox, 1);
}

static void more_rows_than_may_be_read_are_no_verdict(void **state) {
    struct kit *kit = *state;
    (void)kit_pending(kit, ANNA);
    (void)kit_pending(kit, BORIS);
    struct arena *arena = kit->event;
    struct work work = {
        .tx = tx_begin(kit->backend, arena, kit->now_ms),
        .arena = arena,
        .now_ms = kit->now_ms,
        .config = &kit->config,
    };
    struct invariant_report report;
    assert_int_equal(invariants_check(&work, 1, &report), GB_NO_SPACE);
}

/* One test each: the shop is sound but for one row. */
#define DAMAGE(name, prepare, table, key, from, to, part)                                          \
    static void name(void **state) {                                                               \
        struct kit *kit = *state;                                                                  \
        prepare;                                                                                   \
        expect_named(kit, (struct damage){table, key, from, to}, part);                            \
    }

static void a_paid_payment_without_its_entry(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_paid(kit, ANNA);
    struct str key =
        arena_printf(kit->memory, "test:" STR_FMT ":payment", STR_ARG(payment.external));
    expect_named(kit, (struct damage){TABLE_LEDGER, key, NULL, NULL},
                 "is paid without a ledger entry");
}

DAMAGE(an_account_that_differs, make_active(kit), TABLE_ACCOUNTS, STR("revenue:RUB"), "14900",
       "14901", "1: account revenue:RUB says 14901")
DAMAGE(an_account_too_many, make_active(kit), TABLE_ACCOUNTS, STR("user:9:RUB"), NULL, "0",
       "1: 4 accounts")
DAMAGE(an_entry_of_another_amount, make_active(kit), TABLE_LEDGER, STR_NONE, "14900", "14901",
       "1: ")
DAMAGE(an_order_of_another_price, make_active(kit), TABLE_ORDERS, STR_NONE, "14900", "15000",
       "and its order differ")
DAMAGE(an_order_moved_by_hand, make_active(kit), TABLE_ORDERS, STR_NONE, "\"active\"",
       "\"credited\"", "its subscription active")
DAMAGE(an_order_that_was_never_sold, (void)kit_pending(kit, ANNA), TABLE_ORDERS, STR_NONE,
       "\"created\"", "\"paid\"", "sold in the ledger: 0")
DAMAGE(a_payment_paid_by_hand, (void)kit_pending(kit, ANNA), TABLE_PAYMENTS, STR_NONE,
       "\"pending\"", "\"paid\"", "paid at 0")
DAMAGE(a_subscription_of_no_order, make_active(kit), TABLE_SUBSCRIPTIONS, STR_NONE, "\"order\":\"",
       "\"order\":\"x", "belongs to no order")
DAMAGE(a_waiting_one_without_its_row, (void)kit_paid(kit, ANNA), TABLE_OUTBOX, STR_NONE, NULL, NULL,
       "has 0 rows in its lane")
DAMAGE(a_subscription_that_is_lost, make_active(kit), TABLE_SUBSCRIPTIONS, STR_NONE, NULL, NULL,
       "which is not its")
DAMAGE(a_subscription_that_ends_elsewhen, make_active(kit), TABLE_SUBSCRIPTIONS, STR_NONE,
       "\"target_expires_ms\":1", "\"target_expires_ms\":2", "ends at another instant")
DAMAGE(a_server_that_miscounts, make_active(kit), TABLE_SERVERS, STR("de1"), "\"users\":1",
       "\"users\":2", "counts 2 users, it has 1")
DAMAGE(a_list_that_forgets, make_active(kit), TABLE_USER_SUBS, STR_NONE, NULL, NULL,
       "is not in its user's list")
DAMAGE(a_pending_payment_nobody_asks_about, (void)kit_pending(kit, ANNA), TABLE_OUTBOX, STR_NONE,
       NULL, NULL, "and 0 looks")
DAMAGE(a_created_payment_nobody_makes, (void)kit_start(kit, ANNA, "test"), TABLE_OUTBOX, STR_NONE,
       NULL, NULL, "with 0 calls to make it")
DAMAGE(an_external_that_leads_nowhere, (void)kit_pending(kit, ANNA), TABLE_EXTERNALS, STR_NONE,
       NULL, NULL, "does not lead to payment")
DAMAGE(an_external_of_nobody, (void)kit_pending(kit, ANNA), TABLE_EXTERNALS, STR("test:zz"), NULL,
       "nobody", "leads to no payment")
DAMAGE(an_open_payment_that_is_over, make_active(kit), TABLE_OPEN_PAYMENTS, STR("101/m1/de/test"),
       NULL, "x", "is none")
DAMAGE(a_row_of_no_shape, make_active(kit), TABLE_ORDERS, STR_NONE, "{", "[", "no known shape")
DAMAGE(a_state_of_no_table, make_active(kit), TABLE_ORDERS, STR_NONE, "\"active\"", "\"happy\"",
       "no known shape")
DAMAGE(a_row_under_another_key, make_active(kit), TABLE_ORDERS, STR_NONE, "\"id\":\"", "\"id\":\"x",
       "says it is x")
DAMAGE(an_outbox_row_of_no_shape, (void)kit_pending(kit, ANNA), TABLE_OUTBOX, STR_NONE, "{", "[",
       "no known shape")
DAMAGE(an_outbox_row_about_nothing, (void)kit_paid(kit, ANNA), TABLE_PAYMENTS, STR_NONE, NULL, NULL,
       "is for no payment")

static enum gb_err twin_step(struct work *work, void *ctx) {
    struct subscription one, other;
    const struct str *ids = ctx;
    enum gb_err err = subscription_get(work, ids[0], &one);
    if (err == GB_OK) {
        err = subscription_get(work, ids[1], &other);
    }
    other.uuid = one.uuid;
    subscription_put(work, &other);
    return err;
}

static void two_subscriptions_of_one_uuid(void **state) {
    struct kit *kit = *state;
    struct payment first = kit_paid(kit, ANNA), second = kit_paid(kit, BORIS);
    struct str ids[] = {kit_order(kit, first.order).subscription,
                        kit_order(kit, second.order).subscription};
    kit->unchecked = true;
    assert_int_equal(kit_run(kit, twin_step, ids), GB_OK);
    struct invariant_report report = kit_check(kit);
    assert_int_equal(report.broken, 2); /* the second is not in its server's list either */
    assert_true(str_starts(report.first_broken[0], STR("3: two subscriptions share")));
}

static struct subscription made(struct kit *kit) {
    struct payment payment = kit_paid(kit, ANNA);
    struct outbox_row row = kit_row(kit, "panel.ensure");
    kit_done(kit, &row, STR("{\"created\":true}"));
    return kit_subscription(kit, kit_order(kit, payment.order).subscription);
}

static void a_subscription_that_will_never_be_looked_at(void **state) {
    (void)made(*state);
    expect_named(*state, (struct damage){.table = TABLE_SUBS_DUE}, "has lost its place");
}

static void a_place_of_nobody(void **state) {
    (void)made(*state);
    expect_named(
        *state,
        (struct damage){.table = TABLE_SUBS_DUE, .key = STR("check/0000000000000001/x"), .to = "1"},
        "rows say when");
}

static void a_subscription_its_server_does_not_list(void **state) {
    (void)made(*state);
    expect_named(*state, (struct damage){.table = TABLE_SERVER_SUBS}, "not in its server's list");
}

static void a_payment_that_is_never_tidied(void **state) {
    (void)made(*state);
    expect_named(*state, (struct damage){.table = TABLE_PAYMENTS_DONE}, "will never be tidied");
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_sound_shop_is_counted),
        T(more_rows_than_may_be_read_are_no_verdict),
        T(a_paid_payment_without_its_entry),
        T(an_account_that_differs),
        T(an_account_too_many),
        T(an_entry_of_another_amount),
        T(an_order_of_another_price),
        T(an_order_moved_by_hand),
        T(an_order_that_was_never_sold),
        T(a_payment_paid_by_hand),
        T(a_subscription_of_no_order),
        T(a_waiting_one_without_its_row),
        T(a_subscription_that_is_lost),
        T(a_subscription_that_ends_elsewhen),
        T(a_server_that_miscounts),
        T(a_list_that_forgets),
        T(a_pending_payment_nobody_asks_about),
        T(a_created_payment_nobody_makes),
        T(an_external_that_leads_nowhere),
        T(an_external_of_nobody),
        T(an_open_payment_that_is_over),
        T(a_row_of_no_shape),
        T(a_state_of_no_table),
        T(a_row_under_another_key),
        T(an_outbox_row_of_no_shape),
        T(an_outbox_row_about_nothing),
        T(two_subscriptions_of_one_uuid),
        T(a_subscription_that_will_never_be_looked_at),
        T(a_place_of_nobody),
        T(a_subscription_its_server_does_not_list),
        T(a_payment_that_is_never_tidied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

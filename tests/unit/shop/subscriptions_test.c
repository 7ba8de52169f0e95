/* What was granted: absolute, on a server that counts it, made by the panel or paid back. */
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "base/json.h"
#include "panel/panel.h"
#include "shop/catalog.h"

static struct subscription granted(struct kit *kit, int64_t user) {
    struct payment payment = kit_paid(kit, user);
    struct order order = kit_order(kit, payment.order);
    return kit_subscription(kit, order.subscription);
}

static struct outbox_row ensure_row(struct kit *kit, const struct subscription *subscription) {
    static struct outbox_row rows[KIT_ROWS_MAX];
    size_t count = kit_rows(kit, rows);
    for (size_t i = 0; i < count; i++) {
        if (str_is(rows[i].then, "panel.ensure") && str_equal(rows[i].about, subscription->id)) {
            return rows[i];
        }
    }
    fail_msg("no row for the panel");
    return rows[0];
}

static struct subscription active(struct kit *kit, int64_t user) {
    struct subscription subscription = granted(kit, user);
    struct outbox_row row = ensure_row(kit, &subscription);
    kit_done(kit, &row, STR("{\"created\":true}"));
    return kit_subscription(kit, subscription.id);
}

static void the_wish_to_the_panel_is_absolute(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = granted(kit, ANNA);
    struct outbox_row row = ensure_row(kit, &subscription);
    assert_true(str_is(row.lane, "panel:de1"));
    assert_true(str_is(row.kind, "ensure"));
    assert_true(str_equal(row.key, subscription.uuid));
    assert_true(str_equal(row.queue, subscription.uuid));
    assert_int_equal(row.again, OUTBOX_SAFE);
    assert_int_equal(row.give_up_ms, 0);
    const struct json *body;
    assert_int_equal(json_parse(kit->memory, row.body, &body, NULL), GB_OK);
    assert_int_equal(json_i64_or(body, "expires_ms", 0), subscription.target_expires_ms);
    assert_int_equal(json_i64_or(body, "traffic_gb", 0), 50);
    assert_int_equal(json_i64_or(body, "telegram_id", 0), ANNA);
    assert_true(json_bool_or(body, "enabled", false));
    assert_true(str_equal(json_str_or(body, "uuid", STR_NONE), subscription.uuid));
    assert_true(str_equal(json_str_or(body, "comment", STR_NONE), subscription.order));
    assert_int_equal(subscription.uuid.n, 36);
    assert_int_equal(kit_server_users(kit, "de1"), 1);
}

static void the_panels_yes_makes_it_active_once(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = granted(kit, ANNA);
    struct outbox_row row = ensure_row(kit, &subscription);
    for (int i = 0; i < 50; i++) {
        kit_done(kit, &row, STR("{\"created\":true}"));
    }
    assert_int_equal(kit_subscription(kit, subscription.id).state, SUBSCRIPTION_ACTIVE);
    assert_int_equal(kit_order(kit, subscription.order).state, ORDER_ACTIVE);
    assert_int_equal(kit->told[NOTICE_ACCESS_READY], 1);
    assert_true(str_equal(kit->last[NOTICE_ACCESS_READY].about, subscription.id));
    kit_refused(kit, &row, "other"); /* nor does a late no take it back */
    assert_int_equal(kit_subscription(kit, subscription.id).state, SUBSCRIPTION_ACTIVE);
    assert_int_equal(kit->told[NOTICE_DELIVERY_REFUSED], 0);
}

static void the_panels_no_pays_back_to_the_balance_once(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = granted(kit, ANNA);
    struct outbox_row row = ensure_row(kit, &subscription);
    for (int i = 0; i < 50; i++) {
        kit_refused(kit, &row, "foreign_uuid");
    }
    assert_int_equal(kit_subscription(kit, subscription.id).state, SUBSCRIPTION_REFUSED);
    assert_int_equal(kit_order(kit, subscription.order).state, ORDER_CREDITED);
    assert_int_equal(kit_balance(kit, "user:101", "RUB"), 14900);
    assert_int_equal(kit_balance(kit, "revenue", "RUB"), 0);
    assert_int_equal(kit_server_users(kit, "de1"), 0);
    assert_int_equal(kit->told[NOTICE_DELIVERY_REFUSED], 1);
    assert_true(str_equal(kit->last[NOTICE_DELIVERY_REFUSED].about, subscription.order));
    assert_true(str_is(kit->last[NOTICE_DELIVERY_REFUSED].extra, "foreign_uuid"));
    assert_int_equal(kit->last[NOTICE_DELIVERY_REFUSED].user, ANNA);
    kit_done(kit, &row, STR("{\"created\":true}")); /* a late yes does not give both */
    assert_int_equal(kit->told[NOTICE_ACCESS_READY], 0);
}

static void buyers_spread_over_the_servers_and_who_paid_is_placed(void **state) {
    struct kit *kit = *state;
    struct payment late[7];
    for (int i = 0; i < 7; i++) { /* all in time, all pending: five places */
        late[i] = kit_pending(kit, 1000 + i);
    }
    for (int i = 0; i < 5; i++) {
        kit_look(kit, &late[i], "paid", 14900);
    }
    assert_int_equal(kit_server_users(kit, "de1"), 3);
    assert_int_equal(kit_server_users(kit, "de2"), 2);
    assert_int_equal(kit_try_start(kit, ANNA, "m1", "de", "test", NULL), GB_LATER);
    kit_look(kit, &late[5], "paid", 14900);
    kit_look(kit, &late[6], "paid", 14900);
    assert_int_equal(kit_server_users(kit, "de1") + kit_server_users(kit, "de2"), 7);
    assert_int_equal(kit_count(kit, "panel.ensure"), 7);
}

static enum gb_err close_location(struct work *work, void *ctx) {
    struct server server;
    (void)ctx;
    static const char *const ids[] = {"de1", "de2"};
    enum gb_err err = GB_OK;
    for (size_t i = 0; err == GB_OK && i < GB_COUNT(ids); i++) {
        err = server_get(work, str_of(ids[i]), &server);
        server.location = STR("elsewhere");
        server_put(work, &server);
    }
    return err;
}

static void a_location_without_servers_pays_back_at_once(void **state) {
    struct kit *kit = *state;
    struct payment payment = kit_pending(kit, ANNA);
    assert_int_equal(kit_run(kit, close_location, NULL), GB_OK);
    kit_look(kit, &payment, "paid", 14900);
    struct order order = kit_order(kit, payment.order);
    assert_int_equal(order.state, ORDER_CREDITED);
    assert_int_equal(kit_subscription(kit, order.subscription).state, SUBSCRIPTION_REFUSED);
    assert_int_equal(kit_balance(kit, "user:101", "RUB"), 14900);
    assert_true(str_is(kit->last[NOTICE_DELIVERY_REFUSED].extra, "no_server"));
}

/* ---- looking at it ------------------------------------------------------------------------------
 */

struct looking {
    struct kit *kit;
    struct str id;
    int64_t user, message_id;
    size_t count;
    struct str ids[20];
    struct str link;
};

static enum gb_err refresh_step(struct work *work, void *ctx) {
    struct looking *looking = ctx;
    struct subscription subscription;
    enum gb_err err = subscription_get(work, looking->id, &subscription);
    return err == GB_OK ? subscription_refresh(work, &subscription, looking->message_id) : err;
}

static enum gb_err list_step(struct work *work, void *ctx) {
    struct looking *looking = ctx;
    const struct subscription *rows;
    enum gb_err err = subscription_list(work, looking->user, &rows, &looking->count);
    for (size_t i = 0; err == GB_OK && i < looking->count; i++) {
        looking->ids[i] = arena_copy(looking->kit->memory, rows[i].id);
    }
    return err;
}

static enum gb_err link_step(struct work *work, void *ctx) {
    struct looking *looking = ctx;
    struct subscription subscription;
    enum gb_err err = subscription_get(work, looking->id, &subscription);
    if (err == GB_OK) {
        err = subscription_link(work, &subscription, &looking->link);
        looking->link = arena_copy(looking->kit->memory, looking->link);
    }
    return err;
}

static void the_panel_is_asked_at_most_once_a_minute(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    struct looking looking = {.kit = kit, .id = subscription.id, .message_id = 5};
    assert_int_equal(kit_run(kit, refresh_step, &looking), GB_OK);
    assert_int_equal(kit->noise, 1);
    assert_true(str_is(kit->last_noise.lane, "panel:de1"));
    assert_true(str_is(kit->last_noise.kind, "read"));
    assert_true(str_is(kit->last_noise.then, "panel.read"));
    kit->now_ms += GB_MINUTE_MS - 1;
    looking.message_id = 6;
    assert_int_equal(kit_run(kit, refresh_step, &looking), GB_OK);
    assert_int_equal(kit->noise, 0);
    assert_int_equal(kit_subscription(kit, subscription.id).message_id, 6);
    kit->now_ms += 1;
    assert_int_equal(kit_run(kit, refresh_step, &looking), GB_OK);
    assert_int_equal(kit->noise, 1);
}

static void fresh_figures_are_stored_and_told(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = active(kit, ANNA);
    struct looking looking = {.kit = kit, .id = subscription.id, .message_id = 5};
    assert_int_equal(kit_run(kit, refresh_step, &looking), GB_OK);
    struct outbox_row row = kit->last_noise;
    kit_done(kit, &row,
             STR("{\"used_bytes\":1073741824,\"limit_bytes\":53687091200,\"last_seen_ms\":7,"
                 "\"enabled\":true}"));
    subscription = kit_subscription(kit, subscription.id);
    assert_int_equal(subscription.used_bytes, INT64_C(1) << 30);
    assert_int_equal(subscription.used_at_ms, kit->now_ms);
    assert_int_equal(subscription.last_seen_ms, 7);
    assert_int_equal(subscription_gb_left_tenths(&subscription), 490);
    assert_int_equal(kit->told[NOTICE_ACCESS_REFRESHED], 1);
    kit_done(kit, &row, STR("{\"nonsense\":1}"));
    assert_int_equal(kit_subscription(kit, subscription.id).used_bytes, INT64_C(1) << 30);
    assert_int_equal(kit->told[NOTICE_ACCESS_REFRESHED], 1);
}

static void what_is_not_active_is_not_asked_about(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = granted(kit, ANNA);
    struct looking looking = {.kit = kit, .id = subscription.id, .message_id = 5};
    assert_int_equal(kit_run(kit, refresh_step, &looking), GB_OK);
    assert_int_equal(kit->noise, 0);
}

static void the_link_is_there_when_the_access_is(void **state) {
    struct kit *kit = *state;
    struct subscription subscription = granted(kit, ANNA);
    struct looking looking = {.kit = kit, .id = subscription.id};
    assert_int_equal(kit_run(kit, link_step, &looking), GB_OK);
    assert_int_equal(looking.link.n, 0);
    struct outbox_row row = ensure_row(kit, &subscription);
    kit_done(kit, &row, STR("{\"created\":true}"));
    assert_int_equal(kit_run(kit, link_step, &looking), GB_OK);
    assert_true(str_starts(looking.link, STR("https://de1.example/c")));
    assert_true(str_find_str(looking.link, subscription.uuid) < looking.link.n);
}

static void a_list_is_the_users_own_newest_first(void **state) {
    struct kit *kit = *state;
    struct subscription mine[2];
    for (size_t i = 0; i < GB_COUNT(mine); i++) {
        mine[i] = granted(kit, ANNA);
        (void)granted(kit, ANNA * 10); /* a longer number with the same beginning */
        kit->now_ms += GB_HOUR_MS;
    }
    struct looking looking = {.kit = kit, .user = ANNA};
    assert_int_equal(kit_run(kit, list_step, &looking), GB_OK);
    assert_int_equal(looking.count, 2);
    for (size_t i = 0; i < GB_COUNT(mine); i++) {
        assert_true(str_equal(looking.ids[i], mine[1 - i].id));
    }
    looking.user = BORIS;
    assert_int_equal(kit_run(kit, list_step, &looking), GB_OK);
    assert_int_equal(looking.count, 0);
}

static void a_list_shows_the_twenty_newest(void **state) {
    struct kit *kit = *state;
    struct subscription newest = {.id = STR_NONE};
    for (int i = 0; i < 23; i++) {
        struct payment payment;
        assert_int_equal(kit_try_start(kit, ANNA, "s1", "nl", "stars", &payment), GB_OK);
        const char *charge = arena_cstr(kit->memory, payment.id);
        assert_int_equal(kit_settle_stars(kit, ANNA, payment.id, charge, 30), GB_OK);
        newest = kit_subscription(kit, kit_order(kit, payment.order).subscription);
        kit->now_ms += GB_SECOND_MS;
    }
    struct looking looking = {.kit = kit, .user = ANNA};
    assert_int_equal(kit_run(kit, list_step, &looking), GB_OK);
    assert_int_equal(looking.count, 20);
    assert_true(str_equal(looking.ids[0], newest.id));
}

static void days_and_gigabytes_left_are_whole_and_never_negative(void **state) {
    (void)state;
    struct subscription s = {.target_expires_ms = 10 * GB_DAY_MS, .traffic_gb = 1};
    assert_int_equal(subscription_days_left(&s, 0), 10);
    assert_int_equal(subscription_days_left(&s, 1), 9);
    assert_int_equal(subscription_days_left(&s, 9 * GB_DAY_MS + 1), 0);
    assert_int_equal(subscription_days_left(&s, 11 * GB_DAY_MS), 0);
    assert_int_equal(subscription_gb_left_tenths(&s), 10);
    s.used_bytes = 1;
    assert_int_equal(subscription_gb_left_tenths(&s), 9);
    s.used_bytes = INT64_C(1) << 40;
    assert_int_equal(subscription_gb_left_tenths(&s), 0);
    s.traffic_gb = 0;
    assert_int_equal(subscription_gb_left_tenths(&s), -1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_wish_to_the_panel_is_absolute),
        T(the_panels_yes_makes_it_active_once),
        T(the_panels_no_pays_back_to_the_balance_once),
        T(buyers_spread_over_the_servers_and_who_paid_is_placed),
        T(a_location_without_servers_pays_back_at_once),
        T(the_panel_is_asked_at_most_once_a_minute),
        T(fresh_figures_are_stored_and_told),
        T(what_is_not_active_is_not_asked_about),
        T(the_link_is_there_when_the_access_is),
        T(a_list_is_the_users_own_newest_first),
        T(a_list_shows_the_twenty_newest),
        T(days_and_gigabytes_left_are_whole_and_never_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

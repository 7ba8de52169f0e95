/* What is for sale, and where a buyer ends up. */
#define GB_DOOR "changes the shop by hand"
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "shop/catalog.h"

struct asking {
    struct kit *kit;
    const char *location;
    size_t count;
    struct str ids[CATALOG_MAX];
    struct server server;
    struct str why;
};

static enum gb_err seed_step(struct work *work, void *ctx) {
    struct asking *asking = ctx;
    struct str why = STR_NONE;
    enum gb_err err = catalog_seed(work, &why);
    asking->why = arena_copy(asking->kit->memory, why);
    return err;
}

static enum gb_err locations_step(struct work *work, void *ctx) {
    struct asking *asking = ctx;
    const struct location *rows;
    enum gb_err err = catalog_locations(work, &rows, &asking->count);
    for (size_t i = 0; err == GB_OK && i < asking->count; i++) {
        asking->ids[i] = arena_copy(asking->kit->memory, rows[i].id);
    }
    return err;
}

static enum gb_err tariffs_step(struct work *work, void *ctx) {
    struct asking *asking = ctx;
    const struct tariff *rows;
    enum gb_err err = catalog_tariffs(work, str_of(asking->location), &rows, &asking->count);
    for (size_t i = 0; err == GB_OK && i < asking->count; i++) {
        asking->ids[i] = arena_copy(asking->kit->memory, rows[i].id);
    }
    return err;
}

static enum gb_err pick_step(struct work *work, void *ctx) {
    struct asking *asking = ctx;
    enum gb_err err = catalog_pick_server(work, str_of(asking->location), &asking->server);
    if (err == GB_OK) {
        asking->server.id = arena_copy(asking->kit->memory, asking->server.id);
    }
    return err;
}

static enum gb_err place_step(struct work *work, void *ctx) {
    struct asking *asking = ctx;
    enum gb_err err = catalog_place_server(work, str_of(asking->location), &asking->server);
    if (err == GB_OK) {
        asking->server.id = arena_copy(asking->kit->memory, asking->server.id);
    }
    return err;
}

struct server_change {
    const char *server;
    int64_t users, users_max;
    bool draining;
};

static enum gb_err change_step(struct work *work, void *ctx) {
    const struct server_change *change = ctx;
    struct server server;
    enum gb_err err = server_get(work, str_of(change->server), &server);
    if (err == GB_OK) {
        server.users = change->users;
        server.users_max = change->users_max;
        server.draining = change->draining;
        server_put(work, &server);
    }
    return err;
}

static void set_server(struct kit *kit, const char *id, int64_t users, int64_t users_max,
                       bool draining) {
    struct server_change change = {id, users, users_max, draining};
    kit->unchecked = true; /* users without subscriptions */
    assert_int_equal(kit_run(kit, change_step, &change), GB_OK);
}

static void the_config_is_put_in_once_and_never_again(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit};
    set_server(kit, "de1", 0, 77, true);
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_OK);
    asking.location = "de";
    assert_int_equal(kit_run(kit, pick_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "de2"));
}

static void a_new_section_is_added_at_the_next_start(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit, .location = "us"};
    struct config_location locations[] = {{.id = STR("us"), .name = STR("USA")}};
    struct config_server servers[] = {{.id = STR("us1"), .location = STR("us")}};
    kit->config.locations = locations;
    kit->config.location_count = 1;
    kit->config.servers = servers;
    kit->config.server_count = 1;
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_OK);
    assert_int_equal(kit_run(kit, pick_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "us1"));
    /* Each stands where it does in its config: the new first one beside the old first one. */
    assert_int_equal(kit_run(kit, locations_step, &asking), GB_OK);
    assert_int_equal(asking.count, 3);
    assert_true(str_is(asking.ids[0], "de"));
    assert_true(str_is(asking.ids[1], "us"));
    assert_true(str_is(asking.ids[2], "nl"));
}

static void what_cannot_be_a_row_is_named(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit};
    struct config_tariff bad[] = {{.id = STR("a/b"), .days = 1}};
    kit->config.tariffs = bad;
    kit->config.tariff_count = 1;
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_INVALID);
    assert_true(str_starts(asking.why, STR("tariff \"a/b\"")));
    bad[0] = (struct config_tariff){.id = STR("t"), .days = 0};
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_INVALID);
    bad[0] = (struct config_tariff){.id = STR("t"), .days = 1, .price = STR("1,5")};
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_INVALID);
    assert_true(str_find_str(asking.why, STR("price")) < asking.why.n);
}

static void more_rows_than_a_list_holds_are_refused(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit};
    struct config_location many[CATALOG_MAX];
    for (size_t i = 0; i < GB_COUNT(many); i++) {
        many[i] = (struct config_location){.id = arena_printf(kit->memory, "l%zu", i)};
    }
    kit->config.locations = many;
    kit->config.location_count = GB_COUNT(many) - 2; /* two are there */
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_OK);
    kit->config.location_count++;
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_INVALID);
    assert_true(str_find_str(asking.why, STR("64")) < asking.why.n);
}

static void the_least_loaded_server_with_room_is_picked(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit, .location = "de"};
    set_server(kit, "de1", 2, 3, false);
    set_server(kit, "de2", 1, 2, false);
    assert_int_equal(kit_run(kit, pick_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "de2"));
    set_server(kit, "de2", 2, 2, false);
    assert_int_equal(kit_run(kit, pick_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "de1"));
    set_server(kit, "de1", 3, 3, false);
    assert_int_equal(kit_run(kit, pick_step, &asking), GB_NOT_FOUND);
    set_server(kit, "de1", 1000, 0, false); /* no limit */
    assert_int_equal(kit_run(kit, pick_step, &asking), GB_OK);
    set_server(kit, "de1", 1000, 0, true);
    assert_int_equal(kit_run(kit, pick_step, &asking), GB_NOT_FOUND);
}

static void a_paid_order_is_placed_even_where_nothing_is_sold(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit, .location = "de"};
    set_server(kit, "de1", 4, 3, false);
    set_server(kit, "de2", 2, 2, false);
    assert_int_equal(kit_run(kit, place_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "de2"));
    set_server(kit, "de2", 2, 2, true);
    assert_int_equal(kit_run(kit, place_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "de1"));
    set_server(kit, "de1", 4, 3, true);
    assert_int_equal(kit_run(kit, place_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "de2"));
    set_server(kit, "de1", 0, 3, true); /* emptier, but on its way out */
    set_server(kit, "de2", 2, 2, false);
    assert_int_equal(kit_run(kit, place_step, &asking), GB_OK);
    assert_true(str_is(asking.server.id, "de2"));
    asking.location = "mars";
    assert_int_equal(kit_run(kit, place_step, &asking), GB_NOT_FOUND);
}

static void a_full_location_is_not_shown(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit};
    assert_int_equal(kit_run(kit, locations_step, &asking), GB_OK);
    assert_int_equal(asking.count, 2);
    assert_true(str_is(asking.ids[0], "de"));
    set_server(kit, "de1", 3, 3, false);
    set_server(kit, "de2", 0, 2, true);
    assert_int_equal(kit_run(kit, locations_step, &asking), GB_OK);
    assert_int_equal(asking.count, 1);
    assert_true(str_is(asking.ids[0], "nl"));
}

static void tariffs_come_in_the_order_of_the_config(void **state) {
    struct kit *kit = *state;
    struct asking asking = {.kit = kit, .location = "nl"};
    struct config_tariff fresh[] = {{.id = STR("z9"), .days = 1, .stars = 1}};
    kit->config.tariffs = fresh;
    kit->config.tariff_count = 1;
    assert_int_equal(kit_run(kit, seed_step, &asking), GB_OK);
    assert_int_equal(kit_run(kit, tariffs_step, &asking), GB_OK);
    assert_int_equal(asking.count, 4);
    assert_true(str_is(asking.ids[0], "m1"));
    assert_true(str_is(asking.ids[1], "z9"));
    assert_true(str_is(asking.ids[2], "m3"));
    assert_true(str_is(asking.ids[3], "s1"));
    asking.location = "de";
    assert_int_equal(kit_run(kit, tariffs_step, &asking), GB_OK);
    assert_int_equal(asking.count, 3);
}

static void ways_to_pay_are_those_with_a_price(void **state) {
    struct kit *kit = *state;
    struct work work = {.config = &kit->config};
    const struct provider *ways[4];
    size_t count;
    provider_list(&work, &(struct tariff){.price_minor = 1, .stars = 1}, ways, &count);
    assert_int_equal(count, 2);
    provider_list(&work, &(struct tariff){.stars = 1}, ways, &count);
    assert_int_equal(count, 1);
    assert_true(ways[0]->stars);
    kit->config.stars.enabled = false;
    provider_list(&work, &(struct tariff){.stars = 1}, ways, &count);
    assert_int_equal(count, 0);
    assert_null(provider_find(&work, STR("stars")));
    assert_non_null(provider_find(&work, STR("test")));
}

static void a_location_has_a_name_in_each_language(void **state) {
    (void)state;
    struct location both = {.id = STR("x"), .name = STR("Имя"), .name_en = STR("Name")};
    struct location one = {.id = STR("x"), .name = STR("Имя")};
    assert_true(str_is(location_name(&both, true), "Name"));
    assert_true(str_is(location_name(&both, false), "Имя"));
    assert_true(str_is(location_name(&one, true), "Имя"));
    assert_true(str_is(location_name(&(struct location){.id = STR("x")}, true), "x"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_config_is_put_in_once_and_never_again),
        T(a_new_section_is_added_at_the_next_start),
        T(what_cannot_be_a_row_is_named),
        T(more_rows_than_a_list_holds_are_refused),
        T(the_least_loaded_server_with_room_is_picked),
        T(a_paid_order_is_placed_even_where_nothing_is_sold),
        T(a_full_location_is_not_shown),
        T(tariffs_come_in_the_order_of_the_config),
        T(ways_to_pay_are_those_with_a_price),
        T(a_location_has_a_name_in_each_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* People are met once, and written again only when something about them is new. */
#include "shop/shop_kit.h"

#include "shop/users.h"

struct meeting {
    struct user_hello hello;
    struct user met;
    size_t changes;
};

static enum gb_err meet_step(struct work *work, void *ctx) {
    struct meeting *meeting = ctx;
    enum gb_err err = user_meet(work, &meeting->hello, &meeting->met);
    const struct change *changes;
    tx_changes(work->tx, &changes, &meeting->changes);
    return err;
}

static struct meeting meet(struct kit *kit, int64_t id, const char *name, const char *tag) {
    struct meeting meeting = {.hello = {id, str_of(name), STR("nick"), str_of(tag)}};
    assert_int_equal(kit_run(kit, meet_step, &meeting), GB_OK);
    return meeting;
}

struct setting {
    int64_t id;
    bool reachable;
    enum language language;
};

static enum gb_err reach_step(struct work *work, void *ctx) {
    const struct setting *setting = ctx;
    return user_set_reachable(work, setting->id, setting->reachable);
}

static enum gb_err language_step(struct work *work, void *ctx) {
    const struct setting *setting = ctx;
    return user_set_language(work, setting->id, setting->language);
}

static void a_person_met_again_is_not_written_again(void **state) {
    struct kit *kit = *state;
    assert_int_equal(meet(kit, ANNA, "Анна", "ru").changes, 2); /* and the day's figures */
    assert_int_equal(meet(kit, ANNA, "Анна", "ru").changes, 0);
    assert_int_equal(meet(kit, ANNA, "Anna", "ru").changes, 1);
}

static void the_tag_chooses_the_language_until_the_person_does(void **state) {
    struct kit *kit = *state;
    assert_false(meet(kit, ANNA, "A", "ru-RU").met.english);
    assert_true(meet(kit, ANNA, "A", "en-GB").met.english);
    assert_false(meet(kit, ANNA, "A", "de").met.english);
    assert_false(meet(kit, BORIS, "B", "").met.english);
    kit->config.shop.language = 1;
    assert_true(meet(kit, OWNER, "O", "").met.english);
    struct setting setting = {.id = ANNA, .language = LANGUAGE_EN};
    assert_int_equal(kit_run(kit, language_step, &setting), GB_OK);
    assert_true(meet(kit, ANNA, "A", "ru").met.english);
}

static void who_blocked_us_and_writes_is_reachable_again(void **state) {
    struct kit *kit = *state;
    struct setting setting = {.id = ANNA, .reachable = false};
    assert_int_equal(kit_run(kit, reach_step, &setting), GB_NOT_FOUND);
    meet(kit, ANNA, "A", "ru");
    assert_int_equal(kit_run(kit, reach_step, &setting), GB_OK);
    assert_false(meet(kit, ANNA, "A", "ru").met.unreachable);
}

static void a_name_of_broken_bytes_is_left_out(void **state) {
    struct kit *kit = *state;
    assert_int_equal(meet(kit, ANNA, "\xff\xfe", "ru").met.name.n, 0);
    assert_int_equal(meet(kit, ANNA, "\xff\xfe", "ru").changes, 0);
}

static void admins_are_those_of_the_config(void **state) {
    struct kit *kit = *state;
    struct work work = {.config = &kit->config};
    assert_true(user_is_admin(&work, OWNER));
    assert_false(user_is_admin(&work, ANNA));
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_person_met_again_is_not_written_again),
        T(the_tag_chooses_the_language_until_the_person_does),
        T(who_blocked_us_and_writes_is_reachable_again),
        T(a_name_of_broken_bytes_is_left_out),
        T(admins_are_those_of_the_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

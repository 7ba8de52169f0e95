/* One of several is on duty: never two as the rows see it, and never nobody for long. */
#define GB_DOOR "a store in a temporary directory"
#include "engine/duty.h"

#include "base/arena.h"
#include "base/base.h"
#include "state/tables.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ANNA  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BORIS "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct scene {
    struct arena *arena;
    struct backend *backend;
    char directory[64];
    int64_t now_ms;
    struct duty anna, boris;
};

static int set_up(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    s->now_ms = INT64_C(1800000000000);
    memcpy(s->directory, "/tmp/gb-duty-XXXXXX", 20);
    assert_non_null(mkdtemp(s->directory));
    struct lmdb_options options = {.directory = s->directory};
    struct str why;
    assert_int_equal(lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    duty_begin(&s->anna, ANNA);
    duty_begin(&s->boris, BORIS);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    s->backend->ops->close(s->backend);
    arena_free(s->arena);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", s->directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
    free(s);
    return 0;
}

static enum duty_news look(struct scene *s, struct duty *duty) {
    return duty_look(duty, s->backend, s->arena, s->now_ms);
}

static enum gb_err check(struct scene *s, const struct duty *duty) {
    return duty_check(duty, tx_begin(s->backend, s->arena, s->now_ms));
}

static void alone_it_is_always_on_duty_and_asks_nobody(void **state) {
    struct scene *s = *state;
    struct duty alone;
    duty_begin(&alone, NULL);
    assert_true(alone.held);
    assert_int_equal(alone.look_ms, INT64_MAX);
    assert_int_equal(look(s, &alone), DUTY_SAME);
    assert_int_equal(check(s, &alone), GB_OK);
    duty_end(&alone, s->backend, s->arena, s->now_ms);
    assert_true(alone.held);
}

static void the_first_has_it_and_keeps_it_by_renewing(void **state) {
    struct scene *s = *state;
    assert_int_equal(look(s, &s->anna), DUTY_TAKEN);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(look(s, &s->boris), DUTY_SAME);
        assert_int_equal(look(s, &s->anna), DUTY_SAME);
        assert_true(s->anna.held && !s->boris.held);
        assert_int_equal(check(s, &s->anna), GB_OK);
        assert_int_equal(check(s, &s->boris), GB_REFUSED);
        s->now_ms = s->anna.look_ms;
    }
}

static void who_dies_is_replaced_when_the_lease_is_over(void **state) {
    struct scene *s = *state;
    int64_t taken_ms = s->now_ms;
    assert_int_equal(look(s, &s->anna), DUTY_TAKEN);
    while (look(s, &s->boris) != DUTY_TAKEN) {
        assert_true(s->now_ms < s->anna.until_ms);
        s->now_ms = s->boris.look_ms;
    }
    assert_true(s->now_ms - taken_ms <= 7 * GB_SECOND_MS);
    /* She was only asleep: the rows refuse her before she has looked herself. */
    assert_true(s->anna.held);
    assert_int_equal(check(s, &s->anna), GB_REFUSED);
    assert_int_equal(look(s, &s->anna), DUTY_LOST);
    assert_false(s->anna.held);
}

static void a_new_life_of_the_same_instance_goes_on_at_once(void **state) {
    struct scene *s = *state;
    assert_int_equal(look(s, &s->anna), DUTY_TAKEN);
    duty_begin(&s->anna, ANNA);
    assert_false(s->anna.held);
    assert_int_equal(look(s, &s->anna), DUTY_TAKEN);
}

static void who_leaves_gives_it_back_at_once_and_only_its_own(void **state) {
    struct scene *s = *state;
    assert_int_equal(look(s, &s->anna), DUTY_TAKEN);
    duty_end(&s->boris, s->backend, s->arena, s->now_ms);
    assert_int_equal(check(s, &s->anna), GB_OK);
    duty_end(&s->anna, s->backend, s->arena, s->now_ms);
    assert_int_equal(check(s, &s->anna), GB_REFUSED);
    assert_int_equal(look(s, &s->boris), DUTY_TAKEN);
}

static void a_row_that_is_no_lease_is_nobodys(void **state) {
    struct scene *s = *state;
    struct tx *tx = tx_begin(s->backend, s->arena, s->now_ms);
    tx_put(tx, TABLE_LEASES, STR("duty"), STR("what is this"), STORE_NEVER);
    assert_int_equal(tx_apply(tx), GB_OK);
    assert_int_equal(look(s, &s->anna), DUTY_TAKEN);
    assert_int_equal(check(s, &s->anna), GB_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(alone_it_is_always_on_duty_and_asks_nobody),
        T(the_first_has_it_and_keeps_it_by_renewing),
        T(who_dies_is_replaced_when_the_lease_is_over),
        T(a_new_life_of_the_same_instance_goes_on_at_once),
        T(who_leaves_gives_it_back_at_once_and_only_its_own),
        T(a_row_that_is_no_lease_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Exactly the moves of the table are possible, and what is drawn is what is asserted. */
#include "base/moves.h"

#include "base/arena.h"
#include "helpers.h"

enum { CREATED, PENDING, PAID, EXPIRED };

static const struct move states[] = {
    [CREATED] = {"created", MOVE_TO(PENDING)},
    [PENDING] = {"pending", MOVE_TO(PAID) | MOVE_TO(EXPIRED)},
    [PAID] = {"paid", 0},
    [EXPIRED] = {"expired", MOVE_TO(PAID)},
};
static const struct moves payment = {"payment", states, GB_COUNT(states)};

static void only_moves_of_the_table_are_allowed(void **state) {
    (void)state;
    const bool expected[4][4] = {
        [CREATED][PENDING] = true,
        [PENDING][PAID] = true,
        [PENDING][EXPIRED] = true,
        [EXPIRED][PAID] = true,
    };
    for (unsigned from = 0; from < 4; from++) {
        for (unsigned to = 0; to < 4; to++) {
            assert_int_equal(moves_allowed(&payment, from, to), expected[from][to]);
        }
    }
}

static void a_state_outside_the_table_moves_nowhere(void **state) {
    (void)state;
    assert_false(moves_allowed(&payment, 4, PAID));
    assert_false(moves_allowed(&payment, CREATED, 4));
    assert_false(moves_allowed(&payment, CREATED, 31));
    assert_false(moves_allowed(&payment, 1000, 1000));
}

static void a_move_sets_the_state(void **state) {
    (void)state;
    unsigned at = CREATED;
    moves_make(&payment, &at, PENDING);
    assert_int_equal(at, PENDING);
    moves_make(&payment, &at, EXPIRED);
    moves_make(&payment, &at, PAID);
    assert_int_equal(at, PAID);
}

static void refund_what_cannot_be(void *ctx) {
    moves_make(&payment, ctx, PENDING);
}

static void a_move_that_is_not_in_the_table_is_our_bug(void **state) {
    (void)state;
    unsigned at = PAID;
    assert_panics(refund_what_cannot_be, &at, "moves_allowed");
}

static void names_are_found_whole_and_exact(void **state) {
    (void)state;
    unsigned at = 99;
    for (unsigned i = 0; i < GB_COUNT(states); i++) {
        assert_int_equal(moves_find(&payment, str_of(moves_name(&payment, i)), &at), GB_OK);
        assert_int_equal(at, i);
    }
    at = 99;
    assert_int_equal(moves_find(&payment, STR("pai"), &at), GB_NOT_FOUND);
    assert_int_equal(moves_find(&payment, STR("paid "), &at), GB_NOT_FOUND);
    assert_int_equal(moves_find(&payment, STR_NONE, &at), GB_NOT_FOUND);
    assert_int_equal(at, 99);
}

static void the_drawing_has_a_line_for_each_state(void **state) {
    (void)state;
    struct arena *arena = arena_new(1024, 65536);
    assert_str(moves_draw(&payment, arena), "created -> pending\n"
                                            "pending -> paid expired\n"
                                            "paid ->\n"
                                            "expired -> paid\n");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_moves_of_the_table_are_allowed),
        cmocka_unit_test(a_state_outside_the_table_moves_nowhere),
        cmocka_unit_test(a_move_sets_the_state),
        cmocka_unit_test(a_move_that_is_not_in_the_table_is_our_bug),
        cmocka_unit_test(names_are_found_whole_and_exact),
        cmocka_unit_test(the_drawing_has_a_line_for_each_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

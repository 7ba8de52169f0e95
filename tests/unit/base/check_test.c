/* A panic says where, why and with what in hand, and nothing stops it from ending the program. */
#include "base/check.h"

#include "helpers.h"

static void assert_something_false(void *ctx) {
    const char *context = ctx;
    if (context != NULL) {
        gb_panic_context(context);
    }
    int moon = 1;
    gb_assert(moon == 2);
}

static void a_panic_names_file_condition_and_the_event_in_hand(void **state) {
    (void)state;
    char said[4096], context[] = "u:12345";
    assert_true(panics(assert_something_false, context, said, sizeof said));
    assert_non_null(strstr(said, "check_test.c:"));
    assert_non_null(strstr(said, "moon == 2"));
    assert_non_null(strstr(said, "in hand: u:12345\n"));
}

static void a_panic_between_events_has_nothing_in_hand(void **state) {
    (void)state;
    char empty[] = "";
    assert_panics(assert_something_false, NULL, "in hand: nothing");
    assert_panics(assert_something_false, empty, "in hand: nothing");
}

static void a_context_is_cut_at_200_bytes(void **state) {
    (void)state;
    char said[4096], context[1000], kept[201] = "";
    memset(context, 'x', sizeof context - 1);
    context[sizeof context - 1] = '\0';
    memset(kept, 'x', sizeof kept - 1);
    assert_true(panics(assert_something_false, context, said, sizeof said));
    char *in_hand = strstr(said, "in hand: ");
    assert_non_null(in_hand);
    assert_memory_equal(in_hand + strlen("in hand: "), kept, 200);
    assert_int_equal(in_hand[strlen("in hand: ") + 200], '\n');
}

static void tell_tail(int fd) {
    ssize_t written = write(fd, "the tail\n", 9);
    (void)written;
}

static void panic_with_tail(void *ctx) {
    gb_panic_tail(tell_tail);
    assert_something_false(ctx);
}

static void a_panic_ends_with_the_last_lines_of_the_log(void **state) {
    (void)state;
    assert_panics(panic_with_tail, NULL, "\nthe tail\n");
}

static void tail_that_panics(int fd) {
    (void)fd;
    gb_assert(false);
}

static void panic_with_a_broken_tail(void *ctx) {
    gb_panic_tail(tail_that_panics);
    assert_something_false(ctx);
}

static void a_panic_inside_the_panic_still_ends_the_program(void **state) {
    (void)state;
    assert_panics(panic_with_a_broken_tail, NULL, "moon == 2");
}

static void assert_something_true(void *ctx) {
    (void)ctx;
    gb_assert(true);
}

static void what_holds_is_passed_over(void **state) {
    (void)state;
    char said[64];
    assert_false(panics(assert_something_true, NULL, said, sizeof said));
    assert_string_equal(said, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_panic_names_file_condition_and_the_event_in_hand),
        cmocka_unit_test(a_panic_between_events_has_nothing_in_hand),
        cmocka_unit_test(a_context_is_cut_at_200_bytes),
        cmocka_unit_test(a_panic_ends_with_the_last_lines_of_the_log),
        cmocka_unit_test(a_panic_inside_the_panic_still_ends_the_program),
        cmocka_unit_test(what_holds_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

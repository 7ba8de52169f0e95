/* The arena as it is shipped. The sanitizers' flavour has another one, a malloc for each piece, so
 * the chunks are compiled here for the same tests, with a malloc that counts.
 */
#define ARENA_CHUNKS
#define GB_DOOR "memory comes from malloc"
#include "base/base.h"

int arena_test_main(void);

static size_t taken_from_system, held;

static void *counting_malloc(size_t bytes) {
    taken_from_system++;
    held++;
    return malloc(bytes);
}

static void counting_free(void *memory) {
    held -= memory != NULL;
    free(memory);
}

#define malloc(bytes) counting_malloc(bytes)
#define free(memory)  counting_free(memory)
#define main          arena_test_main
#include "base/arena.c"

#include "arena_test.c"
#undef main
#undef free
#undef malloc

static void an_event_like_the_last_one_takes_nothing_from_the_system(void **state) {
    (void)state;
    struct arena *arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    size_t taken[4] = {0};
    for (int event = 0; event < 4; event++) {
        taken_from_system = 0;
        for (size_t bytes = 0; bytes < 1024 * 1024; bytes += 1000) {
            arena_take(arena, 1000);
        }
        arena_clear(arena);
        taken[event] = taken_from_system;
    }
    assert_true(taken[0] > 0);
    assert_int_equal(taken[2], 0);
    assert_int_equal(taken[3], 0);
    arena_free(arena);
}

static void a_small_event_never_leaves_the_first_chunk(void **state) {
    (void)state;
    struct arena *arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    taken_from_system = 0;
    for (int event = 0; event < 1000; event++) {
        struct arena_mark mark = arena_mark(arena);
        for (int i = 0; i < 60; i++) {
            arena_take(arena, 1000);
        }
        arena_reset(arena, mark);
    }
    assert_int_equal(taken_from_system, 0);
    arena_free(arena);
}

static void a_large_spare_is_given_back_when_nobody_needs_it(void **state) {
    (void)state;
    struct arena *arena = arena_new(1024, 64 * 1024 * 1024);
    size_t held_small = held;
    arena_take(arena, 4 * 1024 * 1024);
    arena_clear(arena);
    assert_int_equal(held, held_small + 1);
    for (int event = 0; event < 1000; event++) {
        arena_take(arena, 100);
        arena_clear(arena);
    }
    assert_int_equal(held, held_small);
    arena_take(arena, 200 * 1024);
    for (int event = 0; event < 1000; event++) {
        arena_clear(arena);
    }
    assert_int_equal(held, held_small + 1);
    arena_free(arena);
}

static void everything_is_given_back_in_the_end(void **state) {
    (void)state;
    size_t held_before = held;
    struct arena *arena = arena_new(100, 64 * 1024 * 1024);
    for (int i = 0; i < 1000; i++) {
        arena_take(arena, 3000);
    }
    arena_free(arena);
    assert_int_equal(held, held_before);
}

static void reset_to_a_foreign_mark(void *ctx) {
    struct arena *arena = ctx;
    arena_take(arena, 5000);
    arena_take(arena, 50000);
    struct arena_mark mark = arena_mark(arena);
    arena_clear(arena);
    arena_take(arena, 10);
    arena_reset(arena, mark);
}

static void a_mark_from_before_a_clear_is_our_bug(void **state) {
    (void)state;
    struct arena *arena = arena_new(100, 1024 * 1024);
    assert_panics(reset_to_a_foreign_mark, arena, "arena.c");
    arena_free(arena);
}

static void a_mark_costs_what_was_taken_since(void **state) {
    (void)state;
    struct arena *arena = arena_new(16, 64 * 1024 * 1024);
    char *before = arena_take(arena, 100);
    struct arena_mark mark = arena_mark(arena);
    arena_take(arena, 100000);
    arena_reset(arena, mark);
    assert_true(arena_grow(arena, before, 100, 112));
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_like_the_last_one_takes_nothing_from_the_system),
        cmocka_unit_test(a_small_event_never_leaves_the_first_chunk),
        cmocka_unit_test(a_large_spare_is_given_back_when_nobody_needs_it),
        cmocka_unit_test(everything_is_given_back_in_the_end),
        cmocka_unit_test(a_mark_from_before_a_clear_is_our_bug),
        cmocka_unit_test(a_mark_costs_what_was_taken_since),
    };
    return arena_test_main() + cmocka_run_group_tests(tests, NULL, NULL);
}

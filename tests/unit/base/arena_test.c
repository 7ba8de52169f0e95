/* An arena against a naive model, and what it promises about memory between events. */
#include "base/arena.h"

#include "helpers.h"

struct piece {
    unsigned char *p;
    size_t n;
    unsigned char filled_with;
};

static void assert_untouched(const struct piece *pieces, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < pieces[i].n; j++) {
            assert_int_equal(pieces[i].p[j], pieces[i].filled_with);
        }
    }
}

/* Mostly small, sometimes larger than the chunks. */
static size_t some_size(struct chance *chance) {
    return chance_below(chance, 20) == 0 ? chance_below(chance, 3000) : chance_below(chance, 50);
}

enum { STEPS = 6000, MARKS = 12, PIECES = 2000 };

static void pieces_keep_their_bytes_through_marks_and_resets(void **state) {
    (void)state;
    static struct piece pieces[PIECES];
    struct {
        struct arena_mark mark;
        size_t count, used;
    } marks[MARKS];
    struct chance chance = {1};
    struct arena *arena = arena_new(256, 16 * 1024 * 1024);
    size_t count = 0, depth = 0;
    for (int step = 0; step < STEPS; step++) {
        size_t what = chance_below(&chance, 40);
        if (what == 0 && depth < MARKS) {
            marks[depth].mark = arena_mark(arena);
            marks[depth].count = count;
            marks[depth++].used = arena_used_bytes(arena);
        } else if ((what == 1 && depth > 0) || (count == PIECES && depth > 0)) {
            depth = chance_below(&chance, depth);
            arena_reset(arena, marks[depth].mark);
            count = marks[depth].count;
            assert_int_equal(arena_used_bytes(arena), marks[depth].used);
        } else if (what == 2 || count == PIECES) {
            assert_untouched(pieces, count);
            arena_clear(arena);
            count = depth = 0;
            assert_int_equal(arena_used_bytes(arena), 0);
        } else {
            size_t n = some_size(&chance);
            struct piece *piece = &pieces[count++];
            *piece = (struct piece){arena_take(arena, n), n, (unsigned char)step};
            assert_int_equal((uintptr_t)piece->p % 16, 0);
            memset(piece->p, piece->filled_with, n);
        }
        if (step % 100 == 0) {
            assert_untouched(pieces, count);
        }
    }
    assert_untouched(pieces, count);
    arena_free(arena);
}

static void alloc_gives_zeroes_where_something_was_before(void **state) {
    (void)state;
    struct arena *arena = arena_new(4096, 65536);
    for (int round = 0; round < 3; round++) {
        unsigned char *p = arena_alloc(arena, 500);
        for (size_t i = 0; i < 500; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xEE, 500);
        arena_clear(arena);
    }
    int64_t *numbers = ARENA_ARRAY(arena, int64_t, 10);
    assert_int_equal(numbers[9], 0);
    assert_non_null(ARENA_ARRAY(arena, int64_t, 0));
    arena_free(arena);
    arena_free(NULL);
}

static void used_bytes_grow_by_at_least_what_was_taken(void **state) {
    (void)state;
    struct arena *arena = arena_new(64, 65536);
    size_t before = 0;
    for (size_t n = 0; n < 200; n += 7) {
        arena_take(arena, n);
        size_t used = arena_used_bytes(arena);
        assert_true(used >= before + GB_MAX(n, 1));
        assert_true(used <= before + n + 16);
        before = used;
    }
    arena_free(arena);
}

static void take_until_the_end(void *ctx) {
    struct arena *arena = ctx;
    for (int i = 0; i < 101; i++) {
        arena_take(arena, 16);
    }
}

static void take_nothing_for_ever(void *ctx) {
    struct arena *arena = ctx;
    for (int i = 0; i < 101; i++) {
        arena_take(arena, 0);
    }
}

static void take_everything(void *ctx) {
    arena_take(ctx, SIZE_MAX);
}

static void take_an_array_that_wraps(void *ctx) {
    arena_array(ctx, 16, SIZE_MAX / 8);
}

static void past_its_maximum_it_panics(void **state) {
    (void)state;
    struct arena *arena = arena_new(64, 1600);
    for (int i = 0; i < 100; i++) {
        arena_take(arena, 16);
    }
    arena_clear(arena);
    assert_panics(take_until_the_end, arena, "maximum");
    assert_panics(take_nothing_for_ever, arena, "maximum");
    assert_panics(take_everything, arena, "arena.c");
    assert_panics(take_an_array_that_wraps, arena, "arena.c");
    arena_free(arena);
}

static void copies_end_in_a_0_that_is_not_counted(void **state) {
    (void)state;
    struct arena *arena = arena_new(64, 65536);
    struct str copy = arena_copy(arena, (struct str){"abcdef", 3});
    assert_int_equal(copy.n, 3);
    assert_string_equal(copy.p, "abc");
    assert_string_equal(arena_cstr(arena, STR_NONE), "");
    assert_int_equal(arena_copy(arena, STR_NONE).n, 0);
    arena_free(arena);
}

static void printing_is_exact_at_any_length(void **state) {
    (void)state;
    struct arena *arena = arena_new(64, 65536);
    char filler[600];
    memset(filler, 'f', sizeof filler);
    for (int n = 0; n < 600; n++) {
        struct str text = arena_printf(arena, "%d:%.*s", n, n, filler);
        char expected[640];
        int length = snprintf(expected, sizeof expected, "%d:%.*s", n, n, filler);
        assert_int_equal(text.n, length);
        assert_string_equal(text.p, expected);
        arena_clear(arena);
    }
    arena_free(arena);
}

/* The sanitizers' arena never grows a piece where it is; both answers must be safe. */
static void a_piece_grows_in_place_or_not_at_all(void **state) {
    (void)state;
    struct arena *arena = arena_new(1024, 4096);
    char *first = arena_take(arena, 10);
    size_t used = arena_used_bytes(arena);
    if (arena_grow(arena, first, 10, 100)) {
        memset(first, 'x', 100);
        assert_true(arena_used_bytes(arena) >= used + 84);
    } else {
        assert_int_equal(arena_used_bytes(arena), used);
    }
    char *last = arena_take(arena, 10);
    used = arena_used_bytes(arena);
    assert_false(arena_grow(arena, first, 100, 200));
    assert_false(arena_grow(arena, last, 10, 4000));
    assert_false(arena_grow(arena, last, 10, 100000));
    assert_int_equal(arena_used_bytes(arena), used);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_keep_their_bytes_through_marks_and_resets),
        cmocka_unit_test(alloc_gives_zeroes_where_something_was_before),
        cmocka_unit_test(used_bytes_grow_by_at_least_what_was_taken),
        cmocka_unit_test(past_its_maximum_it_panics),
        cmocka_unit_test(copies_end_in_a_0_that_is_not_counted),
        cmocka_unit_test(printing_is_exact_at_any_length),
        cmocka_unit_test(a_piece_grows_in_place_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

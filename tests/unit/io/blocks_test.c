/* What must hold of the blocks: they are malloc's, wherever they are freed. */
#define GB_DOOR "threads and memory to test with"
#include "base/base.h"
#include "io/blocks.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BLOCKS 200

struct piece {
    unsigned char *p;
    size_t n;
    unsigned char mark;
};

static uint64_t chance = 88172645463325252u;

static uint64_t draw(uint64_t below) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance % below;
}

static void check_mark(const struct piece *piece, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(piece->p[i], piece->mark);
    }
}

static size_t draw_size(void) {
    return (size_t)draw(draw(10) == 0 ? 20000 : 600);
}

static void blocks_do_not_overlap_whatever_the_order(void **state) {
    (void)state;
    struct piece pieces[BLOCKS] = {{0}};
    blocks_start((size_t)64 << 10);
    for (int i = 0; i < 100000; i++) {
        struct piece *piece = &pieces[draw(BLOCKS)];
        size_t n = draw_size();
        if (piece->p == NULL) {
            piece->p = draw(2) == 0 ? blocks_malloc(n) : blocks_calloc(n, 1);
        } else if (draw(3) == 0) {
            unsigned char *larger = blocks_realloc(piece->p, n);
            piece->p = larger;
            check_mark(piece, GB_MIN(n, piece->n));
        } else {
            check_mark(piece, piece->n);
            blocks_free(piece->p);
            *piece = (struct piece){0};
            continue;
        }
        assert_non_null(piece->p);
        assert_int_equal((uintptr_t)piece->p % 16, 0);
        piece->n = n;
        piece->mark = (unsigned char)draw(256);
        memset(piece->p, piece->mark, n);
    }
    blocks_finish();
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks_free(pieces[i].p);
    }
}

static void block_given_back_is_handed_out_again_and_cleared_by_calloc(void **state) {
    (void)state;
    blocks_start(1 << 16);
    char *first = blocks_strdup("thirty-two bytes at most, here");
    assert_string_equal(first, "thirty-two bytes at most, here");
    blocks_free(first);
    char *second = blocks_calloc(5, 4);
    assert_ptr_equal(first, second);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(second[i], 0);
    }
    blocks_free(second);
    blocks_finish();
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    assert_null(blocks_malloc(SIZE_MAX - 8));
    assert_null(blocks_calloc(SIZE_MAX / 2, 3));
}

static void *free_it(void *block) {
    blocks_free(block);
    return blocks_malloc(100);
}

static void block_may_be_freed_by_another_thread(void **state) {
    (void)state;
    blocks_start(1 << 16);
    pthread_t thread;
    void *theirs = NULL;
    assert_int_equal(pthread_create(&thread, NULL, free_it, blocks_malloc(100)), 0);
    assert_int_equal(pthread_join(thread, &theirs), 0);
    assert_non_null(theirs);
    blocks_free(theirs); /* and leaks would show at the end of the program */
    blocks_finish();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_do_not_overlap_whatever_the_order),
        cmocka_unit_test(block_given_back_is_handed_out_again_and_cleared_by_calloc),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(block_may_be_freed_by_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

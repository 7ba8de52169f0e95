/* holds_test.c: held answers and planned faults, beside slow models of both. */
#include "sandbox/faults.h"
#include "sandbox/holds.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t random_state = 88172645463325252ULL;

static uint64_t draw(uint64_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

/* ---- holds */

struct naive {
    uint64_t ticket;
    int64_t due_ms;
    bool is_there;
};

/* The one that must come next: the earliest due, of those the first that came. */
static struct naive *naive_next(struct naive *list, size_t count, int64_t now_ms) {
    struct naive *best = NULL;
    for (size_t i = 0; i < count; i++) {
        bool due = list[i].is_there && list[i].due_ms <= now_ms && list[i].due_ms != HOLDS_NEVER;
        if (due && (best == NULL || list[i].due_ms < best->due_ms)) {
            best = &list[i];
        }
    }
    return best;
}

static void take_all(struct holds *holds, struct arena *arena, struct naive *list, size_t count,
                     int64_t now_ms) {
    struct http_response response;
    uint64_t ticket;
    for (;;) {
        struct naive *expected = naive_next(list, count, now_ms);
        bool taken = holds_take(holds, now_ms, arena, &ticket, &response);
        assert_true(taken == (expected != NULL));
        if (!taken) {
            return;
        }
        assert_int_equal(ticket, expected->ticket);
        assert_int_equal(response.status, (int)(ticket % 1000));
        assert_string_equal(arena_cstr(arena, response.headers[0].value), "v");
        expected->is_there = false;
    }
}

static void held_answers_leave_in_their_order(void **state) {
    (void)state;
    struct arena *arena = arena_new(1 << 16, 1 << 28);
    struct holds holds = {0};
    struct naive list[400] = {0};
    size_t count = 0;
    int64_t now_ms = 0;
    while (count < GB_COUNT(list)) {
        uint64_t what = draw(10);
        if (what < 6) {
            int64_t due_ms = draw(8) == 0 ? HOLDS_NEVER : now_ms + (int64_t)draw(20);
            struct http_header header = {STR("h"), STR("v")};
            struct http_response response = {.status = (int)(count % 1000),
                                             .body = STR("body"),
                                             .headers = &header,
                                             .header_count = 1};
            holds_add(&holds, count, due_ms, &response);
            list[count] = (struct naive){count, due_ms, true};
            count++;
        } else if (what < 9) {
            now_ms += (int64_t)draw(10);
            take_all(&holds, arena, list, count, now_ms);
        } else if (draw(8) == 0) {
            holds_release(&holds);
            for (size_t i = 0; i < count; i++) {
                list[i].due_ms = list[i].due_ms == HOLDS_NEVER ? INT64_MIN : list[i].due_ms;
            }
        }
    }
    holds_free(&holds);
    assert_int_equal(holds_next_ms(&holds), INT64_MAX);
    arena_free(arena);
}

static void too_many_holds_let_the_first_go(void **state) {
    (void)state;
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct holds holds = {0};
    struct http_response response = {.drop = true};
    uint64_t ticket = 99;
    for (uint64_t i = 0; i < HOLDS_MAX; i++) {
        holds_add(&holds, i, HOLDS_NEVER, &response);
    }
    assert_false(holds_take(&holds, 1000, arena, &ticket, &response));
    holds_add(&holds, HOLDS_MAX, HOLDS_NEVER, &response);
    assert_true(holds_take(&holds, 1000, arena, &ticket, &response));
    assert_int_equal(ticket, 0);
    assert_false(holds_take(&holds, 1000, arena, &ticket, &response));
    holds_free(&holds);
    arena_free(arena);
}

/* ---- faults */

static void plan(struct fault_plan *faults, const char *method, enum fault_what what, int64_t count,
                 int64_t skip) {
    assert_int_equal(fault_plan_add(faults, &(struct fault){.where = FAULT_PANEL,
                                                            .method = str_of(method),
                                                            .what = what,
                                                            .count = count,
                                                            .skip = skip,
                                                            .text = STR("why")}),
                     GB_OK);
}

static enum fault_what take(struct fault_plan *faults, const char *method) {
    struct fault_hit hit = fault_plan_take(faults, FAULT_PANEL, str_of(method));
    if (hit.what != FAULT_NONE) {
        assert_true(str_is(hit.text, "why"));
    }
    return hit.what;
}

static void a_fault_skips_counts_and_ends(void **state) {
    (void)state;
    struct fault_plan faults = {0};
    plan(&faults, "post", FAULT_500, 2, 1);
    assert_int_equal(take(&faults, "GET"), FAULT_NONE);
    assert_int_equal(take(&faults, "POST"), FAULT_NONE);
    assert_int_equal(take(&faults, "POST"), FAULT_500);
    assert_int_equal(fault_plan_take(&faults, FAULT_PAY, STR("POST")).what, FAULT_NONE);
    assert_int_equal(take(&faults, "POST"), FAULT_500);
    assert_int_equal(take(&faults, "POST"), FAULT_NONE);
    assert_int_equal(faults.count, 0);
}

static void faults_for_any_method_spare_the_poll(void **state) {
    (void)state;
    struct fault_plan faults = {0};
    plan(&faults, "", FAULT_DROP, 1, 0);
    assert_int_equal(take(&faults, "getUpdates"), FAULT_NONE);
    assert_int_equal(take(&faults, "x"), FAULT_DROP);
    plan(&faults, "GETUPDATES", FAULT_DROP, 1, 0);
    assert_int_equal(take(&faults, "getUpdates"), FAULT_DROP);
    fault_plan_clear(&faults);
}

static void the_first_planned_is_the_first_used(void **state) {
    (void)state;
    struct fault_plan faults = {0};
    plan(&faults, "", FAULT_500, 1, 0);
    plan(&faults, "a", FAULT_400, 1, 0);
    assert_int_equal(take(&faults, "a"), FAULT_500);
    assert_int_equal(take(&faults, "a"), FAULT_400);
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        plan(&faults, "a", FAULT_400, 1, 0);
    }
    assert_int_equal(fault_plan_add(&faults, &faults.list[0]), GB_NO_SPACE);
    fault_plan_clear(&faults);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_answers_leave_in_their_order),
        cmocka_unit_test(too_many_holds_let_the_first_go),
        cmocka_unit_test(a_fault_skips_counts_and_ends),
        cmocka_unit_test(faults_for_any_method_spare_the_poll),
        cmocka_unit_test(the_first_planned_is_the_first_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

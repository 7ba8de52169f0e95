/* What must hold of the wheel: it is a sorted list, only faster. */
#include "base/base.h"
#include "base/crypto.h"
#include "io/wheel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TIMERS     64
#define OPERATIONS 1000000

/* ---- random operations beside a naive model ---- */

struct scene {
    struct wheel wheel;
    struct wheel_timer timers[TIMERS];
    bool running[TIMERS]; /* the model: what runs, and until when is in the timer */
    uint64_t chance;
};

/* xorshift: the same operations every time. */
static uint64_t draw(struct scene *scene) {
    scene->chance ^= scene->chance << 13;
    scene->chance ^= scene->chance >> 7;
    scene->chance ^= scene->chance << 17;
    return scene->chance;
}

/* Distances of every magnitude up to 2^magnitude_max, the near ones as likely as the far ones. */
static int64_t draw_distance(struct scene *scene, unsigned magnitude_max) {
    uint64_t magnitude = draw(scene) % magnitude_max;
    return (int64_t)(draw(scene) & ((UINT64_C(1) << magnitude) - 1));
}

static int64_t model_least(const struct scene *scene) {
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < TIMERS; i++) {
        if (scene->running[i]) {
            least = GB_MIN(least, scene->timers[i].expires_ms);
        }
    }
    return least;
}

static void take_some(struct scene *scene, uint64_t at_most) {
    for (uint64_t i = 0; i < at_most; i++) {
        struct wheel_timer *timer = wheel_take(&scene->wheel);
        if (timer == NULL) {
            /* Nothing that is due was kept back. */
            assert_true(model_least(scene) > scene->wheel.now_ms);
            return;
        }
        size_t index = (size_t)(timer - scene->timers);
        assert_true(scene->running[index]);
        assert_true(timer->expires_ms <= scene->wheel.now_ms);
        assert_false(wheel_is_running(timer));
        scene->running[index] = false;
    }
}

static void operate(struct scene *scene) {
    size_t index = (size_t)(draw(scene) % TIMERS);
    struct wheel_timer *timer = &scene->timers[index];
    int64_t now_ms = scene->wheel.now_ms;
    switch (draw(scene) % 16) {
    case 0: /* in the past, or now */
        wheel_start(&scene->wheel, timer, now_ms - draw_distance(scene, 20));
        scene->running[index] = true;
        break;
    case 1: /* beyond the wheel */
        wheel_start(&scene->wheel, timer, now_ms + draw_distance(scene, 62));
        scene->running[index] = true;
        break;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        wheel_start(&scene->wheel, timer, now_ms + draw_distance(scene, 36));
        scene->running[index] = true;
        break;
    case 7:
    case 8:
        wheel_stop(&scene->wheel, timer);
        scene->running[index] = false;
        break;
    case 9: /* far, and at times back: ignored */
        wheel_advance(&scene->wheel, now_ms + draw_distance(scene, 40) - 3);
        break;
    case 10:
        take_some(scene, draw(scene) % 4);
        break;
    default:
        wheel_advance(&scene->wheel, now_ms + draw_distance(scene, 12));
        break;
    }
}

static void check_next(struct scene *scene) {
    int64_t least = model_least(scene), next = wheel_next_ms(&scene->wheel);
    if (least <= scene->wheel.now_ms) {
        assert_true(next == scene->wheel.now_ms);
    } else {
        assert_true(next <= least);
        assert_true(next > scene->wheel.now_ms);
        assert_true((next == INT64_MAX) == (least == INT64_MAX));
    }
}

static void run_from(int64_t start_ms, uint64_t seed, int operations) {
    struct scene scene = {.chance = seed};
    wheel_init(&scene.wheel, start_ms);
    for (int i = 0; i < operations; i++) {
        operate(&scene);
        check_next(&scene);
        if (i % 256 == 0) {
            const char *why = wheel_check(&scene.wheel);
            assert_string_equal(why != NULL ? why : "", "");
            take_some(&scene, UINT64_MAX);
        }
        /* Keep away from the end of time. */
        if (scene.wheel.now_ms > INT64_MAX / 2) {
            break;
        }
    }
    assert_null(wheel_check(&scene.wheel));
}

static void wheel_behaves_like_a_sorted_list(void **state) {
    (void)state;
    run_from(1767225600000, 88172645463325252u, OPERATIONS);
}

static void wheel_behaves_like_a_sorted_list_around_zero(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        run_from(-5000, seed * 7919, 2000);
    }
}

/* ---- one by one ---- */

static void timer_is_due_at_its_instant_and_not_before(void **state) {
    (void)state;
    for (int64_t distance = 1; distance < INT64_C(1) << 50; distance = distance * 3 + 1) {
        struct wheel wheel;
        struct wheel_timer timer = {0};
        wheel_init(&wheel, 1234567);
        wheel_start(&wheel, &timer, 1234567 + distance);
        wheel_advance(&wheel, 1234567 + distance - 1);
        assert_null(wheel_take(&wheel));
        wheel_advance(&wheel, 1234567 + distance);
        assert_ptr_equal(wheel_take(&wheel), &timer);
        assert_null(wheel_take(&wheel));
    }
}

static void next_expiry_of_a_lone_timer_is_exact(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 1000);
    assert_true(wheel_next_ms(&wheel) == INT64_MAX);
    for (int64_t distance = 1; distance < INT64_C(1) << 60; distance *= 5) {
        wheel_start(&wheel, &timer, 1000 + distance);
        assert_true(wheel_next_ms(&wheel) == 1000 + distance);
    }
}

static void timers_come_in_the_order_they_are_due(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_timer timers[40] = {{0}};
    wheel_init(&wheel, 0);
    for (int i = 0; i < 40; i++) {
        wheel_start(&wheel, &timers[(i * 17) % 40], 1 + (i * 17) % 40);
    }
    wheel_advance(&wheel, 10);
    wheel_advance(&wheel, 100);
    for (int i = 0; i < 40; i++) {
        assert_ptr_equal(wheel_take(&wheel), &timers[i]);
    }
}

static void timer_started_in_the_past_is_due_at_once(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 500);
    wheel_start(&wheel, &timer, -500);
    assert_true(wheel_next_ms(&wheel) == 500);
    assert_ptr_equal(wheel_take(&wheel), &timer);
}

static void due_timer_stopped_while_others_are_taken_is_not_handed_out(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_timer timers[3] = {{0}};
    wheel_init(&wheel, 0);
    for (int i = 0; i < 3; i++) {
        wheel_start(&wheel, &timers[i], 5 + i);
    }
    wheel_advance(&wheel, 10);
    assert_ptr_equal(wheel_take(&wheel), &timers[0]);
    wheel_stop(&wheel, &timers[2]);
    wheel_start(&wheel, &timers[0], 10);
    assert_ptr_equal(wheel_take(&wheel), &timers[1]);
    assert_ptr_equal(wheel_take(&wheel), &timers[0]);
    assert_null(wheel_take(&wheel));
    assert_null(wheel_check(&wheel));
}

static void restart_moves_a_timer(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 0);
    wheel_start(&wheel, &timer, 10);
    wheel_start(&wheel, &timer, 1000);
    assert_int_equal(wheel.count, 1);
    wheel_advance(&wheel, 999);
    assert_null(wheel_take(&wheel));
    wheel_advance(&wheel, 1000);
    assert_ptr_equal(wheel_take(&wheel), &timer);
}

static void going_back_in_time_is_ignored(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 100);
    wheel_start(&wheel, &timer, 150);
    wheel_advance(&wheel, 50);
    assert_true(wheel.now_ms == 100);
    wheel_advance(&wheel, 150);
    assert_ptr_equal(wheel_take(&wheel), &timer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_behaves_like_a_sorted_list),
        cmocka_unit_test(wheel_behaves_like_a_sorted_list_around_zero),
        cmocka_unit_test(timer_is_due_at_its_instant_and_not_before),
        cmocka_unit_test(next_expiry_of_a_lone_timer_is_exact),
        cmocka_unit_test(timers_come_in_the_order_they_are_due),
        cmocka_unit_test(timer_started_in_the_past_is_due_at_once),
        cmocka_unit_test(due_timer_stopped_while_others_are_taken_is_not_handed_out),
        cmocka_unit_test(restart_moves_a_timer),
        cmocka_unit_test(going_back_in_time_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

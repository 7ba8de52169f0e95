/* What must hold of wait(): on time, nothing left behind, and no work when there is none. */
#define GB_DOOR "signals and a clock file"
#include "base/base.h"
#include "io/scene.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int start(void **state) {
    static struct scene scene;
    scene_start(&scene, NULL);
    *state = &scene;
    return 0;
}

static int end(void **state) {
    scene_end(*state);
    return 0;
}

static size_t wait_until(struct scene *scene, int64_t mono_ms, const struct sign **ret_signs) {
    size_t count;
    arena_clear(scene->turn);
    scene->world->ops->wake_at(scene->world, mono_ms);
    assert_int_equal(scene->world->ops->wait(scene->world, scene->turn, ret_signs, &count), GB_OK);
    return count;
}

static int64_t mono_ms(struct scene *scene) {
    return scene->world->ops->mono_ms(scene->world);
}

static uint64_t sleeps_of(const struct scene *scene) {
    struct world_stats stats;
    world_stats(scene->world, &stats);
    return stats.waits;
}

static void wait_returns_at_the_time_and_not_before(void **state) {
    struct scene *scene = *state;
    const struct sign *signs;
    for (int64_t ms = 1; ms < 60; ms += 19) {
        int64_t at_ms = mono_ms(scene) + ms;
        assert_int_equal(wait_until(scene, at_ms, &signs), 0);
        assert_true(mono_ms(scene) >= at_ms);
        assert_true(mono_ms(scene) < at_ms + 500);
    }
    assert_int_equal(wait_until(scene, mono_ms(scene) - 1000, &signs), 0);
}

static void earliest_wake_up_counts_and_only_for_the_next_wait(void **state) {
    struct scene *scene = *state;
    const struct sign *signs;
    int64_t now_ms = mono_ms(scene);
    scene->world->ops->wake_at(scene->world, now_ms + 5);
    scene->world->ops->wake_at(scene->world, now_ms + 100000);
    assert_int_equal(wait_until(scene, now_ms + 60000, &signs), 0);
    assert_true(mono_ms(scene) < now_ms + 5000);
    int64_t later_ms = mono_ms(scene) + 30;
    assert_int_equal(wait_until(scene, later_ms, &signs), 0);
    assert_true(mono_ms(scene) >= later_ms);
}

/* Kept connections, both sides of them, must not wake the program up. */
static void idle_world_sleeps_once(void **state) {
    struct scene *scene = *state;
    const struct sign *signs;
    for (int i = 0; i < 10; i++) {
        (void)scene_get(scene, scene_url(scene, "/"));
    }
    /* The server's side of the last reply may still have a word to itself. */
    (void)wait_until(scene, mono_ms(scene) + 20, &signs);
    uint64_t before = sleeps_of(scene);
    assert_int_equal(wait_until(scene, mono_ms(scene) + 1500, &signs), 0);
    assert_int_equal(sleeps_of(scene) - before, 1);
}

static void waiting_for_a_reply_sleeps_too(void **state) {
    struct scene *scene = *state;
    const struct sign *signs;
    struct raw_peer peer;
    raw_peer_start(&peer, NULL, 0);
    struct http_request request = {.url = raw_peer_url(scene, &peer)};
    assert_int_equal(scene_send(scene, &request), GB_OK);
    (void)wait_until(scene, mono_ms(scene) + 50, &signs);
    uint64_t before = sleeps_of(scene);
    assert_int_equal(wait_until(scene, mono_ms(scene) + 1500, &signs), 0);
    assert_true(sleeps_of(scene) - before <= 2);
    raw_peer_stop(&peer);
}

static void all_that_is_due_comes_in_one_wait(void **state) {
    (void)state;
    struct scene scene;
    const struct sign *signs;
    scene_start(&scene, &(struct world_options){.connections_max = 100});
    /* Refused at once: their replies are there before anybody sleeps. */
    for (int i = 0; i < 100; i++) {
        struct http_request request = {.url = STR("http://127.0.0.1:1/"), .proxy = STR("x")};
        assert_int_equal(scene_send(&scene, &request), GB_OK);
    }
    assert_int_equal(wait_until(&scene, INT64_MAX, &signs), 100);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(signs[i].kind, SIGN_REPLY);
        assert_int_equal(signs[i].ticket, 1001 + i);
    }
    scene_end(&scene);
}

static void signals_come_as_signs(void **state) {
    (void)state;
    static const int numbers[] = {SIGTERM, SIGHUP};
    struct scene scene;
    const struct sign *signs;
    scene_start(&scene, &(struct world_options){.signals = numbers, .signal_count = 2});
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGTERM), 0);
    size_t count = wait_until(&scene, INT64_MAX, &signs);
    assert_int_equal(count, 2);
    assert_int_equal(signs[0].kind, SIGN_SIGNAL);
    assert_int_equal(signs[0].signal + signs[1].signal, SIGHUP + SIGTERM);
    assert_int_equal(wait_until(&scene, mono_ms(&scene) + 5, &signs), 0);
    scene_end(&scene);
}

static void a_descriptor_of_somebody_else_s_is_heard_until_taken_back(void **state) {
    struct scene *scene = *state;
    const struct sign *signs;
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    scene->world->ops->hear(scene->world, ends[0]);
    assert_int_equal(wait_until(scene, mono_ms(scene) + 1, &signs), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    for (int i = 0; i < 2; i++) { /* until it is read */
        assert_int_equal(wait_until(scene, mono_ms(scene) + 1000, &signs), 1);
        assert_int_equal(signs[0].kind, SIGN_NEWS);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(wait_until(scene, mono_ms(scene) + 1, &signs), 0);
    scene->world->ops->hear(scene->world, -1);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(wait_until(scene, mono_ms(scene) + 1, &signs), 0);
    close(ends[0]);
    close(ends[1]);
}

static void clock_file_moves_time_while_the_world_runs(void **state) {
    (void)state;
    char path[] = "/tmp/gb-clock-XXXXXX";
    int fd = mkstemp(path);
    int64_t offset_ms = 0;
    assert_int_equal(ftruncate(fd, 2 * sizeof offset_ms), 0);
    struct scene scene;
    const struct sign *signs;
    scene_start(&scene, &(struct world_options){.clock_file = path});
    int64_t mono = mono_ms(&scene), wall = scene.world->ops->wall_ms(scene.world);
    offset_ms = 30 * GB_DAY_MS;
    assert_int_equal(pwrite(fd, &offset_ms, sizeof offset_ms, 0), sizeof offset_ms);
    assert_in_range(mono_ms(&scene) - mono, offset_ms, offset_ms + 5000);
    assert_in_range(scene.world->ops->wall_ms(scene.world) - wall, offset_ms, offset_ms + 5000);
    assert_int_equal(pwrite(fd, &(int64_t){-GB_DAY_MS}, sizeof offset_ms, sizeof offset_ms),
                     sizeof offset_ms);
    assert_in_range(scene.world->ops->wall_ms(scene.world) - wall, offset_ms - GB_DAY_MS,
                    offset_ms - GB_DAY_MS + 5000);
    assert_in_range(mono_ms(&scene) - mono, offset_ms, offset_ms + 5000);
    /* What was due in between is due now; requests go by our own clock. */
    assert_int_equal(wait_until(&scene, mono + GB_DAY_MS, &signs), 0);
    assert_int_equal(scene_get(&scene, scene_url(&scene, "/"))->status, 200);
    scene_end(&scene);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static void clock_file_that_is_none_is_refused(void **state) {
    (void)state;
    struct world *world;
    const char *why = "";
    struct world_options options = {.clock_file = "/dev/null"};
    assert_int_equal(world_open(&options, &world, &why), GB_UNAVAILABLE);
    assert_string_equal(why, "the clock file cannot be read");
    options.clock_file = "/nonexistent/clock";
    assert_int_equal(world_open(&options, &world, &why), GB_UNAVAILABLE);
}

static void chance_is_not_the_same_twice(void **state) {
    struct scene *scene = *state;
    unsigned char a[64] = {0}, b[64] = {0};
    scene->world->ops->chance(scene->world, a, sizeof a);
    scene->world->ops->chance(scene->world, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void worlds_come_and_go(void **state) {
    (void)state;
    int first = -1;
    for (int i = 0; i < 20; i++) {
        struct scene scene;
        scene_start(&scene, NULL);
        assert_int_equal(scene_get(&scene, scene_url(&scene, "/"))->status, 200);
        scene_end(&scene);
        /* No descriptor is left behind. */
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(first < 0 || fd == first);
        first = fd;
        close(fd);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(wait_returns_at_the_time_and_not_before),
        TEST(earliest_wake_up_counts_and_only_for_the_next_wait),
        TEST(idle_world_sleeps_once),
        TEST(waiting_for_a_reply_sleeps_too),
        cmocka_unit_test(all_that_is_due_comes_in_one_wait),
        cmocka_unit_test(signals_come_as_signs),
        TEST(a_descriptor_of_somebody_else_s_is_heard_until_taken_back),
        cmocka_unit_test(clock_file_moves_time_while_the_world_runs),
        cmocka_unit_test(clock_file_that_is_none_is_refused),
        TEST(chance_is_not_the_same_twice),
        cmocka_unit_test(worlds_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What must hold of the loop's memory: interest that faded wakes nobody up, a descriptor's number
 * that comes back starts anew.
 */
#define GB_DOOR "pipes to wait for"
#include "base/base.h"
#include "io/loop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OWNER 3

struct scene {
    struct loop *loop;
    int in, out; /* of a pipe */
};

static int start(void **state) {
    static struct scene scene;
    int ends[2];
    assert_int_equal(loop_new(&scene.loop), GB_OK);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    scene.in = ends[0];
    scene.out = ends[1];
    *state = &scene;
    return 0;
}

static int end(void **state) {
    struct scene *scene = *state;
    loop_free(scene->loop);
    close(scene->in);
    close(scene->out);
    return 0;
}

static struct loop_event event;

static size_t look(struct scene *scene) {
    return loop_wait(scene->loop, 0, &event, 1);
}

/* Does the loop sleep, or does something keep it awake? */
static bool sleeps(struct scene *scene) {
    int64_t before_ms = loop_now_ms();
    assert_int_equal(loop_wait(scene->loop, 30, &event, 1), 0);
    return loop_now_ms() - before_ms >= 29;
}

static void put(struct scene *scene) {
    assert_int_equal(write(scene->out, "x", 1), 1);
}

static void ready_descriptor_is_handed_out_with_its_owner(void **state) {
    struct scene *scene = *state;
    loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
    assert_int_equal(look(scene), 0);
    put(scene);
    assert_int_equal(look(scene), 1);
    assert_int_equal(event.fd, scene->in);
    assert_int_equal(event.owner, OWNER);
    assert_int_equal(event.ready, LOOP_IN);
    assert_int_equal(look(scene), 1); /* until it is read */
}

static void faded_interest_of_a_kept_descriptor_wakes_up_once_and_for_nobody(void **state) {
    struct scene *scene = *state;
    loop_keep(scene->loop, scene->in);
    loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
    loop_watch(scene->loop, scene->in, OWNER, 0);
    put(scene);
    assert_int_equal(look(scene), 0);
    assert_true(sleeps(scene));
    loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
    assert_int_equal(look(scene), 1);
}

static void interest_that_comes_back_in_time_misses_nothing(void **state) {
    struct scene *scene = *state;
    loop_keep(scene->loop, scene->in);
    loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
    loop_watch(scene->loop, scene->in, OWNER, 0);
    put(scene);
    loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
    assert_int_equal(look(scene), 1);
}

static void writable_is_told_only_while_it_is_waited_for(void **state) {
    struct scene *scene = *state;
    loop_keep(scene->loop, scene->out);
    loop_watch(scene->loop, scene->out, OWNER, LOOP_OUT | LOOP_IN);
    assert_int_equal(look(scene), 1);
    assert_int_equal(event.ready, LOOP_OUT);
    loop_watch(scene->loop, scene->out, OWNER, LOOP_IN);
    assert_int_equal(look(scene), 0);
    assert_true(sleeps(scene));
}

static void descriptor_not_kept_is_taken_out_at_once(void **state) {
    struct scene *scene = *state;
    loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
    put(scene);
    loop_watch(scene->loop, scene->in, OWNER, 0);
    assert_true(sleeps(scene));
}

static void number_that_comes_back_is_another_descriptor(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 3; i++) {
        loop_keep(scene->loop, scene->in);
        loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
        put(scene);
        assert_int_equal(look(scene), 1);
        loop_watch(scene->loop, scene->in, OWNER, 0);
        loop_forget(scene->loop, scene->in);
        close(scene->out);
        int number = scene->in, ends[2];
        close(scene->in);
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        scene->in = ends[0];
        scene->out = ends[1];
        assert_int_equal(scene->in, GB_MIN(number, scene->in));
        assert_int_equal(look(scene), 0);
    }
}

static void other_end_that_closes_is_told_to_who_waits(void **state) {
    struct scene *scene = *state;
    loop_watch(scene->loop, scene->in, OWNER, LOOP_IN);
    close(scene->out);
    assert_int_equal(look(scene), 1);
    assert_int_equal(event.ready, LOOP_IN);
    scene->out = dup(scene->in);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(ready_descriptor_is_handed_out_with_its_owner),
        TEST(faded_interest_of_a_kept_descriptor_wakes_up_once_and_for_nobody),
        TEST(interest_that_comes_back_in_time_misses_nothing),
        TEST(writable_is_told_only_while_it_is_waited_for),
        TEST(descriptor_not_kept_is_taken_out_at_once),
        TEST(number_that_comes_back_is_another_descriptor),
        TEST(other_end_that_closes_is_told_to_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

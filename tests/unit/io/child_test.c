/* A child's words and end come as one sign; it dies at its time, when told to, and with its parent.
 */
#define GB_DOOR "processes"
#include "base/base.h"
#include "io/scene.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

static int start(void **state) {
    static struct scene scene;
    scene_start(&scene, &(struct world_options){.spawns = true});
    *state = &scene;
    return 0;
}

static int end(void **state) {
    scene_end(*state);
    return 0;
}

static enum gb_err run(struct scene *scene, const char *script, int64_t ms_max, uint64_t ticket) {
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    return scene->world->ops->spawn(scene->world, &(struct spawn){argv, ms_max}, ticket);
}

/* The next end; its texts are valid until the next wait. */
static const struct child_end *wait_end(struct scene *scene, uint64_t *ret_ticket) {
    struct world *w = scene->world;
    int64_t give_up = w->ops->mono_ms(w) + SCENE_PATIENCE_MS;
    while (w->ops->mono_ms(w) < give_up) {
        const struct sign *signs;
        size_t count;
        arena_clear(scene->turn);
        w->ops->wake_at(w, give_up);
        assert_int_equal(w->ops->wait(w, scene->turn, &signs, &count), GB_OK);
        for (size_t i = 0; i < count; i++) {
            if (signs[i].kind == SIGN_CHILD) {
                *ret_ticket = signs[i].ticket;
                return signs[i].child;
            }
        }
    }
    fail_msg("no child ended");
    return NULL;
}

static void words_and_status_come_with_the_ticket(void **state) {
    struct scene *scene = *state;
    uint64_t ticket = 0;
    assert_int_equal(run(scene, "echo out; echo err >&2; exit 3", 5000, 42), GB_OK);
    const struct child_end *child = wait_end(scene, &ticket);
    assert_int_equal(ticket, 42);
    assert_int_equal(child->status, 3);
    assert_int_equal(child->signal, 0);
    assert_false(child->was_late);
    assert_true(str_is(child->said, "out\n"));
    assert_true(str_is(child->told, "err\n"));
}

static void more_words_than_fit_do_not_hold_it_up(void **state) {
    struct scene *scene = *state;
    uint64_t ticket = 0;
    assert_int_equal(run(scene, "head -c 1000000 /dev/zero | tr '\\0' x", 5000, 1), GB_OK);
    const struct child_end *child = wait_end(scene, &ticket);
    assert_int_equal(child->status, 0);
    assert_int_equal(child->said.n, 16 * 1024);
}

static void it_is_killed_at_its_time(void **state) {
    struct scene *scene = *state;
    uint64_t ticket = 0;
    assert_int_equal(run(scene, "exec sleep 100", 50, 1), GB_OK);
    const struct child_end *child = wait_end(scene, &ticket);
    assert_true(child->was_late);
    assert_int_equal(child->signal, SIGKILL);
    assert_int_equal(child->status, -1);
}

static void it_is_killed_when_it_is_canceled(void **state) {
    struct scene *scene = *state;
    uint64_t ticket = 0;
    assert_int_equal(run(scene, "exec sleep 100", 60000, 7), GB_OK);
    scene->world->ops->cancel(scene->world, 8); /* nobody's */
    scene->world->ops->cancel(scene->world, 7);
    const struct child_end *child = wait_end(scene, &ticket);
    assert_int_equal(ticket, 7);
    assert_int_equal(child->signal, SIGKILL);
    assert_false(child->was_late);
}

static void a_program_that_is_not_there_ends_at_once(void **state) {
    struct scene *scene = *state;
    uint64_t ticket = 0;
    const char *argv[] = {"/no/such/program", NULL};
    assert_int_equal(scene->world->ops->spawn(scene->world, &(struct spawn){argv, 5000}, 1), GB_OK);
    assert_int_equal(wait_end(scene, &ticket)->status, 127);
}

static void several_run_at_once_and_no_more_than_there_are_seats(void **state) {
    struct scene *scene = *state;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(run(scene, "sleep 0.05", 5000, i), GB_OK);
    }
    assert_int_equal(run(scene, "true", 5000, 5), GB_LATER);
    while (sum < 10) {
        const struct sign *signs;
        size_t count;
        scene->world->ops->wake_at(scene->world, INT64_MAX);
        assert_int_equal(scene->world->ops->wait(scene->world, scene->turn, &signs, &count), GB_OK);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(signs[i].kind, SIGN_CHILD);
            assert_int_equal(signs[i].child->status, 0);
            sum += signs[i].ticket;
        }
    }
    assert_int_equal(sum, 10);
}

static void it_inherits_no_blocked_signal_and_no_descriptor(void **state) {
    struct scene *scene = *state;
    uint64_t ticket = 0;
    assert_int_equal(run(scene, "grep SigBlk /proc/self/status; ls /proc/self/fd | wc -l", 5000, 1),
                     GB_OK);
    const struct child_end *child = wait_end(scene, &ticket);
    assert_true(str_starts(child->said, STR("SigBlk:\t0000000000000000\n")));
    /* 0, 1, 2 and the directory that ls reads */
    assert_true(str_ends(str_trim(child->said), STR("\n4")));
}

/* Whoever kills the parent kills the child: a pipe that only they hold ends. */
static void it_dies_with_its_parent(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct scene scene;
        scene_start(&scene, &(struct world_options){.spawns = true});
        uint64_t ticket;
        (void)run(&scene, "exec sleep 100", 60000, 1); /* one that writes would end by SIGPIPE */
        (void)write(ends[1], "s", 1);
        (void)wait_end(&scene, &ticket);
        _exit(0);
    }
    close(ends[1]);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    /* The child is the only child of the parent: found by /proc, since it has our group. */
    char path[64], text[64] = "";
    (void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)parent, (long)parent);
    FILE *file = fopen(path, "re");
    long child = 0;
    if (file != NULL) {
        if (fgets(text, sizeof text, file) != NULL) {
            child = strtol(text, NULL, 10);
        }
        fclose(file);
    }
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    close(ends[0]);
    if (child <= 0) {
        skip(); /* this kernel does not list children */
    }
    bool is_gone = false;
    for (int i = 0; i < 500 && !is_gone; i++) {
        const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
        char state_path[64], line[256] = "";
        (void)snprintf(state_path, sizeof state_path, "/proc/%ld/stat", child);
        FILE *stat = fopen(state_path, "re");
        if (stat == NULL) {
            is_gone = true;
            break;
        }
        is_gone = fgets(line, sizeof line, stat) == NULL || strstr(line, ") Z ") != NULL;
        fclose(stat);
    }
    assert_true(is_gone);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, start, end)
    const struct CMUnitTest tests[] = {
        T(words_and_status_come_with_the_ticket),
        T(more_words_than_fit_do_not_hold_it_up),
        T(it_is_killed_at_its_time),
        T(it_is_killed_when_it_is_canceled),
        T(a_program_that_is_not_there_ends_at_once),
        T(several_run_at_once_and_no_more_than_there_are_seats),
        T(it_inherits_no_blocked_signal_and_no_descriptor),
        cmocka_unit_test(it_dies_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

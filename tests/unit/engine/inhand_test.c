/* What a process leaves behind about the event it had in hand, however it ends. */
#define GB_DOOR "children that die"
#include "engine/inhand.h"

#include "base/base.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[32], path[64];

static int set_up(void **state) {
    (void)state;
    memcpy(directory, "/tmp/gb-hand-XXXXXX", 20);
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/inhand", directory);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    return rmdir(directory);
}

/* A child takes the event in hand and ends by this signal; 0: it ends well. */
static void live_and_die(const char *event, int number) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        struct inhand *inhand;
        (void)setrlimit(RLIMIT_CORE, &none);
        static const int numbers[] = {SIGSEGV, SIGFPE, SIGABRT};
        for (size_t i = 0; i < GB_COUNT(numbers); i++) { /* the test's own go first */
            (void)signal(numbers[i], SIG_DFL);
        }
        if (inhand_open(path, &inhand) != GB_OK) {
            _exit(3);
        }
        inhand_watch(inhand);
        inhand_set(inhand, str_of(event));
        if (number == SIGABRT) {
            abort();
        }
        (void)(number != 0 && raise(number));
        inhand_set(inhand, STR_NONE);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void assert_left(const char *event, bool crashed) {
    struct inhand *inhand;
    assert_int_equal(inhand_open(path, &inhand), GB_OK);
    assert_true(str_is(inhand_left(inhand), event));
    assert_true(inhand_crashed(inhand) == crashed);
    inhand_close(inhand);
}

static void a_crash_and_a_kill_are_told_apart(void **state) {
    (void)state;
    assert_left("", false);
    live_and_die("u:1", SIGKILL);
    assert_left("u:1", false);
    live_and_die("u:2", SIGABRT);
    assert_left("u:2", true);
    live_and_die("u:3", SIGSEGV);
    assert_left("u:3", true);
    live_and_die("u:4", SIGKILL); /* the mark of a life before is gone */
    assert_left("u:4", false);
    live_and_die("u:5", 0);
    assert_left("", false);
}

static void a_long_name_is_cut_and_leaves_the_mark_alone(void **state) {
    (void)state;
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    live_and_die(name, SIGKILL);
    name[126] = '\0';
    assert_left(name, false);
    live_and_die(name, SIGFPE);
    assert_left(name, true);
}

static void without_a_file_nothing_is_kept(void **state) {
    (void)state;
    struct inhand *inhand;
    assert_int_equal(inhand_open(NULL, &inhand), GB_OK);
    inhand_watch(inhand);
    inhand_set(inhand, STR("u:1"));
    assert_int_equal(inhand_left(inhand).n, 0);
    assert_false(inhand_crashed(inhand));
    inhand_close(inhand);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_crash_and_a_kill_are_told_apart),
        T(a_long_name_is_cut_and_leaves_the_mark_alone),
        T(without_a_file_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* bot_process_test.c: a child that is started, ends, is killed; its directory, config and clock. */
#include "sandbox/bot_process.h"
#include "sandbox/demo.h"
#include "sandbox/shop_files.h"

#include "base/arena.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    struct arena *arena;
    struct shop_files files;
    struct bot_process bot;
};

static int begin(void **state) {
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct scene *scene = ARENA_NEW(arena, struct scene);
    const char *why = "";
    scene->arena = arena;
    assert_int_equal(shop_files_open(NULL, arena, &scene->files, &why), GB_OK);
    scene->bot.config = scene->files.config;
    scene->bot.clock = scene->files.clock;
    scene->bot.log = scene->files.log;
    *state = scene;
    return 0;
}

static int end(void **state) {
    struct scene *scene = *state;
    const char *directory = scene->files.directory;
    bot_process_end(&scene->bot);
    shop_files_close(&scene->files, false);
    struct stat status;
    int left = stat(directory, &status);
    arena_free(scene->arena);
    return left == 0; /* it must be gone */
}

/* A program that does this instead of running a shop. */
static void write_program(struct scene *scene, const char *script) {
    struct str path = arena_printf(scene->arena, "%s/program", scene->files.directory);
    FILE *file = fopen(path.p, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path.p, 0700), 0);
    scene->bot.program = path.p;
}

static void reap(struct scene *scene) {
    while (!bot_process_reap(&scene->bot)) {
        (void)usleep(1000);
    }
}

static struct str read_log(struct scene *scene) {
    char text[4096];
    FILE *file = fopen(scene->files.log, "r");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text, file);
    assert_int_equal(fclose(file), 0);
    return arena_copy(scene->arena, (struct str){text, n});
}

static void the_child_gets_its_words_and_its_log(void **state) {
    struct scene *scene = *state;
    write_program(scene, "echo \"$@\"; echo bad >&2; exit 3");
    assert_int_equal(bot_process_start(&scene->bot), GB_OK);
    assert_int_equal(bot_process_start(&scene->bot), GB_EXISTS);
    reap(scene);
    assert_false(scene->bot.alive);
    assert_string_equal(scene->bot.ended, "exit 3");
    struct str wanted = arena_printf(scene->arena, "run --config %s --clock-file %s\nbad\n",
                                     scene->files.config, scene->files.clock);
    assert_string_equal(arena_cstr(scene->arena, read_log(scene)), wanted.p);
}

static void a_killed_child_can_be_started_again(void **state) {
    struct scene *scene = *state;
    write_program(scene, "exec sleep 100");
    for (int64_t i = 1; i <= 3; i++) {
        assert_int_equal(bot_process_start(&scene->bot), GB_OK);
        assert_false(bot_process_reap(&scene->bot));
        bot_process_signal(&scene->bot, SIGKILL);
        reap(scene);
        assert_string_equal(scene->bot.ended, "signal 9");
        assert_int_equal(scene->bot.starts, i);
    }
    assert_int_equal(bot_process_start(&scene->bot), GB_OK);
}

static void a_child_is_not_deaf_to_the_signals_its_parent_blocks(void **state) {
    struct scene *scene = *state;
    sigset_t all, before;
    sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_SETMASK, &all, &before), 0);
    write_program(scene, "exec sleep 100");
    assert_int_equal(bot_process_start(&scene->bot), GB_OK);
    bot_process_signal(&scene->bot, SIGTERM);
    reap(scene);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_string_equal(scene->bot.ended, "signal 15");
}

static void a_program_that_is_not_there_ends_at_once(void **state) {
    struct scene *scene = *state;
    scene->bot.program = "/nonexistent/program";
    assert_int_equal(bot_process_start(&scene->bot), GB_OK);
    reap(scene);
    assert_string_equal(scene->bot.ended, "exit 127");
}

static void the_config_is_for_its_owner_only(void **state) {
    struct scene *scene = *state;
    struct demo_ports ports = {1, 2, 3, 0};
    struct stat status;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            shop_files_write_config(&scene->files, demo_config(scene->arena, &ports, "data")),
            GB_OK);
        assert_int_equal(stat(scene->files.config, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void the_clock_file_holds_the_offset(void **state) {
    struct scene *scene = *state;
    int64_t offset = -1;
    shop_files_advance(&scene->files, 5000);
    shop_files_advance(&scene->files, 7);
    FILE *file = fopen(scene->files.clock, "rb");
    assert_non_null(file);
    assert_int_equal(fread(&offset, sizeof offset, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(offset, 5007);
}

static void a_directory_that_cannot_be_made_is_named(void **state) {
    struct scene *scene = *state;
    struct shop_files files;
    const char *why = "";
    assert_int_equal(shop_files_open("/proc/none", scene->arena, &files, &why), GB_UNAVAILABLE);
    assert_non_null(strstr(why, "/proc/none"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_child_gets_its_words_and_its_log),
        TEST(a_killed_child_can_be_started_again),
        TEST(a_child_is_not_deaf_to_the_signals_its_parent_blocks),
        TEST(a_program_that_is_not_there_ends_at_once),
        TEST(the_config_is_for_its_owner_only),
        TEST(the_clock_file_holds_the_offset),
        TEST(a_directory_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

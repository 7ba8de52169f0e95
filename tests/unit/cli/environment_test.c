#include "base/arena.h"
#include "base/base.h"
#include "cli/environment.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOST "GIGABRIDGE_REDIS_HOST"

static int clean(void **state) {
    (void)state;
    return unsetenv(HOST) | unsetenv("REDIS_HOST") | unsetenv("SHOP_NAME");
}

static void assert_host(const char *dotenv, const char *wanted) {
    struct environment environment = {arena_new(1024, 1024 * 1024), str_of(dotenv)};
    const char *host = environment_get(&environment, HOST);
    if (wanted == NULL) {
        assert_null(host);
    } else {
        assert_string_equal(host, wanted);
    }
    arena_free(environment.arena);
}

static void the_long_name_goes_before_the_short_one_and_both_before_the_file(void **state) {
    (void)state;
    assert_host("", NULL);
    assert_host("REDIS_HOST=file", "file");
    assert_int_equal(setenv("REDIS_HOST", "short", 1), 0);
    assert_host("REDIS_HOST=file", "short");
    assert_int_equal(setenv(HOST, "long", 1), 0);
    assert_host("REDIS_HOST=file", "long");
}

static void the_file_is_read_as_a_shell_reads_it(void **state) {
    (void)state;
    assert_host("# REDIS_HOST=no\nREDIS_PORT=1\n\n  export REDIS_HOST = \"a b\" \r\n", "a b");
    assert_host("REDIS_HOST='x'\nREDIS_HOST=y", "y");
    assert_host("REDIS_HOST", NULL);
    assert_host("REDIS_HOST=\"", "\"");
    assert_host("XREDIS_HOST=a\nREDIS_HOSTX=b\n=c\n", NULL);
}

static void only_what_is_shared_with_others_has_a_short_name(void **state) {
    (void)state;
    struct environment environment = {arena_new(1024, 1024 * 1024),
                                      STR("SHOP_NAME=a\nTELEGRAM_TOKEN=b\nREDIS_TLS=yes\n")};
    assert_int_equal(setenv("SHOP_NAME", "c", 1), 0);
    assert_null(environment_get(&environment, "GIGABRIDGE_SHOP_NAME"));
    assert_null(environment_get(&environment, "GIGABRIDGE_TELEGRAM_TOKEN"));
    assert_null(environment_get(&environment, "GIGABRIDGE_REDIS_TLS"));
    arena_free(environment.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_long_name_goes_before_the_short_one_and_both_before_the_file,
                               clean),
        cmocka_unit_test_setup(the_file_is_read_as_a_shell_reads_it, clean),
        cmocka_unit_test_setup(only_what_is_shared_with_others_has_a_short_name, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* [webhook]: what the owner is told before Telegram would refuse it. */
#include "base/arena.h"
#include "base/base.h"
#include "state/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state) {
    *state = arena_new(64 * 1024, 16 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state) {
    arena_free(*state);
    return 0;
}

/* The first fault of a config with this in [webhook]; empty: none. */
static const char *fault_of(struct arena *arena, const char *api_base, const char *webhook) {
    struct options_source source = {
        .file = "c.ini",
        .text = arena_printf(arena,
                             "[telegram]\ntoken = 123456:abcdefghijklmnop\napi_base = %s\n"
                             "[webhook]\n%s",
                             api_base, webhook),
    };
    struct config config;
    struct faults faults;
    faults_init(&faults, arena);
    enum gb_err err = options_read(&config_spec, &source, arena, &config, &faults);
    config_check(&config, arena, &faults);
    assert_true(err == GB_OK || faults.count > 0);
    return faults.first != NULL ? arena_cstr(arena, faults.first->text) : "";
}

#define REAL "https://api.telegram.org"
#define OWN  "http://127.0.0.1:8081"

static void what_telegram_can_call_is_fine(void **state) {
    assert_string_equal(fault_of(*state, REAL, ""), "");
    assert_string_equal(fault_of(*state, REAL, "url = https://shop.example/hook\n"), "");
    assert_string_equal(fault_of(*state, REAL, "url = https://shop.example:8443/a:9/b?c=d\n"), "");
    assert_string_equal(fault_of(*state, REAL, "url = https://shop.example:88\n"), "");
    assert_string_equal(fault_of(*state, REAL, "url = https://[2001:db8::1]/hook\n"), "");
    assert_string_equal(fault_of(*state, REAL,
                                 "url = https://shop.example/\nlisten = [::1]:9000\n"
                                 "secret = Abc_-0123\nconnections = 100\n"),
                        "");
    assert_string_equal(fault_of(*state, OWN, "url = http://127.0.0.1:9000/hook\n"), "");
}

static void what_telegram_cannot_call_is_named(void **state) {
    static const struct {
        const char *webhook, *word;
    } bad[] = {
        {"url = http://shop.example/hook\n", "https://"},
        {"url = https://shop.example:8080/hook\n", "443, 80, 88 and 8443"},
        {"url = https://[2001:db8::1]:9443/hook\n", "443, 80, 88 and 8443"},
        {"url = shop.example\n", "url"},
        {"url = https://shop.example\nlisten = 8443\n", "listen"},
        {"url = https://shop.example\nsecret = with a blank\n", "secret"},
        {"url = https://shop.example\nsecret = short\n", "secret"},
        {"url = https://shop.example\nconnections = 101\n", "connections"},
    };
    for (size_t i = 0; i < GB_COUNT(bad); i++) {
        const char *fault = fault_of(*state, REAL, bad[i].webhook);
        assert_non_null(strstr(fault, "c.ini:"));
        assert_non_null(strstr(fault, bad[i].word));
        assert_null(strstr(fault, "with a blank"));
    }
}

static void address_is_a_host_and_a_port(void **state) {
    (void)state;
    static const struct {
        const char *text, *host;
        int port;
    } good[] = {
        {"127.0.0.1:8443", "127.0.0.1", 8443},
        {"localhost:1", "localhost", 1},
        {"[::1]:65535", "::1", 65535},
    };
    static const char *const bad[] = {
        "",    ":",     "8443",  ":8443", "a:",   "a:0", "a:65536",
        "a:x", "::1:8", "[::1]", "[]:8",  "a: 8", "[",   "127.0.0.1:+8"};
    struct str host;
    int port;
    for (size_t i = 0; i < GB_COUNT(good); i++) {
        assert_int_equal(config_address(str_of(good[i].text), &host, &port), GB_OK);
        assert_true(str_is(host, good[i].host));
        assert_int_equal(port, good[i].port);
    }
    for (size_t i = 0; i < GB_COUNT(bad); i++) {
        assert_int_equal(config_address(str_of(bad[i]), &host, &port), GB_INVALID);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_telegram_can_call_is_fine),
        TEST(what_telegram_cannot_call_is_named),
        TEST(address_is_a_host_and_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

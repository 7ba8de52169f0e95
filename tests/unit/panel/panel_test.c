/* Bodies of panel rows, what panels said, and the link a buyer opens. */
#include "panel/panel.h"

#include "base/arena.h"
#include "base/helpers.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

#define UUID "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"

static const struct panel_user anna = {
    .uuid = STR_INIT(UUID),
    .name = STR_INIT("tg7-abc \"Анна\""),
    .starts_ms = 1795410000000,
    .expires_ms = 1798002000000,
    .traffic_gb = 50,
    .enabled = true,
    .comment = STR_INIT("order1042"),
    .telegram_id = 700123456789,
};

static void ensure_body_holds_the_whole_wish(void **state) {
    assert_str(panel_ensure_body(*state, &anna),
               "{\"uuid\":\"" UUID
               "\",\"name\":\"tg7-abc \\\"Анна\\\"\",\"starts_ms\":1795410000000,"
               "\"expires_ms\":1798002000000,\"traffic_gb\":50,\"enabled\":true,"
               "\"comment\":\"order1042\",\"telegram_id\":700123456789}");
    assert_str(panel_uuid_body(*state, STR(UUID)), "{\"uuid\":\"" UUID "\"}");
}

static void without_start(void *ctx) {
    struct panel_user user = anna;
    user.starts_ms = 0;
    (void)panel_ensure_body(ctx, &user);
}

static void without_comment(void *ctx) {
    struct panel_user user = anna;
    user.comment = STR_NONE;
    (void)panel_ensure_body(ctx, &user);
}

static void wish_without_start_or_mark_is_our_bug(void **state) {
    assert_panics(without_start, *state, "starts_ms");
    assert_panics(without_comment, *state, "comment");
}

static void said_is_read_whole_or_not_at_all(void **state) {
    struct panel_state got;
    assert_int_equal(
        panel_read_said(*state,
                        STR("{\"used_bytes\":5,\"limit_bytes\":0,\"last_seen_ms\":7,\"enabled\":"
                            "true}"),
                        &got),
        GB_OK);
    assert_int_equal(got.used_bytes, 5);
    assert_int_equal(got.limit_bytes, 0);
    assert_int_equal(got.last_seen_ms, 7);
    assert_true(got.enabled);
    static const char *const damaged[] = {
        "",
        "{}",
        "null",
        "{\"used_bytes\":5,\"limit_bytes\":0,\"last_seen_ms\":7}",
        "{\"used_bytes\":5,\"limit_bytes\":0,\"enabled\":true}",
        "{\"used_bytes\":-1,\"limit_bytes\":0,\"last_seen_ms\":7,\"enabled\":true}",
        "{\"used_bytes\":5,\"limit_bytes\":-2,\"last_seen_ms\":7,\"enabled\":true}",
        "{\"used_bytes\":5.5,\"limit_bytes\":0,\"last_seen_ms\":7,\"enabled\":true}",
        "{\"used_bytes\":\"5\",\"limit_bytes\":0,\"last_seen_ms\":7,\"enabled\":true}",
        "{\"used_bytes\":5,\"limit_bytes\":0,\"last_seen_ms\":7,\"enabled\":1}",
    };
    for (size_t i = 0; i < GB_COUNT(damaged); i++) {
        assert_int_equal(panel_read_said(*state, str_of(damaged[i]), &got), GB_DAMAGED);
    }
}

static void link_is_the_users_page_named_after_the_shop(void **state) {
    struct str base = STR("https://panel.example.org/u8KdLw2CliPath5");
    assert_str(panel_link(*state, base, STR(UUID), STR_NONE),
               "https://panel.example.org/u8KdLw2CliPath5/" UUID "/");
    assert_str(
        panel_link(*state, STR("https://panel.example.org/x//"), STR(UUID), STR("Мой VPN#1")),
        "https://panel.example.org/x/" UUID "/#%D0%9C%D0%BE%D0%B9%20VPN%231");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(ensure_body_holds_the_whole_wish),
        TEST(wish_without_start_or_mark_is_our_bug),
        TEST(said_is_read_whole_or_not_at_all),
        TEST(link_is_the_users_page_named_after_the_shop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

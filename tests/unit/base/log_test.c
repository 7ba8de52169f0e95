/* What a line looks like, that no secret is ever in one, and that a reader who sleeps costs lines
 * and not the shop.
 */
#include "base/log.h"

#include "base/arena.h"
#include "helpers.h"

#include <poll.h>

static int ends[2]; /* of the pipe the log writes into */

static int64_t fixed_clock(void *ctx) {
    (void)ctx;
    return INT64_C(1795442709123);
}

static int start(void **state) {
    assert_int_equal(pipe(ends), 0);
    log_forget_secrets();
    log_start(ends[1], LOG_LEVEL_INFO, fixed_clock, NULL);
    *state = arena_new(4096, 16 * 1024 * 1024);
    return 0;
}

static int stop(void **state) {
    log_forget_secrets();
    close(ends[0]);
    close(ends[1]);
    arena_free(*state);
    return 0;
}

/* What was written since the last call, at most 64 KiB. */
static struct str written(struct arena *arena) {
    char *text = arena_take(arena, 65537);
    struct pollfd ready = {.fd = ends[0], .events = POLLIN};
    ssize_t n = 0;
    if (poll(&ready, 1, 0) == 1) {
        n = read(ends[0], text, 65536);
    }
    assert_true(n >= 0);
    text[n] = '\0';
    return (struct str){text, (size_t)n};
}

static void a_line_has_time_level_event_and_fields(void **state) {
    LOG_INFO("shop_is_open", LOG_STR("name", STR("Ann")), LOG_INT("users", 3),
             LOG_TEXT("api", "http://127.0.0.1"));
    assert_str(written(*state), "2026-11-23T14:05:09.123Z info shop_is_open name=Ann users=3 "
                                "api=http://127.0.0.1\n");
    log_write(LOG_LEVEL_WARN, "alone", NULL, 0);
    assert_str(written(*state), "2026-11-23T14:05:09.123Z warn alone\n");
    log_start(ends[1], LOG_LEVEL_DEBUG, NULL, NULL);
    LOG_DEBUG("no_clock", LOG_INT("least", INT64_MIN));
    assert_str(written(*state), "debug no_clock least=-9223372036854775808\n");
}

static void levels_below_the_least_are_silent(void **state) {
    assert_false(log_enabled(LOG_LEVEL_DEBUG));
    assert_true(log_enabled(LOG_LEVEL_INFO));
    LOG_DEBUG("no", LOG_INT("x", 1));
    assert_int_equal(written(*state).n, 0);
    log_set_level(LOG_LEVEL_ERROR);
    LOG_WARN("no", LOG_INT("x", 1));
    assert_int_equal(written(*state).n, 0);
    LOG_ERROR("yes", LOG_INT("x", 1));
    assert_true(str_ends(written(*state), STR("error yes x=1\n")));
}

/* The value of the only field of the last line. */
static struct str shown(struct arena *arena, struct str value) {
    LOG_INFO("e", LOG_STR("v", value));
    struct str line = written(arena);
    assert_true(str_ends(line, STR("\n")));
    struct str rest = str_sub(line, 0, line.n - 1);
    assert_int_equal(str_find(rest, '\n'), rest.n);
    size_t at = str_find_str(rest, STR(" v="));
    return str_sub(rest, at + 3, rest.n);
}

static void values_are_quoted_when_they_could_be_misread(void **state) {
    assert_str(shown(*state, STR("plain-1.5/x:y")), "plain-1.5/x:y");
    assert_str(shown(*state, STR("Привет😀")), "Привет😀");
    assert_str(shown(*state, STR_NONE), "\"\"");
    assert_str(shown(*state, STR("a b")), "\"a b\"");
    assert_str(shown(*state, STR("a=b")), "\"a=b\"");
    assert_str(shown(*state, STR("say \"hi\" \\")), "\"say \\\"hi\\\" \\\\\"");
    assert_str(shown(*state, STR("x\ninfo forged=1")), "\"x\\ninfo forged=1\"");
    assert_str(shown(*state, STR("\r\t\x1b[31m\x7f")), "\"\\r\\t\\x1b[31m\\x7f\"");
    assert_str(shown(*state, (struct str){"a\0b", 3}), "\"a\\x00b\"");
    assert_str(shown(*state, STR("\xFF\xC3")), "\"\\xff\\xc3\"");
    assert_str(shown(*state, STR("\xC2\x9B"
                                 "31m")),
               "\"\\xc2\\x9b31m\"");
    assert_str(shown(*state, STR("%s%n")), "%s%n");
}

static void any_value_stays_on_its_line(void **state) {
    struct chance chance = {1};
    for (int round = 0; round < 3000; round++) {
        char bytes[400];
        size_t n = chance_below(&chance, sizeof bytes);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)chance_below(&chance, 256);
        }
        struct str value = shown(*state, (struct str){bytes, n});
        assert_true(utf8_is_valid(value));
        for (size_t i = 0; i < value.n; i++) {
            assert_true((unsigned char)value.p[i] >= 0x20 && value.p[i] != 0x7F);
        }
        arena_clear(*state);
    }
}

static void a_long_value_is_cut_at_300_bytes_between_code_points(void **state) {
    char text[1000];
    memset(text, 'x', sizeof text);
    assert_int_equal(shown(*state, (struct str){text, 300}).n, 300);
    struct str cut = shown(*state, (struct str){text, 301});
    assert_int_equal(cut.n, 303);
    assert_true(str_ends(cut, STR("…")));
    memcpy(text + 299, "я", 2);
    cut = shown(*state, (struct str){text, sizeof text});
    assert_int_equal(cut.n, 302);
    assert_true(utf8_is_valid(cut));
}

static void a_long_line_is_cut_and_still_ends(void **state) {
    char text[300];
    struct log_field fields[40];
    memset(text, '\x01', sizeof text);
    for (size_t i = 0; i < GB_COUNT(fields); i++) {
        fields[i] = LOG_STR("f", ((struct str){text, sizeof text}));
    }
    log_write(LOG_LEVEL_INFO, "long", fields, GB_COUNT(fields));
    struct str line = written(*state);
    assert_true(line.n <= 4096);
    assert_true(str_ends(line, STR("…\n")));
    assert_int_equal(str_find(line, '\n'), line.n - 1);
}

/* ---- secrets ---- */

#define TOKEN "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

static void a_secret_is_masked_wherever_it_stands(void **state) {
    log_hide(STR(TOKEN));
    assert_str(shown(*state, STR(TOKEN)), "***");
    assert_str(shown(*state, STR("http://x/bot" TOKEN "/getMe")), "http://x/bot***/getMe");
    assert_str(shown(*state, STR(TOKEN TOKEN)), "******");
    assert_str(shown(*state, STR("a " TOKEN)), "\"a ***\"");
    log_write(LOG_LEVEL_INFO, "in_the_event_" TOKEN, NULL, 0);
    assert_true(str_ends(written(*state), STR("in_the_event_***\n")));
    log_hide(STR("12345678"));
    LOG_INFO("e", LOG_INT("n", 1234567890));
    assert_true(str_ends(written(*state), STR(" n=***90\n")));
}

static void a_cut_leaves_no_part_of_a_secret(void **state) {
    char text[700];
    log_hide(STR(TOKEN));
    for (size_t at = 200; at < 400; at++) {
        memset(text, 'x', sizeof text);
        memcpy(text + at, TOKEN, strlen(TOKEN));
        struct str value = shown(*state, (struct str){text, sizeof text});
        assert_int_equal(str_find_str(value, STR("1102")), value.n);
        assert_int_equal(str_find_str(value, STR("AAH")), value.n);
    }
    for (size_t blanks = 0; blanks < 50; blanks++) {
        memset(text, 'x', sizeof text);
        for (size_t i = 0; i < 10; i++) {
            memcpy(text + blanks + i * strlen(TOKEN), TOKEN, strlen(TOKEN));
        }
        struct str value = shown(*state, (struct str){text, sizeof text});
        assert_int_equal(str_find_str(value, STR("1")), value.n);
    }
}

static void a_secret_that_came_cut_is_known_by_most_of_it(void **state) {
    static const char secret[] = "https://panel.example/Sesame0123456";
    log_hide(STR(secret));
    for (size_t n = sizeof secret - 1; n >= sizeof secret - 1 - (sizeof secret - 1) / 4; n--) {
        struct str cut = {secret, n};
        assert_str(shown(*state, arena_printf(*state, "at " STR_FMT, STR_ARG(cut))), "\"at ***\"");
        assert_str(shown(*state, arena_printf(*state, STR_FMT " at", STR_ARG(cut))), "\"*** at\"");
    }
    assert_str(shown(*state, STR("https://panel.example/x")), "https://panel.example/x");
    assert_str(shown(*state, STR("https://panel.example/Sesame0123x")),
               "https://panel.example/Sesame0123x");
}

static void a_secret_with_quotes_is_known_before_it_is_quoted(void **state) {
    log_hide(STR("pass\"wo\\rd ="));
    assert_str(shown(*state, STR("<pass\"wo\\rd =>")), "<***>");
}

static void of_two_secrets_the_longer_one_is_masked(void **state) {
    log_hide(STR("secret-and-more"));
    log_hide(STR("secret"));
    assert_str(shown(*state, STR("secret-and-more!")), "***!");
    assert_str(shown(*state, STR("secret-and-more-and")), "***-and");
    assert_str(shown(*state, STR("secret-and-mor")), "***"); /* the longer one, cut */
    assert_str(shown(*state, STR("secret-and-m")), "***");
    assert_str(shown(*state, STR("secret-and-")), "***-and-");
}

static void short_texts_are_no_secrets(void **state) {
    log_hide(STR("12345"));
    log_hide(STR_NONE);
    assert_str(shown(*state, STR("12345")), "12345");
    log_hide(STR("123456"));
    assert_str(shown(*state, STR("123456")), "***");
}

static void forgotten_secrets_are_texts_again(void **state) {
    log_hide(STR(TOKEN));
    log_forget_secrets();
    assert_str(shown(*state, STR(TOKEN)), TOKEN);
}

static void the_256_secrets_hidden_last_are_masked(void **state) {
    char text[32];
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "secret-number-%03d.", i);
        log_hide(str_of(text));
        log_hide(str_of(text));
    }
    assert_str(log_mask(*state, STR("secret-number-299.")), "***");
    assert_str(log_mask(*state, STR("secret-number-044.")), "***");
    assert_str(log_mask(*state, STR("secret-number-043.")), "secret-number-043.");
}

static void masking_matches_a_slow_model(void **state) {
    struct chance chance = {2};
    const char *const hidden[] = {"aabbaab", "abbabbab", "bbbbbb", "aabbaa"};
    for (size_t i = 0; i < GB_COUNT(hidden); i++) {
        log_hide(str_of(hidden[i]));
    }
    for (int round = 0; round < 20000; round++) {
        char text[40], expected[64] = "";
        size_t n = chance_below(&chance, sizeof text), to = 0;
        for (size_t i = 0; i < n; i++) {
            text[i] = "ab"[chance_below(&chance, 2)];
        }
        for (size_t i = 0; i < n;) {
            size_t longest = 0;
            for (size_t s = 0; s < GB_COUNT(hidden); s++) {
                size_t length = strlen(hidden[s]);
                if (n - i >= length && memcmp(text + i, hidden[s], length) == 0) {
                    longest = GB_MAX(longest, length);
                }
            }
            memcpy(expected + to, longest > 0 ? "***" : text + i, longest > 0 ? 3 : 1);
            to += longest > 0 ? 3 : 1;
            i += longest > 0 ? longest : 1;
        }
        expected[to] = '\0';
        assert_str(log_mask(*state, (struct str){text, n}), expected);
        arena_clear(*state);
    }
}

/* ---- a reader who sleeps ---- */

static void a_full_pipe_costs_lines_and_they_are_counted(void **state) {
    char filler[200];
    memset(filler, 'x', sizeof filler);
    size_t lines = 0;
    /* Blocking mode: a write that had to wait would hang this test. */
    for (; lines < 1000; lines++) {
        LOG_INFO("flood", LOG_STR("x", ((struct str){filler, sizeof filler})));
    }
    size_t arrived = 0;
    struct str text;
    while ((text = written(*state)).n > 0) {
        for (size_t i = 0; i < text.n; i++) {
            arrived += text.p[i] == '\n';
        }
        arena_clear(*state);
    }
    assert_true(arrived > 10 && arrived < lines);
    LOG_INFO("awake", LOG_INT("x", 1));
    struct str told = arena_printf(*state,
                                   "2026-11-23T14:05:09.123Z warn log_lines_dropped count=%zu\n"
                                   "2026-11-23T14:05:09.123Z info awake x=1\n",
                                   lines - arrived);
    assert_str(written(*state), told.p);
    LOG_INFO("awake", LOG_INT("x", 2));
    assert_true(str_ends(written(*state), STR("awake x=2\n")));
}

static void a_pipe_that_does_not_block_is_no_different(void **state) {
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    a_full_pipe_costs_lines_and_they_are_counted(state);
}

/* ---- the last lines ---- */

static void log_300_lines_and_panic(void *ctx) {
    (void)ctx;
    log_hide(STR(TOKEN));
    log_start(ends[1], LOG_LEVEL_INFO, NULL, NULL);
    for (int i = 0; i < 300; i++) {
        LOG_INFO("line", LOG_INT("number", i), LOG_TEXT("token", TOKEN));
    }
    gb_assert(false);
}

static void a_panic_prints_the_last_200_lines(void **state) {
    static char said[65536];
    (void)state;
    assert_true(panics(log_300_lines_and_panic, NULL, said, sizeof said));
    assert_null(strstr(said, "number=99 "));
    const char *first = strstr(said, "info line number=100 token=***\n");
    const char *last = strstr(said, "info line number=299 token=***\n");
    assert_true(first != NULL && last != NULL && first < last);
    assert_null(strstr(said, TOKEN));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_time_level_event_and_fields, start, stop),
        cmocka_unit_test_setup_teardown(levels_below_the_least_are_silent, start, stop),
        cmocka_unit_test_setup_teardown(values_are_quoted_when_they_could_be_misread, start, stop),
        cmocka_unit_test_setup_teardown(any_value_stays_on_its_line, start, stop),
        cmocka_unit_test_setup_teardown(a_long_value_is_cut_at_300_bytes_between_code_points, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_and_still_ends, start, stop),
        cmocka_unit_test_setup_teardown(a_secret_is_masked_wherever_it_stands, start, stop),
        cmocka_unit_test_setup_teardown(a_cut_leaves_no_part_of_a_secret, start, stop),
        cmocka_unit_test_setup_teardown(a_secret_that_came_cut_is_known_by_most_of_it, start, stop),
        cmocka_unit_test_setup_teardown(a_secret_with_quotes_is_known_before_it_is_quoted, start,
                                        stop),
        cmocka_unit_test_setup_teardown(of_two_secrets_the_longer_one_is_masked, start, stop),
        cmocka_unit_test_setup_teardown(short_texts_are_no_secrets, start, stop),
        cmocka_unit_test_setup_teardown(forgotten_secrets_are_texts_again, start, stop),
        cmocka_unit_test_setup_teardown(the_256_secrets_hidden_last_are_masked, start, stop),
        cmocka_unit_test_setup_teardown(masking_matches_a_slow_model, start, stop),
        cmocka_unit_test_setup_teardown(a_full_pipe_costs_lines_and_they_are_counted, start, stop),
        cmocka_unit_test_setup_teardown(a_pipe_that_does_not_block_is_no_different, start, stop),
        cmocka_unit_test_setup_teardown(a_panic_prints_the_last_200_lines, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

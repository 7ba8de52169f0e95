/* What all codecs say alike. */
#include "base/codec.h"

#include "base/arena.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 16 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static void reply_is_left_to_the_codec(void **state) {
    (void)state;
    struct http_reply reply = {.outcome = HTTP_REPLIED, .status = 500};
    struct answer answer = {.kind = ANSWER_REFUSED, .reason = "mine"};
    assert_false(codec_no_reply(&reply, &answer));
    assert_int_equal(answer.kind, ANSWER_REFUSED);
    assert_string_equal(answer.reason, "mine");
}

static void what_never_left_is_later_for_the_whole_lane(void **state) {
    (void)state;
    struct http_reply reply = {.outcome = HTTP_NOT_SENT, .fault = "connect failed"};
    struct answer answer;
    assert_true(codec_no_reply(&reply, &answer));
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_true(answer.lane_wide);
    assert_int_equal(answer.retry_after_ms, 0);
    assert_str(answer.why, "connect failed");
    assert_string_equal(answer.reason, "");
}

static void what_may_have_arrived_is_unknown(void **state) {
    (void)state;
    struct http_reply reply = {.outcome = HTTP_UNKNOWN};
    struct answer answer;
    assert_true(codec_no_reply(&reply, &answer));
    assert_int_equal(answer.kind, ANSWER_UNKNOWN);
    assert_false(answer.lane_wide);
    assert_int_equal(answer.why.n, 0);
}

static void why_is_one_line_without_secrets(void **state) {
    struct str key = STR("s3cret");
    assert_str(codec_why(*state, 404, STR_NONE, key), "HTTP 404");
    assert_str(codec_why(*state, 404, STR(" \n\t "), key), "HTTP 404:");
    assert_str(codec_why(*state, 400, STR("a\nb\x01  c\x7f"), key), "HTTP 400: a b c");
    assert_str(codec_why(*state, 400, STR("key s3cret, [s3cret]"), key), "HTTP 400: key *** ***");
    assert_str(codec_why(*state, 400, STR("see https://u:p@h/x now"), key),
               "HTTP 400: see *** now");
    assert_str(codec_why(*state, 400, STR("плохо"), STR_NONE), "HTTP 400: плохо");
}

static void why_is_short_whatever_was_said(void **state) {
    struct chance chance = {5};
    for (int round = 0; round < 2000; round++) {
        struct arena_mark mark = arena_mark(*state);
        size_t n = chance_below(&chance, 4000);
        char *bytes = arena_take(*state, n);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)(round % 2 == 0 ? chance_below(&chance, 256) : 'x');
        }
        struct str why = codec_why(*state, 500, (struct str){bytes, n}, STR("x"));
        assert_true(why.n <= 400);
        for (size_t i = 0; i < why.n; i++) {
            assert_true((unsigned char)why.p[i] >= ' ' && why.p[i] != '\x7f');
        }
        arena_reset(*state, mark);
    }
}

static void header_value_is_visible_ascii(void **state) {
    (void)state;
    assert_true(codec_header_fits(STR("sk_test-4711:=/+~!")));
    static const struct str unfit[] = {STR_INIT(""),      STR_INIT("a b"),  STR_INIT("a\r\nb"),
                                       STR_INIT("a\0b"),  STR_INIT("\x7f"), STR_INIT("ключ"),
                                       STR_INIT("a\x80"), STR_INIT("\t")};
    for (size_t i = 0; i < GB_COUNT(unfit); i++) {
        assert_false(codec_header_fits(unfit[i]));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reply_is_left_to_the_codec),       TEST(what_never_left_is_later_for_the_whole_lane),
        TEST(what_may_have_arrived_is_unknown), TEST(why_is_one_line_without_secrets),
        TEST(why_is_short_whatever_was_said),   TEST(header_value_is_visible_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

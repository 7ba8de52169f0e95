/* Percent-encoding both ways, and parameters as browsers and providers send them. */
#include "base/http.h"

#include "base/arena.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(4096, 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static struct str encoded(struct arena *arena, struct str s) {
    struct buf buf;
    buf_init(&buf, arena, 65536);
    http_encode(&buf, s);
    return buf_str(&buf);
}

static void only_unreserved_characters_stay(void **state) {
    assert_str(encoded(*state, STR("aZ09-._~")), "aZ09-._~");
    assert_str(encoded(*state, STR("a b+c/d?e=f&g%")), "a%20b%2Bc%2Fd%3Fe%3Df%26g%25");
    assert_str(encoded(*state, STR("₽\n")), "%E2%82%BD%0A");
}

static void any_bytes_come_back_after_encoding(void **state) {
    struct chance chance = {7};
    for (int round = 0; round < 300; round++) {
        char bytes[64];
        size_t n = chance_below(&chance, sizeof bytes);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)chance_below(&chance, 256);
        }
        struct str back, s = {bytes, n};
        assert_int_equal(http_decode(*state, encoded(*state, s), &back), GB_OK);
        assert_true(str_equal(back, s));
        arena_clear(*state);
    }
}

static void a_plus_is_a_blank(void **state) {
    struct str text;
    assert_int_equal(http_decode(*state, STR("a+b%2bc"), &text), GB_OK);
    assert_str(text, "a b+c");
    assert_int_equal(http_decode(*state, STR_NONE, &text), GB_OK);
    assert_int_equal(text.n, 0);
}

static void a_broken_escape_is_invalid(void **state) {
    const char *const broken[] = {"%", "a%4", "%zz", "%4g", "%%41", "% 1", "%+1", "%-1"};
    struct str text = STR("untouched");
    for (size_t i = 0; i < GB_COUNT(broken); i++) {
        assert_int_equal(http_decode(*state, str_of(broken[i]), &text), GB_INVALID);
    }
    assert_str(text, "untouched");
}

static void parameters_are_found_by_whole_name_first_one_wins(void **state) {
    struct str form = STR("ab=0&a=1&a=2&empty=&flag&%62ig=%D0%9F+%D0%92");
    struct str value;
    assert_true(http_param(*state, form, STR("a"), &value));
    assert_str(value, "1");
    assert_true(http_param(*state, form, STR("empty"), &value));
    assert_int_equal(value.n, 0);
    assert_true(http_param(*state, form, STR("flag"), &value));
    assert_int_equal(value.n, 0);
    assert_true(http_param(*state, form, STR("big"), &value));
    assert_str(value, "П В");
    value = STR("untouched");
    assert_false(http_param(*state, form, STR("b"), &value));
    assert_false(http_param(*state, STR_NONE, STR("a"), &value));
    assert_str(value, "untouched");
}

static void a_parameter_that_cannot_be_decoded_is_not_there(void **state) {
    struct str value;
    assert_false(http_param(*state, STR("a=%zz"), STR("a"), &value));
    assert_true(http_param(*state, STR("%zz=1&a=2"), STR("a"), &value));
    assert_str(value, "2");
}

static void every_method_has_its_name(void **state) {
    (void)state;
    assert_string_equal(http_method_name(HTTP_GET), "GET");
    assert_string_equal(http_method_name(HTTP_POST), "POST");
    assert_string_equal(http_method_name(HTTP_PUT), "PUT");
    assert_string_equal(http_method_name(HTTP_PATCH), "PATCH");
    assert_string_equal(http_method_name(HTTP_DELETE), "DELETE");
    assert_string_equal(http_method_name(HTTP_OTHER), "OTHER");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_unreserved_characters_stay),
        cmocka_unit_test(any_bytes_come_back_after_encoding),
        cmocka_unit_test(a_plus_is_a_blank),
        cmocka_unit_test(a_broken_escape_is_invalid),
        cmocka_unit_test(parameters_are_found_by_whole_name_first_one_wins),
        cmocka_unit_test(a_parameter_that_cannot_be_decoded_is_not_there),
        cmocka_unit_test(every_method_has_its_name),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}

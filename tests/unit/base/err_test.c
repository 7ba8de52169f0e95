/* Each error has a name of its own, as logs and rows write it, and a meaning. */
#include "base/err.h"

#include "helpers.h"

static const enum gb_err all[] = {
#define X(name, meaning) GB_##name,
    GB_ERRORS(X)
#undef X
};

static const char *const upper[] = {
#define X(name, meaning) #name,
    GB_ERRORS(X)
#undef X
};

static void every_error_is_named_as_in_the_list_in_lower_case(void **state) {
    (void)state;
    for (size_t i = 0; i < GB_COUNT(all); i++) {
        const char *name = gb_err_name(all[i]);
        assert_int_equal(strlen(name), strlen(upper[i]));
        assert_true(str_equal_nocase(str_of(name), str_of(upper[i])));
        for (const char *c = name; *c != '\0'; c++) {
            assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
        }
        assert_true(strlen(gb_err_meaning(all[i])) > 0);
    }
}

static void ok_is_zero(void **state) {
    (void)state;
    assert_int_equal(GB_OK, 0);
    assert_string_equal(gb_err_name(GB_OK), "ok");
}

static void ask_name(void *ctx) {
    (void)gb_err_name(*(enum gb_err *)ctx);
}

static void an_error_that_is_not_in_the_list_is_our_bug(void **state) {
    (void)state;
    enum gb_err beyond = (enum gb_err)GB_COUNT(all);
    assert_panics(ask_name, &beyond, "err.c");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_is_named_as_in_the_list_in_lower_case),
        cmocka_unit_test(ok_is_zero),
        cmocka_unit_test(an_error_that_is_not_in_the_list_is_our_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

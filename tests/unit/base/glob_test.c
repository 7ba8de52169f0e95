/* The matcher beside a naive one that tries everything. */
#include "base/base.h"
#include "base/glob.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void patterns_match_as_in_redis(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"a*c", "abbbc", true},
        {"a*c", "abbb", false},
        {"?", "", false},
        {"h?llo", "hello", true},
        {"h?llo", "hllo", false},
        {"h[ae]llo", "hallo", true},
        {"h[^e]llo", "hello", false},
        {"h[^e]llo", "hbllo", true},
        {"h[a-c]llo", "hbllo", true},
        {"h[c-a]llo", "hbllo", true},
        {"h[a-c]llo", "hdllo", false},
        {"a\\*", "a*", true},
        {"a\\*", "ab", false},
        {"a\\?", "ab", false},
        {"[\\]]", "]", true},
        {"[abc", "b", true},
        {"a\\", "a\\", true},
        {"**a**", "bab", true},
        {"users:*", "users:", true},
        {"*:state", "fsm:1:2:state", true},
        {"a*b*c", "aXbXbXc", true},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        if (glob_match(str_of(cases[i].pattern), str_of(cases[i].text)) != cases[i].matches) {
            fail_msg("%s %s", cases[i].pattern, cases[i].text);
        }
    }
}

/* Stars, question marks and letters only. */
static bool naive(struct str pattern, struct str text) {
    if (pattern.n == 0) {
        return text.n == 0;
    }
    struct str rest = str_sub(pattern, 1, pattern.n);
    if (pattern.p[0] == '*') {
        for (size_t i = 0; i <= text.n; i++) {
            if (naive(rest, str_sub(text, i, text.n))) {
                return true;
            }
        }
        return false;
    }
    return text.n > 0 && (pattern.p[0] == '?' || pattern.p[0] == text.p[0]) &&
           naive(rest, str_sub(text, 1, text.n));
}

static uint64_t seed = 7;

static size_t below(size_t bound) {
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (size_t)(seed >> 33) % bound;
}

static void random_patterns_match_as_the_naive_matcher_says(void **state) {
    (void)state;
    size_t matched = 0;
    for (int round = 0; round < 50000; round++) {
        char pattern[8], text[10];
        struct str p = {pattern, below(sizeof pattern)}, t = {text, below(sizeof text)};
        for (size_t i = 0; i < p.n; i++) {
            pattern[i] = "ab*?"[below(4)];
        }
        for (size_t i = 0; i < t.n; i++) {
            text[i] = "ab"[below(2)];
        }
        assert_int_equal(glob_match(p, t), naive(p, t));
        matched += naive(p, t);
        /* Whatever matches begins with the prefix. */
        assert_true(!naive(p, t) || str_starts(t, glob_prefix(p)));
    }
    assert_true(matched > 1000);
}

static void hostile_pattern_takes_no_more_than_its_length_allows(void **state) {
    (void)state;
    char pattern[GLOB_PATTERN_MAX + 1], text[400];
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    }
    memset(text, 'a', sizeof text);
    pattern[63] = 'b';
    assert_false(glob_match((struct str){pattern, 64}, (struct str){text, sizeof text}));
    pattern[63] = 'a';
    assert_false(glob_match((struct str){pattern, sizeof pattern}, (struct str){text, 400}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_in_redis),
        cmocka_unit_test(random_patterns_match_as_the_naive_matcher_says),
        cmocka_unit_test(hostile_pattern_takes_no_more_than_its_length_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

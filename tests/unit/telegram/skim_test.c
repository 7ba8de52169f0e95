/* The skimmer takes what is JSON and nothing else, judged by the real parser and by hand. */
#include "telegram/skim.h"

#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static void value_ends_where_it_ends(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } cases[] = {
        {"true}", 4},
        {"false", 5},
        {"null,", 4},
        {"0", 1},
        {"-0.5e+10]", 8},
        {"12 ", 2},
        {"1.5E3", 5},
        {"\"\"", 2},
        {"\"a\\\"b\"x", 6},
        {"\"\\u00e4\"", 8},
        {"[]", 2},
        {"[ ]", 3},
        {"[1,2 , 3]x", 9},
        {"{}", 2},
        {"{ } ", 3},
        {"{\"a\":1}", 7},
        {"{\"a\" : [ {} ] , \"b\":\"}\"}}", 24},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        if (skim_value(str_of(cases[i].text)) != cases[i].bytes) {
            fail_msg("%s: %zu", cases[i].text, skim_value(str_of(cases[i].text)));
        }
    }
}

static void what_is_no_json_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",           " 1",       "tru",       "True",      "nul",       "-",           "01",
        "1.",         ".5",       "1e",        "1e+",       "+1",        "--1",         "-01",
        "\"",         "\"a",      "\"\\",      "\"\\x\"",   "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",
        "\"\x01\"",   "'a'",      "[",         "[1",        "[1,",       "[1,]",        "[,1]",
        "[1 2]",      "[1}",      "{",         "{\"a\"",    "{\"a\":",   "{\"a\":1",    "{\"a\":1,",
        "{\"a\":1,}", "{a:1}",    "{1:1}",     "{\"a\" 1}", "{\"a\":}",  "{,}",         "{\"a\":1]",
        "NaN",        "Infinity", "undefined", "<html>",    "]",         "}",           "\"\\u123",
    };
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        if (skim_value(str_of(texts[i])) != 0) {
            fail_msg("%s was taken", texts[i]);
        }
    }
}

static struct str nested(struct arena *arena, size_t depth) {
    struct buf buf;
    buf_init(&buf, arena, 4096);
    for (size_t i = 0; i < depth; i++) {
        buf_add_text(&buf, i % 2 == 0 ? "[" : "{\"a\":");
    }
    buf_add_text(&buf, "1");
    for (size_t i = depth; i-- > 0;) {
        buf_add_char(&buf, i % 2 == 0 ? ']' : '}');
    }
    return buf_str(&buf);
}

static void nesting_is_bounded_like_the_parser(void **state) {
    for (size_t depth = 1; depth < 100; depth++) {
        struct str text = nested(*state, depth);
        const struct json *tree;
        bool parsed = json_parse(*state, text, &tree, NULL) == GB_OK;
        assert_int_equal(skim_value(text) == text.n, depth <= 64);
        assert_true(parsed || depth > 64);
    }
}

/* The parser may take more than is JSON; what the skimmer takes, the parser must take too, unless
 * it is a 0 or a lone surrogate, which the parser refuses for reasons of its own. */
static void what_is_skimmed_is_what_is_parsed(void **state) {
    static const char *const seeds[] = {
        "{\"message_id\":1,\"from\":{\"id\":3,\"is_bot\":true},\"date\":-1.5e3,\"text\":\"a\\nb\"}",
        "[1,2,{\"a\":[true,false,null]},\"x\\u00e4\\\\\"]",
        "{\"a\":{\"b\":{\"c\":[[[]]]}},\"d\":\"\"}",
    };
    static const char pieces[] = "{}[]\",:0123456789-+eE.\\untrfals \n\x01";
    struct chance chance = {99};
    size_t taken = 0, refused = 0;
    for (int round = 0; round < 50000; round++) {
        struct arena_mark mark = arena_mark(*state);
        struct str seed = str_of(seeds[chance_below(&chance, GB_COUNT(seeds))]);
        char *bytes = arena_take(*state, seed.n);
        memcpy(bytes, seed.p, seed.n);
        for (size_t i = chance_below(&chance, 4); i > 0; i--) {
            bytes[chance_below(&chance, seed.n)] = pieces[chance_below(&chance, sizeof pieces - 1)];
        }
        struct str text = {bytes, seed.n};
        size_t n = skim_value(text);
        assert_true(n <= text.n);
        if (n > 0 && str_find_str(text, STR("\\u")) == text.n) {
            const struct json *tree;
            assert_int_equal(json_parse(*state, str_sub(text, 0, n), &tree, NULL), GB_OK);
            taken++;
        }
        refused += n == 0;
        arena_reset(*state, mark);
    }
    assert_true(taken > 5000 && refused > 5000);
}

static void no_byte_behind_the_text_is_read(void **state) {
    static const char whole[] = "{\"a\":[1,\"\\u00e4\\n\",true,null,-1.5e10]}";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *exact = arena_take(*state, n); /* its own piece under ASan */
        memcpy(exact, whole, n);
        assert_int_equal(skim_value((struct str){exact, n}), 0);
    }
    assert_int_equal(skim_value(STR(whole)), sizeof whole - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(value_ends_where_it_ends),           TEST(what_is_no_json_is_refused),
        TEST(nesting_is_bounded_like_the_parser), TEST(what_is_skimmed_is_what_is_parsed),
        TEST(no_byte_behind_the_text_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

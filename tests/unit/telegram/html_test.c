/* Escaping, counting and cutting against each other and against slow models. */
#include "telegram/html.h"

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

static struct str escape(struct arena *arena, struct str text) {
    struct buf buf;
    buf_init(&buf, arena, 1024 * 1024);
    html_escape(&buf, text);
    assert_false(buf.failed);
    return buf_str(&buf);
}

static void what_html_means_is_escaped(void **state) {
    assert_str(escape(*state, STR("a<b>&\"c'")), "a&lt;b&gt;&amp;&quot;c'");
    assert_str(escape(*state, STR("")), "");
    assert_str(escape(*state, STR("Ёж 🚀\nдва")), "Ёж 🚀\nдва");
    assert_str(escape(*state, STR("<<")), "&lt;&lt;");
}

static void control_characters_go_and_new_lines_stay(void **state) {
    assert_str(escape(*state, STR("a\0b\x01\x1f\x7f\r\tc\nd")), "abc\nd");
}

static void bytes_that_are_no_utf8_are_replaced(void **state) {
    assert_str(escape(*state, STR("a\xff"
                                  "b")),
               "a\xEF\xBF\xBD"
               "b");
    assert_str(escape(*state, STR("\xd0")), "\xEF\xBF\xBD");
    assert_str(escape(*state, STR("\xc0\xbc")), "\xEF\xBF\xBD\xEF\xBF\xBD"); /* an overlong < */
}

static void length_is_counted_after_parsing(void **state) {
    (void)state;
    static const struct {
        const char *html;
        size_t length;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"<b>abc</b>", 3},
        {"<a href=\"https://x/?a=1&amp;b=2\">link</a>", 4},
        {"<a href=\"a>b\">x</a>", 1},
        {"&lt;&gt;&amp;&quot;", 4},
        {"&lt&gt", 2},
        {"&nbsp;", 6},
        {"&ltx", 4},
        {"&", 1},
        {"a & b", 5},
        {"&#1076;&#x434;", 2},
        {"&#0;", 4},
        {"&#x110000;", 10},
        {"&#;", 3},
        {"&#x;", 4},
        {"Ёж🚀", 3},
        {"  \n a b \n", 3},
        {" <b> a</b> ", 1},
        {"   ", 0},
        {"<b></b>", 0},
        {"1 < 2", 5},
        {"\xff\xfe", 2},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        if (html_length(str_of(cases[i].html)) != cases[i].length) {
            fail_msg("%s: %zu", cases[i].html, html_length(str_of(cases[i].html)));
        }
    }
}

static void cut_splits_neither_entity_nor_tag_and_closes_what_is_open(void **state) {
    static const struct {
        const char *html;
        size_t count;
        const char *cut;
    } cases[] = {
        {"abc", 3, "abc"},
        {"abc", 2, "ab"},
        {"abc", 0, ""},
        {"a&lt;b", 2, "a&lt;"},
        {"a&lt;b", 1, "a"},
        {"<b>abc</b>d", 2, "<b>ab</b>"},
        {"<b>abc</b>d", 3, "<b>abc</b>"},
        {"<b>a<i>bc</i>d</b>", 2, "<b>a<i>b</i></b>"},
        {"<a href=\"x>y\">abc</a>", 1, "<a href=\"x>y\">a</a>"},
        {"Ёж🚀", 2, "Ёж"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        assert_str(html_cut(*state, str_of(cases[i].html), cases[i].count), cases[i].cut);
    }
}

static void cut_holds_to_the_bytes_telegram_takes(void **state) {
    struct buf buf;
    buf_init(&buf, *state, 1024 * 1024);
    for (int i = 0; i < 4000; i++) {
        buf_add_text(&buf, "<b>&amp;</b>");
    }
    struct str cut = html_cut(*state, buf_str(&buf), 4096);
    assert_true(cut.n <= 32768 && cut.n > 32000);
    assert_true(str_ends(cut, STR("</b>")));
}

/* ---- random texts ---- */

static struct str random_text(struct chance *chance, struct arena *arena) {
    static const char *const pieces[] = {"a",  "<", ">",    "&",    "\"", " ",    "\n",
                                         "ё",  "🚀", "\xff", "\x01", "lt", "amp;", "#1;",
                                         "\t", "b", ";",    "'",    "/",  "\xd0"};
    struct buf buf;
    buf_init(&buf, arena, 4096);
    for (size_t i = chance_below(chance, 40); i > 0; i--) {
        buf_add_text(&buf, pieces[chance_below(chance, GB_COUNT(pieces))]);
    }
    return buf_str(&buf);
}

/* What is left of a text on its way through html_escape, counted one by one. */
static size_t slow_length(struct str text) {
    size_t first = SIZE_MAX, last = 0, count = 0;
    while (text.n > 0) {
        size_t step = utf8_step(text);
        char c = text.p[0];
        text = str_sub(text, step > 0 ? step : 1, text.n);
        if (step == 1 && ((unsigned char)c < ' ' || c == '\x7f') && c != '\n') {
            continue;
        }
        if (step != 1 || (c != ' ' && c != '\n')) {
            first = GB_MIN(first, count);
            last = count + 1;
        }
        count++;
    }
    return last > first ? last - first : 0;
}

static void length_of_escaped_text_is_the_length_of_the_text(void **state) {
    struct chance chance = {1};
    for (int round = 0; round < 20000; round++) {
        struct arena_mark mark = arena_mark(*state);
        struct str text = random_text(&chance, *state);
        struct str html = escape(*state, text);
        assert_true(utf8_is_valid(html));
        assert_int_equal(html_length(html), slow_length(text));
        arena_reset(*state, mark);
    }
}

static struct str random_html(struct chance *chance, struct arena *arena) {
    static const char *const tags[] = {"b", "i", "code", "blockquote"};
    const char *open[8];
    size_t depth = 0;
    struct buf buf;
    buf_init(&buf, arena, 65536);
    for (size_t i = chance_below(chance, 30); i > 0; i--) {
        switch (chance_below(chance, 3)) {
        case 0:
            if (depth < GB_COUNT(open)) {
                open[depth] = tags[chance_below(chance, GB_COUNT(tags))];
                buf_printf(&buf, "<%s>", open[depth++]);
            }
            break;
        case 1:
            if (depth > 0) {
                buf_printf(&buf, "</%s>", open[--depth]);
            }
            break;
        default:
            html_escape(&buf, random_text(chance, arena));
        }
    }
    while (depth > 0) {
        buf_printf(&buf, "</%s>", open[--depth]);
    }
    return buf_str(&buf);
}

/* Each opened tag is closed by its own name, and no < or & stands alone. */
static bool is_balanced(struct str html) {
    struct str open[64];
    size_t depth = 0;
    while (html.n > 0) {
        size_t end = 1;
        if (html.p[0] == '<') {
            end = str_find(html, '>') + 1;
            struct str tag = str_sub(html, 1, end - 2);
            if (tag.n > 0 && tag.p[0] == '/') {
                if (depth == 0 || !str_equal(open[--depth], str_sub(tag, 1, tag.n))) {
                    return false;
                }
            } else {
                open[depth++] = tag;
            }
        } else if (html.p[0] == '&') {
            end = str_find(html, ';') + 1;
        }
        if (end > html.n) {
            return false;
        }
        html = str_sub(html, end, html.n);
    }
    return depth == 0;
}

static void cut_of_good_html_is_good_html_of_at_most_that_length(void **state) {
    struct chance chance = {2};
    for (int round = 0; round < 20000; round++) {
        struct arena_mark mark = arena_mark(*state);
        struct str html = random_html(&chance, *state);
        size_t count = chance_below(&chance, 60);
        struct str cut = html_cut(*state, html, count);
        assert_true(is_balanced(html));
        assert_true(is_balanced(cut));
        assert_true(utf8_is_valid(cut));
        assert_true(html_length(cut) <= count);
        assert_true(html_length(html) > count || html_length(cut) <= html_length(html));
        struct str whole = html_cut(*state, html, 100000);
        assert_true(str_equal(whole, html));
        arena_reset(*state, mark);
    }
}

static void counting_and_cutting_survive_anything(void **state) {
    static const char pieces[] = "<>/&#;xltgampquo\"' \n\xd0\xff"
                                 "09ab=";
    struct chance chance = {3};
    for (int round = 0; round < 20000; round++) {
        struct arena_mark mark = arena_mark(*state);
        size_t n = chance_below(&chance, 60);
        char *bytes = arena_take(*state, n);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = pieces[chance_below(&chance, sizeof pieces - 1)];
        }
        struct str html = {bytes, n};
        assert_true(html_length(html) <= n);
        assert_true(html_length(html_cut(*state, html, 10)) <= 10);
        arena_reset(*state, mark);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_html_means_is_escaped),
        TEST(control_characters_go_and_new_lines_stay),
        TEST(bytes_that_are_no_utf8_are_replaced),
        TEST(length_is_counted_after_parsing),
        TEST(cut_splits_neither_entity_nor_tag_and_closes_what_is_open),
        TEST(cut_holds_to_the_bytes_telegram_takes),
        TEST(length_of_escaped_text_is_the_length_of_the_text),
        TEST(cut_of_good_html_is_good_html_of_at_most_that_length),
        TEST(counting_and_cutting_survive_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* entities_test.c: HTML as the Bot API server reads it: texts, entities, errors with byte offsets.
 */
#include "sandbox/entities.h"

#include "base/arena.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;

static int begin(void **state) {
    (void)state;
    arena = arena_new(1 << 16, 1 << 26);
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct parsed_text parse(const char *html) {
    struct parsed_text parsed;
    entities_parse(arena, str_of(html), &parsed);
    return parsed;
}

static const char *text_of(const char *html) {
    struct parsed_text parsed = parse(html);
    assert_string_equal(arena_cstr(arena, parsed.error), "");
    return arena_cstr(arena, parsed.text);
}

static const char *error_of(const char *html) {
    return arena_cstr(arena, parse(html).error);
}

static const char *entities_of(const char *html) {
    struct parsed_text parsed = parse(html);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 4096);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    entities_write(&out, "e", &parsed);
    json_close(&out);
    return arena_cstr(arena, buf_str(&buf));
}

static void markup_disappears_from_the_text(void **state) {
    (void)state;
    assert_string_equal(text_of("a<b>x</b>"), "ax");
    assert_string_equal(text_of("<b >x</b >"), "x");
    assert_string_equal(text_of("<B>x</b>"), "x");
    assert_string_equal(text_of("<b>x</>y"), "xy");
    assert_string_equal(text_of("<a href=\"http://x?a=1&amp;b=2\">l</a>"), "l");
    assert_string_equal(text_of("<tg-spoiler>x</tg-spoiler><span class=\"tg-spoiler\">y</span>"
                                "<blockquote expandable>q</blockquote>"
                                "<pre><code class=\"language-c\">c</code></pre>"),
                        "xyqc");
}

static void only_four_names_and_numbers_are_references(void **state) {
    (void)state;
    assert_string_equal(text_of("&lt;&#65;&#x42;&quot;&nbsp;"), "<AB\"&nbsp;");
    assert_string_equal(text_of("a & b &amp c &gt"), "a & b & c >");
    assert_string_equal(text_of("&#0;&#x110000;&;&#;"), "&#0;&#x110000;&;&#;");
    assert_string_equal(text_of("&#xd800;&#xdfff;&#x10ffff;"), "&#xd800;&#xdfff;&#x10ffff;");
    assert_string_equal(text_of("&#128512;"), "\xf0\x9f\x98\x80");
}

static void blanks_at_the_ends_are_trimmed(void **state) {
    (void)state;
    assert_string_equal(text_of(" \n<b> x </b>\n "), "x");
    assert_string_equal(entities_of(" <b> x </b> y "),
                        "{\"e\":[{\"offset\":0,\"length\":2,\"type\":\"bold\"}]}");
}

static void errors_name_the_byte(void **state) {
    (void)state;
    assert_string_equal(error_of("1 < 2 & 3"), "Unsupported start tag \"\" at byte offset 2");
    assert_string_equal(error_of("\xd1\x8f<br>x"), "Unsupported start tag \"br\" at byte offset 2");
    assert_string_equal(error_of("</b>"), "Unexpected end tag at byte offset 0");
    assert_string_equal(error_of("<b><i>x</b></i>"),
                        "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\"");
    assert_string_equal(error_of("<b>x"), "Can't find end tag corresponding to start tag \"b\"");
    assert_string_equal(error_of("x<b"), "Unclosed start tag at byte offset 1");
    assert_string_equal(error_of("x<b a"), "Unclosed start tag \"b\" at byte offset 1");
    assert_string_equal(error_of("<b>x</b"), "Unclosed end tag at byte offset 4");
    assert_string_equal(error_of("<span>x</span>"),
                        "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0");
    assert_string_equal(error_of("<a =x>y</a>"),
                        "Empty attribute name in the tag \"a\" at byte offset 0");
}

static void entities_count_utf16_units(void **state) {
    (void)state;
    assert_string_equal(entities_of("\xf0\x9f\x98\x80\xd1\x8f<b>\xf0\x9f\x98\x80x</b>"),
                        "{\"e\":[{\"offset\":3,\"length\":3,\"type\":\"bold\"}]}");
}

static void nested_entities_come_outermost_first(void **state) {
    (void)state;
    assert_string_equal(entities_of("<b>a<i>b</i></b>"),
                        "{\"e\":[{\"offset\":0,\"length\":2,\"type\":\"bold\"},"
                        "{\"offset\":1,\"length\":1,\"type\":\"italic\"}]}");
}

static void of_two_that_begin_together_the_longer_comes_first(void **state) {
    (void)state;
    assert_string_equal(entities_of("<b><i>a</i>b</b>"),
                        "{\"e\":[{\"offset\":0,\"length\":2,\"type\":\"bold\"},"
                        "{\"offset\":0,\"length\":1,\"type\":\"italic\"}]}");
}

static void links_and_code_keep_their_attribute(void **state) {
    (void)state;
    assert_string_equal(
        entities_of("<a href='http://x/?a&amp;b'>l</a>"),
        "{\"e\":[{\"offset\":0,\"length\":1,\"type\":\"text_link\",\"url\":\"http://x/?a&b\"}]}");
    assert_string_equal(
        entities_of("<pre><code class=\"language-c\">c</code></pre>"),
        "{\"e\":[{\"offset\":0,\"length\":1,\"type\":\"pre\",\"language\":\"c\"}]}");
    assert_string_equal(entities_of("<b></b>x"), "{}");
}

static void no_bytes_make_it_read_too_far(void **state) {
    (void)state;
    static const char pieces[] = "<>/&;=\"' \nabipre-#x0\xd1\x8f";
    uint64_t random = 88172645463325252ULL;
    for (int round = 0; round < 20000; round++) {
        char text[24];
        size_t n = 0;
        while (n < sizeof text) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            text[n++] = pieces[random % (sizeof pieces - 1)];
            if (random % 20 == 0) {
                break;
            }
        }
        struct arena_mark mark = arena_mark(arena);
        char *exact = arena_take(arena, n); /* ASan sees one byte too many */
        memcpy(exact, text, n);
        struct parsed_text parsed;
        entities_parse(arena, (struct str){exact, n}, &parsed);
        assert_true(parsed.text.n <= n);
        arena_reset(arena, mark);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(markup_disappears_from_the_text, begin, end),
        cmocka_unit_test_setup_teardown(only_four_names_and_numbers_are_references, begin, end),
        cmocka_unit_test_setup_teardown(blanks_at_the_ends_are_trimmed, begin, end),
        cmocka_unit_test_setup_teardown(errors_name_the_byte, begin, end),
        cmocka_unit_test_setup_teardown(entities_count_utf16_units, begin, end),
        cmocka_unit_test_setup_teardown(nested_entities_come_outermost_first, begin, end),
        cmocka_unit_test_setup_teardown(of_two_that_begin_together_the_longer_comes_first, begin,
                                        end),
        cmocka_unit_test_setup_teardown(links_and_code_keep_their_attribute, begin, end),
        cmocka_unit_test_setup_teardown(no_bytes_make_it_read_too_far, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

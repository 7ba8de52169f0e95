/* The parser beside what was meant: random commands, in random pieces; its limits; replies. */
#include "base/arena.h"
#include "base/base.h"
#include "io/resp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;
static uint64_t seed = 11;

static size_t below(size_t bound) {
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (size_t)(seed >> 33) % bound;
}

static int set_up(void **state) {
    (void)state;
    arena = arena_new(1 << 20, (size_t)256 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

/* ---- what was meant, and its bytes ---- */

#define ARGS 12

struct meant {
    struct str args[ARGS];
    size_t count;
};

static struct str random_arg(bool readable) {
    struct buf buf;
    size_t n = below(20) == 0 ? below(5000) : below(12);
    buf_init(&buf, arena, 5000);
    for (size_t i = 0; i < n; i++) {
        buf_add_char(&buf, readable ? "abcXYZ019 '\"\\:*$"[below(16)] : (char)below(256));
    }
    return buf_str(&buf);
}

/* As a careful person types it: everything but letters and digits as \xHH, in quotes. */
static void put_inline(struct buf *buf, const struct meant *meant) {
    for (size_t i = 0; i < meant->count; i++) {
        buf_add_text(buf, i == 0 && below(2) == 0 ? "\"" : i == 0 ? "  \"" : " \t\"");
        for (size_t k = 0; k < meant->args[i].n; k++) {
            unsigned char c = (unsigned char)meant->args[i].p[k];
            if (c >= '0' && c <= 'Z' && below(2) == 0 && c != '\\') {
                buf_add_char(buf, (char)c);
            } else if (c == '"' || c == '\\') {
                buf_add_char(buf, '\\');
                buf_add_char(buf, (char)c);
            } else {
                buf_printf(buf, "\\x%02x", c);
            }
        }
        buf_add_char(buf, '"');
    }
    buf_add_text(buf, below(2) == 0 ? "\r\n" : "\n");
}

static void put_array(struct buf *buf, const struct meant *meant) {
    buf_printf(buf, "*%zu\r\n", meant->count);
    for (size_t i = 0; i < meant->count; i++) {
        buf_printf(buf, "$%zu\r\n", meant->args[i].n);
        buf_add(buf, meant->args[i]);
        buf_add_text(buf, "\r\n");
    }
}

static void put_random(struct buf *buf, struct meant *meant) {
    static const char *const nothings[] = {"\r\n", "\n", "*0\r\n", "*-1\r\n", "  \r\n"};
    while (below(4) == 0) {
        buf_add_text(buf, nothings[below(GB_COUNT(nothings))]);
    }
    bool is_inline = below(3) == 0;
    meant->count = 1 + below(ARGS);
    for (size_t i = 0; i < meant->count; i++) {
        meant->args[i] = random_arg(is_inline);
    }
    if (is_inline) {
        put_inline(buf, meant);
    } else {
        put_array(buf, meant);
    }
}

static void assert_same(struct str command, const struct meant *meant) {
    const struct str *args;
    size_t count;
    assert_int_equal(resp_args(arena, command, &args, &count), GB_OK);
    assert_int_equal(count, meant->count);
    for (size_t i = 0; i < count; i++) {
        assert_true(str_equal(args[i], meant->args[i]));
    }
}

static void random_commands_in_random_pieces_are_what_was_meant(void **state) {
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct meant meant[20];
        struct buf buf;
        struct resp_parser parser = {0};
        size_t from = 0, shown = 0, commands = 0;
        arena_clear(arena);
        buf_init(&buf, arena, 4 << 20);
        for (size_t i = 0; i < GB_COUNT(meant); i++) {
            put_random(&buf, &meant[i]);
        }
        while (from < buf.n) {
            size_t bytes = 0;
            const char *why = NULL;
            struct str came = {buf.p + from, shown - from};
            enum resp_found found = resp_parse(&parser, came, false, &bytes, &why);
            assert_int_not_equal(found, RESP_BROKEN);
            if (found == RESP_MORE) {
                assert_true(shown < buf.n);
                shown += GB_MIN(1 + below(below(3) == 0 ? 3000 : 7), buf.n - shown);
                continue;
            }
            if (found == RESP_COMMAND) {
                assert_same(str_sub(came, 0, bytes), &meant[commands++]);
            }
            from += bytes;
        }
        assert_int_equal(commands, GB_COUNT(meant));
    }
}

/* Garbage, too, is found out at the same byte however it comes. */
static void pieces_change_nothing_whatever_the_bytes(void **state) {
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t n = 1 + below(sizeof text);
        for (size_t i = 0; i < n; i++) {
            text[i] = "*$12\r\n\n0-a\" '"[below(13)];
        }
        struct resp_parser pieces = {0};
        for (size_t shown = 1; shown <= n; shown++) {
            struct resp_parser whole = {0};
            size_t bytes_a = 0, bytes_b = 0;
            const char *why_a = "", *why_b = "";
            struct str came = {text, shown};
            enum resp_found a = resp_parse(&pieces, came, false, &bytes_a, &why_a);
            enum resp_found b = resp_parse(&whole, came, false, &bytes_b, &why_b);
            assert_int_equal(a, b);
            assert_int_equal(bytes_a, bytes_b);
            assert_string_equal(why_a, why_b);
            if (a != RESP_MORE) {
                break;
            }
        }
    }
}

/* ---- limits ---- */

static const char *fault_of(struct str bytes, bool is_stranger) {
    struct resp_parser parser = {0};
    size_t used = 0;
    const char *why = "";
    enum resp_found found = resp_parse(&parser, bytes, is_stranger, &used, &why);
    return found == RESP_BROKEN ? why : found == RESP_MORE ? "more" : "fine";
}

static void what_breaks_the_protocol_is_named_as_redis_does(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *why;
        bool is_stranger;
    } cases[] = {
        {"*a\r\n", "ERR Protocol error: invalid multibulk length", false},
        {"*01\r\n", "ERR Protocol error: invalid multibulk length", false},
        {"*+1\r\n", "ERR Protocol error: invalid multibulk length", false},
        {"*1025\r\n", "ERR Protocol error: invalid multibulk length", false},
        {"*99999999999999999999\r\n", "ERR Protocol error: invalid multibulk length", false},
        {"*1\n", "ERR Protocol error: invalid multibulk length", false},
        {"*1111111111111111111111111111111111", "ERR Protocol error: invalid multibulk length",
         false},
        {"*1\r\nx\r\n", "ERR Protocol error: expected '$'", false},
        {"*1\r\n$z\r\n", "ERR Protocol error: invalid bulk length", false},
        {"*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length", false},
        {"*1\r\n$9999999\r\n", "ERR Protocol error: invalid bulk length", false},
        {"*1\r\n$4\r\nPINGxx", "ERR Protocol error: expected CRLF behind an argument", false},
        {"*11\r\n", "ERR Protocol error: unauthenticated multibulk length", true},
        {"*1\r\n$16385\r\n", "ERR Protocol error: unauthenticated bulk length", true},
        {"*10\r\n$16384\r\n", "more", true},
        {"*1024\r\n$16385\r\n", "more", false},
        {"*1\r\n$4\r\nPING\r", "more", false},
        {"*1\r\n$4\r\nPING\r\n", "fine", false},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        assert_string_equal(fault_of(str_of(cases[i].bytes), cases[i].is_stranger), cases[i].why);
    }
}

static void command_of_more_than_a_megabyte_is_refused_by_its_head(void **state) {
    (void)state;
    assert_string_equal(fault_of(STR("*2\r\n$1048576\r\n"), false),
                        "ERR Protocol error: the command is larger than 1 MB");
    assert_string_equal(fault_of(STR("*2\r\n$1040000\r\n"), false), "more");
}

static void line_without_an_end_is_refused_at_64_kilobytes(void **state) {
    (void)state;
    static char text[RESP_INLINE_MAX];
    memset(text, 'a', sizeof text);
    assert_string_equal(fault_of((struct str){text, sizeof text - 1}, false), "more");
    assert_string_equal(fault_of((struct str){text, sizeof text}, false),
                        "ERR Protocol error: too big inline request");
}

static void words_of_a_line_are_quoted_as_in_redis_cli(void **state) {
    (void)state;
    static const struct {
        const char *line, *joined; /* with | between; NULL: unbalanced */
    } cases[] = {
        {"a b\n", "a|b"},
        {"  a \t b  \r\n", "a|b"},
        {"\"a b\" 'c d'\n", "a b|c d"},
        {"\"\\x41\\n\\\"\"\n", "A\n\""},
        {"\"\\x4g\"\n", "x4g"},
        {"'it\\'s' '\\n'\n", "it's|\\n"},
        {"a\"b\"\n", "ab"},
        {"\"\" ''\n", "|"},
        {"\"a\n", NULL},
        {"'a\n", NULL},
        {"\"a\"b\n", NULL},
        {"'a'b\n", NULL},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        const struct str *args;
        size_t count;
        enum gb_err err = resp_args(arena, str_of(cases[i].line), &args, &count);
        assert_int_equal(err, cases[i].joined != NULL ? GB_OK : GB_INVALID);
        struct buf joined;
        buf_init(&joined, arena, 100);
        for (size_t k = 0; err == GB_OK && k < count; k++) {
            buf_add_text(&joined, k > 0 ? "|" : "");
            buf_add(&joined, args[k]);
        }
        assert_true(err != GB_OK || str_is(buf_str(&joined), cases[i].joined));
    }
}

static void line_of_too_many_words_is_refused(void **state) {
    (void)state;
    static char text[2 * RESP_ARGS_MAX + 2];
    const struct str *args;
    size_t count;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 2 == 0 ? 'a' : ' ';
    }
    assert_int_equal(resp_args(arena, (struct str){text, 2 * RESP_ARGS_MAX}, &args, &count), GB_OK);
    assert_int_equal(count, RESP_ARGS_MAX);
    assert_int_equal(resp_args(arena, (struct str){text, sizeof text}, &args, &count), GB_INVALID);
}

/* ---- replies ---- */

static void replies_are_written_in_the_version_spoken(void **state) {
    (void)state;
    static const char *const expected[] = {
        "+OK\r\n-ERR a  b\r\n:-5\r\n$2\r\nhi\r\n$0\r\n\r\n$3\r\nabc\r\n$-1\r\n*2\r\n*4\r\n",
        "+OK\r\n-ERR a  b\r\n:-5\r\n$2\r\nhi\r\n$0\r\n\r\n=7\r\ntxt:abc\r\n_\r\n*2\r\n%2\r\n",
    };
    for (int is_3 = 0; is_3 < 2; is_3++) {
        struct buf buf;
        buf_init(&buf, arena, 1000);
        struct resp_out out = {&buf, is_3 == 1};
        resp_simple(&out, "OK");
        resp_error(&out, STR("ERR a\r\nb"));
        resp_int(&out, -5);
        resp_bulk(&out, STR("hi"));
        resp_bulk(&out, STR_NONE);
        resp_text(&out, STR("abc"));
        resp_null(&out);
        resp_array(&out, 2);
        resp_map(&out, 2);
        assert_true(str_is(buf_str(&buf), expected[is_3]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_commands_in_random_pieces_are_what_was_meant),
        cmocka_unit_test(pieces_change_nothing_whatever_the_bytes),
        cmocka_unit_test(what_breaks_the_protocol_is_named_as_redis_does),
        cmocka_unit_test(command_of_more_than_a_megabyte_is_refused_by_its_head),
        cmocka_unit_test(line_without_an_end_is_refused_at_64_kilobytes),
        cmocka_unit_test(words_of_a_line_are_quoted_as_in_redis_cli),
        cmocka_unit_test(line_of_too_many_words_is_refused),
        cmocka_unit_test(replies_are_written_in_the_version_spoken),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Views and buffers against naive models; UTF-8 against the definition of it. */
#include "base/str.h"

#include "base/arena.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(4096, 16 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static int sign(int n) {
    return (n > 0) - (n < 0);
}

/* A few letters only, so that things are often equal, found, prefixes. */
static size_t some_text(struct chance *chance, char *text, size_t most) {
    size_t n = chance_below(chance, most + 1);
    for (size_t i = 0; i < n; i++) {
        text[i] = "abA\xff"[chance_below(chance, 4)];
    }
    text[n] = '\0';
    return n;
}

static void views_compare_and_search_like_c_strings(void **state) {
    (void)state;
    struct chance chance = {3};
    for (int round = 0; round < 20000; round++) {
        char a[12], b[6];
        struct str s = {a, some_text(&chance, a, 10)}, t = {b, some_text(&chance, b, 4)};
        assert_int_equal(str_compare(s, t), sign(strcmp(a, b)));
        assert_int_equal(str_equal(s, t), strcmp(a, b) == 0);
        assert_int_equal(str_is(s, b), strcmp(a, b) == 0);
        assert_int_equal(str_equal_nocase(s, t), strcasecmp(a, b) == 0);
        assert_int_equal(str_starts(s, t), strncmp(a, b, t.n) == 0);
        assert_int_equal(str_ends(s, t), s.n >= t.n && strcmp(a + s.n - t.n, b) == 0);
        const char *at = strstr(a, b);
        assert_int_equal(str_find_str(s, t), at != NULL ? (size_t)(at - a) : s.n);
        at = strchr(a, 'b');
        assert_int_equal(str_find(s, 'b'), at != NULL ? (size_t)(at - a) : s.n);
    }
}

static void the_empty_view_is_a_text_like_any_other(void **state) {
    (void)state;
    assert_int_equal(str_of(NULL).n, 0);
    assert_true(str_equal(STR_NONE, STR("")));
    assert_true(str_is(STR_NONE, ""));
    assert_true(str_is(STR_NONE, NULL));
    assert_int_equal(str_compare(STR_NONE, STR("a")), -1);
    assert_int_equal(str_compare(STR("a"), STR_NONE), 1);
    assert_int_equal(str_compare(STR_NONE, STR_NONE), 0);
    assert_true(str_starts(STR("a"), STR_NONE));
    assert_true(str_ends(STR_NONE, STR_NONE));
    assert_int_equal(str_find(STR_NONE, 'a'), 0);
    assert_int_equal(str_find_str(STR_NONE, STR("a")), 0);
    assert_int_equal(str_trim(STR_NONE).n, 0);
    assert_int_equal(str_sub(STR_NONE, 3, 4).n, 0);
    assert_true(utf8_is_valid(STR_NONE));
    assert_int_equal(utf8_cut(STR_NONE, 3).n, 0);
}

static void views_may_hold_zeroes(void **state) {
    (void)state;
    struct str s = {"a\0b", 3};
    assert_false(str_equal(s, STR("a")));
    assert_int_equal(str_compare(s, STR("a")), 1);
    assert_int_equal(str_find(s, '\0'), 1);
    assert_int_equal(str_find(s, 'b'), 2);
}

static void a_part_is_clamped_to_the_whole(void **state) {
    (void)state;
    struct str s = STR("abcdef");
    assert_str(str_sub(s, 2, 3), "cde");
    assert_str(str_sub(s, 4, 100), "ef");
    assert_str(str_sub(s, 4, SIZE_MAX), "ef");
    assert_int_equal(str_sub(s, 6, 1).n, 0);
    assert_int_equal(str_sub(s, SIZE_MAX, SIZE_MAX).n, 0);
}

static void trimming_takes_white_space_from_the_ends_only(void **state) {
    (void)state;
    assert_str(str_trim(STR(" \t\r\n\v\fa b\n ")), "a b");
    assert_int_equal(str_trim(STR(" \n ")).n, 0);
    assert_str(str_trim(STR("\xC2\xA0")), "\xC2\xA0");
}

static void splitting_gives_every_piece_and_they_join_to_the_whole(void **state) {
    (void)state;
    struct chance chance = {4};
    for (int round = 0; round < 5000; round++) {
        char text[16], joined[32];
        size_t n = some_text(&chance, text, 14), at = 0, commas = 0, pieces = 0;
        for (size_t i = 0; i < n; i++) {
            commas += text[i] == 'b';
        }
        struct str rest = {text, n}, piece;
        while (str_split(&rest, 'b', &piece)) {
            assert_int_equal(str_find(piece, 'b'), piece.n);
            if (pieces++ > 0) {
                joined[at++] = 'b';
            }
            memcpy(joined + at, piece.p, piece.n);
            at += piece.n;
        }
        assert_int_equal(pieces, commas + 1);
        assert_int_equal(at, n);
        assert_memory_equal(joined, text, n);
        assert_false(str_split(&rest, 'b', &piece));
    }
    struct str nothing = STR_NONE, piece;
    assert_false(str_split(&nothing, ',', &piece));
}

/* The definition: encode the code point, compare. Slow, and cannot be wrong in the same way. */
static size_t encode(uint32_t c, unsigned char *out) {
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) {
        out[i] = (unsigned char)(0x80 | (c & 0x3F));
    }
    out[0] = (unsigned char)(n == 1 ? c : (0xF00 >> n & 0xFF) | c);
    return n;
}

static void every_code_point_is_well_formed_but_surrogates(void **state) {
    (void)state;
    unsigned char bytes[4];
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        size_t n = encode(c, bytes);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        struct str s = {(const char *)bytes, n};
        if (utf8_step(s) != (surrogate ? 0 : n) || utf8_is_valid(s) == surrogate) {
            fail_msg("U+%04X", c);
        }
        /* One byte short is never well-formed. */
        if (n > 1 && utf8_step(str_sub(s, 0, n - 1)) != 0) {
            fail_msg("U+%04X cut short", c);
        }
    }
}

/* All sequences of two bytes and many of three and four, against a decoder by definition. */
static bool is_well_formed_by_definition(const unsigned char *p, size_t n) {
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    unsigned char back[4];
    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        return false;
    }
    return encode(c, back) == n && memcmp(back, p, n) == 0;
}

static void malformed_sequences_are_refused(void **state) {
    (void)state;
    struct chance chance = {5};
    for (int round = 0; round < 400000; round++) {
        unsigned char p[4] = {(unsigned char)(0x78 + chance_below(&chance, 0x88)),
                              (unsigned char)(0x70 + chance_below(&chance, 0x60)),
                              (unsigned char)(0x70 + chance_below(&chance, 0x60)),
                              (unsigned char)(0x70 + chance_below(&chance, 0x60))};
        size_t expected = 0;
        for (size_t n = 1; n <= 4 && expected == 0; n++) {
            expected = is_well_formed_by_definition(p, n) ? n : 0;
        }
        struct str s = {(const char *)p, sizeof p};
        if (utf8_step(s) != expected) {
            fail_msg("%02x %02x %02x %02x", p[0], p[1], p[2], p[3]);
        }
    }
}

static void validity_does_not_depend_on_where_the_bytes_stand(void **state) {
    (void)state;
    for (size_t at = 0; at < 40; at++) {
        char text[48];
        memset(text, 'a', sizeof text);
        assert_true(utf8_is_valid((struct str){text, sizeof text}));
        memcpy(text + at, "\xF0\x9F\x98\x80", 4);
        assert_true(utf8_is_valid((struct str){text, sizeof text}));
        text[at + 3] = 'a';
        assert_false(utf8_is_valid((struct str){text, sizeof text}));
        text[at] = (char)0xFF;
        assert_false(utf8_is_valid((struct str){text, sizeof text}));
    }
}

static void lengths_and_cuts_count_code_points(void **state) {
    (void)state;
    struct str s = STR("aя₽😀b");
    assert_int_equal(utf8_length(s), 5);
    assert_str(utf8_cut(s, 0), "");
    assert_str(utf8_cut(s, 2), "aя");
    assert_str(utf8_cut(s, 4), "aя₽😀");
    assert_str(utf8_cut(s, 99), "aя₽😀b");
    /* What is not UTF-8 is cut without reading past its end. */
    assert_int_equal(utf8_length((struct str){"\xF0\x9F\x98", 3}), 3);
    assert_int_equal(utf8_cut((struct str){"\xF0\x9F\x98", 3}, 2).n, 2);
}

/* ---- buffers ---- */

static void buffer_step(struct chance *chance, struct buf *b, char *model, size_t *at) {
    char text[700];
    size_t n = chance_below(chance, 10) == 0 ? chance_below(chance, 600) : chance_below(chance, 9);
    int64_t number = (int64_t)chance_u64(chance) >> chance_below(chance, 64);
    memset(text, 'a' + (int)chance_below(chance, 26), n);
    text[n] = '\0';
    switch (chance_below(chance, 6)) {
    case 0:
        buf_add(b, (struct str){text, n});
        break;
    case 1:
        buf_add_text(b, text);
        break;
    case 2:
        buf_add_char(b, 'c');
        n = 1;
        text[0] = 'c';
        break;
    case 3:
        buf_add_i64(b, number);
        n = (size_t)snprintf(text, sizeof text, "%" PRId64, number);
        break;
    case 4:
        buf_add_hex64(b, (uint64_t)number);
        n = (size_t)snprintf(text, sizeof text, "%016" PRIx64, (uint64_t)number);
        break;
    default:
        buf_printf(b, "%s|%zu", text, n);
        n += (size_t)snprintf(text + n, sizeof text - n, "|%zu", n);
        break;
    }
    memcpy(model + *at, text, n);
    *at += n;
}

static void a_buffer_holds_what_was_written(void **state) {
    static char model[64 * 1024];
    struct chance chance = {6};
    for (int round = 0; round < 60; round++) {
        struct buf b, other;
        size_t at = 0;
        buf_init(&b, *state, sizeof model);
        buf_init(&other, *state, 100000);
        for (size_t steps = chance_below(&chance, 200); steps > 0; steps--) {
            buffer_step(&chance, &b, model, &at);
            /* A neighbour in the arena: the buffer must move now and then. */
            buf_add_char(&other, 'x');
        }
        struct str text;
        assert_int_equal(buf_end(&b, &text), GB_OK);
        assert_int_equal(text.n, at);
        assert_memory_equal(at > 0 ? text.p : "", model, at);
        arena_clear(*state);
    }
}

static void a_buffer_fails_for_good_when_it_passes_its_maximum(void **state) {
    struct str text = STR("untouched");
    struct buf b;
    buf_init(&b, *state, 10);
    buf_add(&b, STR("12345"));
    buf_add(&b, STR("67890"));
    assert_int_equal(buf_end(&b, &text), GB_OK);
    assert_str(text, "1234567890");
    text = STR("untouched");
    buf_add(&b, STR_NONE);
    assert_int_equal(buf_end(&b, &text), GB_OK);
    text = STR("untouched");
    buf_add_char(&b, 'x');
    assert_int_equal(buf_end(&b, &text), GB_NO_SPACE);
    assert_str(text, "untouched");
    assert_str(buf_str(&b), "1234567890");

    buf_init(&b, *state, 10);
    buf_printf(&b, "%s", "12345678901");
    buf_add_char(&b, 'x');
    assert_int_equal(buf_end(&b, &text), GB_NO_SPACE);
    assert_int_equal(buf_str(&b).n, 0);
    buf_init(&b, *state, 400);
    buf_printf(&b, "%0400d", 1);
    assert_int_equal(buf_end(&b, &text), GB_OK);
    assert_int_equal(text.n, 400);
    buf_init(&b, *state, 399);
    buf_printf(&b, "%0400d", 1);
    assert_int_equal(buf_end(&b, &text), GB_NO_SPACE);
}

static void an_empty_buffer_is_the_empty_text(void **state) {
    struct buf b;
    struct str text = STR("x");
    buf_init(&b, *state, 0);
    buf_add(&b, STR_NONE);
    assert_int_equal(buf_end(&b, &text), GB_OK);
    assert_int_equal(text.n, 0);
}

static void numbers_are_written_to_their_limits(void **state) {
    struct buf b;
    buf_init(&b, *state, 1000);
    buf_add_i64(&b, INT64_MIN);
    buf_add_char(&b, ' ');
    buf_add_i64(&b, INT64_MAX);
    buf_add_char(&b, ' ');
    buf_add_i64(&b, 0);
    buf_add_char(&b, ' ');
    buf_add_hex64(&b, UINT64_MAX);
    buf_add_hex64(&b, 0);
    assert_str(buf_str(&b), "-9223372036854775808 9223372036854775807 0 "
                            "ffffffffffffffff0000000000000000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_and_search_like_c_strings),
        cmocka_unit_test(the_empty_view_is_a_text_like_any_other),
        cmocka_unit_test(views_may_hold_zeroes),
        cmocka_unit_test(a_part_is_clamped_to_the_whole),
        cmocka_unit_test(trimming_takes_white_space_from_the_ends_only),
        cmocka_unit_test(splitting_gives_every_piece_and_they_join_to_the_whole),
        cmocka_unit_test(every_code_point_is_well_formed_but_surrogates),
        cmocka_unit_test(malformed_sequences_are_refused),
        cmocka_unit_test(validity_does_not_depend_on_where_the_bytes_stand),
        cmocka_unit_test(lengths_and_cuts_count_code_points),
        cmocka_unit_test(a_buffer_holds_what_was_written),
        cmocka_unit_test(a_buffer_fails_for_good_when_it_passes_its_maximum),
        cmocka_unit_test(an_empty_buffer_is_the_empty_text),
        cmocka_unit_test(numbers_are_written_to_their_limits),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}

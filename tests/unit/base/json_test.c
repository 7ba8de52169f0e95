/* The reader and the writer against each other, against a slow model, and against nonsense. */
#include "base/json.h"

#include "base/arena.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static const struct json *parsed(struct arena *arena, const char *text) {
    const struct json *root = NULL;
    size_t at = 0;
    if (json_parse(arena, str_of(text), &root, &at) != GB_OK) {
        fail_msg("%s: stopped at %zu", text, at);
    }
    return root;
}

/* ---- reading ---- */

static void a_path_leads_through_objects_and_arrays(void **state) {
    const struct json *root = parsed(*state, "{\"message\":{\"photo\":[{\"file_id\":\"a\"},"
                                             "{\"file_id\":\"b\"}],\"chat\":{\"id\":-100123}}}");
    assert_str(json_str_or(root, "message.photo.1.file_id", STR("?")), "b");
    assert_int_equal(json_i64_or(root, "message.chat.id", 0), -100123);
    assert_ptr_equal(json_at(root, ""), root);
    assert_ptr_equal(json_at(json_at(root, "message"), "chat.id"),
                     json_at(root, "message.chat.id"));
}

static void a_path_that_leads_nowhere_gives_null(void **state) {
    const struct json *root =
        parsed(*state, "{\"a\":[1,2],\"ab\":{\"\":5},\"n\":null,\"s\":\"t\"}");
    const char *const nowhere[] = {"b",    "a.2", "a.-1", "a.x", "a.0.0", "abc",
                                   "A",    "n",   "n.x",  "s.0", "ab.x",  "a.99999999999999999999",
                                   "a.1x", "a..0"};
    for (size_t i = 0; i < GB_COUNT(nowhere); i++) {
        assert_null(json_at(root, nowhere[i]));
        assert_null(json_at(NULL, nowhere[i]));
    }
    assert_null(json_at(NULL, ""));
    assert_null(json_at(parsed(*state, "null"), ""));
    assert_int_equal(json_i64_or(root, "a.1", 0), 2);
}

static void a_member_is_found_by_its_whole_name_the_first_one_counts(void **state) {
    const struct json *root = parsed(*state, "{\"idx\":1,\"i\":2,\"id\":3,\"id\":4,\"ID\":5}");
    assert_int_equal(json_i64_or(root, "id", 0), 3);
    assert_int_equal(json_i64_or(root, "ID", 0), 5);
    assert_int_equal(json_i64_or(root, "idx", 0), 1);
}

static void only_the_asked_kind_is_read(void **state) {
    const struct json *root =
        parsed(*state, "{\"t\":\"12\",\"n\":12,\"f\":1.5,\"b\":true,\"z\":null,\"o\":{},\"a\":[]}");
    const char *const members = "tnfbzoa";
    for (const char *m = members; *m != '\0'; m++) {
        const char path[2] = {*m, '\0'};
        struct str text = STR("untouched");
        int64_t number = 77;
        double real = 77;
        bool flag = false;
        assert_int_equal(json_str(root, path, &text), *m == 't');
        assert_int_equal(json_i64(root, path, &number), *m == 'n');
        assert_int_equal(json_number(root, path, &real), *m == 'n' || *m == 'f');
        assert_int_equal(json_bool(root, path, &flag), *m == 'b');
        assert_str(text, *m == 't' ? "12" : "untouched");
        assert_int_equal(number, *m == 'n' ? 12 : 77);
        assert_int_equal(flag, *m == 'b');
        assert_int_equal(json_is_object(json_at(root, path)), *m == 'o');
        assert_int_equal(json_is_array(json_at(root, path)), *m == 'a');
    }
    assert_true(json_bool_or(root, "b", false));
    assert_true(json_bool_or(root, "z", true));
    assert_int_equal(json_i64_or(root, "f", -1), -1);
    assert_str(json_str_or(root, "n", STR("fallback")), "fallback");
}

static void integers_are_exact_or_not_read(void **state) {
    const struct {
        const char *text;
        bool exact;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"9007199254740991", true, INT64_C(9007199254740991)},
        {"-9007199254740991", true, -INT64_C(9007199254740991)},
        {"9007199254740992", false, 0},
        {"9007199254740993", false, 0},
        {"-9007199254740992", false, 0},
        {"1e3", true, 1000},
        {"1.0", true, 1},
        {"1.5", false, 0},
        {"1e18", false, 0},
        {"1e999", false, 0},
        {"-1e999", false, 0},
        {"1e-999", true, 0},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        int64_t got = 0;
        assert_int_equal(json_i64(parsed(*state, cases[i].text), "", &got), cases[i].exact);
        assert_int_equal(got, cases[i].value);
    }
}

static void containers_are_walked_in_their_order(void **state) {
    const struct json *root = parsed(*state, "{\"b\":[10,20,30],\"a\":{},\"c\":[]}");
    char names[8] = "";
    size_t n = 0;
    for (const struct json *m = json_first(root); m != NULL; m = json_next(m)) {
        names[n++] = json_name(m).p[0];
    }
    assert_string_equal(names, "bac");
    int64_t sum = 0;
    for (const struct json *i = json_first(json_at(root, "b")); i != NULL; i = json_next(i)) {
        sum += json_i64_or(i, "", 0);
        assert_int_equal(json_name(i).n, 0);
    }
    assert_int_equal(sum, 60);
    assert_int_equal(json_size(root), 3);
    assert_int_equal(json_size(json_at(root, "b")), 3);
    assert_int_equal(json_size(json_at(root, "c")), 0);
    assert_int_equal(json_size(NULL), 0);
    assert_null(json_first(json_at(root, "a")));
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
}

static void escapes_are_decoded(void **state) {
    const struct json *root =
        parsed(*state, "\"\\u041f\\u0440\\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\"");
    assert_str(json_str_or(root, "", STR("?")), "Пр😀 \"\\/\b\f\n\r\t");
}

/* ---- what is not JSON ---- */

static void broken_documents_are_refused_with_the_place(void **state) {
    const struct {
        const char *text;
        size_t at_least, at_most;
    } cases[] = {
        {"", 0, 0},          {"   ", 0, 3},         {"{", 0, 1},
        {"[1,", 1, 3},       {"{\"a\":1} x", 8, 8}, {"[1] [2]", 3, 4},
        {"\"abc", 0, 4},     {"nul", 0, 3},         {"[1 2]", 1, 4},
        {"{\"a\" 1}", 1, 6}, {"{1:2}", 0, 2},       {"\"\\u12\"", 0, 6},
        {"[1,]", 1, 4},      {"{\"a\":1,}", 1, 8},  {"\"\\ud83d\"", 0, 9},
        {"'a'", 0, 3},       {"-", 0, 1},           {"\"\\x\"", 0, 4},
        {"[", 0, 1},         {"]", 0, 1},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        const struct json *root = NULL;
        size_t at = SIZE_MAX, used = arena_used_bytes(*state);
        struct str text = str_of(cases[i].text);
        if (json_parse(*state, text, &root, &at) != GB_INVALID || at < cases[i].at_least ||
            at > cases[i].at_most) {
            fail_msg("%s: %zu", cases[i].text, at);
        }
        assert_null(root);
        assert_int_equal(json_parse(*state, text, &root, NULL), GB_INVALID);
        assert_int_equal(arena_used_bytes(*state), used);
    }
}

static void a_zero_cannot_be_smuggled_in(void **state) {
    const struct {
        struct str text;
        bool refused;
    } cases[] = {
        {{"\"admin\0x\"", 9}, true},
        {{"[1]\0", 4}, true},
        {STR("\"admin\\u0000x\""), true},
        {STR("{\"a\\u0000b\":1}"), true},
        {STR("\"\\\\\\u0000\""), true},
        {STR("\"\\\\u0000\""), false},
        {STR("\"\\\\\\\\u0000 u0000\""), false},
        {STR("\"\\\\u0000\\u0000\""), true},
        {STR("\"\\u0001\""), false},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        const struct json *root;
        assert_int_equal(json_parse(*state, cases[i].text, &root, NULL),
                         cases[i].refused ? GB_INVALID : GB_OK);
    }
}

static void blanks_and_a_byte_order_mark_around_are_fine(void **state) {
    assert_true(json_is_array(parsed(*state, " \r\n\t[ 1 , 2 ]\r\n ")));
    assert_true(json_is_array(parsed(*state, "\xEF\xBB\xBF[1]")));
}

static void nesting_is_read_64_deep_and_no_deeper(void **state) {
    for (size_t depth = 60; depth < 70; depth++) {
        struct buf buf;
        buf_init(&buf, *state, 1000);
        for (size_t i = 0; i < depth; i++) {
            buf_add_text(&buf, i % 2 == 0 ? "[" : "{\"a\":");
        }
        buf_add_char(&buf, '1');
        for (size_t i = depth; i-- > 0;) {
            buf_add_char(&buf, i % 2 == 0 ? ']' : '}');
        }
        const struct json *root;
        enum gb_err err = json_parse(*state, buf_str(&buf), &root, NULL);
        assert_int_equal(err, depth <= 64 ? GB_OK : GB_INVALID);
        if (err == GB_OK) {
            assert_true(str_equal(json_text(*state, root), buf_str(&buf)));
        }
    }
    char *deep = arena_take(*state, 1000000);
    const struct json *root;
    memset(deep, '[', 1000000);
    assert_int_equal(json_parse(*state, (struct str){deep, 1000000}, &root, NULL), GB_INVALID);
}

static void random_bytes_never_harm(void **state) {
    static const char alphabet[] = "{}[]\",:.\\/u0009eE+-truefalsn \n\xC3\xA9\xFF";
    struct chance chance = {11};
    size_t accepted = 0;
    for (int round = 0; round < 200000; round++) {
        char text[24];
        size_t n = chance_below(&chance, sizeof text);
        for (size_t i = 0; i < n; i++) {
            text[i] = alphabet[chance_below(&chance, sizeof alphabet)]; /* its 0 too */
        }
        const struct json *root;
        /* A piece of its own, so that reading behind it is seen. */
        struct str copy = {memcpy(arena_take(*state, n), text, n), n};
        if (json_parse(*state, copy, &root, NULL) == GB_OK) {
            const struct json *again;
            accepted++;
            assert_int_equal(json_parse(*state, json_text(*state, root), &again, NULL), GB_OK);
        }
        arena_clear(*state);
    }
    assert_true(accepted > 100);
}

/* ---- writing ---- */

/* A random document, written by the writer and remembered as plain text by a model of its own. */
struct model {
    struct chance chance;
    struct json_out out;
    struct buf expected;
    int left;
};

static void put_any(struct model *m, const char *key, bool comma);

static void put_container(struct model *m, const char *key, bool array) {
    (array ? json_open_array : json_open_object)(&m->out, key);
    buf_add_char(&m->expected, array ? '[' : '{');
    size_t count = m->out.depth < 20 ? chance_below(&m->chance, 5) : 0;
    for (size_t i = 0; i < count; i++) {
        put_any(m, array ? NULL : "key \"1\"", i > 0);
    }
    json_close(&m->out);
    buf_add_char(&m->expected, array ? ']' : '}');
}

static void put_any(struct model *m, const char *key, bool comma) {
    int64_t number = (int64_t)chance_u64(&m->chance) >> (11 + chance_below(&m->chance, 50));
    buf_add_text(&m->expected, comma ? "," : "");
    buf_add_text(&m->expected, key != NULL ? "\"key \\\"1\\\"\":" : "");
    switch (m->left-- > 0 ? chance_below(&m->chance, 8) : 2) {
    case 0:
    case 1:
        put_container(m, key, chance_below(&m->chance, 2) == 0);
        break;
    case 2:
        json_put_i64(&m->out, key, number);
        buf_printf(&m->expected, "%" PRId64, number);
        break;
    case 3:
        json_put_text(&m->out, key, "tab\there");
        buf_add_text(&m->expected, "\"tab\\there\"");
        break;
    case 4:
        json_put_bool(&m->out, key, number > 0);
        buf_add_text(&m->expected, number > 0 ? "true" : "false");
        break;
    case 5:
        json_put_null(&m->out, key);
        buf_add_text(&m->expected, "null");
        break;
    case 6:
        json_put_raw(&m->out, key, STR("[1,{}]"));
        buf_add_text(&m->expected, "[1,{}]");
        break;
    default:
        json_put_str(&m->out, key, STR("Привет"));
        buf_add_text(&m->expected, "\"Привет\"");
        break;
    }
}

static void what_was_written_is_read_and_written_again_unchanged(void **state) {
    struct model m = {.chance = {12}};
    for (int round = 0; round < 3000; round++) {
        struct buf buf;
        const struct json *root;
        struct str text;
        buf_init(&buf, *state, 1024 * 1024);
        buf_init(&m.expected, *state, 1024 * 1024);
        json_begin(&m.out, &buf);
        m.left = 60;
        put_container(&m, NULL, round % 2 == 0);
        assert_int_equal(buf_end(&buf, &text), GB_OK);
        assert_int_equal(m.out.depth, 0);
        assert_true(str_equal(text, buf_str(&m.expected)));
        assert_int_equal(json_parse(*state, text, &root, NULL), GB_OK);
        assert_true(str_equal(json_text(*state, root), text));
        arena_clear(*state);
    }
}

static void any_valid_text_comes_back_through_a_document(void **state) {
    struct chance chance = {13};
    for (int round = 0; round < 20000; round++) {
        char text[96];
        size_t n = 0;
        while (n < sizeof text - 4 && chance_below(&chance, 40) > 0) {
            static const char *const pieces[] = {
                "a",    "\"", "\\",  "\n", "\x01", "\x1f",
                "\x7f", "я",  "₽", "😀",  "/",    "plain text of some length"};
            const char *piece = pieces[chance_below(&chance, GB_COUNT(pieces))];
            size_t length = strlen(piece);
            if (n + length <= sizeof text) {
                memcpy(text + n, piece, length);
                n += length;
            }
        }
        struct buf buf;
        const struct json *root;
        struct str back;
        buf_init(&buf, *state, 1000);
        json_quote(&buf, (struct str){text, n});
        assert_true(utf8_is_valid(buf_str(&buf)));
        assert_int_equal(json_parse(*state, buf_str(&buf), &root, NULL), GB_OK);
        assert_true(json_str(root, "", &back));
        assert_true(str_equal(back, (struct str){text, n}));
        arena_clear(*state);
    }
}

static struct str quoted(struct arena *arena, struct str text) {
    struct buf buf;
    buf_init(&buf, arena, 1000);
    json_quote(&buf, text);
    return buf_str(&buf);
}

static void bytes_that_are_no_utf8_become_the_replacement_character(void **state) {
    assert_str(quoted(*state, STR("a\xFF"
                                  "b")),
               "\"a\xEF\xBF\xBD"
               "b\"");
    assert_str(quoted(*state, STR("\xC3")), "\"\xEF\xBF\xBD\"");
    assert_str(quoted(*state, STR("\xD1z")), "\"\xEF\xBF\xBDz\"");
    assert_str(quoted(*state, STR("\xC1\x80")), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_str(quoted(*state, STR("\xED\xA0\x80")), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_str(quoted(*state, STR("я\xD1")), "\"я\xEF\xBF\xBD\"");
    assert_str(quoted(*state, STR_NONE), "\"\"");
    assert_str(quoted(*state, (struct str){"a\0b", 3}), "\"a\\u0000b\"");
}

static void numbers_survive_being_read_and_written(void **state) {
    const char *const same[] = {"0",   "-1",  "9007199254740991", "0.5", "-1.25", "1e+300",
                                "0.1", "null"};
    for (size_t i = 0; i < GB_COUNT(same); i++) {
        assert_str(json_text(*state, parsed(*state, same[i])), same[i]);
    }
    struct chance chance = {14};
    for (int round = 0; round < 20000; round++) {
        uint64_t bits = chance_u64(&chance);
        double number, back = 0;
        char text[32];
        memcpy(&number, &bits, sizeof number);
        if (number - number != 0) {
            continue; /* infinities and NaN cannot be written */
        }
        snprintf(text, sizeof text, "%.17g", number);
        struct str again = json_text(*state, parsed(*state, text));
        assert_true(json_number(parsed(*state, arena_cstr(*state, again)), "", &back));
        assert_true(number == back);
        arena_clear(*state);
    }
    assert_str(json_text(*state, parsed(*state, "1e999")), "null");
    assert_str(json_text(*state, NULL), "null");
}

static void a_buffer_that_is_too_small_fails_once_at_the_end(void **state) {
    struct buf buf;
    struct json_out out;
    struct str text;
    buf_init(&buf, *state, 20);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_text(&out, "a", "more than twenty bytes of text");
    json_close(&out);
    assert_int_equal(buf_end(&buf, &text), GB_NO_SPACE);
}

static void key_in_array(void *ctx) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, ctx, 1000);
    json_begin(&out, &buf);
    json_open_array(&out, NULL);
    json_put_i64(&out, "key", 1);
}

static void no_key_in_object(void *ctx) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, ctx, 1000);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_i64(&out, NULL, 1);
}

static void one_close_too_many(void *ctx) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, ctx, 1000);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_close(&out);
    json_close(&out);
}

static void a_document_written_wrongly_is_our_bug(void **state) {
    assert_panics(key_in_array, *state, "json.c");
    assert_panics(no_key_in_object, *state, "json.c");
    assert_panics(one_close_too_many, *state, "json.c");
}

static void a_document_of_4_mib_is_read_whole(void **state) {
    struct buf buf;
    struct json_out out;
    struct str text;
    const struct json *root;
    buf_init(&buf, *state, 8 * 1024 * 1024);
    json_begin(&out, &buf);
    json_open_array(&out, NULL);
    size_t count = 0;
    for (; buf_str(&buf).n < 4 * 1024 * 1024; count++) {
        json_open_object(&out, NULL);
        json_put_i64(&out, "update_id", (int64_t)count);
        json_put_str(&out, "text", STR("четыре тысячи девяносто шесть"));
        json_close(&out);
    }
    json_close(&out);
    assert_int_equal(buf_end(&buf, &text), GB_OK);
    assert_int_equal(json_parse(*state, text, &root, NULL), GB_OK);
    int64_t expected = 0;
    for (const struct json *i = json_first(root); i != NULL; i = json_next(i)) {
        assert_int_equal(json_i64_or(i, "update_id", -1), expected++);
    }
    assert_int_equal(expected, count);
    arena_clear(*state);
}

static void a_tree_that_would_fill_the_arena_is_refused(void **state) {
    struct arena *small = arena_new(4096, 1024 * 1024);
    const struct json *root = NULL;
    struct buf text;
    buf_init(&text, *state, 65536);
    for (int i = 0; i < 20000; i++) {
        buf_add_text(&text, i == 0 ? "[[]" : ",[]");
    }
    buf_add_char(&text, ']');
    assert_int_equal(json_parse(small, buf_str(&text), &root, NULL), GB_INVALID);
    assert_null(root);
    assert_int_equal(arena_used_bytes(small), 0);
    assert_int_equal(json_parse(small, STR("[1,2]"), &root, NULL), GB_OK);
    arena_free(small);
    arena_clear(*state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_leads_through_objects_and_arrays),
        cmocka_unit_test(a_path_that_leads_nowhere_gives_null),
        cmocka_unit_test(a_member_is_found_by_its_whole_name_the_first_one_counts),
        cmocka_unit_test(only_the_asked_kind_is_read),
        cmocka_unit_test(integers_are_exact_or_not_read),
        cmocka_unit_test(containers_are_walked_in_their_order),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(broken_documents_are_refused_with_the_place),
        cmocka_unit_test(a_zero_cannot_be_smuggled_in),
        cmocka_unit_test(blanks_and_a_byte_order_mark_around_are_fine),
        cmocka_unit_test(nesting_is_read_64_deep_and_no_deeper),
        cmocka_unit_test(random_bytes_never_harm),
        cmocka_unit_test(what_was_written_is_read_and_written_again_unchanged),
        cmocka_unit_test(any_valid_text_comes_back_through_a_document),
        cmocka_unit_test(bytes_that_are_no_utf8_become_the_replacement_character),
        cmocka_unit_test(numbers_survive_being_read_and_written),
        cmocka_unit_test(a_buffer_that_is_too_small_fails_once_at_the_end),
        cmocka_unit_test(a_document_written_wrongly_is_our_bug),
        cmocka_unit_test(a_document_of_4_mib_is_read_whole),
        cmocka_unit_test(a_tree_that_would_fill_the_arena_is_refused),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}

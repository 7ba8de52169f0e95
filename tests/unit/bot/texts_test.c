#include "bot/texts.h"

#include "base/arena.h"
#include "base/embed.h"
#include "bot/bot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;
static struct texts *texts;

static int setup(void **state) {
    (void)state;
    arena = arena_new(64 * 1024, 64 << 20);
    texts = texts_new(arena);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

/* The program's own Russian file with one line changed, or taken out when `to` is NULL. */
static struct str ru_with(const char *line_start, const char *to) {
    struct str rest = embed_file(STR("ru.ini"));
    struct str line;
    struct buf changed;
    bool found = false;
    buf_init(&changed, arena, 1 << 20);
    while (str_split(&rest, '\n', &line)) {
        if (!found && str_starts(line, str_of(line_start))) {
            found = true;
            buf_add_text(&changed, to != NULL ? to : "");
        } else {
            buf_add(&changed, line);
        }
        buf_add_char(&changed, '\n');
    }
    assert_true(found);
    return buf_str(&changed);
}

static void assert_refused(struct str ru, const char *why_part) {
    struct str files[LANGUAGE_COUNT] = {ru, embed_file(STR("en.ini"))};
    struct texts *parsed;
    struct str why = STR_NONE;
    assert_int_equal(texts_parse(arena, files, &parsed, &why), GB_INVALID);
    if (str_find_str(why, str_of(why_part)) == why.n) {
        fail_msg("\"" STR_FMT "\" does not say \"%s\"", STR_ARG(why), why_part);
    }
}

static void every_text_is_there_in_both_languages(void **state) {
    (void)state;
    for (unsigned language = 0; language < LANGUAGE_COUNT; language++) {
        for (unsigned text = 0; text < TEXT_COUNT; text++) {
            if (!text_is_template((enum text)text)) {
                assert_true(text_get(texts, (enum language)language, (enum text)text).n > 0);
            }
        }
    }
    assert_string_not_equal(arena_cstr(arena, text_get(texts, LANGUAGE_RU, TEXT_BUTTON_BUY)),
                            arena_cstr(arena, text_get(texts, LANGUAGE_EN, TEXT_BUTTON_BUY)));
}

static void russian_counts_in_three_forms(void **state) {
    (void)state;
    const struct {
        int64_t n;
        const char *text;
    } rows[] = {
        {0, "0 дней"},       {1, "1 день"},     {2, "2 дня"},      {4, "4 дня"},
        {5, "5 дней"},       {11, "11 дней"},   {12, "12 дней"},   {14, "14 дней"},
        {21, "21 день"},     {22, "22 дня"},    {25, "25 дней"},   {100, "100 дней"},
        {101, "101 день"},   {111, "111 дней"}, {112, "112 дней"}, {365, "365 дней"},
        {1001, "1001 день"},
    };
    for (size_t i = 0; i < GB_COUNT(rows); i++) {
        struct str text = text_count(arena, texts, LANGUAGE_RU, TEXT_DAYS, rows[i].n);
        assert_string_equal(arena_cstr(arena, text), rows[i].text);
    }
}

static void english_counts_in_two_forms(void **state) {
    (void)state;
    assert_true(str_is(text_count(arena, texts, LANGUAGE_EN, TEXT_DAYS, 1), "1 day"));
    assert_true(str_is(text_count(arena, texts, LANGUAGE_EN, TEXT_DAYS, 0), "0 days"));
    assert_true(str_is(text_count(arena, texts, LANGUAGE_EN, TEXT_DAYS, 21), "21 days"));
}

static void values_are_escaped_where_there_is_markup(void **state) {
    (void)state;
    struct str html = text_fill(arena, texts, LANGUAGE_EN, TEXT_BUY_TARIFF,
                                TEXT_ARGS({PARAM_LOCATION, STR("<b>&x")}));
    assert_true(str_starts(html, STR("<b>&lt;b&gt;&amp;x</b>")));
    struct str plain = text_fill(arena, texts, LANGUAGE_EN, TEXT_BUTTON_PAY,
                                 TEXT_ARGS({PARAM_PRICE, STR("<1 & 2>")}));
    assert_true(str_is(plain, "Pay <1 & 2>"));
}

static void a_value_is_not_read_as_a_template(void **state) {
    (void)state;
    struct str text =
        text_fill(arena, texts, LANGUAGE_EN, TEXT_WAY_LINE,
                  TEXT_ARGS({PARAM_WAY, STR("{price}%s\\n")}, {PARAM_PRICE, STR("1")}));
    assert_true(str_is(text, "{price}%s\\n · 1"));
}

static void new_lines_are_made(void **state) {
    (void)state;
    struct str text = text_get(texts, LANGUAGE_RU, TEXT_SUBS_NONE);
    assert_true(str_find(text, '\n') < text.n);
    assert_true(str_find(text, '\\') == text.n);
}

static void a_missing_text_is_named(void **state) {
    (void)state;
    assert_refused(ru_with("button.buy =", NULL), "missing: button.buy");
    assert_refused(ru_with("days.few =", NULL), "missing: days");
    assert_refused(STR_NONE, "missing: menu");
}

static void a_text_nobody_knows_is_named_with_its_line(void **state) {
    (void)state;
    assert_refused(ru_with("# ----", "button.bye = Пока"), "ru.ini:4: no such key: button.bye");
    assert_refused(ru_with("days.few =", "days.other = {n} дня"), "no such key: days.other");
    assert_refused(ru_with("days.few =", "days = {n} дня"), "no such key: days");
    assert_refused(ru_with("# ----", "без знака равенства"), "no such key");
}

static void other_placeholders_are_named(void **state) {
    (void)state;
    assert_refused(ru_with("buy.tariff =", "buy.tariff = Где?"), "buy.tariff");
    assert_refused(ru_with("buy.tariff =", "buy.tariff = {location} {price}"), "buy.tariff");
    assert_refused(ru_with("buy.tariff =", "buy.tariff = {place}"), "no such placeholder: place");
    assert_refused(ru_with("buy.tariff =", "buy.tariff = {location"), "no such placeholder");
    assert_refused(ru_with("buy.tariff =", "buy.tariff = } {location"), "no such placeholder");
}

static void broken_lines_are_named(void **state) {
    (void)state;
    assert_refused(ru_with("hint =", "hint ="), "empty");
    assert_refused(ru_with("hint =", "hint = \xff"), "UTF-8");
    assert_refused(ru_with("hint =", "hint = a\\tb"), "only \\n");
    assert_refused(ru_with("hint =", "hint = a\\"), "only \\n");
    assert_refused(ru_with("hint =", "hint = a\nhint = b"), "given twice: hint");
}

static void keys_of_the_shop_are_found(void **state) {
    (void)state;
    enum text text;
    assert_int_equal(text_find("way.stars", &text), GB_OK);
    assert_int_equal(text, TEXT_WAY_STARS);
    assert_int_equal(text_find("way.barter", &text), GB_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_there_in_both_languages),
        cmocka_unit_test(russian_counts_in_three_forms),
        cmocka_unit_test(english_counts_in_two_forms),
        cmocka_unit_test(values_are_escaped_where_there_is_markup),
        cmocka_unit_test(a_value_is_not_read_as_a_template),
        cmocka_unit_test(new_lines_are_made),
        cmocka_unit_test(a_missing_text_is_named),
        cmocka_unit_test(a_text_nobody_knows_is_named_with_its_line),
        cmocka_unit_test(other_placeholders_are_named),
        cmocka_unit_test(broken_lines_are_named),
        cmocka_unit_test(keys_of_the_shop_are_found),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

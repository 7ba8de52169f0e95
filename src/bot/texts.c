#include "bot/texts.h"

#include "base/arena.h"
#include "base/embed.h"
#include "bot/bot.h"
#include "telegram/html.h"

#define TEXT_BYTES_MAX (16 * 1024)
#define FORMS_MAX      3
#define PIECES_MAX     32

enum text_kind { KIND_HTML, KIND_PLAIN, KIND_COUNT };

static const struct {
    const char *key;
    enum text_kind kind;
    const char *params; /* "location tariff" */
} rows[TEXT_COUNT] = {
#define TEXT(name, key, kind, params) {key, KIND_##kind, params},
#include "bot/texts.def"
};

static const char *const param_names[PARAM_COUNT] = {
#define TEXT_PARAM(name, text) text,
#include "bot/texts.def"
};

_Static_assert(PARAM_COUNT <= 32, "a bit each");

/* Literal text, then the value of a placeholder (PARAM_COUNT: none, at the end). */
struct piece {
    struct str literal;
    enum text_param param;
};

struct form {
    struct str whole; /* as written; the text itself when there is no placeholder */
    const struct piece *pieces;
    size_t piece_count; /* 0: there is no such form yet */
    uint32_t params;    /* bit per placeholder */
};

struct texts {
    struct form forms[LANGUAGE_COUNT][TEXT_COUNT][FORMS_MAX];
};

static unsigned form_of_ru(int64_t n) {
    int64_t last = n % 10;
    int64_t last_two = n % 100;
    if (last == 1 && last_two != 11) {
        return 0;
    }
    return last >= 2 && last <= 4 && (last_two < 12 || last_two > 14) ? 1 : 2;
}

static unsigned form_of_en(int64_t n) {
    return n == 1 ? 0 : 1;
}

static const struct {
    const char *file;
    const char *forms[FORMS_MAX];
    unsigned (*form_of)(int64_t n); /* n >= 0 */
} languages[LANGUAGE_COUNT] = {
    [LANGUAGE_RU] = {"ru.ini", {"one", "few", "many"}, form_of_ru},
    [LANGUAGE_EN] = {"en.ini", {"one", "other", NULL}, form_of_en},
};

/* ---- reading */

struct reader {
    struct arena *arena;
    struct texts *texts;
    enum language language;
    unsigned line;
    struct str why; /* empty: all is well */
};

static void fault(struct reader *r, const char *what, struct str about) {
    if (r->why.n == 0) {
        r->why = arena_printf(r->arena, "%s:%u: %s: " STR_FMT, languages[r->language].file, r->line,
                              what, STR_ARG(about));
    }
}

static enum text_param param_find(struct str name) {
    unsigned param = 0;
    while (param < PARAM_COUNT && !str_is(name, param_names[param])) {
        param++;
    }
    return (enum text_param)param;
}

static uint32_t params_declared(enum text text) {
    uint32_t bits = 0;
    struct str rest = str_of(rows[text].params);
    struct str name;
    while (rest.n > 0 && str_split(&rest, ' ', &name)) {
        enum text_param param = param_find(name);
        gb_assert(param < PARAM_COUNT);
        bits |= UINT32_C(1) << param;
    }
    return bits;
}

/* "days.few" -> the row of "days" and 1; or a row without forms and 0. */
static bool key_find(enum language language, struct str key, enum text *ret_text,
                     unsigned *ret_form) {
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        struct str name = str_of(rows[i].key);
        if (rows[i].kind != KIND_COUNT) {
            if (str_equal(name, key)) {
                *ret_text = (enum text)i;
                *ret_form = 0;
                return true;
            }
            continue;
        }
        for (unsigned f = 0; f < FORMS_MAX && languages[language].forms[f] != NULL; f++) {
            if (str_starts(key, name) && key.n > name.n && key.p[name.n] == '.' &&
                str_is(str_sub(key, name.n + 1, key.n), languages[language].forms[f])) {
                *ret_text = (enum text)i;
                *ret_form = f;
                return true;
            }
        }
    }
    return false;
}

/* \n -> new line. */
static struct str unescape(struct reader *r, struct str value) {
    struct buf text;
    buf_init(&text, r->arena, TEXT_BYTES_MAX);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] != '\\') {
            buf_add_char(&text, value.p[i]);
        } else if (i + 1 < value.n && value.p[i + 1] == 'n') {
            buf_add_char(&text, '\n');
            i++;
        } else {
            fault(r, "only \\n is known", value);
        }
    }
    return buf_str(&text);
}

static void form_cut(struct reader *r, struct form *form) {
    struct piece *pieces = ARENA_ARRAY(r->arena, struct piece, PIECES_MAX);
    struct str rest = form->whole;
    size_t count = 0;
    while (count < PIECES_MAX - 1) {
        size_t open = str_find(rest, '{');
        if (open == rest.n) {
            break;
        }
        size_t close = str_find(rest, '}');
        struct str name = str_sub(rest, open + 1, close > open ? close - open - 1 : 0);
        enum text_param param = param_find(name);
        if (close == rest.n || param == PARAM_COUNT) {
            fault(r, "no such placeholder", name);
            return;
        }
        form->params |= UINT32_C(1) << param;
        pieces[count++] = (struct piece){str_sub(rest, 0, open), param};
        rest = str_sub(rest, close + 1, rest.n);
    }
    pieces[count++] = (struct piece){rest, PARAM_COUNT};
    form->pieces = pieces;
    form->piece_count = count;
}

static void line_read(struct reader *r, struct str line) {
    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#') {
        return;
    }
    size_t equals = str_find(line, '=');
    struct str key = str_trim(str_sub(line, 0, equals));
    enum text text;
    unsigned number;
    if (equals == line.n || !key_find(r->language, key, &text, &number)) {
        fault(r, "no such key", key);
        return;
    }
    struct form *form = &r->texts->forms[r->language][text][number];
    if (form->piece_count > 0) {
        fault(r, "given twice", key);
        return;
    }
    form->whole = unescape(r, str_trim(str_sub(line, equals + 1, line.n)));
    if (form->whole.n == 0 || !utf8_is_valid(form->whole)) {
        fault(r, "empty or not UTF-8", key);
        return;
    }
    form_cut(r, form);
    if (form->params != params_declared(text)) {
        fault(r, "other placeholders than texts.def says", key);
    }
}

static void all_there(struct reader *r) {
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        for (unsigned f = 0; f < FORMS_MAX; f++) {
            bool wanted =
                f == 0 || (rows[i].kind == KIND_COUNT && languages[r->language].forms[f] != NULL);
            if (wanted && r->texts->forms[r->language][i][f].piece_count == 0) {
                fault(r, "missing", str_of(rows[i].key));
            }
        }
    }
}

enum gb_err texts_parse(struct arena *arena, const struct str files[LANGUAGE_COUNT],
                        struct texts **ret_texts, struct str *reterr_why) {
    struct texts *texts = ARENA_NEW(arena, struct texts);
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        struct reader r = {.arena = arena, .texts = texts, .language = (enum language)i};
        struct str rest = files[i];
        struct str line;
        while (str_split(&rest, '\n', &line)) {
            r.line++;
            line_read(&r, line);
        }
        all_there(&r);
        if (r.why.n > 0) {
            *reterr_why = r.why;
            return GB_INVALID;
        }
    }
    *ret_texts = texts;
    return GB_OK;
}

struct texts *texts_new(struct arena *arena) {
    struct str files[LANGUAGE_COUNT];
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        files[i] = embed_file(str_of(languages[i].file));
    }
    struct texts *texts = NULL;
    struct str why;
    if (texts_parse(arena, files, &texts, &why) != GB_OK) {
        gb_panic(__FILE__, __LINE__, arena_cstr(arena, why));
    }
    return texts;
}

/* ---- saying */

static struct str value_of(enum text_param param, const struct text_arg *args, size_t arg_count) {
    for (size_t i = 0; i < arg_count; i++) {
        if (args[i].param == param) {
            return args[i].value;
        }
    }
    gb_panic(__FILE__, __LINE__, param_names[param]);
}

static void form_put(struct buf *buf, const struct form *form, bool html,
                     const struct text_arg *args, size_t arg_count) {
    for (size_t i = 0; i < form->piece_count; i++) {
        buf_add(buf, form->pieces[i].literal);
        if (form->pieces[i].param == PARAM_COUNT) {
            continue;
        }
        struct str value = value_of(form->pieces[i].param, args, arg_count);
        if (html) {
            html_escape(buf, value);
        } else {
            buf_add(buf, value);
        }
    }
}

void text_put(struct buf *buf, const struct texts *texts, enum language language, enum text text,
              const struct text_arg *args, size_t arg_count) {
    gb_assert(rows[text].kind != KIND_COUNT);
    form_put(buf, &texts->forms[language][text][0], rows[text].kind == KIND_HTML, args, arg_count);
}

struct str text_fill(struct arena *arena, const struct texts *texts, enum language language,
                     enum text text, const struct text_arg *args, size_t arg_count) {
    struct buf buf;
    buf_init(&buf, arena, TEXT_BYTES_MAX);
    text_put(&buf, texts, language, text, args, arg_count);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

struct str text_get(const struct texts *texts, enum language language, enum text text) {
    gb_assert(!text_is_template(text));
    return texts->forms[language][text][0].whole;
}

struct str text_count(struct arena *arena, const struct texts *texts, enum language language,
                      enum text text, int64_t n) {
    gb_assert(rows[text].kind == KIND_COUNT && n >= 0);
    struct buf number;
    buf_init(&number, arena, 24);
    buf_add_i64(&number, n);
    const struct text_arg arg = {PARAM_N, buf_str(&number)};
    struct buf buf;
    buf_init(&buf, arena, TEXT_BYTES_MAX);
    form_put(&buf, &texts->forms[language][text][languages[language].form_of(n)], false, &arg, 1);
    return buf_str(&buf);
}

enum gb_err text_find(const char *key, enum text *ret_text) {
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        if (strcmp(rows[i].key, key) == 0) {
            *ret_text = (enum text)i;
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

const char *text_key(enum text text) {
    return rows[text].key;
}

bool text_is_template(enum text text) {
    return rows[text].params[0] != '\0';
}

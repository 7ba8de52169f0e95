/* bot_api.c: the table of bot_api.def, and the reader of its lines.
 *
 * A slip in the table is a slip of its generator: it is asserted, not reported.
 */
#include "sandbox/bot_api.h"

#include "base/num.h"

/* Each line with its lengths, so that looking for a name touches no text of other lines. */
static const struct line {
    const char *text;
    size_t name_bytes, bytes;
} lines[] = {
#define API_LINE(name, text) {#name " " text, sizeof #name - 1, sizeof(#name " " text) - 1},
#include "sandbox/bot_api.def"
#undef API_LINE
};

static struct api_line split_line(struct str text) {
    struct api_line line = {.rest = text};
    (void)str_split(&line.rest, ' ', &line.name); /* every line has a name and a kind */
    (void)str_split(&line.rest, ' ', &line.kind);
    return line;
}

/* Methods begin with a small letter, types with a capital: one list serves both. */
static bool find_line(struct str name, bool any_case, struct api_line *ret_line) {
    for (size_t i = 0; i < GB_COUNT(lines); i++) {
        struct str key = {lines[i].text, lines[i].name_bytes};
        if (key.n == name.n && (any_case ? str_equal_nocase(key, name) : str_equal(key, name))) {
            *ret_line = split_line((struct str){lines[i].text, lines[i].bytes});
            return true;
        }
    }
    return false;
}

bool api_find_method(struct str name, struct api_line *ret_line) {
    return find_line(name, true, ret_line) &&
           (str_is(ret_line->kind, "true") || str_is(ret_line->kind, "other"));
}

bool api_find_type(struct str name, struct api_line *ret_line) {
    return find_line(name, false, ret_line) &&
           (str_is(ret_line->kind, "object") || str_is(ret_line->kind, "union"));
}

static enum api_type type_of(struct str name) {
    static const char *const names[] = {
        [API_TEXT] = "text", [API_INT] = "int",   [API_FLOAT] = "float", [API_BOOL] = "bool",
        [API_FILE] = "file", [API_CHAT] = "chat", [API_MEDIA] = "media",
    };
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        if (str_is(name, names[i])) {
            return (enum api_type)i;
        }
    }
    return API_NAMED;
}

/* "<1-64b>" */
static void read_bounds(struct str text, struct api_field *field) {
    static const char units[] = "bcptir";
    static const enum api_limit limits[] = {API_BYTES, API_CHARS, API_PARSED,
                                            API_TOKEN, API_ITEMS, API_RANGE};
    size_t dash = str_find(text, '-');
    gb_assert(text.n >= 5 && dash < text.n && text.p[text.n - 1] == '>');
    const char *unit = strchr(units, text.p[text.n - 2]);
    gb_assert(unit != NULL);
    field->limit = limits[unit - units];
    enum gb_err low = num_i64(str_sub(text, 1, dash - 1), 0, INT32_MAX, &field->low);
    enum gb_err high =
        num_i64(str_sub(text, dash + 1, text.n - dash - 3), 0, INT32_MAX, &field->high);
    gb_assert(low == GB_OK && high == GB_OK);
}

static void read_type(struct str text, struct api_field *field) {
    size_t end = 0;
    while (end < text.n && text.p[end] != '<' && text.p[end] != '{') {
        end++;
    }
    struct str type = str_sub(text, 0, end);
    struct str limit = str_sub(text, end, text.n);
    while (str_ends(type, STR("[]"))) {
        type = str_sub(type, 0, type.n - 2);
        field->depth++;
    }
    field->type = type_of(type);
    field->type_name = type;
    if (str_starts(limit, STR("{"))) {
        field->limit = API_WORDS;
        field->words = str_sub(limit, 1, limit.n - 2);
    } else if (limit.n > 0) {
        read_bounds(limit, field);
    }
}

/* The next word; one that names a set is replaced by what the set holds. Sets hold no sets. */
static bool next_word(struct api_line *line, struct str *ret_word) {
    struct api_line set;
    if (line->of_set.n > 0) {
        return str_split(&line->of_set, ' ', ret_word);
    }
    if (line->rest.n == 0 || !str_split(&line->rest, ' ', ret_word)) {
        return false;
    }
    if (!str_starts(*ret_word, STR("set_"))) {
        return true;
    }
    bool found = find_line(*ret_word, false, &set);
    gb_assert(found);
    line->of_set = set.rest;
    return str_split(&line->of_set, ' ', ret_word);
}

bool api_next(struct api_line *line, struct api_field *ret_field) {
    struct str piece;
    if (!next_word(line, &piece)) {
        return false;
    }
    *ret_field = (struct api_field){0};
    size_t colon = str_find(piece, ':');
    if (colon < piece.n) {
        struct str name = str_sub(piece, 0, colon);
        ret_field->required = str_ends(name, STR("!"));
        ret_field->name = str_sub(name, 0, name.n - (ret_field->required ? 1 : 0));
        piece = str_sub(piece, colon + 1, piece.n);
    }
    read_type(piece, ret_field);
    return true;
}

bool api_field(struct api_line line, struct str name, struct api_field *ret_field) {
    while (api_next(&line, ret_field)) {
        if (str_equal(ret_field->name, name)) {
            return true;
        }
    }
    return false;
}

bool api_word(struct str words, struct str word) {
    struct str one;
    while (str_split(&words, '|', &one)) {
        if (str_equal(one, word)) {
            return true;
        }
    }
    return false;
}

int api_update_kind(struct str name) {
    struct api_line line = {0};
    bool found = find_line(STR("Update"), false, &line);
    gb_assert(found);
    struct str one;
    for (int i = 0; i < 64 && str_split(&line.rest, ' ', &one); i++) {
        if (str_equal(one, name)) {
            return i;
        }
    }
    return -1;
}

uint64_t api_update_default(void) {
    uint64_t asked_for = 0;
    static const char *const names[] = {"chat_member", "message_reaction",
                                        "message_reaction_count"};
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        int kind = api_update_kind(str_of(names[i]));
        gb_assert(kind >= 0);
        asked_for |= UINT64_C(1) << kind;
    }
    return ~asked_for;
}

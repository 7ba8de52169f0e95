/* entities.c: one pass over the bytes with a stack of open tags.
 *
 * An entity is made when its tag closes, inner ones first; they are sorted at the end. The words of
 * the errors are the server's own.
 */
#include "sandbox/entities.h"

#include "base/arena.h"
#include "base/json.h"

#define DEPTH_MAX    256
#define ENTITIES_MAX 512

struct tag {
    const char *name;
    const char *type;      /* of the entity it makes */
    const char *attribute; /* whose value is kept */
    const char *extra_key;
};

static const struct tag tags[] = {
    {"a", "text_link", "href", "url"},
    {"b", "bold", NULL, NULL},
    {"strong", "bold", NULL, NULL},
    {"i", "italic", NULL, NULL},
    {"em", "italic", NULL, NULL},
    {"s", "strikethrough", NULL, NULL},
    {"strike", "strikethrough", NULL, NULL},
    {"del", "strikethrough", NULL, NULL},
    {"u", "underline", NULL, NULL},
    {"ins", "underline", NULL, NULL},
    {"tg-spoiler", "spoiler", NULL, NULL},
    {"span", "spoiler", "class", NULL},
    {"tg-emoji", "custom_emoji", "emoji-id", "custom_emoji_id"},
    {"tg-time", "date_time", NULL, NULL},
    {"pre", "pre", NULL, "language"},
    {"code", "code", "class", NULL},
    {"blockquote", "blockquote", NULL, NULL},
};

struct open_tag {
    const struct tag *tag;
    size_t begin; /* of the text it covers */
    const char *type;
    struct str value; /* of the attribute */
};

struct parser {
    struct arena *arena;
    struct str in;
    size_t at;
    struct buf text;
    struct open_tag open[DEPTH_MAX];
    size_t depth;
    struct entity *entities;
    size_t count;
    struct str error;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char peek(const struct parser *p) {
    return p->at < p->in.n ? p->in.p[p->at] : '\0';
}

static void skip_blanks(struct parser *p) {
    while (p->at < p->in.n && is_blank(p->in.p[p->at])) {
        p->at++;
    }
}

static void put_utf8(struct buf *buf, uint32_t c) {
    if (c < 0x80) {
        buf_add_char(buf, (char)c);
        return;
    }
    if (c < 0x800) {
        buf_add_char(buf, (char)(0xc0 | (c >> 6)));
    } else {
        if (c < 0x10000) {
            buf_add_char(buf, (char)(0xe0 | (c >> 12)));
        } else {
            buf_add_char(buf, (char)(0xf0 | (c >> 18)));
            buf_add_char(buf, (char)(0x80 | ((c >> 12) & 0x3f)));
        }
        buf_add_char(buf, (char)(0x80 | ((c >> 6) & 0x3f)));
    }
    buf_add_char(buf, (char)(0x80 | (c & 0x3f)));
}

static int digit_of(char c, int base) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char low = (char)(c | 0x20);
    return base == 16 && low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* "&#65;" "&#x41": the code point and how many bytes it took; 0 when it is none. */
static size_t numeric_entity(struct str s, uint32_t *ret_code) {
    int base = s.n > 2 && s.p[2] == 'x' ? 16 : 10;
    size_t i = base == 16 ? 3 : 2;
    size_t first = i;
    uint32_t code = 0;
    for (; i < s.n && digit_of(s.p[i], base) >= 0; i++) {
        code = code > 0x110000 ? code : code * (uint32_t)base + (uint32_t)digit_of(s.p[i], base);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000;
    if (i == first || code == 0 || code >= 0x10ffff || surrogate) {
        return 0;
    }
    *ret_code = code;
    return i;
}

static size_t named_entity(struct str s, uint32_t *ret_code) {
    static const struct {
        struct str name;
        char value;
    } names[] = {{STR_INIT("lt"), '<'},
                 {STR_INIT("gt"), '>'},
                 {STR_INIT("amp"), '&'},
                 {STR_INIT("quot"), '"'}};
    size_t end = 1;
    while (end < s.n && is_letter(s.p[end])) {
        end++;
    }
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        if (str_equal(str_sub(s, 1, end - 1), names[i].name)) {
            *ret_code = (uint32_t)names[i].value;
            return end;
        }
    }
    return 0;
}

/* At a '&': put what it means and move on; a '&' that means nothing is text. */
static void read_reference(struct parser *p, struct buf *into, size_t end) {
    struct str s = str_sub(p->in, p->at, end - p->at);
    uint32_t code = 0;
    size_t used = s.n > 1 && s.p[1] == '#' ? numeric_entity(s, &code) : named_entity(s, &code);
    if (used == 0) {
        buf_add_char(into, '&');
        p->at++;
        return;
    }
    put_utf8(into, code);
    p->at += used + (used < s.n && s.p[used] == ';' ? 1 : 0);
}

static const struct tag *find_tag(struct str name) {
    for (size_t i = 0; i < GB_COUNT(tags); i++) {
        if (str_equal_nocase(name, str_of(tags[i].name))) {
            return &tags[i];
        }
    }
    return NULL;
}

static struct str lower(struct arena *arena, struct str s) {
    char *copy = arena_take(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        copy[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
    }
    return (struct str){copy, s.n};
}

/* Value behind '=': quoted, with references, or bare. */
static struct str attribute_value(struct parser *p) {
    struct buf value;
    buf_init(&value, p->arena, p->in.n + 1);
    char quote = peek(p);
    if (quote != '"' && quote != '\'') {
        size_t begin = p->at;
        while (p->at < p->in.n && !is_blank(peek(p)) && peek(p) != '>' && peek(p) != '/' &&
               peek(p) != '"' && peek(p) != '\'') {
            p->at++;
        }
        return str_sub(p->in, begin, p->at - begin);
    }
    p->at++;
    size_t end = p->at;
    while (end < p->in.n && p->in.p[end] != quote) {
        end++;
    }
    while (p->at < end) {
        if (peek(p) == '&') {
            read_reference(p, &value, end);
        } else {
            buf_add_char(&value, p->in.p[p->at++]);
        }
    }
    p->at = GB_MIN(end + 1, p->in.n);
    return buf_str(&value);
}

static bool ends_attribute_name(char c) {
    return is_blank(c) || c == '=' || c == '>' || c == '/' || c == '"' || c == '\'';
}

/* Attributes up to '>'; keeps the one the tag asks for. */
static bool read_attributes(struct parser *p, struct open_tag *open, size_t tag_at) {
    const char *name = open->tag->name;
    for (skip_blanks(p); peek(p) != '>'; skip_blanks(p)) {
        if (p->at >= p->in.n) {
            p->error = arena_printf(p->arena, "Unclosed start tag \"%s\" at byte offset %zu", name,
                                    tag_at);
            return false;
        }
        size_t begin = p->at;
        while (p->at < p->in.n && !ends_attribute_name(peek(p))) {
            p->at++;
        }
        struct str attribute = str_sub(p->in, begin, p->at - begin);
        if (attribute.n == 0) {
            p->error =
                arena_printf(p->arena, "Empty attribute name in the tag \"%s\" at byte offset %zu",
                             name, tag_at);
            return false;
        }
        struct str value = STR_NONE;
        skip_blanks(p);
        if (peek(p) == '=') {
            p->at++;
            skip_blanks(p);
            value = attribute_value(p);
        }
        if (open->tag->attribute != NULL &&
            str_equal_nocase(attribute, str_of(open->tag->attribute))) {
            open->value = value;
        } else if (str_is(str_of(name), "blockquote") &&
                   str_equal_nocase(attribute, STR("expandable"))) {
            open->type = "expandable_blockquote";
        }
    }
    p->at++;
    return true;
}

static void read_start(struct parser *p) {
    size_t tag_at = p->at++;
    size_t begin = p->at;
    while (p->at < p->in.n && !is_blank(peek(p)) && peek(p) != '>') {
        p->at++;
    }
    struct str name = str_sub(p->in, begin, p->at - begin);
    if (p->at >= p->in.n) {
        p->error = arena_printf(p->arena, "Unclosed start tag at byte offset %zu", tag_at);
        return;
    }
    const struct tag *tag = find_tag(name);
    if (tag == NULL || p->depth == DEPTH_MAX) {
        p->error =
            arena_printf(p->arena, "Unsupported start tag \"" STR_FMT "\" at byte offset %zu",
                         STR_ARG(lower(p->arena, name)), tag_at);
        return;
    }
    struct open_tag *open = &p->open[p->depth];
    *open = (struct open_tag){.tag = tag, .begin = p->text.n, .type = tag->type};
    if (!read_attributes(p, open, tag_at)) {
        return;
    }
    if (str_is(str_of(tag->name), "span") && !str_is(open->value, "tg-spoiler")) {
        p->error = arena_printf(
            p->arena, "Tag \"span\" must have class \"tg-spoiler\" at byte offset %zu", tag_at);
        return;
    }
    p->depth++;
}

/* <pre><code class="language-x"> is one entity. */
static bool merge_into_code(struct parser *p, const struct open_tag *open) {
    if (p->count == 0 || !str_is(str_of(open->type), "pre")) {
        return false;
    }
    struct entity *last = &p->entities[p->count - 1];
    if (!str_is(str_of(last->type), "code") || last->begin != open->begin ||
        last->end != p->text.n || !str_starts(last->extra, STR("language-"))) {
        return false;
    }
    last->type = "pre";
    last->extra_key = "language";
    last->extra = str_sub(last->extra, strlen("language-"), last->extra.n);
    return true;
}

static void close_tag(struct parser *p) {
    const struct open_tag *open = &p->open[--p->depth];
    if (open->begin == p->text.n || merge_into_code(p, open) || p->count == ENTITIES_MAX) {
        return;
    }
    struct entity entity = {open->type, open->begin, p->text.n, open->tag->extra_key, open->value};
    if (str_is(str_of(entity.type), "text_link") && entity.extra.n == 0) {
        entity.extra =
            arena_copy(p->arena, str_sub(buf_str(&p->text), open->begin, p->text.n - open->begin));
    }
    p->entities[p->count++] = entity;
}

static void read_end(struct parser *p) {
    size_t tag_at = p->at;
    p->at += 2;
    size_t begin = p->at;
    while (p->at < p->in.n && !is_blank(peek(p)) && peek(p) != '>') {
        p->at++;
    }
    struct str name = lower(p->arena, str_sub(p->in, begin, p->at - begin));
    if (p->depth == 0) {
        p->error = arena_printf(p->arena, "Unexpected end tag at byte offset %zu", tag_at);
        return;
    }
    skip_blanks(p);
    if (peek(p) != '>') {
        p->error = arena_printf(p->arena, "Unclosed end tag at byte offset %zu", tag_at);
        return;
    }
    const char *expected = p->open[p->depth - 1].tag->name;
    if (name.n > 0 && !str_is(name, expected)) {
        p->error = arena_printf(p->arena,
                                "Unmatched end tag at byte offset %zu, expected \"</%s>\", found "
                                "\"</" STR_FMT ">\"",
                                tag_at, expected, STR_ARG(name));
        return;
    }
    p->at++;
    close_tag(p);
}

static void sort_entities(struct entity *list, size_t count) {
    for (size_t i = 1; i < count; i++) {
        struct entity one = list[i];
        size_t j = i;
        while (j > 0 && (list[j - 1].begin > one.begin ||
                         (list[j - 1].begin == one.begin && list[j - 1].end < one.end))) {
            list[j] = list[j - 1];
            j--;
        }
        list[j] = one;
    }
}

/* Cut blanks at both ends and move the entities along. */
static size_t trim(struct str all, struct str *ret_text, struct entity *list, size_t count) {
    struct str text = str_trim(all);
    size_t cut = text.n > 0 ? (size_t)(text.p - all.p) : 0;
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        struct entity one = list[i];
        one.begin = one.begin > cut ? one.begin - cut : 0;
        one.end = GB_MIN(one.end > cut ? one.end - cut : 0, text.n);
        if (one.begin < one.end) {
            list[left++] = one;
        }
    }
    *ret_text = text;
    return left;
}

void entities_parse(struct arena *arena, struct str html, struct parsed_text *ret_parsed) {
    struct parser *p = ARENA_NEW(arena, struct parser);
    p->arena = arena;
    p->in = html;
    p->entities = ARENA_ARRAY(arena, struct entity, ENTITIES_MAX);
    buf_init(&p->text, arena, html.n + 1);
    while (p->at < html.n && p->error.n == 0) {
        char c = peek(p);
        if (c == '&') {
            read_reference(p, &p->text, html.n);
        } else if (c != '<') {
            buf_add_char(&p->text, c);
            p->at++;
        } else if (p->at + 1 < html.n && html.p[p->at + 1] == '/') {
            read_end(p);
        } else {
            read_start(p);
        }
    }
    if (p->error.n == 0 && p->depth > 0) {
        p->error = arena_printf(arena, "Can't find end tag corresponding to start tag \"%s\"",
                                p->open[p->depth - 1].tag->name);
    }
    sort_entities(p->entities, p->count);
    *ret_parsed = (struct parsed_text){.error = p->error, .entities = p->entities};
    ret_parsed->count = trim(buf_str(&p->text), &ret_parsed->text, p->entities, p->count);
}

void entities_plain(struct str text, struct parsed_text *ret_parsed) {
    *ret_parsed = (struct parsed_text){.text = str_trim(text)};
}

static int64_t utf16_units(struct str s) {
    int64_t units = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        units += (c & 0xc0) == 0x80 ? 0 : c >= 0xf0 ? 2 : 1;
    }
    return units;
}

void entities_write(struct json_out *out, const char *key, const struct parsed_text *parsed) {
    if (parsed->count == 0) {
        return;
    }
    json_open_array(out, key);
    for (size_t i = 0; i < parsed->count; i++) {
        const struct entity *e = &parsed->entities[i];
        json_open_object(out, NULL);
        json_put_i64(out, "offset", utf16_units(str_sub(parsed->text, 0, e->begin)));
        json_put_i64(out, "length",
                     utf16_units(str_sub(parsed->text, e->begin, e->end - e->begin)));
        json_put_text(out, "type", e->type);
        if (e->extra_key != NULL && e->extra.n > 0) {
            json_put_str(out, e->extra_key, e->extra);
        }
        json_close(out);
    }
    json_close(out);
}

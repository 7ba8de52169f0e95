/* json.c: the door to cJSON.
 *
 * cJSON allocates through two plain hooks; while a document is parsed they take from its arena. A
 * tree is only read afterwards, so nothing is ever freed. The one thing cJSON takes and gives back
 * on the way, a copy of each number's digits, stays too: remembering it cost more than its 16
 * bytes.
 *
 * cJSON's texts end at their first 0. A document that has one, raw or as \u0000, is refused: what
 * was checked would else not be what was sent.
 */
#include "base/json.h"

#include "base/arena.h"
#include "base/base.h"

#include <cJSON.h>

#define DEPTH_MAX   64                 /* bits of json_out.arrays; cJSON is built with this limit */
#define EXACT_BELOW 9007199254740992.0 /* 2^53 */

#define TEXT_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define REPLACEMENT    STR("\xEF\xBF\xBD") /* U+FFFD */

/* Where cJSON's memory comes from during json_parse. */
static struct arena *parse_arena;
static size_t parse_reserve; /* what the tree must leave there */

/* A node is some thirty times as large as the "[]," it stands for, and the text is foreign: what
 * takes too much is refused, since an arena that is full ends the program. */
static void *hook_take(size_t bytes) {
    gb_assert(parse_arena != NULL);
    bool fits = arena_left_bytes(parse_arena) >= parse_reserve + bytes;
    return fits ? arena_take(parse_arena, bytes) : NULL;
}

static void hook_give(void *piece) {
    (void)piece;
}

/* struct json is cJSON's node under a name of ours. */
static const cJSON *node_of(const struct json *value) {
    return (const cJSON *)(const void *)value;
}

static const struct json *json_of(const cJSON *node) {
    return (const struct json *)(const void *)node;
}

/* Where the first 0 is or would be decoded; text.n when there is none. */
static size_t find_zero(struct str text) {
    size_t raw = str_find(text, '\0');
    for (size_t from = 0; from < raw;) {
        size_t at = from + str_find_str(str_sub(text, from, raw - from), STR("\\u0000"));
        size_t slashes = 0;
        while (at < raw && slashes < at && text.p[at - slashes - 1] == '\\') {
            slashes++;
        }
        if (at < raw && slashes % 2 == 0) {
            return at;
        }
        from = at + 1;
    }
    return raw;
}

/* NULL unless the whole text is one document. */
static const cJSON *parse_whole(struct str text, size_t *ret_stopped) {
    const char *end = text.p;
    const cJSON *root = cJSON_ParseWithLengthOpts(text.p, text.n, &end, 0);
    *ret_stopped = end >= text.p ? GB_MIN((size_t)(end - text.p), text.n) : 0;
    struct str behind = str_trim(str_sub(text, *ret_stopped, text.n));
    if (root != NULL && behind.n > 0) {
        *ret_stopped = (size_t)(behind.p - text.p);
        return NULL;
    }
    return root;
}

enum gb_err json_parse(struct arena *arena, struct str text, const struct json **ret_root,
                       size_t *reterr_offset) {
    size_t stopped = find_zero(text);
    const cJSON *root = NULL;
    if (text.n > 0 && stopped == text.n) {
        struct arena_mark mark = arena_mark(arena);
        cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = hook_take, .free_fn = hook_give});
        parse_arena = arena;
        parse_reserve = arena_left_bytes(arena) / 2;
        root = parse_whole(text, &stopped);
        parse_arena = NULL;
        if (root == NULL) {
            arena_reset(arena, mark);
        }
    }
    if (root == NULL) {
        if (reterr_offset != NULL) {
            *reterr_offset = stopped;
        }
        return GB_INVALID;
    }
    *ret_root = json_of(root);
    return GB_OK;
}

static const cJSON *member_of(const cJSON *object, struct str name) {
    const cJSON *member = object->child;
    while (member != NULL &&
           (strncmp(member->string, name.p, name.n) != 0 || member->string[name.n] != '\0')) {
        member = member->next;
    }
    return member;
}

static const cJSON *item_of(const cJSON *array, struct str number) {
    size_t index = 0;
    if (number.n == 0) {
        return NULL;
    }
    for (size_t i = 0; i < number.n; i++) {
        if (number.p[i] < '0' || number.p[i] > '9' || index > SIZE_MAX / 20) {
            return NULL;
        }
        index = 10 * index + (size_t)(number.p[i] - '0');
    }
    const cJSON *item = array->child;
    while (item != NULL && index > 0) {
        item = item->next;
        index--;
    }
    return item;
}

const struct json *json_at(const struct json *value, const char *path) {
    const cJSON *node = node_of(value);
    while (node != NULL && *path != '\0') {
        struct str step = {path, strcspn(path, ".")};
        path += step.n + (path[step.n] == '.');
        node = cJSON_IsObject(node)  ? member_of(node, step)
               : cJSON_IsArray(node) ? item_of(node, step)
                                     : NULL;
    }
    return node != NULL && !cJSON_IsNull(node) ? json_of(node) : NULL;
}

bool json_is_object(const struct json *value) {
    return cJSON_IsObject(node_of(value)) != 0;
}

bool json_is_array(const struct json *value) {
    return cJSON_IsArray(node_of(value)) != 0;
}

const struct json *json_first(const struct json *container) {
    return container != NULL ? json_of(node_of(container)->child) : NULL;
}

const struct json *json_next(const struct json *item) {
    return item != NULL ? json_of(node_of(item)->next) : NULL;
}

struct str json_name(const struct json *member) {
    return member != NULL ? str_of(node_of(member)->string) : STR_NONE;
}

size_t json_size(const struct json *container) {
    size_t size = 0;
    for (const struct json *item = json_first(container); item != NULL; item = json_next(item)) {
        size++;
    }
    return size;
}

bool json_str(const struct json *value, const char *path, struct str *ret_text) {
    const cJSON *node = node_of(json_at(value, path));
    if (!cJSON_IsString(node)) {
        return false;
    }
    *ret_text = str_of(node->valuestring);
    return true;
}

bool json_i64(const struct json *value, const char *path, int64_t *ret_number) {
    double number;
    if (!json_number(value, path, &number) || !(number > -EXACT_BELOW && number < EXACT_BELOW) ||
        (double)(int64_t)number != number) {
        return false;
    }
    *ret_number = (int64_t)number;
    return true;
}

bool json_number(const struct json *value, const char *path, double *ret_number) {
    const cJSON *node = node_of(json_at(value, path));
    if (!cJSON_IsNumber(node)) {
        return false;
    }
    *ret_number = node->valuedouble;
    return true;
}

bool json_bool(const struct json *value, const char *path, bool *ret_flag) {
    const cJSON *node = node_of(json_at(value, path));
    if (!cJSON_IsBool(node)) {
        return false;
    }
    *ret_flag = cJSON_IsTrue(node) != 0;
    return true;
}

struct str json_str_or(const struct json *value, const char *path, struct str fallback) {
    (void)json_str(value, path, &fallback); /* false leaves the fallback */
    return fallback;
}

int64_t json_i64_or(const struct json *value, const char *path, int64_t fallback) {
    (void)json_i64(value, path, &fallback); /* false leaves the fallback */
    return fallback;
}

bool json_bool_or(const struct json *value, const char *path, bool fallback) {
    (void)json_bool(value, path, &fallback); /* false leaves the fallback */
    return fallback;
}

void json_begin(struct json_out *out, struct buf *buf) {
    *out = (struct json_out){.buf = buf};
}

/* What comes before a value: the comma, and the key inside objects. */
static void put_key(struct json_out *out, const char *key) {
    bool in_array = out->depth == 0 || (out->arrays >> (out->depth - 1) & 1) != 0;
    gb_assert(in_array == (key == NULL));
    if (out->comma) {
        buf_add_char(out->buf, ',');
    }
    out->comma = true;
    if (key != NULL) {
        json_quote(out->buf, str_of(key));
        buf_add_char(out->buf, ':');
    }
}

static void open_container(struct json_out *out, const char *key, bool array) {
    gb_assert(out->depth < DEPTH_MAX);
    put_key(out, key);
    uint64_t bit = UINT64_C(1) << out->depth;
    out->arrays = array ? out->arrays | bit : out->arrays & ~bit;
    out->depth++;
    out->comma = false;
    buf_add_char(out->buf, array ? '[' : '{');
}

void json_open_object(struct json_out *out, const char *key) {
    open_container(out, key, false);
}

void json_open_array(struct json_out *out, const char *key) {
    open_container(out, key, true);
}

void json_close(struct json_out *out) {
    gb_assert(out->depth > 0);
    out->depth--;
    out->comma = true;
    buf_add_char(out->buf, (out->arrays >> out->depth & 1) != 0 ? ']' : '}');
}

void json_put_str(struct json_out *out, const char *key, struct str text) {
    put_key(out, key);
    json_quote(out->buf, text);
}

void json_put_text(struct json_out *out, const char *key, const char *text) {
    json_put_str(out, key, str_of(text));
}

void json_put_i64(struct json_out *out, const char *key, int64_t number) {
    put_key(out, key);
    buf_add_i64(out->buf, number);
}

void json_put_bool(struct json_out *out, const char *key, bool flag) {
    put_key(out, key);
    buf_add(out->buf, flag ? STR("true") : STR("false"));
}

void json_put_null(struct json_out *out, const char *key) {
    put_key(out, key);
    buf_add(out->buf, STR("null"));
}

void json_put_raw(struct json_out *out, const char *key, struct str json) {
    gb_assert(json.n > 0);
    put_key(out, key);
    buf_add(out->buf, json);
}

static bool is_plain_ascii(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Half of what the bot writes is Russian: worth asking before the general utf8_step. */
static bool is_two_byte_letter(const unsigned char *p, size_t left) {
    return left >= 2 && p[0] >= 0xC2 && p[0] < 0xE0 && (p[1] & 0xC0) == 0x80;
}

/* How many bytes from `from` on may stand in a JSON string as they are. */
static size_t plain_run(struct str text, size_t from) {
    const unsigned char *p = (const unsigned char *)text.p;
    size_t at = from;
    while (at < text.n) {
        if (is_plain_ascii(p[at])) {
            at++;
        } else if (is_two_byte_letter(p + at, text.n - at)) {
            at += 2;
        } else {
            size_t n = p[at] >= 0x80 ? utf8_step(str_sub(text, at, 4)) : 0;
            if (n == 0) {
                break;
            }
            at += n;
        }
    }
    return at - from;
}

static void put_escape(struct buf *buf, char c) {
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = c != '\0' ? strchr(named, c) : NULL;
    if (at != NULL) {
        const char escape[2] = {'\\', letters[at - named]};
        buf_add(buf, (struct str){escape, sizeof escape});
    } else if ((unsigned char)c < 0x20) {
        buf_printf(buf, "\\u%04x", (unsigned)c);
    } else {
        buf_add(buf, REPLACEMENT);
    }
}

void json_quote(struct buf *buf, struct str text) {
    buf_add_char(buf, '"');
    for (size_t at = 0; at < text.n;) {
        size_t run = plain_run(text, at);
        buf_add(buf, str_sub(text, at, run));
        at += run;
        if (at < text.n) {
            put_escape(buf, text.p[at++]);
        }
    }
    buf_add_char(buf, '"');
}

/* The shortest text that reads back as the same number. */
static void put_number(struct buf *buf, double number) {
    if (number > -EXACT_BELOW && number < EXACT_BELOW && (double)(int64_t)number == number) {
        buf_add_i64(buf, (int64_t)number);
    } else if (number - number == 0) {
        char text[32];
        int n = snprintf(text, sizeof text, "%.15g", number);
        if (strtod(text, NULL) != number) {
            n = snprintf(text, sizeof text, "%.17g", number);
        }
        buf_add(buf, (struct str){text, (size_t)n});
    } else {
        buf_add(buf, STR("null")); /* 1e999 was read as infinity, which JSON cannot say */
    }
}

/* Recursion: as deep as json_parse lets a tree be. */
static void put_value(struct json_out *out, const char *key, const cJSON *node) {
    if (cJSON_IsObject(node) || cJSON_IsArray(node)) {
        bool array = cJSON_IsArray(node) != 0;
        open_container(out, key, array);
        for (const cJSON *child = node->child; child != NULL; child = child->next) {
            put_value(out, array ? NULL : child->string, child);
        }
        json_close(out);
    } else if (cJSON_IsString(node)) {
        json_put_text(out, key, node->valuestring);
    } else if (cJSON_IsNumber(node)) {
        put_key(out, key);
        put_number(out->buf, node->valuedouble);
    } else if (cJSON_IsBool(node)) {
        json_put_bool(out, key, cJSON_IsTrue(node) != 0);
    } else {
        json_put_null(out, key);
    }
}

struct str json_text(struct arena *arena, const struct json *value) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, TEXT_BYTES_MAX);
    json_begin(&out, &buf);
    if (value != NULL) {
        put_value(&out, NULL, node_of(value));
    } else {
        json_put_null(&out, NULL);
    }
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

/* Above U+FFFF: a pair of surrogates. */
static void add_escaped(struct buf *buf, struct str letter) {
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p = (const unsigned char *)letter.p;
    uint32_t code = p[0] & first_bits[letter.n];
    for (size_t i = 1; i < letter.n; i++) {
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code > 0xffff) {
        buf_printf(buf, "\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)));
        code = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    buf_printf(buf, "\\u%04x", (unsigned)code);
}

struct str json_escape_ascii(struct arena *arena, struct str json) {
    struct buf buf;
    buf_init(&buf, arena, 6 * json.n + 1);
    while (json.n > 0) {
        size_t n = utf8_step(json);
        if (n > 1) {
            add_escaped(&buf, str_sub(json, 0, n));
        } else { /* what is no UTF-8 stays as it is */
            n = 1;
            buf_add_char(&buf, json.p[0]);
        }
        json = str_sub(json, n, json.n);
    }
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

/* str.c: views and the growing buffer.
 *
 * UTF-8 is decoded in one place, utf8_step, after table 3-7 of the Unicode standard. Bytes that are
 * no UTF-8 count as one code point each, so that a cut never runs past the end.
 */
#include "base/str.h"

#include "base/arena.h"
#include "base/base.h"

#include <stdarg.h>

#define FIRST_CAPACITY 128

struct str str_of(const char *text) {
    return text != NULL ? (struct str){text, strlen(text)} : STR_NONE;
}

bool str_equal(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *text) {
    return str_equal(a, str_of(text));
}

int str_compare(struct str a, struct str b) {
    size_t shared = GB_MIN(a.n, b.n);
    int order = shared > 0 ? memcmp(a.p, b.p, shared) : 0;
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix) {
    return s.n >= prefix.n && str_equal(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix) {
    return s.n >= suffix.n && str_equal(str_sub(s, s.n - suffix.n, suffix.n), suffix);
}

struct str str_sub(struct str s, size_t from, size_t n) {
    if (s.p == NULL) {
        return STR_NONE;
    }
    from = GB_MIN(from, s.n);
    return (struct str){s.p + from, GB_MIN(n, s.n - from)};
}

size_t str_find(struct str s, char byte) {
    const char *at = s.n > 0 ? memchr(s.p, byte, s.n) : NULL;
    return at != NULL ? (size_t)(at - s.p) : s.n;
}

size_t str_find_str(struct str s, struct str needle) {
    if (needle.n == 0) {
        return 0;
    }
    const char *at = s.n > 0 ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at != NULL ? (size_t)(at - s.p) : s.n;
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s) {
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

bool str_split(struct str *rest, char sep, struct str *ret_piece) {
    if (rest->p == NULL) {
        return false;
    }
    size_t at = str_find(*rest, sep);
    *ret_piece = (struct str){rest->p, at};
    *rest = at < rest->n ? (struct str){rest->p + at + 1, rest->n - at - 1} : STR_NONE;
    return true;
}

static unsigned char lower(char c) {
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

bool str_equal_nocase(struct str a, struct str b) {
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

size_t utf8_step(struct str s) {
    if (s.n == 0) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)s.p;
    if (p[0] < 0x80) {
        return 1;
    }
    size_t n = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (n == 0 || s.n < n) {
        return 0;
    }
    /* The second byte's range keeps out overlong forms, surrogates and what is past U+10FFFF. */
    unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return n;
}

/* How many bytes at the start are ASCII: eight at a time. */
static size_t ascii_run(struct str s) {
    size_t i = 0;
    for (; s.n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, s.p + i, 8);
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    while (i < s.n && (unsigned char)s.p[i] < 0x80) {
        i++;
    }
    return i;
}

bool utf8_is_valid(struct str s) {
    while (s.n > 0) {
        size_t n = ascii_run(s);
        if (n == 0) {
            n = utf8_step(s);
        }
        if (n == 0) {
            return false;
        }
        s = (struct str){s.p + n, s.n - n};
    }
    return true;
}

size_t utf8_length(struct str s) {
    size_t length = 0;
    for (size_t at = 0; at < s.n; length++) {
        at += GB_MAX(utf8_step(str_sub(s, at, 4)), 1);
    }
    return length;
}

struct str utf8_cut(struct str s, size_t count) {
    size_t at = 0;
    for (; at < s.n && count > 0; count--) {
        at += GB_MAX(utf8_step(str_sub(s, at, 4)), 1);
    }
    return str_sub(s, 0, at);
}

void buf_init(struct buf *b, struct arena *arena, size_t max_bytes) {
    *b = (struct buf){.arena = arena, .max = max_bytes};
}

/* Larger, where it is or somewhere else. The maximum has been looked at. */
static void buf_grow(struct buf *b, size_t more) {
    size_t want = GB_MAX(b->n + more, GB_MAX(2 * b->capacity, (size_t)FIRST_CAPACITY));
    want = GB_MIN(want, b->max);
    if (b->p == NULL) {
        b->p = arena_take(b->arena, want);
    } else if (!arena_grow(b->arena, b->p, b->capacity, want)) {
        b->p = memcpy(arena_take(b->arena, want), b->p, b->n);
    }
    b->capacity = want;
}

/* Room for `more` bytes behind what is there; false once the maximum is passed. */
static bool buf_reserve(struct buf *b, size_t more) {
    if (b->failed || more > b->max - b->n) {
        b->failed = true;
        return false;
    }
    if (more > b->capacity - b->n) {
        buf_grow(b, more);
    }
    return true;
}

void buf_add(struct buf *b, struct str s) {
    if (s.n > 0 && buf_reserve(b, s.n)) {
        memcpy(b->p + b->n, s.p, s.n);
        b->n += s.n;
    }
}

void buf_add_text(struct buf *b, const char *text) {
    buf_add(b, str_of(text));
}

void buf_add_char(struct buf *b, char c) {
    if (buf_reserve(b, 1)) {
        b->p[b->n++] = c;
    }
}

void buf_add_i64(struct buf *b, int64_t v) {
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (v < 0) {
        digits[--at] = '-';
    }
    buf_add(b, (struct str){digits + at, sizeof digits - at});
}

void buf_add_hex64(struct buf *b, uint64_t v) {
    char digits[16];
    for (size_t i = sizeof digits; i-- > 0; v >>= 4) {
        digits[i] = "0123456789abcdef"[v & 15];
    }
    buf_add(b, (struct str){digits, sizeof digits});
}

void buf_printf(struct buf *b, const char *format, ...) {
    char brief[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(brief, sizeof brief, format, args);
    va_end(args);
    gb_assert(n >= 0);
    size_t bytes = (size_t)n;
    if (bytes < sizeof brief) {
        buf_add(b, (struct str){brief, bytes});
    } else if (buf_reserve(b, bytes)) {
        /* vsnprintf ends with a 0 that must not need room in the buffer. */
        struct arena_mark mark = arena_mark(b->arena);
        char *whole = arena_take(b->arena, bytes + 1);
        n = vsnprintf(whole, bytes + 1, format, again);
        gb_assert(n >= 0 && (size_t)n == bytes);
        memcpy(b->p + b->n, whole, bytes);
        b->n += bytes;
        arena_reset(b->arena, mark);
    }
    va_end(again);
}

struct str buf_str(const struct buf *b) {
    return (struct str){b->p, b->n};
}

enum gb_err buf_end(const struct buf *b, struct str *ret_text) {
    if (b->failed) {
        return GB_NO_SPACE;
    }
    *ret_text = buf_str(b);
    return GB_OK;
}

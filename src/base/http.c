/* http.c: the small codings every codec needs: percent-encoding and form parameters. */
#include "base/http.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/num.h"

static bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void http_encode(struct buf *buf, struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (is_unreserved(s.p[i])) {
            buf_add_char(buf, s.p[i]);
            continue;
        }
        unsigned char byte = (unsigned char)s.p[i];
        const char hex[] = "0123456789ABCDEF";
        const char escape[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        buf_add(buf, (struct str){escape, sizeof escape});
    }
}

enum gb_err http_decode(struct arena *arena, struct str s, struct str *ret_text) {
    char *text = arena_take(arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] == '+' ? ' ' : s.p[i];
        if (c == '%') {
            uint64_t byte;
            struct str digits = str_sub(s, i + 1, 2);
            if (digits.n != 2 || num_hex64(digits, &byte) != GB_OK) {
                return GB_INVALID;
            }
            c = (char)(unsigned char)byte;
            i += 2;
        }
        text[n++] = c;
    }
    text[n] = '\0';
    *ret_text = (struct str){text, n};
    return GB_OK;
}

const char *http_method_name(enum http_method method) {
    static const char *const names[] = {
        [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
        [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OTHER] = "OTHER",
    };
    gb_assert((size_t)method < GB_COUNT(names));
    return names[method];
}

bool http_param(struct arena *arena, struct str encoded, struct str name, struct str *ret_value) {
    struct str pair;
    while (str_split(&encoded, '&', &pair)) {
        size_t equals = str_find(pair, '=');
        struct str key, value;
        if (http_decode(arena, str_sub(pair, 0, equals), &key) == GB_OK && str_equal(key, name) &&
            http_decode(arena, str_sub(pair, equals + 1, pair.n), &value) == GB_OK) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

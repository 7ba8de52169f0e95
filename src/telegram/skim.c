#include "telegram/skim.h"

#define DEPTH_MAX 64

/* Each function below takes the place where its value starts and gives the one behind it; NULL
 * when there is no such value. */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

static const char *skim_escape(const char *p, const char *end) {
    if (p == end || strchr("\"\\/bfnrtu", *p) == NULL || *p == '\0') {
        return NULL;
    }
    if (*p != 'u') {
        return p + 1;
    }
    for (int i = 1; i <= 4; i++) {
        if (p + i >= end || strchr("0123456789abcdefABCDEF", p[i]) == NULL || p[i] == '\0') {
            return NULL;
        }
    }
    return p + 5;
}

static const char *skim_string(const char *p, const char *end) {
    if (p == end || *p != '"') {
        return NULL;
    }
    p++;
    while (p != NULL && p < end && *p != '"') {
        if ((unsigned char)*p < 0x20) {
            return NULL;
        }
        p = *p == '\\' ? skim_escape(p + 1, end) : p + 1;
    }
    return p != NULL && p < end ? p + 1 : NULL;
}

static const char *skim_digits(const char *p, const char *end) {
    const char *from = p;
    while (p < end && is_digit(*p)) {
        p++;
    }
    return p > from ? p : NULL;
}

static const char *skim_number(const char *p, const char *end) {
    p += p < end && *p == '-' ? 1 : 0;
    const char *whole = p;
    p = skim_digits(p, end);
    if (p == NULL || (*whole == '0' && p - whole > 1)) {
        return NULL;
    }
    if (p < end && *p == '.') {
        p = skim_digits(p + 1, end);
    }
    if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-') ? 1 : 0;
        p = skim_digits(p, end);
    }
    return p;
}

static const char *skim_word(const char *p, const char *end, struct str word) {
    struct str rest = {p, (size_t)(end - p)};
    return str_starts(rest, word) ? p + word.n : NULL;
}

static const char *skim_any(const char *p, const char *end, unsigned depth);

/* `"name" :`, up to the value. */
static const char *skim_name(const char *p, const char *end) {
    p = skim_string(p, end);
    if (p == NULL) {
        return NULL;
    }
    p = skip_blanks(p, end);
    return p < end && *p == ':' ? skip_blanks(p + 1, end) : NULL;
}

static const char *skim_container(const char *p, const char *end, unsigned depth) {
    bool object = *p == '{';
    char close = object ? '}' : ']';
    p = skip_blanks(p + 1, end);
    if (p < end && *p == close) {
        return p + 1;
    }
    while (p != NULL) {
        p = object ? skim_name(p, end) : p;
        p = p != NULL ? skim_any(p, end, depth + 1) : NULL;
        p = p != NULL ? skip_blanks(p, end) : NULL;
        if (p == NULL || p == end || (*p != ',' && *p != close)) {
            return NULL;
        }
        if (*p == close) {
            return p + 1;
        }
        p = skip_blanks(p + 1, end);
    }
    return NULL;
}

static const char *skim_any(const char *p, const char *end, unsigned depth) {
    if (p == end || depth > DEPTH_MAX) {
        return NULL;
    }
    switch (*p) {
    case '{':
    case '[':
        return depth < DEPTH_MAX ? skim_container(p, end, depth) : NULL;
    case '"':
        return skim_string(p, end);
    case 't':
        return skim_word(p, end, STR("true"));
    case 'f':
        return skim_word(p, end, STR("false"));
    case 'n':
        return skim_word(p, end, STR("null"));
    default:
        return skim_number(p, end);
    }
}

size_t skim_value(struct str text) {
    if (text.n == 0) {
        return 0;
    }
    const char *after = skim_any(text.p, text.p + text.n, 0);
    return after != NULL ? (size_t)(after - text.p) : 0;
}

#include "base/glob.h"

/* The class that begins at pattern[*at], which is '['; *at goes behind its end. A class that does
 * not end goes to the pattern's end, as in Redis. */
static bool class_has(struct str pattern, size_t *at, char c) {
    size_t i = *at + 1;
    bool negated = i < pattern.n && pattern.p[i] == '^', found = false;
    for (i += negated; i < pattern.n && pattern.p[i] != ']'; i++) {
        if (pattern.p[i] == '\\' && i + 1 < pattern.n) {
            i++;
            found |= pattern.p[i] == c;
            continue;
        }
        unsigned char low = (unsigned char)pattern.p[i], high = low, byte = (unsigned char)c;
        if (i + 2 < pattern.n && pattern.p[i + 1] == '-') {
            high = (unsigned char)pattern.p[i + 2];
            i += 2;
        }
        found |= byte >= GB_MIN(low, high) && byte <= GB_MAX(low, high);
    }
    *at = GB_MIN(i + 1, pattern.n);
    return found != negated;
}

/* Does the piece of the pattern at *at, no star, match the byte? *at goes behind it if so. */
static bool one_matches(struct str pattern, size_t *at, char c) {
    size_t i = *at;
    bool matches;
    if (pattern.p[i] == '[') {
        matches = class_has(pattern, &i, c);
    } else {
        bool escaped = pattern.p[i] == '\\' && i + 1 < pattern.n;
        i += escaped;
        matches = pattern.p[i] == c || (pattern.p[i] == '?' && !escaped);
        i++;
    }
    *at = matches ? i : *at;
    return matches;
}

/* Only the last star ever takes more: what matched before it needs no second try. */
bool glob_match(struct str pattern, struct str text) {
    if (pattern.n > GLOB_PATTERN_MAX) {
        return false;
    }
    size_t at = 0, i = 0, star = SIZE_MAX, star_i = 0;
    while (i < text.n) {
        if (at < pattern.n && pattern.p[at] == '*') {
            star = ++at;
            star_i = i;
        } else if (at < pattern.n && one_matches(pattern, &at, text.p[i])) {
            i++;
        } else if (star != SIZE_MAX) {
            at = star;
            i = ++star_i;
        } else {
            return false;
        }
    }
    while (at < pattern.n && pattern.p[at] == '*') {
        at++;
    }
    return at == pattern.n;
}

struct str glob_prefix(struct str pattern) {
    size_t n = 0;
    while (n < pattern.n && str_find(STR("*?[\\"), pattern.p[n]) == 4) {
        n++;
    }
    return str_sub(pattern, 0, n);
}

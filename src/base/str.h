/* str.h: text as a view (pointer, length), and one growing buffer with a maximum.
 *
 * A view owns nothing and need not end in 0. A buffer lives in an arena, is born with its
 * maximum, and once it would grow past it fails for good: write on, ask once at the end.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;

struct str {
    const char *p; /* may be NULL when n is 0 */
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
    { (literal), sizeof(literal) - 1 } /* for static tables */
#define STR_NONE   ((struct str){NULL, 0})
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, ((s).p != NULL ? (s).p : "")

/* View of a C string; NULL gives the empty view. */
struct str str_of(const char *text);
bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *text);
/* Byte order, shorter first on a tie: the order of the store's keys. */
int str_compare(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Part of s from `from`, at most n bytes; both are clamped. */
struct str str_sub(struct str s, size_t from, size_t n);
/* Position of the byte, or s.n. */
size_t str_find(struct str s, char byte);
/* Position of the text, or s.n. */
size_t str_find_str(struct str s, struct str needle);
struct str str_trim(struct str s); /* ASCII white space at both ends */
/* Cut the next piece up to `sep` off *rest. False when *rest was exhausted (p == NULL). */
bool str_split(struct str *rest, char sep, struct str *ret_piece);
/* ASCII case-insensitive. */
bool str_equal_nocase(struct str a, struct str b);

/* Bytes of the first code point; 0 when s is empty or does not start with well-formed UTF-8. */
size_t utf8_step(struct str s);
/* Is it well-formed UTF-8 (no surrogates, no overlong forms)? */
bool utf8_is_valid(struct str s);
/* Code points in well-formed UTF-8. */
size_t utf8_length(struct str s);
/* The first `count` code points. */
struct str utf8_cut(struct str s, size_t count);

struct buf {
    struct arena *arena;
    char *p;
    size_t n, capacity, max;
    bool failed;
};

/* Empty buffer that grows in `arena` up to `max_bytes`. */
void buf_init(struct buf *b, struct arena *arena, size_t max_bytes);
void buf_add(struct buf *b, struct str s);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_add_i64(struct buf *b, int64_t v);
void buf_add_hex64(struct buf *b, uint64_t v); /* 16 digits, lower case: sorts as the number */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What was written so far; not ended by 0. */
struct str buf_str(const struct buf *b);
/* GB_NO_SPACE when the maximum was passed at any time. */
enum gb_err buf_end(const struct buf *b, struct str *ret_text) __attribute__((warn_unused_result));

#endif

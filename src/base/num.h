/* num.h: numbers from text, strictly; money in minor units.
 *
 * Whole string, no blanks, no sign where none is meant, range checked, no locale, no floating
 * point.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/base.h"

/* GB_INVALID unless `s` is -?[0-9]+ within [min, max]. */
enum gb_err num_i64(struct str s, int64_t min, int64_t max, int64_t *ret_value) GB_MUST_USE;
/* 1 to 16 hex digits. */
enum gb_err num_hex64(struct str s, uint64_t *ret_value) GB_MUST_USE;
/* "10s" "30 min" "1h" "2d" "500ms", a bare number is seconds. GB_INVALID: form or overflow. */
enum gb_err num_duration_ms(struct str s, int64_t *ret_ms) GB_MUST_USE;
/* The same back, in the largest unit that says it exactly: "30s", "10 min", "2d". */
void num_put_duration(struct buf *buf, int64_t ms);

/* So many in so long. */
struct rate {
    int64_t count; /* 0: no limit */
    int64_t window_ms;
};
/* "10/min" "3/5min" "100 / 1 h"; "off": no limit. GB_INVALID: form, a window of 0, count > 10^6. */
enum gb_err num_rate(struct str s, struct rate *ret_rate) GB_MUST_USE;

/* Digits behind the point of a currency: XTR 0, RUB 2, ...; -1 when it is not known. */
int money_digits(struct str currency);
/* "149", "149.9", "149.900": what the currency has no digits for must be zero; <= 10^15 minor.
 * Exponents, signs, blanks, commas, an unknown currency are GB_INVALID. */
enum gb_err money_parse(struct str s, struct str currency, int64_t *ret_minor) GB_MUST_USE;
/* The currency of these two must be known: see money_digits.
 * "149.00": as providers want it. `minor` may be negative. */
struct str money_format(struct arena *arena, int64_t minor, struct str currency);
/* "149 ₽", "149,50 ₽", "150 ⭐": as people read it, whole amounts without fraction. */
struct str money_show(struct arena *arena, int64_t minor, struct str currency);

/* a + b, a * b; false on overflow. */
bool num_add(int64_t a, int64_t b, int64_t *ret_sum);
bool num_multiply(int64_t a, int64_t b, int64_t *ret_product);

#endif

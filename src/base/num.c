/* num.c: strict numbers and the currencies the shop can count in. */
#include "base/num.h"

#include "base/arena.h"
#include "base/base.h"

#define MINOR_MAX      INT64_C(1000000000000000)
#define RATE_COUNT_MAX INT64_C(1000000)

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits only, at least one; false when it passes `limit`. */
static bool read_digits(struct str s, uint64_t limit, uint64_t *ret_value) {
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i])) {
            return false;
        }
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (value > (limit - digit) / 10) {
            return false;
        }
        value = 10 * value + digit;
    }
    *ret_value = value;
    return s.n > 0;
}

enum gb_err num_i64(struct str s, int64_t min, int64_t max, int64_t *ret_value) {
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t size;
    if (!read_digits(str_sub(s, negative, s.n), (uint64_t)INT64_MAX + negative, &size)) {
        return GB_INVALID;
    }
    /* 0 - size wraps to the two's complement bits, INT64_MIN included. */
    int64_t value = (int64_t)(negative ? 0 - size : size);
    if (value < min || value > max) {
        return GB_INVALID;
    }
    *ret_value = value;
    return GB_OK;
}

enum gb_err num_hex64(struct str s, uint64_t *ret_value) {
    if (s.n < 1 || s.n > 16) {
        return GB_INVALID;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        int digit = is_digit(c)              ? c - '0'
                    : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                    : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                             : -1;
        if (digit < 0) {
            return GB_INVALID;
        }
        value = value << 4 | (uint64_t)digit;
    }
    *ret_value = value;
    return GB_OK;
}

static const struct {
    struct str unit;
    int64_t ms;
} durations[] = {
    {STR_INIT("ms"), 1},           {STR_INIT("s"), GB_SECOND_MS},
    {STR_INIT(""), GB_SECOND_MS},  {STR_INIT("min"), GB_MINUTE_MS},
    {STR_INIT("m"), GB_MINUTE_MS}, {STR_INIT("h"), GB_HOUR_MS},
    {STR_INIT("d"), GB_DAY_MS},
};

/* `count` units: "min", " h", nothing for seconds. */
static enum gb_err units_ms(int64_t count, struct str unit, int64_t *ret_ms) {
    if (unit.n > 1 && unit.p[0] == ' ') {
        unit = str_sub(unit, 1, unit.n);
    }
    for (size_t i = 0; i < GB_COUNT(durations); i++) {
        if (str_equal(unit, durations[i].unit)) {
            return num_multiply(count, durations[i].ms, ret_ms) ? GB_OK : GB_INVALID;
        }
    }
    return GB_INVALID;
}

static size_t leading_digits(struct str s) {
    size_t digits = 0;
    while (digits < s.n && is_digit(s.p[digits])) {
        digits++;
    }
    return digits;
}

enum gb_err num_duration_ms(struct str s, int64_t *ret_ms) {
    size_t digits = leading_digits(s);
    int64_t count;
    if (num_i64(str_sub(s, 0, digits), 0, INT64_MAX, &count) != GB_OK) {
        return GB_INVALID;
    }
    return units_ms(count, str_sub(s, digits, s.n), ret_ms);
}

void num_put_duration(struct buf *buf, int64_t ms) {
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{GB_DAY_MS, "d"}, {GB_HOUR_MS, "h"}, {GB_MINUTE_MS, " min"}, {GB_SECOND_MS, "s"}};
    for (size_t i = 0; i < GB_COUNT(units); i++) {
        if ((ms != 0 || units[i].ms == GB_SECOND_MS) && ms % units[i].ms == 0) {
            buf_printf(buf, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
            return;
        }
    }
    buf_printf(buf, "%" PRId64 "ms", ms);
}

enum gb_err num_rate(struct str s, struct rate *ret_rate) {
    struct rate rate = {0, 0};
    if (!str_is(s, "off")) {
        struct str count, per = s;
        if (!str_split(&per, '/', &count) ||
            num_i64(str_trim(count), 1, RATE_COUNT_MAX, &rate.count) != GB_OK) {
            return GB_INVALID;
        }
        per = str_trim(per);
        enum gb_err err = leading_digits(per) > 0 || per.n == 0
                              ? num_duration_ms(per, &rate.window_ms)
                              : units_ms(1, per, &rate.window_ms);
        if (err != GB_OK || rate.window_ms == 0) {
            return GB_INVALID;
        }
    }
    *ret_rate = rate;
    return GB_OK;
}

/* ISO 4217 and Telegram's own XTR; crypto assets with the digits their chains settle in. */
static const struct {
    struct str code;
    int digits;
    struct str sign; /* empty: the code itself */
} currencies[] = {
    {STR_INIT("RUB"), 2, STR_INIT("₽")}, {STR_INIT("XTR"), 0, STR_INIT("⭐")},
    {STR_INIT("USD"), 2, STR_INIT("$")},   {STR_INIT("EUR"), 2, STR_INIT("€")},
    {STR_INIT("AED"), 2, STR_INIT("")},    {STR_INIT("AMD"), 2, STR_INIT("")},
    {STR_INIT("AZN"), 2, STR_INIT("")},    {STR_INIT("BRL"), 2, STR_INIT("")},
    {STR_INIT("BYN"), 2, STR_INIT("")},    {STR_INIT("CNY"), 2, STR_INIT("¥")},
    {STR_INIT("GBP"), 2, STR_INIT("£")},   {STR_INIT("GEL"), 2, STR_INIT("₾")},
    {STR_INIT("IDR"), 2, STR_INIT("")},    {STR_INIT("ILS"), 2, STR_INIT("₪")},
    {STR_INIT("INR"), 2, STR_INIT("₹")},   {STR_INIT("JPY"), 0, STR_INIT("")},
    {STR_INIT("KGS"), 2, STR_INIT("")},    {STR_INIT("KZT"), 2, STR_INIT("₸")},
    {STR_INIT("PLN"), 2, STR_INIT("")},    {STR_INIT("THB"), 2, STR_INIT("฿")},
    {STR_INIT("TJS"), 2, STR_INIT("")},    {STR_INIT("TRY"), 2, STR_INIT("₺")},
    {STR_INIT("UAH"), 2, STR_INIT("₴")},   {STR_INIT("UZS"), 2, STR_INIT("")},
    {STR_INIT("BTC"), 8, STR_INIT("")},    {STR_INIT("TON"), 9, STR_INIT("")},
    {STR_INIT("USDC"), 6, STR_INIT("")},   {STR_INIT("USDT"), 6, STR_INIT("")},
};

/* Row of the currency, or GB_COUNT(currencies). */
static size_t currency_find(struct str code) {
    size_t i = 0;
    while (i < GB_COUNT(currencies) && !str_equal(currencies[i].code, code)) {
        i++;
    }
    return i;
}

int money_digits(struct str currency) {
    size_t row = currency_find(currency);
    return row < GB_COUNT(currencies) ? currencies[row].digits : -1;
}

enum gb_err money_parse(struct str s, struct str currency, int64_t *ret_minor) {
    int digits = money_digits(currency);
    size_t point = str_find(s, '.');
    struct str fraction = str_sub(s, point + 1, s.n);
    uint64_t minor;
    if (digits < 0 || !read_digits(str_sub(s, 0, point), (uint64_t)MINOR_MAX, &minor) ||
        (point < s.n && fraction.n == 0)) {
        return GB_INVALID;
    }
    for (int i = 0; i < digits; i++) {
        char c = '0';
        if (fraction.n > 0) {
            c = fraction.p[0];
            fraction = str_sub(fraction, 1, fraction.n);
        }
        if (!is_digit(c)) {
            return GB_INVALID;
        }
        minor = 10 * minor + (uint64_t)(c - '0');
        if (minor > (uint64_t)MINOR_MAX) {
            return GB_INVALID;
        }
    }
    /* "299.000000" is exact in any currency; "299.001" is not ours to round. */
    for (; fraction.n > 0; fraction = str_sub(fraction, 1, fraction.n)) {
        if (fraction.p[0] != '0') {
            return GB_INVALID;
        }
    }
    *ret_minor = (int64_t)minor;
    return GB_OK;
}

/* The amount's digits; `whole_short`: no fraction when it is zero. */
static void put_amount(struct buf *b, int64_t minor, int digits, char point, bool whole_short) {
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    uint64_t unit = 1;
    for (int i = 0; i < digits; i++) {
        unit *= 10;
    }
    buf_printf(b, "%s%" PRIu64, minor < 0 ? "-" : "", size / unit);
    if (digits > 0 && !(whole_short && size % unit == 0)) {
        buf_printf(b, "%c%0*" PRIu64, point, digits, size % unit);
    }
}

struct str money_format(struct arena *arena, int64_t minor, struct str currency) {
    int digits = money_digits(currency);
    gb_assert(digits >= 0);
    struct buf b;
    buf_init(&b, arena, 32);
    put_amount(&b, minor, digits, '.', false);
    return buf_str(&b);
}

struct str money_show(struct arena *arena, int64_t minor, struct str currency) {
    size_t row = currency_find(currency);
    gb_assert(row < GB_COUNT(currencies));
    struct buf b;
    buf_init(&b, arena, 64);
    put_amount(&b, minor, currencies[row].digits, ',', true);
    buf_add_char(&b, ' ');
    buf_add(&b, currencies[row].sign.n > 0 ? currencies[row].sign : currencies[row].code);
    return buf_str(&b);
}

bool num_add(int64_t a, int64_t b, int64_t *ret_sum) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *ret_sum = sum;
    return true;
}

bool num_multiply(int64_t a, int64_t b, int64_t *ret_product) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *ret_product = product;
    return true;
}

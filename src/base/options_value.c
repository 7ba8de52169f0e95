/* options_value.c: the kinds of options: text -> field, and in words. */
#include "base/arena.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/num.h"
#include "base/options_found.h"
#include "base/schedule.h"

#define LIST_ITEMS_MAX  1000
#define SHOWN_CHARS_MAX 40

static const char *const web_schemes[] = {"http", "https", NULL};

static bool is_bounded(const struct option *option) {
    return option->min != 0 || option->max != 0;
}

static bool is_within(const struct option *option, int64_t value) {
    return !is_bounded(option) || (value >= option->min && value <= option->max);
}

static bool read_i64(const struct option *option, struct str value, int64_t *ret_number) {
    int64_t min = is_bounded(option) ? option->min : INT64_MIN;
    int64_t max = is_bounded(option) ? option->max : INT64_MAX;
    return num_i64(value, min, max, ret_number) == GB_OK;
}

static bool read_duration(const struct option *option, struct str value, int64_t *ret_ms) {
    int64_t ms;
    if (num_duration_ms(value, &ms) != GB_OK || !is_within(option, ms)) {
        return false;
    }
    *ret_ms = ms;
    return true;
}

static bool put_text(struct str *field, struct str value) {
    *field = value;
    return true;
}

static bool read_bool(struct str value, bool *ret_flag) {
    static const struct {
        const char *word;
        bool flag;
    } words[] = {
        {"yes", true}, {"true", true},   {"on", true},   {"1", true},
        {"no", false}, {"false", false}, {"off", false}, {"0", false},
    };
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        if (str_equal_nocase(value, str_of(words[i].word))) {
            *ret_flag = words[i].flag;
            return true;
        }
    }
    return false;
}

static bool read_choice(const struct option *option, struct str value, int *ret_index) {
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (str_is(value, option->choices[i])) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* What a URL may consist of: visible ASCII, no blank, nothing that ends it in a text. */
static bool is_url_text(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"<>\\^`{|}", s.p[i]) != NULL) {
            return false;
        }
    }
    return true;
}

static bool read_url(const struct option *option, struct str value, struct str *ret_url) {
    const char *const *schemes = option->choices != NULL ? option->choices : web_schemes;
    size_t colon = str_find_str(value, STR("://"));
    struct str rest = str_sub(value, colon + 3, value.n);
    if (rest.n == 0 || rest.p[0] == '/' || !is_url_text(rest)) {
        return false;
    }
    while (str_ends(value, STR("/"))) {
        value.n--;
    }
    for (size_t i = 0; schemes[i] != NULL; i++) {
        if (str_is(str_sub(value, 0, colon), schemes[i])) {
            *ret_url = value;
            return true;
        }
    }
    return false;
}

static bool read_i64_list(const struct option *option, struct str value, struct arena *arena,
                          struct int64_list *ret_list) {
    int64_t *items = ARENA_ARRAY(arena, int64_t, GB_MIN(value.n / 2 + 1, (size_t)LIST_ITEMS_MAX));
    size_t count = 0;
    struct str piece;
    while (str_split(&value, ',', &piece)) {
        if (count == LIST_ITEMS_MAX || !read_i64(option, str_trim(piece), &items[count])) {
            return false;
        }
        count++;
    }
    *ret_list = (struct int64_list){items, count};
    return true;
}

/* Digits, perhaps a point and more digits. Which currency's is seen later. */
static bool is_decimal(struct str value) {
    size_t points = 0;
    for (size_t i = 0; i < value.n; i++) {
        points += value.p[i] == '.';
        if (value.p[i] != '.' && (value.p[i] < '0' || value.p[i] > '9')) {
            return false;
        }
    }
    return points <= 1 && value.n > 0 && value.p[0] != '.' && value.p[value.n - 1] != '.';
}

bool option_value_read(const struct option *option, struct str value, struct arena *arena,
                       void *base) {
    void *field = (char *)base + option->offset;
    switch (option->kind) {
    case OPTION_STR:
        return is_within(option, (int64_t)value.n) && put_text(field, value);
    case OPTION_SECRET:
        return is_within(option, (int64_t)value.n) &&
               put_text(&((struct secret *)field)->hidden, value);
    case OPTION_I64:
        return read_i64(option, value, field);
    case OPTION_BOOL:
        return read_bool(value, field);
    case OPTION_DURATION:
        return read_duration(option, value, field);
    case OPTION_CHOICE:
        return read_choice(option, value, field);
    case OPTION_URL:
        return read_url(option, value, field);
    case OPTION_I64_LIST:
        return read_i64_list(option, value, arena, field);
    case OPTION_MONEY:
        return is_decimal(value) && put_text(field, value);
    case OPTION_OFFSET:
        return clock_parse_offset(value, field) == GB_OK;
    case OPTION_RATE:
        return num_rate(value, field) == GB_OK;
    case OPTION_SCHEDULE:
        return schedule_parse(value, field, NULL) == GB_OK;
    case OPTION_ZONE: {
        struct str why;
        return option_zone_read(NULL, value, arena, field, &why) == GB_OK;
    }
    }
    gb_panic(__FILE__, __LINE__, "an option of no known kind");
}

static void put_words(struct buf *buf, const char *const *words, const char *between) {
    for (size_t i = 0; words[i] != NULL; i++) {
        buf_printf(buf, "%s%s", i > 0 ? between : "", words[i]);
    }
}

static void put_bound(const struct option *option, struct buf *buf, int64_t bound) {
    if (option->kind == OPTION_DURATION) {
        num_put_duration(buf, bound);
    } else {
        buf_add_i64(buf, bound);
    }
}

static void put_bounds(const struct option *option, struct buf *buf, const char *unit) {
    if (!is_bounded(option)) {
        return;
    }
    if (option->max == INT64_MAX) {
        buf_add_text(buf, ", ");
        put_bound(option, buf, option->min);
        buf_printf(buf, "%s or more", unit);
        return;
    }
    bool counts_bytes = option->kind == OPTION_STR || option->kind == OPTION_SECRET;
    if (option->min == option->max) {
        buf_add_text(buf, " of ");
    } else if (counts_bytes && option->min == 0) {
        buf_add_text(buf, " of at most ");
    } else {
        buf_add_text(buf, " from ");
        put_bound(option, buf, option->min);
        buf_add_text(buf, " to ");
    }
    put_bound(option, buf, option->max);
    buf_add_text(buf, unit);
}

void option_value_describe(const struct option *option, struct buf *buf) {
    switch (option->kind) {
    case OPTION_STR:
        buf_add_text(buf, "a text");
        put_bounds(option, buf, " bytes");
        break;
    case OPTION_SECRET:
        buf_add_text(buf, "a secret");
        put_bounds(option, buf, " bytes");
        buf_add_text(buf, ", or file:/path to it");
        break;
    case OPTION_I64:
        buf_add_text(buf, "a whole number");
        put_bounds(option, buf, "");
        break;
    case OPTION_BOOL:
        buf_add_text(buf, "yes or no");
        break;
    case OPTION_DURATION:
        buf_add_text(buf, "a duration (30s, 10 min, 1h, 2d)");
        put_bounds(option, buf, "");
        break;
    case OPTION_CHOICE:
        buf_add_text(buf, "one of: ");
        put_words(buf, option->choices, ", ");
        break;
    case OPTION_URL:
        buf_add_text(buf, "a URL that begins with ");
        put_words(buf, option->choices != NULL ? option->choices : web_schemes, ":// or ");
        buf_add_text(buf, "://");
        break;
    case OPTION_I64_LIST:
        buf_add_text(buf, "whole numbers with commas between them");
        put_bounds(option, buf, "");
        break;
    case OPTION_MONEY:
        buf_add_text(buf, "an amount (149 or 149.90)");
        break;
    case OPTION_OFFSET:
        buf_add_text(buf, "an offset from UTC (+03:00)");
        break;
    case OPTION_RATE:
        buf_add_text(buf, "so many in so long (10/min, 3/5min), or off");
        break;
    case OPTION_SCHEDULE:
        buf_add_text(buf, "a schedule (0 9 * * *, @daily, every 10 s), or off");
        break;
    case OPTION_ZONE:
        buf_add_text(buf, OPTION_ZONE_WORDS);
        break;
    }
}

void option_value_explain(const struct option *option, struct str value, struct buf *buf) {
    struct schedule schedule;
    struct cron_fault fault;
    if (option->kind == OPTION_SCHEDULE && schedule_parse(value, &schedule, &fault) != GB_OK) {
        buf_printf(buf, "; %s, character %zu: %s", fault.field, fault.at + 1, fault.why);
    }
}

/* A URL may have a password in it, and a text anything. */
bool option_value_is_open(const struct option *option) {
    return option->kind != OPTION_SECRET && option->kind != OPTION_URL &&
           option->kind != OPTION_STR;
}

struct str option_show(struct arena *arena, struct str text) {
    struct str cut = utf8_cut(text, SHOWN_CHARS_MAX);
    char *shown = arena_take(arena, cut.n + 1);
    for (size_t i = 0; i < cut.n; i++) {
        unsigned char c = (unsigned char)cut.p[i];
        shown[i] = c < 0x20 || c == 0x7F ? '?' : cut.p[i];
    }
    return (struct str){shown, cut.n};
}

/* cron_text.c: a cron expression read, each field by one row of a table. */
#include "base/cron.h"

#include "base/base.h"

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                          "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

static const struct field {
    const char *name;
    int min, max;             /* as written; 7 is Sunday too */
    const char *const *names; /* the first is `min` */
    const char *range;
} fields[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL, "minutes go from 0 to 59"},
    [HOUR] = {"hour", 0, 23, NULL, "hours go from 0 to 23"},
    [DAY] = {"day of month", 1, 31, NULL, "days of the month go from 1 to 31"},
    [MONTH] = {"month", 1, 12, month_names, "months go from 1 to 12 or JAN to DEC"},
    [WEEKDAY] = {"day of week", 0, 7, weekday_names,
                 "days of the week go from 0 to 7 or SUN to SAT"},
};

static const struct {
    const char *name, *text;
} nicknames[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

struct reader {
    struct str text; /* all five */
    size_t at, end;  /* what is left of the field */
    int field;
    uint64_t bits;
    struct cron *cron;
    struct cron_fault fault;
};

static bool refuse(struct reader *r, const char *why) {
    r->fault = (struct cron_fault){fields[r->field].name, r->at, why};
    return false;
}

static char peek(const struct reader *r) {
    return r->at < r->end ? r->text.p[r->at] : '\0';
}

static bool take(struct reader *r, char c) {
    if (r->at == r->end || r->text.p[r->at] != c) {
        return false;
    }
    r->at++;
    return true;
}

static bool take_last(struct reader *r) {
    return take(r, 'L') || take(r, 'l');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool read_number(struct reader *r, int min, int max, const char *why, int *ret_number) {
    size_t start = r->at;
    int number = 0;
    while (is_digit(peek(r)) && number <= max) {
        number = number * 10 + (r->text.p[r->at++] - '0');
    }
    if (r->at == start || number < min || number > max) {
        r->at = start;
        return refuse(r, why);
    }
    *ret_number = number;
    return true;
}

/* A number or one of the field's names. */
static bool read_value(struct reader *r, int *ret_value) {
    const struct field *field = &fields[r->field];
    struct str word = str_sub(r->text, r->at, GB_MIN(r->end - r->at, (size_t)3));
    for (int i = 0; field->names != NULL && field->names[i] != NULL; i++) {
        if (str_equal_nocase(word, str_of(field->names[i]))) {
            r->at += word.n;
            *ret_value = field->min + i;
            return true;
        }
    }
    return read_number(r, field->min, field->max, field->range, ret_value);
}

/* L or L-3 of the days of the month. */
static bool read_last_day(struct reader *r) {
    int before = 0;
    if (take(r, '-') &&
        !read_number(r, 1, 30, "behind L- stands how many days earlier, 1 to 30", &before)) {
        return false;
    }
    r->cron->last_days |= UINT32_C(1) << before;
    return true;
}

/* FRI#2 or FRIL; *ret_is: it was one of them. */
static bool read_nth(struct reader *r, int weekday, bool *ret_is) {
    int nth = 0;
    *ret_is = true;
    if (take(r, '#')) {
        if (!read_number(r, 1, 5, "behind # stands which one of the month, 1 to 5", &nth)) {
            return false;
        }
    } else if (!take_last(r)) {
        *ret_is = false;
        return true;
    }
    r->cron->nth[weekday % 7] |= (uint8_t)(1U << nth);
    return true;
}

static bool read_step(struct reader *r, int *ret_step) {
    *ret_step = 1;
    return !take(r, '/') ||
           read_number(r, 1, fields[r->field].max,
                       "a step is at least 1 and no more than the field", ret_step);
}

/* value, a-b, a-b/n, a/n, *, *\/n. */
static bool read_range(struct reader *r) {
    const struct field *field = &fields[r->field];
    int from = field->min, until = field->max - (r->field == WEEKDAY), step;
    if (!take(r, '*')) {
        size_t start = r->at;
        bool is_nth = false;
        if (!read_value(r, &from) || (r->field == WEEKDAY && !read_nth(r, from, &is_nth))) {
            return false;
        }
        if (is_nth) {
            return true;
        }
        if (take(r, '-')) {
            if (!read_value(r, &until)) {
                return false;
            }
            until = r->field == WEEKDAY && until == 0 && from > 0 ? 7 : until; /* FRI-SUN */
        } else if (peek(r) != '/') {
            until = from;
        }
        if (until < from) {
            r->at = start;
            return refuse(r, "the range goes backwards");
        }
    }
    if (!read_step(r, &step)) {
        return false;
    }
    for (int value = from; value <= until; value += step) {
        r->bits |= UINT64_C(1) << (r->field == WEEKDAY ? value % 7 : value);
    }
    return true;
}

/* The whole field is * or, of days, ?. */
static bool is_any(const struct reader *r) {
    struct str text = str_sub(r->text, r->at, r->end - r->at);
    return str_is(text, "*") || ((r->field == DAY || r->field == WEEKDAY) && str_is(text, "?"));
}

static bool read_field(struct reader *r) {
    const struct field *field = &fields[r->field];
    r->bits = 0;
    if (is_any(r)) {
        int max = field->max - (r->field == WEEKDAY);
        r->bits = ((UINT64_C(2) << max) - 1) & ~((UINT64_C(1) << field->min) - 1);
        r->cron->any_day |= r->field == DAY;
        r->cron->any_weekday |= r->field == WEEKDAY;
        r->at = r->end;
        return true;
    }
    do {
        bool fine = r->field == DAY && take_last(r) ? read_last_day(r) : read_range(r);
        if (!fine) {
            return false;
        }
    } while (take(r, ','));
    return r->at == r->end || refuse(r, "this does not belong here");
}

static void keep(struct cron *cron, int field, uint64_t bits) {
    switch (field) {
    case MINUTE:
        cron->minutes = bits;
        break;
    case HOUR:
        cron->hours = (uint32_t)bits;
        cron->is_every_hour = bits == (UINT64_C(1) << 24) - 1;
        break;
    case DAY:
        cron->days = (uint32_t)bits;
        break;
    case MONTH:
        cron->months = (uint16_t)bits;
        break;
    case WEEKDAY:
        cron->weekdays = (uint8_t)bits;
        break;
    default:
        break;
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* From r->end on to the next field; false: there is none. */
static bool next_field(struct reader *r) {
    r->at = r->end;
    while (r->at < r->text.n && is_blank(r->text.p[r->at])) {
        r->at++;
    }
    r->end = r->at;
    while (r->end < r->text.n && !is_blank(r->text.p[r->end])) {
        r->end++;
    }
    return r->at < r->text.n;
}

static bool refuse_all(struct reader *r, size_t at, const char *why) {
    r->fault = (struct cron_fault){"expression", at, why};
    return false;
}

static bool read_all(struct reader *r) {
    for (r->field = MINUTE; r->field < FIELDS; r->field++) {
        if (!next_field(r)) {
            return refuse_all(r, r->text.n,
                              "five fields are needed: minute, hour, day of month, month, day of "
                              "week");
        }
        if (!read_field(r)) {
            return false;
        }
        keep(r->cron, r->field, r->bits);
    }
    return !next_field(r) || refuse_all(r, r->at, "more than five fields");
}

static bool read_expression(struct reader *r) {
    if (r->text.n > CRON_TEXT_MAX) {
        return refuse_all(r, CRON_TEXT_MAX, "too long");
    }
    struct str name = str_trim(r->text);
    if (!str_starts(name, STR("@"))) {
        return read_all(r);
    }
    for (size_t i = 0; i < GB_COUNT(nicknames); i++) {
        if (str_equal_nocase(name, str_of(nicknames[i].name))) {
            r->text = str_of(nicknames[i].text);
            return read_all(r);
        }
    }
    return refuse_all(r, (size_t)(name.p - r->text.p),
                      "of names there are @hourly, @daily, @midnight, @weekly, @monthly, @yearly "
                      "and @annually");
}

enum gb_err cron_parse(struct str text, struct cron *ret_cron, struct cron_fault *reterr_fault) {
    struct cron cron = {.minutes = 0};
    struct reader r = {.text = text, .cron = &cron};
    if (read_expression(&r)) {
        *ret_cron = cron;
        return GB_OK;
    }
    if (reterr_fault != NULL) {
        *reterr_fault = r.fault;
    }
    return GB_INVALID;
}

/* cron_print.c: a cron expression in its normal form: steps where they say it all, ranges of three
 * and more, numbers for names, what is special before what is plain. */
#include "base/cron.h"

#include "base/base.h"

static void put_comma(struct buf *buf, size_t start) {
    if (buf->n > start) {
        buf_add_char(buf, ',');
    }
}

/* The bits are all that a step from `min` on reaches: the step; else 0. */
static int step_of(uint64_t bits, int min, int max) {
    for (int step = 2; step <= max; step++) {
        uint64_t reached = 0;
        for (int value = min; value <= max; value += step) {
            reached |= UINT64_C(1) << value;
        }
        if (bits == reached && min + step <= max) {
            return step;
        }
    }
    return 0;
}

/* Ranges of three and more, else single numbers. */
static void put_numbers(struct buf *buf, uint64_t bits, int min, int max) {
    size_t start = buf->n;
    int step = step_of(bits, min, max);
    if (step > 0) {
        buf_printf(buf, "*/%d", step);
        return;
    }
    for (int value = min; value <= max; value++) {
        int end = value;
        while (end <= max && (bits >> end & 1) != 0) {
            end++;
        }
        if (end == value) {
            continue;
        }
        put_comma(buf, start);
        buf_add_i64(buf, value);
        if (end - value >= 3) {
            buf_printf(buf, "-%d", end - 1);
            value = end - 1;
        }
    }
}

/* Minutes, hours, months: all of them is *. */
static void put_times(struct buf *buf, uint64_t bits, int min, int max) {
    uint64_t all = ((UINT64_C(2) << max) - 1) & ~((UINT64_C(1) << min) - 1);
    if (bits == all) {
        buf_add_char(buf, '*');
    } else {
        put_numbers(buf, bits, min, max);
    }
}

/* All days of the month that are written out are not *: that would leave the choice to the days of
 * the week. */
static void put_days(struct buf *buf, const struct cron *cron) {
    size_t start = buf->n;
    if (cron->any_day) {
        buf_add_char(buf, '*');
        return;
    }
    for (int before = 30; before >= 0; before--) {
        if ((cron->last_days >> before & 1) != 0) {
            put_comma(buf, start);
            buf_add_char(buf, 'L');
            if (before > 0) {
                buf_printf(buf, "-%d", before);
            }
        }
    }
    if (cron->days != 0) {
        put_comma(buf, start);
        put_numbers(buf, cron->days, 1, 31);
    }
}

static void put_weekdays(struct buf *buf, const struct cron *cron) {
    size_t start = buf->n;
    if (cron->any_weekday) {
        buf_add_char(buf, '*');
        return;
    }
    for (int weekday = 0; weekday < 7; weekday++) {
        for (int nth = 0; nth <= 5; nth++) {
            if ((cron->nth[weekday] >> nth & 1) == 0) {
                continue;
            }
            put_comma(buf, start);
            buf_add_i64(buf, weekday);
            if (nth == 0) {
                buf_add_char(buf, 'L');
            } else {
                buf_printf(buf, "#%d", nth);
            }
        }
    }
    if (cron->weekdays != 0) {
        put_comma(buf, start);
        put_numbers(buf, cron->weekdays, 0, 6);
    }
}

void cron_print(const struct cron *cron, struct buf *buf) {
    put_times(buf, cron->minutes, 0, 59);
    buf_add_char(buf, ' ');
    put_times(buf, cron->hours, 0, 23);
    buf_add_char(buf, ' ');
    put_days(buf, cron);
    buf_add_char(buf, ' ');
    put_times(buf, cron->months, 1, 12);
    buf_add_char(buf, ' ');
    put_weekdays(buf, cron);
}

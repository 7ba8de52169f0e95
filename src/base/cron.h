/* cron.h: five fields of text -> the next instant they name.
 *
 *      minute 0-59   hour 0-23   day of month 1-31   month 1-12 JAN-DEC   day of week 0-7 SUN-SAT
 *
 *      *      any                     1,15,20-25   a list, a range      *\/10  10-50/10  5/10 steps
 *      ?      any, in a day's field   L  L-2       the month's last day, the second before it
 *      FRI#2  the second Friday       FRIL 5L      the last Friday      @hourly @daily @weekly ...
 *
 * As cron always did it, a day counts if either of its two fields names it, when neither is * or ?.
 *
 * When the clock is changed:
 * - An expression with hours of its own runs once for each civil time it names. What falls into a
 *   gap runs once, when the gap is over; what is twice runs the first time.
 * - One whose hours are * goes by time that passes: an hour that is left out is not made up for,
 *   an hour that comes twice has its runs twice. A job for every ten minutes keeps to them.
 */
#ifndef BASE_CRON_H
#define BASE_CRON_H

#include "base/base.h"

struct zone;

/* Bit n: the number n. To be made by cron_parse only. */
struct cron {
    uint64_t minutes;
    uint32_t hours;
    uint32_t days;      /* of the month */
    uint32_t last_days; /* bit n: n days before the month's last */
    uint16_t months;
    uint8_t weekdays;   /* 0 is Sunday */
    uint8_t nth[7];     /* a weekday's bit n: the nth of the month; bit 0: the last */
    bool any_day;       /* the field is * or ? */
    bool any_weekday;   /* the same */
    bool is_every_hour; /* the field is * or names all */
};

struct cron_fault {
    const char *field; /* "minute" ... "day of week", "expression" */
    size_t at;         /* the byte it is about */
    const char *why;   /* static text */
};

#define CRON_NEVER     INT64_MAX
#define CRON_TEXT_MAX  256
#define CRON_PRINT_MAX 512

/* GB_INVALID: *reterr_fault (may be NULL) says what. Whether it ever comes is cron_next's. */
enum gb_err cron_parse(struct str text, struct cron *ret_cron,
                       struct cron_fault *reterr_fault) GB_MUST_USE;

/* The first instant after `after_ms`, or CRON_NEVER: "0 0 30 2 *". Looks at the months of 400
 * years at most, after which the calendar begins anew. */
int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after_ms);

/* The expression in its normal form, at most CRON_PRINT_MAX bytes; parsed, it is the same again. */
void cron_print(const struct cron *cron, struct buf *buf);

#endif

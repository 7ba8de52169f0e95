/* schedule.h: when something runs, as an owner writes it.
 *
 *      off             never
 *      every 10 s      from one run to the next; a second to a year
 *      0 9 * * *       five fields of cron, or @daily and its like, in the shop's civil time
 */
#ifndef BASE_SCHEDULE_H
#define BASE_SCHEDULE_H

#include "base/base.h"
#include "base/cron.h"

enum schedule_kind { SCHEDULE_OFF, SCHEDULE_EVERY, SCHEDULE_CRON };

struct schedule {
    enum schedule_kind kind;
    int64_t every_ms; /* EVERY */
    struct cron cron; /* CRON */
};

#define SCHEDULE_EVERY_MIN_MS GB_SECOND_MS
#define SCHEDULE_EVERY_MAX_MS (366 * GB_DAY_MS)

/* GB_INVALID: *reterr_fault (may be NULL) says what: an expression that cannot be read, one that
 * never comes (30 February), or a duration that is none. */
enum gb_err schedule_parse(struct str text, struct schedule *ret_schedule,
                           struct cron_fault *reterr_fault) GB_MUST_USE;

#endif

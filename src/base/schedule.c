#include "base/schedule.h"

#include "base/num.h"
#include "base/zone.h"

static enum gb_err refuse(struct cron_fault *reterr_fault, struct cron_fault fault) {
    if (reterr_fault != NULL) {
        *reterr_fault = fault;
    }
    return GB_INVALID;
}

static enum gb_err read_every(struct str text, struct schedule *ret_schedule,
                              struct cron_fault *reterr_fault) {
    struct str duration = str_trim(str_sub(text, STR("every").n, text.n));
    size_t at = duration.n > 0 ? (size_t)(duration.p - text.p) : text.n;
    int64_t ms;
    if (num_duration_ms(duration, &ms) != GB_OK) {
        return refuse(reterr_fault, (struct cron_fault){
                                        "every", at, "a duration is needed: every 10 s, every 6h"});
    }
    if (ms < SCHEDULE_EVERY_MIN_MS || ms > SCHEDULE_EVERY_MAX_MS) {
        return refuse(reterr_fault, (struct cron_fault){"every", at, "from 1 s to 366 d"});
    }
    *ret_schedule = (struct schedule){.kind = SCHEDULE_EVERY, .every_ms = ms};
    return GB_OK;
}

enum gb_err schedule_parse(struct str text, struct schedule *ret_schedule,
                           struct cron_fault *reterr_fault) {
    if (str_is(text, "off")) {
        *ret_schedule = (struct schedule){.kind = SCHEDULE_OFF};
        return GB_OK;
    }
    if (str_starts(text, STR("every"))) {
        return read_every(text, ret_schedule, reterr_fault);
    }
    struct schedule schedule = {.kind = SCHEDULE_CRON};
    if (cron_parse(text, &schedule.cron, reterr_fault) != GB_OK) {
        return GB_INVALID;
    }
    struct zone utc = zone_fixed(0);
    if (cron_next(&schedule.cron, &utc, 0) == CRON_NEVER) {
        return refuse(reterr_fault,
                      (struct cron_fault){"expression", 0, "there is no such day in any year"});
    }
    *ret_schedule = schedule;
    return GB_OK;
}

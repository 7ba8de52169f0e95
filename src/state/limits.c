#include "state/limits.h"

#include "base/arena.h"
#include "base/num.h"
#include "state/record.h"
#include "state/work.h"

/* How long somebody is not heard who was too fast again; the first pause comes with the warning,
 * and is there to let it be read. */
static const int64_t pauses_ms[] = {
    5 * GB_SECOND_MS, GB_MINUTE_MS, 5 * GB_MINUTE_MS, 30 * GB_MINUTE_MS, 2 * GB_HOUR_MS, GB_DAY_MS,
};
#define FORGOTTEN_AFTER_MS GB_DAY_MS /* behind the end of a pause */

static struct str key_of(struct work *work, const char *kind, int64_t user) {
    return arena_printf(work->arena, "%s:%" PRId64, kind, user);
}

static const char *const kinds[] = {
    [LIMIT_MESSAGES] = "messages",
    [LIMIT_PRESSES] = "presses",
    [LIMIT_PAYMENTS] = "payments",
};

static struct rate rate_of(const struct config *config, enum limit_kind kind, bool admin) {
    switch (kind) {
    case LIMIT_MESSAGES:
        return admin ? config->limits.admin_messages : config->limits.messages;
    case LIMIT_PRESSES:
        return admin ? config->limits.admin_presses : config->limits.presses;
    case LIMIT_PAYMENTS:
        return config->limits.payments;
    }
    return (struct rate){0, 0};
}

/* A row that expires with what it says, in whole minutes: the index of what expires is left alone
 * by quick successions. */
static void put_until(struct work *work, struct str key, struct str value, int64_t until_ms) {
    tx_put(work->tx, TABLE_LIMITS, key, value, (until_ms / GB_MINUTE_MS + 1) * GB_MINUTE_MS);
}

enum gb_err limit_take(struct work *work, enum limit_kind kind, int64_t user, bool admin,
                       int64_t *ret_wait_ms) {
    struct rate rate = rate_of(work->config, kind, admin);
    if (rate.count == 0) {
        return GB_OK;
    }
    struct str key = key_of(work, kinds[kind], user), value;
    int64_t empty_ms = 0; /* when all that was taken will have come back */
    enum gb_err err = tx_get(work->tx, TABLE_LIMITS, key, &value);
    if (err == GB_OK && num_i64(value, 0, INT64_MAX, &empty_ms) != GB_OK) {
        empty_ms = 0; /* not ours: as good as no row */
    }
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    int64_t step_ms = GB_MAX(rate.window_ms / rate.count, INT64_C(1));
    /* A clock that was set back, or a smaller limit, must not lock anybody out for longer. */
    empty_ms = GB_MIN(GB_MAX(empty_ms, work->now_ms), work->now_ms + rate.window_ms);
    int64_t wait_ms = empty_ms + step_ms - work->now_ms - step_ms * rate.count;
    if (wait_ms > 0) {
        if (ret_wait_ms != NULL) {
            *ret_wait_ms = wait_ms;
        }
        return GB_LATER;
    }
    empty_ms += step_ms;
    put_until(work, key, arena_printf(work->arena, "%" PRId64, empty_ms), empty_ms);
    return GB_OK;
}

/* How far somebody has gone. */
struct pause {
    int64_t level; /* pauses so far */
    int64_t until_ms;
};

static const struct field pause_fields[] = {
    {"level", FIELD_I64, offsetof(struct pause, level), NULL},
    {"until", FIELD_I64, offsetof(struct pause, until_ms), NULL},
};
static const struct record pause_record = {TABLE_LIMITS, pause_fields, GB_COUNT(pause_fields),
                                           sizeof(struct pause)};

enum gb_err limit_hear(struct work *work, enum limit_kind kind, int64_t user, bool admin,
                       enum patience *ret_patience, int64_t *ret_pause_ms) {
    struct pause pause = {0, 0};
    struct str key = key_of(work, "pause", user);
    enum gb_err err = record_get(work, &pause_record, key, &pause);
    if (err != GB_OK && err != GB_NOT_FOUND && err != GB_DAMAGED) {
        return err;
    }
    int64_t longest_ms = pauses_ms[GB_COUNT(pauses_ms) - 1];
    if (work->now_ms < pause.until_ms && pause.until_ms - work->now_ms <= longest_ms) {
        *ret_patience = PATIENCE_IGNORED;
        return GB_OK;
    }
    err = limit_take(work, kind, user, admin, NULL);
    if (err != GB_LATER) {
        *ret_patience = PATIENCE_HEARD;
        return err;
    }
    int64_t level = GB_MIN(GB_MAX(pause.level, INT64_C(0)), (int64_t)GB_COUNT(pauses_ms) - 1);
    *ret_patience = level == 0 ? PATIENCE_WARNED : PATIENCE_MUTED;
    *ret_pause_ms = pauses_ms[level];
    pause = (struct pause){level + 1, work->now_ms + pauses_ms[level]};
    put_until(work, key, record_write(work->arena, &pause_record, &pause),
              pause.until_ms + FORGOTTEN_AFTER_MS);
    return GB_OK;
}

#include "engine/lane.h"

#include "base/log.h"

#define QUEUE_BURST      20 /* messages a chat may get at once before its pace counts */
#define GROUP_PER_MINUTE 20 /* Telegram counts groups (negative ids) more strictly */
#define BACKOFF_MS_MIN   GB_SECOND_MS
#define BACKOFF_MS_MAX   (60 * GB_SECOND_MS)

/* When may it go, by a bucket that empties at `interval_us` a call and holds `burst` calls? */
static int64_t pace_wait_ms(const struct pace *pace, int64_t now_ms, int64_t interval_us,
                            int64_t burst) {
    int64_t early_us = pace->free_at_us - interval_us * (burst - 1) - now_ms * 1000;
    return early_us <= 0 ? 0 : early_us / 1000 + 1;
}

static void pace_spend(struct pace *pace, int64_t now_ms, int64_t interval_us) {
    pace->free_at_us = GB_MAX(pace->free_at_us, now_ms * 1000) + interval_us;
}

static struct pace *queue_pace(struct lane *lane, const struct lane_row *row) {
    if (lane->queue_pace == NULL || lane->options.queue_per_minute <= 0 || row->queue_hash == 0) {
        return NULL;
    }
    struct pace *pace = &lane->queue_pace[row->queue_hash % PACE_BUCKETS];
    if (pace->who != row->queue_hash) {
        *pace = (struct pace){.who = row->queue_hash}; /* who was here before is forgotten */
    }
    return pace;
}

static int64_t queue_interval_us(const struct lane *lane, const struct lane_row *row) {
    bool group = row->row.queue.n > 0 && row->row.queue.p[0] == '-';
    int64_t per_minute = group ? GROUP_PER_MINUTE : lane->options.queue_per_minute;
    return GB_MINUTE_MS * 1000 / per_minute;
}

int64_t pace_row_wait_ms(struct lane *lane, const struct lane_row *row, int64_t now_ms) {
    int64_t wait_ms = GB_MAX(row->not_before_ms - now_ms, INT64_C(0));
    const struct pace *pace = queue_pace(lane, row);
    if (pace != NULL) {
        wait_ms =
            GB_MAX(wait_ms, pace_wait_ms(pace, now_ms, queue_interval_us(lane, row), QUEUE_BURST));
    }
    return wait_ms;
}

int64_t pace_call_wait_ms(const struct lane *lane, int64_t now_ms) {
    const struct rate *calls = &lane->options.calls;
    if (calls->count <= 0) {
        return 0;
    }
    return pace_wait_ms(&lane->calls_pace, now_ms, calls->window_ms * 1000 / calls->count,
                        calls->count);
}

void pace_count_call(struct lane *lane, int64_t now_ms) {
    const struct rate *calls = &lane->options.calls;
    if (calls->count > 0) {
        pace_spend(&lane->calls_pace, now_ms, calls->window_ms * 1000 / calls->count);
    }
}

/* Who goes behind another lane leaves a third of the bucket to it. */
int64_t pace_lane_wait_ms(const struct lane *lane, int64_t now_ms) {
    const struct lane *first = lane->before != NULL ? lane->before : lane;
    int64_t wait_ms = pace_call_wait_ms(lane, now_ms), per_second = first->options.per_second;
    if (per_second <= 0) {
        return wait_ms;
    }
    int64_t burst = lane->before != NULL ? GB_MAX(per_second * 2 / 3, INT64_C(1)) : per_second;
    return GB_MAX(wait_ms, pace_wait_ms(&first->pace, now_ms, 1000000 / per_second, burst));
}

void pace_clock_was_set(struct lane *lane, int64_t by_ms) {
    lane->pace.free_at_us += by_ms * 1000;
    lane->calls_pace.free_at_us += by_ms * 1000;
    for (size_t i = 0; lane->queue_pace != NULL && i < PACE_BUCKETS; i++) {
        lane->queue_pace[i].free_at_us += by_ms * 1000;
    }
}

static int64_t backoff_ms(struct lanes *lanes, unsigned failures) {
    unsigned doublings = GB_MIN(failures > 0 ? failures - 1 : 0, 6U);
    int64_t wait_ms = GB_MIN(BACKOFF_MS_MIN << doublings, BACKOFF_MS_MAX);
    /* +-20 %, so that lanes and instances do not march in step. */
    lanes->jitter = lanes->jitter * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return wait_ms * (int64_t)(80 + (lanes->jitter >> 33) % 41) / 100;
}

void pace_trouble(struct lanes *lanes, struct lane *lane, const struct answer *answer,
                  int64_t now_ms) {
    if (lane->quiet_until_ms > now_ms) {
        return; /* others that were under way when it began: one trouble, counted once */
    }
    lane->failures++;
    int64_t wait_ms = GB_MAX(answer->retry_after_ms, backoff_ms(lanes, lane->failures));
    lane->quiet_until_ms = now_ms + wait_ms;
    LOG_WARN("lane_waits", LOG_TEXT("lane", lane->name), LOG_STR("why", answer->why),
             LOG_INT("failures", lane->failures), LOG_INT("wait_ms", wait_ms));
}

void pace_count(struct lane *lane, const struct lane_row *row, int64_t now_ms) {
    if (row->noise) {
        return;
    }
    struct lane *first = lane->before != NULL ? lane->before : lane;
    if (first->options.per_second > 0) {
        pace_spend(&first->pace, now_ms, 1000000 / first->options.per_second);
    }
    struct pace *pace = queue_pace(lane, row);
    if (pace != NULL) {
        pace_spend(pace, now_ms, queue_interval_us(lane, row));
    }
}

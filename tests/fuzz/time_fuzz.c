/* Any bytes as what tells the time: a POSIX zone, a zone file, a cron expression, a schedule. The
 * first byte says which; the next eight are an instant to ask about. */
#include "base/arena.h"
#include "base/base.h"
#include "base/cron.h"
#include "base/schedule.h"
#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* What holds in any zone, a hostile one included. */
static void ask_zone(const struct zone *zone, int64_t at_ms) {
    int32_t offset_s = zone_offset_s(zone, at_ms);
    gb_assert(offset_s >= -ZONE_OFFSET_MAX_S && offset_s <= ZONE_OFFSET_MAX_S);
    int64_t change_ms = zone_change_after(zone, at_ms);
    bool usual = at_ms > 0 && at_ms < INT64_C(200000000000000);
    gb_assert(!usual || change_ms > at_ms);
    gb_assert(!usual || change_ms == ZONE_NEVER || zone_offset_s(zone, change_ms - 1) == offset_s);
    struct civil civil = zone_to_civil(zone, at_ms);
    int64_t back_ms;
    if (zone_from_civil(zone, &civil, &back_ms) == ZONE_ONCE) {
        gb_assert(!usual || back_ms == at_ms);
    }
}

static void ask_cron(const struct cron *cron, const struct zone *zone, struct arena *arena,
                     int64_t at_ms) {
    for (int i = 0; i < 4 && at_ms != CRON_NEVER; i++) {
        int64_t next_ms = cron_next(cron, zone, at_ms);
        gb_assert(next_ms > at_ms);
        at_ms = next_ms;
    }
    struct cron again;
    struct buf text;
    buf_init(&text, arena, CRON_PRINT_MAX);
    cron_print(cron, &text);
    gb_assert(!text.failed);
    enum gb_err err = cron_parse(buf_str(&text), &again, NULL);
    gb_assert(err == GB_OK && memcmp(cron, &again, sizeof again) == 0);
}

static void ask(char what, struct str text, struct arena *arena, int64_t at_ms) {
    struct zone zone = zone_fixed(3 * 3600);
    struct schedule schedule = {.kind = SCHEDULE_OFF};
    struct cron cron;
    struct cron_fault fault = {NULL, 0, NULL};
    const char *why = NULL;
    size_t at = 0;
    switch (what) {
    case 'p':
        if (zone_parse_posix(text, &zone, &at, &why) == GB_OK) {
            ask_zone(&zone, at_ms);
        } else {
            gb_assert(why != NULL && at <= text.n);
        }
        break;
    case 'z':
        if (zone_parse_tzif(text, arena, &zone, &why) == GB_OK) {
            ask_zone(&zone, at_ms);
            enum gb_err err = cron_parse(STR("*/7 2 * * *"), &cron, NULL);
            gb_assert(err == GB_OK);
            ask_cron(&cron, &zone, arena, at_ms);
        } else {
            gb_assert(why != NULL);
        }
        break;
    case 's':
        if (schedule_parse(text, &schedule, &fault) != GB_OK) {
            gb_assert(fault.why != NULL && fault.at <= text.n);
        }
        break;
    default:
        if (cron_parse(text, &cron, &fault) == GB_OK) {
            ask_cron(&cron, &zone, arena, at_ms);
        } else {
            gb_assert(fault.field != NULL && fault.why != NULL && fault.at <= text.n);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena *arena;
    if (arena == NULL) {
        arena = arena_new(65536, 64 * 1024 * 1024);
    }
    int64_t at_ms;
    if (bytes <= sizeof at_ms) {
        return 0;
    }
    memcpy(&at_ms, data + 1, sizeof at_ms);
    struct str text = {(const char *)data + 1 + sizeof at_ms, bytes - 1 - sizeof at_ms};
    /* A copy of its own: a byte too far is seen. */
    ask((char)data[0], arena_copy(arena, text), arena, at_ms);
    arena_clear(arena);
    return 0;
}

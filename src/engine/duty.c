#include "engine/duty.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/num.h"
#include "state/tables.h"
#include "store/backend.h"

/* Shorter than the ten seconds in which Telegram wants a pre-checkout answered. */
#define LEASE_MS (6 * GB_SECOND_MS)
#define RENEW_MS (2 * GB_SECOND_MS)
#define AGAIN_MS GB_SECOND_MS
#define ROW      STR("duty")

void duty_begin(struct duty *duty, const char *instance) {
    *duty = (struct duty){.is_shared = instance != NULL, .held = instance == NULL};
    duty->look_ms = duty->is_shared ? 0 : INT64_MAX;
    if (instance != NULL) {
        gb_assert(strlen(instance) == DUTY_ID_CHARS);
        memcpy(duty->id, instance, DUTY_ID_CHARS);
    }
}

/* The row's text: who, and until when. GB_OK: ours. GB_REFUSED: another's, until *ret_until_ms.
 * GB_NOT_FOUND: nobody's. Else the store's error. */
static enum gb_err holder(const struct duty *duty, struct tx *tx, int64_t *ret_until_ms) {
    struct str text;
    uint64_t until = 0;
    enum gb_err err = tx_get(tx, TABLE_LEASES, ROW, &text);
    if (err != GB_OK) {
        return err;
    }
    if (num_hex64(str_sub(text, DUTY_ID_CHARS, text.n), &until) != GB_OK) {
        return GB_NOT_FOUND; /* not of our making: whoever comes first mends it */
    }
    *ret_until_ms = (int64_t)until;
    if (*ret_until_ms <= tx_now(tx)) {
        return GB_NOT_FOUND;
    }
    return str_is(str_sub(text, 0, DUTY_ID_CHARS), duty->id) ? GB_OK : GB_REFUSED;
}

enum gb_err duty_check(const struct duty *duty, struct tx *tx) {
    int64_t until_ms;
    if (!duty->is_shared) {
        return GB_OK;
    }
    enum gb_err err = holder(duty, tx, &until_ms);
    return err == GB_NOT_FOUND ? GB_REFUSED : err;
}

static struct str lease(const struct duty *duty, struct arena *arena, int64_t until_ms) {
    return arena_printf(arena, "%s%016" PRIx64, duty->id, (uint64_t)until_ms);
}

static enum gb_err take(const struct duty *duty, struct backend *backend, struct arena *arena,
                        int64_t now_ms, int64_t *ret_until_ms) {
    struct tx *tx = tx_begin(backend, arena, now_ms);
    enum gb_err err = holder(duty, tx, ret_until_ms);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    *ret_until_ms = now_ms + LEASE_MS;
    tx_put(tx, TABLE_LEASES, ROW, lease(duty, arena, *ret_until_ms), *ret_until_ms);
    return tx_apply(tx);
}

enum duty_news duty_look(struct duty *duty, struct backend *backend, struct arena *arena,
                         int64_t now_ms) {
    if (now_ms < duty->look_ms) {
        return DUTY_SAME;
    }
    struct arena_mark mark = arena_mark(arena);
    int64_t until_ms = 0;
    enum gb_err err = take(duty, backend, arena, now_ms, &until_ms);
    arena_reset(arena, mark);
    bool held = duty->held;
    if (err == GB_OK) {
        held = true;
        duty->until_ms = until_ms;
        duty->look_ms = now_ms + RENEW_MS;
    } else if (err == GB_REFUSED) {
        held = false;
        duty->look_ms = GB_MAX(now_ms + AGAIN_MS, until_ms);
    } else { /* somebody was quicker, or the store is away: it counts until it ends */
        held = held && now_ms < duty->until_ms;
        duty->look_ms = now_ms + AGAIN_MS;
    }
    if (held == duty->held) {
        return DUTY_SAME;
    }
    duty->held = held;
    LOG_INFO(held ? "on_duty" : "off_duty", LOG_TEXT("instance", duty->id));
    return held ? DUTY_TAKEN : DUTY_LOST;
}

void duty_end(struct duty *duty, struct backend *backend, struct arena *arena, int64_t now_ms) {
    if (!duty->is_shared || !duty->held) {
        return;
    }
    struct tx *tx = tx_begin(backend, arena, now_ms);
    if (duty_check(duty, tx) ==
        GB_OK) { /* written, not removed: the others hear of what is written */
        tx_put(tx, TABLE_LEASES, ROW, lease(duty, arena, now_ms), now_ms + LEASE_MS);
        LOG_INFO("duty_given_back", LOG_TEXT("result", gb_err_name(tx_apply(tx))));
    }
    duty->held = false;
}

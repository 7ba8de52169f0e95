#include "state/seen.h"

#include "base/arena.h"
#include "base/num.h"
#include "state/work.h"

#define KEPT_MS (8 * GB_DAY_MS)

/* Several instances: a row each, so that neighbours are not in conflict. */
static enum gb_err mark_alone(struct work *work, int64_t update_id) {
    struct buf key;
    struct str value;
    buf_init(&key, work->arena, 24);
    buf_add_char(&key, 'u');
    buf_add_i64(&key, update_id);
    enum gb_err err = tx_get(work->tx, TABLE_SEEN, buf_str(&key), &value);
    if (err == GB_NOT_FOUND) {
        tx_put(work->tx, TABLE_SEEN, buf_str(&key), STR("1"), work->now_ms + KEPT_MS);
    }
    return err == GB_NOT_FOUND ? GB_OK : err == GB_OK ? GB_EXISTS : err;
}

enum gb_err seen_mark(struct work *work, int64_t update_id) {
    if (work->is_shared) {
        return mark_alone(work, update_id);
    }
    struct buf key;
    buf_init(&key, work->arena, 16);
    buf_add_hex64(&key, (uint64_t)update_id >> 6);

    uint64_t bits = 0;
    struct str value;
    enum gb_err err = tx_get(work->tx, TABLE_SEEN, buf_str(&key), &value);
    if (err == GB_OK && num_hex64(value, &bits) != GB_OK) {
        return GB_DAMAGED;
    }
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    uint64_t bit = UINT64_C(1) << ((uint64_t)update_id & 63);
    if ((bits & bit) != 0) {
        return GB_EXISTS;
    }
    struct buf text;
    buf_init(&text, work->arena, 16);
    buf_add_hex64(&text, bits | bit);
    /* Whole hours: the same row is written 64 times and its place in the expiry index stays. */
    int64_t expires_ms = ((work->now_ms + KEPT_MS) / GB_HOUR_MS + 1) * GB_HOUR_MS;
    tx_put(work->tx, TABLE_SEEN, buf_str(&key), buf_str(&text), expires_ms);
    return GB_OK;
}

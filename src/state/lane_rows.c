#include "state/lane_rows.h"

#include "base/num.h"
#include "state/work.h"

#define HEX_BYTES 16

static bool count_row(void *ctx, struct str key, struct str value) {
    struct lane_rows *rows = ctx;
    uint64_t due;
    (void)value;
    struct str rest = str_sub(key, str_find(key, '/') + 1, key.n);
    if (num_hex64(str_sub(rest, 0, HEX_BYTES), &due) == GB_OK &&
        (rows->next_ms == 0 || (int64_t)due < rows->next_ms)) {
        rows->next_ms = (int64_t)due;
    }
    rows->count++;
    return true;
}

enum gb_err lane_rows(struct work *work, struct str prefix, struct lane_rows *ret) {
    *ret = (struct lane_rows){.count = 0};
    return tx_scan_prefix(work->tx, TABLE_OUTBOX, prefix, LANE_ROWS_MAX, count_row, ret);
}

/* lane_rows.h: what waits in the lanes, by their rows' keys: lane/due/order. */
#ifndef STATE_LANE_ROWS_H
#define STATE_LANE_ROWS_H

#include "base/base.h"

struct work;

#define LANE_ROWS_MAX 1000 /* more are not counted */

struct lane_rows {
    size_t count;
    int64_t next_ms; /* when the first of them is due; 0: none waits */
};

/* The rows of all lanes whose name begins with `prefix` ("pay:"). The store's error. */
enum gb_err lane_rows(struct work *work, struct str prefix, struct lane_rows *ret) GB_MUST_USE;

#endif

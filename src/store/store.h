/* store.h: one event's view of the rows: all that a handler knows of any store.
 *
 * Reads are remembered, writes held back. Nothing reaches the backend while a handler runs, so a
 * view can be dropped or run again, and a value read stays valid until the view ends. Rows live in
 * tables (small numbers, state/tables.def); keys are readable text, 1 to 400 bytes; values at most
 * 4 MiB. A row may expire: what has expired is never returned, by any function, at tx_now().
 *
 * The rule for deciding: scan finds, get decides. A scan only proposes candidates; what a decision
 * rests on is read by key.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/base.h"

struct tx;

#define STORE_KEY_MAX   400
#define STORE_VALUE_MAX (4 * 1024 * 1024)
#define STORE_NEVER     INT64_C(0) /* expires_ms of a row that stays */

/* One table; a store is opened with an array of them, indexed by table number. */
struct store_table {
    const char *name;
    int redis_db; /* 0 FSM, 1 cache, 2 limits, 3 the shop */
};

/* The row's value, valid until the view ends (also after tx_put of the same key: the old text).
 * GB_NOT_FOUND: no such row, or expired. GB_UNAVAILABLE, GB_DAMAGED: from the backend. */
enum gb_err tx_get(struct tx *tx, int table, struct str key, struct str *ret_value) GB_MUST_USE;

/* Write a row; key and value are copied. `expires_ms` is a wall-clock instant or STORE_NEVER. */
void tx_put(struct tx *tx, int table, struct str key, struct str value, int64_t expires_ms);

/* Remove a row; nothing happens if it is not there. */
void tx_del(struct tx *tx, int table, struct str key);

/* Return false to stop. */
typedef bool tx_row_fn(void *ctx, struct str key, struct str value);

/* Rows with from <= key < until in byte order, at most `limit`, own writes included. An empty
 * `until` means to the end of the table. `each` must not write to the view.
 * GB_UNAVAILABLE, GB_DAMAGED: from the backend. */
enum gb_err tx_scan(struct tx *tx, int table, struct str from, struct str until, size_t limit,
                    tx_row_fn *each, void *ctx) GB_MUST_USE;

/* All rows whose key starts with `prefix` (not empty), at most `limit`. */
enum gb_err tx_scan_prefix(struct tx *tx, int table, struct str prefix, size_t limit,
                           tx_row_fn *each, void *ctx) GB_MUST_USE;

/* The instant of this view. */
int64_t tx_now(const struct tx *tx);

#endif

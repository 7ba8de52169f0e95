/* shared_rows.h: a store in memory that others write to as well: it is told what a view has read
 * and refuses to apply what rests on rows that changed. Counts what is read. For tests. */
#ifndef TESTS_STATE_SHARED_ROWS_H
#define TESTS_STATE_SHARED_ROWS_H

#include "store/backend.h"

struct shared_counts {
    size_t gets, scans, scanned, conflicts;
};

struct backend *shared_rows_new(const struct store_table *tables, size_t table_count);
void shared_rows_free(struct backend *backend);
/* Since the last call. */
struct shared_counts shared_rows_counts(struct backend *backend);
size_t shared_rows_size(struct backend *backend, int table);

#endif

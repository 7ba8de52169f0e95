/* conformance.h: what every backend must do, as tests over `struct backend *`.
 *
 * A backend's own test file opens it, runs these, and adds what only it can show.
 */
#ifndef TESTS_STORE_CONFORMANCE_H
#define TESTS_STORE_CONFORMANCE_H

#include "store/backend.h"

struct arena;

struct bench {
    struct arena *arena;
    struct backend *backend;
    /* Close and open again, as a new start would. */
    void (*reopen)(struct bench *bench);
    char directory[64];
};

enum { BENCH_TABLES = 3 };
extern const struct store_table bench_tables[BENCH_TABLES];

/* Each takes the bench as *state. */
void view_reads_what_it_wrote(void **state);
void view_dropped_changes_nothing(void **state);
void view_gives_one_answer_to_one_question(void **state);
void rows_survive_a_reopen(void **state);
void expired_rows_are_never_returned(void **state);
void purge_removes_what_expired_and_nothing_else(void **state);
void scan_is_ordered_and_merges_own_writes(void **state);
void scan_by_prefix_ends_where_the_prefix_ends(void **state);
void changes_of_two_equal_runs_are_the_same(void **state);
void empty_value_is_a_value(void **state);
void large_value_comes_back(void **state);
void random_operations_agree_with_a_naive_model(void **state);

#endif

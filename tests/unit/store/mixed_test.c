/* Two backends as one: the conformance set, and what happens when the other side is away. */
#define GB_DOOR "files"
#include "base/arena.h"
#include "store/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW     INT64_C(1800000000000)
#define RECORDS 0 /* a table of each side */
#define REST    2

/* A side that can be away. */
struct gate {
    struct backend backend, *behind;
    bool is_shut;
    size_t applied;
};

static struct gate *gate_of(struct backend *b) {
    return (struct gate *)(void *)b;
}

static enum gb_err gate_read(struct backend *b, int table, struct str key, int64_t now_ms,
                             struct arena *arena, struct str *ret_value) {
    struct gate *g = gate_of(b);
    return g->is_shut ? GB_UNAVAILABLE
                      : g->behind->ops->read(g->behind, table, key, now_ms, arena, ret_value);
}

static enum gb_err gate_scan(struct backend *b, int table, struct str from, struct str until,
                             size_t limit, int64_t now_ms, struct arena *arena,
                             backend_row_fn *each, void *ctx) {
    struct gate *g = gate_of(b);
    return g->is_shut ? GB_UNAVAILABLE
                      : g->behind->ops->scan(g->behind, table, from, until, limit, now_ms, arena,
                                             each, ctx);
}

static enum gb_err gate_apply(struct backend *b, const struct seen_row *reads, size_t read_count,
                              const struct change *changes, size_t change_count, int64_t now_ms) {
    struct gate *g = gate_of(b);
    if (g->is_shut) {
        return GB_UNAVAILABLE;
    }
    g->applied += change_count;
    enum gb_err err =
        g->behind->ops->apply(g->behind, reads, read_count, changes, change_count, now_ms);
    return err == GB_OK ? g->behind->ops->sync(g->behind) : err;
}

static enum gb_err gate_purge(struct backend *b, int64_t now_ms, size_t limit,
                              size_t *ret_removed) {
    struct gate *g = gate_of(b);
    return g->is_shut ? GB_UNAVAILABLE
                      : g->behind->ops->purge(g->behind, now_ms, limit, ret_removed);
}

static void gate_close(struct backend *b) {
    struct gate *g = gate_of(b);
    g->behind->ops->close(g->behind);
    free(g);
}

static const struct backend_ops gate_ops = {
    .name = "gate",
    .read = gate_read,
    .scan = gate_scan,
    .apply = gate_apply,
    .purge = gate_purge,
    .close = gate_close,
};

static struct gate *the_gate; /* of the running test */

static struct backend *open_one(struct bench *b, const char *name) {
    char directory[96];
    (void)snprintf(directory, sizeof directory, "%s/%s", b->directory, name);
    struct lmdb_options options = {.directory = directory};
    struct backend *backend;
    struct str why = STR_NONE;
    assert_int_equal(lmdb_open(&options, bench_tables, BENCH_TABLES, b->arena, &backend, &why),
                     GB_OK);
    return backend;
}

static void open_both(struct bench *b) {
    the_gate = calloc(1, sizeof *the_gate);
    the_gate->behind = open_one(b, "rest");
    the_gate->backend =
        (struct backend){.ops = &gate_ops, .tables = bench_tables, .table_count = BENCH_TABLES};
    mixed_open(open_one(b, "records"), &the_gate->backend, &b->backend);
}

static void reopen(struct bench *b) {
    b->backend->ops->close(b->backend);
    open_both(b);
}

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    b->arena = arena_new(64 * 1024, (size_t)256 * 1024 * 1024);
    b->reopen = reopen;
    memcpy(b->directory, "/tmp/gb-mixed-XXXXXX", 21);
    assert_non_null(mkdtemp(b->directory));
    open_both(b);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    b->backend->ops->close(b->backend);
    static const char *const names[] = {"records/store.mdb",
                                        "records/store.mdb-lock",
                                        "records/lock",
                                        "rest/store.mdb",
                                        "rest/store.mdb-lock",
                                        "rest/lock",
                                        "records",
                                        "rest"};
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", b->directory, names[i]);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(rmdir(b->directory), 0);
    arena_free(b->arena);
    free(b);
    return 0;
}

static enum gb_err put(struct bench *b, int table, const char *key, const char *value) {
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    tx_put(tx, table, str_of(key), str_of(value), STORE_NEVER);
    return tx_apply(tx);
}

static bool holds(struct bench *b, int table, const char *key, const char *value) {
    struct str found;
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    enum gb_err err = tx_get(tx, table, str_of(key), &found);
    return value == NULL ? err == GB_NOT_FOUND : err == GB_OK && str_is(found, value);
}

static void the_other_side_is_written_after_the_records_are_on_disk(void **state) {
    struct bench *b = *state;
    assert_int_equal(put(b, REST, "a", "1"), GB_OK);
    assert_true(holds(b, REST, "a", "1"));
    assert_int_equal(the_gate->applied, 0);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    assert_int_equal(the_gate->applied, 1);
    assert_true(holds(b, REST, "a", "1"));
}

static void what_was_dropped_reaches_neither_side(void **state) {
    struct bench *b = *state;
    assert_int_equal(put(b, RECORDS, "r", "1"), GB_OK);
    assert_int_equal(put(b, REST, "a", "1"), GB_OK);
    b->backend->ops->drop(b->backend);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    assert_int_equal(the_gate->applied, 0);
    assert_true(holds(b, RECORDS, "r", NULL));
    assert_true(holds(b, REST, "a", NULL));
}

static void records_go_on_and_the_rest_is_kept_while_the_other_side_is_away(void **state) {
    struct bench *b = *state;
    assert_int_equal(put(b, REST, "a", "1"), GB_OK);
    the_gate->is_shut = true;
    assert_int_equal(put(b, RECORDS, "r", "1"), GB_OK);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK); /* the records are safe */
    assert_true(holds(b, REST, "a", "1"));                      /* from what is in hand */
    assert_int_equal(put(b, REST, "a", "2"), GB_OK);
    b->backend->ops->drop(b->backend); /* takes back this turn only */
    assert_true(holds(b, REST, "a", "1"));
    struct str found;
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    assert_int_equal(tx_get(tx, REST, STR("other"), &found), GB_UNAVAILABLE);
    the_gate->is_shut = false;
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    assert_int_equal(the_gate->applied, 1);
    reopen(b);
    assert_true(holds(b, REST, "a", "1"));
    assert_true(holds(b, RECORDS, "r", "1"));
}

static void what_waits_for_the_other_side_is_bounded(void **state) {
    struct bench *b = *state;
    enum gb_err err = GB_OK;
    the_gate->is_shut = true;
    int count = 0;
    while (err == GB_OK && count < 100000) {
        err = put(b, REST, "a", "1");
        assert_true(err == GB_OK || b->backend->trouble != NULL);
        assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
        count++;
    }
    assert_int_equal(err, GB_UNAVAILABLE);
    the_gate->is_shut = false;
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    assert_int_equal(put(b, REST, "a", "2"), GB_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(view_reads_what_it_wrote),
        T(view_dropped_changes_nothing),
        T(view_gives_one_answer_to_one_question),
        T(rows_survive_a_reopen),
        T(expired_rows_are_never_returned),
        T(purge_removes_what_expired_and_nothing_else),
        T(scan_is_ordered_and_merges_own_writes),
        T(scan_by_prefix_ends_where_the_prefix_ends),
        T(changes_of_two_equal_runs_are_the_same),
        T(empty_value_is_a_value),
        T(large_value_comes_back),
        T(random_operations_agree_with_a_naive_model),
        T(the_other_side_is_written_after_the_records_are_on_disk),
        T(what_was_dropped_reaches_neither_side),
        T(records_go_on_and_the_rest_is_kept_while_the_other_side_is_away),
        T(what_waits_for_the_other_side_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#define GB_DOOR "tests"
#include "store/conformance.h"

#include "base/arena.h"
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)

const struct store_table bench_tables[BENCH_TABLES] = {{"one", 3}, {"two", 3}, {"three", 0}};

static struct tx *view(struct bench *b, int64_t now_ms) {
    return tx_begin(b->backend, b->arena, now_ms);
}

static void commit(struct bench *b, struct tx *tx) {
    assert_int_equal(tx_apply(tx), GB_OK);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
}

static void put(struct bench *b, int table, const char *key, const char *value,
                int64_t expires_ms) {
    struct tx *tx = view(b, NOW);
    tx_put(tx, table, str_of(key), str_of(value), expires_ms);
    commit(b, tx);
}

static void assert_row(struct tx *tx, int table, const char *key, const char *value) {
    struct str found;
    enum gb_err err = tx_get(tx, table, str_of(key), &found);
    if (value == NULL) {
        assert_int_equal(err, GB_NOT_FOUND);
        return;
    }
    assert_int_equal(err, GB_OK);
    assert_true(str_is(found, value));
}

void view_reads_what_it_wrote(void **state) {
    struct bench *b = *state;
    struct tx *tx = view(b, NOW);
    assert_row(tx, 0, "a", NULL);
    tx_put(tx, 0, STR("a"), STR("1"), STORE_NEVER);
    assert_row(tx, 0, "a", "1");
    assert_row(tx, 1, "a", NULL);
    tx_put(tx, 0, STR("a"), STR("2"), STORE_NEVER);
    assert_row(tx, 0, "a", "2");
    tx_del(tx, 0, STR("a"));
    assert_row(tx, 0, "a", NULL);
    tx_put(tx, 0, STR("b"), STR("x"), NOW);
    assert_row(tx, 0, "b", NULL);
    tx_put(tx, 0, STR("b"), STR("x"), NOW + 1);
    assert_row(tx, 0, "b", "x");
}

void view_dropped_changes_nothing(void **state) {
    struct bench *b = *state;
    put(b, 0, "a", "1", STORE_NEVER);
    struct tx *dropped = view(b, NOW);
    tx_put(dropped, 0, STR("a"), STR("2"), STORE_NEVER);
    tx_put(dropped, 0, STR("b"), STR("2"), STORE_NEVER);
    struct tx *next = view(b, NOW);
    assert_row(next, 0, "a", "1");
    assert_row(next, 0, "b", NULL);
}

void view_gives_one_answer_to_one_question(void **state) {
    struct bench *b = *state;
    put(b, 0, "a", "1", STORE_NEVER);
    struct tx *tx = view(b, NOW);
    struct str before, after;
    assert_int_equal(tx_get(tx, 0, STR("a"), &before), GB_OK);
    tx_put(tx, 0, STR("a"), STR("2"), STORE_NEVER);
    assert_int_equal(tx_get(tx, 0, STR("a"), &after), GB_OK);
    assert_true(str_is(before, "1")); /* valid until the view ends, also after the put */
    assert_true(str_is(after, "2"));
}

void rows_survive_a_reopen(void **state) {
    struct bench *b = *state;
    put(b, 0, "a", "1", STORE_NEVER);
    put(b, 2, "fsm:1:1:state", "Buy:x", NOW + 1000);
    b->reopen(b);
    struct tx *tx = view(b, NOW);
    assert_row(tx, 0, "a", "1");
    assert_row(tx, 2, "fsm:1:1:state", "Buy:x");
}

static bool count_row(void *ctx, struct str key, struct str value) {
    (void)key, (void)value;
    ++*(size_t *)ctx;
    return true;
}

void expired_rows_are_never_returned(void **state) {
    struct bench *b = *state;
    put(b, 0, "a", "1", NOW + 100);
    struct tx *tx = view(b, NOW + 99);
    assert_row(tx, 0, "a", "1");
    tx = view(b, NOW + 100);
    assert_row(tx, 0, "a", NULL);
    size_t count = 0;
    assert_int_equal(tx_scan(tx, 0, STR("a"), STR_NONE, 10, count_row, &count), GB_OK);
    assert_int_equal(count, 0);
}

void purge_removes_what_expired_and_nothing_else(void **state) {
    struct bench *b = *state;
    put(b, 0, "gone", "1", NOW + 100);
    put(b, 0, "prolonged", "1", NOW + 100);
    put(b, 0, "prolonged", "2", NOW + 1000);
    put(b, 0, "kept", "1", NOW + 100);
    put(b, 0, "kept", "1", STORE_NEVER);
    put(b, 1, "gone", "1", NOW + 50);

    size_t removed = 99;
    assert_int_equal(b->backend->ops->purge(b->backend, NOW + 200, 1, &removed), GB_OK);
    assert_true(removed <= 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(b->backend->ops->purge(b->backend, NOW + 200, 10, &removed), GB_OK);
    }
    assert_int_equal(removed, 0);
    struct tx *tx = view(b, NOW); /* even at the old instant: they are gone for good */
    assert_row(tx, 0, "gone", NULL);
    assert_row(tx, 1, "gone", NULL);
    assert_row(tx, 0, "prolonged", "2");
    assert_row(tx, 0, "kept", "1");
}

struct listed {
    char text[4096];
    size_t stop_after, count;
};

static bool list_row(void *ctx, struct str key, struct str value) {
    struct listed *listed = ctx;
    size_t at = strlen(listed->text);
    (void)snprintf(listed->text + at, sizeof listed->text - at, STR_FMT "=" STR_FMT " ",
                   STR_ARG(key), STR_ARG(value));
    return ++listed->count != listed->stop_after;
}

static void assert_scan(struct tx *tx, const char *from, const char *until, size_t limit,
                        size_t stop_after, const char *wanted) {
    struct listed listed = {.stop_after = stop_after};
    assert_int_equal(tx_scan(tx, 0, str_of(from), str_of(until), limit, list_row, &listed), GB_OK);
    assert_string_equal(listed.text, wanted);
}

void scan_is_ordered_and_merges_own_writes(void **state) {
    struct bench *b = *state;
    static const char *const keys[] = {"d", "a", "c", "e", "b"};
    for (size_t i = 0; i < GB_COUNT(keys); i++) {
        put(b, 0, keys[i], "s", STORE_NEVER);
    }
    put(b, 1, "a", "other table", STORE_NEVER);
    struct tx *tx = view(b, NOW);
    assert_scan(tx, "a", "", 10, 0, "a=s b=s c=s d=s e=s ");
    assert_scan(tx, "b", "d", 10, 0, "b=s c=s ");
    tx_del(tx, 0, STR("b"));
    tx_put(tx, 0, STR("c"), STR("own"), STORE_NEVER);
    tx_put(tx, 0, STR("bb"), STR("own"), STORE_NEVER);
    tx_put(tx, 0, STR("z"), STR("own"), STORE_NEVER);
    tx_put(tx, 0, STR("d"), STR("expired"), NOW - 1);
    assert_scan(tx, "a", "", 10, 0, "a=s bb=own c=own e=s z=own ");
    assert_scan(tx, "a", "", 3, 0, "a=s bb=own c=own ");
    assert_scan(tx, "a", "", 10, 2, "a=s bb=own ");
    assert_scan(tx, "a", "", 0, 0, "");
    assert_scan(tx, "bb", "z", 10, 0, "bb=own c=own e=s ");
    assert_scan(tx, "e", "", 1, 0, "e=s ");
}

void scan_by_prefix_ends_where_the_prefix_ends(void **state) {
    struct bench *b = *state;
    put(b, 0, "lane", "0", STORE_NEVER);
    put(b, 0, "lane/1", "1", STORE_NEVER);
    put(b, 0, "lane/\xff\xff", "2", STORE_NEVER);
    put(b, 0, "lane0", "3", STORE_NEVER);
    struct tx *tx = view(b, NOW);
    struct listed listed = {.stop_after = 0};
    assert_int_equal(tx_scan_prefix(tx, 0, STR("lane/"), 10, list_row, &listed), GB_OK);
    assert_int_equal(listed.count, 2);
    listed.count = 0;
    assert_int_equal(tx_scan_prefix(tx, 0, STR("\xff"), 10, list_row, &listed), GB_OK);
    assert_int_equal(listed.count, 0);
}

void changes_of_two_equal_runs_are_the_same(void **state) {
    struct bench *b = *state;
    struct tx *one = view(b, NOW), *two = view(b, NOW);
    struct str why = STR_NONE;
    tx_put(one, 0, STR("a"), STR("1"), STORE_NEVER);
    tx_del(one, 1, STR("b"));
    tx_del(two, 1, STR("b"));
    tx_put(two, 0, STR("a"), STR("0"), STORE_NEVER);
    tx_put(two, 0, STR("a"), STR("1"), STORE_NEVER);
    assert_true(tx_same_changes(one, two, b->arena, &why));
    tx_put(two, 0, STR("a"), STR("1"), NOW);
    assert_false(tx_same_changes(one, two, b->arena, &why));
    assert_true(str_is(why, "one a"));
    tx_put(two, 0, STR("a"), STR("1"), STORE_NEVER);
    tx_put(two, 1, STR("b"), STR(""), STORE_NEVER);
    assert_false(tx_same_changes(one, two, b->arena, &why));
    tx_del(two, 1, STR("b"));
    tx_del(two, 2, STR("c"));
    assert_false(tx_same_changes(one, two, b->arena, &why));
}

void empty_value_is_a_value(void **state) {
    struct bench *b = *state;
    struct tx *tx = view(b, NOW);
    tx_put(tx, 0, STR("a"), STR_NONE, STORE_NEVER);
    assert_row(tx, 0, "a", "");
    commit(b, tx);
    assert_row(view(b, NOW), 0, "a", "");
}

void large_value_comes_back(void **state) {
    struct bench *b = *state;
    size_t bytes = STORE_VALUE_MAX;
    char *large = arena_take(b->arena, bytes);
    for (size_t i = 0; i < bytes; i++) {
        large[i] = (char)(i * 7 + i / 4096);
    }
    struct tx *tx = view(b, NOW);
    tx_put(tx, 0, STR("large"), (struct str){large, bytes}, STORE_NEVER);
    commit(b, tx);
    struct str found;
    assert_int_equal(tx_get(view(b, NOW), 0, STR("large"), &found), GB_OK);
    assert_true(str_equal(found, (struct str){large, bytes}));
}

/* ---- random operations beside a table that cannot be wrong ---- */

#define KEYS 40

struct naive_row {
    bool there;
    int value;
    int64_t expires_ms;
};

struct naive {
    struct naive_row row[BENCH_TABLES][KEYS];
};

static const char *key_of(int key, char room[16]) {
    (void)snprintf(room, 16, "k%02d", key);
    return room;
}

static bool naive_has(const struct naive_row *row, int64_t now_ms) {
    return row->there && (row->expires_ms == STORE_NEVER || row->expires_ms > now_ms);
}

static void compare_all(struct bench *b, const struct naive *model, struct tx *tx, int64_t now_ms) {
    for (int t = 0; t < BENCH_TABLES; t++) {
        struct listed wanted = {.stop_after = 0}, found = {.stop_after = 0};
        for (int k = 0; k < KEYS; k++) {
            char key[16], value[16];
            const struct naive_row *row = &model->row[t][k];
            (void)snprintf(value, sizeof value, "%d", row->value);
            assert_row(tx, t, key_of(k, key), naive_has(row, now_ms) ? value : NULL);
            if (naive_has(row, now_ms)) {
                list_row(&wanted, str_of(key), str_of(value));
            }
        }
        assert_int_equal(tx_scan(tx, t, STR("k"), STR_NONE, KEYS + 1, list_row, &found), GB_OK);
        assert_string_equal(found.text, wanted.text);
    }
    (void)b;
}

static void random_change(struct rng *rng, struct naive *model, struct tx *tx, int64_t now_ms) {
    int t = (int)rng_below(rng, BENCH_TABLES), k = (int)rng_below(rng, KEYS);
    struct naive_row *row = &model->row[t][k];
    char key[16], value[16];
    if (rng_below(rng, 3) == 0) {
        tx_del(tx, t, str_of(key_of(k, key)));
        row->there = false;
        return;
    }
    row->there = true;
    row->value = (int)rng_below(rng, 1000000);
    row->expires_ms =
        rng_below(rng, 2) == 0 ? STORE_NEVER : now_ms + (int64_t)rng_below(rng, 2000) - 100;
    (void)snprintf(value, sizeof value, "%d", row->value);
    tx_put(tx, t, str_of(key_of(k, key)), str_of(value), row->expires_ms);
}

void random_operations_agree_with_a_naive_model(void **state) {
    struct bench *b = *state;
    static const uint8_t seed[SHA256_BYTES] = {1, 2, 3};
    struct rng rng;
    rng_init(&rng, seed, STR("store"));
    struct naive applied = {0}, synced = {0};
    int64_t now_ms = NOW;
    for (int round = 0; round < 600; round++) {
        struct naive next = applied;
        struct tx *tx = view(b, now_ms);
        for (uint64_t i = rng_below(&rng, 8); i > 0; i--) {
            random_change(&rng, &next, tx, now_ms);
        }
        if (rng_below(&rng, 10) == 0) {
            compare_all(b, &next, tx, now_ms);
        }
        if (rng_below(&rng, 4) > 0) {
            assert_int_equal(tx_apply(tx), GB_OK);
            applied = next;
        }
        switch (rng_below(&rng, 12)) {
        case 0:
        case 1:
        case 2:
            assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
            synced = applied;
            break;
        case 3:
            assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
            synced = applied;
            b->reopen(b);
            break;
        case 4:
            b->backend->ops->drop(b->backend);
            if (!b->backend->is_shared) { /* others have seen it: it cannot be taken back */
                applied = synced;
            }
            break;
        case 5: {
            size_t removed;
            assert_int_equal(b->backend->ops->purge(b->backend, now_ms, 5, &removed), GB_OK);
            break;
        }
        default:
            break;
        }
        compare_all(b, &applied, view(b, now_ms), now_ms);
        now_ms += (int64_t)rng_below(&rng, 50);
        arena_clear(b->arena);
    }
}

/* What changes for rows when several instances write them: numbers, seen updates, kept lists. */
#define GB_DOOR "a store in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "state/cache.h"
#include "state/outbox.h"
#include "state/seen.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct scene {
    struct arena *arena;
    struct backend *backend;
    struct config config;
    char directory[64];
    int64_t now_ms;
};

static int set_up(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    s->now_ms = INT64_C(1800000000000);
    s->config.cache.tariffs = 5 * GB_MINUTE_MS;
    memcpy(s->directory, "/tmp/gb-shared-XXXXXX", 22);
    assert_non_null(mkdtemp(s->directory));
    struct lmdb_options options = {.directory = s->directory};
    struct str why;
    assert_int_equal(lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    s->backend->ops->close(s->backend);
    arena_free(s->arena);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", s->directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
    free(s);
    return 0;
}

/* One instance's view; each numbers its rows by a clock of its own. */
static struct work begin(struct scene *s, int64_t clock_ms) {
    return (struct work){
        .tx = tx_begin(s->backend, s->arena, clock_ms),
        .arena = s->arena,
        .now_ms = clock_ms,
        .config = &s->config,
        .order = (uint64_t)clock_ms << 20,
        .is_shared = true,
    };
}

static struct outbox_row add(struct work *work, const char *queue) {
    struct outbox_row row = {
        .lane = STR("telegram"),
        .kind = STR("sendMessage"),
        .body = STR("{}"),
        .queue = str_of(queue),
    };
    outbox_add(work, &row);
    struct outbox_node *node = work->added;
    while (node->next != NULL) {
        node = node->next;
    }
    assert_int_equal(tx_apply(work->tx), GB_OK);
    return node->row;
}

static bool goes_before(struct scene *s, const struct outbox_row *a, const struct outbox_row *b) {
    return str_compare(outbox_key(s->arena, a), outbox_key(s->arena, b)) < 0;
}

static void rows_of_a_queue_stand_in_the_order_of_their_commits(void **state) {
    struct scene *s = *state;
    int64_t clocks[] = {0, -30000, 500, -1, 60000, 0};
    struct outbox_row before = {0};
    for (size_t i = 0; i < GB_COUNT(clocks); i++) {
        struct work work = begin(s, s->now_ms + clocks[i]);
        struct outbox_row row = add(&work, "77");
        assert_true(i == 0 || goes_before(s, &before, &row));
        before = row;
    }
}

static void rows_made_at_one_instant_by_two_do_not_meet(void **state) {
    struct scene *s = *state;
    for (size_t i = 0; i < 3; i++) {
        struct work work = begin(s, s->now_ms); /* the same number each time */
        (void)add(&work, "");
    }
    struct work work = begin(s, s->now_ms);
    for (uint64_t i = 0; i < 4; i++) {
        struct outbox_row row = {
            .lane = STR("telegram"), .due_ms = s->now_ms, .order = ((uint64_t)s->now_ms << 20) + i};
        assert_int_equal(outbox_look(&work, &row), i < 3 ? GB_OK : GB_NOT_FOUND);
    }
}

static void updates_are_marked_in_rows_of_their_own(void **state) {
    struct scene *s = *state;
    struct work work = begin(s, s->now_ms);
    assert_int_equal(seen_mark(&work, 640), GB_OK);
    assert_int_equal(seen_mark(&work, 641), GB_OK);
    assert_int_equal(seen_mark(&work, 640), GB_EXISTS);
    struct str value;
    assert_int_equal(tx_get(work.tx, TABLE_SEEN, STR("u641"), &value), GB_OK);
    assert_int_equal(tx_get(work.tx, TABLE_SEEN, STR("000000000000000a"), &value), GB_NOT_FOUND);
}

/* ---- kept lists ---- */

struct fruit {
    struct str name;
    int64_t weight;
};
static const struct field fruit_fields[] = {
    {"name", FIELD_STR, offsetof(struct fruit, name), NULL},
    {"weight", FIELD_I64, offsetof(struct fruit, weight), NULL},
};
static const struct record fruit_record = {0, fruit_fields, 2, sizeof(struct fruit)};

static enum gb_err read_fruits(struct work *work, struct fruit *fruits, size_t *ret_count) {
    return cache_read(work, CACHED_TARIFFS, STR_NONE, &fruit_record, fruits, 4, ret_count);
}

static void a_list_is_kept_until_it_is_dropped_or_old(void **state) {
    struct scene *s = *state;
    const struct fruit fruits[] = {{STR("pear\n"), 3}, {STR("plum"), 1}};
    struct fruit found[4];
    size_t count = 0;
    struct work work = begin(s, s->now_ms);
    assert_int_equal(read_fruits(&work, found, &count), GB_NOT_FOUND);
    cache_fill(&work, CACHED_TARIFFS, STR_NONE, &fruit_record, fruits, 2);
    assert_int_equal(read_fruits(&work, found, &count), GB_OK);
    assert_int_equal(count, 2);
    assert_true(str_is(found[0].name, "pear\n"));
    assert_int_equal(found[1].weight, 1);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    assert_int_equal(work.cache_hits, 1);
    assert_int_equal(work.cache_misses, 1);

    work = begin(s, s->now_ms + 4 * GB_MINUTE_MS);
    assert_int_equal(read_fruits(&work, found, &count), GB_OK);
    work = begin(s, s->now_ms + 5 * GB_MINUTE_MS);
    assert_int_equal(read_fruits(&work, found, &count), GB_NOT_FOUND);

    work = begin(s, s->now_ms);
    cache_drop(&work, CACHED_TARIFFS, STR_NONE);
    assert_int_equal(read_fruits(&work, found, &count), GB_NOT_FOUND);
}

/* Who saw that it was not kept must see a difference, else it would fill in what was. */
static void each_drop_leaves_another_mark(void **state) {
    struct scene *s = *state;
    struct work work = begin(s, s->now_ms);
    struct str first, second;
    cache_drop(&work, CACHED_TARIFFS, STR_NONE);
    assert_int_equal(tx_get(work.tx, TABLE_CACHE, STR("tariffs:"), &first), GB_OK);
    cache_drop(&work, CACHED_TARIFFS, STR_NONE);
    assert_int_equal(tx_get(work.tx, TABLE_CACHE, STR("tariffs:"), &second), GB_OK);
    assert_false(str_equal(first, second));
}

static void nothing_is_kept_where_the_store_is_our_own_or_the_owner_says_so(void **state) {
    struct scene *s = *state;
    const struct fruit fruit = {STR("pear"), 3};
    struct fruit found[4];
    size_t count = 0;
    for (int own = 0; own < 2; own++) {
        struct work work = begin(s, s->now_ms);
        work.is_shared = own == 0;
        s->config.cache.tariffs = own == 0 ? 0 : GB_MINUTE_MS;
        cache_fill(&work, CACHED_TARIFFS, STR_NONE, &fruit_record, &fruit, 1);
        assert_int_equal(read_fruits(&work, found, &count), GB_NOT_FOUND);
        struct str value;
        assert_int_equal(tx_get(work.tx, TABLE_CACHE, STR("tariffs:"), &value), GB_NOT_FOUND);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(rows_of_a_queue_stand_in_the_order_of_their_commits),
        T(rows_made_at_one_instant_by_two_do_not_meet),
        T(updates_are_marked_in_rows_of_their_own),
        T(a_list_is_kept_until_it_is_dropped_or_old),
        T(each_drop_leaves_another_mark),
        T(nothing_is_kept_where_the_store_is_our_own_or_the_owner_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

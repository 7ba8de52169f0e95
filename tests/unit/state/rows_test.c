/* Rows written by state/ come back as they were, and what was damaged is said to be. */
#define GB_DOOR "a store in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "base/json.h"
#include "base/moves.h"
#include "state/config.h"
#include "state/dialogs.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/record.h"
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
    s->config.shop.dialog_ms = GB_HOUR_MS;
    memcpy(s->directory, "/tmp/gb-state-XXXXXX", 21);
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

static struct work begin(struct scene *s) {
    return (struct work){
        .tx = tx_begin(s->backend, s->arena, s->now_ms),
        .arena = s->arena,
        .now_ms = s->now_ms,
        .config = &s->config,
        .order = 77,
    };
}

static void commit(struct scene *s, struct work *work) {
    assert_int_equal(tx_apply(work->tx), GB_OK);
    assert_int_equal(s->backend->ops->sync(s->backend), GB_OK);
}

/* ---- outbox ---- */

static struct outbox_row found_row;
static size_t found_rows;

static bool read_row(void *ctx, struct str key, struct str value) {
    struct scene *s = ctx;
    assert_int_equal(
        outbox_read(s->arena, arena_copy(s->arena, key), arena_copy(s->arena, value), &found_row),
        GB_OK);
    found_rows++;
    return true;
}

static void look(struct scene *s, struct tx *tx) {
    found_rows = 0;
    assert_int_equal(tx_scan_prefix(tx, TABLE_OUTBOX, STR("pay:test/"), 10, read_row, s), GB_OK);
}

static const struct outbox_row sample = {
    .lane = STR_INIT("pay:test"),
    .kind = STR_INIT("create"),
    .key = STR_INIT("pay-1"),
    .body = STR_INIT("{ \"spaces\" : \"stay\\n\" }\nand lines"),
    .queue = STR_INIT("q"),
    .then = STR_INIT("pay.create"),
    .about = STR_INIT("p1"),
    .again = OUTBOX_RATHER_TWICE,
    .give_up_ms = 99,
};

static void outbox_row_comes_back_byte_for_byte(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    outbox_add(&work, &sample);
    assert_int_equal(work.order, 78);
    commit(s, &work);
    work = begin(s);
    look(s, work.tx);
    assert_int_equal(found_rows, 1);
    assert_true(str_equal(found_row.body, sample.body));
    assert_true(str_equal(found_row.lane, sample.lane));
    assert_true(str_equal(found_row.key, sample.key));
    assert_true(str_equal(found_row.queue, sample.queue));
    assert_true(str_equal(found_row.then, sample.then));
    assert_true(str_equal(found_row.about, sample.about));
    assert_int_equal(found_row.again, OUTBOX_RATHER_TWICE);
    assert_int_equal(found_row.give_up_ms, 99);
    assert_int_equal(found_row.order, 77);
    assert_int_equal(found_row.due_ms, s->now_ms);
    assert_int_equal(found_row.created_ms, s->now_ms);
    assert_int_equal(found_row.attempts, 0);
}

static void outbox_row_kept_again_stays_in_its_place(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    outbox_add(&work, &sample);
    commit(s, &work);
    work = begin(s);
    look(s, work.tx);
    struct outbox_row first = found_row;
    outbox_again(&work, &first);
    commit(s, &work);
    work = begin(s);
    look(s, work.tx);
    assert_int_equal(found_rows, 1);
    assert_int_equal(found_row.attempts, 1);
    assert_int_equal(found_row.order, first.order);
    assert_int_equal(found_row.due_ms, first.due_ms);
    assert_true(str_equal(found_row.body, sample.body));
}

static void outbox_row_that_is_buried_is_found_among_the_dead(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    outbox_add(&work, &sample);
    commit(s, &work);
    work = begin(s);
    look(s, work.tx);
    outbox_bury(&work, &found_row, STR("no \"good\""));
    commit(s, &work);
    work = begin(s);
    look(s, work.tx);
    assert_int_equal(found_rows, 0);
    struct str value;
    assert_int_equal(tx_get(work.tx, TABLE_DEAD, STR("pay:test/000000000000004d"), &value), GB_OK);
    assert_true(str_find_str(value, STR("no \\\"good\\\"")) < value.n);
}

static void outbox_noise_is_never_stored(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    outbox_noise(&work, &sample);
    assert_non_null(work.noise);
    const struct change *changes;
    size_t count;
    tx_changes(work.tx, &changes, &count);
    assert_int_equal(count, 0);
}

static void outbox_rows_that_are_damaged_are_refused(void **state) {
    struct scene *s = *state;
    static const char *const keys[] = {"", "pay:test", "pay:test/0/0",
                                       "pay:test/000000000000000x/0000000000000001"};
    struct outbox_row row;
    for (size_t i = 0; i < GB_COUNT(keys); i++) {
        assert_int_equal(outbox_read(s->arena, str_of(keys[i]), STR("{\"kind\":\"k\"}\n{}"), &row),
                         GB_DAMAGED);
    }
    static const char *const values[] = {
        "", "{}", "\n", "[]\n{}", "{\"kind\":\"k\",\"again\":9}\n{}", "{\"kind\":\"k\""};
    for (size_t i = 0; i < GB_COUNT(values); i++) {
        assert_int_equal(outbox_read(s->arena, STR("l/0000000000000001/0000000000000001"),
                                     str_of(values[i]), &row),
                         GB_DAMAGED);
    }
}

/* ---- notices ---- */

static void notice_comes_back_and_ends(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    struct notice notice = {NOTICE_ORDER_PAID, 42, STR("o1"), STR("x\"y"), 0};
    notice_add(&work, &notice);
    assert_non_null(work.told);
    commit(s, &work);
    work = begin(s);
    struct str value;
    struct str key = notice_key(s->arena, 77);
    assert_int_equal(tx_get(work.tx, TABLE_NOTICES, key, &value), GB_OK);
    struct notice back;
    assert_int_equal(notice_read(s->arena, key, value, &back), GB_OK);
    assert_int_equal(back.kind, NOTICE_ORDER_PAID);
    assert_int_equal(back.user, 42);
    assert_true(str_is(back.about, "o1"));
    assert_true(str_is(back.extra, "x\"y"));
    notice_end(&work, &back);
    commit(s, &work);
    work = begin(s);
    assert_int_equal(tx_get(work.tx, TABLE_NOTICES, key, &value), GB_NOT_FOUND);
    assert_int_equal(notice_read(s->arena, key, STR("{\"kind\":\"never\",\"user\":1}"), &back),
                     GB_DAMAGED);
}

/* ---- seen ---- */

static void update_counts_once(void **state) {
    struct scene *s = *state;
    static const int64_t ids[] = {0, 1, 63, 64, 65, 2000000, INT32_MAX};
    for (size_t i = 0; i < GB_COUNT(ids); i++) {
        struct work work = begin(s);
        assert_int_equal(seen_mark(&work, ids[i]), GB_OK);
        commit(s, &work);
    }
    for (size_t i = 0; i < GB_COUNT(ids); i++) {
        struct work work = begin(s);
        assert_int_equal(seen_mark(&work, ids[i]), GB_EXISTS);
        assert_int_equal(seen_mark(&work, ids[i] + 5), GB_OK);
    }
}

static void update_ids_may_come_anew_after_a_week(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    assert_int_equal(seen_mark(&work, 500), GB_OK);
    commit(s, &work);
    s->now_ms += 7 * GB_DAY_MS;
    work = begin(s);
    assert_int_equal(seen_mark(&work, 500), GB_EXISTS);
    s->now_ms += 2 * GB_DAY_MS;
    work = begin(s);
    assert_int_equal(seen_mark(&work, 500), GB_OK);
}

/* ---- dialogs ---- */

static void dialog_is_laid_out_as_aiogram_does(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    dialog_write(&work, &(struct dialog_where){.chat = 10, .user = 20}, STR("Buy:tariff"),
                 STR("{\"a\":1}"));
    commit(s, &work);
    work = begin(s);
    struct str value;
    assert_int_equal(tx_get(work.tx, TABLE_FSM, STR("fsm:10:20:state"), &value), GB_OK);
    assert_true(str_is(value, "Buy:tariff"));
    assert_int_equal(tx_get(work.tx, TABLE_FSM, STR("fsm:10:20:data"), &value), GB_OK);
    assert_true(str_is(value, "{\"a\":1}"));
    struct dialog dialog;
    assert_int_equal(dialog_read(&work, &(struct dialog_where){.chat = 10, .user = 20}, &dialog),
                     GB_OK);
    assert_true(str_is(dialog.state, "Buy:tariff"));
    assert_int_equal(json_i64_or(dialog.data, "a", 0), 1);
}

/* The keys of aiogram 3: KeyBuilder with all it can be told to put in. */
static void dialog_keys_hold_what_the_settings_say(void **state) {
    struct scene *s = *state;
    struct dialog_where where = {.chat = -100, .user = 20};
    struct dialog_where whole = {.chat = -100, .user = 20, .thread = 7, .business = STR("bc1")};
    s->config.telegram.token = (struct secret){STR("42:AAA")};
    static const struct {
        bool bot_id, business, destiny, whole;
        const char *key;
    } table[] = {
        {false, false, false, false, "fsm:-100:20:state"},
        {true, false, false, false, "fsm:42:-100:20:state"},
        {false, true, false, false, "fsm:-100:20:state"}, /* none there */
        {false, false, false, true, "fsm:-100:7:20:state"},
        {false, true, false, true, "fsm:bc1:-100:7:20:state"},
        {true, true, true, true, "fsm:42:bc1:-100:7:20:default:state"},
    };
    for (size_t i = 0; i < GB_COUNT(table); i++) {
        s->config.fsm.bot_id = table[i].bot_id;
        s->config.fsm.business = table[i].business;
        s->config.fsm.destiny = table[i].destiny;
        struct work work = begin(s);
        dialog_write(&work, table[i].whole ? &whole : &where, STR("A:b"), STR_NONE);
        struct str value;
        assert_int_equal(tx_get(work.tx, TABLE_FSM, str_of(table[i].key), &value), GB_OK);
        assert_true(str_is(value, "A:b"));
    }
}

static void dialog_data_is_escaped_if_told_and_read_both_ways(void **state) {
    struct scene *s = *state;
    struct dialog_where where = {.chat = 1, .user = 1};
    struct work work = begin(s);
    struct str plain = STR("{\"a\":\"\u0436\U0001f600!\"}"), value;
    for (int escape = 0; escape < 2; escape++) {
        s->config.fsm.escape = escape == 1;
        dialog_write(&work, &where, STR("A:b"), plain);
        assert_int_equal(tx_get(work.tx, TABLE_FSM, STR("fsm:1:1:data"), &value), GB_OK);
        assert_true(escape ? str_is(value, "{\"a\":\"\\u0436\\ud83d\\ude00!\"}")
                           : str_equal(value, plain));
        struct dialog dialog;
        assert_int_equal(dialog_read(&work, &where, &dialog), GB_OK);
        assert_true(str_is(json_str_or(dialog.data, "a", STR_NONE), "\u0436\U0001f600!"));
    }
    dialog_write(&work, &where, STR("A:b"), STR("{}")); /* empty data: no key */
    assert_int_equal(tx_get(work.tx, TABLE_FSM, STR("fsm:1:1:data"), &value), GB_NOT_FOUND);
}

static void dialog_state_and_data_have_expiries_of_their_own(void **state) {
    struct scene *s = *state;
    struct dialog_where where = {.chat = 1, .user = 1};
    s->config.fsm.state_ms = 5 * GB_MINUTE_MS;
    struct work work = begin(s);
    dialog_write(&work, &where, STR("A:b"), STR("{\"a\":1}"));
    commit(s, &work);
    s->now_ms += 10 * GB_MINUTE_MS;
    work = begin(s);
    struct dialog dialog;
    assert_int_equal(dialog_read(&work, &where, &dialog), GB_OK);
    assert_int_equal(dialog.state.n, 0);
    assert_int_equal(json_i64_or(dialog.data, "a", 0), 1);
}

static void dialog_expires_and_ends(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    dialog_write(&work, &(struct dialog_where){.chat = 10, .user = 20}, STR("A:b"), STR_NONE);
    dialog_write(&work, &(struct dialog_where){.chat = 11, .user = 20}, STR("A:b"), STR_NONE);
    commit(s, &work);
    work = begin(s);
    dialog_end(&work, &(struct dialog_where){.chat = 11, .user = 20});
    commit(s, &work);
    s->now_ms += 59 * GB_MINUTE_MS;
    work = begin(s);
    struct dialog dialog;
    assert_int_equal(dialog_read(&work, &(struct dialog_where){.chat = 10, .user = 20}, &dialog),
                     GB_OK);
    assert_true(str_is(dialog.state, "A:b"));
    assert_int_equal(dialog_read(&work, &(struct dialog_where){.chat = 11, .user = 20}, &dialog),
                     GB_OK);
    assert_int_equal(dialog.state.n, 0);
    s->now_ms += 3 * GB_MINUTE_MS;
    work = begin(s);
    assert_int_equal(dialog_read(&work, &(struct dialog_where){.chat = 10, .user = 20}, &dialog),
                     GB_OK);
    assert_int_equal(dialog.state.n, 0);
    assert_null(dialog.data);
}

static void dialog_data_that_is_no_json_is_a_dialog_lost(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    tx_put(work.tx, TABLE_FSM, STR("fsm:1:1:state"), STR("A:b"), STORE_NEVER);
    tx_put(work.tx, TABLE_FSM, STR("fsm:1:1:data"), STR("{torn"), STORE_NEVER);
    struct dialog dialog;
    assert_int_equal(dialog_read(&work, &(struct dialog_where){.chat = 1, .user = 1}, &dialog),
                     GB_OK);
    assert_null(dialog.data);
}

/* ---- records ---- */

enum light { LIGHT_RED, LIGHT_GREEN };
static const struct move light_moves[] = {{"red", MOVE_TO(LIGHT_GREEN)}, {"green", 0}};
static const struct moves lights = {"light", light_moves, GB_COUNT(light_moves)};

struct thing {
    struct str name;
    int64_t count;
    bool on;
    unsigned light;
};
static const struct field thing_fields[] = {
    {"name", FIELD_STR, offsetof(struct thing, name), NULL},
    {"count", FIELD_I64, offsetof(struct thing, count), NULL},
    {"on", FIELD_BOOL, offsetof(struct thing, on), NULL},
    {"light", FIELD_STATE, offsetof(struct thing, light), &lights},
};
static const struct record things = {TABLE_META, thing_fields, GB_COUNT(thing_fields),
                                     sizeof(struct thing)};

static void record_comes_back(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    struct thing thing = {STR("a\"б\n"), -5, true, LIGHT_GREEN}, back;
    record_put(&work, &things, STR("k"), &thing);
    assert_int_equal(record_get(&work, &things, STR("k"), &back), GB_OK);
    assert_true(str_equal(back.name, thing.name));
    assert_int_equal(back.count, -5);
    assert_true(back.on);
    assert_int_equal(back.light, LIGHT_GREEN);
    assert_int_equal(record_get(&work, &things, STR("other"), &back), GB_NOT_FOUND);
    assert_int_equal(record_get(&work, &things, STR_NONE, &back), GB_NOT_FOUND);
}

static void record_takes_unknown_fields_and_refuses_wrong_ones(void **state) {
    struct scene *s = *state;
    struct thing back;
    assert_int_equal(record_read(s->arena, &things, STR("{\"new\":[1],\"count\":7}"), &back),
                     GB_OK);
    assert_int_equal(back.count, 7);
    assert_int_equal(back.name.n, 0);
    static const char *const bad[] = {
        "", "[]", "{\"count\":\"7\"}", "{\"light\":\"blue\"}", "{\"name\":1}", "{\"on\":1}", "{"};
    for (size_t i = 0; i < GB_COUNT(bad); i++) {
        assert_int_equal(record_read(s->arena, &things, str_of(bad[i]), &back), GB_DAMAGED);
    }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(outbox_row_comes_back_byte_for_byte),
        T(outbox_row_kept_again_stays_in_its_place),
        T(outbox_row_that_is_buried_is_found_among_the_dead),
        T(outbox_noise_is_never_stored),
        T(outbox_rows_that_are_damaged_are_refused),
        T(notice_comes_back_and_ends),
        T(update_counts_once),
        T(update_ids_may_come_anew_after_a_week),
        T(dialog_is_laid_out_as_aiogram_does),
        T(dialog_keys_hold_what_the_settings_say),
        T(dialog_data_is_escaped_if_told_and_read_both_ways),
        T(dialog_state_and_data_have_expiries_of_their_own),
        T(dialog_expires_and_ends),
        T(dialog_data_that_is_no_json_is_a_dialog_lost),
        T(record_comes_back),
        T(record_takes_unknown_fields_and_refuses_wrong_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What redis-cli is told of a store, and what it may do to it: on real LMDB, without a socket. */
#define GB_DOOR "a store in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "base/log.h"
#include "base/num.h"
#include "engine/peek.h"
#include "io/world.h"
#include "state/tables.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW     INT64_C(1800000000000)
#define ASK_MAX 64

/* A world that keeps what was answered; its clock goes on by a step each time it is asked. */
struct desk {
    struct world world;
    int64_t mono_ms, step_ms;
    struct backend *backend;
    struct peek *peek;
    struct arena *arena, *turn;
    char directory[32];
    struct peek_now now;
    size_t answered;
    struct command_answer answers[ASK_MAX]; /* the newest turn's */
};

static struct desk desk;

static int64_t desk_mono_ms(struct world *w) {
    (void)w;
    return desk.mono_ms += desk.step_ms;
}

static void desk_chance(struct world *w, void *buf, size_t bytes) {
    (void)w;
    memset(buf, 3, bytes);
}

static enum gb_err desk_listen(struct world *w, const char *host, int port, int door, bool is_open,
                               int *ret_port, const char **reterr_why) {
    (void)w, (void)door, (void)is_open, (void)reterr_why;
    assert_string_equal(host, "127.0.0.1");
    *ret_port = port;
    return GB_OK;
}

static void desk_answer(struct world *w, uint64_t ticket, const struct command_answer *answer) {
    (void)w, (void)ticket;
    desk.answers[desk.answered++] = *answer;
}

static const struct world_ops desk_ops = {
    .mono_ms = desk_mono_ms,
    .chance = desk_chance,
    .listen_commands = desk_listen,
    .answer = desk_answer,
};

static void open_desk(const char *password) {
    desk = (struct desk){.world.ops = &desk_ops};
    desk.arena = arena_new(64 * 1024, (size_t)64 << 20);
    desk.turn = arena_new(64 * 1024, (size_t)256 << 20);
    memcpy(desk.directory, "/tmp/gb-peek-XXXXXX", 20);
    assert_non_null(mkdtemp(desk.directory));
    struct lmdb_options options = {.directory = desk.directory};
    struct str why = STR_NONE;
    assert_int_equal(
        lmdb_open(&options, store_tables, TABLE_COUNT, desk.arena, &desk.backend, &why), GB_OK);
    struct peek_options peek = {
        .world = &desk.world,
        .backend = desk.backend,
        .listen = STR("127.0.0.1:6380"),
        .password = str_of(password),
        .now_ms = NOW,
    };
    const char *peek_why = "";
    assert_int_equal(peek_open(&peek, &desk.peek, &peek_why), GB_OK);
    desk.now = (struct peek_now){.arena = desk.turn, .now_ms = NOW, .allow_writes = true};
}

static int set_up(void **state) {
    (void)state;
    open_desk("");
    return 0;
}

static int set_up_with_password(void **state) {
    (void)state;
    open_desk("open sesame");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    peek_free(desk.peek);
    desk.backend->ops->close(desk.backend);
    static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", desk.directory, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(desk.directory), 0);
    arena_free(desk.turn);
    arena_free(desk.arena);
    log_forget_secrets();
    return 0;
}

/* ---- speaking ---- */

static void put(int table, const char *key, const char *value, int64_t expires_ms) {
    struct tx *tx = tx_begin(desk.backend, desk.arena, NOW);
    tx_put(tx, table, str_of(key), str_of(value), expires_ms);
    assert_int_equal(tx_apply(tx), GB_OK);
    assert_int_equal(desk.backend->ops->sync(desk.backend), GB_OK);
}

/* Words apart by blanks. */
static struct sign command(uint64_t ticket, const char *line) {
    struct str *args = ARENA_ARRAY(desk.turn, struct str, 16);
    struct command_incoming *incoming = ARENA_NEW(desk.turn, struct command_incoming);
    struct str rest = arena_copy(desk.turn, str_of(line));
    incoming->argv = args;
    incoming->seat = ticket % COMMAND_SEATS;
    incoming->peer = STR("127.0.0.1:1");
    while (str_split(&rest, ' ', &args[incoming->argc])) {
        incoming->argc++;
    }
    return (struct sign){.kind = SIGN_COMMAND, .ticket = ticket, .command = incoming};
}

/* One turn of one connection. */
static size_t say_all(uint64_t ticket, const char *const *lines, size_t count) {
    struct sign signs[ASK_MAX];
    arena_clear(desk.turn);
    for (size_t i = 0; i < count; i++) {
        signs[i] = command(ticket, lines[i]);
    }
    desk.answered = 0;
    peek_turn(desk.peek, signs, count, &desk.now);
    return desk.answered;
}

static struct str said(uint64_t ticket, const char *line) {
    assert_int_equal(say_all(ticket, &line, 1), 1);
    return desk.answers[0].bytes;
}

static void check(uint64_t ticket, const char *line, const char *expected, int at) {
    struct str got = said(ticket, line);
    if (!str_is(got, expected)) {
        fail_msg("line %d: %s: \"" STR_FMT "\", not \"%s\"", at, line, STR_ARG(got), expected);
    }
}

#define SAYS(line, expected)            check(1, line, expected, __LINE__)
#define SAYS_AT(ticket, line, expected) check(ticket, line, expected, __LINE__)

/* ---- reading ---- */

static void rows_are_read_by_database_and_table(void **state) {
    (void)state;
    put(TABLE_FSM, "fsm:1:1:state", "Buy:way", NOW + 90500);
    put(TABLE_TARIFFS, "m1", "{\"days\":30}", STORE_NEVER);
    SAYS("GET fsm:1:1:state", "$7\r\nBuy:way\r\n");
    SAYS("TTL fsm:1:1:state", ":91\r\n");
    SAYS("PTTL fsm:1:1:state", ":90500\r\n");
    SAYS("TYPE fsm:1:1:state", "+string\r\n");
    SAYS("TYPE nothing", "+none\r\n");
    SAYS("GET nothing", "$-1\r\n");
    SAYS("TTL nothing", ":-2\r\n");
    SAYS("EXISTS fsm:1:1:state nothing fsm:1:1:state", ":2\r\n");
    SAYS("GET tariffs:m1", "$-1\r\n");
    SAYS("SELECT 3", "+OK\r\n");
    SAYS("GET tariffs:m1", "$11\r\n{\"days\":30}\r\n");
    SAYS("TTL tariffs:m1", ":-1\r\n");
    SAYS("MGET tariffs:m1 nosuchtable:a tariffs: tariffs",
         "*4\r\n$11\r\n{\"days\":30}\r\n$-1\r\n$-1\r\n$-1\r\n");
    SAYS("DBSIZE", ":1\r\n");
    SAYS("SELECT 4", "-ERR DB index is out of range\r\n");
    SAYS("SELECT 1", "+OK\r\n");
    SAYS("DBSIZE", ":0\r\n");
    SAYS("KEYS *", "*0\r\n");
    SAYS("RANDOMKEY", "$-1\r\n");
}

static void what_has_expired_is_not_there(void **state) {
    (void)state;
    put(TABLE_FSM, "old", "x", NOW);
    put(TABLE_FSM, "young", "x", NOW + 1);
    SAYS("GET old", "$-1\r\n");
    SAYS("TTL old", ":-2\r\n");
    SAYS("EXISTS old young", ":1\r\n");
    SAYS("KEYS *", "*1\r\n$5\r\nyoung\r\n");
    SAYS("SCAN 0", "*2\r\n$1\r\n0\r\n*1\r\n$5\r\nyoung\r\n");
    SAYS("RANDOMKEY", "$5\r\nyoung\r\n");
}

/* Every table is decided: what is not in the list is masked whole. */
static void secrets_are_masked_and_say_so(void **state) {
    (void)state;
    static const struct {
        int table;
        const char *key, *value, *shown;
    } rows[] = {
        {TABLE_META, "schema", "1", "1"},
        {TABLE_META, "secret", "c2VjcmV0", "(masked)"},
        {TABLE_META, "to_come", "x", "(masked)"},
        {TABLE_SERVERS, "de1",
         "{\"id\":\"de1\",\"panel\":\"https://p/A\",\"key\":\"11-22\",\"user_link\":\"https://p/"
         "C\",\"users\":1}",
         "{\"id\":\"de1\",\"panel\":\"(masked)\",\"key\":\"(masked)\",\"user_link\":\"(masked)\","
         "\"users\":1}"},
        {TABLE_SERVERS, "de2", "{\"panel\":\"https://p/A\"", "(masked)"},
        {TABLE_SUBSCRIPTIONS, "s", "{\"id\":\"s\",\"uuid\":\"11-22\"}",
         "{\"id\":\"s\",\"uuid\":\"(masked)\"}"},
        {TABLE_SUBSCRIPTIONS, "t", "{\"uuid\":\"\"}", "{\"uuid\":\"\"}"},
        {TABLE_PAYMENTS, "p", "{\"url\":\"https://pay/1\",\"body\":\"{}\",\"amount_minor\":5}",
         "{\"url\":\"(masked)\",\"body\":\"(masked)\",\"amount_minor\":5}"},
        {TABLE_OUTBOX, "telegram/1/2",
         "{\"kind\":\"sendMessage\"}\n{\"text\":\"https://p/C/11-22\"}",
         "{\"kind\":\"sendMessage\"}\n(masked)"},
        {TABLE_OUTBOX, "telegram/1/3", "{\"text\":\"https://p/C/11-22\"}", "(masked)"},
        {TABLE_DEAD, "telegram/2", "{\"kind\":\"x\"}\n{\"uuid\":\"11-22\"}",
         "{\"kind\":\"x\"}\n(masked)"},
        {TABLE_QUARANTINE, "a:x/1", "{\"uuid\":\"11-22\"}", "(masked)"},
        {TABLE_USERS, "7", "{\"name\":\"the-token-of-the-bot\"}", "{\"name\":\"***\"}"},
    };
    log_hide(STR("the-token-of-the-bot"));
    SAYS("SELECT 3", "+OK\r\n");
    for (size_t i = 0; i < GB_COUNT(rows); i++) {
        char line[256], expected[512];
        put(rows[i].table, rows[i].key, rows[i].value, STORE_NEVER);
        (void)snprintf(line, sizeof line, "GET %s:%s", store_tables[rows[i].table].name,
                       rows[i].key);
        (void)snprintf(expected, sizeof expected, "$%zu\r\n%s\r\n", strlen(rows[i].shown),
                       rows[i].shown);
        SAYS(line, expected);
    }
}

/* ---- walking ---- */

static void fill(size_t count) {
    struct tx *tx = tx_begin(desk.backend, desk.arena, NOW);
    for (size_t i = 0; i < count; i++) {
        tx_put(tx, i % 2 == 0 ? TABLE_USERS : TABLE_ORDERS, arena_printf(desk.arena, "%zu", i),
               STR("{}"), STORE_NEVER);
    }
    assert_int_equal(tx_apply(tx), GB_OK);
    assert_int_equal(desk.backend->ops->sync(desk.backend), GB_OK);
}

/* Reads "*2 $cursor *n keys..."; counts each key in `seen` by its number. */
static uint64_t read_scan(struct str reply, unsigned *seen, size_t *ret_keys) {
    struct str line;
    int64_t cursor = -1;
    assert_true(str_split(&reply, '\n', &line) && str_is(line, "*2\r"));
    assert_true(str_split(&reply, '\n', &line) && str_split(&reply, '\n', &line));
    assert_int_equal(num_i64(str_trim(line), 0, INT64_MAX, &cursor), GB_OK);
    assert_true(str_split(&reply, '\n', &line));
    while (str_split(&reply, '\n', &line)) {
        int64_t number;
        size_t colon = str_find(line, ':');
        if (line.n == 0 || line.p[0] == '$') {
            continue;
        }
        assert_int_equal(num_i64(str_trim(str_sub(line, colon + 1, line.n)), 0, 100000, &number),
                         GB_OK);
        seen[number]++;
        (*ret_keys)++;
    }
    return (uint64_t)cursor;
}

static uint64_t scan(uint64_t ticket, uint64_t cursor, const char *words, unsigned *seen,
                     size_t *ret_keys) {
    char line[128];
    (void)snprintf(line, sizeof line, "SCAN %" PRIu64 "%s", cursor, words);
    return read_scan(said(ticket, line), seen, ret_keys);
}

static void scan_meets_every_key_that_stays_once_while_others_come_and_go(void **state) {
    (void)state;
    static unsigned seen[5000];
    memset(seen, 0, sizeof seen);
    fill(3000);
    SAYS("SELECT 3", "+OK\r\n");
    size_t keys = 0, steps = 0;
    uint64_t cursor = 0;
    do {
        cursor = scan(1, cursor, steps % 2 == 0 ? " COUNT 37" : "", seen, &keys);
        char key[16];
        (void)snprintf(key, sizeof key, "%zu", 4000 + steps % 900);
        put(TABLE_USERS, key, "{}", STORE_NEVER); /* comes */
        struct tx *tx = tx_begin(desk.backend, desk.arena, NOW);
        (void)snprintf(key, sizeof key, "%zu", 2000 + steps % 1000);
        tx_del(tx, TABLE_USERS, str_of(key)); /* goes */
        assert_int_equal(tx_apply(tx), GB_OK);
        assert_true(++steps < 1000);
    } while (cursor != 0);
    for (size_t i = 0; i < 2000; i++) {
        assert_int_equal(seen[i], 1);
    }
    assert_true(steps > 100);
}

static void scan_step_looks_at_no_more_than_a_thousand_rows(void **state) {
    (void)state;
    static unsigned seen[5000];
    size_t keys = 0;
    memset(seen, 0, sizeof seen);
    fill(3000);
    SAYS("SELECT 3", "+OK\r\n");
    uint64_t cursor = scan(1, 0, " COUNT 1000000", seen, &keys);
    assert_int_equal(keys, 1000);
    cursor = scan(1, cursor, " COUNT 1000000 MATCH nothing", seen, &keys);
    assert_int_equal(cursor, 0); /* no table begins like that: nothing is walked */
    cursor = scan(1, 0, " COUNT 1000000 MATCH *nothing", seen, &keys);
    assert_int_not_equal(cursor, 0);
    assert_int_equal(keys, 1000);
}

static void prefix_of_a_pattern_spares_the_walk(void **state) {
    (void)state;
    static unsigned seen[5000];
    size_t keys = 0;
    memset(seen, 0, sizeof seen);
    fill(3000);
    SAYS("SELECT 3", "+OK\r\n");
    assert_int_equal(scan(1, 0, " COUNT 200 MATCH users:12*", seen, &keys), 0);
    assert_int_equal(keys, 1 + 5 + 50);
    keys = 0;
    assert_int_equal(scan(1, 0, " COUNT 100 MATCH users:12", seen, &keys), 0);
    assert_int_equal(keys, 1);
}

static void cursors_of_one_connection_outlive_those_of_another(void **state) {
    (void)state;
    static unsigned seen[5000];
    size_t keys = 0;
    fill(3000);
    SAYS_AT(1, "SELECT 3", "+OK\r\n");
    SAYS_AT(2, "SELECT 3", "+OK\r\n");
    uint64_t mine = scan(1, 0, "", seen, &keys), other = 0;
    for (int i = 0; i < 100; i++) {
        other = scan(2, other, "", seen, &keys);
    }
    /* Twice, and from the other connection: a pool of connections shares a walk. */
    assert_int_not_equal(scan(1, mine, "", seen, &keys), 0);
    assert_int_not_equal(scan(2, mine, "", seen, &keys), 0);
    SAYS_AT(1, "SCAN 12345",
            "-ERR invalid cursor: it is too old, or of another database; begin with 0\r\n");
    SAYS_AT(1, "SCAN x", "-ERR invalid cursor\r\n");
    SAYS_AT(1, "SCAN 0 COUNT 0", "-ERR syntax error\r\n");
    SAYS_AT(1, "SCAN 0 COUNT", "-ERR syntax error\r\n");
    SAYS_AT(1, "SCAN 0 TYPE set", "*2\r\n$1\r\n0\r\n*0\r\n");
}

static void keys_of_a_large_store_need_a_beginning(void **state) {
    (void)state;
    fill(9000);
    struct tx *tx = tx_begin(desk.backend, desk.arena, NOW);
    for (size_t i = 0; i < 2000; i++) {
        tx_put(tx, TABLE_TARIFFS, arena_printf(desk.arena, "%zu", i), STR("{}"), STORE_NEVER);
    }
    assert_int_equal(tx_apply(tx), GB_OK);
    assert_int_equal(desk.backend->ops->sync(desk.backend), GB_OK);
    SAYS("SELECT 3", "+OK\r\n");
    assert_true(str_starts(said(1, "KEYS *"), STR("-ERR KEYS looks at 10000 rows at most")));
    assert_true(str_starts(said(1, "KEYS tariffs:*"), STR("*2000\r\n")));
    SAYS("KEYS tariffs:1999", "*1\r\n$12\r\ntariffs:1999\r\n");
    SAYS("KEYS tariffs:[2-9][0-9]9[8-9]", "*0\r\n");
}

/* ---- writing ---- */

static void writes_are_refused_unless_allowed(void **state) {
    (void)state;
    desk.now.allow_writes = false;
    SAYS("SET a 1", "-READONLY You can't write against a read only replica.\r\n");
    SAYS("INCR a", "-READONLY You can't write against a read only replica.\r\n");
    SAYS("DEL a", "-READONLY You can't write against a read only replica.\r\n");
    SAYS("GET a", "$-1\r\n");
}

static void set_does_what_its_words_say(void **state) {
    (void)state;
    SAYS("SET a 1", "+OK\r\n");
    SAYS("SET a 2 NX", "$-1\r\n");
    SAYS("SET b 2 XX", "$-1\r\n");
    SAYS("SET a 3 XX GET", "$1\r\n1\r\n");
    SAYS("SET a 4 EX 100", "+OK\r\n");
    SAYS("TTL a", ":100\r\n");
    SAYS("SET a 5 KEEPTTL", "+OK\r\n");
    SAYS("PTTL a", ":100000\r\n");
    SAYS("SET a 6 PX 1500", "+OK\r\n");
    SAYS("PTTL a", ":1500\r\n");
    SAYS("SET a 7 PXAT 1800000000007", "+OK\r\n");
    SAYS("PTTL a", ":7\r\n");
    SAYS("SET a 7 EXAT 1800000002", "+OK\r\n");
    SAYS("PTTL a", ":2000\r\n");
    SAYS("SET a 8", "+OK\r\n");
    SAYS("TTL a", ":-1\r\n");
    SAYS("SET new 1 GET", "$-1\r\n");
    SAYS("GET new", "$1\r\n1\r\n");
    SAYS("SET a 9 EX 0", "-ERR invalid expire time in 'set' command\r\n");
    SAYS("SET a 9 EX 9223372036854775807", "-ERR invalid expire time in 'set' command\r\n");
    SAYS("SET a 9 EX x", "-ERR value is not an integer or out of range\r\n");
    SAYS("SET a 9 EX", "-ERR syntax error\r\n");
    SAYS("SET a 9 NX XX", "-ERR syntax error\r\n");
    SAYS("SET a 9 EX 1 PX 1", "-ERR syntax error\r\n");
    SAYS("SET a 9 EX 1 KEEPTTL", "-ERR syntax error\r\n");
    SAYS("GET a", "$1\r\n8\r\n");
}

static void numbers_expiries_and_removal(void **state) {
    (void)state;
    SAYS("INCR n", ":1\r\n");
    SAYS("INCR n", ":2\r\n");
    SAYS("EXPIRE n 10", ":1\r\n");
    SAYS("DECR n", ":1\r\n");
    SAYS("TTL n", ":10\r\n");
    SAYS("PEXPIRE n 20", ":1\r\n");
    SAYS("PTTL n", ":20\r\n");
    SAYS("PERSIST n", ":1\r\n");
    SAYS("PERSIST n", ":0\r\n");
    SAYS("EXPIRE none 10", ":0\r\n");
    SAYS("EXPIRE n 9223372036854775807", "-ERR invalid expire time in 'expire' command\r\n");
    SAYS("EXPIRE n 10 NX", "-ERR Unsupported option NX\r\n");
    SAYS("EXPIRE n -1", ":1\r\n");
    SAYS("EXISTS n", ":0\r\n");
    SAYS("SET n 9223372036854775807", "+OK\r\n");
    SAYS("INCR n", "-ERR increment or decrement would overflow\r\n");
    SAYS("SET n x", "+OK\r\n");
    SAYS("DECR n", "-ERR value is not an integer or out of range\r\n");
    SAYS("DEL n none n", ":1\r\n");
    SAYS("UNLINK n", ":0\r\n");
}

static void records_of_the_shop_are_never_written(void **state) {
    (void)state;
    put(TABLE_ACCOUNTS, "user:1:RUB", "5", STORE_NEVER);
    SAYS("SELECT 3", "+OK\r\n");
    SAYS("SET accounts:user:1:RUB 6",
         "-READONLY the shop's records are changed by the shop alone\r\n");
    SAYS("INCR accounts:user:1:RUB",
         "-READONLY the shop's records are changed by the shop alone\r\n");
    SAYS("DEL accounts:user:1:RUB",
         "-READONLY the shop's records are changed by the shop alone\r\n");
    SAYS("PERSIST accounts:user:1:RUB",
         "-READONLY the shop's records are changed by the shop alone\r\n");
    SAYS("GET accounts:user:1:RUB", "$1\r\n5\r\n");
    SAYS("SELECT 1", "+OK\r\n");
    SAYS("SET a 1", "-READONLY the rows of this database are changed by the shop alone\r\n");
}

static void pipelined_writes_see_each_other_and_share_one_sync(void **state) {
    (void)state;
    static const char *const lines[] = {"SET a 1", "INCR a", "GET a",    "PEXPIRE a 50",
                                        "PTTL a",  "DEL a",  "EXISTS a", "INCR b"};
    struct lmdb_stats before, after;
    lmdb_stats(desk.backend, &before);
    assert_int_equal(say_all(1, lines, GB_COUNT(lines)), GB_COUNT(lines));
    static const char *const expected[] = {"+OK\r\n", ":2\r\n", "$1\r\n2\r\n", ":1\r\n",
                                           ":50\r\n", ":1\r\n", ":0\r\n",      ":1\r\n"};
    for (size_t i = 0; i < GB_COUNT(expected); i++) {
        assert_true(str_is(desk.answers[i].bytes, expected[i]));
    }
    lmdb_stats(desk.backend, &after);
    assert_int_equal(after.syncs - before.syncs, 1);
    /* Answered means on disk: nothing is left to be dropped. */
    desk.backend->ops->drop(desk.backend);
    SAYS("GET b", "$1\r\n1\r\n");
}

static void walk_behind_a_write_waits_for_its_commit(void **state) {
    (void)state;
    static const char *const lines[] = {"SET a 1", "KEYS *", "GET a"};
    assert_int_equal(say_all(1, lines, 3), 1);
    assert_int_equal(say_all(1, lines + 1, 2), 2);
    assert_true(str_is(desk.answers[0].bytes, "*1\r\n$1\r\na\r\n"));
}

/* A store that takes nothing: the writes say so, the reads go on, nothing is half done. */
static enum gb_err (*real_sync)(struct backend *b);
static int sync_faults;
static enum gb_err sync_fault;

static enum gb_err failing_sync(struct backend *b) {
    if (sync_faults == 0) {
        return real_sync(b);
    }
    sync_faults--;
    b->ops->drop(b);
    return sync_fault;
}

static void with_faults(int count, enum gb_err fault, struct backend_ops *ops) {
    *ops = *desk.backend->ops;
    real_sync = ops->sync;
    ops->sync = failing_sync;
    desk.backend->ops = ops;
    sync_faults = count;
    sync_fault = fault;
}

static void store_that_refuses_is_told_to_the_writes_alone(void **state) {
    (void)state;
    static const char *const lines[] = {"GET a", "SELECT 2", "SET x 1", "SELECT 0", "GET a"};
    static struct backend_ops ops;
    put(TABLE_FSM, "a", "1", STORE_NEVER);
    with_faults(1, GB_UNAVAILABLE, &ops);
    assert_int_equal(say_all(1, lines, 5), 5);
    assert_true(str_is(desk.answers[0].bytes, "$1\r\n1\r\n"));
    assert_true(str_starts(desk.answers[2].bytes, STR("-MISCONF ")));
    assert_true(str_is(desk.answers[4].bytes, "$1\r\n1\r\n"));
    SAYS("SELECT 2", "+OK\r\n");
    SAYS("EXISTS x", ":0\r\n");
    SAYS("SET x 1", "+OK\r\n");
    desk.now.store_rests = true;
    assert_true(str_starts(said(1, "SET x 2"), STR("-MISCONF ")));
    SAYS("GET x", "$1\r\n1\r\n");
}

static void commands_run_again_when_the_map_has_grown(void **state) {
    (void)state;
    static const char *const lines[] = {"INCR a", "SELECT 2", "INCR b"};
    static struct backend_ops ops;
    with_faults(2, GB_NO_SPACE, &ops);
    assert_int_equal(say_all(1, lines, 3), 3);
    assert_true(str_is(desk.answers[0].bytes, ":1\r\n"));
    assert_true(str_is(desk.answers[2].bytes, ":1\r\n"));
    SAYS("EXISTS a", ":0\r\n"); /* of database 2 */
    SAYS("GET b", "$1\r\n1\r\n");
}

static void turn_ends_when_its_time_is_over(void **state) {
    (void)state;
    static const char *const lines[] = {"PING", "PING", "PING", "PING", "PING", "PING", "PING"};
    desk.step_ms = 1;
    assert_in_range(say_all(1, lines, GB_COUNT(lines)), 1, 4);
}

/* ---- who may ---- */

static void nothing_is_told_before_the_password(void **state) {
    (void)state;
    SAYS("GET a", "-NOAUTH Authentication required.\r\n");
    assert_true(desk.answers[0].is_stranger);
    SAYS("PING", "-NOAUTH Authentication required.\r\n");
    assert_true(str_starts(said(1, "HELLO 3"), STR("-NOAUTH HELLO must be called")));
    SAYS("AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    assert_int_equal(desk.answers[0].rest_ms, 1000);
    SAYS("FLUSHALL", "-NOAUTH Authentication required.\r\n");
}

static struct sign auth(const char *user, const char *password) {
    struct sign sign = command(1, "AUTH x y");
    struct str *args = ARENA_ARRAY(desk.turn, struct str, 3);
    args[0] = STR("AUTH");
    args[1] = str_of(user);
    args[2] = str_of(password);
    struct command_incoming *incoming = ARENA_NEW(desk.turn, struct command_incoming);
    *incoming = *sign.command;
    incoming->argv = args;
    sign.command = incoming;
    return sign;
}

static bool logs_in(const char *user, const char *password) {
    arena_clear(desk.turn);
    struct sign sign = auth(user, password);
    desk.answered = 0;
    peek_turn(desk.peek, &sign, 1, &desk.now);
    return str_is(desk.answers[0].bytes, "+OK\r\n");
}

static void password_lets_in_this_connection_until_its_end(void **state) {
    (void)state;
    assert_false(logs_in("default", "open"));
    assert_false(logs_in("root", "open sesame"));
    assert_true(logs_in("default", "open sesame"));
    SAYS("PING", "+PONG\r\n");
    assert_false(desk.answers[0].is_stranger);
    SAYS_AT(2, "PING", "-NOAUTH Authentication required.\r\n");
    SAYS_AT(1 + COMMAND_SEATS, "PING",
            "-NOAUTH Authentication required.\r\n"); /* the seat's next */
}

static void reset_forgets_who_it_is(void **state) {
    (void)state;
    assert_true(logs_in("default", "open sesame"));
    SAYS("RESET", "+RESET\r\n");
    assert_true(desk.answers[0].is_stranger);
    SAYS("PING", "-NOAUTH Authentication required.\r\n");
}

static void fifth_wrong_password_ends_the_connection(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_false(logs_in("default", "x"));
        assert_false(desk.answers[0].close);
    }
    assert_false(logs_in("default", "x"));
    assert_true(desk.answers[0].close);
}

static void browser_is_hung_up_on(void **state) {
    (void)state;
    SAYS("Host: evil", "");
    assert_true(desk.answers[0].close);
    SAYS_AT(2, "POST / HTTP/1.1", "");
    assert_true(desk.answers[0].close);
}

/* ---- talk ---- */

static void errors_are_those_of_redis(void **state) {
    (void)state;
    SAYS("FOO a b", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' \r\n");
    SAYS("GET", "-ERR wrong number of arguments for 'get' command\r\n");
    SAYS("GET a b", "-ERR wrong number of arguments for 'get' command\r\n");
    SAYS("FLUSHDB", "-NOPERM this user has no permissions to run the 'flushdb' command\r\n");
    SAYS("CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n");
    SAYS("COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.\r\n");
    SAYS("SELECT x", "-ERR value is not an integer or out of range\r\n");
    SAYS("HELLO 4", "-NOPROTO unsupported protocol version\r\n");
    SAYS("HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n");
    SAYS("AUTH x", "-ERR AUTH <password> called without any password configured for the default "
                   "user. Are you sure your configuration is correct?\r\n");
}

static void connection_has_a_name_a_number_and_a_version(void **state) {
    (void)state;
    SAYS("CLIENT ID", ":1\r\n");
    SAYS_AT(2, "CLIENT ID", ":2\r\n");
    SAYS("CLIENT GETNAME", "$-1\r\n");
    SAYS("CLIENT SETNAME anna", "+OK\r\n");
    SAYS("CLIENT GETNAME", "$4\r\nanna\r\n");
    SAYS("CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command\r\n");
    SAYS("CLIENT SETINFO lib-name x", "+OK\r\n");
    assert_true(str_starts(said(1, "HELLO 3 SETNAME boris"), STR("%7\r\n$6\r\nserver\r\n")));
    SAYS("GET a", "_\r\n");
    SAYS("CLIENT GETNAME", "$5\r\nboris\r\n");
    assert_true(str_starts(said(1, "HELLO 2"), STR("*14\r\n")));
    SAYS("GET a", "$-1\r\n");
    SAYS("ECHO a", "$1\r\na\r\n");
    SAYS("PING", "+PONG\r\n");
    SAYS("PING a", "$1\r\na\r\n");
    SAYS("QUIT", "+OK\r\n");
    assert_true(desk.answers[0].close);
}

static void info_and_command_tell_tools_what_they_expect(void **state) {
    (void)state;
    put(TABLE_FSM, "a", "1", STORE_NEVER);
    struct str info = said(1, "INFO");
    static const char *const parts[] = {
        "# Server\r\n", "redis_version:7.", "gigabridge_version:", "# Clients\r\n",
        "used_memory:", "# Stats\r\n",      "# Keyspace\r\n",      "db0:keys=1,"};
    for (size_t i = 0; i < GB_COUNT(parts); i++) {
        assert_true(str_find_str(info, str_of(parts[i])) < info.n);
    }
    info = said(1, "INFO keyspace");
    assert_true(str_find_str(info, STR("# Server")) == info.n);
    assert_true(str_starts(said(1, "COMMAND COUNT"), STR(":30")));
    assert_true(str_starts(said(1, "COMMAND"), STR("*30\r\n*10\r\n$4\r\nauth\r\n:-2\r\n")));
    assert_true(str_starts(said(1, "COMMAND DOCS get nosuch"), STR("*2\r\n$3\r\nget\r\n")));
    SAYS("COMMAND INFO nosuch", "*1\r\n$-1\r\n");
}

static void reply_that_is_too_large_is_an_error_and_no_torn_one(void **state) {
    (void)state;
    static char value[600001];
    memset(value, 'x', sizeof value - 1);
    put(TABLE_FSM, "a", value, STORE_NEVER);
    assert_int_equal(said(1, "GET a").n, 600000 + 11);
    SAYS("MGET a a", "-ERR the reply would be larger than 1 MB\r\n");
    SAYS("PING", "+PONG\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define HOLDS(test)   cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define GUARDED(test) cmocka_unit_test_setup_teardown(test, set_up_with_password, tear_down)
        HOLDS(rows_are_read_by_database_and_table),
        HOLDS(what_has_expired_is_not_there),
        HOLDS(secrets_are_masked_and_say_so),
        HOLDS(scan_meets_every_key_that_stays_once_while_others_come_and_go),
        HOLDS(scan_step_looks_at_no_more_than_a_thousand_rows),
        HOLDS(prefix_of_a_pattern_spares_the_walk),
        HOLDS(cursors_of_one_connection_outlive_those_of_another),
        HOLDS(keys_of_a_large_store_need_a_beginning),
        HOLDS(writes_are_refused_unless_allowed),
        HOLDS(set_does_what_its_words_say),
        HOLDS(numbers_expiries_and_removal),
        HOLDS(records_of_the_shop_are_never_written),
        HOLDS(pipelined_writes_see_each_other_and_share_one_sync),
        HOLDS(walk_behind_a_write_waits_for_its_commit),
        HOLDS(store_that_refuses_is_told_to_the_writes_alone),
        HOLDS(commands_run_again_when_the_map_has_grown),
        HOLDS(turn_ends_when_its_time_is_over),
        GUARDED(nothing_is_told_before_the_password),
        GUARDED(password_lets_in_this_connection_until_its_end),
        GUARDED(reset_forgets_who_it_is),
        GUARDED(fifth_wrong_password_ends_the_connection),
        HOLDS(browser_is_hung_up_on),
        HOLDS(errors_are_those_of_redis),
        HOLDS(connection_has_a_name_a_number_and_a_version),
        HOLDS(info_and_command_tell_tools_what_they_expect),
        HOLDS(reply_that_is_too_large_is_an_error_and_no_torn_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

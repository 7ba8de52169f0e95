/* Redis: what only a server that others use, too, can do to us; conformance has a file of its own.
 */
#define GB_DOOR "processes, sockets and a clock of a test"
#include "base/arena.h"
#include "base/num.h"
#include "common/redis_server.h"
#include "store/conformance.h"
#include "store/redis_proxy.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NOW         INT64_C(1800000000000)
#define COMMAND_MS  250 /* of an impatient store; the others must not fail on a busy machine */
#define PATIENCE_MS 20000

/* Tables of bench_tables. */
enum { ONE, TWO, FSM };

struct scene {
    struct redis_server server;
    struct redis_proxy *proxy;
    struct arena *arena;
    struct backend *a, *b; /* two instances; a goes through the proxy */
};

static int64_t mono_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void nap(void) {
    struct timespec t = {0, 5000000};
    nanosleep(&t, NULL);
}

static enum gb_err try_open(struct scene *s, const struct redis_options *options,
                            struct backend **ret_backend, struct str *ret_why) {
    struct redis_options all = *options;
    all.port = all.port != 0 ? all.port : s->server.port;
    all.command_ms = all.command_ms != 0 ? all.command_ms : PATIENCE_MS;
    return redis_open(&all, bench_tables, BENCH_TABLES, s->arena, ret_backend, ret_why);
}

static struct backend *must_open(struct scene *s, const struct redis_options *options) {
    struct backend *backend = NULL;
    struct str why = STR_NONE;
    enum gb_err err = try_open(s, options, &backend, &why);
    if (err != GB_OK) {
        fail_msg(STR_FMT, STR_ARG(why));
    }
    return backend;
}

static void refused(struct scene *s, const struct redis_options *options, enum gb_err wanted,
                    const char *word) {
    struct backend *backend = NULL;
    struct str why = STR_NONE;
    assert_int_equal(try_open(s, options, &backend, &why), wanted);
    if (str_find_str(why, str_of(word)) == why.n) {
        fail_msg("no \"%s\" in: " STR_FMT, word, STR_ARG(why));
    }
    assert_int_equal(str_find_str(why, STR("s3cret")), why.n);
}

static void close_store(struct backend *backend) {
    if (backend != NULL) {
        backend->ops->close(backend);
    }
}

static int start(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    *state = s;
    s->arena = arena_new(64 * 1024, (size_t)256 * 1024 * 1024);
    redis_server_start(&s->server);
    s->proxy = redis_proxy_new(s->server.port);
    s->a = must_open(s, &(struct redis_options){.port = redis_proxy_port(s->proxy)});
    s->b = must_open(s, &(struct redis_options){0});
    return 0;
}

static int end(void **state) {
    struct scene *s = *state;
    close_store(s->a);
    close_store(s->b);
    redis_proxy_free(s->proxy);
    redis_server_end(&s->server);
    arena_free(s->arena);
    free(s);
    return 0;
}

/* Instance a, which now does not wait for long. */
static void make_impatient(struct scene *s) {
    close_store(s->a);
    s->a = must_open(
        s, &(struct redis_options){.port = redis_proxy_port(s->proxy), .command_ms = COMMAND_MS});
}

static enum gb_err put(struct scene *s, struct backend *backend, int table, const char *key,
                       const char *value) {
    struct tx *tx = tx_begin(backend, s->arena, NOW);
    if (value != NULL) {
        tx_put(tx, table, str_of(key), str_of(value), STORE_NEVER);
    } else {
        tx_del(tx, table, str_of(key));
    }
    return tx_apply(tx);
}

static enum gb_err get(struct scene *s, struct backend *backend, int table, const char *key,
                       struct str *ret_value) {
    return tx_get(tx_begin(backend, s->arena, NOW), table, str_of(key), ret_value);
}

static void assert_row(struct scene *s, int table, const char *key, const char *value) {
    struct str found = STR_NONE;
    enum gb_err err = get(s, s->b, table, key, &found);
    assert_int_equal(err, value != NULL ? GB_OK : GB_NOT_FOUND);
    assert_true(value == NULL || str_is(found, value));
}

static void assert_cli(struct scene *s, int db, const char *const *words, const char *wanted) {
    struct str said = redis_server_cli(&s->server, s->arena, db, words);
    if (!str_is(said, wanted)) {
        fail_msg("%s %s: " STR_FMT, words[0], words[1] != NULL ? words[1] : "", STR_ARG(said));
    }
}
#define CLI(wanted, db, ...) assert_cli(s, db, (const char *const[]){__VA_ARGS__, NULL}, wanted)

static const char *trouble_of(const struct backend *backend) {
    return backend->trouble != NULL ? backend->trouble : "";
}

static void assert_trouble(const struct backend *backend, const char *word) {
    if (strstr(trouble_of(backend), word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, trouble_of(backend));
    }
}

static struct redis_stats stats_of(const struct backend *backend) {
    struct redis_stats stats;
    redis_stats(backend, &stats);
    return stats;
}

/* Ask until there is an answer, as a loop would. */
static void recover(struct backend *backend) {
    int64_t start_ms = mono_ms();
    while (redis_ping(backend) != GB_OK) {
        assert_true(mono_ms() - start_ms < PATIENCE_MS);
        nap();
    }
}

static bool count_row(void *ctx, struct str key, struct str value) {
    (void)key, (void)value;
    ++*(size_t *)ctx;
    return true;
}

/* ---- two instances ---- */

/* `reader` reads `seen` and writes "out"; meanwhile `writer` makes it `next`. */
static enum gb_err race(struct scene *s, struct backend *reader, struct backend *writer, int table,
                        const char *next) {
    struct str value;
    struct tx *tx = tx_begin(reader, s->arena, NOW);
    enum gb_err err = tx_get(tx, table, STR("row"), &value);
    assert_true(err == GB_OK || err == GB_NOT_FOUND);
    tx_put(tx, ONE, STR("out"), STR("decided"), STORE_NEVER);
    tx_put(tx, FSM, STR("fsm:1:1:state"), STR("Decided:x"), STORE_NEVER);
    assert_int_equal(put(s, writer, table, "row", next), GB_OK);
    err = tx_apply(tx);
    assert_row(s, ONE, "out", err == GB_OK ? "decided" : NULL);
    assert_row(s, FSM, "fsm:1:1:state", err == GB_OK ? "Decided:x" : NULL);
    return err;
}

static void change_of_a_row_read_is_a_conflict_whoever_made_it(void **state) {
    struct scene *s = *state;
    static const int tables[] = {ONE, TWO, FSM};
    for (size_t i = 0; i < GB_COUNT(tables); i++) {
        assert_int_equal(put(s, s->a, tables[i], "row", "old"), GB_OK);
        assert_int_equal(race(s, s->a, s->b, tables[i], "new"), GB_CONFLICT);
        assert_int_equal(race(s, s->b, s->a, tables[i], "newer"), GB_CONFLICT);
        assert_row(s, tables[i], "row", "newer");
    }
    assert_int_equal(stats_of(s->a).conflicts, 3);
    assert_null(s->a->trouble);
    assert_int_equal(race(s, s->a, s->b, ONE, "newer"), GB_OK); /* the same is no change */
}

static void row_that_appears_or_goes_is_a_conflict(void **state) {
    struct scene *s = *state;
    static const int tables[] = {ONE, FSM};
    for (size_t i = 0; i < GB_COUNT(tables); i++) {
        assert_int_equal(race(s, s->a, s->b, tables[i], "appeared"), GB_CONFLICT);
        assert_int_equal(race(s, s->a, s->b, tables[i], NULL), GB_CONFLICT);
        assert_int_equal(race(s, s->b, s->a, tables[i], "again"), GB_CONFLICT);
        assert_int_equal(race(s, s->b, s->a, tables[i], NULL), GB_CONFLICT);
    }
}

static void change_between_the_look_and_exec_is_a_conflict(void **state) {
    struct scene *s = *state;
    static const char *const lines[] = {"SELECT 3", "SET one:row intruder"};
    redis_proxy_interferes_with(s->proxy, lines, GB_COUNT(lines));
    assert_int_equal(put(s, s->a, ONE, "row", "old"), GB_OK);
    struct str value;
    struct tx *tx = tx_begin(s->a, s->arena, NOW);
    assert_int_equal(tx_get(tx, ONE, STR("row"), &value), GB_OK);
    tx_put(tx, ONE, STR("row"), STR("decided"), STORE_NEVER);
    redis_proxy_expect(s->proxy, "MULTI", REDIS_PROXY_INTERFERE);
    assert_int_equal(tx_apply(tx), GB_CONFLICT);
    assert_true(redis_proxy_did(s->proxy));
    assert_row(s, ONE, "row", "intruder");
}

static void watches_of_a_lost_race_do_not_disturb_the_next(void **state) {
    struct scene *s = *state;
    assert_int_equal(race(s, s->a, s->b, ONE, "appeared"), GB_CONFLICT);
    assert_int_equal(put(s, s->b, ONE, "row", "touched again"), GB_OK);
    assert_int_equal(put(s, s->a, TWO, "other", "1"), GB_OK);
    assert_row(s, TWO, "other", "1");
}

/* A process of its own; ends with 0 when all its increments were made. */
static void increment(struct scene *s, int times) {
    struct backend *backend = NULL;
    struct str why;
    if (try_open(s, &(struct redis_options){0}, &backend, &why) != GB_OK) {
        _exit(3);
    }
    for (int done = 0, tries = 0; done < times; tries++) {
        struct tx *tx = tx_begin(backend, s->arena, NOW);
        struct str text;
        int64_t number = 0;
        if (tries > 1000 * times) {
            _exit(1);
        }
        if (tx_get(tx, ONE, STR("counter"), &text) == GB_OK &&
            num_i64(text, 0, INT64_MAX, &number) != GB_OK) {
            _exit(2);
        }
        tx_put(tx, ONE, STR("counter"), arena_printf(s->arena, "%" PRId64, number + 1),
               STORE_NEVER);
        done += tx_apply(tx) == GB_OK;
        arena_clear(s->arena);
    }
    _exit(0);
}

static void increments_of_several_instances_are_none_lost(void **state) {
    struct scene *s = *state;
    enum { INSTANCES = 3, TIMES = 100 };
    pid_t children[INSTANCES];
    for (int i = 0; i < INSTANCES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            alarm(30);
            increment(s, TIMES);
        }
    }
    for (int i = 0; i < INSTANCES; i++) {
        int status = 1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_row(s, ONE, "counter", "300");
}

/* ---- connections that end at the wrong moment ---- */

static enum gb_err read_and_write(struct scene *s, const char *value) {
    struct str seen;
    struct tx *tx = tx_begin(s->a, s->arena, NOW);
    enum gb_err err = tx_get(tx, ONE, STR("seen"), &seen);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    tx_put(tx, ONE, STR("row"), str_of(value), STORE_NEVER);
    return tx_apply(tx);
}

static void answer_to_exec_that_never_comes_is_uncertain(void **state) {
    struct scene *s = *state;
    static const struct {
        enum redis_proxy_deed deed;
        const char *after; /* what is there then */
    } cases[] = {
        {REDIS_PROXY_SWALLOW, "before"},
        {REDIS_PROXY_LOSE_REPLY, "after"},
        {REDIS_PROXY_CUT_REPLY, "after"},
        {REDIS_PROXY_HOLD_REPLY, "after"},
    };
    make_impatient(s);
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        assert_int_equal(read_and_write(s, "before"), GB_OK);
        redis_proxy_expect(s->proxy, "EXEC", cases[i].deed);
        assert_int_equal(read_and_write(s, "after"), GB_UNCERTAIN);
        assert_true(redis_proxy_did(s->proxy));
        assert_row(s, ONE, "row", cases[i].after);
        assert_int_equal(strlen(trouble_of(s->a)) > 0, true);
        recover(s->a);
    }
    assert_int_equal(stats_of(s->a).uncertain, 4);
}

static void connection_lost_before_exec_is_made_again_and_nobody_notices(void **state) {
    struct scene *s = *state;
    static const char *const words[] = {"GET", "WATCH"};
    static const enum redis_proxy_deed deeds[] = {REDIS_PROXY_SWALLOW, REDIS_PROXY_LOSE_REPLY,
                                                  REDIS_PROXY_CUT_REPLY};
    for (size_t i = 0; i < GB_COUNT(words) * GB_COUNT(deeds); i++) {
        assert_int_equal(read_and_write(s, "before"), GB_OK);
        redis_proxy_expect(s->proxy, words[i % 2], deeds[i / 2]);
        assert_int_equal(read_and_write(s, "after"), GB_OK);
        assert_true(redis_proxy_did(s->proxy));
        assert_row(s, ONE, "row", "after");
    }
    assert_int_equal(redis_proxy_connections(s->proxy), 7);
}

static void server_of_another_version_at_the_same_place_is_asked_in_its_own_words(void **state) {
    struct scene *s = *state;
    struct str value;
    assert_int_equal(read_and_write(s, "1"), GB_OK);
    redis_proxy_pose_as_old(s->proxy);
    redis_proxy_expect(s->proxy, "GET", REDIS_PROXY_SWALLOW);
    assert_int_equal(get(s, s->a, ONE, "row", &value), GB_UNAVAILABLE);
    assert_trouble(s->a, "version");
    assert_int_equal(get(s, s->a, ONE, "row", &value), GB_OK);
    assert_true(str_is(value, "1"));
    assert_string_equal(stats_of(s->a).server, "redis 6.0.00");
}

static enum gb_err scan_all(struct scene *s, struct backend *backend, int table) {
    size_t rows = 0;
    return tx_scan(tx_begin(backend, s->arena, NOW), table, STR("a"), STR_NONE, 99, count_row,
                   &rows);
}

static enum gb_err ask_with(struct scene *s, const char *word) {
    struct str value;
    switch (word[0]) {
    case 'G':
        return get(s, s->a, ONE, "row", &value);
    case 'Z':
        return scan_all(s, s->a, ONE);
    case 'S':
        return scan_all(s, s->a, FSM);
    default:
        return read_and_write(s, "1");
    }
}

static void nonsense_is_never_taken_for_an_answer(void **state) {
    struct scene *s = *state;
    static const struct {
        const char *word;
        int replies; /* that its batch wants */
    } asked[] = {{"GET", 3}, {"ZRANGEBYLEX", 2}, {"SCAN", 2}, {"WATCH", 5}, {"EXEC", 5}};
    static const char *const nonsense[] = {
        ":1\r\n",
        "+OK\r\n",
        ",1.5\r\n",
        "#t\r\n",
        "%1\r\n+a\r\n+b\r\n",
        "*2\r\n*1\r\n*1\r\n$0\r\n\r\n*1\r\n$0\r\n\r\n",
        "*2\r\n$1\r\nb\r\n$1\r\na\r\n",
        "-ERR no 's3cret'\r\n",
    };
    for (size_t i = 0; i < GB_COUNT(nonsense) * GB_COUNT(asked); i++) {
        const char *one = nonsense[i / GB_COUNT(asked)], *word = asked[i % GB_COUNT(asked)].word;
        struct buf bytes;
        buf_init(&bytes, s->arena, 1024);
        for (int k = 0; k < asked[i % GB_COUNT(asked)].replies; k++) {
            buf_add_text(&bytes, one);
        }
        const char *said = arena_cstr(s->arena, buf_str(&bytes));
        make_impatient(s);
        redis_proxy_interferes_with(s->proxy, &said, 1);
        redis_proxy_expect(s->proxy, word, REDIS_PROXY_GARBLE);
        enum gb_err err = ask_with(s, word);
        assert_true(redis_proxy_did(s->proxy));
        bool may_be = strcmp(word, "EXEC") == 0 && one[0] == '*'; /* a list of what was done */
        if (err == GB_NOT_FOUND || (err == GB_OK && !may_be)) {
            fail_msg("%s, answered by %s: %s", word, one, gb_err_name(err));
        }
        assert_null(strstr(trouble_of(s->a), "s3cret"));
    }
}

static void what_is_no_answer_ends_the_connection_and_is_asked_again(void **state) {
    struct scene *s = *state;
    static const char *const noise[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "*1000000000\r\n",
        "$999999999999999999999\r\n",
        "\xff\r\n",
        "+OK\r\n+1\r\n:-1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", /* more than was asked */
    };
    for (size_t i = 0; i < GB_COUNT(noise); i++) {
        struct str value;
        assert_int_equal(read_and_write(s, "before"), GB_OK);
        redis_proxy_interferes_with(s->proxy, &noise[i], 1);
        redis_proxy_expect(s->proxy, "GET", REDIS_PROXY_GARBLE);
        assert_int_equal(get(s, s->a, ONE, "row", &value), GB_OK);
        assert_true(str_is(value, "before"));
        redis_proxy_expect(s->proxy, "EXEC", REDIS_PROXY_GARBLE);
        assert_int_equal(read_and_write(s, "after"), GB_UNCERTAIN);
        assert_row(s, ONE, "row", "before");
    }
}

static void silent_server_costs_one_time_out_and_then_nothing_for_a_while(void **state) {
    struct scene *s = *state;
    struct str value;
    make_impatient(s);
    redis_proxy_expect(s->proxy, "GET", REDIS_PROXY_HOLD_REPLY);
    int64_t start_ms = mono_ms();
    assert_int_equal(get(s, s->a, ONE, "row", &value), GB_UNAVAILABLE);
    int64_t spent_ms = mono_ms() - start_ms;
    assert_in_range(spent_ms, COMMAND_MS - 5, COMMAND_MS + 2000);
    assert_trouble(s->a, "no answer in time");

    start_ms = mono_ms();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(get(s, s->a, ONE, "row", &value), GB_UNAVAILABLE);
        arena_clear(s->arena);
    }
    assert_true(mono_ms() - start_ms < 2 * COMMAND_MS);
    assert_false(stats_of(s->a).is_connected);
    assert_in_range(stats_of(s->a).rest_ms, 500, 20000);
    assert_int_equal(stats_of(s->a).failures, 1);
    recover(s->a);
    assert_int_equal(get(s, s->a, ONE, "row", &value), GB_NOT_FOUND);
}

/* A command of somebody else that keeps the server busy; it is not waited for. */
static int send_line(struct scene *s, const char *line) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, s->server.socket_path, strlen(s->server.socket_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    return fd;
}

static void server_that_sleeps_is_away_and_comes_back(void **state) {
    struct scene *s = *state;
    struct str value;
    make_impatient(s);
    assert_int_equal(put(s, s->a, ONE, "row", "1"), GB_OK);
    int sleeper = send_line(s, "DEBUG SLEEP 1\r\n");
    int64_t start_ms = mono_ms();
    while (get(s, s->a, ONE, "row", &value) == GB_OK) { /* it has not read that line yet */
        assert_true(mono_ms() - start_ms < PATIENCE_MS);
    }
    assert_trouble(s->a, "no answer in time");
    recover(s->a);
    assert_int_equal(get(s, s->a, ONE, "row", &value), GB_OK);
    assert_true(str_is(value, "1"));
    close(sleeper);
}

/* ---- the server itself ---- */

static void server_killed_and_started_again_is_found_again_with_all_rows(void **state) {
    struct scene *s = *state;
    struct str value;
    assert_int_equal(read_and_write(s, "kept"), GB_OK);
    redis_server_kill(&s->server);
    int64_t start_ms = mono_ms();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(get(s, s->b, ONE, "row", &value), GB_UNAVAILABLE);
        assert_int_equal(put(s, s->b, ONE, "row", "lost"), GB_UNAVAILABLE);
    }
    assert_true(mono_ms() - start_ms < PATIENCE_MS / 4);
    assert_trouble(s->b, "Connection refused");
    redis_server_again(&s->server);
    recover(s->b);
    assert_row(s, ONE, "row", "kept");
    assert_int_equal(stats_of(s->b).rest_ms, 0);
}

static void server_started_anew_between_two_calls_is_not_even_noticed(void **state) {
    struct scene *s = *state;
    assert_int_equal(put(s, s->b, ONE, "row", "kept"), GB_OK);
    redis_server_kill(&s->server);
    redis_server_again(&s->server);
    assert_row(s, ONE, "row", "kept");
}

static void full_server_takes_nothing_and_all_goes_on_when_there_is_room(void **state) {
    struct scene *s = *state;
    assert_int_equal(read_and_write(s, "before"), GB_OK);
    CLI("OK", 0, "CONFIG", "SET", "maxmemory", "1");
    assert_int_equal(read_and_write(s, "after"), GB_NO_SPACE);
    assert_trouble(s->a, "maxmemory");
    struct tx *tx = tx_begin(s->a, s->arena, NOW); /* a removal beside it does not happen either */
    tx_del(tx, ONE, STR("row"));
    tx_put(tx, TWO, STR("new"), STR("1"), STORE_NEVER);
    assert_int_equal(tx_apply(tx), GB_NO_SPACE);
    assert_row(s, ONE, "row", "before");
    CLI("OK", 0, "CONFIG", "SET", "maxmemory", "0");
    assert_int_equal(read_and_write(s, "after"), GB_OK);
    assert_null(s->a->trouble);
    assert_int_equal(stats_of(s->a).connects, 1);
}

static void primary_that_becomes_a_replica_is_left_and_taken_again(void **state) {
    struct scene *s = *state;
    assert_int_equal(read_and_write(s, "before"), GB_OK);
    CLI("OK", 0, "REPLICAOF", "127.0.0.1", "1");
    assert_int_equal(read_and_write(s, "after"), GB_UNAVAILABLE);
    assert_trouble(s->a, "replica");
    assert_false(stats_of(s->a).is_connected);
    refused(s, &(struct redis_options){0}, GB_UNAVAILABLE, "replica");
    CLI("OK", 0, "REPLICAOF", "NO", "ONE");
    recover(s->a);
    assert_int_equal(read_and_write(s, "after"), GB_OK);
    assert_row(s, ONE, "row", "after");
}

static void nobody_at_the_address_is_said_plainly(void **state) {
    struct scene *s = *state;
    redis_server_kill(&s->server);
    refused(s, &(struct redis_options){0}, GB_UNAVAILABLE, "Connection refused");
    refused(s, &(struct redis_options){.socket_path = "/nowhere/s"}, GB_UNAVAILABLE,
            "No such file");
    refused(s, &(struct redis_options){.host = "no such host"}, GB_UNAVAILABLE, "no such host");
    char path[300];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    refused(s, &(struct redis_options){.socket_path = path}, GB_UNAVAILABLE, "too long");
}

/* ---- who we are ---- */

static void password_is_wanted_checked_and_never_shown(void **state) {
    struct scene *s = *state;
    CLI("OK", 0, "CONFIG", "SET", "requirepass", "s3cret-right");
    refused(s, &(struct redis_options){0}, GB_UNAVAILABLE, "password");
    refused(s, &(struct redis_options){.password = STR("s3cret-wrong")}, GB_UNAVAILABLE, "wrong");
    struct backend *backend =
        must_open(s, &(struct redis_options){.password = STR("s3cret-right")});
    assert_int_equal(put(s, backend, ONE, "row", "1"), GB_OK);
    close_store(backend);
}

/* What docs/redis.md tells the owner to allow. */
#define ALLOWED                                                                                    \
    "~*", "-@all", "+hello", "+auth", "+select", "+ping", "+dbsize", "+get", "+set", "+del",       \
        "+pexpiretime", "+pttl", "+pexpireat", "+time", "+watch", "+unwatch", "+multi", "+exec",   \
        "+zadd", "+zrem", "+zrangebylex", "+zrangebyscore", "+scan", "+config|get"

static void acl_user_with_the_documented_commands_can_do_all(void **state) {
    struct scene *s = *state;
    CLI("OK", 0, "ACL", "SETUSER", "bot", "on", ">s3cret", ALLOWED);
    struct redis_options options = {.user = "bot", .password = STR("s3cret")};
    struct backend *bot = must_open(s, &options);
    assert_string_equal(stats_of(bot).warning, "");
    struct tx *tx = tx_begin(bot, s->arena, NOW);
    struct str value;
    assert_int_equal(tx_get(tx, ONE, STR("row"), &value), GB_NOT_FOUND);
    tx_put(tx, ONE, STR("row"), STR("1"), NOW + 1);
    tx_put(tx, FSM, STR("fsm:1:1:state"), STR("1"), NOW + GB_DAY_MS);
    tx_del(tx, TWO, STR("row"));
    assert_int_equal(tx_apply(tx), GB_OK);
    size_t rows = 0, removed = 0;
    tx = tx_begin(bot, s->arena, NOW);
    assert_int_equal(tx_scan(tx, ONE, STR("a"), STR_NONE, 9, count_row, &rows), GB_OK);
    assert_int_equal(tx_scan(tx, FSM, STR("a"), STR_NONE, 9, count_row, &rows), GB_OK);
    assert_int_equal(rows, 2);
    assert_int_equal(bot->ops->purge(bot, NOW + 1, 10, &removed), GB_OK);
    assert_int_equal(removed, 1);
    CLI("OK", 0, "ACL", "SETUSER", "bot", "-set", "-get");
    assert_int_equal(put(s, bot, ONE, "row", "2"), GB_UNAVAILABLE);
    assert_trouble(bot, "ACL");
    assert_int_equal(get(s, bot, ONE, "row", &value), GB_UNAVAILABLE);
    assert_int_equal(
        tx_scan(tx_begin(bot, s->arena, NOW), FSM, STR("a"), STR_NONE, 9, count_row, &rows),
        GB_UNAVAILABLE);
    CLI("OK", 0, "ACL", "SETUSER", "bot", "off");
    refused(s, &options, GB_UNAVAILABLE, "wrong");
    close_store(bot);
}

/* ---- whose data this is ---- */

static void data_of_another_format_or_program_is_refused(void **state) {
    struct scene *s = *state;
    CLI("OK", 3, "SET", "_meta:format", "gigabridge store 2");
    refused(s, &(struct redis_options){0}, GB_DAMAGED, "database 3");
    CLI("OK", 0, "FLUSHALL");
    CLI("OK", 3, "SET", "somebody:else", "1");
    refused(s, &(struct redis_options){0}, GB_DAMAGED, "another program");
    CLI("1", 3, "DBSIZE");
    struct backend *elsewhere = must_open(s, &(struct redis_options){.db_first = 4});
    assert_int_equal(put(s, elsewhere, ONE, "row", "1"), GB_OK);
    CLI("1", 7, "GET", "one:row");
    CLI("gigabridge store 1", 7, "GET", "_meta:format");
    close_store(elsewhere);
    refused(s, &(struct redis_options){.db_first = 14}, GB_UNAVAILABLE, "no database 17");
}

static void settings_that_lose_rows_are_warned_of(void **state) {
    struct scene *s = *state;
    static const char *const cases[][3] = {
        {"maxmemory-policy", "allkeys-lru", "maxmemory-policy"},
        {"appendfsync", "no", "appendfsync"},
        {"appendonly", "no", "appendonly"},
    };
    CLI("OK", 0, "CONFIG", "SET", "maxmemory", "1gb");
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        CLI("OK", 0, "CONFIG", "SET", cases[i][0], cases[i][1]);
        struct backend *backend = must_open(s, &(struct redis_options){0});
        assert_int_equal(strncmp(stats_of(backend).warning, cases[i][2], strlen(cases[i][2])), 0);
        close_store(backend);
    }
}

/* ---- how rows lie there ---- */

static void rows_of_database_0_are_as_aiogram_has_them(void **state) {
    struct scene *s = *state;
    struct tx *tx = tx_begin(s->a, s->arena, NOW);
    tx_put(tx, FSM, STR("fsm:42:42:state"), STR("Buy:tariff"), NOW + GB_HOUR_MS);
    tx_put(tx, FSM, STR("fsm:42:42:data"), STR("{\"a\": \"\\u0448\"}"), STORE_NEVER);
    assert_int_equal(tx_apply(tx), GB_OK);
    CLI("Buy:tariff", 0, "GET", "fsm:42:42:state");
    CLI("1800003600000", 0, "PEXPIRETIME", "fsm:42:42:state");
    CLI("{\"a\": \"\\u0448\"}", 0, "GET", "fsm:42:42:data");
    CLI("-1", 0, "PTTL", "fsm:42:42:data");
    CLI("2", 0, "DBSIZE");
    CLI("OK", 0, "SET", "fsm:7:7:state", "Pay:wait", "EX", "3600");
    CLI("1", 0, "DEL", "fsm:42:42:state");
    CLI("1", 0, "LPUSH", "of:another:program", "x");
    assert_row(s, FSM, "fsm:42:42:state", NULL);
    struct str value; /* the server's clock is behind ours, so at its own now */
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    tx = tx_begin(s->b, s->arena, clock.tv_sec * INT64_C(1000));
    assert_int_equal(tx_get(tx, FSM, STR("fsm:7:7:state"), &value), GB_OK);
    assert_true(str_is(value, "Pay:wait"));
    size_t rows = 0;
    assert_int_equal(tx_scan(tx, FSM, STR("fsm:"), STR_NONE, 99, count_row, &rows), GB_OK);
    assert_int_equal(rows, 2);
    assert_int_equal(tx_get(tx, FSM, STR("of:another:program"), &value), GB_DAMAGED);
    tx_del(tx_begin(s->b, s->arena, NOW), FSM, STR("fsm:42:42:data"));
}

static void rows_of_database_3_have_their_table_and_an_index(void **state) {
    struct scene *s = *state;
    struct tx *tx = tx_begin(s->a, s->arena, NOW);
    tx_put(tx, ONE, STR("b"), STR("1"), STORE_NEVER);
    tx_put(tx, ONE, STR("a"), STR("2"), NOW + 1000);
    tx_put(tx, TWO, STR("a"), STR("3"), STORE_NEVER);
    assert_int_equal(tx_apply(tx), GB_OK);
    CLI("1", 3, "GET", "one:b");
    CLI("3", 3, "GET", "two:a");
    CLI("a\nb", 3, "ZRANGE", "_index:one", "0", "-1");
    CLI("one:a\n1800000001000", 3, "ZRANGE", "_expiry", "0", "-1", "WITHSCORES");
    CLI("7", 3, "DBSIZE"); /* three rows, two indexes, what expires, the format */
    assert_int_equal(put(s, s->b, ONE, "b", NULL), GB_OK);
    CLI("a", 3, "ZRANGE", "_index:one", "0", "-1");
    CLI("OK", 3, "CONFIG", "RESETSTAT");
    CLI("1", 3, "DEL", "two:a");
    CLI("1", 3, "LPUSH", "two:a", "no row of ours");
    struct str value;
    assert_int_equal(get(s, s->a, TWO, "a", &value), GB_DAMAGED);
}

static void server_removes_what_expires_and_purge_clears_the_indexes(void **state) {
    struct scene *s = *state;
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    int64_t now_ms = clock.tv_sec * INT64_C(1000) + clock.tv_nsec / 1000000;
    struct tx *tx = tx_begin(s->a, s->arena, now_ms);
    tx_put(tx, ONE, STR("soon"), STR("1"), now_ms + 60);
    tx_put(tx, ONE, STR("later"), STR("1"), now_ms + GB_DAY_MS);
    tx_put(tx, FSM, STR("soon"), STR("1"), now_ms + 60);
    tx_put(tx, ONE, STR("never was"), STR("1"), now_ms);
    assert_int_equal(tx_apply(tx), GB_OK);
    int64_t start_ms = mono_ms();
    while (!str_is(REDIS_CLI(&s->server, s->arena, 3, "EXISTS", "one:soon"), "0")) {
        assert_true(mono_ms() - start_ms < PATIENCE_MS);
    }
    CLI("0", 0, "EXISTS", "soon");
    CLI("0", 3, "EXISTS", "one:never was");
    CLI("2", 3, "ZCARD", "_index:one");
    size_t removed = 0;
    assert_int_equal(s->b->ops->purge(s->b, now_ms + 1000, 10, &removed), GB_OK);
    assert_int_equal(removed, 1);
    CLI("later", 3, "ZRANGE", "_index:one", "0", "-1");
    CLI("one:later", 3, "ZRANGE", "_expiry", "0", "-1");
}

static void purge_keeps_what_was_written_again_meanwhile(void **state) {
    struct scene *s = *state;
    static const char *const lines[] = {"SELECT 3", "SET one:row again",
                                        "PEXPIREAT one:row 1800000099000",
                                        "ZADD _expiry 1800000099000 one:row"};
    struct tx *tx = tx_begin(s->a, s->arena, NOW);
    tx_put(tx, ONE, STR("row"), STR("1"), NOW + 10);
    assert_int_equal(tx_apply(tx), GB_OK);
    size_t removed = 9;
    redis_proxy_interferes_with(s->proxy, lines, GB_COUNT(lines));
    redis_proxy_expect(s->proxy, "MULTI", REDIS_PROXY_INTERFERE); /* between its look and EXEC */
    assert_int_equal(s->a->ops->purge(s->a, NOW + 20, 10, &removed), GB_OK);
    assert_true(redis_proxy_did(s->proxy));
    assert_int_equal(removed, 0);
    assert_row(s, ONE, "row", "again");
    CLI("OK", 3, "SET", "one:row", "older", "PXAT", "1800000000010");
    CLI("0", 3, "ZADD", "_expiry", "1800000000010", "one:row");
    redis_proxy_expect(s->proxy, "WATCH",
                       REDIS_PROXY_INTERFERE); /* between the line and its look */
    assert_int_equal(s->a->ops->purge(s->a, NOW + 20, 10, &removed), GB_OK);
    assert_true(redis_proxy_did(s->proxy));
    CLI("one:row\n1800000099000", 3, "ZRANGE", "_expiry", "0", "-1", "WITHSCORES");
    assert_row(s, ONE, "row", "again");
}

/* ---- large tables ---- */

struct ordered {
    char last[16];
    size_t count;
};

static bool in_order(void *ctx, struct str key, struct str value) {
    struct ordered *seen = ctx;
    (void)value;
    assert_true(key.n < sizeof seen->last);
    assert_true(str_compare(str_of(seen->last), key) < 0);
    memcpy(seen->last, key.p, key.n);
    seen->last[key.n] = '\0';
    seen->count++;
    return true;
}

static void scans_of_more_than_one_batch_are_ordered_and_whole(void **state) {
    struct scene *s = *state;
    static const int tables[] = {ONE, FSM};
    for (size_t t = 0; t < GB_COUNT(tables); t++) {
        struct tx *tx = tx_begin(s->b, s->arena, NOW);
        for (int i = 0; i < 5000; i++) { /* more than a walk keeps */
            tx_put(tx, tables[t], arena_printf(s->arena, "k%05d", i * 7919 % 5000), STR("v"),
                   STORE_NEVER);
        }
        assert_int_equal(tx_apply(tx), GB_OK);
        static const size_t limits[] = {10000, 5000, 100};
        for (size_t i = 0; i < GB_COUNT(limits); i++) {
            struct ordered seen = {.count = 0};
            tx = tx_begin(s->b, s->arena, NOW);
            assert_int_equal(tx_scan(tx, tables[t], STR("k"), STR("l"), limits[i], in_order, &seen),
                             GB_OK);
            assert_int_equal(seen.count, GB_MIN(limits[i], (size_t)5000));
        }
        arena_clear(s->arena);
    }
}

struct nested {
    struct tx *tx;
    size_t count;
};

static bool read_within(void *ctx, struct str key, struct str value) {
    struct nested *nested = ctx;
    struct str other;
    assert_int_equal(tx_get(nested->tx, TWO, key, &other), GB_NOT_FOUND);
    assert_true(str_is(value, "v"));
    nested->count++;
    return true;
}

static void rows_may_be_read_within_a_scan(void **state) {
    struct scene *s = *state;
    struct tx *tx = tx_begin(s->b, s->arena, NOW);
    for (int i = 0; i < 50; i++) {
        tx_put(tx, ONE, arena_printf(s->arena, "k%05d", i), STR("v"), STORE_NEVER);
    }
    assert_int_equal(tx_apply(tx), GB_OK);
    struct nested nested = {.tx = tx_begin(s->b, s->arena, NOW)};
    assert_int_equal(
        s->b->ops->scan(s->b, ONE, STR("k"), STR_NONE, 99, NOW, s->arena, read_within, &nested),
        GB_OK);
    assert_int_equal(nested.count, 50);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(change_of_a_row_read_is_a_conflict_whoever_made_it),
        T(row_that_appears_or_goes_is_a_conflict),
        T(change_between_the_look_and_exec_is_a_conflict),
        T(watches_of_a_lost_race_do_not_disturb_the_next),
        T(increments_of_several_instances_are_none_lost),
        T(answer_to_exec_that_never_comes_is_uncertain),
        T(connection_lost_before_exec_is_made_again_and_nobody_notices),
        T(server_of_another_version_at_the_same_place_is_asked_in_its_own_words),
        T(nonsense_is_never_taken_for_an_answer),
        T(what_is_no_answer_ends_the_connection_and_is_asked_again),
        T(silent_server_costs_one_time_out_and_then_nothing_for_a_while),
        T(server_that_sleeps_is_away_and_comes_back),
        T(server_killed_and_started_again_is_found_again_with_all_rows),
        T(server_started_anew_between_two_calls_is_not_even_noticed),
        T(full_server_takes_nothing_and_all_goes_on_when_there_is_room),
        T(primary_that_becomes_a_replica_is_left_and_taken_again),
        T(nobody_at_the_address_is_said_plainly),
        T(password_is_wanted_checked_and_never_shown),
        T(acl_user_with_the_documented_commands_can_do_all),
        T(data_of_another_format_or_program_is_refused),
        T(settings_that_lose_rows_are_warned_of),
        T(rows_of_database_0_are_as_aiogram_has_them),
        T(rows_of_database_3_have_their_table_and_an_index),
        T(server_removes_what_expires_and_purge_clears_the_indexes),
        T(purge_keeps_what_was_written_again_meanwhile),
        T(scans_of_more_than_one_batch_are_ordered_and_whole),
        T(rows_may_be_read_within_a_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Callers of the door for commands, over real sockets: order, bounds, patience. The test answers
 * what it is handed with the command's own words.
 */
#define GB_DOOR "sockets to call from"
#include "base/arena.h"
#include "base/base.h"
#include "io/loop.h"
#include "io/resp_server.h"
#include "io/scene.h"
#include "io/world.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/time.h>

#include <cmocka.h>

static struct world *world;
static struct arena *turn;
static int port;
static size_t answered, handed;      /* commands */
static size_t answer_most;           /* a turn; SIZE_MAX: all */
static struct command_answer manner; /* of the answers; bytes: these instead of the words */

static void start(bool is_open) {
    const char *why = "";
    answered = handed = 0;
    answer_most = SIZE_MAX;
    manner = (struct command_answer){0};
    assert_int_equal(world_open(&(struct world_options){0}, &world, &why), GB_OK);
    turn = arena_new(64 * 1024, (size_t)256 << 20);
    assert_int_equal(world->ops->listen_commands(world, "127.0.0.1", 0, 1, is_open, &port, &why),
                     GB_OK);
}

static int start_open(void **state) {
    (void)state;
    start(true);
    return 0;
}

static int start_closed(void **state) {
    (void)state;
    start(false);
    return 0;
}

static int end(void **state) {
    (void)state;
    world->ops->close(world);
    arena_free(turn);
    return 0;
}

static void answer(const struct sign *sign) {
    struct command_answer reply = manner;
    struct buf buf;
    buf_init(&buf, turn, 1000);
    for (size_t i = 0; i < sign->command->argc; i++) {
        buf_add_text(&buf, i == 0 ? "+" : " ");
        buf_add(&buf, str_sub(sign->command->argv[i], 0, 20));
    }
    buf_add_text(&buf, "\r\n");
    reply.bytes = manner.bytes.n > 0 ? manner.bytes : buf_str(&buf);
    world->ops->answer(world, sign->ticket, &reply);
    answered++;
}

/* One wait of at most so long. */
static void look(int64_t ms) {
    const struct sign *signs;
    size_t count;
    arena_clear(turn);
    world->ops->wake_at(world, world->ops->mono_ms(world) + ms);
    assert_int_equal(world->ops->wait(world, turn, &signs, &count), GB_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(signs[i].kind, SIGN_COMMAND);
        handed++;
        if (i < answer_most) {
            answer(&signs[i]);
        }
    }
}

/* What the caller reads until it has that many bytes, or the connection ends. */
static struct str read_some(int fd, size_t bytes) {
    static char room[1 << 16];
    size_t n = 0;
    assert_true(bytes <= sizeof room);
    int64_t end_ms = world->ops->mono_ms(world) + SCENE_PATIENCE_MS;
    while (n < bytes && world->ops->mono_ms(world) < end_ms) {
        ssize_t got = recv(fd, room + n, bytes - n, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        n += got > 0 ? (size_t)got : 0;
        if (n < bytes) {
            look(5);
        }
    }
    return (struct str){room, n};
}

static void assert_reads(int fd, const char *text) {
    struct str got = read_some(fd, strlen(text));
    if (!str_is(got, text)) {
        fail_msg("read \"" STR_FMT "\", not \"%s\"", STR_ARG(got), text);
    }
}

/* The other side has ended the connection. */
static bool is_over(int fd) {
    return read_some(fd, 1).n == 0;
}

static void say(int fd, const char *text) {
    assert_true(write_all(fd, text, strlen(text)));
}

static void pipelined_commands_are_answered_in_their_order(void **state) {
    (void)state;
    int fd = connect_to(port);
    say(fd, "*1\r\n$1\r\na\r\nb c\r\n*2\r\n$1\r\nd\r\n$1\r\ne\r\n");
    assert_reads(fd, "+a\r\n+b c\r\n+d e\r\n");
    close(fd);
}

static void what_is_not_answered_comes_again(void **state) {
    (void)state;
    int fd = connect_to(port);
    answer_most = 1;
    say(fd, "a\r\nb\r\nc\r\n");
    assert_reads(fd, "+a\r\n+b\r\n+c\r\n");
    assert_int_equal(answered, 3);
    assert_true(handed > answered);
    close(fd);
}

static void who_was_not_reached_in_a_turn_is_first_in_the_next(void **state) {
    (void)state;
    int fds[4];
    for (size_t i = 0; i < GB_COUNT(fds); i++) {
        fds[i] = connect_to(port);
        say(fds[i], "a\r\na\r\na\r\na\r\n");
    }
    answer_most = 0;
    look(20); /* all of them are here */
    answer_most = 1;
    for (int round = 0; round < 4; round++) {
        look(0);
    }
    answer_most = 0;
    for (size_t i = 0; i < GB_COUNT(fds); i++) {
        assert_reads(fds[i], "+a\r\n"); /* one each */
        close(fds[i]);
    }
}

static void command_in_single_bytes_is_one_command(void **state) {
    (void)state;
    int fd = connect_to(port);
    for (const char *c = "*2\r\n$3\r\nGET\r\n$3\r\na\r\n\r\n"; *c != '\0'; c++) {
        assert_true(write_all(fd, c, 1));
        look(1);
    }
    assert_reads(fd, "+GET a\r\n\r\n");
    close(fd);
}

static void large_command_in_pieces_is_one_command(void **state) {
    (void)state;
    int fd = connect_to(port);
    static char text[900000];
    memset(text, 'x', sizeof text);
    say(fd, "PING\r\n*2\r\n$3\r\nSET\r\n$900000\r\n");
    for (size_t at = 0; at < sizeof text; at += 10000) {
        assert_true(write_all(fd, text + at, 10000));
        look(0);
    }
    say(fd, "\r\nPING\r\n");
    assert_reads(fd, "+PING\r\n+SET xxxxxxxxxxxxxxxxxxxx\r\n+PING\r\n");
    close(fd);
}

static void garbage_is_told_behind_what_was_whole_and_ends_the_connection(void **state) {
    (void)state;
    int fd = connect_to(port);
    say(fd, "PING\r\n*1\r\n!");
    assert_reads(fd, "+PING\r\n-ERR Protocol error: expected '$'\r\n");
    assert_true(is_over(fd));
    close(fd);
    fd = connect_to(port);
    say(fd, "PING\r\nECHO \"a\r\n");
    assert_reads(fd, "+PING\r\n-ERR Protocol error: unbalanced quotes in request\r\n");
    assert_true(is_over(fd));
    close(fd);
}

static void who_closed_its_sending_side_is_still_answered(void **state) {
    (void)state;
    int fd = connect_to(port);
    say(fd, "PING\r\n");
    (void)shutdown(fd, SHUT_WR);
    assert_reads(fd, "+PING\r\n");
    assert_true(is_over(fd));
    close(fd);
}

static void connection_too_many_is_told_and_the_others_go_on(void **state) {
    (void)state;
    int fds[RESP_CALLERS_MAX];
    for (size_t i = 0; i < GB_COUNT(fds); i++) {
        fds[i] = connect_to(port);
        say(fds[i], "PING\r\n");
        assert_reads(fds[i], "+PING\r\n");
    }
    int late = connect_to(port);
    assert_reads(late, "-ERR max number of clients reached\r\n");
    assert_true(is_over(late));
    close(late);
    close(fds[3]);
    look(20);
    late = connect_to(port);
    say(late, "PING\r\n");
    assert_reads(late, "+PING\r\n");
    close(late);
    for (size_t i = 0; i < GB_COUNT(fds); i++) {
        if (i != 3) {
            say(fds[i], "PING\r\n");
            assert_reads(fds[i], "+PING\r\n");
            close(fds[i]);
        }
    }
}

static void stranger_may_say_little_and_one_thing_at_a_time(void **state) {
    (void)state;
    int fd = connect_to(port);
    manner.is_stranger = true;
    say(fd, "a\r\nb\r\n");
    look(1000);
    assert_int_equal(handed, 1);
    assert_reads(fd, "+a\r\n+b\r\n");
    say(fd, "*11\r\n");
    assert_reads(fd, "-ERR Protocol error: unauthenticated multibulk length\r\n");
    assert_true(is_over(fd));
    close(fd);
}

static void who_was_let_in_is_no_stranger(void **state) {
    (void)state;
    int fd = connect_to(port);
    say(fd, "a\r\n");
    assert_reads(fd, "+a\r\n");
    say(fd, "*11\r\n$1\r\nb\r\n");
    for (int i = 0; i < 10; i++) {
        say(fd, "$1\r\nb\r\n");
    }
    assert_reads(fd, "+b b b b b b b b b b b\r\n");
    close(fd);
}

static void answer_that_rests_comes_later_and_nothing_is_read_before(void **state) {
    (void)state;
    int fd = connect_to(port);
    manner.rest_ms = 100;
    manner.is_stranger = true; /* else both are answered in one go */
    int64_t start_ms = world->ops->mono_ms(world);
    say(fd, "a\r\nb\r\n");
    assert_reads(fd, "+a\r\n");
    assert_true(world->ops->mono_ms(world) - start_ms >= 100);
    assert_reads(fd, "+b\r\n");
    assert_true(world->ops->mono_ms(world) - start_ms >= 200);
    close(fd);
}

static void answer_that_closes_is_the_last_one(void **state) {
    (void)state;
    int fd = connect_to(port);
    manner.close = true;
    say(fd, "a\r\nb\r\n");
    assert_reads(fd, "+a\r\n");
    assert_true(is_over(fd));
    close(fd);
}

/* Else its answers would pile up here. */
static void who_does_not_read_is_not_heard(void **state) {
    (void)state;
    static char large[RESP_ANSWER_MAX];
    int fd = connect_to(port);
    memset(large, 'x', sizeof large);
    manner.bytes = (struct str){large, sizeof large};
    answer_most = 1;
    for (int i = 0; i < 40; i++) {
        say(fd, "a\r\n");
    }
    for (int i = 0; i < 60; i++) {
        look(2);
    }
    size_t before = answered;
    assert_in_range(before, 1, 20); /* what the sockets' own buffers take, and one more */
    look(30);
    assert_int_equal(answered, before); /* and it does not spin either: nothing is handed out */
    size_t got = 0;
    while (got < 40 * sizeof large) {
        struct str some = read_some(fd, GB_MIN(sizeof large / 32, 40 * sizeof large - got));
        assert_true(some.n > 0);
        got += some.n;
    }
    assert_int_equal(answered, 40);
    close(fd);
}

/* ---- patience: a server of one's own, with little of it ---- */

#define PATIENCE_MS 60

static void run_for(struct loop *loop, struct resp_server *server, int64_t ms,
                    struct str answer_bytes) {
    struct loop_event events[8];
    int64_t end_ms = loop_now_ms() + ms;
    while (loop_now_ms() < end_ms) {
        struct sign signs[1];
        int64_t due_ms =
            resp_server_waiting(server) > 0 ? 0 : GB_MIN(resp_server_due_ms(server), end_ms);
        size_t n = loop_wait(loop, GB_MAX(due_ms - loop_now_ms(), INT64_C(0)), events, 8);
        for (size_t i = 0; i < n; i++) {
            resp_server_ready(server, events[i].fd, events[i].ready);
        }
        resp_server_run(server);
        n = resp_server_take(server, turn, signs, 1);
        for (size_t i = 0; i < n; i++) {
            struct command_answer reply = {.bytes = answer_bytes};
            resp_server_answer(server, signs[i].ticket, &reply);
        }
        resp_server_run(server);
    }
}

static bool has_ended(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void patience_ends_with_silent_strangers_and_those_who_never_read(void **state) {
    (void)state;
    static char large[RESP_ANSWER_MAX];
    struct loop *loop;
    const char *why = "";
    assert_int_equal(loop_new(&loop), GB_OK);
    struct resp_server *server = resp_server_new(loop, 0, PATIENCE_MS);
    assert_int_equal(resp_server_listen(server, "127.0.0.1", 0, 1, false, &port, &why), GB_OK);
    int known = connect_to(port), silent = connect_to(port), greedy = connect_to(port);
    say(known, "a\r\n");
    run_for(loop, server, PATIENCE_MS / 2, STR("+\r\n"));
    say(greedy, "a\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\n"
                "a\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\na\r\n");
    memset(large, 'x', sizeof large);
    run_for(loop, server, 4 * PATIENCE_MS, (struct str){large, sizeof large});
    assert_true(has_ended(silent));
    /* Known and idle: it stays, and is heard. */
    char text[8];
    say(known, "b\r\n");
    run_for(loop, server, PATIENCE_MS / 2, STR("+b\r\n"));
    assert_int_equal(recv(known, text, sizeof text, MSG_DONTWAIT), 3 + 4);
    struct timeval patience = {.tv_sec = SCENE_PATIENCE_MS / 1000};
    (void)setsockopt(greedy, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    /* What the sockets held is read, then comes the end and not the rest. */
    size_t got = 0;
    ssize_t n;
    while ((n = recv(greedy, large, sizeof large, 0)) > 0) {
        got += (size_t)n;
    }
    assert_true(n == 0 || errno == ECONNRESET);
    assert_in_range(got, 1, 19 * sizeof large);
    close(known);
    close(silent);
    close(greedy);
    resp_server_free(server);
    loop_free(loop);
}

static int start_turn(void **state) {
    (void)state;
    turn = arena_new(64 * 1024, (size_t)256 << 20);
    return 0;
}

static int end_turn(void **state) {
    (void)state;
    arena_free(turn);
    return 0;
}

static void idle_callers_cost_no_turn(void **state) {
    (void)state;
    int fd = connect_to(port);
    say(fd, "PING\r\n");
    assert_reads(fd, "+PING\r\n");
    int64_t start_ms = world->ops->mono_ms(world);
    look(50);
    assert_true(world->ops->mono_ms(world) - start_ms >= 49);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define OPEN(test)   cmocka_unit_test_setup_teardown(test, start_open, end)
#define CLOSED(test) cmocka_unit_test_setup_teardown(test, start_closed, end)
        OPEN(pipelined_commands_are_answered_in_their_order),
        OPEN(what_is_not_answered_comes_again),
        OPEN(who_was_not_reached_in_a_turn_is_first_in_the_next),
        OPEN(command_in_single_bytes_is_one_command),
        OPEN(large_command_in_pieces_is_one_command),
        OPEN(garbage_is_told_behind_what_was_whole_and_ends_the_connection),
        OPEN(who_closed_its_sending_side_is_still_answered),
        OPEN(connection_too_many_is_told_and_the_others_go_on),
        CLOSED(stranger_may_say_little_and_one_thing_at_a_time),
        CLOSED(who_was_let_in_is_no_stranger),
        CLOSED(answer_that_rests_comes_later_and_nothing_is_read_before),
        OPEN(answer_that_closes_is_the_last_one),
        OPEN(who_does_not_read_is_not_heard),
        OPEN(idle_callers_cost_no_turn),
        cmocka_unit_test_setup_teardown(
            patience_ends_with_silent_strangers_and_those_who_never_read, start_turn, end_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

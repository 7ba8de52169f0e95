/* The running store asked by hiredis, as programs do: a real world in a child, a real client here.
 */
#define GB_DOOR "a child, a socket, a store in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "engine/peek.h"
#include "io/world.h"
#include "state/tables.h"
#include "store/backend.h"

#include <hiredis/hiredis.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#define PASSWORD "open sesame"

struct scene {
    char directory[32];
    int port;
    pid_t child;
    redisContext *client;
};

static int free_port(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* Until it is killed. */
static void serve(const char *directory, int port) {
    struct arena *arena = arena_new(64 * 1024, (size_t)64 << 20);
    struct arena *turn = arena_new(64 * 1024, (size_t)256 << 20);
    struct world *world;
    struct backend *backend;
    struct peek *peek;
    struct str store_why = STR_NONE;
    const char *why = "";
    struct lmdb_options options = {.directory = directory};
    struct peek_options peek_options = {.listen = arena_printf(arena, "127.0.0.1:%d", port),
                                        .password = STR(PASSWORD)};
    if (world_open(&(struct world_options){0}, &world, &why) != GB_OK ||
        lmdb_open(&options, store_tables, TABLE_COUNT, arena, &backend, &store_why) != GB_OK) {
        _exit(3);
    }
    peek_options.world = world;
    peek_options.backend = backend;
    peek_options.now_ms = world->ops->wall_ms(world);
    if (peek_open(&peek_options, &peek, &why) != GB_OK) {
        _exit(4);
    }
    for (;;) {
        const struct sign *signs;
        size_t count;
        arena_clear(turn);
        if (world->ops->wait(world, turn, &signs, &count) != GB_OK) {
            _exit(5);
        }
        struct peek_now now = {
            .arena = turn, .now_ms = world->ops->wall_ms(world), .allow_writes = true};
        peek_turn(peek, signs, count, &now);
    }
}

static int set_up(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    memcpy(s->directory, "/tmp/gb-hired-XXXXXX", 21);
    assert_non_null(mkdtemp(s->directory));
    s->port = free_port();
    s->child = fork();
    assert_true(s->child >= 0);
    if (s->child == 0) {
        serve(s->directory, s->port);
    }
    for (int tries = 0; tries < 1000; tries++) { /* until the door is open */
        s->client = redisConnectWithTimeout("127.0.0.1", s->port, (struct timeval){5, 0});
        if (s->client != NULL && s->client->err == 0) {
            break;
        }
        redisFree(s->client);
        s->client = NULL;
        usleep(5000);
    }
    assert_non_null(s->client);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    redisFree(s->client);
    assert_int_equal(kill(s->child, SIGKILL), 0);
    assert_int_equal(waitpid(s->child, NULL, 0), s->child);
    static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", s->directory, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(s->directory), 0);
    free(s);
    return 0;
}

static redisReply *ask(struct scene *s, const char *format, ...) {
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(s->client, format, args);
    va_end(args);
    assert_non_null(reply);
    return reply;
}

static void assert_text(redisReply *reply, int type, const char *text) {
    assert_int_equal(reply->type, type);
    assert_string_equal(reply->str, text);
    freeReplyObject(reply);
}

static void assert_number(redisReply *reply, long long number) {
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    assert_int_equal(reply->integer, number);
    freeReplyObject(reply);
}

static void hiredis_reads_and_writes_after_the_password(void **state) {
    struct scene *s = *state;
    redisReply *reply = ask(s, "GET a");
    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    assert_true(strncmp(reply->str, "NOAUTH", 6) == 0);
    freeReplyObject(reply);
    assert_text(ask(s, "AUTH %s", PASSWORD), REDIS_REPLY_STATUS, "OK");
    assert_text(ask(s, "SET %b %b PX 60000", "k\0y", (size_t)3, "v\r\n\0", (size_t)4),
                REDIS_REPLY_STATUS, "OK");
    reply = ask(s, "GET %b", "k\0y", (size_t)3);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_int_equal(reply->len, 4);
    assert_memory_equal(reply->str, "v\r\n\0", 4);
    freeReplyObject(reply);
    assert_number(ask(s, "INCR n"), 1);
    assert_number(ask(s, "DEL n"), 1);
    reply = ask(s, "GET n");
    assert_int_equal(reply->type, REDIS_REPLY_NIL);
    freeReplyObject(reply);
}

static void hiredis_understands_version_three(void **state) {
    struct scene *s = *state;
    redisReply *reply = ask(s, "HELLO 3 AUTH default %b", PASSWORD, strlen(PASSWORD));
    assert_int_equal(reply->type, REDIS_REPLY_MAP);
    freeReplyObject(reply);
    reply = ask(s, "GET nothing");
    assert_int_equal(reply->type, REDIS_REPLY_NIL);
    freeReplyObject(reply);
}

static void hiredis_pipelines_and_scans(void **state) {
    enum { ROWS = 500 };
    struct scene *s = *state;
    assert_text(ask(s, "AUTH %s", PASSWORD), REDIS_REPLY_STATUS, "OK");
    for (int i = 0; i < ROWS; i++) {
        assert_int_equal(redisAppendCommand(s->client, "SET row:%d %d", i, i), REDIS_OK);
    }
    for (int i = 0; i < ROWS; i++) {
        void *reply = NULL;
        assert_int_equal(redisGetReply(s->client, &reply), REDIS_OK);
        assert_text(reply, REDIS_REPLY_STATUS, "OK");
    }
    char cursor[32] = "0";
    bool seen[ROWS] = {false};
    size_t found = 0;
    do {
        redisReply *reply = ask(s, "SCAN %s MATCH row:* COUNT 50", cursor);
        assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
        (void)snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        for (size_t i = 0; i < reply->element[1]->elements; i++) {
            long row = strtol(reply->element[1]->element[i]->str + 4, NULL, 10);
            assert_in_range(row, 0, ROWS - 1);
            found += !seen[row];
            seen[row] = true;
        }
        freeReplyObject(reply);
    } while (strcmp(cursor, "0") != 0);
    assert_int_equal(found, ROWS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(hiredis_reads_and_writes_after_the_password),
        T(hiredis_understands_version_three),
        T(hiredis_pipelines_and_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

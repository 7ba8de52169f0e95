/* What must hold of the server: late answers, callers that go, bodies too large, nonsense. */
#define GB_DOOR "sockets that speak no HTTP"
#include "base/base.h"
#include "io/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

static int start(void **state) {
    static struct scene scene;
    scene_start(&scene, NULL);
    *state = &scene;
    return 0;
}

static int end(void **state) {
    scene_end(*state);
    return 0;
}

static void do_not_answer(struct scene *scene, const struct sign *sign) {
    (void)scene, (void)sign;
}

static void assert_still_serves(struct scene *scene) {
    scene->serve = NULL;
    assert_int_equal(scene_get(scene, scene_url(scene, "/"))->status, 200);
}

/* ---- late answers ---- */

#define LATE 300

struct late {
    uint64_t tickets[LATE];
    size_t count;
};

static void collect(struct scene *scene, const struct sign *sign) {
    struct late *late = scene->ctx;
    late->tickets[late->count++] = sign->ticket;
}

static void hundreds_of_callers_may_wait_and_are_answered_in_any_order(void **state) {
    (void)state;
    struct scene scene;
    struct late late = {.count = 0};
    scene_start(&scene, &(struct world_options){.in_flight_max = LATE, .connections_max = LATE});
    scene.serve = collect;
    scene.ctx = &late;
    for (int i = 0; i < LATE; i++) {
        assert_int_equal(scene_send(&scene, &(struct http_request){.url = scene_url(&scene, "/")}),
                         GB_OK);
    }
    scene_run_until_requests(&scene, LATE);
    for (size_t i = 0; i < LATE; i++) {
        uint64_t ticket = late.tickets[(i * 7) % LATE];
        scene_answer(&scene, ticket, 200, arena_printf(scene.kept, "%" PRIu64, ticket));
    }
    scene_run_until_replies(&scene, LATE);
    assert_int_equal(scene.reply.status, 200);
    scene_end(&scene);
}

static void answer_given_twice_finds_nobody(void **state) {
    struct scene *scene = *state;
    const struct http_response response = {.status = 200};
    (void)scene_get(scene, scene_url(scene, "/"));
    assert_int_equal(scene->world->ops->respond(scene->world, scene->request_ticket, &response),
                     GB_NOT_FOUND);
    assert_int_equal(scene->world->ops->respond(scene->world, 0, &response), GB_NOT_FOUND);
    assert_int_equal(scene->world->ops->respond(scene->world, UINT64_MAX, &response), GB_NOT_FOUND);
}

static void caller_that_went_is_not_found(void **state) {
    struct scene *scene = *state;
    const struct http_response response = {.status = 200};
    scene->serve = do_not_answer;
    for (int i = 0; i < 5; i++) {
        struct http_request request = {.url = scene_url(scene, "/poll")};
        assert_int_equal(scene_send(scene, &request), GB_OK);
        scene_run_until_requests(scene, scene->requests + 1);
        uint64_t caller = scene->request_ticket;
        scene->world->ops->cancel(scene->world, scene->last_ticket); /* closes its connection */
        scene_run_until_replies(scene, scene->replies + 1);
        assert_int_equal(scene->world->ops->respond(scene->world, caller, &response), GB_NOT_FOUND);
        assert_int_equal(scene->world->ops->respond(scene->world, caller, &response), GB_NOT_FOUND);
    }
    assert_still_serves(scene);
}

static void serve_drop(struct scene *scene, const struct sign *sign) {
    const struct http_response response = {.drop = true};
    assert_int_equal(scene->world->ops->respond(scene->world, sign->ticket, &response), GB_OK);
}

static void dropped_caller_gets_not_a_byte(void **state) {
    struct scene *scene = *state;
    scene->serve = serve_drop;
    struct http_request request = {.url = scene_url(scene, "/"), .fresh_connection = true};
    assert_int_equal(scene_fetch(scene, &request)->outcome, HTTP_UNKNOWN);
    assert_int_equal(scene->requests, 1);
    assert_still_serves(scene);
}

static void world_may_close_while_callers_wait(void **state) {
    (void)state;
    struct scene scene;
    scene_start(&scene, NULL);
    scene.serve = do_not_answer;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(scene_send(&scene, &(struct http_request){.url = scene_url(&scene, "/")}),
                         GB_OK);
    }
    scene_run_until_requests(&scene, 5);
    scene_end(&scene);
}

static void answer_given_just_before_the_world_closes_is_written(void **state) {
    (void)state;
    struct scene scene;
    scene_start(&scene, NULL);
    int fd = connect_to(scene.port), late = connect_to(scene.port);
    struct str request = STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(write_all(fd, request.p, request.n));
    scene_run_until_requests(&scene, 1); /* answers, and the answer waits for the next turn */
    assert_true(write_all(late, request.p, request.n));
    scene_end(&scene);
    char said[256] = "";
    assert_true(recv(fd, said, sizeof said - 1, 0) > 0);
    assert_true(strncmp(said, "HTTP/1.1 200 OK\r\n", 17) == 0);
    /* And who asks that late is not handed out, nor answered. */
    assert_true(recv(late, said, sizeof said, 0) <= 0);
    close(fd);
    close(late);
}

/* ---- callers of raw bytes ---- */

/* Write, then turn the world until the server answered or closed; what it said, cut to `size`. */
static size_t ask_raw(struct scene *scene, int fd, struct str bytes, char *said, size_t size) {
    assert_true(write_all(fd, bytes.p, bytes.n));
    int64_t deadline_ms = scene->world->ops->mono_ms(scene->world) + SCENE_PATIENCE_MS;
    size_t n = 0;
    const struct sign *signs;
    size_t count;
    for (;;) {
        int64_t now_ms = scene->world->ops->mono_ms(scene->world);
        assert_true(now_ms < deadline_ms);
        arena_clear(scene->turn);
        scene->world->ops->wake_at(scene->world, now_ms + 2);
        assert_int_equal(scene->world->ops->wait(scene->world, scene->turn, &signs, &count), GB_OK);
        for (size_t i = 0; i < count; i++) {
            scene->requests++;
            scene_answer(scene, signs[i].ticket, 200, STR("{}"));
        }
        ssize_t got = recv(fd, said + n, size - 1 - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t)got : 0;
        said[n] = '\0';
        if (got == 0 || strstr(said, "\r\n\r\n") != NULL) {
            return n;
        }
    }
}

static void nonsense_is_survived(void **state) {
    struct scene *scene = *state;
    static const struct str nonsense[] = {
        STR_INIT("\0\1\2\3\r\n\r\n"),
        STR_INIT("GET\r\n\r\n"),
        STR_INIT("GET / HTTP/9.9\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nno colon\r\nHost: a\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    };
    char said[512];
    for (size_t i = 0; i < GB_COUNT(nonsense); i++) {
        int fd = connect_to(scene->port);
        (void)ask_raw(scene, fd, nonsense[i], said, sizeof said);
        assert_null(strstr(said, " 200 "));
        close(fd);
    }
    assert_int_equal(scene->requests, 0);
    assert_still_serves(scene);
}

static void caller_that_leaves_in_the_middle_is_survived(void **state) {
    struct scene *scene = *state;
    static const char *const beginnings[] = {
        "", "GET",
        "GET / HTTP/1.1\r\nHost:", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"};
    for (size_t i = 0; i < GB_COUNT(beginnings); i++) {
        int fd = connect_to(scene->port);
        assert_true(write_all(fd, beginnings[i], strlen(beginnings[i])));
        assert_still_serves(scene);
        close(fd);
    }
    assert_still_serves(scene);
}

static void body_over_the_bound_is_413_announced_or_not(void **state) {
    struct scene *scene = *state; /* its door takes 65536 bytes */
    char said[512];
    int fd = connect_to(scene->port);
    (void)ask_raw(scene, fd, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"),
                  said, sizeof said);
    assert_non_null(strstr(said, "HTTP/1.1 413 "));
    close(fd);

    size_t bytes = 65537;
    char *body = arena_take(scene->kept, bytes);
    memset(body, 'x', bytes);
    struct str head =
        STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n");
    fd = connect_to(scene->port);
    assert_true(write_all(fd, head.p, head.n));
    assert_true(write_all(fd, body, bytes));
    (void)ask_raw(scene, fd, STR("\r\n0\r\n\r\n"), said, sizeof said);
    assert_non_null(strstr(said, "HTTP/1.1 413 "));
    close(fd);
    assert_int_equal(scene->requests, 0);

    struct http_request request = {
        .method = HTTP_POST, .url = scene_url(scene, "/"), .body = {body, bytes - 1}};
    assert_int_equal(scene_fetch(scene, &request)->status, 200);
    assert_int_equal(scene->request.body.n, 65536);
}

/* 9 MiB each, 64 MiB at a door: the eighth at the latest is one too many. */
static void body_too_many_is_503_until_the_others_are_answered(void **state) {
    struct scene *scene = *state;
    struct late late = {.count = 0};
    const char *why;
    int port;
    size_t bytes = (size_t)9 << 20;
    char *body = arena_take(scene->kept, bytes);
    memset(body, 'x', bytes);
    assert_int_equal(scene->world->ops->listen(scene->world, "127.0.0.1", 0, 2, bytes, &port, &why),
                     GB_OK);
    struct http_request request = {
        .method = HTTP_POST,
        .url = arena_printf(scene->kept, "http://127.0.0.1:%d/", port),
        .body = {body, bytes},
    };
    scene->serve = collect;
    scene->ctx = &late;
    while (scene->replies == 0) {
        assert_true(late.count < 8);
        size_t before = late.count;
        assert_int_equal(scene_send(scene, &request), GB_OK);
        while (late.count == before && scene->replies == 0) {
            scene_turn(scene);
        }
    }
    assert_int_equal(scene->reply.status, 503);
    assert_true(late.count >= 3);
    for (size_t i = 0; i < late.count; i++) {
        scene_answer(scene, late.tickets[i], 200, STR("{}"));
    }
    scene_run_until_replies(scene, 1 + late.count);
    scene->serve = NULL;
    assert_int_equal(scene_fetch(scene, &request)->status, 200);
}

static void requests_that_come_at_once_on_one_connection_are_served_one_by_one(void **state) {
    struct scene *scene = *state;
    char said[1024];
    int fd = connect_to(scene->port);
    struct str two = STR("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n"
                         "Connection: close\r\n\r\n");
    size_t n = ask_raw(scene, fd, two, said, sizeof said);
    while (scene->requests < 2) {
        n += ask_raw(scene, fd, STR_NONE, said + n, sizeof said - n);
    }
    assert_int_equal(scene->requests, 2);
    close(fd);
}

/* ---- doors ---- */

static void door_says_its_number_and_port(void **state) {
    struct scene *scene = *state;
    int port = 0, other;
    const char *why = "";
    struct world *world = scene->world;
    assert_int_equal(world->ops->listen(world, "localhost", 0, 2, 100, &port, &why), GB_OK);
    assert_int_equal(world->ops->listen(world, "127.0.0.1", port, 3, 100, &other, &why),
                     GB_UNAVAILABLE);
    assert_string_equal(why, "the port is in use");
    scene->serve = do_not_answer;
    struct str url = arena_printf(scene->kept, "http://127.0.0.1:%d/", port);
    assert_int_equal(scene_send(scene, &(struct http_request){.url = url}), GB_OK);
    const struct sign *signs;
    size_t count = 0;
    while (count == 0) {
        assert_int_equal(world->ops->wait(world, scene->turn, &signs, &count), GB_OK);
    }
    assert_int_equal(signs[0].kind, SIGN_REQUEST);
    assert_int_equal(signs[0].door, 2);
}

static void door_of_ipv6_is_opened(void **state) {
    struct scene *scene = *state;
    int port = 0, probe = socket(AF_INET6, SOCK_STREAM, 0);
    const char *why = "";
    if (probe < 0) {
        skip(); /* a machine without IPv6 */
    }
    close(probe);
    enum gb_err err = scene->world->ops->listen(scene->world, "::1", 0, 2, 100, &port, &why);
    if (err != GB_OK && strcmp(why, "this machine has no such address") == 0) {
        skip();
    }
    assert_int_equal(err, GB_OK);
    struct str url = arena_printf(scene->kept, "http://[::1]:%d/six", port);
    assert_int_equal(scene_get(scene, url)->status, 200);
    assert_true(str_is(scene->request.path, "/six"));
}

static void door_that_cannot_be_opened_is_refused_with_a_reason(void **state) {
    struct scene *scene = *state;
    int port;
    const char *why = "";
    static const struct {
        const char *host;
        int port;
    } wrong[] = {
        {"example.com", 0}, {"", 0}, {"127.0.0.1", 65536}, {"127.0.0.1", -1}, {"203.0.113.7", 0}};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        why = "";
        assert_int_equal(scene->world->ops->listen(scene->world, wrong[i].host, wrong[i].port, 2,
                                                   100, &port, &why),
                         GB_UNAVAILABLE);
        assert_true(strlen(why) > 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundreds_of_callers_may_wait_and_are_answered_in_any_order),
        TEST(answer_given_twice_finds_nobody),
        TEST(caller_that_went_is_not_found),
        TEST(dropped_caller_gets_not_a_byte),
        cmocka_unit_test(world_may_close_while_callers_wait),
        cmocka_unit_test(answer_given_just_before_the_world_closes_is_written),
        TEST(nonsense_is_survived),
        TEST(caller_that_leaves_in_the_middle_is_survived),
        TEST(body_over_the_bound_is_413_announced_or_not),
        TEST(body_too_many_is_503_until_the_others_are_answered),
        TEST(requests_that_come_at_once_on_one_connection_are_served_one_by_one),
        TEST(door_says_its_number_and_port),
        TEST(door_of_ipv6_is_opened),
        TEST(door_that_cannot_be_opened_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What must hold of requests that go well: all of it arrives, connections are kept, bounds hold. */
#define GB_DOOR "the environment, to be ignored"
#include "base/base.h"
#include "io/scene.h"

#include <setjmp.h>
#include <stdarg.h>

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

static void assert_str(struct str s, const char *expected) {
    if (!str_is(s, expected)) {
        fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(s), expected);
    }
}

static struct str header_of(const struct http_incoming *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_equal_nocase(request->headers[i].name, str_of(name))) {
            return request->headers[i].value;
        }
    }
    return STR_NONE;
}

static struct world_stats stats_of(const struct scene *scene) {
    struct world_stats stats;
    world_stats(scene->world, &stats);
    return stats;
}

static void request_and_reply_arrive_whole(void **state) {
    struct scene *scene = *state;
    const struct http_header headers[] = {{STR("X-Key"), STR("a secret")}};
    const struct http_reply *reply =
        scene_fetch(scene, &(struct http_request){
                               .method = HTTP_POST,
                               .url = scene_url(scene, "/bot1:a%2Fb/send%20Message?x=1&y=%3D/?"),
                               .headers = headers,
                               .header_count = 1,
                               .content_type = STR("application/json"),
                               .body = STR("{\"text\":\"\xd0\xb6\"}"),
                           });
    assert_int_equal(scene->request.method, HTTP_POST);
    assert_str(scene->request.path, "/bot1:a%2Fb/send%20Message");
    assert_str(scene->request.query, "x=1&y=%3D/?");
    assert_str(scene->request.content_type, "application/json");
    assert_str(scene->request.body, "{\"text\":\"\xd0\xb6\"}");
    assert_str(header_of(&scene->request, "x-key"), "a secret");
    assert_int_equal(reply->outcome, HTTP_REPLIED);
    assert_int_equal(reply->status, 200);
    assert_null(reply->fault);
    assert_str(reply->content_type, "application/json");
    assert_str(reply->body, "{\"ok\":true}");
}

static void each_method_arrives_as_itself_with_and_without_a_body(void **state) {
    struct scene *scene = *state;
    static const enum http_method methods[] = {HTTP_GET,   HTTP_POST,   HTTP_PUT,
                                               HTTP_PATCH, HTTP_DELETE, HTTP_GET};
    for (size_t i = 0; i < 4 * GB_COUNT(methods); i++) {
        enum http_method method = methods[i % GB_COUNT(methods)];
        struct str body = (i / 3) % 2 == 0 ? STR_NONE : STR("{}");
        (void)scene_fetch(scene, &(struct http_request){.method = method,
                                                        .url = scene_url(scene, "/m"),
                                                        .content_type = STR("application/json"),
                                                        .body = body});
        assert_int_equal(scene->request.method, method);
        assert_string_equal(scene->request.method_name, http_method_name(method));
        assert_true(str_equal(scene->request.body, body));
        assert_str(scene->request.content_type, body.n > 0 ? "application/json" : "");
    }
}

static void parts_arrive_as_multipart_and_leave_no_trace_in_the_next_request(void **state) {
    struct scene *scene = *state;
    const struct http_part parts[] = {
        {.name = STR("chat_id"), .body = STR("42")},
        {.name = STR("photo"),
         .filename = STR("qr.png"),
         .content_type = STR("image/png"),
         .body = {"\x89PNG\0\1", 6}},
    };
    (void)scene_fetch(scene, &(struct http_request){.method = HTTP_POST,
                                                    .url = scene_url(scene, "/sendPhoto"),
                                                    .parts = parts,
                                                    .part_count = 2});
    assert_true(str_starts(scene->request.content_type, STR("multipart/form-data; boundary=")));
    struct str body = scene->request.body;
    assert_true(str_find_str(body, STR("name=\"chat_id\"\r\n\r\n42\r\n")) < body.n);
    assert_true(str_find_str(body, STR("name=\"photo\"; filename=\"qr.png\"\r\n"
                                       "Content-Type: image/png\r\n\r\n\x89PNG\0\1\r\n")) < body.n);
    assert_int_equal(header_of(&scene->request, "Expect").n, 0);
    (void)scene_fetch(scene, &(struct http_request){.method = HTTP_POST,
                                                    .url = scene_url(scene, "/sendMessage"),
                                                    .content_type = STR("text/plain"),
                                                    .body = STR("x")});
    assert_str(scene->request.body, "x");
    assert_str(scene->request.content_type, "text/plain");
    (void)scene_get(scene, scene_url(scene, "/getMe"));
    assert_int_equal(scene->request.method, HTTP_GET);
    assert_int_equal(scene->request.body.n, 0);
}

static void a_file_arrives_as_it_is_and_one_that_is_gone_is_not_sent(void **state) {
    struct scene *scene = *state;
    char path[] = "/tmp/gb-file-XXXXXX";
    static char content[40000]; /* more than one buffer of libcurl's */
    memset(content, 'z', sizeof content);
    memcpy(content, "\r\n--\0", 5);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, sizeof content), sizeof content);
    close(fd);
    const struct http_part parts[] = {
        {.name = STR("chat_id"), .body = STR("42")},
        {.name = STR("document"),
         .filename = STR("a.gbk"),
         .content_type = STR("application/octet-stream"),
         .file = str_of(path)},
    };
    struct http_request request = {.method = HTTP_POST,
                                   .url = scene_url(scene, "/sendDocument"),
                                   .parts = parts,
                                   .part_count = 2};
    assert_int_equal(scene_fetch(scene, &request)->status, 200);
    struct str body = scene->request.body, head = STR("filename=\"a.gbk\"\r\n"
                                                      "Content-Type: application/octet-stream\r\n"
                                                      "\r\n");
    size_t at = str_find_str(body, head);
    assert_true(at < body.n);
    assert_true(str_equal(str_sub(body, at + head.n, sizeof content),
                          (struct str){content, sizeof content}));
    assert_true(str_find_str(body, STR("gb-file-")) == body.n); /* not where it lies here */
    unlink(path);
    const struct http_reply *reply = scene_fetch(scene, &request);
    assert_int_equal(reply->outcome, HTTP_NOT_SENT);
    assert_string_equal(reply->fault, "the file cannot be read");
}

static void serve_heads(struct scene *scene, const struct sign *sign) {
    const struct http_header headers[] = {
        {STR("Retry-After"), scene->ctx != NULL ? str_of(scene->ctx) : STR("35")},
        {STR("Location"), STR("/elsewhere")},
    };
    const struct http_response response = {.status = 302,
                                           .content_type = STR("text/html"),
                                           .body = STR("moved"),
                                           .headers = headers,
                                           .header_count = 2};
    assert_int_equal(scene->world->ops->respond(scene->world, sign->ticket, &response), GB_OK);
}

static void redirect_is_reported_and_not_followed(void **state) {
    struct scene *scene = *state;
    scene->serve = serve_heads;
    const struct http_reply *reply = scene_get(scene, scene_url(scene, "/"));
    assert_int_equal(reply->status, 302);
    assert_str(reply->location, "/elsewhere");
    assert_str(reply->content_type, "text/html");
    assert_int_equal(scene->requests, 1);
    /* And is gone with the next reply of the same handle. */
    scene->serve = NULL;
    assert_int_equal(scene_get(scene, scene_url(scene, "/"))->location.n, 0);
}

static void retry_after_counts_in_seconds_only(void **state) {
    struct scene *scene = *state;
    scene->serve = serve_heads;
    assert_int_equal(scene_get(scene, scene_url(scene, "/"))->retry_after_s, 35);
    static char date[] = "Fri, 31 Dec 2027 23:59:59 GMT", negative[] = "-1";
    scene->ctx = date;
    assert_int_equal(scene_get(scene, scene_url(scene, "/"))->retry_after_s, 0);
    scene->ctx = negative;
    assert_int_equal(scene_get(scene, scene_url(scene, "/"))->retry_after_s, 0);
    scene->serve = NULL;
    assert_int_equal(scene_get(scene, scene_url(scene, "/"))->retry_after_s, 0);
}

static void connection_is_kept_for_the_next_request(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(scene_get(scene, scene_url(scene, "/"))->status, 200);
    }
    assert_int_equal(stats_of(scene).connects, 1);
}

static void fresh_connection_is_a_new_one(void **state) {
    struct scene *scene = *state;
    struct http_request request = {.url = scene_url(scene, "/")};
    (void)scene_fetch(scene, &request);
    request.fresh_connection = true;
    (void)scene_fetch(scene, &request);
    assert_int_equal(stats_of(scene).connects, 2);
    request.fresh_connection = false;
    (void)scene_fetch(scene, &request);
    assert_int_equal(stats_of(scene).connects, 2);
}

static void ten_thousand_requests_need_no_more_connections_than_run_at_once(void **state) {
    struct scene *scene = *state;
    struct http_request request = {.method = HTTP_POST,
                                   .url = scene_url(scene, "/many"),
                                   .content_type = STR("application/json"),
                                   .body = STR("{\"n\":1}")};
    size_t sent = 0, total = 10000, at_once = 24;
    while (scene->replies < total) {
        while (sent < total && sent - scene->replies < at_once) {
            assert_int_equal(scene_send(scene, &request), GB_OK);
            sent++;
        }
        scene_turn(scene);
        assert_int_equal(scene->reply.outcome, HTTP_REPLIED);
    }
    struct world_stats stats = stats_of(scene);
    assert_int_equal(stats.sent, total);
    assert_int_equal(stats.replies, total);
    assert_int_equal(stats.served, total);
    assert_int_equal(stats.in_flight, 0);
    assert_true(stats.connects <= at_once);
}

static void do_not_answer(struct scene *scene, const struct sign *sign) {
    (void)scene, (void)sign;
}

static void more_than_may_be_under_way_is_not_taken_on(void **state) {
    (void)state;
    struct scene scene;
    scene_start(&scene, &(struct world_options){.in_flight_max = 5, .connections_max = 3});
    scene.serve = do_not_answer;
    struct http_request request = {.url = scene_url(&scene, "/")};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(scene_send(&scene, &request), GB_OK);
    }
    assert_int_equal(scene_send(&scene, &request), GB_LATER);
    struct world *world = scene.world;
    assert_int_equal(world->ops->send(world, &request, STR("other"), 1), GB_OK);
    assert_int_equal(world->ops->send(world, &request, STR("other"), 2), GB_OK);
    assert_int_equal(world->ops->send(world, &request, STR("third"), 3), GB_LATER);
    scene_run_until_requests(&scene, 5);
    world->ops->cancel(world, 1);
    assert_int_equal(world->ops->send(world, &request, STR("third"), 3), GB_OK);
    scene_end(&scene);
}

static void canceled_request_is_reported_as_unknown_and_only_once(void **state) {
    struct scene *scene = *state;
    scene->serve = do_not_answer;
    struct http_request request = {.url = scene_url(scene, "/")};
    assert_int_equal(scene_send(scene, &request), GB_OK);
    scene_run_until_requests(scene, 1);
    scene->world->ops->cancel(scene->world, scene->last_ticket);
    scene->world->ops->cancel(scene->world, scene->last_ticket);
    scene->world->ops->cancel(scene->world, 77);
    scene_run_until_replies(scene, 1);
    assert_int_equal(scene->reply.outcome, HTTP_UNKNOWN);
    assert_int_equal(scene->reply_ticket, scene->last_ticket);
    scene->serve = NULL;
    assert_int_equal(scene_fetch(scene, &request)->status, 200);
    assert_int_equal(scene->replies, 2);
}

static void serve_size(struct scene *scene, const struct sign *sign) {
    size_t bytes = *(const size_t *)scene->ctx;
    char *body = arena_take(scene->turn, bytes);
    memset(body, 'x', bytes);
    scene_answer(scene, sign->ticket, 200, (struct str){body, bytes});
}

static void reply_up_to_its_bound_is_read_and_one_byte_more_is_too_large(void **state) {
    struct scene *scene = *state;
    size_t bytes = 100000;
    scene->serve = serve_size;
    scene->ctx = &bytes;
    struct http_request request = {.url = scene_url(scene, "/"), .reply_bytes_max = bytes};
    assert_int_equal(scene_fetch(scene, &request)->outcome, HTTP_REPLIED);
    assert_int_equal(scene->reply.body.n, bytes);
    bytes++;
    assert_int_equal(scene_fetch(scene, &request)->outcome, HTTP_UNKNOWN);
    assert_string_equal(scene->reply.fault, "reply too large");
    assert_true(scene->reply.too_large);
    assert_in_range(scene->reply.body.n, 1, 100000);
    bytes = 10;
    assert_int_equal(scene_fetch(scene, &request)->body.n, 10);
}

static void texts_of_a_request_may_go_away_after_send(void **state) {
    struct scene *scene = *state;
    char url[80], body[] = "the body", name[] = "X-Name", value[] = "the value";
    struct str url_text = scene_url(scene, "/gone");
    memcpy(url, url_text.p, url_text.n);
    const struct http_header header = {str_of(name), str_of(value)};
    struct http_request request = {.method = HTTP_POST,
                                   .url = {url, url_text.n},
                                   .headers = &header,
                                   .header_count = 1,
                                   .content_type = STR("text/plain"),
                                   .body = str_of(body)};
    assert_int_equal(scene_send(scene, &request), GB_OK);
    memset(url, '#', sizeof url);
    memset(body, '#', sizeof body);
    memset(name, '#', sizeof name);
    memset(value, '#', sizeof value);
    scene_run_until_replies(scene, 1);
    assert_str(scene->request.path, "/gone");
    assert_str(scene->request.body, "the body");
    assert_str(header_of(&scene->request, "X-Name"), "the value");
}

static void proxies_of_the_environment_are_ignored(void **state) {
    (void)state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    struct scene scene;
    scene_start(&scene, NULL);
    assert_int_equal(scene_get(&scene, scene_url(&scene, "/"))->status, 200);
    scene_end(&scene);
    assert_int_equal(unsetenv("http_proxy") + unsetenv("ALL_PROXY"), 0);
}

static void large_body_is_sent_without_asking_for_permission(void **state) {
    (void)state;
    struct scene scene;
    scene_start(&scene, NULL);
    int port;
    const char *why = "";
    assert_int_equal(scene.world->ops->listen(scene.world, "127.0.0.1", 0, 2, 4 << 20, &port, &why),
                     GB_OK);
    size_t bytes = 3 << 20;
    char *body = arena_take(scene.kept, bytes);
    memset(body, 'b', bytes);
    struct http_request request = {.method = HTTP_POST,
                                   .url = arena_printf(scene.kept, "http://127.0.0.1:%d/", port),
                                   .content_type = STR("text/plain"),
                                   .body = {body, bytes}};
    assert_int_equal(scene_fetch(&scene, &request)->status, 200);
    assert_int_equal(scene.request.body.n, bytes);
    assert_int_equal(header_of(&scene.request, "Expect").n, 0);
    scene_end(&scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(request_and_reply_arrive_whole),
        TEST(each_method_arrives_as_itself_with_and_without_a_body),
        TEST(a_file_arrives_as_it_is_and_one_that_is_gone_is_not_sent),
        TEST(parts_arrive_as_multipart_and_leave_no_trace_in_the_next_request),
        TEST(redirect_is_reported_and_not_followed),
        TEST(retry_after_counts_in_seconds_only),
        TEST(connection_is_kept_for_the_next_request),
        TEST(fresh_connection_is_a_new_one),
        TEST(ten_thousand_requests_need_no_more_connections_than_run_at_once),
        cmocka_unit_test(more_than_may_be_under_way_is_not_taken_on),
        TEST(canceled_request_is_reported_as_unknown_and_only_once),
        TEST(reply_up_to_its_bound_is_read_and_one_byte_more_is_too_large),
        TEST(texts_of_a_request_may_go_away_after_send),
        cmocka_unit_test(proxies_of_the_environment_are_ignored),
        cmocka_unit_test(large_body_is_sent_without_asking_for_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

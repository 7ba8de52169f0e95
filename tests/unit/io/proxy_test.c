/* What must hold of proxies: asked as agreed, names left to them, their failures are not sent. */
#define GB_DOOR "a proxy in a thread"
#include "base/base.h"
#include "io/scene.h"
#include "io/tls_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cmocka.h>

enum proxy_kind {
    PROXY_HTTP,
    PROXY_SOCKS5,
    PROXY_REFUSES /* CONNECT answered 403 */
};

/* Takes one caller at a time. Whatever name it is asked for, it leads to port `to`, so that a name
 * nobody else could resolve proves that the proxy was asked to. */
struct proxy {
    enum proxy_kind kind;
    int port, to;
    char asked[256]; /* the request line, or socks5's "host:port" */
    atomic_int callers;
    int listen_fd, stop_fd;
    pthread_t thread;
};

static void pump(int a, int b, int stop_fd) {
    char bytes[16384];
    struct pollfd fds[3] = {{.fd = a, .events = POLLIN},
                            {.fd = b, .events = POLLIN},
                            {.fd = stop_fd, .events = POLLIN}};
    while (poll(fds, 3, -1) > 0 && fds[2].revents == 0) {
        for (int i = 0; i < 2; i++) {
            if (fds[i].revents == 0) {
                continue;
            }
            ssize_t n = recv(fds[i].fd, bytes, sizeof bytes, 0);
            if (n <= 0 || !write_all(fds[1 - i].fd, bytes, (size_t)n)) {
                return;
            }
        }
    }
}

static bool read_exactly(int fd, void *to, size_t bytes) {
    return bytes == 0 || recv(fd, to, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

/* The peer's head up to its blank line, byte by byte: what follows is the tunnel's. */
static bool read_head(int fd, char *text, size_t size) {
    for (size_t n = 0; n + 1 < size; n++) {
        if (!read_exactly(fd, text + n, 1)) {
            return false;
        }
        text[n + 1] = '\0';
        if (n >= 3 && strcmp(text + n - 3, "\r\n\r\n") == 0) {
            return true;
        }
    }
    return false;
}

static void serve_http(struct proxy *proxy, int fd) {
    static const char established[] = "HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n";
    static const char forbidden[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    static const char itself[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nvia proxy";
    char head[2048] = "";
    if (!read_head(fd, head, sizeof head)) {
        return;
    }
    memcpy(proxy->asked, head, GB_MIN(strcspn(head, "\r"), sizeof proxy->asked - 1));
    if (proxy->kind == PROXY_REFUSES) {
        (void)write_all(fd, forbidden, sizeof forbidden - 1);
    } else if (strncmp(head, "CONNECT ", 8) == 0) {
        int to = connect_to(proxy->to);
        (void)write_all(fd, established, sizeof established - 1);
        pump(fd, to, proxy->stop_fd);
        close(to);
    } else {
        (void)write_all(fd, itself, sizeof itself - 1);
    }
}

static void serve_socks5(struct proxy *proxy, int fd) {
    unsigned char hello[2], methods[256], ask[5], name[257];
    if (!read_exactly(fd, hello, 2) || !read_exactly(fd, methods, hello[1]) ||
        !write_all(fd, "\5\0", 2) || !read_exactly(fd, ask, 5) || ask[3] != 3 ||
        !read_exactly(fd, name, (size_t)ask[4] + 2)) {
        return; /* ask[3] == 3: a name, not an address */
    }
    (void)snprintf(proxy->asked, sizeof proxy->asked, "%.*s:%d", (int)GB_MIN(ask[4], 200),
                   (const char *)name, name[ask[4]] << 8 | name[ask[4] + 1]);
    int to = connect_to(proxy->to);
    (void)write_all(fd, to >= 0 ? "\5\0\0\1\0\0\0\0\0\0" : "\5\5\0\1\0\0\0\0\0\0", 10);
    if (to >= 0) {
        pump(fd, to, proxy->stop_fd);
        close(to);
    }
}

static void *proxy_run(void *pointer) {
    struct proxy *proxy = pointer;
    for (;;) {
        struct pollfd fds[2] = {{.fd = proxy->listen_fd, .events = POLLIN},
                                {.fd = proxy->stop_fd, .events = POLLIN}};
        (void)poll(fds, 2, -1);
        if (fds[1].revents != 0) {
            return NULL;
        }
        int fd = accept(proxy->listen_fd, NULL, NULL);
        atomic_fetch_add(&proxy->callers, 1);
        if (proxy->kind == PROXY_SOCKS5) {
            serve_socks5(proxy, fd);
        } else {
            serve_http(proxy, fd);
        }
        close(fd);
    }
}

static void proxy_start(struct proxy *proxy, enum proxy_kind kind, int to) {
    *proxy = (struct proxy){.kind = kind, .to = to};
    proxy->listen_fd = listen_somewhere(&proxy->port);
    proxy->stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&proxy->thread, NULL, proxy_run, proxy), 0);
}

static void proxy_stop(struct proxy *proxy) {
    (void)eventfd_write(proxy->stop_fd, 1);
    assert_int_equal(pthread_join(proxy->thread, NULL), 0);
    close(proxy->listen_fd);
    close(proxy->stop_fd);
}

/* ---- */

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

static const struct http_reply *fetch(struct scene *scene, const char *url, const char *scheme,
                                      int proxy_port) {
    return scene_fetch(
        scene, &(struct http_request){
                   .url = str_of(url),
                   .proxy = arena_printf(scene->kept, "%s://127.0.0.1:%d", scheme, proxy_port),
                   .trust.ca_file = tls_path(scene, "ca.pem"),
                   .total_ms_max = 5000,
               });
}

static void http_proxy_is_asked_with_the_whole_url(void **state) {
    struct scene *scene = *state;
    struct proxy proxy;
    proxy_start(&proxy, PROXY_HTTP, 0);
    const struct http_reply *reply = fetch(scene, "http://shop.invalid/a?b=c", "http", proxy.port);
    assert_int_equal(reply->outcome, HTTP_REPLIED);
    assert_true(str_is(reply->body, "via proxy"));
    proxy_stop(&proxy);
    assert_string_equal(proxy.asked, "GET http://shop.invalid/a?b=c HTTP/1.1");
}

static void http_proxy_is_tunneled_through_to_tls_and_the_certificate_still_checked(void **state) {
    struct scene *scene = *state;
    struct tls_server server = tls_serve("good.pem", "-tls1_3");
    struct proxy proxy;
    proxy_start(&proxy, PROXY_HTTP, server.port);
    char url[64];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
    const struct http_reply *reply = fetch(scene, url, "http", proxy.port);
    assert_int_equal(reply->outcome, HTTP_REPLIED);
    assert_int_equal(reply->status, 200);
    /* For 127.0.0.1 it is the certificate; for this name it is not. */
    assert_int_equal(fetch(scene, "https://shop.invalid/", "http", proxy.port)->outcome,
                     HTTP_NOT_SENT);
    proxy_stop(&proxy);
    assert_string_equal(proxy.asked, "CONNECT shop.invalid:443 HTTP/1.1");
    tls_stop(&server);
}

static void socks5h_proxy_is_given_the_name(void **state) {
    struct scene *scene = *state;
    struct raw_peer peer;
    const struct raw_answer answer = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", RAW_KEEP};
    struct proxy proxy;
    raw_peer_start(&peer, &answer, 1);
    proxy_start(&proxy, PROXY_SOCKS5, peer.port);
    const struct http_reply *reply = fetch(scene, "http://shop.invalid:81/", "socks5h", proxy.port);
    assert_int_equal(reply->outcome, HTTP_REPLIED);
    assert_true(str_is(reply->body, "hi"));
    proxy_stop(&proxy);
    raw_peer_stop(&peer);
    assert_string_equal(proxy.asked, "shop.invalid:81");
}

static void proxy_that_fails_before_the_request_is_not_sent(void **state) {
    struct scene *scene = *state;
    struct proxy proxy;
    /* Nobody there; the target cannot be reached; the tunnel is refused. */
    assert_int_equal(fetch(scene, "http://shop.invalid/", "http", free_port())->outcome,
                     HTTP_NOT_SENT);
    assert_int_equal(fetch(scene, "http://shop.invalid/", "socks5h", free_port())->outcome,
                     HTTP_NOT_SENT);
    proxy_start(&proxy, PROXY_SOCKS5, free_port());
    assert_int_equal(fetch(scene, "http://shop.invalid/", "socks5h", proxy.port)->outcome,
                     HTTP_NOT_SENT);
    proxy_stop(&proxy);
    proxy_start(&proxy, PROXY_REFUSES, 0);
    assert_int_equal(fetch(scene, "https://shop.invalid/", "http", proxy.port)->outcome,
                     HTTP_NOT_SENT);
    proxy_stop(&proxy);
}

static void connection_through_a_proxy_is_not_used_without_it(void **state) {
    struct scene *scene = *state;
    struct proxy proxy;
    proxy_start(&proxy, PROXY_SOCKS5, scene->port);
    struct http_request request = {
        .url = arena_printf(scene->kept, "http://localhost:%d/", scene->port)};
    for (int i = 0; i < 2; i++) {
        request.proxy = arena_printf(scene->kept, "socks5h://127.0.0.1:%d", proxy.port);
        assert_int_equal(scene_fetch(scene, &request)->outcome, HTTP_REPLIED);
        request.proxy = STR_NONE;
        assert_int_equal(scene_get(scene, scene_url(scene, "/"))->outcome, HTTP_REPLIED);
    }
    assert_int_equal(atomic_load(&proxy.callers), 1);
    struct world_stats stats;
    world_stats(scene->world, &stats);
    assert_int_equal(stats.connects, 2);
    proxy_stop(&proxy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(http_proxy_is_asked_with_the_whole_url),
        TEST(http_proxy_is_tunneled_through_to_tls_and_the_certificate_still_checked),
        TEST(socks5h_proxy_is_given_the_name),
        TEST(proxy_that_fails_before_the_request_is_not_sent),
        TEST(connection_through_a_proxy_is_not_used_without_it),
    };
    return cmocka_run_group_tests(tests, tls_make_certificates, tls_remove_certificates);
}

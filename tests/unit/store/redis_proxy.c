#define GB_DOOR "sockets and a thread of a test"
#include "store/redis_proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#define CHUNK 65536

struct redis_proxy {
    int listener, port, server_port;
    int bell[2]; /* closed at the end, which wakes the thread */
    pthread_t thread;
    _Atomic(const char *) text;
    atomic_int deed;
    atomic_bool is_old, did;
    atomic_int connections;
    const char *const *lines; /* set before the deed is expected */
    size_t line_count;
};

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool send_all(int fd, const char *from, size_t bytes) {
    while (bytes > 0) {
        ssize_t n = send(fd, from, bytes, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        from += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* "7.0.15" becomes "6.0.00": as many bytes. */
static void pose_as_old(char *bytes, size_t n) {
    static const char key[] = "version\r\n$";
    char *at = memmem(bytes, n, key, sizeof key - 1);
    if (at == NULL) {
        return;
    }
    char *version = memchr(at + sizeof key - 1, '\n', n - (size_t)(at + sizeof key - 1 - bytes));
    for (char *p = version + 1, *first = p; p < bytes + n && *p != '\r'; p++) {
        *p = p == first ? '6' : *p == '.' ? '.' : '0';
    }
}

/* What a server of 6.0 does not know must not be asked of it. */
static bool is_too_new(const char *bytes, size_t n) {
    return memmem(bytes, n, "PXAT\r\n", 6) != NULL || memmem(bytes, n, "PEXPIRETIME", 11) != NULL;
}

static bool is_expected(struct redis_proxy *proxy, const char *bytes, size_t n) {
    const char *text = atomic_load(&proxy->text);
    if (text == NULL || memmem(bytes, n, text, strlen(text)) == NULL) {
        return false;
    }
    atomic_store(&proxy->text, NULL);
    atomic_store(&proxy->did, true);
    return true;
}

static void interfere(const struct redis_proxy *proxy) {
    struct sockaddr_in address = loopback(proxy->server_port);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char reply[256];
    if (connect(server, (const struct sockaddr *)&address, sizeof address) == 0) {
        for (size_t i = 0; i < proxy->line_count; i++) {
            if (!send_all(server, proxy->lines[i], strlen(proxy->lines[i])) ||
                !send_all(server, "\r\n", 2) || recv(server, reply, sizeof reply, 0) <= 0) {
                break;
            }
        }
    }
    close(server);
}

/* One direction, one chunk. False: the connection ends. */
static bool pass_request(struct redis_proxy *proxy, int client, int server,
                         enum redis_proxy_deed *deed) {
    char bytes[CHUNK];
    ssize_t n = recv(client, bytes, sizeof bytes, 0);
    if (n <= 0) {
        return false;
    }
    if (is_expected(proxy, bytes, (size_t)n)) {
        *deed = (enum redis_proxy_deed)atomic_load(&proxy->deed);
    }
    if (*deed == REDIS_PROXY_INTERFERE) {
        interfere(proxy);
        *deed = REDIS_PROXY_PASS;
    }
    if (*deed == REDIS_PROXY_GARBLE) {
        *deed = REDIS_PROXY_PASS;
        return send_all(client, proxy->lines[0], strlen(proxy->lines[0]));
    }
    if (*deed == REDIS_PROXY_SWALLOW ||
        (atomic_load(&proxy->is_old) && is_too_new(bytes, (size_t)n))) {
        return false;
    }
    return send_all(server, bytes, (size_t)n);
}

static bool pass_reply(struct redis_proxy *proxy, int client, int server,
                       enum redis_proxy_deed deed) {
    char bytes[CHUNK];
    ssize_t n = recv(server, bytes, sizeof bytes, 0);
    if (n <= 0 || deed == REDIS_PROXY_LOSE_REPLY) {
        return false;
    }
    if (deed == REDIS_PROXY_HOLD_REPLY) {
        return true;
    }
    if (deed == REDIS_PROXY_CUT_REPLY) {
        send_all(client, bytes, (size_t)n / 2);
        return false;
    }
    if (atomic_load(&proxy->is_old)) {
        pose_as_old(bytes, (size_t)n);
    }
    return send_all(client, bytes, (size_t)n);
}

static void serve(struct redis_proxy *proxy, int client) {
    struct sockaddr_in address = loopback(proxy->server_port);
    enum redis_proxy_deed deed = REDIS_PROXY_PASS;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool goes_on = connect(server, (const struct sockaddr *)&address, sizeof address) == 0;
    while (goes_on) {
        struct pollfd ends[3] = {
            {client, POLLIN, 0}, {server, POLLIN, 0}, {proxy->bell[0], POLLIN, 0}};
        goes_on = poll(ends, 3, -1) > 0 && ends[2].revents == 0;
        if (goes_on && ends[0].revents != 0) {
            goes_on = pass_request(proxy, client, server, &deed);
        }
        if (goes_on && ends[1].revents != 0) {
            goes_on = pass_reply(proxy, client, server, deed);
        }
    }
    close(server);
    close(client);
}

static void *run(void *ctx) {
    struct redis_proxy *proxy = ctx;
    for (;;) {
        struct pollfd ends[2] = {{proxy->listener, POLLIN, 0}, {proxy->bell[0], POLLIN, 0}};
        if (poll(ends, 2, -1) < 0 || ends[1].revents != 0) {
            return NULL;
        }
        int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0) {
            atomic_fetch_add(&proxy->connections, 1);
            serve(proxy, client);
        }
    }
}

struct redis_proxy *redis_proxy_new(int server_port) {
    struct redis_proxy *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_in address = loopback(0);
    socklen_t bytes = sizeof address;
    proxy->server_port = server_port;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(proxy->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy->listener, 16), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &bytes), 0);
    proxy->port = ntohs(address.sin_port);
    assert_int_equal(pipe2(proxy->bell, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
    return proxy;
}

void redis_proxy_free(struct redis_proxy *proxy) {
    if (proxy != NULL) {
        close(proxy->bell[1]);
        pthread_join(proxy->thread, NULL);
        close(proxy->bell[0]);
        close(proxy->listener);
        free(proxy);
    }
}

int redis_proxy_port(const struct redis_proxy *proxy) {
    return proxy->port;
}

void redis_proxy_expect(struct redis_proxy *proxy, const char *text, enum redis_proxy_deed deed) {
    atomic_store(&proxy->did, false);
    atomic_store(&proxy->deed, (int)deed);
    atomic_store(&proxy->text, text);
}

void redis_proxy_interferes_with(struct redis_proxy *proxy, const char *const *lines,
                                 size_t count) {
    proxy->lines = lines;
    proxy->line_count = count;
}

bool redis_proxy_did(const struct redis_proxy *proxy) {
    return atomic_load(&proxy->did);
}

void redis_proxy_pose_as_old(struct redis_proxy *proxy) {
    atomic_store(&proxy->is_old, true);
}

int redis_proxy_connections(const struct redis_proxy *proxy) {
    return atomic_load(&proxy->connections);
}

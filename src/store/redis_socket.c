/* redis_socket.c: a stream to the server, by TCP or by a Unix socket, with one deadline for all its
 * waits. It never blocks longer than that, but where a name is looked up: the resolver's own
 * patience rules there.
 */
#define GB_DOOR "a socket, a clock"
#include "store/redis_wire.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>

void redis_give_way(int ms) {
    (void)poll(NULL, 0, ms);
}

int64_t redis_mono_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

int64_t redis_mono_ms(void) {
    return redis_mono_us() / 1000;
}

static void why(struct redis_socket *s, const char *words) {
    (void)snprintf(s->why, sizeof s->why, "%s", words);
}

/* False: not before `until_ms`. */
static bool wait_for(struct redis_socket *s, short events, int64_t until_ms) {
    for (;;) {
        int64_t left_ms = until_ms - redis_mono_ms();
        struct pollfd wanted = {.fd = s->fd, .events = events};
        int n = left_ms > 0 ? poll(&wanted, 1, (int)GB_MIN(left_ms, INT64_C(1000000))) : 0;
        if (n > 0) {
            return true;
        }
        if (left_ms <= 0) {
            s->is_late = true;
            why(s, "no answer in time");
            return false;
        }
    }
}

bool redis_socket_is_readable(const struct redis_socket *s) {
    struct pollfd wanted = {.fd = s->fd, .events = POLLIN};
    return poll(&wanted, 1, 0) > 0;
}

/* After recv or send failed: REDIS_STREAM_LATE, REDIS_STREAM_BROKEN, or 0: try again. */
static ssize_t may_go_on(struct redis_socket *s, short events) {
    if (errno == EAGAIN) {
        return wait_for(s, events, s->deadline_ms) ? 0 : REDIS_STREAM_LATE;
    }
    if (errno == EINTR) {
        return 0;
    }
    why(s, strerror(errno));
    return REDIS_STREAM_BROKEN;
}

ssize_t redis_socket_read(void *ctx, char *to, size_t room) {
    struct redis_socket *s = ctx;
    for (;;) {
        ssize_t n = recv(s->fd, to, room, MSG_DONTWAIT);
        ssize_t failed = n < 0 ? may_go_on(s, POLLIN) : 0;
        if (n >= 0 || failed != 0) {
            return n >= 0 ? n : failed;
        }
    }
}

ssize_t redis_socket_write(void *ctx, const char *from, size_t bytes) {
    struct redis_socket *s = ctx;
    for (;;) {
        ssize_t n = send(s->fd, from, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        ssize_t failed = n < 0 ? may_go_on(s, POLLOUT) : 0;
        if (n >= 0 || failed != 0) {
            return n >= 0 ? n : failed;
        }
    }
}

void redis_socket_close(struct redis_socket *s) {
    if (s->fd >= 0) {
        close(s->fd);
    }
    s->fd = -1;
}

static bool connect_to(struct redis_socket *s, const struct sockaddr *address, socklen_t bytes,
                       int64_t until_ms) {
    int error = 0;
    socklen_t error_bytes = sizeof error;
    s->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0 || connect(s->fd, address, bytes) != 0) {
        error = errno;
    }
    if (error == EINPROGRESS) {
        if (!wait_for(s, POLLOUT, until_ms)) {
            error = ETIMEDOUT;
        } else if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) != 0) {
            error = errno;
        }
    }
    if (error != 0) {
        why(s, strerror(error));
        redis_socket_close(s);
    }
    return error == 0;
}

static bool connect_unix(struct redis_socket *s) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(s->path);
    if (n >= sizeof address.sun_path) {
        why(s, "the socket's path is too long");
        return false;
    }
    memcpy(address.sun_path, s->path, n);
    return connect_to(s, (const struct sockaddr *)&address, sizeof address, s->deadline_ms);
}

/* Each address has an equal share of the time that is left. */
static bool connect_tcp(struct redis_socket *s) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    char port[8];
    (void)snprintf(port, sizeof port, "%d", s->port);
    int rc = getaddrinfo(s->host, port, &hints, &all);
    if (rc != 0) {
        why(s, gai_strerror(rc));
        return false;
    }
    int64_t left = 0, now_ms = redis_mono_ms();
    for (const struct addrinfo *one = all; one != NULL; one = one->ai_next) {
        left++;
    }
    bool connected = false;
    for (const struct addrinfo *one = all; one != NULL && !connected; one = one->ai_next, left--) {
        int64_t share_ms = GB_MAX(s->deadline_ms - now_ms, INT64_C(1)) / left;
        connected = connect_to(s, one->ai_addr, one->ai_addrlen, now_ms + share_ms);
        now_ms = redis_mono_ms();
    }
    freeaddrinfo(all);
    int on = 1;
    if (connected) {
        (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return connected;
}

bool redis_socket_connect(struct redis_socket *s) {
    return s->path != NULL ? connect_unix(s) : connect_tcp(s);
}

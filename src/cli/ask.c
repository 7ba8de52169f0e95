#define GB_DOOR "the control socket of a running shop"
#include "cli/ask.h"

#include "base/arena.h"
#include "base/num.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define REPLY_MAX  ((size_t)8 << 20)
#define PIECE      ((size_t)64 << 10)
#define PATIENCE_S 20

static enum gb_err reach(const char *path, int *ret_fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof address.sun_path) {
        return GB_NOT_FOUND; /* no shop could open it either */
    }
    memcpy(address.sun_path, path, n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return GB_UNAVAILABLE;
    }
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0) {
        *ret_fd = fd;
        return GB_OK;
    }
    enum gb_err err = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR ? GB_NOT_FOUND
                      : errno == EACCES || errno == EPERM                          ? GB_REFUSED
                                                                                   : GB_UNAVAILABLE;
    close(fd);
    return err;
}

static int64_t mono_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* To the end: HTTP/1.0 closes behind its answer. */
static enum gb_err read_all(int fd, struct buf *reply) {
    static char piece[PIECE];
    int64_t until_ms = mono_ms() + PATIENCE_S * GB_SECOND_MS;
    for (int64_t now_ms = mono_ms(); now_ms < until_ms; now_ms = mono_ms()) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, (int)(until_ms - now_ms)) <= 0) {
            continue;
        }
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n == 0) {
            return GB_OK;
        }
        if (n < 0) {
            return GB_UNCERTAIN;
        }
        buf_add(reply, (struct str){piece, (size_t)n});
        if (reply->failed) {
            return GB_UNCERTAIN;
        }
    }
    return GB_UNCERTAIN;
}

/* "HTTP/1.0 200 OK", headers, an empty line, the body, as long as was announced. */
static enum gb_err take_apart(struct str reply, int *ret_status, struct str *ret_body) {
    size_t head = str_find_str(reply, STR("\r\n\r\n")), at = str_find(reply, ' ');
    int64_t status, bytes = -1;
    if (!str_starts(reply, STR("HTTP/1.")) || head == reply.n ||
        num_i64(str_sub(reply, at + 1, 3), 100, 599, &status) != GB_OK) {
        return GB_UNCERTAIN;
    }
    struct str lines = str_sub(reply, 0, head), line;
    while (str_split(&lines, '\n', &line)) {
        size_t colon = str_find(line, ':');
        if (str_equal_nocase(str_sub(line, 0, colon), STR("Content-Length")) &&
            num_i64(str_trim(str_sub(line, colon + 1, line.n)), 0, INT32_MAX, &bytes) != GB_OK) {
            return GB_UNCERTAIN;
        }
    }
    struct str body = str_sub(reply, head + 4, reply.n);
    if (bytes != (int64_t)body.n) {
        return GB_UNCERTAIN;
    }
    *ret_status = (int)status;
    *ret_body = body;
    return GB_OK;
}

enum gb_err ask_shop(struct arena *arena, const char *path, enum http_method method,
                     struct str target, int *ret_status, struct str *ret_body) {
    int fd;
    struct buf reply;
    struct str request = arena_printf(arena,
                                      "%s " STR_FMT " HTTP/1.0\r\nHost: gigabridge\r\n"
                                      "Content-Length: 0\r\n\r\n",
                                      http_method_name(method), STR_ARG(target));
    enum gb_err err = reach(path, &fd);
    if (err != GB_OK) {
        return err;
    }
    buf_init(&reply, arena, REPLY_MAX);
    if (send(fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n) {
        err = GB_UNAVAILABLE; /* a request that is not whole is none */
    } else {
        err = read_all(fd, &reply);
    }
    close(fd);
    return err == GB_OK ? take_apart(buf_str(&reply), ret_status, ret_body) : err;
}

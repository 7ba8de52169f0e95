#define GB_DOOR "a listening socket"
#include "io/listen.h"

#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 511

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t bytes;
};

static bool address_of(const char *host, int port, struct address *ret_address) {
    *ret_address = (struct address){.bytes = 0};
    uint16_t net_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
                  &ret_address->v4.sin_addr) == 1) {
        ret_address->v4.sin_family = AF_INET;
        ret_address->v4.sin_port = net_port;
        ret_address->bytes = sizeof ret_address->v4;
    } else if (inet_pton(AF_INET6, host, &ret_address->v6.sin6_addr) == 1) {
        ret_address->v6.sin6_family = AF_INET6;
        ret_address->v6.sin6_port = net_port;
        ret_address->bytes = sizeof ret_address->v6;
    }
    return ret_address->bytes > 0;
}

static const char *bind_fault(void) {
    switch (errno) {
    case EADDRINUSE:
        return "the port is in use";
    case EACCES:
        return "the port may not be opened";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    default:
        return "the address cannot be opened";
    }
}

int listen_open(const char *host, int port, int *ret_port, bool *ret_is_v6,
                const char **reterr_why) {
    struct address address;
    if (port < 0 || port > 65535 || !address_of(host, port, &address)) {
        *reterr_why = "not an address and a port";
        return -1;
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd < 0) {
        *reterr_why = "no socket of this kind";
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address.any, address.bytes) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &address.any, &address.bytes) != 0) {
        *reterr_why = bind_fault();
        close(fd);
        return -1;
    }
    *ret_is_v6 = address.any.sa_family == AF_INET6;
    *ret_port = ntohs(*ret_is_v6 ? address.v6.sin6_port : address.v4.sin_port);
    return fd;
}

static bool remove_stale(const char *path) {
    struct stat there;
    if (lstat(path, &there) != 0) {
        return errno == ENOENT;
    }
    return S_ISSOCK(there.st_mode) && unlink(path) == 0;
}

int listen_open_local(const char *path, const char **reterr_why) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof address.sun_path) {
        *reterr_why = "the path is too long for a socket";
        return -1;
    }
    memcpy(address.sun_path, path, n);
    if (!remove_stale(path)) {
        *reterr_why = "something else is there";
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        *reterr_why = "no socket of this kind";
        return -1;
    }
    /* Nobody can connect between bind and listen, so nobody meets the mode that umask left. */
    if (bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0 ||
        chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
        *reterr_why = "the socket cannot be made there";
        close(fd);
        return -1;
    }
    return fd;
}

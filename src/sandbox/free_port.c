#define GB_DOOR "a socket that is bound for a moment"
#include "sandbox/free_port.h"

#include "io/world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Below what Linux hands out by itself (32768 and up), above the services. */
#define PORT_FIRST 16384
#define PORT_COUNT 16000
#define TRIES      100

static bool is_free(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool bound = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return bound;
}

enum gb_err free_port(struct world *world, int *ret_port) {
    for (int i = 0; i < TRIES; i++) {
        uint16_t chance;
        world->ops->chance(world, &chance, sizeof chance);
        int port = PORT_FIRST + chance % PORT_COUNT;
        if (is_free(port)) {
            *ret_port = port;
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

/* tls_probe.c: one GET through the shipped io room: tls_probe URL [CA_FILE].
 *
 * Prints the status and exits with 0, or prints why the request did not go and exits with 1.
 * Linked as the program is, so that what it says holds for the program too.
 */
#include "base/base.h"

#include "base/arena.h"
#include "io/world.h"

#include <stdio.h>

static int say(const struct http_reply *reply) {
    if (reply->outcome != HTTP_REPLIED) {
        printf("%s\n", reply->fault);
        return 1;
    }
    printf("%d\n", reply->status);
    return 0;
}

/* Wait for the one reply there will be. */
static int answer(struct world *world, struct arena *arena) {
    for (;;) {
        const struct sign *signs = NULL;
        size_t count = 0;
        if (world->ops->wait(world, arena, &signs, &count) != GB_OK) {
            return 2;
        }
        for (size_t i = 0; i < count; i++) {
            if (signs[i].kind == SIGN_REPLY) {
                return say(signs[i].reply);
            }
        }
    }
}

int main(int argc, char **argv) {
    struct world_options options = {.in_flight_max = 1};
    struct world *world = NULL;
    const char *why = NULL;
    if (argc < 2) {
        return 2;
    }
    if (world_open(&options, &world, &why) != GB_OK) {
        printf("%s\n", why);
        return 2;
    }
    struct http_request request = {
        .method = HTTP_GET,
        .url = str_of(argv[1]),
        .trust = {.ca_file = argc > 2 ? str_of(argv[2]) : STR_NONE},
        .total_ms_max = 10 * GB_SECOND_MS,
    };
    struct arena *arena = arena_new(4096, (size_t)16 * 1024 * 1024);
    int status = 2;
    if (world->ops->send(world, &request, STR("probe"), 1) == GB_OK) {
        status = answer(world, arena);
    }
    world->ops->close(world);
    arena_free(arena);
    return status;
}

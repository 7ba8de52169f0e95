#include "sandbox/sandbox.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/num.h"
#include "cli/commands.h"
#include "cli/words.h"

#include <stdio.h>

#define ARENA_BYTES ((size_t)64 * 1024)
#define ARENA_MAX   ((size_t)256 * 1024 * 1024)
#define PORT_MAX    65535

int command_sandbox(int argc, char **argv) {
    struct sandbox_options options = {.port = SANDBOX_PORT};
    const char *port = NULL;
    const struct word words[] = {
        {.name = "--headless", .flag = &options.headless},
        {.name = "--world-only", .flag = &options.world_only},
        {.name = "--webhook", .flag = &options.webhook},
        {.name = "--port", .value = &port},
        {.name = "--dir", .value = &options.directory},
        {.name = "--config", .value = &options.config},
    };
    if (words_read(argc, argv, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    int64_t number = SANDBOX_PORT;
    if (port != NULL && num_i64(str_of(port), 0, PORT_MAX, &number) != GB_OK) {
        fputs("gigabridge: --port wants a number from 0 to 65535\n", stderr);
        return 2;
    }
    options.port = (int)number;
    struct arena *arena = arena_new(ARENA_BYTES, ARENA_MAX);
    int status = sandbox_run(&options, arena);
    arena_free(arena);
    return status;
}

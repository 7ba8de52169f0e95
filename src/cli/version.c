#include "cli/commands.h"

#include "base/base.h"

#include "version.h"

#include <stdio.h>

int command_version(int argc, char **argv) {
    (void)argc;
    (void)argv;
    puts("gigabridge " GB_VERSION);
    return 0;
}

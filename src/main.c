/* main.c: what a person types: one table of commands. */
#define GB_DOOR "signals"
#include "base/base.h"

#include "cli/commands.h"
#include "cli/relro.h"

#include <signal.h>
#include <stdio.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", command_run, "run the shop: run [--config FILE] [--set section.key=value]..."},
    {"sandbox", command_sandbox, "try it without Telegram: a shop and its whole world on loopback"},
    {"check", command_check, "check [--config FILE] the settings; check --store the data"},
    {"config", command_config, "print a config file with every setting explained"},
    {"state", command_state,
     "state list [TABLE], show TABLE KEY, delete TABLE KEY: the rows of a store"},
    {"jobs", command_jobs,
     "jobs [list], show ID, history ID, run ID, pause ID, resume ID: what the shop does by the "
     "clock"},
    {"export", command_export, "export FILE: all rows as lines of JSON"},
    {"import", command_import,
     "import FILE: an export, into an empty store; import --from-redis: an aiogram bot's dialogs"},
    {"backup", command_backup,
     "backup [--to FILE|DIR]: all rows in one packed file, also while the shop is running"},
    {"restore", command_restore,
     "restore FILE [--password-file FILE]: a backup, into an empty store"},
    {"version", command_version, "print the version"},
};

static int usage(FILE *to, int status) {
    fputs("gigabridge: a Telegram shop for VPN subscriptions\n\n", to);
    for (size_t i = 0; i < GB_COUNT(commands); i++) {
        fprintf(to, "  gigabridge %-8s %s\n", commands[i].name, commands[i].help);
    }
    return status;
}

int main(int argc, char **argv) {
    if (relro_apply() != GB_OK) {
        fputs("gigabridge: memory protection is not to be had here\n", stderr);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is a full disk: an error to handle */
    if (argc < 2) {
        return usage(stderr, 2);
    }
    struct str name = str_of(argv[1]);
    if (str_is(name, "help") || str_is(name, "--help") || str_is(name, "-h")) {
        return usage(stdout, 0);
    }
    for (size_t i = 0; i < GB_COUNT(commands); i++) {
        if (str_is(name, commands[i].name)) {
            return commands[i].run(argc - 2, argv + 2);
        }
    }
    fprintf(stderr, "gigabridge: there is no command \"%.40s\"\n\n", argv[1]);
    return usage(stderr, 2);
}

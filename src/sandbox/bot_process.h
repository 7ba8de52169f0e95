/* bot_process.h: the shop as a child process: `gigabridge run`, unchanged, against the sandbox.
 *
 *   start ──► alive ──(SIGCHLD, reaped)──► ended ──► start ...
 *
 * It dies with the sandbox (PR_SET_PDEATHSIG), and never holds one of its sockets. Its log goes to
 * a file.
 */
#ifndef SANDBOX_BOT_PROCESS_H
#define SANDBOX_BOT_PROCESS_H

#include "base/base.h"

struct bot_process {
    const char *program, *config, *clock, *log; /* paths */
    int64_t pid;                                /* 0: none was started */
    bool alive;
    bool was_told; /* a signal of ours was sent to it */
    int64_t starts;
    char ended[32]; /* "exit 0", "signal 9" */
};

/* GB_EXISTS: it runs. GB_UNAVAILABLE: no process, no log. */
enum gb_err bot_process_start(struct bot_process *bot) GB_MUST_USE;
void bot_process_signal(struct bot_process *bot, int number); /* fine when it is not there */
/* Look whether it has ended, after SIGCHLD. True: it has, just now. */
bool bot_process_reap(struct bot_process *bot);
/* End it for good: waits a moment for SIGTERM to work, then kills. The only call that blocks. */
void bot_process_end(struct bot_process *bot);

#endif

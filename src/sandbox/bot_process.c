/* bot_process.c: fork, what must be undone before exec, and looking whether the child has ended.
 *
 * Between fork and exec only what a signal handler might call is called.
 */
#define GB_DOOR "a child process"
#include "sandbox/bot_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define END_TRIES 300 /* of 10 ms */

/* In the child, between fork and exec: only what is safe there. */
static void become_shop(const struct bot_process *bot, int log_fd, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* the loop of the sandbox blocks its signals */
    (void)signal(SIGPIPE, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(127); /* the sandbox has gone in between */
    }
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 ||
        dup2(log_fd, STDERR_FILENO) < 0) {
        _exit(127);
    }
    execl(bot->program, "gigabridge", "run", "--config", bot->config, "--clock-file", bot->clock,
          (char *)NULL);
    _exit(127);
}

enum gb_err bot_process_start(struct bot_process *bot) {
    if (bot->alive) {
        return GB_EXISTS;
    }
    int log_fd = open(bot->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) {
        return GB_UNAVAILABLE;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_shop(bot, log_fd, parent);
    }
    close(log_fd);
    if (pid < 0) {
        return GB_UNAVAILABLE;
    }
    bot->pid = pid;
    bot->alive = true;
    bot->was_told = false;
    bot->starts++;
    bot->ended[0] = '\0';
    return GB_OK;
}

void bot_process_signal(struct bot_process *bot, int number) {
    if (bot->alive) {
        bot->was_told = true;
        (void)kill((pid_t)bot->pid, number);
    }
}

bool bot_process_reap(struct bot_process *bot) {
    int status = 0;
    if (!bot->alive || waitpid((pid_t)bot->pid, &status, WNOHANG) != (pid_t)bot->pid) {
        return false;
    }
    bot->alive = false;
    bool by_signal = WIFSIGNALED(status);
    int n = snprintf(bot->ended, sizeof bot->ended, "%s %d", by_signal ? "signal" : "exit",
                     by_signal ? WTERMSIG(status) : WEXITSTATUS(status));
    gb_assert(n > 0 && n < (int)sizeof bot->ended);
    return true;
}

void bot_process_end(struct bot_process *bot) {
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    bot_process_signal(bot, SIGTERM);
    for (int i = 0; bot->alive && i < END_TRIES; i++) {
        if (!bot_process_reap(bot)) {
            (void)nanosleep(&pause, NULL);
        }
    }
    bot_process_signal(bot, SIGKILL);
    while (bot->alive && !bot_process_reap(bot)) {
        (void)nanosleep(&pause, NULL);
    }
}

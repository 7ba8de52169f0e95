#define GB_DOOR "child processes: fork, pipes, signalfd"
#include "io/child.h"

#include "io/kept.h"
#include "io/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>

#define NICE           10
#define WORDS_MAX      ((size_t)16 * 1024)
#define STATUS_NO_EXEC 127

enum child_state { CHILD_NONE, CHILD_RUNS, CHILD_DONE, CHILD_TAKEN };

struct child {
    enum child_state state;
    pid_t pid;
    uint64_t ticket;
    int out, err; /* -1: it said all */
    int64_t due_ms;
    bool was_late;
    struct kept said, told;
    struct child_end end;
};

struct children {
    struct loop *loop;
    unsigned owner;
    int signal_fd;
    struct child child[CHILDREN_MAX];
};

/* ---- birth and death ---- */

enum gb_err children_new(struct loop *loop, unsigned owner, struct children **ret_children) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    int fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0
                 ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)
                 : -1;
    if (fd < 0) {
        return GB_UNAVAILABLE;
    }
    struct children *children = calloc(1, sizeof *children);
    gb_assert(children != NULL);
    children->loop = loop;
    children->owner = owner;
    children->signal_fd = fd;
    loop_watch(loop, fd, owner, LOOP_IN);
    *ret_children = children;
    return GB_OK;
}

static void pipe_close(struct children *children, int *fd) {
    if (*fd >= 0) {
        loop_forget(children->loop, *fd);
        close(*fd);
        *fd = -1;
    }
}

void children_free(struct children *children) {
    if (children == NULL) {
        return;
    }
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];
        if (child->state == CHILD_RUNS) {
            (void)kill(child->pid, SIGKILL);
            (void)waitpid(child->pid, NULL, 0); /* a killed process ends at once */
            pipe_close(children, &child->out);
            pipe_close(children, &child->err);
        }
        kept_free(&child->said);
        kept_free(&child->told);
    }
    loop_forget(children->loop, children->signal_fd);
    close(children->signal_fd);
    free(children);
}

/* ---- starting ---- */

static void close_others(void) {
#ifdef SYS_close_range
    (void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0); /* all are close-on-exec anyway */
#endif
}

/* In the child, between fork and exec: only what a signal handler might call. */
static _Noreturn void become(const char *const *argv, int out, int err, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGXFSZ, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(STATUS_NO_EXEC); /* the parent has gone in between */
    }
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(err, STDERR_FILENO) < 0) {
        _exit(STATUS_NO_EXEC);
    }
    close_others();
    errno = 0;
    (void)nice(NICE);
    union {
        const char *const *from;
        char *const *to; /* execv changes nothing, its type is older than const */
    } cast = {.from = argv};
    execv(argv[0], cast.to);
    _exit(STATUS_NO_EXEC);
}

static struct child *child_free_seat(struct children *children) {
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (children->child[i].state == CHILD_NONE) {
            return &children->child[i];
        }
    }
    return NULL;
}

static bool pipe_open(int ends[2]) {
    return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static void pair_close(const int ends[2]) {
    for (size_t i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
}

enum gb_err children_start(struct children *children, const struct spawn *spawn, uint64_t ticket) {
    struct child *child = child_free_seat(children);
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    if (child == NULL) {
        return GB_LATER;
    }
    pid_t parent = getpid();
    pid_t pid = pipe_open(out) && pipe_open(err) ? fork() : -1;
    if (pid == 0) {
        become(spawn->argv, out[1], err[1], parent);
    }
    if (pid < 0) {
        pair_close(out);
        pair_close(err);
        return GB_LATER;
    }
    close(out[1]);
    close(err[1]);
    child->state = CHILD_RUNS;
    child->pid = pid;
    child->ticket = ticket;
    child->out = out[0];
    child->err = err[0];
    child->due_ms = loop_now_ms() + spawn->total_ms_max;
    child->was_late = false;
    kept_clear(&child->said);
    kept_clear(&child->told);
    loop_watch(children->loop, child->out, children->owner, LOOP_IN);
    loop_watch(children->loop, child->err, children->owner, LOOP_IN);
    return GB_OK;
}

void children_cancel(struct children *children, uint64_t ticket) {
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];
        if (child->state == CHILD_RUNS && child->ticket == ticket) {
            (void)kill(child->pid, SIGKILL);
        }
    }
}

/* ---- what it says, and its end ---- */

/* All that is there now. */
static void listen_to(struct children *children, int *fd, struct kept *words) {
    char text[4096];
    while (*fd >= 0) {
        ssize_t n = read(*fd, text, sizeof text);
        if (n > 0) {
            kept_add(words, (struct str){text, GB_MIN((size_t)n, WORDS_MAX - words->n)});
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            pipe_close(children, fd);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

static void reap(struct children *children, struct child *child) {
    int status = 0;
    if (child->state != CHILD_RUNS || waitpid(child->pid, &status, WNOHANG) != child->pid) {
        return;
    }
    listen_to(children, &child->out, &child->said);
    listen_to(children, &child->err, &child->told);
    pipe_close(children, &child->out);
    pipe_close(children, &child->err);
    bool by_signal = WIFSIGNALED(status);
    child->end = (struct child_end){
        .status = by_signal ? -1 : WEXITSTATUS(status),
        .signal = by_signal ? WTERMSIG(status) : 0,
        .was_late = child->was_late,
        .said = kept_str(&child->said),
        .told = kept_str(&child->told),
    };
    child->state = CHILD_DONE;
}

void children_ready(struct children *children, int fd) {
    struct signalfd_siginfo info;
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];
        if (child->state == CHILD_RUNS && fd == child->out) {
            listen_to(children, &child->out, &child->said);
            return;
        }
        if (child->state == CHILD_RUNS && fd == child->err) {
            listen_to(children, &child->err, &child->told);
            return;
        }
    }
    if (fd == children->signal_fd) { /* one signal may stand for several ends */
        while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        }
        for (size_t i = 0; i < CHILDREN_MAX; i++) {
            reap(children, &children->child[i]);
        }
    }
}

void children_run(struct children *children) {
    int64_t now_ms = loop_now_ms();
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];
        if (child->state == CHILD_RUNS && !child->was_late && child->due_ms <= now_ms) {
            child->was_late = true;
            (void)kill(child->pid, SIGKILL);
        }
    }
}

int64_t children_due_ms(const struct children *children) {
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        const struct child *child = &children->child[i];
        if (child->state == CHILD_RUNS && !child->was_late) {
            due_ms = GB_MIN(due_ms, child->due_ms);
        }
    }
    return due_ms;
}

/* ---- handing over ---- */

size_t children_waiting(const struct children *children) {
    size_t count = 0;
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        count += children->child[i].state == CHILD_DONE;
    }
    return count;
}

const struct child_end *children_take(struct children *children, uint64_t *ret_ticket) {
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];
        if (child->state == CHILD_DONE) {
            child->state = CHILD_TAKEN;
            *ret_ticket = child->ticket;
            return &child->end;
        }
    }
    return NULL;
}

void children_release(struct children *children) {
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (children->child[i].state == CHILD_TAKEN) {
            children->child[i].state = CHILD_NONE;
        }
    }
}

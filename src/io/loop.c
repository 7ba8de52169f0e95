/* loop.c: what is wanted and what the kernel was told, side by side per descriptor. */
#define GB_DOOR "epoll, signalfd, clock, and a table as long as the descriptors"
#include "io/loop.h"

#include "base/base.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define EVENTS_MAX 256

struct watch {
    uint8_t owner;
    uint8_t wanted; /* what somebody waits for */
    uint8_t told;   /* what the kernel watches: lags behind when interest fades */
    bool kept;      /* it may lag behind */
};

struct loop {
    int epoll_fd, signal_fd;
    struct watch *watches; /* by descriptor */
    size_t watch_count;
    bool signalled; /* signal_fd may have something */
};

enum gb_err loop_new(struct loop **ret_loop) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        return GB_UNAVAILABLE;
    }
    struct loop *loop = calloc(1, sizeof *loop);
    gb_assert(loop != NULL);
    loop->epoll_fd = fd;
    loop->signal_fd = -1;
    *ret_loop = loop;
    return GB_OK;
}

void loop_free(struct loop *loop) {
    if (loop == NULL) {
        return;
    }
    close(loop->epoll_fd);
    if (loop->signal_fd >= 0) {
        close(loop->signal_fd);
    }
    free(loop->watches);
    free(loop);
}

static struct watch *watch_of(struct loop *loop, int fd) {
    gb_assert(fd >= 0);
    size_t index = (size_t)fd;
    if (index >= loop->watch_count) {
        size_t count = GB_MAX(index + 1, GB_MAX(loop->watch_count * 2, (size_t)64));
        struct watch *watches = realloc(loop->watches, count * sizeof *watches);
        gb_assert(watches != NULL);
        memset(watches + loop->watch_count, 0, (count - loop->watch_count) * sizeof *watches);
        loop->watches = watches;
        loop->watch_count = count;
    }
    return &loop->watches[index];
}

static int tell(struct loop *loop, int operation, int fd, unsigned events) {
    struct epoll_event event = {
        .events =
            ((events & LOOP_IN) != 0 ? EPOLLIN : 0u) | ((events & LOOP_OUT) != 0 ? EPOLLOUT : 0u),
        .data.fd = fd,
    };
    return epoll_ctl(loop->epoll_fd, operation, fd, &event);
}

/* Make the kernel's view of the descriptor ours. */
static void tell_all(struct loop *loop, int fd, struct watch *watch) {
    int operation = watch->wanted == 0 ? EPOLL_CTL_DEL
                    : watch->told == 0 ? EPOLL_CTL_ADD
                                       : EPOLL_CTL_MOD;
    int result = tell(loop, operation, fd, watch->wanted);
    if (result != 0 && operation == EPOLL_CTL_ADD && errno == EEXIST) {
        result = tell(loop, EPOLL_CTL_MOD, fd, watch->wanted);
    } else if (result != 0 && operation == EPOLL_CTL_MOD && errno == ENOENT) {
        result = tell(loop, EPOLL_CTL_ADD, fd, watch->wanted);
    }
    watch->told = watch->wanted;
    gb_assert(result == 0 || operation == EPOLL_CTL_DEL);
}

void loop_watch(struct loop *loop, int fd, unsigned owner, unsigned events) {
    gb_assert(owner < 256);
    struct watch *watch = watch_of(loop, fd);
    watch->owner = (uint8_t)owner;
    watch->wanted = (uint8_t)events;
    bool known = watch->kept ? (events & ~(unsigned)watch->told) == 0 : events == watch->told;
    if (!known) {
        tell_all(loop, fd, watch);
    }
}

void loop_keep(struct loop *loop, int fd) {
    *watch_of(loop, fd) = (struct watch){.kept = true};
}

void loop_forget(struct loop *loop, int fd) {
    struct watch *watch = watch_of(loop, fd);
    watch->wanted = 0;
    watch->kept = false;
    if (watch->told != 0) {
        tell_all(loop, fd, watch);
    }
}

enum gb_err loop_catch(struct loop *loop, const int *signals, size_t count) {
    gb_assert(loop->signal_fd < 0);
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) {
        sigaddset(&set, signals[i]);
    }
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return GB_UNAVAILABLE;
    }
    loop->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signal_fd < 0 || tell(loop, EPOLL_CTL_ADD, loop->signal_fd, LOOP_IN) != 0) {
        return GB_UNAVAILABLE;
    }
    return GB_OK;
}

int loop_take_signal(struct loop *loop) {
    if (!loop->signalled) {
        return 0;
    }
    struct signalfd_siginfo info;
    if (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        return (int)info.ssi_signo;
    }
    loop->signalled = false;
    return 0;
}

/* False: nobody waits for what the kernel reported, and now the kernel knows. */
static bool hand_out(struct loop *loop, const struct epoll_event *event,
                     struct loop_event *ret_event) {
    int fd = event->data.fd;
    if (fd == loop->signal_fd) {
        loop->signalled = true;
        return false;
    }
    struct watch *watch = watch_of(loop, fd);
    unsigned ready = ((event->events & EPOLLIN) != 0 ? LOOP_IN : 0) |
                     ((event->events & EPOLLOUT) != 0 ? LOOP_OUT : 0);
    if ((event->events & (EPOLLERR | EPOLLHUP)) != 0) {
        ready |= LOOP_IN | LOOP_OUT;
    }
    ready &= watch->wanted;
    if (ready == 0) {
        tell_all(loop, fd, watch);
        return false;
    }
    *ret_event = (struct loop_event){.fd = fd, .owner = watch->owner, .ready = ready};
    return true;
}

size_t loop_wait(struct loop *loop, int64_t timeout_ms, struct loop_event *events, size_t max) {
    struct epoll_event found[EVENTS_MAX];
    int timeout = timeout_ms < 0 ? -1 : (int)GB_MIN(timeout_ms, (int64_t)INT32_MAX);
    int n = epoll_wait(loop->epoll_fd, found, (int)GB_MIN(max, (size_t)EVENTS_MAX), timeout);
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        if (hand_out(loop, &found[i], &events[count])) {
            count++;
        }
    }
    return count;
}

int64_t loop_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* loop.h: epoll with a memory, and Unix signals as events: the door to sys/epoll.h.
 *
 * It hands out what is ready and calls nobody. For descriptors marked by loop_keep interest is
 * taken from the kernel as late as possible: who stops waiting costs nothing until the descriptor
 * is ready all the same. An HTTP client that waits for reply after reply on a kept connection so
 * needs no system call for it.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/base.h"

struct loop;

#define LOOP_IN  1u
#define LOOP_OUT 2u

struct loop_event {
    int fd;
    unsigned owner; /* as given to loop_watch */
    unsigned ready; /* LOOP_IN, LOOP_OUT; a fault of the descriptor counts as what was waited for */
};

/* GB_UNAVAILABLE: no epoll. */
enum gb_err loop_new(struct loop **ret_loop) GB_MUST_USE;
void loop_free(struct loop *loop); /* NULL is fine */

/* Wait for `events` of the descriptor from now on; 0: for nothing. `owner` is below 256. The
 * kernel being out of memory for it ends the program. */
void loop_watch(struct loop *loop, int fd, unsigned owner, unsigned events);
/* The descriptor was opened just now, and who closes it promises to call loop_forget first. */
void loop_keep(struct loop *loop, int fd);
/* The descriptor is about to be closed. Fine for one that was never watched. */
void loop_forget(struct loop *loop, int fd);

/* Block the signals in this thread (and those it starts) and keep them for loop_take_signal. A
 * child process inherits the mask and must unblock them before exec. GB_UNAVAILABLE: refused. */
enum gb_err loop_catch(struct loop *loop, const int *signals, size_t count) GB_MUST_USE;
/* The next signal that came; 0: none. */
int loop_take_signal(struct loop *loop);

/* Sleep up to timeout_ms (negative: no limit), return how many of `events` were filled; 0 also
 * when a signal came or only stale interest was found. */
size_t loop_wait(struct loop *loop, int64_t timeout_ms, struct loop_event *events, size_t max);

/* The monotonic clock that goes on during suspend, in ms. */
int64_t loop_now_ms(void);

#endif

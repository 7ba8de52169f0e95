/* child.h: other programs, started and waited for without waiting: their words and how they ended.
 *
 *   start --> runs --(SIGCHLD, reaped; or killed at its time)--> done --take--> taken --release-->
 *
 * A child dies with its parent (PR_SET_PDEATHSIG), yields the processor to it (nice), and inherits
 * its environment but no descriptor, no blocked signal. What it says is bounded: the rest is read
 * and forgotten, so that it never waits for us. Takes SIGCHLD for itself: one of these a process.
 */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include "base/base.h"
#include "io/world.h"

struct children;
struct loop;

#define CHILDREN_MAX 4

/* To be called before any thread is started. GB_UNAVAILABLE: the kernel gives no signalfd. */
enum gb_err children_new(struct loop *loop, unsigned owner,
                         struct children **ret_children) GB_MUST_USE;
/* Those that run are killed. NULL is fine. */
void children_free(struct children *children);

/* See world_ops.spawn. */
enum gb_err children_start(struct children *children, const struct spawn *spawn,
                           uint64_t ticket) GB_MUST_USE;
/* Kill it; its end comes as any other. Fine when there is none. */
void children_cancel(struct children *children, uint64_t ticket);

/* A descriptor of its own is ready. */
void children_ready(struct children *children, int fd);
/* Kill whose time is over: when children_due_ms (on loop_now_ms; INT64_MAX: never) has come. */
void children_run(struct children *children);
int64_t children_due_ms(const struct children *children);

size_t children_waiting(const struct children *children); /* ends to be taken */
/* NULL: none. Valid until children_release. */
const struct child_end *children_take(struct children *children, uint64_t *ret_ticket);
void children_release(struct children *children);

#endif

/* sandbox.h: `gigabridge sandbox`: a shop and the world around it, on loopback.
 *
 *   curl ──► control ──► people ─┐
 *                                ├─ Bot API ◄─── shop (a child process: gigabridge run)
 *            clock, faults       ├─ panel   ◄──┘
 *                                └─ payments
 *
 * One process, one loop, four doors. docs/sandbox.md is the contract of the control door.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/base.h"

struct arena;

#define SANDBOX_PORT 8090

struct sandbox_options {
    bool headless;         /* one line of JSON, then silence */
    bool world_only;       /* start no shop */
    bool webhook;          /* the shop's config has updates brought to it */
    int port;              /* of the control door; 0: any free one */
    const char *directory; /* NULL: a fresh one */
    const char *config;    /* NULL: the one written to the directory */
};

/* Runs until SIGINT, SIGTERM or POST /api/shutdown. The exit status: 0; 1 when it could not start,
 * with the reason on standard error. */
int sandbox_run(const struct sandbox_options *options, struct arena *arena);

#endif

/* control.h: the shop's control socket: `gigabridge jobs` and whoever speaks HTTP to the file
 * `control` in the data directory (state/jobs_say.h has the words).
 *
 * Who may open the file may do all of it: it is the owner's alone (0600). A question is answered
 * from a view at once; what changes something is an event like any other, answered after its
 * commit: 200 means that it is on disk, 503 that it is not (or, behind Redis, may not be).
 */
#ifndef ENGINE_CONTROL_H
#define ENGINE_CONTROL_H

#include "base/base.h"

struct engine;
struct pending;
struct sign;

#define CONTROL_DOOR 3 /* of the engine's doors */

/* The shop runs without it if need be, and says so. */
void control_open(struct engine *engine);
/* Before the store is given back: another shop may then open its own there. */
void control_close(struct engine *engine);
/* Somebody at it. NULL: answered; else an event, in the turn's arena. */
struct pending *control_take(struct engine *engine, const struct sign *sign, int64_t now_ms);
/* Answer those of these events that were asked for here; `err` is the turn's. */
void control_settle(struct engine *engine, const struct pending *first, enum gb_err err);

#endif

/* model.h: what every model of the outside is given and gives back.
 *
 * A model is a plain state machine: a request comes in as a visit, an answer goes out now, or is
 * held and asked for later. It opens no socket and looks at no clock, so a test, the sandbox and a
 * simulation drive it alike. Its state lives on the heap (keep.h), texts of one turn in the arena.
 */
#ifndef SANDBOX_MODEL_H
#define SANDBOX_MODEL_H

#include "base/base.h"
#include "base/http.h"
#include "io/world.h"

struct arena;
struct fault_plan;

/* Two clocks: dates and expiries of the world go by the wall, waiting goes by mono. */
struct moment {
    int64_t wall_ms, mono_ms;
};

struct visit {
    uint64_t ticket;
    const struct http_incoming *request;
    struct moment now;
    struct arena *arena; /* dies with the turn */
};

enum model_verdict {
    MODEL_ANSWERS, /* the response is filled in */
    MODEL_HOLDS,   /* the ticket was kept: ask the model's next_answer later */
};

/* Value of a header, any case of its name; empty when it is not there. */
struct str visit_header(const struct visit *visit, const char *name);

/* Fill in a response; `body` lives in the turn's arena or for ever. */
void response_json(struct http_response *response, int status, struct str body);
void response_typed(struct http_response *response, int status, struct str type, struct str body);

#endif

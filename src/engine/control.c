#define GB_DOOR "removes its socket"
#include "engine/control.h"

#include "base/arena.h"
#include "base/log.h"
#include "engine/turn.h"
#include "io/world.h"
#include "state/work.h"

#define BODY_MAX 1024 /* of a request, where none is needed */

void control_open(struct engine *engine) {
    const char *path = engine->options.control_path, *why = "";
    if (path == NULL) {
        return;
    }
    enum gb_err err =
        engine->world->ops->listen_local(engine->world, path, CONTROL_DOOR, BODY_MAX, &why);
    engine->control_open = err == GB_OK;
    if (err != GB_OK) {
        LOG_WARN("control_not_opened", LOG_TEXT("path", path), LOG_TEXT("why", why),
                 LOG_TEXT("now", "gigabridge jobs cannot reach this shop"));
    }
}

void control_close(struct engine *engine) {
    if (engine->control_open) {
        (void)unlink(engine->options.control_path); /* one that stays is replaced */
        engine->control_open = false;
    }
}

static void respond(struct engine *engine, uint64_t ticket, const struct jobs_answer *answer) {
    struct http_response response = {.status = answer->status, .body = answer->body};
    if (engine->world->ops->respond(engine->world, ticket, &response) != GB_OK) {
        return; /* who asked has gone; what was done is done */
    }
}

static struct jobs_answer look(struct engine *engine, const struct jobs_command *command,
                               int64_t now_ms) {
    const struct event event = {.kind = EVENT_COMMAND, .id = STR("look"), .command = command};
    struct jobs_answer answer;
    struct rng rng;
    struct work work = work_begin(engine, &event, now_ms, &rng);
    enum gb_err err =
        now_ms < engine->store_wait_ms ? GB_UNAVAILABLE : jobs_carry_out(&work, command, &answer);
    if (err != GB_OK) {
        return jobs_refusal(engine->turn, 503, STR("the store refuses; try again"));
    }
    return answer;
}

struct pending *control_take(struct engine *engine, const struct sign *sign, int64_t now_ms) {
    const struct http_incoming *request = sign->request;
    struct jobs_command *command = ARENA_NEW(engine->turn, struct jobs_command);
    struct jobs_answer answer;
    enum gb_err err = jobs_command_read(engine->turn, request->method, request->path,
                                        request->query, command, &answer);
    if (err != GB_OK || !jobs_verb_changes(command->verb)) {
        answer = err == GB_OK ? look(engine, command, now_ms) : answer;
        respond(engine, sign->ticket, &answer);
        arena_clear(engine->event);
        return NULL;
    }
    struct pending *pending = ARENA_NEW(engine->turn, struct pending);
    pending->ticket = sign->ticket;
    pending->event = (struct event){
        .kind = EVENT_COMMAND,
        .id = arena_printf(engine->turn, "c:%016" PRIx64 "/%" PRIx64, engine->order, sign->ticket),
        .command = command,
    };
    return pending;
}

static struct jobs_answer answer_to(struct engine *engine, const struct pending *pending,
                                    enum gb_err err) {
    if (!pending->done) {
        struct str why = err == GB_UNCERTAIN
                             ? STR("the store did not answer: it may have been done; look again")
                             : STR("the store refuses; nothing was done");
        return jobs_refusal(engine->turn, 503, why);
    }
    if (pending->answer.status == 0) { /* it was set aside */
        return jobs_refusal(engine->turn, 500, STR("this cannot be done; the log says why"));
    }
    return pending->answer;
}

void control_settle(struct engine *engine, const struct pending *first, enum gb_err err) {
    for (const struct pending *p = first; p != NULL; p = p->next) {
        if (p->event.kind == EVENT_COMMAND) {
            struct jobs_answer answer = answer_to(engine, p, err);
            respond(engine, p->ticket, &answer);
        }
    }
}

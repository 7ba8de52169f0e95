/* handlers.h: which handler an event goes to: one table; and what an answer means for its row. */
#ifndef ENGINE_HANDLERS_H
#define ENGINE_HANDLERS_H

#include "state/event.h"

/* Any event. Pure; can be run twice. */
enum gb_err handle_event(struct work *work, const struct event *event) GB_MUST_USE;

enum fate {
    FATE_END,   /* answered: the row goes */
    FATE_AGAIN, /* it stays and is tried again */
    FATE_BURY,  /* it goes to the dead, where the owner sees it */
};
/* *ret_wait_ms: FATE_AGAIN, how long this row should rest. */
enum fate answer_fate(const struct outbox_row *row, const struct answer *answer, bool noise,
                      int64_t now_ms, int64_t *ret_wait_ms);

#endif

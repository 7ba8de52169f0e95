/* control.h: the door for people and scripts: docs/sandbox.md is its contract.
 *
 * Turns requests into what people do in the models, shows chats, moves the clock, plans faults. A
 * request that waits (for the shop's answer, for a change in a chat, for the end of the shop) is
 * kept as a waiter and looked at in every turn; nothing here blocks. At most CONTROL_WAITERS_MAX.
 */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include "sandbox/hiddify_model.h"
#include "sandbox/model.h"
#include "sandbox/telegram_model.h"
#include "sandbox/testpay_model.h"

#define CONTROL_WAITERS_MAX 256

struct control;

/* The shop's process, as far as the control interface sees it. */
struct control_bot {
    int64_t pid; /* 0: none was started */
    bool alive;
    int64_t starts;
    struct str ended; /* how the last one ended: "exit 0", "signal 9"; empty: not yet */
};

/* What the models cannot do themselves. A simulation brings its own. */
struct control_ops {
    /* Move the world's clock on. GB_UNAVAILABLE: the clock file cannot be written. */
    enum gb_err (*advance)(void *ctx, int64_t ms);
    int64_t (*offset_ms)(void *ctx); /* how far it was moved in all */
    void (*look_at_bot)(void *ctx, struct control_bot *ret_bot);
    /* GB_REFUSED: there is none to be started. GB_EXISTS: it runs. GB_UNAVAILABLE: it cannot be. */
    enum gb_err (*start_bot)(void *ctx);
    void (*signal_bot)(void *ctx,
                       bool kill); /* SIGKILL, else SIGTERM; nothing when it is not there */
    void (*shut_down)(void *ctx);
};

struct control_options {
    struct telegram_model *telegram;
    struct hiddify_model *panel;
    struct testpay_model *pay;
    struct fault_plan *faults;
    const struct control_ops *ops;
    void *ctx;
    struct str base_url; /* of this door: for the hints */
};

struct control *control_new(const struct control_options *options);
void control_free(struct control *control); /* NULL is fine */

enum model_verdict control_handle(struct control *control, const struct visit *visit,
                                  struct http_response *response);
bool control_next_answer(struct control *control, struct moment now, struct arena *arena,
                         uint64_t *ret_ticket, struct http_response *response);
int64_t control_next_ms(const struct control *control, struct moment now);

#endif

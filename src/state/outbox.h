/* outbox.h: what shall be done outside: rows that are sent after the commit, in order, until
 * answered.
 *
 * A row belongs to a lane ("telegram", "panel:de1", "pay:test"). Its key in the store is
 * lane/due/order, so the first row of a lane is the next to send. Rows of one `queue` (a chat)
 * never overtake each other. When the answer is in, the row goes in the same transaction as its
 * effects.
 *
 *   waiting --answered--> gone                waiting --later, unknown--> waiting
 *   waiting --refused, given up--> dead       sending --killed--> dead: it may have left
 */
#ifndef STATE_OUTBOX_H
#define STATE_OUTBOX_H

#include "base/base.h"

struct arena;
struct work;

enum outbox_again {
    OUTBOX_SAFE,         /* idempotent at the other side: panel ensure, payment with its key */
    OUTBOX_RATHER_TWICE, /* a message about money or keys: better twice than never */
    OUTBOX_RATHER_NEVER, /* better lost than twice; `sending` is committed before the bytes leave */
};

enum outbox_state { OUTBOX_WAITING, OUTBOX_SENDING };

struct outbox_row {
    struct str lane;
    struct str kind;  /* of struct call */
    struct str key;   /* idempotency key */
    struct str body;  /* JSON object */
    struct str queue; /* rows of one queue keep their order; empty: none */
    struct str then;  /* handler of the answer (engine/answers table); empty: nobody asks */
    struct str about; /* for that handler: an id */
    enum outbox_again again;
    enum outbox_state state;
    int64_t due_ms;     /* 0: now */
    int64_t give_up_ms; /* instant after which it is dead; 0: never */
    int64_t created_ms; /* set by outbox_add */
    int64_t attempts;
    uint64_t order; /* set by outbox_add */
};

/* Add a row; texts are copied. */
void outbox_add(struct work *work, const struct outbox_row *row);

/* Send once after the commit and forget: answerCallbackQuery, a look at a panel. Lost by a crash,
 * dropped when its lane is in trouble. `then` may ask for the answer. */
void outbox_noise(struct work *work, const struct outbox_row *row);

/* For the engine. */
struct outbox_node {
    struct outbox_row row;
    struct outbox_node *next;
};
struct str outbox_key(struct arena *arena, const struct outbox_row *row);
enum gb_err outbox_read(struct arena *arena, struct str key, struct str value,
                        struct outbox_row *ret_row) GB_MUST_USE; /* GB_DAMAGED */
/* Is the row still there? GB_NOT_FOUND: another instance has ended it. Else the store's error. */
enum gb_err outbox_look(struct work *work, const struct outbox_row *row) GB_MUST_USE;
/* Take the row out: it was answered. */
void outbox_end(struct work *work, const struct outbox_row *row);
/* Keep it, in its place, one attempt more. How long to wait is the lane's matter: a restart may
 * try at once. */
void outbox_again(struct work *work, const struct outbox_row *row);
/* Mark it as leaving (rather_never). */
void outbox_sending(struct work *work, const struct outbox_row *row);
/* Give up: shown to the owner with `why`. */
void outbox_bury(struct work *work, const struct outbox_row *row, struct str why);

#endif

/* dialogs.h: where a person is in a conversation: FSM state and data, with their expiry.
 *
 * Laid out as aiogram's RedisStorage does: key fsm:<chat>:<user>:state holds "Group:state",
 * fsm:<chat>:<user>:data a JSON object. No state: the key is gone.
 */
#ifndef STATE_DIALOGS_H
#define STATE_DIALOGS_H

#include "base/base.h"

struct json;
struct work;

struct dialog {
    int64_t chat, user;
    struct str state;        /* "Buy:tariff"; empty: none */
    const struct json *data; /* NULL: none */
};

/* GB_OK also when there is none. */
enum gb_err dialog_read(struct work *work, int64_t chat, int64_t user,
                        struct dialog *ret_dialog) GB_MUST_USE;
/* `data` is a JSON object or empty. Both live config.shop.dialog_ms from now. */
void dialog_write(struct work *work, int64_t chat, int64_t user, struct str state, struct str data);
void dialog_end(struct work *work, int64_t chat, int64_t user);

#endif

/* dialogs.h: where a person is in a conversation: FSM state and data, with their expiry.
 *
 * Laid out as aiogram's RedisStorage does, so that dialogs of a bot on aiogram are read here and
 * the other way round. Parts of the key, joined by colons, those in brackets where the settings
 * ([fsm]) or the dialog have them:
 *
 *      fsm [bot id] [business connection] chat [thread] user [destiny] state|data
 *
 * The state is the text "Group:state", the data a JSON object; no state, no data: no key.
 */
#ifndef STATE_DIALOGS_H
#define STATE_DIALOGS_H

#include "base/base.h"

struct json;
struct work;

struct dialog_where {
    int64_t chat, user;
    int64_t thread;      /* a forum's topic; 0: none */
    struct str business; /* connection id; empty: none */
};

struct dialog {
    struct str state;        /* "Buy:tariff"; empty: none */
    const struct json *data; /* NULL: none */
};

/* GB_OK also when there is none. Else the store's error. */
enum gb_err dialog_read(struct work *work, const struct dialog_where *where,
                        struct dialog *ret_dialog) GB_MUST_USE;
/* `data` is a JSON object or empty. Each lives as long as [fsm] says, from now. */
void dialog_write(struct work *work, const struct dialog_where *where, struct str state,
                  struct str data);
/* Where a part ("state" or "data") of a dialog lies, for who moves dialogs. */
struct str dialog_key(struct work *work, const struct dialog_where *where, const char *part);
void dialog_end(struct work *work, const struct dialog_where *where);

#endif

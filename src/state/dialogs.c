#include "state/dialogs.h"

#include "base/arena.h"
#include "base/json.h"
#include "state/work.h"

#define DESTINY "default" /* aiogram's; this bot keeps one conversation a person */

static void add_part(struct buf *key, struct str part) {
    buf_add(key, part);
    buf_add_char(key, ':');
}

static void add_id(struct buf *key, int64_t id) {
    buf_add_i64(key, id);
    buf_add_char(key, ':');
}

/* The token's text before the colon. */
static struct str bot_id(const struct config *config) {
    struct str token = secret_reveal(config->telegram.token);
    return str_sub(token, 0, str_find(token, ':'));
}

struct str dialog_key(struct work *work, const struct dialog_where *where, const char *part) {
    const struct config *config = work->config;
    struct buf key;
    buf_init(&key, work->arena, STORE_KEY_MAX);
    add_part(&key, STR("fsm"));
    if (config->fsm.bot_id) {
        add_part(&key, bot_id(config));
    }
    if (config->fsm.business && where->business.n > 0) {
        add_part(&key, where->business);
    }
    add_id(&key, where->chat);
    if (where->thread != 0) {
        add_id(&key, where->thread);
    }
    add_id(&key, where->user);
    if (config->fsm.destiny) {
        add_part(&key, STR(DESTINY));
    }
    buf_add_text(&key, part);
    gb_assert(!key.failed);
    return buf_str(&key);
}

enum gb_err dialog_read(struct work *work, const struct dialog_where *where,
                        struct dialog *ret_dialog) {
    struct dialog dialog = {0};
    enum gb_err err = tx_get(work->tx, TABLE_FSM, dialog_key(work, where, "state"), &dialog.state);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    struct str data;
    err = tx_get(work->tx, TABLE_FSM, dialog_key(work, where, "data"), &data);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    /* Data that cannot be read is a dialog lost, not a bot stopped: somebody else wrote it. */
    if (err == GB_OK && (json_parse(work->arena, data, &dialog.data, NULL) != GB_OK ||
                         !json_is_object(dialog.data))) {
        dialog.data = NULL;
    }
    *ret_dialog = dialog;
    return GB_OK;
}

/* Whole minutes: presses in quick succession leave the expiry index alone. */
static int64_t ends_ms(const struct work *work, int64_t own_ms) {
    int64_t life_ms = own_ms > 0 ? own_ms : work->config->shop.dialog_ms;
    return ((work->now_ms + life_ms) / GB_MINUTE_MS + 1) * GB_MINUTE_MS;
}

static void put_or_del(struct work *work, struct str key, struct str value, int64_t expires_ms) {
    if (value.n == 0) {
        tx_del(work->tx, TABLE_FSM, key);
    } else {
        tx_put(work->tx, TABLE_FSM, key, value, expires_ms);
    }
}

void dialog_write(struct work *work, const struct dialog_where *where, struct str state,
                  struct str data) {
    const struct config *config = work->config;
    if (str_is(data, "{}")) {
        data = STR_NONE;
    } else if (config->fsm.escape) {
        data = json_escape_ascii(work->arena, data);
    }
    put_or_del(work, dialog_key(work, where, "state"), state, ends_ms(work, config->fsm.state_ms));
    put_or_del(work, dialog_key(work, where, "data"), data, ends_ms(work, config->fsm.data_ms));
}

void dialog_end(struct work *work, const struct dialog_where *where) {
    dialog_write(work, where, STR_NONE, STR_NONE);
}

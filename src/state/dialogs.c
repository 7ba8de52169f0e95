#include "state/dialogs.h"

#include "base/arena.h"
#include "base/json.h"
#include "state/work.h"

static struct str dialog_key(struct work *work, int64_t chat, int64_t user, const char *part) {
    struct buf key;
    buf_init(&key, work->arena, 80);
    buf_add(&key, STR("fsm:"));
    buf_add_i64(&key, chat);
    buf_add_char(&key, ':');
    buf_add_i64(&key, user);
    buf_add_char(&key, ':');
    buf_add_text(&key, part);
    return buf_str(&key);
}

enum gb_err dialog_read(struct work *work, int64_t chat, int64_t user, struct dialog *ret_dialog) {
    struct dialog dialog = {.chat = chat, .user = user};
    enum gb_err err =
        tx_get(work->tx, TABLE_FSM, dialog_key(work, chat, user, "state"), &dialog.state);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    struct str data;
    err = tx_get(work->tx, TABLE_FSM, dialog_key(work, chat, user, "data"), &data);
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

static void put_or_del(struct work *work, struct str key, struct str value, int64_t expires_ms) {
    if (value.n == 0) {
        tx_del(work->tx, TABLE_FSM, key);
    } else {
        tx_put(work->tx, TABLE_FSM, key, value, expires_ms);
    }
}

void dialog_write(struct work *work, int64_t chat, int64_t user, struct str state,
                  struct str data) {
    /* Whole minutes: presses in quick succession leave the expiry index alone. */
    int64_t expires_ms =
        ((work->now_ms + work->config->shop.dialog_ms) / GB_MINUTE_MS + 1) * GB_MINUTE_MS;
    put_or_del(work, dialog_key(work, chat, user, "state"), state, expires_ms);
    put_or_del(work, dialog_key(work, chat, user, "data"), data, expires_ms);
}

void dialog_end(struct work *work, int64_t chat, int64_t user) {
    dialog_write(work, chat, user, STR_NONE, STR_NONE);
}

#include "engine/peek_inside.h"

#include "store/backend.h"

/* GB_NOT_FOUND, or the store's error. */
static enum gb_err row_get(struct ask *ask, struct str name, struct str *ret_shown) {
    int table;
    struct str key, value;
    if (!peek_locate(ask, name, &table, &key)) {
        return GB_NOT_FOUND;
    }
    enum gb_err err = tx_get(ask->tx, table, key, &value);
    if (err == GB_OK) {
        *ret_shown = peek_show(ask->arena, table, key, value);
    }
    return err;
}

void peek_get(struct ask *ask) {
    struct str value;
    enum gb_err err = row_get(ask, ask->argv[1], &value);
    if (err == GB_OK) {
        resp_bulk(&ask->out, value);
    } else if (err == GB_NOT_FOUND) {
        resp_null(&ask->out);
    } else {
        peek_fault(ask, err);
    }
}

void peek_mget(struct ask *ask) {
    resp_array(&ask->out, ask->argc - 1);
    for (size_t i = 1; i < ask->argc && !ask->out.buf->failed; i++) {
        struct str value;
        if (row_get(ask, ask->argv[i], &value) == GB_OK) {
            resp_bulk(&ask->out, value);
        } else {
            resp_null(&ask->out); /* what cannot be read, too: GET says why */
        }
    }
}

static bool exists(struct ask *ask, struct str name) {
    int table;
    struct str key, value;
    return peek_locate(ask, name, &table, &key) && tx_get(ask->tx, table, key, &value) == GB_OK;
}

void peek_exists(struct ask *ask) {
    int64_t count = 0;
    for (size_t i = 1; i < ask->argc; i++) {
        count += exists(ask, ask->argv[i]);
    }
    resp_int(&ask->out, count);
}

void peek_type(struct ask *ask) {
    resp_simple(&ask->out, exists(ask, ask->argv[1]) ? "string" : "none");
}

/* -1: it stays; -2: there is no such key. */
static void time_left(struct ask *ask, int64_t unit_ms) {
    int table;
    struct str key;
    int64_t expires_ms = STORE_NEVER;
    enum gb_err err = peek_locate(ask, ask->argv[1], &table, &key)
                          ? tx_expiry(ask->tx, table, key, &expires_ms)
                          : GB_NOT_FOUND;
    if (err == GB_NOT_FOUND) {
        resp_int(&ask->out, -2);
    } else if (err != GB_OK) {
        peek_fault(ask, err);
    } else if (expires_ms == STORE_NEVER) {
        resp_int(&ask->out, -1);
    } else {
        resp_int(&ask->out, (expires_ms - ask->now_ms + unit_ms / 2) / unit_ms);
    }
}

void peek_ttl(struct ask *ask) {
    time_left(ask, GB_SECOND_MS);
}

void peek_pttl(struct ask *ask) {
    time_left(ask, 1);
}

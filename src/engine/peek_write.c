/* peek_write.c: SET and its kin, into the turn's view. Whether they are allowed at all was asked
 * before; here it is which rows.
 */
#include "engine/peek_inside.h"

#include "base/arena.h"
#include "base/num.h"
#include "store/backend.h"

#define NO_NUMBER "ERR value is not an integer or out of range"

struct row {
    int table;
    struct str key;
};

/* False: no such row may be written, and that was said. */
static bool row_of(struct ask *ask, struct str name, struct row *ret_row) {
    if (ask->session->db == PEEK_SHOP) {
        peek_error(ask, "READONLY the shop's records are changed by the shop alone");
    } else if (!peek_locate(ask, name, &ret_row->table, &ret_row->key)) {
        peek_error(ask, "ERR there is no row for this key: it has 1 to 400 bytes, in database 0 "
                        "or 2");
    } else if (!peek_is_writable(ret_row->table)) {
        peek_error(ask, "READONLY the rows of this database are changed by the shop alone");
    } else {
        return true;
    }
    return false;
}

/* The row as it stands; empty and STORE_NEVER when there is none. False: the store failed, and that
 * was said. */
static bool row_read(struct ask *ask, const struct row *row, bool *ret_found, struct str *ret_value,
                     int64_t *ret_expires_ms) {
    enum gb_err err = tx_get(ask->tx, row->table, row->key, ret_value);
    if (err == GB_OK) {
        err = tx_expiry(ask->tx, row->table, row->key, ret_expires_ms);
    }
    *ret_found = err == GB_OK;
    if (err != GB_OK && err != GB_NOT_FOUND) {
        peek_fault(ask, err);
        return false;
    }
    return true;
}

static void say_bad_time(struct ask *ask) {
    resp_error(&ask->out, arena_printf(ask->arena, "ERR invalid expire time in '%s' command",
                                       ask->command->name));
}

/* ---- SET ---- */

struct set_words {
    bool only_new, only_old, keep_expiry, get, has_expiry;
    int64_t expires_ms;
};

/* EX, PX, EXAT, PXAT and their number. False: said what is wrong with it. */
static bool expiry_word(struct ask *ask, size_t at, struct set_words *words) {
    bool is_instant = peek_arg_is(ask, at, "exat") || peek_arg_is(ask, at, "pxat");
    int64_t unit_ms = peek_arg_is(ask, at, "ex") || peek_arg_is(ask, at, "exat") ? GB_SECOND_MS : 1;
    int64_t number;
    if (num_i64(ask->argv[at + 1], INT64_MIN, INT64_MAX, &number) != GB_OK) {
        peek_error(ask, NO_NUMBER);
        return false;
    }
    if (number <= 0 || !num_multiply(number, unit_ms, &words->expires_ms) ||
        !num_add(words->expires_ms, is_instant ? 0 : ask->now_ms, &words->expires_ms)) {
        say_bad_time(ask);
        return false;
    }
    words->has_expiry = true;
    return true;
}

static bool set_words(struct ask *ask, struct set_words *words) {
    static const char *const times[] = {"ex", "px", "exat", "pxat"};
    for (size_t i = 3; i < ask->argc; i++) {
        bool is_time = false;
        for (size_t t = 0; t < GB_COUNT(times); t++) {
            is_time |= peek_arg_is(ask, i, times[t]);
        }
        if (is_time && i + 1 < ask->argc && !words->has_expiry) {
            if (!expiry_word(ask, i, words)) {
                return false;
            }
            i++;
        } else if (peek_arg_is(ask, i, "nx")) {
            words->only_new = true;
        } else if (peek_arg_is(ask, i, "xx")) {
            words->only_old = true;
        } else if (peek_arg_is(ask, i, "get")) {
            words->get = true;
        } else if (peek_arg_is(ask, i, "keepttl")) {
            words->keep_expiry = true;
        } else {
            peek_error(ask, "ERR syntax error");
            return false;
        }
    }
    if ((words->only_new && words->only_old) || (words->keep_expiry && words->has_expiry)) {
        peek_error(ask, "ERR syntax error");
        return false;
    }
    return true;
}

void peek_set(struct ask *ask) {
    struct set_words words = {.expires_ms = STORE_NEVER};
    struct row row;
    bool found;
    struct str before = STR_NONE;
    int64_t before_ms = STORE_NEVER;
    if (!set_words(ask, &words) || !row_of(ask, ask->argv[1], &row) ||
        !row_read(ask, &row, &found, &before, &before_ms)) {
        return;
    }
    bool sets = found ? !words.only_new : !words.only_old;
    if (words.get && found) {
        resp_bulk(&ask->out, peek_show(ask->arena, row.table, row.key, before));
    } else if (words.get || !sets) {
        resp_null(&ask->out);
    } else {
        resp_simple(&ask->out, "OK");
    }
    if (sets) {
        tx_put(ask->tx, row.table, row.key, ask->argv[2],
               words.keep_expiry ? before_ms : words.expires_ms);
    }
}

/* ---- the others ---- */

void peek_del(struct ask *ask) {
    int64_t count = 0;
    for (size_t i = 1; i < ask->argc; i++) {
        struct row row;
        struct str value;
        bool there = peek_locate(ask, ask->argv[i], &row.table, &row.key);
        if (there && !peek_is_writable(row.table)) {
            peek_error(ask, "READONLY the shop's records are changed by the shop alone");
            return; /* all keys of a database are of one kind: nothing was removed yet */
        }
        if (there && tx_get(ask->tx, row.table, row.key, &value) == GB_OK) {
            tx_del(ask->tx, row.table, row.key);
            count++;
        }
    }
    resp_int(&ask->out, count);
}

static void expire(struct ask *ask, int64_t unit_ms) {
    struct row row;
    bool found;
    struct str value;
    int64_t before_ms, number, expires_ms;
    if (num_i64(ask->argv[2], INT64_MIN, INT64_MAX, &number) != GB_OK) {
        peek_error(ask, NO_NUMBER);
        return;
    }
    if (ask->argc > 3) {
        resp_error(&ask->out, arena_printf(ask->arena, "ERR Unsupported option " STR_FMT,
                                           STR_ARG(str_sub(ask->argv[3], 0, PEEK_NAME_MAX))));
        return;
    }
    if (!num_multiply(number, unit_ms, &expires_ms) ||
        !num_add(expires_ms, ask->now_ms, &expires_ms)) {
        say_bad_time(ask);
        return;
    }
    if (!row_of(ask, ask->argv[1], &row) || !row_read(ask, &row, &found, &value, &before_ms)) {
        return;
    }
    if (found && number <= 0) {
        tx_del(ask->tx, row.table, row.key);
    } else if (found) {
        tx_put(ask->tx, row.table, row.key, value, expires_ms);
    }
    resp_int(&ask->out, found);
}

void peek_expire(struct ask *ask) {
    expire(ask, GB_SECOND_MS);
}

void peek_pexpire(struct ask *ask) {
    expire(ask, 1);
}

void peek_persist(struct ask *ask) {
    struct row row;
    bool found;
    struct str value;
    int64_t before_ms = STORE_NEVER;
    if (!row_of(ask, ask->argv[1], &row) || !row_read(ask, &row, &found, &value, &before_ms)) {
        return;
    }
    bool changes = found && before_ms != STORE_NEVER;
    if (changes) {
        tx_put(ask->tx, row.table, row.key, value, STORE_NEVER);
    }
    resp_int(&ask->out, changes);
}

static void add(struct ask *ask, int64_t step) {
    struct row row;
    bool found;
    struct str value = STR_NONE;
    int64_t before_ms = STORE_NEVER, number = 0;
    if (!row_of(ask, ask->argv[1], &row) || !row_read(ask, &row, &found, &value, &before_ms)) {
        return;
    }
    if (found && num_i64(value, INT64_MIN, INT64_MAX, &number) != GB_OK) {
        peek_error(ask, NO_NUMBER);
        return;
    }
    if (!num_add(number, step, &number)) {
        peek_error(ask, "ERR increment or decrement would overflow");
        return;
    }
    tx_put(ask->tx, row.table, row.key, arena_printf(ask->arena, "%" PRId64, number), before_ms);
    resp_int(&ask->out, number);
}

void peek_incr(struct ask *ask) {
    add(ask, 1);
}

void peek_decr(struct ask *ask) {
    add(ask, -1);
}

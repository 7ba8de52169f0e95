#include "store/backend.h"

#include "base/arena.h"
#include "base/crypto.h"

#define CHANGES_MAX 10000
#define FIRST_ROOM  16

/* One key this view has read or written. */
struct touched {
    int table;
    struct str key;
    bool was_read, is_written;
    bool found;       /* as read from the backend */
    struct str seen;  /* value read */
    struct str value; /* value written; p NULL: removed */
    int64_t expires_ms;
};

struct tx {
    struct backend *backend;
    struct arena *arena;
    int64_t now_ms;
    struct touched **rows; /* sorted by table, then key */
    size_t count, room;
    enum gb_err fault;
    struct change *changes; /* made by tx_changes */
    size_t change_count;
    bool over;
};

struct tx *tx_begin(struct backend *backend, struct arena *arena, int64_t now_ms) {
    struct tx *tx = ARENA_NEW(arena, struct tx);
    tx->backend = backend;
    tx->arena = arena;
    tx->now_ms = now_ms;
    return tx;
}

int64_t tx_now(const struct tx *tx) {
    return tx->now_ms;
}

enum gb_err tx_fault(const struct tx *tx) {
    return tx->fault;
}

static int compare(int table_a, struct str a, int table_b, struct str b) {
    return table_a != table_b ? (table_a < table_b ? -1 : 1) : str_compare(a, b);
}

/* First row not below (table, key). */
static size_t lower_bound(const struct tx *tx, int table, struct str key) {
    size_t from = 0, until = tx->count;
    while (from < until) {
        size_t middle = from + (until - from) / 2;
        const struct touched *row = tx->rows[middle];
        if (compare(row->table, row->key, table, key) < 0) {
            from = middle + 1;
        } else {
            until = middle;
        }
    }
    return from;
}

static struct touched *touch(struct tx *tx, int table, struct str key) {
    gb_assert(!tx->over);
    gb_assert(table >= 0 && (size_t)table < tx->backend->table_count);
    gb_assert(key.n > 0 && key.n <= STORE_KEY_MAX);
    size_t at = lower_bound(tx, table, key);
    if (at < tx->count && compare(tx->rows[at]->table, tx->rows[at]->key, table, key) == 0) {
        return tx->rows[at];
    }
    gb_assert(tx->count < 2 * CHANGES_MAX);
    if (tx->count == tx->room) {
        tx->room = GB_MAX(tx->room * 2, (size_t)FIRST_ROOM);
        struct touched **rows = arena_take(tx->arena, tx->room * sizeof(*rows));
        if (tx->count > 0) {
            memcpy(rows, tx->rows, tx->count * sizeof(*rows));
        }
        tx->rows = rows;
    }
    struct touched *row = ARENA_NEW(tx->arena, struct touched);
    row->table = table;
    row->key = arena_copy(tx->arena, key);
    memmove(&tx->rows[at + 1], &tx->rows[at], (tx->count - at) * sizeof(struct touched *));
    tx->rows[at] = row;
    tx->count++;
    return row;
}

static bool is_gone(const struct tx *tx, const struct touched *row) {
    return row->value.p == NULL ||
           (row->expires_ms != STORE_NEVER && row->expires_ms <= tx->now_ms);
}

enum gb_err tx_get(struct tx *tx, int table, struct str key, struct str *ret_value) {
    struct touched *row = touch(tx, table, key);
    if (row->is_written) {
        if (is_gone(tx, row)) {
            return GB_NOT_FOUND;
        }
        *ret_value = row->value;
        return GB_OK;
    }
    if (!row->was_read) {
        enum gb_err err =
            tx->backend->ops->read(tx->backend, table, row->key, tx->now_ms, tx->arena, &row->seen);
        if (err != GB_OK && err != GB_NOT_FOUND) {
            tx->fault = err;
            return err;
        }
        row->was_read = true;
        row->found = err == GB_OK;
    }
    if (!row->found) {
        return GB_NOT_FOUND;
    }
    *ret_value = row->seen;
    return GB_OK;
}

enum gb_err tx_expiry(struct tx *tx, int table, struct str key, int64_t *ret_expires_ms) {
    struct touched *row = touch(tx, table, key);
    if (row->is_written) {
        *ret_expires_ms = row->expires_ms;
        return is_gone(tx, row) ? GB_NOT_FOUND : GB_OK;
    }
    enum gb_err err =
        tx->backend->ops->expiry(tx->backend, table, row->key, tx->now_ms, ret_expires_ms);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        tx->fault = err;
    }
    return err;
}

void tx_put(struct tx *tx, int table, struct str key, struct str value, int64_t expires_ms) {
    gb_assert(value.n <= STORE_VALUE_MAX);
    struct touched *row = touch(tx, table, key);
    row->is_written = true;
    row->value = arena_copy(tx->arena, value);
    row->expires_ms = expires_ms;
}

void tx_del(struct tx *tx, int table, struct str key) {
    struct touched *row = touch(tx, table, key);
    row->is_written = true;
    row->value = STR_NONE;
    row->expires_ms = STORE_NEVER;
}

/* ---- scan: the backend's rows and the view's own, in one order ---- */

struct merge {
    struct tx *tx;
    int table;
    size_t at;  /* next own row */
    size_t end; /* behind the last own row of the range */
    size_t left;
    bool stopped;
    tx_row_fn *each;
    void *ctx;
};

static bool hand_out(struct merge *m, struct str key, struct str value) {
    m->left--;
    if (!m->each(m->ctx, key, value) || m->left == 0) {
        m->stopped = true;
    }
    return !m->stopped;
}

/* Own rows below `key` (all of them when key.p is NULL). */
static bool hand_out_own(struct merge *m, const struct str *key) {
    while (m->at < m->end && !m->stopped) {
        const struct touched *row = m->tx->rows[m->at];
        if (key != NULL && str_compare(row->key, *key) >= 0) {
            return true;
        }
        m->at++;
        if (row->is_written && !is_gone(m->tx, row)) {
            hand_out(m, row->key, row->value);
        }
    }
    return !m->stopped;
}

static bool merge_row(void *ctx, struct str key, struct str value) {
    struct merge *m = ctx;
    if (!hand_out_own(m, &key)) {
        return false;
    }
    if (m->at < m->end && str_equal(m->tx->rows[m->at]->key, key)) {
        const struct touched *row = m->tx->rows[m->at++];
        if (row->is_written) {
            return is_gone(m->tx, row) ? true : hand_out(m, row->key, row->value);
        }
    }
    return hand_out(m, key, value);
}

enum gb_err tx_scan(struct tx *tx, int table, struct str from, struct str until, size_t limit,
                    tx_row_fn *each, void *ctx) {
    gb_assert(!tx->over);
    if (limit == 0) {
        return GB_OK;
    }
    struct merge m = {.tx = tx, .table = table, .left = limit, .each = each, .ctx = ctx};
    m.at = lower_bound(tx, table, from);
    m.end = until.n > 0 ? lower_bound(tx, table, until) : lower_bound(tx, table + 1, STR_NONE);
    size_t removed = 0; /* the backend may hand out rows that the view has removed */
    for (size_t i = m.at; i < m.end; i++) {
        removed += tx->rows[i]->is_written;
    }
    size_t most = limit > SIZE_MAX - removed ? SIZE_MAX : limit + removed;
    enum gb_err err = tx->backend->ops->scan(tx->backend, table, from, until, most, tx->now_ms,
                                             tx->arena, merge_row, &m);
    if (err != GB_OK) {
        tx->fault = err;
        return err;
    }
    hand_out_own(&m, NULL);
    return GB_OK;
}

enum gb_err tx_scan_prefix(struct tx *tx, int table, struct str prefix, size_t limit,
                           tx_row_fn *each, void *ctx) {
    gb_assert(prefix.n > 0 && prefix.n <= STORE_KEY_MAX);
    /* The first key behind all that start with it: the last byte that is not 0xff, plus one. */
    char *until = arena_take(tx->arena, prefix.n);
    memcpy(until, prefix.p, prefix.n);
    size_t n = prefix.n;
    while (n > 0 && (unsigned char)until[n - 1] == 0xff) {
        n--;
    }
    if (n > 0) {
        until[n - 1] = (char)((unsigned char)until[n - 1] + 1);
    }
    return tx_scan(tx, table, prefix, (struct str){until, n}, limit, each, ctx);
}

/* ---- the engine's side ---- */

void tx_changes(const struct tx *tx, const struct change **ret_changes, size_t *ret_count) {
    struct change *changes = ARENA_ARRAY(tx->arena, struct change, tx->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < tx->count; i++) {
        const struct touched *row = tx->rows[i];
        if (row->is_written) {
            changes[count++] = (struct change){row->table, row->key, row->value, row->expires_ms};
        }
    }
    *ret_changes = changes;
    *ret_count = count;
}

uint64_t seen_digest(struct str value) {
    return hash64(value, 0) | 1;
}

static size_t rows_read(const struct tx *tx, struct seen_row **ret_reads) {
    struct seen_row *reads = ARENA_ARRAY(tx->arena, struct seen_row, tx->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < tx->count; i++) {
        const struct touched *row = tx->rows[i];
        if (row->was_read) {
            uint64_t digest = row->found ? seen_digest(row->seen) : 0;
            reads[count++] = (struct seen_row){row->table, row->key, digest};
        }
    }
    *ret_reads = reads;
    return count;
}

enum gb_err tx_apply(struct tx *tx) {
    gb_assert(!tx->over);
    tx->over = true;
    if (tx->fault != GB_OK) {
        return tx->fault;
    }
    const struct change *changes;
    size_t change_count;
    tx_changes(tx, &changes, &change_count);
    if (change_count == 0) {
        return GB_OK;
    }
    gb_assert(change_count <= CHANGES_MAX);
    struct backend *backend = tx->backend;
    struct seen_row *reads = NULL;
    size_t read_count = backend->is_shared ? rows_read(tx, &reads) : 0;
    return backend->ops->apply(backend, reads, read_count, changes, change_count, tx->now_ms);
}

bool tx_same_changes(const struct tx *a, const struct tx *b, struct arena *arena,
                     struct str *reterr_why) {
    const struct change *left, *right;
    size_t left_count, right_count;
    tx_changes(a, &left, &left_count);
    tx_changes(b, &right, &right_count);
    for (size_t i = 0; i < GB_MAX(left_count, right_count); i++) {
        bool both = i < left_count && i < right_count;
        const struct change *any = i < left_count ? &left[i] : &right[i];
        if (!both || left[i].table != right[i].table || !str_equal(left[i].key, right[i].key) ||
            !str_equal(left[i].value, right[i].value) ||
            (left[i].value.p == NULL) != (right[i].value.p == NULL) ||
            left[i].expires_ms != right[i].expires_ms) {
            *reterr_why = arena_printf(arena, "%s " STR_FMT, a->backend->tables[any->table].name,
                                       STR_ARG(any->key));
            return false;
        }
    }
    return true;
}

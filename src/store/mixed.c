/* mixed.c: the shop's records in one backend (LMDB), dialogs, kept lists and limits in another
 * (Redis), as systems have it that grew around a Redis.
 *
 * The records decide. What goes to the other side is held back until they are on disk, and written
 * then: a crash in between leaves a dialog as it was before, never a record that is ahead of its
 * dialog's update. While the other side is away nothing of its is read, so events wait; what was
 * decided before stays in hand and is seen by reads.
 */
#include "store/backend.h"

#include "base/arena.h"

#define FIRST_DB_OF_RECORDS 3
#define MEMORY_FIRST        ((size_t)4 * 1024)
#define MEMORY_MAX          ((size_t)256 * 1024 * 1024)
#define HELD_MAX            ((size_t)8192)

struct mixed {
    struct backend backend;
    struct backend *records, *rest;
    struct change *held;   /* for `rest`, HELD_MAX; texts in `memory` */
    size_t count, decided; /* the first `decided` belong to what is on disk */
    struct arena *own, *memory, *scratch;
    int64_t now_ms; /* of the last apply */
};

static struct mixed *mixed_of(struct backend *b) {
    return (struct mixed *)(void *)b; /* its first member */
}

static bool is_record(const struct backend *b, int table) {
    return b->tables[table].redis_db >= FIRST_DB_OF_RECORDS;
}

/* The last one counts. */
static const struct change *held_find(const struct mixed *m, int table, struct str key) {
    for (size_t i = m->count; i > 0; i--) {
        const struct change *change = &m->held[i - 1];
        if (change->table == table && str_equal(change->key, key)) {
            return change;
        }
    }
    return NULL;
}

static enum gb_err mixed_read(struct backend *b, int table, struct str key, int64_t now_ms,
                              struct arena *arena, struct str *ret_value) {
    struct mixed *m = mixed_of(b);
    if (is_record(b, table)) {
        return m->records->ops->read(m->records, table, key, now_ms, arena, ret_value);
    }
    const struct change *held = held_find(m, table, key);
    if (held == NULL) {
        return m->rest->ops->read(m->rest, table, key, now_ms, arena, ret_value);
    }
    bool over = held->expires_ms != STORE_NEVER && held->expires_ms <= now_ms;
    if (held->value.p == NULL || over) {
        return GB_NOT_FOUND;
    }
    *ret_value = arena_copy(arena, held->value);
    return GB_OK;
}

/* What is held back lies over the other side's rows as a view's own writes do. */
/* NOLINTNEXTLINE(readability-function-size): as backend_ops has it */
static enum gb_err mixed_scan(struct backend *b, int table, struct str from, struct str until,
                              size_t limit, int64_t now_ms, struct arena *arena,
                              backend_row_fn *each, void *ctx) {
    struct mixed *m = mixed_of(b);
    if (is_record(b, table)) {
        return m->records->ops->scan(m->records, table, from, until, limit, now_ms, arena, each,
                                     ctx);
    }
    struct tx *tx = tx_begin(m->rest, arena, now_ms);
    for (size_t i = 0; i < m->count; i++) {
        const struct change *held = &m->held[i];
        if (held->table == table && held->value.p == NULL) {
            tx_del(tx, table, held->key);
        } else if (held->table == table) {
            tx_put(tx, table, held->key, held->value, held->expires_ms);
        }
    }
    return tx_scan(tx, table, from, until, limit, each, ctx);
}

static void hold(struct mixed *m, const struct change *change) {
    m->held[m->count++] = (struct change){
        .table = change->table,
        .key = arena_copy(m->memory, change->key),
        .value = change->value.p != NULL ? arena_copy(m->memory, change->value) : STR_NONE,
        .expires_ms = change->expires_ms,
    };
}

/* The records among the changes, in one piece. */
static size_t records_of(struct mixed *m, const struct change *changes, size_t count,
                         const struct change **ret_records) {
    struct change *records = ARENA_ARRAY(m->scratch, struct change, count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_record(&m->backend, changes[i].table)) {
            records[kept++] = changes[i];
        }
    }
    *ret_records = records;
    return kept;
}

static enum gb_err mixed_apply(struct backend *b, const struct seen_row *reads, size_t read_count,
                               const struct change *changes, size_t change_count, int64_t now_ms) {
    struct mixed *m = mixed_of(b);
    const struct change *records;
    m->now_ms = now_ms;
    size_t record_count = records_of(m, changes, change_count, &records);
    enum gb_err err = GB_OK;
    if (m->count + change_count - record_count > HELD_MAX) {
        b->trouble = "the other store is away and too much waits for it";
        err = GB_UNAVAILABLE;
    } else if (record_count > 0) {
        err = m->records->ops->apply(m->records, reads, read_count, records, record_count, now_ms);
        b->trouble = m->records->trouble;
    }
    arena_clear(m->scratch);
    for (size_t i = 0; err == GB_OK && i < change_count; i++) {
        if (!is_record(b, changes[i].table)) {
            hold(m, &changes[i]);
        }
    }
    if (err != GB_OK) {
        m->count = m->decided; /* the turn's earlier changes are gone too */
    }
    return err;
}

/* What is decided goes over. If the other side is away, or may have it already, it stays in hand:
 * the same rows with the same texts once more do no harm. */
static void hand_over(struct mixed *m) {
    if (m->decided > 0 &&
        m->rest->ops->apply(m->rest, NULL, 0, m->held, m->decided, m->now_ms) == GB_OK) {
        m->count = 0;
        m->decided = 0;
        arena_clear(m->memory);
    }
}

static enum gb_err mixed_sync(struct backend *b) {
    struct mixed *m = mixed_of(b);
    enum gb_err err = m->records->ops->sync(m->records);
    b->trouble = m->records->trouble;
    if (err != GB_OK) {
        m->count = m->decided;
        return err;
    }
    m->decided = m->count;
    hand_over(m);
    return GB_OK;
}

static void mixed_drop(struct backend *b) {
    struct mixed *m = mixed_of(b);
    m->count = m->decided;
    m->records->ops->drop(m->records);
}

static enum gb_err mixed_purge(struct backend *b, int64_t now_ms, size_t limit,
                               size_t *ret_removed) {
    struct mixed *m = mixed_of(b);
    enum gb_err err = m->records->ops->purge(m->records, now_ms, limit, ret_removed);
    size_t more = 0;
    if (err == GB_OK && *ret_removed < limit &&
        m->rest->ops->purge(m->rest, now_ms, limit - *ret_removed, &more) == GB_OK) {
        *ret_removed += more;
    }
    return err;
}

static void mixed_close(struct backend *b) {
    struct mixed *m = mixed_of(b);
    hand_over(m);
    m->rest->ops->close(m->rest);
    m->records->ops->close(m->records);
    arena_free(m->memory);
    arena_free(m->scratch);
    arena_free(m->own);
}

static enum gb_err mixed_expiry(struct backend *b, int table, struct str key, int64_t now_ms,
                                int64_t *ret_expires_ms) {
    struct mixed *m = mixed_of(b);
    const struct change *held = is_record(b, table) ? NULL : held_find(m, table, key);
    if (held == NULL) {
        struct backend *side = is_record(b, table) ? m->records : m->rest;
        return side->ops->expiry(side, table, key, now_ms, ret_expires_ms);
    }
    *ret_expires_ms = held->expires_ms;
    bool over = held->expires_ms != STORE_NEVER && held->expires_ms <= now_ms;
    return held->value.p == NULL || over ? GB_NOT_FOUND : GB_OK;
}

static void mixed_figures(const struct backend *b, backend_figure_fn *each, void *ctx) {
    const struct mixed *m = (const struct mixed *)(const void *)b; /* its first member */
    m->records->ops->figures(m->records, each, ctx);
    m->rest->ops->figures(m->rest, each, ctx);
    each(ctx, "mixed_held_rows", false, (int64_t)m->count);
}

static const struct backend_ops mixed_ops = {
    .name = "mixed",
    .read = mixed_read,
    .scan = mixed_scan,
    .apply = mixed_apply,
    .sync = mixed_sync,
    .drop = mixed_drop,
    .purge = mixed_purge,
    .close = mixed_close,
    .figures = mixed_figures,
    .expiry = mixed_expiry,
};

void mixed_open(struct backend *records, struct backend *rest, struct backend **ret_backend) {
    struct arena *own = arena_new(MEMORY_FIRST, MEMORY_MAX);
    struct mixed *m = ARENA_NEW(own, struct mixed);
    m->own = own;
    m->held = ARENA_ARRAY(own, struct change, HELD_MAX);
    m->memory = arena_new(MEMORY_FIRST, MEMORY_MAX);
    m->scratch = arena_new(MEMORY_FIRST, MEMORY_MAX);
    m->backend.ops = &mixed_ops;
    m->backend.tables = records->tables;
    m->backend.table_count = records->table_count;
    m->records = records;
    m->rest = rest;
    *ret_backend = &m->backend;
}

#define GB_DOOR "rows live on the heap"
#include "shared_rows.h"

#include "base/arena.h"

struct row {
    char *key, *value;
    size_t key_n, value_n;
    int64_t expires_ms;
};

struct table {
    struct row *rows; /* sorted by key */
    size_t count, room;
};

struct shared {
    struct backend head;
    struct table tables[STORE_TABLES_MAX];
    struct shared_counts counts;
};

static struct shared *shared_of(struct backend *b) {
    return (struct shared *)b;
}

static struct str key_of(const struct row *row) {
    return (struct str){row->key, row->key_n};
}

static size_t lower_bound(const struct table *t, struct str key) {
    size_t from = 0, until = t->count;
    if (t->count > 0 && str_compare(key_of(&t->rows[t->count - 1]), key) < 0) {
        return t->count;
    }
    while (from < until) {
        size_t middle = from + (until - from) / 2;
        if (str_compare(key_of(&t->rows[middle]), key) < 0) {
            from = middle + 1;
        } else {
            until = middle;
        }
    }
    return from;
}

static struct row *find(const struct table *t, struct str key, int64_t now_ms) {
    size_t at = lower_bound(t, key);
    if (at == t->count || !str_equal(key_of(&t->rows[at]), key)) {
        return NULL;
    }
    struct row *row = &t->rows[at];
    return row->expires_ms != STORE_NEVER && row->expires_ms <= now_ms ? NULL : row;
}

static enum gb_err shared_read(struct backend *b, int table, struct str key, int64_t now_ms,
                               struct arena *arena, struct str *ret_value) {
    shared_of(b)->counts.gets++;
    const struct row *row = find(&shared_of(b)->tables[table], key, now_ms);
    if (row == NULL) {
        return GB_NOT_FOUND;
    }
    *ret_value = arena_copy(arena, (struct str){row->value, row->value_n});
    return GB_OK;
}

static enum gb_err shared_scan(struct backend *b, int table, struct str from, struct str until,
                               size_t limit, int64_t now_ms, struct arena *arena,
                               backend_row_fn *each, void *ctx) {
    struct table *t = &shared_of(b)->tables[table];
    shared_of(b)->counts.scans++;
    for (size_t i = lower_bound(t, from); i < t->count && limit > 0; i++) {
        const struct row *row = &t->rows[i];
        if (until.n > 0 && str_compare(key_of(row), until) >= 0) {
            break;
        }
        if (row->expires_ms != STORE_NEVER && row->expires_ms <= now_ms) {
            continue;
        }
        shared_of(b)->counts.scanned++;
        limit--;
        if (!each(ctx, arena_copy(arena, key_of(row)),
                  arena_copy(arena, (struct str){row->value, row->value_n}))) {
            break;
        }
    }
    return GB_OK;
}

static char *copy_of(struct str s) {
    char *copy = malloc(s.n + 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, s.n > 0 ? s.p : "", s.n);
    return copy;
}

static void drop_row(struct table *t, size_t at) {
    free(t->rows[at].key);
    free(t->rows[at].value);
    t->count--;
    memmove(&t->rows[at], &t->rows[at + 1], (t->count - at) * sizeof t->rows[0]);
}

static void put_row(struct table *t, size_t at, const struct change *change) {
    if (t->count == t->room) {
        t->room = t->room * 2 + 64;
        t->rows = realloc(t->rows, t->room * sizeof t->rows[0]);
        if (t->rows == NULL) {
            abort();
        }
    }
    memmove(&t->rows[at + 1], &t->rows[at], (t->count - at) * sizeof t->rows[0]);
    t->rows[at] = (struct row){copy_of(change->key), copy_of(change->value), change->key.n,
                               change->value.n, change->expires_ms};
    t->count++;
}

static enum gb_err shared_apply(struct backend *b, const struct seen_row *reads, size_t read_count,
                                const struct change *changes, size_t change_count, int64_t now_ms) {
    for (size_t i = 0; i < read_count; i++) {
        const struct row *row = find(&shared_of(b)->tables[reads[i].table], reads[i].key, now_ms);
        uint64_t digest = row != NULL ? seen_digest((struct str){row->value, row->value_n}) : 0;
        if (digest != reads[i].digest) {
            shared_of(b)->counts.conflicts++;
            return GB_CONFLICT;
        }
    }
    for (size_t i = 0; i < change_count; i++) {
        struct table *t = &shared_of(b)->tables[changes[i].table];
        size_t at = lower_bound(t, changes[i].key);
        if (at < t->count && str_equal(key_of(&t->rows[at]), changes[i].key)) {
            drop_row(t, at);
        }
        if (changes[i].value.p != NULL) {
            put_row(t, at, &changes[i]);
        }
    }
    return GB_OK;
}

static enum gb_err shared_sync(struct backend *b) {
    (void)b;
    return GB_OK;
}

static const struct backend_ops ops = {
    .name = "shared",
    .read = shared_read,
    .scan = shared_scan,
    .apply = shared_apply,
    .sync = shared_sync,
};

struct backend *shared_rows_new(const struct store_table *tables, size_t table_count) {
    struct shared *shared = calloc(1, sizeof *shared);
    if (shared == NULL) {
        abort();
    }
    shared->head = (struct backend){
        .ops = &ops, .tables = tables, .table_count = table_count, .is_shared = true};
    return &shared->head;
}

void shared_rows_free(struct backend *backend) {
    struct shared *shared = shared_of(backend);
    for (size_t i = 0; i < STORE_TABLES_MAX; i++) {
        while (shared->tables[i].count > 0) {
            drop_row(&shared->tables[i], shared->tables[i].count - 1);
        }
        free(shared->tables[i].rows);
    }
    free(shared);
}

struct shared_counts shared_rows_counts(struct backend *backend) {
    struct shared_counts counts = shared_of(backend)->counts;
    shared_of(backend)->counts = (struct shared_counts){0};
    return counts;
}

size_t shared_rows_size(struct backend *backend, int table) {
    return shared_of(backend)->tables[table].count;
}

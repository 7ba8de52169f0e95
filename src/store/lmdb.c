#define GB_DOOR "files, the lock and LMDB's own memory"
#include "store/backend.h"

#include "base/arena.h"
#include "base/num.h"

#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAP_FIRST      ((size_t)16 * 1024 * 1024)
#define MAP_MAX        ((size_t)64 * 1024 * 1024 * 1024)
#define FORMAT         "gigabridge store 1"
#define HEADER_BYTES   9 /* expires_ms, big-endian; then a byte that says how the rest is written */
#define LET_GO_EVERY   128 /* changes */
#define LOOKS_A_CHANGE 32  /* a look touches fewer pages, most of them again and again */
#define SCAN_LOOKS_MAX ((size_t)1000)
#define PLAIN          1
#define EXPIRY_KEY     (STORE_KEY_MAX + 10)
#define READERS_BYTES  12288 /* LMDB's table of readers: room for some 180 */
#define NO_TABLE       0 /* of a snapshot: an older version had no such table; LMDB's own number 0 */
#define NOT_OURS       (-1) /* beside LMDB's codes, which begin at -30799, and errno's */

struct lmdb {
    struct backend base;
    MDB_env *env;
    MDB_dbi table[STORE_TABLES_MAX], expiry, meta;
    MDB_txn *turn; /* write transaction of this turn; NULL: none yet */
    bool changed;  /* something was applied in it */
    int lock_fd;
    size_t map_bytes, map_max;
    unsigned flags;                /* of mdb_env_open */
    char *path;                    /* as it was opened: LMDB's other file is named after it */
    char *mapped;                  /* as the kernel's list of maps has it */
    uintptr_t map_from, map_until; /* where it lies in memory; 0: not looked up since it grew */
    uint64_t looks;                /* rows read */
    uint64_t let_go_at; /* count of changes, and of looks, at which the map's pages are let go */
    struct lmdb_stats stats;
};

static struct lmdb *lmdb_of(struct backend *b) {
    return (struct lmdb *)(void *)b;
}

static enum gb_err err_of(int rc) {
    switch (rc) {
    case MDB_SUCCESS:
        return GB_OK;
    case MDB_NOTFOUND:
        return GB_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EIO: /* what a full file system may say to a write through LMDB */
        return GB_NO_SPACE;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case NOT_OURS:
        return GB_DAMAGED;
    default:
        return GB_UNAVAILABLE;
    }
}

static const char *words_of(int rc) {
    return rc == NOT_OURS ? "not data of this program, or of a newer one" : mdb_strerror(rc);
}

/* For apply, sync and purge: the log wants the reason, too. */
static enum gb_err failed_for(struct lmdb *l, int rc) {
    l->base.trouble = rc == MDB_SUCCESS ? NULL : words_of(rc);
    return err_of(rc);
}

static MDB_val val(struct str s) {
    union {
        const char *from;
        void *to;
    } cast = {.from = s.p};
    return (MDB_val){s.n, cast.to};
}

static struct str str_val(MDB_val v) {
    return (struct str){v.mv_data, v.mv_size};
}

/* LMDB's own order (memcmp, then length), eight bytes at a time: it is asked at every step of every
 * search. */
static int key_compare(const MDB_val *a, const MDB_val *b) {
    const unsigned char *left = a->mv_data, *right = b->mv_data;
    size_t both = GB_MIN(a->mv_size, b->mv_size), at = 0;
    while (at + 8 <= both && memcmp(left + at, right + at, 8) == 0) {
        at += 8;
    }
    int order = memcmp(left + at, right + at, GB_MIN(both - at, (size_t)8));
    return order != 0 ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

/* ---- values: header and payload ---- */

static void be64_put(unsigned char *to, uint64_t v) {
    for (int i = 7; i >= 0; i--, v >>= 8) {
        to[i] = (unsigned char)v;
    }
}

static uint64_t be64_get(const unsigned char *from) {
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | from[i];
    }
    return v;
}

/* GB_NOT_FOUND: expired. GB_DAMAGED: not our header. */
static enum gb_err payload(MDB_val stored, int64_t now_ms, struct str *ret_value) {
    const unsigned char *p = stored.mv_data;
    if (stored.mv_size < HEADER_BYTES || p[8] != PLAIN) {
        return GB_DAMAGED;
    }
    int64_t expires_ms = (int64_t)be64_get(p);
    if (expires_ms != STORE_NEVER && expires_ms <= now_ms) {
        return GB_NOT_FOUND;
    }
    *ret_value = (struct str){(const char *)p + HEADER_BYTES, stored.mv_size - HEADER_BYTES};
    return GB_OK;
}

/* ---- the file ---- */

/* Our own format, beside LMDB's. */
static int check_format(struct lmdb *l, MDB_txn *txn) {
    MDB_val k = val(STR("format")), v = val(STR(FORMAT));
    MDB_val found;
    int rc = mdb_get(txn, l->meta, &k, &found);
    if (rc == MDB_NOTFOUND) {
        return mdb_put(txn, l->meta, &k, &v, 0);
    }
    return rc != MDB_SUCCESS || str_equal(str_val(found), STR(FORMAT)) ? rc : NOT_OURS;
}

static int open_table(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *ret_table) {
    int rc = mdb_dbi_open(txn, name, flags, ret_table);
    return rc == MDB_SUCCESS ? mdb_set_compare(txn, *ret_table, key_compare) : rc;
}

static int open_tables(struct lmdb *l, MDB_txn *txn) {
    int rc = open_table(txn, "_meta", MDB_CREATE, &l->meta);
    if (rc == MDB_SUCCESS) {
        rc = open_table(txn, "_expiry", MDB_CREATE, &l->expiry);
    }
    for (size_t i = 0; rc == MDB_SUCCESS && i < l->base.table_count; i++) {
        rc = open_table(txn, l->base.tables[i].name, MDB_CREATE, &l->table[i]);
    }
    return rc == MDB_SUCCESS ? check_format(l, txn) : rc;
}

/* The file may end before the last page it knows of: pages that came and went within one turn are
 * never written. Such a file is filled up with nothing, so that no look behind its end can be the
 * end of the process. *ret_bytes: how long it was; -1: it was whole. */
static int fill_up(struct lmdb *l, off_t *ret_bytes) {
    MDB_envinfo info;
    MDB_stat about;
    struct stat file;
    int fd = -1;
    (void)mdb_env_info(l->env, &info);
    (void)mdb_env_stat(l->env, &about);
    (void)mdb_env_get_fd(l->env, &fd);
    off_t bytes = (off_t)((info.me_last_pgno + 1) * about.ms_psize);
    *ret_bytes = -1;
    if (fstat(fd, &file) != 0) {
        return errno;
    }
    if (file.st_size >= bytes) {
        return MDB_SUCCESS;
    }
    *ret_bytes = file.st_size;
    return ftruncate(fd, bytes) == 0 ? MDB_SUCCESS : errno;
}

/* A row that was behind the end is nothing now. */
static int check_rows(struct lmdb *l, MDB_txn *txn) {
    int rc = MDB_SUCCESS;
    for (size_t i = 0; rc == MDB_SUCCESS && i < l->base.table_count; i++) {
        MDB_cursor *cursor;
        MDB_val k, v;
        struct str value;
        rc = mdb_cursor_open(txn, l->table[i], &cursor);
        if (rc != MDB_SUCCESS) {
            return rc;
        }
        do {
            rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
        } while (rc == MDB_SUCCESS && payload(v, 0, &value) == GB_OK);
        mdb_cursor_close(cursor);
        rc = rc == MDB_NOTFOUND ? MDB_SUCCESS : rc == MDB_SUCCESS ? MDB_CORRUPTED : rc;
    }
    return rc;
}

static int env_prepare(struct lmdb *l, bool was_short) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(l->env, NULL, 0, &txn);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = open_tables(l, txn);
    if (rc == MDB_SUCCESS && was_short) {
        rc = check_rows(l, txn);
    }
    if (rc == MDB_SUCCESS) {
        return mdb_txn_commit(txn);
    }
    mdb_txn_abort(txn);
    return rc;
}

/* LMDB maps its table of readers and writes there: on a full disk that would be the end of the
 * process, so the file is made long before. */
static int readers_prepare(const struct lmdb *l) {
    static const char nothing[READERS_BYTES];
    char path[PATH_MAX];
    struct stat file;
    if (snprintf(path, sizeof path, "%s-lock", l->path) >= (int)sizeof path) {
        return ENAMETOOLONG;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    int rc = fstat(fd, &file) == 0 ? MDB_SUCCESS : errno;
    if (rc == MDB_SUCCESS && file.st_size < READERS_BYTES) {
        size_t bytes = (size_t)(READERS_BYTES - file.st_size);
        ssize_t n = pwrite(fd, nothing, bytes, file.st_size);
        rc = n == (ssize_t)bytes ? MDB_SUCCESS : n < 0 ? errno : ENOSPC;
    }
    close(fd);
    return rc;
}

/* Open the file, or open it anew. */
static int env_open(struct lmdb *l) {
    off_t short_bytes = -1;
    l->map_from = l->map_until = 0;
    if (l->env != NULL) {
        mdb_env_close(l->env);
        l->env = NULL;
    }
    int rc = mdb_env_create(&l->env);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    mdb_env_set_maxdbs(l->env, STORE_TABLES_MAX + 2);
    mdb_env_set_mapsize(l->env, l->map_bytes);
    rc = readers_prepare(l);
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_open(l->env, l->path, l->flags, 0600);
    }
    if (rc == MDB_SUCCESS) {
        rc = fill_up(l, &short_bytes);
    }
    if (rc == MDB_SUCCESS) {
        rc = env_prepare(l, short_bytes >= 0);
    }
    if (rc != MDB_SUCCESS) {
        mdb_env_close(l->env);
        l->env = NULL;
        if (short_bytes >= 0) { /* as it was found, for who looks at it */
            rc = truncate(l->path, short_bytes) == 0 ? rc : errno;
        }
    }
    return rc;
}

/* ---- the turn's transaction ---- */

static void turn_abort(struct lmdb *l) {
    if (l->turn != NULL) {
        mdb_txn_abort(l->turn);
        l->turn = NULL;
        l->changed = false;
    }
}

/* After a write to the file's head failed LMDB refuses everything until it is opened anew; which of
 * the last two turns counts, the file itself says. */
static enum gb_err turn_begin(struct lmdb *l) {
    if (l->turn != NULL) {
        return GB_OK;
    }
    int rc = l->env != NULL ? mdb_txn_begin(l->env, NULL, 0, &l->turn) : MDB_PANIC;
    if (rc == MDB_PANIC) {
        rc = env_open(l);
        rc = rc == MDB_SUCCESS ? mdb_txn_begin(l->env, NULL, 0, &l->turn) : rc;
    }
    return failed_for(l, rc);
}

/* After MDB_MAP_FULL: the turn is gone, the next one has twice the room. */
static enum gb_err map_grow(struct lmdb *l) {
    turn_abort(l);
    if (l->map_bytes >= l->map_max) {
        return GB_NO_SPACE;
    }
    size_t wanted = GB_MIN(l->map_bytes * 2, l->map_max);
    if (mdb_env_set_mapsize(l->env, wanted) == MDB_SUCCESS) {
        l->map_bytes = wanted;
        l->map_from = l->map_until = 0;
    }
    return GB_NO_SPACE;
}

static enum gb_err turn_failed(struct lmdb *l, int rc) {
    enum gb_err err = failed_for(l, rc);
    if (rc == MDB_MAP_FULL) {
        return map_grow(l);
    }
    turn_abort(l);
    return err;
}

/* Where LMDB mapped its file: it does not tell, the kernel does. Nothing where there is no /proc.
 */
static void map_find(struct lmdb *l) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    while (maps != NULL && l->map_from == 0 && fgets(line, sizeof line, maps) != NULL) {
        struct str text = str_trim(str_of(line)), range, low;
        uint64_t from, until;
        if (str_ends(text, str_of(l->mapped)) && str_split(&text, ' ', &range) &&
            str_split(&range, '-', &low) && num_hex64(low, &from) == GB_OK &&
            num_hex64(range, &until) == GB_OK) {
            l->map_from = (uintptr_t)from;
            l->map_until = (uintptr_t)until;
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
}

/* Pages of the map that were looked at count as this process's memory until they are let go; they
 * stay in the page cache, so looking again costs a soft fault. */
static void map_let_go(struct lmdb *l) {
    if (l->stats.changes + l->looks / LOOKS_A_CHANGE < l->let_go_at || l->mapped == NULL) {
        return;
    }
    l->let_go_at = l->stats.changes + l->looks / LOOKS_A_CHANGE + LET_GO_EVERY;
    if (l->map_from == 0) {
        map_find(l);
    }
    (void)madvise((void *)l->map_from, l->map_until - l->map_from,
                  MADV_DONTNEED); /* NOLINT(performance-no-int-to-ptr) */
}

static enum gb_err lmdb_read(struct backend *b, int table, struct str key, int64_t now_ms,
                             struct arena *arena, struct str *ret_value) {
    (void)arena;
    struct lmdb *l = lmdb_of(b);
    enum gb_err err = turn_begin(l);
    if (err != GB_OK || l->table[table] == NO_TABLE) {
        return err == GB_OK ? GB_NOT_FOUND : err;
    }
    l->looks++;
    map_let_go(l);
    MDB_val k = val(key), v;
    int rc = mdb_get(l->turn, l->table[table], &k, &v);
    return rc == MDB_SUCCESS ? payload(v, now_ms, ret_value) : err_of(rc);
}

struct range {
    struct str from, until; /* empty until: to the end */
    size_t limit;
    int64_t now_ms;
};

/* Hand out the rows of the range; expired ones do not count. */
static enum gb_err walk(MDB_cursor *cursor, const struct range *range, backend_row_fn *each,
                        void *ctx) {
    MDB_val k = val(range->from), v;
    size_t left = range->limit;
    int rc = mdb_cursor_get(cursor, &k, &v, range->from.n > 0 ? MDB_SET_RANGE : MDB_FIRST);
    for (; rc == MDB_SUCCESS && left > 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
        struct str key = str_val(k), value;
        if (range->until.n > 0 && str_compare(key, range->until) >= 0) {
            return GB_OK;
        }
        enum gb_err err = payload(v, range->now_ms, &value);
        if (err == GB_NOT_FOUND) {
            continue;
        }
        if (err != GB_OK || !each(ctx, key, value)) {
            return err;
        }
        left--;
    }
    return rc == MDB_SUCCESS || rc == MDB_NOTFOUND ? GB_OK : err_of(rc);
}

/* NOLINTNEXTLINE(readability-function-size): as backend_ops has it */
static enum gb_err lmdb_scan(struct backend *b, int table, struct str from, struct str until,
                             size_t limit, int64_t now_ms, struct arena *arena,
                             backend_row_fn *each, void *ctx) {
    (void)arena;
    struct lmdb *l = lmdb_of(b);
    MDB_cursor *cursor;
    enum gb_err err = turn_begin(l);
    if (err != GB_OK || l->table[table] == NO_TABLE) {
        return err;
    }
    int rc = mdb_cursor_open(l->turn, l->table[table], &cursor);
    if (rc != MDB_SUCCESS) {
        return err_of(rc);
    }
    l->looks += GB_MIN(limit, SCAN_LOOKS_MAX);
    map_let_go(l);
    err = walk(cursor, &(struct range){from, until, limit, now_ms}, each, ctx);
    mdb_cursor_close(cursor);
    return err;
}

/* ---- writing ---- */

/* <expires_ms><table><key>: the order in which rows expire. */
static struct str expiry_key(unsigned char room[EXPIRY_KEY], int64_t expires_ms, int table,
                             struct str key) {
    be64_put(room, (uint64_t)expires_ms);
    room[8] = (unsigned char)table;
    memcpy(room + 9, key.p, key.n);
    return (struct str){(const char *)room, key.n + 9};
}

static int expiry_set(struct lmdb *l, int64_t expires_ms, int table, struct str key, bool there) {
    if (expires_ms == STORE_NEVER) {
        return MDB_SUCCESS;
    }
    unsigned char room[EXPIRY_KEY];
    MDB_val k = val(expiry_key(room, expires_ms, table, key)), nothing = {0, room};
    if (there) {
        return mdb_put(l->turn, l->expiry, &k, &nothing, 0);
    }
    int rc = mdb_del(l->turn, l->expiry, &k, NULL);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

/* The expiry of the row as it stands; STORE_NEVER when there is none. */
static int expiry_before(struct lmdb *l, const struct change *change, int64_t *ret_expires_ms) {
    MDB_val k = val(change->key), v;
    int rc = mdb_get(l->turn, l->table[change->table], &k, &v);
    *ret_expires_ms = STORE_NEVER;
    if (rc == MDB_SUCCESS && v.mv_size >= HEADER_BYTES) {
        *ret_expires_ms = (int64_t)be64_get(v.mv_data);
    }
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static int change_apply(struct lmdb *l, const struct change *change) {
    int64_t before_ms;
    bool removes = change->value.p == NULL;
    int64_t after_ms = removes ? STORE_NEVER : change->expires_ms;
    int rc = expiry_before(l, change, &before_ms);
    if (rc == MDB_SUCCESS && before_ms != after_ms) {
        rc = expiry_set(l, before_ms, change->table, change->key, false);
        if (rc == MDB_SUCCESS) {
            rc = expiry_set(l, after_ms, change->table, change->key, true);
        }
    }
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    MDB_val k = val(change->key);
    if (removes) {
        rc = mdb_del(l->turn, l->table[change->table], &k, NULL);
        return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
    }
    MDB_val v = {HEADER_BYTES + change->value.n, NULL};
    rc = mdb_put(l->turn, l->table[change->table], &k, &v, MDB_RESERVE);
    if (rc == MDB_SUCCESS) {
        unsigned char *p = v.mv_data;
        be64_put(p, (uint64_t)after_ms);
        p[8] = PLAIN;
        if (change->value.n > 0) {
            memcpy(p + HEADER_BYTES, change->value.p, change->value.n);
        }
    }
    return rc;
}

/* One process, one thread, one write transaction: what was read cannot have changed since. */
static enum gb_err lmdb_apply(struct backend *b, const struct seen_row *reads, size_t read_count,
                              const struct change *changes, size_t change_count, int64_t now_ms) {
    (void)reads;
    (void)read_count;
    (void)now_ms;
    struct lmdb *l = lmdb_of(b);
    enum gb_err err = turn_begin(l);
    if (err != GB_OK) {
        return err;
    }
    l->changed = true;
    for (size_t i = 0; i < change_count; i++) {
        int rc = change_apply(l, &changes[i]);
        if (rc != MDB_SUCCESS) {
            return turn_failed(l, rc);
        }
    }
    l->stats.changes += change_count;
    map_let_go(l);
    return GB_OK;
}

static enum gb_err lmdb_sync(struct backend *b) {
    struct lmdb *l = lmdb_of(b);
    if (!l->changed) {
        turn_abort(l); /* nothing was written: no fsync, and the next turn reads afresh */
        return GB_OK;
    }
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    int rc = mdb_txn_commit(l->turn);
    clock_gettime(CLOCK_MONOTONIC, &end);
    l->turn = NULL;
    l->changed = false;
    enum gb_err err = failed_for(l, rc);
    l->stats.syncs++;
    l->stats.sync_us_last =
        (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000;
    l->stats.sync_us_max = GB_MAX(l->stats.sync_us_max, l->stats.sync_us_last);
    map_let_go(l);
    return rc == MDB_MAP_FULL ? map_grow(l) : err;
}

static void lmdb_drop(struct backend *b) {
    turn_abort(lmdb_of(b));
}

/* Due entries of the index: the row goes, unless it was written again with another expiry. */
static int purge_some(struct lmdb *l, int64_t now_ms, size_t limit, size_t *removed) {
    MDB_cursor *cursor;
    MDB_val k, nothing;
    int rc = mdb_cursor_open(l->turn, l->expiry, &cursor);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    for (rc = mdb_cursor_get(cursor, &k, &nothing, MDB_FIRST);
         rc == MDB_SUCCESS && *removed < limit;
         rc = mdb_cursor_get(cursor, &k, &nothing, MDB_FIRST)) {
        const unsigned char *p = k.mv_data;
        if (k.mv_size <= 9 || (int64_t)be64_get(p) > now_ms) {
            break;
        }
        MDB_val key = {k.mv_size - 9, (unsigned char *)k.mv_data + 9}, stored;
        MDB_dbi table = l->table[p[8] % STORE_TABLES_MAX];
        rc = mdb_get(l->turn, table, &key, &stored);
        if (rc == MDB_SUCCESS && stored.mv_size >= HEADER_BYTES &&
            memcmp(stored.mv_data, p, 8) == 0) {
            rc = mdb_del(l->turn, table, &key, NULL);
        }
        if (rc == MDB_SUCCESS || rc == MDB_NOTFOUND) {
            rc = mdb_cursor_del(cursor, 0);
        }
        if (rc != MDB_SUCCESS) {
            break;
        }
        (*removed)++;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static enum gb_err lmdb_purge(struct backend *b, int64_t now_ms, size_t limit,
                              size_t *ret_removed) {
    struct lmdb *l = lmdb_of(b);
    *ret_removed = 0;
    if (l->changed) {
        return GB_OK; /* never inside a half-applied turn */
    }
    enum gb_err err = turn_begin(l);
    if (err != GB_OK) {
        return err;
    }
    int dead; /* readers that were killed: their snapshots would be kept for ever */
    (void)mdb_reader_check(l->env, &dead);
    size_t removed = 0;
    int rc = purge_some(l, now_ms, limit, &removed);
    if (rc != MDB_SUCCESS) {
        return turn_failed(l, rc);
    }
    l->changed = removed > 0;
    l->stats.changes += removed;
    err = lmdb_sync(b);
    if (err == GB_OK) {
        l->stats.purged += removed;
        *ret_removed = removed;
    }
    return err;
}

/* ---- for who looks in from outside ---- */

static enum gb_err lmdb_expiry(struct backend *b, int table, struct str key, int64_t now_ms,
                               int64_t *ret_expires_ms) {
    struct lmdb *l = lmdb_of(b);
    enum gb_err err = turn_begin(l);
    if (err != GB_OK) {
        return err;
    }
    MDB_val k = val(key), v;
    struct str value;
    int rc = mdb_get(l->turn, l->table[table], &k, &v);
    err = rc == MDB_SUCCESS ? payload(v, now_ms, &value) : err_of(rc);
    if (err == GB_OK) {
        *ret_expires_ms = (int64_t)be64_get(v.mv_data);
    }
    return err;
}

static enum gb_err lmdb_rows(struct backend *b, int table, size_t *ret_rows) {
    struct lmdb *l = lmdb_of(b);
    MDB_stat about;
    enum gb_err err = turn_begin(l);
    if (err != GB_OK) {
        return err;
    }
    int rc = mdb_stat(l->turn, l->table[table], &about);
    if (rc == MDB_SUCCESS) {
        *ret_rows = about.ms_entries;
    }
    return err_of(rc);
}

static void lmdb_free(struct lmdb *l) {
    turn_abort(l);
    if (l->env != NULL) {
        mdb_env_close(l->env);
    }
    if (l->lock_fd >= 0) {
        close(l->lock_fd);
    }
    free(l->path);
    free(l->mapped);
    free(l);
}

static void lmdb_close(struct backend *b) {
    lmdb_free(lmdb_of(b));
}

static void lmdb_figures(const struct backend *b, backend_figure_fn *each, void *ctx) {
    struct lmdb_stats stats;
    lmdb_stats(b, &stats);
    each(ctx, "lmdb_map_bytes", false, (int64_t)stats.map_bytes);
    each(ctx, "lmdb_used_bytes", false, (int64_t)stats.used_bytes);
    each(ctx, "lmdb_syncs_total", true, (int64_t)stats.syncs);
    each(ctx, "lmdb_changes_total", true, (int64_t)stats.changes);
    each(ctx, "lmdb_purged_total", true, (int64_t)stats.purged);
    each(ctx, "lmdb_last_sync_microseconds", false, stats.sync_us_last);
    each(ctx, "lmdb_longest_sync_microseconds", false, stats.sync_us_max);
}

static const struct backend_ops lmdb_ops = {
    .name = "lmdb",
    .read = lmdb_read,
    .scan = lmdb_scan,
    .apply = lmdb_apply,
    .sync = lmdb_sync,
    .drop = lmdb_drop,
    .purge = lmdb_purge,
    .close = lmdb_close,
    .figures = lmdb_figures,
    .expiry = lmdb_expiry,
    .rows = lmdb_rows,
};

/* ---- opening ---- */

static enum gb_err take_lock(struct lmdb *l, const char *directory, struct arena *arena,
                             struct str *reterr_why) {
    const char *path = arena_cstr(arena, arena_printf(arena, "%s/lock", directory));
    l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (l->lock_fd < 0) {
        *reterr_why = arena_printf(arena, "%s cannot be written: %s", directory, strerror(errno));
        return GB_UNAVAILABLE;
    }
    char pid[24] = "";
    if (flock(l->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = pread(l->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? n : 0] = '\0';
        *reterr_why = arena_printf(arena, "%s is already used by another process%s%s", directory,
                                   pid[0] != '\0' ? ", pid " : "", pid);
        return GB_UNAVAILABLE;
    }
    int n = snprintf(pid, sizeof pid, "%ld", (long)getpid());
    if (ftruncate(l->lock_fd, 0) != 0 || pwrite(l->lock_fd, pid, (size_t)n, 0) != n) {
        *reterr_why = arena_printf(arena, "%s cannot be written: %s", directory, strerror(errno));
        return GB_NO_SPACE;
    }
    return GB_OK;
}

static enum gb_err open_file(struct lmdb *l, const struct lmdb_options *options,
                             struct arena *arena, struct str *reterr_why) {
    const char *path = arena_cstr(arena, arena_printf(arena, "%s/store.mdb", options->directory));
    struct stat file;
    l->flags = MDB_NOSUBDIR | MDB_NORDAHEAD | MDB_NOTLS | (options->durable ? 0U : MDB_NOSYNC);
    l->let_go_at = options->durable ? 0 : UINT64_MAX; /* a test that is in a hurry */
    l->map_max = options->map_bytes_max > 0 ? options->map_bytes_max : MAP_MAX;
    l->map_bytes = options->map_bytes_first > 0 ? options->map_bytes_first : MAP_FIRST;
    if (stat(path, &file) == 0) { /* what is there must fit */
        while (l->map_bytes < (size_t)file.st_size && l->map_bytes < l->map_max) {
            l->map_bytes *= 2;
        }
    }
    l->path = strdup(path);
    gb_assert(l->path != NULL);
    int rc = env_open(l);
    if (rc != MDB_SUCCESS) {
        *reterr_why = arena_printf(arena, "%s: %s", path, words_of(rc));
        return rc == MDB_NOTFOUND ? GB_DAMAGED : err_of(rc);
    }
    l->mapped = realpath(path, NULL);
    return GB_OK;
}

enum gb_err lmdb_open(const struct lmdb_options *options, const struct store_table *tables,
                      size_t table_count, struct arena *arena, struct backend **ret_backend,
                      struct str *reterr_why) {
    gb_assert(table_count <= STORE_TABLES_MAX);
    struct lmdb *l = calloc(1, sizeof *l);
    gb_assert(l != NULL);
    l->base = (struct backend){.ops = &lmdb_ops, .tables = tables, .table_count = table_count};
    l->lock_fd = -1;
    enum gb_err err = GB_OK;
    if (mkdir(options->directory, 0700) != 0 && errno != EEXIST) {
        *reterr_why =
            arena_printf(arena, "%s cannot be made: %s", options->directory, strerror(errno));
        err = GB_UNAVAILABLE;
    }
    if (err == GB_OK) {
        err = take_lock(l, options->directory, arena, reterr_why);
    }
    if (err == GB_OK) {
        err = open_file(l, options, arena, reterr_why);
    }
    if (err != GB_OK) {
        lmdb_free(l);
        return err;
    }
    *ret_backend = &l->base;
    return GB_OK;
}

/* ---- a snapshot, read beside the process that writes ---- */

static enum gb_err snapshot_apply(struct backend *b, const struct seen_row *reads,
                                  size_t read_count, const struct change *changes,
                                  size_t change_count, int64_t now_ms) {
    (void)reads, (void)read_count, (void)changes, (void)change_count, (void)now_ms;
    b->trouble = "a snapshot is only read";
    return GB_UNAVAILABLE;
}

static enum gb_err snapshot_sync(struct backend *b) {
    (void)b;
    return GB_OK;
}

static void snapshot_drop(struct backend *b) {
    (void)b;
}

static enum gb_err snapshot_purge(struct backend *b, int64_t now_ms, size_t limit,
                                  size_t *ret_removed) {
    (void)b, (void)now_ms, (void)limit;
    *ret_removed = 0;
    return GB_OK;
}

static const struct backend_ops snapshot_ops = {
    .name = "lmdb",
    .read = lmdb_read,
    .scan = lmdb_scan,
    .apply = snapshot_apply,
    .sync = snapshot_sync,
    .drop = snapshot_drop,
    .purge = snapshot_purge,
    .close = lmdb_close,
    .expiry = lmdb_expiry,
    .rows = lmdb_rows,
};

static int snapshot_tables(struct lmdb *l) {
    int rc = open_table(l->turn, "_meta", 0, &l->meta);
    if (rc == MDB_NOTFOUND) {
        return NOT_OURS;
    }
    for (size_t i = 0; rc == MDB_SUCCESS && i < l->base.table_count; i++) {
        rc = open_table(l->turn, l->base.tables[i].name, 0, &l->table[i]);
        if (rc == MDB_NOTFOUND) {
            l->table[i] = NO_TABLE;
            rc = MDB_SUCCESS;
        }
    }
    MDB_val k = val(STR("format")), found;
    if (rc == MDB_SUCCESS) {
        rc = mdb_get(l->turn, l->meta, &k, &found);
        rc = rc == MDB_SUCCESS && str_equal(str_val(found), STR(FORMAT)) ? rc : NOT_OURS;
    }
    return rc;
}

/* The one transaction stays open until the end: that is the snapshot. */
static int snapshot_begin(struct lmdb *l) {
    int rc = mdb_env_create(&l->env);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    mdb_env_set_maxdbs(l->env, STORE_TABLES_MAX + 2);
    rc = readers_prepare(l);
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_open(l->env, l->path, MDB_NOSUBDIR | MDB_NORDAHEAD | MDB_NOTLS | MDB_RDONLY,
                          0600);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->turn);
    }
    if (rc == MDB_MAP_RESIZED) { /* the other process has just grown it */
        rc = mdb_env_set_mapsize(l->env, 0);
        rc = rc == MDB_SUCCESS ? mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->turn) : rc;
    }
    return rc == MDB_SUCCESS ? snapshot_tables(l) : rc;
}

enum gb_err lmdb_open_snapshot(const char *directory, const struct store_table *tables,
                               size_t table_count, struct arena *arena,
                               struct backend **ret_backend, struct str *reterr_why) {
    gb_assert(table_count <= STORE_TABLES_MAX);
    const char *path = arena_cstr(arena, arena_printf(arena, "%s/store.mdb", directory));
    if (access(path, R_OK) != 0) {
        *reterr_why = arena_printf(arena, "%s: %s", path, strerror(errno));
        return GB_UNAVAILABLE;
    }
    struct lmdb *l = calloc(1, sizeof *l);
    gb_assert(l != NULL);
    l->base = (struct backend){.ops = &snapshot_ops, .tables = tables, .table_count = table_count};
    l->lock_fd = -1;
    l->path = strdup(path);
    gb_assert(l->path != NULL);
    l->mapped = realpath(path, NULL);
    int rc = snapshot_begin(l);
    if (rc != MDB_SUCCESS) {
        *reterr_why = arena_printf(arena, "%s: %s", path, words_of(rc));
        lmdb_free(l);
        return rc == MDB_NOTFOUND ? GB_DAMAGED : err_of(rc);
    }
    *ret_backend = &l->base;
    return GB_OK;
}

void lmdb_stats(const struct backend *backend, struct lmdb_stats *ret_stats) {
    const struct lmdb *l = (const struct lmdb *)(const void *)backend;
    MDB_envinfo info;
    *ret_stats = l->stats;
    ret_stats->map_bytes = l->map_bytes;
    ret_stats->trouble = l->base.trouble != NULL ? l->base.trouble : "";
    if (l->env != NULL && mdb_env_info(l->env, &info) == MDB_SUCCESS) {
        ret_stats->used_bytes = info.me_last_pgno * (size_t)sysconf(_SC_PAGESIZE);
    }
}

enum gb_err lmdb_copy(struct backend *backend, const char *path, struct str *reterr_why,
                      struct arena *arena) {
    struct lmdb *l = lmdb_of(backend);
    gb_assert(!l->changed);
    turn_abort(l);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = fd < 0 ? errno : mdb_env_copyfd(l->env, fd);
    if (fd >= 0 && rc == 0 && fsync(fd) != 0) {
        rc = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (rc != MDB_SUCCESS) {
        *reterr_why = arena_printf(arena, "%s: %s", path, mdb_strerror(rc));
        return err_of(rc);
    }
    return GB_OK;
}

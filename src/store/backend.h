/* backend.h: what LMDB and Redis must do, and what the engine does with a view.
 *
 * The write-set and read-set live above (tx.c), once for both. A backend is the functions of
 * backend_ops. All memory of a view is the event's arena: dropping a view is forgetting it.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "base/base.h"
#include "store/store.h"

struct arena;
struct backend;

#define STORE_TABLES_MAX 64

/* One read, with a digest of what was seen: absent is 0. */
struct seen_row {
    int table;
    struct str key;
    uint64_t digest;
};

/* The digest of a value that is there; never 0. */
uint64_t seen_digest(struct str value);

struct change {
    int table;
    struct str key;
    struct str value; /* p == NULL: remove */
    int64_t expires_ms;
};

typedef bool backend_row_fn(void *ctx, struct str key, struct str value);

/* A name in the style of metrics, without prefix: "lmdb_used_bytes"; a counter only rises. */
typedef void backend_figure_fn(void *ctx, const char *name, bool is_counter, int64_t value);

struct backend_ops {
    const char *name;
    /* Values are valid until the next apply, sync or purge; a backend that cannot promise that
     * copies into `arena`. Expired rows (at now_ms) are absent.
     * GB_NOT_FOUND, GB_UNAVAILABLE, GB_DAMAGED. */
    enum gb_err (*read)(struct backend *b, int table, struct str key, int64_t now_ms,
                        struct arena *arena, struct str *ret_value);
    enum gb_err (*scan)(struct backend *b, int table, struct str from, struct str until,
                        size_t limit, int64_t now_ms, struct arena *arena, backend_row_fn *each,
                        void *ctx);
    /* All or nothing. `reads`: what must still be as it was seen; none where nobody else writes.
     * GB_CONFLICT: a row read has changed. GB_UNCERTAIN: may have happened.
     * GB_NO_SPACE, GB_UNAVAILABLE: did not happen. LMDB: into the turn's open write transaction,
     * seen by the next read; after GB_NO_SPACE or GB_UNAVAILABLE the turn's earlier changes are
     * gone too, all its events run again. */
    enum gb_err (*apply)(struct backend *b, const struct seen_row *reads, size_t read_count,
                         const struct change *changes, size_t change_count, int64_t now_ms);
    /* From GB_OK on, all that was applied survives a power cut.
     * GB_NO_SPACE, GB_UNAVAILABLE: all that was applied since the last sync is gone. */
    enum gb_err (*sync)(struct backend *b);
    /* Forget what was applied since the last sync, where the backend can (LMDB); what it cannot
     * take back is found again by its own rows (seen, outbox). */
    void (*drop)(struct backend *b);
    /* Remove up to `limit` expired rows; *ret_removed says how many (own transaction). */
    enum gb_err (*purge)(struct backend *b, int64_t now_ms, size_t limit, size_t *ret_removed);
    void (*close)(struct backend *b);
    /* What its owner may want to watch. NULL: nothing. */
    void (*figures)(const struct backend *b, backend_figure_fn *each, void *ctx);
    /* The instant at which a row expires, or STORE_NEVER. Errors as read. */
    enum gb_err (*expiry)(struct backend *b, int table, struct str key, int64_t now_ms,
                          int64_t *ret_expires_ms);
    /* How many rows a table has, at once; what has expired counts until it is purged. NULL where
     * the store has tools of its own. */
    enum gb_err (*rows)(struct backend *b, int table, size_t *ret_rows);
};

/* First member of every backend. */
struct backend {
    const struct backend_ops *ops;
    const struct store_table *tables;
    size_t table_count;
    bool is_shared; /* other processes change rows too: apply must be told what was read */
    const char
        *trouble; /* why the last apply, sync or purge failed, for the log; NULL: it did not */
};

/* ---- a view over a backend: the engine's side of store.h ------------------------------------- */

/* A fresh view at `now_ms`; lives in `arena`. */
struct tx *tx_begin(struct backend *backend, struct arena *arena, int64_t now_ms);

/* When the row expires (STORE_NEVER), own writes included: for who shows it, a handler has no use
 * for it. The backend must have `expiry`. Errors as tx_get. */
enum gb_err tx_expiry(struct tx *tx, int table, struct str key,
                      int64_t *ret_expires_ms) GB_MUST_USE;

/* Write what the view holds back. The view is over afterwards, whatever comes back. */
enum gb_err tx_apply(struct tx *tx) GB_MUST_USE;

/* What the view would change, in byte order of (table, key), last write of a key wins. */
void tx_changes(const struct tx *tx, const struct change **ret_changes, size_t *ret_count);

/* Do two views change the same rows in the same way? Names the first difference in `why`. */
bool tx_same_changes(const struct tx *a, const struct tx *b, struct arena *arena,
                     struct str *reterr_why);

/* Error the backend gave to any read of this view, GB_OK if none: a handler that swallowed it must
 * not commit. */
enum gb_err tx_fault(const struct tx *tx);

/* ---- LMDB ------------------------------------------------------------------------------------ */

struct lmdb_options {
    const char *directory;  /* made with 0700 if missing; files 0600 */
    size_t map_bytes_first; /* 0: 16 MiB; grows by itself */
    size_t map_bytes_max;   /* 0: 64 GiB */
    bool durable;           /* one fsync per sync; off only for tests that say so */
};

/* One process, one thread. GB_UNAVAILABLE: directory cannot be used or another process has it
 * (lock file); GB_DAMAGED: not our data, newer format, or broken. *reterr_why: a sentence for the
 * owner, in `arena`. */
enum gb_err lmdb_open(const struct lmdb_options *options, const struct store_table *tables,
                      size_t table_count, struct arena *arena, struct backend **ret_backend,
                      struct str *reterr_why) GB_MUST_USE;

/* What was synced last, to be read only, beside the process that has the directory or without one;
 * it stays as it is until it is closed. What expired meanwhile is told by now_ms as ever. A table
 * that the directory does not have yet is empty. Nothing is written but LMDB's table of readers
 * (store.mdb-lock). Errors as lmdb_open; no store there: GB_UNAVAILABLE. */
enum gb_err lmdb_open_snapshot(const char *directory, const struct store_table *tables,
                               size_t table_count, struct arena *arena,
                               struct backend **ret_backend, struct str *reterr_why) GB_MUST_USE;

struct lmdb_stats {
    size_t map_bytes, used_bytes;
    uint64_t syncs, changes, purged;
    int64_t sync_us_last, sync_us_max;
    const char *trouble; /* why the last apply, sync or purge failed; "" when it did not */
};
void lmdb_stats(const struct backend *backend, struct lmdb_stats *ret_stats);

/* A consistent copy of what was last synced into `path`, while running; checked when written.
 * GB_EXISTS: there is such a file. GB_NO_SPACE, GB_UNAVAILABLE: no file is left. */
enum gb_err lmdb_copy(struct backend *backend, const char *path, struct str *reterr_why,
                      struct arena *arena) GB_MUST_USE;

/* ---- Redis from 6.0 on, Valkey ---------------------------------------------------------------
 *
 * How rows lie there, for who looks with redis-cli:
 *
 *   tables of database 0, 1, 2   key and value as they are, expiry by the server. One table a
 *                                database at most, so that no two rows can have one key.
 *   tables of database 3         key "<table>:<key>", value as it is, expiry by the server;
 *                                "_index:<table>", a sorted set: its keys in byte order;
 *                                "_expiry", a sorted set: what expires when, for purge;
 *                                "_meta:format": what this is.
 *
 * Other programs may write rows of 0 to 2 as they like. A row of database 3 that was written past
 * its index is read, but no scan finds it. A scan of a table in 0 to 2 walks the whole database
 * with SCAN, in bounded memory: a tool's way, not a handler's.
 *
 * A server that is away or silent costs the loop at most connect_ms + command_ms, then calls fail
 * at once for a while (redis_stats.rest_ms), and the next one after that asks again. Only the
 * look-up of a host name may take longer, as long as the resolver likes; the rest is in proportion.
 * After GB_UNCERTAIN the changes may still come to pass later; whoever ran the event again has
 * changed a row it had read, and then they do not.
 */

struct redis_options {
    const char *host;               /* name or address; NULL: 127.0.0.1 */
    int port;                       /* 0: 6379 */
    const char *socket_path;        /* NULL: TCP */
    int db_first;                   /* a table's redis_db is added */
    const char *user;               /* NULL: default */
    struct str password;            /* empty: none */
    bool tls;                       /* certificate and name are verified; TCP only */
    const char *ca_file;            /* NULL: the authorities the program carries */
    int64_t connect_ms, command_ms; /* patience with one connect, one round trip; 0: 1000 */
    /* For several instances: who this one is, and tables whose new rows the others hear of. */
    bool is_guest;        /* only to read what another program has there: no format is asked for */
    const char *instance; /* NULL: nothing is told */
    const int *told;
    size_t told_count;
};

/* All options are copied. GB_UNAVAILABLE: not there, refuses us, or a replica or cluster;
 * GB_NO_SPACE: it can take no writes; GB_DAMAGED: holds another format than ours. *reterr_why: a
 * sentence for the owner, without secrets, in `arena`. */
enum gb_err redis_open(const struct redis_options *options, const struct store_table *tables,
                       size_t table_count, struct arena *arena, struct backend **ret_backend,
                       struct str *reterr_why) GB_MUST_USE;

struct redis_stats {
    bool is_connected;
    int64_t rest_ms; /* so long every call fails at once; 0: the next one asks the server */
    uint64_t connects, round_trips, conflicts, uncertain, failures, purged;
    int64_t trip_us_last, trip_us_max;
    const char *server;  /* "redis 7.0.15"; "" before the first connection */
    const char *warning; /* what its owner should change there; "" when nothing */
    const char *trouble; /* as in struct backend; "" when there is none */
};
void redis_stats(const struct backend *backend, struct redis_stats *ret_stats);

/* Ask the server for a sign of life, connecting if need be (and if no rest is on).
 * GB_UNAVAILABLE: none; backend->trouble says why. */
enum gb_err redis_ping(struct backend *backend) GB_MUST_USE;
/* What other instances have added to a table that is told, heard over a connection of its own. */
struct redis_news;

/* GB_UNAVAILABLE: TLS without one authority that could be read. It connects when it listens. */
enum gb_err redis_news_open(const struct redis_options *options, const struct store_table *tables,
                            struct redis_news **ret_news) GB_MUST_USE;
void redis_news_close(struct redis_news *news); /* NULL is fine */
/* Hear of these tables (REDIS_NEWS_OF) from now on, and of no others. True: it was not so before
 * this call, and what was added meanwhile was not heard. Nothing is to be done when it is so
 * already. */
bool redis_news_listen(struct redis_news *news, uint64_t tables);
#define REDIS_NEWS_OF(table) (UINT64_C(1) << (table))
/* To be waited for; -1: no connection. */
int redis_news_fd(const struct redis_news *news);
/* Take all that has come, without waiting for more. True: rows were added, or may have been. */
bool redis_news_take(struct redis_news *news);

/* ---- both ------------------------------------------------------------------------------------ */

/* The shop's records (database 3) in one, the rest in the other; owns both from now on. One
 * process: nobody else changes the records. */
void mixed_open(struct backend *records, struct backend *rest, struct backend **ret_backend);

#endif

/* redis_apply.c: one view's changes, all or nothing, if what it read is still so.
 *
 *   1st round trip   UNWATCH; for each database: SELECT, WATCH all keys read, read them again
 *                    compare digests; another: GB_CONFLICT
 *   2nd round trip   MULTI; for each database: SELECT, its changes; EXEC
 *                    nil: a watched key was touched between the two: GB_CONFLICT
 *
 * A view that has read nothing needs the second only. Commands that the server refuses while they
 * are queued (no memory, no permission, a replica) make EXEC refuse them all.
 */
#include "store/redis_wire.h"

#include "base/arena.h"
#include "base/num.h"

#define GIVE_WAY_MS_MAX 4U

/* ---- what was read ---- */

static void watch(struct redis *redis, const struct seen_row *reads, size_t count, int db) {
    struct arena *memory = redis_link_memory(redis->link);
    struct str *words = ARENA_ARRAY(memory, struct str, count + 1);
    size_t n = 0;
    words[n++] = STR("WATCH");
    for (size_t i = 0; i < count; i++) {
        if (redis_db_of(redis, reads[i].table) == db) {
            words[n++] = redis_row_key(redis, reads[i].table, reads[i].key);
        }
    }
    if (n == 1) {
        return;
    }
    redis_link_select(redis->link, db);
    redis_link_send(redis->link, n, words);
    for (size_t i = 1; i < n; i++) {
        redis_row_ask(redis, words[i]);
    }
}

/* In the order of asking. */
static enum gb_err compare(struct redis_rows *rows, const struct redis *redis,
                           const struct seen_row *reads, size_t count, int db, int64_t now_ms) {
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        struct str value;
        if (redis_db_of(redis, reads[i].table) != db) {
            continue;
        }
        if (!begun) {
            rows->next = rows->next->next->next; /* the replies to SELECT and WATCH */
            begun = true;
        }
        enum gb_err err = redis_row_take(rows, now_ms, &value);
        if (err != GB_OK && err != GB_NOT_FOUND) {
            return err;
        }
        if ((err == GB_OK ? seen_digest(value) : 0) != reads[i].digest) {
            return GB_CONFLICT;
        }
    }
    return GB_OK;
}

static enum gb_err reads_hold(struct redis *redis, const struct seen_row *reads, size_t count,
                              int64_t now_ms) {
    const struct redis_reply *replies;
    REDIS_SEND(redis->link, STR("UNWATCH"));
    redis_rows_ask(redis);
    for (int db = 0; db <= REDIS_DB_ROWS; db++) {
        watch(redis, reads, count, redis->db_first + db);
    }
    enum gb_err err = redis_link_ask(redis->link, &replies);
    if (err == GB_OK) {
        err = redis_link_check(redis->link, replies);
    }
    if (err != GB_OK) {
        return err;
    }
    struct redis_rows rows = redis_rows_take(redis, replies->next);
    for (int db = 0; err == GB_OK && db <= REDIS_DB_ROWS; db++) {
        err = compare(&rows, redis, reads, count, redis->db_first + db, now_ms);
    }
    return err;
}

/* ---- what changes ---- */

static void put(struct redis *redis, const struct change *change, struct str row_key) {
    struct redis_link *link = redis->link;
    if (change->expires_ms == STORE_NEVER) {
        REDIS_SEND(link, STR("SET"), row_key, change->value);
        return;
    }
    struct str at = arena_printf(redis_link_memory(link), "%" PRId64, change->expires_ms);
    if (redis_link_has_pxat(link)) {
        REDIS_SEND(link, STR("SET"), row_key, change->value, STR("PXAT"), at);
    } else {
        REDIS_SEND(link, STR("SET"), row_key, change->value);
        REDIS_SEND(link, STR("PEXPIREAT"), row_key, at);
    }
    if (redis_is_ordered(redis, change->table)) {
        REDIS_SEND(link, STR("ZADD"), REDIS_EXPIRY_KEY, at, row_key);
    }
}

/* What was to expire and is now removed, or stays, keeps its line in "_expiry" until it is due:
 * purge looks at the row itself. */
static void make(struct redis *redis, const struct change *change, int64_t now_ms) {
    struct redis_link *link = redis->link;
    struct str row_key = redis_row_key(redis, change->table, change->key);
    bool goes = change->value.p == NULL ||
                (change->expires_ms != STORE_NEVER && change->expires_ms <= now_ms);
    if (goes) {
        REDIS_SEND(link, STR("DEL"), row_key);
    } else {
        put(redis, change, row_key);
    }
    if (redis_is_ordered(redis, change->table)) {
        struct str index = redis_index_key(redis, change->table);
        if (goes) {
            REDIS_SEND(link, STR("ZREM"), index, change->key);
        } else {
            REDIS_SEND(link, STR("ZADD"), index, STR("0"), change->key);
        }
    }
}

static void make_all(struct redis *redis, const struct change *changes, size_t count, int db,
                     int64_t now_ms) {
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        if (redis_db_of(redis, changes[i].table) != db) {
            continue;
        }
        if (!begun) {
            redis_link_select(redis->link, db);
            begun = true;
        }
        make(redis, &changes[i], now_ms);
    }
}

/* Once for each table: what was added the others read from the rows. */
static void tell(struct redis *redis, const struct change *changes, size_t count) {
    bool done[STORE_TABLES_MAX] = {false};
    for (size_t i = 0; redis->instance != NULL && i < count; i++) {
        int table = changes[i].table;
        if (redis->told[table] && changes[i].value.p != NULL && !done[table]) {
            done[table] = true;
            REDIS_SEND(redis->link, STR("PUBLISH"),
                       redis_channel(redis_link_memory(redis->link), &redis->base.tables[table],
                                     redis->db_first),
                       str_of(redis->instance));
        }
    }
}

enum gb_err redis_exec_result(struct redis *redis, const struct redis_reply *replies) {
    const struct redis_reply *last = replies;
    while (last->next != NULL) {
        last = last->next;
    }
    if (last->kind == REDIS_NIL) {
        return GB_CONFLICT;
    }
    if (last->kind == REDIS_ERROR) { /* EXECABORT; the first error says why */
        return redis_link_check(redis->link, replies);
    }
    if (last->kind != REDIS_LIST) {
        (void)redis_link_nonsense(redis->link); /* whatever it says, it was told to EXEC */
        return GB_UNCERTAIN;
    }
    /* Commands that fail while they run do not undo the others: only a key of another type can. */
    return redis_link_check(redis->link, last->first) == GB_OK ? GB_OK : GB_DAMAGED;
}

static enum gb_err change_rows(struct redis *redis, const struct change *changes, size_t count,
                               int64_t now_ms) {
    const struct redis_reply *replies;
    REDIS_SEND(redis->link, STR("MULTI"));
    for (int db = 0; db <= REDIS_DB_ROWS; db++) {
        make_all(redis, changes, count, redis->db_first + db, now_ms);
    }
    tell(redis, changes, count);
    REDIS_SEND(redis->link, STR("EXEC"));
    enum gb_err err = redis_link_commit(redis->link, &replies);
    return err == GB_OK ? redis_exec_result(redis, replies) : err;
}

/* Who lost twice running waits a little, by chance, so that two do not go on meeting; never so long
 * that others would notice. */
static void give_way(struct redis *redis, bool lost) {
    redis->conflicts_running = lost ? redis->conflicts_running + 1 : 0;
    if (redis->conflicts_running < 2) {
        return;
    }
    redis->jitter += (uint64_t)redis_mono_us();
    redis->jitter = redis->jitter * UINT64_C(6364136223846793005) + 1442695040888963407U;
    unsigned most = GB_MIN(1U << GB_MIN(redis->conflicts_running - 1, 3U), GIVE_WAY_MS_MAX);
    redis_give_way((int)((redis->jitter >> 33) % (most + 1)));
}

enum gb_err redis_apply(struct backend *b, const struct seen_row *reads, size_t read_count,
                        const struct change *changes, size_t change_count, int64_t now_ms) {
    struct redis *redis = redis_of(b);
    enum gb_err err = redis_link_begin(redis->link);
    if (err == GB_OK && read_count > 0) {
        err = reads_hold(redis, reads, read_count, now_ms);
        if (err == GB_OK) {
            err = redis_link_begin(redis->link);
        }
    } else if (err == GB_OK) {
        REDIS_SEND(redis->link, STR("UNWATCH"));
    }
    if (err == GB_OK) {
        err = change_rows(redis, changes, change_count, now_ms);
    }
    redis->conflicts += err == GB_CONFLICT;
    give_way(redis, err == GB_CONFLICT);
    redis->uncertain += err == GB_UNCERTAIN;
    return redis_done(redis, err);
}

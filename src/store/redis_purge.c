/* redis_purge.c: what has expired leaves the indexes; the rows themselves the server has removed,
 * or they go here, if its clock is behind.
 *
 * "_expiry" names what is due, so the cost grows with that and not with what is stored. A line of
 * it may be outdated: the row itself is looked at, watched, before anything is removed.
 */
#include "store/redis_wire.h"

#include "base/arena.h"

#define PURGE_BATCH ((size_t)500)

/* The lines of "_expiry" that are due; *ret_due in link memory. */
static enum gb_err ask_due(struct redis *redis, int64_t now_ms, size_t limit,
                           const struct redis_reply **ret_due) {
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(redis->link);
    if (err != GB_OK) {
        return err;
    }
    struct arena *memory = redis_link_memory(redis->link);
    redis_link_select(redis->link, redis->db_first + REDIS_DB_ROWS);
    REDIS_SEND(redis->link, STR("ZRANGEBYSCORE"), REDIS_EXPIRY_KEY, STR("-inf"),
               arena_printf(memory, "%" PRId64, now_ms), STR("LIMIT"), STR("0"),
               arena_printf(memory, "%zu", limit));
    err = redis_link_ask(redis->link, &replies);
    if (err == GB_OK) {
        err = redis_link_check(redis->link, replies);
    }
    if (err == GB_OK && replies->next->kind != REDIS_LIST) {
        err = redis_link_nonsense(redis->link);
    }
    *ret_due = err == GB_OK ? replies->next : NULL;
    return err;
}

/* The row keys of that list, in memory that outlives the batch. */
static struct str *keys_of(const struct redis_reply *due, struct arena *arena) {
    struct str *keys = ARENA_ARRAY(arena, struct str, due->count);
    size_t i = 0;
    for (const struct redis_reply *one = due->first; one != NULL; one = one->next) {
        keys[i++] = arena_copy(arena, one->text);
    }
    return keys;
}

static int table_of(const struct redis *redis, struct str name) {
    for (size_t i = 0; i < redis->base.table_count; i++) {
        if (redis_is_ordered(redis, (int)i) && str_is(name, redis->base.tables[i].name)) {
            return (int)i;
        }
    }
    return -1;
}

static enum gb_err watch_and_look(struct redis *redis, const struct str *keys, size_t count,
                                  struct redis_rows *ret_rows) {
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(redis->link);
    if (err != GB_OK) {
        return err;
    }
    struct str *words = ARENA_ARRAY(redis_link_memory(redis->link), struct str, count + 1);
    words[0] = STR("WATCH");
    memcpy(words + 1, keys, count * sizeof *keys);
    REDIS_SEND(redis->link, STR("UNWATCH"));
    redis_link_select(redis->link, redis->db_first + REDIS_DB_ROWS);
    redis_link_send(redis->link, count + 1, words);
    redis_rows_ask(redis);
    for (size_t i = 0; i < count; i++) {
        redis_row_ask(redis, keys[i]);
    }
    err = redis_link_ask(redis->link, &replies);
    if (err == GB_OK) {
        err = redis_link_check(redis->link, replies);
    }
    if (err == GB_OK) {
        *ret_rows = redis_rows_take(redis, replies->next->next->next);
    }
    return err;
}

#define GONE INT64_C(-1)

/* What is there after all was written again: its line says when it expires now, or goes. */
static void settle(struct redis *redis, struct str row_key, int64_t expires_ms) {
    struct redis_link *link = redis->link;
    struct str key = row_key, name;
    if (expires_ms == GONE && str_split(&key, ':', &name)) {
        int table = table_of(redis, name);
        REDIS_SEND(link, STR("DEL"), row_key);
        if (table >= 0) {
            REDIS_SEND(link, STR("ZREM"), redis_index_key(redis, table), key);
        }
    }
    if (expires_ms == GONE || expires_ms == STORE_NEVER) {
        REDIS_SEND(link, STR("ZREM"), REDIS_EXPIRY_KEY, row_key);
    } else {
        struct str at = arena_printf(redis_link_memory(link), "%" PRId64, expires_ms);
        REDIS_SEND(link, STR("ZADD"), REDIS_EXPIRY_KEY, at, row_key);
    }
}

static enum gb_err remove_due(struct redis *redis, const struct str *keys, size_t count,
                              int64_t now_ms, struct arena *arena) {
    struct redis_rows rows;
    int64_t *expires_ms = ARENA_ARRAY(arena, int64_t, count);
    enum gb_err err = watch_and_look(redis, keys, count, &rows);
    for (size_t i = 0; err == GB_OK && i < count; i++) {
        struct str value;
        bool gone = redis_row_take(&rows, now_ms, &value) == GB_NOT_FOUND;
        expires_ms[i] = gone ? GONE : rows.expires_ms;
    }
    if (err == GB_OK) {
        err = redis_link_begin(redis->link);
    }
    if (err != GB_OK) {
        return err;
    }
    const struct redis_reply *replies;
    REDIS_SEND(redis->link, STR("MULTI"));
    redis_link_select(redis->link, redis->db_first + REDIS_DB_ROWS);
    for (size_t i = 0; i < count; i++) {
        settle(redis, keys[i], expires_ms[i]);
    }
    REDIS_SEND(redis->link, STR("EXEC"));
    err = redis_link_commit(redis->link, &replies);
    return err == GB_OK ? redis_exec_result(redis, replies) : err;
}

/* One batch. A row that was written meanwhile (GB_CONFLICT) leaves the batch for the next purge. */
static enum gb_err purge_some(struct redis *redis, int64_t now_ms, size_t limit,
                              size_t *ret_removed) {
    const struct redis_reply *due = NULL;
    *ret_removed = 0;
    enum gb_err err = ask_due(redis, now_ms, limit, &due);
    if (err != GB_OK || due->count == 0) {
        return err;
    }
    size_t count = due->count;
    struct arena *arena = arena_new(64 * 1024, (size_t)4 * 1024 * 1024);
    err = remove_due(redis, keys_of(due, arena), count, now_ms, arena);
    arena_free(arena);
    if (err == GB_OK) {
        *ret_removed = count;
    }
    return err == GB_CONFLICT || err == GB_UNCERTAIN ? GB_OK : err;
}

enum gb_err redis_purge(struct backend *b, int64_t now_ms, size_t limit, size_t *ret_removed) {
    struct redis *redis = redis_of(b);
    enum gb_err err = GB_OK;
    size_t removed = 1;
    *ret_removed = 0;
    while (err == GB_OK && removed > 0 && *ret_removed < limit) {
        err = purge_some(redis, now_ms, GB_MIN(limit - *ret_removed, PURGE_BATCH), &removed);
        *ret_removed += removed;
    }
    redis->purged += *ret_removed;
    return redis_done(redis, err);
}

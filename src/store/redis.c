/* redis.c: the store on Redis or Valkey: opening it, reading a row, what the owner is told.
 *
 * Nothing is tied to the connection between two calls: a view reads as it goes, and apply compares
 * (redis_apply.c). How rows lie there: backend.h.
 */
#define GB_DOOR "the backend's own memory"
#include "store/redis_wire.h"

#include "base/arena.h"
#include "base/num.h"

struct redis *redis_of(struct backend *backend) {
    return (struct redis *)(void *)backend;
}

enum gb_err redis_done(struct redis *redis, enum gb_err err) {
    bool failed = err != GB_OK && err != GB_NOT_FOUND && err != GB_CONFLICT;
    redis->base.trouble = failed ? redis_link_trouble(redis->link) : NULL;
    return err;
}

enum gb_err redis_done_reading(struct redis *redis, enum gb_err err) {
    return redis_done(redis, err == GB_NO_SPACE ? GB_UNAVAILABLE : err);
}

/* ---- rows ---- */

int redis_db_of(const struct redis *redis, int table) {
    return redis->db_first + redis->base.tables[table].redis_db;
}

bool redis_is_ordered(const struct redis *redis, int table) {
    return redis->base.tables[table].redis_db == REDIS_DB_ROWS;
}

static struct str joined(const struct redis *redis, const char *before, const char *name,
                         const char *between, struct str key) {
    struct buf text;
    buf_init(&text, redis_link_memory(redis->link), STORE_KEY_MAX + 100);
    buf_add_text(&text, before);
    buf_add_text(&text, name);
    buf_add_text(&text, between);
    buf_add(&text, key);
    gb_assert(!text.failed);
    return buf_str(&text);
}

struct str redis_row_key(const struct redis *redis, int table, struct str key) {
    return redis_is_ordered(redis, table)
               ? joined(redis, "", redis->base.tables[table].name, ":", key)
               : key;
}

struct str redis_index_key(const struct redis *redis, int table) {
    return joined(redis, "_index:", redis->base.tables[table].name, "", STR_NONE);
}

void redis_rows_ask(struct redis *redis) {
    if (!redis_link_has_pexpiretime(redis->link)) {
        REDIS_SEND(redis->link, STR("TIME"));
    }
}

void redis_row_ask(struct redis *redis, struct str row_key) {
    bool absolute = redis_link_has_pexpiretime(redis->link);
    REDIS_SEND(redis->link, STR("GET"), row_key);
    REDIS_SEND(redis->link, absolute ? STR("PEXPIRETIME") : STR("PTTL"), row_key);
}

struct redis_rows redis_rows_take(struct redis *redis, const struct redis_reply *replies) {
    struct redis_rows rows = {.next = replies};
    if (redis_link_has_pexpiretime(redis->link)) {
        return rows;
    }
    int64_t s = 0, us = 0;
    const struct redis_reply *time = replies;
    if (time->kind == REDIS_LIST && time->count == 2 &&
        num_i64(time->first->text, 0, INT64_MAX / 1000 - 1, &s) == GB_OK &&
        num_i64(time->first->next->text, 0, 999999, &us) == GB_OK) {
        rows.server_ms = s * 1000 + us / 1000;
    }
    rows.next = time->next;
    return rows;
}

/* A negative time: the row never expires, or is not there, which GET has said. */
enum gb_err redis_row_take(struct redis_rows *rows, int64_t now_ms, struct str *ret_value) {
    const struct redis_reply *value = rows->next, *expiry = value->next;
    int64_t expires_ms;
    rows->next = expiry->next;
    rows->expires_ms = STORE_NEVER;
    if (value->kind == REDIS_NIL) {
        return GB_NOT_FOUND;
    }
    if (value->kind != REDIS_TEXT || expiry->kind != REDIS_INTEGER ||
        value->text.n > STORE_VALUE_MAX ||
        !num_add(rows->server_ms, expiry->integer, &expires_ms)) {
        return GB_DAMAGED;
    }
    if (expiry->integer >= 0) {
        rows->expires_ms = expires_ms;
        if (expires_ms <= now_ms) {
            return GB_NOT_FOUND;
        }
    }
    *ret_value = value->text;
    return GB_OK;
}

static enum gb_err read_row(struct redis *redis, int table, struct str key, int64_t now_ms,
                            struct str *ret_value, int64_t *ret_expires_ms) {
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(redis->link);
    if (err != GB_OK) {
        return err;
    }
    redis_link_select(redis->link, redis_db_of(redis, table));
    redis_rows_ask(redis);
    redis_row_ask(redis, redis_row_key(redis, table, key));
    err = redis_link_ask(redis->link, &replies);
    if (err == GB_OK) {
        err = redis_link_check(redis->link, replies);
    }
    if (err != GB_OK) {
        return err;
    }
    struct redis_rows rows = redis_rows_take(redis, replies->next);
    err = redis_row_take(&rows, now_ms, ret_value);
    *ret_expires_ms = rows.expires_ms;
    return err;
}

static enum gb_err redis_read(struct backend *b, int table, struct str key, int64_t now_ms,
                              struct arena *arena, struct str *ret_value) {
    struct redis *redis = redis_of(b);
    struct str value;
    int64_t expires_ms;
    enum gb_err err = read_row(redis, table, key, now_ms, &value, &expires_ms);
    if (err == GB_OK) {
        *ret_value = arena_copy(arena, value);
    }
    return redis_done_reading(redis, err);
}

static enum gb_err redis_expiry(struct backend *b, int table, struct str key, int64_t now_ms,
                                int64_t *ret_expires_ms) {
    struct redis *redis = redis_of(b);
    struct str value;
    return redis_done(redis, read_row(redis, table, key, now_ms, &value, ret_expires_ms));
}

/* What was applied is applied; how it survives a power cut is the server's setting (appendfsync).
 */
static enum gb_err redis_sync(struct backend *b) {
    return redis_done(redis_of(b), GB_OK);
}

static void redis_drop(struct backend *b) {
    (void)b;
}

static void redis_close(struct backend *b) {
    struct redis *redis = redis_of(b);
    redis_link_free(redis->link);
    arena_free(redis->kept);
    free(redis);
}

static void redis_figures(const struct backend *b, backend_figure_fn *each, void *ctx) {
    struct redis_stats stats;
    redis_stats(b, &stats);
    each(ctx, "redis_connected", false, stats.is_connected);
    each(ctx, "redis_rests_milliseconds", false, stats.rest_ms);
    each(ctx, "redis_connects_total", true, (int64_t)stats.connects);
    each(ctx, "redis_round_trips_total", true, (int64_t)stats.round_trips);
    each(ctx, "redis_conflicts_total", true, (int64_t)stats.conflicts);
    each(ctx, "redis_uncertain_total", true, (int64_t)stats.uncertain);
    each(ctx, "redis_failures_total", true, (int64_t)stats.failures);
    each(ctx, "redis_purged_total", true, (int64_t)stats.purged);
    each(ctx, "redis_last_trip_microseconds", false, stats.trip_us_last);
    each(ctx, "redis_longest_trip_microseconds", false, stats.trip_us_max);
}

static const struct backend_ops redis_ops = {
    .name = "redis",
    .read = redis_read,
    .scan = redis_scan,
    .apply = redis_apply,
    .sync = redis_sync,
    .drop = redis_drop,
    .purge = redis_purge,
    .close = redis_close,
    .figures = redis_figures,
    .expiry = redis_expiry,
};

/* ---- opening ---- */

static bool setting_is(const struct redis_reply *settings, const char *name, const char *value) {
    const struct redis_reply *one = settings->first;
    for (; one != NULL && one->next != NULL; one = one->next->next) {
        if (str_is(one->text, name)) {
            return str_is(one->next->text, value);
        }
    }
    return false;
}

/* Settings with which a shop should not be run; "" also when the server does not let us ask. */
static const char *advice(const struct redis_reply *durability, const struct redis_reply *memory) {
    if (durability->kind != REDIS_LIST || memory->kind != REDIS_LIST) {
        return "its settings may not be read; see to appendonly yes, maxmemory-policy noeviction";
    }
    if (!setting_is(durability, "appendonly", "yes")) {
        return "appendonly is not yes: a restart loses what came after the last snapshot";
    }
    if (!setting_is(durability, "appendfsync", "always") &&
        !setting_is(durability, "appendfsync", "everysec")) {
        return "appendfsync is neither always nor everysec: a power cut loses up to half a minute";
    }
    if (!setting_is(memory, "maxmemory", "0") &&
        !setting_is(memory, "maxmemory-policy", "noeviction")) {
        return "maxmemory-policy is not noeviction: a full server throws rows away";
    }
    return "";
}

static enum gb_err look_round(struct redis *redis) {
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(redis->link);
    if (err != GB_OK) {
        return err;
    }
    REDIS_SEND(redis->link, STR("CONFIG"), STR("GET"), STR("append*"));
    REDIS_SEND(redis->link, STR("CONFIG"), STR("GET"), STR("maxmemory*"));
    err = redis_link_ask(redis->link, &replies);
    if (err == GB_OK) {
        redis->warning = advice(replies, replies->next);
    }
    return err;
}

/* Two rows must never have one key on the server. */
static void check_tables(const struct store_table *tables, size_t count) {
    bool taken[REDIS_DB_ROWS] = {false};
    gb_assert(count <= STORE_TABLES_MAX);
    for (size_t i = 0; i < count; i++) {
        int db = tables[i].redis_db;
        gb_assert(db >= 0 && db <= REDIS_DB_ROWS);
        gb_assert(tables[i].name[0] != '_');
        gb_assert(strchr(tables[i].name, ':') == NULL && strlen(tables[i].name) < 80);
        if (db < REDIS_DB_ROWS) {
            gb_assert(!taken[db]);
            taken[db] = true;
        }
    }
}

/* NULL: TLS without one authority that could be read. */
static struct redis *redis_new(const struct redis_options *options,
                               const struct store_table *tables, size_t table_count) {
    struct redis_link *link = redis_link_new(options);
    struct redis *redis = calloc(1, sizeof *redis);
    gb_assert(redis != NULL);
    redis->base = (struct backend){
        .ops = &redis_ops, .tables = tables, .table_count = table_count, .is_shared = true};
    redis->link = link;
    redis->db_first = options->db_first;
    redis->warning = "";
    if (link == NULL) {
        free(redis);
        return NULL;
    }
    redis->kept = arena_new(256, 4096);
    redis->instance =
        options->instance != NULL ? arena_cstr(redis->kept, str_of(options->instance)) : NULL;
    for (size_t i = 0; i < options->told_count; i++) {
        gb_assert((size_t)options->told[i] < table_count);
        redis->told[options->told[i]] = true;
    }
    return redis;
}

enum gb_err redis_open(const struct redis_options *options, const struct store_table *tables,
                       size_t table_count, struct arena *arena, struct backend **ret_backend,
                       struct str *reterr_why) {
    check_tables(tables, table_count);
    struct redis *redis = redis_new(options, tables, table_count);
    if (redis == NULL) {
        *reterr_why = arena_printf(arena, "no certificate authority could be read%s%s",
                                   options->ca_file != NULL ? " from " : "",
                                   options->ca_file != NULL ? options->ca_file : "");
        return GB_UNAVAILABLE;
    }
    *ret_backend = &redis->base;
    enum gb_err err = look_round(redis);
    if (err != GB_OK) {
        *ret_backend = NULL;
        *reterr_why = arena_printf(arena, "%s", redis_link_trouble(redis->link));
        redis_close(&redis->base);
    }
    return err;
}

void redis_stats(const struct backend *backend, struct redis_stats *ret_stats) {
    const struct redis *redis = (const struct redis *)(const void *)backend;
    redis_link_stats(redis->link, ret_stats);
    ret_stats->conflicts = redis->conflicts;
    ret_stats->uncertain = redis->uncertain;
    ret_stats->purged = redis->purged;
    ret_stats->warning = redis->warning;
    ret_stats->trouble = backend->trouble != NULL ? backend->trouble : "";
}

enum gb_err redis_ping(struct backend *backend) {
    struct redis *redis = redis_of(backend);
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(redis->link);
    if (err == GB_OK) {
        REDIS_SEND(redis->link, STR("PING"));
        err = redis_link_ask(redis->link, &replies);
    }
    if (err == GB_OK) {
        err = redis_link_check(redis->link, replies);
    }
    return redis_done(redis, err != GB_OK ? GB_UNAVAILABLE : GB_OK);
}

/* redis_scan.c: rows in byte order.
 *
 * Tables of database 3 have an index in that order: some keys of it, then their rows, and so on.
 * The others have none, since their keys must look exactly as other programs write them: SCAN walks
 * the database, and the lowest keys of the range are kept, sorted, handed out; then the next
 * lowest.
 */
#define GB_DOOR "the keys of a walk, which may be more than an event's memory"
#include "store/redis_wire.h"

#include "base/arena.h"

#define ROWS_A_TRIP ((size_t)32) /* each at most STORE_VALUE_MAX: see REPLIES_MAX of the link */
#define WALK_KEYS   ((size_t)4096)
#define WALK_A_TRIP "1000"
#define WALK_TRIPS  1000000 /* of one walk: as many as a thousand million keys want */

struct scan {
    struct redis *redis;
    int table;
    struct str until; /* empty: to the end */
    struct str last;  /* key handed out, or passed over, last; p NULL: none yet */
    size_t left;
    int64_t now_ms;
    struct arena *arena;
    backend_row_fn *each;
    void *ctx;
    bool stopped;
};

/* Read the rows of `keys`, at most ROWS_A_TRIP; values in the scan's arena, p NULL: none. In the
 * databases of others there may be lists and hashes: no rows. */
static enum gb_err read_rows(struct scan *scan, const struct str *keys, size_t count,
                             struct str *values) {
    struct redis *redis = scan->redis;
    bool ours = redis_is_ordered(redis, scan->table);
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(redis->link);
    if (err != GB_OK) {
        return err;
    }
    redis_link_select(redis->link, redis_db_of(redis, scan->table));
    redis_rows_ask(redis);
    for (size_t i = 0; i < count; i++) {
        redis_row_ask(redis, redis_row_key(redis, scan->table, keys[i]));
    }
    err = redis_link_ask(redis->link, &replies);
    if (err != GB_OK) {
        return err;
    }
    if (replies->kind == REDIS_ERROR) {
        return redis_link_refused(redis->link, replies);
    }
    struct redis_rows rows = redis_rows_take(redis, replies->next);
    for (size_t i = 0; i < count; i++) {
        const struct redis_reply *answer = rows.next;
        err = redis_row_take(&rows, scan->now_ms, &values[i]);
        bool is_row = err == GB_OK;
        values[i] = is_row ? arena_copy(scan->arena, values[i]) : STR_NONE;
        if (err == GB_DAMAGED && (ours || !str_starts(answer->text, STR("WRONGTYPE")))) {
            return answer->kind == REDIS_ERROR ? redis_link_refused(redis->link, answer) : err;
        }
    }
    return GB_OK;
}

/* Those that are there. `each` may read other rows, so all of them are read before. */
static enum gb_err hand_out(struct scan *scan, const struct str *keys, size_t count) {
    struct str values[ROWS_A_TRIP] = {{NULL, 0}};
    enum gb_err err = read_rows(scan, keys, count, values);
    for (size_t i = 0; err == GB_OK && i < count && !scan->stopped; i++) {
        if (values[i].p != NULL) {
            scan->left--;
            scan->stopped = !scan->each(scan->ctx, keys[i], values[i]) || scan->left == 0;
        }
    }
    return err;
}

/* ---- tables with an index ---- */

static struct str bound(struct redis *redis, const char *sign, struct str key) {
    struct buf text;
    buf_init(&text, redis_link_memory(redis->link), STORE_KEY_MAX + 1);
    buf_add_text(&text, sign);
    buf_add(&text, key);
    return buf_str(&text);
}

/* The next keys of the index, in the scan's arena; *ret_count 0: there are no more. */
static enum gb_err index_keys(struct scan *scan, struct str from, struct str keys[ROWS_A_TRIP],
                              size_t *ret_count) {
    struct redis *redis = scan->redis;
    struct redis_link *link = redis->link;
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(link);
    if (err != GB_OK) {
        return err;
    }
    struct str start = scan->last.p != NULL ? bound(redis, "(", scan->last)
                       : from.n > 0         ? bound(redis, "[", from)
                                            : STR("-");
    redis_link_select(link, redis_db_of(redis, scan->table));
    REDIS_SEND(link, STR("ZRANGEBYLEX"), redis_index_key(redis, scan->table), start,
               scan->until.n > 0 ? bound(redis, "(", scan->until) : STR("+"), STR("LIMIT"),
               STR("0"),
               arena_printf(redis_link_memory(link), "%zu", GB_MIN(scan->left, ROWS_A_TRIP)));
    err = redis_link_ask(link, &replies);
    if (err == GB_OK) {
        err = redis_link_check(link, replies);
    }
    if (err == GB_OK && (replies->next->kind != REDIS_LIST || replies->next->count > ROWS_A_TRIP)) {
        err = redis_link_nonsense(link);
    }
    if (err != GB_OK) {
        return err;
    }
    size_t count = 0;
    for (const struct redis_reply *one = replies->next->first; one != NULL; one = one->next) {
        struct str before = count > 0 ? keys[count - 1] : scan->last;
        if (one->text.n == 0 || one->text.n > STORE_KEY_MAX ||
            (before.p != NULL && str_compare(one->text, before) <= 0)) {
            redis_link_say(link, "the index of table %s is not ours",
                           redis->base.tables[scan->table].name);
            return GB_DAMAGED;
        }
        keys[count++] = arena_copy(scan->arena, one->text);
    }
    *ret_count = count;
    return GB_OK;
}

static enum gb_err scan_index(struct scan *scan, struct str from) {
    struct str keys[ROWS_A_TRIP];
    size_t count = 1;
    enum gb_err err = GB_OK;
    while (err == GB_OK && !scan->stopped) {
        err = index_keys(scan, from, keys, &count);
        if (err != GB_OK || count == 0) {
            break;
        }
        scan->last = keys[count - 1];
        err = hand_out(scan, keys, count);
    }
    return err;
}

/* ---- tables without ---- */

struct walk_key {
    uint16_t n;
    char text[STORE_KEY_MAX];
};

/* Twice as many as are kept: when they are full, the lower half of what was found stays. */
struct walk {
    struct walk_key *keys;
    size_t count, kept_max;
    bool has_more; /* keys above the highest kept were found */
};

static struct str text_of(const struct walk_key *key) {
    return (struct str){key->text, key->n};
}

static int walk_order(const void *a, const void *b) {
    return str_compare(text_of(a), text_of(b));
}

/* Sorted, each once (SCAN may name a key twice), at most kept_max. */
static void walk_sort(struct walk *walk) {
    size_t kept = 0;
    qsort(walk->keys, walk->count, sizeof *walk->keys, walk_order);
    for (size_t i = 0; i < walk->count; i++) {
        if (kept == 0 || walk_order(&walk->keys[kept - 1], &walk->keys[i]) != 0) {
            walk->keys[kept++] = walk->keys[i];
        }
    }
    walk->has_more = walk->has_more || kept > walk->kept_max;
    walk->count = GB_MIN(kept, walk->kept_max);
}

static void walk_add(struct walk *walk, struct str key) {
    if (walk->count == 2 * walk->kept_max) {
        walk_sort(walk);
    }
    struct walk_key *added = &walk->keys[walk->count++];
    added->n = (uint16_t)key.n;
    memcpy(added->text, key.p, key.n);
}

static bool in_range(const struct scan *scan, struct str from, struct str key) {
    bool above =
        scan->last.p != NULL ? str_compare(key, scan->last) > 0 : str_compare(key, from) >= 0;
    return above && key.n > 0 && key.n <= STORE_KEY_MAX &&
           (scan->until.n == 0 || str_compare(key, scan->until) < 0);
}

/* One step of SCAN; *cursor in `room`. */
static enum gb_err walk_step(struct scan *scan, struct str from, struct walk *walk, char room[24]) {
    struct redis_link *link = scan->redis->link;
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(link);
    if (err != GB_OK) {
        return err;
    }
    redis_link_select(link, redis_db_of(scan->redis, scan->table));
    REDIS_SEND(link, STR("SCAN"), str_of(room), STR("COUNT"), STR(WALK_A_TRIP));
    err = redis_link_ask(link, &replies);
    if (err == GB_OK) {
        err = redis_link_check(link, replies);
    }
    if (err != GB_OK) {
        return err;
    }
    const struct redis_reply *step = replies->next, *cursor = step->first;
    if (step->kind != REDIS_LIST || step->count != 2 || cursor->text.n == 0 ||
        cursor->text.n >= 24 || cursor->next->kind != REDIS_LIST) {
        return redis_link_nonsense(link);
    }
    (void)snprintf(room, 24, STR_FMT, STR_ARG(cursor->text));
    for (const struct redis_reply *one = cursor->next->first; one != NULL; one = one->next) {
        if (in_range(scan, from, one->text)) {
            walk_add(walk, one->text);
        }
    }
    return GB_OK;
}

/* The lowest keys of what is left of the range, once through the database. */
static enum gb_err walk_all(struct scan *scan, struct str from, struct walk *walk) {
    char cursor[24] = "0";
    enum gb_err err = GB_OK;
    size_t trips = 0;
    walk->count = 0;
    walk->has_more = false;
    do {
        err = walk_step(scan, from, walk, cursor);
    } while (err == GB_OK && strcmp(cursor, "0") != 0 && ++trips < WALK_TRIPS);
    walk_sort(walk);
    return err;
}

static enum gb_err hand_out_walk(struct scan *scan, const struct walk *walk) {
    struct str keys[ROWS_A_TRIP];
    enum gb_err err = GB_OK;
    for (size_t at = 0; err == GB_OK && !scan->stopped && at < walk->count;) {
        size_t count = GB_MIN(walk->count - at, ROWS_A_TRIP);
        for (size_t i = 0; i < count; i++) {
            keys[i] = arena_copy(scan->arena, text_of(&walk->keys[at + i]));
        }
        scan->last = keys[count - 1];
        err = hand_out(scan, keys, count);
        at += count;
    }
    return err;
}

static enum gb_err scan_walk(struct scan *scan, struct str from) {
    struct walk walk = {.kept_max = GB_MIN(scan->left, WALK_KEYS)};
    enum gb_err err;
    walk.keys = calloc(2 * walk.kept_max, sizeof *walk.keys);
    gb_assert(walk.keys != NULL);
    do {
        err = walk_all(scan, from, &walk);
        if (err == GB_OK) {
            err = hand_out_walk(scan, &walk);
        }
    } while (err == GB_OK && !scan->stopped && walk.has_more);
    free(walk.keys);
    return err;
}

/* NOLINTNEXTLINE(readability-function-size): as backend_ops has it */
enum gb_err redis_scan(struct backend *b, int table, struct str from, struct str until,
                       size_t limit, int64_t now_ms, struct arena *arena, backend_row_fn *each,
                       void *ctx) {
    struct redis *redis = redis_of(b);
    struct scan scan = {.redis = redis,
                        .table = table,
                        .until = until,
                        .left = limit,
                        .now_ms = now_ms,
                        .arena = arena,
                        .each = each,
                        .ctx = ctx};
    if (limit == 0) {
        return GB_OK;
    }
    return redis_done_reading(redis, redis_is_ordered(redis, table) ? scan_index(&scan, from)
                                                                    : scan_walk(&scan, from));
}

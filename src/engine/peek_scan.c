/* peek_scan.c: walks over keys, each bounded by the rows it looks at.
 *
 * Tables are walked in their order and keys in theirs, so a key that is there all the time is met
 * exactly once. What has expired is walked over, too, and counts: else a heap of rows that wait for
 * their purge would be one long step.
 */
#include "engine/peek_inside.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/glob.h"
#include "base/num.h"
#include "store/backend.h"

#define COUNT_FALLBACK 10
#define RANDOM_ROWS    1000

struct found_key {
    int table;
    struct str key;  /* the store's, valid for this turn */
    struct str name; /* as shown */
};

struct walk {
    struct ask *ask;
    struct str pattern; /* empty: everything */
    struct place place; /* behind the last row looked at */
    size_t rows_left;
    struct found_key *found;
    size_t count;
    /* In this table: */
    struct str label;  /* "users:", or nothing */
    struct str prefix; /* what its keys must begin with */
    bool is_over;      /* a key behind those was met */
};

/* ---- the walk ---- */

/* What begins a key of this table by the pattern. False: none of its keys can match. */
static bool enter_table(struct walk *walk, int table) {
    struct ask *ask = walk->ask;
    struct str begins = glob_prefix(walk->pattern);
    walk->label = STR_NONE;
    walk->is_over = false;
    if (ask->session->db == PEEK_SHOP) {
        walk->label = arena_printf(ask->arena, "%s:", ask->peek->backend->tables[table].name);
    }
    size_t both = GB_MIN(begins.n, walk->label.n);
    walk->prefix = str_sub(begins, walk->label.n, begins.n);
    return str_equal(str_sub(begins, 0, both), str_sub(walk->label, 0, both)) &&
           walk->prefix.n <= STORE_KEY_MAX;
}

static bool meet(void *ctx, struct str key, struct str value) {
    (void)value;
    struct walk *walk = ctx;
    struct ask *ask = walk->ask;
    if (!str_starts(key, walk->prefix)) {
        walk->is_over = true;
        return false;
    }
    walk->place.key_n = key.n;
    memcpy(walk->place.key, key.p, key.n);
    walk->rows_left--;
    struct str name = key;
    if (walk->label.n > 0) {
        name = arena_printf(ask->arena, STR_FMT STR_FMT, STR_ARG(walk->label), STR_ARG(key));
    }
    if (walk->pattern.n == 0 || glob_match(walk->pattern, name)) {
        walk->found[walk->count++] = (struct found_key){walk->place.table, key, name};
    }
    return true;
}

/* The rest of one table, as far as rows are left. */
static enum gb_err walk_table(struct walk *walk) {
    struct backend *backend = walk->ask->peek->backend;
    struct place *place = &walk->place;
    char from_text[STORE_KEY_MAX + 1];
    struct str from = walk->prefix;
    memcpy(from_text, place->key, place->key_n);
    from_text[place->key_n] = '\0'; /* the first key behind it */
    if (place->key_n > 0 && str_compare((struct str){from_text, place->key_n}, from) >= 0) {
        from = (struct str){from_text, place->key_n + 1};
    }
    /* No instant: nothing has expired for the walk itself. */
    return backend->ops->scan(backend, place->table, from, STR_NONE, walk->rows_left, INT64_MIN,
                              walk->ask->arena, meet, walk);
}

/* *ret_ended: the last table was walked to its end. */
static enum gb_err walk_on(struct walk *walk, bool *ret_ended) {
    struct backend *backend = walk->ask->peek->backend;
    size_t most = walk->rows_left;
    walk->found = ARENA_ARRAY(walk->ask->arena, struct found_key, most + 1);
    for (; walk->place.table < (int)backend->table_count; walk->place.table++) {
        int table = walk->place.table;
        if (backend->tables[table].redis_db == walk->ask->session->db && enter_table(walk, table)) {
            enum gb_err err = walk_table(walk);
            if (err != GB_OK) {
                return err;
            }
            if (walk->rows_left == 0 && !walk->is_over) {
                *ret_ended = false;
                return GB_OK;
            }
        }
        walk->place.key_n = 0;
    }
    *ret_ended = true;
    return GB_OK;
}

static bool is_alive(struct ask *ask, const struct found_key *found) {
    int64_t expires_ms;
    struct backend *backend = ask->peek->backend;
    return backend->ops->expiry(backend, found->table, found->key, ask->now_ms, &expires_ms) ==
           GB_OK;
}

/* The keys that are still there, as an array. */
static void put_found(struct walk *walk) {
    size_t alive = 0;
    for (size_t i = 0; i < walk->count; i++) {
        if (is_alive(walk->ask, &walk->found[i])) {
            walk->found[alive++] = walk->found[i];
        }
    }
    resp_array(&walk->ask->out, alive);
    for (size_t i = 0; i < alive; i++) {
        resp_bulk(&walk->ask->out, walk->found[i].name);
    }
}

/* ---- cursors ----
 *
 * A place is a key, too long for a cursor, which is a number. So a number stands for a place that
 * is kept here; the last few of each connection, that one connection cannot push out another's. */

static uint64_t cursor_keep(struct ask *ask, const struct place *place) {
    size_t seat = ask->incoming->seat;
    struct cursor *cursors = ask->peek->cursors[seat], *oldest = cursors;
    for (size_t i = 1; i < PEEK_CURSORS; i++) {
        oldest = cursors[i].number < oldest->number ? &cursors[i] : oldest;
    }
    oldest->number = ++ask->peek->cursors_made * COMMAND_SEATS + seat;
    oldest->db = ask->session->db;
    oldest->place = *place;
    return oldest->number;
}

/* False: there is no such place any more. */
static bool cursor_find(const struct ask *ask, uint64_t number, struct place *ret_place) {
    const struct cursor *cursors = ask->peek->cursors[number % COMMAND_SEATS];
    for (size_t i = 0; i < PEEK_CURSORS; i++) {
        if (cursors[i].number == number && cursors[i].db == ask->session->db) {
            *ret_place = cursors[i].place;
            return true;
        }
    }
    return false;
}

/* ---- the commands ---- */

/* MATCH, COUNT, TYPE. False: said what is wrong with them. */
static bool scan_words(struct ask *ask, struct walk *walk, bool *ret_none) {
    int64_t count = COUNT_FALLBACK;
    for (size_t i = 2; i < ask->argc; i += 2) {
        bool has_value = i + 1 < ask->argc;
        struct str value = has_value ? ask->argv[i + 1] : STR_NONE;
        if (has_value && peek_arg_is(ask, i, "match")) {
            walk->pattern = str_is(value, "*") ? STR_NONE : value;
        } else if (has_value && peek_arg_is(ask, i, "type")) {
            *ret_none = !str_equal_nocase(value, STR("string"));
        } else if (has_value && peek_arg_is(ask, i, "count")) {
            if (num_i64(value, INT64_MIN, INT64_MAX, &count) != GB_OK) {
                peek_error(ask, "ERR value is not an integer or out of range");
                return false;
            }
        } else {
            count = 0;
        }
        if (count < 1) {
            peek_error(ask, "ERR syntax error");
            return false;
        }
    }
    walk->rows_left = (size_t)GB_MIN(count, (int64_t)PEEK_SCAN_ROWS_MAX);
    return true;
}

void peek_scan(struct ask *ask) {
    struct walk walk = {.ask = ask};
    int64_t number;
    bool none = false, ended = true;
    if (num_i64(ask->argv[1], 0, INT64_MAX, &number) != GB_OK) {
        peek_error(ask, "ERR invalid cursor");
        return;
    }
    if (!scan_words(ask, &walk, &none)) {
        return;
    }
    if (number != 0 && !cursor_find(ask, (uint64_t)number, &walk.place)) {
        peek_error(ask, "ERR invalid cursor: it is too old, or of another database; begin with 0");
        return;
    }
    enum gb_err err = none ? GB_OK : walk_on(&walk, &ended);
    if (err != GB_OK) {
        peek_fault(ask, err);
        return;
    }
    uint64_t next = ended ? 0 : cursor_keep(ask, &walk.place);
    resp_array(&ask->out, 2);
    resp_bulk(&ask->out, arena_printf(ask->arena, "%" PRIu64, next));
    put_found(&walk);
}

void peek_keys(struct ask *ask) {
    struct walk walk = {.ask = ask, .rows_left = PEEK_KEYS_ROWS_MAX};
    bool ended = true;
    walk.pattern = str_is(ask->argv[1], "*") ? STR_NONE : ask->argv[1];
    /* An empty pattern matches nothing here: there is no empty key. */
    enum gb_err err = ask->argv[1].n > 0 ? walk_on(&walk, &ended) : GB_OK;
    if (err != GB_OK) {
        peek_fault(ask, err);
    } else if (!ended) {
        peek_error(ask, "ERR KEYS looks at 10000 rows at most, and there are more: use SCAN, or "
                        "begin the pattern with what the keys begin with");
    } else {
        put_found(&walk);
    }
}

/* Uniform among the first rows: there is no way to a row by its number. */
void peek_randomkey(struct ask *ask) {
    struct walk walk = {.ask = ask, .rows_left = RANDOM_ROWS};
    bool ended;
    enum gb_err err = walk_on(&walk, &ended);
    if (err != GB_OK) {
        peek_fault(ask, err);
        return;
    }
    uint64_t start = 0;
    ask->peek->world->ops->chance(ask->peek->world, &start, sizeof start);
    for (size_t i = 0; i < walk.count; i++) {
        const struct found_key *found = &walk.found[(start + i) % walk.count];
        if (is_alive(ask, found)) {
            resp_bulk(&ask->out, found->name);
            return;
        }
    }
    resp_null(&ask->out);
}

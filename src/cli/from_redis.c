/* from_redis.c: `gigabridge import --from-redis`: the dialogs of an aiogram bot, from its Redis
 * into the shop's directory, in the layout of [fsm], with the time they have left. Nothing is
 * changed there.
 *
 *      fsm[:bot][:business]:chat[:thread]:user[:destiny]:state|data
 *
 * What has a name of its own (business connection, destiny) is known by not being a number. A bot's
 * id cannot be told from a thread's: --with-bot-id says that it is there.
 */
#include "cli/from_redis.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/data.h"
#include "cli/rows.h"
#include "state/config.h"
#include "state/dialogs.h"
#include "state/work.h"
#include "store/backend.h"

#include <stdio.h>

#define PARTS_MAX   8
#define BATCH_BYTES ((size_t)64 * 1024)
#define BATCH_MAX   ((size_t)1024 * 1024 * 1024)
#define BATCH_ROWS  1000

struct moving {
    const struct config *config;
    struct backend *from, *to;
    struct arena *arena;
    struct work work;
    bool with_bot_id;
    size_t in_batch;
    int64_t states, datas, others;
};

static bool is_id(struct str part, int64_t *ret_id) {
    return num_i64(part, INT64_MIN / 2, INT64_MAX / 2, ret_id) == GB_OK;
}

/* The parts between "fsm" and "state" or "data". */
static bool where_of(const struct moving *moving, const struct str *parts, size_t count,
                     struct dialog_where *ret_where) {
    struct dialog_where where = {0};
    int64_t ids[3];
    size_t at = 0, found = 0;
    int64_t bot;
    if (moving->with_bot_id && at < count && is_id(parts[at], &bot)) {
        at++;
    }
    if (at < count && !is_id(parts[at], &bot)) {
        where.business = parts[at++];
    }
    while (at < count && found < 3 && is_id(parts[at], &ids[found])) {
        at++;
        found++;
    }
    bool has_destiny = at + 1 == count; /* whatever it is called: here there is one */
    if (found < 2 || (at != count && !has_destiny)) {
        return false;
    }
    where.chat = ids[0];
    where.thread = found == 3 ? ids[1] : 0;
    where.user = ids[found - 1];
    *ret_where = where;
    return true;
}

static size_t split(struct str key, struct str *parts) {
    size_t count = 0;
    struct str part;
    while (count < PARTS_MAX && str_split(&key, ':', &part)) {
        parts[count++] = part;
    }
    return key.p == NULL ? count : 0; /* more than any of ours has */
}

static bool is_state(struct str value) {
    return value.n > 0 && value.n <= 1024 && utf8_is_valid(value);
}

static bool is_data(struct arena *arena, struct str value) {
    const struct json *root;
    return json_parse(arena, value, &root, NULL) == GB_OK && json_is_object(root);
}

static void pass_over(struct moving *moving, struct str key) {
    struct buf text;
    buf_init(&text, moving->arena, 8 * STORE_KEY_MAX);
    json_quote(&text, key);
    fprintf(stderr, "passed over: " STR_FMT "\n", STR_ARG(buf_str(&text)));
    moving->others++;
}

static enum gb_err batch_end(struct moving *moving) {
    enum gb_err err = tx_apply(moving->work.tx);
    if (err == GB_OK) {
        err = moving->to->ops->sync(moving->to);
    }
    arena_clear(moving->arena);
    moving->work.tx = tx_begin(moving->to, moving->arena, moving->work.now_ms);
    moving->in_batch = 0;
    return err;
}

static enum gb_err take(void *ctx, struct arena *arena, const struct row *row) {
    struct moving *moving = ctx;
    struct str parts[PARTS_MAX];
    size_t count = split(row->key, parts);
    struct dialog_where where;
    bool state = count > 2 && str_is(parts[count - 1], "state");
    bool data = count > 2 && str_is(parts[count - 1], "data");
    if ((!state && !data) || !where_of(moving, &parts[1], count - 2, &where) ||
        !(state ? is_state(row->value) : is_data(arena, row->value))) {
        pass_over(moving, row->key);
        return GB_OK;
    }
    /* A bot may keep its dialogs for ever: here they have an end. */
    int64_t expires_ms = row->expires_ms != STORE_NEVER
                             ? row->expires_ms
                             : moving->work.now_ms + moving->config->shop.dialog_ms;
    tx_put(moving->work.tx, TABLE_FSM, dialog_key(&moving->work, &where, state ? "state" : "data"),
           row->value, expires_ms);
    moving->states += state;
    moving->datas += data;
    return ++moving->in_batch < BATCH_ROWS ? GB_OK : batch_end(moving);
}

static enum gb_err move_all(struct moving *moving) {
    moving->work = (struct work){
        .tx = tx_begin(moving->to, moving->arena, data_now_ms()),
        .arena = moving->arena,
        .now_ms = data_now_ms(),
        .config = moving->config,
        .zone = &moving->config->shop.zone,
    };
    enum gb_err err = rows_walk(moving->from, 0, STR("fsm:"), moving->work.now_ms, take, moving);
    return err == GB_OK ? batch_end(moving) : err;
}

int import_from_redis(const struct config *config, bool with_bot_id, struct arena *arena) {
    struct moving moving = {.config = config, .with_bot_id = with_bot_id};
    struct str why = STR_NONE;
    if (config->store.backend != STORE_LMDB) {
        fputs("gigabridge: this store's dialogs are in Redis already: [fsm] says how they are laid "
              "out\n",
              stderr);
        return 1;
    }
    if (data_guest(config, arena, &moving.from, &why) != GB_OK) {
        fprintf(stderr, "gigabridge: [redis]: " STR_FMT "\n", STR_ARG(why));
        return 1;
    }
    if (data_open(config, NULL, arena, &moving.to, &why) != GB_OK) {
        fprintf(stderr, "gigabridge: data: " STR_FMT "\n", STR_ARG(why));
        moving.from->ops->close(moving.from);
        return 1;
    }
    moving.arena = arena_new(BATCH_BYTES, BATCH_MAX);
    enum gb_err err = move_all(&moving);
    if (err == GB_OK) {
        fprintf(stderr,
                "%" PRId64 " states, %" PRId64 " data; %" PRId64 " other keys passed over\n",
                moving.states, moving.datas, moving.others);
    } else {
        fprintf(stderr, "gigabridge: import: %s\n", gb_err_meaning(err));
    }
    moving.from->ops->close(moving.from);
    moving.to->ops->close(moving.to);
    arena_free(moving.arena);
    return err == GB_OK ? 0 : 1;
}

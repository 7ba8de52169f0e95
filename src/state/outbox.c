#include "state/outbox.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "state/work.h"

/* A row's value is one line of bookkeeping and then the body, byte for byte as it was decided: a
 * provider that compares bodies under one idempotency key must see the same bytes each time. */
#define HEAD_BYTES_MAX 4096
#define BODY_BYTES_MAX (128 * 1024)

struct str outbox_key(struct arena *arena, const struct outbox_row *row) {
    struct buf key;
    buf_init(&key, arena, STORE_KEY_MAX);
    buf_add(&key, row->lane);
    buf_add_char(&key, '/');
    buf_add_hex64(&key, (uint64_t)row->due_ms);
    buf_add_char(&key, '/');
    buf_add_hex64(&key, row->order);
    gb_assert(!key.failed);
    return buf_str(&key);
}

static void put_unless_zero(struct json_out *out, const char *key, int64_t number) {
    if (number != 0) {
        json_put_i64(out, key, number);
    }
}

static void put_unless_empty(struct json_out *out, const char *key, struct str text) {
    if (text.n > 0) {
        json_put_str(out, key, text);
    }
}

static struct str row_value(struct arena *arena, const struct outbox_row *row, struct str why) {
    gb_assert(row->body.n <= BODY_BYTES_MAX);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, HEAD_BYTES_MAX + BODY_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "kind", row->kind);
    put_unless_empty(&out, "key", row->key);
    put_unless_empty(&out, "queue", row->queue);
    put_unless_empty(&out, "then", row->then);
    put_unless_empty(&out, "about", row->about);
    put_unless_zero(&out, "again", (int64_t)row->again);
    put_unless_zero(&out, "state", (int64_t)row->state);
    put_unless_zero(&out, "give_up", row->give_up_ms);
    json_put_i64(&out, "at", row->created_ms);
    put_unless_zero(&out, "attempts", row->attempts);
    put_unless_empty(&out, "why", why);
    json_close(&out);
    buf_add_char(&buf, '\n');
    buf_add(&buf, row->body);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

static void row_put(struct work *work, const struct outbox_row *row) {
    tx_put(work->tx, TABLE_OUTBOX, outbox_key(work->arena, row),
           row_value(work->arena, row, STR_NONE), STORE_NEVER);
}

/* The lists are a handful long: one event makes few rows. */
static void node_append(struct outbox_node **list, struct outbox_node *node) {
    while (*list != NULL) {
        list = &(*list)->next;
    }
    *list = node;
}

static struct outbox_node *node_new(struct work *work, const struct outbox_row *row) {
    gb_assert(row->lane.n > 0 && str_find(row->lane, '/') == row->lane.n);
    gb_assert(row->kind.n > 0);
    struct outbox_node *node = ARENA_NEW(work->arena, struct outbox_node);
    node->row = *row;
    node->row.lane = arena_copy(work->arena, row->lane);
    node->row.kind = arena_copy(work->arena, row->kind);
    node->row.key = arena_copy(work->arena, row->key);
    node->row.body = arena_copy(work->arena, row->body);
    node->row.queue = arena_copy(work->arena, row->queue);
    node->row.then = arena_copy(work->arena, row->then);
    node->row.about = arena_copy(work->arena, row->about);
    node->row.state = OUTBOX_WAITING;
    node->row.due_ms = GB_MAX(row->due_ms, work->now_ms);
    node->row.created_ms = work->now_ms;
    node->row.attempts = 0;
    node->row.order = work->order++;
    return node;
}

#define QUEUE_KEPT_MS GB_DAY_MS

static struct str queue_key(struct arena *arena, const struct outbox_row *row) {
    struct buf key;
    buf_init(&key, arena, STORE_KEY_MAX);
    buf_add(&key, row->lane);
    buf_add_char(&key, '/');
    buf_add(&key, row->queue);
    gb_assert(!key.failed);
    return buf_str(&key);
}

static void go_behind_last(struct work *work, struct str queue, struct outbox_row *row) {
    struct str value;
    uint64_t due, order;
    if (tx_get(work->tx, TABLE_QUEUES, queue, &value) == GB_OK &&
        num_hex64(str_sub(value, 0, 16), &due) == GB_OK &&
        num_hex64(str_sub(value, 16, 16), &order) == GB_OK) {
        row->due_ms = GB_MAX(row->due_ms, (int64_t)due);
        row->order = GB_MAX(row->order, order + 1);
    }
}

static void remember_last(struct work *work, struct str queue, const struct outbox_row *row) {
    struct buf last;
    buf_init(&last, work->arena, 32);
    buf_add_hex64(&last, (uint64_t)row->due_ms);
    buf_add_hex64(&last, row->order);
    tx_put(work->tx, TABLE_QUEUES, queue, buf_str(&last), work->now_ms + QUEUE_KEPT_MS);
}

/* Several instances number rows by clocks of their own. So a number is looked at before it is
 * taken, and a queue remembers its last place: the next row goes behind it, and two that add to one
 * queue at once are in conflict. */
static void place_among_others(struct work *work, struct outbox_row *row) {
    bool queued = row->queue.n > 0 && row->due_ms <= work->now_ms;
    struct str queue = queue_key(work->arena, row), value;
    if (queued) {
        go_behind_last(work, queue, row);
    }
    while (tx_get(work->tx, TABLE_OUTBOX, outbox_key(work->arena, row), &value) == GB_OK) {
        row->order++;
    }
    if (queued) {
        remember_last(work, queue, row);
    }
    work->order = GB_MAX(work->order, row->order + 1);
}

void outbox_add(struct work *work, const struct outbox_row *row) {
    struct outbox_node *node = node_new(work, row);
    node_append(&work->added, node);
    if (work->is_shared) {
        place_among_others(work, &node->row);
    }
    row_put(work, &node->row);
}

void outbox_noise(struct work *work, const struct outbox_row *row) {
    node_append(&work->noise, node_new(work, row));
}

/* lane/due/order, from the end: the lane's own name may hold anything but a slash. */
static enum gb_err key_read(struct str key, struct outbox_row *row) {
    enum { DUE = 17, ORDER = 34 };
    if (key.n <= ORDER || key.p[key.n - DUE] != '/' || key.p[key.n - ORDER] != '/') {
        return GB_DAMAGED;
    }
    uint64_t due;
    if (num_hex64(str_sub(key, key.n - ORDER + 1, 16), &due) != GB_OK ||
        num_hex64(str_sub(key, key.n - DUE + 1, 16), &row->order) != GB_OK) {
        return GB_DAMAGED;
    }
    row->due_ms = (int64_t)due;
    row->lane = str_sub(key, 0, key.n - ORDER);
    return GB_OK;
}

enum gb_err outbox_read(struct arena *arena, struct str key, struct str value,
                        struct outbox_row *ret_row) {
    struct outbox_row row = {0};
    const struct json *head;
    size_t line = str_find(value, '\n');
    if (key_read(key, &row) != GB_OK || line == value.n ||
        json_parse(arena, str_sub(value, 0, line), &head, NULL) != GB_OK ||
        !json_str(head, "kind", &row.kind)) {
        return GB_DAMAGED;
    }
    int64_t again = json_i64_or(head, "again", 0);
    int64_t state = json_i64_or(head, "state", 0);
    if (again < OUTBOX_SAFE || again > OUTBOX_RATHER_NEVER || state < OUTBOX_WAITING ||
        state > OUTBOX_SENDING) {
        return GB_DAMAGED;
    }
    row.lane = arena_copy(arena, row.lane);
    row.key = json_str_or(head, "key", STR_NONE);
    row.queue = json_str_or(head, "queue", STR_NONE);
    row.then = json_str_or(head, "then", STR_NONE);
    row.about = json_str_or(head, "about", STR_NONE);
    row.again = (enum outbox_again)again;
    row.state = (enum outbox_state)state;
    row.give_up_ms = json_i64_or(head, "give_up", 0);
    row.created_ms = json_i64_or(head, "at", 0);
    row.attempts = json_i64_or(head, "attempts", 0);
    row.body = arena_copy(arena, str_sub(value, line + 1, value.n));
    *ret_row = row;
    return GB_OK;
}

enum gb_err outbox_look(struct work *work, const struct outbox_row *row) {
    struct str value;
    return tx_get(work->tx, TABLE_OUTBOX, outbox_key(work->arena, row), &value);
}

void outbox_end(struct work *work, const struct outbox_row *row) {
    tx_del(work->tx, TABLE_OUTBOX, outbox_key(work->arena, row));
}

void outbox_again(struct work *work, const struct outbox_row *row) {
    struct outbox_row later = *row;
    later.state = OUTBOX_WAITING;
    later.attempts++;
    row_put(work, &later);
}

void outbox_sending(struct work *work, const struct outbox_row *row) {
    struct outbox_row leaving = *row;
    leaving.state = OUTBOX_SENDING;
    row_put(work, &leaving);
}

void outbox_bury(struct work *work, const struct outbox_row *row, struct str why) {
    struct buf key;
    buf_init(&key, work->arena, STORE_KEY_MAX);
    buf_add(&key, row->lane);
    buf_add_char(&key, '/');
    buf_add_hex64(&key, row->order);
    outbox_end(work, row);
    tx_put(work->tx, TABLE_DEAD, buf_str(&key), row_value(work->arena, row, why), STORE_NEVER);
}

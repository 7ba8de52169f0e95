#define GB_DOOR "rows in flight outlive events and turns"
#include "engine/lane.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "io/world.h"
#include "state/tables.h"
#include "store/backend.h"

#define SKEW_MS GB_SECOND_MS
#define FAR_MS  (2 * GB_DAY_MS)

void row_free(struct lane_row *row) {
    if (row != NULL) {
        free(row->step_memory);
        free(row);
    }
}

struct str row_text(char **at, struct str text) {
    struct str moved = {*at, text.n};
    if (text.n > 0) {
        memcpy(*at, text.p, text.n);
        *at += text.n;
    }
    return moved;
}

/* One piece of memory for a row and all its texts. */
struct lane_row *row_new(struct lane *lane, const struct outbox_row *from, bool noise) {
    size_t bytes =
        from->kind.n + from->key.n + from->body.n + from->queue.n + from->then.n + from->about.n;
    struct lane_row *row = malloc(sizeof *row + bytes);
    gb_assert(row != NULL);
    *row = (struct lane_row){.lane = lane, .row = *from, .noise = noise};
    char *at = (char *)(row + 1);
    row->row.lane = str_of(lane->name);
    row->row.kind = row_text(&at, from->kind);
    row->row.key = row_text(&at, from->key);
    row->row.body = row_text(&at, from->body);
    row->row.queue = row_text(&at, from->queue);
    row->row.then = row_text(&at, from->then);
    row->row.about = row_text(&at, from->about);
    row->queue_hash = from->queue.n > 0 ? hash64(from->queue, 1) | 1 : 0;
    return row;
}

bool row_must_be_marked(const struct lane_row *row) {
    return row->row.again == OUTBOX_RATHER_NEVER && !row->marked;
}

bool row_was_leaving(const struct lane_row *row) {
    return row_must_be_marked(row) && row->row.state == OUTBOX_SENDING;
}

void window_append(struct lanes *lanes, struct lane *lane, struct lane_row *row) {
    lanes->unmarked += row_was_leaving(row);
    row->place = PLACE_WINDOW;
    row->next = NULL;
    *lane->end = row;
    lane->end = &row->next;
    lane->window++;
}

/* Back into its old place: the window is in sending order. */
void window_insert(struct lanes *lanes, struct lane *lane, struct lane_row *row) {
    lanes->unmarked += row_was_leaving(row);
    struct lane_row **at = &lane->first;
    while (*at != NULL && (*at)->row.order < row->row.order) {
        at = &(*at)->next;
    }
    row->place = PLACE_WINDOW;
    row->next = *at;
    *at = row;
    if (row->next == NULL) {
        lane->end = &row->next;
    }
    lane->window++;
}

struct lane_row *window_take(struct lane *lane, struct lane_row **at) {
    struct lane_row *row = *at;
    *at = row->next;
    if (row->next == NULL) {
        lane->end = at;
    }
    row->next = NULL;
    lane->window--;
    return row;
}

static void cursor_set(struct lane *lane, struct str key) {
    gb_assert(key.n <= sizeof lane->cursor);
    memcpy(lane->cursor, key.p, key.n);
    lane->cursor_n = key.n;
}

struct refill {
    struct lanes *lanes;
    struct lane *lane;
    struct arena *arena;
    int64_t now_ms;
    bool strays;
    bool full;
};

static bool row_in_memory(const struct lanes *lanes, const struct lane *lane, uint64_t order) {
    for (const struct lane_row *row = lane->first; row != NULL; row = row->next) {
        if (row->row.order == order) {
            return true;
        }
    }
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct lane_row *row = lanes->slot[i].row;
        if (row != NULL && row->lane == lane && !row->noise && row->row.order == order) {
            return true;
        }
    }
    return false;
}

static bool refill_row(void *ctx, struct str key, struct str value) {
    struct refill *refill = ctx;
    struct lane *lane = refill->lane;
    struct outbox_row row;
    if (outbox_read(refill->arena, key, value, &row) != GB_OK) {
        LOG_ERROR("outbox_row_damaged", LOG_STR("key", key));
        cursor_set(lane, key);
        return true;
    }
    /* Made at an instant that is still to come: by a clock that was wrong, and so is its due. */
    bool astray = row.created_ms > refill->now_ms + SKEW_MS;
    if (row.due_ms > refill->now_ms && !astray) {
        lane->next_due_ms = GB_MIN(lane->next_due_ms, row.due_ms);
        return refill->strays;
    }
    if (lane->window >= WINDOW_MAX) {
        refill->full = true;
        return false;
    }
    if (!refill->strays) {
        cursor_set(lane, key);
    }
    if (row_in_memory(refill->lanes, lane, row.order)) {
        return true;
    }
    if (refill->lanes->is_shared) { /* somebody's row may belong before what is here */
        window_insert(refill->lanes, lane, row_new(lane, &row, false));
    } else {
        window_append(refill->lanes, lane, row_new(lane, &row, false));
    }
    return true;
}

static enum gb_err refill_from(struct refill *refill, struct backend *backend, struct str from) {
    struct str until = arena_printf(refill->arena, "%s0", refill->lane->name); /* behind '/' */
    struct tx *tx = tx_begin(backend, refill->arena, refill->now_ms);
    return tx_scan(tx, TABLE_OUTBOX, from, until, 2 * WINDOW_MAX + 1, refill_row, refill);
}

/* Far ahead, behind all that is planned, may be what a wrong clock has left. */
static enum gb_err refill_strays(struct refill *refill, struct backend *backend) {
    struct buf from;
    buf_init(&from, refill->arena, STORE_KEY_MAX);
    buf_add_text(&from, refill->lane->name);
    buf_add_char(&from, '/');
    buf_add_hex64(&from, (uint64_t)(refill->now_ms + FAR_MS));
    refill->strays = true;
    enum gb_err err = refill_from(refill, backend, buf_str(&from));
    refill->lane->strays = err != GB_OK || refill->full;
    return err;
}

/* The cursor only saves work: a scan that starts too early skips what memory has. A clock that was
 * set back may put new rows before it, so it starts anew whenever the window ran empty. */
enum gb_err window_refill(struct lanes *lanes, struct lane *lane, struct backend *backend,
                          struct arena *arena, int64_t now_ms) {
    struct arena_mark mark = arena_mark(arena);
    if (lane->first == NULL || lanes->is_shared) {
        lane->cursor_n = 0;
    }
    struct str from = arena_printf(arena, "%s/", lane->name);
    if (lane->cursor_n > 0) {
        from = arena_printf(arena, STR_FMT "%c", (int)lane->cursor_n, lane->cursor, 1);
    }
    struct refill refill = {.lanes = lanes, .lane = lane, .arena = arena, .now_ms = now_ms};
    lane->next_due_ms = INT64_MAX;
    enum gb_err err = refill_from(&refill, backend, from);
    if (err == GB_OK && lane->strays && !refill.full) {
        err = refill_strays(&refill, backend);
    }
    if (err != GB_OK) {
        lane->quiet_until_ms = now_ms + GB_SECOND_MS;
        refill.full = true;
    }
    lane->more = refill.full;
    arena_reset(arena, mark);
    return err;
}

/* ---- several instances ---- */

void lane_look_again(struct lane *lane) {
    lane->more = true;
    lane->cursor_n = 0;
    lane->wake_ms = 0;
}

void lanes_look_again(struct lanes *lanes) {
    for (size_t i = 0; i < lanes->count; i++) {
        lane_look_again(&lanes->lane[i]);
    }
}

/* Its reply will find nobody: the slot's next user has another generation. */
static void flight_forget(struct lanes *lanes, struct slot *slot, size_t index) {
    struct lane_row *row = slot->row;
    uint64_t ticket = (uint64_t)slot->generation << 16 | index;
    flight_end(lanes, row);
    slot->generation++;
    row_free(row);
    lanes->world->ops->cancel(lanes->world, ticket);
}

void lanes_rest(struct lanes *lanes) {
    lanes->resting = true;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = &lanes->slot[i];
        if (slot->row != NULL && !slot->row->noise) {
            flight_forget(lanes, slot, i);
        }
    }
    rows_free(lanes->unfit);
    lanes->unfit = NULL;
    lanes->unmarked = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        struct lane *lane = &lanes->lane[i];
        rows_free(lane->first);
        lane->first = NULL;
        lane->end = &lane->first;
        lane->window = 0;
        lane->next_due_ms = INT64_MAX;
    }
}

void lanes_take_over(struct lanes *lanes) {
    lanes->resting = false;
    for (size_t i = 0; i < lanes->count; i++) {
        lanes->lane[i].strays = true;
    }
    lanes_look_again(lanes);
}

#define GB_DOOR "rows in flight outlive events and turns"
#include "engine/lane.h"

#include "base/arena.h"
#include "base/log.h"
#include "engine/local.h"
#include "io/world.h"
#include "shop/backups.h"

#define NOISE_MAX     256 /* noise waiting in a lane; more is dropped */
#define NOISE_LIFE_MS (10 * GB_SECOND_MS)
#define RETRY_MS      10 /* the world had no room for one more request */
#define STEPS_MAX     8  /* calls one row may take (ANSWER_MORE) */

/* ---- lanes ---- */

struct lanes *lanes_new(struct world *world, bool is_shared) {
    struct lanes *lanes = calloc(1, sizeof *lanes);
    gb_assert(lanes != NULL);
    lanes->world = world;
    lanes->is_shared = is_shared;
    world->ops->chance(world, &lanes->jitter, sizeof lanes->jitter);
    return lanes;
}

void rows_free(struct lane_row *row) {
    while (row != NULL) {
        struct lane_row *next = row->next;
        row_free(row);
        row = next;
    }
}

void lanes_free(struct lanes *lanes) {
    if (lanes == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        row_free(lanes->slot[i].row);
    }
    rows_free(lanes->unfit);
    for (size_t i = 0; i < lanes->count; i++) {
        rows_free(lanes->lane[i].first);
        rows_free(lanes->lane[i].noise_first);
        free(lanes->lane[i].queue_pace);
        arena_free(lanes->lane[i].arena);
    }
    free(lanes);
}

static struct lane *lane_find(struct lanes *lanes, struct str name) {
    for (size_t i = 0; i < lanes->count; i++) {
        if (str_is(name, lanes->lane[i].name)) {
            return &lanes->lane[i];
        }
    }
    return NULL;
}

static struct endpoint endpoint_copy(struct arena *arena, const struct endpoint *from) {
    struct endpoint to = *from;
    to.base_url = arena_copy(arena, from->base_url);
    to.secret = arena_copy(arena, from->secret);
    to.account = arena_copy(arena, from->account);
    to.proxy = arena_copy(arena, from->proxy);
    to.trust.ca_file = arena_copy(arena, from->trust.ca_file);
    to.trust.pin_sha256 = arena_copy(arena, from->trust.pin_sha256);
    return to;
}

void lanes_open(struct lanes *lanes, const struct lane_options *options) {
    struct lane *lane = lane_find(lanes, options->name);
    if (lane == NULL) {
        gb_assert(lanes->count < LANES_MAX);
        gb_assert(options->name.n < sizeof lane->name);
        lane = &lanes->lane[lanes->count++];
        memcpy(lane->name, options->name.p, options->name.n);
        lane->end = &lane->first;
        lane->noise_end = &lane->noise_first;
        lane->more = true; /* the store has not been looked at */
        lane->strays = true;
        lane->next_due_ms = INT64_MAX;
        lane->arena = arena_new(1024, 64 * 1024);
    }
    arena_clear(lane->arena);
    lane->options = *options;
    lane->options.name = str_of(lane->name);
    lane->options.endpoint = endpoint_copy(lane->arena, &options->endpoint);
    lane->before = options->behind.n > 0 ? lane_find(lanes, options->behind) : NULL;
    lane->options.behind = STR_NONE;
    gb_assert(options->behind.n == 0 || lane->before != NULL);
    lane->options.files = arena_copy(lane->arena, options->files);
    if (options->queue_per_minute > 0 && lane->queue_pace == NULL) {
        lane->queue_pace = calloc(PACE_BUCKETS, sizeof *lane->queue_pace);
        gb_assert(lane->queue_pace != NULL);
    }
    lane->wake_ms = 0;
}

void lanes_clock_was_set(struct lanes *lanes, int64_t by_ms) {
    for (size_t i = 0; i < lanes->count; i++) {
        struct lane *lane = &lanes->lane[i];
        pace_clock_was_set(lane, by_ms);
        lane->quiet_until_ms += by_ms;
        for (struct lane_row *row = lane->first; row != NULL; row = row->next) {
            row->not_before_ms += by_ms;
        }
        for (struct lane_row *row = lane->noise_first; row != NULL; row = row->next) {
            row->row.created_ms += by_ms;
        }
        lane->strays = true;
        lane_look_again(lane); /* what is due is another matter now */
    }
}

void flight_end(struct lanes *lanes, struct lane_row *row) {
    gb_assert(lanes->slot[row->slot].row == row);
    lanes->slot[row->slot].row = NULL;
    lanes->in_flight--;
    row->lane->in_flight--;
}

static uint64_t slot_ticket(const struct lanes *lanes, size_t index) {
    return (uint64_t)lanes->slot[index].generation << 16 | index;
}

void lanes_stop(struct lanes *lanes) {
    lanes->stopped = true;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct lane_row *row = lanes->slot[i].row;
        if (row != NULL && row->lane->options.local != NULL) {
            lanes->world->ops->cancel(lanes->world, slot_ticket(lanes, i));
        }
    }
}

size_t lanes_in_flight(const struct lanes *lanes) {
    return lanes->in_flight;
}

size_t lanes_leaving(const struct lanes *lanes) {
    size_t count = lanes->in_flight;
    for (size_t i = 0; i < lanes->count; i++) {
        for (const struct lane_row *row = lanes->lane[i].first; row != NULL; row = row->next) {
            count += row->marked;
        }
    }
    return count;
}

/* In trouble it is dropped, but for one when the rest is over: where nothing else is sent, it is
 * the try that finds out whether all is well again. */
static void noise_add(struct lane *lane, const struct outbox_row *row, int64_t now_ms) {
    bool rests = lane->failures > 0 && (lane->quiet_until_ms > now_ms || lane->noise > 0);
    if (lane->noise >= NOISE_MAX || rests) {
        return;
    }
    struct lane_row *noise = row_new(lane, row, true);
    *lane->noise_end = noise;
    lane->noise_end = &noise->next;
    lane->noise++;
}

void lanes_add(struct lanes *lanes, const struct outbox_row *row, bool noise, int64_t now_ms) {
    struct lane *lane = lane_find(lanes, row->lane);
    if (lane == NULL) {
        LOG_WARN("lane_missing", LOG_STR("lane", row->lane), LOG_STR("kind", row->kind));
        return;
    }
    lane->wake_ms = 0;
    if (noise) {
        noise_add(lane, row, now_ms);
    } else if (lanes->is_shared) {
        lane_look_again(lane);
    } else if (row->due_ms > now_ms) {
        lane->next_due_ms = GB_MIN(lane->next_due_ms, row->due_ms);
    } else if (lane->more || lane->window >= WINDOW_MAX) {
        lane->more = true;
    } else {
        window_append(lanes, lane, row_new(lane, row, false));
    }
}

/* ---- sending ---- */

static bool slot_free(struct lanes *lanes, size_t *ret_slot) {
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        if (lanes->slot[i].row == NULL) {
            *ret_slot = i;
            return true;
        }
    }
    return false;
}

/* A codec knows a file by its bare name only. GB_INVALID: none of ours; GB_NOT_FOUND: it is gone.
 */
static enum gb_err find_files(const struct lane *lane, struct arena *arena,
                              struct http_request *request) {
    struct http_part *parts = ARENA_ARRAY(arena, struct http_part, request->part_count);
    for (size_t i = 0; i < request->part_count; i++) {
        parts[i] = request->parts[i];
        if (parts[i].file.n == 0) {
            continue;
        }
        if (!backup_is_name(parts[i].file) || lane->options.files.n == 0) {
            return GB_INVALID;
        }
        parts[i].file = arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(lane->options.files),
                                     STR_ARG(parts[i].file));
        if (access(arena_cstr(arena, parts[i].file), R_OK) != 0) {
            return GB_NOT_FOUND;
        }
    }
    request->parts = parts;
    return GB_OK;
}

static enum gb_err request_send(struct lanes *lanes, const struct lane_row *row,
                                const struct call *call, struct arena *arena) {
    const struct lane *lane = row->lane;
    struct http_request request = {0};
    enum gb_err err =
        lane->options.codec->build_request(call, &lane->options.endpoint, arena, &request);
    if (err == GB_OK && request.part_count > 0) {
        err = find_files(lane, arena, &request);
    }
    if (err == GB_OK) {
        /* On a kept connection libcurl may send a second time by itself. */
        request.fresh_connection = row->row.again == OUTBOX_RATHER_NEVER;
        lanes->slot[row->slot].generation++;
        err = lanes->world->ops->send(lanes->world, &request, str_of(lane->name),
                                      slot_ticket(lanes, row->slot));
    }
    return err;
}

/* Build and send one call of a row; on GB_INVALID and GB_NOT_FOUND it is not fit to be sent. */
static enum gb_err row_send(struct lanes *lanes, struct lane_row *row, const struct call *call,
                            struct arena *arena) {
    struct arena_mark mark = arena_mark(arena);
    const struct local *local = row->lane->options.local;
    enum gb_err err;
    if (local != NULL) {
        lanes->slot[row->slot].generation++;
        err = local_start(lanes->world, local, call, arena, slot_ticket(lanes, row->slot));
    } else {
        err = request_send(lanes, row, call, arena);
    }
    arena_reset(arena, mark);
    return err;
}

static struct call row_call(const struct lane_row *row) {
    return (struct call){row->row.kind, row->row.key, row->row.body};
}

static void flight_begin(struct lanes *lanes, struct lane_row *row, int64_t now_ms) {
    struct lane *lane = row->lane;
    row->place = PLACE_FLIGHT;
    row->steps = 1;
    row->step = row_call(row);
    lanes->slot[row->slot].row = row;
    lanes->in_flight++;
    lane->in_flight++;
    pace_count_call(lane, now_ms);
    pace_count(lane, row, now_ms);
}

static bool queue_in_flight(const struct lanes *lanes, const struct lane_row *row) {
    if (row->queue_hash == 0) {
        return false;
    }
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct lane_row *other = lanes->slot[i].row;
        if (other != NULL && other->queue_hash == row->queue_hash && other->lane == row->lane) {
            return true;
        }
    }
    return false;
}

static size_t lane_room(const struct lanes *lanes, const struct lane *lane) {
    size_t most = lane->failures > 0 ? 1 : lane->options.in_flight_max;
    size_t room = most > lane->in_flight ? most - lane->in_flight : 0;
    return GB_MIN(room, SLOTS_MAX - lanes->in_flight);
}

static void pump_noise(struct lanes *lanes, struct lane *lane, struct arena *arena,
                       int64_t now_ms) {
    int64_t wait_ms = 0;
    while (lane->noise_first != NULL && lane_room(lanes, lane) > 0 &&
           (wait_ms = pace_call_wait_ms(lane, now_ms)) == 0) {
        struct lane_row *row = lane->noise_first;
        lane->noise_first = row->next;
        if (lane->noise_first == NULL) {
            lane->noise_end = &lane->noise_first;
        }
        row->next = NULL;
        lane->noise--;
        struct call call = row_call(row);
        bool fresh = now_ms - row->row.created_ms < NOISE_LIFE_MS;
        if (!fresh || !slot_free(lanes, &row->slot) ||
            row_send(lanes, row, &call, arena) != GB_OK) {
            row_free(row);
            continue;
        }
        flight_begin(lanes, row, now_ms);
    }
    if (lane->noise_first != NULL && wait_ms > 0) {
        lane->wake_ms = GB_MIN(lane->wake_ms, now_ms + wait_ms);
    }
}

/* Queues of rows passed over: what comes behind them must not overtake. */
struct passed {
    uint64_t queue[WINDOW_MAX + SLOTS_MAX];
    size_t count;
};

static bool passed_over(const struct passed *passed, const struct lane_row *row) {
    for (size_t i = 0; row->queue_hash != 0 && i < passed->count; i++) {
        if (passed->queue[i] == row->queue_hash) {
            return true;
        }
    }
    return false;
}

static bool row_may_go(struct lanes *lanes, struct lane *lane, const struct lane_row *row,
                       const struct passed *passed, int64_t now_ms) {
    if (lanes->stopped && !row->marked) {
        return false;
    }
    int64_t wait_ms = pace_row_wait_ms(lane, row, now_ms);
    if (wait_ms > 0) {
        lane->wake_ms = GB_MIN(lane->wake_ms, now_ms + wait_ms);
        return false;
    }
    return !passed_over(passed, row) && !queue_in_flight(lanes, row);
}

static size_t rows_marked(const struct lane *lane) {
    size_t count = 0;
    for (const struct lane_row *row = lane->first; row != NULL; row = row->next) {
        count += row->marked || row->wants;
    }
    return count;
}

/* False: it must be marked before it leaves, for which lanes_unmarked hands it out. */
static bool row_is_marked(struct lanes *lanes, struct lane *lane, struct lane_row *row) {
    if (!row_must_be_marked(row)) {
        return true;
    }
    if (!row->wants && !row_was_leaving(row) && !lanes->stopped &&
        rows_marked(lane) < lane_room(lanes, lane)) {
        row->wants = true;
        lanes->unmarked++;
    }
    return false;
}

/* Not sent at all: the engine hears of it in its next turn. */
static void hand_back(struct lanes *lanes, struct lane_row *row, const char *reason) {
    row->place = PLACE_HANDED;
    row->unfit = reason;
    row->next = lanes->unfit;
    lanes->unfit = row;
}

static void pump_window(struct lanes *lanes, struct lane *lane, struct arena *arena,
                        int64_t now_ms) {
    struct passed passed;
    passed.count = 0;
    struct lane_row **at = &lane->first;
    while (*at != NULL && lane_room(lanes, lane) > 0) {
        int64_t wait_ms = pace_lane_wait_ms(lane, now_ms);
        if (wait_ms > 0) {
            lane->wake_ms = GB_MIN(lane->wake_ms, now_ms + wait_ms);
            return;
        }
        struct lane_row *row = *at;
        struct call call = row_call(row);
        if (row->row.give_up_ms != 0 && now_ms >= row->row.give_up_ms && !row_was_leaving(row)) {
            window_take(lane, at);
            lanes->unmarked -= row->wants;
            row->wants = false;
            hand_back(lanes, row, "gave_up");
            continue;
        }
        if (!row_may_go(lanes, lane, row, &passed, now_ms) || !row_is_marked(lanes, lane, row) ||
            !slot_free(lanes, &row->slot)) {
            if (row->queue_hash != 0 && passed.count < GB_COUNT(passed.queue)) {
                passed.queue[passed.count++] = row->queue_hash;
            }
            at = &row->next;
            continue;
        }
        enum gb_err err = row_send(lanes, row, &call, arena);
        if (err == GB_LATER) { /* no room out there; a reply makes some */
            lane->wake_ms = GB_MIN(lane->wake_ms, now_ms + RETRY_MS);
            return;
        }
        window_take(lane, at);
        if (err != GB_OK) {
            hand_back(lanes, row, err == GB_NOT_FOUND ? "file_gone" : "bug");
            continue;
        }
        flight_begin(lanes, row, now_ms);
    }
}

static enum gb_err lane_pump(struct lanes *lanes, struct lane *lane, struct backend *backend,
                             struct arena *arena, int64_t now_ms) {
    enum gb_err err = GB_OK;
    lane->wake_ms = INT64_MAX;
    if (lane->quiet_until_ms > now_ms) {
        lane->wake_ms = lane->quiet_until_ms;
        return GB_OK;
    }
    if (lanes->stopped) {
        pump_window(lanes, lane, arena, now_ms);
        return GB_OK;
    }
    pump_noise(lanes, lane, arena, now_ms);
    if (lanes->resting) {
        return GB_OK;
    }
    if (lane->window < WINDOW_MAX / 2 && (lane->more || lane->next_due_ms <= now_ms)) {
        err = window_refill(lanes, lane, backend, arena, now_ms);
    }
    pump_window(lanes, lane, arena, now_ms);
    if (lane->window < WINDOW_MAX / 2) { /* else nothing is loaded before a reply makes room */
        lane->wake_ms = GB_MIN(lane->wake_ms, lane->more ? now_ms : lane->next_due_ms);
    }
    return err;
}

enum gb_err lanes_pump(struct lanes *lanes, struct backend *backend, struct arena *arena,
                       int64_t now_ms) {
    enum gb_err err = GB_OK;
    for (size_t i = 0; err == GB_OK && i < lanes->count; i++) {
        if (lanes->lane[i].wake_ms <= now_ms) {
            err = lane_pump(lanes, &lanes->lane[i], backend, arena, now_ms);
        }
    }
    return err;
}

int64_t lanes_next_ms(const struct lanes *lanes) {
    bool now = lanes->unfit != NULL || (lanes->unmarked > 0 && !lanes->stopped);
    int64_t next_ms = now ? 0 : INT64_MAX;
    for (size_t i = 0; i < lanes->count; i++) {
        next_ms = GB_MIN(next_ms, lanes->lane[i].wake_ms);
    }
    return next_ms;
}

/* ---- answers ---- */

static struct lane_row *row_of_ticket(struct lanes *lanes, uint64_t ticket) {
    size_t index = ticket & 0xffff;
    if (index >= SLOTS_MAX || lanes->slot[index].row == NULL ||
        lanes->slot[index].generation != ticket >> 16) {
        return NULL;
    }
    return lanes->slot[index].row;
}

/* The next call of a row that takes several; its texts outlive the arena. */
static bool step_next(struct lanes *lanes, struct lane_row *row, const struct call *next,
                      struct arena *arena) {
    char *memory = malloc(next->kind.n + next->key.n + next->body.n + 1);
    gb_assert(memory != NULL);
    char *at = memory;
    row->step.kind = row_text(&at, next->kind);
    row->step.key = row_text(&at, next->key);
    row->step.body = row_text(&at, next->body);
    free(row->step_memory);
    row->step_memory = memory;
    return row_send(lanes, row, &row->step, arena) == GB_OK;
}

/* Who does not know our token refuses us, not the row: it waits until the owner has mended that. */
static void read_fatal(struct answer *answer) {
    if (answer->kind == ANSWER_REFUSED && strcmp(answer->reason, "fatal") == 0) {
        answer->kind = ANSWER_LATER;
        answer->lane_wide = true;
    }
}

static bool is_trouble(const struct answer *answer) {
    return answer->kind == ANSWER_UNKNOWN || (answer->kind == ANSWER_LATER && answer->lane_wide);
}

/* The row is no longer under way. */
static void answer_take(struct lanes *lanes, struct lane_row *row, const struct answer *answer,
                        int64_t now_ms, struct lane_answer *ret_answer) {
    struct lane *lane = row->lane;
    flight_end(lanes, row);
    lane->wake_ms = 0;
    if (is_trouble(answer)) {
        pace_trouble(lanes, lane, answer, now_ms);
    } else {
        lane->failures = 0;
    }
    row->place = PLACE_HANDED;
    *ret_answer = (struct lane_answer){row, &row->row, row->noise, *answer};
}

bool lanes_child(struct lanes *lanes, uint64_t ticket, const struct child_end *end,
                 struct arena *arena, int64_t now_ms, struct lane_answer *ret_answer) {
    struct lane_row *row = row_of_ticket(lanes, ticket);
    if (row == NULL || row->lane->options.local == NULL) {
        return false;
    }
    struct answer answer = {.reason = ""};
    local_read(&row->step, end, arena, &answer);
    answer_take(lanes, row, &answer, now_ms, ret_answer);
    return true;
}

bool lanes_reply(struct lanes *lanes, uint64_t ticket, const struct http_reply *reply,
                 struct arena *arena, int64_t now_ms, struct lane_answer *ret_answer) {
    struct lane_row *row = row_of_ticket(lanes, ticket);
    if (row == NULL) {
        return false;
    }
    struct lane *lane = row->lane;
    struct answer answer = {.reason = ""};
    lane->options.codec->read_reply(&row->step, &lane->options.endpoint, reply, arena, &answer);
    if (answer.kind == ANSWER_MORE) {
        if (row->steps++ < STEPS_MAX && step_next(lanes, row, &answer.next, arena)) {
            pace_count_call(lane, now_ms);
            return false;
        }
        answer.kind = ANSWER_UNKNOWN;
        answer.why = STR("too many steps");
    }
    read_fatal(&answer);
    answer_take(lanes, row, &answer, now_ms, ret_answer);
    return true;
}

void lanes_settle(struct lanes *lanes, struct lane_row *handle, enum lane_verdict verdict,
                  int64_t wait_ms) {
    gb_assert(handle->place == PLACE_HANDED);
    struct lane *lane = handle->lane;
    lane->wake_ms = 0;
    if (verdict == LANE_ENDED || handle->noise) {
        row_free(handle);
        return;
    }
    int64_t now_ms = lanes->world->ops->wall_ms(lanes->world);
    if (verdict == LANE_MARKED) {
        handle->marked = true;
        handle->row.state = OUTBOX_SENDING;
    } else {
        if (handle->marked) { /* it did not happen, and the store says so: to be marked anew */
            handle->marked = false;
            handle->row.state = OUTBOX_WAITING;
        }
        handle->row.attempts++;
    }
    handle->not_before_ms = now_ms + wait_ms;
    window_insert(lanes, lane, handle);
}

bool lanes_unfit(struct lanes *lanes, struct lane_answer *ret_answer) {
    struct lane_row *row = lanes->unfit;
    if (row == NULL) {
        return false;
    }
    lanes->unfit = row->next;
    row->next = NULL;
    *ret_answer = (struct lane_answer){
        .handle = row,
        .row = &row->row,
        .answer = {.kind = ANSWER_REFUSED, .reason = row->unfit},
    };
    return true;
}

struct lane_row *lanes_unmarked(struct lanes *lanes, const struct outbox_row **ret_row,
                                bool *ret_was_sending) {
    for (size_t i = 0; lanes->unmarked > 0 && i < lanes->count; i++) {
        struct lane *lane = &lanes->lane[i];
        for (struct lane_row **at = &lane->first; *at != NULL; at = &(*at)->next) {
            struct lane_row *row = *at;
            if (!row->wants && !row_was_leaving(row)) {
                continue;
            }
            window_take(lane, at);
            row->wants = false;
            lanes->unmarked--;
            row->place = PLACE_HANDED;
            *ret_row = &row->row;
            *ret_was_sending = row->row.state == OUTBOX_SENDING;
            return row;
        }
    }
    return NULL;
}

bool lanes_figures(const struct lanes *lanes, size_t index, int64_t now_ms,
                   struct lane_figures *ret_figures) {
    if (index >= lanes->count) {
        return false;
    }
    const struct lane *lane = &lanes->lane[index];
    *ret_figures = (struct lane_figures){
        .name = lane->name,
        .waiting = lane->window + lane->noise,
        .in_flight = lane->in_flight,
        .failures = lane->failures,
        .rests_ms = GB_MAX(lane->quiet_until_ms - now_ms, INT64_C(0)),
    };
    return true;
}

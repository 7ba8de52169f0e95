/* lane.h: a lane from the inside: its window of rows, its pace. Shared by lanes.c, window.c and
 * pace.c only.
 */
#ifndef ENGINE_LANE_H
#define ENGINE_LANE_H

#include "engine/lanes.h"

#include "state/outbox.h"
#include "store/store.h"

#define LANES_MAX    64
#define WINDOW_MAX   256  /* due rows of a lane in memory */
#define SLOTS_MAX    256  /* requests under way in all lanes */
#define PACE_BUCKETS 1024 /* remembered chats */

enum place { PLACE_WINDOW, PLACE_FLIGHT, PLACE_HANDED };

struct lane_row {
    struct lane_row *next;
    struct lane *lane;
    struct outbox_row row; /* its texts live behind the struct, in the same piece */
    uint64_t queue_hash;
    int64_t not_before_ms;
    size_t slot;
    unsigned steps;
    struct call step; /* what is under way: the row's own call, or a later step of it */
    void *step_memory;
    const char *unfit; /* why it is not sent at all */
    bool noise, marked;
    bool wants; /* must be marked, and could leave at once when it is */
    enum place place;
};

struct pace {
    uint64_t who;
    int64_t free_at_us; /* GCRA: the instant the bucket is empty again */
};

struct lane {
    char name[64];
    struct lane_options options;
    struct lane *before; /* goes first, and their pace is one; NULL: none */
    struct arena *arena; /* the endpoint's texts */
    struct lane_row *first, **end;
    struct lane_row *noise_first, **noise_end;
    size_t window, noise;
    size_t in_flight;
    bool more;   /* the store has due rows that are not in the window */
    bool strays; /* it may have rows that a wrong clock has put far ahead */
    char cursor[STORE_KEY_MAX];
    size_t cursor_n;
    int64_t next_due_ms; /* of the first row in the store that was not due */
    int64_t quiet_until_ms;
    int64_t wake_ms; /* when the pump has something to do again */
    unsigned failures;
    struct pace pace, calls_pace;
    struct pace *queue_pace;
};

/* A request under way. */
struct slot {
    struct lane_row *row;
    uint32_t generation;
};

struct lanes {
    struct world *world;
    struct lane lane[LANES_MAX];
    size_t count;
    struct slot slot[SLOTS_MAX];
    size_t in_flight;
    size_t unmarked;        /* rows in windows that want to be marked, or were when last seen */
    struct lane_row *unfit; /* could not be sent, or too late: a stack */
    uint64_t jitter;
    bool stopped;
    bool is_shared; /* others add rows too: the store alone says what comes next */
    bool resting;   /* another instance sends: only noise leaves from here */
};

/* ---- lanes.c ---- */

void rows_free(struct lane_row *row); /* a list of them */
/* A row is no longer under way. */
void flight_end(struct lanes *lanes, struct lane_row *row);

/* ---- window.c: rows in memory ---- */

/* One piece of memory for a row and all its texts. */
struct lane_row *row_new(struct lane *lane, const struct outbox_row *from, bool noise);
void row_free(struct lane_row *row);
/* The next text of such a piece. */
struct str row_text(char **at, struct str text);
/* A rather_never row that was not yet marked as leaving. */
bool row_must_be_marked(const struct lane_row *row);
/* One that another life had marked: the engine must hear of it. */
bool row_was_leaving(const struct lane_row *row);
void window_append(struct lanes *lanes, struct lane *lane, struct lane_row *row);
/* Back into its old place: the window is in sending order. */
void window_insert(struct lanes *lanes, struct lane *lane, struct lane_row *row);
struct lane_row *window_take(struct lane *lane, struct lane_row **at);
/* Load due rows from the store until the window is full. The store's error. */
enum gb_err window_refill(struct lanes *lanes, struct lane *lane, struct backend *backend,
                          struct arena *arena, int64_t now_ms) GB_MUST_USE;

/* The store has rows that are not known here. */
void lane_look_again(struct lane *lane);

/* ---- pace.c: when may the next one go ---- */

/* How long this row must still wait: its own rest, its chat's pace. 0: it may go. */
int64_t pace_row_wait_ms(struct lane *lane, const struct lane_row *row, int64_t now_ms);
int64_t pace_lane_wait_ms(const struct lane *lane, int64_t now_ms);
/* How long any call at all must wait. */
int64_t pace_call_wait_ms(const struct lane *lane, int64_t now_ms);
/* A call has gone out, of a row or not. */
void pace_count_call(struct lane *lane, int64_t now_ms);
/* The first call of a row has gone out. */
void pace_count(struct lane *lane, const struct lane_row *row, int64_t now_ms);
/* The wall clock was set. */
void pace_clock_was_set(struct lane *lane, int64_t by_ms);
/* The other side is in trouble: the whole lane rests, longer each time. */
void pace_trouble(struct lanes *lanes, struct lane *lane, const struct answer *answer,
                  int64_t now_ms);

#endif

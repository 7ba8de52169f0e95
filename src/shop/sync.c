#include "shop/sync.h"

#include "base/arena.h"
#include "base/num.h"
#include "panel/panel.h"
#include "shop/catalog.h"
#include "shop/due.h"
#include "shop/subscriptions.h"
#include "state/event.h"
#include "state/jobs.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/work.h"

#define PIECE_USERS 100 /* of a panel's, in one row; of ours, in one step */
#define LIST_MS     GB_HOUR_MS
#define FRESH_MS    (10 * GB_MINUTE_MS) /* a wish so young may not have been heard yet */
#define FIGURES_MS  (12 * GB_HOUR_MS)   /* figures are written anew though they are the same */
#define CURSOR_MAX  200
#define GIGABYTE    (INT64_C(1) << 30)

/* ---- asking -------------------------------------------------------------------------------------
 */

enum gb_err sync_ask(struct work *work, int64_t *ret_asked) {
    const struct server *servers;
    size_t count;
    enum gb_err err = catalog_servers(work, &servers, &count);
    for (size_t i = 0; err == GB_OK && i < count; i++) {
        struct outbox_row row = {
            .lane = arena_printf(work->arena, "panel:" STR_FMT, STR_ARG(servers[i].id)),
            .kind = STR("list"),
            .body = STR("{}"),
            .then = STR("panel.list"),
            .about = servers[i].id,
            .again = OUTBOX_SAFE,
        };
        outbox_noise(work, &row);
    }
    *ret_asked = err == GB_OK ? (int64_t)count : 0;
    return err;
}

static struct str piece_key(struct work *work, struct str server, int64_t piece) {
    return arena_printf(work->arena, STR_FMT "/%06" PRId64, STR_ARG(server), piece);
}

/* The answer is stored first and gone through later: it may be long. The first row says when it was
 * asked for and how many pieces follow. */
enum gb_err sync_answered_list(struct work *work, const struct event *event) {
    struct str server = event->row->about, rest = event->answer->said, piece;
    int64_t pieces = 0;
    if (event->answer->kind != ANSWER_DONE || rest.n == 0) {
        return GB_OK;
    }
    while (panel_list_cut(&rest, PIECE_USERS, &piece)) {
        tx_put(work->tx, TABLE_PANEL_LISTS, piece_key(work, server, ++pieces), piece,
               work->now_ms + LIST_MS);
    }
    tx_put(work->tx, TABLE_PANEL_LISTS, piece_key(work, server, 0),
           arena_printf(work->arena, "%" PRId64 " %" PRId64, event->row->created_ms, pieces),
           work->now_ms + LIST_MS);
    struct job job = {
        .id = arena_printf(work->arena, "panel_synced." STR_FMT, STR_ARG(server)),
        .kind = STR("panel_synced"),
        .args = server,
        .trigger = JOB_DATE,
        .at_ms = work->now_ms,
        .history = 5,
    };
    return job_put(work, &job, true, NULL);
}

/* ---- going through it ---------------------------------------------------------------------------
 */

/* Where a run is: all of it fits into its cursor. */
struct walk {
    struct work *work;
    struct str server;
    int64_t asked_ms, pieces;
    int64_t piece;    /* from 1 */
    struct str after; /* uuid; empty: from the first */
    struct drift drift;
    int64_t items;
};

static struct str word(struct str *text) {
    size_t end = str_find(*text, ' ');
    struct str first = str_sub(*text, 0, end);
    *text = str_sub(*text, GB_MIN(end + 1, text->n), text->n);
    return first;
}

static bool number(struct str *text, int64_t *ret) {
    return num_i64(word(text), 0, INT64_MAX, ret) == GB_OK;
}

enum gb_err drift_read(struct str text, struct drift *ret_drift) {
    bool fine = number(&text, &ret_drift->missing) && number(&text, &ret_drift->expiry) &&
                number(&text, &ret_drift->disabled);
    return fine ? GB_OK : GB_INVALID;
}

static struct str drift_text(const struct walk *w) {
    return arena_printf(w->work->arena, "%" PRId64 " %" PRId64 " %" PRId64, w->drift.missing,
                        w->drift.expiry, w->drift.disabled);
}

static struct str cursor_text(const struct walk *w) {
    return arena_printf(w->work->arena, "%" PRId64 " " STR_FMT " " STR_FMT, w->piece,
                        STR_ARG(drift_text(w)), STR_ARG(w->after));
}

/* GB_NOT_FOUND: what the panel said is not there any more. */
static enum gb_err walk_begin(struct walk *w, struct str cursor) {
    struct str head;
    enum gb_err err =
        tx_get(w->work->tx, TABLE_PANEL_LISTS, piece_key(w->work, w->server, 0), &head);
    if (err != GB_OK) {
        return err;
    }
    w->piece = 1;
    bool fine = number(&head, &w->asked_ms) && number(&head, &w->pieces);
    if (fine && cursor.n > 0) {
        fine = number(&cursor, &w->piece) && number(&cursor, &w->drift.missing) &&
               number(&cursor, &w->drift.expiry) && number(&cursor, &w->drift.disabled);
        w->after = cursor;
    }
    return fine ? GB_OK : GB_NOT_FOUND;
}

/* ---- one subscription --------------------------------------------------------------------------
 */

static int64_t *drift_of(struct walk *w, const char *what, int *ret_policy) {
    const struct config *config = w->work->config;
    if (strcmp(what, "missing") == 0) {
        *ret_policy = config->drift.missing;
        return &w->drift.missing;
    }
    if (strcmp(what, "terms") == 0) {
        *ret_policy = config->drift.expiry;
        return &w->drift.expiry;
    }
    *ret_policy = config->drift.disabled;
    return &w->drift.disabled;
}

/* What is not as it should be; NULL: nothing. `said` is NULL if the panel does not have it. */
static const char *fault_of(const struct subscription *subscription,
                            const struct panel_listed *said) {
    bool is_active = subscription->state == SUBSCRIPTION_ACTIVE;
    if (said == NULL) {
        return is_active ? "missing" : NULL;
    }
    if (!is_active) {
        return said->enabled ? "enabled" : NULL;
    }
    if (!panel_expiry_agrees(subscription->target_expires_ms, said->expires_ms) ||
        subscription->traffic_gb != said->limit_bytes / GIGABYTE ||
        said->limit_bytes % GIGABYTE != 0) {
        return "terms";
    }
    return said->enabled ? NULL : "disabled";
}

/* True: it must be written. */
static bool mend(struct walk *w, struct subscription *subscription,
                 const struct panel_listed *said) {
    if (subscription->wished_ms > w->asked_ms - FRESH_MS) {
        return false; /* the list may be older than the wish */
    }
    const char *fault = fault_of(subscription, said);
    if (fault == NULL) {
        bool was = subscription->drift.n > 0;
        subscription->drift = STR_NONE;
        return was;
    }
    if (strcmp(fault, "enabled") == 0) { /* what has ended is off, whoever switched it on */
        subscription_ask(w->work, subscription);
        return true;
    }
    int policy;
    int64_t *count = drift_of(w, fault, &policy);
    bool is_news = !str_is(subscription->drift, fault);
    *count += is_news;
    subscription->drift = str_of(fault);
    if (policy == DRIFT_HEAL) {
        subscription_ask(w->work, subscription);
    }
    return is_news || policy == DRIFT_HEAL;
}

static enum gb_err hold_against(struct walk *w, struct str id, const struct panel_listed *said) {
    struct subscription subscription;
    enum gb_err err = subscription_get(w->work, id, &subscription);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND || err == GB_DAMAGED ? GB_OK : err;
    }
    if (subscription.state != SUBSCRIPTION_ACTIVE && subscription.state != SUBSCRIPTION_ENDED) {
        return GB_OK;
    }
    bool write = mend(w, &subscription, said);
    if (said != NULL && (said->used_bytes != subscription.used_bytes ||
                         said->last_seen_ms != subscription.last_seen_ms ||
                         subscription.used_at_ms < w->work->now_ms - FIGURES_MS)) {
        subscription_used(w->work, &subscription, said->used_bytes, said->last_seen_ms);
        err = due_used(w->work, &subscription);
        write = true;
    }
    if (err == GB_OK && write) {
        subscription_put(w->work, &subscription);
        w->items++;
    }
    return err;
}

/* ---- one step ----------------------------------------------------------------------------------
 */

struct ours {
    struct arena *arena;
    size_t prefix;
    struct {
        struct str uuid, id;
    } user[PIECE_USERS];
    size_t count;
};

static bool ours_row(void *ctx, struct str key, struct str value) {
    struct ours *ours = ctx;
    ours->user[ours->count].uuid = arena_copy(ours->arena, str_sub(key, ours->prefix, key.n));
    ours->user[ours->count++].id = arena_copy(ours->arena, value);
    return true;
}

/* Our users of the server behind w->after, up to `last` (empty: all). */
static enum gb_err ours_scan(struct walk *w, struct str last, struct ours *ours) {
    struct arena *arena = w->work->arena;
    *ours = (struct ours){.arena = arena, .prefix = w->server.n + 1};
    /* What follows a key at once is the key and a byte 0; '0' follows '/'. */
    struct str from = subscription_server_key(arena, w->server, w->after);
    from.n += w->after.n > 0;
    struct str until = subscription_server_key(arena, w->server, last);
    until.n += 1;
    if (last.n == 0) {
        until = arena_printf(arena, STR_FMT "0", STR_ARG(w->server));
    }
    return tx_scan(w->work->tx, TABLE_SERVER_SUBS, from, until, PIECE_USERS, ours_row, ours);
}

/* The piece at hand, read; what is behind the list is an empty piece, up to the end. */
static enum gb_err piece_read(struct walk *w, struct panel_listed *said, size_t *ret_count) {
    struct str text;
    *ret_count = 0;
    if (w->piece > w->pieces) {
        return GB_OK;
    }
    enum gb_err err =
        tx_get(w->work->tx, TABLE_PANEL_LISTS, piece_key(w->work, w->server, w->piece), &text);
    if (err != GB_OK) {
        return err;
    }
    struct panel_list list = panel_list_begin(text);
    while (err == GB_OK && *ret_count < PIECE_USERS) {
        err = panel_list_next(&list, &said[*ret_count]);
        *ret_count += err == GB_OK;
    }
    return err == GB_NOT_FOUND ? GB_OK : err;
}

/* Both in the order of uuids: each of ours meets the panel's, or nobody. */
static enum gb_err walk_on(struct walk *w, bool *ret_done) {
    struct panel_listed *said = ARENA_ARRAY(w->work->arena, struct panel_listed, PIECE_USERS);
    struct ours *ours = ARENA_NEW(w->work->arena, struct ours);
    size_t count, at = 0;
    enum gb_err err = piece_read(w, said, &count);
    bool is_rest = w->piece > w->pieces;
    struct str last = count > 0 ? said[count - 1].uuid : w->after;
    if (err == GB_OK && (is_rest || count > 0)) {
        err = ours_scan(w, is_rest ? STR_NONE : last, ours);
    }
    for (size_t i = 0; err == GB_OK && i < ours->count; i++) {
        while (at < count && str_compare(said[at].uuid, ours->user[i].uuid) < 0) {
            at++;
        }
        bool has = at < count && str_equal(said[at].uuid, ours->user[i].uuid);
        err = hold_against(w, ours->user[i].id, has ? &said[at] : NULL);
    }
    if (err != GB_OK) {
        return err;
    }
    bool is_through = ours->count < PIECE_USERS;
    w->after = is_through ? last : ours->user[PIECE_USERS - 1].uuid;
    w->piece += is_through;
    *ret_done = is_rest && is_through;
    return GB_OK;
}

enum gb_err sync_step(struct work *work, struct str server, struct str cursor,
                      struct str *ret_cursor, int64_t *ret_items) {
    struct walk w = {.work = work, .server = server};
    bool done = true;
    *ret_cursor = STR_NONE;
    *ret_items = 0;
    enum gb_err err = walk_begin(&w, cursor);
    if (err == GB_OK) {
        err = walk_on(&w, &done);
    }
    if (err == GB_NOT_FOUND || err == GB_DAMAGED) {
        return GB_OK; /* expired, or a newer list has fewer pieces: the next sync begins anew */
    }
    if (err != GB_OK) {
        return err;
    }
    *ret_items = w.items;
    if (!done) {
        *ret_cursor = cursor_text(&w);
        gb_assert(ret_cursor->n <= CURSOR_MAX);
    } else if (w.drift.missing + w.drift.expiry + w.drift.disabled > 0) {
        notice_add(
            work, &(struct notice){.kind = NOTICE_DRIFT, .about = server, .extra = drift_text(&w)});
    }
    return GB_OK;
}

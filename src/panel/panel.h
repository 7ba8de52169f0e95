/* panel.h: what the shop asks of any panel, whichever kind it is.
 *
 * The wish is absolute: this user, this uuid, until this instant, this much traffic. Asking twice
 * changes nothing. Kinds of calls in a lane "panel:<server>"; bodies are JSON of these fields:
 *
 *   ensure  {"uuid","name","starts_ms","expires_ms","traffic_gb","enabled","comment","telegram_id"}
 *           -> done {"uuid","created":bool}; all fields hold on the panel when done
 *   read    {"uuid"} -> done {"used_bytes","limit_bytes","last_seen_ms","enabled"}
 *   remove  {"uuid"} -> done (also when it was not there)
 *   health  {} -> done {"version","role"}: the key is good, and whose it is
 *   status  {} -> done {"users","online","cpu_percent","memory_percent","disk_percent","load"},
 *           less what the panel does not tell; slow there: seconds, in which it does nothing else
 *   list    {} -> done with a list text: all users, see below; panels serve it slowly, too
 *
 * A user that is to be there and not enabled is made if it is missing, and made disabled. A list
 * that does not fit into memory now is LATER; one that is no list, or cut short, is UNKNOWN.
 *
 * Reasons of REFUSED: "foreign_user" (that uuid is somebody else's), "full" (the panel takes no
 * more users), "not_kept" (it says yes and does something else), "gone" (read: no such user),
 * "invalid". A wrong key ("forbidden") or address ("setup") is LATER for the whole lane: it says
 * nothing about the user, and what was sold is delivered once the owner has mended it.
 */
#ifndef PANEL_PANEL_H
#define PANEL_PANEL_H

#include "base/base.h"
#include "base/http.h"

struct arena;

struct panel_user {
    struct str uuid; /* lower-case v4, ours */
    struct str name;
    int64_t starts_ms;  /* when it was granted: stored, so that a repeat says the same */
    int64_t expires_ms; /* usable until this instant; absolute */
    int64_t traffic_gb; /* 0: no limit */
    bool enabled;
    struct str comment; /* our order: a foreign user of that uuid is told apart by it */
    int64_t telegram_id;
};

struct panel_state {
    int64_t used_bytes, limit_bytes; /* limit 0: none */
    int64_t last_seen_ms;            /* 0: never */
    bool enabled;
};

/* Bodies for the rows. */
struct str panel_ensure_body(struct arena *arena, const struct panel_user *user);
struct str panel_uuid_body(struct arena *arena, struct str uuid);
/* What `read` said. GB_DAMAGED: not of this shape. */
enum gb_err panel_read_said(struct arena *arena, struct str said,
                            struct panel_state *ret_state) GB_MUST_USE;

/* A list text: a line a user, each a JSON array, sorted by uuid, none twice:
 *
 *   ["0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801",used_bytes,limit_bytes,last_seen_ms,expires_ms,true]
 *
 * Some whole lines of it are a list text again, so that it can be cut into pieces and kept. The
 * list of nobody is PANEL_LIST_EMPTY; no text at all is no list. */
#define PANEL_LIST_EMPTY STR("[]\n")

struct panel_listed {
    struct str uuid; /* lower case, of the list text; not all are ours, nor version 4 */
    int64_t used_bytes, limit_bytes; /* limit 0: none */
    int64_t last_seen_ms;            /* 0: never */
    /* When it ends there: panels count whole days of theirs, so this is the midnight behind the
     * last of them. 0: its days have not begun to count. */
    int64_t expires_ms;
    bool enabled;
};

struct panel_list {
    struct str rest; /* what is still to be read */
    struct str last; /* uuid */
};

struct panel_list panel_list_begin(struct str said);
/* The next user; nothing is allocated. GB_NOT_FOUND: that was the last. GB_DAMAGED: not of this
 * shape, or not in order; the list stays where it is. */
enum gb_err panel_list_next(struct panel_list *list, struct panel_listed *ret_user) GB_MUST_USE;
/* Cut a list text of at most `users` (1 and more) users off *rest. False when *rest is exhausted
 * (empty). What cannot be read comes in some piece: all of the text is handed out. */
bool panel_list_cut(struct str *rest, size_t users, struct str *ret_piece);

/* Does a panel's end mean ours, as `ensure` writes it: is ours in the last day there? Never when
 * the days there have not begun. */
bool panel_expiry_agrees(int64_t ours_ms, int64_t panels_ms);

struct panel_status {
    /* -1: not told */
    int64_t users, online; /* online: seen in the last minutes */
    int64_t cpu_percent, memory_percent, disk_percent;
    struct str load; /* averages over 1, 5 and 15 minutes, "0.21 0.18 0.15"; empty: not told */
};
/* What `status` said. GB_DAMAGED: not of this shape. */
enum gb_err panel_status_said(struct arena *arena, struct str said,
                              struct panel_status *ret_status) GB_MUST_USE;

/* The link a buyer opens. `user_link` is the server's https://domain/CLIENT_PATH. */
struct str panel_link(struct arena *arena, struct str user_link, struct str uuid, struct str name);

extern const struct codec hiddify_codec;

#endif

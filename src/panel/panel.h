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

/* The link a buyer opens. `user_link` is the server's https://domain/CLIENT_PATH. */
struct str panel_link(struct arena *arena, struct str user_link, struct str uuid, struct str name);

extern const struct codec hiddify_codec;

#endif

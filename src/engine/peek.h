/* peek.h: the store as a Redis, for its owner: redis-cli on the rows of a running shop.
 *
 * Commands come in over the world's RESP door and are answered within their turn, after the shop's
 * own commit. Nothing of the shop waits for them or fails with them: a turn gives them a few
 * milliseconds, what is left comes again in the next one; what they write is a transaction and a
 * sync of its own, on disk before the reply. Secrets are masked (peek_mask.c), whatever is allowed.
 *
 *   database 0  dialogs (FSM)       keys as they are              may be written, if allowed
 *   database 1  cache                 "
 *   database 2  limits                "
 *   database 3  the shop's tables   "<table>:<key>"               never
 */
#ifndef ENGINE_PEEK_H
#define ENGINE_PEEK_H

#include "base/base.h"

struct arena;
struct backend;
struct peek;
struct sign;
struct world;

struct peek_options {
    struct world *world;
    struct backend *backend; /* not shared, and with `expiry` and `rows` */
    struct str listen;       /* see config_address */
    struct str password;     /* copied; empty: none is asked for */
    int64_t now_ms;
};

/* GB_UNAVAILABLE: *reterr_why, static text. */
enum gb_err peek_open(const struct peek_options *options, struct peek **ret_peek,
                      const char **reterr_why) GB_MUST_USE;
void peek_free(struct peek *peek); /* NULL is fine; the door stays the world's */

struct peek_now {
    struct arena *arena; /* of the turn */
    int64_t now_ms;
    bool allow_writes;
    bool store_rests; /* it refused lately: writes are refused without asking it again */
};

/* Answer the SIGN_COMMANDs among the signs. Nothing may be applied and not synced before. */
void peek_turn(struct peek *peek, const struct sign *signs, size_t count,
               const struct peek_now *now);

#endif

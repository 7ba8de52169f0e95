/* hook.h: updates that Telegram brings: a door, a secret, and a 200 that is said only after the
 * commit.
 *
 *   POST ──► right path, right secret? ──► EVENT_UPDATE of this turn ──► commit ──► 200
 *                │ no: 404, 401                                           └ failed ──► 503
 *
 * What was not answered with 200 Telegram brings again, and `seen` knows what was handled before:
 * so an update counts once, as with the poll. Telegram is told where the door is at every start,
 * and looked after from time to time: somebody may have taken the webhook away, and why it cannot
 * reach us only Telegram knows. On the way out the webhook stays; nothing here ever deletes it or
 * drops what waits.
 */
#ifndef ENGINE_HOOK_H
#define ENGINE_HOOK_H

#include "base/base.h"
#include "base/crypto.h"
#include "base/http.h"

struct arena;
struct config;
struct json;
struct sign;
struct update;
struct world;

#define HOOK_DOOR 1 /* of the engine's doors */
/* Above what Telegram holds for one update (512 KiB): whoever brings more is not Telegram, so that
 * the 413 he gets holds no update back. */
#define HOOK_BODY_MAX   ((size_t)1024 * 1024)
#define HOOK_URL_MAX    2000
#define HOOK_SECRET_MAX 256

struct hook_caller;

struct hook {
    struct world *world;
    const struct endpoint *endpoint; /* the intake's own: it follows a SIGHUP */
    bool open, closing;
    char url[HOOK_URL_MAX + 1];
    struct str path; /* in url */
    char secret[HOOK_SECRET_MAX + 1];
    int64_t connections;
    struct hook_caller *callers; /* of this turn, in its memory */

    bool is_set; /* as far as we know: then it is looked after, else set */
    bool asking; /* a call of ours is under way */
    uint64_t ticket;
    unsigned failures;
    int64_t again_ms;     /* wall clock: of the next call */
    int64_t last_error_s; /* what Telegram told last of its trouble, told on once */
    int64_t strangers, strangers_told_ms;
};

/* Open the door if the config wants one. `key` (the store's secret): what the shown secret is made
 * from unless the owner gave one; the same at each start and in each instance.
 * GB_UNAVAILABLE: *reterr_why, in `arena`. */
enum gb_err hook_open(struct hook *hook, struct world *world, const struct config *config,
                      const struct endpoint *endpoint, const uint8_t key[SHA256_BYTES],
                      struct arena *arena, struct str *reterr_why) GB_MUST_USE;

/* Tell Telegram, or look after it, when that is due. */
void hook_pump(struct hook *hook, struct arena *arena, int64_t now_ms);
int64_t hook_next_ms(const struct hook *hook); /* wall clock; INT64_MAX: nothing is due by itself */

enum hook_news { HOOK_NOT_OURS, HOOK_NOTHING, HOOK_FATAL };
/* A reply. HOOK_FATAL: the token is no good. */
enum hook_news hook_reply(struct hook *hook, uint64_t ticket, const struct http_reply *reply,
                          struct arena *arena, int64_t now_ms);

/* Somebody at the door. True: an update in `arena` (the turn's), whose caller waits for
 * hook_settle. False: he has his answer. */
bool hook_take(struct hook *hook, const struct sign *sign, struct arena *arena, int64_t now_ms,
               struct update *ret_update, const struct json **ret_json);
/* The turn is on disk, or was lost: answer who waits. */
void hook_settle(struct hook *hook, bool committed);

/* On the way out: who comes now is sent away, to come again. */
void hook_stop(struct hook *hook);

#endif

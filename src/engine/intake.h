/* intake.h: getUpdates: one long poll at a time, back-off, and an offset that moves only after the
 * commit.
 */
#ifndef ENGINE_INTAKE_H
#define ENGINE_INTAKE_H

#include "base/base.h"
#include "base/http.h"
#include "telegram/telegram.h"

struct arena;
struct world;

#define INTAKE_UPDATES_MAX 100 /* in one answer; the most that Telegram gives */

struct intake {
    struct world *world;
    struct endpoint endpoint;
    int64_t poll_ms;
    int64_t offset;       /* of the next poll: everything below is done with */
    int64_t asked_offset; /* of the last poll */
    int64_t offset_seen;  /* becomes the offset when the turn is on disk */
    uint64_t ticket;
    bool polling, closing;
    bool pushed;         /* updates are brought to us: none is asked for */
    unsigned careful;    /* so many more polls ask for one update: one of a batch was unreadable */
    unsigned unreadable; /* so often in a row, one at a time, it could not be read */
    unsigned failures;
    unsigned hasty;   /* so often in a row it had nothing to say and did not wait to say it */
    int64_t asked_ms; /* when the poll under way was made */
    int64_t again_ms; /* wall clock; before it no poll is made */
};

/* Ask for updates unless that is under way or it is not time. */
void intake_poll(struct intake *intake, struct arena *arena, int64_t now_ms);

enum intake_news { INTAKE_NOT_OURS, INTAKE_NOTHING, INTAKE_UPDATES, INTAKE_FATAL };

/* A reply: INTAKE_UPDATES gives an array for update_read. INTAKE_FATAL: the token is no good.
 * *ret_webhook: a webhook is in the way and should be deleted. */
enum intake_news intake_reply(struct intake *intake, uint64_t ticket,
                              const struct http_reply *reply, struct arena *arena, int64_t now_ms,
                              const struct json **ret_updates, bool *ret_webhook);

/* The turn is on disk (or was lost: then the same updates come again). */
void intake_settle(struct intake *intake, bool committed, int64_t now_ms);

/* Another instance polls: what this one is asking for is not waited for. */
void intake_rest(struct intake *intake);

/* On the way out: end the poll; then confirm the offset with one last call. */
void intake_stop(struct intake *intake);
void intake_confirm(struct intake *intake, struct arena *arena);

int64_t intake_next_ms(const struct intake *intake);

#endif

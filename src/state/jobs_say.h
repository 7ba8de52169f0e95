/* jobs_say.h: what an owner asks about jobs, and the answer in JSON: one set of words for the
 * shop's control socket, for `gigabridge jobs` on a shop that is stopped, and for whoever comes
 * next.
 *
 *      GET  /jobs             ?after=ID&limit=N    {"now":…,"jobs":[…],"more":false}
 *      GET  /jobs/ID                               {"now":…,"job":{…},"runs":[…]}
 *      GET  /jobs/ID/history  ?limit=N             {"now":…,"runs":[…],"more":false}
 *      POST /jobs/ID/run|pause|resume              {"now":…,"job":{…}}
 *
 * What cannot be answered is {"error":"…"}, a sentence for the owner, under a status of HTTP.
 */
#ifndef STATE_JOBS_SAY_H
#define STATE_JOBS_SAY_H

#include "base/base.h"
#include "base/http.h"

struct arena;
struct work;

enum jobs_verb { JOBS_LIST, JOBS_SHOW, JOBS_HISTORY, JOBS_RUN, JOBS_PAUSE, JOBS_RESUME };

struct jobs_command {
    enum jobs_verb verb;
    struct str id;    /* not for LIST */
    struct str after; /* LIST: ids behind this one; empty: from the first */
    int64_t limit;    /* LIST, HISTORY; 0: as many as are usual */
};

struct jobs_answer {
    int status; /* 200, 400, 404, 500 */
    struct str body;
};

#define JOBS_LIMIT_MAX 1000

/* GB_NOT_FOUND: there is no such verb. */
enum gb_err jobs_verb_find(struct str name, enum jobs_verb *ret_verb) GB_MUST_USE;
/* Does it write? */
bool jobs_verb_changes(enum jobs_verb verb);

/* GB_INVALID: an id that no job can have; *reterr_answer is for who asked, in `arena`. */
enum gb_err jobs_command_check(struct arena *arena, const struct jobs_command *command,
                               struct jobs_answer *reterr_answer) GB_MUST_USE;

/* Texts of the command point into path and query.
 * GB_INVALID: as above. */
enum gb_err jobs_command_read(struct arena *arena, enum http_method method, struct str path,
                              struct str query, struct jobs_command *ret_command,
                              struct jobs_answer *reterr_answer) GB_MUST_USE;
/* The same back, of a command that was checked: path and query, in `arena`. */
struct str jobs_command_target(struct arena *arena, const struct jobs_command *command);

/* Do it, all of it in work->tx. Safe to be run again. What is wrong with the command or with the
 * job's row is an answer; the store's errors are handed up. */
enum gb_err jobs_carry_out(struct work *work, const struct jobs_command *command,
                           struct jobs_answer *ret_answer) GB_MUST_USE;

/* {"error": why} */
struct jobs_answer jobs_refusal(struct arena *arena, int status, struct str why);

#endif

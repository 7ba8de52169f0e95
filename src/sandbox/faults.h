/* faults.h: the faults planned for the next calls, asked by every model before it does anything.
 *
 * One fault: where, which method (empty: any), what, for how many calls, after letting how many
 * pass. The first of the list that fits a call is used up by it. At most FAULTS_MAX.
 */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "sandbox/holds.h"
#include "sandbox/model.h"

#define FAULTS_MAX 64

enum fault_where { FAULT_TELEGRAM, FAULT_PANEL, FAULT_PAY };

/*  name            word in the control interface */
#define FAULT_KINDS(X)                                                                             \
    X(NONE, "none")               /* all is well */                                                \
    X(500, "500")                 /* refused with JSON, not done */                                \
    X(502_HTML, "502_html")       /* what a proxy in front says, not done */                       \
    X(429, "429")                 /* wait retry_after seconds, not done */                         \
    X(403_BLOCKED, "403_blocked") /* as if the user had blocked the bot; elsewhere a bad key */    \
    X(400, "400")                 /* refused, with `text` when given */                            \
    X(LOSE_ANSWER, "lose_answer") /* done, then the connection drops */                            \
    X(DROP, "drop")               /* not done, the connection drops */                             \
    X(GARBAGE, "garbage")         /* not done, 200 with bytes that mean nothing */                 \
    X(HANG, "hang")               /* not done, no answer until all is well */                      \
    X(SLOW, "slow")               /* done, answered delay_ms later */

enum fault_what {
#define X(name, word) FAULT_##name,
    FAULT_KINDS(X)
#undef X
};

struct fault {
    enum fault_where where;
    /* Any case; empty: any but getUpdates and "webhook" (an update that is brought: only its answer
     * can be lost), which must be named. */
    struct str method;
    enum fault_what what;
    int64_t count, skip;
    int64_t retry_after_s, delay_ms;
    struct str text;
};

struct fault_plan {
    struct fault list[FAULTS_MAX]; /* texts kept */
    size_t count;
};

/* What hit this call. `text` is valid until the next plan or clear. */
struct fault_hit {
    enum fault_what what;
    int64_t retry_after_s, delay_ms;
    struct str text;
};

/* GB_NOT_FOUND: no such word. */
enum gb_err fault_find(struct str word, enum fault_what *ret_what) GB_MUST_USE;
/* Copies. GB_NO_SPACE: FAULTS_MAX are planned. */
enum gb_err fault_plan_add(struct fault_plan *faults, const struct fault *fault) GB_MUST_USE;
void fault_plan_clear(struct fault_plan *faults);
/* Use up what is planned for this call. */
struct fault_hit fault_plan_take(struct fault_plan *faults, enum fault_where where,
                                 struct str method);

/* Before doing a call: true when the fault ends it here, with *ret_verdict and the response. */
bool fault_before(const struct fault_hit *hit, enum fault_where where, const struct visit *visit,
                  struct holds *holds, struct http_response *response,
                  enum model_verdict *ret_verdict);
/* After it was done and answered: loses or delays the answer. */
enum model_verdict fault_after(const struct fault_hit *hit, const struct visit *visit,
                               struct holds *holds, struct http_response *response);

#endif

/* shop_kit.h: a shop on a real store, and the engine's part played around it.
 *
 * Every step runs its handler twice from one snapshot and compares what both would change; may be
 * told to lose the first run, as a crash would; and has all invariants checked after the commit.
 */
#ifndef TESTS_SHOP_KIT_H
#define TESTS_SHOP_KIT_H

#include "base/base.h"
#include "base/http.h"
#include "shop/invariants.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/settle.h"
#include "shop/subscriptions.h"
#include "state/event.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ANNA  INT64_C(101)
#define BORIS INT64_C(202)
#define OWNER INT64_C(900)

#define KIT_ROWS_MAX 512

struct kit {
    struct arena *memory; /* what outlives an event */
    struct arena *event;
    struct backend *backend;
    struct config config;
    int64_t now_ms;
    const struct zone *zone; /* NULL: UTC */
    uint64_t order;
    uint64_t events;
    bool unchecked;        /* a test that damages rows looks for itself */
    uint64_t crash_one_in; /* so many steps are lost before their commit and run again; 0: none */
    char directory[32];

    size_t told[NOTICE_COUNT]; /* since kit_forget */
    struct notice last[NOTICE_COUNT];
    size_t noise; /* calls of the last step that are not stored */
    struct outbox_row last_noise;
};

struct kit *kit_open(void);
void kit_close(struct kit *kit);
/* cmocka fixtures: *state is the kit, catalog seeded. */
int kit_set_up(void **state);
int kit_tear_down(void **state);
void kit_forget(struct kit *kit);

/* One event: what `step` says it returned. Rows are written whatever that is, as a handler's are.
 */
typedef enum gb_err step_fn(struct work *work, void *ctx);
enum gb_err kit_run(struct kit *kit, step_fn *step, void *ctx);

/* Live rows of the outbox, in the order of their keys. */
size_t kit_rows(struct kit *kit, struct outbox_row ret_rows[KIT_ROWS_MAX]);
/* The only live row whose answer goes to `then`, due or not. Fails if there is not exactly one. */
struct outbox_row kit_row(struct kit *kit, const char *then);
size_t kit_count(struct kit *kit, const char *then);

/* The answer to a row, with the engine's bookkeeping: ended or buried, then its handler. */
enum gb_err kit_answer(struct kit *kit, const struct outbox_row *row, const struct answer *answer);
void kit_done(struct kit *kit, const struct outbox_row *row, struct str said);
void kit_refused(struct kit *kit, const struct outbox_row *row, const char *reason);

/* What the provider says of a payment. */
struct str kit_said(struct kit *kit, const struct payment *payment, const char *status,
                    int64_t paid_minor);
/* Rows as they are now. */
struct payment kit_payment(struct kit *kit, struct str id);
struct order kit_order(struct kit *kit, struct str id);
struct subscription kit_subscription(struct kit *kit, struct str id);
int64_t kit_server_users(struct kit *kit, const char *id);
int64_t kit_balance(struct kit *kit, const char *account, const char *currency);
struct invariant_report kit_check(struct kit *kit);

/* Shorthands for the whole way. `way`: "test", "stars". */
enum gb_err kit_try_start(struct kit *kit, int64_t user, const char *tariff, const char *location,
                          const char *way, struct payment *ret_payment);
struct payment kit_start(struct kit *kit, int64_t user, const char *way);
struct payment kit_pending(struct kit *kit, int64_t user); /* test: created and answered */
struct payment kit_paid(struct kit *kit, int64_t user);    /* and paid */
void kit_look(struct kit *kit, const struct payment *payment, const char *status,
              int64_t paid_minor); /* the next look by plan is due and answered */
enum gb_err kit_settle(struct kit *kit, struct str payment, const struct money_fact *fact);
enum gb_err kit_settle_stars(struct kit *kit, int64_t user, struct str payload, const char *charge,
                             int64_t amount);

#endif

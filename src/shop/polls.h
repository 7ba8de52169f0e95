/* polls.h: when a provider is asked about a payment: durable rows, one at a time.
 *
 *   age since it can be paid    up to 2 min   15 min   65 min   24 h     3 days
 *   asked every                 10 s          30 s     60 s     10 min   1 day     (+-10 %)
 *
 * and once right when the offer ends; every 10 min at most once the provider has closed it, since
 * late money counts. After three days no more. Each look by plan carries its
 * number; only the answer to the newest adds the next, so there are never two chains. A press of "I
 * have paid" adds one look beside the plan, which adds none.
 */
#ifndef SHOP_POLLS_H
#define SHOP_POLLS_H

#include "base/base.h"

struct outbox_row;
struct payment;
struct work;

/* Add the next look by plan, at least `least_ms` from now; nothing when the plan is over. The
 * caller writes the payment. */
void poll_next(struct work *work, struct payment *payment, int64_t least_ms);

/* Add the look of a press; false: one is under way. The caller writes the payment. */
bool poll_now(struct work *work, struct payment *payment);

enum poll_kind {
    POLL_PLANNED, /* the newest of the plan: its answer adds the next */
    POLL_PRESSED,
    POLL_STRAY, /* an answer that came twice, or of an older look */
};
enum poll_kind poll_kind(struct work *work, const struct payment *payment,
                         const struct outbox_row *row);

/* Age from which on nothing is planned. */
#define POLL_AGE_MS_MAX (3 * GB_DAY_MS)

#endif

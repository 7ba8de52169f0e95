/* lookup.h: what a screen shows, read from the rows: whole sales and whole subscriptions.
 *
 * A location that was deleted since is shown by its id: what was sold stays visible.
 */
#ifndef BOT_LOOKUP_H
#define BOT_LOOKUP_H

#include "base/base.h"
#include "bot/screens.h"

struct work;

/* The store's errors, as with all of these. */
enum gb_err lookup_location(struct work *work, struct str id,
                            const struct location **ret_location) GB_MUST_USE;
/* GB_DAMAGED also when the payment's order is gone. */
enum gb_err lookup_sale(struct work *work, const struct payment *payment,
                        struct sale *ret_sale) GB_MUST_USE;
enum gb_err lookup_access(struct work *work, const struct subscription *subscription,
                          struct access *ret_access) GB_MUST_USE;

#endif

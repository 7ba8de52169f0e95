/* seen.h: this update was handled: said once, in the transaction of its effects.
 *
 * 64 updates share a row of bits, which expires after 8 days: Telegram may start its numbers anew,
 * even lower, after an idle week (telegram facts, section 2), so no highest number is kept.
 */
#ifndef STATE_SEEN_H
#define STATE_SEEN_H

#include "base/base.h"

struct work;

/* GB_EXISTS: handled before. GB_OK: marked now. Else the store's error. */
enum gb_err seen_mark(struct work *work, int64_t update_id) GB_MUST_USE;

#endif

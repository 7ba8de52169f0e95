/* settle.h: the only way to "paid", whoever noticed it.
 *
 * In one transaction: the ledger's entry (unique per provider, external id, kind), the move of the
 * payment, the order, the grant with its absolute target, the panel's row, the notice. A second
 * call with the same fact changes nothing.
 */
#ifndef SHOP_SETTLE_H
#define SHOP_SETTLE_H

#include "base/base.h"

struct payment;
struct work;

struct money_fact {
    struct str provider;
    struct str external; /* charge id */
    int64_t amount_minor;
    struct str currency;
    bool test; /* money of a test shop: counts only where the provider is the sandbox's */
};

/* GB_OK: credited now. GB_EXISTS: this fact was credited before. GB_REFUSED: put into review with
 * a reason (amount, currency, test, external). A second, different fact for a paid payment is kept
 * as balance (notice money_credited), GB_OK. GB_DAMAGED: order and ledger contradict each other.
 * Else the store's error. The payment is written. */
enum gb_err settle(struct work *work, struct payment *payment,
                   const struct money_fact *fact) GB_MUST_USE;

/* successful_payment of Telegram Stars. GB_NOT_FOUND: the payload names no payment of ours: kept in
 * the ledger's suspense, admins told. Paid by another than the payment's user: kept on the payer's
 * balance, admins told, GB_OK. Otherwise as settle. */
enum gb_err settle_stars(struct work *work, int64_t user, struct str payload,
                         const struct money_fact *fact) GB_MUST_USE;

#endif

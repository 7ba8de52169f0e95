/* ledger.h: every movement of money, written twice: what one account gives, another takes.
 *
 * Rows are only added. The sum over all accounts of a currency is 0 after each transaction. The
 * same outside fact (provider, external id, kind) enters once; the second time is GB_EXISTS.
 * Accounts: provider:NAME, revenue, user:ID (what we owe them), suspense.
 */
#ifndef SHOP_LEDGER_H
#define SHOP_LEDGER_H

#include "base/base.h"

struct arena;
struct work;

struct ledger_entry {
    struct str fact; /* "test:tp_2d8f:payment" */
    struct str from, to;
    int64_t amount_minor; /* above 0 */
    struct str currency;
    struct str about; /* payment id */
    int64_t at_ms;
};

/* GB_EXISTS: entered before, nothing changed. GB_INVALID: amount, currency or accounts;
 * *reterr_why (if not NULL) static text. Else the store's error. */
enum gb_err ledger_enter(struct work *work, const struct ledger_entry *entry,
                         const char **reterr_why) GB_MUST_USE;
/* What the account holds; 0 when nothing was ever entered. */
enum gb_err ledger_balance(struct work *work, struct str account, struct str currency,
                           int64_t *ret_minor) GB_MUST_USE;
/* "user:42" */
struct str ledger_user_account(struct arena *arena, int64_t user);

#endif

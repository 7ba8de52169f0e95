/* invariants.h: the numbered list of what always holds (docs/architecture.md), checked over a whole
 * store: by `gigabridge check --store`, the simulation and the kill tests.
 */
#ifndef SHOP_INVARIANTS_H
#define SHOP_INVARIANTS_H

#include "base/base.h"

struct work;

struct invariant_report {
    int64_t users, orders, payments, subscriptions, ledger_entries, outbox, dead;
    int64_t paid_payments, credited_minor;
    size_t broken;
    struct str first_broken[16]; /* "1: payment ab12 paid without a ledger entry" */
};

/* Read every row (bounded by `rows_max` per table) and compare. GB_NO_SPACE: more rows than that.
 * Else the store's error. Broken invariants are in the report, not in the error. */
enum gb_err invariants_check(struct work *work, size_t rows_max,
                             struct invariant_report *ret_report) GB_MUST_USE;

#endif

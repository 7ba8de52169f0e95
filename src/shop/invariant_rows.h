/* invariant_rows.h: all rows of the shop in memory, and the pages of the checker that read them.
 * Inside this room only.
 */
#ifndef SHOP_INVARIANT_ROWS_H
#define SHOP_INVARIANT_ROWS_H

#include "base/base.h"
#include "shop/invariants.h"

struct outbox_row;
struct record;
struct work;

/* Rows of one table, in the order of their keys. The first member of each struct is its key, as
 * struct str. */
struct rows {
    char *items;
    size_t count, capacity, bytes;
};

struct pair { /* a row whose value is one word */
    struct str key, value;
};

struct checker {
    struct work *work;
    size_t rows_max;
    struct invariant_report *report;
    struct rows orders, payments, subscriptions, servers, ledger;
    struct rows accounts, externals, open_payments, user_subs; /* struct pair */
    struct rows subs_due, server_subs, payments_done;          /* the same */
    struct outbox_row *outbox;                                 /* those that somebody waits for */
    size_t outbox_count;
};

/* NULL: no such row. */
const void *rows_find(const struct rows *rows, struct str key);
#define ROWS_AT(rows, type, i) ((const struct type *)(const void *)((rows)->items) + (i))

/* `number` is the invariant's in docs/architecture.md. */
void broken(struct checker *checker, int number, const char *format, ...) GB_PRINTF(3, 4);

enum gb_err checker_read(struct checker *checker) GB_MUST_USE;
void check_money(struct checker *checker);
void check_payments(struct checker *checker);
void check_grants(struct checker *checker);
void check_due(struct checker *checker);

/* Live rows for `about` whose answer goes to `then`: the first of *ret_count. */
const struct outbox_row *live_rows(const struct checker *checker, const char *then,
                                   struct str about, size_t *ret_count);

#endif

/* figures.h: what a day brought, counted in the transactions that did it.
 *
 * So that the digest of a day reads a day's rows and not the shop. A figure is spread over a few
 * rows by who it is about: instances on one store seldom meet in one.
 */
#ifndef SHOP_FIGURES_H
#define SHOP_FIGURES_H

#include "base/base.h"

struct work;

/*  name             key */
#define GB_FIGURES(X)                                                                              \
    X(USERS, "users")         /* met for the first time */                                         \
    X(PAID, "paid")           /* orders */                                                         \
    X(DELIVERED, "delivered") /* subscriptions that began */                                       \
    X(RENEWED, "renewed")     /* that were renewed */                                              \
    X(ENDED, "ended")         /* that ended */                                                     \
    X(REMOVED, "removed")     /* that were removed from a panel */                                 \
    X(REMINDED, "reminded")   /* reminders */

enum figure {
#define X(name, key) FIGURE_##name,
    GB_FIGURES(X)
#undef X
        FIGURE_COUNT
};

#define FIGURE_DAYS_KEPT 400

/* Add to today's, in the shop's civil time. */
void figure_add(struct work *work, enum figure figure, int64_t user, int64_t add);
/* The same for what came in, in minor units of a currency. */
void figure_add_income(struct work *work, struct str currency, int64_t user, int64_t minor);

#define FIGURE_CURRENCIES_MAX 8
struct day_figures {
    int64_t sum[FIGURE_COUNT];
    struct {
        struct str currency;
        int64_t minor;
    } income[FIGURE_CURRENCIES_MAX];
    size_t income_count;
};
/* All of one day, given in days since 1970-01-01. The store's error. */
enum gb_err figures_of_day(struct work *work, int64_t day, struct day_figures *ret) GB_MUST_USE;
/* Today, in the shop's civil time. */
int64_t figures_today(const struct work *work);

#endif

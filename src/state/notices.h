/* notices.h: what happened and who shall hear of it; bot/notices decides in which words.
 *
 * A rule of the shop says what happened and never speaks Telegram. A notice is a row and then an
 * event of its own: so it becomes exactly one set of outbox rows.
 */
#ifndef STATE_NOTICES_H
#define STATE_NOTICES_H

#include "base/base.h"

struct arena;
struct work;

/*  kind             about (an id)        who hears it */
#define GB_NOTICES(X)                                                                              \
    X(INVOICE_READY, "invoice_ready")     /* payment: the link is there; buyer */                  \
    X(INVOICE_FAILED, "invoice_failed")   /* payment: could not be made; buyer */                  \
    X(INVOICE_EXPIRED, "invoice_expired") /* payment: nobody paid in time; buyer */                \
    X(NOT_PAID_YET, "not_paid_yet") /* payment: "I have paid" was pressed too early; buyer */      \
    X(ORDER_PAID, "order_paid")     /* order; extra: payment. Access is being made; buyer */       \
    X(ACCESS_READY, "access_ready") /* subscription: link and picture; buyer */                    \
    X(ACCESS_REFRESHED, "access_refreshed") /* subscription: traffic is known again; buyer */      \
    X(MONEY_IN_REVIEW, "money_in_review")   /* payment: a person must look; admins */              \
    X(MONEY_CREDITED, "money_credited")     /* payment: paid twice, kept as balance; buyer */      \
    X(DELIVERY_REFUSED, "delivery_refused") /* order: the panel said no; admins and buyer */       \
    X(BACKUP_MADE, "backup_made")           /* file's name; extra: shop/backups; admins */         \
    X(BACKUP_FAILED, "backup_failed")       /* extra: why; admins */                               \
    X(FLOOD, "flood")             /* a person who does not stop; extra: ms of its pause; admins */ \
    X(RENEWED, "renewed")         /* subscription: works longer now; buyer */                      \
    X(ENDS_SOON, "ends_soon")     /* subscription; extra: days before; buyer */                    \
    X(TRAFFIC_LOW, "traffic_low") /* subscription; extra: percent used; buyer */                   \
    X(UNUSED, "unused")           /* subscription: never connected; buyer */                       \
    X(WIN_BACK, "win_back")       /* subscription that ended a while ago; buyer */                 \
    X(SUBSCRIPTION_ENDED, "ended")    /* subscription: switched off; buyer */                      \
    X(REMOVED_SOON, "removed_soon")   /* subscription: soon gone for good; buyer */                \
    X(DRIFT, "drift")                 /* server; extra: what another hand changed; admins */       \
    X(SERVER_DOWN, "server_down")     /* server: does not answer; extra: since when, ms; admins */ \
    X(SERVER_UP, "server_up")         /* server: answers again; extra: ms it did not; admins */    \
    X(SERVER_FULL, "server_full")     /* server: nearly full; admins */                            \
    X(SERVER_LOAD, "server_load")     /* server; extra: which figure and percent; admins */        \
    X(SERVER_UNPAID, "server_unpaid") /* server; extra: days its rent still lasts; admins */       \
    X(DIGEST, "digest")               /* date: the day's numbers; admins */

enum notice_kind {
#define X(name, text) NOTICE_##name,
    GB_NOTICES(X)
#undef X
        NOTICE_COUNT
};

struct notice {
    enum notice_kind kind;
    int64_t user;     /* Telegram id of whom it is about; 0: nobody */
    struct str about; /* id */
    struct str extra; /* "" or a detail the words need */
    uint64_t order;   /* set by notice_add */
};

/* For the engine: struct work keeps a list. */
struct notice_node {
    struct notice notice;
    struct notice_node *next;
};

/* Add one; texts are copied. */
void notice_add(struct work *work, const struct notice *notice);

/* For the engine. */
struct str notice_key(struct arena *arena, uint64_t order);
enum gb_err notice_read(struct arena *arena, struct str key, struct str value,
                        struct notice *ret_notice) GB_MUST_USE; /* GB_DAMAGED */
/* Is it still to be told? GB_NOT_FOUND: it was told. Else the store's error. */
enum gb_err notice_look(struct work *work, const struct notice *notice) GB_MUST_USE;
void notice_end(struct work *work, const struct notice *notice);

#endif

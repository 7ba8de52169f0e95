/* tables.h: every table of the store: one list. A new one goes to its end: stores on disk know them
 * by number. */
#ifndef STATE_TABLES_H
#define STATE_TABLES_H

/*  name            Redis db   what a row is; key */
#define GB_TABLES(X)                                                                               \
    X(META, "meta", 3)           /* schema, bot id, secret, counters; a word */                    \
    X(SEEN, "seen", 3)           /* handled updates: bits, update id / 64; u<id>, if shared */     \
    X(FSM, "fsm", 0)             /* dialog state and data; as aiogram lays them out */             \
    X(CACHE, "cache", 1)         /* lists put together once; list:id */                            \
    X(LIMITS, "limits", 2)       /* buckets and pauses; kind:user */                               \
    X(USERS, "users", 3)         /* person; Telegram id */                                         \
    X(LOCATIONS, "locations", 3) /* id */                                                          \
    X(SERVERS, "servers", 3)     /* id */                                                          \
    X(TARIFFS, "tariffs", 3)     /* id */                                                          \
    X(ORDERS, "orders", 3)       /* id */                                                          \
    X(PAYMENTS, "payments", 3)   /* id */                                                          \
    X(OPEN_PAYMENTS, "open_payments", 3) /* user/tariff/location/provider -> live payment */       \
    X(EXTERNALS, "externals", 3)         /* provider:external id -> payment */                     \
    X(LEDGER, "ledger", 3)               /* provider:external id:kind -> one movement, once */     \
    X(ACCOUNTS, "accounts", 3)           /* account:currency -> sum */                             \
    X(SUBSCRIPTIONS, "subscriptions", 3) /* id */                                                  \
    X(USER_SUBS, "user_subs", 3)         /* user/newest first/subscription */                      \
    X(OUTBOX, "outbox", 3)               /* lane/due/order: waiting calls, in sending order */     \
    X(QUEUES, "queues", 3)               /* lane/queue -> place of its last row, if shared */      \
    X(DEAD, "dead", 3)                   /* lane/order: given up, for the owner */                 \
    X(NOTICES, "notices", 3)             /* order: to be told */                                   \
    X(LEASES, "leases", 3)               /* "duty": which instance has it, until when */           \
    X(JOBS, "jobs", 3)                   /* id: what runs and when */                              \
    X(JOBS_DUE, "jobs_due", 3)           /* due/instant/id, lease/instant/id/run: in due order */  \
    X(JOB_RUNS, "job_runs", 3)           /* id/newest first -> one run */                          \
    X(INHAND, "inhand", 3)               /* event -> tries: what a crash was working on */         \
    X(QUARANTINE, "quarantine", 3)       /* event -> its bytes: what killed us again and again */  \
    X(SERVER_STATES, "server_states", 3) /* id: whether it answers, what was told of it */         \
    X(SUBS_DUE, "subs_due", 3)           /* check|remind/instant/subscription: in due order */     \
    X(SERVER_SUBS, "server_subs", 3)     /* server/uuid -> subscription that is on its panel */    \
    X(PANEL_LISTS, "panel_lists", 3)     /* server/piece: what the panel said of its users */      \
    X(PAYMENTS_DONE, "payments_done", 3) /* instant/payment: to be tidied from then on */          \
    X(FIGURES, "figures", 3)             /* date/figure -> sum of the day */

#include "store/store.h"

enum table {
#define X(name, text, db) TABLE_##name,
    GB_TABLES(X)
#undef X
        TABLE_COUNT
};

extern const struct store_table store_tables[TABLE_COUNT];

#endif

/* subscriptions.h: what was granted: absolute, decided once, stored.
 *
 *   waiting -> active <-> ended -> removed      waiting -> refused (the panel said no for good)
 *
 * Ended: switched off on the panel, and kept there for the time of grace. Removed: gone from the
 * panel; our record stays. When each of that happens is due.h's.
 */
#ifndef SHOP_SUBSCRIPTIONS_H
#define SHOP_SUBSCRIPTIONS_H

#include "base/base.h"
#include "base/moves.h"

struct arena;
struct event;
struct order;
struct work;

enum subscription_state {
    SUBSCRIPTION_WAITING, /* paid; its panel row is in the lane */
    SUBSCRIPTION_ACTIVE,
    SUBSCRIPTION_ENDED,
    SUBSCRIPTION_REFUSED,
    SUBSCRIPTION_REMOVED,
};
extern const struct moves subscription_moves;

struct subscription {
    struct str id;
    int64_t user;
    struct str order, server, location;
    struct str uuid; /* ours, lower-case v4 */
    unsigned state;
    int64_t starts_ms;
    int64_t target_expires_ms; /* absolute */
    int64_t traffic_gb;        /* 0: no limit */
    int64_t used_bytes;        /* as the panel said at */
    int64_t used_at_ms;        /* 0: never asked */
    int64_t last_seen_ms;
    int64_t asked_ms;   /* the panel was asked for figures; 0: never */
    int64_t message_id; /* the message that shows it and waits for fresh figures; 0: none */
    int64_t ended_ms;
    int64_t extended_ms; /* what renewals have added to its end */
    int64_t wished_ms;   /* when the panel was last told what is granted */
    /* Kept by due.c: its places in the index; 0: none. */
    int64_t check_ms, remind_ms;
    /* What this person was told of in this period, each once. */
    int64_t days_told;    /* the least number of days before the end, and one; 0: nothing yet */
    int64_t traffic_told; /* percent */
    int64_t grace_told;   /* as days_told, of the days before it is removed */
    int64_t warned_ms;    /* when that was; 0: never */
    bool unused_told, win_back_told;
    struct str drift; /* what the admins were told about it; empty: all is as it should be */
};

/* Grant a paid order: renew what it renews (renewals.h), or pick the server, fix uuid and target,
 * add the panel's row. A full location
 * takes paid orders all the same (catalog_place_server). GB_REFUSED: the location has no server
 * left: subscription refused, order credited, buyer and admins told. GB_DAMAGED. Else the store's
 * error. The caller writes the order. */
enum gb_err subscription_grant(struct work *work, struct order *order) GB_MUST_USE;
enum gb_err subscription_get(struct work *work, struct str id,
                             struct subscription *ret) GB_MUST_USE;
void subscription_put(struct work *work, const struct subscription *subscription);
/* Who is in the server's list of users, by uuid. GB_NOT_FOUND: nobody of ours. */
struct str subscription_server_key(struct arena *arena, struct str server, struct str uuid);
/* Ask the panel for what is granted: switched on while it is active, off when it has ended. The
 * caller writes it. */
void subscription_ask(struct work *work, struct subscription *subscription);
/* The same, and `then` gets the answer about `about`. */
void subscription_ask_for(struct work *work, struct subscription *subscription, struct str then,
                          struct str about);
/* Its time is over: switched off, its place on the server free, the person told. The caller plans
 * (due.h) and writes it. */
enum gb_err subscription_end(struct work *work, struct subscription *subscription) GB_MUST_USE;
/* The time of grace is over: gone from the panel. The caller plans and writes it. */
void subscription_remove(struct work *work, struct subscription *subscription);
/* A user's own, newest first, at most 20. */
enum gb_err subscription_list(struct work *work, int64_t user, const struct subscription **ret,
                              size_t *ret_count) GB_MUST_USE;
/* Link to open in a VPN app. Empty while waiting. */
enum gb_err subscription_link(struct work *work, const struct subscription *subscription,
                              struct str *ret_link) GB_MUST_USE;
/* Whole days left (0 on the last), gigabytes left (-1: no limit). */
int64_t subscription_days_left(const struct subscription *subscription, int64_t now_ms);
int64_t subscription_gb_left_tenths(const struct subscription *subscription); /* tenths of GB */
/* Ask the panel for fresh figures of an active one, at most once a minute; the answer becomes a
 * notice access_refreshed for `message_id`, which is kept. */
enum gb_err subscription_refresh(struct work *work, struct subscription *subscription,
                                 int64_t message_id) GB_MUST_USE;

/* Fresh figures from the panel. The caller writes it. */
void subscription_used(struct work *work, struct subscription *subscription, int64_t used_bytes,
                       int64_t last_seen_ms);

/* Answers of panel lanes ("panel.ensure", "panel.read"): handler_fn. */
enum gb_err subscription_answered_ensure(struct work *work, const struct event *event) GB_MUST_USE;
enum gb_err subscription_answered_read(struct work *work, const struct event *event) GB_MUST_USE;

#endif

/* subscriptions.h: what was granted: absolute, decided once, stored.
 *
 *   waiting -> active -> ended         waiting -> refused (the panel said no for good)
 */
#ifndef SHOP_SUBSCRIPTIONS_H
#define SHOP_SUBSCRIPTIONS_H

#include "base/base.h"
#include "base/moves.h"

struct event;
struct order;
struct work;

enum subscription_state {
    SUBSCRIPTION_WAITING, /* paid; its panel row is in the lane */
    SUBSCRIPTION_ACTIVE,
    SUBSCRIPTION_ENDED,
    SUBSCRIPTION_REFUSED,
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
};

/* Grant a paid order: pick the server, fix uuid and target, add the panel's row. A full location
 * takes paid orders all the same (catalog_place_server). GB_REFUSED: the location has no server
 * left: subscription refused, order credited, buyer and admins told. GB_DAMAGED. Else the store's
 * error. The caller writes the order. */
enum gb_err subscription_grant(struct work *work, struct order *order) GB_MUST_USE;
enum gb_err subscription_get(struct work *work, struct str id,
                             struct subscription *ret) GB_MUST_USE;
void subscription_put(struct work *work, const struct subscription *subscription);
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

/* Answers of panel lanes ("panel.ensure", "panel.read"): handler_fn. */
enum gb_err subscription_answered_ensure(struct work *work, const struct event *event) GB_MUST_USE;
enum gb_err subscription_answered_read(struct work *work, const struct event *event) GB_MUST_USE;

#endif

#include "shop/subscriptions.h"

#include "base/arena.h"
#include "panel/panel.h"
#include "shop/catalog.h"
#include "shop/due.h"
#include "shop/fields.h"
#include "shop/figures.h"
#include "shop/orders.h"
#include "shop/records.h"
#include "shop/renewals.h"
#include "state/cache.h"
#include "state/event.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/work.h"

#define ID_LENGTH      12
#define LIST_MAX       20
#define ASK_EVERY_MS   GB_MINUTE_MS
#define GB_BYTES       (INT64_C(1) << 30) /* panels count in binary gigabytes */
#define WHY_BYTES_MAX  200
#define TRAFFIC_GB_MAX INT64_C(1000000)

static const struct move states[] = {
    [SUBSCRIPTION_WAITING] = {"waiting",
                              MOVE_TO(SUBSCRIPTION_ACTIVE) | MOVE_TO(SUBSCRIPTION_REFUSED)},
    [SUBSCRIPTION_ACTIVE] = {"active", MOVE_TO(SUBSCRIPTION_ENDED)},
    [SUBSCRIPTION_ENDED] = {"ended", MOVE_TO(SUBSCRIPTION_ACTIVE) | MOVE_TO(SUBSCRIPTION_REMOVED)},
    [SUBSCRIPTION_REFUSED] = {"refused", 0},
    [SUBSCRIPTION_REMOVED] = {"removed", 0},
};
const struct moves subscription_moves = {"subscription", states, GB_COUNT(states)};

static const struct field fields[] = {
    FIELD_TEXT(subscription, id),
    FIELD_INT(subscription, user),
    FIELD_TEXT(subscription, order),
    FIELD_TEXT(subscription, server),
    FIELD_TEXT(subscription, location),
    FIELD_TEXT(subscription, uuid),
    FIELD_MOVE(subscription, state, subscription_moves),
    FIELD_INT(subscription, starts_ms),
    FIELD_INT(subscription, target_expires_ms),
    FIELD_INT(subscription, traffic_gb),
    FIELD_INT(subscription, used_bytes),
    FIELD_INT(subscription, used_at_ms),
    FIELD_INT(subscription, last_seen_ms),
    FIELD_INT(subscription, asked_ms),
    FIELD_INT(subscription, message_id),
    FIELD_INT(subscription, ended_ms),
    FIELD_INT(subscription, extended_ms),
    FIELD_INT(subscription, wished_ms),
    FIELD_INT(subscription, check_ms),
    FIELD_INT(subscription, remind_ms),
    FIELD_INT(subscription, days_told),
    FIELD_INT(subscription, traffic_told),
    FIELD_INT(subscription, grace_told),
    FIELD_INT(subscription, warned_ms),
    FIELD_FLAG(subscription, unused_told),
    FIELD_FLAG(subscription, win_back_told),
    FIELD_TEXT(subscription, drift),
};
const struct record subscription_record = RECORD(TABLE_SUBSCRIPTIONS, subscription, fields);

enum gb_err subscription_get(struct work *work, struct str id, struct subscription *ret) {
    return record_get(work, &subscription_record, id, ret);
}

void subscription_put(struct work *work, const struct subscription *subscription) {
    record_put(work, &subscription_record, subscription->id, subscription);
    cache_drop(work, CACHED_SUBSCRIPTIONS,
               arena_printf(work->arena, "%" PRId64, subscription->user));
}

/* ---- grant --------------------------------------------------------------------------------------
 */

struct str subscription_user_key(struct arena *arena, const struct subscription *subscription) {
    struct buf key;
    buf_init(&key, arena, STORE_KEY_MAX);
    buf_add_i64(&key, subscription->user);
    buf_add_char(&key, '/');
    buf_add_hex64(&key, (uint64_t)(INT64_MAX - subscription->starts_ms));
    buf_add_char(&key, '/');
    buf_add(&key, subscription->id);
    return buf_str(&key);
}

static struct str panel_lane(struct work *work, const struct subscription *subscription) {
    return arena_printf(work->arena, "panel:" STR_FMT, STR_ARG(subscription->server));
}

void subscription_ask_for(struct work *work, struct subscription *subscription, struct str then,
                          struct str about) {
    struct panel_user user = {
        .uuid = subscription->uuid,
        .name = arena_printf(work->arena, "tg%" PRId64 "-" STR_FMT, subscription->user,
                             STR_ARG(str_sub(subscription->id, 0, 6))),
        .starts_ms = subscription->starts_ms,
        .expires_ms = subscription->target_expires_ms,
        .traffic_gb = subscription->traffic_gb,
        .enabled = subscription->state != SUBSCRIPTION_ENDED,
        .comment = subscription->order,
        .telegram_id = subscription->user,
    };
    struct outbox_row row = {
        .lane = panel_lane(work, subscription),
        .kind = STR("ensure"),
        .key = subscription->uuid,
        .body = panel_ensure_body(work->arena, &user),
        .queue = subscription->uuid,
        .then = then,
        .about = about,
        .again = OUTBOX_SAFE,
    };
    subscription->wished_ms = work->now_ms;
    outbox_add(work, &row);
}

void subscription_ask(struct work *work, struct subscription *subscription) {
    subscription_ask_for(work, subscription, STR_NONE, subscription->id);
}

struct str subscription_server_key(struct arena *arena, struct str server, struct str uuid) {
    struct buf key;
    buf_init(&key, arena, STORE_KEY_MAX);
    buf_add(&key, server);
    buf_add_char(&key, '/');
    buf_add(&key, uuid);
    gb_assert(!key.failed);
    return buf_str(&key);
}

/* It will never be: the money goes back to the user's account, buyer and admins are told. */
static enum gb_err refuse(struct work *work, struct subscription *subscription, struct order *order,
                          struct str why) {
    enum gb_err err = order_credit(work, order);
    if (err != GB_OK) {
        return err;
    }
    moves_make(&subscription_moves, &subscription->state, SUBSCRIPTION_REFUSED);
    subscription_put(work, subscription);
    struct notice notice = {
        .kind = NOTICE_DELIVERY_REFUSED,
        .user = order->user,
        .about = order->id,
        .extra = str_sub(why, 0, WHY_BYTES_MAX),
    };
    notice_add(work, &notice);
    return GB_OK;
}

static struct subscription make_subscription(struct work *work, const struct order *order) {
    return (struct subscription){
        .id = rng_id(work->rng, work->arena, ID_LENGTH),
        .user = order->user,
        .order = order->id,
        .location = order->location,
        .uuid = rng_uuid4(work->rng, work->arena),
        .state = SUBSCRIPTION_WAITING,
        .starts_ms = work->now_ms,
        .target_expires_ms = work->now_ms + order->days * GB_DAY_MS,
        .traffic_gb = order->traffic_gb,
    };
}

enum gb_err subscription_grant(struct work *work, struct order *order) {
    gb_assert(order->state == ORDER_PAID);
    gb_assert(order->subscription.n == 0);
    if (order->renews.n > 0) {
        enum gb_err renewed = subscription_renew(work, order);
        if (renewed != GB_NOT_FOUND) {
            return renewed;
        }
        order->renews = STR_NONE; /* gone meanwhile: a new one */
    }
    struct server server;
    enum gb_err err = catalog_place_server(work, order->location, &server);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    struct subscription subscription = make_subscription(work, order);
    order->subscription = subscription.id;
    tx_put(work->tx, TABLE_USER_SUBS, subscription_user_key(work->arena, &subscription),
           subscription.id, STORE_NEVER);
    if (err == GB_NOT_FOUND) {
        err = refuse(work, &subscription, order, STR("no_server"));
        return err == GB_OK ? GB_REFUSED : err;
    }
    subscription.server = server.id;
    server.users++;
    server_put(work, &server);
    tx_put(work->tx, TABLE_SERVER_SUBS,
           subscription_server_key(work->arena, server.id, subscription.uuid), subscription.id,
           STORE_NEVER);
    subscription_ask_for(work, &subscription, STR("panel.ensure"), subscription.id);
    subscription_put(work, &subscription);
    return GB_OK;
}

/* ---- what the panel said ------------------------------------------------------------------------
 */

static void unlist(struct work *work, const struct subscription *subscription) {
    tx_del(work->tx, TABLE_SERVER_SUBS,
           subscription_server_key(work->arena, subscription->server, subscription->uuid));
}

static enum gb_err leave_server(struct work *work, const struct subscription *subscription) {
    struct server server;
    enum gb_err err = server_get(work, subscription->server, &server);
    if (err == GB_OK && server.users > 0) {
        server.users--;
        server_put(work, &server);
    }
    return err == GB_NOT_FOUND ? GB_OK : err;
}

static enum gb_err activate(struct work *work, struct subscription *subscription,
                            struct order *order) {
    moves_make(&subscription_moves, &subscription->state, SUBSCRIPTION_ACTIVE);
    moves_make(&order_moves, &order->state, ORDER_ACTIVE);
    enum gb_err err = due_begin(work, subscription);
    if (err != GB_OK) {
        return err;
    }
    subscription_put(work, subscription);
    figure_add(work, FIGURE_DELIVERED, subscription->user, 1);
    struct notice notice = {
        .kind = NOTICE_ACCESS_READY,
        .user = subscription->user,
        .about = subscription->id,
    };
    notice_add(work, &notice);
    return GB_OK;
}

static enum gb_err give_up(struct work *work, struct subscription *subscription,
                           struct order *order, const struct answer *answer) {
    enum gb_err err = leave_server(work, subscription);
    if (err != GB_OK) {
        return err;
    }
    unlist(work, subscription);
    struct str why = answer->why.n > 0 ? answer->why : str_of(answer->reason);
    return refuse(work, subscription, order, why);
}

enum gb_err subscription_answered_ensure(struct work *work, const struct event *event) {
    struct subscription subscription;
    struct order order;
    enum gb_err err = subscription_get(work, event->row->about, &subscription);
    if (err != GB_OK || subscription.state != SUBSCRIPTION_WAITING) {
        return err == GB_NOT_FOUND ? GB_OK : err; /* of another life, or answered before */
    }
    err = order_get(work, subscription.order, &order);
    if (err != GB_OK || order.state != ORDER_PAID) {
        return err == GB_OK || err == GB_NOT_FOUND ? GB_DAMAGED : err;
    }
    bool done = event->answer->kind == ANSWER_DONE;
    err = done ? activate(work, &subscription, &order)
               : give_up(work, &subscription, &order, event->answer);
    if (err == GB_OK) {
        order_put(work, &order);
    }
    return err;
}

void subscription_used(struct work *work, struct subscription *subscription, int64_t used_bytes,
                       int64_t last_seen_ms) {
    subscription->used_bytes = used_bytes;
    subscription->last_seen_ms = last_seen_ms;
    subscription->used_at_ms = work->now_ms;
}

enum gb_err subscription_answered_read(struct work *work, const struct event *event) {
    struct subscription subscription;
    struct panel_state said;
    if (event->answer->kind != ANSWER_DONE ||
        panel_read_said(work->arena, event->answer->said, &said) != GB_OK) {
        return GB_OK; /* a look that failed: the old figures stay */
    }
    enum gb_err err = subscription_get(work, event->row->about, &subscription);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_OK : err;
    }
    subscription_used(work, &subscription, said.used_bytes, said.last_seen_ms);
    err = due_plan(work, &subscription);
    if (err != GB_OK) {
        return err;
    }
    subscription_put(work, &subscription);
    if (subscription.message_id != 0) {
        struct notice notice = {
            .kind = NOTICE_ACCESS_REFRESHED,
            .user = subscription.user,
            .about = subscription.id,
        };
        notice_add(work, &notice);
    }
    return GB_OK;
}

/* ---- the end ------------------------------------------------------------------------------------
 */

static void tell(struct work *work, const struct subscription *subscription,
                 enum notice_kind kind) {
    notice_add(work, &(struct notice){
                         .kind = kind,
                         .user = subscription->user,
                         .about = subscription->id,
                     });
}

enum gb_err subscription_end(struct work *work, struct subscription *subscription) {
    enum gb_err err = leave_server(work, subscription);
    if (err != GB_OK) {
        return err;
    }
    moves_make(&subscription_moves, &subscription->state, SUBSCRIPTION_ENDED);
    subscription->ended_ms = work->now_ms;
    subscription_ask(work, subscription);
    figure_add(work, FIGURE_ENDED, subscription->user, 1);
    tell(work, subscription, NOTICE_SUBSCRIPTION_ENDED);
    return GB_OK;
}

void subscription_remove(struct work *work, struct subscription *subscription) {
    moves_make(&subscription_moves, &subscription->state, SUBSCRIPTION_REMOVED);
    unlist(work, subscription);
    struct outbox_row row = {
        .lane = panel_lane(work, subscription),
        .kind = STR("remove"),
        .key = subscription->uuid,
        .body = panel_uuid_body(work->arena, subscription->uuid),
        .queue = subscription->uuid,
        .about = subscription->id,
        .again = OUTBOX_SAFE,
    };
    outbox_add(work, &row);
    figure_add(work, FIGURE_REMOVED, subscription->user, 1);
}

/* ---- looking at it ------------------------------------------------------------------------------
 */

struct listing {
    struct str id[LIST_MAX];
    size_t count;
};

static bool list_row(void *ctx, struct str key, struct str value) {
    (void)key;
    struct listing *listing = ctx;
    listing->id[listing->count++] = value;
    return listing->count < LIST_MAX;
}

/* LIST_MAX rows, newest first. */
static enum gb_err list_rows(struct work *work, int64_t user, struct subscription *rows,
                             size_t *ret_count) {
    struct listing listing = {.count = 0};
    struct str prefix = arena_printf(work->arena, "%" PRId64 "/", user);
    enum gb_err err =
        tx_scan_prefix(work->tx, TABLE_USER_SUBS, prefix, LIST_MAX, list_row, &listing);
    size_t count = 0;
    for (size_t i = 0; err == GB_OK && i < listing.count; i++) {
        err = subscription_get(work, listing.id[i], &rows[count]);
        bool there = err == GB_OK && rows[count].user == user;
        count += there ? 1 : 0;
        err = err == GB_NOT_FOUND ? GB_OK : err;
    }
    *ret_count = count;
    return err;
}

enum gb_err subscription_list(struct work *work, int64_t user, const struct subscription **ret,
                              size_t *ret_count) {
    struct subscription *rows = ARENA_ARRAY(work->arena, struct subscription, LIST_MAX);
    struct str id = arena_printf(work->arena, "%" PRId64, user);
    *ret = rows;
    enum gb_err err =
        cache_read(work, CACHED_SUBSCRIPTIONS, id, &subscription_record, rows, LIST_MAX, ret_count);
    if (err == GB_NOT_FOUND) {
        err = list_rows(work, user, rows, ret_count);
        if (err == GB_OK) {
            cache_fill(work, CACHED_SUBSCRIPTIONS, id, &subscription_record, rows, *ret_count);
        }
    }
    return err;
}

enum gb_err subscription_link(struct work *work, const struct subscription *subscription,
                              struct str *ret_link) {
    if (subscription->state != SUBSCRIPTION_ACTIVE && subscription->state != SUBSCRIPTION_ENDED) {
        *ret_link = STR_NONE;
        return GB_OK;
    }
    struct server server;
    enum gb_err err = server_get(work, subscription->server, &server);
    if (err != GB_OK) {
        return err == GB_NOT_FOUND ? GB_DAMAGED : err;
    }
    *ret_link =
        panel_link(work->arena, server.user_link, subscription->uuid, work->config->shop.name);
    return GB_OK;
}

int64_t subscription_days_left(const struct subscription *subscription, int64_t now_ms) {
    int64_t left_ms = subscription->target_expires_ms - now_ms;
    return left_ms > 0 ? left_ms / GB_DAY_MS : 0;
}

int64_t subscription_gb_left_tenths(const struct subscription *subscription) {
    if (subscription->traffic_gb == 0) {
        return -1;
    }
    int64_t limit_gb = GB_MIN(subscription->traffic_gb, TRAFFIC_GB_MAX);
    int64_t left_bytes = limit_gb * GB_BYTES - subscription->used_bytes;
    return left_bytes > 0 ? left_bytes * 10 / GB_BYTES : 0;
}

enum gb_err subscription_refresh(struct work *work, struct subscription *subscription,
                                 int64_t message_id) {
    if (subscription->state != SUBSCRIPTION_ACTIVE) {
        return GB_OK;
    }
    bool asked =
        subscription->asked_ms != 0 && work->now_ms < subscription->asked_ms + ASK_EVERY_MS;
    if (!asked) {
        subscription->asked_ms = work->now_ms;
        struct outbox_row row = {
            .lane = panel_lane(work, subscription),
            .kind = STR("read"),
            .body = panel_uuid_body(work->arena, subscription->uuid),
            .then = STR("panel.read"),
            .about = subscription->id,
            .again = OUTBOX_SAFE,
        };
        outbox_noise(work, &row);
    }
    subscription->message_id = message_id;
    subscription_put(work, subscription);
    return GB_OK;
}

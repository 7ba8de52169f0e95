#include "shop/orders.h"

#include "base/arena.h"
#include "shop/fields.h"
#include "shop/figures.h"
#include "shop/ledger.h"
#include "shop/records.h"
#include "state/work.h"

static const struct move states[] = {
    [ORDER_CREATED] = {"created", MOVE_TO(ORDER_PAID) | MOVE_TO(ORDER_CANCELED)},
    [ORDER_PAID] = {"paid",
                    MOVE_TO(ORDER_ACTIVE) | MOVE_TO(ORDER_CREDITED) | MOVE_TO(ORDER_REFUNDED)},
    [ORDER_ACTIVE] = {"active", MOVE_TO(ORDER_REFUNDED)},
    [ORDER_CREDITED] = {"credited", MOVE_TO(ORDER_REFUNDED)},
    [ORDER_REFUNDED] = {"refunded", 0},
    [ORDER_CANCELED] = {"canceled", MOVE_TO(ORDER_PAID)},
};
const struct moves order_moves = {"order", states, GB_COUNT(states)};

static const struct field fields[] = {
    FIELD_TEXT(order, id),
    FIELD_INT(order, user),
    FIELD_TEXT(order, tariff),
    FIELD_TEXT(order, location),
    FIELD_INT(order, days),
    FIELD_INT(order, traffic_gb),
    FIELD_INT(order, price_minor),
    FIELD_TEXT(order, currency),
    FIELD_MOVE(order, state, order_moves),
    FIELD_INT(order, created_ms),
    FIELD_INT(order, paid_ms),
    FIELD_TEXT(order, subscription),
    FIELD_TEXT(order, renews),
    FIELD_INT(order, extended_ms),
    FIELD_INT(order, from_gb),
};
const struct record order_record = RECORD(TABLE_ORDERS, order, fields);

enum gb_err order_get(struct work *work, struct str id, struct order *ret) {
    return record_get(work, &order_record, id, ret);
}

void order_put(struct work *work, const struct order *order) {
    record_put(work, &order_record, order->id, order);
}

static struct ledger_entry movement(struct work *work, const struct order *order,
                                    const char *kind) {
    return (struct ledger_entry){
        .fact = arena_printf(work->arena, "order:" STR_FMT ":%s", STR_ARG(order->id), kind),
        .amount_minor = order->price_minor,
        .currency = order->currency,
        .about = order->id,
        .at_ms = work->now_ms,
    };
}

/* The order's state says whether its movement was entered: a ledger that disagrees is damaged. */
static enum gb_err enter_once(struct work *work, const struct ledger_entry *entry) {
    enum gb_err err = ledger_enter(work, entry, NULL);
    return err == GB_EXISTS || err == GB_INVALID ? GB_DAMAGED : err;
}

enum gb_err order_sell(struct work *work, struct order *order) {
    struct ledger_entry sale = movement(work, order, "sale");
    sale.from = ledger_user_account(work->arena, order->user);
    sale.to = STR("revenue");
    enum gb_err err = enter_once(work, &sale);
    if (err == GB_OK) {
        moves_make(&order_moves, &order->state, ORDER_PAID);
        order->paid_ms = work->now_ms;
        figure_add(work, FIGURE_PAID, order->user, 1);
        figure_add_income(work, order->currency, order->user, order->price_minor);
    }
    return err;
}

enum gb_err order_credit(struct work *work, struct order *order) {
    struct ledger_entry back = movement(work, order, "return");
    back.from = STR("revenue");
    back.to = ledger_user_account(work->arena, order->user);
    enum gb_err err = enter_once(work, &back);
    if (err == GB_OK) {
        moves_make(&order_moves, &order->state, ORDER_CREDITED);
    }
    return err;
}

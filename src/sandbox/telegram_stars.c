/* telegram_stars.c: paying with Stars: the question before, the payment, the list, the refund.
 *
 *   telegram_buy ──► pre_checkout_query ──► answerPreCheckoutQuery ──► successful_payment
 *                                           within 10 s
 *
 * A charge enters the list when it is made; a refund is another entry with the same id.
 */
#include "base/arena.h"
#include "base/json.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

#define ANSWER_WITHIN_MS   (10 * GB_SECOND_MS)
#define QUERY_LIVES_MS     (150 * GB_SECOND_MS)
#define CHARGES_MAX        100000
#define TRANSACTIONS_LIMIT 100

static void write_payment(struct json_out *out, const struct tg_invoice *invoice) {
    json_put_str(out, "currency", invoice->currency);
    json_put_i64(out, "total_amount", invoice->amount);
    json_put_str(out, "invoice_payload", invoice->payload);
}

enum gb_err telegram_buy(struct telegram_model *model, const struct moment *now,
                         struct arena *arena, struct tg_user *user, struct tg_message *message,
                         int64_t *ret_query_id) {
    gb_assert(message->kind == TG_INVOICE);
    if (message->invoice.paid) {
        return GB_EXISTS;
    }
    struct tg_query *query = tg_query_new(model, now, user, message->id, true);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "id", arena_printf(arena, "%" PRId64, query->id));
    tg_write_user(&out, "from", user);
    write_payment(&out, &message->invoice);
    json_close(&out);
    *ret_query_id = query->id;
    (void)tg_push(model, now, arena, user, "pre_checkout_query", buf_str(&buf), QUERY_LIVES_MS);
    return GB_OK;
}

enum purchase_state telegram_purchase(const struct telegram_model *model, struct moment now,
                                      int64_t query_id, struct str *ret_text) {
    const struct tg_query *query = tg_query_find(model, query_id);
    *ret_text = query != NULL ? query->text : STR_NONE;
    if (query == NULL ||
        (query->state == PURCHASE_ASKED && now.wall_ms - query->asked_ms > ANSWER_WITHIN_MS)) {
        return PURCHASE_TOO_LATE;
    }
    return query->state;
}

static void enter_charge(struct telegram_model *model, struct tg_charge charge) {
    if (model->charge_count >= CHARGES_MAX) {
        return;
    }
    model->charges = keep_grow(model->charges, model->charge_count, &model->charge_capacity,
                               sizeof *model->charges);
    charge.id = keep_text(charge.id);
    charge.payload = keep_text(charge.payload);
    model->charges[model->charge_count++] = charge;
}

/* A message that tells of money, in the chat and as an update. */
static void tell(struct tg_call *call, struct tg_user *user, const char *key, struct str body) {
    struct tg_message *message =
        tg_message_new(call->model, user, TG_SERVICE, false, call->now.wall_ms);
    message->service_key = key;
    message->service = keep_text(body);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 64 * 1024);
    json_begin(&out, &buf);
    tg_write_message(&out, NULL, call->model, user, message);
    (void)tg_push(call->model, &call->now, call->arena, user, "message", buf_str(&buf), GB_DAY_MS);
}

static void tell_payment(struct tg_call *call, struct tg_user *user, const char *key,
                         const struct tg_charge *charge) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_text(&out, "currency", "XTR");
    json_put_i64(&out, "total_amount", charge->amount);
    json_put_str(&out, "invoice_payload", charge->payload);
    json_put_str(&out, "telegram_payment_charge_id", charge->id);
    json_put_str(&out, "provider_payment_charge_id",
                 arena_printf(call->arena, "%" PRId64 "_%zu", user->id, call->model->charge_count));
    json_close(&out);
    tell(call, user, key, buf_str(&buf));
}

static void charge(struct tg_call *call, struct tg_query *query, struct tg_user *user,
                   struct tg_message *message) {
    struct tg_charge entry = {
        .id = arena_printf(call->arena, "stx" STR_FMT,
                           STR_ARG(rng_id(&call->model->rng, call->arena, 40))),
        .payload = message->invoice.payload,
        .user_id = user->id,
        .amount = message->invoice.amount,
        .date_s = call->now.wall_ms / GB_SECOND_MS,
    };
    enter_charge(call->model, entry);
    message->invoice.paid = true;
    query->state = PURCHASE_PAID;
    query->text = keep_text(entry.id);
    tell_payment(call, user, "successful_payment", &entry);
}

void tg_answer_pre_checkout(struct tg_call *call) {
    struct telegram_model *model = call->model;
    struct tg_query *query = tg_query_find(model, form_i64(&call->form, "pre_checkout_query_id"));
    if (query == NULL || !query->is_purchase || query->answered ||
        call->now.wall_ms - query->asked_ms > ANSWER_WITHIN_MS) {
        tg_refuse(call, 400,
                  "query is too old and response timeout expired or query ID is invalid");
        return;
    }
    query->answered = true;
    struct tg_user *user = tg_user_by_id(model, query->user_id);
    struct tg_message *message = user != NULL ? tg_message_find(user, query->message_id) : NULL;
    if (message == NULL || !form_bool(&call->form, "ok")) {
        query->state = PURCHASE_REFUSED;
        query->text = keep_text(form_text(&call->form, "error_message"));
    } else if (message->invoice.paid) {
        query->state = PURCHASE_REFUSED;
        query->text = keep_text(STR("this invoice has been paid already"));
    } else {
        charge(call, query, user, message);
    }
    if (query->state == PURCHASE_REFUSED && user != NULL) {
        tg_alert(user, query->text, true, query->message_id);
        tg_bot_changed(user, NULL, call->now.mono_ms);
    }
    tg_true(call);
}

void tg_refund_stars(struct tg_call *call) {
    struct telegram_model *model = call->model;
    struct str id = form_text(&call->form, "telegram_payment_charge_id");
    struct tg_user *user = tg_user_by_id(model, form_i64(&call->form, "user_id"));
    struct tg_charge *found = NULL;
    for (size_t i = 0; user != NULL && i < model->charge_count; i++) {
        if (!model->charges[i].refund && model->charges[i].user_id == user->id &&
            str_equal(model->charges[i].id, id)) {
            found = &model->charges[i];
        }
    }
    if (user == NULL) {
        tg_refuse(call, 400, "USER_ID_INVALID");
    } else if (found == NULL) {
        tg_refuse(call, 400, id.n == 0 ? "CHARGE_ID_EMPTY" : "CHARGE_ID_INVALID");
    } else if (found->refunded) {
        tg_refuse(call, 400, "CHARGE_ALREADY_REFUNDED");
    } else {
        found->refunded = true;
        struct tg_charge refund = *found;
        refund.refund = true;
        refund.date_s = call->now.wall_ms / GB_SECOND_MS;
        enter_charge(model, refund); /* may move the array: found is not used again */
        tell_payment(call, user, "refunded_payment", &refund);
        tg_bot_changed(user, NULL, call->now.mono_ms);
        tg_true(call);
    }
}

static void write_partner(struct json_out *out, const struct tg_charge *charge,
                          const struct tg_user *user) {
    json_open_object(out, charge->refund ? "receiver" : "source");
    json_put_text(out, "type", "user");
    json_put_text(out, "transaction_type", "invoice_payment");
    if (user != NULL) {
        tg_write_user(out, "user", user);
    }
    json_put_str(out, "invoice_payload", charge->payload);
    json_close(out);
}

void tg_star_transactions(struct tg_call *call) {
    struct telegram_model *model = call->model;
    bool limited = form_find(&call->form, "limit") != NULL;
    int64_t limit = limited ? form_i64(&call->form, "limit") : TRANSACTIONS_LIMIT;
    int64_t offset = GB_MAX(form_i64(&call->form, "offset"), 0);
    limit = GB_MAX(GB_MIN(limit, TRANSACTIONS_LIMIT), 1);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 1 << 20);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_open_array(&out, "transactions");
    for (int64_t i = offset; i < offset + limit && i < (int64_t)model->charge_count; i++) {
        const struct tg_charge *one = &model->charges[i];
        json_open_object(&out, NULL);
        json_put_str(&out, "id", one->id);
        json_put_i64(&out, "amount", one->amount);
        json_put_i64(&out, "date", one->date_s);
        write_partner(&out, one, tg_user_by_id(model, one->user_id));
        json_close(&out);
    }
    json_close(&out);
    json_close(&out);
    tg_result(call, buf_str(&buf));
}

static int64_t balance(const struct telegram_model *model, int64_t *ret_payments,
                       int64_t *ret_refunds) {
    int64_t sum = 0;
    *ret_payments = *ret_refunds = 0;
    for (size_t i = 0; i < model->charge_count; i++) {
        const struct tg_charge *one = &model->charges[i];
        sum += one->refund ? -one->amount : one->amount;
        *ret_payments += !one->refund;
        *ret_refunds += one->refund;
    }
    return sum;
}

void tg_star_balance(struct tg_call *call) {
    int64_t payments, refunds;
    tg_result(call, arena_printf(call->arena, "{\"amount\":%" PRId64 "}",
                                 balance(call->model, &payments, &refunds)));
}

void telegram_write_stats(const struct telegram_model *model, struct json_out *out) {
    int64_t payments, refunds;
    int64_t amount = balance(model, &payments, &refunds);
    tally_write_counts(out, "calls", &model->calls);
    tally_write_rows(out, "refused", &model->refused);
    tally_write_rows(out, "warnings", &model->warnings);
    json_put_i64(out, "pending_updates", (int64_t)model->update_count);
    json_put_i64(out, "confirmed_updates", model->confirmed);
    json_put_i64(out, "expired_updates", model->expired);
    json_put_i64(out, "dropped_updates", model->dropped);
    json_put_i64(out, "stars_paid", payments);
    json_put_i64(out, "stars_refunded", refunds);
    json_put_i64(out, "stars_balance", amount);
}

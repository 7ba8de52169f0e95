/* testpay_model.c: payments as a list, oldest first, and the calls over it.
 *
 * Expiry is not an event: a payment that is pending for too long reads as expired.
 */
#include "sandbox/testpay_model.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/faults.h"
#include "sandbox/holds.h"
#include "sandbox/keep.h"
#include "sandbox/tally.h"

#define KEY_BYTES_MAX 64

static const char *const status_words[] = {
    [TESTPAY_PENDING] = "pending",
    [TESTPAY_PAID] = "paid",
    [TESTPAY_CANCELED] = "canceled",
    [TESTPAY_EXPIRED] = "expired",
};

struct payment {
    struct str id, key, body; /* body as it was sent: what the key stands for */
    struct str currency, order, description;
    int64_t amount_minor, paid_minor;
    int64_t made_ms; /* wall clock */
    enum testpay_status status;
};

struct testpay_model {
    struct str key, base_url;
    struct rng rng;
    struct fault_plan *faults;
    struct holds holds;
    struct payment *payments; /* oldest first */
    size_t count, capacity;
    struct tally calls, refused;
};

struct pay_call {
    struct testpay_model *model;
    const struct visit *visit;
    struct arena *arena;
    struct http_response *response;
};

static void refuse(struct pay_call *call, int status, const char *error) {
    tally_add(&call->model->refused, str_of(call->visit->request->method_name), str_of(error));
    response_json(call->response, status, arena_printf(call->arena, "{\"error\":\"%s\"}", error));
}

static struct payment *find(const struct testpay_model *model, struct str id) {
    for (size_t i = model->count; i > 0; i--) {
        if (str_equal(model->payments[i - 1].id, id)) {
            return &model->payments[i - 1];
        }
    }
    return NULL;
}

static enum testpay_status status_at(const struct payment *payment, int64_t wall_ms) {
    bool over = wall_ms - payment->made_ms > TESTPAY_EXPIRE_MS;
    return payment->status == TESTPAY_PENDING && over ? TESTPAY_EXPIRED : payment->status;
}

static struct str pay_url(struct arena *arena, const struct testpay_model *model,
                          const struct payment *payment) {
    return arena_printf(arena, STR_FMT "/pay/" STR_FMT, STR_ARG(model->base_url),
                        STR_ARG(payment->id));
}

static void write_payment(struct json_out *out, struct arena *arena,
                          const struct testpay_model *model, const struct payment *payment,
                          int64_t wall_ms) {
    json_open_object(out, NULL);
    json_put_str(out, "id", payment->id);
    json_put_text(out, "status", status_words[status_at(payment, wall_ms)]);
    json_put_str(out, "amount", money_format(arena, payment->amount_minor, payment->currency));
    json_put_str(out, "currency", payment->currency);
    json_put_bool(out, "test", true); /* money that is worth nothing */
    json_put_str(out, "order", payment->order);
    json_put_str(out, "pay_url", pay_url(arena, model, payment));
    if (payment->status == TESTPAY_PAID) {
        json_put_str(out, "paid_amount",
                     money_format(arena, payment->paid_minor, payment->currency));
    }
    json_close(out);
}

static void answer_payment(struct pay_call *call, const struct payment *payment) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 64 * 1024);
    json_begin(&out, &buf);
    write_payment(&out, call->arena, call->model, payment, call->visit->now.wall_ms);
    response_json(call->response, 200, buf_str(&buf));
}

struct str testpay_list(const struct testpay_model *model, struct moment now, struct arena *arena) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, 64 << 20);
    json_begin(&out, &buf);
    json_open_array(&out, NULL);
    for (size_t i = 0; i < model->count; i++) {
        write_payment(&out, arena, model, &model->payments[i], now.wall_ms);
    }
    json_close(&out);
    return buf_str(&buf);
}

/* ---- the calls of a shop */

static void create_new(struct pay_call *call, struct str key, const struct json *body) {
    struct testpay_model *model = call->model;
    struct str currency = json_str_or(body, "currency", STR_NONE);
    struct str order = json_str_or(body, "order", STR_NONE);
    struct str description = json_str_or(body, "description", STR_NONE);
    int64_t minor = 0;
    if (money_digits(currency) < 0) {
        refuse(call, 400, "invalid_currency");
    } else if (money_parse(json_str_or(body, "amount", STR_NONE), currency, &minor) != GB_OK ||
               minor <= 0) {
        refuse(call, 400, "invalid_amount");
    } else if (order.n == 0 || order.n > 128) {
        refuse(call, 400, "invalid_order");
    } else if (utf8_length(description) > 128) {
        refuse(call, 400, "invalid_description");
    } else if (model->count >= TESTPAY_MAX) {
        refuse(call, 503, "full");
    } else {
        model->payments =
            keep_grow(model->payments, model->count, &model->capacity, sizeof *model->payments);
        struct payment *payment = &model->payments[model->count++];
        *payment = (struct payment){
            .id = keep_text(arena_printf(call->arena, "tp_" STR_FMT,
                                         STR_ARG(rng_id(&model->rng, call->arena, 16)))),
            .key = keep_text(key),
            .body = keep_text(call->visit->request->body),
            .currency = keep_text(currency),
            .order = keep_text(order),
            .description = keep_text(description),
            .amount_minor = minor,
            .made_ms = call->visit->now.wall_ms,
        };
        answer_payment(call, payment);
    }
}

static void create(struct pay_call *call) {
    struct str key = visit_header(call->visit, "Idempotence-Key");
    const struct json *body;
    if (key.n == 0 || key.n > KEY_BYTES_MAX) {
        refuse(call, 400, "invalid_idempotence_key");
        return;
    }
    for (size_t i = 0; i < call->model->count; i++) {
        const struct payment *payment = &call->model->payments[i];
        if (!str_equal(payment->key, key)) {
            continue;
        }
        if (str_equal(payment->body, call->visit->request->body)) {
            answer_payment(call, payment);
        } else {
            refuse(call, 409, "idempotence_key_reused");
        }
        return;
    }
    if (json_parse(call->arena, call->visit->request->body, &body, NULL) != GB_OK ||
        !json_is_object(body)) {
        refuse(call, 400, "invalid_json");
        return;
    }
    create_new(call, key, body);
}

static void look(struct pay_call *call, struct str id) {
    const struct payment *payment = find(call->model, id);
    if (payment == NULL) {
        refuse(call, 404, "not_found");
        return;
    }
    answer_payment(call, payment);
}

/* ---- the page of a buyer */

static struct str escape(struct arena *arena, struct str text) {
    struct buf buf;
    buf_init(&buf, arena, text.n * 6 + 1);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        const char *escaped = c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : NULL;
        if (escaped != NULL) {
            buf_add_text(&buf, escaped);
        } else {
            buf_add_char(&buf, c);
        }
    }
    return buf_str(&buf);
}

static void show_page(struct pay_call *call, const struct payment *payment) {
    enum testpay_status status = status_at(payment, call->visit->now.wall_ms);
    struct str money = money_show(call->arena, payment->amount_minor, payment->currency);
    struct str body = arena_printf(
        call->arena,
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>Test payment</title></head>\n"
        "<body><h1>" STR_FMT "</h1>\n<p>" STR_FMT "</p>\n<p>%s</p>\n%s</body></html>\n",
        STR_ARG(money), STR_ARG(escape(call->arena, payment->description)), status_words[status],
        status == TESTPAY_PENDING ? "<form method=\"post\"><button>Pay</button></form>\n" : "");
    response_typed(call->response, 200, STR("text/html; charset=utf-8"), body);
}

static void page(struct pay_call *call, struct str id) {
    struct payment *payment = find(call->model, id);
    struct moment now = call->visit->now;
    if (payment == NULL) {
        response_typed(call->response, 404, STR("text/html; charset=utf-8"),
                       STR("<!doctype html>\n<title>No such payment</title>\n"));
        return;
    }
    if (call->visit->request->method == HTTP_POST &&
        status_at(payment, now.wall_ms) == TESTPAY_PENDING) {
        payment->status = TESTPAY_PAID;
        payment->paid_minor = payment->amount_minor;
    }
    show_page(call, payment);
}

static void serve(struct pay_call *call) {
    struct str path = call->visit->request->path;
    enum http_method method = call->visit->request->method;
    if (str_starts(path, STR("/pay/")) && (method == HTTP_GET || method == HTTP_POST)) {
        page(call, str_sub(path, 5, path.n));
        return;
    }
    struct str authorization = visit_header(call->visit, "Authorization");
    struct str wanted = arena_printf(call->arena, "Bearer " STR_FMT, STR_ARG(call->model->key));
    if (!crypto_equal(authorization, wanted)) {
        refuse(call, 401, "unauthorized");
    } else if (str_is(path, "/payments") && method == HTTP_POST) {
        create(call);
    } else if (str_starts(path, STR("/payments/")) && method == HTTP_GET) {
        look(call, str_sub(path, 10, path.n));
    } else {
        refuse(call, 404, "not_found");
    }
}

enum model_verdict testpay_handle(struct testpay_model *model, const struct visit *visit,
                                  struct http_response *response) {
    enum model_verdict verdict;
    struct str method = str_of(visit->request->method_name);
    bool is_page = str_starts(visit->request->path, STR("/pay/"));
    struct fault_hit hit = {.what = FAULT_NONE};
    if (!is_page) {
        tally_add(&model->calls, method, STR_NONE);
        hit = fault_plan_take(model->faults, FAULT_PAY, method);
    }
    if (fault_before(&hit, FAULT_PAY, visit, &model->holds, response, &verdict)) {
        return verdict;
    }
    struct pay_call call = {model, visit, visit->arena, response};
    serve(&call);
    return fault_after(&hit, visit, &model->holds, response);
}

bool testpay_next_answer(struct testpay_model *model, struct moment now, struct arena *arena,
                         uint64_t *ret_ticket, struct http_response *response) {
    return holds_take(&model->holds, now.mono_ms, arena, ret_ticket, response);
}

int64_t testpay_next_ms(const struct testpay_model *model) {
    return holds_next_ms(&model->holds);
}

void testpay_release(struct testpay_model *model) {
    holds_release(&model->holds);
}

/* ---- control */

struct str testpay_of_url(const struct testpay_model *model, struct str url) {
    if (!str_starts(url, model->base_url)) {
        return STR_NONE;
    }
    struct str path = str_sub(url, model->base_url.n, url.n);
    return str_starts(path, STR("/pay/")) ? str_sub(path, 5, path.n) : STR_NONE;
}

enum gb_err testpay_look(const struct testpay_model *model, struct moment now, struct str id,
                         enum testpay_status *ret_status) {
    const struct payment *payment = find(model, id);
    if (payment == NULL) {
        return GB_NOT_FOUND;
    }
    *ret_status = status_at(payment, now.wall_ms);
    return GB_OK;
}

enum gb_err testpay_move(struct testpay_model *model, struct str id, enum testpay_status status,
                         int64_t paid_minor) {
    struct payment *payment = find(model, id);
    if (payment == NULL) {
        return GB_NOT_FOUND;
    }
    if (payment->status == TESTPAY_PAID) {
        return GB_REFUSED;
    }
    payment->status = status;
    if (status == TESTPAY_PAID) {
        payment->paid_minor = paid_minor >= 0 ? paid_minor : payment->amount_minor;
    }
    return GB_OK;
}

enum gb_err testpay_find_status(struct str word, enum testpay_status *ret_status) {
    for (size_t i = 0; i < GB_COUNT(status_words); i++) {
        if (str_is(word, status_words[i])) {
            *ret_status = (enum testpay_status)i;
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

void testpay_write_stats(const struct testpay_model *model, struct json_out *out) {
    int64_t paid = 0, minor = 0;
    for (size_t i = 0; i < model->count; i++) {
        paid += model->payments[i].status == TESTPAY_PAID;
        minor += model->payments[i].paid_minor;
    }
    tally_write_counts(out, "calls", &model->calls);
    tally_write_rows(out, "refused", &model->refused);
    json_put_i64(out, "created", (int64_t)model->count);
    json_put_i64(out, "paid", paid);
    json_put_i64(out, "paid_minor", minor);
}

struct testpay_model *testpay_new(const struct testpay_options *options) {
    struct testpay_model *model = keep_new(sizeof *model);
    model->key = keep_text(options->key);
    model->base_url = keep_text(options->base_url);
    model->faults = options->faults;
    rng_init(&model->rng, options->seed, STR("testpay"));
    return model;
}

void testpay_free(struct testpay_model *model) {
    if (model == NULL) {
        return;
    }
    for (size_t i = 0; i < model->count; i++) {
        struct payment *p = &model->payments[i];
        struct str *texts[] = {&p->id, &p->key, &p->body, &p->currency, &p->order, &p->description};
        for (size_t t = 0; t < GB_COUNT(texts); t++) {
            keep_drop(texts[t]);
        }
    }
    keep_free(model->payments);
    tally_free(&model->calls);
    tally_free(&model->refused);
    holds_free(&model->holds);
    keep_drop(&model->key);
    keep_drop(&model->base_url);
    keep_free(model);
}

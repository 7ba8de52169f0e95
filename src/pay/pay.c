/* pay.c: the rows' bodies and what providers said, as JSON and back. No provider is known here. */
#include "pay/pay.h"

#include "base/arena.h"
#include "base/json.h"

#define BODY_BYTES_MAX    (16 * 1024)
#define DESCRIPTION_CHARS 128
#define AMOUNT_MAX        INT64_C(1000000000000000)

static const char *const status_names[] = {
    [PAY_PENDING] = "pending", [PAY_PAID] = "paid",       [PAY_CANCELED] = "canceled",
    [PAY_EXPIRED] = "expired", [PAY_UNKNOWN] = "unknown",
};

struct body {
    struct buf buf;
    struct json_out out;
};

static void body_begin(struct body *body, struct arena *arena) {
    buf_init(&body->buf, arena, BODY_BYTES_MAX);
    json_begin(&body->out, &body->buf);
    json_open_object(&body->out, NULL);
}

static struct str body_end(struct body *body) {
    json_close(&body->out);
    gb_assert(!body->buf.failed);
    return buf_str(&body->buf);
}

struct str pay_create_body(struct arena *arena, const struct pay_create *create) {
    struct body body;
    gb_assert(create->payment.n > 0);
    gb_assert(create->amount_minor > 0 && create->amount_minor <= AMOUNT_MAX);
    body_begin(&body, arena);
    json_put_str(&body.out, "payment", create->payment);
    json_put_i64(&body.out, "amount_minor", create->amount_minor);
    json_put_str(&body.out, "currency", create->currency);
    json_put_str(&body.out, "description", utf8_cut(create->description, DESCRIPTION_CHARS));
    json_put_str(&body.out, "return_url", create->return_url);
    return body_end(&body);
}

struct str pay_status_body(struct arena *arena, struct str external, struct str payment) {
    struct body body;
    gb_assert(external.n > 0);
    body_begin(&body, arena);
    json_put_str(&body.out, "external", external);
    json_put_str(&body.out, "payment", payment);
    return body_end(&body);
}

struct str pay_write_said(struct arena *arena, const struct pay_fact *fact) {
    struct body body;
    gb_assert((size_t)fact->status < GB_COUNT(status_names));
    gb_assert(fact->external.n > 0 && fact->paid_minor >= 0);
    body_begin(&body, arena);
    json_put_str(&body.out, "external", fact->external);
    json_put_str(&body.out, "payment", fact->payment);
    json_put_text(&body.out, "status", status_names[fact->status]);
    json_put_i64(&body.out, "paid_minor", fact->paid_minor);
    json_put_str(&body.out, "currency", fact->currency);
    json_put_bool(&body.out, "test", fact->test);
    if (fact->url.n > 0) {
        json_put_str(&body.out, "url", fact->url);
    }
    return body_end(&body);
}

static bool read_status(struct str word, enum pay_status *ret_status) {
    for (size_t i = 0; i < GB_COUNT(status_names); i++) {
        if (str_is(word, status_names[i])) {
            *ret_status = (enum pay_status)i;
            return true;
        }
    }
    return false;
}

enum gb_err pay_read_said(struct arena *arena, struct str said, struct pay_fact *ret_fact) {
    const struct json *tree;
    struct pay_fact fact = {.url = STR_NONE};
    struct str status;
    if (json_parse(arena, said, &tree, NULL) != GB_OK ||
        !json_str(tree, "external", &fact.external) || fact.external.n == 0 ||
        !json_str(tree, "payment", &fact.payment) || !json_str(tree, "status", &status) ||
        !read_status(status, &fact.status) || !json_i64(tree, "paid_minor", &fact.paid_minor) ||
        !json_str(tree, "currency", &fact.currency) || !json_bool(tree, "test", &fact.test)) {
        return GB_DAMAGED;
    }
    bool paid_for = fact.paid_minor > 0 && fact.currency.n > 0;
    if (fact.paid_minor < 0 || fact.paid_minor > AMOUNT_MAX ||
        (fact.status == PAY_PAID && !paid_for)) {
        return GB_DAMAGED;
    }
    fact.url = json_str_or(tree, "url", STR_NONE);
    *ret_fact = fact;
    return GB_OK;
}

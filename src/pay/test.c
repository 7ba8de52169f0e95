/* test.c: the codec of the sandbox's provider: a plain API in the manner of the real ones.
 *
 *   POST {base}/payments       Idempotence-Key; {"amount":"149.00","currency","description",
 *                              "order","return_url"}
 *   GET  {base}/payments/{id}
 *        -> {"id","status","amount","currency","test","order","pay_url"}, GET also "paid_amount"
 *
 * Money is believed only of a complete answer: one member missing or of a wrong form, and the whole
 * is UNKNOWN. Whether it is the money that was asked for is the shop's question, not this file's.
 */
#include "base/arena.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/num.h"
#include "pay/pay.h"

#define CALL_MS_MAX       (30 * GB_SECOND_MS)
#define REPLY_BYTES_MAX   (256 * 1024)
#define BODY_BYTES_MAX    (16 * 1024)
#define URL_BYTES_MAX     2048
#define KEY_BYTES_MAX     64
#define ID_BYTES_MAX      128
#define RETRY_AFTER_S_MAX INT64_C(3600)
#define AMOUNT_MINOR_MAX  INT64_C(1000000000000000)

#define CREATE "create"
#define STATUS "status"

/* ---- requests ---- */

static void add_header(struct http_request *request, struct http_header *headers, struct str name,
                       struct str value) {
    headers[request->header_count++] = (struct http_header){name, value};
    request->headers = headers;
}

static enum gb_err create_body(const struct json *row, struct arena *arena, struct str *ret_body) {
    struct str currency = json_str_or(row, "currency", STR_NONE);
    struct str payment = json_str_or(row, "payment", STR_NONE);
    int64_t minor = json_i64_or(row, "amount_minor", 0);
    if (minor <= 0 || minor > AMOUNT_MINOR_MAX || money_digits(currency) < 0 || payment.n == 0) {
        return GB_INVALID;
    }
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, BODY_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "amount", money_format(arena, minor, currency));
    json_put_str(&out, "currency", currency);
    json_put_str(&out, "description", json_str_or(row, "description", STR_NONE));
    json_put_str(&out, "order", payment);
    json_put_str(&out, "return_url", json_str_or(row, "return_url", STR_NONE));
    json_close(&out);
    return buf_end(&buf, ret_body) == GB_OK ? GB_OK : GB_INVALID;
}

static enum gb_err build_create(const struct call *call, const struct json *row,
                                struct arena *arena, struct http_header *headers,
                                struct http_request *request) {
    if (call->key.n > KEY_BYTES_MAX || !codec_header_fits(call->key)) {
        return GB_INVALID; /* without its key a repeat would make a second payment */
    }
    request->method = HTTP_POST;
    request->content_type = STR("application/json");
    add_header(request, headers, STR("Idempotence-Key"), call->key);
    return create_body(row, arena, &request->body);
}

static enum gb_err build_status(const struct json *row, struct buf *url,
                                struct http_request *request) {
    struct str external = json_str_or(row, "external", STR_NONE);
    if (external.n == 0 || external.n > ID_BYTES_MAX) {
        return GB_INVALID;
    }
    request->method = HTTP_GET;
    buf_add_char(url, '/');
    http_encode(url, external);
    return GB_OK;
}

static enum gb_err build_request(const struct call *call, const struct endpoint *to,
                                 struct arena *arena, struct http_request *ret_request) {
    const struct json *row;
    struct buf url;
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, 3);
    if (json_parse(arena, call->body, &row, NULL) != GB_OK || !codec_header_fits(to->secret)) {
        return GB_INVALID;
    }
    struct http_request request = {
        .proxy = to->proxy,
        .trust = to->trust,
        .total_ms_max = CALL_MS_MAX,
        .reply_bytes_max = REPLY_BYTES_MAX,
    };
    add_header(&request, headers, STR("Authorization"),
               arena_printf(arena, "Bearer " STR_FMT, STR_ARG(to->secret)));
    add_header(&request, headers, STR("Accept"), STR("application/json"));
    buf_init(&url, arena, URL_BYTES_MAX);
    buf_add(&url, to->base_url);
    buf_add_text(&url, "/payments");
    enum gb_err err = str_is(call->kind, CREATE) ? build_create(call, row, arena, headers, &request)
                      : str_is(call->kind, STATUS) ? build_status(row, &url, &request)
                                                   : GB_INVALID;
    if (err != GB_OK || buf_end(&url, &request.url) != GB_OK) {
        return GB_INVALID;
    }
    *ret_request = request;
    return GB_OK;
}

/* ---- replies ---- */

static enum pay_status status_of(struct str word) {
    static const struct {
        const char *word;
        enum pay_status status;
    } words[] = {
        {"pending", PAY_PENDING},
        {"paid", PAY_PAID},
        {"canceled", PAY_CANCELED},
        {"expired", PAY_EXPIRED},
    };
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        if (str_is(word, words[i].word)) {
            return words[i].status;
        }
    }
    return PAY_UNKNOWN;
}

/* A link for a button, or nothing. */
static struct str link_of(struct str url) {
    bool web = str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
    return web && url.n <= URL_BYTES_MAX && codec_header_fits(url) ? url : STR_NONE;
}

static bool read_money(const struct json *reply, const char *member, struct str currency,
                       int64_t *ret_minor) {
    struct str text;
    return json_str(reply, member, &text) && money_parse(text, currency, ret_minor) == GB_OK;
}

/* What both replies have. False: something is missing. */
static bool read_fact(const struct json *reply, struct pay_fact *fact, int64_t *ret_amount) {
    struct str word, url;
    if (!json_str(reply, "id", &fact->external) || fact->external.n == 0 ||
        fact->external.n > ID_BYTES_MAX || !json_str(reply, "order", &fact->payment) ||
        fact->payment.n == 0 || !json_str(reply, "status", &word) ||
        !json_str(reply, "currency", &fact->currency) || !json_bool(reply, "test", &fact->test) ||
        !json_str(reply, "pay_url", &url) ||
        !read_money(reply, "amount", fact->currency, ret_amount)) {
        return false;
    }
    fact->status = status_of(word);
    fact->url = link_of(url);
    return true;
}

static struct answer incomplete(const struct http_reply *reply, struct arena *arena,
                                const char *what) {
    return (struct answer){
        .kind = ANSWER_UNKNOWN,
        .reason = "",
        .why = codec_why(arena, reply->status, str_of(what), STR_NONE),
    };
}

static struct answer done(struct arena *arena, const struct pay_fact *fact) {
    return (struct answer){.kind = ANSWER_DONE, .reason = "", .said = pay_write_said(arena, fact)};
}

/* Paid or not is asked for: only that answer names the amount. */
static struct answer read_created(const struct call *call, const struct http_reply *reply,
                                  const struct json *tree, struct arena *arena) {
    const struct json *row = NULL;
    struct pay_fact fact = {.url = STR_NONE};
    int64_t amount;
    if (json_parse(arena, call->body, &row, NULL) != GB_OK || !read_fact(tree, &fact, &amount)) {
        return incomplete(reply, arena, "not a payment");
    }
    if (amount != json_i64_or(row, "amount_minor", -1) ||
        !str_equal(fact.currency, json_str_or(row, "currency", STR_NONE))) {
        struct answer refused = incomplete(reply, arena, "another amount than asked for");
        refused.kind = ANSWER_REFUSED;
        refused.reason = "mismatch";
        return refused;
    }
    fact.status = fact.status == PAY_PAID ? PAY_PENDING : fact.status;
    return done(arena, &fact);
}

static struct answer read_looked(const struct http_reply *reply, const struct json *tree,
                                 struct arena *arena) {
    struct pay_fact fact = {.url = STR_NONE};
    int64_t amount;
    if (!read_fact(tree, &fact, &amount)) {
        return incomplete(reply, arena, "not a payment");
    }
    if (fact.status == PAY_PAID &&
        (!read_money(tree, "paid_amount", fact.currency, &fact.paid_minor) ||
         fact.paid_minor == 0)) {
        return incomplete(reply, arena, "paid, and not how much");
    }
    return done(arena, &fact);
}

/* A refusal is believed only as JSON: HTML comes from something before the provider. */
static struct answer read_failure(const struct http_reply *reply, const struct json *tree,
                                  const struct endpoint *to, struct arena *arena) {
    int status = reply->status;
    struct answer answer = incomplete(reply, arena, "no answer of the provider");
    if (status == 429) {
        int64_t wait_s = GB_MIN(GB_MAX(reply->retry_after_s, INT64_C(0)), RETRY_AFTER_S_MAX);
        answer.kind = ANSWER_LATER;
        answer.retry_after_ms = wait_s * GB_SECOND_MS;
        answer.lane_wide = true;
    } else if (json_is_object(tree) && status >= 400 && status < 500 && status != 408) {
        answer.kind = ANSWER_REFUSED;
        answer.reason = status == 401 || status == 403 ? "forbidden"
                        : status == 404                ? "gone"
                        : status == 409                ? "exists"
                                                       : "other";
    }
    struct str said = json_str_or(tree, "error", json_str_or(tree, "message", STR_NONE));
    if (said.n > 0) {
        answer.why = codec_why(arena, status, said, to->secret);
    }
    return answer;
}

static void read_reply(const struct call *call, const struct endpoint *to,
                       const struct http_reply *reply, struct arena *arena,
                       struct answer *ret_answer) {
    const struct json *tree = NULL;
    if (codec_no_reply(reply, ret_answer)) {
        return;
    }
    bool readable = json_parse(arena, reply->body, &tree, NULL) == GB_OK && json_is_object(tree);
    if (!readable || (reply->status != 200 && reply->status != 201)) {
        *ret_answer = read_failure(reply, tree, to, arena);
    } else if (str_is(call->kind, CREATE)) {
        *ret_answer = read_created(call, reply, tree, arena);
    } else {
        *ret_answer = read_looked(reply, tree, arena);
    }
}

const struct codec pay_test_codec = {
    .name = "pay:test",
    .build_request = build_request,
    .read_reply = read_reply,
};

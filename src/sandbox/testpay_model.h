/* testpay_model.h: the sandbox's own payment provider: create with an idempotency key, look, pay.
 *
 *   POST /payments       Authorization: Bearer KEY, Idempotence-Key: 1-64 bytes
 *        {"amount":"149.00","currency":"RUB","description":"...","order":"ID","return_url":"..."}
 *   GET  /payments/ID    the same object: {"id","status","amount","currency","test","order",
 *                        "pay_url"} and "paid_amount" when paid
 *   GET  /pay/ID         the page a buyer sees; POST pays
 *
 * "test" is true: the shop must take such money from this provider only.
 *
 *   pending ──► paid | canceled | expired (after an hour of world time)
 *   expired ──► paid, canceled ──► paid: late money, by the control interface only
 *
 * Bound: TESTPAY_MAX payments.
 */
#ifndef SANDBOX_TESTPAY_MODEL_H
#define SANDBOX_TESTPAY_MODEL_H

#include "base/crypto.h"
#include "sandbox/model.h"

#define TESTPAY_MAX       100000
#define TESTPAY_EXPIRE_MS GB_HOUR_MS

struct testpay_model;
struct json_out;

enum testpay_status { TESTPAY_PENDING, TESTPAY_PAID, TESTPAY_CANCELED, TESTPAY_EXPIRED };

struct testpay_options {
    struct str key;
    struct str base_url; /* "http://127.0.0.1:1234" */
    const uint8_t *seed; /* SHA256_BYTES */
    struct fault_plan *faults;
};

struct testpay_model *testpay_new(const struct testpay_options *options);
void testpay_free(struct testpay_model *model); /* NULL is fine */

enum model_verdict testpay_handle(struct testpay_model *model, const struct visit *visit,
                                  struct http_response *response);
bool testpay_next_answer(struct testpay_model *model, struct moment now, struct arena *arena,
                         uint64_t *ret_ticket, struct http_response *response);
int64_t testpay_next_ms(const struct testpay_model *model);
/* End the calls that a fault has hung up. */
void testpay_release(struct testpay_model *model);

/* Which payment a link leads to; empty: none of ours. */
struct str testpay_of_url(const struct testpay_model *model, struct str url);
/* GB_NOT_FOUND: no such payment. */
enum gb_err testpay_look(const struct testpay_model *model, struct moment now, struct str id,
                         enum testpay_status *ret_status) GB_MUST_USE;
/* Move a payment, late money included. `paid_minor` -1: the whole amount. GB_NOT_FOUND; GB_REFUSED:
 * it is paid already. */
enum gb_err testpay_move(struct testpay_model *model, struct str id, enum testpay_status status,
                         int64_t paid_minor) GB_MUST_USE;
/* GB_NOT_FOUND: no such word. */
enum gb_err testpay_find_status(struct str word, enum testpay_status *ret_status) GB_MUST_USE;
/* All payments, oldest first, as GET /payments/ID shows each. */
struct str testpay_list(const struct testpay_model *model, struct moment now, struct arena *arena);
/* Members of GET /api/stats. */
void testpay_write_stats(const struct testpay_model *model, struct json_out *out);

#endif

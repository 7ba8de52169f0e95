/* Any bytes as a reply of the test provider, and as a stored fact. The first byte chooses the call
 * and the status.
 */
#include "base/arena.h"
#include "pay/pay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int statuses[] = {200, 200, 200, 201, 400, 401, 404, 409, 429, 500, 503};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
    struct pay_create create = {
        .payment = STR("p1"), .amount_minor = 14900, .currency = STR("RUB")};
    bool creates = data[0] % 2 == 0;
    struct call call = {
        .kind = creates ? STR("create") : STR("status"),
        .body = creates ? pay_create_body(arena, &create)
                        : pay_status_body(arena, STR("ext1"), STR("p1")),
    };
    struct endpoint to = {.base_url = STR("http://127.0.0.1:1"), .secret = STR("sk_test")};
    struct http_reply reply = {
        .outcome = HTTP_REPLIED,
        .status = statuses[data[0] / 2 % GB_COUNT(statuses)],
        .body = {(const char *)data + 1, size - 1},
    };
    struct answer answer;
    struct pay_fact fact;
    pay_test_codec.read_reply(&call, &to, &reply, arena, &answer);
    gb_assert(answer.reason != NULL && answer.retry_after_ms >= 0);
    if (answer.kind == ANSWER_DONE) {
        gb_assert(reply.status == 200 || reply.status == 201);
        gb_assert(pay_read_said(arena, answer.said, &fact) == GB_OK);
        gb_assert(fact.status != PAY_PAID || (!creates && fact.paid_minor > 0));
    }
    if (pay_read_said(arena, reply.body, &fact) == GB_OK) {
        gb_assert(fact.external.n > 0 && fact.paid_minor >= 0);
    }
    arena_free(arena);
    return 0;
}

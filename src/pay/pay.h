/* pay.h: what the shop asks of any payment provider.
 *
 * Kinds of calls in a lane "pay:<provider>"; the key of `create` is the idempotency key, its body
 * is stored before the first call and never rebuilt:
 *
 *   create  {"payment","amount_minor","currency","description","return_url"}
 *           -> done {"external","url","status"...as status}
 *   status  {"external","payment"} -> done
 * {"external","payment","status","paid_minor","currency","test"}
 *
 * status: pending paid canceled expired; any other word is "unknown" and changes nothing.
 */
#ifndef PAY_PAY_H
#define PAY_PAY_H

#include "base/base.h"
#include "base/http.h"

struct arena;

enum pay_status { PAY_PENDING, PAY_PAID, PAY_CANCELED, PAY_EXPIRED, PAY_UNKNOWN };

struct pay_create {
    struct str payment; /* our id, comes back in every answer */
    int64_t amount_minor;
    struct str currency;
    struct str description; /* cut to 128 */
    struct str return_url;
};

struct pay_fact { /* what a provider says of one payment: the only thing money is credited from */
    struct str external;
    struct str payment; /* our id as the provider gives it back; may be empty */
    enum pay_status status;
    int64_t paid_minor;
    struct str currency;
    bool test;
    struct str url; /* create: where to pay */
};

struct str pay_create_body(struct arena *arena, const struct pay_create *create);
struct str pay_status_body(struct arena *arena, struct str external, struct str payment);
/* What create or status said. GB_DAMAGED: not of this shape. */
enum gb_err pay_read_said(struct arena *arena, struct str said,
                          struct pay_fact *ret_fact) GB_MUST_USE;
struct str pay_write_said(struct arena *arena, const struct pay_fact *fact); /* for codecs */

/* The sandbox's provider. Bearer key; POST /payments with Idempotence-Key, GET /payments/{id}. */
extern const struct codec pay_test_codec;

#endif

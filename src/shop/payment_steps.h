/* payment_steps.h: what the files about payments share. Inside this room only.
 *
 * Steps that change a payment leave the writing of it to the caller, who does it once.
 */
#ifndef SHOP_PAYMENT_STEPS_H
#define SHOP_PAYMENT_STEPS_H

#include "base/base.h"
#include "state/notices.h"

struct order;
struct payment;
struct provider;
struct tariff;
struct work;

/* The table's row, also of a provider that is switched off: its payments go on. NULL: no such. */
const struct provider *provider_named(struct str name);
int64_t provider_price_minor(const struct provider *provider, const struct tariff *tariff);

/* Its order. GB_DAMAGED: there is none. Else the store's error. */
enum gb_err payment_order(struct work *work, const struct payment *payment,
                          struct order *ret) GB_MUST_USE;

/* The table of live payments: one per choice, found again by the next press. */
struct str payment_open_key(struct work *work, int64_t user, struct str tariff, struct str place,
                            struct str provider);
void payment_list(struct work *work, const struct payment *payment, const struct order *order);
enum gb_err payment_unlist(struct work *work, const struct payment *payment,
                           const struct order *order) GB_MUST_USE;

/* created -> pending: it can be paid from now on, and is shown for the configured time. */
void payment_offer(struct work *work, struct payment *payment, const struct order *order);

/* created, pending -> `to` (canceled or expired): no longer shown. Its order is canceled. */
enum gb_err payment_withdraw(struct work *work, struct payment *payment, unsigned to) GB_MUST_USE;

/* -> review: a person must look, admins are told once. Nothing happens to a payment that is paid,
 * refunded or in review already. `why` is static text. */
enum gb_err payment_review(struct work *work, struct payment *payment, const char *why) GB_MUST_USE;

/* A closed one gets its place in the index of what is to be tidied. */
void payment_tidy_later(struct work *work, struct payment *payment);
struct str payment_tidy_place(struct work *work, int64_t ms, struct str id);

void payment_tell(struct work *work, const struct payment *payment, enum notice_kind kind,
                  struct str extra);

/* Remember whose this external id is. GB_CONFLICT: another payment's. GB_INVALID: it is no id:
 * empty, longer than 256 bytes, or not plain ASCII. */
enum gb_err payment_index(struct work *work, const struct payment *payment,
                          struct str external) GB_MUST_USE;
bool external_is_fit(struct str external);

#endif

/* servers.h: looking after servers: does each answer, is it loaded, full, paid for?
 *
 * The admins hear of each once, and again only after it was well in between.
 */
#ifndef SHOP_SERVERS_H
#define SHOP_SERVERS_H

#include "base/base.h"

struct event;
struct work;

/* Look at what is known of each, and ask each for its state. The store's error. */
enum gb_err servers_check(struct work *work, int64_t *ret_checked) GB_MUST_USE;
/* The answer of "panel.status": handler_fn. */
enum gb_err server_answered_status(struct work *work, const struct event *event) GB_MUST_USE;

#endif

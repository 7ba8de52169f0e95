/* free_port.h: a port of loopback that nobody uses, for a shop that is to listen on it again after
 * each restart.
 *
 * Not one of those the kernel hands out: while the shop is down it would hand it to somebody's
 * outgoing connection.
 */
#ifndef SANDBOX_FREE_PORT_H
#define SANDBOX_FREE_PORT_H

#include "base/base.h"

struct world;

/* GB_NOT_FOUND: of many tried at random all were taken. */
enum gb_err free_port(struct world *world, int *ret_port) GB_MUST_USE;

#endif

/* ask.h: one question to a running shop, over the control socket in its data directory. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/base.h"
#include "base/http.h"

struct arena;

/* Ask at the socket `path`: HTTP, an answer of at most 8 MiB, within 20 s; the body is in `arena`.
 * GB_NOT_FOUND: nobody is there. GB_REFUSED: it may not be opened. GB_UNAVAILABLE: nothing was
 * asked. GB_UNCERTAIN: it was, and not answered in full. */
enum gb_err ask_shop(struct arena *arena, const char *path, enum http_method method,
                     struct str target, int *ret_status, struct str *ret_body) GB_MUST_USE;

#endif

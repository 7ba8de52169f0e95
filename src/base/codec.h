/* codec.h: what the codecs of all lanes have in common.
 *
 * So that "it was not sent" and "it may have arrived" mean the same in every lane, and what is
 * written about a reply holds no secret.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/base.h"
#include "base/http.h"

struct arena;

/* True: nothing was answered, and *ret_answer says what that means: LATER for the whole lane when
 * no byte left, else UNKNOWN. False: there is a reply to be read, *ret_answer is untouched. */
bool codec_no_reply(const struct http_reply *reply, struct answer *ret_answer);

/* "HTTP 400: what they said", for the log: one line, at most some 200 bytes; a word that holds
 * `secret` or an address is replaced by ***. */
struct str codec_why(struct arena *arena, int status, struct str said, struct str secret);

/* Fit to be a header's value: visible ASCII without a blank, one byte at least. */
bool codec_header_fits(struct str value);

#endif

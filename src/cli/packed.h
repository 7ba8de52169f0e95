/* packed.h: text that is packed (gzip) into a sealed file, as a FILE to write or read: the door to
 * zlib.
 *
 * Memory: what zlib takes (270 KB to write, 50 KB to read) and a chunk. stdio knows no reason for a
 * failure, so packed_trouble does.
 */
#ifndef CLI_PACKED_H
#define CLI_PACKED_H

#include "base/base.h"
#include "base/crypto.h"

#include <stdio.h>

struct packed;

/* `fd` stays the caller's. */
struct packed *packed_create(int fd, struct str password, const uint8_t salt[16], uint32_t rounds);
/* NULL: *reterr_why, static text. */
struct packed *packed_open(int fd, struct str password, const char **reterr_why);
/* Belongs to `packed`, which closes it. */
FILE *packed_file(struct packed *packed);
/* All that was written is in the file now (not yet on disk). False: packed_trouble. */
bool packed_end(struct packed *packed, int64_t *ret_bytes, uint8_t ret_digest[SHA256_BYTES]);
/* Why reading or writing failed; NULL: it did not. */
const char *packed_trouble(const struct packed *packed);
void packed_free(struct packed *packed); /* NULL is fine */

#endif

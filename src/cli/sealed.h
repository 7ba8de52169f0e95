/* sealed.h: bytes in a file whose every change is seen, and which a password closes.
 *
 *      "gigabridge backup 1\n"            20 bytes
 *      seal: 0 SHA-256, 1 ChaCha20-Poly1305; rounds of PBKDF2, big-endian; salt: 1 + 4 + 16
 *      chunks of 64 KiB, the last one shorter, each followed by its tag of 16 bytes
 *
 * A tag rests on the whole head, the chunk's number and whether it is the last: chunks cannot be
 * moved, left out or cut off. Without a password it is the beginning of a SHA-256 over the same:
 * then accidents are seen, forgers are not. The key is made of password and salt, so no two files
 * share one. Memory: one chunk.
 */
#ifndef CLI_SEALED_H
#define CLI_SEALED_H

#include "base/base.h"
#include "base/crypto.h"

#define SEALED_ROUNDS 600000 /* OWASP's figure for PBKDF2-HMAC-SHA256 */

struct sealed_out;
struct sealed_in;

/* `fd` stays the caller's, nothing else may write to it. `salt` is chance. Empty password: none. */
struct sealed_out *sealed_create(int fd, struct str password, const uint8_t salt[16],
                                 uint32_t rounds);
/* GB_NO_SPACE, GB_UNAVAILABLE: errno says why; the file is no good. */
enum gb_err sealed_write(struct sealed_out *out, struct str data) GB_MUST_USE;
/* The last chunk; then what the file holds. */
enum gb_err sealed_end(struct sealed_out *out, int64_t *ret_bytes,
                       uint8_t ret_digest[SHA256_BYTES]) GB_MUST_USE;
void sealed_out_free(struct sealed_out *out); /* NULL is fine */

/* `fd` stays the caller's and is read from where it stands. GB_INVALID: not such a file, a newer
 * one, or it needs a password; *reterr_why. */
enum gb_err sealed_open(int fd, struct str password, struct sealed_in **ret_in,
                        const char **reterr_why) GB_MUST_USE;
/* The next bytes, valid until the next call; none at the end. GB_DAMAGED: *reterr_why; no byte of a
 * chunk is handed out before its tag was found right. */
enum gb_err sealed_read(struct sealed_in *in, struct str *ret_data,
                        const char **reterr_why) GB_MUST_USE;
void sealed_in_free(struct sealed_in *in); /* NULL is fine */

#endif

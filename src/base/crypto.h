/* crypto.h: the door to mbedTLS's hashes; equal without a clock; chance from a key.
 *
 * rng is a stream made from a key and a label: the same label draws the same numbers. A handler's
 * stream is keyed by (store secret, event id), so that its second run draws what its first drew.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/base.h"

struct arena;

#define SHA256_BYTES 32

void sha256(struct str data, uint8_t ret_digest[SHA256_BYTES]);
void hmac_sha256(struct str key, struct str data, uint8_t ret_digest[SHA256_BYTES]);

/* The same over pieces. */
struct sha256_run {
    _Alignas(uint64_t) uint8_t inside[128]; /* mbedTLS's context */
};
void sha256_begin(struct sha256_run *run);
void sha256_add(struct sha256_run *run, struct str data);
void sha256_end(struct sha256_run *run, uint8_t ret_digest[SHA256_BYTES]);

#define CRYPTO_KEY_BYTES   32
#define CRYPTO_NONCE_BYTES 12
#define CRYPTO_TAG_BYTES   16

/* A key from a password: PBKDF2-HMAC-SHA256 (RFC 8018), one block. rounds > 0. */
void crypto_stretch(struct str password, struct str salt, uint32_t rounds,
                    uint8_t ret_key[CRYPTO_KEY_BYTES]);
/* ChaCha20-Poly1305 (RFC 8439), in place. No two calls with one key may share a nonce. */
void crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t nonce[CRYPTO_NONCE_BYTES],
                 struct str bound, uint8_t *data, size_t bytes, uint8_t ret_tag[CRYPTO_TAG_BYTES]);
/* False: not what was sealed with this key, nonce and `bound`; then `data` is worth nothing. */
bool crypto_unseal(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t nonce[CRYPTO_NONCE_BYTES],
                   struct str bound, uint8_t *data, size_t bytes,
                   const uint8_t tag[CRYPTO_TAG_BYTES]) GB_MUST_USE;
/* Takes the same time whatever differs; lengths are no secret. */
bool crypto_equal(struct str a, struct str b);
/* Overwrite for good. */
void crypto_wipe(void *data, size_t bytes);
struct str hex_encode(struct arena *arena, const uint8_t *data, size_t bytes);
struct str base64_encode(struct arena *arena, struct str data);
/* Standard alphabet with padding. GB_INVALID: anything else. */
enum gb_err base64_decode(struct arena *arena, struct str text, struct str *ret_data) GB_MUST_USE;
/* 64-bit hash for tables in memory (not for secrets): FNV-like, seeded. */
uint64_t hash64(struct str data, uint64_t seed);

#define RNG_LABEL_MAX 128

struct rng {
    uint8_t key[SHA256_BYTES];
    char label[RNG_LABEL_MAX]; /* mixed into the key at the first draw: most events draw nothing */
    size_t label_n;
    bool drawn;
    uint64_t counter;
    uint8_t block[SHA256_BYTES];
    size_t left;
};

void rng_init(struct rng *rng, const uint8_t key[SHA256_BYTES], struct str label);
void rng_bytes(struct rng *rng, void *ret_data, size_t bytes);
uint64_t rng_u64(struct rng *rng);
/* Uniform in [0, bound), bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* Lower-case version 4 UUID, 36 characters, in the arena. */
struct str rng_uuid4(struct rng *rng, struct arena *arena);
/* `count` letters of a-z2-7 (5 bits each): readable ids. */
struct str rng_id(struct rng *rng, struct arena *arena, size_t count);

/* A token, key or password: cannot be formatted by accident. */
struct secret {
    struct str hidden;
};
struct str secret_reveal(struct secret secret); /* at the door that needs it, nowhere else */

#endif

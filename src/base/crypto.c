/* crypto.c: the door to mbedTLS's hashes and its ChaCha20-Poly1305.
 *
 * Its SHA-256 cannot fail in software; its HMAC cannot either, except for memory. Both results are
 * asserted. Base64 is ours: mbedTLS's reader takes line ends and blanks, and a text that can be
 * written in two ways is no key.
 */
#include "base/crypto.h"

#include "base/arena.h"
#include "base/base.h"

#include <mbedtls/chachapoly.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

static const unsigned char *bytes_of(struct str s) {
    return (const unsigned char *)(s.p != NULL ? s.p : "");
}

void sha256(struct str data, uint8_t ret_digest[SHA256_BYTES]) {
    int failed = mbedtls_sha256(bytes_of(data), data.n, ret_digest, 0);
    gb_assert(failed == 0);
}

void hmac_sha256(struct str key, struct str data, uint8_t ret_digest[SHA256_BYTES]) {
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    int failed = mbedtls_md_hmac(info, bytes_of(key), key.n, bytes_of(data), data.n, ret_digest);
    gb_assert(failed == 0);
}

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(struct sha256_run), "room for mbedTLS");

static mbedtls_sha256_context *inside(struct sha256_run *run) {
    return (mbedtls_sha256_context *)(void *)run->inside;
}

void sha256_begin(struct sha256_run *run) {
    mbedtls_sha256_init(inside(run));
    int failed = mbedtls_sha256_starts(inside(run), 0);
    gb_assert(failed == 0);
}

void sha256_add(struct sha256_run *run, struct str data) {
    int failed = mbedtls_sha256_update(inside(run), bytes_of(data), data.n);
    gb_assert(failed == 0);
}

void sha256_end(struct sha256_run *run, uint8_t ret_digest[SHA256_BYTES]) {
    int failed = mbedtls_sha256_finish(inside(run), ret_digest);
    gb_assert(failed == 0);
    mbedtls_sha256_free(inside(run));
}

/* ---- passwords and seals ---- */

#define SHA256_BLOCK 64

/* The hash that has read the padded key already: half of each HMAC's work, done once. */
static void hmac_half(struct sha256_run *run, struct str key, uint8_t pad) {
    uint8_t block[SHA256_BLOCK] = {0};
    if (key.n > SHA256_BLOCK) {
        sha256(key, block);
    } else if (key.n > 0) {
        memcpy(block, key.p, key.n);
    }
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= pad;
    }
    sha256_begin(run);
    sha256_add(run, (struct str){(const char *)block, sizeof block});
    crypto_wipe(block, sizeof block);
}

static void hmac_from(const struct sha256_run halves[2], struct str data,
                      uint8_t ret_digest[SHA256_BYTES]) {
    struct sha256_run run = halves[0];
    sha256_add(&run, data);
    sha256_end(&run, ret_digest);
    run = halves[1];
    sha256_add(&run, (struct str){(const char *)ret_digest, SHA256_BYTES});
    sha256_end(&run, ret_digest);
}

void crypto_stretch(struct str password, struct str salt, uint32_t rounds,
                    uint8_t ret_key[CRYPTO_KEY_BYTES]) {
    _Static_assert(CRYPTO_KEY_BYTES == SHA256_BYTES, "one block of PBKDF2");
    static const char block_number[4] = {0, 0, 0, 1};
    struct sha256_run halves[2], first;
    uint8_t link[SHA256_BYTES];
    gb_assert(rounds > 0);
    hmac_half(&halves[0], password, 0x36);
    hmac_half(&halves[1], password, 0x5c);
    first = halves[0];
    sha256_add(&first, salt);
    sha256_add(&first, (struct str){block_number, sizeof block_number});
    sha256_end(&first, link);
    first = halves[1];
    sha256_add(&first, (struct str){(const char *)link, sizeof link});
    sha256_end(&first, link);
    memcpy(ret_key, link, sizeof link);
    for (uint32_t i = 1; i < rounds; i++) {
        hmac_from(halves, (struct str){(const char *)link, sizeof link}, link);
        for (size_t j = 0; j < sizeof link; j++) {
            ret_key[j] ^= link[j];
        }
    }
    crypto_wipe(halves, sizeof halves);
    crypto_wipe(link, sizeof link);
}

static void cipher_begin(mbedtls_chachapoly_context *cipher, const uint8_t key[CRYPTO_KEY_BYTES]) {
    mbedtls_chachapoly_init(cipher);
    int failed = mbedtls_chachapoly_setkey(cipher, key);
    gb_assert(failed == 0);
}

void crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t nonce[CRYPTO_NONCE_BYTES],
                 struct str bound, uint8_t *data, size_t bytes, uint8_t ret_tag[CRYPTO_TAG_BYTES]) {
    mbedtls_chachapoly_context cipher;
    cipher_begin(&cipher, key);
    int failed = mbedtls_chachapoly_encrypt_and_tag(&cipher, bytes, nonce, bytes_of(bound), bound.n,
                                                    data, data, ret_tag);
    gb_assert(failed == 0);
    mbedtls_chachapoly_free(&cipher);
}

bool crypto_unseal(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t nonce[CRYPTO_NONCE_BYTES],
                   struct str bound, uint8_t *data, size_t bytes,
                   const uint8_t tag[CRYPTO_TAG_BYTES]) {
    mbedtls_chachapoly_context cipher;
    cipher_begin(&cipher, key);
    int failed = mbedtls_chachapoly_auth_decrypt(&cipher, bytes, nonce, bytes_of(bound), bound.n,
                                                 tag, data, data);
    mbedtls_chachapoly_free(&cipher);
    return failed == 0;
}

bool crypto_equal(struct str a, struct str b) {
    if (a.n != b.n) {
        return false;
    }
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < a.n; i++) {
        difference = difference | (unsigned char)(a.p[i] ^ b.p[i]);
    }
    return difference == 0;
}

void crypto_wipe(void *data, size_t bytes) {
    mbedtls_platform_zeroize(data, bytes);
}

struct str hex_encode(struct arena *arena, const uint8_t *data, size_t bytes) {
    gb_assert(bytes < SIZE_MAX / 4);
    char *text = arena_take(arena, 2 * bytes + 1);
    for (size_t i = 0; i < bytes; i++) {
        text[2 * i] = "0123456789abcdef"[data[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[data[i] & 15];
    }
    text[2 * bytes] = '\0';
    return (struct str){text, 2 * bytes};
}

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct str base64_encode(struct arena *arena, struct str data) {
    gb_assert(data.n < SIZE_MAX / 4);
    size_t n = (data.n + 2) / 3 * 4;
    char *text = arena_take(arena, n + 1);
    const unsigned char *in = bytes_of(data);
    char *out = text;
    for (size_t i = 0; i < data.n; i += 3, out += 4) {
        size_t left = data.n - i;
        uint32_t word = (uint32_t)in[i] << 16;
        word |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        word |= left > 2 ? (uint32_t)in[i + 2] : 0;
        out[0] = base64_letters[word >> 18];
        out[1] = base64_letters[word >> 12 & 63];
        out[2] = left > 1 ? base64_letters[word >> 6 & 63] : '=';
        out[3] = left > 2 ? base64_letters[word & 63] : '=';
    }
    text[n] = '\0';
    return (struct str){text, n};
}

/* The letter's six bits, or 64. */
static uint32_t base64_bits(char c) {
    const char *at = c != '\0' ? strchr(base64_letters, c) : NULL;
    return at != NULL ? (uint32_t)(at - base64_letters) : 64;
}

enum gb_err base64_decode(struct arena *arena, struct str text, struct str *ret_data) {
    size_t padding = str_ends(text, STR("==")) ? 2 : str_ends(text, STR("=")) ? 1 : 0;
    if (text.n % 4 != 0) {
        return GB_INVALID;
    }
    size_t n = text.n / 4 * 3;
    unsigned char *data = arena_take(arena, n + 1);
    for (size_t i = 0; i < text.n; i += 4) {
        uint32_t word = 0;
        for (size_t j = i; j < i + 4; j++) {
            uint32_t bits = j >= text.n - padding ? 0 : base64_bits(text.p[j]);
            if (bits > 63) {
                return GB_INVALID;
            }
            word = word << 6 | bits;
        }
        data[i / 4 * 3] = (unsigned char)(word >> 16);
        data[i / 4 * 3 + 1] = (unsigned char)(word >> 8 & 255);
        data[i / 4 * 3 + 2] = (unsigned char)(word & 255);
    }
    /* The bits under the padding must be zero, or one value would have several texts. */
    for (size_t i = n - padding; i < n; i++) {
        if (data[i] != 0) {
            return GB_INVALID;
        }
    }
    data[n - padding] = '\0';
    *ret_data = (struct str){(const char *)data, n - padding};
    return GB_OK;
}

static uint64_t hash_word(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ hash >> 32;
}

/* FNV-1a's scheme over words of eight bytes, with a multiplier that reaches the high bits and
 * MurmurHash3's last mix. */
uint64_t hash64(struct str data, uint64_t seed) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed ^ data.n;
    uint64_t word;
    size_t at = 0;
    for (; data.n - at >= sizeof word; at += sizeof word) {
        memcpy(&word, data.p + at, sizeof word);
        hash = hash_word(hash, word);
    }
    if (at < data.n) {
        word = 0;
        memcpy(&word, data.p + at, data.n - at);
        hash = hash_word(hash, word);
    }
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

void rng_init(struct rng *rng, const uint8_t key[SHA256_BYTES], struct str label) {
    gb_assert(label.n <= RNG_LABEL_MAX);
    memcpy(rng->key, key, SHA256_BYTES);
    if (label.n > 0) {
        memcpy(rng->label, label.p, label.n);
    }
    rng->label_n = label.n;
    rng->drawn = false;
    rng->counter = 0;
    rng->left = 0;
}

/* One plain hash: the key stands first, has a fixed length, and the result is never shown, so there
 * is nothing to extend. */
static void rng_derive(struct rng *rng) {
    uint8_t input[SHA256_BYTES + RNG_LABEL_MAX];
    memcpy(input, rng->key, SHA256_BYTES);
    memcpy(input + SHA256_BYTES, rng->label, rng->label_n);
    sha256((struct str){(const char *)input, SHA256_BYTES + rng->label_n}, rng->key);
    rng->drawn = true;
}

/* One hash of key and counter: the input's length is fixed, so it cannot be extended. */
static void rng_refill(struct rng *rng) {
    if (!rng->drawn) {
        rng_derive(rng);
    }
    uint8_t input[SHA256_BYTES + 8];
    memcpy(input, rng->key, SHA256_BYTES);
    for (size_t i = 0; i < 8; i++) {
        input[SHA256_BYTES + i] = (uint8_t)(rng->counter >> (8 * i) & 255);
    }
    sha256((struct str){(const char *)input, sizeof input}, rng->block);
    rng->counter++;
    rng->left = SHA256_BYTES;
}

void rng_bytes(struct rng *rng, void *ret_data, size_t bytes) {
    uint8_t *out = ret_data;
    while (bytes > 0) {
        if (rng->left == 0) {
            rng_refill(rng);
        }
        size_t n = GB_MIN(bytes, rng->left);
        memcpy(out, rng->block + SHA256_BYTES - rng->left, n);
        rng->left -= n;
        out += n;
        bytes -= n;
    }
}

uint64_t rng_u64(struct rng *rng) {
    uint8_t bytes[8];
    rng_bytes(rng, bytes, sizeof bytes);
    uint64_t value = 0;
    for (size_t i = sizeof bytes; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

uint64_t rng_below(struct rng *rng, uint64_t bound) {
    gb_assert(bound > 0);
    /* What is under 2^64 mod bound would make small results likelier. */
    uint64_t least = (0 - bound) % bound;
    uint64_t value;
    do {
        value = rng_u64(rng);
    } while (value < least);
    return value % bound;
}

struct str rng_uuid4(struct rng *rng, struct arena *arena) {
    uint8_t b[16];
    rng_bytes(rng, b, sizeof b);
    b[6] = (uint8_t)(0x40 | (b[6] & 0x0F));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3F));
    struct str hex = hex_encode(arena, b, sizeof b);
    return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.p, hex.p + 8, hex.p + 12,
                        hex.p + 16, hex.p + 20);
}

struct str rng_id(struct rng *rng, struct arena *arena, size_t count) {
    char *text = arena_take(arena, count + 1);
    rng_bytes(rng, text, count);
    for (size_t i = 0; i < count; i++) {
        text[i] = "abcdefghijklmnopqrstuvwxyz234567"[(unsigned char)text[i] & 31];
    }
    text[count] = '\0';
    return (struct str){text, count};
}

struct str secret_reveal(struct secret secret) {
    return secret.hidden;
}

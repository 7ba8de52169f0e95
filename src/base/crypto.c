/* crypto.c: the door to mbedTLS's hashes.
 *
 * Its SHA-256 cannot fail in software; its HMAC cannot either, except for memory. Both results are
 * asserted. Base64 is ours: mbedTLS's reader takes line ends and blanks, and a text that can be
 * written in two ways is no key.
 */
#include "base/crypto.h"

#include "base/arena.h"
#include "base/base.h"

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

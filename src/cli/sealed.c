#define GB_DOOR "reads and writes sealed files; a chunk outlives the call"
#include "cli/sealed.h"

#include <errno.h>

#define MAGIC       "gigabridge backup 1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define FAMILY      "gigabridge backup "
#define SALT_BYTES  16
#define HEAD_BYTES  (MAGIC_BYTES + 1 + 4 + SALT_BYTES)
#define CHUNK_BYTES ((size_t)64 * 1024)
#define ROUNDS_MAX  10000000 /* more is no file of ours: nobody shall wait for it */

enum seal { SEAL_HASH, SEAL_CIPHER };

/* What both directions share. */
struct sealing {
    uint8_t head[HEAD_BYTES];
    uint8_t key[CRYPTO_KEY_BYTES];
    uint64_t number; /* of the chunk */
};

struct sealed_out {
    int fd;
    struct sealing sealing;
    struct sha256_run run;
    int64_t bytes;
    size_t n;
    uint8_t chunk[CHUNK_BYTES + CRYPTO_TAG_BYTES];
};

struct sealed_in {
    int fd;
    struct sealing sealing;
    bool is_over;
    size_t n;                                          /* bytes read ahead */
    uint8_t chunk[CHUNK_BYTES + CRYPTO_TAG_BYTES + 1]; /* one more tells whether it is the last */
    uint8_t ahead;
};

/* ---- seals ---- */

static void key_make(struct sealing *sealing, struct str password) {
    const uint8_t *head = sealing->head;
    uint32_t rounds = 0;
    for (size_t i = 0; i < 4; i++) {
        rounds = rounds << 8 | head[MAGIC_BYTES + 1 + i];
    }
    if (head[MAGIC_BYTES] == SEAL_CIPHER) {
        struct str salt = {(const char *)head + MAGIC_BYTES + 5, SALT_BYTES};
        crypto_stretch(password, salt, rounds, sealing->key);
    }
}

/* 12 bytes: number, 0, 0, 0, last. */
static void nonce_make(const struct sealing *sealing, bool is_last,
                       uint8_t nonce[CRYPTO_NONCE_BYTES]) {
    memset(nonce, 0, CRYPTO_NONCE_BYTES);
    for (size_t i = 0; i < 8; i++) {
        nonce[i] = (uint8_t)(sealing->number >> (56 - 8 * i) & 255);
    }
    nonce[CRYPTO_NONCE_BYTES - 1] = is_last;
}

static void hash_tag(const struct sealing *sealing, const uint8_t nonce[CRYPTO_NONCE_BYTES],
                     const uint8_t *data, size_t bytes, uint8_t tag[CRYPTO_TAG_BYTES]) {
    struct sha256_run run;
    uint8_t digest[SHA256_BYTES];
    sha256_begin(&run);
    sha256_add(&run, (struct str){(const char *)sealing->head, HEAD_BYTES});
    sha256_add(&run, (struct str){(const char *)nonce, CRYPTO_NONCE_BYTES});
    sha256_add(&run, (struct str){(const char *)data, bytes});
    sha256_end(&run, digest);
    memcpy(tag, digest, CRYPTO_TAG_BYTES);
}

static struct str head_of(const struct sealing *sealing) {
    return (struct str){(const char *)sealing->head, HEAD_BYTES};
}

/* The tag goes behind the data. */
static void chunk_seal(struct sealing *sealing, bool is_last, uint8_t *data, size_t bytes) {
    uint8_t nonce[CRYPTO_NONCE_BYTES];
    nonce_make(sealing, is_last, nonce);
    if (sealing->head[MAGIC_BYTES] == SEAL_CIPHER) {
        crypto_seal(sealing->key, nonce, head_of(sealing), data, bytes, data + bytes);
    } else {
        hash_tag(sealing, nonce, data, bytes, data + bytes);
    }
    sealing->number++;
}

static bool chunk_open(struct sealing *sealing, bool is_last, uint8_t *data, size_t bytes) {
    uint8_t nonce[CRYPTO_NONCE_BYTES], tag[CRYPTO_TAG_BYTES];
    nonce_make(sealing, is_last, nonce);
    sealing->number++;
    if (sealing->head[MAGIC_BYTES] == SEAL_CIPHER) {
        return crypto_unseal(sealing->key, nonce, head_of(sealing), data, bytes, data + bytes);
    }
    hash_tag(sealing, nonce, data, bytes, tag);
    return memcmp(tag, data + bytes, sizeof tag) == 0;
}

/* ---- writing ---- */

static enum gb_err put(struct sealed_out *out, const uint8_t *data, size_t bytes) {
    sha256_add(&out->run, (struct str){(const char *)data, bytes});
    out->bytes += (int64_t)bytes;
    while (bytes > 0) {
        ssize_t n = write(out->fd, data, bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? GB_NO_SPACE
                                                                        : GB_UNAVAILABLE;
        }
        data += n;
        bytes -= (size_t)n;
    }
    return GB_OK;
}

struct sealed_out *sealed_create(int fd, struct str password, const uint8_t salt[SALT_BYTES],
                                 uint32_t rounds) {
    struct sealed_out *out = calloc(1, sizeof *out);
    gb_assert(out != NULL && rounds > 0 && rounds <= ROUNDS_MAX);
    out->fd = fd;
    uint8_t *head = out->sealing.head;
    memcpy(head, MAGIC, MAGIC_BYTES);
    head[MAGIC_BYTES] = password.n > 0 ? SEAL_CIPHER : SEAL_HASH;
    for (size_t i = 0; i < 4; i++) {
        head[MAGIC_BYTES + 1 + i] = (uint8_t)(rounds >> (24 - 8 * i) & 255);
    }
    memcpy(head + MAGIC_BYTES + 5, salt, SALT_BYTES);
    key_make(&out->sealing, password);
    sha256_begin(&out->run);
    return out;
}

static enum gb_err chunk_put(struct sealed_out *out, bool is_last) {
    if (out->bytes == 0) {
        enum gb_err err = put(out, out->sealing.head, HEAD_BYTES);
        if (err != GB_OK) {
            return err;
        }
    }
    chunk_seal(&out->sealing, is_last, out->chunk, out->n);
    enum gb_err err = put(out, out->chunk, out->n + CRYPTO_TAG_BYTES);
    out->n = 0;
    return err;
}

/* A full chunk waits until there is more: the last one must be known as such. */
enum gb_err sealed_write(struct sealed_out *out, struct str data) {
    while (data.n > 0) {
        if (out->n == CHUNK_BYTES) {
            enum gb_err err = chunk_put(out, false);
            if (err != GB_OK) {
                return err;
            }
        }
        size_t n = GB_MIN(data.n, CHUNK_BYTES - out->n);
        memcpy(out->chunk + out->n, data.p, n);
        out->n += n;
        data = (struct str){data.p + n, data.n - n};
    }
    return GB_OK;
}

enum gb_err sealed_end(struct sealed_out *out, int64_t *ret_bytes,
                       uint8_t ret_digest[SHA256_BYTES]) {
    enum gb_err err = chunk_put(out, true);
    if (err == GB_OK) {
        *ret_bytes = out->bytes;
        sha256_end(&out->run, ret_digest);
    }
    return err;
}

void sealed_out_free(struct sealed_out *out) {
    if (out != NULL) {
        crypto_wipe(out, sizeof *out);
        free(out);
    }
}

/* ---- reading ---- */

/* Until `room` is full or the file ends. False: the system refuses. */
static bool take(int fd, uint8_t *to, size_t room, size_t *ret_bytes) {
    size_t done = 0;
    while (done < room) {
        ssize_t n = read(fd, to + done, room - done);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n == 0) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    *ret_bytes = done;
    return true;
}

static const char *head_fault(const uint8_t *head, size_t n, struct str password) {
    struct str text = {(const char *)head, n};
    if (n == HEAD_BYTES && str_starts(text, STR(MAGIC))) {
        uint32_t rounds = 0;
        for (size_t i = 0; i < 4; i++) {
            rounds = rounds << 8 | head[MAGIC_BYTES + 1 + i];
        }
        if (head[MAGIC_BYTES] > SEAL_CIPHER || rounds == 0 || rounds > ROUNDS_MAX) {
            return "damaged at its beginning, or of a newer version";
        }
        bool needs = head[MAGIC_BYTES] == SEAL_CIPHER && password.n == 0;
        return needs ? "encrypted, and there is no password: set [backup] password or give "
                       "--password-file"
                     : NULL;
    }
    if (str_starts(text, STR(MAGIC))) {
        return "cut off";
    }
    return str_starts(text, STR(FAMILY)) ? "a backup of a newer version of this program"
                                         : "not a backup of this program";
}

enum gb_err sealed_open(int fd, struct str password, struct sealed_in **ret_in,
                        const char **reterr_why) {
    uint8_t head[HEAD_BYTES];
    size_t n = 0;
    if (!take(fd, head, sizeof head, &n)) {
        *reterr_why = strerror(errno);
        return GB_INVALID;
    }
    const char *fault = head_fault(head, n, password);
    if (fault != NULL) {
        *reterr_why = fault;
        return GB_INVALID;
    }
    struct sealed_in *in = calloc(1, sizeof *in);
    gb_assert(in != NULL);
    in->fd = fd;
    memcpy(in->sealing.head, head, sizeof head);
    key_make(&in->sealing, password);
    *ret_in = in;
    return GB_OK;
}

static const char *tag_fault(const struct sealed_in *in) {
    if (in->sealing.head[MAGIC_BYTES] == SEAL_CIPHER && in->sealing.number == 1) {
        return "the password is wrong, or the file is damaged at its beginning";
    }
    return "damaged or cut off";
}

enum gb_err sealed_read(struct sealed_in *in, struct str *ret_data, const char **reterr_why) {
    size_t whole = CHUNK_BYTES + CRYPTO_TAG_BYTES, got = 0;
    if (in->is_over) {
        *ret_data = STR_NONE;
        return GB_OK;
    }
    if (in->n > 0) {
        in->chunk[0] = in->ahead;
    }
    if (!take(in->fd, in->chunk + in->n, whole + 1 - in->n, &got)) {
        *reterr_why = strerror(errno);
        return GB_DAMAGED;
    }
    got += in->n;
    in->is_over = got <= whole;
    in->n = in->is_over ? 0 : 1;
    in->ahead = in->chunk[whole];
    size_t bytes = GB_MIN(got, whole);
    if (bytes < CRYPTO_TAG_BYTES) {
        *reterr_why = "cut off";
        return GB_DAMAGED;
    }
    bytes -= CRYPTO_TAG_BYTES;
    if (!chunk_open(&in->sealing, in->is_over, in->chunk, bytes)) {
        *reterr_why = tag_fault(in);
        return GB_DAMAGED;
    }
    *ret_data = (struct str){(const char *)in->chunk, bytes};
    return GB_OK;
}

void sealed_in_free(struct sealed_in *in) {
    if (in != NULL) {
        crypto_wipe(in, sizeof *in);
        free(in);
    }
}

#define GB_DOOR "zlib's memory, and a FILE of its own"
#include "cli/packed.h"

#include "cli/sealed.h"

#include <errno.h>
#include <zlib.h>

#define ROOM_BYTES  ((size_t)32 * 1024)
#define WINDOW_BITS (15 + 16) /* with gzip's head and sum */
#define MEMORY      8

struct packed {
    struct sealed_out *out; /* one of the two */
    struct sealed_in *in;
    FILE *file;
    z_stream zlib;
    bool has_end; /* of the gzip stream */
    const char *trouble;
    unsigned char room[ROOM_BYTES];
};

static const char *why(enum gb_err err) {
    return errno != 0 ? strerror(errno) : gb_err_meaning(err);
}

/* ---- writing ---- */

static bool squeeze(struct packed *packed, int flush) {
    int rc = Z_OK;
    do {
        packed->zlib.next_out = packed->room;
        packed->zlib.avail_out = sizeof packed->room;
        rc = deflate(&packed->zlib, flush);
        gb_assert(rc != Z_STREAM_ERROR);
        struct str data = {(const char *)packed->room,
                           sizeof packed->room - packed->zlib.avail_out};
        errno = 0;
        enum gb_err err = sealed_write(packed->out, data);
        if (err != GB_OK) {
            packed->trouble = why(err);
            return false;
        }
    } while (packed->zlib.avail_out == 0 || (flush == Z_FINISH && rc != Z_STREAM_END));
    return true;
}

static ssize_t on_write(void *cookie, const char *data, size_t bytes) {
    struct packed *packed = cookie;
    if (packed->trouble != NULL) {
        return 0;
    }
    size_t n = GB_MIN(bytes, (size_t)INT32_MAX);
    union {
        const char *from;
        unsigned char *to; /* zlib only reads there */
    } cast = {.from = data};
    packed->zlib.next_in = cast.to;
    packed->zlib.avail_in = (uInt)n;
    return squeeze(packed, Z_NO_FLUSH) ? (ssize_t)n : 0;
}

bool packed_end(struct packed *packed, int64_t *ret_bytes, uint8_t ret_digest[SHA256_BYTES]) {
    if (fflush(packed->file) != 0 && packed->trouble == NULL) {
        packed->trouble = strerror(errno);
    }
    packed->zlib.avail_in = 0;
    if (packed->trouble != NULL || !squeeze(packed, Z_FINISH)) {
        return false;
    }
    errno = 0;
    enum gb_err err = sealed_end(packed->out, ret_bytes, ret_digest);
    if (err != GB_OK) {
        packed->trouble = why(err);
    }
    return err == GB_OK;
}

/* ---- reading ---- */

static bool more_in(struct packed *packed) {
    struct str data;
    enum gb_err err = sealed_read(packed->in, &data, &packed->trouble);
    if (err != GB_OK) {
        return false;
    }
    union {
        const char *from;
        unsigned char *to;
    } cast = {.from = data.p};
    packed->zlib.next_in = cast.to;
    packed->zlib.avail_in = (uInt)data.n;
    return data.n > 0;
}

/* The file is right to its end, and so is the gzip stream: else *trouble. 0: the end. */
static ssize_t expand(struct packed *packed, char *room, size_t bytes) {
    packed->zlib.next_out = (unsigned char *)room;
    packed->zlib.avail_out = (uInt)GB_MIN(bytes, (size_t)INT32_MAX);
    size_t asked = packed->zlib.avail_out;
    while (!packed->has_end && packed->zlib.avail_out == asked) {
        if (packed->zlib.avail_in == 0 && !more_in(packed)) {
            break;
        }
        int rc = inflate(&packed->zlib, Z_NO_FLUSH);
        packed->has_end = rc == Z_STREAM_END;
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            packed->trouble = "what was packed in it cannot be unpacked";
            break;
        }
    }
    if (packed->trouble == NULL && packed->zlib.avail_out == asked) {
        bool more = packed->zlib.avail_in > 0 || more_in(packed);
        if (packed->trouble == NULL && (more || !packed->has_end)) {
            packed->trouble = more ? "there is more behind its end" : "cut off";
        }
    }
    return packed->trouble != NULL ? -1 : (ssize_t)(asked - packed->zlib.avail_out);
}

static ssize_t on_read(void *cookie, char *room, size_t bytes) {
    struct packed *packed = cookie;
    return packed->trouble != NULL ? -1 : expand(packed, room, bytes);
}

/* ---- birth and death ---- */

static struct packed *packed_new(const char *mode) {
    struct packed *packed = calloc(1, sizeof *packed);
    gb_assert(packed != NULL);
    cookie_io_functions_t calls = {.read = on_read, .write = on_write};
    packed->file = fopencookie(packed, mode, calls);
    gb_assert(packed->file != NULL);
    return packed;
}

struct packed *packed_create(int fd, struct str password, const uint8_t salt[16], uint32_t rounds) {
    struct packed *packed = packed_new("w");
    packed->out = sealed_create(fd, password, salt, rounds);
    int rc = deflateInit2(&packed->zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY,
                          Z_DEFAULT_STRATEGY);
    gb_assert(rc == Z_OK);
    return packed;
}

struct packed *packed_open(int fd, struct str password, const char **reterr_why) {
    struct sealed_in *in;
    if (sealed_open(fd, password, &in, reterr_why) != GB_OK) {
        return NULL;
    }
    struct packed *packed = packed_new("r");
    packed->in = in;
    int rc = inflateInit2(&packed->zlib, WINDOW_BITS);
    gb_assert(rc == Z_OK);
    return packed;
}

FILE *packed_file(struct packed *packed) {
    return packed->file;
}

const char *packed_trouble(const struct packed *packed) {
    return packed->trouble;
}

void packed_free(struct packed *packed) {
    if (packed == NULL) {
        return;
    }
    if (packed->trouble == NULL) {
        packed->trouble = "given up"; /* so that what stdio still holds goes nowhere */
    }
    (void)fclose(packed->file);
    (void)(packed->out != NULL ? deflateEnd(&packed->zlib) : inflateEnd(&packed->zlib));
    sealed_out_free(packed->out);
    sealed_in_free(packed->in);
    free(packed);
}

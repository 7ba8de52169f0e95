#include "bot/picture.h"

#include "base/arena.h"

#include <qrencode.h>
#include <zlib.h>

#define MARGIN           4 /* modules; less, and some phones do not find the code */
#define MODULE_PX        8 /* a module is one byte of a row, which keeps the drawing trivial */
#define COMPRESSION      6
#define FILTER_NONE      0
#define FILTER_UP        2 /* the row as a difference from the one above */
#define QRENCODE_IS_DARK 1

static void add_u32(struct buf *png, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        buf_add_char(png, (char)(unsigned char)(value >> shift));
    }
}

static void add_chunk(struct buf *png, const char type[4], struct str data) {
    add_u32(png, (uint32_t)data.n);
    buf_add(png, (struct str){type, 4});
    buf_add(png, data);
    uLong crc = crc32(0, (const Bytef *)type, 4);
    crc = crc32(crc, (const Bytef *)data.p, (uInt)data.n);
    add_u32(png, (uint32_t)crc);
}

/* Rows of pixels as PNG wants them. The seven repetitions of a module's row are zeros: "as above".
 */
static struct str draw(struct arena *arena, const QRcode *code) {
    size_t modules = (size_t)code->width;
    size_t row_bytes = 1 + modules + 2 * (size_t)MARGIN;
    size_t rows = (modules + 2 * (size_t)MARGIN) * MODULE_PX;
    char *pixels = arena_alloc(arena, rows * row_bytes);
    for (size_t y = 0; y < rows; y++) {
        char *row = pixels + y * row_bytes;
        if (y % MODULE_PX != 0) {
            row[0] = FILTER_UP;
            continue;
        }
        row[0] = FILTER_NONE;
        memset(row + 1, 0xff, row_bytes - 1);
        size_t module_y = y / MODULE_PX - MARGIN; /* wraps in the upper margin, out of range too */
        for (size_t x = 0; module_y < modules && x < modules; x++) {
            if ((code->data[module_y * modules + x] & QRENCODE_IS_DARK) != 0) {
                row[1 + MARGIN + x] = 0;
            }
        }
    }
    return (struct str){pixels, rows * row_bytes};
}

static enum gb_err write_png(struct arena *arena, uint32_t side_px, struct str pixels,
                             struct str *ret_png) {
    uLongf packed_bytes = compressBound((uLong)pixels.n);
    char *packed = arena_take(arena, packed_bytes);
    if (compress2((Bytef *)packed, &packed_bytes, (const Bytef *)pixels.p, (uLong)pixels.n,
                  COMPRESSION) != Z_OK) {
        return GB_NO_SPACE;
    }
    struct buf header;
    buf_init(&header, arena, 16);
    add_u32(&header, side_px);
    add_u32(&header, side_px);
    /* bit depth 1, greyscale, deflate, adaptive filters, not interlaced */
    buf_add(&header, (struct str){"\1\0\0\0\0", 5});

    struct buf png;
    buf_init(&png, arena, PICTURE_BYTES_MAX);
    buf_add(&png, (struct str){"\x89PNG\r\n\x1a\n", 8});
    add_chunk(&png, "IHDR", buf_str(&header));
    add_chunk(&png, "IDAT", (struct str){packed, packed_bytes});
    add_chunk(&png, "IEND", STR(""));
    return buf_end(&png, ret_png);
}

enum gb_err picture_qr(struct arena *arena, struct str text, struct str *ret_png) {
    if (text.n == 0 || text.n > PICTURE_BYTES_MAX) {
        return GB_INVALID;
    }
    QRcode *code = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return GB_INVALID;
    }
    uint32_t side_px = ((uint32_t)code->width + 2 * MARGIN) * MODULE_PX;
    struct str pixels = draw(arena, code);
    QRcode_free(code);
    return write_png(arena, side_px, pixels, ret_png);
}

/* picture.h: the door to libqrencode and zlib: a text as a QR code in a PNG. */
#ifndef BOT_PICTURE_H
#define BOT_PICTURE_H

#include "base/base.h"

struct arena;

#define PICTURE_BYTES_MAX (64 * 1024)

/* Black on white, one bit a pixel, 8 pixels a module, margin of 4 modules, correction M.
 * GB_INVALID: empty, or too long for a QR code (over 2331 bytes). */
enum gb_err picture_qr(struct arena *arena, struct str text, struct str *ret_png) GB_MUST_USE;

#endif

/* base.h: what every file includes first: types, attributes, the banned functions.
 *
 * A pure file (state telegram panel pay shop bot) sees nothing of the machine: no clock, no
 * chance, no socket, no heap. banned.h makes a slip a compile error. A file that is the door to
 * one of these says `#define GB_DOOR "why"` before its first include.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GB_MUST_USE     __attribute__((warn_unused_result))
#define GB_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define GB_NORETURN     __attribute__((noreturn))

#define GB_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GB_MIN(a, b)    ((a) < (b) ? (a) : (b))
#define GB_MAX(a, b)    ((a) > (b) ? (a) : (b))

#define GB_SECOND_MS INT64_C(1000)
#define GB_MINUTE_MS (60 * GB_SECOND_MS)
#define GB_HOUR_MS   (60 * GB_MINUTE_MS)
#define GB_DAY_MS    (24 * GB_HOUR_MS)

#include "base/banned.h"
#include "base/check.h"
#include "base/err.h"
#include "base/str.h"

#endif

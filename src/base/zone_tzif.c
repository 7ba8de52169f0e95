/* zone_tzif.c: a zone from the bytes of a TZif file (RFC 9636).
 *
 *      header  block of 32-bit times  [ header  block of 64-bit times  \n TZ string \n ]
 *
 * The second half is there from version 2 on and then the only one that counts. Every length comes
 * from the file and is held against what is left of it before anything is read.
 */
#include "base/zone.h"

#include "base/arena.h"
#include "base/base.h"

#define HEADER_BYTES 44
#define TYPE_BYTES   6
#define CHANGES_MAX  20000 /* the fattest file of 2024 has 236 */

struct counts {
    uint32_t utc, standard, leap, time, type, chars;
};

static uint32_t read_u32(const char *p) {
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t read_time(const char *p, size_t time_bytes) {
    return time_bytes == 4 ? (int32_t)read_u32(p)
                           : (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4));
}

/* *ret_bytes: how long the block behind this header is. */
static bool read_header(struct str bytes, size_t time_bytes, struct counts *c, size_t *ret_bytes) {
    if (bytes.n < HEADER_BYTES || !str_starts(bytes, STR("TZif"))) {
        return false;
    }
    const char *p = bytes.p + 20;
    *c = (struct counts){.utc = read_u32(p),
                         .standard = read_u32(p + 4),
                         .leap = read_u32(p + 8),
                         .time = read_u32(p + 12),
                         .type = read_u32(p + 16),
                         .chars = read_u32(p + 20)};
    if (c->time > CHANGES_MAX || c->type > 256 || c->chars > bytes.n || c->leap > bytes.n ||
        c->utc > bytes.n || c->standard > bytes.n) {
        return false;
    }
    *ret_bytes = (size_t)c->time * (time_bytes + 1) + (size_t)c->type * TYPE_BYTES + c->chars +
                 (size_t)c->leap * (time_bytes + 4) + c->standard + c->utc;
    return *ret_bytes <= bytes.n - HEADER_BYTES;
}

static bool type_offset(const char *types, uint32_t count, size_t index, int32_t *ret_s) {
    if (index >= count) {
        return false;
    }
    int32_t offset_s = (int32_t)read_u32(types + index * TYPE_BYTES);
    if (offset_s < -ZONE_OFFSET_MAX_S || offset_s > ZONE_OFFSET_MAX_S) {
        return false;
    }
    *ret_s = offset_s;
    return true;
}

static bool read_block(const char *block, const struct counts *c, size_t time_bytes,
                       struct arena *arena, struct zone *zone) {
    const char *indexes = block + (size_t)c->time * time_bytes;
    const char *types = indexes + c->time;
    int64_t *at_s = ARENA_ARRAY(arena, int64_t, c->time + 1);
    int32_t *offset_s = ARENA_ARRAY(arena, int32_t, c->time + 1);
    if (!type_offset(types, c->type, 0, &zone->first_s)) {
        return false;
    }
    for (size_t i = 0; i < c->time; i++) {
        at_s[i] = read_time(block + i * time_bytes, time_bytes);
        if ((i > 0 && at_s[i] <= at_s[i - 1]) ||
            !type_offset(types, c->type, (unsigned char)indexes[i], &offset_s[i])) {
            return false;
        }
    }
    zone->at_s = at_s;
    zone->offset_s = offset_s;
    zone->count = c->time;
    return true;
}

/* The line behind the second block; an empty one: the last offset stays. */
static bool read_footer(struct str rest, struct zone *zone) {
    if (rest.n < 2 || rest.p[0] != '\n') {
        return false;
    }
    struct str line = str_sub(rest, 1, rest.n);
    size_t end = str_find(line, '\n');
    if (end == line.n) {
        return false;
    }
    struct zone rule;
    if (end == 0) {
        return true;
    }
    if (zone_parse_posix(str_sub(line, 0, end), &rule, NULL, NULL) != GB_OK) {
        return false;
    }
    rule.at_s = zone->at_s;
    rule.offset_s = zone->offset_s;
    rule.count = zone->count;
    rule.first_s = zone->first_s;
    *zone = rule;
    return true;
}

static const char *read_file(struct str bytes, struct arena *arena, struct zone *zone) {
    static const char damaged[] = "a damaged time zone file";
    struct counts counts;
    size_t block_bytes, time_bytes = 4;
    if (!str_starts(bytes, STR("TZif"))) {
        return "not a time zone file";
    }
    if (!read_header(bytes, time_bytes, &counts, &block_bytes)) {
        return damaged;
    }
    bool has_second = bytes.p[4] != '\0';
    if (has_second) {
        bytes = str_sub(bytes, HEADER_BYTES + block_bytes, bytes.n);
        time_bytes = 8;
        if (!read_header(bytes, time_bytes, &counts, &block_bytes)) {
            return damaged;
        }
    }
    if (counts.leap > 0) {
        return "a time zone file that counts leap seconds";
    }
    if (!read_block(bytes.p + HEADER_BYTES, &counts, time_bytes, arena, zone) ||
        (has_second && !read_footer(str_sub(bytes, HEADER_BYTES + block_bytes, bytes.n), zone))) {
        return damaged;
    }
    return NULL;
}

enum gb_err zone_parse_tzif(struct str bytes, struct arena *arena, struct zone *ret_zone,
                            const char **reterr_why) {
    struct zone zone = {.count = 0};
    const char *why = read_file(bytes, arena, &zone);
    if (why == NULL) {
        *ret_zone = zone;
        return GB_OK;
    }
    if (reterr_why != NULL) {
        *reterr_why = why;
    }
    return GB_INVALID;
}

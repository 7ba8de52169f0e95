/* tally.c: a list of names and counts, searched from its start.
 *
 * It has as many rows as there are methods, or reasons to refuse: a few dozen.
 */
#include "sandbox/tally.h"

#include "base/json.h"
#include "sandbox/keep.h"

#define NAME_BYTES_MAX 200

static struct tally_row *find(struct tally *tally, struct str name, struct str detail) {
    for (size_t i = 0; i < tally->count; i++) {
        struct tally_row *row = &tally->rows[i];
        if (str_equal(row->name, name) && str_equal(row->detail, detail)) {
            return row;
        }
    }
    return NULL;
}

void tally_add(struct tally *tally, struct str name, struct str detail) {
    name = str_sub(name, 0, NAME_BYTES_MAX);
    detail = str_sub(detail, 0, NAME_BYTES_MAX);
    struct tally_row *row = find(tally, name, detail);
    if (row == NULL && tally->count >= TALLY_MAX) {
        name = STR("other");
        detail = STR_NONE;
        row = find(tally, name, detail);
    }
    if (row == NULL) {
        tally->rows = keep_grow(tally->rows, tally->count, &tally->capacity, sizeof *tally->rows);
        row = &tally->rows[tally->count++];
        *row = (struct tally_row){keep_text(name), keep_text(detail), 0};
    }
    row->count++;
}

void tally_write_counts(struct json_out *out, const char *key, const struct tally *tally) {
    json_open_object(out, key);
    for (size_t i = 0; i < tally->count; i++) {
        json_put_i64(out, tally->rows[i].name.p, tally->rows[i].count); /* ends in 0: kept */
    }
    json_close(out);
}

void tally_write_rows(struct json_out *out, const char *key, const struct tally *tally) {
    json_open_array(out, key);
    for (size_t i = 0; i < tally->count; i++) {
        json_open_object(out, NULL);
        json_put_str(out, "method", tally->rows[i].name);
        json_put_str(out, "reason", tally->rows[i].detail);
        json_put_i64(out, "count", tally->rows[i].count);
        json_close(out);
    }
    json_close(out);
}

void tally_free(struct tally *tally) {
    for (size_t i = 0; i < tally->count; i++) {
        keep_drop(&tally->rows[i].name);
        keep_drop(&tally->rows[i].detail);
    }
    keep_free(tally->rows);
    *tally = (struct tally){0};
}

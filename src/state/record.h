/* record.h: struct <-> JSON row, by a table of fields. */
#ifndef STATE_RECORD_H
#define STATE_RECORD_H

#include "base/base.h"

struct arena;
struct moves;
struct work;

enum field_kind {
    FIELD_STR,   /* struct str */
    FIELD_I64,   /* int64_t */
    FIELD_BOOL,  /* bool */
    FIELD_STATE, /* unsigned, by name through `moves` */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    const struct moves *moves; /* FIELD_STATE */
};

struct record {
    int table;
    const struct field *fields;
    size_t count;
    size_t bytes; /* of the struct */
};

/* Read the row `key` into the struct. GB_NOT_FOUND; GB_DAMAGED: not of this shape; the store's. */
enum gb_err record_get(struct work *work, const struct record *record, struct str key,
                       void *ret_struct) GB_MUST_USE;
void record_put(struct work *work, const struct record *record, struct str key, const void *value);
/* The same on text at hand. A missing field is zero or empty; an unknown one is ignored. */
enum gb_err record_read(struct arena *arena, const struct record *record, struct str json,
                        void *ret_struct) GB_MUST_USE;
struct str record_write(struct arena *arena, const struct record *record, const void *value);

#endif

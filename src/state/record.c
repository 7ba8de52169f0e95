#include "state/record.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/moves.h"
#include "state/work.h"

#define ROW_BYTES_MAX (64 * 1024)

static const void *field_at(const void *value, const struct field *field) {
    return (const char *)value + field->offset;
}

static bool field_read(struct arena *arena, const struct field *field, const struct json *json,
                       void *into) {
    switch (field->kind) {
    case FIELD_STR: {
        struct str text;
        if (!json_str(json, "", &text)) {
            return false;
        }
        *(struct str *)into = arena_copy(arena, text);
        return true;
    }
    case FIELD_I64:
        return json_i64(json, "", (int64_t *)into);
    case FIELD_BOOL:
        return json_bool(json, "", (bool *)into);
    case FIELD_STATE: {
        struct str name;
        return json_str(json, "", &name) &&
               moves_find(field->moves, name, (unsigned *)into) == GB_OK;
    }
    }
    return false;
}

static const struct field *field_named(const struct record *record, struct str name, size_t guess) {
    /* Rows are written in the table's order, so the next field is nearly always the right one. */
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[(guess + i) % record->count];
        if (str_is(name, field->name)) {
            return field;
        }
    }
    return NULL;
}

enum gb_err record_read(struct arena *arena, const struct record *record, struct str json,
                        void *ret_struct) {
    const struct json *root;
    if (json_parse(arena, json, &root, NULL) != GB_OK || !json_is_object(root)) {
        return GB_DAMAGED;
    }
    char *fresh = arena_alloc(arena, record->bytes);
    size_t guess = 0;
    for (const struct json *member = json_first(root); member != NULL; member = json_next(member)) {
        const struct field *field = field_named(record, json_name(member), guess);
        if (field == NULL) {
            continue;
        }
        if (!field_read(arena, field, member, fresh + field->offset)) {
            return GB_DAMAGED;
        }
        guess = (size_t)(field - record->fields) + 1;
    }
    memcpy(ret_struct, fresh, record->bytes);
    return GB_OK;
}

static void field_write(struct json_out *out, const struct field *field, const void *from) {
    switch (field->kind) {
    case FIELD_STR:
        if (((const struct str *)from)->n > 0) {
            json_put_str(out, field->name, *(const struct str *)from);
        }
        break;
    case FIELD_I64:
        if (*(const int64_t *)from != 0) {
            json_put_i64(out, field->name, *(const int64_t *)from);
        }
        break;
    case FIELD_BOOL:
        if (*(const bool *)from) {
            json_put_bool(out, field->name, true);
        }
        break;
    case FIELD_STATE:
        json_put_text(out, field->name, moves_name(field->moves, *(const unsigned *)from));
        break;
    }
}

struct str record_write(struct arena *arena, const struct record *record, const void *value) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, ROW_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    for (size_t i = 0; i < record->count; i++) {
        field_write(&out, &record->fields[i], field_at(value, &record->fields[i]));
    }
    json_close(&out);
    struct str text;
    enum gb_err err = buf_end(&buf, &text);
    gb_assert(err == GB_OK);
    return text;
}

enum gb_err record_get(struct work *work, const struct record *record, struct str key,
                       void *ret_struct) {
    if (key.n == 0 || key.n > STORE_KEY_MAX) {
        return GB_NOT_FOUND; /* ids come from outside: no such row */
    }
    struct str value;
    enum gb_err err = tx_get(work->tx, record->table, key, &value);
    if (err != GB_OK) {
        return err;
    }
    return record_read(work->arena, record, value, ret_struct);
}

void record_put(struct work *work, const struct record *record, struct str key, const void *value) {
    tx_put(work->tx, record->table, key, record_write(work->arena, record, value), STORE_NEVER);
}

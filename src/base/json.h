/* json.h: the door to cJSON: read by path, write into a buffer.
 *
 * A parsed tree lives in the arena it was parsed into and needs no freeing. Paths name members by
 * dots, array items by number: "message.photo.0.file_id". All readers take a NULL tree.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/base.h"

struct arena;
struct json; /* a value inside a tree */

/* Parse one whole document (blanks around it are fine). Nesting is bounded at 64; a 0 in a text,
 * raw or as \u0000, is refused, and so is what would take more than half of what `arena` has left.
 * GB_INVALID: *reterr_offset (if not NULL) is the byte where reading stopped. */
enum gb_err json_parse(struct arena *arena, struct str text, const struct json **ret_root,
                       size_t *reterr_offset) GB_MUST_USE;

/* The value at `path`, or NULL. "" is the value itself. A JSON null counts as absent. */
const struct json *json_at(const struct json *value, const char *path);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
/* First item or member; the one after it. NULL at the end. Member names by json_name. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *item);
struct str json_name(const struct json *member);
size_t json_size(const struct json *container);

/* True, and *ret set, only if the value is there and of that kind. */
bool json_str(const struct json *value, const char *path, struct str *ret_text);
bool json_i64(const struct json *value, const char *path, int64_t *ret_number); /* exact, < 2^53 */
bool json_number(const struct json *value, const char *path, double *ret_number);
bool json_bool(const struct json *value, const char *path, bool *ret_flag);
/* The same with a fallback, for what may be missing. */
struct str json_str_or(const struct json *value, const char *path, struct str fallback);
int64_t json_i64_or(const struct json *value, const char *path, int64_t fallback);
bool json_bool_or(const struct json *value, const char *path, bool fallback);
/* The value as compact JSON text. */
struct str json_text(struct arena *arena, const struct json *value);

/* Writer: puts the commas. `key` is NULL inside arrays and for the root. */
struct json_out {
    struct buf *buf;
    uint64_t arrays; /* bit per depth: array or object */
    unsigned depth;  /* at most 64 */
    bool comma;
};

void json_begin(struct json_out *out, struct buf *buf);
void json_open_object(struct json_out *out, const char *key);
void json_open_array(struct json_out *out, const char *key);
void json_close(struct json_out *out);
void json_put_str(struct json_out *out, const char *key, struct str text);
void json_put_text(struct json_out *out, const char *key, const char *text);
void json_put_i64(struct json_out *out, const char *key, int64_t number);
void json_put_bool(struct json_out *out, const char *key, bool flag);
void json_put_null(struct json_out *out, const char *key);
/* `json` is one complete value, written as it stands. */
void json_put_raw(struct json_out *out, const char *key, struct str json);

/* `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void json_quote(struct buf *buf, struct str text);

/* The same JSON with everything beyond ASCII as \uXXXX, as Python's json writes it. */
struct str json_escape_ascii(struct arena *arena, struct str json);

#endif

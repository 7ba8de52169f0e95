/* form.h: the parameters of a Bot API call, however they were sent.
 *
 * Query string, urlencoded body, JSON body, multipart; merged, the first occurrence of a name wins.
 * A JSON value that is no string is kept as its JSON text, as the real server does, with a mark so
 * that a check may be stricter. A JSON body that cannot be parsed counts as no body at all.
 */
#ifndef SANDBOX_FORM_H
#define SANDBOX_FORM_H

#include "base/base.h"

struct arena;
struct http_incoming;

#define FORM_PARAMETERS_MAX 256
#define FORM_BYTES_MAX      (1024 * 1024) /* of all values but files */

struct form_field {
    struct str name, value;
    bool raw_json; /* a JSON body's number, boolean, null, array or object */
    bool is_file;
    struct str filename;
};

struct form {
    const struct form_field *fields;
    size_t count;
};

/* GB_INVALID: a broken multipart body or escape; GB_NO_SPACE: too many, too large. */
enum gb_err form_read(struct arena *arena, const struct http_incoming *request,
                      struct form *ret_form) GB_MUST_USE;
/* NULL when it is not there. */
const struct form_field *form_find(const struct form *form, const char *name);
/* A value that is no file; empty when it is not there. */
struct str form_text(const struct form *form, const char *name);
/* As the real server reads numbers: leading digits of the text, 0 when there are none. */
int64_t form_i64(const struct form *form, const char *name);
/* As the real server reads booleans: true, yes, 1; all else is false. */
bool form_bool(const struct form *form, const char *name);
/* A file part of this name, not empty. */
const struct form_field *form_file(const struct form *form, struct str name);

#endif

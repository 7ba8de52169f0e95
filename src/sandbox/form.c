/* form.c: query strings, urlencoded, JSON and multipart bodies, merged into one list of fields.
 *
 * Values are views into the request or the arena. Nothing is looked at twice, so a body of any
 * bytes costs its length.
 */
#include "sandbox/form.h"

#include "base/arena.h"
#include "base/http.h"
#include "base/json.h"
#include "io/world.h"

struct reader {
    struct arena *arena;
    struct form_field *fields;
    size_t count;
    size_t bytes;
    bool too_much;
};

/* All are kept; who looks for a name finds the first. */
static void add(struct reader *reader, struct form_field field) {
    reader->bytes += field.name.n + (field.is_file ? 0 : field.value.n);
    if (reader->count == FORM_PARAMETERS_MAX || reader->bytes > FORM_BYTES_MAX) {
        reader->too_much = true;
        return;
    }
    reader->fields[reader->count++] = field;
}

static enum gb_err read_encoded(struct reader *reader, struct str text) {
    struct str piece;
    while (str_split(&text, '&', &piece)) {
        if (piece.n == 0) {
            continue;
        }
        size_t equals = str_find(piece, '=');
        struct form_field field = {0};
        if (http_decode(reader->arena, str_sub(piece, 0, equals), &field.name) != GB_OK ||
            http_decode(reader->arena, str_sub(piece, equals + 1, piece.n), &field.value) !=
                GB_OK) {
            return GB_INVALID;
        }
        add(reader, field);
    }
    return GB_OK;
}

static void read_json(struct reader *reader, struct str text) {
    const struct json *root;
    if (json_parse(reader->arena, text, &root, NULL) != GB_OK || !json_is_object(root)) {
        return;
    }
    for (const struct json *m = json_first(root); m != NULL; m = json_next(m)) {
        struct form_field field = {.name = json_name(m)};
        if (!json_str(m, "", &field.value)) {
            field.raw_json = true;
            field.value = json_text(reader->arena, m);
            if (str_is(field.value, "null")) {
                continue;
            }
        }
        add(reader, field);
    }
}

/* The quoted value behind `key="` in a header line. */
static bool quoted(struct str line, const char *key, struct str *ret_value) {
    struct str rest = line;
    for (;;) {
        size_t at = str_find_str(rest, str_of(key));
        if (at == rest.n) {
            return false;
        }
        bool whole = at > 0 && (rest.p[at - 1] == ' ' || rest.p[at - 1] == ';');
        rest = str_sub(rest, at + strlen(key), rest.n);
        if (whole && str_starts(rest, STR("=\""))) {
            rest = str_sub(rest, 2, rest.n);
            *ret_value = str_sub(rest, 0, str_find(rest, '"'));
            return true;
        }
    }
}

static enum gb_err read_part(struct reader *reader, struct str head, struct str body) {
    struct str line;
    struct form_field field = {.value = body};
    bool named = false;
    while (str_split(&head, '\n', &line)) {
        struct str key = str_sub(line, 0, str_find(line, ':'));
        if (!str_equal_nocase(str_trim(key), STR("Content-Disposition"))) {
            continue;
        }
        named = quoted(line, "name", &field.name);
        field.is_file = quoted(line, "filename", &field.filename);
    }
    if (!named) {
        return GB_INVALID;
    }
    add(reader, field);
    return GB_OK;
}

static bool boundary_of(struct str content_type, struct str *ret_boundary) {
    size_t at = str_find_str(content_type, STR("boundary="));
    if (at == content_type.n) {
        return false;
    }
    struct str value = str_sub(content_type, at + strlen("boundary="), content_type.n);
    if (str_starts(value, STR("\""))) {
        value = str_sub(value, 1, value.n);
        value = str_sub(value, 0, str_find(value, '"'));
    } else {
        value = str_trim(str_sub(value, 0, str_find(value, ';')));
    }
    *ret_boundary = value;
    return value.n > 0 && value.n <= 70;
}

static enum gb_err read_multipart(struct reader *reader, struct str type, struct str body) {
    struct str boundary;
    if (!boundary_of(type, &boundary)) {
        return GB_INVALID;
    }
    struct str first = arena_printf(reader->arena, "--" STR_FMT, STR_ARG(boundary));
    struct str next = arena_printf(reader->arena, "\r\n--" STR_FMT, STR_ARG(boundary));
    size_t at = str_find_str(body, first);
    if (at == body.n) {
        return GB_INVALID;
    }
    struct str rest = str_sub(body, at + first.n, body.n);
    while (!str_starts(rest, STR("--"))) {
        size_t head_end = str_find_str(rest, STR("\r\n\r\n"));
        if (head_end == rest.n) {
            return GB_INVALID;
        }
        struct str head = str_sub(rest, 0, head_end);
        rest = str_sub(rest, head_end + 4, rest.n);
        size_t end = str_find_str(rest, next);
        if (end == rest.n || read_part(reader, head, str_sub(rest, 0, end)) != GB_OK) {
            return GB_INVALID;
        }
        rest = str_sub(rest, end + next.n, rest.n);
    }
    return GB_OK;
}

static bool type_is(struct str content_type, const char *type) {
    struct str bare = str_trim(str_sub(content_type, 0, str_find(content_type, ';')));
    return str_equal_nocase(bare, str_of(type));
}

enum gb_err form_read(struct arena *arena, const struct http_incoming *request,
                      struct form *ret_form) {
    struct reader reader = {.arena = arena,
                            .fields = ARENA_ARRAY(arena, struct form_field, FORM_PARAMETERS_MAX)};
    enum gb_err err = read_encoded(&reader, request->query);
    if (err != GB_OK) {
        return err;
    }
    if (type_is(request->content_type, "application/json")) {
        read_json(&reader, request->body);
    } else if (type_is(request->content_type, "application/x-www-form-urlencoded")) {
        err = read_encoded(&reader, request->body);
    } else if (type_is(request->content_type, "multipart/form-data")) {
        err = read_multipart(&reader, request->content_type, request->body);
    }
    if (err != GB_OK) {
        return err;
    }
    *ret_form = (struct form){reader.fields, reader.count};
    return reader.too_much ? GB_NO_SPACE : GB_OK;
}

const struct form_field *form_find(const struct form *form, const char *name) {
    for (size_t i = 0; i < form->count; i++) {
        if (str_is(form->fields[i].name, name)) {
            return &form->fields[i];
        }
    }
    return NULL;
}

struct str form_text(const struct form *form, const char *name) {
    const struct form_field *field = form_find(form, name);
    return field != NULL && !field->is_file ? field->value : STR_NONE;
}

int64_t form_i64(const struct form *form, const char *name) {
    struct str text = str_trim(form_text(form, name));
    bool negative = str_starts(text, STR("-"));
    int64_t value = 0;
    for (size_t i = negative ? 1 : 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
        if (value > (INT64_MAX - 9) / 10) {
            break;
        }
        value = value * 10 + (text.p[i] - '0');
    }
    return negative ? -value : value;
}

bool form_bool(const struct form *form, const char *name) {
    struct str text = str_trim(form_text(form, name));
    return str_equal_nocase(text, STR("true")) || str_equal_nocase(text, STR("yes")) ||
           str_is(text, "1");
}

const struct form_field *form_file(const struct form *form, struct str name) {
    for (size_t i = 0; i < form->count; i++) {
        if (form->fields[i].is_file && str_equal(form->fields[i].name, name)) {
            return &form->fields[i];
        }
    }
    return NULL;
}

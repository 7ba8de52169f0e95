/* bot_check.c: walks the parameters of a call along the table of bot_api.def.
 *
 * A parameter is text; its value is JSON only where the table says so. Inside JSON, values have
 * kinds. The depth of the walk is bounded by that of the JSON parser.
 */
#include "sandbox/bot_check.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"

static void check_value(struct checker *c, const struct api_field *type, const struct json *value,
                        struct str path);

void check_refuse(struct checker *checker, struct str why) {
    if (checker->faults++ == 0) {
        checker->found.refusal = why;
    }
}

void check_refuse_at(struct checker *checker, struct str path, const char *why) {
    check_refuse(checker, arena_printf(checker->arena, STR_FMT ": %s", STR_ARG(path), why));
}

void check_warn(struct checker *checker, const char *why) {
    if (checker->found.warning.n == 0) {
        checker->found.warning = str_of(why);
    }
}

static bool is_number_text(struct str text) {
    int64_t ignored;
    return num_i64(str_trim(text), INT64_MIN, INT64_MAX, &ignored) == GB_OK;
}

static bool is_float_text(struct str text) {
    size_t point = str_find(text, '.');
    return is_number_text(str_sub(text, 0, point)) &&
           (point == text.n || is_number_text(str_sub(text, point + 1, text.n)));
}

static bool is_bool_text(struct str text) {
    static const char *const words[] = {"true", "false", "yes", "no", "1", "0"};
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        if (str_equal_nocase(str_trim(text), str_of(words[i]))) {
            return true;
        }
    }
    return false;
}

static struct str attached(struct str value) {
    return str_starts(value, STR("attach://")) ? str_sub(value, 9, value.n) : STR_NONE;
}

static void check_attached(struct checker *c, struct str value, struct str path) {
    struct str name = attached(value);
    if (name.n > 0 && form_file(c->form, name) == NULL) {
        check_refuse(c, arena_printf(c->arena,
                                     STR_FMT ": attach://" STR_FMT " names no attached file part",
                                     STR_ARG(path), STR_ARG(name)));
    }
}

static void check_items(struct checker *c, const struct api_field *f, const struct json *value,
                        struct str path) {
    size_t items = json_size(value);
    if (f->limit == API_ITEMS && (items < (size_t)f->low || items > (size_t)f->high)) {
        check_refuse(c, arena_printf(c->arena, STR_FMT ": %zu items, allowed %" PRId64 "-%" PRId64,
                                     STR_ARG(path), items, f->low, f->high));
    }
}

/* ---- objects */

static bool deprecated(struct str name) {
    return api_word(STR("disable_web_page_preview|reply_to_message_id|allow_sending_without_reply|"
                        "thumb|png_sticker|receiver_user_id|callback_query_id"),
                    name);
}

static void refuse_unknown(struct checker *c, struct str owner, struct str name) {
    if (deprecated(name)) {
        check_warn(c, "a deprecated parameter is used");
    } else {
        check_refuse(c, arena_printf(c->arena, STR_FMT ": unknown field of " STR_FMT,
                                     STR_ARG(str_sub(name, 0, 64)), STR_ARG(owner)));
    }
}

static void check_object(struct checker *c, struct api_line line, const struct json *object,
                         struct str path) {
    struct check_place place = {object, arena_printf(c->arena, STR_FMT ".", STR_ARG(path))};
    struct api_field f;
    for (const struct json *m = json_first(object); m != NULL; m = json_next(m)) {
        if (!api_field(line, json_name(m), &f)) {
            refuse_unknown(c, line.name, json_name(m));
        }
    }
    struct api_line rest = line;
    while (api_next(&rest, &f)) {
        const struct json *value = json_at(object, arena_cstr(c->arena, f.name));
        struct str at =
            arena_printf(c->arena, STR_FMT STR_FMT, STR_ARG(place.dotted), STR_ARG(f.name));
        struct str text;
        if (value == NULL) {
            if (f.required && !str_is(line.name, "InlineKeyboardButton")) {
                check_refuse(c, arena_printf(c->arena, STR_FMT ": required by " STR_FMT ", missing",
                                             STR_ARG(at), STR_ARG(line.name)));
            }
            continue;
        }
        unsigned before = c->faults;
        check_value(c, &f, value, at);
        if (before == c->faults && f.depth > 0) {
            check_items(c, &f, value, at);
        } else if (before == c->faults && f.limit != API_FREE) {
            text = json_str(value, "", &text) ? text : json_text(c->arena, value);
            check_limit(c, &f, &place, text, at);
        }
    }
    bot_rules_object(c, line.name, object, path);
}

/* The word a member type wants in its field type, source or status. */
static bool discriminator(const struct api_field *member, struct api_field *ret_field) {
    static const char *const names[] = {"type", "source", "status"};
    struct api_line line;
    if (member->type != API_NAMED || member->depth > 0 ||
        !api_find_type(member->type_name, &line) || !str_is(line.kind, "object")) {
        return false;
    }
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        if (api_field(line, str_of(names[i]), ret_field) && ret_field->limit == API_WORDS &&
            str_find(ret_field->words, '|') == ret_field->words.n) {
            return true;
        }
    }
    return false;
}

/* Try the members; that with the fewest faults speaks for all. A matching discriminator decides. */
static void check_union(struct checker *c, struct api_line line, const struct json *value,
                        struct str path) {
    struct checker best = {.faults = UINT32_MAX};
    struct api_line rest = line;
    struct api_field member, word;
    bool all_told_apart = true;
    while (api_next(&rest, &member)) {
        if (json_is_object(value) && discriminator(&member, &word)) {
            struct str said = json_str_or(value, arena_cstr(c->arena, word.name), STR_NONE);
            if (!str_equal(said, word.words)) {
                continue;
            }
            check_value(c, &member, value, path);
            return;
        }
        all_told_apart = false;
        struct checker trial = {.arena = c->arena, .form = c->form};
        check_value(&trial, &member, value, path);
        if (trial.faults < best.faults) {
            best = trial;
        }
    }
    if (all_told_apart) {
        check_refuse(c, arena_printf(c->arena, STR_FMT ": matches no " STR_FMT, STR_ARG(path),
                                     STR_ARG(line.name)));
    } else if (best.faults > 0) {
        check_refuse(c, best.found.refusal);
    }
}

static void check_named(struct checker *c, const struct api_field *type, const struct json *value,
                        struct str path) {
    struct api_line line;
    bool found = api_find_type(type->type_name, &line);
    gb_assert(found);
    struct str text;
    if (str_is(line.kind, "union")) {
        check_union(c, line, value, path);
    } else if (str_is(line.name, "KeyboardButton") && json_str(value, "", &text)) {
        if (text.n == 0) {
            check_refuse_at(c, path, "empty button text");
        }
    } else if (!json_is_object(value)) {
        check_refuse(c, arena_printf(c->arena, STR_FMT ": " STR_FMT " is expected", STR_ARG(path),
                                     STR_ARG(line.name)));
    } else {
        check_object(c, line, value, path);
    }
}

/* ---- values inside JSON */

static bool scalar_fits(enum api_type type, const struct json *value) {
    struct str text = STR_NONE;
    int64_t number;
    double real;
    bool flag;
    bool is_text = json_str(value, "", &text);
    bool is_int = json_i64(value, "", &number) || (is_text && is_number_text(text));
    switch (type) {
    case API_TEXT:
    case API_FILE:
    case API_MEDIA:
        return is_text;
    case API_INT:
        return is_int;
    case API_CHAT:
        return is_int || is_text;
    case API_FLOAT:
        return json_number(value, "", &real) || (is_text && is_float_text(text));
    case API_BOOL:
        return json_bool(value, "", &flag);
    case API_NAMED:
        break;
    }
    return false;
}

static const char *type_name(enum api_type type) {
    static const char *const names[] = {
        [API_TEXT] = "String is expected",
        [API_INT] = "Integer is expected",
        [API_FLOAT] = "Float is expected",
        [API_BOOL] = "Boolean is expected",
        [API_FILE] = "a file part is expected",
        [API_CHAT] = "Integer or String is expected",
        [API_MEDIA] = "a file part or String is expected",
        [API_NAMED] = "an object is expected",
    };
    return names[type];
}

static void check_value(struct checker *c, const struct api_field *type, const struct json *value,
                        struct str path) {
    if (type->depth > 0) {
        if (!json_is_array(value)) {
            check_refuse_at(c, path, "an array is expected");
            return;
        }
        struct api_field item = *type;
        item.depth--;
        size_t i = 0;
        for (const struct json *v = json_first(value); v != NULL; v = json_next(v)) {
            check_value(c, &item, v, arena_printf(c->arena, STR_FMT "[%zu]", STR_ARG(path), i++));
        }
        return;
    }
    if (type->type == API_NAMED) {
        check_named(c, type, value, path);
    } else if (!scalar_fits(type->type, value)) {
        check_refuse_at(c, path, type_name(type->type));
    } else {
        check_attached(c, json_str_or(value, "", STR_NONE), path);
    }
}

/* ---- parameters */

static bool text_fits(const struct checker *c, enum api_type type, const struct form_field *field) {
    struct str text = field->value;
    switch (type) {
    case API_TEXT:
        return !field->raw_json;
    case API_INT:
        return is_number_text(text);
    case API_FLOAT:
        return is_float_text(str_trim(text));
    case API_BOOL:
        return is_bool_text(text);
    case API_FILE:
        return form_file(c->form, attached(text)) != NULL;
    case API_CHAT:
        return is_number_text(text) || !field->raw_json;
    case API_MEDIA:
        return !field->raw_json;
    case API_NAMED:
        break;
    }
    return false;
}

static void check_json_parameter(struct checker *c, const struct api_field *f, struct str text) {
    const struct json *value;
    bool markup = str_is(f->name, "reply_markup");
    if (json_parse(c->arena, text, &value, NULL) != GB_OK) {
        check_refuse_at(c, f->name,
                        markup ? "object expected as reply markup" : "not a JSON-serialized value");
        return;
    }
    if (markup && !json_is_object(value)) {
        check_refuse(c, STR("object expected as reply markup"));
        return;
    }
    unsigned before = c->faults;
    check_value(c, f, value, f->name);
    if (before == c->faults && f->depth > 0) {
        check_items(c, f, value, f->name);
    }
}

static void check_parameter(struct checker *c, const struct api_field *f,
                            const struct form_field *field) {
    if (field->is_file) {
        if (f->type != API_FILE && f->type != API_MEDIA) {
            check_refuse_at(c, f->name, "a file part is not expected");
        } else if (field->value.n == 0) {
            check_refuse(c, STR("file must be non-empty"));
        }
        return;
    }
    if (f->depth > 0 || f->type == API_NAMED) {
        check_json_parameter(c, f, field->value);
    } else if (!text_fits(c, f->type, field)) {
        check_refuse_at(c, f->name, type_name(f->type));
    } else {
        check_attached(c, field->value, f->name);
        check_limit(c, f, &(struct check_place){0}, field->value, f->name);
    }
}

static void refuse_missing(struct checker *c, struct str name) {
    static const struct {
        const char *name, *words;
    } known[] = {
        {"chat_id", "chat_id is empty"},
        {"text", "message text is empty"},
        {"message_id", "message identifier is not specified"},
        {"photo", "there is no photo in the request"},
        {"action", "wrong parameter action in request"},
        {"user_id", "invalid user_id specified"},
    };
    for (size_t i = 0; i < GB_COUNT(known); i++) {
        if (str_is(name, known[i].name)) {
            check_refuse(c, str_of(known[i].words));
            return;
        }
    }
    check_refuse(c, arena_printf(c->arena, "parameter \"" STR_FMT "\" is required", STR_ARG(name)));
}

static bool is_attached_somewhere(const struct checker *c, struct str name) {
    struct str mark = arena_printf(c->arena, "attach://" STR_FMT, STR_ARG(name));
    for (size_t i = 0; i < c->form->count; i++) {
        const struct form_field *field = &c->form->fields[i];
        if (!field->is_file && str_find_str(field->value, mark) < field->value.n) {
            return true;
        }
    }
    return false;
}

static void check_names(struct checker *c, const struct api_line *method) {
    struct api_field f;
    for (size_t i = 0; i < c->form->count; i++) {
        const struct form_field *field = &c->form->fields[i];
        if (str_is(field->name, "method") || api_field(*method, field->name, &f)) {
            continue;
        }
        if (!field->is_file) {
            refuse_unknown(c, method->name, field->name);
        } else if (!is_attached_somewhere(c, field->name)) {
            check_warn(c, "a file part is used by nothing");
        }
    }
}

void bot_check(struct arena *arena, const struct api_line *method, const struct form *form,
               struct bot_check *ret_check) {
    struct checker checker = {.arena = arena, .form = form};
    struct checker *c = &checker;
    for (size_t i = 0; i < form->count; i++) {
        if (!form->fields[i].is_file && !utf8_is_valid(form->fields[i].value)) {
            check_refuse(c, STR("strings must be encoded in UTF-8"));
        }
    }
    struct api_line rest = *method;
    struct api_field f;
    while (checker.faults == 0 && api_next(&rest, &f)) {
        const struct form_field *field = form_find(form, arena_cstr(arena, f.name));
        if (field == NULL ||
            (f.required && !field->is_file && field->value.n == 0 && f.type != API_TEXT)) {
            if (f.required) {
                refuse_missing(c, f.name);
            }
            continue;
        }
        check_parameter(c, &f, field);
    }
    if (checker.faults == 0) {
        check_names(c, method);
        bot_rules_method(c, method->name);
    }
    *ret_check = checker.found;
}

/* bot_limits.c: lengths, words and ranges of one value, in the server's own words.
 *
 * Texts with a parse_mode are measured after parsing and trimming, as the server measures them.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/bot_check.h"
#include "sandbox/entities.h"

#define RAW_TEXT_BYTES_MAX 32768

static const struct {
    const char *field, *mode;
} parse_modes[] = {
    {"text", "parse_mode"},
    {"caption", "parse_mode"},
    {"quote", "quote_parse_mode"},
    {"question", "question_parse_mode"},
    {"explanation", "explanation_parse_mode"},
    {"description", "description_parse_mode"},
};

static struct str parse_mode_of(const struct checker *c, const struct check_place *place,
                                struct str field) {
    for (size_t i = 0; i < GB_COUNT(parse_modes); i++) {
        if (str_is(field, parse_modes[i].field)) {
            return place->object != NULL ? json_str_or(place->object, parse_modes[i].mode, STR_NONE)
                                         : form_text(c->form, parse_modes[i].mode);
        }
    }
    return STR_NONE;
}

/* The server's own words for the two texts everybody sends. */
static void refuse_parsed_length(struct checker *c, const struct api_field *f, struct str raw,
                                 size_t length, struct str path) {
    if (str_is(path, "text") && length == 0) {
        check_refuse(c, raw.n == 0 ? STR("message text is empty") : STR("text must be non-empty"));
    } else if (str_is(path, "text")) {
        check_refuse(c, STR("message is too long"));
    } else if (str_is(f->name, "caption")) {
        check_refuse(c, STR("message caption is too long"));
    } else {
        check_refuse(c, arena_printf(c->arena, STR_FMT ": %zu characters after entity parsing",
                                     STR_ARG(path), length));
    }
}

static void check_parsed(struct checker *c, const struct api_field *f,
                         const struct check_place *place, struct str text, struct str path) {
    if (text.n > RAW_TEXT_BYTES_MAX) {
        check_refuse(c, STR("text is too long"));
        return;
    }
    struct parsed_text parsed;
    if (str_equal_nocase(parse_mode_of(c, place, f->name), STR("HTML"))) {
        entities_parse(c->arena, text, &parsed);
    } else {
        entities_plain(text, &parsed);
    }
    size_t length = utf8_length(parsed.text);
    if (parsed.error.n > 0) {
        check_refuse(
            c, arena_printf(c->arena, "can't parse entities: " STR_FMT, STR_ARG(parsed.error)));
    } else if (length < (size_t)f->low || length > (size_t)f->high) {
        refuse_parsed_length(c, f, text, length, path);
    }
}

static bool is_token(struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        char ch = text.p[i];
        bool fine = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
                    (ch >= 'A' && ch <= 'Z') || ch == '_' || ch == '-';
        if (!fine) {
            return false;
        }
    }
    return true;
}

static void check_words(struct checker *c, const struct api_field *f, struct str text,
                        struct str path) {
    if (str_ends(f->name, STR("parse_mode"))) {
        if (!str_equal_nocase(text, STR("none")) && text.n > 0 &&
            !str_equal_nocase(text, STR("html")) && !str_equal_nocase(text, STR("markdown")) &&
            !str_equal_nocase(text, STR("markdownv2"))) {
            check_refuse(c, STR("unsupported parse_mode"));
        }
    } else if (str_is(path, "action") && !api_word(f->words, text)) {
        check_refuse(c, STR("wrong parameter action in request"));
    } else if (!api_word(f->words, text)) {
        check_refuse(c, arena_printf(c->arena, STR_FMT ": '" STR_FMT "' is not one of " STR_FMT,
                                     STR_ARG(path), STR_ARG(str_sub(text, 0, 40)),
                                     STR_ARG(str_sub(f->words, 0, 80))));
    }
}

static void check_length(struct checker *c, const struct api_field *f, struct str text,
                         struct str path) {
    size_t length = f->limit == API_BYTES ? text.n : utf8_length(text);
    if (length >= (size_t)f->low && length <= (size_t)f->high) {
        return;
    }
    if (str_is(f->name, "callback_data")) {
        check_refuse(c, STR("BUTTON_DATA_INVALID"));
        return;
    }
    check_refuse(c, arena_printf(c->arena, STR_FMT ": %zu %s, allowed %" PRId64 "-%" PRId64,
                                 STR_ARG(path), length, f->limit == API_BYTES ? "bytes" : "chars",
                                 f->low, f->high));
}

static void check_range(struct checker *c, const struct api_field *f, struct str text,
                        struct str path) {
    int64_t value;
    if (num_i64(str_trim(text), f->low, f->high, &value) == GB_OK) {
        return;
    }
    if (str_is(path, "limit") || str_is(path, "max_connections")) {
        check_warn(c, "limit: outside its range, the server clamps it");
    } else {
        check_refuse(c, arena_printf(c->arena, STR_FMT ": " STR_FMT " outside %" PRId64 "-%" PRId64,
                                     STR_ARG(path), STR_ARG(text), f->low, f->high));
    }
}

void check_limit(struct checker *c, const struct api_field *f, const struct check_place *place,
                 struct str text, struct str path) {
    switch (f->limit) {
    case API_FREE:
    case API_ITEMS:
        break;
    case API_BYTES:
    case API_CHARS:
        check_length(c, f, text, path);
        break;
    case API_TOKEN:
        check_length(c, f, text, path);
        if (!is_token(text)) {
            check_refuse_at(c, path, "only A-Za-z0-9_- allowed");
        }
        break;
    case API_PARSED:
        check_parsed(c, f, place, text, path);
        break;
    case API_RANGE:
        check_range(c, f, text, path);
        break;
    case API_WORDS:
        check_words(c, f, text, path);
        break;
    }
}

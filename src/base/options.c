/* options.c: the door to inih; collects what was given, then fills the struct.
 *
 *      file ─┐
 *      env  ─┼─► options_found: one `given` per option ─► option_value_read ─► the struct
 *      argv ─┘                     └─► faults
 *
 * inih takes a line apart. What it would pass over in silence is looked at before it sees the
 * line: a line that is too long, is not UTF-8, is no setting; a heading without settings.
 */
#include "base/options.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/crypto.h"
#include "base/options_found.h"

#include <ini.h>

#define TEXT_BYTES_MAX  ((size_t)1024 * 1024)
#define ID_BYTES_MAX    16
#define VARIABLE_MAX    128
#define BYTE_ORDER_MARK STR("\xEF\xBB\xBF")
#define FILE_PREFIX     STR("file:")

/* What is being read, and how far. */
struct reading {
    const struct options_spec *spec;
    const struct options_source *source;
    struct arena *arena;
    struct faults *faults;
    struct options_found **end; /* of the list faults->found */
    struct str rest;            /* of the file */
    int line;
    bool awaiting;                 /* the line must give a setting, else it is nothing we know */
    struct options_found *section; /* NULL: the heading was not understood, or there was none */
    bool heading_seen;
};

/* ---- sections ---- */

static struct options_found *found_add(struct reading *r, const char *section,
                                       const struct option *options, size_t count) {
    struct options_found *found = ARENA_NEW(r->arena, struct options_found);
    *found = (struct options_found){
        .section = section,
        .options = options,
        .count = count,
        .given = ARENA_ARRAY(r->arena, struct option_given, count),
    };
    *r->end = found;
    r->end = &found->next;
    return found;
}

/* Each section of the table, given or not. */
static void sections_prepare(struct reading *r) {
    const struct options_spec *spec = r->spec;
    for (size_t first = 0, next; first < spec->count; first = next) {
        const char *section = spec->options[first].section;
        next = first + 1;
        while (next < spec->count && strcmp(spec->options[next].section, section) == 0) {
            next++;
        }
        found_add(r, section, &spec->options[first], next - first);
    }
}

static struct options_found *found_get(struct reading *r, struct str section, struct str id) {
    struct options_found *found = r->faults->found;
    while (found != NULL && !(str_is(section, found->section) && str_equal(found->id, id))) {
        found = found->next;
    }
    return found;
}

static const struct option_group *group_get(const struct options_spec *spec, struct str section) {
    for (size_t i = 0; i < spec->group_count; i++) {
        if (str_is(section, spec->groups[i].section)) {
            return &spec->groups[i];
        }
    }
    return NULL;
}

static size_t group_size(const struct reading *r, const struct option_group *group) {
    size_t size = 0;
    for (struct options_found *f = r->faults->found; f != NULL; f = f->next) {
        size += f->group == group;
    }
    return size;
}

static bool is_id(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) {
            return false;
        }
    }
    return s.n >= 1 && s.n <= ID_BYTES_MAX;
}

/* NULL: a fault was told. */
static struct options_found *item_add(struct reading *r, const struct option_group *group,
                                      struct str id) {
    struct options_found *known = found_get(r, str_of(group->section), id);
    if (!is_id(id)) {
        faults_at(r->faults, r->line,
                  "[%s ...]: needs an id behind its name, 1 to %d of a-z 0-9 _ -", group->section,
                  ID_BYTES_MAX);
    } else if (known != NULL) {
        faults_at(r->faults, r->line, "[%s " STR_FMT "]: there is one on line %d already",
                  group->section, STR_ARG(id), known->line);
    } else if (group_size(r, group) >= group->items_max) {
        faults_at(r->faults, r->line, "[%s " STR_FMT "]: more than %zu of them", group->section,
                  STR_ARG(id), group->items_max);
    } else {
        struct options_found *item = found_add(r, group->section, group->options, group->count);
        item->group = group;
        item->id = arena_copy(r->arena, id);
        item->line = r->line;
        return item;
    }
    return NULL;
}

/* What stands between the brackets. NULL: a fault was told. */
static struct options_found *section_open(struct reading *r, struct str title) {
    size_t blank = str_find(title, ' ');
    struct str name = str_sub(title, 0, blank);
    struct str id = str_trim(str_sub(title, blank, title.n));
    const struct option_group *group = group_get(r->spec, name);
    if (group != NULL) {
        return item_add(r, group, id);
    }
    struct options_found *found = id.n == 0 ? found_get(r, name, STR_NONE) : NULL;
    if (found == NULL) {
        struct str shown = option_show(r->arena, title),
                   guess = guess_section(r->spec, name, r->arena);
        faults_at(r->faults, r->line, "[" STR_FMT "]: there is no such section" STR_FMT,
                  STR_ARG(shown), STR_ARG(guess));
        return NULL;
    }
    if (found->line == 0) {
        found->line = r->line;
    }
    return found;
}

/* ---- the file ---- */

static void heading_read(struct reading *r, struct str line) {
    size_t end = str_find(line, ']');
    struct str after = str_trim(str_sub(line, end + 1, line.n));
    r->heading_seen = true;
    r->section = NULL;
    if (end == line.n || (after.n > 0 && after.p[0] != ';' && after.p[0] != '#')) {
        faults_at(r->faults, r->line, "a heading is [section] or [section id], alone on its line");
        return;
    }
    r->section = section_open(r, str_trim(str_sub(line, 1, end - 1)));
}

/* The text of the line inih may see; empty after a fault. */
static struct str line_check(struct reading *r, struct str line, size_t bytes_max) {
    struct str text = str_trim(line);
    if (str_find(line, '\0') < line.n) {
        faults_at(r->faults, r->line, "a byte 0 is in this line: is it a text file?");
    } else if (!utf8_is_valid(line)) {
        faults_at(r->faults, r->line, "not UTF-8: save the file in that encoding");
    } else if (text.n > bytes_max) {
        faults_at(r->faults, r->line, "longer than %zu bytes", bytes_max);
    } else if (text.n > 0 && text.p[0] == '[') {
        heading_read(r, text);
    } else {
        r->awaiting = text.n > 0 && text.p[0] != ';' && text.p[0] != '#';
        return text;
    }
    return STR_NONE;
}

/* The line before this one should have given a setting, and did not. */
static void line_end(struct reading *r) {
    if (r->awaiting) {
        faults_at(r->faults, r->line, "not a setting (key = value), a [section] or a comment");
    }
    r->awaiting = false;
}

/* inih asks for a line. Headings are kept from it: it is only to split settings. */
static char *next_line(char *to, int room, void *ctx) {
    struct reading *r = ctx;
    struct str line;
    gb_assert(room > 2);
    line_end(r);
    if (faults_are_enough(r->faults) || !str_split(&r->rest, '\n', &line)) {
        return NULL;
    }
    r->line++;
    struct str text = line_check(r, line, (size_t)room - 2);
    if (text.n > 0) {
        memcpy(to, text.p, text.n);
    }
    memcpy(to + text.n, "\n", 2);
    return to;
}

static size_t option_index(const struct options_found *found, struct str key) {
    size_t i = 0;
    while (i < found->count && !str_is(key, found->options[i].key)) {
        i++;
    }
    return i;
}

static int take_setting(void *ctx, const char *section, const char *key, const char *value,
                        int line) {
    (void)section, (void)line; /* ours say the same */
    struct reading *r = ctx;
    r->awaiting = false;
    if (r->section == NULL) {
        if (!r->heading_seen) {
            faults_at(r->faults, r->line, "a setting before the first [section]");
        }
        return 1; /* else the heading's fault is enough */
    }
    struct str name = str_of(key);
    size_t i = option_index(r->section, name);
    if (i == r->section->count) {
        struct str title = found_title(r->section, r->arena);
        struct str shown = option_show(r->arena, name),
                   guess = guess_key(r->spec, r->section, name, r->arena);
        faults_at(r->faults, r->line, STR_FMT " " STR_FMT ": there is no such key" STR_FMT,
                  STR_ARG(title), STR_ARG(shown), STR_ARG(guess));
        return 1;
    }
    struct option_given *given = &r->section->given[i];
    if (given->origin != ORIGIN_NONE) {
        struct str title = found_title(r->section, r->arena);
        faults_at(r->faults, r->line, STR_FMT " %s: is on line %d already", STR_ARG(title),
                  r->section->options[i].key, given->line);
        return 1;
    }
    *given = (struct option_given){
        .origin = ORIGIN_FILE, .line = r->line, .value = arena_copy(r->arena, str_of(value))};
    return 1;
}

static void file_read(struct reading *r) {
    r->rest = r->source->text;
    if (str_starts(r->rest, BYTE_ORDER_MARK)) {
        r->rest = str_sub(r->rest, BYTE_ORDER_MARK.n, r->rest.n);
    }
    if (r->rest.n > TEXT_BYTES_MAX) {
        faults_add(r->faults, "larger than %zu bytes", TEXT_BYTES_MAX);
        return;
    }
    /* Its result counts only the lines that next_line and take_setting have looked at. */
    (void)ini_parse_stream(next_line, r, take_setting, r);
}

/* ---- environment and command line ---- */

/* GIGABRIDGE_SHOP_CURRENCY */
static void variable_name(const struct options_spec *spec, const struct option *option,
                          char ret_name[VARIABLE_MAX]) {
    int n = snprintf(ret_name, VARIABLE_MAX, "%s_%s_%s", spec->environment, option->section,
                     option->key);
    gb_assert(n > 0 && n < VARIABLE_MAX);
    for (int i = 0; i < n; i++) {
        char c = ret_name[i];
        ret_name[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c == '-' ? '_' : c);
    }
}

static void environment_read(struct reading *r) {
    for (struct options_found *f = r->faults->found; f != NULL; f = f->next) {
        for (size_t i = 0; f->group == NULL && i < f->count; i++) {
            char name[VARIABLE_MAX];
            variable_name(r->spec, &f->options[i], name);
            struct str value = str_trim(str_of(r->source->environment(r->source->ctx, name)));
            if (value.n > 0) {
                f->given[i].origin = ORIGIN_ENVIRONMENT;
                f->given[i].value = arena_copy(r->arena, value);
            }
        }
    }
}

/* "section.key=value", "section id.key=value" */
static void override_read(struct reading *r, struct str text) {
    size_t equals = str_find(text, '=');
    struct str name = str_trim(str_sub(text, 0, equals));
    size_t dot = str_find(name, '.');
    struct str title = str_sub(name, 0, dot), key = str_sub(name, dot + 1, name.n);
    size_t blank = str_find(title, ' ');
    struct options_found *found =
        found_get(r, str_sub(title, 0, blank), str_trim(str_sub(title, blank, title.n)));
    size_t i = found != NULL ? option_index(found, key) : 0;
    if (equals == text.n || found == NULL || i == found->count) {
        struct str shown = option_show(r->arena, name);
        faults_at(r->faults, 0, STR_FMT ": not a section.key=value of this program",
                  STR_ARG(shown));
        return;
    }
    found->given[i].origin = ORIGIN_COMMAND_LINE;
    found->given[i].value = arena_copy(r->arena, str_trim(str_sub(text, equals + 1, text.n)));
}

/* ---- into the struct ---- */

/* False: a fault was told. */
static bool secret_fetch(struct reading *r, struct options_found *found, size_t i) {
    struct option_given *given = &found->given[i];
    struct str text;
    if (!str_starts(given->value, FILE_PREFIX)) {
        return true;
    }
    struct str path = str_sub(given->value, FILE_PREFIX.n, given->value.n);
    if (r->source->read_file == NULL ||
        r->source->read_file(r->source->ctx, r->arena, path, &text) != GB_OK) {
        struct str shown = option_show(r->arena, path);
        faults_of(r->faults, found, i, "the file " STR_FMT " cannot be read", STR_ARG(shown));
        return false;
    }
    text = str_trim(str_sub(text, 0, str_find(text, '\n')));
    given->value = text;
    if (str_find(text, '\0') < text.n) {
        faults_of(r->faults, found, i, "the file's first line is not text");
        return false;
    }
    return true;
}

/* A name is looked up. False: a fault was told. */
static bool zone_fetch(struct reading *r, struct options_found *found, size_t i, void *base) {
    struct str value = found->given[i].value, why;
    struct zone *zone = (void *)((char *)base + found->options[i].offset);
    if (option_zone_read(r->source, value, r->arena, zone, &why) == GB_OK) {
        return true;
    }
    struct str shown = option_show(r->arena, value);
    faults_of(r->faults, found, i, "\"" STR_FMT "\" " STR_FMT, STR_ARG(shown), STR_ARG(why));
    return false;
}

/* What would be right, and if something was given, what about it is wrong. */
static struct str expected(struct reading *r, const struct option *option, struct str value) {
    struct buf buf;
    buf_init(&buf, r->arena, 1024);
    option_value_describe(option, &buf);
    if (value.n > 0) {
        option_value_explain(option, value, &buf);
    }
    return buf_str(&buf);
}

/* False: there is nothing to put, or a fault. */
static bool given_put(struct reading *r, struct options_found *found, size_t i, void *base) {
    const struct option *option = &found->options[i];
    struct option_given *given = &found->given[i];
    if (option->kind == OPTION_SECRET && !secret_fetch(r, found, i)) {
        return false;
    }
    if (given->value.n == 0) {
        if ((option->flags & OPTION_REQUIRED) != 0) {
            struct str what = expected(r, option, STR_NONE);
            faults_of(r->faults, found, i, "required, and not given: " STR_FMT "%s", STR_ARG(what),
                      found->line == 0 ? " (there is no such section)" : "");
        }
        return false;
    }
    if (!utf8_is_valid(given->value)) {
        faults_of(r->faults, found, i, "not UTF-8");
        return false;
    }
    if (option->kind == OPTION_ZONE) {
        return zone_fetch(r, found, i, base);
    }
    if (option_value_read(option, given->value, r->arena, base)) {
        return true;
    }
    struct str what = expected(r, option, given->value);
    struct str shown = option_show(r->arena, given->value);
    if (option_value_is_open(option)) {
        faults_of(r->faults, found, i, "\"" STR_FMT "\" is not " STR_FMT, STR_ARG(shown),
                  STR_ARG(what));
    } else {
        faults_of(r->faults, found, i, "what is given is not " STR_FMT, STR_ARG(what));
    }
    return false;
}

static void found_put(struct reading *r, struct options_found *found, void *base) {
    for (size_t i = 0; i < found->count; i++) {
        const struct option *option = &found->options[i];
        if (!given_put(r, found, i, base) && option->fallback != NULL &&
            option->fallback[0] != '\0') {
            bool put = option_value_read(option, str_of(option->fallback), r->arena, base);
            gb_assert(put);
        }
    }
}

static void group_put(struct reading *r, const struct option_group *group, void *whole) {
    size_t count = group_size(r, group);
    char *items = arena_array(r->arena, group->item_bytes, count);
    char *item = items;
    for (struct options_found *f = r->faults->found; f != NULL; f = f->next) {
        if (f->group == group) {
            memcpy(item + group->offset_id, &f->id, sizeof f->id);
            found_put(r, f, item);
            item += group->item_bytes;
        }
    }
    memcpy((char *)whole + group->offset_items, &items, sizeof items);
    memcpy((char *)whole + group->offset_count, &count, sizeof count);
}

enum gb_err options_read(const struct options_spec *spec, const struct options_source *source,
                         struct arena *arena, void *ret_struct, struct faults *faults) {
    struct reading r = {
        .spec = spec,
        .source = source,
        .arena = arena,
        .faults = faults,
        .end = &faults->found,
    };
    gb_assert(faults->found == NULL);
    faults->file = source->file;
    sections_prepare(&r);
    file_read(&r);
    if (source->environment != NULL) {
        environment_read(&r);
    }
    for (size_t i = 0; i < source->override_count; i++) {
        override_read(&r, str_of(source->overrides[i]));
    }
    memset(ret_struct, 0, spec->struct_bytes);
    for (struct options_found *f = faults->found; f != NULL; f = f->next) {
        if (f->group == NULL) {
            found_put(&r, f, ret_struct);
        }
    }
    for (size_t i = 0; i < spec->group_count; i++) {
        group_put(&r, &spec->groups[i], ret_struct);
    }
    return faults->count == 0 ? GB_OK : GB_INVALID;
}

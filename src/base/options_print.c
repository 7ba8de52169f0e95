/* options_print.c: the example file and the manual's tables, from the rows that are read. */
#include "base/base.h"
#include "base/options.h"
#include "base/options_found.h"

#define COLUMNS 96

static const char *section_help(const struct options_spec *spec, const char *section) {
    for (size_t i = 0; i < spec->section_count; i++) {
        if (strcmp(spec->sections[i].name, section) == 0) {
            return spec->sections[i].help;
        }
    }
    return NULL;
}

/* One word of a comment; *column is where the line has got to, 0 before the first. */
static void put_word(struct buf *buf, struct str word, size_t *column) {
    size_t width = utf8_length(word) + 1;
    if (*column > 0 && *column + width > COLUMNS) {
        buf_add_char(buf, '\n');
        *column = 0;
    }
    buf_add_text(buf, *column == 0 ? "# " : " ");
    buf_add(buf, word);
    *column += width + (*column == 0);
}

/* Lines that begin with #, broken between words. */
static void put_comment(struct buf *buf, struct str text) {
    struct str word, line;
    while (text.n > 0 && str_split(&text, '\n', &line)) {
        size_t column = 0;
        while (str_split(&line, ' ', &word)) {
            put_word(buf, word, &column);
        }
        buf_add_char(buf, '\n');
    }
}

/* Kind, bounds and flags. */
static void put_facts(const struct option *option, struct buf *buf) {
    option_value_describe(option, buf);
    buf_add_text(buf, (option->flags & OPTION_REQUIRED) != 0 ? "; required" : "");
    buf_add_text(buf, (option->flags & OPTION_RELOAD) != 0 ? "; read again on SIGHUP" : "");
}

static void put_example(const struct option *option, struct buf *buf) {
    bool open = option->example != NULL || (option->flags & OPTION_REQUIRED) != 0;
    struct str value = str_of(open ? option->example : option->fallback);
    put_comment(buf, str_of(option->help));
    buf_add_text(buf, "# (");
    put_facts(option, buf);
    buf_printf(buf, ")\n%s%s =%s" STR_FMT "\n\n", open ? "" : "#", option->key,
               value.n > 0 ? " " : "", STR_ARG(value));
}

void options_print_example(const struct options_spec *spec, struct buf *buf) {
    put_comment(buf, str_of(spec->intro));
    buf_add_char(buf, '\n');
    const char *section = "";
    for (size_t i = 0; i < spec->count; i++) {
        const struct option *option = &spec->options[i];
        if (strcmp(option->section, section) != 0) {
            section = option->section;
            put_comment(buf, str_of(section_help(spec, section)));
            buf_printf(buf, "[%s]\n", section);
        }
        put_example(option, buf);
    }
    for (size_t g = 0; g < spec->group_count; g++) {
        const struct option_group *group = &spec->groups[g];
        put_comment(buf, str_of(group->help));
        buf_printf(buf, "[%s %s]\n", group->section, group->example_id);
        for (size_t i = 0; i < group->count; i++) {
            put_example(&group->options[i], buf);
        }
    }
}

/* A cell of a Markdown table: on one line, no bar that would end it. */
static void put_cell(struct buf *buf, const char *text) {
    for (const char *c = text != NULL ? text : ""; *c != '\0'; c++) {
        if (*c == '|') {
            buf_add_char(buf, '\\');
        }
        buf_add_char(buf, *c == '\n' ? ' ' : *c);
    }
}

static void put_row(const struct option *option, struct buf *buf) {
    bool fallback = option->fallback != NULL && option->fallback[0] != '\0';
    buf_printf(buf, "| `%s` | ", option->key);
    put_cell(buf, option->help);
    buf_add_text(buf, " *");
    put_facts(option, buf);
    buf_add_text(buf, fallback ? "* | `" : "* | ");
    put_cell(buf, option->fallback);
    buf_add_text(buf, fallback ? "` |\n" : "|\n");
}

static void put_table_head(struct buf *buf, const char *section, const char *id, const char *help) {
    buf_printf(buf, "\n## [%s%s]\n\n", section, id);
    if (help != NULL) {
        buf_printf(buf, "%s\n\n", help);
    }
    buf_add_text(buf, "| key | what it is | if not given |\n|---|---|---|\n");
}

void options_document(const struct options_spec *spec, struct buf *buf) {
    buf_printf(buf, "%s\n", spec->intro);
    const char *section = "";
    for (size_t i = 0; i < spec->count; i++) {
        if (strcmp(spec->options[i].section, section) != 0) {
            section = spec->options[i].section;
            put_table_head(buf, section, "", section_help(spec, section));
        }
        put_row(&spec->options[i], buf);
    }
    for (size_t g = 0; g < spec->group_count; g++) {
        const struct option_group *group = &spec->groups[g];
        put_table_head(buf, group->section, " id", group->help);
        for (size_t i = 0; i < group->count; i++) {
            put_row(&group->options[i], buf);
        }
    }
}

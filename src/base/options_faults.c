/* options_faults.c: what is wrong with the settings, in words, sorted by line. */
#include "base/arena.h"
#include "base/base.h"
#include "base/options_found.h"

#include <limits.h>
#include <stdarg.h>

#define FAULTS_MAX      200
#define FAULT_BYTES_MAX 500
#define LINE_NONE       INT_MAX

void faults_init(struct faults *faults, struct arena *arena) {
    *faults = (struct faults){.arena = arena, .file = "config"};
}

/* Behind all that are not on a later line. */
static void fault_insert(struct faults *faults, int line, struct str text) {
    struct fault *fault = ARENA_NEW(faults->arena, struct fault);
    *fault = (struct fault){.line = line, .text = text};
    struct fault **at = &faults->first;
    while (*at != NULL && (*at)->line <= line) {
        at = &(*at)->next;
    }
    fault->next = *at;
    *at = fault;
    faults->count++;
}

bool faults_are_enough(const struct faults *faults) {
    return faults->count >= FAULTS_MAX;
}

/* `where` and the formatted rest. */
GB_PRINTF(4, 0)
static void fault_write(struct faults *faults, int line, struct str where, const char *format,
                        va_list args) {
    char what[FAULT_BYTES_MAX];
    if (faults_are_enough(faults)) {
        return;
    }
    int n = vsnprintf(what, sizeof what, format, args);
    gb_assert(n >= 0);
    fault_insert(faults, line, arena_printf(faults->arena, STR_FMT "%s", STR_ARG(where), what));
    if (faults_are_enough(faults)) {
        fault_insert(faults, LINE_NONE, STR("... and perhaps more"));
    }
}

void faults_add(struct faults *faults, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fault_write(faults, LINE_NONE, arena_printf(faults->arena, "%s: ", faults->file), format, args);
    va_end(args);
}

void faults_at(struct faults *faults, int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str where = line > 0 ? arena_printf(faults->arena, "%s:%d: ", faults->file, line)
                                : STR("command line: ");
    fault_write(faults, line > 0 ? line : LINE_NONE, where, format, args);
    va_end(args);
}

struct str found_title(const struct options_found *found, struct arena *arena) {
    return arena_printf(arena, "[%s%s" STR_FMT "]", found->section, found->id.n > 0 ? " " : "",
                        STR_ARG(found->id));
}

/* Where the option was given; if it was not, where it should have been. */
GB_PRINTF(4, 0)
static void fault_of(struct faults *faults, struct options_found *found, size_t option,
                     const char *format, va_list args) {
    struct option_given *given = &found->given[option];
    if (given->faulty) {
        return;
    }
    given->faulty = true;
    struct str title = found_title(found, faults->arena);
    const char *key = found->options[option].key;
    int line = given->origin == ORIGIN_FILE   ? given->line
               : given->origin == ORIGIN_NONE ? found->line
                                              : 0;
    struct str where;
    if (line > 0) {
        where = arena_printf(faults->arena, "%s:%d: " STR_FMT " %s: ", faults->file, line,
                             STR_ARG(title), key);
    } else {
        const char *from = given->origin == ORIGIN_COMMAND_LINE  ? "command line"
                           : given->origin == ORIGIN_ENVIRONMENT ? "environment"
                                                                 : faults->file;
        where = arena_printf(faults->arena, "%s: " STR_FMT " %s: ", from, STR_ARG(title), key);
    }
    fault_write(faults, line > 0 ? line : LINE_NONE, where, format, args);
}

void faults_of(struct faults *faults, struct options_found *found, size_t option,
               const char *format, ...) {
    va_list args;
    va_start(args, format);
    fault_of(faults, found, option, format, args);
    va_end(args);
}

void faults_about(struct faults *faults, const char *section, struct str id, const char *key,
                  const char *format, ...) {
    struct options_found *found = faults->found;
    while (found != NULL && !(strcmp(found->section, section) == 0 && str_equal(found->id, id))) {
        found = found->next;
    }
    gb_assert(found != NULL);
    size_t option = 0;
    while (option < found->count && strcmp(found->options[option].key, key) != 0) {
        option++;
    }
    gb_assert(option < found->count);
    va_list args;
    va_start(args, format);
    fault_of(faults, found, option, format, args);
    va_end(args);
}

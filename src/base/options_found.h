/* options_found.h: what was given for each option, and where. Shared by options*.c only. */
#ifndef BASE_OPTIONS_FOUND_H
#define BASE_OPTIONS_FOUND_H

#include "base/options.h"

struct zone;

/* Later ones go before earlier ones. */
enum option_origin { ORIGIN_NONE, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_COMMAND_LINE };

struct option_given {
    enum option_origin origin;
    int line; /* ORIGIN_FILE */
    bool faulty;
    struct str value;
};

/* One section of the table, or one item of a group. */
struct options_found {
    struct options_found *next;
    const struct option_group *group; /* NULL: a section */
    const char *section;
    struct str id; /* of an item */
    int line;      /* of its heading; 0: it has none */
    const struct option *options;
    struct option_given *given; /* one for each option */
    size_t count;
};

/* A fault of `found`'s option number `option`, at the place where it was given or is missing. */
void faults_of(struct faults *faults, struct options_found *found, size_t option,
               const char *format, ...) GB_PRINTF(4, 5);
/* A fault of a line of the file; of the command line if it is 0. */
void faults_at(struct faults *faults, int line, const char *format, ...) GB_PRINTF(3, 4);
/* Past this many nobody reads on, and none is added. */
bool faults_are_enough(const struct faults *faults);
/* "[server de1]" */
struct str found_title(const struct options_found *found, struct arena *arena);

/* "; did you mean [shop]?", or nothing. */
struct str guess_section(const struct options_spec *spec, struct str typed, struct arena *arena);
/* "; did you mean currency?", "; there is one in [shop]", or nothing. */
struct str guess_key(const struct options_spec *spec, const struct options_found *found,
                     struct str typed, struct arena *arena);

/* Put the value into the option's field of `base`. False: it is not of the option's kind. */
bool option_value_read(const struct option *option, struct str value, struct arena *arena,
                       void *base);
/* What would be right: "a duration (30s, 10 min, 1h, 2d) from 1s to 1 min". */
void option_value_describe(const struct option *option, struct buf *buf);
/* OPTION_ZONE. `source` NULL: no file is read. GB_INVALID: *reterr_why goes behind the text in a
 * fault, `is not a time zone (...); character 7: ...`. */
#define OPTION_ZONE_WORDS "a time zone (+03:00, Europe/Berlin, CET-1CEST,M3.5.0,M10.5.0/3)"
enum gb_err option_zone_read(const struct options_source *source, struct str text,
                             struct arena *arena, struct zone *ret_zone,
                             struct str *reterr_why) GB_MUST_USE;
/* What is wrong with this one, where more can be said: "; minute, character 1: ...". */
void option_value_explain(const struct option *option, struct str value, struct buf *buf);
/* May the value be shown in a fault? */
bool option_value_is_open(const struct option *option);
/* Foreign text for a fault: cut, and nothing in it that moves a cursor. */
struct str option_show(struct arena *arena, struct str text);

#endif

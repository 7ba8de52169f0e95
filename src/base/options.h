/* options.h: a table of options <-> a struct, from file, environment and command line.
 *
 * One row an option: section, key, kind, where it goes in the struct, what it is for. Reading, the
 * example file and the manual come from the same rows. All faults are found in one go, each named
 * with file and line. Nothing here opens a file or asks the environment: both are handed in. A
 * secret's value never gets into a fault.
 *
 *      [shop]                  a section: its options are rows of spec.options
 *      currency = RUB
 *      [server de1]            an item of a group: "server", with the id "de1"
 *      panel = https://...     ; a comment, as is a line that begins with # or ;
 *
 * The command line ("shop.currency=USD", "server de1.panel=...") goes before the environment
 * (GIGABRIDGE_SHOP_CURRENCY, sections only), which goes before the file, which goes before the
 * fallback. An empty value counts as not given.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/base.h"

struct arena;

enum option_kind {
    OPTION_STR,      /* struct str; min, max: bytes */
    OPTION_SECRET,   /* struct secret; min, max: bytes; "file:/path" is the file's first line */
    OPTION_I64,      /* int64_t */
    OPTION_BOOL,     /* bool: yes no true false on off 1 0 */
    OPTION_DURATION, /* int64_t, ms: "30s" "10 min" "1h" "2d" */
    OPTION_CHOICE,   /* int: index in `choices` */
    OPTION_URL,      /* struct str; schemes in `choices` (none: http, https); no slash at the end */
    OPTION_I64_LIST, /* struct int64_list: "1, 2, 3"; min, max: each */
    OPTION_MONEY,    /* struct str: a decimal number, its currency is not known here */
    OPTION_OFFSET,   /* int, minutes: "+03:00", "UTC" */
    OPTION_RATE,     /* struct rate: "10/min", "3/5min", "off" */
    OPTION_SCHEDULE, /* struct schedule: "0 9 * * *", "every 10 s", "off" */
    OPTION_ZONE,     /* struct zone: "+03:00", "CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin" */
};

enum option_flags {
    OPTION_REQUIRED = 1, /* must be given and not empty */
    OPTION_RELOAD = 2,   /* a new value counts after a SIGHUP, without a restart */
};

struct int64_list {
    const int64_t *items;
    size_t count;
};

struct option {
    const char *section; /* ignored in groups */
    const char *key;
    enum option_kind kind;
    size_t offset;
    const char *fallback;       /* as it would stand in the file; NULL: zero or empty */
    int64_t min, max;           /* both 0: no bounds */
    const char *const *choices; /* ends with NULL */
    unsigned flags;
    const char *help;    /* one sentence or two, for the owner */
    const char *example; /* for the example file; NULL: the fallback, commented out */
};

/* Sections "[section id]", an array of structs. An id is 1 to 16 of a-z 0-9 _ - and unique. */
struct option_group {
    const char *section;
    const struct option *options;
    size_t count;
    size_t item_bytes;
    size_t offset_items, offset_count; /* in the whole: a pointer to items, a size_t */
    size_t offset_id;                  /* in an item: struct str */
    size_t items_max;
    const char *help;
    const char *example_id;
};

struct option_section {
    const char *name;
    const char *help;
};

struct options_spec {
    const char *intro;            /* first lines of the example file and of the manual */
    const char *environment;      /* prefix of its variables: "GIGABRIDGE" */
    const struct option *options; /* those of a section stand together */
    size_t count;
    const struct option_group *groups;
    size_t group_count;
    const struct option_section *sections; /* help for sections; may leave some out */
    size_t section_count;
    size_t struct_bytes;
};

struct options_source {
    const char *file; /* the file's name, for faults */
    struct str text;  /* what is in it; empty: no file */
    /* A variable's value or NULL. NULL: no environment. */
    const char *(*environment)(void *ctx, const char *name);
    /* What is in the file a secret points to, or a time zone's name stands for (that is below
     * /usr/share/zoneinfo, or the variable TZDIR). Any error is a fault; GB_NOT_FOUND of a zone is
     * one only where its name is not known otherwise. NULL: none may. */
    enum gb_err (*read_file)(void *ctx, struct arena *arena, struct str path, struct str *ret_text);
    void *ctx;
    const char *const *overrides; /* "section.key=value" */
    size_t override_count;
};

struct fault {
    struct fault *next;
    int line;        /* of the file; what has no line comes last */
    struct str text; /* "config.ini:12: [shop] currency: ..." */
};

/* In the order of the file's lines. */
struct faults {
    struct fault *first;
    size_t count;
    struct arena *arena;
    const char *file;
    struct options_found *found; /* where each option was given */
};

void faults_init(struct faults *faults, struct arena *arena);
/* A fault of one option, told with the place where it was given; `id` is empty for a section.
 * Dropped if the option has a fault already: one mistake is told once. */
void faults_about(struct faults *faults, const char *section, struct str id, const char *key,
                  const char *format, ...) GB_PRINTF(5, 6);
/* A fault of the whole. */
void faults_add(struct faults *faults, const char *format, ...) GB_PRINTF(2, 3);

/* Read everything into the struct; texts live in `arena`, which `faults` may share.
 * GB_INVALID: `faults` has what is wrong; the struct is filled nevertheless, with fallbacks where
 * there was a fault, so that a caller's own checks can add theirs. */
enum gb_err options_read(const struct options_spec *spec, const struct options_source *source,
                         struct arena *arena, void *ret_struct, struct faults *faults) GB_MUST_USE;

/* Settings read again: an option (of a section) without OPTION_RELOAD keeps the value it has in
 * `in_force`, copied into `arena`; `each` is told of those where `fresh` had another one. Items of
 * groups stay as they were read. */
typedef void option_held_fn(void *ctx, const struct option *option);
void options_hold(const struct options_spec *spec, const void *in_force, struct arena *arena,
                  void *fresh, option_held_fn *each, void *ctx);

/* The example file: every option with its help, what has a fallback commented out. */
void options_print_example(const struct options_spec *spec, struct buf *buf);
/* The manual's tables, in Markdown. */
void options_document(const struct options_spec *spec, struct buf *buf);

#endif

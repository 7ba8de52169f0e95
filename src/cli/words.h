/* words.h: --options of a command: a table, each with or without a value. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "base/base.h"

struct word {
    const char *name;   /* "--config" */
    const char **value; /* takes a value: where to put it (the last one counts); or */
    bool *flag;         /* takes none; or */
    const char **list;  /* may come several times */
    size_t list_max, *list_count;
};

/* GB_INVALID: an unknown word or a missing value; said on stderr. */
enum gb_err words_read(int argc, char **argv, const struct word *words, size_t count) GB_MUST_USE;

#endif

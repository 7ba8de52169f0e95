#include "cli/words.h"

#include <stdio.h>

static const struct word *find(const struct word *words, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, name) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

enum gb_err words_read(int argc, char **argv, const struct word *words, size_t count) {
    for (int i = 0; i < argc; i++) {
        const struct word *word = find(words, count, argv[i]);
        if (word == NULL) {
            fprintf(stderr, "gigabridge: unknown option \"%.80s\"\n", argv[i]);
            return GB_INVALID;
        }
        if (word->flag != NULL) {
            *word->flag = true;
            continue;
        }
        if (i + 1 >= argc) {
            fprintf(stderr, "gigabridge: %s needs a value\n", word->name);
            return GB_INVALID;
        }
        const char *value = argv[++i];
        if (word->value != NULL) {
            *word->value = value;
        } else if (*word->list_count < word->list_max) {
            word->list[(*word->list_count)++] = value;
        } else {
            fprintf(stderr, "gigabridge: too many %s\n", word->name);
            return GB_INVALID;
        }
    }
    return GB_OK;
}

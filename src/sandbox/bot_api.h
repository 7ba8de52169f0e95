/* bot_api.h: the table of everything a bot may send, read from bot_api.def as it stands.
 *
 * The table is text, one line a method or type, and is scanned when asked: no start-up cost, no
 * relocations, 50 KB of read-only data. See bot_api.def for the form of a line.
 */
#ifndef SANDBOX_BOT_API_H
#define SANDBOX_BOT_API_H

#include "base/base.h"

enum api_type { API_TEXT, API_INT, API_FLOAT, API_BOOL, API_FILE, API_CHAT, API_MEDIA, API_NAMED };

enum api_limit {
    API_FREE,
    API_BYTES,
    API_CHARS,
    API_PARSED, /* code points after parsing entities */
    API_TOKEN,  /* A-Za-z0-9_- */
    API_ITEMS,
    API_RANGE,
    API_WORDS
};

struct api_field {
    struct str name; /* empty for a union's member */
    bool required;
    enum api_type type;
    struct str type_name; /* as written, without the brackets */
    unsigned depth;       /* arrays around it */
    enum api_limit limit;
    int64_t low, high;
    struct str words; /* API_WORDS: "a|b" */
};

struct api_line {
    struct str name;   /* as the documentation spells it */
    struct str kind;   /* "true" "other" "object" "union" "kinds" */
    struct str rest;   /* fields not read yet */
    struct str of_set; /* and before them, those of a set they name */
};

/* Methods by their name in any case; types as spelled. False: there is none. */
bool api_find_method(struct str name, struct api_line *ret_line);
bool api_find_type(struct str name, struct api_line *ret_line);
/* The next field or member; false at the end. Takes it off the line. */
bool api_next(struct api_line *line, struct api_field *ret_field);
/* Field of that name in a line just found. */
bool api_field(struct api_line line, struct str name, struct api_field *ret_field);
/* Is it one of "a|b|c"? */
bool api_word(struct str words, struct str word);
/* Position among the kinds of updates, -1: no such kind. At most 64 of them. */
int api_update_kind(struct str name);
/* All kinds but those a bot must ask for, as bits. */
uint64_t api_update_default(void);

#endif

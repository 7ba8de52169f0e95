/* entities.h: parse_mode HTML as the Bot API server reads it: plain text, entities, exact errors.
 *
 * Tags by the server's list, names in any case, nesting checked, `</>` closes the last one. Four
 * named entities and all numeric ones; any other & stands for itself. Offsets in errors are bytes
 * of the input, those of entities UTF-16 units of the text, which is trimmed. Not played: the
 * server's splitting of entities inside code, and links it drops because the address is none.
 */
#ifndef SANDBOX_ENTITIES_H
#define SANDBOX_ENTITIES_H

#include "base/base.h"

struct arena;
struct json_out;

struct entity {
    const char *type;      /* "bold", "text_link", ... */
    size_t begin, end;     /* bytes of the text */
    const char *extra_key; /* "url", "language", "custom_emoji_id" or NULL */
    struct str extra;
};

struct parsed_text {
    struct str text; /* trimmed */
    const struct entity *entities;
    size_t count;
    struct str error; /* empty: well-formed; else the sentence behind "can't parse entities: " */
};

/* `html` must be valid UTF-8. Text and entities live in the arena. */
void entities_parse(struct arena *arena, struct str html, struct parsed_text *ret_parsed);
/* Text without markup, trimmed in the same way. */
void entities_plain(struct str text, struct parsed_text *ret_parsed);
/* As the array `key` of a Message; nothing when there are none. */
void entities_write(struct json_out *out, const char *key, const struct parsed_text *parsed);

#endif

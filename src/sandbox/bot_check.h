/* bot_check.h: is this call what the Bot API takes? Refuses as the real server would.
 *
 * Types, required fields, lengths after parsing entities, words, ranges, and the rules no table
 * carries (bot_rules.c). Where the real server looks away (unknown names, a number for a text), the
 * sandbox refuses all the same: it is a mistake of the bot, and here is where it shall be seen.
 * What the server accepts with a shrug is a warning.
 */
#ifndef SANDBOX_BOT_CHECK_H
#define SANDBOX_BOT_CHECK_H

#include "base/base.h"
#include "sandbox/bot_api.h"
#include "sandbox/form.h"

struct arena;
struct json;

struct bot_check {
    struct str refusal; /* behind "Bad Request: "; empty: fine */
    struct str warning; /* the first one; empty: none */
};

/* `method` from api_find_method. Texts live in the arena. */
void bot_check(struct arena *arena, const struct api_line *method, const struct form *form,
               struct bot_check *ret_check);

/* A webhook's url on this machine: http:// and any port will do, as with a server of one's own
 * (--local). */
bool check_is_local(struct str url);

/* The check while it runs: for bot_limits.c and bot_rules.c. */
struct checker {
    struct arena *arena;
    const struct form *form;
    unsigned faults;
    struct bot_check found; /* texts of the first ones */
};

void check_refuse(struct checker *checker, struct str why);
/* "path: why" */
void check_refuse_at(struct checker *checker, struct str path, const char *why);
void check_warn(struct checker *checker, const char *why);

/* Where a field's siblings are: an object, or the form itself when NULL. */
struct check_place {
    const struct json *object;
    struct str dotted; /* path of the object and a dot; empty at the top */
};

/* bot_limits.c: `text` is the value of field `f`, a text or a number. */
void check_limit(struct checker *checker, const struct api_field *f,
                 const struct check_place *place, struct str text, struct str path);

/* bot_rules.c: what the table does not say of one method, and of one object inside a
 * parameter. */
void bot_rules_method(struct checker *checker, struct str method);
void bot_rules_object(struct checker *checker, struct str type, const struct json *object,
                      struct str path);

#endif

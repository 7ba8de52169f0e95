/* texts.h: all that the bot says, by language: enum of texts.def -> lang/<language>.ini.
 *
 * Templates are cut into pieces once, at start; saying one is copying pieces. HTML templates escape
 * what is put into them, here and nowhere else. Files: `key = text` a line, # comments, \n for a
 * new line, {name} for a value.
 */
#ifndef BOT_TEXTS_H
#define BOT_TEXTS_H

#include "base/base.h"
#include "shop/users.h"

struct arena;
struct texts;

enum text {
#define TEXT(name, key, kind, params) TEXT_##name,
#include "bot/texts.def"
    TEXT_COUNT
};

enum text_param {
#define TEXT_PARAM(name, text) PARAM_##name,
#include "bot/texts.def"
    PARAM_COUNT
};

struct text_arg {
    enum text_param param;
    struct str value;
};

#define TEXT_ARGS(...)                                                                             \
    (const struct text_arg[]){__VA_ARGS__},                                                        \
        sizeof((const struct text_arg[]){__VA_ARGS__}) / sizeof(struct text_arg)

/* Read one file per language. GB_INVALID: *reterr_why names file, line and fault. */
enum gb_err texts_parse(struct arena *arena, const struct str files[LANGUAGE_COUNT],
                        struct texts **ret_texts, struct str *reterr_why) GB_MUST_USE;

/* A text without placeholders; no copy is made. */
struct str text_get(const struct texts *texts, enum language language, enum text text);

/* A text with its placeholders filled; each of them must be given. */
void text_put(struct buf *buf, const struct texts *texts, enum language language, enum text text,
              const struct text_arg *args, size_t arg_count);
struct str text_fill(struct arena *arena, const struct texts *texts, enum language language,
                     enum text text, const struct text_arg *args, size_t arg_count);

/* A COUNT text in the form that goes with n: "21 день". */
struct str text_count(struct arena *arena, const struct texts *texts, enum language language,
                      enum text text, int64_t n);

/* The text of this key, for keys named by the shop. GB_NOT_FOUND. */
enum gb_err text_find(const char *key, enum text *ret_text) GB_MUST_USE;

/* "days", for tests and messages. */
const char *text_key(enum text text);
/* Does the text have placeholders, or forms? Then text_get is not for it. */
bool text_is_template(enum text text);

#endif

/* log.h: one line per fact: time, level, event, key=value; secrets masked; the last 200 kept.
 *
 * Called by engine, io, sandbox, cli; the rooms below return instead. `event` and keys are static
 * text, values may be foreign: they are quoted, cut at 300 bytes, and whatever was registered as a
 * secret is replaced by ***.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
    const char *key;
    struct str text; /* used when is_text */
    int64_t number;
    bool is_text;
};

#define LOG_STR(key, value)  ((struct log_field){(key), (value), 0, true})
#define LOG_TEXT(key, value) ((struct log_field){(key), str_of(value), 0, true})
#define LOG_INT(key, value)  ((struct log_field){(key), STR_NONE, (int64_t)(value), false})

#define LOG_AT(level, event, ...)                                                                  \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__},                           \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define LOG_DEBUG(event, ...) LOG_AT(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define LOG_INFO(event, ...)  LOG_AT(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define LOG_WARN(event, ...)  LOG_AT(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define LOG_ERROR(event, ...) LOG_AT(LOG_LEVEL_ERROR, event, __VA_ARGS__)

/* Where lines go and from which level on; wall clock in ms for their time (NULL: no time). */
void log_start(int fd, enum log_level least, int64_t (*wall_ms)(void *ctx), void *ctx);
void log_set_level(enum log_level least);
bool log_enabled(enum log_level level);
/* Never print this text again (copied; shorter than 6 bytes is ignored; at most 256 of them). */
void log_hide(struct str secret);
void log_forget_secrets(void);
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);
/* `text` with every registered secret replaced, for texts shown elsewhere. */
struct str log_mask(struct arena *arena, struct str text);

#endif

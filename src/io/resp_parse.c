#include "io/resp.h"

#include "base/arena.h"
#include "base/num.h"

#define HEAD_BYTES_MAX ((size_t)32) /* of "*1024\r\n": a number has no more digits */

/* ---- finding a command's end ---- */

static enum resp_found broken(struct resp_parser *parser, const char *why, const char **ret_why) {
    *parser = (struct resp_parser){0};
    *ret_why = why;
    return RESP_BROKEN;
}

/* "<sign><number>\r\n" at parser->at. RESP_COMMAND: read, the parser stands behind it.
 * RESP_BROKEN: no such number. */
static enum resp_found head_read(struct resp_parser *parser, struct str came, int64_t *ret_number) {
    struct str rest = str_sub(came, parser->at, came.n);
    struct str line = str_sub(rest, 0, HEAD_BYTES_MAX);
    size_t end = str_find(line, '\n');
    if (end == line.n) {
        return line.n < HEAD_BYTES_MAX ? RESP_MORE : RESP_BROKEN;
    }
    struct str digits = str_sub(line, 1, end > 1 ? end - 2 : 0);
    bool is_ended = end > 1 && line.p[end - 1] == '\r';
    bool is_padded = digits.n > 1 && digits.p[0] == '0';
    if (!is_ended || is_padded || num_i64(digits, INT64_MIN, INT64_MAX, ret_number) != GB_OK) {
        return RESP_BROKEN;
    }
    parser->at += end + 1;
    return RESP_COMMAND;
}

static enum resp_found array_begin(struct resp_parser *parser, struct str came, bool is_stranger,
                                   const char **ret_why) {
    int64_t count = 0;
    enum resp_found found = head_read(parser, came, &count);
    if (found == RESP_MORE) {
        return RESP_MORE;
    }
    if (found == RESP_COMMAND && is_stranger && count > RESP_STRANGER_ARGS_MAX) {
        return broken(parser, "ERR Protocol error: unauthenticated multibulk length", ret_why);
    }
    if (found == RESP_BROKEN || count > RESP_ARGS_MAX) {
        return broken(parser, "ERR Protocol error: invalid multibulk length", ret_why);
    }
    parser->args_left = count;
    return count > 0 ? RESP_COMMAND : RESP_NOTHING;
}

static enum resp_found bulk_begin(struct resp_parser *parser, struct str came, bool is_stranger,
                                  const char **ret_why) {
    if (parser->at == came.n) {
        return RESP_MORE;
    }
    if (came.p[parser->at] != '$') {
        return broken(parser, "ERR Protocol error: expected '$'", ret_why);
    }
    int64_t bytes = 0;
    enum resp_found found = head_read(parser, came, &bytes);
    if (found == RESP_MORE) {
        return RESP_MORE;
    }
    if (found == RESP_COMMAND && is_stranger && bytes > RESP_STRANGER_BULK_MAX) {
        return broken(parser, "ERR Protocol error: unauthenticated bulk length", ret_why);
    }
    if (found == RESP_BROKEN || bytes < 0 || bytes > (int64_t)RESP_COMMAND_MAX) {
        return broken(parser, "ERR Protocol error: invalid bulk length", ret_why);
    }
    parser->bulk_left = bytes + 2;
    return RESP_COMMAND;
}

/* RESP_COMMAND: the argument is whole. */
static enum resp_found bulk_read(struct resp_parser *parser, struct str came,
                                 const char **ret_why) {
    size_t here = GB_MIN(came.n - parser->at, (size_t)parser->bulk_left);
    parser->at += here;
    parser->bulk_left -= (int64_t)here;
    if (parser->bulk_left > 0) {
        return RESP_MORE;
    }
    if (memcmp(came.p + parser->at - 2, "\r\n", 2) != 0) {
        return broken(parser, "ERR Protocol error: expected CRLF behind an argument", ret_why);
    }
    parser->args_left--;
    return RESP_COMMAND;
}

static enum resp_found array_parse(struct resp_parser *parser, struct str came, bool is_stranger,
                                   const char **ret_why) {
    enum resp_found found = RESP_COMMAND;
    if (parser->at == 0) {
        found = array_begin(parser, came, is_stranger, ret_why);
    }
    while (found == RESP_COMMAND && parser->args_left > 0) {
        found = parser->bulk_left > 0 ? bulk_read(parser, came, ret_why)
                                      : bulk_begin(parser, came, is_stranger, ret_why);
        /* A length is believed only as far as the whole may go. */
        if (found == RESP_COMMAND && parser->at + (size_t)parser->bulk_left > RESP_COMMAND_MAX) {
            return broken(parser, "ERR Protocol error: the command is larger than 1 MB", ret_why);
        }
    }
    return found;
}

static enum resp_found inline_parse(struct resp_parser *parser, struct str came,
                                    const char **ret_why) {
    struct str rest = str_sub(came, parser->at, came.n);
    size_t end = str_find(rest, '\n');
    parser->at += end;
    if (parser->at >= RESP_INLINE_MAX) {
        return broken(parser, "ERR Protocol error: too big inline request", ret_why);
    }
    if (end == rest.n) {
        return RESP_MORE;
    }
    parser->at++;
    return str_trim(str_sub(came, 0, parser->at)).n > 0 ? RESP_COMMAND : RESP_NOTHING;
}

enum resp_found resp_parse(struct resp_parser *parser, struct str came, bool is_stranger,
                           size_t *ret_bytes, const char **ret_why) {
    gb_assert(parser->at <= came.n);
    if (came.n == 0) {
        return RESP_MORE;
    }
    enum resp_found found = came.p[0] == '*' ? array_parse(parser, came, is_stranger, ret_why)
                                             : inline_parse(parser, came, ret_why);
    if (found == RESP_COMMAND || found == RESP_NOTHING) {
        *ret_bytes = parser->at;
        *parser = (struct resp_parser){0};
    }
    return found;
}

/* ---- its arguments ---- */

/* The number of a head that was read once already. */
static size_t head_again(struct str *rest) {
    struct str line;
    int64_t number = 0;
    bool there = str_split(rest, '\n', &line);
    enum gb_err err = num_i64(str_sub(line, 1, line.n - 2), 0, INT64_MAX, &number);
    gb_assert(there && err == GB_OK);
    return (size_t)number;
}

static void array_args(struct arena *arena, struct str command, const struct str **ret_args,
                       size_t *ret_count) {
    size_t count = head_again(&command);
    struct str *args = ARENA_ARRAY(arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = head_again(&command);
        args[i] = str_sub(command, 0, bytes);
        command = str_sub(command, bytes + 2, command.n);
    }
    *ret_args = args;
    *ret_count = count;
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char unescaped(char c) {
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* A quoted word is being read from `line` at *at, behind its quote. False: it does not end, or
 * something follows it at once. */
static bool quoted_read(struct buf *word, struct str line, size_t *at) {
    char quote = line.p[*at - 1];
    uint64_t byte;
    for (size_t i = *at; i < line.n; i++) {
        char c = line.p[i], next = i + 1 < line.n ? line.p[i + 1] : '\0';
        if (c == quote) {
            *at = i + 1;
            return *at == line.n || is_blank(line.p[*at]);
        }
        if (c != '\\' || i + 1 == line.n || (quote == '\'' && next != '\'')) {
            buf_add_char(word, c);
            continue;
        }
        if (next == 'x' && i + 3 < line.n && num_hex64(str_sub(line, i + 2, 2), &byte) == GB_OK) {
            buf_add_char(word, (char)byte);
            i += 3;
        } else {
            buf_add_char(word, quote == '"' ? unescaped(next) : next);
            i++;
        }
    }
    return false;
}

/* One word; `at` stands on its first byte. */
static bool word_read(struct arena *arena, struct str line, size_t *at, struct str *ret_word) {
    struct buf word;
    buf_init(&word, arena, RESP_INLINE_MAX);
    while (*at < line.n && !is_blank(line.p[*at])) {
        char c = line.p[(*at)++];
        if (c != '"' && c != '\'') {
            buf_add_char(&word, c);
        } else if (!quoted_read(&word, line, at)) {
            return false;
        }
    }
    *ret_word = buf_str(&word);
    return true;
}

static enum gb_err inline_args(struct arena *arena, struct str line, const struct str **ret_args,
                               size_t *ret_count) {
    struct str *args = ARENA_ARRAY(arena, struct str, GB_MIN(line.n, (size_t)RESP_ARGS_MAX));
    size_t count = 0;
    for (size_t at = 0;;) {
        while (at < line.n && is_blank(line.p[at])) {
            at++;
        }
        if (at == line.n) {
            break;
        }
        if (count == RESP_ARGS_MAX || !word_read(arena, line, &at, &args[count])) {
            return GB_INVALID;
        }
        count++;
    }
    *ret_args = args;
    *ret_count = count;
    return count > 0 ? GB_OK : GB_INVALID;
}

enum gb_err resp_args(struct arena *arena, struct str command, const struct str **ret_args,
                      size_t *ret_count) {
    gb_assert(command.n > 0);
    if (command.p[0] != '*') {
        return inline_args(arena, command, ret_args, ret_count);
    }
    array_args(arena, command, ret_args, ret_count);
    return GB_OK;
}

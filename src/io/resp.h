/* resp.h: RESP2 and RESP3, the protocol of Redis, in both directions: bytes -> commands, values ->
 * bytes. Pure: no socket, no memory but the caller's arena.
 *
 *   *2\r\n$3\r\nGET\r\n$1\r\na\r\n     a command as clients send it
 *   GET "a b"\r\n                      the same by hand: words, quoted as in a shell
 *
 * A parser keeps three numbers and no bytes: the caller shows it all that came of a command so far,
 * each time a little more, and nothing is read twice until the command is whole.
 */
#ifndef IO_RESP_H
#define IO_RESP_H

#include "base/base.h"

struct arena;

#define RESP_ARGS_MAX    1024                  /* of one command */
#define RESP_COMMAND_MAX ((size_t)1024 * 1024) /* bytes of one command, its frame included */
#define RESP_INLINE_MAX  ((size_t)64 * 1024)
/* For who has not said the password, as Redis has it. */
#define RESP_STRANGER_ARGS_MAX 10
#define RESP_STRANGER_BULK_MAX 16384

/* All zero: between two commands. */
struct resp_parser {
    size_t at;         /* read so far, from the command's first byte */
    int64_t args_left; /* 0: the head is still to be read */
    int64_t bulk_left; /* of the argument being read, its CRLF included; 0: its length is next */
};

enum resp_found {
    RESP_MORE,    /* what came is the beginning of a command */
    RESP_COMMAND, /* *ret_bytes of it are one command: see resp_args */
    RESP_NOTHING, /* *ret_bytes of it mean nothing: an empty line, an empty array */
    RESP_BROKEN,  /* no command can be read from here on; *ret_why is the error's text, static */
};

/* `came` begins with the command's first byte and holds all that the last call was shown. After
 * anything but RESP_MORE the parser is between two commands again. */
enum resp_found resp_parse(struct resp_parser *parser, struct str came, bool is_stranger,
                           size_t *ret_bytes, const char **ret_why);

/* The arguments of a whole command, 1 to RESP_ARGS_MAX; they point into `command` where they can.
 * GB_INVALID: unbalanced quotes of an inline command, or more words than RESP_ARGS_MAX. */
enum gb_err resp_args(struct arena *arena, struct str command, const struct str **ret_args,
                      size_t *ret_count) GB_MUST_USE;

/* ---- replies ---- */

/* A reply being written. What only RESP3 has is written in RESP2's way for who speaks that. */
struct resp_out {
    struct buf *buf;
    bool is_3;
};

void resp_simple(struct resp_out *out, const char *text); /* "OK"; no line ends in it */
/* "ERR syntax error": bytes that would end the line become blanks. */
void resp_error(struct resp_out *out, struct str text);
void resp_int(struct resp_out *out, int64_t number);
void resp_bulk(struct resp_out *out, struct str text);
void resp_text(struct resp_out *out, struct str text); /* for reading: RESP3's verbatim string */
void resp_null(struct resp_out *out);
void resp_array(struct resp_out *out, size_t count); /* that many values follow */
void resp_map(struct resp_out *out, size_t pairs);   /* that many pairs of values follow */

#endif

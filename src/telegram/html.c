#include "telegram/html.h"

#include "base/arena.h"

#define BYTES_MAX 32768 /* what Telegram takes before it parses */
#define OPEN_MAX  16    /* tags open at once */

#define REPLACEMENT STR("\xEF\xBF\xBD") /* U+FFFD */

static struct str entity_of(char c) {
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    default:
        return STR_NONE; /* a control character */
    }
}

/* How many bytes from the start may stand in HTML as they are. */
static size_t plain_run(struct str text) {
    size_t at = 0;
    while (at < text.n) {
        unsigned char c = (unsigned char)text.p[at];
        if (c >= 0x80) {
            size_t n = utf8_step(str_sub(text, at, 4));
            if (n == 0) {
                break;
            }
            at += n;
        } else if ((c < ' ' && c != '\n') || c == 0x7f || c == '&' || c == '<' || c == '>' ||
                   c == '"') {
            break;
        } else {
            at++;
        }
    }
    return at;
}

void html_escape(struct buf *buf, struct str text) {
    while (text.n > 0) {
        size_t run = plain_run(text);
        buf_add(buf, str_sub(text, 0, run));
        text = str_sub(text, run, text.n);
        if (text.n > 0) {
            bool ascii = (unsigned char)text.p[0] < 0x80;
            buf_add(buf, ascii ? entity_of(text.p[0]) : REPLACEMENT);
            text = str_sub(text, 1, text.n);
        }
    }
}

/* ---- reading it as Telegram does ---- */

enum piece_kind { PIECE_CHAR, PIECE_OPEN, PIECE_CLOSE };

struct piece {
    enum piece_kind kind;
    struct str html; /* the bytes it takes */
    struct str name; /* of a tag */
};

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit_of(char c, bool hex) {
    return (c >= '0' && c <= '9') || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

/* Bytes of &#10; or &#xA;, the last one optional; 0: none. */
static size_t numeric_entity(struct str s) {
    bool hex = s.n > 2 && s.p[2] == 'x';
    size_t from = hex ? 3 : 2, at = from;
    unsigned long value = 0;
    for (; at < s.n && is_digit_of(s.p[at], hex) && value <= 0x10ffff; at++) {
        char c = s.p[at];
        unsigned digit = c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20U) - 'a' + 10;
        value = value * (hex ? 16 : 10) + digit;
    }
    if (at == from || value == 0 || value >= 0x10ffff) {
        return 0;
    }
    return at < s.n && s.p[at] == ';' ? at + 1 : at;
}

/* Bytes of the entity s starts with, 0: none. Only four have names. */
static size_t entity_bytes(struct str s) {
    static const struct str names[] = {STR_INIT("lt"), STR_INIT("gt"), STR_INIT("amp"),
                                       STR_INIT("quot")};
    if (s.n < 2 || s.p[0] != '&') {
        return 0;
    }
    if (s.p[1] == '#') {
        return numeric_entity(s);
    }
    size_t end = 1;
    while (end < s.n && end < 8 && is_letter(s.p[end])) {
        end++;
    }
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        if (str_equal(str_sub(s, 1, end - 1), names[i])) {
            return end < s.n && s.p[end] == ';' ? end + 1 : end;
        }
    }
    return 0;
}

/* Bytes of the tag s starts with; a > inside quotes does not end it. 0: it has no end. */
static size_t tag_bytes(struct str s) {
    char quote = '\0';
    for (size_t at = 1; at < s.n; at++) {
        char c = s.p[at];
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return at + 1;
        }
    }
    return 0;
}

static struct str tag_name(struct str tag) {
    size_t from = tag.n > 1 && tag.p[1] == '/' ? 2 : 1, to = from;
    while (is_letter(tag.p[to]) || is_digit_of(tag.p[to], false) || tag.p[to] == '-') {
        to++; /* at the latest the > ends it */
    }
    return str_sub(tag, from, to - from);
}

/* The next piece of *rest, which is not empty. */
static struct piece next_piece(struct str *rest) {
    struct piece piece = {.kind = PIECE_CHAR};
    size_t bytes = 0;
    if (rest->p[0] == '<') {
        bytes = tag_bytes(*rest);
        if (bytes > 0) {
            piece.kind = rest->p[1] == '/' ? PIECE_CLOSE : PIECE_OPEN;
            piece.name = tag_name(str_sub(*rest, 0, bytes));
        }
    } else if (rest->p[0] == '&') {
        bytes = entity_bytes(*rest);
    } else {
        bytes = utf8_step(str_sub(*rest, 0, 4));
    }
    bytes = GB_MAX(bytes, 1);
    piece.html = str_sub(*rest, 0, bytes);
    *rest = str_sub(*rest, bytes, rest->n);
    return piece;
}

size_t html_length(struct str html) {
    size_t count = 0, first = 0, last = 0; /* last: behind the last that is not blank */
    while (html.n > 0) {
        struct piece piece = next_piece(&html);
        if (piece.kind != PIECE_CHAR) {
            continue;
        }
        bool blank = str_trim(piece.html).n == 0;
        if (blank && last == 0) {
            first++;
        }
        count++;
        last = blank ? last : count;
    }
    return last == 0 ? 0 : last - first;
}

struct open_tags {
    struct str name[OPEN_MAX];
    size_t count;
    size_t close_bytes; /* what closing them all takes */
};

/* Keep count of what is open. False: a tag that cannot be taken over. */
static bool follow_tag(struct open_tags *open, const struct piece *piece) {
    if (piece->kind == PIECE_OPEN) {
        if (open->count == OPEN_MAX) {
            return false;
        }
        open->name[open->count++] = piece->name;
        open->close_bytes += piece->name.n + 3;
        return true;
    }
    if (open->count == 0) {
        return false;
    }
    open->close_bytes -= open->name[--open->count].n + 3;
    return true;
}

static void close_tags(struct buf *buf, struct open_tags *open) {
    while (open->count > 0) {
        buf_add_text(buf, "</");
        buf_add(buf, open->name[--open->count]);
        buf_add_char(buf, '>');
    }
}

struct str html_cut(struct arena *arena, struct str html, size_t count) {
    struct buf buf;
    struct open_tags open = {.count = 0};
    buf_init(&buf, arena, BYTES_MAX);
    while (html.n > 0 && count > 0) {
        struct piece piece = next_piece(&html);
        bool tag = piece.kind != PIECE_CHAR;
        /* An opening tag needs room for its own end, too. */
        size_t need = piece.html.n + (piece.kind == PIECE_OPEN ? piece.name.n + 3 : 0);
        if (buf.n + need + open.close_bytes > BYTES_MAX) {
            break;
        }
        if (tag && !follow_tag(&open, &piece)) {
            break;
        }
        buf_add(&buf, piece.html);
        count -= tag ? 0 : 1;
    }
    close_tags(&buf, &open);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

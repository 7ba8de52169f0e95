#include "base/codec.h"

#include "base/arena.h"

#define WHY_BYTES  200 /* no further word is begun behind these */
#define WORD_CHARS 40

bool codec_no_reply(const struct http_reply *reply, struct answer *ret_answer) {
    if (reply->outcome == HTTP_REPLIED) {
        return false;
    }
    bool left = reply->outcome != HTTP_NOT_SENT;
    *ret_answer = (struct answer){
        .kind = left ? ANSWER_UNKNOWN : ANSWER_LATER,
        .lane_wide = !left,
        .reason = "",
        .why = str_of(reply->fault),
    };
    return true;
}

bool codec_header_fits(struct str value) {
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c <= ' ' || c >= 0x7f) {
            return false;
        }
    }
    return value.n > 0;
}

static bool is_blank(char c) {
    return (unsigned char)c <= ' ' || c == '\x7f';
}

/* Cut the next word off *rest; blanks and control characters part words. */
static bool next_word(struct str *rest, struct str *ret_word) {
    size_t from = 0;
    while (from < rest->n && is_blank(rest->p[from])) {
        from++;
    }
    size_t to = from;
    while (to < rest->n && !is_blank(rest->p[to])) {
        to++;
    }
    *ret_word = str_sub(*rest, from, to - from);
    *rest = str_sub(*rest, to, rest->n);
    return ret_word->n > 0;
}

static bool must_be_hidden(struct str word, struct str secret) {
    return str_find_str(word, STR("://")) < word.n ||
           (secret.n > 0 && str_find_str(word, secret) < word.n);
}

struct str codec_why(struct arena *arena, int status, struct str said, struct str secret) {
    struct buf why;
    struct str word;
    buf_init(&why, arena, WHY_BYTES + 4 * WORD_CHARS + 32);
    buf_add_text(&why, "HTTP ");
    buf_add_i64(&why, status);
    buf_add_text(&why, said.n > 0 ? ":" : "");
    while (why.n < WHY_BYTES && next_word(&said, &word)) {
        buf_add_char(&why, ' ');
        buf_add(&why, must_be_hidden(word, secret) ? STR("***") : utf8_cut(word, WORD_CHARS));
    }
    gb_assert(!why.failed);
    return buf_str(&why);
}

/* log.c: one line, one write.
 *
 * A line is put together in place, secrets are replaced in each value before it is cut (a cut
 * would leave half a secret that nobody recognises) and once more in the whole line. A reader who
 * does not keep up must not hold the shop: a line that cannot be written at once is dropped and
 * counted, and the count is told when there is room again.
 *
 * One thread logs. Its state is the program's, so it is static.
 */
#define GB_DOOR "secrets are copied to the heap, apart from every arena"
#include "base/log.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/crypto.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#define LINE_BYTES_MAX   4096 /* PIPE_BUF: a pipe takes such a line whole or not at all */
#define VALUE_BYTES_MAX  300
#define SECRETS_MAX      256
#define SECRET_BYTES_MIN 6
#define CUT_SECRET_MIN   12 /* the beginning of a shorter one may be any word */
#define SECRET_BYTES_MAX 4096
#define KEPT_LINES       200
#define KEPT_BYTES_MAX   508

#define MASK     "***"
#define ELLIPSIS "\xE2\x80\xA6"

struct line {
    size_t n;
    bool full;
    char text[LINE_BYTES_MAX];
};

static struct {
    int fd; /* one more, so that zero means none */
    bool may_block;
    enum log_level least;
    int64_t (*wall_ms)(void *ctx);
    void *ctx;
    uint64_t dropped;
} sink = {.least = LOG_LEVEL_INFO};

static struct {
    struct str text[SECRETS_MAX];
    size_t count, oldest;
    size_t longest;
    bool starts[256]; /* does a secret start with this byte? */
} secrets;

static struct {
    struct {
        uint16_t n;
        char text[KEPT_BYTES_MAX];
    } line[KEPT_LINES];
    size_t next;
} kept;

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

/* ---- secrets ---- */

static bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* How much of this secret `text` starts with: all; or most of it, when whoever shortened the text
 * on its way here cut it there; else 0. */
static size_t secret_part(struct str text, struct str secret) {
    size_t n = 0, most = GB_MIN(text.n, secret.n);
    while (n < most && text.p[n] == secret.p[n]) {
        n++;
    }
    bool ends = n == text.n || !is_word_byte(text.p[n]);
    bool is_cut = ends && secret.n >= CUT_SECRET_MIN && n >= secret.n - secret.n / 4;
    return n == secret.n || is_cut ? n : 0;
}

/* Length of the longest secret that `text` starts with; 0: none. */
static size_t secret_at(struct str text) {
    size_t longest = 0;
    if (text.n == 0 || !secrets.starts[(unsigned char)text.p[0]]) {
        return 0;
    }
    for (size_t i = 0; i < secrets.count; i++) {
        longest = GB_MAX(longest, secret_part(text, secrets.text[i]));
    }
    return longest;
}

/* Replace in place: the mask is shorter than any secret. Returns the new length. */
static size_t mask_bytes(char *text, size_t n) {
    _Static_assert(sizeof MASK - 1 <= SECRET_BYTES_MIN, "masking never lengthens a text");
    size_t to = 0;
    for (size_t from = 0; from < n;) {
        size_t hidden = secret_at((struct str){text + from, n - from});
        if (hidden > 0) {
            memcpy(text + to, MASK, sizeof MASK - 1);
            to += sizeof MASK - 1;
            from += hidden;
        } else {
            text[to++] = text[from++];
        }
    }
    return to;
}

static void secrets_index(void) {
    memset(secrets.starts, 0, sizeof secrets.starts);
    secrets.longest = 0;
    for (size_t i = 0; i < secrets.count; i++) {
        secrets.starts[(unsigned char)secrets.text[i].p[0]] = true;
        secrets.longest = GB_MAX(secrets.longest, secrets.text[i].n);
    }
}

static void secret_forget(struct str *secret) {
    char *text = (char *)(uintptr_t)secret->p; /* ours, copied by log_hide */
    crypto_wipe(text, secret->n);
    free(text);
    *secret = STR_NONE;
}

void log_hide(struct str secret) {
    secret = str_sub(secret, 0, SECRET_BYTES_MAX);
    if (secret.n < SECRET_BYTES_MIN) {
        return;
    }
    for (size_t i = 0; i < secrets.count; i++) {
        if (str_equal(secrets.text[i], secret)) {
            return;
        }
    }
    char *copy = malloc(secret.n);
    gb_assert(copy != NULL);
    memcpy(copy, secret.p, secret.n);
    size_t slot = secrets.count;
    if (slot < SECRETS_MAX) {
        secrets.count++;
    } else {
        slot = secrets.oldest;
        secrets.oldest = (secrets.oldest + 1) % SECRETS_MAX;
        secret_forget(&secrets.text[slot]);
    }
    secrets.text[slot] = (struct str){copy, secret.n};
    secrets_index();
}

void log_forget_secrets(void) {
    for (size_t i = 0; i < secrets.count; i++) {
        secret_forget(&secrets.text[i]);
    }
    secrets.count = secrets.oldest = 0;
    secrets_index();
}

struct str log_mask(struct arena *arena, struct str text) {
    char *copy = arena_take(arena, text.n + 1);
    if (text.n > 0) {
        memcpy(copy, text.p, text.n);
    }
    size_t n = mask_bytes(copy, text.n);
    copy[n] = '\0';
    return (struct str){copy, n};
}

/* ---- a line ---- */

/* Room for the ellipsis and the line's end is always left. */
static void put(struct line *line, struct str s) {
    size_t room = sizeof line->text - sizeof ELLIPSIS - line->n;
    if (line->full || s.n > room) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->n, s.p, s.n);
    line->n += s.n;
}

static void put_number(struct line *line, int64_t number) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, number);
    put(line, (struct str){digits, (size_t)n});
}

/* How many bytes at the start of s can be shown as they are between quotes; at most one code
 * point. C1 controls are well-formed and still move a terminal's cursor. */
static size_t showable(struct str s) {
    unsigned char c = (unsigned char)s.p[0];
    size_t n = utf8_step(s);
    if (c < 0x20 || c == 0x7F || c == '"' || c == '\\') {
        return 0;
    }
    return n == 2 && c == 0xC2 && (unsigned char)s.p[1] < 0xA0 ? 0 : n;
}

static bool needs_quotes(struct str s) {
    for (size_t at = 0; at < s.n;) {
        size_t n = showable(str_sub(s, at, 4));
        if (n == 0 || s.p[at] == ' ' || s.p[at] == '=') {
            return true;
        }
        at += n;
    }
    return s.n == 0;
}

static void put_escape(struct line *line, char c) {
    const char named[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
    const char *at = c != '\0' ? strchr(named, c) : NULL;
    if (at != NULL) {
        const char escape[2] = {'\\', letters[at - named]};
        put(line, (struct str){escape, sizeof escape});
        return;
    }
    const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    const char escape[4] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    put(line, (struct str){escape, sizeof escape});
}

static void put_quoted(struct line *line, struct str s) {
    put(line, STR("\""));
    while (s.n > 0) {
        size_t n = showable(str_sub(s, 0, 4));
        if (n > 0) {
            put(line, str_sub(s, 0, n));
        } else {
            put_escape(line, s.p[0]);
            n = 1;
        }
        s = str_sub(s, n, s.n);
    }
    put(line, STR("\""));
}

/* Foreign text: masked, cut, quoted, in this order. */
static void put_value(struct line *line, struct str value) {
    char shown[VALUE_BYTES_MAX + sizeof ELLIPSIS];
    size_t to = 0;
    for (size_t from = 0; from < value.n;) {
        struct str rest = str_sub(value, from, value.n);
        size_t hidden = secret_at(rest);
        struct str piece = hidden > 0 ? STR(MASK) : str_sub(rest, 0, GB_MAX(utf8_step(rest), 1));
        if (to + piece.n > VALUE_BYTES_MAX) {
            memcpy(shown + to, ELLIPSIS, sizeof ELLIPSIS - 1);
            to += sizeof ELLIPSIS - 1;
            break;
        }
        memcpy(shown + to, piece.p, piece.n);
        to += piece.n;
        from += hidden > 0 ? hidden : piece.n;
    }
    struct str text = {shown, to};
    if (needs_quotes(text)) {
        put_quoted(line, text);
    } else {
        put(line, text);
    }
}

static void line_begin(struct line *line, enum log_level level, const char *event) {
    line->n = 0;
    line->full = false;
    if (sink.wall_ms != NULL) {
        struct civil c = clock_civil(sink.wall_ms(sink.ctx), 0);
        char stamp[96];
        int n = snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", c.year,
                         c.month, c.day, c.hour, c.minute, c.second, c.ms);
        put(line, (struct str){stamp, (size_t)n});
    }
    put(line, str_of(level_names[level]));
    put(line, STR(" "));
    put(line, str_of(event));
}

static void line_end(struct line *line) {
    line->n = mask_bytes(line->text, line->n);
    if (line->full) {
        memcpy(line->text + line->n, ELLIPSIS, sizeof ELLIPSIS - 1);
        line->n += sizeof ELLIPSIS - 1;
    }
    line->text[line->n++] = '\n';
}

/* ---- where it goes ---- */

static void keep(const struct line *line) {
    size_t n = GB_MIN(line->n - 1, (size_t)KEPT_BYTES_MAX);
    memcpy(kept.line[kept.next].text, line->text, n);
    kept.line[kept.next].n = (uint16_t)n;
    kept.next = (kept.next + 1) % KEPT_LINES;
}

static void write_tail(int fd) {
    static const char title[] = "panic: the last lines of the log:\n";
    ssize_t written = write(fd, title, sizeof title - 1);
    for (size_t i = 0; i < KEPT_LINES && written >= 0; i++) {
        size_t at = (kept.next + i) % KEPT_LINES;
        size_t n = kept.line[at].n;
        char text[KEPT_BYTES_MAX + 1];
        if (n > 0 && n <= KEPT_BYTES_MAX) {
            memcpy(text, kept.line[at].text, n);
            text[n] = '\n';
            written = write(fd, text, n + 1);
        }
    }
}

/* False: the other end is not reading, or the disk is full. A pipe of ours may be in blocking mode
 * and shared with other programs, which is why it is asked instead of changed. */
static bool line_write(const struct line *line) {
    int fd = sink.fd - 1;
    if (sink.may_block) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
            return false;
        }
    }
    ssize_t written;
    do {
        written = write(fd, line->text, line->n);
    } while (written < 0 && errno == EINTR);
    return written == (ssize_t)line->n;
}

static void tell_dropped(void) {
    struct line line;
    line_begin(&line, LOG_LEVEL_WARN, "log_lines_dropped");
    put(&line, STR(" count="));
    put_number(&line, (int64_t)sink.dropped);
    line_end(&line);
    if (line_write(&line)) {
        sink.dropped = 0;
    }
}

void log_start(int fd, enum log_level least, int64_t (*wall_ms)(void *ctx), void *ctx) {
    struct stat about;
    sink.fd = fd + 1;
    sink.may_block = fstat(fd, &about) == 0 && !S_ISREG(about.st_mode);
    sink.wall_ms = wall_ms;
    sink.ctx = ctx;
    log_set_level(least);
    gb_panic_tail(write_tail);
}

void log_set_level(enum log_level least) {
    gb_assert((size_t)least < GB_COUNT(level_names));
    sink.least = least;
}

bool log_enabled(enum log_level level) {
    return level >= sink.least;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count) {
    if (!log_enabled(level)) {
        return;
    }
    struct line line;
    line_begin(&line, level, event);
    for (size_t i = 0; i < count; i++) {
        put(&line, STR(" "));
        put(&line, str_of(fields[i].key));
        put(&line, STR("="));
        if (fields[i].is_text) {
            put_value(&line, fields[i].text);
        } else {
            put_number(&line, fields[i].number);
        }
    }
    line_end(&line);
    keep(&line);
    if (sink.fd == 0) {
        return;
    }
    if (sink.dropped > 0) {
        tell_dropped();
    }
    if (sink.dropped > 0 || !line_write(&line)) {
        sink.dropped++;
    }
}

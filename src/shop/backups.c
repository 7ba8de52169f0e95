#include "shop/backups.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/work.h"

#define LANE        STR("local")
#define KIND        STR("backup")
#define PREFIX      "gigabridge-"
#define SHOP_MAX    32
#define DATE_SHAPE  "-dddddddd-dddddd.gbk" /* d: a digit */
#define DATE_CHARS  (sizeof DATE_SHAPE - 1)
#define NAME_CHARS  (sizeof PREFIX - 1 + SHOP_MAX + DATE_CHARS)
#define JSON_MAX    1024
#define WAITING_MAX 16
#define GIVE_UP_MS  GB_HOUR_MS

/* ---- names ---- */

static bool is_slug_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* What can be in a file's name and means the same everywhere; each run of anything else is one
 * hyphen. */
static void put_slug(struct buf *buf, struct str shop) {
    size_t start = buf->n, end = start;
    for (size_t i = 0; i < shop.n && buf->n - start < SHOP_MAX; i++) {
        char c = shop.p[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if (c != '-' && is_slug_byte(c)) {
            buf_add_char(buf, c);
            end = buf->n;
        } else if (buf->n > start && buf->n == end) {
            buf_add_char(buf, '-');
        }
    }
    buf->n = end;
    if (end == start) {
        buf_add_text(buf, "shop");
    }
}

struct str backup_name(struct arena *arena, struct str shop, int64_t now_ms) {
    struct civil at = clock_civil(now_ms, 0);
    struct buf buf;
    buf_init(&buf, arena, NAME_CHARS + 1);
    buf_add_text(&buf, PREFIX);
    put_slug(&buf, shop);
    buf_printf(&buf, "-%04d%02d%02d-%02d%02d%02d.gbk", at.year, at.month, at.day, at.hour,
               at.minute, at.second);
    gb_assert(!buf.failed && backup_is_name(buf_str(&buf)));
    return buf_str(&buf);
}

static bool is_date(struct str text) {
    static const char shape[] = DATE_SHAPE;
    for (size_t i = 0; i < DATE_CHARS; i++) {
        bool is_digit = text.p[i] >= '0' && text.p[i] <= '9';
        if (shape[i] == 'd' ? !is_digit : text.p[i] != shape[i]) {
            return false;
        }
    }
    return true;
}

bool backup_is_name(struct str name) {
    size_t prefix = sizeof PREFIX - 1;
    if (name.n <= prefix + DATE_CHARS || name.n > NAME_CHARS || !str_starts(name, STR(PREFIX)) ||
        !is_date(str_sub(name, name.n - DATE_CHARS, DATE_CHARS))) {
        return false;
    }
    for (size_t i = prefix; i < name.n - DATE_CHARS; i++) {
        if (!is_slug_byte(name.p[i])) {
            return false;
        }
    }
    return true;
}

struct str backup_family(struct str name) {
    return str_sub(name, 0, name.n - DATE_CHARS);
}

/* ---- settings ---- */

struct str backup_directory(const struct config *config, struct arena *arena, int64_t *ret_keep) {
    bool is_kept = config->backup.directory.n > 0;
    *ret_keep = is_kept ? config->backup.keep : 1;
    return is_kept ? config->backup.directory
                   : arena_printf(arena, STR_FMT "/outgoing", STR_ARG(config->store.directory));
}

bool backup_is_sent(const struct config *config) {
    return config->backup.send && secret_reveal(config->backup.password).n > 0;
}

/* ---- what was made ---- */

struct str backup_write(struct arena *arena, const struct backup *backup) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, JSON_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "path", backup->name);
    json_put_i64(&out, "bytes", backup->bytes);
    json_put_i64(&out, "rows", backup->rows);
    json_put_bool(&out, "encrypted", backup->is_encrypted);
    json_put_str(&out, "sha256", backup->sha256);
    json_close(&out);
    gb_assert(!buf.failed);
    return buf_str(&buf);
}

enum gb_err backup_read(struct arena *arena, struct str text, struct backup *ret_backup) {
    const struct json *root;
    struct backup backup;
    if (json_parse(arena, text, &root, NULL) != GB_OK || !json_str(root, "path", &backup.name) ||
        !json_i64(root, "bytes", &backup.bytes) || !json_i64(root, "rows", &backup.rows) ||
        !json_bool(root, "encrypted", &backup.is_encrypted) ||
        !json_str(root, "sha256", &backup.sha256) || !backup_is_name(backup.name) ||
        backup.bytes < 0 || backup.rows < 0 || backup.sha256.n != 2 * (size_t)SHA256_BYTES) {
        return GB_INVALID;
    }
    *ret_backup = backup;
    return GB_OK;
}

/* ---- asking, and the answer ---- */

struct waiting {
    struct work *work;
    bool found;
};

static bool waiting_row(void *ctx, struct str key, struct str value) {
    struct waiting *waiting = ctx;
    struct outbox_row row;
    waiting->found =
        outbox_read(waiting->work->arena, key, value, &row) == GB_OK && str_equal(row.kind, KIND);
    return !waiting->found;
}

enum gb_err backup_ask(struct work *work) {
    struct waiting waiting = {.work = work};
    enum gb_err err =
        tx_scan_prefix(work->tx, TABLE_OUTBOX, STR("local/"), WAITING_MAX, waiting_row, &waiting);
    if (err == GB_OK && !waiting.found) {
        outbox_add(work, &(struct outbox_row){
                             .lane = LANE,
                             .kind = KIND,
                             .body = STR("{}"),
                             .then = STR("local.backup"),
                             .again = OUTBOX_SAFE,
                             .give_up_ms = work->now_ms + GIVE_UP_MS,
                         });
    }
    return err;
}

enum gb_err backup_answered(struct work *work, const struct event *event) {
    const struct answer *answer = event->answer;
    struct backup backup;
    bool is_made =
        answer->kind == ANSWER_DONE && backup_read(work->arena, answer->said, &backup) == GB_OK;
    struct notice notice = {.kind = NOTICE_BACKUP_FAILED, .extra = answer->why};
    if (is_made) {
        notice = (struct notice){
            .kind = NOTICE_BACKUP_MADE, .about = backup.name, .extra = answer->said};
    }
    notice_add(work, &notice);
    return GB_OK;
}

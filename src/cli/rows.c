#include "cli/rows.h"

#include "base/arena.h"
#include "base/json.h"
#include "store/backend.h"

#define PAGE_ROWS         1000
#define PAGE_BYTES        ((size_t)1024 * 1024)
#define PAGE_BYTES_ENOUGH ((size_t)8 * 1024 * 1024)
#define PAGE_BYTES_MAX    ((size_t)4 * 1024 * 1024 * 1024 - 1)
#define LINE_BYTES_MAX    ((size_t)32 * 1024 * 1024)

/* ---- walking ---- */

struct page {
    struct arena *arena;
    struct str prefix;
    struct row *rows;
    size_t count;
    bool is_full, is_last;
};

static bool page_row(void *ctx, struct str key, struct str value) {
    struct page *page = ctx;
    if (!str_starts(key, page->prefix)) {
        page->is_last = true;
        return false;
    }
    page->rows[page->count++] =
        (struct row){.key = arena_copy(page->arena, key), .value = arena_copy(page->arena, value)};
    page->is_full = page->count == PAGE_ROWS || arena_used_bytes(page->arena) > PAGE_BYTES_ENOUGH;
    return !page->is_full;
}

static enum gb_err page_read(struct backend *backend, int table, struct str from, int64_t now_ms,
                             struct page *page) {
    page->rows = ARENA_ARRAY(page->arena, struct row, PAGE_ROWS);
    page->count = 0;
    page->is_full = false;
    struct tx *tx = tx_begin(backend, page->arena, now_ms);
    enum gb_err err = tx_scan(tx, table, from, STR_NONE, PAGE_ROWS, page_row, page);
    page->is_last = page->is_last || !page->is_full;
    for (size_t i = 0; err == GB_OK && i < page->count; i++) {
        struct row *row = &page->rows[i];
        row->table = table;
        err = backend->ops->expiry(backend, table, row->key, now_ms, &row->expires_ms);
    }
    return err;
}

/* The first key behind this one. */
static struct str behind(struct arena *arena, struct str key) {
    struct buf next;
    buf_init(&next, arena, STORE_KEY_MAX + 1);
    buf_add(&next, key);
    buf_add_char(&next, '\0');
    return buf_str(&next);
}

enum gb_err rows_walk(struct backend *backend, int table, struct str prefix, int64_t now_ms,
                      row_fn *each, void *ctx) {
    struct arena *places = arena_new(1024, 4096);
    struct page page = {.arena = arena_new(PAGE_BYTES, PAGE_BYTES_MAX), .prefix = prefix};
    struct str from = prefix;
    enum gb_err err = GB_OK;
    while (err == GB_OK && !page.is_last) {
        arena_clear(page.arena);
        err = page_read(backend, table, from, now_ms, &page);
        for (size_t i = 0; err == GB_OK && i < page.count; i++) {
            err = each(ctx, page.arena, &page.rows[i]);
        }
        if (err == GB_OK && page.count > 0) {
            arena_clear(places);
            from = behind(places, page.rows[page.count - 1].key);
        }
    }
    arena_free(page.arena);
    arena_free(places);
    return err == GB_EXISTS ? GB_OK : err;
}

enum gb_err rows_walk_all(struct backend *backend, int64_t now_ms, row_fn *each, void *ctx) {
    enum gb_err err = GB_OK;
    for (int table = 0; err == GB_OK && table < TABLE_COUNT; table++) {
        err = rows_walk(backend, table, STR_NONE, now_ms, each, ctx);
    }
    return err;
}

int rows_table(struct str name) {
    for (int table = 0; table < TABLE_COUNT; table++) {
        if (str_is(name, store_tables[table].name)) {
            return table;
        }
    }
    return -1;
}

/* ---- lines ---- */

static void put_text(struct json_out *out, struct arena *arena, const char *name,
                     const char *name_of_bytes, struct str text) {
    bool is_text = utf8_is_valid(text) && memchr(text.p, '\0', text.n) == NULL;
    if (is_text) {
        json_put_str(out, name, text);
    } else {
        json_put_str(out, name_of_bytes, base64_encode(arena, text));
    }
}

struct str row_write(struct arena *arena, const struct row *row) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, LINE_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_text(&out, "t", store_tables[row->table].name);
    put_text(&out, arena, "k", "kb", row->key);
    put_text(&out, arena, "v", "vb", row->value);
    if (row->expires_ms != STORE_NEVER) {
        json_put_i64(&out, "x", row->expires_ms);
    }
    json_close(&out);
    gb_assert(!buf.failed); /* a value of STORE_VALUE_MAX, each byte escaped, is less */
    return buf_str(&buf);
}

static bool take_text(struct arena *arena, const struct json *root, const char *name,
                      const char *name_of_bytes, struct str *ret_text) {
    struct str encoded;
    return json_str(root, name, ret_text) || (json_str(root, name_of_bytes, &encoded) &&
                                              base64_decode(arena, encoded, ret_text) == GB_OK);
}

enum gb_err row_read(struct arena *arena, struct str line, struct row *ret_row,
                     const char **reterr_why) {
    const struct json *root;
    struct str table;
    struct row row = {.expires_ms = STORE_NEVER};
    *reterr_why = "no row";
    if (json_parse(arena, line, &root, NULL) != GB_OK || !json_str(root, "t", &table) ||
        !take_text(arena, root, "k", "kb", &row.key) ||
        !take_text(arena, root, "v", "vb", &row.value)) {
        return GB_INVALID;
    }
    if (json_at(root, "x") != NULL &&
        (!json_i64(root, "x", &row.expires_ms) || row.expires_ms < 1)) {
        *reterr_why = "an expiry that is none";
        return GB_INVALID;
    }
    row.table = rows_table(table);
    if (row.table < 0) {
        *reterr_why = "a table this version does not know";
        return GB_INVALID;
    }
    if (row.key.n == 0 || row.key.n > STORE_KEY_MAX || row.value.n > STORE_VALUE_MAX) {
        *reterr_why = "a key or value that is too long";
        return GB_INVALID;
    }
    *ret_row = row;
    return GB_OK;
}

void chain_add(struct chain *chain, struct arena *arena, int table, struct str line) {
    struct buf link;
    buf_init(&link, arena, LINE_BYTES_MAX + SHA256_BYTES);
    buf_add(&link, (struct str){(const char *)chain->digest, SHA256_BYTES});
    buf_add(&link, line);
    sha256(buf_str(&link), chain->digest);
    chain->rows++;
    chain->rows_of[table]++;
}

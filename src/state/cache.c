#include "state/cache.h"

#include "base/arena.h"
#include "state/work.h"

#define VALUE_BYTES_MAX ((size_t)256 * 1024)
#define MARK_MS         (10 * GB_SECOND_MS)

static const struct {
    const char *name;
    size_t life_ms; /* where in the config */
} lists[] = {
#define X(name, text) {#text, offsetof(struct config, cache.text)},
    GB_CACHED(X)
#undef X
};

static int64_t life_ms(const struct work *work, enum cached list) {
    const char *config = (const char *)work->config;
    int64_t life_ms;
    memcpy(&life_ms, config + lists[list].life_ms, sizeof life_ms);
    return work->is_shared ? life_ms : 0;
}

static struct str cache_key(struct work *work, enum cached list, struct str id) {
    return arena_printf(work->arena, "%s:" STR_FMT, lists[list].name, STR_ARG(id));
}

/* A record a line: JSON has no bare line feed. */
static bool rows_read(struct work *work, const struct record *record, struct str text, void *rows,
                      size_t max, size_t *ret_count) {
    size_t count = 0;
    for (; text.n > 0 && count < max; count++) {
        size_t end = str_find(text, '\n');
        char *row = (char *)rows + count * record->bytes;
        if (record_read(work->arena, record, str_sub(text, 0, end), row) != GB_OK) {
            return false;
        }
        text = str_sub(text, GB_MIN(end + 1, text.n), text.n);
    }
    *ret_count = count;
    return true;
}

enum gb_err cache_read(struct work *work, enum cached list, struct str id,
                       const struct record *record, void *rows, size_t max, size_t *ret_count) {
    struct str text;
    if (life_ms(work, list) == 0) {
        return GB_NOT_FOUND;
    }
    enum gb_err err = tx_get(work->tx, TABLE_CACHE, cache_key(work, list, id), &text);
    if (err == GB_OK && !rows_read(work, record, text, rows, max, ret_count)) {
        err = GB_NOT_FOUND;
    }
    work->cache_hits += err == GB_OK;
    work->cache_misses += err == GB_NOT_FOUND;
    return err;
}

void cache_fill(struct work *work, enum cached list, struct str id, const struct record *record,
                const void *rows, size_t count) {
    int64_t life = life_ms(work, list);
    if (life == 0) {
        return;
    }
    struct buf text;
    buf_init(&text, work->arena, VALUE_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_add(&text, record_write(work->arena, record, (const char *)rows + i * record->bytes));
        buf_add_char(&text, '\n');
    }
    if (!text.failed) {
        tx_put(work->tx, TABLE_CACHE, cache_key(work, list, id), buf_str(&text),
               work->now_ms + life);
    }
}

/* Who is putting the list together at this moment has seen that it is not kept, and fills it with
 * what was: so a mark is left that it has not seen, and its transaction runs again. */
void cache_drop(struct work *work, enum cached list, struct str id) {
    if (life_ms(work, list) > 0) {
        struct str mark = arena_printf(work->arena, "-%016" PRIx64, work->order++);
        tx_put(work->tx, TABLE_CACHE, cache_key(work, list, id), mark, work->now_ms + MARK_MS);
    }
}

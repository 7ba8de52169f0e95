/* peek_mask.c: what of a row may be seen, and which tables may be written: one line a table.
 *
 * A table without a line is masked whole and read-only, so that a new one is decided, not
 * forgotten. Whatever is shown goes through log_mask, too: a token that got into a text it does not
 * belong in stays hidden there.
 */
#include "engine/peek_inside.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "state/tables.h"

#define MASKED "(masked)"

enum showing {
    SHOW_NOTHING,
    SHOW_ALL,
    SHOW_BUT,  /* a JSON object; the fields named are masked */
    SHOW_KEYS, /* only the rows named */
    SHOW_HEAD, /* the first line; the rest is what goes to others, links and keys in it */
};

struct mask {
    enum showing showing;
    bool is_writable;
    const char *names[4];
};

static const struct mask masks[TABLE_COUNT] = {
    [TABLE_META] = {SHOW_KEYS, false, {"schema"}},
    [TABLE_SEEN] = {SHOW_ALL, false, {NULL}},
    [TABLE_FSM] = {SHOW_ALL, true, {NULL}},
    [TABLE_CACHE] = {SHOW_NOTHING, false, {NULL}}, /* of rows that are masked in part */
    [TABLE_LIMITS] = {SHOW_ALL, true, {NULL}},
    [TABLE_USERS] = {SHOW_ALL, false, {NULL}},
    [TABLE_LOCATIONS] = {SHOW_ALL, false, {NULL}},
    [TABLE_SERVERS] = {SHOW_BUT, false, {"panel", "key", "user_link"}},
    [TABLE_SERVER_STATES] = {SHOW_ALL, false, {NULL}},
    [TABLE_TARIFFS] = {SHOW_ALL, false, {NULL}},
    [TABLE_ORDERS] = {SHOW_ALL, false, {NULL}},
    [TABLE_PAYMENTS] = {SHOW_BUT, false, {"url", "body"}},
    [TABLE_OPEN_PAYMENTS] = {SHOW_ALL, false, {NULL}},
    [TABLE_EXTERNALS] = {SHOW_ALL, false, {NULL}},
    [TABLE_LEDGER] = {SHOW_ALL, false, {NULL}},
    [TABLE_ACCOUNTS] = {SHOW_ALL, false, {NULL}},
    [TABLE_SUBSCRIPTIONS] = {SHOW_BUT, false, {"uuid"}},
    [TABLE_USER_SUBS] = {SHOW_ALL, false, {NULL}},
    [TABLE_SUBS_DUE] = {SHOW_ALL, false, {NULL}},
    [TABLE_SERVER_SUBS] = {SHOW_NOTHING, false, {NULL}}, /* uuids are keys to access */
    [TABLE_PANEL_LISTS] = {SHOW_NOTHING, false, {NULL}},
    [TABLE_PAYMENTS_DONE] = {SHOW_ALL, false, {NULL}},
    [TABLE_FIGURES] = {SHOW_ALL, false, {NULL}},
    [TABLE_OUTBOX] = {SHOW_HEAD, false, {NULL}},
    [TABLE_QUEUES] = {SHOW_ALL, false, {NULL}},
    [TABLE_LEASES] = {SHOW_ALL, false, {NULL}},
    [TABLE_JOBS] = {SHOW_ALL, false, {NULL}},
    [TABLE_JOBS_DUE] = {SHOW_ALL, false, {NULL}},
    [TABLE_JOB_RUNS] = {SHOW_ALL, false, {NULL}},
    [TABLE_DEAD] = {SHOW_HEAD, false, {NULL}},
    [TABLE_NOTICES] = {SHOW_ALL, false, {NULL}},
    [TABLE_INHAND] = {SHOW_ALL, false, {NULL}},
    [TABLE_QUARANTINE] = {SHOW_NOTHING, false, {NULL}},
};

static bool is_named(const struct mask *mask, struct str name) {
    for (size_t i = 0; i < GB_COUNT(mask->names) && mask->names[i] != NULL; i++) {
        if (str_is(name, mask->names[i])) {
            return true;
        }
    }
    return false;
}

/* The object with the fields named masked, where they are not empty. */
static struct str fields_masked(struct arena *arena, const struct mask *mask, struct str value) {
    const struct json *root;
    if (json_parse(arena, value, &root, NULL) != GB_OK || !json_is_object(root)) {
        return STR(MASKED);
    }
    struct buf buf;
    struct json_out out;
    buf_init(&buf, arena, STORE_VALUE_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    for (const struct json *field = json_first(root); field != NULL; field = json_next(field)) {
        const char *name = arena_cstr(arena, json_name(field));
        struct str text = json_text(arena, field);
        bool is_hidden = is_named(mask, json_name(field)) && !str_is(text, "\"\"");
        json_put_raw(&out, name, is_hidden ? STR("\"" MASKED "\"") : text);
    }
    json_close(&out);
    return buf.failed ? STR(MASKED) : buf_str(&buf);
}

static struct str head_of(struct arena *arena, struct str value) {
    size_t line = str_find(value, '\n');
    if (line == value.n) {
        return STR(MASKED);
    }
    return arena_printf(arena, STR_FMT "\n" MASKED, STR_ARG(str_sub(value, 0, line)));
}

struct str peek_show(struct arena *arena, int table, struct str key, struct str value) {
    const struct mask *mask = &masks[table];
    switch (mask->showing) {
    case SHOW_NOTHING:
        return STR(MASKED);
    case SHOW_ALL:
        break;
    case SHOW_BUT:
        value = fields_masked(arena, mask, value);
        break;
    case SHOW_KEYS:
        value = is_named(mask, key) ? value : STR(MASKED);
        break;
    case SHOW_HEAD:
        value = head_of(arena, value);
        break;
    }
    return log_mask(arena, value);
}

bool peek_is_writable(int table) {
    return masks[table].is_writable;
}

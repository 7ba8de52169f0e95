#include "state/notices.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "state/work.h"

static const char *const kind_names[] = {
#define X(name, text) text,
    GB_NOTICES(X)
#undef X
};

struct str notice_key(struct arena *arena, uint64_t order) {
    struct buf key;
    buf_init(&key, arena, 16);
    buf_add_hex64(&key, order);
    return buf_str(&key);
}

void notice_add(struct work *work, const struct notice *notice) {
    gb_assert(notice->kind < NOTICE_COUNT);
    struct buf buf;
    struct json_out out;
    buf_init(&buf, work->arena, 4096);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_text(&out, "kind", kind_names[notice->kind]);
    json_put_i64(&out, "user", notice->user);
    json_put_str(&out, "about", notice->about);
    json_put_str(&out, "extra", notice->extra);
    json_close(&out);
    gb_assert(!buf.failed);

    struct notice_node *node = ARENA_NEW(work->arena, struct notice_node);
    node->notice = *notice;
    node->notice.about = arena_copy(work->arena, notice->about);
    node->notice.extra = arena_copy(work->arena, notice->extra);
    struct str value;
    while (work->is_shared &&
           tx_get(work->tx, TABLE_NOTICES, notice_key(work->arena, work->order), &value) == GB_OK) {
        work->order++;
    }
    node->notice.order = work->order++;
    struct notice_node **end = &work->told;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = node;
    tx_put(work->tx, TABLE_NOTICES, notice_key(work->arena, node->notice.order), buf_str(&buf),
           STORE_NEVER);
}

enum gb_err notice_read(struct arena *arena, struct str key, struct str value,
                        struct notice *ret_notice) {
    struct notice notice = {.kind = NOTICE_COUNT};
    const struct json *root;
    struct str kind;
    if (num_hex64(key, &notice.order) != GB_OK || json_parse(arena, value, &root, NULL) != GB_OK ||
        !json_str(root, "kind", &kind) || !json_i64(root, "user", &notice.user)) {
        return GB_DAMAGED;
    }
    for (unsigned i = 0; i < GB_COUNT(kind_names); i++) {
        if (str_is(kind, kind_names[i])) {
            notice.kind = (enum notice_kind)i;
        }
    }
    if (notice.kind == NOTICE_COUNT) {
        return GB_DAMAGED;
    }
    notice.about = json_str_or(root, "about", STR_NONE);
    notice.extra = json_str_or(root, "extra", STR_NONE);
    *ret_notice = notice;
    return GB_OK;
}

enum gb_err notice_look(struct work *work, const struct notice *notice) {
    struct str value;
    return tx_get(work->tx, TABLE_NOTICES, notice_key(work->arena, notice->order), &value);
}

void notice_end(struct work *work, const struct notice *notice) {
    tx_del(work->tx, TABLE_NOTICES, notice_key(work->arena, notice->order));
}

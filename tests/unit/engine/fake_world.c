#include "engine/fake_world.h"

static int64_t fake_now(struct world *w) {
    return ((struct fake_world *)(void *)w)->now_ms;
}

static void fake_chance(struct world *w, void *buf, size_t bytes) {
    (void)w;
    memset(buf, 7, bytes);
}

static void copy_cut(char *to, size_t room, struct str from) {
    size_t n = GB_MIN(from.n, room - 1);
    if (n > 0) {
        memcpy(to, from.p, n);
    }
    to[n] = '\0';
}

static enum gb_err fake_send(struct world *w, const struct http_request *request, struct str pool,
                             uint64_t ticket) {
    struct fake_world *fake = (struct fake_world *)(void *)w;
    if (fake->room == 0) {
        return GB_LATER;
    }
    fake->room--;
    gb_assert(fake->count < FAKE_SENT_MAX);
    struct fake_sent *sent = &fake->sent[fake->count++];
    *sent = (struct fake_sent){.ticket = ticket, .fresh_connection = request->fresh_connection};
    copy_cut(sent->pool, sizeof sent->pool, pool);
    copy_cut(sent->body, sizeof sent->body, request->body);
    copy_cut(sent->url, sizeof sent->url, request->url);
    copy_cut(sent->file, sizeof sent->file,
             request->part_count > 0 ? request->parts[0].file : STR_NONE);
    return GB_OK;
}

static enum gb_err fake_spawn(struct world *w, const struct spawn *spawn, uint64_t ticket) {
    struct fake_world *fake = (struct fake_world *)(void *)w;
    if (fake->refuses_spawn) {
        return GB_LATER;
    }
    gb_assert(fake->count < FAKE_SENT_MAX);
    struct fake_sent *sent = &fake->sent[fake->count++];
    *sent = (struct fake_sent){.ticket = ticket};
    copy_cut(sent->pool, sizeof sent->pool, STR("spawn"));
    for (size_t i = 0, n = 0; spawn->argv[i] != NULL; i++, n = strlen(sent->body)) {
        (void)snprintf(sent->body + n, sizeof sent->body - n, i > 0 ? " %s" : "%s", spawn->argv[i]);
    }
    return GB_OK;
}

static void fake_cancel(struct world *w, uint64_t ticket) {
    struct fake_world *fake = (struct fake_world *)(void *)w;
    for (size_t i = 0; i < fake->count; i++) {
        fake->sent[i].canceled = fake->sent[i].canceled || fake->sent[i].ticket == ticket;
    }
}

static const struct world_ops fake_ops = {
    .wall_ms = fake_now,
    .mono_ms = fake_now,
    .chance = fake_chance,
    .send = fake_send,
    .cancel = fake_cancel,
    .spawn = fake_spawn,
};

void fake_world_init(struct fake_world *fake) {
    memset(fake, 0, sizeof *fake);
    fake->world.ops = &fake_ops;
    fake->now_ms = INT64_C(1800000000000);
    fake->room = FAKE_SENT_MAX;
}

size_t fake_waiting(const struct fake_world *fake) {
    size_t waiting = 0;
    for (size_t i = 0; i < fake->count; i++) {
        waiting += !fake->sent[i].answered;
    }
    return waiting;
}

struct fake_sent *fake_take(struct fake_world *fake) {
    for (size_t i = 0; i < fake->count; i++) {
        if (!fake->sent[i].answered) {
            fake->sent[i].answered = true;
            return &fake->sent[i];
        }
    }
    return NULL;
}

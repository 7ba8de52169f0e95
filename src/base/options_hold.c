/* options_hold.c: settings read again by a running program: what cannot change meanwhile.
 *
 * An option without OPTION_RELOAD has become a socket, a file or rows by now. Half of the program
 * with its old value and half with the new one would be worse than either, so the old one stays
 * until the next start, and the owner is told which.
 */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/num.h"
#include "base/options.h"
#include "base/schedule.h"
#include "base/zone.h"

/* The bytes that make the value: a text, a list's items, or the field itself. */
static struct str value_of(const struct option *option, const void *base) {
    const void *field = (const char *)base + option->offset;
    switch (option->kind) {
    case OPTION_STR:
    case OPTION_URL:
    case OPTION_MONEY:
        return *(const struct str *)field;
    case OPTION_SECRET:
        return secret_reveal(*(const struct secret *)field);
    case OPTION_I64_LIST: {
        const struct int64_list *list = field;
        return (struct str){(const void *)list->items, list->count * sizeof *list->items};
    }
    case OPTION_I64:
    case OPTION_DURATION:
        return (struct str){field, sizeof(int64_t)};
    case OPTION_CHOICE:
    case OPTION_OFFSET:
        return (struct str){field, sizeof(int)};
    case OPTION_BOOL:
        return (struct str){field, sizeof(bool)};
    case OPTION_RATE:
        return (struct str){field, sizeof(struct rate)};
    case OPTION_SCHEDULE:
        return (struct str){field, sizeof(struct schedule)};
    case OPTION_ZONE: /* is compared and copied with what it points to */
        return (struct str){field, sizeof(struct zone)};
    }
    return STR_NONE;
}

static bool is_same(const struct option *option, const void *a, const void *b) {
    if (option->kind == OPTION_ZONE) {
        return zone_equal((const void *)((const char *)a + option->offset),
                          (const void *)((const char *)b + option->offset));
    }
    return str_equal(value_of(option, a), value_of(option, b));
}

static void value_put(const struct option *option, struct str value, struct arena *arena,
                      void *base) {
    void *field = (char *)base + option->offset;
    switch (option->kind) {
    case OPTION_STR:
    case OPTION_URL:
    case OPTION_MONEY:
        *(struct str *)field = arena_copy(arena, value);
        return;
    case OPTION_SECRET:
        *(struct secret *)field = (struct secret){arena_copy(arena, value)};
        return;
    case OPTION_I64_LIST: {
        size_t count = value.n / sizeof(int64_t);
        int64_t *items = ARENA_ARRAY(arena, int64_t, GB_MAX(count, (size_t)1));
        memcpy(items, value.p, value.n);
        *(struct int64_list *)field = (struct int64_list){items, count};
        return;
    }
    case OPTION_ZONE:
        *(struct zone *)field = zone_copy((const void *)value.p, arena);
        return;
    case OPTION_I64:
    case OPTION_DURATION:
    case OPTION_CHOICE:
    case OPTION_OFFSET:
    case OPTION_BOOL:
    case OPTION_RATE:
    case OPTION_SCHEDULE:
        memcpy(field, value.p, value.n);
        return;
    }
}

void options_hold(const struct options_spec *spec, const void *in_force, struct arena *arena,
                  void *fresh, option_held_fn *each, void *ctx) {
    for (size_t i = 0; i < spec->count; i++) {
        const struct option *option = &spec->options[i];
        bool may_change = (option->flags & OPTION_RELOAD) != 0;
        if (may_change || is_same(option, in_force, fresh)) {
            continue;
        }
        value_put(option, value_of(option, in_force), arena, fresh);
        each(ctx, option);
    }
}

/* Any bytes as a file of settings: either every field is within its bounds, or there are faults. */
#include "base/options.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/crypto.h"
#include "base/schedule.h"
#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct item {
    struct str id, url;
    int64_t number;
};

struct settings {
    struct secret secret;
    struct str text, url, money;
    int64_t number, duration_ms;
    int choice, offset_min;
    bool flag;
    struct int64_list list;
    struct schedule schedule;
    struct zone zone;
    struct item *items;
    size_t item_count;
};

static const char *const choices[] = {"ru", "en", NULL};

#define ROW(name, field, its_kind, least, most)                                                    \
    {                                                                                              \
        .section = "one", .key = (name), .kind = (its_kind),                                       \
        .offset = offsetof(struct settings, field), .min = (least), .max = (most),                 \
        .choices = (its_kind) == OPTION_CHOICE ? choices : NULL, .help = "",                       \
    }

static const struct option options[] = {
    ROW("secret", secret, OPTION_SECRET, 3, 10),
    ROW("text", text, OPTION_STR, 1, 10),
    ROW("url", url, OPTION_URL, 0, 0),
    ROW("money", money, OPTION_MONEY, 0, 0),
    ROW("number", number, OPTION_I64, -5, 5),
    ROW("duration", duration_ms, OPTION_DURATION, 0, GB_HOUR_MS),
    ROW("choice", choice, OPTION_CHOICE, 0, 0),
    ROW("offset", offset_min, OPTION_OFFSET, 0, 0),
    ROW("flag", flag, OPTION_BOOL, 0, 0),
    ROW("list", list, OPTION_I64_LIST, 1, 9),
    ROW("schedule", schedule, OPTION_SCHEDULE, 0, 0),
    ROW("zone", zone, OPTION_ZONE, 0, 0),
};

static const struct option item_options[] = {
    {.key = "url",
     .kind = OPTION_URL,
     .offset = offsetof(struct item, url),
     .flags = OPTION_REQUIRED,
     .help = ""},
    {.key = "number", .kind = OPTION_I64, .offset = offsetof(struct item, number), .help = ""},
};

static const struct option_group groups[] = {
    {.section = "item",
     .options = item_options,
     .count = GB_COUNT(item_options),
     .item_bytes = sizeof(struct item),
     .offset_items = offsetof(struct settings, items),
     .offset_count = offsetof(struct settings, item_count),
     .offset_id = offsetof(struct item, id),
     .items_max = 4,
     .help = "",
     .example_id = "a"},
};

static const struct options_spec spec = {
    .intro = "",
    .environment = "X",
    .options = options,
    .count = GB_COUNT(options),
    .groups = groups,
    .group_count = GB_COUNT(groups),
    .struct_bytes = sizeof(struct settings),
};

/* A secret's file holds its path; a zone's, what follows its mark in the input. */
static enum gb_err named_file(void *ctx, struct arena *arena, struct str path,
                              struct str *ret_text) {
    (void)arena;
    const struct str *input = ctx;
    struct str zone = str_sub(*input, str_find_str(*input, STR("TZif")), input->n);
    bool is_zone = str_starts(path, STR("/usr/share/zoneinfo/"));
    *ret_text = is_zone ? zone : path;
    return is_zone && zone.n == 0 ? GB_NOT_FOUND : GB_OK;
}

static void check(const struct settings *s) {
    gb_assert(s->secret.hidden.n <= 10 && s->text.n <= 10);
    gb_assert(s->number >= -5 && s->number <= 5);
    gb_assert(s->duration_ms >= 0 && s->duration_ms <= GB_HOUR_MS);
    gb_assert(s->choice == 0 || s->choice == 1);
    gb_assert(!str_ends(s->url, STR("/")));
    gb_assert(s->offset_min >= -18 * 60 && s->offset_min <= 18 * 60);
    for (size_t i = 0; i < s->list.count; i++) {
        gb_assert(s->list.items[i] >= 1 && s->list.items[i] <= 9);
    }
    gb_assert(s->schedule.kind != SCHEDULE_EVERY || s->schedule.every_ms >= SCHEDULE_EVERY_MIN_MS);
    for (int64_t year = 0; year < 80; year++) {
        int32_t offset_s = zone_offset_s(&s->zone, year * 366 * GB_DAY_MS);
        gb_assert(offset_s >= -ZONE_OFFSET_MAX_S && offset_s <= ZONE_OFFSET_MAX_S);
    }
    gb_assert(s->item_count <= 4);
    for (size_t i = 0; i < s->item_count; i++) {
        gb_assert(s->items[i].id.n >= 1 && s->items[i].id.n <= 16);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena *arena;
    if (arena == NULL) {
        arena = arena_new(65536, 64 * 1024 * 1024);
    }
    struct settings settings;
    struct faults faults;
    struct str input = {(const char *)data, bytes};
    struct options_source source = {
        .file = "f",
        .text = input,
        .read_file = named_file,
        .ctx = &input,
    };
    faults_init(&faults, arena);
    enum gb_err err = options_read(&spec, &source, arena, &settings, &faults);
    gb_assert((err == GB_OK) == (faults.first == NULL));
    check(&settings);
    int line = 0;
    for (const struct fault *f = faults.first; f != NULL; f = f->next) {
        gb_assert(f->line >= line && utf8_is_valid(f->text));
        line = f->line;
    }
    arena_clear(arena);
    return 0;
}

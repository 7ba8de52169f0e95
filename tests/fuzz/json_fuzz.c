/* Any bytes as a JSON document: read, walked, written; what was written reads back as the same. */
#include "base/json.h"

#include "base/arena.h"
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Everything a reader may ask of a value, and of all below it. */
static void walk(const struct json *value) {
    struct str text;
    int64_t number;
    double real;
    bool flag;
    size_t answers = 0;
    answers += json_str(value, "", &text);
    answers += json_number(value, "", &real);
    answers += json_bool(value, "", &flag);
    answers += json_is_object(value);
    answers += json_is_array(value);
    gb_assert(answers <= 1);
    gb_assert(!json_i64(value, "", &number) || json_number(value, "", &real));
    for (const struct json *i = json_first(value); i != NULL; i = json_next(i)) {
        (void)json_at(value, "message.chat.0.id");
        walk(i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena *arena;
    if (arena == NULL) {
        arena = arena_new(65536, 256 * 1024 * 1024);
    }
    const struct json *root, *again;
    struct str input = {(const char *)data, bytes};
    size_t stopped = 0;
    if (json_parse(arena, input, &root, &stopped) == GB_OK) {
        walk(root);
        struct str text = json_text(arena, root);
        gb_assert(utf8_is_valid(text));
        enum gb_err err = json_parse(arena, text, &again, NULL);
        gb_assert(err == GB_OK);
        gb_assert(str_equal(json_text(arena, again), text));
    } else {
        gb_assert(stopped <= bytes);
    }
    arena_clear(arena);
    return 0;
}

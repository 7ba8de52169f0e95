#include "common/data.h"

#include "base/arena.h"
#include "base/helpers.h"

#define FILE_BYTES_MAX (1024 * 1024)

struct str data_file(struct arena *arena, const char *name) {
    const char *path = arena_printf(arena, "tests/data/%s", name).p;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("there is no %s here", path);
        return STR_NONE;
    }
    char *text = arena_take(arena, FILE_BYTES_MAX);
    size_t n = fread(text, 1, FILE_BYTES_MAX, file);
    fclose(file);
    assert_true(n < FILE_BYTES_MAX);
    return (struct str){text, n};
}

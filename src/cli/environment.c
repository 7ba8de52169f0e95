#define GB_DOOR "reads the environment"
#include "cli/environment.h"

#include "base/arena.h"

#define PREFIX "GIGABRIDGE_"

static const char *const shared_names[] = {"REDIS_HOST", "REDIS_PORT", "REDIS_DB",
                                           "REDIS_PASSWORD"};

/* "export" in front and quotes around are the shell's, not the value's. */
static struct str unquote(struct str value) {
    bool quoted = value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') &&
                  value.p[value.n - 1] == value.p[0];
    return quoted ? str_sub(value, 1, value.n - 2) : value;
}

/* The last line that sets `name` counts, as in a shell. */
static const char *dotenv_get(const struct environment *environment, const char *name) {
    struct str rest = environment->dotenv;
    const char *found = NULL;
    while (rest.n > 0) {
        size_t end = str_find(rest, '\n');
        struct str line = str_trim(str_sub(rest, 0, end));
        rest = str_sub(rest, GB_MIN(end + 1, rest.n), rest.n);
        if (str_find_str(line, STR("export ")) == 0) {
            line = str_trim(str_sub(line, 7, line.n));
        }
        size_t equals = str_find(line, '=');
        if (equals < line.n && str_is(str_trim(str_sub(line, 0, equals)), name)) {
            struct str value = str_trim(str_sub(line, equals + 1, line.n));
            found = arena_cstr(environment->arena, unquote(value));
        }
    }
    return found;
}

const char *environment_get(void *ctx, const char *name) {
    const struct environment *environment = ctx;
    const char *value = getenv(name);
    if (value != NULL || strncmp(name, PREFIX, sizeof PREFIX - 1) != 0) {
        return value;
    }
    const char *shared = name + sizeof PREFIX - 1;
    for (size_t i = 0; i < GB_COUNT(shared_names); i++) {
        if (strcmp(shared, shared_names[i]) == 0) {
            value = getenv(shared);
            return value != NULL ? value : dotenv_get(environment, shared);
        }
    }
    return NULL;
}

/* Any bytes as what a caller of the RESP door sends: the first byte says in which pieces. However
 * they come the commands are the same, and each lies within its bounds.
 */
#include "io/resp.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/crypto.h"
#include "base/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define ENDS_MAX 64

struct outcome {
    size_t ends[ENDS_MAX]; /* of what was found */
    uint64_t digest;       /* of the commands' words */
    size_t count;
    const char *why;
};

static void take(struct arena *arena, struct str command, struct outcome *outcome) {
    const struct str *args;
    size_t count, sum = 0;
    if (resp_args(arena, command, &args, &count) != GB_OK) {
        outcome->digest++;
        return;
    }
    gb_assert(count >= 1 && count <= RESP_ARGS_MAX);
    for (size_t i = 0; i < count; i++) {
        sum += args[i].n;
        outcome->digest = hash64(args[i], outcome->digest);
        (void)glob_match(args[i], args[0]);
    }
    gb_assert(sum <= command.n);
}

/* Shown `step` more bytes each time. */
static struct outcome read_all(struct arena *arena, struct str text, size_t step,
                               bool is_stranger) {
    struct outcome outcome = {.why = ""};
    struct resp_parser parser = {0};
    size_t from = 0, shown = 0;
    while (outcome.count < ENDS_MAX) {
        size_t used = 0;
        struct str came = {text.p + from, shown - from};
        enum resp_found found = resp_parse(&parser, came, is_stranger, &used, &outcome.why);
        if (found == RESP_BROKEN || (found == RESP_MORE && shown == text.n)) {
            break;
        }
        if (found == RESP_MORE) {
            shown = GB_MIN(shown + step, text.n);
            continue;
        }
        gb_assert(used > 0 && used <= came.n);
        gb_assert(used <= RESP_COMMAND_MAX);
        if (found == RESP_COMMAND) {
            take(arena, str_sub(came, 0, used), &outcome);
        }
        from += used;
        outcome.ends[outcome.count++] = from;
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena *arena;
    if (arena == NULL) {
        arena = arena_new(65536, (size_t)256 * 1024 * 1024);
    }
    if (bytes < 2) {
        return 0;
    }
    struct str text = {(const char *)data + 1, bytes - 1};
    bool is_stranger = data[0] >= 128;
    struct outcome pieces = read_all(arena, text, 1 + data[0] % 16, is_stranger);
    struct outcome whole = read_all(arena, text, text.n, is_stranger);
    gb_assert(pieces.count == whole.count);
    gb_assert(memcmp(pieces.ends, whole.ends, whole.count * sizeof whole.ends[0]) == 0);
    gb_assert(pieces.digest == whole.digest);
    gb_assert(strcmp(pieces.why, whole.why) == 0);
    arena_clear(arena);
    return 0;
}

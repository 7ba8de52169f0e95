#include "engine/local.h"

#include "base/arena.h"
#include "base/log.h"
#include "io/world.h"
#include "shop/backups.h"

#define BACKUP_MS_MAX (30 * GB_MINUTE_MS)
#define PROGRAM       "/proc/self/exe" /* also after the file was replaced by a newer one */
#define OWN_WORDS     3
#define LINES_MAX     20
#define WHY_CHARS     200

enum gb_err local_start(struct world *world, const struct local *local, const struct call *call,
                        struct arena *arena, uint64_t ticket) {
    if (!str_is(call->kind, "backup")) {
        return GB_INVALID;
    }
    const char **argv = ARENA_ARRAY(arena, const char *, OWN_WORDS + local->word_count + 1);
    argv[0] = PROGRAM;
    argv[1] = "backup";
    argv[2] = "--json";
    for (size_t i = 0; i < local->word_count; i++) {
        argv[OWN_WORDS + i] = local->words[i];
    }
    struct spawn spawn = {.argv = argv, .total_ms_max = BACKUP_MS_MAX};
    return world->ops->spawn(world, &spawn, ticket);
}

/* Into the log, line by line; the last one is handed back. */
static struct str told_log(const struct call *call, struct str told, bool failed) {
    struct str line, last = STR_NONE;
    for (int i = 0; i < LINES_MAX && str_split(&told, '\n', &line); i++) {
        if (str_trim(line).n == 0) {
            continue;
        }
        last = str_trim(line);
        LOG_AT(failed ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "child_said", LOG_STR("kind", call->kind),
               LOG_STR("line", last));
    }
    return last;
}

static struct str why_of(struct arena *arena, const struct child_end *end, struct str last) {
    if (end->was_late) {
        return STR("it took longer than half an hour");
    }
    if (end->signal != 0) {
        return arena_printf(arena, "signal %d ended it", end->signal);
    }
    struct str why = log_mask(arena, last);
    return why.n > 0 && utf8_is_valid(why) ? utf8_cut(why, WHY_CHARS)
                                           : arena_printf(arena, "it ended with %d", end->status);
}

void local_read(const struct call *call, const struct child_end *end, struct arena *arena,
                struct answer *ret_answer) {
    struct backup made;
    struct str said = str_trim(end->said);
    bool is_done = end->status == 0 && backup_read(arena, said, &made) == GB_OK;
    struct str last = told_log(call, end->told, !is_done);
    if (is_done) {
        *ret_answer =
            (struct answer){.kind = ANSWER_DONE, .reason = "", .said = arena_copy(arena, said)};
        return;
    }
    bool is_killed = end->signal != 0 && !end->was_late;
    *ret_answer = (struct answer){
        .kind = is_killed ? ANSWER_LATER : ANSWER_REFUSED,
        .reason = is_killed ? "" : "not_made",
        .why = why_of(arena, end, last),
    };
}

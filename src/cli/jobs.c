/* jobs.c: `gigabridge jobs`: what runs when, and by hand.
 *
 * A shop that runs is asked over its control socket. One that is stopped has left its store, which
 * is opened and asked with the same words (state/jobs_say.h). Where the rows are in a Redis they
 * are anybody's at any time, and whoever is on duty hears of the change.
 */
#define GB_DOOR "waits for a store that another command has; chance"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data.h"
#include "cli/jobs_show.h"
#include "cli/words.h"
#include "state/jobs_say.h"
#include "state/work.h"
#include "store/backend.h"

#include <stdio.h>
#include <sys/random.h>

#define ARENA_BYTES   ((size_t)64 * 1024)
#define ARENA_MAX     ((size_t)256 * 1024 * 1024)
#define CONFLICTS_MAX 10
/* A shop that is just starting, or another command, has the directory and opens no socket. */
#define TRIES   60
#define TRY_MS  50
#define TELL_AS "command" /* to whom listens: none of the instances */

struct jobs {
    struct config_source source;
    const char *limit_text, *after;
    bool is_json;
    struct jobs_command command;
    const struct config *config;
    struct arena *arena;
};

static int failed(struct str why) {
    fprintf(stderr, "gigabridge: jobs: " STR_FMT "\n", STR_ARG(why));
    return 1;
}

/* ---- on the store ---- */

static enum gb_err carry_out_once(const struct jobs *jobs, struct backend *backend, struct rng *rng,
                                  struct jobs_answer *ret_answer) {
    int64_t now_ms = data_now_ms();
    struct work work = {
        .tx = tx_begin(backend, jobs->arena, now_ms),
        .arena = jobs->arena,
        .now_ms = now_ms,
        .rng = rng,
        .config = jobs->config,
        .is_shared = backend->is_shared,
        .zone = &jobs->config->shop.zone,
    };
    enum gb_err err = jobs_carry_out(&work, &jobs->command, ret_answer);
    if (err == GB_OK && jobs_verb_changes(jobs->command.verb)) {
        err = tx_apply(work.tx);
        if (err == GB_OK) {
            err = backend->ops->sync(backend);
        }
    }
    return err;
}

static enum gb_err carry_out(const struct jobs *jobs, struct backend *backend,
                             struct jobs_answer *ret_answer) {
    uint8_t chance[SHA256_BYTES];
    struct rng rng;
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
        return GB_UNAVAILABLE;
    }
    rng_init(&rng, chance, STR("jobs"));
    enum gb_err err = GB_CONFLICT;
    for (int tries = 0; err == GB_CONFLICT && tries < CONFLICTS_MAX; tries++) {
        err = carry_out_once(jobs, backend, &rng, ret_answer);
    }
    crypto_wipe(chance, sizeof chance);
    return err;
}

/* GB_LATER: somebody has the directory just now, *reterr_why. */
static enum gb_err on_store(const struct jobs *jobs, struct jobs_answer *ret_answer,
                            struct str *reterr_why) {
    struct backend *backend;
    enum gb_err err = data_open(jobs->config, TELL_AS, jobs->arena, &backend, reterr_why);
    if (err != GB_OK) {
        return err == GB_UNAVAILABLE && jobs->config->store.backend != STORE_REDIS ? GB_LATER : err;
    }
    err = carry_out(jobs, backend, ret_answer);
    if (err != GB_OK) {
        *reterr_why = arena_copy(
            jobs->arena, str_of(backend->trouble != NULL ? backend->trouble : gb_err_meaning(err)));
        err = GB_UNAVAILABLE;
    }
    backend->ops->close(backend);
    return err;
}

/* ---- of a shop ---- */

/* GB_NOT_FOUND: none runs there. */
static enum gb_err of_shop(const struct jobs *jobs, struct jobs_answer *ret_answer,
                           struct str *reterr_why) {
    if (jobs->config->store.backend == STORE_REDIS) {
        return GB_NOT_FOUND;
    }
    const char *path = data_path(jobs->config, jobs->arena, "control", reterr_why);
    if (path == NULL) {
        return GB_UNAVAILABLE;
    }
    bool changes = jobs_verb_changes(jobs->command.verb);
    enum gb_err err = ask_shop(jobs->arena, path, changes ? HTTP_POST : HTTP_GET,
                               jobs_command_target(jobs->arena, &jobs->command),
                               &ret_answer->status, &ret_answer->body);
    if (err == GB_UNCERTAIN) {
        *reterr_why = changes ? STR("the shop was asked and did not answer; look again before you "
                                    "repeat it")
                              : STR("the shop did not answer");
    } else if (err == GB_REFUSED) {
        *reterr_why = arena_printf(jobs->arena, "%s: this shop is another user's", path);
    } else if (err == GB_UNAVAILABLE) {
        *reterr_why = arena_printf(jobs->arena, "%s cannot be reached", path);
    }
    return err;
}

static enum gb_err get_answer(const struct jobs *jobs, struct jobs_answer *ret_answer,
                              struct str *reterr_why) {
    enum gb_err err = GB_LATER;
    for (int tries = 0; err == GB_LATER && tries < TRIES; tries++) {
        if (tries > 0) {
            const struct timespec rest = {.tv_nsec = TRY_MS * 1000 * 1000};
            (void)nanosleep(&rest, NULL);
        }
        err = of_shop(jobs, ret_answer, reterr_why);
        if (err == GB_NOT_FOUND) {
            err = on_store(jobs, ret_answer, reterr_why);
        }
    }
    return err;
}

/* ---- words ---- */

static int print_answer(const struct jobs *jobs, const struct jobs_answer *answer) {
    const struct json *root;
    if (json_parse(jobs->arena, answer->body, &root, NULL) != GB_OK) {
        return failed(STR("this answer cannot be read"));
    }
    if (answer->status != 200) {
        return failed(json_str_or(root, "error", STR("refused")));
    }
    struct str text = jobs->is_json ? arena_printf(jobs->arena, STR_FMT "\n", STR_ARG(answer->body))
                                    : jobs_show(jobs->arena, root);
    return fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0
               ? 0
               : failed(STR("the answer cannot be written"));
}

static int usage(void) {
    fputs("gigabridge: jobs [list [--after ID] [--limit N]] | show ID | history ID [--limit N]\n"
          "            | run ID | pause ID | resume ID   [--json] [--config FILE]\n",
          stderr);
    return 2;
}

/* False: not a sentence of this command. */
static bool command_of(struct jobs *jobs, int plain, char **argv) {
    struct jobs_command *command = &jobs->command;
    if (plain > 0 && jobs_verb_find(str_of(argv[0]), &command->verb) != GB_OK) {
        return false;
    }
    if (plain != (command->verb != JOBS_LIST ? 2 : plain > 0 ? 1 : 0)) {
        return false;
    }
    command->id = command->verb != JOBS_LIST ? str_of(argv[1]) : STR_NONE;
    command->after = str_of(jobs->after);
    bool takes_limit = command->verb == JOBS_LIST || command->verb == JOBS_HISTORY;
    if (jobs->limit_text != NULL &&
        (!takes_limit ||
         num_i64(str_of(jobs->limit_text), 1, JOBS_LIMIT_MAX, &command->limit) != GB_OK)) {
        return false;
    }
    return command->after.n == 0 || command->verb == JOBS_LIST;
}

static int run(struct jobs *jobs) {
    struct jobs_answer answer;
    struct str why = STR_NONE;
    if (config_load(&jobs->source, jobs->arena, &jobs->config) != GB_OK) {
        return 2;
    }
    enum gb_err err = jobs_command_check(jobs->arena, &jobs->command, &answer);
    if (err == GB_OK) {
        err = get_answer(jobs, &answer, &why);
        return err == GB_OK ? print_answer(jobs, &answer) : failed(why);
    }
    return print_answer(jobs, &answer);
}

int command_jobs(int argc, char **argv) {
    struct jobs jobs = {.source = {.path = "config.ini"}};
    const struct word words[] = {
        {.name = "--config", .value = &jobs.source.path},
        {.name = "--limit", .value = &jobs.limit_text},
        {.name = "--after", .value = &jobs.after},
        {.name = "--json", .flag = &jobs.is_json},
    };
    int plain = 0;
    while (plain < argc && strncmp(argv[plain], "--", 2) != 0) {
        plain++;
    }
    if (words_read(argc - plain, argv + plain, words, GB_COUNT(words)) != GB_OK) {
        return 2;
    }
    if (!command_of(&jobs, plain, argv)) {
        return usage();
    }
    jobs.arena = arena_new(ARENA_BYTES, ARENA_MAX);
    int status = run(&jobs);
    arena_free(jobs.arena);
    return status;
}

/* peek.c: a turn's commands: sessions found, each carried out in order, one commit, all answered.
 *
 *   look (as many as the turn has time for) -> apply, sync -> answer
 *     ^-------- the store's map grew ---------'
 *     ^-------- or refused: once more, the writes answered with that
 */
#define GB_DOOR "outlives turns"
#include "engine/peek_inside.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "state/config.h"
#include "store/backend.h"

#define DOOR           1
#define TURN_MS        3 /* of the loop's time, give or take one command */
#define TURN_BYTES     PEEK_REPLY_MAX
#define TURN_ROWS_MAX  4096 /* touched by a turn that writes */
#define FULL_TRIES     4    /* the store's map doubles each time */
#define UNKNOWN_SHOWN  128  /* bytes of foreign text in an error */
#define REPLY_TOO_LONG "ERR the reply would be larger than 1 MB"

/* ---- what several commands say ---- */

void peek_error(struct ask *ask, const char *text) {
    resp_error(&ask->out, str_of(text));
}

void peek_fault(struct ask *ask, enum gb_err err) {
    resp_error(&ask->out,
               arena_printf(ask->arena, "ERR the store cannot be read: %s", gb_err_meaning(err)));
}

void peek_unknown_subcommand(struct ask *ask) {
    struct buf name;
    buf_init(&name, ask->arena, 32);
    for (const char *c = ask->command->name; *c != '\0'; c++) {
        buf_add_char(&name, (char)(*c & ~0x20));
    }
    struct str word = str_sub(ask->argv[1], 0, UNKNOWN_SHOWN);
    resp_error(&ask->out,
               arena_printf(ask->arena,
                            "ERR unknown subcommand '" STR_FMT "'. Try " STR_FMT " HELP.",
                            STR_ARG(word), STR_ARG(buf_str(&name))));
}

bool peek_arg_is(const struct ask *ask, size_t index, const char *word) {
    return index < ask->argc && str_equal_nocase(ask->argv[index], str_of(word));
}

bool peek_locate(const struct ask *ask, struct str name, int *ret_table, struct str *ret_key) {
    const struct backend *backend = ask->peek->backend;
    size_t colon = ask->session->db == PEEK_SHOP ? str_find(name, ':') : 0;
    struct str table = str_sub(name, 0, colon);
    struct str key = ask->session->db == PEEK_SHOP ? str_sub(name, colon + 1, name.n) : name;
    if (key.n == 0 || key.n > STORE_KEY_MAX) {
        return false;
    }
    for (size_t i = 0; i < backend->table_count; i++) {
        if (backend->tables[i].redis_db == ask->session->db &&
            (ask->session->db != PEEK_SHOP || str_is(table, backend->tables[i].name))) {
            *ret_table = (int)i;
            *ret_key = key;
            return true;
        }
    }
    return false;
}

/* ---- one command ---- */

static struct str unknown_command(const struct ask *ask) {
    struct buf text;
    buf_init(&text, ask->arena, 1024);
    buf_printf(&text, "ERR unknown command '" STR_FMT "', with args beginning with: ",
               STR_ARG(str_sub(ask->argv[0], 0, UNKNOWN_SHOWN)));
    for (size_t i = 1, shown = 0; i < ask->argc && shown < UNKNOWN_SHOWN; i++) {
        struct str word = str_sub(ask->argv[i], 0, UNKNOWN_SHOWN - shown);
        buf_add_char(&text, '\'');
        buf_add(&text, word);
        buf_add(&text, STR("' "));
        shown += word.n + 3;
    }
    return buf_str(&text);
}

static bool arity_fits(const struct command *command, size_t argc) {
    return command->arity >= 0 ? argc == (size_t)command->arity : argc >= (size_t)-command->arity;
}

/* A browser that was lured into calling this port: what it says must not be carried out. */
static bool is_http(const struct ask *ask) {
    return peek_arg_is(ask, 0, "post") || peek_arg_is(ask, 0, "host:");
}

struct turn {
    struct peek *peek;
    const struct peek_now *now;
    const struct sign *signs;
    size_t count;
    struct tx *writing; /* all that this turn writes; NULL: nothing yet */
    size_t touched;     /* rows in it at most */
    bool refused;       /* the store takes nothing: writes are answered with that */
    struct command_answer *answers;
    size_t done; /* signs looked at */
};

/* Why the command is not carried out; empty: it is. */
static struct str refusal(const struct turn *turn, const struct ask *ask) {
    const struct command *command = ask->command;
    if (command == NULL) {
        return unknown_command(ask);
    }
    if (!arity_fits(command, ask->argc)) {
        return arena_printf(ask->arena, "ERR wrong number of arguments for '%s' command",
                            command->name);
    }
    if (!ask->session->is_known && (command->flags & COMMAND_STRANGER) == 0) {
        return STR("NOAUTH Authentication required.");
    }
    if ((command->flags & COMMAND_DENIED) != 0) {
        return arena_printf(ask->arena,
                            "NOPERM this user has no permissions to run the '%s' command",
                            command->name);
    }
    bool writes = (command->flags & COMMAND_WRITES) != 0;
    if (writes && !turn->now->allow_writes) {
        return STR("READONLY You can't write against a read only replica.");
    }
    if (writes && turn->refused) {
        return STR("MISCONF the store takes no writes just now: nothing was changed");
    }
    return STR_NONE;
}

static void carry_out(struct turn *turn, struct ask *ask) {
    if (is_http(ask)) {
        LOG_WARN("resp_spoken_http_to", LOG_STR("peer", ask->incoming->peer));
        ask->close = true;
        return;
    }
    struct str why = refusal(turn, ask);
    if (why.n > 0) {
        resp_error(&ask->out, why);
        return;
    }
    if ((ask->command->flags & COMMAND_WRITES) != 0 && turn->writing == NULL) {
        turn->writing = tx_begin(ask->peek->backend, ask->arena, ask->now_ms);
    }
    turn->touched += turn->writing != NULL ? ask->argc : 0;
    ask->tx = turn->writing != NULL ? turn->writing
                                    : tx_begin(ask->peek->backend, ask->arena, ask->now_ms);
    ask->command->run(ask);
}

static struct session *session_of(struct peek *peek, const struct sign *sign) {
    gb_assert(sign->command->seat < COMMAND_SEATS);
    struct session *session = &peek->sessions[sign->command->seat];
    if (session->ticket != sign->ticket) {
        *session = (struct session){
            .ticket = sign->ticket,
            .id = ++peek->next_id,
            .is_known = peek->password_n == 0,
        };
    }
    return session;
}

static struct command_answer answer_to(struct turn *turn, const struct sign *sign) {
    struct arena *arena = turn->now->arena;
    struct buf *buf = ARENA_NEW(arena, struct buf);
    buf_init(buf, arena, PEEK_REPLY_MAX);
    struct ask ask = {
        .peek = turn->peek,
        .session = session_of(turn->peek, sign),
        .incoming = sign->command,
        .command = peek_find(sign->command->argv[0]),
        .argv = sign->command->argv,
        .argc = sign->command->argc,
        .arena = arena,
        .now_ms = turn->now->now_ms,
        .out = {buf, false},
    };
    ask.out.is_3 = ask.session->is_3;
    carry_out(turn, &ask);
    if (buf->failed) {
        buf_init(buf, arena, PEEK_REPLY_MAX);
        peek_error(&ask, REPLY_TOO_LONG);
    }
    return (struct command_answer){
        .bytes = buf_str(buf),
        .is_stranger = !ask.session->is_known,
        .close = ask.close,
        .rest_ms = ask.rest_ms,
    };
}

/* ---- a turn ---- */

/* What looks at the store as it is on disk must not run between a write and its commit. */
static bool must_wait(const struct turn *turn, const struct sign *sign) {
    if (turn->writing == NULL) {
        return false;
    }
    const struct command *command = peek_find(sign->command->argv[0]);
    return turn->touched + sign->command->argc > TURN_ROWS_MAX ||
           (command != NULL && (command->flags & COMMAND_WALKS) != 0);
}

/* In order, until the turn's time is over. Those behind come again. */
static void look(struct turn *turn) {
    struct world *world = turn->peek->world;
    int64_t end_ms = world->ops->mono_ms(world) + TURN_MS;
    size_t bytes = 0;
    turn->writing = NULL;
    turn->touched = 0;
    for (turn->done = 0; turn->done < turn->count; turn->done++) {
        const struct sign *sign = &turn->signs[turn->done];
        if (sign->kind != SIGN_COMMAND) {
            continue;
        }
        if (must_wait(turn, sign) || bytes > TURN_BYTES || world->ops->mono_ms(world) > end_ms) {
            return;
        }
        turn->answers[turn->done] = answer_to(turn, sign);
        bytes += turn->answers[turn->done].bytes.n;
    }
}

/* What was written is on disk, or nothing of it happened. */
static enum gb_err commit(struct turn *turn) {
    struct backend *backend = turn->peek->backend;
    if (turn->writing == NULL) {
        return GB_OK;
    }
    enum gb_err err = tx_apply(turn->writing);
    if (err == GB_OK) {
        return backend->ops->sync(backend);
    }
    backend->ops->drop(backend);
    return err;
}

static void look_and_commit(struct turn *turn) {
    struct peek *peek = turn->peek;
    struct session *before = ARENA_ARRAY(turn->now->arena, struct session, COMMAND_SEATS);
    memcpy(before, peek->sessions, sizeof peek->sessions);
    enum gb_err err = GB_NO_SPACE;
    for (int tries = 0; err == GB_NO_SPACE && tries < FULL_TRIES; tries++) {
        memcpy(peek->sessions, before, sizeof peek->sessions);
        look(turn);
        err = commit(turn);
    }
    if (err != GB_OK) {
        LOG_WARN("resp_write_refused", LOG_TEXT("why", gb_err_meaning(err)));
        memcpy(peek->sessions, before, sizeof peek->sessions);
        turn->refused = true;
        look(turn);
    }
}

void peek_turn(struct peek *peek, const struct sign *signs, size_t count,
               const struct peek_now *now) {
    size_t commands = 0;
    for (size_t i = 0; i < count; i++) {
        commands += signs[i].kind == SIGN_COMMAND;
    }
    if (peek == NULL || commands == 0) {
        return;
    }
    struct turn turn = {
        .peek = peek,
        .now = now,
        .signs = signs,
        .count = count,
        .refused = now->store_rests,
        .answers = ARENA_ARRAY(now->arena, struct command_answer, count),
    };
    look_and_commit(&turn);
    for (size_t i = 0; i < turn.done; i++) {
        if (signs[i].kind == SIGN_COMMAND) {
            peek->world->ops->answer(peek->world, signs[i].ticket, &turn.answers[i]);
            peek->commands++;
        }
    }
}

/* ---- birth and death ---- */

enum gb_err peek_open(const struct peek_options *options, struct peek **ret_peek,
                      const char **reterr_why) {
    struct peek *peek = calloc(1, sizeof *peek);
    gb_assert(peek != NULL && !options->backend->is_shared);
    gb_assert(options->backend->ops->expiry != NULL && options->backend->ops->rows != NULL);
    gb_assert(options->password.n <= sizeof peek->password);
    peek->world = options->world;
    peek->backend = options->backend;
    peek->started_ms = options->now_ms;
    peek->password_n = options->password.n;
    if (options->password.n > 0) {
        memcpy(peek->password, options->password.p, options->password.n);
        log_hide(options->password);
    }
    struct str host;
    char host_text[128];
    int port;
    *reterr_why = "not an address and a port";
    enum gb_err err = config_address(options->listen, &host, &port);
    if (err == GB_OK && host.n < sizeof host_text) {
        memcpy(host_text, host.p, host.n);
        host_text[host.n] = '\0';
        err = peek->world->ops->listen_commands(peek->world, host_text, port, DOOR,
                                                options->password.n == 0, &peek->port, reterr_why);
    }
    if (err != GB_OK) {
        peek_free(peek);
        return GB_UNAVAILABLE;
    }
    *ret_peek = peek;
    return GB_OK;
}

void peek_free(struct peek *peek) {
    if (peek != NULL) {
        crypto_wipe(peek->password, sizeof peek->password);
        free(peek);
    }
}

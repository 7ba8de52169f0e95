#include "engine/peek_inside.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/num.h"

#define WRONG_REST_MS  GB_SECOND_MS
#define WRONG_MAX      5 /* of one connection */
#define WRONG_TELL_MS  (10 * GB_SECOND_MS)
#define USER           "default"
#define WRONG_PASSWORD "WRONGPASS invalid username-password pair or user is disabled."

void peek_ping(struct ask *ask) {
    if (ask->argc > 2) {
        peek_error(ask, "ERR wrong number of arguments for 'ping' command");
    } else if (ask->argc == 2) {
        resp_bulk(&ask->out, ask->argv[1]);
    } else {
        resp_simple(&ask->out, "PONG");
    }
}

void peek_echo(struct ask *ask) {
    resp_bulk(&ask->out, ask->argv[1]);
}

void peek_quit(struct ask *ask) {
    resp_simple(&ask->out, "OK");
    ask->close = true;
}

void peek_reset(struct ask *ask) {
    *ask->session = (struct session){
        .ticket = ask->session->ticket,
        .id = ask->session->id,
        .is_known = ask->peek->password_n == 0,
        .wrong = ask->session->wrong,
    };
    resp_simple(&ask->out, "RESET");
}

void peek_select(struct ask *ask) {
    int64_t db;
    if (num_i64(ask->argv[1], INT32_MIN, INT32_MAX, &db) != GB_OK) {
        peek_error(ask, "ERR value is not an integer or out of range");
    } else if (db < 0 || db >= PEEK_DATABASES) {
        peek_error(ask, "ERR DB index is out of range");
    } else {
        ask->session->db = (int)db;
        resp_simple(&ask->out, "OK");
    }
}

/* ---- AUTH, HELLO ---- */

/* Whoever guesses waits, and the owner hears of it; not of what was said. */
static void password_was_wrong(struct ask *ask) {
    struct peek *peek = ask->peek;
    peek->wrong_passwords++;
    ask->session->wrong++;
    ask->rest_ms = WRONG_REST_MS;
    ask->close = ask->session->wrong >= WRONG_MAX;
    if (ask->now_ms >= peek->wrong_told_ms + WRONG_TELL_MS || ask->now_ms < peek->wrong_told_ms) {
        peek->wrong_told_ms = ask->now_ms;
        LOG_WARN("resp_wrong_password", LOG_STR("peer", ask->incoming->peer),
                 LOG_INT("so_far", peek->wrong_passwords));
    }
    peek_error(ask, WRONG_PASSWORD);
}

/* False: it was not right, and that was said. */
static bool log_in(struct ask *ask, struct str user, struct str password) {
    struct peek *peek = ask->peek;
    bool fits = crypto_equal(password, (struct str){peek->password, peek->password_n});
    if (!str_is(user, USER) || (peek->password_n > 0 && !fits)) {
        password_was_wrong(ask);
        return false;
    }
    ask->session->is_known = true;
    ask->session->wrong = 0;
    return true;
}

void peek_auth(struct ask *ask) {
    if (ask->argc > 3) {
        peek_error(ask, "ERR syntax error");
    } else if (ask->argc == 2 && ask->peek->password_n == 0) {
        peek_error(ask, "ERR AUTH <password> called without any password configured for the "
                        "default user. Are you sure your configuration is correct?");
    } else if (log_in(ask, ask->argc == 3 ? ask->argv[1] : STR(USER), ask->argv[ask->argc - 1])) {
        resp_simple(&ask->out, "OK");
    }
}

/* False: no name, and that was said. */
static bool name_set(struct ask *ask, struct str name) {
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] < '!' || name.p[i] > '~') {
            peek_error(ask,
                       "ERR Client names cannot contain spaces, newlines or special characters.");
            return false;
        }
    }
    if (name.n > PEEK_NAME_MAX) {
        peek_error(ask, "ERR Client names have at most 64 bytes here.");
        return false;
    }
    if (name.n > 0) {
        memcpy(ask->session->name, name.p, name.n);
    }
    ask->session->name_n = name.n;
    return true;
}

static void put_pair(struct resp_out *out, const char *name, struct str value) {
    resp_bulk(out, str_of(name));
    resp_bulk(out, value);
}

static void put_about(struct ask *ask) {
    struct resp_out *out = &ask->out;
    resp_map(out, 7);
    put_pair(out, "server", STR("redis"));
    put_pair(out, "version", STR(PEEK_REDIS_VERSION));
    resp_bulk(out, STR("proto"));
    resp_int(out, out->is_3 ? 3 : 2);
    resp_bulk(out, STR("id"));
    resp_int(out, ask->session->id);
    put_pair(out, "mode", STR("standalone"));
    put_pair(out, "role", STR("master"));
    resp_bulk(out, STR("modules"));
    resp_array(out, 0);
}

/* The words behind the version. False: said what is wrong with them. */
static bool hello_words(struct ask *ask, struct str *ret_name) {
    size_t i = 2;
    while (i < ask->argc) {
        size_t left = ask->argc - i - 1;
        if (peek_arg_is(ask, i, "auth") && left >= 2) {
            if (!log_in(ask, ask->argv[i + 1], ask->argv[i + 2])) {
                return false;
            }
            i += 3;
        } else if (peek_arg_is(ask, i, "setname") && left >= 1) {
            *ret_name = ask->argv[i + 1];
            i += 2;
        } else {
            resp_error(&ask->out,
                       arena_printf(ask->arena, "ERR Syntax error in HELLO option '" STR_FMT "'",
                                    STR_ARG(str_sub(ask->argv[i], 0, PEEK_NAME_MAX))));
            return false;
        }
    }
    return true;
}

void peek_hello(struct ask *ask) {
    int64_t version = ask->session->is_3 ? 3 : 2;
    struct str name = STR_NONE;
    if (ask->argc > 1 && num_i64(ask->argv[1], INT64_MIN, INT64_MAX, &version) != GB_OK) {
        peek_error(ask, "ERR Protocol version is not an integer or out of range");
        return;
    }
    if (version != 2 && version != 3) {
        peek_error(ask, "NOPROTO unsupported protocol version");
        return;
    }
    if (!hello_words(ask, &name)) {
        return;
    }
    if (!ask->session->is_known) {
        peek_error(ask, "NOAUTH HELLO must be called with the client already authenticated, "
                        "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to "
                        "authenticate the client and select the RESP protocol version at the same "
                        "time");
        return;
    }
    if (name.p != NULL && !name_set(ask, name)) {
        return;
    }
    ask->session->is_3 = version == 3;
    ask->out.is_3 = ask->session->is_3;
    put_about(ask);
}

/* ---- CLIENT ---- */

static bool client_arity(struct ask *ask, const char *name, size_t argc) {
    if (ask->argc == argc) {
        return true;
    }
    resp_error(
        &ask->out,
        arena_printf(ask->arena, "ERR wrong number of arguments for 'client|%s' command", name));
    return false;
}

void peek_client(struct ask *ask) {
    if (peek_arg_is(ask, 1, "id")) {
        if (client_arity(ask, "id", 2)) {
            resp_int(&ask->out, ask->session->id);
        }
    } else if (peek_arg_is(ask, 1, "getname")) {
        if (!client_arity(ask, "getname", 2)) {
            return;
        }
        if (ask->session->name_n == 0) {
            resp_null(&ask->out);
        } else {
            resp_bulk(&ask->out, (struct str){ask->session->name, ask->session->name_n});
        }
    } else if (peek_arg_is(ask, 1, "setname")) {
        if (client_arity(ask, "setname", 3) && name_set(ask, ask->argv[2])) {
            resp_simple(&ask->out, "OK");
        }
    } else if (peek_arg_is(ask, 1, "setinfo")) { /* which library it is: nobody asks here */
        if (client_arity(ask, "setinfo", 4)) {
            resp_simple(&ask->out, "OK");
        }
    } else {
        peek_unknown_subcommand(ask);
    }
}

#include "engine/peek_inside.h"

#define WRITES   COMMAND_WRITES
#define WALKS    COMMAND_WALKS
#define STRANGER COMMAND_STRANGER
#define DENIED   COMMAND_DENIED
#define FAST     COMMAND_FAST

/* clang-format off */
const struct command peek_commands[] = {
    /* name      arity flags           keys        function         group         summary */
    {"auth",      -2, STRANGER | FAST, {0, 0, 0},  peek_auth,      "connection", "Say the password."},
    {"client",    -2, 0,               {0, 0, 0},  peek_client,    "connection", "ID, GETNAME, SETNAME name, SETINFO option value."},
    {"command",   -1, 0,               {0, 0, 0},  peek_command,   "server",     "What there is: COUNT, DOCS, INFO, LIST, or nothing."},
    {"dbsize",     1, WALKS | FAST,    {0, 0, 0},  peek_dbsize,    "server",     "Rows of the database, what expired lately included."},
    {"decr",       2, WRITES | FAST,   {1, 1, 1},  peek_decr,      "string",     "Subtract one from a number."},
    {"del",       -2, WRITES,          {1, -1, 1}, peek_del,       "generic",    "Remove keys."},
    {"echo",       2, FAST,            {0, 0, 0},  peek_echo,      "connection", "Say the same."},
    {"exists",    -2, FAST,            {1, -1, 1}, peek_exists,    "generic",    "How many of the keys exist."},
    {"expire",    -3, WRITES | FAST,   {1, 1, 1},  peek_expire,    "generic",    "Let a key expire in so many seconds."},
    {"flushall",  -1, DENIED,          {0, 0, 0},  NULL,           "server",     "Refused."},
    {"flushdb",   -1, DENIED,          {0, 0, 0},  NULL,           "server",     "Refused."},
    {"get",        2, FAST,            {1, 1, 1},  peek_get,       "string",     "The value of a key; secrets in it are masked."},
    {"hello",     -1, STRANGER | FAST, {0, 0, 0},  peek_hello,     "connection", "Choose RESP 2 or 3, with AUTH and SETNAME."},
    {"incr",       2, WRITES | FAST,   {1, 1, 1},  peek_incr,      "string",     "Add one to a number."},
    {"info",      -1, WALKS,           {0, 0, 0},  peek_info,      "server",     "About the server, by section."},
    {"keys",       2, WALKS,           {0, 0, 0},  peek_keys,      "generic",    "All keys of a pattern, if few rows must be looked at."},
    {"mget",      -2, FAST,            {1, -1, 1}, peek_mget,      "string",     "The values of several keys."},
    {"persist",    2, WRITES | FAST,   {1, 1, 1},  peek_persist,   "generic",    "Let a key stay."},
    {"pexpire",   -3, WRITES | FAST,   {1, 1, 1},  peek_pexpire,   "generic",    "Let a key expire in so many milliseconds."},
    {"ping",      -1, FAST,            {0, 0, 0},  peek_ping,      "connection", "PONG, or the same as was said."},
    {"pttl",       2, FAST,            {1, 1, 1},  peek_pttl,      "generic",    "Milliseconds until a key expires."},
    {"quit",      -1, STRANGER | FAST, {0, 0, 0},  peek_quit,      "connection", "End the connection."},
    {"randomkey",  1, WALKS,           {0, 0, 0},  peek_randomkey, "generic",    "One of the first thousand keys."},
    {"reset",      1, STRANGER | FAST, {0, 0, 0},  peek_reset,     "connection", "As if just connected."},
    {"scan",      -2, WALKS,           {0, 0, 0},  peek_scan,      "generic",    "Some keys and where to go on: MATCH, COUNT, TYPE."},
    {"select",     2, FAST,            {0, 0, 0},  peek_select,    "connection", "0 dialogs, 1 cache, 2 limits, 3 the shop's tables."},
    {"set",       -3, WRITES,          {1, 1, 1},  peek_set,       "string",     "Write a key: EX PX EXAT PXAT KEEPTTL NX XX GET."},
    {"ttl",        2, FAST,            {1, 1, 1},  peek_ttl,       "generic",    "Seconds until a key expires."},
    {"type",       2, FAST,            {1, 1, 1},  peek_type,      "generic",    "string, or none."},
    {"unlink",    -2, WRITES | FAST,   {1, -1, 1}, peek_del,       "generic",    "Remove keys."},
};
/* clang-format on */

const size_t peek_command_count = GB_COUNT(peek_commands);

const struct command *peek_find(struct str name) {
    for (size_t i = 0; i < GB_COUNT(peek_commands); i++) {
        if (str_equal_nocase(name, str_of(peek_commands[i].name))) {
            return &peek_commands[i];
        }
    }
    return NULL;
}

/* ---- COMMAND ---- */

static void put_flags(struct resp_out *out, unsigned flags) {
    static const struct {
        unsigned flag;
        bool is_set;
        const char *name;
    } names[] = {
        {COMMAND_WRITES, true, "write"},
        {COMMAND_WRITES, false, "readonly"},
        {COMMAND_STRANGER, true, "no_auth"},
        {COMMAND_FAST, true, "fast"},
    };
    size_t count = 0;
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        count += ((flags & names[i].flag) != 0) == names[i].is_set;
    }
    resp_array(out, count);
    for (size_t i = 0; i < GB_COUNT(names); i++) {
        if (((flags & names[i].flag) != 0) == names[i].is_set) {
            resp_simple(out, names[i].name);
        }
    }
}

static void put_entry(struct resp_out *out, const struct command *command) {
    if (command == NULL) {
        resp_null(out);
        return;
    }
    resp_array(out, 10); /* the last four: categories, tips, key specifications, subcommands */
    resp_bulk(out, str_of(command->name));
    resp_int(out, command->arity);
    put_flags(out, command->flags);
    for (size_t i = 0; i < GB_COUNT(command->keys); i++) {
        resp_int(out, command->keys[i]);
    }
    for (int i = 0; i < 4; i++) {
        resp_array(out, 0);
    }
}

static void put_docs(struct resp_out *out, const struct command *command) {
    resp_bulk(out, str_of(command->name));
    resp_map(out, 3);
    resp_bulk(out, STR("summary"));
    resp_bulk(out, str_of(command->summary));
    resp_bulk(out, STR("since"));
    resp_bulk(out, STR("1.0.0"));
    resp_bulk(out, STR("group"));
    resp_bulk(out, str_of(command->group));
}

static void docs(struct ask *ask) {
    if (ask->argc == 2) {
        resp_map(&ask->out, GB_COUNT(peek_commands));
        for (size_t i = 0; i < GB_COUNT(peek_commands); i++) {
            put_docs(&ask->out, &peek_commands[i]);
        }
        return;
    }
    size_t found = 0;
    for (size_t i = 2; i < ask->argc; i++) {
        found += peek_find(ask->argv[i]) != NULL;
    }
    resp_map(&ask->out, found);
    for (size_t i = 2; i < ask->argc; i++) {
        const struct command *command = peek_find(ask->argv[i]);
        if (command != NULL) {
            put_docs(&ask->out, command);
        }
    }
}

static void entries(struct ask *ask) {
    bool named = ask->argc > 2;
    size_t count = named ? ask->argc - 2 : GB_COUNT(peek_commands);
    resp_array(&ask->out, count);
    for (size_t i = 0; i < count; i++) {
        put_entry(&ask->out, named ? peek_find(ask->argv[i + 2]) : &peek_commands[i]);
    }
}

void peek_command(struct ask *ask) {
    if (ask->argc == 1 || peek_arg_is(ask, 1, "info")) {
        entries(ask);
    } else if (peek_arg_is(ask, 1, "docs")) {
        docs(ask);
    } else if (peek_arg_is(ask, 1, "count") && ask->argc == 2) {
        resp_int(&ask->out, (int64_t)GB_COUNT(peek_commands));
    } else if (peek_arg_is(ask, 1, "list") && ask->argc == 2) {
        resp_array(&ask->out, GB_COUNT(peek_commands));
        for (size_t i = 0; i < GB_COUNT(peek_commands); i++) {
            resp_bulk(&ask->out, str_of(peek_commands[i].name));
        }
    } else {
        peek_unknown_subcommand(ask);
    }
}

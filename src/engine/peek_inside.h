/* peek_inside.h: what the files of peek share: a session, a command being carried out. Theirs only.
 */
#ifndef ENGINE_PEEK_INSIDE_H
#define ENGINE_PEEK_INSIDE_H

#include "base/base.h"
#include "engine/peek.h"
#include "io/resp.h"
#include "io/world.h"
#include "store/store.h"

#define PEEK_NAME_MAX     64
#define PEEK_PASSWORD_MAX 200
#define PEEK_DATABASES    4
#define PEEK_SHOP         3 /* the database whose keys name their table */
/* Rows that one command looks at: a thousand are a tenth of a millisecond, cached. */
#define PEEK_SCAN_ROWS_MAX 1000
#define PEEK_KEYS_ROWS_MAX 10000
#define PEEK_REPLY_MAX     ((size_t)1024 * 1024)
/* What SCAN may go on from, per connection: an older cursor is no more than that many calls old. */
#define PEEK_CURSORS 8
/* Of Redis: what its tools may expect of us. */
#define PEEK_REDIS_VERSION "7.0.0"

/* Of one connection. */
struct session {
    uint64_t ticket; /* 0: nobody's */
    int64_t id;
    int db;
    bool is_known; /* has said the password, or there is none */
    bool is_3;     /* speaks RESP3 */
    unsigned wrong;
    char name[PEEK_NAME_MAX];
    size_t name_n;
};

/* A place among the rows of a database: behind `key` of `table`; an empty key: before its first. */
struct place {
    int table;
    size_t key_n;
    char key[STORE_KEY_MAX];
};

struct cursor {
    uint64_t number; /* as the client was told; 0: none */
    int db;
    struct place place;
};

struct peek {
    struct world *world;
    struct backend *backend;
    char password[PEEK_PASSWORD_MAX];
    size_t password_n;
    int port;
    int64_t started_ms;
    int64_t next_id;
    uint64_t commands; /* carried out, all in all */
    uint64_t cursors_made, wrong_passwords;
    int64_t wrong_told_ms;
    struct session sessions[COMMAND_SEATS];
    struct cursor cursors[COMMAND_SEATS][PEEK_CURSORS];
};

/* One command. Its function writes exactly one reply. */
struct ask {
    struct peek *peek;
    struct session *session;
    const struct command_incoming *incoming;
    const struct command *command;
    const struct str *argv;
    size_t argc;
    struct tx *tx; /* sees what the turn's commands before it have written */
    struct arena *arena;
    int64_t now_ms;
    struct resp_out out;
    bool close; /* afterwards */
    int64_t rest_ms;
};

typedef void command_fn(struct ask *ask);

enum command_flags {
    COMMAND_WRITES = 1,   /* refused unless allowed */
    COMMAND_WALKS = 2,    /* looks at the store as it is on disk: after the turn's writes */
    COMMAND_STRANGER = 4, /* before the password, too */
    COMMAND_DENIED = 8,   /* known, and refused to everybody */
    COMMAND_FAST = 16,
};

/* Arity as Redis counts it: with the name; negative: at least. Keys: first, last, step. */
struct command {
    const char *name;
    int arity;
    unsigned flags;
    int keys[3];
    command_fn *run;
    const char *group, *summary;
};

/* ---- peek_table.c ---- */

extern const struct command peek_commands[];
extern const size_t peek_command_count;
const struct command *peek_find(struct str name); /* NULL: there is none */
command_fn peek_command;

/* ---- peek_mask.c ---- */

/* The value as it may be shown. */
struct str peek_show(struct arena *arena, int table, struct str key, struct str value);
bool peek_is_writable(int table);

/* ---- peek.c: what several commands say ---- */

void peek_error(struct ask *ask, const char *text);
void peek_fault(struct ask *ask, enum gb_err err); /* the store's */
void peek_unknown_subcommand(struct ask *ask);
bool peek_arg_is(const struct ask *ask, size_t index, const char *word); /* any case */
/* The row a key names in the session's database. False: no key of this form can be there. */
bool peek_locate(const struct ask *ask, struct str name, int *ret_table, struct str *ret_key);

/* ---- peek_session.c, peek_info.c, peek_read.c, peek_scan.c, peek_write.c ---- */

command_fn peek_ping, peek_echo, peek_auth, peek_hello, peek_select, peek_client, peek_quit,
    peek_reset;
command_fn peek_info, peek_dbsize;
command_fn peek_get, peek_mget, peek_exists, peek_ttl, peek_pttl, peek_type;
command_fn peek_scan, peek_keys, peek_randomkey;
command_fn peek_set, peek_del, peek_expire, peek_pexpire, peek_persist, peek_incr, peek_decr;

#endif

/* redis_wire.h: what the files of the Redis backend share; nobody else includes it.
 *
 *   redis.c         open, read, what the owner is told     redis_apply.c   a view's changes
 *   redis_news.c    what others have added
 *   redis_scan.c    rows in order                          redis_purge.c   what has expired
 *   redis_link.c    the connection: batches out, replies in, back-off; the door to hiredis
 *   redis_greet.c   its first words        redis_refusal.c   error replies
 *   redis_socket.c  its bytes
 *   redis_tls.c     TLS between the two; the door to mbedTLS
 *
 * A batch is several commands in one write and one wait for all their replies: a round trip. It
 * starts with the SELECT it needs, so that it means the same on any connection.
 */
#ifndef STORE_REDIS_WIRE_H
#define STORE_REDIS_WIRE_H

#include "base/crypto.h"
#include "store/backend.h"

#include <sys/types.h>

#define REDIS_FORMAT  "gigabridge store 1"
#define REDIS_DB_ROWS 3 /* the database whose tables are ordered, and share it */

/* ---- replies ---- */

enum redis_kind {
    REDIS_TEXT,
    REDIS_INTEGER,
    REDIS_LIST,
    REDIS_NIL,
    REDIS_ERROR,
    REDIS_OTHER /* nothing we ask for: what RESP 3 adds */
};

struct redis_reply {
    enum redis_kind kind;
    int64_t integer;
    struct str text;
    struct redis_reply *first, *last; /* of a list */
    size_t count;                     /* of a list */
    struct redis_reply *next;         /* its neighbour in a list, or the next command's reply */
};

/* ---- the link ---- */

struct redis_link;

/* All options are copied. NULL: TLS without one authority that could be read. */
struct redis_link *redis_link_new(const struct redis_options *options);
void redis_link_free(struct redis_link *link); /* NULL is fine */

/* Begin a batch, connecting if need be. What earlier batches returned is gone.
 * GB_UNAVAILABLE: no connection, or resting; GB_NO_SPACE, GB_DAMAGED: from the check of the format.
 * Whatever fails here and below: redis_link_trouble() says why. */
enum gb_err redis_link_begin(struct redis_link *link) GB_MUST_USE;

/* Add a command. */
void redis_link_send(struct redis_link *link, size_t count, const struct str *words);
#define REDIS_SEND(link, ...)                                                                      \
    redis_link_send((link), sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str),        \
                    (const struct str[]){__VA_ARGS__})
void redis_link_select(struct redis_link *link, int db);

/* Send the batch and take its replies, one for each command, in link memory. A batch that may be
 * sent again: if the server had closed the connection meanwhile, it is, once.
 * GB_UNAVAILABLE; GB_NO_SPACE: the batch is too large; and what connecting says. */
enum gb_err redis_link_ask(struct redis_link *link,
                           const struct redis_reply **ret_replies) GB_MUST_USE;
/* The same for a batch whose last command changes something: sent once.
 * GB_UNCERTAIN: all of it was sent, and not answered. */
enum gb_err redis_link_commit(struct redis_link *link,
                              const struct redis_reply **ret_replies) GB_MUST_USE;

/* What came by itself (messages), all that is there, without waiting for more: NULL: nothing.
 * GB_UNAVAILABLE: the connection is lost, and so is what came last. */
enum gb_err redis_link_hear(struct redis_link *link,
                            const struct redis_reply **ret_replies) GB_MUST_USE;
int redis_link_fd(const struct redis_link *link); /* -1: no connection */

/* What an error reply means to us. The connection is given up where another may do better. */
enum gb_err redis_link_refused(struct redis_link *link, const struct redis_reply *error);
/* The same for the first error among replies; GB_OK: there is none. */
enum gb_err redis_link_check(struct redis_link *link, const struct redis_reply *replies);
/* A reply that no server of ours gives. */
enum gb_err redis_link_nonsense(struct redis_link *link);
/* Give the connection up, and rest. */
void redis_link_leave(struct redis_link *link);

/* Memory until the next begin. */
struct arena *redis_link_memory(struct redis_link *link);
const char *redis_link_trouble(const struct redis_link *link);  /* NULL: there was none yet */
bool redis_link_has_pxat(const struct redis_link *link);        /* SET … PXAT: 6.2 */
bool redis_link_has_pexpiretime(const struct redis_link *link); /* 7.0 */
void redis_link_stats(const struct redis_link *link, struct redis_stats *ret_stats);

/* For the greeting: forget the batch, keeping what was returned; one round trip on the connection
 * as it is, before the deadline of connecting; say what is wrong. */
void redis_link_batch(struct redis_link *link);
bool redis_link_trip(struct redis_link *link, const struct redis_reply **ret_replies) GB_MUST_USE;
void redis_link_say(struct redis_link *link, const char *format, ...) GB_PRINTF(2, 3);

/* ---- the greeting ---- */

struct redis_who {
    const char *user;
    struct secret password;
    int db_first;
    bool is_guest;
};

struct redis_facts {
    bool has_pxat;        /* SET … PXAT: 6.2 */
    bool has_pexpiretime; /* 7.0 */
    char name[64];        /* "redis 7.0.15" */
};

/* GB_UNAVAILABLE: not a server for us, or we are nobody to it; GB_NO_SPACE; GB_DAMAGED: holds
 * something else than our format. */
enum gb_err redis_greet(struct redis_link *link, const struct redis_who *who,
                        struct redis_facts *ret_facts) GB_MUST_USE;

/* ---- bytes ---- */

/* How a read or write ended that moved no bytes; 0: the other side has closed. */
enum { REDIS_STREAM_LATE = -1, REDIS_STREAM_BROKEN = -2 };

struct redis_socket {
    const char *host, *path; /* path NULL: TCP */
    int port;
    int fd; /* -1: none */
    int64_t deadline_ms;
    bool is_late;  /* set when a wait ended at the deadline */
    char why[128]; /* what failed last; "" nothing */
};

bool redis_socket_connect(struct redis_socket *s) GB_MUST_USE;
void redis_socket_close(struct redis_socket *s);
/* Is there something to read, or an end to be noticed? */
bool redis_socket_is_readable(const struct redis_socket *s);
/* As in struct redis_stream; `ctx` is the socket. */
ssize_t redis_socket_read(void *ctx, char *to, size_t room);
ssize_t redis_socket_write(void *ctx, const char *from, size_t bytes);
/* Wait for nothing. */
void redis_give_way(int ms);
int64_t redis_mono_us(void);
int64_t redis_mono_ms(void);

/* ---- TLS ---- */

struct redis_tls;

struct redis_stream {
    void *ctx;
    ssize_t (*read)(void *ctx, char *to, size_t room);
    ssize_t (*write)(void *ctx, const char *from, size_t bytes);
};

/* `ca_file` NULL: the authorities the program carries. NULL: not one could be read. */
struct redis_tls *redis_tls_new(const char *ca_file);
void redis_tls_free(struct redis_tls *tls); /* NULL is fine */
/* Handshake over `below`, which must stay; an earlier session is forgotten.
 * GB_REFUSED: the other side is not who it should be. GB_UNAVAILABLE. */
enum gb_err redis_tls_start(struct redis_tls *tls, const char *host,
                            const struct redis_stream *below, const char **reterr_why) GB_MUST_USE;
ssize_t redis_tls_read(struct redis_tls *tls, char *to, size_t room);
ssize_t redis_tls_write(struct redis_tls *tls, const char *from, size_t bytes);

/* ---- the backend ---- */

/* Where additions to a table are told. */
struct str redis_channel(struct arena *arena, const struct store_table *table, int db_first);

struct redis {
    struct backend base;
    struct redis_link *link;
    int db_first;
    uint64_t conflicts, uncertain, purged;
    unsigned conflicts_running; /* one after the other */
    uint64_t jitter;
    const char *warning;
    const char *instance; /* NULL: nothing is told */
    bool told[STORE_TABLES_MAX];
    struct arena *kept;
};

struct redis *redis_of(struct backend *backend);
int redis_db_of(const struct redis *redis, int table);
/* Has it an index, and its name in its keys? */
bool redis_is_ordered(const struct redis *redis, int table);
/* The row's key as the server has it; the index of its table: in link memory. */
struct str redis_row_key(const struct redis *redis, int table, struct str key);
struct str redis_index_key(const struct redis *redis, int table);
#define REDIS_EXPIRY_KEY STR("_expiry")

/* Asking for rows is REDIS_ROWS_ASK commands at the start, then two for each row; taking them is
 * the same in replies. */
struct redis_rows {
    const struct redis_reply *next;
    int64_t server_ms;  /* its clock; only where it cannot say when a row expires */
    int64_t expires_ms; /* of the row taken last */
};
void redis_rows_ask(struct redis *redis);
void redis_row_ask(struct redis *redis, struct str row_key);
struct redis_rows redis_rows_take(struct redis *redis, const struct redis_reply *replies);
/* GB_OK: *ret_value in link memory; GB_NOT_FOUND: absent or expired at now_ms; GB_DAMAGED: no value
 * of ours. */
enum gb_err redis_row_take(struct redis_rows *rows, int64_t now_ms, struct str *ret_value);

/* What came of a batch that ended with EXEC. GB_CONFLICT: a watched key was touched; GB_DAMAGED:
 * not all of it could be done; GB_UNCERTAIN: no sensible answer; and what redis_link_refused says.
 */
enum gb_err redis_exec_result(struct redis *redis, const struct redis_reply *replies) GB_MUST_USE;

/* Ends a function of backend_ops: the log wants the reason, too. Nobody who reads is told that
 * there is no space. */
enum gb_err redis_done(struct redis *redis, enum gb_err err);
enum gb_err redis_done_reading(struct redis *redis, enum gb_err err);

/* As in backend_ops. */
enum gb_err redis_apply(struct backend *b, const struct seen_row *reads, size_t read_count,
                        const struct change *changes, size_t change_count, int64_t now_ms);
enum gb_err redis_scan(struct backend *b, int table, struct str from, struct str until,
                       size_t limit, int64_t now_ms, struct arena *arena, backend_row_fn *each,
                       void *ctx);
enum gb_err redis_purge(struct backend *b, int64_t now_ms, size_t limit, size_t *ret_removed);

#endif

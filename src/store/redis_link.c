/* redis_link.c: one connection to the server, made again when it is lost.
 *
 * hiredis formats nothing and waits for nothing here: it buffers, and parses replies into link
 * memory. Every wait has one deadline for the whole round trip, so that a server that drips bytes
 * costs no more than a silent one.
 *
 *     none ──begin──► connected ──trip──► connected            a call while resting fails at once
 *      ▲                  │
 *      └──── rest ◄───────┘ late, lost, or sent away by an error reply
 *
 * A connection that was in use and is found closed (a server started anew) is replaced at once and
 * without rest.
 */
#define GB_DOOR "hiredis' own memory and the link's"
#include "store/redis_wire.h"

#include "base/arena.h"

#include <hiredis/hiredis.h>

#include <stdarg.h>

#define PATIENCE_MS  1000
#define REST_MS_MIN  100
#define REST_MS_MAX  2000
#define REST_MS_LATE 1000 /* a silent server: asked once in that time at most */
#define REST_SHARE   4    /* rest so many times what failing took */
#define MEMORY_FIRST ((size_t)64 * 1024)
#define MEMORY_MAX   ((size_t)4 * 1024 * 1024 * 1024 - 1)
#define BATCH_MAX    ((size_t)512 * 1024 * 1024)
#define REPLIES_MAX  ((size_t)160 * 1024 * 1024) /* of one round trip */
#define ELEMENTS_MAX 1000000                     /* of one list */

struct redis_link {
    struct redis_socket socket;
    struct redis_stream stream; /* the socket's, for TLS */
    struct redis_tls *tls;      /* NULL: plain */
    struct redis_who who;
    struct redis_facts facts; /* of the last server greeted */
    int64_t connect_ms, command_ms;
    struct arena *kept; /* copies of the options */

    redisContext *context; /* NULL: no connection */
    bool is_proven;        /* a round trip worked on this connection, after the greeting */

    struct arena *memory; /* of the batch: its bytes and its replies */
    struct buf batch;
    size_t commands;
    size_t replies_left; /* bytes its replies may still take */

    int64_t rest_until_ms, rest_ms;
    bool has_trouble;
    char trouble[256];
    struct redis_stats stats;
};

/* ---- what went wrong, in words ---- */

void redis_link_say(struct redis_link *link, const char *format, ...) {
    const struct redis_socket *socket = &link->socket;
    char why[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (socket->path != NULL) {
        (void)snprintf(link->trouble, sizeof link->trouble, "Redis at %.80s: %s", socket->path,
                       why);
    } else {
        (void)snprintf(link->trouble, sizeof link->trouble, "Redis at %.80s:%d: %s", socket->host,
                       socket->port, why);
    }
    link->has_trouble = true;
}

/* ---- giving a connection up ---- */

static void link_close(struct redis_link *link) {
    if (link->context != NULL) {
        redisFree(link->context);
        link->context = NULL;
    }
    redis_socket_close(&link->socket);
    link->is_proven = false;
}

static void link_rest(struct redis_link *link, int64_t spent_ms) {
    link->rest_ms = GB_MIN(GB_MAX(link->rest_ms * 2, (int64_t)REST_MS_MIN), (int64_t)REST_MS_MAX);
    int64_t rest_ms = GB_MAX(link->rest_ms, spent_ms * REST_SHARE);
    if (link->socket.is_late) {
        rest_ms = GB_MAX(rest_ms, (int64_t)REST_MS_LATE);
    }
    link->rest_until_ms = redis_mono_ms() + rest_ms;
}

void redis_link_leave(struct redis_link *link) {
    link_close(link);
    link_rest(link, 0);
}

/* ---- bytes, for hiredis ---- */

/* hiredis wants its error set where its functions fail; ours is in words. */
static ssize_t for_hiredis(redisContext *context, ssize_t n) {
    struct redis_link *link = context->privdata;
    if (n > 0) {
        return n;
    }
    redis_link_say(link, "%s",
                   n == 0                        ? "it closed the connection"
                   : link->socket.why[0] != '\0' ? link->socket.why
                                                 : "TLS is broken");
    context->err = REDIS_ERR_EOF;
    return -1;
}

static ssize_t context_read(redisContext *context, char *to, size_t room) {
    struct redis_link *link = context->privdata;
    return for_hiredis(context, link->tls != NULL ? redis_tls_read(link->tls, to, room)
                                                  : redis_socket_read(&link->socket, to, room));
}

/* All of it: hiredis would move what is left to the front after each part. */
static ssize_t context_write(redisContext *context) {
    struct redis_link *link = context->privdata;
    const char *from = context->obuf;
    size_t bytes = sdslen(context->obuf), at = 0;
    while (at < bytes) {
        ssize_t n = link->tls != NULL ? redis_tls_write(link->tls, from + at, bytes - at)
                                      : redis_socket_write(&link->socket, from + at, bytes - at);
        if (n <= 0) {
            return for_hiredis(context, n);
        }
        at += (size_t)n;
    }
    return (ssize_t)bytes;
}

static void context_close(redisContext *context) {
    struct redis_link *link = context->privdata;
    redis_socket_close(&link->socket);
}

static const redisContextFuncs context_functions = {
    .close = context_close, .read = context_read, .write = context_write};

/* ---- replies: hiredis parses, we build ---- */

/* NULL, which hiredis takes for out of memory: more than one round trip should bring. */
static void *reply_add(const redisReadTask *task, enum redis_kind kind, struct str text,
                       int64_t integer) {
    struct redis_link *link = task->privdata;
    size_t cost = sizeof(struct redis_reply) + text.n;
    if (cost > link->replies_left) {
        return NULL;
    }
    link->replies_left -= cost;
    struct redis_reply *reply = ARENA_NEW(link->memory, struct redis_reply);
    *reply = (struct redis_reply){.kind = kind, .integer = integer};
    if (text.p != NULL) {
        reply->text = arena_copy(link->memory, text);
    }
    if (task->parent != NULL) {
        struct redis_reply *list = task->parent->obj;
        *(list->last != NULL ? &list->last->next : &list->first) = reply;
        list->last = reply;
        list->count++;
    }
    return reply;
}

static void *reply_text(const redisReadTask *task, char *text, size_t bytes) {
    enum redis_kind kind = task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT;
    return reply_add(task, kind, (struct str){text, bytes}, 0);
}

static void *reply_list(const redisReadTask *task, size_t count) {
    (void)count; /* elements take memory when they come, not when they are promised */
    enum redis_kind kind = task->type == REDIS_REPLY_ARRAY ? REDIS_LIST : REDIS_OTHER;
    return reply_add(task, kind, STR_NONE, 0);
}

static void *reply_integer(const redisReadTask *task, long long integer) {
    return reply_add(task, REDIS_INTEGER, STR_NONE, integer);
}

static void *reply_double(const redisReadTask *task, double number, char *text, size_t bytes) {
    (void)number, (void)text, (void)bytes;
    return reply_add(task, REDIS_OTHER, STR_NONE, 0);
}

static void *reply_nil(const redisReadTask *task) {
    return reply_add(task, REDIS_NIL, STR_NONE, 0);
}

static void *reply_bool(const redisReadTask *task, int value) {
    (void)value;
    return reply_add(task, REDIS_OTHER, STR_NONE, 0);
}

/* hiredis keeps a pointer that is not const. */
static redisReplyObjectFunctions reply_functions = {reply_text,   reply_list, reply_integer,
                                                    reply_double, reply_nil,  reply_bool,
                                                    NULL /* memory goes with the batch */};

/* ---- batches ---- */

void redis_link_batch(struct redis_link *link) {
    buf_init(&link->batch, link->memory, BATCH_MAX);
    link->commands = 0;
}

void redis_link_send(struct redis_link *link, size_t count, const struct str *words) {
    struct buf *batch = &link->batch;
    buf_add_char(batch, '*');
    buf_add_i64(batch, (int64_t)count);
    buf_add(batch, STR("\r\n"));
    for (size_t i = 0; i < count; i++) {
        buf_add_char(batch, '$');
        buf_add_i64(batch, (int64_t)words[i].n);
        buf_add(batch, STR("\r\n"));
        buf_add(batch, words[i]);
        buf_add(batch, STR("\r\n"));
    }
    link->commands++;
}

void redis_link_select(struct redis_link *link, int db) {
    REDIS_SEND(link, STR("SELECT"), arena_printf(link->memory, "%d", db));
}

static bool reply_next(struct redis_link *link, struct redis_reply **ret_reply) {
    void *reply = NULL;
    while (redisGetReplyFromReader(link->context, &reply) == REDIS_OK) {
        if (reply != NULL) {
            *ret_reply = reply;
            return true;
        }
        if (redisBufferRead(link->context) != REDIS_OK) {
            return false;
        }
    }
    redis_link_say(link, "its answer is no RESP, or larger than %zu MB", REPLIES_MAX >> 20);
    return false;
}

/* One round trip before the deadline. *ret_sent: all bytes were handed over. */
static bool trip(struct redis_link *link, const struct redis_reply **ret_replies, bool *ret_sent) {
    int64_t start_us = redis_mono_us();
    struct redis_reply *first = NULL, *last = NULL;
    *ret_sent = false;
    link->replies_left = REPLIES_MAX;
    if (redisAppendFormattedCommand(link->context, link->batch.p, link->batch.n) != REDIS_OK) {
        gb_panic(__FILE__, __LINE__, "out of memory");
    }
    for (int done = 0; done == 0;) {
        if (redisBufferWrite(link->context, &done) != REDIS_OK) {
            return false;
        }
    }
    *ret_sent = true;
    for (size_t i = 0; i < link->commands; i++) {
        struct redis_reply *reply = NULL;
        if (!reply_next(link, &reply)) {
            return false;
        }
        *(last != NULL ? &last->next : &first) = reply;
        last = reply;
    }
    if (link->context->reader->pos != link->context->reader->len) {
        redis_link_say(link, "it answered more than was asked");
        return false;
    }
    link->stats.round_trips++;
    link->stats.trip_us_last = redis_mono_us() - start_us;
    link->stats.trip_us_max = GB_MAX(link->stats.trip_us_max, link->stats.trip_us_last);
    *ret_replies = first;
    return true;
}

/* ---- connecting ---- */

static bool handshake(struct redis_link *link) {
    const char *why = NULL;
    if (link->tls == NULL) {
        return true;
    }
    if (redis_tls_start(link->tls, link->socket.host, &link->stream, &why) == GB_OK) {
        return true;
    }
    redis_link_say(link, "TLS: %s",
                   link->socket.is_late ? "no answer in time (does it speak TLS on this port?)"
                                        : why);
    return false;
}

static void context_new(struct redis_link *link) {
    redisOptions options;
    memset(&options, 0, sizeof options);
    options.type = REDIS_CONN_USERFD;
    options.options = REDIS_OPT_NO_PUSH_AUTOFREE;
    options.endpoint.fd = link->socket.fd;
    options.privdata = link;
    link->context = redisConnectWithOptions(&options);
    if (link->context == NULL || link->context->err != 0) {
        gb_panic(__FILE__, __LINE__, "out of memory");
    }
    link->context->funcs = &context_functions;
    link->context->reader->fn = &reply_functions;
    link->context->reader->privdata = link;
    link->context->reader->maxelements = ELEMENTS_MAX;
}

static enum gb_err link_connect(struct redis_link *link) {
    int64_t start_ms = redis_mono_ms();
    int64_t rested_ms = link->rest_ms;
    enum gb_err err = GB_UNAVAILABLE;
    link->socket.is_late = false;
    link->socket.deadline_ms = start_ms + link->connect_ms;
    link->socket.why[0] = '\0';
    if (!redis_socket_connect(&link->socket)) {
        redis_link_say(link, "%s", link->socket.why);
    } else if (handshake(link)) {
        context_new(link);
        err = redis_greet(link, &link->who, &link->facts);
    }
    if (err != GB_OK) {
        link->stats.failures++;
        link_close(link);
        link->rest_ms = rested_ms; /* an error reply may have added its own */
        link_rest(link, redis_mono_ms() - start_ms);
        return err;
    }
    link->stats.connects++;
    return GB_OK;
}

/* ---- round trips ---- */

enum gb_err redis_link_begin(struct redis_link *link) {
    arena_clear(link->memory);
    if (link->context == NULL) {
        if (redis_mono_ms() < link->rest_until_ms) {
            return GB_UNAVAILABLE;
        }
        enum gb_err err = link_connect(link);
        if (err != GB_OK) {
            return err;
        }
    }
    redis_link_batch(link);
    return GB_OK;
}

bool redis_link_trip(struct redis_link *link, const struct redis_reply **ret_replies) {
    bool sent;
    return trip(link, ret_replies, &sent);
}

/* One attempt, with all that failing entails but the rest. */
static bool attempt(struct redis_link *link, const struct redis_reply **ret_replies,
                    bool *ret_sent) {
    link->socket.is_late = false;
    link->socket.why[0] = '\0';
    link->socket.deadline_ms = redis_mono_ms() + link->command_ms;
    if (trip(link, ret_replies, ret_sent)) {
        link->is_proven = true;
        link->rest_ms = 0;
        return true;
    }
    link->stats.failures++;
    link_close(link);
    return false;
}

static enum gb_err too_large(struct redis_link *link) {
    redis_link_say(link, "more than %zu MB in one transaction", BATCH_MAX >> 20);
    return GB_NO_SPACE;
}

/* Connect again for the same batch. It was made for what the last server could do. */
static enum gb_err connect_for_batch(struct redis_link *link) {
    struct buf batch = link->batch; /* the greeting makes one of its own */
    size_t commands = link->commands;
    bool had_pexpiretime = link->facts.has_pexpiretime;
    enum gb_err err = link_connect(link);
    if (err == GB_OK && link->facts.has_pexpiretime != had_pexpiretime) {
        redis_link_say(link, "it is of another version than before");
        return GB_UNAVAILABLE;
    }
    link->batch = batch;
    link->commands = commands;
    return err;
}

enum gb_err redis_link_ask(struct redis_link *link, const struct redis_reply **ret_replies) {
    int64_t start_ms = redis_mono_ms();
    bool was_proven = link->is_proven, sent;
    if (link->batch.failed) {
        return too_large(link);
    }
    if (attempt(link, ret_replies, &sent)) {
        return GB_OK;
    }
    if (was_proven && !link->socket.is_late) {
        enum gb_err err = connect_for_batch(link);
        if (err != GB_OK) {
            return err;
        }
        if (attempt(link, ret_replies, &sent)) {
            return GB_OK;
        }
    }
    link_rest(link, redis_mono_ms() - start_ms);
    return GB_UNAVAILABLE;
}

enum gb_err redis_link_commit(struct redis_link *link, const struct redis_reply **ret_replies) {
    int64_t start_ms = redis_mono_ms();
    bool was_proven = link->is_proven, sent;
    if (link->batch.failed) {
        return too_large(link);
    }
    if (attempt(link, ret_replies, &sent)) {
        return GB_OK;
    }
    if (link->socket.is_late || !was_proven) {
        link_rest(link, redis_mono_ms() - start_ms);
    }
    return sent ? GB_UNCERTAIN : GB_UNAVAILABLE;
}

/* A record of TLS that came in part is waited for, as is a reply. */
enum gb_err redis_link_hear(struct redis_link *link, const struct redis_reply **ret_replies) {
    struct redis_reply *first = NULL, *last = NULL;
    void *reply = NULL;
    arena_clear(link->memory);
    link->replies_left = REPLIES_MAX;
    link->socket.deadline_ms = redis_mono_ms() + link->command_ms;
    bool is_well = link->context != NULL;
    while (is_well && redisGetReplyFromReader(link->context, &reply) == REDIS_OK) {
        if (reply != NULL) {
            *(last != NULL ? &last->next : &first) = reply;
            last = reply;
        } else if (redis_socket_is_readable(&link->socket)) {
            is_well = redisBufferRead(link->context) == REDIS_OK;
        } else {
            *ret_replies = first;
            return GB_OK;
        }
    }
    redis_link_leave(link);
    return GB_UNAVAILABLE;
}

/* ---- the rest ---- */

int redis_link_fd(const struct redis_link *link) {
    return link->context != NULL ? link->socket.fd : -1;
}

struct arena *redis_link_memory(struct redis_link *link) {
    return link->memory;
}

const char *redis_link_trouble(const struct redis_link *link) {
    return link->has_trouble ? link->trouble : NULL;
}

bool redis_link_has_pxat(const struct redis_link *link) {
    return link->facts.has_pxat;
}

bool redis_link_has_pexpiretime(const struct redis_link *link) {
    return link->facts.has_pexpiretime;
}

void redis_link_stats(const struct redis_link *link, struct redis_stats *ret_stats) {
    *ret_stats = link->stats;
    ret_stats->is_connected = link->context != NULL;
    ret_stats->rest_ms =
        link->context != NULL ? 0 : GB_MAX(link->rest_until_ms - redis_mono_ms(), INT64_C(0));
    ret_stats->server = link->facts.name;
}

static const char *kept_copy(struct redis_link *link, const char *text) {
    return arena_cstr(link->kept, str_of(text));
}

struct redis_link *redis_link_new(const struct redis_options *options) {
    struct redis_link *link = calloc(1, sizeof *link);
    gb_assert(link != NULL);
    link->kept = arena_new(1024, 64 * 1024);
    link->memory = arena_new(MEMORY_FIRST, MEMORY_MAX);
    link->who = (struct redis_who){
        .user = kept_copy(link, options->user != NULL ? options->user : "default"),
        .password = {arena_copy(link->kept, options->password)},
        .is_guest = options->is_guest,
        .db_first = options->db_first,
    };
    link->socket = (struct redis_socket){
        .host = kept_copy(link, options->host != NULL ? options->host : "127.0.0.1"),
        .path = options->socket_path != NULL ? kept_copy(link, options->socket_path) : NULL,
        .port = options->port != 0 ? options->port : 6379,
        .fd = -1,
    };
    link->stream = (struct redis_stream){&link->socket, redis_socket_read, redis_socket_write};
    link->connect_ms = options->connect_ms > 0 ? options->connect_ms : PATIENCE_MS;
    link->command_ms = options->command_ms > 0 ? options->command_ms : PATIENCE_MS;
    if (options->tls && options->socket_path == NULL) {
        link->tls = redis_tls_new(options->ca_file);
        if (link->tls == NULL) {
            redis_link_free(link);
            return NULL;
        }
    }
    return link;
}

void redis_link_free(struct redis_link *link) {
    if (link == NULL) {
        return;
    }
    struct str password = secret_reveal(link->who.password);
    union {
        const char *from;
        void *to;
    } cast = {.from = password.p};
    link_close(link);
    redis_tls_free(link->tls);
    crypto_wipe(cast.to, password.n);
    arena_free(link->kept);
    arena_free(link->memory);
    free(link);
}

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
 * without rest. Nothing the server says is repeated in `trouble` but the code of an error: an error
 * text may quote our own command, password and all.
 */
#define GB_DOOR "a socket, a clock, hiredis' own memory"
#include "store/redis_wire.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/num.h"

#include <hiredis/hiredis.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/un.h>

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
    char *host, *socket_path, *user;
    struct secret password;
    int port, db_first;
    int64_t connect_ms, command_ms;

    redisContext *context; /* NULL: no connection */
    int fd;                /* the context's; -1: none */
    struct redis_tls *tls; /* NULL: plain */
    struct redis_stream socket;
    bool is_proven; /* a round trip worked on this connection, after the greeting */
    bool has_pxat, has_pexpiretime;

    struct arena *memory; /* of the batch: its bytes and its replies */
    struct buf batch;
    size_t commands;
    size_t replies_left; /* bytes its replies may still take */
    int64_t deadline_ms;
    bool is_late;

    int64_t rest_until_ms, rest_ms;
    bool has_trouble;
    char trouble[256];
    char server[64];
    struct redis_stats stats;
};

static int64_t mono_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int64_t mono_ms(void) {
    return mono_us() / 1000;
}

static char *copy_of(const char *text) {
    char *copy = text != NULL ? strdup(text) : NULL;
    gb_assert(text == NULL || copy != NULL);
    return copy;
}

/* ---- what went wrong, in words ---- */

static void trouble(struct redis_link *link, const char *format, ...) GB_PRINTF(2, 3);

static void trouble(struct redis_link *link, const char *format, ...) {
    char why[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (link->socket_path != NULL) {
        (void)snprintf(link->trouble, sizeof link->trouble, "Redis at %.80s: %s", link->socket_path,
                       why);
    } else {
        (void)snprintf(link->trouble, sizeof link->trouble, "Redis at %.80s:%d: %s", link->host,
                       link->port, why);
    }
    link->has_trouble = true;
}

struct refusal {
    const char *code;
    enum gb_err err;
    bool leave; /* another connection may do better: the server restarted, failed over, was told
                   another password */
    const char *words;
};

static const struct refusal refusals[] = {
    {"OOM", GB_NO_SPACE, false, "its memory is full (maxmemory)"},
    {"MISCONF", GB_NO_SPACE, false, "it cannot write to its disk (MISCONF)"},
    {"READONLY", GB_UNAVAILABLE, true, "it is a replica now and takes no changes"},
    {"LOADING", GB_UNAVAILABLE, true, "it is still loading its data"},
    {"MASTERDOWN", GB_UNAVAILABLE, true, "it is a replica that has lost its primary"},
    {"NOAUTH", GB_UNAVAILABLE, true, "it wants a password"},
    {"WRONGPASS", GB_UNAVAILABLE, true, "user or password are wrong, or the user is off"},
    {"NOPERM", GB_UNAVAILABLE, false, "its ACL does not allow us a command or a key"},
    {"NOREPLICAS", GB_UNAVAILABLE, false, "it lacks replicas and takes no changes"},
    {"BUSY", GB_UNAVAILABLE, true, "it is busy with a script"},
    {"CLUSTERDOWN", GB_UNAVAILABLE, true, "its cluster is down"},
    {"MOVED", GB_UNAVAILABLE, true, "it is part of a cluster, which has one database only"},
    {"WRONGTYPE", GB_DAMAGED, false, "a key of ours holds something of another type"},
};

/* The first word of an error; anything else but capitals is not shown. */
static struct str code_of(const struct redis_reply *error) {
    size_t n = 0;
    while (n < error->text.n && n < 20 && error->text.p[n] >= 'A' && error->text.p[n] <= 'Z') {
        n++;
    }
    return str_sub(error->text, 0, n);
}

static void link_close(struct redis_link *link);
static void link_rest(struct redis_link *link, int64_t spent_ms);

enum gb_err redis_link_refused(struct redis_link *link, const struct redis_reply *error) {
    struct str code = code_of(error);
    link->stats.failures++;
    for (size_t i = 0; i < GB_COUNT(refusals); i++) {
        if (str_is(code, refusals[i].code)) {
            trouble(link, "%s", refusals[i].words);
            if (refusals[i].leave) {
                link_close(link);
                link_rest(link, 0);
            }
            return refusals[i].err;
        }
    }
    trouble(link, "it refused a command (" STR_FMT ")", STR_ARG(code));
    return GB_UNAVAILABLE;
}

enum gb_err redis_link_check(struct redis_link *link, const struct redis_reply *replies) {
    for (const struct redis_reply *reply = replies; reply != NULL; reply = reply->next) {
        if (reply->kind == REDIS_ERROR) {
            return redis_link_refused(link, reply);
        }
    }
    return GB_OK;
}

enum gb_err redis_link_nonsense(struct redis_link *link) {
    trouble(link, "it answered what was not asked");
    link_close(link);
    link_rest(link, 0);
    return GB_UNAVAILABLE;
}

/* ---- bytes ---- */

/* False: not before the deadline. */
static bool wait_for(struct redis_link *link, int fd, short events, int64_t until_ms) {
    for (;;) {
        int64_t left_ms = until_ms - mono_ms();
        struct pollfd wanted = {.fd = fd, .events = events};
        int n = left_ms > 0 ? poll(&wanted, 1, (int)GB_MIN(left_ms, INT64_C(1000000))) : 0;
        if (n > 0) {
            return true;
        }
        if (left_ms <= 0) {
            link->is_late = true;
            return false;
        }
    }
}

static ssize_t late(struct redis_link *link) {
    trouble(link, "no answer in time");
    return REDIS_STREAM_LATE;
}

static ssize_t socket_read(void *ctx, char *to, size_t room) {
    struct redis_link *link = ctx;
    for (;;) {
        ssize_t n = recv(link->fd, to, room, MSG_DONTWAIT);
        if (n >= 0) {
            return n;
        }
        if (errno == EAGAIN) {
            if (!wait_for(link, link->fd, POLLIN, link->deadline_ms)) {
                return late(link);
            }
        } else if (errno != EINTR) {
            trouble(link, "%s", strerror(errno));
            return REDIS_STREAM_BROKEN;
        }
    }
}

static ssize_t socket_write(void *ctx, const char *from, size_t bytes) {
    struct redis_link *link = ctx;
    for (;;) {
        ssize_t n = send(link->fd, from, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            return n;
        }
        if (errno == EAGAIN) {
            if (!wait_for(link, link->fd, POLLOUT, link->deadline_ms)) {
                return late(link);
            }
        } else if (errno != EINTR) {
            trouble(link, "%s", strerror(errno));
            return REDIS_STREAM_BROKEN;
        }
    }
}

/* hiredis wants its error set where its functions fail; the words are in `trouble` already. */
static ssize_t for_hiredis(redisContext *context, ssize_t n) {
    if (n == 0) {
        trouble(context->privdata, "it closed the connection");
    }
    if (n <= 0) {
        context->err = n == REDIS_STREAM_LATE ? REDIS_ERR_TIMEOUT : REDIS_ERR_EOF;
        return -1;
    }
    return n;
}

static ssize_t context_read(redisContext *context, char *to, size_t room) {
    struct redis_link *link = context->privdata;
    ssize_t n =
        link->tls != NULL ? redis_tls_read(link->tls, to, room) : socket_read(link, to, room);
    return for_hiredis(context, n);
}

static ssize_t context_write(redisContext *context) {
    struct redis_link *link = context->privdata;
    size_t bytes = sdslen(context->obuf);
    ssize_t n = link->tls != NULL ? redis_tls_write(link->tls, context->obuf, bytes)
                                  : socket_write(link, context->obuf, bytes);
    return for_hiredis(context, n);
}

static void context_close(redisContext *context) {
    struct redis_link *link = context->privdata;
    if (link->fd >= 0) {
        close(link->fd);
    }
    link->fd = -1;
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
    return reply_add(task, REDIS_LIST, STR_NONE, 0);
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

static void batch_new(struct redis_link *link) {
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
    trouble(link, "its answer is no RESP, or larger than %zu MB", REPLIES_MAX >> 20);
    return false;
}

/* One round trip before the deadline. *ret_sent: all bytes were handed over. */
static bool trip(struct redis_link *link, const struct redis_reply **ret_replies, bool *ret_sent) {
    int64_t start_us = mono_us();
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
    link->stats.round_trips++;
    link->stats.trip_us_last = mono_us() - start_us;
    link->stats.trip_us_max = GB_MAX(link->stats.trip_us_max, link->stats.trip_us_last);
    *ret_replies = first;
    return true;
}

/* ---- connecting ---- */

static void link_close(struct redis_link *link) {
    if (link->context != NULL) {
        redisFree(link->context);
        link->context = NULL;
    } else if (link->fd >= 0) {
        close(link->fd);
    }
    link->fd = -1;
    link->is_proven = false;
}

static void link_rest(struct redis_link *link, int64_t spent_ms) {
    link->rest_ms = GB_MIN(GB_MAX(link->rest_ms * 2, (int64_t)REST_MS_MIN), (int64_t)REST_MS_MAX);
    int64_t rest_ms = GB_MAX(link->rest_ms, spent_ms * REST_SHARE);
    if (link->is_late) {
        rest_ms = GB_MAX(rest_ms, (int64_t)REST_MS_LATE);
    }
    link->rest_until_ms = mono_ms() + rest_ms;
}

/* False: this address does not do; errno says why. */
static bool connect_to(struct redis_link *link, const struct sockaddr *address, socklen_t bytes,
                       int64_t until_ms) {
    int error = 0;
    socklen_t error_bytes = sizeof error;
    link->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0) {
        return false;
    }
    if (connect(link->fd, address, bytes) == 0) {
        return true;
    }
    error = errno;
    if (error == EINPROGRESS) {
        if (!wait_for(link, link->fd, POLLOUT, until_ms)) {
            error = ETIMEDOUT;
        } else if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) != 0) {
            error = errno;
        }
    }
    if (error != 0) {
        close(link->fd);
        link->fd = -1;
        errno = error;
    }
    return error == 0;
}

static bool connect_unix(struct redis_link *link) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(link->socket_path);
    if (n >= sizeof address.sun_path) {
        trouble(link, "the socket's path is too long");
        return false;
    }
    memcpy(address.sun_path, link->socket_path, n);
    if (!connect_to(link, (const struct sockaddr *)&address, sizeof address, link->deadline_ms)) {
        trouble(link, "%s", strerror(errno));
        return false;
    }
    return true;
}

/* Each address has an equal share of the time that is left. A name that does not resolve may take
 * the resolver's own time; the rest afterwards is in proportion. */
static bool connect_tcp(struct redis_link *link) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    char port[8];
    (void)snprintf(port, sizeof port, "%d", link->port);
    int rc = getaddrinfo(link->host, port, &hints, &all);
    if (rc != 0) {
        trouble(link, "%s", gai_strerror(rc));
        return false;
    }
    int64_t left = 0, now_ms = mono_ms();
    for (const struct addrinfo *one = all; one != NULL; one = one->ai_next) {
        left++;
    }
    bool connected = false;
    for (const struct addrinfo *one = all; one != NULL && !connected; one = one->ai_next, left--) {
        int64_t share_ms = GB_MAX(link->deadline_ms - now_ms, INT64_C(1)) / left;
        connected = connect_to(link, one->ai_addr, one->ai_addrlen, now_ms + share_ms);
        now_ms = mono_ms();
    }
    freeaddrinfo(all);
    if (!connected) {
        trouble(link, "%s", strerror(errno));
        return false;
    }
    int on = 1;
    (void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(link->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return true;
}

static bool handshake(struct redis_link *link) {
    const char *why = NULL;
    if (link->tls == NULL) {
        return true;
    }
    if (redis_tls_start(link->tls, link->host, &link->socket, &why) == GB_OK) {
        return true;
    }
    trouble(link, "TLS: %s",
            link->is_late ? "no answer in time (does it speak TLS on this port?)" : why);
    return false;
}

static void context_new(struct redis_link *link) {
    redisOptions options = {.type = REDIS_CONN_USERFD,
                            .options = REDIS_OPT_NO_PUSH_AUTOFREE,
                            .endpoint.fd = link->fd,
                            .privdata = link};
    link->context = redisConnectWithOptions(&options);
    if (link->context == NULL || link->context->err != 0) {
        gb_panic(__FILE__, __LINE__, "out of memory");
    }
    link->context->funcs = &context_functions;
    link->context->reader->fn = &reply_functions;
    link->context->reader->privdata = link;
    link->context->reader->maxelements = ELEMENTS_MAX;
}

/* ---- the greeting ---- */

static const struct redis_reply *said(const struct redis_reply *greeting, const char *key) {
    const struct redis_reply *one = greeting->first;
    while (one != NULL && one->next != NULL && !str_is(one->text, key)) {
        one = one->next->next;
    }
    return one != NULL ? one->next : NULL;
}

static struct str said_text(const struct redis_reply *greeting, const char *key) {
    const struct redis_reply *found = said(greeting, key);
    return found != NULL ? found->text : STR_NONE;
}

/* "7.0.15": what this version can do. */
static void learn_version(struct redis_link *link, struct str name, struct str version) {
    struct str rest = version, piece;
    int64_t major = 0, minor = 0;
    if (!str_split(&rest, '.', &piece) || num_i64(piece, 0, 1000000, &major) != GB_OK ||
        !str_split(&rest, '.', &piece) || num_i64(piece, 0, 1000000, &minor) != GB_OK) {
        major = 6;
        minor = 0;
    }
    link->has_pxat = major > 6 || (major == 6 && minor >= 2);
    link->has_pexpiretime = major >= 7;
    (void)snprintf(link->server, sizeof link->server, STR_FMT " " STR_FMT,
                   STR_ARG(str_sub(name, 0, 20)), STR_ARG(str_sub(version, 0, 30)));
}

static enum gb_err greeting_read(struct redis_link *link, const struct redis_reply *greeting) {
    if (greeting->kind == REDIS_ERROR && str_is(code_of(greeting), "ERR")) {
        trouble(link, "it does not know HELLO: older than Redis 6?");
        return GB_UNAVAILABLE;
    }
    if (greeting->kind == REDIS_ERROR) {
        return redis_link_refused(link, greeting);
    }
    if (greeting->kind != REDIS_LIST) {
        return redis_link_nonsense(link);
    }
    learn_version(link, said_text(greeting, "server"), said_text(greeting, "version"));
    if (!str_is(said_text(greeting, "mode"), "standalone")) {
        trouble(link, "its mode is cluster or sentinel; a single server is needed");
        return GB_UNAVAILABLE;
    }
    if (!str_is(said_text(greeting, "role"), "master")) {
        trouble(link, "it is a replica; changes go to its primary");
        return GB_UNAVAILABLE;
    }
    return GB_OK;
}

static bool trip_in_time(struct redis_link *link, const struct redis_reply **ret_replies) {
    bool sent;
    return trip(link, ret_replies, &sent);
}

/* An empty database becomes ours; another program's does not. */
static enum gb_err format_write(struct redis_link *link) {
    const struct redis_reply *replies;
    batch_new(link);
    redis_link_select(link, link->db_first + REDIS_DB_ROWS);
    REDIS_SEND(link, STR("SET"), STR("_meta:format"), STR(REDIS_FORMAT), STR("NX"));
    if (!trip_in_time(link, &replies)) {
        return GB_UNAVAILABLE;
    }
    return redis_link_check(link, replies);
}

static enum gb_err format_check(struct redis_link *link, const struct redis_reply *size,
                                const struct redis_reply *format) {
    if (format->kind == REDIS_TEXT && str_is(format->text, REDIS_FORMAT)) {
        return GB_OK;
    }
    if (format->kind == REDIS_NIL && size->kind == REDIS_INTEGER && size->integer == 0) {
        return format_write(link);
    }
    trouble(link, "database %d holds data of another program, or of a newer version of this one",
            link->db_first + REDIS_DB_ROWS);
    return GB_DAMAGED;
}

/* Name and password, then whose data this is: one round trip. */
static enum gb_err greet(struct redis_link *link) {
    const struct redis_reply *hello;
    struct str password = secret_reveal(link->password);
    batch_new(link);
    if (password.n > 0) {
        REDIS_SEND(link, STR("HELLO"), STR("2"), STR("AUTH"),
                   str_of(link->user != NULL ? link->user : "default"), password, STR("SETNAME"),
                   STR("gigabridge"));
    } else {
        REDIS_SEND(link, STR("HELLO"), STR("2"), STR("SETNAME"), STR("gigabridge"));
    }
    redis_link_select(link, link->db_first + REDIS_DB_ROWS);
    REDIS_SEND(link, STR("DBSIZE")); /* before GET: another instance may be writing the format */
    REDIS_SEND(link, STR("GET"), STR("_meta:format"));
    bool answered = trip_in_time(link, &hello);
    crypto_wipe(link->batch.p, link->batch.n);
    if (!answered) {
        return GB_UNAVAILABLE;
    }
    const struct redis_reply *selected = hello->next, *size = selected->next, *format = size->next;
    enum gb_err err = greeting_read(link, hello);
    if (err == GB_OK && selected->kind == REDIS_ERROR && str_is(code_of(selected), "ERR")) {
        trouble(link, "it has no database %d (see `databases` in its settings)",
                link->db_first + REDIS_DB_ROWS);
        return GB_UNAVAILABLE;
    }
    if (err == GB_OK) {
        err = redis_link_check(link, selected);
    }
    return err == GB_OK ? format_check(link, size, format) : err;
}

static enum gb_err link_connect(struct redis_link *link) {
    int64_t start_ms = mono_ms();
    enum gb_err err = GB_UNAVAILABLE;
    link->is_late = false;
    link->deadline_ms = start_ms + link->connect_ms;
    if ((link->socket_path != NULL ? connect_unix(link) : connect_tcp(link)) && handshake(link)) {
        context_new(link);
        err = greet(link);
    }
    if (err != GB_OK) {
        link->stats.failures++;
        link_close(link);
        link_rest(link, mono_ms() - start_ms);
        return err;
    }
    link->stats.connects++;
    return GB_OK;
}

/* ---- round trips ---- */

enum gb_err redis_link_begin(struct redis_link *link) {
    arena_clear(link->memory);
    if (link->context == NULL) {
        if (mono_ms() < link->rest_until_ms) {
            return GB_UNAVAILABLE;
        }
        enum gb_err err = link_connect(link);
        if (err != GB_OK) {
            return err;
        }
    }
    batch_new(link);
    return GB_OK;
}

/* One attempt, with all that failing entails but the rest. */
static bool attempt(struct redis_link *link, const struct redis_reply **ret_replies,
                    bool *ret_sent) {
    link->is_late = false;
    link->deadline_ms = mono_ms() + link->command_ms;
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
    trouble(link, "more than %zu MB in one transaction", BATCH_MAX >> 20);
    return GB_NO_SPACE;
}

enum gb_err redis_link_ask(struct redis_link *link, const struct redis_reply **ret_replies) {
    int64_t start_ms = mono_ms();
    bool was_proven = link->is_proven, sent;
    if (link->batch.failed) {
        return too_large(link);
    }
    if (attempt(link, ret_replies, &sent)) {
        return GB_OK;
    }
    if (was_proven && !link->is_late) {
        struct buf batch = link->batch; /* the greeting makes one of its own */
        size_t commands = link->commands;
        enum gb_err err = link_connect(link);
        if (err != GB_OK) {
            return err;
        }
        link->batch = batch;
        link->commands = commands;
        if (attempt(link, ret_replies, &sent)) {
            return GB_OK;
        }
    }
    link_rest(link, mono_ms() - start_ms);
    return GB_UNAVAILABLE;
}

enum gb_err redis_link_commit(struct redis_link *link, const struct redis_reply **ret_replies) {
    int64_t start_ms = mono_ms();
    bool was_proven = link->is_proven, sent;
    if (link->batch.failed) {
        return too_large(link);
    }
    if (attempt(link, ret_replies, &sent)) {
        return GB_OK;
    }
    if (link->is_late || !was_proven) {
        link_rest(link, mono_ms() - start_ms);
    }
    return sent ? GB_UNCERTAIN : GB_UNAVAILABLE;
}

/* ---- the rest ---- */

struct arena *redis_link_memory(struct redis_link *link) {
    return link->memory;
}

const char *redis_link_trouble(const struct redis_link *link) {
    return link->has_trouble ? link->trouble : NULL;
}

bool redis_link_has_pxat(const struct redis_link *link) {
    return link->has_pxat;
}

bool redis_link_has_pexpiretime(const struct redis_link *link) {
    return link->has_pexpiretime;
}

void redis_link_stats(const struct redis_link *link, struct redis_stats *ret_stats) {
    *ret_stats = link->stats;
    ret_stats->is_connected = link->context != NULL;
    ret_stats->rest_ms =
        link->context != NULL ? 0 : GB_MAX(link->rest_until_ms - mono_ms(), INT64_C(0));
    ret_stats->server = link->server;
}

struct redis_link *redis_link_new(const struct redis_options *options) {
    struct redis_link *link = calloc(1, sizeof *link);
    char *password = calloc(1, options->password.n + 1);
    gb_assert(link != NULL && password != NULL);
    if (options->password.n > 0) {
        memcpy(password, options->password.p, options->password.n);
    }
    link->password = (struct secret){{password, options->password.n}};
    link->host = copy_of(options->host != NULL ? options->host : "127.0.0.1");
    link->socket_path = copy_of(options->socket_path);
    link->user = copy_of(options->user);
    link->port = options->port != 0 ? options->port : 6379;
    link->db_first = options->db_first;
    link->connect_ms = options->connect_ms > 0 ? options->connect_ms : PATIENCE_MS;
    link->command_ms = options->command_ms > 0 ? options->command_ms : PATIENCE_MS;
    link->memory = arena_new(MEMORY_FIRST, MEMORY_MAX);
    link->fd = -1;
    link->socket = (struct redis_stream){link, socket_read, socket_write};
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
    struct str password = secret_reveal(link->password);
    union {
        const char *from;
        void *to;
    } cast = {.from = password.p};
    link_close(link);
    redis_tls_free(link->tls);
    arena_free(link->memory);
    crypto_wipe(cast.to, password.n);
    free(cast.to);
    free(link->host);
    free(link->socket_path);
    free(link->user);
    free(link);
}

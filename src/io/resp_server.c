/* resp_server.c: a caller is two buffers and a parser.
 *
 *   in   [ answered | ready: whole commands | the beginning of the next ... ]     out  [ unsent ]
 *                    ^ asked[]               ^ tail, where the parser stands
 */
#define GB_DOOR "sockets, and callers that outlive the turn"
#include "io/resp_server.h"

#include "base/arena.h"
#include "base/base.h"
#include "io/listen.h"
#include "io/loop.h"
#include "io/resp.h"
#include "io/world.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define ASKED_MAX        64 /* commands of one caller handed out at once; of a stranger: 1 */
#define READ_BYTES       ((size_t)4 * 1024)  /* and what an idle caller's buffer keeps */
#define READ_MORE_BYTES  ((size_t)64 * 1024) /* inside a command */
#define TURN_BYTES       ((size_t)256 * 1024)
#define ACCEPT_REST_MS   GB_SECOND_MS
#define ALIVE_ASK_S      300                   /* TCP keep-alive: callers may be idle, not gone */
#define UNSENT_BYTES_MAX (4 * RESP_ANSWER_MAX) /* past it the caller is cut off */

/* Bytes [from, n) of p are there. */
struct bytes {
    char *p;
    size_t from, n, capacity;
};

struct asked {
    size_t from, bytes; /* in the caller's `in` */
};

struct caller {
    int fd; /* -1: nobody */
    uint32_t round;
    bool is_stranger, is_closing;
    struct bytes in, out;
    struct resp_parser parser;
    size_t tail;
    struct asked asked[ASKED_MAX];
    size_t asked_first, asked_count;
    const char *broken; /* nothing can be read any more, and why; told behind the last answer */
    int64_t rest_until_ms;
    int64_t moved_ms; /* last time that bytes came or went */
    char peer[80];
};

struct resp_server {
    struct loop *loop;
    unsigned owner;
    int64_t patience_ms;
    int listen_fd, door;
    bool is_open; /* there are no strangers */
    int64_t accept_after_ms;
    size_t count, first; /* callers; which one is handed out first */
    uint64_t accepted;
    struct caller callers[RESP_CALLERS_MAX];
};

/* ---- buffers ---- */

static size_t bytes_there(const struct bytes *b) {
    return b->n - b->from;
}

/* Room for `more` behind what is there; what is gone in front is closed up. */
static char *bytes_room(struct bytes *b, size_t more) {
    if (b->from > 0) {
        memmove(b->p, b->p + b->from, b->n - b->from);
        b->n -= b->from;
        b->from = 0;
    }
    if (b->n + more > b->capacity) {
        size_t capacity = GB_MAX(b->n + more, 2 * b->capacity);
        char *p = realloc(b->p, capacity);
        gb_assert(p != NULL);
        b->p = p;
        b->capacity = capacity;
    }
    return b->p + b->n;
}

static void bytes_add(struct bytes *b, struct str text) {
    if (text.n > 0) {
        memcpy(bytes_room(b, text.n), text.p, text.n);
        b->n += text.n;
    }
}

static void bytes_free(struct bytes *b) {
    free(b->p);
    *b = (struct bytes){0};
}

/* Empty again: a large one goes. */
static void bytes_rest(struct bytes *b) {
    if (b->from == b->n) {
        b->from = b->n = 0;
        if (b->capacity > READ_BYTES) {
            bytes_free(b);
        }
    }
}

/* ---- one caller ---- */

static void caller_close(struct resp_server *server, struct caller *caller) {
    loop_forget(server->loop, caller->fd);
    close(caller->fd);
    bytes_free(&caller->in);
    bytes_free(&caller->out);
    *caller = (struct caller){.fd = -1, .round = caller->round};
    server->count--;
}

static bool is_resting(const struct caller *caller) {
    return caller->rest_until_ms > 0;
}

/* Is it its turn, or does it first have to wait, or to read what it was sent? */
static bool is_heard(const struct caller *caller) {
    return caller->fd >= 0 && !caller->is_closing && !is_resting(caller) &&
           bytes_there(&caller->out) <= RESP_UNSENT_HIGH;
}

static bool may_read(const struct caller *caller) {
    return is_heard(caller) && caller->broken == NULL && caller->asked_count == 0;
}

static void watch(struct resp_server *server, struct caller *caller) {
    bool wants_out = bytes_there(&caller->out) > 0 && !is_resting(caller);
    loop_watch(server->loop, caller->fd, server->owner,
               (may_read(caller) ? LOOP_IN : 0) | (wants_out ? LOOP_OUT : 0));
}

/* Find whole commands in what has come. */
static void find_commands(struct caller *caller) {
    if (caller->asked_count > 0 || caller->broken != NULL || caller->is_closing) {
        return;
    }
    size_t max = caller->is_stranger ? 1 : ASKED_MAX;
    enum resp_found found = RESP_COMMAND;
    caller->asked_first = 0;
    while (found != RESP_MORE && found != RESP_BROKEN && caller->asked_count < max) {
        struct str rest = {caller->in.p + caller->tail, caller->in.n - caller->tail};
        size_t bytes = 0;
        found = resp_parse(&caller->parser, rest, caller->is_stranger, &bytes, &caller->broken);
        if (found == RESP_COMMAND) {
            caller->asked[caller->asked_count++] = (struct asked){caller->tail, bytes};
        }
        caller->tail += bytes;
    }
    if (caller->asked_count == 0) { /* nothing of it is needed but an unfinished command */
        caller->in.from = caller->tail;
        bytes_rest(&caller->in);
        caller->tail = caller->in.from;
    }
}

/* False: it has gone. */
static bool caller_read(struct caller *caller) {
    size_t more = bytes_there(&caller->in) > 0 ? READ_MORE_BYTES : READ_BYTES;
    char *to = bytes_room(&caller->in, more);
    caller->tail = 0; /* all before it was answered, and is closed up */
    ssize_t n = recv(caller->fd, to, more, 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (n == 0) { /* it may have closed one side only, and still read */
        caller->is_closing = true;
        return true;
    }
    caller->in.n += (size_t)n;
    if (!caller->is_stranger) { /* who has a minute to say the password */
        caller->moved_ms = loop_now_ms();
    }
    find_commands(caller);
    return true;
}

/* False: it has gone. */
static bool caller_write(struct caller *caller) {
    struct bytes *out = &caller->out;
    while (out->from < out->n) {
        ssize_t n = send(caller->fd, out->p + out->from, out->n - out->from, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        out->from += (size_t)n;
        if (!caller->is_stranger) {
            caller->moved_ms = loop_now_ms();
        }
    }
    bytes_rest(out);
    return true;
}

static bool is_out_of_patience(const struct resp_server *server, const struct caller *caller,
                               int64_t now_ms) {
    return (bytes_there(&caller->out) > 0 || caller->is_stranger) && !is_resting(caller) &&
           now_ms >= caller->moved_ms + server->patience_ms;
}

/* Write, look for the next commands in what is there already, end what is over. */
static void caller_run(struct resp_server *server, struct caller *caller, int64_t now_ms) {
    if (is_resting(caller)) {
        if (now_ms < caller->rest_until_ms) {
            return;
        }
        caller->rest_until_ms = 0;
        caller->moved_ms = now_ms;
    }
    if (!caller_write(caller) || is_out_of_patience(server, caller, now_ms)) {
        caller_close(server, caller);
        return;
    }
    if (bytes_there(&caller->out) <= RESP_UNSENT_HIGH && caller->in.n > caller->tail) {
        find_commands(caller);
    }
    if (caller->broken != NULL && caller->asked_count == 0 && !caller->is_closing) {
        bytes_add(&caller->out, STR("-"));
        bytes_add(&caller->out, str_of(caller->broken));
        bytes_add(&caller->out, STR("\r\n"));
        caller->is_closing = true;
        if (!caller_write(caller)) {
            caller_close(server, caller);
            return;
        }
    }
    if (caller->is_closing && bytes_there(&caller->out) == 0) {
        caller_close(server, caller);
        return;
    }
    watch(server, caller);
}

/* ---- commands and answers ---- */

static uint64_t ticket_of(const struct resp_server *server, const struct caller *caller) {
    return (uint64_t)caller->round << 32 | (uint64_t)(caller - server->callers);
}

size_t resp_server_waiting(const struct resp_server *server) {
    size_t waiting = 0;
    for (size_t i = 0; server->count > 0 && i < RESP_CALLERS_MAX; i++) {
        const struct caller *caller = &server->callers[i];
        waiting += is_heard(caller) ? caller->asked_count : 0;
    }
    return GB_MIN(waiting, (size_t)RESP_TURN_MAX);
}

/* Some of the caller's commands. What quotes make unreadable ends the connection. */
static size_t take_from(struct resp_server *server, struct caller *caller, struct arena *arena,
                        struct sign *ret_signs, size_t max, size_t *bytes_left) {
    size_t n = 0, count = is_heard(caller) ? caller->asked_count : 0;
    for (size_t i = 0; i < count && n<max && * bytes_left> 0; i++) {
        const struct asked *asked = &caller->asked[caller->asked_first + i];
        struct command_incoming *command = ARENA_NEW(arena, struct command_incoming);
        struct str bytes = {caller->in.p + asked->from, asked->bytes};
        if (resp_args(arena, bytes, &command->argv, &command->argc) != GB_OK) {
            caller->asked_count = i;
            caller->broken = "ERR Protocol error: unbalanced quotes in request";
            break;
        }
        command->seat = (size_t)(caller - server->callers);
        command->peer = str_of(caller->peer);
        command->callers = server->count;
        command->accepted = server->accepted;
        ret_signs[n++] = (struct sign){
            .kind = SIGN_COMMAND,
            .ticket = ticket_of(server, caller),
            .door = server->door,
            .command = command,
        };
        *bytes_left -= GB_MIN(*bytes_left, bytes.n);
    }
    return n;
}

size_t resp_server_take(struct resp_server *server, struct arena *arena, struct sign *ret_signs,
                        size_t max) {
    size_t n = 0, bytes_left = TURN_BYTES;
    for (size_t i = 0; server->count > 0 && i < RESP_CALLERS_MAX; i++) {
        struct caller *caller = &server->callers[(server->first + i) % RESP_CALLERS_MAX];
        n += take_from(server, caller, arena, ret_signs + n, max - n, &bytes_left);
    }
    return n;
}

void resp_server_answer(struct resp_server *server, uint64_t ticket,
                        const struct command_answer *answer) {
    struct caller *caller = &server->callers[(uint32_t)ticket % RESP_CALLERS_MAX];
    gb_assert(caller->fd >= 0 && ticket_of(server, caller) == ticket);
    gb_assert(caller->asked_count > 0);
    gb_assert(answer->bytes.n <= RESP_ANSWER_MAX);
    /* Who was not reached in this turn is first in the next. */
    server->first = ((size_t)(caller - server->callers) + 1) % RESP_CALLERS_MAX;
    caller->asked_count--;
    caller->asked_first++;
    if (caller->is_closing) {
        return; /* what stands behind a QUIT is not heard */
    }
    if (bytes_there(&caller->out) + answer->bytes.n > UNSENT_BYTES_MAX) {
        caller->is_closing = true;
        bytes_free(&caller->out);
        return;
    }
    bytes_add(&caller->out, answer->bytes);
    if (caller->is_stranger && !answer->is_stranger) {
        caller->moved_ms = loop_now_ms();
    }
    caller->is_stranger = answer->is_stranger;
    caller->is_closing = answer->close;
    caller->rest_until_ms = answer->rest_ms > 0 ? loop_now_ms() + answer->rest_ms : 0;
    if (caller->asked_count == 0) {
        caller->in.from = caller->tail;
    }
}

/* ---- callers come and go ---- */

static void name_peer(const struct sockaddr_storage *address, socklen_t bytes, char *room,
                      size_t room_bytes) {
    char host[64] = "?", port[8] = "?";
    (void)getnameinfo((const struct sockaddr *)(const void *)address, bytes, host, sizeof host,
                      port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(room, room_bytes, "%s:%s", host, port);
}

static void greet(struct resp_server *server, int fd, const struct sockaddr_storage *address,
                  socklen_t bytes) {
    struct caller *caller = server->callers;
    while (caller < server->callers + RESP_CALLERS_MAX && caller->fd >= 0) {
        caller++;
    }
    if (caller == server->callers + RESP_CALLERS_MAX) {
        static const char full[] = "-ERR max number of clients reached\r\n";
        (void)send(fd, full, sizeof full - 1, MSG_NOSIGNAL);
        close(fd);
        return;
    }
    int on = 1, alive_s = ALIVE_ASK_S;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &alive_s, sizeof alive_s);
    *caller = (struct caller){
        .fd = fd,
        .round = caller->round + 1,
        .is_stranger = !server->is_open,
        .moved_ms = loop_now_ms(),
    };
    name_peer(address, bytes, caller->peer, sizeof caller->peer);
    loop_keep(server->loop, fd);
    server->count++;
    server->accepted++;
    watch(server, caller);
}

static void greet_all(struct resp_server *server) {
    for (int i = 0; i < RESP_CALLERS_MAX; i++) {
        struct sockaddr_storage address = {.ss_family = AF_INET};
        socklen_t bytes = sizeof address;
        int fd = accept4(server->listen_fd, (struct sockaddr *)(void *)&address, &bytes,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            greet(server, fd, &address, bytes);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            /* No descriptors left: whoever waits is still there in a second. */
            loop_watch(server->loop, server->listen_fd, server->owner, 0);
            server->accept_after_ms = loop_now_ms() + ACCEPT_REST_MS;
            return;
        }
    }
}

void resp_server_ready(struct resp_server *server, int fd, unsigned ready) {
    if (fd == server->listen_fd) {
        greet_all(server);
        return;
    }
    for (size_t i = 0; i < RESP_CALLERS_MAX; i++) {
        struct caller *caller = &server->callers[i];
        if (caller->fd != fd) {
            continue;
        }
        if ((ready & LOOP_IN) != 0 && may_read(caller) && !caller_read(caller)) {
            caller_close(server, caller);
        } else if ((ready & LOOP_OUT) != 0) {
            caller_run(server, caller, loop_now_ms());
        }
        return;
    }
}

void resp_server_run(struct resp_server *server) {
    int64_t now_ms = loop_now_ms();
    if (server->accept_after_ms > 0 && now_ms >= server->accept_after_ms) {
        server->accept_after_ms = 0;
        loop_watch(server->loop, server->listen_fd, server->owner, LOOP_IN);
    }
    for (size_t i = 0; server->count > 0 && i < RESP_CALLERS_MAX; i++) {
        if (server->callers[i].fd >= 0) {
            caller_run(server, &server->callers[i], now_ms);
        }
    }
}

int64_t resp_server_due_ms(const struct resp_server *server) {
    int64_t due_ms = server->accept_after_ms > 0 ? server->accept_after_ms : INT64_MAX;
    for (size_t i = 0; server->count > 0 && i < RESP_CALLERS_MAX; i++) {
        const struct caller *caller = &server->callers[i];
        if (caller->fd >= 0 && is_resting(caller)) {
            due_ms = GB_MIN(due_ms, caller->rest_until_ms);
        } else if (caller->fd >= 0 && (caller->is_stranger || bytes_there(&caller->out) > 0)) {
            due_ms = GB_MIN(due_ms, caller->moved_ms + server->patience_ms);
        }
    }
    return due_ms;
}

/* ---- birth and death ---- */

enum gb_err resp_server_listen(struct resp_server *server, const char *host, int port, int door,
                               bool is_open, int *ret_port, const char **reterr_why) {
    bool is_v6;
    gb_assert(server->listen_fd < 0);
    int fd = listen_open(host, port, ret_port, &is_v6, reterr_why);
    if (fd < 0) {
        return GB_UNAVAILABLE;
    }
    server->listen_fd = fd;
    server->door = door;
    server->is_open = is_open;
    loop_watch(server->loop, fd, server->owner, LOOP_IN);
    return GB_OK;
}

struct resp_server *resp_server_new(struct loop *loop, unsigned owner, int64_t patience_ms) {
    struct resp_server *server = calloc(1, sizeof *server);
    gb_assert(server != NULL);
    server->loop = loop;
    server->owner = owner;
    server->patience_ms = patience_ms;
    server->listen_fd = -1;
    for (size_t i = 0; i < RESP_CALLERS_MAX; i++) {
        server->callers[i].fd = -1;
    }
    return server;
}

void resp_server_free(struct resp_server *server) {
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < RESP_CALLERS_MAX; i++) {
        struct caller *caller = &server->callers[i];
        if (caller->fd >= 0) {
            (void)(is_resting(caller) || caller_write(caller));
            caller_close(server, caller);
        }
    }
    if (server->listen_fd >= 0) {
        loop_forget(server->loop, server->listen_fd);
        close(server->listen_fd);
    }
    free(server);
}

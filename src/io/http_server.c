/* http_server.c: libmicrohttpd's callbacks as a list of whole requests, and tickets back to them.
 *
 *   reading --whole--> waiting --take--> asked --respond--> answered --completed--> (gone)
 *
 * From waiting to answered the connection is suspended: libmicrohttpd does not look at its socket,
 * so that the caller's going shows only when somebody looks, which respond does.
 */
#define GB_DOOR "libmicrohttpd's sockets and requests that outlive the turn"
#include "io/http_server.h"

#include "base/base.h"
#include "base/num.h"
#include "io/listen.h"
#include "io/loop.h"
#include "io/world.h"

#include <errno.h>
#include <microhttpd.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 1000u
/* Head of a request and buffers of a connection. */
#define CONNECTION_BYTES ((size_t)16 << 10)
/* A caller that says nothing, or half of something, for so long is cut off. Not one that waits for
 * us. */
#define SILENCE_S 120u
/* At a socket of the owner's own: commands that ask and go. */
#define LOCAL_CONNECTIONS_MAX 128u
#define LOCAL_SILENCE_S       10u
/* All bodies a door holds, half of them or whole. They come before anybody knows who sends them. */
#define BODIES_BYTES_MAX ((size_t)64 << 20)
/* How long answers may take to leave once the server closes. */
#define FLUSH_RUNS 20
#define FLUSH_MS   10

#define VISIT_MAGIC UINT32_C(0x76697369)

enum visit_state { VISIT_READING, VISIT_WAITING, VISIT_ASKED, VISIT_ANSWERED };

/* One request of a caller. */
struct visit {
    uint32_t magic;
    enum visit_state state;
    struct visit *next; /* while waiting */
    struct door *door;
    struct MHD_Connection *connection;
    uint64_t ticket;
    struct http_incoming request;
    struct http_header *headers;
    char *uri, *body;
    size_t body_bytes, body_capacity;
    bool has_begun, is_too_large, is_one_too_many, is_to_drop;
    struct MHD_Response *response;
    unsigned status;
};

struct door {
    struct door *next;
    struct http_server *server;
    struct MHD_Daemon *daemon;
    int number, epoll_fd;
    unsigned connections_max, silence_s;
    size_t body_bytes_max, held_bytes;
    size_t unsent;   /* answers given that have not left */
    bool has_closed; /* a connection, during this run */
    int64_t due_ms;
};

/* Where a ticket leads: its low half is the index, its high half must be the round. */
struct seat {
    struct visit *visit;
    uint32_t round;
    uint32_t next_free;
};

struct http_server {
    struct loop *loop;
    unsigned owner;
    struct door *doors;
    struct visit *first, **end; /* waiting */
    size_t waiting;
    struct seat *seats;
    uint32_t seat_count, free_seat; /* the free ones end at seat_count */
    bool closing;                   /* requests are dropped, none is handed out any more */
    uint64_t served, accepted;
};

/* ---- tickets */

/* Room for the callers of one more door: a connection has one request at a time. */
static void seats_add(struct http_server *server, uint32_t connections_max) {
    uint32_t count = server->seat_count + connections_max;
    struct seat *seats = realloc(server->seats, count * sizeof *seats);
    gb_assert(seats != NULL);
    for (uint32_t i = server->seat_count; i < count; i++) {
        seats[i] = (struct seat){.next_free = i + 1};
    }
    server->seats = seats;
    server->seat_count = count;
}

static void seat_take(struct http_server *server, struct visit *visit) {
    uint32_t index = server->free_seat;
    gb_assert(index < server->seat_count);
    struct seat *seat = &server->seats[index];
    server->free_seat = seat->next_free;
    seat->visit = visit;
    seat->round++;
    visit->ticket = (uint64_t)seat->round << 32 | index;
}

static struct visit *seat_find(const struct http_server *server, uint64_t ticket) {
    uint32_t index = (uint32_t)ticket;
    if (index >= server->seat_count || server->seats[index].round != (uint32_t)(ticket >> 32)) {
        return NULL;
    }
    return server->seats[index].visit;
}

static void seat_leave(struct http_server *server, const struct visit *visit) {
    uint32_t index = (uint32_t)visit->ticket;
    if (seat_find(server, visit->ticket) == visit) {
        server->seats[index].visit = NULL;
        server->seats[index].next_free = server->free_seat;
        server->free_seat = index;
    }
}

/* ---- a request comes in */

static struct visit *visit_of(void *pointer) {
    struct visit *visit = pointer;
    gb_assert(visit != NULL && visit->magic == VISIT_MAGIC);
    return visit;
}

/* The request line was read; the only place where its target is seen as it was sent. */
static void *on_target(void *pointer, const char *uri, struct MHD_Connection *connection) {
    struct door *door = pointer;
    struct visit *visit = calloc(1, sizeof *visit);
    gb_assert(visit != NULL);
    visit->magic = VISIT_MAGIC;
    visit->door = door;
    visit->connection = connection;
    visit->uri = strdup(uri);
    gb_assert(visit->uri != NULL);
    return visit;
}

static void body_drop(struct visit *visit) {
    gb_assert(visit->door->held_bytes >= visit->body_capacity);
    visit->door->held_bytes -= visit->body_capacity;
    free(visit->body);
    visit->body = NULL;
    visit->body_bytes = visit->body_capacity = 0;
}

static void visit_free(struct visit *visit) {
    body_drop(visit);
    if (visit->response != NULL) {
        MHD_destroy_response(visit->response);
    }
    free(visit->headers);
    free(visit->uri);
    free(visit);
}

/* The end of a request: answered, or its connection broke. */
static void on_completed(void *pointer, struct MHD_Connection *connection, void **request_pointer,
                         enum MHD_RequestTerminationCode why) {
    (void)pointer, (void)connection, (void)why;
    if (*request_pointer != NULL) {
        struct visit *visit = visit_of(*request_pointer);
        *request_pointer = NULL;
        visit->door->unsent -= visit->response != NULL;
        seat_leave(visit->door->server, visit);
        visit_free(visit);
    }
}

static void on_connection(void *pointer, struct MHD_Connection *connection, void **unused,
                          enum MHD_ConnectionNotificationCode what) {
    (void)connection, (void)unused;
    struct door *door = pointer;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        door->server->accepted++;
    } else {
        door->has_closed = true;
    }
}

/* Paths and queries are handed out as they were sent. */
static size_t keep_escapes(void *pointer, struct MHD_Connection *connection, char *text) {
    (void)pointer, (void)connection;
    return strlen(text);
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status,
                              const char *text) {
    struct MHD_Response *response = MHD_create_response_from_buffer_static(strlen(text), text);
    gb_assert(response != NULL);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse_too_large(struct MHD_Connection *connection) {
    return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "{\"error\":\"the body is too large\"}");
}

static enum MHD_Result refuse_one_too_many(struct MHD_Connection *connection) {
    return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "{\"error\":\"too busy\"}");
}

/* Room for so many bytes in all. False: the door holds all it may. */
static bool body_grow(struct visit *visit, size_t bytes) {
    struct door *door = visit->door;
    if (bytes <= visit->body_capacity) {
        return true;
    }
    size_t capacity = GB_MAX(bytes, visit->body_capacity * 2);
    if (capacity - visit->body_capacity > BODIES_BYTES_MAX - door->held_bytes) {
        return false;
    }
    char *body = realloc(visit->body, capacity);
    gb_assert(body != NULL);
    visit->body = body;
    door->held_bytes += capacity - visit->body_capacity;
    visit->body_capacity = capacity;
    return true;
}

static enum MHD_Result add_body(struct visit *visit, const char *data, size_t bytes) {
    if (visit->is_too_large || bytes > visit->door->body_bytes_max - visit->body_bytes) {
        visit->is_too_large = true;
        body_drop(visit);
        return MHD_YES;
    }
    if (visit->is_one_too_many || !body_grow(visit, visit->body_bytes + bytes)) {
        visit->is_one_too_many = true;
        body_drop(visit);
        return MHD_YES;
    }
    memcpy(visit->body + visit->body_bytes, data, bytes);
    visit->body_bytes += bytes;
    return MHD_YES;
}

static enum http_method method_of(struct str name) {
    for (int method = HTTP_GET; method < HTTP_OTHER; method++) {
        if (str_is(name, http_method_name((enum http_method)method))) {
            return (enum http_method)method;
        }
    }
    return HTTP_OTHER;
}

static enum MHD_Result add_header(void *pointer, enum MHD_ValueKind kind, const char *name,
                                  size_t name_bytes, const char *value, size_t value_bytes) {
    (void)kind;
    struct http_incoming *request = &visit_of(pointer)->request;
    struct http_header *header = &visit_of(pointer)->headers[request->header_count++];
    header->name = (struct str){name, name_bytes};
    header->value = (struct str){value, value_bytes};
    if (str_equal_nocase(header->name, STR("Content-Type"))) {
        request->content_type = header->value;
    }
    return MHD_YES;
}

/* The request is whole: hand it out, let the connection sleep. */
static void hand_out(struct visit *visit, const char *method) {
    struct http_server *server = visit->door->server;
    struct http_incoming *request = &visit->request;
    struct str uri = str_of(visit->uri);
    size_t path_bytes = str_find(uri, '?');
    request->method = method_of(str_of(method));
    request->method_name = method;
    request->path = str_sub(uri, 0, path_bytes);
    request->query = str_sub(uri, path_bytes + 1, uri.n);
    request->body = (struct str){visit->body, visit->body_bytes};
    int count = MHD_get_connection_values(visit->connection, MHD_HEADER_KIND, NULL, NULL);
    struct http_header *headers = calloc(count > 0 ? (size_t)count : 1, sizeof *headers);
    gb_assert(headers != NULL);
    visit->headers = headers;
    request->headers = headers;
    (void)MHD_get_connection_values_n(visit->connection, MHD_HEADER_KIND, add_header, visit);
    visit->state = VISIT_WAITING;
    *server->end = visit;
    server->end = &visit->next;
    server->waiting++;
    seat_take(server, visit);
    MHD_suspend_connection(visit->connection);
}

static bool is_announced_too_large(const struct visit *visit) {
    const char *length = MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t bytes;
    return length != NULL && (num_i64(str_of(length), 0, INT64_MAX, &bytes) != GB_OK ||
                              (uint64_t)bytes > visit->door->body_bytes_max);
}

/* Called when the head was read, for each piece of the body, when all was read, and again after the
 * connection was woken up. Its signature is libmicrohttpd's. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_request(void *pointer, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *bytes, void **request_pointer) {
    (void)pointer, (void)url, (void)version;
    struct visit *visit = visit_of(*request_pointer);
    if (!visit->has_begun) {
        visit->has_begun = true;
        return is_announced_too_large(visit) ? refuse_too_large(connection) : MHD_YES;
    }
    if (*bytes > 0) {
        size_t piece = *bytes;
        *bytes = 0;
        return add_body(visit, data, piece);
    }
    if (visit->is_too_large) {
        return refuse_too_large(connection);
    }
    if (visit->is_one_too_many) {
        return refuse_one_too_many(connection);
    }
    if (visit->state == VISIT_READING) {
        if (visit->door->server->closing) {
            return MHD_NO;
        }
        hand_out(visit, method);
        return MHD_YES;
    }
    if (visit->state != VISIT_ANSWERED) {
        return MHD_YES;
    }
    /* MHD_NO closes the connection without a byte. */
    return visit->is_to_drop ? MHD_NO
                             : MHD_queue_response(connection, visit->status, visit->response);
}

/* ---- the answer */

/* Does somebody still listen? A caller that has closed its sending side counts as gone: no HTTP
 * client does that and waits. */
static bool caller_is_gone(const struct visit *visit) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(visit->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    gb_assert(info != NULL);
    char byte;
    ssize_t n = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void set_header(struct MHD_Response *to, struct str name, struct str value) {
    char name_text[128], value_text[4096];
    gb_assert(name.n < sizeof name_text && value.n < sizeof value_text);
    memcpy(name_text, name.p, name.n);
    name_text[name.n] = '\0';
    if (value.n > 0) {
        memcpy(value_text, value.p, value.n);
    }
    value_text[value.n] = '\0';
    (void)MHD_add_response_header(to, name_text, value_text);
}

static struct MHD_Response *response_new(const struct http_response *response) {
    struct str type =
        response->content_type.n > 0 ? response->content_type : STR("application/json");
    struct MHD_Response *made = MHD_create_response_from_buffer_copy(
        response->body.n, response->body.n > 0 ? response->body.p : "");
    gb_assert(made != NULL);
    set_header(made, STR(MHD_HTTP_HEADER_CONTENT_TYPE), type);
    for (size_t i = 0; i < response->header_count; i++) {
        set_header(made, response->headers[i].name, response->headers[i].value);
    }
    return made;
}

enum gb_err http_server_respond(struct http_server *server, uint64_t ticket,
                                const struct http_response *response) {
    struct visit *visit = seat_find(server, ticket);
    if (visit == NULL || visit->state != VISIT_ASKED) {
        return GB_NOT_FOUND;
    }
    bool is_gone = caller_is_gone(visit);
    visit->state = VISIT_ANSWERED;
    visit->is_to_drop = is_gone || response->drop;
    if (!visit->is_to_drop) {
        visit->response = response_new(response);
        visit->status = (unsigned)response->status;
        visit->door->unsent++;
        server->served++;
    }
    seat_leave(server, visit);
    MHD_resume_connection(visit->connection);
    return is_gone ? GB_NOT_FOUND : GB_OK;
}

const struct http_incoming *http_server_take(struct http_server *server, uint64_t *ret_ticket,
                                             int *ret_door) {
    struct visit *visit = server->first;
    if (visit == NULL) {
        return NULL;
    }
    server->first = visit->next;
    server->waiting--;
    if (server->first == NULL) {
        server->end = &server->first;
    }
    visit->state = VISIT_ASKED;
    *ret_ticket = visit->ticket;
    *ret_door = visit->door->number;
    return &visit->request;
}

size_t http_server_waiting(const struct http_server *server) {
    return server->waiting;
}

uint64_t http_server_served(const struct http_server *server) {
    return server->served;
}

uint64_t http_server_accepted(const struct http_server *server) {
    return server->accepted;
}

/* ---- doors */

static struct MHD_Daemon *daemon_start(struct door *door, int fd, bool is_v6) {
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
                     (is_v6 ? MHD_USE_IPv6 : 0);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, door, /* */
        MHD_OPTION_LISTEN_SOCKET, fd,           /* */
        MHD_OPTION_CONNECTION_LIMIT, door->connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, door->silence_s, /* */
        MHD_OPTION_URI_LOG_CALLBACK, on_target, door, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, door, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, door, MHD_OPTION_END);
}

static void door_look_at_clock(struct door *door) {
    int64_t timeout_ms = MHD_get_timeout64s(door->daemon);
    door->due_ms = timeout_ms < 0 ? INT64_MAX : loop_now_ms() + timeout_ms;
}

/* A daemon that was full (of connections, or the process of descriptors) looks at its listening
 * socket again in the run after the one in which a connection left, and has nobody told that. */
static void door_run(struct door *door) {
    door->has_closed = false;
    (void)MHD_run(door->daemon);
    if (door->has_closed) {
        door->has_closed = false;
        (void)MHD_run(door->daemon);
    }
    door_look_at_clock(door);
    if (door->has_closed) {
        door->due_ms = loop_now_ms();
    }
}

/* `as` with its number and bounds. From here on the socket is the daemon's, if it fails too. */
static enum gb_err door_open(struct http_server *server, const struct door *as, int fd, bool is_v6,
                             const char **reterr_why) {
    struct door *opened = calloc(1, sizeof *opened);
    gb_assert(opened != NULL);
    *opened = *as;
    opened->server = server;
    opened->daemon = daemon_start(opened, fd, is_v6);
    if (opened->daemon == NULL) {
        free(opened);
        *reterr_why = "the HTTP server does not start";
        return GB_UNAVAILABLE;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(opened->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    gb_assert(info != NULL);
    opened->epoll_fd = info->epoll_fd;
    seats_add(server, opened->connections_max);
    opened->next = server->doors;
    server->doors = opened;
    loop_watch(server->loop, opened->epoll_fd, server->owner, LOOP_IN);
    door_run(opened);
    return GB_OK;
}

enum gb_err http_server_listen(struct http_server *server, const char *host, int port, int door,
                               size_t body_bytes_max, int *ret_port, const char **reterr_why) {
    bool is_v6 = false;
    int bound_port, fd = listen_open(host, port, &bound_port, &is_v6, reterr_why);
    struct door as = {.number = door,
                      .connections_max = CONNECTIONS_MAX,
                      .silence_s = SILENCE_S,
                      .body_bytes_max = body_bytes_max};
    enum gb_err err = fd < 0 ? GB_UNAVAILABLE : door_open(server, &as, fd, is_v6, reterr_why);
    if (err == GB_OK) {
        *ret_port = bound_port;
    }
    return err;
}

enum gb_err http_server_listen_local(struct http_server *server, const char *path, int door,
                                     size_t body_bytes_max, const char **reterr_why) {
    int fd = listen_open_local(path, reterr_why);
    struct door as = {.number = door,
                      .connections_max = LOCAL_CONNECTIONS_MAX,
                      .silence_s = LOCAL_SILENCE_S,
                      .body_bytes_max = body_bytes_max};
    return fd < 0 ? GB_UNAVAILABLE : door_open(server, &as, fd, false, reterr_why);
}

void http_server_ready(struct http_server *server, int fd) {
    for (struct door *door = server->doors; door != NULL; door = door->next) {
        if (door->epoll_fd == fd) {
            door_run(door);
            return;
        }
    }
}

void http_server_run(struct http_server *server) {
    for (struct door *door = server->doors; door != NULL; door = door->next) {
        if (door->due_ms != INT64_MAX && door->due_ms <= loop_now_ms()) {
            door_run(door);
        }
    }
}

int64_t http_server_due_ms(const struct http_server *server) {
    int64_t due_ms = INT64_MAX;
    for (const struct door *door = server->doors; door != NULL; door = door->next) {
        due_ms = GB_MIN(due_ms, door->due_ms);
    }
    return due_ms;
}

struct http_server *http_server_new(struct loop *loop, unsigned owner) {
    struct http_server *server = calloc(1, sizeof *server);
    gb_assert(server != NULL);
    server->loop = loop;
    server->owner = owner;
    server->end = &server->first;
    return server;
}

/* The daemon must not be stopped while a connection is suspended. */
static void drop_unanswered(struct http_server *server) {
    for (uint32_t i = 0; i < server->seat_count; i++) {
        struct visit *visit = server->seats[i].visit;
        if (visit != NULL) {
            visit->state = VISIT_ANSWERED;
            visit->is_to_drop = true;
            MHD_resume_connection(visit->connection);
        }
    }
}

/* Answers that were given leave before the door is shut: a large one takes more than one run. */
static void door_flush(struct door *door) {
    (void)MHD_run(door->daemon);
    for (int i = 0; i < FLUSH_RUNS && door->unsent > 0; i++) {
        (void)MHD_run_wait(door->daemon, FLUSH_MS);
    }
}

void http_server_free(struct http_server *server) {
    if (server == NULL) {
        return;
    }
    server->closing = true;
    drop_unanswered(server);
    while (server->doors != NULL) {
        struct door *door = server->doors;
        server->doors = door->next;
        door_flush(door);
        loop_forget(server->loop, door->epoll_fd);
        MHD_stop_daemon(door->daemon);
        free(door);
    }
    free(server->seats);
    free(server);
}

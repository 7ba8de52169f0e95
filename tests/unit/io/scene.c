/* scene.c: turns of a real world, and a thread that answers with bytes. */
#define GB_DOOR "sockets, threads and processes for the tests of io"
#include "io/scene.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cmocka.h>

void scene_start(struct scene *scene, const struct world_options *options) {
    static const struct world_options none = {0};
    const char *why = "";
    *scene = (struct scene){.last_ticket = 1000};
    scene->turn = arena_new(1 << 16, 1 << 24);
    scene->kept = arena_new(1 << 16, 1 << 28);
    if (world_open(options != NULL ? options : &none, &scene->world, &why) != GB_OK ||
        scene->world->ops->listen(scene->world, "127.0.0.1", 0, 1, 1 << 16, &scene->port, &why) !=
            GB_OK) {
        fail_msg("%s", why);
    }
    (void)snprintf(scene->url, sizeof scene->url, "http://127.0.0.1:%d", scene->port);
}

void scene_end(struct scene *scene) {
    scene->world->ops->close(scene->world);
    arena_free(scene->turn);
    arena_free(scene->kept);
}

struct str scene_url(struct scene *scene, const char *path) {
    return arena_printf(scene->kept, "%s%s", scene->url, path);
}

enum gb_err scene_send(struct scene *scene, const struct http_request *request) {
    return scene->world->ops->send(scene->world, request, STR("test"), ++scene->last_ticket);
}

void scene_answer(struct scene *scene, uint64_t ticket, int status, struct str body) {
    const struct http_response response = {.status = status, .body = body};
    assert_int_equal(scene->world->ops->respond(scene->world, ticket, &response), GB_OK);
}

static void keep_request(struct scene *scene, const struct sign *sign) {
    struct http_incoming *to = &scene->request;
    *to = *sign->request;
    to->path = arena_copy(scene->kept, to->path);
    to->query = arena_copy(scene->kept, to->query);
    to->content_type = arena_copy(scene->kept, to->content_type);
    to->body = arena_copy(scene->kept, to->body);
    to->method_name = arena_cstr(scene->kept, str_of(to->method_name));
    struct http_header *headers = ARENA_ARRAY(scene->kept, struct http_header, to->header_count);
    for (size_t i = 0; i < to->header_count; i++) {
        headers[i].name = arena_copy(scene->kept, to->headers[i].name);
        headers[i].value = arena_copy(scene->kept, to->headers[i].value);
    }
    to->headers = headers;
    scene->request_ticket = sign->ticket;
    scene->requests++;
}

static void keep_reply(struct scene *scene, const struct sign *sign) {
    scene->reply = *sign->reply;
    scene->reply.body = arena_copy(scene->kept, sign->reply->body);
    scene->reply.content_type = arena_copy(scene->kept, sign->reply->content_type);
    scene->reply.location = arena_copy(scene->kept, sign->reply->location);
    scene->reply_ticket = sign->ticket;
    scene->replies++;
}

void scene_turn(struct scene *scene) {
    const struct sign *signs;
    size_t count;
    arena_clear(scene->turn);
    int64_t deadline_ms = scene->world->ops->mono_ms(scene->world) + SCENE_PATIENCE_MS;
    scene->world->ops->wake_at(scene->world, deadline_ms);
    assert_int_equal(scene->world->ops->wait(scene->world, scene->turn, &signs, &count), GB_OK);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        if (signs[i].kind == SIGN_REPLY) {
            keep_reply(scene, &signs[i]);
        } else if (signs[i].kind == SIGN_REQUEST) {
            keep_request(scene, &signs[i]);
            if (scene->serve != NULL) {
                scene->serve(scene, &signs[i]);
            } else {
                scene_answer(scene, signs[i].ticket, 200, STR("{\"ok\":true}"));
            }
        }
    }
}

void scene_run_until_replies(struct scene *scene, size_t replies) {
    while (scene->replies < replies) {
        scene_turn(scene);
    }
}

void scene_run_until_requests(struct scene *scene, size_t requests) {
    while (scene->requests < requests) {
        scene_turn(scene);
    }
}

const struct http_reply *scene_fetch(struct scene *scene, const struct http_request *request) {
    assert_int_equal(scene_send(scene, request), GB_OK);
    scene_run_until_replies(scene, scene->replies + 1);
    assert_int_equal(scene->reply_ticket, scene->last_ticket);
    return &scene->reply;
}

const struct http_reply *scene_get(struct scene *scene, struct str url) {
    return scene_fetch(scene, &(struct http_request){.method = HTTP_GET, .url = url});
}

/* ---- sockets ---- */

int listen_somewhere(int *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gb_assert(bind(fd, (struct sockaddr *)&address, bytes) == 0);
    gb_assert(listen(fd, 64) == 0);
    gb_assert(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

int free_port(void) {
    int port, fd = listen_somewhere(&port);
    close(fd);
    return port;
}

int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool write_all(int fd, const void *data, size_t bytes) {
    const char *p = data;
    while (bytes > 0) {
        ssize_t n = send(fd, p, bytes, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        p += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* ---- the peer of raw bytes ---- */

#define RAW_CONNECTIONS 16

/* How long the request at the head of `text` is; 0: it is not whole. */
static size_t request_length(const char *text) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    size_t head = (size_t)(end - text) + 4, body = 0;
    const char *length = strcasestr(text, "\r\nContent-Length:");
    if (length != NULL && length < end) {
        body = (size_t)strtoul(length + 17, NULL, 10);
    }
    return strlen(text) >= head + body ? head + body : 0;
}

struct raw_connection {
    int fd;
    size_t n;
    char text[8192];
};

/* Answer what is whole. False: this connection is to be closed. */
static bool raw_answer(struct raw_peer *peer, struct raw_connection *c) {
    size_t length;
    while ((length = request_length(c->text)) > 0) {
        memmove(c->text, c->text + length, c->n - length + 1);
        c->n -= length;
        size_t number = (size_t)atomic_fetch_add(&peer->requests, 1);
        if (number >= peer->count) {
            continue;
        }
        const struct raw_answer *answer = &peer->answers[number];
        bool stop = answer->end == RAW_CLOSE_ALL || answer->end == RAW_STOP_LISTENING;
        if (stop && peer->listen_fd >= 0) {
            close(peer->listen_fd);
            peer->listen_fd = -1;
        }
        (void)write_all(c->fd, answer->bytes, strlen(answer->bytes));
        if (answer->end == RAW_CLOSE || answer->end == RAW_CLOSE_ALL) {
            return false;
        }
    }
    return true;
}

static bool raw_read(struct raw_peer *peer, struct raw_connection *c) {
    ssize_t n = recv(c->fd, c->text + c->n, sizeof c->text - 1 - c->n, 0);
    if (n <= 0) {
        return false;
    }
    c->n += (size_t)n;
    c->text[c->n] = '\0';
    return raw_answer(peer, c);
}

static void *raw_run(void *pointer) {
    struct raw_peer *peer = pointer;
    static _Thread_local struct raw_connection connections[RAW_CONNECTIONS];
    struct pollfd fds[RAW_CONNECTIONS + 2];
    for (size_t i = 0; i < RAW_CONNECTIONS; i++) {
        connections[i].fd = -1;
    }
    for (;;) {
        for (size_t i = 0; i < RAW_CONNECTIONS; i++) {
            fds[i] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
        }
        fds[RAW_CONNECTIONS] = (struct pollfd){.fd = peer->listen_fd, .events = POLLIN};
        fds[RAW_CONNECTIONS + 1] = (struct pollfd){.fd = peer->stop_fd, .events = POLLIN};
        (void)poll(fds, RAW_CONNECTIONS + 2, -1);
        if (fds[RAW_CONNECTIONS + 1].revents != 0) {
            break;
        }
        for (size_t i = 0; i < RAW_CONNECTIONS; i++) {
            if (connections[i].fd >= 0 && fds[i].revents != 0 && !raw_read(peer, &connections[i])) {
                close(connections[i].fd);
                connections[i].fd = -1;
            } else if (connections[i].fd < 0 && fds[RAW_CONNECTIONS].revents != 0) {
                fds[RAW_CONNECTIONS].revents = 0;
                connections[i].n = 0;
                connections[i].fd = accept(peer->listen_fd, NULL, NULL);
                atomic_fetch_add(&peer->connections, 1);
            }
        }
    }
    for (size_t i = 0; i < RAW_CONNECTIONS; i++) {
        if (connections[i].fd >= 0) {
            close(connections[i].fd);
        }
    }
    return NULL;
}

void raw_peer_start(struct raw_peer *peer, const struct raw_answer *answers, size_t count) {
    *peer = (struct raw_peer){.answers = answers, .count = count};
    peer->listen_fd = listen_somewhere(&peer->port);
    peer->stop_fd = eventfd(0, EFD_CLOEXEC);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, raw_run, peer), 0);
    peer->thread = (unsigned long)thread;
}

void raw_peer_stop(struct raw_peer *peer) {
    (void)eventfd_write(peer->stop_fd, 1);
    (void)pthread_join((pthread_t)peer->thread, NULL);
    if (peer->listen_fd >= 0) {
        close(peer->listen_fd);
    }
    close(peer->stop_fd);
}

struct str raw_peer_url(struct scene *scene, const struct raw_peer *peer) {
    return arena_printf(scene->kept, "http://127.0.0.1:%d/raw", peer->port);
}

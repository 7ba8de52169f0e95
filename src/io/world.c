/* world.c: the real world: clocks, chance, the HTTP client and server, and signals on one loop.
 *
 * wait() is one round: start what was sent, sleep, carry on what is ready, and hand over everything
 * that is whole. It returns only with a sign or at its time, so that an idle program sleeps in one
 * system call. A child process inherits the blocked signals (loop_catch) and the ignored SIGPIPE:
 * who starts one undoes both before exec (child.c does).
 */
#define GB_DOOR "clocks, chance, the clock file"
#include "io/world.h"

#include "base/arena.h"
#include "base/base.h"
#include "io/child.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "io/resp_server.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define IN_FLIGHT_DEFAULT   ((size_t)256)
#define CONNECTIONS_DEFAULT ((size_t)32)
#define EVENTS_MAX          256
#define SIGNALS_MAX         32

#define CLOCK_BYTES (2 * sizeof(int64_t))

enum owner { OWNER_CLIENT, OWNER_SERVER, OWNER_RESP, OWNER_NEWS, OWNER_CHILD };

struct real_world {
    struct world world;
    struct loop *loop;
    struct http_client *client;
    struct http_server *server;
    struct resp_server *resp;       /* NULL until listen_commands */
    struct children *children;      /* NULL: world_options.spawns was not set */
    const int64_t *clock_offset_ms; /* two, in the mapped clock file; NULL: none */
    int64_t wake_ms;
    int signals[SIGNALS_MAX];
    size_t signal_count;
    int news_fd; /* -1: none */
    bool has_news;
    uint64_t waits;
};

static struct real_world *real(struct world *w);

static const struct real_world *real_const(const struct world *w) {
    return (const struct real_world *)(const void *)w; /* its first member */
}

/* ---- time and chance */

/* Number 0 moves both clocks, number 1 the wall clock alone. */
static int64_t offset_ms(const struct real_world *w, int number) {
    const int64_t *offsets = w->clock_offset_ms;
    return offsets != NULL ? __atomic_load_n(&offsets[number], __ATOMIC_RELAXED) : 0;
}

static int64_t real_mono_ms(struct world *world) {
    return loop_now_ms() + offset_ms(real(world), 0);
}

static int64_t real_wall_ms(struct world *world) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + offset_ms(real(world), 0) +
           offset_ms(real(world), 1);
}

static void real_chance(struct world *world, void *buf, size_t bytes) {
    (void)world;
    for (size_t done = 0; done < bytes;) {
        ssize_t n = getrandom((char *)buf + done, bytes - done, 0);
        gb_assert(n > 0 || errno == EINTR);
        done += n > 0 ? (size_t)n : 0;
    }
}

/* ---- HTTP */

static enum gb_err real_send(struct world *world, const struct http_request *request,
                             struct str pool, uint64_t ticket) {
    return http_client_send(real(world)->client, request, pool, ticket);
}

static void real_cancel(struct world *world, uint64_t ticket) {
    if (real(world)->children != NULL) {
        children_cancel(real(world)->children, ticket);
    }
    http_client_cancel(real(world)->client, ticket);
}

static enum gb_err real_respond(struct world *world, uint64_t ticket,
                                const struct http_response *response) {
    return http_server_respond(real(world)->server, ticket, response);
}

static enum gb_err real_listen(struct world *world, const char *host, int port, int door,
                               size_t body_bytes_max, int *ret_port, const char **reterr_why) {
    return http_server_listen(real(world)->server, host, port, door, body_bytes_max, ret_port,
                              reterr_why);
}

/* ---- other programs */

static enum gb_err real_spawn(struct world *world, const struct spawn *spawn, uint64_t ticket) {
    gb_assert(real(world)->children != NULL);
    return children_start(real(world)->children, spawn, ticket);
}

static enum gb_err real_listen_local(struct world *world, const char *path, int door,
                                     size_t body_bytes_max, const char **reterr_why) {
    return http_server_listen_local(real(world)->server, path, door, body_bytes_max, reterr_why);
}

/* ---- somebody else's descriptor */

static void real_hear(struct world *world, int fd) {
    struct real_world *w = real(world);
    if (fd == w->news_fd) {
        return;
    }
    if (w->news_fd >= 0) {
        loop_forget(w->loop, w->news_fd);
    }
    w->news_fd = fd;
    if (fd >= 0) {
        loop_watch(w->loop, fd, OWNER_NEWS, LOOP_IN);
    }
}

/* ---- commands */

static enum gb_err real_listen_commands(struct world *world, const char *host, int port, int door,
                                        bool is_open, int *ret_port, const char **reterr_why) {
    struct real_world *w = real(world);
    gb_assert(w->resp == NULL);
    w->resp = resp_server_new(w->loop, OWNER_RESP, RESP_PATIENCE_MS);
    return resp_server_listen(w->resp, host, port, door, is_open, ret_port, reterr_why);
}

static void real_answer(struct world *world, uint64_t ticket, const struct command_answer *answer) {
    resp_server_answer(real(world)->resp, ticket, answer);
}

/* ---- the round */

static void real_wake_at(struct world *world, int64_t mono_ms) {
    struct real_world *w = real(world);
    w->wake_ms = GB_MIN(w->wake_ms, mono_ms);
}

static size_t signs_waiting(const struct real_world *w) {
    return w->signal_count + w->has_news + http_client_waiting(w->client) +
           http_server_waiting(w->server) + (w->resp != NULL ? resp_server_waiting(w->resp) : 0) +
           (w->children != NULL ? children_waiting(w->children) : 0);
}

/* How long to sleep, negative: no limit. The caller's clock may have been moved, ours not. */
static int64_t sleep_ms(struct real_world *w) {
    if (signs_waiting(w) > 0) {
        return 0;
    }
    int64_t due_ms = GB_MIN(http_client_due_ms(w->client), http_server_due_ms(w->server));
    if (w->resp != NULL) {
        due_ms = GB_MIN(due_ms, resp_server_due_ms(w->resp));
    }
    if (w->children != NULL) {
        due_ms = GB_MIN(due_ms, children_due_ms(w->children));
    }
    int64_t left_ms = due_ms == INT64_MAX ? INT64_MAX : due_ms - loop_now_ms();
    if (w->wake_ms != INT64_MAX) {
        left_ms = GB_MIN(left_ms, w->wake_ms - real_mono_ms(&w->world));
    }
    return left_ms == INT64_MAX ? -1 : GB_MAX(left_ms, INT64_C(0));
}

/* True: there may be more. */
static bool sleep_and_carry_on(struct real_world *w) {
    struct loop_event events[EVENTS_MAX];
    size_t n = loop_wait(w->loop, sleep_ms(w), events, EVENTS_MAX);
    w->waits++;
    for (size_t i = 0; i < n; i++) {
        if (events[i].owner == OWNER_CLIENT) {
            http_client_ready(w->client, events[i].fd, events[i].ready);
        } else if (events[i].owner == OWNER_NEWS) {
            w->has_news = true;
        } else if (events[i].owner == OWNER_CHILD) {
            children_ready(w->children, events[i].fd);
        } else if (events[i].owner == OWNER_SERVER) {
            http_server_ready(w->server, events[i].fd);
        } else {
            resp_server_ready(w->resp, events[i].fd, events[i].ready);
        }
    }
    http_client_run(w->client);
    http_server_run(w->server);
    if (w->children != NULL) {
        children_run(w->children);
    }
    if (w->resp != NULL) {
        resp_server_run(w->resp);
    }
    int number;
    while (w->signal_count < SIGNALS_MAX && (number = loop_take_signal(w->loop)) != 0) {
        w->signals[w->signal_count++] = number;
    }
    return n == EVENTS_MAX;
}

/* Signals first: what they ask for should see the rest of the turn. */
static void hand_over(struct real_world *w, struct arena *arena, const struct sign **ret_signs,
                      size_t *ret_count) {
    size_t count = signs_waiting(w), n = 0;
    struct sign *signs = ARENA_ARRAY(arena, struct sign, GB_MAX(count, (size_t)1));
    for (size_t i = 0; i < w->signal_count; i++) {
        signs[n++] = (struct sign){.kind = SIGN_SIGNAL, .signal = w->signals[i]};
    }
    w->signal_count = 0;
    if (w->has_news) {
        signs[n++] = (struct sign){.kind = SIGN_NEWS};
        w->has_news = false;
    }
    const struct http_reply *reply;
    const struct http_incoming *request;
    const struct child_end *child;
    uint64_t ticket;
    int door;
    while ((reply = http_client_take(w->client, &ticket)) != NULL) {
        signs[n++] = (struct sign){.kind = SIGN_REPLY, .ticket = ticket, .reply = reply};
    }
    while (w->children != NULL && (child = children_take(w->children, &ticket)) != NULL) {
        signs[n++] = (struct sign){.kind = SIGN_CHILD, .ticket = ticket, .child = child};
    }
    while ((request = http_server_take(w->server, &ticket, &door)) != NULL) {
        signs[n++] =
            (struct sign){.kind = SIGN_REQUEST, .ticket = ticket, .door = door, .request = request};
    }
    if (w->resp != NULL) {
        n += resp_server_take(w->resp, arena, signs + n, count - n);
    }
    gb_assert(n <= count);
    *ret_signs = signs;
    *ret_count = n;
}

static enum gb_err real_wait(struct world *world, struct arena *arena,
                             const struct sign **ret_signs, size_t *ret_count) {
    struct real_world *w = real(world);
    http_client_release(w->client);
    if (w->children != NULL) {
        children_release(w->children);
    }
    http_client_run(w->client);
    if (w->resp != NULL) {
        resp_server_run(w->resp);
    }
    bool more;
    do {
        more = sleep_and_carry_on(w);
    } while (signs_waiting(w) == 0 &&
             (more || w->wake_ms == INT64_MAX || w->wake_ms > real_mono_ms(&w->world)));
    w->wake_ms = INT64_MAX;
    hand_over(w, arena, ret_signs, ret_count);
    return GB_OK;
}

/* ---- birth and death */

static void real_close(struct world *world) {
    struct real_world *w = real(world);
    children_free(w->children);
    http_client_free(w->client);
    http_server_free(w->server);
    resp_server_free(w->resp);
    loop_free(w->loop);
    if (w->clock_offset_ms != NULL) {
        void *mapped = (void *)(uintptr_t)w->clock_offset_ms;
        (void)munmap(mapped, CLOCK_BYTES);
    }
    free(w);
}

static const struct world_ops real_ops = {
    .wall_ms = real_wall_ms,
    .mono_ms = real_mono_ms,
    .chance = real_chance,
    .send = real_send,
    .cancel = real_cancel,
    .spawn = real_spawn,
    .respond = real_respond,
    .listen = real_listen,
    .listen_local = real_listen_local,
    .hear = real_hear,
    .listen_commands = real_listen_commands,
    .answer = real_answer,
    .wake_at = real_wake_at,
    .wait = real_wait,
    .close = real_close,
};

static struct real_world *real(struct world *w) {
    gb_assert(w->ops == &real_ops);
    return (struct real_world *)(void *)w; /* its first member */
}

static enum gb_err map_clock(const char *path, const int64_t **ret_offset) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0) {
        return GB_UNAVAILABLE;
    }
    void *mapped = MAP_FAILED;
    if (fstat(fd, &status) == 0 && status.st_size >= (off_t)CLOCK_BYTES) {
        mapped = mmap(NULL, CLOCK_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    }
    close(fd);
    if (mapped == MAP_FAILED) {
        return GB_UNAVAILABLE;
    }
    *ret_offset = mapped;
    return GB_OK;
}

static const char *open_parts(struct real_world *w, const struct world_options *options) {
    const char *why = NULL;
    if (loop_new(&w->loop) != GB_OK) {
        return "the kernel gives no epoll";
    }
    if (options->signal_count > 0 &&
        loop_catch(w->loop, options->signals, options->signal_count) != GB_OK) {
        return "the kernel gives no signalfd";
    }
    if (options->clock_file != NULL &&
        map_clock(options->clock_file, &w->clock_offset_ms) != GB_OK) {
        return "the clock file cannot be read";
    }
    if (options->spawns && children_new(w->loop, OWNER_CHILD, &w->children) != GB_OK) {
        return "the kernel gives no signalfd";
    }
    w->server = http_server_new(w->loop, OWNER_SERVER);
    struct http_client_options client = {
        .owner = OWNER_CLIENT,
        .in_flight_max = options->in_flight_max > 0 ? options->in_flight_max : IN_FLIGHT_DEFAULT,
        .connections_max =
            options->connections_max > 0 ? options->connections_max : CONNECTIONS_DEFAULT,
    };
    return http_client_new(w->loop, &client, &w->client, &why) == GB_OK ? NULL : why;
}

enum gb_err world_open(const struct world_options *options, struct world **ret_world,
                       const char **reterr_why) {
    struct real_world *w = calloc(1, sizeof *w);
    gb_assert(w != NULL);
    w->world.ops = &real_ops;
    w->wake_ms = INT64_MAX;
    w->news_fd = -1;
    /* A peer that went away shows as an error of the write, not as the end of the program. */
    (void)signal(SIGPIPE, SIG_IGN);
    const char *why = open_parts(w, options);
    if (why != NULL) {
        real_close(&w->world);
        *reterr_why = why;
        return GB_UNAVAILABLE;
    }
    *ret_world = &w->world;
    return GB_OK;
}

/* The second number of statm: pages. */
static int64_t resident_bytes(void) {
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    const char *second = n > 0 ? strchr(text, ' ') : NULL;
    return second != NULL ? strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

void world_stats(const struct world *world, struct world_stats *ret_stats) {
    const struct real_world *w = real_const(world);
    struct http_client_stats client;
    http_client_stats(w->client, &client);
    *ret_stats = (struct world_stats){
        .sent = client.sent,
        .replies = client.replies,
        .connects = client.connects,
        .waits = w->waits,
        .served = http_server_served(w->server),
        .in_flight = client.in_flight,
        .resident_bytes = resident_bytes(),
    };
}

/* world.h: the outside in one struct: time, chance, sending, serving.
 *
 * The engine and the sandbox speak only to this. io/world.c is the real one (epoll, libcurl,
 * libmicrohttpd); a simulated one can stand in its place. Nothing here blocks but wait().
 */
#ifndef IO_WORLD_H
#define IO_WORLD_H

#include "base/base.h"
#include "base/http.h"

struct arena;
struct world;

enum sign_kind {
    SIGN_REPLY,   /* the answer to send(): ticket, reply */
    SIGN_REQUEST, /* somebody calls a door opened by listen(): ticket, door, request */
    SIGN_SIGNAL,  /* a Unix signal: number */
    SIGN_NEWS,    /* the descriptor given to hear() can be read: its owner must do so now */
    SIGN_CHILD,   /* a program that spawn() started has ended: ticket, child */
    SIGN_COMMAND, /* a command in RESP on a door opened by listen_commands(): ticket, command */
};

/* A request that came in. Path and query as sent: not decoded. */
struct http_incoming {
    enum http_method method;
    const char *method_name;
    struct str path, query;
    struct str content_type, body;
    const struct http_header *headers;
    size_t header_count;
};

struct http_response {
    int status;
    struct str content_type; /* empty: application/json */
    struct str body;         /* copied */
    const struct http_header *headers;
    size_t header_count;
    bool drop; /* close the connection without a word */
};

/* A command in RESP, Redis's protocol; `ticket` names its caller's connection and never another. */
struct command_incoming {
    const struct str *argv;
    size_t argc;       /* 1 at least */
    size_t seat;       /* of the connection, below COMMAND_SEATS: those come again with others */
    struct str peer;   /* "127.0.0.1:50312" */
    size_t callers;    /* connections just now */
    uint64_t accepted; /* in all */
};

#define COMMAND_SEATS 64

struct command_answer {
    struct str bytes; /* copied; at most 1 MB */
    bool is_stranger; /* its next commands must be small, its silence is short */
    bool close;       /* when the bytes have left */
    int64_t rest_ms;  /* the bytes leave after so long, and nothing is read before */
};

/* Another program. It inherits the environment, nothing else. */
struct spawn {
    const char *const *argv; /* the program's path first, NULL last */
    int64_t total_ms_max;    /* killed then */
};

struct child_end {
    int status;            /* its own, from 0; -1: a signal ended it */
    int signal;            /* 0: none */
    bool was_late;         /* it was killed at total_ms_max */
    struct str said, told; /* standard output, standard error; the first 16 KB of each */
};

/* Something came in. All texts are valid until the next wait(). */
struct sign {
    enum sign_kind kind;
    uint64_t ticket;
    int door;
    int signal;
    const struct http_reply *reply;
    const struct http_incoming *request;
    const struct command_incoming *command;
    const struct child_end *child;
};

struct world_ops {
    int64_t (*wall_ms)(struct world *w);
    int64_t (*mono_ms)(struct world *w); /* goes on during suspend */
    void (*chance)(struct world *w, void *buf, size_t bytes);
    /* Take on a request; texts are copied where they must outlive the call. Exactly one SIGN_REPLY
     * with this ticket comes from a later wait(), time-outs included. `pool` names what shares
     * connections: a lane. GB_LATER: too many in flight, nothing was taken on. */
    enum gb_err (*send)(struct world *w, const struct http_request *request, struct str pool,
                        uint64_t ticket);
    /* Forget a request that was sent: its reply will come at once as HTTP_UNKNOWN. */
    void (*cancel)(struct world *w, uint64_t ticket);
    /* Start another program. Exactly one SIGN_CHILD with this ticket comes from a later wait();
     * cancel() kills it. GB_LATER: too many run, or no process is to be had. */
    enum gb_err (*spawn)(struct world *w, const struct spawn *spawn, uint64_t ticket);
    /* Answer a SIGN_REQUEST, now or any time later, once. GB_NOT_FOUND: the caller has gone. */
    enum gb_err (*respond)(struct world *w, uint64_t ticket, const struct http_response *response);
    /* Open a door: plain HTTP on host:port (0: any free port; *ret_port says which). Bodies over
     * body_bytes_max are answered 413 here. GB_UNAVAILABLE: *reterr_why, static text. */
    enum gb_err (*listen)(struct world *w, const char *host, int port, int door,
                          size_t body_bytes_max, int *ret_port, const char **reterr_why);
    /* Open a door at a Unix socket that only the owner of this process may use; one that is there
     * is replaced. It is the caller's to remove. As above. */
    enum gb_err (*listen_local)(struct world *w, const char *path, int door, size_t body_bytes_max,
                                const char **reterr_why);
    /* wait() gives a SIGN_NEWS whenever this descriptor of somebody else's can be read; -1: none
     * any more. One at a time; to be taken back before it is closed. */
    void (*hear)(struct world *w, int fd);
    /* Open the one door for commands. Who comes is a stranger unless `is_open`. */
    enum gb_err (*listen_commands)(struct world *w, const char *host, int port, int door,
                                   bool is_open, int *ret_port, const char **reterr_why);
    /* Answer the first SIGN_COMMAND of this connection that is not answered, before the next
     * wait(). What is not answered by then that wait() hands out again. */
    void (*answer)(struct world *w, uint64_t ticket, const struct command_answer *answer);
    /* wait() returns by then; the earliest counts, INT64_MAX: no limit. Holds for the next wait()
     * only. */
    void (*wake_at)(struct world *w, int64_t mono_ms);
    /* Sleep until something is there or it is time; gather all that is due, hand it over in the
     * order it came. *ret_count may be 0. */
    enum gb_err (*wait)(struct world *w, struct arena *arena, const struct sign **ret_signs,
                        size_t *ret_count);
    void (*close)(struct world *w);
};

struct world {
    const struct world_ops *ops;
};

struct world_options {
    const int *signals; /* to be handed over as SIGN_SIGNAL instead of killing */
    size_t signal_count;
    bool spawns;            /* spawn() will be used: SIGCHLD is the world's */
    size_t in_flight_max;   /* requests under way in all; 0: 256 */
    size_t connections_max; /* kept open per pool; 0: 32 */
    const char *clock_file; /* NULL, or a file holding two int64 in ms, read at each look: how far
                               both clocks are moved, and the wall clock besides. The sandbox moves
                               a running shop through time with it */
};

/* The real world. GB_UNAVAILABLE: no epoll, no curl, no entropy; *reterr_why, static text. */
enum gb_err world_open(const struct world_options *options, struct world **ret_world,
                       const char **reterr_why) GB_MUST_USE;

/* Figures for metrics. */
struct world_stats {
    uint64_t sent, replies, connects, waits, served;
    size_t in_flight;
    int64_t resident_bytes; /* of this process; 0 where the kernel does not tell */
};
void world_stats(const struct world *world, struct world_stats *ret_stats);

#endif

/* resp_server.h: callers that speak RESP: their sockets, buffers and bounds, on the loop.
 *
 * It hands out whole commands and writes what it is told; it knows no command. One caller's
 * commands are answered in their order; one that is not answered is handed out again by the next
 * round, so whoever answers may stop at any point. While a caller's commands wait, or it does not
 * read what it was sent, nothing more is read from it: memory is bounded by the numbers below.
 */
#ifndef IO_RESP_SERVER_H
#define IO_RESP_SERVER_H

#include "base/base.h"
#include "io/world.h"

struct arena;
struct loop;
struct resp_server;

#define RESP_CALLERS_MAX COMMAND_SEATS
#define RESP_TURN_MAX    1024                  /* commands handed out at once */
#define RESP_ANSWER_MAX  ((size_t)1024 * 1024) /* bytes of one answer */
#define RESP_UNSENT_HIGH ((size_t)64 * 1024)   /* more unsent: nothing is read */
#define RESP_PATIENCE_MS                                                                           \
    (60 * GB_SECOND_MS) /* with who reads nothing, or is silent as a stranger */

/* `owner` of its descriptors in the loop; `patience_ms`: see RESP_PATIENCE_MS. */
struct resp_server *resp_server_new(struct loop *loop, unsigned owner, int64_t patience_ms);
/* What was answered is written if the callers' sockets take it at once. NULL is fine. */
void resp_server_free(struct resp_server *server);

/* See world_ops.listen_commands; once. */
enum gb_err resp_server_listen(struct resp_server *server, const char *host, int port, int door,
                               bool is_open, int *ret_port, const char **reterr_why) GB_MUST_USE;
/* See world_ops.answer. */
void resp_server_answer(struct resp_server *server, uint64_t ticket,
                        const struct command_answer *answer);

/* A descriptor of its own is ready. */
void resp_server_ready(struct resp_server *server, int fd, unsigned ready);
/* Write what was answered, read on: before each sleep, and when resp_server_due_ms (on
 * loop_now_ms; INT64_MAX: never) has come. */
void resp_server_run(struct resp_server *server);
int64_t resp_server_due_ms(const struct resp_server *server);

/* How many commands resp_server_take would give, or a few more. */
size_t resp_server_waiting(const struct resp_server *server);
/* Up to `max` of them as SIGN_COMMANDs; fewer where one caller has very large ones. Their texts
 * are valid until the next resp_server_run. */
size_t resp_server_take(struct resp_server *server, struct arena *arena, struct sign *ret_signs,
                        size_t max);

#endif

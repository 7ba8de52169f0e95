/* http_server.h: plain HTTP in: webhooks, metrics, the sandbox's models: the door to libmicrohttpd.
 *
 * One daemon per door, all on the loop, no threads. A request is handed out when it is whole; its
 * connection then sleeps until it is answered, however late, so that hundreds of long polls cost
 * their memory and nothing else. What is not HTTP, or too large, is refused in here (413); and a
 * body too many (503), since whoever sends it has not yet shown who he is: all bodies at a door may
 * hold 64 MiB.
 */
#ifndef IO_HTTP_SERVER_H
#define IO_HTTP_SERVER_H

#include "base/base.h"
#include "base/http.h"

struct http_incoming;
struct http_response;
struct http_server;
struct loop;

/* `owner` of its descriptors in the loop. */
struct http_server *http_server_new(struct loop *loop, unsigned owner);
/* What was answered and is still in here is written if the callers' sockets take it at once. NULL
 * is fine. */
void http_server_free(struct http_server *server);

/* See world_ops.listen. `host` is an address (IPv4, IPv6) or "localhost". */
enum gb_err http_server_listen(struct http_server *server, const char *host, int port, int door,
                               size_t body_bytes_max, int *ret_port,
                               const char **reterr_why) GB_MUST_USE;
/* See world_ops.listen_local. */
enum gb_err http_server_listen_local(struct http_server *server, const char *path, int door,
                                     size_t body_bytes_max, const char **reterr_why) GB_MUST_USE;
/* See world_ops.respond. */
enum gb_err http_server_respond(struct http_server *server, uint64_t ticket,
                                const struct http_response *response) GB_MUST_USE;

/* A descriptor of its own is ready. */
void http_server_ready(struct http_server *server, int fd);
/* To be called when http_server_due_ms (on loop_now_ms; INT64_MAX: never) has come. */
void http_server_run(struct http_server *server);
int64_t http_server_due_ms(const struct http_server *server);

/* The next request, in the order they came; NULL: none. Valid until it is answered. */
const struct http_incoming *http_server_take(struct http_server *server, uint64_t *ret_ticket,
                                             int *ret_door);
size_t http_server_waiting(const struct http_server *server); /* requests to be taken */

uint64_t http_server_served(const struct http_server *server);   /* responses, all in all */
uint64_t http_server_accepted(const struct http_server *server); /* connections, all in all */

#endif

/* http_client.h: HTTP requests out, replies back as data: the door to libcurl.
 *
 * One libcurl multi handle on the loop: no thread per request, no polling. Requests of one pool
 * (a lane) share prepared handles, on which only what differs from the last request is set anew.
 *
 * What the outcome of a reply rests on:
 *   HTTP_NOT_SENT  libcurl never came to the point where it hands the request to a connection
 *   HTTP_UNKNOWN   it did, and the reply did not arrive whole: it may have been carried out
 * libcurl sends a request a second time when a kept connection closes before one byte of the reply:
 * the server may then see it twice. http_request.fresh_connection excludes that.
 *
 * Verified TLS only: the built-in authorities, those of a file, or a pinned key (which replaces the
 * chain unless a file is named too). Proxies only as asked for, never from the environment.
 */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include "base/base.h"
#include "base/http.h"

struct http_client;
struct loop;

struct http_client_options {
    unsigned owner;         /* of its descriptors in the loop */
    size_t in_flight_max;   /* requests under way in all */
    size_t connections_max; /* under way, and so connections, per pool */
};

struct http_client_stats {
    uint64_t sent, replies, connects;
    size_t in_flight;
};

/* GB_UNAVAILABLE: libcurl cannot start (no entropy, no memory); *reterr_why says it. */
enum gb_err http_client_new(struct loop *loop, const struct http_client_options *options,
                            struct http_client **ret_client, const char **reterr_why) GB_MUST_USE;
/* Requests under way are given up. NULL is fine. */
void http_client_free(struct http_client *client);

/* See world_ops.send: all texts are copied. GB_LATER: too many under way. */
enum gb_err http_client_send(struct http_client *client, const struct http_request *request,
                             struct str pool, uint64_t ticket) GB_MUST_USE;
/* The reply of this request comes at once, as HTTP_UNKNOWN. Fine when there is none under way. */
void http_client_cancel(struct http_client *client, uint64_t ticket);

/* A descriptor of its own is ready. */
void http_client_ready(struct http_client *client, int fd, unsigned ready);
/* Start what was sent, do what is due. To be called after the last http_client_ready and when
 * http_client_due_ms (on loop_now_ms; INT64_MAX: never) has come. */
void http_client_run(struct http_client *client);
int64_t http_client_due_ms(const struct http_client *client);

/* The next reply, in the order they came; NULL: none. Valid until http_client_release. */
const struct http_reply *http_client_take(struct http_client *client, uint64_t *ret_ticket);
size_t http_client_waiting(const struct http_client *client); /* replies to be taken */
/* All replies that were taken are done with. */
void http_client_release(struct http_client *client);

void http_client_stats(const struct http_client *client, struct http_client_stats *ret_stats);

#endif

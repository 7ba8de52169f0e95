/* http.h: a request and a reply as plain data, and the codec of a lane.
 *
 * Codecs (telegram, panel, pay) are pairs of pure functions: row -> request, reply -> answer. They
 * know no socket. Who sends (io) knows no shop.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/base.h"

struct arena;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OTHER };

struct http_header {
    struct str name, value;
};

/* One part of a multipart/form-data body; a file when it has a filename. */
struct http_part {
    struct str name, filename, content_type, body;
    struct str file; /* a file to be read while it is sent, instead of body */
};

/* How far to trust the other side's certificate. All empty: the built-in CA bundle. */
struct http_trust {
    struct str ca_file;    /* PEM, instead of the bundle */
    struct str pin_sha256; /* base64 of the public key's SHA-256, as curl's pinnedpubkey wants it */
};

struct http_request {
    enum http_method method;
    struct str url; /* may hold a secret: never logged */
    const struct http_header *headers;
    size_t header_count;
    struct str content_type; /* of body; empty: none */
    struct str body;
    const struct http_part *parts; /* instead of body */
    size_t part_count;
    struct str proxy; /* http://, socks5h://; empty: none */
    struct http_trust trust;
    int64_t connect_ms_max; /* 0: 10 s */
    int64_t total_ms_max;   /* 0: 60 s */
    size_t reply_bytes_max; /* 0: 8 MiB */
    /* Not over a kept connection. For what must never be sent twice: libcurl sends a request again
     * by itself when a kept connection closes before a byte of the reply. */
    bool fresh_connection;
};

enum http_outcome {
    HTTP_REPLIED,  /* status and body are there */
    HTTP_NOT_SENT, /* no byte of the request left: name, connect, TLS failed */
    HTTP_UNKNOWN,  /* it may have arrived: time-out, reset, reply cut short or too large */
};

struct http_reply {
    enum http_outcome outcome;
    int status;
    struct str body;
    struct str content_type;
    int64_t retry_after_s; /* header Retry-After in seconds; 0: none */
    struct str location;   /* of a redirect (never followed) */
    const char *fault;     /* static text when not HTTP_REPLIED */
    bool too_large;        /* HTTP_UNKNOWN: longer than it may be; body is how it begins */
};

/* A row of the outbox, less its bookkeeping. */
struct call {
    struct str kind; /* what: "sendMessage", "ensure", "create" */
    struct str key;  /* idempotency key, may be empty */
    struct str body; /* JSON object with the arguments */
};

/* Where a lane leads and as whom. */
struct endpoint {
    struct str base_url; /* no slash at the end */
    struct str secret;   /* token or key */
    struct str account;  /* shop id, admin uuid, ...; may be empty */
    struct str proxy;
    struct http_trust trust;
    int zone_offset_min; /* panel's civil time */
};

enum answer_kind {
    ANSWER_DONE,    /* happened; `said` is what it gave */
    ANSWER_LATER,   /* did not happen; the same again after retry_after_ms */
    ANSWER_REFUSED, /* did not and will not happen */
    ANSWER_UNKNOWN, /* may have happened */
    ANSWER_MORE,    /* one step of several is done: `next` must be called now, same row */
};

struct answer {
    enum answer_kind kind;
    int64_t retry_after_ms; /* ANSWER_LATER: 0 means by the lane's own back-off */
    bool lane_wide;         /* LATER: the whole lane should wait, not only this row */
    struct str said;        /* JSON object for the handler; may be empty */
    const char *reason;     /* class for the handler, static: "chat_gone", "exists", ... or "" */
    struct str why;         /* for the log, secrets removed; may be empty */
    struct call next;       /* ANSWER_MORE only */
};

/* One lane's codec. Pure. */
struct codec {
    const char *name;
    /* GB_INVALID: the row cannot be turned into a request (our bug or a damaged row). */
    enum gb_err (*build_request)(const struct call *call, const struct endpoint *to,
                                 struct arena *arena, struct http_request *ret_request);
    /* Any bytes are survived. `to` is whom the call was built for: its secret is kept out of `why`,
     * its zone tells what the other side's dates mean. */
    void (*read_reply)(const struct call *call, const struct endpoint *to,
                       const struct http_reply *reply, struct arena *arena,
                       struct answer *ret_answer);
};

/* Percent-encode all but unreserved characters. */
void http_encode(struct buf *buf, struct str s);
/* Decode %XX and + in place of a copy. GB_INVALID: broken escape. */
enum gb_err http_decode(struct arena *arena, struct str s, struct str *ret_text) GB_MUST_USE;
const char *http_method_name(enum http_method method);
/* Value of a query or form parameter, decoded; false when it is not there. */
bool http_param(struct arena *arena, struct str encoded, struct str name, struct str *ret_value);

#endif

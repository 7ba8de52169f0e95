/* http_client.c: handles that remember what they were told, and libcurl's answers as outcomes.
 *
 * A transfer is a handle of libcurl's: idle in its pool, or running. Its reply is written into a
 * box that goes its own way, so that the handle is free as soon as the reply is whole:
 *
 *   spare --send--> with the transfer --finish--> done --take--> taken --release--> spare
 *
 * A handle keeps its texts, because libcurl reads some of them in place and because comparing is
 * cheaper than setting. Every callback of libcurl's gets its transfer or the client and does
 * bookkeeping only: libcurl must not be called from there.
 */
#define GB_DOOR "libcurl's sockets and buffers that outlive the turn"
#include "io/http_client.h"

#include "base/base.h"
#include "base/embed.h"
#include "base/num.h"
#include "io/blocks.h"
#include "io/kept.h"
#include "io/loop.h"
#include "io/trust.h"

#include <curl/curl.h>

#define CONNECT_MS_DEFAULT  (10 * GB_SECOND_MS)
#define TOTAL_MS_DEFAULT    GB_MINUTE_MS
#define REPLY_BYTES_DEFAULT ((size_t)8 << 20)
/* Servers and NATs forget idle connections: an old one is not worth the risk of sending twice. */
#define IDLE_CONNECTION_S 60L
#define DNS_CACHE_S       60L
/* libcurl's least; by itself it takes 64 KiB for each request. */
#define UPLOAD_BYTES 16384L
/* libcurl would ask for permission ("Expect") before a body of 1 MiB. */
#define EXPECT_BYTES ((size_t)1 << 20)

/* Do not wait at the end for a resolver's thread that waits for a dead name server. Before 8.20
 * libcurl asks its handles, see set_up. */
#if LIBCURL_VERSION_NUM >= 0x081400
#define SET_QUICK_EXIT(multi) curl_multi_setopt((multi), CURLMOPT_QUICK_EXIT, 1L)
#else
#define SET_QUICK_EXIT(multi) ((void)(multi))
#endif

#define TRANSFER_MAGIC UINT32_C(0x7472616e)

/* A reply and the memory its texts are in. */
struct box {
    struct box *next;
    uint64_t ticket;
    struct http_reply reply;
    struct kept said, content_type, location;
};

struct boxes {
    struct box *first, **end;
    size_t count;
};

struct transfer {
    uint32_t magic;
    struct transfer *next_of_all; /* of the client */
    struct transfer *next_idle;   /* of the pool */
    struct pool *pool;
    struct http_client *client;
    CURL *easy;
    struct curl_slist *header_list;
    curl_mime *mime;
    /* The request as the handle knows it. */
    struct kept url, target, headers, body, proxy, ca_file, pin;
    enum http_method method;
    bool has_body, is_fresh;
    long connect_ms, total_ms;
    /* The run. */
    struct box *box; /* NULL: idle */
    bool has_left, is_too_large, head_is_whole;
    const char *refusal; /* why it is not even tried, static */
    size_t said_max;
};

struct pool {
    struct pool *next;
    struct kept name;
    struct transfer *idle;
    size_t in_flight;
};

struct http_client {
    struct loop *loop;
    struct http_client_options options;
    CURLM *multi;
    int wakeup_fd; /* libcurl's own, for its resolver threads; -1: not seen yet */
    int64_t due_ms;
    struct pool *pools;
    struct transfer *all;
    struct boxes spare, done, taken;
    struct kept scratch;
    struct authorities *bundle; /* NULL until the first TLS connection wants it */
    struct http_client_stats stats;
};

/* ---- lists of boxes */

static void boxes_init(struct boxes *list) {
    *list = (struct boxes){.end = &list->first};
}

static void boxes_add(struct boxes *list, struct box *box) {
    box->next = NULL;
    *list->end = box;
    list->end = &box->next;
    list->count++;
}

static struct box *boxes_take(struct boxes *list) {
    struct box *box = list->first;
    if (box != NULL) {
        list->first = box->next;
        list->count--;
        if (list->first == NULL) {
            list->end = &list->first;
        }
    }
    return box;
}

static struct box *box_new(struct http_client *client, uint64_t ticket) {
    struct box *box = boxes_take(&client->spare);
    if (box == NULL) {
        box = calloc(1, sizeof *box);
        gb_assert(box != NULL);
    }
    box->ticket = ticket;
    box->reply = (struct http_reply){.outcome = HTTP_UNKNOWN};
    kept_clear(&box->said);
    kept_clear(&box->content_type);
    kept_clear(&box->location);
    return box;
}

static void box_free(struct box *box) {
    if (box != NULL) {
        kept_free(&box->said);
        kept_free(&box->content_type);
        kept_free(&box->location);
        free(box);
    }
}

static void boxes_free(struct boxes *list) {
    while (list->first != NULL) {
        box_free(boxes_take(list));
    }
}

/* ---- what libcurl tells us */

static struct transfer *transfer_of(void *pointer) {
    struct transfer *transfer = pointer;
    gb_assert(transfer->magic == TRANSFER_MAGIC);
    return transfer;
}

static size_t on_body(char *data, size_t size, size_t count, void *pointer) {
    struct transfer *transfer = transfer_of(pointer);
    struct kept *said = &transfer->box->said;
    size_t bytes = size * count;
    if (bytes > transfer->said_max - said->n) {
        transfer->is_too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    kept_add(said, (struct str){data, bytes});
    return bytes;
}

static bool header_is(struct str line, struct str name, struct str *ret_value) {
    if (line.n <= name.n || line.p[name.n] != ':' ||
        !str_equal_nocase(str_sub(line, 0, name.n), name)) {
        return false;
    }
    *ret_value = str_trim(str_sub(line, name.n + 1, line.n));
    return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *pointer) {
    struct transfer *transfer = transfer_of(pointer);
    struct box *box = transfer->box;
    struct str line = {data, size * count}, value;
    int64_t seconds;
    if (str_starts(line, STR("HTTP/"))) {
        /* A new head: whatever an interim answer (100, 103) said is void. */
        kept_clear(&box->content_type);
        kept_clear(&box->location);
        box->reply.retry_after_s = 0;
        transfer->head_is_whole = false;
    } else if (str_equal(line, STR("\r\n")) || str_equal(line, STR("\n"))) {
        transfer->head_is_whole = true;
    } else if (header_is(line, STR("Content-Type"), &value)) {
        (void)kept_change(&box->content_type, value);
    } else if (header_is(line, STR("Location"), &value)) {
        (void)kept_change(&box->location, value);
    } else if (header_is(line, STR("Retry-After"), &value) &&
               num_i64(value, 0, INT32_MAX, &seconds) == GB_OK) {
        box->reply.retry_after_s = seconds;
    }
    return line.n;
}

/* Called each time the request is about to be handed to a connection. */
static int on_leaving(void *pointer, char *their_ip, char *our_ip, int their_port, int our_port) {
    (void)their_ip, (void)our_ip, (void)their_port, (void)our_port;
    struct transfer *transfer = transfer_of(pointer);
    if (transfer->has_left && transfer->is_fresh) {
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->has_left = true;
    return CURL_PREREQFUNC_OK;
}

static CURLcode on_tls(CURL *easy, void *ssl_config, void *pointer) {
    (void)easy;
    struct http_client *client = pointer;
    if (client->bundle == NULL) {
        client->bundle = authorities_new(embed_file(STR("ca.pem")));
    }
    if (client->bundle == NULL) {
        return CURLE_SSL_CACERT_BADFILE;
    }
    authorities_apply(client->bundle, ssl_config);
    return CURLE_OK;
}

static curl_socket_t on_open(void *pointer, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    struct http_client *client = pointer;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    loop_keep(client->loop, fd);
    client->stats.connects++;
    return fd;
}

static int on_close(void *pointer, curl_socket_t fd) {
    struct http_client *client = pointer;
    loop_forget(client->loop, fd);
    return close(fd);
}

/* libcurl waits for its wake-up descriptor while a transfer is under way, by a handle of its own.
 * It stays open as long as libcurl runs, so interest in it may fade late like a connection's. */
static void find_wakeup(struct http_client *client, CURL *easy, int fd) {
    void *transfer = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer) == CURLE_OK && transfer == NULL) {
        client->wakeup_fd = fd;
        loop_keep(client->loop, fd);
    }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *pointer, void *unused) {
    (void)unused;
    struct http_client *client = pointer;
    if (client->wakeup_fd < 0) {
        find_wakeup(client, easy, fd);
    }
    unsigned events = what == CURL_POLL_IN      ? LOOP_IN
                      : what == CURL_POLL_OUT   ? LOOP_OUT
                      : what == CURL_POLL_INOUT ? LOOP_IN | LOOP_OUT
                                                : 0;
    loop_watch(client->loop, fd, client->options.owner, events);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *pointer) {
    (void)multi;
    struct http_client *client = pointer;
    client->due_ms = timeout_ms < 0 ? INT64_MAX : timeout_ms == 0 ? 0 : loop_now_ms() + timeout_ms;
    return 0;
}

/* ---- birth and death */

enum gb_err http_client_new(struct loop *loop, const struct http_client_options *options,
                            struct http_client **ret_client, const char **reterr_why) {
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, blocks_malloc, blocks_free, blocks_realloc,
                             blocks_strdup, blocks_calloc) != CURLE_OK) {
        *reterr_why = "libcurl cannot start: no entropy or no memory";
        return GB_UNAVAILABLE;
    }
    struct http_client *client = calloc(1, sizeof *client);
    gb_assert(client != NULL);
    blocks_start(BLOCKS_KEEP_BYTES);
    client->loop = loop;
    client->options = *options;
    client->wakeup_fd = -1;
    client->due_ms = INT64_MAX;
    boxes_init(&client->spare);
    boxes_init(&client->done);
    boxes_init(&client->taken);
    client->multi = curl_multi_init();
    gb_assert(client->multi != NULL);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)options->in_flight_max);
    SET_QUICK_EXIT(client->multi);
    *ret_client = client;
    return GB_OK;
}

static void transfer_free(struct transfer *transfer) {
    if (transfer->box != NULL) {
        curl_multi_remove_handle(transfer->client->multi, transfer->easy);
        box_free(transfer->box);
    }
    curl_easy_cleanup(transfer->easy);
    curl_mime_free(transfer->mime);
    curl_slist_free_all(transfer->header_list);
    struct kept *texts[] = {&transfer->url,  &transfer->target, &transfer->headers,
                            &transfer->body, &transfer->proxy,  &transfer->ca_file,
                            &transfer->pin};
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        kept_free(texts[i]);
    }
    free(transfer);
}

void http_client_free(struct http_client *client) {
    if (client == NULL) {
        return;
    }
    while (client->all != NULL) {
        struct transfer *transfer = client->all;
        client->all = transfer->next_of_all;
        transfer_free(transfer);
    }
    if (client->wakeup_fd >= 0) {
        loop_forget(client->loop, client->wakeup_fd);
    }
    curl_multi_cleanup(client->multi);
    while (client->pools != NULL) {
        struct pool *pool = client->pools;
        client->pools = pool->next;
        kept_free(&pool->name);
        free(pool);
    }
    boxes_free(&client->spare);
    boxes_free(&client->done);
    boxes_free(&client->taken);
    authorities_free(client->bundle);
    kept_free(&client->scratch);
    free(client);
    curl_global_cleanup();
    blocks_finish();
}

static struct pool *pool_of(struct http_client *client, struct str name) {
    struct pool *pool = client->pools;
    while (pool != NULL && !str_equal(kept_str(&pool->name), name)) {
        pool = pool->next;
    }
    if (pool == NULL) {
        pool = calloc(1, sizeof *pool);
        gb_assert(pool != NULL);
        kept_add(&pool->name, name);
        pool->next = client->pools;
        client->pools = pool;
    }
    return pool;
}

/* ---- a request onto a handle */

/* An option that fails to be set would change what is sent or whom we trust. */
static void must(CURLcode code) {
    gb_assert(code == CURLE_OK);
}

/* What is the same for every request. */
static void set_up(struct transfer *transfer) {
    CURL *easy = transfer->easy;
    must(curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer));
    must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    must(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
    must(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
    must(curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
    must(curl_easy_setopt(easy, CURLOPT_NOPROXY, ""));
    must(curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L));
    must(curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S));
    must(curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_S));
    must(curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BYTES));
    must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
    must(curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer));
    must(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
    must(curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer));
    must(curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_leaving));
    must(curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer));
    must(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open));
    must(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer->client));
    must(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close));
    must(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer->client));
    must(curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer->client));
}

static struct transfer *transfer_new(struct http_client *client, struct pool *pool) {
    struct transfer *transfer = calloc(1, sizeof *transfer);
    gb_assert(transfer != NULL);
    transfer->magic = TRANSFER_MAGIC;
    transfer->client = client;
    transfer->pool = pool;
    transfer->next_of_all = client->all;
    client->all = transfer;
    transfer->easy = curl_easy_init();
    gb_assert(transfer->easy != NULL);
    set_up(transfer);
    return transfer;
}

static bool is_one_line(struct str text) {
    return text.n == 0 ||
           (memchr(text.p, '\r', text.n) == NULL && memchr(text.p, '\n', text.n) == NULL &&
            memchr(text.p, '\0', text.n) == NULL);
}

/* Where the path begins in "http://host:port/path?query", if what follows may go into a request
 * line as it stands; else the length of the URL. */
static size_t target_begin(struct str url) {
    size_t authority = str_find_str(url, STR("://"));
    if (authority == url.n) {
        return url.n;
    }
    authority += 3;
    size_t begin = authority + str_find(str_sub(url, authority, url.n), '/');
    for (size_t i = authority; i < url.n; i++) {
        bool is_plain = url.p[i] > ' ' && url.p[i] < 0x7f && url.p[i] != '#';
        if (!is_plain || (i < begin && (url.p[i] == '?' || url.p[i] == '@'))) {
            return url.n;
        }
    }
    return begin;
}

/* libcurl takes a URL apart and puts it together again for each request, byte by byte: a quarter of
 * its time. So it only gets "http://host:port/", and the rest as the target of the request line.
 * Not through a proxy, which is sent the whole URL. */
static void set_url(struct transfer *transfer, const struct http_request *request) {
    CURL *easy = transfer->easy;
    struct str url = request->url;
    if (!is_one_line(url)) {
        transfer->refusal = "the URL is not valid";
        return;
    }
    size_t begin = request->proxy.n == 0 ? target_begin(url) : url.n;
    struct str target = str_sub(url, begin, url.n);
    if (kept_change(&transfer->url, str_sub(url, 0, begin)) &&
        curl_easy_setopt(easy, CURLOPT_URL, transfer->url.p) != CURLE_OK) {
        transfer->refusal = "the URL is not valid";
        transfer->url.set = false;
    }
    if (kept_change(&transfer->target, target)) {
        must(curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET,
                              target.n > 0 ? transfer->target.p : NULL));
    }
}

/* One header into the list, "name: value", or "name:" to keep libcurl from adding its own. */
static void list_header(struct transfer *transfer, struct str name, struct str value) {
    struct kept *line = &transfer->client->scratch;
    if (!is_one_line(name) || !is_one_line(value)) {
        transfer->refusal = "a header holds a line break";
        return;
    }
    kept_clear(line);
    kept_add(line, name);
    kept_add(line, STR(":"));
    if (value.n > 0) {
        kept_add(line, STR(" "));
        kept_add(line, value);
    }
    struct curl_slist *list = curl_slist_append(transfer->header_list, line->p);
    gb_assert(list != NULL);
    transfer->header_list = list;
}

static void set_headers(struct transfer *transfer, const struct http_request *request) {
    bool may_have_type = request->part_count == 0;
    struct str type = request->body.n > 0 ? request->content_type : STR_NONE;
    bool is_large = request->part_count > 0 || request->body.n >= EXPECT_BYTES;
    struct kept *all = &transfer->client->scratch;
    kept_clear(all);
    kept_add(all, may_have_type ? STR("t") : STR("-"));
    kept_add(all, is_large ? STR("l") : STR("-"));
    kept_add(all, type);
    for (size_t i = 0; i < request->header_count; i++) {
        kept_add(all, STR("\n"));
        kept_add(all, request->headers[i].name);
        kept_add(all, STR("\n"));
        kept_add(all, request->headers[i].value);
    }
    if (!kept_change(&transfer->headers, kept_str(all))) {
        return;
    }
    curl_slist_free_all(transfer->header_list);
    transfer->header_list = NULL;
    if (may_have_type) {
        list_header(transfer, STR("Content-Type"), type);
    }
    if (is_large) {
        list_header(transfer, STR("Expect"), STR_NONE);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        list_header(transfer, request->headers[i].name, request->headers[i].value);
    }
    transfer->headers.set = transfer->refusal == NULL;
    must(curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->header_list));
}

static void add_part(struct transfer *transfer, const struct http_part *part) {
    struct kept *text = &transfer->client->scratch;
    curl_mimepart *to = curl_mime_addpart(transfer->mime);
    gb_assert(to != NULL);
    (void)kept_change(text, part->name);
    must(curl_mime_name(to, text->p));
    if (part->file.n > 0) {
        (void)kept_change(text, part->file);
        if (curl_mime_filedata(to, text->p) != CURLE_OK) {
            transfer->refusal = "the file cannot be read";
        }
    } else {
        must(curl_mime_data(to, part->body.n > 0 ? part->body.p : "", part->body.n));
    }
    if (part->filename.n > 0) {
        (void)kept_change(text, part->filename);
        must(curl_mime_filename(to, text->p));
    }
    if (part->content_type.n > 0) {
        (void)kept_change(text, part->content_type);
        must(curl_mime_type(to, text->p));
    }
}

static void set_parts(struct transfer *transfer, const struct http_request *request) {
    transfer->mime = curl_mime_init(transfer->easy);
    gb_assert(transfer->mime != NULL);
    for (size_t i = 0; i < request->part_count; i++) {
        add_part(transfer, &request->parts[i]);
    }
    must(curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, transfer->mime));
}

/* Method and body. A body makes libcurl POST, no body makes it GET; other methods are the one or
 * the other by another name. */
static void set_body(struct transfer *transfer, const struct http_request *request) {
    CURL *easy = transfer->easy;
    bool has_parts = request->part_count > 0;
    bool has_body = has_parts || request->body.n > 0 || request->method == HTTP_POST;
    if (has_parts) {
        set_parts(transfer, request);
    } else if (has_body) {
        (void)kept_change(&transfer->body, request->body);
        must(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.p));
        must(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n));
    } else {
        must(curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L));
    }
    if (request->method != transfer->method || has_body != transfer->has_body) {
        transfer->method = request->method;
        transfer->has_body = has_body;
        bool plain = request->method == (has_body ? HTTP_POST : HTTP_GET);
        must(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                              plain ? NULL : http_method_name(request->method)));
    }
}

static void set_proxy(struct transfer *transfer, const struct http_request *request) {
    struct str proxy = request->proxy;
    bool is_known =
        proxy.n == 0 || str_starts(proxy, STR("http://")) || str_starts(proxy, STR("socks5h://"));
    if (!is_known || !is_one_line(proxy)) {
        transfer->refusal = "the proxy is neither http:// nor socks5h://";
    } else if (kept_change(&transfer->proxy, proxy)) {
        must(curl_easy_setopt(transfer->easy, CURLOPT_PROXY, transfer->proxy.p));
    }
}

/* Whom to believe. With a file libcurl reads it for each connection; without, and without a pin,
 * on_tls sets the bundle. The two kinds must differ in what libcurl compares before it reuses a
 * connection, and they do: in the file's name. A pin alone takes the place of the chain: such
 * servers sign their own certificate, and the pinned key proves more than any chain. */
static void set_trust(struct transfer *transfer, const struct http_request *request) {
    CURL *easy = transfer->easy;
    const struct http_trust *trust = &request->trust;
    bool changed = kept_change(&transfer->ca_file, trust->ca_file);
    changed = kept_change(&transfer->pin, trust->pin_sha256) || changed;
    if (!changed) {
        return;
    }
    bool has_file = trust->ca_file.n > 0, has_pin = trust->pin_sha256.n > 0;
    bool by_chain = has_file || !has_pin;
    struct kept *pin = &transfer->client->scratch;
    kept_clear(pin);
    kept_add(pin, STR("sha256//"));
    kept_add(pin, trust->pin_sha256);
    must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, by_chain ? 1L : 0L));
    must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, by_chain ? 2L : 0L));
    must(curl_easy_setopt(easy, CURLOPT_CAINFO, has_file ? transfer->ca_file.p : NULL));
    must(curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, has_pin ? pin->p : NULL));
    /* A resumed session shows no certificate whose key could be compared. */
    must(curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, has_pin ? 0L : 1L));
    must(curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, has_file || has_pin ? NULL : on_tls));
}

static void set_limits(struct transfer *transfer, const struct http_request *request) {
    int64_t connect_ms = request->connect_ms_max > 0 ? request->connect_ms_max : CONNECT_MS_DEFAULT;
    int64_t total_ms = request->total_ms_max > 0 ? request->total_ms_max : TOTAL_MS_DEFAULT;
    connect_ms = GB_MIN(connect_ms, (int64_t)INT32_MAX);
    total_ms = GB_MIN(total_ms, (int64_t)INT32_MAX);
    if (transfer->connect_ms != connect_ms) {
        transfer->connect_ms = (long)connect_ms;
        must(curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, transfer->connect_ms));
    }
    if (transfer->total_ms != total_ms) {
        transfer->total_ms = (long)total_ms;
        must(curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, transfer->total_ms));
    }
    if (transfer->is_fresh != request->fresh_connection) {
        transfer->is_fresh = request->fresh_connection;
        must(curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, transfer->is_fresh ? 1L : 0L));
    }
    transfer->said_max =
        request->reply_bytes_max > 0 ? request->reply_bytes_max : REPLY_BYTES_DEFAULT;
}

/* ---- the run */

/* The reply goes its way, the handle is idle again. `fault` NULL: replied. */
static void finish(struct transfer *transfer, enum http_outcome outcome, const char *fault) {
    struct http_client *client = transfer->client;
    struct box *box = transfer->box;
    if (outcome == HTTP_REPLIED) {
        box->reply.outcome = outcome;
        box->reply.body = kept_str(&box->said);
        box->reply.content_type = kept_str(&box->content_type);
        box->reply.location = kept_str(&box->location);
    } else {
        box->reply = (struct http_reply){.outcome = outcome, .fault = fault};
        if (transfer->is_too_large) {
            box->reply.too_large = true;
            box->reply.body = kept_str(&box->said);
        }
    }
    boxes_add(&client->done, box);
    transfer->box = NULL;
    if (transfer->mime != NULL) {
        must(curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, NULL));
        curl_mime_free(transfer->mime);
        transfer->mime = NULL;
    }
    kept_shrink(&transfer->body);
    transfer->next_idle = transfer->pool->idle;
    transfer->pool->idle = transfer;
    transfer->pool->in_flight--;
    client->stats.in_flight--;
    client->stats.replies++;
}

enum gb_err http_client_send(struct http_client *client, const struct http_request *request,
                             struct str pool_name, uint64_t ticket) {
    struct pool *pool = pool_of(client, pool_name);
    if (client->stats.in_flight >= client->options.in_flight_max ||
        pool->in_flight >= client->options.connections_max) {
        return GB_LATER;
    }
    struct transfer *transfer = pool->idle;
    if (transfer != NULL) {
        pool->idle = transfer->next_idle;
    } else {
        transfer = transfer_new(client, pool);
    }
    transfer->has_left = false;
    transfer->is_too_large = false;
    transfer->head_is_whole = false;
    transfer->refusal = NULL;
    set_url(transfer, request);
    set_headers(transfer, request);
    set_body(transfer, request);
    set_proxy(transfer, request);
    set_trust(transfer, request);
    set_limits(transfer, request);
    pool->in_flight++;
    client->stats.in_flight++;
    client->stats.sent++;
    transfer->box = box_new(client, ticket);
    if (transfer->refusal == NULL &&
        curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK) {
        transfer->refusal = "libcurl does not take the request";
    }
    if (transfer->refusal != NULL) {
        finish(transfer, HTTP_NOT_SENT, transfer->refusal);
    }
    return GB_OK;
}

void http_client_cancel(struct http_client *client, uint64_t ticket) {
    for (struct transfer *transfer = client->all; transfer != NULL;
         transfer = transfer->next_of_all) {
        if (transfer->box != NULL && transfer->box->ticket == ticket) {
            curl_multi_remove_handle(client->multi, transfer->easy);
            finish(transfer, HTTP_UNKNOWN, "canceled");
            return;
        }
    }
}

/* What the log shows; libcurl's own sentence where ours adds nothing. */
static const char *fault_of(const struct transfer *transfer, CURLcode code) {
    switch ((int)code) {
    case CURLE_OK:
        return "the connection closed before the reply was whole";
    case CURLE_WRITE_ERROR:
        return transfer->is_too_large ? "reply too large" : curl_easy_strerror(code);
    case CURLE_OPERATION_TIMEDOUT:
        return transfer->has_left ? "no reply in time" : "no connection in time";
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return "the connection closed before the reply was whole";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "the server's certificate is not trusted";
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return "the server's key is not the pinned one";
    case CURLE_ABORTED_BY_CALLBACK:
        return "the connection closed and sending again is not allowed";
    default:
        return curl_easy_strerror(code);
    }
}

static void end_run(struct transfer *transfer, CURLcode code) {
    long status = 0;
    /* libcurl calls a reply whole that ended within its head. */
    if (code == CURLE_OK && transfer->head_is_whole) {
        must(curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status));
    }
    curl_multi_remove_handle(transfer->client->multi, transfer->easy);
    if (status > 0) {
        transfer->box->reply.status = (int)status;
        finish(transfer, HTTP_REPLIED, NULL);
    } else {
        finish(transfer, transfer->has_left ? HTTP_UNKNOWN : HTTP_NOT_SENT,
               fault_of(transfer, code));
    }
}

void http_client_ready(struct http_client *client, int fd, unsigned ready) {
    int running;
    int mask = ((ready & LOOP_IN) != 0 ? CURL_CSELECT_IN : 0) |
               ((ready & LOOP_OUT) != 0 ? CURL_CSELECT_OUT : 0);
    (void)curl_multi_socket_action(client->multi, fd, mask, &running);
}

void http_client_run(struct http_client *client) {
    if (client->due_ms == 0 || (client->due_ms != INT64_MAX && client->due_ms <= loop_now_ms())) {
        int running;
        client->due_ms = INT64_MAX;
        (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        void *pointer = NULL;
        CURLcode code = message->data.result;
        must(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer));
        end_run(transfer_of(pointer), code);
    }
}

int64_t http_client_due_ms(const struct http_client *client) {
    return client->due_ms;
}

/* ---- the replies */

const struct http_reply *http_client_take(struct http_client *client, uint64_t *ret_ticket) {
    struct box *box = boxes_take(&client->done);
    if (box == NULL) {
        return NULL;
    }
    boxes_add(&client->taken, box);
    *ret_ticket = box->ticket;
    return &box->reply;
}

size_t http_client_waiting(const struct http_client *client) {
    return client->done.count;
}

void http_client_release(struct http_client *client) {
    struct box *box;
    while ((box = boxes_take(&client->taken)) != NULL) {
        kept_shrink(&box->said);
        boxes_add(&client->spare, box);
    }
}

void http_client_stats(const struct http_client *client, struct http_client_stats *ret_stats) {
    *ret_stats = client->stats;
}

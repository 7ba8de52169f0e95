/* botload: a fake Telegram Bot API on 127.0.0.1 that plays N scripted users against any bot.
 *
 * One thread, one epoll. The bot polls getUpdates and calls methods as it would on
 * api.telegram.org; a user's next step is put in the queue only after the bot has answered the
 * previous one. One JSON line on stdout at the end; exit 1 if any user failed. See README.md. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOT_ID      7000000001LL
#define MAX_BATCH   100
#define MAX_STEPS   64
#define MAX_PIDS    8
#define MAX_REQUEST (64u << 20)

/* ---- small things ---------------------------------------------------------------------------- */

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fputs("botload: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

static void *need(void *p) {
    if (!p)
        die("out of memory");
    return p;
}

typedef struct {
    char *p;
    size_t len, cap;
} Buf;

static void buf_room(Buf *b, size_t more) {
    if (b->len + more <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 1024;
    while (cap < b->len + more)
        cap *= 2;
    b->p = need(realloc(b->p, cap));
    b->cap = cap;
}

static void buf_add(Buf *b, const char *s, size_t n) {
    buf_room(b, n + 1);
    memcpy(b->p + b->len, s, n);
    b->len += n;
    b->p[b->len] = 0;
}

static void buf_str(Buf *b, const char *s) {
    buf_add(b, s, strlen(s));
}

__attribute__((format(printf, 2, 3))) static void buf_fmt(Buf *b, const char *fmt, ...) {
    char tmp[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(tmp, sizeof tmp, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= (int)sizeof tmp)
        die("buf_fmt: too long");
    buf_add(b, tmp, (size_t)n);
}

static void buf_json(Buf *b, const char *s) /* s as a JSON string, quotes included */
{
    buf_str(b, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_fmt(b, "\\%c", c);
        else if (c < 0x20)
            buf_fmt(b, "\\u%04x", c);
        else
            buf_add(b, s, 1);
    }
    buf_str(b, "\"");
}

/* ---- options, script, counters -----------------------------------------------------------------
 */

typedef struct {
    bool press;
    int button;
    int replies;
    char *text, *match;
} Step;

static struct {
    int port, users, inflight, warmup;
    double rate, duration, user_timeout, max_seconds, linger, serve;
    const char *script, *spawn, *label;
    bool wait_keyboard;
    int64_t base_id;
} opt = {.port = 8081,
         .users = 100,
         .inflight = 1,
         .user_timeout = 10,
         .max_seconds = 300,
         .linger = 0.3,
         .base_id = 100000000,
         .label = ""};

static Step steps[MAX_STEPS];
static int nsteps;

static struct {
    long updates, redelivered, calls, polls, messages, edits, answers, other;
    long bad_request, missing_button, timed_out, conflicts, mismatched, unexpected;
} n;

typedef struct {
    double *v;
    size_t len, cap;
} Samples;
static Samples reply_ms, step_ms;

static void sample(Samples *s, double v) {
    if (s->len == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 4096;
        s->v = need(realloc(s->v, s->cap * sizeof *s->v));
    }
    s->v[s->len++] = v;
}

static void read_script(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f)
        die("%s: %s", path, strerror(errno));
    char line[1024];
    for (int no = 1; fgets(line, sizeof line, f); no++) {
        line[strcspn(line, "\r\n")] = 0;
        if (!line[0] || line[0] == '#')
            continue;
        if (!strncmp(line, "expect ", 7) && nsteps) {
            steps[nsteps - 1].replies = atoi(line + 7);
            continue;
        }
        if (!strncmp(line, "match ", 6) && nsteps) {
            steps[nsteps - 1].match = need(strdup(line + 6));
            continue;
        }
        if (nsteps == MAX_STEPS)
            die("%s: more than %d steps", path, MAX_STEPS);
        Step *s = &steps[nsteps++];
        *s = (Step){.replies = 1};
        if (!strncmp(line, "send ", 5))
            s->text = need(strdup(line + 5));
        else if (!strncmp(line, "press ", 6))
            s->press = true, s->button = atoi(line + 6);
        else
            die("%s:%d: want 'send TEXT', 'press K', 'expect K' or 'match TEXT'", path, no);
    }
    fclose(f);
    if (!nsteps)
        die("%s: no steps", path);
}

/* ---- users and their updates -------------------------------------------------------------------
 */

typedef enum { IDLE, QUEUED, HANDED, DONE, FAILED } State;

typedef struct {
    State state;
    int step, replies_left, nbuttons, keyboard_msg;
    char **buttons; /* callback_data, row by row; NULL where a button has none */
    double issued, handed;
} User;

typedef struct {
    int64_t id;
    int user;
    double handed;
    char *json;
    size_t len;
} Update;

static User *users;
static int nusers, phase_from, phase_to, next_user, running, finished, scan_from;
static Update *queue; /* queue[0] is the oldest unconfirmed */
static size_t queue_len, queue_cap;
static int64_t next_update_id = 1;
static int next_message_id = 1;
static long next_callback_id = 1;
static bool measuring;
static double t_phase, t_done, t_first_poll;

static int64_t chat_of(int u) {
    return opt.base_id + u;
}

static void finish(int u, State st) {
    users[u].state = st;
    running--;
    finished++;
}

static void drop_keyboard(User *u) {
    for (int i = 0; i < u->nbuttons; i++)
        free(u->buttons[i]);
    free(u->buttons);
    u->buttons = NULL;
    u->nbuttons = u->keyboard_msg = 0;
}

static void put_person(Buf *b, int u, const char *key) {
    buf_fmt(
        b,
        "\"%s\":{\"id\":%lld,\"is_bot\":false,\"first_name\":\"User%d\",\"username\":\"user%d\","
        "\"language_code\":\"en\"}",
        key, (long long)chat_of(u), u, u);
}

static void put_chat(Buf *b, int64_t chat) {
    buf_fmt(b, "\"chat\":{\"id\":%lld,\"type\":\"private\",\"first_name\":\"User%lld\"}",
            (long long)chat, (long long)(chat - opt.base_id));
}

static void issue(int ui) /* queue the update of the user's current step */
{
    User *u = &users[ui];
    Step *s = &steps[u->step];
    Buf b = {0};
    buf_fmt(&b, "{\"update_id\":%lld,", (long long)next_update_id);
    if (s->press) {
        if (s->button >= u->nbuttons || !u->buttons[s->button]) {
            n.missing_button++;
            free(b.p);
            finish(ui, FAILED);
            return;
        }
        buf_fmt(&b, "\"callback_query\":{\"id\":\"%ld\",", next_callback_id++);
        put_person(&b, ui, "from");
        buf_fmt(&b,
                ",\"message\":{\"message_id\":%d,\"from\":{\"id\":%lld,\"is_bot\":true,"
                "\"first_name\":\"Bot\",\"username\":\"load_bot\"},",
                u->keyboard_msg, BOT_ID);
        put_chat(&b, chat_of(ui));
        buf_fmt(&b, ",\"date\":%ld,\"text\":\"...\"},\"chat_instance\":\"%lld\",\"data\":",
                (long)time(NULL), (long long)chat_of(ui));
        buf_json(&b, u->buttons[s->button]);
        buf_str(&b, "}}");
    } else {
        buf_fmt(&b, "\"message\":{\"message_id\":%d,", next_message_id++);
        put_person(&b, ui, "from");
        buf_str(&b, ",");
        put_chat(&b, chat_of(ui));
        buf_fmt(&b, ",\"date\":%ld,\"text\":", (long)time(NULL));
        buf_json(&b, s->text);
        if (s->text[0] == '/')
            buf_fmt(&b, ",\"entities\":[{\"type\":\"bot_command\",\"offset\":0,\"length\":%zu}]",
                    strcspn(s->text, " "));
        buf_str(&b, "}}");
    }
    if (queue_len == queue_cap) {
        queue_cap = queue_cap ? queue_cap * 2 : 256;
        queue = need(realloc(queue, queue_cap * sizeof *queue));
    }
    queue[queue_len++] = (Update){.id = next_update_id++, .user = ui, .json = b.p, .len = b.len};
    u->state = QUEUED;
    u->issued = now_s();
    u->replies_left = s->replies;
}

static void begin_user(void) {
    int ui = next_user++;
    running++;
    issue(ui);
}

static void feed(double t) /* start the users that are due */
{
    if (!measuring || opt.rate <= 0) {
        while (running < opt.inflight && next_user < phase_to)
            begin_user();
        return;
    }
    int due = (int)((t - t_phase) * opt.rate) + 1;
    while (next_user < phase_to && next_user - phase_from < due)
        begin_user();
}

static void confirm(int64_t offset) {
    size_t k = 0;
    while (k < queue_len && queue[k].id < offset)
        free(queue[k++].json);
    if (!k)
        return;
    memmove(queue, queue + k, (queue_len - k) * sizeof *queue);
    queue_len -= k;
}

static void keep_keyboard(User *u, int msg, const cJSON *markup) {
    const cJSON *rows = cJSON_GetObjectItem(markup, "inline_keyboard"), *row, *btn;
    if (!cJSON_IsArray(rows))
        return;
    int count = 0;
    cJSON_ArrayForEach(row, rows) count += cJSON_GetArraySize(row);
    if (!count)
        return;
    drop_keyboard(u);
    u->buttons = need(calloc((size_t)count, sizeof *u->buttons));
    u->keyboard_msg = msg;
    cJSON_ArrayForEach(row, rows) cJSON_ArrayForEach(btn, row) {
        const char *data = cJSON_GetStringValue(cJSON_GetObjectItem(btn, "callback_data"));
        u->buttons[u->nbuttons++] = data ? need(strdup(data)) : NULL;
    }
}

static bool shows(const char *marker, const char *text, const char *caption, const cJSON *markup) {
    if ((text && strstr(text, marker)) || (caption && strstr(caption, marker)))
        return true;
    const cJSON *row, *btn;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(markup, "inline_keyboard"))
        cJSON_ArrayForEach(btn, row) {
        const char *label = cJSON_GetStringValue(cJSON_GetObjectItem(btn, "text"));
        const char *data = cJSON_GetStringValue(cJSON_GetObjectItem(btn, "callback_data"));
        if ((label && strstr(label, marker)) || (data && strstr(data, marker)))
            return true;
    }
    return false;
}

/* A message or edit reached this user. */
static void answered(int ui, const char *text, const char *caption, const cJSON *markup,
                     bool keyboard, double t_read) {
    User *u = &users[ui];
    if (u->state != HANDED) {
        n.unexpected++;
        return;
    }
    bool next_is_press = u->step + 1 < nsteps && steps[u->step + 1].press;
    if (opt.wait_keyboard && next_is_press && !keyboard)
        return;
    if (--u->replies_left > 0)
        return;
    const char *marker = steps[u->step].match; /* the last answer of the step must show it */
    if (marker && !shows(marker, text, caption, markup)) {
        n.mismatched++;
        finish(ui, FAILED);
        return;
    }
    sample(&reply_ms, (t_read - u->handed) * 1e3);
    sample(&step_ms, (t_read - u->issued) * 1e3);
    if (++u->step == nsteps) {
        drop_keyboard(u);
        finish(ui, DONE);
    } else {
        issue(ui);
    }
}

static void expire_users(double t) {
    while (scan_from < next_user && users[scan_from].state >= DONE)
        scan_from++;
    for (int i = scan_from; i < next_user; i++)
        if ((users[i].state == QUEUED || users[i].state == HANDED) &&
            t - users[i].issued > opt.user_timeout) {
            n.timed_out++;
            finish(i, FAILED);
        }
}

/* ---- HTTP
 * ---------------------------------------------------------------------------------------- */

typedef struct Conn {
    int fd;
    Buf in, out;
    size_t in_off, out_off;
    bool polling, closing, dead, continued, want_write;
    int poll_limit;
    double poll_until;
    struct Conn *next_dead;
} Conn;

static int ep;
static Conn *poller, *dead_list;

static void kill_conn(Conn *c) {
    if (c->dead)
        return;
    c->dead = true;
    if (poller == c)
        poller = NULL;
    close(c->fd);
    c->next_dead = dead_list;
    dead_list = c;
}

static void flush(Conn *c) {
    while (c->out_off < c->out.len) {
        ssize_t k = send(c->fd, c->out.p + c->out_off, c->out.len - c->out_off, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0 && errno == EAGAIN)
            break;
        if (k <= 0) {
            kill_conn(c);
            return;
        }
        c->out_off += (size_t)k;
    }
    bool left = c->out_off < c->out.len;
    if (!left)
        c->out.len = c->out_off = 0;
    if (!left && c->closing) {
        kill_conn(c);
        return;
    }
    if (left != c->want_write) {
        c->want_write = left;
        struct epoll_event ev = {.events = EPOLLIN | (left ? EPOLLOUT : 0), .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
    }
}

static void respond(Conn *c, int status, const char *body, size_t len) {
    buf_fmt(&c->out,
            "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
            status, status == 200 ? "OK" : "Error", len, c->closing ? "Connection: close\r\n" : "");
    buf_add(&c->out, body, len);
}

static void respond_str(Conn *c, int status, const char *body) {
    respond(c, status, body, strlen(body));
}

static void serve_poll(Conn *c, double t, bool even_empty) {
    if (!queue_len && !even_empty)
        return;
    Buf b = {0};
    buf_str(&b, "{\"ok\":true,\"result\":[");
    for (size_t i = 0; i < queue_len && i < (size_t)c->poll_limit; i++) {
        Update *q = &queue[i];
        if (i)
            buf_str(&b, ",");
        buf_add(&b, q->json, q->len);
        if (q->handed > 0) {
            n.redelivered++;
            continue;
        }
        q->handed = t;
        n.updates++;
        if (users[q->user].state == QUEUED)
            users[q->user].state = HANDED, users[q->user].handed = t;
    }
    buf_str(&b, "]}");
    c->polling = false;
    if (poller == c)
        poller = NULL;
    respond(c, 200, b.p, b.len);
    free(b.p);
    flush(c);
}

/* Bodies of every kind become one flat cJSON object, so that the rest sees one form only. */

static int hex(int ch) {
    return ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10;
}

static void add_urlencoded(cJSON *o, const char *p, const char *end) {
    while (p < end) {
        char *pair[2] = {0};
        const char *amp = memchr(p, '&', (size_t)(end - p));
        if (!amp)
            amp = end;
        for (int k = 0; k < 2; k++) {
            const char *stop = k ? amp : memchr(p, '=', (size_t)(amp - p));
            if (!stop)
                stop = amp;
            char *d = pair[k] = need(malloc((size_t)(stop - p) + 1));
            for (; p < stop; p++) {
                if (*p == '+')
                    *d++ = ' ';
                else if (*p == '%' && p + 2 < stop)
                    *d++ = (char)(hex(p[1]) * 16 + hex(p[2])), p += 2;
                else
                    *d++ = *p;
            }
            *d = 0;
            if (p < amp)
                p++;
        }
        cJSON_AddStringToObject(o, pair[0], pair[1]);
        free(pair[0]);
        free(pair[1]);
        p = amp + 1;
    }
}

static bool add_multipart(cJSON *o, const char *type, const char *p, size_t len) {
    const char *bp = strcasestr(type, "boundary=");
    if (!bp)
        return false;
    bp += 9;
    char mark[160];
    int quoted = *bp == '"';
    snprintf(mark, sizeof mark, "--%.*s", (int)strcspn(bp + quoted, quoted ? "\"" : "; \r"),
             bp + quoted);
    size_t mlen = strlen(mark);
    const char *end = p + len;
    p = memmem(p, len, mark, mlen);
    while (p && (p += mlen) + 2 <= end && memcmp(p, "--", 2)) {
        const char *body = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
        if (!body)
            return false;
        body += 4;
        const char *next = memmem(body, (size_t)(end - body), mark, mlen);
        if (!next)
            return false;
        const char *name = memmem(p, (size_t)(body - p), " name=\"", 7);
        if (!name)
            return false;
        name += 7;
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(name, "\""), name);
        bool file = memmem(p, (size_t)(body - p), "filename", 8);
        char *val = file ? need(strdup("(file)")) : need(strndup(body, (size_t)(next - 2 - body)));
        cJSON_AddStringToObject(o, key, val);
        free(val);
        p = next;
    }
    return p != NULL;
}

static int64_t number(const cJSON *o, const char *key, int64_t fallback) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    if (cJSON_IsNumber(v))
        return (int64_t)v->valuedouble;
    if (cJSON_IsString(v))
        return strtoll(v->valuestring, NULL, 10);
    return fallback;
}

static const char *text_of(const cJSON *o, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* ---- Bot API methods
 * ------------------------------------------------------------------------------- */

static void get_updates(Conn *c, const cJSON *p, double t) {
    n.polls++;
    int64_t offset = number(p, "offset", 0), limit = number(p, "limit", 100),
            wait = number(p, "timeout", 0);
    if (t_first_poll == 0) {
        t_first_poll = t;
        if (offset > next_update_id && !queue_len)
            next_update_id = offset; /* a bot from an earlier run */
    }
    if (offset < 0)
        offset = queue_len ? queue[queue_len - 1].id + 1 + offset : 0;
    confirm(offset);
    if (poller && poller != c) {
        n.conflicts++;
        Conn *old = poller;
        old->polling = false;
        respond_str(
            old, 409,
            "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: terminated by other "
            "getUpdates request\"}");
        flush(old);
    }
    c->polling = true;
    c->poll_limit = limit < 1 || limit > MAX_BATCH ? MAX_BATCH : (int)limit;
    c->poll_until = t + (double)wait;
    poller = c;
    if (wait <= 0)
        serve_poll(c, t, true);
}

static void put_message(Buf *b, const char *method, const cJSON *p, int id, int64_t chat,
                        const cJSON *markup) {
    buf_fmt(b,
            "{\"message_id\":%d,\"from\":{\"id\":%lld,\"is_bot\":true,\"first_name\":\"Bot\","
            "\"username\":\"load_bot\"},",
            id, BOT_ID);
    put_chat(b, chat);
    buf_fmt(b, ",\"date\":%ld", (long)time(NULL));
    const char *text = text_of(p, "text"), *caption = text_of(p, "caption");
    if (text)
        buf_str(b, ",\"text\":"), buf_json(b, text);
    if (caption)
        buf_str(b, ",\"caption\":"), buf_json(b, caption);
    if (!strncasecmp(method, "edit", 4))
        buf_fmt(b, ",\"edit_date\":%ld", (long)time(NULL));
    if (!strcasecmp(method, "sendPhoto") || !strcasecmp(method, "editMessageMedia"))
        buf_fmt(b,
                ",\"photo\":[{\"file_id\":\"photo%d\",\"file_unique_id\":\"u%d\",\"width\":90,"
                "\"height\":90}]",
                id, id);
    if (!strcasecmp(method, "sendInvoice"))
        buf_str(b, ",\"invoice\":{\"title\":\"-\",\"description\":\"-\",\"start_parameter\":\"\","
                   "\"currency\":\"XTR\","
                   "\"total_amount\":1}");
    if (markup && cJSON_GetObjectItem(markup, "inline_keyboard")) {
        char *m = need(cJSON_PrintUnformatted(markup));
        buf_str(b, ",\"reply_markup\":");
        buf_str(b, m);
        cJSON_free(m);
    }
    buf_str(b, "}");
}

static void message_call(Conn *c, const char *method, const cJSON *p, double t) {
    bool edit = !strncasecmp(method, "edit", 4);
    int64_t chat = number(p, "chat_id", 0);
    if (!chat && !text_of(p, "inline_message_id")) {
        n.bad_request++;
        respond_str(
            c, 400,
            "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: chat_id is empty\"}");
        return;
    }
    if (edit)
        n.edits++;
    else
        n.messages++;
    const cJSON *markup = cJSON_GetObjectItemCaseSensitive(p, "reply_markup");
    cJSON *parsed =
        cJSON_IsString(markup) && markup->valuestring[0] ? cJSON_Parse(markup->valuestring) : NULL;
    if (cJSON_IsString(markup)) {
        if (markup->valuestring[0] && !parsed)
            n.bad_request++;
        markup = parsed;
    }
    int id = edit ? (int)number(p, "message_id", 0) : next_message_id++;
    Buf b = {0};
    buf_str(&b, "{\"ok\":true,\"result\":");
    put_message(&b, method, p, id, chat, markup);
    buf_str(&b, "}");
    respond(c, 200, b.p, b.len);
    free(b.p);
    int64_t ui = chat - opt.base_id;
    if (ui >= 0 && ui < nusers) {
        bool keyboard = markup && cJSON_GetObjectItem(markup, "inline_keyboard");
        if (users[ui].state < DONE) {
            if (keyboard)
                keep_keyboard(&users[ui], id, markup);
            else if (edit && id == users[ui].keyboard_msg)
                drop_keyboard(&users[ui]); /* as Telegram does */
        }
        answered((int)ui, text_of(p, "text"), text_of(p, "caption"), markup, keyboard, t);
    }
    cJSON_Delete(parsed);
}

static void call(Conn *c, const char *method, const cJSON *p, double t) {
    if (!strcasecmp(method, "getUpdates")) {
        get_updates(c, p, t);
        return;
    }
    n.calls++;
    bool sends = !strncasecmp(method, "send", 4) && strcasecmp(method, "sendChatAction") &&
                 strcasecmp(method, "sendMediaGroup");
    if (sends || !strncasecmp(method, "editMessage", 11) || !strcasecmp(method, "forwardMessage")) {
        message_call(c, method, p, t);
        return;
    }
    if (!strcasecmp(method, "answerCallbackQuery"))
        n.answers++;
    else
        n.other++;
    char tmp[512];
    if (!strcasecmp(method, "getMe")) {
        snprintf(tmp, sizeof tmp,
                 "{\"ok\":true,\"result\":{\"id\":%lld,\"is_bot\":true,\"first_name\":\"Bot\","
                 "\"username\":"
                 "\"load_bot\",\"can_join_groups\":true,\"can_read_all_group_messages\":false,"
                 "\"supports_inline_queries\":false,\"can_connect_to_business\":false,\"has_main_"
                 "web_app\":false}}",
                 BOT_ID);
    } else if (!strcasecmp(method, "getWebhookInfo")) {
        snprintf(tmp, sizeof tmp,
                 "{\"ok\":true,\"result\":{\"url\":\"\",\"has_custom_certificate\":false,"
                 "\"pending_update_count\":%zu}}",
                 queue_len);
    } else if (!strcasecmp(method, "getMyCommands") || !strcasecmp(method, "sendMediaGroup")) {
        snprintf(tmp, sizeof tmp, "{\"ok\":true,\"result\":[]}");
    } else if (!strcasecmp(method, "copyMessage")) {
        snprintf(tmp, sizeof tmp, "{\"ok\":true,\"result\":{\"message_id\":%d}}",
                 next_message_id++);
    } else if (!strcasecmp(method, "getChatMember")) {
        long long id = (long long)number(p, "user_id", 0);
        snprintf(
            tmp, sizeof tmp,
            "{\"ok\":true,\"result\":{\"status\":\"member\",\"user\":{\"id\":%lld,\"is_bot\":false,"
            "\"first_name\":\"User\"}}}",
            id);
    } else if (!strcasecmp(method, "getChat")) {
        long long id = (long long)number(p, "chat_id", 0);
        snprintf(
            tmp, sizeof tmp,
            "{\"ok\":true,\"result\":{\"id\":%lld,\"type\":\"private\",\"first_name\":\"User\"}}",
            id);
    } else {
        snprintf(tmp, sizeof tmp, "{\"ok\":true,\"result\":true}");
    }
    respond_str(c, 200, tmp);
}

static void bad(Conn *c, const char *why) {
    n.bad_request++;
    if (n.bad_request < 10)
        fprintf(stderr, "botload: bad request: %s\n", why);
    respond_str(c, 400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request\"}");
}

static void handle(Conn *c, char *target, const char *type, const char *body, size_t len) {
    double t = now_s();
    char *query = strchr(target, '?');
    if (query)
        *query++ = 0;
    char *method = strncmp(target, "/bot", 4) ? NULL : strrchr(target, '/');
    if (!method || method == target) {
        bad(c, target);
        return;
    }
    cJSON *p = NULL;
    if (len && strcasestr(type, "application/json")) {
        p = cJSON_ParseWithLength(body, len);
        if (cJSON_IsNull(p))
            cJSON_Delete(p),
                p = need(cJSON_CreateObject()); /* how Go clients send "no parameters" */
        if (!cJSON_IsObject(p))
            cJSON_Delete(p), p = NULL;
    } else {
        p = need(cJSON_CreateObject());
        if (len && strcasestr(type, "multipart/form-data")) {
            if (!add_multipart(p, type, body, len))
                cJSON_Delete(p), p = NULL;
        } else {
            add_urlencoded(p, body, body + len);
        }
    }
    if (!p) {
        bad(c, method);
        return;
    }
    if (query)
        add_urlencoded(p, query, query + strlen(query));
    call(c, method + 1, p, t);
    cJSON_Delete(p);
}

/* Decodes a chunked body in place. Returns bytes consumed, 0 if incomplete, -1 if malformed. */
static long unchunk(char *p, size_t len, size_t *out) {
    size_t at = 0, to = 0;
    for (;;) {
        char *nl = memmem(p + at, len - at, "\r\n", 2), *e;
        if (!nl)
            return 0;
        size_t k = strtoul(p + at, &e, 16);
        if (e == p + at || k > MAX_REQUEST)
            return -1;
        at = (size_t)(nl - p) + 2;
        if (at + k + 2 > len)
            return 0;
        if (!k) {
            *out = to;
            return (long)at + 2;
        }
        memmove(p + to, p + at, k);
        to += k;
        at += k + 2;
    }
}

static bool chunks_complete(const char *p, size_t len) {
    for (size_t at = 0;;) {
        const char *nl = memmem(p + at, len - at, "\r\n", 2);
        if (!nl)
            return false;
        size_t k = strtoul(p + at, NULL, 16);
        at = (size_t)(nl - p) + 2;
        if (k > MAX_REQUEST || at + k + 2 > len)
            return k > MAX_REQUEST;
        if (!k)
            return true;
        at += k + 2;
    }
}

static bool one_request(Conn *c) /* true if one was taken from the buffer */
{
    char *p = c->in.p + c->in_off;
    size_t have = c->in.len - c->in_off;
    char *end = have ? memmem(p, have, "\r\n\r\n", 4) : NULL;
    if (!end)
        return false;
    size_t head = (size_t)(end - p) + 4, length = 0;
    char type[256] = "";
    bool chunked = false, expect = false;
    for (char *l = memmem(p, head, "\r\n", 2) + 2; l < end;
         l = (char *)memmem(l, (size_t)(end + 2 - l), "\r\n", 2) + 2) {
        size_t ll = (size_t)((char *)memmem(l, (size_t)(end + 2 - l), "\r\n", 2) - l);
        if (!strncasecmp(l, "content-length:", 15))
            length = strtoul(l + 15, NULL, 10);
        else if (!strncasecmp(l, "content-type:", 13))
            snprintf(type, sizeof type, "%.*s", (int)(ll - 13), l + 13);
        else if (!strncasecmp(l, "transfer-encoding:", 18))
            chunked = memmem(l, ll, "chunked", 7) != NULL;
        else if (!strncasecmp(l, "connection:", 11))
            c->closing |= memmem(l, ll, "close", 5) != NULL;
        else if (!strncasecmp(l, "expect:", 7))
            expect = true;
    }
    bool whole = chunked ? chunks_complete(p + head, have - head) : have - head >= length;
    if (length > MAX_REQUEST) {
        c->closing = true;
        bad(c, "too long");
        flush(c);
        return false;
    }
    if (!whole) {
        if (expect && !c->continued)
            c->continued = true, buf_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        return false;
    }
    size_t used = head + length;
    if (chunked) {
        long k = unchunk(p + head, have - head, &length);
        if (k <= 0) {
            c->closing = true;
            bad(c, "chunks");
            flush(c);
            return false;
        }
        used = head + (size_t)k;
    }
    c->continued = false;
    c->in_off += used;
    char *sp = memchr(p, ' ', head), *sp2 = sp ? memchr(sp + 1, ' ', (size_t)(end - sp)) : NULL;
    if (!sp2) {
        c->closing = true;
        bad(c, "request line");
        return true;
    }
    *sp2 = 0;
    handle(c, sp + 1, type, p + head, length);
    return true;
}

static void readable(Conn *c) {
    for (;;) {
        buf_room(&c->in, 16384);
        ssize_t k = recv(c->fd, c->in.p + c->in.len, c->in.cap - c->in.len, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0 && errno == EAGAIN)
            break;
        if (k <= 0 || c->in.len > MAX_REQUEST) {
            kill_conn(c);
            return;
        }
        c->in.len += (size_t)k;
        if (c->in.len < c->in.cap)
            break;
    }
    while (!c->dead && !c->polling && c->in_off < c->in.len && one_request(c)) {
    }
    if (c->dead)
        return;
    if (c->in_off == c->in.len)
        c->in.len = c->in_off = 0;
    if (c->out.len)
        flush(c);
}

static void accept_all(int lfd) {
    for (;;) {
        int fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
        if (fd < 0)
            return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        Conn *c = need(calloc(1, sizeof *c));
        c->fd = fd;
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
    }
}

/* ---- the watched processes
 * ----------------------------------------------------------------------- */

static struct {
    pid_t pid;
    long rss_max, rss_end;
    double cpu_start, cpu_end;
} procs[MAX_PIDS];
static int nprocs;

static long rss_kb(pid_t pid) {
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    fclose(f);
    return kb;
}

static double cpu_s(pid_t pid) {
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    char *ok = fgets(line, sizeof line, f), *p = strrchr(line, ')');
    fclose(f);
    unsigned long ut = 0, st = 0;
    if (!ok || !p ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ut, &st) != 2)
        return 0;
    return (double)(ut + st) / (double)sysconf(_SC_CLK_TCK);
}

static void watch(void) {
    for (int i = 0; i < nprocs; i++) {
        long kb = rss_kb(procs[i].pid);
        if (kb > procs[i].rss_max)
            procs[i].rss_max = kb;
        if (kb)
            procs[i].rss_end = kb, procs[i].cpu_end = cpu_s(procs[i].pid);
    }
}

static pid_t spawn(const char *cmd) {
    pid_t pid = fork();
    if (pid < 0)
        die("fork: %s", strerror(errno));
    if (pid)
        return pid;
    dup2(2, 1); /* stdout stays ours: one JSON line */
    char *line = NULL;
    if (asprintf(&line, "exec %s", cmd) < 0)
        _exit(127);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

static void reap(pid_t pid) {
    kill(pid, SIGTERM);
    for (int i = 0; i < 50; i++) {
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return;
        usleep(100000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- report
 * ---------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void put_percentiles(const char *name, Samples *s) {
    if (s->len)
        qsort(s->v, s->len, sizeof *s->v, by_value);
#define AT(q) (s->len ? s->v[(size_t)((double)(s->len - 1) * (q) + 0.5)] : 0)
    printf("\"%s\":{\"n\":%zu,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"max\":%.3f},", name, s->len,
           AT(.5), AT(.95), AT(.99), AT(1));
#undef AT
}

static int report(double wall, double startup, double self_cpu) {
    int done = 0, want = nusers - opt.warmup;
    for (int i = opt.warmup; i < nusers; i++)
        done += users[i].state == DONE;
    printf("{\"label\":\"%s\",\"users\":%d,\"users_ok\":%d,\"inflight\":%d,\"rate\":%g,\"updates\":"
           "%ld,\"redelivered\":%ld,"
           "\"calls\":%ld,\"messages\":%ld,\"edits\":%ld,\"answers\":%ld,\"other\":%ld,\"polls\":%"
           "ld,\"wall_s\":%.3f,"
           "\"updates_per_s\":%.1f,\"calls_per_s\":%.1f,",
           opt.label, want, done, opt.rate > 0 ? 0 : opt.inflight, opt.rate, n.updates,
           n.redelivered, n.calls, n.messages, n.edits, n.answers, n.other, n.polls, wall,
           (double)n.updates / wall, (double)n.calls / wall);
    put_percentiles("reply_ms", &reply_ms);
    put_percentiles("step_ms", &step_ms);
    printf("\"errors\":{\"bad_request\":%ld,\"missing_button\":%ld,\"timed_out\":%ld,"
           "\"mismatched\":%ld,\"conflicts\":%ld},\"unexpected_replies\":%ld,",
           n.bad_request, n.missing_button, n.timed_out, n.mismatched, n.conflicts, n.unexpected);
    printf("\"startup_ms\":%.1f,\"self_cpu_s\":%.2f,\"pids\":[", startup * 1e3, self_cpu);
    for (int i = 0; i < nprocs; i++)
        printf("%s{\"pid\":%d,\"rss_max_kb\":%ld,\"rss_end_kb\":%ld,\"cpu_s\":%.2f,\"cpu_s_per_"
               "1000_updates\":%.3f}",
               i ? "," : "", (int)procs[i].pid, procs[i].rss_max, procs[i].rss_end,
               procs[i].cpu_end - procs[i].cpu_start,
               n.updates ? (procs[i].cpu_end - procs[i].cpu_start) * 1000 / (double)n.updates : 0);
    puts("]}");
    fflush(stdout);
    return done == want && !n.bad_request ? 0 : 1;
}

/* ---- main
 * ------------------------------------------------------------------------------------------ */

static void usage(void) {
    fputs("usage: botload --script FILE [--port 8081] [--users N] [--inflight C | --rate R "
          "[--duration S]] [--warmup W]\n"
          "               [--spawn CMD] [--pid PID]... [--wait-keyboard] [--user-timeout 10] "
          "[--max-seconds 300]\n"
          "               [--base-id 100000000] [--linger 0.3] [--label TEXT]\n"
          "       botload --serve SECONDS [--port 8081]      answer only, play no users\n",
          stderr);
    exit(2);
}

static void options(int argc, char **argv) {
    static const struct option longs[] = {{"port", 1, 0, 'p'},
                                          {"users", 1, 0, 'n'},
                                          {"inflight", 1, 0, 'c'},
                                          {"rate", 1, 0, 'r'},
                                          {"duration", 1, 0, 'd'},
                                          {"script", 1, 0, 's'},
                                          {"pid", 1, 0, 'P'},
                                          {"spawn", 1, 0, 'x'},
                                          {"warmup", 1, 0, 'w'},
                                          {"wait-keyboard", 0, 0, 'k'},
                                          {"user-timeout", 1, 0, 't'},
                                          {"max-seconds", 1, 0, 'm'},
                                          {"base-id", 1, 0, 'b'},
                                          {"linger", 1, 0, 'l'},
                                          {"label", 1, 0, 'L'},
                                          {"serve", 1, 0, 'S'},
                                          {0}};
    for (int o; (o = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        switch (o) {
        case 'p':
            opt.port = atoi(optarg);
            break;
        case 'n':
            opt.users = atoi(optarg);
            break;
        case 'c':
            opt.inflight = atoi(optarg);
            break;
        case 'r':
            opt.rate = atof(optarg);
            break;
        case 'd':
            opt.duration = atof(optarg);
            break;
        case 's':
            opt.script = optarg;
            break;
        case 'P':
            if (nprocs == MAX_PIDS)
                die("too many --pid");
            procs[nprocs++].pid = atoi(optarg);
            break;
        case 'x':
            opt.spawn = optarg;
            break;
        case 'w':
            opt.warmup = atoi(optarg);
            break;
        case 'k':
            opt.wait_keyboard = true;
            break;
        case 't':
            opt.user_timeout = atof(optarg);
            break;
        case 'm':
            opt.max_seconds = atof(optarg);
            break;
        case 'b':
            opt.base_id = atoll(optarg);
            break;
        case 'l':
            opt.linger = atof(optarg);
            break;
        case 'L':
            opt.label = optarg;
            break;
        case 'S':
            opt.serve = atof(optarg);
            break;
        default:
            usage();
        }
    if (!opt.script && opt.serve <= 0)
        usage();
    if (opt.rate > 0 && opt.duration > 0)
        opt.users = (int)(opt.rate * opt.duration);
    if (opt.serve > 0)
        opt.users = opt.warmup = 0;
    if (opt.users < 0 || opt.inflight < 1 || opt.warmup < 0)
        usage();
}

static void begin_phase(bool measured, double t) {
    measuring = measured;
    phase_from = measured ? opt.warmup : 0;
    phase_to = measured ? nusers : opt.warmup;
    next_user = scan_from = phase_from;
    running = finished = 0;
    t_phase = t;
    if (!measured)
        return;
    long bad_so_far = n.bad_request; /* a bad request counts whenever it came */
    memset(&n, 0, sizeof n);
    n.bad_request = bad_so_far;
    reply_ms.len = step_ms.len = 0;
    watch();
    for (int i = 0; i < nprocs; i++)
        procs[i].cpu_start = procs[i].cpu_end, procs[i].rss_max = 0;
}

int main(int argc, char **argv) {
    options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    if (opt.script)
        read_script(opt.script);
    nusers = opt.warmup + opt.users;
    users = need(calloc((size_t)nusers + 1, sizeof *users));

    int lfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)opt.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(lfd, (struct sockaddr *)&a, sizeof a) || listen(lfd, 1024))
        die("port %d: %s", opt.port, strerror(errno));
    ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event lev = {.events = EPOLLIN, .data.ptr = NULL}, evs[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, lfd, &lev);

    double t0 = now_s(), t_tick = 0, self_start = 0;
    pid_t child = 0;
    if (opt.spawn) {
        child = spawn(opt.spawn);
        if (nprocs < MAX_PIDS) {
            memmove(procs + 1, procs, sizeof *procs * (size_t)nprocs++);
            memset(procs, 0, sizeof *procs);
            procs[0].pid = child;
        }
    }
    bool started = false, aborted = false;
    for (;;) {
        double t = now_s();
        double hold = 0.1;
        if (started && measuring && opt.rate > 0 && next_user < phase_to) {
            double due = t_phase + (next_user - phase_from) / opt.rate - t;
            hold = due < 0 ? 0 : due < hold ? due : hold;
        }
        int k = epoll_wait(ep, evs, 256, (int)(hold * 1e3 + 0.999));
        for (int i = 0; i < k; i++) {
            Conn *c = evs[i].data.ptr;
            if (!c) {
                accept_all(lfd);
                continue;
            }
            if (c->dead)
                continue;
            if (evs[i].events & EPOLLOUT)
                flush(c);
            if (!c->dead && evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                readable(c);
        }
        t = now_s();
        if (!started && (t_first_poll > 0 || opt.serve > 0)) {
            started = true;
            self_start = cpu_s(getpid());
            begin_phase(opt.warmup == 0, t);
        }
        if (started && !measuring && finished == phase_to - phase_from) {
            self_start = cpu_s(getpid());
            begin_phase(true, t);
        }
        if (started)
            feed(t);
        if (poller)
            serve_poll(poller, t, t >= poller->poll_until);
        while (dead_list) {
            Conn *c = dead_list;
            dead_list = c->next_dead;
            free(c->in.p);
            free(c->out.p);
            free(c);
        }
        if (t - t_tick > 0.1) {
            t_tick = t;
            expire_users(t);
            watch();
        }
        if (t - t0 > opt.max_seconds) {
            aborted = true;
            break;
        }
        if (!measuring)
            continue;
        if (t_done == 0 && opt.serve <= 0 && finished == phase_to - phase_from)
            t_done = t;
        if (t_done > 0 && t - t_done > opt.linger)
            break;
        if (opt.serve > 0 && t - t0 > opt.serve)
            break;
    }
    watch();
    double wall = (t_done > 0 ? t_done : now_s()) - t_phase;
    int rc = report(wall, t_first_poll > 0 ? t_first_poll - t0 : 0, cpu_s(getpid()) - self_start);
    if (child)
        reap(child);
    if (aborted)
        fputs("botload: gave up after --max-seconds\n", stderr);
    return aborted ? 1 : rc;
}

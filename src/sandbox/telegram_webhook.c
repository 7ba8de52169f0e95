/* telegram_webhook.c: setWebhook and what follows from it: updates are brought, one POST each.
 *
 * As the real server does it: updates of one kind and one person form a source; of a source one is
 * under way at a time, in order; sources go beside each other, at most max_connections at once.
 * Any 2xx accepts. All else, and a lost connection, is tried again: at once, then later and later,
 * here up to a second and not up to two minutes, and no sooner than Retry-After says. Only this
 * machine is called: nothing leaves it.
 */
#include "base/arena.h"
#include "base/json.h"
#include "sandbox/bot_check.h"
#include "sandbox/keep.h"
#include "sandbox/telegram_inside.h"

#define CONNECTIONS_DEFAULT 40
#define CONNECTIONS_MAX     100
#define SET_AGAIN_MS        GB_SECOND_MS /* setWebhook twice within: 429 */
#define AGAIN_MS_FIRST      50           /* of the second time; the first is at once */
#define AGAIN_MS_MAX        1000
#define DELIVERY_MS_MAX     (60 * GB_SECOND_MS)
#define SCAN_MAX            2000 /* updates looked at for one that can be delivered */
#define SOURCE_BITS         14

/* ---- setting it ---- */

static void forget_webhook(struct tg_webhook *webhook) {
    size_t in_flight = webhook->in_flight;
    keep_drop(&webhook->url);
    keep_drop(&webhook->secret);
    keep_drop(&webhook->last_error);
    *webhook = (struct tg_webhook){.in_flight = in_flight, .set_ms = webhook->set_ms};
}

void tg_webhook_free(struct telegram_model *model) {
    forget_webhook(&model->webhook);
}

static void say_done(struct tg_call *call, const char *what) {
    struct str text = arena_printf(
        call->arena, "{\"ok\":true,\"result\":true,\"description\":\"Webhook %s\"}", what);
    response_json(call->response, 200, text);
}

void tg_delete_webhook(struct tg_call *call) {
    struct telegram_model *model = call->model;
    bool was_set = model->webhook.url.n > 0;
    if (form_bool(&call->form, "drop_pending_updates")) {
        tg_updates_free(model);
    }
    forget_webhook(&model->webhook);
    say_done(call, was_set ? "was deleted" : "is already deleted");
}

/* The same again changes nothing and is told so; not when updates are to be dropped. */
static bool is_set_so(const struct tg_call *call, struct str url, struct str secret,
                      int64_t connections) {
    const struct tg_webhook *webhook = &call->model->webhook;
    return str_equal(webhook->url, url) && str_equal(webhook->secret, secret) &&
           webhook->connections == connections && !form_bool(&call->form, "drop_pending_updates");
}

void tg_set_webhook(struct tg_call *call) {
    struct telegram_model *model = call->model;
    struct tg_webhook *webhook = &model->webhook;
    struct str url = form_text(&call->form, "url");
    struct str secret = form_text(&call->form, "secret_token");
    if (url.n == 0) {
        tg_delete_webhook(call);
        return;
    }
    if (call->now.mono_ms - webhook->set_ms < SET_AGAIN_MS) {
        const struct fault_hit flood = {.what = FAULT_429, .retry_after_s = 1};
        enum model_verdict verdict;
        (void)fault_before(&flood, FAULT_TELEGRAM, call->visit, &model->holds, call->response,
                           &verdict);
        return;
    }
    webhook->set_ms = call->now.mono_ms;
    int64_t connections = form_find(&call->form, "max_connections") != NULL
                              ? form_i64(&call->form, "max_connections")
                              : CONNECTIONS_DEFAULT;
    connections = GB_MAX(GB_MIN(connections, CONNECTIONS_MAX), 1);
    tg_remember_allowed(call);
    tg_end_poll(call, "terminated by setWebhook request");
    if (is_set_so(call, url, secret, connections)) {
        say_done(call, "is already set");
        return;
    }
    if (form_bool(&call->form, "drop_pending_updates")) {
        tg_updates_free(model);
    }
    forget_webhook(webhook);
    webhook->url = keep_text(url);
    webhook->secret = keep_text(secret);
    webhook->connections = connections;
    say_done(call, "was set");
}

void tg_webhook_info(struct tg_call *call) {
    const struct tg_webhook *webhook = &call->model->webhook;
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "url", webhook->url);
    json_put_bool(&out, "has_custom_certificate", false);
    json_put_i64(&out, "pending_update_count", (int64_t)call->model->update_count);
    if (webhook->url.n > 0) {
        json_put_i64(&out, "max_connections", webhook->connections);
        json_put_text(&out, "ip_address", "127.0.0.1");
    }
    if (webhook->last_error.n > 0) {
        json_put_i64(&out, "last_error_date", webhook->last_error_s);
        json_put_str(&out, "last_error_message", webhook->last_error);
    }
    json_close(&out);
    tg_result(call, buf_str(&buf));
}

/* ---- bringing updates ---- */

/* Two sources on one bit wait for each other, which is rare and costs time only. */
struct busy {
    uint64_t bits[1 << (SOURCE_BITS - 6)];
};

static bool busy_add(struct busy *busy, uint64_t source) {
    uint64_t bit = source * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SOURCE_BITS);
    bool was = (busy->bits[bit / 64] >> bit % 64 & 1) != 0;
    busy->bits[bit / 64] |= UINT64_C(1) << bit % 64;
    return was;
}

/* The oldest update that may go now: none of its source before it. NULL: none. */
static struct tg_update *next_update(struct telegram_model *model, int64_t mono_ms) {
    struct busy busy = {{0}};
    struct tg_update *update = model->head;
    for (size_t i = 0; update != NULL && i < SCAN_MAX; i++, update = update->next) {
        bool is_first = !busy_add(&busy, update->source);
        if (is_first && !update->in_flight && update->again_ms <= mono_ms) {
            return update;
        }
    }
    return NULL;
}

static struct http_request request_of(const struct telegram_model *model, struct arena *arena) {
    struct http_header *header = ARENA_NEW(arena, struct http_header);
    *header = (struct http_header){STR("X-Telegram-Bot-Api-Secret-Token"), model->webhook.secret};
    return (struct http_request){
        .method = HTTP_POST,
        .url = model->webhook.url,
        .headers = header,
        .header_count = model->webhook.secret.n > 0,
        .total_ms_max = DELIVERY_MS_MAX,
    };
}

static void note_error(struct telegram_model *model, struct moment now, struct str why) {
    model->webhook.last_error_s = now.wall_ms / GB_SECOND_MS;
    keep_replace(&model->webhook.last_error, why);
}

bool telegram_next_delivery(struct telegram_model *model, struct moment now, struct arena *arena,
                            struct http_request *ret_request, uint64_t *ret_ticket) {
    struct tg_webhook *webhook = &model->webhook;
    if (webhook->url.n == 0) {
        return false;
    }
    if (!check_is_local(webhook->url)) {
        if (webhook->last_error.n == 0 && model->head != NULL) {
            note_error(model, now, STR("the sandbox calls only http:// on this machine"));
        }
        return false;
    }
    if (webhook->knock) {
        webhook->knock = false;
        *ret_request = (struct http_request){.method = HTTP_GET, .url = webhook->url};
        *ret_ticket = 0;
        return true;
    }
    struct tg_update *update =
        webhook->in_flight < (size_t)webhook->connections ? next_update(model, now.mono_ms) : NULL;
    if (update == NULL) {
        return false;
    }
    struct fault_hit hit = fault_plan_take(model->faults, FAULT_TELEGRAM, STR("webhook"));
    update->answer_is_lost = hit.what == FAULT_LOSE_ANSWER;
    update->in_flight = true;
    webhook->in_flight++;
    *ret_request = request_of(model, arena);
    ret_request->content_type = STR("application/json");
    ret_request->body = update->text;
    *ret_ticket = (uint64_t)update->id;
    return true;
}

/* ---- what the shop says ---- */

static const char *status_words(int status) {
    static const struct {
        int status;
        const char *words;
    } known[] = {
        {401, " Unauthorized"},      {403, " Forbidden"},
        {404, " Not Found"},         {405, " Method Not Allowed"},
        {413, " Content Too Large"}, {500, " Internal Server Error"},
        {502, " Bad Gateway"},       {503, " Service Unavailable"},
    };
    for (size_t i = 0; i < GB_COUNT(known); i++) {
        if (known[i].status == status) {
            return known[i].words;
        }
    }
    return "";
}

static struct str error_of(const struct tg_update *update, const struct http_reply *reply,
                           struct arena *arena) {
    if (reply->outcome == HTTP_NOT_SENT) {
        return STR("Connection refused");
    }
    if (reply->outcome == HTTP_UNKNOWN || update->answer_is_lost) {
        return STR("Webhook connection closed");
    }
    return arena_printf(arena, "Wrong response from the webhook: %d%s", reply->status,
                        status_words(reply->status));
}

static void try_again(struct tg_update *update, const struct http_reply *reply, int64_t mono_ms) {
    int64_t doublings = GB_MIN(update->failures, 10);
    int64_t wait_ms = update->failures > 0 ? AGAIN_MS_FIRST << (doublings - 1) : 0;
    int64_t asked_ms = reply->outcome == HTTP_REPLIED ? reply->retry_after_s * GB_SECOND_MS : 0;
    update->failures++;
    update->again_ms = mono_ms + GB_MAX(GB_MIN(wait_ms, (int64_t)AGAIN_MS_MAX), asked_ms);
}

/* A call of the Bot API in the answer would be carried out by the real server. */
static void look_for_call(struct telegram_model *model, const struct http_reply *reply,
                          struct arena *arena) {
    const struct json *json;
    if (reply->body.n > 0 && json_parse(arena, reply->body, &json, NULL) == GB_OK &&
        json_at(json, "method") != NULL) {
        tally_add(&model->warnings, STR("webhook"),
                  STR("a call in the answer is not played by the sandbox"));
    }
}

void telegram_delivered(struct telegram_model *model, struct moment now, struct arena *arena,
                        uint64_t ticket, const struct http_reply *reply) {
    if (ticket == 0) {
        return; /* a knock */
    }
    gb_assert(model->webhook.in_flight > 0);
    model->webhook.in_flight--;
    struct tg_update *update = tg_update_find(model, (int64_t)ticket);
    if (update == NULL || !update->in_flight) {
        return; /* expired or dropped meanwhile */
    }
    update->in_flight = false;
    bool accepted = reply->outcome == HTTP_REPLIED && reply->status / 100 == 2;
    if (accepted && !update->answer_is_lost) {
        look_for_call(model, reply, arena);
        tg_update_confirm(model, update);
        return;
    }
    note_error(model, now, error_of(update, reply, arena));
    try_again(update, reply, now.mono_ms);
}

int64_t tg_webhook_next_ms(const struct telegram_model *model) {
    const struct tg_webhook *webhook = &model->webhook;
    int64_t next = INT64_MAX;
    if (webhook->url.n == 0 || !check_is_local(webhook->url) ||
        webhook->in_flight >= (size_t)webhook->connections) {
        return next;
    }
    const struct tg_update *update = model->head;
    for (size_t i = 0; update != NULL && i < SCAN_MAX; i++, update = update->next) {
        if (update->failures > 0 && !update->in_flight) {
            next = GB_MIN(next, update->again_ms);
        }
    }
    return next;
}

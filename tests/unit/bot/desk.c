#define GB_DOOR "a store in a temporary directory"
#include "bot/desk.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/json.h"
#include "bot/bot.h"
#include "bot/callbacks.h"
#include "shop/catalog.h"
#include "shop/invariants.h"
#include "shop/payments.h"
#include "shop/renewals.h"
#include "shop/servers.h"
#include "shop/subscriptions.h"
#include "shop/sync.h"
#include "state/work.h"
#include "store/backend.h"
#include "telegram/html.h"

#include <dirent.h>

#define TEXT_LENGTH_MAX    4096
#define CAPTION_LENGTH_MAX 1024
#define TOAST_LENGTH_MAX   200
#define MARKUP_BYTES_MAX   (10 * 1024)

static const struct store_table tables[TABLE_COUNT] = {
#define X(name, text, db) {text, db},
    GB_TABLES(X)
#undef X
};

static struct config_location locations[] = {
    {.id = STR_INIT("de"), .name = STR_INIT("🇩🇪 Германия"), .name_en = STR_INIT("🇩🇪 Germany")},
    {.id = STR_INIT("nl"), .name = STR_INIT("🇳🇱 Нидерланды"), .name_en = STR_INIT("Holland <&>")},
};
static struct config_server servers[] = {
    {.id = STR_INIT("de1"),
     .location = STR_INIT("de"),
     .panel = STR_INIT("https://de1.example/A"),
     .user_link = STR_INIT("https://de1.example/C"),
     .users_max = 3},
    {.id = STR_INIT("nl1"),
     .location = STR_INIT("nl"),
     .panel = STR_INIT("https://nl1.example/A"),
     .user_link = STR_INIT("https://nl1.example/C")},
};
static struct config_tariff tariffs[] = {
    {.id = STR_INIT("m1"), .days = 30, .traffic_gb = 50, .price = STR_INIT("149"), .stars = 99},
    {.id = STR_INIT("m3"), .days = 90, .price = STR_INIT("399.50"), .stars = 250},
};
static int64_t admins[] = {OWNER};

static void set_config(struct config *config) {
    config->shop.name = STR("GigaBridge");
    config->shop.language = 0;
    config->shop.currency = STR("RUB");
    config->shop.zone = zone_fixed(3 * 3600);
    config->shop.support = STR("@help");
    config->shop.invoice_ms = 30 * GB_MINUTE_MS;
    config->shop.dialog_ms = GB_HOUR_MS;
    config->shop.admins.items = admins;
    config->shop.admins.count = GB_COUNT(admins);
    config->stars.enabled = true;
    config->pay_test.enabled = true;
    config->locations = locations;
    config->location_count = GB_COUNT(locations);
    config->servers = servers;
    config->server_count = GB_COUNT(servers);
    for (size_t i = 0; i < GB_COUNT(servers); i++) {
        servers[i].key.hidden = STR("00000000-0000-4000-8000-000000000000");
    }
    config->tariffs = tariffs;
    config->tariff_count = GB_COUNT(tariffs);
}

/* ---- one event ---- */

struct task {
    handler_fn *handle;
    const struct event *event;
};

static void collect(struct desk *desk, const struct work *work);

static struct work work_for(struct desk *desk, struct rng *rng, struct str id) {
    static const uint8_t key[SHA256_BYTES] = {7};
    rng_init(rng, key, id);
    return (struct work){
        .tx = tx_begin(desk->backend, desk->event, desk->now_ms),
        .arena = desk->event,
        .now_ms = desk->now_ms,
        .rng = rng,
        .config = &desk->config,
        .texts = desk->texts,
        .zone = &desk->config.shop.zone,
        .order = desk->order,
    };
}

static size_t noise_bytes(const struct work *work) {
    size_t bytes = 0;
    for (const struct outbox_node *node = work->noise; node != NULL; node = node->next) {
        bytes += node->row.body.n + 1;
    }
    return bytes;
}

/* Twice from one snapshot: the same changes, or the handler has a sense it must not have. */
static void run(struct desk *desk, handler_fn *handle, const struct event *event) {
    struct rng rng, again;
    struct work work = work_for(desk, &rng, event->id);
    struct work twin = work_for(desk, &again, event->id);
    assert_int_equal(handle(&work, event), GB_OK);
    assert_int_equal(handle(&twin, event), GB_OK);
    struct str why = STR_NONE;
    if (!tx_same_changes(work.tx, twin.tx, desk->event, &why)) {
        fail_msg("a second run changes other rows: " STR_FMT, STR_ARG(why));
    }
    assert_int_equal(noise_bytes(&work), noise_bytes(&twin));
    assert_int_equal(tx_fault(work.tx), GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    assert_int_equal(desk->backend->ops->sync(desk->backend), GB_OK);
    desk->order = work.order;
    collect(desk, &work);
}

/* ---- Telegram, played ---- */

static struct str keep(struct desk *desk, struct str text) {
    return arena_copy(desk->memory, text);
}

static void read_button(struct desk *desk, const struct json *json, struct desk_button *button) {
    *button = (struct desk_button){
        .text = keep(desk, json_str_or(json, "text", STR_NONE)),
        .data = keep(desk, json_str_or(json, "callback_data", STR_NONE)),
        .url = keep(desk, json_str_or(json, "url", STR_NONE)),
        .pay = json_bool_or(json, "pay", false),
    };
    assert_true(button->text.n > 0);
    int kinds = (button->data.n > 0) + (button->url.n > 0) + button->pay;
    assert_int_equal(kinds, 1);
    struct callback callback;
    assert_true(button->data.n == 0 || callback_read(button->data, &callback) == GB_OK);
    assert_true(button->url.n == 0 || str_starts(button->url, STR("http")));
}

static void read_keyboard(struct desk *desk, const struct json *body,
                          struct desk_message *message) {
    message->button_count = 0;
    const struct json *markup = json_at(body, "reply_markup");
    if (markup == NULL) {
        return;
    }
    assert_true(json_text(desk->event, markup).n <= MARKUP_BYTES_MAX);
    const struct json *row = json_first(json_at(markup, "inline_keyboard"));
    for (; row != NULL; row = json_next(row)) {
        assert_true(json_size(row) >= 1 && json_size(row) <= 8);
        for (const struct json *b = json_first(row); b != NULL; b = json_next(b)) {
            assert_true(message->button_count < DESK_BUTTONS_MAX);
            read_button(desk, b, &message->buttons[message->button_count++]);
        }
    }
}

static void read_text(struct desk *desk, const struct json *body, const char *member,
                      size_t length_max, struct desk_message *message) {
    message->html = keep(desk, json_str_or(body, member, STR_NONE));
    size_t length = html_length(message->html);
    assert_in_range(length, 1, length_max);
    assert_true(str_is(json_str_or(body, "parse_mode", STR_NONE), "HTML"));
}

static struct desk_message *message_new(struct desk *desk, int64_t chat) {
    assert_true(desk->message_count < DESK_MESSAGES_MAX);
    struct desk_message *message = &desk->messages[desk->message_count++];
    *message = (struct desk_message){.id = (int64_t)desk->message_count, .chat = chat};
    return message;
}

static void play_message(struct desk *desk, const struct outbox_row *row, const struct json *body) {
    int64_t chat = json_i64_or(body, "chat_id", 0);
    assert_int_not_equal(chat, 0);
    if (str_is(row->kind, "editMessageText")) {
        struct desk_message *message = desk_message(desk, json_i64_or(body, "message_id", 0));
        assert_non_null(message);
        assert_int_equal(message->chat, chat);
        assert_false(message->invoice || message->png.n > 0); /* Telegram would refuse */
        read_text(desk, body, "text", TEXT_LENGTH_MAX, message);
        read_keyboard(desk, body, message);
        message->edits++;
        return;
    }
    struct desk_message *message = message_new(desk, chat);
    if (str_is(row->kind, "sendPhoto")) {
        read_text(desk, body, "caption", CAPTION_LENGTH_MAX, message);
        struct str png;
        assert_int_equal(base64_decode(desk->event, json_str_or(body, "$photo", STR_NONE), &png),
                         GB_OK);
        message->png = keep(desk, png);
    } else if (str_is(row->kind, "sendDocument")) {
        read_text(desk, body, "caption", CAPTION_LENGTH_MAX, message);
        message->document = keep(desk, json_str_or(body, "$document", STR_NONE));
        assert_true(message->document.n > 0);
    } else if (str_is(row->kind, "sendInvoice")) {
        message->invoice = true;
        message->payload = keep(desk, json_str_or(body, "payload", STR_NONE));
        message->stars = json_i64_or(body, "prices.0.amount", 0);
        message->html = keep(desk, json_str_or(body, "title", STR_NONE));
        assert_in_range(utf8_length(message->html), 1, 32);
        assert_in_range(utf8_length(json_str_or(body, "description", STR_NONE)), 1, 255);
        assert_true(str_is(json_str_or(body, "currency", STR_NONE), "XTR"));
        assert_in_range(message->payload.n, 1, 128);
    } else {
        assert_true(str_is(row->kind, "sendMessage"));
        assert_null(json_at(body, "message_id"));
        read_text(desk, body, "text", TEXT_LENGTH_MAX, message);
    }
    read_keyboard(desk, body, message);
    assert_true(!message->invoice || message->buttons[0].pay);
}

static void play_call(struct desk *desk, const struct outbox_row *row, bool noise) {
    const struct json *body;
    assert_int_equal(json_parse(desk->event, row->body, &body, NULL), GB_OK);
    desk->calls++;
    if (str_is(row->kind, "answerCallbackQuery")) {
        assert_true(noise);
        desk->toast = keep(desk, json_str_or(body, "text", STR_NONE));
        desk->toasts++;
        assert_in_range(utf8_length(desk->toast), 0, TOAST_LENGTH_MAX);
        return;
    }
    assert_int_equal(noise, str_is(row->kind, "setMyCommands"));
    if (str_is(row->kind, "answerPreCheckoutQuery")) {
        desk->checkout = *row;
        desk->checkout.body = keep(desk, row->body);
        desk->checkout.queue = keep(desk, row->queue);
    } else if (desk->refuse_next == NULL && !noise) {
        play_message(desk, row, body);
    }
}

/* ---- rows and notices that an event leaves ---- */

static enum gb_err end_and_tell(struct work *work, const struct event *event) {
    notice_end(work, event->notice);
    return bot_notice(work, event);
}

static enum gb_err end_and_answer(struct work *work, const struct event *event) {
    static const struct {
        const char *then;
        handler_fn *handle;
    } handlers[] = {
        {"bot.sent", bot_sent},
        {"pay.create", payment_answered_create},
        {"pay.status", payment_answered_status},
        {"panel.ensure", subscription_answered_ensure},
        {"panel.renew", subscription_answered_renew},
        {"panel.list", sync_answered_list},
        {"panel.status", server_answered_status},
        {"panel.read", subscription_answered_read},
    };
    if (!event->noise) {
        outbox_end(work, event->row);
    }
    for (size_t i = 0; i < GB_COUNT(handlers); i++) {
        if (str_is(event->row->then, handlers[i].then)) {
            return handlers[i].handle(work, event);
        }
    }
    return GB_OK;
}

static struct outbox_row keep_row(struct desk *desk, const struct outbox_row *from) {
    struct outbox_row row = *from;
    row.lane = keep(desk, from->lane);
    row.kind = keep(desk, from->kind);
    row.key = keep(desk, from->key);
    row.body = keep(desk, from->body);
    row.queue = keep(desk, from->queue);
    row.then = keep(desk, from->then);
    row.about = keep(desk, from->about);
    return row;
}

static void answer_row(struct desk *desk, const struct outbox_row *row, bool noise,
                       const struct answer *answer) {
    struct event event = {
        .kind = EVENT_ANSWER,
        .id = arena_printf(desk->memory, "a:%" PRIu64, row->order),
        .row = row,
        .noise = noise,
        .answer = answer,
    };
    run(desk, end_and_answer, &event);
}

static void telegram_row(struct desk *desk, const struct outbox_row *row) {
    struct answer answer = {.kind = ANSWER_DONE, .reason = ""};
    play_call(desk, row, false);
    if (desk->refuse_next != NULL && row->queue.n > 0) {
        answer = (struct answer){.kind = ANSWER_REFUSED, .reason = desk->refuse_next};
        desk->refuse_next = NULL;
    }
    answer_row(desk, row, false, &answer);
}

static void add_row(struct desk *desk, const struct outbox_row *row) {
    assert_true(desk->row_count < DESK_ROWS_MAX);
    desk->rows[desk->row_count++] = (struct desk_row){*row, false};
}

static void collect(struct desk *desk, const struct work *work) {
    /* Copied first: to play one is an event of its own, which takes the event's memory. */
    struct outbox_row rows[64];
    struct notice notices[64];
    size_t row_count = 0;
    size_t notice_count = 0;
    for (const struct outbox_node *n = work->noise; n != NULL; n = n->next) {
        if (str_starts(n->row.lane, STR("telegram"))) {
            play_call(desk, &n->row, true);
        } else {
            struct outbox_row row = keep_row(desk, &n->row);
            row.state = OUTBOX_SENDING; /* here: was never stored */
            add_row(desk, &row);
        }
    }
    for (const struct outbox_node *n = work->added; n != NULL; n = n->next) {
        assert_true(row_count < GB_COUNT(rows));
        rows[row_count++] = keep_row(desk, &n->row);
    }
    for (const struct notice_node *n = work->told; n != NULL; n = n->next) {
        assert_true(notice_count < GB_COUNT(notices));
        notices[notice_count] = n->notice;
        notices[notice_count].about = keep(desk, n->notice.about);
        notices[notice_count++].extra = keep(desk, n->notice.extra);
    }
    arena_clear(desk->event);
    for (size_t i = 0; i < row_count; i++) {
        if (str_starts(rows[i].lane, STR("telegram"))) {
            telegram_row(desk, &rows[i]);
        } else {
            add_row(desk, &rows[i]);
        }
    }
    for (size_t i = 0; i < notice_count; i++) {
        struct event event = {
            .kind = EVENT_NOTICE,
            .id = arena_printf(desk->memory, "n:%" PRIu64, notices[i].order),
            .notice = &notices[i],
        };
        run(desk, end_and_tell, &event);
    }
}

/* ---- what a test does ---- */

static enum gb_err seed(struct work *work, const struct event *event) {
    (void)event;
    struct str why = STR_NONE;
    enum gb_err err = catalog_seed(work, &why);
    if (err != GB_OK) {
        print_error("" STR_FMT "\n", STR_ARG(why));
    }
    return err;
}

struct desk *desk_open(void) {
    struct arena *memory = arena_new(1 << 20, (size_t)1 << 30);
    struct desk *desk = ARENA_NEW(memory, struct desk);
    desk->memory = memory;
    desk->event = arena_new(256 * 1024, 64 << 20);
    desk->messages = ARENA_ARRAY(memory, struct desk_message, DESK_MESSAGES_MAX);
    desk->rows = ARENA_ARRAY(memory, struct desk_row, DESK_ROWS_MAX);
    desk->texts = texts_new(memory);
    desk->now_ms = INT64_C(1795431600000); /* 2026-11-23 11:00 UTC */
    desk->order = 1;
    desk->language = "en";
    set_config(&desk->config);
    snprintf(desk->directory, sizeof(desk->directory), "/tmp/desk.XXXXXX");
    assert_non_null(mkdtemp(desk->directory));
    struct str why = STR_NONE;
    enum gb_err err =
        lmdb_open(&(struct lmdb_options){.directory = desk->directory, .durable = false}, tables,
                  TABLE_COUNT, memory, &desk->backend, &why);
    if (err != GB_OK) {
        fail_msg("no store: " STR_FMT, STR_ARG(why));
    }
    struct event event = {.kind = EVENT_UPDATE, .id = STR("seed")};
    run(desk, seed, &event);
    return desk;
}

static void assert_invariants(struct desk *desk) {
    struct rng rng;
    struct work work = work_for(desk, &rng, STR("check"));
    struct invariant_report report;
    assert_int_equal(invariants_check(&work, 100000, &report), GB_OK);
    for (size_t i = 0; i < GB_MIN(report.broken, GB_COUNT(report.first_broken)); i++) {
        print_error(STR_FMT "\n", STR_ARG(report.first_broken[i]));
    }
    assert_int_equal(report.broken, 0);
    arena_clear(desk->event);
}

static void remove_files(const char *directory) {
    DIR *files = opendir(directory);
    assert_non_null(files);
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        (void)unlinkat(dirfd(files), file->d_name, 0); /* not the directories . and .. */
    }
    closedir(files);
}

void desk_close(struct desk *desk) {
    assert_invariants(desk);
    desk->backend->ops->close(desk->backend);
    remove_files(desk->directory);
    rmdir(desk->directory);
    arena_free(desk->event);
    arena_free(desk->memory);
}

void desk_update(struct desk *desk, const struct update *update) {
    struct event event = {
        .kind = EVENT_UPDATE,
        .id = arena_printf(desk->memory, "u:%" PRIu64, desk->order),
        .update = update,
    };
    desk->calls = 0;
    desk->toasts = 0;
    desk->toast = STR_NONE;
    run(desk, bot_update, &event);
}

static struct update update_from(struct desk *desk, enum update_kind kind, int64_t user) {
    return (struct update){
        .kind = kind,
        .from = {.id = user, .first_name = STR("Anna"), .language = str_of(desk->language)},
        .chat_id = user,
        .chat_type = STR("private"),
    };
}

void desk_say(struct desk *desk, int64_t user, const char *text) {
    struct update update = update_from(desk, UPDATE_MESSAGE, user);
    update.text = str_of(text);
    if (text[0] == '/') {
        update.command = str_sub(update.text, 1, str_find(update.text, ' ') - 1);
    }
    desk_update(desk, &update);
}

void desk_press_data(struct desk *desk, int64_t user, int64_t message, struct str data) {
    struct update update = update_from(desk, UPDATE_CALLBACK, user);
    update.message_id = message;
    update.query_id = STR("77");
    update.data = data;
    desk_update(desk, &update);
    assert_int_equal(desk->toasts, 1);
}

void desk_press(struct desk *desk, int64_t user, const char *text) {
    for (size_t i = desk->message_count; i-- > 0;) {
        struct desk_message *message = &desk->messages[i];
        if (message->chat != user) {
            continue;
        }
        struct desk_button *button = desk_button(message, text);
        if (button != NULL && button->data.n > 0) {
            desk_press_data(desk, user, message->id, button->data);
            return;
        }
    }
    fail_msg("no button \"%s\"", text);
}

void desk_tell(struct desk *desk, const struct notice *notice) {
    struct event event = {.kind = EVENT_NOTICE, .id = STR("n:test"), .notice = notice};
    run(desk, bot_notice, &event);
}

void desk_do(struct desk *desk, void (*change)(struct work *work, void *ctx), void *ctx) {
    struct rng rng;
    struct work work = work_for(desk, &rng, STR("hand"));
    change(&work, ctx);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    assert_int_equal(desk->backend->ops->sync(desk->backend), GB_OK);
    desk->order = work.order;
    arena_clear(desk->event);
}

struct desk_row *desk_row(struct desk *desk, const char *lane, const char *kind) {
    struct desk_row *next = NULL;
    for (size_t i = 0; i < desk->row_count; i++) {
        struct desk_row *row = &desk->rows[i];
        if (!row->answered && str_is(row->row.lane, lane) && str_is(row->row.kind, kind) &&
            (next == NULL || row->row.due_ms < next->row.due_ms)) {
            next = row;
        }
    }
    return next;
}

void desk_answer(struct desk *desk, struct desk_row *row, enum answer_kind kind, const char *reason,
                 struct str said) {
    assert_non_null(row);
    row->answered = true;
    struct answer answer = {.kind = kind, .reason = reason, .said = keep(desk, said)};
    answer_row(desk, &row->row, row->row.state == OUTBOX_SENDING, &answer);
}

struct desk_message *desk_last(struct desk *desk, int64_t chat) {
    for (size_t i = desk->message_count; i-- > 0;) {
        if (desk->messages[i].chat == chat) {
            return &desk->messages[i];
        }
    }
    return NULL;
}

struct desk_message *desk_message(struct desk *desk, int64_t id) {
    bool there = id >= 1 && (size_t)id <= desk->message_count;
    return there ? &desk->messages[id - 1] : NULL;
}

struct desk_button *desk_button(struct desk_message *message, const char *text) {
    for (size_t i = 0; i < message->button_count; i++) {
        if (desk_has(message->buttons[i].text, text)) {
            return &message->buttons[i];
        }
    }
    return NULL;
}

size_t desk_messages(const struct desk *desk, int64_t chat) {
    size_t count = 0;
    for (size_t i = 0; i < desk->message_count; i++) {
        count += desk->messages[i].chat == chat;
    }
    return count;
}

bool desk_has(struct str text, const char *part) {
    return str_find_str(text, str_of(part)) < text.n;
}

void desk_sees(struct desk *desk, int64_t chat, const char *part) {
    struct desk_message *message = desk_last(desk, chat);
    if (message == NULL || !desk_has(message->html, part)) {
        fail_msg("\"%s\" is not in: " STR_FMT, part,
                 STR_ARG(message == NULL ? STR_NONE : message->html));
    }
}

void desk_never_saw(struct desk *desk, int64_t chat, struct str part) {
    for (size_t i = 0; i < desk->message_count; i++) {
        struct desk_message *message = &desk->messages[i];
        if (message->chat != chat) {
            continue;
        }
        assert_true(str_find_str(message->html, part) == message->html.n);
        for (size_t b = 0; b < message->button_count; b++) {
            struct str data = message->buttons[b].data;
            assert_true(data.n == 0 || str_find_str(data, part) == data.n);
        }
    }
}

#define GB_DOOR "a store in a temporary directory"
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "pay/pay.h"
#include "shop/catalog.h"
#include "shop/ledger.h"
#include "shop/renewals.h"
#include "shop/servers.h"
#include "shop/sync.h"

static struct config_location locations[] = {
    {.id = STR_INIT("de"), .name = STR_INIT("Германия"), .name_en = STR_INIT("Germany")},
    {.id = STR_INIT("nl"), .name = STR_INIT("Нидерланды")},
};
static struct config_server servers[] = {
    {.id = STR_INIT("de1"),
     .location = STR_INIT("de"),
     .panel = STR_INIT("https://de1.example/a"),
     .user_link = STR_INIT("https://de1.example/c"),
     .users_max = 3},
    {.id = STR_INIT("de2"),
     .location = STR_INIT("de"),
     .panel = STR_INIT("https://de2.example/a"),
     .user_link = STR_INIT("https://de2.example/c"),
     .users_max = 2},
    {.id = STR_INIT("nl1"),
     .location = STR_INIT("nl"),
     .panel = STR_INIT("https://nl1.example/a"),
     .user_link = STR_INIT("https://nl1.example/c")},
};
static struct config_tariff tariffs[] = {
    {.id = STR_INIT("m1"), .days = 30, .traffic_gb = 50, .price = STR_INIT("149"), .stars = 99},
    {.id = STR_INIT("m3"), .days = 90, .price = STR_INIT("399.50")},
    {.id = STR_INIT("s1"), .location = STR_INIT("nl"), .days = 7, .stars = 30},
};
static const int64_t admins[] = {OWNER};

static void set_config(struct config *config) {
    config->shop.name = STR("GigaBridge");
    config->shop.currency = STR("RUB");
    config->shop.invoice_ms = 30 * GB_MINUTE_MS;
    config->shop.dialog_ms = GB_HOUR_MS;
    config->shop.admins = (struct int64_list){admins, GB_COUNT(admins)};
    config->stars.enabled = true;
    config->pay_test.enabled = true;
    config->locations = locations;
    config->location_count = GB_COUNT(locations);
    config->servers = servers;
    config->server_count = GB_COUNT(servers);
    config->tariffs = tariffs;
    config->tariff_count = GB_COUNT(tariffs);
    for (size_t i = 0; i < GB_COUNT(servers); i++) {
        servers[i].key.hidden = STR("00000000-0000-4000-8000-000000000000");
    }
}

static enum gb_err seed(struct work *work, void *ctx) {
    (void)ctx;
    struct str why = STR_NONE;
    return catalog_seed(work, &why);
}

struct kit *kit_open(void) {
    struct kit *kit = calloc(1, sizeof *kit);
    kit->memory = arena_new(64 * 1024, 256 * 1024 * 1024);
    kit->event = arena_new(64 * 1024, 256 * 1024 * 1024);
    kit->now_ms = INT64_C(1800000000000);
    kit->order = 1;
    set_config(&kit->config);
    (void)snprintf(kit->directory, sizeof kit->directory, "/tmp/gb-shop-XXXXXX");
    assert_non_null(mkdtemp(kit->directory));
    struct lmdb_options options = {.directory = kit->directory};
    struct str why = STR_NONE;
    assert_int_equal(
        lmdb_open(&options, store_tables, TABLE_COUNT, kit->memory, &kit->backend, &why), GB_OK);
    return kit;
}

void kit_close(struct kit *kit) {
    kit->backend->ops->close(kit->backend);
    arena_free(kit->event);
    arena_free(kit->memory);
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", kit->directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
    free(kit);
}

int kit_set_up(void **state) {
    struct kit *kit = kit_open();
    assert_int_equal(kit_run(kit, seed, NULL), GB_OK);
    *state = kit;
    return 0;
}

int kit_tear_down(void **state) {
    kit_close(*state);
    return 0;
}

/* ---- one event ----------------------------------------------------------------------------------
 */

static struct work begin(struct kit *kit, struct rng *rng) {
    static const uint8_t key[SHA256_BYTES] = {1};
    rng_init(rng, key, arena_printf(kit->event, "e:%" PRIu64, kit->events));
    return (struct work){
        .tx = tx_begin(kit->backend, kit->event, kit->now_ms),
        .arena = kit->event,
        .now_ms = kit->now_ms,
        .rng = rng,
        .config = &kit->config,
        .zone = kit->zone,
        .order = kit->order,
    };
}

static void hear(struct kit *kit, const struct work *work) {
    for (const struct notice_node *node = work->told; node != NULL; node = node->next) {
        struct notice notice = node->notice;
        notice.about = arena_copy(kit->memory, notice.about);
        notice.extra = arena_copy(kit->memory, notice.extra);
        kit->told[notice.kind]++;
        kit->last[notice.kind] = notice;
    }
    kit->noise = 0;
    for (const struct outbox_node *node = work->noise; node != NULL; node = node->next) {
        kit->noise++;
        kit->last_noise = node->row;
        kit->last_noise.lane = arena_copy(kit->memory, node->row.lane);
        kit->last_noise.kind = arena_copy(kit->memory, node->row.kind);
        kit->last_noise.body = arena_copy(kit->memory, node->row.body);
        kit->last_noise.then = arena_copy(kit->memory, node->row.then);
        kit->last_noise.about = arena_copy(kit->memory, node->row.about);
    }
}

static void tell_all(struct work *work) { /* notices are heard at once here */
    for (const struct notice_node *node = work->told; node != NULL; node = node->next) {
        notice_end(work, &node->notice);
    }
}

static enum gb_err run(struct kit *kit, step_fn *step, void *ctx, bool crash) {
    struct rng rng, again;
    struct work work = begin(kit, &rng), twin = begin(kit, &again);
    enum gb_err err = step(&work, ctx);
    assert_int_equal(step(&twin, ctx), err);
    struct str why = STR_NONE;
    if (!tx_same_changes(work.tx, twin.tx, kit->event, &why)) {
        fail_msg("a second run changes other rows: " STR_FMT, STR_ARG(why));
    }
    assert_int_equal(tx_fault(work.tx), GB_OK);
    if (crash) {
        return err; /* nothing was applied: as if it had never been */
    }
    tell_all(&work);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    assert_int_equal(kit->backend->ops->sync(kit->backend), GB_OK);
    hear(kit, &work);
    kit->order = work.order;
    kit->events++;
    return err;
}

static void must_hold(struct kit *kit) {
    struct invariant_report report = kit_check(kit);
    if (report.broken > 0) {
        fail_msg("%zu invariants broken: " STR_FMT, report.broken, STR_ARG(report.first_broken[0]));
    }
}

static enum gb_err run_and_check(struct kit *kit, step_fn *step, void *ctx, bool crash) {
    enum gb_err err = run(kit, step, ctx, crash);
    arena_clear(kit->event);
    if (!kit->unchecked) {
        must_hold(kit);
    }
    return err;
}

enum gb_err kit_run(struct kit *kit, step_fn *step, void *ctx) {
    struct rng rng;
    static const uint8_t key[SHA256_BYTES] = {2};
    rng_init(&rng, key, arena_printf(kit->event, "c:%" PRIu64, kit->events));
    if (kit->crash_one_in > 0 && rng_below(&rng, kit->crash_one_in) == 0) {
        (void)run_and_check(kit, step, ctx, true);
    }
    return run_and_check(kit, step, ctx, false);
}

void kit_forget(struct kit *kit) {
    memset(kit->told, 0, sizeof kit->told);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static struct work look(struct kit *kit) {
    return (struct work){
        .tx = tx_begin(kit->backend, kit->event, kit->now_ms),
        .arena = kit->event,
        .now_ms = kit->now_ms,
        .config = &kit->config,
        .zone = kit->zone,
    };
}

struct invariant_report kit_check(struct kit *kit) {
    struct work work = look(kit);
    struct invariant_report report;
    assert_int_equal(invariants_check(&work, 10000, &report), GB_OK);
    for (size_t i = 0; i < GB_MIN(report.broken, GB_COUNT(report.first_broken)); i++) {
        report.first_broken[i] = arena_copy(kit->memory, report.first_broken[i]);
    }
    arena_clear(kit->event);
    return report;
}

struct reading {
    struct kit *kit;
    struct outbox_row *rows;
    size_t count;
};

static bool read_row(void *ctx, struct str key, struct str value) {
    struct reading *reading = ctx;
    struct arena *memory = reading->kit->memory;
    assert_true(reading->count < KIT_ROWS_MAX);
    assert_int_equal(outbox_read(memory, arena_copy(memory, key), arena_copy(memory, value),
                                 &reading->rows[reading->count++]),
                     GB_OK);
    return true;
}

size_t kit_rows(struct kit *kit, struct outbox_row ret_rows[KIT_ROWS_MAX]) {
    struct work work = look(kit);
    struct reading reading = {kit, ret_rows, 0};
    assert_int_equal(
        tx_scan(work.tx, TABLE_OUTBOX, STR(" "), STR_NONE, KIT_ROWS_MAX, read_row, &reading),
        GB_OK);
    arena_clear(kit->event);
    return reading.count;
}

size_t kit_count(struct kit *kit, const char *then) {
    static struct outbox_row rows[KIT_ROWS_MAX];
    size_t count = kit_rows(kit, rows), found = 0;
    for (size_t i = 0; i < count; i++) {
        found += str_is(rows[i].then, then) ? 1 : 0;
    }
    return found;
}

struct outbox_row kit_row(struct kit *kit, const char *then) {
    static struct outbox_row rows[KIT_ROWS_MAX];
    size_t count = kit_rows(kit, rows), found = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        if (str_is(rows[i].then, then)) {
            found++;
            at = i;
        }
    }
    assert_int_equal(found, 1);
    return rows[at];
}

static struct str keep(struct kit *kit, struct str text) {
    return arena_copy(kit->memory, text);
}

struct payment kit_payment(struct kit *kit, struct str id) {
    struct work work = look(kit);
    struct payment p;
    assert_int_equal(payment_get(&work, id, &p), GB_OK);
    p.id = keep(kit, p.id);
    p.order = keep(kit, p.order);
    p.provider = keep(kit, p.provider);
    p.currency = keep(kit, p.currency);
    p.external = keep(kit, p.external);
    p.url = keep(kit, p.url);
    p.body = keep(kit, p.body);
    p.why = keep(kit, p.why);
    arena_clear(kit->event);
    return p;
}

struct order kit_order(struct kit *kit, struct str id) {
    struct work work = look(kit);
    struct order o;
    assert_int_equal(order_get(&work, id, &o), GB_OK);
    o.id = keep(kit, o.id);
    o.tariff = keep(kit, o.tariff);
    o.location = keep(kit, o.location);
    o.currency = keep(kit, o.currency);
    o.subscription = keep(kit, o.subscription);
    arena_clear(kit->event);
    return o;
}

struct subscription kit_subscription(struct kit *kit, struct str id) {
    struct work work = look(kit);
    struct subscription s;
    assert_int_equal(subscription_get(&work, id, &s), GB_OK);
    s.id = keep(kit, s.id);
    s.order = keep(kit, s.order);
    s.server = keep(kit, s.server);
    s.location = keep(kit, s.location);
    s.uuid = keep(kit, s.uuid);
    arena_clear(kit->event);
    return s;
}

int64_t kit_server_users(struct kit *kit, const char *id) {
    struct work work = look(kit);
    struct server server;
    assert_int_equal(server_get(&work, str_of(id), &server), GB_OK);
    arena_clear(kit->event);
    return server.users;
}

int64_t kit_balance(struct kit *kit, const char *account, const char *currency) {
    struct work work = look(kit);
    int64_t minor;
    assert_int_equal(ledger_balance(&work, str_of(account), str_of(currency), &minor), GB_OK);
    arena_clear(kit->event);
    return minor;
}

/* ---- answers ------------------------------------------------------------------------------------
 */

struct answering {
    const struct outbox_row *row;
    const struct answer *answer;
};

static handler_fn *handler_of(struct str then) {
    static const struct {
        const char *then;
        handler_fn *handle;
    } table[] = {
        {"pay.create", payment_answered_create},
        {"pay.status", payment_answered_status},
        {"panel.ensure", subscription_answered_ensure},
        {"panel.renew", subscription_answered_renew},
        {"panel.list", sync_answered_list},
        {"panel.status", server_answered_status},
        {"panel.read", subscription_answered_read},
    };
    for (size_t i = 0; i < GB_COUNT(table); i++) {
        if (str_is(then, table[i].then)) {
            return table[i].handle;
        }
    }
    fail_msg("nobody answers " STR_FMT, STR_ARG(then));
    return NULL;
}

static enum gb_err answer_step(struct work *work, void *ctx) {
    const struct answering *answering = ctx;
    struct event event = {
        .kind = EVENT_ANSWER,
        .id = STR("a:test"),
        .row = answering->row,
        .noise = answering->row->key.n == 0,
        .answer = answering->answer,
    };
    if (!event.noise && event.answer->kind == ANSWER_DONE) {
        outbox_end(work, event.row);
    } else if (!event.noise) {
        outbox_bury(work, event.row, STR("refused"));
    }
    return handler_of(event.row->then)(work, &event);
}

enum gb_err kit_answer(struct kit *kit, const struct outbox_row *row, const struct answer *answer) {
    struct answering answering = {row, answer};
    return kit_run(kit, answer_step, &answering);
}

void kit_done(struct kit *kit, const struct outbox_row *row, struct str said) {
    struct answer answer = {.kind = ANSWER_DONE, .said = said, .reason = ""};
    assert_int_equal(kit_answer(kit, row, &answer), GB_OK);
}

void kit_refused(struct kit *kit, const struct outbox_row *row, const char *reason) {
    struct answer answer = {.kind = ANSWER_REFUSED, .reason = reason};
    assert_int_equal(kit_answer(kit, row, &answer), GB_OK);
}

/* Every word of `pay/pay.h`, written as a codec would. */
struct str kit_said(struct kit *kit, const struct payment *payment, const char *status,
                    int64_t paid_minor) {
    static const struct {
        const char *word;
        enum pay_status status;
    } words[] = {
        {"pending", PAY_PENDING}, {"paid", PAY_PAID},       {"canceled", PAY_CANCELED},
        {"expired", PAY_EXPIRED}, {"unknown", PAY_UNKNOWN},
    };
    struct pay_fact fact = {
        .external = payment->external,
        .payment = payment->id,
        .paid_minor = paid_minor,
        .currency = payment->currency,
        .test = true,
        .url = payment->url,
    };
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        if (strcmp(words[i].word, status) == 0) {
            fact.status = words[i].status;
            return pay_write_said(kit->memory, &fact);
        }
    }
    fail_msg("no status %s", status);
    return STR_NONE;
}

/* ---- the whole way ------------------------------------------------------------------------------
 */

struct starting {
    int64_t user;
    const char *tariff, *location, *way;
    struct kit *kit;
    struct str id;
};

static enum gb_err start_step(struct work *work, void *ctx) {
    struct starting *starting = ctx;
    struct payment payment = {.id = STR_NONE};
    enum gb_err err = payment_start(work, starting->user, str_of(starting->tariff),
                                    str_of(starting->location), str_of(starting->way), &payment);
    starting->id = arena_copy(starting->kit->memory, payment.id);
    return err;
}

enum gb_err kit_try_start(struct kit *kit, int64_t user, const char *tariff, const char *location,
                          const char *way, struct payment *ret_payment) {
    struct starting starting = {user, tariff, location, way, kit, STR_NONE};
    enum gb_err err = kit_run(kit, start_step, &starting);
    if (ret_payment != NULL && (err == GB_OK || err == GB_EXISTS)) {
        *ret_payment = kit_payment(kit, starting.id);
    }
    return err;
}

struct payment kit_start(struct kit *kit, int64_t user, const char *way) {
    struct payment payment;
    assert_int_equal(kit_try_start(kit, user, "m1", "de", way, &payment), GB_OK);
    return payment;
}

static struct outbox_row row_about(struct kit *kit, const char *then, struct str about) {
    static struct outbox_row rows[KIT_ROWS_MAX];
    size_t count = kit_rows(kit, rows);
    for (size_t i = 0; i < count; i++) {
        if (str_is(rows[i].then, then) && str_equal(rows[i].about, about)) {
            return rows[i];
        }
    }
    fail_msg("no row %s about " STR_FMT, then, STR_ARG(about));
    return rows[0];
}

struct payment kit_pending(struct kit *kit, int64_t user) {
    struct payment payment = kit_start(kit, user, "test");
    struct outbox_row row = row_about(kit, "pay.create", payment.id);
    struct payment told = payment;
    told.external = arena_printf(kit->memory, "tp_" STR_FMT, STR_ARG(payment.id));
    told.url = arena_printf(kit->memory, "http://127.0.0.1/pay/" STR_FMT, STR_ARG(told.external));
    kit_done(kit, &row, kit_said(kit, &told, "pending", 0));
    return kit_payment(kit, payment.id);
}

void kit_look(struct kit *kit, const struct payment *payment, const char *status,
              int64_t paid_minor) {
    struct outbox_row row = row_about(kit, "pay.status", payment->id);
    kit->now_ms = GB_MAX(kit->now_ms, row.due_ms);
    kit_done(kit, &row, kit_said(kit, payment, status, paid_minor));
}

struct payment kit_paid(struct kit *kit, int64_t user) {
    struct payment payment = kit_pending(kit, user);
    kit_look(kit, &payment, "paid", payment.amount_minor);
    return kit_payment(kit, payment.id);
}

struct settling {
    struct str payment;
    int64_t user; /* 0: not Stars */
    const struct money_fact *fact;
};

static enum gb_err settle_step(struct work *work, void *ctx) {
    const struct settling *settling = ctx;
    if (settling->user != 0) {
        return settle_stars(work, settling->user, settling->payment, settling->fact);
    }
    struct payment payment;
    enum gb_err err = payment_get(work, settling->payment, &payment);
    return err == GB_OK ? settle(work, &payment, settling->fact) : err;
}

enum gb_err kit_settle(struct kit *kit, struct str payment, const struct money_fact *fact) {
    struct settling settling = {payment, 0, fact};
    return kit_run(kit, settle_step, &settling);
}

enum gb_err kit_settle_stars(struct kit *kit, int64_t user, struct str payload, const char *charge,
                             int64_t amount) {
    struct money_fact fact = {
        .provider = STR("stars"),
        .external = str_of(charge),
        .amount_minor = amount,
        .currency = STR("XTR"),
    };
    struct settling settling = {payload, user, &fact};
    return kit_run(kit, settle_step, &settling);
}

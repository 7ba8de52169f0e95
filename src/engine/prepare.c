#include "engine/prepare.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/num.h"
#include "engine/intake.h"
#include "engine/lanes.h"
#include "jobs/shop_jobs.h"
#include "panel/panel.h"
#include "pay/pay.h"
#include "shop/backups.h"
#include "shop/catalog.h"
#include "state/config.h"
#include "state/work.h"
#include "store/backend.h"
#include "telegram/telegram.h"

#define SCHEMA_VERSION  1
#define CONFLICTS_MAX   10
#define PAY_IN_FLIGHT   4
#define LATER_IN_FLIGHT 4
#define CHAT_PER_MINUTE 60 /* Telegram: about one message a second in a chat, in bursts */

static enum gb_err schema_check(struct tx *tx, struct str *reterr_why) {
    struct str value;
    int64_t version = 0;
    enum gb_err err = tx_get(tx, TABLE_META, STR("import"), &value);
    if (err == GB_OK) {
        *reterr_why = STR("an import into this store was not finished: empty it and import again");
        return GB_DAMAGED;
    }
    if (err != GB_NOT_FOUND) {
        return err;
    }
    err = tx_get(tx, TABLE_META, STR("schema"), &value);
    if (err == GB_NOT_FOUND) {
        tx_put(tx, TABLE_META, STR("schema"), STR("1"), STORE_NEVER);
        return GB_OK;
    }
    if (err != GB_OK) {
        return err;
    }
    if (num_i64(value, 1, INT32_MAX, &version) != GB_OK || version > SCHEMA_VERSION) {
        *reterr_why = STR("the data was written by a newer version of this program");
        return GB_DAMAGED;
    }
    return GB_OK;
}

static enum gb_err secret_of(struct tx *tx, const uint8_t fresh[SHA256_BYTES], struct arena *arena,
                             uint8_t ret_secret[SHA256_BYTES]) {
    struct str text, bytes;
    enum gb_err err = tx_get(tx, TABLE_META, STR("secret"), &text);
    if (err == GB_NOT_FOUND) {
        struct str raw = {(const char *)fresh, SHA256_BYTES};
        tx_put(tx, TABLE_META, STR("secret"), base64_encode(arena, raw), STORE_NEVER);
        memcpy(ret_secret, fresh, SHA256_BYTES);
        return GB_OK;
    }
    if (err != GB_OK) {
        return err;
    }
    if (base64_decode(arena, text, &bytes) != GB_OK || bytes.n != SHA256_BYTES) {
        return GB_DAMAGED;
    }
    memcpy(ret_secret, bytes.p, SHA256_BYTES);
    return GB_OK;
}

static enum gb_err commit(struct backend *backend, struct tx *tx) {
    enum gb_err err = tx_apply(tx);
    return err == GB_OK ? backend->ops->sync(backend) : err;
}

enum gb_err store_prepare(struct backend *backend, const uint8_t fresh[SHA256_BYTES],
                          int64_t now_ms, struct arena *arena, uint8_t ret_secret[SHA256_BYTES],
                          struct str *reterr_why) {
    enum gb_err err = GB_CONFLICT;
    for (int tries = 0; err == GB_CONFLICT && tries < CONFLICTS_MAX; tries++) {
        struct tx *tx = tx_begin(backend, arena, now_ms);
        err = schema_check(tx, reterr_why);
        if (err == GB_OK) {
            err = secret_of(tx, fresh, arena, ret_secret);
        }
        if (err == GB_OK) {
            err = commit(backend, tx);
        }
    }
    return err;
}

static void open_telegram(const struct config *config, struct lanes *lanes, struct intake *intake,
                          struct arena *arena) {
    int64_t keep;
    struct endpoint endpoint = {
        .base_url = config->telegram.api_base,
        .secret = secret_reveal(config->telegram.token),
        .proxy = config->telegram.proxy,
    };
    log_hide(endpoint.secret);
    log_hide(secret_reveal(config->backup.password));
    struct lane_options options = {
        .name = STR("telegram"),
        .codec = &telegram_codec,
        .files = backup_directory(config, arena, &keep),
        .endpoint = endpoint,
        .in_flight_max = (size_t)config->telegram.connections,
        .per_second = config->telegram.messages_per_second,
        .queue_per_minute = CHAT_PER_MINUTE,
    };
    lanes_open(lanes, &options);
    /* What nobody waits for: reminders. */
    options.name = STR("telegram.later");
    options.behind = STR("telegram");
    options.in_flight_max = LATER_IN_FLIGHT;
    lanes_open(lanes, &options);
    intake->endpoint = endpoint;
    intake->poll_ms = config->telegram.poll_ms;
}

static void open_pay_test(const struct config *config, struct lanes *lanes) {
    if (!config->pay_test.enabled) {
        return;
    }
    struct lane_options options = {
        .name = STR("pay:test"),
        .codec = &pay_test_codec,
        .endpoint = {.base_url = config->pay_test.api_base,
                     .secret = secret_reveal(config->pay_test.key)},
        .in_flight_max = PAY_IN_FLIGHT,
    };
    log_hide(options.endpoint.secret);
    lanes_open(lanes, &options);
}

/* An address with a secret path: neither the whole nor the path alone, as errors quote it. */
static void hide_url(struct str url) {
    struct str host = str_sub(url, str_find_str(url, STR("://")) + 3, url.n);
    log_hide(url);
    log_hide(str_sub(host, str_find(host, '/') + 1, host.n));
}

/* One call at a time: a Hiddify panel is one single-threaded process. */
static void open_panel(const struct config *config, const struct server *server,
                       struct lanes *lanes, struct arena *arena) {
    struct lane_options options = {
        .name = arena_printf(arena, "panel:" STR_FMT, STR_ARG(server->id)),
        .codec = &hiddify_codec,
        .endpoint = {.base_url = server->panel,
                     .secret = server->key,
                     .trust = {server->ca_file, server->pin_sha256},
                     .zone_offset_min = (int)server->time_zone_min},
        .in_flight_max = 1,
        .calls = config->limits.panel_calls,
    };
    log_hide(server->key);
    hide_url(server->panel);
    hide_url(server->user_link);
    lanes_open(lanes, &options);
}

/* Several instances may start at once. */
static enum gb_err seed(struct backend *backend, struct work *work, struct str *reterr_why) {
    enum gb_err err = GB_CONFLICT;
    for (int tries = 0; err == GB_CONFLICT && tries < CONFLICTS_MAX; tries++) {
        work->tx = tx_begin(backend, work->arena, work->now_ms);
        err = catalog_seed(work, reterr_why);
        if (err == GB_OK) {
            err = shop_jobs_put(work);
        }
        if (err == GB_OK) {
            err = commit(backend, work->tx);
        }
    }
    return err;
}

enum gb_err engine_prepare(struct backend *backend, const struct config *config,
                           struct lanes *lanes, struct intake *intake, int64_t now_ms,
                           struct arena *arena, struct str *reterr_why) {
    struct work work = {
        .arena = arena,
        .now_ms = now_ms,
        .config = config,
        .zone = &config->shop.zone,
        .is_shared = backend->is_shared,
    };
    /* First what needs no store: when that refuses, nothing may point into the settings before. */
    open_telegram(config, lanes, intake, arena);
    open_pay_test(config, lanes);
    enum gb_err err = seed(backend, &work, reterr_why);
    const struct server *servers = NULL;
    size_t count = 0;
    if (err == GB_OK) {
        work.tx = tx_begin(backend, arena, now_ms);
        err = catalog_servers(&work, &servers, &count);
    }
    if (err != GB_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        open_panel(config, &servers[i], lanes, arena);
    }
    return GB_OK;
}

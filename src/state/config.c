#include "state/config.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"

#define AT(part, member) offsetof(struct config, part.member)

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const backends[] = {"lmdb", "redis", "mixed", NULL};
static const char *const drift_policies[] = {"heal", "report", NULL};
static const char *const languages[] = {"ru", "en", NULL};
static const char *const proxy_schemes[] = {"http", "socks5h", NULL};

/* clang-format off */
static const struct option options[] = {
    {"telegram", "token", OPTION_SECRET, AT(telegram, token), NULL, 10, 100, NULL,
     OPTION_REQUIRED, "The bot's token, from @BotFather. Better not in this file: file:/path/to/token, "
     "or the variable GIGABRIDGE_TELEGRAM_TOKEN.", "file:token.txt"},
    {"telegram", "api_base", OPTION_URL, AT(telegram, api_base), "https://api.telegram.org", 0, 0, NULL,
     0, "The Bot API server; another one if you run your own.", NULL},
    {"telegram", "proxy", OPTION_URL, AT(telegram, proxy), NULL, 0, 0, proxy_schemes,
     OPTION_RELOAD, "Where Telegram is blocked: http://host:port or socks5h://host:port.",
     NULL},
    {"telegram", "poll_timeout", OPTION_DURATION, AT(telegram, poll_ms), "50s", 0, 50 * GB_SECOND_MS, NULL,
     OPTION_RELOAD, "How long one long poll waits; Telegram allows at most 50 s.", NULL},
    {"telegram", "messages_per_second", OPTION_I64, AT(telegram, messages_per_second), "30", 0, 100000, NULL,
     OPTION_RELOAD, "Telegram allows about 30 messages a second in all. 0: no limit of ours.", NULL},
    {"telegram", "connections", OPTION_I64, AT(telegram, connections), "16", 1, 64, NULL,
     OPTION_RELOAD, "Calls under way at once.", NULL},

    {"webhook", "url", OPTION_URL, AT(webhook, url), NULL, 0, 2000, NULL,
     0, "Where Telegram reaches this shop: https, port 443, 80, 88 or 8443. Empty: long polling, which needs "
     "no address, no certificate and no proxy.", NULL},
    {"webhook", "listen", OPTION_STR, AT(webhook, listen), "127.0.0.1:8443", 1, 100, NULL,
     0, "Where the shop waits for what the proxy in front passes on: plain HTTP, address:port.", NULL},
    {"webhook", "secret", OPTION_SECRET, AT(webhook, secret), NULL, 8, 256, NULL,
     0, "What Telegram shows to be let in: letters, digits, _ and -. Empty: made from the store's own secret.", NULL},
    {"webhook", "connections", OPTION_I64, AT(webhook, connections), "40", 1, 100, NULL,
     0, "Calls Telegram may have under way at once.", NULL},

    {"store", "directory", OPTION_STR, AT(store, directory), "data", 1, 1000, NULL,
     0, "Where the data live. One directory, one running shop.", NULL},
    {"store", "backend", OPTION_CHOICE, AT(store, backend), "lmdb", 0, 0, backends,
     0, "lmdb: in the directory, no server. redis: in a Redis or Valkey that several instances may share. "
     "mixed: dialogs, cache and limits in Redis, the shop's records in the directory.", NULL},

    {"backup", "directory", OPTION_STR, AT(backup, directory), "backups", 0, 1000, NULL,
     OPTION_RELOAD, "Where copies of all data are kept. Empty: only the last one, inside [store] directory.", NULL},
    {"backup", "keep", OPTION_I64, AT(backup, keep), "8", 1, 1000, NULL,
     OPTION_RELOAD, "How many; older ones are removed when a new one is whole.", NULL},
    {"backup", "password", OPTION_SECRET, AT(backup, password), NULL, 8, 500, NULL,
     OPTION_RELOAD, "Encrypts them: file:/path/to/password, or the variable GIGABRIDGE_BACKUP_PASSWORD. Keep it elsewhere, too: "
     "without it nobody can restore anything.", NULL},
    {"backup", "send", OPTION_BOOL, AT(backup, send), "yes", 0, 0, NULL,
     OPTION_RELOAD, "Also to the admins' chats; only if there is a password, since a copy holds the panels' keys.", NULL},

    {"redis", "host", OPTION_STR, AT(redis, host), "127.0.0.1", 1, 255, NULL,
     0, "Name or address. The variable REDIS_HOST, also in a file .env beside this one, goes before it; so do "
     "REDIS_PORT, REDIS_DB and REDIS_PASSWORD.", NULL},
    {"redis", "port", OPTION_I64, AT(redis, port), "6379", 1, 65535, NULL, 0, "", NULL},
    {"redis", "socket", OPTION_STR, AT(redis, socket), NULL, 0, 100, NULL,
     0, "A Unix socket instead of host and port: quicker on one machine.", NULL},
    {"redis", "db", OPTION_I64, AT(redis, db), "0", 0, 1000, NULL,
     0, "The first of four databases: dialogs, cache, limits, the shop.", NULL},
    {"redis", "user", OPTION_STR, AT(redis, user), NULL, 0, 100, NULL, 0, "Of Redis' ACL; empty: default.", NULL},
    {"redis", "password", OPTION_SECRET, AT(redis, password), NULL, 0, 512, NULL, 0, "", NULL},
    {"redis", "tls", OPTION_BOOL, AT(redis, tls), "no", 0, 0, NULL, 0, "With a verified certificate.", NULL},
    {"redis", "ca_file", OPTION_STR, AT(redis, ca_file), NULL, 0, 1000, NULL,
     0, "For a certificate of your own: the CA in a PEM file.", NULL},

    {"fsm", "bot_id", OPTION_BOOL, AT(fsm, bot_id), "no", 0, 0, NULL,
     0, "Keys of dialogs begin with the bot's id, as aiogram's with_bot_id.", NULL},
    {"fsm", "business_connection", OPTION_BOOL, AT(fsm, business), "no", 0, 0, NULL,
     0, "They hold the business connection, as with_business_connection_id.", NULL},
    {"fsm", "destiny", OPTION_BOOL, AT(fsm, destiny), "no", 0, 0, NULL,
     0, "They hold the destiny, always \"default\" here, as with_destiny.", NULL},
    {"fsm", "escape", OPTION_BOOL, AT(fsm, escape), "no", 0, 0, NULL,
     0, "Data hold letters beyond ASCII as \\uXXXX, as Python's json writes them; read is both.", NULL},
    {"fsm", "state_lifetime", OPTION_DURATION, AT(fsm, state_ms), NULL, GB_MINUTE_MS, 30 * GB_DAY_MS, NULL,
     OPTION_RELOAD, "Empty: as [shop] dialog_lifetime.", NULL},
    {"fsm", "data_lifetime", OPTION_DURATION, AT(fsm, data_ms), NULL, GB_MINUTE_MS, 30 * GB_DAY_MS, NULL,
     OPTION_RELOAD, "Empty: as [shop] dialog_lifetime.", NULL},

    {"cache", "locations", OPTION_DURATION, AT(cache, locations), "5min", 0, GB_DAY_MS, NULL,
     OPTION_RELOAD, "How long the list of places where something is sold is kept; 0s: not at all.", NULL},
    {"cache", "tariffs", OPTION_DURATION, AT(cache, tariffs), "5min", 0, GB_DAY_MS, NULL,
     OPTION_RELOAD, "The list of tariffs.", NULL},
    {"cache", "subscriptions", OPTION_DURATION, AT(cache, subscriptions), "2min", 0, GB_DAY_MS, NULL,
     OPTION_RELOAD, "A person's subscriptions.", NULL},

    {"log", "level", OPTION_CHOICE, AT(log, level), "info", 0, 0, log_levels,
     OPTION_RELOAD, "debug, info, warn or error. The log goes to standard error.", NULL},

    {"metrics", "listen", OPTION_STR, AT(metrics, listen), NULL, 1, 100, NULL,
     0, "Address and port for Prometheus: /metrics; and /health for a balancer. Keep it private.", NULL},

    {"resp", "listen", OPTION_STR, AT(resp, listen), NULL, 1, 100, NULL,
     0, "Where the store answers redis-cli, such as 127.0.0.1:6380. Empty: nowhere.", NULL},
    {"resp", "password", OPTION_SECRET, AT(resp, password), NULL, 1, 200, NULL,
     0, "What AUTH must say; needed unless listen is an address of this machine alone.", NULL},
    {"resp", "allow_writes", OPTION_BOOL, AT(resp, allow_writes), "no", 0, 0, NULL,
     OPTION_RELOAD, "Dialogs and limits may be changed through it; the shop's own records never.", NULL},

    {"shop", "name", OPTION_STR, AT(shop, name), "GigaBridge", 1, 64, NULL,
     OPTION_RELOAD, "The shop's name, as buyers see it.", NULL},
    {"shop", "language", OPTION_CHOICE, AT(shop, language), "ru", 0, 0, languages,
     OPTION_RELOAD, "For users whose own language the bot does not speak: ru or en.", NULL},
    {"shop", "currency", OPTION_STR, AT(shop, currency), "RUB", 3, 3, NULL,
     0, "Of all prices that are not in Stars: ISO 4217.", NULL},
    {"shop", "time_zone", OPTION_ZONE, AT(shop, zone), "+03:00", 0, 0, NULL,
     OPTION_RELOAD, "For dates that people see, and hours at which something is done. Names need the system's "
     "zone database (tzdata); Europe/Moscow and others of its neighbourhood are known without.", NULL},
    {"shop", "support", OPTION_STR, AT(shop, support), NULL, 0, 64, NULL,
     OPTION_RELOAD, "Who answers questions: @name.", NULL},
    {"shop", "invoice_lifetime", OPTION_DURATION, AT(shop, invoice_ms), "30min", GB_MINUTE_MS, 7 * GB_DAY_MS, NULL,
     OPTION_RELOAD, "How long an invoice is offered. Money that comes later is honoured too.", NULL},
    {"shop", "dialog_lifetime", OPTION_DURATION, AT(shop, dialog_ms), "1h", GB_MINUTE_MS, 30 * GB_DAY_MS, NULL,
     OPTION_RELOAD, "After this long a conversation starts anew.", NULL},
    {"shop", "admins", OPTION_I64_LIST, AT(shop, admins), NULL, 1, INT64_C(0xfffffffffffff), NULL,
     OPTION_RELOAD, "Telegram ids of the owners: they hear of what needs a person.", "123456789"},

    {"limits", "messages", OPTION_RATE, AT(limits, messages), "10/min", 0, 0, NULL,
     OPTION_RELOAD, "Messages of one person; who sends more is warned, then not heard for a while.", NULL},
    {"limits", "presses", OPTION_RATE, AT(limits, presses), "60/min", 0, 0, NULL,
     OPTION_RELOAD, "Presses of buttons of one person.", NULL},
    {"limits", "payments", OPTION_RATE, AT(limits, payments), "3/5min", 0, 0, NULL,
     OPTION_RELOAD, "New invoices of one person.", NULL},
    {"limits", "admin_messages", OPTION_RATE, AT(limits, admin_messages), "off", 0, 0, NULL,
     OPTION_RELOAD, "Messages of an admin.", NULL},
    {"limits", "admin_presses", OPTION_RATE, AT(limits, admin_presses), "off", 0, 0, NULL,
     OPTION_RELOAD, "Presses of buttons of an admin.", NULL},
    {"limits", "panel_calls", OPTION_RATE, AT(limits, panel_calls), "100/min", 0, 0, NULL,
     OPTION_RELOAD, "Calls to one panel: it serves its users, too.", NULL},

    {"schedule", "subscription_check", OPTION_SCHEDULE, AT(schedule, subscription_check), "0 */6 * * *", 0, 0, NULL,
     OPTION_RELOAD, "Ends what has expired; each subscription is ended at its own instant anyway.", NULL},
    {"schedule", "subscription_reminders", OPTION_SCHEDULE, AT(schedule, subscription_reminders), "0 9 * * *", 0, 0, NULL,
     OPTION_RELOAD, "The hour at which people are reminded, in their own time zone if they have told it.", NULL},
    {"schedule", "panel_sync", OPTION_SCHEDULE, AT(schedule, panel_sync), "every 30min", 0, 0, NULL,
     OPTION_RELOAD, "Asks each panel for all its users: traffic, and what another hand has changed.", NULL},
    {"schedule", "server_checks", OPTION_SCHEDULE, AT(schedule, server_checks), "every 5min", 0, 0, NULL,
     OPTION_RELOAD, "Reachability, load, room and paid-until date of each server.", NULL},
    {"schedule", "payments_cleanup", OPTION_SCHEDULE, AT(schedule, payments_cleanup), "0 4 * * 1", 0, 0, NULL,
     OPTION_RELOAD, "Drops what old payments no longer need: bodies of requests, links to pay.", NULL},
    {"schedule", "backup", OPTION_SCHEDULE, AT(schedule, backup), "30 4 * * 0", 0, 0, NULL,
     OPTION_RELOAD, "", NULL},
    {"schedule", "digest", OPTION_SCHEDULE, AT(schedule, digest), "5 9 * * *", 0, 0, NULL,
     OPTION_RELOAD, "Yesterday's numbers, to the admins.", NULL},

    {"expiry", "grace", OPTION_DURATION, AT(expiry, grace_ms), "7d", GB_HOUR_MS, 365 * GB_DAY_MS, NULL,
     OPTION_RELOAD, "How long the end can still be undone: access is off, then removed from the panel.", NULL},
    {"expiry", "warnings", OPTION_I64_LIST, AT(expiry, warnings), "3, 1", 0, 100, NULL,
     OPTION_RELOAD, "Days before that of which the person is warned.", NULL},

    {"reminders", "days", OPTION_I64_LIST, AT(reminders, days), "3, 1, 0", 0, 100, NULL,
     OPTION_RELOAD, "Days before the end; 0: on the day itself.", NULL},
    {"reminders", "traffic", OPTION_I64_LIST, AT(reminders, traffic), "80, 95", 1, 100, NULL,
     OPTION_RELOAD, "Percent of the traffic used.", NULL},
    {"reminders", "unused", OPTION_DURATION, AT(reminders, unused_ms), "2d", 0, 100 * GB_DAY_MS, NULL,
     OPTION_RELOAD, "To who has not connected so long after the start; 0s: never.", NULL},
    {"reminders", "win_back", OPTION_DURATION, AT(reminders, win_back_ms), "0s", 0, 100 * GB_DAY_MS, NULL,
     OPTION_RELOAD, "So long after the end, to who has bought nothing since; 0s: never.", NULL},
    {"reminders", "quiet", OPTION_STR, AT(reminders, quiet), "22:00-09:00", 0, 16, NULL,
     OPTION_RELOAD, "No reminder comes in these hours.", NULL},

    {"drift", "missing", OPTION_CHOICE, AT(drift, missing), "heal", 0, 0, drift_policies,
     OPTION_RELOAD, "A user of ours is gone from the panel. heal: made again; report: the admins are told.", NULL},
    {"drift", "expiry", OPTION_CHOICE, AT(drift, expiry), "heal", 0, 0, drift_policies,
     OPTION_RELOAD, "The panel has another last day than was sold.", NULL},
    {"drift", "disabled", OPTION_CHOICE, AT(drift, disabled), "report", 0, 0, drift_policies,
     OPTION_RELOAD, "Somebody has switched a user off on the panel.", NULL},

    {"stars", "enabled", OPTION_BOOL, AT(stars, enabled), "yes", 0, 0, NULL,
     OPTION_RELOAD, "Sell for Telegram Stars.", NULL},

    {"pay_test", "enabled", OPTION_BOOL, AT(pay_test, enabled), "no", 0, 0, NULL,
     0, "The sandbox's provider: its money is not real.", NULL},
    {"pay_test", "api_base", OPTION_URL, AT(pay_test, api_base), NULL, 0, 0, NULL,
     0, "Where it listens.", NULL},
    {"pay_test", "key", OPTION_SECRET, AT(pay_test, key), NULL, 0, 200, NULL,
     0, "Its key.", NULL},
};

#undef AT
#define AT(member) offsetof(struct config_location, member)
static const struct option location_options[] = {
    {NULL, "name", OPTION_STR, AT(name), NULL, 1, 64, NULL, OPTION_REQUIRED,
     "As buyers see it.", "🇩🇪 Германия"},
    {NULL, "name_en", OPTION_STR, AT(name_en), NULL, 0, 64, NULL, 0,
     "In English; empty: the same.", "🇩🇪 Germany"},
};

#undef AT
#define AT(member) offsetof(struct config_server, member)
static const struct option server_options[] = {
    {NULL, "location", OPTION_STR, AT(location), NULL, 1, 16, NULL, OPTION_REQUIRED,
     "The id of a [location ...] section.", "de"},
    {NULL, "panel", OPTION_URL, AT(panel), NULL, 0, 0, NULL, OPTION_REQUIRED,
     "Hiddify's admin address up to the secret path, without the uuid: https://domain/ADMIN_PATH",
     "https://panel.example.com/AdminPath"},
    {NULL, "key", OPTION_SECRET, AT(key), NULL, 36, 36, NULL, OPTION_REQUIRED,
     "The admin's uuid: the last part of Hiddify's admin link.", "file:panel-de1.txt"},
    {NULL, "user_link", OPTION_URL, AT(user_link), NULL, 0, 0, NULL, OPTION_REQUIRED,
     "The start of any user's link, without the uuid: https://domain/CLIENT_PATH",
     "https://panel.example.com/ClientPath"},
    {NULL, "users_max", OPTION_I64, AT(users_max), "0", 0, 1000000, NULL, 0,
     "Sales stop at this many users. 0: no limit.", "100"},
    {NULL, "ca_file", OPTION_STR, AT(ca_file), NULL, 0, 1000, NULL, 0,
     "For a certificate of your own: the CA in a PEM file.", NULL},
    {NULL, "pin_sha256", OPTION_STR, AT(pin_sha256), NULL, 44, 44, NULL, 0,
     "For a self-signed certificate: its public key's SHA-256 in base64.", NULL},
    {NULL, "time_zone", OPTION_OFFSET, AT(time_zone_min), "+03:00", 0, 0, NULL, 0,
     "The panel's: days begin by it.", NULL},
    {NULL, "paid_until", OPTION_STR, AT(paid_until), NULL, 0, 10, NULL, 0,
     "The last day the server is paid for: the admins are warned 7, 3 and 1 days before.", NULL},
};

#undef AT
#define AT(member) offsetof(struct config_tariff, member)
static const struct option tariff_options[] = {
    {NULL, "name", OPTION_STR, AT(name), NULL, 0, 64, NULL, 0,
     "As buyers see it; empty: made from days and traffic.", NULL},
    {NULL, "name_en", OPTION_STR, AT(name_en), NULL, 0, 64, NULL, 0, "In English.", NULL},
    {NULL, "location", OPTION_STR, AT(location), NULL, 0, 16, NULL, 0,
     "Only for this location; empty: for all.", NULL},
    {NULL, "days", OPTION_I64, AT(days), NULL, 1, 3650, NULL, OPTION_REQUIRED,
     "How long access lasts.", "30"},
    {NULL, "traffic_gb", OPTION_I64, AT(traffic_gb), "0", 0, 1000000, NULL, 0,
     "Gigabytes in that time. 0: no limit.", "50"},
    {NULL, "price", OPTION_MONEY, AT(price), NULL, 0, 0, NULL, 0,
     "In the shop's currency; empty: not sold in it.", "149"},
    {NULL, "stars", OPTION_I64, AT(stars), "0", 0, 100000, NULL, 0,
     "In Telegram Stars; 0: not sold in them.", "99"},
};
#undef AT

static const struct option_group groups[] = {
    {"location", location_options, GB_COUNT(location_options), sizeof(struct config_location),
     offsetof(struct config, locations), offsetof(struct config, location_count),
     offsetof(struct config_location, id), 64,
     "A place to choose. The catalog sections fill the shop once: what it has already is not changed.", "de"},
    {"server", server_options, GB_COUNT(server_options), sizeof(struct config_server),
     offsetof(struct config, servers), offsetof(struct config, server_count),
     offsetof(struct config_server, id), 64, "A Hiddify panel.", "de1"},
    {"tariff", tariff_options, GB_COUNT(tariff_options), sizeof(struct config_tariff),
     offsetof(struct config, tariffs), offsetof(struct config, tariff_count),
     offsetof(struct config_tariff, id), 64, "What is sold.", "m1"},
};
/* clang-format on */

static const struct option_section sections[] = {
    {"telegram", "The bot."},
    {"webhook", "Updates that Telegram brings instead of being asked for them. Only for several "
                "instances of one "
                "shop: docs/webhook.md."},
    {"store", "The data."},
    {"backup", "Copies of the data: docs/backup.md."},
    {"redis", "Where [store] backend is redis or mixed: Redis from 6 on, or Valkey."},
    {"fsm", "How dialogs are laid out, for who shares them with an aiogram bot."},
    {"cache", "Only where the shop's records are in Redis: in the directory, reading costs less "
              "than keeping."},
    {"log", NULL},
    {"metrics", NULL},
    {"resp", "Looking into the store with redis-cli: docs/resp.md."},
    {"shop", "The shop."},
    {"limits", "What one person may do."},
    {"schedule",
     "When each job runs: every 10 s, every 30 min; five fields of cron such as 0 9 * * *, in the "
     "shop's time zone; or off. docs/jobs.md."},
    {"expiry", "After the end of what was paid for."},
    {"reminders",
     "What people are reminded of, each at most once, unless they have switched it off."},
    {"drift", "What somebody has changed on a panel by hand: heal or report."},
    {"stars", "Ways to pay."},
    {"pay_test", NULL},
};

const struct options_spec config_spec = {
    .intro = "GigaBridge's settings. What is commented out shows the value in force without it.",
    .environment = "GIGABRIDGE",
    .options = options,
    .count = GB_COUNT(options),
    .groups = groups,
    .group_count = GB_COUNT(groups),
    .sections = sections,
    .section_count = GB_COUNT(sections),
    .struct_bytes = sizeof(struct config),
};

static bool location_exists(const struct config *config, struct str id) {
    for (size_t i = 0; i < config->location_count; i++) {
        if (str_equal(config->locations[i].id, id)) {
            return true;
        }
    }
    return false;
}

static void check_server(const struct config *config, const struct config_server *server,
                         struct faults *faults) {
    if (server->location.n > 0 && !location_exists(config, server->location)) {
        faults_about(faults, "server", server->id, "location",
                     "there is no section [location " STR_FMT "]", STR_ARG(server->location));
    }
    int64_t day;
    if (server->paid_until.n > 0 && clock_parse_date(server->paid_until, &day) != GB_OK) {
        faults_about(faults, "server", server->id, "paid_until",
                     "not a date: write it as 2027-01-31");
    }
}

static void check_tariff(const struct config *config, const struct config_tariff *tariff,
                         struct faults *faults) {
    int64_t minor = 0;
    if (tariff->location.n > 0 && !location_exists(config, tariff->location)) {
        faults_about(faults, "tariff", tariff->id, "location",
                     "there is no section [location " STR_FMT "]", STR_ARG(tariff->location));
    }
    if (tariff->price.n > 0 && money_digits(config->shop.currency) >= 0 &&
        (money_parse(tariff->price, config->shop.currency, &minor) != GB_OK || minor == 0)) {
        faults_about(faults, "tariff", tariff->id, "price",
                     "not a price in " STR_FMT ": write it as 149 or 149.90",
                     STR_ARG(config->shop.currency));
    }
    if (tariff->price.n == 0 && tariff->stars == 0) {
        faults_about(faults, "tariff", tariff->id, "price", "give a price, stars, or both");
    }
}

static bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_word(struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        if (!is_word_byte(text.p[i])) {
            return false;
        }
    }
    return true;
}

/* <digits>:<letters>, as @BotFather writes it. The token itself is never in a fault. */
static bool token_looks_right(struct str token) {
    size_t colon = str_find(token, ':');
    int64_t id;
    if (colon == token.n || num_i64(str_sub(token, 0, colon), 1, INT64_MAX, &id) != GB_OK) {
        return false;
    }
    struct str rest = str_sub(token, colon + 1, token.n);
    return is_word(rest) && rest.n >= 3;
}

/* "09:30" */
static enum gb_err minute_of_day(struct str text, int *ret_min) {
    size_t colon = str_find(text, ':');
    int64_t hour, minute;
    if (text.n != 5 || colon != 2 || num_i64(str_sub(text, 0, 2), 0, 23, &hour) != GB_OK ||
        num_i64(str_sub(text, 3, 2), 0, 59, &minute) != GB_OK) {
        return GB_INVALID;
    }
    *ret_min = (int)(hour * 60 + minute);
    return GB_OK;
}

enum gb_err config_quiet(struct str text, int *ret_from_min, int *ret_until_min) {
    *ret_from_min = *ret_until_min = 0;
    if (text.n == 0) {
        return GB_OK;
    }
    size_t dash = str_find(text, '-');
    enum gb_err err = minute_of_day(str_sub(text, 0, dash), ret_from_min);
    return err == GB_OK && dash < text.n
               ? minute_of_day(str_sub(text, dash + 1, text.n), ret_until_min)
               : GB_INVALID;
}

enum gb_err config_address(struct str text, struct str *ret_host, int *ret_port) {
    size_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':') {
        colon--;
    }
    struct str host = str_sub(text, 0, colon > 0 ? colon - 1 : 0);
    bool bracketed = str_starts(host, STR("[")) && str_ends(host, STR("]"));
    if (bracketed) {
        host = str_sub(host, 1, host.n - 2);
    }
    int64_t port;
    if (host.n == 0 || (!bracketed && str_find(host, ':') < host.n) ||
        num_i64(str_sub(text, colon, text.n), 1, 65535, &port) != GB_OK) {
        return GB_INVALID;
    }
    *ret_host = host;
    *ret_port = (int)port;
    return GB_OK;
}

/* What Telegram's own servers would refuse; a Bot API server of one's own may allow it. */
static void check_webhook_url(struct str url, struct faults *faults) {
    static const char *const ports[] = {"", "443", "80", "88", "8443"};
    if (!str_starts(url, STR("https://"))) {
        faults_about(faults, "webhook", STR_NONE, "url", "Telegram calls only https://");
        return;
    }
    struct str rest = str_sub(url, strlen("https://"), url.n);
    struct str host = str_sub(rest, 0, GB_MIN(str_find(rest, '/'), str_find(rest, '?')));
    host = str_sub(host, str_find(host, ']') < host.n ? str_find(host, ']') : 0, host.n);
    struct str port = str_sub(host, str_find(host, ':') + 1, host.n);
    for (size_t i = 0; i < GB_COUNT(ports); i++) {
        if (str_is(port, ports[i])) {
            return;
        }
    }
    faults_about(faults, "webhook", STR_NONE, "url",
                 "Telegram calls only the ports 443, 80, 88 and 8443");
}

static void check_webhook(const struct config *config, struct faults *faults) {
    struct str host;
    int port;
    if (config->webhook.url.n == 0) {
        return;
    }
    if (str_is(config->telegram.api_base, "https://api.telegram.org")) {
        check_webhook_url(config->webhook.url, faults);
    }
    if (config_address(config->webhook.listen, &host, &port) != GB_OK) {
        faults_about(faults, "webhook", STR_NONE, "listen",
                     "not an address and a port, as in 127.0.0.1:8443");
    }
    if (!is_word(secret_reveal(config->webhook.secret))) {
        faults_about(faults, "webhook", STR_NONE, "secret",
                     "only letters, digits, _ and - can be in it");
    }
}

/* Can only programs of this machine come there? */
static bool is_loopback(struct str host) {
    return str_is(host, "localhost") || str_is(host, "::1") || str_starts(host, STR("127."));
}

static void check_metrics(const struct config *config, struct faults *faults) {
    struct str host;
    int port;
    if (config->metrics.listen.n > 0 &&
        config_address(config->metrics.listen, &host, &port) != GB_OK) {
        faults_about(faults, "metrics", STR_NONE, "listen",
                     "not an address and a port, as in 127.0.0.1:9464");
    }
}

static void check_resp(const struct config *config, struct faults *faults) {
    struct str host;
    int port;
    if (config->resp.listen.n == 0) {
        return;
    }
    if (config_address(config->resp.listen, &host, &port) != GB_OK) {
        faults_about(faults, "resp", STR_NONE, "listen",
                     "not an address and a port, as in 127.0.0.1:6380");
    } else if (!is_loopback(host) && secret_reveal(config->resp.password).n == 0) {
        faults_about(faults, "resp", STR_NONE, "listen",
                     "others can reach this address, so a password is needed");
    }
}

void config_check(const struct config *config, struct arena *arena, struct faults *faults) {
    (void)arena;
    struct str token = secret_reveal(config->telegram.token);
    if (token.n > 0 && !token_looks_right(token)) {
        faults_about(faults, "telegram", STR_NONE, "token",
                     "this is no bot token: it looks like 123456:ABC-DEF");
    }
    int from_min, until_min;
    if (config_quiet(config->reminders.quiet, &from_min, &until_min) != GB_OK) {
        faults_about(faults, "reminders", STR_NONE, "quiet", "write it as 22:00-09:00");
    }
    check_webhook(config, faults);
    check_metrics(config, faults);
    check_resp(config, faults);
    if (money_digits(config->shop.currency) < 0) {
        faults_about(faults, "shop", STR_NONE, "currency", "unknown currency \"" STR_FMT "\"",
                     STR_ARG(config->shop.currency));
    }
    if (config->pay_test.enabled && config->pay_test.api_base.n == 0) {
        faults_about(faults, "pay_test", STR_NONE, "api_base",
                     "needed when the provider is enabled");
    }
    for (size_t i = 0; i < config->server_count; i++) {
        check_server(config, &config->servers[i], faults);
    }
    for (size_t i = 0; i < config->tariff_count; i++) {
        check_tariff(config, &config->tariffs[i], faults);
    }
}

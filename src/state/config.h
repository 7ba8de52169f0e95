/* config.h: the owner's settings as a struct, and the one table that reads it.
 *
 * Fixed while an event is handled; a SIGHUP swaps the whole struct between turns. The catalog
 * sections (location, server, tariff) are only the first start's seed: afterwards the store's rows
 * count. Field <-> key is the table in config.c; config.example.ini is printed from it.
 */
#ifndef STATE_CONFIG_H
#define STATE_CONFIG_H

#include "base/base.h"
#include "base/crypto.h"
#include "base/num.h"
#include "base/options.h"
#include "base/schedule.h"
#include "base/zone.h"

enum store_backend {
    STORE_LMDB,
    STORE_REDIS,
    STORE_MIXED, /* the shop's records in LMDB; dialogs, cache and limits in Redis */
};

enum drift_policy { DRIFT_HEAL, DRIFT_REPORT };

struct config_location {
    struct str id;
    struct str name;    /* "🇩🇪 Германия" */
    struct str name_en; /* empty: name */
};

struct config_server {
    struct str id;
    struct str location;
    struct str panel;     /* https://domain/ADMIN_PATH */
    struct secret key;    /* the admin's uuid */
    struct str user_link; /* https://domain/CLIENT_PATH */
    int64_t users_max;    /* 0: no limit */
    struct str ca_file, pin_sha256;
    int time_zone_min;     /* the panel's civil time */
    struct str paid_until; /* a date; empty: not told */
};

struct config_tariff {
    struct str id;
    struct str name, name_en; /* empty: made from days and traffic */
    struct str location;      /* empty: all */
    int64_t days;
    int64_t traffic_gb; /* 0: no limit */
    struct str price;   /* in [shop] currency; empty: not for sale in it */
    int64_t stars;      /* 0: not for sale in Stars */
};

struct config {
    struct {
        struct secret token;
        struct str api_base;
        struct str proxy;
        int64_t poll_ms;
        int64_t messages_per_second; /* 0: no limit of ours */
        int64_t connections;
    } telegram;
    struct { /* updates pushed by Telegram; url empty: they are polled for */
        struct str url;
        struct str listen; /* see config_address */
        struct secret secret;
        int64_t connections;
    } webhook;
    struct {
        struct str directory;
        int backend; /* enum store_backend */
    } store;
    struct {
        struct str directory; /* empty: none are kept */
        int64_t keep;
        struct secret password; /* empty: not encrypted, and so not sent */
        bool send;
    } backup;
    struct {
        struct str host, socket, user;
        int64_t port, db;
        struct secret password;
        bool tls;
        struct str ca_file;
    } redis;
    struct {
        bool bot_id, business, destiny; /* parts of the key */
        bool escape;                    /* non-ASCII in data as \uXXXX */
        int64_t state_ms, data_ms;      /* 0: shop.dialog_ms */
    } fsm;
    struct {
        int64_t locations, tariffs, subscriptions; /* ms; 0: not kept */
    } cache;
    struct {
        int level; /* enum log_level */
    } log;
    struct { /* the store as a Redis, for who looks inside; listen empty: not opened */
        struct str listen; /* see config_address */
        struct secret password;
        bool allow_writes;
    } resp;
    struct {
        struct str listen; /* see config_address; empty: none */
    } metrics;
    struct {
        struct str name;
        int language; /* 0 ru, 1 en: for users whose own is neither */
        struct str currency;
        struct zone zone;   /* of dates that people see, and of the jobs' hours */
        struct str support; /* @name or link; empty: none */
        int64_t invoice_ms; /* how long an invoice is shown as payable */
        int64_t dialog_ms;  /* FSM state expires */
        struct int64_list admins;
    } shop;
    struct {
        struct rate messages, presses, payments;
        struct rate admin_messages, admin_presses;
        struct rate panel_calls;
    } limits;
    struct { /* when each job runs */
        struct schedule subscription_check, subscription_reminders, panel_sync, server_checks;
        struct schedule payments_cleanup, backup, digest;
    } schedule;
    struct { /* after the end of what was paid for */
        int64_t grace_ms;
        struct int64_list warnings; /* days before access is removed for good */
    } expiry;
    struct {
        struct int64_list days, traffic; /* days before the end; percent of the traffic used */
        int64_t unused_ms, win_back_ms;  /* since the start, the end; 0: not told */
        struct str quiet;                /* see config_quiet */
    } reminders;
    struct { /* enum drift_policy: what another hand has changed on a panel */
        int missing, expiry, disabled;
    } drift;
    struct {
        bool enabled;
    } stars;
    struct {
        bool enabled;
        struct str api_base;
        struct secret key;
    } pay_test;
    struct config_location *locations;
    size_t location_count;
    struct config_server *servers;
    size_t server_count;
    struct config_tariff *tariffs;
    size_t tariff_count;
};

/* The table for base/options. */
extern const struct options_spec config_spec;

/* What the table alone cannot see: a tariff or server that names no location, a price that is no
 * money, a token that is none. Adds to `faults`. */
void config_check(const struct config *config, struct arena *arena, struct faults *faults);

/* "22:00-09:00" in minutes of the day; empty: both 0, never quiet. GB_INVALID: anything else. */
enum gb_err config_quiet(struct str text, int *ret_from_min, int *ret_until_min) GB_MUST_USE;

/* "127.0.0.1:8443", "[::1]:8443", "localhost:8443": where to listen; the host without brackets.
 * GB_INVALID: no host, or no port from 1 to 65535. */
enum gb_err config_address(struct str text, struct str *ret_host, int *ret_port) GB_MUST_USE;

#endif

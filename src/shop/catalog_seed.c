/* catalog_seed.c: the config's sections become rows, once: what is in the store is never
 * overwritten, so that what the owner changes in the shop stays changed.
 */
#include "base/arena.h"
#include "base/num.h"
#include "shop/catalog.h"
#include "shop/records.h"
#include "state/cache.h"
#include "state/record.h"
#include "state/work.h"

#define ID_LENGTH_MAX 24 /* three of them fit in a button's 64 bytes */
#define DAYS_MAX      3650
#define TRAFFIC_MAX   1000000

/* Ids stand in keys, lanes and buttons: letters, digits, - and _ only. */
static bool is_id(struct str id) {
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_';
        if (!fine) {
            return false;
        }
    }
    return id.n > 0 && id.n <= ID_LENGTH_MAX;
}

static bool count_row(void *ctx, struct str key, struct str value) {
    (void)key;
    (void)value;
    size_t *count = ctx;
    (*count)++;
    return true;
}

/* Write the row if its id is new. GB_INVALID: a bad id, or more rows than a list can hold. */
static enum gb_err seed_row(struct work *work, const struct record *record, const char *what,
                            struct str id, const void *row, struct str *reterr_why) {
    if (!is_id(id)) {
        *reterr_why = arena_printf(work->arena,
                                   "%s \"" STR_FMT "\": an id is 1 to %d letters, digits, - or _",
                                   what, STR_ARG(str_sub(id, 0, 60)), ID_LENGTH_MAX);
        return GB_INVALID;
    }
    struct str there;
    enum gb_err err = tx_get(work->tx, record->table, id, &there);
    if (err != GB_NOT_FOUND) {
        return err;
    }
    size_t count = 0;
    err = tx_scan(work->tx, record->table, STR(" "), STR_NONE, CATALOG_MAX, count_row, &count);
    if (err != GB_OK) {
        return err;
    }
    if (count >= CATALOG_MAX) {
        *reterr_why = arena_printf(work->arena, "%s \"" STR_FMT "\": there are %d already", what,
                                   STR_ARG(id), CATALOG_MAX);
        return GB_INVALID;
    }
    record_put(work, record, id, row);
    cache_drop(work, CACHED_LOCATIONS, STR_NONE);
    cache_drop(work, CACHED_TARIFFS, STR_NONE);
    return GB_OK;
}

static enum gb_err seed_locations(struct work *work, struct str *reterr_why) {
    enum gb_err err = GB_OK;
    for (size_t i = 0; err == GB_OK && i < work->config->location_count; i++) {
        const struct config_location *from = &work->config->locations[i];
        struct location row = {.id = from->id,
                               .name = from->name,
                               .name_en = from->name_en,
                               .position = (int64_t)i + 1};
        err = seed_row(work, &location_record, "location", row.id, &row, reterr_why);
    }
    return err;
}

static enum gb_err seed_servers(struct work *work, struct str *reterr_why) {
    enum gb_err err = GB_OK;
    for (size_t i = 0; err == GB_OK && i < work->config->server_count; i++) {
        const struct config_server *from = &work->config->servers[i];
        struct server row = {.id = from->id,
                             .location = from->location,
                             .panel = from->panel,
                             .key = secret_reveal(from->key),
                             .user_link = from->user_link,
                             .ca_file = from->ca_file,
                             .pin_sha256 = from->pin_sha256,
                             .users_max = from->users_max,
                             .time_zone_min = from->time_zone_min};
        err = seed_row(work, &server_record, "server", row.id, &row, reterr_why);
    }
    return err;
}

/* The config's price, or a word about what is wrong with the section. */
static enum gb_err read_tariff(struct work *work, const struct config_tariff *from,
                               struct tariff *ret_row, struct str *reterr_why) {
    struct tariff row = {.id = from->id,
                         .name = from->name,
                         .name_en = from->name_en,
                         .location = from->location,
                         .days = from->days,
                         .traffic_gb = from->traffic_gb,
                         .stars = from->stars};
    const char *why = NULL;
    if (row.days < 1 || row.days > DAYS_MAX) {
        why = "days out of range";
    } else if (row.traffic_gb < 0 || row.traffic_gb > TRAFFIC_MAX) {
        why = "traffic out of range";
    } else if (row.stars < 0) {
        why = "stars out of range";
    } else if (from->price.n > 0 &&
               money_parse(from->price, work->config->shop.currency, &row.price_minor) != GB_OK) {
        why = "the price is no amount of the shop's currency";
    }
    if (why != NULL) {
        *reterr_why = arena_printf(work->arena, "tariff \"" STR_FMT "\": %s",
                                   STR_ARG(str_sub(from->id, 0, 60)), why);
        return GB_INVALID;
    }
    *ret_row = row;
    return GB_OK;
}

static enum gb_err seed_tariffs(struct work *work, struct str *reterr_why) {
    enum gb_err err = GB_OK;
    for (size_t i = 0; err == GB_OK && i < work->config->tariff_count; i++) {
        struct tariff row;
        err = read_tariff(work, &work->config->tariffs[i], &row, reterr_why);
        if (err == GB_OK) {
            row.position = (int64_t)i + 1;
            err = seed_row(work, &tariff_record, "tariff", row.id, &row, reterr_why);
        }
    }
    return err;
}

enum gb_err catalog_seed(struct work *work, struct str *reterr_why) {
    enum gb_err err = seed_locations(work, reterr_why);
    if (err == GB_OK) {
        err = seed_servers(work, reterr_why);
    }
    return err == GB_OK ? seed_tariffs(work, reterr_why) : err;
}

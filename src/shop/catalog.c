#include "shop/catalog.h"

#include "base/arena.h"
#include "shop/fields.h"
#include "shop/records.h"
#include "state/cache.h"
#include "state/work.h"

static const struct field location_fields[] = {
    FIELD_TEXT(location, id),     FIELD_TEXT(location, name),    FIELD_TEXT(location, name_en),
    FIELD_FLAG(location, hidden), FIELD_INT(location, position),
};
const struct record location_record = RECORD(TABLE_LOCATIONS, location, location_fields);

static const struct field server_fields[] = {
    FIELD_TEXT(server, id),           FIELD_TEXT(server, location),  FIELD_TEXT(server, panel),
    FIELD_TEXT(server, key),          FIELD_TEXT(server, user_link), FIELD_TEXT(server, ca_file),
    FIELD_TEXT(server, pin_sha256),   FIELD_INT(server, users_max),  FIELD_INT(server, users),
    FIELD_INT(server, time_zone_min), FIELD_FLAG(server, draining),
};
const struct record server_record = RECORD(TABLE_SERVERS, server, server_fields);

static const struct field tariff_fields[] = {
    FIELD_TEXT(tariff, id),         FIELD_TEXT(tariff, name), FIELD_TEXT(tariff, name_en),
    FIELD_TEXT(tariff, location),   FIELD_INT(tariff, days),  FIELD_INT(tariff, traffic_gb),
    FIELD_INT(tariff, price_minor), FIELD_INT(tariff, stars), FIELD_FLAG(tariff, hidden),
    FIELD_INT(tariff, position),
};
const struct record tariff_record = RECORD(TABLE_TARIFFS, tariff, tariff_fields);

enum gb_err location_get(struct work *work, struct str id, struct location *ret) {
    return record_get(work, &location_record, id, ret);
}

enum gb_err server_get(struct work *work, struct str id, struct server *ret) {
    return record_get(work, &server_record, id, ret);
}

enum gb_err tariff_get(struct work *work, struct str id, struct tariff *ret) {
    return record_get(work, &tariff_record, id, ret);
}

void server_put(struct work *work, const struct server *server) {
    record_put(work, &server_record, server->id, server);
    cache_drop(work, CACHED_LOCATIONS, STR_NONE); /* it may be full now */
}

/* ---- reading a whole table: at most CATALOG_MAX rows --------------------------------------------
 */

struct reading {
    struct arena *arena;
    const struct record *record;
    char *rows;
    size_t count;
    bool damaged;
};

static bool read_row(void *ctx, struct str key, struct str value) {
    (void)key;
    struct reading *reading = ctx;
    char *into = reading->rows + reading->count * reading->record->bytes;
    if (record_read(reading->arena, reading->record, value, into) != GB_OK) {
        reading->damaged = true;
        return false;
    }
    reading->count++;
    return true;
}

/* `rows`: CATALOG_MAX structs of the record. */
static enum gb_err read_all(struct work *work, const struct record *record, void *rows,
                            size_t *ret_count) {
    struct reading reading = {.arena = work->arena, .record = record, .rows = rows};
    enum gb_err err =
        tx_scan(work->tx, record->table, STR(" "), STR_NONE, CATALOG_MAX, read_row, &reading);
    if (err == GB_OK && reading.damaged) {
        err = GB_DAMAGED;
    }
    if (err == GB_OK) {
        *ret_count = reading.count;
    }
    return err;
}

enum gb_err catalog_servers(struct work *work, const struct server **ret, size_t *ret_count) {
    struct server *rows = ARENA_ARRAY(work->arena, struct server, CATALOG_MAX);
    enum gb_err err = read_all(work, &server_record, rows, ret_count);
    if (err == GB_OK) {
        *ret = rows;
    }
    return err;
}

/* ---- where a buyer goes -------------------------------------------------------------------------
 */

enum place { PLACE_ROOM, PLACE_FULL, PLACE_DRAINING, PLACE_NONE };

static enum place server_place(const struct server *server) {
    if (server->draining) {
        return PLACE_DRAINING;
    }
    bool room = server->users_max == 0 || server->users < server->users_max;
    return room ? PLACE_ROOM : PLACE_FULL;
}

/* The best of the location, no worse than `worst`: more room first, then fewer users, then the
 * order of ids. NULL: none. */
static const struct server *best_server(const struct server *servers, const bool *passed_over,
                                        size_t count, struct str location, enum place worst) {
    const struct server *best = NULL;
    enum place best_place = PLACE_NONE;
    for (size_t i = 0; i < count; i++) {
        enum place place = server_place(&servers[i]);
        if (passed_over[i] || place > worst || !str_equal(servers[i].location, location)) {
            continue;
        }
        bool better = place < best_place || (place == best_place && servers[i].users < best->users);
        if (best == NULL || better) {
            best = &servers[i];
            best_place = place;
        }
    }
    return best;
}

/* The scan proposes, the row read by key decides. */
static enum gb_err choose_server(struct work *work, struct str location, enum place worst,
                                 struct server *ret) {
    const struct server *servers;
    size_t count;
    bool passed_over[CATALOG_MAX] = {false};
    enum gb_err err = catalog_servers(work, &servers, &count);
    while (err == GB_OK) {
        const struct server *best = best_server(servers, passed_over, count, location, worst);
        if (best == NULL) {
            return GB_NOT_FOUND;
        }
        struct server now;
        err = server_get(work, best->id, &now);
        if (err == GB_OK && server_place(&now) <= worst && str_equal(now.location, location)) {
            *ret = now;
            return GB_OK;
        }
        err = err == GB_NOT_FOUND ? GB_OK : err;
        passed_over[best - servers] = true;
    }
    return err;
}

enum gb_err catalog_pick_server(struct work *work, struct str location, struct server *ret) {
    return choose_server(work, location, PLACE_ROOM, ret);
}

enum gb_err catalog_place_server(struct work *work, struct str location, struct server *ret) {
    return choose_server(work, location, PLACE_DRAINING, ret);
}

/* ---- what can be bought -------------------------------------------------------------------------
 */

static bool location_has_room(const struct server *servers, size_t count, struct str location) {
    const bool passed_over[CATALOG_MAX] = {false};
    return best_server(servers, passed_over, count, location, PLACE_ROOM) != NULL;
}

static void sort_locations(struct location *rows, size_t count) {
    for (size_t i = 1; i < count; i++) { /* at most CATALOG_MAX rows, nearly in order */
        struct location moving = rows[i];
        size_t at = i;
        for (; at > 0 && rows[at - 1].position > moving.position; at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = moving;
    }
}

enum gb_err catalog_locations(struct work *work, const struct location **ret, size_t *ret_count) {
    struct location *rows = ARENA_ARRAY(work->arena, struct location, CATALOG_MAX);
    *ret = rows;
    enum gb_err err = cache_read(work, CACHED_LOCATIONS, STR_NONE, &location_record, rows,
                                 CATALOG_MAX, ret_count);
    if (err != GB_NOT_FOUND) {
        return err;
    }
    const struct server *servers;
    size_t server_count, count, kept = 0;
    err = catalog_servers(work, &servers, &server_count);
    if (err == GB_OK) {
        err = read_all(work, &location_record, rows, &count);
    }
    if (err != GB_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].hidden && location_has_room(servers, server_count, rows[i].id)) {
            rows[kept++] = rows[i];
        }
    }
    sort_locations(rows, kept);
    cache_fill(work, CACHED_LOCATIONS, STR_NONE, &location_record, rows, kept);
    *ret_count = kept;
    return GB_OK;
}

static void sort_tariffs(struct tariff *rows, size_t count) {
    for (size_t i = 1; i < count; i++) {
        struct tariff moving = rows[i];
        size_t at = i;
        for (; at > 0 && rows[at - 1].position > moving.position; at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = moving;
    }
}

bool tariff_is_sold_in(const struct tariff *tariff, struct str location) {
    return !tariff->hidden && (tariff->price_minor > 0 || tariff->stars > 0) &&
           (tariff->location.n == 0 || str_equal(tariff->location, location));
}

static enum gb_err read_tariffs(struct work *work, struct tariff *rows, size_t *ret_count) {
    enum gb_err err =
        cache_read(work, CACHED_TARIFFS, STR_NONE, &tariff_record, rows, CATALOG_MAX, ret_count);
    if (err == GB_NOT_FOUND) {
        err = read_all(work, &tariff_record, rows, ret_count);
        if (err == GB_OK) {
            cache_fill(work, CACHED_TARIFFS, STR_NONE, &tariff_record, rows, *ret_count);
        }
    }
    return err;
}

enum gb_err catalog_tariffs(struct work *work, struct str location, const struct tariff **ret,
                            size_t *ret_count) {
    struct tariff *rows = ARENA_ARRAY(work->arena, struct tariff, CATALOG_MAX);
    size_t count, kept = 0;
    enum gb_err err = read_tariffs(work, rows, &count);
    if (err != GB_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        if (tariff_is_sold_in(&rows[i], location)) {
            rows[kept++] = rows[i];
        }
    }
    sort_tariffs(rows, kept);
    *ret = rows;
    *ret_count = kept;
    return GB_OK;
}

struct str location_name(const struct location *location, bool english) {
    if (english && location->name_en.n > 0) {
        return location->name_en;
    }
    return location->name.n > 0 ? location->name : location->id;
}

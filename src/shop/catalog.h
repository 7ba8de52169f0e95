/* catalog.h: what is for sale and where it is made: locations, servers, tariffs.
 *
 * Rows of the store. The config's sections are the seed: what a first start puts there. Also later
 * a section with a new id is added at start; rows that exist are never overwritten by the file.
 */
#ifndef SHOP_CATALOG_H
#define SHOP_CATALOG_H

#include "base/base.h"
#include "base/http.h"

struct work;

struct location {
    struct str id, name, name_en;
    bool hidden;
    int64_t position; /* order in lists */
};

struct server {
    struct str id, location, panel, key, user_link, ca_file, pin_sha256;
    int64_t users_max; /* 0: no limit */
    int64_t users;     /* sold and not ended: kept by shop/subscriptions */
    int64_t time_zone_min;
    bool draining; /* sells no more */
};

struct tariff {
    struct str id, name, name_en, location; /* location empty: all */
    int64_t days, traffic_gb;               /* traffic 0: no limit */
    int64_t price_minor;                    /* in the shop's currency; 0: not sold in it */
    int64_t stars;                          /* 0: not sold in Stars */
    bool hidden;
    int64_t position;
};

#define CATALOG_MAX 64 /* rows of each kind; beyond: refused at seeding with a clear word */

/* Put the config's rows in that are not there yet. GB_INVALID: *reterr_why. */
enum gb_err catalog_seed(struct work *work, struct str *reterr_why) GB_MUST_USE;

enum gb_err location_get(struct work *work, struct str id, struct location *ret) GB_MUST_USE;
enum gb_err server_get(struct work *work, struct str id, struct server *ret) GB_MUST_USE;
enum gb_err tariff_get(struct work *work, struct str id, struct tariff *ret) GB_MUST_USE;

/* What can be bought now, in list order, in the work's arena: locations that are not hidden and
 * have a server with room; tariffs of one location. */
enum gb_err catalog_locations(struct work *work, const struct location **ret,
                              size_t *ret_count) GB_MUST_USE;
enum gb_err catalog_tariffs(struct work *work, struct str location, const struct tariff **ret,
                            size_t *ret_count) GB_MUST_USE;
/* All servers, for the lanes. */
enum gb_err catalog_servers(struct work *work, const struct server **ret,
                            size_t *ret_count) GB_MUST_USE;

/* The least loaded server of the location with room. GB_NOT_FOUND: full or none. */
enum gb_err catalog_pick_server(struct work *work, struct str location,
                                struct server *ret) GB_MUST_USE;
/* Where a paid order goes: as above, or else to the least loaded full server, a draining one last:
 * who has paid is not refused for want of room; new sales stop at users_max. GB_NOT_FOUND: the
 * location has no server at all. */
enum gb_err catalog_place_server(struct work *work, struct str location,
                                 struct server *ret) GB_MUST_USE;
void server_put(struct work *work, const struct server *server);

/* Not hidden, has a price, and is for this location. */
bool tariff_is_sold_in(const struct tariff *tariff, struct str location);

/* Name in the user's language: "🇩🇪 Германия". */
struct str location_name(const struct location *location, bool english);

#endif

/* admin.c: the owner's screens. routes.c lets nobody else in. */
#include "bot/lookup.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/steps.h"
#include "shop/catalog.h"
#include "state/work.h"

enum gb_err admin_open(struct talk *talk) {
    const struct server *servers;
    size_t count;
    enum gb_err err = catalog_servers(talk->work, &servers, &count);
    if (err != GB_OK) {
        return err;
    }
    struct location *locations = ARENA_ARRAY(talk->work->arena, struct location, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct location *location;
        err = lookup_location(talk->work, servers[i].location, &location);
        if (err != GB_OK) {
            return err;
        }
        locations[i] = *location;
    }
    talk_show(talk, PLACE_ADMIN, STR_NONE, screen_admin(&talk->voice, servers, locations, count));
    return GB_OK;
}

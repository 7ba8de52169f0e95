/* buy.c: from the wish to the invoice: location, tariff, way to pay.
 *
 * Each step trusts nothing in the button but asks the catalog again: what was on sale when the
 * button was made may not be now.
 */
#include "bot/lookup.h"
#include "bot/post.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/steps.h"
#include "shop/catalog.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/renewals.h"
#include "state/work.h"
#include "telegram/calls.h"

#define DOUBLE_PRESS_MS (10 * GB_SECOND_MS)

static enum gb_err tariffs_show(struct talk *talk, const struct location *location,
                                struct str place, bool only) {
    const struct tariff *tariffs;
    size_t count;
    enum gb_err err = catalog_tariffs(talk->work, location->id, &tariffs, &count);
    if (err != GB_OK) {
        return err;
    }
    talk_show(talk, PLACE_BUY_TARIFF, STR_NONE,
              screen_tariffs(&talk->voice, location, place, tariffs, count, only));
    return GB_OK;
}

enum gb_err buy_open(struct talk *talk) {
    const struct location *locations;
    size_t count;
    enum gb_err err = catalog_locations(talk->work, &locations, &count);
    if (err != GB_OK) {
        return err;
    }
    if (count == 1) {
        return tariffs_show(talk, &locations[0], locations[0].id, true);
    }
    talk_show(talk, PLACE_BUY_LOCATION, STR_NONE, screen_locations(&talk->voice, locations, count));
    return GB_OK;
}

/* Not for sale: say why, and show what is. */
static enum gb_err not_for_sale(struct talk *talk, struct str location_id) {
    struct location location;
    enum gb_err err = location_get(talk->work, location_id, &location);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    bool full = err == GB_OK && !location.hidden;
    talk_toast(talk, full ? TEXT_TOAST_FULL : TEXT_TOAST_NOT_SOLD);
    return buy_open(talk);
}

/* More time for a subscription: its location may be full or hidden by now. */
static enum gb_err renewal_open(struct talk *talk) {
    struct str location_id, renews;
    struct location location;
    enum gb_err err =
        place_read(talk->work, talk->user.id, talk->press.args[0], &location_id, &renews);
    if (err == GB_OK) {
        err = location_get(talk->work, location_id, &location);
    }
    if (err == GB_NOT_FOUND) {
        talk_toast(talk, TEXT_TOAST_NOT_SOLD);
        return buy_open(talk);
    }
    return err == GB_OK ? tariffs_show(talk, &location, talk->press.args[0], false) : err;
}

enum gb_err buy_location(struct talk *talk) {
    const struct location *locations;
    size_t count;
    if (str_starts(talk->press.args[0], STR("="))) {
        return renewal_open(talk);
    }
    enum gb_err err = catalog_locations(talk->work, &locations, &count);
    if (err != GB_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_equal(locations[i].id, talk->press.args[0])) {
            return tariffs_show(talk, &locations[i], locations[i].id, count == 1);
        }
    }
    return not_for_sale(talk, talk->press.args[0]);
}

/* The tariff if it is sold in that location now. GB_NOT_FOUND: one of them is gone. */
static enum gb_err offer_find(struct talk *talk, struct location *ret_location,
                              struct tariff *ret_tariff) {
    struct str location_id, renews;
    enum gb_err err =
        place_read(talk->work, talk->user.id, talk->press.args[0], &location_id, &renews);
    if (err == GB_OK) {
        err = location_get(talk->work, location_id, ret_location);
    }
    if (err != GB_OK) {
        return err;
    }
    const struct tariff *tariffs;
    size_t count;
    err = catalog_tariffs(talk->work, location_id, &tariffs, &count);
    if (err != GB_OK) {
        return err;
    }
    for (size_t i = 0; i < count && (!ret_location->hidden || renews.n > 0); i++) {
        if (str_equal(tariffs[i].id, talk->press.args[1])) {
            *ret_tariff = tariffs[i];
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

enum gb_err buy_tariff(struct talk *talk) {
    struct location location;
    struct tariff tariff;
    enum gb_err err = offer_find(talk, &location, &tariff);
    if (err == GB_NOT_FOUND) {
        talk_toast(talk, TEXT_TOAST_NOT_SOLD);
        return buy_open(talk);
    }
    if (err != GB_OK) {
        return err;
    }
    const struct provider *providers[4];
    size_t count;
    provider_list(talk->work, &tariff, providers, &count);
    talk_show(talk, PLACE_BUY_WAY, STR_NONE,
              screen_ways(&talk->voice, &location, talk->press.args[0], &tariff, providers, count));
    return GB_OK;
}

/* An invoice in Stars is a message of its own kind: it comes below, and cannot be changed later. */
static enum gb_err stars_show(struct talk *talk, const struct payment *payment, bool before) {
    struct work *work = talk->work;
    if (before) {
        struct scene scene;
        enum gb_err err = scene_read(work, talk->user.id, &scene);
        if (err != GB_OK) {
            return err;
        }
        if (scene.place == PLACE_BUY_INVOICE && str_equal(scene.about, payment->id) &&
            work->now_ms - scene.at_ms < DOUBLE_PRESS_MS) {
            talk_toast(talk, TEXT_TOAST_INVOICE_SENT);
            return GB_OK;
        }
    }
    struct sale sale;
    enum gb_err err = lookup_sale(work, payment, &sale);
    if (err != GB_OK) {
        return err;
    }
    const struct voice *voice = &talk->voice;
    struct str terms = say_terms(voice, sale.order->days, sale.order->traffic_gb);
    struct screen *screen = screen_stars(voice, &sale);
    post_invoice(work, &(struct tg_invoice){
                           .chat_id = talk->user.id,
                           .title = SAY(voice, TEXT_STARS_TITLE,
                                        {PARAM_LOCATION, say_location(voice, sale.location)}),
                           .description = SAY(voice, TEXT_STARS_ABOUT, {PARAM_TARIFF, terms}),
                           .payload = payment->id,
                           .label = terms,
                           .stars = payment->amount_minor,
                           .keyboard = screen_keyboard(screen),
                       });
    scene_write(work, talk->user.id,
                &(struct scene){PLACE_BUY_INVOICE, 0, payment->id, work->now_ms});
    return GB_OK;
}

enum gb_err buy_way(struct talk *talk) {
    const struct provider *provider = provider_find(talk->work, talk->press.args[2]);
    struct payment payment;
    enum gb_err err = GB_NOT_FOUND;
    if (provider != NULL) {
        err = payment_start(talk->work, talk->user.id, talk->press.args[1], talk->press.args[0],
                            talk->press.args[2], &payment);
    }
    if (err == GB_NOT_FOUND) {
        talk_toast(talk, TEXT_TOAST_NOT_SOLD);
        return buy_open(talk);
    }
    if (err == GB_LATER) {
        talk_toast(talk, TEXT_TOAST_FULL);
        return buy_open(talk);
    }
    if (err == GB_REFUSED) {
        talk_toast(talk, TEXT_TOAST_TOO_MANY);
        return GB_OK;
    }
    if (err != GB_OK && err != GB_EXISTS) {
        return err;
    }
    return provider->stars ? stars_show(talk, &payment, err == GB_EXISTS)
                           : invoice_show(talk, &payment);
}

#include "bot/screens.h"

#include "base/arena.h"
#include "bot/picture.h"
#include "bot/screen.h"
#include "bot/voice.h"
#include "shop/catalog.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/renewals.h"
#include "shop/subscriptions.h"
#include "shop/users.h"

#define HTML_BYTES_MAX (16 * 1024)

/* ---- the menu, help, language */

static void menu_buttons(struct screen *screen) {
    const struct voice *voice = screen->voice;
    screen_line(screen, say(voice, TEXT_BUTTON_BUY), TO(PRESS_BUY));
    screen_line(screen, say(voice, TEXT_BUTTON_SUBS), TO(PRESS_SUBS));
    screen_button(screen, say(voice, TEXT_BUTTON_HELP), TO(PRESS_HELP));
    screen_button(screen, say(voice, TEXT_BUTTON_REMINDERS), TO(PRESS_REMINDERS));
    screen_row(screen);
    screen_line(screen, say(voice, TEXT_BUTTON_LANGUAGE), TO(PRESS_LANGUAGE));
}

struct screen *screen_menu(const struct voice *voice) {
    struct screen *screen = screen_new(voice, 5);
    screen->html = SAY(voice, TEXT_MENU, {PARAM_SHOP, voice->shop});
    menu_buttons(screen);
    return screen;
}

struct screen *screen_hint(const struct voice *voice) {
    struct screen *screen = screen_new(voice, 5);
    screen->html = say(voice, TEXT_HINT);
    menu_buttons(screen);
    return screen;
}

#define ZONE_HOUR_FIRST 2 /* Kaliningrad to Kamchatka */
#define ZONE_HOUR_LAST  12

struct screen *screen_reminders(const struct voice *voice, const struct user *user) {
    struct screen *screen = screen_new(voice, ZONE_HOUR_LAST - ZONE_HOUR_FIRST + 5);
    struct str zone =
        user->has_zone ? say_zone(voice, user->zone_min) : say(voice, TEXT_BUTTON_ZONE_SHOP);
    screen->html =
        SAY(voice, user->muted ? TEXT_REMINDERS_OFF : TEXT_REMINDERS_ON, {PARAM_ZONE, zone});
    for (int64_t hour = ZONE_HOUR_FIRST; hour <= ZONE_HOUR_LAST; hour++) {
        screen_button(screen, say_zone(voice, hour * 60),
                      TO(PRESS_ZONE, .args = {arena_printf(voice->arena, "%" PRId64, hour * 60)}));
        if ((hour - ZONE_HOUR_FIRST) % 4 == 3) {
            screen_row(screen);
        }
    }
    screen_row(screen);
    screen_line(screen, say(voice, TEXT_BUTTON_ZONE_SHOP), TO(PRESS_ZONE, .args = {STR("shop")}));
    screen_line(screen, say(voice, user->muted ? TEXT_BUTTON_UNMUTE : TEXT_BUTTON_MUTE),
                TO(PRESS_MUTE, .args = {user->muted ? STR("0") : STR("1")}));
    screen_back(screen, PLACE_REMINDERS, STR_NONE);
    return screen;
}

/* "@name", "t.me/name" or a link -> a link Telegram takes; empty if it is none of these. */
static struct str support_link(const struct voice *voice) {
    struct str support = voice->support;
    if (str_starts(support, STR("https://")) || str_starts(support, STR("http://"))) {
        return support;
    }
    if (str_starts(support, STR("@")) && support.n > 1) {
        return arena_printf(voice->arena, "https://t.me/" STR_FMT,
                            STR_ARG(str_sub(support, 1, support.n)));
    }
    if (str_starts(support, STR("t.me/"))) {
        return arena_printf(voice->arena, "https://" STR_FMT, STR_ARG(support));
    }
    return STR_NONE;
}

struct screen *screen_help(const struct voice *voice) {
    struct screen *screen = screen_new(voice, 3);
    struct buf html;
    buf_init(&html, voice->arena, HTML_BYTES_MAX);
    buf_add(&html, say(voice, TEXT_HELP));
    if (voice->support.n > 0) {
        buf_add_text(&html, "\n\n");
        buf_add(&html, SAY(voice, TEXT_HELP_SUPPORT, {PARAM_SUPPORT, voice->support}));
        struct str url = support_link(voice);
        if (url.n > 0) {
            screen_link(screen, say(voice, TEXT_BUTTON_SUPPORT), url);
            screen_row(screen);
        }
    }
    screen->html = buf_str(&html);
    screen_back(screen, PLACE_HELP, STR_NONE);
    return screen;
}

struct screen *screen_language(const struct voice *voice) {
    static const struct {
        enum language language;
        struct str argument;
    } choices[LANGUAGE_COUNT] = {
        {LANGUAGE_RU, STR_INIT("ru")},
        {LANGUAGE_EN, STR_INIT("en")},
    };
    struct screen *screen = screen_new(voice, LANGUAGE_COUNT + 2);
    screen->html = say(voice, TEXT_LANGUAGE);
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        /* Each in its own words: who is lost in a foreign language finds the way out. */
        struct str name = text_get(voice->texts, choices[i].language, TEXT_LANGUAGE_NAME);
        if (choices[i].language == voice->language) {
            name = arena_printf(voice->arena, "✓ " STR_FMT, STR_ARG(name));
        }
        screen_line(screen, name, TO(PRESS_SET_LANGUAGE, .args = {choices[i].argument}));
    }
    screen_back(screen, PLACE_LANGUAGE, STR_NONE);
    return screen;
}

/* ---- buying */

struct screen *screen_locations(const struct voice *voice, const struct location *locations,
                                size_t count) {
    struct screen *screen = screen_new(voice, count + 2);
    screen->html = say(voice, count > 0 ? TEXT_BUY_LOCATION : TEXT_BUY_NOTHING);
    for (size_t i = 0; i < count; i++) {
        screen_line(screen, say_location(voice, &locations[i]),
                    TO(PRESS_LOCATION, .args = {locations[i].id}));
    }
    screen_back(screen, PLACE_BUY_LOCATION, STR_NONE);
    return screen;
}

struct screen *screen_tariffs(const struct voice *voice, const struct location *location,
                              struct str place, const struct tariff *tariffs, size_t count,
                              bool only) {
    struct screen *screen = screen_new(voice, count + 2);
    screen->html = SAY(voice, count > 0 ? TEXT_BUY_TARIFF : TEXT_BUY_NO_TARIFF,
                       {PARAM_LOCATION, say_location(voice, location)});
    for (size_t i = 0; i < count; i++) {
        screen_line(screen,
                    SAY(voice, TEXT_TARIFF_LINE, {PARAM_TARIFF, say_tariff(voice, &tariffs[i])},
                        {PARAM_PRICE, say_tariff_price(voice, &tariffs[i])}),
                    TO(PRESS_TARIFF, .args = {place, tariffs[i].id}));
    }
    screen_back(screen, only ? PLACE_BUY_LOCATION : PLACE_BUY_TARIFF, STR_NONE);
    return screen;
}

static struct str way_name(const struct voice *voice, const struct provider *provider) {
    enum text text;
    return text_find(provider->text_key, &text) == GB_OK ? say(voice, text)
                                                         : str_of(provider->name);
}

struct screen *screen_ways(const struct voice *voice, const struct location *location,
                           struct str place, const struct tariff *tariff,
                           const struct provider *const *providers, size_t count) {
    struct screen *screen = screen_new(voice, count + 2);
    screen->html = count == 0
                       ? say(voice, TEXT_BUY_NO_WAY)
                       : SAY(voice, TEXT_BUY_WAY, {PARAM_LOCATION, say_location(voice, location)},
                             {PARAM_TARIFF, say_tariff(voice, tariff)});
    for (size_t i = 0; i < count; i++) {
        struct str price = providers[i]->stars
                               ? say_price(voice, tariff->stars, STR("XTR"))
                               : say_price(voice, tariff->price_minor, voice->currency);
        screen_line(screen,
                    SAY(voice, TEXT_WAY_LINE, {PARAM_WAY, way_name(voice, providers[i])},
                        {PARAM_PRICE, price}),
                    TO(PRESS_WAY, .args = {place, tariff->id, str_of(providers[i]->name)}));
    }
    screen_back(screen, PLACE_BUY_WAY, place);
    return screen;
}

/* ---- the invoice and what becomes of it */

static struct str sale_terms(const struct voice *voice, const struct sale *sale) {
    return say_terms(voice, sale->order->days, sale->order->traffic_gb);
}

static struct str sale_price(const struct voice *voice, const struct sale *sale) {
    return say_price(voice, sale->payment->amount_minor, sale->payment->currency);
}

/* The way out first: there is nothing to do here but to wait. */
static struct screen *screen_preparing(const struct voice *voice, const struct sale *sale) {
    struct screen *screen = screen_new(voice, 2);
    screen->html =
        SAY(voice, TEXT_INVOICE_PREPARING, {PARAM_LOCATION, say_location(voice, sale->location)},
            {PARAM_TARIFF, sale_terms(voice, sale)});
    screen_back(screen, PLACE_BUY_INVOICE, sale->payment->id);
    screen_line(screen, say(voice, TEXT_BUTTON_CANCEL),
                TO(PRESS_CANCEL, .args = {sale->payment->id}));
    return screen;
}

static struct screen *screen_invoice(const struct voice *voice, const struct sale *sale,
                                     bool not_paid) {
    const struct payment *payment = sale->payment;
    struct screen *screen = screen_new(voice, 4);
    struct str price = sale_price(voice, sale);
    screen->html = SAY(voice, TEXT_INVOICE_READY, {PARAM_PRICE, price},
                       {PARAM_LOCATION, say_location(voice, sale->location)},
                       {PARAM_TARIFF, sale_terms(voice, sale)},
                       {PARAM_UNTIL, say_moment(voice, payment->shown_until_ms)});
    if (not_paid) {
        struct str line =
            SAY(voice, TEXT_INVOICE_NOT_PAID, {PARAM_TIME, say_moment(voice, voice->now_ms)});
        screen->html = arena_printf(voice->arena, STR_FMT "\n\n" STR_FMT, STR_ARG(screen->html),
                                    STR_ARG(line));
    }
    screen_link(screen, SAY(voice, TEXT_BUTTON_PAY, {PARAM_PRICE, price}), payment->url);
    screen_row(screen);
    screen_line(screen, say(voice, TEXT_BUTTON_CHECK), TO(PRESS_CHECK, .args = {payment->id}));
    screen_line(screen, say(voice, TEXT_BUTTON_CANCEL), TO(PRESS_CANCEL, .args = {payment->id}));
    screen_back(screen, PLACE_BUY_INVOICE, payment->id);
    return screen;
}

/* An invoice that is over: the same choice once more, or the menu. */
static struct screen *screen_over(const struct voice *voice, const struct sale *sale,
                                  struct str html) {
    struct screen *screen = screen_new(voice, 2);
    screen->html = html;
    screen_line(screen, say(voice, TEXT_BUTTON_AGAIN),
                TO(PRESS_TARIFF, .args = {sale->order->location, sale->order->tariff}));
    screen_line(screen, say(voice, TEXT_BUTTON_TO_MENU), TO(PRESS_MENU));
    return screen;
}

struct screen *screen_invoice_failed(const struct voice *voice, const struct sale *sale) {
    return screen_over(voice, sale, say(voice, TEXT_INVOICE_FAILED));
}

struct screen *screen_news(const struct voice *voice, struct str html) {
    struct screen *screen = screen_new(voice, 2);
    screen->html = html;
    screen_button(screen, say(voice, TEXT_BUTTON_SUBS), TO(PRESS_SUBS));
    screen_button(screen, say(voice, TEXT_BUTTON_MENU), TO(PRESS_MENU));
    screen_row(screen);
    return screen;
}

/* What is gone is bought anew. */
static struct str renewable_place(const struct voice *voice,
                                  const struct subscription *subscription) {
    return subscription->state == SUBSCRIPTION_REMOVED
               ? subscription->location
               : renewal_place(voice->arena, subscription->id);
}

struct screen *screen_reminder(const struct voice *voice, const struct subscription *subscription,
                               struct str html, bool may_mute) {
    struct screen *screen = screen_new(voice, 3);
    screen->html = html;
    screen_line(screen, say(voice, TEXT_BUTTON_RENEW),
                TO(PRESS_LOCATION, .args = {renewable_place(voice, subscription)}));
    screen_button(screen, say(voice, TEXT_BUTTON_SUBS), TO(PRESS_SUBS));
    if (may_mute) {
        screen_button(screen, say(voice, TEXT_BUTTON_MUTE), TO(PRESS_MUTE, .args = {STR("1")}));
    }
    screen_row(screen);
    return screen;
}

struct screen *screen_payment(const struct voice *voice, const struct sale *sale, bool not_paid) {
    switch ((enum payment_state)sale->payment->state) {
    case PAYMENT_CREATED:
        return screen_preparing(voice, sale);
    case PAYMENT_PENDING:
        return sale->payment->url.n > 0 ? screen_invoice(voice, sale, not_paid)
                                        : screen_preparing(voice, sale);
    case PAYMENT_PAID:
        return screen_news(voice, say(voice, TEXT_PAID));
    case PAYMENT_EXPIRED:
        return screen_over(
            voice, sale, SAY(voice, TEXT_INVOICE_EXPIRED, {PARAM_PRICE, sale_price(voice, sale)}));
    case PAYMENT_REVIEW:
        return screen_news(voice, say(voice, TEXT_MONEY_IN_REVIEW));
    case PAYMENT_CANCELED:
    case PAYMENT_REFUNDED:
        break;
    }
    return screen_over(voice, sale, say(voice, TEXT_INVOICE_CANCELED));
}

struct screen *screen_stars(const struct voice *voice, const struct sale *sale) {
    struct screen *screen = screen_new(voice, 2);
    screen_pay(screen, SAY(voice, TEXT_BUTTON_PAY, {PARAM_PRICE, sale_price(voice, sale)}));
    screen_row(screen);
    screen_line(screen, say(voice, TEXT_BUTTON_TO_MENU), TO(PRESS_MENU, .fresh = true));
    return screen;
}

/* ---- access and subscriptions */

/* The picture's message stays; what its buttons open comes below it. */
static struct screen *screen_picture(const struct voice *voice, struct str html, struct str link) {
    struct screen *screen = screen_new(voice, 2);
    screen->html = html;
    if (picture_qr(voice->arena, link, &screen->png) != GB_OK) {
        screen->png = STR_NONE;
    }
    screen_button(screen, say(voice, TEXT_BUTTON_SUBS), TO(PRESS_SUBS, .fresh = true));
    screen_button(screen, say(voice, TEXT_BUTTON_MENU), TO(PRESS_MENU, .fresh = true));
    screen_row(screen);
    return screen;
}

struct screen *screen_access_ready(const struct voice *voice, const struct access *access) {
    const struct subscription *subscription = access->subscription;
    struct str html = SAY(
        voice, TEXT_ACCESS_READY, {PARAM_LOCATION, say_location(voice, access->location)},
        {PARAM_LINK, access->link}, {PARAM_UNTIL, say_date(voice, subscription->target_expires_ms)},
        {PARAM_TRAFFIC, say_traffic(voice, subscription->traffic_gb)});
    return screen_picture(voice, html, access->link);
}

struct screen *screen_qr(const struct voice *voice, const struct access *access) {
    struct str html = SAY(voice, TEXT_QR, {PARAM_LOCATION, say_location(voice, access->location)},
                          {PARAM_UNTIL, say_date(voice, access->subscription->target_expires_ms)});
    return screen_picture(voice, html, access->link);
}

enum status { WAITING, ACTIVE, ENDED, REFUSED };

/* What is over by the clock is over for the eye, whether or not a job has noticed yet. */
static enum status status_of(const struct voice *voice, const struct subscription *subscription) {
    switch ((enum subscription_state)subscription->state) {
    case SUBSCRIPTION_WAITING:
        return WAITING;
    case SUBSCRIPTION_REFUSED:
        return REFUSED;
    case SUBSCRIPTION_ACTIVE:
        return subscription->target_expires_ms > voice->now_ms ? ACTIVE : ENDED;
    case SUBSCRIPTION_ENDED:
    case SUBSCRIPTION_REMOVED:
        break;
    }
    return ENDED;
}

struct screen *screen_subs(const struct voice *voice, const struct access *accesses, size_t count) {
    struct screen *screen = screen_new(voice, count + 2);
    if (count == 0) {
        screen->html = say(voice, TEXT_SUBS_NONE);
        screen_line(screen, say(voice, TEXT_BUTTON_BUY), TO(PRESS_BUY));
    } else {
        screen->html = say(voice, TEXT_SUBS);
    }
    for (size_t i = 0; i < count; i++) {
        const struct subscription *subscription = accesses[i].subscription;
        enum text mark = (enum text)(TEXT_MARK_WAITING + status_of(voice, subscription));
        screen_line(screen,
                    SAY(voice, TEXT_SUBS_LINE, {PARAM_STATUS, say(voice, mark)},
                        {PARAM_LOCATION, say_location(voice, accesses[i].location)},
                        {PARAM_UNTIL, say_date(voice, subscription->target_expires_ms)}),
                    TO(PRESS_SUB, .args = {subscription->id}));
    }
    screen_back(screen, PLACE_SUBS_LIST, STR_NONE);
    return screen;
}

static struct str sub_traffic(const struct voice *voice, const struct subscription *subscription) {
    if (subscription->traffic_gb == 0) {
        return say(voice, TEXT_SUB_TRAFFIC_FREE);
    }
    struct str whole = say_traffic(voice, subscription->traffic_gb);
    if (subscription->used_at_ms == 0) {
        return SAY(voice, TEXT_SUB_TRAFFIC_ASKED, {PARAM_TRAFFIC, whole});
    }
    return SAY(voice, TEXT_SUB_TRAFFIC,
               {PARAM_LEFT, say_gb_tenths(voice, subscription_gb_left_tenths(subscription))},
               {PARAM_TRAFFIC, whole}, {PARAM_TIME, say_moment(voice, subscription->used_at_ms)});
}

/* The lines below the head of one subscription. */
static void sub_lines(struct buf *html, const struct voice *voice, const struct access *access,
                      enum status status) {
    const struct subscription *subscription = access->subscription;
    struct str until = say_date(voice, subscription->target_expires_ms);
    switch (status) {
    case WAITING:
        buf_add(html, say(voice, TEXT_SUB_WAITING));
        return;
    case REFUSED:
        buf_add(html, say(voice, TEXT_SUB_REFUSED));
        return;
    case ENDED:
        buf_add(html, SAY(voice, TEXT_SUB_ENDED, {PARAM_UNTIL, until}));
        return;
    case ACTIVE:
        break;
    }
    int64_t days = subscription_days_left(subscription, voice->now_ms);
    buf_add(html, SAY(voice, TEXT_SUB_UNTIL, {PARAM_UNTIL, until},
                      {PARAM_LEFT, say_days_left(voice, days)}));
    buf_add_char(html, '\n');
    buf_add(html, sub_traffic(voice, subscription));
    if (access->link.n > 0) {
        buf_add_text(html, "\n\n");
        buf_add(html, SAY(voice, TEXT_SUB_LINK, {PARAM_LINK, access->link}));
    }
}

struct screen *screen_sub(const struct voice *voice, const struct access *access) {
    const struct subscription *subscription = access->subscription;
    enum status status = status_of(voice, subscription);
    struct screen *screen = screen_new(voice, 5);
    struct buf html;
    buf_init(&html, voice->arena, HTML_BYTES_MAX);
    buf_add(&html,
            SAY(voice, TEXT_SUB_HEAD, {PARAM_LOCATION, say_location(voice, access->location)},
                {PARAM_STATUS, say(voice, (enum text)(TEXT_STATUS_WAITING + status))}));
    buf_add_text(&html, "\n\n");
    sub_lines(&html, voice, access, status);
    screen->html = buf_str(&html);
    if (status == ACTIVE && access->link.n > 0) {
        screen_button(screen, say(voice, TEXT_BUTTON_QR),
                      TO(PRESS_SUB_QR, .args = {subscription->id}));
    }
    if (subscription->state == SUBSCRIPTION_ACTIVE || subscription->state == SUBSCRIPTION_ENDED) {
        screen_button(screen, say(voice, TEXT_BUTTON_RENEW),
                      TO(PRESS_LOCATION, .args = {renewal_place(voice->arena, subscription->id)}));
        screen_row(screen);
    }
    screen_button(screen, say(voice, TEXT_BUTTON_BUY_MORE),
                  TO(PRESS_LOCATION, .args = {subscription->location}));
    screen_row(screen);
    screen_back(screen, PLACE_SUBS_ONE, STR_NONE);
    return screen;
}

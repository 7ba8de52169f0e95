/* screens.h: every screen of the bot, as a pure function from what is known to text and buttons.
 *
 * On the way of a purchase the first button leads forward. Every screen has a way back.
 */
#ifndef BOT_SCREENS_H
#define BOT_SCREENS_H

#include "base/base.h"

struct job;
struct job_run;
struct location;
struct order;
struct payment;
struct provider;
struct screen;
struct server;
struct subscription;
struct tariff;
struct user;
struct voice;

/* A payment with what it is for. */
struct sale {
    const struct payment *payment;
    const struct order *order;
    const struct location *location;
};

/* A subscription with its place and link. */
struct access {
    const struct subscription *subscription;
    const struct location *location;
    struct str link; /* empty while there is none */
};

struct screen *screen_menu(const struct voice *voice);
struct screen *screen_hint(const struct voice *voice); /* the menu, for who wrote some words */
struct screen *screen_help(const struct voice *voice);
struct screen *screen_language(const struct voice *voice);
struct screen *screen_reminders(const struct voice *voice, const struct user *user);

struct screen *screen_locations(const struct voice *voice, const struct location *locations,
                                size_t count);
/* `place`: what is bought, a location or a subscription to renew (shop/renewals.h). `only`: there
 * is no other location, so the way back is the menu. */
struct screen *screen_tariffs(const struct voice *voice, const struct location *location,
                              struct str place, const struct tariff *tariffs, size_t count,
                              bool only);
struct screen *screen_ways(const struct voice *voice, const struct location *location,
                           struct str place, const struct tariff *tariff,
                           const struct provider *const *providers, size_t count);

/* What there is to see of a payment in its state: invoice, thanks, or that it is over. `not_paid`:
 * "I have paid" was pressed, and the provider says no. */
struct screen *screen_payment(const struct voice *voice, const struct sale *sale, bool not_paid);
struct screen *screen_invoice_failed(const struct voice *voice, const struct sale *sale);
/* Only the buttons below an invoice in Stars; the rest Telegram draws. */
struct screen *screen_stars(const struct voice *voice, const struct sale *sale);
/* News about money or access in plain words, with the two buttons that help. */
struct screen *screen_news(const struct voice *voice, struct str html);

/* What time brings about a subscription: renew it, hear no more of it. */
struct screen *screen_reminder(const struct voice *voice, const struct subscription *subscription,
                               struct str html, bool may_mute);

/* With the picture of the link; without it if the link is too long for one. */
struct screen *screen_access_ready(const struct voice *voice, const struct access *access);
struct screen *screen_qr(const struct voice *voice, const struct access *access);
struct screen *screen_subs(const struct voice *voice, const struct access *accesses, size_t count);
struct screen *screen_sub(const struct voice *voice, const struct access *access);

struct screen *screen_admin(const struct voice *voice, const struct server *servers,
                            const struct location *locations, size_t count);
struct screen *screen_jobs(const struct voice *voice, const struct job *jobs, size_t count);
struct screen *screen_job(const struct voice *voice, const struct job *job,
                          const struct job_run *runs, size_t count);

#endif

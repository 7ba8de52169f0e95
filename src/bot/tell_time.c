/* tell_time.c: what time brings to a buyer: reminders, the end, a last warning; and more time.
 *
 * A reminder is rather lost than said twice. What is said at night comes without a sound.
 */
#include "bot/tell.h"

#include "base/num.h"
#include "bot/post.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "shop/due.h"
#include "shop/subscriptions.h"
#include "shop/users.h"
#include "state/notices.h"
#include "state/work.h"

enum gb_err tell_renewed(struct telling *t) {
    struct subscription subscription;
    struct access access;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err == GB_OK) {
        tell_buyer(
            t, 0,
            screen_news(&t->voice,
                        SAY(&t->voice, TEXT_RENEWED,
                            {PARAM_LOCATION, say_location(&t->voice, access.location)},
                            {PARAM_UNTIL, say_date(&t->voice, subscription.target_expires_ms)})));
    }
    return err;
}

/* Until when a reminder may leave: not at night, nor next to a newer one on the next morning, nor
 * of an end that has come. So a shop that was away in between says nothing that is wrong by now. */
static enum gb_err useful_until(struct telling *t, const struct subscription *subscription,
                                struct screen *screen) {
    struct user user;
    enum gb_err err = user_get(t->work, t->notice->user, &user);
    if (err == GB_OK) {
        int64_t end_ms = subscription->target_expires_ms;
        int64_t evening_ms = due_evening_ms(t->work, &user);
        screen->until_ms = end_ms > t->work->now_ms ? GB_MIN(end_ms, evening_ms) : evening_ms;
    }
    return err;
}

static enum gb_err post_reminder(struct telling *t, const struct subscription *subscription,
                                 struct screen *screen) {
    enum gb_err err = t->reachable ? useful_until(t, subscription, screen) : GB_OK;
    if (err == GB_OK && t->reachable) {
        post_screen(t->work, t->notice->user, 0, screen, POST_REMINDER);
    }
    return err;
}

static enum gb_err remind(struct telling *t, const struct subscription *subscription,
                          struct str html) {
    return post_reminder(t, subscription, screen_reminder(&t->voice, subscription, html, true));
}

enum gb_err tell_ends_soon(struct telling *t) {
    struct subscription subscription;
    struct access access;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err == GB_OK) {
        int64_t days = subscription_days_left(&subscription, t->work->now_ms);
        err = remind(t, &subscription,
                     SAY(&t->voice, TEXT_REMIND_ENDS,
                         {PARAM_LOCATION, say_location(&t->voice, access.location)},
                         {PARAM_LEFT, say_days_left(&t->voice, days)},
                         {PARAM_UNTIL, say_moment(&t->voice, subscription.target_expires_ms)}));
    }
    return err;
}

enum gb_err tell_traffic_low(struct telling *t) {
    struct subscription subscription;
    struct access access;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err == GB_OK) {
        struct str left = say_gb_tenths(&t->voice, subscription_gb_left_tenths(&subscription));
        err = remind(t, &subscription,
                     SAY(&t->voice, TEXT_REMIND_TRAFFIC,
                         {PARAM_LOCATION, say_location(&t->voice, access.location)},
                         {PARAM_N, t->notice->extra}, {PARAM_LEFT, left}));
    }
    return err;
}

enum gb_err tell_unused(struct telling *t) {
    struct subscription subscription;
    struct access access;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err == GB_OK) {
        struct screen *screen =
            screen_news(&t->voice, SAY(&t->voice, TEXT_REMIND_UNUSED,
                                       {PARAM_LOCATION, say_location(&t->voice, access.location)}));
        err = post_reminder(t, &subscription, screen);
    }
    return err;
}

enum gb_err tell_win_back(struct telling *t) {
    struct subscription subscription;
    struct access access;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err == GB_OK) {
        err = remind(t, &subscription,
                     SAY(&t->voice, TEXT_REMIND_WIN_BACK, {PARAM_SHOP, t->voice.shop},
                         {PARAM_LOCATION, say_location(&t->voice, access.location)}));
    }
    return err;
}

/* ---- the end */

static enum gb_err tell_end(struct telling *t, enum text text) {
    struct subscription subscription;
    struct access access;
    struct user user;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err == GB_OK) {
        err = user_get(t->work, subscription.user, &user);
    }
    if (err != GB_OK) {
        return err;
    }
    int64_t removed_ms = due_removed_ms(t->work, &subscription);
    struct str html =
        SAY(&t->voice, text, {PARAM_LOCATION, say_location(&t->voice, access.location)},
            {PARAM_UNTIL, say_date(&t->voice, removed_ms)});
    struct screen *screen = screen_reminder(&t->voice, &subscription, html, false);
    screen->silent = due_is_quiet(t->work, &user);
    tell_buyer(t, 0, screen);
    return GB_OK;
}

enum gb_err tell_ended(struct telling *t) {
    return tell_end(t, TEXT_ENDED);
}

enum gb_err tell_removed_soon(struct telling *t) {
    return tell_end(t, TEXT_REMOVED_SOON);
}

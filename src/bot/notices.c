/* notices.c: what happened -> who hears it, and in which words.
 *
 * One function per kind of notice, chosen by a table. News about an invoice change the message that
 * shows it; news about money or access that nobody is looking at come as a message of their own.
 * Who has blocked the bot is told nothing: what they own waits under "My subscriptions".
 */
#include "state/notices.h"

#include "base/num.h"
#include "bot/bot.h"
#include "bot/dialogs.h"
#include "bot/lookup.h"
#include "bot/post.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/tell.h"
#include "bot/voice.h"
#include "shop/backups.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/subscriptions.h"
#include "shop/users.h"
#include "state/event.h"
#include "state/work.h"

#define WHY_CHARS_MAX 500

void tell_buyer(struct telling *t, int64_t message_id, const struct screen *screen) {
    if (t->reachable) {
        post_screen(t->work, t->notice->user, message_id, screen, POST_NEWS);
    }
}

/* The notice's payment as a whole. GB_NOT_FOUND: nothing to tell. */
static enum gb_err payment_find(struct telling *t, struct str id, struct payment *payment,
                                struct sale *sale) {
    enum gb_err err = payment_get(t->work, id, payment);
    return err == GB_OK ? lookup_sale(t->work, payment, sale) : err;
}

/* ---- invoices */

static enum gb_err invoice_changed(struct telling *t, bool not_paid) {
    struct payment payment;
    struct sale sale;
    enum gb_err err = payment_find(t, t->notice->about, &payment, &sale);
    if (err == GB_OK) {
        tell_buyer(t, payment.message_id, screen_payment(&t->voice, &sale, not_paid));
    }
    return err;
}

static enum gb_err tell_invoice_ready(struct telling *t) {
    return invoice_changed(t, false);
}

static enum gb_err tell_not_paid_yet(struct telling *t) {
    return invoice_changed(t, true);
}

static enum gb_err tell_invoice_failed(struct telling *t) {
    struct payment payment;
    struct sale sale;
    enum gb_err err = payment_find(t, t->notice->about, &payment, &sale);
    if (err == GB_OK) {
        tell_buyer(t, payment.message_id, screen_invoice_failed(&t->voice, &sale));
    }
    return err;
}

/* Of interest only where the dead invoice is still to be seen. */
static enum gb_err tell_invoice_expired(struct telling *t) {
    struct payment payment;
    struct sale sale;
    enum gb_err err = payment_find(t, t->notice->about, &payment, &sale);
    if (err == GB_OK && payment.message_id != 0) {
        tell_buyer(t, payment.message_id, screen_payment(&t->voice, &sale, false));
    }
    return err;
}

/* ---- money and access */

/* Money is in: the invoice loses its buttons. If it is not what the buyer sees last, the news comes
 * as a message too. */
static enum gb_err tell_order_paid(struct telling *t) {
    struct screen *screen = screen_news(&t->voice, say(&t->voice, TEXT_PAID));
    struct payment payment;
    enum gb_err err = payment_get(t->work, t->notice->extra, &payment);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    int64_t invoice = err == GB_OK ? payment.message_id : 0;
    struct scene scene;
    err = scene_read(t->work, t->notice->user, &scene);
    if (err != GB_OK) {
        return err;
    }
    if (invoice != 0) {
        tell_buyer(t, invoice, screen);
    }
    if (invoice == 0 || scene.message_id != invoice) {
        tell_buyer(t, 0, screen);
    }
    return GB_OK;
}

static enum gb_err tell_money_credited(struct telling *t) {
    tell_buyer(t, 0, screen_news(&t->voice, say(&t->voice, TEXT_MONEY_CREDITED)));
    return GB_OK;
}

enum gb_err tell_access_find(struct telling *t, struct subscription *subscription,
                             struct access *access) {
    enum gb_err err = subscription_get(t->work, t->notice->about, subscription);
    return err == GB_OK ? lookup_access(t->work, subscription, access) : err;
}

static enum gb_err tell_access_ready(struct telling *t) {
    struct subscription subscription;
    struct access access;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err == GB_OK) {
        tell_buyer(t, 0, screen_access_ready(&t->voice, &access));
    }
    return err;
}

/* Fresh figures change the screen that waits for them, if it still does. */
static enum gb_err tell_access_refreshed(struct telling *t) {
    struct subscription subscription;
    struct access access;
    enum gb_err err = tell_access_find(t, &subscription, &access);
    if (err != GB_OK) {
        return err;
    }
    struct scene scene;
    err = scene_read(t->work, t->notice->user, &scene);
    if (err != GB_OK) {
        return err;
    }
    bool shown = scene.place == PLACE_SUBS_ONE && scene.message_id != 0 &&
                 str_equal(scene.about, subscription.id);
    if (shown && t->reachable) {
        post_screen(t->work, t->notice->user, scene.message_id, screen_sub(&t->voice, &access),
                    POST_SCREEN);
    }
    return GB_OK;
}

/* ---- the owner's */

/* To each admin in their own language. */
enum gb_err tell_admins(struct telling *t, admin_words_fn *words, void *about) {
    const struct config *config = t->work->config;
    for (size_t i = 0; i < config->shop.admins.count; i++) {
        int64_t id = config->shop.admins.items[i];
        struct user user;
        enum gb_err err = user_get(t->work, id, &user);
        if (err == GB_NOT_FOUND) {
            user = (struct user){.id = id, .english = config->shop.language == LANGUAGE_EN};
        } else if (err != GB_OK) {
            return err;
        }
        struct voice voice = voice_of(t->work, user.english);
        struct screen *screen = screen_new(&voice, 1);
        screen->html = words(&voice, about);
        if (!user.unreachable && t->document.n > 0) {
            post_document(t->work, id, screen->html, t->document);
        } else if (!user.unreachable) {
            post_screen(t->work, id, 0, screen, POST_NEWS);
        }
    }
    return GB_OK;
}

static struct str buyer_name(const struct voice *voice, int64_t user) {
    return arena_printf(voice->arena, "%" PRId64, user);
}

/* A reason of the shop's in words; as it is, when there are none for it. */
static struct str why_words(const struct voice *voice, struct str why) {
    enum text text;
    struct buf key;
    buf_init(&key, voice->arena, 256);
    buf_add_text(&key, "why.");
    buf_add(&key, why);
    if (!key.failed && text_find(arena_cstr(voice->arena, buf_str(&key)), &text) == GB_OK) {
        return say(voice, text);
    }
    return utf8_is_valid(why) ? utf8_cut(why, WHY_CHARS_MAX) : STR("?");
}

struct review {
    struct str id;
    const struct payment *payment; /* NULL: money for no payment of ours */
    int64_t user;
    struct str why;
};

static struct str review_words(const struct voice *voice, void *about) {
    const struct review *review = about;
    struct str price = STR("?");
    if (review->payment != NULL) {
        price = say_price(voice, review->payment->amount_minor, review->payment->currency);
    }
    return SAY(voice, TEXT_ADMIN_REVIEW, {PARAM_ID, review->id},
               {PARAM_USER, buyer_name(voice, review->user)}, {PARAM_PRICE, price},
               {PARAM_WHY, why_words(voice, review->why)});
}

static enum gb_err tell_money_in_review(struct telling *t) {
    struct payment payment;
    enum gb_err err = payment_get(t->work, t->notice->about, &payment);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    bool known = err == GB_OK;
    struct review review = {
        .id = t->notice->about,
        .payment = known ? &payment : NULL,
        .user = t->notice->user,
        .why = t->notice->extra.n > 0 || !known ? t->notice->extra : payment.why,
    };
    /* An invoice that never had a link was never paid: its buyer hears that it could not be made.
     */
    if (!known || str_is(payment.currency, "XTR") || payment.url.n > 0) {
        tell_buyer(t, 0, screen_news(&t->voice, say(&t->voice, TEXT_MONEY_IN_REVIEW)));
    }
    return tell_admins(t, review_words, &review);
}

struct refusal {
    const struct order *order;
    const struct location *location;
    struct str why;
};

static struct str refusal_words(const struct voice *voice, void *about) {
    const struct refusal *refusal = about;
    return SAY(voice, TEXT_ADMIN_REFUSED, {PARAM_ID, refusal->order->id},
               {PARAM_USER, buyer_name(voice, refusal->order->user)},
               {PARAM_LOCATION, say_location(voice, refusal->location)},
               {PARAM_WHY, why_words(voice, refusal->why)});
}

static enum gb_err tell_delivery_refused(struct telling *t) {
    struct order order;
    struct refusal refusal = {.order = &order, .why = t->notice->extra};
    enum gb_err err = order_get(t->work, t->notice->about, &order);
    if (err == GB_OK) {
        err = lookup_location(t->work, order.location, &refusal.location);
    }
    if (err != GB_OK) {
        return err;
    }
    tell_buyer(t, 0, screen_news(&t->voice, say(&t->voice, TEXT_DELIVERY_REFUSED)));
    return tell_admins(t, refusal_words, &refusal);
}

static struct str flood_words(const struct voice *voice, void *about) {
    const struct notice *notice = about;
    int64_t pause_ms;
    if (num_i64(notice->extra, 0, INT64_MAX, &pause_ms) != GB_OK) {
        pause_ms = 0;
    }
    return SAY(voice, TEXT_ADMIN_FLOOD, {PARAM_USER, buyer_name(voice, notice->user)},
               {PARAM_LEFT, say_minutes(voice, pause_ms)});
}

static enum gb_err tell_flood(struct telling *t) {
    struct notice notice = *t->notice;
    return tell_admins(t, flood_words, &notice);
}

struct backup_news {
    struct backup made;
    enum text text;
};

static struct str backup_words(const struct voice *voice, void *about) {
    const struct backup_news *news = about;
    int64_t tenths = GB_MAX(news->made.bytes * 10 / (1024 * 1024), INT64_C(1));
    struct str size = arena_printf(voice->arena, "%" PRId64 STR_FMT "%" PRId64, tenths / 10,
                                   STR_ARG(say(voice, TEXT_DECIMAL_POINT)), tenths % 10);
    struct str what = SAY(voice, TEXT_ADMIN_BACKUP, {PARAM_SHOP, voice->shop},
                          {PARAM_TIME, say_date(voice, voice->now_ms)},
                          {PARAM_N, arena_printf(voice->arena, "%" PRId64, news->made.rows)},
                          {PARAM_SIZE, size}, {PARAM_ID, str_sub(news->made.sha256, 0, 16)});
    if (news->text == TEXT_ADMIN_BACKUP) {
        return what;
    }
    struct str more = SAY(voice, news->text, {PARAM_LINK, news->made.name});
    return arena_printf(voice->arena, STR_FMT "\n\n" STR_FMT, STR_ARG(what), STR_ARG(more));
}

/* The file itself where it may go; else why it does not. */
static enum gb_err tell_backup_made(struct telling *t) {
    struct backup_news news = {.text = TEXT_ADMIN_BACKUP};
    const struct config *config = t->work->config;
    if (!config->backup.send ||
        backup_read(t->work->arena, t->notice->extra, &news.made) != GB_OK) {
        return GB_OK;
    }
    if (!backup_is_sent(config) || !news.made.is_encrypted) {
        news.text = TEXT_ADMIN_BACKUP_OPEN;
    } else if (news.made.bytes > BACKUP_SEND_BYTES_MAX) {
        news.text = TEXT_ADMIN_BACKUP_LARGE;
    } else {
        t->document = news.made.name;
    }
    return tell_admins(t, backup_words, &news);
}

static struct str backup_failed_words(const struct voice *voice, void *about) {
    const struct notice *notice = about;
    return SAY(voice, TEXT_ADMIN_BACKUP_FAILED, {PARAM_WHY, why_words(voice, notice->extra)});
}

static enum gb_err tell_backup_failed(struct telling *t) {
    struct notice notice = *t->notice;
    return tell_admins(t, backup_failed_words, &notice);
}

/* ---- the table */

static tell_fn *const tellers[NOTICE_COUNT] = {
    [NOTICE_INVOICE_READY] = tell_invoice_ready,
    [NOTICE_INVOICE_FAILED] = tell_invoice_failed,
    [NOTICE_INVOICE_EXPIRED] = tell_invoice_expired,
    [NOTICE_NOT_PAID_YET] = tell_not_paid_yet,
    [NOTICE_ORDER_PAID] = tell_order_paid,
    [NOTICE_ACCESS_READY] = tell_access_ready,
    [NOTICE_ACCESS_REFRESHED] = tell_access_refreshed,
    [NOTICE_MONEY_IN_REVIEW] = tell_money_in_review,
    [NOTICE_MONEY_CREDITED] = tell_money_credited,
    [NOTICE_DELIVERY_REFUSED] = tell_delivery_refused,
    [NOTICE_BACKUP_MADE] = tell_backup_made,
    [NOTICE_BACKUP_FAILED] = tell_backup_failed,
    [NOTICE_FLOOD] = tell_flood,
    [NOTICE_RENEWED] = tell_renewed,
    [NOTICE_ENDS_SOON] = tell_ends_soon,
    [NOTICE_TRAFFIC_LOW] = tell_traffic_low,
    [NOTICE_UNUSED] = tell_unused,
    [NOTICE_WIN_BACK] = tell_win_back,
    [NOTICE_SUBSCRIPTION_ENDED] = tell_ended,
    [NOTICE_REMOVED_SOON] = tell_removed_soon,
    [NOTICE_DRIFT] = tell_drift,
    [NOTICE_SERVER_DOWN] = tell_server_down,
    [NOTICE_SERVER_UP] = tell_server_up,
    [NOTICE_SERVER_FULL] = tell_server_full,
    [NOTICE_SERVER_LOAD] = tell_server_load,
    [NOTICE_SERVER_UNPAID] = tell_server_unpaid,
    [NOTICE_DIGEST] = tell_digest,
};

enum gb_err bot_notice(struct work *work, const struct event *event) {
    struct telling t = {.work = work, .notice = event->notice};
    struct user user;
    enum gb_err err = user_get(work, event->notice->user, &user);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    bool known = err == GB_OK;
    t.reachable = known && !user.unreachable;
    t.voice = voice_of(work, known ? user.english : work->config->shop.language == LANGUAGE_EN);
    gb_assert(tellers[event->notice->kind] != NULL);
    err = tellers[event->notice->kind](&t);
    return err == GB_NOT_FOUND ? GB_OK : err; /* what it was about is gone: nothing to tell */
}

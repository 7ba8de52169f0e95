/* tell_owner.c: what the owner hears of servers, and of a day. */
#include "bot/tell.h"

#include "base/clock.h"
#include "base/num.h"
#include "shop/catalog.h"
#include "shop/figures.h"
#include "shop/sync.h"
#include "state/notices.h"
#include "state/work.h"

#define HTML_BYTES_MAX 4096

/* What a notice about a server says, whatever else it says. */
struct about_server {
    const struct notice *notice;
    struct server server;
    const struct config *config;
    enum text text;
    int64_t value;
};

static enum gb_err about_server(struct telling *t, enum text text, admin_words_fn *words) {
    struct about_server about = {.notice = t->notice, .config = t->work->config, .text = text};
    enum gb_err err = server_get(t->work, t->notice->about, &about.server);
    if (err != GB_OK) {
        return err;
    }
    if (num_i64(t->notice->extra, INT64_MIN, INT64_MAX, &about.value) != GB_OK) {
        about.value = 0;
    }
    return tell_admins(t, words, &about);
}

static struct str number(const struct voice *voice, int64_t n) {
    return arena_printf(voice->arena, "%" PRId64, n);
}

/* ---- servers */

static struct str silence_words(const struct voice *voice, void *ctx) {
    const struct about_server *about = ctx;
    return SAY(voice, about->text, {PARAM_SERVER, about->server.id},
               {PARAM_LEFT, say_minutes(voice, about->value)});
}

enum gb_err tell_server_down(struct telling *t) {
    return about_server(t, TEXT_ADMIN_SERVER_DOWN, silence_words);
}

enum gb_err tell_server_up(struct telling *t) {
    return about_server(t, TEXT_ADMIN_SERVER_UP, silence_words);
}

static struct str full_words(const struct voice *voice, void *ctx) {
    const struct about_server *about = ctx;
    return SAY(voice, about->text, {PARAM_SERVER, about->server.id},
               {PARAM_N, number(voice, about->server.users)},
               {PARAM_MAX, number(voice, about->server.users_max)});
}

enum gb_err tell_server_full(struct telling *t) {
    return about_server(t, TEXT_ADMIN_SERVER_FULL, full_words);
}

static struct str load_words(const struct voice *voice, void *ctx) {
    const struct about_server *about = ctx;
    return SAY(voice, about->text, {PARAM_SERVER, about->server.id},
               {PARAM_WHY, about->notice->extra});
}

enum gb_err tell_server_load(struct telling *t) {
    return about_server(t, TEXT_ADMIN_SERVER_LOAD, load_words);
}

static struct str unpaid_words(const struct voice *voice, void *ctx) {
    const struct about_server *about = ctx;
    int64_t until_ms = voice->now_ms + about->value * GB_DAY_MS;
    return SAY(voice, about->text, {PARAM_SERVER, about->server.id},
               {PARAM_UNTIL, say_date(voice, until_ms)},
               {PARAM_LEFT, say_days_left(voice, about->value)});
}

enum gb_err tell_server_unpaid(struct telling *t) {
    return about_server(t, TEXT_ADMIN_SERVER_UNPAID, unpaid_words);
}

/* ---- drift */

static void drift_line(struct buf *html, const struct voice *voice, enum text text, int64_t n,
                       int policy) {
    if (n == 0) {
        return;
    }
    buf_add_char(html, '\n');
    buf_add(html, say_with(voice, text, TEXT_ARGS({PARAM_N, number(voice, n)})));
    if (policy == DRIFT_HEAL) {
        buf_add_text(html, ", ");
        buf_add(html, say(voice, TEXT_ADMIN_DRIFT_HEALED));
    }
}

static struct str drift_words(const struct voice *voice, void *ctx) {
    const struct about_server *about = ctx;
    struct drift drift;
    struct buf html;
    buf_init(&html, voice->arena, HTML_BYTES_MAX);
    buf_add(&html, SAY(voice, TEXT_ADMIN_DRIFT, {PARAM_SERVER, about->server.id}));
    if (drift_read(about->notice->extra, &drift) == GB_OK) {
        drift_line(&html, voice, TEXT_ADMIN_DRIFT_MISSING, drift.missing,
                   about->config->drift.missing);
        drift_line(&html, voice, TEXT_ADMIN_DRIFT_EXPIRY, drift.expiry,
                   about->config->drift.expiry);
        drift_line(&html, voice, TEXT_ADMIN_DRIFT_DISABLED, drift.disabled,
                   about->config->drift.disabled);
    }
    return buf_str(&html);
}

enum gb_err tell_drift(struct telling *t) {
    return about_server(t, TEXT_ADMIN_DRIFT, drift_words);
}

/* ---- a day */

struct about_day {
    int64_t day;
    struct day_figures figures;
};

static const struct {
    enum figure figure;
    enum text text;
} digest_lines[] = {
    {FIGURE_USERS, TEXT_DIGEST_USERS},         {FIGURE_PAID, TEXT_DIGEST_PAID},
    {FIGURE_DELIVERED, TEXT_DIGEST_DELIVERED}, {FIGURE_RENEWED, TEXT_DIGEST_RENEWED},
    {FIGURE_ENDED, TEXT_DIGEST_ENDED},         {FIGURE_REMOVED, TEXT_DIGEST_REMOVED},
    {FIGURE_REMINDED, TEXT_DIGEST_REMINDED},
};

static struct str digest_words(const struct voice *voice, void *ctx) {
    const struct about_day *about = ctx;
    struct buf html;
    buf_init(&html, voice->arena, HTML_BYTES_MAX);
    buf_add(&html,
            SAY(voice, TEXT_DIGEST, {PARAM_UNTIL, clock_show_date(voice->arena, about->day)}));
    for (size_t i = 0; i < GB_COUNT(digest_lines); i++) {
        struct str n = number(voice, about->figures.sum[digest_lines[i].figure]);
        buf_add_char(&html, '\n');
        buf_add(&html, say_with(voice, digest_lines[i].text, TEXT_ARGS({PARAM_N, n})));
    }
    for (size_t i = 0; i < about->figures.income_count; i++) {
        struct str currency = about->figures.income[i].currency;
        if (money_digits(currency) >= 0) {
            struct str price = say_price(voice, about->figures.income[i].minor, currency);
            buf_add_char(&html, '\n');
            buf_add(&html, SAY(voice, TEXT_DIGEST_INCOME, {PARAM_PRICE, price}));
        }
    }
    return buf_str(&html);
}

enum gb_err tell_digest(struct telling *t) {
    struct about_day about;
    if (clock_parse_date(t->notice->about, &about.day) != GB_OK) {
        return GB_NOT_FOUND;
    }
    enum gb_err err = figures_of_day(t->work, about.day, &about.figures);
    return err == GB_OK ? tell_admins(t, digest_words, &about) : err;
}

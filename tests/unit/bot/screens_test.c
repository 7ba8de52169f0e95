/* Each screen with the longest and oddest data there can be, in both languages, within Telegram's
 * limits; and the map of all screens: every button leads somewhere, every screen has a way back. */
#include "bot/screens.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/zone.h"
#include "bot/bot.h"
#include "bot/routes.h"
#include "bot/screen.h"
#include "bot/voice.h"
#include "shop/catalog.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/subscriptions.h"
#include "shop/users.h"
#include "state/jobs.h"
#include "telegram/calls.h"
#include "telegram/html.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT_LENGTH_MAX    4096
#define CAPTION_LENGTH_MAX 1024
#define MARKUP_BYTES_MAX   (10 * 1024)

static struct arena *arena;
static struct texts *texts;
static struct voice voice;

static int setup(void **state) {
    (void)state;
    arena = arena_new(1 << 20, 256 << 20);
    texts = texts_new(arena);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct str repeat(const char *part, size_t times) {
    struct buf text;
    buf_init(&text, arena, 1 << 20);
    for (size_t i = 0; i < times; i++) {
        buf_add_text(&text, part);
    }
    return buf_str(&text);
}

/* ---- what there is to show, at its largest ---- */

static struct location location;
static struct location locations[CATALOG_MAX];
static struct tariff tariffs[CATALOG_MAX];
static struct server servers[CATALOG_MAX];
static struct order order;
static struct payment payment;
static struct subscription subscription;
static struct sale sale;
static struct access access_;
static const struct provider stars = {"stars", "way.stars", true, NULL};
static const struct provider test = {"test", "way.test", false, "pay:test"};
static const struct provider strange = {"strange", "way.not_in_texts", false, "pay:strange"};
static const struct provider *const providers[] = {&stars, &test, &strange};

static struct zone zone;

static void fill(enum language language) {
    zone = zone_fixed(14 * 3600);
    struct str odd = repeat("🇩🇪<&>\"Ё", 60);
    struct str id = repeat("x", 20);
    voice = (struct voice){
        .arena = arena,
        .texts = texts,
        .language = language,
        .now_ms = INT64_C(1795431600000),
        .zone = &zone,
        .currency = STR("RUB"),
        .shop = odd,
        .support = STR("@a_b"),
    };
    location = (struct location){.id = id, .name = odd, .name_en = odd};
    for (size_t i = 0; i < CATALOG_MAX; i++) {
        locations[i] = location;
        tariffs[i] = (struct tariff){.id = id,
                                     .days = 36500,
                                     .traffic_gb = 1000000,
                                     .price_minor = INT64_C(1000000000000000),
                                     .stars = 100000};
        servers[i] =
            (struct server){.id = id, .users = 1000000, .users_max = 1000000, .draining = true};
    }
    tariffs[1].name = tariffs[1].name_en = odd;
    tariffs[2].price_minor = 0;
    order = (struct order){
        .id = id, .tariff = id, .location = id, .days = 36500, .traffic_gb = 1000000};
    payment = (struct payment){.id = id,
                               .provider = STR("test"),
                               .state = PAYMENT_PENDING,
                               .amount_minor = INT64_C(1000000000000000),
                               .currency = STR("RUB"),
                               .url = STR("https://pay.example/1"),
                               .shown_until_ms = voice.now_ms + GB_DAY_MS};
    subscription = (struct subscription){.id = id,
                                         .location = id,
                                         .state = SUBSCRIPTION_ACTIVE,
                                         .traffic_gb = 1000000,
                                         .used_bytes = 12345678901,
                                         .used_at_ms = voice.now_ms - GB_DAY_MS,
                                         .target_expires_ms = voice.now_ms + 36500 * GB_DAY_MS};
    sale = (struct sale){&payment, &order, &location};
    access_ = (struct access){&subscription, &location, repeat("https://x.example/&", 12)};
}

/* ---- what must hold of any screen ---- */

static void assert_button(const struct tg_button *button) {
    assert_true(button->text.n > 0 && utf8_is_valid(button->text));
    assert_in_range(utf8_length(button->text), 1, 128);
    assert_int_equal((button->data.n > 0) + (button->url.n > 0) + button->pay, 1);
    if (button->data.n > 0) {
        struct callback callback;
        assert_in_range(button->data.n, 1, 64);
        assert_int_equal(callback_read(button->data, &callback), GB_OK);
        assert_non_null(route_of_press(callback.press, true));
    }
}

static void assert_fits(const struct screen *screen) {
    size_t length = html_length(screen->html);
    assert_in_range(length, 1, screen->png.n > 0 ? CAPTION_LENGTH_MAX : TEXT_LENGTH_MAX);
    assert_true(utf8_is_valid(screen->html));
    assert_in_range(screen->button_count, 1, 100);
    for (size_t i = 0; i < screen->button_count; i++) {
        assert_button(&screen->buttons[i]);
    }
    struct tg_message message = {
        .chat_id = 1, .html = screen->html, .keyboard = screen_keyboard(screen)};
    const struct json *body;
    assert_int_equal(json_parse(arena, call_send_message(arena, &message), &body, NULL), GB_OK);
    assert_true(json_text(arena, json_at(body, "reply_markup")).n <= MARKUP_BYTES_MAX);
}

static bool leads_to(const struct screen *screen, enum press press) {
    for (size_t i = 0; i < screen->button_count; i++) {
        struct callback callback;
        if (callback_read(screen->buttons[i].data, &callback) == GB_OK && callback.press == press) {
            return true;
        }
    }
    return false;
}

/* Fits, and has the way back of its place. */
static void assert_screen(const struct screen *screen, enum place place) {
    assert_fits(screen);
    assert_true(leads_to(screen, place_back(place)));
}

static void check_screens_of_the_menu(void) {
    assert_fits(screen_menu(&voice));
    assert_fits(screen_hint(&voice));
    assert_screen(screen_help(&voice), PLACE_HELP);
    assert_screen(screen_language(&voice), PLACE_LANGUAGE);
    assert_screen(screen_admin(&voice, servers, locations, CATALOG_MAX), PLACE_ADMIN);
    assert_screen(screen_admin(&voice, servers, locations, 0), PLACE_ADMIN);
    struct user user = {.muted = true, .has_zone = true, .zone_min = -570};
    assert_screen(screen_reminders(&voice, &user), PLACE_REMINDERS);
    static struct job jobs[40];
    for (size_t i = 0; i < GB_COUNT(jobs); i++) {
        jobs[i] =
            (struct job){.id = STR("a_job_of_a_rather_long_name_here_1234567"), .kind = STR("k")};
    }
    assert_screen(screen_jobs(&voice, jobs, GB_COUNT(jobs)), PLACE_JOBS);
    struct job_run runs[10] = {{.why = STR("<b>")}};
    assert_screen(screen_job(&voice, &jobs[0], runs, GB_COUNT(runs)), PLACE_JOB);
}

static void check_screens_of_buying(void) {
    assert_screen(screen_locations(&voice, locations, CATALOG_MAX), PLACE_BUY_LOCATION);
    assert_screen(screen_locations(&voice, locations, 0), PLACE_BUY_LOCATION);
    assert_screen(screen_tariffs(&voice, &location, location.id, tariffs, CATALOG_MAX, false),
                  PLACE_BUY_TARIFF);
    assert_screen(screen_tariffs(&voice, &location, location.id, tariffs, 0, false),
                  PLACE_BUY_TARIFF);
    struct screen *only = screen_tariffs(&voice, &location, location.id, tariffs, 3, true);
    assert_fits(only);
    assert_true(leads_to(only, PRESS_MENU) && !leads_to(only, PRESS_BUY));
    assert_screen(screen_ways(&voice, &location, location.id, &tariffs[1], providers, 3),
                  PLACE_BUY_WAY);
    assert_screen(screen_ways(&voice, &location, location.id, &tariffs[0], providers, 0),
                  PLACE_BUY_WAY);
    for (unsigned state = 0; state <= PAYMENT_REVIEW; state++) {
        payment.state = state;
        struct screen *screen = screen_payment(&voice, &sale, true);
        assert_fits(screen);
        assert_true(leads_to(screen, PRESS_LEAVE) || leads_to(screen, PRESS_MENU));
    }
    assert_fits(screen_invoice_failed(&voice, &sale));
    struct screen *stars_buttons = screen_stars(&voice, &sale);
    assert_true(stars_buttons->buttons[0].pay);
    assert_true(leads_to(stars_buttons, PRESS_MENU));
    stars_buttons->html = STR("the invoice itself is drawn by Telegram");
    assert_fits(stars_buttons);
    assert_fits(screen_news(&voice, say(&voice, TEXT_PAID)));
}

static void check_screens_of_subscriptions(void) {
    struct access list[20];
    for (size_t i = 0; i < GB_COUNT(list); i++) {
        list[i] = access_;
    }
    assert_screen(screen_subs(&voice, list, GB_COUNT(list)), PLACE_SUBS_LIST);
    assert_screen(screen_subs(&voice, list, 0), PLACE_SUBS_LIST);
    for (unsigned state = 0; state <= SUBSCRIPTION_REFUSED; state++) {
        subscription.state = state;
        assert_screen(screen_sub(&voice, &access_), PLACE_SUBS_ONE);
    }
    subscription.state = SUBSCRIPTION_ACTIVE;
    assert_true(screen_access_ready(&voice, &access_)->png.n > 0);
    assert_fits(screen_access_ready(&voice, &access_));
    assert_fits(screen_qr(&voice, &access_));
}

static void every_screen_fits_in_every_language(void **state) {
    (void)state;
    for (unsigned language = 0; language < LANGUAGE_COUNT; language++) {
        fill((enum language)language);
        check_screens_of_the_menu();
        check_screens_of_buying();
        check_screens_of_subscriptions();
    }
}

static void every_place_leads_back_to_the_menu(void **state) {
    (void)state;
    static const enum place opened_by[PRESS_COUNT] = {
        [PRESS_MENU] = PLACE_MENU,        [PRESS_LEAVE] = PLACE_MENU,
        [PRESS_BUY] = PLACE_BUY_LOCATION, [PRESS_LOCATION] = PLACE_BUY_TARIFF,
        [PRESS_TARIFF] = PLACE_BUY_WAY,   [PRESS_SUBS] = PLACE_SUBS_LIST,
    };
    for (unsigned place = 0; place < PLACE_COUNT; place++) {
        enum place at = (enum place)place;
        for (int steps = 0; at != PLACE_MENU; steps++) {
            assert_in_range(steps, 0, 4);
            at = opened_by[place_back(at)];
        }
    }
}

static void every_press_has_a_step_and_every_route_a_use(void **state) {
    (void)state;
    for (unsigned press = 0; press < PRESS_COUNT; press++) {
        const struct route *route = route_of_press((enum press)press, true);
        assert_non_null(route);
        assert_non_null(route->step);
    }
    assert_null(route_of_press(PRESS_ADMIN, false));
    assert_non_null(route_of_words(STR("start"), false));
    assert_ptr_equal(route_of_words(STR("admin"), false), route_of_words(STR(""), false));
    assert_ptr_not_equal(route_of_words(STR("admin"), true), route_of_words(STR(""), true));
}

static struct str words_of(struct screen *(*screen)(const struct voice *, const struct access *)) {
    return screen(&voice, &access_)->html;
}

static void figures_are_worded_as_the_language_wants(void **state) {
    (void)state;
    fill(LANGUAGE_RU);
    location = (struct location){.id = STR("de"), .name = STR("Германия")};
    subscription.traffic_gb = 50;
    subscription.used_bytes = INT64_C(1932735283); /* 1.8 GB */
    subscription.target_expires_ms = voice.now_ms + 21 * GB_DAY_MS;
    zone = zone_fixed(3 * 3600);
    subscription.used_at_ms = voice.now_ms;
    assert_non_null(strstr(arena_cstr(arena, words_of(screen_sub)), "остался 21 день"));
    assert_non_null(
        strstr(arena_cstr(arena, words_of(screen_sub)), "осталось 48,2 ГБ из 50 ГБ (на 14:00)"));
    assert_non_null(strstr(arena_cstr(arena, words_of(screen_sub)), "до 14 декабря 2026"));
    subscription.used_at_ms -= GB_DAY_MS;
    assert_non_null(strstr(arena_cstr(arena, words_of(screen_sub)), "на 22 ноября, 14:00"));
    subscription.traffic_gb = 0;
    assert_non_null(strstr(arena_cstr(arena, words_of(screen_sub)), "без ограничений"));
    subscription.target_expires_ms = voice.now_ms + GB_HOUR_MS;
    assert_non_null(strstr(arena_cstr(arena, words_of(screen_sub)), "последний день"));
    subscription.target_expires_ms = voice.now_ms;
    assert_non_null(strstr(arena_cstr(arena, words_of(screen_sub)), "Закончилась"));
}

static int64_t utc_ms(int month, int day, int hour, int minute) {
    struct civil c = {.year = 2026, .month = month, .day = day, .hour = hour, .minute = minute};
    return clock_instant_ms(&c, 0);
}

static void dates_follow_the_zone_across_the_change_of_the_clock(void **state) {
    (void)state;
    fill(LANGUAGE_EN);
    assert_int_equal(zone_parse_posix(STR("CET-1CEST,M3.5.0,M10.5.0/3"), &zone, NULL, NULL), GB_OK);
    assert_true(str_is(say_date(&voice, utc_ms(11, 23, 22, 30)), "23 November 2026"));
    assert_true(str_is(say_date(&voice, utc_ms(11, 23, 23, 0)), "24 November 2026"));
    assert_true(str_is(say_date(&voice, utc_ms(7, 1, 21, 59)), "1 July 2026"));
    assert_true(str_is(say_date(&voice, utc_ms(7, 1, 22, 0)), "2 July 2026"));
    /* 25 October has 25 hours: from 24 October 22:00 to 25 October 23:00. */
    voice.now_ms = utc_ms(10, 25, 22, 59);
    assert_true(str_is(say_moment(&voice, utc_ms(10, 24, 22, 0)), "00:00"));
    assert_true(str_is(say_moment(&voice, utc_ms(10, 25, 0, 30)), "02:30"));
    assert_true(str_is(say_moment(&voice, utc_ms(10, 25, 1, 30)), "02:30"));
    assert_true(str_is(say_moment(&voice, utc_ms(10, 24, 21, 59)), "24 October, 23:59"));
    assert_true(str_is(say_moment(&voice, utc_ms(10, 25, 23, 0)), "26 October, 00:00"));
}

static void the_price_of_a_tariff_is_on_its_button(void **state) {
    (void)state;
    fill(LANGUAGE_EN);
    tariffs[0] = (struct tariff){
        .id = STR("m1"), .days = 30, .traffic_gb = 50, .price_minor = 14900, .stars = 99};
    tariffs[1] = (struct tariff){.id = STR("m2"), .days = 1, .stars = 99};
    struct screen *screen = screen_tariffs(&voice, &location, location.id, tariffs, 2, false);
    assert_true(str_is(screen->buttons[0].text, "30 days · 50 GB · 149 ₽"));
    assert_true(str_is(screen->buttons[1].text, "1 day · unlimited · 99 ⭐"));
    screen = screen_ways(&voice, &location, location.id, &tariffs[0], providers, 2);
    assert_true(str_is(screen->buttons[0].text, "⭐ Telegram Stars · 99 ⭐"));
    assert_true(str_is(screen->buttons[1].text, "Test payment · 149 ₽"));
}

static void support_is_a_link_only_where_it_can_be_one(void **state) {
    (void)state;
    static const struct {
        const char *support, *url;
    } rows[] = {
        {"@help", "https://t.me/help"},
        {"t.me/help", "https://t.me/help"},
        {"https://help.example/x", "https://help.example/x"},
    };
    fill(LANGUAGE_EN);
    for (size_t i = 0; i < GB_COUNT(rows); i++) {
        voice.support = str_of(rows[i].support);
        assert_true(str_is(screen_help(&voice)->buttons[0].url, rows[i].url));
    }
    voice.support = STR("call <me>");
    struct screen *screen = screen_help(&voice);
    assert_int_equal(screen->buttons[0].url.n, 0);
    assert_non_null(strstr(arena_cstr(arena, screen->html), "call &lt;me&gt;"));
    voice.support = STR("@");
    assert_int_equal(screen_help(&voice)->buttons[0].url.n, 0);
    voice.support = STR_NONE;
    assert_null(strstr(arena_cstr(arena, screen_help(&voice)->html), "questions"));
}

static void a_button_whose_data_does_not_fit_is_left_out(void **state) {
    (void)state;
    fill(LANGUAGE_EN);
    locations[0].id = repeat("x", 70);
    struct screen *screen = screen_locations(&voice, locations, 2);
    assert_fits(screen);
    assert_int_equal(screen->button_count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_screen_fits_in_every_language),
        cmocka_unit_test(every_place_leads_back_to_the_menu),
        cmocka_unit_test(every_press_has_a_step_and_every_route_a_use),
        cmocka_unit_test(figures_are_worded_as_the_language_wants),
        cmocka_unit_test(dates_follow_the_zone_across_the_change_of_the_clock),
        cmocka_unit_test(the_price_of_a_tariff_is_on_its_button),
        cmocka_unit_test(support_is_a_link_only_where_it_can_be_one),
        cmocka_unit_test(a_button_whose_data_does_not_fit_is_left_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

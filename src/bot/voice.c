#include "bot/voice.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/zone.h"
#include "shop/catalog.h"
#include "state/work.h"

#define NAME_CHARS_MAX 40 /* on a button a longer name is cut by Telegram's apps anyway */

struct voice voice_of(struct work *work, bool english) {
    return (struct voice){
        .arena = work->arena,
        .texts = work->texts,
        .language = english ? LANGUAGE_EN : LANGUAGE_RU,
        .now_ms = work->now_ms,
        .zone = &work->config->shop.zone,
        .currency = work->config->shop.currency,
        .shop = work->config->shop.name,
        .support = work->config->shop.support,
    };
}

struct str say(const struct voice *voice, enum text text) {
    return text_get(voice->texts, voice->language, text);
}

struct str say_with(const struct voice *voice, enum text text, const struct text_arg *args,
                    size_t arg_count) {
    return text_fill(voice->arena, voice->texts, voice->language, text, args, arg_count);
}

static struct str number(const struct voice *voice, int64_t n) {
    struct buf text;
    buf_init(&text, voice->arena, 24);
    buf_add_i64(&text, n);
    return buf_str(&text);
}

static struct str month(const struct voice *voice, int number_of_month) {
    return say(voice, (enum text)(TEXT_MONTH_1 + number_of_month - 1));
}

struct str say_date(const struct voice *voice, int64_t instant_ms) {
    struct civil at = zone_to_civil(voice->zone, instant_ms);
    return SAY(voice, TEXT_DATE, {PARAM_DAY, number(voice, at.day)},
               {PARAM_MONTH, month(voice, at.month)}, {PARAM_YEAR, number(voice, at.year)});
}

struct str say_moment(const struct voice *voice, int64_t instant_ms) {
    struct civil at = zone_to_civil(voice->zone, instant_ms);
    struct civil now = zone_to_civil(voice->zone, voice->now_ms);
    struct str time = arena_printf(voice->arena, "%02d:%02d", at.hour, at.minute);
    if (at.year == now.year && at.month == now.month && at.day == now.day) {
        return time;
    }
    return SAY(voice, TEXT_MOMENT, {PARAM_DAY, number(voice, at.day)},
               {PARAM_MONTH, month(voice, at.month)}, {PARAM_TIME, time});
}

struct str say_price(const struct voice *voice, int64_t minor, struct str currency) {
    return money_show(voice->arena, minor, currency);
}

struct str say_traffic(const struct voice *voice, int64_t gb) {
    if (gb == 0) {
        return say(voice, TEXT_TRAFFIC_FREE);
    }
    return SAY(voice, TEXT_TRAFFIC_GB, {PARAM_N, number(voice, gb)});
}

struct str say_gb_tenths(const struct voice *voice, int64_t tenths) {
    struct buf text;
    buf_init(&text, voice->arena, 40);
    buf_add_i64(&text, tenths / 10);
    if (tenths % 10 != 0) {
        buf_add(&text, say(voice, TEXT_DECIMAL_POINT));
        buf_add_i64(&text, tenths % 10);
    }
    return SAY(voice, TEXT_TRAFFIC_GB, {PARAM_N, buf_str(&text)});
}

struct str say_days_left(const struct voice *voice, int64_t days) {
    if (days == 0) {
        return say(voice, TEXT_LEFT_TODAY);
    }
    return text_count(voice->arena, voice->texts, voice->language, TEXT_LEFT_DAYS, days);
}

struct str say_minutes(const struct voice *voice, int64_t ms) {
    int64_t minutes = (ms + GB_MINUTE_MS - 1) / GB_MINUTE_MS;
    return text_count(voice->arena, voice->texts, voice->language, TEXT_MINUTES, minutes);
}

struct str say_zone(const struct voice *voice, int64_t offset_min) {
    int64_t min = offset_min < 0 ? -offset_min : offset_min;
    const char *sign = offset_min < 0 ? "-" : "+";
    return min % 60 == 0 ? arena_printf(voice->arena, "UTC%s%" PRId64, sign, min / 60)
                         : arena_printf(voice->arena, "UTC%s%" PRId64 ":%02" PRId64, sign, min / 60,
                                        min % 60);
}

struct str say_terms(const struct voice *voice, int64_t days, int64_t gb) {
    struct str term = text_count(voice->arena, voice->texts, voice->language, TEXT_DAYS, days);
    return SAY(voice, TEXT_TARIFF_TERMS, {PARAM_LEFT, term},
               {PARAM_TRAFFIC, say_traffic(voice, gb)});
}

struct str say_location(const struct voice *voice, const struct location *location) {
    struct str name = location_name(location, voice->language == LANGUAGE_EN);
    return utf8_cut(name.n > 0 ? name : location->id, NAME_CHARS_MAX);
}

struct str say_tariff(const struct voice *voice, const struct tariff *tariff) {
    struct str name =
        voice->language == LANGUAGE_EN && tariff->name_en.n > 0 ? tariff->name_en : tariff->name;
    return name.n > 0 ? utf8_cut(name, NAME_CHARS_MAX)
                      : say_terms(voice, tariff->days, tariff->traffic_gb);
}

struct str say_tariff_price(const struct voice *voice, const struct tariff *tariff) {
    return tariff->price_minor > 0 ? say_price(voice, tariff->price_minor, voice->currency)
                                   : say_price(voice, tariff->stars, STR("XTR"));
}

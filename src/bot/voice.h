/* voice.h: in which words to speak to one person: language, zone, currency; names, dates, amounts.
 *
 * What screens are made with. Nothing here reads a row or decides.
 */
#ifndef BOT_VOICE_H
#define BOT_VOICE_H

#include "base/base.h"
#include "bot/texts.h"

struct arena;
struct location;
struct tariff;
struct work;
struct zone;

struct voice {
    struct arena *arena;
    const struct texts *texts;
    enum language language;
    int64_t now_ms;
    const struct zone *zone; /* the shop's */
    struct str currency;     /* the shop's */
    struct str shop;         /* its name */
    struct str support;      /* @name or link; empty: none */
};

struct voice voice_of(struct work *work, bool english);

/* A text without placeholders, and one with: SAY(voice, TEXT_MENU, {PARAM_SHOP, name}). */
struct str say(const struct voice *voice, enum text text);
struct str say_with(const struct voice *voice, enum text text, const struct text_arg *args,
                    size_t arg_count);
#define SAY(voice, text, ...) say_with((voice), (text), TEXT_ARGS(__VA_ARGS__))

struct str say_date(const struct voice *voice, int64_t instant_ms);   /* "23 November 2026" */
struct str say_moment(const struct voice *voice, int64_t instant_ms); /* "14:05", with its day if
                                                                         that is not today */
struct str say_price(const struct voice *voice, int64_t minor, struct str currency);
struct str say_traffic(const struct voice *voice, int64_t gb);             /* 0: unlimited */
struct str say_gb_tenths(const struct voice *voice, int64_t tenths);       /* 482: "48.2 GB" */
struct str say_days_left(const struct voice *voice, int64_t days);         /* 0: the last day */
struct str say_minutes(const struct voice *voice, int64_t ms);             /* "5 minutes" */
struct str say_zone(const struct voice *voice, int64_t offset_min);        /* "UTC+3" */
struct str say_terms(const struct voice *voice, int64_t days, int64_t gb); /* "30 days · 50 GB" */
struct str say_location(const struct voice *voice, const struct location *location);
struct str say_tariff(const struct voice *voice, const struct tariff *tariff);
/* In the shop's currency, or in Stars where it is sold for these only. */
struct str say_tariff_price(const struct voice *voice, const struct tariff *tariff);

#endif

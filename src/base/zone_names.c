/* zone_names.c: names of the zone database that stay at one offset, for machines without it.
 *
 * Only zones that have given up summer time are here, so that one number says all of them; what
 * they had in the past is not kept. Where the database is there, it goes before this table.
 */
#include "base/zone.h"

#include "base/base.h"

static const struct {
    const char *name;
    int hours; /* east */
} known[] = {
    {"UTC", 0},
    {"Asia/Almaty", 5},
    {"Asia/Baku", 4},
    {"Asia/Bishkek", 6},
    {"Asia/Irkutsk", 8},
    {"Asia/Kamchatka", 12},
    {"Asia/Krasnoyarsk", 7},
    {"Asia/Magadan", 11},
    {"Asia/Novosibirsk", 7},
    {"Asia/Omsk", 6},
    {"Asia/Tashkent", 5},
    {"Asia/Tbilisi", 4},
    {"Asia/Vladivostok", 10},
    {"Asia/Yakutsk", 9},
    {"Asia/Yekaterinburg", 5},
    {"Asia/Yerevan", 4},
    {"Etc/UTC", 0},
    {"Europe/Istanbul", 3},
    {"Europe/Kaliningrad", 2},
    {"Europe/Minsk", 3},
    {"Europe/Moscow", 3},
    {"Europe/Samara", 4},
};

enum gb_err zone_known(struct str name, struct zone *ret_zone) {
    for (size_t i = 0; i < GB_COUNT(known); i++) {
        if (str_is(name, known[i].name)) {
            *ret_zone = zone_fixed(known[i].hours * 3600);
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

const char *zone_guess(struct str typed) {
    for (size_t i = 0; i < GB_COUNT(known); i++) {
        struct str name = str_of(known[i].name);
        struct str city = str_sub(name, str_find(name, '/') + 1, name.n);
        if (str_equal_nocase(typed, name) || (city.n > 0 && str_equal_nocase(typed, city))) {
            return known[i].name;
        }
    }
    return NULL;
}

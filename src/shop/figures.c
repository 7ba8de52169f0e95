#include "shop/figures.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/zone.h"
#include "state/work.h"

#define SPREAD   8
#define ROWS_MAX ((FIGURE_COUNT + FIGURE_CURRENCIES_MAX) * SPREAD)
#define INCOME   "income-"

static const char *const names[] = {
#define X(name, key) key,
    GB_FIGURES(X)
#undef X
};

int64_t figures_today(const struct work *work) {
    int64_t offset_ms =
        work->zone != NULL ? zone_offset_s(work->zone, work->now_ms) * GB_SECOND_MS : 0;
    return clock_day(work->now_ms + offset_ms, 0);
}

/* A row that cannot be read counts from 0: figures are for looking at. */
static void add_to(struct work *work, const char *prefix, struct str name, int64_t user,
                   int64_t add) {
    int64_t spread = user % SPREAD;
    struct str key = arena_printf(work->arena, STR_FMT "/%s" STR_FMT "/%" PRId64,
                                  STR_ARG(clock_show_date(work->arena, figures_today(work))),
                                  prefix, STR_ARG(name), spread < 0 ? -spread : spread);
    struct str value;
    int64_t sum = 0;
    if (tx_get(work->tx, TABLE_FIGURES, key, &value) != GB_OK ||
        num_i64(value, INT64_MIN, INT64_MAX, &sum) != GB_OK || !num_add(sum, add, &sum)) {
        sum = add;
    }
    tx_put(work->tx, TABLE_FIGURES, key, arena_printf(work->arena, "%" PRId64, sum),
           work->now_ms + FIGURE_DAYS_KEPT * GB_DAY_MS);
}

void figure_add(struct work *work, enum figure figure, int64_t user, int64_t add) {
    gb_assert(figure < FIGURE_COUNT);
    add_to(work, "", str_of(names[figure]), user, add);
}

void figure_add_income(struct work *work, struct str currency, int64_t user, int64_t minor) {
    add_to(work, INCOME, currency, user, minor);
}

struct summing {
    struct arena *arena;
    struct day_figures *day;
    size_t prefix;
};

static int64_t *income_of(struct summing *s, struct str currency) {
    struct day_figures *day = s->day;
    for (size_t i = 0; i < day->income_count; i++) {
        if (str_equal(day->income[i].currency, currency)) {
            return &day->income[i].minor;
        }
    }
    if (day->income_count == FIGURE_CURRENCIES_MAX) {
        return NULL;
    }
    day->income[day->income_count].currency = arena_copy(s->arena, currency);
    return &day->income[day->income_count++].minor;
}

static bool sum_row(void *ctx, struct str key, struct str value) {
    struct summing *s = ctx;
    struct str name = str_sub(key, s->prefix, key.n);
    name = str_sub(name, 0, str_find(name, '/'));
    int64_t add, *sum = NULL;
    if (num_i64(value, INT64_MIN, INT64_MAX, &add) != GB_OK) {
        return true;
    }
    if (str_starts(name, STR(INCOME))) {
        sum = income_of(s, str_sub(name, strlen(INCOME), name.n));
    }
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        sum = str_is(name, names[i]) ? &s->day->sum[i] : sum;
    }
    if (sum != NULL && !num_add(*sum, add, sum)) {
        *sum = INT64_MAX;
    }
    return true;
}

enum gb_err figures_of_day(struct work *work, int64_t day, struct day_figures *ret) {
    *ret = (struct day_figures){.income_count = 0};
    struct str prefix =
        arena_printf(work->arena, STR_FMT "/", STR_ARG(clock_show_date(work->arena, day)));
    struct summing s = {.arena = work->arena, .day = ret, .prefix = prefix.n};
    return tx_scan_prefix(work->tx, TABLE_FIGURES, prefix, ROWS_MAX, sum_row, &s);
}

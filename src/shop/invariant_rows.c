/* invariant_rows.c: reads every table once; a row of no known shape is the first thing broken. */
#include "shop/invariant_rows.h"

#include "base/arena.h"
#include "shop/catalog.h"
#include "shop/ledger.h"
#include "shop/orders.h"
#include "shop/payments.h"
#include "shop/records.h"
#include "shop/subscriptions.h"
#include "state/notices.h"
#include "state/outbox.h"
#include "state/record.h"
#include "state/work.h"

#include <stdarg.h>

_Static_assert(offsetof(struct order, id) == 0, "rows_find reads the key there");
_Static_assert(offsetof(struct payment, id) == 0, "rows_find reads the key there");
_Static_assert(offsetof(struct subscription, id) == 0, "rows_find reads the key there");
_Static_assert(offsetof(struct server, id) == 0, "rows_find reads the key there");
_Static_assert(offsetof(struct ledger_entry, fact) == 0, "rows_find reads the key there");

#define TEXT_BYTES_MAX 300

void broken(struct checker *checker, int number, const char *format, ...) {
    struct invariant_report *report = checker->report;
    if (report->broken < GB_COUNT(report->first_broken)) {
        char text[TEXT_BYTES_MAX];
        va_list args;
        va_start(args, format);
        int length = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        gb_assert(length >= 0);
        report->first_broken[report->broken] =
            arena_printf(checker->work->arena, "%d: %s", number, text);
    }
    report->broken++;
}

const void *rows_find(const struct rows *rows, struct str key) {
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct str at;
        memcpy(&at, rows->items + middle * rows->bytes, sizeof at);
        int order = str_compare(at, key);
        if (order == 0) {
            return rows->items + middle * rows->bytes;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static void *rows_add(struct arena *arena, struct rows *rows) {
    if (rows->count == rows->capacity) {
        size_t capacity = GB_MAX(rows->capacity * 2, (size_t)64);
        char *items = arena_array(arena, rows->bytes, capacity);
        if (rows->count > 0) {
            memcpy(items, rows->items, rows->count * rows->bytes);
        }
        rows->items = items;
        rows->capacity = capacity;
    }
    return rows->items + rows->count++ * rows->bytes;
}

/* ---- one table ----------------------------------------------------------------------------------
 */

struct reading {
    struct checker *checker;
    const struct record *record; /* NULL: pairs */
    struct rows *rows;
    int table;
    size_t seen;
};

static bool read_record(void *ctx, struct str key, struct str value) {
    struct reading *reading = ctx;
    struct checker *checker = reading->checker;
    if (++reading->seen > checker->rows_max) {
        return false;
    }
    char *into = rows_add(checker->work->arena, reading->rows);
    struct str id;
    if (record_read(checker->work->arena, reading->record, value, into) != GB_OK) {
        broken(checker, 6, "row " STR_FMT " of %s is of no known shape", STR_ARG(key),
               store_tables[reading->table].name);
        reading->rows->count--;
        return true;
    }
    memcpy(&id, into, sizeof id);
    if (!str_equal(id, key)) {
        broken(checker, 6, "row " STR_FMT " of %s says it is " STR_FMT, STR_ARG(key),
               store_tables[reading->table].name, STR_ARG(id));
        memcpy(into, &key, sizeof key); /* the order of the keys is what rows_find goes by */
    }
    return true;
}

static bool read_pair(void *ctx, struct str key, struct str value) {
    struct reading *reading = ctx;
    if (++reading->seen > reading->checker->rows_max) {
        return false;
    }
    struct pair pair = {key, value};
    memcpy(rows_add(reading->checker->work->arena, reading->rows), &pair, sizeof pair);
    return true;
}

static enum gb_err scan(struct checker *checker, int table, tx_row_fn *each, void *ctx,
                        const size_t *seen) {
    enum gb_err err =
        tx_scan(checker->work->tx, table, STR(" "), STR_NONE, checker->rows_max + 1, each, ctx);
    return err == GB_OK && *seen > checker->rows_max ? GB_NO_SPACE : err;
}

static enum gb_err read_records(struct checker *checker, const struct record *record,
                                struct rows *rows) {
    struct reading reading = {checker, record, rows, record->table, 0};
    rows->bytes = record->bytes;
    return scan(checker, record->table, read_record, &reading, &reading.seen);
}

static enum gb_err read_pairs(struct checker *checker, int table, struct rows *rows) {
    struct reading reading = {checker, NULL, rows, table, 0};
    rows->bytes = sizeof(struct pair);
    return scan(checker, table, read_pair, &reading, &reading.seen);
}

/* ---- rows that are only counted, or belong to other rooms ---------------------------------------
 */

struct counting {
    struct checker *checker;
    struct rows rows; /* struct outbox_row */
    size_t seen;
};

static bool count_user(void *ctx, struct str key, struct str value) {
    struct counting *counting = ctx;
    char *user = arena_alloc(counting->checker->work->arena, user_record.bytes);
    if (record_read(counting->checker->work->arena, &user_record, value, user) != GB_OK) {
        broken(counting->checker, 6, "user " STR_FMT " is of no known shape", STR_ARG(key));
    }
    return ++counting->seen <= counting->checker->rows_max;
}

static bool count_dead(void *ctx, struct str key, struct str value) {
    (void)key;
    (void)value;
    struct counting *counting = ctx;
    return ++counting->seen <= counting->checker->rows_max;
}

static bool count_notice(void *ctx, struct str key, struct str value) {
    struct counting *counting = ctx;
    struct notice notice;
    if (notice_read(counting->checker->work->arena, key, value, &notice) != GB_OK) {
        broken(counting->checker, 6, "notice " STR_FMT " is of no known shape", STR_ARG(key));
    }
    return ++counting->seen <= counting->checker->rows_max;
}

static bool read_outbox(void *ctx, struct str key, struct str value) {
    struct counting *counting = ctx;
    struct checker *checker = counting->checker;
    struct outbox_row row;
    if (outbox_read(checker->work->arena, key, value, &row) != GB_OK) {
        broken(checker, 6, "outbox row " STR_FMT " is of no known shape", STR_ARG(key));
    } else if (row.then.n > 0 && row.about.n > 0) {
        memcpy(rows_add(checker->work->arena, &counting->rows), &row, sizeof row);
    }
    return ++counting->seen <= checker->rows_max;
}

static int by_about(const void *a, const void *b) {
    const struct outbox_row *left = a, *right = b;
    int order = str_compare(left->about, right->about);
    return order != 0 ? order : str_compare(left->then, right->then);
}

static enum gb_err read_outbox_rows(struct checker *checker) {
    struct counting counting = {.checker = checker, .rows = {.bytes = sizeof(struct outbox_row)}};
    enum gb_err err = scan(checker, TABLE_OUTBOX, read_outbox, &counting, &counting.seen);
    checker->report->outbox = (int64_t)counting.seen;
    checker->outbox = (struct outbox_row *)(void *)counting.rows.items;
    checker->outbox_count = counting.rows.count;
    if (checker->outbox_count > 1) {
        qsort(checker->outbox, checker->outbox_count, sizeof *checker->outbox, by_about);
    }
    return err;
}

const struct outbox_row *live_rows(const struct checker *checker, const char *then,
                                   struct str about, size_t *ret_count) {
    struct outbox_row wanted = {.then = str_of(then), .about = about};
    size_t low = 0, high = checker->outbox_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_about(&checker->outbox[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t end = low;
    while (end < checker->outbox_count && by_about(&checker->outbox[end], &wanted) == 0) {
        end++;
    }
    *ret_count = end - low;
    return checker->outbox + low;
}

static enum gb_err count_rows(struct checker *checker, int table, tx_row_fn *each,
                              int64_t *ret_count) {
    struct counting counting = {.checker = checker};
    enum gb_err err = scan(checker, table, each, &counting, &counting.seen);
    *ret_count = (int64_t)counting.seen;
    return err;
}

/* ---- all of them --------------------------------------------------------------------------------
 */

enum gb_err checker_read(struct checker *checker) {
    const struct {
        const struct record *record;
        struct rows *rows;
    } records[] = {
        {&order_record, &checker->orders},
        {&payment_record, &checker->payments},
        {&subscription_record, &checker->subscriptions},
        {&server_record, &checker->servers},
        {&ledger_record, &checker->ledger},
    };
    const struct {
        int table;
        struct rows *rows;
    } pairs[] = {
        {TABLE_ACCOUNTS, &checker->accounts},           {TABLE_EXTERNALS, &checker->externals},
        {TABLE_OPEN_PAYMENTS, &checker->open_payments}, {TABLE_USER_SUBS, &checker->user_subs},
        {TABLE_SUBS_DUE, &checker->subs_due},           {TABLE_SERVER_SUBS, &checker->server_subs},
        {TABLE_PAYMENTS_DONE, &checker->payments_done},
    };
    enum gb_err err = GB_OK;
    for (size_t i = 0; err == GB_OK && i < GB_COUNT(records); i++) {
        err = read_records(checker, records[i].record, records[i].rows);
    }
    for (size_t i = 0; err == GB_OK && i < GB_COUNT(pairs); i++) {
        err = read_pairs(checker, pairs[i].table, pairs[i].rows);
    }
    int64_t notices;
    if (err == GB_OK) {
        err = count_rows(checker, TABLE_USERS, count_user, &checker->report->users);
    }
    if (err == GB_OK) {
        err = count_rows(checker, TABLE_DEAD, count_dead, &checker->report->dead);
    }
    if (err == GB_OK) {
        err = count_rows(checker, TABLE_NOTICES, count_notice, &notices);
    }
    return err == GB_OK ? read_outbox_rows(checker) : err;
}

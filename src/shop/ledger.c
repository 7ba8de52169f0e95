/* ledger.c: one row per movement, one running sum per account and currency.
 *
 * A sum is what was taken in less what was given out: what we owe a user stands in user:ID above
 * zero, what a provider holds for us in provider:NAME below zero.
 */
#include "shop/ledger.h"

#include "base/arena.h"
#include "base/num.h"
#include "shop/fields.h"
#include "shop/records.h"
#include "state/work.h"

#define FACT_BYTES_MAX   340
#define AMOUNT_MINOR_MAX INT64_C(1000000000000000)

static const struct field fields[] = {
    FIELD_TEXT(ledger_entry, fact),     FIELD_TEXT(ledger_entry, from),
    FIELD_TEXT(ledger_entry, to),       FIELD_INT(ledger_entry, amount_minor),
    FIELD_TEXT(ledger_entry, currency), FIELD_TEXT(ledger_entry, about),
    FIELD_INT(ledger_entry, at_ms),
};
const struct record ledger_record = RECORD(TABLE_LEDGER, ledger_entry, fields);

static bool is_currency(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9'))) {
            return false;
        }
    }
    return s.n >= 3 && s.n <= 8;
}

static bool is_plain_text(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(s);
}

static bool is_account(struct str s) {
    bool owned =
        (str_starts(s, STR("user:")) && s.n > 5) || (str_starts(s, STR("provider:")) && s.n > 9);
    return s.n <= 64 && is_plain_text(s) &&
           (owned || str_is(s, "revenue") || str_is(s, "suspense"));
}

/* What is wrong with the entry; NULL: nothing. */
static const char *entry_fault(const struct ledger_entry *entry) {
    if (entry->amount_minor <= 0 || entry->amount_minor > AMOUNT_MINOR_MAX) {
        return "amount";
    }
    if (!is_currency(entry->currency)) {
        return "currency";
    }
    if (!is_account(entry->from) || !is_account(entry->to) || str_equal(entry->from, entry->to)) {
        return "accounts";
    }
    if (entry->fact.n == 0 || entry->fact.n > FACT_BYTES_MAX || !is_plain_text(entry->fact)) {
        return "fact";
    }
    return NULL;
}

static struct str account_key(struct arena *arena, struct str account, struct str currency) {
    return arena_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(account), STR_ARG(currency));
}

enum gb_err ledger_balance(struct work *work, struct str account, struct str currency,
                           int64_t *ret_minor) {
    struct str text;
    enum gb_err err =
        tx_get(work->tx, TABLE_ACCOUNTS, account_key(work->arena, account, currency), &text);
    if (err == GB_NOT_FOUND) {
        *ret_minor = 0;
        return GB_OK;
    }
    if (err != GB_OK) {
        return err;
    }
    return num_i64(text, INT64_MIN, INT64_MAX, ret_minor) == GB_OK ? GB_OK : GB_DAMAGED;
}

static void account_put(struct work *work, struct str account, struct str currency, int64_t minor) {
    tx_put(work->tx, TABLE_ACCOUNTS, account_key(work->arena, account, currency),
           arena_printf(work->arena, "%" PRId64, minor), STORE_NEVER);
}

/* Both new sums, or GB_INVALID when one of them no longer fits. */
static enum gb_err new_sums(struct work *work, const struct ledger_entry *entry, int64_t *ret_from,
                            int64_t *ret_to) {
    int64_t from, to;
    enum gb_err err = ledger_balance(work, entry->from, entry->currency, &from);
    if (err == GB_OK) {
        err = ledger_balance(work, entry->to, entry->currency, &to);
    }
    if (err != GB_OK) {
        return err;
    }
    bool fits =
        num_add(from, -entry->amount_minor, ret_from) && num_add(to, entry->amount_minor, ret_to);
    return fits ? GB_OK : GB_INVALID;
}

static enum gb_err invalid(const char *why, const char **reterr_why) {
    if (reterr_why != NULL) {
        *reterr_why = why;
    }
    return GB_INVALID;
}

enum gb_err ledger_enter(struct work *work, const struct ledger_entry *entry,
                         const char **reterr_why) {
    const char *why = entry_fault(entry);
    if (why != NULL) {
        return invalid(why, reterr_why);
    }
    struct str before;
    enum gb_err err = tx_get(work->tx, TABLE_LEDGER, entry->fact, &before);
    if (err != GB_NOT_FOUND) {
        return err == GB_OK ? GB_EXISTS : err;
    }
    int64_t from, to;
    err = new_sums(work, entry, &from, &to);
    if (err != GB_OK) {
        return err == GB_INVALID ? invalid("sum", reterr_why) : err;
    }
    record_put(work, &ledger_record, entry->fact, entry);
    account_put(work, entry->from, entry->currency, from);
    account_put(work, entry->to, entry->currency, to);
    return GB_OK;
}

struct str ledger_user_account(struct arena *arena, int64_t user) {
    return arena_printf(arena, "user:%" PRId64, user);
}

/* The ledger beside a naive one: sums agree, facts enter once, nothing enters that cannot be. */
#define GB_DOOR "a naive ledger in memory"
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "shop/ledger.h"

struct entering {
    struct ledger_entry entry;
    const char *why;
};

static enum gb_err enter_step(struct work *work, void *ctx) {
    struct entering *entering = ctx;
    return ledger_enter(work, &entering->entry, &entering->why);
}

static const struct ledger_entry good = {
    .fact = STR_INIT("test:x1:payment"),
    .from = STR_INIT("provider:test"),
    .to = STR_INIT("user:101"),
    .amount_minor = 14900,
    .currency = STR_INIT("RUB"),
    .about = STR_INIT("p1"),
    .at_ms = 7,
};

static void expect(struct kit *kit, struct ledger_entry entry, enum gb_err expected,
                   const char *why) {
    struct entering entering = {.entry = entry};
    assert_int_equal(kit_run(kit, enter_step, &entering), expected);
    if (why != NULL) {
        assert_string_equal(entering.why, why);
    }
}

static void a_fact_enters_once(void **state) {
    struct kit *kit = *state;
    kit->unchecked = true; /* money for no payment */
    expect(kit, good, GB_OK, NULL);
    struct ledger_entry other = good;
    other.amount_minor = 1;
    other.to = STR("suspense");
    expect(kit, other, GB_EXISTS, NULL);
    assert_int_equal(kit_balance(kit, "user:101", "RUB"), 14900);
    assert_int_equal(kit_balance(kit, "provider:test", "RUB"), -14900);
    assert_int_equal(kit_balance(kit, "suspense", "RUB"), 0);
}

static void what_cannot_be_is_refused_and_named(void **state) {
    struct kit *kit = *state;
    struct ledger_entry bad = good;
    bad.amount_minor = 0;
    expect(kit, bad, GB_INVALID, "amount");
    bad.amount_minor = INT64_MAX;
    expect(kit, bad, GB_INVALID, "amount");
    bad = good;
    bad.currency = STR("rub");
    expect(kit, bad, GB_INVALID, "currency");
    bad = good;
    bad.to = bad.from;
    expect(kit, bad, GB_INVALID, "accounts");
    bad.to = STR("user:");
    expect(kit, bad, GB_INVALID, "accounts");
    bad.to = STR("pocket");
    expect(kit, bad, GB_INVALID, "accounts");
    bad = good;
    bad.fact = STR_NONE;
    expect(kit, bad, GB_INVALID, "fact");
    bad.fact = STR("a b");
    expect(kit, bad, GB_INVALID, "fact");
    assert_int_equal(kit_balance(kit, "provider:test", "RUB"), 0);
}

static void a_sum_that_no_longer_fits_is_refused(void **state) {
    struct kit *kit = *state;
    kit->unchecked = true;
    struct ledger_entry entry = good;
    entry.amount_minor = INT64_C(1000000000000000);
    enum gb_err err = GB_OK;
    int entered = 0;
    for (; err == GB_OK && entered < 20000; entered++) {
        entry.fact = arena_printf(kit->memory, "test:x%d:payment", entered);
        struct entering entering = {.entry = entry};
        err = kit_run(kit, enter_step, &entering);
    }
    assert_int_equal(err, GB_INVALID);
    assert_int_equal(entered - 1, INT64_MAX / entry.amount_minor);
}

#define ACCOUNTS   5
#define CURRENCIES 2
#define FACTS      64

static void random_movements_agree_with_a_naive_ledger(void **state) {
    struct kit *kit = *state;
    kit->unchecked = true;
    static const char *const accounts[ACCOUNTS] = {"provider:test", "provider:stars", "revenue",
                                                   "user:1", "suspense"};
    static const char *const currencies[CURRENCIES] = {"RUB", "XTR"};
    int64_t sums[ACCOUNTS][CURRENCIES] = {{0}};
    bool entered[FACTS] = {false};
    struct rng rng;
    static const uint8_t key[SHA256_BYTES] = {9};
    rng_init(&rng, key, STR("ledger"));
    for (int i = 0; i < 600; i++) {
        size_t fact = rng_below(&rng, FACTS), from = rng_below(&rng, ACCOUNTS);
        size_t to = rng_below(&rng, ACCOUNTS), currency = rng_below(&rng, CURRENCIES);
        struct entering entering = {.entry = good};
        entering.entry.fact = arena_printf(kit->memory, "test:%zu:payment", fact);
        entering.entry.from = str_of(accounts[from]);
        entering.entry.to = str_of(accounts[to]);
        entering.entry.currency = str_of(currencies[currency]);
        entering.entry.amount_minor = (int64_t)rng_below(&rng, 1000) - 100;
        bool valid = entering.entry.amount_minor > 0 && from != to;
        enum gb_err expected = !valid ? GB_INVALID : entered[fact] ? GB_EXISTS : GB_OK;
        assert_int_equal(kit_run(kit, enter_step, &entering), expected);
        if (expected == GB_OK) {
            entered[fact] = true;
            sums[from][currency] -= entering.entry.amount_minor;
            sums[to][currency] += entering.entry.amount_minor;
        }
    }
    for (size_t currency = 0; currency < CURRENCIES; currency++) {
        int64_t all = 0;
        for (size_t i = 0; i < ACCOUNTS; i++) {
            int64_t balance = kit_balance(kit, accounts[i], currencies[currency]);
            assert_int_equal(balance, sums[i][currency]);
            all += balance;
        }
        assert_int_equal(all, 0);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_fact_enters_once),
        T(what_cannot_be_is_refused_and_named),
        T(a_sum_that_no_longer_fits_is_refused),
        T(random_movements_agree_with_a_naive_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

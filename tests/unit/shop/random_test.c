/* A shop under everything at once: random buyers, a provider that pays little, much, twice or late,
 * answers that come again or out of date, panels that refuse, crashes before any commit. After
 * every step the invariants hold and every handler has been run twice; at the end the money of the
 * books is the money of the world.
 */
#define GB_DOOR "plays the world"
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "pay/pay.h"
#include "shop/ledger.h"

#define SEEDS     24
#define STEPS     120
#define BILLS_MAX STEPS
#define PAST_MAX  64
#define USERS     4

/* An invoice at the provider. */
struct bill {
    struct payment payment; /* external and url filled in */
    enum pay_status status;
    int64_t paid_minor, paid_ms;
    struct str currency;
    bool closed; /* the provider has said its last word, and it was not "paid" */
};

struct past { /* an answer that came, to come again */
    struct outbox_row row;
    struct str said;
};

struct world {
    struct kit *kit;
    struct rng rng;
    struct bill bills[BILLS_MAX];
    size_t bill_count;
    struct payment stars[STEPS];
    size_t star_count;
    struct past past[PAST_MAX];
    size_t past_count;
    int64_t charges;     /* numbers of Stars charges */
    int64_t stars_minor; /* Stars that were really paid */
    struct outbox_row rows[KIT_ROWS_MAX];
};

static uint64_t pick(struct world *world, uint64_t bound) {
    return rng_below(&world->rng, bound);
}

static int64_t some_user(struct world *world) {
    return ANNA + (int64_t)pick(world, USERS);
}

/* ---- buyers -------------------------------------------------------------------------------------
 */

static void start(struct world *world) {
    static const char *const tariffs[] = {"m1", "m3", "s1"};
    static const char *const locations[] = {"de", "nl"};
    static const char *const ways[] = {"test", "test", "stars"};
    struct payment payment;
    enum gb_err err = kit_try_start(world->kit, some_user(world), tariffs[pick(world, 3)],
                                    locations[pick(world, 2)], ways[pick(world, 3)], &payment);
    assert_true(err == GB_OK || err == GB_EXISTS || err == GB_NOT_FOUND || err == GB_LATER);
    if (err == GB_OK && str_is(payment.provider, "stars")) {
        world->stars[world->star_count++] = payment;
    }
}

struct press {
    int64_t user;
    struct str id;
    bool cancel;
};

static enum gb_err press_step(struct work *work, void *ctx) {
    const struct press *press = ctx;
    struct payment payment;
    return press->cancel ? payment_cancel(work, press->user, press->id, &payment)
                         : payment_check_now(work, press->user, press->id, &payment);
}

static void press(struct world *world) {
    if (world->bill_count == 0) {
        return;
    }
    const struct payment *payment = &world->bills[pick(world, world->bill_count)].payment;
    bool stranger = pick(world, 8) == 0;
    struct press press = {stranger ? BORIS * 10 : payment->user, payment->id, pick(world, 3) == 0};
    assert_int_equal(kit_run(world->kit, press_step, &press), stranger ? GB_NOT_FOUND : GB_OK);
}

static void pay_bill(struct world *world) {
    if (world->bill_count == 0) {
        return;
    }
    struct bill *bill = &world->bills[pick(world, world->bill_count)];
    if (bill->status == PAY_PAID) {
        return;
    }
    if (pick(world, 5) == 0) {
        bill->status = pick(world, 2) == 0 ? PAY_CANCELED : PAY_EXPIRED;
        return;
    }
    bill->status = PAY_PAID; /* closed ones too: late money */
    bill->paid_minor = bill->payment.amount_minor;
    bill->paid_ms = world->kit->now_ms;
    switch (pick(world, 8)) {
    case 0:
        bill->paid_minor -= 1;
        break;
    case 1:
        bill->paid_minor += 777;
        break;
    case 2:
        bill->currency = STR("USD");
        break;
    default:
        break;
    }
}

static void pay_stars(struct world *world) {
    if (world->star_count == 0) {
        return;
    }
    const struct payment *payment = &world->stars[pick(world, world->star_count)];
    int64_t user = pick(world, 6) == 0 ? some_user(world) : payment->user;
    int64_t amount = payment->amount_minor - (pick(world, 10) == 0 ? 1 : 0);
    struct str payload = pick(world, 15) == 0 ? STR("lost") : payment->id;
    struct str charge = arena_printf(world->kit->memory, "charge-%" PRId64, world->charges++);
    size_t times = 1 + pick(world, 3);
    for (size_t i = 0; i < times; i++) {
        enum gb_err err = kit_settle_stars(world->kit, user, payload, charge.p, amount);
        assert_true(i == 0 ? err == GB_OK || err == GB_REFUSED || err == GB_NOT_FOUND
                           : err == GB_EXISTS);
    }
    world->stars_minor += amount;
}

/* ---- provider and panel -------------------------------------------------------------------------
 */

static struct bill *bill_of(struct world *world, struct str payment) {
    for (size_t i = 0; i < world->bill_count; i++) {
        if (str_equal(world->bills[i].payment.id, payment)) {
            return &world->bills[i];
        }
    }
    return NULL;
}

/* The provider's answer; the key makes the same bill again. */
static struct bill *make_bill(struct world *world, const struct outbox_row *row) {
    struct bill *bill = bill_of(world, row->about);
    if (bill == NULL) {
        assert_true(world->bill_count < BILLS_MAX);
        bill = &world->bills[world->bill_count++];
        bill->payment = kit_payment(world->kit, row->about);
        bill->payment.external =
            arena_printf(world->kit->memory, "tp-" STR_FMT, STR_ARG(row->about));
        bill->payment.url = STR("http://127.0.0.1/pay");
        bill->status = PAY_PENDING;
        bill->currency = bill->payment.currency;
    }
    return bill;
}

static struct str bill_said(struct world *world, const struct bill *bill, enum pay_status status) {
    struct pay_fact fact = {
        .external = bill->payment.external,
        .payment = bill->payment.id,
        .status = status,
        .paid_minor = status == PAY_PAID ? bill->paid_minor : 0,
        .currency = bill->currency,
        .test = true,
        .url = bill->payment.url,
    };
    return pay_write_said(world->kit->memory, &fact);
}

static void done(struct world *world, const struct outbox_row *row, struct str said) {
    world->past[world->past_count++ % PAST_MAX] = (struct past){*row, said};
    kit_done(world->kit, row, said);
}

/* `honest`: the world's last word, and nothing is refused. */
static void answer_row(struct world *world, const struct outbox_row *row, bool honest) {
    bool refused = !honest && pick(world, 12) == 0;
    if (str_is(row->then, "panel.ensure")) {
        if (refused) {
            kit_refused(world->kit, row, "other");
        } else {
            done(world, row, STR("{\"created\":true}"));
        }
        return;
    }
    if (refused) {
        kit_refused(world->kit, row, "other");
        return;
    }
    struct bill *bill = make_bill(world, row);
    enum pay_status status = bill->status;
    if (!honest && pick(world, 4) == 0) { /* a copy that lags behind */
        status = pick(world, 4) == 0 ? PAY_UNKNOWN : PAY_PENDING;
    }
    bill->closed |= status == PAY_CANCELED || status == PAY_EXPIRED;
    done(world, row, bill_said(world, bill, status));
}

static void answer_some(struct world *world) {
    size_t count = kit_rows(world->kit, world->rows);
    if (count > 0) {
        answer_row(world, &world->rows[pick(world, count)], false);
    }
}

/* Time goes to the next row that is due, and it is answered. */
static void answer_next(struct world *world) {
    size_t count = kit_rows(world->kit, world->rows), next = 0;
    for (size_t i = 1; i < count; i++) {
        if (world->rows[i].due_ms < world->rows[next].due_ms) {
            next = i;
        }
    }
    if (count > 0) {
        world->kit->now_ms = GB_MAX(world->kit->now_ms, world->rows[next].due_ms);
        answer_row(world, &world->rows[next], false);
    }
}

static bool is_live(struct world *world, const struct outbox_row *row) {
    size_t count = kit_rows(world->kit, world->rows);
    for (size_t i = 0; i < count; i++) {
        if (world->rows[i].order == row->order) {
            return true;
        }
    }
    return false;
}

static void answer_again(struct world *world) {
    if (world->past_count == 0) {
        return;
    }
    size_t known = GB_MIN(world->past_count, (size_t)PAST_MAX);
    struct past past = world->past[pick(world, known)];
    if (!is_live(world, &past.row)) {
        kit_done(world->kit, &past.row, past.said);
    }
}

/* A webhook, fifty times at most: the fact itself. */
static void fact_again(struct world *world) {
    if (world->bill_count == 0) {
        return;
    }
    const struct bill *bill = &world->bills[pick(world, world->bill_count)];
    if (bill->status != PAY_PAID) {
        return;
    }
    struct money_fact fact = {
        .provider = STR("test"),
        .external = bill->payment.external,
        .amount_minor = bill->paid_minor,
        .currency = bill->currency,
        .test = true,
    };
    for (size_t i = 0; i < 1 + pick(world, 3); i++) {
        enum gb_err err = kit_settle(world->kit, bill->payment.id, &fact);
        assert_true(err == GB_OK || err == GB_EXISTS || (err == GB_REFUSED && i == 0));
    }
}

static void pass_time(struct world *world) {
    static const int64_t jumps_ms[] = {GB_SECOND_MS, 20 * GB_SECOND_MS, 5 * GB_MINUTE_MS,
                                       31 * GB_MINUTE_MS, GB_DAY_MS};
    world->kit->now_ms += jumps_ms[pick(world, GB_COUNT(jumps_ms))];
}

/* ---- the end ------------------------------------------------------------------------------------
 */

/* All that is due is answered truly until nobody waits for anything. */
static void settle_down(struct world *world) {
    for (size_t i = 0; i < 100000; i++) {
        size_t count = kit_rows(world->kit, world->rows), next = 0;
        if (count == 0) {
            return;
        }
        for (size_t j = 1; j < count; j++) {
            next = world->rows[j].due_ms < world->rows[next].due_ms ? j : next;
        }
        world->kit->now_ms = GB_MAX(world->kit->now_ms, world->rows[next].due_ms);
        struct bill *bill = bill_of(world, world->rows[next].about);
        if (bill != NULL && bill->status == PAY_PENDING &&
            world->kit->now_ms > bill->payment.created_ms + GB_HOUR_MS) {
            bill->status = PAY_EXPIRED; /* the provider's own limit */
        }
        answer_row(world, &world->rows[next], true);
    }
    fail_msg("rows without end");
}

/* Only what comes after the provider closed the bill, or after the last look by plan, may wait for
 * a press, a webhook or the reconciliation. */
static bool was_noticed(struct world *world, const struct bill *bill) {
    struct payment payment = kit_payment(world->kit, bill->payment.id);
    bool noticed = payment.state == PAYMENT_PAID || payment.state == PAYMENT_REVIEW;
    bool planned = !bill->closed && bill->paid_ms < payment.created_ms + 3 * GB_DAY_MS;
    assert_true(noticed || !planned);
    return noticed;
}

static void books_are_the_worlds(struct world *world) {
    int64_t roubles = 0, dollars = 0;
    for (size_t i = 0; i < world->bill_count; i++) {
        const struct bill *bill = &world->bills[i];
        if (bill->status == PAY_PAID && was_noticed(world, bill)) {
            bool rouble = str_is(bill->currency, "RUB");
            roubles += rouble ? bill->paid_minor : 0;
            dollars += rouble ? 0 : bill->paid_minor;
        }
    }
    assert_int_equal(kit_balance(world->kit, "provider:test", "RUB"), -roubles);
    assert_int_equal(kit_balance(world->kit, "provider:test", "USD"), -dollars);
    assert_int_equal(kit_balance(world->kit, "provider:stars", "XTR"), -world->stars_minor);
    struct invariant_report report = kit_check(world->kit);
    assert_int_equal(report.broken, 0);
    assert_int_equal(report.outbox, 0);
}

/* ---- the play -----------------------------------------------------------------------------------
 */

typedef void act_fn(struct world *world);

static act_fn *const acts[] = {
    start,       start,       start,        pay_bill,   pay_bill, answer_next, answer_next,
    answer_next, answer_some, answer_again, fact_again, press,    pay_stars,   pass_time,
};

static struct invariant_report play(uint64_t seed) {
    struct world *world = calloc(1, sizeof *world);
    void *kit = NULL;
    static const uint8_t key[SHA256_BYTES] = {3};
    assert_int_equal(kit_set_up(&kit), 0);
    world->kit = kit;
    world->kit->crash_one_in = 4;
    world->kit->events = seed * 1000003; /* another stream for the handlers too */
    rng_init(&world->rng, key, arena_printf(world->kit->memory, "seed %" PRIu64, seed));
    for (size_t i = 0; i < STEPS; i++) {
        acts[pick(world, GB_COUNT(acts))](world);
    }
    settle_down(world);
    books_are_the_worlds(world);
    struct invariant_report report = kit_check(world->kit);
    assert_int_equal(kit_tear_down(&kit), 0);
    free(world);
    return report;
}

static void invariants_hold_whatever_happens_in_whatever_order(void **state) {
    (void)state;
    int64_t paid = 0, payments = 0, dead = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct invariant_report report = play(seed);
        paid += report.paid_payments;
        payments += report.payments;
        dead += report.dead;
    }
    print_message("%d seeds: %" PRId64 " payments, %" PRId64 " paid, %" PRId64 " dead rows\n",
                  SEEDS, payments, paid, dead);
    assert_true(paid > SEEDS); /* else the play plays nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invariants_hold_whatever_happens_in_whatever_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

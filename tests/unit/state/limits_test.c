/* What one person may do: never more than the limit, never less, and patience that ends. */
#define GB_DOOR "a store in a temporary directory"
#include "state/limits.h"

#include "base/arena.h"
#include "base/base.h"
#include "base/crypto.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ANNA  INT64_C(101)
#define BORIS INT64_C(202)

struct scene {
    struct arena *arena;
    struct backend *backend;
    struct config config;
    char directory[64];
    int64_t now_ms;
};

static int set_up(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    s->now_ms = INT64_C(1800000000000);
    s->config.limits.messages = (struct rate){10, GB_MINUTE_MS};
    s->config.limits.presses = (struct rate){60, GB_MINUTE_MS};
    s->config.limits.payments = (struct rate){3, 5 * GB_MINUTE_MS};
    memcpy(s->directory, "/tmp/gb-limit-XXXXXX", 21);
    assert_non_null(mkdtemp(s->directory));
    struct lmdb_options options = {.directory = s->directory};
    struct str why;
    assert_int_equal(lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct scene *s = *state;
    s->backend->ops->close(s->backend);
    arena_free(s->arena);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", s->directory);
    FILE *shell = (popen)(command, "r");
    assert_non_null(shell);
    pclose(shell);
    free(s);
    return 0;
}

static struct work begin(struct scene *s) {
    return (struct work){
        .tx = tx_begin(s->backend, s->arena, s->now_ms),
        .arena = s->arena,
        .now_ms = s->now_ms,
        .config = &s->config,
    };
}

static enum gb_err take(struct scene *s, enum limit_kind kind, int64_t user, bool admin,
                        int64_t *ret_wait_ms) {
    struct work work = begin(s);
    enum gb_err err = limit_take(&work, kind, user, admin, ret_wait_ms);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    return err;
}

static enum patience hear(struct scene *s, int64_t user, bool admin, int64_t *ret_pause_ms) {
    struct work work = begin(s);
    enum patience patience = PATIENCE_HEARD;
    assert_int_equal(limit_hear(&work, LIMIT_MESSAGES, user, admin, &patience, ret_pause_ms),
                     GB_OK);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    return patience;
}

static void the_burst_is_the_whole_count_and_comes_back_evenly(void **state) {
    struct scene *s = *state;
    int64_t wait_ms = 0;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, &wait_ms), GB_OK);
    }
    assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, &wait_ms), GB_LATER);
    assert_int_equal(wait_ms, 6000);
    s->now_ms += 5999;
    assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, &wait_ms), GB_LATER);
    assert_int_equal(wait_ms, 1);
    s->now_ms += 1;
    assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, NULL), GB_OK);
    assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, NULL), GB_LATER);
}

static void people_and_kinds_have_buckets_of_their_own(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(s, LIMIT_PAYMENTS, ANNA, false, NULL), GB_OK);
    }
    assert_int_equal(take(s, LIMIT_PAYMENTS, ANNA, false, NULL), GB_LATER);
    assert_int_equal(take(s, LIMIT_PAYMENTS, BORIS, false, NULL), GB_OK);
    assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, NULL), GB_OK);
}

static void a_limit_that_is_off_limits_nobody_and_writes_nothing(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < 1000; i++) {
        struct work work = begin(s);
        assert_int_equal(limit_take(&work, LIMIT_MESSAGES, ANNA, true, NULL), GB_OK);
        const struct change *changes;
        size_t count;
        tx_changes(work.tx, &changes, &count);
        assert_int_equal(count, 0);
    }
}

/* Beside a bucket of tokens counted in milliseconds: 6000 buy one message. */
static void random_times_agree_with_a_bucket_of_tokens(void **state) {
    struct scene *s = *state;
    struct rng rng;
    const uint8_t key[SHA256_BYTES] = {1};
    rng_init(&rng, key, STR("limits"));
    int64_t tokens = GB_MINUTE_MS, last_ms = s->now_ms, heard = 0;
    for (int i = 0; i < 5000; i++) {
        s->now_ms += (int64_t)rng_below(&rng, rng_below(&rng, 20) == 0 ? 90000 : 9000);
        tokens = GB_MIN(tokens + s->now_ms - last_ms, (int64_t)GB_MINUTE_MS);
        last_ms = s->now_ms;
        bool has = tokens >= 6000;
        assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, NULL), has ? GB_OK : GB_LATER);
        tokens -= has ? 6000 : 0;
        heard += has;
    }
    assert_in_range(heard, 1000, 4900); /* both answers were seen */
}

static void a_clock_set_back_locks_nobody_out_for_longer_than_the_window(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, NULL), GB_OK);
    }
    s->now_ms -= 30 * GB_DAY_MS;
    int64_t wait_ms = 0;
    assert_int_equal(take(s, LIMIT_MESSAGES, ANNA, false, &wait_ms), GB_LATER);
    assert_int_equal(wait_ms, 6000);
}

static void foreign_bytes_in_a_bucket_count_as_none(void **state) {
    struct scene *s = *state;
    struct work work = begin(s);
    tx_put(work.tx, TABLE_LIMITS, STR("messages:101"), STR("{\"tat\":1}"), STORE_NEVER);
    tx_put(work.tx, TABLE_LIMITS, STR("pause:101"), STR("oops"), STORE_NEVER);
    assert_int_equal(tx_apply(work.tx), GB_OK);
    int64_t pause_ms = 0;
    assert_int_equal(hear(s, ANNA, false, &pause_ms), PATIENCE_HEARD);
}

static void who_is_too_fast_is_warned_once_then_muted_for_longer_and_longer(void **state) {
    struct scene *s = *state;
    const int64_t pauses_ms[] = {5 * GB_SECOND_MS,  GB_MINUTE_MS,   5 * GB_MINUTE_MS,
                                 30 * GB_MINUTE_MS, 2 * GB_HOUR_MS, GB_DAY_MS,
                                 GB_DAY_MS};
    for (size_t level = 0; level < GB_COUNT(pauses_ms); level++) {
        int64_t pause_ms = 0;
        enum patience patience = PATIENCE_HEARD;
        for (int i = 0; i < 12 && patience == PATIENCE_HEARD; i++) {
            patience = hear(s, ANNA, false, &pause_ms);
        }
        assert_int_equal(patience, level == 0 ? PATIENCE_WARNED : PATIENCE_MUTED);
        assert_int_equal(pause_ms, pauses_ms[level]);
        s->now_ms += pause_ms - 1;
        assert_int_equal(hear(s, ANNA, false, &pause_ms), PATIENCE_IGNORED);
        s->now_ms += 1;
    }
    assert_int_equal(hear(s, BORIS, false, NULL), PATIENCE_HEARD);
}

static void a_day_of_peace_is_forgiven(void **state) {
    struct scene *s = *state;
    int64_t pause_ms = 0;
    for (int i = 0; i < 11; i++) {
        (void)hear(s, ANNA, false, &pause_ms);
    }
    assert_int_equal(pause_ms, 5 * GB_SECOND_MS);
    s->now_ms += pause_ms + GB_DAY_MS + GB_MINUTE_MS;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hear(s, ANNA, false, &pause_ms), PATIENCE_HEARD);
    }
    assert_int_equal(hear(s, ANNA, false, &pause_ms), PATIENCE_WARNED);
}

static void admins_have_a_limit_of_their_own(void **state) {
    struct scene *s = *state;
    int64_t pause_ms = 0;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(hear(s, ANNA, true, &pause_ms), PATIENCE_HEARD);
    }
    s->config.limits.admin_messages = (struct rate){1, GB_MINUTE_MS};
    assert_int_equal(hear(s, ANNA, true, &pause_ms), PATIENCE_HEARD);
    assert_int_equal(hear(s, ANNA, true, &pause_ms), PATIENCE_WARNED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_burst_is_the_whole_count_and_comes_back_evenly),
        TEST(people_and_kinds_have_buckets_of_their_own),
        TEST(a_limit_that_is_off_limits_nobody_and_writes_nothing),
        TEST(random_times_agree_with_a_bucket_of_tokens),
        TEST(a_clock_set_back_locks_nobody_out_for_longer_than_the_window),
        TEST(foreign_bytes_in_a_bucket_count_as_none),
        TEST(who_is_too_fast_is_warned_once_then_muted_for_longer_and_longer),
        TEST(a_day_of_peace_is_forgiven),
        TEST(admins_have_a_limit_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names of our shape and no other; one row at a time; an answer becomes what admins hear. */
#include "shop/shop_kit.h"

#include "base/arena.h"
#include "shop/backups.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void assert_name(struct kit *kit, const char *shop, const char *wanted) {
    struct str name = backup_name(kit->memory, str_of(shop), INT64_C(1800000000000));
    if (!str_is(name, wanted)) {
        fail_msg("%.*s", (int)name.n, name.p);
    }
    assert_true(backup_is_name(name));
}

static void a_name_holds_the_shop_and_the_second_in_plain_letters(void **state) {
    struct kit *kit = *state;
    assert_name(kit, "GigaBridge", "gigabridge-gigabridge-20270115-080000.gbk");
    assert_name(kit, "My  VPN / Shop!", "gigabridge-my-vpn-shop-20270115-080000.gbk");
    assert_name(kit, "Магазин", "gigabridge-shop-20270115-080000.gbk");
    assert_name(kit, "../../etc/passwd", "gigabridge-etc-passwd-20270115-080000.gbk");
    assert_name(kit, "--", "gigabridge-shop-20270115-080000.gbk");
    assert_name(kit, "0123456789012345678901234567890123456789",
                "gigabridge-01234567890123456789012345678901-20270115-080000.gbk");
}

static void nothing_else_is_a_name_of_ours(void **state) {
    (void)state;
    static const char *const others[] = {
        "",
        "gigabridge-20270115-080000.gbk",
        "gigabridge--20270115-080000.gbk.part",
        "gigabridge-a-20270115-080000.gbk.part",
        "gigabridge-a-20270115-080000.gbk ",
        "gigabridge-a-20270115-08000.gbk",
        "gigabridge-A-20270115-080000.gbk",
        "gigabridge-a/b-20270115-080000.gbk",
        "gigabridge-..-20270115-080000.gbk",
        "/gigabridge-a-20270115-080000.gbk",
        "x-a-20270115-080000.gbk",
        "gigabridge-a-2027o115-080000.gbk",
        "gigabridge-012345678901234567890123456789012-20270115-080000.gbk",
    };
    for (size_t i = 0; i < GB_COUNT(others); i++) {
        if (backup_is_name(str_of(others[i]))) {
            fail_msg("%s", others[i]);
        }
    }
    struct str name = STR("gigabridge-a-b-20270115-080000.gbk");
    assert_true(backup_is_name(name));
    assert_true(str_is(backup_family(name), "gigabridge-a-b"));
}

static void what_was_made_survives_being_written(void **state) {
    struct kit *kit = *state;
    struct backup made = {STR("gigabridge-a-20270115-080000.gbk"), 12, 3456, true, STR(SHA)}, read;
    struct str text = backup_write(kit->memory, &made);
    assert_int_equal(backup_read(kit->memory, text, &read), GB_OK);
    assert_true(str_equal(read.name, made.name) && str_equal(read.sha256, made.sha256));
    assert_true(read.rows == 12 && read.bytes == 3456 && read.is_encrypted);
    made.name = STR("../gigabridge-a-20270115-080000.gbk");
    assert_int_equal(backup_read(kit->memory, backup_write(kit->memory, &made), &read), GB_INVALID);
    assert_int_equal(backup_read(kit->memory, STR("{}"), &read), GB_INVALID);
}

static void it_goes_out_only_with_a_password(void **state) {
    struct kit *kit = *state;
    int64_t keep = 0;
    kit->config.backup.send = true;
    assert_false(backup_is_sent(&kit->config));
    kit->config.backup.password = (struct secret){STR("secret words")};
    assert_true(backup_is_sent(&kit->config));
    kit->config.backup.send = false;
    assert_false(backup_is_sent(&kit->config));
    kit->config.backup.keep = 8;
    kit->config.store.directory = STR("data");
    assert_true(str_is(backup_directory(&kit->config, kit->memory, &keep), "data/outgoing"));
    assert_int_equal(keep, 1);
    kit->config.backup.directory = STR("backups");
    assert_true(str_is(backup_directory(&kit->config, kit->memory, &keep), "backups"));
    assert_int_equal(keep, 8);
}

static enum gb_err ask_step(struct work *work, void *ctx) {
    (void)ctx;
    return backup_ask(work);
}

static enum gb_err answer_step(struct work *work, void *ctx) {
    return backup_answered(work, ctx);
}

static void it_is_asked_for_once_until_it_is_answered(void **state) {
    struct kit *kit = *state;
    assert_int_equal(kit_run(kit, ask_step, NULL), GB_OK);
    assert_int_equal(kit_run(kit, ask_step, NULL), GB_OK);
    struct outbox_row row = kit_row(kit, "local.backup");
    assert_true(str_is(row.lane, "local") && str_is(row.kind, "backup"));
    assert_int_equal(row.again, OUTBOX_SAFE);
    struct answer done = {.kind = ANSWER_DONE, .reason = ""};
    struct backup made = {STR("gigabridge-a-20270115-080000.gbk"), 12, 3456, true, STR(SHA)};
    done.said = backup_write(kit->memory, &made);
    struct event event = {
        .kind = EVENT_ANSWER, .id = STR("a:local/1"), .row = &row, .answer = &done};
    assert_int_equal(kit_run(kit, answer_step, &event), GB_OK);
    assert_int_equal(kit->told[NOTICE_BACKUP_MADE], 1);
    assert_true(str_equal(kit->last[NOTICE_BACKUP_MADE].about, made.name));
    struct answer refused = {.kind = ANSWER_REFUSED, .reason = "not_made", .why = STR("no space")};
    event.answer = &refused;
    assert_int_equal(kit_run(kit, answer_step, &event), GB_OK);
    assert_int_equal(kit->told[NOTICE_BACKUP_FAILED], 1);
    assert_true(str_is(kit->last[NOTICE_BACKUP_FAILED].extra, "no space"));
    assert_int_equal(kit->told[NOTICE_BACKUP_MADE], 1);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_set_up, kit_tear_down)
    const struct CMUnitTest tests[] = {
        T(a_name_holds_the_shop_and_the_second_in_plain_letters),
        T(nothing_else_is_a_name_of_ours),
        T(what_was_made_survives_being_written),
        T(it_goes_out_only_with_a_password),
        T(it_is_asked_for_once_until_it_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

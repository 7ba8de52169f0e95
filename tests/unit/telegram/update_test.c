/* What is believed of an update, and that nothing it holds can do harm. */
#include "telegram/update.h"

#include "base/arena.h"
#include "base/helpers.h"
#include "base/json.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static struct update read_ok(struct arena *arena, const char *text) {
    const struct json *tree;
    struct update update;
    const char *why = "";
    assert_int_equal(json_parse(arena, str_of(text), &tree, NULL), GB_OK);
    if (update_read(arena, tree, &update, &why) != GB_OK) {
        fail_msg("%s: %s", text, why);
    }
    return update;
}

static void assert_invalid(struct arena *arena, const char *text) {
    const struct json *tree;
    struct update update;
    const char *why = NULL;
    assert_int_equal(json_parse(arena, str_of(text), &tree, NULL), GB_OK);
    assert_int_equal(update_read(arena, tree, &update, &why), GB_INVALID);
    assert_non_null(why);
}

#define ANNA                                                                                       \
    "{\"id\":700123456789,\"is_bot\":false,\"first_name\":\"Анна\",\"username\":\"anna\","     \
    "\"language_code\":\"ru\"}"
#define CHAT "{\"id\":700123456789,\"type\":\"private\",\"first_name\":\"Анна\"}"

/* ---- messages ---- */

static void message_gives_person_chat_and_text(void **state) {
    struct update update =
        read_ok(*state, "{\"update_id\":42,\"message\":{\"message_id\":7,\"from\":" ANNA
                        ",\"chat\":" CHAT ",\"date\":1795000000,\"text\":\"привет\"}}");
    assert_int_equal(update.kind, UPDATE_MESSAGE);
    assert_int_equal(update.update_id, 42);
    assert_int_equal(update.from.id, 700123456789);
    assert_false(update.from.is_bot);
    assert_str(update.from.first_name, "Анна");
    assert_str(update.from.username, "anna");
    assert_str(update.from.language, "ru");
    assert_int_equal(update.chat_id, 700123456789);
    assert_str(update.chat_type, "private");
    assert_int_equal(update.message_id, 7);
    assert_int_equal(update.date_s, 1795000000);
    assert_str(update.text, "привет");
    assert_int_equal(update.command.n, 0);
    assert_false(update.has_payment);
}

static struct update message_of(struct arena *arena, const char *text) {
    struct buf buf;
    buf_init(&buf, arena, 65536);
    buf_add_text(&buf, "{\"update_id\":1,\"message\":{\"message_id\":1,\"date\":1,\"from\":" ANNA
                       ",\"chat\":" CHAT ",\"text\":");
    json_quote(&buf, str_of(text));
    buf_add_text(&buf, "}}");
    return read_ok(arena, arena_cstr(arena, buf_str(&buf)));
}

static void command_is_read_with_its_argument(void **state) {
    static const struct {
        const char *text, *command, *argument;
    } cases[] = {
        {"/start", "start", ""},
        {"/start ref_17", "start", "ref_17"},
        {"/start@our_bot ref_17", "start", "ref_17"},
        {"/start@our_bot", "start", ""},
        {"/start\n two  words ", "start", "two  words"},
        {"/Start", "Start", ""},
        {"/a_1", "a_1", ""},
        {"start", "", ""},
        {" /start", "", ""},
        {"/", "", ""},
        {"//start", "", ""},
        {"/ start", "", ""},
        {"/start!", "", ""},
        {"/start@", "", ""},
        {"/start@@bot", "", ""},
        {"/старт", "", ""},
        {"/abcdefghijabcdefghijabcdefghij12", "abcdefghijabcdefghijabcdefghij12", ""},
        {"/abcdefghijabcdefghijabcdefghij123", "", ""},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct update update = message_of(*state, cases[i].text);
        assert_int_equal(update.kind, UPDATE_MESSAGE);
        assert_str(update.command, cases[i].command);
        assert_str(update.argument, cases[i].argument);
    }
}

static void message_without_a_person_is_passed_over(void **state) {
    static const char *const bodies[] = {
        "{\"message_id\":1,\"chat\":" CHAT ",\"text\":\"x\"}",
        "{\"message_id\":1,\"chat\":" CHAT ",\"from\":[],\"text\":\"x\"}",
        "{\"message_id\":1,\"chat\":" CHAT ",\"from\":{\"id\":\"7\"},\"text\":\"x\"}",
        "{\"message_id\":1,\"chat\":" CHAT ",\"from\":{\"id\":0},\"text\":\"x\"}",
        "{\"message_id\":1,\"chat\":" CHAT ",\"from\":{\"id\":-5},\"text\":\"x\"}",
        "{\"message_id\":1,\"chat\":" CHAT ",\"from\":{\"id\":1.5},\"text\":\"x\"}",
        "{\"message_id\":1,\"chat\":" CHAT ",\"from\":{\"id\":9e15},\"text\":\"x\"}",
        "{\"message_id\":1,\"from\":" ANNA ",\"text\":\"x\"}",
        "{\"message_id\":1,\"from\":" ANNA ",\"chat\":{\"id\":null},\"text\":\"x\"}",
        "{}",
    };
    for (size_t i = 0; i < GB_COUNT(bodies); i++) {
        struct str text = arena_printf(*state, "{\"update_id\":5,\"message\":%s}", bodies[i]);
        struct update update = read_ok(*state, text.p);
        assert_int_equal(update.kind, UPDATE_UNKNOWN);
        assert_int_equal(update.update_id, 5);
        assert_int_equal(update.from.id, 0);
        assert_int_equal(update.text.n, 0);
    }
}

static void members_of_wrong_types_count_as_absent(void **state) {
    struct update update = read_ok(
        *state, "{\"update_id\":5,\"message\":{\"message_id\":\"x\",\"date\":{},\"from\":{\"id\":3,"
                "\"is_bot\":\"yes\",\"first_name\":7,\"username\":null,\"language_code\":[]},"
                "\"chat\":{\"id\":-100,\"type\":5},\"text\":{\"a\":1},\"successful_payment\":7}}");
    assert_int_equal(update.kind, UPDATE_MESSAGE);
    assert_int_equal(update.message_id, 0);
    assert_int_equal(update.date_s, 0);
    assert_int_equal(update.chat_id, -100);
    assert_int_equal(update.chat_type.n, 0);
    assert_int_equal(update.text.n, 0);
    assert_int_equal(update.from.first_name.n, 0);
    assert_false(update.from.is_bot);
    assert_false(update.has_payment);
}

static struct str repeat(struct arena *arena, const char *what, size_t times) {
    struct buf buf;
    buf_init(&buf, arena, 1024 * 1024);
    for (size_t i = 0; i < times; i++) {
        buf_add_text(&buf, what);
    }
    return buf_str(&buf);
}

static void what_people_read_is_cut_by_code_points(void **state) {
    struct str text = repeat(*state, "ё", 5000), name = repeat(*state, "🚀", 100);
    struct str body = arena_printf(
        *state,
        "{\"update_id\":5,\"message\":{\"message_id\":1,\"date\":1,\"chat\":" CHAT
        ",\"from\":{\"id\":3,\"first_name\":\"" STR_FMT "\"},\"text\":\"" STR_FMT "\"}}",
        STR_ARG(name), STR_ARG(text));
    struct update update = read_ok(*state, body.p);
    assert_int_equal(utf8_length(update.text), 4096);
    assert_true(utf8_is_valid(update.text));
    assert_int_equal(utf8_length(update.from.first_name), 64);
    assert_true(utf8_is_valid(update.from.first_name));
}

/* ---- buttons ---- */

static void callback_names_the_message_with_the_button(void **state) {
    struct update update = read_ok(
        *state,
        "{\"update_id\":6,\"callback_query\":{\"id\":\"4382bfdwdsb323b2d9\",\"from\":" ANNA
        ",\"message\":{\"message_id\":9,\"from\":{\"id\":1,\"is_bot\":true},\"chat\":" CHAT
        ",\"date\":1795000000,\"text\":\"menu\"},\"chat_instance\":\"-1\",\"data\":\"b\"}}");
    assert_int_equal(update.kind, UPDATE_CALLBACK);
    assert_str(update.query_id, "4382bfdwdsb323b2d9");
    assert_int_equal(update.from.id, 700123456789);
    assert_int_equal(update.chat_id, 700123456789);
    assert_int_equal(update.message_id, 9);
    assert_str(update.data, "b");
    assert_false(update.message_gone);
    assert_int_equal(update.text.n, 0);
}

static void callback_of_an_inaccessible_message_says_so(void **state) {
    struct update update =
        read_ok(*state, "{\"update_id\":6,\"callback_query\":{\"id\":\"1\",\"from\":" ANNA
                        ",\"message\":{\"chat\":" CHAT ",\"message_id\":9,\"date\":0}}}");
    assert_int_equal(update.kind, UPDATE_CALLBACK);
    assert_true(update.message_gone);
    assert_int_equal(update.message_id, 9);
    assert_int_equal(update.chat_id, 700123456789);
    assert_int_equal(update.data.n, 0);
}

static void callback_of_an_inline_message_has_no_chat(void **state) {
    struct update update =
        read_ok(*state, "{\"update_id\":6,\"callback_query\":{\"id\":\"1\",\"from\":" ANNA
                        ",\"inline_message_id\":\"abc\",\"data\":\"b\"}}");
    assert_int_equal(update.kind, UPDATE_CALLBACK);
    assert_true(update.message_gone);
    assert_int_equal(update.chat_id, 0);
    assert_int_equal(update.message_id, 0);
}

static void callback_data_is_taken_whole_or_not_at_all(void **state) {
    struct str data = repeat(*state, "d", 65);
    static const char form[] = "{\"update_id\":6,\"callback_query\":{\"id\":\"1\",\"from\":" ANNA
                               ",\"data\":\"" STR_FMT "\"}}";
    assert_int_equal(read_ok(*state, arena_printf(*state, form, STR_ARG(data)).p).data.n, 0);
    data.n = 64;
    assert_int_equal(read_ok(*state, arena_printf(*state, form, STR_ARG(data)).p).data.n, 64);
}

static void callback_without_an_id_is_passed_over(void **state) {
    struct update update =
        read_ok(*state, "{\"update_id\":6,\"callback_query\":{\"from\":" ANNA ",\"data\":\"b\"}}");
    assert_int_equal(update.kind, UPDATE_UNKNOWN);
}

/* ---- money ---- */

#define PAID(currency, amount, payload, charge)                                                    \
    "{\"update_id\":8,\"message\":{\"message_id\":11,\"date\":1,\"from\":" ANNA ",\"chat\":" CHAT  \
    ",\"successful_payment\":{\"currency\":" currency ",\"total_amount\":" amount                  \
    ",\"invoice_payload\":" payload ",\"telegram_payment_charge_id\":" charge                      \
    ",\"provider_payment_charge_id\":\"\"}}}"

static void successful_payment_is_read_whole(void **state) {
    struct update update = read_ok(*state, PAID("\"XTR\"", "150", "\"pay_1\"", "\"stxAbc_7\""));
    assert_int_equal(update.kind, UPDATE_MESSAGE);
    assert_true(update.has_payment);
    assert_str(update.payment.currency, "XTR");
    assert_int_equal(update.payment.amount_minor, 150);
    assert_str(update.payment.payload, "pay_1");
    assert_str(update.payment.charge_id, "stxAbc_7");
}

static void damaged_payment_is_no_message_at_all(void **state) {
    static const char *const texts[] = {
        PAID("\"XTR\"", "0", "\"pay_1\"", "\"c\""),
        PAID("\"XTR\"", "-150", "\"pay_1\"", "\"c\""),
        PAID("\"XTR\"", "\"150\"", "\"pay_1\"", "\"c\""),
        PAID("\"XTR\"", "1.5", "\"pay_1\"", "\"c\""),
        PAID("\"XTR\"", "1e300", "\"pay_1\"", "\"c\""),
        PAID("\"XTR\"", "9000000000000000", "\"pay_1\"", "\"c\""),
        PAID("\"xtr\"", "150", "\"pay_1\"", "\"c\""),
        PAID("\"\"", "150", "\"pay_1\"", "\"c\""),
        PAID("null", "150", "\"pay_1\"", "\"c\""),
        PAID("\"XTR\"", "150", "\"pay_1\"", "\"\""),
        PAID("\"XTR\"", "150", "\"pay_1\"", "7"),
    };
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        struct update update = read_ok(*state, texts[i]);
        assert_int_equal(update.kind, UPDATE_UNKNOWN);
        assert_false(update.has_payment);
    }
}

static void payload_too_long_is_never_cut_into_another(void **state) {
    struct str payload = repeat(*state, "p", 129);
    static const char form[] =
        "{\"update_id\":8,\"pre_checkout_query\":{\"id\":\"5\",\"from\":" ANNA
        ",\"currency\":\"XTR\",\"total_amount\":1,\"invoice_payload\":\"" STR_FMT "\"}}";
    assert_int_equal(read_ok(*state, arena_printf(*state, form, STR_ARG(payload)).p).kind,
                     UPDATE_UNKNOWN);
    payload.n = 128;
    struct update update = read_ok(*state, arena_printf(*state, form, STR_ARG(payload)).p);
    assert_int_equal(update.payment.payload.n, 128);
}

static void pre_checkout_query_is_read(void **state) {
    struct update update =
        read_ok(*state, "{\"update_id\":8,\"pre_checkout_query\":{\"id\":\"55\",\"from\":" ANNA
                        ",\"currency\":\"XTR\",\"total_amount\":150,\"invoice_payload\":\"p1\"}}");
    assert_int_equal(update.kind, UPDATE_PRE_CHECKOUT);
    assert_true(update.has_payment);
    assert_str(update.query_id, "55");
    assert_str(update.payment.payload, "p1");
    assert_int_equal(update.payment.amount_minor, 150);
    assert_int_equal(update.payment.charge_id.n, 0);
    assert_int_equal(update.chat_id, 700123456789);
    assert_str(update.chat_type, "private");
}

/* ---- membership ---- */

static void membership_tells_reachable_from_gone(void **state) {
    static const struct {
        const char *member;
        enum update_kind kind;
        bool reachable;
    } cases[] = {
        {"{\"status\":\"kicked\",\"until_date\":0}", UPDATE_MEMBERSHIP, false},
        {"{\"status\":\"left\"}", UPDATE_MEMBERSHIP, false},
        {"{\"status\":\"member\"}", UPDATE_MEMBERSHIP, true},
        {"{\"status\":\"administrator\"}", UPDATE_MEMBERSHIP, true},
        {"{\"status\":\"creator\"}", UPDATE_MEMBERSHIP, true},
        {"{\"status\":\"restricted\",\"is_member\":true}", UPDATE_MEMBERSHIP, true},
        {"{\"status\":\"restricted\",\"is_member\":false}", UPDATE_MEMBERSHIP, false},
        {"{\"status\":\"banished\"}", UPDATE_UNKNOWN, false},
        {"{}", UPDATE_UNKNOWN, false},
        {"\"member\"", UPDATE_UNKNOWN, false},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct str text = arena_printf(
            *state,
            "{\"update_id\":9,\"my_chat_member\":{\"chat\":" CHAT ",\"from\":" ANNA
            ",\"date\":1,\"old_chat_member\":{\"status\":\"member\"},\"new_chat_member\":%s}}",
            cases[i].member);
        struct update update = read_ok(*state, text.p);
        assert_int_equal(update.kind, cases[i].kind);
        assert_int_equal(update.reachable, cases[i].reachable);
    }
}

/* ---- what is no update ---- */

static void unknown_kinds_keep_their_update_id(void **state) {
    static const char *const texts[] = {
        "{\"update_id\":12}",
        "{\"update_id\":12,\"edited_message\":{\"message_id\":1}}",
        "{\"update_id\":12,\"message\":null}",
        "{\"update_id\":12,\"message\":\"hi\"}",
        "{\"update_id\":12,\"message\":[{\"message_id\":1}]}",
        "{\"update_id\":12,\"callback_query\":true}",
        "{\"subscription\":{\"user\":{\"id\":1}},\"update_id\":12}",
    };
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        struct update update = read_ok(*state, texts[i]);
        assert_int_equal(update.kind, UPDATE_UNKNOWN);
        assert_int_equal(update.update_id, 12);
    }
}

static void without_an_update_id_it_is_invalid(void **state) {
    static const char *const texts[] = {
        "{}",
        "{\"update_id\":null}",
        "{\"update_id\":\"12\"}",
        "{\"update_id\":-1}",
        "{\"update_id\":1.5}",
        "{\"update_id\":1e300}",
        "{\"update_id\":9007199254740993}",
        "{\"update_id\":[12]}",
        "[]",
        "[{\"update_id\":12}]",
        "\"12\"",
        "12",
        "null",
        "true",
    };
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        assert_invalid(*state, texts[i]);
    }
}

/* ---- anything ---- */

static void assert_bounds(const struct update *update) {
    assert_true(update->update_id >= 0);
    assert_true(update->kind <= UPDATE_MEMBERSHIP);
    assert_true(utf8_length(update->text) <= 4096);
    assert_true(utf8_length(update->from.first_name) <= 64);
    assert_true(update->data.n <= 64 && update->query_id.n <= 64 && update->command.n <= 32);
    assert_true(update->from.id >= 0 && update->message_id >= 0 && update->date_s >= 0);
    assert_true(update->payment.payload.n <= 128 && update->payment.charge_id.n <= 256);
    assert_true(update->kind == UPDATE_UNKNOWN || update->from.id > 0);
    assert_true(!update->has_payment || update->payment.amount_minor > 0);
    assert_true(update->kind != UPDATE_CALLBACK || update->query_id.n > 0);
}

static void mutated_updates_stay_within_bounds(void **state) {
    static const char *const seeds[] = {
        PAID("\"XTR\"", "150", "\"pay_1\"", "\"stxAbc_7\""),
        "{\"update_id\":6,\"callback_query\":{\"id\":\"1\",\"from\":" ANNA
        ",\"message\":{\"message_id\":9,\"chat\":" CHAT ",\"date\":1},\"data\":\"b:x:y\"}}",
        "{\"update_id\":9,\"my_chat_member\":{\"chat\":" CHAT ",\"from\":" ANNA
        ",\"new_chat_member\":{\"status\":\"kicked\"}}}",
        "{\"update_id\":1,\"message\":{\"message_id\":1,\"from\":" ANNA ",\"chat\":" CHAT
        ",\"date\":1,\"text\":\"/start@bot x\"}}",
    };
    static const char pieces[] = "{}[]\",:0123456789-e.\\untrfals \xff\xd0";
    struct chance chance = {4711};
    struct arena *arena = *state;
    size_t read = 0;
    for (int round = 0; round < 20000; round++) {
        struct arena_mark mark = arena_mark(arena);
        struct str text = arena_copy(arena, str_of(seeds[chance_below(&chance, GB_COUNT(seeds))]));
        char *bytes = arena_take(arena, text.n);
        memcpy(bytes, text.p, text.n);
        for (size_t i = chance_below(&chance, 4); i > 0; i--) {
            bytes[chance_below(&chance, text.n)] = pieces[chance_below(&chance, sizeof pieces - 1)];
        }
        const struct json *tree;
        struct update update;
        const char *why;
        if (json_parse(arena, (struct str){bytes, text.n}, &tree, NULL) == GB_OK &&
            update_read(arena, tree, &update, &why) == GB_OK) {
            assert_bounds(&update);
            read++;
        }
        arena_reset(arena, mark);
    }
    assert_true(read > 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(message_gives_person_chat_and_text),
        TEST(command_is_read_with_its_argument),
        TEST(message_without_a_person_is_passed_over),
        TEST(members_of_wrong_types_count_as_absent),
        TEST(what_people_read_is_cut_by_code_points),
        TEST(callback_names_the_message_with_the_button),
        TEST(callback_of_an_inaccessible_message_says_so),
        TEST(callback_of_an_inline_message_has_no_chat),
        TEST(callback_data_is_taken_whole_or_not_at_all),
        TEST(callback_without_an_id_is_passed_over),
        TEST(successful_payment_is_read_whole),
        TEST(damaged_payment_is_no_message_at_all),
        TEST(payload_too_long_is_never_cut_into_another),
        TEST(pre_checkout_query_is_read),
        TEST(membership_tells_reachable_from_gone),
        TEST(unknown_kinds_keep_their_update_id),
        TEST(without_an_update_id_it_is_invalid),
        TEST(mutated_updates_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

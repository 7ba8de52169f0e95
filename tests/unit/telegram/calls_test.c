/* Bodies byte for byte, and the bounds Telegram puts on them. */
#include "telegram/calls.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/helpers.h"
#include "base/json.h"
#include "telegram/html.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static const struct tg_button two_rows[] = {
    {.text = STR_INIT("Купить"), .data = STR_INIT("buy")},
    {.text = STR_INIT("Site"), .url = STR_INIT("https://example.org/?a=1")},
    {.text = STR_INIT("Copy"), .copy = STR_INIT("vless://x")},
};
static const unsigned two_row_ends[] = {2, 3};
static const struct tg_keyboard keyboard = {two_rows, two_row_ends, 2};

#define KEYBOARD                                                                                     \
    "\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Купить\",\"callback_data\":\"buy\"}," \
    "{\"text\":\"Site\",\"url\":\"https://example.org/?a=1\"}],"                                     \
    "[{\"text\":\"Copy\",\"copy_text\":{\"text\":\"vless://x\"}}]]}"
#define NO_PREVIEW "\"link_preview_options\":{\"is_disabled\":true}"

static void send_message_is_this(void **state) {
    struct tg_message message = {
        .chat_id = 7, .html = STR("<b>Hi</b> \"you\""), .keyboard = keyboard};
    assert_str(
        call_send_message(*state, &message),
        "{\"chat_id\":7,\"text\":\"<b>Hi</b> \\\"you\\\"\",\"parse_mode\":\"HTML\"," NO_PREVIEW
        "," KEYBOARD "}");
}

static void options_of_a_message_are_sent_only_when_set(void **state) {
    struct tg_message message = {
        .chat_id = -100123, .html = STR("x"), .silent = true, .preview = true};
    assert_str(call_send_message(*state, &message),
               "{\"chat_id\":-100123,\"text\":\"x\",\"parse_mode\":\"HTML\","
               "\"disable_notification\":true}");
}

static void edit_text_is_this(void **state) {
    struct tg_message message = {
        .chat_id = 7, .message_id = 12, .html = STR("x"), .keyboard = keyboard};
    assert_str(call_edit_text(*state, &message),
               "{\"chat_id\":7,\"message_id\":12,\"text\":\"x\",\"parse_mode\":\"HTML\"," NO_PREVIEW
               "," KEYBOARD "}");
}

static void send_photo_carries_the_picture(void **state) {
    struct tg_message message = {.chat_id = 7, .html = STR("<b>x</b>"), .keyboard = keyboard};
    assert_str(call_send_photo(*state, &message, STR("\x89PNG")),
               "{\"$photo\":\"iVBORw==\",\"chat_id\":7,\"caption\":\"<b>x</b>\","
               "\"parse_mode\":\"HTML\"," KEYBOARD "}");
    message = (struct tg_message){.chat_id = 7};
    assert_str(call_send_photo(*state, &message, STR("\x89PNG")),
               "{\"$photo\":\"iVBORw==\",\"chat_id\":7}");
}

static void small_calls_are_these(void **state) {
    assert_str(call_delete_message(*state, 7, 12), "{\"chat_id\":7,\"message_id\":12}");
    assert_str(call_answer_callback(*state, STR("q1"), STR_NONE, false),
               "{\"callback_query_id\":\"q1\"}");
    assert_str(call_answer_callback(*state, STR("q1"), STR("Готово"), true),
               "{\"callback_query_id\":\"q1\",\"text\":\"Готово\",\"show_alert\":true}");
    assert_str(call_answer_pre_checkout(*state, STR("p1"), STR_NONE),
               "{\"pre_checkout_query_id\":\"p1\",\"ok\":true}");
    assert_str(call_answer_pre_checkout(*state, STR("p1"), STR("Sold out")),
               "{\"pre_checkout_query_id\":\"p1\",\"ok\":false,\"error_message\":\"Sold out\"}");
}

static const struct tg_button pay_row[] = {{.text = STR_INIT("Pay"), .pay = true},
                                           {.text = STR_INIT("Back"), .data = STR_INIT("b")}};
static const unsigned pay_row_ends[] = {1, 2};

static void send_invoice_is_this(void **state) {
    struct tg_invoice invoice = {
        .chat_id = 7,
        .title = STR("VPN"),
        .description = STR("30 days"),
        .payload = STR("pay_1"),
        .label = STR("30 days"),
        .stars = 150,
        .keyboard = {pay_row, pay_row_ends, 2},
    };
    assert_str(call_send_invoice(*state, &invoice),
               "{\"chat_id\":7,\"title\":\"VPN\",\"description\":\"30 days\",\"payload\":\"pay_1\","
               "\"provider_token\":\"\",\"currency\":\"XTR\",\"prices\":[{\"label\":\"30 days\","
               "\"amount\":150}],\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Pay\","
               "\"pay\":true}],[{\"text\":\"Back\",\"callback_data\":\"b\"}]]}}");
}

static void set_commands_is_this(void **state) {
    const struct str commands[][2] = {{STR("start"), STR("Меню")}, {STR("help"), STR("Помощь")}};
    assert_str(call_set_commands(*state, STR("ru"), commands, 2),
               "{\"commands\":[{\"command\":\"start\",\"description\":\"Меню\"},"
               "{\"command\":\"help\",\"description\":\"Помощь\"}],\"language_code\":\"ru\"}");
    assert_str(call_set_commands(*state, STR_NONE, commands, 1),
               "{\"commands\":[{\"command\":\"start\",\"description\":\"Меню\"}]}");
}

static void set_webhook_is_this(void **state) {
    assert_str(call_set_webhook(*state, STR("https://shop.example/hook"), STR("s_-3"), 40),
               "{\"url\":\"https://shop.example/hook\",\"secret_token\":\"s_-3\","
               "\"max_connections\":40,\"allowed_updates\":[\"message\",\"callback_query\","
               "\"pre_checkout_query\",\"my_chat_member\"]}");
}

/* ---- bounds ---- */

static struct str repeat(struct arena *arena, const char *what, size_t times) {
    struct buf buf;
    buf_init(&buf, arena, 1024 * 1024);
    for (size_t i = 0; i < times; i++) {
        buf_add_text(&buf, what);
    }
    return buf_str(&buf);
}

static struct str member(struct arena *arena, struct str body, const char *path) {
    const struct json *tree;
    assert_int_equal(json_parse(arena, body, &tree, NULL), GB_OK);
    return json_str_or(tree, path, STR("(none)"));
}

static void long_texts_are_cut_after_parsing(void **state) {
    struct tg_message message = {.chat_id = 7, .html = repeat(*state, "&lt;", 5000)};
    struct str text = member(*state, call_send_message(*state, &message), "text");
    assert_int_equal(html_length(text), 4096);
    assert_true(str_ends(text, STR("&lt;")));

    message.html = repeat(*state, "<b>ё</b>", 1500);
    text = member(*state, call_send_photo(*state, &message, STR("x")), "caption");
    assert_int_equal(html_length(text), 1024);
    assert_true(str_ends(text, STR("ё</b>")));

    message.html = repeat(*state, "&amp;", 4096); /* long only before it is parsed */
    text = member(*state, call_send_message(*state, &message), "text");
    assert_true(str_equal(text, message.html));
}

static void labels_are_cut_by_code_points(void **state) {
    struct tg_invoice invoice = {
        .chat_id = 7,
        .title = repeat(*state, "Ё", 40),
        .description = repeat(*state, "🚀", 300),
        .payload = STR("p"),
        .label = STR("l"),
        .stars = 1,
    };
    struct str body = call_send_invoice(*state, &invoice);
    assert_int_equal(utf8_length(member(*state, body, "title")), 32);
    assert_int_equal(utf8_length(member(*state, body, "description")), 255);
    struct str toast = repeat(*state, "ё", 300);
    body = call_answer_callback(*state, STR("q"), toast, false);
    assert_int_equal(utf8_length(member(*state, body, "text")), 200);
}

struct slip {
    struct arena *arena;
    struct tg_button button;
    size_t buttons, per_row;
    bool pay_second;
};

static void send_slip(void *ctx) {
    struct slip *slip = ctx;
    struct tg_button buttons[128];
    unsigned row_ends[128];
    size_t rows = 0;
    for (size_t i = 0; i < slip->buttons; i++) {
        buttons[i] = slip->button;
        if ((i + 1) % slip->per_row == 0 || i + 1 == slip->buttons) {
            row_ends[rows++] = (unsigned)i + 1;
        }
    }
    if (slip->pay_second) {
        buttons[1] = (struct tg_button){.text = STR("Pay"), .pay = true};
    }
    struct tg_message message = {
        .chat_id = 7, .html = STR("x"), .keyboard = {buttons, row_ends, rows}};
    (void)call_send_message(slip->arena, &message);
}

static void keyboards_out_of_bounds_are_our_bug(void **state) {
    const struct tg_button good = {.text = STR("t"), .data = STR("d")};
    struct slip slips[] = {
        {*state, good, 9, 9, false},
        {*state, good, 101, 4, false},
        {*state, good, 2, 2, true},
        {*state, {.text = STR_NONE, .data = STR("d")}, 1, 1, false},
        {*state, {.text = STR("t")}, 1, 1, false},
        {*state, {.text = STR("t"), .data = STR("d"), .url = STR("https://x")}, 1, 1, false},
        {*state, {.text = STR("t"), .data = repeat(*state, "d", 65)}, 1, 1, false},
        {*state, {.text = STR("t"), .copy = repeat(*state, "ё", 257)}, 1, 1, false},
    };
    for (size_t i = 0; i < GB_COUNT(slips); i++) {
        assert_panics(send_slip, &slips[i], "");
    }
    struct slip full = {*state, {.text = STR("t"), .data = repeat(*state, "d", 64)}, 100, 8, false};
    send_slip(&full);
}

static void send_empty(void *ctx) {
    struct tg_message message = {.chat_id = 7};
    (void)call_send_message(ctx, &message);
}

static void message_without_text_is_our_bug(void **state) {
    assert_panics(send_empty, *state, "html");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(send_message_is_this),
        TEST(options_of_a_message_are_sent_only_when_set),
        TEST(edit_text_is_this),
        TEST(send_photo_carries_the_picture),
        TEST(small_calls_are_these),
        TEST(send_invoice_is_this),
        TEST(set_commands_is_this),
        TEST(set_webhook_is_this),
        TEST(long_texts_are_cut_after_parsing),
        TEST(labels_are_cut_by_code_points),
        TEST(keyboards_out_of_bounds_are_our_bug),
        TEST(message_without_text_is_our_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From text to struct and from mistakes to faults: each named once, with its place, all in one go.
 */
#include "base/options.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "helpers.h"

struct server {
    struct str id, panel;
    struct secret key;
    int64_t users_max;
};

struct settings {
    struct secret token;
    struct str api, proxy, name, price;
    int64_t connections, poll_ms;
    bool open;
    int language, offset_min;
    struct int64_list admins;
    struct server *servers;
    size_t server_count;
};

#define AT(member) offsetof(struct settings, member)

static const char *const languages[] = {"ru", "en", NULL};
static const char *const proxies[] = {"http", "socks5h", NULL};

static const struct option options[] = {
    {.section = "bot",
     .key = "token",
     .kind = OPTION_SECRET,
     .offset = AT(token),
     .min = 10,
     .max = 60,
     .flags = OPTION_REQUIRED,
     .help = "From @BotFather."},
    {.section = "bot",
     .key = "api",
     .kind = OPTION_URL,
     .offset = AT(api),
     .fallback = "https://api.telegram.org",
     .help = "The server."},
    {.section = "bot",
     .key = "proxy",
     .kind = OPTION_URL,
     .offset = AT(proxy),
     .choices = proxies,
     .flags = OPTION_RELOAD,
     .help = "Around a wall."},
    {.section = "bot",
     .key = "connections",
     .kind = OPTION_I64,
     .offset = AT(connections),
     .fallback = "16",
     .min = 1,
     .max = 64,
     .help = "At once."},
    {.section = "bot",
     .key = "poll",
     .kind = OPTION_DURATION,
     .offset = AT(poll_ms),
     .fallback = "50s",
     .min = GB_SECOND_MS,
     .max = GB_MINUTE_MS,
     .help = "How long | a poll waits."},
    {.section = "shop",
     .key = "name",
     .kind = OPTION_STR,
     .offset = AT(name),
     .fallback = "Shop",
     .min = 1,
     .max = 20,
     .help = "As buyers\nsee it.",
     .example = "My shop"},
    {.section = "shop",
     .key = "open",
     .kind = OPTION_BOOL,
     .offset = AT(open),
     .fallback = "yes",
     .help = "Selling?"},
    {.section = "shop",
     .key = "language",
     .kind = OPTION_CHOICE,
     .offset = AT(language),
     .fallback = "ru",
     .choices = languages,
     .help = "Whose?"},
    {.section = "shop",
     .key = "price",
     .kind = OPTION_MONEY,
     .offset = AT(price),
     .help = "How much?"},
    {.section = "shop",
     .key = "time-zone",
     .kind = OPTION_OFFSET,
     .offset = AT(offset_min),
     .fallback = "UTC",
     .help = "Where?"},
    {.section = "shop",
     .key = "admins",
     .kind = OPTION_I64_LIST,
     .offset = AT(admins),
     .min = 1,
     .max = INT64_MAX,
     .help = "Who?"},
};
#undef AT
#define AT(member) offsetof(struct server, member)

static const struct option server_options[] = {
    {.key = "panel",
     .kind = OPTION_URL,
     .offset = AT(panel),
     .flags = OPTION_REQUIRED,
     .help = "Where?",
     .example = "https://panel.example/x"},
    {.key = "key", .kind = OPTION_SECRET, .offset = AT(key), .help = "Its key."},
    {.key = "users_max",
     .kind = OPTION_I64,
     .offset = AT(users_max),
     .fallback = "100",
     .max = 1000,
     .help = "At most."},
};
#undef AT

static const struct option_group groups[] = {
    {.section = "server",
     .options = server_options,
     .count = GB_COUNT(server_options),
     .item_bytes = sizeof(struct server),
     .offset_items = offsetof(struct settings, servers),
     .offset_count = offsetof(struct settings, server_count),
     .offset_id = offsetof(struct server, id),
     .items_max = 3,
     .help = "A panel.",
     .example_id = "de1"},
};

static const struct option_section sections[] = {{"bot", "The bot."}, {"shop", NULL}};

static const struct options_spec spec = {
    .intro = "Settings.",
    .environment = "GB",
    .options = options,
    .count = GB_COUNT(options),
    .groups = groups,
    .group_count = GB_COUNT(groups),
    .sections = sections,
    .section_count = GB_COUNT(sections),
    .struct_bytes = sizeof(struct settings),
};

/* ---- what is handed in ---- */

struct outside {
    struct arena *arena;
    const char *variables[8][2];
    const char *overrides[8];
    size_t override_count;
};

static const char *variable(void *ctx, const char *name) {
    const struct outside *outside = ctx;
    for (size_t i = 0; i < GB_COUNT(outside->variables) && outside->variables[i][0] != NULL; i++) {
        if (strcmp(outside->variables[i][0], name) == 0) {
            return outside->variables[i][1];
        }
    }
    return NULL;
}

static enum gb_err secret_file(void *ctx, struct arena *arena, struct str path,
                               struct str *ret_text) {
    (void)ctx, (void)arena;
    if (str_is(path, "/run/token")) {
        *ret_text = STR("  110201543:AAH-file\nsecond line\n");
    } else if (str_is(path, "/run/binary")) {
        *ret_text = (struct str){"1234567890\0abc", 14};
    } else if (str_is(path, "/run/short")) {
        *ret_text = STR("1234\n");
    } else {
        return GB_NOT_FOUND;
    }
    return GB_OK;
}

static enum gb_err read_with(struct outside *outside, struct str text, struct settings *settings,
                             struct faults *faults) {
    struct options_source source = {
        .file = "c.ini",
        .text = text,
        .environment = variable,
        .read_file = secret_file,
        .ctx = outside,
        .overrides = outside->overrides,
        .override_count = outside->override_count,
    };
    faults_init(faults, outside->arena);
    return options_read(&spec, &source, outside->arena, settings, faults);
}

static void assert_reads(struct outside *outside, const char *text, struct settings *settings) {
    struct faults faults;
    if (read_with(outside, str_of(text), settings, &faults) != GB_OK) {
        fail_msg(STR_FMT, STR_ARG(faults.first->text));
    }
    assert_null(faults.first);
}

/* Exactly these faults, one a line. */
static void assert_faults(struct outside *outside, struct str text, const char *expected) {
    struct faults faults;
    struct settings settings;
    struct buf buf;
    assert_int_equal(read_with(outside, text, &settings, &faults), GB_INVALID);
    buf_init(&buf, outside->arena, 65536);
    for (const struct fault *f = faults.first; f != NULL; f = f->next) {
        buf_add(&buf, f->text);
        buf_add_char(&buf, '\n');
    }
    assert_str(buf_str(&buf), expected);
}

static void count_held(void *ctx, const struct option *option) {
    struct buf *buf = ctx;
    buf_printf(buf, "[%s] %s\n", option->section, option->key);
}

static int make_outside(void **state) {
    static struct outside outside;
    outside = (struct outside){.arena = arena_new(65536, 64 * 1024 * 1024)};
    *state = &outside;
    return 0;
}

static int drop_outside(void **state) {
    arena_free(((struct outside *)*state)->arena);
    return 0;
}

#define TOKEN   "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5"
#define MINIMAL "[bot]\ntoken = " TOKEN "\n"

/* ---- reading again ---- */

static void what_cannot_change_in_a_running_program_keeps_its_value_and_is_named(void **state) {
    struct outside *outside = *state;
    struct settings before, after;
    struct buf names;
    assert_reads(outside,
                 MINIMAL "api = http://a\n[shop]\nadmins = 1, 2\n[server a]\npanel = http://p\n",
                 &before);
    assert_reads(outside,
                 "[bot]\ntoken = 999999999:AAHdqTcvCH1vGWJxfSeofSAs0K5\napi = http://a\n"
                 "proxy = http://new\nconnections = 3\n[shop]\nopen = no\nlanguage = en\n"
                 "admins = 1, 2, 3\ntime-zone = +01:00\n",
                 &after);
    buf_init(&names, outside->arena, 1000);
    options_hold(&spec, &before, outside->arena, &after, count_held, &names);
    assert_str(buf_str(&names), "[bot] token\n[bot] connections\n[shop] open\n[shop] language\n"
                                "[shop] time-zone\n[shop] admins\n");
    assert_str(secret_reveal(after.token), TOKEN);
    assert_str(after.proxy, "http://new");
    assert_int_equal(after.connections, 16);
    assert_true(after.open);
    assert_int_equal(after.language, 0);
    assert_int_equal(after.offset_min, 0);
    assert_int_equal(after.admins.count, 2);
    assert_int_equal(after.admins.items[1], 2);
    assert_int_equal(after.server_count, 0);
    options_hold(&spec, &before, outside->arena, &after, count_held, &names);
    assert_true(str_ends(buf_str(&names), STR("time-zone\n[shop] admins\n")));
}

/* ---- reading ---- */

static void every_kind_gets_into_its_field(void **state) {
    struct settings s;
    assert_reads(*state,
                 "# a comment\n"
                 "[bot]\n"
                 "token=" TOKEN "\n"
                 "  api = http://127.0.0.1:8081///  \n"
                 "proxy = socks5h://user:pw@[::1]:1080\n"
                 "connections = 64\n"
                 "poll = 1 min ; a comment behind\n"
                 "\n"
                 "[shop]\n"
                 "; another comment\n"
                 "name = Лавка = 1\n"
                 "open = Off\n"
                 "language = en\n"
                 "price = 149.90\n"
                 "time-zone = -05:30\n"
                 "admins = 1, 22 ,333\n",
                 &s);
    assert_str(secret_reveal(s.token), TOKEN);
    assert_str(s.api, "http://127.0.0.1:8081");
    assert_str(s.proxy, "socks5h://user:pw@[::1]:1080");
    assert_int_equal(s.connections, 64);
    assert_int_equal(s.poll_ms, 60000);
    assert_str(s.name, "Лавка = 1");
    assert_false(s.open);
    assert_int_equal(s.language, 1);
    assert_str(s.price, "149.90");
    assert_int_equal(s.offset_min, -330);
    assert_int_equal(s.admins.count, 3);
    assert_int_equal(s.admins.items[0], 1);
    assert_int_equal(s.admins.items[2], 333);
    assert_int_equal(s.server_count, 0);
}

static void what_is_not_given_has_its_fallback(void **state) {
    struct settings s;
    assert_reads(*state, MINIMAL "api =\npoll = ; nothing\n", &s);
    assert_str(s.api, "https://api.telegram.org");
    assert_int_equal(s.proxy.n, 0);
    assert_int_equal(s.connections, 16);
    assert_int_equal(s.poll_ms, 50000);
    assert_str(s.name, "Shop");
    assert_true(s.open);
    assert_int_equal(s.language, 0);
    assert_int_equal(s.price.n, 0);
    assert_int_equal(s.admins.count, 0);
}

static void texts_outlive_the_file(void **state) {
    struct settings s;
    char text[] = MINIMAL "[shop]\nname = Ann\n[server de1]\npanel = http://p/x\n";
    assert_reads(*state, text, &s);
    memset(text, 'x', sizeof text);
    assert_str(s.name, "Ann");
    assert_str(s.servers[0].id, "de1");
    assert_str(s.servers[0].panel, "http://p/x");
}

static void a_section_with_an_id_is_an_item(void **state) {
    struct settings s;
    assert_reads(*state,
                 MINIMAL "[server de1]\npanel = https://a.example/x/\n"
                         "[shop]\n"
                         "[ server   nl_2-x ]\nusers_max = 7\npanel = https://b.example\n"
                         "key = file:/run/short\n",
                 &s);
    assert_int_equal(s.server_count, 2);
    assert_str(s.servers[0].id, "de1");
    assert_str(s.servers[0].panel, "https://a.example/x");
    assert_int_equal(s.servers[0].users_max, 100);
    assert_str(s.servers[1].id, "nl_2-x");
    assert_int_equal(s.servers[1].users_max, 7);
    assert_str(secret_reveal(s.servers[1].key), "1234");
}

static void line_ends_and_a_byte_order_mark_do_not_matter(void **state) {
    struct settings s;
    assert_reads(*state, "\xEF\xBB\xBF[bot]\r\ntoken = " TOKEN "\r\n[shop]\r\nname = Ann", &s);
    assert_str(s.name, "Ann");
    assert_str(secret_reveal(s.token), TOKEN);
}

static void the_command_line_goes_before_the_environment_before_the_file(void **state) {
    struct outside *outside = *state;
    struct settings s;
    const char *text =
        MINIMAL "[shop]\nname = file\nlanguage = en\n[server de1]\npanel = http://p\n";
    outside->variables[0][0] = "GB_SHOP_NAME";
    outside->variables[0][1] = "variable";
    outside->variables[1][0] = "GB_SHOP_TIME_ZONE";
    outside->variables[1][1] = " +03:00 ";
    outside->variables[2][0] = "GB_SHOP_LANGUAGE";
    outside->variables[2][1] = "";
    assert_reads(outside, text, &s);
    assert_str(s.name, "variable");
    assert_int_equal(s.offset_min, 180);
    assert_int_equal(s.language, 1);
    outside->overrides[0] = "shop.name=a=b.c";
    outside->overrides[1] = "server de1.users_max = 5";
    outside->override_count = 2;
    assert_reads(outside, text, &s);
    assert_str(s.name, "a=b.c");
    assert_int_equal(s.servers[0].users_max, 5);
}

static void a_secret_may_come_from_the_environment_or_a_file_alone(void **state) {
    struct outside *outside = *state;
    struct settings s;
    outside->variables[0][0] = "GB_BOT_TOKEN";
    outside->variables[0][1] = TOKEN;
    assert_reads(outside, "", &s);
    assert_str(secret_reveal(s.token), TOKEN);
    outside->variables[0][1] = "file:/run/token";
    assert_reads(outside, "", &s);
    assert_str(secret_reveal(s.token), "110201543:AAH-file");
}

/* ---- faults ---- */

static void all_faults_are_told_at_once_in_the_order_of_lines(void **state) {
    assert_faults(
        *state,
        STR("name = x\n"               /* 1 */
            "[bot]\n"                  /* 2 */
            "conections = 5\n"         /* 3 */
            "poll = 2h\n"              /* 4 */
            "language = en\n"          /* 5 */
            "[shp]\n"                  /* 6 */
            "name = never looked at\n" /* 7 */
            "[shop]\n"                 /* 8 */
            "open = perhaps\n"         /* 9 */
            "what is this\n"           /* 10 */
            "open = yes\n"             /* 11 */
            "[server DE]\n"            /* 12 */
            "[server de1]\n"           /* 13 */
            "[server de1]\n"           /* 14 */
            "[shop\n"),                /* 15 */
        "c.ini:1: a setting before the first [section]\n"
        "c.ini:2: [bot] token: required, and not given: a secret from 10 to 60 bytes, or "
        "file:/path to it\n"
        "c.ini:3: [bot] conections: there is no such key; did you mean connections?\n"
        "c.ini:4: [bot] poll: \"2h\" is not a duration (30s, 10 min, 1h, 2d) from 1s to 1 "
        "min\n"
        "c.ini:5: [bot] language: there is no such key; there is one in [shop]\n"
        "c.ini:6: [shp]: there is no such section; did you mean [shop]?\n"
        "c.ini:9: [shop] open: \"perhaps\" is not yes or no\n"
        "c.ini:10: not a setting (key = value), a [section] or a comment\n"
        "c.ini:11: [shop] open: is on line 9 already\n"
        "c.ini:12: [server ...]: needs an id behind its name, 1 to 16 of a-z 0-9 _ -\n"
        "c.ini:13: [server de1] panel: required, and not given: a URL that begins with "
        "http:// or https://\n"
        "c.ini:14: [server de1]: there is one on line 13 already\n"
        "c.ini:15: a heading is [section] or [section id], alone on its line\n");
}

static void a_missing_section_is_told_with_what_it_should_have(void **state) {
    assert_faults(*state, STR_NONE,
                  "c.ini: [bot] token: required, and not given: a secret from 10 to 60 bytes, or "
                  "file:/path to it (there is no such section)\n");
}

static void a_section_may_be_opened_again(void **state) {
    struct settings s;
    assert_reads(*state, "[shop]\nname = Ann\n" MINIMAL "[shop]\nopen = no\n", &s);
    assert_str(s.name, "Ann");
    assert_false(s.open);
    assert_faults(*state, STR("[bot]\n[shop]\nname = a\n[bot]\n[shop]\nname = b\n"),
                  "c.ini:1: [bot] token: required, and not given: a secret from 10 to 60 bytes, or "
                  "file:/path to it\n"
                  "c.ini:6: [shop] name: is on line 3 already\n");
}

static void names_are_guessed_in_any_case_or_not_at_all(void **state) {
    assert_faults(*state,
                  STR(MINIMAL "TOKEN = x\nzz = 1\nusers_max = 1\n[BOT]\n[servers a]\n"
                              "[telegram]\n[bot x]\n"),
                  "c.ini:3: [bot] TOKEN: there is no such key; did you mean token?\n"
                  "c.ini:4: [bot] zz: there is no such key\n"
                  "c.ini:5: [bot] users_max: there is no such key\n"
                  "c.ini:6: [BOT]: there is no such section; did you mean [bot]?\n"
                  "c.ini:7: [servers a]: there is no such section; did you mean [server]?\n"
                  "c.ini:8: [telegram]: there is no such section\n"
                  "c.ini:9: [bot x]: there is no such section; did you mean [bot]?\n");
}

static void each_kind_says_what_it_expects(void **state) {
    const struct {
        const char *line, *fault;
    } cases[] = {
        {"[bot]\nconnections = 0", "\"0\" is not a whole number from 1 to 64"},
        {"[bot]\nconnections = 1x", "\"1x\" is not a whole number from 1 to 64"},
        {"[bot]\napi = ftp://x", "what is given is not a URL that begins with http:// or https://"},
        {"[bot]\napi = https://",
         "what is given is not a URL that begins with http:// or https://"},
        {"[bot]\napi = https://a b", "what is given is not a URL that begins with http:// or "
                                     "https://"},
        {"[bot]\nproxy = https://x", "what is given is not a URL that begins with http:// or "
                                     "socks5h://"},
        {"[shop]\nlanguage = de", "\"de\" is not one of: ru, en"},
        {"[shop]\nprice = 1,5", "\"1,5\" is not an amount (149 or 149.90)"},
        {"[shop]\nprice = .5", "\".5\" is not an amount (149 or 149.90)"},
        {"[shop]\ntime-zone = MSK", "\"MSK\" is not an offset from UTC (+03:00)"},
        {"[shop]\nadmins = 1,,2",
         "\"1,,2\" is not whole numbers with commas between them, 1 or more"},
        {"[shop]\nadmins = 0", "\"0\" is not whole numbers with commas between them, 1 or more"},
        {"[shop]\nname = 123456789012345678901", "what is given is not a text from 1 to 20 bytes"},
    };
    struct outside *outside = *state;
    outside->variables[0][0] = "GB_BOT_TOKEN";
    outside->variables[0][1] = TOKEN;
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct faults faults;
        struct settings s;
        assert_int_equal(read_with(outside, str_of(cases[i].line), &s, &faults), GB_INVALID);
        assert_int_equal(faults.count, 1);
        if (!str_ends(faults.first->text, str_of(cases[i].fault))) {
            fail_msg(STR_FMT, STR_ARG(faults.first->text));
        }
        assert_int_equal(faults.first->line, 2);
    }
}

static void faults_say_where_a_value_came_from(void **state) {
    struct outside *outside = *state;
    outside->variables[0][0] = "GB_SHOP_LANGUAGE";
    outside->variables[0][1] = "xx";
    outside->variables[1][0] = "GB_SHOP_NAME";
    outside->variables[1][1] = "\xFF";
    outside->overrides[0] = "shop.open=maybe";
    outside->overrides[1] = "shop.nonsense=1";
    outside->overrides[2] = "shop.name";
    outside->overrides[3] = "server de9.users_max=1";
    outside->override_count = 4;
    assert_faults(outside, STR(MINIMAL "[shop]\nlanguage = ru\nopen = yes\n"),
                  "command line: shop.nonsense: not a section.key=value of this program\n"
                  "command line: shop.name: not a section.key=value of this program\n"
                  "command line: server de9.users_max: not a section.key=value of this "
                  "program\n"
                  "environment: [shop] name: not UTF-8\n"
                  "command line: [shop] open: \"maybe\" is not yes or no\n"
                  "environment: [shop] language: \"xx\" is not one of: ru, en\n");
}

static void lines_that_are_no_text_are_named(void **state) {
    struct buf buf;
    buf_init(&buf, ((struct outside *)*state)->arena, 10000);
    buf_add(&buf, STR(MINIMAL "[shop]\nname = \xFF\xFE\nname = a"));
    buf_add_char(&buf, '\0');
    buf_add(&buf, STR("b\nname = "));
    for (int i = 0; i < 1000; i++) {
        buf_add_char(&buf, 'x');
    }
    buf_add(&buf, STR("\nlanguage = xx\n"));
    assert_faults(*state, buf_str(&buf),
                  "c.ini:4: not UTF-8: save the file in that encoding\n"
                  "c.ini:5: a byte 0 is in this line: is it a text file?\n"
                  "c.ini:6: longer than 998 bytes\n"
                  "c.ini:7: [shop] language: \"xx\" is not one of: ru, en\n");
}

static void a_secret_is_never_in_a_fault(void **state) {
    const char *const texts[] = {
        "[bot]\ntoken = hush-hush\n",
        "[bot]\ntoken = hush-hush-hush-hush-hush-hush-hush-hush-hush-hush-hush-hush-hush\n",
        "[bot]\ntoken = x\ntoken = hush-hush-hush\n",
        "[bot]\ntokn = hush-hush-hush\n",
        "[bott]\ntoken = hush-hush-hush\n",
        "[bot]\ntoken hush-hush-hush\n",
        "[bot]\ntoken = \xFFhush-hush-hush\n",
        "[bot]\ntoken = file:/run/short\n",
        "[bot]\napi = hush-hush-hush\n",
        "[bot]\nproxy = socks5://u:hush@h\n",
    };
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        struct faults faults;
        struct settings s;
        assert_int_equal(read_with(*state, str_of(texts[i]), &s, &faults), GB_INVALID);
        for (const struct fault *f = faults.first; f != NULL; f = f->next) {
            assert_int_equal(str_find_str(f->text, STR("hush")), f->text.n);
            assert_int_equal(str_find_str(f->text, STR("1234")), f->text.n);
        }
    }
}

static void a_secret_file_that_cannot_be_used_is_named(void **state) {
    assert_faults(*state,
                  STR("[bot]\ntoken = file:/nowhere\n[server a]\npanel = http://x\n"
                      "key = file:/run/binary\n"),
                  "c.ini:2: [bot] token: the file /nowhere cannot be read\n"
                  "c.ini:5: [server a] key: the file's first line is not text\n");
}

static void more_items_than_allowed_are_a_fault(void **state) {
    assert_faults(*state,
                  STR(MINIMAL "[server a]\npanel=http://x\n[server b]\npanel=http://x\n"
                              "[server c]\npanel=http://x\n[server d]\npanel=http://x\n"),
                  "c.ini:9: [server d]: more than 3 of them\n");
}

static void what_a_fault_shows_cannot_move_the_cursor(void **state) {
    struct faults faults;
    struct settings s;
    assert_int_equal(read_with(*state,
                               STR(MINIMAL "[shop]\nopen = \x1b[31m\x07red\n\x1b[2J = 1\n"
                                           "[\x1b[2J]\n"),
                               &s, &faults),
                     GB_INVALID);
    assert_int_equal(faults.count, 3);
    for (const struct fault *f = faults.first; f != NULL; f = f->next) {
        for (size_t i = 0; i < f->text.n; i++) {
            assert_true((unsigned char)f->text.p[i] >= 0x20);
        }
    }
}

static void the_struct_has_fallbacks_where_there_were_faults(void **state) {
    struct faults faults;
    struct settings s;
    assert_int_equal(
        read_with(*state, STR("[bot]\nconnections = many\npoll = 9s\n[server a]\nusers_max=x\n"),
                  &s, &faults),
        GB_INVALID);
    assert_int_equal(s.connections, 16);
    assert_int_equal(s.poll_ms, 9000);
    assert_int_equal(s.token.hidden.n, 0);
    assert_int_equal(s.server_count, 1);
    assert_int_equal(s.servers[0].users_max, 100);
    assert_int_equal(s.servers[0].panel.n, 0);
}

static void a_callers_own_faults_stand_beside_and_are_told_once(void **state) {
    struct faults faults;
    struct settings s;
    assert_int_equal(read_with(*state,
                               STR(MINIMAL "[shop]\nprice = 10\nopen = x\n"
                                           "[server a]\npanel=http://p\nusers_max = 3\n"),
                               &s, &faults),
                     GB_INVALID);
    faults_about(&faults, "server", STR("a"), "users_max", "too few for %s", "us");
    faults_about(&faults, "server", STR("a"), "key", "which key?");
    faults_about(&faults, "shop", STR_NONE, "price", "%s", "too cheap");
    faults_about(&faults, "shop", STR_NONE, "price", "told before");
    faults_about(&faults, "shop", STR_NONE, "open", "told before");
    faults_add(&faults, "no %s", "tariffs");
    const char *const expected[] = {
        "c.ini:4: [shop] price: too cheap", "c.ini:5: [shop] open: \"x\" is not yes or no",
        "c.ini:6: [server a] key: which key?", "c.ini:8: [server a] users_max: too few for us",
        "c.ini: no tariffs"};
    const struct fault *f = faults.first;
    for (size_t i = 0; i < GB_COUNT(expected); i++, f = f->next) {
        assert_non_null(f);
        assert_str(f->text, expected[i]);
    }
    assert_null(f);
}

static void a_file_of_nonsense_ends_after_200_faults(void **state) {
    struct outside *outside = *state;
    struct buf buf;
    buf_init(&buf, outside->arena, 2 * 1024 * 1024);
    for (int i = 0; i < 300000; i++) {
        buf_add_text(&buf, "x\n");
    }
    struct faults faults;
    struct settings s;
    size_t used = arena_used_bytes(outside->arena);
    assert_int_equal(read_with(outside, buf_str(&buf), &s, &faults), GB_INVALID);
    assert_in_range(faults.count, 200, 202);
    assert_true(arena_used_bytes(outside->arena) - used < 256 * 1024);
    buf_add(&buf, buf_str(&buf));
    assert_int_equal(read_with(outside, buf_str(&buf), &s, &faults), GB_INVALID);
    assert_str(faults.first->text, "c.ini: larger than 1048576 bytes");
}

static void random_files_never_harm(void **state) {
    static const char *const pieces[] = {"[bot]",
                                         "[shop]",
                                         "[server ",
                                         "a]",
                                         "]",
                                         "[",
                                         "=",
                                         ":",
                                         ";",
                                         "#",
                                         "\n",
                                         "\n",
                                         "\n",
                                         " ",
                                         "\r\n",
                                         "token",
                                         "poll",
                                         "name",
                                         "1",
                                         "5s",
                                         "yes",
                                         "panel",
                                         "http://x",
                                         "file:/run/token",
                                         "\xFF",
                                         "я",
                                         "\t",
                                         "open = no",
                                         "users_max = 5\n",
                                         "[server b]\npanel = https://x\n"};
    struct outside *outside = *state;
    struct chance chance = {1};
    size_t fine = 0;
    for (int round = 0; round < 5000; round++) {
        struct buf buf;
        buf_init(&buf, outside->arena, 100000);
        if (chance_below(&chance, 2) == 0) {
            buf_add_text(&buf, MINIMAL);
        }
        for (size_t n = chance_below(&chance, 12); n > 0; n--) {
            buf_add_text(&buf, pieces[chance_below(&chance, GB_COUNT(pieces))]);
        }
        struct faults faults;
        struct settings s;
        enum gb_err err = read_with(outside, buf_str(&buf), &s, &faults);
        assert_int_equal(err == GB_OK, faults.count == 0 && faults.first == NULL);
        assert_true(s.server_count <= 3);
        assert_in_range(s.poll_ms, 1000, 60000);
        fine += err == GB_OK;
        arena_clear(outside->arena);
    }
    assert_true(fine > 50);
}

/* ---- what is made from the table ---- */

static struct str example(struct arena *arena) {
    struct buf buf;
    buf_init(&buf, arena, 65536);
    options_print_example(&spec, &buf);
    assert_false(buf.failed);
    return buf_str(&buf);
}

static void the_example_shows_every_option_with_its_help(void **state) {
    struct str text = example(((struct outside *)*state)->arena);
    for (size_t i = 0; i < GB_COUNT(options); i++) {
        char line[64];
        snprintf(line, sizeof line, "%s =", options[i].key);
        assert_true(str_find_str(text, str_of(line)) < text.n);
    }
    assert_true(str_starts(text, STR("# Settings.\n\n# The bot.\n[bot]\n# From @BotFather.\n"
                                     "# (a secret from 10 to 60 bytes, or file:/path to it; "
                                     "required)\ntoken =\n")));
    assert_true(str_find_str(text, STR("\n# As buyers\n# see it.\n")) < text.n);
    assert_true(str_find_str(text, STR("\n# A panel.\n[server de1]\n")) < text.n);
    assert_true(str_find_str(text, STR("\n#poll = 50s\n")) < text.n);
    assert_true(str_find_str(text, STR("\n#proxy =\n")) < text.n);
}

static void long_help_is_broken_between_words(void **state) {
    struct outside *outside = *state;
    char help[600] = "";
    for (int i = 0; i < 40; i++) {
        snprintf(help + strlen(help), sizeof help - strlen(help), "слово%d ", i);
    }
    struct option option = {.section = "s", .key = "k", .help = help};
    struct options_spec one = {.intro = "", .options = &option, .count = 1};
    struct buf buf;
    buf_init(&buf, outside->arena, 65536);
    options_print_example(&one, &buf);
    struct str text = buf_str(&buf), line;
    size_t words = 0;
    while (str_split(&text, '\n', &line)) {
        assert_true(utf8_length(line) <= 100);
        if (str_starts(line, STR("# слово"))) {
            assert_true(utf8_length(line) > 80 || str_ends(line, STR("слово39 ")));
        }
        while (str_find_str(line, STR("слово")) < line.n) {
            line = str_sub(line, str_find_str(line, STR("слово")) + 1, line.n);
            words++;
        }
    }
    assert_int_equal(words, 40);
}

/* Only what must be filled in is missing, and commenting in what is commented out changes nothing.
 */
static void the_example_reads_back_as_the_fallbacks(void **state) {
    struct outside *outside = *state;
    struct str text = example(outside->arena);
    struct settings as_printed, commented_in;
    outside->variables[0][0] = "GB_BOT_TOKEN";
    outside->variables[0][1] = TOKEN;
    assert_reads(outside, arena_cstr(outside->arena, text), &as_printed);
    assert_str(as_printed.name, "My shop");
    assert_int_equal(as_printed.server_count, 1);
    char *changed = arena_take(outside->arena, text.n + 1);
    memcpy(changed, text.p, text.n);
    changed[text.n] = '\0';
    for (size_t i = 0; i + 1 < text.n; i++) {
        if (changed[i] == '#' && changed[i + 1] != ' ') {
            changed[i] = ' ';
        }
    }
    assert_reads(outside, changed, &commented_in);
    assert_int_equal(commented_in.poll_ms, as_printed.poll_ms);
    assert_true(str_equal(commented_in.api, as_printed.api));
    assert_int_equal(commented_in.servers[0].users_max, as_printed.servers[0].users_max);
}

static void the_manual_has_a_row_for_every_option(void **state) {
    struct buf buf;
    buf_init(&buf, ((struct outside *)*state)->arena, 65536);
    options_document(&spec, &buf);
    struct str text = buf_str(&buf), line;
    assert_true(str_find_str(text, STR("\n## [server id]\n\nA panel.\n\n")) < text.n);
    assert_true(
        str_find_str(text, STR("\n| `poll` | How long \\| a poll waits. *a duration (30s, 10 "
                               "min, 1h, 2d) from 1s to 1 min* | `50s` |\n")) < text.n);
    size_t rows = 0;
    while (str_split(&text, '\n', &line)) {
        rows += str_starts(line, STR("| `"));
    }
    assert_int_equal(rows, GB_COUNT(options) + GB_COUNT(server_options));
}

int main(void) {
#define HERE(test) cmocka_unit_test_setup_teardown(test, make_outside, drop_outside)
    const struct CMUnitTest tests[] = {
        HERE(every_kind_gets_into_its_field),
        HERE(what_is_not_given_has_its_fallback),
        HERE(texts_outlive_the_file),
        HERE(a_section_with_an_id_is_an_item),
        HERE(line_ends_and_a_byte_order_mark_do_not_matter),
        HERE(the_command_line_goes_before_the_environment_before_the_file),
        HERE(a_secret_may_come_from_the_environment_or_a_file_alone),
        HERE(all_faults_are_told_at_once_in_the_order_of_lines),
        HERE(a_missing_section_is_told_with_what_it_should_have),
        HERE(a_section_may_be_opened_again),
        HERE(names_are_guessed_in_any_case_or_not_at_all),
        HERE(each_kind_says_what_it_expects),
        HERE(faults_say_where_a_value_came_from),
        HERE(lines_that_are_no_text_are_named),
        HERE(a_secret_is_never_in_a_fault),
        HERE(a_secret_file_that_cannot_be_used_is_named),
        HERE(more_items_than_allowed_are_a_fault),
        HERE(what_a_fault_shows_cannot_move_the_cursor),
        HERE(the_struct_has_fallbacks_where_there_were_faults),
        HERE(a_callers_own_faults_stand_beside_and_are_told_once),
        HERE(a_file_of_nonsense_ends_after_200_faults),
        HERE(random_files_never_harm),
        HERE(the_example_shows_every_option_with_its_help),
        HERE(long_help_is_broken_between_words),
        HERE(the_example_reads_back_as_the_fallbacks),
        HERE(the_manual_has_a_row_for_every_option),
        HERE(what_cannot_change_in_a_running_program_keeps_its_value_and_is_named),
    };
#undef HERE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

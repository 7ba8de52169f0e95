/* OPTION_ZONE: an offset, a rule or a name; the place of what is wrong; a machine without the zone
 * database; what a running program holds back. */
#include "base/options.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/zone.h"
#include "helpers.h"

struct settings {
    struct zone zone, held;
};

static const struct option options[] = {
    {.section = "shop",
     .key = "zone",
     .kind = OPTION_ZONE,
     .offset = offsetof(struct settings, zone),
     .fallback = "+03:00",
     .flags = OPTION_RELOAD,
     .help = "Whose clock?"},
    {.section = "shop",
     .key = "held",
     .kind = OPTION_ZONE,
     .offset = offsetof(struct settings, held),
     .fallback = "Europe/Moscow",
     .help = "The same, until the next start."},
};
static const struct options_spec spec = {.intro = "",
                                         .environment = "X",
                                         .options = options,
                                         .count = GB_COUNT(options),
                                         .struct_bytes = sizeof(struct settings)};

/* ---- a machine ---- */

struct machine {
    struct arena *arena;
    const char *directory; /* where its database is; NULL: it has none */
    const char *tzdir;     /* what the variable says */
    int reads;
};

static const char *variable(void *ctx, const char *name) {
    const struct machine *machine = ctx;
    return strcmp(name, "TZDIR") == 0 ? machine->tzdir : NULL;
}

/* One change at the second 1000, from +01:00 to +03:00; from then on the rule `footer`. */
static struct str tzif(struct arena *arena, const char *footer) {
    static const char second[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                 "\0\0\0\1\0\0\0\2\0\0\0\4"
                                 "\0\0\0\0\0\0\3\xe8\1"
                                 "\0\0\x0e\x10\0\0\0\0\x2a\x30\0\0"
                                 "ABC";
    struct buf b;
    buf_init(&b, arena, 512);
    buf_add(&b, (struct str){"TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                             44});
    buf_add(&b, (struct str){second, sizeof second});
    buf_printf(&b, "\n%s\n", footer);
    return buf_str(&b);
}

static enum gb_err file_of(void *ctx, struct arena *arena, struct str path, struct str *ret_text) {
    struct machine *machine = ctx;
    struct str directory = str_of(machine->directory);
    machine->reads++;
    if (directory.n == 0 || !str_starts(path, directory)) {
        return GB_NOT_FOUND;
    }
    struct str name = str_sub(path, directory.n, path.n);
    if (str_is(name, "/Europe/Berlin")) {
        *ret_text = tzif(arena, "CET-1CEST,M3.5.0,M10.5.0/3");
    } else if (str_is(name, "/Europe/Moscow")) {
        *ret_text = tzif(arena, "MSK-4"); /* they have passed another law */
    } else if (str_is(name, "/Etc/UTC") || str_is(name, "/EST5EDT")) {
        *ret_text = tzif(arena, "UTC0");
    } else if (str_is(name, "/zone1970")) {
        *ret_text = STR("# a list of zones");
    } else if (str_is(name, "/Large")) {
        *ret_text = (struct str){arena_alloc(arena, 300000), 300000};
    } else {
        return str_is(name, "/Europe") ? GB_UNAVAILABLE : GB_NOT_FOUND;
    }
    return GB_OK;
}

static enum gb_err read_zones(struct machine *machine, const char *lines, struct settings *settings,
                              struct faults *faults) {
    struct options_source source = {
        .file = "c.ini",
        .text = arena_printf(machine->arena, "[shop]\n%s\n", lines),
        .environment = variable,
        .read_file = file_of,
        .ctx = machine,
    };
    faults_init(faults, machine->arena);
    return options_read(&spec, &source, machine->arena, settings, faults);
}

static struct zone zone_of(struct machine *machine, const char *text) {
    struct settings settings;
    struct faults faults;
    struct str line = arena_printf(machine->arena, "zone = %s", text);
    if (read_zones(machine, arena_cstr(machine->arena, line), &settings, &faults) != GB_OK) {
        fail_msg(STR_FMT, STR_ARG(faults.first->text));
    }
    return settings.zone;
}

static void assert_fault(struct machine *machine, const char *text, const char *expected) {
    struct settings settings;
    struct faults faults;
    struct str line = arena_printf(machine->arena, "zone = %s", text);
    assert_int_equal(read_zones(machine, arena_cstr(machine->arena, line), &settings, &faults),
                     GB_INVALID);
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.first->line, 2);
    struct str start = arena_printf(machine->arena, "c.ini:2: [shop] zone: \"%s\" ", text);
    if (!str_starts(faults.first->text, start) || !str_ends(faults.first->text, str_of(expected))) {
        fail_msg(STR_FMT "\nnot %s", STR_ARG(faults.first->text), expected);
    }
    assert_int_equal(zone_offset_s(&settings.zone, 0), 3 * 3600); /* the fallback */
}

static int make_machine(void **state) {
    static struct machine machine;
    machine = (struct machine){.arena = arena_new(65536, 64 * 1024 * 1024),
                               .directory = "/usr/share/zoneinfo"};
    *state = &machine;
    return 0;
}

static int drop_machine(void **state) {
    arena_free(((struct machine *)*state)->arena);
    return 0;
}

/* In the winter and in the summer of 2026. */
#define WINTER_MS INT64_C(1768435200000)
#define SUMMER_MS INT64_C(1784073600000)

static void assert_minutes(const struct zone *zone, int winter, int summer) {
    assert_int_equal(zone_offset_s(zone, WINTER_MS), winter * 60);
    assert_int_equal(zone_offset_s(zone, SUMMER_MS), summer * 60);
}

/* ---- reading ---- */

static void an_offset_a_rule_and_a_name_are_read(void **state) {
    static const struct {
        const char *text;
        int winter, summer;
    } cases[] = {
        {"+03:00", 180, 180},
        {"-05:30", -330, -330},
        {"UTC", 0, 0},
        {"", 180, 180},
        {"MSK-3", 180, 180},
        {"MSK-3MSD,M3.5.0,M10.5.0/3", 180, 240},
        {"UTCX-5", 300, 300},
        {"<+0330>-3:30", 210, 210},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 60, 120},
        {"GMT0BST,M3.5.0/1,M10.5.0 ; London", 0, 60},
        {"GMT0", 0, 0},
        {"Europe/Berlin", 60, 120},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct zone zone = zone_of(*state, cases[i].text);
        assert_minutes(&zone, cases[i].winter, cases[i].summer);
    }
    struct zone berlin = zone_of(*state, "Europe/Berlin");
    assert_int_equal(zone_offset_s(&berlin, 999999), 3600);
    assert_int_equal(zone_change_after(&berlin, 0), 1000000);
}

static void the_database_goes_before_what_is_known_without(void **state) {
    struct machine *machine = *state;
    struct zone moscow = zone_of(machine, "Europe/Moscow");
    assert_minutes(&moscow, 240, 240);
    machine->directory = NULL;
    moscow = zone_of(machine, "Europe/Moscow");
    assert_minutes(&moscow, 180, 180);
}

static void a_name_is_looked_up_before_it_is_taken_for_a_bad_rule(void **state) {
    struct zone zone = zone_of(*state, "EST5EDT");
    assert_minutes(&zone, 0, 0);
}

static void the_variable_says_where_the_database_is(void **state) {
    struct machine *machine = *state;
    machine->directory = machine->tzdir = "/opt/zones";
    struct zone zone = zone_of(machine, "Europe/Berlin");
    assert_minutes(&zone, 60, 120);
    machine->tzdir = "";
    assert_fault(machine, "Europe/Berlin",
                 "no zone database to look it up in (/usr/share/zoneinfo): install tzdata, or "
                 "write an offset (+01:00) or a rule (CET-1CEST,M3.5.0,M10.5.0/3)");
}

static void only_safe_names_become_paths(void **state) {
    static const char *const bad[] = {
        "../../etc/passwd", "/etc/passwd", "Europe/../x", "a//b", "a/", "zone.tab", "a b", "a\\b"};
    struct machine *machine = *state;
    for (size_t i = 0; i < GB_COUNT(bad); i++) {
        struct settings settings;
        struct faults faults;
        struct str line = arena_printf(machine->arena, "zone = %s", bad[i]);
        assert_int_equal(read_zones(machine, arena_cstr(machine->arena, line), &settings, &faults),
                         GB_INVALID);
    }
    assert_int_equal(machine->reads, 0);
}

/* ---- faults ---- */

static void what_is_wrong_is_told_with_its_place(void **state) {
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"03:00", "character 1: an offset is a sign, two digits, a colon and two digits"},
        {"+3:00", "character 3: an offset is a sign, two digits, a colon and two digits"},
        {"+0300", "character 4: an offset is a sign, two digits, a colon and two digits"},
        {"+03:0", "character 6: an offset is a sign, two digits, a colon and two digits"},
        {"+03:00h", "character 7: something follows the offset"},
        {"-03:60", "character 5: minutes go from 00 to 59"},
        {"+19:00", "character 2: an offset is at most 18 hours"},
        {"UTC+3", "character 4: POSIX counts hours west, so this would be -03:00: write an offset"},
        {"MSK+2", "character 4: POSIX counts hours west, so this would be -02:00: write an offset"},
        {"gmt-03:30",
         "character 4: POSIX counts hours west, so this would be +03:30: write an offset"},
        {"MSK-25", "character 5: hours are missing or too many"},
        {"CET-1CEST", "character 10: summer time needs a rule: when it begins and when it ends"},
        {"CET-1CEST,M13.5.0,M10.5.0/3", "character 12: months go from 1 to 12"},
        {"<+03", "character 1: a zone's name has three letters or more, or stands in <>"},
        {"МСК", "character 1: a name has letters, digits and _ + - /"},
        {"Europe/Ber lin", "character 11: a name has letters, digits and _ + - /"},
        {"../zone", "character 1: a name has letters, digits and _ + - /"},
        {"/Europe", "character 1: a slash stands between the two parts of a name"},
        {"Europe//Berlin", "character 7: a slash stands between the two parts of a name"},
        {"Europe/", "character 7: a slash stands between the two parts of a name"},
        {"Europe/Atlantis", "character 1: there is no such name in /usr/share/zoneinfo"},
        {"moscow", "character 1: did you mean Europe/Moscow?"},
        {"europe/moscow", "character 1: did you mean Europe/Moscow?"},
        {"utc", "character 1: did you mean UTC?"},
        {"Europe", "character 1: /usr/share/zoneinfo/Europe: cannot be read"},
        {"zone1970", "character 1: /usr/share/zoneinfo/zone1970: not a time zone file"},
        {"Large", "character 1: /usr/share/zoneinfo/Large: too large for a time zone file"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        assert_fault(*state, cases[i].text, cases[i].fault);
    }
}

static void a_long_name_is_refused_where_it_gets_too_long(void **state) {
    struct machine *machine = *state;
    struct settings settings;
    struct faults faults;
    char line[90] = "zone = ";
    memset(line + 7, 'a', 65);
    assert_int_equal(read_zones(machine, line, &settings, &faults), GB_INVALID);
    assert_true(str_ends(faults.first->text, STR("; character 65: too long for a name")));
}

static void the_whole_fault_says_what_would_be_right(void **state) {
    assert_fault(*state, "nonsense",
                 "is not a time zone (+03:00, Europe/Berlin, CET-1CEST,M3.5.0,M10.5.0/3); "
                 "character 1: there is no such name in /usr/share/zoneinfo");
}

static void a_directory_from_outside_cannot_write_on_the_terminal(void **state) {
    struct machine *machine = *state;
    machine->tzdir = "/a\x1b[2J";
    assert_fault(machine, "Europe/Berlin",
                 "no zone database to look it up in (/a?[2J): install tzdata, or "
                 "write an offset (+01:00) or a rule (CET-1CEST,M3.5.0,M10.5.0/3)");
}

/* ---- reading again ---- */

static void name_held(void *ctx, const struct option *option) {
    buf_printf(ctx, "%s\n", option->key);
}

static void a_zone_that_is_held_back_outlives_the_old_settings(void **state) {
    struct machine *machine = *state;
    struct machine before = *machine, after = *machine;
    before.arena = arena_new(65536, 1024 * 1024);
    struct settings old, fresh;
    struct faults faults;
    struct buf names;
    buf_init(&names, machine->arena, 100);
    assert_int_equal(
        read_zones(&before, "zone = Europe/Berlin\nheld = Europe/Berlin", &old, &faults), GB_OK);
    assert_int_equal(read_zones(&after, "zone = +05:00\nheld = Europe/Moscow", &fresh, &faults),
                     GB_OK);
    options_hold(&spec, &old, machine->arena, &fresh, name_held, &names);
    assert_true(str_is(buf_str(&names), "held\n"));
    arena_free(before.arena);
    assert_minutes(&fresh.zone, 300, 300);
    assert_minutes(&fresh.held, 60, 120);
    assert_int_equal(zone_offset_s(&fresh.held, 999999), 3600);
    assert_int_equal(zone_change_after(&fresh.held, 0), 1000000);
}

static void the_same_zone_read_again_is_no_change(void **state) {
    struct machine *machine = *state;
    struct settings old, fresh;
    struct faults faults;
    struct buf names;
    buf_init(&names, machine->arena, 100);
    assert_int_equal(read_zones(machine, "held = Europe/Berlin", &old, &faults), GB_OK);
    assert_int_equal(read_zones(machine, "held = Europe/Berlin", &fresh, &faults), GB_OK);
    options_hold(&spec, &old, machine->arena, &fresh, name_held, &names);
    assert_int_equal(names.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_machine, drop_machine)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_offset_a_rule_and_a_name_are_read),
        TEST(the_database_goes_before_what_is_known_without),
        TEST(a_name_is_looked_up_before_it_is_taken_for_a_bad_rule),
        TEST(the_variable_says_where_the_database_is),
        TEST(only_safe_names_become_paths),
        TEST(what_is_wrong_is_told_with_its_place),
        TEST(a_long_name_is_refused_where_it_gets_too_long),
        TEST(the_whole_fault_says_what_would_be_right),
        TEST(a_directory_from_outside_cannot_write_on_the_terminal),
        TEST(a_zone_that_is_held_back_outlives_the_old_settings),
        TEST(the_same_zone_read_again_is_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* List texts: read line by line, cut into pieces, and nothing else taken for one. */
#include "base/arena.h"
#include "base/helpers.h"
#include "panel/panel.h"

#define A    "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"
#define B    "5c1e8f70-93ab-4e2d-8b64-1f20c9d7aa02"
#define LINE "[\"" A "\",12220104704,0,1795402692000,1798146000000,true]\n"

static int make_arena(void **state) {
    *state = arena_new(65536, 256 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static enum gb_err read_all(struct str text, size_t *ret_count) {
    struct panel_list list = panel_list_begin(text);
    struct panel_listed user;
    enum gb_err err = GB_OK;
    *ret_count = 0;
    while ((err = panel_list_next(&list, &user)) == GB_OK) {
        *ret_count += 1;
    }
    return err;
}

static void line_gives_all_figures(void **state) {
    (void)state;
    struct panel_list list = panel_list_begin(STR(LINE "[\"" B "\",0,1,0,0,false]\n"));
    struct panel_listed user;
    assert_int_equal(panel_list_next(&list, &user), GB_OK);
    assert_str(user.uuid, A);
    assert_int_equal(user.used_bytes, INT64_C(12220104704));
    assert_int_equal(user.limit_bytes, 0);
    assert_int_equal(user.last_seen_ms, INT64_C(1795402692000));
    assert_int_equal(user.expires_ms, INT64_C(1798146000000));
    assert_true(user.enabled);
    assert_int_equal(panel_list_next(&list, &user), GB_OK);
    assert_str(user.uuid, B);
    assert_int_equal(user.limit_bytes, 1);
    assert_false(user.enabled);
    assert_int_equal(panel_list_next(&list, &user), GB_NOT_FOUND);
    assert_int_equal(panel_list_next(&list, &user), GB_NOT_FOUND);
}

static void list_of_nobody_is_a_list_and_no_text_is_none(void **state) {
    (void)state;
    size_t count;
    assert_int_equal(read_all(PANEL_LIST_EMPTY, &count), GB_NOT_FOUND);
    assert_int_equal(count, 0);
    assert_int_equal(read_all(STR_NONE, &count), GB_DAMAGED);
    assert_int_equal(read_all(STR("[]"), &count), GB_DAMAGED);
}

static void what_is_no_list_is_damaged_where_it_is_none(void **state) {
    (void)state;
    static const char *const texts[] = {
        "\n",
        "x",
        "{}\n",
        "[]\n[]\n",
        "[\"" A "\",1,2,3,4,true]",
        "[\"" A "\",1,2,3,4,true]]\n",
        " [\"" A "\",1,2,3,4,true]\n",
        "[\"" A "\",1,2,3,4,true ]\n",
        "[\"" A "\", 1,2,3,4,true]\n",
        "[\"" A "\",1,2,3,true]\n",
        "[\"" A "\",1,2,3,4,5,true]\n",
        "[\"" A "\",1,2,3,4,1]\n",
        "[\"" A "\",-1,2,3,4,true]\n",
        "[\"" A "\",01,2,3,4,true]\n",
        "[\"" A "\",,2,3,4,true]\n",
        "[\"" A "\",1.5,2,3,4,true]\n",
        "[\"" A "\",99999999999999999999,2,3,4,true]\n",
        "[\"" A "\",1,2,3,4,null]\n",
        "[\"" A "\"]\n",
        "[\"" A,
        "[\"0B6F9C2E-4D1A-4C57-9F0E-7A1D52C3E801\",1,2,3,4,true]\n",
        "[\"0b6f9c2e4d1a-4c57-9f0e-7a1d52c3e8010\",1,2,3,4,true]\n",
        "[\"0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e80\",1,2,3,4,true]\n",
    };
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        size_t count;
        if (read_all(str_of(texts[i]), &count) != GB_DAMAGED || count != 0) {
            fail_msg("taken for a list: %s", texts[i]);
        }
    }
}

static void uuids_out_of_order_or_twice_are_damaged(void **state) {
    (void)state;
    size_t count;
    assert_int_equal(read_all(STR("[\"" B "\",1,2,3,4,true]\n" LINE), &count), GB_DAMAGED);
    assert_int_equal(count, 1);
    assert_int_equal(read_all(STR(LINE LINE), &count), GB_DAMAGED);
    assert_int_equal(count, 1);
    assert_int_equal(read_all(STR(LINE "[]\n"), &count), GB_DAMAGED);
}

/* ---- pieces, beside a naive model */

#define USERS_MAX 40

struct model {
    char uuid[37];
    int64_t figures[4];
    bool enabled;
};

static size_t random_list(struct chance *chance, struct buf *buf, struct model *users) {
    size_t count = chance_below(chance, USERS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        struct model *user = &users[i];
        (void)snprintf(user->uuid, sizeof user->uuid, "%08x-%04x-4c57-9f0e-7a1d52c3e801",
                       (unsigned)(i * 100 + chance_below(chance, 100)),
                       (unsigned)chance_below(chance, 65536));
        for (size_t f = 0; f < GB_COUNT(user->figures); f++) {
            bool large = chance_below(chance, 3) == 0;
            user->figures[f] = (int64_t)(chance_u64(chance) >> (large ? 12 : 60));
        }
        user->enabled = chance_below(chance, 2) == 0;
        buf_printf(buf, "[\"%s\",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%s]\n", user->uuid,
                   user->figures[0], user->figures[1], user->figures[2], user->figures[3],
                   user->enabled ? "true" : "false");
    }
    buf_add(buf, count == 0 ? PANEL_LIST_EMPTY : STR_NONE);
    return count;
}

static void assert_listed(const struct panel_listed *user, const struct model *model) {
    assert_str(user->uuid, model->uuid);
    assert_int_equal(user->used_bytes, model->figures[0]);
    assert_int_equal(user->limit_bytes, model->figures[1]);
    assert_int_equal(user->last_seen_ms, model->figures[2]);
    assert_int_equal(user->expires_ms, model->figures[3]);
    assert_int_equal(user->enabled, model->enabled);
}

static void pieces_are_lists_and_together_the_whole(void **state) {
    struct chance chance = {31};
    struct model users[USERS_MAX];
    for (int round = 0; round < 3000; round++) {
        struct arena_mark mark = arena_mark(*state);
        struct buf buf;
        buf_init(&buf, *state, 64 * 1024);
        size_t count = random_list(&chance, &buf, users), at = 0, pieces = 0;
        size_t most = 1 + chance_below(&chance, USERS_MAX + 5);
        struct str text = buf_str(&buf), rest = text, piece;
        const char *expected = text.p;
        while (panel_list_cut(&rest, most, &piece)) {
            struct panel_list list = panel_list_begin(piece);
            struct panel_listed user;
            size_t of_piece = 0;
            enum gb_err err;
            assert_ptr_equal(piece.p, expected); /* a view, not a copy */
            expected += piece.n;
            while ((err = panel_list_next(&list, &user)) == GB_OK) {
                assert_true(at < count);
                assert_listed(&user, &users[at++]);
                of_piece++;
            }
            assert_int_equal(err, GB_NOT_FOUND);
            assert_true(of_piece == most || at == count);
            pieces++;
        }
        assert_int_equal(at, count);
        assert_ptr_equal(expected, text.p + text.n);
        assert_int_equal(pieces, count == 0 ? 1 : (count + most - 1) / most);
        arena_reset(*state, mark);
    }
}

static void a_list_cut_short_is_damaged_or_ends_at_a_line(void **state) {
    struct chance chance = {32};
    struct model users[USERS_MAX];
    for (int round = 0; round < 2000; round++) {
        struct arena_mark mark = arena_mark(*state);
        struct buf buf;
        buf_init(&buf, *state, 64 * 1024);
        size_t count = random_list(&chance, &buf, users), got;
        struct str text = buf_str(&buf);
        struct str cut = str_sub(text, 0, chance_below(&chance, text.n + 1));
        bool whole_lines = cut.n > 0 && str_ends(cut, STR("\n"));
        assert_int_equal(read_all(cut, &got), whole_lines ? GB_NOT_FOUND : GB_DAMAGED);
        assert_true(got <= count);
        arena_reset(*state, mark);
    }
}

static void pieces_of_rubbish_are_all_of_it(void **state) {
    (void)state;
    struct str rest = STR("a\n\nb"), piece;
    assert_true(panel_list_cut(&rest, 2, &piece));
    assert_str(piece, "a\n\n");
    assert_true(panel_list_cut(&rest, 2, &piece));
    assert_str(piece, "b");
    assert_false(panel_list_cut(&rest, 2, &piece));
}

static void our_end_lies_in_the_panels_last_day(void **state) {
    (void)state;
    int64_t midnight = INT64_C(1798146000000);
    assert_true(panel_expiry_agrees(midnight - 1, midnight));
    assert_true(panel_expiry_agrees(midnight - GB_DAY_MS, midnight));
    assert_false(panel_expiry_agrees(midnight, midnight));
    assert_false(panel_expiry_agrees(midnight - GB_DAY_MS - 1, midnight));
    assert_false(panel_expiry_agrees(midnight, 0));
}

/* ---- what `status` said */

static void status_is_read_whole_or_not_at_all(void **state) {
    struct panel_status got;
    assert_int_equal(panel_status_said(*state,
                                       STR("{\"users\":140,\"online\":9,\"cpu_percent\":3,"
                                           "\"memory_percent\":37,\"disk_percent\":30,"
                                           "\"load\":\"0.21 0.18 0.15\"}"),
                                       &got),
                     GB_OK);
    assert_int_equal(got.users, 140);
    assert_int_equal(got.online, 9);
    assert_int_equal(got.cpu_percent, 3);
    assert_int_equal(got.memory_percent, 37);
    assert_int_equal(got.disk_percent, 30);
    assert_str(got.load, "0.21 0.18 0.15");
    assert_int_equal(panel_status_said(*state, STR("{\"users\":0}"), &got), GB_OK);
    assert_int_equal(got.users, 0);
    assert_int_equal(got.online, -1);
    assert_int_equal(got.disk_percent, -1);
    assert_int_equal(got.load.n, 0);
    static const char *const texts[] = {"", "[]", "{\"users\":-1}", "{\"online\":\"9\"}",
                                        "{\"cpu_percent\":1.5}"};
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        assert_int_equal(panel_status_said(*state, str_of(texts[i]), &got), GB_DAMAGED);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(line_gives_all_figures),
        TEST(list_of_nobody_is_a_list_and_no_text_is_none),
        TEST(what_is_no_list_is_damaged_where_it_is_none),
        TEST(uuids_out_of_order_or_twice_are_damaged),
        TEST(pieces_are_lists_and_together_the_whole),
        TEST(a_list_cut_short_is_damaged_or_ends_at_a_line),
        TEST(pieces_of_rubbish_are_all_of_it),
        TEST(our_end_lies_in_the_panels_last_day),
        TEST(status_is_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A row of the lane "local" becomes a process, its end an answer; a file that a request names is
 * one of ours, where ours are.
 */
#define GB_DOOR "a store and files in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "base/log.h"
#include "engine/fake_world.h"
#include "engine/lanes.h"
#include "engine/local.h"
#include "shop/backups.h"
#include "state/tables.h"
#include "state/work.h"
#include "store/backend.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define FILE_NAME "gigabridge-a-20270115-080000.gbk"
#define SHA       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Each row is a request with one part: the file its body names. */
static enum gb_err build(const struct call *call, const struct endpoint *to, struct arena *arena,
                         struct http_request *ret_request) {
    (void)to;
    struct http_part *part = ARENA_NEW(arena, struct http_part);
    *part = (struct http_part){.name = STR("document"), .file = call->body};
    *ret_request = (struct http_request){.parts = part, .part_count = 1};
    return GB_OK;
}

static void read_answer(const struct call *call, const struct endpoint *to,
                        const struct http_reply *reply, struct arena *arena,
                        struct answer *ret_answer) {
    (void)call, (void)to, (void)reply, (void)arena;
    *ret_answer = (struct answer){.kind = ANSWER_DONE, .reason = ""};
}

static const struct codec codec = {"test", build, read_answer};
static const char *const words[] = {"--config", "my.ini"};
static const struct local local = {words, GB_COUNT(words)};

struct scene {
    struct fake_world fake;
    struct arena *arena;
    struct backend *backend;
    struct lanes *lanes;
    char directory[64];
    uint64_t order;
};

static int set_up(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    fake_world_init(&s->fake);
    s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    memcpy(s->directory, "/tmp/gb-local-XXXXXX", 21);
    assert_non_null(mkdtemp(s->directory));
    struct lmdb_options options = {.directory = s->directory};
    struct str why;
    assert_int_equal(lmdb_open(&options, store_tables, TABLE_COUNT, s->arena, &s->backend, &why),
                     GB_OK);
    s->lanes = lanes_new(&s->fake.world, false);
    lanes_open(s->lanes,
               &(struct lane_options){.name = LOCAL_LANE, .local = &local, .in_flight_max = 1});
    lanes_open(s->lanes, &(struct lane_options){.name = STR("telegram"),
                                                .codec = &codec,
                                                .files = str_of(s->directory),
                                                .in_flight_max = 4});
    s->order = 1000;
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock", FILE_NAME};
    struct scene *s = *state;
    lanes_free(s->lanes);
    s->backend->ops->close(s->backend);
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", s->directory, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(s->directory), 0);
    arena_free(s->arena);
    free(s);
    return 0;
}

static void add_row(struct scene *s, struct str lane, const char *kind, const char *body) {
    struct work work = {
        .tx = tx_begin(s->backend, s->arena, s->fake.now_ms),
        .arena = s->arena,
        .now_ms = s->fake.now_ms,
        .order = s->order,
    };
    struct outbox_row row = {.lane = lane, .kind = str_of(kind), .body = str_of(body)};
    outbox_add(&work, &row);
    s->order = work.order;
    assert_int_equal(tx_apply(work.tx), GB_OK);
    assert_int_equal(s->backend->ops->sync(s->backend), GB_OK);
    lanes_add(s->lanes, &work.added->row, false, s->fake.now_ms);
}

static void pump(struct scene *s) {
    assert_int_equal(lanes_pump(s->lanes, s->backend, s->arena, s->fake.now_ms), GB_OK);
}

/* How the process under way ends; the row is done with unless `again`. */
static struct answer end_process(struct scene *s, struct child_end end, bool again) {
    struct fake_sent *sent = fake_take(&s->fake);
    struct lane_answer answer;
    assert_non_null(sent);
    assert_string_equal(sent->pool, "spawn");
    assert_true(lanes_child(s->lanes, sent->ticket, &end, s->arena, s->fake.now_ms, &answer));
    lanes_settle(s->lanes, answer.handle, again ? LANE_AGAIN : LANE_ENDED, 0);
    return answer.answer;
}

static void a_row_becomes_this_program_with_the_same_settings_one_at_a_time(void **state) {
    struct scene *s = *state;
    add_row(s, LOCAL_LANE, "backup", "{}");
    add_row(s, LOCAL_LANE, "backup", "{}");
    pump(s);
    assert_int_equal(s->fake.count, 1);
    assert_string_equal(s->fake.sent[0].body, "/proc/self/exe backup --json --config my.ini");
    struct backup made = {STR(FILE_NAME), 12, 3456, true, STR(SHA)};
    struct str said = backup_write(s->arena, &made);
    struct child_end end = {.said = arena_printf(s->arena, STR_FMT "\n", STR_ARG(said))};
    struct answer answer = end_process(s, end, false);
    assert_int_equal(answer.kind, ANSWER_DONE);
    assert_true(str_equal(answer.said, said));
    pump(s);
    assert_int_equal(s->fake.count, 2);
}

static void how_it_ended_decides_whether_it_is_tried_again(void **state) {
    struct scene *s = *state;
    add_row(s, LOCAL_LANE, "backup", "{}");
    pump(s);
    struct answer answer =
        end_process(s, (struct child_end){.status = -1, .signal = SIGKILL}, true);
    assert_int_equal(answer.kind, ANSWER_LATER);
    assert_false(answer.lane_wide);
    pump(s);
    struct child_end failed = {.status = 1, .told = STR("first\n  no space \n\n")};
    answer = end_process(s, failed, true);
    assert_int_equal(answer.kind, ANSWER_REFUSED);
    assert_string_equal(answer.reason, "not_made");
    assert_true(str_is(answer.why, "no space"));
    pump(s);
    struct child_end late = {.status = -1, .signal = SIGKILL, .was_late = true};
    assert_int_equal(end_process(s, late, true).kind, ANSWER_REFUSED);
    pump(s);
    struct child_end odd = {.said = STR("hello\n"), .told = STR("\xff\xfe\n")};
    answer = end_process(s, odd, false);
    assert_int_equal(answer.kind, ANSWER_REFUSED);
    assert_true(str_is(answer.why, "it ended with 0"));
}

static void what_it_says_is_masked(void **state) {
    struct scene *s = *state;
    log_hide(STR("very-secret"));
    add_row(s, LOCAL_LANE, "backup", "{}");
    pump(s);
    struct child_end failed = {.status = 1, .told = STR("the key very-secret is wrong\n")};
    struct answer answer = end_process(s, failed, false);
    assert_true(str_find_str(answer.why, STR("very-secret")) == answer.why.n);
    log_forget_secrets();
}

static void no_process_to_be_had_is_asked_for_again(void **state) {
    struct scene *s = *state;
    struct lane_answer answer;
    s->fake.refuses_spawn = true;
    add_row(s, LOCAL_LANE, "backup", "{}");
    pump(s);
    assert_false(lanes_unfit(s->lanes, &answer));
    s->fake.refuses_spawn = false;
    s->fake.now_ms = lanes_next_ms(s->lanes);
    pump(s);
    assert_int_equal(s->fake.count, 1);
}

static void unknown_work_is_refused(void **state) {
    struct scene *s = *state;
    struct lane_answer answer;
    add_row(s, LOCAL_LANE, "rm -rf", "{}");
    pump(s);
    assert_int_equal(s->fake.count, 0);
    assert_true(lanes_unfit(s->lanes, &answer));
    assert_string_equal(answer.answer.reason, "bug");
    lanes_settle(s->lanes, answer.handle, LANE_ENDED, 0);
}

static void who_stops_ends_its_processes(void **state) {
    struct scene *s = *state;
    add_row(s, LOCAL_LANE, "backup", "{}");
    pump(s);
    lanes_stop(s->lanes);
    assert_true(s->fake.sent[0].canceled);
}

static void a_file_is_found_by_its_bare_name_where_ours_are(void **state) {
    struct scene *s = *state;
    struct lane_answer answer;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", s->directory, FILE_NAME);
    add_row(s, STR("telegram"), "sendDocument", FILE_NAME);
    pump(s);
    assert_int_equal(s->fake.count, 0);
    assert_true(lanes_unfit(s->lanes, &answer));
    assert_string_equal(answer.answer.reason, "file_gone");
    lanes_settle(s->lanes, answer.handle, LANE_ENDED, 0);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fclose(file);
    add_row(s, STR("telegram"), "sendDocument", FILE_NAME);
    pump(s);
    assert_int_equal(s->fake.count, 1);
    assert_string_equal(s->fake.sent[0].file, path);
}

static void no_other_file_is_ever_sent(void **state) {
    static const char *const others[] = {"store.mdb", "../" FILE_NAME, "/etc/passwd",
                                         "/tmp/" FILE_NAME, FILE_NAME ".part"};
    struct scene *s = *state;
    for (size_t i = 0; i < GB_COUNT(others); i++) {
        struct lane_answer answer;
        add_row(s, STR("telegram"), "sendDocument", others[i]);
        pump(s);
        assert_int_equal(s->fake.count, 0);
        assert_true(lanes_unfit(s->lanes, &answer));
        assert_string_equal(answer.answer.reason, "bug");
        lanes_settle(s->lanes, answer.handle, LANE_ENDED, 0);
    }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_row_becomes_this_program_with_the_same_settings_one_at_a_time),
        T(how_it_ended_decides_whether_it_is_tried_again),
        T(what_it_says_is_masked),
        T(no_process_to_be_had_is_asked_for_again),
        T(unknown_work_is_refused),
        T(who_stops_ends_its_processes),
        T(a_file_is_found_by_its_bare_name_where_ours_are),
        T(no_other_file_is_ever_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

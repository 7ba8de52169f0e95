/* LMDB: the conformance set, and what only a file can suffer. */
#define GB_DOOR "files, children, limits"
#include "base/arena.h"
#include "base/num.h"
#include "store/conformance.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)

static void open_store(struct bench *b, bool durable) {
    struct lmdb_options options = {.directory = b->directory, .durable = durable};
    struct str why = STR_NONE;
    enum gb_err err = lmdb_open(&options, bench_tables, BENCH_TABLES, b->arena, &b->backend, &why);
    if (err != GB_OK) {
        print_error(STR_FMT "\n", STR_ARG(why));
    }
    assert_int_equal(err, GB_OK);
}

static void reopen(struct bench *b) {
    b->backend->ops->close(b->backend);
    open_store(b, false);
}

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    b->arena = arena_new(64 * 1024, (size_t)256 * 1024 * 1024);
    b->reopen = reopen;
    memcpy(b->directory, "/tmp/gb-store-XXXXXX", 21);
    assert_non_null(mkdtemp(b->directory));
    open_store(b, false);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    if (b->backend != NULL) {
        b->backend->ops->close(b->backend);
    }
    static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", b->directory, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(b->directory), 0);
    arena_free(b->arena);
    free(b);
    return 0;
}

static const char *store_path(struct bench *b) {
    return arena_cstr(b->arena, arena_printf(b->arena, "%s/store.mdb", b->directory));
}

static void put_number(struct bench *b, const char *key, int64_t number) {
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    tx_put(tx, 0, str_of(key), arena_printf(b->arena, "%" PRId64, number), STORE_NEVER);
    assert_int_equal(tx_apply(tx), GB_OK);
}

static int64_t get_number(struct bench *b, const char *key) {
    struct str value;
    int64_t number = -1;
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    if (tx_get(tx, 0, str_of(key), &value) == GB_OK) {
        assert_int_equal(num_i64(value, 0, INT64_MAX, &number), GB_OK);
    }
    return number;
}

static void map_grows_by_itself_and_the_turn_can_run_again(void **state) {
    struct bench *b = *state;
    b->backend->ops->close(b->backend);
    struct lmdb_options options = {.directory = b->directory, .map_bytes_first = 1024 * 1024};
    struct str why;
    assert_int_equal(lmdb_open(&options, bench_tables, BENCH_TABLES, b->arena, &b->backend, &why),
                     GB_OK);
    char *text = arena_alloc(b->arena, 100000);
    int full = 0;
    for (int i = 0; i < 100;) {
        struct tx *tx = tx_begin(b->backend, b->arena, NOW);
        tx_put(tx, 0, arena_printf(b->arena, "key%03d", i), (struct str){text, 100000},
               STORE_NEVER);
        enum gb_err err = tx_apply(tx);
        if (err == GB_OK) {
            err = b->backend->ops->sync(b->backend);
        }
        if (err == GB_OK) {
            i++;
            continue;
        }
        assert_int_equal(err, GB_NO_SPACE);
        assert_true(++full < 10);
    }
    assert_in_range(full, 1, 9);
    reopen(b);
    struct str value;
    assert_int_equal(tx_get(tx_begin(b->backend, b->arena, NOW), 0, STR("key099"), &value), GB_OK);
    assert_int_equal(value.n, 100000);
}

static void after_no_space_the_turns_earlier_changes_are_gone_too(void **state) {
    struct bench *b = *state;
    b->backend->ops->close(b->backend);
    struct lmdb_options options = {.directory = b->directory, .map_bytes_first = 1024 * 1024};
    struct str why;
    assert_int_equal(lmdb_open(&options, bench_tables, BENCH_TABLES, b->arena, &b->backend, &why),
                     GB_OK);
    put_number(b, "first", 1);
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    tx_put(tx, 0, STR("large"), (struct str){arena_alloc(b->arena, 2000000), 2000000}, STORE_NEVER);
    assert_int_equal(tx_apply(tx), GB_NO_SPACE);
    assert_int_equal(get_number(b, "first"), -1);
}

static void full_disk_is_survived_and_nothing_synced_is_lost(void **state) {
    struct bench *b = *state;
    put_number(b, "before", 1);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    struct stat file;
    assert_int_equal(stat(store_path(b), &file), 0);

    /* A file that may not grow is a disk that is full: the write fails with EFBIG. */
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = (rlim_t)file.st_size;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    tx_put(tx, 0, STR("large"), (struct str){arena_alloc(b->arena, 3000000), 3000000}, STORE_NEVER);
    enum gb_err err = tx_apply(tx);
    if (err == GB_OK) {
        err = b->backend->ops->sync(b->backend);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(err, GB_NO_SPACE);
    b->backend->ops->drop(b->backend);

    assert_int_equal(get_number(b, "before"), 1);
    put_number(b, "after", 2);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    reopen(b);
    assert_int_equal(get_number(b, "before"), 1);
    assert_int_equal(get_number(b, "after"), 2);
}

/* The child writes batches of ten rows, all with the batch's number, and tells which are on disk.
 */
static void write_batches(struct bench *b, int told) {
    open_store(b, true);
    for (int64_t batch = get_number(b, "row0") + 1;; batch++) {
        for (int i = 0; i < 10; i++) {
            char key[16];
            (void)snprintf(key, sizeof key, "row%d", i);
            put_number(b, key, batch);
        }
        if (b->backend->ops->sync(b->backend) != GB_OK ||
            write(told, &batch, sizeof batch) != sizeof batch) {
            _exit(1);
        }
        arena_clear(b->arena);
    }
}

static int64_t last_told(int fd) {
    int64_t batch, last = -1;
    while (read(fd, &batch, sizeof batch) == sizeof batch) {
        last = batch;
    }
    return last;
}

static void kill_minus_nine_leaves_whole_batches_and_all_that_were_synced(void **state) {
    struct bench *b = *state;
    b->backend->ops->close(b->backend);
    b->backend = NULL;
    int64_t last = -1; /* what get_number says of a row that is not there */
    for (unsigned i = 0; i < 50; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            write_batches(b, ends[1]);
        }
        close(ends[1]);
        int64_t first = -1;
        if (i % 5 != 0) { /* the others may die while they open the store */
            assert_int_equal(read(ends[0], &first, sizeof first), sizeof first);
        }
        struct timespec nap = {0, (long)(i * 7919 % 100 * 100000)};
        nanosleep(&nap, NULL);
        kill(child, SIGKILL);
        int64_t told = last_told(ends[0]);
        last = GB_MAX(last, GB_MAX(first, told));
        close(ends[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);

        open_store(b, false);
        int64_t batch = get_number(b, "row0");
        assert_true(batch >= last); /* what was said to be on disk is */
        for (int k = 1; k < 10; k++) {
            char key[16];
            (void)snprintf(key, sizeof key, "row%d", k);
            assert_int_equal(get_number(b, key), batch); /* none half */
        }
        b->backend->ops->close(b->backend);
        b->backend = NULL;
        arena_clear(b->arena);
    }
    assert_true(last > 10);
}

static enum gb_err try_open(struct bench *b, const char *directory, struct str *ret_why) {
    struct lmdb_options options = {.directory = directory};
    struct backend *second = NULL;
    enum gb_err err = lmdb_open(&options, bench_tables, BENCH_TABLES, b->arena, &second, ret_why);
    if (err == GB_OK) {
        second->ops->close(second);
    }
    return err;
}

static void second_opener_is_refused_and_told_who_has_it(void **state) {
    struct bench *b = *state;
    struct str why = STR_NONE;
    assert_int_equal(try_open(b, b->directory, &why), GB_UNAVAILABLE);
    char pid[24];
    (void)snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
    assert_true(str_find_str(why, str_of(pid)) < why.n);
    put_number(b, "still", 1);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
}

static void directory_and_files_are_nobody_elses_business(void **state) {
    struct bench *b = *state;
    const char *directory = arena_cstr(b->arena, arena_printf(b->arena, "%s/inner", b->directory));
    mode_t old = umask(0);
    struct str why = STR_NONE;
    assert_int_equal(try_open(b, directory, &why), GB_OK);
    umask(old);
    struct stat found;
    assert_int_equal(stat(directory, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        const char *path =
            arena_cstr(b->arena, arena_printf(b->arena, "%s/%s", directory, files[i]));
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_mode & 0777, 0600);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(directory), 0);
}

static void directory_that_cannot_be_used_is_said_plainly(void **state) {
    struct bench *b = *state;
    struct str why = STR_NONE;
    const char *missing = arena_cstr(b->arena, arena_printf(b->arena, "%s/no/where", b->directory));
    assert_int_equal(try_open(b, missing, &why), GB_UNAVAILABLE);
    assert_true(str_find_str(why, STR("No such file")) < why.n);
    why = STR_NONE;
    assert_int_equal(try_open(b, store_path(b), &why), GB_UNAVAILABLE); /* a file, no directory */
    assert_true(why.n > 0);
}

static void overwrite(struct bench *b, const void *bytes, size_t count, size_t file_bytes) {
    b->backend->ops->close(b->backend);
    b->backend = NULL;
    int fd = open(store_path(b), O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, count, 0), count);
    assert_int_equal(ftruncate(fd, (off_t)file_bytes), 0);
    close(fd);
}

static void damaged_file_is_refused_with_its_name(void **state) {
    struct bench *b = *state;
    static const char noise[8192] = "this is no store";
    overwrite(b, noise, sizeof noise, sizeof noise);
    struct str why = STR_NONE;
    enum gb_err err = try_open(b, b->directory, &why);
    assert_true(err == GB_DAMAGED || err == GB_UNAVAILABLE);
    assert_true(str_find_str(why, STR("store.mdb")) < why.n);
    assert_int_equal(truncate(store_path(b), 100), 0);
    why = STR_NONE;
    err = try_open(b, b->directory, &why);
    assert_true(err == GB_DAMAGED || err == GB_UNAVAILABLE);
    assert_true(why.n > 0);
}

static void copy_of_a_running_store_opens_as_one(void **state) {
    struct bench *b = *state;
    put_number(b, "row", 7);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    const char *inner = arena_cstr(b->arena, arena_printf(b->arena, "%s/copy", b->directory));
    const char *path = arena_cstr(b->arena, arena_printf(b->arena, "%s/store.mdb", inner));
    assert_int_equal(mkdir(inner, 0700), 0);
    struct str why = STR_NONE;
    assert_int_equal(lmdb_copy(b->backend, path, &why, b->arena), GB_OK);
    assert_int_not_equal(lmdb_copy(b->backend, path, &why, b->arena), GB_OK); /* never over one */
    struct bench copy = *b;
    memset(copy.directory, 0, sizeof copy.directory);
    memcpy(copy.directory, inner, strlen(inner));
    open_store(&copy, false);
    assert_int_equal(get_number(&copy, "row"), 7);
    copy.backend->ops->close(copy.backend);
    static const char *const files[] = {"store.mdb", "store.mdb-lock", "lock"};
    for (size_t i = 0; i < GB_COUNT(files); i++) {
        const char *left = arena_cstr(b->arena, arena_printf(b->arena, "%s/%s", inner, files[i]));
        assert_int_equal(unlink(left), 0);
    }
    assert_int_equal(rmdir(inner), 0);
}

/* In a process of its own, as LMDB wants it: a snapshot is opened, told of, and looked at again
 * when the writer has gone on. Its exit status says what it saw. */
static int snapshot_reader(const char *directory, int opened, int go_on) {
    struct arena *arena = arena_new(64 * 1024, (size_t)64 * 1024 * 1024);
    struct backend *snapshot;
    struct str why = STR_NONE, value = STR_NONE;
    size_t rows = 0;
    char byte;
    if (lmdb_open_snapshot(directory, bench_tables, BENCH_TABLES, arena, &snapshot, &why) !=
        GB_OK) {
        return 1;
    }
    if (write(opened, "o", 1) != 1 || read(go_on, &byte, 1) != 1) {
        return 2;
    }
    for (int i = 0; i < 200; i++) {
        struct str key = arena_printf(arena, "row%d", i);
        if (snapshot->ops->read(snapshot, 0, key, NOW, arena, &value) != GB_OK ||
            !str_is(value, "1")) {
            return 3;
        }
    }
    if (snapshot->ops->rows(snapshot, 0, &rows) != GB_OK || rows != 200) {
        return 4;
    }
    snapshot->ops->close(snapshot);
    arena_free(arena);
    return 0;
}

static void put_all(struct bench *b, int64_t number) {
    for (int i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "row%d", i);
        put_number(b, key, number);
    }
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
}

static void a_snapshot_stays_as_it_is_while_the_store_goes_on(void **state) {
    struct bench *b = *state;
    int opened[2], go_on[2], status = 0;
    char byte;
    put_all(b, 1);
    assert_int_equal(pipe(opened), 0);
    assert_int_equal(pipe(go_on), 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(snapshot_reader(b->directory, opened[1], go_on[0]));
    }
    close(opened[1]); /* else a reader that failed would never be noticed */
    assert_int_equal(read(opened[0], &byte, 1), 1);
    for (int64_t turn = 2; turn < 60; turn++) { /* pages would be used again many times over */
        put_all(b, turn);
    }
    put_number(b, "one more", 1);
    assert_int_equal(b->backend->ops->sync(b->backend), GB_OK);
    assert_int_equal(write(go_on[1], "g", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(opened[0]);
    close(go_on[0]);
    close(go_on[1]);
    assert_int_equal(get_number(b, "row7"), 59);
}

/* Else its pages would be kept for ever, and the file would grow with every turn. */
static void a_reader_that_was_killed_is_forgotten_by_purge(void **state) {
    struct bench *b = *state;
    int opened[2], go_on[2], status = 0;
    char byte;
    put_all(b, 1);
    assert_int_equal(pipe(opened), 0);
    assert_int_equal(pipe(go_on), 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(snapshot_reader(b->directory, opened[1], go_on[0]));
    }
    close(opened[1]);
    assert_int_equal(read(opened[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    struct lmdb_stats before, after;
    size_t removed;
    put_all(b, 2);
    assert_int_equal(b->backend->ops->purge(b->backend, NOW, 100, &removed), GB_OK);
    put_all(b, 3);
    put_all(b, 4);
    lmdb_stats(b->backend, &before);
    for (int64_t turn = 5; turn < 100; turn++) {
        put_all(b, turn);
    }
    lmdb_stats(b->backend, &after);
    assert_true(after.used_bytes <= before.used_bytes + (size_t)16 * 4096);
    close(opened[0]);
    close(go_on[0]);
    close(go_on[1]);
}

static void no_store_is_no_snapshot(void **state) {
    struct bench *b = *state;
    const char *empty = arena_cstr(b->arena, arena_printf(b->arena, "%s/none", b->directory));
    struct backend *snapshot;
    struct str why = STR_NONE;
    assert_int_equal(
        lmdb_open_snapshot(empty, bench_tables, BENCH_TABLES, b->arena, &snapshot, &why),
        GB_UNAVAILABLE);
    assert_true(str_find_str(why, STR("store.mdb")) < why.n);
}

static void rows_are_counted_and_their_expiry_is_told_own_writes_included(void **state) {
    struct bench *b = *state;
    size_t rows = 0;
    int64_t expires_ms = -1;
    struct tx *tx = tx_begin(b->backend, b->arena, NOW);
    tx_put(tx, 0, STR("stays"), STR("x"), STORE_NEVER);
    tx_put(tx, 0, STR("goes"), STR("x"), NOW + 5);
    assert_int_equal(tx_expiry(tx, 0, STR("goes"), &expires_ms), GB_OK);
    assert_int_equal(expires_ms, NOW + 5);
    assert_int_equal(tx_apply(tx), GB_OK);
    tx = tx_begin(b->backend, b->arena, NOW + 4);
    assert_int_equal(tx_expiry(tx, 0, STR("stays"), &expires_ms), GB_OK);
    assert_int_equal(expires_ms, STORE_NEVER);
    assert_int_equal(tx_expiry(tx, 0, STR("goes"), &expires_ms), GB_OK);
    assert_int_equal(expires_ms, NOW + 5);
    tx_del(tx, 0, STR("goes"));
    assert_int_equal(tx_expiry(tx, 0, STR("goes"), &expires_ms), GB_NOT_FOUND);
    tx = tx_begin(b->backend, b->arena, NOW + 5);
    assert_int_equal(tx_expiry(tx, 0, STR("goes"), &expires_ms), GB_NOT_FOUND);
    assert_int_equal(b->backend->ops->rows(b->backend, 0, &rows), GB_OK);
    assert_int_equal(rows, 2); /* until it is purged */
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(view_reads_what_it_wrote),
        T(view_dropped_changes_nothing),
        T(view_gives_one_answer_to_one_question),
        T(rows_survive_a_reopen),
        T(expired_rows_are_never_returned),
        T(purge_removes_what_expired_and_nothing_else),
        T(scan_is_ordered_and_merges_own_writes),
        T(scan_by_prefix_ends_where_the_prefix_ends),
        T(changes_of_two_equal_runs_are_the_same),
        T(empty_value_is_a_value),
        T(large_value_comes_back),
        T(random_operations_agree_with_a_naive_model),
        T(map_grows_by_itself_and_the_turn_can_run_again),
        T(after_no_space_the_turns_earlier_changes_are_gone_too),
        T(full_disk_is_survived_and_nothing_synced_is_lost),
        T(kill_minus_nine_leaves_whole_batches_and_all_that_were_synced),
        T(second_opener_is_refused_and_told_who_has_it),
        T(directory_and_files_are_nobody_elses_business),
        T(directory_that_cannot_be_used_is_said_plainly),
        T(damaged_file_is_refused_with_its_name),
        T(copy_of_a_running_store_opens_as_one),
        T(a_snapshot_stays_as_it_is_while_the_store_goes_on),
        T(a_reader_that_was_killed_is_forgotten_by_purge),
        T(no_store_is_no_snapshot),
        T(rows_are_counted_and_their_expiry_is_told_own_writes_included),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

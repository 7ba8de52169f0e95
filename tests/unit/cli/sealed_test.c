/* A backup comes back byte by byte, or is refused: for every byte changed, every length cut off. */
#define GB_DOOR "files in a temporary directory"
#include "base/arena.h"
#include "base/base.h"
#include "cli/packed.h"
#include "cli/sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#define ROUNDS   2
#define PASSWORD STR("correct horse battery")

static const uint8_t salt[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* A file without a name. */
static int file_new(void) {
    int fd = memfd_create("backup", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static struct str file_read(int fd, char *room, size_t room_n) {
    ssize_t n = pread(fd, room, room_n, 0);
    assert_true(n >= 0);
    return (struct str){room, (size_t)n};
}

static int file_of(struct str bytes) {
    int fd = file_new();
    assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int pack(const char *text, size_t n, struct str password) {
    int fd = file_new();
    struct packed *packed = packed_create(fd, password, salt, ROUNDS);
    int64_t bytes = 0;
    uint8_t digest[SHA256_BYTES], found[SHA256_BYTES];
    assert_int_equal(fwrite(text, 1, n, packed_file(packed)), n);
    assert_true(packed_end(packed, &bytes, digest));
    assert_int_equal(bytes, lseek(fd, 0, SEEK_END));
    packed_free(packed);
    char *whole = malloc((size_t)bytes);
    assert_non_null(whole);
    sha256(file_read(fd, whole, (size_t)bytes), found);
    assert_memory_equal(digest, found, sizeof digest);
    free(whole);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* NULL: it came back whole and as it was. */
static const char *unpack(int fd, struct str password, const char *text, size_t n) {
    const char *why = NULL;
    struct packed *packed = packed_open(fd, password, &why);
    if (packed == NULL) {
        return why;
    }
    char *room = malloc(n + 1);
    assert_non_null(room);
    size_t got = fread(room, 1, n + 1, packed_file(packed));
    why = packed_trouble(packed);
    if (why == NULL && (got != n || memcmp(room, text, n) != 0)) {
        why = "other bytes";
    }
    free(room);
    packed_free(packed);
    return why;
}

static void round_trip(size_t n, struct str password) {
    char *text = malloc(n + 1);
    assert_non_null(text);
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) { /* hard to pack, so that there are many chunks */
        state = state * 1664525 + 1013904223;
        text[i] = (char)(state >> 24 & 127);
    }
    int fd = pack(text, n, password);
    assert_null(unpack(fd, password, text, n));
    close(fd);
    free(text);
}

static void any_length_comes_back_with_and_without_a_password(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 100, 65535, 65536, 65537, 300000, 1000000};
    for (size_t i = 0; i < GB_COUNT(lengths); i++) {
        round_trip(lengths[i], STR_NONE);
        round_trip(lengths[i], PASSWORD);
    }
}

/* The sealed bytes themselves around the size of a chunk: the last chunk may be a full one. */
static void chunks_that_end_with_the_data_are_known_as_the_last(void **state) {
    (void)state;
    static char text[3 * 65536 + 1];
    for (size_t n = 65536 - 1; n <= 3 * 65536 + 1; n += n % 65536 == 1 ? 65534 : 1) {
        int fd = file_new();
        struct sealed_out *out = sealed_create(fd, PASSWORD, salt, ROUNDS);
        int64_t bytes;
        uint8_t digest[SHA256_BYTES];
        assert_int_equal(sealed_write(out, (struct str){text, n}), GB_OK);
        assert_int_equal(sealed_end(out, &bytes, digest), GB_OK);
        sealed_out_free(out);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        struct sealed_in *in;
        const char *why = NULL;
        struct str data;
        size_t got = 0;
        assert_int_equal(sealed_open(fd, PASSWORD, &in, &why), GB_OK);
        do {
            assert_int_equal(sealed_read(in, &data, &why), GB_OK);
            got += data.n;
        } while (data.n > 0);
        assert_int_equal(got, n);
        sealed_in_free(in);
        close(fd);
    }
}

static void each_changed_byte_and_each_cut_is_seen(struct str password) {
    static const char text[] = "{\"t\":\"users\",\"k\":\"1\"}\nand another line\n";
    char room[512];
    int fd = pack(text, sizeof text - 1, password);
    struct str whole = file_read(fd, room, sizeof room);
    close(fd);
    for (size_t i = 0; i < whole.n; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            bool is_round = i >= 21 && i < 24 && password.n > 0;
            if (is_round && bit != 1) {
                continue; /* up to millions of rounds: right, and slow */
            }
            room[i] = (char)((unsigned char)room[i] ^ bit);
            int bad = file_of(whole);
            assert_non_null(unpack(bad, password, text, sizeof text - 1));
            close(bad);
            room[i] = (char)((unsigned char)room[i] ^ bit);
        }
    }
    for (size_t n = 0; n < whole.n; n++) {
        int bad = file_of(str_sub(whole, 0, n));
        assert_non_null(unpack(bad, password, text, sizeof text - 1));
        close(bad);
    }
    room[whole.n] = 'x';
    int longer = file_of((struct str){room, whole.n + 1});
    assert_non_null(unpack(longer, password, text, sizeof text - 1));
    close(longer);
}

static void each_changed_byte_and_each_cut_is_seen_with_a_password(void **state) {
    (void)state;
    each_changed_byte_and_each_cut_is_seen(PASSWORD);
}

static void each_changed_byte_and_each_cut_is_seen_without_one(void **state) {
    (void)state;
    each_changed_byte_and_each_cut_is_seen(STR_NONE);
}

static void chunks_cannot_be_moved_or_left_out(void **state) {
    (void)state;
    static char text[4 * 65536], file[5 * 65536], other[5 * 65536];
    int fd = file_new();
    struct sealed_out *out = sealed_create(fd, PASSWORD, salt, ROUNDS);
    int64_t bytes;
    uint8_t digest[SHA256_BYTES];
    assert_int_equal(sealed_write(out, (struct str){text, sizeof text}), GB_OK);
    assert_int_equal(sealed_end(out, &bytes, digest), GB_OK);
    sealed_out_free(out);
    struct str whole = file_read(fd, file, sizeof file);
    close(fd);
    size_t head = 41, chunk = 65536 + 16;
    assert_int_equal(whole.n, head + 4 * chunk);
    memcpy(other, file, whole.n); /* the second and the third change places */
    memcpy(other + head + chunk, file + head + 2 * chunk, chunk);
    memcpy(other + head + 2 * chunk, file + head + chunk, chunk);
    struct str bad[] = {{other, whole.n}, {file, whole.n - chunk}};
    for (size_t i = 0; i < GB_COUNT(bad); i++) {
        int from = file_of(bad[i]);
        struct sealed_in *in;
        const char *why = NULL;
        struct str data;
        assert_int_equal(sealed_open(from, PASSWORD, &in, &why), GB_OK);
        enum gb_err err = GB_OK;
        for (size_t j = 0; j < 5 && err == GB_OK; j++) {
            err = sealed_read(in, &data, &why);
        }
        assert_int_equal(err, GB_DAMAGED);
        sealed_in_free(in);
        close(from);
    }
}

static void assert_refused(int fd, struct str password, const char *words) {
    const char *why = unpack(fd, password, "x", 1);
    assert_non_null(why);
    if (strstr(why, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why, words);
    }
    close(fd);
}

static void what_is_wrong_is_said_plainly(void **state) {
    (void)state;
    assert_refused(pack("x", 1, PASSWORD), STR("another password"), "password is wrong");
    assert_refused(pack("x", 1, PASSWORD), STR_NONE, "there is no password");
    assert_refused(file_of(STR("gigabridge backup 2\nwhatever else that may be........")), PASSWORD,
                   "newer version");
    assert_refused(file_of(STR("PK\x03\x04 something else, long enough to be a head...")), PASSWORD,
                   "not a backup");
    assert_refused(file_of(STR("")), PASSWORD, "not a backup");
    assert_refused(file_of(STR("gigabridge backup 1\n")), PASSWORD, "cut off");
}

static void two_files_of_one_password_have_two_keys(void **state) {
    (void)state;
    static const uint8_t other_salt[16] = {9};
    char room[2][256];
    struct str found[2];
    for (size_t i = 0; i < 2; i++) {
        int fd = file_new();
        int64_t bytes;
        uint8_t digest[SHA256_BYTES];
        struct sealed_out *out = sealed_create(fd, PASSWORD, i == 0 ? salt : other_salt, ROUNDS);
        assert_int_equal(sealed_write(out, STR("the same words")), GB_OK);
        assert_int_equal(sealed_end(out, &bytes, digest), GB_OK);
        sealed_out_free(out);
        found[i] = file_read(fd, room[i], sizeof room[i]);
        close(fd);
        assert_true(str_find_str(found[i], STR("same")) == found[i].n);
    }
    assert_false(str_equal(str_sub(found[0], 41, 14), str_sub(found[1], 41, 14)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_length_comes_back_with_and_without_a_password),
        cmocka_unit_test(chunks_that_end_with_the_data_are_known_as_the_last),
        cmocka_unit_test(each_changed_byte_and_each_cut_is_seen_with_a_password),
        cmocka_unit_test(each_changed_byte_and_each_cut_is_seen_without_one),
        cmocka_unit_test(chunks_cannot_be_moved_or_left_out),
        cmocka_unit_test(what_is_wrong_is_said_plainly),
        cmocka_unit_test(two_files_of_one_password_have_two_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

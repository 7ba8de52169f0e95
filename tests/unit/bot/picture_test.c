/* What the picture says is read by a foreign reader (zbarimg, if there is one), its bytes by a PNG
 * reader of the test's own. */
#include "bot/picture.h"

#include "base/arena.h"
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <zlib.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state) {
    (void)state;
    arena = arena_new(64 * 1024, 64 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static uint32_t u32(struct str s, size_t at) {
    assert_true(at + 4 <= s.n);
    const unsigned char *p = (const unsigned char *)s.p + at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The data of the chunk at *at, whose sum must be right; *at moves on. */
static struct str chunk(struct str png, size_t *at, const char *type) {
    size_t n = u32(png, *at);
    struct str data = str_sub(png, *at + 8, n);
    assert_int_equal(data.n, n);
    assert_memory_equal(png.p + *at + 4, type, 4);
    uLong crc = crc32(0, (const Bytef *)png.p + *at + 4, (uInt)(n + 4));
    assert_int_equal(crc, u32(png, *at + 8 + n));
    *at += 12 + n;
    return data;
}

/* Side in pixels, and the rows as bytes without their filter byte. */
static size_t read_png(struct str png, unsigned char **ret_pixels) {
    assert_memory_equal(png.p, "\x89PNG\r\n\x1a\n", 8);
    size_t at = 8;
    struct str header = chunk(png, &at, "IHDR");
    size_t side = u32(header, 0);
    assert_int_equal(side, u32(header, 4));
    assert_memory_equal(header.p + 8, "\1\0\0\0\0", 5);
    struct str packed = chunk(png, &at, "IDAT");
    chunk(png, &at, "IEND");
    assert_int_equal(at, png.n);

    size_t row_bytes = (side + 7) / 8;
    uLongf raw_bytes = side * (row_bytes + 1);
    unsigned char *raw = arena_alloc(arena, raw_bytes);
    uLongf got = raw_bytes;
    assert_int_equal(uncompress(raw, &got, (const Bytef *)packed.p, (uLong)packed.n), Z_OK);
    assert_int_equal(got, raw_bytes);
    unsigned char *pixels = arena_alloc(arena, side * row_bytes);
    for (size_t y = 0; y < side; y++) {
        const unsigned char *row = raw + y * (row_bytes + 1);
        assert_true(row[0] == 0 || (row[0] == 2 && y > 0));
        for (size_t x = 0; x < row_bytes; x++) {
            unsigned char above = row[0] == 2 ? pixels[(y - 1) * row_bytes + x] : 0;
            pixels[y * row_bytes + x] = (unsigned char)(row[1 + x] + above);
        }
    }
    *ret_pixels = pixels;
    return side;
}

static void the_png_is_sound_with_a_white_margin(void **state) {
    (void)state;
    struct str png;
    assert_int_equal(picture_qr(arena, STR("https://de1.example/AbC/uuid/#GigaBridge"), &png),
                     GB_OK);
    unsigned char *pixels;
    size_t side = read_png(png, &pixels);
    size_t modules = side / 8 - 8;
    assert_int_equal(side % 8, 0);
    assert_int_equal(modules % 4, 1); /* 21, 25, 29, ... */
    size_t row_bytes = side / 8;
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < row_bytes; x++) {
            bool margin = y < 32 || y >= side - 32 || x < 4 || x >= row_bytes - 4;
            unsigned char byte = pixels[y * row_bytes + x];
            assert_true(byte == 0xff || (!margin && byte == 0));
        }
    }
    /* The corner of the finder pattern is dark, the ring inside of it is white. */
    assert_int_equal(pixels[32 * row_bytes + 4], 0);
    assert_int_equal(pixels[40 * row_bytes + 5], 0xff);
}

static void the_longest_text_still_fits_a_row(void **state) {
    (void)state;
    char text[2332];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    struct str png;
    assert_int_equal(picture_qr(arena, (struct str){text, 2331}, &png), GB_OK);
    assert_true(png.n <= PICTURE_BYTES_MAX);
    assert_int_equal(picture_qr(arena, (struct str){text, 2332}, &png), GB_INVALID);
    assert_int_equal(picture_qr(arena, STR_NONE, &png), GB_INVALID);
}

static void the_same_text_gives_the_same_bytes(void **state) {
    (void)state;
    struct str first, second;
    assert_int_equal(picture_qr(arena, STR("https://a.example/x"), &first), GB_OK);
    assert_int_equal(picture_qr(arena, STR("https://a.example/x"), &second), GB_OK);
    assert_true(str_equal(first, second));
}

/* What zbarimg reads in the picture; false when there is no zbarimg here. */
static bool read_by_zbar(struct str png, char *ret_text, size_t bytes) {
    char path[] = "/tmp/picture_test.XXXXXX";
    int file = mkstemp(path);
    int out[2];
    assert_true(file >= 0 && pipe(out) == 0);
    assert_int_equal(write(file, png.p, png.n), (ssize_t)png.n);
    close(file);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        (void)!freopen("/dev/null", "w", stderr); /* it looks for a bus that tests do not have */
        execlp("zbarimg", "zbarimg", "-q", "--raw", "-Sbinary", path, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    size_t n = 0;
    ssize_t got;
    while (n + 1 < bytes && (got = read(out[0], ret_text + n, bytes - n - 1)) > 0) {
        n += (size_t)got;
    }
    ret_text[n] = '\0';
    close(out[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(path);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 127);
    return WEXITSTATUS(status) == 0;
}

static void a_foreign_reader_reads_the_text(void **state) {
    (void)state;
    const char *const texts[] = {
        "https://de1.example.com/kJ3dPqR7/2b1f9c1e-0d0c-4f3a-9a51-7d1c2f3e4b5a/#GigaBridge",
        "hiddify://import/https://x.example/?a=1&b=%20",
        "https://пример.рф/доступ",
        "x",
    };
    for (size_t i = 0; i < GB_COUNT(texts); i++) {
        struct str png;
        char text[256];
        assert_int_equal(picture_qr(arena, str_of(texts[i]), &png), GB_OK);
        if (!read_by_zbar(png, text, sizeof(text))) {
            skip();
        }
        assert_string_equal(text, texts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_png_is_sound_with_a_white_margin),
        cmocka_unit_test(the_longest_text_still_fits_a_row),
        cmocka_unit_test(the_same_text_gives_the_same_bytes),
        cmocka_unit_test(a_foreign_reader_reads_the_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Published vectors, and the properties of what is ours: codings, stream, equality. */
#include "base/crypto.h"

#include "base/arena.h"
#include "helpers.h"

static int make_arena(void **state) {
    *state = arena_new(65536, 64 * 1024 * 1024);
    return 0;
}

static int drop_arena(void **state) {
    arena_free(*state);
    return 0;
}

static struct str repeated(struct arena *arena, char byte, size_t count) {
    return (struct str){memset(arena_take(arena, count), byte, count), count};
}

/* ---- hashes: FIPS 180-2 appendix B, RFC 4231 ---- */

static void sha256_gives_the_published_digests(void **state) {
    const struct {
        struct str data;
        const char *digest;
    } cases[] = {
        {STR_NONE, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {repeated(*state, 'a', 1000000),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        uint8_t digest[SHA256_BYTES];
        sha256(cases[i].data, digest);
        assert_str(hex_encode(*state, digest, sizeof digest), cases[i].digest);
    }
}

static void hmac_sha256_gives_the_published_digests(void **state) {
    const struct {
        struct str key, data;
        const char *digest;
    } cases[] = {
        {repeated(*state, 0x0b, 20), STR("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated(*state, (char)0xaa, 20), repeated(*state, (char)0xdd, 50),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {repeated(*state, (char)0xaa, 131),
         STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        uint8_t digest[SHA256_BYTES];
        hmac_sha256(cases[i].key, cases[i].data, digest);
        assert_str(hex_encode(*state, digest, sizeof digest), cases[i].digest);
    }
    uint8_t digest[SHA256_BYTES];
    hmac_sha256(STR_NONE, STR_NONE, digest);
    assert_str(hex_encode(*state, digest, sizeof digest),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void texts_are_equal_only_if_every_byte_is(void **state) {
    (void)state;
    char a[] = "0123456789abcdef", b[] = "0123456789abcdef";
    assert_true(crypto_equal(STR_NONE, STR("")));
    assert_true(crypto_equal(str_of(a), str_of(b)));
    assert_false(crypto_equal(str_of(a), STR("0123456789abcde")));
    for (size_t i = 0; i < sizeof a - 1; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] = (char)(b[i] ^ (1 << bit));
            assert_false(crypto_equal((struct str){a, 16}, (struct str){b, 16}));
            b[i] = (char)(b[i] ^ (1 << bit));
        }
    }
}

static void wiping_leaves_zeroes(void **state) {
    (void)state;
    char secret[33] = "0123456789abcdef0123456789abcdef";
    crypto_wipe(secret, 32);
    for (size_t i = 0; i < sizeof secret; i++) {
        assert_int_equal(secret[i], 0);
    }
}

/* ---- base64: RFC 4648 section 10 ---- */

static void base64_gives_the_published_texts(void **state) {
    const char *const cases[][2] = {{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"},
                                    {"\xfb\xff\xfe", "+//+"}};
    for (size_t i = 0; i < GB_COUNT(cases); i++) {
        struct str data;
        assert_str(base64_encode(*state, str_of(cases[i][0])), cases[i][1]);
        assert_int_equal(base64_decode(*state, str_of(cases[i][1]), &data), GB_OK);
        assert_str(data, cases[i][0]);
    }
}

static void any_bytes_come_back_through_base64_and_no_other_text_gives_them(void **state) {
    struct chance chance = {1};
    for (int round = 0; round < 20000; round++) {
        char bytes[40];
        size_t n = chance_below(&chance, sizeof bytes);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)chance_below(&chance, 256);
        }
        struct str data, text = base64_encode(*state, (struct str){bytes, n});
        assert_int_equal(text.n, (n + 2) / 3 * 4);
        assert_int_equal(base64_decode(*state, text, &data), GB_OK);
        assert_true(str_equal(data, (struct str){bytes, n}));
        /* Whatever is accepted is the one text of its bytes. */
        if (n > 0) {
            char *other = (char *)arena_take(*state, text.n);
            memcpy(other, text.p, text.n);
            other[chance_below(&chance, text.n)] = (char)chance_below(&chance, 128);
            struct str changed = {other, text.n};
            if (base64_decode(*state, changed, &data) == GB_OK) {
                assert_true(str_equal(base64_encode(*state, data), changed));
            }
        }
        arena_clear(*state);
    }
}

static void what_is_not_strictly_base64_is_refused(void **state) {
    const struct str wrong[] = {STR("Z"),        STR("Zg"),    STR("Zg="),     STR("Zg==="),
                                STR("===="),     STR("Z==="),  STR("Zm9v\n"),  STR("Zm 9v==="),
                                STR("Zg==Zg=="), STR("Zh=="),  STR("Zm9="),    STR("Z-_v"),
                                STR("=Zg="),     {"Zm9\0", 4}, STR("Zm9\xFF"), STR("Z=g=")};
    for (size_t i = 0; i < GB_COUNT(wrong); i++) {
        struct str data = STR("untouched");
        if (base64_decode(*state, wrong[i], &data) != GB_INVALID) {
            fail_msg(STR_FMT, STR_ARG(wrong[i]));
        }
        assert_str(data, "untouched");
    }
}

static void hexadecimal_is_two_lower_case_digits_a_byte(void **state) {
    assert_str(hex_encode(*state, (const uint8_t *)"\x00\x9f\xff", 3), "009fff");
    assert_int_equal(hex_encode(*state, NULL, 0).n, 0);
}

/* ---- the hash of tables in memory ---- */

static void a_hash_differs_by_seed_length_and_every_bit(void **state) {
    (void)state;
    char text[40] = {0};
    uint64_t whole = hash64((struct str){text, sizeof text}, 1);
    assert_true(whole == hash64((struct str){text, sizeof text}, 1));
    assert_true(whole != hash64((struct str){text, sizeof text}, 2));
    for (size_t n = 0; n < sizeof text; n++) {
        assert_true(whole != hash64((struct str){text, n}, 1));
    }
    size_t flipped = 0;
    for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
        text[bit / 8] = (char)(1u << bit % 8);
        flipped += (size_t)__builtin_popcountll(whole ^ hash64((struct str){text, sizeof text}, 1));
        text[bit / 8] = 0;
    }
    /* On average half of the 64 bits change. */
    assert_in_range(flipped / (8 * sizeof text), 28, 36);
}

static void keys_spread_over_a_small_table(void **state) {
    size_t buckets[64] = {0};
    for (int i = 0; i < 64 * 100; i++) {
        struct str key = arena_printf(*state, "user/%d", i);
        buckets[hash64(key, 0) % 64]++;
        arena_clear(*state);
    }
    for (size_t i = 0; i < 64; i++) {
        assert_in_range(buckets[i], 50, 150);
    }
}

/* ---- the keyed stream ---- */

static const uint8_t key[SHA256_BYTES] = {1, 2, 3};

static void the_same_key_and_label_draw_the_same(void **state) {
    (void)state;
    struct rng a, b, other_label, other_key;
    uint8_t key2[SHA256_BYTES] = {1, 2, 4}, left[200], right[200];
    rng_init(&a, key, STR("u:1"));
    rng_init(&b, key, STR("u:1"));
    rng_init(&other_label, key, STR("u:2"));
    rng_init(&other_key, key2, STR("u:1"));
    rng_bytes(&a, left, sizeof left);
    /* However it is cut into pieces. */
    for (size_t at = 0, n = 1; at < sizeof right; at += n, n = GB_MIN(n + 3, sizeof right - at)) {
        rng_bytes(&b, right + at, n);
    }
    assert_memory_equal(left, right, sizeof left);
    rng_bytes(&other_label, right, sizeof right);
    assert_memory_not_equal(left, right, 8);
    rng_bytes(&other_key, right, sizeof right);
    assert_memory_not_equal(left, right, 8);
}

/* If this changes, handlers that were cut short draw anew: it belongs to the data format. */
static void the_stream_is_pinned(void **state) {
    struct rng rng;
    uint8_t bytes[40];
    rng_init(&rng, key, STR("pinned"));
    rng_bytes(&rng, bytes, sizeof bytes);
    assert_str(hex_encode(*state, bytes, sizeof bytes),
               "c7d543056098bbc502dae3191c516c2cdf4b6a8f5d1bc4886dfd3715a59450a606f1a785bfe0c095");
}

static void draws_below_a_bound_are_uniform(void **state) {
    (void)state;
    struct rng rng;
    size_t counts[7] = {0};
    rng_init(&rng, key, STR("uniform"));
    for (int i = 0; i < 70000; i++) {
        uint64_t drawn = rng_below(&rng, 7);
        assert_true(drawn < 7);
        counts[drawn]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(counts[i], 9600, 10400);
    }
    assert_int_equal(rng_below(&rng, 1), 0);
    /* The remainder of a raw draw would fall into the lowest third half of the time. */
    uint64_t bound = 3 * (UINT64_C(1) << 62);
    size_t lowest = 0;
    for (int i = 0; i < 3000; i++) {
        uint64_t drawn = rng_below(&rng, bound);
        assert_true(drawn < bound);
        lowest += drawn < bound / 3;
    }
    assert_in_range(lowest, 900, 1100);
}

static void draw_below_nothing(void *ctx) {
    (void)rng_below(ctx, 0);
}

static void a_bound_of_zero_is_our_bug(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, key, STR("x"));
    assert_panics(draw_below_nothing, &rng, "crypto.c");
}

static void a_uuid_has_the_form_of_version_4(void **state) {
    struct rng rng;
    rng_init(&rng, key, STR("uuid"));
    char last[37] = "";
    for (int i = 0; i < 1000; i++) {
        struct str id = rng_uuid4(&rng, *state);
        assert_int_equal(id.n, 36);
        for (size_t j = 0; j < id.n; j++) {
            bool dash = j == 8 || j == 13 || j == 18 || j == 23;
            assert_int_equal(id.p[j] == '-', dash);
            assert_true(dash || (id.p[j] >= '0' && id.p[j] <= '9') ||
                        (id.p[j] >= 'a' && id.p[j] <= 'f'));
        }
        assert_int_equal(id.p[14], '4');
        assert_non_null(strchr("89ab", id.p[19]));
        assert_false(str_is(id, last));
        memcpy(last, id.p, 37);
        arena_clear(*state);
    }
}

static void an_id_uses_all_its_letters(void **state) {
    struct rng rng;
    bool seen[256] = {false};
    size_t letters = 0;
    rng_init(&rng, key, STR("id"));
    struct str id = rng_id(&rng, *state, 1000);
    assert_int_equal(id.n, 1000);
    for (size_t i = 0; i < id.n; i++) {
        assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz234567", id.p[i]));
        letters += !seen[(unsigned char)id.p[i]];
        seen[(unsigned char)id.p[i]] = true;
    }
    assert_int_equal(letters, 32);
    assert_int_equal(rng_id(&rng, *state, 0).n, 0);
}

static void a_digest_over_pieces_is_that_of_the_whole(void **state) {
    (void)state;
    static const char text[] = "The quick brown fox jumps over the lazy dog, and over another.";
    uint8_t whole[SHA256_BYTES], pieces[SHA256_BYTES];
    sha256(STR(text), whole);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct sha256_run run;
        sha256_begin(&run);
        sha256_add(&run, str_sub(STR(text), 0, cut));
        sha256_add(&run, str_sub(STR(text), cut, sizeof text));
        sha256_end(&run, pieces);
        assert_memory_equal(whole, pieces, sizeof whole);
    }
}

/* RFC 7914, section 11, and what Python's hashlib says. */
static void a_key_from_a_password_is_the_published_one(void **state) {
    uint8_t secret_key[CRYPTO_KEY_BYTES];
    crypto_stretch(STR("passwd"), STR("salt"), 1, secret_key);
    assert_str(hex_encode(*state, secret_key, sizeof secret_key),
               "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    crypto_stretch(STR("password"), STR("salt"), 4096, secret_key);
    assert_str(hex_encode(*state, secret_key, sizeof secret_key),
               "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
}

/* RFC 8439, section 2.8.2. */
static void a_seal_is_the_published_one_and_breaks_at_any_change(void **state) {
    uint8_t secret_key[CRYPTO_KEY_BYTES], tag[CRYPTO_TAG_BYTES];
    uint8_t nonce[CRYPTO_NONCE_BYTES] = {7,    0,    0,    0,    0x40, 0x41,
                                         0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
    static const char plain[] =
        "Ladies and Gentlemen of the class of '99: If I could offer you only "
        "one tip for the future, sunscreen would be it.";
    uint8_t data[sizeof plain - 1];
    struct str bound = STR("\x50\x51\x52\x53\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7");
    for (size_t i = 0; i < sizeof secret_key; i++) {
        secret_key[i] = (uint8_t)(0x80 + i);
    }
    memcpy(data, plain, sizeof data);
    crypto_seal(secret_key, nonce, bound, data, sizeof data, tag);
    assert_str(hex_encode(*state, tag, sizeof tag), "1ae10b594f09e26a7e902ecbd0600691");
    assert_str(hex_encode(*state, data, 4), "d31a8d34");
    uint8_t copy[sizeof data];
    for (size_t i = 0; i < sizeof data + sizeof tag; i++) {
        uint8_t *byte = i < sizeof data ? &copy[i] : &tag[i - sizeof data];
        memcpy(copy, data, sizeof data);
        *byte ^= 1;
        assert_false(crypto_unseal(secret_key, nonce, bound, copy, sizeof data, tag));
        *byte ^= 1;
    }
    nonce[11] ^= 1;
    memcpy(copy, data, sizeof data);
    assert_false(crypto_unseal(secret_key, nonce, bound, copy, sizeof data, tag));
    nonce[11] ^= 1;
    assert_false(crypto_unseal(secret_key, nonce, str_sub(bound, 1, 11), copy, sizeof data, tag));
    memcpy(copy, data, sizeof data);
    assert_true(crypto_unseal(secret_key, nonce, bound, copy, sizeof data, tag));
    assert_memory_equal(copy, plain, sizeof copy);
}

static void a_secret_is_revealed_by_name_only(void **state) {
    (void)state;
    struct secret secret = {STR_INIT("token")};
    assert_str(secret_reveal(secret), "token");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(hmac_sha256_gives_the_published_digests),
        cmocka_unit_test(texts_are_equal_only_if_every_byte_is),
        cmocka_unit_test(wiping_leaves_zeroes),
        cmocka_unit_test(base64_gives_the_published_texts),
        cmocka_unit_test(any_bytes_come_back_through_base64_and_no_other_text_gives_them),
        cmocka_unit_test(what_is_not_strictly_base64_is_refused),
        cmocka_unit_test(hexadecimal_is_two_lower_case_digits_a_byte),
        cmocka_unit_test(a_hash_differs_by_seed_length_and_every_bit),
        cmocka_unit_test(keys_spread_over_a_small_table),
        cmocka_unit_test(the_same_key_and_label_draw_the_same),
        cmocka_unit_test(the_stream_is_pinned),
        cmocka_unit_test(draws_below_a_bound_are_uniform),
        cmocka_unit_test(a_bound_of_zero_is_our_bug),
        cmocka_unit_test(a_uuid_has_the_form_of_version_4),
        cmocka_unit_test(an_id_uses_all_its_letters),
        cmocka_unit_test(a_digest_over_pieces_is_that_of_the_whole),
        cmocka_unit_test(a_key_from_a_password_is_the_published_one),
        cmocka_unit_test(a_seal_is_the_published_one_and_breaks_at_any_change),
        cmocka_unit_test(a_secret_is_revealed_by_name_only),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}

/* What the program carries inside is the file on disk, byte for byte, and is found by name only. */
#define GB_DOOR "reads the embedded files' originals"
#include "base/embed.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void embed_file_gives_the_certificates(void **state) {
    (void)state;
    struct str pem = embed_file(STR("ca.pem"));
    assert_true(pem.n > 100000);
    assert_true(str_starts(str_trim(pem), STR("-----BEGIN CERTIFICATE-----")));
    assert_true(str_ends(str_trim(pem), STR("-----END CERTIFICATE-----")));
    assert_int_equal(pem.p[pem.n], 0);
}

static void embed_file_gives_nothing_for_a_name_it_does_not_have(void **state) {
    (void)state;
    assert_int_equal(embed_file(STR("ca.pe")).n, 0);
    assert_int_equal(embed_file(STR("ca.pem2")).n, 0);
    assert_int_equal(embed_file(STR_NONE).n, 0);
    assert_null(embed_file(STR("../ca.pem")).p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embed_file_gives_the_certificates),
        cmocka_unit_test(embed_file_gives_nothing_for_a_name_it_does_not_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

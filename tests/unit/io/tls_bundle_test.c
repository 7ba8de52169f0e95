/* What must hold of the built-in authorities: parsed once, they accept whom they signed, for every
 * connection, and nobody else. In this program the tests' own authority is the built-in one.
 */
#include "base/base.h"
#include "base/embed.h"
#include "io/scene.h"
#include "io/tls_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct str bundle;

/* Stands before the one of base. */
struct str embed_file(struct str name) {
    return str_is(name, "ca.pem") ? bundle : STR_NONE;
}

static struct scene scene;

static int start(void **state) {
    (void)state;
    scene_start(&scene, NULL);
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

static const struct http_reply *fetch(const char *certificate, const char *protocol, int times) {
    struct tls_server server = tls_serve(certificate, protocol);
    struct http_request request = {
        .url = arena_printf(scene.kept, "https://127.0.0.1:%d/", server.port)};
    for (int i = 0; i < times; i++) {
        (void)scene_fetch(&scene, &request);
    }
    tls_stop(&server);
    return &scene.reply;
}

static void certificate_by_a_built_in_authority_is_accepted_each_time(void **state) {
    (void)state;
    bundle = tls_content(&scene, "ca.pem");
    assert_int_equal(fetch("good.pem", "-tls1_3", 3)->outcome, HTTP_REPLIED);
    assert_int_equal(fetch("good.pem", "-tls1_2", 3)->outcome, HTTP_REPLIED);
}

static void others_are_refused(void **state) {
    (void)state;
    bundle = tls_content(&scene, "ca.pem");
    assert_int_equal(fetch("alone.pem", "-tls1_3", 1)->outcome, HTTP_NOT_SENT);
    assert_int_equal(fetch("wrong.pem", "-tls1_3", 1)->outcome, HTTP_NOT_SENT);
    assert_int_equal(fetch("expired.pem", "-tls1_3", 1)->outcome, HTTP_NOT_SENT);
}

static void without_authorities_nobody_is_trusted(void **state) {
    (void)state;
    bundle = STR_NONE;
    assert_int_equal(fetch("good.pem", "-tls1_3", 2)->outcome, HTTP_NOT_SENT);
    bundle = STR("no certificate");
    assert_int_equal(fetch("good.pem", "-tls1_3", 2)->outcome, HTTP_NOT_SENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(certificate_by_a_built_in_authority_is_accepted_each_time),
        TEST(others_are_refused),
        TEST(without_authorities_nobody_is_trusted),
    };
    return cmocka_run_group_tests(tests, tls_make_certificates, tls_remove_certificates);
}

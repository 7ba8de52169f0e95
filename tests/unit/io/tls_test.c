/* What must hold of TLS: whom we were told to trust, and nobody else; refused means not sent. */
#include "base/base.h"
#include "base/embed.h"
#include "io/scene.h"
#include "io/tls_server.h"
#include "io/trust.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What becomes of a request to a server with this certificate by somebody who trusts so. */
static const struct http_reply *fetch(struct scene *scene, const char *certificate,
                                      const char *protocol, struct http_trust trust) {
    struct tls_server server = tls_serve(certificate, protocol);
    struct http_request request = {
        .url = arena_printf(scene->kept, "https://127.0.0.1:%d/", server.port), .trust = trust};
    const struct http_reply *reply = scene_fetch(scene, &request);
    tls_stop(&server);
    return reply;
}

static void assert_trusted(const struct http_reply *reply) {
    if (reply->outcome != HTTP_REPLIED) {
        fail_msg("refused: %s", reply->fault);
    }
    assert_int_equal(reply->status, 200);
    assert_true(str_find_str(reply->body, STR("s_server")) < reply->body.n);
}

static void assert_refused(const struct http_reply *reply) {
    assert_int_equal(reply->outcome, HTTP_NOT_SENT);
    assert_non_null(reply->fault);
}

static int start(void **state) {
    static struct scene scene;
    scene_start(&scene, NULL);
    *state = &scene;
    return 0;
}

static int end(void **state) {
    scene_end(*state);
    return 0;
}

static void certificate_by_the_named_authority_is_accepted(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.ca_file = tls_path(scene, "ca.pem")};
    assert_trusted(fetch(scene, "good.pem", "-tls1_3", trust));
    assert_trusted(fetch(scene, "good.pem", "-tls1_2", trust));
}

static void certificate_by_another_authority_is_refused(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.ca_file = tls_path(scene, "other_ca.pem")};
    assert_refused(fetch(scene, "good.pem", "-tls1_3", trust));
    assert_refused(fetch(scene, "alone.pem", "-tls1_2", trust));
}

static void certificate_for_another_name_is_refused(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.ca_file = tls_path(scene, "ca.pem")};
    assert_refused(fetch(scene, "wrong.pem", "-tls1_3", trust));
}

static void certificate_that_ran_out_is_refused(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.ca_file = tls_path(scene, "ca.pem")};
    assert_refused(fetch(scene, "expired.pem", "-tls1_3", trust));
}

static void built_in_authorities_are_read_and_trust_no_stranger(void **state) {
    struct scene *scene = *state;
    struct authorities *bundle = authorities_new(embed_file(STR("ca.pem")));
    assert_non_null(bundle);
    authorities_free(bundle);
    assert_refused(fetch(scene, "good.pem", "-tls1_3", (struct http_trust){.ca_file = STR_NONE}));
    assert_string_equal(scene->reply.fault, "the server's certificate is not trusted");
}

static void old_protocol_is_refused(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.ca_file = tls_path(scene, "ca.pem")};
    assert_refused(fetch(scene, "good.pem", "-tls1_1", trust));
}

static void file_that_is_no_certificate_is_refused_and_not_replaced_by_the_bundle(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.ca_file = tls_path(scene, "good.pin")};
    assert_refused(fetch(scene, "good.pem", "-tls1_3", trust));
    trust.ca_file = tls_path(scene, "missing.pem");
    assert_refused(fetch(scene, "good.pem", "-tls1_3", trust));
}

static void pinned_key_stands_in_for_the_chain(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.pin_sha256 = tls_content(scene, "alone.pin")};
    assert_trusted(fetch(scene, "alone.pem", "-tls1_3", trust));
    assert_trusted(fetch(scene, "alone.pem", "-tls1_2", trust));
}

static void another_key_than_the_pinned_is_refused(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.pin_sha256 = tls_content(scene, "good.pin")};
    assert_refused(fetch(scene, "alone.pem", "-tls1_3", trust));
    trust.pin_sha256 = STR("no base64 at all");
    assert_refused(fetch(scene, "alone.pem", "-tls1_3", trust));
    trust.pin_sha256 = STR("YQ==;sha256//YQ==");
    assert_refused(fetch(scene, "alone.pem", "-tls1_3", trust));
}

static void pin_and_file_must_both_agree(void **state) {
    struct scene *scene = *state;
    struct http_trust trust = {.pin_sha256 = tls_content(scene, "good.pin"),
                               .ca_file = tls_path(scene, "ca.pem")};
    assert_trusted(fetch(scene, "good.pem", "-tls1_3", trust));
    trust.ca_file = tls_path(scene, "other_ca.pem");
    assert_refused(fetch(scene, "good.pem", "-tls1_3", trust));
    trust.ca_file = tls_path(scene, "ca.pem");
    trust.pin_sha256 = tls_content(scene, "alone.pin");
    assert_refused(fetch(scene, "good.pem", "-tls1_3", trust));
}

/* s_server keeps no connection; one that does, and a second request that trusts somebody else, must
 * not meet. libcurl compares what we set: the same server, one request after the other. */
static void trust_is_asked_anew_for_each_way_of_trusting(void **state) {
    struct scene *scene = *state;
    struct tls_server server = tls_serve("good.pem", "-tls1_3");
    struct http_request request = {
        .url = arena_printf(scene->kept, "https://127.0.0.1:%d/", server.port)};
    for (int i = 0; i < 3; i++) {
        request.trust = (struct http_trust){.ca_file = tls_path(scene, "ca.pem")};
        assert_trusted(scene_fetch(scene, &request));
        request.trust = (struct http_trust){.ca_file = STR_NONE};
        assert_refused(scene_fetch(scene, &request));
        request.trust = (struct http_trust){.pin_sha256 = tls_content(scene, "good.pin")};
        assert_trusted(scene_fetch(scene, &request));
        request.trust = (struct http_trust){.pin_sha256 = tls_content(scene, "alone.pin")};
        assert_refused(scene_fetch(scene, &request));
    }
    tls_stop(&server);
}

static void server_without_tls_is_not_sent_anything(void **state) {
    struct scene *scene = *state;
    struct raw_peer peer;
    raw_peer_start(&peer, NULL, 0);
    struct http_request request = {
        .url = arena_printf(scene->kept, "https://127.0.0.1:%d/", peer.port), .total_ms_max = 300};
    assert_refused(scene_fetch(scene, &request));
    assert_int_equal(atomic_load(&peer.requests), 0);
    raw_peer_stop(&peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(certificate_by_the_named_authority_is_accepted),
        TEST(certificate_by_another_authority_is_refused),
        TEST(certificate_for_another_name_is_refused),
        TEST(certificate_that_ran_out_is_refused),
        TEST(built_in_authorities_are_read_and_trust_no_stranger),
        TEST(old_protocol_is_refused),
        TEST(file_that_is_no_certificate_is_refused_and_not_replaced_by_the_bundle),
        TEST(pinned_key_stands_in_for_the_chain),
        TEST(another_key_than_the_pinned_is_refused),
        TEST(pin_and_file_must_both_agree),
        TEST(trust_is_asked_anew_for_each_way_of_trusting),
        TEST(server_without_tls_is_not_sent_anything),
    };
    return cmocka_run_group_tests(tests, tls_make_certificates, tls_remove_certificates);
}

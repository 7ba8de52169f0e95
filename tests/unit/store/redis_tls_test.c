/* Redis over TLS: a real server with certificates made for the test is believed only if it is the
 * one we were told to reach. In this program the tests' own authority is the built-in one.
 */
#define GB_DOOR "processes and files of a test"
#include "base/arena.h"
#include "base/embed.h"
#include "common/redis_server.h"
#include "store/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)

static char certificates[] = "/tmp/gb-redis-tls-XXXXXX";
static struct arena *arena;
static struct str bundle;

/* Stands before the one of base. */
struct str embed_file(struct str name) {
    return str_is(name, "ca.pem") ? bundle : STR_NONE;
}

static void run(const char *const *words) {
    union {
        const char *const *from;
        char *const *to;
    } cast = {.from = words};
    int status = 1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execvp(words[0], cast.to);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static const char *path(const char *name) {
    return arena_printf(arena, "%s/%s", certificates, name).p;
}

static struct str content(const char *name) {
    FILE *file = fopen(path(name), "re");
    assert_non_null(file);
    char *text = arena_alloc(arena, 16384);
    size_t n = fread(text, 1, 16383, file);
    fclose(file);
    return (struct str){text, n};
}

static int make_certificates(void **state) {
    (void)state;
    arena = arena_new(64 * 1024, (size_t)256 * 1024 * 1024);
    assert_non_null(mkdtemp(certificates));
    run((const char *const[]){"sh", "tests/data/certificates.sh", certificates, NULL});
    return 0;
}

static int remove_certificates(void **state) {
    (void)state;
    run((const char *const[]){"rm", "-rf", certificates, NULL});
    arena_free(arena);
    return 0;
}

static struct redis_server server;

static int end_server(void **state) {
    (void)state;
    redis_server_end(&server);
    return 0;
}

/* With the key and certificate NAME.key and NAME.crt; `protocols` as redis.conf has them. */
static void serve(const char *key, const char *certificate, const char *protocols) {
    const char *more[REDIS_SERVER_WORDS] = {
        "--tls-cert-file",    path(certificate), "--tls-key-file",     path(key),
        "--tls-ca-cert-file", path("ca.pem"),    "--tls-auth-clients", "no",
        "--tls-protocols",    protocols,
    };
    server = (struct redis_server){.tls = true};
    memcpy(server.more, more, sizeof more);
    redis_server_start(&server);
}

static enum gb_err try_open(const char *host, const char *ca_file, struct backend **ret_backend,
                            struct str *ret_why) {
    struct redis_options options = {.host = host,
                                    .port = server.port,
                                    .tls = true,
                                    .ca_file = ca_file != NULL ? path(ca_file) : NULL};
    return redis_open(&options, bench_tables, BENCH_TABLES, arena, ret_backend, ret_why);
}

static void refused(const char *host, const char *ca_file, const char *word) {
    struct backend *backend = NULL;
    struct str why = STR_NONE;
    assert_int_equal(try_open(host, ca_file, &backend, &why), GB_UNAVAILABLE);
    if (str_find_str(why, str_of(word)) == why.n) {
        fail_msg("no \"%s\" in: " STR_FMT, word, STR_ARG(why));
    }
}

/* Rows small and large there and back, and again after the server was away. */
static void works(const char *ca_file) {
    struct backend *backend = NULL;
    struct str why = STR_NONE, value;
    if (try_open("127.0.0.1", ca_file, &backend, &why) != GB_OK) {
        fail_msg(STR_FMT, STR_ARG(why));
    }
    struct bench bench = {.arena = arena, .backend = backend};
    void *state = &bench;
    view_reads_what_it_wrote(&state);
    empty_value_is_a_value(&state);
    scan_is_ordered_and_merges_own_writes(&state);
    large_value_comes_back(&state);
    redis_server_kill(&server);
    redis_server_again(&server);
    assert_int_equal(tx_get(tx_begin(backend, arena, NOW), 0, STR("large"), &value), GB_OK);
    assert_int_equal(value.n, STORE_VALUE_MAX);
    backend->ops->close(backend);
}

static void server_with_our_certificate_works_by_tls_1_3(void **state) {
    (void)state;
    serve("good.key", "good.crt", "TLSv1.3");
    works("ca.pem");
}

static void server_with_our_certificate_works_by_tls_1_2(void **state) {
    (void)state;
    serve("good.key", "good.crt", "TLSv1.2");
    works("ca.pem");
}

static void without_a_file_the_built_in_authorities_are_asked(void **state) {
    (void)state;
    serve("good.key", "good.crt", "TLSv1.2 TLSv1.3");
    bundle = content("ca.pem");
    works(NULL);
    bundle = content("other_ca.pem");
    refused("127.0.0.1", NULL, "authority");
    bundle = STR_NONE;
    refused("127.0.0.1", NULL, "no certificate authority");
}

static void server_by_another_authority_is_refused(void **state) {
    (void)state;
    serve("good.key", "good.crt", "TLSv1.2 TLSv1.3");
    refused("127.0.0.1", "other_ca.pem", "no authority we trust");
    refused("127.0.0.1", "not there.pem", "not there.pem");
}

static void server_with_the_certificate_of_another_host_is_refused(void **state) {
    (void)state;
    serve("wrong.key", "wrong.crt", "TLSv1.2 TLSv1.3");
    refused("127.0.0.1", "ca.pem", "another host");
    refused("localhost", "ca.pem", "another host");
}

static void server_with_an_expired_certificate_is_refused(void **state) {
    (void)state;
    serve("expired.key", "expired.crt", "TLSv1.2 TLSv1.3");
    refused("127.0.0.1", "ca.pem", "expired");
}

static void server_that_speaks_no_tls_is_refused(void **state) {
    (void)state;
    server = (struct redis_server){0};
    redis_server_start(&server);
    refused("127.0.0.1", "ca.pem", "TLS");
}

#define T(name) cmocka_unit_test_teardown(name, end_server)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(server_with_our_certificate_works_by_tls_1_3),
        T(server_with_our_certificate_works_by_tls_1_2),
        T(without_a_file_the_built_in_authorities_are_asked),
        T(server_by_another_authority_is_refused),
        T(server_with_the_certificate_of_another_host_is_refused),
        T(server_with_an_expired_certificate_is_refused),
        T(server_that_speaks_no_tls_is_refused),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}

/* redis_tls.c: TLS 1.2 and 1.3 to the server, over the link's own reads and writes.
 *
 * The certificate is verified, and that it is for the host we were told to reach; there is no
 * switch that turns this off. The authorities are parsed once and serve every connection.
 */
#define GB_DOOR "mbedTLS' own memory"
#include "store/redis_wire.h"

#include "base/embed.h"

#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>

struct redis_tls {
    mbedtls_x509_crt authorities;
    mbedtls_ssl_config config;
    mbedtls_ssl_context session;
    const struct redis_stream *below;
};

static bool authorities_read(struct redis_tls *tls, const char *ca_file) {
    int rc;
    if (ca_file != NULL) {
        rc = mbedtls_x509_crt_parse_file(&tls->authorities, ca_file);
    } else {
        struct str pem = embed_file(STR("ca.pem"));
        rc = pem.n > 0 ? mbedtls_x509_crt_parse(&tls->authorities, (const unsigned char *)pem.p,
                                                pem.n + 1)
                       : -1;
    }
    /* A positive result counts certificates that mbedTLS does not understand; the others do. */
    return rc >= 0 && tls->authorities.raw.p != NULL;
}

struct redis_tls *redis_tls_new(const char *ca_file) {
    struct redis_tls *tls = calloc(1, sizeof *tls);
    gb_assert(tls != NULL);
    mbedtls_x509_crt_init(&tls->authorities);
    mbedtls_ssl_config_init(&tls->config);
    mbedtls_ssl_init(&tls->session);
    bool ready =
        psa_crypto_init() == PSA_SUCCESS &&
        mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) == 0;
    gb_assert(ready);
    if (!authorities_read(tls, ca_file)) {
        redis_tls_free(tls);
        return NULL;
    }
    mbedtls_ssl_conf_rng(&tls->config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&tls->config, &tls->authorities, NULL);
    return tls;
}

void redis_tls_free(struct redis_tls *tls) {
    if (tls != NULL) {
        mbedtls_ssl_free(&tls->session);
        mbedtls_ssl_config_free(&tls->config);
        mbedtls_x509_crt_free(&tls->authorities);
        free(tls);
    }
}

/* ---- bytes, in mbedTLS' way and ours ---- */

static int below_write(void *ctx, const unsigned char *from, size_t bytes) {
    struct redis_tls *tls = ctx;
    ssize_t n = tls->below->write(tls->below->ctx, (const char *)from, bytes);
    return n > 0                    ? (int)n
           : n == REDIS_STREAM_LATE ? MBEDTLS_ERR_SSL_TIMEOUT
                                    : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int below_read(void *ctx, unsigned char *to, size_t room) {
    struct redis_tls *tls = ctx;
    ssize_t n = tls->below->read(tls->below->ctx, (char *)to, room);
    return n >= 0                   ? (int)n
           : n == REDIS_STREAM_LATE ? MBEDTLS_ERR_SSL_TIMEOUT
                                    : MBEDTLS_ERR_SSL_CONN_EOF;
}

/* Nothing failed, and there is nothing to hand out yet: a new session ticket, say. */
static bool goes_on(int rc) {
    return rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE ||
           rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

static ssize_t ours(int rc) {
    if (rc >= 0) {
        return rc;
    }
    if (rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || rc == MBEDTLS_ERR_SSL_CONN_EOF) {
        return 0;
    }
    return rc == MBEDTLS_ERR_SSL_TIMEOUT ? REDIS_STREAM_LATE : REDIS_STREAM_BROKEN;
}

ssize_t redis_tls_read(struct redis_tls *tls, char *to, size_t room) {
    int rc;
    do {
        rc = mbedtls_ssl_read(&tls->session, (unsigned char *)to, room);
    } while (goes_on(rc));
    return ours(rc);
}

ssize_t redis_tls_write(struct redis_tls *tls, const char *from, size_t bytes) {
    int rc;
    do {
        rc = mbedtls_ssl_write(&tls->session, (const unsigned char *)from, bytes);
    } while (goes_on(rc));
    return ours(rc);
}

/* ---- handshake ---- */

static const char *doubt(uint32_t flags) {
    if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
        return "its certificate is for another host";
    }
    if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
        return "its certificate has expired";
    }
    if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        return "its certificate is not valid yet";
    }
    return "its certificate is by no authority we trust";
}

enum gb_err redis_tls_start(struct redis_tls *tls, const char *host,
                            const struct redis_stream *below, const char **reterr_why) {
    mbedtls_ssl_free(&tls->session);
    mbedtls_ssl_init(&tls->session);
    tls->below = below;
    int rc = mbedtls_ssl_setup(&tls->session, &tls->config);
    if (rc == 0) {
        rc = mbedtls_ssl_set_hostname(&tls->session, host);
    }
    if (rc != 0) {
        *reterr_why = "this host name cannot be asked for";
        return GB_REFUSED;
    }
    mbedtls_ssl_set_bio(&tls->session, tls, below_write, below_read, NULL);
    do {
        rc = mbedtls_ssl_handshake(&tls->session);
    } while (goes_on(rc));
    if (rc == 0) {
        return GB_OK;
    }
    uint32_t flags = mbedtls_ssl_get_verify_result(&tls->session);
    if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        *reterr_why = doubt(flags);
        return GB_REFUSED;
    }
    *reterr_why = rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE
                      ? "it refused the handshake (does it want a client certificate?)"
                      : "no handshake (does it speak TLS on this port?)";
    return GB_UNAVAILABLE;
}

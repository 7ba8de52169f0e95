/* Seed for mbedTLS from getrandom(2).
 *
 * mbedTLS 3.6 calls getrandom only when built for glibc; on musl it opens /dev/urandom, which an
 * empty chroot does not have, and then curl_global_init fails. This replaces its platform source
 * (MBEDTLS_NO_PLATFORM_ENTROPY, MBEDTLS_ENTROPY_HARDWARE_ALT in config/mbedtls_user.h).
 */
#include <errno.h>
#include <stddef.h>
#include <sys/random.h>

#include <mbedtls/entropy.h>

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen) {
    (void)data;
    for (size_t done = 0; done < len;) {
        ssize_t got = getrandom(output + done, len - done, 0);
        if (got > 0) {
            done += (size_t)got;
        } else if (errno != EINTR) {
            return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
        }
    }
    *olen = len;
    return 0;
}

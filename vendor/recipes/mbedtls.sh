# uses: config/mbedtls_user.h shims/hw_entropy.c
# TLS for curl, hashes for base/crypto.c. Our settings become part of its own configuration header:
# struct layouts depend on them, so that every user must see the same ones.
cat "$here/config/mbedtls_user.h" >>include/mbedtls/mbedtls_config.h
make -C library GEN_FILES= CC="$cc" CFLAGS="$cflags" AR=ar static
# The entropy source lives inside libmbedcrypto, so that curl's configure can link its programs.
$cc $cflags -Iinclude -c "$here/shims/hw_entropy.c" -o hw_entropy.o
ar r library/libmbedcrypto.a hw_entropy.o
cp library/libmbedtls.a library/libmbedx509.a library/libmbedcrypto.a "$out/lib/"
cp -R include/mbedtls include/psa "$out/include/"

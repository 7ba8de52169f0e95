# uses: zlib mbedtls
# HTTP out: https and http only, proxies http and socks5, no CA bundle of the system (ours is in
# the program). -D belongs into CPPFLAGS: configure complains about it in CFLAGS.
off=
for part in brotli zstd libpsl libidn2 libssh2 libssh libgsasl nghttp2 nghttp3 ngtcp2 quiche \
    ca-bundle ca-path ca-fallback; do
    off="$off --without-$part"
done
for part in ftp file ipfs ldap ldaps rtsp dict telnet tftp pop3 imap smb smtp gopher mqtt websockets \
    manual docs ntlm kerberos-auth negotiate-auth aws digest-auth alt-svc hsts netrc tls-srp doh \
    progress-meter form-api ares libcurl-option; do
    off="$off --disable-$part"
done
host=
[ "$flavour" != musl ] || host=--host=$($host_cc -dumpmachine)
CC=$cc CFLAGS=$cflags LDFLAGS="$ldflags -L$out/lib" CPPFLAGS="-I$out/include" \
    ./configure --prefix="$out" --disable-shared --enable-static --disable-dependency-tracking \
    --with-mbedtls="$out" --with-zlib="$out" --enable-threaded-resolver $off
make -C lib
mkdir -p "$out/include/curl"
cp lib/.libs/libcurl.a "$out/lib/"
cp include/curl/*.h "$out/include/curl/"

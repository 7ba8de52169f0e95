# HTTP in, on our own epoll loop: no TLS (that is the owner's proxy's), no authentication schemes.
# Its configure refuses to go on without a pkg-config, and then asks it nothing: `true` will do.
host=
[ "$flavour" != musl ] || host=--host=$($host_cc -dumpmachine)
CC=$cc CFLAGS=$cflags LDFLAGS=$ldflags PKG_CONFIG=true \
    ./configure --prefix="$out" --disable-shared --enable-static \
    --disable-dependency-tracking --disable-https --disable-doc --disable-examples --disable-curl \
    --disable-tools --disable-dauth --disable-bauth --disable-httpupgrade --enable-epoll \
    --with-threads=posix
make -C src/microhttpd libmicrohttpd.la
cp src/microhttpd/.libs/libmicrohttpd.a "$out/lib/"
cp src/include/microhttpd.h "$out/include/"

# gzip'ed replies for curl; deflate and CRC for the PNG writer.
CC=$cc CFLAGS=$cflags LDFLAGS=$ldflags ./configure --static --prefix="$out"
make libz.a
cp libz.a "$out/lib/"
cp zlib.h zconf.h "$out/include/"

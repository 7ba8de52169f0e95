# uses: config/ini_config.h
# The config file. Its settings change the handler's type, so they are part of the header.
cat "$here/config/ini_config.h" ini.h >ini.h.new
mv ini.h.new ini.h
$cc -std=gnu11 $cflags -c ini.c
rm -f "$out/lib/libinih.a"
ar rcs "$out/lib/libinih.a" ini.o
cp ini.h "$out/include/"

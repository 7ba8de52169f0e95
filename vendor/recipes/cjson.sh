# JSON trees. Its own nesting limit of 1000 is more stack than foreign text deserves.
$cc -std=gnu11 $cflags -DCJSON_NESTING_LIMIT=64 -c cJSON.c
rm -f "$out/lib/libcjson.a"
ar rcs "$out/lib/libcjson.a" cJSON.o
cp cJSON.h "$out/include/"

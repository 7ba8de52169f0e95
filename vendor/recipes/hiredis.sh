# RESP for the store on Redis. Without its asynchronous half, whose only ties to the rest are two
# members of a table, and without its TLS (OpenSSL's; store/redis_tls.c has ours). Its assertions
# are about what comes off the wire, too: the parser has an error beside each, so they stay off.
sed -i '/\.async_\(read\|write\) = /d' hiredis.c
for f in alloc hiredis net read sds; do $cc -std=gnu99 $cflags -DNDEBUG -c $f.c; done
rm -f "$out/lib/libhiredis.a"
ar rcs "$out/lib/libhiredis.a" alloc.o hiredis.o net.o read.o sds.o
mkdir -p "$out/include/hiredis"
cp hiredis.h read.h sds.h alloc.h "$out/include/hiredis/"

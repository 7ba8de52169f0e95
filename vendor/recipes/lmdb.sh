# The embedded store.
cd libraries/liblmdb
for f in mdb midl; do $cc -std=gnu99 $cflags -DNDEBUG -pthread -c $f.c; done
rm -f "$out/lib/liblmdb.a"
ar rcs "$out/lib/liblmdb.a" mdb.o midl.o
cp lmdb.h "$out/include/"

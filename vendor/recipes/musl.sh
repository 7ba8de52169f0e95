# The C library of the shipped binary, and out/musl/bin/cc, the compiler that uses it.
CC=$host_cc CFLAGS=$cflags \
    ./configure --prefix="$out" --syslibdir="$out/lib" --disable-shared --enable-wrapper=gcc
make
make install

# musl's gcc specs do not know -static-pie: start file rcrt1.o, and no dynamic loader.
specs=$out/lib/musl-gcc.specs
sed -i -e "s#%{!shared: *\($out/lib/\)Scrt1.o}#%{static-pie:\1rcrt1.o; !shared:\1Scrt1.o}#" \
    -e 's#%{static:-static}#%{static:-static} %{static-pie:-static -pie --no-dynamic-linker -z text}#' \
    "$specs"
grep -q rcrt1.o "$specs"
grep -q no-dynamic-linker "$specs"

# The kernel's own headers (epoll uses none, but linux/ and asm/ are included here and there): the
# specs say -nostdinc, so they come last, through a folder that shows nothing else of /usr/include.
mkdir -p "$out/kernel" "$out/bin"
ln -sfn /usr/include/linux "$out/kernel/linux"
ln -sfn /usr/include/asm-generic "$out/kernel/asm-generic"
arch_asm=/usr/include/$($host_cc -print-multiarch)/asm
[ -d "$arch_asm" ] || arch_asm=/usr/include/asm
ln -sfn "$arch_asm" "$out/kernel/asm"

cat >"$out/bin/cc" <<CC
#!/bin/sh
exec $host_cc -specs "$specs" -idirafter "$out/kernel" "\$@"
CC
chmod +x "$out/bin/cc"

# QR symbols. Nine files, no configure needed.
v=$(echo "$version" | tr . ' ')
set -- $v
for f in qrencode qrinput bitstream qrspec rsecc split mask mqrspec mmask; do
    $cc -std=gnu11 $cflags -DSTATIC_IN_RELEASE=static -DMAJOR_VERSION="$1" -DMINOR_VERSION="$2" \
        -DMICRO_VERSION="$3" -DVERSION="\"$version\"" -DHAVE_STRDUP=1 -c $f.c
done
rm -f "$out/lib/libqrencode.a"
ar rcs "$out/lib/libqrencode.a" qrencode.o qrinput.o bitstream.o qrspec.o rsecc.o split.o mask.o \
    mqrspec.o mmask.o
cp qrencode.h "$out/include/"

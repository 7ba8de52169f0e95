#!/bin/sh
# build_lib.sh FLAVOUR NAME: build one library from its cached archive into vendor/out/FLAVOUR.
#
# Flavours: `musl`, what is shipped (static-pie); `asan`, what is tested (glibc, AddressSanitizer and
# UBSan in the libraries too); `data`, what no compiler sees. recipes/NAME.sh does the work, run by
# `sh -ex` in the unpacked source directory with the variables exported below. A stamp holds a digest of
# all that the result depends on; while that stays the same, nothing is done.
set -eu
flavour=$1 name=$2
here=$(cd "$(dirname "$0")" && pwd)
cache=${GB_CACHE:-$here/cache}
out=$here/out/$flavour
work=$out/src/$name
log=$out/log/$name.log
stamp=$out/stamp/$name
host_cc=gcc
mkdir -p "$out/include" "$out/lib" "$out/log" "$out/stamp" "$out/src"

# Which of the accepted archives is here? The first line of the lock that is, as in fetch.sh.
archive= version=
while IFS='|' read -r lock_name lock_version sha url path; do
    [ "$lock_name" = "$name" ] || continue
    for file in "$cache/$name-$lock_version".*; do
        if [ -f "$file" ] && [ "$(sha256sum "$file" | cut -d' ' -f1)" = "$sha" ]; then
            archive=$file version=$lock_version
            break 2
        fi
    done
done <"$here/sources.lock"
[ -n "$archive" ] || { echo "error: no archive of $name in $cache; run ./build.sh deps" >&2; exit 1; }

# The same bytes wherever the tree lies: no path of this machine, not even in the debug information.
common="-g -ffunction-sections -fdata-sections -ffile-prefix-map=$here=/vendor
    -ffile-prefix-map=$work=/vendor/$name"
common=$(echo $common)
sanitize=-fsanitize=address,undefined
case $flavour in
musl)
    cc=$out/bin/cc
    cflags="-O2 $common -fPIE -fstack-protector-strong -fstack-clash-protection"
    # Without -static-pie the programs a configure script runs would want musl's dynamic loader.
    ldflags=-static-pie
    ;;
asan)
    cc=$host_cc
    cflags="-O1 $common -fPIC -fno-omit-frame-pointer $sanitize -fno-sanitize-recover=undefined"
    ldflags=$sanitize
    export ASAN_OPTIONS=detect_leaks=0 # configure scripts run programs that leak
    ;;
data) cc=false cflags= ldflags= ;;
*)
    echo "error: flavour $flavour is none of musl, asan, data" >&2
    exit 2
    ;;
esac

digest() {
    {
        echo "$sha $cflags $ldflags $out"
        $host_cc --version | sed -n 1p
        cat "$here/recipes/$name.sh"
        # What a recipe adds of ours, and the libraries it compiles against.
        for f in $(sed -n 's/^# uses: //p' "$here/recipes/$name.sh"); do
            if [ -f "$here/$f" ]; then cat "$here/$f"; else cat "$out/stamp/$f"; fi
        done
        [ "$flavour" != musl ] || [ "$name" = musl ] || cat "$out/stamp/musl"
    } | sha256sum | cut -d' ' -f1
}
key=$(digest)
[ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || exit 0

rm -rf "$work" "$stamp"
mkdir -p "$work"
case $archive in
*.deb) ar p "$archive" data.tar.xz | tar -xJ -C "$work" ;;
*.pem) cp "$archive" "$work/" ;;
*) tar -xf "$archive" -C "$work" --strip-components=1 --no-same-owner ;;
esac

start=$(date +%s)
# A process of its own: `set -e` sleeps in the condition of an `if`.
export flavour version here out host_cc cc cflags ldflags
if (cd "$work" && exec sh -ex "$here/recipes/$name.sh") >"$log" 2>&1 </dev/null; then
    echo "$key" >"$stamp"
    rm -rf "$work"
    echo "built $name $version ($flavour, $(($(date +%s) - start)) s)"
else
    tail -n 25 "$log" >&2
    echo "error: $name did not build; the whole log is $log" >&2
    exit 1
fi

#!/bin/sh
# The binary, a config and a data directory in an otherwise empty root, as nobody: the shop runs and
# answers a visitor, names are resolved, and TLS is verified (a good certificate is taken; one of an
# unknown authority and one for another name are not).
#
# Happens in a network of its own, loopback only. Needs `make`, root, unshare, ip, openssl, python3
# and curl.
set -eu
cd "$(dirname "$0")/../.."
nobody=65534

if [ "${1:-}" != alone ]; then
    [ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 77; }
    for tool in unshare ip openssl python3 curl; do
        command -v $tool >/dev/null || { echo "skipped: needs $tool"; exit 77; }
    done
    exec unshare --net "$0" alone
fi
ip link set lo up

root=$(mktemp -d)
children=
clean_up() {
    for child in $children; do kill "$child" 2>/dev/null || :; done
    wait
    rm -rf "$root" "$root.keys"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
passed=0 failed=0

check() { # what holds, then the command that says so
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok   $what"
    else
        failed=$((failed + 1))
        echo "FAIL $what"
    fi
}
within() { # a command in the empty root, as nobody, without our environment
    env -i "$(command -v chroot)" --userspec=$nobody:$nobody "$root" "$@"
}
wait_for() { # file, text: until a child has written it, 10 s at most
    for _ in $(seq 100); do
        ! grep -q "$2" "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    cat "$1"
    return 1
}

# An authority of ours, and a certificate of its for api.gb.test.
keys=$root.keys
mkdir "$keys"
make_certificate() { # name, extra options
    name=$1
    shift
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -keyout "$keys/$name.key" -out "$keys/$name.pem" -subj "/CN=$name" "$@" 2>/dev/null
}
make_certificate authority -addext keyUsage=keyCertSign
make_certificate api.gb.test -CA "$keys/authority.pem" -CAkey "$keys/authority.key" \
    -addext subjectAltName=DNS:api.gb.test -addext basicConstraints=CA:FALSE

python3 tests/bare/outside.py "$keys/api.gb.test.pem" "$keys/api.gb.test.key" >"$keys/log" 2>&1 &
children="$children $!"
wait_for "$keys/log" ready

# What the owner would put there, and the probe.
mkdir -p "$root/shop" "$root/etc"
cp build/gigabridge "$root/"
echo "nameserver 127.0.0.1" >"$root/etc/resolv.conf"
cp "$keys/authority.pem" "$root/authority.pem"
vendor/out/musl/bin/cc -std=c11 -D_GNU_SOURCE -Isrc tests/bare/tls_probe.c -Wl,--start-group \
    build/musl/io.a build/musl/base.a vendor/out/musl/lib/lib*.a -Wl,--end-group \
    -static-pie -Wl,-z,stack-size=1048576 -o "$root/probe"
chmod 755 "$root"

refused() { # URL, CA file or nothing: the request must not go
    said=$(within /probe "$@") && return 1
    echo "     $said"
}
fetched() { [ "$(within /probe "$@")" = 200 ]; }

check "the program says its version" within /gigabridge version
check "a name is resolved and a good certificate taken" fetched https://api.gb.test/ /authority.pem
check "a certificate of an unknown authority is refused" refused https://api.gb.test/
check "a certificate for another name is refused" refused https://other.gb.test/ /authority.pem
check "a name that is not there is refused" refused https://api.gb.nowhere/ /authority.pem

# The world stays outside; the shop it would start runs inside. The config names its files by their
# outside paths, which a link makes true inside.
mkdir -p "$root$(dirname "$root")"
ln -s / "$root$root"
build/gigabridge sandbox --world-only --headless --port 0 --dir "$root/shop" >"$keys/world" 2>&1 &
children="$children $!"
wait_for "$keys/world" control
control=$(sed -n 's/.*"control": *"\([^"]*\)".*/\1/p' "$keys/world")
chown -R $nobody:$nobody "$root/shop"
within /gigabridge run --config "$root/shop/config.ini" >"$keys/shop" 2>&1 &
children="$children $!"

sees_something() {
    seen=$(curl -sS --max-time 20 -d /start "$control/anna") && [ -n "$seen" ] && echo "$seen"
}
check "the shop answers a visitor" sees_something || cat "$keys/shop"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

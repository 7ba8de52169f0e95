#!/bin/sh
# build.sh: from a fresh Debian or Ubuntu to build/gigabridge.
#
#   ./build.sh                     what is missing, then the program
#   ./build.sh deps [musl|asan]    only the libraries: the shipped ones, or those of the tests
#   ./build.sh test [STEP...]      what is missing, then the whole test suite (tests/run)
#   ./build.sh sandbox [ARG...]    what is missing, then the sandbox: a shop to try, no token needed
#   ./build.sh clean               remove build/ and vendor/out/ (vendor/cache/ stays)
#
# Missing packages are installed by root, or by sudo where it asks for no password; anyone else is
# told the command. Sources are pinned in vendor/sources.lock. A second run does what is left to do.
# Environment: DEBIAN_MIRROR, GB_OFFLINE, GB_CACHE (see vendor/fetch.sh).
set -eu
cd "$(dirname "$0")"

say() { echo "==> $*"; }
die() {
    echo "error: $*" >&2
    exit 1
}

usage() { sed -n 's/^#  \( .*\)$/\1/p' "$0"; }

# ---- packages: how we notice that one is missing, and its name in Debian

has() { command -v "$1" >/dev/null 2>&1; }
has_header() { echo "#include <$1>" | gcc -E - >/dev/null 2>&1; }
has_pytest() { python3 -c 'import pytest' 2>/dev/null; }
has_fuzzer() {
    echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
        clang -fsanitize=fuzzer,address -xc - -o /dev/null 2>/dev/null
}
need() { # package, then the command that succeeds when it is there
    package=$1
    shift
    "$@" || missing="$missing $package"
}

find_missing_to_build() {
    need gcc has gcc
    need make has make
    need bzip2 has bzip2
    need xz-utils has xz
    need linux-libc-dev has_header linux/version.h
}

find_missing_to_test() {
    need libc6-dev has_header stdio.h
    need libcmocka-dev test -e /usr/include/cmocka.h
    need clang has clang
    need clang-format has clang-format
    need clang-tidy has clang-tidy
    need cppcheck has cppcheck
    need curl has curl
    need python3 has python3
    need python3-pytest has_pytest
    need zbar-tools has zbarimg
    need openssl has openssl
    need redis-server has redis-server
    need redis-tools has redis-benchmark # redis-cli, too
    # The package's name carries clang's version, so clang comes first.
    if has clang; then
        need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" has_fuzzer
    fi
}

install() { # packages; as root, as sudo, or by asking the reader
    has apt-get || die "these are missing: $* (as Debian names them); please install them"
    command="apt-get install -y --no-install-recommends $*"
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif has sudo && sudo -n true 2>/dev/null; then
        as_root="sudo DEBIAN_FRONTEND=noninteractive"
    else
        die "these packages are missing: $*
As root, run this, then build.sh again:

    apt-get update && $command
"
    fi
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be stale, or not there at all: look again before giving up.
    $as_root $command >/dev/null 2>&1 || {
        $as_root apt-get update -qq
        $as_root $command >/dev/null
    } || die "apt-get could not install $*"
}

packages() { # build|test
    for round in 1 2 3; do
        missing=
        find_missing_to_build
        [ "$1" = build ] || find_missing_to_test
        [ -n "$missing" ] || return 0
        install $missing
    done
    die "still missing after installing them:$missing"
}

# ---- libraries and program

deps() { # flavour
    vendor/fetch.sh
    mkdir -p vendor/out
    # Two at a time would write the same files: the second waits, then finds all done.
    flock vendor/out/.lock make -s -C vendor -j"$(nproc)" FLAVOUR="$1"
}

build() {
    packages build
    deps musl
    make
}

case ${1:-build} in
build) build ;;
deps)
    flavour=${2:-musl}
    case $flavour in
    musl) packages build ;;
    asan) packages test ;;
    *) die "libraries are built as musl or asan, not $flavour" ;;
    esac
    deps "$flavour"
    ;;
test)
    packages test
    deps musl
    deps asan
    shift
    tests/run "$@"
    ;;
sandbox)
    build
    shift
    exec build/gigabridge sandbox "$@"
    ;;
clean) rm -rf build vendor/out ;;
help | -h | --help) usage ;;
*)
    usage >&2
    die "unknown command: $1"
    ;;
esac

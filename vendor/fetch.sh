#!/bin/sh
# fetch.sh: bring the archives of sources.lock into vendor/cache.
#
# For each name: an accepted archive that is already in the cache; else, line by line, the upstream
# address, then the pool of the Debian mirror this machine uses. Whatever the way, the sha256 of the
# lock decides. Runs as any user and changes nothing outside vendor/cache.
#
#   GB_CACHE       another cache directory
#   DEBIAN_MIRROR  a mirror's base address, for machines whose own sources name none (Ubuntu)
#   GB_OFFLINE=1   the cache only
set -eu
cd "$(dirname "$0")"
cache=${GB_CACHE:-cache}
lock=sources.lock
helper=/usr/lib/apt/apt-helper
pool_first=     # set once an upstream host was out of reach: the next name asks the pool first
reason=

lines_of() { sed -n "/^$1|/p" "$lock"; }

is_good() { # file sha256
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}

# The base address of a Debian mirror as apt knows it; empty on other systems. Prints addresses
# only: no index is loaded and nothing is changed, so it works before the first apt-get update.
debian_mirror() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        echo "${DEBIAN_MIRROR%/}"
    elif command -v apt-get >/dev/null; then
        apt-get update --print-uris 2>/dev/null |
            sed -nE "s#^'(.*/debian)/*/dists/[^/]+/InRelease'.*#\1#p" | sed -n 1p
    fi
}

by_apt() { # url file sha256: apt's own proxy, timeouts and credentials
    "$helper" -qq -o Acquire::Retries=1 -o APT::Sandbox::User= \
        download-file "$1" "$2" "SHA256:$3" >/dev/null 2>&1
}

# One file from its upstream. Which tool answers depends on what the machine has.
from_upstream() { # url file sha256
    [ "$1" != - ] || return 1
    if command -v curl >/dev/null; then
        curl -fsSL --connect-timeout 10 --max-time 600 -o "$2" "$1" 2>/dev/null && return 0
        case $? in 5 | 6 | 7 | 28 | 35 | 56 | 60) pool_first=1 ;; esac
        return 1
    elif command -v wget >/dev/null; then
        wget -q --tries=1 --timeout=20 -O "$2" "$1" && return 0
        [ $? -ne 4 ] || pool_first=1
        return 1
    elif [ -x "$helper" ]; then
        by_apt "$1" "$2" "$3" && return 0
        pool_first=1
    fi
    return 1
}

from_pool() { # path file sha256
    [ "$1" != - ] && [ -n "$mirror" ] && [ -x "$helper" ] && by_apt "$mirror/$1" "$2" "$3"
}

try() { # way address file sha256
    rm -f "$3.part" "$3.part.FAILED"
    "from_$1" "$2" "$3.part" "$4" || { rm -f "$3.part"*; return 1; }
    if is_good "$3.part" "$4"; then
        mv "$3.part" "$3"
        return 0
    fi
    reason="$reason
  $2: the sha256 is not the one in vendor/sources.lock"
    rm -f "$3.part"
    return 1
}

fetch_line() { # url path file sha256
    if [ -n "$pool_first" ]; then
        try pool "$2" "$3" "$4" || try upstream "$1" "$3" "$4"
    else
        try upstream "$1" "$3" "$4" || try pool "$2" "$3" "$4"
    fi
}

file_name() { # url path -> curl-8.21.0.tar.gz
    case $1$2 in
    *.deb) echo "$name-$version.deb" ;;
    *.pem*) echo "$name-$version.pem" ;;
    *.tar.bz2*) echo "$name-$version.tar.bz2" ;;
    *) echo "$name-$version.tar.gz" ;;
    esac
}

in_cache() {
    while IFS='|' read -r name version sha url path; do
        file=$cache/$(file_name "$url" "$path")
        ! is_good "$file" "$sha" || return 0
    done
    return 1
}

from_net() {
    while IFS='|' read -r name version sha url path; do
        file=$cache/$(file_name "$url" "$path")
        if fetch_line "$url" "$path" "$file" "$sha"; then
            echo "fetched $name $version"
            return 0
        fi
    done
    return 1
}

mkdir -p "$cache"
all=$(sed -nE 's/^([a-z][^|]*)\|.*/\1/p' "$lock" | sort -u)
missing=
mirror_known=
for want in ${*:-$all}; do
    lines=$(lines_of "$want")
    if in_cache <<L
$lines
L
    then :
    elif [ -z "${GB_OFFLINE:-}" ]; then
        [ -n "$mirror_known" ] || { mirror=$(debian_mirror); mirror_known=1; }
        from_net <<L || missing="$missing $want"
$lines
L
    else
        missing="$missing $want"
    fi
done

if [ -n "$missing" ]; then
    cat >&2 <<M
error: these sources could not be fetched:$missing$reason
Neither vendor/cache, the upstream address nor a Debian mirror gave them.
  - on Ubuntu, name a Debian mirror:  DEBIAN_MIRROR=http://<mirror>/debian ./build.sh
  - without network, copy vendor/cache from a machine that has built once
M
    exit 1
fi

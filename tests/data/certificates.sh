#!/bin/sh
# certificates.sh DIR: what the TLS tests serve, made anew in DIR, valid for a day:
#   ca.pem                 an authority; other_ca.pem one that signed nothing
#   good.pem wrong.pem     key and certificate by it: for 127.0.0.1, for other.test
#   expired.pem            for 127.0.0.1, of yesterday
#   alone.pem              for alone.test, by nobody but itself
#   good.pin alone.pin     base64 of the SHA-256 of their public keys
set -eu
cd "$1"
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
authority() {
    key "$1"
    openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 1 -out "$1.pem"
}
signed() { # name, subject alternative name, days
    key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -extfile "$1.ext" \
        -days "$3" -out "$1.crt" 2>/dev/null
    cat "$1.key" "$1.crt" >"$1.pem"
}
pin() {
    openssl x509 -in "$1.pem" -noout -pubkey | openssl pkey -pubin -outform der |
        openssl dgst -sha256 -binary | openssl base64 -A >"$1.pin"
}
authority ca
authority other_ca
signed good IP:127.0.0.1 1
signed wrong DNS:other.test,IP:127.0.0.9 1
signed expired IP:127.0.0.1 -1
authority alone
cat alone.key >>alone.pem
pin good
pin alone

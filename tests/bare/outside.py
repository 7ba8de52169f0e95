#!/usr/bin/env python3
"""The outside for chroot.sh, on loopback: names below gb.test, and one HTTPS server.

    outside.py CERTIFICATE KEY      DNS on 127.0.0.1:53, HTTPS on 127.0.0.1:443; prints "ready"
"""
import http.server
import socket
import ssl
import sys
import threading


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


def name_of(query):
    """The question's labels, and where the question ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]])
        at += 1 + query[at]
    return labels, at + 5


def reply_to(query):
    """127.0.0.1 for an A question below gb.test, no data for other types, else no such name."""
    labels, end = name_of(query)
    known = labels[-2:] == [b"gb", b"test"]
    is_a = query[end - 4:end - 2] == b"\0\1"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if known and is_a else b""
    flags = b"\x81\x80" if known else b"\x81\x83"
    return query[:2] + flags + b"\0\1" + (b"\0\1" if answer else b"\0\0") + b"\0\0\0\0" + query[12:end] + answer


def names(server):
    while True:
        query, asker = server.recvfrom(512)
        server.sendto(reply_to(query), asker)


def main(certificate, key):
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dns.bind(("127.0.0.1", 53))
    threading.Thread(target=names, args=(dns,), daemon=True).start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Servers that answer what no model of the sandbox would: bytes as they are planned."""
import http.client
import http.server
import json
import socketserver
import threading
import urllib.parse


def reply(body, status=200, kind="application/json", length=None, more=""):
    """An HTTP reply as bytes; `length` may lie."""
    body = body if isinstance(body, bytes) else body.encode()
    head = (f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body) if length is None else length}\r\n{more}\r\n")
    return head.encode() + body


def ok(result):
    return reply(json.dumps({"ok": True, "result": result}, separators=(",", ":")))


class Server:
    """One HTTP server on loopback; `answer` gives the bytes of a reply, None: none until the end."""

    def __init__(self):
        self.calls, self.over = [], threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.calls.append((self.command, self.path, body))
                raw = outer.answer(self.command, self.path, body, dict(self.headers))
                if raw is None:
                    outer.over.wait()
                    self.close_connection = True
                    return
                self.wfile.write(raw)
                self.close_connection = outer.is_last(raw)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

            def log_message(self, *_):
                pass

        class Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads, request_queue_size = True, 64

            def handle_error(self, *_):
                pass  # a caller that went away

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        self.thread = threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def is_last(self, raw):
        """Only what its own length ends leaves the connection usable."""
        head, _, body = raw.partition(b"\r\n\r\n")
        return f"Content-Length: {len(body)}\r\n".encode() not in head + b"\r\n"

    def close(self):
        self.over.set()
        self.listener.shutdown()
        self.listener.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Between(Server):
    """Stands before a model and passes everything on, but for the answers that are planned."""

    def __init__(self, target):
        self.target, self.planned = urllib.parse.urlsplit(target).netloc, []
        super().__init__()

    def answer(self, method, path, body, headers):
        if self.planned:
            return self.planned.pop(0)
        connection = http.client.HTTPConnection(self.target, timeout=60)
        headers = {k: v for k, v in headers.items() if k.lower() not in ("host", "connection", "expect")}
        connection.request(method, path, body, headers)
        got = connection.getresponse()
        raw = reply(got.read(), got.status, got.getheader("Content-Type", "application/json"))
        connection.close()
        return raw


class BotApi(Server):
    """A Bot API that hands out planned answers to getUpdates, then waits as the real one does."""

    def __init__(self, *answers):
        self.answers, self.offsets, self.sent = list(answers), [], []
        super().__init__()

    def answer(self, method, path, body, headers):
        call, fields = path.rsplit("/", 1)[1], json.loads(body or b"{}")
        if call != "getUpdates":
            self.sent.append((call, fields))
            return ok(True if call.startswith(("answer", "set", "delete"))
                      else {"message_id": len(self.sent), "date": 1,
                            "chat": {"id": fields.get("chat_id", 1), "type": "private"}})
        self.offsets.append(fields.get("offset", 0))
        if not self.answers:
            return None if fields.get("timeout") else ok([])
        # Bytes are given once; updates, as a list or as (last id, bytes), until they are confirmed.
        first = self.answers[0]
        if isinstance(first, bytes):
            return self.answers.pop(0)
        if isinstance(first, tuple) and self.offsets[-1] <= first[0]:
            return first[1]
        if isinstance(first, tuple):
            self.answers.pop(0)
            return self.answer(method, path, body, headers)
        if all(u["update_id"] < self.offsets[-1] for u in first):
            self.answers.pop(0)
            return self.answer(method, path, body, headers)
        return ok([u for u in first if u["update_id"] >= self.offsets[-1]][: fields.get("limit", 100)])

    def served(self, chat):
        return any(fields.get("chat_id") == chat for _, fields in self.sent)


def start_of(update_id, person, text="/start"):
    """The update of somebody who writes to the bot."""
    return {"update_id": update_id, "message": {
        "message_id": update_id % 1000 + 1, "date": 1, "text": text, "chat": {"id": person, "type": "private"},
        "from": {"id": person, "is_bot": False, "first_name": "x", "language_code": "en"}}}

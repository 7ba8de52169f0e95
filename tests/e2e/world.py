"""The sandbox as a test sees it: users who write and press, a world that can be broken.

Speaks the control interface of docs/sandbox.md over plain HTTP; nothing of the shop is imported.
"""
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = str(ROOT / os.environ.get("GB_BINARY", "build/gigabridge"))
PATIENCE_S = 20  # upper bound of every wait; nothing sleeps this long when all is well


class Refused(Exception):
    """The control interface answered with an error."""


class World:
    """One sandbox process, with or without its own shop."""

    def __init__(self, directory, *options):
        self.directory = pathlib.Path(directory)
        self.process = subprocess.Popen(
            [BINARY, "sandbox", "--headless", "--port", "0", "--dir", str(self.directory), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the sandbox did not start: " + self.process.stderr.read())
        self.address = json.loads(line)
        self.config = self.address["config"]

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, f"the sandbox ended with {self.process.returncode}: {errors[-3000:]}"

    def call(self, method, path, body=None, patience=PATIENCE_S + 10):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address["control"] + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=patience) as reply:
                raw = reply.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read()[:300]!r}") from None
        return json.loads(raw) if raw[:1] in (b"{", b"[") else raw

    def user(self, name, language="en"):
        return User(self, name, language)

    def fault(self, where, what, count=1, **more):
        self.call("POST", "/api/faults", {"where": where, "what": what, "count": count, **more})

    def all_well(self):
        self.call("DELETE", "/api/faults")
        self.panel("up")

    def panel(self, mode):
        self.call("POST", "/api/panel", {"mode": mode})

    def panel_users(self):
        return self.call("GET", "/api/panel/users")["users"]

    def advance(self, seconds):
        self.call("POST", "/api/clock", {"advance_ms": int(seconds * 1000)})

    def stats(self):
        return self.call("GET", "/api/stats")

    def log(self):
        path = self.directory / "bot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_until(self, true, why):
        """For what no revision announces; looks often, and gives up loudly."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            value = true()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"never happened: {why}\n{self.log()[-3000:]}")


class User:
    """Somebody with a phone."""

    def __init__(self, world, name, language):
        self.world, self.name, self.language = world, name, language

    def _path(self, what):
        return f"/api/user/{self.name}/{what}"

    def send(self, text):
        return self.world.call("POST", self._path("send"), {"text": text, "language": self.language,
                                                            "first_name": str(self.name)})

    def press(self, text=None, **which):
        if text is not None:
            which["text"] = text
        return self.world.call("POST", self._path("press"), which)

    def pay(self, **which):
        return self.world.call("POST", self._path("pay"), which)

    def chat(self, after=None, wait_ms=0):
        query = "" if after is None else f"?after={after}&wait_ms={wait_ms}"
        return self.world.call("GET", self._path("chat") + query)

    def photo(self, message_id):
        return self.world.call("GET", self._path(f"photo/{message_id}"))

    def messages(self, chat=None):
        chat = chat or self.chat()
        return [m for m in chat["messages"] if m["from"] == "bot" and not m["deleted"]]

    def wait_for(self, wanted, why=None):
        """The first message of the bot for which `wanted` (a text in it, or a function) holds."""
        test = wanted if callable(wanted) else lambda m: wanted in said(m)
        end = time.monotonic() + PATIENCE_S
        chat = self.chat()
        while True:
            for message in reversed(self.messages(chat)):
                if test(message):
                    return message
            left = end - time.monotonic()
            if left <= 0:
                seen = "\n".join(said(m) for m in self.messages(chat)) or "nothing"
                raise AssertionError(f"{self.name} never saw {why or wanted!r}; saw:\n{seen}\n"
                                     f"{self.world.log()[-3000:]}")
            chat = self.chat(chat["revision"], int(min(left, 5) * 1000))

    def press_when_seen(self, label):
        """Press the button as soon as some message of the bot has it."""
        message = self.wait_for(lambda m: any(label in b for b in buttons(m)), f"button {label}")
        return self.press(label, message_id=message["message_id"])


def said(message):
    """All that a person reads in a message: text or caption, and the buttons' labels."""
    lines = [message.get("text") or "", message.get("caption") or ""]
    invoice = message.get("invoice") or {}
    lines += [str(v) for v in invoice.values()]
    return "\n".join(filter(None, lines + buttons(message)))


def buttons(message):
    return [b["text"] for row in message.get("keyboard") or [] for b in row]

"""A real redis-server for one test: started, stopped in every way, asked with the real redis-cli."""
import contextlib
import pathlib
import signal
import socket
import subprocess
import threading
import time

from world import PATIENCE_S


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    def __init__(self, directory, *options):
        self.directory, self.options, self.process = pathlib.Path(directory), options, None
        self.directory.mkdir()
        self.port = free_port()
        self.start()

    def start(self, *more):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory),
             "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--enable-debug-command", "local",
             *self.options, *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE_S
        while self.ask("PING") != "PONG":
            assert self.process.poll() is None and time.monotonic() < end, "redis-server does not start"
            time.sleep(0.02)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(timeout=PATIENCE_S)

    def close(self):
        if self.process.poll() is None:
            self.end()

    def ask(self, *words, db=0):
        return subprocess.run(["redis-cli", "-p", str(self.port), "-n", str(db), *words],
                              capture_output=True, text=True, timeout=PATIENCE_S).stdout.strip()

    def _answers(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=0.2) as connection:
            connection.sendall(b"PING\r\n")
            try:
                return connection.recv(10) != b""
            except TimeoutError:
                return False

    @contextlib.contextmanager
    def asleep(self, seconds):
        """It hears nothing and says nothing for so long."""
        sleeper = subprocess.Popen(["redis-cli", "-p", str(self.port), "DEBUG", "SLEEP", str(seconds)],
                                   stdout=subprocess.DEVNULL)
        while self._answers():
            pass
        yield
        assert sleeper.wait(timeout=PATIENCE_S) == 0

    def environment(self, backend="redis"):
        """Variables that point a shop here."""
        return {"GIGABRIDGE_STORE_BACKEND": backend, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.port)}


class Door:
    """An address in front of a server: it may lead elsewhere, or cut what comes back."""

    def __init__(self, target):
        self.target, self.every, self.pieces, self.cuts = target, 0, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = [], threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def leads_to(self, target):
        self.target = target
        self._close_pairs()

    def cut_every(self, pieces):
        self.every = pieces

    def close(self):
        self.listener.close()
        self._close_pairs()

    def _close_pairs(self):
        with self.lock:
            for one in self.pairs:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self.pairs.clear()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs += [near, far]
            threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, source, sink, comes_back):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if comes_back and self._is_cut():
                    sink.sendall(data[:len(data) // 2])
                    break
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _is_cut(self):
        with self.lock:
            self.pieces += 1
            cut = self.every > 0 and self.pieces % self.every == 0
            self.cuts += cut
            return cut

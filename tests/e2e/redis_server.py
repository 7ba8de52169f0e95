"""A real redis-server for one test: started, stopped in every way, asked with the real redis-cli."""
import contextlib
import pathlib
import signal
import socket
import subprocess
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

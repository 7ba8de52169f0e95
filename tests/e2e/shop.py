"""The shop's own process, started and killed by a test (`--world-only` sandboxes)."""
import contextlib
import os
import signal
import subprocess

from world import BINARY, PATIENCE_S


class Shop:
    def __init__(self, world, binary=BINARY, **environment):
        self.world, self.binary, self.process, self.starts = world, binary, None, 0
        self.environment = {**os.environ, **environment}

    def start(self, *options, log=None):
        assert self.process is None
        with contextlib.nullcontext(log) if log else open(self.world.directory / "bot.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "run", "--config", self.world.config, "--clock-file",
                 self.world.address["clock_file"], *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        self.starts += 1

    def end(self, number):
        """Its exit status after this signal; negative: the signal ended it."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=PATIENCE_S)
        self.process = None
        return status

    def kill(self):
        assert self.end(signal.SIGKILL) == -signal.SIGKILL, "it had ended by itself:\n" + self.world.log()[-3000:]

    def stop(self):
        return self.end(signal.SIGTERM)

    def check_store(self):
        """`gigabridge check --store` on a store nobody uses."""
        assert self.process is None
        return subprocess.run([self.binary, "check", "--store", "--config", self.world.config],
                              capture_output=True, text=True, timeout=60, env=self.environment)

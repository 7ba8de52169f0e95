"""Looking into a running shop with Redis's own tools, and with what no tool would send."""
import json
import re
import shutil
import socket
import subprocess
import threading

import pytest

from flow import access, buy_with_test_provider, open_ways, pay_page
from world import PATIENCE_S

needs_redis_tools = pytest.mark.skipif(shutil.which("redis-cli") is None or shutil.which("redis-benchmark") is None,
                                       reason="redis-tools are not installed")
PASSWORD = "open-sesame"


class Door:
    """The shop's RESP door and ways to knock."""

    def __init__(self, world, shop):
        self.world, self.shop = world, shop
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    def open(self, *options):
        self.shop.start("--set", f"resp.listen=127.0.0.1:{self.port}", *options)
        self.world.wait_until(self.answers, "the door opens")
        return self

    def answers(self):
        """Asked and seen off by the shop: whoever comes next finds every seat free."""
        try:
            caller = self.raw()
        except OSError:
            return False
        try:
            return caller.ask(b"QUIT\r\n") == b"+OK\r\n" and caller.is_over()
        finally:
            caller.close()

    def cli(self, *words, given=None):
        """What redis-cli prints, as one text."""
        result = subprocess.run(["redis-cli", "-p", str(self.port), *words], input=given, text=True,
                                capture_output=True, timeout=PATIENCE_S)
        return (result.stdout + result.stderr).strip("\n")

    def raw(self):
        return Raw(self.port)


class Raw:
    """A socket, and the replies that come through it."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        return self.file.readline()

    def ask(self, data):
        self.send(data)
        return self.line()

    def is_over(self):
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def door(empty_world):
    return Door(*empty_world)



@needs_redis_tools
def test_redis_cli_follows_a_purchase(door):
    door.open()
    anna = door.world.user("anna")
    open_ways(anna)
    keys = door.cli("--scan")
    assert sorted(keys.split()) == sorted(door.cli("keys", "*").split())
    state = next(k for k in keys.split() if k.endswith(":state"))
    assert door.cli("get", state) == "Buy:way"
    assert 3500 < int(door.cli("ttl", state)) <= 3660
    assert door.cli("type", state) == "string"
    assert json.loads(door.cli("get", state.replace(":state", ":data")))["message"] > 0
    pay_page(anna)
    assert door.cli("get", state) == "Buy:invoice"
    anna.pay()
    anna.press_when_seen("I have paid")
    access(anna)
    orders = door.cli("-n", "3", "--scan", "--pattern", "orders:*").split()
    assert len(orders) == 1
    assert json.loads(door.cli("-n", "3", "get", orders[0]))["state"] == "active"
    assert door.cli("-n", "3", "randomkey").count(":") >= 1
    assert int(door.cli("dbsize")) == 2
    assert door.shop.stop() == 0


@needs_redis_tools
def test_no_secret_is_shown_by_any_key(door):
    door.open("--set", "resp.allow_writes=yes")
    buy_with_test_provider(door.world.user("anna"))
    secrets = [line.split("=", 1)[1].strip() for line in open(door.world.config)
               if line.split("=")[0].strip() in ("token", "key", "panel", "user_link")]
    secrets.append(door.world.panel_users()[0]["uuid"])
    assert len(secrets) >= 5
    masked = 0
    for db in "0", "1", "2", "3":
        keys = door.cli("-n", db, "--scan").split()
        assert keys or db == "1"
        for key in keys:
            value = door.cli("-n", db, "get", key)
            masked += "(masked)" in value
            for secret in secrets:
                assert secret not in value, key
    assert masked >= 4
    assert door.cli("-n", "3", "get", "meta:secret") == "(masked)"


@needs_redis_tools
def test_redis_cli_speaks_both_versions_and_finds_the_commands(door):
    door.open()
    assert door.cli("ping") == "PONG"
    assert door.cli("-3", "get", "nothing") == ""
    assert "proto 3" in door.cli("-3", "hello", "3")
    info = door.cli("info")
    for part in ("redis_version:7", "gigabridge_version:", "# Keyspace", "db3:keys="):
        assert part in info
    assert door.cli("command", "docs", "scan").startswith("scan")
    # A conversation, as a person has it: databases, a database's keys, an error, the end.
    talk = door.cli(given="select 3\nkeys meta:*\nflushall\nset a b\nnonsense\nquit\n")
    assert "meta:schema" in talk
    assert "NOPERM this user has no permissions to run the 'flushall' command" in talk
    assert "READONLY You can't write against a read only replica." in talk
    assert "ERR unknown command 'nonsense'" in talk
    assert door.world.log().count("panic") == 0


@needs_redis_tools
def test_password_is_asked_for_and_wrong_ones_are_slow_and_logged(door):
    door.open("--set", f"resp.password={PASSWORD}")
    assert "NOAUTH" in door.cli("get", "a")
    assert "NOAUTH" in door.cli("ping")
    assert door.cli("--no-auth-warning", "-a", PASSWORD, "ping") == "PONG"
    assert door.cli("--no-auth-warning", "--user", "default", "-a", PASSWORD, "-3", "ping") == "PONG"
    assert "WRONGPASS" in door.cli("--no-auth-warning", "--user", "root", "-a", PASSWORD, "ping")
    assert "WRONGPASS" in door.cli("--no-auth-warning", "-a", "guessed-word", "ping")
    log = door.world.log()
    assert "resp_wrong_password" in log
    assert "guessed-word" not in log and PASSWORD not in log


@needs_redis_tools
def test_redis_benchmark_runs_while_the_shop_sells(door):
    door.open("--set", "resp.allow_writes=yes")
    done = subprocess.Popen(["redis-benchmark", "-p", str(door.port), "-t", "ping,get,set,incr", "-n", "20000", "-c",
                             "20", "-r", "100", "-q"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    buy_with_test_provider(door.world.user("anna"))
    output, _ = done.communicate(timeout=60)
    assert done.returncode == 0
    for name in ("PING_MBULK", "GET", "SET", "INCR"):
        assert re.search(rf"{name}: [\d.]+ requests per second", output), output
    assert door.shop.stop() == 0
    assert door.shop.check_store().returncode == 0


def test_what_was_written_outlives_a_kill_and_counts_in_the_dialog(door):
    door.open("--set", "resp.allow_writes=yes")
    raw = door.raw()
    assert raw.ask(b"SET fsm:5:5:state Menu:main EX 100\r\n") == b"+OK\r\n"
    door.shop.kill()
    raw.close()
    door.open()
    raw = door.raw()
    assert raw.ask(b"GET fsm:5:5:state\r\n") == b"$9\r\n"
    assert raw.line() == b"Menu:main\r\n"
    assert 0 < int(raw.ask(b"TTL fsm:5:5:state\r\n")[1:]) <= 100
    raw.close()
    assert door.shop.stop() == 0


def test_records_of_the_shop_are_never_written(door):
    door.open("--set", "resp.allow_writes=yes")
    raw = door.raw()
    assert raw.ask(b"SELECT 3\r\n") == b"+OK\r\n"
    for command in (b"SET accounts:revenue:RUB 1\r\n", b"DEL meta:secret\r\n", b"INCR meta:schema\r\n"):
        assert raw.ask(command).startswith(b"-READONLY"), command
    raw.close()


def test_pipelines_halves_and_garbage(door):
    door.open()
    raw = door.raw()
    raw.send(b"PING\r\n" * 5000)
    for _ in range(5000):
        assert raw.line() == b"+PONG\r\n"
    for byte in b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n":
        raw.send(bytes([byte]))
    assert raw.line() + raw.line() + raw.line() == b"$2\r\n\r\n\r\n"
    raw.send(b"*2\r\n$3\r\nGET\r\n")  # and never the rest
    for garbage in (b"\0\xff\xfe\n", b"*1\r\n\0", b"*999999\r\n", b"*1\r\n$-9\r\n", b"*1\r\n$2000000\r\n", b"a" * 70000,
                    b"ECHO 'a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"):
        other = door.raw()
        try:
            other.send(garbage)
            assert garbage[:1] == b"\0" or garbage[:1] == b"P" or other.line().startswith(b"-ERR Protocol error")
            if garbage[:1] == b"\0":
                assert other.line().startswith(b"-ERR unknown command")
            else:
                assert other.is_over()
        except (ConnectionResetError, BrokenPipeError):
            pass  # it was cut off while we were still talking
        other.close()
    raw.send(b"$1\r\na\r\n")
    assert raw.line() == b"$-1\r\n"
    raw.close()
    buy_with_test_provider(door.world.user("anna"))
    assert door.shop.stop() == 0


def test_a_hundred_callers_get_64_seats_and_leave_them(door):
    door.open()
    callers = [door.raw() for _ in range(100)]
    answers = []
    for caller in callers:
        try:
            answers.append(caller.ask(b"PING\r\n"))
        except (ConnectionResetError, BrokenPipeError):
            answers.append(b"")
    assert answers.count(b"+PONG\r\n") == 64
    assert all(a in (b"+PONG\r\n", b"-ERR max number of clients reached\r\n", b"") for a in answers)
    buy_with_test_provider(door.world.user("anna"))
    for caller in callers:
        caller.close()

    def seated():
        again = door.raw()
        try:
            return again.ask(b"PING\r\n") == b"+PONG\r\n"
        except (ConnectionResetError, BrokenPipeError):
            return False
        finally:
            again.close()
    door.world.wait_until(seated, "a seat is free again")
    assert door.shop.stop() == 0


def test_callers_that_never_read_hold_nobody_up(door):
    door.open("--set", "resp.allow_writes=yes")
    greedy = door.raw()
    assert greedy.ask(b"SET a " + b"x" * 60000 + b"\r\n") == b"+OK\r\n"

    def ask_and_never_read():
        try:
            greedy.send(b"GET a\r\n" * 20000)
        except OSError:
            pass
    asking = threading.Thread(target=ask_and_never_read)
    asking.start()
    raw = door.raw()
    for _ in range(100):
        assert raw.ask(b"PING\r\n") == b"+PONG\r\n"
    buy_with_test_provider(door.world.user("anna"))
    pid = door.shop.process.pid
    memory_kb = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))
    assert memory_kb < 300_000  # far below what was asked for: 1.2 GB
    greedy.socket.shutdown(socket.SHUT_RDWR)
    asking.join(timeout=PATIENCE_S)
    assert not asking.is_alive()
    greedy.close()
    raw.close()
    assert door.shop.stop() == 0


def test_an_address_for_everybody_needs_a_password(door):
    config = open(door.world.config).read()
    with open(door.world.config, "w") as file:
        file.write(config + "\n[resp]\nlisten = 0.0.0.0:6380\n")
    line = len(config.splitlines()) + 3
    result = subprocess.run([door.shop.binary, "run", "--config", door.world.config], capture_output=True, text=True,
                            timeout=PATIENCE_S)
    assert result.returncode == 2
    assert f":{line}: [resp] listen: others can reach this address, so a password is needed" in result.stderr


def test_a_taken_port_is_told_in_words(door):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", door.port))
        taken.listen()
        door.shop.start("--set", f"resp.listen=127.0.0.1:{door.port}")
        assert door.shop.process.wait(timeout=PATIENCE_S) != 0
        door.shop.process = None
    assert "[resp] listen: the port is in use" in door.world.log()

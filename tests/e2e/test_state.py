"""The rows of a store from the command line: looked at, carried out, carried in."""
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest

from flow import buy_with_stars, buy_with_test_provider, open_ways
from shop import Shop
from world import BINARY


def command(world, *words, environment=None, **more):
    return subprocess.run([BINARY, *words, "--config", world.config], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(environment or {})}, **more)


@pytest.fixture
def sold(empty_world):
    """A shop that has sold twice, was being asked about a third sale, and was stopped."""
    world, shop = empty_world
    shop.start()
    buy_with_test_provider(world.user("anna"))
    buy_with_stars(world.user("boris"))
    open_ways(world.user("clara"))
    assert shop.stop() == 0
    return world, shop


def test_rows_are_listed_and_shown_with_their_secrets_masked(sold):
    world, shop = sold
    counts = dict(line.split() for line in command(world, "state", "list").stdout.splitlines())
    assert counts["users"] == "3" and counts["subscriptions"] == "2" and counts["servers"] == "2"
    rows = [json.loads(line) for line in command(world, "state", "list", "servers", "--json").stdout.splitlines()]
    key = re.search(r"^\[server .*?^key = (\S+)$", open(world.config).read(), re.M | re.S).group(1)
    assert len(rows) == 2 and all(row["t"] == "servers" for row in rows)
    assert key not in json.dumps(rows)
    assert key in command(world, "state", "show", "servers", rows[0]["k"], "--secrets").stdout
    first = command(world, "state", "list", "subscriptions", "--limit", "1").stdout
    assert first.count("\n") == 1 and "(masked)" in first
    dialogs = command(world, "state", "list", "fsm", "--prefix", "fsm:").stdout.splitlines()
    assert dialogs and all("s left" in line for line in dialogs)


def test_dialogs_can_be_deleted_and_records_cannot(sold):
    world, shop = sold
    key = json.loads(command(world, "state", "list", "fsm", "--json").stdout.splitlines()[0])["k"]
    assert command(world, "state", "delete", "fsm", key).returncode == 0
    assert command(world, "state", "show", "fsm", key).returncode == 1
    refused = command(world, "state", "delete", "users", "1")
    assert refused.returncode == 1 and "by the shop alone" in refused.stderr
    for words in ([], ["list", "a", "b"], ["show", "users"], ["tell", "users", "1"], ["list", "users", "--limit", "0"]):
        assert command(world, "state", *words).returncode == 2, words
    shop.start()
    world.wait_until(lambda: "shop_is_open" in world.log().split("stopped")[-1], "the shop is open again")
    held = command(world, "state", "list")
    assert held.returncode == 1 and "gigabridge: data: " in held.stderr


def test_a_shop_moves_to_redis_and_back(sold, redis, tmp_path):
    world, shop = sold
    there, back = tmp_path / "there.jsonl", tmp_path / "back.jsonl"
    done = command(world, "export", str(there))
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert command(world, "export", str(there)).returncode == 1, "never over a file that is there"
    on_redis = redis.environment()
    done = command(world, "import", str(there), environment=on_redis)
    assert done.returncode == 0, done.stderr
    moved = Shop(world, **on_redis)
    assert moved.check_store().stdout == shop.check_store().stdout
    moved.start()
    buy_with_stars(world.user("clara"))
    assert moved.stop() == 0

    done = command(world, "export", str(back), environment=on_redis)
    assert done.returncode == 0, done.stderr
    again = Shop(world, GIGABRIDGE_STORE_DIRECTORY=str(tmp_path / "again"))
    stream = command(world, "import", "-", environment={"GIGABRIDGE_STORE_DIRECTORY": str(tmp_path / "again")},
                     input=back.read_text())
    assert stream.returncode == 0, stream.stderr
    assert again.check_store().stdout == moved.check_store().stdout
    again.start()
    buy_with_test_provider(world.user("dora"))
    assert again.stop() == 0
    assert "subscriptions: 4" in again.check_store().stdout
    assert len(world.panel_users()) == 4


def test_what_is_no_whole_export_changes_nothing(sold, tmp_path):
    world, _ = sold
    whole = tmp_path / "whole.jsonl"
    assert command(world, "export", str(whole)).returncode == 0
    lines = whole.read_text().splitlines(keepends=True)
    bad = {
        "not a file of": "hello\n",
        "cut off": "".join(lines[:-1]),
        "are not those": "".join(lines[:3] + lines[4:]),
        ":4: no row": "".join(lines[:3] + ["{}\n"] + lines[4:]),
        ":4: a table": "".join(lines[:3] + ['{"t":"what","k":"a","v":"b"}\n'] + lines[4:]),
    }
    into = {"GIGABRIDGE_STORE_DIRECTORY": str(tmp_path / "fresh")}
    for why, text in bad.items():
        (tmp_path / "bad.jsonl").write_text(text)
        refused = command(world, "import", str(tmp_path / "bad.jsonl"), environment=into)
        assert refused.returncode == 1 and why in refused.stderr, (why, refused.stderr)
        assert not (tmp_path / "fresh").exists(), why
    refused = command(world, "import", str(whole))
    assert refused.returncode == 1 and "not empty" in refused.stderr
    assert command(world, "import", str(whole), environment=into).returncode == 0


def test_an_import_that_was_killed_is_never_taken_for_a_shop(sold, tmp_path):
    world, _ = sold
    whole = tmp_path / "whole.jsonl"
    assert command(world, "export", str(whole)).returncode == 0
    lines = whole.read_text().splitlines(keepends=True)
    into = {"GIGABRIDGE_STORE_DIRECTORY": str(tmp_path / "fresh")}
    process = subprocess.Popen([BINARY, "import", "-", "--config", world.config], stdin=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env={**os.environ, **into})
    process.stdin.write("".join(lines[:-1]))
    process.stdin.flush()
    end = time.monotonic() + 20
    while not (tmp_path / "fresh" / "store.mdb").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.3)  # it waits for more lines, its mark on disk
    process.send_signal(signal.SIGKILL)
    process.wait()
    shop = Shop(world, **into)
    shop.start()
    assert shop.process.wait(timeout=20) == 1
    shop.process = None
    assert "was not finished" in world.log()
    refused = command(world, "import", str(whole), environment=into)
    assert refused.returncode == 1 and "not empty" in refused.stderr
    for file in (tmp_path / "fresh").iterdir():
        file.unlink()
    assert command(world, "import", str(whole), environment=into).returncode == 0
    shop.start()
    buy_with_stars(world.user("dora"))
    assert shop.stop() == 0


# As aiogram 3.13's RedisStorage wrote them: set_state and set_data of KeyBuilders with every option.
AIOGRAM = {
    "fsm:42:42:state": "Buy:tariff",
    "fsm:42:42:data": '{"message": 7, "name": "\\u0410\\u043d\\u043d\\u0430"}',
    "fsm:-100:7:43:state": "Buy:pay",
    "fsm:bc1:44:44:state": "Help:wait",
    "fsm:45:45:default:data": '{"a": 1}',
}


def test_dialogs_of_an_aiogram_bot_come_in(sold, redis):
    world, _ = sold
    for key, value in AIOGRAM.items():
        assert redis.ask("SET", key, value, "EX", "900") == "OK"
    for key, value in {"fsm:42:42:lock": "x", "fsm:what": "y", "fsm:46:46:data": "[1]", "fsm:47:47:state": ""}.items():
        redis.ask("SET", key, value)
    redis.ask("SET", "other", "program's", db=3)
    asked = {"REDIS_PORT": str(redis.port)}
    done = command(world, "import", "--from-redis", environment=asked)
    assert done.returncode == 0, done.stderr
    assert "3 states, 2 data; 4 other keys passed over" in done.stderr
    rows = {row["k"]: row for row in map(json.loads, command(world, "state", "list", "fsm", "--prefix", "fsm:4",
                                                             "--json").stdout.splitlines())}
    assert {"fsm:42:42:state", "fsm:42:42:data", "fsm:44:44:state", "fsm:45:45:data"} <= set(rows)
    assert rows["fsm:42:42:data"]["v"] == AIOGRAM["fsm:42:42:data"]
    assert 800 < rows["fsm:42:42:state"]["x"] / 1000 - time.time() < 901
    assert "fsm:-100:7:43:state" in command(world, "state", "list", "fsm", "--prefix", "fsm:-").stdout
    assert redis.ask("DBSIZE") == "9" and redis.ask("DBSIZE", db=3) == "1", "nothing is changed there"
    with_id = command(world, "import", "--from-redis", "--with-bot-id", environment=asked)
    assert with_id.returncode == 0 and "fsm:7:43:state" in command(world, "state", "list", "fsm").stdout
    on_redis = command(world, "import", "--from-redis", environment=redis.environment())
    assert on_redis.returncode == 1 and "in Redis already" in on_redis.stderr

"""`gigabridge jobs` on a shop that runs and on one that is stopped; and whatever else may come to its socket."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import time

import pytest

from flow import buy_with_stars
from shop import Shop
from world import BINARY, PATIENCE_S

HOUR_MS = 3_600_000


def command(world, *words, environment=None):
    return subprocess.run([BINARY, *words, "--config", world.config], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(environment or {})})


def jobs(world, *words, environment=None):
    """The answer."""
    done = command(world, "jobs", *words, "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def job_row(now_ms, cron=""):
    return {"kind": "none_of_the_shops", "args": "", "trigger": "cron" if cron else "interval", "at": 0,
            "every": 0 if cron else HOUR_MS, "cron": cron, "until": 0, "coalesce": True, "misfire_grace": 0,
            "max_instances": 1, "jitter": 0, "history": 5, "paused": False, "first": now_ms, "next": now_ms + HOUR_MS,
            "due": now_ms + HOUR_MS, "wanted": 0, "held": False, "running": 0, "last_run": 0}


def add_rows(world, directory, added, environment=None):
    """Carried out, more rows put in, and carried into another store."""
    out, more = directory / "out.jsonl", directory / "more.jsonl"
    done = command(world, "export", str(out))
    assert done.returncode == 0, done.stderr
    order = [line.split()[0] for line in command(world, "state", "list").stdout.splitlines()]
    head, *rows, _ = out.read_text().splitlines()
    rows += [json.dumps({"t": table, "k": key, "v": value}, separators=(",", ":")) for table, key, value in added]
    rows.sort(key=lambda line: (order.index(json.loads(line)["t"]), json.loads(line).get("k", "").encode()))
    digest = bytes(32)
    for row in rows:
        digest = hashlib.sha256(digest + row.encode()).digest()
    more.write_text("\n".join([head, *rows, json.dumps({"rows": len(rows), "sha256": digest.hex()})]) + "\n")
    done = command(world, "import", str(more), environment=environment)
    assert done.returncode == 0, done.stderr


def seeded(empty_world, tmp_path, environment):
    world, shop = empty_world
    shop.start()
    is_open(world)
    assert shop.stop() == 0
    now_ms = int(time.time() * 1000)
    rows = []
    for name in ("seed_sync", "seed_clean"):
        rows.append(("jobs", name, json.dumps(job_row(now_ms))))
        rows.append(("jobs_due", f"due/{now_ms + HOUR_MS:016x}/{name}", "1"))
    add_rows(world, tmp_path, rows, environment)
    return world, Shop(world, **environment)


@pytest.fixture
def with_jobs(empty_world, tmp_path):
    """A stopped shop with two jobs that nobody carries out."""
    directory = tmp_path / "seeded"
    world, shop = seeded(empty_world, tmp_path, {"GIGABRIDGE_STORE_DIRECTORY": str(directory)})
    yield world, shop, directory
    if shop.process is not None:
        shop.stop()


def is_open(world, times=1):
    world.wait_until(lambda: world.log().count("shop_is_open") >= times, "the shop is open")


def control(world):
    return world.directory / "data" / "control"


def connected(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_S)
    connection.connect(str(path))
    return connection


def test_a_shop_is_asked_while_it_runs_and_when_it_is_stopped(empty_world):
    world, shop = empty_world
    assert command(world, "jobs").returncode == 0, "before its first start"
    shop.start()
    is_open(world)
    assert stat.S_ISSOCK(control(world).stat().st_mode) and stat.S_IMODE(control(world).stat().st_mode) == 0o600
    assert stat.S_IMODE(control(world).parent.stat().st_mode) == 0o700
    running = jobs(world, "list")
    refused = command(world, "jobs", "show", "nobodys_job")
    assert refused.returncode == 1 and 'there is no job "nobodys_job"' in refused.stderr
    assert shop.stop() == 0
    assert not control(world).exists()
    stopped = jobs(world)
    assert [job["id"] for job in running["jobs"]] == [job["id"] for job in stopped["jobs"]]
    assert command(world, "jobs", "pause", "nobodys_job").stderr == refused.stderr


def test_what_is_done_to_a_job_stays_done(with_jobs):
    world, shop, directory = with_jobs
    there = shop.environment
    shop.start()
    is_open(world, 2)
    assert jobs(world, "pause", "seed_sync", environment=there)["job"]["state"] == "paused"
    assert shop.end(signal.SIGKILL) == -signal.SIGKILL
    assert (directory / "control").exists(), "left behind by a kill"
    assert jobs(world, "show", "seed_sync", environment=there)["job"]["state"] == "paused"
    assert jobs(world, "resume", "seed_sync", environment=there)["job"]["state"] == "waiting"
    shop.start()
    is_open(world, 3)
    assert jobs(world, "show", "seed_sync", environment=there)["job"]["state"] == "waiting", "over a socket made anew"
    table = command(world, "jobs", environment=there).stdout
    assert "every 1h" in table and "(in " in table and "seed_clean" in table
    missed = command(world, "jobs", "run", "seed_snyc", environment=there)
    assert missed.returncode == 1 and "did you mean seed_sync?" in missed.stderr
    assert jobs(world, "history", "seed_sync", environment=there)["runs"] == []


def test_wrong_words_are_told_from_trouble(empty_world):
    world, _ = empty_world
    for words in (["lsit"], ["show"], ["show", "a", "b"], ["list", "a"], ["run"], ["list", "--limit", "0"],
                  ["show", "a", "--limit", "3"], ["show", "a", "--after", "b"], ["--what"]):
        assert command(world, "jobs", *words).returncode == 2, words
    for name in ("a/b", "a?limit=1", "", "x" * 5000, "ж"):
        refused = command(world, "jobs", "show", name)
        assert refused.returncode == 1 and "letters, digits" in refused.stderr, name


@pytest.mark.parametrize("runs", [True, False])
def test_commands_at_once_all_get_through(with_jobs, runs):
    world, shop, _ = with_jobs
    if runs:
        shop.start()
        is_open(world, 2)
    words = [["list"], ["pause", "seed_sync"], ["pause", "seed_sync"], ["show", "seed_clean"]]
    with concurrent.futures.ThreadPoolExecutor(len(words)) as pool:
        for done in pool.map(lambda w: command(world, "jobs", *w, environment=shop.environment), words):
            assert done.returncode == 0, done.stderr
    assert jobs(world, "show", "seed_sync", environment=shop.environment)["job"]["paused"] is True


def test_nonsense_at_the_socket_keeps_nobody_from_anything(empty_world):
    world, shop = empty_world
    shop.start()
    is_open(world)
    path = control(world)
    for nonsense in (os.urandom(4096), b"\0" * 100, b"GET /jobs HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
                     b"POST /jobs/a/run HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n",
                     b"GET /" + b"a" * 50_000 + b" HTTP/1.1\r\n\r\n"):
        with connected(path) as connection:
            try:
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(4096)
            except (BrokenPipeError, ConnectionResetError):
                pass
    with connected(path) as slow:
        slow.sendall(b"\r\n" * 1000 + b"GET /jo")
        assert command(world, "jobs").returncode == 0
    crowd = [connected(path) for _ in range(200)]
    buy_with_stars(world.user("anna"))
    for connection in crowd:
        connection.close()
    after = command(world, "jobs")
    assert after.returncode == 0, after.stderr
    assert shop.stop() == 0


def test_a_shop_whose_path_is_too_long_runs_without_a_socket(empty_world, tmp_path):
    world, _ = empty_world
    shop = Shop(world, GIGABRIDGE_STORE_DIRECTORY=str(tmp_path / ("d" * 120)))
    shop.start()
    is_open(world)
    assert "control_not_opened" in world.log() and "too long" in world.log()
    assert shop.stop() == 0
    assert command(world, "jobs", environment=shop.environment).returncode == 0


def test_jobs_in_a_redis_are_changed_beside_the_running_shop(empty_world, tmp_path, redis):
    world, shop = seeded(empty_world, tmp_path, redis.environment())
    shop.start()
    try:
        is_open(world, 2)
        channel = "gigabridge:*:jobs_due"
        world.wait_until(lambda: redis.ask("PUBSUB", "CHANNELS", channel), "the one on duty listens")
        assert jobs(world, "run", "seed_sync", environment=shop.environment)["job"]["wanted"] is True
        assert jobs(world, "pause", "seed_clean", environment=shop.environment)["job"]["state"] == "paused"
        assert jobs(world, "show", "seed_clean", environment=shop.environment)["job"]["next"] is None
        buy_with_stars(world.user("anna"))
    finally:
        assert shop.stop() == 0

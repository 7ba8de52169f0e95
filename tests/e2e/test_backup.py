"""Backups: made beside a running shop, sealed, kept few, sent to the admins, and restored."""
import hashlib
import json
import os
import re
import resource
import signal
import stat
import subprocess
import threading
import time

import pytest

from flow import buy_with_stars, buy_with_test_provider
from shop import Shop
from world import BINARY

PASSWORD = "correct horse battery"
NAME = re.compile(r"gigabridge-[a-z0-9-]+-\d{8}-\d{6}\.gbk")


def environment(tmp_path, **more):
    """Settings by variables: GIGABRIDGE_<SECTION>_<KEY>."""
    plain = {"BACKUP_DIRECTORY": tmp_path / "backups", "BACKUP_PASSWORD": PASSWORD, **more}
    return {f"GIGABRIDGE_{name}": str(value) for name, value in plain.items()}


def command(world, variables, *words, **more):
    return subprocess.run([BINARY, *words, "--config", world.config], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **variables}, **more)


def backup(world, variables, *words, **more):
    done = command(world, variables, "backup", "--json", *words, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def names(directory):
    return sorted(entry.name for entry in directory.iterdir()) if directory.exists() else []


@pytest.fixture
def sold(empty_world):
    world, shop = empty_world
    shop.start()
    buy_with_test_provider(world.user("anna"))
    buy_with_stars(world.user("boris"))
    assert shop.stop() == 0
    return world, shop


def test_made_while_people_buy_it_restores_to_a_shop_that_goes_on(empty_world, tmp_path):
    world, shop = empty_world
    variables = environment(tmp_path)
    shop.start()
    buy_with_test_provider(world.user("anna"))
    enough, bought = threading.Event(), []

    def people():
        while not enough.is_set():
            bought.append(buy_with_stars(world.user(f"buyer{len(bought)}")))

    buyers = threading.Thread(target=people)
    buyers.start()
    try:
        made = [backup(world, variables) for _ in range(3)]
    finally:
        enough.set()
        buyers.join()
    assert bought and all(one["encrypted"] for one in made)
    made.append(backup(world, variables))
    assert shop.stop() == 0
    for number, one in enumerate((made[1], made[-1])):
        path = tmp_path / "backups" / one["path"]
        assert NAME.fullmatch(one["path"]) and path.stat().st_size == one["bytes"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        fresh = environment(tmp_path, STORE_DIRECTORY=tmp_path / f"fresh{number}")
        restored = command(world, fresh, "restore", str(path))
        assert restored.returncode == 0 and "counted and compared" in restored.stderr, restored.stderr
        again = Shop(world, **fresh)
        check = again.check_store()
        assert check.returncode == 0, check.stdout + check.stderr
    assert again.check_store().stdout == shop.check_store().stdout, "the last one has all"
    again.start()
    buy_with_test_provider(world.user("late"))
    assert again.stop() == 0
    assert again.check_store().returncode == 0


def test_what_cannot_be_restored_is_said_and_leaves_no_store(sold, tmp_path):
    world, _ = sold
    variables = environment(tmp_path)
    path = tmp_path / "backups" / backup(world, variables)["path"]
    whole = path.read_bytes()
    bad = tmp_path / "bad.gbk"
    fresh = environment(tmp_path, STORE_DIRECTORY=tmp_path / "fresh")
    broken = bytearray(whole)
    broken[-30] ^= 1
    for words, content in (("damaged", broken), ("damaged or cut off", whole + b"x"), ("cut off", whole[:30]),
                           ("password is wrong, or", whole[:-1]), ("newer version", b"gigabridge backup 7\n" + whole[20:]),
                           ("not a backup", b"hello\n"), ("not a backup", b"")):
        bad.write_bytes(content)
        refused = command(world, fresh, "restore", str(bad))
        assert refused.returncode == 1, (words, refused.stderr)
        assert words in refused.stderr or "damaged" in refused.stderr, (words, refused.stderr)
        assert not (tmp_path / "fresh").exists(), words
    refused = command(world, {**fresh, "GIGABRIDGE_BACKUP_PASSWORD": "another password"}, "restore", str(path))
    assert refused.returncode == 1 and "password is wrong" in refused.stderr
    without = {**fresh, "GIGABRIDGE_BACKUP_PASSWORD": ""}
    refused = command(world, without, "restore", str(path))
    assert refused.returncode == 1 and "--password-file" in refused.stderr
    assert PASSWORD not in refused.stderr
    assert command(world, without, "restore", str(path), "--password-file", str(bad)).returncode == 2
    refused = command(world, variables, "restore", str(path))
    assert refused.returncode == 1 and "not empty" in refused.stderr
    assert not (tmp_path / "fresh").exists()
    (tmp_path / "password").write_text(PASSWORD + "\nand more\n")
    done = command(world, without, "restore", str(path), "--password-file", str(tmp_path / "password"))
    assert done.returncode == 0, done.stderr


def test_without_a_password_it_can_be_read_and_the_owner_is_told(sold, tmp_path):
    world, shop = sold
    plain = environment(tmp_path, BACKUP_PASSWORD="")
    done = command(world, plain, "backup", "--to", str(tmp_path / "mine.gbk"))
    assert done.returncode == 0 and done.stdout.strip() == str(tmp_path / "mine.gbk")
    assert "not encrypted" in done.stderr
    again = command(world, plain, "backup", "--to", str(tmp_path / "mine.gbk"))
    assert again.returncode == 1 and "exists" in again.stderr, "never over a file that is there"
    fresh = Shop(world, **environment(tmp_path, STORE_DIRECTORY=tmp_path / "fresh"))
    assert command(world, environment(tmp_path, STORE_DIRECTORY=tmp_path / "fresh"), "restore",
                   str(tmp_path / "mine.gbk")).returncode == 0
    assert fresh.check_store().stdout == shop.check_store().stdout
    (tmp_path / "there").mkdir()
    made = backup(world, plain, "--to", str(tmp_path / "there"))
    assert names(tmp_path / "there") == [made["path"]] and made["encrypted"] is False
    missing = command(world, environment(tmp_path, STORE_DIRECTORY=tmp_path / "nothing"), "backup")
    assert missing.returncode == 1 and "store.mdb" in missing.stderr
    assert not (tmp_path / "nothing").exists() and names(tmp_path / "backups") == []


def test_only_the_last_ones_are_kept_and_what_is_not_ours_stays(sold, tmp_path):
    world, _ = sold
    variables = environment(tmp_path, BACKUP_KEEP=2)
    backups = tmp_path / "backups"
    first = backup(world, variables)["path"]
    family = first[:-len("-YYYYMMDD-HHMMSS.gbk")]
    others = [f"{family}-20200101-000000.gbk.old", "gigabridge-other-20200101-000000.gbk", "notes.txt",
              f"{family}-2020.gbk"]
    for name in others:
        (backups / name).write_text("mine")
    for old in (f"{family}-20200101-000000.gbk", f"{family}-20210101-000000.gbk"):
        (backups / old).write_text("old")
    (backups / f"{family}-20220101-000000.gbk.part").write_text("what a killed one left")
    second = backup(world, variables)["path"]
    third = backup(world, variables)["path"]
    assert names(backups) == sorted([*others, second, third])


def test_a_full_disk_is_said_and_leaves_nothing(sold, tmp_path):
    world, shop = sold
    variables = environment(tmp_path)

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

    done = command(world, variables, "backup", preexec_fn=full)
    assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
    assert names(tmp_path / "backups") == []
    backup(world, variables)
    assert shop.check_store().returncode == 0


def test_on_redis_it_is_made_beside_the_shop_and_restores_into_a_directory(empty_world, redis, tmp_path):
    world, _ = empty_world
    on_redis = {**environment(tmp_path), **redis.environment()}
    shop = Shop(world, **on_redis)
    shop.start()
    buy_with_stars(world.user("anna"))
    made = backup(world, on_redis)
    assert shop.stop() == 0
    fresh = environment(tmp_path, STORE_DIRECTORY=tmp_path / "fresh")
    restored = command(world, fresh, "restore", str(tmp_path / "backups" / made["path"]))
    assert restored.returncode == 0, restored.stderr
    again = Shop(world, **fresh)
    assert again.check_store().returncode == 0
    again.start()
    buy_with_stars(world.user("boris"))
    assert again.stop() == 0


# ---- while the shop runs: what a job asks for is a row of the lane "local"


def with_a_row(world, into, variables):
    """A copy of the store that holds the row a job would have added, in a directory of its own."""
    out = into.parent / (into.name + ".jsonl")
    assert command(world, {}, "export", str(out)).returncode == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    tables = [line.split()[0] for line in command(world, {}, "state", "list").stdout.splitlines()]
    now = int(time.time() * 1000)
    row = {"t": "outbox", "k": f"local/{now - 1000:016x}/{(now - 1000) << 20:016x}",
           "v": json.dumps({"kind": "backup", "then": "local.backup", "at": now - 1000}) + "\n{}"}
    rows = sorted([*lines[1:-1], row], key=lambda r: (tables.index(r["t"]), r.get("k", "").encode()))
    digest, text = bytes(32), [json.dumps(lines[0])]
    for row in rows:
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(digest + line.encode()).digest()
        text.append(line)
    text.append(json.dumps({"rows": len(rows), "sha256": digest.hex()}))
    out.write_text("\n".join(text) + "\n")
    done = command(world, variables, "import", str(out))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def asked(empty_world, tmp_path):
    """A shop with an admin that will make a backup as soon as it runs."""
    world, shop = empty_world
    shop.start()
    admin = world.user("admin")
    admin.send("/start")
    admin.wait_for("Buy")
    buy_with_test_provider(world.user("anna"))
    assert shop.stop() == 0

    def asking(**more):
        fresh = environment(tmp_path, STORE_DIRECTORY=tmp_path / "asked", SHOP_ADMINS=admin.chat()["user"], **more)
        with_a_row(world, tmp_path / "asked", fresh)
        return Shop(world, **fresh), admin, fresh

    asking.shops = []
    yield world, asking
    for running in asking.shops:
        if running.process is not None:
            running.stop()


def documents(user):
    return [m for m in user.messages() if m.get("document")]


def open_rows(world, variables, *lanes):
    rows = command(world, variables, "state", "list", "outbox", "--json").stdout.splitlines()
    return [key for key in (json.loads(row)["k"] for row in rows) if key.startswith(lanes)]


def test_the_running_shop_sends_it_to_the_admins(asked, tmp_path):
    world, asking = asked
    shop, admin, variables = asking()
    asking.shops.append(shop)
    shop.start()
    message = admin.wait_for(lambda m: m.get("document"), "the backup")
    (name,) = names(tmp_path / "backups")
    content = (tmp_path / "backups" / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert message["document"] == {"name": name, "size": len(content), "sha256": digest}
    assert digest[:16] in message["caption"] and "Rows: " in message["caption"]
    assert shop.stop() == 0
    assert open_rows(world, variables, "local/", "telegram/") == [] and len(documents(admin)) == 1
    assert PASSWORD not in world.log()
    fresh = {**variables, "GIGABRIDGE_STORE_DIRECTORY": str(tmp_path / "fresh")}
    assert command(world, fresh, "restore", str(tmp_path / "backups" / name)).returncode == 0
    assert Shop(world, **fresh).check_store().returncode == 0


def test_without_a_password_admins_hear_where_it_lies(asked, tmp_path):
    world, asking = asked
    shop, admin, variables = asking(BACKUP_PASSWORD="")
    asking.shops.append(shop)
    shop.start()
    text = admin.wait_for("[backup] password")["text"]
    (name,) = names(tmp_path / "backups")
    assert name in text and documents(admin) == []


def test_admins_hear_when_none_could_be_made(asked, tmp_path):
    world, asking = asked
    (tmp_path / "backups").write_text("in the way")
    shop, admin, variables = asking()
    asking.shops.append(shop)
    shop.start()
    text = admin.wait_for("No backup was made")["text"]
    assert "Not a directory" in text
    assert "child_said" in world.log()
    assert shop.stop() == 0
    assert open_rows(world, variables, "local/", "telegram/") == []


def children(process):
    return [int(pid) for pid in
            open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()]


def drafts(tmp_path):
    return [name for name in names(tmp_path / "backups") if name.endswith(".part")]


def caught(world, shop, tmp_path):
    """The child, stopped in the middle of its work."""

    def half_way():
        for pid in children(shop.process):
            os.kill(pid, signal.SIGSTOP)
            if drafts(tmp_path):
                return pid
            os.kill(pid, signal.SIGCONT)
        return None

    return world.wait_until(half_way, "a backup half-way")


def test_a_killed_child_is_started_again(asked, tmp_path):
    world, asking = asked
    shop, admin, variables = asking()
    asking.shops.append(shop)
    shop.start()
    os.kill(caught(world, shop, tmp_path), signal.SIGKILL)
    admin.wait_for(lambda m: m.get("document"), "the backup")
    assert len(documents(admin)) == 1 and drafts(tmp_path) == [] and len(names(tmp_path / "backups")) == 1


def is_gone(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_shop_leaves_no_child_and_its_next_life_makes_the_backup(asked, tmp_path):
    world, asking = asked
    shop, admin, variables = asking()
    asking.shops.append(shop)
    shop.start()
    child = caught(world, shop, tmp_path)
    shop.kill()
    world.wait_until(lambda: is_gone(child), "the child dies with the shop")
    assert len(drafts(tmp_path)) == 1 and documents(admin) == []
    check = shop.check_store()
    assert check.returncode == 0, check.stdout + check.stderr
    shop.start()
    admin.wait_for(lambda m: m.get("document"), "the backup")
    assert len(documents(admin)) == 1 and drafts(tmp_path) == [] and len(names(tmp_path / "backups")) == 1


def test_a_shop_that_is_stopped_does_not_wait_for_its_child(asked, tmp_path):
    world, asking = asked
    shop, admin, variables = asking()
    asking.shops.append(shop)
    shop.start()
    child = caught(world, shop, tmp_path)
    begin = time.monotonic()
    assert shop.stop() == 0
    assert time.monotonic() - begin < 5
    assert is_gone(child)
    assert len(open_rows(world, variables, "local/")) == 1, "the next start makes it"


def test_memory_and_time_of_a_large_store(sold, tmp_path):
    """100,000 rows: the child's memory does not grow with them."""
    world, _ = sold
    digest, lines = bytes(32), ['{"format":"gigabridge export 1","at":1}']
    for number in range(100000):
        value = json.dumps({"id": number, "pad": hashlib.sha256(str(number).encode()).hexdigest() * 3})
        line = json.dumps({"t": "users", "k": f"{number:08}", "v": value}, separators=(",", ":"))
        digest = hashlib.sha256(digest + line.encode()).digest()
        lines.append(line)
    lines.append(json.dumps({"rows": 100000, "sha256": digest.hex()}))
    (tmp_path / "large.jsonl").write_text("\n".join(lines) + "\n")
    large = environment(tmp_path, STORE_DIRECTORY=tmp_path / "large")
    assert command(world, large, "import", str(tmp_path / "large.jsonl")).returncode == 0
    process = subprocess.Popen([BINARY, "backup", "--config", world.config], env={**os.environ, **large},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak_kb, looks = 0, 0
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status") as about:
            peak = re.search(r"^VmHWM:\s+(\d+) kB", about.read(), re.M)
        peak_kb, looks = max(peak_kb, int(peak.group(1)) if peak else 0), looks + 1
        time.sleep(0.01)
    assert process.returncode == 0 and looks > 3
    assert peak_kb < 16 * 1024 or "asan" in BINARY, peak_kb


def test_the_job_makes_one_and_sends_it(empty_world, tmp_path):
    world, _ = empty_world
    variables = environment(tmp_path, SHOP_ADMINS=900)
    shop = Shop(world, **variables)
    shop.start()
    admin = world.user(900)
    admin.send("/start")
    admin.wait_for("Buy")
    assert command(world, variables, "jobs", "run", "backup").returncode == 0
    admin.wait_for(lambda m: m.get("document"), "the backup")
    assert names(tmp_path / "backups") == [documents(admin)[0]["document"]["name"]]
    assert shop.stop() == 0

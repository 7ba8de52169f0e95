"""Full disks, foreign files, signals, clocks and secrets: what the owner of a shop meets, and what then holds."""
import ctypes
import os
import re
import resource
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from flow import access, buy_with_stars, open_ways, pay_page
from world import BINARY, buttons, said

NO_LIMIT = resource.RLIM_INFINITY


def limit_files(shop, bytes_max):
    """No file of the shop may grow beyond this: a full disk for root and for anybody else."""
    resource.prlimit(shop.process.pid, resource.RLIMIT_FSIZE, (bytes_max, NO_LIMIT))


def test_full_disk_loses_nothing_doubles_nothing_and_says_so_once_a_minute(empty_world):
    world, shop = empty_world
    shop.start()
    anna, boris = world.user("anna"), world.user("boris")
    open_ways(anna)
    pay_page(anna)
    boris.send("/start")
    boris.wait_for("Buy")
    limit_files(shop, 12 * 1024)  # less than the store has; the log stays below
    anna.pay()
    boris.send("/start")
    boris.send("/start")
    world.wait_until(lambda: "store_refuses" in world.log(), "the log says so")
    world.advance(30)
    time.sleep(0.3)  # for what should not happen: a second line
    assert world.log().count("store_refuses") == 1
    world.advance(31)
    world.wait_until(lambda: world.log().count("store_refuses") == 2, "a minute later once more")
    assert len(boris.messages()) == 1 and world.panel_users() == []
    limit_files(shop, NO_LIMIT)
    world.wait_until(lambda: "store_takes_again" in world.log(), "it goes on")
    world.advance(61)
    access(anna)
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all updates are handled")
    world.wait_until(lambda: len(boris.messages()) == 3, "each /start is answered")
    assert shop.stop() == 0
    stats = world.stats()
    assert (stats["pay"]["created"], stats["pay"]["paid"], len(world.panel_users())) == (1, 1, 1)
    check = shop.check_store()
    assert check.returncode == 0 and "paid payments: 1" in check.stdout, check.stdout + check.stderr


def test_ends_in_time_while_the_disk_is_full(empty_world):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    anna.send("/start")
    anna.wait_for("Buy")
    limit_files(shop, 12 * 1024)
    anna.send("/start")
    world.wait_until(lambda: "store_refuses" in world.log(), "the log says so")
    start = time.monotonic()
    assert shop.stop() == 0
    assert time.monotonic() - start < 2
    shop.start()
    # Three when the answer to the first message could not be stored: rather twice than never.
    world.wait_until(lambda: len(anna.messages()) >= 2, "what could not be stored comes again")


# ---- the data directory ----

@pytest.fixture
def ended(empty_world):
    """A shop that has sold, and has ended."""
    world, shop = empty_world
    shop.start()
    buy_with_stars(world.user("anna"))
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all is confirmed")
    assert shop.stop() == 0
    return world, shop


def data_of(world):
    return world.directory / "data"


def on_disk(directory):
    """All but the locks: each start writes its pid into one, and LMDB who reads into the other."""
    return {p.name: (p.stat().st_mode, p.read_bytes()) for p in directory.iterdir()
            if p.name not in ("lock", "store.mdb-lock")}


def refused(world, **more):
    """One start that must fail: what it says."""
    result = subprocess.run([BINARY, "run", "--config", world.config], capture_output=True, text=True,
                            timeout=20, **more)
    assert result.returncode == 1, result.stderr
    assert result.stdout == "" and result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("gigabridge: ")
    return result.stderr


def garbage(store):
    store.write_bytes(b"this is not a store\n" * 5000)


def empty_pages(store):
    store.write_bytes(bytes(16384))


def first_page_lost(store):
    store.write_bytes(store.read_bytes()[4096:])


def cut_to_the_head(store):
    store.write_bytes(store.read_bytes()[:8192])


def cut_in_half(store):
    whole = store.read_bytes()
    store.write_bytes(whole[:len(whole) // 8192 * 4096])


def cut_short(store):
    store.write_bytes(store.read_bytes()[:100])


def of_a_newer_format(store):
    whole = store.read_bytes()
    assert b"gigabridge store 1" in whole
    store.write_bytes(whole.replace(b"gigabridge store 1", b"gigabridge store 2"))


def of_a_newer_schema(store):
    newer, count = re.subn(rb"(schema.{8}\x01)1", rb"\g<1>7", store.read_bytes(), flags=re.S)
    assert count > 0
    store.write_bytes(newer)


@pytest.mark.parametrize("damage,word", [
    (garbage, ""), (empty_pages, ""), (first_page_lost, ""), (cut_to_the_head, ""), (cut_in_half, ""),
    (cut_short, ""), (of_a_newer_format, "newer"), (of_a_newer_schema, "newer")], ids=lambda x: getattr(x, "__name__", ""))
def test_store_that_is_not_ours_or_not_whole_is_refused_and_left_as_it_is(ended, damage, word):
    world, _ = ended
    store = data_of(world) / "store.mdb"
    damage(store)
    before = on_disk(data_of(world))
    told = refused(world)
    assert word in told and ("store.mdb" in told or "data" in told)
    assert on_disk(data_of(world)) == before


def without_rights_of_root():
    """In a child: what a directory's mode forbids is forbidden to root, too."""
    pr_capbset_drop, dac_override, dac_read_search = 24, 1, 2
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    dropped = [prctl(pr_capbset_drop, c, 0, 0, 0) == 0 for c in (dac_override, dac_read_search)]
    if os.geteuid() == 0 and not all(dropped):
        os._exit(99)


@pytest.mark.parametrize("mode,why", [(0o500, "new"), (0o000, "old"), (0o500, "old")])
def test_directory_that_may_not_be_written_is_named(ended, mode, why):
    world, _ = ended
    data = data_of(world)
    if why == "new":
        for file in data.iterdir():
            file.unlink()
    else:
        for file in data.iterdir():
            file.chmod(0o400)
    before = on_disk(data)
    data.chmod(mode)
    try:
        told = refused(world, preexec_fn=without_rights_of_root)
    finally:
        data.chmod(0o700)
    assert str(data) in told and "denied" in told
    assert on_disk(data) == before


def test_directory_that_cannot_be_made_is_named(empty_world):
    world, _ = empty_world
    data_of(world).write_text("no directory")
    assert str(data_of(world)) in refused(world)
    assert data_of(world).read_text() == "no directory"


def test_second_instance_changes_nothing_and_names_the_first(empty_world):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    anna.send("/start")
    anna.wait_for("Buy")
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all is quiet")
    lock = (data_of(world) / "lock").read_text()
    told = refused(world)
    assert str(shop.process.pid) in told and str(data_of(world)) in told
    assert (data_of(world) / "lock").read_text() == lock
    assert shop.stop() == 0


# ---- clocks and races ----

def set_wall_clock(world, by_ms):
    """The wall clock alone, as an administrator or a time server does."""
    with open(world.address["clock_file"], "r+b") as f:
        f.seek(8)
        f.write(by_ms.to_bytes(8, "little", signed=True))


@pytest.mark.parametrize("by_ms", [-86400000, -3000, 3000, 86400000], ids=["day back", "back", "ahead", "day ahead"])
def test_clock_that_jumps_while_an_invoice_waits_loses_no_money(empty_world, by_ms):
    world, shop = empty_world
    shop.start()
    anna, boris = world.user("anna"), world.user("boris")
    open_ways(anna)
    pay_page(anna)
    payment = world.call("GET", "/api/payments")["payments"][0]["id"]
    world.call("POST", f"/api/payments/{payment}", {"status": "paid"})
    set_wall_clock(world, by_ms)
    boris.send("/start")
    boris.wait_for("Buy")
    world.wait_until(lambda: "clock_was_set" in world.log(), "the log says so")

    def delivered():
        world.advance(600)
        return any(m.get("photo") for m in anna.messages())
    world.wait_until(delivered, "link and picture")
    assert len(world.panel_users()) == 1
    assert shop.stop() == 0
    check = shop.check_store()
    assert check.returncode == 0 and "paid payments: 1" in check.stdout, check.stdout + check.stderr


def test_presses_at_once_and_money_confirmed_at_once_count_once(world):
    anna = world.user("anna")
    open_ways(anna)
    message = pay_page(anna)
    payment = world.call("GET", "/api/payments")["payments"][0]["id"]
    label = next(b["data"] for row in message["keyboard"] for b in row if "I have paid" in b["text"])
    world.call("POST", f"/api/payments/{payment}", {"status": "paid"})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: anna.press(data=label, message_id=message["message_id"]), range(8)))
        access(anna)
    world.advance(120)
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all is handled")
    assert sum(bool(m.get("photo")) for m in anna.messages()) == 1
    assert len(world.panel_users()) == 1


def test_sale_after_the_provider_canceled_the_first_invoice_counts_once(empty_world):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    open_ways(anna)
    pay_page(anna)
    payment = world.call("GET", "/api/payments")["payments"][0]["id"]
    world.call("POST", f"/api/payments/{payment}", {"status": "canceled"})
    world.advance(60)
    anna.wait_for(lambda m: not any(b.startswith("Pay ") for b in buttons(m)), "that it is over")
    open_ways(anna)
    pay_page(anna)
    anna.pay()
    anna.press_when_seen("I have paid")
    access(anna)
    assert len(world.panel_users()) == 1
    assert shop.stop() == 0 and shop.check_store().returncode == 0

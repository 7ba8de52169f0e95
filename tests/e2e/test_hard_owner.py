"""Signals, settings read again, secrets: what the owner does to a running shop, and what nobody may read of it."""
import json
import re
import signal
import socket
import stat
import threading
import time

import pytest

from flow import access, buy_with_stars, open_ways, pay_page
from world import buttons, said
from test_hard import NO_LIMIT, limit_files

# ---- signals and settings ----

def rewrite(world, change):
    text = open(world.config).read()
    with open(world.config, "w") as f:
        f.write(change(text))


def hang_up(world, shop, word):
    seen = world.log().count(word)
    shop.process.send_signal(signal.SIGHUP)
    world.wait_until(lambda: world.log().count(word) > seen, word)


def test_sighup_takes_what_may_change_and_names_what_may_not(empty_world):
    world, shop = empty_world
    shop.start()
    world.wait_until(lambda: "shop_is_open" in world.log(), "the first reading is over")
    token = re.search(r"^token *= *(\S+)", open(world.config).read(), re.M).group(1)
    rewrite(world, lambda text: re.sub(r"(?m)^token *=.*", "token = 999999:another-token-of-nobody", text))
    rewrite(world, lambda text: re.sub(r"(?m)^directory *=.*", f"directory = {world.directory}/elsewhere", text))
    rewrite(world, lambda text: re.sub(r"(?m)^(name *= *)Sandbox VPN", r"\1Renamed Shop", text))
    hang_up(world, shop, "config_read_again")
    held = re.findall(r"setting_waits_for_restart section=(\S+) key=(\S+)", world.log())
    assert sorted(held) == [("store", "directory"), ("telegram", "token")]
    anna = world.user("anna")
    anna.send("/start")
    assert "Renamed Shop" in said(anna.wait_for("Buy")), "the new name counts, and the old token still works"
    hang_up(world, shop, "config_read_again")
    buy_with_stars(world.user("boris"))
    assert token not in world.log() and "another-token" not in world.log()
    assert shop.stop() == 0
    assert not (world.directory / "elsewhere").exists()


def test_sighup_while_the_disk_is_full_is_survived(empty_world):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    open_ways(anna)
    limit_files(shop, 12 * 1024)
    rewrite(world, lambda text: text + "\n[location xx]\nname = Elsewhere\n")
    for _ in range(3):
        hang_up(world, shop, "config_read_again")
    limit_files(shop, NO_LIMIT)
    hang_up(world, shop, "config_read_again result=ok")
    pay_page(anna)
    assert shop.stop() == 0


@pytest.mark.parametrize("hangs", ["panel", "pay", "telegram"])
def test_sigterm_in_mid_sale_ends_in_time_and_the_sale_goes_on_later(empty_world, hangs):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    open_ways(anna)
    if hangs == "pay":
        world.fault("pay", "hang")
        anna.press_when_seen("Test")
        world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "the press is handled")
    else:
        pay_page(anna)
        world.fault(hangs, "hang")
        anna.pay()
        anna.press_when_seen("I have paid")
        world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "the press is handled")
    start = time.monotonic()
    assert shop.stop() == 0
    assert time.monotonic() - start < 2
    assert world.stats()["telegram"]["pending_updates"] == 0, "the offset is confirmed"
    world.all_well()
    shop.start()
    if hangs == "pay":
        anna.wait_for(lambda m: any(b.startswith("Pay ") for b in buttons(m)), "the payment page")
        anna.pay()
        anna.press_when_seen("I have paid")
    access(anna)
    assert len(world.panel_users()) == 1 and world.stats()["pay"]["created"] == 1


# ---- secrets ----

def secrets_of(world):
    """All of the settings that must not be read, and the paths by themselves."""
    values = {line.split("=", 1)[0].strip(): line.split("=", 1)[1].strip()
              for line in open(world.config) if "=" in line}
    urls = [values["panel"], values["user_link"]]
    return [values["token"], values["key"], "sandbox-payment-key", *urls, *(u.rsplit("/", 1)[1] for u in urls)]


def test_no_secret_shows_whatever_goes_wrong(empty_world):
    world, shop = empty_world
    shop.start("--set", "log.level=debug")
    secrets = secrets_of(world)
    anna = world.user("anna")
    open_ways(anna)
    pay_page(anna)
    leak = " ".join(secrets)[:200]
    for what in ("500", "502_html", "garbage", "lose_answer", "drop", "429", "400", "403_blocked"):
        for where, more in (("panel", {}), ("pay", {}), ("telegram", {"method": "editMessageText"})):
            if where != "panel" or what not in ("400", "403_blocked"):  # those would be the end of the sale
                world.fault(where, what, 1, text=leak, **more)
    anna.pay()

    def delivered():
        world.advance(61)
        return any(m.get("photo") for m in anna.messages())
    world.wait_until(delivered, "link and picture")
    for what, told in (("400", r"kind=read reason="), ("403_blocked", r"lane_waits lane=panel\S* why=\"HTTP 403")):
        world.all_well()
        world.fault("panel", what, 50, text=leak)  # enough for the jobs of the hour too
        world.advance(61)  # what was read before is stale
        anna.press_when_seen("My subscriptions")
        anna.press_when_seen("Germany")
        world.wait_until(lambda told=told: re.search(told, world.log()), f"the panel refuses: {what}")
    shop.process.send_signal(signal.SIGHUP)
    world.wait_until(lambda: "config_read_again" in world.log(), "the settings are read again")
    secrets += [u["uuid"] for u in world.panel_users()]
    process = f"/proc/{shop.process.pid}/"
    shown = world.log() + open(process + "cmdline").read() + open(process + "environ").read()
    assert shop.stop() == 0
    check = shop.check_store()
    shown += world.log() + check.stdout + check.stderr
    for secret in secrets:
        assert secret not in shown
    told = json.dumps([anna.messages(), anna.chat()["alerts"]])
    for secret in secrets[:3]:
        assert secret not in told


def test_faults_of_the_settings_quote_no_secret(empty_world):
    world, shop = empty_world
    secret = "123456:tail-of-a-token-that-is-long"
    rewrite(world, lambda text: re.sub(r"(?m)^token *=.*", f"token = {secret} and more", text)
            .replace("key = 5a4d", "key = 99995a4d"))
    check = shop.check_store()
    assert check.returncode == 2 and "token" in check.stderr and "key" in check.stderr
    assert "tail-of-a-token" not in check.stderr and "99995a4d" not in check.stderr


def test_files_are_for_the_owner_alone(empty_world):
    world, shop = empty_world
    shop.start()
    buy_with_stars(world.user("anna"))
    data = world.directory / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in data.iterdir()}
    assert {"store.mdb", "lock", "inhand"} <= set(modes)
    assert set(modes.values()) == {0o600}, modes


# ---- the sandbox's own end ----

def test_answers_given_before_the_sandbox_ends_arrive_whole(empty_world):
    world, _ = empty_world
    for _ in range(200):
        world.user("anna").send("x" * 4000)
    address = world.address["control"].removeprefix("http://").split(":")
    lengths = []

    def ask(line):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect((address[0], int(address[1])))
            s.sendall(f"{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            raw = b"".join(iter(lambda: s.recv(65536), b""))
        head, _, body = raw.partition(b"\r\n\r\n")
        lengths.append((int(re.search(rb"Content-Length: (\d+)", head).group(1)), len(body)))

    chat = threading.Thread(target=ask, args=("GET /api/user/anna/chat",))
    chat.start()
    time.sleep(0.05)  # the chat is under way; too short or too long only makes the test easier
    ask("POST /api/shutdown")
    chat.join(timeout=10)
    assert len(lengths) == 2 and all(told == came for told, came in lengths), lengths

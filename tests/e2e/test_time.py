"""What time brings, on a shop whose clock is moved: reminders, the end, removal, drift; each once."""
import datetime
import json
import os
import random
import subprocess
import time

from flow import buy_with_stars, buy_with_test_provider
from world import BINARY, buttons, said

MOSCOW = datetime.timezone(datetime.timedelta(hours=3))
DAY = 86400


class Clock:
    """The wall clock of a world that is only moved by its test; it begins at noon in Moscow, so that what happens does
    not depend on when the test is run."""

    def __init__(self, world):
        self.world, self.moved = world, 0
        self.go_to(self.nine(self.now(), 1) + 3 * 3600)

    def now(self):
        return time.time() + self.moved

    def go_to(self, instant):
        seconds = instant - self.now()
        assert seconds > 0, "time goes forward"
        self.moved += seconds
        self.world.advance(seconds)

    def nine(self, instant, days):
        """09:00 in Moscow, so many days from that instant's day."""
        day = datetime.datetime.fromtimestamp(instant, MOSCOW).replace(hour=9, minute=0, second=0, microsecond=0)
        return (day + datetime.timedelta(days=days)).timestamp()


def news(user, word):
    return [m for m in user.messages() if word in said(m)]


def panel_user(world):
    users = world.panel_users()
    assert len(users) == 1
    return users[0]


def test_a_life_from_purchase_to_removal(world):
    clock = Clock(world)
    anna = world.user("anna")
    buy_with_test_provider(anna)
    end = clock.now() + 30 * DAY
    assert panel_user(world)["enable"]

    clock.go_to(clock.nine(end, -3) + 5)
    reminder = anna.wait_for("Renew it to stay connected")
    assert any("Renew" in b for b in buttons(reminder)) and any("Do not remind" in b for b in buttons(reminder))
    clock.go_to(clock.nine(end, -1) + 5)
    world.wait_until(lambda: len(news(anna, "Renew it to stay connected")) == 2, "the day before")

    clock.go_to(end + 10)
    anna.wait_for("the subscription has ended")
    world.wait_until(lambda: not panel_user(world)["enable"], "switched off on the panel")
    anna.send("/my")
    anna.press_when_seen("⚪")
    anna.wait_for("Germany")

    clock.go_to(clock.nine(end + 7 * DAY, -3) + 5)
    anna.wait_for("about to be removed")
    clock.go_to(clock.nine(end + 7 * DAY, -1) + 5)
    world.wait_until(lambda: len(news(anna, "about to be removed")) == 2, "the second warning")
    clock.go_to(end + 7 * DAY + 10)
    world.wait_until(lambda: world.panel_users() == [], "removed from the panel")
    assert len(news(anna, "the subscription has ended")) == 1
    assert len(news(anna, "about to be removed")) == 2
    reminders = len(news(anna, "Renew it to stay connected"))
    same_day = clock.nine(end, 0) < end  # else there is no nine o'clock left on the last day
    assert reminders in ((2, 3) if same_day else (2,))


def test_who_presses_do_not_remind_hears_of_the_end_alone(world):
    clock = Clock(world)
    boris = world.user("boris")
    buy_with_stars(boris)
    end = clock.now() + 30 * DAY
    clock.go_to(clock.nine(end, -3) + 5)
    boris.wait_for("Renew it to stay connected")
    boris.press("Do not remind me")
    boris.wait_for("Reminders are off")
    clock.go_to(clock.nine(end, -1) + 60)
    clock.go_to(end + 10)
    boris.wait_for("the subscription has ended")
    assert news(boris, "Renew it to stay connected") == []  # the one there was became the settings


def test_a_shop_that_was_away_catches_up_once(empty_world):
    world, shop = empty_world
    shop.start()
    clock = Clock(world)
    users = [world.user(f"buyer{i}") for i in range(3)]
    for user in users:
        buy_with_test_provider(user)
    end = clock.now() + 30 * DAY
    shop.kill()
    clock.go_to(clock.nine(end, -1) + 3600)  # three days and one day were to be told
    shop.start()
    for user in users:
        user.wait_for("Renew it to stay connected")
    shop.kill()
    clock.go_to(end + DAY)
    shop.start()
    for user in users:
        user.wait_for("the subscription has ended")
    world.wait_until(lambda: not any(u["enable"] for u in world.panel_users()), "all are switched off")
    for _ in range(3):  # whatever was in hand, nothing is said twice
        shop.kill()
        shop.start()
    time.sleep(0.5)
    for user in users:
        assert len(news(user, "Renew it to stay connected")) == 1
        assert len(news(user, "the subscription has ended")) == 1
    shop.stop()
    check = shop.check_store()
    assert check.returncode == 0, check.stdout + check.stderr


def test_killed_every_day_of_its_life(empty_world):
    """Nothing is forgotten, nothing reminded of twice, however often and whenever the shop is killed."""
    world, shop = empty_world
    shop.start()
    clock = Clock(world)
    seed = int(os.environ.get("SEED", time.time_ns() % 10**9))
    print("seed", seed)
    chance = random.Random(seed)
    users = [world.user(f"buyer{i}") for i in range(3)]
    for user in users:
        buy_with_stars(user)
    end = clock.now() + 30 * DAY
    while clock.now() < end + 8 * DAY:
        clock.go_to(clock.now() + chance.uniform(0.2, 1.4) * DAY)
        time.sleep(chance.choice([0, 0.01, 0.03, 0.1]))
        shop.kill()
        shop.start()
    for _ in range(4):  # who was ended or warned late, between two kills, is removed a day later
        clock.go_to(clock.now() + DAY)
        time.sleep(0.1)
    world.wait_until(lambda: world.panel_users() == [], "removed from the panel")
    for user in users:
        reminders = [said(m) for m in news(user, "Renew it to stay connected")]
        assert len(reminders) <= 3 and len(set(reminders)) == len(reminders), f"seed {seed}: {reminders}"
        user.wait_for("the subscription has ended")
    shop.stop()
    check = shop.check_store()
    assert check.returncode == 0, check.stdout + check.stderr


# ---- the panel, and what another hand has changed on it

OWNER = 900


def sold(world, shop):
    """A shop with an owner, and one subscription sold; half an hour later the panel was looked at."""
    shop.start("--set", f"shop.admins={OWNER}")
    clock = Clock(world)
    owner = world.user(OWNER, "en")
    owner.send("/start")
    owner.wait_for("Buy")
    anna = world.user("anna")
    buy_with_test_provider(anna)
    return clock, owner, anna


def synced(world, clock):
    """The panels have been asked for all their users once more."""
    done = world.log().count("job=panel_sync ")
    clock.go_to(clock.now() + 31 * 60)
    world.wait_until(lambda: world.log().count("job=panel_sync ") > done, "the panels are asked")


def hand(world, method, uuid, change=None):
    world.call(method, f"/api/panel/users/{uuid}", change)


def test_a_user_who_is_gone_from_the_panel_is_made_again(empty_world):
    world, shop = empty_world
    clock, owner, _ = sold(world, shop)
    before = panel_user(world)
    hand(world, "DELETE", before["uuid"])
    assert world.panel_users() == []
    synced(world, clock)
    world.wait_until(lambda: len(world.panel_users()) == 1, "made again")
    after = panel_user(world)
    assert after["uuid"] == before["uuid"] and after["usage_limit_GB"] == before["usage_limit_GB"]
    owner.wait_for("Missing: 1, mended")
    synced(world, clock)
    synced(world, clock)
    time.sleep(0.3)
    assert len(news(owner, "Missing: 1")) == 1


def test_another_last_day_is_mended_and_a_hand_that_switched_off_is_only_told(empty_world):
    world, shop = empty_world
    clock, owner, _ = sold(world, shop)
    user = panel_user(world)
    hand(world, "POST", user["uuid"], {"package_days": 400, "start_date": user["start_date"]})
    synced(world, clock)
    world.wait_until(lambda: panel_user(world)["package_days"] == user["package_days"], "mended")
    owner.wait_for("Another last day: 1, mended")
    hand(world, "POST", user["uuid"], {"enable": False})
    synced(world, clock)
    owner.wait_for("Switched off by hand: 1")
    synced(world, clock)
    time.sleep(0.3)
    assert not panel_user(world)["enable"]
    assert len(news(owner, "Switched off by hand: 1")) == 1


def test_traffic_seen_by_the_sync_is_told_at_its_marks(empty_world):
    world, shop = empty_world
    clock, _, anna = sold(world, shop)
    clock.go_to(clock.nine(clock.now(), 1) + 7200)  # eleven in the morning: nobody sleeps
    world.call("POST", "/api/panel/use", {"uuid": panel_user(world)["uuid"], "bytes": 41 << 30})
    synced(world, clock)
    anna.wait_for("80% of the traffic is used")
    world.call("POST", "/api/panel/use", {"uuid": panel_user(world)["uuid"], "bytes": 8 << 30})
    synced(world, clock)
    anna.wait_for("95% of the traffic is used")
    synced(world, clock)
    time.sleep(0.3)
    assert len(news(anna, "of the traffic is used")) == 2


def test_a_server_that_is_silent_is_told_once_and_when_it_is_back(empty_world):
    world, shop = empty_world
    clock, owner, _ = sold(world, shop)
    world.panel("refuse")
    for _ in range(8):
        clock.go_to(clock.now() + 301)
        time.sleep(0.15)
    owner.wait_for("has not answered for")
    world.panel("up")
    for _ in range(4):
        clock.go_to(clock.now() + 301)
        time.sleep(0.15)
    owner.wait_for("answers again")
    assert len(news(owner, "has not answered for")) == 2  # of each of the two servers, once
    world.call("POST", "/api/panel/machine", {"cpu_percent": 99})
    for _ in range(4):
        clock.go_to(clock.now() + 301)
        time.sleep(0.15)
    owner.wait_for("under load: CPU 99%")


def test_the_digest_comes_in_the_morning(empty_world):
    world, shop = empty_world
    clock, owner, _ = sold(world, shop)
    clock.go_to(clock.nine(clock.now(), 1) + 6 * 60)
    digest = owner.wait_for("Orders paid: 1")
    assert "Subscriptions begun: 1" in said(digest) and "Income: " in said(digest)


def test_renewed_under_the_same_link(world):
    clock = Clock(world)
    anna = world.user("anna")
    buy_with_test_provider(anna)
    before = panel_user(world)
    clock.go_to(clock.nine(clock.now() + 30 * DAY, -3) + 5)
    anna.wait_for("Renew it to stay connected")
    anna.press("Renew")
    anna.press_when_seen("30 days")
    anna.press_when_seen("Test")
    anna.wait_for(lambda m: any(b.startswith("Pay ") for b in buttons(m)), "the payment page")
    anna.pay()
    anna.press_when_seen("I have paid")
    anna.wait_for("The link is the same")
    after = panel_user(world)
    assert after["uuid"] == before["uuid"]
    assert after["package_days"] > before["package_days"] or after["start_date"] != before["start_date"]
    assert after["usage_limit_GB"] == 2 * before["usage_limit_GB"]


def test_a_bad_schedule_is_refused_with_its_place(tmp_path):
    config = tmp_path / "bad.ini"
    config.write_text("[telegram]\ntoken = 123456:abcdefghijklmnop\n[schedule]\npanel_sync = 61 * * * *\n"
                      "digest = 0 9 30 2 *\nbackup = every now and then\n[reminders]\nquiet = late\n")
    result = subprocess.run([BINARY, "run", "--config", str(config)], capture_output=True, text=True, timeout=20)
    assert result.returncode == 2
    for line, word in [(4, "panel_sync"), (5, "digest"), (6, "backup"), (8, "quiet")]:
        assert any(f"bad.ini:{line}:" in text and word in text for text in result.stderr.splitlines()), result.stderr
    assert "minute" in result.stderr


def test_the_owner_sees_and_runs_the_jobs_from_the_command_line(empty_world):
    world, shop = empty_world
    clock, owner, _ = sold(world, shop)

    def jobs(*words):
        return subprocess.run([BINARY, "jobs", *words, "--config", world.config], capture_output=True, text=True,
                              timeout=20, env=shop.environment)

    listed = json.loads(jobs("list", "--json").stdout)
    assert {job["id"] for job in listed["jobs"]} >= {
        "subscription_check", "subscription_reminders", "panel_sync", "server_checks", "payments_cleanup", "backup",
        "digest"}
    assert {lane["id"] for lane in listed["lanes"]} == {"payment_check", "provision_retry"}
    assert jobs("run", "digest").returncode == 0
    owner.wait_for("New users:")
    world.wait_until(lambda: "done" in jobs("history", "digest").stdout, "its run is over")
    assert jobs("pause", "panel_sync").returncode == 0
    clock.go_to(clock.now() + 7200)
    time.sleep(0.3)
    assert "job=panel_sync " not in world.log()
    assert jobs("resume", "panel_sync").returncode == 0
    clock.go_to(clock.now() + 1900)
    world.wait_until(lambda: "job=panel_sync " in world.log(), "it goes on")

"""kill -9 at random moments of the whole buy flow: nothing lost, nothing doubled."""
import os
import random
import threading
import time

import pytest

from flow import buy_with_stars, buy_with_test_provider
from shop import Shop

KILLS = int(os.environ.get("KILLS", "200"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
BUYERS_AT_ONCE = 6


class Buyers:
    """Purchases that go on and on, in threads, until told to stop; each must complete."""

    def __init__(self, world):
        self.world, self.enough, self.done, self.failures = world, threading.Event(), [], []
        self.threads = [threading.Thread(target=self._buy, args=(n,)) for n in range(BUYERS_AT_ONCE)]

    def _buy(self, number):
        round_ = 0
        while not self.enough.is_set():
            round_ += 1
            user = self.world.user(f"buyer{number}x{round_}", random.choice(["en"]))
            way = (buy_with_test_provider, buy_with_stars)[(number + round_) % 2]
            try:
                way(user)
                self.done.append(user.name)
            except Exception as error:  # noqa: BLE001 - reported by the test, with the seed
                self.failures.append(f"{user.name}: {error}")
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        for thread in self.threads:
            thread.join(timeout=120)
        self.failures += [f"{t.name} hangs" for t in self.threads if t.is_alive()]


def sell_and_kill(world, shop, kills):
    """Purchases that go on while the shop dies so often; then everything adds up."""
    print("seed", SEED)
    chance = random.Random(SEED)
    shop.start()
    with Buyers(world) as buyers:
        for _ in range(kills):
            # Short and long lives: in the start, in the middle of a turn, between two presses.
            time.sleep(chance.choice([chance.uniform(0, 0.02), chance.uniform(0, 0.1), chance.uniform(0.05, 0.3)]))
            shop.kill()
            shop.start()
            if buyers.failures:
                break
    assert buyers.failures == [], f"seed {SEED}"
    assert shop.starts >= kills + 1
    assert len(buyers.done) >= BUYERS_AT_ONCE

    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all updates confirmed")
    assert shop.stop() == 0
    all_was_sold_once(world, shop, buyers)


def all_was_sold_once(world, shop, buyers):
    users = world.panel_users()
    assert len(users) == len(buyers.done), f"seed {SEED}: panel users against sales"
    assert len({u["uuid"] for u in users}) == len(users)
    credits = world.stats()
    assert credits["pay"]["paid"] + credits["telegram"]["stars_paid"] == len(buyers.done), f"seed {SEED}"
    check = shop.check_store()
    assert check.returncode == 0, f"seed {SEED}: {check.stdout}{check.stderr}"
    assert f"paid payments: {len(buyers.done)}" in check.stdout
    assert f"subscriptions: {len(buyers.done)}" in check.stdout


def test_sales_complete_once_whatever_is_killed(empty_world):
    world, shop = empty_world
    sell_and_kill(world, shop, KILLS)


@pytest.mark.parametrize("backend", ["redis", "mixed"])
def test_sales_complete_once_with_a_redis_too(empty_world, redis, backend):
    world, _ = empty_world
    sell_and_kill(world, Shop(world, **redis.environment(backend)), max(10, KILLS // 5))

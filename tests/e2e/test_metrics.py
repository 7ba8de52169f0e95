"""Figures for Prometheus, and a word for a balancer."""
import re
import urllib.error
import urllib.request

from flow import buy_with_stars
from redis_server import free_port
from shop import Shop
from world import PATIENCE_S


def get(port, path):
    """Status and text."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def figures(port):
    status, text = get(port, "/metrics")
    assert status == 200
    for line in text.splitlines():
        assert re.fullmatch(r"# TYPE gigabridge_\w+ (counter|gauge)|gigabridge_\w+(\{(lane|event)=\"[a-z0-9:. _-]+\"\})? -?\d+", line)
    return {name: int(value) for name, value in re.findall(r"^gigabridge_(\S+) (-?\d+)$", text, re.M)}


def test_figures_follow_what_happens(empty_world):
    world, shop = empty_world
    port = free_port()
    shop.start("--set", f"metrics.listen=127.0.0.1:{port}")
    world.wait_until(lambda: "shop_is_open" in world.log(), "the shop is open")
    before = figures(port)
    buy_with_stars(world.user("anna"))
    after = figures(port)
    for name in ("turns_total", "events_total", "calls_sent_total", "lmdb_syncs_total", "lmdb_changes_total"):
        assert after[name] > before[name], name
    assert after['lane_failures{lane="telegram"}'] == 0
    assert after["on_duty"] == 1
    assert 1 << 20 < after["resident_bytes"]
    assert get(port, "/health") == (200, "well\n")
    assert get(port, "/")[0] == 404
    assert shop.stop() == 0


def test_trouble_with_the_store_is_seen_from_outside(empty_world, redis):
    world, _ = empty_world
    port = free_port()
    shop = Shop(world, **redis.environment())
    shop.start("--set", f"metrics.listen=127.0.0.1:{port}")
    buy_with_stars(world.user("anna"))
    assert figures(port)["redis_connected"] == 1
    redis.end()
    world.user("boris").send("/start")
    world.wait_until(lambda: get(port, "/health")[0] == 503, "it is said that the store refuses")
    trouble = figures(port)
    assert trouble["store_refuses"] == 1 and trouble["redis_connected"] == 0
    redis.start()
    world.wait_until(lambda: get(port, "/health")[0] == 200, "it is well again")
    world.user("boris").wait_for("Buy")
    assert shop.stop() == 0

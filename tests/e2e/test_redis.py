"""The shop on a real Redis: it sells, it survives what happens to the server, it loses nothing."""
import re
import signal

import pytest

from flow import access, buy_with_stars, buy_with_test_provider, open_ways, pay_page
from redis_server import Door, RedisServer
from shop import Shop
from world import ROOT


@pytest.fixture
def on_redis(empty_world, redis):
    world, _ = empty_world
    shop = Shop(world, **redis.environment())
    shop.start()
    yield world, shop, redis
    if shop.process is not None:
        assert shop.stop() == 0
    check = shop.check_store()
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_sale_ends_in_four_databases(on_redis):
    world, shop, redis = on_redis
    anna = world.user("anna")
    buy_with_test_provider(anna)
    buy_with_stars(world.user("boris"))
    assert len(world.panel_users()) == 2
    user = redis.ask("--scan", "--pattern", "users:*", db=3).splitlines()
    assert len(user) == 2
    number = user[0].partition(":")[2]
    assert redis.ask("TTL", f"fsm:{number}:{number}:data") not in ("-1", "-2")
    assert redis.ask("EXISTS", "locations:", db=1) == "1"
    assert redis.ask("DBSIZE", db=2) != "0"
    assert redis.ask("ZCARD", "_index:payments", db=3) == "2"


def test_a_server_that_goes_and_comes_loses_nothing(on_redis):
    world, shop, redis = on_redis
    anna = world.user("anna")
    open_ways(anna)
    pay_page(anna)
    anna.pay()
    redis.end()
    boris = world.user("boris")
    boris.send("/start")
    world.wait_until(lambda: "store_refuses" in world.log(), "the shop says that its store is away")
    redis.start()
    boris.wait_for("Buy")
    anna.press("I have paid")
    access(anna)
    assert "store_takes_again" in world.log()
    assert len(world.panel_users()) == 1


def test_a_server_that_sleeps_is_waited_for(on_redis):
    world, shop, redis = on_redis
    anna = world.user("anna")
    open_ways(anna)
    boris = world.user("boris")
    with redis.asleep(seconds=2.5):
        boris.send("/start")
        world.wait_until(lambda: "store_refuses" in world.log(), "the shop gives up waiting for a while")
    boris.wait_for("Buy")
    pay_page(anna)
    anna.pay()
    anna.press_when_seen("I have paid")
    access(anna)
    assert len(world.panel_users()) == 1


def test_a_full_server_is_survived(on_redis):
    world, shop, redis = on_redis
    anna = world.user("anna")
    open_ways(anna)
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    boris = world.user("boris")
    boris.send("/start")
    world.wait_until(lambda: "store_refuses" in world.log(), "the shop says that its store is full")
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    boris.wait_for("Buy")
    pay_page(anna)
    anna.pay()
    anna.press_when_seen("I have paid")
    access(anna)


def test_a_shop_that_cannot_have_its_redis_says_why_and_ends(empty_world, redis):
    world, _ = empty_world
    redis.ask("CONFIG", "SET", "requirepass", "geheim-1")
    shop = Shop(world, **redis.environment(), REDIS_PASSWORD="geheim-2")
    shop.start()
    assert shop.process.wait(timeout=20) == 1
    shop.process = None
    assert "gigabridge: data: " in world.log() and "password" in world.log().lower()
    assert "geheim" not in world.log()
    shop = Shop(world, **redis.environment(), REDIS_PASSWORD="geheim-1")
    shop.start()
    world.user("anna").send("/start")
    world.user("anna").wait_for("Buy")
    assert shop.stop() == 0


def test_mixed_keeps_records_here_and_dialogs_there(empty_world, redis):
    world, _ = empty_world
    shop = Shop(world, **redis.environment("mixed"))
    shop.start()
    anna = world.user("anna")
    open_ways(anna)
    assert redis.ask("DBSIZE", db=3) == "1"  # what marks the format
    assert [key for key in redis.ask("KEYS", "fsm:*:state").splitlines()]
    redis.end()
    world.user("boris").send("/start")
    world.wait_until(lambda: "store_refuses" in world.log(), "the shop says that its dialogs are away")
    redis.start()
    pay_page(anna)
    anna.pay()
    anna.press_when_seen("I have paid")
    access(anna)
    world.user("boris").wait_for("Buy")
    assert shop.stop() == 0
    check = shop.check_store()
    assert check.returncode == 0, check.stdout + check.stderr
    assert "subscriptions: 1" in check.stdout


def test_a_failover_to_a_replica_loses_nothing(empty_world, redis, tmp_path):
    """The primary dies, its replica is promoted and takes its address, as a proxy or a moved IP would have it."""
    world, _ = empty_world
    replica = RedisServer(tmp_path / "replica", "--replicaof", "127.0.0.1", str(redis.port))
    door = Door(redis.port)
    shop = Shop(world, **{**redis.environment(), "REDIS_PORT": str(door.port)})
    try:
        shop.start()
        anna = world.user("anna")
        open_ways(anna)
        pay_page(anna)
        anna.pay()
        redis.ask("WAIT", "1", "5000")
        door.leads_to(replica.port)  # not yet promoted: it takes no changes
        boris = world.user("boris")
        boris.send("/start")
        world.wait_until(lambda: "it is a replica" in world.log(), "the shop says what it has found")
        redis.end(signal.SIGKILL)
        replica.ask("REPLICAOF", "NO", "ONE")
        boris.wait_for("Buy")
        anna.press("I have paid")
        access(anna)
        assert shop.stop() == 0
        check = shop.check_store()
        assert check.returncode == 0, check.stdout + check.stderr
        assert len(world.panel_users()) == 1
    finally:
        if shop.process is not None:
            shop.stop()
        door.close()
        replica.close()


def test_replies_cut_off_in_the_middle_lose_nothing(empty_world, redis):
    world, _ = empty_world
    door = Door(redis.port)
    shop = Shop(world, **{**redis.environment(), "REDIS_PORT": str(door.port)})
    try:
        shop.start()
        world.user("anna").send("/start")
        world.user("anna").wait_for("Buy")
        door.cut_every(25)  # the 25th piece that comes back is halved, and the connection closed
        buy_with_test_provider(world.user("boris"))
        buy_with_stars(world.user("clara"))
        assert door.cuts > 3
        door.cut_every(0)
        assert shop.stop() == 0
        check = shop.check_store()
        assert check.returncode == 0, check.stdout + check.stderr
        assert len(world.panel_users()) == 2
    finally:
        if shop.process is not None:
            shop.stop()
        door.close()


def test_the_permissions_in_the_docs_are_enough(empty_world, redis):
    world, _ = empty_world
    docs = (ROOT / "docs" / "redis.md").read_text()
    command = re.search(r"^ACL SETUSER bot .*?(?=^```)", docs, re.M | re.S).group(0).replace("PASSWORD", "geheim")
    assert redis.ask(*command.split()) == "OK"
    shop = Shop(world, **redis.environment(), GIGABRIDGE_REDIS_USER="bot", REDIS_PASSWORD="geheim")
    shop.start()
    buy_with_stars(world.user("anna"))
    assert shop.stop() == 0
    assert "may not" not in world.log() and "ACL" not in world.log()

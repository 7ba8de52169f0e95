"""Updates that are brought to the shop by HTTP instead of being fetched."""
import concurrent.futures
import http.client
import json
import os
import random
import re
import socket
import time
import urllib.parse

import pytest

from flow import buy_with_stars, buy_with_test_provider
from shop import Shop
from test_kill import BUYERS_AT_ONCE, SEED, Buyers
from world import PATIENCE_S, World

KILLS = int(os.environ.get("KILLS", "30"))


@pytest.fixture
def pushed(tmp_path):
    """A sandbox without a shop, and a shop not yet started that takes updates by webhook."""
    world = World(tmp_path / "w", "--world-only", "--webhook")
    shop = Shop(world)
    yield world, shop
    if shop.process is not None:
        shop.stop()
    world.close()


def bot_api(world, method, **parameters):
    token = re.search(r"^token = (\S+)$", open(world.config).read(), re.M).group(1)
    host = urllib.parse.urlsplit(world.address["telegram"])
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=PATIENCE_S)
    connection.request("POST", f"/bot{token}/{method}", json.dumps(parameters), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def webhook_of(world):
    return bot_api(world, "getWebhookInfo")["result"]


def is_set(world):
    return "webhook_is_set" in world.log()


def hook_address(world):
    url = urllib.parse.urlsplit(world.address["webhook"])
    return url.hostname, url.port, url.path


def post(world, body=b"", path=None, method="POST", **headers):
    """Status of one request at the shop's door; None: it closed the connection."""
    host, port, own_path = hook_address(world)
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request(method, path or own_path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse().status
    except (http.client.HTTPException, ConnectionError):
        return None
    finally:
        connection.close()


def raw(world, data, slices=1, pause_s=0.0):
    """What comes back for these bytes, sent in so many pieces."""
    host, port, _ = hook_address(world)
    with socket.create_connection((host, port), timeout=PATIENCE_S) as connection:
        size = max(1, len(data) // slices)
        try:
            for at in range(0, len(data), size):
                connection.sendall(data[at:at + size])
                time.sleep(pause_s)
            return connection.recv(200)
        except ConnectionError:
            return b""


def with_secret(world, secret):
    """The shop's config with a secret we know."""
    config = open(world.config).read()
    with open(world.config, "w") as file:
        file.write(config.replace("[webhook]\n", f"[webhook]\nsecret = {secret}\n"))
    return {"X_Telegram_Bot_Api_Secret_Token": secret}


@pytest.fixture
def pushed_world(tmp_path):
    """A sandbox with its shop running, which takes updates by webhook."""
    world = World(tmp_path / "w", "--webhook")
    yield world
    world.close()


def test_purchases_work_over_a_webhook(pushed_world):
    world = pushed_world
    buy_with_test_provider(world.user("anna"))
    buy_with_stars(world.user("boris"))
    stats = world.stats()["telegram"]
    assert len(world.panel_users()) == 2
    assert stats["refused"] == []
    assert "getUpdates" not in stats["calls"]
    info = webhook_of(world)
    assert info["url"] == world.address["webhook"]
    assert info["max_connections"] == 40


def test_an_update_counts_once_although_its_200_is_lost(pushed):
    world, shop = pushed
    shop.start()
    world.fault("telegram", "lose_answer", 5, method="webhook", skip=1)
    buy_with_stars(world.user("anna"))
    stats = world.stats()
    assert stats["faults_planned"] == 0, "the fault hit nobody"
    assert stats["telegram"]["stars_paid"] == 1
    assert len(world.panel_users()) == 1


def test_who_does_not_know_the_secret_changes_nothing(pushed):
    world, shop = pushed
    shop.start()
    world.wait_until(lambda: is_set(world), "the webhook is set")
    update = json.dumps({"update_id": 5, "message": {
        "message_id": 1, "date": 1, "chat": {"id": 77, "type": "private"},
        "from": {"id": 77, "is_bot": False, "first_name": "Mallory"}, "text": "/start"}}).encode()
    assert post(world, update) == 401
    for _ in range(20):
        assert post(world, update, X_Telegram_Bot_Api_Secret_Token="0" * 64) == 401
    assert post(world, update, path="/") == 404
    assert post(world, method="GET") == 405
    assert shop.stop() == 0
    assert world.log().count("webhook_stranger") == 1, "one line a minute"
    assert "sendMessage" not in world.stats()["telegram"]["calls"]
    assert "users: 0" in shop.check_store().stdout


def test_derived_secret_is_the_same_after_a_restart_and_in_no_log(pushed):
    world, shop = pushed
    shop.start()
    world.wait_until(lambda: is_set(world), "the webhook is set")
    assert shop.stop() == 0
    assert webhook_of(world)["url"] == world.address["webhook"], "it stays set"
    anna = world.user("anna")
    anna.send("/start")  # waits at Telegram
    assert world.stats()["telegram"]["pending_updates"] == 1
    shop.start()
    anna.wait_for("Buy")
    assert not re.search(r"[0-9a-f]{64}", world.log())


def test_stops_within_two_seconds_and_answers_what_is_in_hand(pushed):
    world, shop = pushed
    shop.start()
    users = [world.user(f"user{n}") for n in range(8)]
    users[0].send("/start")
    users[0].wait_for("Buy")
    for user in users[1:]:
        user.send("/start")
    start = time.monotonic()
    assert shop.stop() == 0
    assert time.monotonic() - start < 2
    shop.start()
    for user in users:
        user.wait_for("Buy")
        assert len(user.messages()) == 1, "nobody is greeted twice"


def test_change_to_long_polling_and_back_loses_nothing(pushed):
    world, shop = pushed
    pushed_config = open(world.config).read()
    polling_config = re.sub(r"\[webhook\]\n(.+\n)+", "", pushed_config)
    assert polling_config != pushed_config
    anna = world.user("anna")
    for round_, config in enumerate([pushed_config, polling_config, pushed_config]):
        with open(world.config, "w") as file:
            file.write(config)
        anna.send("/start")
        shop.start()
        if config is polling_config:
            world.wait_until(lambda: "webhook_is_in_the_way" in world.log(), "the webhook is noticed")
            world.wait_until(lambda: webhook_of(world)["url"] == "", "the webhook is taken away")
            world.advance(6)
        world.wait_until(lambda: len(anna.messages()) == round_ + 1, "she is answered")
        buy_with_stars(world.user(f"buyer{round_}"))
        assert shop.stop() == 0
    assert len(anna.messages()) == 3
    assert len(world.panel_users()) == 3


def test_webhook_that_somebody_took_away_is_set_again(pushed):
    world, shop = pushed
    shop.start()
    world.wait_until(lambda: is_set(world), "the webhook is set")
    assert bot_api(world, "deleteWebhook")["ok"]
    world.advance(40)  # nobody is there to tell it but its own clock
    post(world, method="GET")
    world.wait_until(lambda: webhook_of(world)["url"] == world.address["webhook"], "it is set again")
    assert "webhook_was_changed" in world.log()
    buy_with_stars(world.user("anna"))


GARBAGE = [
    b"", b"{", b"null", b"[]", b"{}", b"42", b'"text"', b"\xff\xfe\x00\x00", b"{}" * 1000, b"[" * 100000,
    b'{"update_id":"five"}', b'{"update_id":-1}', b'{"update_id":1e300,"message":{}}',
    b'{"update_id":6,"message":[]}', b'{"update_id":7,"message":{"text":"no chat"}}',
    b'{"update_id":8,"message":{"chat":{"id":"text"},"from":{"id":{}},"text":5}}',
    b'{"update_id":9,"never_heard_of":{}}', b'{"update_id":10,"message":{"text":"\\u0000\\ud83d"}}',
    b'{"update_id":11,"message":' + b'{"reply_to_message":' * 500 + b"{}" + b"}" * 501,
    json.dumps({"update_id": 12, "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"},
                                             "from": {"id": 5, "is_bot": False, "first_name": "x"},
                                             "text": "y" * 500000}}).encode(),
    b'{"update_id":13,"x":[' + b"1," * 400000 + b"1]}",
]


def test_garbage_is_passed_over_with_200_and_does_not_come_again(pushed):
    world, shop = pushed
    secret = with_secret(world, "known-to-the-test")
    shop.start()
    world.wait_until(lambda: is_set(world), "the webhook is set")
    for body in GARBAGE:
        assert post(world, body, **secret) == 200, body[:60]
    assert post(world, b"x" * (1 << 20), **secret) == 200
    too_large = f"POST {hook_address(world)[2]} HTTP/1.1\r\nHost: x\r\nContent-Length: {(1 << 20) + 1}\r\n\r\n"
    assert raw(world, too_large.encode()).startswith(b"HTTP/1.1 413 ")
    buy_with_stars(world.user("anna"))
    assert shop.stop() == 0
    assert shop.check_store().returncode == 0


def test_fifty_slow_and_broken_callers_hold_up_nobody(pushed):
    world, shop = pushed
    with_secret(world, "known-to-the-test")
    shop.start()
    world.wait_until(lambda: is_set(world), "the webhook is set")
    _, _, path = hook_address(world)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Telegram-Bot-Api-Secret-Token: known-to-the-test\r\n".encode()
    body = b'{"update_id":3,"never_heard_of":{}}'
    whole = head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    bad = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n",
           head + b"Content-Length: -5\r\n\r\n", head + b"Content-Length: 99999999999999999999\r\n\r\n",
           head + b"A: " + b"b" * 100000 + b"\r\n\r\n", b"\x00" * 1000]
    half = [socket.create_connection(hook_address(world)[:2]) for _ in range(50)]
    for connection in half:  # 50 that begin and then say nothing
        connection.sendall(head + b"Content-Length: 1000\r\n\r\n{")
    with concurrent.futures.ThreadPoolExecutor(50) as callers:
        slow = [callers.submit(raw, world, whole, 20, 0.05) for _ in range(50)]
        anna = world.user("anna")
        begin = time.monotonic()
        buy_with_stars(anna)
        assert time.monotonic() - begin < 10
        for answer in slow:
            assert answer.result().startswith(b"HTTP/1.1 200"), "whoever is slow gets his answer too"
        for answer in [callers.submit(raw, world, data) for data in bad]:
            assert not answer.result().startswith(b"HTTP/1.1 200")
    for connection in half:
        connection.close()
    buy_with_stars(world.user("boris"))
    assert shop.stop() == 0
    assert len(world.panel_users()) == 2


def test_sales_complete_once_whatever_is_killed_under_a_webhook(pushed):
    world, shop = pushed
    print("seed", SEED)
    chance = random.Random(SEED)
    shop.start()
    with Buyers(world) as buyers:
        for _ in range(KILLS):
            time.sleep(chance.choice([chance.uniform(0, 0.02), chance.uniform(0, 0.1), chance.uniform(0.05, 0.5)]))
            shop.kill()
            shop.start()
            if buyers.failures:
                break
    assert buyers.failures == [], f"seed {SEED}"
    assert len(buyers.done) >= BUYERS_AT_ONCE
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all updates accepted")
    assert shop.stop() == 0
    assert "getUpdates" not in world.stats()["telegram"]["calls"]
    users = world.panel_users()
    assert len(users) == len({u["uuid"] for u in users}) == len(buyers.done), f"seed {SEED}"
    check = shop.check_store()
    assert check.returncode == 0, f"seed {SEED}: {check.stdout}{check.stderr}"
    assert f"paid payments: {len(buyers.done)}" in check.stdout
    assert f"subscriptions: {len(buyers.done)}" in check.stdout

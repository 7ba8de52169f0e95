"""What Telegram, a panel and a provider may say that no model of the sandbox says: nobody waits for it."""
import json

import pytest

from crooked import Between, BotApi, ok, reply, start_of
from flow import access, open_ways, pay_page
from world import buttons, said

NEXT = start_of(100, 77)  # the person after the one who is trouble
DEEP = b"[" * 5000 + b"]" * 5000


def update(fields, update_id=50):
    return ok([{"update_id": update_id, **fields}])


def person(**more):
    return {"id": 5, "is_bot": False, "first_name": "x", **more}


def press(data, **more):
    return {"callback_query": {"id": "1", "from": person(), "chat_instance": "1", "data": data,
                               "message": {"message_id": 3, "date": 1, "chat": {"id": 5, "type": "private"}}, **more}}


ODD = {
    "unknown fields": update({**start_of(50, 5), "novelty": {"a": [1, {"b": None}]}, "more": "x" * 1000}),
    "of no known kind": update({"story_reaction_boost": {"chat": 5}}),
    "wrong types": update({"message": {"message_id": "x", "date": [], "chat": "me", "from": 7, "text": {}}}),
    "a text of 1 MB": ok([start_of(50, 5, "y" * (1 << 20))]),
    "invalid UTF-8": reply(b'{"ok":true,"result":[{"update_id":50,"message":{"message_id":1,"date":1,'
                           b'"chat":{"id":5,"type":"private"},"from":{"id":5,"is_bot":false,"first_name":"\xff\xc0\xaf"},'
                           b'"text":"\xed\xa0\x80\xfe /start"}}]}'),
    "without update_id": ok([{"message": start_of(1, 5)["message"]}]),
    "update_id no number": ok([{"update_id": "50", "message": {}}, {"update_id": 1.5}, {"update_id": -3}, {}]),
    "update_id beyond all": reply('{"ok":true,"result":[{"update_id":1e30},{"update_id":99999999999999999999},'
                                  '{"update_id":9223372036854775807}]}'),
    "elements that are none": ok([1, "x", None, [], {}]),
    "result no list": ok({"update_id": 50}),
    "deeply nested": (50, reply(b'{"ok":true,"result":[{"update_id":50,"message":' + DEEP + b"}]}")),
    "one update of 9 MB": (50, reply(b'{"ok":true,"result":[{"update_id":50,"x":"' + b"y" * 9000000 + b'"}]}')),
    "many of 1 MB": [start_of(50 + n, 5, "y" * (1 << 20)) for n in range(12)],
    "3 MB of objects": reply(b'{"ok":true,"result":[' + b"{}," * 1000000 + b"{}]}"),
    "8 MB of lists": reply(b'{"ok":true,"result":[' + b"[]," * 2600000 + b"1]}"),
    "nested without end": reply(b'{"ok":true,"result":' + b"[" * 1000000),
    "HTML": reply("<html><body>Welcome to nginx</body></html>", kind="text/html"),
    "an empty body": reply(b""),
    "truncated JSON": reply('{"ok":true,"result":[{"update_id":50,"message":{"te'),
    "closed in mid-body": reply('{"ok":true,"result":[{"update_id":50', length=5000),
    "9 MB of blanks": reply(b'{"ok":true,"result":[' + b" " * 9000000 + b"]}"),
    "a redirect": reply("", 302, more="Location: http://127.0.0.1:1/\r\n"),
    "not HTTP": b"220 mail.example.com ESMTP\r\n",
    "ok without result": reply('{"ok":true}'),
    "an error without words": reply('{"ok":false}', 500),
    "forged data": update(press("pay:../../etc:%s:%n:\x00\u202e")),
    "overlong data": update(press("buy:" + "9" * 100000)),
    "data of wrong type": update(press(["buy"])),
    "press without message": update({"callback_query": {"id": "1", "from": person(), "data": "menu"}}),
    "money without a payload": update({"message": {**start_of(50, 5)["message"], "successful_payment": {
        "currency": "XTR", "total_amount": -1, "invoice_payload": "", "telegram_payment_charge_id": "x"}}}),
}


@pytest.mark.parametrize("what", ODD)
def test_next_person_is_served_after(empty_world, what):
    world, shop = empty_world
    with BotApi(ODD[what], [NEXT]) as api:
        shop.start("--set", f"telegram.api_base={api.url}")
        world.wait_until(lambda: api.served(77), "the next person is served")
        world.wait_until(lambda: api.offsets[-1] == 101, "what was handled is confirmed")
        assert shop.stop() == 0, world.log()
        assert shop.check_store().returncode == 0
        assert world.log().count("\n") < 20


def press_as(world, user, data):
    """A callback query with data that no button of this user has."""
    about = user.send("/start")
    message = user.wait_for("Buy")
    world.call("POST", "/api/update", {"callback_query": {
        "id": "1", "chat_instance": "1", "data": data,
        "from": {"id": about["user"], "is_bot": False, "first_name": "x", "language_code": "en"},
        "message": {"message_id": message["message_id"], "date": 1, "text": "x",
                    "chat": {"id": about["user"], "type": "private"}}}})
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "the press is handled")


def all_data(message):
    return [b["data"] for row in message["keyboard"] for b in row if "data" in b]


def test_buttons_of_another_show_and_change_nothing(world):
    anna, boris = world.user("anna"), world.user("boris")
    open_ways(anna)
    taken = all_data(pay_page(anna))
    anna.pay()
    anna.press_when_seen("I have paid")
    access(anna)
    anna.press_when_seen("My subscriptions")
    taken += all_data(anna.wait_for("Germany"))
    anna.press_when_seen("Germany")
    taken += all_data(anna.wait_for("left (at"))  # the panel has been asked: this is the last edit
    before = [said(m) for m in anna.messages()]
    users = world.panel_users()
    for data in dict.fromkeys(taken):
        press_as(world, boris, data)
    boris.send("/start")
    boris.wait_for("Buy")
    assert [said(m) for m in anna.messages()] == before
    assert world.panel_users() == users
    for message in boris.messages():
        assert not message.get("photo") and users[0]["uuid"] not in json.dumps(message)


GARBAGE = [
    reply("<html>502</html>", 502, "text/html"),
    reply("{}"),
    reply("[]"),
    reply("null"),
    reply(""),
    reply('{"status":"paid"'),
    reply("", 302, more="Location: http://127.0.0.1:1/elsewhere\r\n"),
    reply("", 307, more="Location: /again\r\n"),
    reply(b"x" * 10_000_000),
    reply(b"[" * 200_000),
    reply('{"id":', length=900),
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"\x00\xff\x16\x03\x01",
    b"",
]
WHERE = {"panel": lambda url, path: f"server de1.panel={url}{path}", "pay": lambda url, _: f"pay_test.api_base={url}"}


def panel_path(world):
    line = next(s for s in open(world.config) if s.startswith("panel"))
    return "/" + line.rstrip().rsplit("/", 1)[1]


@pytest.mark.parametrize("where", WHERE)
def test_sale_completes_once_when_all_is_well_again_after_garbage_of_the(empty_world, where):
    world, shop = empty_world
    with Between(world.address[where]) as between:
        between.planned = list(GARBAGE)
        shop.start("--set", WHERE[where](between.url, panel_path(world)))
        anna = world.user("anna")
        open_ways(anna)
        anna.press_when_seen("Test")

        def until(done, why):
            def moved():
                world.advance(61)  # lanes rest up to a minute; nobody waits that long here
                return done()
            world.wait_until(moved, why)

        until(lambda: any(b.startswith("Pay ") for m in anna.messages() for b in buttons(m)), "the page")
        anna.pay()
        until(lambda: any(m.get("photo") for m in anna.messages()), "link and picture")
        assert between.planned == []
        assert shop.stop() == 0
    stats = world.stats()
    assert (stats["pay"]["created"], stats["pay"]["paid"], len(world.panel_users())) == (1, 1, 1)
    assert shop.check_store().returncode == 0


def test_garbage_of_telegram_in_mid_sale_is_made_up_for(empty_world):
    world, shop = empty_world
    with Between(world.address["telegram"]) as between:
        shop.start("--set", f"telegram.api_base={between.url}")
        anna = world.user("anna")
        open_ways(anna)
        between.planned = GARBAGE[4:7]
        pay_page(anna)
        anna.pay()
        anna.press_when_seen("I have paid")
        access(anna)
        assert len(world.panel_users()) == 1 and shop.stop() == 0

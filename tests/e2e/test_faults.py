"""One call of the outside goes wrong in the middle of a purchase; the purchase completes, once."""
import pytest

from flow import buy_with_stars, buy_with_test_provider

FAULTS = [
    ("telegram", "editMessageText", "500"),
    ("telegram", "editMessageText", "lose_answer"),
    ("telegram", "sendPhoto", "502_html"),
    ("telegram", "sendPhoto", "429"),
    ("telegram", "sendPhoto", "lose_answer"),
    ("telegram", "getUpdates", "garbage"),
    ("telegram", "getUpdates", "lose_answer"),
    ("panel", None, "500"),
    ("panel", None, "lose_answer"),
    ("panel", None, "502_html"),
    ("panel", None, "drop"),
    ("pay", None, "500"),
    ("pay", None, "lose_answer"),
    ("pay", None, "garbage"),
    ("pay", None, "drop"),
]


@pytest.mark.parametrize("where,method,what", FAULTS)
def test_purchase_completes_once_although(world, where, method, what):
    more = {} if method is None else {"method": method}
    world.fault(where, what, 1, retry_after=1, **more)
    buy_with_test_provider(world.user("anna"))
    assert len(world.panel_users()) == 1
    stats = world.stats()
    assert stats["faults_planned"] == 0, "the fault hit nobody"
    assert (stats["pay"]["created"], stats["pay"]["paid"]) == (1, 1)


def test_stars_are_credited_once_although_updates_come_twice(world):
    world.fault("telegram", "lose_answer", 3, method="getUpdates", skip=2)
    buy_with_stars(world.user("anna"))
    assert len(world.panel_users()) == 1
    stats = world.stats()
    assert stats["faults_planned"] == 0, "the fault hit nobody"
    assert stats["telegram"]["stars_paid"] == 1


def test_buyer_who_blocked_the_bot_is_served_again_when_he_returns(world):
    anna = world.user("anna")
    anna.send("/start")
    anna.wait_for("Buy")
    world.call("POST", "/api/user/anna/block")
    world.call("POST", "/api/user/anna/unblock")
    buy_with_test_provider(anna)

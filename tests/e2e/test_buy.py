"""From /start to a working link, over real HTTP."""
import re
import urllib.request

from flow import access, buy_with_stars, buy_with_test_provider, open_ways, pay_page
from world import buttons, said


def link_in(message):
    return re.search(r"https?://\S+", said(message)).group(0)


def test_buyer_pays_a_provider_and_gets_a_link_that_answers(world):
    anna = world.user("anna")
    message = buy_with_test_provider(anna)
    link = link_in(message)
    users = world.panel_users()
    assert len(users) == 1
    assert users[0]["uuid"] in link
    request = urllib.request.Request(link, headers={"User-Agent": "v2rayNG/1.9"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        assert reply.status == 200
    assert anna.photo(message["message_id"]).startswith(b"\x89PNG\r\n")


def test_buyer_pays_with_stars_and_gets_a_link(world):
    message = buy_with_stars(world.user("boris"))
    assert world.panel_users()[0]["uuid"] in link_in(message)


def test_panel_user_has_what_was_bought(world):
    buy_with_test_provider(world.user("anna"))
    user = world.panel_users()[0]
    assert user["package_days"] in (30, 31)
    assert 49 <= user["usage_limit_GB"] <= 51
    assert user["enable"] is True


def test_texts_follow_the_users_language(world):
    igor = world.user("igor", "ru")
    igor.send("/start")
    russian = igor.wait_for(lambda m: buttons(m), "a menu")
    assert "Купить" in said(russian)
    john = world.user("john", "en")
    john.send("/start")
    english = john.wait_for(lambda m: buttons(m), "a menu")
    assert "Buy" in said(english) and "Купить" not in said(english)
    unknown = world.user("akira", "ja")
    unknown.send("/start")
    assert "Купить" in said(unknown.wait_for(lambda m: buttons(m), "a menu"))


def test_my_subscriptions_show_days_and_gigabytes_left(world):
    anna = world.user("anna")
    buy_with_test_provider(anna)
    anna.press_when_seen("My subscriptions")
    anna.press_when_seen("Germany")
    shown = anna.wait_for(lambda m: "GB" in said(m) and "day" in said(m) and "Germany" in said(m)
                          and not m.get("photo"), "days and gigabytes left")
    assert re.search(r"\b(29|30)\b", said(shown))
    assert "50" in said(shown)


def test_one_conversation_is_one_message_that_is_edited(world):
    anna = world.user("anna")
    open_ways(anna)
    anna.wait_for("Stars")
    assert len(anna.messages()) == 1


def test_double_press_on_a_way_to_pay_makes_one_payment(world):
    anna = world.user("anna")
    open_ways(anna)
    message = anna.wait_for("Test")
    anna.press("Test", message_id=message["message_id"])
    data = next(b["data"] for row in message["keyboard"] for b in row if "Test" in b["text"])
    anna.press(data=data, message_id=message["message_id"])
    anna.wait_for(lambda m: any(b.startswith("Pay ") for b in buttons(m)), "the page")
    anna.pay()
    anna.press_when_seen("I have paid")
    access(anna)
    stats = world.stats()
    assert stats["pay"]["created"] == 1
    assert len(world.panel_users()) == 1


def test_paying_while_the_panel_is_away_is_delivered_when_it_returns(world):
    anna = world.user("anna")
    world.panel("refuse")
    open_ways(anna)
    pay_page(anna)
    anna.pay()
    world.advance(15)
    anna.wait_for("Paid")
    assert world.panel_users() == []
    world.panel("up")
    world.advance(90)
    access(anna)
    assert len(world.panel_users()) == 1


def test_expired_invoice_is_told_and_late_money_still_buys(world):
    anna = world.user("anna")
    open_ways(anna)
    pay_page(anna)
    payment = world.call("GET", "/api/payments")["payments"][0]["id"]
    world.advance(31 * 60)
    anna.wait_for(lambda m: not any(b.startswith("Pay ") for b in buttons(m)) and "149" in said(m), "that it is over")
    world.call("POST", f"/api/payments/{payment}", {"status": "paid"})
    world.advance(11 * 60)
    access(anna)


def test_the_bot_api_refused_nothing(world):
    buy_with_test_provider(world.user("anna"))
    buy_with_stars(world.user("boris"))
    assert world.stats()["telegram"]["refused"] == []

"""Ways through the shop that several tests walk."""
from world import Refused, buttons


def open_ways(user, location="Germany", tariff="30 days"):
    """/start, and on to the screen with the ways to pay."""
    user.send("/start")
    user.press_when_seen("Buy")
    user.press_when_seen(location)
    user.press_when_seen(tariff)


def buy_with_test_provider(user, **choice):
    """A whole purchase; gives the message that holds link and picture."""
    open_ways(user, **choice)
    pay_page(user)
    user.pay()
    user.press_when_seen("I have paid")
    return access(user)


def pay_page(user):
    """The test provider's page, offered by the living message."""
    user.press_when_seen("Test")
    return user.wait_for(lambda m: any(b.startswith("Pay ") for b in buttons(m)), "the payment page")


def buy_with_stars(user, **choice):
    open_ways(user, **choice)
    user.press_when_seen("Stars")
    user.wait_for(lambda m: m.get("invoice"), "an invoice")
    pay_patiently(user)
    return access(user)


def pay_patiently(user, tries=3):
    """Telegram lets nobody pay while the shop does not answer in ten seconds: people try again."""
    for left in reversed(range(tries)):
        try:
            return user.pay()
        except Refused as refused:
            if left == 0 or "not answered in time" not in str(refused):
                raise


def access(user):
    return user.wait_for(lambda m: m.get("photo"), "a picture with the link")

"""[shop] time_zone: dates that people see are those of the owner's clock, summer time included."""
import re
import signal
import struct
import subprocess
import time
from datetime import datetime, timezone

import pytest

from flow import buy_with_stars
from test_hard import set_wall_clock
from world import BINARY, said


def zone_file(rule):
    """A zoneinfo file that has no table, only a rule (RFC 9636)."""
    def half():
        return (b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4)
                + struct.pack(">iBB", 0, 0, 0) + b"LMT\0")
    return half() + half() + b"\n" + rule + b"\n"


@pytest.fixture
def database(tmp_path):
    """A zone database of this test's own: the machine's may be missing."""
    directory = tmp_path / "zoneinfo"
    (directory / "Europe").mkdir(parents=True)
    (directory / "Etc").mkdir()
    (directory / "Europe" / "Berlin").write_bytes(zone_file(b"CET-1CEST,M3.5.0,M10.5.0/3"))
    (directory / "Etc" / "UTC").write_bytes(zone_file(b"UTC0"))
    return directory


def set_zone(world, name):
    text = open(world.config).read()
    with open(world.config, "w") as f:
        f.write(re.sub(r"(?m)^(\[shop\](?:\n(?!\[).*)*?\ntime_zone *= *).*$", lambda m: m.group(1) + name, text))


def go_to(world, *moment):
    """Put the shop's and the sandbox's wall clock there."""
    there = datetime(*moment, tzinfo=timezone.utc).timestamp()
    set_wall_clock(world, int((there - time.time()) * 1000))


def shown_date(user):
    """Of the access a user buys for 30 days."""
    return re.search(r"[Uu]ntil (\d+ \w+ \d+)", said(buy_with_stars(user))).group(1)


def test_dates_are_those_of_a_zone_with_summer_time(empty_world, database):
    world, shop = empty_world
    shop.environment["TZDIR"] = str(database)
    set_zone(world, "Europe/Berlin")
    go_to(world, 2027, 6, 1, 21, 30)
    shop.start()
    assert shown_date(world.user("anna")) == "1 July 2027", "23:30 in summer"
    go_to(world, 2027, 6, 1, 22, 30)
    assert shown_date(world.user("boris")) == "2 July 2027", "00:30 in summer"
    go_to(world, 2027, 11, 1, 22, 30)
    assert shown_date(world.user("clara")) == "1 December 2027", "23:30 in winter"


def test_a_zone_is_taken_over_by_sighup(empty_world, database):
    world, shop = empty_world
    shop.environment["TZDIR"] = str(database)
    set_zone(world, "Europe/Berlin")
    go_to(world, 2027, 6, 1, 22, 30)
    shop.start()
    assert shown_date(world.user("anna")) == "2 July 2027"
    for name, word in [("Europe/Nowhere", "config_has_faults"), ("UTC", "config_read_again")]:
        set_zone(world, name)
        shop.process.send_signal(signal.SIGHUP)
        world.wait_until(lambda: word in world.log(), word)
        assert shown_date(world.user(word)) == ("2 July 2027" if "faults" in word else "1 July 2027")


def check(tmp_path, database, name):
    config = tmp_path / "zone.ini"
    config.write_text(f"[telegram]\ntoken = 123456:abcdefghijklmnop\n[shop]\ntime_zone = {name}\n")
    return subprocess.run([BINARY, "check", "--config", str(config)], capture_output=True, text=True, timeout=60,
                          env={"TZDIR": str(database)})


@pytest.mark.parametrize("name, column, why", [
    ("CET-1CEST,M3.6.0,M10.5.0/3", 14, "weeks go from 1 to 5"),
    ("UTC+3", 4, "POSIX counts hours west"),
    ("+3:00", 3, "an offset is a sign, two digits"),
    ("Europe/../Berlin", 8, "a name has letters, digits"),
    ("Europe/Atlantis", 1, "there is no such name in "),
    ("Europe", 1, "cannot be read"),
])
def test_a_bad_zone_is_refused_with_line_and_column(tmp_path, database, name, column, why):
    result = check(tmp_path, database, name)
    assert result.returncode == 2
    assert f"zone.ini:4: [shop] time_zone: \"{name}\" is not a time zone" in result.stderr
    assert f"; character {column}: " in result.stderr and why in result.stderr


def test_without_a_database_the_owner_hears_what_to_write(tmp_path):
    result = check(tmp_path, tmp_path / "none", "Europe/Berlin")
    assert result.returncode == 2
    assert "install tzdata" in result.stderr and "CET-1CEST,M3.5.0,M10.5.0/3" in result.stderr
    for name in ["Europe/Moscow", "CET-1CEST,M3.5.0,M10.5.0/3", "+01:00"]:
        assert check(tmp_path, tmp_path / "none", name).returncode == 0

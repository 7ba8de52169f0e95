"""Start, stop, signals, a second instance, bad settings, bad input."""
import signal
import subprocess
import time

from flow import buy_with_test_provider
from world import BINARY, ROOT


def run(*words, **more):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=20, **more)


def test_stops_within_two_seconds_and_confirms_its_offset(empty_world):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    anna.send("/start")
    anna.wait_for("Buy")
    start = time.monotonic()
    assert shop.stop() == 0
    assert time.monotonic() - start < 2
    assert world.stats()["telegram"]["pending_updates"] == 0


def test_second_instance_on_the_same_data_is_refused(empty_world):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    anna.send("/start")
    anna.wait_for("Buy")
    second = run("run", "--config", world.config)
    assert second.returncode == 1
    assert "another" in second.stderr.lower() or "already" in second.stderr.lower()
    anna.send("/start")
    world.wait_until(lambda: len(anna.messages()) == 2, "the first one goes on")


def test_every_fault_of_the_settings_is_named_at_once(tmp_path):
    config = tmp_path / "bad.ini"
    config.write_text("[telegram]\ntoken = \nspeed = 3\n[shop]\ncurrency = RUB\ninvoice_lifetime = soon\n"
                      "[server de1]\nlocation = nowhere\n[what]\nx = 1\n")
    result = run("run", "--config", str(config))
    assert result.returncode == 2
    for line, word in [(2, "token"), (3, "speed"), (6, "invoice_lifetime"), (7, "server de1"), (9, "what")]:
        assert any(f"bad.ini:{line}:" in text and word in text for text in result.stderr.splitlines()), (
            f"line {line}, {word}: {result.stderr}")
    assert not (tmp_path / "data").exists()


def test_missing_config_is_said_plainly(tmp_path):
    result = run("run", "--config", str(tmp_path / "none.ini"))
    assert result.returncode == 2
    assert "none.ini" in result.stderr


def test_unknown_command_is_an_error_with_help():
    result = run("sell")
    assert result.returncode == 2
    assert "sandbox" in result.stderr


def test_sighup_reads_the_settings_again_and_keeps_the_old_ones_when_bad(empty_world):
    world, shop = empty_world
    shop.start()
    anna = world.user("anna")
    anna.send("/start")
    anna.wait_for("Buy")
    path = world.config
    good = open(path).read()
    with open(path, "w") as f:
        f.write(good + "\n[nonsense]\nx = 1\n")
    shop.process.send_signal(signal.SIGHUP)
    world.wait_until(lambda: "config_has_faults" in world.log(), "the faults are logged")
    with open(path, "w") as f:
        f.write(good)
    shop.process.send_signal(signal.SIGHUP)
    world.wait_until(lambda: "config_read_again" in world.log(), "it is read again")
    buy_with_test_provider(world.user("boris"))


def test_bad_updates_are_passed_over_and_the_offset_moves_on(empty_world):
    world, shop = empty_world
    for update in (
        {"message": {"text": "no id, no chat"}},
        {"message": []},
        {"message": {"chat": {"id": "text"}, "from": {"id": {}}, "text": 5}},
        {"callback_query": {"id": 7, "data": "x" * 5000}},
        {"message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"},
                     "from": {"id": 5, "is_bot": False, "first_name": "\u0000\ud83d"}, "text": "y" * 200000}},
        {"never_heard_of": {"a": [[[[[[[[1]]]]]]]]}},
        {"pre_checkout_query": {"id": "1", "from": {"id": 1}, "currency": "XTR", "total_amount": -5}},
    ):
        world.call("POST", "/api/update", update)
    shop.start()
    anna = world.user("anna")
    anna.send("/start")
    anna.wait_for("Buy")
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all confirmed")
    assert shop.stop() == 0


def test_no_secret_reaches_the_log_or_the_process_list(empty_world):
    world, shop = empty_world
    shop.start()
    world.fault("telegram", "502_html", 2)
    world.fault("panel", "500", 2)
    buy_with_test_provider(world.user("anna"))
    config = open(world.config).read()
    secrets = [line.split("=", 1)[1].strip() for line in config.splitlines()
               if line.split("=")[0].strip() in ("token", "key", "panel", "user_link")]
    assert len(secrets) >= 4
    command = open(f"/proc/{shop.process.pid}/cmdline").read()
    for secret in secrets:
        assert secret not in world.log()
        assert secret not in command
    assert world.panel_users()[0]["uuid"] not in world.log()


def test_example_settings_and_manual_are_those_of_the_program():
    assert run("config").stdout == (ROOT / "config.example.ini").read_text()
    assert run("config", "--manual").stdout == (ROOT / "docs" / "config.md").read_text()


def test_example_settings_are_readable_but_for_what_only_the_owner_knows(tmp_path):
    for name, text in (("token.txt", "123456:abcdefghijklmnop"), ("panel-de1.txt", "7e3a5ab8-4f0e-4a4e-9f5c-0a4a3a4b5c6d")):
        (tmp_path / name).write_text(text + "\n")
    result = run("check", "--config", str(ROOT / "config.example.ini"), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "fine" in result.stdout

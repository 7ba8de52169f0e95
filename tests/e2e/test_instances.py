"""Several instances on one Redis: one is on duty, all of them serve, any of them may die."""
import contextlib
import http.client
import http.server
import random
import re
import signal
import threading
import time
import urllib.parse

import pytest

from flow import access, buy_with_stars, buy_with_test_provider, open_ways, pay_page
from redis_server import free_port
from shop import Shop
from test_kill import BUYERS_AT_ONCE, KILLS, SEED, Buyers, all_was_sold_once
from test_time import DAY, Clock, news
from world import PATIENCE_S, World


class Balancer:
    """What stands in front of several instances: any of them gets a request, the next one if it cannot."""

    def __init__(self, url, ports):
        self.ports, self.served = ports, {port: 0 for port in ports}
        handler = type("Handler", (http.server.BaseHTTPRequestHandler,), {
            "balancer": self, "protocol_version": "HTTP/1.1", "do_POST": Balancer._post, "do_GET": Balancer._get,
            "log_message": lambda *_: None})
        self.server = http.server.ThreadingHTTPServer((url.hostname, url.port), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,)).start()

    @staticmethod
    def _post(request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        status = request.balancer.pass_on(request.path, body, dict(request.headers))
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()

    @staticmethod
    def _get(request):
        """The sandbox knocks when it has moved the clock: for all to hear."""
        for port in request.balancer.ports:
            with contextlib.suppress(OSError), contextlib.closing(
                    http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
                connection.request("GET", request.path)
        request.send_response(405)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def pass_on(self, path, body, headers):
        for port in random.sample(self.ports, len(self.ports)):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("POST", path, body, headers)
                status = connection.getresponse().status
                if status != 503:
                    self.served[port] += status == 200
                    return status
        return 503

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Instance(Shop):
    def __init__(self, world, redis, number, *options):
        super().__init__(world, **redis.environment())
        self.log_path = world.directory / f"shop{number}.log"
        self.options = ["--set", f"store.directory={world.directory}/shop{number}", *options]

    def start(self):
        with open(self.log_path, "ab") as log:
            super().start(*self.options, log=log)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def is_on_duty(self):
        words = re.findall(r" (on_duty|off_duty|duty_given_back|shop_is_open) ", self.log())
        return self.process is not None and words[-1:] == ["on_duty"]


def started(world, redis, options):
    instances = [Instance(world, redis, number, *more) for number, more in enumerate(options)]
    for instance in instances:
        instance.start()
    return instances


def the_one_on_duty(world, instances):
    return world.wait_until(lambda: next((i for i in instances if i.is_on_duty()), None), "one is on duty")


@pytest.fixture
def balanced(tmp_path, redis):
    """Three instances behind a balancer that Telegram calls."""
    world = World(tmp_path / "w", "--world-only", "--webhook")
    ports = [free_port() for _ in range(3)]
    balancer = Balancer(urllib.parse.urlsplit(world.address["webhook"]), ports)
    instances = started(world, redis, [["--set", f"webhook.listen=127.0.0.1:{port}"] for port in ports])
    yield world, instances, balancer
    for instance in instances:
        if instance.process is not None:
            instance.stop()
    balancer.close()
    world.close()


def all_stop(instances):
    for instance in instances:
        if instance.process is not None:
            assert instance.stop() == 0, instance.log()[-2000:]


def test_sales_complete_once_whichever_of_three_is_killed(balanced):
    world, instances, balancer = balanced
    print("seed", SEED)
    chance = random.Random(SEED)
    with Buyers(world) as buyers:
        for _ in range(max(10, KILLS // 8)):
            time.sleep(chance.uniform(0, 0.4))
            victim = chance.choice(instances)
            victim.kill()
            time.sleep(chance.choice([0, chance.uniform(0, 0.3)]))
            victim.start()
            if buyers.failures:
                break
        the_one_on_duty(world, instances).kill()  # and this one for good
        time.sleep(1)
    assert buyers.failures == [], f"seed {SEED}"
    assert len(buyers.done) >= BUYERS_AT_ONCE
    assert all(balancer.served.values()), "each has served"
    world.wait_until(lambda: world.stats()["telegram"]["pending_updates"] == 0, "all updates accepted")
    all_stop(instances)
    all_was_sold_once(world, instances[0], buyers)


def test_duty_goes_over_at_once_when_its_holder_leaves(balanced):
    world, instances, _ = balanced
    for _ in range(3):
        holder = the_one_on_duty(world, instances)
        anna = world.user(f"anna{holder.starts}{instances.index(holder)}")
        buy_with_stars(anna)
        begin = time.monotonic()
        assert holder.stop() == 0
        the_one_on_duty(world, instances)
        assert time.monotonic() - begin < 3, "not the lease's end, but the word that it is free"
        buy_with_test_provider(world.user(f"boris{holder.starts}{instances.index(holder)}"))
        holder.start()
        world.wait_until(lambda: holder.log().count(" shop_is_open ") == holder.starts, "it is there again")
    all_stop(instances)
    assert instances[0].check_store().returncode == 0


def test_who_slept_through_its_duty_changes_nothing_when_it_wakes(balanced):
    world, instances, _ = balanced
    holder = the_one_on_duty(world, instances)
    others = [i for i in instances if i is not holder]
    anna = world.user("anna")
    open_ways(anna)
    pay_page(anna)
    anna.pay()
    world.fault("panel", "slow", 1, delay_ms=1500)  # its call is under way when it falls asleep
    anna.press("I have paid")
    world.wait_until(lambda: world.stats()["panel"]["calls"], "the panel is called")
    holder.process.send_signal(signal.SIGSTOP)
    world.advance(15)
    the_one_on_duty(world, others)
    access(anna)
    holder.process.send_signal(signal.SIGCONT)
    world.wait_until(lambda: " off_duty " in holder.log(), "it learns that another has its duty")
    buy_with_stars(world.user("boris"))
    all_stop(instances)
    assert len(world.panel_users()) == 2
    assert len([m for m in anna.messages() if m.get("photo")]) == 1
    check = instances[0].check_store()
    assert check.returncode == 0, check.stdout + check.stderr


def test_one_of_several_polls(empty_world, redis):
    world, _ = empty_world
    instances = started(world, redis, [[], [], []])
    for round_ in range(2):
        holder = the_one_on_duty(world, instances)
        buy_with_stars(world.user(f"anna{round_}"))
        assert holder.stop() == 0
    the_one_on_duty(world, instances)
    buy_with_test_provider(world.user("boris"))
    all_stop(instances)
    assert not any("another_instance_polls" in i.log() for i in instances)
    assert instances[0].check_store().returncode == 0


def test_a_directory_has_one_instance(empty_world, redis):
    world, _ = empty_world
    first, second = Instance(world, redis, 0), Instance(world, redis, 0)
    first.start()
    world.wait_until(lambda: first.is_on_duty(), "the first is on duty")
    second.start()
    assert second.process.wait(timeout=PATIENCE_S) == 1
    second.process = None
    assert "another shop is running there" in second.log()
    buy_with_stars(world.user("anna"))
    assert first.stop() == 0


def test_what_time_brings_comes_once_whoever_is_on_duty(balanced):
    world, instances, _ = balanced
    clock = Clock(world)
    users = [world.user(f"buyer{i}") for i in range(4)]
    for user in users:
        buy_with_stars(user)
    end = clock.now() + 30 * DAY
    the_one_on_duty(world, instances).kill()
    clock.go_to(clock.nine(end, -3) + 5)
    for user in users:
        user.wait_for("Renew it to stay connected")
    victim = the_one_on_duty(world, instances)
    clock.go_to(end + 10)
    victim.kill()  # in the middle of it, or right behind
    for user in users:
        user.wait_for("the subscription has ended")
    world.wait_until(lambda: not any(u["enable"] for u in world.panel_users()), "all are switched off")
    time.sleep(1)
    for user in users:
        assert len(news(user, "the subscription has ended")) <= 2  # news: by a kill rather twice than never
        assert len(news(user, "Renew it to stay connected")) == 1  # a reminder: rather never
    all_stop(instances)
    check = instances[0].check_store()
    assert check.returncode == 0, check.stdout + check.stderr

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from redis_server import RedisServer  # noqa: E402
from shop import Shop  # noqa: E402
from world import World  # noqa: E402


@pytest.fixture
def world(tmp_path):
    """A sandbox with its shop running."""
    w = World(tmp_path / "w")
    yield w
    w.close()


@pytest.fixture
def empty_world(tmp_path):
    """A sandbox without a shop, and a shop not yet started."""
    w = World(tmp_path / "w", "--world-only")
    shop = Shop(w)
    yield w, shop
    if shop.process is not None:
        shop.stop()
    w.close()


@pytest.fixture
def redis(tmp_path):
    """A Redis of this test's own, empty, on loopback."""
    server = RedisServer(tmp_path / "redis")
    yield server
    server.close()

"""vendor/fetch.sh takes what the lock accepts and nothing else, by whichever way still works.

Addresses are file:// and a closed loopback port; nothing here leaves the machine.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

FETCH = pathlib.Path(__file__).parent.parent / "vendor" / "fetch.sh"
DEAD = "http://127.0.0.1:1/away.tar.gz"

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="file:// needs curl")


@pytest.fixture
def place(tmp_path):
    shutil.copy(FETCH, tmp_path / "fetch.sh")
    (tmp_path / "upstream").mkdir()
    return tmp_path


def source(place, name, text="bytes"):
    """An archive at a file:// address; returns (sha256, address)."""
    path = place / "upstream" / name
    path.write_text(text)
    return hashlib.sha256(text.encode()).hexdigest(), f"file://{path}"


def fetch(place, lock, **environment):
    (place / "sources.lock").write_text("# a comment\n" + "".join(f"{line}\n" for line in lock))
    environment = {"DEBIAN_MIRROR": "file:///nowhere", **environment}
    done = subprocess.run(["./fetch.sh"], cwd=place, env={**os.environ, **environment},
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def cached(place):
    return sorted(p.name for p in (place / "cache").iterdir())


def test_an_archive_is_fetched_once(place):
    sha, url = source(place, "a.tar.gz")
    assert fetch(place, [f"a|1|{sha}|{url}|-"])[:2] == (0, "fetched a 1\n")
    (place / "upstream" / "a.tar.gz").unlink()
    assert fetch(place, [f"a|1|{sha}|{url}|-"])[:2] == (0, "")
    assert cached(place) == ["a-1.tar.gz"]


def test_other_bytes_are_refused_and_not_kept(place):
    _, url = source(place, "a.tar.gz", "tampered with")
    status, _, said = fetch(place, [f"a|1|{'0' * 64}|{url}|-"])
    assert status == 1
    assert "could not be fetched: a" in said and "sha256" in said
    assert cached(place) == []


def test_a_damaged_archive_in_the_cache_is_fetched_again(place):
    sha, url = source(place, "a.tar.gz")
    (place / "cache").mkdir()
    (place / "cache" / "a-1.tar.gz").write_text("cut of")
    assert fetch(place, [f"a|1|{sha}|{url}|-"])[1] == "fetched a 1\n"


def test_the_next_accepted_version_is_taken_when_the_first_is_gone(place):
    sha, url = source(place, "a-1.tar.gz")
    lock = [f"a|2|{'0' * 64}|{url}-gone|-", f"a|1|{sha}|{url}|-"]
    assert fetch(place, lock)[:2] == (0, "fetched a 1\n")


def test_an_accepted_version_in_the_cache_needs_no_network(place):
    sha, url = source(place, "a-1.tar.gz")
    assert fetch(place, [f"a|1|{sha}|{url}|-"])[0] == 0
    lock = [f"a|2|{'0' * 64}|{DEAD}|-", f"a|1|{sha}|{DEAD}|-"]
    assert fetch(place, lock, GB_OFFLINE="1")[:2] == (0, "")


def test_offline_names_what_is_missing(place):
    sha, url = source(place, "a.tar.gz")
    status, _, said = fetch(place, [f"a|1|{sha}|{url}|-", f"b|1|{sha}|{url}|-"], GB_OFFLINE="1")
    assert status == 1
    assert "could not be fetched: a b" in said


@pytest.mark.skipif(not pathlib.Path("/usr/lib/apt/apt-helper").exists(), reason="no apt here")
def test_the_pool_gives_what_a_dead_upstream_does_not(place):
    sha, _ = source(place, "a.orig.tar.gz")
    status, said, _ = fetch(place, [f"a|1|{sha}|{DEAD}|upstream/a.orig.tar.gz"],
                            DEBIAN_MIRROR=f"file://{place}")
    assert (status, said) == (0, "fetched a 1\n")
    assert cached(place) == ["a-1.tar.gz"]

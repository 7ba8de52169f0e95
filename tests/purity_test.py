"""tests/purity names a mutable static, and lets constants pass, tables of pointers included."""
import pathlib
import subprocess

import pytest

TOOL = pathlib.Path(__file__).parent / "purity"


@pytest.fixture
def check(tmp_path):
    """Compile one file as the shipped flavour does, in a room, and hold the tool against it."""

    def run(source, room="shop"):
        folder = tmp_path / "obj" / room
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["gcc", "-O2", "-fPIE", "-fdata-sections", "-xc", "-", "-c", "-o", folder / "a.o"],
            input=source, text=True, check=True)
        done = subprocess.run([TOOL, tmp_path], capture_output=True, text=True)
        return done.returncode, done.stdout

    return run


@pytest.mark.parametrize(
    "source, section",
    [
        ("int next(void) { static int n; return n++; }", ".bss"),
        ("int next(void) { static int n = 7; return n++; }", ".data"),
        ("int counter = 1;", ".data"),
        ("static _Thread_local int n; int next(void) { return n++; }", ".tbss"),
        ('const char *name = "a";', ".data"),
    ],
)
def test_a_mutable_static_is_named(check, source, section):
    status, said = check(source)
    assert status == 1
    assert "obj/shop/a.o: " in said and f"bytes in {section}" in said


@pytest.mark.parametrize(
    "source",
    [
        "static const int primes[] = {2, 3, 5}; int prime(int i) { return primes[i]; }",
        'const char *const names[] = {"a", "b"};',
        "int f(void); int (*const table[])(void) = {f};",
        "int add(int a, int b) { return a + b; }",
    ],
)
def test_constants_and_code_pass(check, source):
    assert check(source) == (0, "pure: 1 objects\n")


def test_rooms_that_act_may_keep_state(check):
    check("int f(void) { return 1; }", room="shop")
    assert check("int counter = 1;", room="io")[0] == 0


def test_no_objects_at_all_is_a_failure(tmp_path):
    assert subprocess.run([TOOL, tmp_path], stdout=subprocess.DEVNULL).returncode == 1

"""The drivers of the suite notice what went wrong: tests/unit_run and tests/run.

The programs they are given here are small scripts that speak as cmocka does.
"""
import importlib.machinery
import importlib.util
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent

GOOD = "echo '[       OK ] a_holds'; echo '[       OK ] b_holds'\n"
BAD = ("echo '[       OK ] a_holds'; echo '[  FAILED  ] b_holds'; echo '[  FAILED  ] 1 test(s), listed:'\n"
       "echo '[  FAILED  ] b_holds'; exit 1\n")


@pytest.fixture
def unit_run(tmp_path):
    def run(*scripts, limit=20):
        programs = []
        for number, script in enumerate(scripts):
            program = tmp_path / f"p{number}"
            if script is not None:
                program.write_text("#!/bin/sh\n" + script)
                program.chmod(0o755)
            programs.append(program)
        done = subprocess.run([HERE / "unit_run", str(limit), *programs],
                              capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()

    return run


@pytest.mark.parametrize(
    "scripts, last",
    [
        ((GOOD,), "2 passed, 0 failed"),
        ((BAD, GOOD), "3 passed, 1 failed"),
        ((GOOD, None), "2 passed, 1 failed"),  # did not build
        ((GOOD, "exit 0\n"), "2 passed, 1 failed"),  # no test in it
        ((GOOD + "kill -SEGV $$\n", GOOD), "4 passed, 1 failed"),
        ((GOOD + "exit 1\n",), "2 passed, 1 failed"),  # a sanitizer, at the end
        ((), "0 passed, 0 failed"),
    ],
)
def test_unit_run_counts_tests_and_goes_on(unit_run, scripts, last):
    status, said = unit_run(*scripts)
    assert said[-1] == last
    assert (status == 0) == (scripts == (GOOD,))


def test_unit_run_ends_a_program_that_hangs(unit_run):
    status, said = unit_run("exec sleep 60\n", limit=1)
    assert status == 1
    assert said[-2].endswith("over 1 s")


def load_run():
    loader = importlib.machinery.SourceFileLoader("suite_run", str(HERE / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("suite_run", loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def suite(tmp_path, monkeypatch, capsys):
    """tests/run with other steps; returns (exit status, the last line, all lines)."""
    module = load_run()
    monkeypatch.setattr(module, "LOGS", tmp_path)

    def run(**commands):
        steps = [(name, ["sh", "-c", command], getattr(module, count), folder, 20)
                 for name, (command, count, folder) in commands.items()]
        monkeypatch.setattr(module, "STEPS", steps)
        status = module.main([])
        lines = capsys.readouterr().out.splitlines()
        return status, lines[-1], lines

    return run


def test_run_adds_up_what_its_steps_say(suite):
    status, last, _ = suite(check=("true", "one_check", None),
                            unit=("echo '7 passed, 0 failed'", "last_count", None),
                            e2e=("echo '3 passed in 1.2s'", "pytest_count", None))
    assert (status, last) == (0, "11 passed, 0 failed")


@pytest.mark.parametrize(
    "step, last",
    [
        (("false", "one_check", None), "1 passed, 1 failed"),
        (("echo '7 passed, 2 failed'; exit 1", "last_count", None), "8 passed, 2 failed"),
        (("echo '7 passed, 0 failed'; exit 1", "last_count", None), "8 passed, 1 failed"),
        (("echo nothing; exit 1", "last_count", None), "1 passed, 1 failed"),
        (("echo '2 failed, 3 passed, 1 error in 1s'; exit 1", "pytest_count", None),
         "4 passed, 3 failed"),
        (("echo 'no tests ran in 0.01s'", "pytest_count", None), "1 passed, 1 failed"),
        (("echo '1 skipped in 0.01s'", "pytest_count", None), "1 passed, 1 failed"),
    ],
)
def test_run_fails_with_any_step_and_goes_on(suite, step, last):
    status, said, lines = suite(bad=step, good=("true", "one_check", None))
    assert (status, said) == (1, last)
    assert sum(line.endswith(" failed") and " passed, " in line for line in lines) == 1


def test_run_leaves_out_a_step_without_its_folder(suite):
    status, last, lines = suite(good=("true", "one_check", None),
                                fuzz=("false", "last_count", "tests/no_such_folder"))
    assert (status, last) == (0, "1 passed, 0 failed")
    assert any("left out: no tests/no_such_folder/" in line for line in lines)


def test_run_does_not_count_what_this_machine_cannot_check(suite):
    command = "echo 'skipped: no such tool'; echo 'make: *** [Makefile:1: lint] Error 77'; exit 2"
    status, last, lines = suite(good=("true", "one_check", None), lint=(command, "one_check", None))
    assert (status, last) == (0, "1 passed, 0 failed")
    assert any(line.startswith("lint") and "skipped: no such tool" in line for line in lines)


def test_run_ends_a_step_that_hangs(tmp_path):
    assert load_run().run(["sleep", "60"], tmp_path / "hang.log", 0.2) == 124

"""tests/texts_check.py names what is wrong with a text, and lets the bot's own texts pass."""
import pathlib
import shutil

import pytest

import texts_check

SRC = pathlib.Path(__file__).parent.parent / "src"


@pytest.fixture
def check(tmp_path):
    """The faults after one change to one file of a copy of the texts."""
    for room in ("bot", "shop"):
        shutil.copytree(SRC / room, tmp_path / room)

    def run(name, old, new):
        path = tmp_path / "bot" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return texts_check.Texts(tmp_path).check()

    return run


def test_own_texts_pass():
    assert texts_check.Texts(SRC).check() == []


@pytest.mark.parametrize(
    "name, old, new, fault",
    [
        ("lang/ru.ini", "button.buy = ", "# ", "ru.ini: button.buy is missing"),
        ("lang/en.ini", "button.buy = ", "button.bye = ", "en.ini: button.bye is not in texts.def"),
        ("lang/ru.ini", "days.few = ", "days.some = ", "ru.ini: days.few is missing"),
        ("lang/en.ini", "hint = ", "hint = x\nhint = ", "en.ini:7: hint is given twice"),
        ("lang/en.ini", "{shop}", "{price}", "en.ini: menu: placeholders ['price'], the list says ['shop']"),
        ("lang/en.ini", "{shop}", "{shop}}", "en.ini: menu: a stray brace"),
        ("lang/en.ini", "hint = ", "hint = \\t", r"en.ini: hint: only \n is known"),
        ("lang/en.ini", "<b>{shop}</b>", "<b>{shop}<b>", "en.ini: menu: <b> is not closed"),
        ("lang/en.ini", "<b>{shop}</b>", "<h1>{shop}</h1>", "en.ini: menu: <h1 is no tag of ours"),
        ("lang/en.ini", "hint = ", "hint = & ", "en.ini: hint: a bare &"),
        ("lang/en.ini", "button.buy = Buy", "button.buy = <b>Buy</b>",
         "en.ini: button.buy: markup in a plain text"),
        ("lang/en.ini", "toast.checking = Checking…", "toast.checking = " + "x" * 201,
         "en.ini: toast.checking: 201 characters, at most 200"),
        ("texts.def", 'TEXT(HINT, "hint", HTML, "")', 'TEXT(HINT, "hint", BOLD, "")',
         'texts.def: not understood: TEXT(HINT, "hint", BOLD, "")'),
        ("routes.c", "TEXT_TOAST_OLD", "TEXT_TOAST_FULL", "texts.def: nobody says toast.old"),
    ],
)
def test_fault_is_named(check, name, old, new, fault):
    assert fault in check(name, old, new)

"""tests/floors.py finds what it promises to find: each test plants one fault in a small house."""
import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).parent / "floors.py"

FLOORS = """\
# room   may include            libraries, each with its one door
base     -                      cJSON.h:json.c
store    base                   lmdb.h:lmdb.c
shop     base store/store.h     -
cli      *                      -
"""

HOUSE = {
    "FLOORS": FLOORS,
    "base/base.h": "",
    "base/json.c": '#include "base/base.h"\n#include <cJSON.h>\n#include <stdio.h>\n',
    "store/store.h": '#include "base/base.h"\n',
    "store/lmdb.c": '#include "store/store.h"\n#include <lmdb.h>\n',
    "shop/buy.c": '#include "base/base.h"\n#include "store/store.h"\n#include "buy_table.h"\n',
    "main.c": '#include "shop/buy.h"\n',
}


@pytest.fixture
def house(tmp_path):
    def build(changes=None):
        for name, text in {**HOUSE, **(changes or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path

    return build


def check(src, *options):
    done = subprocess.run([sys.executable, TOOL, *options, src], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_house_without_fault_holds(house):
    status, said = check(house())
    assert (status, said) == (0, "floors hold: 0:base  1:store  2:shop  3:cli\n")


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"base/up.c": '#include "shop/buy.h"\n'}, "base/up.c: may not include shop/buy.h"),
        ({"shop/in.c": '#include "store/lmdb.h"\n'}, "shop/in.c: may not include store/lmdb.h"),
        ({"shop/in.h": ' # include  "store/tx.h"\n'}, "shop/in.h: may not include store/tx.h"),
        ({"shop/t.def": '#include "store/tx.h"\n'}, "shop/t.def: may not include store/tx.h"),
        ({"shop/db.c": "#include <lmdb.h>\n"}, "shop/db.c: <lmdb.h> has its door in store/lmdb.c"),
        ({"main.c": "#include <cJSON.h>\n"}, "main.c: <cJSON.h> has its door in base/json.c"),
        ({"attic/a.c": ""}, "attic/a.c: no room of this name in FLOORS"),
        ({"shop/buy.c": '#include "base/base.h"\n'}, "FLOORS: shop does not use store/store.h"),
        ({"store/lmdb.c": '#include "store/store.h"\n'}, "FLOORS: nobody includes lmdb.h"),
    ],
)
def test_a_planted_fault_is_named(house, changes, named):
    status, said = check(house(changes))
    assert status == 1
    assert said == named + "\n"


def test_a_library_may_have_a_door_in_two_rooms_and_both_must_use_it(house):
    floors = HOUSE["FLOORS"].replace("lmdb.h:lmdb.c", "lmdb.h:lmdb.c cJSON.h:lmdb.c")
    both = {"FLOORS": floors, "store/lmdb.c": '#include "base/base.h"\n#include <lmdb.h>\n#include <cJSON.h>\n'}
    assert check(house(both))[0] == 0
    status, said = check(house({**both, "shop/x.c": "#include <cJSON.h>\n"}))
    assert (status, said) == (1, "shop/x.c: <cJSON.h> has its door in base/json.c and store/lmdb.c\n")
    status, said = check(house({**both, "shop/x.c": "", "base/json.c": '#include "base/base.h"\n'}))
    assert (status, said) == (1, "FLOORS: nobody includes cJSON.h\n")


def test_a_permission_for_a_room_that_is_not_there_is_named(house):
    floors = HOUSE["FLOORS"].replace("store/store.h     -", "store/store.h roof  -")
    status, said = check(house({"FLOORS": floors}))
    assert status == 1
    assert "FLOORS: shop may include roof, which is no room\n" in said


def test_a_cycle_is_named(house):
    floors = HOUSE["FLOORS"].replace("base     - ", "base     shop ")
    status, said = check(house({"FLOORS": floors}))
    assert status == 1
    assert said == "cycle: base -> shop -> base\n"


def test_an_include_in_a_comment_is_none(house):
    status, _ = check(house({"base/doc.h": '/*\n#include "shop/buy.h"\n*/\n'}))
    assert status == 0


def test_a_part_of_a_library_may_have_its_door_in_another_room(house):
    floors = HOUSE["FLOORS"].replace("cJSON.h:json.c", "tls/:crypto.c").replace(
        "lmdb.h:lmdb.c", "tls/ssl.h:lmdb.c")
    files = {
        "FLOORS": floors,
        "base/json.c": "",
        "base/crypto.c": '#include "base/base.h"\n#include <tls/hash.h>\n',
        "store/lmdb.c": '#include "store/store.h"\n#include <tls/ssl.h>\n',
    }
    assert check(house(files))[0] == 0
    files["base/crypto.c"] += "#include <tls/ssl.h>\n"
    status, said = check(house(files))
    assert (status, said) == (1, "base/crypto.c: <tls/ssl.h> has its door in store/lmdb.c\n")


def test_a_room_still_empty_uses_nothing(house):
    floors = HOUSE["FLOORS"].replace("cli ", "bot      base shop              -\ncli ")
    assert check(house({"FLOORS": floors}))[0] == 0


def test_what_lies_below_a_room_is_printed_for_make(house):
    status, said = check(house(), "--make")
    assert status == 0
    assert "below_base := base\n" in said
    assert "below_shop := shop base store\n" in said


def test_every_fault_is_reported_at_once(house):
    status, said = check(house({"base/a.c": '#include "shop/buy.h"\n', "attic/a.c": ""}))
    assert status == 1
    assert len(said.splitlines()) == 2

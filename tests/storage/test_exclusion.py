"""Of many processes that want one artifact one makes it, whoever dies on the way."""

import os
from pathlib import Path

from races import COMMON, STORE, run

ONE_OF_FOUR = """
def slow():
    until(lambda: len(lines("waiting")) == 3)
    return make()

reap([child(lambda: want(slow)) for _ in range(4)])
"""


def test_one_makes_and_three_wait(tmp_path: Path) -> None:
    run(COMMON + STORE + ONE_OF_FOUR, tmp_path)
    log = (tmp_path / "log").read_text().splitlines()
    assert log.count("made") == 1
    assert sorted(line for line in log if line.startswith("got")) == [
        "got hit=False",
        *["got hit=True"] * 3,
    ]
    waiting = [line for line in log if line.startswith("waiting")]
    assert len(waiting) == 3
    assert all("waiting for digits (means), made by process" in line for line in waiting)
    assert os.listdir(tmp_path / "store" / "locks") == []


KILLED = """
def never():
    log("started")
    signal.pause()

owner = child(lambda: want(never))
until(lambda: lines("started"))
others = [child(lambda: want(make)) for _ in range(3)]
until(lambda: len(lines("waiting")) == 3)
os.kill(owner, signal.SIGKILL)
reap(others)  # the killed one is a zombie until the next line: it counts as dead all the same
os.waitpid(owner, 0)
"""


def test_the_heirs_of_a_killed_owner_make_it_once(tmp_path: Path) -> None:
    run(COMMON + STORE + KILLED, tmp_path)
    log = (tmp_path / "log").read_text().splitlines()
    assert log.count("made") == 1
    assert log.count("got hit=True") == 2


FAILED = """
def fail():
    until(lambda: len(lines("waiting")) == 1)
    raise RuntimeError("broken")

def try_it():
    try:
        want(fail)
    except RuntimeError:
        log("failed")

first = child(try_it)
until(lambda: os.path.exists(root / "store" / "locks") and os.listdir(root / "store" / "locks"))
reap([first, child(lambda: want(make))])
"""


def test_after_a_failure_the_next_one_tries(tmp_path: Path) -> None:
    run(COMMON + STORE + FAILED, tmp_path)
    log = (tmp_path / "log").read_text().splitlines()
    said = [line for line in log if not line.startswith("waiting")]
    assert sorted(said) == ["failed", "got hit=False", "made"]  # two processes, in either order


RACE = """
from bench.storage.locks import Timing, exclusive
from bench.storage.place import LocalPlace

place = LocalPlace(root)
ROUNDS, HEIRS = 40, 4

def die(name):
    with exclusive(place, name, lambda: False, print, Timing()):
        log(f"held {name}")
        signal.pause()

def inherit(name):
    done = (root / f"done-{name}").exists
    with exclusive(place, name, done, lambda owner: None, Timing()) as mine:
        if mine and not done():
            os.close(os.open(root / f"inside-{name}", os.O_CREAT | os.O_EXCL))  # fails for a second
            log(f"inside {name}")
            os.unlink(root / f"inside-{name}")
            (root / f"done-{name}").touch()

for number in range(ROUNDS):
    name = f"{number:032x}"
    owner = child(lambda: die(name))
    until(lambda: lines(f"held {name}"))
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    reap([child(lambda: inherit(name)) for _ in range(HEIRS)])
    print(len(lines(f"inside {name}")))
"""


def test_a_dead_lock_is_inherited_by_one(tmp_path: Path) -> None:
    """Four heirs find the same dead owner at once, forty times."""
    assert run(COMMON + RACE, tmp_path) == ["1"] * 40
    assert os.listdir(tmp_path / "locks") == []

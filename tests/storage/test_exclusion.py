"""Of many processes that want one artifact one makes it, whoever dies on the way.

The scripts fork, so that torch is imported once; every wait is for a fact, not for a time.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.storage.locks import Timing, exclusive
from bench.storage.owner import Owner
from bench.storage.place import LocalPlace
from bench.storage.tickets import Ticket, file_of

PROJECT = Path(__file__).parents[2]


def run(script: str, *arguments: object) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


COMMON = """
import os, signal, sys, time
from pathlib import Path

root = Path(sys.argv[1])

def log(text):
    with open(root / "log", "a") as file:
        file.write(text + "\\n")

def until(fact):
    end = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)

def lines(text):
    found = (root / "log").read_text().splitlines() if (root / "log").exists() else []
    return [line for line in found if line.startswith(text)]

def child(work):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    return pid

def reap(pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
"""

STORE = """
import torch
from bench.artifacts import ClassMeans
from bench.store import ArtifactSpec, Store

store = Store(root / "store")
spec = ArtifactSpec("ab" * 16, "means", ClassMeans, label="digits")

def want(make):
    made = store.get_or_make(spec, make, on_wait=lambda text: log(f"waiting {text}"))
    assert float(made.artifact.means.sum()) == 3
    log(f"got hit={made.hit}")

def make():
    log("made")
    return ClassMeans(torch.ones(3))
"""

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
    assert [line for line in log if not line.startswith("waiting")] == [
        "failed",
        "made",
        "got hit=False",
    ]


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


CRASH = """
class Point:
    seen, deadly, armed = 0, 0, False

def at_every_step(event, arguments):
    if not Point.armed or not event.startswith(("open", "os.")):
        return
    Point.seen += 1
    if Point.seen == Point.deadly:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(at_every_step)
big = ClassMeans(torch.ones(3).repeat(1))

def attempt(number):
    Point.deadly, Point.armed = number, True
    store.get_or_make(spec, lambda: big)
    Point.armed = False

store.get_or_make(ArtifactSpec("cd" * 16, "means", ClassMeans), lambda: big)  # all is imported
number, killed = 0, 0
while True:
    number += 1
    status = os.waitpid(child(lambda: attempt(number)), 0)[1]
    assert store.verify() == [], number
    if store.has(spec.address):
        assert float(store.load(spec.address, ClassMeans).means.sum()) == 3
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL
    killed += 1
    begin = time.monotonic()
    want(make)
    assert time.monotonic() - begin < 5, "waited for the dead"
    store.delete(spec.address)
swept = store.gc(None)
print(killed, swept.removed, len(list(store.addresses())), store.gc(None).removed)
print(len(os.listdir(root / "store" / "tmp")), len(os.listdir(root / "store" / "locks")))
"""


def test_a_kill_at_any_step_of_a_write_leaves_all_or_nothing(tmp_path: Path) -> None:
    """Killed at its first step on the file system, at its second, ... until it survives."""
    first, second = run(COMMON + STORE + CRASH, tmp_path)
    killed, swept, kept, again = map(int, first.split())
    assert killed > 20
    assert swept > 0
    assert kept == 2
    assert again == 0
    assert second == "0 0"


FAR = Owner("far-away", "00000000", 1, "1", "abc")


def test_an_owner_elsewhere_that_falls_silent_is_succeeded(tmp_path: Path) -> None:
    place, waited = LocalPlace(tmp_path), []
    place.create(file_of("x", 4), Ticket(4, FAR, 0, 0.0).data())
    begin = time.monotonic()
    with exclusive(place, "x", lambda: False, waited.append, Timing(lease=0.1)) as mine:
        assert mine
        assert time.monotonic() - begin >= 0.1
        assert place.names("locks") == ["x.000005"]
    assert waited == [FAR]


def test_an_owner_elsewhere_that_speaks_is_waited_for(tmp_path: Path) -> None:
    """Its clock is years behind, and it needs ten times the lease."""
    place, looks = LocalPlace(tmp_path), iter(range(1000))
    place.create(file_of("x", 1), Ticket(1, FAR, 0, 0.0).data())
    begin = time.monotonic()

    def done() -> bool:  # asked at every look, at most a lease apart; the owner speaks between
        place.write(file_of("x", 1), Ticket(1, FAR, next(looks), 0.0).data())
        return time.monotonic() - begin > 0.3

    with exclusive(place, "x", done, lambda owner: None, Timing(lease=0.03)) as mine:
        assert not mine


def test_an_owner_gives_signs_of_life(tmp_path: Path) -> None:
    place = LocalPlace(tmp_path)
    with exclusive(place, "x", lambda: False, lambda owner: None, Timing(beat=0.01)):
        before, end = place.read("locks/x.000001"), time.monotonic() + 10
        while place.read("locks/x.000001") == before:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_lock_that_was_given_back_keeps_its_number(tmp_path: Path) -> None:
    """A slow waiter that still believes in number 1 finds that it cannot create number 2."""
    place = LocalPlace(tmp_path)
    for number in (1, 2):
        with exclusive(place, "x", lambda: False, lambda owner: None, Timing()):
            assert place.names("locks") == [f"x.{number:06d}"]
    assert place.names("locks") == ["x.000002"]
    assert not place.create("locks/x.000002", b"")


def test_half_a_ticket_is_waited_for_like_an_owner_elsewhere(tmp_path: Path) -> None:
    place, waited = LocalPlace(tmp_path), []
    place.create(file_of("x", 1), b'{"number": 1, "own')
    with exclusive(place, "x", lambda: False, waited.append, Timing(lease=0.05)) as mine:
        assert mine
    assert waited == [None]

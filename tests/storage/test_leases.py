"""Owners on other machines, whose processes nobody can see, are known by their signs of life."""

import json
import os
import threading
from pathlib import Path

from waiting import LIMIT

from bench.storage.locks import Timing, exclusive
from bench.storage.owner import Owner
from bench.storage.place import LocalPlace
from bench.storage.tickets import Ticket, file_of

FAR = Owner("far-away", "00000000", 1, "1", "abc")


class Clock:
    """A clock that only moves where somebody sleeps; how a machine is loaded changes nothing."""

    def __init__(self) -> None:
        self.now, self.sleeps = 0.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def timing(self, lease: float) -> Timing:
        return Timing(lease, clock=lambda: self.now, sleep=self.sleep)


class Speaking(LocalPlace):
    """Tells when a file of it was replaced."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.spoke = threading.Event()

    def write(self, name: str, data: bytes) -> None:
        super().write(name, data)
        self.spoke.set()


def test_an_owner_elsewhere_that_falls_silent_is_succeeded(tmp_path: Path) -> None:
    place, waited, clock = LocalPlace(tmp_path), [], Clock()
    place.create(file_of("x", 4), Ticket(4, FAR, 0, 0.0).data())
    with exclusive(place, "x", lambda: False, waited.append, clock.timing(lease=100)) as mine:
        assert mine
        assert 100 < clock.now < 100 + max(clock.sleeps) + 1
        assert place.names("locks") == ["x.000005"]
    assert waited == [FAR]


def test_an_owner_elsewhere_that_speaks_is_waited_for(tmp_path: Path) -> None:
    """Its clock is years behind, and it needs ten times the lease."""
    place, looks, clock = LocalPlace(tmp_path), iter(range(1000)), Clock()
    place.create(file_of("x", 1), Ticket(1, FAR, 0, 0.0).data())

    def done() -> bool:  # asked at every look, at most a lease apart; the owner speaks between
        place.write(file_of("x", 1), Ticket(1, FAR, next(looks), 0.0).data())
        return clock.now > 100

    with exclusive(place, "x", done, lambda owner: None, clock.timing(lease=10)) as mine:
        assert not mine
    assert max(clock.sleeps) < 10


def test_an_owner_gives_signs_of_life(tmp_path: Path) -> None:
    place = Speaking(tmp_path)
    with exclusive(place, "x", lambda: False, lambda owner: None, Timing(beat=0.001)):
        assert place.spoke.wait(timeout=LIMIT)
        first = json.loads(place.read("locks/x.000001") or b"")
    assert first["beat"] >= 1
    assert first["owner"]["pid"] == os.getpid()


def test_a_lock_that_was_given_back_keeps_its_number(tmp_path: Path) -> None:
    """A slow waiter that still believes in number 1 finds that it cannot create number 2."""
    place = LocalPlace(tmp_path)
    for number in (1, 2):
        with exclusive(place, "x", lambda: False, lambda owner: None, Timing()):
            assert place.names("locks") == [f"x.{number:06d}"]
    assert place.names("locks") == ["x.000002"]
    assert not place.create("locks/x.000002", b"")


def test_half_a_ticket_is_waited_for_like_an_owner_elsewhere(tmp_path: Path) -> None:
    place, waited, clock = LocalPlace(tmp_path), [], Clock()
    place.create(file_of("x", 1), b'{"number": 1, "own')
    with exclusive(place, "x", lambda: False, waited.append, clock.timing(lease=50)) as mine:
        assert mine
    assert waited == [None]
    assert clock.now > 50

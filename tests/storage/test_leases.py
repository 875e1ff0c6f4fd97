"""Owners on other machines, whose processes nobody can see, are known by their signs of life."""

import time
from pathlib import Path

from bench.storage.locks import Timing, exclusive
from bench.storage.owner import Owner
from bench.storage.place import LocalPlace
from bench.storage.tickets import Ticket, file_of

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

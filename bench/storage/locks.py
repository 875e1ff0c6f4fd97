"""Locks with a lease: one process makes an artifact while the others wait for it.

A lock is a row of numbered files, `<name>.000001`, `<name>.000002`, ...; whoever creates the next
number holds it, and creating is exclusive. A number is only ever written by its creator, so a
dead owner is succeeded by one waiter and never by two: the loser's number exists already.

An owner on this machine is dead when its process has ended. One elsewhere is dead when it has not
refreshed its file for a whole lease by the waiter's own clock, so that clocks need not agree.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bench.storage.atomic import explained
from bench.storage.owner import Owner, this_process
from bench.storage.place import Place
from bench.storage.tickets import Ticket, file_of, numbers, read

LEASE, BEAT = 120.0, 10.0  # seconds
FIRST_PAUSE, LAST_PAUSE = 0.02, 1.0  # seconds between two looks at a lock that is held


@dataclass(frozen=True)
class Timing:
    """How long an owner elsewhere may be silent, and how often one speaks, in seconds.

    Attributes:
        clock: the waiter's own, which goes on while it sleeps.
        sleep: waits between two looks.
    """

    lease: float = LEASE
    beat: float = BEAT
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@contextmanager
def exclusive(
    place: Place,
    name: str,
    done: Callable[[], bool],
    on_wait: Callable[[Owner | None], None],
    timing: Timing,
) -> Iterator[bool]:
    """Holds a lock for the block: True; or waits until what it guards is there: False.

    `done` says whether it is there, at every look; `on_wait` hears the owner, once, before the
    first pause.

    Raises:
        BadValue: the lock cannot be written.
    """
    with explained(f"store {place.where}"):
        ticket = _take(place, name, done, on_wait, timing)
    with _held(place, name, ticket, done, timing) as mine:
        yield mine


@contextmanager
def claimed(place: Place, name: str, timing: Timing) -> Iterator[bool]:
    """Holds a lock for the block: True; or False at once where another process may hold it.

    Raises:
        BadValue: the lock cannot be written.
    """
    with explained(f"store {place.where}"):
        ticket = _take(place, name, lambda: False, None, timing)
    with _held(place, name, ticket, lambda: True, timing) as mine:
        yield mine


@contextmanager
def _held(
    place: Place, name: str, ticket: Ticket | None, done: Callable[[], bool], timing: Timing
) -> Iterator[bool]:
    """Keeps a ticket alive for the block and gives it back; False without one."""
    if ticket is None:
        yield False
        return
    heart = _Heart(place, name, ticket, timing.beat)
    heart.start()
    try:
        yield True
    finally:
        heart.stop()
        with explained(f"store {place.where}"):
            _give_back(place, name, ticket, done())


def _take(
    place: Place,
    name: str,
    done: Callable[[], bool],
    on_wait: Callable[[Owner | None], None] | None,
    timing: Timing,
) -> Ticket | None:
    """A ticket; None once `done`, or, where nobody hears of waiting, instead of waiting."""
    watch, pause, told = _Watch(timing.lease, timing.clock), FIRST_PAUSE, False
    while not done():
        found = numbers(place, name)
        newest = read(place, name, found[-1]) if found else None
        if found and newest is None:
            continue  # it went away between two looks
        if newest is None or newest.released or watch.dead(newest):
            owner = this_process()
            mine = Ticket((newest.number if newest else 0) + 1, owner, 0, time.time())
            if place.create(file_of(name, mine.number), mine.data()):
                _drop(place, name, found)
                return mine
            continue  # another waiter was first
        if on_wait is None:
            return None
        if not told:
            on_wait(newest.owner)
            told = True
        timing.sleep(pause)
        pause = min(2 * pause, LAST_PAUSE)
    return None


def _give_back(place: Place, name: str, ticket: Ticket, done: bool) -> None:
    """Removes the lock where its purpose is met; else marks it free but keeps its number.

    The number stays so that a slow waiter, which still believes in an older one, cannot take a
    number that a later owner passed.
    """
    if not done:
        free = Ticket(ticket.number, ticket.owner, ticket.beat, time.time(), released=True)
        with suppress(OSError):  # where the disk is full, the file can still be removed
            place.write(file_of(name, ticket.number), free.data())
            return
    _drop(place, name, [n for n in numbers(place, name) if n <= ticket.number])


def _drop(place: Place, name: str, passed: list[int]) -> None:
    for number in passed:
        place.remove(file_of(name, number))


@dataclass
class _Watch:
    """Judges whether an owner is dead, from what a waiter itself has seen."""

    lease: float
    clock: Callable[[], float]
    seen: Ticket | None = None
    since: float = 0.0

    def dead(self, ticket: Ticket) -> bool:
        gone = ticket.owner.gone() if ticket.owner else None
        if gone is not None:
            return gone
        if ticket != self.seen:
            self.seen, self.since = ticket, self.clock()
        return self.clock() - self.since > self.lease


class _Heart:
    """A thread that refreshes a ticket until it is stopped."""

    def __init__(self, place: Place, name: str, ticket: Ticket, beat: float) -> None:
        self._place, self._name, self._ticket, self._beat = place, name, ticket, beat
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-lock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        count = 0
        while not self._stopped.wait(self._beat):
            count += 1
            number, owner = self._ticket.number, self._ticket.owner
            beat = Ticket(number, owner, count, time.time())
            try:
                self._place.write(file_of(self._name, number), beat.data())
            except OSError:
                continue  # the next beat tries again; at worst the lease runs out

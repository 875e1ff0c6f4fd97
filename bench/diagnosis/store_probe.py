"""What processes that share a store rely on, tried out in a folder of its own that is removed."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

from bench.storage.locks import Timing, claimed
from bench.storage.place import LocalPlace, Place
from bench.storage.remote import RemotePlace

CROWD = 8  # threads that create one file at the same moment
FAR = 10.0  # seconds between two clocks from which people should hear of them


@dataclass(frozen=True)
class Findings:
    """What a store does.

    Attributes:
        creators: how many of those that created one file at once were told that they did, 1 if all
            is well.
        owners: how many of two had one lease, and how many of one got it after it was given back.
        listed: whether a list of names shows a new file at once, and no removed one.
        skew: seconds by which the store's clock is ahead of this machine's, None where unknown.
    """

    creators: int
    owners: tuple[int, int]
    listed: bool
    skew: float | None

    def problem(self) -> str:
        """What would go wrong, empty where nothing would."""
        if self.creators != 1:
            return (
                f"{self.creators} of {CROWD} created one file at the same time, expected 1: it "
                "ignores conditional writes, so that two processes may get one lease"
            )
        if self.owners != (1, 1):
            return (
                f"a lease had {self.owners[0]} owners and then {self.owners[1]}, expected 1 and 1"
            )
        if not self.listed:
            return "its lists of names are stale, so that processes wait for what has ended"
        return ""


def probe(place: Place) -> Findings:
    """Tries a place that holds nothing; what is left there is the caller's to remove.

    Raises:
        OSError: it cannot be written.
    """
    begun = time.time()
    place.write("probe/clock", b"tick")
    return Findings(_creators(place), _owners(place), _listed(place), _skew(place, begun))


def _creators(place: Place) -> int:
    gate = Barrier(CROWD)

    def create(number: int) -> bool:
        gate.wait(timeout=60)
        return place.create("probe/created", str(number).encode())

    with ThreadPoolExecutor(CROWD) as pool:
        return sum(pool.map(create, range(CROWD)))


def _owners(place: Place) -> tuple[int, int]:
    timing = Timing()
    with claimed(place, "probe", timing) as first, claimed(place, "probe", timing) as second:
        together = first + second
    with claimed(place, "probe", timing) as again:
        return together, int(again)


def _listed(place: Place) -> bool:
    place.write("probe/new", b"")
    there = "new" in place.names("probe")
    place.remove("probe/new")
    return there and "new" not in place.names("probe")


def _skew(place: Place, begun: float) -> float | None:
    """How far the time of a file is outside of the time in which it was written."""
    try:
        if isinstance(place, LocalPlace):
            written = (place.root / "probe/clock").stat().st_mtime
        elif isinstance(place, RemotePlace):
            written = place.system.modified(f"{place.root}/probe/clock").timestamp()
        else:
            return None
    except (AttributeError, NotImplementedError, KeyError):
        return None
    ended = time.time()
    return written - ended if written > ended else min(0.0, written - begun + 1)  # whole seconds

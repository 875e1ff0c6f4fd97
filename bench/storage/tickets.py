"""Tickets: the numbered files that a lock consists of."""

import json
from dataclasses import asdict, dataclass

from bench.storage.owner import Owner
from bench.storage.place import Place

FOLDER = "locks"


@dataclass(frozen=True)
class Ticket:
    """One number of a lock: who created it, and when it last spoke.

    Attributes:
        owner: None where the file is being written, or cannot be read.
        beat: goes up while the owner lives.
        at: the owner's clock, in seconds since 1970.
    """

    number: int
    owner: Owner | None = None
    beat: int = 0
    at: float = 0.0
    released: bool = False

    def data(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def tickets(place: Place) -> dict[str, Ticket]:
    """The newest ticket of every lock of a store."""
    newest: dict[str, int] = {}
    for file in place.names(FOLDER):
        name, _, number = file.rpartition(".")
        if name and number.isdigit():
            newest[name] = max(newest.get(name, 0), int(number))
    found = ((name, read(place, name, number)) for name, number in newest.items())
    return {name: ticket for name, ticket in found if ticket}


def read(place: Place, name: str, number: int) -> Ticket | None:
    """The ticket in a file, or None where the file has gone."""
    data = place.read(file_of(name, number))
    if data is None:
        return None
    try:
        values = json.loads(data)
        owner = Owner(**values.pop("owner"))
        return Ticket(**{**values, "number": number, "owner": owner})
    except (ValueError, TypeError, KeyError, AttributeError):
        return Ticket(number)


def file_of(name: str, number: int) -> str:
    """The file of one number of a lock."""
    return f"{FOLDER}/{name}.{number:06d}"


def numbers(place: Place, name: str) -> list[int]:
    """The numbers of a lock that are there, ascending."""
    endings = (f.rpartition(".") for f in place.names(FOLDER))
    return sorted(int(n) for stem, _, n in endings if stem == name and n.isdigit())

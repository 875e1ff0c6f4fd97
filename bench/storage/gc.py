"""Sweeping: removing what dead processes left, and artifacts that nobody wants any more."""

import time
from collections.abc import Collection, Iterator
from typing import NamedTuple

from bench.storage.owner import owner_named
from bench.storage.place import LAST, TEMPORARY, LocalPlace, Place
from bench.storage.progress import FOLDER
from bench.storage.remote import RemotePlace
from bench.storage.tickets import file_of, tickets

OBJECTS, CURVES = "objects", "curves"
ABANDONED = 86400.0  # seconds after which what an owner elsewhere left is given up


class Swept(NamedTuple):
    """How many things were removed, and the bytes that they took."""

    removed: int
    bytes: int


def object_folder(address: str) -> str:
    return f"{OBJECTS}/{address[:2]}/{address}"


def addresses(place: Place, prefix: str = "") -> Iterator[str]:
    """Addresses in a store, also of folders that are not complete."""
    for shard in place.names(OBJECTS):
        if shard.startswith(prefix[:2]):
            found = place.names(f"{OBJECTS}/{shard}")
            yield from (name for name in found if name.startswith(prefix) and name[:2] == shard)


def sweep(place: Place, keep: Collection[str] | None, dry_run: bool) -> Swept:
    """Removes stale temporary folders and locks, and artifacts not in `keep` (None keeps all)."""
    names = [*_stale_locks(place), *_broken(place)]
    if keep is not None:
        kept = set(keep)
        names += [object_folder(address) for address in addresses(place) if address not in kept]
    swept = [_removed(place, name, dry_run) for name in dict.fromkeys(names)]
    local = place.copies if isinstance(place, RemotePlace) else place
    if isinstance(local, LocalPlace):
        left = [*_left_behind(local), *_progress_of_made(place, local)]
        swept += [_removed(local, name, dry_run) for name in left]
        if keep is not None and not dry_run:
            _remove_curves(place, local, set(keep))
    return Swept(len(swept), sum(swept))


def _removed(place: Place, name: str, dry_run: bool) -> int:
    size = place.size(name)
    if not dry_run:
        place.remove(name)
    return size


def _broken(place: Place) -> Iterator[str]:
    """Folders without a manifest: uploads that broke off, or files deleted by hand."""
    held = tickets(place)
    for address in addresses(place):
        folder = object_folder(address)
        if address not in held and not place.has(f"{folder}/{LAST}"):
            yield folder


def _stale_locks(place: Place) -> Iterator[str]:
    for name, ticket in tickets(place).items():
        if ticket.owner is None:  # it is just being written, or its writer was killed at that
            stale = place.has(f"{object_folder(name)}/{LAST}")
        else:
            gone = ticket.owner.gone()
            silent = time.time() - ticket.at > ABANDONED
            stale = ticket.released or gone or (gone is None and silent)
        if stale:
            yield file_of(name, ticket.number)


def _progress_of_made(place: Place, local: LocalPlace) -> Iterator[str]:
    """States of stages whose artifact was made, by a process that died in the same moment."""
    for name in local.names(FOLDER):
        address = name.lstrip(".").partition(".")[0]  # a half-written one begins with a dot
        if place.has(f"{object_folder(address)}/{LAST}"):
            yield f"{FOLDER}/{name}"


def _remove_curves(place: Place, local: LocalPlace, kept: set[str]) -> None:
    """A curve goes with its artifact, and counts as a part of it."""
    held = tickets(place)
    for address in local.names(CURVES):
        if address not in kept and address not in held:
            local.remove(f"{CURVES}/{address}")


def _left_behind(place: LocalPlace) -> Iterator[str]:
    for name in place.names(TEMPORARY):
        owner = owner_named(name)
        gone = owner.gone() if owner else None
        try:
            silent = time.time() - (place.root / TEMPORARY / name).stat().st_mtime > ABANDONED
        except FileNotFoundError:
            continue
        if gone or (gone is None and silent):
            yield f"{TEMPORARY}/{name}"

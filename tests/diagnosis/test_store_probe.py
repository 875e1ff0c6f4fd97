"""A store is tried for what sharing needs; a broken promise is named with its cost."""

import os
import uuid
from pathlib import Path

import fsspec
import pytest

from bench.diagnosis import places
from bench.diagnosis.store_probe import CROWD, FAR, Findings, probe
from bench.storage.place import LocalPlace
from bench.storage.remote import place_at


def test_a_folder_keeps_every_promise_and_stays_clean(tmp_path: Path) -> None:
    found = probe(LocalPlace(tmp_path / "store"))
    assert (found.creators, found.owners, found.listed) == (1, (1, 1), True)
    assert found.skew is not None
    assert abs(found.skew) < FAR
    assert found.problem() == ""
    check = places.store(str(tmp_path / "store"))
    assert check.status == "ok"
    assert "leases" in check.detail
    assert not list(tmp_path.glob(".doctor*"))
    assert not list((tmp_path / "store").glob(".doctor*"))


def test_a_url_keeps_every_promise() -> None:
    found = probe(place_at(f"memory://probe-{uuid.uuid4().hex}"))
    assert found.problem() == ""


class Careless(LocalPlace):
    """A store that ignores the condition of a conditional write, as some object stores do."""

    def create(self, name: str, data: bytes) -> bool:
        self.write(name, data)
        return True


class Stale(LocalPlace):
    """A store whose lists show what was there a moment ago."""

    def names(self, folder: str) -> list[str]:
        return super().names(folder) if folder != "probe" else []


def test_a_store_that_ignores_conditional_writes_is_named(tmp_path: Path) -> None:
    found = probe(Careless(tmp_path))
    assert found.creators == CROWD
    assert found.owners[0] <= 2
    assert "ignores conditional writes" in found.problem()
    check = places._judged("it is writable", found)
    assert check.status == "fail"
    assert "one process at a time" in check.advice


def test_stale_lists_are_named(tmp_path: Path) -> None:
    assert "lists of names are stale" in probe(Stale(tmp_path)).problem()


def test_a_lease_with_two_owners_is_named() -> None:
    found = Findings(1, (2, 1), True, 0.0)
    assert found.problem() == "a lease had 2 owners and then 1, expected 1 and 1"


class Ahead(LocalPlace):
    """A file server whose clock is a minute ahead."""

    def write(self, name: str, data: bytes) -> None:
        super().write(name, data)
        status = (self.root / name).stat()
        os.utime(self.root / name, (status.st_atime, status.st_mtime + 60))


def test_clocks_that_differ_are_a_warning_with_their_distance(tmp_path: Path) -> None:
    found = probe(Ahead(tmp_path))
    assert found.skew == pytest.approx(60, abs=FAR)
    check = places._judged("it is writable", found)
    assert (check.status, check.advice) == ("warn", "set the clocks by NTP")
    assert "s from this machine's" in check.detail


def test_what_a_probe_of_a_url_wrote_is_removed() -> None:
    url = f"memory://probe-{uuid.uuid4().hex}"
    assert places.store(url).status == "ok"
    assert fsspec.filesystem("memory").find(url.removeprefix("memory:/")) == []

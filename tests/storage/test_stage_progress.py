"""The file of a stage's state: the last saving or none, and how long it took to get there."""

from pathlib import Path

import pytest
import torch

from bench.artifacts.values import ClassMeans
from bench.core.errors import BadValue
from bench.storage.progress import EVERY, VARIABLE, FileProgress, interval
from bench.storage.store import ArtifactSpec, Store

ADDRESS = "ab" * 16


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_last_state_is_found_again(tmp_path: Path) -> None:
    first = FileProgress(tmp_path, ADDRESS)
    assert first.saved() is None
    for step in (1, 2):
        first.save({"step": torch.tensor(step), "strided": torch.arange(6).view(2, 3).t()})
    found = FileProgress(tmp_path, ADDRESS).saved()
    assert found is not None
    assert int(found["step"]) == 2
    assert found["strided"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_saving_is_due_once_a_while(tmp_path: Path) -> None:
    clock = Clock()
    progress = FileProgress(tmp_path, ADDRESS, clock)
    assert not progress.due()
    clock.now += EVERY
    assert progress.due()
    progress.save({})
    assert not progress.due()


def test_seconds_of_all_processes_add_up(tmp_path: Path) -> None:
    clock = Clock()
    for expected in (0.0, 70.0, 140.0):
        progress = FileProgress(tmp_path, ADDRESS, clock)
        assert progress.spent == expected
        clock.now += 70
        progress.save({"x": torch.ones(1)})
        clock.now += 1000  # lost: never saved


@pytest.mark.parametrize("content", [b"", b"half a file"])
def test_a_broken_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    FileProgress(tmp_path, ADDRESS).path.write_bytes(content)
    progress = FileProgress(tmp_path, ADDRESS)
    assert progress.saved() is None
    assert progress.spent == 0


def test_what_was_made_needs_no_state(tmp_path: Path) -> None:
    store, spec = Store(tmp_path), ArtifactSpec(ADDRESS, "means", ClassMeans)

    def make() -> ClassMeans:
        store.progress(ADDRESS).save({"x": torch.ones(1)})
        return ClassMeans(torch.ones(1, 3))

    store.get_or_make(spec, make)
    assert list((tmp_path / "progress").iterdir()) == []


def test_seconds_before_a_break_count(tmp_path: Path) -> None:
    store, spec = Store(tmp_path), ArtifactSpec(ADDRESS, "means", ClassMeans)
    clock = Clock()
    before = FileProgress(store.local_folder("progress"), ADDRESS, clock)
    clock.now += 50
    before.save({"x": torch.ones(1)})
    assert 50 <= store.get_or_make(spec, lambda: ClassMeans(torch.ones(1, 3))).seconds < 60


def test_cleaning_up_removes_states_of_what_is_there(tmp_path: Path) -> None:
    store, spec = Store(tmp_path), ArtifactSpec(ADDRESS, "means", ClassMeans)
    store.get_or_make(spec, lambda: ClassMeans(torch.ones(1, 3)))
    store.progress(ADDRESS).save({"x": torch.ones(1)})
    store.progress("cd" * 16).save({"x": torch.ones(1)})
    store.gc(keep=None)
    assert [path.name[:2] for path in (tmp_path / "progress").iterdir()] == ["cd"]


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_an_interval_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(BadValue, match=f"{VARIABLE}: expected seconds"):
        interval()


def test_what_lasts_is_written_once_and_found_with_the_rest(tmp_path: Path) -> None:
    progress, big = FileProgress(tmp_path, ADDRESS), torch.arange(1000)
    progress.save({"lasting.images.0": big, "step": torch.tensor(1)})
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    progress.save({"lasting.images.0": big, "lasting.images.1": big + 1, "step": torch.tensor(2)})
    after = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    (part,) = (name for name in before if "images.0" in name)
    assert after[part] == before[part]  # a file that is replaced is another one
    assert progress.path.stat().st_size < big.nbytes / 10
    again = FileProgress(tmp_path, ADDRESS)
    found = again.saved()
    assert found is not None
    assert {name: value.sum().item() for name, value in found.items()} == {
        "lasting.images.0": big.sum().item(),
        "lasting.images.1": big.sum().item() + 1000,
        "step": 2,
    }
    again.save({"lasting.images.0": big, "lasting.images.1": big + 1, "step": torch.tensor(3)})
    assert {p.name: p.stat().st_ino for p in tmp_path.iterdir()}[part] == before[part]


def test_a_state_that_lost_a_part_counts_as_none(tmp_path: Path) -> None:
    FileProgress(tmp_path, ADDRESS).save({"lasting.x": torch.ones(2), "step": torch.tensor(1)})
    (part,) = tmp_path.glob("*lasting.x*")
    part.unlink()
    assert FileProgress(tmp_path, ADDRESS).saved() is None


def test_forgetting_removes_every_part_and_nothing_else(tmp_path: Path) -> None:
    mine, other = FileProgress(tmp_path, ADDRESS), FileProgress(tmp_path, "cd" * 16)
    for progress in (mine, other):
        progress.save({"lasting.x": torch.ones(2), "step": torch.tensor(1)})
    mine.forget()
    assert {path.name[:2] for path in tmp_path.iterdir()} == {"cd"}
    assert other.saved() is not None

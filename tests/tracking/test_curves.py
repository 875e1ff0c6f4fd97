"""Curves stand in the store as they come, once for each step, whatever was killed in between."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bench.core.events import CellFailed, Milestone, StageFinished, StageStarted, Step
from bench.tracking import curves
from bench.tracking.curves import FILE, Curves, read_curve

ADDRESS = "b" * 64


def computing(folder: Path, steps: range, series: str = "") -> Curves:
    observer = Curves(folder)
    observer(StageStarted("cell", "recover", ADDRESS, series))
    suffix = f"/{series}" if series else ""
    for k in steps:
        observer(Step(f"recover{suffix}", k, 4, {"loss": torch.tensor(1 / k)}))
    return observer


def losses(folder: Path) -> dict[int, float]:
    found = [spot for spot in read_curve(folder, ADDRESS) if spot.values]
    assert len({spot.step for spot in found}) == len(found)
    return {spot.step: spot.values["loss"] for spot in found}


def test_a_stage_leaves_its_curve(tmp_path: Path) -> None:
    computing(tmp_path, range(1, 5)).close("FINISHED")
    assert losses(tmp_path) == pytest.approx({1: 1.0, 2: 0.5, 3: 1 / 3, 4: 0.25})
    assert {spot.stage for spot in read_curve(tmp_path, ADDRESS)} == {"recover"}


def test_points_are_there_a_second_later_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [5000]
    monkeypatch.setattr(curves, "milliseconds", lambda: now[0])
    observer = computing(tmp_path, range(1, 3))
    now[0] += 1000
    observer(Step("recover", 3, 4, {"loss": 0.0}))  # the process may be killed from here on
    assert set(losses(tmp_path)) == {1, 2, 3}


def test_the_first_of_steps_that_are_repeated_after_a_break_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "milliseconds", lambda: 1000)
    computing(tmp_path, range(1, 4)).close("KILLED")
    with (tmp_path / ADDRESS / FILE).open("ab") as file:
        file.write(b'{"stage":"recover","st')  # cut by a kill
    monkeypatch.setattr(curves, "milliseconds", lambda: 9000)
    computing(tmp_path, range(2, 5)).close("FINISHED")
    assert set(losses(tmp_path)) == {1, 2, 3, 4}
    times = [spot.millis for spot in read_curve(tmp_path, ADDRESS)]
    assert times == [1000, 1000, 1000, 9000]


def test_the_seed_of_a_trial_is_no_part_of_an_artifacts_curve(tmp_path: Path) -> None:
    computing(tmp_path, range(1, 3), series="s1").close("FINISHED")
    assert {spot.stage for spot in read_curve(tmp_path, ADDRESS)} == {"recover"}


def test_a_milestone_keeps_its_images_once(tmp_path: Path) -> None:
    for level in (7, 9):
        observer = computing(tmp_path, range(1, 2))
        images = torch.full((2, 1, 4, 4), level, dtype=torch.uint8)
        observer(Milestone("recover", 3, images, [0, 1]))
        observer.close("KILLED")
    (spot,) = [spot for spot in read_curve(tmp_path, ADDRESS) if spot.picture]
    assert (spot.stage, spot.step) == ("recover", 3)
    assert np.load(tmp_path / ADDRESS / spot.picture).max() == 7


def test_a_stage_that_broke_off_takes_nothing_of_the_next_cell(tmp_path: Path) -> None:
    observer = computing(tmp_path, range(1, 3))
    observer(CellFailed("cell", "c" * 64, "loss is NaN", {}))
    assert not observer.open
    observer(Step("trial", 1, 2, {"loss": 0.5}))
    assert set(losses(tmp_path)) == {1, 2}


def test_what_is_found_in_the_store_or_lies_between_stages_leaves_none(tmp_path: Path) -> None:
    observer = Curves(tmp_path)
    observer(StageFinished("cell", "squeeze", "5" * 64, 1.0, 1, hit=True))
    observer(Step("trial", 1, 2, {"top1": 0.5}))
    assert not observer.open
    observer.close("FINISHED")
    assert list(tmp_path.iterdir()) == []
    assert list(read_curve(tmp_path, ADDRESS)) == []

"""The benchmark of tracking measures real cells that keep everything, against cells that do not."""

import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from bench.storage.store import Store
from benchmarks.tracking import Turn, extra, session

pytestmark = pytest.mark.slow


def test_a_tracked_turn_keeps_everything_and_a_bare_one_nothing(
    tmp_path: Path, data_root: Path, migrated: Path
) -> None:
    bare, tracked = (session(tmp_path / name, data_root, (0,), "smoke") for name in ("a", "b"))
    (tmp_path / "b" / "tracking").mkdir(parents=True)
    shutil.copyfile(migrated, tmp_path / "b" / "tracking" / "mlflow.db")
    for given, track in ((bare, False), (tracked, True)):
        turn = Turn(given, track)
        turn.cell()
        turn.close()
        assert turn.cells[0].wall > turn.cells[0].told > 0
        assert turn.ends.wall > 0
        assert Store(given.store.root).has(given.plan.cells[0].address)
    assert not (tmp_path / "a" / "tracking" / "mlflow.db").exists()
    client = MlflowClient(f"sqlite:///{tmp_path / 'b' / 'tracking' / 'mlflow.db'}")
    (place,) = [e.experiment_id for e in client.search_experiments() if e.name == "bench/cost"]
    (run,) = client.search_runs([place], "tags.level = 'cell'")
    assert run.info.status == "FINISHED"
    names = {a.path for a in client.list_artifacts(run.info.run_id, "images")}
    assert {"images/synthetic.png", "images/confusion.png"} < names
    assert any(name.startswith("images/recover+step+") for name in names)
    assert run.inputs is not None
    assert len(run.inputs.dataset_inputs) == 3
    assert len(client.get_metric_history(run.info.run_id, "recover/total")) > 5


def test_the_extra_is_told_with_the_interval_of_its_mean() -> None:
    bare, more = [2.0, 4.0, 2.0], [0.1, 0.1, 0.3]
    assert extra("wall", bare, [b + m for b, m in zip(bare, more, strict=True)]) == (
        "wall: 2.000 s bare, median extra +100 ms, +5.0 %, mean +7.5 % [-8.9, +23.9], n = 3"
    )  # 5, 2.5 and 15 %: sd 6.61, t(2) = 4.303
    assert "+50.0 %, mean +50.0 %" in extra("told", [1.0, 1.0], [2.0, 2.0], of=[2.0, 2.0])

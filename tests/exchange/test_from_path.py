"""A set of others stands in a study by its bytes, wherever it lies."""

from pathlib import Path

import pytest
import torch

from bench.app.session import find_source
from bench.core.errors import BadData
from bench.execution.planner import make_plan
from bench.study.catalog import completed
from bench.study.grid import Row, Study
from bench.study.overrides import parse


def address(path: Path, root: Path) -> str:
    row = Row("theirs", "from-path", {"path": str(path)})
    study = Study("s", "S", (row,), seeds=(0,), evaluators=("hard-label",))
    plan = make_plan(study, "smoke", parse([], study), lambda name: find_source(name, root))
    return plan.cells[0].tasks["recover"].address


def test_the_address_follows_the_bytes(tmp_path: Path, data_root: Path) -> None:
    torch.save([torch.rand(10, 1, 8, 8), torch.arange(10)], tmp_path / "one.pt")
    (tmp_path / "moved.pt").write_bytes((tmp_path / "one.pt").read_bytes())
    before = address(tmp_path / "one.pt", data_root)
    assert address(tmp_path / "moved.pt", data_root) == before
    torch.save([torch.rand(10, 1, 8, 8), torch.arange(10)], tmp_path / "one.pt")
    assert address(tmp_path / "one.pt", data_root) != before
    with pytest.raises(BadData, match="nothing is there"):
        address(tmp_path / "absent.pt", data_root)


def test_a_study_of_every_distiller_has_no_row_without_a_path() -> None:
    study = completed(Study("s", "S", (Row("r", "random"),), every_distiller=True))
    assert "from-path" not in {row.distiller for row in study.rows}

"""From cells to one summary per (row, setting): what was run, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import pandas as pd

from reports.numbers.cells import Cell, Setting, by_seed, by_teacher, cells_of
from reports.numbers.info import RowInfo, StudyInfo
from reports.numbers.published import Published, elsewhere, lookup
from reports.numbers.statistics import Sample, accuracy

PAPER_SCALE = "paper"
Unit = Literal["seed", "teacher"]


@dataclass(frozen=True)
class Summary:
    """One row of a study under one setting, over its seeds.

    Attributes:
        paper: the paper's number under the same kind of labels.
        other: a number that the paper quotes for another protocol; never set against ours.
        unit: what counts once: a seed, or a teacher where the study has several.
    """

    setting: Setting
    info: RowInfo
    cells: tuple[Cell, ...]
    sample: Sample | None
    paper: Published | None
    other: Published | None = None
    unit: Unit = "seed"

    @property
    def row(self) -> str:
        return self.info.label

    @property
    def values(self) -> dict[int, float]:
        """Seed or teacher -> top-1 fraction, the mean over its sets and their students."""
        return by_teacher(self.cells) if self.unit == "teacher" else by_seed(self.cells)

    @property
    def bn_weight(self) -> tuple[float, ...]:
        """λ of its distiller, all values where the cells differ; empty where it has none."""
        known = (cell.numbers.get("bn_weight") for cell in self.cells)
        return tuple(dict.fromkeys(value for value in known if value is not None))

    @property
    def status(self) -> str:
        """ "ok", "not run", "paper only", "failed", "2 of 5 failed" or "3 of 5 run"."""
        total = len(self.cells)
        failed = self.count("failed")
        if total == 0 and self.info.paper_only:
            return "paper only"
        if total == 0 or self.count("not run") == total:
            return "not run"
        if failed:
            return "failed" if failed == total else f"{failed} of {total} failed"
        return "ok" if self.count("ok") == total else f"{self.count('ok')} of {total} run"

    @property
    def recipe(self) -> str:
        """The recipe's id; several are joined, which an alarm reports."""
        return ", ".join(dict.fromkeys(cell.recipe for cell in self.cells if cell.recipe))

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's, as a fraction."""
        if self.sample is None or self.paper is None:
            return None
        return self.sample.mean - self.paper.value / 100

    def count(self, status: str) -> int:
        return sum(cell.status == status for cell in self.cells)

    def mean_of(self, name: str) -> float | None:
        """Mean of a numeric column over the cells that have it."""
        found = [cell.numbers[name] for cell in self.cells if name in cell.numbers]
        return sum(found) / len(found) if found else None


def summarise(info: StudyInfo, cells: Sequence[Cell]) -> tuple[Summary, ...]:
    """Every row of the study under every setting of the cells, setting by setting.

    Rows that the study declares and no cell mentions are there with the status "not run"; rows
    that only the cells mention follow.
    """
    rows = _rows(info, cells)
    places: dict[tuple[Setting, str], list[Cell]] = {}
    for cell in cells:
        places.setdefault((cell.setting, cell.row), []).append(cell)
    settings = dict.fromkeys(cell.setting for cell in cells)
    unit: Unit = "teacher" if any(cell.teacher for cell in cells) else "seed"
    return tuple(
        _summary(info, row, setting, unit, tuple(places.get((setting, row.label), ())))
        for setting in settings
        for row in rows
    )


def summary_frame(info: StudyInfo, frame: pd.DataFrame) -> pd.DataFrame:
    """The summaries as a frame of fractions, one line per row and setting."""
    return pd.DataFrame([_line(s) for s in summarise(info, cells_of(frame))])


def reduced(cells: Sequence[Cell]) -> bool:
    """Whether any cell was run below the scale of the paper."""
    return any(cell.profile not in ("", PAPER_SCALE) for cell in cells)


def _rows(info: StudyInfo, cells: Sequence[Cell]) -> tuple[RowInfo, ...]:
    declared = {row.label: row for row in info.rows}
    for cell in cells:
        declared.setdefault(cell.row, RowInfo(cell.row, cell.group, cell.distiller, cell.paper_row))
    return tuple(declared.values())


def _summary(
    info: StudyInfo, row: RowInfo, setting: Setting, unit: Unit, cells: tuple[Cell, ...]
) -> Summary:
    bare = Summary(setting, row, cells, None, None, None, unit)
    values = list(bare.values.values())
    paper = other = None
    if info.paper_table and row.paper_row:
        place = (info.paper_table, row.paper_row, setting.dataset, setting.ipc)
        paper = lookup(*place, setting.student)
        if paper is None or not paper.fits(setting.evaluator):
            paper, other = None, elsewhere(*place, setting.evaluator)
    return replace(bare, sample=accuracy(values) if values else None, paper=paper, other=other)


def _line(summary: Summary) -> Mapping[str, object]:
    sample, paper = summary.sample, summary.paper
    return {
        "group": summary.info.group,
        "row": summary.row,
        **asdict(summary.setting),
        "status": summary.status,
        "n": sample.n if sample else 0,
        "mean": sample.mean if sample else None,
        "std": sample.std if sample else None,
        "sem": sample.sem if sample else None,
        "ci_low": sample.low if sample else None,
        "ci_high": sample.high if sample else None,
        "paper": paper.value / 100 if paper else None,
        "paper_error": paper.error / 100 if paper and paper.error is not None else None,
        "paper_error_kind": paper.error_kind if paper else "",
        "paper_n": paper.n if paper else None,
        "difference": summary.difference,
        "recipe": summary.recipe,
        "bn_weight": ", ".join(f"{value:g}" for value in summary.bn_weight),
        "unit": summary.unit,
    }

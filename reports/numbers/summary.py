"""From cells to one summary per (row, setting): what was run, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from reports.numbers.cells import Cell, Setting, by_seed, cells_of
from reports.numbers.info import RowInfo, StudyInfo
from reports.numbers.published import Published, lookup
from reports.numbers.statistics import Sample, describe

PAPER_SCALE = "paper"


@dataclass(frozen=True)
class Summary:
    """One row of a study under one setting, over its seeds."""

    setting: Setting
    info: RowInfo
    cells: tuple[Cell, ...]
    sample: Sample | None
    paper: Published | None

    @property
    def row(self) -> str:
        return self.info.label

    @property
    def values(self) -> dict[int, float]:
        """Seed -> top-1 fraction of the cells that are done, the mean over several students."""
        return by_seed(self.cells)

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
    return tuple(
        _summary(info, row, setting, tuple(places.get((setting, row.label), ())))
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


def _summary(info: StudyInfo, row: RowInfo, setting: Setting, cells: tuple[Cell, ...]) -> Summary:
    values = list(by_seed(cells).values())
    paper = None
    if info.paper_table and row.paper_row:
        paper = lookup(
            info.paper_table, row.paper_row, setting.dataset, setting.ipc, setting.student
        )
    return Summary(setting, row, cells, describe(values) if values else None, paper)


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
    }

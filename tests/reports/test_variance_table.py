"""Several students on one set: the table of their spread, and a seed that counts once."""

import pandas as pd
import pytest

from reports.numbers.cells import cells_of
from reports.numbers.info import RowInfo, StudyInfo
from reports.numbers.summary import summarise
from reports.pages.sections import page_of
from reports.tables.entries import Table
from reports.tables.variance_table import variance_table

INFO = StudyInfo("s", "S", rows=(RowInfo("a", "", "wmdd"),))


def frame(*groups: tuple[float, ...]) -> pd.DataFrame:
    """One group of students per seed."""
    point = {"row": "a", "dataset": "digits", "ipc": 2, "evaluator": "fkd", "student": "c"}
    return pd.DataFrame(
        [
            {**point, "seed": seed, "repeat": repeat, "top1": top1}
            for seed, group in enumerate(groups)
            for repeat, top1 in enumerate(group)
        ]
    )


def table_of(data: pd.DataFrame) -> Table | None:
    return variance_table(summarise(INFO, cells_of(data)))


def test_known_answer() -> None:
    """Means 0.2 and 0.6; within 0.02, between (0.16 - 0.02) / 2 = 0.07: see test_variance."""
    table = table_of(frame((0.1, 0.3), (0.5, 0.7)))
    assert table is not None
    (line,) = table.lines
    shown = [entry.text for entry in line.entries]
    assert shown[:6] == ["a", "40.0", "2 x 2", "26.5", "14.1", "78"]
    assert shown[6:] == ["20.0", "14.1", "19.4"]  # sqrt(.07/2 + .02/4), (.07/4 + .02/8), ...


def test_a_seed_counts_once_with_the_mean_of_its_students() -> None:
    (summary,) = summarise(INFO, cells_of(frame((0.1, 0.3), (0.5, 0.7))))
    assert summary.values == pytest.approx({0: 0.2, 1: 0.6})
    assert summary.sample is not None
    assert (summary.sample.n, summary.sample.mean) == (2, pytest.approx(0.4))
    assert summary.status == "ok"


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (((0.1, 0.3, 0.2), (0.5, 0.7, 0.6)), "3 students, whose mean counts once: the variance of"),
        (((0.1,), (0.5,)), "one student: the variance of sets and of single students, which"),
    ],
)
def test_intervals_say_what_they_hold_of_students(
    groups: tuple[tuple[float, ...], ...], said: str
) -> None:
    notes = [note for table in page_of(INFO, frame(*groups)).tables for note in table.notes]
    assert sum(said in note for note in notes) == 1


@pytest.mark.parametrize("groups", [((0.1,), (0.2,)), ((0.1, 0.2),), ()])
def test_no_table_without_two_sets_and_two_students(groups: tuple[tuple[float, ...], ...]) -> None:
    assert table_of(frame(*groups)) is None if groups else variance_table(()) is None


def test_the_page_shows_it_once_per_data_set() -> None:
    page = page_of(INFO, frame((0.1, 0.3), (0.5, 0.7)))
    assert [table.key for table in page.tables if table.key.startswith("variance")] == [
        "variance-digits"
    ]
    assert "variance-digits" not in [t.key for t in page_of(INFO, frame((0.1,), (0.5,))).tables]

"""A frame is read as typed cells; what is not tidy is refused in one line."""

import numpy as np
import pandas as pd
import pytest
from report_frames import ablation_frame

from bench.core.errors import BadValue, UnknownName
from reports.numbers.cells import cells_of, computing_time

MINIMAL = {"row": "a", "dataset": "digits", "ipc": 1, "seed": 0, "top1": 0.5}


def test_four_columns_and_a_score_are_enough() -> None:
    (cell,) = cells_of(pd.DataFrame([MINIMAL]))
    assert (cell.row, cell.top1, cell.status, cell.recipe) == ("a", 0.5, "ok", "")
    assert dict(cell.numbers) == {}


def test_an_empty_frame_has_no_cells() -> None:
    assert cells_of(pd.DataFrame([])) == ()


def test_ok_without_a_score_is_a_failure() -> None:
    (cell,) = cells_of(pd.DataFrame([MINIMAL | {"top1": np.nan, "status": "ok"}]))
    assert (cell.status, cell.error) == ("failed", "no score was stored")


def test_a_failed_cell_has_no_score_even_if_one_is_given() -> None:
    (cell,) = cells_of(pd.DataFrame([MINIMAL | {"status": "failed", "error": "NaN"}]))
    assert (cell.top1, cell.error) == (None, "NaN")


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_gaps_of_any_kind_are_gaps(gap: object) -> None:
    (cell,) = cells_of(pd.DataFrame([MINIMAL | {"recipe": gap, "updates": gap}]))
    assert cell.recipe == ""
    assert "updates" not in cell.numbers


def test_whole_numbers_survive_a_float_column() -> None:
    (cell,) = cells_of(pd.DataFrame([MINIMAL | {"ipc": 10.0, "seed": 3.0}]))
    assert (cell.setting.ipc, cell.seed) == (10, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"top1": 63.1}, r"fraction in \[0, 1\], given 63.1"),
        ({"ipc": 1.5}, "whole number, given 1.5"),
        ({"updates": "many"}, "number, given 'many'"),
    ],
)
def test_wrong_values_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadValue, match=message):
        cells_of(pd.DataFrame([MINIMAL | change]))


def test_unknown_status_is_named() -> None:
    with pytest.raises(UnknownName, match="did you mean 'failed'"):
        cells_of(pd.DataFrame([MINIMAL | {"status": "faild"}]))


def test_missing_column_is_named() -> None:
    with pytest.raises(BadValue, match=r"missing \['seed'\]"):
        cells_of(ablation_frame().drop(columns="seed"))


def test_one_cell_twice_is_refused() -> None:
    with pytest.raises(BadValue, match="given two for 'a', digits"):
        cells_of(pd.DataFrame([MINIMAL, MINIMAL]))


def test_a_shared_artifact_is_timed_once_and_another_of_equal_seconds_too() -> None:
    """Two teachers of 60 s each, one observation, two sets of images of 2 s each."""
    named = {
        "address_squeeze": ["t1", "t1", "t2"],
        "seconds_squeeze": [60.0, 60.0, 60.0],
        "address_observe": [None, "o1", "o1"],
        "seconds_observe": [None, 1.0, 1.0],
        "address_barycenter": None,
        "seconds_barycenter": None,
        "address_recover": ["r1", "r1", "r2"],
        "seconds_recover": [2.0, 2.0, 2.0],
        "address_relabel": ["l1", "l2", "l3"],
        "seconds_relabel": [0.5, 0.25, 0.125],
        "seconds_evaluate": [5.0, 5.0, 7.0],
    }
    frame = ablation_frame().head(3).assign(**named)
    assert computing_time(2 * cells_of(frame)) == 2 * 60 + 1 + 2 * 2 + 0.875 + 17


def test_a_stage_that_one_cell_has_not_timed_keeps_its_time() -> None:
    """A row that was read before its teacher was stored names it all the same."""
    lines = [MINIMAL | {"seed": seed, "address_squeeze": "t1"} for seed in range(2)]
    frame = pd.DataFrame(lines).assign(seconds_squeeze=[60.0, None])
    assert computing_time(cells_of(frame)) == 60


def test_equal_seconds_are_one_artifact_where_none_is_named() -> None:
    frame = ablation_frame().head(3)
    frame = frame.drop(columns=[c for c in frame.columns if c.startswith("address")])
    frame = frame.assign(
        seconds_squeeze=[60.0, 60.0, 60.0],
        seconds_observe=[None, 1.0, 1.0],
        seconds_barycenter=None,
        seconds_recover=[2.0, 2.0, 3.0],
        seconds_relabel=[0.5, 0.25, 0.125],
        seconds_evaluate=[5.0, 6.0, 7.0],
    )
    assert computing_time(cells_of(frame)) == 60 + 1 + 5 + 0.875 + 18

"""Summaries: status, statistics and the paper's number of every row under every setting."""

import pandas as pd
import pytest
from report_frames import ablation_frame, ablation_info, spoil

from reports.numbers.info import RowInfo, StudyInfo
from reports.numbers.summary import summary_frame

SMALL = StudyInfo("s", "S", paper_table="table4", rows=(RowInfo("a", paper_row="wass+pcbn"),))


def line(seed: int, top1: float, **more: object) -> dict[str, object]:
    place = {"row": "a", "dataset": "imagenette", "ipc": 10, "student": "resnet18"}
    return {**place, "seed": seed, "top1": top1, **more}


def test_three_seeds_beside_the_paper() -> None:
    found = summary_frame(SMALL, pd.DataFrame([line(0, 0.6), line(1, 0.62), line(2, 0.64)])).iloc[0]
    assert (found["n"], found["status"]) == (3, "ok")
    assert (found["mean"], found["std"]) == pytest.approx((0.62, 0.02))
    # t quantile at 2 degrees of freedom: 4.302653
    assert found["ci_low"] == pytest.approx(0.62 - 4.302653 * 0.02 / 3**0.5)
    assert (found["paper"], found["paper_error"]) == pytest.approx((0.647, 0.002))
    assert (found["paper_error_kind"], found["paper_n"]) == ("sem", 5)
    assert found["difference"] == pytest.approx(-0.027)


def test_status_tells_failed_from_unfinished_and_not_run() -> None:
    found = summary_frame(ablation_info(), spoil(ablation_frame())).set_index("row")
    assert found["status"].to_dict() == {
        "Wass + PCBN": "ok",
        "CE + PCBN": "ok",
        "Wass + BN": "1 of 5 failed",
        "CE + BN": "ok",
        "clean Wass + PCBN": "ok",
        "clean CE + PCBN": "ok",
        "clean Wass + BN": "3 of 5 run",
        "clean CE + BN": "not run",
        "Random real images": "ok",
        "Full real data": "ok",
    }
    assert found.loc["Wass + BN", "n"] == 4


def test_a_declared_row_without_cells_is_not_run() -> None:
    info = StudyInfo("s", "S", rows=(RowInfo("a"), RowInfo("b")))
    found = summary_frame(info, pd.DataFrame([line(0, 0.5)]))
    assert list(found["row"]) == ["a", "b"]
    assert list(found["status"]) == ["ok", "not run"]


def test_a_row_that_the_study_does_not_declare_is_kept() -> None:
    found = summary_frame(StudyInfo("s", "S"), pd.DataFrame([line(0, 0.5)]))
    assert list(found["row"]) == ["a"]


def test_order_of_lines_does_not_matter() -> None:
    frame = ablation_frame(("digits", "imagenette"))
    shuffled = frame.sort_values(["seed", "row", "dataset"], ascending=[False, True, True])
    key = ["dataset", "row"]
    a, b = (
        summary_frame(ablation_info(), f).sort_values(key).reset_index(drop=True)
        for f in (frame, shuffled)
    )
    pd.testing.assert_frame_equal(a, b)

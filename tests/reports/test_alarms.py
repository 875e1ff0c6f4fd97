"""Warnings are raised when they must be, and not otherwise."""

import pandas as pd
import pytest
from report_frames import ablation_frame, ablation_info, spoil

from reports.numbers.cells import cells_of
from reports.numbers.info import Contrast, StudyInfo
from reports.numbers.summary import summarise
from reports.tables.alarms import Alarm, alarms


def raised(info: StudyInfo, frame: pd.DataFrame) -> list[Alarm]:
    return list(alarms(info, summarise(info, cells_of(frame))))


def texts(frame: pd.DataFrame, level: str = "") -> str:
    found = raised(StudyInfo("s", "S"), frame)
    return "\n".join(alarm.text for alarm in found if level in ("", alarm.level))


def frame_of(values: list[float], **columns: object) -> pd.DataFrame:
    lines = [
        {"row": "a", "dataset": "d", "ipc": 1, "seed": seed, "top1": value, **columns}
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(lines)


def test_a_sound_study_raises_nothing() -> None:
    frame = frame_of([0.5, 0.51, 0.52, 0.5, 0.51, 0.52], chance=0.1, teacher_top1=0.9)
    assert texts(frame) == ""


def test_chance_inside_the_interval_is_an_alarm() -> None:
    assert "cannot be told from chance (10.0 %)" in texts(
        frame_of([0.10, 0.12, 0.11, 0.09], chance=0.1), "alarm"
    )


@pytest.mark.parametrize(("top1", "raised_"), [(0.11, True), (0.2, False)])
def test_one_seed_is_judged_by_its_distance_from_chance(top1: float, raised_: bool) -> None:
    found = texts(frame_of([top1], chance=0.1), "alarm")
    assert ("chance" in found) == raised_


@pytest.mark.parametrize(("mean", "raised_"), [(0.896, True), (0.93, True), (0.88, False)])
def test_saturation_at_the_teacher(mean: float, raised_: bool) -> None:
    found = texts(frame_of([mean] * 6, teacher_top1=0.9), "caution")
    assert ("saturated" in found) == raised_


def test_full_data_may_reach_the_teacher() -> None:
    assert "saturated" not in texts(frame_of([0.9] * 6, teacher_top1=0.9, distiller="full"))


def test_failures_and_gaps_are_counted_and_the_gravest_comes_first() -> None:
    found = raised(ablation_info(), spoil(ablation_frame()))
    assert found[0].level == "alarm"
    assert found[0].text.startswith("1 of 50 cells failed (Wass + BN, seed 1: recover: loss is not")
    said = "\n".join(alarm.text for alarm in found)
    assert "7 of 50 cells are not run yet" in said
    assert (
        "PCBN - BN under Wass, digits: rows finished different seeds; the difference uses the 4"
        in said
    )
    assert "only orderings and signs are judged" in said
    assert [a.level for a in found] == sorted(
        (a.level for a in found), key=["alarm", "caution", "note"].index
    )


def test_paper_scale_is_not_reduced() -> None:
    found = raised(ablation_info(), ablation_frame().assign(profile="paper"))
    assert not any("Reduced scale" in alarm.text for alarm in found)


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "one seed"), (2, "two seeds"), (3, "n = 3: no rank test"), (5, "0.0625"), (6, "")],
)
def test_few_seeds_are_said(n: int, said: str) -> None:
    found = texts(frame_of([0.5 + 0.001 * i for i in range(n)]))
    assert said in found
    assert bool(found) == bool(said)


def test_mixed_recipes_within_a_row_are_an_alarm() -> None:
    frame = frame_of([0.5] * 6).assign(recipe=["x@1"] * 3 + ["x@2"] * 3)
    assert "mix recipes x@1, x@2" in texts(frame, "alarm")


def test_different_devices_are_noted() -> None:
    frame = frame_of([0.5] * 6).assign(device=["cpu"] * 3 + ["cuda"] * 3)
    assert "different devices (cpu, cuda)" in texts(frame, "note")


def test_the_study_s_own_warnings_are_shown() -> None:
    info = StudyInfo("s", "S", warnings=("The teacher saw the test split.",))
    assert "saw the test split" in raised(info, frame_of([0.5] * 6))[0].text


def test_contrast_without_results_is_silent() -> None:
    info = StudyInfo("s", "S", contrasts=(Contrast("c", "a", "a"),))
    assert raised(info, frame_of([0.5] * 6)) == []


def test_a_recovery_that_broke_down_is_an_alarm_before_the_cautions() -> None:
    info = StudyInfo("s", "S", warnings=("a leak.",), breakdowns=("a: it broke down.",))
    found = raised(info, frame_of([0.5] * 6, chance=0.1, teacher_top1=0.9))
    assert [(alarm.level, alarm.text) for alarm in found] == [
        ("alarm", "a: it broke down."),
        ("caution", "a leak."),
    ]


def test_a_row_beside_a_weak_teacher_is_not_called_saturated() -> None:
    """31 % beside a teacher at 28 %: the teacher is what is wrong."""
    found = texts(frame_of([0.31] * 6, teacher_top1=0.28), "caution")
    assert "saturated" not in found
    assert "31.0 % reaches a weak teacher (28.0 %)" in found
